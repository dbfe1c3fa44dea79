//! The tools: operations of the specification, as an assistant sees them.

use super::input_schema::{CONFIRM_ARGUMENT, input_schema};
use crate::{
    arguments::{
        McpCommand,
        operations::{
            help::{command_long_about, markdown_to_plain_text},
            tables::{ResultShape, asks_before_sending, is_read_only, operation_that_reads_resource},
        },
    },
    error::{ErrorReport, UsageError},
};
use partner_center_spec::{Authentication, Idempotency, Location, MediaType, Method, OPERATIONS, Operation};
use rmcp::model::{Tool, ToolAnnotations};

/// The tools that a server offers.
pub(super) struct Toolset {
    operations: Vec<&'static Operation>,
}

/// What is behind the name of a tool.
pub(super) enum ToolLookup {
    Offered(&'static Operation),
    /// It changes something, and the server only reads.
    Write,
    /// The options of the server leave it out.
    LeftOut,
    Unknown,
}

impl Toolset {
    /// Chooses the tools as the options say.
    pub(super) fn choose_tools(command: &McpCommand) -> Result<Self, UsageError> {
        let mut operations: Vec<_> = OPERATIONS.iter().filter(|operation| is_possible_tool(operation)).collect();
        for name in &command.tools {
            let is_known = operations.iter().any(|operation| is_named(operation, name));
            if !is_known {
                return Err(unknown_tools_error(name));
            }
        }
        operations.retain(|operation| command.allow_writes || is_read_only(operation));
        if !command.tools.is_empty() {
            operations.retain(|operation| command.tools.iter().any(|name| is_named(operation, name)));
        }
        if operations.is_empty() {
            return Err(UsageError(ErrorReport {
                message: "there is no tool to offer".to_owned(),
                cause: format!("all tools of {} change something", command.tools.join(", ")),
                advice: "add --allow-writes, or name other tools".to_owned(),
            }));
        }
        Ok(Self { operations })
    }

    /// Returns the operations of the tools.
    pub(super) fn operations(&self) -> &[&'static Operation] {
        &self.operations
    }

    /// Finds the tool with this name.
    pub(super) fn find_tool(&self, name: &str) -> ToolLookup {
        let is_it = |operation: &&&Operation| tool_name(operation) == name;
        if let Some(operation) = self.operations.iter().find(is_it) {
            return ToolLookup::Offered(operation);
        }
        match OPERATIONS.iter().find(|operation| is_possible_tool(operation) && tool_name(operation) == name) {
            Some(operation) if is_read_only(operation) => ToolLookup::LeftOut,
            Some(_) => ToolLookup::Write,
            None => ToolLookup::Unknown,
        }
    }
}

fn unknown_tools_error(name: &str) -> UsageError {
    let mut areas: Vec<_> = OPERATIONS.iter().map(|operation| operation.area).collect();
    areas.sort_unstable();
    areas.dedup();
    UsageError(ErrorReport {
        message: format!("there are no tools `{name}`"),
        cause: "it is neither an area of the service nor a resource or a tool".to_owned(),
        advice: format!(
            "name an area ({}), or a resource or a tool of `partner-center mcp --list-tools --allow-writes`",
            areas.join(", ")
        ),
    })
}

/// Whether an operation can be a tool: its request and its result are JSON. A tool that reads files could send any file of the
/// user's.
fn is_possible_tool(operation: &Operation) -> bool {
    operation.body.is_none_or(|body| body.media_type == MediaType::Json)
        && ResultShape::of_operation(operation) != ResultShape::Bytes
}

/// Whether `name` is the area of a tool, its resource, or itself.
fn is_named(operation: &Operation, name: &str) -> bool {
    let name = name.trim().replace('-', "_");
    name == operation.area || name == operation.command.resource.replace('-', "_") || name == tool_name(operation)
}

/// Returns the name of a tool: the words of its command.
pub(super) fn tool_name(operation: &Operation) -> String {
    format!("{}_{}", operation.command.resource, operation.command.verb).replace('-', "_")
}

/// Returns what an assistant is told of a tool.
pub(super) fn tool_definition(operation: &'static Operation) -> Tool {
    let is_read_only = is_read_only(operation);
    let mut annotations = ToolAnnotations::with_title(operation.command.to_string()).read_only(is_read_only);
    if !is_read_only {
        // A POST adds something, unless the specification says that it cannot be undone.
        let is_destructive = operation.is_destructive || operation.method != Method::Post;
        annotations = annotations.destructive(is_destructive);
        annotations = annotations.idempotent(operation.idempotency == Idempotency::Natural);
    }
    Tool::new(tool_name(operation), tool_description(operation), input_schema(operation)).with_annotations(annotations)
}

/// The maximum length of the description of an operation, in characters: an assistant reads those of all tools.
const MAX_DESCRIPTION_LENGTH: usize = 400;

fn tool_description(operation: &Operation) -> String {
    let mut text = String::new();
    for paragraph in command_long_about(operation).split("\n\n") {
        if !text.is_empty() && text.chars().count() + paragraph.chars().count() > MAX_DESCRIPTION_LENGTH {
            break;
        }
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        text.push_str(paragraph);
        if !text.ends_with(['.', ':']) {
            text.push('.');
        }
    }
    if !operation.permissions.is_empty() {
        text = format!("{text}\n\nPermissions: {}", markdown_to_plain_text(operation.permissions));
    }
    if let [Authentication::AppUser] = operation.authentication {
        text.push_str("\n\nOnly with the sign-in of a user (App+User).");
    }
    if operation_that_reads_resource(operation).is_some() {
        text.push_str("\n\nThis tool reads it first, and sends it back complete with the changes of `set`.");
    }
    if asks_before_sending(operation) {
        text = format!(
            "{text}\n\nAsk the user first; then `{CONFIRM_ARGUMENT}` is {}.",
            describe_confirmed_value(operation)
        );
    }
    text
}

/// Names the value that `confirm` must have.
pub(super) fn describe_confirmed_value(operation: &Operation) -> String {
    match operation.parameters.iter().rfind(|parameter| parameter.location == Location::Path) {
        Some(parameter) => format!("the value of `{}`", super::input_schema::argument_name(parameter)),
        None => format!("the name of the tool, {}", tool_name(operation)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn command(allow_writes: bool, tools: &[&str]) -> McpCommand {
        let tools = tools.iter().map(|&name| name.to_owned()).collect();
        McpCommand { allow_writes, tools, max_result_size: 1000, list_tools: false }
    }

    fn names(allow_writes: bool, tools: &[&str]) -> Vec<String> {
        let toolset = Toolset::choose_tools(&command(allow_writes, tools)).ok().unwrap();
        toolset.operations().iter().map(|operation| tool_name(operation)).collect()
    }

    #[test]
    fn tools_have_unique_names_that_every_assistant_takes() {
        let all = names(true, &[]);
        assert!(all.len() > 140);
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        for name in &all {
            let is_plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            // Clients put the name of the server before it, and take 64 characters.
            assert!(is_plain && name.len() <= 42, "{name}");
        }
    }

    #[test]
    fn tools_only_read_by_default() {
        let reading = names(false, &[]);
        assert!(reading.contains(&"customers_list".to_owned()) && !reading.contains(&"customers_create".to_owned()));
        assert!(names(true, &[]).len() > reading.len());
    }

    #[test]
    fn tools_are_chosen_by_area_resource_and_name() {
        assert_eq!(names(false, &["customers_get", "customers-list"]), ["customers_list", "customers_get"]);
        let area = names(true, &["users"]);
        assert!(area.contains(&"users_list".to_owned()) && area.contains(&"user_licenses_list".to_owned()), "{area:?}");
        assert!(Toolset::choose_tools(&command(false, &["nothing"])).is_err());
        assert!(Toolset::choose_tools(&command(false, &["customers_create"])).is_err());
    }

    #[test]
    fn descriptions_leave_room_for_the_conversation() {
        let toolset = Toolset::choose_tools(&command(false, &[])).ok().unwrap();
        let tools: Vec<_> = toolset.operations().iter().map(|operation| tool_definition(operation)).collect();
        let size = serde_json::to_string(&tools).unwrap().len();
        assert!(size < 110_000, "{size} bytes");
    }

    #[test]
    fn files_are_not_read() {
        let all = names(true, &[]);
        let of_attachments: Vec<_> = all.iter().filter(|name| name.starts_with("order_attachments_")).collect();
        assert_eq!(of_attachments, ["order_attachments_list"]);
    }
}
