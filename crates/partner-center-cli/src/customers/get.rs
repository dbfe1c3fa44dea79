//! `partner-center customers get`

use super::ids::Unusable;
use crate::{
    failure::{Explanation, Failure},
    notes::Notes,
    output::Printer,
};
use partner_center::{Client, Error, ErrorKind, GetCustomer, Mode, Reason, Transport, TransportError};
use std::{error::Error as StdError, slice};
use uuid::Uuid;

/// After so many customers in a row for whom the service had no answer, there is no service to ask for more.
const MOST_UNANSWERED: u32 = 3;

/// Prints one customer with all there is of it.
pub(super) async fn print_one<X: Transport>(
    client: &Client<X>,
    id: Uuid,
    printer: &mut Printer,
) -> Result<(), Failure> {
    let customer = X::Mode::wait(client.call(GetCustomer::new(id))).await;
    let customer = customer.map_err(|error| Failure::of_call(&not_fetched(id), &error))?;
    Ok(printer.customer(&customer)?)
}

/// Prints each of the customers as part of a list, and reports those that cannot be fetched.
pub(super) async fn print_each<X: Transport>(
    client: &Client<X>,
    ids: impl Iterator<Item = Result<Uuid, Unusable>>,
    printer: &mut Printer,
    notes: &Notes,
) -> Result<(), Failure> {
    let (mut wanted, mut failed) = (0_u64, 0_u64);
    let mut unanswered = 0;
    for id in ids {
        wanted += 1;
        let explanation = match id {
            Ok(id) => match X::Mode::wait(client.call(GetCustomer::new(id))).await {
                Ok(customer) => {
                    unanswered = 0;
                    printer.page(slice::from_ref(&customer))?;
                    continue;
                }
                Err(error) => {
                    let obstacle = Obstacle::of(&error);
                    unanswered = if obstacle == Obstacle::NoAnswer { unanswered + 1 } else { 0 };
                    if obstacle == Obstacle::ForAll || unanswered == MOST_UNANSWERED {
                        let what = format!("{}, and no more were asked for", not_fetched(id));
                        return Err(Failure::of_call(&what, &error));
                    }
                    Explanation::of_call(&not_fetched(id), &error)
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
            _ if error.is_sign_in() => Self::ForAll,
            // The timeout of an attempt is one of the transport; the other one is the deadline of the command.
            (ErrorKind::Timeout, _) if !error.source().is_some_and(<dyn StdError>::is::<TransportError>) => {
                Self::ForAll
            }
            (ErrorKind::Transport | ErrorKind::Timeout, _) | (_, Some(Reason::Throttled)) => Self::NoAnswer,
            (
                _,
                Some(
                    Reason::Unauthorized
                    | Reason::AudienceRetired
                    | Reason::NeedsAppAndUser
                    | Reason::ConditionalAccess
                    | Reason::AgreementMissing
                    | Reason::PartnerInactive
                    | Reason::PartnerUnknown,
                ),
            ) => Self::ForAll,
            _ if error.status().is_some_and(|status| status.is_server_error()) => Self::NoAnswer,
            _ => Self::ForThisOne,
        }
    }
}

fn not_fetched(id: Uuid) -> String {
    format!("customer {id} could not be fetched")
}
