//! Operations: constants and plain data, straight from the document.

mod paging;

use crate::{
    layout::{docs, imports, pretty},
    spec::{CONTEXT, Endpoint, JSON, Kind, Shape, Spec, described, field_name, is_success},
};
use anyhow::{Context as _, Result, bail, ensure};
use heck::{ToPascalCase as _, ToSnakeCase as _};
use openapiv3::{
    Content, HeaderStyle, MediaType, Operation, Parameter, ParameterData, ParameterSchemaOrContent, PathStyle,
    QueryStyle, ReferenceOr, Response, Schema, SchemaKind, StatusCode, Type,
};
use paging::Paging;
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};
use std::{collections::BTreeSet, ops::RangeInclusive};
use syn::Ident;

/// The column of methods.
const WITHIN: usize = 4;

/// The schema that all faults are read as.
const FAULT: &str = "Fault";

/// What generated operations may need of the models crate.
const HAND_WRITTEN: [&str; 9] = [
    "Continuation",
    "InvalidParameter",
    "Method",
    "NoContent",
    "Operation",
    "Paged",
    "Parameters",
    "Seek",
    "UnreadableContinuation",
];

pub(crate) fn generate(spec: &Spec) -> Result<String> {
    let mut operations = TokenStream::new();
    let mut names: BTreeSet<String> = spec.definitions.iter().map(|definition| definition.name.clone()).collect();
    for endpoint in spec.endpoints()? {
        let name = endpoint.id().with_context(|| endpoint.at.clone())?.to_pascal_case();
        ensure!(names.insert(name.clone()), "{}/operationId: the name {name} is taken", endpoint.at);
        operations.extend(operation(spec, &endpoint).with_context(|| endpoint.at.clone())?);
    }
    let schemas = spec.definitions.iter().map(|definition| definition.name.as_str());
    let imports = imports(&operations, HAND_WRITTEN.into_iter().chain(schemas), &[])?;
    Ok(format!("{imports}\n{}", pretty(operations)?))
}

/// What a caller gives: a parameter or the body.
struct Input {
    field: Ident,
    description: String,
    required: bool,
    value: RustType,
    /// The call that adds it to the `Parameters`.
    adding: TokenStream,
}

/// The type of an [`Input`].
enum RustType {
    /// Taken as anything that becomes one.
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
        let (docs, field, argument) = (docs(&self.description, WITHIN), &self.field, self.argument());
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

    /// The field of a new operation.
    fn initial(&self) -> TokenStream {
        let field = &self.field;
        match (self.required, &self.value) {
            (false, _) => quote!(#field: None),
            (true, RustType::String) => quote!(#field: #field.into()),
            (true, RustType::Other(_)) => quote!(#field),
        }
    }
}

impl RustType {
    /// What a parameter that is one value comes to.
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
    nothing_special(operation)?;
    let id = endpoint.id()?;
    let name = format_ident!("{}", id.to_pascal_case());
    let verb = match *method {
        "get" | "head" | "post" | "put" | "patch" | "delete" => format_ident!("{}", method.to_pascal_case()),
        other => bail!("the method {other} is not understood"),
    };
    let response = response(spec, endpoint)?;
    let inputs = inputs(spec, endpoint)?;
    let paging = Paging::read(spec, endpoint, &response)?;

    let docs = docs(&documentation(endpoint)?, 0);
    let default = inputs.iter().all(|input| !input.required).then(|| quote!(Default,));
    let mut declarations: Vec<_> = inputs.iter().map(Input::declaration).collect();
    declarations.extend(paging.as_ref().map(|_| quote!(continuation: Option<Continuation>)));
    let constructors = constructors(&inputs, paging.is_some());
    let setters = inputs.iter().filter(|input| !input.required).map(Input::setter);
    let additions = inputs.iter().map(|input| &input.adding);
    let resume = paging.as_ref().map(|_| quote!(.resume(self.continuation.as_ref())));
    let response = format_ident!("{}", response);
    let paged = paging.map(|paging| paging.implementation(&name, &response));
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

        #paged
    })
}

/// `new`, and `resume` where there are pages.
fn constructors(inputs: &[Input], paged: bool) -> TokenStream {
    let required: Vec<_> = inputs.iter().filter(|input| input.required).collect();
    let doc = match (required.len(), inputs.len()) {
        (0, 0) => "The operation; it has no parameters.",
        (0, _) => "The operation without parameters; they are set on it.",
        (required, all) if required == all => "The operation with its parameters.",
        _ => "The operation with its required parameters; the others are set on it.",
    };
    let list = required.iter().map(|input| format!("- `{}`: {}", input.field, one_line(&input.description)));
    let list = list.collect::<Vec<_>>().join("\n");
    let doc = docs(format!("{doc}\n\n{list}").trim_end(), WITHIN);
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
            /// Goes on where `continuation` points, instead of at the first page.
            pub fn resume(#(#arguments,)* continuation: Continuation) -> Self {
                Self { #(#fields,)* continuation: Some(continuation) }
            }
        }
    });
    quote!(#new #resume)
}

/// Refuses what would change the meaning of an operation and is not understood.
fn nothing_special(operation: &Operation) -> Result<()> {
    ensure!(!operation.deprecated, "`deprecated` is not understood");
    ensure!(operation.callbacks.is_empty(), "`callbacks` are not understood");
    ensure!(operation.responses.default.is_none(), "a `default` response is not understood: name each status");
    Ok(())
}

fn documentation(endpoint: &Endpoint<'_>) -> Result<String> {
    let Endpoint { path, method, operation, .. } = endpoint;
    let summary = operation.summary.as_deref().context("a summary is missing")?;
    let description = described(operation.description.as_deref())?;
    let link = operation.external_docs.as_ref();
    let link = link.map(|docs| format!(" ([documentation]({}))", docs.url)).unwrap_or_default();
    Ok(format!("{summary}\n\n{description}\n\n`{} {path}`{link}", method.to_uppercase()))
}

/// The Rust name of what comes back.
fn response(spec: &Spec, endpoint: &Endpoint<'_>) -> Result<String> {
    ensure!(endpoint.successes().next().is_some(), "responses: there is no 2xx");
    let mut names = BTreeSet::new();
    for (status, response) in &endpoint.responses {
        let schemas =
            json_schemas(spec, response, is_success(status)).with_context(|| format!("responses/{status}"))?;
        if is_success(status) {
            names.extend(schemas);
            continue;
        }
        ensure!(
            matches!(status, StatusCode::Code(400..=599) | StatusCode::Range(4 | 5)),
            "responses/{status}: the status is neither 2xx nor 4xx nor 5xx"
        );
        if let Some(other) = schemas.iter().find(|name| *name != FAULT) {
            bail!("responses/{status}: every fault is a {FAULT}, not a {other}");
        }
    }
    ensure!(names.len() <= 1, "responses: one schema for all 2xx, not {names:?}");
    Ok(names.pop_first().unwrap_or_else(|| "NoContent".to_owned()))
}

fn json_schemas(spec: &Spec, response: &Response, only_json: bool) -> Result<Vec<String>> {
    ensure!(response.links.is_empty(), "`links` are not understood");
    // A fault of a gateway may be a text for people.
    let other = response.content.keys().find(|media_type| only_json && *media_type != JSON);
    ensure!(other.is_none(), "the media type {other:?} is not understood");
    response.content.get(JSON).map(|media| named_schema(spec, media)).into_iter().collect()
}

/// The object in a `content` that is JSON alone.
fn json_schema(spec: &Spec, content: &Content) -> Result<String> {
    match content.get(JSON) {
        Some(media) if content.len() == 1 => named_schema(spec, media),
        _ => bail!("`content` is {JSON} and nothing else"),
    }
}

/// The object that a JSON body is.
fn named_schema(spec: &Spec, media: &MediaType) -> Result<String> {
    ensure!(media.encoding.is_empty(), "`encoding` is not understood");
    let Some(ReferenceOr::Reference { .. }) = &media.schema else { bail!("a JSON body is a $ref to a schema") };
    match media.schema.as_ref().map(Shape::of).transpose()? {
        Some(Shape::Named(name)) if matches!(spec.definition(&name)?.kind, Kind::Object(_)) => Ok(name),
        _ => bail!("a JSON body is an object"),
    }
}

fn inputs(spec: &Spec, endpoint: &Endpoint<'_>) -> Result<Vec<Input>> {
    let mut inputs = Vec::new();
    let mut in_path = Vec::new();
    for parameter in &endpoint.parameters {
        let ParameterData { name, extensions, description, .. } = parameter.parameter_data_ref();
        let at = || format!("the parameter {name}");
        let description = described(description.as_deref()).with_context(at)?;
        if extensions.contains_key(CONTEXT) {
            continue;
        }
        inputs.push(input(spec, parameter, description).with_context(at)?);
        if let Parameter::Path { .. } = parameter {
            in_path.push(name.as_str());
        }
    }
    path_is_filled(endpoint.path, &in_path)?;
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
    let field = format_ident!("{}", field_name(without_prefix(name))?);
    let given = if *required { quote!(&self.#field) } else { quote!(self.#field.as_ref()) };
    let in_query = match parameter {
        Parameter::Query { allow_reserved: false, style: QueryStyle::Form, allow_empty_value: None, .. } => true,
        Parameter::Header { style: HeaderStyle::Simple, .. } => false,
        Parameter::Path { style: PathStyle::Simple, .. } if *required => false,
        Parameter::Path { style: PathStyle::Simple, .. } => bail!("a parameter of the path is required"),
        _ => bail!("a parameter in this place or style is not understood"),
    };
    let (value, adding) = match &data.format {
        ParameterSchemaOrContent::Content(content) => {
            ensure!(in_query, "`content` is understood in the query only");
            (RustType::named(&json_schema(spec, content)?), quote!(.query_json(#name, #given)))
        }
        ParameterSchemaOrContent::Schema(schema) => {
            let (shape, range) = scalar(schema)?;
            let adding = match (parameter, range) {
                (Parameter::Query { .. }, Some(range)) => {
                    description = format!("{description} ({} to {})", range.start(), range.end());
                    let [start, end] = [*range.start(), *range.end()].map(Literal::i64_unsuffixed);
                    quote!(.query_within(#name, #given, &(#start..=#end)))
                }
                (_, Some(_)) => bail!("`minimum` and `maximum` are understood in the query only"),
                (Parameter::Query { .. }, None) => quote!(.query(#name, #given)),
                (Parameter::Path { .. }, None) => quote!(.path(#name, #given)),
                (_, None) => quote!(.header(#name, #given)),
            };
            (RustType::of(spec, &shape)?, adding)
        }
    };
    Ok(Input { field, description, required: *required, value, adding })
}

/// What the schema of a parameter comes to, and the range of an integer.
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
    let name = json_schema(spec, &body.content)?;
    let field = format_ident!("{}", name.to_snake_case());
    let given = if body.required { quote!(&self.#field) } else { quote!(self.#field.as_ref()) };
    Ok(Some(Input {
        field,
        description: described(body.description.as_deref())?,
        required: body.required,
        value: RustType::named(&name),
        adding: quote!(.body(#given)),
    }))
}

/// Every `{name}` of the path is a parameter, and every parameter of the path has its `{name}`.
fn path_is_filled(path: &str, parameters: &[&str]) -> Result<()> {
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

/// The name of a header without what says whose it is.
fn without_prefix(name: &str) -> &str {
    name.strip_prefix("MS-").or_else(|| name.strip_prefix("X-")).unwrap_or(name)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
