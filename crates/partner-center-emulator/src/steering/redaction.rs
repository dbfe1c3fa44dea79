//! Hides secrets in what the log shows. The log itself has what was received, as long as it is in memory.

use crate::json_fields::get_field_ignoring_case;
use partner_center_spec::{SCHEMAS, SchemaKind};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use std::{collections::HashSet, sync::LazyLock};

/// What stands in place of a secret.
pub(super) const HIDDEN_SECRET_PLACEHOLDER: &str = "(hidden)";

/// What stands in place of JSON whose secrets cannot be found.
const HIDDEN_JSON_PLACEHOLDER: &str = "(hidden: not valid JSON)";

/// Whether a header holds a secret; `name` is in lower case.
pub(super) fn is_secret_header(name: &str) -> bool {
    ["authorization", "cookie", "proxy-authorization", "set-cookie"].contains(&name)
        // Its holder can read the list.
        || name.ends_with("continuationtoken")
}

/// Returns the text of a URI, without the secrets in its query and in its fragment.
pub(super) fn redacted_uri(uri: &str) -> String {
    let (path, rest) = uri.split_at(uri.find(['?', '#']).unwrap_or(uri.len()));
    path.to_owned() + &redacted_urlencoded_form(rest)
}

/// Returns a body as text, without its secrets, or `None` if it is not text.
pub(super) fn redacted_body(bytes: &[u8]) -> Option<String> {
    let text = decode_text(bytes)?;
    if let Ok(mut value) = serde_json::from_str::<Value>(&text) {
        hide_secret_fields(&mut value);
        return Some(value.to_string());
    }
    Some(match text.trim_start().chars().next() {
        Some('{' | '[') => HIDDEN_JSON_PLACEHOLDER.to_owned(),
        Some('<') => text,
        _ => redacted_urlencoded_form(&text),
    })
}

/// Returns UTF-8 or UTF-16 text without its byte order mark.
pub(crate) fn decode_text(bytes: &[u8]) -> Option<String> {
    let units =
        |from: fn([u8; 2]) -> u16| -> Vec<u16> { bytes.chunks_exact(2).map(|pair| from([pair[0], pair[1]])).collect() };
    let text = match bytes {
        // JSON begins with an ASCII character, so the place of the zero tells the encoding also without a byte order mark.
        [0xff, 0xfe, ..] | [_, 0, ..] => String::from_utf16(&units(u16::from_le_bytes)).ok()?,
        [0xfe, 0xff, ..] | [0, _, ..] => String::from_utf16(&units(u16::from_be_bytes)).ok()?,
        _ => String::from_utf8(bytes.to_vec()).ok()?,
    };
    Some(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// Hides the secrets in JSON.
pub(super) fn hide_secret_fields(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            // A header in a link.
            let key = get_field_ignoring_case(fields, "key").and_then(Value::as_str);
            let has_secret_value = key.is_some_and(|key| is_secret_header(&key.to_lowercase()));
            for (name, value) in fields {
                if is_secret_field_name(name) || (has_secret_value && name.eq_ignore_ascii_case("value")) {
                    hide_all_values(value);
                } else {
                    hide_secret_fields(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide_secret_fields),
        // An audit record has JSON in strings.
        Value::String(text) if text.trim_start().starts_with(['{', '[']) => {
            if let Ok(mut inner) = serde_json::from_str::<Value>(text) {
                hide_secret_fields(&mut inner);
                *text = inner.to_string();
            }
        }
        _ => {}
    }
}

/// Hides whatever a secret field holds. Yes and no are no secrets.
fn hide_all_values(value: &mut Value) {
    match value {
        Value::String(_) | Value::Number(_) => *value = HIDDEN_SECRET_PLACEHOLDER.into(),
        Value::Array(items) => items.iter_mut().for_each(hide_all_values),
        Value::Object(fields) => fields.values_mut().for_each(hide_all_values),
        Value::Bool(_) | Value::Null => {}
    }
}

/// Hides secrets in a form or a query, and leaves all else as it is.
fn redacted_urlencoded_form(form: &str) -> String {
    const SEPARATORS: [char; 5] = ['?', '#', '&', '\r', '\n'];
    let redact = |part: &str| match part.split_once('=') {
        Some((name, value)) if is_secret_form_field(name) => {
            let separator = &value[value.trim_end_matches(SEPARATORS).len()..];
            format!("{name}={HIDDEN_SECRET_PLACEHOLDER}{separator}")
        }
        _ => part.to_owned(),
    };
    form.split_inclusive(SEPARATORS).map(redact).collect()
}

fn is_secret_form_field(name: &str) -> bool {
    let name = percent_decode_str(name).decode_utf8_lossy();
    // The code of a sign-in; in JSON it is that of an error.
    is_secret_field_name(name.trim()) || name.trim() == "code"
}

/// Whether a field, of JSON or of a form, holds a secret.
fn is_secret_field_name(name: &str) -> bool {
    // Fields of the specification that are secrets, without their case. Not the value of a header, whose name says whether it is one.
    static NAMES: LazyLock<HashSet<String>> = LazyLock::new(|| {
        let objects = SCHEMAS.iter().filter_map(|schema| match schema.kind {
            SchemaKind::Object(object) => Some(object.properties),
            _ => None,
        });
        let secret = objects.flatten().filter(|property| property.value.is_secret());
        secret.map(|property| property.name.to_lowercase()).filter(|name| name != "value").collect()
    });
    let name = name.to_lowercase();
    SECRET_AUTHORITY_FIELDS.contains(&name.as_str()) || name.contains("password") || NAMES.contains(&name)
}

/// The fields of the authority's requests and responses that are secrets.
const SECRET_AUTHORITY_FIELDS: [&str; 8] = [
    "access_token",
    "assertion",
    "client_assertion",
    "client_secret",
    "code_verifier",
    "device_code",
    "id_token",
    "refresh_token",
];

#[cfg(test)]
mod tests {
    use super::{is_secret_header, redacted_body, redacted_uri};
    use serde_json::{Value, json};

    #[test]
    fn secrets_are_hidden_in_every_format() {
        let json = |value: &Value| -> Value {
            serde_json::from_str(&redacted_body(value.to_string().as_bytes()).unwrap()).unwrap()
        };
        let inner = json!({ "UserCredentials": { "password": "p1" } }).to_string();
        let body = json(&json!([{ "Password": "p2", "access_token": "p3", "resourceNewValue": inner, "name": "Mia" }]));
        assert_eq!(body[0]["name"], "Mia");
        let form = redacted_body(b"client_id=app&client_secret=p4&refresh_token=p5&code=p6").unwrap();
        assert!(form.starts_with("client_id=app&client_secret=(hidden)&"), "{form}");
        let uri = redacted_uri("/callback?code=p7&state=x");
        assert_eq!(uri, "/callback?code=(hidden)&state=x");
        let utf16: Vec<u8> = "\u{feff}{\"password\":\"p8\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let all = format!("{body}{form}{uri}{}", redacted_body(&utf16).unwrap());
        for number in 1..=8 {
            assert!(!all.contains(&format!("p{number}")), "{all}");
        }
    }

    #[test]
    fn secret_is_hidden_whatever_holds_it() {
        let shown = |value: Value| redacted_body(value.to_string().as_bytes()).unwrap();
        for secret in [
            json!({ "password": ["p1", ["p1"], { "next": 71 }] }),
            json!({ "refresh_token": { "primary": "p1", "number": 71 } }),
            json!({ "headers": [{ "key": "MS-ContinuationToken", "value": "p1" }] }),
            json!({ "Headers": [{ "Value": "p1", "Key": "ms-continuationtoken" }] }),
        ] {
            let shown = shown(secret);
            assert!(!shown.contains("p1") && !shown.contains("71"), "{shown}");
        }
        let plain = json!({ "passwordProfile": { "forceChangePassword": true }, "value": 7, "items": [{ "key": "X-Y", "value": "z" }] });
        assert_eq!(shown(plain.clone()), plain.to_string());
        assert!(is_secret_header("ms-continuationtoken") && is_secret_header("authorization"));
        assert!(!is_secret_header("ms-requestid"));
    }

    #[test]
    fn secrets_are_hidden_in_what_cannot_be_parsed() {
        for body in [
            "grant_type=x&client_secret=p1\n",
            "client_secret=p1\r\nname=Mia",
            "name=Mia&client%5Fsecret=p1",
            "{\"client_secret\": \"p1\"",
            " [{\"password\": p1}]",
        ] {
            let shown = redacted_body(body.as_bytes()).unwrap();
            assert!(!shown.contains("p1") && shown.contains("(hidden"), "{shown}");
        }
        for uri in ["my app:/back?code=p1", "http://localhost/#access_token=p1", "/back?state=x#code=p1"] {
            let shown = redacted_uri(uri);
            assert!(!shown.contains("p1") && shown.ends_with("=(hidden)"), "{shown}");
        }
    }

    #[test]
    fn what_is_not_text_is_left_out() {
        assert_eq!(redacted_body(b"%PDF \xff\xc0"), None);
        assert_eq!(redacted_body(b"Access denied, a = b").as_deref(), Some("Access denied, a = b"));
        assert_eq!(redacted_body(b"").as_deref(), Some(""));
    }
}
