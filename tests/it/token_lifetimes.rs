//! Token refresh: lists that outlast many tokens, alone or with many others on one client; leases of a refresh token; calls
//! that wait for a token which another call fetches.

use partner_center::{
    AppRegistration, AsyncClient, Client, Credential, Error, ErrorKind, ListCustomers, Reqwest, Transport, Ureq,
    auth::{RefreshTokenLease, TokenErrorReason},
    transport::{Async, Blocking, CallOutput, Mode, Output, Request, Response, TransportError},
};
use partner_center_emulator::{Emulator, EmulatorBuilder, EmulatorTransport};
use partner_center_tests::{RecordingTransport, ScriptedTransport, Step, block_on, judged_emulator, response};
use std::{
    error::Error as StdError,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
    thread,
    time::{Duration, Instant},
};

// So long that a request of a loaded machine does not outlast two tokens.
const LIFETIME: Duration = Duration::from_secs(3);
const PAGES: u32 = 70;
const PAUSE: Duration = Duration::from_secs(1);

fn emulator() -> Emulator {
    judged_emulator().customers(PAGES).token_lifetime(LIFETIME).build()
}

fn app() -> AppRegistration {
    AppRegistration::new("contoso.com", Emulator::CLIENT_ID).secret(Emulator::CLIENT_SECRET)
}

fn app_user<M: Mode>() -> Credential<M> {
    Credential::app_user(app(), Emulator::REFRESH_TOKEN).on_rotation(|_| M::ready(Ok(())))
}

/// Lists pages of one customer, with a pause after each, and returns the number of customers.
fn list<X: Transport>(client: &Client<X>) -> Result<usize, Error> {
    let mut pages = client.pages(ListCustomers::new().size(1));
    let mut customers = 0;
    while let Some(page) = block_on::<X::Mode, _>(pages.next_page()) {
        customers += page?.items.len();
        thread::sleep(PAUSE);
    }
    Ok(customers)
}

/// Does the same in a task.
async fn list_as_task(client: AsyncClient) -> Result<usize, Error> {
    let mut pages = client.pages(ListCustomers::new().size(1));
    let mut customers = 0;
    while let Some(page) = pages.next().await {
        customers += page?.items.len();
        tokio::time::sleep(PAUSE).await;
    }
    Ok(customers)
}

/// Asserts that more than twenty tokens were requested, and no more than one for each lifetime.
#[track_caller]
fn assert_one_token_per_lifetime(emulator: &Emulator, start: Instant) {
    let max = start.elapsed().as_millis() * 10 / (LIFETIME.as_millis() * 9) + 1;
    let tokens = emulator.requests().iter().filter(|request| request.uri().path().ends_with("/token")).count();
    assert!((21..=max).contains(&(tokens as u128)), "{tokens} tokens, where at most {max} are needed");
}

#[test]
fn list_outlasts_its_tokens() {
    fn over<M: Mode>(credential: Credential<M>) {
        let (emulator, start) = (emulator(), Instant::now());
        let client = Client::builder(emulator.transport::<M>(), credential).build().unwrap();
        assert_eq!(list(&client).unwrap(), PAGES as usize);
        assert_one_token_per_lifetime(&emulator, start);
    }
    thread::scope(|scope| {
        scope.spawn(|| over::<Blocking>(Credential::app_only(app())));
        scope.spawn(|| over::<Blocking>(app_user()));
        scope.spawn(|| over::<Async>(Credential::app_only(app())));
        scope.spawn(|| over::<Async>(app_user()));
    });
}

#[test]
fn threads_share_tokens() {
    let (emulator, start) = (emulator(), Instant::now());
    let server = emulator.serve("127.0.0.1:0").unwrap();
    let client = Client::builder(Ureq::new().unwrap(), app_user());
    let client = client.base_url(server.url()).authority(server.url()).build().unwrap();
    thread::scope(|scope| {
        let lists: Vec<_> = (0..16).map(|_| scope.spawn(|| list(&client.clone()))).collect();
        for list in lists {
            assert_eq!(list.join().unwrap().unwrap(), PAGES as usize);
        }
    });
    assert_one_token_per_lifetime(&emulator, start);
}

#[test]
fn tasks_share_tokens() {
    let (emulator, start) = (emulator(), Instant::now());
    let server = emulator.serve("127.0.0.1:0").unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    runtime.block_on(async {
        let client = Client::builder(Reqwest::new().unwrap(), Credential::app_only(app()));
        let client = client.base_url(server.url()).authority(server.url()).build().unwrap();
        let lists: Vec<_> = (0..64).map(|_| tokio::spawn(list_as_task(client.clone()))).collect();
        for list in lists {
            assert_eq!(list.await.unwrap().unwrap(), PAGES as usize);
        }
    });
    assert_one_token_per_lifetime(&emulator, start);
}

#[test]
fn authenticate_fetches_a_token_for_later_calls() {
    fn over<M: Mode>() {
        let emulator = judged_emulator().token_lifetime(Duration::from_secs(100)).build();
        let client = |credential| Client::builder(emulator.transport::<M>(), credential).build().unwrap();
        let app_only = client(Credential::app_only(app()));
        let lifetime = block_on::<M, _>(app_only.authenticate()).unwrap().unwrap();
        assert!((Duration::from_secs(90)..=Duration::from_secs(100)).contains(&lifetime), "{lifetime:?}");
        // The call uses the token that `authenticate` fetched.
        assert!(block_on::<M, _>(app_only.pages(ListCustomers::new()).next_page()).unwrap().is_ok());
        assert_eq!(emulator.requests().len(), 2);
        assert_eq!(block_on::<M, _>(client(Credential::token("any")).authenticate()).unwrap(), None);
        emulator.revoke_refresh_tokens();
        let rejected = client(app_user());
        let error = block_on::<M, _>(rejected.authenticate()).unwrap_err();
        assert_eq!((error.kind(), error.operation()), (ErrorKind::Credential, "authenticate"));
        assert_eq!((error.correlation_id(), error.request_id()), (Some(rejected.correlation_id()), None));
    }
    over::<Blocking>();
    over::<Async>();
}

/// The first token request fails slowly, with a `Retry-After` beyond the deadline of one of two callers.
#[test]
fn deadline_of_one_caller_does_not_fail_the_others() {
    fn over<X: Transport>(transport: X) {
        let faults = ["delay:300ms@1", "503:retry-after=2@1"].map(|fault| fault.parse().unwrap());
        let emulator = faults.into_iter().fold(judged_emulator().customers(1), EmulatorBuilder::fault).build();
        let server = emulator.serve("127.0.0.1:0").unwrap();
        let client = Client::builder(transport, Credential::app_only(app()));
        let client = client.base_url(server.url()).authority(server.url()).build().unwrap();
        thread::scope(|scope| {
            let urgent = client.with_deadline(Instant::now() + Duration::from_secs(1));
            let urgent = scope.spawn(move || list(&urgent));
            thread::sleep(Duration::from_millis(100));
            let other = scope.spawn(|| list(&client));
            assert!(urgent.join().unwrap().unwrap_err().is_timeout());
            assert_eq!(other.join().unwrap().unwrap(), 1);
        });
    }
    over(Ureq::new().unwrap());
    over(Reqwest::new().unwrap());
}

#[test]
fn unstored_refresh_token_is_handed_over_again() {
    fn over<M: Mode>() {
        let emulator = judged_emulator().customers(1).build();
        let stored = Arc::new(Mutex::new(Vec::new()));
        let storage = stored.clone();
        let credential = Credential::app_user(app(), Emulator::REFRESH_TOKEN).on_rotation(move |token| {
            let mut stored = storage.lock().unwrap();
            stored.push(token.expose().to_owned());
            M::ready(if stored.len() == 1 { Err("the disk is full".into()) } else { Ok(()) })
        });
        let client = Client::builder(emulator.transport::<M>(), credential).build().unwrap();
        let error = list(&client).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Credential);
        let causes = [Some(&error as &dyn StdError), error.source(), error.source().and_then(StdError::source)];
        assert!(causes[2].or(causes[1]).unwrap().to_string().contains("the disk is full"), "{causes:?}");
        assert_eq!(list(&client).unwrap(), 1);
        let stored = stored.lock().unwrap();
        // The first one is handed over twice, before it is used; then the one that replaced it.
        assert_eq!((stored.len(), &stored[0]), (3, &stored[1]));
        assert_ne!(stored[1], stored[2]);
    }
    over::<Blocking>();
    over::<Async>();
}

/// A guard that records when it is dropped.
struct RecordedGuard(Arc<Mutex<Vec<String>>>);

impl Drop for RecordedGuard {
    fn drop(&mut self) {
        self.0.lock().unwrap().push("released".to_owned());
    }
}

/// Returns the outcome of a list, and the order of the lease and storage callbacks. The leases have the `newer` refresh
/// tokens, one for each request.
fn list_with_leases<M: Mode>(newer: &'static [Option<&'static str>]) -> (Result<usize, Error>, Vec<String>) {
    let emulator = judged_emulator().customers(1).build();
    let log = Arc::new(Mutex::new(Vec::new()));
    let (requested, stored) = (log.clone(), log.clone());
    let credential = Credential::app_user(app(), "an-old-one")
        .before_refresh(move || {
            let mut log = requested.lock().unwrap();
            let newer = newer[log.iter().filter(|event| *event == "requested").count()];
            log.push("requested".to_owned());
            let lease = RefreshTokenLease::new(RecordedGuard(requested.clone()));
            M::ready(Ok(match newer {
                Some(token) => lease.refresh_token(token),
                None => lease,
            }))
        })
        .on_rotation(move |_| {
            stored.lock().unwrap().push("stored".to_owned());
            M::ready(Ok(()))
        });
    let client = Client::builder(emulator.transport::<M>(), credential).build().unwrap();
    let outcome = list(&client);
    let log = log.lock().unwrap().clone();
    (outcome, log)
}

#[test]
fn lease_has_a_newer_refresh_token_and_lasts_until_the_next_one_is_stored() {
    fn over<M: Mode>() {
        let (outcome, log) = list_with_leases::<M>(&[Some(Emulator::REFRESH_TOKEN)]);
        assert_eq!((outcome.unwrap(), log), (1, ["requested", "stored", "released"].map(str::to_owned).to_vec()));

        // A rejected token was used by another process, so there may be a newer one.
        let (outcome, log) = list_with_leases::<M>(&[None, Some(Emulator::REFRESH_TOKEN)]);
        let expected = ["requested", "released", "requested", "stored", "released"];
        assert_eq!((outcome.unwrap(), log), (1, expected.map(str::to_owned).to_vec()));

        for newer in [&[None, None][..], &[None, Some("an-old-one")], &[None, Some("another-old-one")]] {
            let (outcome, log) = list_with_leases::<M>(newer);
            let error = outcome.unwrap_err();
            let reason = error.token_error().and_then(partner_center::auth::TokenError::reason);
            assert_eq!(reason, Some(TokenErrorReason::InvalidGrant), "{error}");
            assert_eq!(log, ["requested", "released", "requested", "released"]);
        }
    }
    over::<Blocking>();
    over::<Async>();
}

#[test]
fn lease_error_fails_the_call() {
    fn over<M: Mode>() {
        let emulator = judged_emulator().customers(1).build();
        let credential = Credential::app_user(app(), Emulator::REFRESH_TOKEN)
            .before_refresh(|| M::ready(Err("the lock is broken".into())))
            .on_rotation(|_| M::ready(Ok(())));
        let client = Client::builder(emulator.transport::<M>(), credential).build().unwrap();
        let error = list(&client).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Credential);
        assert_eq!(error.source().unwrap().to_string(), "the lock is broken");
        assert_eq!(emulator.requests().len(), 0);
    }
    over::<Blocking>();
    over::<Async>();
}

/// Returns a token response with these fields.
fn token_response(fields: &str) -> Step {
    response(200, format!(r#"{{"token_type":"Bearer",{fields}}}"#)).into()
}

#[test]
fn unstored_refresh_token_is_not_replaced_by_an_older_one() {
    fn over<M: Mode>() {
        let tokens =
            [r#""access_token":"a1","expires_in":0,"refresh_token":"r1""#, r#""access_token":"a2","expires_in":0"#];
        let (transport, recording) = RecordingTransport::new(ScriptedTransport::<M>::new(tokens.map(token_response)));
        let credential = Credential::app_user(app(), "r0")
            .before_refresh(|| M::ready(Ok(RefreshTokenLease::new(()).refresh_token("r0"))));
        let base_url = "http://127.0.0.1:9";
        let client = Client::builder(transport, credential).base_url(base_url).authority(base_url).build().unwrap();
        for _ in 0..2 {
            block_on::<M, _>(client.authenticate()).unwrap();
        }
        let transcript = recording.to_text(base_url);
        let sent: Vec<_> = transcript.split('&').filter_map(|field| field.strip_prefix("refresh_token=")).collect();
        assert_eq!(sent, ["r0", "r1"]);
    }
    over::<Blocking>();
    over::<Async>();
}

#[test]
fn lease_lasts_until_storage_that_times_out_has_ended() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let (requested, stored) = (log.clone(), log.clone());
    let credential = Credential::<Blocking>::app_user(app(), Emulator::REFRESH_TOKEN)
        .before_refresh(move || Ok(RefreshTokenLease::new(RecordedGuard(requested.clone()))))
        .on_rotation(move |_| {
            thread::sleep(Duration::from_millis(1500));
            stored.lock().unwrap().push("stored".to_owned());
            Ok(())
        });
    let client = Client::builder(judged_emulator().build().transport::<Blocking>(), credential);
    let client = client.attempt_timeout(Duration::from_millis(500)).build().unwrap();
    assert_eq!(client.authenticate().unwrap_err().kind(), ErrorKind::Credential);
    assert!(log.lock().unwrap().is_empty(), "the lease was released while the token was being stored");
    thread::sleep(Duration::from_secs(2));
    assert_eq!(*log.lock().unwrap(), ["stored", "released"]);
}

/// Not even an access token that is still valid hides that the new refresh token was not stored.
#[test]
fn storage_that_times_out_fails_an_early_refresh() {
    let tokens =
        [r#""access_token":"a1","expires_in":3"#, r#""access_token":"a2","expires_in":3599,"refresh_token":"r1""#];
    let credential = Credential::<Blocking>::app_user(app(), "r0").on_rotation(|_| {
        thread::sleep(Duration::from_secs(1));
        Ok(())
    });
    let base_url = "http://127.0.0.1:9";
    let client = Client::builder(ScriptedTransport::<Blocking>::new(tokens.map(token_response)), credential);
    let client = client.base_url(base_url).authority(base_url).call_timeout(Duration::from_millis(100));
    let client = client.build().unwrap();
    client.authenticate().unwrap();
    thread::sleep(Duration::from_millis(2750));
    assert_eq!(client.authenticate().unwrap_err().kind(), ErrorKind::Timeout);
}

/// A transport whose first request never ends.
struct HangingTransport {
    emulator: EmulatorTransport<Async>,
    is_first: AtomicBool,
}

impl Transport for HangingTransport {
    type Mode = Async;

    fn send(&self, request: Request) -> Output<'_, Self, Result<Response, TransportError>> {
        if self.is_first.swap(false, Ordering::SeqCst) {
            return Box::pin(std::future::pending());
        }
        self.emulator.send(request)
    }

    fn sleep(&self, delay: Duration) -> Output<'_, Self, ()> {
        Box::pin(tokio::time::sleep(delay))
    }
}

type Authentication = CallOutput<HangingTransport, Option<Duration>>;

/// Returns the time that a call waits for the token of a first call, which is polled once and then passed to `leave`.
fn wait_for_first_call(leave: fn(Authentication) -> Option<Authentication>) -> Duration {
    let transport =
        HangingTransport { emulator: judged_emulator().build().transport(), is_first: AtomicBool::new(true) };
    let client = Client::builder(transport, Credential::app_only(app()))
        .attempt_timeout(Duration::from_millis(100))
        .build()
        .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut first = client.authenticate();
        let polled = std::future::poll_fn(|context| Poll::Ready(first.as_mut().poll(context).is_pending()));
        assert!(polled.await, "the first call is pending");
        let _first = leave(first);
        let start = Instant::now();
        client.authenticate().await.unwrap();
        start.elapsed()
    })
}

#[test]
fn stalled_refresh_is_taken_over() {
    let wait = wait_for_first_call(Some);
    assert!((Duration::from_secs(5)..Duration::from_secs(20)).contains(&wait), "{wait:?}");
}

#[test]
fn abandoned_refresh_is_taken_over() {
    let wait = wait_for_first_call(|_| None);
    assert!(wait < Duration::from_secs(2), "{wait:?}");
}

#[test]
fn failed_refresh_fails_all_waiting_calls() {
    let faults = ["delay:500ms@1", "invalid-client"].map(|fault| fault.parse().unwrap());
    let emulator = faults.into_iter().fold(judged_emulator(), EmulatorBuilder::fault).build();
    let server = emulator.serve("127.0.0.1:0").unwrap();
    let client = Client::builder(Ureq::new().unwrap(), Credential::app_only(app()));
    let client = client.base_url(server.url()).authority(server.url()).build().unwrap();
    thread::scope(|scope| {
        let lists: Vec<_> = (0..8).map(|_| scope.spawn(|| list(&client))).collect();
        for list in lists {
            let error = list.join().unwrap().unwrap_err();
            assert_eq!(error.token_error().unwrap().reason(), Some(TokenErrorReason::InvalidClient));
        }
    });
    assert_eq!(emulator.requests().len(), 1);
}
