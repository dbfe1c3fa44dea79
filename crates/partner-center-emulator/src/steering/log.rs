use super::Exchange;
use crate::{Emulator, request_log::LoggedExchange};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

impl Emulator {
    /// Returns the newest requests with their responses, the oldest of them first. Secrets are hidden.
    ///
    /// The log has up to 10,000 requests, and up to 16 MiB of bodies; those of the oldest requests make room for newer ones.
    ///
    /// ```
    /// use partner_center_core::{Blocking, Transport};
    /// use partner_center_emulator::Emulator;
    ///
    /// let emulator = Emulator::default();
    /// let request = http::Request::get("/v1/customers?size=1").body(Vec::new())?;
    /// emulator.transport::<Blocking>().send(request)?;
    ///
    /// let [exchange] = &emulator.exchanges()[..] else { panic!("one request was sent") };
    /// assert_eq!(exchange.response.as_ref().map(|response| response.status), Some(401));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.exchanges_after(0, usize::MAX, |_| true, Exchange::with_bodies)
    }

    /// Drops all requests from the log. Their numbers go on.
    pub fn clear_log(&self) {
        self.handler().lock_log().clear();
    }

    /// Returns the oldest request in the log with a number greater than `after` that `matches`, and waits for it at most for
    /// `timeout`. Its response may not be there yet.
    ///
    /// ```
    /// use partner_center_core::{Blocking, Transport};
    /// use partner_center_emulator::Emulator;
    /// use std::{thread, time::Duration};
    ///
    /// let emulator = Emulator::default();
    /// let transport = emulator.transport::<Blocking>();
    /// let client = thread::spawn(move || {
    ///     transport.send(http::Request::get("/v1/customers").body(Vec::new()).unwrap())
    /// });
    /// let is_list = |request: &http::Request<()>| request.uri().path() == "/v1/customers";
    /// let exchange = emulator.wait_for_request(0, Duration::from_secs(60), is_list);
    /// assert_eq!(exchange.map(|exchange| exchange.method).as_deref(), Some("GET"));
    /// # client.join().unwrap().unwrap();
    /// ```
    pub fn wait_for_request(
        &self,
        after: u64,
        timeout: Duration,
        matches: impl Fn(&http::Request<()>) -> bool,
    ) -> Option<Exchange> {
        self.wait_for_request_unless_cancelled(after, timeout, matches, &AtomicBool::new(false))
    }

    /// As [`wait_for_request`](Self::wait_for_request); the waiting ends when it is `cancelled`.
    pub(super) fn wait_for_request_unless_cancelled(
        &self,
        mut after: u64,
        timeout: Duration,
        matches: impl Fn(&http::Request<()>) -> bool,
        cancelled: &AtomicBool,
    ) -> Option<Exchange> {
        let started = Instant::now();
        loop {
            let (exchanges, count) = {
                let log = self.handler().lock_log();
                (log.exchanges_after(after), log.request_count())
            };
            if let Some(found) = exchanges.iter().find(|exchange| matches(&exchange.request_without_body())) {
                return Some(Exchange::with_bodies(found));
            }
            after = after.max(count);
            let rest = timeout.saturating_sub(started.elapsed());
            if rest.is_zero() || cancelled.load(Ordering::Relaxed) {
                return None;
            }
            let log = self.handler().lock_log();
            if log.request_count() <= after {
                drop(self.handler().wait_for_next_request(log, rest.min(CANCELLATION_CHECK_INTERVAL)));
            }
        }
    }

    /// Returns up to `limit` requests with a number greater than `after` that match, the oldest first, as `read` reads
    /// them.
    pub(super) fn exchanges_after(
        &self,
        after: u64,
        limit: usize,
        matches: impl Fn(&http::Request<()>) -> bool,
        read: fn(&LoggedExchange) -> Exchange,
    ) -> Vec<Exchange> {
        // Without the lock: no request waits until these are read.
        let exchanges = self.handler().lock_log().exchanges_after(after);
        let matching = exchanges.iter().filter(|exchange| matches(&exchange.request_without_body()));
        matching.take(limit).map(|exchange| read(exchange)).collect()
    }
}

/// The interval at which a wait looks whether it is cancelled.
const CANCELLATION_CHECK_INTERVAL: Duration = Duration::from_millis(100);
