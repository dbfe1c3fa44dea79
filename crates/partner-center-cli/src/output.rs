//! Customers on standard output, in one of four forms.

mod csv;
mod json;
mod table;

use crate::{arguments::Form, notes::Notes, terminal};
use console::Term;
use partner_center::Customer;
use serde_json::Value;
use std::{
    io::{self, IsTerminal, Write},
    slice,
};

/// Prints customers as they arrive.
///
/// Each text is composed first and goes out at once: what a reader gets before a failure ends with a whole line.
pub(crate) struct Printer {
    format: Box<dyn Format>,
    is_json_to_see: bool,
    notes: Notes,
}

/// A form that customers are printed in.
trait Format: Send {
    /// Adds a page of a list to `text`.
    fn page(&mut self, customers: &[Customer], text: &mut Vec<u8>) -> io::Result<()>;

    /// Adds what belongs behind the last page; gives back what there is to say to whoever watches.
    fn end(&mut self, _text: &mut Vec<u8>) -> io::Result<Option<&'static str>> {
        Ok(None)
    }

    /// Adds a customer that is no part of a list.
    fn customer(&mut self, customer: &Customer, text: &mut Vec<u8>) -> io::Result<()> {
        self.page(slice::from_ref(customer), text)
    }
}

impl Printer {
    /// A printer of customers that are listed (`is_list`), or fetched one by one: a list carries less of them.
    pub(crate) fn new(form: Form, is_list: bool, notes: &Notes) -> Self {
        // Programs get every character as it is; a terminal would obey some of them.
        let is_terminal = io::stdout().is_terminal();
        let format: Box<dyn Format> = match form {
            Form::Table => Box::new(table::Table::new(terminal::width(&Term::stdout()))),
            Form::Json => Box::<json::Array>::default(),
            Form::Jsonl => Box::new(json::Lines),
            Form::Csv => Box::new(csv::Csv::new(is_list, is_terminal)),
        };
        let is_json_to_see = is_terminal && matches!(form, Form::Json | Form::Jsonl);
        Self { format, is_json_to_see, notes: notes.clone() }
    }

    /// Prints a page of a list.
    pub(crate) fn page(&mut self, customers: &[Customer]) -> io::Result<()> {
        let mut text = Vec::new();
        self.format.page(customers, &mut text)?;
        self.write(&text)?;
        self.notes.progress().came(customers.len());
        Ok(())
    }

    /// Ends a list that is complete; gives back what there is to say about it to whoever watches.
    pub(crate) fn end(&mut self) -> io::Result<Option<&'static str>> {
        let mut text = Vec::new();
        let note = self.format.end(&mut text)?;
        self.write(&text)?;
        Ok(note)
    }

    /// Prints a customer that is no part of a list.
    pub(crate) fn customer(&mut self, customer: &Customer) -> io::Result<()> {
        let mut text = Vec::new();
        self.format.customer(customer, &mut text)?;
        self.write(&text)
    }

    fn write(&self, text: &[u8]) -> io::Result<()> {
        let harmless = self.is_json_to_see.then(|| terminal::harmless_json(&String::from_utf8_lossy(text)));
        let text = harmless.as_ref().map_or(text, |text| text.as_bytes());
        // Held until all is out: an interruption waits for it.
        let mut stdout = io::stdout().lock();
        self.notes.progress().suspend(|| {
            stdout.write_all(text)?;
            stdout.flush()
        })
    }
}

/// The cells of a customer's row: what the wire form has at each of the JSON `pointers`, empty where that is nothing.
///
/// The wire form, because a value of another type than the documented one is in none of the described fields.
fn row<const N: usize>(customer: &Customer, pointers: [&str; N]) -> io::Result<[String; N]> {
    let customer = serde_json::to_value(customer)?;
    Ok(pointers.map(|pointer| customer.pointer(pointer).map(cell).unwrap_or_default()))
}

/// The text of a value on one line; the values of a list are separated by `; `.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(cell).collect::<Vec<_>>().join("; "),
        _ => value.to_string(),
    }
}
