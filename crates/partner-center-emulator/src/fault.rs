//! Faults: what goes wrong, and with which requests. [`grammar`] parses them, and [`injected_response`] makes the error
//! responses.

mod grammar;
mod injected_response;

use crate::{
    authority::{AuthorityEndpoint, TokenError},
    random::RandomGenerator,
};
pub use grammar::ParseFaultError;
use injected_response::InjectedResponse;
pub(crate) use injected_response::rate_limit_response;
use std::{num::NonZeroU64, time::Duration};

/// A fault: *what* goes wrong, and with *which* requests.
///
/// It is parsed from a string, `WHAT` and then any number of `@WHICH`:
///
/// | `WHAT` | what happens |
/// |---|---|
/// | `503` and any other status from 200 to 599 | this response instead of the service's |
/// | `delay:200ms` | the response is delayed by this time |
/// | `drip`, `drip:50ms` | the body arrives in chunks of 1 KiB, with this pause before each; default 10 ms |
/// | `truncate` | the connection ends in the middle of the body |
/// | `reset` | the connection is reset instead of a response |
/// | `unreachable` | no connection is opened: in memory, the request is not received; over HTTP, where one is open by then, it is `reset` |
/// | `hang` | there is no response, however long the client waits |
/// | `garbage` | the response is 200 with the media type of JSON and a body that is not JSON |
/// | `invalid-client`, `invalid-grant`, `consent-required`, `multifactor-required`, `conditional-access`, `unknown-tenant`, `unknown-audience`, `authorization-pending`, `authorization-declined`, `slow-down`, `expired-token`, `bad-verification-code`, `missing-secret`, `expired-secret`, `unknown-certificate`, `revoked-grant` | the authority returns this error instead of a token; other requests are unaffected |
///
/// | `@WHICH` | which requests are affected |
/// |---|---|
/// | `@3` | the third request that the emulator receives, or the third after the fault was added to one that runs |
/// | `@every:5` | the fifth, the tenth, and so on |
/// | `@10%` | one in ten, drawn from the seed; up to four decimals |
/// | `@/v1/customers/` | those whose path begins with this one, with any number of slashes between the segments |
///
/// Without any `@WHICH`, all requests are affected; several `@WHICH` must all match. If a request matches several faults, all
/// delays are added, and the first of the other faults happens.
///
/// A status can be followed by the format of the body, by a code, and by the time to retry after:
///
/// | string | response |
/// |---|---|
/// | `403:front-door` | `{"code": 1002, "description": …, "data": [], "source": "PartnerFD"}` |
/// | `403:string-code` | the same, with `"code": "1002"` |
/// | `403:newer-service` | `{"code": 1002, "message": …, "errorName": …, "isRetryable": false, …}` |
/// | `429:gateway` | `{"statusCode": 429, "message": …}` |
/// | `403:text`, `503:html`, `401:empty` | plain text, an HTML page, no body |
/// | `403:code=20002` | with this code |
/// | `429:retry-after=2` | with `Retry-After: 2` |
/// | `429:retry-after-date=2` | with `Retry-After` and the date in two seconds |
///
/// The default format is the one in which the service has been seen to send this status. At the authority it is that of
/// OAuth 2.0, `{"error": …, "error_description": …}`, unless a format or a code is given.
///
/// ```
/// use partner_center_core::{Blocking, Client, Credential, ListCustomers};
/// use partner_center_emulator::Emulator;
///
/// let emulator = Emulator::builder()
///     .customers(1200)
///     .fault("503:retry-after=1@2".parse()?)
///     .fault("reset@4".parse()?)
///     .build();
/// let transport = emulator.transport::<Blocking>();
/// let client = Client::builder(transport, Credential::token(Emulator::TOKEN)).build()?;
///
/// // Three pages, of which two were retried.
/// let customers = client.items(ListCustomers::new()).collect::<Result<Vec<_>, _>>()?;
/// assert_eq!(customers.len(), 1200);
/// assert_eq!(emulator.requests().len(), 5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    action: FaultAction,
    /// All must match.
    selectors: Vec<RequestSelector>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FaultAction {
    Respond(InjectedResponse),
    Delay(Duration),
    Drip(Duration),
    Truncate,
    Reset,
    Unreachable,
    Hang,
    Garbage,
    TokenError(TokenError),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum RequestSelector {
    /// The request with this number, from 1.
    Number(NonZeroU64),
    Every(NonZeroU64),
    /// A rate in millionths.
    Rate(u32),
    PathPrefix(String),
}

/// Decides which faults happen to a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct FaultInjector {
    faults: Vec<ActiveFault>,
    /// The identifier of the fault that was added last.
    last_id: u64,
}

#[derive(Clone, Debug)]
struct ActiveFault {
    id: u64,
    fault: Fault,
    /// The number of requests that came before it was added, from which on it counts.
    previous_requests: u64,
}

/// The faults that happen to one request.
#[derive(Default)]
pub(crate) struct FaultPlan<'a> {
    /// The sum of all delays.
    pub(crate) delay: Duration,
    /// The first fault that is not a delay.
    pub(crate) action: Option<&'a FaultAction>,
}

impl FaultInjector {
    /// Adds a fault that counts the requests from now on, before which there were `previous_requests`. Returns its identifier.
    pub(crate) fn add_fault(&mut self, fault: Fault, previous_requests: u64) -> u64 {
        self.last_id += 1;
        self.faults.push(ActiveFault { id: self.last_id, fault, previous_requests });
        self.last_id
    }

    /// Removes a fault, if it is there.
    pub(crate) fn remove_fault(&mut self, id: u64) -> bool {
        let count = self.faults.len();
        self.faults.retain(|active| active.id != id);
        self.faults.len() < count
    }

    pub(crate) fn remove_all_faults(&mut self) {
        self.faults.clear();
    }

    /// Returns the faults with their identifiers.
    pub(crate) fn faults(&self) -> impl Iterator<Item = (u64, &Fault)> {
        self.faults.iter().map(|active| (active.id, &active.fault))
    }

    /// Returns the plan for the request to `path` that comes after `previous_requests` others.
    pub(crate) fn plan_faults(&self, seed: u64, previous_requests: u64, path: &str) -> FaultPlan<'_> {
        let mut plan = FaultPlan::default();
        for ActiveFault { id, fault, previous_requests: before } in &self.faults {
            // A separate sequence for each fault: two faults with the same rate must not affect the same requests.
            let purpose = format!("fault {}", id.saturating_sub(1));
            let mut random = RandomGenerator::for_purpose(seed, &purpose, previous_requests);
            // A request that came before the fault was added is not affected by it.
            let number = (previous_requests + 1).saturating_sub(*before);
            if number == 0
                || !fault.selectors.iter().all(|selector| selector.matches_request(number, path, &mut random))
            {
                continue;
            }
            match &fault.action {
                FaultAction::TokenError(_) if !AuthorityEndpoint::is_token_endpoint_path(path) => {}
                FaultAction::Delay(delay) => plan.delay = plan.delay.saturating_add(*delay),
                action => plan.action = plan.action.or(Some(action)),
            }
        }
        plan
    }
}

impl RequestSelector {
    fn matches_request(&self, number: u64, path: &str, random: &mut RandomGenerator) -> bool {
        match self {
            Self::Number(only) => number == only.get(),
            Self::Every(interval) => number.is_multiple_of(interval.get()),
            Self::Rate(millionths) => random.number_below(1_000_000) < *millionths as usize,
            Self::PathPrefix(prefix) => collapse_repeated_slashes(path).starts_with(prefix),
        }
    }
}

/// Replaces each run of slashes with one.
fn collapse_repeated_slashes(path: &str) -> String {
    let mut collapsed = String::with_capacity(path.len());
    for character in path.chars() {
        if character != '/' || !collapsed.ends_with('/') {
            collapsed.push(character);
        }
    }
    collapsed
}
