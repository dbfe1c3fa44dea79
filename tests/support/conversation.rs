use crate::{Recording, RecordingTransport, ScriptedTransport, Server, Step, block_on};
use partner_center::{
    AppRegistration, Client, ClientBuilder, Credential, Customer, Error, ErrorKind, GetCustomer, ListCustomers,
    Paginated, Reqwest, RetryPolicy, TokenSource, Transport, Ureq,
    auth::{AccessToken, TokenRequest},
    transport::{Async, Blocking, Mode},
};
use std::{
    error::Error as StdError,
    fmt::Write as _,
    marker::PhantomData,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};
use uuid::Uuid;

/// The base URL of scripted transports. Nothing listens there.
const SCRIPTED_URL: &str = "http://127.0.0.1:9";

/// The steps of a server and the settings of a client for one call or list. It runs over every transport, with the same
/// outcome.
pub struct Conversation {
    name: &'static str,
    description: &'static str,
    call: Call,
    caller: Caller,
    steps: Vec<Step>,
    is_second_list: bool,
    prefetch: bool,
    pause: Duration,
    timeout: Duration,
    max_response_size: usize,
    deadline: Option<Duration>,
    retry: RetryPolicy,
}

enum Call {
    Get(Uuid),
    List(ListCustomers),
}

/// The credential of a conversation.
#[derive(Clone, Copy, Debug)]
pub enum Caller {
    /// The access token `the-token`.
    FixedToken,
    /// The application `the-app` of `contoso.com`, with the secret `the-secret`.
    AppOnly,
    /// The same application for a user with the refresh token `r0`. New refresh tokens are stored.
    AppUser,
    /// The same application for a user. New refresh tokens cannot be stored.
    AppUserWithoutStorage,
    /// A custom source with the tokens `s1`, `s2` and so on.
    Source,
    /// A custom source with the token `s1` only.
    SourceOfOneToken,
    /// A custom source without tokens.
    FailingSource,
}

/// The outcome of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The company names of the customers, in order.
    pub companies: Vec<String>,
    /// The kind and page of the error that ended it, if one did.
    pub error: Option<(ErrorKind, Option<u64>)>,
    /// The requests, the delays, the company names, and the error without its IDs, for a snapshot.
    pub transcript: String,
}

/// Returns a conversation about a list. The description is the fact or decision that it tests.
pub fn list(name: &'static str, description: &'static str, operation: ListCustomers) -> Conversation {
    Conversation::new(name, description, Call::List(operation))
}

/// Returns a conversation about one customer. The description is the fact or decision that it tests.
pub fn get(name: &'static str, description: &'static str) -> Conversation {
    Conversation::new(name, description, Call::Get(Uuid::nil()))
}

impl Conversation {
    fn new(name: &'static str, description: &'static str, call: Call) -> Self {
        Self {
            name,
            description,
            call,
            caller: Caller::FixedToken,
            steps: Vec::new(),
            is_second_list: false,
            prefetch: false,
            pause: Duration::ZERO,
            timeout: Duration::from_secs(30),
            max_response_size: 64 << 20,
            deadline: None,
            retry: RetryPolicy::default().jitter(false),
        }
    }

    /// Sets the credential. The scripted server is the authority as well.
    #[must_use]
    pub fn caller(mut self, caller: Caller) -> Self {
        self.caller = caller;
        self
    }

    /// Begins with a list that fails. The outcome is that of a second list of the same client.
    #[must_use]
    pub fn after_a_failed_list(mut self) -> Self {
        self.is_second_list = true;
        self
    }

    /// Sets a pause after each page.
    #[must_use]
    pub fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// Adds the next step of the server.
    #[must_use]
    pub fn then(mut self, step: impl Into<Step>) -> Self {
        self.steps.push(step.into());
        self
    }

    /// Adds the next step of the server, several times.
    #[must_use]
    pub fn then_times(mut self, times: usize, step: impl Into<Step>) -> Self {
        let step = step.into();
        self.steps.extend(std::iter::repeat_n(step, times));
        self
    }

    /// Sets the timeout of each attempt.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the maximum size of a response, in bytes.
    #[must_use]
    pub fn max_response_size(mut self, bytes: usize) -> Self {
        self.max_response_size = bytes;
        self
    }

    /// Sets the deadline of each call.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Sets the retry policy; its jitter is switched off.
    #[must_use]
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry.jitter(false);
        self
    }

    /// Runs the conversation with prefetch, in both modes, and verifies that the outcome is the same. Prefetch may send one
    /// more request, as the last one.
    pub fn run_with_prefetch(self, expected: &Outcome) {
        // A pause changes the requests: a prefetched page is requested before it, with the earlier token.
        if !self.pause.is_zero() {
            return;
        }
        let conversation = Self { prefetch: true, ..self };
        let steps = || conversation.steps_with(SCRIPTED_URL);
        let blocking = ScriptedTransport::<Blocking>::new(steps()).lenient();
        let non_blocking = ScriptedTransport::<Async>::new(steps()).lenient();
        for outcome in
            [conversation.run_over(blocking, SCRIPTED_URL), conversation.run_over(non_blocking, SCRIPTED_URL)]
        {
            let result = (&outcome.companies, &outcome.error);
            assert_eq!(result, (&expected.companies, &expected.error), "{}", outcome.transcript);
            if let Caller::FixedToken = conversation.caller {
                let lines = |outcome: &Outcome| outcome.transcript.lines().count();
                let (requests, _) = expected.transcript.split_once("\n=>").unwrap_or((&expected.transcript, ""));
                assert!(outcome.transcript.starts_with(requests), "{}\n{}", outcome.transcript, expected.transcript);
                assert!(lines(&outcome) <= lines(expected) + 1, "{}", outcome.transcript);
            }
        }
    }

    /// Runs the conversation in four ways, in memory and over sockets, blocking and async, and verifies that the outcome is
    /// the same.
    #[must_use]
    pub fn run(&self) -> Outcome {
        let steps = || self.steps_with(SCRIPTED_URL);
        thread::scope(|scope| {
            let blocking = scope.spawn(|| self.run_over(ScriptedTransport::<Blocking>::new(steps()), SCRIPTED_URL));
            let others = [
                ("async", scope.spawn(|| self.run_over(ScriptedTransport::<Async>::new(steps()), SCRIPTED_URL))),
                ("over ureq", scope.spawn(|| self.run_over_sockets(Ureq::new().unwrap()))),
                ("over reqwest", scope.spawn(|| self.run_over_sockets(Reqwest::new().unwrap()))),
            ];
            let blocking = blocking.join().unwrap();
            for (way, other) in others {
                assert_eq!(blocking, other.join().unwrap(), "{}: another outcome {way}", self.name);
            }
            blocking
        })
    }

    fn run_over_sockets<X: Transport>(&self, transport: X) -> Outcome {
        let server = Server::start();
        server.script(self.steps_with(&server.url()));
        self.run_over(transport, &server.url())
    }

    fn steps_with(&self, base_url: &str) -> Vec<Step> {
        let with_base_url = |step: &Step| step.clone().map_response(|response| response.with_base_url(base_url));
        self.steps.iter().map(with_base_url).collect()
    }

    fn run_over<X: Transport>(&self, transport: X, base_url: &str) -> Outcome {
        let start = Instant::now();
        let (transport, recording) = RecordingTransport::new(transport);
        let client = self
            .configure(Client::builder(transport, self.caller.credential(recording.clone())))
            .base_url(base_url)
            .authority(base_url)
            .build()
            .expect("the configuration is valid");
        let outcome = block_on::<X::Mode, _>(X::Mode::block_or_box(self.perform(client, recording, base_url)));
        assert!(start.elapsed() < Duration::from_secs(20), "{}: it takes {:?}", self.name, start.elapsed());
        outcome
    }

    fn configure<X: Transport>(&self, builder: ClientBuilder<X>) -> ClientBuilder<X> {
        let builder =
            builder.retry(self.retry.clone()).attempt_timeout(self.timeout).max_response_size(self.max_response_size);
        match self.deadline {
            Some(deadline) => builder.call_timeout(deadline),
            None => builder,
        }
    }

    async fn perform<X: Transport>(&self, client: Client<X>, recording: Recording, base_url: &str) -> Outcome {
        let mut customers = Vec::new();
        let error = match &self.call {
            Call::Get(id) => match X::Mode::into_future(client.call(GetCustomer::new(*id))).await {
                Ok(customer) => {
                    customers.push(customer);
                    None
                }
                Err(error) => Some(error),
            },
            Call::List(operation) => {
                if self.is_second_list {
                    let first = X::Mode::into_future(client.pages(operation.clone()).next_page()).await;
                    assert!(first.is_some_and(|page| page.is_err()), "{}: the first list does not fail", self.name);
                }
                let mut pages = client.pages(operation.clone());
                if self.prefetch {
                    pages = pages.prefetch();
                }
                loop {
                    match X::Mode::into_future(pages.next_page()).await {
                        None => break None,
                        Some(Ok(page)) => {
                            customers.extend(ListCustomers::items(page));
                            thread::sleep(self.pause);
                        }
                        Some(Err(error)) => {
                            let after = X::Mode::into_future(pages.next_page()).await;
                            assert!(after.is_none(), "{}: a list continues after its error", self.name);
                            // A request that cannot be sent has no attempts.
                            assert_eq!(
                                error.attempts() == 0,
                                error.is_authentication() && error.token_error().is_none()
                                    || matches!(error.kind(), ErrorKind::Paging | ErrorKind::Request)
                            );
                            break Some(error);
                        }
                    }
                }
            }
        };
        self.outcome(&customers, error.as_ref(), &recording.to_text(base_url), base_url)
    }

    fn outcome(&self, customers: &[Customer], error: Option<&Error>, recording: &str, base_url: &str) -> Outcome {
        let companies: Vec<_> =
            customers.iter().map(|customer| customer.company_name().unwrap_or("?").to_owned()).collect();
        let mut transcript = format!("{} ({})\n{recording}=> {}", self.name, self.description, companies.join(" "));
        if let Some(error) = error {
            let message = without_ids(&without_long_waits(&error.to_string()));
            write!(transcript, " ERROR {:?}: {}", error.kind(), message.replace(base_url, "{base}"))
                .expect("writing to memory cannot fail");
            // The causes below the first one are the HTTP client's, and differ.
            let source = std::error::Error::source(error).map(ToString::to_string);
            // What cannot be built is named by the message already.
            if let Some(source) = source.filter(|source| !error.to_string().contains(source)) {
                write!(transcript, ": {}", source.replace(base_url, "{base}")).expect("writing to memory cannot fail");
            }
        }
        Outcome { companies, error: error.map(|error| (error.kind(), error.page())), transcript }
    }
}

impl Caller {
    fn credential<M: Mode>(self, recording: Recording) -> Credential<M> {
        let app = AppRegistration::new("contoso.com", "the-app").secret("the-secret");
        match self {
            Self::FixedToken => Credential::token("the-token"),
            Self::AppOnly => Credential::app_only(app),
            Self::AppUser => Credential::app_user(app, "r0").on_rotation(move |token| {
                recording.record_rotation(token.expose());
                M::ready(Ok(()))
            }),
            Self::AppUserWithoutStorage => Credential::app_user(app, "r0").on_rotation(move |token| {
                recording.record_rotation(token.expose());
                M::ready(Err("the disk is full".into()))
            }),
            Self::Source => Credential::source(NumberedTokens::<M>::new(usize::MAX)),
            Self::SourceOfOneToken => Credential::source(NumberedTokens::<M>::new(1)),
            Self::FailingSource => Credential::source(NumberedTokens::<M>::new(0)),
        }
    }
}

/// A source of the tokens `s1`, `s2` and so on; after the last one, it returns that one again.
struct NumberedTokens<M> {
    count: usize,
    calls: AtomicUsize,
    mode: PhantomData<fn() -> M>,
}

impl<M> NumberedTokens<M> {
    fn new(count: usize) -> Self {
        Self { count, calls: AtomicUsize::new(0), mode: PhantomData }
    }
}

impl<M: Mode> TokenSource for NumberedTokens<M> {
    type Mode = M;

    fn token<'a>(
        &'a self,
        request: TokenRequest<'a>,
    ) -> M::Output<'a, Result<AccessToken, Box<dyn StdError + Send + Sync>>> {
        assert_eq!(request.scope, "https://api.partnercenter.microsoft.com/.default");
        let number = (self.calls.fetch_add(1, Ordering::Relaxed) + 1).min(self.count);
        M::ready(if number == 0 {
            Err("the vault is empty".into())
        } else {
            Ok(AccessToken::new(format!("s{number}")))
        })
    }
}

impl Outcome {
    /// Asserts that the call succeeded, or that the list is complete, with these company names.
    #[track_caller]
    pub fn returns<const N: usize>(&self, companies: [&str; N]) {
        assert_eq!(self.error, None, "{}", self.transcript);
        assert_eq!(self.companies, companies, "{}", self.transcript);
    }

    /// Asserts that an error of `kind` on `page` ended the call or list, after these company names.
    #[track_caller]
    pub fn fails_with<const N: usize>(&self, kind: ErrorKind, page: Option<u64>, companies: [&str; N]) {
        assert_eq!(self.error, Some((kind, page)), "{}", self.transcript);
        assert_eq!(self.companies, companies, "{}", self.transcript);
    }
}

/// Removes the IDs at the end of a message, which are new each time.
fn without_ids(message: &str) -> String {
    let ids = message.rfind(" [request id").or_else(|| message.rfind(" [correlation id"));
    message[..ids.unwrap_or(message.len())].to_owned()
}

/// Replaces the seconds until a distant date, which depend on the time of the test.
fn without_long_waits(message: &str) -> String {
    let is_long = |word: &str| word.len() > 9 && word.bytes().all(|byte| byte.is_ascii_digit());
    message.split(' ').map(|word| if is_long(word) { "[many]" } else { word }).collect::<Vec<_>>().join(" ")
}
