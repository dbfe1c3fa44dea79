//! The inputs of an operation: its parameters and its body, as they become fields, arguments and setters in Rust.

use super::{body::request_body_schema, paging::Paging};
use crate::{
    dialect::{
        CONTEXT, Enum, JSON, JSON_STRING, Kind, MINIMUM, NAME, Shape, input_name, required_description, reserved,
    },
    document::{Endpoint, Spec, parameter_shape},
    generate::{
        code::{MEMBER_INDENT, doc_comment},
        samples,
    },
};
use anyhow::{Context as _, Result, bail, ensure};
use heck::ToSnakeCase as _;
use openapiv3::{
    HeaderStyle, Parameter, ParameterData, ParameterSchemaOrContent, PathStyle, QueryStyle, ReferenceOr, Schema,
    SchemaKind, Type,
};
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};
use serde_json::Value;
use std::{collections::BTreeSet, ops::RangeInclusive};
use syn::Ident;

/// A value that the caller passes: a parameter or the body.
pub(super) struct Input {
    pub(super) field: Ident,
    pub(super) location: Location,
    pub(super) description: String,
    pub(super) required: bool,
    pub(super) value: RustType,
    /// The call that adds it to the `Parameters`.
    pub(super) adding: TokenStream,
    pub(super) sample: Option<Sample>,
}

/// The part of the request that an [`Input`] goes to, with its name there.
pub(super) enum Location {
    Path(String),
    Query(String),
    Header(String),
    Body,
}

/// A value of an [`Input`] in the example of the documentation.
pub(super) struct Sample {
    pub(super) code: TokenStream,
    /// The value as it is sent, before it is encoded.
    pub(super) sent: String,
}

/// The type of an [`Input`].
pub(super) enum RustType {
    /// Taken as `impl Into<String>`.
    String,
    Other(TokenStream),
}

impl Input {
    pub(super) fn declaration(&self) -> TokenStream {
        let (field, value) = (&self.field, self.value.name());
        if self.required { quote!(#field: #value) } else { quote!(#field: Option<#value>) }
    }

    pub(super) fn argument(&self) -> TokenStream {
        let field = &self.field;
        match &self.value {
            RustType::String => quote!(#field: impl Into<String>),
            RustType::Other(name) => quote!(#field: #name),
        }
    }

    pub(super) fn setter(&self) -> TokenStream {
        let (field, argument) = (&self.field, self.argument());
        let target = match &self.location {
            Location::Path(name) => format!("the path parameter `{name}`"),
            Location::Query(name) => format!("the query parameter `{name}`"),
            Location::Header(name) => format!("the header `{name}`"),
            Location::Body => "the body".to_owned(),
        };
        let docs = doc_comment(&format!("Sets {target}.\n\n{}", self.description), MEMBER_INDENT);
        let value = match &self.value {
            RustType::String => quote!(#field.into()),
            RustType::Other(_) => quote!(#field),
        };
        quote! {
            #docs
            pub fn #field(mut self, #argument) -> Self {
                self.#field = Some(#value);
                self
            }
        }
    }

    /// Returns the field in the constructor.
    pub(super) fn initial(&self) -> TokenStream {
        let field = &self.field;
        match (self.required, &self.value) {
            (false, _) => quote!(#field: None),
            (true, RustType::String) => quote!(#field: #field.into()),
            (true, RustType::Other(_)) => quote!(#field),
        }
    }
}

impl RustType {
    /// Returns the type of a parameter, which must be a single value.
    fn of(spec: &Spec, shape: &Shape) -> Result<Self> {
        Ok(Self::Other(match shape {
            Shape::Text => return Ok(Self::String),
            Shape::Uuid => quote!(Uuid),
            Shape::Bool => quote!(bool),
            Shape::Int32 => quote!(i32),
            Shape::Int64 => quote!(i64),
            Shape::Named(name) if matches!(spec.definition(name)?.kind, Kind::Enum(_)) => return Ok(Self::named(name)),
            other => bail!("a parameter that is a {other:?} is not understood"),
        }))
    }

    fn named(name: &str) -> Self {
        let name = format_ident!("{name}");
        Self::Other(quote!(#name))
    }

    pub(super) fn name(&self) -> TokenStream {
        match self {
            Self::String => quote!(String),
            Self::Other(name) => name.clone(),
        }
    }
}

pub(super) fn operation_inputs(
    spec: &Spec,
    endpoint: &Endpoint<'_>,
    paging: Option<&Paging<'_>>,
) -> Result<Vec<Input>> {
    let mut inputs = Vec::new();
    let mut in_path = Vec::new();
    for parameter in &endpoint.parameters {
        let ParameterData { name, extensions, description, .. } = parameter.parameter_data_ref();
        let at = || format!("the parameter {name}");
        let description = required_description(description.as_deref()).with_context(at)?;
        if extensions.contains_key(CONTEXT) {
            let by_client = matches!(parameter, Parameter::Header { .. })
                && reserved::contains_header(reserved::SERVICE_HEADERS, name);
            let is_set = by_client || paging.is_some_and(|paging| paging.sets(parameter));
            ensure!(is_set, "the parameter {name}: {CONTEXT}: the client does not set it by itself");
            continue;
        }
        inputs.push(operation_input(spec, parameter, description).with_context(at)?);
        if let Parameter::Path { .. } = parameter {
            in_path.push(name.as_str());
        }
    }
    ensure_plain_path(endpoint.path)?;
    ensure_path_parameters(endpoint.path, &in_path)?;
    inputs.extend(body_input(spec, endpoint).context("requestBody")?);
    let mut fields = BTreeSet::from(["new", "resume", "continuation", "parameters"].map(str::to_owned));
    for input in &inputs {
        ensure!(fields.insert(input.field.to_string()), "the name `{}` is taken", input.field);
    }
    Ok(inputs)
}

fn operation_input(spec: &Spec, parameter: &Parameter, mut description: String) -> Result<Input> {
    let data = parameter.parameter_data_ref();
    let ParameterData { name, required, deprecated: None, explode: None, .. } = data else {
        bail!("`deprecated` and `explode` are not understood");
    };
    if let Parameter::Header { .. } = parameter {
        ensure_header_is_free(name)?;
    }
    let field = format_ident!("{}", input_name(without_prefix(name), data.extensions.get(NAME))?);
    let given = if *required { quote!(&self.#field) } else { quote!(self.#field.as_ref()) };
    let in_query = match parameter {
        Parameter::Query { allow_reserved: false, style: QueryStyle::Form, allow_empty_value: None, .. } => true,
        Parameter::Header { style: HeaderStyle::Simple, .. } => false,
        Parameter::Path { style: PathStyle::Simple, .. } if *required => false,
        Parameter::Path { style: PathStyle::Simple, .. } => bail!("a parameter of the path is required"),
        _ => bail!("a parameter in this place or style is not understood"),
    };
    let ParameterSchemaOrContent::Schema(schema) = &data.format else {
        bail!("`content` is not understood by most generators: write `schema`, a string, and {JSON_STRING}");
    };
    let location = match parameter {
        Parameter::Query { .. } => Location::Query(name.clone()),
        Parameter::Header { .. } => Location::Header(name.clone()),
        _ => Location::Path(name.clone()),
    };
    let (shape, range) = scalar_shape(schema)?;
    if let Some(object) = json_in_string(spec, parameter)? {
        ensure!(in_query && shape == Shape::Text, "{JSON_STRING} is for strings in the query");
        let (value, adding) = (RustType::named(&object), quote!(.query_json(#name, #given)));
        let json = first_example(data).and_then(Value::as_str).and_then(|json| serde_json::from_str(json).ok());
        let sample = json.and_then(|json| input_sample(spec, &Shape::Named(object), &json));
        return Ok(Input { field, location, description, required: *required, value, adding, sample });
    }
    ensure_examples_are_valid(spec, data, &shape, range.as_ref())?;
    let minimum = range.as_ref().map(|range| *range.start());
    let value = first_example(data).cloned();
    let value = value.or_else(|| required.then(|| samples::placeholder_value(spec, &shape, minimum)).flatten());
    let sample = value.and_then(|value| input_sample(spec, &shape, &value));
    let adding = match (parameter, range_sent(data, range)?) {
        (Parameter::Query { .. }, Some(range)) => {
            description = format!("{description} From {} to {}.", range.start(), range.end());
            let [start, end] = [*range.start(), *range.end()].map(Literal::i64_unsuffixed);
            quote!(.query_within(#name, #given, &(#start..=#end)))
        }
        (_, Some(_)) => bail!("`minimum` and `maximum` are understood in the query only"),
        (Parameter::Query { .. }, None) => quote!(.query(#name, #given)),
        (Parameter::Path { .. }, None) => quote!(.path(#name, #given)),
        (_, None) => quote!(.header(#name, #given)),
    };
    let value = RustType::of(spec, &shape)?;
    Ok(Input { field, location, description, required: *required, value, adding, sample })
}

/// Returns the first example of a parameter.
fn first_example(data: &ParameterData) -> Option<&Value> {
    let examples = data.examples.values().filter_map(|example| example.as_item()?.value.as_ref());
    data.example.iter().chain(examples).next()
}

fn input_sample(spec: &Spec, shape: &Shape, value: &Value) -> Option<Sample> {
    let code = samples::rust_expression(spec, shape, value)?;
    let sent = match (shape, value) {
        (Shape::Named(name), Value::Object(_)) => samples::serialized_as_models(spec.definition(name).ok()?, value),
        (_, Value::String(string)) => string.clone(),
        (_, value) => value.to_string(),
    };
    Some(Sample { code, sent })
}

/// Returns the range of integers that the client sends, of those that the service accepts.
fn range_sent(data: &ParameterData, range: Option<RangeInclusive<i64>>) -> Result<Option<RangeInclusive<i64>>> {
    let Some(minimum) = data.extensions.get(MINIMUM) else { return Ok(range) };
    let within = minimum.as_i64().zip(range).filter(|(minimum, range)| range.contains(minimum));
    let (minimum, range) = within.with_context(|| format!("{MINIMUM} is not within `minimum` and `maximum`"))?;
    Ok(Some(minimum..=*range.end()))
}

/// Returns the schema of the object whose JSON a parameter holds in a string.
fn json_in_string(spec: &Spec, parameter: &Parameter) -> Result<Option<String>> {
    if !parameter.parameter_data_ref().extensions.contains_key(JSON_STRING) {
        return Ok(None);
    }
    match parameter_shape(parameter)? {
        Some(Shape::Named(name)) if matches!(spec.definition(&name)?.kind, Kind::Object(_)) => Ok(Some(name)),
        _ => bail!("{JSON_STRING} is a $ref to an object"),
    }
}

/// Rejects examples that are not valid values of their parameter.
fn ensure_examples_are_valid(
    spec: &Spec,
    data: &ParameterData,
    shape: &Shape,
    range: Option<&RangeInclusive<i64>>,
) -> Result<()> {
    let is_uuid = |text: &str| {
        let is_hyphen = |index| [8, 13, 18, 23].contains(&index);
        text.len() == 36
            && text.bytes().enumerate().all(|(index, byte)| match byte {
                b'-' => is_hyphen(index),
                _ => !is_hyphen(index) && byte.is_ascii_hexdigit(),
            })
    };
    let suits = |value: &Value| match shape {
        Shape::Uuid => value.as_str().is_some_and(is_uuid),
        Shape::Bool => value.is_boolean(),
        Shape::Int32 | Shape::Int64 => {
            value.as_i64().is_some_and(|value| range.is_none_or(|range| range.contains(&value)))
        }
        Shape::Named(name) => match spec.definition(name).map(|definition| &definition.kind) {
            Ok(Kind::Enum(Enum { variants, .. })) => variants.iter().any(|variant| value == &variant.wire),
            _ => false,
        },
        _ => value.is_string(),
    };
    let examples = data.examples.values().map(|example| example.as_item().and_then(|example| example.value.as_ref()));
    for example in data.example.iter().map(Some).chain(examples) {
        let value = example.context("an example of a parameter must be inline: `value`")?;
        ensure!(suits(value), "the example {value} is not a valid value of the parameter");
    }
    Ok(())
}

/// Returns the shape of a parameter, and the range of an integer.
fn scalar_shape(schema: &ReferenceOr<Schema>) -> Result<(Shape, Option<RangeInclusive<i64>>)> {
    let mut schema = schema.clone();
    let ReferenceOr::Item(Schema { schema_kind: SchemaKind::Type(Type::Integer(integer)), .. }) = &mut schema else {
        return Ok((Shape::of(&schema)?, None));
    };
    let range = match (integer.minimum.take(), integer.maximum.take()) {
        (None, None) => None,
        (Some(minimum), Some(maximum)) => Some(minimum..=maximum),
        _ => bail!("`minimum` and `maximum` go together"),
    };
    let shape = Shape::of(&schema)?;
    if let (Shape::Int32, Some(range)) = (&shape, &range) {
        let fits = [range.start(), range.end()].into_iter().all(|bound| i32::try_from(*bound).is_ok());
        ensure!(fits, "the range {range:?} is wider than the format `int32`");
    }
    ensure!(range.as_ref().is_none_or(|range| !range.is_empty()), "no value is within {range:?}");
    Ok((shape, range))
}

fn body_input(spec: &Spec, endpoint: &Endpoint<'_>) -> Result<Option<Input>> {
    let Some(body) = endpoint.body else { return Ok(None) };
    let name = request_body_schema(spec, &body.content)?;
    let media = body.content.get(JSON);
    let example = media.and_then(|media| media.examples.values().find_map(|example| example.as_item()?.value.as_ref()));
    let sample = example.and_then(|example| input_sample(spec, &Shape::Named(name.clone()), example));
    let field = format_ident!("{}", name.to_snake_case());
    let given = if body.required { quote!(&self.#field) } else { quote!(self.#field.as_ref()) };
    Ok(Some(Input {
        field,
        location: Location::Body,
        sample,
        description: required_description(body.description.as_deref())?,
        required: body.required,
        value: RustType::named(&name),
        adding: quote!(.body(#given)),
    }))
}

/// Rejects a header with an invalid name, and one that the client sets by itself.
fn ensure_header_is_free(name: &str) -> Result<()> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    ensure!(!name.is_empty() && name.bytes().all(is_token), "it is not a valid name of a header");
    ensure!(!reserved::contains_header(reserved::HTTP_HEADERS, name), "the client sets this header by itself");
    ensure!(
        !reserved::contains_header(reserved::SERVICE_HEADERS, name),
        "the client sets this header by itself: say so with `{CONTEXT}: true`"
    );
    Ok(())
}

/// Rejects a path with a query or a fragment, and one that servers may interpret in different ways.
fn ensure_plain_path(path: &str) -> Result<()> {
    let segments = path.strip_prefix('/').context("a path begins with a slash")?;
    ensure!(!segments.split('/').any(str::is_empty), "a path has no empty segment, and no slash at its end");
    let illegal = |character: char| !character.is_ascii_graphic() || "?#%\\".contains(character);
    if let Some(character) = segments.chars().find(|character| illegal(*character)) {
        bail!("a path has no {character:?}");
    }
    Ok(())
}

/// Rejects a path whose `{name}`s are not exactly its path parameters.
fn ensure_path_parameters(path: &str, parameters: &[&str]) -> Result<()> {
    let names = path.split('{').skip(1).map(|rest| rest.split_once('}').map(|(name, _)| name));
    let names = names.collect::<Option<Vec<_>>>().context("the path has a brace that is not closed")?;
    for name in &names {
        ensure!(parameters.contains(name), "the path has {{{name}}}, but there is no such parameter");
    }
    for name in parameters {
        ensure!(names.contains(name), "the path has no {{{name}}}, but there is such a parameter");
    }
    Ok(())
}

/// Returns the name of a header without its vendor prefix.
fn without_prefix(name: &str) -> &str {
    name.strip_prefix("MS-").or_else(|| name.strip_prefix("X-")).unwrap_or(name)
}
