use http::{HeaderValue, header::AUTHORIZATION};
use partner_center_core::Request;
use std::collections::VecDeque;

/// A log of the requests received: the number of all, and the newest of them without their bodies.
#[derive(Default)]
pub(crate) struct RequestLog {
    count: u64,
    newest: VecDeque<http::Request<()>>,
    /// The sum of the [`logged_request_size`] of all in `newest`.
    bytes: usize,
}

/// The maximum number of requests in the log.
const MAX_LOGGED_REQUESTS: usize = 10_000;

/// The maximum size of all requests in the log together, in bytes.
const MAX_LOG_BYTES: usize = 16 << 20;

impl RequestLog {
    /// Adds `request` without its token, drops the oldest requests where the log is full, and returns the number of requests
    /// before this one.
    pub(crate) fn record_request(&mut self, request: &Request) -> u64 {
        let mut logged = http::Request::new(());
        logged.method_mut().clone_from(request.method());
        // Copies: a clone would keep the buffer of the connection in memory, with all that was read into it.
        *logged.uri_mut() = request.uri().to_string().parse().unwrap_or_default();
        for (name, value) in request.headers() {
            let value = if name == AUTHORIZATION { b"(not kept)" } else { value.as_bytes() };
            logged.headers_mut().extend(HeaderValue::from_bytes(value).ok().map(|value| (name.clone(), value)));
        }
        self.bytes += logged_request_size(&logged);
        self.newest.push_back(logged);
        while self.newest.len() > MAX_LOGGED_REQUESTS || self.bytes > MAX_LOG_BYTES {
            let Some(oldest) = self.newest.pop_front() else { break };
            self.bytes -= logged_request_size(&oldest);
        }
        let previous = self.count;
        self.count += 1;
        previous
    }

    /// Returns the requests in the log, the oldest first.
    pub(crate) fn logged_requests(&self) -> Vec<http::Request<()>> {
        self.newest.iter().cloned().collect()
    }
}

/// Returns the size of the URI and the headers of a logged request, in bytes.
fn logged_request_size(logged: &http::Request<()>) -> usize {
    let headers = logged.headers().iter().map(|(name, value)| name.as_str().len() + value.len());
    let uri = logged.uri();
    let authority = uri.authority().map_or(0, |authority| authority.as_str().len());
    authority + uri.path().len() + uri.query().map_or(0, str::len) + headers.sum::<usize>()
}
