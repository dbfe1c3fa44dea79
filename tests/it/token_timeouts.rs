//! Timeouts of token sources and refresh token storage: the attempt timeout and the deadline apply to the code of the caller
//! as well.

use azure_core::credentials::{AccessToken as AzureToken, TokenCredential, TokenRequestOptions};
use partner_center::{
    AppRegistration, Client, Credential, Error, ErrorKind, GetCustomer, Reqwest, RetryPolicy, TokenSource, Transport,
    Ureq,
    auth::{AccessToken, AzureCredential, RefreshTokenLease, TokenRequest},
    transport::{Async, Blocking, Mode, Output},
};
use partner_center_tests::{Server, block_on, customer, response};
use std::{
    error::Error as StdError,
    io,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};
use uuid::Uuid;

type BoxError = Box<dyn StdError + Send + Sync>;

const TIMEOUT: Duration = Duration::from_millis(200);

/// Longer than any timeout, but short enough that abandoned threads end soon after the tests.
const SLOW: Duration = Duration::from_secs(4);

/// Counts the calls of a slow credential. `azure_identity` is as slow after a 429 with `Retry-After`.
#[derive(Clone, Debug, Default)]
struct Slow {
    calls: Arc<AtomicUsize>,
    running: Arc<AtomicUsize>,
    max_running: Arc<AtomicUsize>,
}

impl Slow {
    fn begin(&self) {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.max_running.fetch_max(running, Ordering::SeqCst);
    }

    fn block(&self, time: Duration) {
        self.begin();
        thread::sleep(time);
        self.running.fetch_sub(1, Ordering::SeqCst);
    }
}

struct BlockingSource(Slow);

impl TokenSource for BlockingSource {
    type Mode = Blocking;

    fn token(&self, _: TokenRequest<'_>) -> Result<AccessToken, BoxError> {
        self.0.block(SLOW);
        Ok(AccessToken::new("late"))
    }
}

struct AsyncSource(Slow);

impl TokenSource for AsyncSource {
    type Mode = Async;

    fn token<'a>(
        &'a self,
        _: TokenRequest<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<AccessToken, BoxError>> + Send + 'a>> {
        Box::pin(async {
            self.0.begin();
            tokio::time::sleep(SLOW).await;
            Ok(AccessToken::new("late"))
        })
    }
}

#[async_trait::async_trait]
impl TokenCredential for Slow {
    async fn get_token(&self, _: &[&str], _: Option<TokenRequestOptions<'_>>) -> azure_core::Result<AzureToken> {
        self.begin();
        tokio::time::sleep(SLOW).await;
        Err(azure_core::Error::with_message(azure_core::error::ErrorKind::Credential, "429"))
    }
}

/// Returns the messages of an error and its sources, on one line.
fn messages(error: &Error) -> String {
    let sources = std::iter::successors(error.source(), |cause: &&dyn StdError| (*cause).source());
    [error.to_string()].into_iter().chain(sources.map(ToString::to_string)).collect::<Vec<_>>().join(": ")
}

/// Runs two calls at the same time. One fetches the token, the other one waits for it; asserts that both time out.
fn assert_bounded<X: Transport>(client: &Client<X>, run: impl Fn(Output<'static, X, Result<(), Error>>) + Sync)
where
    Client<X>: Sync,
{
    let call = || {
        let client = client.clone();
        X::Mode::block_or_box(async move {
            X::Mode::into_future(client.call(GetCustomer::new(Uuid::nil()))).await.map(drop)
        })
    };
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let start = Instant::now();
                run(call());
                assert!(start.elapsed() < SLOW / 2, "it took {:?}", start.elapsed());
            });
        }
    });
}

fn assert_timed_out(outcome: Result<(), Error>, limit: &str) {
    let error = outcome.unwrap_err();
    let text = messages(&error);
    assert_eq!(error.kind(), ErrorKind::Timeout, "{text}");
    assert!(text.contains(limit), "{text}");
}

fn block_on_future<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

#[test]
fn token_source_is_bounded_by_the_timeout() {
    let limit = "no token was obtained from the token source: it took longer than the timeout of 200ms allows";
    let client = Client::builder(Ureq::new().unwrap(), Credential::source(BlockingSource(Slow::default())));
    let client = client.base_url("http://127.0.0.1:9").attempt_timeout(TIMEOUT).build().unwrap();
    assert_bounded(&client, |outcome| {
        assert!(outcome.as_ref().is_err_and(Error::is_authentication));
        assert_timed_out(outcome, limit);
    });
    let azure = AzureCredential::new(Arc::new(Slow::default()));
    for credential in [Credential::source(AsyncSource(Slow::default())), Credential::source(azure)] {
        let client = Client::builder(Reqwest::new().unwrap(), credential);
        let client = client.base_url("http://127.0.0.1:9").attempt_timeout(TIMEOUT).build().unwrap();
        assert_bounded(&client, |outcome| assert_timed_out(block_on_future(outcome), limit));
    }
}

#[test]
fn token_source_is_bounded_by_the_deadline() {
    let limit = "the deadline leaves no time";
    let client = Client::builder(Ureq::new().unwrap(), Credential::source(BlockingSource(Slow::default())));
    let client = client.base_url("http://127.0.0.1:9").call_timeout(TIMEOUT).build().unwrap();
    assert_bounded(&client, |outcome| assert_timed_out(outcome, limit));
    let client = Client::builder(Reqwest::new().unwrap(), Credential::source(AsyncSource(Slow::default())));
    let client = client.base_url("http://127.0.0.1:9").call_timeout(TIMEOUT).build().unwrap();
    assert_bounded(&client, |outcome| assert_timed_out(block_on_future(outcome), limit));
}

#[test]
fn abandoned_calls_of_a_blocking_source_are_few() {
    let slow = Slow::default();
    let client = Client::builder(Ureq::new().unwrap(), Credential::source(BlockingSource(slow.clone())));
    let client = client.base_url("http://127.0.0.1:9").attempt_timeout(Duration::from_millis(10)).build().unwrap();
    let mut last = Ok(None);
    for _ in 0..20 {
        last = client.authenticate();
    }
    assert_eq!((slow.calls.load(Ordering::SeqCst), slow.max_running.load(Ordering::SeqCst)), (8, 8));
    assert_timed_out(last.map(drop), "earlier calls of it, which have timed out, are still running");
    // After they have returned, the source is called again.
    thread::sleep(SLOW);
    assert_timed_out(client.authenticate().map(drop), "longer than the timeout");
    assert_eq!(slow.calls.load(Ordering::SeqCst), 9);
}

#[test]
fn refresh_token_storage_is_bounded_and_not_concurrent() {
    let issued = r#"{"access_token": "a", "refresh_token": "next"}"#;
    let app = || AppRegistration::new("contoso.com", "11111111-2222-3333-4444-555555555555");
    let assert_not_stored = |outcome: Result<Option<Duration>, Error>, limit: &str| {
        let text = messages(&outcome.unwrap_err());
        assert!(text.contains("the new refresh token could not be kept: ") && text.contains(limit), "{text}");
    };

    let (server, slow) = (Server::start(), Slow::default());
    server.script([response(200, issued).into()]);
    let storage = slow.clone();
    let credential: Credential<Blocking> = Credential::app_user(app(), "first").on_rotation(move |_| {
        storage.block(SLOW);
        Ok(())
    });
    let client = Client::builder(Ureq::new().unwrap(), credential);
    let client =
        client.authority(server.url()).base_url(server.url()).attempt_timeout(TIMEOUT).retry(RetryPolicy::none());
    let client = client.build().unwrap();
    let start = Instant::now();
    assert_not_stored(client.authenticate(), "longer than the timeout of 200ms");
    assert_not_stored(client.authenticate(), "still running");
    assert!(start.elapsed() < SLOW / 2);
    assert_eq!((slow.calls.load(Ordering::SeqCst), slow.max_running.load(Ordering::SeqCst)), (1, 1));

    let server = Server::start();
    server.script([response(200, issued).into()]);
    let credential: Credential<Async> = Credential::app_user(app(), "first").on_rotation(|_| {
        Async::block_or_box(async {
            tokio::time::sleep(SLOW).await;
            Ok(())
        })
    });
    let client = Client::builder(Reqwest::new().unwrap(), credential);
    let client = client.authority(server.url()).base_url(server.url()).attempt_timeout(TIMEOUT).build().unwrap();
    let start = Instant::now();
    assert_not_stored(block_on_future(client.authenticate()), "longer than the timeout of 200ms");
    assert!(start.elapsed() < SLOW / 2);
}

/// Code that blocks in async mode, as that which waits for a lock on a file, cannot be interrupted. A refresh token that was sent
/// after the deadline would be used up, and the response with the next one lost.
#[test]
fn lease_that_outlasts_the_deadline_sends_no_refresh_token() {
    fn over<X: Transport>(transport: X) {
        let server = Server::start();
        server.script([response(200, r#"{"access_token": "a", "refresh_token": "next"}"#).into()]);
        let app = AppRegistration::new("contoso.com", "11111111-2222-3333-4444-555555555555");
        let credential = Credential::app_user(app, "first").before_refresh(|| {
            thread::sleep(2 * TIMEOUT);
            X::Mode::ready(Ok(RefreshTokenLease::new(())))
        });
        let client = Client::builder(transport, credential).authority(server.url()).base_url(server.url());
        let client = client.call_timeout(TIMEOUT).build().unwrap();
        let outcome = block_on::<X::Mode, _>(client.authenticate());
        // The authority is not to blame.
        assert!(outcome.as_ref().is_err_and(|error| !error.is_authentication() && error.attempts() == 0));
        assert_timed_out(outcome.map(drop), "the deadline leaves no time");
        assert_eq!(server.connections(), 0);
    }
    over(Ureq::new().unwrap());
    over(Reqwest::new().unwrap());
}

#[test]
fn panic_of_a_blocking_source_reaches_the_caller() {
    struct PanickingSource;

    impl TokenSource for PanickingSource {
        type Mode = Blocking;

        fn token(&self, _: TokenRequest<'_>) -> Result<AccessToken, BoxError> {
            panic!("a bug in the source")
        }
    }

    let client = Client::builder(Ureq::new().unwrap(), Credential::source(PanickingSource));
    let client = client.base_url("http://127.0.0.1:9").build().unwrap();
    for _ in 0..10 {
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| client.authenticate())).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"a bug in the source"));
    }
}

#[test]
fn source_within_the_timeout_succeeds() {
    struct SourceWithinTimeout;

    impl TokenSource for SourceWithinTimeout {
        type Mode = Blocking;

        fn token(&self, _: TokenRequest<'_>) -> Result<AccessToken, BoxError> {
            thread::sleep(TIMEOUT);
            Ok(AccessToken::new("token"))
        }
    }

    let server = Server::start();
    server.script([response(200, customer("a").to_string()).into()]);
    let client = Client::builder(Ureq::new().unwrap(), Credential::source(SourceWithinTimeout));
    let client = client.base_url(server.url()).attempt_timeout(SLOW).build().unwrap();
    assert_eq!(client.call(GetCustomer::new(Uuid::nil())).unwrap().company_name(), Some("a"));
}

#[test]
fn blocking_source_logs_to_the_subscriber_of_the_caller() {
    struct LoggingSource;

    impl TokenSource for LoggingSource {
        type Mode = Blocking;

        fn token(&self, _: TokenRequest<'_>) -> Result<AccessToken, BoxError> {
            tracing::info!("the source was called");
            Ok(AccessToken::new("token"))
        }
    }

    let log = Arc::new(Mutex::new(Vec::new()));
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || LogWriter(writer.clone())).finish();
    let client = Client::builder(Ureq::new().unwrap(), Credential::source(LoggingSource));
    let client = client.base_url("http://127.0.0.1:9").build().unwrap();
    tracing::subscriber::with_default(subscriber, || client.authenticate()).unwrap();
    let log = String::from_utf8(log.lock().unwrap().clone()).unwrap();
    let line = log.lines().find(|line| line.contains("the source was called")).unwrap_or_else(|| panic!("{log}"));
    assert!(line.contains("call{operation=\"authenticate\"") && line.contains("token"), "{line}");
}

struct LogWriter(Arc<Mutex<Vec<u8>>>);

impl io::Write for LogWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
