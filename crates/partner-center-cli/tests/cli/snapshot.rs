//! Snapshots of the output.

use crate::command::CommandOutput;

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
