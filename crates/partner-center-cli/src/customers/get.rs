//! `partner-center customers get`

use super::ids::{Ids, Unusable};
use crate::{
    failure::{Explanation, Failure, whole_seconds},
    notes::Notes,
    output::Printer,
    settings::AddressSources,
};
use partner_center::{Client, Customer, Error, ErrorKind, ErrorReason, GetCustomer, Mode, Transport, TransportError};
use std::{
    error::Error as StdError,
    slice,
    sync::Arc,
    time::{Duration, Instant},
};
use uuid::Uuid;

/// After so many customers in a row for whom the service had no answer, there is no service to ask for more.
const MOST_UNANSWERED: u32 = 3;

/// The maximum wait that the service may ask for while several customers are fetched, unless an option or a setting decides.
pub(super) const MAX_RETRY_AFTER: Duration = Duration::from_secs(300);

/// Prints one customer with all there is of it.
pub(super) async fn print_one<X: Transport>(
    client: &Client<X>,
    id: Uuid,
    sources: &AddressSources,
    printer: &mut Printer,
) -> Result<(), Failure> {
    let customer = X::Mode::into_future(client.call(GetCustomer::new(id))).await;
    let customer = customer.map_err(|error| Failure::of_call(&not_fetched(id), &error, sources))?;
    Ok(printer.customer(&customer)?)
}

/// Prints each of the customers as part of a list, and reports those that cannot be fetched.
pub(super) async fn print_each<X: Transport>(
    client: &Client<Arc<X>>,
    mut pacing: Pacing<'_, X>,
    mut ids: Ids,
    sources: &AddressSources,
    printer: &mut Printer,
    notes: &Notes,
) -> Result<(), Failure> {
    let (mut wanted, mut failed) = (0_u64, 0_u64);
    let mut unanswered = 0;
    while let Some(id) = ids.next() {
        wanted += 1;
        let explanation = match id {
            Ok(id) => match pacing.call(client, id, notes).await {
                Ok(customer) => {
                    unanswered = 0;
                    printer.page(slice::from_ref(&customer))?;
                    continue;
                }
                Err(error) => {
                    let obstacle = Obstacle::of(&error);
                    unanswered = if obstacle == Obstacle::NoAnswer { unanswered + 1 } else { 0 };
                    if obstacle == Obstacle::ForAll || unanswered == MOST_UNANSWERED || !pacing.may_wait(&error) {
                        let what = format!("{}{}", not_fetched(id), not_requested(ids));
                        return Err(Failure::of_call(&what, &error, sources));
                    }
                    Explanation::of_call(&not_fetched(id), &error, sources)
                }
            },
            Err(Unusable::Word(explanation)) => explanation,
            Err(Unusable::Input(failure)) => return Err(failure),
        };
        failed += 1;
        notes.report(&explanation);
    }
    let note = printer.end()?;
    if wanted == 0 {
        notes.say("note: standard input names no customers");
        return Ok(());
    }
    match (failed, note) {
        (0, None) => Ok(()),
        (0, Some(note)) => {
            notes.say(note);
            Ok(())
        }
        _ => Err(Failure::Several(format!("{failed} of {wanted} customers could not be fetched"))),
    }
}

/// When the next customer may be requested: not before the wait has passed that the service asked for.
pub(super) struct Pacing<'a, X> {
    transport: &'a X,
    /// The end of the whole command.
    until: Option<Instant>,
    not_before: Option<Instant>,
}

impl<'a, X: Transport> Pacing<'a, X> {
    pub(super) fn new(transport: &'a X, until: Option<Instant>) -> Self {
        Self { transport, until, not_before: None }
    }

    /// Requests a customer, as soon as that may be done.
    async fn call(&mut self, client: &Client<Arc<X>>, id: Uuid, notes: &Notes) -> Result<Customer, Error> {
        let not_before = self.not_before.take();
        let wait = not_before.map(|at| at.saturating_duration_since(Instant::now())).filter(|wait| !wait.is_zero());
        if let Some(wait) = wait {
            notes.say(format!("note: waiting {} s, as the service asks", whole_seconds(wait)));
            X::Mode::into_future(self.transport.sleep(wait)).await;
        }
        X::Mode::into_future(client.call(GetCustomer::new(id))).await
    }

    /// Takes note of how long the service asks to wait, and says whether the command has that much time.
    fn may_wait(&mut self, error: &Error) -> bool {
        let Some(wait) = error.retry_after() else { return true };
        self.not_before = Instant::now().checked_add(wait);
        self.not_before.is_some_and(|at| self.until.is_none_or(|until| at < until))
    }
}

/// What stands between the command and a customer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Obstacle {
    /// The others may be had.
    ForThisOne,
    /// The service may answer for the others.
    NoAnswer,
    /// The others cannot be had either.
    ForAll,
}

impl Obstacle {
    fn of(error: &Error) -> Self {
        match (error.kind(), error.reason()) {
            // Without a token there is nothing to ask with.
            _ if error.is_authentication() => Self::ForAll,
            // To request the next one would be to do what the service asks not to do, and to lose that one, too.
            _ if error.exceeds_max_retry_after() => Self::ForAll,
            // The timeout of an attempt is one of the transport; the other one is the deadline of the command.
            (ErrorKind::Timeout, _) if !error.source().is_some_and(<dyn StdError>::is::<TransportError>) => {
                Self::ForAll
            }
            (ErrorKind::Transport | ErrorKind::Timeout, _) | (_, Some(ErrorReason::Throttled)) => Self::NoAnswer,
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
            ) => Self::ForAll,
            _ if error.status().is_some_and(|status| status.is_server_error()) => Self::NoAnswer,
            _ => Self::ForThisOne,
        }
    }
}

/// How many of the IDs were not requested when the command ends before its time.
fn not_requested(ids: Ids) -> String {
    match ids.count_rest() {
        Ok(0) => String::new(),
        Ok(1) => ", and the one ID after it was not requested".to_owned(),
        Ok(count) => format!(", and the {count} IDs after it were not requested"),
        Err(count) => format!(", and the IDs after it, at least {count}, were not requested"),
    }
}

fn not_fetched(id: Uuid) -> String {
    format!("customer {id} could not be fetched")
}
