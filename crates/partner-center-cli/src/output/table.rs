//! Customers as a table for people.

use super::{Formatter, MAX_DEPTH, cell_text, customer_fields, customer_row};
use crate::terminal::escape_control;
use indexmap::IndexMap;
use partner_center::{Customer, models::JsonValue};
use std::io::{self, Write};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// The titles of the columns, and the JSON pointers to their values.
const COLUMNS: [(&str, &str); 4] = [
    ("ID", "/id"),
    ("COMPANY", "/companyProfile/companyName"),
    ("DOMAIN", "/companyProfile/domain"),
    ("RELATIONSHIP", "/relationshipToPartner"),
];
/// The columns that are narrowed to fit the terminal; an ID is useful only when it is complete.
const SHRINKABLE: [usize; 2] = [1, 2];
/// The minimum width of these columns, and the width they get if there is room: later pages may have longer values.
const MIN_COLUMN_WIDTH: usize = 8;
const PREFERRED_COLUMN_WIDTH: usize = 30;
const GAP: &str = "  ";

/// A list as rows below a header; a single customer as one row per field.
pub(super) struct Table {
    terminal_width: Option<usize>,
    /// The column widths, fixed by the first page: the others are not known when it is printed.
    widths: Option<[usize; COLUMNS.len()]>,
}

impl Table {
    /// Returns a table that fits `terminal_width`; without a terminal, nothing is shortened.
    pub(super) fn new(terminal_width: Option<usize>) -> Self {
        Self { terminal_width, widths: None }
    }

    fn line<const N: usize>(&self, cells: &[String; N], widths: &[usize; N], text: &mut Vec<u8>) -> io::Result<()> {
        let mut line = String::new();
        for (cell, &width) in cells.iter().zip(widths) {
            let cut;
            let cell = match self.terminal_width {
                Some(_) if cell.width() > width => {
                    cut = shorten_to_width(cell, width);
                    &cut
                }
                _ => cell,
            };
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.width()) + GAP.len()));
        }
        writeln!(text, "{}", line.trim_end())
    }
}

impl Formatter for Table {
    fn page(&mut self, customers: &[Customer], text: &mut Vec<u8>) -> io::Result<()> {
        if customers.is_empty() {
            return Ok(());
        }
        let mut rows = Vec::with_capacity(customers.len() + 1);
        if self.widths.is_none() {
            rows.push(COLUMNS.map(|(title, _)| title.to_owned()));
        }
        for customer in customers {
            rows.push(customer_row(customer, COLUMNS.map(|(_, pointer)| pointer))?.map(|text| escape_control(&text)));
        }
        let widths = *self.widths.get_or_insert_with(|| fit_to_terminal(widest_cell(&rows), self.terminal_width));
        rows.iter().try_for_each(|row| self.line(row, &widths, text))
    }

    fn end(&mut self, _text: &mut Vec<u8>) -> io::Result<Option<&'static str>> {
        Ok(self.widths.is_none().then_some("no customers"))
    }

    fn customer(&mut self, customer: &Customer, text: &mut Vec<u8>) -> io::Result<()> {
        let mut rows = Vec::new();
        add_field_rows("", 0, customer_fields(customer)?, &mut rows);
        let [names, _] = widest_cell(&rows);
        // The values of a single customer are never shortened.
        let whole = Self::new(None);
        rows.iter().try_for_each(|row| whole.line(row, &[names, 0], text))
    }
}

/// Adds a row for each value of the object at `path`, which has these `fields`.
fn add_field_rows(path: &str, depth: usize, fields: IndexMap<String, JsonValue>, rows: &mut Vec<[String; 2]>) {
    for (name, value) in fields {
        // Links and attributes of resources are for programs.
        if name == "links" || name == "attributes" {
            continue;
        }
        let path = if path.is_empty() { name } else { format!("{path}.{name}") };
        match value.read() {
            Ok(fields) if depth < MAX_DEPTH => add_field_rows(&path, depth + 1, fields, rows),
            _ => rows.push([escape_control(&path), escape_control(&cell_text(&value))]),
        }
    }
}

fn widest_cell<const N: usize>(rows: &[[String; N]]) -> [usize; N] {
    std::array::from_fn(|column| rows.iter().map(|row| row[column].width()).max().unwrap_or(0))
}

/// Narrows the widest shrinkable column until the row fits, or widens the narrowest one while there is room.
fn fit_to_terminal(mut widths: [usize; COLUMNS.len()], terminal_width: Option<usize>) -> [usize; COLUMNS.len()] {
    let room = terminal_width.unwrap_or(usize::MAX).saturating_sub(GAP.len() * (widths.len() - 1));
    let total = |widths: [usize; COLUMNS.len()]| widths.iter().sum::<usize>();
    while total(widths) > room
        && let Some(widest) = SHRINKABLE.into_iter().max_by_key(|column| widths[*column])
        && widths[widest] > MIN_COLUMN_WIDTH
    {
        widths[widest] -= 1;
    }
    while total(widths) < room
        && let Some(narrowest) = SHRINKABLE.into_iter().min_by_key(|column| widths[*column])
        && widths[narrowest] < PREFERRED_COLUMN_WIDTH
    {
        widths[narrowest] += 1;
    }
    widths
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
        let (mut table, mut text) = (Table::new(terminal_width), Vec::new());
        for page in pages {
            let customers: Vec<Customer> = serde_json::from_str(page).unwrap();
            table.page(&customers, &mut text).unwrap();
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
