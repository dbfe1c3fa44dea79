use crate::{Body, ContinuationToken, MultipartForm, update};
use serde::Serialize;
use std::{
    fmt::{self, Display},
    ops::RangeInclusive,
};

/// The values of an operation's parameters, not yet encoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parameters {
    /// The values of the `{name}`s in [`Operation::PATH`](crate::Operation::PATH).
    pub path: Vec<(&'static str, String)>,
    /// The query parameters, in order.
    pub query: Vec<(&'static str, String)>,
    /// The query parameters with several values in one, which are separated by commas: `name=a,b`.
    pub comma_separated: Vec<(&'static str, Vec<String>)>,
    /// The headers that this operation adds to those of the client.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Option<Body>,
    /// The position to continue from; the first page without it.
    pub continuation: Option<ContinuationToken>,
    invalid: Option<InvalidParameter>,
}

impl Parameters {
    /// Creates an empty set of parameters.
    #[must_use]
    #[inline]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a path parameter.
    #[must_use]
    pub fn path(mut self, name: &'static str, value: &impl Display) -> Self {
        self.path.push((name, value.to_string()));
        self
    }

    /// Adds a query parameter, unless it is `None`.
    #[must_use]
    pub fn query<'a, T: Display + 'a>(mut self, name: &'static str, value: impl Into<Option<&'a T>>) -> Self {
        self.query.extend(value.into().map(|value| (name, value.to_string())));
        self
    }

    /// Adds a query parameter that must be within `range`.
    #[must_use]
    pub fn query_within<'a, T: Display + PartialOrd + 'a>(
        mut self,
        name: &'static str,
        value: impl Into<Option<&'a T>>,
        range: &RangeInclusive<T>,
    ) -> Self {
        let value = value.into();
        if let Some(value) = value.filter(|value| !range.contains(value)) {
            let problem = format!("must be {} to {}, not {value}", range.start(), range.end());
            self.record_first_problem(name, problem);
        }
        self.query(name, value)
    }

    /// Requires that a value has a number of characters within `range`, unless it is `None`; `name` is that of its parameter.
    #[must_use]
    pub fn length<'a, T: Display + 'a>(
        mut self,
        name: &'static str,
        value: impl Into<Option<&'a T>>,
        range: &RangeInclusive<usize>,
    ) -> Self {
        let length = value.into().map(|value| value.to_string().chars().count());
        if let Some(length) = length.filter(|length| !range.contains(length)) {
            let problem = match (*range.start(), *range.end()) {
                (min, usize::MAX) => format!("must have at least {min} characters, not {length}"),
                (min, max) => format!("must have {min} to {max} characters, not {length}"),
            };
            self.record_first_problem(name, problem);
        }
        self
    }

    /// Adds a query parameter once for each of the `values`: `name=a&name=b`. Nothing is added if there are none.
    #[must_use]
    pub fn query_each<'a, T: Display + 'a>(
        mut self,
        name: &'static str,
        values: impl Into<Option<&'a Vec<T>>>,
    ) -> Self {
        self.query.extend(values.into().into_iter().flatten().map(|value| (name, value.to_string())));
        self
    }

    /// Adds a query parameter with all `values`, separated by commas: `name=a,b`. Nothing is added if there are none.
    #[must_use]
    pub fn query_comma_separated<'a, T: Display + 'a>(
        mut self,
        name: &'static str,
        values: impl Into<Option<&'a Vec<T>>>,
    ) -> Self {
        let values: Vec<_> = values.into().into_iter().flatten().map(T::to_string).collect();
        if !values.is_empty() {
            self.comma_separated.push((name, values));
        }
        self
    }

    /// Adds a query parameter that is sent as `True` or `False`, unless it is `None`.
    #[must_use]
    pub fn query_capitalized<'a>(mut self, name: &'static str, value: impl Into<Option<&'a bool>>) -> Self {
        self.query.extend(value.into().map(|value| (name, if *value { "True" } else { "False" }.to_owned())));
        self
    }

    /// Adds a query parameter whose value is JSON.
    #[must_use]
    pub fn query_json<'a, T: Serialize + 'a>(mut self, name: &'static str, value: impl Into<Option<&'a T>>) -> Self {
        if let Some(json) = self.serialize_json_or_record_problem(name, value.into()) {
            self.query.push((name, json));
        }
        self
    }

    /// Adds a header of this operation, unless it is `None`.
    #[must_use]
    pub fn header<'a, T: Display + 'a>(mut self, name: &'static str, value: impl Into<Option<&'a T>>) -> Self {
        self.headers.extend(value.into().map(|value| (name, value.to_string())));
        self
    }

    /// Adds a header whose value is an entity tag, unless it is `None`. Double quotation marks are added where they are missing;
    /// `*`, which stands for any tag, has none.
    #[must_use]
    pub fn header_quoted<'a, T: Display + 'a>(mut self, name: &'static str, value: impl Into<Option<&'a T>>) -> Self {
        self.headers.extend(value.into().map(|value| (name, quote_etag(value.to_string()))));
        self
    }

    /// Sets the body, which is sent as JSON.
    #[must_use]
    pub fn body<'a, T: Serialize + 'a>(mut self, value: impl Into<Option<&'a T>>) -> Self {
        self.body = self.serialize_json_or_record_problem("body", value.into()).map(Body::json);
        self
    }

    /// Sets the body to a resource that replaces the one of the service. A body that lacks one of `fields`, which every resource has
    /// that was read, is invalid: what it leaves out would be lost.
    #[must_use]
    pub fn complete_body<T: Serialize>(mut self, resource: &T, fields: &[&str]) -> Self {
        let json = serde_json::to_value(resource).unwrap_or_default();
        let is_missing =
            |name: &&&str| update::find_field_ignoring_case(&json, name).is_none_or(serde_json::Value::is_null);
        if let Some(name) = fields.iter().find(is_missing) {
            let problem = format!(
                "lacks `{name}`, which every resource has that was read, and what it leaves out would be lost: read the resource, \
                 and change it with `update`"
            );
            self.record_first_problem("body", problem);
        }
        self.body(resource)
    }

    /// Sets the body to the parts of a form (`multipart/form-data`).
    #[must_use]
    #[inline]
    pub fn multipart(mut self, form: MultipartForm) -> Self {
        match form.into_multipart_body() {
            Ok(body) => self.body = Some(body),
            Err((name, problem)) => self.record_first_problem(name, problem),
        }
        self
    }

    /// Sets the position to continue from.
    #[must_use]
    #[inline]
    pub fn resume(mut self, continuation: Option<&ContinuationToken>) -> Self {
        self.continuation = continuation.cloned();
        self
    }

    /// Returns the parameters, unless one of them is invalid.
    ///
    /// # Errors
    ///
    /// The first parameter that is out of range or cannot be serialized.
    #[inline]
    pub fn check(mut self) -> Result<Self, InvalidParameter> {
        match self.invalid.take() {
            None => Ok(self),
            Some(invalid) => Err(invalid),
        }
    }

    fn serialize_json_or_record_problem<T: Serialize>(
        &mut self,
        name: &'static str,
        value: Option<&T>,
    ) -> Option<String> {
        serde_json::to_string(value?)
            .map_err(|error| self.record_first_problem(name, format!("is not JSON: {error}")))
            .ok()
    }

    #[inline]
    fn record_first_problem(&mut self, name: &'static str, problem: String) {
        self.invalid.get_or_insert(InvalidParameter { name, problem });
    }
}

/// A parameter with a value that the service would reject; nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidParameter {
    name: &'static str,
    problem: String,
}

impl InvalidParameter {
    /// Creates the error of the parameter `name`; `problem` is what is wrong with it, such as `must not be empty`.
    #[must_use]
    pub fn new(name: &'static str, problem: impl Into<String>) -> Self {
        Self { name, problem: problem.into() }
    }

    /// Returns the name of the parameter in the specification.
    #[must_use]
    #[inline]
    pub fn name(&self) -> &'static str {
        self.name
    }
}

/// Returns an entity tag within double quotation marks. Those of a weak tag (`W/"7"`) are there, behind its prefix.
#[inline]
fn quote_etag(tag: String) -> String {
    let is_quoted = tag == "*" || (tag.ends_with('"') && (tag.starts_with('"') || tag.starts_with("W/\"")));
    if is_quoted { tag } else { format!("\"{tag}\"") }
}

impl Display for InvalidParameter {
    #[inline]
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` {}", self.name, self.problem)
    }
}

impl std::error::Error for InvalidParameter {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entity_tag_is_quoted_where_it_is_not() {
        for (tag, expected) in
            [("7", "\"7\""), ("\"7\"", "\"7\""), ("W/\"7\"", "W/\"7\""), ("*", "*"), ("", "\"\""), ("a b", "\"a b\"")]
        {
            let parameters = Parameters::new().header_quoted("If-Match", &tag).check().unwrap();
            assert_eq!(parameters.headers, [("If-Match", expected.to_owned())]);
        }
        assert!(Parameters::new().header_quoted::<String>("If-Match", None).headers.is_empty());
    }

    #[test]
    fn list_is_sent_as_several_parameters_or_as_one() {
        let (some, none) = (vec![1, 2], Vec::<i32>::new());
        let parameters = Parameters::new().query_each("a", &some).query_each("b", &none).query_each::<i32>("c", None);
        let parameters = parameters.query_comma_separated("d", &some).query_comma_separated("e", &none);
        assert_eq!(parameters.query, [("a", "1".to_owned()), ("a", "2".to_owned())]);
        assert_eq!(parameters.comma_separated, [("d", vec!["1".to_owned(), "2".to_owned()])]);
    }

    #[test]
    fn length_is_that_of_characters() {
        let rejected = |value: &str, range| {
            Parameters::new().length("a", &value.to_owned(), &range).check().map_err(|error| error.to_string())
        };
        assert!(rejected("žžž", 1..=3).is_ok() && rejected("", 0..=3).is_ok());
        assert_eq!(rejected("žžžž", 1..=3).unwrap_err(), "`a` must have 1 to 3 characters, not 4");
        assert_eq!(rejected("", 1..=usize::MAX).unwrap_err(), "`a` must have at least 1 characters, not 0");
        assert!(Parameters::new().length::<String>("a", None, &(1..=3)).check().is_ok());
    }

    #[test]
    fn resource_that_replaces_another_is_complete() {
        let check = |resource: serde_json::Value| {
            let parameters = Parameters::new().complete_body(&resource, &["id", "autoRenewEnabled"]);
            parameters.check().map_err(|error| error.to_string())
        };
        assert!(check(serde_json::json!({"Id": 1, "autoRenewEnabled": false})).is_ok());
        for partial in [serde_json::json!({"id": 1}), serde_json::json!({"id": 1, "autoRenewEnabled": null})] {
            let error = check(partial).unwrap_err();
            assert!(
                error.starts_with("`body` lacks `autoRenewEnabled`") && error.ends_with("with `update`"),
                "{error}"
            );
        }
    }

    #[test]
    fn boolean_is_capitalized_where_the_service_wants_it() {
        let parameters = Parameters::new().query_capitalized("a", &true).query_capitalized("b", &false);
        assert_eq!(parameters.query, [("a", "True".to_owned()), ("b", "False".to_owned())]);
    }
}
