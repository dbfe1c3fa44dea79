//! JSON, with everything that the service returned.

use super::{OutputFormatter, normalize::Normalizer};
use std::io;

/// One item per line.
pub(super) struct JsonLinesFormatter;

impl OutputFormatter for JsonLinesFormatter {
    fn append_page(&mut self, items: &[&str], normalizer: &mut Normalizer, text: &mut Vec<u8>) -> io::Result<()> {
        for item in items {
            normalizer.append_value(item, text);
            text.push(b'\n');
        }
        Ok(())
    }
}

/// One array for the list. It is closed only when the list is complete, so that a part of a list is not valid JSON.
#[derive(Default)]
pub(super) struct JsonArrayFormatter {
    is_open: bool,
}

impl OutputFormatter for JsonArrayFormatter {
    fn append_page(&mut self, items: &[&str], normalizer: &mut Normalizer, text: &mut Vec<u8>) -> io::Result<()> {
        for item in items {
            text.extend_from_slice(if self.is_open { b",\n" } else { b"[\n" });
            self.is_open = true;
            normalizer.append_value(item, text);
        }
        Ok(())
    }

    fn append_list_end_returning_note(&mut self, _: &mut Normalizer, text: &mut Vec<u8>) -> io::Result<Option<String>> {
        text.extend_from_slice(if self.is_open { b"\n]\n" } else { b"[]\n" });
        Ok(None)
    }

    fn append_value(&mut self, value: &str, normalizer: &mut Normalizer, text: &mut Vec<u8>) -> io::Result<()> {
        text.extend_from_slice(pretty_print_json(&normalizer.normalize_value(value)).as_bytes());
        text.push(b'\n');
        Ok(())
    }
}

/// The maximum depth to which values have lines of their own; deeper ones share a line, so that indentation cannot outgrow the
/// data.
const MAX_INDENTED_DEPTH: usize = 32;

/// Returns valid JSON with a line for each value, indented by its depth. Strings and numbers stay as they are, digit by digit.
pub(crate) fn pretty_print_json(json: &str) -> String {
    let mut text = String::with_capacity(json.len() * 2);
    let mut depth = 0_usize;
    let (mut is_string, mut is_escaped) = (false, false);
    let mut characters = json.chars().peekable();
    while let Some(character) = characters.next() {
        if is_string {
            text.push(character);
            is_string = is_escaped || character != '"';
            is_escaped = character == '\\' && !is_escaped;
            continue;
        }
        match character {
            ' ' | '\t' | '\n' | '\r' => {}
            '{' | '[' => {
                while characters.next_if(char::is_ascii_whitespace).is_some() {}
                text.push(character);
                if let Some(end) = characters.next_if(|next| matches!(next, '}' | ']')) {
                    text.push(end);
                } else {
                    depth += 1;
                    begin_indented_line(&mut text, depth);
                }
            }
            '}' | ']' => {
                if depth <= MAX_INDENTED_DEPTH {
                    begin_indented_line(&mut text, depth.saturating_sub(1));
                }
                depth = depth.saturating_sub(1);
                text.push(character);
            }
            ',' => {
                text.push(',');
                begin_indented_line(&mut text, depth);
            }
            ':' => text.push_str(": "),
            _ => {
                is_string = character == '"';
                text.push(character);
            }
        }
    }
    text
}

fn begin_indented_line(text: &mut String, depth: usize) {
    if depth > MAX_INDENTED_DEPTH {
        return;
    }
    text.push('\n');
    text.extend(std::iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    use super::{MAX_INDENTED_DEPTH, pretty_print_json};

    #[test]
    fn deep_json_is_not_indented_without_bound() {
        let depth = 20_000;
        let json = format!("{}1,2{}", "[".repeat(depth), "]".repeat(depth));
        let pretty = pretty_print_json(&json);
        assert_eq!(pretty.split_whitespace().collect::<String>(), json);
        assert_eq!(pretty.lines().count(), 2 * MAX_INDENTED_DEPTH + 1);
        assert!(pretty.len() < json.len() + 4 * MAX_INDENTED_DEPTH * MAX_INDENTED_DEPTH);
    }

    #[test]
    fn pretty_json_has_the_same_values() {
        let json = r#"{"a":[1.10,{"b":"x, \"{y}\" \\"},[],{ } ],"c" : -0,"d":""}"#;
        let value: serde_json::Value = serde_json::from_str(json).unwrap();
        let expected = serde_json::to_string_pretty(&value).unwrap().replace("1.1,", "1.10,").replace("-0.0", "-0");
        assert_eq!(pretty_print_json(json), expected);
        for scalar in ["true", "\"a\"", "1e999", "[]"] {
            assert_eq!(pretty_print_json(scalar), scalar);
        }
    }
}
