//! JSON whose fields can be changed: all that is not touched stays as it is, in its order and with its digits.

use indexmap::IndexMap;
use partner_center::models::{JsonValue, from_json};

/// A JSON value. Objects and lists are read when something within them is changed or looked at.
#[derive(Clone, Debug)]
pub(super) enum JsonTree {
    Object(IndexMap<String, JsonTree>),
    List(Vec<JsonTree>),
    Value(JsonValue),
}

impl JsonTree {
    /// Reads JSON.
    pub(super) fn parse(json: &str) -> serde_json::Result<Self> {
        from_json(json).map(|parsed| Self::Value(parsed.value))
    }

    /// Returns an empty object.
    pub(super) fn empty_object() -> Self {
        Self::Object(IndexMap::new())
    }

    /// Reads the next level of the value, if it has one.
    pub(super) fn expand_one_level(&mut self) -> &mut Self {
        if let Self::Value(value) = self {
            let expanded = match value.json().as_bytes().first() {
                Some(b'{') => value.read::<IndexMap<String, JsonValue>>().ok().map(|fields| {
                    Self::Object(fields.into_iter().map(|(name, value)| (name, Self::Value(value))).collect())
                }),
                Some(b'[') => value
                    .read::<Vec<JsonValue>>()
                    .ok()
                    .map(|items| Self::List(items.into_iter().map(Self::Value).collect())),
                _ => None,
            };
            if let Some(expanded) = expanded {
                *self = expanded;
            }
        }
        self
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Value(value) if value.json() == "null")
    }

    /// Returns the JSON.
    pub(super) fn to_json(&self) -> String {
        let mut json = String::new();
        self.write_json(&mut json);
        json
    }

    fn write_json(&self, json: &mut String) {
        match self {
            Self::Value(value) => json.push_str(value.json()),
            Self::List(items) => {
                json.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        json.push(',');
                    }
                    item.write_json(json);
                }
                json.push(']');
            }
            Self::Object(fields) => {
                json.push('{');
                for (index, (name, value)) in fields.iter().enumerate() {
                    if index > 0 {
                        json.push(',');
                    }
                    json.push_str(&serde_json::Value::from(name.as_str()).to_string());
                    json.push(':');
                    value.write_json(json);
                }
                json.push('}');
            }
        }
    }
}
