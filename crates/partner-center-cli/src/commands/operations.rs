//! The operations of the service: one implementation for all, which reads the tables of the specification.

mod body;
pub(super) mod confirmation;
mod ids;
pub(super) mod input;
mod json_tree;
pub(super) mod list;
pub(super) mod request;
mod response;
mod several;

use crate::{
    arguments::{
        OutputFormat,
        operations::{
            IdArg, OperationCall,
            help::{cloud_name, first_sentence, plain_text},
            naming::Noun,
            tables::{Shape, example_body, takes_several_ids},
        },
    },
    error::CommandError,
    messages::Messages,
    output::{Printer, pretty, undocumented_paths, write_to_stdout},
    session::Session,
};
use ids::RequestedIds;
use partner_center::{Client, RetryPolicy, Transport, transport::Mode};
use partner_center_spec::{Operation, Outcome};
use request::PlannedRequest;
use response::{ReceivedBody, ReceivedResponse};
use std::sync::Arc;

/// Prints the example of the body.
pub(crate) fn print_example_body(call: &OperationCall, messages: &Messages) -> Result<(), CommandError> {
    let example = example_body(call.operation).unwrap_or_default();
    Ok(write_to_stdout((pretty(&example) + "\n").as_bytes(), messages)?)
}

/// Performs the call and prints its result.
pub(crate) async fn run<X: Transport>(
    call: OperationCall,
    transport: X,
    session: &Session<'_>,
    messages: &Messages,
) -> Result<(), CommandError> {
    let operation = call.operation;
    print_notes(&call, session, messages);
    let single_id = match &call.ids[..] {
        [IdArg::Id(id)] => Some(id.as_str()),
        _ => None,
    };
    let is_of_several = takes_several_ids(operation) && single_id.is_none();
    let mut request = request::plan(&call, single_id)?;
    request.body = body::build(operation, &call.body)?;
    if call.options.is_dry_run {
        return print_requests(&call, &request, session, messages);
    }
    if operation.is_destructive && !call.options.is_confirmed {
        let what = first_sentence(operation.summary);
        confirmation::ask(&format!("{} {} ({what})", request.method, request.target))?;
    }

    let transport = Arc::new(transport);
    let mut retry = RetryPolicy::default();
    if is_of_several {
        // One throttled request must not cost the others.
        retry = retry.max_retry_after(several::MAX_RETRY_AFTER);
    }
    let client = session.client_with(retry, transport.clone(), session.credential()?.credential(messages), messages)?;
    let noun = call.noun();
    let mut printer = Printer::new(session.options.output, operation, &call.options.columns, noun, messages);
    if is_of_several {
        let pacing = several::Pacing::new(&*transport, session.deadline);
        let ids = RequestedIds::new(operation, call.ids.clone(), session.deadline);
        return several::print_each(&client, pacing, &call, ids, &session.sources, &mut printer, messages).await;
    }
    if let Some(pagination) = request::pagination(operation) {
        let mut pages = client.request_pages(request.raw_request(operation), pagination);
        if call.options.limit.is_none() {
            // The next page is requested while this one is printed; with a limit, that would be one page too many.
            pages = pages.prefetch();
        }
        return list::print_pages(pages, call.options.limit, noun, &session.sources, &mut printer, messages).await;
    }
    let response = send(&client, request, operation).await;
    let response = response.map_err(|error| {
        let message = single_id.map_or_else(|| failed(operation, noun), |id| several::not_fetched(noun, id));
        CommandError::from_client_error(&message, &error, &session.sources)
    })?;
    print_response(response, &call, session.options.output, &mut printer, messages)
}

/// Sends a request that has a single response.
async fn send<X: Transport>(
    client: &Client<X>,
    request: PlannedRequest,
    operation: &'static Operation,
) -> Result<ReceivedResponse, partner_center::Error> {
    let request = request.raw_request(operation);
    if Shape::of(operation) == Shape::Bytes {
        return X::Mode::into_future(client.request_as::<response::Content>(request)).await.map(|content| content.0);
    }
    X::Mode::into_future(client.request_as::<ReceivedResponse>(request)).await
}

/// Says what failed.
fn failed(operation: &Operation, noun: Noun) -> String {
    match Shape::of(operation) {
        Shape::Pages | Shape::List { .. } => list::not_listed(noun),
        _ => format!("`{}` failed", operation.command),
    }
}

/// Prints what is worth knowing before the request is sent.
fn print_notes(call: &OperationCall, session: &Session<'_>, messages: &Messages) {
    let operation = call.operation;
    if let Some(why) = operation.deprecated {
        messages.print(format_args!("note: this operation is deprecated: {}", plain_text(why)));
    }
    let cloud = session.cloud_name();
    if !operation.clouds.is_empty() && !operation.clouds.iter().any(|known| cloud_name(*known) == cloud) {
        messages.print(format_args!("note: the cloud `{cloud}` is not documented to have this operation"));
    }
    for path in undocumented_paths(operation, &call.options.columns) {
        messages.print(format_args!("note: the column `{path}` is not documented, so that it may be empty"));
    }
}

/// Prints the request of a call, or one for each ID, in place of sending it.
fn print_requests(
    call: &OperationCall,
    request: &PlannedRequest,
    session: &Session<'_>,
    messages: &Messages,
) -> Result<(), CommandError> {
    let mut text = String::new();
    if call.ids.is_empty() {
        text = request.shown(&session.base_url);
    }
    for id in &call.ids {
        let id = match id {
            IdArg::Id(id) => id.as_str(),
            // Standard input is not read, as nothing is sent.
            IdArg::Stdin => "-",
        };
        text.push_str(&request::plan(call, Some(id))?.shown(&session.base_url));
    }
    write_to_stdout(text.as_bytes(), messages)?;
    messages.print("note: nothing was sent; the client adds the token and the IDs of the request");
    Ok(())
}

/// Prints a single response.
fn print_response(
    response: ReceivedResponse,
    call: &OperationCall,
    format: OutputFormat,
    printer: &mut Printer,
    messages: &Messages,
) -> Result<(), CommandError> {
    let operation = call.operation;
    for (name, value) in response.fields(operation) {
        messages.print(crate::terminal::escape_control(&format!("note: {name}: {value}")));
    }
    let shape = Shape::of(operation);
    match (response.outcome(operation), response.body) {
        (Outcome::Absent, _) if shape == Shape::Presence => Ok(printer.value(&response::boolean(false))?),
        (Outcome::Absent, _) => {
            messages.print(format_args!("no {}", call.noun().singular()));
            if let OutputFormat::Json | OutputFormat::Jsonl = format {
                printer.value(&response::null())?;
            }
            Ok(())
        }
        (Outcome::Accepted, ReceivedBody::None) => Ok(printer.value(&response.accepted)?),
        (_, ReceivedBody::None) if shape == Shape::Presence => Ok(printer.value(&response::boolean(true))?),
        (_, ReceivedBody::None) => Ok(()),
        (_, ReceivedBody::Bytes(bytes)) => Ok(write_to_stdout(&bytes, messages)?),
        (_, ReceivedBody::Json(value)) => match shape {
            Shape::List { items } => list::print_complete(&value, items, call, printer, messages),
            // What it may say is not described.
            Shape::Nothing => Ok(()),
            _ => Ok(printer.value(&value)?),
        },
    }
}
