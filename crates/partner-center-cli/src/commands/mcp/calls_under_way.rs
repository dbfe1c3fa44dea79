//! The calls that are under way when the assistant cancels them or disconnects: what only reads is cut off, and so is a change
//! before it is sent; once it is sent, it is completed, as half of it may be done already.

use super::toolset::tool_name;
use crate::{arguments::operations::tables::is_read_only, error::CommandError, messages::Messages};
use futures_util::future::{Either, select};
use partner_center::request::{AttemptDescription, CallDescription, Hooks};
use partner_center_spec::Operation;
use rmcp::RoleServer;
use rmcp::service::RequestContext;
use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::watch;

tokio::task_local! {
    /// Whether the change of this call was sent.
    static IS_SENT: Arc<AtomicBool>;
}

/// Lets a call know when its change is sent.
pub(super) struct SentChanges;

impl Hooks for SentChanges {
    fn before_attempt(&self, call: &CallDescription<'_>, _: &AttemptDescription) {
        if call.is_write() {
            // A call that is not of an assistant is not cancelled.
            let _ = IS_SENT.try_with(|is_sent| is_sent.store(true, Ordering::Relaxed));
        }
    }
}

/// The calls that are under way.
pub(super) struct CallsUnderWay {
    operations: watch::Sender<Vec<&'static Operation>>,
    messages: Messages,
}

/// A call, which is under way until this is dropped.
struct CallUnderWay<'a> {
    calls: &'a CallsUnderWay,
    operation: &'static Operation,
}

impl CallsUnderWay {
    pub(super) fn new(messages: Messages) -> Self {
        Self { operations: watch::Sender::default(), messages }
    }

    /// Makes a call; returns `None` if it was cut off. What the assistant does not hear any more is said on standard error.
    pub(super) async fn make_call<T>(
        &self,
        operation: &'static Operation,
        context: &RequestContext<RoleServer>,
        call: impl Future<Output = Result<T, CommandError>>,
    ) -> Option<Result<T, CommandError>> {
        let _under_way = self.begin(operation);
        let name = tool_name(operation);
        let gone = "the assistant has cancelled it or disconnected";
        if is_read_only(operation) {
            let outcome = context.ct.run_until_cancelled(call).await;
            if outcome.is_none() {
                self.messages.print(format_args!("note: `{name}` was cut off: {gone}"));
            }
            return outcome;
        }
        let is_sent = Arc::new(AtomicBool::new(false));
        let call = pin!(IS_SENT.scope(is_sent.clone(), call));
        // The cancellation comes first: one that was received with the call prevents it.
        let outcome = match select(pin!(context.ct.cancelled()), call).await {
            Either::Right((outcome, _)) => outcome,
            Either::Left(((), _)) if !is_sent.load(Ordering::Relaxed) => {
                self.messages.print(format_args!("note: `{name}` was not sent: {gone}"));
                return None;
            }
            Either::Left(((), call)) => call.await,
        };
        if context.ct.is_cancelled() {
            match &outcome {
                Ok(_) => self.messages.print(format_args!("note: `{name}` was done after {gone}")),
                Err(error) => self.messages.print(format_args!("note: `{name}` failed after {gone}: {error}")),
            }
        }
        Some(outcome)
    }

    /// Waits until no call is under way; each is bounded by its own timeouts.
    pub(super) async fn wait_until_all_have_ended(&self) {
        let writes = self.names_of_changes();
        if !writes.is_empty() {
            self.messages.print(format_args!("note: waiting for changes that are under way: {}", writes.join(", ")));
        }
        // The sender is there as long as this is.
        let _ = self.operations.subscribe().wait_for(Vec::is_empty).await;
    }

    fn begin(&self, operation: &'static Operation) -> CallUnderWay<'_> {
        self.operations.send_modify(|operations| operations.push(operation));
        self.note_changes_for_interruption();
        CallUnderWay { calls: self, operation }
    }

    fn names_of_changes(&self) -> Vec<String> {
        self.operations.borrow().iter().filter(|operation| !is_read_only(operation)).map(|one| tool_name(one)).collect()
    }

    /// Says what a signal would cut off.
    fn note_changes_for_interruption(&self) {
        let writes = self.names_of_changes();
        self.messages.set_interruption_note((!writes.is_empty()).then(|| {
            let writes = writes.join(", ");
            format!("note: changes were under way, look at what is there before they are made again: {writes}")
        }));
    }
}

impl Drop for CallUnderWay<'_> {
    fn drop(&mut self) {
        self.calls.operations.send_modify(|operations| {
            if let Some(position) = operations.iter().position(|other| other.id == self.operation.id) {
                operations.swap_remove(position);
            }
        });
        self.calls.note_changes_for_interruption();
    }
}
