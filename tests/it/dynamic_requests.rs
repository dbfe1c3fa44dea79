//! Requests that no operation describes: sent, retried, read and listed as strictly as operations are.

use partner_center::{
    operations::ListCustomTermEndDates,
    pagination::Pagination,
    request::{Accepted, Binary, Body, Completion, Idempotency, Method, NoContent, RawRequest, Text},
    transport::Mode as _,
    *,
};
use partner_center_tests::{
    ScriptedTransport, Step,
    action::{Action, List, ListOperation, RawList, Send, SendAs},
    response,
};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

fn get(path: &str) -> RawRequest {
    RawRequest::new(Method::Get, path)
}

fn ok(body: impl Into<Vec<u8>>) -> Step {
    response(200, body).into()
}

#[test]
fn request_is_sent_as_given() {
    let request = RawRequest::new(Method::Patch, "/webhooks/v1/things/ä b?x=1")
        .query("name", "a&b=c")
        .query_comma_separated("ids", ["1,2", "3"])
        .query("empty", "")
        .header("If-Match", "\"7\"")
        .header("accept", "text/plain")
        .json(r#"{"a": 1.10}"#);
    assert_eq!(
        Send(request).run([ok("done")]),
        "a PATCH /webhooks/v1/things/%C3%A4%20b?x=1&name=a%26b%3Dc&ids=1%2C2,3&empty= [accept: text/plain] \
         [content-type: application/json] [if-match: \"7\"] {\"a\": 1.10}\n=> 200 done"
    );
    let upload = RawRequest::new(Method::Put, "/v1/things").body(Body::new("application/pdf", *b"%PDF"));
    assert_eq!(Send(upload).run([ok("")]), "a PUT /v1/things [content-type: application/pdf] %PDF\n=> 200 ");
}

#[test]
fn write_without_a_body_announces_that() {
    for (method, expected) in [
        (Method::Post, "a POST /v1/things [content-length: 0]\n=> 204 "),
        (Method::Put, "a PUT /v1/things [content-length: 0]\n=> 204 "),
        (Method::Patch, "a PATCH /v1/things [content-length: 0]\n=> 204 "),
        (Method::Delete, "a DELETE /v1/things\n=> 204 "),
    ] {
        assert_eq!(Send(RawRequest::new(method, "/v1/things")).run([response(204, "").into()]), expected);
    }
}

#[test]
fn invalid_request_is_not_sent() {
    let long = format!("/{}", "a".repeat(9000));
    for (request, problem) in [
        (get("v1/things"), "the path must begin with one slash, as in /v1/customers"),
        (get(""), "the path must begin with one slash, as in /v1/customers"),
        (get("https://evil.example/v1"), "the path must begin with one slash, as in /v1/customers"),
        (get("//evil.example/v1"), "the path must begin with one slash, as in /v1/customers"),
        (get("/v1/../x"), "the path must not have the segments `.` or `..`"),
        (get("/v1/%2e%2E/x"), "the path must not have the segments `.` or `..`"),
        (get("/v1/a#b"), "the path contains a character that no URL can have: percent-encode it"),
        (get("/v1/a\\b"), "the path contains a character that no URL can have: percent-encode it"),
        (get("/v1/a\r\nb"), "the path contains a character that no URL can have: percent-encode it"),
        (get(&long), "the path is too long"),
        (get("/v1").header("Authorization", "Bearer a"), "the header `Authorization` is set by the client"),
        (get("/v1").header("host", "a"), "the header `host` is set by the client"),
        (get("/v1").header("Content-Length", "7"), "the header `Content-Length` is set by the client"),
        (get("/v1").header("MS-RequestId", "7"), "the header `MS-RequestId` is set by the client"),
        (get("/v1").header("User-Agent", "7"), "the header `User-Agent` is set by the client"),
        (get("/v1").header("Proxy-Authorization", "7"), "the header `Proxy-Authorization` is set by the client"),
        (get("/v1").header("Expect", "100-continue"), "the header `Expect` is set by the client"),
        (get("/v1").header("Upgrade", "h2c"), "the header `Upgrade` is set by the client"),
        (get("/v1").header("traceparent", "7"), "the header `traceparent` is set by the client"),
        (get("/v1").header("MS-Contract-Version", "v2"), "the header `MS-Contract-Version` is set by the client"),
        (get("/v1").header("a b", "7"), "`a b` is not the name of a header"),
        (get("/v1").header("x-a", "a\r\nx-b: 1"), "the value of `x-a` must be ASCII on one line, as headers are"),
        (
            get("/v1").resume(serde_json::from_str(r#"{"token": "t"}"#).unwrap()),
            "a list that is resumed is not a single call: perform it with `pages` or `items`",
        ),
    ] {
        let request = request.operation_id("tryThings");
        assert_eq!(Send(request.clone()).run([]), format!("=> Request (tryThings): {problem}"));
        if !problem.starts_with("a list") {
            let list = List { request, pagination: Pagination::default(), prefetch: false };
            assert_eq!(list.run([]), format!("=> Request on page 0: {problem}"));
        }
    }
}

#[test]
fn error_status_is_an_error_unless_it_is_an_outcome() {
    let error = |status| -> Step { response(status, r#"{"code": 1, "description": "No."}"#).into() };
    let absent = get("/v1/things/7").outcomes(&[404, 409][..]);
    assert_eq!(Send(get("/v1/things/7")).run([error(404)]), "a GET /v1/things/7\n=> Service (request): 404");
    let body = r#"{"code": 1, "description": "No."}"#;
    assert_eq!(Send(absent.clone()).run([error(404)]), format!("a GET /v1/things/7\n=> 404 {body}"));
    assert_eq!(Send(absent.clone()).run([error(409)]), format!("a GET /v1/things/7\n=> 409 {body}"));
    assert_eq!(Send(absent.clone()).run([error(400)]), "a GET /v1/things/7\n=> Service (request): 400");
    // These are about the call, whatever a specification says.
    let all = get("/v1/things/7").outcomes(vec![401, 403, 408, 429, 500]);
    for status in [403, 501] {
        assert_eq!(
            Send(all.clone()).run([error(status)]),
            format!("a GET /v1/things/7\n=> Service (request): {status}")
        );
    }
    let unavailable = Send(all.clone()).run([error(500), error(429), error(408), ok("7")]);
    assert!(unavailable.ends_with("=> 200 7"), "{unavailable}");
    // About the partner, and from a proxy.
    let partner_unknown: Step = response(404, r#"{"code": 3000, "description": "No partner."}"#).into();
    let proxy: Step = response(404, "<html>No route.</html>").into();
    for step in [partner_unknown, proxy] {
        assert_eq!(Send(absent.clone()).run([step]), "a GET /v1/things/7\n=> Service (request): 404");
    }
}

#[test]
fn only_idempotent_requests_are_retried() {
    let steps = || [response(503, "").into(), ok("7")];
    let retried = |method: &str| format!("a {method}\n  sleep 500ms\nb {method}\n=> 200 7");
    assert_eq!(Send(get("/v1")).run(steps()), retried("GET /v1"));
    let post = RawRequest::new(Method::Post, "/v1").json("{}");
    let line = "POST /v1 [content-type: application/json] {}";
    assert_eq!(Send(post.clone()).run(steps()), format!("a {line}\n=> Service (request): 503"));
    let by_request_id = post.clone().idempotency(Idempotency::RequestId);
    assert_eq!(Send(by_request_id).run(steps()), format!("a {line}\n=> Service (request): 503"));
    assert_eq!(Send(post.idempotency(Idempotency::Natural)).run(steps()), retried(line));
}

#[test]
fn error_body_with_success_status_is_an_error() {
    let body = r#"{"code": 400072, "description": "Something else"}"#;
    assert_eq!(Send(get("/v1/things")).run([ok(body)]), "a GET /v1/things\n=> Service (request): 200");
    assert_eq!(SendAs::<Value>::new(get("/v1/things")).run([ok(body)]), "a GET /v1/things\n=> Service (request): 200");
}

/// One page must not pass for the list, in raw calls neither.
#[test]
fn one_page_is_not_the_list() {
    let outcome = Send(get("/v1/things")).run([page(&[1], Some("/v1/things?x=1"))]);
    assert!(outcome.contains("Paging (request): `request` is not a paginated operation"), "{outcome}");
    assert!(outcome.contains("`request_pages`"), "{outcome}");
}

#[derive(Debug, Deserialize)]
struct Thing {
    #[expect(dead_code, reason = "shown by Debug")]
    id: u32,
}

#[test]
fn response_is_read_as_a_type() {
    let thing = |body: &str| SendAs::<Thing>::new(get("/v1/things/7")).run([ok(body)]);
    assert_eq!(thing(r#"{"id": 7, "new": 1}"#), "a GET /v1/things/7\n=> Thing { id: 7 }");
    assert!(thing(r#"{"id": "7"}"#).contains("=> Decode (request): the body does not match the specification"));
    assert_eq!(thing(""), "a GET /v1/things/7\n=> Decode (request): the body is empty");
    let list = SendAs::<Vec<String>>::new(get("/v1/things")).run([ok(r#"["a", "b"]"#)]);
    assert_eq!(list, "a GET /v1/things\n=> [\"a\", \"b\"]");
    let nothing = SendAs::<NoContent>::new(get("/v1/things"));
    assert_eq!(nothing.run([response(204, "").into()]), "a GET /v1/things\n=> NoContent");
    assert_eq!(nothing.run([ok("{}")]), "a GET /v1/things\n=> NoContent");
}

#[test]
fn absence_is_a_value() {
    let absent: fn() -> Step = || response(404, r#"{"code": 1000, "description": "No."}"#).into();
    let head = || SendAs::<bool>::new(RawRequest::new(Method::Head, "/v1/domains/a").outcomes(&[404][..]));
    // RFC 9110, section 9.3.2: a response to HEAD need not have the headers of a body, and has none if it has them.
    let without_length: Step = response(200, "").unframed().into();
    let with_length: Step = response(200, "").unframed().with("Content-Length", "7").into();
    let with_encoding: Step = response(200, "").unframed().with("Content-Encoding", "gzip").into();
    for step in [without_length, with_length, with_encoding] {
        assert_eq!(head().run([step]), "a HEAD /v1/domains/a\n=> true");
    }
    let without_body = |status| -> Step { response(status, "").unframed().into() };
    let documented =
        response(404, "").without("Content-Type").with("MS-RequestId", "r").with("MS-CorrelationId", "c").into();
    assert_eq!(head().run([documented]), "a HEAD /v1/domains/a\n=> false");
    assert_eq!(head().run([without_body(404)]), "a HEAD /v1/domains/a\n=> false");
    assert_eq!(head().run([without_body(403)]), "a HEAD /v1/domains/a\n=> Service (request): 403");
    let optional = || SendAs::<Option<Thing>>::new(get("/v1/things/7").outcomes(&[404][..]));
    assert_eq!(optional().run([absent()]), "a GET /v1/things/7\n=> None");
    assert_eq!(optional().run([ok(r#"{"id": 7}"#)]), "a GET /v1/things/7\n=> Some(Thing { id: 7 })");
    // Nothing is not the same as no such thing.
    assert_eq!(optional().run([ok("")]), "a GET /v1/things/7\n=> Decode (request): the body is empty");
    assert_eq!(optional().run([response(403, "").into()]), "a GET /v1/things/7\n=> Service (request): 403");
    let not_optional = SendAs::<Thing>::new(get("/v1/things/7").outcomes(&[404][..]));
    assert_eq!(not_optional.run([absent()]), "a GET /v1/things/7\n=> Decode (request): the body is empty");
}

/// With a wrong base URL each domain would be free.
#[test]
fn absence_is_an_error_if_another_server_reports_it() {
    let bare = || response(404, "").without("Content-Type");
    let html = || response(404, "").with("Content-Type", "Text/HTML; charset=utf-8");
    for step in [bare(), bare().with("Content-Type", "text/plain"), html(), html().with("MS-RequestId", "r")] {
        let head = SendAs::<bool>::new(RawRequest::new(Method::Head, "/v1/domains/a").outcomes(&[404][..]));
        assert_eq!(head.run([step.clone().into()]), "a HEAD /v1/domains/a\n=> Service (request): 404");
        let optional = SendAs::<Option<Thing>>::new(get("/v1/things/7").outcomes(&[404][..]));
        assert_eq!(optional.run([step.into()]), "a GET /v1/things/7\n=> Service (request): 404");
    }
}

/// Sends a request that fails, and returns what the error says of its outcome.
struct OutcomeOf(RawRequest);

impl Action for OutcomeOf {
    fn perform<'a, X: Transport>(&'a self, client: &'a Client<X>) -> transport::Output<'a, X, Result<String, Error>> {
        X::Mode::block_or_box(async move {
            let result = X::Mode::into_future(client.request_as::<Value>(self.0.clone())).await;
            Ok(result.map_or_else(|error| outcome_of(&error).to_owned(), |value| value.to_string()))
        })
    }
}

fn outcome_of(error: &Error) -> &'static str {
    let shown = error.to_string();
    let is_unknown = shown.contains("; the outcome is unknown: the service may have performed it");
    assert_eq!(error.is_outcome_unknown(), is_unknown, "{shown}");
    match shown.contains("; the service has performed it all the same") {
        true => "performed",
        false if is_unknown => "unknown",
        false => "not performed",
    }
}

#[test]
fn outcome_of_a_write_without_a_response_is_unknown() {
    let json = || response(200, r#"{"id": 7, "name": "Contoso"}"#);
    let cut = || response(200, r#"{"id": 7, "na"#);
    for (step, expected) in [
        (Step::Close, "unknown"),
        (Step::Reset, "unknown"),
        (Step::Truncate(json()), "unknown"),
        (Step::InvalidHead, "unknown"),
        (response(502, "<html>").with("Content-Type", "text/html").into(), "unknown"),
        (response(504, "").into(), "unknown"),
        // That of a proxy, perhaps.
        (response(200, "<html>").with("Content-Type", "text/html").into(), "unknown"),
        (cut().into(), "performed"),
        (response(201, "7 8").into(), "performed"),
        (response(201, "<x/>").with("Content-Type", "application/xml").with("MS-RequestId", "r").into(), "performed"),
        (response(400, r#"{"code": 2000}"#).into(), "not performed"),
        (response(200, r#"{"code": 400072, "description": "No."}"#).into(), "not performed"),
        (response(408, "").into(), "unknown"),
        (response(500, r#"{"code": 5000}"#).into(), "unknown"),
        // The front door returns it for a response that it has waited for in vain, too.
        (response(503, "").into(), "unknown"),
    ] {
        for method in [Method::Post, Method::Patch] {
            let write = OutcomeOf(RawRequest::new(method, "/v1/things").json("{}"));
            let outcome = write.run([step.clone()]);
            assert!(outcome.ends_with(&format!("=> {expected}")), "{step:?}: {outcome}");
        }
        let idempotent = RawRequest::new(Method::Put, "/v1/things").json("{}");
        let outcome = OutcomeOf(idempotent).run(vec![step.clone(); 4]);
        assert!(outcome.ends_with("=> not performed"), "{step:?}: {outcome}");
    }
}

/// Returns the error of a write over a transport.
fn error_over<X: Transport>(transport: X, url: &str) -> Error {
    let client = Client::builder(transport, Credential::token("token")).base_url(url).build().unwrap();
    let write = RawRequest::new(Method::Post, "/v1/things").json("{}");
    partner_center_tests::block_on::<X::Mode, _>(client.request(write)).unwrap_err()
}

#[test]
fn outcome_of_a_write_without_a_connection_is_known() {
    // A port that was free a moment ago: nothing listens there.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    for error in [error_over(Ureq::new().unwrap(), &url), error_over(Reqwest::new().unwrap(), &url)] {
        assert_eq!((error.kind(), outcome_of(&error)), (ErrorKind::Transport, "not performed"), "{error:?}");
    }
}

#[test]
fn invalid_header_is_named_with_its_cause() {
    let client = Client::builder(ScriptedTransport::<transport::Blocking>::new([]), Credential::token("token"));
    let client = client.build().unwrap();
    let put = || RawRequest::new(Method::Put, "/v1/things");
    for (request, name) in [
        (put().header("If-Match", "a\nb"), "If-Match"),
        (put().header("If-Match", "\u{e4}"), "If-Match"),
        (put().body(Body::new("text/plain\r\nx-evil: 1", *b"a")), "Content-Type"),
    ] {
        let error = client.request(request).unwrap_err();
        let expected = format!(
            "the request cannot be built (request): the value of `{name}` must be ASCII on one line, as headers are"
        );
        assert!(error.to_string().starts_with(&expected), "{error}");
        assert!(!error.to_string().contains("evil"), "{error}");
    }
}

#[test]
fn work_may_be_completed_later() {
    let accepted = || -> Step { response(202, "").with("Location", "/v1/jobs/7").with("Retry-After", "10").into() };
    let shown = "Accepted { location: Some(\"/v1/jobs/7\"), retry_after: Some(10s) }";
    let post = || RawRequest::new(Method::Post, "/v1/things").json("{}").outcomes(&[202][..]);
    let line = "a POST /v1/things [content-type: application/json] {}\n";
    assert_eq!(SendAs::<Accepted>::new(post()).run([accepted()]), format!("{line}=> {shown}"));
    let either = SendAs::<Completion<Thing>>::new(post());
    assert_eq!(either.run([accepted()]), format!("{line}=> Accepted({shown})"));
    assert_eq!(either.run([ok(r#"{"id": 7}"#)]), format!("{line}=> Completed(Thing {{ id: 7 }})"));
    // A GET is read again, unless 202 is an outcome.
    let get = get("/v1/things/7");
    let documented = SendAs::<Completion<Thing>>::new(get.clone().outcomes(&[202][..]));
    assert_eq!(documented.run([accepted()]), format!("a GET /v1/things/7\n=> Accepted({shown})"));
    let again = SendAs::<Thing>::new(get).run([accepted(), ok(r#"{"id": 7}"#)]);
    assert_eq!(again, "a GET /v1/things/7\n  sleep 10s\nb GET /v1/things/7\n=> Thing { id: 7 }");
}

#[test]
fn other_media_types_are_read() {
    let csv: Step = response(200, "a,b\r\n1,ž").with("Content-Type", "text/csv; charset=utf-8").into();
    let outcome = SendAs::<Text>::new(get("/v1/prices")).run([csv]);
    assert_eq!(
        outcome,
        "a GET /v1/prices [accept: text/*, */*;q=0.1]\n=> Text { length: 9, content_type: Some(\"text/csv; charset=utf-8\") }"
    );
    let pdf: Step = response(200, *b"%PDF\xFF\0")
        .with("Content-Type", "application/pdf")
        .with("Content-Disposition", "attachment; filename=\"invoice 7.pdf\"")
        .into();
    let outcome = SendAs::<Binary>::new(get("/v1/invoices/7")).run([pdf]);
    let expected = "Binary { length: 6, content_type: Some(\"application/pdf\"), file_name: Some(\"invoice 7.pdf\") }";
    assert_eq!(outcome, format!("a GET /v1/invoices/7 [accept: */*]\n=> {expected}"));
    // An error in place of the file.
    let error = ok(r#"{"code": 400072, "description": "No."}"#);
    let outcome = SendAs::<Binary>::new(get("/v1/invoices/7")).run([error]);
    assert_eq!(outcome, "a GET /v1/invoices/7 [accept: */*]\n=> Service (request): 200");
}

fn items(ids: &[u32]) -> Vec<Value> {
    ids.iter().map(|id| json!({"id": id})).collect()
}

/// Returns a page of the service, with a link if there is a next one.
fn page(ids: &[u32], next: Option<&str>) -> Step {
    ok(page_body(ids, next).to_string())
}

fn page_body(ids: &[u32], next: Option<&str>) -> Value {
    let link = next.map(|uri| json!({"uri": uri, "method": "GET", "headers": []}));
    json!({"totalCount": ids.len(), "items": items(ids), "links": {"self": {"uri": "/v1/things"}, "next": link}})
}

const LINKED: Pagination = Pagination::new("items").next_link("links.next");
const ODATA: Pagination = Pagination::new("value").next_link("@odata.nextLink");
const IN_HEADER: Pagination =
    Pagination::new("").response_header("MS-ContinuationToken").token_header("MS-ContinuationToken");
const IN_QUERY: Pagination = Pagination::new("data.items").continuation_token("data.next").token_query("token");
const BY_OFFSET: Pagination = Pagination::new("items").size("size").offset("offset").total("totalCount");
const WITHOUT_TOTAL: Pagination = Pagination::new("items").size("size").offset("offset");

/// Lists with and without prefetch, which gives the same pages.
#[track_caller]
fn list(request: &RawRequest, pagination: Pagination, steps: &[Step]) -> String {
    let of = |prefetch| List { request: request.clone(), pagination, prefetch };
    let (plain, prefetched) = (of(false).run(steps.iter().cloned()), of(true).run(steps.iter().cloned()));
    assert_eq!(plain, prefetched);
    assert_eq!(plain, RawList(of(false)).run(steps.iter().cloned()), "items that stay text");
    plain
}

#[test]
fn list_is_followed_by_links() {
    let outcome = list(
        &get("/v1/things").query("size", "2"),
        LINKED,
        &[page(&[1, 2], Some("/v1/things?size=2&page=2")), page(&[3], None)],
    );
    assert_eq!(
        outcome,
        "a GET /v1/things?size=2\nb GET /v1/things?size=2&page=2\n=> {\"id\":1} {\"id\":2} | {\"id\":3}"
    );
    let absolute = list(&get("/v1/things"), LINKED, &[page(&[1], Some("{base}/v1/things?x=1")), page(&[2], None)]);
    assert_eq!(absolute, "a GET /v1/things\nb GET /v1/things?x=1\n=> {\"id\":1} | {\"id\":2}");
}

#[test]
fn list_is_followed_by_links_that_are_strings() {
    let first = ok(json!({"value": items(&[1]), "@odata.nextLink": "{base}/v1.0/sales/things?$skip=1"}).to_string());
    let last = ok(json!({"value": items(&[2]), "@odata.nextLink": null}).to_string());
    assert_eq!(
        list(&get("/v1.0/sales/things"), ODATA, &[first, last]),
        "a GET /v1.0/sales/things\nb GET /v1.0/sales/things?$skip=1\n=> {\"id\":1} | {\"id\":2}"
    );
}

#[test]
fn list_is_followed_by_tokens() {
    let in_body =
        |ids: &[u32], token: Option<&str>| ok(json!({"items": items(ids), "continuationToken": token}).to_string());
    assert_eq!(
        list(
            &get("/v1/things").query("size", "1"),
            Pagination::default(),
            &[in_body(&[1], Some("t1")), in_body(&[2], None)]
        ),
        "a GET /v1/things?size=1\nb GET /v1/things?size=1&seekOperation=Next [ms-continuationtoken: t1]\n\
         => {\"id\":1} | {\"id\":2}"
    );
    let bare = |ids: &[u32]| response(200, json!(items(ids)).to_string());
    let pages = [bare(&[1]).with("ms-continuationtoken", "t 1").into(), bare(&[2]).into()];
    assert_eq!(
        list(&get("/v1/things"), IN_HEADER, &pages),
        "a GET /v1/things\nb GET /v1/things [ms-continuationtoken: t 1]\n=> {\"id\":1} | {\"id\":2}"
    );
    let nested = |ids: &[u32], next: Value| ok(json!({"data": {"items": items(ids), "next": next}}).to_string());
    assert_eq!(
        list(&get("/v1/things?x=1"), IN_QUERY, &[nested(&[1], json!("t/1")), nested(&[2], json!(""))]),
        "a GET /v1/things?x=1\nb GET /v1/things?x=1&token=t%2F1\n=> {\"id\":1} | {\"id\":2}"
    );
}

#[test]
fn list_is_followed_by_offset() {
    let of = |ids: &[u32], total: u32| ok(json!({"items": items(ids), "totalCount": total}).to_string());
    let request = get("/v1/things").query("size", "2").query("x", "1");
    assert_eq!(
        list(&request, BY_OFFSET, &[of(&[1, 2], 3), of(&[3], 3)]),
        "a GET /v1/things?size=2&x=1\nb GET /v1/things?size=2&x=1&offset=2\n=> {\"id\":1} {\"id\":2} | {\"id\":3}"
    );
    // A service that ignores the offset sends the same page again; one that says that there are more sends none.
    let ignored = list(&request, BY_OFFSET, &[of(&[1, 2], 4), of(&[1, 2], 4)]);
    assert!(
        ignored.contains("{\"id\":2} | Paging on page 3: the service sent a page that it had sent before"),
        "{ignored}"
    );
    let missing = list(&request, BY_OFFSET, &[of(&[1, 2], 4), of(&[], 4)]);
    assert!(
        missing.contains("Paging on page 3: the page has a continuation that is not of any known form"),
        "{missing}"
    );
    let outcome = list(&get("/v1/things"), WITHOUT_TOTAL, &[of(&[1], 1), of(&[], 1)]);
    assert_eq!(outcome, "a GET /v1/things\nb GET /v1/things?offset=1\n=> {\"id\":1} | ");
}

#[test]
fn search_by_post_is_read_on_by_get() {
    let search = RawRequest::new(Method::Post, "/v1/search").json("{}").idempotency(Idempotency::Natural);
    assert_eq!(
        list(&search, LINKED, &[page(&[1], Some("/v1/search/7?x=1")), page(&[2], None)]),
        "a POST /v1/search [content-type: application/json] {}\nb GET /v1/search/7?x=1\n=> {\"id\":1} | {\"id\":2}"
    );
    assert_eq!(
        list(&search, WITHOUT_TOTAL, &[]),
        "=> Request on page 0: a list that continues by its query must be a GET"
    );
}

#[test]
fn list_is_complete_or_an_error() {
    let things = get("/v1/things");
    let next = Some("/v1/things?x=1");
    let first = page(&[1], next);
    for (second, expected) in [
        (page(&[1], Some("/v1/things?x=2")), "Paging on page 3: the service sent a page that it had sent before"),
        (page(&[2], next), "Paging on page 3: the service links back to a page that was already listed"),
        (
            page(&[2], Some("/V1/Things?x=1")),
            "Paging on page 3: the service links back to a page that was already listed",
        ),
        (
            page(&[2], Some("https://evil.example/v1/things")),
            "Paging on page 3: the link to the next page points to another server",
        ),
        (
            page(&[2], Some("//evil.example/v1/things")),
            "Paging on page 3: the link to the next page points to another server",
        ),
        (
            ok(json!({"items": items(&[2]), "links": {"next": 7}}).to_string()),
            "Paging on page 3: the page has a continuation",
        ),
        (ok(json!({"items": items(&[2]), "links": [7]}).to_string()), "Paging on page 3: the page has a continuation"),
        (
            ok(json!({"items": items(&[2]), "LINKS": {"next": 7}}).to_string()),
            "Paging on page 3: the page has a continuation",
        ),
        (
            ok(json!({"items": items(&[2]), "nextLink": "/v1/things?x=2"}).to_string()),
            "Paging on page 2: the last page of `request` has a next page (`nextLink`) that the pagination of the operation",
        ),
        (ok(json!({"totalCount": 0}).to_string()), "Decode on page 2: the body does not match the specification"),
        (ok("7"), "Decode on page 2: the body does not match the specification"),
        (ok(r#"{"items": 7}"#), "Decode on page 2: the body does not match the specification"),
        (ok(r#"{"items": [1, 2"#), "Decode on page 2: the body is truncated"),
        (ok(r#"{"code": 400072, "description": "No."}"#), "Service on page 2: "),
    ] {
        let truncated = vec![second.clone(); 4];
        let steps = [vec![first.clone()], truncated].concat();
        let outcome = List { request: things.clone(), pagination: LINKED, prefetch: false };
        let outcome = outcome.run(steps.clone());
        assert!(outcome.contains(&format!(" | {expected}")), "{outcome}\n{expected}");
    }
    let empty = |number: u32| page(&[], Some(&format!("/v1/things?x={number}")));
    let steps: Vec<_> = (0..101).map(empty).collect();
    let outcome = List { request: things.clone(), pagination: LINKED, prefetch: false }.run(steps);
    assert!(outcome.ends_with("100 pages in a row are empty, and still the list continues"), "{outcome}");
    // Null items are none, and an array is the items of a complete list.
    assert_eq!(list(&things, LINKED, &[ok(r#"{"Items": null}"#)]), "a GET /v1/things\n=> ");
    assert_eq!(list(&things, LINKED, &[ok("[1, 2.50]")]), "a GET /v1/things\n=> 1 2.50");
    assert_eq!(list(&things, LINKED, &[first.clone(), response(204, "").into()]).lines().count(), 3);
}

#[test]
fn token_alone_continues_the_list_with_all_its_parameters() {
    let first = |body: String| -> Step { response(200, body).with("MS-ContinuationToken", "t1").into() };
    let things = || get("/v1/things").query("term", "P1Y").query("size", "1");
    let second_request = "GET /v1/things?term=P1Y&size=1 [ms-continuationtoken: t1]\n=> ";
    assert_eq!(
        list(&things(), IN_HEADER, &[first(json!(items(&[1])).to_string()), ok(json!(items(&[2])).to_string())]),
        format!("a GET /v1/things?term=P1Y&size=1\nb {second_request}{{\"id\":1}} | {{\"id\":2}}")
    );
    let by_token: ContinuationToken = serde_json::from_str(r#"{"token": "t1"}"#).unwrap();
    let resumed = list(&things().resume(by_token), IN_HEADER, &[ok(json!(items(&[2])).to_string())]);
    assert_eq!(resumed, format!("a {second_request}{{\"id\":2}}"));
    // A generated operation has its required parameters on every page.
    let page = |day| format!(r#"{{"items": [{{"allowedCustomTermEndDate": "2027-01-{day}T00:00:00"}}]}}"#);
    let dates = ListCustomTermEndDates::new(Uuid::from_u128(7), "P1Y");
    let listed = ListOperation(dates).run([first(page("30")), ok(page("31"))]);
    assert!(listed.matches("customTermEndDates?term_duration=P1Y").count() == 2 && listed.contains(" | "), "{listed}");
}

#[test]
fn list_is_resumed() {
    let request = || get("/v1/things").query("size", "2").query("x", "1");
    let by_link: ContinuationToken =
        serde_json::from_str(r#"{"link": ["/v1/things?size=2&x=1&offset=2", "GET", []]}"#).unwrap();
    let resumed = get("/v1/things").query("size", "2").resume(by_link.clone());
    assert_eq!(
        list(&resumed, LINKED.size("size"), &[page(&[3], None)]),
        "a GET /v1/things?size=2&x=1&offset=2\n=> {\"id\":3}"
    );
    assert_eq!(
        list(&request().resume(by_link), LINKED.size("size"), &[]),
        "=> Request on page 0: `x` cannot be set on a list that is resumed: it keeps the value that it began with"
    );
    let by_token: ContinuationToken = serde_json::from_str(r#"{"token": "t1"}"#).unwrap();
    assert_eq!(
        list(&get("/v1/things").resume(by_token), LINKED, &[]),
        "=> Request on page 0: the page has a continuation token, but its list has no header for it"
    );
}

/// The continuation of a page, as `Pages` returns it, resumes the list in another run.
#[test]
fn continuation_of_a_page_resumes_the_list() {
    let of = |ids: &[u32]| ok(json!({"items": items(ids), "totalCount": 2}).to_string());
    let client =
        Client::builder(ScriptedTransport::<transport::Blocking>::new([of(&[1]), of(&[2])]), Credential::token("t"));
    let client = client.build().unwrap();
    let first = client.request_pages(get("/v1/things?x=1"), BY_OFFSET).next().unwrap().unwrap();
    assert_eq!(first.total_count, Some(2));
    let continuation = pagination::DynamicList::continuation(&first).unwrap().unwrap();
    let saved = serde_json::to_string(&continuation).unwrap();
    let resumed = get("/v1/things").resume(serde_json::from_str(&saved).unwrap());
    let rest: Vec<_> = client.request_items(resumed, BY_OFFSET).map(|item| item.unwrap().json().to_owned()).collect();
    assert_eq!(rest, [r#"{"id":2}"#]);
}

#[test]
fn prefetched_list_has_the_same_requests() {
    let long: Vec<u32> = (1..400).collect();
    let pages = [page(&long, Some("/v1/things?x=1")), page(&[400], None)];
    let outcome = list(&get("/v1/things"), LINKED, &pages);
    assert!(outcome.starts_with("a GET /v1/things\nb GET /v1/things?x=1\n=> "), "{outcome}");
    assert!(outcome.ends_with(" | {\"id\":400}"), "{outcome}");
}

#[test]
fn debug_output_of_a_request_hides_its_values() {
    let request = get("/v1/things?filter=secret").query("name", "secret").header("x-key", "secret").json("\"secret\"");
    let shown = format!("{request:?}");
    assert_eq!(shown, "RawRequest { operation: \"request\", method: GET, path: \"/v1/things\", .. }");
}
