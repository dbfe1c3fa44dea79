use crate::{Answer, Step};
use http::HeaderValue;
use partner_center::{
    Transport,
    transport::{Limits, Mode, Output, Request, Response, TransportError},
};
use std::{
    collections::VecDeque,
    fmt::Write as _,
    marker::PhantomData,
    sync::{Arc, Mutex},
    time::Duration,
};

/// A transport of either mode that answers from a list.
pub struct Script<M> {
    steps: Mutex<VecDeque<Step>>,
    is_open: bool,
    mode: PhantomData<fn() -> M>,
}

impl<M: Mode> Script<M> {
    /// Takes the answers, one for each request.
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self { steps: Mutex::new(steps.into_iter().collect()), is_open: false, mode: PhantomData }
    }

    /// Has nothing against requests beyond its end; they fail.
    #[must_use]
    pub fn open(self) -> Self {
        Self { is_open: true, ..self }
    }
}

impl<M: Mode> Transport for Script<M> {
    type Mode = M;

    fn send(&self, request: Request) -> Output<'_, Self, Result<Response, TransportError>> {
        let step = self.steps.lock().unwrap().pop_front();
        let step = step.or(self.is_open.then_some(Step::Hangup)).expect("the script goes on");
        let fits = |answer: &Answer| answer.body.len() <= Limits::of(&request).body;
        M::ready(match step {
            Step::Answer(answer) if answer.announced.is_some_and(|length| length > answer.body.len()) => {
                Err(TransportError::new("the connection was closed"))
            }
            Step::Answer(mut answer) if answer.announced.is_some() => {
                answer.body.truncate(answer.announced.unwrap_or_default());
                Ok(response(&answer))
            }
            Step::Answer(answer) if fits(&answer) => Ok(response(&answer)),
            // What counts of a refusal is its status.
            Step::Answer(answer) | Step::Truncate(answer) | Step::Drip(answer) if answer.status >= 300 => {
                Ok(response(&Answer { body: Vec::new(), ..answer }))
            }
            Step::Answer(_) => Err(TransportError::too_large()),
            Step::Hangup | Step::Reset | Step::Truncate(_) => Err(TransportError::new("the connection was closed")),
            Step::InvalidHead => Err(TransportError::invalid_response("a header without a colon")),
            Step::Silence | Step::Stall | Step::Drip(_) => Err(TransportError::timeout("too slow")),
        })
    }

    fn sleep(&self, _delay: Duration) -> Output<'_, Self, ()> {
        M::ready(())
    }
}

fn response(answer: &Answer) -> Response {
    let mut builder = http::Response::builder().status(answer.status);
    if answer.chunked {
        builder = builder.header("Transfer-Encoding", "chunked");
    } else if !answer.unframed {
        builder = builder.header("Content-Length", answer.body.len());
    }
    for (name, value) in &answer.headers {
        builder = builder.header(name, value);
    }
    builder.body(answer.body.clone().into()).expect("the answer is valid")
}

/// A transport that writes down what goes through it, and does not really sleep.
pub struct Recorder<X> {
    transport: X,
    log: Arc<Mutex<Vec<Event>>>,
}

/// What a [`Recorder`] saw.
enum Event {
    Sent {
        line: String,
        origin: String,
        request_id: HeaderValue,
        correlation_id: HeaderValue,
        authorization: HeaderValue,
    },
    /// A token was asked for.
    AskedForToken {
        line: String,
        origin: String,
        correlation_id: HeaderValue,
    },
    Slept(Duration),
    /// A new refresh token was handed over.
    Kept(String),
}

/// What a [`Recorder`] has seen so far.
#[derive(Clone)]
pub struct Log(Arc<Mutex<Vec<Event>>>);

impl<X: Transport> Recorder<X> {
    /// Listens to `transport`.
    pub fn new(transport: X) -> (Self, Log) {
        let log = Arc::default();
        (Self { transport, log: Arc::clone(&log) }, Log(log))
    }
}

impl<X: Transport> Transport for Recorder<X> {
    type Mode = X::Mode;

    fn send(&self, request: Request) -> Output<'_, Self, Result<Response, TransportError>> {
        let header = |name| request.headers().get(name).expect("every request has it").clone();
        let uri = request.uri();
        let origin = format!("{}://{}", uri.scheme_str().unwrap_or_default(), uri.authority().expect("an authority"));
        let mut line = format!("{} {}", request.method(), request.uri().path_and_query().expect("a target"));
        for (name, value) in request.headers() {
            // Those that the client sets on every call are checked elsewhere.
            let is_told = match name.as_str() {
                "ms-requestid" | "ms-correlationid" | "ms-contract-version" | "ms-sdkversion" => false,
                name if name.starts_with("ms-partnercenter-") => false,
                name => name.starts_with("ms-") || ["content-type", "content-length", "if-match"].contains(&name),
            };
            if is_told {
                write!(line, " [{name}: {}]", value.to_str().expect("text")).expect("a string takes all");
            }
        }
        if !request.body().is_empty() {
            write!(line, " {}", String::from_utf8_lossy(request.body())).expect("a string takes all");
        }
        let event = if request.uri().path().ends_with("/token") {
            let of_the_service =
                |name: &&http::HeaderName| name.as_str().starts_with("ms-") || **name == "authorization";
            assert_eq!(
                request.headers().keys().find(of_the_service),
                None,
                "the authority is told what it need not know"
            );
            Event::AskedForToken { line, origin, correlation_id: header("client-request-id") }
        } else {
            let authorization = header("authorization");
            if authorization != "Bearer the-token" {
                write!(line, " as {}", authorization.to_str().expect("text")).expect("a string takes all");
            }
            let (request_id, correlation_id) = (header("ms-requestid"), header("ms-correlationid"));
            Event::Sent { line, origin, request_id, correlation_id, authorization }
        };
        self.log.lock().unwrap().push(event);
        self.transport.send(request)
    }

    fn sleep(&self, delay: Duration) -> Output<'_, Self, ()> {
        self.log.lock().unwrap().push(Event::Slept(delay));
        X::Mode::ready(())
    }
}

impl Log {
    /// Takes note of a new refresh token.
    pub fn keep(&self, token: &str) {
        self.0.lock().unwrap().push(Event::Kept(token.to_owned()));
    }

    /// One line a request or sleep. Request ids are letters, so that one sees which requests share one.
    pub fn trace(&self, base: &str) -> String {
        let mut trace = String::new();
        let (mut request_ids, mut correlation_ids) = (Vec::new(), Vec::new());
        for event in self.0.lock().unwrap().iter() {
            match event {
                Event::Sent { line, origin, request_id, correlation_id, authorization } => {
                    assert_eq!(origin, base, "the token went elsewhere");
                    assert!(authorization.is_sensitive(), "the token may show up in logs");
                    correlation_ids.push(correlation_id.clone());
                    let number = request_ids.iter().position(|known| known == request_id).unwrap_or_else(|| {
                        request_ids.push(request_id.clone());
                        request_ids.len() - 1
                    });
                    let letter = char::from(b'a' + u8::try_from(number % 26).expect("less than 26"));
                    writeln!(trace, "{letter} {line}").expect("a string takes all");
                }
                Event::AskedForToken { line, origin, correlation_id } => {
                    assert_eq!(origin, base, "the secret went elsewhere");
                    correlation_ids.push(correlation_id.clone());
                    writeln!(trace, "  {line}").expect("a string takes all");
                }
                Event::Kept(token) => writeln!(trace, "  keep {token}").expect("a string takes all"),
                Event::Slept(delay) => writeln!(trace, "  sleep {delay:?}").expect("a string takes all"),
            }
        }
        correlation_ids.dedup();
        assert!(correlation_ids.len() <= 1, "one conversation has one correlation id");
        trace
    }
}

/// The value of an output of either mode.
pub fn finish<'a, M: Mode, T: Send + 'a>(output: M::Output<'a, T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(M::into_future(output))
}
