//! The outcomes of all targets: printed in the order of the targets, counted, and summed up.

use super::{super::planned_request::PlannedFormat, failure::FailureScope, target::Target, work::TargetOutput};
use crate::{
    arguments::operations::naming::ResourceNoun,
    error::{CommandError, ErrorReport, LocalError},
    error_format::ErrorDetails,
    messages::Messages,
    output::{Printer, write_to_stdout},
    settings::AddressSources,
    terminal::replace_control_characters,
};
use partner_center::{Error, ErrorKind, models::JsonValue};
use std::{collections::BTreeMap, time::Instant};

/// The number of consecutive targets without a response after which the service counts as unavailable: that of one call at a
/// time, and for each call at the same time.
const MAX_CONSECUTIVE_FAILURES: usize = 3;
const MAX_CONSECUTIVE_FAILURES_PER_CALL: usize = 2;

/// The maximum number of outcomes that wait for that of an earlier target, and their maximum size in bytes, which bound the memory
/// that they take: nothing is begun beyond them.
const MAX_WAITING_OUTCOMES: usize = 1024;
const MAX_WAITING_SIZE: usize = 64 << 20;

/// The outcome of a target.
pub(super) enum TargetOutcome {
    Done(TargetOutput),
    /// It was done in an earlier run.
    DoneEarlier(TargetOutput),
    Failed(TargetFailure),
    /// The error is that which ends the command, or one like it.
    Ended,
}

/// An error of one target.
pub(super) struct TargetFailure {
    pub(super) error_report: ErrorReport,
    pub(super) details: ErrorDetails,
    /// The errors that are summed up together, such as `403 (code 2000)`.
    pub(super) kind: String,
}

impl TargetFailure {
    /// Returns an error that is not one of the client.
    pub(super) fn from_report(error_report: ErrorReport, kind: &str) -> Self {
        Self { error_report, details: ErrorDetails::default(), kind: kind.to_owned() }
    }
}

/// Prints outcomes in the order of the targets, as soon as all before them are printed, so that the output is the same however
/// long each takes.
pub(super) struct OutcomePrinter<'a> {
    pub(super) noun: ResourceNoun,
    /// Says what failed of a target, behind its label.
    pub(super) failure_message: String,
    pub(super) prints_customers: bool,
    /// Whether the operation changes something, so that each request that was sent counts.
    pub(super) is_write: bool,
    /// How requests are printed in place of being sent, if they are.
    pub(super) planned: Option<PlannedFormat>,
    pub(super) concurrency: usize,
    pub(super) deadline: Option<Instant>,
    pub(super) printer: &'a mut Printer,
    pub(super) messages: &'a Messages,
    pub(super) sources: &'a AddressSources,
    pub(super) state: OutcomePrinterState,
}

/// Why a run ends early.
enum RunEnd {
    /// The error of a target, which is one of all others as well.
    Target(Target, Error),
    /// The targets cannot be read.
    Input(CommandError),
    /// What was changed cannot be printed.
    Output(CommandError),
}

/// What was printed, and what waits for its turn.
#[derive(Default)]
pub(super) struct OutcomePrinterState {
    waiting: BTreeMap<usize, TargetOutcome>,
    /// The size of the items in `waiting`, in bytes.
    waiting_size: usize,
    next_index: usize,
    done: u64,
    done_earlier: u64,
    failed: BTreeMap<String, u64>,
    consecutive_failures: usize,
    /// The error that ends the command, and how many other targets have failed like it.
    end: Option<RunEnd>,
    failed_like_end: u64,
    /// The number of targets that were not requested, as there was no token for any.
    not_requested: u64,
}

impl OutcomePrinter<'_> {
    /// Whether so many outcomes wait for earlier ones that nothing more is to be begun.
    pub(super) fn is_full(&self) -> bool {
        self.state.is_full()
    }

    /// Whether an error has ended the command.
    pub(super) fn has_ended(&self) -> bool {
        self.state.end.is_some()
    }

    /// Ends the run with an error of its input, once the outcomes of what is under way are printed.
    pub(super) fn end_with_input_error(&mut self, error: CommandError) {
        self.state.end = Some(RunEnd::Input(error));
    }

    /// Adds what has come of the work for a target.
    pub(super) fn add_result(
        &mut self,
        target: Target,
        result: Result<TargetOutput, Error>,
    ) -> Result<(), CommandError> {
        let index = target.index;
        let error = match result {
            Ok(output) => {
                self.state.consecutive_failures = 0;
                return self.add_outcome_and_print_ready(index, TargetOutcome::Done(output));
            }
            Err(error) => error,
        };
        let scope = FailureScope::of_error(&error, self.deadline);
        let state = &mut self.state;
        state.consecutive_failures = if scope == FailureScope::NoResponse { state.consecutive_failures + 1 } else { 0 };
        let limit = MAX_CONSECUTIVE_FAILURES.max(MAX_CONSECUTIVE_FAILURES_PER_CALL * self.concurrency);
        let is_end = scope == FailureScope::AllTargets || state.consecutive_failures >= limit;
        let outcome = if state.end.is_some() && error.is_authentication() {
            state.not_requested += 1;
            TargetOutcome::Ended
        } else if state.end.is_some() && scope != FailureScope::ThisTarget && !self.is_write {
            state.failed_like_end += 1;
            TargetOutcome::Ended
        } else if is_end && state.end.is_none() {
            state.end = Some(RunEnd::Target(target, error));
            TargetOutcome::Ended
        } else {
            TargetOutcome::Failed(self.build_target_failure(&target, &error))
        };
        self.add_outcome_and_print_ready(index, outcome)
    }

    /// Adds an outcome, and prints those whose turn it is.
    pub(super) fn add_outcome_and_print_ready(
        &mut self,
        index: usize,
        outcome: TargetOutcome,
    ) -> Result<(), CommandError> {
        self.messages.progress_line().add_finished_target();
        self.state.insert(index, outcome);
        while let Some(outcome) = self.state.take_next() {
            self.print_outcome(outcome)?;
        }
        Ok(())
    }

    fn print_outcome(&mut self, outcome: TargetOutcome) -> Result<(), CommandError> {
        match outcome {
            TargetOutcome::Done(output) => {
                self.state.done += 1;
                self.print_output_or_end(&output)
            }
            TargetOutcome::DoneEarlier(output) => {
                self.state.done_earlier += 1;
                self.print_output_or_end(&output)
            }
            TargetOutcome::Failed(TargetFailure { error_report, details, kind }) => {
                *self.state.failed.entry(kind).or_default() += 1;
                self.messages.print_error(&error_report, &details);
                Ok(())
            }
            TargetOutcome::Ended => Ok(()),
        }
    }

    /// Prints an output. If that of a change cannot be printed, no other change is begun, and those under way are waited for.
    fn print_output_or_end(&mut self, output: &TargetOutput) -> Result<(), CommandError> {
        let printed = self.print_output(output);
        match printed {
            Err(error) if self.is_write => {
                self.state.end.get_or_insert(RunEnd::Output(error));
                Ok(())
            }
            _ => printed,
        }
    }

    fn print_output(&mut self, output: &TargetOutput) -> Result<(), CommandError> {
        let customer = output.customer.as_ref().filter(|_| self.prints_customers);
        for note in &output.notes {
            let note = customer.map_or_else(|| note.clone(), |customer| format!("customer {}: {note}", customer.id));
            self.messages.print(replace_control_characters(&note));
        }
        if let Some(request) = &output.planned {
            return Ok(write_to_stdout(request.as_bytes(), self.messages)?);
        }
        let items: Vec<_> = output.items.iter().map(JsonValue::json).collect();
        match customer {
            Some(customer) => {
                let customer = serde_json::to_string(customer).unwrap_or_default();
                Ok(self.printer.print_page_of_customer(&customer, &items)?)
            }
            None => Ok(self.printer.print_page(&items)?),
        }
    }

    fn build_target_failure(&self, target: &Target, error: &Error) -> TargetFailure {
        let message = self.message_of_failed_target(target);
        let mut details = ErrorDetails::of_client_error(error);
        details.customer = target.customer.as_ref().map(|customer| customer.id.clone());
        TargetFailure {
            error_report: ErrorReport::from_client_error(&message, error, self.sources),
            details,
            kind: kind_of_error(error),
        }
    }

    fn message_of_failed_target(&self, target: &Target) -> String {
        format!("{} {}", target.label(self.noun), self.failure_message)
    }

    /// Prints the end of the output, and returns the result of the command; `not_begun` are the targets that no call was made for,
    /// `Err` if there may be more.
    pub(super) fn finish(mut self, not_begun: Result<u64, u64>, has_journal: bool) -> Result<(), CommandError> {
        let again = if has_journal { "; the same command tries again what is not done" } else { "" };
        if let Some(end) = self.state.end.take() {
            let (target, error) = match end {
                RunEnd::Target(target, error) => (target, error),
                RunEnd::Input(error) => {
                    if self.is_write {
                        let rest = self.not_begun_message(not_begun);
                        self.messages.print(format_args!("note: {}{rest}{again}", self.changes_message()));
                    }
                    return Err(error);
                }
                RunEnd::Output(error) => {
                    let rest = self.not_begun_message(not_begun);
                    return Err(error.after_change(&format!("{}{rest}{again}", self.changes_message())));
                }
            };
            let like_it = match self.state.failed_like_end {
                0 => String::new(),
                1 => ", nor could one other for such a reason".to_owned(),
                count => format!(", nor could {count} others for such reasons"),
            };
            let not_requested = self.state.not_requested;
            let not_begun = not_begun.map(|count| count + not_requested).map_err(|count| count + not_requested);
            let rest = self.not_begun_message(not_begun);
            let message = format!("{}{like_it}{rest}{again}", self.message_of_failed_target(&target));
            return Err(CommandError::from_client_error(&message, &error, self.sources));
        }
        let note = match self.planned {
            Some(format) => Some(format.note().to_owned()),
            None => self.printer.print_end_of_list().map_err(|error| match error.into() {
                error if self.is_write => CommandError::after_change(error, &self.changes_message()),
                error => error,
            })?,
        };
        let (failed, state) = (self.state.failed.values().sum::<u64>(), &self.state);
        let total = state.done + state.done_earlier + failed;
        if failed > 0 {
            let summary = if self.prints_customers {
                let kinds: Vec<_> = state.failed.iter().map(|(kind, count)| format!("{count} × {kind}")).collect();
                format!("{failed} of {total} customers failed: {}", kinds.join(", "))
            } else {
                format!("{failed} of {total} {} could not be fetched", self.noun.plural())
            };
            let earlier = match state.done_earlier {
                0 => String::new(),
                count if self.is_write => format!("; {count} were done in an earlier run"),
                count => format!("; {count} are of an earlier run: delete the journal to read all anew"),
            };
            return Err(CommandError::Summary(summary + again + &earlier));
        }
        if let Some(note) = note.filter(|_| total > 0) {
            self.messages.print(note);
        }
        let done = match (total, state.done_earlier) {
            (0, _) if self.prints_customers => "there are no customers".to_owned(),
            (0, _) => format!("standard input contains no {} IDs", self.noun.singular()),
            (_, earlier) if earlier > 0 => format!("{earlier} of {total} were done in an earlier run"),
            _ if self.planned.is_some() || !self.prints_customers => return Ok(()),
            _ => format!("done for {}", count_of_customers(total)),
        };
        self.messages.print(format_args!("note: {done}"));
        Ok(())
    }

    /// Says how many changes were made.
    fn changes_message(&self) -> String {
        let (done, failed) = self.state.count_done_and_failed();
        let done = format!("the change was made for {}", count_of_customers(done));
        if failed == 0 { done } else { format!("{done} and failed for {}", count_of_customers(failed)) }
    }

    /// Says what was changed if the command is interrupted now, while so many changes are under way.
    pub(super) fn note_changes_for_interruption(&self, under_way: usize, has_journal: bool) {
        if !self.is_write {
            return;
        }
        let under_way = count_of_customers(u64::try_from(under_way).unwrap_or(u64::MAX));
        let again = if has_journal {
            "the same command continues where this one ended"
        } else {
            "look at what is there before you run it again; with --journal, a run can be continued"
        };
        self.messages.set_interruption_note(Some(format!(
            "note: {}, and was under way for {under_way}, where its outcome is unknown; {again}",
            self.changes_message()
        )));
    }

    /// Says how many targets were not begun when the command ends early.
    fn not_begun_message(&self, not_begun: Result<u64, u64>) -> String {
        let of = if self.prints_customers { ("customer", "customers") } else { ("ID", "IDs") };
        match not_begun {
            Ok(0) => String::new(),
            Ok(1) => format!(", and the one {} after it was not requested", of.0),
            Ok(count) => format!(", and the {count} {} after it were not requested", of.1),
            Err(count) => format!(", and the {} after it, at least {count}, were not requested", of.1),
        }
    }
}

impl OutcomePrinterState {
    fn insert(&mut self, index: usize, outcome: TargetOutcome) {
        self.waiting_size += outcome.size();
        self.waiting.insert(index, outcome);
    }

    fn take_next(&mut self) -> Option<TargetOutcome> {
        let outcome = self.waiting.remove(&self.next_index)?;
        self.waiting_size -= outcome.size();
        self.next_index += 1;
        Some(outcome)
    }

    fn is_full(&self) -> bool {
        self.waiting.len() >= MAX_WAITING_OUTCOMES || self.waiting_size >= MAX_WAITING_SIZE
    }

    /// Returns for how many targets the work is done and has failed, those included whose outcomes are not printed yet.
    fn count_done_and_failed(&self) -> (u64, u64) {
        let (mut done, mut failed) = (self.done + self.done_earlier, self.failed.values().sum());
        for outcome in self.waiting.values() {
            match outcome {
                TargetOutcome::Done(_) | TargetOutcome::DoneEarlier(_) => done += 1,
                TargetOutcome::Failed(_) => failed += 1,
                TargetOutcome::Ended => {}
            }
        }
        (done, failed)
    }
}

impl TargetOutcome {
    /// Returns the size of the items, in bytes.
    fn size(&self) -> usize {
        match self {
            Self::Done(output) | Self::DoneEarlier(output) => output.items.iter().map(|item| item.json().len()).sum(),
            Self::Failed(_) | Self::Ended => 0,
        }
    }
}

pub(super) fn count_of_customers(count: u64) -> String {
    ResourceNoun::new("customers").with_count(count)
}

/// Returns the errors that are summed up with this one.
fn kind_of_error(error: &Error) -> String {
    let code = error.service_error().and_then(|error| error.code.as_ref());
    match (error.status(), code, error.kind()) {
        (Some(status), Some(code), _) => replace_control_characters(&format!("{} (code {code})", status.as_u16())),
        (Some(status), None, _) => status.as_u16().to_string(),
        (None, _, ErrorKind::Transport) => "no response".to_owned(),
        (None, _, ErrorKind::Timeout) => "timed out".to_owned(),
        (None, _, ErrorKind::Decode | ErrorKind::Paging) => "unusable response".to_owned(),
        // An error of the command itself: the request may have been sent before.
        (None, _, ErrorKind::Request) if error.operation() == "custom" && !LocalError::is_of_arguments(error) => {
            "other error".to_owned()
        }
        _ => "nothing was sent".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{OutcomePrinterState, TargetOutcome, TargetOutput};

    #[test]
    fn waiting_outcomes_are_bounded_by_their_size() {
        let done = || {
            let json = format!("\"{}\"", "a".repeat(40 << 20));
            TargetOutcome::Done(TargetOutput {
                items: vec![serde_json::from_str(&json).unwrap()],
                ..TargetOutput::default()
            })
        };
        let mut outcomes = OutcomePrinterState::default();
        outcomes.insert(1, done());
        assert!(!outcomes.is_full());
        outcomes.insert(2, done());
        assert!(outcomes.is_full() && outcomes.take_next().is_none());
        assert_eq!(outcomes.count_done_and_failed(), (2, 0));
        outcomes.insert(0, TargetOutcome::Ended);
        assert!(outcomes.take_next().is_some() && outcomes.take_next().is_some() && !outcomes.is_full());
    }
}
