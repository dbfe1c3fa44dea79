//! Operations that belong together: the GET of a resource and what replaces it, and an operation that is completed later and what
//! shows its state.

use super::{
    input::{self, InputLocation, OperationInput, RustType},
    response::ResponseType,
};
use crate::{
    dialect::{BodyType, DefinitionKind, Operation, Polling, ResponseOutcome, Shape, X_PC_POLLING, X_PC_REPLACES},
    document::Spec,
};
use anyhow::{Context as _, Result, bail, ensure};
use heck::ToPascalCase as _;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

/// The header with the etag of the resource that a request is based on.
const IF_MATCH_HEADER: &str = "If-Match";

/// Returns the code that pairs the GET of a resource with the operation that replaces it; `None` if there is none.
pub(super) fn updatable_implementation(spec: &Spec, get: &Operation) -> Result<Option<TokenStream>> {
    let Some(resource) = response_schema_name(get).filter(|_| get.method == "get" && get.facts.paging.is_none()) else {
        return Ok(None);
    };
    let replaces = |operation: &&Operation| {
        let is_replacement = operation.method == "put" || operation.facts.is_replacement();
        is_replacement && operation.path == get.path && request_body_schema_name(operation) == Some(resource)
    };
    let Some(update) = spec.operations.iter().find(replaces) else { return Ok(None) };
    let own = input::operation_inputs(spec, get)?;
    let fields = input::operation_inputs(spec, update)?;
    let fields: Option<Vec<_>> = fields.iter().map(|input| updated_field_expression(input, &own)).collect();
    // An input that the resource does not have: the caller has to perform the operation by itself.
    let Some(fields) = fields else { return Ok(None) };
    let [name, update_name] = [get, update].map(operation_type_name);
    let resource = format_ident!("{resource}");
    let allow = allow_deprecated_attribute(&[get, update]);
    Ok(Some(quote! {
        #allow
        impl Updatable for #name {
            type Update = #update_name;
            fn update(&self, resource: #resource) -> Result<#update_name, InvalidParameter> {
                Ok(#update_name { #(#fields),* })
            }
        }
    }))
}

/// Rejects a PATCH that replaces a resource which nothing gets, or which other requests have to create.
pub(super) fn ensure_replacement_is_read_first(spec: &Spec, operation: &Operation) -> Result<()> {
    if !operation.facts.is_replacement() {
        return Ok(());
    }
    let body = request_body_schema_name(operation).with_context(|| {
        format!(
            "{X_PC_REPLACES}: the body is not a required object: write `required: true` and a $ref, or leave it out"
        )
    })?;
    let is_got = spec
        .operations
        .iter()
        .any(|get| get.method == "get" && get.path == operation.path && response_schema_name(get) == Some(body));
    ensure!(is_got, "{X_PC_REPLACES}: no GET of the path has the same object: write one, or leave it out");
    let definition = spec.definition(body)?;
    for name in &operation.facts.replaced_fields {
        let is_known = definition.properties().iter().any(|property| property.wire == *name);
        ensure!(is_known, "{X_PC_REPLACES}: {body} has no property `{name}`: write the name of one");
    }
    let mut others = spec.operations.iter().filter(|other| !other.facts.is_replacement());
    if let Some(other) = others.find(|other| request_body_schema_name(other) == Some(body)) {
        bail!(
            "{X_PC_REPLACES}: {} sends {body}, too, which cannot be created: write a schema of its own",
            other.facts.id
        );
    }
    Ok(())
}

/// Returns a field of the operation that replaces a resource; `None` if its value is unknown.
fn updated_field_expression(input: &OperationInput, own: &[OperationInput]) -> Option<TokenStream> {
    let field = &input.field;
    Some(match &input.location {
        InputLocation::Path(_) => field_from_own_value(input, own)?,
        InputLocation::Body => quote!(#field: resource),
        InputLocation::Header(name) if name == IF_MATCH_HEADER && input.required => {
            quote!(#field: Self::required_etag(&resource)?)
        }
        InputLocation::Header(name) if name == IF_MATCH_HEADER => quote!(#field: Self::etag(&resource)),
        _ if input.required => return None,
        _ => quote!(#field: None),
    })
}

/// Returns a field with the value that another operation has in a field of this name.
fn field_from_own_value(input: &OperationInput, own: &[OperationInput]) -> Option<TokenStream> {
    let field = &input.field;
    let value = input.value.name().to_string();
    own.iter().find(|other| {
        let is_path = matches!(other.location, InputLocation::Path(_));
        is_path && other.field == *field && other.value.name().to_string() == value
    })?;
    let is_copy = !matches!(input.value, RustType::String) && ["Uuid", "bool", "i32", "i64"].contains(&value.as_str());
    Some(if is_copy { quote!(#field: self.#field) } else { quote!(#field: self.#field.clone()) })
}

/// Returns the code that tells how to see whether an operation is completed; `None` if it does not say.
pub(super) fn long_running_implementation(
    spec: &Spec,
    operation: &Operation,
    response: &ResponseType,
) -> Result<Option<TokenStream>> {
    let Some(Polling { operation: poll, state, shows }) = &operation.facts.polling else { return Ok(None) };
    ensure!(response.may_complete_later(), "{X_PC_POLLING}: the operation has no 202: write one, or leave it out");
    let missing = || format!("{X_PC_POLLING}: there is no operation {poll}: write the operationId of a GET");
    let poll = spec.operations.iter().find(|operation| operation.facts.id == *poll).with_context(missing)?;
    let result = response_schema_name(poll).filter(|_| poll.method == "get").with_context(|| {
        format!("{X_PC_POLLING}: {} does not get an object: write the operationId of a GET that does", poll.facts.id)
    })?;
    for property in state.iter().map(|(state, _)| state).chain(shows) {
        ensure_property_exists(spec, result, property)?;
    }
    for property in shows {
        let body = request_body_schema_name(operation)
            .with_context(|| format!("{X_PC_POLLING}: shows is for the properties of a body: leave it out"))?;
        ensure_property_exists(spec, body, property)?;
    }
    ensure!(
        !response.may_complete_immediately() || response_schema_name(operation) == Some(result),
        "{X_PC_POLLING}: the response of {} is another than that of the operation: write a GET of the same object",
        poll.facts.id
    );
    let by_state = state.as_ref().map(|(state, completed)| quote!(.state(#state, &[#(#completed),*])));
    let by_values = (!shows.is_empty()).then(|| quote!(.shown(&[#(#shows),*])));
    let polling = quote!(Polling::by_status() #by_state #by_values);
    let own = input::operation_inputs(spec, operation)?;
    let poll_inputs = input::operation_inputs(spec, poll)?;
    let fields: Option<Vec<_>> = poll_inputs
        .iter()
        .map(|input| match (&input.field, input.required) {
            (field, false) => Some(quote!(#field: None)),
            _ => field_from_own_value(input, &own),
        })
        .collect();
    let [name, poll_name] = [operation, poll].map(operation_type_name);
    let poll_value = fields.map_or_else(|| quote!(None), |fields| quote!(Some(#poll_name { #(#fields),* })));
    let expected_properties = operation.body.as_ref().filter(|_| !shows.is_empty()).map(|body| {
        let body = format_ident!("{}", body.field);
        quote! {
            fn expected_properties(&self) -> serde_json::Map<String, serde_json::Value> {
                Self::POLLING.expected_properties(&self.#body)
            }
        }
    });
    let completion =
        if response.may_complete_immediately() { quote!(response) } else { quote!(Completion::Accepted(response)) };
    let result = format_ident!("{result}");
    let allow = allow_deprecated_attribute(&[operation, poll]);
    Ok(Some(quote! {
        #allow
        impl LongRunning for #name {
            type Poll = #poll_name;
            const POLLING: Polling = #polling;
            fn poll(&self) -> Option<#poll_name> {
                #poll_value
            }
            #expected_properties
            fn completion(response: Self::Response) -> Completion<#result> {
                #completion
            }
        }
    }))
}

fn ensure_property_exists(spec: &Spec, schema: &str, property: &str) -> Result<()> {
    let DefinitionKind::Object(object) = &spec.definition(schema)?.kind else { return Ok(()) };
    let is_there = object.properties.iter().any(|other| other.wire == property);
    ensure!(is_there, "{X_PC_POLLING}: {schema} has no property `{property}`: write the name of one");
    Ok(())
}

/// Returns the schema of the JSON that an operation responds with, if it is an object and nothing else beside it.
fn response_schema_name(operation: &Operation) -> Option<&str> {
    if operation.responses.iter().any(|response| response.outcome == ResponseOutcome::Absent) {
        return None;
    }
    let done = || operation.responses.iter().filter(|response| response.outcome == ResponseOutcome::Done);
    let (BodyType::Json, Shape::Named(name)) = done().find_map(|response| response.body.as_ref())? else { return None };
    done().all(|response| response.fields.is_empty()).then_some(name)
}

/// Returns the schema of the body that an operation requires.
fn request_body_schema_name(operation: &Operation) -> Option<&str> {
    let body = operation.body.as_ref().filter(|body| body.required)?;
    match &body.shape {
        Shape::Named(name) if body.media_type == BodyType::Json => Some(name),
        _ => None,
    }
}

fn operation_type_name(operation: &Operation) -> syn::Ident {
    format_ident!("{}", operation.facts.id.to_pascal_case())
}

fn allow_deprecated_attribute(operations: &[&Operation]) -> Option<TokenStream> {
    operations.iter().any(|operation| operation.facts.deprecated.is_some()).then(|| quote!(#[allow(deprecated)]))
}
