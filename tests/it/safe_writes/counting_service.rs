//! A service that counts how often it performs a write, over a network that loses requests and responses.

use partner_center::{
    Transport,
    request::Idempotency,
    transport::{Bytes, Mode, Output, Request, Response, TransportError},
};
use partner_center_tests::{MockResponse, response};
use std::{
    collections::HashSet,
    marker::PhantomData,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use uuid::Uuid;

/// What goes wrong with an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing.
    None,
    /// No connection is opened.
    NoConnection,
    /// The connection breaks before the request has arrived.
    LostRequest,
    /// The request is performed, and the connection breaks.
    LostResponse,
    /// The request is performed, and the response comes too late.
    LateResponse,
    /// The request is performed, and the connection breaks within the body of the response.
    TruncatedBody,
    /// The request is performed, and the head of the response cannot be read.
    InvalidHead,
    /// The request is performed, and the body of the response cannot be read.
    InvalidBody,
    /// 429, with a wait.
    Throttled,
    /// 429, with a wait that is too long.
    ThrottledForLong,
    /// 503, before the request is performed.
    Unavailable,
    /// 503 of the front door, which has not waited for the response.
    UnavailableButPerformed,
    /// 500, after the request was performed.
    ServerError,
    /// 504 of a proxy, which has not sent the request on.
    GatewayTimeout,
    /// 401, until there is another token.
    Unauthorized,
    /// 400.
    Rejected,
    /// 200 with a page of a proxy, which has not sent the request on.
    ProxyPage,
}

impl Fault {
    pub(super) const ALL: [Self; 17] = [
        Self::None,
        Self::NoConnection,
        Self::LostRequest,
        Self::LostResponse,
        Self::LateResponse,
        Self::TruncatedBody,
        Self::InvalidHead,
        Self::InvalidBody,
        Self::Throttled,
        Self::ThrottledForLong,
        Self::Unavailable,
        Self::UnavailableButPerformed,
        Self::ServerError,
        Self::GatewayTimeout,
        Self::Unauthorized,
        Self::Rejected,
        Self::ProxyPage,
    ];

    /// Whether the client receives a complete response.
    pub(super) fn has_response(self) -> bool {
        !matches!(
            self,
            Self::NoConnection
                | Self::LostRequest
                | Self::LostResponse
                | Self::LateResponse
                | Self::TruncatedBody
                | Self::InvalidHead
        )
    }

    /// Whether the client can tell that the write was not done, and that it may be sent again.
    pub(super) fn is_certainly_not_performed(self) -> bool {
        matches!(self, Self::NoConnection | Self::Throttled)
    }

    fn is_performed(self) -> bool {
        matches!(
            self,
            Self::None
                | Self::LostResponse
                | Self::LateResponse
                | Self::TruncatedBody
                | Self::InvalidHead
                | Self::InvalidBody
                | Self::UnavailableButPerformed
                | Self::ServerError
        )
    }
}

/// An attempt, as the service sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Received {
    pub(super) request_id: Option<Uuid>,
    pub(super) fault: Fault,
}

/// What the network does with an exchange.
pub(super) enum Reaction {
    Respond(MockResponse),
    Truncate(MockResponse),
    NoConnection,
    Lose,
    Delay,
    InvalidHead,
}

pub(super) struct CountingService {
    idempotency: Idempotency,
    faults: Vec<Fault>,
    performed: AtomicUsize,
    received: Mutex<Vec<Received>>,
    /// The ids of the requests that were performed.
    known: Mutex<HashSet<Option<Uuid>>>,
}

impl CountingService {
    pub(super) fn new(idempotency: Idempotency, faults: Vec<Fault>) -> Self {
        let (performed, received, known) = Default::default();
        Self { idempotency, faults, performed, received, known }
    }

    /// Returns how often the write was performed.
    pub(super) fn performed(&self) -> usize {
        self.performed.load(Ordering::SeqCst)
    }

    pub(super) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// Returns the fault of the next attempt.
    pub(super) fn next_fault(&self) -> Fault {
        let attempts = self.received.lock().unwrap().len();
        self.faults.get(attempts).copied().unwrap_or(Fault::None)
    }

    /// Handles a request.
    pub(super) fn react(&self, request: &Request) -> Reaction {
        if request.uri().path().contains("/oauth2/") {
            let token =
                format!(r#"{{"access_token": "{}", "token_type": "Bearer", "expires_in": 3599}}"#, Uuid::new_v4());
            return Reaction::Respond(response(200, token));
        }
        let fault = self.next_fault();
        let request_id = request.headers().get("MS-RequestId").and_then(|id| id.to_str().ok()?.parse().ok());
        self.received.lock().unwrap().push(Received { request_id, fault });
        let is_missing = fault.is_performed() && !self.perform(request_id);
        let done = || {
            let thing = response(201, r#"{"id": "7", "name": "a thing that was made"}"#).with("MS-RequestId", "r");
            if is_missing { response(404, r#"{"code": 1000, "description": "No such thing."}"#) } else { thing }
        };
        match fault {
            Fault::None => Reaction::Respond(done()),
            Fault::NoConnection => Reaction::NoConnection,
            Fault::LostRequest | Fault::LostResponse => Reaction::Lose,
            Fault::LateResponse => Reaction::Delay,
            Fault::TruncatedBody => Reaction::Truncate(done()),
            Fault::InvalidHead => Reaction::InvalidHead,
            Fault::InvalidBody if is_missing => Reaction::Respond(done()),
            Fault::InvalidBody => Reaction::Respond(response(200, r#"{"id": }"#)),
            Fault::Throttled => Reaction::Respond(response(429, "").with("Retry-After", "1")),
            Fault::ThrottledForLong => Reaction::Respond(response(429, "").with("Retry-After", "50")),
            Fault::Unavailable => Reaction::Respond(response(503, "")),
            Fault::UnavailableButPerformed => {
                Reaction::Respond(response(503, "<html>").with("Content-Type", "text/html"))
            }
            Fault::ServerError => Reaction::Respond(response(500, r#"{"code": 5000}"#)),
            Fault::GatewayTimeout => Reaction::Respond(response(504, "")),
            Fault::Unauthorized => Reaction::Respond(response(401, "")),
            Fault::Rejected => Reaction::Respond(response(400, r#"{"code": 2000, "description": "Invalid."}"#)),
            Fault::ProxyPage => Reaction::Respond(response(200, "<html>").with("Content-Type", "text/html")),
        }
    }

    /// Performs the write, and returns false if there is nothing to do any more.
    fn perform(&self, request_id: Option<Uuid>) -> bool {
        let is_new = self.known.lock().unwrap().insert(request_id);
        match self.idempotency {
            // What was deleted before is not there.
            Idempotency::Natural => self.performed.swap(1, Ordering::SeqCst) == 0,
            // The outcome of a request with the same id is remembered.
            Idempotency::RequestId if !is_new => true,
            _ => {
                self.performed.fetch_add(1, Ordering::SeqCst);
                true
            }
        }
    }
}

/// The network between a client and the service, in memory.
pub(super) struct CountingTransport<M> {
    service: Arc<CountingService>,
    mode: PhantomData<fn() -> M>,
}

impl<M> CountingTransport<M> {
    pub(super) fn new(service: Arc<CountingService>) -> Self {
        Self { service, mode: PhantomData }
    }
}

impl<M: Mode> Transport for CountingTransport<M> {
    type Mode = M;

    fn send(&self, request: Request) -> Output<'_, Self, Result<Response, TransportError>> {
        M::ready(match self.service.react(&request) {
            Reaction::Respond(response) => Ok(response.to_http()),
            Reaction::Truncate(response) => {
                // Some transports see a complete body that is not, as without a length.
                let half = response.body().len() / 2;
                Ok(response.to_http().map(|body: Bytes| body.slice(..half)))
            }
            Reaction::NoConnection => Err(TransportError::new("nothing listens there").before_sending()),
            Reaction::Lose => Err(TransportError::new("the connection was closed")),
            Reaction::Delay => Err(TransportError::timeout("too slow")),
            Reaction::InvalidHead => Err(TransportError::invalid_response("a header without a colon")),
        })
    }

    fn sleep(&self, _: Duration) -> Output<'_, Self, ()> {
        M::ready(())
    }
}
