//! Changes of what is printed, before it is formatted: chosen columns of JSON and YAML, and an order.

use super::{OutputFormatter, held_items::HeldItems, json_cursor::JsonCursor, normalize::Normalizer};
use std::{cmp::Ordering, io};

/// Passes on objects with the chosen columns alone, under their paths.
pub(super) struct ColumnSelector {
    pub(super) paths: Vec<String>,
    pub(super) formatter: Box<dyn OutputFormatter>,
}

impl ColumnSelector {
    fn select_columns(&self, item: &str) -> String {
        let mut text = b"{".to_vec();
        for path in &self.paths {
            if text.len() > 1 {
                text.push(b',');
            }
            text.extend_from_slice(serde_json::Value::from(path.as_str()).to_string().as_bytes());
            text.push(b':');
            append_value_at_path(item, path, &mut text);
        }
        text.push(b'}');
        // It is UTF-8, as all its parts are strings.
        String::from_utf8(text).unwrap_or_default()
    }
}

impl OutputFormatter for ColumnSelector {
    fn append_page(&mut self, items: &[&str], normalizer: &mut Normalizer, text: &mut Vec<u8>) -> io::Result<()> {
        let items: Vec<_> = items.iter().map(|item| self.select_columns(item)).collect();
        self.formatter.append_page(&items.iter().map(String::as_str).collect::<Vec<_>>(), normalizer, text)
    }

    fn append_list_end_returning_note(
        &mut self,
        normalizer: &mut Normalizer,
        text: &mut Vec<u8>,
    ) -> io::Result<Option<String>> {
        self.formatter.append_list_end_returning_note(normalizer, text)
    }

    fn append_value(&mut self, value: &str, normalizer: &mut Normalizer, text: &mut Vec<u8>) -> io::Result<()> {
        self.formatter.append_value(&self.select_columns(value), normalizer, text)
    }
}

/// Appends the value at a dotted path, or `null`; within a list, a list of that of each item.
fn append_value_at_path(json: &str, path: &str, text: &mut Vec<u8>) {
    let mut cursor = JsonCursor::new(json);
    if path.is_empty() {
        return cursor.read_value().append_compact_json_to(text);
    }
    if cursor.peek_byte_after_white_space() == Some(b'[') {
        text.push(b'[');
        let mut is_first = true;
        while cursor.move_to_next_item() {
            if !std::mem::take(&mut is_first) {
                text.push(b',');
            }
            append_value_at_path(cursor.read_value().json, path, text);
        }
        return text.push(b']');
    }
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    match cursor.find_field(first) {
        Some(value) => append_value_at_path(value.json, rest, text),
        None => text.extend_from_slice(b"null"),
    }
}

/// Keeps all items of a list until it is complete, and passes them on in order. Items without the field come last.
pub(super) struct ItemSorter {
    path: String,
    is_reverse: bool,
    items: HeldItems<(SortKey, String)>,
    formatter: Box<dyn OutputFormatter>,
}

/// What an item is sorted by.
#[derive(Clone, Debug, PartialEq)]
enum SortKey {
    Number(f64),
    Text(String),
    Absent,
}

impl ItemSorter {
    /// Sorts by the field at a path, or the reverse way if there is a `-` before the path.
    pub(super) fn new(path: &str, formatter: Box<dyn OutputFormatter>) -> Self {
        let (path, is_reverse) = path.strip_prefix('-').map_or((path, false), |path| (path, true));
        Self { path: path.to_owned(), is_reverse, items: HeldItems::default(), formatter }
    }
}

impl OutputFormatter for ItemSorter {
    fn append_page(&mut self, items: &[&str], _: &mut Normalizer, _: &mut Vec<u8>) -> io::Result<()> {
        for item in items {
            self.items.push((sort_key(item, &self.path), (*item).to_owned()), item.len())?;
        }
        Ok(())
    }

    fn append_list_end_returning_note(
        &mut self,
        normalizer: &mut Normalizer,
        text: &mut Vec<u8>,
    ) -> io::Result<Option<String>> {
        let mut items = self.items.take();
        items.sort_by(|(one, _), (other, _)| compare_sort_keys(one, other, self.is_reverse));
        let items: Vec<_> = items.iter().map(|(_, item)| item.as_str()).collect();
        self.formatter.append_page(&items, normalizer, text)?;
        self.formatter.append_list_end_returning_note(normalizer, text)
    }

    fn append_value(&mut self, value: &str, normalizer: &mut Normalizer, text: &mut Vec<u8>) -> io::Result<()> {
        self.formatter.append_value(value, normalizer, text)
    }
}

fn sort_key(item: &str, path: &str) -> SortKey {
    let mut text = Vec::new();
    append_value_at_path(item, path, &mut text);
    let value = String::from_utf8(text).unwrap_or_default();
    match value.as_bytes().first() {
        _ if value == "null" => SortKey::Absent,
        Some(b'-' | b'0'..=b'9') => value.parse().map_or(SortKey::Text(value), SortKey::Number),
        _ => match serde_json::from_str::<String>(&value) {
            Ok(string) => SortKey::Text(string),
            Err(_) => SortKey::Text(value),
        },
    }
}

fn compare_sort_keys(one: &SortKey, other: &SortKey, is_reverse: bool) -> Ordering {
    let in_direction = |ordering: Ordering| if is_reverse { ordering.reverse() } else { ordering };
    match (one, other) {
        (SortKey::Number(one), SortKey::Number(other)) => in_direction(one.total_cmp(other)),
        (SortKey::Text(one), SortKey::Text(other)) => in_direction(one.cmp(other)),
        (SortKey::Number(_), SortKey::Text(_)) => in_direction(Ordering::Less),
        (SortKey::Text(_), SortKey::Number(_)) => in_direction(Ordering::Greater),
        (SortKey::Absent, SortKey::Absent) => Ordering::Equal,
        (SortKey::Absent, _) => Ordering::Greater,
        (_, SortKey::Absent) => Ordering::Less,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_at_a_path_keeps_its_digits() {
        let json = r#"{"a":{"b":12345678901234567890.10},"l":[{"x":1},{"y":2},{"x":"s"}]}"#;
        for (path, expected) in [
            ("a.b", "12345678901234567890.10"),
            ("l.x", r#"[1,null,"s"]"#),
            ("a.c", "null"),
            ("a", r#"{"b":12345678901234567890.10}"#),
        ] {
            let mut text = Vec::new();
            append_value_at_path(json, path, &mut text);
            assert_eq!(String::from_utf8(text).unwrap(), expected, "{path}");
        }
    }

    #[test]
    fn absent_keys_come_last_in_both_directions() {
        let mut keys =
            vec![SortKey::Absent, SortKey::Number(10.0), SortKey::Text("b".to_owned()), SortKey::Number(9.0)];
        let sorted = |keys: &mut Vec<SortKey>, is_reverse| {
            keys.sort_by(|one, other| compare_sort_keys(one, other, is_reverse));
            keys.clone()
        };
        let text = SortKey::Text("b".to_owned());
        let ascending = [SortKey::Number(9.0), SortKey::Number(10.0), text.clone(), SortKey::Absent];
        assert_eq!(sorted(&mut keys, false), ascending);
        assert_eq!(sorted(&mut keys, true), [text, SortKey::Number(10.0), SortKey::Number(9.0), SortKey::Absent]);
    }
}
