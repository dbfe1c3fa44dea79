//! The main fields of customers, for spreadsheets and databases.

use super::{Formatter, customer_row};
use crate::terminal::escape_control;
use partner_center::Customer;
use std::io;

/// The names of the columns, and the JSON pointers to their values. Names and order are part of the command line contract:
/// add columns at the end only. The first [`LIST_COLUMN_COUNT`] are those that a list has, as the examples of the service's
/// documentation show.
const COLUMNS: [(&str, &str); 9] = [
    ("id", "/id"),
    ("company_name", "/companyProfile/companyName"),
    ("domain", "/companyProfile/domain"),
    ("relationship_to_partner", "/relationshipToPartner"),
    ("country", "/companyProfile/address/country"),
    ("email", "/companyProfile/email"),
    ("allow_delegated_access", "/allowDelegatedAccess"),
    ("custom_domains", "/customDomains"),
    ("tags", "/tags"),
];

/// Comma-separated values below a header; an absent value is empty.
///
/// Values are not changed, not even those that a spreadsheet takes for formulas, as programs must get what the service
/// returned. On a terminal, control characters are escaped.
pub(super) struct Csv {
    columns: &'static [(&'static str, &'static str)],
    is_terminal: bool,
    has_header: bool,
}

/// The number of columns of a list.
const LIST_COLUMN_COUNT: usize = 4;

impl Csv {
    /// Returns a formatter for customers that are listed (`is_list`) or fetched one by one.
    pub(super) fn new(is_list: bool, is_terminal: bool) -> Self {
        let columns = if is_list { &COLUMNS[..LIST_COLUMN_COUNT] } else { &COLUMNS[..] };
        Self { columns, is_terminal, has_header: false }
    }

    fn header(&mut self, csv: &mut csv::Writer<&mut Vec<u8>>) -> io::Result<()> {
        if !self.has_header {
            csv.write_record(self.columns.iter().map(|(name, _)| name))?;
            self.has_header = true;
        }
        Ok(())
    }
}

impl Formatter for Csv {
    fn page(&mut self, customers: &[Customer], text: &mut Vec<u8>) -> io::Result<()> {
        let mut csv = csv::Writer::from_writer(text);
        self.header(&mut csv)?;
        for customer in customers {
            let cells =
                customer_row(customer, COLUMNS.map(|(_, pointer)| pointer))?.into_iter().take(self.columns.len());
            let seen = |cell: String| if self.is_terminal { escape_control(&cell) } else { cell };
            csv.write_record(cells.map(seen))?;
        }
        csv.flush()
    }

    /// Appends the header if the list is empty.
    fn end(&mut self, text: &mut Vec<u8>) -> io::Result<Option<&'static str>> {
        let mut csv = csv::Writer::from_writer(text);
        self.header(&mut csv)?;
        csv.flush()?;
        Ok(None)
    }
}
