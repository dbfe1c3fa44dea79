//! Several things that are fetched one by one, such as `partner-center customers get ID ID`.

use super::{
    ids::{IdError, RequestedIds},
    request,
    response::{ReceivedBody, ReceivedResponse},
};
use crate::{
    arguments::operations::{OperationCall, naming::ResourceNoun},
    error::{CommandError, ErrorReport, seconds_rounded_up},
    messages::Messages,
    output::Printer,
    settings::AddressSources,
};
use partner_center::{
    Client, Error, ErrorKind, Transport,
    error::ErrorReason,
    transport::{Mode, TransportError},
};
use std::{
    error::Error as StdError,
    sync::Arc,
    time::{Duration, Instant},
};

/// The number of consecutive IDs without a response after which the service counts as unavailable.
const MAX_CONSECUTIVE_FAILURES: u32 = 3;

/// The maximum `Retry-After` while several IDs are fetched, unless an option or a setting decides.
pub(super) const MAX_RETRY_AFTER_FOR_SEVERAL: Duration = Duration::from_secs(300);

/// Prints what the IDs name as a list, and reports those that cannot be fetched.
pub(super) async fn print_each_id<X: Transport>(
    client: &Client<Arc<X>>,
    mut pacing: RequestPacing<'_, X>,
    call: &OperationCall,
    mut ids: RequestedIds,
    sources: &AddressSources,
    printer: &mut Printer,
    messages: &Messages,
) -> Result<(), CommandError> {
    let noun = call.result_noun();
    let (mut requested, mut failed) = (0_u64, 0_u64);
    let mut consecutive_failures = 0;
    while let Some(id) = ids.next() {
        requested += 1;
        let error_report = match id {
            Ok(id) => match pacing.call_after_wait(client, call, &id, messages).await? {
                Ok(response) => {
                    consecutive_failures = 0;
                    if let ReceivedBody::Json(value) = &response.body {
                        printer.print_page(&[value.json()])?;
                    }
                    continue;
                }
                Err(error) => {
                    let scope = FailureScope::of_error(&error);
                    consecutive_failures = if scope == FailureScope::NoResponse { consecutive_failures + 1 } else { 0 };
                    if scope == FailureScope::AllIds
                        || consecutive_failures == MAX_CONSECUTIVE_FAILURES
                        || !pacing.delay_next_request(&error)
                    {
                        let message = format!("{}{}", not_fetched_message(noun, &id), not_requested_message(ids));
                        return Err(CommandError::from_client_error(&message, &error, sources));
                    }
                    ErrorReport::from_client_error(&not_fetched_message(noun, &id), &error, sources)
                }
            },
            Err(IdError::Invalid(error_report)) => error_report,
            Err(IdError::Stdin(error)) => return Err(error),
        };
        failed += 1;
        messages.print_error(&error_report);
    }
    let note = printer.print_end()?;
    if requested == 0 {
        messages.print(format_args!("note: standard input contains no {} IDs", noun.singular()));
        return Ok(());
    }
    match (failed, note) {
        (0, None) => Ok(()),
        (0, Some(note)) => {
            messages.print(note);
            Ok(())
        }
        _ => {
            let several = noun.plural();
            Err(CommandError::Summary(format!("{failed} of {requested} {several} could not be fetched")))
        }
    }
}

/// Delays the next request until the wait has passed that the service requested.
pub(super) struct RequestPacing<'a, X> {
    transport: &'a X,
    /// The deadline of the command.
    deadline: Option<Instant>,
    not_before: Option<Instant>,
}

impl<'a, X: Transport> RequestPacing<'a, X> {
    pub(super) fn new(transport: &'a X, deadline: Option<Instant>) -> Self {
        Self { transport, deadline, not_before: None }
    }

    /// Fetches what the ID names, after the wait that the service requested.
    async fn call_after_wait(
        &mut self,
        client: &Client<Arc<X>>,
        call: &OperationCall,
        id: &str,
        messages: &Messages,
    ) -> Result<Result<ReceivedResponse, Error>, CommandError> {
        let request = request::plan_request(call, Some(id))?;
        let not_before = self.not_before.take();
        let wait = not_before.map(|at| at.saturating_duration_since(Instant::now())).filter(|wait| !wait.is_zero());
        if let Some(wait) = wait {
            messages.print(format!("note: waiting {} s, as the service asks", seconds_rounded_up(wait)));
            X::Mode::into_future(self.transport.sleep(wait)).await;
        }
        Ok(super::send_request(client, request, call.operation).await)
    }

    /// Delays the next request as the service asks; returns whether the command has that much time.
    fn delay_next_request(&mut self, error: &Error) -> bool {
        let Some(wait) = error.retry_after() else { return true };
        self.not_before = Instant::now().checked_add(wait);
        self.not_before.is_some_and(|at| self.deadline.is_none_or(|deadline| at < deadline))
    }
}

/// The IDs that an error is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum FailureScope {
    /// This ID alone; the others may be available.
    ThisId,
    /// The request got no response or a transient error; the next one may succeed.
    NoResponse,
    /// All IDs: the next request would fail as well.
    AllIds,
}

impl FailureScope {
    fn of_error(error: &Error) -> Self {
        match (error.kind(), error.reason()) {
            // There is no token for any request.
            _ if error.is_authentication() => Self::AllIds,
            // The service would reject the next request as well.
            _ if error.exceeds_max_retry_after() => Self::AllIds,
            // The timeout of an attempt has a transport error as its source; otherwise it is the deadline of the command.
            (ErrorKind::Timeout, _) if !error.source().is_some_and(<dyn StdError>::is::<TransportError>) => {
                Self::AllIds
            }
            (ErrorKind::Transport | ErrorKind::Timeout, _) | (_, Some(ErrorReason::Throttled)) => Self::NoResponse,
            (
                _,
                Some(
                    ErrorReason::Unauthorized
                    | ErrorReason::AudienceRetired
                    | ErrorReason::NeedsAppAndUser
                    | ErrorReason::ConditionalAccess
                    | ErrorReason::AgreementMissing
                    | ErrorReason::PartnerInactive
                    | ErrorReason::PartnerUnknown,
                ),
            ) => Self::AllIds,
            _ if error.status().is_some_and(|status| status.is_server_error()) => Self::NoResponse,
            _ => Self::ThisId,
        }
    }
}

/// Says how many of the IDs were not requested when the command ends early.
fn not_requested_message(ids: RequestedIds) -> String {
    match ids.count_remaining() {
        Ok(0) => String::new(),
        Ok(1) => ", and the one ID after it was not requested".to_owned(),
        Ok(count) => format!(", and the {count} IDs after it were not requested"),
        Err(count) => format!(", and the IDs after it, at least {count}, were not requested"),
    }
}

pub(super) fn not_fetched_message(noun: ResourceNoun, id: &str) -> String {
    format!("{} {id} could not be fetched", noun.singular())
}
