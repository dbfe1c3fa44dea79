//! Detects a next page in the response of an operation that is not paginated.
//!
//! Why: an operation whose specification does not say that it is paginated returns its response as complete. If the service
//! starts to paginate it, or the specification is wrong, the first page would silently pass for the list. So each such
//! response is searched for the fields by which Partner Center, Microsoft's REST guidelines and `OData` point to a next page,
//! and one of them is an error. Without such a field the search costs three substring searches and no parsing.

use serde_json::{Value, value::RawValue};
use std::{collections::HashMap, fmt};

/// The error for a response that is one page of a list, though its operation is not paginated.
#[derive(Debug)]
pub(crate) struct UnexpectedNextPage {
    operation: &'static str,
    /// The field of the response that points to the next page.
    field: &'static str,
}

impl UnexpectedNextPage {
    /// Finds, in the JSON of a response to `operation`, the field that points to a next page.
    ///
    /// Only the fields of the response itself count: the links of an item are unrelated to the list.
    pub(crate) fn find(operation: &'static str, json: &str) -> Option<Self> {
        // The part of each name that `camelCase` and `PascalCase` share, so that a case-sensitive search is enough.
        const NAMES: [&str; 3] = ["ext\"", "ontinuationToken\"", "extLink\""];
        if !json.trim_ascii_start().starts_with('{') || !NAMES.iter().any(|name| json.contains(name)) {
            return None;
        }
        let fields: Fields<'_> = serde_json::from_str(json).ok()?;
        let has_next = |links: &RawValue| {
            serde_json::from_str(links.get()).is_ok_and(|links: Fields<'_>| values_of(&links, "next").any(is_set))
        };
        let field = if values_of(&fields, "links").any(has_next) {
            "links.next"
        } else {
            // The service's own name, and those of Microsoft's guidelines for REST APIs and of OData.
            let names = ["continuationToken", "nextLink", "@odata.nextLink"];
            names.into_iter().find(|name| values_of(&fields, name).any(is_set))?
        };
        Some(Self { operation, field })
    }
}

impl fmt::Display for UnexpectedNextPage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, field } = self;
        write!(
            formatter,
            "`{operation}` is not a paginated operation, but its response has a next page (`{field}`): it is incomplete; \
             declare the operation as paginated (`x-pc-paging` in the specification, `Paginated` in a program) and list it \
             with `items`"
        )
    }
}

impl std::error::Error for UnexpectedNextPage {}

/// The fields of an object, each as unparsed JSON.
type Fields<'a> = HashMap<String, &'a RawValue>;

/// Returns the values of the field `name`, in any combination of upper and lower case.
fn values_of<'a>(fields: &Fields<'a>, name: &str) -> impl Iterator<Item = &'a RawValue> {
    fields.iter().filter(move |(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
}

fn is_set(value: &RawValue) -> bool {
    // A value that `Value` cannot hold, such as 1e999, is not blank either.
    serde_json::from_str(value.get()).map_or(true, |value| !is_blank(&value))
}

/// Whether a link or a token points to nothing: absent links are also written as `null`, as a blank string, or without a URI.
fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(string) => string.trim().is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(link) => link.iter().all(|(name, value)| name.eq_ignore_ascii_case("method") || is_blank(value)),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(json: &str) -> Option<&'static str> {
        UnexpectedNextPage::find("getThings", json).map(|found| found.field)
    }

    #[test]
    fn next_page_is_found_at_the_top_level() {
        for (json, expected) in [
            (r#"{"items": [], "links": {"self": {"uri": "/a"}, "next": {"uri": "/b"}}}"#, "links.next"),
            (r#" {"Items":[],"Links":{"Next":{"Uri":"/b","Method":"GET","Headers":[]}}}"#, "links.next"),
            (r#"{"links": {"next": {"headers": [{"key": "MS-ContinuationToken", "value": "t"}]}}}"#, "links.next"),
            (r#"{"links": {"next" : ["/b", "t"]}}"#, "links.next"),
            (r#"{"links": {"next": {"uri": "/b", "weight": 1e999}}}"#, "links.next"),
            (r#"{"continuationToken": "t", "items": []}"#, "continuationToken"),
            (r#"{"ContinuationToken": 7}"#, "continuationToken"),
            (r#"{"links": null, "continuationToken": "t"}"#, "continuationToken"),
            (r#"{"links": [], "continuationToken": "t"}"#, "continuationToken"),
            (r#"{"value": [], "nextLink": "https://example.com/b"}"#, "nextLink"),
            (r#"{"value": [], "@odata.nextLink": "https://example.com/b"}"#, "@odata.nextLink"),
            // Other fields are skipped, even where no string or number can hold them.
            (r#"{"name": "\ud83e", "size": 1e999, "continuationToken": "t"}"#, "continuationToken"),
        ] {
            assert_eq!(found(json), Some(expected), "{json}");
        }
    }

    #[test]
    fn complete_response_has_no_next_page() {
        for json in [
            r#"{"id": "1", "links": {"self": {"uri": "/a", "method": "GET", "headers": []}}}"#,
            r#"{"links": {"self": {"uri": "/a"}, "next": null, "previous": {"uri": "/z"}}}"#,
            r#"{"links": {"next": {}}}"#,
            r#"{"links": {"next": {"uri": "", "method": "GET", "headers": []}}}"#,
            r#"{"continuationToken": null, "nextLink": " "}"#,
            // Fields of the items, not of the response.
            r#"{"items": [{"links": {"next": {"uri": "/b"}}, "continuationToken": "t"}]}"#,
            r#"{"history": {"links": {"next": {"uri": "/b"}}, "continuationToken": "t"}}"#,
            r#"[{"links": {"next": {"uri": "/b"}}, "continuationToken": "t"}]"#,
            r#"{"next": {"uri": "/b"}}"#,
            r#"{"text": "say \"continuationToken\": next\""}"#,
            r#""continuationToken""#,
            "7",
            "",
        ] {
            assert_eq!(found(json), None, "{json}");
        }
    }
}
