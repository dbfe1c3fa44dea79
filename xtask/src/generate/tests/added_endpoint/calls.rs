use partner_center_core::{
    Async, AwkwardNames, AwkwardValue, Blocking, CheckNames, Client, EveryCode, EveryState, EveryValue, Credential, GetCustomerRisk, ListRiskFindings, Mode, Operation as _, Output, Request, Resource as _, Response,
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

#[test]
fn awkward_names_are_escaped() {
    let names = AwkwardNames::default().default_("a").clone_("b").new_("c").gen_("d").three_d("e").kind(AwkwardValue::Own);
    let same = names.clone();
    let operation = CheckNames::new("me", 1).default_("a").clone_("b").parameters_("c").resume_("d").awkward_names(names);
    let parameters = operation.clone().parameters().unwrap();
    assert_eq!(parameters.path, [("self", "me".to_owned()), ("new", "1".to_owned())]);
    let query: Vec<_> = parameters.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(query, ["default=a", "clone=b", "parameters=c", "resume=d"]);
    let body = parameters.body.unwrap();
    let json = r#"{"default":"a","clone":"b","new":"c","gen":"d","3d":"e","kind":"self"}"#;
    assert_eq!(body.as_str(), Some(json));
    assert_eq!(same.undescribed_paths(), [""; 0]);
    assert_eq!(CheckNames::PATH, "/names/{self}/{new}");
}

#[test]
fn every_kind_of_value_survives_a_round_trip() {
    let json = concat!(
        r#"{"name":"a","id":"b44bb1fb-c595-45b0-9e09-d657365580bf","created":"0001-01-01T00:00:00","day":"9999-12-31","#,
        r#""price":17.219999999999999000,"ratio":12,"count":9007199254740993,"labels":{"a":"2","b":"1"},"#,
        r#""prices":{"x":1.10},"attributes":{"any":[1.50,null]},"others":{"y":{"name":"b"}},"matrix":[[1],[]],"#,
        r#""words":["x"],"parent":{"name":"c"},"finding":{"type":"SeatLimit","max":3},"#,
        r#""findings":[{"type":"Term","term":"P1Y"},{"type":"New","more":1.0}],"code":10000,"state":"InReview","#,
        r#""remark":null,"limit":2.50,"vettingDate":"2026-01-01T00:00:00.1234567Z","anything":1e2,"extra":"text"}"#,
    );
    let values: EveryValue = serde_json::from_str(json).unwrap();
    assert_eq!(values.state, Some(EveryState::InReview));
    assert_eq!(values.code, Some(EveryCode::Currency));
    // An object of a union that this version does not know.
    assert_eq!(values.undescribed_paths(), ["findings[1]"]);
    let written: Vec<&str> = json.trim_matches(['{', '}']).split(',').collect();
    let again = serde_json::to_string(&values).unwrap();
    for part in written {
        assert!(again.contains(part), "{part} is not in {again}");
    }
    assert_eq!(again.len(), json.len(), "{again}");
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
