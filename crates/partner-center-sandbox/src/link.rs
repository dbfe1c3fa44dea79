use serde_json::{Value, json};

/// A link as the service writes it; `headers` are those to send when it is followed.
pub(crate) fn link<const N: usize>(uri: &str, headers: [(&str, String); N]) -> Value {
    let headers = headers.map(|(key, value)| json!({ "key": key, "value": value }));
    json!({ "uri": uri, "method": "GET", "headers": headers.as_slice() })
}
