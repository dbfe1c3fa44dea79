//! The schemas of the document: each by itself, and how they go together.

use super::{Spec, lint::BrokenObjects};
use crate::{
    dialect::{BodyType, Definition, DefinitionKind, Object, Property, Shape, Union, X_PC_RAW, escape_pointer_step},
    problems::Problems,
};
use anyhow::{Context as _, Result, ensure};
use openapiv3::ReferenceOr;
use std::collections::{BTreeMap, BTreeSet};

/// Reads all schemas, in the order of the document. Those that have problems are left out.
pub(super) fn read_schemas(spec: &Spec, broken: &BrokenObjects, problems: &mut Problems) -> Vec<Definition> {
    let schemas = || spec.document.components.iter().flat_map(|components| &components.schemas);
    let description_of = |name: &str| {
        let schema = spec.document.components.as_ref()?.schemas.get(name)?.as_item()?;
        schema.schema_data.description.clone()
    };
    let mut definitions = Vec::new();
    let mut names = BTreeMap::new();
    for (name, schema) in schemas() {
        let at = format!("#/components/schemas/{}", escape_pointer_step(name));
        if let Some(other) = names.insert(name.to_lowercase(), name) {
            problems.add_problem(&at, format!("the name differs from {other} by its case only: write another one"));
        }
        match schema {
            ReferenceOr::Reference { .. } => {
                problems
                    .add_problem(&at, "a schema that is only a $ref is not understood: refer to its target instead");
            }
            ReferenceOr::Item(_) if broken.is_broken_within(&at) => {}
            ReferenceOr::Item(schema) => {
                // What else is wrong with it is reported once, not at each use.
                let is_complete = !problems.has_problem_within(&at);
                let area = spec.origins.area_of_pointer(&at);
                let definition = Definition::read(&at, name, area, schema, &description_of, problems);
                definitions.extend(definition.filter(|_| is_complete));
            }
        }
    }
    check_relations_between_schemas(&definitions, problems);
    definitions
}

/// Reports files outside of multipart bodies: JSON cannot hold them.
pub(super) fn check_files_are_in_multipart_bodies(spec: &Spec, problems: &mut Problems) {
    let bodies = spec.operations.iter().filter_map(|operation| operation.body.as_ref());
    let multipart =
        bodies.filter(|body| body.media_type == BodyType::Multipart).filter_map(|body| body.shape.schema_name());
    let multipart: BTreeSet<_> = multipart.collect();
    for (definition, property) in all_properties(&spec.definitions) {
        let mut shape = &property.shape;
        while let Shape::List(item) | Shape::Map(item) = shape {
            shape = item;
        }
        if *shape == Shape::Binary && !multipart.contains(definition.name.as_str()) {
            problems.add_problem(
                pointer_of_property(definition, property),
                "the format `binary` is for files of a multipart body: write `byte` for bytes in JSON",
            );
        }
    }
}

fn check_relations_between_schemas(definitions: &[Definition], problems: &mut Problems) {
    for (definition, property) in all_properties(definitions) {
        let at = pointer_of_property(definition, property);
        problems.value_or_add_error(&at, ensure_raw_is_object(definitions, property));
        problems.value_or_add_error(&at, ensure_no_required_cycle(definitions, definition, property));
    }
    for definition in definitions {
        let at = format!("#/components/schemas/{}", definition.name);
        match &definition.kind {
            DefinitionKind::Union(union) => {
                problems.value_or_add_error(&at, ensure_union_is_told_apart(definitions, union));
            }
            DefinitionKind::Object(Object { .. }) => {
                for column in definition.columns.iter().flatten().filter(|column| !column.path.is_empty()) {
                    let shape = Shape::Named(definition.name.clone());
                    let property = super::paging::property_at_path(definitions, &shape, &column.path);
                    problems.value_or_add_error(&format!("{at}/x-pc-columns"), property);
                }
            }
            DefinitionKind::Enum(_) | DefinitionKind::HandWritten(_) => {}
        }
    }
}

fn ensure_raw_is_object(definitions: &[Definition], property: &Property) -> Result<()> {
    if let (true, Shape::Named(name)) = (property.raw, &property.shape) {
        let is_object = matches!(Definition::find_by_name(definitions, name)?.kind, DefinitionKind::Object(_));
        ensure!(is_object, "{X_PC_RAW} is for optional objects only: leave the property out of it");
    }
    Ok(())
}

/// Rejects a required object that holds another one of its own schema, and so on without an end.
fn ensure_no_required_cycle(definitions: &[Definition], owner: &Definition, property: &Property) -> Result<()> {
    let required = |property: &Property| match (&property.shape, property.required && !property.nullable) {
        (Shape::Named(name), true) => Some(name.clone()),
        _ => None,
    };
    let mut ahead: Vec<_> = required(property).into_iter().collect();
    let mut seen = BTreeSet::new();
    while let Some(name) = ahead.pop() {
        ensure!(
            name != owner.name,
            "a required property cannot lead back to its own schema: leave it out of `required`"
        );
        if seen.insert(name.clone())
            && let Ok(definition) = Definition::find_by_name(definitions, &name)
        {
            ahead.extend(definition.properties().iter().filter_map(required));
        }
    }
    Ok(())
}

fn ensure_union_is_told_apart(definitions: &[Definition], union: &Union) -> Result<()> {
    for variant in &union.variants {
        let target = Definition::find_by_name(definitions, &variant.schema)?;
        ensure!(
            matches!(target.kind, DefinitionKind::Object(_)),
            "`oneOf` holds {}, which is not an object: write objects only",
            target.name
        );
        let property = target.properties().iter().find(|property| property.wire == union.discriminator);
        let property = property.with_context(|| {
            format!(
                "{} has no property `{}`, which tells the objects apart: describe it there",
                target.name, union.discriminator
            )
        })?;
        let is_enum = |name: &str| {
            Definition::find_by_name(definitions, name).map(|target| matches!(target.kind, DefinitionKind::Enum(_)))
        };
        let is_text = match &property.shape {
            Shape::Named(name) => is_enum(name)?,
            shape => *shape == Shape::Text,
        };
        ensure!(
            is_text,
            "the property `{}` of {} tells the objects apart, but is not a string: write `type: string`",
            property.wire,
            target.name
        );
    }
    Ok(())
}

fn all_properties(definitions: &[Definition]) -> impl Iterator<Item = (&Definition, &Property)> {
    definitions.iter().flat_map(|definition| definition.properties().iter().map(move |property| (definition, property)))
}

fn pointer_of_property(definition: &Definition, property: &Property) -> String {
    format!("#/components/schemas/{}/properties/{}", definition.name, escape_pointer_step(&property.wire))
}
