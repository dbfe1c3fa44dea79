use crate::{error_response::ErrorResponse, json_fields::get_field_ignoring_case};
use serde_json::Value;

/// A filter of a list other than that of the customers: it compares one field of each item.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ItemFilter {
    pub(crate) field: String,
    /// In lower case.
    pub(crate) value: String,
    operator: ItemFilterOperator,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ItemFilterOperator {
    Equals,
    NotEquals,
    StartsWith,
    Substring,
}

impl ItemFilter {
    /// Parses the JSON of a `filter` parameter, with names and operators in any case.
    pub(crate) fn parse_item_filter(json: &str) -> Result<Self, ErrorResponse> {
        let filter: Value = serde_json::from_str(json).map_err(|_| INVALID_ITEM_FILTER_ERROR)?;
        let filter = filter.as_object().ok_or(INVALID_ITEM_FILTER_ERROR)?;
        let text =
            |name| get_field_ignoring_case(filter, name).and_then(Value::as_str).ok_or(INVALID_ITEM_FILTER_ERROR);
        let operator = text("Operator")?.replace('_', "").to_ascii_lowercase();
        let operator = match operator.as_str() {
            "equals" => ItemFilterOperator::Equals,
            "notequals" => ItemFilterOperator::NotEquals,
            "startswith" => ItemFilterOperator::StartsWith,
            "substring" | "contains" => ItemFilterOperator::Substring,
            _ => return Err(INVALID_ITEM_FILTER_ERROR),
        };
        Ok(Self { field: text("Field")?.to_owned(), value: text("Value")?.to_lowercase(), operator })
    }

    /// Whether the list has `item`.
    pub(crate) fn matches_item(&self, item: &Value) -> bool {
        let field = item.as_object().and_then(|fields| get_field_ignoring_case(fields, &self.field));
        let actual = match field {
            Some(Value::String(text)) => text.to_lowercase(),
            Some(value) if !value.is_null() => value.to_string(),
            _ => String::new(),
        };
        match self.operator {
            ItemFilterOperator::Equals => actual == self.value,
            ItemFilterOperator::NotEquals => actual != self.value,
            ItemFilterOperator::StartsWith => actual.starts_with(&self.value),
            ItemFilterOperator::Substring => actual.contains(&self.value),
        }
    }
}

const INVALID_ITEM_FILTER_ERROR: ErrorResponse = ErrorResponse::InvalidSearch(
    "The filter must be a JSON object with the strings Field, Value and Operator, which is equals, not_equals, starts_with or \
     substring.",
);

#[cfg(test)]
mod tests {
    use super::ItemFilter;
    use serde_json::json;

    #[test]
    fn filter_compares_a_field() {
        let matches = |operator: &str, value: &str| {
            let filter = json!({ "Field": "Name", "Value": value, "Operator": operator }).to_string();
            ItemFilter::parse_item_filter(&filter).unwrap().matches_item(&json!({ "name": "Contoso" }))
        };
        assert!(matches("equals", "contoso") && !matches("Equals", "conto"));
        assert!(matches("starts_with", "CON") && matches("StartsWith", "") && !matches("startswith", "toso"));
        assert!(matches("substring", "toso") && matches("not_equals", "x"));
        for invalid in ["", "[]", r#"{"Field":"a","Value":"b"}"#, r#"{"Field":"a","Value":"b","Operator":"like"}"#] {
            assert!(ItemFilter::parse_item_filter(invalid).is_err(), "{invalid}");
        }
    }
}
