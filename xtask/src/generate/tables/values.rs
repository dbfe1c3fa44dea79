//! The values in tables, as code.

use crate::dialect::Shape;
use openapiv3::{Schema, SchemaKind, Type};
use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, format_ident, quote};
use serde_json::Value;
use std::fmt;

/// Returns the type of a value.
pub(super) fn type_expression(shape: &Shape) -> TokenStream {
    match shape {
        Shape::Named(name) => quote!(Type::Schema(#name)),
        Shape::List(item) => {
            let item = type_expression(item);
            quote!(Type::List(&#item))
        }
        Shape::Map(value) => {
            let value = type_expression(value);
            quote!(Type::Map(&#value))
        }
        Shape::Text => quote!(Type::String),
        Shape::Secret => quote!(Type::Secret),
        Shape::Uuid => quote!(Type::Uuid),
        Shape::DateTime => quote!(Type::DateTime),
        Shape::Date => quote!(Type::Date),
        Shape::Bool => quote!(Type::Bool),
        Shape::Int32 => quote!(Type::Int32),
        Shape::Int64 => quote!(Type::Int64),
        Shape::Double => quote!(Type::Double),
        Shape::Decimal => quote!(Type::Decimal),
        Shape::Any => quote!(Type::Any),
        Shape::Binary => quote!(Type::Binary),
    }
}

/// Returns a variant of an enum of the tables, whose variants have the names of ours.
pub(super) fn variant_expression(of: &str, ours: impl fmt::Debug) -> TokenStream {
    let (of, name) = (format_ident!("{of}"), format_ident!("{}", format!("{ours:?}")));
    quote!(#of::#name)
}

pub(super) fn option_expression(value: Option<impl ToTokens>) -> TokenStream {
    value.map_or_else(|| quote!(None), |value| quote!(Some(#value)))
}

/// Returns a link from its title and its URL.
pub(super) fn link_expression(link: Option<&(String, String)>) -> TokenStream {
    option_expression(link.map(|(title, url)| quote!(Link { title: #title, url: #url })))
}

/// Returns a value as it is sent: a string without quotation marks, lists with commas.
pub(super) fn plain_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(plain_text).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// Returns the minimum and the maximum of an integer.
pub(super) fn range_expressions(schema: Option<&Schema>) -> (TokenStream, TokenStream) {
    let (minimum, maximum) = match schema.map(|schema| &schema.schema_kind) {
        Some(SchemaKind::Type(Type::Integer(integer))) => (integer.minimum, integer.maximum),
        _ => (None, None),
    };
    (option_expression(minimum.map(Literal::i64_unsuffixed)), option_expression(maximum.map(Literal::i64_unsuffixed)))
}

/// Returns what a string or a list must comply with.
pub(super) fn constraints_expression(schema: Option<&Schema>) -> TokenStream {
    let (mut min_length, mut max_length, mut max_items, mut pattern) = (None, None, None, None);
    match schema.map(|schema| &schema.schema_kind) {
        Some(SchemaKind::Type(Type::String(text))) => {
            (min_length, max_length, pattern) = (text.min_length, text.max_length, text.pattern.as_ref());
        }
        Some(SchemaKind::Type(Type::Array(array))) => max_items = array.max_items,
        _ => {}
    }
    if min_length.or(max_length).or(max_items).is_none() && pattern.is_none() {
        return quote!(Constraints::NONE);
    }
    let [min_length, max_length, max_items] =
        [min_length, max_length, max_items].map(|bound| option_expression(bound.map(Literal::usize_unsuffixed)));
    let pattern = option_expression(pattern);
    quote! {
        Constraints { min_length: #min_length, max_length: #max_length, max_items: #max_items, pattern: #pattern }
    }
}

/// Returns the default of a value.
pub(super) fn default_expression(schema: Option<&Schema>) -> TokenStream {
    option_expression(schema.and_then(|schema| schema.schema_data.default.as_ref()).map(plain_text))
}
