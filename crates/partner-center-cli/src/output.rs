//! Prints what the service returns to standard output, in one of four formats.

mod columns;
mod csv;
mod json;
mod normalize;
mod table;

pub(crate) use columns::{csv_columns, table_columns, undocumented_paths};
pub(crate) use json::pretty_print_json;

use crate::{
    arguments::{
        OutputFormat,
        operations::{naming::ResourceNoun, tables::result_item_type},
    },
    messages::Messages,
    terminal,
};
use columns::Column;
use console::Term;
use normalize::{normalize_json, read_object_fields};
use partner_center::models::JsonValue;
use partner_center_spec::{Operation, Type};
use serde_json::value::RawValue;
use std::io::{self, IsTerminal, Write};

/// Prints values as they arrive.
///
/// Each page is formatted in memory and written in one piece, so that the output ends with a complete record when the command
/// fails or is interrupted.
pub(crate) struct Printer {
    formatter: Box<dyn OutputFormatter>,
    /// The type of what is printed, if the specification says it.
    item_type: Option<Type>,
    is_json: bool,
    is_json_on_terminal: bool,
    messages: Messages,
}

/// An output format. Values are JSON without white space.
trait OutputFormatter: Send {
    /// Appends a page of a list to `text`.
    fn append_page(&mut self, items: &[String], text: &mut Vec<u8>) -> io::Result<()>;

    /// Appends the end of a complete list; returns a message for the user, if there is one.
    fn append_end(&mut self, _text: &mut Vec<u8>) -> io::Result<Option<String>> {
        Ok(None)
    }

    /// Appends a value that is not part of a list.
    fn append_value(&mut self, value: String, text: &mut Vec<u8>) -> io::Result<()> {
        self.append_page(&[value], text)
    }
}

impl Printer {
    /// Returns a printer of what `operation` returns; `selected` are the paths of the columns, if they were chosen.
    pub(crate) fn new(
        output_format: OutputFormat,
        operation: &Operation,
        selected: &[String],
        noun: ResourceNoun,
        messages: &Messages,
    ) -> Self {
        let printer = match output_format {
            OutputFormat::Table => {
                let columns = table_columns(operation, selected);
                let width = terminal::terminal_width(&Term::stdout());
                Self::with_formatter(
                    Box::new(table::TableFormatter::new(columns, !selected.is_empty(), width, noun)),
                    messages,
                )
            }
            OutputFormat::Csv => {
                let columns = csv_columns(operation, selected);
                Self::with_formatter(Box::new(csv::CsvFormatter::new(columns, io::stdout().is_terminal())), messages)
            }
            OutputFormat::Json => Self::for_json(false, messages),
            OutputFormat::Jsonl => Self::for_json(true, messages),
        };
        Self { item_type: result_item_type(operation), ..printer }
    }

    /// Returns a printer of JSON: an array, or one item per line.
    pub(crate) fn for_json(is_lines: bool, messages: &Messages) -> Self {
        let formatter: Box<dyn OutputFormatter> =
            if is_lines { Box::new(json::JsonLinesFormatter) } else { Box::<json::JsonArrayFormatter>::default() };
        // Programs get every character unchanged; on a terminal, control characters are escaped.
        Self {
            is_json: true,
            is_json_on_terminal: io::stdout().is_terminal(),
            ..Self::with_formatter(formatter, messages)
        }
    }

    fn with_formatter(formatter: Box<dyn OutputFormatter>, messages: &Messages) -> Self {
        Self { formatter, item_type: None, is_json: false, is_json_on_terminal: false, messages: messages.clone() }
    }

    /// Prints a page of a list.
    pub(crate) fn print_page(&mut self, items: &[JsonValue]) -> io::Result<()> {
        let mut text = Vec::new();
        // The columns of a row need no order.
        let print = |item: &JsonValue| if self.is_json { self.normalize_value(item) } else { item.json().to_owned() };
        let items: Vec<_> = items.iter().map(print).collect();
        self.formatter.append_page(&items, &mut text)?;
        self.write_out(&text)?;
        self.messages.progress().add_items(items.len());
        Ok(())
    }

    /// Prints the end of a complete list; returns a message for the user, if there is one.
    pub(crate) fn print_end(&mut self) -> io::Result<Option<String>> {
        let mut text = Vec::new();
        let note = self.formatter.append_end(&mut text)?;
        self.write_out(&text)?;
        Ok(note)
    }

    /// Prints a value that is not part of a list.
    pub(crate) fn print_value(&mut self, value: &JsonValue) -> io::Result<()> {
        let mut text = Vec::new();
        self.formatter.append_value(self.normalize_value(value), &mut text)?;
        self.write_out(&text)
    }

    fn normalize_value(&self, value: &JsonValue) -> String {
        self.item_type.map_or_else(|| value.json().to_owned(), |item_type| normalize_json(value.json(), item_type))
    }

    fn write_out(&self, text: &[u8]) -> io::Result<()> {
        if self.is_json_on_terminal {
            let escaped = terminal::escape_control_characters_in_json(&String::from_utf8_lossy(text));
            return write_to_stdout(escaped.as_bytes(), &self.messages);
        }
        write_to_stdout(text, &self.messages)
    }
}

/// Writes data to standard output, in one piece.
pub(crate) fn write_to_stdout(data: &[u8], messages: &Messages) -> io::Result<()> {
    // An interruption waits for this lock before it ends the process: see `interruption.rs`.
    let mut stdout = io::stdout().lock();
    messages.progress().hide_while_writing(|| {
        stdout.write_all(data)?;
        stdout.flush()
    })
}

/// Returns the cells of an item's row, empty where there is no value.
fn row_cells(item: &str, columns: &[Column]) -> Vec<String> {
    // The fields are read once for all columns.
    let fields = read_object_fields(item);
    let cell = |column: &Column| match (column.path.split_once('.').unwrap_or((&column.path, "")), &fields) {
        (("", _), _) => cell_text(item),
        ((first, rest), Some(fields)) => {
            fields.find_field(first).map(|value| cell_at_path(value.get(), rest)).unwrap_or_default()
        }
        (_, None) => cell_at_path(item, &column.path),
    };
    columns.iter().map(cell).collect()
}

/// Formats the value at a dotted path within `json`; within a list, that of each item.
fn cell_at_path(json: &str, path: &str) -> String {
    if path.is_empty() {
        return cell_text(json);
    }
    if json.starts_with('[') {
        let items: Vec<&RawValue> = serde_json::from_str(json).unwrap_or_default();
        return items.iter().map(|item| cell_at_path(item.get(), path)).collect::<Vec<_>>().join("; ");
    }
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    let value = read_object_fields(json).and_then(|fields| fields.find_field(first));
    value.map(|value| cell_at_path(value.get(), rest)).unwrap_or_default()
}

/// The maximum depth to which values are shown field by field; a value that is nested deeper is shown as JSON.
const MAX_SHOWN_DEPTH: usize = 16;

/// Formats a value as one line; the values of a list are separated by `; `.
fn cell_text(json: &str) -> String {
    cell_text_at_depth(json, 0)
}

fn cell_text_at_depth(json: &str, depth: usize) -> String {
    match json.as_bytes().first() {
        Some(b'"') => serde_json::from_str(json).unwrap_or_else(|_| json.to_owned()),
        Some(b'[') if depth < MAX_SHOWN_DEPTH => {
            let values: Vec<&RawValue> = serde_json::from_str(json).unwrap_or_default();
            values.iter().map(|value| cell_text_at_depth(value.get(), depth + 1)).collect::<Vec<_>>().join("; ")
        }
        _ if json == "null" => String::new(),
        _ => json.to_owned(),
    }
}
