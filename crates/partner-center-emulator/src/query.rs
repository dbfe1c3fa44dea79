use crate::error_response::ErrorResponse;
use http::Uri;
use percent_encoding::percent_decode_str;

/// The decoded parameters of a query, in their order.
pub(crate) struct QueryParameters(Vec<(String, String)>);

impl QueryParameters {
    /// Parses the query of `uri`. A second `?` separates parameters like `&`, as some clients send it.
    pub(crate) fn parse(uri: &Uri) -> Self {
        let query = uri.query().unwrap_or_default();
        let parameters = query.split(['&', '?']).filter(|parameter| !parameter.is_empty());
        let parameters = parameters.map(|parameter| parameter.split_once('=').unwrap_or((parameter, "")));
        Self(parameters.map(|(name, value)| (decode_form_value(name), decode_form_value(value))).collect())
    }

    /// Returns the names and values of all parameters.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns the first value of a parameter, whose name may be in any case.
    pub(crate) fn first_value(&self, name: &str) -> Option<&str> {
        self.all_values(name).next()
    }

    /// Returns all values of a parameter, whose name may be in any case.
    pub(crate) fn all_values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Checks that all parameters are `known` ones. An unknown one is ignored with a warning, or rejected if `reject_unknown` is
    /// set. A filter that is not written as one parameter is rejected in any case: if it were ignored, the client would get all
    /// customers.
    pub(crate) fn check_parameter_names(&self, known: &[&str], reject_unknown: bool) -> Result<(), ErrorResponse> {
        let mut unknown = self
            .0
            .iter()
            .map(|(name, _)| name)
            .filter(|name| !known.iter().any(|known| name.eq_ignore_ascii_case(known)));
        let Some(first) = unknown.next() else { return Ok(()) };
        if known.contains(&FILTER_PARAMETER_NAME)
            && [first].into_iter().chain(unknown).any(|name| is_filter_part_parameter(name))
        {
            return Err(NESTED_FILTER_ERROR);
        }
        let name: String = first.chars().take(MAX_PARAMETER_NAME_LENGTH_IN_MESSAGE).collect();
        if reject_unknown {
            return Err(ErrorResponse::UnknownParameter(name));
        }
        // A client chose the name: `Debug` escapes control characters, which a terminal would execute.
        tracing::warn!("ignored the query parameter {name:?}, which the resource does not have");
        Ok(())
    }
}

/// The name of the parameter that holds a filter.
pub(crate) const FILTER_PARAMETER_NAME: &str = "filter";

/// The maximum length of a parameter name in a message, in characters.
const MAX_PARAMETER_NAME_LENGTH_IN_MESSAGE: usize = 80;

/// Whether `name` is a name that a client uses for a part of a filter: `filter[Field]`, `filter.Field` or `Field`, or
/// `filter{...}` without its `=`, as a page of the service's documentation prints it.
fn is_filter_part_parameter(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let nested = name.strip_prefix(FILTER_PARAMETER_NAME).is_some_and(|rest| rest.starts_with(['[', '.', '{']));
    nested || ["field", "value", "operator"].contains(&name.as_str())
}

const NESTED_FILTER_ERROR: ErrorResponse = ErrorResponse::InvalidSearch(
    "A filter is one parameter whose value is a percent-encoded JSON object: \
     filter={\"Field\":\"CompanyName\",\"Value\":\"Cont\",\"Operator\":\"starts_with\"}.",
);

/// Decodes a name or a value of an `application/x-www-form-urlencoded` string.
pub(crate) fn decode_form_value(encoded: &str) -> String {
    percent_decode_str(&encoded.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::{ErrorResponse, FILTER_PARAMETER_NAME, NESTED_FILTER_ERROR, QueryParameters};

    fn parameters(query: &str) -> QueryParameters {
        QueryParameters::parse(&format!("/v1/customers?{query}").parse().unwrap())
    }

    #[test]
    fn parameters_are_parsed_as_clients_write_them() {
        for query in
            ["size=1&filter=a%20b", "size=1?filter=a+b", "&?size=1&&FILTER=a%20b&filter=c", "filter=a%20b&size=1"]
        {
            let parameters = parameters(query);
            assert_eq!(parameters.first_value("size"), Some("1"), "{query}");
            assert_eq!(parameters.first_value("filter"), Some("a b"), "{query}");
            assert_eq!(parameters.first_value("seekOperation"), None, "{query}");
        }
    }

    #[test]
    fn unknown_parameters_are_ignored_or_rejected() {
        let known = ["size", FILTER_PARAMETER_NAME];
        assert_eq!(parameters("Size=1&filter=").check_parameter_names(&known, true), Ok(()));
        for query in ["size=1&offset=2", "offset", "filters=1", "%1b[31m=1"] {
            assert_eq!(parameters(query).check_parameter_names(&known, false), Ok(()), "{query}");
            assert!(
                matches!(
                    parameters(query).check_parameter_names(&known, true),
                    Err(ErrorResponse::UnknownParameter(_))
                ),
                "{query}"
            );
        }
    }

    #[test]
    fn nested_filter_is_rejected() {
        for query in [
            "filter[Field]=Domain",
            "size=1&filter%5Bfield%5D=Domain",
            "filter[]=1",
            "filter.Field=Domain&filter.Value=a",
            "offset=1&FILTER.value=a",
            "Field=Domain&Value=a&Operator=equals",
            "filter%7B%22Field%22:%22Domain%22%7D",
        ] {
            for reject_unknown in [false, true] {
                assert_eq!(
                    parameters(query).check_parameter_names(&[FILTER_PARAMETER_NAME], reject_unknown),
                    Err(NESTED_FILTER_ERROR),
                    "{query}"
                );
            }
        }
    }
}
