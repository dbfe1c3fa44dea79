//! Lists that outlive many tokens, alone and many at once, sharing one client.

use partner_center::{
    AppRegistration, AsyncClient, Client, Credential, Error, ErrorKind, ListCustomers, Reqwest, Transport, Ureq,
    auth::{RefreshTokenLease, TokenErrorReason},
    transport::{Async, Blocking, CallOutput, Mode, Output, Request, Response, TransportError},
};
use partner_center_emulator::{Emulator, EmulatorBuilder, EmulatorTransport};
use partner_center_tests::finish;
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

const LIFETIME: Duration = Duration::from_millis(300);
const PAGES: u32 = 70;
const PAUSE: Duration = Duration::from_millis(100);

fn emulator() -> Emulator {
    Emulator::builder().customers(PAGES).token_lifetime(LIFETIME).build()
}

fn app() -> AppRegistration {
    AppRegistration::new("contoso.com", Emulator::CLIENT_ID).secret(Emulator::CLIENT_SECRET)
}

fn app_user<M: Mode>() -> Credential<M> {
    Credential::app_user(app(), Emulator::REFRESH_TOKEN).on_rotation(|_| M::ready(Ok(())))
}

/// Lists pages of one customer, with time for other things in between.
fn list<X: Transport>(client: &Client<X>) -> Result<usize, Error> {
    let mut pages = client.pages(ListCustomers::new().size(1));
    let mut customers = 0;
    while let Some(page) = finish::<X::Mode, _>(pages.next_page()) {
        customers += page?.items.len();
        thread::sleep(PAUSE);
    }
    Ok(customers)
}

/// The same as a task.
async fn list_as_task(client: AsyncClient) -> Result<usize, Error> {
    let mut pages = client.pages(ListCustomers::new().size(1));
    let mut customers = 0;
    while let Some(page) = pages.next().await {
        customers += page?.items.len();
        tokio::time::sleep(PAUSE).await;
    }
    Ok(customers)
}

/// One request for a token each time that one ends, and no more; and more than twenty of them.
#[track_caller]
fn one_token_for_each_lifetime(emulator: &Emulator, began: Instant) {
    let most = began.elapsed().as_millis() * 10 / (LIFETIME.as_millis() * 9) + 1;
    let tokens = emulator.requests().iter().filter(|request| request.uri().path().ends_with("/token")).count();
    assert!((21..=most).contains(&(tokens as u128)), "{tokens} tokens, where at most {most} are needed");
}

#[test]
fn a_list_outlives_its_tokens_in_both_modes() {
    fn over<M: Mode>(credential: Credential<M>) {
        let (emulator, began) = (emulator(), Instant::now());
        let client = Client::builder(emulator.transport::<M>(), credential).build().unwrap();
        assert_eq!(list(&client).unwrap(), PAGES as usize);
        one_token_for_each_lifetime(&emulator, began);
    }
    thread::scope(|scope| {
        scope.spawn(|| over::<Blocking>(Credential::app_only(app())));
        scope.spawn(|| over::<Blocking>(app_user()));
        scope.spawn(|| over::<Async>(Credential::app_only(app())));
        scope.spawn(|| over::<Async>(app_user()));
    });
}

#[test]
fn sixteen_threads_share_their_tokens() {
    let (emulator, began) = (emulator(), Instant::now());
    let server = emulator.serve("127.0.0.1:0").unwrap();
    let client = Client::builder(Ureq::new().unwrap(), app_user());
    let client = client.base_url(server.url()).authority(server.url()).build().unwrap();
    thread::scope(|scope| {
        let lists: Vec<_> = (0..16).map(|_| scope.spawn(|| list(&client.clone()))).collect();
        for list in lists {
            assert_eq!(list.join().unwrap().unwrap(), PAGES as usize);
        }
    });
    one_token_for_each_lifetime(&emulator, began);
}

#[test]
fn sixty_four_tasks_share_their_tokens() {
    let (emulator, began) = (emulator(), Instant::now());
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
    one_token_for_each_lifetime(&emulator, began);
}

#[test]
fn a_program_can_know_early_whether_it_gets_a_token() {
    fn over<M: Mode>() {
        let emulator = Emulator::builder().token_lifetime(Duration::from_secs(100)).build();
        let client = |credential| Client::builder(emulator.transport::<M>(), credential).build().unwrap();
        let app_only = client(Credential::app_only(app()));
        let lifetime = finish::<M, _>(app_only.authenticate()).unwrap().unwrap();
        assert!((Duration::from_secs(90)..=Duration::from_secs(100)).contains(&lifetime), "{lifetime:?}");
        // The token that was had is the one that is used.
        assert!(finish::<M, _>(app_only.pages(ListCustomers::new()).next_page()).unwrap().is_ok());
        assert_eq!(emulator.requests().len(), 2);
        assert_eq!(finish::<M, _>(client(Credential::token("any")).authenticate()).unwrap(), None);
        emulator.revoke_refresh_tokens();
        let refused = client(app_user());
        let error = finish::<M, _>(refused.authenticate()).unwrap_err();
        assert_eq!((error.kind(), error.operation()), (ErrorKind::Credential, "authenticate"));
        assert_eq!((error.correlation_id(), error.request_id()), (Some(refused.correlation_id()), None));
    }
    over::<Blocking>();
    over::<Async>();
}

/// The first request for a token is slow to fail, and asks for more patience than one of two callers has.
#[test]
fn a_caller_without_time_leaves_the_token_to_the_others() {
    fn over<X: Transport>(transport: X) {
        let faults = ["delay:300ms@1", "503:retry-after=2@1"].map(|fault| fault.parse().unwrap());
        let emulator = faults.into_iter().fold(Emulator::builder().customers(1), EmulatorBuilder::fault).build();
        let server = emulator.serve("127.0.0.1:0").unwrap();
        let client = Client::builder(transport, Credential::app_only(app()));
        let client = client.base_url(server.url()).authority(server.url()).build().unwrap();
        thread::scope(|scope| {
            let hasty = client.with_deadline(Instant::now() + Duration::from_secs(1));
            let hasty = scope.spawn(move || list(&hasty));
            thread::sleep(Duration::from_millis(100));
            let patient = scope.spawn(|| list(&client));
            assert!(hasty.join().unwrap().unwrap_err().is_timeout());
            assert_eq!(patient.join().unwrap().unwrap(), 1);
        });
    }
    over(Ureq::new().unwrap());
    over(Reqwest::new().unwrap());
}

#[test]
fn a_refresh_token_that_was_not_kept_is_handed_over_again() {
    fn over<M: Mode>() {
        let emulator = Emulator::builder().customers(1).build();
        let kept = Arc::new(Mutex::new(Vec::new()));
        let log = kept.clone();
        let credential = Credential::app_user(app(), Emulator::REFRESH_TOKEN).on_rotation(move |token| {
            let mut kept = log.lock().unwrap();
            kept.push(token.expose().to_owned());
            M::ready(if kept.len() == 1 { Err("the disk is full".into()) } else { Ok(()) })
        });
        let client = Client::builder(emulator.transport::<M>(), credential).build().unwrap();
        let error = list(&client).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Credential);
        let causes = [Some(&error as &dyn StdError), error.source(), error.source().and_then(StdError::source)];
        assert!(causes[2].or(causes[1]).unwrap().to_string().contains("the disk is full"), "{causes:?}");
        assert_eq!(list(&client).unwrap(), 1);
        let kept = kept.lock().unwrap();
        // The first one again, before it was used, and then the one that it was replaced by.
        assert_eq!((kept.len(), &kept[0]), (3, &kept[1]));
        assert_ne!(kept[1], kept[2]);
    }
    over::<Blocking>();
    over::<Async>();
}

/// Writes down when it is dropped.
struct Guard(Arc<Mutex<Vec<String>>>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.lock().unwrap().push("released".to_owned());
    }
}

/// What happens around a refresh token of which a lease knows a newer one, given each time that one is requested.
fn around_the_lease<M: Mode>(newer: &'static [Option<&'static str>]) -> (Result<usize, Error>, Vec<String>) {
    let emulator = Emulator::builder().customers(1).build();
    let log = Arc::new(Mutex::new(Vec::new()));
    let (requested, kept) = (log.clone(), log.clone());
    let credential = Credential::app_user(app(), "an-old-one")
        .before_refresh(move || {
            let mut log = requested.lock().unwrap();
            let newer = newer[log.iter().filter(|event| *event == "requested").count()];
            log.push("requested".to_owned());
            let lease = RefreshTokenLease::new(Guard(requested.clone()));
            M::ready(Ok(match newer {
                Some(token) => lease.refresh_token(token),
                None => lease,
            }))
        })
        .on_rotation(move |_| {
            kept.lock().unwrap().push("kept".to_owned());
            M::ready(Ok(()))
        });
    let client = Client::builder(emulator.transport::<M>(), credential).build().unwrap();
    let outcome = list(&client);
    let log = log.lock().unwrap().clone();
    (outcome, log)
}

#[test]
fn lease_brings_a_newer_refresh_token_and_lasts_until_the_next_one_is_kept() {
    fn over<M: Mode>() {
        let (outcome, log) = around_the_lease::<M>(&[Some(Emulator::REFRESH_TOKEN)]);
        assert_eq!((outcome.unwrap(), log), (1, ["requested", "kept", "released"].map(str::to_owned).to_vec()));

        // What is rejected was exchanged by somebody else: there may be a newer one now.
        let (outcome, log) = around_the_lease::<M>(&[None, Some(Emulator::REFRESH_TOKEN)]);
        let expected = ["requested", "released", "requested", "kept", "released"];
        assert_eq!((outcome.unwrap(), log), (1, expected.map(str::to_owned).to_vec()));

        for newer in [&[None, None][..], &[None, Some("an-old-one")], &[None, Some("another-old-one")]] {
            let (outcome, log) = around_the_lease::<M>(newer);
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
fn lease_that_cannot_be_had_fails_the_call() {
    fn over<M: Mode>() {
        let emulator = Emulator::builder().customers(1).build();
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

/// Leaves the first request without an answer.
struct Stuck {
    emulator: EmulatorTransport<Async>,
    is_first: AtomicBool,
}

impl Transport for Stuck {
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

type Authentication = CallOutput<Stuck, Option<Duration>>;

/// How long a call waits for the token that another one was to fetch, which is polled once and then `left`.
fn waited(left: fn(Authentication) -> Option<Authentication>) -> Duration {
    let stuck = Stuck { emulator: Emulator::default().transport(), is_first: AtomicBool::new(true) };
    let client = Client::builder(stuck, Credential::app_only(app()))
        .attempt_timeout(Duration::from_millis(100))
        .build()
        .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut first = client.authenticate();
        let polled = std::future::poll_fn(|context| Poll::Ready(first.as_mut().poll(context).is_pending()));
        assert!(polled.await, "there is no answer");
        let _left = left(first);
        let began = Instant::now();
        client.authenticate().await.unwrap();
        began.elapsed()
    })
}

#[test]
fn a_call_that_nobody_drives_holds_the_others_up_for_a_while_only() {
    let waited = waited(Some);
    assert!((Duration::from_secs(5)..Duration::from_secs(20)).contains(&waited), "{waited:?}");
}

#[test]
fn a_call_that_is_dropped_holds_nobody_up() {
    let waited = waited(|_| None);
    assert!(waited < Duration::from_secs(2), "{waited:?}");
}

#[test]
fn a_refusal_is_for_all_who_waited_for_it() {
    let faults = ["delay:500ms@1", "invalid-client"].map(|fault| fault.parse().unwrap());
    let emulator = faults.into_iter().fold(Emulator::builder(), EmulatorBuilder::fault).build();
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
