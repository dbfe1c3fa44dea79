use crate::{
    EmulatorBuilder, EmulatorTransport, Server,
    answer::{Answer, Content},
    authority::Endpoint,
    clock::Clock,
    customer,
    customer_store::CustomerStore,
    fault::{Fault, Planned, What, planned, rate_limited},
    rate_limit::RateLimit,
    reply::{Delivery, Reply},
    server::Security,
    service::Service,
};
use http::{HeaderValue, StatusCode, header::AUTHORIZATION};
use partner_center_core::{Mode, Request};
use std::{
    collections::VecDeque,
    fmt, io,
    net::ToSocketAddrs,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicBool},
    time::Duration,
};
use uuid::Uuid;

/// The service, imitated.
///
/// It answers in memory ([`transport`](Self::transport)) or over HTTP ([`serve`](Self::serve)), and by default a thousand
/// customers and nothing odd; [`builder`](Self::builder) has the settings.
///
/// Cheap to clone; clones share the customers and the record of [`requests`](Self::requests), and so do the transports
/// and servers made from them.
#[derive(Clone)]
pub struct Emulator(Arc<Shared>);

struct Shared {
    service: Service,
    faults: Vec<Fault>,
    rate_limit: Option<Mutex<RateLimit>>,
    received: Mutex<Received>,
    clock: Clock,
}

/// The requests so far: how many, and the last of them.
#[derive(Default)]
struct Received {
    count: u64,
    last: VecDeque<http::Request<()>>,
    /// The [`size`] of all in `last`.
    bytes: usize,
}

/// How many requests are kept.
const KEPT_REQUESTS: usize = 10_000;

/// How large all requests that are kept may be together, in bytes.
const KEPT_BYTES: usize = 16 << 20;

impl Emulator {
    /// The access token that is accepted unless [`EmulatorBuilder::token`] sets another.
    pub const TOKEN: &str = "emulator-token";

    /// The tenant of the partner: whatever tenant a client names by its domain, or as `common`, is this one.
    pub const TENANT_ID: &str = "99999999-8888-7777-6666-555555555555";

    /// The application that the emulator's authority knows, in every tenant.
    pub const CLIENT_ID: &str = "11111111-2222-3333-4444-555555555555";

    /// The secret of that application.
    pub const CLIENT_SECRET: &str = "emulator-secret";

    /// A refresh token of a user of that application.
    pub const REFRESH_TOKEN: &str = "emulator-refresh-token";

    /// An emulator of 1,000 customers, unless told otherwise.
    pub fn builder() -> EmulatorBuilder {
        EmulatorBuilder::default()
    }

    /// A transport that answers from memory, in mode [`Blocking`](partner_center_core::Blocking) or
    /// [`Async`](partner_center_core::Async). It needs no runtime, and whatever host it is asked for, this emulator
    /// answers.
    #[must_use]
    pub fn transport<M: Mode>(&self) -> EmulatorTransport<M> {
        EmulatorTransport::new(self.clone())
    }

    /// A server that answers over HTTP/1.1, from a thread of its own, until the [`Server`] is dropped.
    ///
    /// Port 0 lets the system choose one, which [`Server::address`] tells. The address should be of the loopback
    /// interface, as nothing is encrypted. The error is that of the socket: as a rule the port is in use.
    ///
    /// ```
    /// use partner_center_emulator::Emulator;
    ///
    /// let server = Emulator::default().serve("127.0.0.1:0")?;
    /// assert!(server.url().starts_with("http://127.0.0.1:"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn serve(&self, address: impl ToSocketAddrs) -> io::Result<Server> {
        Server::start(self.clone(), address, Security::None)
    }

    /// Starts a server over TLS, with a certificate for `localhost`, `127.0.0.1` and `::1` that is made for it. Clients must
    /// trust its [`certificate_authority`](Server::certificate_authority).
    ///
    /// Some clients take tokens over TLS only, MSAL and `azure-identity` among them. The errors are those of
    /// [`serve`](Self::serve), and that no random numbers are available.
    ///
    /// ```
    /// use partner_center_emulator::Emulator;
    ///
    /// let server = Emulator::default().serve_tls("127.0.0.1:0")?;
    /// assert!(server.url().starts_with("https://127.0.0.1:"));
    /// assert!(server.certificate_authority().is_some_and(|pem| pem.starts_with("-----BEGIN CERTIFICATE-----")));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[cfg(feature = "tls")]
    pub fn serve_tls(&self, address: impl ToSocketAddrs) -> io::Result<Server> {
        Server::start_tls(self.clone(), address)
    }

    /// The last requests, the oldest first. The value of `Authorization` is not kept.
    ///
    /// Up to 10,000 of them are kept, and no more than have 16 MiB of addresses and headers together.
    ///
    /// ```
    /// use partner_center_core::{Blocking, Transport};
    /// use partner_center_emulator::Emulator;
    ///
    /// let emulator = Emulator::default();
    /// let request = http::Request::get("/v1/customers?size=1").header("Authorization", "Bearer me");
    /// emulator.transport::<Blocking>().send(request.body(Vec::new())?)?;
    ///
    /// let [request] = &emulator.requests()[..] else { panic!("one request was sent") };
    /// assert_eq!(request.uri(), "/v1/customers?size=1");
    /// assert_eq!(request.headers()["Authorization"], "(not kept)");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn requests(&self) -> Vec<http::Request<()>> {
        self.received().last.iter().cloned().collect()
    }

    /// The indirect resellers through whom customers came. The first is that of the documentation.
    #[must_use]
    pub fn indirect_resellers(&self) -> Vec<Uuid> {
        let seed = self.0.service.customers.seed;
        (0..customer::INDIRECT_RESELLERS).map(|number| customer::indirect_reseller(seed, number)).collect()
    }

    /// The indirect provider of all customers that came through an indirect reseller.
    #[must_use]
    pub fn indirect_provider(&self) -> Uuid {
        customer::indirect_provider(self.0.service.customers.seed)
    }

    /// Has all access tokens refused that its authority has issued so far, but not [`Emulator::TOKEN`].
    pub fn revoke_access_tokens(&self) {
        self.0.service.authority.revoke_access_tokens();
    }

    /// Has all refresh tokens refused that its authority has issued so far, and [`Emulator::REFRESH_TOKEN`].
    pub fn revoke_refresh_tokens(&self) {
        self.0.service.authority.revoke_refresh_tokens();
    }

    pub(crate) fn new(service: Service, faults: Vec<Fault>, rate_limit: Option<RateLimit>) -> Self {
        let rate_limit = rate_limit.map(Mutex::new);
        Self(Arc::new(Shared { service, faults, rate_limit, received: Mutex::default(), clock: Clock::start() }))
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Records the request and says what is to come of it. Once nobody waits for that any more, it is `given_up`.
    pub(crate) fn respond(&self, request: &Request, given_up: &AtomicBool) -> Reply {
        let Shared { service, faults, .. } = &*self.0;
        let before = self.received().record(request);
        let seed = service.customers.seed;
        let path = request.uri().path();
        let write = |answer: Answer| service.quirks.write(answer, request, seed, before);
        if let Some(wait) = self.rate_limit_exceeded() {
            let error = rate_limited(wait);
            let response = error.authority_response(request).filter(|_| Endpoint::of(path).is_some());
            let response = response.unwrap_or_else(|| write(error.answer()));
            return Reply { delay: Duration::ZERO, delivery: Delivery::Whole(response) };
        }
        let Planned { delay, what } = planned(faults, seed, before, path);
        let endpoint = Endpoint::of(path);
        let served = |refusal| match endpoint {
            Some(endpoint) => service.authority.respond(request, endpoint, refusal, &self.0.clock),
            None => write(service.answer(request, self.0.clock.elapsed(), given_up)),
        };
        let delivery = match what {
            None | Some(What::Delay(_)) => Delivery::Whole(served(None)),
            Some(What::Answer(error)) => Delivery::Whole(match error.authority_response(request) {
                Some(response) if endpoint.is_some() => response,
                _ => write(error.answer()),
            }),
            Some(What::TokenRefusal(refusal)) => Delivery::Whole(served(Some(*refusal))),
            Some(What::Garbage) => Delivery::Whole(write(Answer::new(StatusCode::OK, Content::Garbage))),
            Some(What::Drip(pause)) => Delivery::Dripping(served(None), *pause),
            Some(What::Truncate) => Delivery::truncated(served(None)),
            Some(What::Reset) => Delivery::Reset,
            Some(What::Hang) => Delivery::Never,
        };
        Reply { delay, delivery }
    }

    fn rate_limit_exceeded(&self) -> Option<Duration> {
        let mut limit = self.0.rate_limit.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        limit.exceeded(self.0.clock.now())
    }

    fn received(&self) -> MutexGuard<'_, Received> {
        // Whatever panicked, a record is whole or not there.
        self.0.received.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Emulator {
    fn default() -> Self {
        Self::builder().build()
    }
}

impl fmt::Debug for Emulator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CustomerStore { seed, count, .. } = self.0.service.customers;
        formatter.debug_struct("Emulator").field("customers", &count).field("seed", &seed).finish_non_exhaustive()
    }
}

impl Received {
    /// Keeps what may be kept of `request`, and numbers it from 0.
    fn record(&mut self, request: &Request) -> u64 {
        let mut kept = http::Request::new(());
        kept.method_mut().clone_from(request.method());
        // Copies: a clone would keep all that the connection had read alive.
        *kept.uri_mut() = request.uri().to_string().parse().unwrap_or_default();
        for (name, value) in request.headers() {
            let value = if name == AUTHORIZATION { b"(not kept)" } else { value.as_bytes() };
            kept.headers_mut().extend(HeaderValue::from_bytes(value).ok().map(|value| (name.clone(), value)));
        }
        self.bytes += size(&kept);
        self.last.push_back(kept);
        while self.last.len() > KEPT_REQUESTS || self.bytes > KEPT_BYTES {
            let Some(oldest) = self.last.pop_front() else { break };
            self.bytes -= size(&oldest);
        }
        let number = self.count;
        self.count += 1;
        number
    }
}

/// What is kept of a request, in bytes.
fn size(kept: &http::Request<()>) -> usize {
    let headers = kept.headers().iter().map(|(name, value)| name.as_str().len() + value.len());
    let uri = kept.uri();
    let authority = uri.authority().map_or(0, |authority| authority.as_str().len());
    authority + uri.path().len() + uri.query().map_or(0, str::len) + headers.sum::<usize>()
}
