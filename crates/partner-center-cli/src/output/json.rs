//! Customers as JSON, with everything that the service returned.

use super::Formatter;
use partner_center::Customer;
use std::io::{self, Write};

/// One customer per line.
pub(super) struct Lines;

impl Formatter for Lines {
    fn page(&mut self, customers: &[Customer], text: &mut Vec<u8>) -> io::Result<()> {
        for customer in customers {
            serde_json::to_writer(&mut *text, customer)?;
            text.write_all(b"\n")?;
        }
        Ok(())
    }
}

/// One array for the list. It is closed only when the list is complete, so that a part of a list is not valid JSON.
#[derive(Default)]
pub(super) struct Array {
    is_open: bool,
}

impl Formatter for Array {
    fn page(&mut self, customers: &[Customer], text: &mut Vec<u8>) -> io::Result<()> {
        for customer in customers {
            text.write_all(if self.is_open { b",\n" } else { b"[\n" })?;
            self.is_open = true;
            serde_json::to_writer(&mut *text, customer)?;
        }
        Ok(())
    }

    fn end(&mut self, text: &mut Vec<u8>) -> io::Result<Option<&'static str>> {
        text.write_all(if self.is_open { b"\n]\n" } else { b"[]\n" })?;
        Ok(None)
    }

    fn customer(&mut self, customer: &Customer, text: &mut Vec<u8>) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *text, customer)?;
        text.write_all(b"\n")
    }
}
