//! Comma-separated values, for spreadsheets and databases.

use super::{OutputFormatter, cells::RowReader, columns::Column, normalize::Normalizer};
use crate::terminal::escape_control_characters;
use std::io;

/// Comma-separated values below a header; an absent value is empty.
///
/// Values are not changed, not even those that a spreadsheet takes for formulas, as programs must get what the service
/// returned. On a terminal, control characters are escaped.
pub(super) struct CsvFormatter {
    names: Vec<String>,
    rows: RowReader,
    is_terminal: bool,
    has_header: bool,
}

impl CsvFormatter {
    pub(super) fn new(columns: Vec<Column>, is_terminal: bool) -> Self {
        let rows = RowReader::new(&columns);
        Self { names: columns.into_iter().map(|column| column.name).collect(), rows, is_terminal, has_header: false }
    }

    fn write_header(&mut self, csv: &mut csv::Writer<&mut Vec<u8>>) -> io::Result<()> {
        if !self.has_header {
            csv.write_record(&self.names)?;
            self.has_header = true;
        }
        Ok(())
    }
}

impl OutputFormatter for CsvFormatter {
    fn append_page(&mut self, items: &[&str], _: &mut Normalizer, text: &mut Vec<u8>) -> io::Result<()> {
        let mut csv = csv::Writer::from_writer(text);
        self.write_header(&mut csv)?;
        for item in items {
            let cells = self.rows.read_cells(item);
            if self.is_terminal {
                csv.write_record(cells.iter().map(|cell| escape_control_characters(cell)))?;
            } else {
                csv.write_record(cells.iter().map(|cell| cell.as_bytes()))?;
            }
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
