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
pub(crate) struct CustomerFilter {
    pub(crate) field: FilterField,
    /// In lower case.
    pub(crate) value: String,
    pub(crate) operator: FilterOperator,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum FilterField {
    CompanyName,
    Domain,
    IndirectReseller,
    IndirectCloudSolutionProvider,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FilterOperator {
    StartsWith,
    Equals,
}

impl CustomerFilter {
    /// Parses the JSON of a `filter` parameter as leniently as the service does: keys and names in any case, operators also by
    /// their number in the service's SDKs, and other keys are ignored.
    pub(crate) fn parse_filter(json: &str) -> Result<Self, ErrorResponse> {
        let filter: Value = serde_json::from_str(json).map_err(|_| INVALID_FILTER_JSON_ERROR)?;
        let filter = filter.as_object().ok_or(INVALID_FILTER_JSON_ERROR)?;
        let find = |name: &str| filter.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        let operator =
            find("Operator").and_then(FilterOperator::parse_operator).ok_or(INVALID_FILTER_OPERATOR_ERROR)?;
        let field = find("Field")
            .and_then(Value::as_str)
            .and_then(FilterField::parse_field)
            .ok_or(INVALID_FILTER_FIELD_ERROR)?;
        let value = find("Value").and_then(Value::as_str).ok_or(INVALID_FILTER_VALUE_ERROR)?;
        let value = match field {
            FilterField::CompanyName | FilterField::Domain => value.to_lowercase(),
            FilterField::IndirectReseller | FilterField::IndirectCloudSolutionProvider => {
                parse_guid(value).ok_or(INVALID_FILTER_GUID_ERROR)?.to_string()
            }
        };
        Ok(Self { field, value, operator })
    }

    /// Returns the parameter of a query, `filter=` and the percent-encoded JSON.
    pub(crate) fn to_query_parameter(&self) -> String {
        #[expect(clippy::expect_used, reason = "a type of this crate, whose `Serialize` cannot fail")]
        let json = serde_json::to_string(self).expect("a filter can be written as JSON");
        format!("filter={}", utf8_percent_encode(&json, ESCAPED_QUERY_CHARACTERS))
    }

    /// Whether the service rejects this filter from an application without a user.
    pub(crate) fn requires_user(&self) -> bool {
        matches!(self.field, FilterField::IndirectReseller | FilterField::IndirectCloudSolutionProvider)
    }

    /// Whether the list has `customer`. All customers of indirect resellers have the indirect provider `provider`.
    pub(crate) fn matches_customer(&self, customer: &SearchableFields, provider: Uuid) -> bool {
        let reseller = customer.indirect_reseller;
        let actual = match self.field {
            FilterField::CompanyName => customer.company_name.to_lowercase(),
            FilterField::Domain => customer.domain.to_lowercase(),
            FilterField::IndirectReseller => reseller.map(|id| id.to_string()).unwrap_or_default(),
            FilterField::IndirectCloudSolutionProvider => reseller.map(|_| provider.to_string()).unwrap_or_default(),
        };
        match self.operator {
            FilterOperator::StartsWith => actual.starts_with(&self.value),
            FilterOperator::Equals => actual == self.value,
        }
    }
}

impl FilterField {
    pub(crate) const ALL_FILTER_FIELDS: [Self; 4] =
        [Self::CompanyName, Self::Domain, Self::IndirectReseller, Self::IndirectCloudSolutionProvider];

    fn parse_field(name: &str) -> Option<Self> {
        Self::ALL_FILTER_FIELDS.into_iter().find(|field| format!("{field:?}").eq_ignore_ascii_case(name))
    }
}

impl FilterOperator {
    pub(crate) const ALL_FILTER_OPERATORS: [Self; 2] = [Self::StartsWith, Self::Equals];

    /// Parses an operator. `starts_with`, `StartsWith` and 9 are the same one, and so are `equals`, `Equals` and 0.
    fn parse_operator(value: &Value) -> Option<Self> {
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
const ESCAPED_QUERY_CHARACTERS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

const INVALID_FILTER_JSON_ERROR: ErrorResponse =
    ErrorResponse::InvalidSearch("The filter must be a JSON object with Field, Value and Operator.");
const INVALID_FILTER_FIELD_ERROR: ErrorResponse = ErrorResponse::InvalidSearch(
    "The field of a customer filter must be CompanyName, Domain, IndirectReseller or IndirectCloudSolutionProvider.",
);
const INVALID_FILTER_VALUE_ERROR: ErrorResponse =
    ErrorResponse::InvalidSearch("The value of a customer filter must be a string.");
const INVALID_FILTER_GUID_ERROR: ErrorResponse =
    ErrorResponse::InvalidSearch("The value of a filter by reseller or provider must be a GUID.");
const INVALID_FILTER_OPERATOR_ERROR: ErrorResponse =
    ErrorResponse::InvalidSearch("Customer search only allows starts with and equals operation.");

#[cfg(test)]
mod tests {
    use super::{
        CustomerFilter, FilterField, FilterOperator, INVALID_FILTER_FIELD_ERROR, INVALID_FILTER_GUID_ERROR,
        INVALID_FILTER_JSON_ERROR, INVALID_FILTER_OPERATOR_ERROR, INVALID_FILTER_VALUE_ERROR,
    };

    #[test]
    fn filter_is_parsed_in_every_spelling_that_clients_send() {
        let expected = CustomerFilter {
            field: FilterField::CompanyName,
            operator: FilterOperator::StartsWith,
            value: "cont".to_owned(),
        };
        for spelling in [
            r#"{"Field":"CompanyName","Value":"Cont","Operator":"starts_with"}"#,
            r#"{"field":"companyname","value":"CONT","operator":"startswith"}"#,
            r#"{"operator":"StartsWith","fieldType":"String","field":"COMPANYNAME","value":"cont"}"#,
            r#" { "FIELD" : "CompanyName", "VALUE": "cont", "OPERATOR": 9 } "#,
        ] {
            assert_eq!(CustomerFilter::parse_filter(spelling), Ok(expected.clone()), "{spelling}");
        }
        for equals in [r#""equals""#, r#""Equals""#, "0"] {
            let filter =
                CustomerFilter::parse_filter(&format!(r#"{{"Field":"Domain","Value":"","Operator":{equals}}}"#))
                    .unwrap();
            assert_eq!(filter.operator, FilterOperator::Equals);
        }
    }

    #[test]
    fn invalid_filter_is_rejected_with_the_reason() {
        for (filter, error) in [
            ("", INVALID_FILTER_JSON_ERROR),
            ("{", INVALID_FILTER_JSON_ERROR),
            ("[1]", INVALID_FILTER_JSON_ERROR),
            (r#"{"Field":"Domain","Value":"a"}"#, INVALID_FILTER_OPERATOR_ERROR),
            (r#"{"Field":"Domain","Value":"a","Operator":"substring"}"#, INVALID_FILTER_OPERATOR_ERROR),
            (r#"{"Field":"Domain","Value":"a","Operator":null}"#, INVALID_FILTER_OPERATOR_ERROR),
            (r#"{"Field":"Name","Value":"a","Operator":"equals"}"#, INVALID_FILTER_FIELD_ERROR),
            (r#"{"Value":"a","Operator":"equals"}"#, INVALID_FILTER_FIELD_ERROR),
            (r#"{"Field":"Domain","Value":7,"Operator":"equals"}"#, INVALID_FILTER_VALUE_ERROR),
            (r#"{"Field":"IndirectReseller","Value":"484e","Operator":"starts_with"}"#, INVALID_FILTER_GUID_ERROR),
            (
                r#"{"Field":"IndirectReseller","Value":"484e548cf5f3452893a9c16c6373cb59","Operator":"starts_with"}"#,
                INVALID_FILTER_GUID_ERROR,
            ),
        ] {
            assert_eq!(CustomerFilter::parse_filter(filter), Err(error), "{filter}");
        }
    }
}
