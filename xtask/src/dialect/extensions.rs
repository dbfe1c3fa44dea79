//! The extensions of OpenAPI that the specification uses.

/// Extension of the root: what every operation has besides its own parameters, headers of successes and error responses.
pub(crate) const COMMON: &str = "x-pc-common";

/// Extension of an operation: its command, a resource and a verb.
pub(crate) const COMMAND: &str = "x-pc-command";
/// Extension of an operation: the kinds of credentials that may call it.
pub(crate) const AUTHENTICATION: &str = "x-pc-auth";
/// Extension of an operation: the clouds that have it.
pub(crate) const CLOUDS: &str = "x-pc-clouds";
/// Extension of an operation: the roles that its caller needs.
pub(crate) const PERMISSIONS: &str = "x-pc-permissions";
/// Extension of an operation: whether it is safe to send it again.
pub(crate) const IDEMPOTENCY: &str = "x-pc-idempotency";
/// Extension of an operation: whether a person is asked first.
pub(crate) const DESTRUCTIVE: &str = "x-pc-destructive";
/// Extension of an operation, a parameter or a property that is deprecated: why, and what replaces it.
pub(crate) const DEPRECATED: &str = "x-pc-deprecated";
/// Extension of an operation: the error codes that are documented.
pub(crate) const ERROR_CODES: &str = "x-pc-error-codes";
/// Extension of an operation or a schema: the columns of a table of its results.
pub(crate) const COLUMNS: &str = "x-pc-columns";
/// Extension of an operation: how to get from one page to the next.
pub(crate) const PAGING: &str = "x-pc-paging";

/// Extension of a response: it is a result, not an error.
pub(crate) const OUTCOME: &str = "x-pc-outcome";
/// Extension of a response header: it is part of the result.
pub(crate) const FIELD: &str = "x-pc-field";

/// Extension of a parameter: the client sets it by itself, so that operations leave it out.
pub(crate) const CONTEXT: &str = "x-pc-context";
/// Extension of a parameter: it is a string that holds JSON of this schema.
pub(crate) const JSON_STRING: &str = "x-pc-json";
/// Extension of a parameter: the minimum that the client sends, if that is above `minimum`.
pub(crate) const MINIMUM: &str = "x-pc-minimum";
/// Extension of a path parameter: the flag that it is on the command line.
pub(crate) const FLAG: &str = "x-pc-flag";
/// Extension of a header parameter: quotation marks are added where they are missing.
pub(crate) const QUOTED: &str = "x-pc-quoted";
/// Extension of a boolean query parameter: it is sent as `True` or `False`.
pub(crate) const CAPITALIZED: &str = "x-pc-capitalized";

/// Extension of an example: it holds fields and values that the specification does not describe.
pub(crate) const UNKNOWN_FIELDS: &str = "x-pc-unknown-fields";

/// Extension of a schema: the values of an enum that are known today; there may be others.
pub(crate) const EXTENSIBLE_ENUM: &str = "x-extensible-enum";
/// Extension of a schema: one description for each value of an enum.
pub(crate) const ENUM_DESCRIPTIONS: &str = "x-pc-enum-descriptions";
/// Extension of a schema: the Rust name of each value of an enum.
pub(crate) const ENUM_NAMES: &str = "x-pc-enum-names";
/// Extension of a schema: an enum whose values match in any case, with or without underscores.
pub(crate) const LOOSE: &str = "x-pc-loose";
/// Extension of a schema: fields of this type are boxed where they are optional.
pub(crate) const BOX: &str = "x-pc-box";
/// Extension of a schema: `Clone` and `PartialEq` are derived for this type and all that it holds, which is faster and takes
/// longer to compile than to copy and compare by the table of its fields.
pub(crate) const DERIVE: &str = "x-pc-derive";
/// Extension of a schema: descriptions of properties that are a `$ref`, which can have none beside it.
pub(crate) const PROPERTY_DESCRIPTIONS: &str = "x-pc-property-descriptions";
/// Extension of a schema: properties that are kept as JSON and parsed on demand.
pub(crate) const RAW: &str = "x-pc-raw";
/// Extension of a schema: the hand-written Rust type of the models crate for it.
pub(crate) const TYPE: &str = "x-pc-type";

/// Extension of a property: a string that is a secret, but not a password.
pub(crate) const SECRET: &str = "x-pc-secret";
/// Extension of a property or a parameter: its name in Rust.
pub(crate) const NAME: &str = "x-pc-name";
/// Extension of a property: other names on the wire that are read as this one.
pub(crate) const SPELLINGS: &str = "x-pc-spelling";

/// The media type of the service.
pub(crate) const JSON_MEDIA_TYPE: &str = "application/json";
/// The media type of a request with files.
pub(crate) const MULTIPART_MEDIA_TYPE: &str = "multipart/form-data";

/// The part of a document that an extension belongs to.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum ExtensionPlace {
    Root,
    Operation,
    Parameter,
    Response,
    Header,
    Example,
    Schema,
    Property,
}

impl ExtensionPlace {
    /// Returns the part of the document at a JSON pointer, if extensions may be there.
    pub(crate) fn from_pointer(pointer: &str) -> Option<Self> {
        let steps: Vec<&str> = pointer.split('/').collect();
        Some(match steps.as_slice() {
            ["#"] => Self::Root,
            ["#", "paths", _, method] if *method != "parameters" => Self::Operation,
            ["#", "components", "schemas", _] => Self::Schema,
            ["#", "components", "schemas", _, "properties", _] => Self::Property,
            ["#", "components", "schemas", ..] => return None,
            [.., "parameters", _] => Self::Parameter,
            [.., "responses", _] => Self::Response,
            [.., "headers", _] => Self::Header,
            [.., "examples", _] => Self::Example,
            _ => return None,
        })
    }

    /// Returns its name in a message.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Root => "the root",
            Self::Operation => "an operation",
            Self::Parameter => "a parameter",
            Self::Response => "a response",
            Self::Header => "a header of a response",
            Self::Example => "an example",
            Self::Schema => "a schema with a name",
            Self::Property => "a property of a schema with a name",
        }
    }
}

/// All extensions: the places of each, and whether it is a switch, which is `true` or left out.
pub(crate) const EXTENSIONS: &[(&str, &[ExtensionPlace], bool)] = {
    use ExtensionPlace::{Example, Header, Operation, Parameter, Property, Response, Root, Schema};
    &[
        (COMMON, &[Root], false),
        (COMMAND, &[Operation], false),
        (AUTHENTICATION, &[Operation], false),
        (CLOUDS, &[Operation], false),
        (PERMISSIONS, &[Operation], false),
        (IDEMPOTENCY, &[Operation], false),
        (DESTRUCTIVE, &[Operation], false),
        (DEPRECATED, &[Operation, Parameter, Property], false),
        (ERROR_CODES, &[Operation], false),
        (COLUMNS, &[Operation, Schema], false),
        (PAGING, &[Operation], false),
        (OUTCOME, &[Response], false),
        (FIELD, &[Header], true),
        (CONTEXT, &[Parameter], true),
        (JSON_STRING, &[Parameter], false),
        (MINIMUM, &[Parameter], false),
        (FLAG, &[Parameter], false),
        (QUOTED, &[Parameter], true),
        (CAPITALIZED, &[Parameter], true),
        (UNKNOWN_FIELDS, &[Example], true),
        (EXTENSIBLE_ENUM, &[Schema], false),
        (ENUM_DESCRIPTIONS, &[Schema], false),
        (ENUM_NAMES, &[Schema], false),
        (LOOSE, &[Schema], true),
        (BOX, &[Schema], true),
        (DERIVE, &[Schema], true),
        (PROPERTY_DESCRIPTIONS, &[Schema], false),
        (RAW, &[Schema], false),
        (TYPE, &[Schema], false),
        (SECRET, &[Property], true),
        (NAME, &[Header, Parameter, Property], false),
        (SPELLINGS, &[Property], false),
    ]
};
