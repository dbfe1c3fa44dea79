//! The extension `x-pc-paging`: how a page leads to the next one.

use anyhow::{Result, bail, ensure};
use serde_json::Value;

/// The keys of the extension. Paths within a page have dots; whether they and the parameters exist is checked with the operation.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Paging {
    /// The path of the list of items; empty if the page is the list itself.
    pub(crate) items: String,
    /// The path of the link to the next page, an object or a string.
    pub(crate) next_link: Option<String>,
    /// The path of the continuation token.
    pub(crate) continuation_token: Option<String>,
    /// The response header with the continuation token.
    pub(crate) response_header: Option<String>,
    /// The request header that carries the token.
    pub(crate) token_header: Option<String>,
    /// The query parameter that carries the token.
    pub(crate) token_query: Option<String>,
    /// The query parameter, and its value, that requests the next page.
    pub(crate) seek: Option<(String, String)>,
    /// The query parameter with the size of a page.
    pub(crate) size_query: Option<String>,
    /// The query parameter with the number of items before the page.
    pub(crate) offset_query: Option<String>,
    /// The path of the total number of items.
    pub(crate) total: Option<String>,
}

const PAGING_KEYS: [&str; 11] = [
    "items",
    "next-link",
    "continuation-token",
    "response-header",
    "token-header",
    "token-query",
    "seek-query",
    "seek-value",
    "size-query",
    "offset-query",
    "total",
];

impl Paging {
    pub(super) fn read(extension: &Value) -> Result<Self> {
        let Some(object) = extension.as_object() else {
            bail!("not an object: write its keys, such as `items: items`")
        };
        if let Some(unknown) = object.keys().find(|key| !PAGING_KEYS.contains(&key.as_str())) {
            bail!("the key {unknown} is not known: write one of {}", PAGING_KEYS.join(", "));
        }
        let text = |key: &str| match object.get(key) {
            None => Ok(None),
            Some(Value::String(text)) if !text.is_empty() || key == "items" => Ok(Some(text.clone())),
            Some(_) => bail!("{key}: not a string: write a name or a path"),
        };
        let seek = match (text("seek-query")?, text("seek-value")?) {
            (None, None) => None,
            (Some(query), Some(value)) => Some((query, value)),
            _ => bail!("seek-query and seek-value go together: write both"),
        };
        let paging = Self {
            items: text("items")?.unwrap_or_default(),
            next_link: text("next-link")?,
            continuation_token: text("continuation-token")?,
            response_header: text("response-header")?,
            token_header: text("token-header")?,
            token_query: text("token-query")?,
            seek,
            size_query: text("size-query")?,
            offset_query: text("offset-query")?,
            total: text("total")?,
        };
        paging.ensure_valid_combination()?;
        Ok(paging)
    }

    /// Rejects a combination that leads nowhere.
    fn ensure_valid_combination(&self) -> Result<()> {
        let has_token = self.continuation_token.is_some() || self.response_header.is_some();
        let sends_token = self.token_header.is_some() || self.token_query.is_some();
        ensure!(
            has_token || self.next_link.is_some() || self.offset_query.is_some(),
            "nothing leads to the next page: write next-link, continuation-token, response-header or offset-query"
        );
        ensure!(
            !has_token || sends_token,
            "nothing carries the token to the next page: write token-header or token-query"
        );
        ensure!(
            self.token_header.is_none() || self.token_query.is_none(),
            "token-header and token-query exclude each other: leave one out"
        );
        ensure!(
            self.seek.is_none() || sends_token,
            "seek-query goes with a token: write token-header or token-query, or leave it out"
        );
        ensure!(
            self.offset_query.is_none() || self.size_query.is_some(),
            "offset-query goes with the size of a page: write size-query"
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Paging;
    use serde_json::json;

    #[test]
    fn paging_needs_a_way_to_the_next_page() {
        for (extension, expected) in [
            (json!([]), "not an object"),
            (json!({"pages": "items"}), "the key pages is not known"),
            (json!({"items": 1}), "items: not a string"),
            (json!({"items": "items"}), "nothing leads to the next page"),
            (json!({"continuation-token": "token"}), "nothing carries the token"),
            (json!({"next-link": "next", "seek-query": "seek"}), "go together"),
            (json!({"next-link": "next", "seek-query": "seek", "seek-value": "Next"}), "seek-query goes with a token"),
            (json!({"next-link": "next", "token-header": "a", "token-query": "b"}), "exclude each other"),
            (json!({"offset-query": "offset"}), "write size-query"),
        ] {
            let message = Paging::read(&extension).unwrap_err().to_string();
            assert!(
                message.contains(expected) && message.contains(": write") | message.contains(": leave"),
                "{message}"
            );
        }
        for valid in [
            json!({"next-link": "links.next"}),
            json!({"items": "", "response-header": "MS-ContinuationToken", "token-header": "MS-ContinuationToken"}),
            json!({"items": "value", "offset-query": "offset", "size-query": "size", "total": "totalCount"}),
        ] {
            Paging::read(&valid).unwrap();
        }
    }
}
