//! The types of the models crate.
//!
//! `progenitor` maps the schemas to Rust types. Of these, only the types of fields are used: the structs and enums are written
//! here, as they must keep what the specification does not describe.

use super::{
    areas::ensure_same_area,
    code::{MEMBER_INDENT, doc_comment, format_items_with_inline_methods, generate_imports},
    samples,
};
use crate::{
    dialect::{
        Definition, DefinitionKind, Enum, EnumValues, Object, Property, Shape, Union, UnionVariant, X_PC_RAW,
        escape_pointer_step,
    },
    document::{ADDITIONAL_PROPERTIES_FIELD, Spec, simplified_schemas},
    problems::Problems,
};
use anyhow::{Context as _, Result, ensure};
use proc_macro2::TokenStream;
use progenitor::{GenerationSettings, Generator, TypeImpl};
use quote::{format_ident, quote};
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};
use syn::{Ident, Item, LitStr, Type, parse_quote, visit_mut::VisitMut};

/// Names of the models crate that generated types may use.
const HAND_WRITTEN_NAMES: [&str; 10] = [
    "Date",
    "DateTime",
    "Decimal",
    "JsonValue",
    "Nullable",
    "RawJson",
    "Secret",
    "UnknownFields",
    "UnknownInteger",
    "UnknownVariant",
];

/// Returns the code of the types of each area that has some.
pub(crate) fn generate_types(spec: &Spec) -> Result<BTreeMap<&str, String>> {
    let types = progenitor_field_types(spec)?;
    let mut areas: BTreeMap<&str, Vec<GeneratedType>> = BTreeMap::new();
    let mut problems = Problems::default();
    for definition in &spec.definitions {
        let at = format!("#/components/schemas/{}", definition.name);
        for name in definition.referenced_schemas() {
            problems.value_or_add_error(
                &at,
                spec.definition(name).and_then(|target| ensure_same_area(target, &definition.area)),
            );
        }
        let code = problems.value_or_add_error(&at, generate_type(spec, definition, &types)).flatten();
        if let Some(code) = code {
            areas.entry(&definition.area).or_default().push(code);
        }
    }
    problems.into_result()?;
    areas.into_iter().map(|(area, types)| Ok((area, format_types(spec, &types)?))).collect()
}

fn format_types(spec: &Spec, types: &[GeneratedType]) -> Result<String> {
    let items: TokenStream = types.iter().map(|code| code.items.clone()).collect();
    let macros: BTreeMap<_, _> = types.iter().map(|code| (code.macro_name, code.macro_path.clone())).collect();
    let macros: Vec<_> = macros.into_values().collect();
    let own: BTreeSet<_> = types.iter().map(|code| code.name.as_str()).collect();
    let others = spec.definitions.iter().map(|definition| match &definition.kind {
        DefinitionKind::HandWritten(name) => name.as_str(),
        _ => &definition.name,
    });
    let candidates = HAND_WRITTEN_NAMES.into_iter().chain(others.filter(|name| !own.contains(name)));
    let imports = generate_imports(&items, candidates, &macros)?;
    let blocks =
        types.iter().map(|code| Ok([format_items_with_inline_methods(code.items.clone())?, code.meaning.clone()]));
    let blocks = blocks.collect::<Result<Vec<_>>>()?.concat();
    Ok(format!("{imports}\n{}", blocks.join("\n")))
}

/// The code of a type.
struct GeneratedType {
    name: String,
    items: TokenStream,
    /// The call of the macro that implements reading and writing. Formatted here, since `prettyplease` cannot format it.
    meaning: String,
    macro_name: &'static str,
    macro_path: TokenStream,
}

/// Returns the code of a schema; `None` if it has none.
fn generate_type(
    spec: &Spec,
    definition: &Definition,
    types: &BTreeMap<(String, String), Type>,
) -> Result<Option<GeneratedType>> {
    Ok(match &definition.kind {
        DefinitionKind::HandWritten(_) => None,
        // The form of a multipart body, which is no JSON.
        DefinitionKind::Object(object) if object.properties.iter().any(|property| is_file_shape(&property.shape)) => {
            None
        }
        DefinitionKind::Object(object) => {
            let fields = struct_fields(spec, definition, object, types)?;
            Some(GeneratedType {
                name: definition.name.clone(),
                items: generate_struct(spec, definition, &fields)?,
                meaning: resource_macro_call(spec, definition, &fields)?,
                macro_name: "resource",
                macro_path: quote!(resource::resource),
            })
        }
        DefinitionKind::Enum(values) => Some(generate_open_enum(definition, values)),
        DefinitionKind::Union(union) => Some(generate_object_union(spec, definition, union)?),
    })
}

fn is_file_shape(shape: &Shape) -> bool {
    match shape {
        Shape::Binary => true,
        Shape::List(item) => is_file_shape(item),
        _ => false,
    }
}

/// The fields of a generated struct.
struct StructFields<'a> {
    described: Vec<StructField<'a>>,
    /// The type of the map of further properties.
    additional: Option<Type>,
}

/// A field of a generated struct.
struct StructField<'a> {
    property: &'a Property,
    name: Ident,
    presence: FieldPresence,
    /// The type of the value, without `Option` and holder.
    value: Type,
    holder: OptionalFieldWrapper,
}

/// The wrapper around the value of an optional field.
#[derive(PartialEq)]
enum OptionalFieldWrapper {
    Nothing,
    Box,
    RawJson,
}

#[derive(PartialEq)]
enum FieldPresence {
    Optional,
    /// Absent, null, or a value.
    Nullable,
    /// Required, and empty when it is null.
    RequiredList,
    Required,
}

impl FieldPresence {
    /// Returns how a property must be present, which does not depend on the operations that use its schema.
    fn from_property(property: &Property) -> Self {
        match &property.shape {
            // The service sets it, so that requests do not have it.
            _ if property.read_only => Self::Optional,
            _ if property.nullable => Self::Nullable,
            // Responses do not have it.
            _ if property.write_only || !property.required => Self::Optional,
            Shape::List(_) => Self::RequiredList,
            _ => Self::Required,
        }
    }
}

impl StructField<'_> {
    fn declared_type(&self) -> Type {
        let value = &self.value;
        let held: Type = match self.holder {
            OptionalFieldWrapper::Nothing => value.clone(),
            OptionalFieldWrapper::Box => parse_quote!(Box<#value>),
            OptionalFieldWrapper::RawJson => parse_quote!(RawJson<#value>),
        };
        match self.presence {
            FieldPresence::Optional => parse_quote!(Option<#held>),
            FieldPresence::Nullable => parse_quote!(Option<Nullable<#held>>),
            FieldPresence::RequiredList | FieldPresence::Required => held,
        }
    }

    fn doc_attributes(&self) -> TokenStream {
        doc_comment(&self.documentation(), MEMBER_INDENT)
    }

    fn documentation(&self) -> String {
        let deprecated = self.property.deprecated.as_ref().map(|reason| format!("\n\n**Deprecated**: {reason}"));
        self.property.documentation() + &deprecated.unwrap_or_default()
    }

    fn is_constructor_argument(&self) -> bool {
        is_constructor_argument(self.property)
    }

    /// Returns the declaration of the argument for the field, and the expression of the field's value.
    fn constructor_argument(&self) -> (TokenStream, TokenStream) {
        let (name, value) = (&self.name, &self.value);
        let is_text = self.property.shape == Shape::Text;
        let argument = if is_text { quote!(#name: impl Into<String>) } else { quote!(#name: #value) };
        let value = if is_text { quote!(#name.into()) } else { quote!(#name) };
        let held = match self.holder {
            OptionalFieldWrapper::Nothing => value,
            OptionalFieldWrapper::Box => quote!(Box::new(#value)),
            OptionalFieldWrapper::RawJson => quote!(RawJson::new(&#value)),
        };
        let set = match self.presence {
            FieldPresence::Optional => quote!(Some(#held)),
            FieldPresence::Nullable => quote!(Some(Nullable::Value(#held))),
            FieldPresence::RequiredList | FieldPresence::Required => held,
        };
        (argument, set)
    }
}

/// Returns the types that `progenitor` gives to all fields, by schema and field.
fn progenitor_field_types(spec: &Spec) -> Result<BTreeMap<(String, String), Type>> {
    let mut settings = GenerationSettings::new();
    for Definition { name, kind, .. } in &spec.definitions {
        match kind {
            // Its own enums are closed.
            DefinitionKind::Enum(_) | DefinitionKind::Union(_) => {
                settings.with_replacement(name, name, [TypeImpl::Display].into_iter())
            }
            DefinitionKind::HandWritten(hand_written) => {
                settings.with_replacement(name, hand_written, std::iter::empty())
            }
            DefinitionKind::Object(_) => &mut settings,
        };
    }
    for (basic, format, name) in [
        ("string", "password", "Secret"),
        ("string", "date-time", "DateTime"),
        ("string", "date", "Date"),
        ("number", "decimal", "Decimal"),
    ] {
        let schema = serde_json::from_value(json!({"type": basic, "format": format}))?;
        settings.with_conversion(schema, name, std::iter::empty());
    }

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
    object: &'a Object,
    types: &BTreeMap<(String, String), Type>,
) -> Result<StructFields<'a>> {
    let type_of = |name: &str| {
        let found = types.get(&(definition.name.clone(), name.to_owned()));
        found.map(unwrap_optional_type).context("progenitor has no such field")
    };
    let field = |property: &'a Property| {
        let (value, in_cycle) = type_of(&property.field)?;
        let presence = FieldPresence::from_property(property);
        let target = property.shape.schema_name().map(|name| spec.definition(name)).transpose()?;
        let holder = match (&property.shape, target) {
            (Shape::Named(_), Some(Definition { kind: DefinitionKind::Object(_), .. })) if property.raw => {
                OptionalFieldWrapper::RawJson
            }
            (Shape::Named(_), Some(_)) if presence == FieldPresence::Required => OptionalFieldWrapper::Nothing,
            (Shape::Named(_), Some(target)) if is_boxed_when_optional(target, in_cycle) => OptionalFieldWrapper::Box,
            _ => OptionalFieldWrapper::Nothing,
        };
        ensure!(
            !(in_cycle && presence == FieldPresence::Required),
            "a required property cannot lead back to its own schema"
        );
        ensure!(
            !property.raw || (holder == OptionalFieldWrapper::RawJson && presence == FieldPresence::Optional),
            "{X_PC_RAW} is for optional objects only"
        );
        // JSON within JSON within JSON would be parsed without an end.
        ensure!(
            !(property.raw && in_cycle),
            "{X_PC_RAW} is not for an object that leads back to its own schema: leave it out"
        );
        Ok(StructField { property, name: format_ident!("{}", property.field), presence, value, holder })
    };
    let mut problems = Problems::default();
    let described: Vec<_> = object
        .properties
        .iter()
        .filter_map(|property| {
            let at =
                format!("#/components/schemas/{}/properties/{}", definition.name, escape_pointer_step(&property.wire));
            problems.value_or_add_error(&at, field(property))
        })
        .collect();
    let at = format!("#/components/schemas/{}", definition.name);
    if described.len() > MAX_FIELDS_OF_OBJECT {
        problems.add_problem(
            &at,
            format!("an object has at most {MAX_FIELDS_OF_OBJECT} properties: move some into an object of their own"),
        );
    }
    let names: BTreeSet<_> = described.iter().map(|field| field.name.to_string()).collect();
    for clearing in described.iter().filter(|field| field.presence == FieldPresence::Nullable).map(clear_setter_name) {
        if names.contains(&clearing) {
            problems
                .add_problem(&at, format!("the field `{clearing}` has the name of a setter: name it with x-pc-name"));
        }
    }
    let additional = object.additional.as_ref().map(|_| type_of(ADDITIONAL_PROPERTIES_FIELD)).transpose()?;
    if additional.is_some() && names.contains(ADDITIONAL_PROPERTIES_FIELD) {
        problems.add_problem(
            &at,
            format!("the field `{ADDITIONAL_PROPERTIES_FIELD}` is there already: name it with x-pc-name"),
        );
    }
    problems.into_result()?;
    Ok(StructFields { described, additional: additional.map(|(value, _)| value) })
}

/// The maximum number of fields of an object in the models crate.
const MAX_FIELDS_OF_OBJECT: usize = 128;

/// Whether an optional value of a schema is held in a `Box`.
fn is_boxed_when_optional(target: &Definition, in_cycle: bool) -> bool {
    in_cycle || (target.boxed && matches!(target.kind, DefinitionKind::Object(_)))
}

fn generate_struct(spec: &Spec, definition: &Definition, fields: &StructFields<'_>) -> Result<TokenStream> {
    let name = format_ident!("{}", definition.name);
    let description = schema_documentation(definition)
        + &accessor_documentation(definition, fields)
        + &samples::model_example_documentation(spec, definition)?;
    let description = doc_comment(&description, 0);
    let derives = definition.is_derived.then(|| quote!(#[derive(Clone, PartialEq)]));
    // What is reached by a method alone says whether the request has failed in part. The setters of what is sent have the attribute.
    let has_accessor = fields.described.iter().any(|field| field.property.accessor.is_some());
    let must_use = (has_accessor && !definition.is_sent).then(|| quote!(#[must_use = "it says what has failed"]));
    let declarations = fields.described.iter().map(|field| {
        let (docs, name, declared) = (field.doc_attributes(), &field.name, field.declared_type());
        let visibility = if field.property.accessor.is_some() { quote!(pub(crate)) } else { quote!(pub) };
        quote!(#docs #visibility #name: #declared,)
    });
    let additional = fields.additional.as_ref().map(|additional| {
        let name = format_ident!("{ADDITIONAL_PROPERTIES_FIELD}");
        let docs = doc_comment("The properties with any other name.", MEMBER_INDENT);
        quote!(#docs pub #name: #additional,)
    });
    let constructor = has_constructor(definition).then(|| generate_constructor(definition, fields));
    let setters = fields.described.iter().filter(|field| definition.is_sent && !field.property.read_only);
    let setters = setters.map(generate_setters);
    let methods = quote!(#constructor #(#setters)*);
    let implementation = (!methods.is_empty()).then(|| quote!(impl #name { #methods }));
    Ok(quote! {
        #description
        #derives
        #must_use
        #[non_exhaustive]
        pub struct #name {
            #(#declarations)*
            #additional
            /// The fields that the specification does not describe; see [`UnknownFields`].
            pub unknown_fields: UnknownFields,
        }
        #implementation
    })
}

/// Whether a struct implements `Default`: no field is required but lists, which are empty by default, and it may be created.
fn implements_default(definition: &Definition) -> bool {
    !definition.is_read_first
        && definition
            .properties()
            .iter()
            .all(|property| FieldPresence::from_property(property) != FieldPresence::Required)
}

/// Whether the function `new` has an argument for a property.
pub(super) fn is_constructor_argument(property: &Property) -> bool {
    property.required && !property.read_only
}

/// Whether a struct has the function `new`.
fn has_constructor(definition: &Definition) -> bool {
    !definition.is_read_first && (definition.is_sent || !implements_default(definition))
}

/// Returns the description of a schema with a link to the documentation of the service.
fn schema_documentation(definition: &Definition) -> String {
    let link = definition.external_docs.as_ref().map(|(title, url)| format!("\n\nSee [{title}]({url})."));
    definition.description.clone() + &link.unwrap_or_default()
}

/// Returns a sentence for each field that a hand-written method reads.
fn accessor_documentation(definition: &Definition, fields: &StructFields<'_>) -> String {
    let accessors = fields.described.iter().filter_map(|field| Some((&field.name, field.property.accessor.as_ref()?)));
    let sentences =
        accessors.map(|(field, method)| format!("\n\nRead `{field}` with [`{}::{method}`].", definition.name));
    sentences.collect::<Vec<_>>().concat()
}

/// Returns the function `new`, with an argument for each required field.
fn generate_constructor(definition: &Definition, fields: &StructFields<'_>) -> TokenStream {
    let doc = format!("Creates a `{}` from its required fields.", definition.name);
    let doc = doc_comment(&doc, MEMBER_INDENT);
    if !fields.described.iter().any(StructField::is_constructor_argument) {
        return quote!(#doc #[must_use] pub fn new() -> Self { Self::default() });
    }
    let arguments = fields
        .described
        .iter()
        .filter(|field| field.is_constructor_argument())
        .map(|field| field.constructor_argument().0);
    let values = fields.described.iter().map(|field| {
        let (name, (_, value)) = (&field.name, field.constructor_argument());
        if !field.is_constructor_argument() {
            quote!(#name: None)
        } else if *name == value.to_string() {
            quote!(#name)
        } else {
            quote!(#name: #value)
        }
    });
    let additional = fields.additional.as_ref().map(|_| {
        let name = format_ident!("{ADDITIONAL_PROPERTIES_FIELD}");
        quote!(#name: BTreeMap::new(),)
    });
    quote! {
        #doc
        #[must_use]
        pub fn new(#(#arguments),*) -> Self {
            Self { #(#values,)* #additional unknown_fields: UnknownFields::default() }
        }
    }
}

/// Returns the methods that set an optional field and clear a nullable one.
fn generate_setters(field: &StructField<'_>) -> TokenStream {
    let (name, (argument, value)) = (&field.name, field.constructor_argument());
    let setter = (!field.is_constructor_argument()).then(|| {
        let docs = doc_comment(&format!("Sets `{name}`.\n\n{}", field.documentation()), MEMBER_INDENT);
        quote! {
            #docs
            #[must_use]
            pub fn #name(mut self, #argument) -> Self {
                self.#name = #value;
                self
            }
        }
    });
    let clearing = (field.presence == FieldPresence::Nullable).then(|| {
        let clear = format_ident!("{}", clear_setter_name(field));
        let docs = format!("Clears `{name}`: sends null. A field that is not sent is left as it is.");
        let docs = doc_comment(&docs, MEMBER_INDENT);
        quote! {
            #docs
            #[must_use]
            pub fn #clear(mut self) -> Self {
                self.#name = Some(Nullable::Null);
                self
            }
        }
    });
    quote!(#setter #clearing)
}

/// Returns the name of the method that clears a nullable field.
fn clear_setter_name(field: &StructField<'_>) -> String {
    format!("clear_{}", field.name)
}

/// Returns the macro call that implements reading and writing of a struct.
fn resource_macro_call(spec: &Spec, definition: &Definition, fields: &StructFields<'_>) -> Result<String> {
    let copied = (!definition.is_derived).then_some(" Clone PartialEq");
    let default = implements_default(definition).then_some(" Default");
    let traits: String = [copied, default].into_iter().flatten().collect();
    let separator = if traits.is_empty() { "" } else { ":" };
    let mut code = format!("resource!({}{separator}{traits} {{\n", definition.name);
    for (index, field) in fields.described.iter().enumerate() {
        let presence = match field.presence {
            FieldPresence::Optional => "Optional",
            FieldPresence::Nullable => "Nullable",
            FieldPresence::RequiredList => "RequiredList",
            FieldPresence::Required => "Required",
        };
        let (value, name) = (value_mut_variant(spec, field)?, &field.name);
        let names = std::iter::once(&field.property.wire).chain(&field.property.spellings);
        let names = names.map(|name| string_literal(name)).collect::<Vec<_>>().join(" | ");
        // Writing to a `String` does not fail.
        let _ = writeln!(code, "    {index} {presence} {value} {name} = {names},");
    }
    let additional = fields.additional.as_ref().map(|_| format!(" additional {ADDITIONAL_PROPERTIES_FIELD}"));
    Ok(code + "}" + &additional.unwrap_or_default() + ");\n")
}

/// Returns the kind of a field's value in the models crate: a variant of its `ValueMut`.
fn value_mut_variant(spec: &Spec, field: &StructField<'_>) -> Result<&'static str> {
    let kind = match &field.property.shape {
        Shape::Named(name) => match spec.definition(name)?.kind {
            DefinitionKind::Object(_) => "Object",
            DefinitionKind::Enum(_) | DefinitionKind::HandWritten(_) => "Scalar",
            DefinitionKind::Union(_) => "Union",
        },
        Shape::List(_) => "List",
        Shape::Map(_) => "Map",
        Shape::Any => "Json",
        Shape::Decimal => "Decimal",
        _ => "Scalar",
    };
    Ok(match (&field.holder, &field.presence) {
        (OptionalFieldWrapper::RawJson, _) => "RawJson",
        (_, FieldPresence::Nullable) => "Nullable",
        (_, FieldPresence::Optional) if !matches!(kind, "Scalar" | "Decimal") => "Optional",
        _ => kind,
    })
}

fn generate_open_enum(definition: &Definition, Enum { values, variants }: &Enum) -> GeneratedType {
    let name = format_ident!("{}", definition.name);
    let description = doc_comment(&schema_documentation(definition), 0);
    let declarations = variants.iter().map(|variant| {
        let (docs, name) = (doc_comment(&variant.description, MEMBER_INDENT), format_ident!("{}", variant.name));
        quote!(#docs #name,)
    });
    let unknown = match values {
        EnumValues::Strings | EnumValues::LooseStrings => quote! {
            /// A string that this version has no variant for; it is kept and serialized as received.
            UnknownVariant(UnknownVariant),
        },
        EnumValues::Integers => quote! {
            /// An integer that this version has no variant for; it is kept and serialized as received.
            UnknownVariant(UnknownInteger),
        },
    };
    let items = quote! {
        #description
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum #name {
            #(#declarations)*
            #unknown
        }
    };
    let (macro_name, macro_path, loose) = match values {
        EnumValues::Strings => ("open_enum", quote!(open_enum::open_enum), ""),
        EnumValues::LooseStrings => ("open_enum", quote!(open_enum::open_enum), "loose "),
        EnumValues::Integers => ("integer_enum", quote!(open_enum::integer_enum), ""),
    };
    let literal = |wire: &str| if *values == EnumValues::Integers { wire.to_owned() } else { string_literal(wire) };
    let texts = variants.iter().map(|variant| format!("    {} = {},\n", variant.name, literal(&variant.wire)));
    let meaning = format!("{macro_name}!({loose}{name} {{\n{}}});\n", texts.collect::<String>());
    GeneratedType { name: definition.name.clone(), items, meaning, macro_name, macro_path }
}

fn generate_object_union(spec: &Spec, definition: &Definition, union: &Union) -> Result<GeneratedType> {
    let name = format_ident!("{}", definition.name);
    let description = doc_comment(&schema_documentation(definition), 0);
    let mut declarations = TokenStream::new();
    let mut values = String::new();
    for UnionVariant { schema, values: known } in &union.variants {
        let target = spec.definition(schema)?;
        let docs = doc_comment(target.description.split("\n\n").next().unwrap_or_default(), MEMBER_INDENT);
        let variant = format_ident!("{schema}");
        declarations.extend(quote!(#docs #variant(Box<#variant>),));
        let known = known.iter().map(|value| string_literal(value)).collect::<Vec<_>>().join(" | ");
        // Writing to a `String` does not fail.
        let _ = writeln!(values, "    {schema} = {known},");
    }
    let items = quote! {
        #description
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum #name {
            #declarations
            /// An object that this version has no variant for; it is kept and serialized as received.
            Unknown(JsonValue),
        }
    };
    let discriminator = string_literal(&union.discriminator);
    let meaning = format!("object_union!({name} by {discriminator} {{\n{values}}});\n");
    Ok(GeneratedType {
        name: definition.name.clone(),
        items,
        meaning,
        macro_name: "object_union",
        macro_path: quote!(union::object_union),
    })
}

/// Returns a type without its `Option`, and whether `progenitor` boxes it because it refers back to itself.
fn unwrap_optional_type(declared: &Type) -> (Type, bool) {
    match (generic_argument_of(declared, "Option"), generic_argument_of(declared, "Box")) {
        (Some(inner), _) => unwrap_optional_type(inner),
        // Typify declares an optional value of the schema itself as `Box<Option<T>>`.
        (None, Some(inner)) => (unwrap_optional_type(inner).0, true),
        (None, None) => (declared.clone(), false),
    }
}

/// Returns the `T` of `Wrapper<T>`.
fn generic_argument_of<'a>(declared: &'a Type, wrapper: &str) -> Option<&'a Type> {
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
        let names: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        match names.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            [.., "Box" | "Option" | "String" | "Uuid" | "Vec"] => {
                path.segments = path.segments.last().cloned().into_iter().collect();
            }
            // Unlike `serde_json::Value`, this type keeps the digits of numbers.
            ["serde_json", "Value"] => *path = parse_quote!(JsonValue),
            ["serde_json", "Map"] => *path = parse_quote!(BTreeMap<String, JsonValue>),
            // Written in the same order each time.
            [.., "HashMap"] => {
                path.segments = path.segments.last().cloned().into_iter().collect();
                path.segments[0].ident = format_ident!("BTreeMap");
            }
            _ => {}
        }
    }
}

/// Returns a string literal of Rust.
fn string_literal(text: &str) -> String {
    quote!(#text).to_string()
}
