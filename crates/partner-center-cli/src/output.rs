//! Prints customers to standard output, in one of four formats.

mod csv;
mod json;
mod table;

use crate::{arguments::OutputFormat, messages::Messages, terminal};
use console::Term;
use indexmap::IndexMap;
use partner_center::{
    Customer,
    models::{JsonValue, from_json},
};
use std::{
    io::{self, IsTerminal, Write},
    slice,
};

/// Prints customers as they arrive.
///
/// Each page is formatted in memory and written in one piece, so that the output ends with a complete record when the command
/// fails or is interrupted.
pub(crate) struct Printer {
    formatter: Box<dyn Formatter>,
    is_json_on_terminal: bool,
    messages: Messages,
}

/// An output format.
trait Formatter: Send {
    /// Appends a page of a list to `text`.
    fn page(&mut self, customers: &[Customer], text: &mut Vec<u8>) -> io::Result<()>;

    /// Appends the end of a complete list; returns a message for the user, if there is one.
    fn end(&mut self, _text: &mut Vec<u8>) -> io::Result<Option<&'static str>> {
        Ok(None)
    }

    /// Appends a customer that is not part of a list.
    fn customer(&mut self, customer: &Customer, text: &mut Vec<u8>) -> io::Result<()> {
        self.page(slice::from_ref(customer), text)
    }
}

impl Printer {
    /// Returns a printer of customers that are listed (`is_list`) or fetched one by one: a list has fewer fields.
    pub(crate) fn new(output_format: OutputFormat, is_list: bool, messages: &Messages) -> Self {
        // Programs get every character unchanged; on a terminal, control characters are escaped.
        let is_terminal = io::stdout().is_terminal();
        let formatter: Box<dyn Formatter> = match output_format {
            OutputFormat::Table => Box::new(table::Table::new(terminal::terminal_width(&Term::stdout()))),
            OutputFormat::Json => Box::<json::Array>::default(),
            OutputFormat::Jsonl => Box::new(json::Lines),
            OutputFormat::Csv => Box::new(csv::Csv::new(is_list, is_terminal)),
        };
        let is_json_on_terminal = is_terminal && matches!(output_format, OutputFormat::Json | OutputFormat::Jsonl);
        Self { formatter, is_json_on_terminal, messages: messages.clone() }
    }

    /// Prints a page of a list.
    pub(crate) fn page(&mut self, customers: &[Customer]) -> io::Result<()> {
        let mut text = Vec::new();
        self.formatter.page(customers, &mut text)?;
        self.write(&text)?;
        self.messages.progress().add_customers(customers.len());
        Ok(())
    }

    /// Prints the end of a complete list; returns a message for the user, if there is one.
    pub(crate) fn end(&mut self) -> io::Result<Option<&'static str>> {
        let mut text = Vec::new();
        let note = self.formatter.end(&mut text)?;
        self.write(&text)?;
        Ok(note)
    }

    /// Prints a customer that is not part of a list.
    pub(crate) fn customer(&mut self, customer: &Customer) -> io::Result<()> {
        let mut text = Vec::new();
        self.formatter.customer(customer, &mut text)?;
        self.write(&text)
    }

    fn write(&self, text: &[u8]) -> io::Result<()> {
        let escaped =
            self.is_json_on_terminal.then(|| terminal::escape_control_in_json(&String::from_utf8_lossy(text)));
        let text = escaped.as_ref().map_or(text, |text| text.as_bytes());
        // An interruption waits for this lock before it ends the process: see `interruption.rs`.
        let mut stdout = io::stdout().lock();
        self.messages.progress().suspend(|| {
            stdout.write_all(text)?;
            stdout.flush()
        })
    }
}

/// Returns the cells of a customer's row: the values at the JSON `pointers`, empty where there is none.
///
/// They are read from the JSON that the service sent, as a value whose type is not the documented one is in no field of the
/// model.
fn customer_row<const N: usize>(customer: &Customer, pointers: [&str; N]) -> io::Result<[String; N]> {
    let customer = customer_fields(customer)?;
    Ok(pointers.map(|pointer| {
        let end = pointer[1..].find('/').map_or(pointer.len(), |length| 1 + length);
        let (name, rest) = pointer.split_at(end);
        let value = customer.get(&name[1..]).and_then(|value| value.pointer(rest));
        value.map(|value| cell_text(&value)).unwrap_or_default()
    }))
}

/// Returns the fields of a customer, in the order of the response and with all digits of its numbers.
fn customer_fields(customer: &Customer) -> io::Result<IndexMap<String, JsonValue>> {
    Ok(from_json(&serde_json::to_string(customer)?)?.value)
}

/// The maximum depth to which values are shown field by field; a value that is nested deeper is shown as JSON.
const MAX_DEPTH: usize = 16;

/// Formats a value as one line; the values of a list are separated by `; `.
fn cell_text(value: &JsonValue) -> String {
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
