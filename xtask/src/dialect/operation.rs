//! The operations: what the document and its extensions say of each.

use super::{
    body::{OutcomeResponse, RequestBody},
    columns::{Column, read_columns},
    extensions::{
        X_PC_AUTH, X_PC_CLOUDS, X_PC_COLUMNS, X_PC_COMMAND, X_PC_DEPRECATED, X_PC_DESTRUCTIVE, X_PC_ERROR_CODES,
        X_PC_IDEMPOTENCY, X_PC_PAGING, X_PC_PERMISSIONS, X_PC_POLLING, X_PC_REPLACES,
    },
    paging::Paging,
    parameter::Parameter,
    polling::Polling,
    schema::{read_deprecation, required_description},
};
use crate::problems::Problems;
use anyhow::{Context as _, Result, bail, ensure};
use heck::{ToKebabCase as _, ToLowerCamelCase as _};
use serde_json::Value;
use std::fmt;

/// An operation: a method of a path.
pub(crate) struct Operation {
    /// The place in the document, as a JSON pointer.
    pub(crate) at: String,
    /// The area of the service, which is the name of its file.
    pub(crate) area: String,
    pub(crate) path: String,
    /// The method in small letters, such as `get`.
    pub(crate) method: String,
    /// Those that the client sets by itself are among them.
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) body: Option<RequestBody>,
    /// The responses that are outcomes, not errors.
    pub(crate) responses: Vec<OutcomeResponse>,
    pub(crate) facts: OperationFacts,
}

/// What an operation says of itself.
pub(crate) struct OperationFacts {
    /// The `operationId`.
    pub(crate) id: String,
    pub(crate) summary: String,
    pub(crate) description: String,
    /// The title and the URL of its page of the documentation of the service.
    pub(crate) documentation: Option<(String, String)>,
    pub(crate) command: Command,
    pub(crate) authentication: Vec<Authentication>,
    pub(crate) clouds: Vec<Cloud>,
    /// The roles that the caller needs, in words; empty if none is documented.
    pub(crate) permissions: String,
    pub(crate) idempotency: Idempotency,
    pub(crate) is_destructive: bool,
    /// Why it is deprecated, and what replaces it.
    pub(crate) deprecated: Option<String>,
    pub(crate) error_codes: Vec<ErrorCode>,
    /// The columns of a table of its results, unless they are those of its items.
    pub(crate) columns: Option<Vec<Column>>,
    /// The fields that a resource has whenever it was read, if a PATCH replaces it, so that what is left out is lost.
    pub(crate) replaced_fields: Vec<String>,
    pub(crate) polling: Option<Polling>,
    pub(crate) paging: Option<Paging>,
}

/// A command of the command line, such as `billing-profile update`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Command {
    pub(crate) resource: String,
    pub(crate) verb: String,
}

/// A kind of credential.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Authentication {
    AppOnly,
    AppUser,
}

/// A Microsoft cloud.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cloud {
    Global,
    China,
    UsGovernment,
}

/// Whether a request may be sent again when no response has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Idempotency {
    /// By its method or its meaning.
    Natural,
    /// By its `MS-RequestId`.
    RequestId,
    None,
}

/// An error code that the documentation names.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ErrorCode {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) description: String,
}

/// Commands of the command line that are not operations.
const BUILT_IN_COMMANDS: &[&str] = &["api", "auth", "completions", "config", "doctor", "emulator", "help", "mcp"];

const HTTP_METHODS: &[&str] = &["get", "head", "post", "put", "patch", "delete"];

impl Operation {
    /// Returns the parameters that a caller sets.
    pub(crate) fn caller_set_parameters(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter().filter(|parameter| !parameter.is_context)
    }
}

impl OperationFacts {
    /// Whether it is a PATCH that replaces the resource.
    pub(crate) fn is_replacement(&self) -> bool {
        !self.replaced_fields.is_empty()
    }

    /// Reads an operation at a place of the document. Returns `None` if it has problems, which are added to `problems`.
    pub(crate) fn read(
        at: &str,
        method: &str,
        operation: &openapiv3::Operation,
        problems: &mut Problems,
    ) -> Option<Self> {
        let extension = |key| operation.extensions.get(key);
        problems.value_or_add_error(at, ensure_nothing_unsupported(method, operation));
        let id = problems.value_or_add_error(at, read_operation_id(operation));
        let summary = problems.value_or_add_error(at, read_summary(operation));
        let description = problems.value_or_add_error(at, required_description(operation.description.as_deref()));
        let documentation = operation.external_docs.as_ref();
        let documentation =
            documentation.map(|docs| (docs.description.clone().unwrap_or("Documentation".into()), docs.url.clone()));
        let command = problems.value_or_add_error(at, read_command(extension(X_PC_COMMAND)));
        let authentication = problems.value_or_add_error(at, read_authentication(extension(X_PC_AUTH)));
        let clouds = problems.value_or_add_error(at, read_clouds(extension(X_PC_CLOUDS)));
        let permissions =
            problems.value_or_add_error(at, read_optional_text(X_PC_PERMISSIONS, extension(X_PC_PERMISSIONS)));
        let idempotency = problems.value_or_add_error(at, read_idempotency(method, extension(X_PC_IDEMPOTENCY)));
        let is_destructive = problems.value_or_add_error(at, read_is_destructive(method, extension(X_PC_DESTRUCTIVE)));
        let deprecated =
            problems.value_or_add_error(at, read_deprecation(operation.deprecated, extension(X_PC_DEPRECATED)));
        let error_codes =
            problems.value_or_add_error(at, read_error_codes(extension(X_PC_ERROR_CODES)).context(X_PC_ERROR_CODES));
        let columns = extension(X_PC_COLUMNS).map(read_columns).transpose();
        let columns = problems.value_or_add_error(&format!("{at}/{X_PC_COLUMNS}"), columns);
        let replaced_fields = problems.value_or_add_error(at, read_replaced_fields(method, extension(X_PC_REPLACES)));
        let polling = extension(X_PC_POLLING).map(Polling::read).transpose().context(X_PC_POLLING);
        let polling = problems.value_or_add_error(at, polling);
        let paging = extension(X_PC_PAGING).map(Paging::read).transpose().context(X_PC_PAGING);
        let paging = problems.value_or_add_error(at, paging);
        Some(Self {
            id: id?,
            summary: summary?,
            description: description?,
            documentation,
            command: command?,
            authentication: authentication?,
            clouds: clouds?,
            permissions: permissions?,
            idempotency: idempotency?,
            is_destructive: is_destructive?,
            deprecated: deprecated?,
            error_codes: error_codes?,
            columns: columns?,
            replaced_fields: replaced_fields?,
            polling: polling?,
            paging: paging?,
        })
    }
}

impl fmt::Display for Command {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.resource, self.verb)
    }
}

/// Rejects keywords that change the meaning of an operation and are not understood.
fn ensure_nothing_unsupported(method: &str, operation: &openapiv3::Operation) -> Result<()> {
    let mut problems = Vec::new();
    if !HTTP_METHODS.contains(&method) {
        problems.push(format!("the method {method} is not understood: write one of {}", HTTP_METHODS.join(", ")));
    }
    if !operation.callbacks.is_empty() {
        problems.push("`callbacks` are not understood: leave them out".to_owned());
    }
    if !operation.servers.is_empty() {
        problems.push("an operation with `servers` of its own is not understood: leave them out".to_owned());
    }
    if operation.security.is_some() {
        problems.push(format!("an operation with `security` of its own is not understood: write {X_PC_AUTH}"));
    }
    if operation.responses.default.is_some() {
        problems.push("a `default` response is not understood: name each status".to_owned());
    }
    ensure!(problems.is_empty(), "{}", problems.join("; "));
    Ok(())
}

fn read_operation_id(operation: &openapiv3::Operation) -> Result<String> {
    let id = operation.operation_id.as_deref().context("an operationId is missing: write one, such as getCustomer")?;
    let camel = id.to_lower_camel_case();
    ensure!(id == camel && !id.is_empty(), "an operationId is in camelCase: write {camel}");
    Ok(id.to_owned())
}

/// Returns the summary, which is a line of the help of the command line.
fn read_summary(operation: &openapiv3::Operation) -> Result<String> {
    let example = "write one sentence without Markdown, such as `Gets a customer.`";
    let summary = operation.summary.as_deref().map(str::trim).filter(|summary| !summary.is_empty());
    let summary = summary.with_context(|| format!("a summary is missing: {example}"))?;
    let is_sentence = summary.ends_with('.') && !summary.contains(". ") && !summary.contains(['\n', '`', '[']);
    ensure!(is_sentence, "the summary is not a sentence: {example}");
    Ok(summary.to_owned())
}

fn read_command(extension: Option<&Value>) -> Result<Command> {
    let example = "write a resource and a verb in kebab-case, such as `billing-profile update`";
    let command = extension.with_context(|| format!("{X_PC_COMMAND} is missing: {example}"))?;
    let words: Option<Vec<_>> = command.as_str().map(|command| command.split(' ').collect());
    let Some([resource, verb]) = words.as_deref() else {
        bail!("{X_PC_COMMAND}: {command} is not a command: {example}")
    };
    for word in [resource, verb] {
        ensure!(
            !word.is_empty() && *word == word.to_kebab_case(),
            "{X_PC_COMMAND}: `{word}` is not a word in kebab-case: {example}"
        );
    }
    ensure!(
        !BUILT_IN_COMMANDS.contains(resource),
        "{X_PC_COMMAND}: `{resource}` is a command that is not an operation: write another resource"
    );
    Ok(Command { resource: (*resource).to_owned(), verb: (*verb).to_owned() })
}

/// Returns the values of a list of words, each once.
fn read_known_words<T: Copy + PartialEq>(key: &str, extension: &Value, known: &[(&str, T)]) -> Result<Vec<T>> {
    let names = known.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let list = extension.as_array().filter(|list| !list.is_empty());
    let list = list.with_context(|| format!("{key}: not a list: write one or more of {names}"))?;
    let mut values = Vec::new();
    for word in list {
        let value = known.iter().find(|(name, _)| word.as_str() == Some(name)).map(|(_, value)| *value);
        let value = value.with_context(|| format!("{key}: {word} is not known: write one or more of {names}"))?;
        ensure!(!values.contains(&value), "{key}: {word} comes twice: leave one out");
        values.push(value);
    }
    Ok(values)
}

fn read_authentication(extension: Option<&Value>) -> Result<Vec<Authentication>> {
    let known = [("app-only", Authentication::AppOnly), ("app-user", Authentication::AppUser)];
    let missing = || format!("{X_PC_AUTH} is missing: write `[app-only, app-user]`, or one of them");
    read_known_words(X_PC_AUTH, extension.with_context(missing)?, &known)
}

fn read_clouds(extension: Option<&Value>) -> Result<Vec<Cloud>> {
    let known = [("global", Cloud::Global), ("china", Cloud::China), ("us-government", Cloud::UsGovernment)];
    extension
        .map_or_else(|| Ok(known.map(|(_, cloud)| cloud).to_vec()), |list| read_known_words(X_PC_CLOUDS, list, &known))
}

fn read_optional_text(key: &str, extension: Option<&Value>) -> Result<String> {
    let Some(extension) = extension else { return Ok(String::new()) };
    let text = extension.as_str().map(str::trim).filter(|text| !text.is_empty());
    Ok(text.with_context(|| format!("{key}: not a sentence: write one, or leave it out"))?.to_owned())
}

fn read_idempotency(method: &str, extension: Option<&Value>) -> Result<Idempotency> {
    match extension.map(|extension| extension.as_str().unwrap_or_default()) {
        None if matches!(method, "post" | "patch") => Ok(Idempotency::None),
        None | Some("natural") => Ok(Idempotency::Natural),
        Some("request-id") => Ok(Idempotency::RequestId),
        Some("none") => Ok(Idempotency::None),
        Some(_) => bail!("{X_PC_IDEMPOTENCY} is not known: write natural, request-id or none"),
    }
}

fn read_is_destructive(method: &str, extension: Option<&Value>) -> Result<bool> {
    let Some(extension) = extension else { return Ok(method == "delete") };
    extension.as_bool().with_context(|| format!("{X_PC_DESTRUCTIVE}: not a boolean: write true or false"))
}

fn read_replaced_fields(method: &str, extension: Option<&Value>) -> Result<Vec<String>> {
    let Some(extension) = extension else { return Ok(Vec::new()) };
    ensure!(method == "patch", "{X_PC_REPLACES} is for a PATCH that works as a PUT: leave it out");
    let names = extension.as_array().filter(|names| !names.is_empty());
    let names = names.and_then(|names| names.iter().map(|name| name.as_str().map(str::to_owned)).collect());
    names.with_context(|| {
        format!("{X_PC_REPLACES}: write a list of the properties that the resource has whenever it was read")
    })
}

fn read_error_codes(extension: Option<&Value>) -> Result<Vec<ErrorCode>> {
    let example = "write `[{status: 400, code: '2055', description: The etag is not valid any more.}]`";
    let Some(extension) = extension else { return Ok(Vec::new()) };
    let list = extension.as_array().with_context(|| format!("not a list: {example}"))?;
    let codes = list.iter().map(|code| {
        let status = code.get("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
        let status = status.filter(|status| (400..600).contains(status));
        let text = |key: &str| code.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let keys = code.as_object().map(serde_json::Map::len);
        match (status, text("code"), text("description"), keys) {
            (Some(status), Some(code), Some(description), Some(3)) => {
                Ok(ErrorCode { status, code: code.to_owned(), description: description.trim().to_owned() })
            }
            _ => bail!("{code} is not an error code: {example}"),
        }
    });
    codes.collect()
}
