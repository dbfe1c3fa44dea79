//! Generated structs, seen without their types.

use crate::{
    UnknownFields,
    value::{Map, ValueMut, ValueRef},
};
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// A generated struct.
pub trait Object {
    fn schema(&self) -> &'static ObjectSchema;
    /// Returns the field at `index` of the schema, to be written.
    fn field(&self, index: usize) -> ValueRef<'_>;
    /// Returns the field at `index` of the schema, to be read into.
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

/// Returns the fields of an object that are present, in the order of the schema, with their indices there.
#[inline]
pub(crate) fn present_fields(object: &dyn Object) -> impl Iterator<Item = (usize, ValueRef<'_>)> {
    let indices = 0..object.schema().names.len();
    indices.filter_map(|index| object.field(index).none_if_absent().map(|value| (index, value)))
}

/// What all values of a generated struct have in common. Fields are in the order of the specification.
pub struct ObjectSchema {
    pub(crate) name: &'static str,
    /// The names of the fields on the wire, which also occur with a capital initial.
    pub(crate) names: &'static [&'static str],
    pub(crate) rust_names: &'static [&'static str],
    pub(crate) presences: &'static [Presence],
    /// Further names of fields on the wire, with the indices of the fields.
    spellings: &'static [(usize, &'static str)],
    /// Whether a field must be present.
    pub(crate) has_required_fields: bool,
    /// The field that was read after each field the last time, and first the one that was read first. The service sends the
    /// same fields in the same order, which need not be that of the specification, so it is the next one this time, too.
    successors: [AtomicU8; MAX_FIELDS_OF_OBJECT + 1],
}

/// The position of a reader among the fields of an object.
#[derive(Clone, Copy, Default)]
pub(crate) struct FieldPosition(usize);

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

/// The maximum number of fields of an object: one bit of a [`FieldSet`] each.
pub(crate) const MAX_FIELDS_OF_OBJECT: usize = 128;

/// Some of the fields of an object, by their indexes in the schema.
#[derive(Default)]
pub(crate) struct FieldSet([u64; MAX_FIELDS_OF_OBJECT / 64]);

impl ObjectSchema {
    #[inline]
    pub(crate) const fn new(
        name: &'static str,
        names: &'static [&'static str],
        rust_names: &'static [&'static str],
        presences: &'static [Presence],
        spellings: &'static [(usize, &'static str)],
    ) -> Self {
        assert!(names.len() <= MAX_FIELDS_OF_OBJECT, "an object has at most 128 fields");
        let (mut has_required_fields, mut index) = (false, 0);
        while index < presences.len() {
            has_required_fields |= presences[index].is_required();
            index += 1;
        }
        let successors = [const { AtomicU8::new(0) }; MAX_FIELDS_OF_OBJECT + 1];
        Self { name, names, rust_names, presences, spellings, has_required_fields, successors }
    }

    /// Returns the index of the field `name` that a reader at `position` has found, and the further name that `name` is, if it
    /// is one.
    #[inline]
    pub(crate) fn find_next_field(&self, name: &str, position: FieldPosition) -> Option<(usize, Option<&'static str>)> {
        let successor = self.successors.get(position.0)?;
        let index = usize::from(successor.load(Relaxed));
        if self.names.get(index).is_some_and(|known| is_name_or_capitalized(name, known)) {
            return Some((index, None));
        }
        let (index, spelling) = self.find_field(name)?;
        // An index is below `MAX_FIELDS_OF_OBJECT`.
        successor.store(u8::try_from(index).unwrap_or_default(), Relaxed);
        Some((index, spelling))
    }

    #[inline]
    fn find_field(&self, name: &str) -> Option<(usize, Option<&'static str>)> {
        match self.names.iter().position(|known| is_name_or_capitalized(name, known)) {
            Some(index) => Some((index, None)),
            None => self.find_field_by_other_name(name),
        }
    }

    #[inline]
    fn find_field_by_other_name(&self, name: &str) -> Option<(usize, Option<&'static str>)> {
        let mut spellings = self.spellings.iter();
        let (index, spelling) = spellings.find(|(_, spelling)| is_name_or_capitalized(name, spelling))?;
        Some((*index, Some(spelling)))
    }

    /// Returns the index of the field `name`.
    #[inline]
    pub(crate) fn find_field_index(&self, name: &str) -> Option<usize> {
        self.find_field(name).map(|(index, _)| index)
    }

    /// Returns the names of the fields that must be present, with their indices.
    #[inline]
    pub(crate) fn required_fields(&self) -> impl Iterator<Item = (usize, &'static str)> {
        let names = self.names.iter().copied().zip(self.presences).enumerate();
        names.filter(|(_, (_, presence))| presence.is_required()).map(|(index, (name, _))| (index, name))
    }
}

impl FieldPosition {
    /// Returns the position behind the field at `index`.
    #[inline]
    pub(crate) fn behind(index: usize) -> Self {
        Self(index + 1)
    }
}

impl FieldSet {
    /// Adds a field; returns whether it was there.
    #[inline]
    pub(crate) fn test_and_set(&mut self, index: usize) -> bool {
        let (word, bit) = self.word_and_bit(index);
        let was_there = *word & bit != 0;
        *word |= bit;
        was_there
    }

    #[inline]
    pub(crate) fn remove(&mut self, index: usize) {
        let (word, bit) = self.word_and_bit(index);
        *word &= !bit;
    }

    #[inline]
    pub(crate) fn contains(&self, index: usize) -> bool {
        self.0[index / 64 % self.0.len()] & (1 << (index % 64)) != 0
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0 == [0; MAX_FIELDS_OF_OBJECT / 64]
    }

    #[inline]
    fn word_and_bit(&mut self, index: usize) -> (&mut u64, u64) {
        let word = index / 64 % self.0.len();
        (&mut self.0[word], 1 << (index % 64))
    }
}

impl Presence {
    #[inline]
    const fn is_required(self) -> bool {
        matches!(self, Self::RequiredList | Self::Required)
    }
}

/// Whether `found` is `name`, or `name` with a capital initial: the two spellings that the service uses.
#[inline]
pub(crate) fn is_name_or_capitalized(found: &str, name: &str) -> bool {
    if found.len() != name.len() {
        return false;
    }
    match (found.as_bytes().split_first(), name.as_bytes().split_first()) {
        (Some((found, found_rest)), Some((name, name_rest))) => {
            (found == name || *found == name.to_ascii_uppercase()) && found_rest == name_rest
        }
        _ => true,
    }
}

/// A field was asked for by an index that the schema does not have, which the generated code rules out.
#[cold]
#[inline(never)]
pub(crate) fn no_such_field() -> ! {
    unreachable!("an object has a field for each index of its schema")
}

#[cfg(test)]
mod tests {
    use super::{FieldPosition, FieldSet, MAX_FIELDS_OF_OBJECT, ObjectSchema};

    #[test]
    fn field_is_found_in_any_order_and_after_any_other_order() {
        let schema = ObjectSchema::new("A", &["id", "name", "links"], &[], &[], &[(1, "title")]);
        let orders: [&[(&str, Option<usize>)]; 6] = [
            &[("id", Some(0)), ("name", Some(1)), ("links", Some(2))],
            &[("links", Some(2)), ("Id", Some(0)), ("Name", Some(1))],
            &[("title", Some(1)), ("Title", Some(1)), ("links", Some(2))],
            &[("unknown", None), ("iD", None), ("id", Some(0)), ("id", Some(0))],
            &[("name", Some(1)), ("name", Some(1))],
            &[("", None)],
        ];
        for (before, after) in orders.iter().flat_map(|before| orders.iter().map(move |after| (before, after))) {
            for order in [before, after, after] {
                let mut position = FieldPosition::default();
                for (name, expected) in *order {
                    let found = schema.find_next_field(name, position);
                    assert_eq!(found.map(|(index, _)| index), *expected, "{name} in {order:?}");
                    let spelling = found.and_then(|(_, spelling)| spelling);
                    assert_eq!(spelling, Some("title").filter(|title| name.eq_ignore_ascii_case(title)));
                    position = found.map_or(position, |(index, _)| FieldPosition::behind(index));
                }
            }
        }
    }

    #[test]
    fn field_set_has_what_was_inserted() {
        let mut set = FieldSet::default();
        for index in [0, 1, 63, 64, MAX_FIELDS_OF_OBJECT - 1] {
            assert!(set.is_empty() && !set.contains(index) && !set.test_and_set(index) && set.test_and_set(index));
            assert_eq!((0..MAX_FIELDS_OF_OBJECT).filter(|other| set.contains(*other)).collect::<Vec<_>>(), [index]);
            set.remove(index);
        }
    }
}
