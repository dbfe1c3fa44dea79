//! Values as the specification describes them: what a program that reads the output may rely on.

use partner_center_spec::{Object, SchemaKind, Type};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;
use std::{borrow::Cow, fmt};

/// The fields of an object, in their order: few, so that they are searched one by one.
pub(super) struct ObjectFields<'a>(Vec<(FieldName<'a>, &'a RawValue)>);

/// The name of a field, borrowed unless it has escapes.
#[derive(Deserialize)]
struct FieldName<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for ObjectFields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = ObjectFields<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ObjectFields<'de>, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(ObjectFields(fields))
    }
}

impl<'a> ObjectFields<'a> {
    /// Returns the names and values.
    pub(super) fn into_entries(self) -> impl Iterator<Item = (Cow<'a, str>, &'a RawValue)> {
        self.0.into_iter().map(|(FieldName(name), value)| (name, value))
    }

    /// Finds the field with this name, which may begin with a capital letter.
    pub(super) fn find_field(&self, name: &str) -> Option<&'a RawValue> {
        self.field_position(name).map(|position| self.0[position].1)
    }

    /// Returns where the field is; of several with the same name, the last.
    fn field_position(&self, name: &str) -> Option<usize> {
        let find = |is_named: &dyn Fn(&str) -> bool| self.0.iter().rposition(|(FieldName(other), _)| is_named(other));
        find(&|other| other == name).or_else(|| find(&|other| other.eq_ignore_ascii_case(name)))
    }
}

/// Returns `json`, a value of the type, with its documented fields first, in the order of the specification and under their
/// documented names, which some servers begin with a capital. `null` is left out where it means the same as absence. All else
/// stays as it was received: fields that are not documented, values of other types, and the digits of numbers.
pub(super) fn normalize_json(json: &str, value: Type) -> String {
    let mut text = String::with_capacity(json.len());
    write_normalized(json, value, &mut text);
    text
}

fn write_normalized(json: &str, value: Type, text: &mut String) {
    match (json.as_bytes().first(), value, value.schema_kind()) {
        (Some(b'['), Type::List(item), _) => {
            let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(json) else { return text.push_str(json) };
            text.push('[');
            for (index, entry) in items.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_normalized(entry.get(), *item, text);
            }
            text.push(']');
        }
        (Some(b'{'), Type::Map(item), _) => {
            let Some(fields) = read_object_fields(json) else { return text.push_str(json) };
            let mut object = ObjectWriter::begin_object(text);
            for (name, field) in fields.into_entries() {
                write_normalized(field.get(), *item, object.begin_field(&name));
            }
            object.end_object();
        }
        (Some(b'{'), _, Some(SchemaKind::Object(object))) => write_normalized_object(json, object, text),
        (Some(b'{'), _, Some(SchemaKind::Union(union))) => {
            let discriminator =
                read_object_fields(json).and_then(|fields| string_value(fields.find_field(union.discriminator)?));
            let variant = union.variants.iter().find(|variant| Some(variant.value) == discriminator.as_deref());
            match variant {
                Some(variant) => write_normalized(json, Type::Schema(variant.schema), text),
                None => text.push_str(json),
            }
        }
        _ => text.push_str(json),
    }
}

fn write_normalized_object(json: &str, object: &Object, text: &mut String) {
    let Some(mut fields) = read_object_fields(json) else { return text.push_str(json) };
    let mut writer = ObjectWriter::begin_object(text);
    for property in object.properties {
        let Some(position) = fields.field_position(property.name) else { continue };
        let (_, field) = fields.0.remove(position);
        if field.get() != "null" || property.is_nullable {
            write_normalized(field.get(), property.value, writer.begin_field(property.name));
        }
    }
    for (name, field) in fields.into_entries() {
        writer.begin_field(&name).push_str(field.get());
    }
    writer.end_object();
}

/// Reads an object; `None` if it is none.
pub(super) fn read_object_fields(json: &str) -> Option<ObjectFields<'_>> {
    serde_json::from_str(json).ok()
}

/// Returns a string.
fn string_value(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

struct ObjectWriter<'a> {
    text: &'a mut String,
    is_empty: bool,
}

impl<'a> ObjectWriter<'a> {
    fn begin_object(text: &'a mut String) -> Self {
        text.push('{');
        Self { text, is_empty: true }
    }

    /// Begins a field, whose value is to be appended.
    fn begin_field(&mut self, name: &str) -> &mut String {
        if !self.is_empty {
            self.text.push(',');
        }
        self.is_empty = false;
        self.text.push_str(&serde_json::Value::from(name).to_string());
        self.text.push(':');
        self.text
    }

    fn end_object(self) {
        self.text.push('}');
    }
}

#[cfg(test)]
mod tests {
    use super::normalize_json;
    use partner_center_spec::Type;

    #[test]
    fn documented_fields_come_first_under_their_names() {
        let customer = Type::Schema("Customer");
        for (received, printed) in [
            (
                r#"{"x":1.10,"Id":"1","companyProfile":{"y":[],"Domain":"d"}}"#,
                r#"{"id":"1","companyProfile":{"domain":"d","y":[]},"x":1.10}"#,
            ),
            (r#"{"id":"1","ID":"2"}"#, r#"{"id":"1","ID":"2"}"#),
            (r#"{"id":null,"x":null}"#, r#"{"x":null}"#),
            (r#"{"companyProfile":7,"tags":["a"]}"#, r#"{"companyProfile":7,"tags":["a"]}"#),
            ("{}", "{}"),
            ("[1]", "[1]"),
        ] {
            assert_eq!(normalize_json(received, customer), printed);
        }
        assert_eq!(normalize_json(r#"[{"Id":"1"},[]]"#, Type::List(&Type::Schema("Customer"))), r#"[{"id":"1"},[]]"#);
        assert_eq!(normalize_json("[]", Type::List(&Type::String)), "[]");
        assert_eq!(
            normalize_json(r#"{"a b":{"Id":"1"}}"#, Type::Map(&Type::Schema("Customer"))),
            r#"{"a b":{"id":"1"}}"#
        );
    }
}
