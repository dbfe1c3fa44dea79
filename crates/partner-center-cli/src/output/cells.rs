//! The cells of rows, which are read from items that stay JSON text.

use super::{
    columns::Column,
    json_cursor::{JsonCursor, ReceivedValue},
};
use std::borrow::Cow;

/// The columns of rows, by the fields that they are in.
pub(super) struct RowReader {
    /// The fields of an item that columns are in.
    fields: Vec<String>,
    /// The path of each column, its field by its index, and its path within the field.
    columns: Vec<(String, usize, String)>,
}

impl RowReader {
    pub(super) fn new(columns: &[Column]) -> Self {
        let mut reader = Self { fields: Vec::new(), columns: Vec::with_capacity(columns.len()) };
        for Column { path, .. } in columns {
            let (field, rest) = path.split_once('.').unwrap_or((path, ""));
            let known = reader.fields.iter().position(|known| known == field);
            let index = known.unwrap_or_else(|| {
                reader.fields.push(field.to_owned());
                reader.fields.len() - 1
            });
            reader.columns.push((path.clone(), index, rest.to_owned()));
        }
        reader
    }

    /// Returns the cells of an item's row, empty where there is no value.
    pub(super) fn read_cells<'a>(&self, item: &'a str) -> Vec<Cow<'a, str>> {
        let mut cursor = JsonCursor::new(item);
        let is_object = cursor.peek_byte() == Some(b'{');
        // The fields are read once for all columns.
        let fields = cursor.find_fields(&self.fields);
        let cell = |(path, field, rest): &(String, usize, String)| match fields[*field] {
            _ if path.is_empty() || !is_object => cell_at_path(cursor.clone().read_value(), path),
            Some(value) => cell_at_path(value, rest),
            None => Cow::Borrowed(""),
        };
        self.columns.iter().map(cell).collect()
    }
}

/// Formats the value at a dotted path within `value`; within a list, that of each item.
fn cell_at_path<'a>(value: ReceivedValue<'a>, path: &str) -> Cow<'a, str> {
    if path.is_empty() {
        return cell_text(value);
    }
    let mut cursor = JsonCursor::new(value.json);
    if cursor.peek_byte() == Some(b'[') {
        return join_items(cursor, |item| cell_at_path(item, path));
    }
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    cursor.find_field(first).map(|value| cell_at_path(value, rest)).unwrap_or_default()
}

/// The maximum depth to which values are shown field by field; a value that is nested deeper is shown as JSON.
pub(super) const MAX_SHOWN_DEPTH: usize = 16;

/// Formats a value as one line; the values of a list are separated by `; `.
pub(super) fn cell_text(value: ReceivedValue<'_>) -> Cow<'_, str> {
    cell_text_at_depth(value, 0)
}

fn cell_text_at_depth(value: ReceivedValue<'_>, depth: usize) -> Cow<'_, str> {
    match value.json.as_bytes().first() {
        Some(b'"') => value.as_str().unwrap_or(Cow::Borrowed(value.json)),
        Some(b'[') if depth < MAX_SHOWN_DEPTH => {
            join_items(JsonCursor::new(value.json), |item| cell_text_at_depth(item, depth + 1))
        }
        _ if value.json == "null" => Cow::Borrowed(""),
        _ => value.to_compact(),
    }
}

fn join_items<'a>(mut list: JsonCursor<'a>, cell: impl Fn(ReceivedValue<'a>) -> Cow<'a, str>) -> Cow<'a, str> {
    let mut cells = Vec::new();
    while list.move_to_item() {
        cells.push(cell(list.read_value()));
    }
    cells.join("; ").into()
}

#[cfg(test)]
mod tests {
    use super::RowReader;
    use crate::output::columns::Column;

    fn cells(item: &str, paths: &[&str]) -> Vec<String> {
        let column = |path: &&str| Column {
            path: (*path).to_owned(),
            title: String::new(),
            name: String::new(),
            is_shrinkable: false,
        };
        let columns: Vec<_> = paths.iter().map(column).collect();
        RowReader::new(&columns).read_cells(item).into_iter().map(Into::into).collect()
    }

    #[test]
    fn cells_are_found_by_their_paths() {
        let item = r#" {"id": "7", "A": {"b": 1.10, "c": {"d": null}}, "a": {"B": [1, "x\"y"], "e": {"f": [ ]}},
            "list": [{"id": "1"}, {}, 7, [{"id": [true]}]], "ID": "8"}"#;
        for (path, cell) in [
            ("id", "7"),
            ("a.b", "1; x\"y"),
            ("a.c.d", ""),
            ("a.e", r#"{"f":[]}"#),
            ("a.e.f", ""),
            ("list.id", "1; ; ; true"),
            ("id.x", ""),
            ("x.y", ""),
        ] {
            assert_eq!(cells(item, &[path]), [cell], "{path}");
        }
        assert_eq!(cells(item, &["a.e", "id", "a.b"]), [r#"{"f":[]}"#, "7", "1; x\"y"]);
        assert_eq!(cells(r#"{"a" : 1}"#, &["", "a"]), [r#"{"a":1}"#, "1"]);
        assert_eq!(cells(r#"[{"a": 1}, {"a": "é"}]"#, &["a", ""]), ["1; é", r#"{"a":1}; {"a":"é"}"#]);
        assert_eq!(cells(r#""x""#, &["", "a"]), ["x", ""]);
    }
}
