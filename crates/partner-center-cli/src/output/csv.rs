//! Comma-separated values, for spreadsheets and databases.

use super::{OutputFormatter, cells::RowReader, columns::Column, normalize::Normalizer};
use crate::terminal::replace_control_characters;
use std::{borrow::Cow, io, mem};

/// Values that are separated by commas or tabs, below a header; an absent value is empty.
///
/// Values are not changed, not even those that a spreadsheet takes for formulas, unless that is chosen, as programs must get what
/// the service returned. On a terminal, control characters are escaped.
pub(super) struct CsvFormatter {
    names: Vec<String>,
    rows: RowReader,
    options: CsvOptions,
    is_terminal: bool,
    has_header: bool,
}

/// The options of comma-separated values.
#[derive(Clone, Copy, Debug)]
pub(super) struct CsvOptions {
    pub(super) delimiter: u8,
    pub(super) no_header: bool,
    pub(super) byte_order_mark: bool,
    pub(super) escapes_formulas: bool,
}

impl CsvFormatter {
    pub(super) fn new(columns: Vec<Column>, options: CsvOptions, is_terminal: bool) -> Self {
        let rows = RowReader::new(&columns);
        let names = columns.into_iter().map(|column| column.name).collect();
        Self { names, rows, options, is_terminal, has_header: false }
    }

    /// Returns the writer of a page; the first page begins with the byte order mark and the header, if they are wanted.
    fn begin_csv_page<'a>(&mut self, text: &'a mut Vec<u8>) -> io::Result<csv::Writer<&'a mut Vec<u8>>> {
        let is_first = !mem::replace(&mut self.has_header, true);
        if is_first && self.options.byte_order_mark {
            text.extend_from_slice("\u{feff}".as_bytes());
        }
        let mut csv = csv::WriterBuilder::new().delimiter(self.options.delimiter).from_writer(text);
        if is_first && !self.options.no_header {
            csv.write_record(&self.names)?;
        }
        Ok(csv)
    }
}

/// Returns the cell with an apostrophe before it if a spreadsheet would take it for a formula. A number is not a formula.
fn escape_formula(cell: Cow<'_, str>) -> Cow<'_, str> {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && cell.parse::<f64>().is_err() {
        return Cow::Owned(format!("'{cell}"));
    }
    cell
}

impl OutputFormatter for CsvFormatter {
    fn append_page(&mut self, items: &[&str], _: &mut Normalizer, text: &mut Vec<u8>) -> io::Result<()> {
        let mut csv = self.begin_csv_page(text)?;
        for item in items {
            let mut cells = self.rows.read_cells(item);
            if self.options.escapes_formulas {
                cells = cells.into_iter().map(escape_formula).collect();
            }
            if self.is_terminal {
                csv.write_record(cells.iter().map(|cell| replace_control_characters(cell)))?;
            } else {
                csv.write_record(cells.iter().map(|cell| cell.as_bytes()))?;
            }
        }
        csv.flush()
    }

    /// Appends the header if the list is empty.
    fn append_list_end_returning_note(&mut self, _: &mut Normalizer, text: &mut Vec<u8>) -> io::Result<Option<String>> {
        self.begin_csv_page(text)?.flush()?;
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::escape_formula;

    #[test]
    fn formula_is_escaped_and_a_number_is_not() {
        for (cell, expected) in [
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-2+3", "'-2+3"),
            ("-2.5", "-2.5"),
            ("+49 30 123", "'+49 30 123"),
            ("Contoso", "Contoso"),
            ("", ""),
        ] {
            assert_eq!(escape_formula(cell.into()), expected);
        }
    }
}
