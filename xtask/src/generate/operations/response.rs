//! The responses of operations, as Rust types.

use super::paging::TypedPaging;
use crate::{
    dialect::{BodyType, Operation, ResponseOutcome, ResultHeader, Shape},
    generate::code::{MEMBER_INDENT, doc_comment},
};
use anyhow::{Result, bail, ensure};
use heck::ToPascalCase as _;
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};
use syn::Ident;

/// The type of the response of an operation.
pub(super) struct ResponseType {
    /// The type of the body of a response that succeeds; `None` if none has a body.
    body: Option<TokenStream>,
    /// The headers that are part of the result.
    fields: Vec<ResultHeader>,
    /// The struct with the body and the headers, if there are any.
    with_fields: Option<Ident>,
    /// Whether the operation may be completed immediately.
    may_complete_immediately: bool,
    /// Whether the operation may be completed later.
    may_complete_later: bool,
    /// The statuses that say that there is no such thing.
    absent: Vec<u16>,
}

impl ResponseType {
    pub(super) fn from_operation(operation: &Operation, paging: Option<&TypedPaging<'_>>) -> Result<Self> {
        let responses = || operation.responses.iter();
        let done = || responses().filter(|response| response.outcome == ResponseOutcome::Done);
        let mut bodies: Vec<_> = done().filter_map(|response| response.body.as_ref()).collect();
        bodies.dedup();
        let body = match bodies.as_slice() {
            [] => None,
            [(body_type, shape)] => Some(body_rust_type(body_type, shape)?),
            _ => bail!("responses: one schema for all 2xx: write the same one"),
        };
        let mut fields: Vec<ResultHeader> = Vec::new();
        for field in done().flat_map(|response| &response.fields) {
            if !fields.contains(field) {
                fields.push(field.clone());
            }
        }
        let absent: Vec<_> = responses()
            .filter(|response| response.outcome == ResponseOutcome::Absent)
            .map(|response| response.status)
            .collect();
        let may_complete_later = responses().any(|response| response.outcome == ResponseOutcome::Accepted);
        let is_json = bodies.iter().all(|(body_type, _)| *body_type == BodyType::Json);
        ensure!(
            absent.is_empty() || (fields.is_empty() && !may_complete_later && is_json),
            "responses: an absence as a result goes with JSON or no body, without 202 and without headers as fields: leave \
             x-pc-outcome out"
        );
        if let Some(paging) = paging {
            ensure!(
                absent.is_empty() && !may_complete_later && (fields.is_empty() || paging.needs_page_position()),
                "responses: a page is JSON, without 202, x-pc-outcome and x-pc-response-field: leave them out"
            );
            fields.clear();
        }
        let with_fields =
            (!fields.is_empty()).then(|| format_ident!("{}Response", operation.facts.id.to_pascal_case()));
        let may_complete_immediately = done().next().is_some();
        ensure!(may_complete_immediately || may_complete_later, "responses: there is no 2xx: write one");
        let body = match paging {
            Some(paging) => Some(paging.page_type()),
            None => body,
        };
        Ok(Self { body, fields, with_fields, may_complete_immediately, may_complete_later, absent })
    }

    pub(super) fn rust_type(&self) -> TokenStream {
        let completed = match (&self.with_fields, &self.body) {
            (Some(name), _) => quote!(#name),
            (None, Some(body)) => body.clone(),
            (None, None) => quote!(NoContent),
        };
        match (self.may_complete_immediately, self.may_complete_later) {
            (true, true) => quote!(Completion<#completed>),
            (false, _) => quote!(Accepted),
            (true, false) if self.absent.is_empty() => completed,
            (true, false) if self.body.is_none() => quote!(bool),
            (true, false) => quote!(Option<#completed>),
        }
    }

    /// Whether the operation may be completed immediately.
    pub(super) fn may_complete_immediately(&self) -> bool {
        self.may_complete_immediately
    }

    /// Whether the operation may be completed later.
    pub(super) fn may_complete_later(&self) -> bool {
        self.may_complete_later
    }

    /// Returns the constant with the statuses that are results although they are no success elsewhere.
    pub(super) fn outcomes_constant(&self) -> Option<TokenStream> {
        let statuses = self.may_complete_later.then_some(202).into_iter().chain(self.absent.iter().copied());
        let statuses: Vec<_> = statuses.map(Literal::u16_unsuffixed).collect();
        (!statuses.is_empty()).then(|| quote!(const ADDITIONAL_RESULT_STATUSES: &'static [u16] = &[#(#statuses),*];))
    }

    /// Returns the struct with the body and the headers, if there are any.
    pub(super) fn struct_declaration(&self, operation: &Operation) -> Option<TokenStream> {
        let name = self.with_fields.as_ref()?;
        let docs = format!("The response of [`{}`].", operation.facts.id.to_pascal_case());
        let docs = doc_comment(&docs, 0);
        let body_doc = doc_comment("The body.", MEMBER_INDENT);
        let body = self.body.as_ref().map(|body| quote!(#body_doc pub body: #body,));
        let accept =
            self.body.as_ref().map(|body| quote!(const ACCEPT: &'static str = <#body as FromResponse>::ACCEPT;));
        let read_body = self.body.as_ref().map(|_| quote!(body: FromResponse::from_response(response)?,));
        let fields = self.fields.iter().map(|ResultHeader { wire, field, description }| {
            let docs = doc_comment(&format!("{description}\n\nThe header `{wire}`."), MEMBER_INDENT);
            let field = format_ident!("{field}");
            quote!(#docs pub #field: Option<String>,)
        });
        let read_fields = self.fields.iter().map(|ResultHeader { wire, field, .. }| {
            let field = format_ident!("{field}");
            quote!(#field: response.header(#wire).map(str::to_owned),)
        });
        let allow = operation.facts.deprecated.as_ref().map(|_| quote!(#[allow(deprecated)]));
        Some(quote! {
            #docs
            #allow
            #[derive(Clone, Debug, PartialEq)]
            #[non_exhaustive]
            pub struct #name { #body #(#fields)* }

            impl FromResponse for #name {
                #accept
                fn from_response<R: ResponseReader>(response: &mut R) -> Result<Self, R::Error> {
                    Ok(Self { #(#read_fields)* #read_body })
                }
            }
        })
    }
}

fn body_rust_type(body_type: &BodyType, shape: &Shape) -> Result<TokenStream> {
    Ok(match body_type {
        BodyType::Json => rust_type(shape)?,
        BodyType::Text(_) => quote!(Text),
        BodyType::Binary(_) => quote!(Binary),
        BodyType::Multipart => bail!("responses: a form is not understood: write another media type"),
    })
}

/// Returns the Rust type of a value.
pub(super) fn rust_type(shape: &Shape) -> Result<TokenStream> {
    Ok(match shape {
        Shape::Named(name) => {
            let name = format_ident!("{name}");
            quote!(#name)
        }
        Shape::List(item) => {
            let item = rust_type(item)?;
            quote!(Vec<#item>)
        }
        Shape::Map(value) => {
            let value = rust_type(value)?;
            quote!(BTreeMap<String, #value>)
        }
        Shape::Text => quote!(String),
        Shape::Secret | Shape::Password => quote!(Secret),
        Shape::Uuid => quote!(Uuid),
        Shape::DateTime => quote!(DateTime),
        Shape::Date => quote!(Date),
        Shape::Bool => quote!(bool),
        Shape::Int32 => quote!(i32),
        Shape::Int64 => quote!(i64),
        Shape::Double => quote!(f64),
        Shape::Decimal => quote!(Decimal),
        Shape::Any => quote!(JsonValue),
        Shape::Binary => quote!(UploadFile),
    })
}
