//! A run over all targets: work is begun for one after the other, as much at the same time as may be.

use super::{
    journal::RunJournal,
    outcomes::{OutcomePrinter, TargetFailure, TargetOutcome},
    target::Target,
    targets::{NextTarget, Targets},
    work::TargetOutput,
};
use crate::error::{CommandError, seconds_rounded_up};
use partner_center::{
    Client, Transport,
    concurrency::{ForEach, ItemOutcome},
    transport::Mode,
};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// The targets that are begun next. It is asked for more whenever one is done, so that there are never more of them than can be
/// begun at once.
#[derive(Clone, Default)]
pub(super) struct TargetQueue(Arc<Mutex<VecDeque<Target>>>);

impl TargetQueue {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Target>> {
        // No panic leaves it half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Iterator for TargetQueue {
    type Item = Target;

    fn next(&mut self) -> Option<Target> {
        self.lock().pop_front()
    }
}

/// A run over all targets.
pub(super) struct Run<'a, X: Transport, I: Iterator<Item = Target>> {
    pub(super) client: &'a Client<X>,
    pub(super) outcomes: ForEach<X, I, TargetOutput>,
    pub(super) queue: TargetQueue,
    pub(super) targets: Targets,
    pub(super) journal: Option<&'a RunJournal>,
    pub(super) printed: OutcomePrinter<'a>,
}

impl<X: Transport, I: Iterator<Item = Target> + Send> Run<'_, X, I> {
    /// Performs the work for all targets, and returns the result of the command.
    pub(super) async fn run_to_end(mut self) -> Result<(), CommandError> {
        self.perform_all().await?;
        self.finish()
    }

    /// Begins work for one target after the other, as many at the same time as may be, and prints what comes of it.
    async fn perform_all(&mut self) -> Result<(), CommandError> {
        let mut reported_pauses = 0;
        loop {
            let has_more = self.begin_targets()?;
            self.printed.note_changes_for_interruption(self.count_under_way(), self.journal.is_some());
            reported_pauses = self.report_pause(reported_pauses);
            match X::Mode::into_future(self.outcomes.next_outcome()).await {
                Some(ItemOutcome { item, result, .. }) => self.printed.add_result(item, result)?,
                None if has_more && !self.printed.has_ended() => {}
                None => return Ok(()),
            }
        }
    }

    fn count_under_way(&self) -> usize {
        self.outcomes.under_way() + self.queue.lock().len()
    }

    /// Puts targets into the queue until as many are under way as may be; returns whether there may be more.
    fn begin_targets(&mut self) -> Result<bool, CommandError> {
        loop {
            let under_way = self.count_under_way();
            if self.printed.has_ended() {
                return Ok(false);
            }
            if under_way >= self.printed.concurrency || self.printed.is_full() {
                return Ok(true);
            }
            match self.targets.next(under_way == 0) {
                NextTarget::Target(target) => self.begin_target(target)?,
                NextTarget::Invalid(index, error_report) => {
                    let failure = TargetFailure::from_report(error_report, "not an ID");
                    self.printed.add_outcome_and_print_ready(index, TargetOutcome::Failed(failure))?;
                }
                NextTarget::Pending => return Ok(true),
                NextTarget::End => return Ok(false),
                NextTarget::Broken(error) => {
                    self.printed.end_with_input_error(error);
                    return Ok(false);
                }
            }
        }
    }

    fn begin_target(&mut self, target: Target) -> Result<(), CommandError> {
        let known = self.journal.map_or(Ok(None), |journal| journal.known_outcome(&target, self.printed.noun));
        match known {
            Ok(Some(outcome)) => self.printed.add_outcome_and_print_ready(target.index, outcome),
            Ok(None) => {
                self.queue.lock().push_back(target);
                Ok(())
            }
            // What is under way is waited for.
            Err(error) => {
                self.printed.end_with_input_error(error);
                self.printed.add_outcome_and_print_ready(target.index, TargetOutcome::Ended)
            }
        }
    }

    /// Says that all calls wait because of a 429, once for each; returns the number of 429 so far.
    fn report_pause(&self, reported: u64) -> u64 {
        let status = self.client.rate_limit_status();
        if status.throttled_responses > reported
            && let Some(wait) = status.paused_for.filter(|wait| *wait >= Duration::from_secs(1))
        {
            let wait = seconds_rounded_up(wait);
            self.printed.messages.print(format_args!("note: waiting {wait} s, as the service asks"));
        }
        status.throttled_responses
    }

    /// Prints the end, and returns the result of the command.
    fn finish(self) -> Result<(), CommandError> {
        self.printed.messages.set_interruption_note(None);
        self.printed.finish(self.targets.count_remaining(), self.journal.is_some())
    }
}
