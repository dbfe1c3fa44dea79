//! Journaled runs that end early, over both transports: killed, or stopped, and resumed until every customer is done once.

use partner_center::{
    Client, Credential, GetCustomer, ListCustomers, Reqwest, RetryPolicy, Transport, Ureq,
    journal::{ItemState, Journal, JournalEntry},
    operations::Method,
    request::{Idempotency, RawRequest},
    transport::{Blocking, Mode, Output, Request, Response, TransportError},
};
use partner_center_emulator::Emulator;
use partner_center_tests::{block_on, judged_emulator};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use uuid::Uuid;

const PURPOSE: &str = "create a policy for each customer";
const CONCURRENCY: usize = 4;
const KILLS: usize = 40;
/// A run is killed at its first write, its second, up to this one, all equally often.
const MAX_WRITES: usize = 10;
/// More than all killed runs can do, however slow the one who kills them: half of them send what is under way at their end.
const CUSTOMERS: usize = KILLS * (MAX_WRITES - 1) / 2 + KILLS / 2 * CONCURRENCY + 20;

fn client<X: Transport>(transport: X, url: &str) -> Client<X> {
    // A 429 without a wait is retried after the backoff.
    let retry = RetryPolicy::default().initial_backoff(Duration::from_millis(1));
    Client::builder(transport, Credential::token(Emulator::TOKEN)).base_url(url).retry(retry).build().unwrap()
}

/// Returns the request that creates the policy of a customer. It is idempotent by its request id only.
fn create_policy(customer: Uuid) -> RawRequest {
    let body = r#"{"name":"Weekly policy","category":"o_o_b_e","description":"","policySettings":["skip_eula"]}"#;
    RawRequest::new(Method::Post, &format!("/v1/customers/{customer}/policies"))
        .json(body)
        .idempotency(Idempotency::RequestId)
}

/// Does what is left to do, two calls for each customer of which the second is a write. Returns how many were begun and have
/// their outcome; after `max_outcomes` the run is stopped.
fn run<X: Transport>(journal: &Journal, client: &Client<X>, customers: &[Uuid], max_outcomes: usize) -> usize {
    let mut outcomes = journal.for_each(client, customers.to_vec(), CONCURRENCY, |client, customer| {
        let (client, customer) = (client.clone(), *customer);
        X::Mode::block_or_box(async move {
            X::Mode::into_future(client.call(GetCustomer::new(customer))).await?;
            X::Mode::into_future(client.request(create_policy(customer))).await
        })
    });
    block_on::<X::Mode, _>(X::Mode::block_or_box(async move {
        let mut count = 0;
        while X::Mode::into_future(outcomes.next_outcome()).await.is_some() {
            count += 1;
            if count == max_outcomes {
                outcomes.stop();
            }
        }
        count
    }))
}

/// Does what is left to do, to the end.
fn run_to_the_end<X: Transport>(transport: X, url: &str, path: &Path, customers: &[Uuid]) -> Vec<JournalEntry> {
    let journal = Journal::open(path, PURPOSE).unwrap().retry_unknown();
    run(&journal, &client(transport, url), customers, usize::MAX);
    journal.finish().unwrap()
}

fn count(entries: &[JournalEntry], state: ItemState) -> usize {
    entries.iter().filter(|entry| entry.state == state).count()
}

/// The policies of each customer, as the service has them.
fn policy_counts(emulator: &Emulator, customers: &[Uuid]) -> Vec<usize> {
    let policies = |customer: &Uuid| {
        // A new client has learned of no limit from the 429s.
        let client = client(emulator.transport::<Blocking>(), "http://127.0.0.1");
        let policies = RawRequest::new(Method::Get, &format!("/v1/customers/{customer}/policies"));
        let policies = client.request(policies).unwrap();
        String::from_utf8(policies.body().to_vec()).unwrap().matches("Weekly policy").count()
    };
    customers.iter().map(policies).collect()
}

/// A transport that stops at a write, and at all later ones: they are never sent, or their responses never returned.
struct StoppingTransport<X> {
    transport: X,
    /// The number of writes before that.
    writes_left: AtomicUsize,
    sends_the_last: bool,
    /// The file that says that it has stopped.
    marker: PathBuf,
}

impl<X: Transport> Transport for StoppingTransport<X> {
    type Mode = X::Mode;

    fn send(&self, request: Request) -> Output<'_, Self, Result<Response, TransportError>> {
        let is_write = request.method() == http::Method::POST;
        let take_one = |left: usize| if is_write { left.checked_sub(1) } else { Some(left) };
        let stops = self.writes_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take_one).is_err();
        if !stops {
            return self.transport.send(request);
        }
        X::Mode::block_or_box(async move {
            if self.sends_the_last {
                X::Mode::into_future(self.transport.send(request)).await.unwrap();
            }
            fs::write(&self.marker, "").unwrap();
            X::Mode::into_future(self.transport.sleep(Duration::from_secs(86_400))).await;
            panic!("the process is killed before")
        })
    }

    fn sleep(&self, delay: Duration) -> Output<'_, Self, ()> {
        self.transport.sleep(delay)
    }
}

/// A run in a child process, which is killed after it has stopped.
struct KilledRun<'a> {
    transport: &'a str,
    url: &'a str,
    path: &'a Path,
    /// The number of the write at which it stops, after that was sent or before.
    writes: usize,
    sends_the_last: bool,
}

impl KilledRun<'_> {
    fn start(&self) -> Child {
        Command::new(env::current_exe().unwrap())
            .args(["journaled_runs::journaled_run_in_a_child_process", "--exact"])
            .env("JOURNAL_TRANSPORT", self.transport)
            .env("JOURNAL_URL", self.url)
            .env("JOURNAL_PATH", self.path)
            .env("JOURNAL_WRITES", self.writes.to_string())
            .env("JOURNAL_SENDS_THE_LAST", self.sends_the_last.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    fn marker(&self) -> PathBuf {
        self.path.with_extension("stopped")
    }

    fn run<X: Transport>(&self, transport: X) {
        let customers = fs::read_to_string(self.path.with_extension("items")).unwrap();
        let customers: Vec<_> = customers.lines().map(|customer| customer.parse().unwrap()).collect();
        let transport = StoppingTransport {
            transport,
            writes_left: AtomicUsize::new(self.writes - 1),
            sends_the_last: self.sends_the_last,
            marker: self.marker(),
        };
        run_to_the_end(transport, self.url, self.path, &customers);
    }
}

/// Whether this process is the child of a test below, which is killed; it does its part then.
#[test]
fn journaled_run_in_a_child_process() {
    let Ok(transport) = env::var("JOURNAL_TRANSPORT") else { return };
    let variable = |name| env::var(name).unwrap();
    let (url, path) = (variable("JOURNAL_URL"), PathBuf::from(variable("JOURNAL_PATH")));
    let killed_run = KilledRun {
        transport: &transport,
        url: &url,
        path: &path,
        writes: variable("JOURNAL_WRITES").parse().unwrap(),
        sends_the_last: variable("JOURNAL_SENDS_THE_LAST").parse().unwrap(),
    };
    match &*transport {
        "ureq" => killed_run.run(Ureq::new().unwrap()),
        _ => killed_run.run(Reqwest::new().unwrap()),
    }
}

fn kill_forty_runs<X: Transport>(transport_name: &str, transport: impl Fn() -> X) {
    let emulator = judged_emulator()
        .customers(CUSTOMERS.try_into().unwrap())
        .fault("delay:2ms".parse().unwrap())
        .fault("429:retry-after=0@3%".parse().unwrap())
        .build();
    let server = emulator.serve("127.0.0.1:0").unwrap();
    let url = server.url();
    let customers = customers(&emulator);
    assert_eq!(customers.len(), CUSTOMERS);
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("journal.jsonl");
    let lines: Vec<_> = customers.iter().map(Uuid::to_string).collect();
    fs::write(path.with_extension("items"), lines.join("\n")).unwrap();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next_random = |below: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % below
    };
    for number in 0..KILLS {
        let (writes, sends_the_last) = (1 + number * 7 % MAX_WRITES, (number / MAX_WRITES).is_multiple_of(2));
        let killed_run = KilledRun { transport: transport_name, url: &url, path: &path, writes, sends_the_last };
        let mut child = killed_run.start();
        let start = Instant::now();
        while !killed_run.marker().exists() {
            assert!(child.try_wait().unwrap().is_none(), "the child has ended");
            assert!(start.elapsed() < Duration::from_secs(60), "the child does not stop");
            thread::sleep(Duration::from_millis(1));
        }
        // The other calls go on until they are stopped, or killed wherever they are.
        thread::sleep(Duration::from_micros(next_random(5000)));
        child.kill().unwrap();
        child.wait().unwrap();
        fs::remove_file(killed_run.marker()).unwrap();
        let entries = Journal::open(&path, PURPOSE).unwrap().entries();
        assert!(count(&entries, ItemState::Unknown) > 0, "it is killed while calls are under way");
    }
    let before = policy_counts(&emulator, &customers).into_iter().filter(|count| *count > 0).count();
    assert!(before > 40 && before < customers.len(), "it is killed before the end: {before}");

    // What has failed in one run is tried again in the next.
    let run_all = || {
        // A client learns of no limit from a 429 before it has made 20 requests.
        customers.chunks(8).map(|customers| run_to_the_end(transport(), &url, &path, customers)).last().unwrap()
    };
    let mut runs = (0..5).map(|_| run_all());
    let entries = runs.find(|entries| count(entries, ItemState::Done) == customers.len()).unwrap();
    assert_eq!(entries.len(), customers.len());
    assert!(entries.iter().all(|entry| entry.request_id.is_some() && entry.error.is_none()));
    assert_eq!(policy_counts(&emulator, &customers), vec![1; customers.len()]);
    // Nothing is left to do.
    let requests = emulator.requests().len();
    run_all();
    assert_eq!(emulator.requests().len(), requests);
}

fn customers(emulator: &Emulator) -> Vec<Uuid> {
    let client = client(emulator.transport::<Blocking>(), "http://127.0.0.1");
    client.items(ListCustomers::new()).map(|customer| customer.unwrap().id.unwrap()).collect()
}

#[test]
fn run_that_is_killed_forty_times_does_everything_once_in_blocking_mode() {
    kill_forty_runs("ureq", || Ureq::new().unwrap());
}

#[test]
fn run_that_is_killed_forty_times_does_everything_once_in_async_mode() {
    kill_forty_runs("reqwest", || Reqwest::new().unwrap());
}

/// Runs that are stopped under load lose no outcome and leave nothing unknown; the next one goes on where they end.
fn stop_runs<X: Transport>(transport: X) {
    const STOPPED_AFTER: usize = 13;
    let emulator = judged_emulator().customers(60).fault("delay:2ms".parse().unwrap()).build();
    let server = emulator.serve("127.0.0.1:0").unwrap();
    let (client, customers) = (client(transport, &server.url()), customers(&emulator));
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("journal.jsonl");
    let requests_of_the_list = emulator.requests().len();
    let mut done = 0;
    while done < customers.len() {
        let journal = Journal::open(&path, PURPOSE).unwrap();
        let reported = run(&journal, &client, &customers, STOPPED_AFTER);
        assert!(reported < STOPPED_AFTER + CONCURRENCY, "{reported} after it was stopped");
        done += reported;
        let entries = journal.finish().unwrap();
        assert_eq!((entries.len(), count(&entries, ItemState::Done)), (done, done), "all that was begun is reported");
        assert_eq!(emulator.requests().len() - requests_of_the_list, 2 * done);
    }
    assert_eq!(policy_counts(&emulator, &customers), vec![1; customers.len()]);
}

#[test]
fn run_that_is_stopped_under_load_reports_all_that_was_begun_in_blocking_mode() {
    stop_runs(Ureq::new().unwrap());
}

#[test]
fn run_that_is_stopped_under_load_reports_all_that_was_begun_in_async_mode() {
    stop_runs(Reqwest::new().unwrap());
}
