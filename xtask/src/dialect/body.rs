//! The bodies of requests, and the responses that are outcomes.

use super::{
    extensions::{
        JSON_MEDIA_TYPE, MULTIPART_MEDIA_TYPE, X_PC_NAME, X_PC_OUTCOME, X_PC_RESPONSE_FIELD, X_PC_UNKNOWN_FIELDS,
    },
    names::rust_argument_name,
    schema::{Definition, DefinitionKind, required_description},
    shape::Shape,
};
use crate::problems::{ProblemAlreadyReported, Problems};
use anyhow::{Context as _, Error, Result, bail, ensure};
use heck::ToSnakeCase as _;
use openapiv3::{Content, Example, Header, ReferenceOr, StatusCode};
use serde_json::Value;
use std::{fs, path::Path};

/// The schema that all error responses are read as.
pub(crate) const ERROR_BODY_SCHEMA: &str = "ErrorBody";

/// The media type of problem details (RFC 9457), a kind of error response.
const PROBLEM_JSON_MEDIA_TYPE: &str = "application/problem+json";

/// The body of a request.
pub(crate) struct RequestBody {
    /// The Rust name of the field and argument.
    pub(crate) field: String,
    pub(crate) required: bool,
    pub(crate) description: String,
    pub(crate) media_type: BodyType,
    pub(crate) shape: Shape,
    pub(crate) examples: Vec<BodyExample>,
}

/// The format of a body.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum BodyType {
    Json,
    Multipart,
    /// A format of text.
    Text(String),
    /// A binary format, such as `application/pdf`.
    Binary(String),
}

/// A response that is an outcome, not an error.
pub(crate) struct OutcomeResponse {
    pub(crate) status: u16,
    pub(crate) outcome: ResponseOutcome,
    pub(crate) description: String,
    pub(crate) body: Option<(BodyType, Shape)>,
    /// The headers that are part of the result.
    pub(crate) fields: Vec<ResultHeader>,
    pub(crate) examples: Vec<BodyExample>,
}

/// What a response means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ResponseOutcome {
    Done,
    /// The operation goes on: `202 Accepted`.
    Accepted,
    /// There is no such thing, which is a result and not an error.
    Absent,
}

/// A response header that is part of the result.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ResultHeader {
    pub(crate) wire: String,
    /// The Rust name.
    pub(crate) field: String,
    pub(crate) description: String,
}

/// An example of a body.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BodyExample {
    pub(crate) name: String,
    pub(crate) summary: String,
    pub(crate) source: ExampleSource,
    /// Whether it deliberately has fields and values that the specification does not describe.
    pub(crate) has_unknown_fields: bool,
}

/// The content of an example, or its file, relative to the folder of the specification.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ExampleSource {
    Inline(Value),
    File(String),
}

impl BodyExample {
    /// Returns the JSON as it is written in its file, which is in `folder`, or on one line.
    pub(crate) fn load_json_text(&self, folder: &Path) -> Result<String> {
        match &self.source {
            ExampleSource::Inline(value) => Ok(value.to_string()),
            ExampleSource::File(file) => read_example_file(folder, file),
        }
    }
}

/// Returns the JSON in a file, which is relative to the `folder` of the specification.
pub(crate) fn read_example_file(folder: &Path, file: &str) -> Result<String> {
    let text = fs::read_to_string(folder.join(file)).with_context(|| format!("spec/{file}"))?;
    serde_json::from_str::<Value>(&text).with_context(|| format!("spec/{file}"))?;
    Ok(text.replace("\r\n", "\n").trim_end().to_owned())
}

impl RequestBody {
    /// Reads the body of a request at a place of the document. Returns `None` if it has problems, which are added to `problems`.
    pub(crate) fn read(
        at: &str,
        body: &openapiv3::RequestBody,
        definitions: &[Definition],
        problems: &mut Problems,
    ) -> Option<Self> {
        let description =
            problems.value_or_add_error(at, required_description(body.description.as_deref()).context("requestBody"));
        let content = read_request_content(&body.content, definitions).context("requestBody");
        let content = problems.value_or_add_error(at, content);
        let (media_type, shape, examples) = content?;
        let name = match &shape {
            Shape::Named(name) => name.to_snake_case(),
            Shape::List(item) => {
                item.schema_name().map_or_else(|| "values".to_owned(), |name| name.to_snake_case() + "s")
            }
            _ => "body".to_owned(),
        };
        let field = problems.value_or_add_error(at, rust_argument_name(&name, None));
        Some(Self { field: field?, required: body.required, description: description?, media_type, shape, examples })
    }
}

fn read_request_content(content: &Content, definitions: &[Definition]) -> Result<TypedBody> {
    let one =
        || format!("`content` is {JSON_MEDIA_TYPE} and nothing else, or {MULTIPART_MEDIA_TYPE}: write one of them");
    let (media_type, media) = content.iter().next().filter(|_| content.len() == 1).with_context(one)?;
    ensure!(media.encoding.is_empty(), "`encoding` is not understood: leave it out");
    let schema = media.schema.as_ref().context("a body has a schema: write a $ref to one")?;
    let shape = Shape::from_schema(schema)?;
    let body_type = match media_type.as_str() {
        JSON_MEDIA_TYPE => {
            ensure_json_body(&shape, definitions)?;
            BodyType::Json
        }
        MULTIPART_MEDIA_TYPE => {
            ensure_multipart_schema(&shape, definitions)?;
            BodyType::Multipart
        }
        _ => bail!("{}", one()),
    };
    let examples = read_body_examples(&media.examples)?;
    Ok((body_type, shape, examples))
}

/// Rejects a shape that the JSON of a request cannot have.
fn ensure_json_body(shape: &Shape, definitions: &[Definition]) -> Result<()> {
    let fits = match shape {
        Shape::Named(name) => is_schema_of_kind(definitions, name, |kind| {
            matches!(kind, DefinitionKind::Object(_) | DefinitionKind::Union(_))
        })?,
        Shape::List(item) => !matches!(**item, Shape::Binary),
        _ => false,
    };
    ensure!(fits, "a JSON body is a $ref to an object, or a list: make it a schema with a name");
    Ok(())
}

fn is_schema_of_kind(definitions: &[Definition], name: &str, is: impl Fn(&DefinitionKind) -> bool) -> Result<bool> {
    Ok(is(&Definition::find_by_name(definitions, name)?.kind))
}

/// Rejects a schema whose properties are not parts of a multipart body.
fn ensure_multipart_schema(shape: &Shape, definitions: &[Definition]) -> Result<()> {
    let Shape::Named(name) = shape else {
        bail!("a multipart body is a $ref to an object: make it a schema with a name")
    };
    let definition = Definition::find_by_name(definitions, name)?;
    let mut parts = [0, 0];
    for property in definition.properties() {
        let is_list = |item: &Shape| *item == Shape::Binary;
        match &property.shape {
            Shape::Named(_) => parts[0] += 1,
            Shape::Binary => parts[1] += 1,
            Shape::List(item) if is_list(item) => parts[1] += 1,
            _ => bail!(
                "{name}: the part `{}` is neither a $ref nor a file: write `type: string` and `format: binary`, or an array of \
                 these",
                property.wire
            ),
        }
    }
    ensure!(
        parts[0] <= 1 && parts[1] > 0,
        "{name}: a multipart body has files and at most one $ref, which is sent as JSON: write a schema of these"
    );
    Ok(())
}

impl OutcomeResponse {
    /// Reads a response at a place of the document: an outcome, or `None` for an error response.
    pub(crate) fn read(
        status: &StatusCode,
        response: &openapiv3::Response,
        headers: &[(String, &Header)],
        definitions: &[Definition],
    ) -> Result<Option<Self>> {
        let outcome = match (status, response.extensions.get(X_PC_OUTCOME)) {
            (StatusCode::Code(202), None) => Some((202, ResponseOutcome::Accepted)),
            (StatusCode::Code(status @ 200..=299), None) => Some((*status, ResponseOutcome::Done)),
            (StatusCode::Code(status @ 400..=499), Some(Value::String(outcome))) if outcome == "absent" => {
                Some((*status, ResponseOutcome::Absent))
            }
            (_, Some(_)) => {
                bail!("{X_PC_OUTCOME} is `absent`, in a response with a 4xx status: write that, or leave it out")
            }
            (StatusCode::Code(400..=599) | StatusCode::Range(4 | 5), None) => None,
            (StatusCode::Range(2), None) => bail!("a range of statuses that succeed: write each of them"),
            (_, None) => bail!("the status is neither 2xx nor 4xx nor 5xx: write one that is"),
        };
        let Some((status, outcome)) = outcome else {
            ensure_error_body(&response.content)?;
            return Ok(None);
        };
        let content = match outcome {
            ResponseOutcome::Absent => None,
            ResponseOutcome::Done | ResponseOutcome::Accepted => read_response_content(&response.content, definitions)?,
        };
        let (body, examples) =
            content.map_or((None, Vec::new()), |(body_type, shape, examples)| (Some((body_type, shape)), examples));
        Ok(Some(Self {
            status,
            outcome,
            description: required_description(Some(&response.description))?,
            body,
            fields: read_result_headers(headers)?,
            examples,
        }))
    }
}

/// Rejects an error response that is JSON of another schema. One of a gateway may be text or HTML.
fn ensure_error_body(content: &Content) -> Result<()> {
    for (media_type, media) in content
        .iter()
        .filter(|(media_type, _)| [JSON_MEDIA_TYPE, PROBLEM_JSON_MEDIA_TYPE].contains(&media_type.as_str()))
    {
        let shape = media.schema.as_ref().map(Shape::from_schema).transpose()?;
        ensure!(
            shape.as_ref().and_then(Shape::schema_name) == Some(ERROR_BODY_SCHEMA)
                && matches!(shape, Some(Shape::Named(_))),
            "every error response is an {ERROR_BODY_SCHEMA}, not a {}: refer to it, {media_type} as well",
            shape.map_or_else(
                || "body without a schema".to_owned(),
                |shape| shape.schema_name().map_or_else(|| format!("{shape:?}"), str::to_owned)
            )
        );
    }
    Ok(())
}

/// The format and the shape of a body with its examples.
type TypedBody = (BodyType, Shape, Vec<BodyExample>);

fn read_response_content(content: &Content, definitions: &[Definition]) -> Result<Option<TypedBody>> {
    let Some((media_type, media)) = content.iter().next() else { return Ok(None) };
    ensure!(content.len() == 1, "a response has one media type: write the one that the client asks for");
    ensure!(media.encoding.is_empty(), "`encoding` is not understood: leave it out");
    let schema = media.schema.as_ref().context("a body has a schema: write a $ref to one")?;
    let shape = Shape::from_schema(schema)?;
    let is_text = media_type.starts_with("text/");
    let body_type = match (media_type.as_str(), &shape) {
        (JSON_MEDIA_TYPE, Shape::Named(name)) => {
            let is_structure = |kind: &DefinitionKind| !matches!(kind, DefinitionKind::Enum(_));
            ensure!(
                is_schema_of_kind(definitions, name, is_structure)?,
                "a JSON body is a $ref to an object, or a list, not an enum: make it an object"
            );
            BodyType::Json
        }
        (JSON_MEDIA_TYPE, Shape::List(_) | Shape::Map(_) | Shape::Any) => BodyType::Json,
        (JSON_MEDIA_TYPE, _) => {
            bail!("a JSON body is a $ref to an object, a list, a map or any JSON: write one of these")
        }
        (_, Shape::Text) if is_text => BodyType::Text(media_type.clone()),
        (_, _) if is_text => bail!("the media type {media_type} is text: write `type: string` as its schema"),
        (_, Shape::Binary) if media_type.contains('/') && !media_type.contains("json") => {
            BodyType::Binary(media_type.clone())
        }
        _ => bail!(
            "the media type {media_type} is not understood: write {JSON_MEDIA_TYPE}, a `text/` one, or one of a file with `type: string` \
             and `format: binary`"
        ),
    };
    let examples = read_body_examples(&media.examples)?;
    Ok(Some((body_type, shape, examples)))
}

fn read_result_headers(headers: &[(String, &Header)]) -> Result<Vec<ResultHeader>> {
    let is_field = |header: &Header| header.extensions.contains_key(X_PC_RESPONSE_FIELD);
    let fields = headers.iter().filter(|(_, header)| is_field(header)).map(|(name, header)| {
        let field = read_result_header(name, header);
        field.with_context(|| format!("the header {name}"))
    });
    fields.collect()
}

fn read_result_header(name: &str, header: &Header) -> Result<ResultHeader> {
    let openapiv3::ParameterSchemaOrContent::Schema(schema) = &header.format else {
        bail!("`content` is not understood: write a `schema`, a string")
    };
    ensure!(
        matches!(Shape::from_schema(schema)?, Shape::Text | Shape::Secret | Shape::Password | Shape::Uuid),
        "a header that is part of the result is a string: write `type: string`"
    );
    // One word, whatever its letters.
    let name_in_words = if name.eq_ignore_ascii_case("etag") { "etag" } else { name };
    let without_prefix = name_in_words.strip_prefix("MS-").or_else(|| name.strip_prefix("X-")).unwrap_or(name_in_words);
    let field = rust_argument_name(without_prefix, header.extensions.get(X_PC_NAME))?;
    ensure!(field != "body", "a header named {name} hides the body: leave {X_PC_RESPONSE_FIELD} out");
    Ok(ResultHeader { wire: name.to_owned(), field, description: required_description(header.description.as_deref())? })
}

fn read_body_examples<'a>(
    examples: impl IntoIterator<Item = (&'a String, &'a ReferenceOr<Example>)>,
) -> Result<Vec<BodyExample>> {
    let read = |name: &str, example: &ReferenceOr<Example>| {
        let example = example.as_item().context("an example that is a $ref is not understood: write it out")?;
        let source = match (&example.value, &example.external_value) {
            (Some(value), None) => ExampleSource::Inline(value.clone()),
            (None, Some(file)) => ExampleSource::File(file.clone()),
            // Reported with the examples.
            _ => return Err(Error::new(ProblemAlreadyReported)),
        };
        Ok(BodyExample {
            name: name.to_owned(),
            summary: example.summary.clone().unwrap_or_default(),
            source,
            has_unknown_fields: example.extensions.contains_key(X_PC_UNKNOWN_FIELDS),
        })
    };
    examples
        .into_iter()
        .map(|(name, example)| read(name, example).with_context(|| format!("the example {name}")))
        .collect()
}
