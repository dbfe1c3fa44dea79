//! Snapshots of the output.

use crate::command::CommandOutput;
use partner_center_spec::OPERATIONS;

/// Patterns of values that change with each run, and their replacements.
const FILTERS: [(&str, &str); 5] = [
    (r"(request id|correlation id|Correlation ID:) [0-9a-f-]{36}", "$1 [id]"),
    (r"127\.0\.0\.1:\d{5}", "127.0.0.1:[port]"),
    (r"\(os error \d+\)", "(os error [number])"),
    // The message is that of the operating system.
    (r"(failed to lookup address information): [^\n]+", "$1: [reason]"),
    (concat!("partner-center ", env!("CARGO_PKG_VERSION")), "partner-center [version]"),
];

/// Formats a command with its output and exit status.
pub(crate) fn transcript(arguments: &[&str], ended: &CommandOutput) -> String {
    let status = ended.status.map_or_else(|| "signal".to_owned(), |status| status.to_string());
    let command = arguments.join(" ");
    format!("$ partner-center {command}\n{}{}[exit status {status}]\n", ended.stdout, ended.stderr)
}

/// Compares `text` with the snapshot `name`.
pub(crate) fn assert_snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.set_prepend_module_to_snapshot(false);
    for (pattern, stands_for) in FILTERS {
        settings.add_filter(pattern, stands_for);
    }
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// Returns a help text with those of its commands that are not operations of the specification, whose number and names change
/// with it; the width of the column of names depends on them.
pub(crate) fn without_operations(help: &str) -> String {
    let Some((before, rest)) = help.split_once("Commands:\n") else { return help.to_owned() };
    let (commands, after) = rest.split_once("\n\n").unwrap();
    let is_operation = |name: &str| {
        OPERATIONS.iter().any(|operation| [operation.command.resource, operation.command.verb].contains(&name))
    };
    // A description that is too long continues below its beginning.
    let entries = commands.replace("\n    ", " ");
    let entries = entries.lines().filter_map(|entry| entry.trim_start().split_once(' '));
    let entries_count = entries.clone().count();
    let others = entries.filter(|(name, _)| !is_operation(name));
    let mut others: Vec<_> = others
        .map(|(name, about)| format!("  {name}  {}", about.split_whitespace().collect::<Vec<_>>().join(" ")))
        .collect();
    if others.len() < entries_count {
        others.insert(0, "  [operations]".to_owned());
    }
    format!("{before}Commands:\n{}\n\n{after}", others.join("\n"))
}
