//! Values of the generated types, seen without their Rust types.
//!
//! Reading and writing are written once, over these traits, and compiled once for each format: code for each generated type would
//! cost minutes of compile time. A generated type only tells where its fields are.

use crate::{JsonValue, Nullable, UnknownFields, object::Object, scalar::ScalarField};
use std::{
    collections::{BTreeMap, btree_map::Entry},
    fmt::Debug,
    sync::Arc,
};

/// A value that is present: what a list holds, or an optional field if it is set.
pub trait Value: Sized {
    /// Returns a placeholder, into which a value is read.
    fn empty() -> Self;
    /// Returns the value without its type.
    fn as_untyped_ref(&self) -> ValueRef<'_>;
    /// Returns the value without its type, to be read into.
    fn as_untyped_mut(&mut self) -> ValueMut<'_>;
}

/// A value by its kind, to be written.
#[derive(Clone, Copy)]
pub enum ValueRef<'a> {
    Scalar(&'a dyn ScalarField),
    Object(&'a dyn Object),
    List(&'a dyn List),
    Map(&'a dyn Map),
    Union(&'a dyn Union),
    Json(&'a JsonValue),
    RawJson(&'a dyn RawJsonField),
    Optional(&'a dyn OptionalValue),
    Nullable(&'a dyn NullableValue),
    Null,
}

impl ValueRef<'_> {
    /// Returns the value that a field has; `None` if the field is absent.
    #[inline]
    pub(crate) fn none_if_absent(self) -> Option<Self> {
        match self {
            Self::Scalar(scalar) => scalar.get().map(|_| self),
            Self::RawJson(raw) => raw.json().map(|_| self),
            Self::Optional(optional) => optional.get(),
            Self::Nullable(nullable) => nullable.get(),
            _ => Some(self),
        }
    }
}

/// A value by its kind, to be read into.
pub enum ValueMut<'a> {
    Scalar(&'a mut dyn ScalarField),
    /// A scalar that is a number of which every digit counts.
    Decimal(&'a mut dyn ScalarField),
    Object(&'a mut dyn Object),
    List(&'a mut dyn List),
    Map(&'a mut dyn Map),
    Union(&'a mut dyn Union),
    Json(&'a mut JsonValue),
    RawJson(&'a mut dyn RawJsonField),
    Optional(&'a mut dyn OptionalValue),
    Nullable(&'a mut dyn NullableValue),
}

impl ValueMut<'_> {
    /// Makes the value empty. A required scalar keeps its value, since none is empty.
    #[inline]
    pub(crate) fn clear(&mut self) {
        match self {
            Self::Scalar(scalar) | Self::Decimal(scalar) => scalar.clear(),
            Self::Object(object) => {
                for index in 0..object.schema().names.len() {
                    object.field_mut(index).clear();
                }
                if let Some(map) = object.additional_properties_mut() {
                    map.clear();
                }
                *object.unknown_fields_mut() = UnknownFields::default();
            }
            Self::List(list) => list.clear(),
            Self::Map(map) => map.clear(),
            Self::Union(union) => union.set_unknown(JsonValue::placeholder()),
            Self::Json(json) => **json = JsonValue::placeholder(),
            Self::RawJson(json) => json.set(None),
            Self::Optional(optional) => optional.clear(),
            Self::Nullable(nullable) => nullable.clear(),
        }
    }
}

/// A field that is absent or has a value of any kind. (Scalars have a shorter way, [`ScalarField`].)
pub trait OptionalValue {
    /// Returns the value; `None` if it is absent.
    fn get(&self) -> Option<ValueRef<'_>>;
    /// Sets an empty value, and returns it.
    fn insert(&mut self) -> ValueMut<'_>;
    fn clear(&mut self);
}

#[expect(clippy::manual_map, reason = "without a closure there is less to compile for each type")]
impl<T: Value> OptionalValue for Option<T> {
    #[inline]
    fn get(&self) -> Option<ValueRef<'_>> {
        match self {
            Some(value) => Some(value.as_untyped_ref()),
            None => None,
        }
    }
    #[inline]
    fn insert(&mut self) -> ValueMut<'_> {
        self.insert(T::empty()).as_untyped_mut()
    }
    #[inline]
    fn clear(&mut self) {
        *self = None;
    }
}

/// A field that is absent, null, or has a value.
pub trait NullableValue {
    /// Returns the value or [`ValueRef::Null`]; `None` if it is absent.
    fn get(&self) -> Option<ValueRef<'_>>;
    /// Sets an empty value, and returns it.
    fn insert(&mut self) -> ValueMut<'_>;
    fn set_null(&mut self);
    fn clear(&mut self);
}

impl<T: Value> NullableValue for Option<Nullable<T>> {
    #[inline]
    fn get(&self) -> Option<ValueRef<'_>> {
        match self {
            Some(Nullable::Value(value)) => Some(value.as_untyped_ref()),
            Some(Nullable::Null) => Some(ValueRef::Null),
            None => None,
        }
    }
    #[inline]
    fn insert(&mut self) -> ValueMut<'_> {
        match self.insert(Nullable::Value(T::empty())) {
            Nullable::Value(value) => value.as_untyped_mut(),
            Nullable::Null => unreachable!("a value was just set"),
        }
    }
    #[inline]
    fn set_null(&mut self) {
        *self = Some(Nullable::Null);
    }
    #[inline]
    fn clear(&mut self) {
        *self = None;
    }
}

/// A list.
pub trait List {
    fn len(&self) -> usize;
    /// Returns an item; `None` if the list is shorter.
    fn get(&self, index: usize) -> Option<ValueRef<'_>>;
    /// Appends an empty item, and returns it.
    fn push(&mut self) -> ValueMut<'_>;
    fn clear(&mut self);
}

#[expect(clippy::manual_map, reason = "without a closure there is less to compile for each type")]
impl<T: Value> List for Vec<T> {
    #[inline]
    fn len(&self) -> usize {
        self.len()
    }
    #[inline]
    fn get(&self, index: usize) -> Option<ValueRef<'_>> {
        match self.as_slice().get(index) {
            Some(item) => Some(item.as_untyped_ref()),
            None => None,
        }
    }
    #[inline]
    fn push(&mut self) -> ValueMut<'_> {
        self.push(T::empty());
        match self.last_mut() {
            Some(item) => item.as_untyped_mut(),
            None => unreachable!("an item was just added"),
        }
    }
    #[inline]
    fn clear(&mut self) {
        *self = Self::new();
    }
}

impl<T: Value> Value for Vec<T> {
    #[inline]
    fn empty() -> Self {
        Self::new()
    }
    #[inline]
    fn as_untyped_ref(&self) -> ValueRef<'_> {
        ValueRef::List(self)
    }
    #[inline]
    fn as_untyped_mut(&mut self) -> ValueMut<'_> {
        ValueMut::List(self)
    }
}

/// An object whose properties have any name and values of one type.
pub trait Map {
    fn get(&self, key: &str) -> Option<ValueRef<'_>>;
    /// Calls `visit` for each property, in order.
    fn for_each(&self, visit: &mut dyn FnMut(&str, ValueRef<'_>));
    fn len(&self) -> usize;
    /// Sets the property to an empty value, and returns that.
    fn insert(&mut self, key: String) -> ValueMut<'_>;
    fn remove(&mut self, key: &str);
    fn clear(&mut self);
}

#[expect(clippy::manual_map, reason = "without a closure there is less to compile for each type")]
impl<T: Value> Map for BTreeMap<String, T> {
    #[inline]
    fn get(&self, key: &str) -> Option<ValueRef<'_>> {
        match self.get(key) {
            Some(value) => Some(value.as_untyped_ref()),
            None => None,
        }
    }
    #[inline]
    fn for_each(&self, visit: &mut dyn FnMut(&str, ValueRef<'_>)) {
        for (key, value) in self {
            visit(key, value.as_untyped_ref());
        }
    }
    #[inline]
    fn len(&self) -> usize {
        self.len()
    }
    #[inline]
    fn insert(&mut self, key: String) -> ValueMut<'_> {
        let value = match self.entry(key) {
            Entry::Vacant(entry) => entry.insert(T::empty()),
            Entry::Occupied(mut entry) => {
                entry.insert(T::empty());
                entry.into_mut()
            }
        };
        value.as_untyped_mut()
    }
    #[inline]
    fn remove(&mut self, key: &str) {
        self.remove(key);
    }
    #[inline]
    fn clear(&mut self) {
        self.clear();
    }
}

impl<T: Value> Value for BTreeMap<String, T> {
    #[inline]
    fn empty() -> Self {
        Self::new()
    }
    #[inline]
    fn as_untyped_ref(&self) -> ValueRef<'_> {
        ValueRef::Map(self)
    }
    #[inline]
    fn as_untyped_mut(&mut self) -> ValueMut<'_> {
        ValueMut::Map(self)
    }
}

/// One of several objects, which a property tells apart.
pub trait Union: Debug {
    /// Returns the name of the property that tells the objects apart.
    fn discriminator(&self) -> &'static str;
    fn get(&self) -> UnionRef<'_>;
    /// Sets an empty object of the kind that the discriminator `value` stands for; `None` if there is none.
    fn set_variant(&mut self, value: &str) -> Option<&mut dyn Object>;
    fn set_unknown(&mut self, json: JsonValue);
}

/// The content of a [`Union`].
pub enum UnionRef<'a> {
    /// The value of the discriminator, and the object.
    Variant(&'static str, &'a dyn Object),
    Unknown(&'a JsonValue),
}

/// A field that may hold an object that is kept as JSON.
pub trait RawJsonField {
    /// Returns the JSON; `None` if the field is absent.
    fn json(&self) -> Option<&Arc<str>>;
    /// Parses the object, if there is one, and calls `visit` with it; with `None` if it lacks a required field.
    fn with_parsed_object(&self, visit: &mut dyn FnMut(Option<&dyn Object>));
    fn set(&mut self, json: Option<Arc<str>>);
    /// Returns an empty object of the type that the JSON is of.
    fn empty_object(&self) -> Box<dyn Object>;
}

impl<T: Object + Value> Value for Box<T> {
    #[inline]
    fn empty() -> Self {
        Self::new(T::empty())
    }
    #[inline]
    fn as_untyped_ref(&self) -> ValueRef<'_> {
        ValueRef::Object(&**self)
    }
    #[inline]
    fn as_untyped_mut(&mut self) -> ValueMut<'_> {
        ValueMut::Object(&mut **self)
    }
}

impl Value for JsonValue {
    #[inline]
    fn empty() -> Self {
        Self::placeholder()
    }
    #[inline]
    fn as_untyped_ref(&self) -> ValueRef<'_> {
        ValueRef::Json(self)
    }
    #[inline]
    fn as_untyped_mut(&mut self) -> ValueMut<'_> {
        ValueMut::Json(self)
    }
}
