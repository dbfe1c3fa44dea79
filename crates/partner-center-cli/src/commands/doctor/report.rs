//! The report of the checks, on standard output.

use crate::{
    arguments::OutputFormat,
    error::{CommandError, ErrorReport},
    output::{output_width, serialize_records, write_output},
    terminal::wrap_paragraph,
};
use serde::Serialize;
use std::{future::Future, io};

/// The outcome of a check.
pub(super) enum CheckOutcome {
    /// The check passed; says what was found.
    Passed(String),
    /// The check was not made; says why.
    Skipped(String),
    /// The check failed.
    Failed(ErrorReport),
}

/// The checks so far, printed as they are made where the format allows it.
pub(super) struct DoctorReport {
    format: OutputFormat,
    checks: Vec<CheckRecord>,
    /// The first check that failed; the checks that depend on it are skipped.
    failed_check: Option<&'static str>,
    /// All checks, in their order.
    names: &'static [&'static str],
}

/// A check in JSON and CSV. Names and order are part of the command line contract: add fields at the end only.
#[derive(Serialize)]
struct CheckRecord {
    #[serde(rename = "check")]
    name: &'static str,
    status: &'static str,
    detail: String,
    why: Option<String>,
    r#try: Option<String>,
}

const FAILED_CHECK_STATUS: &str = "failed";

/// All checks, in their order; the last ones are those of a customer that is named.
const DOCTOR_CHECK_NAMES: [&str; 9] =
    ["address", "connection", "tls", "token", "acceptance", "list", "get", "relationship", "delegation"];

/// The number of checks without a customer that is named.
const CHECKS_WITHOUT_CUSTOMER: usize = 7;

impl DoctorReport {
    pub(super) fn new(format: OutputFormat, has_customer: bool) -> Self {
        let names = if has_customer { &DOCTOR_CHECK_NAMES[..] } else { &DOCTOR_CHECK_NAMES[..CHECKS_WITHOUT_CUSTOMER] };
        Self { format, checks: Vec::new(), failed_check: None, names }
    }

    /// Whether a check failed on which the others depend.
    pub(super) fn has_blocking_failure(&self) -> bool {
        self.failed_check.is_some()
    }

    /// Makes a check, unless one failed on which it depends.
    pub(super) async fn run_check(
        &mut self,
        check: &'static str,
        outcome: impl Future<Output = CheckOutcome>,
    ) -> io::Result<()> {
        if self.has_blocking_failure() {
            return self.record_skipped_check(check);
        }
        let outcome = outcome.await;
        self.add_and_print_check_outcome(check, outcome)
    }

    /// Skips the remaining checks, because of one that failed.
    pub(super) fn skip_remaining_checks(&mut self) -> io::Result<()> {
        self.names.iter().skip(self.checks.len()).try_for_each(|check| self.record_skipped_check(check))
    }

    fn record_skipped_check(&mut self, check: &'static str) -> io::Result<()> {
        let cause = self.failed_check.unwrap_or("above");
        self.add_and_print_check_outcome(check, CheckOutcome::Skipped(format!("the check `{cause}` failed")))
    }

    /// Adds the outcome of a check.
    pub(super) fn add_and_print_check_outcome(&mut self, check: &'static str, outcome: CheckOutcome) -> io::Result<()> {
        let (status, detail, explained) = match outcome {
            CheckOutcome::Passed(detail) => ("ok", detail, None),
            CheckOutcome::Skipped(reason) => ("skipped", reason, None),
            CheckOutcome::Failed(ErrorReport { message, cause, advice }) => {
                (FAILED_CHECK_STATUS, message, Some((cause, advice)))
            }
        };
        if status == FAILED_CHECK_STATUS {
            self.failed_check.get_or_insert(check);
        }
        let (why, r#try) = explained.unzip();
        let check = CheckRecord { name: check, status, detail, why, r#try };
        let printed = match self.format {
            OutputFormat::Table => {
                let name_width = self.names.iter().map(|name| name.len()).max().unwrap_or_default();
                write_output(check.format_check_lines(name_width, output_width()).as_bytes())
            }
            OutputFormat::Jsonl => write_output(&[serde_json::to_vec(&check)?, b"\n".to_vec()].concat()),
            OutputFormat::Json | OutputFormat::Csv | OutputFormat::Tsv | OutputFormat::Yaml => Ok(()),
        };
        self.checks.push(check);
        printed
    }

    /// Prints what was not printed yet; returns an error if a check failed.
    pub(super) fn finish_report(self) -> Result<(), CommandError> {
        match self.format {
            OutputFormat::Table | OutputFormat::Jsonl => {}
            format => write_output(&serialize_records(format, &self.checks, false)?)?,
        }
        let count = self.checks.len();
        match self.checks.iter().filter(|check| check.status == FAILED_CHECK_STATUS).count() {
            0 => Ok(()),
            failed => Err(CommandError::Summary(format!("{failed} of {count} checks failed"))),
        }
    }
}

impl CheckRecord {
    /// Formats the check for people.
    fn format_check_lines(&self, name_width: usize, width: Option<usize>) -> String {
        let Self { name, status, detail, why, r#try } = self;
        let mut lines = wrap_paragraph(&format!("{name:<name_width$}  {status:<7}  "), detail, width);
        for (label, text) in [("why: ", why), ("try: ", r#try)] {
            if let Some(text) = text {
                lines += &wrap_paragraph(&format!("{:name_width$}  {label}", ""), text, width);
            }
        }
        lines
    }
}
