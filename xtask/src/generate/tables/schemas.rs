//! The tables of schemas.

use super::{
    TableConstant,
    values::{constraints_expression, default_expression, link_expression, option_expression, type_expression},
};
use crate::{
    dialect::{Definition, DefinitionKind, Enum, EnumValues, Object, Property, Union, UnionVariant},
    document::Spec,
};
use anyhow::{Context as _, Result, bail};
use openapiv3::{ReferenceOr, Schema, SchemaKind, Type};
use proc_macro2::TokenStream;
use quote::quote;

pub(super) fn schema_tables(spec: &Spec) -> Result<Vec<TableConstant>> {
    let table = |definition: &Definition| {
        let Definition { name, area, description, external_docs, .. } = definition;
        let kind = schema_kind(spec, definition).with_context(|| format!("#/components/schemas/{name}"))?;
        let documentation = link_expression(external_docs.as_ref());
        let value = quote! {
            Schema { name: #name, area: #area, description: #description, documentation: #documentation, kind: #kind }
        };
        Ok(TableConstant { name: name.clone(), area: area.clone(), of: quote!(Schema), value })
    };
    spec.definitions.iter().map(table).collect()
}

fn schema_kind(spec: &Spec, definition: &Definition) -> Result<TokenStream> {
    Ok(match &definition.kind {
        DefinitionKind::Object(Object { properties, additional }) => {
            let additional = option_expression(additional.as_ref().map(type_expression));
            let properties = properties.iter().map(property_table);
            quote!(SchemaKind::Object(Object { properties: &[#(#properties),*], additional: #additional }))
        }
        DefinitionKind::Enum(Enum { values: kind, variants }) => {
            let values = variants.iter().map(|variant| {
                let (value, description) = (&variant.wire, &variant.description);
                quote!(EnumValue { value: #value, description: #description })
            });
            let values = quote!(&[#(#values),*]);
            match kind {
                EnumValues::Strings | EnumValues::LooseStrings => quote!(SchemaKind::StringEnum(#values)),
                EnumValues::Integers => quote!(SchemaKind::IntegerEnum(#values)),
            }
        }
        DefinitionKind::Union(Union { discriminator, variants }) => {
            let variants = variants.iter().flat_map(|UnionVariant { schema, values }| {
                values.iter().map(move |value| quote!(UnionVariant { value: #value, schema: #schema }))
            });
            quote!(SchemaKind::Union(Union { discriminator: #discriminator, variants: &[#(#variants),*] }))
        }
        DefinitionKind::HandWritten(_) => match &spec.schema(&definition.name)?.schema_kind {
            SchemaKind::OneOf { one_of } if one_of.iter().all(is_string_or_integer) => {
                quote!(SchemaKind::StringOrInteger)
            }
            _ => bail!("a hand-written type is not understood: write `oneOf` with a string and an integer"),
        },
    })
}

fn is_string_or_integer(schema: &ReferenceOr<Schema>) -> bool {
    let schema = schema.as_item().map(|schema| &schema.schema_kind);
    matches!(schema, Some(SchemaKind::Type(Type::String(_) | Type::Integer(_))))
}

fn property_table(property: &Property) -> TokenStream {
    let Property { wire, spellings, description, required, nullable, read_only, write_only, .. } = property;
    let schema = property.schema.as_ref();
    let deprecated = option_expression(property.deprecated.as_ref());
    let (value, constraints, default) =
        (type_expression(&property.shape), constraints_expression(schema, None), default_expression(schema));
    quote! {
        Property {
            name: #wire,
            spellings: &[#(#spellings),*],
            value: #value,
            is_required: #required,
            is_nullable: #nullable,
            is_read_only: #read_only,
            is_write_only: #write_only,
            deprecated: #deprecated,
            constraints: #constraints,
            default: #default,
            description: #description,
        }
    }
}
