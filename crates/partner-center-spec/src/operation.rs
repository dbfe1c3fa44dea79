use crate::{Constraints, Link, Type};
use std::fmt;

/// An operation: one method of one path.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Operation {
    /// The name in the specification (`operationId`), such as `getCustomer`.
    pub id: &'static str,
    /// The area, which is the file of the specification and the feature of the models crate, such as `account`.
    pub area: &'static str,
    /// The command of the command line.
    pub command: Command,
    /// The HTTP method.
    pub method: Method,
    /// The path, with `{name}` for each path parameter.
    pub path: &'static str,
    /// One sentence without Markdown, which ends with a period.
    pub summary: &'static str,
    /// Paragraphs in Markdown, separated by blank lines.
    pub description: &'static str,
    /// The page of the service's documentation.
    pub documentation: Option<&'static Link>,
    /// The parameters that a caller sets: those of the path in its order, then the others. Headers that the client sets by
    /// itself are not among them.
    pub parameters: &'static [Parameter],
    /// The body of the request.
    pub body: Option<RequestBody>,
    /// The responses that are outcomes, not errors: all of 2xx, and those with an [`Outcome`].
    pub responses: &'static [Response],
    /// The path of the list of items in the body of a response, such as `items`; empty if the body is the list itself, `None` if
    /// it is one item, or nothing.
    pub items: Option<&'static str>,
    /// How a page leads to the next one; `None` if the operation is not paged.
    pub paging: Option<&'static Paging>,
    /// The kinds of credentials that may call it.
    pub authentication: &'static [Authentication],
    /// The clouds that have it.
    pub clouds: &'static [Cloud],
    /// The roles that the caller needs, in words; empty if none is documented.
    pub permissions: &'static str,
    /// Whether it is safe to send it again.
    pub idempotency: Idempotency,
    /// Whether it removes something or cannot be undone, so that a person is asked first.
    pub is_destructive: bool,
    /// Whether it replaces a resource, so that what a request leaves out is lost: a PUT, or a PATCH that works as one.
    pub replaces_resource: bool,
    /// The properties that the resource has whenever it was read, if it is a PATCH that replaces it: a body without one of them
    /// was not read first, and would reset all that it leaves out. Empty for all other operations.
    pub replaced_properties: &'static [&'static str],
    /// Why it is deprecated, and by what it is replaced.
    pub deprecated: Option<&'static str>,
    /// The error codes that the documentation names.
    pub error_codes: &'static [ErrorCode],
    /// The columns of a table of its results; empty if there is nothing to print.
    pub columns: &'static [Column],
}

/// A command, such as `billing-profile update`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Command {
    /// The resource, such as `billing-profile`.
    pub resource: &'static str,
    /// The verb, such as `update`.
    pub verb: &'static str,
}

impl fmt::Display for Command {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.resource, self.verb)
    }
}

/// An HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are those of HTTP")]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// Returns the method as it is sent, such as `GET`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// A parameter of the path, the query or the header.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Parameter {
    /// The name on the wire, such as `customer-tenant-id`.
    pub name: &'static str,
    /// The flag of the command line without dashes, in kebab case; of a path parameter that is given by position, its
    /// placeholder.
    pub flag: &'static str,
    /// Whether the command line takes it by position, not by its flag.
    pub is_positional: bool,
    /// The part of the request that carries it.
    pub location: Location,
    /// Whether it must be given.
    pub is_required: bool,
    /// How a value is written.
    pub style: ParameterStyle,
    /// The type of its value; of a parameter in [`ParameterStyle::Json`], that of the JSON.
    pub value: Type,
    /// What its value must comply with.
    pub constraints: &'static Constraints,
    /// A value that is sent unless another is given.
    pub default: Option<&'static str>,
    /// Why it is deprecated, and by what it is replaced.
    pub deprecated: Option<&'static str>,
    /// What it is for, in Markdown.
    pub description: &'static str,
    /// A value that the emulator knows, as it is sent before it is encoded.
    pub example: Option<&'static str>,
}

/// The part of a request that carries a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of OpenAPI")]
pub enum Location {
    Path,
    Query,
    Header,
}

/// How the value of a parameter is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParameterStyle {
    /// One value.
    Plain,
    /// A list, as `name=a&name=b`.
    Exploded,
    /// A list, as `name=a,b`.
    CommaSeparated,
    /// A boolean, as `True` or `False`.
    CapitalizedBool,
    /// Within double quotation marks, which are added where they are missing: an etag.
    Quoted,
    /// JSON in a string.
    Json,
}

/// The body of a request.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RequestBody {
    /// Whether it must be given.
    pub is_required: bool,
    /// What it is for, in Markdown.
    pub description: &'static str,
    /// Its format.
    pub media_type: MediaType,
    /// Its type.
    pub value: Type,
    /// The examples, which are JSON.
    pub examples: &'static [Example],
}

/// The format of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MediaType {
    /// `application/json`
    Json,
    /// `multipart/form-data`
    Multipart,
    /// `text/plain`, or another format of text.
    Text(&'static str),
    /// A binary format, such as `application/pdf`.
    Binary(&'static str),
}

/// A response that is an outcome.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// What it means.
    pub outcome: Outcome,
    /// When it is sent, in Markdown.
    pub description: &'static str,
    /// The format and the type of its body; `None` if it has none.
    pub body: Option<(MediaType, Type)>,
    /// The headers that are part of the result.
    pub headers: &'static [ResponseHeader],
    /// The examples of its body, which are JSON.
    pub examples: &'static [Example],
}

/// What a response means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The operation is done.
    Done,
    /// The operation goes on: `202 Accepted`. The header `Location`, if it is sent, says where to look.
    Accepted,
    /// There is no such thing, which is a result and not an error.
    Absent,
}

/// A header of a response that is part of the result.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ResponseHeader {
    /// The name, such as `Location`.
    pub name: &'static str,
    /// What it holds, in Markdown.
    pub description: &'static str,
}

/// How a page leads to the next one.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Paging {
    /// The path of the list of items in a page, such as `items`; empty if the page is the list itself.
    pub items: &'static str,
    /// The path of the link to the next page, such as `links.next`, which is an object with a `uri`, or a string.
    pub next_link: Option<&'static str>,
    /// The path of the continuation token in a page.
    pub continuation_token: Option<&'static str>,
    /// The response header with the continuation token.
    pub response_header: Option<&'static str>,
    /// The request header that carries the token.
    pub token_header: Option<&'static str>,
    /// The query parameter that carries the token.
    pub token_query: Option<&'static str>,
    /// The query parameter, and its value, that requests the next page.
    pub seek: Option<(&'static str, &'static str)>,
    /// The query parameter with the size of a page.
    pub size_query: Option<&'static str>,
    /// The query parameter with the number of items before the page.
    pub offset_query: Option<&'static str>,
    /// The path of the total number of items in a page.
    pub total: Option<&'static str>,
}

/// A kind of credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Authentication {
    /// A token of the application alone.
    AppOnly,
    /// A token of the application on behalf of a user.
    AppUser,
}

/// A Microsoft cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cloud {
    /// The public cloud.
    Global,
    /// The one that 21Vianet operates.
    China,
    /// The one for the government of the United States.
    UsGovernment,
}

/// Whether a request may be sent again when no response has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Idempotency {
    /// By its method or its meaning: doing it twice is the same as doing it once.
    Natural,
    /// By its `MS-RequestId`: the service recognizes a request that is sent again with the same one.
    RequestId,
    /// It is not: doing it twice does it twice.
    None,
}

/// An error code that an operation may fail with.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ErrorCode {
    /// The HTTP status.
    pub status: u16,
    /// The code, such as `2055`.
    pub code: &'static str,
    /// What it means, in one sentence.
    pub description: &'static str,
}

/// A column of a table of results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Column {
    /// The heading, in capitals, such as `COMPANY`.
    pub title: &'static str,
    /// The path of the value within an item, such as `companyProfile.companyName`; empty if the item itself is the value.
    pub path: &'static str,
}

/// An example of a body.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Example {
    /// The name, such as `get-a-customer-by-id`.
    pub name: &'static str,
    /// What it shows, in one sentence.
    pub summary: &'static str,
    /// The body, as JSON.
    pub json: &'static str,
    /// Whether it deliberately has fields and values that the specification does not describe.
    pub has_unknown_fields: bool,
}
