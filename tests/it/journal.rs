//! The journal: what is done is not done again, what is unknown is with the same request ids, whenever the program is killed.

use partner_center::{
    Client, Credential, ErrorKind, GetCustomer, ListCustomers, RetryPolicy, SyncClient, Ureq,
    journal::{ItemState, Journal, JournalEntry},
    operations::Method,
    request::{Idempotency, RawRequest},
    transport::{Async, Blocking},
};
use partner_center_emulator::Emulator;
use partner_center_tests::{Recording, RecordingTransport, ScriptedTransport, Step, block_on, response};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use uuid::Uuid;

const PURPOSE: &str = "create a policy for each customer";

fn journal_path(folder: &TempDir) -> PathBuf {
    folder.path().join("journal.jsonl")
}

fn client(url: &str) -> SyncClient {
    Client::builder(Ureq::new().unwrap(), Credential::token(Emulator::TOKEN)).base_url(url).build().unwrap()
}

fn count(entries: &[JournalEntry], state: ItemState) -> usize {
    entries.iter().filter(|entry| entry.state == state).count()
}

/// Returns the request that creates the policy of a customer. It is idempotent by its request id only.
fn create_policy(customer: &str) -> RawRequest {
    let body = r#"{"name":"Nightly policy","category":"o_o_b_e","description":"not in the journal","policySettings":["skip_eula"]}"#;
    RawRequest::new(Method::Post, &format!("/v1/customers/{customer}/policies"))
        .json(body)
        .idempotency(Idempotency::RequestId)
}

/// Does what is left to do: two calls for each customer, of which the second is a write.
fn run(url: &str, path: &Path, customers: Vec<String>) -> Vec<JournalEntry> {
    let journal = Journal::open(path, PURPOSE).unwrap().repeat_unknown();
    let outcomes = journal.for_each(&client(url), customers, 4, |client, customer| {
        client.call(GetCustomer::new(customer.parse().unwrap()))?;
        client.request(create_policy(customer))
    });
    outcomes.for_each(drop);
    journal.finish().unwrap()
}

/// Whether this process is the child of the test below, which is killed; it does its part then.
#[test]
fn journaled_run_in_a_child_process() {
    let (Ok(url), Ok(path)) = (env::var("JOURNAL_URL"), env::var("JOURNAL_PATH")) else { return };
    let customers = fs::read_to_string(Path::new(&path).with_extension("items")).unwrap();
    run(&url, Path::new(&path), customers.lines().map(str::to_owned).collect());
}

#[test]
fn journaled_run_that_is_killed_forty_times_does_everything_once() {
    const KILLS: usize = 40;
    const CUSTOMERS: u32 = 160;
    let emulator = Emulator::builder()
        .customers(CUSTOMERS)
        .fault("delay:3ms".parse().unwrap())
        .fault("429:retry-after=0@3%".parse().unwrap())
        .build();
    let server = emulator.serve("127.0.0.1:0").unwrap();
    let client = client(&server.url());
    let customers: Vec<_> =
        client.items(ListCustomers::new()).map(|customer| customer.unwrap().id.unwrap().to_string()).collect();
    let policies = |customer: &String| {
        let policies = RawRequest::new(Method::Get, &format!("/v1/customers/{customer}/policies"));
        let policies = String::from_utf8(client.request(policies).unwrap().body().to_vec()).unwrap();
        policies.matches("Nightly policy").count()
    };
    let folder = TempDir::new().unwrap();
    let path = journal_path(&folder);
    fs::write(path.with_extension("items"), customers.join("\n")).unwrap();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next_random = |below: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % below
    };
    let mut unknown = 0;
    for _ in 0..KILLS {
        let sent = || emulator.requests().len();
        let until = sent() + 1 + usize::try_from(next_random(12)).unwrap();
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["journal::journaled_run_in_a_child_process", "--exact"])
            .env("JOURNAL_URL", server.url())
            .env("JOURNAL_PATH", &path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let start = Instant::now();
        while sent() < until && child.try_wait().unwrap().is_none() {
            assert!(start.elapsed() < Duration::from_secs(60), "the child sends nothing");
            thread::sleep(Duration::from_millis(1));
        }
        thread::sleep(Duration::from_micros(next_random(5000)));
        child.kill().unwrap();
        child.wait().unwrap();
        unknown += count(&Journal::open(&path, PURPOSE).unwrap().entries(), ItemState::Unknown);
    }
    assert!(unknown > KILLS, "it is killed while calls are under way");
    let before = customers.iter().filter(|customer| policies(customer) > 0).count();
    assert!(before > 40 && before < customers.len(), "it is killed before the end: {before}");

    // What has failed in one run is tried again in the next.
    let mut runs = (0..5).map(|_| run(&server.url(), &path, customers.clone()));
    let entries = runs.find(|entries| count(entries, ItemState::Done) == customers.len()).unwrap();
    assert_eq!((entries.len(), count(&entries, ItemState::Done)), (customers.len(), customers.len()));
    assert!(entries.iter().all(|entry| entry.request_id.is_some() && entry.error.is_none()));
    let twice: Vec<_> = customers.iter().map(policies).filter(|count| *count != 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    // Nothing is left to do.
    let requests = emulator.requests().len();
    run(&server.url(), &path, customers);
    assert_eq!(emulator.requests().len(), requests);
}

/// Returns a client that is given these responses, and a recording of what it sends.
fn scripted(
    steps: impl IntoIterator<Item = Step>,
) -> (Client<RecordingTransport<ScriptedTransport<Blocking>>>, Recording) {
    let (transport, recording) = RecordingTransport::new(ScriptedTransport::new(steps));
    let client = Client::builder(transport, Credential::token("the-token")).base_url("http://127.0.0.1:9");
    (client.retry(RetryPolicy::default().jitter(false)).build().unwrap(), recording)
}

fn created() -> Step {
    response(201, r#"{"id":"1"}"#).into()
}

#[test]
fn unknown_item_is_left_alone_or_repeated_with_its_request_id() {
    let folder = TempDir::new().unwrap();
    let (client, recording) = scripted([Step::InvalidHead, created()]);
    let customer = Uuid::nil().to_string();
    let open = || Journal::open(journal_path(&folder), PURPOSE).unwrap();
    let run = |journal: &Journal| {
        let outcomes = journal.for_each(&client, [customer.clone()], 4, |client, customer| {
            client.request(create_policy(customer).idempotency(Idempotency::None))
        });
        outcomes.count()
    };

    let journal = open();
    assert_eq!(run(&journal), 1);
    let [entry] = &journal.finish().unwrap()[..] else { panic!("one item") };
    assert_eq!((entry.state, entry.error.is_some()), (ItemState::Unknown, true));
    // Without being told to, it does nothing for it.
    let journal = open();
    assert_eq!((run(&journal), journal.entries()[0].clone()), (0, entry.clone()));
    drop(journal);
    let journal = open().repeat_unknown();
    assert_eq!(run(&journal), 1);
    let [done] = &journal.finish().unwrap()[..] else { panic!("one item") };
    assert_eq!((done.state, done.request_id), (ItemState::Done, entry.request_id));
    let text = recording.to_text("http://127.0.0.1:9");
    assert_eq!(text.lines().map(|line| &line[..6]).collect::<Vec<_>>(), ["a POST", "a POST"], "{text}");
}

/// An id that the service has answered is not used again; the journal knows the one that followed.
#[test]
fn answered_request_id_is_replaced() {
    let folder = TempDir::new().unwrap();
    let throttled = response(429, "").with("Retry-After", "1");
    let (client, recording) = scripted([throttled.into(), response(400, "{}").into(), created()]);
    for expected in [ItemState::Failed, ItemState::Done] {
        let journal = Journal::open(journal_path(&folder), PURPOSE).unwrap();
        let outcomes = journal.for_each(&client, [Uuid::nil().to_string()], 4, |client, customer| {
            // As idempotent as can be, so that a 429 is retried.
            client.request(create_policy(customer).idempotency(Idempotency::Natural))
        });
        assert_eq!(outcomes.count(), 1);
        assert_eq!(journal.finish().unwrap()[0].state, expected);
    }
    let text = recording.to_text("http://127.0.0.1:9");
    let ids: Vec<_> = text.lines().filter(|line| line.contains("POST")).map(|line| &line[..1]).collect();
    assert_eq!(ids, ["a", "b", "c"], "{text}");
    let lines = fs::read_to_string(journal_path(&folder)).unwrap();
    assert_eq!(lines.matches(r#""status":"sending""#).count(), 3, "{lines}");
    assert_eq!(lines.matches(r#""answered":"#).count(), 1, "{lines}");
    assert!(!lines.contains("not in the journal"), "{lines}");
}

#[test]
fn journal_works_in_async_mode() {
    let emulator = Emulator::builder().customers(30).build();
    let client = Client::builder(emulator.transport::<Async>(), Credential::token(Emulator::TOKEN));
    let client = client.base_url("http://127.0.0.1").build().unwrap();
    let folder = TempDir::new().unwrap();
    let journal = Journal::open(journal_path(&folder), PURPOSE).unwrap();
    let items = (0..20).map(Uuid::from_u128);
    let mut outcomes = journal.for_each(&client, items, 4, |client, id| client.call(GetCustomer::new(*id)));
    block_on::<Async, _>(Box::pin(async move {
        for _ in 0..7 {
            outcomes.next().await;
        }
        // Those under way are dropped, and are not done.
    }));
    let entries = journal.finish().unwrap();
    assert!(count(&entries, ItemState::Failed) >= 7 && entries.len() <= 11, "{entries:?}");
}

#[test]
fn journal_of_another_purpose_or_process_is_rejected() {
    let folder = TempDir::new().unwrap();
    let path = journal_path(&folder);
    let open = |purpose| Journal::open(&path, purpose).map(drop).map_err(|error| error.to_string());
    let journal = Journal::open(&path, PURPOSE).unwrap();
    assert!(open(PURPOSE).unwrap_err().contains("another process has the journal open"));
    drop(journal);
    assert!(open("delete everything").unwrap_err().contains("for another purpose"));
    let lines = fs::read_to_string(&path).unwrap();
    let sending = r#"{"at":1,"status":"sending","item":"a","call":"POST /x","request_id":"7d4cf0a4-5d8a-4b4e-9c2a-0f6d2c7f1b11"}"#;
    for (text, expected) in [
        (format!("{lines}{sending}"), Ok(0)),
        (format!("{lines}{sending}\n"), Ok(1)),
        (format!("{lines}{}", &sending[..30]), Ok(0)),
        (format!("{lines}not JSON\n{sending}\n"), Err("line 2 is not a record")),
        (format!("{sending}\n"), Err("line 1 does not say what the journal is for")),
        (format!("{lines}{}", "x".repeat((1 << 20) + 1)), Err("line 2 is too long")),
    ] {
        fs::write(&path, &text).unwrap();
        match (Journal::open(&path, PURPOSE), expected) {
            (Ok(journal), Ok(items)) => assert_eq!(journal.entries().len(), items, "{text}"),
            (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{error}"),
            (outcome, _) => panic!("{text}: {outcome:?}"),
        }
    }
}

/// If the journal cannot be written, nothing is sent.
#[test]
#[cfg(target_os = "linux")]
fn nothing_is_sent_that_is_not_in_the_journal() {
    let Ok(journal) = Journal::open("/dev/full", PURPOSE) else { return };
    let emulator = Emulator::builder().build();
    let client = Client::builder(emulator.transport::<Blocking>(), Credential::token(Emulator::TOKEN));
    let client = client.base_url("http://127.0.0.1").build().unwrap();
    let outcomes = journal.for_each(&client, [Uuid::nil()], 1, |client, id| client.call(GetCustomer::new(*id)));
    let errors: Vec<_> = outcomes.map(|outcome| outcome.result.unwrap_err().kind()).collect();
    assert_eq!((errors, emulator.requests().len()), (vec![ErrorKind::Request], 0));
}
