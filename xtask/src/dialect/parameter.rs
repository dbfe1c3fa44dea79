//! The parameters of operations.

use super::{
    extensions::{
        X_PC_CAPITALIZED, X_PC_CONTEXT, X_PC_DEPRECATED, X_PC_FLAG, X_PC_JSON, X_PC_MINIMUM, X_PC_NAME, X_PC_QUOTED,
    },
    names::rust_argument_name,
    operation::Command,
    reserved,
    schema::{Definition, DefinitionKind, read_deprecation, required_description},
    shape::{Shape, constraint_sentences, ensure_no_unsupported_keywords},
};
use crate::problems::Problems;
use anyhow::{Context as _, Result, bail, ensure};
use heck::ToKebabCase as _;
use openapiv3::{
    HeaderStyle, IntegerType, ParameterData, ParameterSchemaOrContent, PathStyle, QueryStyle, ReferenceOr, Schema,
    SchemaKind, StringType, Type,
};
use serde::Deserialize as _;
use serde_json::Value;
use std::ops::RangeInclusive;

/// A parameter of an operation.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    pub(crate) wire: String,
    /// The Rust name.
    pub(crate) field: String,
    /// The flag of the command line, in kebab case; the placeholder, where it is positional.
    pub(crate) flag: String,
    pub(crate) location: ParameterLocation,
    pub(crate) style: ParameterStyle,
    /// The shape of its value; of a parameter that holds JSON, that of the JSON.
    pub(crate) shape: Shape,
    pub(crate) required: bool,
    /// Whether the client sets it by itself, so that callers do not.
    pub(crate) is_context: bool,
    /// The range of an integer that the client sends.
    pub(crate) range: Option<RangeInclusive<i64>>,
    pub(crate) min_length: Option<usize>,
    pub(crate) max_length: Option<usize>,
    pub(crate) description: String,
    /// Its constraints and its default as sentences, for the documentation; empty if it has none.
    pub(crate) constraints: String,
    /// Why it is deprecated, and what replaces it.
    pub(crate) deprecated: Option<String>,
    pub(crate) examples: Vec<Value>,
    /// The minimum that the client sends, if that is above the one that the service accepts.
    pub(crate) sent_minimum: Option<i64>,
    /// The schema as it is written, unless it is a `$ref`.
    pub(crate) schema: Option<Schema>,
    /// Whether `x-pc-flag` makes a path parameter a flag.
    has_flag: bool,
}

/// The part of a request that carries a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ParameterLocation {
    Path,
    Query,
    Header,
}

/// How the value of a parameter is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ParameterStyle {
    /// One value.
    Plain,
    /// A list, as `name=a&name=b`.
    Exploded,
    /// A list, as `name=a,b`.
    CommaSeparated,
    /// A boolean, as `True` or `False`.
    CapitalizedBool,
    /// Within double quotation marks, which are added where they are missing.
    Quoted,
    /// JSON in a string.
    Json,
}

impl Parameter {
    /// Reads a parameter at a place of the document. Returns `None` if it has problems, which are added to `problems`.
    pub(crate) fn read(
        at: &str,
        parameter: &openapiv3::Parameter,
        definitions: &[Definition],
        problems: &mut Problems,
    ) -> Option<Self> {
        let data = parameter.parameter_data_ref();
        let named = || format!("the parameter {}", data.name);
        let extension = |key| data.extensions.get(key);
        let is_context = extension(X_PC_CONTEXT).is_some();
        let is_deprecated = data.deprecated.unwrap_or_default();

        let location = problems.value_or_add_error(at, read_location(parameter).with_context(named));
        let free = ensure_header_is_free(parameter, is_context).with_context(named);
        let free = problems.value_or_add_error(at, free);
        let description = required_description(data.description.as_deref()).with_context(named);
        let description = problems.value_or_add_error(at, description);
        let deprecated = read_deprecation(is_deprecated, extension(X_PC_DEPRECATED)).with_context(named);
        let deprecated = problems.value_or_add_error(at, deprecated);
        let field = rust_argument_name(without_vendor_prefix(&data.name), extension(X_PC_NAME)).with_context(named);
        let field = problems.value_or_add_error(at, field);
        let flag = read_command_line_flag(parameter).with_context(named);
        let flag = problems.value_or_add_error(at, flag);
        let value = ParameterValue::read(parameter, definitions).with_context(named);
        let value = problems.value_or_add_error(at, value);
        let examples = read_examples(data).with_context(named);
        let examples = problems.value_or_add_error(at, examples);

        let (value, examples) = (value?, examples?);
        let valid = value.ensure_accepts_examples(definitions, &examples).with_context(named);
        problems.value_or_add_error(at, valid).and(free)?;
        Some(Self {
            wire: data.name.clone(),
            field: field?,
            flag: flag?,
            location: location?,
            style: value.style,
            shape: value.shape,
            required: data.required,
            is_context,
            range: value.sent,
            min_length: value.min_length,
            max_length: value.max_length,
            description: description?,
            constraints: value.sentences,
            deprecated: deprecated?,
            examples,
            sent_minimum: extension(X_PC_MINIMUM).and_then(Value::as_i64),
            schema: match &data.format {
                ParameterSchemaOrContent::Schema(ReferenceOr::Item(schema)) => Some(schema.clone()),
                _ => None,
            },
            has_flag: extension(X_PC_FLAG).is_some(),
        })
    }

    /// Returns the description with the constraints and the default.
    pub(crate) fn documentation(&self) -> String {
        format!("{} {}", self.description, self.constraints).trim_end().to_owned()
    }

    /// Whether the command takes it by position, not by its flag.
    pub(crate) fn is_positional(&self, command: &Command) -> bool {
        let is_own = command.resource == format!("{}s", self.flag);
        self.location == ParameterLocation::Path && (!self.has_flag || is_own)
    }

    /// Whether a string is a value that it may have.
    pub(crate) fn accepts_example(&self, definitions: &[Definition], value: &str) -> bool {
        shape_accepts_value(definitions, &self.shape, None, &value.into())
    }
}

/// The value of a parameter.
struct ParameterValue {
    shape: Shape,
    style: ParameterStyle,
    /// The range of an integer that the service accepts.
    accepted: Option<RangeInclusive<i64>>,
    /// The range of an integer that the client sends.
    sent: Option<RangeInclusive<i64>>,
    min_length: Option<usize>,
    max_length: Option<usize>,
    default: Option<Value>,
    sentences: String,
}

impl ParameterValue {
    fn read(parameter: &openapiv3::Parameter, definitions: &[Definition]) -> Result<Self> {
        let data = parameter.parameter_data_ref();
        let ParameterSchemaOrContent::Schema(schema) = &data.format else {
            bail!("`content` is not understood by most generators: write `schema`, a string, and {X_PC_JSON}");
        };
        let (shape, style) = read_shape_and_style(parameter, schema, definitions)?;
        let (mut accepted, mut sentences, mut default) = (None, String::new(), None);
        let (mut min_length, mut max_length) = (None, None);
        if let ReferenceOr::Item(schema) = schema {
            let schema_data = &schema.schema_data;
            ensure!(
                !schema_data.nullable && !schema_data.read_only && !schema_data.write_only && !schema_data.deprecated,
                "`nullable`, `readOnly`, `writeOnly` and `deprecated` are not understood in the schema of a parameter: leave \
                 them out"
            );
            ensure_no_unsupported_keywords(schema_data)?;
            default.clone_from(&schema_data.default);
            match &schema.schema_kind {
                SchemaKind::Type(Type::Integer(integer)) => accepted = integer_range(integer, &shape)?,
                SchemaKind::Type(Type::String(StringType { min_length: min, max_length: max, .. })) => {
                    (min_length, max_length) = (*min, *max);
                }
                _ => {}
            }
            sentences = constraint_sentences(schema)?;
        }
        let sent = sent_integer_range(data, accepted.clone())?;
        if let (Some(accepted), Some(sent)) = (&accepted, &sent)
            && accepted != sent
        {
            let range = |range: &RangeInclusive<i64>| format!("From {} to {}.", range.start(), range.end());
            sentences = sentences.replace(&range(accepted), &range(sent));
        }
        ensure!(
            sent.is_none() || matches!(parameter, openapiv3::Parameter::Query { .. }),
            "`minimum` and `maximum` are understood in the query only: say it in the description"
        );
        Ok(Self { shape, style, accepted, sent, min_length, max_length, default, sentences })
    }

    /// Rejects examples and a default that the parameter cannot have.
    fn ensure_accepts_examples(&self, definitions: &[Definition], examples: &[Value]) -> Result<()> {
        if self.style == ParameterStyle::Json {
            return Ok(());
        }
        for (what, value) in
            examples.iter().map(|value| ("example", value)).chain(self.default.iter().map(|value| ("default", value)))
        {
            let is_valid = shape_accepts_value(definitions, &self.shape, self.accepted.as_ref(), value);
            ensure!(is_valid, "the {what} {value} is not a valid value of the parameter: write one that is");
        }
        Ok(())
    }
}

fn read_location(parameter: &openapiv3::Parameter) -> Result<ParameterLocation> {
    use openapiv3::Parameter::{Cookie, Header, Path, Query};
    match parameter {
        Query { allow_reserved: false, style: QueryStyle::Form, allow_empty_value: None, .. } => {
            Ok(ParameterLocation::Query)
        }
        Query { .. } => bail!(
            "the style is not understood, nor are `allowReserved` and `allowEmptyValue`: leave them out, and write `explode` for \
             a list"
        ),
        Header { style: HeaderStyle::Simple, .. } => Ok(ParameterLocation::Header),
        Path { style: PathStyle::Simple, parameter_data } => {
            ensure!(parameter_data.required, "a parameter of the path is required: write `required: true`");
            Ok(ParameterLocation::Path)
        }
        Path { .. } => bail!("the style of a parameter of the path is not understood: leave it out"),
        Cookie { .. } => bail!("a cookie is not understood: write a parameter of the path, the query or the header"),
    }
}

fn read_shape_and_style(
    parameter: &openapiv3::Parameter,
    schema: &ReferenceOr<Schema>,
    definitions: &[Definition],
) -> Result<(Shape, ParameterStyle)> {
    let data = parameter.parameter_data_ref();
    let is_query = matches!(parameter, openapiv3::Parameter::Query { .. });
    let is_header = matches!(parameter, openapiv3::Parameter::Header { .. });
    let shape = Shape::from_schema(schema)?;
    let has = |key| data.extensions.contains_key(key);
    ensure!(data.explode.is_none() || matches!(shape, Shape::List(_)), "`explode` is for lists: leave it out");
    if let Some(json) = data.extensions.get(X_PC_JSON) {
        ensure!(
            is_query && shape == Shape::Text,
            "{X_PC_JSON} is for strings in the query: write `type: string` without a format"
        );
        let json: ReferenceOr<Schema> = ReferenceOr::deserialize(json).context(X_PC_JSON)?;
        let json = Shape::from_schema(&json).context(X_PC_JSON)?;
        let target = json.schema_name().filter(|_| matches!(json, Shape::Named(_)));
        let target = target.map(|name| Definition::find_by_name(definitions, name)).transpose()?;
        let is_object = target.is_some_and(|target| matches!(target.kind, DefinitionKind::Object(_)));
        ensure!(is_object, "{X_PC_JSON} is a $ref to an object: write one");
        return Ok((json, ParameterStyle::Json));
    }
    ensure!(
        !has(X_PC_QUOTED) || (is_header && shape == Shape::Text),
        "{X_PC_QUOTED} is for headers that are strings: leave it out"
    );
    ensure!(
        !has(X_PC_CAPITALIZED) || (is_query && shape == Shape::Bool),
        "{X_PC_CAPITALIZED} is for booleans in the query: leave it out"
    );
    let style = match &shape {
        _ if has(X_PC_QUOTED) => ParameterStyle::Quoted,
        _ if has(X_PC_CAPITALIZED) => ParameterStyle::CapitalizedBool,
        Shape::List(item) => {
            ensure!(is_query, "a list is understood in the query only: write a parameter for each value");
            ensure_scalar_or_enum_shape(item, definitions).context("items")?;
            return Ok(match data.explode {
                // The default of the query.
                None | Some(true) => (shape, ParameterStyle::Exploded),
                Some(false) => (shape, ParameterStyle::CommaSeparated),
            });
        }
        _ => ParameterStyle::Plain,
    };
    ensure_scalar_or_enum_shape(&shape, definitions)?;
    Ok((shape, style))
}

/// Rejects a shape whose values are not one word.
fn ensure_scalar_or_enum_shape(shape: &Shape, definitions: &[Definition]) -> Result<()> {
    let is_single = match shape {
        Shape::Named(name) => matches!(Definition::find_by_name(definitions, name)?.kind, DefinitionKind::Enum(_)),
        Shape::Secret | Shape::Password => false,
        shape => shape.is_scalar(),
    };
    ensure!(
        is_single,
        "a parameter that is a {shape:?} is not understood: write a string, a boolean, a number, an enum or, in the query, a \
         list of these; an object is a string with {X_PC_JSON}"
    );
    Ok(())
}

fn integer_range(integer: &IntegerType, shape: &Shape) -> Result<Option<RangeInclusive<i64>>> {
    let range = match (integer.minimum, integer.maximum) {
        (None, None) => return Ok(None),
        (Some(minimum), Some(maximum)) => minimum..=maximum,
        _ => bail!("`minimum` and `maximum` go together: write both, or say it in the description"),
    };
    let fits = [range.start(), range.end()].into_iter().all(|bound| i32::try_from(*bound).is_ok());
    ensure!(
        fits || *shape != Shape::Int32,
        "the range {range:?} is wider than the format `int32`: write `int64`, or a smaller range"
    );
    ensure!(!range.is_empty(), "no value is within {range:?}: write the lower bound as `minimum`");
    Ok(Some(range))
}

/// Returns the range of integers that the client sends, of those that the service accepts.
fn sent_integer_range(
    data: &ParameterData,
    accepted: Option<RangeInclusive<i64>>,
) -> Result<Option<RangeInclusive<i64>>> {
    let Some(minimum) = data.extensions.get(X_PC_MINIMUM) else { return Ok(accepted) };
    let within = minimum.as_i64().zip(accepted).filter(|(minimum, range)| range.contains(minimum));
    let (minimum, range) = within
        .with_context(|| format!("{X_PC_MINIMUM} is not within `minimum` and `maximum`: write a number that is"))?;
    Ok(Some(minimum..=*range.end()))
}

/// Returns the examples, of which the first is that of the documentation.
fn read_examples(data: &ParameterData) -> Result<Vec<Value>> {
    let named = data.examples.values().map(|example| example.as_item()?.value.as_ref());
    let all = data.example.iter().map(Some).chain(named).map(Option::<&Value>::cloned);
    all.collect::<Option<_>>().context("an example of a parameter must be inline: write it as `value`")
}

/// Whether a value is one that a parameter can have.
fn shape_accepts_value(
    definitions: &[Definition],
    shape: &Shape,
    range: Option<&RangeInclusive<i64>>,
    value: &Value,
) -> bool {
    match shape {
        Shape::Uuid => value.as_str().is_some_and(is_uuid_text),
        Shape::Bool => value.is_boolean(),
        Shape::Int32 | Shape::Int64 => {
            value.as_i64().is_some_and(|value| range.is_none_or(|range| range.contains(&value)))
        }
        Shape::Double => value.is_number(),
        Shape::Decimal => value.is_number() || value.as_str().is_some_and(|digits| digits.parse::<f64>().is_ok()),
        Shape::Date => value.as_str().is_some_and(|date| date.len() == 10),
        Shape::DateTime => value.as_str().is_some_and(|time| time.get(10..11) == Some("T")),
        Shape::List(item) => match value {
            Value::Array(items) => items.iter().all(|value| shape_accepts_value(definitions, item, None, value)),
            _ => false,
        },
        Shape::Named(name) => match Definition::find_by_name(definitions, name).map(|definition| &definition.kind) {
            Ok(DefinitionKind::Enum(known)) => {
                let wire = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                known.variants.iter().any(|variant| variant.wire == wire)
            }
            // Its problems are reported already.
            Err(_) => true,
            Ok(_) => false,
        },
        _ => value.is_string(),
    }
}

fn is_uuid_text(text: &str) -> bool {
    let is_hyphen = |index| [8, 13, 18, 23].contains(&index);
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match byte {
            b'-' => is_hyphen(index),
            _ => !is_hyphen(index) && byte.is_ascii_hexdigit(),
        })
}

/// Rejects a header with an invalid name, and one that the client sets by itself.
fn ensure_header_is_free(parameter: &openapiv3::Parameter, is_context: bool) -> Result<()> {
    let openapiv3::Parameter::Header { parameter_data: ParameterData { name, .. }, .. } = parameter else {
        return Ok(());
    };
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    ensure!(
        !name.is_empty() && name.bytes().all(is_token),
        "it is not a valid name of a header: write letters, digits and hyphens"
    );
    ensure!(
        !reserved::contains_header(reserved::RESERVED_HTTP_HEADERS, name),
        "the client sets this header by itself: leave the parameter out"
    );
    ensure!(
        is_context || !reserved::contains_header(reserved::SERVICE_HEADERS_SET_BY_CLIENT, name),
        "the client sets this header by itself: say so with `{X_PC_CONTEXT}: true`"
    );
    Ok(())
}

/// Returns the flag of the command line: that of the extension, or the name in kebab case.
fn read_command_line_flag(parameter: &openapiv3::Parameter) -> Result<String> {
    let data = parameter.parameter_data_ref();
    if let Some(flag) = data.extensions.get(X_PC_FLAG) {
        ensure!(
            matches!(parameter, openapiv3::Parameter::Path { .. }),
            "{X_PC_FLAG} is for parameters of the path: leave it out; the flag of another one is its name"
        );
        let flag = flag.as_str().filter(|flag| !flag.is_empty() && **flag == flag.to_kebab_case());
        return Ok(flag
            .with_context(|| format!("{X_PC_FLAG} is not a flag: write one in kebab-case, without dashes"))?
            .to_owned());
    }
    let own = data.extensions.get(X_PC_NAME).and_then(Value::as_str);
    let flag = own.unwrap_or_else(|| without_vendor_prefix(&data.name)).to_kebab_case();
    ensure!(
        !matches!(parameter, openapiv3::Parameter::Query { .. }) || !reserved::RESERVED_FLAGS.contains(&flag.as_str()),
        "the command line has the flag --{flag} for itself: write another name in {X_PC_NAME}"
    );
    Ok(flag)
}

/// Returns the name of a header without its vendor prefix.
fn without_vendor_prefix(name: &str) -> &str {
    name.strip_prefix("MS-").or_else(|| name.strip_prefix("X-")).unwrap_or(name)
}
