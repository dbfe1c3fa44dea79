use crate::{steering::Delivery, timestamp::Timestamp};
use http::{HeaderMap, HeaderValue, StatusCode, header::AUTHORIZATION};
use hyper::body::Bytes;
use partner_center_core::{Request, Response};
use std::{collections::VecDeque, sync::Arc};

/// A log of the requests received, with their responses: the number of all, and the newest of them.
#[derive(Default)]
pub(crate) struct RequestLog {
    count: u64,
    newest: VecDeque<Arc<LoggedExchange>>,
    /// The sum of the [`size_without_bodies`](LoggedExchange::size_without_bodies) of all in `newest`.
    bytes: usize,
    /// The size of all bodies in `newest`.
    body_bytes: usize,
    /// The number of the oldest exchange that may have bodies.
    oldest_with_bodies: u64,
}

/// A request with its response, as far as the log keeps them.
#[derive(Clone)]
pub(crate) struct LoggedExchange {
    /// The number of the request, from 1.
    pub(crate) number: u64,
    pub(crate) received: Timestamp,
    pub(crate) request: http::Request<LoggedBody>,
    pub(crate) response: Option<LoggedResponse>,
    pub(crate) delivery: Delivery,
}

#[derive(Clone)]
pub(crate) struct LoggedResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: LoggedBody,
}

/// A body in the log.
#[derive(Clone)]
pub(crate) struct LoggedBody {
    pub(crate) size: usize,
    /// `None` if it is too large, or had to make room for newer ones.
    pub(crate) bytes: Option<Bytes>,
}

/// The maximum number of requests in the log.
const MAX_LOGGED_REQUESTS: usize = 10_000;

/// The maximum size of all URIs and headers in the log together, in bytes, and that of all bodies.
const MAX_LOG_BYTES: usize = 16 << 20;

/// The maximum size of a body in the log. Larger ones are as a rule pages of a list.
const MAX_LOGGED_BODY_SIZE: usize = 64 << 10;

impl RequestLog {
    /// Adds `request` without its token, drops the oldest requests where the log is full, and returns the number of this one.
    pub(crate) fn record_request(&mut self, request: &Request, received: Timestamp) -> u64 {
        self.count += 1;
        let body = LoggedBody::keep_if_within_limit(request.body().len(), || Bytes::copy_from_slice(request.body()));
        let mut logged = http::Request::new(body);
        logged.method_mut().clone_from(request.method());
        // Copies: a clone would keep the buffer of the connection in memory, with all that was read into it.
        *logged.uri_mut() = request.uri().to_string().parse().unwrap_or_default();
        for (name, value) in request.headers() {
            let value = if name == AUTHORIZATION { b"(not kept)" } else { value.as_bytes() };
            logged.headers_mut().extend(HeaderValue::from_bytes(value).ok().map(|value| (name.clone(), value)));
        }
        let delivery = Delivery::Pending;
        let exchange = LoggedExchange { number: self.count, received, request: logged, response: None, delivery };
        self.bytes += exchange.size_without_bodies();
        self.body_bytes += exchange.size_of_bodies();
        self.newest.push_back(Arc::new(exchange));
        self.drop_oldest_above_limits();
        self.count
    }

    /// Adds the response to the request with this number, if that is still there.
    pub(crate) fn record_response(&mut self, number: u64, response: &Response) {
        let Some(exchange) = self.exchange_mut(number) else { return };
        let before = (exchange.size_without_bodies(), exchange.size_of_bodies());
        let body = LoggedBody::keep_if_within_limit(response.body().len(), || response.body().clone());
        let (status, headers) = (response.status(), response.headers().clone());
        exchange.response = Some(LoggedResponse { status, headers, body });
        let after = (exchange.size_without_bodies(), exchange.size_of_bodies());
        self.bytes = self.bytes + after.0 - before.0;
        self.body_bytes = self.body_bytes + after.1 - before.1;
        self.drop_oldest_above_limits();
    }

    pub(crate) fn record_delivery(&mut self, number: u64, delivery: Delivery) {
        if let Some(exchange) = self.exchange_mut(number) {
            exchange.delivery = delivery;
        }
    }

    /// Returns the number of requests so far.
    pub(crate) fn request_count(&self) -> u64 {
        self.count
    }

    /// Returns the requests in the log, the oldest first.
    pub(crate) fn logged_requests(&self) -> Vec<http::Request<()>> {
        self.newest.iter().map(|exchange| exchange.request_without_body()).collect()
    }

    /// Returns the exchanges after the one with this number, the oldest first. They are read without the lock of the log.
    pub(crate) fn exchanges_after(&self, number: u64) -> Vec<Arc<LoggedExchange>> {
        let first = self.newest.front().map_or(0, |oldest| oldest.number);
        self.newest.range(self.position_of_request(number.saturating_add(1), first)..).cloned().collect()
    }

    /// Drops all requests. The numbering continues.
    pub(crate) fn clear(&mut self) {
        *self = Self { count: self.count, ..Self::default() };
    }

    fn exchange_mut(&mut self, number: u64) -> Option<&mut LoggedExchange> {
        let first = self.newest.front()?.number;
        let position = usize::try_from(number.checked_sub(first)?).ok()?;
        self.newest.get_mut(position).map(Arc::make_mut)
    }

    fn position_of_request(&self, number: u64, first: u64) -> usize {
        usize::try_from(number.saturating_sub(first)).unwrap_or(usize::MAX).min(self.newest.len())
    }

    /// Drops the oldest requests, and the bodies of the oldest that are left, where there are too many.
    fn drop_oldest_above_limits(&mut self) {
        while self.newest.len() > MAX_LOGGED_REQUESTS || self.bytes > MAX_LOG_BYTES {
            let Some(oldest) = self.newest.pop_front() else { break };
            self.bytes -= oldest.size_without_bodies();
            self.body_bytes -= oldest.size_of_bodies();
        }
        while self.body_bytes > MAX_LOG_BYTES {
            let first = self.newest.front().map_or(0, |oldest| oldest.number);
            self.oldest_with_bodies = self.oldest_with_bodies.max(first);
            let number = self.oldest_with_bodies;
            let Some(exchange) = self.exchange_mut(number) else { break };
            let size = exchange.size_of_bodies();
            exchange.request.body_mut().bytes = None;
            if let Some(response) = &mut exchange.response {
                response.body.bytes = None;
            }
            self.body_bytes -= size;
            self.oldest_with_bodies += 1;
        }
    }
}

impl LoggedExchange {
    pub(crate) fn request_without_body(&self) -> http::Request<()> {
        let mut request = http::Request::new(());
        request.method_mut().clone_from(self.request.method());
        request.uri_mut().clone_from(self.request.uri());
        request.headers_mut().clone_from(self.request.headers());
        request
    }

    /// Returns the size of the URI and of all headers, in bytes.
    fn size_without_bodies(&self) -> usize {
        let response_headers = self.response.iter().flat_map(|response| &response.headers);
        let headers = self.request.headers().iter().chain(response_headers);
        let headers = headers.map(|(name, value)| name.as_str().len() + value.len());
        let uri = self.request.uri();
        let authority = uri.authority().map_or(0, |authority| authority.as_str().len());
        authority + uri.path().len() + uri.query().map_or(0, str::len) + headers.sum::<usize>()
    }

    fn size_of_bodies(&self) -> usize {
        let response = self.response.as_ref().map(|response| &response.body);
        let bodies = [self.request.body()].into_iter().chain(response);
        bodies.filter_map(|body| body.bytes.as_ref()).map(Bytes::len).sum()
    }
}

impl LoggedBody {
    fn keep_if_within_limit(size: usize, bytes: impl FnOnce() -> Bytes) -> Self {
        Self { size, bytes: (size <= MAX_LOGGED_BODY_SIZE).then(bytes) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Delivery, MAX_LOG_BYTES, MAX_LOGGED_BODY_SIZE, MAX_LOGGED_REQUESTS, RequestLog, Timestamp};
    use crate::steering::Exchange;
    use partner_center_core::{Request, Response};

    fn request(body: usize) -> Request {
        http::Request::post("/v1/x").header("Authorization", "Bearer me").body(vec![b'a'; body]).unwrap()
    }

    fn exchange(log: &RequestLog, number: u64) -> Option<Exchange> {
        let exchanges = log.exchanges_after(number - 1);
        exchanges.first().filter(|exchange| exchange.number == number).map(|exchange| Exchange::with_bodies(exchange))
    }

    #[test]
    fn log_takes_a_bounded_amount_of_memory() {
        let mut log = RequestLog::default();
        let total = MAX_LOGGED_REQUESTS + 10;
        for _ in 0..total {
            let number = log.record_request(&request(MAX_LOGGED_BODY_SIZE), Timestamp::default());
            log.record_response(number, &Response::new(vec![b'b'; 100].into()));
            assert!(log.body_bytes <= MAX_LOG_BYTES);
        }
        assert_eq!((log.newest.len(), log.request_count()), (MAX_LOGGED_REQUESTS, total as u64));
        assert!(exchange(&log, 10).is_none());
        assert_eq!(exchange(&log, 11).unwrap().body, None, "the oldest bodies gave way");
        assert_eq!(exchange(&log, total as u64).unwrap().body.unwrap().len(), MAX_LOGGED_BODY_SIZE);
        let number = log.record_request(&request(MAX_LOGGED_BODY_SIZE + 1), Timestamp::default());
        let too_large = exchange(&log, number).unwrap();
        assert_eq!((too_large.body, too_large.body_size), (None, MAX_LOGGED_BODY_SIZE + 1));
    }

    #[test]
    fn exchange_is_completed_as_long_as_it_is_in_the_log() {
        let mut log = RequestLog::default();
        let number = log.record_request(&request(1), Timestamp::default());
        log.record_response(number, &Response::new("{}".into()));
        log.record_delivery(number, Delivery::Sent);
        let exchange = exchange(&log, number).unwrap();
        assert_eq!((exchange.response.unwrap().body.as_deref(), exchange.delivery), (Some("{}"), Delivery::Sent));
        assert_eq!(log.exchanges_after(0).len(), 1);
        assert_eq!(log.exchanges_after(number).len(), 0);
        log.clear();
        log.record_response(number, &Response::new("{}".into()));
        assert_eq!(log.exchanges_after(0).len(), 0);
        assert_eq!(log.record_request(&request(1), Timestamp::default()), number + 1);
    }
}
