//! The operations of the models crate: structs with the parameters, whose traits define the request and the response.

mod paging;

use super::{
    code::{docs, imports, pretty},
    samples,
};
use crate::{
    dialect::{CONTEXT, JSON, JSON_STRING, Kind, MINIMUM, PAGING, Shape, field_name, required_description, reserved},
    document::{ERROR_BODY, Endpoint, Spec, is_success, parameter_shape},
};
use anyhow::{Context as _, Result, anyhow, bail, ensure};
use heck::{ToPascalCase as _, ToSnakeCase as _};
use openapiv3::{
    Content, HeaderStyle, Link, LinkOperation, MediaType, Operation, Parameter, ParameterData,
    ParameterSchemaOrContent, PathStyle, QueryStyle, ReferenceOr, Response, Schema, SchemaKind, StatusCode, Type,
};
use paging::Paging;
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};
use serde_json::Value;
use std::{collections::BTreeSet, ops::RangeInclusive};
use syn::Ident;

/// The column of the members of an `impl`.
const MEMBER_INDENT: usize = 4;

/// Hand-written names of the models crate that generated operations may use.
const HAND_WRITTEN_NAMES: [&str; 11] = [
    "ContinuationToken",
    "InvalidParameter",
    "Method",
    "NoContent",
    "Operation",
    "PageFingerprint",
    "Paginated",
    "Parameters",
    "Pagination",
    "SingleResponse",
    "InvalidContinuationToken",
];

pub(crate) fn generate(spec: &Spec) -> Result<String> {
    let mut operations = TokenStream::new();
    let mut names: BTreeSet<String> = spec.definitions.iter().map(|definition| definition.name.clone()).collect();
    for endpoint in spec.endpoints()? {
        let name = endpoint.id().with_context(|| endpoint.at.clone())?.to_pascal_case();
        let is_free = !reserved::TYPES.contains(&name.as_str()) && names.insert(name.clone());
        ensure!(is_free, "{}/operationId: the name {name} is taken", endpoint.at);
        operations.extend(operation(spec, &endpoint).with_context(|| endpoint.at.clone())?);
    }
    let schemas = spec.definitions.iter().map(|definition| definition.name.as_str());
    let imports = imports(&operations, HAND_WRITTEN_NAMES.into_iter().chain(schemas), &[])?;
    Ok(format!("{imports}\n{}", pretty(operations)?))
}

/// Returns warnings about operations that seem to be paginated but lack the extension: a client takes their response for
/// complete, and a response with a next page for an error.
pub(crate) fn warnings(spec: &Spec) -> Result<Vec<String>> {
    let mut warnings = Vec::new();
    for endpoint in spec.endpoints()? {
        let Some(Body::One(name)) = response(spec, &endpoint).with_context(|| endpoint.at.clone())? else { continue };
        if endpoint.operation.extensions.contains_key(PAGING) {
            continue;
        }
        if let Some(field) = paging::next_page_field(spec, &name)? {
            warnings.push(format!(
                "{}: the response {name} has `{field}`, which points to a next page, but the operation has no {PAGING}: a \
                 response with a next page will be an error",
                endpoint.at
            ));
        }
    }
    Ok(warnings)
}

/// A value that the caller passes: a parameter or the body.
struct Input {
    field: Ident,
    location: Location,
    description: String,
    required: bool,
    value: RustType,
    /// The call that adds it to the `Parameters`.
    adding: TokenStream,
    sample: Option<Sample>,
}

/// The part of the request that an [`Input`] goes to, with its name there.
enum Location {
    Path(String),
    Query(String),
    Header(String),
    Body,
}

/// A value of an [`Input`] in the example of the documentation.
struct Sample {
    code: TokenStream,
    /// The value as it is sent, before it is encoded.
    sent: String,
}

/// A JSON body.
#[derive(Debug, PartialEq)]
enum Body {
    /// An object, by the name of its schema.
    One(String),
    /// A list of objects.
    Many(String),
}

/// The type of an [`Input`].
enum RustType {
    /// Taken as `impl Into<String>`.
    String,
    Other(TokenStream),
}

impl Input {
    fn declaration(&self) -> TokenStream {
        let (field, value) = (&self.field, self.value.name());
        if self.required { quote!(#field: #value) } else { quote!(#field: Option<#value>) }
    }

    fn argument(&self) -> TokenStream {
        let field = &self.field;
        match &self.value {
            RustType::String => quote!(#field: impl Into<String>),
            RustType::Other(name) => quote!(#field: #name),
        }
    }

    fn setter(&self) -> TokenStream {
        let (field, argument) = (&self.field, self.argument());
        let target = match &self.location {
            Location::Path(name) => format!("the path parameter `{name}`"),
            Location::Query(name) => format!("the query parameter `{name}`"),
            Location::Header(name) => format!("the header `{name}`"),
            Location::Body => "the body".to_owned(),
        };
        let docs = docs(&format!("Sets {target}.\n\n{}", self.description), MEMBER_INDENT);
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
    fn initial(&self) -> TokenStream {
        let field = &self.field;
        match (self.required, &self.value) {
            (false, _) => quote!(#field: None),
            (true, RustType::String) => quote!(#field: #field.into()),
            (true, RustType::Other(_)) => quote!(#field),
        }
    }
}

impl Body {
    fn rust_type(&self) -> TokenStream {
        match self {
            Self::One(name) => RustType::named(name).name(),
            Self::Many(name) => {
                let item = RustType::named(name).name();
                quote!(Vec<#item>)
            }
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

    fn name(&self) -> TokenStream {
        match self {
            Self::String => quote!(String),
            Self::Other(name) => name.clone(),
        }
    }
}

fn operation(spec: &Spec, endpoint: &Endpoint<'_>) -> Result<TokenStream> {
    let Endpoint { path, method, operation, .. } = endpoint;
    ensure_nothing_unsupported(operation)?;
    let id = endpoint.id()?;
    let name = format_ident!("{}", id.to_pascal_case());
    let verb = match *method {
        "get" | "head" | "post" | "put" | "patch" | "delete" => format_ident!("{}", method.to_pascal_case()),
        other => bail!("the method {other} is not understood"),
    };
    let response = response(spec, endpoint)?;
    let page = match &response {
        Some(Body::One(name)) => Some(name.as_str()),
        _ => None,
    };
    let paging = Paging::read(spec, endpoint, page)?;
    let inputs = inputs(spec, endpoint, paging.as_ref())?;

    let docs = docs(&(documentation(endpoint)? + &example(spec, endpoint, &name, &inputs)?), 0);
    let default = inputs.iter().all(|input| !input.required).then(|| quote!(Default,));
    let mut declarations: Vec<_> = inputs.iter().map(Input::declaration).collect();
    declarations.extend(paging.as_ref().map(|_| quote!(continuation: Option<ContinuationToken>)));
    let constructors = constructors(&inputs, paging.is_some());
    let setters = inputs.iter().filter(|input| !input.required).map(Input::setter);
    let additions = inputs.iter().map(|input| &input.adding);
    let resume = paging.as_ref().map(|_| quote!(.resume(self.continuation.as_ref())));
    let response = response.map_or_else(|| quote!(NoContent), |body| body.rust_type());
    let single = || quote!(impl SingleResponse for #name {});
    let performed = paging.map_or_else(single, |paging| paging.implementation(&name));
    Ok(quote! {
        #docs
        #[derive(Clone, Debug, #default PartialEq)]
        #[must_use = "an operation does nothing until a client performs it"]
        pub struct #name { #(#declarations),* }

        impl #name {
            #constructors
            #(#setters)*
        }

        impl Operation for #name {
            type Response = #response;
            const ID: &'static str = #id;
            const METHOD: Method = Method::#verb;
            const PATH: &'static str = #path;
            fn parameters(&self) -> Result<Parameters, InvalidParameter> {
                Parameters::new() #(#additions)* #resume.check()
            }
        }

        #performed
    })
}

/// Returns the functions `new` and, for a paginated operation, `resume`.
fn constructors(inputs: &[Input], paged: bool) -> TokenStream {
    let required: Vec<_> = inputs.iter().filter(|input| input.required).collect();
    let doc = match (required.len(), inputs.len()) {
        (0, 0) => "Creates the operation, which has no parameters.",
        (0, _) => "Creates the operation without parameters; its methods set them.",
        (required, all) if required == all => "Creates the operation with its parameters.",
        _ => "Creates the operation with its required parameters; its methods set the others.",
    };
    let list = required.iter().map(|input| format!("- `{}`: {}", input.field, one_line(&input.description)));
    let list = list.collect::<Vec<_>>().join("\n");
    let doc = docs(format!("{doc}\n\n{list}").trim_end(), MEMBER_INDENT);
    let arguments: Vec<_> = required.iter().map(|input| input.argument()).collect();
    let fields: Vec<_> = inputs.iter().map(Input::initial).collect();
    let first_page = paged.then(|| quote!(continuation: None));
    let new = if required.is_empty() {
        quote!(#doc pub fn new() -> Self { Self::default() })
    } else {
        quote!(#doc pub fn new(#(#arguments),*) -> Self { Self { #(#fields,)* #first_page } })
    };
    let resume = paged.then(|| {
        quote! {
            /// Creates the operation so that it continues at `continuation` instead of the first page.
            pub fn resume(#(#arguments,)* continuation: ContinuationToken) -> Self {
                Self { #(#fields,)* continuation: Some(continuation) }
            }
        }
    });
    quote!(#new #resume)
}

/// Rejects keywords that change the meaning of an operation and are not understood.
fn ensure_nothing_unsupported(operation: &Operation) -> Result<()> {
    ensure!(!operation.deprecated, "`deprecated` is not understood");
    ensure!(operation.callbacks.is_empty(), "`callbacks` are not understood");
    ensure!(operation.servers.is_empty(), "servers: an operation with servers of its own is not understood");
    ensure!(operation.security.is_none(), "security: an operation with security of its own is not understood");
    ensure!(operation.responses.default.is_none(), "a `default` response is not understood: name each status");
    Ok(())
}

fn documentation(endpoint: &Endpoint<'_>) -> Result<String> {
    let Endpoint { path, method, operation, .. } = endpoint;
    let summary = operation.summary.as_deref().context("a summary is missing")?;
    let description = required_description(operation.description.as_deref())?;
    let link = operation.external_docs.as_ref();
    let link = link.map(|docs| format!(" ([documentation]({}))", docs.url)).unwrap_or_default();
    Ok(format!("{summary}\n\n{description}\n\n`{} {path}`{link}", method.to_uppercase()))
}

/// Returns the documentation of an example that creates the operation and shows what it sends.
fn example(spec: &Spec, endpoint: &Endpoint<'_>, name: &Ident, inputs: &[Input]) -> Result<String> {
    let (mut arguments, mut setters, mut given) = (Vec::new(), Vec::new(), Vec::new());
    let [mut path, mut query, mut headers] = [const { Vec::new() }; 3];
    let mut body = None;
    for Input { field, location, required, value, sample, .. } in inputs {
        match (sample, required) {
            (Some(Sample { code, .. }), true) => arguments.push(code.clone()),
            (Some(Sample { code, .. }), false) => setters.push(quote!(.#field(#code))),
            (None, true) => {
                arguments.push(quote!(#field));
                given.push((field.clone(), value.name()));
            }
            (None, false) => {}
        }
        let Some(Sample { sent, .. }) = sample else { continue };
        let sent = samples::raw_string(sent)?;
        match location {
            Location::Path(name) => path.push((name, sent)),
            Location::Query(name) => query.push((name, sent)),
            Location::Header(name) => headers.push((name, sent)),
            Location::Body => body = Some(quote!(assert_eq!(parameters.body.as_deref(), Some(#sent));)),
        }
    }
    let parts = [(quote!(path), path), (quote!(query), query), (quote!(headers), headers)];
    let parts = parts.iter().flat_map(|(part, values)| {
        values.iter().enumerate().map(move |(index, (name, sent))| {
            let index = Literal::usize_unsuffixed(index);
            quote!(assert_eq!(parameters.#part[#index], (#name, #sent.to_owned()));)
        })
    });
    let path = endpoint.path;
    let code = quote! {
        let operation = #name::new(#(#arguments),*) #(#setters)*;
        let parameters = operation.parameters()?;
        assert_eq!(#name::PATH, #path);
        #(#parts)*
        #body
    };
    samples::documented(spec, &[&name.to_string(), "Operation"], &code, &given)
}

/// Returns the type of the response body, if there is one.
fn response(spec: &Spec, endpoint: &Endpoint<'_>) -> Result<Option<Body>> {
    ensure!(endpoint.successes().next().is_some(), "responses: there is no 2xx");
    let mut bodies = Vec::new();
    for (status, response) in &endpoint.responses {
        let at = || format!("responses/{status}");
        let body = response_body(spec, response, is_success(status)).with_context(at)?;
        ensure_links_exist(spec, response).with_context(at)?;
        if is_success(status) {
            bodies.extend(body);
            continue;
        }
        ensure!(
            matches!(status, StatusCode::Code(400..=599) | StatusCode::Range(4 | 5)),
            "responses/{status}: the status is neither 2xx nor 4xx nor 5xx"
        );
        if let Some(other) = body.filter(|body| *body != Body::One(ERROR_BODY.to_owned())) {
            bail!("responses/{status}: every error response is an {ERROR_BODY}, not a {}", other.rust_type());
        }
    }
    bodies.dedup();
    ensure!(bodies.len() <= 1, "responses: one schema for all 2xx, not {bodies:?}");
    Ok(bodies.pop())
}

fn response_body(spec: &Spec, response: &Response, only_json: bool) -> Result<Option<Body>> {
    // An error response of a gateway may be text or HTML.
    let other = response.content.keys().find(|media_type| only_json && *media_type != JSON);
    ensure!(other.is_none(), "the media type {other:?} is not understood");
    response.content.get(JSON).map(|media| json_body(spec, media)).transpose()
}

/// Rejects links to operations and parameters that do not exist. The links are for testing tools; no code is generated for them.
fn ensure_links_exist(spec: &Spec, response: &Response) -> Result<()> {
    for (name, link) in &response.links {
        let at = || format!("links/{name}");
        let Some(Link { operation: LinkOperation::OperationId(id), parameters, .. }) = link.as_item() else {
            return Err(anyhow!("a link has an `operationId`")).with_context(at);
        };
        let endpoints = spec.endpoints()?;
        let target = endpoints.iter().find(|endpoint| endpoint.operation.operation_id.as_ref() == Some(id));
        let target = target.with_context(|| format!("there is no operation {id}")).with_context(at)?;
        for name in parameters.keys() {
            let has = |parameter: &&Parameter| parameter.parameter_data_ref().name == *name;
            let found = target.parameters.iter().any(has);
            ensure!(found, "{}: {id} has no parameter `{name}`", at());
        }
    }
    Ok(())
}

/// Returns the schema of a request body, whose `content` must be JSON alone.
fn request_body_schema(spec: &Spec, content: &Content) -> Result<String> {
    let Some(media) = content.get(JSON).filter(|_| content.len() == 1) else {
        bail!("`content` is {JSON} and nothing else")
    };
    match json_body(spec, media)? {
        Body::One(name) => Ok(name),
        Body::Many(_) => bail!("a list is understood in responses only"),
    }
}

fn json_body(spec: &Spec, media: &MediaType) -> Result<Body> {
    ensure!(media.encoding.is_empty(), "`encoding` is not understood");
    let schema = media.schema.as_ref().context("a JSON body has a schema")?;
    let body = match Shape::of(schema)? {
        Shape::Named(name) => Some((spec.definition(&name)?, Body::One(name))),
        Shape::List(item) => match *item {
            Shape::Named(name) => Some((spec.definition(&name)?, Body::Many(name))),
            _ => None,
        },
        _ => None,
    };
    let body = body.filter(|(definition, _)| matches!(definition.kind, Kind::Object(_)));
    body.map(|(_, body)| body).context("a JSON body is a $ref to an object, or a list of these")
}

fn inputs(spec: &Spec, endpoint: &Endpoint<'_>, paging: Option<&Paging<'_>>) -> Result<Vec<Input>> {
    let mut inputs = Vec::new();
    let mut in_path = Vec::new();
    for parameter in &endpoint.parameters {
        let ParameterData { name, extensions, description, .. } = parameter.parameter_data_ref();
        let at = || format!("the parameter {name}");
        let description = required_description(description.as_deref()).with_context(at)?;
        if extensions.contains_key(CONTEXT) {
            let by_client =
                matches!(parameter, Parameter::Header { .. }) && reserved::has(reserved::SERVICE_HEADERS, name);
            let is_set = by_client || paging.is_some_and(|paging| paging.sets(parameter));
            ensure!(is_set, "the parameter {name}: {CONTEXT}: the client does not set it by itself");
            continue;
        }
        inputs.push(input(spec, parameter, description).with_context(at)?);
        if let Parameter::Path { .. } = parameter {
            in_path.push(name.as_str());
        }
    }
    ensure_plain_path(endpoint.path)?;
    ensure_path_parameters(endpoint.path, &in_path)?;
    inputs.extend(body(spec, endpoint).context("requestBody")?);
    let mut fields = BTreeSet::from(["new", "resume", "continuation", "parameters"].map(str::to_owned));
    for input in &inputs {
        ensure!(fields.insert(input.field.to_string()), "the name `{}` is taken", input.field);
    }
    Ok(inputs)
}

fn input(spec: &Spec, parameter: &Parameter, mut description: String) -> Result<Input> {
    let data = parameter.parameter_data_ref();
    let ParameterData { name, required, deprecated: None, explode: None, .. } = data else {
        bail!("`deprecated` and `explode` are not understood");
    };
    if let Parameter::Header { .. } = parameter {
        ensure_header_is_free(name)?;
    }
    let field = format_ident!("{}", field_name(without_prefix(name))?);
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
    let (shape, range) = scalar(schema)?;
    if let Some(object) = json_in_string(spec, parameter)? {
        ensure!(in_query && shape == Shape::Text, "{JSON_STRING} is for strings in the query");
        let (value, adding) = (RustType::named(&object), quote!(.query_json(#name, #given)));
        let json = first_example(data).and_then(Value::as_str).and_then(|json| serde_json::from_str(json).ok());
        let sample = json.and_then(|json| sample(spec, &Shape::Named(object), &json));
        return Ok(Input { field, location, description, required: *required, value, adding, sample });
    }
    ensure_examples_are_valid(spec, data, &shape, range.as_ref())?;
    let minimum = range.as_ref().map(|range| *range.start());
    let value = first_example(data).cloned();
    let value = value.or_else(|| required.then(|| samples::placeholder(spec, &shape, minimum)).flatten());
    let sample = value.and_then(|value| sample(spec, &shape, &value));
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

fn sample(spec: &Spec, shape: &Shape, value: &Value) -> Option<Sample> {
    let code = samples::expression(spec, shape, value)?;
    let sent = match (shape, value) {
        (Shape::Named(name), Value::Object(_)) => samples::serialized(spec.definition(name).ok()?, value),
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
            Ok(Kind::Enum(variants)) => variants.iter().any(|variant| value == &variant.wire),
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
fn scalar(schema: &ReferenceOr<Schema>) -> Result<(Shape, Option<RangeInclusive<i64>>)> {
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

fn body(spec: &Spec, endpoint: &Endpoint<'_>) -> Result<Option<Input>> {
    let Some(body) = endpoint.body else { return Ok(None) };
    let name = request_body_schema(spec, &body.content)?;
    let media = body.content.get(JSON);
    let example = media.and_then(|media| media.examples.values().find_map(|example| example.as_item()?.value.as_ref()));
    let sample = example.and_then(|example| sample(spec, &Shape::Named(name.clone()), example));
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
    ensure!(!reserved::has(reserved::HTTP_HEADERS, name), "the client sets this header by itself");
    ensure!(
        !reserved::has(reserved::SERVICE_HEADERS, name),
        "the client sets this header by itself: say so with `{CONTEXT}: true`"
    );
    Ok(())
}

/// Rejects a path with a query or a fragment, and one that servers may interpret in different ways.
fn ensure_plain_path(path: &str) -> Result<()> {
    let segments = path.strip_prefix("/v1/").context("a path begins with `/v1/`")?;
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

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
