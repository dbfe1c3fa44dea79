//! Changes of schemas, which are types in Rust.

use super::{Changes, Impact, pair_by_key};
use crate::{
    dialect::{Definition, DefinitionKind, Enum, Object, Property, Union},
    document::Spec,
};

pub(super) fn compare_schemas(before: &Spec, after: &Spec, changes: &mut Changes) {
    for (name, before, after) in pair_by_key(&before.definitions, &after.definitions, |definition| &definition.name) {
        match (before, after) {
            (Some(before), Some(after)) => compare_schema(before, after, changes),
            (Some(_), None) => changes.add(Impact::Breaking, format!("the type `{name}` is removed")),
            (None, Some(_)) => changes.add(Impact::Addition, format!("the type `{name}`")),
            (None, None) => {}
        }
    }
}

fn compare_schema(before: &Definition, after: &Definition, changes: &mut Changes) {
    let name = &after.name;
    let what = format!("the type `{name}`");
    if before.area != after.area {
        changes.add(
            Impact::Breaking,
            format!("{what} is in the feature `{}`, no longer in `{}`", after.area, before.area),
        );
    }
    match (before.is_sent, after.is_sent) {
        (true, false) => changes.add(Impact::Breaking, format!("{what} can no longer be made, as it is only received")),
        (false, true) => changes.add(Impact::Addition, format!("{what} can be made, as it is sent")),
        _ => {}
    }
    if before.is_read_first != after.is_read_first {
        changes.add(Impact::Breaking, format!("{what} is sent as it was read, or no longer so"));
    }
    changes.add_text_difference(&what, &before.description, &after.description);
    match (&before.kind, &after.kind) {
        (DefinitionKind::Object(old), DefinitionKind::Object(new)) => {
            compare_objects(name, (before, old), (after, new), changes);
        }
        (DefinitionKind::Enum(old), DefinitionKind::Enum(new)) => compare_enums(name, old, new, changes),
        (DefinitionKind::Union(old), DefinitionKind::Union(new)) => compare_unions(name, old, new, changes),
        (DefinitionKind::HandWritten(old), DefinitionKind::HandWritten(new)) if old == new => {}
        _ => changes.add(Impact::Breaking, format!("{what} is another kind of type")),
    }
}

fn compare_objects(
    name: &str,
    (before, old): (&Definition, &Object),
    (after, new): (&Definition, &Object),
    changes: &mut Changes,
) {
    let is_sent = before.is_sent && after.is_sent;
    if old.additional != new.additional {
        changes.add(Impact::Breaking, format!("the type `{name}` has other values under names of any kind"));
    }
    for (property, old, new) in pair_by_key(&old.properties, &new.properties, |property| &property.wire) {
        let what = format!("`{name}.{property}`");
        match (old, new) {
            (Some(_), None) => changes.add(Impact::Breaking, format!("{what} is removed")),
            (None, Some(new)) if is_sent && new.required => {
                changes.add(Impact::Breaking, format!("{what} is new and required"));
            }
            (None, Some(_)) => changes.add(Impact::Addition, what),
            (Some(old), Some(new)) => compare_property(&what, is_sent, old, new, changes),
            (None, None) => {}
        }
    }
}

fn compare_property(what: &str, is_sent: bool, old: &Property, new: &Property, changes: &mut Changes) {
    if (&old.shape, old.nullable, old.raw) != (&new.shape, new.nullable, new.raw) {
        changes.add(Impact::Breaking, format!("{what} has another type"));
    }
    if old.field != new.field {
        changes.add(Impact::Breaking, format!("{what} is the field `{}`, no longer `{}`", new.field, old.field));
    }
    if is_sent {
        match (old.required, new.required) {
            (false, true) => changes.add(Impact::Breaking, format!("{what} is required")),
            (true, false) => changes.add(Impact::Breaking, format!("{what} is set by a method, as it is optional")),
            _ => {}
        }
        match (old.read_only, new.read_only) {
            (false, true) => changes.add(Impact::Breaking, format!("{what} can no longer be set")),
            (true, false) => changes.add(Impact::Addition, format!("{what} can be set")),
            _ => {}
        }
    }
    if old.constraints != new.constraints {
        // Whether limits are narrower cannot be seen in their words; to drop them all is not.
        let impact = if is_sent && !new.constraints.is_empty() { Impact::Breaking } else { Impact::Addition };
        let limits = |property: &Property| match property.constraints.trim() {
            "" => "none".to_owned(),
            limits => limits.trim_end_matches('.').to_owned(),
        };
        changes.add(impact, format!("{what} has other limits: {}; before: {}", limits(new), limits(old)));
    }
    changes.add_text_difference(what, &old.description, &new.description);
    changes.add_deprecation(what, old.deprecated.as_deref(), new.deprecated.as_deref());
}

fn compare_enums(name: &str, old: &Enum, new: &Enum, changes: &mut Changes) {
    if old.values != new.values {
        changes.add(Impact::Breaking, format!("the type `{name}` has values of another kind"));
    }
    for (value, old, new) in pair_by_key(&old.variants, &new.variants, |variant| &variant.wire) {
        match (old, new) {
            (Some(old), None) => changes.add(Impact::Breaking, format!("`{name}::{}` is removed", old.name)),
            (None, Some(new)) => changes.add(Impact::Addition, format!("`{name}::{}`", new.name)),
            (Some(old), Some(new)) if old.name != new.name => {
                changes.add(Impact::Breaking, format!("`{name}::{}` (`{value}`) was `{}`", new.name, old.name));
            }
            (Some(old), Some(new)) => {
                let what = format!("`{name}::{}`", new.name);
                changes.add_text_difference(&what, &old.description, &new.description);
            }
            (None, None) => {}
        }
    }
}

fn compare_unions(name: &str, old: &Union, new: &Union, changes: &mut Changes) {
    if old.discriminator != new.discriminator {
        changes.add(Impact::Breaking, format!("the type `{name}` is told apart by another property"));
    }
    for (schema, old, new) in pair_by_key(&old.variants, &new.variants, |variant| &variant.schema) {
        match (old, new) {
            (Some(_), None) => changes.add(Impact::Breaking, format!("`{name}` is no longer a `{schema}`")),
            (None, Some(_)) => changes.add(Impact::Addition, format!("`{name}` may be a `{schema}`")),
            (Some(old), Some(new)) => {
                let what = format!("`{schema}` in `{name}`");
                changes
                    .add_list_difference(&what, &old.values, &new.values, |value| format!("has the value `{value}`"));
            }
            (None, None) => {}
        }
    }
}
