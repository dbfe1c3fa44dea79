//! The operations of the models crate: structs with the parameters, whose traits define the request and the response.

mod body;
mod input;
mod paging;

use super::{
    ROOT_AREA,
    areas::ensure_same_area,
    code::{MEMBER_INDENT, doc_comment, format_items, import_items, names_used},
    samples,
};
use crate::{
    dialect::{PAGING, required_description},
    document::{Endpoint, Spec},
    problems::Problems,
};
use anyhow::{Context as _, Result, bail, ensure};
use body::{Body, response_type};
use heck::ToPascalCase as _;
use input::{Input, Location, Sample, operation_inputs};
use openapiv3::Operation;
use paging::Paging;
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};
use std::collections::BTreeMap;
use syn::Ident;

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

/// Returns the code of the operations of each area that has some.
pub(crate) fn generate_operations(spec: &Spec) -> Result<BTreeMap<&str, String>> {
    let mut areas: BTreeMap<&str, TokenStream> = BTreeMap::new();
    let mut problems = Problems::default();
    for endpoint in spec.endpoints()? {
        let code = problems.take(&endpoint.at, generate_operation(spec, &endpoint));
        let area =
            spec.operations.iter().find(|operation| operation.at == endpoint.at).map(|operation| &operation.area);
        areas.entry(area.map_or(ROOT_AREA, String::as_str)).or_default().extend(code);
    }
    problems.into_result()?;
    areas.into_iter().map(|(area, operations)| Ok((area, format_operations(spec, area, operations)?))).collect()
}

fn format_operations(spec: &Spec, area: &str, operations: TokenStream) -> Result<String> {
    let used = names_used(&operations)?;
    for definition in spec.definitions.iter().filter(|definition| used.contains(&definition.name)) {
        ensure_same_area(definition, area)?;
    }
    let names = spec.definitions.iter().map(|definition| definition.name.as_str());
    let imports = import_items(&operations, HAND_WRITTEN_NAMES.into_iter().chain(names), &[])?;
    Ok(format!("{imports}\n{}", format_items(operations)?))
}

/// Returns warnings about operations that seem to be paginated but lack the extension: a client takes their response for
/// complete, and a response with a next page for an error.
pub(crate) fn pagination_warnings(spec: &Spec) -> Result<Vec<String>> {
    let mut warnings = Vec::new();
    for endpoint in spec.endpoints()? {
        let Some(Body::One(name)) = response_type(spec, &endpoint).with_context(|| endpoint.at.clone())? else {
            continue;
        };
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

fn generate_operation(spec: &Spec, endpoint: &Endpoint<'_>) -> Result<TokenStream> {
    let Endpoint { path, method, operation, .. } = endpoint;
    ensure_nothing_unsupported(operation)?;
    let id = endpoint.id()?;
    let name = format_ident!("{}", id.to_pascal_case());
    let verb = match *method {
        "get" | "head" | "post" | "put" | "patch" | "delete" => format_ident!("{}", method.to_pascal_case()),
        other => bail!("the method {other} is not understood"),
    };
    let response = response_type(spec, endpoint)?;
    let page = match &response {
        Some(Body::One(name)) => Some(name.as_str()),
        _ => None,
    };
    let paging = Paging::read(spec, endpoint, page)?;
    let inputs = operation_inputs(spec, endpoint, paging.as_ref())?;

    let docs =
        doc_comment(&(operation_documentation(endpoint)? + &operation_example(spec, endpoint, &name, &inputs)?), 0);
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
    let doc = doc_comment(format!("{doc}\n\n{list}").trim_end(), MEMBER_INDENT);
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

fn operation_documentation(endpoint: &Endpoint<'_>) -> Result<String> {
    let Endpoint { path, method, operation, .. } = endpoint;
    let summary = operation.summary.as_deref().context("a summary is missing")?;
    let description = required_description(operation.description.as_deref())?;
    let link = operation.external_docs.as_ref();
    let link = link.map(|docs| format!(" ([documentation]({}))", docs.url)).unwrap_or_default();
    Ok(format!("{summary}\n\n{description}\n\n`{} {path}`{link}", method.to_uppercase()))
}

/// Returns the documentation of an example that creates the operation and shows what it sends.
fn operation_example(spec: &Spec, endpoint: &Endpoint<'_>, name: &Ident, inputs: &[Input]) -> Result<String> {
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
            Location::Body => body = Some(quote!(assert_eq!(parameters.body, Some(Body::json(#sent)));)),
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
    let name = name.to_string();
    let imports: &[&str] = if body.is_some() { &["Body", &name, "Operation"] } else { &[&name, "Operation"] };
    samples::example_documentation(spec, imports, &code, &given)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
