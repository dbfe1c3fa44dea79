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
use partner_center::Transport;
use std::sync::Arc;

/// Does what `command` says.
pub(crate) async fn perform<X: Transport>(
    command: CustomersCommand,
    transport: X,
    session: &Session<'_>,
    notes: &Notes,
) -> Result<(), Failure> {
    let transport = Arc::new(transport);
    let client = session.client(transport.clone(), session.identity()?.credential(notes), notes)?;
    let pacing = get::Pacing::new(&*transport, session.until);
    let is_list = matches!(command, CustomersCommand::List(_));
    let mut printer = Printer::new(session.options.output, is_list, notes);
    match command {
        CustomersCommand::List(list) => list::print(&client, list, &mut printer, notes).await,
        CustomersCommand::Get { ids } => match ids[..] {
            [Wanted::Id(id)] => get::print_one(&client, id, &mut printer).await,
            _ => get::print_each(&client, pacing, ids::read(ids, session.until), &mut printer, notes).await,
        },
    }
}
