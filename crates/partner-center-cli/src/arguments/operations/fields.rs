//! `--columns help`: the fields of what a command prints, with their types and known values.

use super::{
    bulk::{is_customer_list, prefix_not_in_list, takes_many_customers},
    help::first_sentence,
    tables::{ResultShape, result_item_type},
    value::{is_scalar_type, known_enum_values},
};
use crate::terminal::{terminal_width, wrap_paragraph};
use clap::{
    Arg, Command,
    builder::{NonEmptyStringValueParser, TypedValueParser},
    error::{ContextKind, ContextValue, ErrorKind},
};
use console::Term;
use partner_center_spec::{Object, Operation, Property, Type};
use std::ffi::OsStr;

/// The value of `--columns` that prints the fields there are.
const HELP_VALUE: &str = "help";

/// The maximum number of objects within each other, which ends those that contain themselves.
const MAX_DEPTH: usize = 4;

/// The maximum width of the column with the paths.
const MAX_PATH_WIDTH: usize = 40;

/// Parses a column; `help` ends the command line with the fields there are, as `--help` ends it with a help text.
#[derive(Clone, Copy, Debug)]
pub(super) struct ColumnParser(pub(super) &'static Operation);

impl TypedValueParser for ColumnParser {
    type Value = String;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<String, clap::Error> {
        if value != OsStr::new(HELP_VALUE) {
            return NonEmptyStringValueParser::new().parse_ref(command, argument, value);
        }
        let mut help = clap::Error::new(ErrorKind::DisplayHelp);
        let text = describe_fields(self.0, terminal_width(&Term::stdout()));
        help.insert(ContextKind::Custom, ContextValue::String(text));
        Err(help)
    }
}

/// Returns the fields that a [`ColumnParser`] has ended the command line with.
pub(crate) fn fields_of_help(help: &clap::Error) -> Option<&str> {
    match help.get(ContextKind::Custom) {
        Some(ContextValue::String(text)) if help.kind() == ErrorKind::DisplayHelp => Some(text),
        _ => None,
    }
}

/// Returns a line for each field of what `operation` returns.
fn describe_fields(operation: &'static Operation, width: Option<usize>) -> String {
    let mut fields = Vec::new();
    if let Some(object) = result_item_type(operation).and_then(Type::object) {
        let is_list = matches!(ResultShape::of_operation(operation), ResultShape::Pages | ResultShape::List { .. });
        collect_fields(object, "", if is_list { "[]." } else { "" }, 1, &mut fields);
    }
    if fields.is_empty() {
        return format!("What `partner-center {}` prints has no fields that are described.\n", operation.command);
    }
    if takes_many_customers(operation) {
        let with_many = "text: of the customer, with --all-customers or --customers";
        for name in ["customer.id", "customer.companyName"] {
            let (path, path_in_query) = (name.to_owned(), name.to_owned());
            fields.push(PrintedField { path, path_in_query, description: with_many.to_owned() });
        }
    }
    if is_customer_list(operation) {
        for field in fields.iter_mut().filter(|field| prefix_not_in_list(operation, &field.path).is_some()) {
            field.description += " [with --full]";
        }
    }
    let path_width = fields.iter().map(|field| field.path.len()).max().unwrap_or_default().min(MAX_PATH_WIDTH);
    let mut text = format!(
        "Fields of what `partner-center {}` prints, for --columns, --sort-by and --query{}:\n\n",
        operation.command,
        note_on_lists_in_query(&fields)
    );
    for PrintedField { path, description, .. } in fields {
        text += &wrap_paragraph(&format!("  {path:<path_width$}  "), &description, width);
    }
    text
}

/// Says how a query reaches what is in a list, by the first of the fields that are in most lists.
fn note_on_lists_in_query(fields: &[PrintedField]) -> String {
    let count_lists = |field: &&PrintedField| field.path_in_query.matches("[]").count();
    match fields.iter().rev().max_by_key(count_lists) {
        Some(field) if count_lists(&field) > 0 => {
            format!(" (where a list takes [], as in {})", field.path_in_query)
        }
        _ => String::new(),
    }
}

/// A field of what a command prints.
struct PrintedField {
    path: String,
    /// The path in a query, where a list takes `[]`.
    path_in_query: String,
    description: String,
}

/// Collects the paths of the scalar fields, each with a description.
fn collect_fields(object: &Object, prefix: &str, prefix_in_query: &str, depth: usize, fields: &mut Vec<PrintedField>) {
    for property in object.properties.iter().filter(|property| is_printed(property)) {
        let path = format!("{prefix}{}", property.name);
        let (item, is_list) = match property.value {
            Type::List(item) => (*item, true),
            value => (value, false),
        };
        let path_in_query = format!("{prefix_in_query}{}{}", property.name, if is_list { "[]" } else { "" });
        match item.object() {
            Some(object) if depth < MAX_DEPTH => {
                collect_fields(object, &format!("{path}."), &format!("{path_in_query}."), depth + 1, fields);
            }
            _ => {
                let description = describe_field(property, item, is_list);
                fields.push(PrintedField { path, path_in_query, description });
            }
        }
    }
}

/// Whether the field is for people: a secret is not shown, and links and types are for the client.
fn is_printed(property: &Property) -> bool {
    !property.is_write_only && !property.value.is_secret() && !["links", "objectType"].contains(&property.name)
}

fn describe_field(property: &Property, item: Type, is_list: bool) -> String {
    let kind = match item {
        Type::Bool => "true or false",
        Type::Int32 | Type::Int64 => "integer",
        Type::Double | Type::Decimal => "number",
        Type::Uuid => "GUID",
        Type::DateTime => "time",
        Type::Date => "date",
        value if is_scalar_type(value) => "text",
        _ => "JSON",
    };
    let mut text = if is_list { format!("list of {kind}") } else { kind.to_owned() };
    let description = first_sentence(property.description);
    if !description.is_empty() {
        text = format!("{text}: {description}");
    }
    let values = known_enum_values(item).unwrap_or_default();
    let values: Vec<_> = values.iter().map(|value| value.value).filter(|value| !value.is_empty()).collect();
    if !values.is_empty() {
        text = format!("{text} [known values: {}]", values.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::describe_fields;
    use crate::arguments::operations::tables::{ResultShape, type_at_path};
    use partner_center_spec::OPERATIONS;

    #[test]
    fn every_field_is_one_of_the_result() {
        for operation in OPERATIONS {
            let text = describe_fields(operation, None);
            let item = super::result_item_type(operation);
            for line in text.lines().skip(2) {
                let path = line.split_whitespace().next().unwrap();
                let is_known = item.is_some_and(|item| type_at_path(item, path).is_some());
                assert!(is_known || path.starts_with("customer."), "{}: {path}", operation.id);
            }
            // A list has columns, and a table of columns has fields.
            if ResultShape::of_operation(operation) == ResultShape::Pages {
                assert!(operation.columns.len() < 2 || text.lines().count() > 3, "{}: {text}", operation.id);
            }
        }
    }
}
