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
        Shape::Password => quote!(Type::Password),
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
    option_expression(link.map(|(title, url)| quote!(&Link { title: #title, url: #url })))
}

/// Returns a value as it is sent: a string without quotation marks, lists with commas.
pub(super) fn format_value_as_sent(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(format_value_as_sent).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// Returns what a value must comply with; of an integer parameter, with the minimum that a client sends.
///
/// The table of a value refers to it, since most values have none, and a program reads the tables into memory as it starts.
pub(super) fn constraints_expression(schema: Option<&Schema>, sent_minimum: Option<i64>) -> TokenStream {
    let integer =
        |name, bound: Option<i64>| (name, bound.map(|bound| Literal::i64_unsuffixed(bound).into_token_stream()));
    let length =
        |name, bound: Option<usize>| (name, bound.map(|bound| Literal::usize_unsuffixed(bound).into_token_stream()));
    let mut limits = match schema.map(|schema| &schema.schema_kind) {
        Some(SchemaKind::Type(Type::Integer(schema))) => {
            vec![integer("minimum", schema.minimum), integer("maximum", schema.maximum)]
        }
        Some(SchemaKind::Type(Type::String(schema))) => vec![
            length("min_length", schema.min_length),
            length("max_length", schema.max_length),
            ("pattern", schema.pattern.as_ref().map(ToTokens::to_token_stream)),
        ],
        Some(SchemaKind::Type(Type::Array(schema))) => vec![length("max_items", schema.max_items)],
        _ => Vec::new(),
    };
    limits.push(integer("sent_minimum", sent_minimum));
    let limits: Vec<_> = limits
        .into_iter()
        .filter_map(|(name, limit)| limit.map(|limit| (format_ident!("{name}"), limit)))
        .map(|(name, limit)| quote!(#name: Some(#limit)))
        .collect();
    match &limits[..] {
        [] => quote!(&Constraints::NONE),
        limits => quote!(&Constraints { #(#limits,)* ..Constraints::NONE }),
    }
}

/// Returns the default of a value.
pub(super) fn default_expression(schema: Option<&Schema>) -> TokenStream {
    option_expression(schema.and_then(|schema| schema.schema_data.default.as_ref()).map(format_value_as_sent))
}
