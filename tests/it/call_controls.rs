//! What a caller controls and sees of a call: the response beside the value, options of single calls, and hooks.

use partner_center::{
    Client, ClientBuilder, Credential, Error, ErrorKind, GetCustomer, ListCustomers, RetryPolicy, Transport,
    error::WriteOutcome,
    request::{AttemptDescription, CallDescription, CallMetadata, CallOptions, Hooks, Idempotency, Method, RawRequest},
    transport::{Async, Blocking, Mode, Output},
};
use partner_center_tests::{
    HeaderTransport, Recording, RecordingTransport, ScriptedTransport, Step, action::Action, block_on, page, response,
};
use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use uuid::Uuid;

fn show(metadata: &CallMetadata) -> String {
    let CallMetadata { status, headers, attempts, page, .. } = metadata;
    assert!(metadata.correlation_id.is_some());
    assert_eq!(metadata.request_id.is_some(), *attempts > 0);
    format!(
        "{:?} {} header(s) of three, {:?}, {attempts} attempt(s), page {page:?}",
        status.map(|status| status.as_u16()),
        ["ms-requestid", "ms-correlationid", "x-things"].iter().filter(|name| headers.contains_key(**name)).count(),
        [metadata.service_request_id(), metadata.service_correlation_id()],
    )
}

/// Calls an operation, and returns the metadata of the value or of the error.
struct Metadata;

impl Action for Metadata {
    fn perform<'a, X: Transport>(&'a self, client: &'a Client<X>) -> Output<'a, X, Result<String, Error>> {
        X::Mode::block_or_box(async move {
            let started_at = Instant::now();
            let result = X::Mode::into_future(client.call_with_metadata(GetCustomer::new(Uuid::nil()))).await;
            let metadata = result.as_ref().map_or_else(Error::metadata, |customer| &customer.metadata);
            assert!(metadata.elapsed > Duration::ZERO && metadata.elapsed <= started_at.elapsed());
            if let Err(error) = &result {
                assert_eq!((error.request_id(), error.attempts()), (metadata.request_id, metadata.attempts));
            }
            Ok(show(metadata))
        })
    }
}

#[test]
fn metadata_is_that_of_the_last_response() {
    let with_ids = |status, body: &str| -> Step {
        response(status, body).with("MS-RequestId", "r1").with("MS-CorrelationId", "c1").with("X-Things", "7").into()
    };
    let get = "GET /v1/customers/00000000-0000-0000-0000-000000000000\n";
    let ids = "[Some(\"r1\"), Some(\"c1\")]";
    for (steps, expected) in [
        (
            vec![with_ids(200, "{}")],
            format!("a {get}=> Some(200) 3 header(s) of three, {ids}, 1 attempt(s), page None"),
        ),
        (
            vec![response(503, "").with("Retry-After", "1").into(), with_ids(200, "{}")],
            format!("a {get}  sleep 1s\nb {get}=> Some(200) 3 header(s) of three, {ids}, 2 attempt(s), page None"),
        ),
        (
            vec![with_ids(404, "{}")],
            format!("a {get}=> Some(404) 3 header(s) of three, {ids}, 1 attempt(s), page None"),
        ),
        (
            vec![with_ids(200, "7 8")],
            format!("a {get}=> Some(200) 3 header(s) of three, {ids}, 1 attempt(s), page None"),
        ),
        (
            // An earlier response is not that of the last request.
            [vec![with_ids(503, "")], vec![Step::Close; 3]].concat(),
            format!(
                "a {get}  sleep 500ms\nb {get}  sleep 1s\nb {get}  sleep 2s\nb {get}=> None 0 header(s) of three, [None, None], \
                 4 attempt(s), page None"
            ),
        ),
    ] {
        assert_eq!(Metadata.run(steps), expected);
    }
}

/// Lists customers, and returns the metadata of each page and of the error.
struct MetadataOfPages {
    prefetch: bool,
}

impl Action for MetadataOfPages {
    fn perform<'a, X: Transport>(&'a self, client: &'a Client<X>) -> Output<'a, X, Result<String, Error>> {
        X::Mode::block_or_box(async move {
            let pages = client.pages(ListCustomers::new());
            let mut pages = if self.prefetch { pages.prefetch() } else { pages }.with_metadata();
            let mut shown = Vec::new();
            while let Some(page) = X::Mode::into_future(pages.next_page()).await {
                shown.push(match page {
                    Ok(page) => format!("{} item(s): {}", page.value.items.len(), show(&page.metadata)),
                    Err(error) => format!("{:?}: {}", error.kind(), show(error.metadata())),
                });
            }
            Ok(shown.join("\n"))
        })
    }
}

#[test]
fn each_page_has_its_metadata() {
    let pages = || {
        [
            page(["a", "b"]).next("/v1/customers?page=2", "t1").with("X-Things", "7").into(),
            page(["c"]).next("/v1/customers?page=3", "t2").with("MS-RequestId", "r2").into(),
            response(403, r#"{"code": 1002}"#).with("MS-RequestId", "r3").into(),
        ]
    };
    for prefetch in [false, true] {
        let outcome = MetadataOfPages { prefetch }.run(pages());
        let (_, shown) = outcome.split_once("=> ").unwrap();
        assert_eq!(
            shown,
            "2 item(s): Some(200) 1 header(s) of three, [None, None], 1 attempt(s), page Some(1)\n\
             1 item(s): Some(200) 1 header(s) of three, [Some(\"r2\"), None], 1 attempt(s), page Some(2)\n\
             Service: Some(403) 1 header(s) of three, [Some(\"r3\"), None], 1 attempt(s), page Some(3)"
        );
    }
}

/// Performs a call with options.
struct WithOptions(CallOptions);

impl Action for WithOptions {
    fn perform<'a, X: Transport>(&'a self, client: &'a Client<X>) -> Output<'a, X, Result<String, Error>> {
        X::Mode::block_or_box(async move {
            let request = RawRequest::new(Method::Get, "/v1/things").header("If-Match", "\"1\"");
            let response = X::Mode::into_future(client.with_options(self.0.clone()).request(request)).await?;
            Ok(response.status().to_string())
        })
    }
}

#[test]
fn options_are_those_of_their_calls() {
    let ok: Step = response(200, "{}").into();
    let line = "GET /v1/things [if-match: \"1\"]";
    let options = || CallOptions::new();
    let with_header = options().header("MS-Test", "7").header("If-Match", "\"of the operation\"");
    assert_eq!(
        WithOptions(with_header).run([ok.clone()]),
        "a GET /v1/things [ms-test: 7] [if-match: \"1\"]\n=> 200 OK"
    );
    let unavailable: Step = response(503, "").into();
    assert_eq!(
        WithOptions(options().retry(RetryPolicy::none())).run([unavailable.clone()]),
        format!("a {line}\n=> Service (request): 503")
    );
    assert_eq!(
        WithOptions(options().deadline(Instant::now())).run([]),
        "=> Timeout (request): the deadline leaves no time for another attempt"
    );
    assert_eq!(
        WithOptions(options().call_timeout(Duration::from_millis(100))).run([unavailable]),
        format!("a {line}\n=> Timeout (request): 503")
    );
    // The timeout of an attempt: a response that never comes.
    let soon = options().attempt_timeout(Duration::from_millis(200)).retry(RetryPolicy::none());
    let started_at = Instant::now();
    assert!(WithOptions(soon).run([Step::Hang]).contains("=> Timeout (request): "));
    assert!(started_at.elapsed() < Duration::from_secs(20));
    for (options, problem) in [
        (options().header("Authorization", "Bearer x"), "the header `Authorization` is set by the client"),
        (options().header("MS-RequestId", "x"), "the header `MS-RequestId` is set by the client"),
        (options().header("Accept", "text/csv"), "the header `Accept` is set by the client"),
        (options().header("a b", "x"), "`a b` is not the name of a header"),
        (options().header("X-A", "x\r\nY: 1"), "the value of `X-A` must be ASCII on one line, as headers are"),
        (options().locale("ž"), "the value of `X-Locale` must be ASCII on one line, as headers are"),
    ] {
        assert!(!format!("{options:?}").contains("Bearer"));
        assert_eq!(WithOptions(options).run([]), format!("=> Request (request): {problem}"));
    }
}

/// Returns a client over scripted responses, with `settings`, and what it sends.
fn scripted<M: Mode>(
    steps: impl IntoIterator<Item = Step>,
    settings: impl FnOnce(
        ClientBuilder<RecordingTransport<ScriptedTransport<M>>>,
    ) -> ClientBuilder<RecordingTransport<ScriptedTransport<M>>>,
) -> (Client<RecordingTransport<ScriptedTransport<M>>>, Recording) {
    let (transport, recording) = RecordingTransport::new(ScriptedTransport::new(steps));
    let client = Client::builder(transport, Credential::token("the-token")).base_url("http://127.0.0.1:9");
    (settings(client.retry(RetryPolicy::default().jitter(false))).build().unwrap(), recording)
}

#[test]
fn later_options_override_earlier_ones_and_keep_the_rest() {
    let ok: Step = response(200, "{}").into();
    let (client, recording) = scripted::<Blocking>(vec![ok; 3], |builder| builder);
    let first = client.with_options(CallOptions::new().header("MS-A", "1").header("MS-B", "1"));
    let second = first.with_options(CallOptions::new().header("MS-B", "2"));
    for client in [&second, &first, &client] {
        client.request(RawRequest::new(Method::Get, "/v1/things")).unwrap();
    }
    let sent = recording.to_text("http://127.0.0.1:9");
    let lines: Vec<_> = sent.lines().collect();
    assert!(lines[0].contains("[ms-a: 1]") && lines[0].contains("[ms-b: 2]"), "{sent}");
    assert!(lines[1].contains("[ms-a: 1]") && lines[1].contains("[ms-b: 1]"), "{sent}");
    assert!(!lines[2].contains("[ms-"), "{sent}");
    let deadline = Instant::now() + Duration::from_secs(60);
    assert_eq!(client.with_options(CallOptions::new().deadline(deadline)).correlation_id(), client.correlation_id());
}

/// Lists two pages and makes three calls; all but the last call are in German, and the first is made in two attempts.
fn locales_of_calls<M: Mode>(locale_of_client: Option<&str>) -> Vec<Option<String>> {
    let steps = [
        page(["a"]).next("/v1/customers?page=2", "t1").into(),
        page(["b"]).into(),
        response(503, "").into(),
        response(200, "{}").into(),
        response(200, "{}").into(),
        response(200, "{}").into(),
    ];
    let (transport, locales) = HeaderTransport::new("x-locale", ScriptedTransport::<M>::new(steps));
    let client = Client::builder(transport, Credential::token("the-token"));
    let client = locale_of_client.into_iter().fold(client, ClientBuilder::locale).build().unwrap();
    let in_german = client.with_options(CallOptions::new().locale("de-DE"));
    let get = |client: &Client<HeaderTransport<ScriptedTransport<M>>>| {
        block_on::<M, _>(client.call(GetCustomer::new(Uuid::nil()))).unwrap();
    };
    let mut pages = in_german.pages(ListCustomers::new());
    while let Some(page) = block_on::<M, _>(pages.next_page()) {
        page.unwrap();
    }
    get(&in_german);
    // Other options keep it; the client that they were set on never had it.
    get(&in_german.with_options(CallOptions::new().header("MS-Test", "7")));
    get(&client);
    let locales = locales.lock().unwrap();
    locales.clone()
}

#[test]
fn locale_of_a_call_is_sent_with_that_call_only() {
    for (locale_of_client, next) in [(None, "en-US"), (Some("fr-FR"), "fr-FR")] {
        let expected = ["de-DE", "de-DE", "de-DE", "de-DE", "de-DE", next].map(|locale| Some(locale.to_owned()));
        assert_eq!(locales_of_calls::<Blocking>(locale_of_client), expected);
        assert_eq!(locales_of_calls::<Async>(locale_of_client), expected);
    }
}

#[test]
fn last_deadline_of_a_client_counts() {
    let past = Instant::now();
    let future = past + Duration::from_secs(3600);
    let with_deadline = |deadline| CallOptions::new().deadline(deadline);
    let request = |client: &Client<_>| client.request(RawRequest::new(Method::Get, "/v1/things"));
    let (client, recording) = scripted::<Blocking>(vec![response(200, "{}").into(); 2], |builder| builder);
    let other_options = || CallOptions::new().header("MS-A", "1");
    let urgent = client.with_options(with_deadline(future)).with_deadline(past);
    for client in [&urgent, &urgent.with_options(other_options()), &client.with_options(with_deadline(past))] {
        assert!(request(client).unwrap_err().is_timeout());
    }
    assert_eq!(recording.to_text("http://127.0.0.1:9"), "");
    let relaxed = client.with_options(with_deadline(past)).with_deadline(future);
    request(&relaxed.with_options(other_options())).unwrap();
    request(&urgent.with_options(with_deadline(future))).unwrap();
}

#[test]
fn header_that_the_service_echoes_is_removed_from_the_error() {
    const KEY: &str = "key-5f1d0c7a9be3";
    fn outcome<M: Mode>(status: u16) -> String {
        let body = format!(r#"{{"code": 2000, "description": "Not for {KEY}."}}"#);
        let (client, _) = scripted::<M>([response(status, body).into(), Step::Close], |builder| builder);
        let client = client.with_options(CallOptions::new().header("X-Contoso-Key", KEY));
        let error = block_on::<M, _>(client.call(GetCustomer::new(Uuid::nil()))).unwrap_err();
        format!("{error} {error:?} {:?}", error.service_error())
    }
    for status in [200, 400] {
        for shown in [outcome::<Blocking>(status), outcome::<Async>(status)] {
            assert!(shown.contains("Not for [redacted].") && !shown.contains(KEY), "{shown}");
        }
    }
    let (client, _) =
        scripted::<Blocking>([response(400, format!(r#"{{"code": "{KEY}"}}"#)).into()], |builder| builder);
    let request = RawRequest::new(Method::Get, "/v1/things").header("X-Contoso-Key", KEY);
    let error = client.request(request).unwrap_err();
    assert!(!format!("{error} {error:?}").contains(KEY), "{error}");
}

#[test]
fn max_retry_after_of_one_call_does_not_bind_the_others() {
    fn outcome<M: Mode>() -> (String, Duration) {
        let throttled = response(429, "").with("Retry-After", "3600");
        let steps = [throttled.clone().into(), throttled.into(), response(200, "{}").into()];
        let (client, recording) = scripted::<M>(steps, |builder| builder);
        let request = || RawRequest::new(Method::Get, "/v1/things");
        let day = Duration::from_secs(86_400);
        // Not retried, so that the pause can be seen; then retried.
        let patient = |attempts| {
            let policy = RetryPolicy::default().max_retry_after(day).max_attempts(attempts);
            client.with_options(CallOptions::new().retry(policy))
        };
        block_on::<M, _>(patient(1).request(request())).unwrap_err();
        let pause = client.rate_limit_status().paused_for.unwrap();
        block_on::<M, _>(patient(2).request(request())).unwrap();
        (recording.to_text("http://127.0.0.1:9"), pause)
    }
    for (sent, pause) in [outcome::<Blocking>(), outcome::<Async>()] {
        assert!(pause <= Duration::from_secs(60) && pause > Duration::from_secs(50), "{pause:?}");
        assert!(sent.contains("sleep 3600s"), "{sent}");
    }
}

/// Notes what hooks see.
#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Notes {
    fn note(&self, note: String) {
        self.0.lock().unwrap().push(note);
    }
}

impl Hooks for Notes {
    fn before_call(&self, call: &CallDescription<'_>) {
        let shown = format!("{call:?}");
        assert!(!shown.contains("secret"), "{shown}");
        let kind = if call.is_write() { "write" } else { "read" };
        self.note(format!("{kind} {} {} {} {:?}", call.operation(), call.method(), call.path(), call.page()));
    }

    fn before_attempt(&self, _: &CallDescription<'_>, attempt: &AttemptDescription) {
        assert!(attempt.request_id.is_some());
        self.note(format!("attempt {}", attempt.number));
    }

    fn after_attempt(
        &self,
        _: &CallDescription<'_>,
        attempt: &AttemptDescription,
        outcome: Result<http::StatusCode, &Error>,
    ) {
        self.note(format!("attempt {}: {:?}", attempt.number, outcome.map_err(Error::kind)));
    }

    fn after_call(&self, call: &CallDescription<'_>, outcome: Result<&CallMetadata, &Error>) {
        let metadata = outcome.unwrap_or_else(Error::metadata);
        assert_eq!(metadata.correlation_id, Some(call.correlation_id()));
        self.note(format!("{:?} {:?}", metadata.status, outcome.map(|_| ()).map_err(Error::kind)));
    }
}

fn notes_of_calls<M: Mode>() -> Vec<String> {
    let notes = Arc::new(Notes::default());
    let steps = [
        response(429, "").with("Retry-After", "1").into(),
        response(201, "{}").into(),
        page(["a"]).next("/v1/customers?page=2", "t1").into(),
        Step::InvalidHead,
    ];
    let (client, _) = scripted::<M>(steps, |builder| builder.hooks(notes.clone()).hooks(Notes::default()));
    let write = RawRequest::new(Method::Post, "/v1/things?name=secret").operation_id("createThing").json("{}");
    block_on::<M, _>(client.request(write)).unwrap();
    let mut pages = client.pages(ListCustomers::new());
    block_on::<M, _>(pages.next_page()).unwrap().unwrap();
    block_on::<M, _>(pages.next_page()).unwrap().unwrap_err();
    let invalid = client.with_options(CallOptions::new().header("Host", "x"));
    block_on::<M, _>(invalid.call(GetCustomer::new(Uuid::nil()))).unwrap_err();
    let notes = notes.0.lock().unwrap();
    notes.clone()
}

#[test]
fn hooks_see_every_call_and_every_attempt() {
    let notes = notes_of_calls::<Blocking>();
    assert_eq!(
        notes,
        [
            "write createThing POST /v1/things None",
            "attempt 1",
            "attempt 1: Err(Service)",
            "attempt 2",
            "attempt 2: Ok(201)",
            "Some(201) Ok(())",
            "read listCustomers GET /v1/customers Some(1)",
            "attempt 1",
            "attempt 1: Ok(200)",
            "Some(200) Ok(())",
            "read listCustomers GET /v1/customers Some(2)",
            "attempt 1",
            "attempt 1: Err(Decode)",
            "None Err(Decode)",
        ]
    );
    assert_eq!(notes_of_calls::<Async>(), notes);
}

#[test]
fn idempotency_of_a_call_is_seen_by_hooks() {
    struct Expect(Idempotency);
    impl Hooks for Expect {
        fn before_call(&self, call: &CallDescription<'_>) {
            assert_eq!(call.idempotency(), self.0);
            assert_eq!(call.path_template(), None);
        }
    }
    for idempotency in [Idempotency::Natural, Idempotency::RequestId, Idempotency::None] {
        let (client, _) =
            scripted::<Blocking>([response(200, "{}").into()], |builder| builder.hooks(Expect(idempotency)));
        client.request(RawRequest::new(Method::Post, "/v1/things").idempotency(idempotency)).unwrap();
    }
    // A request that may not be sent twice is not, whatever its method.
    for method in [Method::Post, Method::Get] {
        let (client, _) = scripted::<Blocking>([Step::Close], |builder| builder);
        let request = || RawRequest::new(method, "/v1/things").idempotency(Idempotency::None);
        let error = client.request(request()).unwrap_err();
        assert_eq!((error.kind(), error.is_outcome_unknown()), (ErrorKind::Transport, true));
        let error = client.with_deadline(Instant::now()).request(request()).unwrap_err();
        assert_eq!((error.kind(), error.write_outcome()), (ErrorKind::Timeout, Some(WriteOutcome::NotPerformed)));
    }
}
