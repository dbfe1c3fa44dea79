//! YAML, with everything that the service returned. Numbers stay as they are, digit by digit, and strings are in quotes, so that
//! no reader takes one for a number, a date or a boolean.

use super::{OutputFormatter, json_cursor::JsonCursor, normalize::Normalizer};
use std::io;

/// A sequence of the items of a list, or the fields of a single value.
#[derive(Default)]
pub(super) struct YamlFormatter {
    has_items: bool,
}

impl OutputFormatter for YamlFormatter {
    fn append_page(&mut self, items: &[&str], normalizer: &mut Normalizer, text: &mut Vec<u8>) -> io::Result<()> {
        for item in items {
            self.has_items = true;
            text.extend_from_slice(b"- ");
            append_value(&normalizer.normalize_value(item), 1, true, text);
        }
        Ok(())
    }

    fn append_list_end_returning_note(&mut self, _: &mut Normalizer, text: &mut Vec<u8>) -> io::Result<Option<String>> {
        if !self.has_items {
            text.extend_from_slice(b"[]\n");
        }
        Ok(None)
    }

    fn append_value(&mut self, value: &str, normalizer: &mut Normalizer, text: &mut Vec<u8>) -> io::Result<()> {
        append_value(&normalizer.normalize_value(value), 0, true, text);
        Ok(())
    }
}

/// The maximum depth to which values have lines of their own; a deeper one is JSON, which is YAML.
const MAX_INDENTED_DEPTH: usize = 32;

/// Returns valid JSON as YAML.
pub(crate) fn json_to_yaml(json: &str) -> String {
    let mut text = Vec::new();
    append_value(json, 0, true, &mut text);
    // It is UTF-8, as all its parts are strings.
    String::from_utf8(text).unwrap_or_default()
}

/// Appends a value and a line break. The first line of an object or a list that `begins_inline` follows what is there.
fn append_value(json: &str, depth: usize, begins_inline: bool, text: &mut Vec<u8>) {
    let mut cursor = JsonCursor::new(json);
    let mut is_first = begins_inline;
    let mut begin_line = |text: &mut Vec<u8>| {
        if !std::mem::take(&mut is_first) {
            text.resize(text.len() + 2 * depth, b' ');
        }
    };
    let start = text.len();
    match cursor.peek_byte_after_white_space() {
        Some(b'{') if depth < MAX_INDENTED_DEPTH => {
            while let Some(name) = cursor.read_next_field_name() {
                begin_line(text);
                append_field_name(&name.decode_string().unwrap_or_default(), text);
                append_field_value(cursor.read_value().json, depth, text);
            }
            if text.len() == start {
                text.extend_from_slice(b"{}\n");
            }
        }
        Some(b'[') if depth < MAX_INDENTED_DEPTH => {
            while cursor.move_to_next_item() {
                begin_line(text);
                text.extend_from_slice(b"- ");
                append_value(cursor.read_value().json, depth + 1, true, text);
            }
            if text.len() == start {
                text.extend_from_slice(b"[]\n");
            }
        }
        Some(b'"') => {
            append_quoted_string(&cursor.read_value().decode_string().unwrap_or_default(), text);
            text.push(b'\n');
        }
        _ => {
            cursor.read_value().append_compact_json_to(text);
            text.push(b'\n');
        }
    }
}

/// Appends the value of a field behind its name: below it if it has parts, else on the same line.
fn append_field_value(json: &str, depth: usize, text: &mut Vec<u8>) {
    let mut cursor = JsonCursor::new(json);
    let is_list = cursor.peek_byte_after_white_space() == Some(b'[');
    let has_parts = match cursor.peek_byte_after_white_space() {
        Some(b'{') => cursor.clone().read_next_field_name().is_some(),
        Some(b'[') => cursor.clone().move_to_next_item(),
        _ => false,
    };
    if has_parts && depth + 1 < MAX_INDENTED_DEPTH {
        text.extend_from_slice(b":\n");
        append_value(json, depth + usize::from(!is_list || depth > 0), false, text);
    } else {
        text.extend_from_slice(b": ");
        append_value(json, depth + 1, true, text);
    }
}

/// Appends the name of a field, in quotes unless it is a plain word in every version of YAML.
fn append_field_name(name: &str, text: &mut Vec<u8>) {
    let is_word = name.starts_with(|character: char| character.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let lower = name.to_ascii_lowercase();
    if is_word && !["y", "n", "yes", "no", "on", "off", "true", "false", "null"].contains(&lower.as_str()) {
        text.extend_from_slice(name.as_bytes());
    } else {
        append_quoted_string(name, text);
    }
}

/// Appends a string in double quotes. Characters beyond the basic plane are themselves: a pair of escapes, as in JSON, does not
/// stand for one character in YAML.
fn append_quoted_string(string: &str, text: &mut Vec<u8>) {
    text.push(b'"');
    let mut buffer = [0; 4];
    for character in string.chars() {
        match character {
            '"' => text.extend_from_slice(b"\\\""),
            '\\' => text.extend_from_slice(b"\\\\"),
            '\n' => text.extend_from_slice(b"\\n"),
            '\t' => text.extend_from_slice(b"\\t"),
            '\r' => text.extend_from_slice(b"\\r"),
            _ if character.is_control()
                || matches!(character, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}') =>
            {
                text.extend_from_slice(format!("\\u{:04x}", u32::from(character)).as_bytes());
            }
            other => text.extend_from_slice(other.encode_utf8(&mut buffer).as_bytes()),
        }
    }
    text.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::json_to_yaml;

    #[test]
    fn yaml_has_the_same_values() {
        let json = r#"{"id":"1","no":true,"n":12345678901234567890.10,"a":[1,{"b":"x: y","c":[]},[2,3]],"e":{},
            "o":{"p":null,"q":{"r":"\ud83d\ude00\n\u0085"}}}"#;
        let expected = "id: \"1\"\n\"no\": true\n\"n\": 12345678901234567890.10\na:\n- 1\n- b: \"x: y\"\n  c: []\n- - 2\n  - 3\n\
                        e: {}\no:\n  p: null\n  q:\n    r: \"😀\\n\\u0085\"\n";
        assert_eq!(json_to_yaml(json), expected);
        for (json, yaml) in [("[]", "[]\n"), ("\"a\"", "\"a\"\n"), ("1e400", "1e400\n"), ("{}", "{}\n")] {
            assert_eq!(json_to_yaml(json), yaml);
        }
    }

    #[test]
    fn deep_value_is_bounded() {
        let json = format!("{}1{}", "[".repeat(20_000), "]".repeat(20_000));
        assert!(json_to_yaml(&json).len() < 50_000);
    }
}
