//! Copying and comparing of the generated types, for those that do not derive it: compiled once, not for each type.

use crate::{
    object::Object,
    value::{UnionRef, ValueMut, ValueRef},
};

/// Copies an object into an empty one of the same type.
#[inline]
pub(crate) fn copy_object(from: &dyn Object, to: &mut dyn Object) {
    for index in 0..from.schema().names.len() {
        copy_value(from.field(index), to.field_mut(index));
    }
    if let (Some(from), Some(to)) = (from.additional_properties(), to.additional_properties_mut()) {
        copy_value(ValueRef::Map(from), ValueMut::Map(to));
    }
    to.unknown_fields_mut().clone_from(from.unknown_fields());
}

#[inline]
fn copy_value(from: ValueRef<'_>, to: ValueMut<'_>) {
    match (from, to) {
        (ValueRef::Scalar(from), ValueMut::Scalar(to) | ValueMut::Decimal(to)) => {
            if let Some(scalar) = from.get() {
                // What a value is written as is read as the same value.
                let _ = to.set(scalar);
            }
        }
        (ValueRef::Object(from), ValueMut::Object(to)) => copy_object(from, to),
        (ValueRef::List(from), ValueMut::List(to)) => {
            for item in (0..from.len()).filter_map(|index| from.get(index)) {
                copy_value(item, to.push());
            }
        }
        (ValueRef::Map(from), ValueMut::Map(to)) => {
            from.for_each(&mut |key, value| copy_value(value, to.insert(key.to_owned())));
        }
        (ValueRef::Union(from), ValueMut::Union(to)) => match from.get() {
            UnionRef::Variant(kind, object) => {
                if let Some(to) = to.set_variant(kind) {
                    copy_object(object, to);
                }
            }
            UnionRef::Unknown(json) => to.set_unknown(json.clone()),
        },
        (ValueRef::Json(from), ValueMut::Json(to)) => to.clone_from(from),
        (ValueRef::RawJson(from), ValueMut::RawJson(to)) => to.set(from.json().cloned()),
        (ValueRef::Optional(from), ValueMut::Optional(to)) => {
            if let Some(value) = from.get() {
                copy_value(value, to.insert());
            }
        }
        (ValueRef::Nullable(from), ValueMut::Nullable(to)) => match from.get() {
            Some(ValueRef::Null) => to.set_null(),
            Some(value) => copy_value(value, to.insert()),
            None => {}
        },
        _ => unreachable!("a value has the same kind in both objects, for they have the same type"),
    }
}

/// Whether two objects of the same type are equal.
#[inline]
pub(crate) fn are_objects_equal(one: &dyn Object, other: &dyn Object) -> bool {
    let are_maps_equal = || match (one.additional_properties(), other.additional_properties()) {
        (Some(one), Some(other)) => are_values_equal(ValueRef::Map(one), ValueRef::Map(other)),
        _ => true,
    };
    (0..one.schema().names.len()).all(|index| are_values_equal(one.field(index), other.field(index)))
        && are_maps_equal()
        && one.unknown_fields() == other.unknown_fields()
}

#[inline]
fn are_values_equal(one: ValueRef<'_>, other: ValueRef<'_>) -> bool {
    match (one, other) {
        (ValueRef::Scalar(one), ValueRef::Scalar(other)) => match other.get() {
            Some(scalar) => one.equals(scalar),
            None => one.get().is_none(),
        },
        (ValueRef::Object(one), ValueRef::Object(other)) => are_objects_equal(one, other),
        (ValueRef::List(one), ValueRef::List(other)) => {
            one.len() == other.len() && (0..one.len()).all(|index| are_options_equal(one.get(index), other.get(index)))
        }
        (ValueRef::Map(one), ValueRef::Map(other)) => {
            let mut is_equal = one.len() == other.len();
            one.for_each(&mut |key, value| is_equal = is_equal && are_options_equal(Some(value), other.get(key)));
            is_equal
        }
        (ValueRef::Union(one), ValueRef::Union(other)) => match (one.get(), other.get()) {
            (UnionRef::Variant(kind, one), UnionRef::Variant(other_kind, other)) => {
                kind == other_kind && are_objects_equal(one, other)
            }
            (UnionRef::Unknown(one), UnionRef::Unknown(other)) => one == other,
            _ => false,
        },
        (ValueRef::Json(one), ValueRef::Json(other)) => one == other,
        (ValueRef::RawJson(one), ValueRef::RawJson(other)) => {
            let mut is_equal = one.json() == other.json();
            if !is_equal && one.json().is_some() && other.json().is_some() {
                one.with_parsed_object(&mut |one| {
                    other.with_parsed_object(&mut |other| {
                        is_equal = matches!((one, other), (Some(one), Some(other)) if are_objects_equal(one, other));
                    });
                });
            }
            is_equal
        }
        (ValueRef::Optional(_), ValueRef::Optional(_)) | (ValueRef::Nullable(_), ValueRef::Nullable(_)) => {
            are_options_equal(one.none_if_absent(), other.none_if_absent())
        }
        (ValueRef::Null, ValueRef::Null) => true,
        // A nullable field, which is null in one of the objects.
        _ => false,
    }
}

#[inline]
fn are_options_equal(one: Option<ValueRef<'_>>, other: Option<ValueRef<'_>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => are_values_equal(one, other),
        (one, other) => one.is_none() && other.is_none(),
    }
}
