//! Pagination: from page to page, to the end of a list, and never elsewhere.

use super::conversations;
use partner_center::{CustomerFilter, ErrorKind, ListCustomers, Paginated};
use partner_center_tests::{Conversation, MockResponse, Step, list, page, response};
use serde_json::json;
use uuid::Uuid;

const PAGINATION: &str = "/v1/customers?size=2&seekOperation=Next";

/// Returns a conversation about a list of three customers in pages of two, with an edited first page.
fn two_pages(
    description: &'static str,
    first: impl FnOnce(MockResponse) -> MockResponse,
) -> impl FnOnce(&'static str) -> Conversation {
    let first = first(page(["a", "b"]));
    move |name| list(name, description, ListCustomers::new().size(2)).then(first).then(page(["c"]))
}

/// Returns a conversation about a list with a next-page link that must not be followed: there is no second response.
fn rejected_link(
    description: &'static str,
    first: impl FnOnce(MockResponse) -> MockResponse,
) -> impl FnOnce(&'static str) -> Conversation {
    let first = first(page(["a", "b"]));
    move |name| list(name, description, ListCustomers::new().size(2)).then(first)
}

/// Returns a conversation about a list with these pages.
fn pages(
    description: &'static str,
    pages: impl IntoIterator<Item = MockResponse>,
) -> impl FnOnce(&'static str) -> Conversation {
    let pages: Vec<_> = pages.into_iter().collect();
    move |name| pages.into_iter().fold(list(name, description, ListCustomers::new().size(2)), Conversation::then)
}

/// Writes a lone surrogate in place of each `HALF`.
fn lone_surrogates(text: &str) -> Vec<u8> {
    text.replace("HALF", r"\ud83e").into_bytes()
}

/// Returns a page of customers with these IDs.
fn page_with_ids(names: [&str; 2], ids: [u128; 2]) -> MockResponse {
    page(names).edit(|page| {
        for (index, id) in ids.into_iter().enumerate() {
            page["items"][index]["id"] = json!(Uuid::from_u128(id));
        }
    })
}

/// Returns the list that continues after `page`, saved as JSON and read again.
fn resume(page: &MockResponse) -> ListCustomers {
    let page = serde_json::from_slice(page.body()).unwrap();
    let continuation = ListCustomers::continuation(&page).unwrap().unwrap();
    let saved = serde_json::to_string(&continuation).unwrap();
    ListCustomers::resume(serde_json::from_str(&saved).unwrap())
}

conversations! {
// Formats of a next-page link.
next_link_with_version: two_pages("next links since 2021: /v1/customers?..", |page| page.next(PAGINATION, "t1"))
    => returns(["a", "b", "c"]);
next_link_without_version: two_pages("links of resources: /customers?..", |page| {
    page.next("/customers?size=2&seekOperation=Next", "t1")
}) => returns(["a", "b", "c"]);
next_link_without_leading_slash: two_pages("next links before 2021: customers?..", |page| {
    page.next("customers?size=2&seekOperation=Next", "t1")
}) => returns(["a", "b", "c"]);
next_link_absolute:
    two_pages("an absolute link on the same origin", |page| page.next(&format!("{{base}}{PAGINATION}"), "t1"))
        => returns(["a", "b", "c"]);
next_link_with_version_twice: two_pages("/v1//v1/.. is what the archived clients make of it", |page| {
    page.next("/v1//v1/customers?size=2&seekOperation=Next", "t1")
}) => returns(["a", "b", "c"]);
next_link_with_uppercase_version: two_pages("/V1/..: the .NET SDK compares case-insensitively", |page| {
    page.next("/V1/customers?size=2&seekOperation=Next", "t1")
}) => returns(["a", "b", "c"]);
next_link_with_two_question_marks: two_pages("a second ? is an &", |page| {
    page.next("/v1/customers?size=2?seekOperation=Next", "t1")
}) => returns(["a", "b", "c"]);
next_link_with_unescaped_filter:
    two_pages("characters that are invalid in a URI are escaped, escapes stay", |page| {
        page.next(r#"/customers?size=2&filter={"Field":"CompanyName","Value":"a%20b'c d"}&seekOperation=Next"#, "t1")
    }) => returns(["a", "b", "c"]);
next_link_without_method: two_pages("a link without a method is a GET", |page| {
    page.next_link(json!({"uri": PAGINATION, "headers": [{"key": "MS-ContinuationToken", "value": "t1"}]}))
}) => returns(["a", "b", "c"]);
next_link_without_headers: two_pages("absent headers are empty headers", |page| {
    page.next_link(json!({"uri": "/v1/customers?page=2", "method": "GET"}))
}) => returns(["a", "b", "c"]);
next_link_with_null_headers: two_pages("null is absent", |page| {
    page.next_link(json!({"uri": "/v1/customers?page=2", "method": "get", "headers": null}))
}) => returns(["a", "b", "c"]);
next_link_with_other_service_header: two_pages("MS-* headers of a link are sent", |page| {
    page.next_link(json!({"uri": PAGINATION, "method": "GET", "headers": [
        {"key": "ms-continuationtoken", "value": "t1"}, {"key": "MS-Shard", "value": "7"}
    ]}))
}) => returns(["a", "b", "c"]);

// Formats of a continuation token.
body_token: two_pages("a continuationToken in the body is sent with seekOperation", |page| page.token("t1"))
    => returns(["a", "b", "c"]);
body_token_beside_a_link_token: two_pages("the link and its headers take precedence", |page| {
    page.next(PAGINATION, "from the link").token("from the body")
}) => returns(["a", "b", "c"]);
body_token_beside_a_link_without_one: two_pages("a link without a token takes the one in the body", |page| {
    page.next_link(json!({"uri": PAGINATION, "method": "GET", "headers": []})).token("t1")
}) => returns(["a", "b", "c"]);
body_token_beside_a_blank_link_token: two_pages("a blank header value is absent", |page| {
    page.next(PAGINATION, "").token("t1")
}) => returns(["a", "b", "c"]);
continuation_token_with_special_characters: two_pages("tokens are opaque: , / + = are sent byte for byte", |page| {
    page.next(PAGINATION, "AQ,AA/A+==~ x")
}) => returns(["a", "b", "c"]);
continuation_token_blank: pages("a blank token is absent", [page(["a", "b"]).token("  ")]) => returns(["a", "b"]);

// The end of a list.
list_without_links: pages("links may be missing altogether", [page(["a"])]) => returns(["a"]);
last_page_without_items:
    pages("an empty last page has no customers", [page(["a"]).next(PAGINATION, "t1"), page([])])
        => returns(["a"]);
first_page_no_content: pages("no content means no customers", [response(204, "")]) => returns([]);
last_page_no_content:
    pages("an empty 2xx response to a continuation ends the list", [page(["a"]).next(PAGINATION, "t1"),
    response(204, "")])
        => returns(["a"]);
last_page_empty_body: pages("an empty 2xx response to a continuation ends the list", [
    page(["a"]).next(PAGINATION, "t1"),
    response(200, ""),
]) => returns(["a"]);
trailing_token: pages("the last page still has a token; 400 with code 2000 ends the list", [
    page(["a"]).next(PAGINATION, "t1"),
    response(400, r#"{"code":2000,"description":"Invalid continuation","data":[],"source":"PartnerFD"}"#),
]) => returns(["a"]);
trailing_token_with_string_code: pages("codes are numbers or strings", [
    page(["a"]).token("t1"),
    response(400, r#"{"code":"2000","description":"Invalid continuation"}"#),
]) => returns(["a"]);
empty_page_with_the_sent_token: pages("an empty page with the token that was sent ends the list", [
    page(["a"]).next(PAGINATION, "t1"),
    page([]).next(PAGINATION, "t1"),
]) => returns(["a"]);
duplicate_token_in_another_link:
    |name| list(name, "the token identifies a page, however the link is written", ListCustomers::new())
        .then(page(["a"]).next("/v1/customers?seekOperation=Next", "t1"))
        .then(page(["b"]).next("/v1/customers?size=2&seekOperation=Next", "t1"))
        => fails_with(ErrorKind::Paging, Some(3), ["a", "b"]);
empty_page_with_a_new_token: pages("an empty page with a new token does not end the list", [
    page(["a"]).next(PAGINATION, "t1"),
    page([]).next(PAGINATION, "t2"),
    page(["b"]),
]) => returns(["a", "b"]);
total_count_is_ignored: pages("totalCount may be that of the page, or wrong", [
    page(["a"]).edit(|page| page["totalCount"] = json!(1)).next(PAGINATION, "t1"),
    page(["b"]).edit(|page| page["totalCount"] = json!(-7)),
]) => returns(["a", "b"]);

last_page_truncated: pages("an empty body without a length may be truncated", [
    page(["a"]).next(PAGINATION, "t1"),
    response(200, "").unframed(),
    response(200, "").unframed(),
    page(["b"]),
]) => returns(["a", "b"]);

// Resumed lists.
resumed_by_link:
    |name| list(name, "a saved continuation resumes where its link points", resume(&page([]).next(PAGINATION, "t1")))
        .then(page(["b"]).next(PAGINATION, "t2")).then(page(["c"]))
        => returns(["b", "c"]);
resumed_by_token:
    |name| list(name, "a saved token keeps the page size that is set again", resume(&page([]).token("t1")).size(3))
        .then(page(["b"]).token("t2")).then(page(["c"]))
        => returns(["b", "c"]);
resumed_with_an_expired_token:
    |name| list(name, "a saved token may have expired: 400 with code 2000 does not end the list",
        resume(&page([]).token("t1")))
        .then(response(400, r#"{"code":2000,"description":"Invalid continuation"}"#))
        => fails_with(ErrorKind::Service, Some(1), []);
resumed_with_no_content:
    |name| list(name, "204 to a saved continuation does not end the list either", resume(&page([]).token("t1")))
        .then(response(204, ""))
        => fails_with(ErrorKind::Decode, Some(1), []);
resumed_with_a_filter: |name| list(name, "a resumed list keeps the filter that it began with",
    resume(&page([]).token("t1")).filter(CustomerFilter::domain("a")))
    => fails_with(ErrorKind::Request, None, []);
resumed_at_another_host: |name| list(name, "a saved link is validated like one from the service",
    resume(&page([]).next("https://evil.example/v1/customers", "t1")))
    => fails_with(ErrorKind::Request, None, []);

next_link_blank: pages("a link without content is absent", [
    page(["a"]).next_link(json!({"uri": "", "headers": []})),
]) => returns(["a"]);

// Valid JSON that some parsers reject.
lone_surrogate_in_a_name: pages("a lone surrogate becomes U+FFFD, and the list continues", [
    page(["Bakery HALF", "b"]).next(PAGINATION, "t1").encode(lone_surrogates),
    page(["c"]),
]) => returns(["Bakery \u{fffd}", "b", "c"]);
lone_surrogate_in_utf16: pages("the same in UTF-16, where a lone surrogate is not an escape", [
    page(["Bakery HALF"]).next(PAGINATION, "t1").encode(|text| {
        let units = text.split("HALF").map(|part| part.encode_utf16().collect::<Vec<_>>()).collect::<Vec<_>>();
        units.join(&0xD83E).into_iter().flat_map(u16::to_le_bytes).collect()
    }),
    page(["c"]),
]) => returns(["Bakery \u{fffd}", "c"]);
lone_surrogate_anywhere: pages("in names of fields, links, and unknown fields", [
    page(["a", "b"]).next(PAGINATION, "t1").edit(|page| {
        page["HALF"] = json!(["HALF"]);
        page["links"]["HALF"] = json!({"uri": "HALF"});
        page["items"][0]["HALF"] = json!("HALF");
        page["items"][0]["links"] = json!({"self": {"uri": "HALF", "HALF": 1}});
    }).encode(lone_surrogates),
    page(["c"]),
]) => returns(["a", "b", "c"]);
number_without_bounds: pages("JSON does not limit numbers", [
    page(["a"]).next(PAGINATION, "t1").encode(|text| {
        text.replace(r#""totalCount":1"#, &format!(r#""totalCount":1e999,"n":[-1E+400,{}]"#, "9".repeat(5_000))).into()
    }),
    page(["c"]),
]) => returns(["a", "c"]);
nesting_without_bounds: pages("JSON does not limit nesting", [
    page(["a"]).next(PAGINATION, "t1").encode(|text| {
        let deep = "[".repeat(10_000) + &"]".repeat(10_000);
        text.replace(r#""totalCount":1"#, &format!(r#""totalCount":1,"n":{deep}"#)).into()
    }),
    page(["c"]),
]) => returns(["a", "c"]);
duplicate_page_with_lone_surrogate: pages("a duplicate page is detected in spite of replaced characters", [
    page(["Bakery HALF"]).next(PAGINATION, "t1").encode(lone_surrogates),
    page(["Bakery HALF"]).next(PAGINATION, "t2").encode(lone_surrogates),
]) => fails_with(ErrorKind::Paging, Some(3), ["Bakery \u{fffd}", "Bakery \u{fffd}"]);

// Responses that do not end a list.
consumed_token_is_not_the_end:
    |name| list(name, "400 with code 2000 to a second attempt may mean that the first one consumed the token",
        ListCustomers::new().size(2))
        .then(page(["a"]).next(PAGINATION, "t1")).then(Step::Truncate(page(["b"])))
        .then(response(400, r#"{"code":2000,"description":"Invalid continuation"}"#))
        => fails_with(ErrorKind::Service, Some(2), ["a"]);
accepted_is_not_the_end: pages("202 means to come back later", [
    page(["a"]).next(PAGINATION, "t1"),
    response(202, ""),
    page(["b"]),
]) => returns(["a", "b"]);
no_content_with_retry_after_is_not_the_end: pages("204 with Retry-After means to come back later", [
    page(["a"]).next(PAGINATION, "t1"),
    response(204, "").with("Retry-After", "5"),
    page(["b"]),
]) => returns(["a", "b"]);
page_without_items: pages("an object without items may not be a page", [response(200, r#"{"totalCount":25}"#)])
    => fails_with(ErrorKind::Decode, Some(1), []);
page_with_null_items: pages("null is absent, also for a list", [response(200, r#"{"items":null,"totalCount":0}"#)])
    => returns([]);
page_with_too_many_items: pages("a few bytes of JSON can become a lot of memory", [
    response(200, format!(r#"{{"items":[{}{{}}]}}"#, "{},".repeat(100_000))),
]) => fails_with(ErrorKind::Decode, Some(1), []);
bad_request_with_another_code: pages("only code 2000 ends a list", [
    page(["a"]).next(PAGINATION, "t1"),
    response(400, r#"{"code":900118,"description":"no"}"#),
]) => fails_with(ErrorKind::Service, Some(2), ["a"]);
bad_request_on_the_first_page: pages("400 with code 2000 on a first request is an error", [
    response(400, r#"{"code":2000,"description":"Customer search only allows starts with and equals operation."}"#),
]) => fails_with(ErrorKind::Service, Some(1), []);
empty_body_on_the_first_page: pages("an empty 200 in place of the first page is not a list", [response(200, "")])
    => fails_with(ErrorKind::Decode, Some(1), []);
error_body_with_status_200: pages("an error body with status 200 is not an empty page", [
    response(200, r#"{"code":400072,"description":"Something else"}"#),
]) => fails_with(ErrorKind::Service, Some(1), []);
error_body_with_null_items: pages("an error body with null items is not an empty page either", [
    response(200, r#"{"items":null,"code":400072,"description":"Something else"}"#),
]) => fails_with(ErrorKind::Service, Some(1), []);
error_body_with_empty_items: pages("nor is one with empty items; the pages before it are kept", [
    page(["a"]).next(PAGINATION, "t1"),
    response(200, r#"{"totalCount":2,"items":[],"error":{"code":"conflict","message":"Something else"}}"#),
]) => fails_with(ErrorKind::Service, Some(2), ["a"]);
page_with_error_fields: pages("a page with items is a page, whatever other fields it has", [
    page(["a"]).edit(|page| {
        page["code"] = json!(400_072);
        page["description"] = json!("Something else");
    }),
]) => returns(["a"]);
items_not_an_array: pages("a list without its items would be incomplete", [
    page(["a"]).edit(|page| page["items"] = json!("none")),
]) => fails_with(ErrorKind::Decode, Some(1), []);
item_null: pages("a null customer would be lost, so the page is invalid", [
    page(["a"]).edit(|page| page["items"][0] = json!(null)),
]) => fails_with(ErrorKind::Decode, Some(1), []);

// Loops.
duplicate_token: pages("a continuation seen before is an error, not a loop", [
    page(["a"]).next(PAGINATION, "t1"),
    page(["b"]).next(PAGINATION, "t1"),
]) => fails_with(ErrorKind::Paging, Some(3), ["a", "b"]);
alternating_tokens: pages("a continuation seen before is an error, not a loop", [
    page(["a"]).next(PAGINATION, "t1"),
    page(["b"]).next(PAGINATION, "t2"),
    page(["c"]).next(PAGINATION, "t1"),
]) => fails_with(ErrorKind::Paging, Some(4), ["a", "b", "c"]);
duplicate_token_in_the_body: pages("the token identifies a page, in a link and in the body", [
    page(["a"]).next(PAGINATION, "t1"),
    page(["b"]).token("t1"),
]) => fails_with(ErrorKind::Paging, Some(3), ["a", "b"]);
duplicate_page_with_a_new_token: pages("a token that is lost on its way returns the first page again", [
    page(["a"]).next(PAGINATION, "t1"),
    page(["a"]).next(PAGINATION, "t2"),
]) => fails_with(ErrorKind::Paging, Some(3), ["a", "a"]);
duplicate_page_with_changes: pages("a page with the same customers is a duplicate, whatever has changed in them", [
    page_with_ids(["a", "b"], [1, 2]).next(PAGINATION, "t1"),
    page_with_ids(["a", "c"], [1, 2]).next(PAGINATION, "t2"),
]) => fails_with(ErrorKind::Paging, Some(3), ["a", "b", "a", "c"]);
similar_pages_are_not_duplicates: pages("a page with other customers is another page, however similar", [
    page_with_ids(["a", "a"], [1, 2]).next(PAGINATION, "t1"),
    page_with_ids(["a", "a"], [1, 3]),
]) => returns(["a", "a", "a", "a"]);
identical_ids_are_not_duplicates: pages("IDs that are all the same do not identify a page", [
    page_with_ids(["a", "b"], [0, 0]).next(PAGINATION, "t1"),
    page_with_ids(["c", "d"], [0, 0]),
]) => returns(["a", "b", "c", "d"]);
next_link_to_the_first_page: pages("the first page counts as seen", [
    page(["a"]).next_link(json!({"uri": "/v1/customers?size=2", "method": "GET", "headers": []})),
]) => fails_with(ErrorKind::Paging, Some(2), ["a"]);
empty_pages_without_end: |name| (1..=100).fold(
    list(name, "the number of consecutive empty pages is limited", ListCustomers::new().size(2)),
    |conversation, number| conversation.then(page([]).next(PAGINATION, &format!("t{number}"))),
) => fails_with(ErrorKind::Paging, Some(101), []);

// Links that are not followed.
next_link_to_another_host: rejected_link("the token is sent to the configured origin only", |page| {
    page.next("https://evil.example/v1/customers", "t1")
}) => fails_with(ErrorKind::Paging, Some(2), ["a", "b"]);
next_link_to_another_port: rejected_link("another port is another origin", |page| {
    page.next("http://127.0.0.1:1/v1/customers", "t1")
}) => fails_with(ErrorKind::Paging, Some(2), ["a", "b"]);
next_link_scheme_relative:
    rejected_link("//host is another host", |page| page.next("//evil.example/v1/customers", "t1"))
        => fails_with(ErrorKind::Paging, Some(2), ["a", "b"]);
next_link_with_user_name: rejected_link("http://127.0.0.1@evil.example is evil.example", |page| {
    page.next("{base}@evil.example/v1/customers", "t1")
}) => fails_with(ErrorKind::Paging, Some(2), ["a", "b"]);
next_link_with_backslash:
    rejected_link("URL parsers take \\ for /", |page| page.next(r"/\evil.example/v1/customers", "t1"))
        => fails_with(ErrorKind::Paging, Some(2), ["a", "b"]);
next_link_with_parent_segment: rejected_link("/v1/../admin is /admin", |page| page.next("/v1/../admin?x=1", "t1"))
    => fails_with(ErrorKind::Paging, Some(2), ["a", "b"]);
next_link_with_encoded_parent_segment: rejected_link("%2e%2e is ..", |page| page.next("/v1/%2e%2E/admin?x=1", "t1"))
    => fails_with(ErrorKind::Paging, Some(2), ["a", "b"]);
next_link_with_encoded_slash:
    rejected_link("some servers take %2f for /", |page| page.next("/v1/customers%2f..%2fadmin", "t1"))
        => fails_with(ErrorKind::Paging, Some(2), ["a", "b"]);
next_link_to_the_root: rejected_link("the root of the service is not a list", |page| page.next("/v1/?page=2", "t1"))
    => fails_with(ErrorKind::Paging, Some(2), ["a", "b"]);
next_link_with_too_many_headers: rejected_link("the number of headers is limited", |page| {
    let headers: Vec<_> = (0..17).map(|n| json!({"key": format!("MS-Header-{n}"), "value": "v"})).collect();
    page.next_link(json!({"uri": PAGINATION, "method": "GET", "headers": headers}))
}) => fails_with(ErrorKind::Paging, Some(2), ["a", "b"]);
next_link_with_line_break: rejected_link("no header injection through the request line", |page| {
    page.next("/v1/customers HTTP/1.1\r\nX-Evil: 1\r\n", "t1")
}) => fails_with(ErrorKind::Paging, Some(2), ["a", "b"]);
next_link_with_another_scheme:
    rejected_link("only the configured scheme", |page| page.next("file:///etc/passwd", "t1"))
        => fails_with(ErrorKind::Paging, Some(2), ["a", "b"]);
next_link_with_post_method: rejected_link("only GET", |page| {
    page.next_link(json!({"uri": PAGINATION, "method": "POST", "headers": []}))
}) => fails_with(ErrorKind::Paging, Some(2), ["a", "b"]);
next_link_with_authorization_header: rejected_link("a link may set MS-* headers only", |page| {
    page.next_link(json!({"uri": PAGINATION, "method": "GET", "headers": [{"key": "Authorization", "value": "Basic x"}]}))
}) => fails_with(ErrorKind::Paging, Some(2), ["a", "b"]);
next_link_with_host_header: rejected_link("a link may set MS-* headers only", |page| {
    page.next_link(json!({"uri": PAGINATION, "method": "GET", "headers": [{"key": "Host", "value": "evil.example"}]}))
}) => fails_with(ErrorKind::Paging, Some(2), ["a", "b"]);
next_link_with_line_break_in_a_header:
    rejected_link("no line break in a header", |page| page.next(PAGINATION, "t1\r\nX-Evil: 1"))
        => fails_with(ErrorKind::Paging, Some(2), ["a", "b"]);
continuation_token_not_ascii:
    rejected_link("headers are ASCII; servers differ in how they read anything else", |page| {
        page.next(PAGINATION, "tökén")
    }) => fails_with(ErrorKind::Paging, Some(2), ["a", "b"]);
next_link_with_duplicate_header: rejected_link("two tokens are ambiguous", |page| {
    page.next_link(json!({"uri": PAGINATION, "method": "GET", "headers": [
        {"key": "MS-ContinuationToken", "value": "t1"}, {"key": "ms-continuationtoken", "value": "t2"}
    ]}))
}) => fails_with(ErrorKind::Paging, Some(2), ["a", "b"]);
next_link_of_max_length: two_pages("a link has at most 8 KiB", |page| {
    page.next(&format!("/v1/customers?x={}", "y".repeat(8192 - 16)), "t1")
}) => returns(["a", "b", "c"]);
next_link_too_long: rejected_link("a link has at most 8 KiB", |page| {
    page.next(&format!("/v1/customers?x={}", "y".repeat(9000)), "t1")
}) => fails_with(ErrorKind::Paging, Some(2), ["a", "b"]);
continuation_token_too_long:
    rejected_link("a token has at most 16 KiB", |page| page.next(PAGINATION, &"y".repeat(17_000)))
        => fails_with(ErrorKind::Paging, Some(2), ["a", "b"]);
next_link_not_an_object: rejected_link("a continuation in an unknown format is not the end", |page| {
    page.next_link(json!("/v1/customers?size=2&seekOperation=Next"))
}) => fails_with(ErrorKind::Paging, Some(2), ["a", "b"]);
next_link_with_href: rejected_link("a continuation in an unknown format is not the end", |page| {
    page.next_link(json!({"href": PAGINATION, "method": "GET"}))
}) => fails_with(ErrorKind::Paging, Some(2), ["a", "b"]);
next_link_in_uppercase: rejected_link("a continuation in an unknown format is not the end", |page| {
    page.next_link(json!({"URI": PAGINATION, "headers": []}))
}) => fails_with(ErrorKind::Paging, Some(2), ["a", "b"]);
continuation_token_in_lowercase: rejected_link("a continuation in an unknown format is not the end", |page| {
    page.edit(|page| page["continuationtoken"] = json!("t1"))
}) => fails_with(ErrorKind::Paging, Some(2), ["a", "b"]);
next_link_in_an_array: rejected_link("a continuation in an unknown format is not the end", |page| {
    page.edit(|page| page["links"] = json!([{"rel": "next", "href": PAGINATION}]))
}) => fails_with(ErrorKind::Paging, Some(2), ["a", "b"]);
next_link_with_headers_as_an_object: rejected_link("a continuation in an unknown format is not the end", |page| {
    page.next_link(json!({"uri": PAGINATION, "method": "GET", "headers": {"MS-ContinuationToken": "t1"}}))
}) => fails_with(ErrorKind::Paging, Some(2), ["a", "b"]);
next_link_without_uri: rejected_link("a continuation in an unknown format is not the end", |page| {
    page.next_link(json!({"headers": [{"key": "MS-ContinuationToken", "value": "t1"}]}))
}) => fails_with(ErrorKind::Paging, Some(2), ["a", "b"]);
continuation_token_not_a_string:
    rejected_link("a continuation in an unknown format is not the end", |page| page.token(7))
        => fails_with(ErrorKind::Paging, Some(2), ["a", "b"]);
}
