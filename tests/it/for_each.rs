//! Work on many items at the same time: an outcome for each, at most so many at the same time, and an end that loses nothing.

use partner_center::{
    Client, Credential, Error, ErrorKind, GetCustomer, Reqwest, RetryPolicy, Transport, Ureq,
    request::{AttemptDescription, CallDescription, Hooks},
    transport::{Async, Blocking, Mode, Output, http::StatusCode},
};
use partner_center_emulator::{Emulator, Misbehavior};
use partner_center_tests::{
    ScriptedTransport, Server, Step, block_on, judged_emulator, judged_emulator_that_allows, response,
};
use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use uuid::Uuid;

const CUSTOMERS: usize = 64;
const CONCURRENCY: usize = 8;

fn client<X: Transport>(transport: X, url: &str) -> Client<X> {
    Client::builder(transport, Credential::token(Emulator::TOKEN)).base_url(url).build().unwrap()
}

fn ids() -> Vec<Uuid> {
    (0..CUSTOMERS as u128).map(Uuid::from_u128).collect()
}

fn assert_complete(mut outcomes: Vec<(Uuid, Option<ErrorKind>)>, server: &Server) {
    outcomes.sort_unstable_by_key(|(id, _)| *id);
    assert!(outcomes.iter().map(|(id, _)| *id).eq(ids()), "an outcome for each");
    assert_eq!(outcomes.iter().filter(|(_, error)| *error == Some(ErrorKind::Service)).count(), CUSTOMERS / 8);
    assert_eq!(outcomes.iter().filter(|(_, error)| error.is_none()).count(), CUSTOMERS / 8 * 7);
    assert!(server.connections() <= CONCURRENCY, "{} connections", server.connections());
}

#[test]
fn each_item_has_an_outcome_in_blocking_mode() {
    let server = Server::start_with_missing_customers(CUSTOMERS);
    let client = client(Ureq::new().unwrap(), &server.url());
    let outcomes = client.for_each(ids(), CONCURRENCY, |client, id| client.call(GetCustomer::new(*id)));
    let outcomes = outcomes.map(|outcome| (outcome.item, outcome.result.err().map(|error| error.kind())));
    assert_complete(outcomes.collect(), &server);
}

#[tokio::test]
async fn each_item_has_an_outcome_in_async_mode() {
    let server = Server::start_with_missing_customers(CUSTOMERS);
    let client = client(Reqwest::new().unwrap(), &server.url());
    let mut outcomes = client.for_each(ids(), CONCURRENCY, |client, id| client.call(GetCustomer::new(*id)));
    let mut all = Vec::new();
    while let Some(outcome) = outcomes.next().await {
        all.push((outcome.item, outcome.result.err().map(|error| error.kind())));
    }
    assert_complete(all, &server);
}

type Counter = Arc<AtomicUsize>;

/// Returns work that takes 20 ms after what it is passed, with the number of calls that are under way and the maximum of it.
fn slow_work() -> (Counter, Counter, impl Fn(&dyn Fn()) + Clone + Send + Sync + 'static) {
    let (current, max) = (Counter::default(), Counter::default());
    let (counter, peak) = (current.clone(), max.clone());
    let work = move |wait: &dyn Fn()| {
        peak.fetch_max(counter.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        wait();
        std::thread::sleep(Duration::from_millis(20));
        counter.fetch_sub(1, Ordering::SeqCst);
    };
    (current, max, work)
}

fn offline() -> Client<ScriptedTransport<Blocking>> {
    client(ScriptedTransport::new([]), "http://127.0.0.1:9")
}

#[test]
fn work_is_bounded_and_stops_without_losing_an_outcome() {
    let (current, max, work) = slow_work();
    let begun = Arc::new(AtomicUsize::new(0));
    let count = begun.clone();
    // The first ones wait for each other.
    let all_are_under_way = Arc::new(Barrier::new(CONCURRENCY));
    let mut outcomes = offline().for_each(0..1000, CONCURRENCY, move |_, _| {
        let number = count.fetch_add(1, Ordering::SeqCst);
        work(&|| {
            if number < CONCURRENCY {
                all_are_under_way.wait();
            }
        });
        Ok(())
    });
    let mut reported = outcomes.by_ref().take(20).count();
    assert_eq!(max.load(Ordering::SeqCst), CONCURRENCY);
    assert!(outcomes.under_way() < CONCURRENCY);
    outcomes.stop();
    reported += outcomes.count();
    assert_eq!((reported, current.load(Ordering::SeqCst)), (begun.load(Ordering::SeqCst), 0));
    assert!(reported < 20 + CONCURRENCY);
}

/// Items may be added while work is under way, in code for both modes.
#[test]
fn items_may_come_from_a_queue() {
    fn run<X: Transport>(client: &Client<X>) -> Output<'_, X, Vec<u32>> {
        let queue = Arc::new(Mutex::new(VecDeque::from([1, 2])));
        let items = queue.clone();
        let items = std::iter::from_fn(move || items.lock().unwrap().pop_front());
        let mut outcomes = client.for_each(items, 2, |_, item| X::Mode::ready(Ok(item * 10)));
        X::Mode::block_or_box(async move {
            let mut values = Vec::new();
            while let Some(outcome) = X::Mode::into_future(outcomes.next_outcome()).await {
                values.push(outcome.result.unwrap());
            }
            queue.lock().unwrap().push_back(3);
            values.extend(X::Mode::into_future(outcomes.next_outcome()).await.map(|outcome| outcome.result.unwrap()));
            outcomes.stop();
            queue.lock().unwrap().push_back(4);
            assert!(X::Mode::into_future(outcomes.next_outcome()).await.is_none());
            values.sort_unstable();
            values
        })
    }
    assert_eq!(run(&offline()), [10, 20, 30]);
    let client = client(ScriptedTransport::<Async>::new([]), "http://127.0.0.1:9");
    assert_eq!(block_on::<Async, _>(run(&client)), [10, 20, 30]);
}

#[test]
fn dropped_run_leaves_no_work_behind() {
    let (current, _, work) = slow_work();
    let mut outcomes = offline().for_each(0.., CONCURRENCY, move |_, _| {
        work(&|| {});
        Ok(())
    });
    outcomes.next();
    drop(outcomes);
    assert_eq!(current.load(Ordering::SeqCst), 0);
}

#[test]
fn panic_of_the_work_reaches_the_caller() {
    let run = || {
        offline().for_each(0..20, CONCURRENCY, |_, item| {
            assert_ne!(*item, 13, "an unlucky item");
            Ok(())
        })
    };
    let panic = catch_unwind(AssertUnwindSafe(|| run().count())).unwrap_err();
    assert!(panic.downcast_ref::<String>().is_some_and(|message| message.contains("an unlucky item")));
}

/// Who catches the panic may read on: the other items have their outcomes, and the places of those that panicked are free.
#[test]
fn run_goes_on_after_a_caught_panic() {
    let mut outcomes = offline().for_each(0..20, 2, |_, item| {
        assert_ne!(*item % 4, 3, "an unlucky item");
        Ok(())
    });
    let (mut done, mut panics) = (0, 0);
    loop {
        match catch_unwind(AssertUnwindSafe(|| outcomes.next())) {
            Ok(Some(_)) => done += 1,
            Ok(None) => break,
            Err(_) => panics += 1,
        }
    }
    assert_eq!((done, panics, outcomes.under_way()), (15, 5, 0));
}

#[test]
fn async_run_goes_on_after_a_caught_panic() {
    let client = client(ScriptedTransport::<Async>::new([]), "http://127.0.0.1:9");
    let mut outcomes = client.for_each(0..20, 2, |_, item| {
        let item = *item;
        // Some before there is a future, others in it.
        assert_ne!(item % 8, 3, "an unlucky item");
        Box::pin(async move {
            assert_ne!(item % 8, 7, "an unlucky item");
            Ok(())
        })
    });
    let (mut done, mut panics) = (0, 0);
    loop {
        let next = AssertUnwindSafe(|| block_on::<Async, _>(Box::pin(outcomes.next())));
        match catch_unwind(next) {
            Ok(Some(_)) => done += 1,
            Ok(None) => break,
            Err(_) => panics += 1,
        }
    }
    assert_eq!((done, panics, outcomes.under_way()), (15, 5, 0));
}

/// The futures are polled by the caller's own task: any executor will do.
#[test]
fn async_work_needs_no_runtime() {
    let steps = (0..20).map(|_| Step::from(response(200, r#"{"tags":["here"]}"#)));
    let client = client(ScriptedTransport::<Async>::new(steps), "http://127.0.0.1:9");
    let mut outcomes = client.for_each(ids().into_iter().take(20), 4, |client, id| {
        let call = client.call(GetCustomer::new(*id));
        Box::pin(async move { Ok(call.await?.tags) })
    });
    let tags = futures_util::future::FutureExt::now_or_never(async {
        let mut tags = 0;
        while let Some(outcome) = outcomes.next().await {
            tags += outcome.result.unwrap().map_or(0, |tags| tags.len());
        }
        tags
    });
    assert_eq!(tags, Some(20));
}

/// The attempts that are begun in the 2.5 s after the first 429, which requests a pause of 3 s.
#[derive(Default)]
struct BegunAfter429(Mutex<(Option<Instant>, usize)>);

impl Hooks for BegunAfter429 {
    fn before_attempt(&self, _: &CallDescription<'_>, _: &AttemptDescription) {
        let mut seen = self.0.lock().unwrap();
        if seen.0.is_some_and(|since| since.elapsed() < Duration::from_millis(2500)) {
            seen.1 += 1;
        }
    }

    fn after_attempt(&self, _: &CallDescription<'_>, _: &AttemptDescription, outcome: Result<StatusCode, &Error>) {
        if outcome.is_err_and(Error::is_throttled) {
            self.0.lock().unwrap().0.get_or_insert_with(Instant::now);
        }
    }
}

/// One 429 holds up all who share the client, so that no others are sent but those that were about to be.
#[test]
fn throttled_response_slows_all_of_a_run() {
    // On a slow machine, a request may be on its way for longer than the judge thinks.
    let emulator = judged_emulator_that_allows(&[Misbehavior::EarlyRetry]);
    let emulator = emulator.customers(200).fault("delay:50ms".parse().unwrap());
    let emulator = emulator.fault("429:retry-after=3@40".parse().unwrap()).build();
    let server = emulator.serve("127.0.0.1:0").unwrap();
    let begun = Arc::new(BegunAfter429::default());
    let client = Client::builder(Ureq::new().unwrap(), Credential::token(Emulator::TOKEN)).base_url(server.url());
    let client = client.hooks(begun.clone()).build().unwrap();
    let outcomes = client.for_each(0..80, CONCURRENCY, |client, _| client.call(GetCustomer::new(Uuid::nil())));
    let found = outcomes.filter(|outcome| !outcome.result.as_ref().unwrap_err().is_not_found()).count();
    // Without the pause, all forty that are left would be begun in this time.
    let (since, begun) = *begun.0.lock().unwrap();
    assert!(since.is_some() && begun <= 2 * CONCURRENCY && found == 0, "{begun} were begun");
    let status = client.rate_limit_status();
    assert_eq!((status.throttled_responses, status.paused_for, status.retries_left), (1, None, 100));
    assert!(status.requests_per_minute.is_some());
}

/// When the service is down, calls soon fail with the first error, in place of four requests each.
#[test]
fn retry_budget_ends_a_storm() {
    let emulator = judged_emulator().fault("503".parse().unwrap()).build();
    let client = Client::builder(emulator.transport::<Async>(), Credential::token(Emulator::TOKEN));
    let retry = RetryPolicy::default().initial_backoff(Duration::ZERO);
    let client = client.base_url("http://127.0.0.1").retry(retry).build().unwrap();
    let mut outcomes = client.for_each(0..1000, CONCURRENCY, |client, _| client.call(GetCustomer::new(Uuid::nil())));
    let failed = block_on::<Async, _>(Box::pin(async move {
        let mut failed = 0;
        while let Some(outcome) = outcomes.next().await {
            failed += usize::from(outcome.result.unwrap_err().status().unwrap() == 503);
        }
        failed
    }));
    assert_eq!((failed, emulator.requests().len()), (1000, 1100));
    assert_eq!(client.rate_limit_status().retries_left, 0);
}
