//! The operations of the service: one implementation for all, which reads the tables of the specification.

mod body;
mod bulk;
pub(super) mod confirmation;
mod field_notes;
mod ids;
pub(super) mod input;
mod json_tree;
pub(super) mod list;
mod passwords;
pub(super) mod planned_request;
mod read_change_write;
pub(super) mod request;
mod response;
mod secrets;

pub(crate) use bulk::may_send_changes;
pub(crate) use request::PlannedRequest;
pub(crate) use secrets::replace_secrets;

use crate::{
    arguments::{
        OutputFormat,
        operations::{
            OperationCall,
            help::{cloud_argument_value, markdown_to_plain_text},
            naming::ResourceNoun,
            tables::{ResultShape, asks_before_sending_given_body, example_body, is_read_only},
        },
    },
    customer_names::CustomerNamesCollector,
    error::{CommandError, UsageError},
    messages::Messages,
    output::{Printer, pretty_print_json, write_to_stdout},
    session::Session,
    terminal::replace_control_characters,
};
use bulk::Customer;
use partner_center::{Client, Error, Transport, transport::Mode};
use partner_center_spec::{Operation, Outcome};
use passwords::{PasswordFile, apply_password_options};
use planned_request::PlannedFormat;
use read_change_write::ChangedResource;
use request::TargetIds;
use response::{ReceivedBody, ReceivedResponse};

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
    print_notes_before_request(&call, session, messages);
    if bulk::is_performed_many_times(&call) {
        return bulk::run_many_times(call, transport, session, messages).await;
    }
    let request = plan_call(&call, messages)?;
    let planned = PlannedFormat::of_call(&call.options);
    let reads_first = read_change_write::reading_operation_of_call(&call).is_some();
    if let Some(format) = planned
        && !reads_first
        && request::customer_domain(&call).is_none()
    {
        return print_planned_request(&request, format, session, messages);
    }
    if !reads_first && asks_before_sending_given_body(call.operation) && planned.is_none() {
        ask_before_destructive_request(&call, &request)?;
    }
    let credential = session.configured_credential()?.build_credential(messages);
    let client = session.build_client(transport, credential, messages)?;
    if let Some(format) = planned {
        let request = complete_request_from_service(request, &client, &call, session, messages).await?;
        return request.map_or(Ok(()), |request| print_planned_request(&request, format, session, messages));
    }
    let mut printer =
        Printer::new(session.options, call.operation, &call.options, call.result_resource_noun(), messages);
    perform_call(&client, &call, request, session, &mut printer, messages).await
}

/// Returns the request of a call, with its body unless the resource is read first.
pub(crate) fn plan_call(call: &OperationCall, messages: &Messages) -> Result<PlannedRequest, UsageError> {
    let mut request = request::plan_request_without_body(call, TargetIds { id: call.single_id(), customer: None })?;
    if read_change_write::reading_operation_of_call(call).is_none() {
        request.body = body::build_body(call.operation, &call.body, messages)?;
        request.set_etag_from_body(call.operation)?;
    }
    Ok(request)
}

/// Performs a call whose request is planned, and prints its result with `printer`. A customer that is named by a domain is looked up
/// first, and a resource that the request changes is read.
pub(crate) async fn perform_call<X: Transport>(
    client: &Client<X>,
    call: &OperationCall,
    request: PlannedRequest,
    session: &Session<'_>,
    printer: &mut Printer,
    messages: &Messages,
) -> Result<(), CommandError> {
    match complete_request_from_service(request, client, call, session, messages).await? {
        Some(request) => send_and_print(client, request, call, session, printer, messages).await,
        None => Ok(()),
    }
}

/// Looks up the customer of the request, and reads what it changes; returns `None` if nothing would change.
async fn complete_request_from_service<X: Transport>(
    mut request: PlannedRequest,
    client: &Client<X>,
    call: &OperationCall,
    session: &Session<'_>,
    messages: &Messages,
) -> Result<Option<PlannedRequest>, CommandError> {
    if let Some(domain) = request::customer_domain(call) {
        let failed = |error: &Error| {
            let message = format!("the customer with the domain `{domain}` could not be found");
            CommandError::from_client_error(&message, error, &session.sources)
        };
        let customer = Customer::with_id(domain.clone());
        let customer = bulk::find_customer(client, &customer).await.map_err(|error| failed(&error))?;
        request.target =
            request::plan_request_without_body(call, TargetIds { customer: Some(&customer.id), id: call.single_id() })?
                .target;
    }
    let Some(reader) = read_change_write::reading_operation_of_call(call) else { return Ok(Some(request)) };
    let change = read_change_write::read_and_change(client, reader, call, &request, messages).await;
    let ChangedResource { differences, body } = change.map_err(|error| {
        let message = format!("what `{}` changes could not be read", call.operation.command);
        CommandError::from_client_error(&message, &error, &session.sources)
    })?;
    if differences.is_empty() {
        messages.print("note: nothing was sent, as nothing would change");
        return Ok(None);
    }
    for difference in &differences {
        messages.print(replace_control_characters(difference));
    }
    request.body = Some(body);
    request.set_etag_from_body(call.operation)?;
    if PlannedFormat::of_call(&call.options).is_none() {
        ask_before_destructive_request(call, &request)?;
    }
    Ok(Some(request))
}

/// Returns the ID of the customer that an ID or a default domain names.
pub(crate) async fn find_customer_by_id_or_domain<X: Transport>(
    client: &Client<X>,
    customer: &str,
) -> Result<String, Error> {
    let customer = bulk::find_customer(client, &Customer::with_id(customer.to_owned())).await?;
    Ok(customer.id)
}

/// Sends the request of a call, and prints what comes of it.
async fn send_and_print<X: Transport>(
    client: &Client<X>,
    request: PlannedRequest,
    call: &OperationCall,
    session: &Session<'_>,
    printer: &mut Printer,
    messages: &Messages,
) -> Result<(), CommandError> {
    let (operation, noun) = (call.operation, call.result_resource_noun());
    if let Some(pagination) = request::pagination_of_operation(operation) {
        let mut pages = client.request_raw_pages(request.into_raw_request_of_operation(operation), pagination);
        if call.options.limit.is_none() {
            // The next page is requested while this one is printed; with a limit, that would be one page too many.
            pages = pages.prefetch();
        }
        let mut names = CustomerNamesCollector::of_call(call, session);
        let mut count = 0;
        let look_at_page = |items: &[&str]| {
            count += items.len();
            if let Some(names) = &mut names {
                names.add_items(items);
            }
        };
        list::print_pages(pages, call.options.limit, noun, &session.sources, printer, look_at_page, messages).await?;
        field_notes::note_if_no_domain_was_found(call, count, messages);
        if let Some(names) = names {
            names.store();
        }
        return Ok(());
    }
    let password_file = call.options.password.file.as_deref().map(PasswordFile::create).transpose()?;
    let response = send_request(client, request, operation).await;
    let mut response = response.map_err(|error| {
        let message = match call.single_id() {
            Some(id) => format!("{} {id} could not be fetched", noun.singular()),
            None => operation_failure_message(operation, noun),
        };
        CommandError::from_client_error(&message, &error, &session.sources)
    })?;
    apply_password_options(
        &mut response,
        operation,
        &call.options.password,
        password_file,
        session.options.output,
        messages,
    )?;
    print_response(response, call, session.options.output, printer, messages).map_err(|error| match error {
        // The reader of the output wants no more of it.
        CommandError::OutputClosed => error,
        _ if is_read_only(call.operation) => error,
        _ => error.after_change("the change was made"),
    })
}

/// Asks before a request that removes something, cannot be undone, or replaces what was read, unless `--yes` confirms it.
fn ask_before_destructive_request(call: &OperationCall, request: &PlannedRequest) -> Result<(), CommandError> {
    if call.options.is_confirmed {
        return Ok(());
    }
    let what =
        format!("{} {} {}", request.method, request.target, confirmation::lowercased_operation_summary(call.operation));
    if call.operation.is_destructive {
        confirmation::ask_to_confirm_removal(&what)
    } else {
        confirmation::ask_to_confirm_replacement(&what)
    }
}

/// Prints a request in place of sending it.
pub(super) fn print_planned_request(
    request: &PlannedRequest,
    format: PlannedFormat,
    session: &Session<'_>,
    messages: &Messages,
) -> Result<(), CommandError> {
    write_to_stdout(format.format_request(request, &session.base_url).as_bytes(), messages)?;
    messages.print(format.note());
    Ok(())
}

/// Sends a request that has a single response.
async fn send_request<X: Transport>(
    client: &Client<X>,
    request: PlannedRequest,
    operation: &'static Operation,
) -> Result<ReceivedResponse, Error> {
    let request = request.into_raw_request_of_operation(operation);
    if ResultShape::of_operation(operation) == ResultShape::Bytes {
        return X::Mode::into_future(client.request_as::<response::TextOrBinaryResponse>(request))
            .await
            .map(|content| content.0);
    }
    X::Mode::into_future(client.request_as::<ReceivedResponse>(request)).await
}

/// Says what failed.
fn operation_failure_message(operation: &Operation, noun: ResourceNoun) -> String {
    match ResultShape::of_operation(operation) {
        ResultShape::Pages | ResultShape::List { .. } => list::listing_failed_message(noun),
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
    if !operation.clouds.is_empty() && !operation.clouds.iter().any(|known| cloud_argument_value(*known) == cloud) {
        messages.print(format_args!("note: the cloud `{cloud}` is not documented to have this operation"));
    }
    field_notes::print_field_notes(call, session.options.sort_by.as_deref(), messages);
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
    for (name, value) in response.result_headers(operation) {
        messages.print(replace_control_characters(&format!("note: {name}: {value}")));
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
            Ok(printer.print_value(&response::boolean_json_value(false))?)
        }
        (Outcome::Absent, _) => {
            messages.print(format_args!("no {}", call.result_resource_noun().singular()));
            if let OutputFormat::Json | OutputFormat::Jsonl | OutputFormat::Yaml = format {
                printer.print_value(&response::null_json_value())?;
            }
            Ok(())
        }
        (Outcome::Accepted, ReceivedBody::None) => match response.accepted {
            Some(accepted) => Ok(printer.print_value(&accepted)?),
            None => Ok(()),
        },
        (_, ReceivedBody::None) if shape == ResultShape::Presence => {
            Ok(printer.print_value(&response::boolean_json_value(true))?)
        }
        (_, ReceivedBody::None) => Ok(()),
        (_, ReceivedBody::Bytes(bytes)) => Ok(write_to_stdout(&bytes, messages)?),
        (_, ReceivedBody::Json(value)) => match shape {
            ResultShape::List { items } => list::print_list_of_single_response(&value, items, call, printer, messages),
            // What it may say is not described.
            ResultShape::Nothing => Ok(()),
            _ => Ok(printer.print_value(&value)?),
        },
    }
}
