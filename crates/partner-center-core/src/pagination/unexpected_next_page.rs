//! Signs of a next page in a response that is taken for complete.

use serde_json::{Value, value::RawValue};
use std::{collections::HashMap, fmt};

/// A response that is one page of a list where the operation promises all there is.
#[derive(Debug)]
pub(crate) struct UnexpectedNextPage {
    operation: &'static str,
    /// Where the response says that there is more.
    field: &'static str,
}

impl UnexpectedNextPage {
    /// Finds in the JSON of a response to `operation` the field that says how the list continues.
    ///
    /// Only the fields of the response itself count: the links of an item are no matter of the list. Without such a field this
    /// takes next to no time, since a search for its name comes first.
    pub(crate) fn find(operation: &'static str, json: &str) -> Option<Self> {
        // Of each name the part that `camelCase` and `PascalCase` share, so that a search that ignores case is not needed.
        const NAMES: [&str; 3] = ["ext\"", "ontinuationToken\"", "extLink\""];
        if !json.trim_ascii_start().starts_with('{') || !NAMES.iter().any(|name| json.contains(name)) {
            return None;
        }
        let fields: Fields<'_> = serde_json::from_str(json).ok()?;
        let is_in_links = |links: &RawValue| {
            serde_json::from_str(links.get()).is_ok_and(|links: Fields<'_>| named(&links, "next").any(is_set))
        };
        let field = if named(&fields, "links").any(is_in_links) {
            "links.next"
        } else {
            // The service's own name, and those of Microsoft's guidelines for REST APIs and of OData.
            let names = ["continuationToken", "nextLink", "@odata.nextLink"];
            names.into_iter().find(|name| named(&fields, name).any(is_set))?
        };
        Some(Self { operation, field })
    }
}

impl fmt::Display for UnexpectedNextPage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, field } = self;
        write!(
            formatter,
            "`{operation}` is not a paginated operation, but its response has a next page (`{field}`): it is incomplete; describe \
             the operation as paged (`x-pc-paging` in the specification, `Paginated` in a program) and list it with `items`"
        )
    }
}

impl std::error::Error for UnexpectedNextPage {}

/// The fields of an object, each as it came.
type Fields<'a> = HashMap<String, &'a RawValue>;

/// The values of the field `name`, which may be there in more than one spelling.
fn named<'a>(fields: &Fields<'a>, name: &str) -> impl Iterator<Item = &'a RawValue> {
    fields.iter().filter(move |(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
}

fn is_set(value: &RawValue) -> bool {
    // What no `Value` can hold is not empty either.
    serde_json::from_str(value.get()).map_or(true, |value| !is_blank(&value))
}

/// Whether a link or a token leads nowhere: absent links are also written as `null`, as blank text, or without a URI.
fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
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
            // What stands elsewhere is skipped, whatever it is.
            (r#"{"name": "\ud83e", "size": 1e999, "continuationToken": "t"}"#, "continuationToken"),
        ] {
            assert_eq!(found(json), Some(expected), "{json}");
        }
    }

    #[test]
    fn next_page_is_not_seen_where_there_is_none() {
        for json in [
            r#"{"id": "1", "links": {"self": {"uri": "/a", "method": "GET", "headers": []}}}"#,
            r#"{"links": {"self": {"uri": "/a"}, "next": null, "previous": {"uri": "/z"}}}"#,
            r#"{"links": {"next": {}}}"#,
            r#"{"links": {"next": {"uri": "", "method": "GET", "headers": []}}}"#,
            r#"{"continuationToken": null, "nextLink": " "}"#,
            // Of the items, not of the response.
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
