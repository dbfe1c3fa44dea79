//! Tables for people.

use super::{
    MAX_SHOWN_DEPTH, OutputFormatter, cell_text,
    columns::Column,
    normalize::{ObjectFields, read_object_fields},
    row_cells,
};
use crate::{arguments::operations::naming::ResourceNoun, terminal::escape_control_characters};
use std::io::{self, Write};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// The minimum width of the columns that are narrowed to fit the terminal, and the width they get if there is room: later pages
/// may have longer values.
const MIN_COLUMN_WIDTH: usize = 8;
const PREFERRED_COLUMN_WIDTH: usize = 30;
const COLUMN_GAP: &str = "  ";

/// A list as rows below a header; a single value as one row per field.
pub(super) struct TableFormatter {
    columns: Vec<Column>,
    /// Whether the columns were chosen, so that a single value is a row as well.
    is_selection: bool,
    terminal_width: Option<usize>,
    noun: ResourceNoun,
    /// The column widths, fixed by the first page: the others are not known when it is printed.
    widths: Option<Vec<usize>>,
}

impl TableFormatter {
    /// Returns a table that fits `terminal_width`; without a terminal, nothing is shortened.
    pub(super) fn new(
        columns: Vec<Column>,
        is_selection: bool,
        terminal_width: Option<usize>,
        noun: ResourceNoun,
    ) -> Self {
        Self { columns, is_selection, terminal_width, noun, widths: None }
    }

    /// Narrows the widest shrinkable column until the row fits, or widens the narrowest one while there is room.
    fn fit_widths_to_terminal(&self, mut widths: Vec<usize>) -> Vec<usize> {
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
            && widths[narrowest] < PREFERRED_COLUMN_WIDTH
        {
            widths[narrowest] += 1;
        }
        widths
    }
}

impl OutputFormatter for TableFormatter {
    fn append_page(&mut self, items: &[String], text: &mut Vec<u8>) -> io::Result<()> {
        if items.is_empty() {
            return Ok(());
        }
        let mut rows = Vec::with_capacity(items.len() + 1);
        if self.widths.is_none() {
            rows.push(self.columns.iter().map(|column| column.title.clone()).collect());
        }
        for item in items {
            rows.push(
                row_cells(item, &self.columns).iter().map(|cell| escape_control_characters(cell)).collect::<Vec<_>>(),
            );
        }
        let widths = match self.widths.take() {
            Some(widths) => widths,
            None => self.fit_widths_to_terminal(widest_cell_widths(&rows)),
        };
        let widths = self.widths.insert(widths);
        rows.iter().try_for_each(|row| write_row(row, widths, self.terminal_width.is_some(), text))
    }

    fn append_end(&mut self, _text: &mut Vec<u8>) -> io::Result<Option<String>> {
        Ok(self.widths.is_none().then(|| format!("no {}", self.noun.plural())))
    }

    fn append_value(&mut self, value: String, text: &mut Vec<u8>) -> io::Result<()> {
        if self.is_selection {
            return self.append_page(&[value], text);
        }
        let Some(fields) = read_object_fields(&value) else {
            return writeln!(text, "{}", escape_control_characters(&cell_text(&value)));
        };
        let mut rows = Vec::new();
        add_field_rows("", 0, fields, &mut rows);
        let names = widest_cell_widths(&rows).first().copied().unwrap_or_default();
        // The values of a single item are never shortened.
        rows.iter().try_for_each(|row| write_row(row, &[names, 0], false, text))
    }
}

/// Writes a row; a cell that is too wide is shortened if the row `is_narrowed`.
fn write_row(cells: &[String], widths: &[usize], is_narrowed: bool, text: &mut Vec<u8>) -> io::Result<()> {
    let mut line = String::new();
    for (cell, &width) in cells.iter().zip(widths) {
        let cut;
        let cell = if is_narrowed && cell.width() > width {
            cut = shorten_to_width(cell, width);
            &cut
        } else {
            cell
        };
        line.push_str(cell);
        line.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.width()) + COLUMN_GAP.len()));
    }
    writeln!(text, "{}", line.trim_end())
}

/// Adds a row for each value of the object at `path`, which has these `fields`.
fn add_field_rows(path: &str, depth: usize, fields: ObjectFields<'_>, rows: &mut Vec<Vec<String>>) {
    for (name, value) in fields.into_entries() {
        // Links and attributes of resources are for programs.
        if name.eq_ignore_ascii_case("links") || name.eq_ignore_ascii_case("attributes") {
            continue;
        }
        let path = if path.is_empty() { name.into_owned() } else { format!("{path}.{name}") };
        match read_object_fields(value.get()) {
            Some(fields) if depth < MAX_SHOWN_DEPTH => add_field_rows(&path, depth + 1, fields, rows),
            _ => rows.push(vec![escape_control_characters(&path), escape_control_characters(&cell_text(value.get()))]),
        }
    }
}

fn widest_cell_widths(rows: &[Vec<String>]) -> Vec<usize> {
    let count = rows.first().map_or(0, Vec::len);
    (0..count).map(|column| rows.iter().map(|row| row[column].width()).max().unwrap_or(0)).collect()
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
            table.append_page(&customers, &mut text).unwrap();
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
