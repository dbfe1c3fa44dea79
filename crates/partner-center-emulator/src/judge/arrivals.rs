//! What the order of requests and responses tells: whether a caller waits as long as it is told to, keeps a request id as long as it
//! should and no longer, and does not poll.

use super::{
    Misbehavior,
    origin::{RequestOrigin, is_same_work},
};
use crate::{
    customers::parse_guid, random::keyed_hash, response_headers::REQUEST_ID_HEADER, routing::route_request,
    steering::Delivery,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header::RETRY_AFTER};
use partner_center_core::{Request, Response};
use partner_center_spec::Idempotency;
use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, SystemTime},
};
use uuid::Uuid;

/// What is remembered of requests. Each part has a limit; the oldest gives way.
#[derive(Default)]
pub(super) struct Arrivals {
    /// The requests without a response so far, by their numbers.
    pending: HashMap<u64, PendingRequest>,
    /// The request ids that had a response, with the number of the request. Their order is that of `with_response_order`.
    with_response: HashMap<Uuid, u64>,
    with_response_order: VecDeque<Uuid>,
    /// Writes that had no response.
    without_response: VecDeque<WriteWithoutResponse>,
    /// Calls that have to wait.
    waits: VecDeque<RequiredWait>,
    /// Lists that were requested, by what identifies the caller and the list.
    polls: HashMap<u64, Poll>,
}

/// The maximum number of request ids, and of requests without a response, that are remembered.
const MAX_REQUESTS: usize = 10_000;

/// The maximum number of entries in each of the other parts, which are searched from end to end.
const MAX_SEARCHED_ENTRIES: usize = 1000;

struct PendingRequest {
    method: Method,
    path: String,
    /// Identifies the call: its method, URI and body.
    call: u64,
    /// Whether it is done twice if it is sent twice with two ids.
    is_unsafe_write: bool,
    is_next_page: bool,
    origin: RequestOrigin,
    request_id: Option<Uuid>,
    status: Option<StatusCode>,
    retry_after: Option<RetryAfter>,
}

struct WriteWithoutResponse {
    number: u64,
    call: u64,
    origin: RequestOrigin,
    request_id: Option<Uuid>,
    time: Duration,
}

struct RequiredWait {
    number: u64,
    call: u64,
    origin: RequestOrigin,
    status: StatusCode,
    /// Whether no other request of the call was on its way when the response was sent.
    is_only_request: bool,
    begin: Duration,
    end: Duration,
}

struct Poll {
    path: String,
    count: u32,
    last: Duration,
}

/// The value of `Retry-After`, as the time from the response on.
#[derive(Clone, Copy)]
struct RetryAfter(Duration);

/// The time in which requests may arrive that were on their way when the service told a caller to wait.
const GRACE: Duration = Duration::from_secs(1);

/// The time in which a write that had no response is expected to be sent again.
const MAX_RETRY_INTERVAL: Duration = Duration::from_secs(5 * 60);

/// The number of requests of a list that is polling.
const MIN_REQUESTS_TO_BE_POLLING: u32 = 10;

/// Requests of a list in a shorter interval are no polling, but for example several users of a program.
const MIN_INTERVAL_COUNTED_AS_POLLING: Duration = Duration::from_secs(1);

/// Requests of a list in a longer interval are no polling.
const MAX_INTERVAL_COUNTED_AS_POLLING: Duration = Duration::from_secs(60 * 60);

impl Arrivals {
    /// Notes a request, and returns what is wrong with it.
    pub(super) fn request_arrived(
        &mut self,
        number: u64,
        request: &Request,
        now: Duration,
    ) -> Vec<(Misbehavior, String)> {
        let (method, uri, headers) = (request.method(), request.uri(), request.headers());
        let call = keyed_hash(keyed_hash(0, format!("{method} {uri}").as_bytes()), request.body());
        let request_id = guid_header(headers, REQUEST_ID_HEADER);
        let origin = RequestOrigin::of_headers(headers);
        let is_unsafe_write = is_unsafe_write(request);
        let mut findings = Vec::new();
        findings.extend(self.early_retry(call, &origin, now));
        findings.extend(request_id.and_then(|id| self.reused_request_id(id)));
        if is_unsafe_write {
            findings.extend(self.changed_request_id(call, &origin, request_id, now));
        }
        let pending = PendingRequest {
            method: method.clone(),
            path: uri.path().to_owned(),
            call,
            is_unsafe_write,
            is_next_page: is_next_page(request),
            origin,
            request_id,
            status: None,
            retry_after: None,
        };
        if self.pending.len() < MAX_REQUESTS {
            self.pending.insert(number, pending);
        }
        findings
    }

    pub(super) fn response_made(&mut self, number: u64, response: &Response) {
        if let Some(pending) = self.pending.get_mut(&number) {
            pending.status = Some(response.status());
            pending.retry_after = response.headers().get(RETRY_AFTER).and_then(RetryAfter::parse);
        }
    }

    /// Notes what became of a response. Returns the list if it was polled.
    pub(super) fn record_delivery_and_find_polled_list(
        &mut self,
        number: u64,
        delivery: Delivery,
        is_certain: bool,
        now: Duration,
    ) -> Option<String> {
        let pending = self.pending.remove(&number)?;
        let status = pending.status.filter(|_| delivery == Delivery::Sent && is_certain);
        let Some(status) = status else {
            if delivery != Delivery::Sent && is_certain && pending.is_unsafe_write {
                let PendingRequest { call, origin, request_id, .. } = pending;
                let without_response = WriteWithoutResponse { number, call, origin, request_id, time: now };
                push_bounded(&mut self.without_response, without_response);
            }
            return None;
        };
        if let Some(id) = pending.request_id {
            if self.with_response.insert(id, number).is_none() {
                self.with_response_order.push_back(id);
            }
            if self.with_response_order.len() > MAX_REQUESTS {
                self.with_response_order.pop_front().and_then(|oldest| self.with_response.remove(&oldest));
            }
        }
        if let (Some(RetryAfter(wait)), true) =
            (pending.retry_after, status.is_client_error() || status.is_server_error())
        {
            let PendingRequest { call, origin, .. } = pending;
            let is_only_request = self.pending.values().all(|other| other.call != call);
            let (begin, end) = (now, now.saturating_add(wait));
            let wait = RequiredWait { number, call, origin, status, is_only_request, begin, end };
            push_bounded(&mut self.waits, wait);
        }
        if !status.is_success() {
            return None;
        }
        if pending.method != Method::GET {
            let path = pending.path.as_str();
            // A write changes other lists of the customer, too: an order adds subscriptions.
            let customer = customer_prefix(path);
            let is_changed =
                |list: &str| path.starts_with(list) || customer.is_some_and(|customer| list.starts_with(customer));
            self.polls.retain(|_, poll| !is_changed(&poll.path));
            return None;
        }
        if pending.is_next_page {
            return None;
        }
        self.count_poll(&pending, now).then_some(pending.path)
    }

    fn early_retry(&mut self, call: u64, origin: &RequestOrigin, now: Duration) -> Option<(Misbehavior, String)> {
        self.waits.retain(|wait| now < wait.end);
        let wait = self.waits.iter().find(|wait| {
            // Without a correlation id, a retry does not differ from other work of the program, which waits after a 429 alone.
            let is_same_work = origin.correlation_id.is_some() && is_same_work(&wait.origin, origin);
            let is_for_all_work = wait.status == StatusCode::TOO_MANY_REQUESTS && wait.origin.caller == origin.caller;
            // Before, it may have been on its way.
            let grace = match origin.correlation_id {
                Some(_) => GRACE,
                None => GRACE.min(wait.end.saturating_sub(wait.begin) / 2),
            };
            let is_informed = now >= wait.begin.saturating_add(grace) || (is_same_work && wait.is_only_request);
            wait.call == call && (is_same_work || is_for_all_work) && is_informed
        })?;
        let (required, waited) = (wait.end.saturating_sub(wait.begin), now.saturating_sub(wait.begin));
        let message = format!(
            "the response to request {} was {} with Retry-After, and this is the same call {:.1} s later; wait the {:.1} s",
            wait.number,
            wait.status.as_u16(),
            waited.as_secs_f64(),
            required.as_secs_f64()
        );
        Some((Misbehavior::EarlyRetry, message))
    }

    fn reused_request_id(&self, id: Uuid) -> Option<(Misbehavior, String)> {
        let number = self.with_response.get(&id)?;
        let message = format!(
            "its MS-RequestId {id} is that of request {number}, which had a response: use a new one after each response, and the \
             same one only after none"
        );
        Some((Misbehavior::ReusedRequestId, message))
    }

    fn changed_request_id(
        &mut self,
        call: u64,
        origin: &RequestOrigin,
        request_id: Option<Uuid>,
        now: Duration,
    ) -> Option<(Misbehavior, String)> {
        self.without_response.retain(|without_response| now < without_response.time.saturating_add(MAX_RETRY_INTERVAL));
        let is_retry = |without_response: &WriteWithoutResponse| {
            without_response.call == call && is_same_work(&without_response.origin, origin)
        };
        let position = self.without_response.iter().position(is_retry)?;
        let earlier = self.without_response.remove(position)?;
        if request_id.is_some() && earlier.request_id == request_id {
            return None;
        }
        let difference = match (earlier.request_id, request_id) {
            (None, None) => "neither has an MS-RequestId",
            (None, Some(_)) => "only this one has an MS-RequestId",
            (Some(_), None) => "this one has no MS-RequestId",
            (Some(_), Some(_)) => "this one has another MS-RequestId",
        };
        let message = format!(
            "request {} was the same write and had no response, and {difference}: the write may be done twice; send an id, and keep \
             it until there is a response",
            earlier.number
        );
        Some((Misbehavior::ChangedRequestId, message))
    }

    /// Counts a request of a first page. Returns whether it is one too many.
    fn count_poll(&mut self, request: &PendingRequest, now: Duration) -> bool {
        let key = keyed_hash(request.origin.caller, &request.call.to_be_bytes());
        if !self.polls.contains_key(&key) && self.polls.len() >= MAX_SEARCHED_ENTRIES {
            self.polls.retain(|_, poll| now < poll.last.saturating_add(MAX_INTERVAL_COUNTED_AS_POLLING));
            if self.polls.len() >= MAX_SEARCHED_ENTRIES {
                self.polls.clear();
            }
        }
        let poll = self.polls.entry(key).or_insert_with(|| Poll {
            path: request.path.clone(),
            count: 0,
            last: now.saturating_sub(MAX_INTERVAL_COUNTED_AS_POLLING),
        });
        let interval = now.saturating_sub(poll.last);
        if interval < MIN_INTERVAL_COUNTED_AS_POLLING && poll.count > 0 {
            poll.last = now;
            return false;
        }
        poll.count = if interval > MAX_INTERVAL_COUNTED_AS_POLLING { 1 } else { poll.count + 1 };
        poll.last = now;
        if poll.count < MIN_REQUESTS_TO_BE_POLLING {
            return false;
        }
        poll.count = 0;
        true
    }
}

/// Returns the message for a list that was polled.
pub(super) fn polled_message(path: &str) -> String {
    format!(
        "{} was requested {MIN_REQUESTS_TO_BE_POLLING} times in a row although nothing in it was written: read what has changed from \
         /v1/auditrecords, or register a webhook",
        path.escape_debug()
    )
}

impl RetryAfter {
    fn parse(value: &HeaderValue) -> Option<Self> {
        let text = value.to_str().ok()?.trim();
        if let Ok(seconds) = text.parse() {
            return Some(Self(Duration::from_secs(seconds)));
        }
        // The date has no fractions of a second, by which it may be early.
        let date = httpdate::parse_http_date(text).ok()?;
        let wait = date.duration_since(SystemTime::now()).unwrap_or_default();
        Some(Self(wait.saturating_sub(Duration::from_secs(1))))
    }
}

/// Whether a request is a write that is done twice if it is sent twice with two ids.
fn is_unsafe_write(request: &Request) -> bool {
    if ![Method::POST, Method::PATCH].contains(request.method()) {
        return false;
    }
    let route = route_request(request.method(), request.uri().path());
    route.is_ok_and(|route| route.operation.idempotency != Idempotency::Natural)
}

/// Whether a request is for a page of a list after the first one.
fn is_next_page(request: &Request) -> bool {
    let has_token = request.headers().keys().any(|name| name.as_str().contains("continuationtoken"));
    let query = request.uri().query().unwrap_or_default().to_ascii_lowercase();
    has_token || ["seekoperation=next", "continuationtoken=", "offset="].iter().any(|part| query.contains(part))
}

/// Returns what the paths of all that a customer has begin with, if `path` is one of them.
fn customer_prefix(path: &str) -> Option<&str> {
    const CUSTOMERS_PATH: &str = "/v1/customers/";
    let id = path.strip_prefix(CUSTOMERS_PATH)?.split('/').next().filter(|id| !id.is_empty())?;
    path.get(..=CUSTOMERS_PATH.len() + id.len())
}

pub(super) fn guid_header(headers: &HeaderMap, name: HeaderName) -> Option<Uuid> {
    parse_guid(headers.get(name)?.to_str().ok()?)
}

fn push_bounded<T>(queue: &mut VecDeque<T>, item: T) {
    queue.push_back(item);
    if queue.len() > MAX_SEARCHED_ENTRIES {
        queue.pop_front();
    }
}

#[cfg(test)]
mod tests;
