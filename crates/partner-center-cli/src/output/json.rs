//! The wire form of customers: all that the service said of them.

use super::Format;
use partner_center::Customer;
use std::io::{self, Write};

/// One customer a line.
pub(super) struct Lines;

impl Format for Lines {
    fn page(&mut self, customers: &[Customer], text: &mut Vec<u8>) -> io::Result<()> {
        for customer in customers {
            serde_json::to_writer(&mut *text, customer)?;
            text.write_all(b"\n")?;
        }
        Ok(())
    }
}

/// One array for the list; it is closed when the list is complete, and not before.
#[derive(Default)]
pub(super) struct Array {
    begun: bool,
}

impl Format for Array {
    fn page(&mut self, customers: &[Customer], text: &mut Vec<u8>) -> io::Result<()> {
        for customer in customers {
            text.write_all(if self.begun { b",\n" } else { b"[\n" })?;
            self.begun = true;
            serde_json::to_writer(&mut *text, customer)?;
        }
        Ok(())
    }

    fn end(&mut self, text: &mut Vec<u8>) -> io::Result<Option<&'static str>> {
        text.write_all(if self.begun { b"\n]\n" } else { b"[]\n" })?;
        Ok(None)
    }

    fn customer(&mut self, customer: &Customer, text: &mut Vec<u8>) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *text, customer)?;
        text.write_all(b"\n")
    }
}
