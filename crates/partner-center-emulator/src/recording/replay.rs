//! Responds as a recording has it.

use super::{CONNECTION_HEADERS, RecordedExchange, Recording, body::body_of_shape, body_type};
use crate::{
    routing::{Route, route_request},
    service_response::{ResourceKind, ResponseContent, ServiceResponse},
};
use http::{
    HeaderName, HeaderValue, Method, StatusCode,
    header::{CONTENT_TYPE, ETAG, LOCATION, RETRY_AFTER},
};
use partner_center_core::{Request, Response};
use serde_json::Value;
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// A recording that is replayed: each request of an operation gets the next response to that operation, and in the end always the
/// last one, which has no next page then, so that a list that was not recorded to its end comes to one. Operations that are not in
/// the recording are none of its business.
pub(crate) struct Replay {
    /// The exchanges of each operation, by its identifier.
    exchanges: HashMap<&'static str, Vec<RecordedExchange>>,
    /// How many responses of each operation were replayed.
    replayed: Mutex<HashMap<&'static str, usize>>,
}

/// A recorded response with values.
pub(crate) struct ReplayedResponse {
    response: ServiceResponse,
    headers: BTreeSet<String>,
    /// The name and value of headers that mean something to the client.
    values: Vec<(HeaderName, HeaderValue)>,
}

impl Replay {
    pub(crate) fn new(recording: Recording) -> Self {
        let mut exchanges: HashMap<_, Vec<_>> = HashMap::new();
        for exchange in recording.exchanges {
            if let Some(operation) = exchange.operation() {
                exchanges.entry(operation.id).or_default().push(exchange);
            }
        }
        Self { exchanges, replayed: Mutex::default() }
    }

    /// Begins anew.
    pub(crate) fn reset(&self) {
        self.lock_replayed().clear();
    }

    /// Returns the next response to a request, or `None` if its operation is not in the recording.
    pub(crate) fn next_response(&self, request: &Request) -> Option<ReplayedResponse> {
        let route = route_request(request.method(), request.uri().path()).ok()?;
        let exchanges = self.exchanges.get(route.operation.id)?;
        let number = {
            let mut replayed = self.lock_replayed();
            let count = replayed.entry(route.operation.id).or_default();
            *count += 1;
            *count - 1
        };
        let (exchange, is_repeated) = match exchanges.get(number) {
            Some(exchange) => (exchange, false),
            None => (exchanges.last()?, true),
        };
        let next_page = (!is_repeated).then(|| NextPage::new(&route, request, number));
        Some(ReplayedResponse::new(exchange, &route, request, number, next_page.as_ref()))
    }

    fn lock_replayed(&self) -> MutexGuard<'_, HashMap<&'static str, usize>> {
        self.replayed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ReplayedResponse {
    /// `number` is that of the response to this operation, from 0. Without a `next_page`, the response has none.
    fn new(
        exchange: &RecordedExchange,
        route: &Route,
        request: &Request,
        number: usize,
        next_page: Option<&NextPage<'_>>,
    ) -> Self {
        let status = StatusCode::from_u16(exchange.status).unwrap_or_default();
        let mut headers = exchange.headers.clone();
        let content = match &exchange.body {
            Some(shape) => {
                let mut body = body_of_shape(route.operation, exchange.status, shape, number);
                match next_page {
                    Some(next_page) => next_page.set_in_body(&mut body),
                    None => remove_next_page(route, &mut body, &mut headers),
                }
                ResponseContent::Resource(body, ResourceKind::Other, body_type(route.operation, exchange.status))
            }
            None if exchange.headers.contains(CONTENT_TYPE.as_str()) => ResponseContent::PlainText("text"),
            None => ResponseContent::Empty,
        };
        let mut values = vec![
            (ETAG, HeaderValue::from_static("\"1\"")),
            // A retry need not wait for what is a recording.
            (RETRY_AFTER, HeaderValue::from_static("0")),
        ];
        // Where it leads to is a value. A client without it polls the address that the specification has.
        let path = request.uri().path();
        let is_resource = route_request(&Method::GET, path).is_ok_and(|route| route.operation.items.is_none());
        match HeaderValue::from_str(path) {
            Ok(path) if is_resource => values.push((LOCATION, path)),
            _ => drop(headers.remove(LOCATION.as_str())),
        }
        values.extend(next_page.and_then(NextPage::header));
        Self { response: ServiceResponse::new(status, content), headers, values }
    }

    /// Returns the response as `write` writes it, with the recorded headers and no others.
    pub(crate) fn write_with(self, write: impl FnOnce(ServiceResponse) -> Response) -> Response {
        let mut response = write(self.response);
        let written: Vec<_> = response.headers().keys().cloned().collect();
        for name in written.iter().map(HeaderName::as_str) {
            if !CONNECTION_HEADERS.contains(&name) && !self.headers.contains(name) {
                response.headers_mut().remove(name);
            }
        }
        for name in self.headers.iter().filter_map(|name| HeaderName::from_bytes(name.as_bytes()).ok()) {
            response.headers_mut().entry(name).or_insert(HeaderValue::from_static("text"));
        }
        for (name, value) in self.values {
            if let Some(existing) = response.headers_mut().get_mut(name) {
                *existing = value;
            }
        }
        response
    }
}

/// What leads to the next page of a list, if the recording has one.
struct NextPage<'a> {
    route: &'a Route,
    uri: String,
    token: String,
}

impl<'a> NextPage<'a> {
    fn new(route: &'a Route, request: &Request, number: usize) -> Self {
        // Each page has another one, so that a client does not take it for the same page.
        let token = format!("page-{}", number + 1);
        let paging = route.operation.paging;
        let seek = paging.and_then(|paging| paging.seek);
        let token_query = paging.and_then(|paging| paging.token_query);
        let is_kept = |parameter: &&str| {
            let name = parameter.split('=').next().unwrap_or_default();
            ![seek.map(|(name, _)| name), token_query].contains(&Some(name))
        };
        let mut query: Vec<_> =
            request.uri().query().unwrap_or_default().split('&').filter(is_kept).map(str::to_owned).collect();
        query.retain(|parameter| !parameter.is_empty());
        query.extend(seek.map(|(name, value)| format!("{name}={value}")));
        query.extend(token_query.map(|name| format!("{name}={token}")));
        let separator = if query.is_empty() { "" } else { "?" };
        let uri = format!("{}{separator}{}", route.link_path(), query.join("&"));
        Self { route, uri, token }
    }

    fn set_in_body(&self, body: &mut Value) {
        let Some(paging) = self.route.operation.paging else { return };
        if let Some(Value::String(token)) =
            paging.continuation_token.and_then(|path| body.pointer_mut(&json_pointer(path)))
        {
            token.clone_from(&self.token);
        }
        match paging.next_link.and_then(|path| body.pointer_mut(&json_pointer(path))) {
            Some(Value::String(link)) => link.clone_from(&self.uri),
            Some(Value::Object(link)) => {
                for (name, value) in [("uri", self.uri.as_str()), ("method", "GET")] {
                    if let Some(Value::String(text)) = link.get_mut(name) {
                        value.clone_into(text);
                    }
                }
                for header in link.get_mut("headers").and_then(Value::as_array_mut).into_iter().flatten() {
                    for (name, value) in [("key", paging.token_header.unwrap_or_default()), ("value", &self.token)] {
                        if let Some(Value::String(text)) = header.get_mut(name) {
                            value.clone_into(text);
                        }
                    }
                }
            }
            _ => {}
        }
    }

    /// Returns the header with the token.
    fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        let name = self.route.operation.paging?.response_header?;
        Some((name.parse().ok()?, HeaderValue::from_str(&self.token).ok()?))
    }
}

/// Removes what leads to the next page of a list.
fn remove_next_page(route: &Route, body: &mut Value, headers: &mut BTreeSet<String>) {
    let Some(paging) = route.operation.paging else { return };
    for path in [paging.next_link, paging.continuation_token].into_iter().flatten() {
        let (parent, name) = match path.rsplit_once('.') {
            Some((parent, name)) => (body.pointer_mut(&json_pointer(parent)), name),
            None => (Some(&mut *body), path),
        };
        if let Some(Value::Object(fields)) = parent {
            fields.remove(name);
        }
    }
    if let Some(name) = paging.response_header {
        headers.remove(&name.to_ascii_lowercase());
    }
}

fn json_pointer(path: &str) -> String {
    format!("/{}", path.replace('.', "/"))
}
