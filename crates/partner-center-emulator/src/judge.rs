//! The judge: it watches requests and responses, and says what a caller does that the service asks callers not to do, as a list of
//! verdicts. It is sparing: what could be right is not wrong. All that it remembers is bounded.
//!
//! [`arrivals`] has what the order of requests tells, [`conduct`] what a single request does.

mod arrivals;
mod conduct;
mod origin;
mod verdict;

pub(crate) use conduct::{ResourceBefore, judge_response};
pub use verdict::{Misbehavior, Verdict};

use crate::{routing::route_request, steering::Delivery};
use arrivals::Arrivals;
use http::Method;
use partner_center_core::{Request, Response};
use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Custom code that is called with each verdict.
pub(crate) type VerdictListener = Arc<dyn Fn(&Verdict) + Send + Sync>;

/// The judge of one emulator.
pub(crate) struct Judge {
    records: Mutex<Records>,
    listener: Option<VerdictListener>,
}

#[derive(Default)]
struct Records {
    arrivals: Arrivals,
    verdicts: VecDeque<Verdict>,
    /// The number of verdicts so far.
    count: u64,
    /// How many of them were dropped on purpose, and count for nothing any more.
    dropped: u64,
}

/// The maximum number of verdicts that are kept, the newest.
const MAX_VERDICTS: usize = 10_000;

impl Judge {
    pub(crate) fn new(listener: Option<VerdictListener>) -> Self {
        Self { records: Mutex::default(), listener }
    }

    /// Judges the arrival of a request `now`, as the time since the emulator's start.
    pub(crate) fn request_arrived(&self, number: u64, request: &Request, now: Duration) {
        let findings = self.lock().arrivals.request_arrived(number, request, now);
        for (misbehavior, message) in findings {
            self.find_guilty(number, request, misbehavior, message);
        }
    }

    /// Notes what the response to a request is. It is sent later, or not.
    pub(crate) fn response_made(&self, number: u64, response: &Response) {
        self.lock().arrivals.response_made(number, response);
    }

    /// Notes what became of the response to a request. It is certain (`is_certain`) what the client knows of it, unless it was sent
    /// slowly, so that the client may have given up.
    pub(crate) fn response_delivered(&self, number: u64, delivery: Delivery, is_certain: bool, now: Duration) {
        let mut records = self.lock();
        if let Some(path) = records.arrivals.record_delivery_and_find_polled_list(number, delivery, is_certain, now) {
            let route = route_request(&Method::GET, &path);
            if route.is_ok_and(|route| conduct::is_list_in_audit_log(route.operation)) {
                drop(records);
                let message = arrivals::polled_message(&path);
                self.add_verdict(number, Method::GET.as_str(), &path, Misbehavior::PolledList, message);
            }
        }
    }

    /// Adds a verdict on a request.
    pub(crate) fn find_guilty(&self, number: u64, request: &Request, misbehavior: Misbehavior, message: String) {
        self.add_verdict(number, request.method().as_str(), request.uri().path(), misbehavior, message);
    }

    /// Returns the verdicts with a number greater than `after`, the oldest first.
    pub(crate) fn verdicts_after(&self, after: u64) -> Vec<Verdict> {
        self.lock().verdicts.iter().filter(|verdict| verdict.number > after).cloned().collect()
    }

    /// Returns the number of all verdicts so far.
    pub(crate) fn verdict_count(&self) -> u64 {
        self.lock().count
    }

    /// Returns the number of verdicts that were not dropped.
    pub(crate) fn standing_verdict_count(&self) -> u64 {
        let records = self.lock();
        records.count - records.dropped
    }

    /// Drops all verdicts, and forgets what happened so far. The numbering continues.
    pub(crate) fn drop_verdicts(&self) {
        let mut records = self.lock();
        *records = Records { count: records.count, dropped: records.count, ..Records::default() };
    }

    /// Forgets the verdicts in the list, and what happened so far. The verdicts count all the same.
    pub(crate) fn forget_all(&self) {
        let mut records = self.lock();
        *records = Records { count: records.count, dropped: records.dropped, ..Records::default() };
    }

    /// Forgets what happened so far, so that nothing of it leads to a verdict. The verdicts stay.
    pub(crate) fn forget_requests(&self) {
        self.lock().arrivals = Arrivals::default();
    }

    fn add_verdict(&self, request: u64, method: &str, path: &str, misbehavior: Misbehavior, message: String) {
        let verdict = {
            let mut records = self.lock();
            records.count += 1;
            let (method, path) = (method.to_owned(), path.to_owned());
            let verdict = Verdict { number: records.count, request, method, path, misbehavior, message };
            records.verdicts.push_back(verdict.clone());
            if records.verdicts.len() > MAX_VERDICTS {
                records.verdicts.pop_front();
            }
            verdict
        };
        if let Some(listener) = &self.listener {
            listener(&verdict);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Records> {
        // Poisoned records are usable: at worst a verdict is missing.
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Judge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Judge").finish_non_exhaustive()
    }
}
