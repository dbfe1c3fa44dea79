use crate::{customer::Searchable, customer_id, error_response::ErrorResponse};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

/// Which customers a list has. Written as JSON it is as documented.
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
    /// Reads the JSON of a `filter` parameter, as leniently as the service: keys and names in any case, operators also
    /// by their number in the service's SDKs, other keys ignored.
    pub(crate) fn parse(json: &str) -> Result<Self, ErrorResponse> {
        let filter: Value = serde_json::from_str(json).map_err(|_| NO_JSON)?;
        let filter = filter.as_object().ok_or(NO_JSON)?;
        let find = |name: &str| filter.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        let operator = find("Operator").and_then(Operator::parse).ok_or(NO_OPERATOR)?;
        let field = find("Field").and_then(Value::as_str).and_then(Field::parse).ok_or(NO_FIELD)?;
        let value = find("Value").and_then(Value::as_str).ok_or(NO_VALUE)?;
        let value = match field {
            Field::CompanyName | Field::Domain => value.to_lowercase(),
            Field::IndirectReseller | Field::IndirectCloudSolutionProvider => {
                customer_id::parse(value).ok_or(NO_GUID)?.to_string()
            }
        };
        Ok(Self { field, value, operator })
    }

    /// As it travels in a query.
    pub(crate) fn parameter(&self) -> String {
        #[expect(clippy::expect_used, reason = "our own type, whose parts are texts and which never refuses")]
        let json = serde_json::to_string(self).expect("a filter can be written as JSON");
        format!("filter={}", utf8_percent_encode(&json, ENCODED))
    }

    /// Whether it is closed to an application on its own.
    pub(crate) fn is_for_users(&self) -> bool {
        matches!(self.field, Field::IndirectReseller | Field::IndirectCloudSolutionProvider)
    }

    /// Whether `customer` belongs into the list. All customers of indirect resellers come through `provider`.
    pub(crate) fn matches(&self, customer: &Searchable, provider: Uuid) -> bool {
        let reseller = customer.indirect_reseller;
        let text = match self.field {
            Field::CompanyName => customer.company_name.to_lowercase(),
            Field::Domain => customer.domain.to_lowercase(),
            Field::IndirectReseller => reseller.map(|id| id.to_string()).unwrap_or_default(),
            Field::IndirectCloudSolutionProvider => reseller.map(|_| provider.to_string()).unwrap_or_default(),
        };
        match self.operator {
            Operator::StartsWith => text.starts_with(&self.value),
            Operator::Equals => text == self.value,
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

    /// `starts_with`, `StartsWith` and 9 are the same operator, as are `equals`, `Equals` and 0.
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

/// All but the characters that RFC 3986 calls unreserved.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

const NO_JSON: ErrorResponse =
    ErrorResponse::InvalidSearch("The filter must be a JSON object with Field, Value and Operator.");
const NO_FIELD: ErrorResponse = ErrorResponse::InvalidSearch(
    "The field of a customer filter must be CompanyName, Domain, IndirectReseller or IndirectCloudSolutionProvider.",
);
const NO_VALUE: ErrorResponse = ErrorResponse::InvalidSearch("The value of a customer filter must be a text.");
const NO_GUID: ErrorResponse =
    ErrorResponse::InvalidSearch("The value of a filter by reseller or provider must be a GUID.");
const NO_OPERATOR: ErrorResponse =
    ErrorResponse::InvalidSearch("Customer search only allows starts with and equals operation.");

#[cfg(test)]
mod tests {
    use super::{Field, Filter, NO_FIELD, NO_GUID, NO_JSON, NO_OPERATOR, NO_VALUE, Operator};

    #[test]
    fn reads_every_spelling_that_clients_send() {
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
    fn says_what_is_wrong_with_any_other() {
        for (filter, refusal) in [
            ("", NO_JSON),
            ("{", NO_JSON),
            ("[1]", NO_JSON),
            (r#"{"Field":"Domain","Value":"a"}"#, NO_OPERATOR),
            (r#"{"Field":"Domain","Value":"a","Operator":"substring"}"#, NO_OPERATOR),
            (r#"{"Field":"Domain","Value":"a","Operator":null}"#, NO_OPERATOR),
            (r#"{"Field":"Name","Value":"a","Operator":"equals"}"#, NO_FIELD),
            (r#"{"Value":"a","Operator":"equals"}"#, NO_FIELD),
            (r#"{"Field":"Domain","Value":7,"Operator":"equals"}"#, NO_VALUE),
            (r#"{"Field":"IndirectReseller","Value":"484e","Operator":"starts_with"}"#, NO_GUID),
            (
                r#"{"Field":"IndirectReseller","Value":"484e548cf5f3452893a9c16c6373cb59","Operator":"starts_with"}"#,
                NO_GUID,
            ),
        ] {
            assert_eq!(Filter::parse(filter), Err(refusal), "{filter}");
        }
    }
}
