//! `partner-center customers`, written once for both transports.

mod get;
mod ids;
mod list;

use crate::{
    arguments::{CustomersCommand, Wanted},
    failure::Failure,
    notes::Notes,
    output::Printer,
    session::Session,
};
use ids::Ids;
use partner_center::{RetryPolicy, Transport};
use std::sync::Arc;

/// Does what `command` says.
pub(crate) async fn perform<X: Transport>(
    command: CustomersCommand,
    transport: X,
    session: &Session<'_>,
    notes: &Notes,
) -> Result<(), Failure> {
    let transport = Arc::new(transport);
    let mut retry = RetryPolicy::default();
    if let CustomersCommand::Get { ids } = &command
        && !matches!(ids[..], [Wanted::Id(_)])
    {
        // To give up after one of many would lose the rest.
        retry = retry.max_retry_after(get::MAX_RETRY_AFTER);
    }
    let client = session.client_with(retry, transport.clone(), session.identity()?.credential(notes), notes)?;
    let pacing = get::Pacing::new(&*transport, session.until);
    let is_list = matches!(command, CustomersCommand::List(_));
    let mut printer = Printer::new(session.options.output, is_list, notes);
    match command {
        CustomersCommand::List(list) => list::print(&client, list, &session.sources, &mut printer, notes).await,
        CustomersCommand::Get { ids } => {
            if let [Wanted::Id(id)] = ids[..] {
                return get::print_one(&client, id, &session.sources, &mut printer).await;
            }
            let ids = Ids::new(ids, session.until);
            get::print_each(&client, pacing, ids, &session.sources, &mut printer, notes).await
        }
    }
}
