//! Traces of calls: the spans, and the `traceparent` of their requests.

use partner_center::{
    Client, Credential, GetCustomer,
    transport::{Async, Blocking, Mode},
};
use partner_center_tests::{CapturedLog, HeaderTransport, ScriptedTransport, Step, block_on, response};
use std::sync::{Arc, Mutex};
use tracing_subscriber::fmt::format::FmtSpan;
use uuid::Uuid;

/// Performs `calls` and returns the log, with a line for each span that was closed.
fn log_of(calls: impl FnOnce()) -> String {
    let log = CapturedLog::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_span_events(FmtSpan::CLOSE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, calls);
    log.text()
}

fn assert_spans_of_two_attempts<M: Mode>() {
    let transport = ScriptedTransport::<M>::new([response(503, "").into(), response(200, "{}").into()]);
    let client = Client::builder(transport, Credential::token("the-token")).base_url("http://127.0.0.1:9");
    let client = client.build().unwrap();
    let log = log_of(|| drop(block_on::<M, _>(client.call(GetCustomer::new(Uuid::nil()))).unwrap()));
    let attempts: Vec<_> = log.lines().filter(|line| line.contains("close") && line.contains("attempt{")).collect();
    let [first, second] = attempts[..] else { panic!("{log}") };
    for attempt in [first, second] {
        for field in [
            "otel.kind=\"client\"",
            "otel.name=GET /v1/customers/{customer-tenant-id}",
            "url.template=\"/v1/customers/{customer-tenant-id}\"",
            "http.request.method=GET",
            "server.address=\"127.0.0.1\"",
            "server.port=9",
            "http.request.header.ms-requestid=",
        ] {
            assert!(attempt.contains(field), "{field}: {attempt}");
        }
    }
    for field in ["http.response.status_code=503", "error.type=\"503\"", "otel.status_code=\"ERROR\""] {
        assert!(first.contains(field) && !second.contains(field), "{field}: {first}");
    }
    assert!(
        second.contains("http.response.status_code=200") && second.contains("http.request.resend_count=1"),
        "{second}"
    );
    assert!(!first.contains("resend_count"), "{first}");
}

#[test]
fn spans_have_the_fields_of_open_telemetry() {
    assert_spans_of_two_attempts::<Blocking>();
    assert_spans_of_two_attempts::<Async>();
}

#[test]
fn spans_of_calls_at_the_same_time_are_apart() {
    let steps = (0..8).map(|_| response(200, "{}").into());
    let transport = ScriptedTransport::<Async>::new(steps);
    let client = Client::builder(transport, Credential::token("the-token")).build().unwrap();
    let log = log_of(|| {
        block_on::<Async, _>(Box::pin(async {
            let ids = (0..8).map(Uuid::from_u128);
            let mut outcomes = client.for_each(ids, 8, |client, id| client.call(GetCustomer::new(*id)));
            while let Some(outcome) = outcomes.next().await {
                outcome.result.unwrap();
            }
        }));
    });
    let attempts: Vec<_> = log.lines().filter(|line| line.contains("close") && line.contains("attempt{")).collect();
    assert_eq!(attempts.len(), 8, "{log}");
    for attempt in attempts {
        // Each is in the span of its own call, and in no other.
        assert_eq!(attempt.matches("attempt{").count(), 1, "{attempt}");
        assert_eq!(attempt.matches("call{").count(), 1, "{attempt}");
    }
}

fn traceparents_of_calls<M: Mode>(traceparent: Option<&'static str>) -> (Vec<Option<String>>, Vec<&'static str>) {
    let steps: [Step; 3] = [response(503, "").into(), response(200, "{}").into(), response(200, "{}").into()];
    let (transport, sent) = HeaderTransport::new("traceparent", ScriptedTransport::<M>::new(steps));
    let spans = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&spans);
    let client = Client::builder(transport, Credential::token("the-token"));
    let client = client.traceparent(move || {
        seen.lock().unwrap().extend(tracing::Span::current().metadata().map(tracing::Metadata::name));
        traceparent.map(str::to_owned)
    });
    let client = client.build().unwrap();
    log_of(|| (0..2).for_each(|_| drop(block_on::<M, _>(client.call(GetCustomer::new(Uuid::nil()))).unwrap())));
    let (sent, spans) = (sent.lock().unwrap().clone(), spans.lock().unwrap().clone());
    (sent, spans)
}

#[test]
fn requests_belong_to_the_trace_of_the_caller() {
    const TRACEPARENT: &str = "00-8a3c60f7d188f8fa79d48a391a778fa6-53995c3f42cd8ad8-01";
    for (traceparent, expected) in
        [(Some(TRACEPARENT), Some(TRACEPARENT.to_owned())), (Some("not one"), None), (None, None)]
    {
        // Two attempts of one call, and one of another; each has a span of its own.
        let expected = (vec![expected; 3], vec!["attempt"; 3]);
        assert_eq!(traceparents_of_calls::<Blocking>(traceparent), expected);
        assert_eq!(traceparents_of_calls::<Async>(traceparent), expected);
    }
}
