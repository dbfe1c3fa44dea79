//! The request of an operation, made of the values on the command line.

use crate::{
    arguments::operations::{
        OperationCall,
        tables::{etag_parameter, id_path_parameter, is_customer_id, page_size_parameter},
        value::is_domain,
    },
    error::{ErrorReport, UsageError},
};
use partner_center::{
    operations,
    pagination::Pagination,
    request::{self, RawRequest},
};
use partner_center_spec::{
    Authentication, Idempotency, Location, Method, Operation, Outcome, Paging, Parameter, ParameterStyle,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// A request, before the client adds what every request has.
#[derive(Clone, Debug)]
pub(crate) struct PlannedRequest {
    pub(crate) method: Method,
    /// The encoded path and query.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<RequestBody>,
}

/// A body as it is sent.
#[derive(Clone, Debug)]
pub(crate) struct RequestBody {
    pub(crate) content_type: String,
    pub(crate) bytes: Vec<u8>,
    /// The body as it is shown, without secrets; `None` if it is not text.
    pub(crate) shown: Option<String>,
}

/// All characters that RFC 3986 does not call unreserved.
const ENCODED_QUERY_CHARACTERS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The IDs of one request of a command that makes many.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TargetIds<'a> {
    /// That of the customer, if it is not a parameter of the call, or in place of a domain there.
    pub(super) customer: Option<&'a str>,
    /// The one by position, if the command takes several.
    pub(super) id: Option<&'a str>,
}

/// Returns the request of a call, without its body.
pub(super) fn plan_request_without_body(
    call: &OperationCall,
    ids: TargetIds<'_>,
) -> Result<PlannedRequest, UsageError> {
    let operation = call.operation;
    let customer_parameter = operation.parameters.iter().find(|parameter| is_customer_id(parameter));
    // The first value of a parameter counts.
    let ids = [(customer_parameter, ids.customer), (id_path_parameter(operation), ids.id)];
    let ids = ids.map(|(parameter, id)| Some((parameter?, vec![id?.to_owned()])));
    let ids: Vec<_> = ids.into_iter().flatten().collect();
    let mut path = operation.path.to_owned();
    let (mut query, mut headers) = (Vec::new(), Vec::new());
    for (parameter, values) in ids.iter().chain(&call.parameters) {
        let values = values.iter().map(|value| format_parameter_value(parameter, value));
        match parameter.location {
            Location::Path => {
                let value = values.collect::<Vec<_>>().join(",");
                if let "" | "." | ".." = value.as_str() {
                    return Err(invalid_path_segment_error(parameter, &value));
                }
                path = path.replace(&format!("{{{}}}", parameter.name), &percent_encode(&value));
            }
            Location::Query if parameter.style == ParameterStyle::CommaSeparated => {
                let list = values.map(|value| percent_encode(&value)).collect::<Vec<_>>().join(",");
                query.push((parameter.name, list));
            }
            Location::Query => query.extend(values.map(|value| (parameter.name, percent_encode(&value)))),
            Location::Header => {
                headers
                    .push((parameter.name.to_owned(), checked_header_value(parameter, &values.collect::<Vec<_>>())?));
            }
        }
    }
    query.extend(page_size_for_limit(operation, call));
    let mut target = path;
    for (name, value) in query {
        append_query_parameter(&mut target, name, &value);
    }
    Ok(PlannedRequest { method: operation.method, target, headers, body: None })
}

/// Returns the domain by which the command line names a customer, if it does.
pub(super) fn customer_domain(call: &OperationCall) -> Option<String> {
    let of_parameter = call.parameters.iter().find(|(parameter, _)| is_customer_id(parameter));
    let customer = match of_parameter {
        Some((_, values)) => values.first().map(String::as_str),
        None => call.single_id().filter(|_| id_path_parameter(call.operation).is_some_and(is_customer_id)),
    };
    customer.filter(|customer| is_domain(customer)).map(str::to_owned)
}

/// Whether an ID by position is the domain of a customer, in place of its ID.
pub(super) fn is_customer_domain(operation: &Operation, id: &str) -> bool {
    id_path_parameter(operation).is_some_and(is_customer_id) && is_domain(id)
}

/// Appends a parameter whose value is encoded to a path, which may have a query.
pub(crate) fn append_query_parameter(target: &mut String, name: &str, encoded_value: &str) {
    target.push(if target.contains('?') { '&' } else { '?' });
    target.extend(utf8_percent_encode(name, ENCODED_QUERY_CHARACTERS));
    target.push('=');
    target.push_str(encoded_value);
}

/// Encodes a value of a query.
pub(crate) fn percent_encode(value: &str) -> String {
    utf8_percent_encode(value, ENCODED_QUERY_CHARACTERS).to_string()
}

/// Writes a value as the service expects it.
fn format_parameter_value(parameter: &Parameter, value: &str) -> String {
    match parameter.style {
        ParameterStyle::CapitalizedBool if value == "true" => "True".to_owned(),
        ParameterStyle::CapitalizedBool if value == "false" => "False".to_owned(),
        ParameterStyle::Quoted if !value.contains('"') && value != "*" => format!("\"{value}\""),
        _ => value.to_owned(),
    }
}

/// Returns the value of a header, if it can be sent.
fn checked_header_value(parameter: &Parameter, values: &[String]) -> Result<String, UsageError> {
    let value = values.join(",");
    if value.bytes().all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte)) {
        return Ok(value);
    }
    Err(UsageError(ErrorReport {
        message: format!("the value of `{}` cannot be sent", parameter.flag),
        cause: "a header consists of visible ASCII characters".to_owned(),
        advice: "correct the value".to_owned(),
    }))
}

fn invalid_path_segment_error(parameter: &Parameter, value: &str) -> UsageError {
    UsageError(ErrorReport {
        message: format!("the value `{value}` of `{}` cannot be sent", parameter.flag),
        cause: "it is a part of the path, in which it would have another meaning".to_owned(),
        advice: "give the complete value".to_owned(),
    })
}

/// Returns the size of a page if the limit is below that of the service: it does not need a full page.
fn page_size_for_limit(operation: &Operation, call: &OperationCall) -> Option<(&'static str, String)> {
    let size = page_size_parameter(operation)?;
    let limit = call.options.limit.map(i64::from)?;
    let is_given = call.parameters.iter().any(|(parameter, _)| parameter.name == size.name);
    let is_smaller = size.constraints.maximum.is_some_and(|maximum| limit < maximum)
        && size.constraints.client_minimum().is_none_or(|minimum| limit >= minimum);
    (!is_given && is_smaller).then(|| (size.name, limit.to_string()))
}

/// Returns how the pages of an operation follow each other, if it is paged.
pub(crate) fn pagination_of_operation(operation: &Operation) -> Option<Pagination> {
    let Paging { items, next_link, continuation_token, response_header, token_header, token_query, seek, .. } =
        *operation.paging?;
    let Paging { size_query, offset_query, total, .. } = *operation.paging?;
    let mut pagination = Pagination::new(items);
    pagination.next_link = next_link;
    pagination.continuation_token = continuation_token;
    pagination.response_header = response_header;
    pagination.token_header = token_header;
    pagination.token_query = token_query;
    pagination.seek = seek;
    pagination.size_query = size_query;
    pagination.offset_query = offset_query;
    pagination.total = total;
    Some(pagination)
}

/// Returns the method as the client has it.
pub(crate) fn to_client_method(method: Method) -> operations::Method {
    match method {
        Method::Get => operations::Method::Get,
        Method::Head => operations::Method::Head,
        Method::Post => operations::Method::Post,
        Method::Put => operations::Method::Put,
        Method::Patch => operations::Method::Patch,
        Method::Delete => operations::Method::Delete,
    }
}

/// Returns the idempotency of an operation as the client has it.
pub(crate) fn to_client_idempotency(operation: &Operation) -> request::Idempotency {
    match operation.idempotency {
        Idempotency::Natural => request::Idempotency::Natural,
        Idempotency::RequestId => request::Idempotency::RequestId,
        _ => request::Idempotency::None,
    }
}

impl PlannedRequest {
    /// Sets the header with an etag, if it was not given, to that of the body.
    pub(super) fn set_etag_from_body(&mut self, operation: &Operation) -> Result<(), UsageError> {
        let Some(parameter) = etag_parameter(operation) else { return Ok(()) };
        if self.headers.iter().any(|(name, _)| name == parameter.name) {
            return Ok(());
        }
        let body = self.body.as_ref().and_then(|body| serde_json::from_slice::<serde_json::Value>(&body.bytes).ok());
        let etag = body.as_ref().and_then(|body| body.pointer("/attributes/etag")?.as_str());
        if let Some(etag) = etag {
            let value = checked_header_value(parameter, &[format_parameter_value(parameter, etag)])?;
            self.headers.push((parameter.name.to_owned(), value));
            return Ok(());
        }
        if !parameter.is_required {
            return Ok(());
        }
        Err(UsageError(ErrorReport {
            message: format!("`{}` needs --{}", operation.command, parameter.flag),
            cause: "the body has no `attributes.etag` that could be sent in its place".to_owned(),
            advice: format!("get it again, and give its etag with --{}, or all of it with --body", parameter.flag),
        }))
    }

    /// Returns the request of `operation`, for the client.
    pub(super) fn into_raw_request_of_operation(self, operation: &'static Operation) -> RawRequest {
        let outcomes = operation.responses.iter().filter(|response| response.outcome != Outcome::Done);
        let outcomes: Vec<_> = outcomes.map(|response| response.status).collect();
        let needs_user = !operation.authentication.contains(&Authentication::AppOnly);
        let request = self.into_raw_request().idempotency(to_client_idempotency(operation)).outcomes(outcomes);
        request.needs_user(needs_user).operation_id(operation.id)
    }

    /// Returns the request for the client.
    pub(crate) fn into_raw_request(self) -> RawRequest {
        let mut request = RawRequest::new(to_client_method(self.method), &self.target);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        match self.body {
            Some(body) => request.body(request::Body::new(body.content_type, body.bytes)),
            None => request,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_is_encoded() {
        let mut target = "/v1/customers".to_owned();
        append_query_parameter(&mut target, "a b", &percent_encode("x&y=z/ü"));
        append_query_parameter(&mut target, "size", "2");
        assert_eq!(target, "/v1/customers?a%20b=x%26y%3Dz%2F%C3%BC&size=2");
    }
}
