//! The tables of schemas.

use super::{Extensions, Table, default_of, link, option, schema_of, type_of};
use crate::{
    dialect::{Definition, Enum, EnumValues, Kind, Object, Property, Union, UnionVariant},
    document::Spec,
};
use anyhow::{Context as _, Result, bail};
use openapiv3::{ReferenceOr, Schema, SchemaKind, StringType, Type};
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

pub(super) fn schema_tables(spec: &Spec) -> Result<Vec<Table>> {
    let table = |definition: &Definition| {
        let Definition { name, description, external_docs, .. } = definition;
        let at = || format!("#/components/schemas/{name}");
        let kind = schema_kind(spec, definition).with_context(at)?;
        let documentation = link(external_docs.as_ref().map(|(title, url)| (title.as_str(), url.as_str())));
        let area = spec.area(&at());
        let value = quote! {
            Schema { name: #name, area: #area, description: #description, documentation: #documentation, kind: #kind }
        };
        Ok(Table { name: name.clone(), area: area.to_owned(), of: quote!(Schema), value })
    };
    spec.definitions.iter().map(table).collect()
}

fn schema_kind(spec: &Spec, definition: &Definition) -> Result<TokenStream> {
    Ok(match &definition.kind {
        Kind::Object(Object { properties, additional }) => {
            let object = schema_of(spec, &definition.name)?;
            let additional = option(additional.as_ref().map(type_of));
            let properties = properties.iter().map(|property| {
                property_table(property, object).with_context(|| format!("the property {}", property.wire))
            });
            let properties = properties.collect::<Result<Vec<_>>>()?;
            quote!(SchemaKind::Object(Object { properties: &[#(#properties),*], additional: #additional }))
        }
        Kind::Enum(Enum { values: kind, variants }) => {
            let values = variants.iter().map(|variant| {
                let (value, description) = (&variant.wire, &variant.description);
                quote!(EnumValue { value: #value, description: #description })
            });
            let kind = match kind {
                EnumValues::Strings | EnumValues::LooseStrings => format_ident!("StringEnum"),
                EnumValues::Integers => format_ident!("IntegerEnum"),
            };
            quote!(SchemaKind::#kind(&[#(#values),*]))
        }
        Kind::Union(Union { discriminator, variants }) => {
            let variants = variants.iter().flat_map(|UnionVariant { schema, values }| {
                values.iter().map(move |value| quote!(UnionVariant { value: #value, schema: #schema }))
            });
            quote!(SchemaKind::Union(Union { discriminator: #discriminator, variants: &[#(#variants),*] }))
        }
        Kind::HandWritten(_) => match &schema_of(spec, &definition.name)?.schema_kind {
            SchemaKind::OneOf { one_of } if one_of.iter().all(is_string_or_integer) => {
                quote!(SchemaKind::StringOrInteger)
            }
            _ => bail!("a hand-written type is `oneOf` a string and an integer"),
        },
    })
}

fn is_string_or_integer(schema: &ReferenceOr<Schema>) -> bool {
    let schema = schema.as_item().map(|schema| &schema.schema_kind);
    matches!(schema, Some(SchemaKind::Type(Type::String(_) | Type::Integer(_))))
}

fn property_table(property: &Property, object: &Schema) -> Result<TokenStream> {
    let Property { wire, description, required, shape, .. } = property;
    let schema = match &object.schema_kind {
        SchemaKind::Type(Type::Object(object)) => object.properties.get(wire).and_then(|schema| schema.as_item()),
        _ => None,
    };
    let schema = schema.map(|schema| &**schema);
    let data = schema.map(|schema| &schema.schema_data);
    let is_nullable = data.is_some_and(|data| data.nullable);
    let is_read_only = data.is_some_and(|data| data.read_only);
    let is_write_only = data.is_some_and(|data| data.write_only);
    let deprecated = data.filter(|data| data.deprecated).map(|data| Extensions::of(&data.extensions).deprecation());
    let deprecated = option(deprecated.transpose()?.map(|why| quote!(#why)));
    let (minimum, maximum) = range(schema);
    let (value, constraints, default) = (type_of(shape), constraints(schema), default_of(schema));
    Ok(quote! {
        Property {
            name: #wire,
            value: #value,
            is_required: #required,
            is_nullable: #is_nullable,
            is_read_only: #is_read_only,
            is_write_only: #is_write_only,
            deprecated: #deprecated,
            minimum: #minimum,
            maximum: #maximum,
            constraints: #constraints,
            default: #default,
            description: #description,
        }
    })
}

/// Returns the minimum and the maximum of an integer.
pub(super) fn range(schema: Option<&Schema>) -> (TokenStream, TokenStream) {
    let (minimum, maximum) = match schema.map(|schema| &schema.schema_kind) {
        Some(SchemaKind::Type(Type::Integer(integer))) => (integer.minimum, integer.maximum),
        _ => (None, None),
    };
    let number = |bound: Option<i64>| option(bound.map(Literal::i64_unsuffixed).map(|bound| quote!(#bound)));
    (number(minimum), number(maximum))
}

/// Returns what a string or a list must comply with.
pub(super) fn constraints(schema: Option<&Schema>) -> TokenStream {
    let (mut min_length, mut max_length, mut max_items, mut pattern) = (None, None, None, None);
    match schema.map(|schema| &schema.schema_kind) {
        Some(SchemaKind::Type(Type::String(StringType {
            min_length: min, max_length: max, pattern: regex, ..
        }))) => {
            (min_length, max_length, pattern) = (*min, *max, regex.as_ref().map(|regex| quote!(#regex)));
        }
        Some(SchemaKind::Type(Type::Array(array))) => max_items = array.max_items,
        _ => {}
    }
    if min_length.or(max_length).or(max_items).is_none() && pattern.is_none() {
        return quote!(Constraints::NONE);
    }
    let number = |bound: Option<usize>| option(bound.map(Literal::usize_unsuffixed).map(|bound| quote!(#bound)));
    let (min_length, max_length, max_items) = (number(min_length), number(max_length), number(max_items));
    let pattern = option(pattern);
    quote! {
        Constraints { min_length: #min_length, max_length: #max_length, max_items: #max_items, pattern: #pattern }
    }
}
