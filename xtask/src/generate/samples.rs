//! Compiled examples in the generated documentation, made of the examples of the specification.

use super::{
    code::{format_items_with_inline_methods, names_used},
    types::is_constructor_argument,
};
use crate::{
    dialect::{Definition, DefinitionKind, Enum, Object, Parameter, Property, Shape, Variant},
    document::Spec,
};
use anyhow::{Result, anyhow};
use heck::ToSnakeCase as _;
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};
use serde_json::Value;
use std::collections::BTreeSet;
use syn::Ident;

/// The value of a path parameter that has no example.
const SAMPLE_UUID: &str = "5a1bd1a4-6a3f-4c0b-9b0e-7d1f0c5a2e11";

/// Returns a value for a parameter that must have one and has no example, within its bounds.
pub(super) fn parameter_placeholder(spec: &Spec, parameter: &Parameter) -> Option<Value> {
    let value = placeholder_value(spec, &parameter.shape, parameter.range.as_ref().map(|range| *range.start()))?;
    let Some(text) = value.as_str().filter(|_| parameter.shape == Shape::Text) else { return Some(value) };
    let min = parameter.min_length.unwrap_or_default();
    let max = parameter.max_length.unwrap_or(usize::MAX);
    let length = text.len().max(min).min(max);
    Some(text.chars().cycle().take(length).collect::<String>().into())
}

/// Returns a value of a shape that has no example.
pub(super) fn placeholder_value(spec: &Spec, shape: &Shape, minimum: Option<i64>) -> Option<Value> {
    Some(match shape {
        Shape::Text => "example".into(),
        Shape::Uuid => SAMPLE_UUID.into(),
        Shape::Bool => true.into(),
        Shape::Int32 | Shape::Int64 => minimum.unwrap_or(1).into(),
        Shape::Named(name) => match &spec.definition(name).ok()?.kind {
            DefinitionKind::Enum(Enum { variants, .. }) => variants.first()?.wire.clone().into(),
            _ => return None,
        },
        _ => return None,
    })
}

/// Returns the Rust expression of a value, in a function that returns a `Result`; `None` if there is no short one.
pub(super) fn rust_expression(spec: &Spec, shape: &Shape, value: &Value) -> Option<TokenStream> {
    match shape {
        Shape::Text => value.as_str().map(|string| quote!(#string)),
        Shape::Uuid => value.as_str().map(|string| quote!(Uuid::parse_str(#string)?)),
        Shape::Bool => value.as_bool().map(|value| quote!(#value)),
        Shape::Int32 | Shape::Int64 => {
            let number = Literal::i64_unsuffixed(value.as_i64()?);
            Some(quote!(#number))
        }
        Shape::DateTime | Shape::Date => value.as_str().map(|string| quote!(#string.parse()?)),
        Shape::Decimal => value.as_number().map(|number| {
            let digits = number.to_string();
            quote!(#digits.parse()?)
        }),
        Shape::Named(name) => {
            let definition = spec.definition(name).ok()?;
            match &definition.kind {
                DefinitionKind::Enum(Enum { variants, .. }) => enum_variant_expression(definition, variants, value),
                DefinitionKind::Object(Object { properties, .. }) if definition.is_sent => {
                    object_expression(spec, definition, properties, value)
                }
                _ => None,
            }
        }
        _ => None,
    }
}

fn enum_variant_expression(definition: &Definition, variants: &[Variant], value: &Value) -> Option<TokenStream> {
    let wire = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let variant = variants.iter().find(|variant| variant.wire == wire)?;
    let (name, variant) = (format_ident!("{}", definition.name), format_ident!("{}", variant.name));
    Some(quote!(#name::#variant))
}

/// Returns the expression of an object that is sent, which has a constructor and setters.
fn object_expression(
    spec: &Spec,
    definition: &Definition,
    properties: &[Property],
    value: &Value,
) -> Option<TokenStream> {
    let (mut arguments, mut setters) = (Vec::new(), Vec::new());
    for property in properties {
        let is_constructor_argument = is_constructor_argument(property);
        match value.get(&property.wire) {
            Some(_) if property.read_only => return None,
            Some(value) if is_constructor_argument => arguments.push(rust_expression(spec, &property.shape, value)?),
            Some(value) => {
                let (setter, value) = (field_identifier(property), rust_expression(spec, &property.shape, value)?);
                setters.push(quote!(.#setter(#value)));
            }
            None if is_constructor_argument => return None,
            None => {}
        }
    }
    let name = format_ident!("{}", definition.name);
    Some(quote!(#name::new(#(#arguments),*) #(#setters)*))
}

/// Returns the JSON of a value as the models crate serializes it: compact, the fields of an object in the order of its schema.
pub(super) fn serialized_as_models(definition: &Definition, value: &Value) -> String {
    match &definition.kind {
        DefinitionKind::Object(Object { properties, .. }) => {
            format!("{{{}}}", serialized_fields(properties, value, ":").join(","))
        }
        _ => value.to_string(),
    }
}

/// Returns the fields of an object, in the order of its schema.
fn serialized_fields(properties: &[Property], value: &Value, colon: &str) -> Vec<String> {
    let field = |property: &Property| {
        let value = value.get(&property.wire)?;
        Some(format!("{}{colon}{value}", Value::from(property.wire.as_str())))
    };
    properties.iter().filter_map(field).collect()
}

/// Returns the documentation of an example that parses the `example` of a schema and reads its fields; empty without one.
pub(super) fn model_example_documentation(spec: &Spec, definition: &Definition) -> Result<String> {
    let (DefinitionKind::Object(Object { properties, .. }), Some(example)) = (&definition.kind, &definition.example)
    else {
        return Ok(String::new());
    };
    let (name, variable) = (format_ident!("{}", definition.name), format_ident!("{}", definition.name.to_snake_case()));
    // One field a line, at the columns of the function around the code.
    let fields = serialized_fields(properties, example, ": ").join(",\n            ");
    let json = string_literal_tokens(&format!("{{\n            {fields}\n        }}"))?;
    let is_object = |shape: &Shape| match shape {
        Shape::Named(name) => {
            spec.definition(name).is_ok_and(|target| matches!(target.kind, DefinitionKind::Object(_)))
        }
        _ => false,
    };
    let compared = properties.iter().filter(|property| !property.nullable && !is_object(&property.shape));
    let assertions = compared.filter_map(|property| {
        let value = rust_expression(spec, &property.shape, example.get(&property.wire)?)?;
        let field = field_identifier(property);
        Some(match (property.required && is_constructor_argument(property) && !property.write_only, &property.shape) {
            (true, _) => quote!(assert_eq!(#variable.#field, #value);),
            (false, Shape::Text) => quote!(assert_eq!(#variable.#field.as_deref(), Some(#value));),
            (false, _) => quote!(assert_eq!(#variable.#field, Some(#value));),
        })
    });
    example_documentation(
        spec,
        &[&definition.name, "Resource"],
        &quote! {
            let #variable: #name = serde_json::from_str(#json)?;
            #(#assertions)*
            assert!(#variable.undescribed_paths().is_empty());
        },
        &[],
    )
}

/// Returns the documentation of an example: its imports, of which it has `imports` at least, and its code.
///
/// Each of the `arguments` is a name and a type that the code uses and that no example is known of: the code becomes a function
/// with these arguments, which the documentation does not show.
pub(super) fn example_documentation(
    spec: &Spec,
    imports: &[&str],
    code: &TokenStream,
    arguments: &[(Ident, TokenStream)],
) -> Result<String> {
    let (names, types): (Vec<_>, Vec<_>) = arguments.iter().cloned().unzip();
    let function = quote!(fn example(#(#names: #types),*) { #code });
    let used = names_used(&function)?;
    let schemas = spec.definitions.iter().map(|definition| definition.name.as_str());
    let names: BTreeSet<_> = schemas.filter(|name| used.contains(*name)).chain(imports.iter().copied()).collect();
    let names = names.into_iter().map(|name| match name {
        // Traits, for their methods.
        "Operation" | "Resource" => format!("{name} as _"),
        _ => name.to_owned(),
    });
    let names = names.chain(used.contains("Uuid").then(|| "uuid::Uuid".to_owned())).collect::<Vec<_>>().join(", ");
    let import: TokenStream =
        format!("use partner_center_models::{{{names}}};").parse().map_err(|error| anyhow!("{error}"))?;
    let import = format_items_with_inline_methods(import)?;
    let code = format_items_with_inline_methods(function)?;
    let lines = code.lines().filter_map(|line| line.strip_prefix("    "));
    // In macros, which it cannot parse, `prettyplease` puts spaces where no one else does.
    let code = lines.map(|line| line.replace(") ?", ")?")).collect::<Vec<_>>().join("\n");
    let result = "Result<(), Box<dyn std::error::Error>>";
    let (start, end) = if arguments.is_empty() {
        (String::new(), "# Ok::<(), Box<dyn std::error::Error>>(())".to_owned())
    } else {
        let arguments = arguments.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join(", ");
        (format!("# fn example({arguments}) -> {result} {{\n"), "# Ok(())\n# }".to_owned())
    };
    Ok(format!("\n\n# Example\n\n```\n{import}\n{start}{code}\n{end}\n```"))
}

/// Returns a string as a literal, a raw one if it has quotes.
pub(super) fn string_literal_tokens(string: &str) -> Result<TokenStream> {
    let literal =
        if string.contains('"') { super::examples::raw_string_literal(string) } else { format!("{string:?}") };
    literal.parse().map_err(|error| anyhow!("the example {literal}: {error}"))
}

fn field_identifier(property: &Property) -> Ident {
    format_ident!("{}", property.field)
}
