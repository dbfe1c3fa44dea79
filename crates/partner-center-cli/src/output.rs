//! Prints what the service returns to standard output, in one of six formats.

mod cells;
mod columns;
mod csv;
mod customers;
mod held_items;
mod json;
mod json_cursor;
mod normalize;
mod output_file;
mod query;
mod records;
mod selection;
mod shapes;
mod style;
mod table;
mod template;
mod times;
mod yaml;

pub(crate) use columns::{csv_columns, resolve_column_names, table_columns, undocumented_selected_paths};
pub(crate) use held_items::TooManyHeldItems;
pub(crate) use json::pretty_print_json;
pub(crate) use output_file::{
    OutputAfterFailure, begin_output_file, end_interrupted_output_file, end_interrupted_output_file_without_waiting,
    end_output_file, is_output_terminal, output_width, put_output_file_in_place, write_output,
};
pub(crate) use query::{QueryEvaluationError, QueryFields, check_query};
pub(crate) use records::serialize_records;

use crate::{
    arguments::{
        OutputFormat, ServiceOptions,
        operations::{CallOptions, naming::ResourceNoun, tables::result_item_type},
    },
    messages::Messages,
    terminal,
};
use held_items::HeldItems;
use normalize::Normalizer;
use partner_center::models::JsonValue;
use partner_center_spec::Operation;
use query::QueryFormatter;
use std::{error::Error, fmt, io, mem};
use style::FormatStyle;
use times::TimeConverter;

/// Prints values as they arrive.
///
/// Each page is formatted in memory and written in one piece, so that the output ends with a complete record when the command
/// fails or is interrupted.
pub(crate) struct Printer {
    formatter: Box<dyn OutputFormatter>,
    /// Writes values of the type that is printed.
    normalizer: Normalizer,
    /// Writes items that are printed with their customer.
    item_normalizer: Normalizer,
    /// What is about to be written; kept for its allocation.
    text: Vec<u8>,
    destination: Destination,
    /// Changes each value before it is formatted.
    edit: Option<ValueEditor>,
    item_count: usize,
    messages: Messages,
}

type ValueEditor = Box<dyn Fn(&str) -> String + Send>;

/// Where the output goes.
enum Destination {
    Stdout { is_json_on_terminal: bool },
    Memory { text: Vec<u8>, max_size: usize },
}

/// Why a result is rejected.
#[derive(Debug)]
pub(crate) struct ResultTooLarge {
    max_size: usize,
    /// The items of the list that were formatted so far.
    item_count: usize,
}

impl fmt::Display for ResultTooLarge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "it has more than {} bytes", self.max_size)?;
        match self.item_count {
            0 => Ok(()),
            count => write!(formatter, " after {count} items"),
        }
    }
}

impl Error for ResultTooLarge {}

/// An output format. Values are valid JSON, as it was received: formats that print JSON write it with the `normalizer`, and those
/// that print rows read their columns of it.
trait OutputFormatter: Send {
    /// Appends a page of a list to `text`.
    fn append_page(&mut self, items: &[&str], normalizer: &mut Normalizer, text: &mut Vec<u8>) -> io::Result<()>;

    /// Appends the end of a complete list, with the items that were held back; returns a message for the user, if there is one.
    fn append_list_end_returning_note(
        &mut self,
        _normalizer: &mut Normalizer,
        _text: &mut Vec<u8>,
    ) -> io::Result<Option<String>> {
        Ok(None)
    }

    /// Appends a value that is not part of a list.
    fn append_value(&mut self, value: &str, normalizer: &mut Normalizer, text: &mut Vec<u8>) -> io::Result<()> {
        self.append_page(&[value], normalizer, text)
    }
}

impl Printer {
    /// Returns a printer of what `operation` returns.
    pub(crate) fn new(
        options: &ServiceOptions,
        operation: &Operation,
        call_options: &CallOptions,
        noun: ResourceNoun,
        messages: &Messages,
    ) -> Self {
        let prints_customers = call_options.bulk.prints_customers();
        let selected = &match call_options.query {
            Some(_) => call_options.columns.clone(),
            None => resolve_column_names(operation, &call_options.columns, prints_customers),
        };
        let style = FormatStyle::new(options, noun);
        // What is selected has other fields than what is described.
        let is_selection = !options.output.has_columns() && !selected.is_empty() && call_options.query.is_none();
        let mut columns = match options.output {
            OutputFormat::Table => table_columns(operation, selected),
            _ => csv_columns(operation, selected),
        };
        if prints_customers && selected.is_empty() {
            columns = customers::columns_with_customer(columns);
        }
        let formatter: Box<dyn OutputFormatter> = if let Some(expression) = &call_options.query {
            let (expression, selected) = (expression.clone(), selected.clone());
            let items = HeldItems::default();
            Box::new(QueryFormatter { expression, style, selected, item_columns: columns, items })
        } else {
            style.build_output_formatter(columns, selected)
        };
        let item_type = result_item_type(operation);
        let is_json = matches!(options.output, OutputFormat::Json | OutputFormat::Jsonl);
        Self {
            normalizer: Normalizer::new(if is_selection || prints_customers { None } else { item_type }),
            item_normalizer: Normalizer::new(item_type.filter(|_| prints_customers)),
            destination: Destination::Stdout { is_json_on_terminal: is_json && is_output_terminal() },
            edit: TimeConverter::new(call_options.time).map(TimeConverter::into_editor),
            ..Self::with_formatter(formatter, messages)
        }
    }

    /// Returns a printer of JSON: an array, or one item per line.
    pub(crate) fn for_json(is_lines: bool, messages: &Messages) -> Self {
        let formatter: Box<dyn OutputFormatter> =
            if is_lines { Box::new(json::JsonLinesFormatter) } else { Box::<json::JsonArrayFormatter>::default() };
        // Programs get every character unchanged; on a terminal, control characters are escaped.
        let destination = Destination::Stdout { is_json_on_terminal: is_output_terminal() };
        Self { destination, ..Self::with_formatter(formatter, messages) }
    }

    /// Returns the printer with its output in memory: it is an error if that has more than `max_size` bytes. `edit` changes each
    /// value before it is formatted.
    pub(crate) fn into_memory(self, max_size: usize, edit: ValueEditor) -> Self {
        Self { destination: Destination::Memory { text: Vec::new(), max_size }, edit: Some(edit), ..self }
    }

    /// Returns the output in memory, and the number of items of the list that it has.
    pub(crate) fn into_text_and_item_count(self) -> (String, usize) {
        let text = match self.destination {
            Destination::Memory { text, .. } => text,
            Destination::Stdout { .. } => Vec::new(),
        };
        (String::from_utf8_lossy(&text).into_owned(), self.item_count)
    }

    fn with_formatter(formatter: Box<dyn OutputFormatter>, messages: &Messages) -> Self {
        Self {
            formatter,
            normalizer: Normalizer::new(None),
            item_normalizer: Normalizer::new(None),
            text: Vec::new(),
            destination: Destination::Stdout { is_json_on_terminal: false },
            edit: None,
            item_count: 0,
            messages: messages.clone(),
        }
    }

    /// Prints a page of a list, whose items are valid JSON.
    pub(crate) fn print_page(&mut self, items: &[&str]) -> io::Result<()> {
        self.item_count += items.len();
        match &self.edit {
            Some(edit) => {
                let edited: Vec<_> = items.iter().map(|item| edit(item)).collect();
                let edited: Vec<_> = edited.iter().map(String::as_str).collect();
                self.formatter.append_page(&edited, &mut self.normalizer, &mut self.text)?;
            }
            None => self.formatter.append_page(items, &mut self.normalizer, &mut self.text)?,
        }
        self.write_formatted_text()?;
        self.messages.progress_line().add_items(items.len());
        Ok(())
    }

    /// Prints the complete list of a customer, each item with the customer.
    pub(crate) fn print_page_of_customer(&mut self, customer: &str, items: &[&str]) -> io::Result<()> {
        let tag = |item: &&str| customers::item_with_customer(customer, item, &mut self.item_normalizer);
        let items: Vec<_> = items.iter().map(tag).collect();
        self.print_page(&items.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Prints the end of a complete list; returns a message for the user, if there is one.
    pub(crate) fn print_end_of_list(&mut self) -> io::Result<Option<String>> {
        let note = self.formatter.append_list_end_returning_note(&mut self.normalizer, &mut self.text)?;
        self.write_formatted_text()?;
        Ok(note)
    }

    /// Prints a value that is not part of a list.
    pub(crate) fn print_value(&mut self, value: &JsonValue) -> io::Result<()> {
        let edited = self.edit.as_ref().map(|edit| edit(value.json()));
        let json = edited.as_deref().unwrap_or(value.json());
        self.formatter.append_value(json, &mut self.normalizer, &mut self.text)?;
        self.write_formatted_text()
    }

    fn write_formatted_text(&mut self) -> io::Result<()> {
        let text = mem::take(&mut self.text);
        match &mut self.destination {
            Destination::Stdout { is_json_on_terminal: true } => {
                let escaped = terminal::escape_control_characters_in_json(&String::from_utf8_lossy(&text));
                write_to_stdout(escaped.as_bytes(), &self.messages)?;
            }
            Destination::Stdout { .. } => write_to_stdout(&text, &self.messages)?,
            Destination::Memory { text: written, max_size } => {
                if written.len() + text.len() > *max_size {
                    let too_large = ResultTooLarge { max_size: *max_size, item_count: self.item_count };
                    return Err(io::Error::other(too_large));
                }
                written.extend_from_slice(&text);
            }
        }
        self.text = text;
        self.text.clear();
        Ok(())
    }
}

/// Writes data to standard output or the output file, in one piece.
pub(crate) fn write_to_stdout(data: &[u8], messages: &Messages) -> io::Result<()> {
    // An interruption waits for this lock before it ends the process: see `interruption.rs`.
    let _stdout = io::stdout().lock();
    messages.progress_line().hide_while_writing(|| write_output(data))
}
