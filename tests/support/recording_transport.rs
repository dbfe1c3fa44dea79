use http::{HeaderName, HeaderValue};
use partner_center::{
    Transport,
    transport::{Mode, Output, Request, Response, TransportError},
};
use std::{
    fmt::Write as _,
    sync::{Arc, Mutex},
    time::Duration,
};

/// A transport that records requests and delays, and does not sleep.
pub struct RecordingTransport<X> {
    transport: X,
    events: Arc<Mutex<Vec<Event>>>,
}

/// An event of a recording.
enum Event {
    /// A request to the service.
    Request {
        line: String,
        origin: String,
        request_id: HeaderValue,
        correlation_id: HeaderValue,
        authorization: HeaderValue,
    },
    /// A request for a token.
    TokenRequest { line: String, origin: String, correlation_id: HeaderValue },
    /// A delay before a retry.
    Delay(Duration),
    /// A new refresh token, passed to the `on_rotation` callback.
    Rotation(String),
}

/// The events that a [`RecordingTransport`] has recorded so far.
#[derive(Clone)]
pub struct Recording(Arc<Mutex<Vec<Event>>>);

impl<X: Transport> RecordingTransport<X> {
    /// Records what is sent over `transport`.
    pub fn new(transport: X) -> (Self, Recording) {
        let events = Arc::default();
        (Self { transport, events: Arc::clone(&events) }, Recording(events))
    }
}

impl<X: Transport> Transport for RecordingTransport<X> {
    type Mode = X::Mode;

    fn send(&self, request: Request) -> Output<'_, Self, Result<Response, TransportError>> {
        self.events.lock().unwrap().push(Event::of_request(&request));
        self.transport.send(request)
    }

    fn sleep(&self, delay: Duration) -> Output<'_, Self, ()> {
        self.events.lock().unwrap().push(Event::Delay(delay));
        X::Mode::ready(())
    }
}

impl Event {
    fn of_request(request: &Request) -> Self {
        let header = |name| request.headers().get(name).expect("every request has it").clone();
        let uri = request.uri();
        let origin = format!("{}://{}", uri.scheme_str().unwrap_or_default(), uri.authority().expect("an authority"));
        let mut line = format!("{} {}", request.method(), uri.path_and_query().expect("a target"));
        for (name, value) in request.headers() {
            if is_recorded(name) || (name == "accept" && value != "application/json") {
                write!(line, " [{name}: {}]", value.to_str().expect("a string"))
                    .expect("writing to memory cannot fail");
            }
        }
        if !request.body().is_empty() {
            write!(line, " {}", String::from_utf8_lossy(request.body())).expect("writing to memory cannot fail");
        }
        if uri.path().ends_with("/token") {
            let is_for_the_service = |name: &&HeaderName| name.as_str().starts_with("ms-") || **name == "authorization";
            let unexpected = request.headers().keys().find(is_for_the_service);
            assert_eq!(unexpected, None, "a header of the service is sent to the authority");
            return Self::TokenRequest { line, origin, correlation_id: header("client-request-id") };
        }
        let authorization = header("authorization");
        if authorization != "Bearer the-token" {
            write!(line, " as {}", authorization.to_str().expect("a string")).expect("writing to memory cannot fail");
        }
        let (request_id, correlation_id) = (header("ms-requestid"), header("ms-correlationid"));
        Self::Request { line, origin, request_id, correlation_id, authorization }
    }
}

/// Whether a header is part of the recording. Those that the client sets on every call are tested elsewhere.
fn is_recorded(name: &HeaderName) -> bool {
    match name.as_str() {
        "ms-requestid" | "ms-correlationid" | "ms-contract-version" | "ms-sdkversion" => false,
        name if name.starts_with("ms-partnercenter-") => false,
        name => name.starts_with("ms-") || ["content-type", "content-length", "if-match"].contains(&name),
    }
}

impl Recording {
    /// Records a new refresh token.
    pub fn record_rotation(&self, token: &str) {
        self.0.lock().unwrap().push(Event::Rotation(token.to_owned()));
    }

    /// Returns the recording, one line for each event, and verifies that nothing was sent outside of `base_url`. Request IDs
    /// are shown as letters: requests with the same letter share an ID.
    pub fn to_text(&self, base_url: &str) -> String {
        let mut text = String::new();
        let (mut request_ids, mut correlation_ids) = (Vec::new(), Vec::new());
        for event in self.0.lock().unwrap().iter() {
            match event {
                Event::Request { line, origin, request_id, correlation_id, authorization } => {
                    assert_eq!(origin, base_url, "the token was sent elsewhere");
                    assert!(authorization.is_sensitive(), "the token may appear in logs");
                    correlation_ids.push(correlation_id.clone());
                    let number = request_ids.iter().position(|known| known == request_id).unwrap_or_else(|| {
                        request_ids.push(request_id.clone());
                        request_ids.len() - 1
                    });
                    let letter = char::from(b'a' + u8::try_from(number % 26).expect("less than 26"));
                    writeln!(text, "{letter} {line}")
                }
                Event::TokenRequest { line, origin, correlation_id } => {
                    assert_eq!(origin, base_url, "the secret was sent elsewhere");
                    correlation_ids.push(correlation_id.clone());
                    writeln!(text, "  {line}")
                }
                Event::Rotation(token) => writeln!(text, "  keep {token}"),
                Event::Delay(delay) => writeln!(text, "  sleep {delay:?}"),
            }
            .expect("writing to memory cannot fail");
        }
        correlation_ids.dedup();
        assert!(correlation_ids.len() <= 1, "one client has one correlation ID");
        text
    }
}
