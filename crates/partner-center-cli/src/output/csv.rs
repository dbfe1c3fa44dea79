//! Comma-separated values, for spreadsheets and databases.

use super::{OutputFormatter, columns::Column, row_cells};
use crate::terminal::escape_control_characters;
use std::io;

/// Comma-separated values below a header; an absent value is empty.
///
/// Values are not changed, not even those that a spreadsheet takes for formulas, as programs must get what the service
/// returned. On a terminal, control characters are escaped.
pub(super) struct CsvFormatter {
    columns: Vec<Column>,
    is_terminal: bool,
    has_header: bool,
}

impl CsvFormatter {
    pub(super) fn new(columns: Vec<Column>, is_terminal: bool) -> Self {
        Self { columns, is_terminal, has_header: false }
    }

    fn write_header(&mut self, csv: &mut csv::Writer<&mut Vec<u8>>) -> io::Result<()> {
        if !self.has_header {
            csv.write_record(self.columns.iter().map(|column| &column.name))?;
            self.has_header = true;
        }
        Ok(())
    }
}

impl OutputFormatter for CsvFormatter {
    fn append_page(&mut self, items: &[String], text: &mut Vec<u8>) -> io::Result<()> {
        let mut csv = csv::Writer::from_writer(text);
        self.write_header(&mut csv)?;
        for item in items {
            let seen = |cell: String| if self.is_terminal { escape_control_characters(&cell) } else { cell };
            csv.write_record(row_cells(item, &self.columns).into_iter().map(seen))?;
        }
        csv.flush()
    }

    /// Appends the header if the list is empty.
    fn append_end(&mut self, text: &mut Vec<u8>) -> io::Result<Option<String>> {
        let mut csv = csv::Writer::from_writer(text);
        self.write_header(&mut csv)?;
        csv.flush()?;
        Ok(None)
    }
}
