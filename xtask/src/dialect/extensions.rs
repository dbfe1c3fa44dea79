//! The extensions of OpenAPI that the specification uses.

/// Extension of the root: what every operation has besides its own parameters, headers of successes and error responses.
pub(crate) const X_PC_COMMON: &str = "x-pc-common";

/// Extension of an operation: its command, a resource and a verb.
pub(crate) const X_PC_COMMAND: &str = "x-pc-command";
/// Extension of an operation: the kinds of credentials that may call it.
pub(crate) const X_PC_AUTH: &str = "x-pc-auth";
/// Extension of an operation: the clouds that have it.
pub(crate) const X_PC_CLOUDS: &str = "x-pc-clouds";
/// Extension of an operation: the roles that its caller needs.
pub(crate) const X_PC_PERMISSIONS: &str = "x-pc-permissions";
/// Extension of an operation: whether it is safe to send it again.
pub(crate) const X_PC_IDEMPOTENCY: &str = "x-pc-idempotency";
/// Extension of an operation: whether a person is asked first.
pub(crate) const X_PC_DESTRUCTIVE: &str = "x-pc-destructive";
/// Extension of an operation, a parameter or a property that is deprecated: why, and what replaces it.
pub(crate) const X_PC_DEPRECATED: &str = "x-pc-deprecated";
/// Extension of an operation: the error codes that are documented.
pub(crate) const X_PC_ERROR_CODES: &str = "x-pc-error-codes";
/// Extension of an operation or a schema: the columns of a table of its results.
pub(crate) const X_PC_COLUMNS: &str = "x-pc-columns";
/// Extension of a PATCH: it replaces the resource, as a PUT does, so that what is left out is lost.
pub(crate) const X_PC_REPLACES: &str = "x-pc-replaces";
/// Extension of an operation that may be completed later: how to see whether it is completed.
pub(crate) const X_PC_POLLING: &str = "x-pc-polling";
/// Extension of an operation: how to get from one page to the next.
pub(crate) const X_PC_PAGING: &str = "x-pc-paging";

/// Extension of a response: it is a result, not an error.
pub(crate) const X_PC_OUTCOME: &str = "x-pc-outcome";
/// Extension of a response header: it is part of the result.
pub(crate) const X_PC_RESPONSE_FIELD: &str = "x-pc-response-field";

/// Extension of a parameter: the client sets it by itself, so that operations leave it out.
pub(crate) const X_PC_CONTEXT: &str = "x-pc-context";
/// Extension of a parameter: it is a string that holds JSON of this schema.
pub(crate) const X_PC_JSON: &str = "x-pc-json";
/// Extension of a parameter: the minimum that the client sends, if that is above `minimum`.
pub(crate) const X_PC_MINIMUM: &str = "x-pc-minimum";
/// Extension of a path parameter: the flag that it is on the command line.
pub(crate) const X_PC_FLAG: &str = "x-pc-flag";
/// Extension of a header parameter: quotation marks are added where they are missing.
pub(crate) const X_PC_QUOTED: &str = "x-pc-quoted";
/// Extension of a boolean query parameter: it is sent as `True` or `False`.
pub(crate) const X_PC_CAPITALIZED: &str = "x-pc-capitalized";

/// Extension of an example: it holds fields and values that the specification does not describe.
pub(crate) const X_PC_UNKNOWN_FIELDS: &str = "x-pc-unknown-fields";

/// Extension of a schema: the values of an enum that are known today; there may be others.
pub(crate) const X_EXTENSIBLE_ENUM: &str = "x-extensible-enum";
/// Extension of a schema: one description for each value of an enum.
pub(crate) const X_PC_ENUM_DESCRIPTIONS: &str = "x-pc-enum-descriptions";
/// Extension of a schema: the Rust name of each value of an enum.
pub(crate) const X_PC_ENUM_NAMES: &str = "x-pc-enum-names";
/// Extension of a schema: an enum whose values match in any case, with or without underscores.
pub(crate) const X_PC_LOOSE: &str = "x-pc-loose";
/// Extension of a schema: fields of this type are boxed where they are optional.
pub(crate) const X_PC_BOX: &str = "x-pc-box";
/// Extension of a schema: `Clone` and `PartialEq` are derived for this type and all that it holds, which is faster and takes
/// longer to compile than to copy and compare by the table of its fields.
pub(crate) const X_PC_DERIVE: &str = "x-pc-derive";
/// Extension of a schema: descriptions of properties that are a `$ref`, which can have none beside it.
pub(crate) const X_PC_PROPERTY_DESCRIPTIONS: &str = "x-pc-property-descriptions";
/// Extension of a schema: properties that are kept as JSON and parsed on demand.
pub(crate) const X_PC_RAW: &str = "x-pc-raw";
/// Extension of a schema: the hand-written Rust type of the models crate for it.
pub(crate) const X_PC_TYPE: &str = "x-pc-type";

/// Extension of a property: the hand-written method that it is read with. The field is private, so that what the method tells
/// beside it cannot be overlooked.
pub(crate) const X_PC_ACCESSOR: &str = "x-pc-accessor";
/// Extension of a property: a string that is a secret, but not a password.
pub(crate) const X_PC_SECRET: &str = "x-pc-secret";
/// Extension of a property or a parameter: its name in Rust.
pub(crate) const X_PC_NAME: &str = "x-pc-name";
/// Extension of a property: other names on the wire that are read as this one.
pub(crate) const X_PC_SPELLING: &str = "x-pc-spelling";

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
pub(crate) const ALLOWED_EXTENSION_PLACES: &[(&str, &[ExtensionPlace], bool)] = {
    use ExtensionPlace::{Example, Header, Operation, Parameter, Property, Response, Root, Schema};
    &[
        (X_PC_COMMON, &[Root], false),
        (X_PC_COMMAND, &[Operation], false),
        (X_PC_AUTH, &[Operation], false),
        (X_PC_CLOUDS, &[Operation], false),
        (X_PC_PERMISSIONS, &[Operation], false),
        (X_PC_IDEMPOTENCY, &[Operation], false),
        (X_PC_DESTRUCTIVE, &[Operation], false),
        (X_PC_DEPRECATED, &[Operation, Parameter, Property], false),
        (X_PC_ERROR_CODES, &[Operation], false),
        (X_PC_COLUMNS, &[Operation, Schema], false),
        (X_PC_REPLACES, &[Operation], false),
        (X_PC_POLLING, &[Operation], false),
        (X_PC_PAGING, &[Operation], false),
        (X_PC_OUTCOME, &[Response], false),
        (X_PC_RESPONSE_FIELD, &[Header], true),
        (X_PC_CONTEXT, &[Parameter], true),
        (X_PC_JSON, &[Parameter], false),
        (X_PC_MINIMUM, &[Parameter], false),
        (X_PC_FLAG, &[Parameter], false),
        (X_PC_QUOTED, &[Parameter], true),
        (X_PC_CAPITALIZED, &[Parameter], true),
        (X_PC_UNKNOWN_FIELDS, &[Example], true),
        (X_EXTENSIBLE_ENUM, &[Schema], false),
        (X_PC_ENUM_DESCRIPTIONS, &[Schema], false),
        (X_PC_ENUM_NAMES, &[Schema], false),
        (X_PC_LOOSE, &[Schema], true),
        (X_PC_BOX, &[Schema], true),
        (X_PC_DERIVE, &[Schema], true),
        (X_PC_PROPERTY_DESCRIPTIONS, &[Schema], false),
        (X_PC_RAW, &[Schema], false),
        (X_PC_TYPE, &[Schema], false),
        (X_PC_SECRET, &[Property], true),
        (X_PC_ACCESSOR, &[Property], false),
        (X_PC_NAME, &[Header, Parameter, Property], false),
        (X_PC_SPELLING, &[Property], false),
    ]
};
