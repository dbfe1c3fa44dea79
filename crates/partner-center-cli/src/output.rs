//! Prints what the service returns to standard output, in one of four formats.

mod columns;
mod csv;
mod json;
mod table;

pub(crate) use columns::{csv_columns, table_columns, undocumented_paths};
pub(crate) use json::pretty;

use crate::{
    arguments::{OutputFormat, operations::naming::Noun},
    messages::Messages,
    terminal,
};
use columns::Column;
use console::Term;
use indexmap::IndexMap;
use partner_center::models::JsonValue;
use partner_center_spec::Operation;
use std::io::{self, IsTerminal, Write};

/// Prints values as they arrive.
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
    fn page(&mut self, items: &[JsonValue], text: &mut Vec<u8>) -> io::Result<()>;

    /// Appends the end of a complete list; returns a message for the user, if there is one.
    fn end(&mut self, _text: &mut Vec<u8>) -> io::Result<Option<String>> {
        Ok(None)
    }

    /// Appends a value that is not part of a list.
    fn value(&mut self, value: &JsonValue, text: &mut Vec<u8>) -> io::Result<()> {
        self.page(std::slice::from_ref(value), text)
    }
}

impl Printer {
    /// Returns a printer of what `operation` returns; `selected` are the paths of the columns, if they were chosen.
    pub(crate) fn new(
        output_format: OutputFormat,
        operation: &Operation,
        selected: &[String],
        noun: Noun,
        messages: &Messages,
    ) -> Self {
        match output_format {
            OutputFormat::Table => {
                let columns = table_columns(operation, selected);
                let width = terminal::terminal_width(&Term::stdout());
                Self::with_formatter(Box::new(table::Table::new(columns, !selected.is_empty(), width, noun)), messages)
            }
            OutputFormat::Csv => {
                let columns = csv_columns(operation, selected);
                Self::with_formatter(Box::new(csv::Csv::new(columns, io::stdout().is_terminal())), messages)
            }
            OutputFormat::Json => Self::json(false, messages),
            OutputFormat::Jsonl => Self::json(true, messages),
        }
    }

    /// Returns a printer of JSON: an array, or one item per line.
    pub(crate) fn json(is_lines: bool, messages: &Messages) -> Self {
        let formatter: Box<dyn Formatter> = if is_lines { Box::new(json::Lines) } else { Box::<json::Array>::default() };
        // Programs get every character unchanged; on a terminal, control characters are escaped.
        Self { is_json_on_terminal: io::stdout().is_terminal(), ..Self::with_formatter(formatter, messages) }
    }

    fn with_formatter(formatter: Box<dyn Formatter>, messages: &Messages) -> Self {
        Self { formatter, is_json_on_terminal: false, messages: messages.clone() }
    }

    /// Prints a page of a list.
    pub(crate) fn page(&mut self, items: &[JsonValue]) -> io::Result<()> {
        let mut text = Vec::new();
        self.formatter.page(items, &mut text)?;
        self.write(&text)?;
        self.messages.progress().add_items(items.len());
        Ok(())
    }

    /// Prints the end of a complete list; returns a message for the user, if there is one.
    pub(crate) fn end(&mut self) -> io::Result<Option<String>> {
        let mut text = Vec::new();
        let note = self.formatter.end(&mut text)?;
        self.write(&text)?;
        Ok(note)
    }

    /// Prints a value that is not part of a list.
    pub(crate) fn value(&mut self, value: &JsonValue) -> io::Result<()> {
        let mut text = Vec::new();
        self.formatter.value(value, &mut text)?;
        self.write(&text)
    }

    fn write(&self, text: &[u8]) -> io::Result<()> {
        if self.is_json_on_terminal {
            let escaped = terminal::escape_control_in_json(&String::from_utf8_lossy(text));
            return write_to_stdout(escaped.as_bytes(), &self.messages);
        }
        write_to_stdout(text, &self.messages)
    }
}

/// Writes data to standard output, in one piece.
pub(crate) fn write_to_stdout(data: &[u8], messages: &Messages) -> io::Result<()> {
    // An interruption waits for this lock before it ends the process: see `interruption.rs`.
    let mut stdout = io::stdout().lock();
    messages.progress().suspend(|| {
        stdout.write_all(data)?;
        stdout.flush()
    })
}

/// Returns the cells of an item's row, empty where there is no value.
fn row(item: &JsonValue, columns: &[Column]) -> Vec<String> {
    let fields: IndexMap<String, JsonValue> = item.read().unwrap_or_default();
    let cell = |column: &Column| {
        let path: Vec<_> = column.path.split('.').filter(|name| !name.is_empty()).collect();
        match path.split_first() {
            None => cell_text(item),
            Some((first, rest)) => field(&fields, first).map(|value| cell_at(&value, rest)).unwrap_or_default(),
        }
    };
    columns.iter().map(cell).collect()
}

/// Formats the value at a path within `value`; within a list, that of each item.
fn cell_at(value: &JsonValue, path: &[&str]) -> String {
    let Some((first, rest)) = path.split_first() else { return cell_text(value) };
    if let Ok(items) = value.read::<Vec<JsonValue>>() {
        return items.iter().map(|item| cell_at(item, path)).collect::<Vec<_>>().join("; ");
    }
    let fields: IndexMap<String, JsonValue> = value.read().unwrap_or_default();
    field(&fields, first).map(|value| cell_at(&value, rest)).unwrap_or_default()
}

/// Returns the field with this name; the service may begin it with a capital letter.
fn field(fields: &IndexMap<String, JsonValue>, name: &str) -> Option<JsonValue> {
    let is_named = |(other, _): &(&String, &JsonValue)| other.eq_ignore_ascii_case(name);
    fields.get(name).or_else(|| fields.iter().find(is_named).map(|(_, value)| value)).cloned()
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
