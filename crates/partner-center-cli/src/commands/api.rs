//! `partner-center api`: any request, as it is given.

use super::operations::{
    confirmation, input, list,
    planned_request::PlannedFormat,
    print_planned_request,
    request::{PlannedRequest, append_query_parameter, pagination_of_operation, percent_encode, to_client_idempotency},
};
use crate::{
    arguments::{
        ApiCall, OutputFormat,
        operations::{naming::ResourceNoun, tables::json_body_or_part_type},
    },
    error::{CommandError, ErrorReport, UsageError},
    messages::Messages,
    output::{Printer, is_output_terminal, write_to_stdout},
    session::Session,
    terminal::escape_control_characters_in_json,
};
use partner_center::{
    ErrorKind, Transport,
    request::{FromResponse, ResponseReader},
    transport::Mode,
};
use partner_center_spec::{Method, OPERATIONS, Operation, Type};
use std::str;

/// The body of a response, as it was received.
struct RawResponseBody(Vec<u8>);

impl FromResponse for RawResponseBody {
    const ACCEPT: &'static str = "application/json, */*;q=0.1";

    fn from_response<R: ResponseReader>(response: &mut R) -> Result<Self, R::Error> {
        response.bytes().map(Self)
    }
}

/// Sends the request, and prints the body of its response, or the items of all pages.
pub(crate) async fn run_api_command<X: Transport>(
    call: ApiCall,
    transport: X,
    session: &Session<'_>,
    messages: &Messages,
) -> Result<(), CommandError> {
    let request = plan_api_request(&call, session)?;
    if call.paginate && request.method != Method::Get {
        return Err(UsageError(ErrorReport {
            message: format!("a {} cannot be sent with --paginate", request.method),
            cause: "pages are those of a list, which is read with GET".to_owned(),
            advice: "leave out --paginate".to_owned(),
        })
        .into());
    }
    if let Some(format) = PlannedFormat::from_dry_run_and_curl_flags(call.dry_run, call.curl) {
        return print_planned_request(&request, format, session, messages);
    }
    if request.method == Method::Delete && !call.yes {
        confirmation::ask_to_confirm_removal(&format!("{} {}", request.method, request.target))?;
    }
    let client =
        session.build_client(transport, session.configured_credential()?.build_credential(messages), messages)?;
    let described = find_operation(request.method, &request.target);
    if call.paginate {
        let noun = ResourceNoun::new("items");
        let paging = described.and_then(pagination_of_operation);
        let pages = client.request_raw_pages(request.into_raw_request(), paging.unwrap_or_default());
        let mut printer = Printer::for_json(session.options.output == OutputFormat::Jsonl, messages);
        let sources = &session.sources;
        return list::print_pages(pages.prefetch(), None, noun, sources, &mut printer, |_| (), messages).await;
    }
    let failed = format!("{} {} failed", request.method, request.target);
    let mut raw_request = request.into_raw_request();
    if let Some(operation) = described {
        raw_request = raw_request.idempotency(to_client_idempotency(operation));
    }
    let content = X::Mode::into_future(client.request_as::<RawResponseBody>(raw_request)).await;
    let RawResponseBody(bytes) = content.map_err(|error| match error.kind() {
        ErrorKind::Paging => single_page_of_list_error(&failed),
        _ => CommandError::from_client_error(&failed, &error, &session.sources),
    })?;
    // Programs get every byte unchanged; on a terminal, control characters are escaped, and the last line is ended.
    match str::from_utf8(&bytes) {
        Ok(text) if is_output_terminal() => {
            let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
            Ok(write_to_stdout((escape_control_characters_in_json(text) + end).as_bytes(), messages)?)
        }
        _ => Ok(write_to_stdout(&bytes, messages)?),
    }
}

/// Whether the request may change something.
pub(crate) fn is_changing_api_call(call: &ApiCall) -> bool {
    !matches!(Method::from(call.method), Method::Get | Method::Head) && !call.dry_run && !call.curl
}

/// Says that a response is one page of a list.
fn single_page_of_list_error(failed: &str) -> CommandError {
    ErrorReport {
        message: failed.to_owned(),
        cause: "the response is one page of a longer list, and could be taken for all of it".to_owned(),
        advice: "add --paginate, which lists all pages".to_owned(),
    }
    .into()
}

fn plan_api_request(call: &ApiCall, session: &Session<'_>) -> Result<PlannedRequest, UsageError> {
    let mut target = target_of_path_or_url(&call.path, &session.base_url)?;
    for (name, value) in &call.query {
        append_query_parameter(&mut target, name, &percent_encode(value));
    }
    let (types, headers): (Vec<_>, Vec<_>) =
        call.headers.iter().cloned().partition(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let content_type = types.into_iter().next().map(|(_, value)| value);
    let method = call.method.into();
    let body_type =
        find_operation(method, &target).and_then(json_body_or_part_type).map_or(Type::Any, |(_, value)| value);
    let body = match &call.body {
        Some(file) => Some(input::read_request_body(file, content_type, body_type)?),
        None => None,
    };
    Ok(PlannedRequest { method, target, headers, body })
}

/// Returns the path and the query of the request. A URL must be one of the service at `base_url`, as the token goes nowhere
/// else.
fn target_of_path_or_url(path: &str, base_url: &str) -> Result<String, UsageError> {
    let base_url = base_url.trim().trim_end_matches('/');
    let is_url = path.contains("://") || path.starts_with("//");
    let path = match path.get(..base_url.len()) {
        Some(start) if start.eq_ignore_ascii_case(base_url) && path[base_url.len()..].starts_with(['/', '?']) => {
            &path[base_url.len()..]
        }
        _ if is_url => {
            return Err(UsageError(ErrorReport {
                message: format!("{path} is not a URL of the service"),
                cause: format!("the token is sent to {base_url} only"),
                advice: "give the path alone, or the other service as --base-url or --cloud".to_owned(),
            }));
        }
        _ => path,
    };
    let path = path.trim_start_matches('/');
    // Every version of the service's paths is in the first or, as in /webhooks/v1, in the second segment.
    let is_version = |segment: &str| segment.strip_prefix('v').is_some_and(|number| number.parse::<f32>().is_ok());
    let mut segments = path.split(['/', '?']);
    let has_version = segments.by_ref().take(2).any(is_version);
    Ok(if has_version { format!("/{path}") } else { format!("/v1/{path}") })
}

/// Returns the operation that a request is, if the specification has it.
fn find_operation(method: Method, target: &str) -> Option<&'static Operation> {
    let path = target.split('?').next().unwrap_or_default();
    OPERATIONS.iter().find(|operation| operation.method == method && path_matches_template(operation.path, path))
}

fn path_matches_template(template: &str, path: &str) -> bool {
    let (mut names, mut segments) = (template.split('/'), path.split('/'));
    loop {
        match (names.next(), segments.next()) {
            (None, None) => return true,
            (Some(name), Some(segment)) if name == segment || (name.starts_with('{') && !segment.is_empty()) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{path_matches_template, target_of_path_or_url};

    #[test]
    fn path_is_completed() {
        const BASE: &str = "https://api.example";
        for (path, expected) in [
            ("customers", "/v1/customers"),
            ("/customers?size=2", "/v1/customers?size=2"),
            ("/v1/customers", "/v1/customers"),
            ("v1/customers", "/v1/customers"),
            ("v2.0/customers", "/v2.0/customers"),
            ("/webhooks/v1/registration", "/webhooks/v1/registration"),
            ("visits", "/v1/visits"),
            ("HTTPS://api.example/v1/customers?a=b", "/v1/customers?a=b"),
        ] {
            assert_eq!(target_of_path_or_url(path, BASE).ok().as_deref(), Some(expected), "{path}");
        }
        for path in [
            "https://other.example/v1/customers",
            "https://api.example.org/v1",
            "//other.example/v1",
            "http://api.example/v1",
        ] {
            assert!(target_of_path_or_url(path, BASE).is_err(), "{path}");
        }
    }

    #[test]
    fn path_fits_its_template() {
        assert!(path_matches_template("/v1/customers/{id}", "/v1/customers/1"));
        assert!(!path_matches_template("/v1/customers/{id}", "/v1/customers/"));
        assert!(!path_matches_template("/v1/customers/{id}", "/v1/customers/1/users"));
        assert!(!path_matches_template("/v1/customers", "/v1/users"));
    }
}
