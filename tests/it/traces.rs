//! Traces of calls: the spans, and the `traceparent` of their requests.

use partner_center::{
    Client, Credential, GetCustomer, ListCustomers, Transport,
    transport::{Async, Blocking, Mode, Output, Request, Response, TransportError},
};
use partner_center_tests::{CapturedLog, HeaderTransport, ScriptedTransport, Step, block_on, response};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    span,
};
use tracing_subscriber::{
    Layer,
    fmt::format::FmtSpan,
    layer::{Context, SubscriberExt as _},
};
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

/// The names of fields that were recorded as unsigned numbers.
#[derive(Clone, Default)]
struct UnsignedFields(Arc<Mutex<Vec<&'static str>>>);

impl Visit for UnsignedFields {
    fn record_u64(&mut self, field: &Field, _: u64) {
        self.0.lock().unwrap().push(field.name());
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

impl<S: Subscriber> Layer<S> for UnsignedFields {
    fn on_new_span(&self, attributes: &span::Attributes<'_>, _: &span::Id, _: Context<'_, S>) {
        attributes.record(&mut self.clone());
    }

    fn on_record(&self, _: &span::Id, values: &span::Record<'_>, _: Context<'_, S>) {
        values.record(&mut self.clone());
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        event.record(&mut self.clone());
    }
}

fn assert_no_unsigned_fields<M: Mode>() {
    let page = r#"{"items":[{"id":"1"}],"totalCount":1}"#;
    let throttled = response(429, "").with("Retry-After", "0");
    let responses = [response(503, "").into(), throttled.into(), response(404, "").into(), response(200, page).into()];
    let client = Client::builder(ScriptedTransport::<M>::new(responses), Credential::token("the-token"));
    let client = client.base_url("http://127.0.0.1:9").build().unwrap();
    let unsigned = UnsignedFields::default();
    let subscriber = tracing_subscriber::registry().with(unsigned.clone());
    tracing::subscriber::with_default(subscriber, || {
        block_on::<M, _>(client.call(GetCustomer::new(Uuid::nil()))).unwrap_err();
        block_on::<M, _>(client.page(ListCustomers::new())).unwrap();
    });
    assert_eq!(*unsigned.0.lock().unwrap(), [""; 0]);
}

#[test]
fn numbers_in_traces_are_signed() {
    assert_no_unsigned_fields::<Blocking>();
    assert_no_unsigned_fields::<Async>();
}

/// Lets other calls go on before each request is sent.
struct YieldingTransport(ScriptedTransport<Async>);

impl Transport for YieldingTransport {
    type Mode = Async;

    fn send(&self, request: Request) -> Output<'_, Self, Result<Response, TransportError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            self.0.send(request).await
        })
    }

    fn sleep(&self, delay: Duration) -> Output<'_, Self, ()> {
        self.0.sleep(delay)
    }
}

#[test]
fn spans_of_calls_at_the_same_time_are_apart() {
    let steps = (0..8).map(|_| response(200, "{}").into());
    let transport = YieldingTransport(ScriptedTransport::new(steps));
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
