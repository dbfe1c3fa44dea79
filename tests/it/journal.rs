//! The journal: what is done is not done again, and what is unknown is with the same request ids.

use partner_center::{
    Client, Credential, Error, GetCustomer, RetryPolicy, SyncClient, Ureq,
    journal::{ItemState, Journal, JournalEntry},
    operations::Method,
    request::{CallOptions, Idempotency, RawRequest},
    transport::{Async, Blocking},
};
use partner_center_emulator::Emulator;
use partner_center_tests::{
    Recording, RecordingTransport, ScriptedTransport, Step, block_on, judged_emulator, response,
};
use std::{
    fs,
    io::Write,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    time::Instant,
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

type ScriptedClient = Client<RecordingTransport<ScriptedTransport<Blocking>>>;

/// Returns a client that is given these responses, and a recording of what it sends.
fn scripted(steps: impl IntoIterator<Item = Step>) -> (ScriptedClient, Recording) {
    let (transport, recording) = RecordingTransport::new(ScriptedTransport::new(steps));
    let client = Client::builder(transport, Credential::token("the-token")).base_url("http://127.0.0.1:9");
    (client.retry(RetryPolicy::default().jitter(false)).build().unwrap(), recording)
}

fn created() -> Step {
    response(201, r#"{"id":"1"}"#).into()
}

#[test]
fn unknown_item_is_left_alone_or_retried_with_its_request_id() {
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
    let journal = open().retry_unknown();
    assert_eq!(run(&journal), 1);
    let [done] = &journal.finish().unwrap()[..] else { panic!("one item") };
    assert_eq!((done.state, done.request_id), (ItemState::Done, entry.request_id));
    let text = recording.to_text("http://127.0.0.1:9");
    assert_eq!(text.lines().map(|line| &line[..6]).collect::<Vec<_>>(), ["a POST", "a POST"], "{text}");
}

/// An id to which the service has responded is not used again; the journal knows the one that followed.
#[test]
fn completed_request_id_is_replaced() {
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
    assert_eq!(lines.matches(r#""completed":"#).count(), 1, "{lines}");
    assert!(!lines.contains("not in the journal"), "{lines}");
}

/// Returns a request whose path tells the step of the work; it is not idempotent.
fn post(step: &str) -> RawRequest {
    RawRequest::new(Method::Post, &format!("/v1/{step}")).json("{}").idempotency(Idempotency::None)
}

fn get() -> RawRequest {
    RawRequest::new(Method::Get, "/v1/read")
}

/// Does `work` for one item in one run; returns the state of the item, if it is in the journal, and what was sent.
fn run_steps(
    folder: &TempDir,
    retries_unknown: bool,
    steps: impl IntoIterator<Item = Step>,
    work: impl Fn(&ScriptedClient) -> Result<(), Error> + Send + Sync + 'static,
) -> (Option<ItemState>, Vec<String>) {
    let (client, recording) = scripted(steps);
    let journal = Journal::open(journal_path(folder), PURPOSE).unwrap();
    let journal = if retries_unknown { journal.retry_unknown() } else { journal };
    journal.for_each(&client, ["the item"], 1, move |client, _| work(client)).for_each(drop);
    let state = journal.finish().unwrap().first().map(|entry| entry.state);
    let text = recording.to_text("http://127.0.0.1:9");
    let sent = text.lines().filter_map(|line| Some(line.split_once("/v1/")?.1.split_whitespace().next()?.to_owned()));
    (state, sent.collect())
}

/// Returns the id of the last request with this path that was sent, from the file.
fn last_id(folder: &TempDir, path: &str) -> String {
    let lines = fs::read_to_string(journal_path(folder)).unwrap();
    let line = lines.lines().rfind(|line| line.contains("sending") && line.contains(path)).unwrap();
    line.split_once(r#""request_id":""#).unwrap().1[..36].to_owned()
}

#[test]
fn performed_write_whose_response_is_unusable_is_not_sent_again() {
    let folder = TempDir::new().unwrap();
    let work = |client: &ScriptedClient| client.request_as::<Vec<u8>>(post("a")).map(drop);
    let unusable = || Step::from(response(201, r#"{"not":"a list"}"#));
    assert_eq!(run_steps(&folder, false, [unusable()], work), (Some(ItemState::Unknown), vec!["a".to_owned()]));
    let id = last_id(&folder, "/v1/a");
    assert_eq!(run_steps(&folder, false, [], work), (Some(ItemState::Unknown), vec![]));
    let usable = response(201, "[1]").into();
    assert_eq!(run_steps(&folder, true, [usable], work), (Some(ItemState::Done), vec!["a".to_owned()]));
    assert_eq!(last_id(&folder, "/v1/a"), id);
}

#[test]
fn item_whose_second_write_fails_is_not_sent_again() {
    let folder = TempDir::new().unwrap();
    let work = |client: &ScriptedClient| client.request(post("a")).and_then(|_| client.request(post("b"))).map(drop);
    let steps = [created(), response(400, "{}").into()];
    let both = || vec!["a".to_owned(), "b".to_owned()];
    assert_eq!(run_steps(&folder, false, steps, work), (Some(ItemState::Unknown), both()));
    assert_eq!(run_steps(&folder, false, [], work), (Some(ItemState::Unknown), vec![]));
    // The performed write keeps its id, and the rejected one has another.
    let ids = [last_id(&folder, "/v1/a"), last_id(&folder, "/v1/b")];
    assert_eq!(run_steps(&folder, true, [created(), created()], work), (Some(ItemState::Done), both()));
    assert_eq!(last_id(&folder, "/v1/a"), ids[0]);
    assert_ne!(last_id(&folder, "/v1/b"), ids[1]);
}

#[test]
fn write_before_a_call_that_is_not_sent_is_not_sent_again() {
    let folder = TempDir::new().unwrap();
    // The second call fails before it has an id.
    let work = |client: &ScriptedClient| {
        client.request(post("a"))?;
        client.with_deadline(Instant::now()).request(post("b")).map(drop)
    };
    assert_eq!(run_steps(&folder, false, [created()], work), (Some(ItemState::Unknown), vec!["a".to_owned()]));
    let id = last_id(&folder, "/v1/a");
    assert_eq!(run_steps(&folder, false, [], work), (Some(ItemState::Unknown), vec![]));
    assert_eq!(run_steps(&folder, true, [created()], work), (Some(ItemState::Unknown), vec!["a".to_owned()]));
    assert_eq!(last_id(&folder, "/v1/a"), id);
}

/// The n-th call with a path keeps the n-th id, also if an earlier one was rejected.
#[test]
fn rejected_call_does_not_take_the_id_of_the_next() {
    let folder = TempDir::new().unwrap();
    let work = |client: &ScriptedClient| {
        let first = client.request(post("a"));
        client.request(post("a")).and(first).map(drop)
    };
    let steps = [response(400, "{}").into(), Step::InvalidHead];
    assert_eq!(run_steps(&folder, false, steps, work).0, Some(ItemState::Unknown));
    let id = last_id(&folder, "/v1/a");
    assert_eq!(run_steps(&folder, true, [created(), created()], work).0, Some(ItemState::Done));
    assert_eq!(last_id(&folder, "/v1/a"), id);
    let lines = fs::read_to_string(journal_path(&folder)).unwrap();
    let count = |text: &str| lines.matches(text).count();
    assert_eq!((count(r#""preceding":1"#), count(r#""status":"not_performed""#)), (2, 1), "{lines}");
}

#[test]
fn idempotent_write_is_failed_only_if_it_was_not_performed() {
    let put = || RawRequest::new(Method::Put, "/v1/a").json("{}");
    let work = move |client: &ScriptedClient| client.with_options(no_retries()).request(put()).map(drop);
    for (step, expected) in [
        (Step::InvalidHead, ItemState::Unknown),
        (response(500, "{}").into(), ItemState::Unknown),
        (response(400, "{}").into(), ItemState::Failed),
    ] {
        let folder = TempDir::new().unwrap();
        assert_eq!(run_steps(&folder, false, [step], work).0, Some(expected));
    }
}

fn no_retries() -> CallOptions {
    CallOptions::new().retry(RetryPolicy::none())
}

#[test]
fn read_does_not_make_an_item_unknown() {
    let work = |client: &ScriptedClient| {
        client.with_options(no_retries()).request(get())?;
        client.request(post("a")).map(drop)
    };
    let folder = TempDir::new().unwrap();
    assert_eq!(
        run_steps(&folder, false, [Step::InvalidHead], work),
        (Some(ItemState::Failed), vec!["read".to_owned()])
    );
    // It is killed, or panics, before the write: the journal knows nothing of it.
    let killed = |client: &ScriptedClient| -> Result<(), Error> {
        client.request(get())?;
        panic!("killed")
    };
    let ended = catch_unwind(AssertUnwindSafe(|| run_steps(&folder, false, [created()], killed)));
    assert!(ended.is_err());
    let sent = vec!["read".to_owned(), "a".to_owned()];
    assert_eq!(run_steps(&folder, false, [created(), created()], work), (Some(ItemState::Done), sent));
}

#[test]
fn item_that_is_twice_in_the_list_is_begun_once() {
    let items = ["twice", "once", "twice", "twice"];
    let folder = TempDir::new().unwrap();
    let (client, recording) = scripted([created(), created()]);
    let journal = Journal::open(journal_path(&folder), PURPOSE).unwrap();
    assert_eq!(journal.for_each(&client, items, 4, |client, _| client.request(post("a"))).count(), 2);
    assert_eq!(recording.to_text("http://127.0.0.1:9").matches("POST").count(), 2);

    let folder = TempDir::new().unwrap();
    let transport = ScriptedTransport::<Async>::new([created(), created()]);
    let client = Client::builder(transport, Credential::token("the-token")).base_url("http://127.0.0.1:9");
    let client = client.build().unwrap();
    let journal = Journal::open(journal_path(&folder), PURPOSE).unwrap();
    let mut outcomes = journal.for_each(&client, items, 4, |client, _| client.request(post("a")));
    let begun = block_on::<Async, _>(Box::pin(async move {
        let mut begun = 0;
        while let Some(outcome) = outcomes.next().await {
            begun += usize::from(outcome.result.is_ok());
        }
        begun
    }));
    assert_eq!(begun, 2);
}

#[test]
fn journal_works_in_async_mode() {
    let emulator = judged_emulator().customers(30).build();
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

#[test]
fn output_of_an_item_is_kept_with_its_record() {
    let folder = TempDir::new().unwrap();
    let path = journal_path(&folder);
    let server = judged_emulator().build().serve("127.0.0.1:0").unwrap();
    let client = client(&server.url());
    let known: Uuid = "aaaabbbb-0000-cccc-1111-dddd2222eeee".parse().unwrap();
    // The second makes a line that is longer than any other.
    let texts = ["first \"line\"\nsecond".to_owned(), "\u{1}".repeat(1 << 20)];
    let open = || Journal::open(&path, PURPOSE).unwrap();
    for (name, text) in ["a", "b"].into_iter().zip(&texts) {
        let journal = open();
        let (kept, text) = (journal.clone(), text.clone());
        let items = [name.to_owned(), format!("{name} fails")];
        let outcomes = journal.for_each(&client, items, 1, move |client, item| {
            kept.keep_output(item, text.clone()).unwrap();
            client.call(GetCustomer::new(if item.ends_with("fails") { Uuid::nil() } else { known }))
        });
        assert_eq!(outcomes.filter(|outcome| outcome.result.is_ok()).count(), 1);
        assert_eq!(journal.read_output(&name).unwrap().as_ref(), Some(&texts[usize::from(name == "b")]));
    }
    // A reader does not disturb the writer, and a line that was not written to its end is removed.
    fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"at\":1,\"status\":\"done\"").unwrap();
    let journal = open();
    assert_eq!(journal.read_output(&"a").unwrap().as_ref(), Some(&texts[0]));
    assert_eq!(journal.for_each(&client, ["c"], 1, move |client, _| client.call(GetCustomer::new(known))).count(), 1);
    drop(journal);
    let journal = open();
    assert_eq!(journal.entries().len(), 5);
    for (name, output) in
        [("a", Some(&texts[0])), ("a fails", None), ("b", Some(&texts[1])), ("b fails", None), ("c", None)]
    {
        assert_eq!(journal.read_output(&name).unwrap().as_ref(), output, "{name}");
    }
    assert!(journal.keep_output(&"d", "x".repeat((32 << 20) + 1)).is_err());
}
