//! Generated structs, seen without their types.

use crate::{
    UnknownFields,
    value::{Map, ValueMut, ValueRef},
};

/// A generated struct.
pub trait Object {
    fn schema(&self) -> &'static ObjectSchema;
    /// Calls `visit` for each field that is present, in the order of the schema, with its index there.
    fn visit_fields(&self, visit: &mut dyn FnMut(usize, ValueRef<'_>));
    /// Returns the field at `index` of the schema.
    fn field_mut(&mut self, index: usize) -> ValueMut<'_>;
    fn unknown_fields(&self) -> &UnknownFields;
    fn unknown_fields_mut(&mut self) -> &mut UnknownFields;
    /// Returns the properties with any other name, if the specification describes them.
    fn additional_properties(&self) -> Option<&dyn Map> {
        None
    }
    fn additional_properties_mut(&mut self) -> Option<&mut dyn Map> {
        None
    }
}

/// What all values of a generated struct have in common.
pub struct ObjectSchema {
    pub(crate) name: &'static str,
    pub(crate) fields: &'static [FieldSchema],
    /// Whether a field must be present.
    pub(crate) has_required_fields: bool,
    /// Whether a field has another name besides its own.
    has_spellings: bool,
}

pub(crate) struct FieldSchema {
    /// The name on the wire, which also occurs with a capital initial.
    pub(crate) name: &'static str,
    /// Further names on the wire.
    pub(crate) spellings: &'static [&'static str],
    pub(crate) rust_name: &'static str,
    pub(crate) presence: Presence,
}

/// Whether a field must be present.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Presence {
    Optional,
    /// Absent, null or a value, which are three things.
    #[allow(dead_code, reason = "not every specification has a nullable property")]
    Nullable,
    /// A list that must be present, but may be null, which is an empty one. An object without the list may be of another kind,
    /// and an empty list in its place would hide that.
    RequiredList,
    Required,
}

/// The maximum number of fields of an object: one bit of an `u128` each.
pub(crate) const MAX_FIELDS_OF_OBJECT: usize = 128;

impl ObjectSchema {
    pub(crate) const fn new(name: &'static str, fields: &'static [FieldSchema]) -> Self {
        assert!(fields.len() <= MAX_FIELDS_OF_OBJECT, "an object has at most 128 fields");
        let (mut has_required_fields, mut has_spellings, mut index) = (false, false, 0);
        while index < fields.len() {
            has_required_fields |= fields[index].is_required();
            has_spellings |= !fields[index].spellings.is_empty();
            index += 1;
        }
        Self { name, fields, has_required_fields, has_spellings }
    }

    /// Returns the index of the field `name`. It is looked for from `first` on: fields usually come in the order of the
    /// specification.
    #[inline]
    pub(crate) fn find_field_index(&self, name: &str, first: usize) -> Option<usize> {
        let fields = self.fields;
        let first = first.min(fields.len());
        let mut indices = (first..fields.len()).chain(0..first);
        let found = indices.find(|&index| is_name_or_capitalized(name, fields[index].name));
        if found.is_none() && self.has_spellings { self.find_field_index_by_spelling(name) } else { found }
    }

    /// Returns the index of the field that has `name` as another name.
    fn find_field_index_by_spelling(&self, name: &str) -> Option<usize> {
        let is_spelling = |field: &FieldSchema| field.spellings.iter().any(|other| is_name_or_capitalized(name, other));
        self.fields.iter().position(is_spelling)
    }
}

impl FieldSchema {
    pub(crate) const fn is_required(&self) -> bool {
        matches!(self.presence, Presence::RequiredList | Presence::Required)
    }

    /// Returns the other name of the field that `name` is; `None` if it is the first one.
    pub(crate) fn spelling(&self, name: &str) -> Option<&'static str> {
        self.spellings.iter().copied().find(|other| is_name_or_capitalized(name, other))
    }
}

/// Whether `found` is `name`, or `name` with a capital initial: the two spellings that the service uses.
#[inline]
pub(crate) fn is_name_or_capitalized(found: &str, name: &str) -> bool {
    match (found.as_bytes().split_first(), name.as_bytes().split_first()) {
        (Some((found, found_rest)), Some((name, name_rest))) => {
            found_rest.len() == name_rest.len()
                && (found == name || *found == name.to_ascii_uppercase())
                && found_rest == name_rest
        }
        _ => found.len() == name.len(),
    }
}

/// A field was asked for by an index that the schema does not have, which the generated code rules out.
#[cold]
#[inline(never)]
pub(crate) fn no_such_field() -> ! {
    unreachable!("an object has a field for each index of its schema")
}
