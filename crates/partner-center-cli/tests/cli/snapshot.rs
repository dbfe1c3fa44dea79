//! What the command says, as it was read and found good.

use crate::command::Ended;

/// What is another in each run (a port that the system chose has five digits), and what stands for it.
const FILTERS: [(&str, &str); 5] = [
    (r"(request id|correlation id|Correlation ID:) [0-9a-f-]{36}", "$1 [id]"),
    (r"127\.0\.0\.1:\d{5}", "127.0.0.1:[port]"),
    (r"\(os error \d+\)", "(os error [number])"),
    // Each operating system has its own words.
    (r"(failed to lookup address information): [^\n]+", "$1: [reason]"),
    (concat!("partner-center ", env!("CARGO_PKG_VERSION")), "partner-center [version]"),
];

/// A command, how it ended, and what it said.
pub(crate) fn transcript(arguments: &[&str], ended: &Ended) -> String {
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
