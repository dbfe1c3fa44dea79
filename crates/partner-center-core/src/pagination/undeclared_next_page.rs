//! Detects a next page in a response that is taken for complete.
//!
//! Why: an operation whose specification does not say that it is paginated returns its response as complete. If the service
//! starts to paginate it, or the specification is wrong, the first page would silently pass for the list. So each such
//! response, and the last page of each list, is searched for the fields by which Partner Center, Microsoft's REST
//! guidelines and `OData` point to a next page, and one of them is an error. Without such a field or a backslash the search
//! costs three substring searches and no parsing.

use crate::body::{self, FieldNames, NamedJsonFields};
use memchr::memmem;
use serde_json::Value;
use std::fmt;

/// The error for a response that is one page of a list, though its operation is not paginated.
#[derive(Debug)]
pub(crate) struct UndeclaredNextPage {
    operation: &'static str,
    /// Whether the operation is paginated, so that its pagination does not describe the field.
    is_list: bool,
    /// The field of the response that points to the next page.
    field: &'static str,
}

impl UndeclaredNextPage {
    /// Finds, in the JSON of a response to `operation`, the field that points to a next page.
    ///
    /// Only the fields of the response itself count: the links of an item are unrelated to the list.
    pub(crate) fn find_in_json(operation: &'static str, is_list: bool, json: &str) -> Option<Self> {
        if !json.trim_ascii_start().starts_with('{') || !may_have_next_page_field(json.as_bytes()) {
            return None;
        }
        let fields: NamedJsonFields<NextPageFields> = body::parse_json_or_none(json)?;
        let has_next = |links: &str| {
            body::parse_json_or_none::<NamedJsonFields<NextPageFields>>(links)
                .is_some_and(|links| links.values_of_field("next").any(is_next_page_value_set))
        };
        let field = if fields.values_of_field("links").any(has_next) {
            "links.next"
        } else {
            // The service's own name, and those of Microsoft's guidelines for REST APIs and of OData.
            let names = ["continuationToken", "nextLink", "@odata.nextLink"];
            names.into_iter().find(|name| fields.values_of_field(name).any(is_next_page_value_set))?
        };
        Some(Self { operation, is_list, field })
    }
}

impl fmt::Display for UndeclaredNextPage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, is_list, field } = self;
        if *is_list {
            return write!(
                formatter,
                "the last page of `{operation}` has a next page (`{field}`) that the pagination of the operation does not \
                 describe: the list is incomplete; add it (`x-pc-paging` in the specification, `Pagination` in a program)"
            );
        }
        write!(
            formatter,
            "`{operation}` is not a paginated operation, but its response has a next page (`{field}`): it is incomplete; \
             declare the operation as paginated (`x-pc-paging` in the specification, `Paginated` in a program) and list it \
             with `items`; a request of your own, with `request_pages`"
        )
    }
}

impl std::error::Error for UndeclaredNextPage {}

/// Whether JSON may have a field that points to a next page; `false` is certain.
fn may_have_next_page_field(json: &[u8]) -> bool {
    // The parts that `camelCase` and `PascalCase` share, so that a case-sensitive search is enough: of `next` and `nextLink`,
    // and of `continuationToken`. A name may be written with escapes, too.
    memmem::find_iter(json, "ext").any(|at| matches!(json.get(at + 3), Some(b'"' | b'L')))
        || memmem::find(json, b"ontinuationToken\"").is_some()
        || memchr::memchr(b'\\', json).is_some() && memmem::find(json, b"\\u").is_some()
}

/// The fields that point to a next page, or contain the one that does.
struct NextPageFields;

impl FieldNames for NextPageFields {
    const NAMES: &'static [&'static str] = &["links", "next", "continuationToken", "nextLink", "@odata.nextLink"];
}

/// Maximum size of a value that is parsed, in bytes. An absent link is never longer, so that a longer value is a link.
const MAX_BLANK_VALUE_SIZE: usize = 64 << 10;

fn is_next_page_value_set(json: &str) -> bool {
    // A value that `Value` cannot hold is not blank either.
    json.len() > MAX_BLANK_VALUE_SIZE || body::parse_json_or_none(json).is_none_or(|value| !is_blank_value(&value))
}

/// Whether a link or a token points to nothing: absent links are also written as `null`, as `false`, as a blank string, or
/// without a URI.
fn is_blank_value(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(string) => string.trim().is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(link) => link.iter().all(|(name, value)| match name.to_ascii_lowercase().as_str() {
            "uri" | "url" | "href" => is_blank_value(value),
            "headers" => has_only_blank_header_values(value),
            // The other fields, such as the method, do not say where the link points.
            _ => true,
        }),
        Value::Bool(true) | Value::Number(_) => false,
    }
}

/// Whether no header of a link has a value. They are an array of names with values, or an object.
fn has_only_blank_header_values(headers: &Value) -> bool {
    match headers {
        Value::Array(list) => list.iter().all(|header| match header {
            Value::Object(header) => {
                header.iter().all(|(name, value)| !name.eq_ignore_ascii_case("value") || is_blank_value(value))
            }
            other => is_blank_value(other),
        }),
        Value::Object(values) => values.values().all(is_blank_value),
        other => is_blank_value(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(json: &str) -> Option<&'static str> {
        UndeclaredNextPage::find_in_json("getThings", false, json).map(|found| found.field)
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
            (r#"{"\ud83e": 1, "id": 7, "continuationToken": "t"}"#, "continuationToken"),
            (r#"{"c\u006fntinuationToken": "t"}"#, "continuationToken"),
            (r#"{"l\u0069nks": {"n\u0065xt": {"uri": "/b"}}}"#, "links.next"),
            (r#"{"links": {"\ud83e": 1, "next": {"uri": "/b"}}}"#, "links.next"),
            (r#"{"continuationToken": "t", "continuationToken": null}"#, "continuationToken"),
            (r#"{"links": {"next": {"uri": "/b"}, "next": null}}"#, "links.next"),
            (r#"{"nextLink": true}"#, "nextLink"),
            (r#"{"links": {"next": {"href": "/b"}}}"#, "links.next"),
            (r#"{"links": {"next": {"uri": "", "headers": {"MS-ContinuationToken": "t"}}}}"#, "links.next"),
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
            r#"{"nextLink": false, "continuationToken": ""}"#,
            r#"{"links": {"next": {"uri": "", "method": "GET", "encoding": 0}}}"#,
            r#"{"links": {"next": {"uri": null, "headers": [{"key": "MS-ContinuationToken", "value": ""}], "weight": 1e999}}}"#,
            r#"{"links": {"next": {"headers": {"MS-ContinuationToken": " "}}}}"#,
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
