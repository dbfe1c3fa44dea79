//! `partner-center customers`, for both transports.

mod get;
mod ids;
mod list;

use crate::{
    arguments::{CustomersCommand, IdArg},
    error::CommandError,
    messages::Messages,
    output::Printer,
    session::Session,
};
use ids::RequestedIds;
use partner_center::{RetryPolicy, Transport};
use std::sync::Arc;

/// Runs `command`.
pub(crate) async fn run_command<X: Transport>(
    command: CustomersCommand,
    transport: X,
    session: &Session<'_>,
    messages: &Messages,
) -> Result<(), CommandError> {
    let transport = Arc::new(transport);
    let mut retry = RetryPolicy::default();
    if let CustomersCommand::Get { ids } = &command
        && !matches!(ids[..], [IdArg::Id(_)])
    {
        // One throttled request must not cost the other customers.
        retry = retry.max_retry_after(get::MAX_RETRY_AFTER);
    }
    let client = session.client_with(retry, transport.clone(), session.credential()?.credential(messages), messages)?;
    let pacing = get::Pacing::new(&*transport, session.deadline);
    let is_list = matches!(command, CustomersCommand::List(_));
    let mut printer = Printer::new(session.options.output, is_list, messages);
    match command {
        CustomersCommand::List(list) => list::print_list(&client, list, &session.sources, &mut printer, messages).await,
        CustomersCommand::Get { ids } => {
            if let [IdArg::Id(id)] = ids[..] {
                return get::print_one(&client, id, &session.sources, &mut printer).await;
            }
            let ids = RequestedIds::new(ids, session.deadline);
            get::print_each(&client, pacing, ids, &session.sources, &mut printer, messages).await
        }
    }
}
