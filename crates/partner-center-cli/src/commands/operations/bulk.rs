//! Operations that are performed many times, several at the same time: for several IDs, for all customers, or for those of a file.
//!
//! [`targets`] are what it is performed for, one after the other; [`work`] is what is done for each; [`outcomes`] prints what
//! came of it in the order of the targets, and sums it up; [`journal`] keeps it for a later run.

mod customers;
mod failure;
mod journal;
mod outcomes;
mod run;
mod target;
mod targets;
mod work;

use super::{
    body, confirmation, field_notes,
    ids::RequestedIds,
    planned_request::PlannedFormat,
    read_change_write,
    request::{self, RequestBody, TargetIds},
};
use crate::{
    arguments::operations::{
        IdArg, OperationCall,
        bulk::{CustomerSelection, get_customer_operation},
        tables::{ResultShape, command_takes_several_ids, is_read_only},
        value::is_domain,
    },
    error::{CommandError, ErrorReport, UsageError},
    error_format::ErrorDetails,
    messages::Messages,
    output::{Printer, put_output_file_in_place, write_to_stdout},
    session::Session,
};
pub(super) use customers::find_customer;
use customers::{NamedCustomers, identify_customers, list_customers, read_customers};
use journal::{RunJournal, journal_purpose};
use outcomes::{OutcomePrinter, OutcomePrinterState, count_of_customers};
use partner_center::{Client, Error, RetryPolicy, Transport, operations, request::RawRequest, transport::Mode};
use partner_center_spec::Operation;
use run::{Run, TargetQueue};
use std::{sync::Arc, time::Duration};
pub(super) use target::Customer;
use target::Target;
use targets::{NextTarget, Targets};
use work::Work;

/// The maximum `Retry-After` while several calls are made, unless an option or a setting decides: one throttled request must not
/// cost the others.
const MAX_RETRY_AFTER_FOR_MANY_CALLS: Duration = Duration::from_secs(300);

/// What to do if the output of a list with a journal cannot be put in its place.
const ADVICE_WITH_JOURNAL: &str =
    "free disk space, or name another file: the journal stays, and the same command prints everything from it";

/// Whether the operation is performed many times.
pub(super) fn is_performed_many_times(call: &OperationCall) -> bool {
    call.options.bulk.customers.is_some() || (command_takes_several_ids(call.operation) && call.single_id().is_none())
}

/// Performs the call for each target, and prints the results as one list.
pub(super) async fn run_many_times<X: Transport>(
    mut call: OperationCall,
    transport: X,
    session: &Session<'_>,
    messages: &Messages,
) -> Result<(), CommandError> {
    check_options(&call, session)?;
    body::replace_field_files_with_content(&mut call.body)?;
    let body = match read_change_write::reading_operation_of_call(&call) {
        Some(_) => None,
        None => body::build_body(call.operation, &call.body, messages)?,
    };
    if let Some(format) = PlannedFormat::of_call(&call.options)
        && !needs_service_to_plan_requests(&call)
    {
        return print_planned_requests(call, body.as_ref(), format, session, messages);
    }
    let retry = RetryPolicy::default().max_retry_after(MAX_RETRY_AFTER_FOR_MANY_CALLS);
    let credential = session.configured_credential()?.build_credential(messages);
    let client = session.build_client_with_retry_policy(retry, transport, credential, messages)?;
    let (call, targets) = find_targets_and_call(call, &client, session, messages).await?;
    confirm_all(&call, &targets)?;
    let journal = match &call.options.bulk.journal {
        Some(path) => {
            let purpose = journal_purpose(&call, body.as_ref().map(|body| &body.bytes[..]), session);
            Some(RunJournal::open(path, &call, &purpose, messages)?)
        }
        None => None,
    };
    if let Some(total) = targets.total() {
        messages.progress_line().set_target_total(total);
    }

    let mut printer =
        Printer::new(session.options, call.operation, &call.options, call.result_resource_noun(), messages);
    let outcome_printer = OutcomePrinter {
        noun: call.result_resource_noun(),
        failure_message: target_failure_message(&call),
        prints_customers: call.options.bulk.prints_customers(),
        is_write: may_send_changes(&call),
        planned: PlannedFormat::of_call(&call.options),
        concurrency: call.options.bulk.concurrency,
        deadline: session.deadline,
        printer: &mut printer,
        messages,
        sources: &session.sources,
        state: OutcomePrinterState::default(),
    };
    let concurrency = call.options.bulk.concurrency;
    let is_read = is_read_only(call.operation);
    let work = Arc::new(Work {
        call,
        body,
        base_url: session.base_url.clone(),
        output: session.options.output,
        messages: messages.clone(),
        journal: journal.as_ref().map(|journal| journal.journal.clone()),
    });
    let perform = move |client: &Client<X>, target: &Target| {
        let (work, client, target) = (work.clone(), client.clone(), target.clone());
        X::Mode::block_or_box(async move { work.perform(&client, &target).await })
    };
    let queue = TargetQueue::default();
    match journal {
        None => {
            let outcomes = client.for_each(queue.clone(), concurrency, perform);
            let run = Run { client: &client, outcomes, queue, targets, journal: None, printed: outcome_printer };
            run.run_to_end().await
        }
        Some(journal) => {
            let targets = targets.with_unique_keys();
            let outcomes = journal.journal.for_each(&client, queue.clone(), concurrency, perform);
            let run =
                Run { client: &client, outcomes, queue, targets, journal: Some(&journal), printed: outcome_printer };
            let finished = run.run_to_end().await;
            if finished.is_ok() && is_read {
                // Without its output, the journal is all that was read.
                return match put_output_file_in_place(ADVICE_WITH_JOURNAL) {
                    Ok(()) => journal.delete(),
                    Err(error) => journal.sync_to_disk().and(Err(error)),
                };
            }
            finished.and(journal.sync_to_disk())
        }
    }
}

/// Checks options that cannot be used together.
fn check_options(call: &OperationCall, session: &Session<'_>) -> Result<(), UsageError> {
    let bulk = &call.options.bulk;
    let conflict = |message: &str, cause: &str, advice: &str| {
        let (message, cause, advice) = (message.to_owned(), cause.to_owned(), advice.to_owned());
        Err(UsageError(ErrorReport { message, cause, advice }))
    };
    if bulk.prints_customers() && command_takes_several_ids(call.operation) && call.single_id().is_none() {
        return conflict(
            "several IDs cannot be used with --all-customers or --customers",
            "the command is performed once for each customer",
            "give one ID",
        );
    }
    let password = &call.options.password;
    if password.file.is_some() {
        return conflict(
            "--password-file cannot be used with --all-customers or --customers",
            "there is a password for each customer, and the file is for one",
            "use --show-password with --output jsonl, and redirect the output to a file that its owner alone can read",
        );
    }
    if password.is_shown && (bulk.journal.is_some() || session.options.output.has_columns()) {
        return conflict(
            "--show-password cannot be used with --journal, nor with an output that has columns",
            "a journal would keep the passwords, and no column has them",
            "leave out --journal, and use --output jsonl",
        );
    }
    Ok(())
}

/// Returns the targets of a call, and the call that is performed for each of them.
async fn find_targets_and_call<X: Transport>(
    mut call: OperationCall,
    client: &Client<X>,
    session: &Session<'_>,
    messages: &Messages,
) -> Result<(OperationCall, Targets), CommandError> {
    let not_listed = |error: &Error| {
        let message = "the customers could not be listed, and nothing was done";
        CommandError::from_client_error(message, error, &session.sources)
    };
    match &call.options.bulk.customers {
        None => {
            let ids = RequestedIds::new(call.operation, std::mem::take(&mut call.ids), session.deadline);
            Ok((call, Targets::of_ids(ids)))
        }
        Some(CustomerSelection::All) => {
            let list = RawRequest::new(operations::Method::Get, "/v1/customers");
            let customers = list_customers(client, list, None).await.map_err(|error| not_listed(&error))?;
            let id = call.single_id().map(str::to_owned);
            Ok((call, Targets::of_customers(customers, id)))
        }
        Some(CustomerSelection::OfFile(file)) => {
            let mut named = read_customers(RequestedIds::of_customers(file, session.deadline))?;
            if may_send_changes(&call) || call.options.bulk.journal.is_some() {
                let concurrency = call.options.bulk.concurrency;
                let identified = identify_customers(client, named.customers, concurrency).await;
                named.customers = identified.map_err(|error| {
                    let message = "the customers could not be looked up, and nothing was done";
                    CommandError::from_client_error(message, &error, &session.sources)
                })?;
            }
            let targets = targets_of_named_customers(&call, named);
            Ok((call, targets))
        }
        Some(CustomerSelection::OfList) => {
            let request = request::plan_request_without_body(&call, TargetIds::default())?
                .into_raw_request_of_operation(call.operation);
            let limit = call.options.limit.take();
            let customers = list_customers(client, request, limit).await.map_err(|error| not_listed(&error))?;
            field_notes::note_if_no_domain_was_found(&call, customers.len(), messages);
            let ids = customers.into_iter().map(|customer| IdArg::Id(customer.id)).collect();
            call.parameters.clear();
            call.operation = get_customer_operation(call.operation);
            let ids = RequestedIds::new(call.operation, ids, session.deadline);
            Ok((call, Targets::of_ids(ids)))
        }
    }
}

fn targets_of_named_customers(call: &OperationCall, NamedCustomers { customers, errors }: NamedCustomers) -> Targets {
    Targets::of_customers(customers, call.single_id().map(str::to_owned)).with_errors(errors)
}

/// Whether the requests are known only with the help of the service.
fn needs_service_to_plan_requests(call: &OperationCall) -> bool {
    matches!(call.options.bulk.customers, Some(CustomerSelection::All | CustomerSelection::OfList))
        || read_change_write::reading_operation_of_call(call).is_some()
}

/// Prints the request for each target in place of sending it; a customer that is named by a domain is not looked up.
fn print_planned_requests(
    mut call: OperationCall,
    body: Option<&RequestBody>,
    format: PlannedFormat,
    session: &Session<'_>,
    messages: &Messages,
) -> Result<(), CommandError> {
    let mut targets = match &call.options.bulk.customers {
        Some(CustomerSelection::OfFile(file)) => {
            targets_of_named_customers(&call, read_customers(RequestedIds::of_customers(file, session.deadline))?)
        }
        _ => Targets::of_ids(RequestedIds::new(call.operation, std::mem::take(&mut call.ids), session.deadline)),
    };
    let (mut invalid, mut has_domain) = (0, false);
    loop {
        let target = match targets.next(true) {
            NextTarget::Target(target) => target,
            NextTarget::Invalid(_, error_report) => {
                messages.print_error(&error_report, &ErrorDetails::default());
                invalid += 1;
                continue;
            }
            NextTarget::Broken(error) => return Err(error),
            NextTarget::Pending | NextTarget::End => break,
        };
        let customer = target.customer.as_ref().map(|customer| customer.id.as_str());
        has_domain |= customer.is_some_and(is_domain)
            || target.id.as_deref().is_some_and(|id| request::is_customer_domain(call.operation, id));
        let mut request = request::plan_request_without_body(&call, TargetIds { customer, id: target.id.as_deref() })?;
        request.body = body.cloned();
        request.set_etag_from_body(call.operation)?;
        write_to_stdout(format.format_request(&request, &session.base_url).as_bytes(), messages)?;
    }
    messages.print(format.note());
    if has_domain {
        messages.print(
            "note: a domain in a path stands for the ID of its customer, which the client looks up when it sends the request",
        );
    }
    match invalid {
        0 => Ok(()),
        _ => Err(CommandError::Summary(format!("{invalid} entries are not IDs"))),
    }
}

/// Returns the operation whose results are printed: that of the call, or with `--full` the one that gets each customer of its list.
pub(super) fn printed_operation(call: &OperationCall) -> &'static Operation {
    match call.options.bulk.customers {
        Some(CustomerSelection::OfList) => get_customer_operation(call.operation),
        _ => call.operation,
    }
}

/// Whether the requests of a call may change something.
pub(crate) fn may_send_changes(call: &OperationCall) -> bool {
    !is_read_only(call.operation) && PlannedFormat::of_call(&call.options).is_none()
}

/// Asks once before something is changed for many customers.
fn confirm_all(call: &OperationCall, targets: &Targets) -> Result<(), CommandError> {
    if !may_send_changes(call) || call.options.is_confirmed {
        return Ok(());
    }
    let customers = count_of_customers(targets.total().unwrap_or_default() as u64);
    let what = format!(
        "{} {} for {customers}: {}",
        call.operation.method,
        call.operation.path,
        confirmation::lowercased_operation_summary(call.operation)
    );
    confirmation::ask_to_confirm(
        &what,
        "it changes something for many customers",
        "add --yes to send it, or --dry-run to see it",
    )
}

/// Says what failed, behind the name of a target.
fn target_failure_message(call: &OperationCall) -> String {
    if !call.options.bulk.prints_customers() {
        return "could not be fetched".to_owned();
    }
    match ResultShape::of_operation(call.operation) {
        ResultShape::Pages | ResultShape::List { .. } => {
            format!("failed: its {} could not be listed", call.result_resource_noun().plural())
        }
        _ => format!("failed: `{}`", call.operation.command),
    }
}
