use super::{Arrivals, MAX_REQUESTS, MAX_SEARCHED_ENTRIES, MIN_INTERVAL_COUNTED_AS_POLLING};
use crate::{judge::Misbehavior, steering::Delivery};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hyper::body::Bytes;
use partner_center_core::{Request, Response};
use std::time::Duration;
use uuid::Uuid;

/// Requests that arrive at given times, in seconds.
#[derive(Default)]
struct Timeline {
    arrivals: Arrivals,
    count: u64,
}

impl Timeline {
    /// Returns the number of the request and what is wrong with it.
    fn arrive(&mut self, seconds: u64, request: &Request) -> (u64, Vec<Misbehavior>) {
        self.count += 1;
        let findings = self.arrivals.request_arrived(self.count, request, Duration::from_secs(seconds));
        (self.count, findings.into_iter().map(|(misbehavior, _)| misbehavior).collect())
    }

    /// Returns whether a list is polled.
    fn respond(&mut self, number: u64, seconds: u64, status: u16) -> bool {
        let response = http::Response::builder().status(status).header("Retry-After", "60");
        self.arrivals.response_made(number, &response.body(Bytes::new()).unwrap());
        let now = Duration::from_secs(seconds);
        self.arrivals.record_delivery_and_find_polled_list(number, Delivery::Sent, true, now).is_some()
    }

    /// Returns whether a list is polled.
    fn exchange(&mut self, seconds: u64, request: &Request) -> bool {
        let (number, _) = self.arrive(seconds, request);
        self.respond(number, seconds, 200)
    }
}

fn request(method: &str, uri: &str, headers: &[(&str, &str)], body: &str) -> Request {
    let mut request = http::Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.as_bytes().to_vec()).unwrap()
}

const WORK: (&str, &str) = ("MS-CorrelationId", "5f6e7d8c-9b0a-4c1d-8e2f-30415263748a");
const OTHER_WORK: (&str, &str) = ("MS-CorrelationId", "15263748-5960-4a7b-8c9d-aebfc0d1e2f3");
const USERS: &str = "/v1/customers/0d1e2f3a-4b5c-4d6e-8f70-8192a3b4c5d6/users";
const ORDERS: &str = "/v1/customers/0d1e2f3a-4b5c-4d6e-8f70-8192a3b4c5d6/orders";

#[test]
fn another_piece_of_work_waits_once_it_may_know() {
    let mut timeline = Timeline::default();
    let list = request("GET", "/v1/customers", &[], "");
    let (first, _) = timeline.arrive(0, &list);
    timeline.respond(first, 0, 429);
    assert_eq!(timeline.arrive(0, &list).1, []);
    assert_eq!(timeline.arrive(30, &list).1, [Misbehavior::EarlyRetry]);
    assert_eq!(timeline.arrive(60, &list).1, []);
}

#[test]
fn other_caller_need_not_wait() {
    let mut timeline = Timeline::default();
    let list = |token| request("GET", "/v1/customers", &[("Authorization", token)], "");
    let (first, _) = timeline.arrive(0, &list("Bearer a"));
    timeline.respond(first, 0, 429);
    assert_eq!(timeline.arrive(30, &list("Bearer b")).1, []);
    assert_eq!(timeline.arrive(30, &list("Bearer a")).1, [Misbehavior::EarlyRetry]);
}

#[test]
fn early_retry_without_a_correlation_id_is_found_for_every_wait() {
    for (seconds, misbehavior) in [("1", &[Misbehavior::EarlyRetry][..]), ("0", &[])] {
        let mut arrivals = Arrivals::default();
        let list = request("GET", "/v1/customers", &[], "");
        arrivals.request_arrived(1, &list, Duration::ZERO);
        let throttled = http::Response::builder().status(429).header("Retry-After", seconds);
        arrivals.response_made(1, &throttled.body(Bytes::new()).unwrap());
        arrivals.record_delivery_and_find_polled_list(1, Delivery::Sent, true, Duration::ZERO);
        for (millis, expected) in [(400, &[][..]), (600, misbehavior), (1000, &[])] {
            let findings = arrivals.request_arrived(2, &list, Duration::from_millis(millis));
            let found: Vec<_> = findings.into_iter().map(|(misbehavior, _)| misbehavior).collect();
            assert_eq!(found, expected, "{seconds} {millis}");
        }
    }
}

#[test]
fn write_of_another_program_is_no_retry() {
    let create = |token| request("POST", USERS, &[("Authorization", token)], "{}");
    for (second, expected) in [("Bearer a", &[Misbehavior::ChangedRequestId][..]), ("Bearer b", &[])] {
        let mut timeline = Timeline::default();
        let (first, _) = timeline.arrive(0, &create("Bearer a"));
        timeline.arrivals.record_delivery_and_find_polled_list(first, Delivery::NotSent, true, Duration::ZERO);
        assert_eq!(timeline.arrive(10, &create(second)).1, expected, "{second}");
    }
}

#[test]
fn message_of_a_changed_request_id_says_what_was_changed() {
    let [one, other] = ["1", "2"].map(|digit| digit.repeat(8) + "-1111-4111-8111-111111111111");
    for (first, second, words) in [
        (Some(&one), Some(&other), "this one has another MS-RequestId"),
        (Some(&one), None, "this one has no MS-RequestId"),
        (None, Some(&other), "only this one has an MS-RequestId"),
        (None, None, "neither has an MS-RequestId"),
    ] {
        let create = |id: Option<&String>| {
            let header: Vec<_> = id.map(|id| ("MS-RequestId", id.as_str())).into_iter().collect();
            request("POST", USERS, &header, "{}")
        };
        let mut arrivals = Arrivals::default();
        arrivals.request_arrived(1, &create(first), Duration::ZERO);
        arrivals.record_delivery_and_find_polled_list(1, Delivery::NotSent, true, Duration::ZERO);
        let findings = arrivals.request_arrived(2, &create(second), Duration::from_secs(1));
        let [(Misbehavior::ChangedRequestId, message)] = &findings[..] else { panic!("{findings:?}") };
        assert!(message.contains(words), "{message}");
    }
}

/// Returns an `Authorization` with these claims.
fn jwt(claims: String) -> String {
    format!("Bearer e30.{}.x", BASE64_URL_SAFE_NO_PAD.encode(claims))
}

#[test]
fn polling_goes_on_with_a_new_token_of_the_same_user() {
    let poll = |token_of: fn(u64) -> String| {
        let mut timeline = Timeline::default();
        let list = |number| request("GET", USERS, &[("Authorization", &token_of(number))], "");
        (0..10).filter(|number| timeline.exchange(600 * number, &list(*number))).count()
    };
    assert_eq!(poll(|number| jwt(format!(r#"{{"tid":"t","appid":"a","sub":"s","iat":{number}}}"#))), 1);
    assert_eq!(poll(|number| jwt(format!(r#"{{"tid":"t","appid":"a","sub":"s{number}"}}"#))), 0);
    assert_eq!(poll(|number| format!("Bearer {number}")), 0, "nothing is known of these callers");
}

#[test]
fn requests_of_one_piece_of_work_at_the_same_time_are_no_retries() {
    let mut timeline = Timeline::default();
    let create = |name| request("POST", USERS, &[WORK], name);
    let (first, _) = timeline.arrive(0, &create("Mia"));
    timeline.respond(first, 0, 429);
    assert_eq!(timeline.arrive(5, &create("Eva")).1, [], "another body is another call");
    assert_eq!(timeline.arrive(5, &create("Mia")).1, [Misbehavior::EarlyRetry]);

    let mut timeline = Timeline::default();
    let list = request("GET", USERS, &[WORK], "");
    let (first, _) = timeline.arrive(0, &list);
    timeline.arrive(0, &list);
    timeline.respond(first, 0, 429);
    assert_eq!(timeline.arrive(0, &list).1, [], "it was on its way, as the second one");
    assert_eq!(timeline.arrive(2, &list).1, [Misbehavior::EarlyRetry]);
}

#[test]
fn same_write_of_other_work_or_much_later_is_no_retry() {
    for (seconds, correlation_id, expected) in
        [(10, WORK, &[Misbehavior::ChangedRequestId][..]), (10, OTHER_WORK, &[]), (3600, WORK, &[])]
    {
        let mut timeline = Timeline::default();
        let (first, _) = timeline.arrive(0, &request("POST", USERS, &[WORK], "{}"));
        timeline.arrivals.record_delivery_and_find_polled_list(first, Delivery::NotSent, true, Duration::ZERO);
        let again = request("POST", USERS, &[correlation_id], "{}");
        assert_eq!(timeline.arrive(seconds, &again).1, expected, "{seconds} {correlation_id:?}");
    }
}

#[test]
fn pages_of_a_long_list_are_no_polling() {
    let pages = [
        request("GET", "/v1/customers?seekOperation=Next", &[], ""),
        request("GET", "/v1/customers", &[("MS-ContinuationToken", "t")], ""),
        request("GET", "/v1/invoices?size=10&Offset=10", &[], ""),
    ];
    for page in pages {
        let mut timeline = Timeline::default();
        assert!((0..30).all(|number| !timeline.exchange(10 * number, &page)), "{}", page.uri());
    }
}

#[test]
fn polling_is_requesting_again_after_a_pause_without_a_write() {
    let list = request("GET", USERS, &[], "");
    let mut timeline = Timeline::default();
    assert_eq!((0..10).filter(|number| timeline.exchange(10 * number, &list)).count(), 1);

    let mut timeline = Timeline::default();
    for tick in 0..100_u32 {
        let (number, _) = timeline.arrive(0, &list);
        let now = tick * MIN_INTERVAL_COUNTED_AS_POLLING / 2;
        timeline.arrivals.response_made(number, &Response::default());
        let polled = timeline.arrivals.record_delivery_and_find_polled_list(number, Delivery::Sent, true, now);
        assert!(polled.is_none(), "no pause is as long as the interval");
    }

    let mut timeline = Timeline::default();
    let order = request("POST", ORDERS, &[], "{}");
    for number in 0..30 {
        assert!(!timeline.exchange(10 * number, &list), "the customer was written to");
        timeline.exchange(10 * number, &order);
    }
}

#[test]
fn memory_of_the_judge_is_bounded() {
    let mut arrivals = Arrivals::default();
    let throttled = http::Response::builder().status(429).header("Retry-After", "86400");
    let throttled: Response = throttled.body(Bytes::new()).unwrap();
    for number in 0..MAX_REQUESTS as u64 + 10 {
        let request = |method: &str| -> Request {
            let id = Uuid::from_u128(number.into()).to_string();
            let uri = format!("/v1/customers/{number}/orders");
            http::Request::builder().method(method).uri(uri).header("MS-RequestId", id).body(Vec::new()).unwrap()
        };
        let now = Duration::from_secs(number);
        arrivals.request_arrived(u64::MAX - number, &request("GET"), now);
        if number > MAX_SEARCHED_ENTRIES as u64 + 10 {
            arrivals.waits.clear();
            arrivals.request_arrived(number, &request("GET"), now);
            arrivals.response_made(number, &Response::default());
            arrivals.record_delivery_and_find_polled_list(number, Delivery::Sent, true, now);
            continue;
        }
        arrivals.request_arrived(3 * number, &request("POST"), now);
        arrivals.record_delivery_and_find_polled_list(3 * number, Delivery::NotSent, true, now);
        for (offset, response) in [(1, &throttled), (2, &Response::default())] {
            arrivals.request_arrived(3 * number + offset, &request("GET"), now);
            arrivals.response_made(3 * number + offset, response);
            arrivals.record_delivery_and_find_polled_list(3 * number + offset, Delivery::Sent, true, now);
        }
        assert!(arrivals.waits.len() <= MAX_SEARCHED_ENTRIES);
    }
    let Arrivals { pending, with_response, with_response_order, without_response, polls, .. } = &arrivals;
    for (name, length, limit) in [
        ("pending", pending.len(), MAX_REQUESTS),
        ("with_response", with_response.len(), MAX_REQUESTS),
        ("with_response_order", with_response_order.len(), MAX_REQUESTS),
        ("without_response", without_response.len(), MAX_SEARCHED_ENTRIES),
        ("polls", polls.len(), MAX_SEARCHED_ENTRIES),
    ] {
        assert!(length <= limit, "{name} has {length} entries");
    }
}
