//! The named schemas, and the shapes of their properties.

use super::{
    extensions::{BOX, ENUM_DESCRIPTIONS, EXTENSIBLE_ENUM, PROPERTY_DESCRIPTIONS, RAW, SECRET, TYPE},
    reserved,
};
use anyhow::{Context as _, Result, bail, ensure};
use heck::{ToPascalCase as _, ToSnakeCase as _};
use openapiv3::{
    AnySchema, ArrayType, BooleanType, IntegerFormat, IntegerType, NumberFormat, NumberType, ObjectType, ReferenceOr,
    Schema, SchemaData, SchemaKind, StringFormat, StringType, Type, VariantOrUnknownOrEmpty as Format,
};
use serde_json::Value;
use std::{
    borrow::Borrow,
    collections::{BTreeMap, BTreeSet},
};
use syn::Ident;

/// A named schema.
pub(crate) struct Definition {
    pub(crate) name: String,
    pub(crate) description: String,
    /// The title and the URL of its page of the documentation of the service.
    pub(crate) external_docs: Option<(String, String)>,
    /// An object of this schema, for the documentation.
    pub(crate) example: Option<Value>,
    /// Held in a `Box` where it is optional.
    pub(crate) boxed: bool,
    /// Whether it occurs in requests only.
    pub(crate) request_only: bool,
    pub(crate) kind: Kind,
}

/// The kind of a named schema.
pub(crate) enum Kind {
    Object(Vec<Property>),
    Enum(Vec<Variant>),
    /// A Rust type of the models crate, by its name.
    HandWritten(String),
}

pub(crate) struct Property {
    pub(crate) wire: String,
    pub(crate) description: String,
    pub(crate) required: bool,
    /// Whether it is kept as JSON and parsed on demand.
    pub(crate) raw: bool,
    pub(crate) shape: Shape,
}

pub(crate) struct Variant {
    pub(crate) name: String,
    pub(crate) wire: String,
    pub(crate) description: String,
}

/// The shape of a property or a parameter: its type, as far as the generator distinguishes types.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    Named(String),
    List(Box<Self>),
    Text,
    Secret,
    Uuid,
    Bool,
    Int32,
    Int64,
    Double,
    Any,
}

impl Definition {
    /// Reads a schema of the document; `description_of` returns the description of a schema by its name.
    pub(crate) fn read(
        at: &str,
        name: &str,
        schema: &Schema,
        description_of: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self> {
        ensure!(name == name.to_pascal_case(), "{at}: the name of a schema is written {}", name.to_pascal_case());
        let data = &schema.schema_data;
        let extension = |key| data.extensions.get(key);
        // Both are understood in named schemas only.
        ensure_nothing_unsupported(&SchemaData { external_docs: None, example: None, ..data.clone() })
            .with_context(|| at.to_owned())?;
        let kind = match (&schema.schema_kind, extension(TYPE)) {
            (_, Some(name)) => {
                let name = name.as_str().filter(|name| syn::parse_str::<Ident>(name).is_ok());
                Kind::HandWritten(name.with_context(|| format!("{at}/{TYPE}: not the name of a type"))?.to_owned())
            }
            (SchemaKind::Type(Type::Object(object)), None) => {
                Kind::Object(read_properties(at, object, data, description_of)?)
            }
            (SchemaKind::Type(Type::String(text)), None)
                if !text.enumeration.is_empty() || extension(EXTENSIBLE_ENUM).is_some() =>
            {
                Kind::Enum(read_variants(at, text, extension(EXTENSIBLE_ENUM), extension(ENUM_DESCRIPTIONS))?)
            }
            _ => bail!("{at}: a schema is an object, an enum of strings, or has an {TYPE}"),
        };
        let is_generated = !matches!(kind, Kind::HandWritten(_));
        ensure!(!(is_generated && reserved::TYPES.contains(&name)), "{at}: the name {name} is taken");
        for key in [ENUM_DESCRIPTIONS, EXTENSIBLE_ENUM] {
            ensure!(extension(key).is_none() || matches!(kind, Kind::Enum(_)), "{at}/{key}: the schema is no enum");
        }
        for key in [BOX, PROPERTY_DESCRIPTIONS, RAW] {
            ensure!(extension(key).is_none() || matches!(kind, Kind::Object(_)), "{at}/{key}: the schema is no object");
        }
        ensure!(
            data.example.is_none() || matches!(kind, Kind::Object(_)),
            "{at}: an `example` is understood in an object only"
        );
        Ok(Self {
            name: name.to_owned(),
            description: required_description(data.description.as_deref()).with_context(|| at.to_owned())?,
            external_docs: external_docs(data).with_context(|| format!("{at}/externalDocs"))?,
            example: data.example.clone(),
            boxed: extension(BOX).is_some(),
            request_only: false,
            kind,
        })
    }
}

impl Shape {
    pub(crate) fn of(schema: &ReferenceOr<impl Borrow<Schema>>) -> Result<Self> {
        let schema = match schema {
            ReferenceOr::Reference { reference } => {
                return Ok(Self::Named(local_name(reference, "schemas")?.to_owned()));
            }
            ReferenceOr::Item(schema) => schema.borrow(),
        };
        ensure_nothing_unsupported(&schema.schema_data)?;
        if schema.schema_data.extensions.contains_key(SECRET) {
            let plain = SchemaKind::Type(Type::String(StringType::default()));
            ensure!(schema.schema_kind == plain, "{SECRET} is for strings without a format and constraints");
            return Ok(Self::Secret);
        }
        match &schema.schema_kind {
            // A `$ref` with its own description.
            SchemaKind::AllOf { all_of } => match all_of.as_slice() {
                [reference @ ReferenceOr::Reference { .. }] => Self::of(reference),
                _ => bail!("`allOf` is understood around one $ref only"),
            },
            SchemaKind::Type(Type::String(text)) => Self::of_text(text),
            SchemaKind::Type(Type::Integer(integer)) => Self::of_integer(integer),
            SchemaKind::Type(Type::Number(number)) => Self::of_number(number),
            SchemaKind::Type(Type::Boolean(BooleanType { enumeration })) if enumeration.is_empty() => Ok(Self::Bool),
            SchemaKind::Type(Type::Array(array)) => match array {
                ArrayType { items: Some(items), min_items: None, max_items: None, unique_items: false } => {
                    Ok(Self::List(Box::new(Self::of(items).context("items")?)))
                }
                _ => bail!("an array has `items`, and no constraints"),
            },
            SchemaKind::Type(Type::Object(_)) => bail!("an object within another schema: make it a schema with a name"),
            SchemaKind::Any(any) if *any == AnySchema::default() => Ok(Self::Any),
            SchemaKind::Any(AnySchema { typ: Some(name), .. }) => {
                bail!("the type `{name}` is not understood, or not together with what else is said")
            }
            _ => bail!("the schema is not understood"),
        }
    }

    /// Returns the name of the schema that this is, or is a list of.
    pub(crate) fn named(&self) -> Option<&str> {
        match self {
            Self::Named(name) => Some(name),
            Self::List(item) => item.named(),
            _ => None,
        }
    }

    fn of_integer(integer: &IntegerType) -> Result<Self> {
        let unconstrained = IntegerType { format: integer.format.clone(), ..IntegerType::default() };
        ensure!(*integer == unconstrained, "constraints of an integer are understood in parameters only");
        match &integer.format {
            Format::Item(IntegerFormat::Int32) => Ok(Self::Int32),
            Format::Item(IntegerFormat::Int64) => Ok(Self::Int64),
            Format::Empty => bail!("an integer needs the format `int32` or `int64`"),
            Format::Unknown(format) => bail!("the format `{format}` of an integer is not understood"),
        }
    }

    fn of_number(number: &NumberType) -> Result<Self> {
        let unconstrained = NumberType { format: number.format.clone(), ..NumberType::default() };
        ensure!(*number == unconstrained, "constraints of a number are not understood");
        match &number.format {
            Format::Empty | Format::Item(NumberFormat::Double) => Ok(Self::Double),
            Format::Item(format) => bail!("the format `{format:?}` of a number is not understood"),
            Format::Unknown(format) => bail!("the format `{format}` of a number is not understood"),
        }
    }

    fn of_text(text: &StringType) -> Result<Self> {
        ensure!(text.enumeration.is_empty(), "an enum within another schema: make it a schema with a name");
        ensure!(
            text.pattern.is_none() && text.min_length.is_none() && text.max_length.is_none(),
            "constraints of a string are not understood"
        );
        match &text.format {
            Format::Empty => Ok(Self::Text),
            Format::Item(StringFormat::Password) => Ok(Self::Secret),
            Format::Unknown(format) if format == "uuid" => Ok(Self::Uuid),
            Format::Unknown(format) => bail!("the format `{format}` of a string is not understood"),
            Format::Item(format) => bail!("the format `{format:?}` of a string is not understood"),
        }
    }
}

/// Returns a description, or an error if it is missing or blank.
pub(crate) fn required_description(description: Option<&str>) -> Result<String> {
    let text = description.map(str::trim).filter(|text| !text.is_empty());
    Ok(text.context("a description is missing")?.to_owned())
}

/// Escapes a key as a step of a JSON pointer (RFC 6901).
pub(crate) fn escape_pointer_step(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Returns the name of the Rust field for a name on the wire.
pub(crate) fn field_name(wire: &str) -> Result<String> {
    let name = wire.to_snake_case();
    ensure!(syn::parse_str::<Ident>(&format!("{name}_")).is_ok(), "`{wire}` makes no name in Rust");
    // As `progenitor` does with a keyword.
    Ok(if syn::parse_str::<Ident>(&name).is_ok() { name } else { format!("{name}_") })
}

/// Returns the name of the component that a `$ref` points to.
pub(crate) fn local_name<'a>(reference: &'a str, folder: &str) -> Result<&'a str> {
    let name = reference.strip_prefix("#/components/").and_then(|rest| rest.strip_prefix(folder)?.strip_prefix('/'));
    name.with_context(|| format!("the $ref {reference} does not lead to #/components/{folder}"))
}

fn read_properties(
    at: &str,
    object: &ObjectType,
    data: &SchemaData,
    description_of: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<Property>> {
    let ObjectType { properties, required, additional_properties: None, min_properties: None, max_properties: None } =
        object
    else {
        bail!("{at}: `additionalProperties`, `minProperties` and `maxProperties` are not understood");
    };
    ensure!(!properties.is_empty(), "{at}: an object without properties is not understood");
    if let Some(unknown) = required.iter().find(|name| !properties.contains_key(*name)) {
        bail!("{at}/required: there is no property `{unknown}`");
    }
    let own_descriptions = match data.extensions.get(PROPERTY_DESCRIPTIONS) {
        None => &serde_json::Map::new(),
        Some(object) => object.as_object().with_context(|| format!("{at}/{PROPERTY_DESCRIPTIONS}: not an object"))?,
    };
    let raw = match data.extensions.get(RAW) {
        None => &Vec::new(),
        Some(list) => list.as_array().with_context(|| format!("{at}/{RAW}: not a list of properties"))?,
    };
    let own_names = own_descriptions.keys().map(|name| (PROPERTY_DESCRIPTIONS, Some(name.as_str())));
    for (key, name) in own_names.chain(raw.iter().map(|name| (RAW, name.as_str()))) {
        let is_property = name.is_some_and(|name| properties.contains_key(name));
        ensure!(is_property, "{at}/{key}: there is no property `{}`", name.unwrap_or_default());
    }
    let mut fields = BTreeSet::from(["unknown_fields".to_owned(), "new".to_owned()]);
    properties
        .iter()
        .map(|(wire, schema)| {
            let at = format!("{at}/properties/{}", escape_pointer_step(wire));
            let shape = Shape::of(schema).with_context(|| at.clone())?;
            let description = match (schema, own_descriptions.get(wire)) {
                (ReferenceOr::Reference { .. }, Some(own)) => own.as_str().map(str::to_owned),
                (ReferenceOr::Reference { reference }, None) => {
                    let description = description_of(local_name(reference, "schemas")?);
                    ensure!(
                        description.is_some(),
                        "{at}: a description is missing, in {PROPERTY_DESCRIPTIONS} or in {reference}"
                    );
                    description
                }
                (ReferenceOr::Item(schema), None) => schema.schema_data.description.clone(),
                (ReferenceOr::Item(_), Some(_)) => {
                    bail!(
                        "{at}: a property that is no $ref has its `description` in it, not in {PROPERTY_DESCRIPTIONS}"
                    )
                }
            };
            let description = required_description(description.as_deref()).with_context(|| at.clone())?;
            let field = field_name(wire).with_context(|| at.clone())?;
            ensure!(fields.insert(field.clone()), "{at}: the field `{field}` is there already");
            let raw = raw.iter().any(|name| name == wire);
            Ok(Property { wire: wire.clone(), description, required: required.contains(wire), raw, shape })
        })
        .collect()
}

fn read_variants(
    at: &str,
    text: &StringType,
    extensible: Option<&Value>,
    descriptions: Option<&Value>,
) -> Result<Vec<Variant>> {
    let StringType { format: Format::Empty, pattern: None, enumeration, min_length: None, max_length: None } = text
    else {
        bail!("{at}: an enum has neither a format nor constraints");
    };
    let (key, values): (_, Vec<_>) = match extensible {
        None => ("enum", enumeration.iter().map(Option::as_deref).collect()),
        Some(_) if !enumeration.is_empty() => bail!("{at}: either `enum` or {EXTENSIBLE_ENUM}"),
        Some(extensible) => {
            let values = extensible.as_array().with_context(|| format!("{at}/{EXTENSIBLE_ENUM}: not a list"))?;
            (EXTENSIBLE_ENUM, values.iter().map(Value::as_str).collect())
        }
    };
    let descriptions =
        descriptions.and_then(Value::as_array).with_context(|| format!("{at}: {ENUM_DESCRIPTIONS} is missing"))?;
    ensure!(
        descriptions.len() == values.len(),
        "{at}/{ENUM_DESCRIPTIONS}: {} descriptions for {} values",
        descriptions.len(),
        values.len()
    );
    let mut names = BTreeMap::from([("UnknownVariant".to_owned(), "what is not known")]);
    values
        .into_iter()
        .zip(descriptions)
        .map(|(wire, description)| {
            let wire = wire.with_context(|| format!("{at}/{key}: it holds strings only"))?;
            let name = wire.to_pascal_case();
            ensure!(syn::parse_str::<Ident>(&name).is_ok(), "{at}/{key}: `{wire}` makes no name of a variant");
            if let Some(other) = names.insert(name.clone(), wire) {
                bail!("{at}/{key}: `{wire}` and {other} make the same variant {name}");
            }
            let description = required_description(description.as_str())
                .with_context(|| format!("{at}/{ENUM_DESCRIPTIONS}: `{wire}`"))?;
            Ok(Variant { name, wire: wire.to_owned(), description })
        })
        .collect()
}

/// Returns the title and the URL of the documentation of a schema.
fn external_docs(data: &SchemaData) -> Result<Option<(String, String)>> {
    let Some(docs) = &data.external_docs else { return Ok(None) };
    let title = docs.description.clone().context("a description is missing")?;
    Ok(Some((title, docs.url.clone())))
}

/// Rejects keywords that change the meaning of a schema and are not understood.
fn ensure_nothing_unsupported(data: &SchemaData) -> Result<()> {
    let special = [
        ("nullable", data.nullable),
        ("readOnly", data.read_only),
        ("writeOnly", data.write_only),
        ("deprecated", data.deprecated),
        ("title", data.title.is_some()),
        ("discriminator", data.discriminator.is_some()),
        ("default", data.default.is_some()),
        ("example", data.example.is_some()),
        ("externalDocs", data.external_docs.is_some()),
    ];
    match special.iter().find(|(_, present)| *present) {
        Some((key, _)) => bail!("`{key}` is not understood"),
        None => Ok(()),
    }
}
