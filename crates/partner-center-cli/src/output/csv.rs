//! The main fields of customers, for spreadsheets and databases.

use super::{Format, row};
use crate::terminal::escape_control;
use partner_center::Customer;
use std::io;

/// The columns, and where the wire form has them. Programs rely on names and order: add at the end only, and to lists what
/// lists carry, which the documentation's examples show.
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

/// Comma-separated values below a header; absent is empty.
///
/// Values stay as they are, even those that a spreadsheet takes for formulas: whoever reads this with a program must
/// get what the service said. On a terminal, what would act on it is made harmless.
pub(super) struct Csv {
    columns: &'static [(&'static str, &'static str)],
    is_terminal: bool,
    has_header: bool,
}

/// How many of the columns a list carries.
const LISTED: usize = 4;

impl Csv {
    /// The columns of customers that are listed (`is_list`), or fetched one by one.
    pub(super) fn new(is_list: bool, is_terminal: bool) -> Self {
        let columns = if is_list { &COLUMNS[..LISTED] } else { &COLUMNS[..] };
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

impl Format for Csv {
    fn page(&mut self, customers: &[Customer], text: &mut Vec<u8>) -> io::Result<()> {
        let mut csv = csv::Writer::from_writer(text);
        self.header(&mut csv)?;
        for customer in customers {
            let cells = row(customer, COLUMNS.map(|(_, pointer)| pointer))?.into_iter().take(self.columns.len());
            let seen = |cell: String| if self.is_terminal { escape_control(&cell) } else { cell };
            csv.write_record(cells.map(seen))?;
        }
        csv.flush()
    }

    /// An empty list has a header, too.
    fn end(&mut self, text: &mut Vec<u8>) -> io::Result<Option<&'static str>> {
        let mut csv = csv::Writer::from_writer(text);
        self.header(&mut csv)?;
        csv.flush()?;
        Ok(None)
    }
}
