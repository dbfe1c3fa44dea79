//! The named schemas.

use super::{
    columns::{Column, read_columns},
    extensions::{
        X_EXTENSIBLE_ENUM, X_PC_ACCESSOR, X_PC_BOX, X_PC_COLUMNS, X_PC_DEPRECATED, X_PC_DERIVE, X_PC_ENUM_DESCRIPTIONS,
        X_PC_ENUM_NAMES, X_PC_LOOSE, X_PC_NAME, X_PC_PROPERTY_DESCRIPTIONS, X_PC_RAW, X_PC_SPELLING, X_PC_TYPE,
    },
    names::{
        component_name_of_reference, ensure_pascal_case_variant_name, escape_pointer_step, is_rust_identifier,
        rust_field_name, rust_variant_name,
    },
    reserved,
    shape::{Shape, constraint_sentences, ensure_no_unsupported_keywords, map_value_shape},
};
use crate::problems::{ProblemAlreadyReported, Problems};
use anyhow::{Context as _, Error, Result, bail, ensure};
use heck::ToPascalCase as _;
use openapiv3::{
    Discriminator, ExternalDocumentation, IntegerType, ObjectType, ReferenceOr, Schema, SchemaData, SchemaKind, Type,
    VariantOrUnknownOrEmpty as Format,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A named schema.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct Definition {
    pub(crate) name: String,
    /// The area of the service, which is the name of its file.
    pub(crate) area: String,
    pub(crate) description: String,
    /// The title and the URL of its page of the documentation of the service.
    pub(crate) external_docs: Option<(String, String)>,
    /// An object of this schema, for the documentation.
    pub(crate) example: Option<Value>,
    /// Held in a `Box` where it is optional.
    pub(crate) boxed: bool,
    /// Derives `Clone` and `PartialEq`, as does all that it holds.
    pub(crate) is_derived: bool,
    /// Whether it occurs in a request.
    pub(crate) is_sent: bool,
    /// Whether it occurs in a response.
    pub(crate) is_received: bool,
    /// Whether it is sent only as it was read before, so that it has no constructor: a part of it would delete the rest.
    pub(crate) is_read_first: bool,
    /// The columns of a table of such objects.
    pub(crate) columns: Option<Vec<Column>>,
    pub(crate) kind: DefinitionKind,
}

/// The kind of a named schema.
pub(crate) enum DefinitionKind {
    Object(Object),
    Enum(Enum),
    Union(Union),
    /// A Rust type of the models crate, by its name.
    HandWritten(String),
}

/// An object with known properties.
pub(crate) struct Object {
    pub(crate) properties: Vec<Property>,
    /// The shape of the properties with any other name, if they are described.
    pub(crate) additional: Option<Shape>,
}

#[expect(clippy::struct_excessive_bools, reason = "each is a keyword of its own")]
pub(crate) struct Property {
    pub(crate) wire: String,
    /// The Rust name.
    pub(crate) field: String,
    /// Other names on the wire that are read as this one.
    pub(crate) spellings: Vec<String>,
    pub(crate) description: String,
    /// Its constraints and its default as sentences, for the documentation; empty if it has none.
    pub(crate) constraints: String,
    pub(crate) required: bool,
    /// Whether a value that is absent and `null` are two things in a request.
    pub(crate) nullable: bool,
    /// Whether it occurs in responses only.
    pub(crate) read_only: bool,
    /// Whether it occurs in requests only.
    pub(crate) write_only: bool,
    /// Why it is deprecated, and what replaces it.
    pub(crate) deprecated: Option<String>,
    /// Whether it is kept as JSON and parsed on demand.
    pub(crate) raw: bool,
    /// The hand-written method that it is read with; the field is private.
    pub(crate) accessor: Option<String>,
    pub(crate) shape: Shape,
    /// The schema as it is written, unless it is a `$ref`.
    pub(crate) schema: Option<Schema>,
}

/// An open enum: other values than the variants may occur.
pub(crate) struct Enum {
    pub(crate) values: EnumValues,
    pub(crate) variants: Vec<Variant>,
}

/// The values of an [`Enum`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum EnumValues {
    Strings,
    /// Strings that match in any case, with or without underscores.
    LooseStrings,
    Integers,
}

pub(crate) struct Variant {
    /// The Rust name.
    pub(crate) name: String,
    /// The string, or the digits of the integer.
    pub(crate) wire: String,
    pub(crate) description: String,
}

/// One of several objects, which a property tells apart; other objects may occur.
pub(crate) struct Union {
    /// The name of the property on the wire.
    pub(crate) discriminator: String,
    pub(crate) variants: Vec<UnionVariant>,
}

pub(crate) struct UnionVariant {
    /// The name of the schema, which is that of the variant as well.
    pub(crate) schema: String,
    /// The values of the discriminator.
    pub(crate) values: Vec<String>,
}

impl Property {
    /// Returns the description with the constraints and the default.
    pub(crate) fn documentation(&self) -> String {
        format!("{} {}", self.description, self.constraints).trim_end().to_owned()
    }
}

/// The variant of an enum for what is not known.
const UNKNOWN_ENUM_VARIANT_NAME: &str = "UnknownVariant";
/// The variant of a union for what is not known.
const UNKNOWN_UNION_VARIANT_NAME: &str = "Unknown";

impl Definition {
    /// Reads a schema at a place of the document; `description_of` returns the description of a schema by its name.
    ///
    /// Returns `None` if it has problems, which are added to `problems`.
    pub(crate) fn read(
        at: &str,
        name: &str,
        area: &str,
        schema: &Schema,
        description_of: &dyn Fn(&str) -> Option<String>,
        problems: &mut Problems,
    ) -> Option<Self> {
        let data = &schema.schema_data;
        let kind = read_definition_kind(at, schema, description_of);
        let kind = problems.value_or_add_error(at, kind);
        problems.value_or_add_error(at, ensure_schema_name(name, kind.as_ref()));
        // Both are understood in named schemas.
        let plain = SchemaData { external_docs: None, example: None, discriminator: None, ..data.clone() };
        problems.value_or_add_error(at, ensure_plain_schema(&plain));
        let description = problems.value_or_add_error(at, required_description(data.description.as_deref()));
        let external_docs = problems
            .value_or_add_error(&format!("{at}/externalDocs"), read_documentation_link(data.external_docs.as_ref()));
        let columns = data.extensions.get(X_PC_COLUMNS).map(read_columns).transpose();
        let columns = problems.value_or_add_error(&format!("{at}/{X_PC_COLUMNS}"), columns);
        let kind = kind?;
        for (key, what, fits) in extensions_of_specific_kinds(&kind) {
            if data.extensions.contains_key(key) && !fits {
                problems
                    .add_problem(format!("{at}/{key}"), format!("the schema is not {what}: leave the extension out"));
            }
        }
        if data.example.is_some() && !matches!(kind, DefinitionKind::Object(_)) {
            problems.add_problem(at, "an `example` is understood in an object only: leave it out");
        }
        Some(Self {
            name: name.to_owned(),
            area: area.to_owned(),
            description: description?,
            external_docs: external_docs?,
            example: data.example.clone(),
            boxed: data.extensions.contains_key(X_PC_BOX),
            is_derived: data.extensions.contains_key(X_PC_DERIVE),
            is_sent: false,
            is_received: false,
            is_read_first: false,
            columns: columns?,
            kind,
        })
    }

    /// Returns the schema with a name. It is missing only if its problems are reported already.
    pub(crate) fn find_by_name<'a>(definitions: &'a [Self], name: &str) -> Result<&'a Self> {
        definitions.iter().find(|definition| definition.name == name).ok_or_else(|| Error::new(ProblemAlreadyReported))
    }

    /// Returns the properties of an object; none of another schema.
    pub(crate) fn properties(&self) -> &[Property] {
        if let DefinitionKind::Object(object) = &self.kind { &object.properties } else { &[] }
    }

    /// Returns the names of the schemas that a value of this one may hold.
    pub(crate) fn referenced_schemas(&self) -> Vec<&str> {
        match &self.kind {
            DefinitionKind::Object(Object { properties, additional }) => {
                let shapes = properties.iter().map(|property| &property.shape).chain(additional);
                shapes.filter_map(Shape::schema_name).collect()
            }
            DefinitionKind::Union(union) => union.variants.iter().map(|variant| variant.schema.as_str()).collect(),
            DefinitionKind::Enum(_) | DefinitionKind::HandWritten(_) => Vec::new(),
        }
    }
}

/// Returns the extensions that not every schema may have, with what it should be, and whether it is.
fn extensions_of_specific_kinds(kind: &DefinitionKind) -> [(&'static str, &'static str, bool); 9] {
    let is_object = matches!(kind, DefinitionKind::Object(_));
    let is_enum = matches!(kind, DefinitionKind::Enum(_));
    let is_text =
        matches!(kind, DefinitionKind::Enum(Enum { values: EnumValues::Strings | EnumValues::LooseStrings, .. }));
    [
        (X_PC_ENUM_DESCRIPTIONS, "an enum", is_enum),
        (X_PC_ENUM_NAMES, "an enum", is_enum),
        (X_EXTENSIBLE_ENUM, "an enum", is_enum),
        (X_PC_LOOSE, "an enum of strings", is_text),
        (X_PC_BOX, "an object", is_object || matches!(kind, DefinitionKind::Union(_))),
        (X_PC_COLUMNS, "an object", is_object),
        (X_PC_DERIVE, "an object", is_object),
        (X_PC_PROPERTY_DESCRIPTIONS, "an object", is_object),
        (X_PC_RAW, "an object", is_object),
    ]
}

fn ensure_schema_name(name: &str, kind: Option<&DefinitionKind>) -> Result<()> {
    let pascal = name.to_pascal_case();
    ensure!(name == pascal, "the name of a schema is in PascalCase: write {pascal}");
    ensure!(is_rust_identifier(name), "the name {name} makes no type in Rust: write one that begins with a letter");
    let is_generated = !matches!(kind, None | Some(DefinitionKind::HandWritten(_)));
    ensure!(
        !(is_generated && reserved::RESERVED_TYPE_NAMES.contains(&name)),
        "the name {name} is taken: write another one"
    );
    Ok(())
}

/// Rejects keywords that a named schema cannot have.
fn ensure_plain_schema(data: &SchemaData) -> Result<()> {
    ensure!(
        !data.nullable && !data.read_only && !data.write_only && !data.deprecated && data.default.is_none(),
        "`nullable`, `readOnly`, `writeOnly`, `deprecated` and `default` are not understood here: write them in the property"
    );
    ensure_no_unsupported_keywords(data)
}

fn read_definition_kind(
    at: &str,
    schema: &Schema,
    description_of: &dyn Fn(&str) -> Option<String>,
) -> Result<DefinitionKind> {
    let data = &schema.schema_data;
    let extensible = data.extensions.get(X_EXTENSIBLE_ENUM);
    if let Some(name) = data.extensions.get(X_PC_TYPE) {
        let name = name.as_str().filter(|name| is_rust_identifier(name));
        let name =
            name.with_context(|| format!("{X_PC_TYPE}: not the name of a type: write one of the models crate"))?;
        return Ok(DefinitionKind::HandWritten(name.to_owned()));
    }
    ensure!(
        data.discriminator.is_none() || matches!(schema.schema_kind, SchemaKind::OneOf { .. }),
        "a `discriminator` belongs to a `oneOf`: write the schemas there"
    );
    match &schema.schema_kind {
        SchemaKind::Type(Type::Object(object)) => {
            read_object(at, object, data, description_of).map(DefinitionKind::Object)
        }
        SchemaKind::Type(Type::String(text)) if !text.enumeration.is_empty() || extensible.is_some() => {
            let plain = text.format.is_empty() && text.pattern.is_none();
            ensure!(
                plain && text.min_length.is_none() && text.max_length.is_none(),
                "an enum has neither a format nor constraints: leave them out"
            );
            let values = text.enumeration.iter().map(|value| Value::from(value.as_deref())).collect::<Vec<_>>();
            let loose = data.extensions.contains_key(X_PC_LOOSE);
            let kind = if loose { EnumValues::LooseStrings } else { EnumValues::Strings };
            read_enum(at, kind, &values, data).map(DefinitionKind::Enum)
        }
        SchemaKind::Type(Type::Integer(integer)) if !integer.enumeration.is_empty() || extensible.is_some() => {
            let IntegerType { format, enumeration, .. } = integer;
            let plain =
                IntegerType { format: format.clone(), enumeration: enumeration.clone(), ..IntegerType::default() };
            ensure!(
                *integer == plain && !matches!(format, Format::Unknown(_)),
                "an enum of integers has no constraints, and the format int32, int64 or none: leave the others out"
            );
            let values = enumeration.iter().map(|value| Value::from(*value)).collect::<Vec<_>>();
            read_enum(at, EnumValues::Integers, &values, data).map(DefinitionKind::Enum)
        }
        SchemaKind::OneOf { one_of } => read_union(one_of, data.discriminator.as_ref()).map(DefinitionKind::Union),
        _ => bail!(
            "a schema with a name is an object, an enum of strings or of integers, a `oneOf` with a `discriminator`, or has an \
             {X_PC_TYPE}: write another type where it is used, without a name"
        ),
    }
}

fn read_object(
    at: &str,
    object: &ObjectType,
    data: &SchemaData,
    description_of: &dyn Fn(&str) -> Option<String>,
) -> Result<Object> {
    let mut problems = Problems::default();
    let additional = problems.value_or_add_error(at, map_value_shape(object)).flatten();
    let properties = &object.properties;
    if properties.is_empty() {
        problems.add_problem(
            at,
            "an object without properties is not understood: describe some, or write a map, `additionalProperties`, in the \
             property that holds it",
        );
    }
    for unknown in object.required.iter().filter(|name| !properties.contains_key(*name)) {
        problems.add_problem(
            format!("{at}/required"),
            format!("there is no property `{unknown}`: describe it or leave it out"),
        );
    }
    let own_descriptions = match data.extensions.get(X_PC_PROPERTY_DESCRIPTIONS) {
        None => &serde_json::Map::new(),
        Some(Value::Object(object)) => object,
        Some(_) => bail!("{X_PC_PROPERTY_DESCRIPTIONS}: not an object: write a description for each property"),
    };
    let raw = match data.extensions.get(X_PC_RAW) {
        None => &Vec::new(),
        Some(Value::Array(list)) => list,
        Some(_) => bail!("{X_PC_RAW}: not a list: write the names of properties"),
    };
    let own_names = own_descriptions.keys().map(|name| (X_PC_PROPERTY_DESCRIPTIONS, Some(name.as_str())));
    for (key, name) in own_names.chain(raw.iter().map(|name| (X_PC_RAW, name.as_str()))) {
        if !name.is_some_and(|name| properties.contains_key(name)) {
            let name = name.unwrap_or_default();
            problems.add_problem(
                format!("{at}/{key}"),
                format!("there is no property `{name}`: describe it or leave it out"),
            );
        }
    }
    let mut read = Vec::new();
    for (wire, schema) in properties {
        let at = format!("{at}/properties/{}", escape_pointer_step(wire));
        let own = own_descriptions.get(wire);
        let property = read_property(&at, wire, schema, own, description_of).map(|property| Property {
            required: object.required.contains(wire),
            raw: raw.iter().any(|name| name == wire),
            ..property
        });
        let property = problems.value_or_add_error(&at, property.and_then(ensure_raw_is_optional));
        read.extend(property.map(|property| (at, property)));
    }
    ensure_distinct_names(&read, &mut problems);
    problems.into_result()?;
    Ok(Object { properties: read.into_iter().map(|(_, property)| property).collect(), additional })
}

/// Rejects properties with the same field, or the same name on the wire.
fn ensure_distinct_names(properties: &[(String, Property)], problems: &mut Problems) {
    let mut fields = BTreeMap::new();
    let mut wires: BTreeSet<&str> = properties.iter().map(|(_, property)| property.wire.as_str()).collect();
    for (at, property) in properties {
        if let Some(other) = fields.insert(&property.field, &property.wire) {
            let Property { wire, field, .. } = property;
            problems.add_problem(
                at,
                format!("`{wire}` and `{other}` make the same field `{field}`: name one with {X_PC_NAME}"),
            );
        }
        for spelling in &property.spellings {
            if !wires.insert(spelling) {
                problems
                    .add_problem(at, format!("{X_PC_SPELLING}: `{spelling}` is another name already: leave it out"));
            }
        }
    }
}

fn ensure_raw_is_optional(property: Property) -> Result<Property> {
    let fits = matches!(property.shape, Shape::Named(_)) && !property.required && !property.nullable;
    ensure!(!property.raw || fits, "{X_PC_RAW} is for optional objects only: leave the property out of it");
    Ok(property)
}

fn read_property(
    at: &str,
    wire: &str,
    schema: &ReferenceOr<Box<Schema>>,
    own_description: Option<&Value>,
    description_of: &dyn Fn(&str) -> Option<String>,
) -> Result<Property> {
    let mut problems = Problems::default();
    let shape = problems.value_or_add_error(at, Shape::from_schema(schema));
    let description = property_description(schema, own_description, description_of);
    let description = problems.value_or_add_error(at, description);
    let plain = SchemaData::default();
    let data = schema.as_item().map_or(&plain, |schema| &schema.schema_data);
    let constraints = match schema {
        ReferenceOr::Item(schema) => problems.value_or_add_error(at, constraint_sentences(schema)),
        ReferenceOr::Reference { .. } => Some(String::new()),
    };
    problems.value_or_add_error(at, ensure_no_unsupported_keywords(data));
    if data.read_only && data.write_only {
        problems.add_problem(at, "`readOnly` and `writeOnly` exclude each other: leave one out");
    }
    let field = problems.value_or_add_error(at, rust_field_name(wire, data.extensions.get(X_PC_NAME)));
    let deprecated =
        problems.value_or_add_error(at, read_deprecation(data.deprecated, data.extensions.get(X_PC_DEPRECATED)));
    let spellings = problems.value_or_add_error(at, read_other_spellings(data.extensions.get(X_PC_SPELLING)));
    let accessor = problems.value_or_add_error(at, read_accessor(data.extensions.get(X_PC_ACCESSOR)));
    problems.into_result()?;
    let all = (shape, description, constraints, field, deprecated, spellings, accessor);
    let (
        Some(shape),
        Some(description),
        Some(constraints),
        Some(field),
        Some(deprecated),
        Some(spellings),
        Some(accessor),
    ) = all
    else {
        return Err(Error::new(ProblemAlreadyReported));
    };
    Ok(Property {
        wire: wire.to_owned(),
        field,
        spellings,
        description,
        constraints,
        required: false,
        nullable: data.nullable,
        read_only: data.read_only,
        write_only: data.write_only,
        deprecated,
        raw: false,
        accessor,
        shape,
        schema: schema.as_item().map(|schema| (**schema).clone()),
    })
}

fn property_description(
    schema: &ReferenceOr<Box<Schema>>,
    own: Option<&Value>,
    description_of: &dyn Fn(&str) -> Option<String>,
) -> Result<String> {
    match (schema, own) {
        (ReferenceOr::Reference { .. }, Some(own)) => required_description(own.as_str()),
        (ReferenceOr::Reference { reference }, None) => {
            let description = description_of(component_name_of_reference(reference, "schemas")?);
            // A schema without a description is reported itself.
            description.ok_or_else(|| Error::new(ProblemAlreadyReported))
        }
        (ReferenceOr::Item(schema), None) => required_description(schema.schema_data.description.as_deref()),
        (ReferenceOr::Item(_), Some(_)) => {
            bail!(
                "a property that is no $ref has its `description` in it, not in {X_PC_PROPERTY_DESCRIPTIONS}: write it in the \
                 property"
            )
        }
    }
}

fn read_other_spellings(extension: Option<&Value>) -> Result<Vec<String>> {
    let Some(extension) = extension else { return Ok(Vec::new()) };
    let list = extension.as_array().filter(|list| !list.is_empty());
    let list = list.and_then(|list| list.iter().map(|name| name.as_str().map(str::to_owned)).collect());
    list.with_context(|| format!("{X_PC_SPELLING}: not a list of strings: write the other names of the property"))
}

fn read_accessor(extension: Option<&Value>) -> Result<Option<String>> {
    let Some(extension) = extension else { return Ok(None) };
    let name = extension.as_str().filter(|name| is_rust_identifier(name));
    let name = name.with_context(|| format!("{X_PC_ACCESSOR}: not a name in Rust: write that of the method"))?;
    Ok(Some(name.to_owned()))
}

fn read_enum(at: &str, kind: EnumValues, enumeration: &[Value], data: &SchemaData) -> Result<Enum> {
    let (key, values) = match data.extensions.get(X_EXTENSIBLE_ENUM) {
        None => ("enum", enumeration),
        Some(_) if !enumeration.is_empty() => bail!("either `enum` or {X_EXTENSIBLE_ENUM}: leave one out"),
        Some(Value::Array(values)) if !values.is_empty() => (X_EXTENSIBLE_ENUM, values.as_slice()),
        Some(_) => bail!("{X_EXTENSIBLE_ENUM}: not a list: write the known values"),
    };
    let list = |key: &str| match data.extensions.get(key) {
        None => Ok(None),
        Some(Value::Array(list)) if list.len() == values.len() => Ok(Some(list)),
        Some(Value::Array(list)) => {
            let what = if key == X_PC_ENUM_NAMES { "names" } else { "descriptions" };
            bail!("{} {what} for {} values: write one for each value", list.len(), values.len())
        }
        Some(_) => bail!("not a list: write one for each value"),
    };
    let mut problems = Problems::default();
    let descriptions_at = format!("{at}/{X_PC_ENUM_DESCRIPTIONS}");
    let descriptions = list(X_PC_ENUM_DESCRIPTIONS).and_then(|list| list.context("it is missing: describe each value"));
    let descriptions = problems.value_or_add_error(&descriptions_at, descriptions);
    let names = list(X_PC_ENUM_NAMES).and_then(|names| {
        let has_names = names.is_some() || kind != EnumValues::Integers;
        ensure!(has_names, "it is missing: name each integer in PascalCase");
        Ok(names)
    });
    let names = problems.value_or_add_error(&format!("{at}/{X_PC_ENUM_NAMES}"), names);
    let Some(names) = names else { return Err(Error::new(problems)) };
    let mut variants: Vec<Variant> = Vec::new();
    for (index, value) in values.iter().enumerate() {
        let variant = read_variant(kind, value, names.map(|names| &names[index]));
        let Some((wire, name)) = problems.value_or_add_error(&format!("{at}/{key}"), variant) else { continue };
        let same_value = |other: &&Variant| match kind {
            EnumValues::LooseStrings => normalize_loose_enum_value(&other.wire) == normalize_loose_enum_value(&wire),
            EnumValues::Strings | EnumValues::Integers => other.wire == wire,
        };
        if let Some(Variant { wire: other, .. }) = variants.iter().find(same_value) {
            problems.add_problem(
                format!("{at}/{key}"),
                format!("`{wire}` and `{other}` are the same value: leave one out"),
            );
        } else if let Some(Variant { wire: other, .. }) = variants.iter().find(|other| other.name == name) {
            problems.add_problem(
                format!("{at}/{key}"),
                format!("`{wire}` and `{other}` make the same variant {name}: name all values with {X_PC_ENUM_NAMES}"),
            );
        }
        let Some(descriptions) = descriptions else { continue };
        let description = required_description(descriptions[index].as_str()).with_context(|| format!("`{wire}`"));
        let description = problems.value_or_add_error(&descriptions_at, description);
        variants.extend(description.map(|description| Variant { name, wire, description }));
    }
    problems.into_result()?;
    Ok(Enum { values: kind, variants })
}

/// Returns the value of an enum as text, and the name of its variant.
fn read_variant(kind: EnumValues, value: &Value, name: Option<&Value>) -> Result<(String, String)> {
    let wire = match (kind, value) {
        (EnumValues::Strings | EnumValues::LooseStrings, Value::String(wire)) => wire.clone(),
        (EnumValues::Integers, Value::Number(number)) if number.is_i64() => number.to_string(),
        (EnumValues::Integers, _) => bail!("{value} is not an integer: write integers only"),
        _ => bail!("it holds strings only: write {value} as one, or leave it out"),
    };
    let name = match name {
        None => rust_variant_name(&wire)?,
        Some(name) => {
            let name =
                name.as_str().with_context(|| format!("{X_PC_ENUM_NAMES}: {name} is not a string: write a name"))?;
            ensure_pascal_case_variant_name(name)?;
            name.to_owned()
        }
    };
    ensure!(
        name != UNKNOWN_ENUM_VARIANT_NAME,
        "`{wire}` makes the variant {name}, which is for what is not known: name all values with {X_PC_ENUM_NAMES}"
    );
    Ok((wire, name))
}

/// Returns what is the same in all spellings of a value of a loose enum.
fn normalize_loose_enum_value(wire: &str) -> String {
    wire.chars().filter(|character| *character != '_').flat_map(char::to_lowercase).collect()
}

fn read_union(one_of: &[ReferenceOr<Schema>], discriminator: Option<&Discriminator>) -> Result<Union> {
    let discriminator = discriminator.context(
        "`oneOf` needs a `discriminator` with a `mapping`: name the property that tells the objects apart, or write no type at \
         all for any JSON",
    )?;
    if discriminator.mapping.values().any(|target| !target.starts_with("#/components/")) {
        return Err(Error::new(ProblemAlreadyReported));
    }
    let mut variants = Vec::new();
    for schema in one_of {
        let ReferenceOr::Reference { reference } = schema else {
            bail!("`oneOf` holds a schema without a name: give it one, and refer to it")
        };
        let schema = component_name_of_reference(reference, "schemas")?;
        let values = discriminator.mapping.iter().filter(|(_, target)| *target == reference);
        let values: Vec<_> = values.map(|(value, _)| value.clone()).collect();
        ensure!(!values.is_empty(), "discriminator: no value of `mapping` leads to {schema}: write those that do");
        ensure!(
            schema != UNKNOWN_UNION_VARIANT_NAME,
            "the schema {schema} has the name of what is not known: rename it"
        );
        variants.push(UnionVariant { schema: schema.to_owned(), values });
    }
    for (value, target) in &discriminator.mapping {
        let is_listed =
            one_of.iter().any(|schema| matches!(schema, ReferenceOr::Reference { reference } if reference == target));
        ensure!(is_listed, "discriminator: `{value}` leads to {target}, which `oneOf` does not hold: write it there");
    }
    Ok(Union { discriminator: discriminator.property_name.clone(), variants })
}

/// Returns a description, or an error if it is missing or blank.
pub(crate) fn required_description(description: Option<&str>) -> Result<String> {
    let text = description.map(str::trim).filter(|text| !text.is_empty());
    Ok(text.context("a description is missing: write a sentence")?.to_owned())
}

/// Returns why something is deprecated, if it is.
pub(super) fn read_deprecation(is_deprecated: bool, reason: Option<&Value>) -> Result<Option<String>> {
    match (is_deprecated, reason) {
        (false, None) => Ok(None),
        (false, Some(_)) => bail!("{X_PC_DEPRECATED} belongs to `deprecated: true`: write that as well"),
        (true, reason) => {
            let reason = reason.and_then(Value::as_str).map(str::trim).filter(|reason| !reason.is_empty());
            let reason = reason.with_context(|| {
                format!("`deprecated` needs an {X_PC_DEPRECATED}: write why, and what replaces it, in one sentence")
            })?;
            Ok(Some(reason.to_owned()))
        }
    }
}

/// Returns the title and the URL of a page of the documentation.
pub(super) fn read_documentation_link(docs: Option<&ExternalDocumentation>) -> Result<Option<(String, String)>> {
    let Some(docs) = docs else { return Ok(None) };
    let title = docs.description.clone().context("a description is missing: write the title of the page")?;
    Ok(Some((title, docs.url.clone())))
}
