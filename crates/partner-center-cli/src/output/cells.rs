//! The cells of rows, which are read from items that stay JSON text.

use super::{
    columns::Column,
    json_cursor::{JsonCursor, ReceivedValue},
};
use std::{borrow::Cow, cell::Cell};

/// Reads the columns of rows.
pub(super) struct RowReader {
    /// The paths of the columns.
    paths: Vec<String>,
    fields: ColumnFields,
}

/// The fields of an object that columns are in.
#[derive(Default)]
struct ColumnFields(Vec<ColumnField>);

/// A field that columns are in, which is read once for all of them.
struct ColumnField {
    name: String,
    /// The columns of the field itself, by their index.
    columns: Vec<usize>,
    /// The columns of fields in it, with their path from there.
    columns_below: Vec<(usize, String)>,
    fields: ColumnFields,
    /// Whether the last object has the field, and whether its name has the same capitals there.
    found: Cell<Option<bool>>,
}

impl RowReader {
    pub(super) fn new(columns: &[Column]) -> Self {
        let paths: Vec<_> = columns.iter().map(|column| column.path.clone()).collect();
        let mut fields = ColumnFields::default();
        paths.iter().enumerate().for_each(|(column, path)| fields.add_column(column, path));
        Self { paths, fields }
    }

    /// Returns the cells of an item's row, empty where there is no value.
    pub(super) fn read_cells<'a>(&self, item: &'a str) -> Vec<Cow<'a, str>> {
        let mut cursor = JsonCursor::new(item);
        let is_object = cursor.peek_byte_after_white_space() == Some(b'{');
        let mut cells = vec![Cow::Borrowed(""); self.paths.len()];
        if is_object {
            self.fields.read_cells(cursor.clone(), &mut cells);
        }
        for (cell, path) in cells.iter_mut().zip(&self.paths).filter(|(_, path)| path.is_empty() || !is_object) {
            *cell = cell_at_path(cursor.clone().read_value(), path);
        }
        cells
    }
}

impl ColumnFields {
    fn add_column(&mut self, column: usize, path: &str) {
        let (name, rest) = path.split_once('.').unwrap_or((path, ""));
        let known = self.0.iter().position(|known| known.name == name);
        let index = known.unwrap_or_else(|| {
            self.0.push(ColumnField::new(name));
            self.0.len() - 1
        });
        let field = &mut self.0[index];
        if rest.is_empty() {
            field.columns.push(column);
        } else {
            field.columns_below.push((column, rest.to_owned()));
            field.fields.add_column(column, rest);
        }
    }

    /// Reads the cells of the columns in an object. Of several fields with the same name the last one counts, and one with the
    /// capitals of the path before others.
    fn read_cells<'a>(&self, mut object: JsonCursor<'a>, cells: &mut [Cow<'a, str>]) {
        self.0.iter().for_each(|field| field.found.set(None));
        while let Some(name) = object.read_next_field_name() {
            let (name, value) = (name.decode_string().unwrap_or_default(), object.read_value());
            let is_same =
                |field: &&ColumnField| field.name.len() == name.len() && field.name.eq_ignore_ascii_case(&name);
            for field in self.0.iter().filter(is_same) {
                let is_exact = field.name == name;
                if is_exact || field.found.get() != Some(true) {
                    field.found.set(Some(is_exact));
                    field.read_cells(value, cells);
                }
            }
        }
    }
}

impl ColumnField {
    fn new(name: &str) -> Self {
        let (columns, columns_below, fields) = (Vec::new(), Vec::new(), ColumnFields::default());
        Self { name: name.to_owned(), columns, columns_below, fields, found: Cell::new(None) }
    }

    fn read_cells<'a>(&self, value: ReceivedValue<'a>, cells: &mut [Cow<'a, str>]) {
        self.columns.iter().for_each(|column| cells[*column] = cell_text(value));
        if !self.columns_below.is_empty() && value.json.starts_with('{') {
            self.columns_below.iter().for_each(|(column, _)| cells[*column] = Cow::Borrowed(""));
            return self.fields.read_cells(JsonCursor::new(value.json), cells);
        }
        self.columns_below.iter().for_each(|(column, path)| cells[*column] = cell_at_path(value, path));
    }
}

/// Formats the value at a dotted path within `value`; within a list, that of each item.
fn cell_at_path<'a>(value: ReceivedValue<'a>, path: &str) -> Cow<'a, str> {
    if path.is_empty() {
        return cell_text(value);
    }
    let mut cursor = JsonCursor::new(value.json);
    if cursor.peek_byte_after_white_space() == Some(b'[') {
        return join_cells_of_list(cursor, |item| cell_at_path(item, path));
    }
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    cursor.find_field(first).map(|value| cell_at_path(value, rest)).unwrap_or_default()
}

/// The maximum depth to which values are shown field by field; a value that is nested deeper is shown as JSON.
pub(super) const MAX_CELL_VALUE_DEPTH: usize = 16;

/// Formats a value as one line; the values of a list are separated by `; `.
pub(super) fn cell_text(value: ReceivedValue<'_>) -> Cow<'_, str> {
    cell_text_at_depth(value, 0)
}

fn cell_text_at_depth(value: ReceivedValue<'_>, depth: usize) -> Cow<'_, str> {
    match value.json.as_bytes().first() {
        Some(b'"') => value.decode_string().unwrap_or(Cow::Borrowed(value.json)),
        Some(b'[') if depth < MAX_CELL_VALUE_DEPTH => {
            join_cells_of_list(JsonCursor::new(value.json), |item| cell_text_at_depth(item, depth + 1))
        }
        _ if value.json == "null" => Cow::Borrowed(""),
        _ => value.to_compact_json(),
    }
}

fn join_cells_of_list<'a>(mut list: JsonCursor<'a>, cell: impl Fn(ReceivedValue<'a>) -> Cow<'a, str>) -> Cow<'a, str> {
    let mut cells = Vec::new();
    while list.move_to_next_item() {
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
