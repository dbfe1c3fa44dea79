//! Tables for people.

use super::{
    OutputFormatter,
    cells::{MAX_CELL_VALUE_DEPTH, RowReader, cell_text},
    columns::Column,
    json_cursor::JsonCursor,
    normalize::Normalizer,
};
use crate::{arguments::operations::naming::ResourceNoun, terminal::replace_control_characters};
use std::{
    borrow::Cow,
    io::{self, Write},
};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// The minimum width of the columns that are narrowed to fit the terminal, and the width they get if there is room: later pages
/// may have longer values.
const MIN_COLUMN_WIDTH: usize = 8;
const MAX_WIDENED_COLUMN_WIDTH: usize = 30;
const COLUMN_GAP: &str = "  ";

/// A list as rows below a header; a single value as one row per field.
pub(super) struct TableFormatter {
    columns: Vec<Column>,
    rows: RowReader,
    /// Whether the columns were chosen, so that a single value is a row as well.
    is_selection: bool,
    terminal_width: Option<usize>,
    noun: ResourceNoun,
    /// The column widths, fixed by the first page: the others are not known when it is printed.
    widths: Option<Vec<usize>>,
    no_header: bool,
    /// The number of rows so far.
    count: usize,
}

impl TableFormatter {
    /// Returns a table that fits `terminal_width`; without a terminal, nothing is shortened.
    pub(super) fn new(
        columns: Vec<Column>,
        is_selection: bool,
        terminal_width: Option<usize>,
        noun: ResourceNoun,
    ) -> Self {
        let rows = RowReader::new(&columns);
        Self { columns, rows, is_selection, terminal_width, noun, widths: None, no_header: false, count: 0 }
    }

    /// Sets whether the header is left out.
    pub(super) fn no_header(self, no_header: bool) -> Self {
        Self { no_header, ..self }
    }

    /// Narrows the widest shrinkable column until the row fits, or widens the narrowest one while there is room.
    fn fit_column_widths_to_terminal(&self, mut widths: Vec<usize>) -> Vec<usize> {
        let gaps = COLUMN_GAP.len() * widths.len().saturating_sub(1);
        let room = self.terminal_width.unwrap_or(usize::MAX).saturating_sub(gaps);
        let shrinkable = || (0..self.columns.len()).filter(|column| self.columns[*column].is_shrinkable);
        while widths.iter().sum::<usize>() > room
            && let Some(widest) = shrinkable().max_by_key(|column| widths[*column])
            && widths[widest] > MIN_COLUMN_WIDTH
        {
            widths[widest] -= 1;
        }
        while widths.iter().sum::<usize>() < room
            && let Some(narrowest) = shrinkable().min_by_key(|column| widths[*column])
            && widths[narrowest] < MAX_WIDENED_COLUMN_WIDTH
        {
            widths[narrowest] += 1;
        }
        widths
    }
}

impl OutputFormatter for TableFormatter {
    fn append_page(&mut self, items: &[&str], _: &mut Normalizer, text: &mut Vec<u8>) -> io::Result<()> {
        if items.is_empty() {
            return Ok(());
        }
        let mut rows = Vec::with_capacity(items.len() + 1);
        if self.widths.is_none() && !self.no_header {
            rows.push(self.columns.iter().map(|column| Cow::Borrowed(column.title.as_str())).collect());
        }
        for item in items {
            rows.push(self.rows.read_cells(item).into_iter().map(escaped_cell).collect::<Vec<_>>());
        }
        let widths = match self.widths.take() {
            Some(widths) => widths,
            None => self.fit_column_widths_to_terminal(widest_cell_widths(&rows)),
        };
        self.count += items.len();
        let widths = self.widths.insert(widths);
        rows.iter().try_for_each(|row| write_table_row(row, widths, self.terminal_width.is_some(), text))
    }

    fn append_list_end_returning_note(&mut self, _: &mut Normalizer, _: &mut Vec<u8>) -> io::Result<Option<String>> {
        // A program that reads the table counts its lines.
        Ok(match self.count {
            0 => Some(format!("no {}", self.noun.plural())),
            count => self.terminal_width.map(|_| self.noun.with_count(count as u64)),
        })
    }

    fn append_value(&mut self, value: &str, normalizer: &mut Normalizer, text: &mut Vec<u8>) -> io::Result<()> {
        if self.is_selection {
            return self.append_page(&[value], normalizer, text);
        }
        let value = normalizer.normalize_value(value);
        let mut cursor = JsonCursor::new(&value);
        if cursor.peek_byte_after_white_space() != Some(b'{') {
            return writeln!(text, "{}", escaped_cell(cell_text(cursor.read_value())));
        }
        let mut rows = Vec::new();
        add_field_rows("", 0, cursor, &mut rows);
        let names = widest_cell_widths(&rows).first().copied().unwrap_or_default();
        // The values of a single item are never shortened.
        rows.iter().try_for_each(|row| write_table_row(row, &[names, 0], false, text))
    }
}

/// Writes a row; a cell that is too wide is shortened if the row `is_narrowed`.
fn write_table_row(cells: &[Cow<'_, str>], widths: &[usize], is_narrowed: bool, text: &mut Vec<u8>) -> io::Result<()> {
    let start = text.len();
    for (cell, &width) in cells.iter().zip(widths) {
        let mut cell = Cow::Borrowed(&**cell);
        let mut cell_width = terminal_columns_of_cell(&cell);
        if is_narrowed && cell_width > width {
            cell = shorten_to_width(&cell, width).into();
            cell_width = cell.width();
        }
        text.extend_from_slice(cell.as_bytes());
        text.resize(text.len() + width.saturating_sub(cell_width) + COLUMN_GAP.len(), b' ');
    }
    let line = String::from_utf8_lossy(&text[start..]);
    text.truncate(start + line.trim_end().len());
    writeln!(text)
}

/// Adds a row for each value of the object at `path`, before which `object` is.
fn add_field_rows<'a>(path: &str, depth: usize, mut object: JsonCursor<'a>, rows: &mut Vec<Vec<Cow<'a, str>>>) {
    while let Some(name) = object.read_next_field_name() {
        let (name, value) = (name.decode_string().unwrap_or_default(), object.read_value());
        // Links and attributes of resources are for programs.
        if name.eq_ignore_ascii_case("links") || name.eq_ignore_ascii_case("attributes") {
            continue;
        }
        let path = if path.is_empty() { name } else { format!("{path}.{name}").into() };
        if value.json.starts_with('{') && depth < MAX_CELL_VALUE_DEPTH {
            add_field_rows(&path, depth + 1, JsonCursor::new(value.json), rows);
        } else {
            rows.push(vec![escaped_cell(path), escaped_cell(cell_text(value))]);
        }
    }
}

/// Returns a cell as a terminal may get it.
fn escaped_cell(cell: Cow<'_, str>) -> Cow<'_, str> {
    if is_plain_ascii(&cell) { cell } else { Cow::Owned(replace_control_characters(&cell)) }
}

fn widest_cell_widths(rows: &[Vec<Cow<'_, str>>]) -> Vec<usize> {
    let count = rows.first().map_or(0, Vec::len);
    (0..count).map(|column| rows.iter().map(|row| terminal_columns_of_cell(&row[column])).max().unwrap_or(0)).collect()
}

/// Returns the number of columns of a terminal that a cell takes.
fn terminal_columns_of_cell(cell: &str) -> usize {
    if is_plain_ascii(cell) { cell.len() } else { cell.width() }
}

/// Whether text has only characters of one column. Most cells do, and need not be looked up in the tables of Unicode.
fn is_plain_ascii(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Shortens `text` to `width` columns with an ellipsis, between grapheme clusters.
fn shorten_to_width(text: &str, width: usize) -> String {
    let ends = text.grapheme_indices(true).map(|(start, cluster)| start + cluster.len());
    let fits = |end: &usize| text[..*end].width() < width;
    let kept = ends.take_while(fits).last().map_or("", |end| &text[..end]);
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(terminal_width: Option<usize>, pages: &[&str]) -> Vec<String> {
        let columns = [
            ("ID", "id", false),
            ("COMPANY", "companyProfile.companyName", true),
            ("DOMAIN", "companyProfile.domain", true),
            ("RELATIONSHIP", "relationshipToPartner", false),
        ]
        .map(|(title, path, is_shrinkable)| Column {
            path: path.to_owned(),
            title: title.to_owned(),
            name: String::new(),
            is_shrinkable,
        });
        let (mut table, mut text) =
            (TableFormatter::new(columns.into(), false, terminal_width, ResourceNoun::new("customers")), Vec::new());
        for page in pages {
            let customers: Vec<serde_json::Value> = serde_json::from_str(page).unwrap();
            let customers: Vec<_> = customers.iter().map(ToString::to_string).collect();
            let customers: Vec<_> = customers.iter().map(String::as_str).collect();
            table.append_page(&customers, &mut Normalizer::new(None), &mut text).unwrap();
        }
        String::from_utf8(text).unwrap().lines().map(str::to_owned).collect()
    }

    fn customer(name: &str) -> String {
        format!(
            r#"[{{"id": "b44bb1fb-c595-45b0-9e09-d657365580bf", "relationshipToPartner": "reseller",
                "companyProfile": {{"companyName": "{name}", "domain": "contoso.onmicrosoft.com"}}}}]"#
        )
    }

    #[test]
    fn widths_are_those_of_the_first_page_with_room() {
        let name = "Contoso and Sons, the Best Grocers";
        let lines = print(None, &["[]", &customer("Contoso"), &customer(&name[..16]), &customer(name)]);
        assert_eq!(
            lines,
            [
                "ID                                    COMPANY                         DOMAIN                          \
                 RELATIONSHIP",
                "b44bb1fb-c595-45b0-9e09-d657365580bf  Contoso                         contoso.onmicrosoft.com         \
                 reseller",
                "b44bb1fb-c595-45b0-9e09-d657365580bf  Contoso and Sons                contoso.onmicrosoft.com         \
                 reseller",
                "b44bb1fb-c595-45b0-9e09-d657365580bf  Contoso and Sons, the Best Grocers  \
                 contoso.onmicrosoft.com         reseller",
            ]
        );
    }

    #[test]
    fn shortened_text_fits_and_keeps_its_clusters() {
        for text in ["❤️☎️1️⃣".repeat(5), "👨‍👩‍👧‍👦".repeat(9), "e\u{301}".repeat(9), "東京".repeat(9), "שלום ".repeat(9)]
        {
            for width in 1..20 {
                let short = shorten_to_width(&text, width);
                assert!(short.width() <= width, "{short:?} is wider than {width}");
                let kept = short.trim_end_matches('…');
                assert!(text.starts_with(kept), "{short:?}");
                let mut ends = text.grapheme_indices(true).map(|(start, _)| start).chain([text.len()]);
                assert!(ends.any(|end| text[..end].trim_end() == kept), "{short:?}");
            }
        }
        assert_eq!(shorten_to_width(&"👨‍👩‍👧‍👦".repeat(9), 7), "👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦…");
    }

    #[test]
    fn table_fits_the_terminal() {
        let lines = print(Some(80), &[&customer("Contoso and Sons, Grocers"), &customer(&"東京".repeat(20))]);
        assert_eq!(
            lines,
            [
                "ID                                    COMPANY        DOMAIN         RELATIONSHIP",
                "b44bb1fb-c595-45b0-9e09-d657365580bf  Contoso and…   contoso.onmi…  reseller",
                "b44bb1fb-c595-45b0-9e09-d657365580bf  東京東京東京…  contoso.onmi…  reseller",
            ]
        );
        // IDs are never shortened.
        let narrow = print(Some(3), &[&customer("Contoso and Sons, Grocers")]);
        assert_eq!(narrow[1], "b44bb1fb-c595-45b0-9e09-d657365580bf  Contoso…  contoso…  reseller");
    }
}
