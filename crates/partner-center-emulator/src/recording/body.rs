//! Bodies of a recorded shape: their values are those of the specification's examples, or stand for any of their type.

use super::{
    body_type,
    shape::{BodyShape, HIDDEN_NAME, JsonType, item_type, shown_name_and_type},
};
use crate::behaviors::documented_example;
use partner_center_spec::{Operation, SchemaKind, Type};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Returns a body of this shape, as an operation responds with it. Bodies with another `number` have other identifiers, as those of
/// the pages of a list.
pub(super) fn body_of_shape(operation: &Operation, status: u16, shape: &BodyShape, number: usize) -> Value {
    let described = operation.responses.iter().find(|described| described.status == status);
    let example = described.and_then(documented_example).unwrap_or_else(|| error_example(operation, status));
    let place = Place { number, ..Place::default() };
    ShapeNode::of_shape(shape).value(body_type(operation, status), &example, place)
}

/// Where a value is.
#[derive(Clone, Copy, Default)]
struct Place<'a> {
    /// The number of the body.
    number: usize,
    /// The position in the list around it, which tells apart items whose fields have several types.
    position: usize,
    /// The number of lists around it.
    lists: usize,
    /// The name of its field.
    name: &'a str,
}

impl Place<'_> {
    /// Returns a string that differs from those at other places, if it identifies something.
    fn string(self, text: &str) -> String {
        let offset = self.number * MAX_POSITIONS + self.position;
        match Uuid::parse_str(text) {
            _ if offset == 0 => text.to_owned(),
            Ok(id) => Uuid::from_u128(id.as_u128().wrapping_add(offset as u128)).to_string(),
            Err(_) if self.name.eq_ignore_ascii_case("id") => format!("{text}-{offset}"),
            Err(_) => text.to_owned(),
        }
    }
}

/// More than there are positions in a list: it has an item for each type at most.
const MAX_POSITIONS: usize = 100;

/// Returns the documented error with this status.
fn error_example(operation: &Operation, status: u16) -> Value {
    let documented = operation.error_codes.iter().find(|error| error.status == status);
    documented.map_or(Value::Null, |error| {
        let code = error.code.parse::<u32>().map_or_else(|_| json!(error.code), |code| json!(code));
        json!({ "code": code, "description": error.description })
    })
}

/// What a shape says of a value, and of the values in it.
#[derive(Default)]
struct ShapeNode<'a> {
    types: Vec<JsonType>,
    fields: BTreeMap<&'a str, ShapeNode<'a>>,
    item: Option<Box<ShapeNode<'a>>>,
}

/// The maximum number of lists around a list that has more than one item.
const MAX_LISTS_AROUND_ITEMS: usize = 2;

impl<'a> ShapeNode<'a> {
    fn of_shape(shape: &'a BodyShape) -> Self {
        let mut root = Self::default();
        for (path, types) in shape {
            let node = path.split('.').fold(&mut root, |node, step| {
                let name = step.trim_end_matches("[]");
                let lists = (step.len() - name.len()) / "[]".len();
                let node = if name.is_empty() { node } else { node.fields.entry(name).or_default() };
                (0..lists).fold(node, |node, _| node.item.get_or_insert_default())
            });
            node.types = types.iter().copied().collect();
        }
        root
    }

    /// Returns how many items a list has to have, so that each type of all that is in them is there.
    fn count_variants(&self) -> usize {
        let inner = self.fields.values().chain(self.item.as_deref()).map(Self::count_variants);
        inner.chain([self.types.len(), 1]).max().unwrap_or(1)
    }

    /// Returns a value of the type `of`: that of the `example` if its type in JSON is the right one.
    fn value(&self, of: Type, example: &Value, place: Place<'_>) -> Value {
        let json_type = match &self.types[..] {
            [] if self.item.is_some() => JsonType::Array,
            [] if !self.fields.is_empty() => JsonType::Object,
            [] => JsonType::Null,
            types => types[place.position % types.len()],
        };
        match json_type {
            JsonType::Null => Value::Null,
            JsonType::Boolean => example.as_bool().unwrap_or(true).into(),
            JsonType::Integer if example.is_i64() || example.is_u64() => example.clone(),
            JsonType::Integer => 1.into(),
            JsonType::Number => example.as_f64().filter(|number| number.fract() != 0.0).unwrap_or(1.5).into(),
            JsonType::String => match example {
                Value::String(text) => place.string(text).into(),
                Value::Number(number) => place.string(&number.to_string()).into(),
                _ => place.string(placeholder(of)).into(),
            },
            JsonType::Array => {
                let Some(item) = &self.item else { return Value::Array(Vec::new()) };
                let count = if place.lists <= MAX_LISTS_AROUND_ITEMS { item.count_variants() } else { 1 };
                let examples = example.as_array().map_or(&[][..], Vec::as_slice);
                let values = (0..count).map(|position| {
                    let example = examples.get(position % examples.len().max(1)).unwrap_or(&Value::Null);
                    item.value(item_type(of), example, Place { position, lists: place.lists + 1, ..place })
                });
                values.collect()
            }
            JsonType::Object => {
                let fields = self.fields.iter().map(|(shown, node)| {
                    let (name, of) = if *shown == HIDDEN_NAME {
                        hidden_name(of)
                    } else {
                        (*shown, shown_name_and_type(of, shown).1)
                    };
                    let example = example.get(name).unwrap_or(&Value::Null);
                    (name.to_owned(), node.value(of, example, Place { name, ..place }))
                });
                Value::Object(fields.collect())
            }
        }
    }
}

/// Returns a name that is hidden again where it is recorded, with the type of its value.
fn hidden_name(of: Type) -> (&'static str, Type) {
    const NAME: &str = "Hidden";
    (NAME, shown_name_and_type(of, NAME).1)
}

/// Returns a text that stands for any of the type `of`.
fn placeholder(of: Type) -> &'static str {
    match (of, of.schema_kind()) {
        (_, Some(SchemaKind::StringEnum([first, ..]))) => first.value,
        (Type::Uuid, _) => "7d3f9a10-52c4-4e8b-9b61-0c5f1e2d3a48",
        (Type::DateTime, _) => "2026-01-01T00:00:00Z",
        (Type::Date, _) => "2026-01-01",
        (Type::Decimal, _) => "1",
        (Type::Binary, _) => "AA==",
        _ => "text",
    }
}

#[cfg(test)]
mod tests {
    use super::{super::shape::shape_of_json, body_of_shape};
    use partner_center_spec::{Type, operation};
    use serde_json::json;

    #[test]
    fn body_has_the_shape_that_it_is_made_of() {
        let list = operation("listCustomers").unwrap();
        let of = super::body_type(list, 200);
        for body in [
            json!({ "totalCount": 2, "items": [
                { "id": "a", "companyProfile": { "domain": "b", "newField": 1.5 } },
                { "id": null, "companyProfile": null, "customDomains": ["c", null, 1], "Acme Ltd": [[true], [7]] },
            ], "links": { "next": { "uri": "/x", "headers": [{ "key": "d", "value": "e" }] } } }),
            json!({ "items": [] }),
            json!([[[1, 2.5], null]]),
            json!("text"),
            json!(null),
        ] {
            let shape = shape_of_json(of, &body);
            let made = body_of_shape(list, 200, &shape, 0);
            assert_eq!(shape_of_json(of, &made), shape, "{made}");
        }
    }

    #[test]
    fn values_are_those_of_the_example_or_stand_for_their_type() {
        let get = operation("getCustomer").unwrap();
        let customer =
            json!({ "id": "x", "companyProfile": { "domain": "secret.example" }, "relationshipToPartner": "y" });
        let shape = shape_of_json(Type::Schema("Customer"), &customer);
        let made = body_of_shape(get, 200, &shape, 0);
        assert_eq!(made["id"].as_str().unwrap().len(), 36, "{made}");
        assert!(made["companyProfile"]["domain"].as_str().unwrap().contains("onmicrosoft.com"), "{made}");
        let error = shape_of_json(Type::Schema("ErrorBody"), &json!({ "code": 1, "description": "secret" }));
        let made = body_of_shape(get, 404, &error, 0);
        assert!(made["code"].is_u64() && made["description"] != "secret", "{made}");
    }
}
