use crate::{Recorder, Script, Server, Step, finish, script::Log};
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

/// One row of a table: what is asked, what the other side does, and what must come of it.
pub struct Conversation {
    name: &'static str,
    rule: &'static str,
    ask: Ask,
    who: Who,
    steps: Vec<Step>,
    again: bool,
    prefetch: bool,
    pause: Duration,
    timeout: Duration,
    max_response_size: usize,
    deadline: Option<Duration>,
    retry: RetryPolicy,
}

enum Ask {
    Get(Uuid),
    List(ListCustomers),
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub enum Who {
    /// Somebody with the token `the-token`.
    Token,
    /// The application `the-app` of `contoso.com`, with the secret `the-secret`.
    AppOnly,
    /// The same, for a user with the refresh token `r0`; each new one is kept.
    AppUser,
    /// The same, where new refresh tokens cannot be kept.
    CarelessAppUser,
    /// Somebody whose tokens come from a source: `s1`, `s2` and so on.
    Source,
    /// Somebody whose source has the token `s1` and no other.
    StubbornSource,
    /// Somebody whose source has none.
    EmptySource,
}

/// What came of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The names of the companies, in order.
    pub companies: Vec<String>,
    /// The error that ended it, if one did: its kind, and the page it was on.
    pub error: Option<(ErrorKind, Option<u64>)>,
    /// What a reader sees of it: the requests, the sleeps, the names, and the error without its ids.
    pub transcript: String,
}

/// A conversation about a list. `rule` is the fact or decision that it stands for.
pub fn list(name: &'static str, rule: &'static str, operation: ListCustomers) -> Conversation {
    Conversation::new(name, rule, Ask::List(operation))
}

/// A conversation about one customer.
pub fn get(name: &'static str, rule: &'static str) -> Conversation {
    Conversation::new(name, rule, Ask::Get(Uuid::nil()))
}

impl Conversation {
    fn new(name: &'static str, rule: &'static str, ask: Ask) -> Self {
        Self {
            name,
            rule,
            ask,
            who: Who::Token,
            steps: Vec::new(),
            again: false,
            prefetch: false,
            pause: Duration::ZERO,
            timeout: Duration::from_secs(30),
            max_response_size: 64 << 20,
            deadline: None,
            retry: RetryPolicy::default().jitter(false),
        }
    }

    /// Sets who asks; the authority is the other side as well.
    #[must_use]
    pub fn who(mut self, who: Who) -> Self {
        self.who = who;
        self
    }

    /// Asks once more when it has failed; what counts is what comes of that.
    #[must_use]
    pub fn again(mut self) -> Self {
        self.again = true;
        self
    }

    /// Lets time pass after each page.
    #[must_use]
    pub fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// Adds what the other side does next.
    #[must_use]
    pub fn then(mut self, step: impl Into<Step>) -> Self {
        self.steps.push(step.into());
        self
    }

    /// Adds what the other side does next, several times.
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

    /// Sets the body limit.
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

    /// Sets when calls are repeated.
    #[must_use]
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry.jitter(false);
        self
    }

    /// Holds the same conversation with pages asked for early, in both modes, and insists that the same comes of it. At most
    /// one more request is made, and it comes last.
    pub fn hold_prefetching(self, expected: &Outcome) {
        // What is asked for early is asked for before that time has passed.
        if !self.pause.is_zero() {
            return;
        }
        let conversation = Self { prefetch: true, ..self };
        let base = "http://127.0.0.1:9";
        let steps = || conversation.steps_at(base);
        let blocking = conversation.over(Script::<Blocking>::new(steps()).open(), base);
        let non_blocking = conversation.over(Script::<Async>::new(steps()).open(), base);
        for outcome in [blocking, non_blocking] {
            let told = (&outcome.companies, &outcome.error);
            assert_eq!(told, (&expected.companies, &expected.error), "{}", outcome.transcript);
            if let Who::Token = conversation.who {
                let requests = |outcome: &Outcome| outcome.transcript.lines().count();
                let (begins, _) = expected.transcript.split_once("\n=>").unwrap_or((&expected.transcript, ""));
                assert!(outcome.transcript.starts_with(begins), "{}\n{}", outcome.transcript, expected.transcript);
                assert!(requests(&outcome) <= requests(expected) + 1, "{}", outcome.transcript);
            }
        }
    }

    /// Holds the conversation four ways, scripted and over sockets, blocking and async, and insists that they cannot be
    /// told apart.
    #[must_use]
    pub fn hold(&self) -> Outcome {
        let scripted = "http://127.0.0.1:9";
        thread::scope(|scope| {
            let blocking = scope.spawn(|| self.over(Script::<Blocking>::new(self.steps_at(scripted)), scripted));
            let others = [
                ("async", scope.spawn(|| self.over(Script::<Async>::new(self.steps_at(scripted)), scripted))),
                ("over ureq", scope.spawn(|| self.over_socket(Ureq::new().unwrap()))),
                ("over reqwest", scope.spawn(|| self.over_socket(Reqwest::new().unwrap()))),
            ];
            let blocking = blocking.join().unwrap();
            for (way, other) in others {
                assert_eq!(blocking, other.join().unwrap(), "{}: it is another thing {way}", self.name);
            }
            blocking
        })
    }

    fn over_socket<X: Transport>(&self, transport: X) -> Outcome {
        let server = self.server();
        self.over(transport, &server.url())
    }

    fn server(&self) -> Server {
        let server = Server::start();
        server.script(self.steps_at(&server.url()));
        server
    }

    fn steps_at(&self, base: &str) -> Vec<Step> {
        self.steps.iter().map(|step| step.clone().at(base)).collect()
    }

    fn over<X: Transport>(&self, transport: X, base: &str) -> Outcome {
        let started = Instant::now();
        let (recorder, log) = Recorder::new(transport);
        let client = self
            .settings(Client::builder(recorder, self.who.credential(log.clone())))
            .base_url(base)
            .authority(base)
            .build()
            .expect("the settings are valid");
        let outcome = finish::<X::Mode, _>(X::Mode::block_or_box(self.converse(client, log, base)));
        assert!(started.elapsed() < Duration::from_secs(20), "{}: hangs for {:?}", self.name, started.elapsed());
        outcome
    }

    fn settings<X: Transport>(&self, builder: ClientBuilder<X>) -> ClientBuilder<X> {
        let builder =
            builder.retry(self.retry.clone()).attempt_timeout(self.timeout).max_response_size(self.max_response_size);
        match self.deadline {
            Some(deadline) => builder.call_timeout(deadline),
            None => builder,
        }
    }

    async fn converse<X: Transport>(&self, client: Client<X>, log: Log, base: &str) -> Outcome {
        let mut customers = Vec::new();
        let error = match &self.ask {
            Ask::Get(id) => match X::Mode::into_future(client.call(GetCustomer::new(*id))).await {
                Ok(customer) => {
                    customers.push(customer);
                    None
                }
                Err(error) => Some(error),
            },
            Ask::List(operation) => {
                if self.again {
                    let first = X::Mode::into_future(client.pages(operation.clone()).next_page()).await;
                    assert!(first.is_some_and(|page| page.is_err()), "{}: it does not fail at first", self.name);
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
                            assert!(after.is_none(), "{}: a list goes on after its error", self.name);
                            // What cannot be asked for has not been asked for.
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
        self.outcome(&customers, error.as_ref(), &log.trace(base), base)
    }

    fn outcome(&self, customers: &[Customer], error: Option<&Error>, trace: &str, base: &str) -> Outcome {
        let companies: Vec<_> =
            customers.iter().map(|customer| customer.company_name().unwrap_or("?").to_owned()).collect();
        let mut transcript = format!("{} ({})\n{trace}=> {}", self.name, self.rule, companies.join(" "));
        if let Some(error) = error {
            let text = without_ids(&without_long_waits(&error.to_string()));
            write!(transcript, " ERROR {:?}: {}", error.kind(), text.replace(base, "{base}"))
                .expect("a string takes all");
            // Below the first cause, the transports tell it in their own words.
            if let Some(source) = std::error::Error::source(error) {
                write!(transcript, ": {}", source.to_string().replace(base, "{base}")).expect("a string takes all");
            }
        }
        Outcome { companies, error: error.map(|error| (error.kind(), error.page())), transcript }
    }
}

impl Who {
    fn credential<M: Mode>(self, log: Log) -> Credential<M> {
        let app = AppRegistration::new("contoso.com", "the-app").secret("the-secret");
        match self {
            Self::Token => Credential::token("the-token"),
            Self::AppOnly => Credential::app_only(app),
            Self::AppUser => Credential::app_user(app, "r0").on_rotation(move |token| {
                log.keep(token.expose());
                M::ready(Ok(()))
            }),
            Self::CarelessAppUser => Credential::app_user(app, "r0").on_rotation(move |token| {
                log.keep(token.expose());
                M::ready(Err("the disk is full".into()))
            }),
            Self::Source => Credential::source(Source::<M>::of(usize::MAX)),
            Self::StubbornSource => Credential::source(Source::<M>::of(1)),
            Self::EmptySource => Credential::source(Source::<M>::of(0)),
        }
    }
}

/// A source of a number of tokens; the last one is given again and again.
struct Source<M> {
    tokens: usize,
    given: AtomicUsize,
    mode: PhantomData<fn() -> M>,
}

impl<M> Source<M> {
    fn of(tokens: usize) -> Self {
        Self { tokens, given: AtomicUsize::new(0), mode: PhantomData }
    }
}

impl<M: Mode> TokenSource for Source<M> {
    type Mode = M;

    fn token<'a>(
        &'a self,
        request: TokenRequest<'a>,
    ) -> M::Output<'a, Result<AccessToken, Box<dyn StdError + Send + Sync>>> {
        assert_eq!(request.scope, "https://api.partnercenter.microsoft.com/.default");
        let number = (self.given.fetch_add(1, Ordering::Relaxed) + 1).min(self.tokens);
        M::ready(if number == 0 {
            Err("the vault is empty".into())
        } else {
            Ok(AccessToken::new(format!("s{number}")))
        })
    }
}

impl Outcome {
    /// The whole list came, and these are its names.
    #[track_caller]
    pub fn whole<const N: usize>(&self, companies: [&str; N]) {
        assert_eq!(self.error, None, "{}", self.transcript);
        assert_eq!(self.companies, companies, "{}", self.transcript);
    }

    /// It failed with an error of `kind` on `page`, after these names.
    #[track_caller]
    pub fn fails<const N: usize>(&self, kind: ErrorKind, page: Option<u64>, companies: [&str; N]) {
        assert_eq!(self.error, Some((kind, page)), "{}", self.transcript);
        assert_eq!(self.companies, companies, "{}", self.transcript);
    }
}

/// Without the ids at the end, which are new every time.
fn without_ids(text: &str) -> String {
    let ids = text.rfind(" [request id").or_else(|| text.rfind(" [correlation id"));
    text[..ids.unwrap_or(text.len())].to_owned()
}

/// Without the seconds until a far-off date, which are fewer every time.
fn without_long_waits(text: &str) -> String {
    let long = |word: &&str| word.len() > 9 && word.bytes().all(|byte| byte.is_ascii_digit());
    text.split(' ').map(|word| if long(&word) { "[many]" } else { word }).collect::<Vec<_>>().join(" ")
}
