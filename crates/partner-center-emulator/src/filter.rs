use crate::{
    customers::{SearchableFields, parse_guid},
    error_response::ErrorResponse,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

/// A filter of the customer list. Serialized, it has the documented format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Filter {
    pub(crate) field: Field,
    /// In lower case.
    pub(crate) value: String,
    pub(crate) operator: Operator,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Field {
    CompanyName,
    Domain,
    IndirectReseller,
    IndirectCloudSolutionProvider,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Operator {
    StartsWith,
    Equals,
}

impl Filter {
    /// Parses the JSON of a `filter` parameter as leniently as the service does: keys and names in any case, operators also by
    /// their number in the service's SDKs, and other keys are ignored.
    pub(crate) fn parse(json: &str) -> Result<Self, ErrorResponse> {
        let filter: Value = serde_json::from_str(json).map_err(|_| INVALID_JSON)?;
        let filter = filter.as_object().ok_or(INVALID_JSON)?;
        let find = |name: &str| filter.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        let operator = find("Operator").and_then(Operator::parse).ok_or(INVALID_OPERATOR)?;
        let field = find("Field").and_then(Value::as_str).and_then(Field::parse).ok_or(INVALID_FIELD)?;
        let value = find("Value").and_then(Value::as_str).ok_or(INVALID_VALUE)?;
        let value = match field {
            Field::CompanyName | Field::Domain => value.to_lowercase(),
            Field::IndirectReseller | Field::IndirectCloudSolutionProvider => {
                parse_guid(value).ok_or(INVALID_GUID)?.to_string()
            }
        };
        Ok(Self { field, value, operator })
    }

    /// Returns the parameter of a query, `filter=` and the percent-encoded JSON.
    pub(crate) fn to_query_parameter(&self) -> String {
        #[expect(clippy::expect_used, reason = "a type of this crate, whose `Serialize` cannot fail")]
        let json = serde_json::to_string(self).expect("a filter can be written as JSON");
        format!("filter={}", utf8_percent_encode(&json, ESCAPED))
    }

    /// Whether the service rejects this filter from an application without a user.
    pub(crate) fn needs_user(&self) -> bool {
        matches!(self.field, Field::IndirectReseller | Field::IndirectCloudSolutionProvider)
    }

    /// Whether the list has `customer`. All customers of indirect resellers have the indirect provider `provider`.
    pub(crate) fn matches(&self, customer: &SearchableFields, provider: Uuid) -> bool {
        let reseller = customer.indirect_reseller;
        let actual = match self.field {
            Field::CompanyName => customer.company_name.to_lowercase(),
            Field::Domain => customer.domain.to_lowercase(),
            Field::IndirectReseller => reseller.map(|id| id.to_string()).unwrap_or_default(),
            Field::IndirectCloudSolutionProvider => reseller.map(|_| provider.to_string()).unwrap_or_default(),
        };
        match self.operator {
            Operator::StartsWith => actual.starts_with(&self.value),
            Operator::Equals => actual == self.value,
        }
    }
}

impl Field {
    pub(crate) const ALL: [Self; 4] =
        [Self::CompanyName, Self::Domain, Self::IndirectReseller, Self::IndirectCloudSolutionProvider];

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| format!("{field:?}").eq_ignore_ascii_case(name))
    }
}

impl Operator {
    pub(crate) const ALL: [Self; 2] = [Self::StartsWith, Self::Equals];

    /// Parses an operator. `starts_with`, `StartsWith` and 9 are the same one, and so are `equals`, `Equals` and 0.
    fn parse(value: &Value) -> Option<Self> {
        let name = match value {
            Value::String(name) => name.replace('_', "").to_ascii_lowercase(),
            number => number.to_string(),
        };
        match name.as_str() {
            "startswith" | "9" => Some(Self::StartsWith),
            "equals" | "0" => Some(Self::Equals),
            _ => None,
        }
    }
}

/// All characters but those that RFC 3986 calls unreserved.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

const INVALID_JSON: ErrorResponse =
    ErrorResponse::InvalidSearch("The filter must be a JSON object with Field, Value and Operator.");
const INVALID_FIELD: ErrorResponse = ErrorResponse::InvalidSearch(
    "The field of a customer filter must be CompanyName, Domain, IndirectReseller or IndirectCloudSolutionProvider.",
);
const INVALID_VALUE: ErrorResponse = ErrorResponse::InvalidSearch("The value of a customer filter must be a string.");
const INVALID_GUID: ErrorResponse =
    ErrorResponse::InvalidSearch("The value of a filter by reseller or provider must be a GUID.");
const INVALID_OPERATOR: ErrorResponse =
    ErrorResponse::InvalidSearch("Customer search only allows starts with and equals operation.");

#[cfg(test)]
mod tests {
    use super::{Field, Filter, INVALID_FIELD, INVALID_GUID, INVALID_JSON, INVALID_OPERATOR, INVALID_VALUE, Operator};

    #[test]
    fn filter_is_parsed_in_every_spelling_that_clients_send() {
        let expected = Filter { field: Field::CompanyName, operator: Operator::StartsWith, value: "cont".to_owned() };
        for spelling in [
            r#"{"Field":"CompanyName","Value":"Cont","Operator":"starts_with"}"#,
            r#"{"field":"companyname","value":"CONT","operator":"startswith"}"#,
            r#"{"operator":"StartsWith","fieldType":"String","field":"COMPANYNAME","value":"cont"}"#,
            r#" { "FIELD" : "CompanyName", "VALUE": "cont", "OPERATOR": 9 } "#,
        ] {
            assert_eq!(Filter::parse(spelling), Ok(expected.clone()), "{spelling}");
        }
        for equals in [r#""equals""#, r#""Equals""#, "0"] {
            let filter = Filter::parse(&format!(r#"{{"Field":"Domain","Value":"","Operator":{equals}}}"#)).unwrap();
            assert_eq!(filter.operator, Operator::Equals);
        }
    }

    #[test]
    fn invalid_filter_is_rejected_with_the_reason() {
        for (filter, error) in [
            ("", INVALID_JSON),
            ("{", INVALID_JSON),
            ("[1]", INVALID_JSON),
            (r#"{"Field":"Domain","Value":"a"}"#, INVALID_OPERATOR),
            (r#"{"Field":"Domain","Value":"a","Operator":"substring"}"#, INVALID_OPERATOR),
            (r#"{"Field":"Domain","Value":"a","Operator":null}"#, INVALID_OPERATOR),
            (r#"{"Field":"Name","Value":"a","Operator":"equals"}"#, INVALID_FIELD),
            (r#"{"Value":"a","Operator":"equals"}"#, INVALID_FIELD),
            (r#"{"Field":"Domain","Value":7,"Operator":"equals"}"#, INVALID_VALUE),
            (r#"{"Field":"IndirectReseller","Value":"484e","Operator":"starts_with"}"#, INVALID_GUID),
            (
                r#"{"Field":"IndirectReseller","Value":"484e548cf5f3452893a9c16c6373cb59","Operator":"starts_with"}"#,
                INVALID_GUID,
            ),
        ] {
            assert_eq!(Filter::parse(filter), Err(error), "{filter}");
        }
    }
}
