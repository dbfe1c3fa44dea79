//! The types of the models crate.
//!
//! `progenitor` maps the schemas to Rust types. Of these, only the types of fields are used: the structs and enums are written
//! here, as they must keep what the specification does not describe.

use super::{
    code::{MEMBER_INDENT, doc_comment, format_items, import_items},
    samples,
};
use crate::{
    dialect::{Definition, Enum, EnumValues, Kind, Object, Property, RAW, Shape, Variant, escape_pointer_step},
    document::{Spec, simplified_schemas},
    problems::Problems,
};
use anyhow::{Context as _, Result, bail, ensure};
use proc_macro2::TokenStream;
use progenitor::{GenerationSettings, Generator, TypeImpl};
use quote::{format_ident, quote};
use serde_json::json;
use std::{collections::BTreeMap, fmt::Write as _};
use syn::{Ident, Item, LitStr, Type, parse_quote, visit_mut::VisitMut};

pub(crate) fn generate_types(spec: &Spec) -> Result<String> {
    let types = progenitor_field_types(spec)?;
    let mut blocks = Vec::new();
    let mut items = TokenStream::new();
    let mut candidates = vec!["JsonValue", "RawJson", "Secret", "UnknownFields", "UnknownVariant"];
    let mut problems = Problems::default();
    for definition in &spec.definitions {
        if let Kind::HandWritten(name) = &definition.kind {
            candidates.push(name);
            continue;
        }
        let at = format!("#/components/schemas/{}", definition.name);
        let Some((code, meaning)) = problems.take(&at, generate_type(spec, definition, &types)) else { continue };
        blocks.push(format_items(code.clone())?);
        blocks.push(meaning);
        items.extend(code);
    }
    problems.into_result()?;
    // Every specification has an enum and an object; otherwise the compiler would warn of an unused import.
    let imports = import_items(&items, candidates, &[quote!(open_enum::open_enum), quote!(resource::resource)])?;
    Ok(format!("{imports}\n{}", blocks.join("\n")))
}

/// Returns the items of a schema, and the macro call that implements serialization for them.
fn generate_type(
    spec: &Spec,
    definition: &Definition,
    types: &BTreeMap<(String, String), Type>,
) -> Result<(TokenStream, String)> {
    match &definition.kind {
        Kind::Enum(Enum { values: EnumValues::Strings, variants }) => Ok(open_enum(definition, variants)),
        Kind::Object(Object { properties, additional: None }) => {
            let fields = struct_fields(spec, definition, properties, types)?;
            Ok((generate_struct(spec, definition, &fields)?, resource_macro_call(spec, definition, &fields)?))
        }
        Kind::Enum(_) | Kind::Object(_) | Kind::Union(_) | Kind::HandWritten(_) => {
            bail!("this kind of schema is not generated yet")
        }
    }
}

/// A field of a generated struct.
struct Field<'a> {
    property: &'a Property,
    name: Ident,
    kind: FieldKind,
    /// The type of the value, without `Option` and holder.
    value: Type,
    holder: Holder,
}

/// The wrapper within the `Option` of an optional field.
enum Holder {
    Nothing,
    Box,
    RawJson,
}

#[derive(PartialEq)]
enum FieldKind {
    Optional,
    /// Required, and empty when it is null.
    List,
    Required,
}

impl Field<'_> {
    fn declared(&self) -> Type {
        let value = &self.value;
        match (&self.kind, &self.holder) {
            (FieldKind::Optional, Holder::Nothing) => parse_quote!(Option<#value>),
            (FieldKind::Optional, Holder::Box) => parse_quote!(Option<Box<#value>>),
            (FieldKind::Optional, Holder::RawJson) => parse_quote!(Option<RawJson<#value>>),
            _ => value.clone(),
        }
    }

    fn docs(&self) -> TokenStream {
        doc_comment(&self.property.documentation(), MEMBER_INDENT)
    }

    /// Returns the declaration of the argument for the field, and the expression that converts the argument.
    fn argument(&self) -> (TokenStream, TokenStream) {
        let (name, value) = (&self.name, &self.value);
        if self.property.shape == Shape::Text {
            (quote!(#name: impl Into<String>), quote!(#name.into()))
        } else {
            (quote!(#name: #value), quote!(#name))
        }
    }
}

/// Returns the types that `progenitor` gives to all fields, by schema and field.
fn progenitor_field_types(spec: &Spec) -> Result<BTreeMap<(String, String), Type>> {
    let mut settings = GenerationSettings::new();
    for Definition { name, kind, .. } in &spec.definitions {
        match kind {
            // Its own enums are closed.
            Kind::Enum(_) | Kind::Union(_) => settings.with_replacement(name, name, [TypeImpl::Display].into_iter()),
            Kind::HandWritten(hand_written) => settings.with_replacement(name, hand_written, std::iter::empty()),
            Kind::Object(_) => &mut settings,
        };
    }
    let password = serde_json::from_value(json!({"type": "string", "format": "password"}))?;
    settings.with_conversion(password, "Secret", std::iter::empty());

    let mut generator = Generator::new(&settings);
    generator.generate_tokens(&simplified_schemas(&spec.definitions)?)?;
    let file: syn::File = syn::parse2(generator.get_type_space().to_stream())?;

    let mut types = BTreeMap::new();
    for item in file.items {
        let Item::Struct(item) = item else { continue };
        for mut field in item.fields {
            let wire = serde_name(&field).or_else(|| Some(field.ident.as_ref()?.to_string()));
            ShortenPaths.visit_type_mut(&mut field.ty);
            types.extend(wire.map(|wire| ((item.ident.to_string(), wire), field.ty)));
        }
    }
    Ok(types)
}

fn struct_fields<'a>(
    spec: &Spec,
    definition: &Definition,
    properties: &'a [Property],
    types: &BTreeMap<(String, String), Type>,
) -> Result<Vec<Field<'a>>> {
    let field = |property: &'a Property| {
        ensure!(is_generated(property), "this kind of property is not generated yet");
        let progenitor_type = types.get(&(definition.name.clone(), property.field.clone()));
        let (mut value, in_cycle) = inner_value(progenitor_type.context("progenitor has no such field")?);
        if property.shape == Shape::Secret {
            // `progenitor` does not know the extension.
            value = parse_quote!(Secret);
        }
        let kind = match (property.required, &property.shape) {
            (false, _) => FieldKind::Optional,
            (true, Shape::List(_)) => FieldKind::List,
            (true, _) => FieldKind::Required,
        };
        ensure!(!(in_cycle && kind == FieldKind::Required), "a required property cannot lead back to its own schema");
        let target = property.shape.named().map(|name| spec.definition(name)).transpose()?;
        let holder = match (&property.shape, target) {
            (Shape::Named(_), Some(Definition { kind: Kind::Object(_), .. })) if property.raw => Holder::RawJson,
            (Shape::Named(_), Some(target)) if in_cycle || target.boxed => Holder::Box,
            _ => Holder::Nothing,
        };
        ensure!(
            !property.raw || matches!((&holder, &kind), (Holder::RawJson, FieldKind::Optional)),
            "{RAW} is for optional objects only"
        );
        Ok(Field { property, name: format_ident!("{}", property.field), kind, value, holder })
    };
    let mut problems = Problems::default();
    let fields = properties.iter().filter_map(|property| {
        let at = format!("#/components/schemas/{}/properties/{}", definition.name, escape_pointer_step(&property.wire));
        problems.take(&at, field(property))
    });
    let fields = fields.collect();
    problems.into_result()?;
    Ok(fields)
}

fn is_generated(property: &Property) -> bool {
    let mut shape = &property.shape;
    while let Shape::List(item) = shape {
        shape = item;
    }
    let is_known = !matches!(shape, Shape::DateTime | Shape::Date | Shape::Decimal | Shape::Map(_) | Shape::Binary);
    is_known && property.spellings.is_empty() && !property.nullable
}

/// Whether a schema occurs in requests and nowhere else.
fn is_request_only(definition: &Definition) -> bool {
    definition.is_sent && !definition.is_received
}

fn generate_struct(spec: &Spec, definition: &Definition, fields: &[Field<'_>]) -> Result<TokenStream> {
    let name = format_ident!("{}", definition.name);
    let description = doc_comment(&(schema_documentation(definition) + &samples::model_example(spec, definition)?), 0);
    let has_default = fields.iter().all(|field| match field.kind {
        FieldKind::Optional => true,
        // The default of a response is an empty page; a request has no default for its required fields.
        FieldKind::List => !is_request_only(definition),
        FieldKind::Required => false,
    });
    let default = has_default.then(|| quote!(Default,));
    let declarations = fields.iter().map(|field| {
        let (docs, name, declared) = (field.docs(), &field.name, field.declared());
        quote!(#docs pub #name: #declared,)
    });
    let constructor =
        (is_request_only(definition) || !has_default).then(|| generate_constructor(definition, fields, has_default));
    let setters = fields
        .iter()
        .filter(|field| is_request_only(definition) && field.kind == FieldKind::Optional)
        .map(generate_setter);
    let methods = quote!(#constructor #(#setters)*);
    let implementation = (!methods.is_empty()).then(|| quote!(impl #name { #methods }));
    Ok(quote! {
        #description
        #[derive(Clone, #default PartialEq)]
        #[non_exhaustive]
        pub struct #name {
            #(#declarations)*
            /// The fields that the specification does not describe; see [`UnknownFields`].
            pub unknown_fields: UnknownFields,
        }
        #implementation
    })
}

/// Returns the description of a schema with a link to the documentation of the service.
fn schema_documentation(definition: &Definition) -> String {
    let link = definition.external_docs.as_ref().map(|(title, url)| format!("\n\nSee [{title}]({url})."));
    definition.description.clone() + &link.unwrap_or_default()
}

/// Returns the function `new`, with an argument for each required field.
fn generate_constructor(definition: &Definition, fields: &[Field<'_>], has_default: bool) -> TokenStream {
    let doc = format!("Creates a `{}` from its required fields.", definition.name);
    let doc = doc_comment(&doc, MEMBER_INDENT);
    if has_default {
        return quote!(#doc #[must_use] pub fn new() -> Self { Self::default() });
    }
    let required = || fields.iter().filter(|field| field.kind != FieldKind::Optional);
    let arguments = required().map(|field| field.argument().0);
    let values = fields.iter().map(|field| {
        let (name, (_, value)) = (&field.name, field.argument());
        match field.kind {
            FieldKind::Optional => quote!(#name: None),
            _ if field.property.shape == Shape::Text => quote!(#name: #value),
            _ => quote!(#name),
        }
    });
    quote! {
        #doc
        #[must_use]
        pub fn new(#(#arguments),*) -> Self {
            Self { #(#values,)* unknown_fields: UnknownFields::default() }
        }
    }
}

fn generate_setter(field: &Field<'_>) -> TokenStream {
    let (name, (argument, value)) = (&field.name, field.argument());
    let docs = doc_comment(&format!("Sets `{name}`.\n\n{}", field.property.documentation()), MEMBER_INDENT);
    let value = match field.holder {
        Holder::Nothing => value,
        Holder::Box => quote!(Box::new(#value)),
        Holder::RawJson => quote!(RawJson::new(&#value)),
    };
    quote! {
        #docs
        #[must_use]
        pub fn #name(mut self, #argument) -> Self {
            self.#name = Some(#value);
            self
        }
    }
}

/// Returns the macro call that implements serialization for a struct. Formatted here, since `prettyplease` cannot format it.
fn resource_macro_call(spec: &Spec, definition: &Definition, fields: &[Field<'_>]) -> Result<String> {
    let mut code = format!("resource!({} {{\n", definition.name);
    for (index, field) in fields.iter().enumerate() {
        let presence = match field.kind {
            FieldKind::Optional => "Optional",
            FieldKind::List => "RequiredList",
            FieldKind::Required => "Required",
        };
        let (value, name, wire) = (value_kind(spec, field)?, &field.name, string_literal(&field.property.wire));
        // Writing to a `String` does not fail.
        let _ = writeln!(code, "    {index} {presence} {value} {name} = {wire},");
    }
    Ok(code + "});\n")
}

/// Returns the kind of a field's value in the models crate: a variant of its `ValueRef`.
fn value_kind(spec: &Spec, field: &Field<'_>) -> Result<&'static str> {
    let kind = match &field.property.shape {
        Shape::Named(name) => match spec.definition(name)?.kind {
            Kind::Object(_) => "Object",
            Kind::Enum(_) | Kind::HandWritten(_) => return Ok("Scalar"),
            Kind::Union(_) => "Union",
        },
        Shape::List(_) => "List",
        Shape::Any => "Json",
        _ => return Ok("Scalar"),
    };
    Ok(match (&field.holder, &field.kind) {
        (Holder::RawJson, _) => "RawJson",
        (_, FieldKind::Optional) => "Optional",
        _ => kind,
    })
}

fn open_enum(definition: &Definition, variants: &[Variant]) -> (TokenStream, String) {
    let name = format_ident!("{}", definition.name);
    let description = doc_comment(&schema_documentation(definition), 0);
    let declarations = variants.iter().map(|variant| {
        let (docs, name) = (doc_comment(&variant.description, MEMBER_INDENT), format_ident!("{}", variant.name));
        quote!(#docs #name,)
    });
    let code = quote! {
        #description
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum #name {
            #(#declarations)*
            /// A string that this version has no variant for; it is kept and serialized as received.
            UnknownVariant(UnknownVariant),
        }
    };
    let texts = variants.iter().map(|variant| format!("    {} = {},\n", variant.name, string_literal(&variant.wire)));
    (code, format!("open_enum!({name} {{\n{}}});\n", texts.collect::<String>()))
}

/// Returns a type without its `Option`, and whether `progenitor` boxes it because it refers back to itself.
fn inner_value(declared: &Type) -> (Type, bool) {
    match (argument_of(declared, "Option"), argument_of(declared, "Box")) {
        (Some(inner), _) => inner_value(inner),
        (None, Some(inner)) => (inner.clone(), true),
        (None, None) => (declared.clone(), false),
    }
}

/// Returns the `T` of `Wrapper<T>`.
fn argument_of<'a>(declared: &'a Type, wrapper: &str) -> Option<&'a Type> {
    let Type::Path(path) = declared else { return None };
    let segment = path.path.segments.last().filter(|segment| segment.ident == wrapper)?;
    let syn::PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        syn::GenericArgument::Type(inner) => Some(inner),
        _ => None,
    })
}

/// Returns the name in `#[serde(rename = "...")]`.
fn serde_name(field: &syn::Field) -> Option<String> {
    let mut found = None;
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        // Other settings do not matter; an error only ends the search within this attribute.
        let _ = attribute.parse_nested_meta(|meta| {
            let value: LitStr = meta.value()?.parse()?;
            if meta.path.is_ident("rename") {
                found = Some(value.value());
            }
            Ok(())
        });
    }
    found
}

/// Shortens `::std::option::Option` to `Option`, and so on.
struct ShortenPaths;

impl VisitMut for ShortenPaths {
    fn visit_path_mut(&mut self, path: &mut syn::Path) {
        syn::visit_mut::visit_path_mut(self, path);
        path.leading_colon = None;
        let is_short = |segment: &syn::PathSegment| {
            ["Box", "Option", "String", "Uuid", "Vec"].iter().any(|name| segment.ident == name)
        };
        if let Some(last) = path.segments.last().filter(|last| is_short(last)).cloned() {
            path.segments = std::iter::once(last).collect();
        }
        // Unlike `serde_json::Value`, this type keeps the digits of numbers.
        if path.segments.iter().map(|segment| segment.ident.to_string()).eq(["serde_json", "Value"]) {
            *path = parse_quote!(JsonValue);
        }
    }
}

/// Returns a string literal of Rust.
fn string_literal(text: &str) -> String {
    quote!(#text).to_string()
}
