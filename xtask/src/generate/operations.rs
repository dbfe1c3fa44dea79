//! The operations of the models crate: structs with the parameters, whose traits define the request and the response.

mod documentation;
mod input;
mod paging;
mod related;
mod response;

use super::{
    areas::ensure_same_area,
    code::{MEMBER_INDENT, doc_comment, format_items_with_inline_methods, generate_imports, names_used},
};
use crate::{
    dialect::{Authentication, Idempotency, Operation},
    document::Spec,
    problems::Problems,
};
use anyhow::Result;
use heck::ToPascalCase as _;
use input::OperationInput;
use paging::TypedPaging;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use response::ResponseType;
use std::collections::BTreeMap;

/// Hand-written names of the models crate that generated operations may use.
const HAND_WRITTEN_NAMES: [&str; 33] = [
    "Accepted",
    "Binary",
    "Completion",
    "ContinuationToken",
    "Date",
    "DateTime",
    "Decimal",
    "FromResponse",
    "Idempotency",
    "InvalidContinuationToken",
    "InvalidParameter",
    "JsonValue",
    "LongRunning",
    "Method",
    "MultipartForm",
    "NoContent",
    "Operation",
    "PageFingerprint",
    "PagePosition",
    "Paginated",
    "Pagination",
    "Parameters",
    "Polling",
    "PositionedPage",
    "ResponseReader",
    "Secret",
    "SingleResponse",
    "Text",
    "UploadFile",
    "UnknownFields",
    "UnknownInteger",
    "UnknownVariant",
    "Updatable",
];

/// Returns the code of the operations of each area that has some.
pub(crate) fn generate_operations(spec: &Spec) -> Result<BTreeMap<&str, String>> {
    let mut areas: BTreeMap<&str, TokenStream> = BTreeMap::new();
    let mut problems = Problems::default();
    for operation in &spec.operations {
        let code = problems.value_or_add_error(&operation.at, generate_operation(spec, operation));
        areas.entry(&operation.area).or_default().extend(code);
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
    let imports = generate_imports(&operations, HAND_WRITTEN_NAMES.into_iter().chain(names), &[])?;
    Ok(format!("{imports}\n{}", format_items_with_inline_methods(operations)?))
}

/// Returns warnings about operations that seem to be paginated but lack the extension: a client takes their response for
/// complete, and a response with a next page for an error.
pub(crate) fn pagination_warnings(spec: &Spec) -> Result<Vec<String>> {
    let mut warnings = Vec::new();
    for operation in spec.operations.iter().filter(|operation| operation.facts.paging.is_none()) {
        warnings.extend(paging::pagination_warning(spec, operation)?);
    }
    Ok(warnings)
}

fn generate_operation(spec: &Spec, operation: &Operation) -> Result<TokenStream> {
    let Operation { path, method, facts, .. } = operation;
    let id = &facts.id;
    let name = format_ident!("{}", id.to_pascal_case());
    let verb = format_ident!("{}", method.to_pascal_case());
    let inputs = input::operation_inputs(spec, operation)?;
    let paging = TypedPaging::read(spec, operation)?;
    let response = ResponseType::from_operation(operation, paging.as_ref())?;

    let docs = doc_comment(&documentation::operation_documentation(spec, operation, &name, &inputs)?, 0);
    // Its own code uses it all the same.
    let deprecated = facts.deprecated.as_ref().map(|reason| quote!(#[deprecated = #reason]));
    let allow = facts.deprecated.as_ref().map(|_| quote!(#[allow(deprecated)]));
    let default = inputs.iter().all(|input| !input.required).then(|| quote!(Default,));
    let mut declarations: Vec<_> = inputs.iter().map(OperationInput::field_declaration).collect();
    declarations.extend(paging.as_ref().map(|_| quote!(continuation: Option<ContinuationToken>)));
    let constructors = generate_constructors(&inputs, paging.is_some());
    let setters = inputs.iter().filter(|input| !input.required).map(OperationInput::generate_setter);
    let additions = input::add_to_parameters_calls(&inputs);
    let resume = paging.as_ref().map(|_| quote!(.resume(self.continuation.as_ref())));
    let needs_user = !facts.authentication.contains(&Authentication::AppOnly);
    let needs_user = needs_user.then(|| {
        quote!(
            const NEEDS_USER: bool = true;
        )
    });
    let constants = [idempotency_constant(method, facts.idempotency), response.outcomes_constant(), needs_user];
    let (response_struct, response_type) = (response.struct_declaration(operation), response.rust_type());
    let single = || quote!(#allow impl SingleResponse for #name {});
    let performed =
        paging.as_ref().map_or_else(single, |paging| paging.paginated_implementation(&name, allow.as_ref()));
    related::ensure_replacement_is_read_first(spec, operation)?;
    let updatable = related::updatable_implementation(spec, operation)?;
    let long_running = related::long_running_implementation(spec, operation, &response)?;
    Ok(quote! {
        #docs
        #deprecated
        #allow
        #[derive(Clone, Debug, #default PartialEq)]
        #[must_use = "an operation does nothing until a client performs it"]
        pub struct #name { #(#declarations),* }

        #allow
        impl #name {
            #constructors
            #(#setters)*
        }

        #allow
        impl Operation for #name {
            type Response = #response_type;
            const ID: &'static str = #id;
            const METHOD: Method = Method::#verb;
            const PATH: &'static str = #path;
            #(#constants)*
            fn parameters(&self) -> Result<Parameters, InvalidParameter> {
                Parameters::new() #additions #resume.check()
            }
        }

        #performed

        #updatable

        #long_running

        #response_struct
    })
}

/// Returns the constant of the idempotency, unless it is that of the method.
fn idempotency_constant(method: &str, idempotency: Idempotency) -> Option<TokenStream> {
    let by_method = if matches!(method, "post" | "patch") { Idempotency::None } else { Idempotency::Natural };
    let name = match idempotency {
        same if same == by_method => return None,
        Idempotency::Natural => quote!(Natural),
        Idempotency::RequestId => quote!(RequestId),
        Idempotency::None => quote!(None),
    };
    Some(quote!(const IDEMPOTENCY: Idempotency = Idempotency::#name;))
}

/// Returns the functions `new` and, for a paginated operation, `resume`.
fn generate_constructors(inputs: &[OperationInput], paged: bool) -> TokenStream {
    let required: Vec<_> = inputs.iter().filter(|input| input.required).collect();
    let doc = match (required.len(), inputs.len()) {
        (0, 0) => "Creates the operation, which has no parameters.",
        (0, _) => "Creates the operation without parameters; its methods set them.",
        (required, all) if required == all => "Creates the operation with its parameters.",
        _ => "Creates the operation with its required parameters; its methods set the others.",
    };
    let list = required.iter().map(|input| format!("- `{}`: {}", input.field, join_lines(&input.description)));
    let list = list.collect::<Vec<_>>().join("\n");
    let doc = doc_comment(format!("{doc}\n\n{list}").trim_end(), MEMBER_INDENT);
    let arguments: Vec<_> = required.iter().map(|input| input.constructor_argument()).collect();
    let fields: Vec<_> = inputs.iter().map(OperationInput::initial_field_value).collect();
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

fn join_lines(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
