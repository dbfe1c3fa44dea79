//! The shapes of values: their types, as far as the generator distinguishes them, and their constraints.

use super::{extensions::X_PC_SECRET, names::component_name_of_reference};
use anyhow::{Context as _, Result, bail, ensure};
use openapiv3::{
    AdditionalProperties, AnySchema, ArrayType, IntegerFormat, IntegerType, NumberFormat, NumberType, ObjectType,
    ReferenceOr, Schema, SchemaData, SchemaKind, StringFormat, StringType, Type, VariantOrUnknownOrEmpty as Format,
};
use std::borrow::Borrow;

/// The shape of a property, a parameter or a body.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    /// A value of a named schema.
    Named(String),
    List(Box<Self>),
    /// An object whose properties have any name and values of one shape.
    Map(Box<Self>),
    Text,
    Secret,
    /// A secret that people sign in with.
    Password,
    Uuid,
    DateTime,
    Date,
    Bool,
    Int32,
    Int64,
    Double,
    Decimal,
    /// Any JSON.
    Any,
    /// Bytes, which only a file of a multipart body or a response can be.
    Binary,
}

impl Shape {
    pub(crate) fn from_schema(schema: &ReferenceOr<impl Borrow<Schema>>) -> Result<Self> {
        let schema = match schema {
            ReferenceOr::Reference { reference } => {
                return Ok(Self::Named(component_name_of_reference(reference, "schemas")?.to_owned()));
            }
            ReferenceOr::Item(schema) => schema.borrow(),
        };
        if schema.schema_data.extensions.contains_key(X_PC_SECRET) {
            let is_text = matches!(&schema.schema_kind, SchemaKind::Type(Type::String(text))
                if text.format.is_empty() && text.enumeration.is_empty());
            ensure!(is_text, "{X_PC_SECRET} is for strings without a format: leave it out");
            return Ok(Self::Secret);
        }
        match &schema.schema_kind {
            // A `$ref` with its own description.
            SchemaKind::AllOf { all_of } => match all_of.as_slice() {
                [reference @ ReferenceOr::Reference { .. }] => Self::from_schema(reference),
                _ => bail!("`allOf` is understood around one $ref only: write all properties in one schema"),
            },
            SchemaKind::Type(Type::String(text)) => Self::from_string_type(text),
            SchemaKind::Type(Type::Integer(integer)) => Self::from_integer_type(integer),
            SchemaKind::Type(Type::Number(number)) => Self::from_number_type(number),
            SchemaKind::Type(Type::Boolean(boolean)) => {
                ensure!(boolean.enumeration.is_empty(), "an `enum` of a boolean is not understood: leave it out");
                Ok(Self::Bool)
            }
            SchemaKind::Type(Type::Array(ArrayType { items: Some(items), .. })) => {
                if let ReferenceOr::Item(item) = items {
                    ensure_plain_item(&item.schema_data).context("items")?;
                }
                Ok(Self::List(Box::new(Self::from_schema(items).context("items")?)))
            }
            SchemaKind::Type(Type::Array(_)) => {
                bail!("an array without `items`: say what it holds, `items: {{}}` for any JSON")
            }
            SchemaKind::Type(Type::Object(object)) => Self::from_map_type(object),
            SchemaKind::Any(any) if *any == AnySchema::default() => Ok(Self::Any),
            SchemaKind::Any(AnySchema { typ: Some(name), .. }) => bail!(
                "the type `{name}` is not understood, or not together with what else is said: write string, integer, number, \
                 boolean, array or object, with keywords of that type, and bounds of an integer without a fraction"
            ),
            SchemaKind::OneOf { .. } | SchemaKind::AnyOf { .. } => bail!(
                "a union within another schema is not understood: make it a schema with a name, `oneOf` and a `discriminator`"
            ),
            _ => bail!("the schema is not understood: write a `type`, or a `description` alone for any JSON"),
        }
    }

    /// Returns the name of the schema that this is, or is a list or a map of.
    pub(crate) fn schema_name(&self) -> Option<&str> {
        match self {
            Self::Named(name) => Some(name),
            Self::List(item) | Self::Map(item) => item.schema_name(),
            _ => None,
        }
    }

    /// Whether a value is one word in a table, a flag or a path. A named one is, if it is an enum.
    pub(crate) fn is_scalar(&self) -> bool {
        !matches!(self, Self::Named(_) | Self::List(_) | Self::Map(_) | Self::Any | Self::Binary)
    }

    fn from_string_type(text: &StringType) -> Result<Self> {
        ensure!(text.enumeration.is_empty(), "an enum within another schema: make it a schema with a name");
        match &text.format {
            Format::Empty | Format::Item(StringFormat::Byte) => Ok(Self::Text),
            Format::Item(StringFormat::Password) => Ok(Self::Password),
            Format::Item(StringFormat::Date) => Ok(Self::Date),
            Format::Item(StringFormat::DateTime) => Ok(Self::DateTime),
            Format::Item(StringFormat::Binary) => Ok(Self::Binary),
            Format::Unknown(format) => match format.as_str() {
                "uuid" => Ok(Self::Uuid),
                "uri" | "email" | "duration" => Ok(Self::Text),
                _ => bail!(
                    "the format `{format}` of a string is not understood: leave it out, or write uuid, date-time, date, byte, \
                     uri, email, duration or password"
                ),
            },
        }
    }

    fn from_integer_type(integer: &IntegerType) -> Result<Self> {
        ensure!(integer.enumeration.is_empty(), "an enum within another schema: make it a schema with a name");
        match &integer.format {
            Format::Item(IntegerFormat::Int32) => Ok(Self::Int32),
            Format::Item(IntegerFormat::Int64) => Ok(Self::Int64),
            Format::Empty => bail!("an integer needs a format: write `int32` or `int64`"),
            Format::Unknown(format) => {
                bail!("the format `{format}` of an integer is not understood: write `int32` or `int64`")
            }
        }
    }

    fn from_number_type(number: &NumberType) -> Result<Self> {
        ensure!(number.enumeration.is_empty(), "an `enum` of a number is not understood: leave it out");
        match &number.format {
            Format::Empty | Format::Item(NumberFormat::Double) => Ok(Self::Double),
            Format::Unknown(format) if format == "decimal" => Ok(Self::Decimal),
            Format::Item(NumberFormat::Float) => {
                bail!("the format `float` of a number is not understood: write `double` or `decimal`")
            }
            Format::Unknown(format) => {
                bail!("the format `{format}` of a number is not understood: write `double` or `decimal`")
            }
        }
    }

    fn from_map_type(object: &ObjectType) -> Result<Self> {
        ensure!(
            object.properties.is_empty() && object.required.is_empty(),
            "an object within another schema: make it a schema with a name"
        );
        let value = map_value_shape(object)?;
        value.map(|value| Self::Map(Box::new(value))).context(
            "an object without properties: write `additionalProperties: true` for a map of any JSON, or no type at all for any \
             JSON",
        )
    }
}

/// Returns the shape of the values of `additionalProperties`, if the object has any.
pub(super) fn map_value_shape(object: &ObjectType) -> Result<Option<Shape>> {
    ensure!(
        object.min_properties.is_none() && object.max_properties.is_none(),
        "`minProperties` and `maxProperties` are not understood: say it in the description"
    );
    match &object.additional_properties {
        None => Ok(None),
        Some(AdditionalProperties::Any(true)) => Ok(Some(Shape::Any)),
        Some(AdditionalProperties::Any(false)) => {
            bail!("`additionalProperties: false` is not understood, as a service may add properties: leave it out")
        }
        Some(AdditionalProperties::Schema(value)) => {
            if let ReferenceOr::Item(value) = &**value {
                ensure_plain_item(&value.schema_data).context("additionalProperties")?;
            }
            Shape::from_schema(value).context("additionalProperties").map(Some)
        }
    }
}

/// Returns the constraints and the default of a schema as sentences of its description.
pub(crate) fn constraint_sentences(schema: &Schema) -> Result<String> {
    let mut sentences = Vec::new();
    let mut range = |minimum: Option<String>, maximum: Option<String>| match (minimum, maximum) {
        (Some(minimum), Some(maximum)) => sentences.push(format!("From {minimum} to {maximum}.")),
        (Some(minimum), None) => sentences.push(format!("At least {minimum}.")),
        (None, Some(maximum)) => sentences.push(format!("At most {maximum}.")),
        (None, None) => {}
    };
    let exclusive =
        "`exclusiveMinimum`, `exclusiveMaximum` and `multipleOf` are not understood: say it in the description";
    match &schema.schema_kind {
        SchemaKind::Type(Type::Integer(integer)) => {
            ensure!(
                !integer.exclusive_minimum && !integer.exclusive_maximum && integer.multiple_of.is_none(),
                "{exclusive}"
            );
            range(integer.minimum.map(|number| number.to_string()), integer.maximum.map(|number| number.to_string()));
        }
        SchemaKind::Type(Type::Number(number)) => {
            ensure!(
                !number.exclusive_minimum && !number.exclusive_maximum && number.multiple_of.is_none(),
                "{exclusive}"
            );
            range(number.minimum.map(|number| number.to_string()), number.maximum.map(|number| number.to_string()));
        }
        SchemaKind::Type(Type::String(text)) => {
            let characters = |length: Option<usize>, bound: &str| {
                length.map(|length| format!("{bound} {length} character{}.", if length == 1 { "" } else { "s" }))
            };
            sentences.extend(characters(text.min_length, "At least"));
            sentences.extend(characters(text.max_length, "At most"));
            sentences.extend(text.pattern.as_ref().map(|pattern| format!("It matches `{pattern}`.")));
        }
        SchemaKind::Type(Type::Array(array)) => {
            ensure!(!array.unique_items, "`uniqueItems` is not understood: say it in the description");
            let items = |count: Option<usize>, bound: &str| {
                count.map(|count| format!("{bound} {count} item{}.", if count == 1 { "" } else { "s" }))
            };
            sentences.extend(items(array.min_items, "At least"));
            sentences.extend(items(array.max_items, "At most"));
        }
        _ => {}
    }
    if let Some(default) = &schema.schema_data.default {
        let is_scalar = default.is_string() || default.is_number() || default.is_boolean();
        ensure!(is_scalar, "a `default` is a string, a number or a boolean: say another one in the description");
        let default = default.as_str().map_or_else(|| default.to_string(), str::to_owned);
        sentences.push(format!("The default is `{default}`."));
    }
    Ok(sentences.join(" "))
}

/// Rejects keywords of a property in an item of a list or a map.
fn ensure_plain_item(data: &SchemaData) -> Result<()> {
    ensure!(!data.nullable, "`nullable` is not understood here: leave it out");
    ensure!(
        !data.read_only && !data.write_only && !data.deprecated,
        "`readOnly`, `writeOnly` and `deprecated` are not understood here: write them in the property"
    );
    ensure!(data.default.is_none(), "a `default` is not understood here: say it in the description");
    ensure_no_unsupported_keywords(data)
}

/// Rejects keywords that no schema may have.
pub(super) fn ensure_no_unsupported_keywords(data: &SchemaData) -> Result<()> {
    let foreign = [
        ("title", data.title.is_some(), "write a `description`"),
        ("discriminator", data.discriminator.is_some(), "it belongs to a schema with a name and `oneOf`"),
        ("example", data.example.is_some(), "write an `example` of the schema that has the property"),
        ("externalDocs", data.external_docs.is_some(), "write them in the schema that has the property"),
    ];
    match foreign.iter().find(|(_, present, _)| *present) {
        Some((key, _, instead)) => bail!("`{key}` is not understood here: {instead}"),
        None => Ok(()),
    }
}
