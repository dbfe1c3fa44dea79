//! The operations of the service: one implementation for all, which reads the tables of the specification.

mod body;
pub(super) mod confirmation;
mod ids;
pub(super) mod input;
mod json_tree;
pub(super) mod list;
mod passwords;
mod read_change_write;
pub(super) mod request;
mod response;
mod secrets;
mod several;

pub(crate) use request::PlannedRequest;
pub(crate) use secrets::replace_secrets;

use crate::{
    arguments::{
        OutputFormat,
        operations::{
            IdArg, OperationCall,
            help::{cloud_name, first_sentence, markdown_to_plain_text},
            naming::ResourceNoun,
            tables::{ResultShape, example_body, takes_several_ids},
        },
    },
    customer_names::CustomerNamesCollector,
    error::{CommandError, UsageError},
    messages::Messages,
    output::{Printer, pretty_print_json, undocumented_paths, write_to_stdout},
    session::Session,
};
use ids::RequestedIds;
use partner_center::{Client, RetryPolicy, Transport, transport::Mode};
use partner_center_spec::{Operation, Outcome};
use passwords::{PasswordFile, withhold_passwords};
use response::{ReceivedBody, ReceivedResponse};
use std::sync::Arc;

/// Prints the example of the body.
pub(crate) fn print_example_body(call: &OperationCall, messages: &Messages) -> Result<(), CommandError> {
    let example = example_body(call.operation).unwrap_or_default();
    Ok(write_to_stdout((pretty_print_json(&example) + "\n").as_bytes(), messages)?)
}

/// Performs the call and prints its result.
pub(crate) async fn run_operation<X: Transport>(
    call: OperationCall,
    transport: X,
    session: &Session<'_>,
    messages: &Messages,
) -> Result<(), CommandError> {
    let operation = call.operation;
    print_notes_before_request(&call, session, messages);
    let is_of_several = takes_several_ids(operation) && single_id_of_call(&call).is_none();
    let mut request = plan_call(&call, messages)?;
    let reads_first = read_change_write::reader_of_call(&call).is_some();
    if call.options.is_dry_run {
        if reads_first {
            messages.print("note: the resource is read first, and sent back complete with these fields");
            request.body = body::build_body(operation, &call.body, messages)?;
        }
        return print_planned_requests(&call, &request, session, messages);
    }
    if !reads_first && operation.is_destructive {
        confirm_request(&call, &request)?;
    }

    let transport = Arc::new(transport);
    let mut retry = RetryPolicy::default();
    if is_of_several {
        // One throttled request must not cost the others.
        retry = retry.max_retry_after(several::MAX_RETRY_AFTER_FOR_SEVERAL);
    }
    let client = session.build_client_with_retry_policy(
        retry,
        transport.clone(),
        session.configured_credential()?.build_credential(messages),
        messages,
    )?;
    let noun = call.result_noun();
    let mut printer = Printer::new(session.options, operation, &call.options, noun, messages);
    if is_of_several {
        let pacing = several::RequestPacing::new(&*transport, session.deadline);
        let ids = RequestedIds::new(operation, call.ids.clone(), session.deadline);
        return several::print_each_id(&client, pacing, &call, ids, &session.sources, &mut printer, messages).await;
    }
    perform_call(&client, &call, request, session, &mut printer, messages).await
}

/// Returns the request of a call, with its body unless the resource is read first.
pub(crate) fn plan_call(call: &OperationCall, messages: &Messages) -> Result<PlannedRequest, UsageError> {
    let mut request = request::plan_request(call, single_id_of_call(call))?;
    if read_change_write::reader_of_call(call).is_none() {
        request.body = body::build_body(call.operation, &call.body, messages)?;
        request.set_etag_from_body(call.operation)?;
    }
    Ok(request)
}

fn single_id_of_call(call: &OperationCall) -> Option<&str> {
    match &call.ids[..] {
        [IdArg::Id(id)] => Some(id),
        _ => None,
    }
}

/// Performs a call whose request is planned, and prints its result with `printer`. A resource that the request changes is read
/// first.
pub(crate) async fn perform_call<X: Transport>(
    client: &Client<X>,
    call: &OperationCall,
    mut request: PlannedRequest,
    session: &Session<'_>,
    printer: &mut Printer,
    messages: &Messages,
) -> Result<(), CommandError> {
    let (operation, noun) = (call.operation, call.result_noun());
    if let Some(reader) = read_change_write::reader_of_call(call) {
        let differences =
            read_change_write::read_and_change(client, reader, call, &mut request, session, messages).await?;
        if differences == 0 {
            messages.print("note: nothing was sent, as nothing would change");
            return Ok(());
        }
        confirm_request(call, &request)?;
    }
    if let Some(pagination) = request::pagination_of_operation(operation) {
        let mut pages = client.request_raw_pages(request.raw_request(operation), pagination);
        if call.options.limit.is_none() {
            // The next page is requested while this one is printed; with a limit, that would be one page too many.
            pages = pages.prefetch();
        }
        let mut names = CustomerNamesCollector::of_call(call, session);
        let look_at_page = |items: &[&str]| names.iter_mut().for_each(|names| names.add_items(items));
        list::print_pages(pages, call.options.limit, noun, &session.sources, printer, look_at_page, messages).await?;
        if let Some(names) = names {
            names.store();
        }
        return Ok(());
    }
    let password_file = call.options.password.file.as_deref().map(PasswordFile::create).transpose()?;
    let response = send_request(client, request, operation).await;
    let mut response = response.map_err(|error| {
        let message = single_id_of_call(call)
            .map_or_else(|| failure_message(operation, noun), |id| several::not_fetched_message(noun, id));
        CommandError::from_client_error(&message, &error, &session.sources)
    })?;
    withhold_passwords(
        &mut response,
        operation,
        &call.options.password,
        password_file,
        session.options.output,
        messages,
    )?;
    print_response(response, call, session.options.output, printer, messages)
}

/// Asks before a request that removes something, cannot be undone, or replaces what was read, unless `--yes` confirms it.
fn confirm_request(call: &OperationCall, request: &PlannedRequest) -> Result<(), CommandError> {
    if call.options.is_confirmed {
        return Ok(());
    }
    let mut what = first_sentence(call.operation.summary);
    if let Some(first) = what.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    confirmation::ask_to_confirm_removal(&format!("{} {} {what}", request.method, request.target))
}

/// Sends a request that has a single response.
async fn send_request<X: Transport>(
    client: &Client<X>,
    request: PlannedRequest,
    operation: &'static Operation,
) -> Result<ReceivedResponse, partner_center::Error> {
    let request = request.raw_request(operation);
    if ResultShape::of_operation(operation) == ResultShape::Bytes {
        return X::Mode::into_future(client.request_as::<response::ContentResponse>(request))
            .await
            .map(|content| content.0);
    }
    X::Mode::into_future(client.request_as::<ReceivedResponse>(request)).await
}

/// Says what failed.
fn failure_message(operation: &Operation, noun: ResourceNoun) -> String {
    match ResultShape::of_operation(operation) {
        ResultShape::Pages | ResultShape::List { .. } => list::not_listed_message(noun),
        _ => format!("`{}` failed", operation.command),
    }
}

/// Prints what is worth knowing before the request is sent.
pub(crate) fn print_notes_before_request(call: &OperationCall, session: &Session<'_>, messages: &Messages) {
    let operation = call.operation;
    if let Some(why) = operation.deprecated {
        messages.print(format_args!("note: this operation is deprecated: {}", markdown_to_plain_text(why)));
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
fn print_planned_requests(
    call: &OperationCall,
    request: &PlannedRequest,
    session: &Session<'_>,
    messages: &Messages,
) -> Result<(), CommandError> {
    let mut text = String::new();
    if call.ids.is_empty() {
        text = request.format_for_dry_run(&session.base_url);
    }
    for id in &call.ids {
        let id = match id {
            IdArg::Id(id) => id.as_str(),
            // Standard input is not read, as nothing is sent.
            IdArg::Stdin => "-",
        };
        text.push_str(&request::plan_request(call, Some(id))?.format_for_dry_run(&session.base_url));
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
    for (name, value) in response.result_header_fields(operation) {
        messages.print(crate::terminal::escape_control_characters(&format!("note: {name}: {value}")));
    }
    let outcome = response.response_outcome(operation);
    if outcome == Outcome::Accepted {
        let advice = match (&response.accepted, &response.body) {
            (Some(_), ReceivedBody::None) => "what is printed says where or when to look",
            _ => "look later what became of it",
        };
        messages.print(format_args!("note: accepted, not done yet: {advice}"));
    }
    let shape = ResultShape::of_operation(operation);
    match (outcome, response.body) {
        (Outcome::Absent, _) if shape == ResultShape::Presence => {
            Ok(printer.print_value(&response::json_boolean(false))?)
        }
        (Outcome::Absent, _) => {
            messages.print(format_args!("no {}", call.result_noun().singular()));
            if !format.has_columns() {
                printer.print_value(&response::json_null())?;
            }
            Ok(())
        }
        (Outcome::Accepted, ReceivedBody::None) => match response.accepted {
            Some(accepted) => Ok(printer.print_value(&accepted)?),
            None => Ok(()),
        },
        (_, ReceivedBody::None) if shape == ResultShape::Presence => {
            Ok(printer.print_value(&response::json_boolean(true))?)
        }
        (_, ReceivedBody::None) => Ok(()),
        (_, ReceivedBody::Bytes(bytes)) => Ok(write_to_stdout(&bytes, messages)?),
        (_, ReceivedBody::Json(value)) => match shape {
            ResultShape::List { items } => list::print_complete_list(&value, items, call, printer, messages),
            // What it may say is not described.
            ResultShape::Nothing => Ok(()),
            _ => Ok(printer.print_value(&value)?),
        },
    }
}
