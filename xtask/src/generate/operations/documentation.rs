//! The documentation of operations: what they do, who may call them, what they fail with, and an example.

use super::input::{InputLocation, InputSample, OperationInput};
use crate::{
    dialect::{Authentication, Cloud, Idempotency, Operation},
    document::Spec,
    generate::samples,
};
use anyhow::Result;
use proc_macro2::Literal;
use quote::quote;
use std::collections::BTreeSet;
use syn::Ident;

/// The number of clouds that an operation may be in.
const NUMBER_OF_CLOUDS: usize = 3;

pub(super) fn operation_documentation(
    spec: &Spec,
    operation: &Operation,
    name: &Ident,
    inputs: &[OperationInput],
) -> Result<String> {
    let Operation { path, method, facts, .. } = operation;
    let link = facts.documentation.as_ref().map(|(_, url)| format!(" ([documentation]({url}))")).unwrap_or_default();
    let deprecated = facts.deprecated.as_ref().map(|reason| format!("\n\n**Deprecated**: {reason}"));
    let head = format!("{}{}", facts.summary, deprecated.unwrap_or_default());
    let description = &facts.description;
    let (requirements, errors) = (requirements_section(operation), errors_section(operation));
    let example = operation_example(spec, operation, name, inputs)?;
    Ok(format!("{head}\n\n{description}\n\n`{} {path}`{link}{requirements}{errors}{example}", method.to_uppercase()))
}

/// Returns the section on what a call requires.
fn requirements_section(Operation { method, facts, .. }: &Operation) -> String {
    let authentication = match facts.authentication.as_slice() {
        [Authentication::AppOnly] => "an app-only credential",
        [Authentication::AppUser] => "an App+User credential",
        _ => "an app-only or an App+User credential",
    };
    let mut lines = vec![format!("- Authentication: {authentication}.")];
    if !facts.permissions.is_empty() {
        lines.push(format!("- Permissions: {}", facts.permissions));
    }
    let clouds: Vec<_> = facts
        .clouds
        .iter()
        .map(|cloud| match cloud {
            Cloud::Global => "global",
            Cloud::China => "China",
            Cloud::UsGovernment => "US Government",
        })
        .collect();
    let clouds = if clouds.len() == NUMBER_OF_CLOUDS { "all".to_owned() } else { clouds.join(", ") };
    lines.push(format!("- Clouds: {clouds}."));
    let idempotency = match facts.idempotency {
        Idempotency::Natural if ["get", "head"].contains(&method.as_str()) => None,
        Idempotency::Natural => Some("to send it twice is the same as to send it once."),
        Idempotency::RequestId => Some("the service recognizes a request that is sent again by its `MS-RequestId`."),
        Idempotency::None => Some("what is sent twice is done twice."),
    };
    lines.extend(idempotency.map(|idempotency| format!("- Idempotency: {idempotency}")));
    format!("\n\n# Requirements\n\n{}", lines.join("\n"))
}

/// Returns the section on the documented error codes; empty if there are none.
fn errors_section(Operation { facts, .. }: &Operation) -> String {
    let lines: Vec<_> = facts
        .error_codes
        .iter()
        .map(|code| format!("- {} with code {}: {}", code.status, code.code, code.description))
        .collect();
    if lines.is_empty() { String::new() } else { format!("\n\n# Errors\n\n{}", lines.join("\n")) }
}

/// Returns the documentation of an example that creates the operation and shows what it sends.
fn operation_example(spec: &Spec, operation: &Operation, name: &Ident, inputs: &[OperationInput]) -> Result<String> {
    let (mut arguments, mut setters, mut given) = (Vec::new(), Vec::new(), Vec::new());
    let [mut path, mut query, mut lists, mut headers] = [const { Vec::new() }; 4];
    let mut body = None;
    for OperationInput { field, location, required, value, sample, .. } in inputs {
        match (sample, required) {
            (Some(InputSample { code, .. }), true) => arguments.push(code.clone()),
            (Some(InputSample { code, .. }), false) => setters.push(quote!(.#field(#code))),
            (None, true) => {
                arguments.push(quote!(#field));
                given.push((field.clone(), value.name()));
            }
            (None, false) => {}
        }
        let Some(InputSample { sent, .. }) = sample else { continue };
        let sent = sent.iter().map(|sent| samples::string_literal_tokens(sent)).collect::<Result<Vec<_>>>()?;
        match location {
            InputLocation::Path(name) => path.extend(sent.iter().map(|sent| quote!((#name, #sent.to_owned())))),
            InputLocation::Query(name) => query.extend(sent.iter().map(|sent| quote!((#name, #sent.to_owned())))),
            InputLocation::CommaSeparated(name) => lists.push(quote!((#name, vec![#(#sent.to_owned()),*]))),
            InputLocation::Header(name) => headers.extend(sent.iter().map(|sent| quote!((#name, #sent.to_owned())))),
            InputLocation::Body => {
                body = sent.first().map(|sent| quote!(assert_eq!(parameters.body, Some(Body::json(#sent)));));
            }
            InputLocation::Part(_) => {}
        }
    }
    let parts =
        [(quote!(path), path), (quote!(query), query), (quote!(comma_separated), lists), (quote!(headers), headers)];
    let parts = parts.iter().flat_map(|(part, values)| {
        values.iter().enumerate().map(move |(index, value)| {
            let index = Literal::usize_unsuffixed(index);
            quote!(assert_eq!(parameters.#part[#index], #value);)
        })
    });
    let path = &operation.path;
    let code = quote! {
        let operation = #name::new(#(#arguments),*) #(#setters)*;
        let parameters = operation.parameters()?;
        assert_eq!(#name::PATH, #path);
        #(#parts)*
        #body
    };
    let name = name.to_string();
    let mut imports = BTreeSet::from([name.as_str(), "Operation"]);
    imports.extend(body.is_some().then_some("Body"));
    // Types of arguments that no example is known of.
    let given_types: Vec<_> = given.iter().map(|(_, value)| value.to_string()).collect();
    let supporting = ["Date", "DateTime", "Decimal", "JsonValue", "Secret", "UploadFile"];
    imports.extend(supporting.into_iter().filter(|name| given_types.iter().any(|value| value.contains(name))));
    let imports: Vec<_> = imports.into_iter().collect();
    samples::example_documentation(spec, &imports, &code, &given)
}
