//! `partner-center verify`: compares the emulator with the service, by responses whose values are hidden.

mod difference;

use super::operations::{confirmation, request::PlannedRequest};
use crate::{
    arguments::{
        VerifyCommand,
        operations::tables::{CUSTOMER_PARAMETER, is_customer_id},
    },
    error::CommandError,
    messages::Messages,
    output::write_to_stdout,
    recorder::Recorder,
    session::Session,
};
use difference::Difference;
use partner_center::{
    ErrorKind, Transport,
    transport::{Blocking, Mode, Request, http},
};
use partner_center_emulator::{Emulator, RecordedExchange};
use partner_center_spec::{MediaType, Method, OPERATIONS, Operation};
use uuid::Uuid;

/// A customer that the emulator always has.
const EMULATOR_CUSTOMER: &str = "aaaabbbb-0000-cccc-1111-dddd2222eeee";

/// Sends the requests to the service, which are GET alone, and prints in what the emulator differs.
pub(crate) async fn run_verify<X: Transport>(
    command: VerifyCommand,
    transport: X,
    session: &Session<'_>,
    messages: &Messages,
) -> Result<(), CommandError> {
    let customer = command.customer.map(|id: Uuid| id.to_string());
    let operations: Vec<_> =
        OPERATIONS.iter().filter(|operation| is_comparable(operation, customer.is_some())).collect();
    let count = operations.len();
    messages.print(format_args!("{count} requests, each once and without a body, to {}:", session.base_url));
    for operation in &operations {
        messages.print(format_args!("  GET {}", operation.path));
    }
    if !command.yes {
        let what = format!("{count} GET requests to {}", session.base_url);
        confirmation::ask_to_confirm(&what, "it reads what a real tenant may have", "add --yes to send them")?;
    }
    let recorder = Recorder::default();
    let credential = session.configured_credential()?.build_credential(messages);
    let client = session.build_client(recorder.record(transport, &session.base_url), credential, messages)?;
    let emulator = Emulator::builder().build();
    let (mut differences, mut count_before) = (Vec::new(), 0);
    for operation in operations {
        let target = path_of_operation(operation, customer.as_deref().unwrap_or_default());
        let request = PlannedRequest { method: Method::Get, target, headers: Vec::new(), body: None };
        let outcome = X::Mode::into_future(client.request(request.into_raw_request())).await;
        if let Err(error) = outcome
            && matches!(
                error.kind(),
                ErrorKind::Configuration
                    | ErrorKind::Request
                    | ErrorKind::Transport
                    | ErrorKind::Timeout
                    | ErrorKind::Credential
            )
        {
            let failed = format!("GET {} failed", operation.path);
            return Err(CommandError::from_client_error(&failed, &error, &session.sources));
        }
        let exchanges = recorder.exchanges_after(count_before);
        count_before += exchanges.len();
        // The last one, if it was tried again.
        let Some(service) = exchanges.last() else { continue };
        let emulated = request_from_emulator(&emulator, operation);
        differences.extend(emulated.and_then(|emulated| Difference::between(operation, service, &emulated)));
    }
    messages.print(format_args!("{} of {count} operations differ", differences.len()));
    let mut report = serde_json::to_string_pretty(&differences).map_err(std::io::Error::other)?;
    report.push('\n');
    Ok(write_to_stdout(report.as_bytes(), messages)?)
}

/// Whether an operation is a GET of JSON that needs no parameter, or none but the customer.
fn is_comparable(operation: &Operation, with_customer: bool) -> bool {
    let is_json = |response: &partner_center_spec::Response| matches!(response.body, Some((MediaType::Json, _)));
    let mut required = operation.parameters.iter().filter(|parameter| parameter.is_required);
    operation.method == Method::Get
        && operation.responses.iter().any(is_json)
        && required.all(|parameter| with_customer && is_customer_id(parameter))
}

fn path_of_operation(operation: &Operation, customer: &str) -> String {
    operation.path.replace(&format!("{{{CUSTOMER_PARAMETER}}}"), customer)
}

fn request_from_emulator(emulator: &Emulator, operation: &Operation) -> Option<RecordedExchange> {
    let mut request = Request::new(Vec::new());
    *request.uri_mut() = path_of_operation(operation, EMULATOR_CUSTOMER).parse().ok()?;
    let token = format!("Bearer {}", Emulator::TOKEN).parse().ok()?;
    request.headers_mut().insert("Authorization", token);
    let path = request.uri().path().to_owned();
    let response = emulator.transport::<Blocking>().send(request).ok()?;
    RecordedExchange::new(&http::Method::GET, &path, &response)
}
