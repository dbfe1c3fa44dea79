//! The judge: each misbehavior is committed, and the same done right is not found guilty.

use crate::{authorization, call, emulator, get, get_with, post, state::new_customer};
use http::{Method, StatusCode};
use partner_center_core::{Blocking, Request, Transport, TransportError};
use partner_center_emulator::{Emulator, ListEnd, Misbehavior};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

/// Returns an emulator with a fault.
fn emulator_with(fault: &str) -> Emulator {
    let emulator = emulator(1200);
    emulator.add_fault(fault.parse().unwrap());
    emulator
}

/// Returns the kinds of misbehavior found so far.
fn found(emulator: &Emulator) -> Vec<Misbehavior> {
    emulator.verdicts().iter().map(|verdict| verdict.misbehavior).collect()
}

/// Asserts that exactly one request was found guilty, of this, with these words.
fn assert_guilty(emulator: &Emulator, misbehavior: Misbehavior, words: &str) {
    let verdicts = emulator.verdicts();
    let [verdict] = &verdicts[..] else { panic!("{verdicts:?}") };
    assert_eq!(verdict.misbehavior, misbehavior, "{verdict}");
    assert!(verdict.message.contains(words), "{verdict}");
    assert_eq!(verdict.request, emulator.exchanges().last().unwrap().number, "{verdict}");
}

const FIRST: (&str, &str) = ("MS-RequestId", "6b1c5f0e-8a53-4b8f-9a57-0d6c1e2f3a4b");
const SECOND: (&str, &str) = ("MS-RequestId", "7c2d6a1f-9b64-4c90-8b68-1e7d2f3a4b5c");
const SAME_WORK: (&str, &str) = ("MS-CorrelationId", "0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9");

fn send(
    emulator: &Emulator,
    method: &Method,
    uri: &str,
    headers: &[(&str, &str)],
) -> Result<StatusCode, TransportError> {
    let authorization = authorization();
    let headers =
        [headers, &[("Authorization", authorization.as_str()), ("Content-Type", "application/json")]].concat();
    let mut request: Request = crate::request(method.clone(), uri, &headers);
    if method != Method::GET {
        *request.body_mut() = b"{}".to_vec();
    }
    emulator.transport::<Blocking>().send(request).map(|response| response.status())
}

#[test]
fn coming_back_before_retry_after_is_found() {
    let emulator = emulator_with("429:retry-after=60@1");
    let list = || get_with(&emulator, "/v1/customers", &[SAME_WORK]).0;
    assert_eq!([list(), list()], [StatusCode::TOO_MANY_REQUESTS, StatusCode::OK]);
    assert_guilty(&emulator, Misbehavior::EarlyRetry, "wait the 60.0 s");
    assert_eq!(emulator.verdicts()[0].request, 2);
}

#[test]
fn waiting_as_long_as_requested_is_right() {
    for fault in ["429:retry-after=60@1", "503:retry-after=60@1", "429:retry-after-date=60@1"] {
        let emulator = emulator_with(fault);
        let list = |uri: &str| send(&emulator, &Method::GET, uri, &[SAME_WORK]).unwrap();
        assert!(!list("/v1/customers").is_success());
        assert!(list("/v1/customers?size=1").is_success(), "another call need not wait");
        emulator.transport::<Blocking>().sleep(Duration::from_secs(60));
        assert!(list("/v1/customers").is_success());
        assert_eq!(found(&emulator), [], "{fault}");
    }
}

#[test]
fn request_id_that_is_used_again_after_a_response_is_found() {
    let emulator = emulator(3);
    for id in [FIRST, SECOND] {
        get_with(&emulator, "/v1/customers", &[id]);
    }
    assert_eq!(found(&emulator), []);
    get_with(&emulator, "/v1/customers?size=1", &[FIRST]);
    assert_guilty(&emulator, Misbehavior::ReusedRequestId, "that of request 1, which had a response");
}

#[test]
fn request_id_that_is_kept_after_a_lost_connection_is_right() {
    for fault in ["reset@1", "truncate@1", "hang@1", "unreachable@1"] {
        let emulator = emulator_with(fault);
        for id in [FIRST, FIRST, SECOND] {
            let _ = send(&emulator, &Method::POST, "/v1/customers", &[id]);
        }
        assert_eq!(found(&emulator), [], "{fault}");
    }
}

#[test]
fn request_id_that_is_changed_without_a_response_is_found() {
    for (fault, second) in [("reset@1", &[SECOND][..]), ("truncate@1", &[SECOND]), ("hang@1", &[])] {
        let emulator = emulator_with(fault);
        assert!(send(&emulator, &Method::POST, "/v1/customers", &[FIRST]).is_err());
        let _ = send(&emulator, &Method::POST, "/v1/customers", second);
        assert_guilty(&emulator, Misbehavior::ChangedRequestId, "the write may be done twice");
    }
    // Reading twice does no harm, nor does deleting.
    for method in [Method::GET, Method::DELETE] {
        let emulator = emulator_with("reset@1");
        for id in [FIRST, SECOND] {
            let _ = send(&emulator, &method, "/v1/customers/0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9", &[id]);
        }
        assert_eq!(found(&emulator), [], "{method}");
    }
}

#[test]
fn polling_of_a_list_is_found() {
    let emulator = emulator(3);
    let poll = |uri: &str, seconds: &[u64]| {
        for seconds in seconds {
            assert_eq!(get(&emulator, uri).0, StatusCode::OK);
            emulator.advance_clock(Duration::from_secs(*seconds));
        }
    };
    poll("/v1/customers", &[30; 9]);
    assert_eq!(found(&emulator), []);
    poll("/v1/customers", &[30]);
    assert_guilty(&emulator, Misbehavior::PolledList, "/v1/auditrecords");
    emulator.clear_verdicts();
    poll("/v1/customers", &[0; 30]);
    poll("/v1/customers", &[3601; 12]);
    poll("/v1/auditrecords", &[30; 12]);
    poll("/v1/products?country=US&targetView=Azure", &[30; 12]);
    assert_eq!(found(&emulator), []);
}

#[test]
fn list_that_is_read_after_each_write_is_not_polled() {
    let emulator = emulator(3);
    let (_, page) = get(&emulator, "/v1/customers");
    let users = format!("/v1/customers/{}/users", page["items"][0]["id"].as_str().unwrap());
    let domain = page["items"][0]["companyProfile"]["domain"].as_str().unwrap();
    for number in 0..15 {
        let user = json!({
            "userPrincipalName": format!("seller{number}@{domain}"), "firstName": "Mia", "lastName": "Ek", "displayName": "Mia Ek",
            "usageLocation": "US", "passwordProfile": { "password": "Str0ng-Enough!", "forceChangePassword": true },
        });
        let (status, _, body) = call(&emulator, &Method::POST, &users, &[], &user);
        assert!(status.is_success(), "{body}");
        get(&emulator, &users);
        emulator.advance_clock(Duration::from_secs(30));
    }
    assert_eq!(found(&emulator), []);
}

#[test]
fn write_without_if_match_is_found() {
    let emulator = emulator(30);
    let (_, page) = get(&emulator, "/v1/customers");
    let uri = format!("/v1/customers/{}/profiles/billing", page["items"][0]["id"].as_str().unwrap());
    let (_, mut profile) = get(&emulator, &uri);
    let etag = profile["attributes"]["etag"].as_str().unwrap().to_owned();
    let quoted = format!("\"{etag}\"");
    let (status, _, written) = call(&emulator, &Method::PUT, &uri, &[("If-Match", &quoted)], &profile);
    assert_eq!(status, StatusCode::OK, "{written}");
    let (status, _, _) = call(&emulator, &Method::PUT, &uri, &[], &written);
    assert_eq!((status, found(&emulator)), (StatusCode::OK, Vec::new()), "the etag is in the body");
    profile["attributes"].as_object_mut().unwrap().remove("etag");
    call(&emulator, &Method::PUT, &uri, &[], &profile);
    assert_guilty(&emulator, Misbehavior::MissingIfMatch, "the change of somebody else");
}

#[test]
fn page_after_the_last_one_is_found() {
    let emulator = emulator(30);
    let id = get(&emulator, "/v1/customers").1["items"][0]["id"].as_str().unwrap().to_owned();
    let list = |query: &str| format!("/v1/customers/{id}/servicerequests?{query}");
    get(&emulator, &list("size=1&offset=0"));
    assert_eq!(found(&emulator), []);
    let (status, past) = get(&emulator, &list("size=500&offset=100000"));
    assert_eq!((status, &past["items"]), (StatusCode::OK, &json!([])));
    assert_guilty(&emulator, Misbehavior::PastTheEnd, "nothing comes after item 100000");
}

#[test]
fn patch_that_resets_fields_is_found() {
    let emulator = emulator(200);
    let subscription = renewing_subscription(&emulator);
    let uri = subscription["uri"].as_str().unwrap();
    let mut whole = get(&emulator, uri).1;
    whole["friendlyName"] = "Contoso seats".into();
    let (status, _, body) = call(&emulator, &Method::PATCH, uri, &[], &whole);
    assert_eq!((status, found(&emulator)), (StatusCode::OK, Vec::new()), "{body}");
    let mut without_renewal = whole.clone();
    without_renewal["autoRenewEnabled"] = Value::Null;
    let (status, _, body) = call(&emulator, &Method::PATCH, uri, &[], &without_renewal);
    assert_eq!((status, found(&emulator)), (StatusCode::OK, Vec::new()), "null is no accident: {body}");
    call(&emulator, &Method::PATCH, uri, &[], &whole);
    let (status, _, body) = call(&emulator, &Method::PATCH, uri, &[], &json!({ "friendlyName": "Seats" }));
    assert_eq!((status, &body["autoRenewEnabled"]), (StatusCode::OK, &json!(false)), "{body}");
    assert_guilty(&emulator, Misbehavior::ResetFields, "left out autoRenewEnabled");
}

#[test]
fn etag_in_a_body_with_a_byte_order_mark_is_seen() {
    let emulator = emulator(30);
    let (_, page) = get(&emulator, "/v1/customers");
    let uri = format!("/v1/customers/{}/profiles/billing", page["items"][0]["id"].as_str().unwrap());
    let (_, profile) = get(&emulator, &uri);
    let authorization = authorization();
    let headers = [("Authorization", authorization.as_str()), ("Content-Type", "application/json")];
    let mut request = crate::request(Method::PUT, &uri, &headers);
    *request.body_mut() = format!("\u{feff}{profile}").into_bytes();
    assert_eq!(crate::send(&emulator, request).status(), StatusCode::OK);
    assert_eq!(found(&emulator), []);
}

#[test]
fn patch_that_is_accepted_or_suspends_is_found_to_reset_fields() {
    for (change, status) in [(json!({ "quantity": 200 }), 202), (json!({ "status": "suspended" }), 200)] {
        let emulator = emulator(200);
        let subscription = renewing_subscription(&emulator);
        let uri = subscription["uri"].as_str().unwrap();
        let (actual, _, body) = call(&emulator, &Method::PATCH, uri, &[], &change);
        assert_eq!(actual.as_u16(), status, "{body}");
        assert_guilty(&emulator, Misbehavior::ResetFields, "left out autoRenewEnabled");
        emulator.advance_clock(Duration::from_secs(60));
        assert_eq!(get(&emulator, uri).1["autoRenewEnabled"], false);
    }
    // Who cancels wants no renewal.
    let emulator = emulator(200);
    let subscription = renewing_subscription(&emulator);
    let uri = subscription["uri"].as_str().unwrap();
    call(&emulator, &Method::PATCH, uri, &[], &json!({ "status": "deleted" }));
    assert_eq!(found(&emulator), []);
}

/// Returns an active subscription of new commerce that renews itself, with its path in `uri`.
fn renewing_subscription(emulator: &Emulator) -> Value {
    for customer in get(emulator, "/v1/customers").1["items"].as_array().unwrap() {
        let list = format!("/v1/customers/{}/subscriptions", customer["id"].as_str().unwrap());
        let (_, subscriptions) = get(emulator, &list);
        let found = subscriptions["items"].as_array().unwrap().iter().find(|subscription| {
            subscription["autoRenewEnabled"] == true
                && subscription["status"] == "active"
                && subscription["attributes"]["etag"].is_null()
        });
        if let Some(subscription) = found {
            let mut subscription = subscription.clone();
            subscription["uri"] = format!("{list}/{}", subscription["id"].as_str().unwrap()).into();
            return subscription;
        }
    }
    panic!("no customer has such a subscription");
}

#[test]
fn caller_that_may_not_see_something_is_found() {
    let emulator = emulator(30);
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}&scope=https%3A%2F%2Fapi.partnercenter.microsoft.com%2F.default",
        Emulator::CLIENT_ID,
        Emulator::CLIENT_SECRET
    );
    let headers = [("Content-Type", "application/x-www-form-urlencoded")];
    let mut request = crate::request(Method::POST, "/contoso.com/oauth2/v2.0/token", &headers);
    *request.body_mut() = form.into_bytes();
    let response: Value = serde_json::from_slice(crate::send(&emulator, request).body()).unwrap();
    let token = format!("Bearer {}", response["access_token"].as_str().unwrap());
    let get =
        |uri: &str| crate::send(&emulator, crate::request(Method::GET, uri, &[("Authorization", &token)])).status();
    assert_eq!(get("/v1/customers"), StatusCode::OK);
    emulator.add_fault("403@1".parse().unwrap());
    assert_eq!(get("/v1/customers"), StatusCode::FORBIDDEN);
    assert_eq!(found(&emulator), [], "a fault is nobody's misbehavior");
    assert_eq!(get("/v1/partnerRequests"), StatusCode::FORBIDDEN);
    assert_guilty(&emulator, Misbehavior::MissingPermission, "App-only");
}

#[test]
fn business_rule_that_forbids_something_is_nobodys_misbehavior() {
    let emulator = emulator(3);
    let (_, customer) = post(&emulator, "/v1/customers", &new_customer("unsigned.onmicrosoft.com"));
    let orders = format!("/v1/customers/{}/orders", customer["id"].as_str().unwrap());
    let order = json!({
        "billingCycle": "Monthly",
        "lineItems": [{ "lineItemNumber": 0, "offerId": "CFQ7TTC0T5K5:0001:CFQ7TTC0K83V", "quantity": 1 }],
    });
    let (status, error) = post(&emulator, &orders, &order);
    assert_eq!((status, &error["code"]), (StatusCode::FORBIDDEN, &json!(13_605)), "the customer has no agreement");
    assert_eq!(found(&emulator), []);
}

#[test]
fn link_that_is_followed_wrongly_is_found() {
    let emulator = emulator(1200);
    let (_, page) = get(&emulator, "/v1/customers?size=500");
    let token = page["links"]["next"]["headers"][0]["value"].as_str().unwrap();
    let next = "/v1/customers?size=500&seekOperation=Next";
    assert_eq!(get_with(&emulator, next, &[("MS-ContinuationToken", token)]).0, StatusCode::OK);
    assert_eq!(found(&emulator), []);
    assert_eq!(get(&emulator, next).0, StatusCode::BAD_REQUEST);
    assert_guilty(&emulator, Misbehavior::WrongContinuation, "no MS-ContinuationToken");
    emulator.clear_verdicts();
    let changed = token.to_lowercase();
    assert_eq!(get_with(&emulator, next, &[("MS-ContinuationToken", &changed)]).0, StatusCode::BAD_REQUEST);
    assert_guilty(&emulator, Misbehavior::WrongContinuation, "no such continuation token");
}

#[test]
fn end_of_a_list_that_only_the_next_page_shows_is_nobodys_misbehavior() {
    for end in [ListEnd::ErrorResponse, ListEnd::NoContent, ListEnd::EmptyPage] {
        let emulator = Emulator::builder().customers(3).list_end(end).build();
        let (_, page) = get(&emulator, "/v1/customers");
        let token = page["links"]["next"]["headers"][0]["value"].as_str().unwrap();
        let authorization = authorization();
        let headers = [("MS-ContinuationToken", token), ("Authorization", &authorization)];
        crate::send(&emulator, crate::request(Method::GET, "/v1/customers?seekOperation=Next", &headers));
        assert_eq!(found(&emulator), [], "{end:?}");
    }
}

#[test]
fn verdicts_are_told_as_they_happen_and_over_http() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&heard);
    let emulator = Emulator::builder()
        .customers(3)
        .on_verdict(move |verdict| listener.lock().unwrap().push(verdict.to_string()))
        .build();
    for uri in ["/v1/customers", "/v1/customers?size=1", "/v1/x\u{7f}"] {
        let uri = uri.replace('\u{7f}', "%1b");
        let authorization = authorization();
        let headers = [FIRST, ("Authorization", authorization.as_str())];
        crate::send(&emulator, crate::request(Method::GET, &uri, &headers));
    }
    let heard = heard.lock().unwrap().clone();
    assert_eq!((heard.len(), emulator.verdict_count()), (2, 2));
    assert!(heard[0].starts_with("reused-request-id: request 2, GET /v1/customers: "), "{}", heard[0]);
    emulator.reset();
    assert_eq!((emulator.verdicts().len(), emulator.verdict_count()), (0, 2));
    assert_eq!(emulator.standing_verdict_count(), 2, "what a caller did before a reset remains done");
    emulator.clear_verdicts();
    assert_eq!((emulator.standing_verdict_count(), emulator.verdict_count()), (0, 2));
}
