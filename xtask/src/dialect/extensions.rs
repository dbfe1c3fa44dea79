//! The extensions of OpenAPI that the specification uses, and its media type.

/// Extension of a parameter: the client sets it by itself, so that operations leave it out.
pub(crate) const CONTEXT: &str = "x-pc-context";
/// Extension of an operation: how to get from one page to the next.
pub(crate) const PAGING: &str = "x-pc-paging";
/// Extension of a parameter: it is a string that holds JSON of this schema.
pub(crate) const JSON_STRING: &str = "x-pc-json";
/// Extension of a parameter: the minimum that the client sends, if that is above `minimum`.
pub(crate) const MINIMUM: &str = "x-pc-minimum";
/// Extension of an example: it holds fields and values that the specification does not describe.
pub(crate) const UNKNOWN_FIELDS: &str = "x-pc-unknown-fields";
/// Extension of a schema: the values of a string that are known today; there may be others.
pub(crate) const EXTENSIBLE_ENUM: &str = "x-extensible-enum";
/// Extension of a schema: one description for each value of an enum.
pub(crate) const ENUM_DESCRIPTIONS: &str = "x-pc-enum-descriptions";
/// Extension of a schema: fields of this type are boxed where they are optional.
pub(crate) const BOX: &str = "x-pc-box";
/// Extension of a schema: descriptions of properties that are a `$ref`, which can have none beside it.
pub(crate) const PROPERTY_DESCRIPTIONS: &str = "x-pc-property-descriptions";
/// Extension of a property: a string that is a secret, but not a password.
pub(crate) const SECRET: &str = "x-pc-secret";
/// Extension of a schema: properties that are kept as JSON and parsed on demand.
pub(crate) const RAW: &str = "x-pc-raw";
/// Extension of a schema: the hand-written Rust type of the models crate for it.
pub(crate) const TYPE: &str = "x-pc-type";

/// The media type of the service.
pub(crate) const JSON: &str = "application/json";
