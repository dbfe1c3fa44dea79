use partner_center_core::{
    Async, Blocking, Client, Credential, GetCustomerRisk, ListRiskFindings, Mode, Output, Request, Response,
    RiskDetail, RiskLevel, Transport, TransportError,
};
use std::{
    future::Future,
    marker::PhantomData,
    pin::pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
    time::Duration,
};

/// A transport that returns the risk of a customer, or the list of its findings, and records the requests.
struct Script<M> {
    requests: Mutex<Vec<String>>,
    mode: PhantomData<M>,
}

impl<M: Mode> Transport for Script<M> {
    type Mode = M;

    fn send(&self, request: Request) -> Output<'_, Self, Result<Response, TransportError>> {
        self.requests.lock().unwrap().push(format!("{} {}", request.method(), request.uri()));
        let findings = r#"[{"points": 3}, {"points": 4}]"#;
        let assessor = r#"{"name": "Contoso", "motto": "Ever onward"}"#;
        let body = if request.uri().path().ends_with("/findings") {
            findings.to_owned()
        } else {
            format!(r#"{{"level": "high", "assessor": {assessor}, "findings": {findings}}}"#)
        };
        M::ready(Ok(Response::new(body.into())))
    }

    fn sleep(&self, _: Duration) -> Output<'_, Self, ()> {
        M::ready(())
    }
}

#[test]
fn blocking_client_calls_the_added_endpoint() {
    call_both_operations::<Blocking>();
}

#[test]
fn async_client_calls_the_added_endpoint() {
    call_both_operations::<Async>();
}

#[test]
fn added_endpoint_is_in_the_tables() {
    let operation = partner_center_spec::operation("getCustomerRisk").unwrap();
    assert_eq!(operation.command.to_string(), "customer-risk get");
    let parameters = operation.parameters.iter().map(|parameter| (parameter.flag, parameter.is_positional));
    assert_eq!(parameters.collect::<Vec<_>>(), [("customer", false), ("months", false), ("detail", false)]);
    let columns = operation.columns.iter().map(|column| (column.title, column.path));
    assert_eq!(columns.collect::<Vec<_>>(), [("LEVEL", "level")]);
    assert!(partner_center_spec::schema("RiskFinding").is_some());
}

fn call_both_operations<M: Mode>() {
    let script = Arc::new(Script::<M> { requests: Mutex::default(), mode: PhantomData });
    let client = Client::builder(Arc::clone(&script), Credential::token("secret")).build().unwrap();
    let customer = "b44bb1fb-c595-45b0-9e09-d657365580bf".parse().unwrap();
    let operation = GetCustomerRisk::new(customer, RiskDetail::InFull);

    let risk = finish(M::into_future(client.call(operation.clone().months(12)))).unwrap();
    assert_eq!(risk.level, Some(RiskLevel::High));
    let assessor = risk.assessor.unwrap();
    assert_eq!(assessor.name.as_deref(), Some("Contoso"));
    assert!(assessor.unknown_fields.contains("motto"));
    let findings = risk.findings.unwrap();
    assert_eq!(findings.iter().filter_map(|finding| finding.points).sum::<i32>(), 7);

    // An invalid parameter: nothing is sent.
    finish(M::into_future(client.call(operation.months(25)))).unwrap_err();

    assert_eq!(finish(M::into_future(client.call(ListRiskFindings::new(customer)))).unwrap(), findings);

    let requests = script.requests.lock().unwrap();
    let [risk, findings] = requests.as_slice() else { panic!("{requests:?}") };
    assert!(risk.ends_with("/b44bb1fb-c595-45b0-9e09-d657365580bf/profiles/risk?months=12&detail=in_full"), "{risk}");
    assert!(
        findings.ends_with(".com/v1/customers/b44bb1fb-c595-45b0-9e09-d657365580bf/profiles/risk/findings"),
        "{findings}"
    );
}

/// Returns the result of a future that is ready.
fn finish<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the script never makes anyone wait"),
    }
}
