//! What goes wrong on demand, and when.

mod error_answer;
mod grammar;

use crate::{
    authority::{Endpoint, TokenRefusal},
    random::Random,
};
use error_answer::ErrorAnswer;
pub use grammar::ParseFaultError;
use std::{num::NonZeroU64, time::Duration};

pub(crate) use error_answer::rate_limited;

/// Something that goes wrong on demand: *what* happens, and to *which* requests.
///
/// It is written as text, `WHAT` and then any number of `@WHICH`:
///
/// | `WHAT` | what happens |
/// |---|---|
/// | `503` and any other status from 200 to 599 | this answer instead of the service's |
/// | `delay:200ms` | the answer comes so much later |
/// | `drip`, `drip:50ms` | the body comes in pieces of 1 KiB, with so much time before each; without more, 10 ms |
/// | `truncate` | the body breaks off in the middle, and with it the connection |
/// | `reset` | the connection is reset before there is an answer |
/// | `hang` | there is no answer, however long the client waits |
/// | `garbage` | the answer is 200 and says that it is JSON, which it is not |
/// | `invalid-client`, `invalid-grant`, `consent-required`, `multifactor-required`, `conditional-access`, `unknown-tenant`, `unknown-audience` | the authority issues no token, for this reason; other requests are not concerned |
///
/// | `@WHICH` | which requests it happens to |
/// |---|---|
/// | `@3` | the third request that the emulator gets |
/// | `@every:5` | the fifth, the tenth, and so on |
/// | `@10%` | one in ten, drawn from the seed; up to four decimals |
/// | `@/v1/customers/` | those whose path begins so, however many slashes stand between |
///
/// Without any `@WHICH` it is all requests; of several, all must hold. If a request meets several faults, all delays
/// are added, and of the others the first happens.
///
/// A status can be followed by the form of the body, by a code, and by when to ask again:
///
/// | written | the answer |
/// |---|---|
/// | `403:front-door` | `{"code": 1002, "description": …, "data": [], "source": "PartnerFD"}` |
/// | `403:text-code` | the same, with `"code": "1002"` |
/// | `403:newer-service` | `{"code": 1002, "message": …, "errorName": …, "isRetryable": false, …}` |
/// | `429:gateway` | `{"statusCode": 429, "message": …}` |
/// | `403:text`, `503:html`, `401:empty` | words, a page for people, nothing |
/// | `403:code=20002` | with this code |
/// | `429:retry-after=2` | with `Retry-After: 2` |
/// | `429:retry-after-date=2` | with `Retry-After` and the date that it will be in two seconds |
///
/// Without a form it is the one in which the service has been seen to send this status, and at the authority, without a code
/// as well, the one of OAuth 2.0: `{"error": …, "error_description": …}`.
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
/// // Three pages, of which two had to be asked for again.
/// let customers = client.items(ListCustomers::new()).collect::<Result<Vec<_>, _>>()?;
/// assert_eq!(customers.len(), 1200);
/// assert_eq!(emulator.requests().len(), 5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    what: What,
    /// All must hold.
    which: Vec<Which>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Answer(ErrorAnswer),
    Delay(Duration),
    Drip(Duration),
    Truncate,
    Reset,
    Hang,
    Garbage,
    TokenRefusal(TokenRefusal),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Which {
    /// Requests are counted from 1.
    Number(NonZeroU64),
    Every(NonZeroU64),
    /// So many in a million.
    Rate(u32),
    Under(String),
}

/// What is to happen to a request.
#[derive(Default)]
pub(crate) struct Planned<'a> {
    pub(crate) delay: Duration,
    pub(crate) what: Option<&'a What>,
}

/// What `faults` mean for the request to `path` that comes after `before` others.
pub(crate) fn planned<'a>(faults: &'a [Fault], seed: u64, before: u64, path: &str) -> Planned<'a> {
    let mut planned = Planned::default();
    for (position, fault) in faults.iter().enumerate() {
        // Faults that happen at the same rate do not happen to the same requests.
        let mut random = Random::new(seed, &format!("fault {position}"), before);
        if !fault.which.iter().all(|which| which.holds(before + 1, path, &mut random)) {
            continue;
        }
        match &fault.what {
            What::TokenRefusal(_) if !Endpoint::is_token(path) => {}
            What::Delay(delay) => planned.delay = planned.delay.saturating_add(*delay),
            what => planned.what = planned.what.or(Some(what)),
        }
    }
    planned
}

impl Which {
    fn holds(&self, number: u64, path: &str, random: &mut Random) -> bool {
        match self {
            Self::Number(only) => number == only.get(),
            Self::Every(interval) => number.is_multiple_of(interval.get()),
            Self::Rate(in_a_million) => random.below(1_000_000) < *in_a_million as usize,
            Self::Under(prefix) => single_slashes(path).starts_with(prefix),
        }
    }
}

fn single_slashes(path: &str) -> String {
    let mut single = String::with_capacity(path.len());
    for character in path.chars() {
        if character != '/' || !single.ends_with('/') {
            single.push(character);
        }
    }
    single
}
