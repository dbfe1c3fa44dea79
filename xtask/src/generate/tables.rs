//! The tables of `partner-center-spec`: every operation and every schema as static data, one file an area.

mod columns;
mod facts;
mod operations;
mod schemas;

pub(super) use facts::{ALL_CLOUDS, Facts};

use super::code::{format_items, import_items};
use crate::{
    dialect::{DEPRECATED, Shape, local_name},
    document::Spec,
};
use anyhow::{Context as _, Result};
use heck::ToShoutySnakeCase as _;
use openapiv3::{Header, ReferenceOr, Schema};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;
use std::{collections::BTreeMap, path::Path};

/// The types of the crate that the tables are made of.
const TABLE_TYPES: [&str; 28] = [
    "Authentication",
    "Cloud",
    "Column",
    "Command",
    "Constraints",
    "EnumValue",
    "ErrorCode",
    "Example",
    "Idempotency",
    "Link",
    "Location",
    "MediaType",
    "Method",
    "Object",
    "Operation",
    "Outcome",
    "Paging",
    "Parameter",
    "ParameterStyle",
    "Property",
    "RequestBody",
    "Response",
    "ResponseHeader",
    "Schema",
    "SchemaKind",
    "Type",
    "Union",
    "UnionVariant",
];

/// Returns the files of the tables, by their names; examples in files are in `folder`.
pub(super) fn generate_tables(spec: &Spec, folder: &Path) -> Result<Vec<(String, String)>> {
    let operations = operations::operation_tables(spec, folder)?;
    let mut schemas = schemas::schema_tables(spec)?;
    schemas.sort_by(|one, other| one.name.cmp(&other.name));

    let lists =
        [("OPERATIONS", "Operation", &operations), ("SCHEMAS", "Schema", &schemas)].map(|(list, of, tables)| {
            let (list, of) = (format_ident!("{list}"), format_ident!("{of}"));
            let paths = tables.iter().map(|table| {
                let (area, name) = (format_ident!("{}", table.area), format_ident!("{}", table.constant()));
                quote!(#area::#name)
            });
            quote!(pub(crate) const #list: &[#of] = &[#(#paths),*];)
        });
    let mut areas: BTreeMap<&str, TokenStream> = BTreeMap::new();
    for table in operations.iter().chain(&schemas) {
        let (name, value, of) = (format_ident!("{}", table.constant()), &table.value, &table.of);
        areas.entry(&table.area).or_default().extend(quote!(pub(super) const #name: #of = #value;));
    }
    let modules = areas.keys().map(|area| format!("mod {area};\n")).collect::<String>();
    let lists = format_items(quote!(#(#lists)*))?;
    let mut files = vec![("mod.rs".to_owned(), format!("{modules}\nuse crate::{{Operation, Schema}};\n\n{lists}"))];
    for (area, tables) in areas {
        let imports = import_items(&tables, TABLE_TYPES, &[])?;
        files.push((format!("{area}.rs"), format!("{imports}\n{}", format_items(tables)?)));
    }
    Ok(files)
}

/// An operation or a schema as a constant.
struct Table {
    /// The name in the specification.
    name: String,
    area: String,
    /// Its type.
    of: TokenStream,
    value: TokenStream,
}

impl Table {
    fn constant(&self) -> String {
        self.name.to_shouty_snake_case()
    }
}

/// Returns a schema of the document.
fn schema_of<'a>(spec: &'a Spec, name: &str) -> Result<&'a Schema> {
    let schemas = spec.document.components.as_ref().map(|components| &components.schemas);
    let found = schemas.and_then(|schemas| schemas.get(name)?.as_item());
    found.with_context(|| format!("there is no schema {name}"))
}

/// Returns a header, or the component that it refers to.
fn header_of<'a>(spec: &'a Spec, header: &'a ReferenceOr<Header>) -> Result<&'a Header> {
    let reference = match header {
        ReferenceOr::Item(header) => return Ok(header),
        ReferenceOr::Reference { reference } => reference,
    };
    let name = local_name(reference, "headers")?;
    let headers = spec.document.components.as_ref().map(|components| &components.headers);
    let found = headers.and_then(|headers| headers.get(name)?.as_item());
    found.with_context(|| format!("{reference} is only another $ref"))
}

/// Returns the type of a value.
fn type_of(shape: &Shape) -> TokenStream {
    match shape {
        Shape::Named(name) => quote!(Type::Schema(#name)),
        Shape::List(item) => {
            let item = type_of(item);
            quote!(Type::List(&#item))
        }
        Shape::Text => quote!(Type::String),
        Shape::Secret => quote!(Type::Secret),
        Shape::Uuid => quote!(Type::Uuid),
        Shape::Bool => quote!(Type::Bool),
        Shape::Int32 => quote!(Type::Int32),
        Shape::Int64 => quote!(Type::Int64),
        Shape::Double => quote!(Type::Double),
        Shape::Decimal => quote!(Type::Decimal),
        Shape::DateTime => quote!(Type::DateTime),
        Shape::Date => quote!(Type::Date),
        Shape::Binary => quote!(Type::Binary),
        Shape::Map(value) => {
            let value = type_of(value);
            quote!(Type::Map(&#value))
        }
        Shape::Any => quote!(Type::Any),
    }
}

fn option(value: Option<TokenStream>) -> TokenStream {
    value.map_or_else(|| quote!(None), |value| quote!(Some(#value)))
}

fn link(title_and_url: Option<(&str, &str)>) -> TokenStream {
    option(title_and_url.map(|(title, url)| quote!(Link { title: #title, url: #url })))
}

/// Returns the path of a variant, such as `Method::Get`.
fn variant(of: &str, name: &str) -> TokenStream {
    let (of, name) = (format_ident!("{of}"), format_ident!("{name}"));
    quote!(#of::#name)
}

/// Returns the default of a value.
fn default_of(schema: Option<&Schema>) -> TokenStream {
    let default = schema.and_then(|schema| schema.schema_data.default.as_ref()).map(plain_text);
    option(default.map(|default| quote!(#default)))
}

/// Returns a value as it is sent: a string without quotation marks, lists with commas.
fn plain_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(plain_text).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// The extensions at a place of the document.
struct Extensions<'a>(BTreeMap<&'a str, &'a Value>);

impl<'a> Extensions<'a> {
    fn of(extensions: impl IntoIterator<Item = (&'a String, &'a Value)>) -> Self {
        Self(extensions.into_iter().map(|(key, value)| (key.as_str(), value)).collect())
    }

    fn get(&self, key: &str) -> Option<&'a Value> {
        self.0.get(key).copied()
    }

    fn is_set(&self, key: &str) -> bool {
        self.get(key) == Some(&Value::Bool(true))
    }

    fn bool(&self, key: &str) -> Result<Option<bool>> {
        let bool = |value: &Value| value.as_bool().with_context(|| format!("{key}: it is `true` or `false`"));
        self.get(key).map(bool).transpose()
    }

    fn text(&self, key: &str) -> Result<Option<&'a str>> {
        let text = |value: &'a Value| value.as_str().with_context(|| format!("{key}: it is a string"));
        self.get(key).map(text).transpose()
    }

    /// Returns a list of strings.
    fn list(&self, key: &str) -> Result<Option<Vec<&'a str>>> {
        let list = |value: &'a Value| {
            let items = value.as_array().and_then(|items| items.iter().map(Value::as_str).collect());
            items.with_context(|| format!("{key}: it is a list of strings"))
        };
        self.get(key).map(list).transpose()
    }

    /// Returns why an operation or a property with `deprecated: true` is deprecated.
    fn deprecation(&self) -> Result<&'a str> {
        let why = self.text(DEPRECATED)?;
        why.with_context(|| format!("{DEPRECATED} is missing: why it is deprecated, and what replaces it"))
    }
}
