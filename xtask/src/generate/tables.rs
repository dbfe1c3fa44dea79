//! The tables of `partner-center-spec`: every operation and every schema as static data, one file an area.

mod columns;
mod operations;
mod schemas;
mod values;

use super::code::{format_items_with_inline_methods, generate_imports};
use crate::document::Spec;
use anyhow::Result;
use heck::ToShoutySnakeCase as _;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
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
                let (area, name) = (format_ident!("{}", table.area), format_ident!("{}", table.constant_name()));
                quote!(#area::#name)
            });
            quote!(pub(crate) const #list: &[#of] = &[#(#paths),*];)
        });
    let mut areas: BTreeMap<&str, TokenStream> = BTreeMap::new();
    for table in operations.iter().chain(&schemas) {
        let (name, value, of) = (format_ident!("{}", table.constant_name()), &table.value, &table.of);
        areas.entry(&table.area).or_default().extend(quote!(pub(super) const #name: #of = #value;));
    }
    let modules = areas.keys().map(|area| format!("mod {area};\n")).collect::<Vec<_>>().concat();
    let lists = format_items_with_inline_methods(quote!(#(#lists)*))?;
    let mut files = vec![("mod.rs".to_owned(), format!("{modules}\nuse crate::{{Operation, Schema}};\n\n{lists}"))];
    for (area, tables) in areas {
        let imports = generate_imports(&tables, TABLE_TYPES, &[])?;
        files.push((format!("{area}.rs"), format!("{imports}\n{}", format_items_with_inline_methods(tables)?)));
    }
    Ok(files)
}

/// An operation or a schema as a constant.
struct TableConstant {
    /// The name in the specification.
    name: String,
    area: String,
    /// Its type.
    of: TokenStream,
    value: TokenStream,
}

impl TableConstant {
    fn constant_name(&self) -> String {
        self.name.to_shouty_snake_case()
    }
}
