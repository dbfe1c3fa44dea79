//! Customers on standard output, in one of four forms.

mod csv;
mod json;
mod table;

use crate::{arguments::Form, notes::Notes, terminal};
use console::Term;
use indexmap::IndexMap;
use partner_center::{Customer, JsonValue, from_json};
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
        let harmless = self.is_json_to_see.then(|| terminal::escape_control_in_json(&String::from_utf8_lossy(text)));
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
    let customer = fields(customer)?;
    Ok(pointers.map(|pointer| {
        let end = pointer[1..].find('/').map_or(pointer.len(), |length| 1 + length);
        let (name, rest) = pointer.split_at(end);
        let value = customer.get(&name[1..]).and_then(|value| value.pointer(rest));
        value.map(|value| cell(&value)).unwrap_or_default()
    }))
}

/// The fields of a customer, in the order of the service and with the digits that it wrote.
fn fields(customer: &Customer) -> io::Result<IndexMap<String, JsonValue>> {
    Ok(from_json(&serde_json::to_string(customer)?)?.value)
}

/// How deep a value is taken apart; what is nested deeper is shown as JSON.
const MAX_DEPTH: usize = 16;

/// The text of a value on one line; the values of a list are separated by `; `.
fn cell(value: &JsonValue) -> String {
    cell_within(value, 0)
}

fn cell_within(value: &JsonValue, depth: usize) -> String {
    if let Some(text) = value.as_str() {
        return text.into_owned();
    }
    match value.json() {
        "null" => String::new(),
        json if json.starts_with('[') && depth < MAX_DEPTH => {
            let values: Vec<JsonValue> = value.read().unwrap_or_default();
            values.iter().map(|value| cell_within(value, depth + 1)).collect::<Vec<_>>().join("; ")
        }
        json => json.to_owned(),
    }
}
