//! The inputs of an operation: its parameters and its body, as they become fields, arguments and setters in Rust.

use super::response::rust_type;
use crate::{
    dialect::{self, BodyType, ExampleSource, Operation, Parameter, ParameterStyle, Property, RequestBody, Shape},
    document::Spec,
    generate::{
        code::{MEMBER_INDENT, doc_comment},
        samples,
    },
};
use anyhow::{Context as _, Result, ensure};
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};
use serde_json::Value;
use std::collections::BTreeSet;
use syn::Ident;

/// A value that the caller passes: a parameter, the body, or a part of a form.
pub(super) struct OperationInput {
    pub(super) field: Ident,
    pub(super) location: InputLocation,
    pub(super) description: String,
    pub(super) required: bool,
    pub(super) value: RustType,
    pub(super) sample: Option<InputSample>,
    /// Why it is deprecated, and what replaces it.
    deprecated: Option<String>,
    /// The call that adds it to the `Parameters`, or to the form.
    adding: TokenStream,
}

/// The part of the request that an [`OperationInput`] goes to, with its name there.
pub(super) enum InputLocation {
    Path(String),
    Query(String),
    /// A query parameter with several values in one.
    CommaSeparated(String),
    Header(String),
    Body,
    /// A part of a form.
    Part(String),
}

/// A value of an [`OperationInput`] in the example of the documentation.
pub(super) struct InputSample {
    pub(super) code: TokenStream,
    /// The values as they are sent, before they are encoded: one, or those of a list.
    pub(super) sent: Vec<String>,
}

/// The type of an [`OperationInput`].
pub(super) enum RustType {
    /// Taken as `impl Into<String>`.
    String,
    Other(TokenStream),
}

impl OperationInput {
    pub(super) fn field_declaration(&self) -> TokenStream {
        let (field, value) = (&self.field, self.value.name());
        if self.required { quote!(#field: #value) } else { quote!(#field: Option<#value>) }
    }

    pub(super) fn constructor_argument(&self) -> TokenStream {
        let field = &self.field;
        match &self.value {
            RustType::String => quote!(#field: impl Into<String>),
            RustType::Other(name) => quote!(#field: #name),
        }
    }

    pub(super) fn generate_setter(&self) -> TokenStream {
        let (field, argument) = (&self.field, self.constructor_argument());
        let target = match &self.location {
            InputLocation::Path(name) => format!("the path parameter `{name}`"),
            InputLocation::Query(name) | InputLocation::CommaSeparated(name) => format!("the query parameter `{name}`"),
            InputLocation::Header(name) => format!("the header `{name}`"),
            InputLocation::Body => "the body".to_owned(),
            InputLocation::Part(name) => format!("the part `{name}` of the form"),
        };
        let docs = doc_comment(&format!("Sets {target}.\n\n{}", self.description), MEMBER_INDENT);
        let deprecated = self.deprecated.as_ref().map(|reason| quote!(#[deprecated = #reason]));
        let value = match &self.value {
            RustType::String => quote!(#field.into()),
            RustType::Other(_) => quote!(#field),
        };
        quote! {
            #docs
            #deprecated
            pub fn #field(mut self, #argument) -> Self {
                self.#field = Some(#value);
                self
            }
        }
    }

    /// Returns the field in the constructor.
    pub(super) fn initial_field_value(&self) -> TokenStream {
        let field = &self.field;
        match (self.required, &self.value) {
            (false, _) => quote!(#field: None),
            (true, RustType::String) => quote!(#field: #field.into()),
            (true, RustType::Other(_)) => quote!(#field),
        }
    }
}

impl RustType {
    fn from_shape(shape: &Shape) -> Result<Self> {
        Ok(if *shape == Shape::Text { Self::String } else { Self::Other(rust_type(shape)?) })
    }

    pub(super) fn name(&self) -> TokenStream {
        match self {
            Self::String => quote!(String),
            Self::Other(name) => name.clone(),
        }
    }
}

pub(super) fn operation_inputs(spec: &Spec, operation: &Operation) -> Result<Vec<OperationInput>> {
    let mut inputs = Vec::new();
    for parameter in operation.caller_set_parameters() {
        let input = input_of_parameter(spec, parameter);
        inputs.push(input.with_context(|| format!("the parameter {}", parameter.wire))?);
    }
    if let Some(body) = &operation.body {
        inputs.extend(inputs_of_body(spec, body, &operation.facts.replaced_fields).context("requestBody")?);
    }
    let mut fields = BTreeSet::new();
    for input in &inputs {
        ensure!(
            fields.insert(input.field.to_string()),
            "the name `{}` is taken: give one of the parameters another with x-pc-name",
            input.field
        );
    }
    Ok(inputs)
}

/// Returns the calls that add all inputs to the `Parameters`.
pub(super) fn add_to_parameters_calls(inputs: &[OperationInput]) -> TokenStream {
    let (parts, others): (Vec<_>, Vec<_>) =
        inputs.iter().partition(|input| matches!(input.location, InputLocation::Part(_)));
    let parts: Vec<_> = parts.iter().map(|input| &input.adding).collect();
    let form = (!parts.is_empty()).then(|| quote!(.multipart(MultipartForm::new() #(#parts)*)));
    let others = others.iter().map(|input| &input.adding);
    quote!(#(#others)* #form)
}

fn input_of_parameter(spec: &Spec, parameter: &Parameter) -> Result<OperationInput> {
    let Parameter { wire, required, shape, style, range, .. } = parameter;
    let field = format_ident!("{}", parameter.field);
    let given = if *required { quote!(&self.#field) } else { quote!(self.#field.as_ref()) };
    let range = range.as_ref().map(|range| {
        let [start, end] = [*range.start(), *range.end()].map(Literal::i64_unsuffixed);
        quote!(&(#start..=#end))
    });
    let adding = match (parameter.location, style, range) {
        (dialect::ParameterLocation::Path, ..) => quote!(.path(#wire, #given)),
        (dialect::ParameterLocation::Header, ParameterStyle::Quoted, _) => quote!(.header_quoted(#wire, #given)),
        (dialect::ParameterLocation::Header, ..) => quote!(.header(#wire, #given)),
        (_, ParameterStyle::Exploded, _) => quote!(.query_each(#wire, #given)),
        (_, ParameterStyle::CommaSeparated, _) => quote!(.query_comma_separated(#wire, #given)),
        (_, ParameterStyle::CapitalizedBool, _) => quote!(.query_capitalized(#wire, #given)),
        (_, ParameterStyle::Json, _) => quote!(.query_json(#wire, #given)),
        (_, _, Some(range)) => quote!(.query_within(#wire, #given, #range)),
        (_, _, None) => quote!(.query(#wire, #given)),
    };
    let length = match (parameter.min_length, parameter.max_length) {
        (None, None) => None,
        (min, max) => {
            let min = Literal::usize_unsuffixed(min.unwrap_or_default());
            let max = max.map(Literal::usize_unsuffixed).map_or_else(|| quote!(usize::MAX), |max| quote!(#max));
            Some(quote!(.length(#wire, #given, &(#min..=#max))))
        }
    };
    let location = match (parameter.location, style) {
        (dialect::ParameterLocation::Path, _) => InputLocation::Path(wire.clone()),
        (dialect::ParameterLocation::Header, _) => InputLocation::Header(wire.clone()),
        (dialect::ParameterLocation::Query, ParameterStyle::CommaSeparated) => {
            InputLocation::CommaSeparated(wire.clone())
        }
        (dialect::ParameterLocation::Query, _) => InputLocation::Query(wire.clone()),
    };
    let value = parameter.examples.first().cloned();
    let value = value.or_else(|| required.then(|| samples::parameter_placeholder(spec, parameter)).flatten());
    let sample = value.and_then(|value| parameter_sample(spec, parameter, &value));
    Ok(OperationInput {
        field,
        location,
        description: parameter.documentation(),
        required: *required,
        value: RustType::from_shape(shape)?,
        sample,
        deprecated: parameter.deprecated.clone(),
        adding: quote!(#length #adding),
    })
}

fn parameter_sample(spec: &Spec, parameter: &Parameter, value: &Value) -> Option<InputSample> {
    match (parameter.style, &parameter.shape, value) {
        (ParameterStyle::Json, shape, Value::String(json)) => {
            value_sample(spec, shape, &serde_json::from_str(json).ok()?)
        }
        (_, Shape::List(item), Value::Array(values)) => {
            let samples = values.iter().map(|value| value_sample(spec, item, value)).collect::<Option<Vec<_>>>()?;
            let is_text = **item == Shape::Text;
            let code = samples
                .iter()
                .map(|InputSample { code, .. }| if is_text { quote!(#code.to_owned()) } else { code.clone() });
            let code = quote!(vec![#(#code),*]);
            Some(InputSample { code, sent: samples.into_iter().flat_map(|sample| sample.sent).collect() })
        }
        (ParameterStyle::CapitalizedBool, shape, value) => {
            let sent = if value.as_bool()? { "True" } else { "False" };
            Some(InputSample { sent: vec![sent.to_owned()], ..value_sample(spec, shape, value)? })
        }
        (ParameterStyle::Quoted, shape, value) => {
            let tag = value.as_str()?;
            let is_quoted = tag == "*" || (tag.ends_with('"') && (tag.starts_with('"') || tag.starts_with("W/\"")));
            let sent = if is_quoted { tag.to_owned() } else { format!("\"{tag}\"") };
            Some(InputSample { sent: vec![sent], ..value_sample(spec, shape, value)? })
        }
        (_, shape, value) => value_sample(spec, shape, value),
    }
}

fn value_sample(spec: &Spec, shape: &Shape, value: &Value) -> Option<InputSample> {
    let code = samples::rust_expression(spec, shape, value)?;
    let sent = match (shape, value) {
        (Shape::Named(name), Value::Object(_)) => samples::serialized_as_models(spec.definition(name).ok()?, value),
        (_, Value::String(string)) => string.clone(),
        (_, value) => value.to_string(),
    };
    Some(InputSample { code, sent: vec![sent] })
}

fn inputs_of_body(spec: &Spec, body: &RequestBody, replaced_fields: &[String]) -> Result<Vec<OperationInput>> {
    if body.media_type == BodyType::Multipart {
        let name = body.shape.schema_name().context("a form is a $ref to an object: write one")?;
        return spec
            .definition(name)?
            .properties()
            .iter()
            .map(|part| input_of_form_part(part, body.required))
            .collect();
    }
    let field = format_ident!("{}", body.field);
    let given = if body.required { quote!(&self.#field) } else { quote!(self.#field.as_ref()) };
    let example = body.examples.iter().find_map(|example| match &example.source {
        ExampleSource::Inline(value) => Some(value),
        ExampleSource::File(_) => None,
    });
    Ok(vec![OperationInput {
        field,
        location: InputLocation::Body,
        sample: example.and_then(|example| value_sample(spec, &body.shape, example)),
        description: body.description.clone(),
        required: body.required,
        value: RustType::from_shape(&body.shape)?,
        deprecated: None,
        adding: if replaced_fields.is_empty() {
            quote!(.body(#given))
        } else {
            quote!(.complete_body(#given, &[#(#replaced_fields),*]))
        },
    }])
}

fn input_of_form_part(part: &Property, is_form_required: bool) -> Result<OperationInput> {
    let (field, wire) = (format_ident!("{}", part.field), &part.wire);
    let required = part.required && is_form_required;
    let adding = match (&part.shape, required) {
        (Shape::Binary, true) => quote!(.files(#wire, [&self.#field])),
        (Shape::Binary, false) | (Shape::List(_), true) => quote!(.files(#wire, &self.#field)),
        (Shape::List(_), false) => quote!(.files(#wire, self.#field.iter().flatten())),
        (_, true) => quote!(.value(#wire, &self.#field)),
        (_, false) => quote!(.value(#wire, self.#field.as_ref())),
    };
    Ok(OperationInput {
        field,
        location: InputLocation::Part(wire.clone()),
        description: part.documentation(),
        required,
        value: RustType::from_shape(&part.shape)?,
        sample: None,
        deprecated: part.deprecated.clone(),
        adding,
    })
}
