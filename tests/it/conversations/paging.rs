//! From page to page.

use super::conversations;
use partner_center::{CustomerFilter, ErrorKind, ListCustomers, Paginated};
use partner_center_tests::{Answer, Conversation, Step, answer, list, page};
use serde_json::json;
use uuid::Uuid;

const PAGINATION: &str = "/v1/customers?size=2&seekOperation=Next";

/// A list of three customers in pages of two, its first page edited.
fn two_pages(rule: &'static str, first: impl FnOnce(Answer) -> Answer) -> impl FnOnce(&'static str) -> Conversation {
    let first = first(page(["a", "b"]));
    move |name| list(name, rule, ListCustomers::new().size(2)).then(first).then(page(["c"]))
}

/// A list whose first page has a way on that must not be taken; nothing answers a second request.
fn no_way_on(rule: &'static str, first: impl FnOnce(Answer) -> Answer) -> impl FnOnce(&'static str) -> Conversation {
    let first = first(page(["a", "b"]));
    move |name| list(name, rule, ListCustomers::new().size(2)).then(first)
}

fn pages(rule: &'static str, pages: impl IntoIterator<Item = Answer>) -> impl FnOnce(&'static str) -> Conversation {
    let pages: Vec<_> = pages.into_iter().collect();
    move |name| pages.into_iter().fold(list(name, rule, ListCustomers::new().size(2)), Conversation::then)
}

/// The text with half of a surrogate pair wherever it says so.
fn half_pairs(text: &str) -> Vec<u8> {
    text.replace("HALF", r"\ud83e").into_bytes()
}

/// A page whose customers have identifiers.
fn identified(names: [&str; 2], ids: [u128; 2]) -> Answer {
    page(names).edit(|page| {
        for (index, id) in ids.into_iter().enumerate() {
            page["items"][index]["id"] = json!(Uuid::from_u128(id));
        }
    })
}

/// A listing that goes on after `page`, saved and read again.
fn resume(page: &Answer) -> ListCustomers {
    let page = serde_json::from_slice(page.body()).unwrap();
    let continuation = ListCustomers::continuation(&page).unwrap().unwrap();
    let saved = serde_json::to_string(&continuation).unwrap();
    ListCustomers::resume(serde_json::from_str(&saved).unwrap())
}

conversations! {
    // The forms of a link.
    next_link_with_version: two_pages("next links since 2021: /v1/customers?..", |page| page.next(PAGINATION, "t1"))
        => whole(["a", "b", "c"]);
    next_link_without_version: two_pages("links of resources: /customers?..", |page| {
        page.next("/customers?size=2&seekOperation=Next", "t1")
    }) => whole(["a", "b", "c"]);
    next_link_without_leading_slash: two_pages("next links before 2021: customers?..", |page| {
        page.next("customers?size=2&seekOperation=Next", "t1")
    }) => whole(["a", "b", "c"]);
    next_link_absolute: two_pages("an absolute link on the same origin", |page| page.next(&format!("{{base}}{PAGINATION}"), "t1"))
        => whole(["a", "b", "c"]);
    next_link_with_version_twice: two_pages("/v1//v1/.. is what the archived clients make of it", |page| {
        page.next("/v1//v1/customers?size=2&seekOperation=Next", "t1")
    }) => whole(["a", "b", "c"]);
    next_link_with_uppercase_version: two_pages("/V1/..: the .NET SDK compares case-insensitively", |page| {
        page.next("/V1/customers?size=2&seekOperation=Next", "t1")
    }) => whole(["a", "b", "c"]);
    next_link_with_two_question_marks: two_pages("a second ? is an &", |page| {
        page.next("/v1/customers?size=2?seekOperation=Next", "t1")
    }) => whole(["a", "b", "c"]);
    next_link_with_unescaped_filter: two_pages("characters that are invalid in a URI are escaped, escapes stay", |page| {
        page.next(r#"/customers?size=2&filter={"Field":"CompanyName","Value":"a%20b'c d"}&seekOperation=Next"#, "t1")
    }) => whole(["a", "b", "c"]);
    next_link_without_method: two_pages("a link without a method is a GET", |page| {
        page.next_link(json!({"uri": PAGINATION, "headers": [{"key": "MS-ContinuationToken", "value": "t1"}]}))
    }) => whole(["a", "b", "c"]);
    next_link_without_headers: two_pages("absent headers are empty headers", |page| {
        page.next_link(json!({"uri": "/v1/customers?page=2", "method": "GET"}))
    }) => whole(["a", "b", "c"]);
    next_link_with_null_headers: two_pages("null is absent", |page| {
        page.next_link(json!({"uri": "/v1/customers?page=2", "method": "get", "headers": null}))
    }) => whole(["a", "b", "c"]);
    next_link_with_other_service_header: two_pages("MS-* headers of a link are sent", |page| {
        page.next_link(json!({"uri": PAGINATION, "method": "GET", "headers": [
            {"key": "ms-continuationtoken", "value": "t1"}, {"key": "MS-Shard", "value": "7"}
        ]}))
    }) => whole(["a", "b", "c"]);

    // The forms of a token.
    body_token: two_pages("a continuationToken in the body is sent with seekOperation", |page| page.token("t1"))
        => whole(["a", "b", "c"]);
    body_token_beside_a_link_token: two_pages("the link and its headers take precedence", |page| {
        page.next(PAGINATION, "from the link").token("from the body")
    }) => whole(["a", "b", "c"]);
    body_token_beside_a_link_without_one: two_pages("a link without a token takes the one in the body", |page| {
        page.next_link(json!({"uri": PAGINATION, "method": "GET", "headers": []})).token("t1")
    }) => whole(["a", "b", "c"]);
    body_token_beside_a_blank_link_token: two_pages("a blank header value is absent", |page| {
        page.next(PAGINATION, "").token("t1")
    }) => whole(["a", "b", "c"]);
    continuation_token_with_special_characters: two_pages("tokens are opaque: , / + = are sent byte for byte", |page| {
        page.next(PAGINATION, "AQ,AA/A+==~ x")
    }) => whole(["a", "b", "c"]);
    continuation_token_blank: pages("a blank token is absent", [page(["a", "b"]).token("  ")]) => whole(["a", "b"]);

    // The end of a list.
    list_without_links: pages("links may be missing altogether", [page(["a"])]) => whole(["a"]);
    last_page_without_items: pages("an empty last page has no customers", [page(["a"]).next(PAGINATION, "t1"), page([])]) => whole(["a"]);
    first_page_no_content: pages("no content means no customers", [answer(204, "")]) => whole([]);
    last_page_no_content: pages("an empty 2xx response to a continuation ends the list", [page(["a"]).next(PAGINATION, "t1"), answer(204, "")])
        => whole(["a"]);
    last_page_empty_body: pages("an empty 2xx response to a continuation ends the list", [
        page(["a"]).next(PAGINATION, "t1"),
        answer(200, ""),
    ]) => whole(["a"]);
    trailing_token: pages("the last page still has a token; 400 with code 2000 ends the list", [
        page(["a"]).next(PAGINATION, "t1"),
        answer(400, r#"{"code":2000,"description":"Invalid continuation","data":[],"source":"PartnerFD"}"#),
    ]) => whole(["a"]);
    trailing_token_with_string_code: pages("codes are numbers or strings", [
        page(["a"]).token("t1"),
        answer(400, r#"{"code":"2000","description":"Invalid continuation"}"#),
    ]) => whole(["a"]);
    empty_page_with_the_sent_token: pages("an empty page with the token that was sent ends the list", [
        page(["a"]).next(PAGINATION, "t1"),
        page([]).next(PAGINATION, "t1"),
    ]) => whole(["a"]);
    duplicate_token_in_another_link: |name| list(name, "the token identifies a page, however the link is written", ListCustomers::new())
        .then(page(["a"]).next("/v1/customers?seekOperation=Next", "t1"))
        .then(page(["b"]).next("/v1/customers?size=2&seekOperation=Next", "t1"))
        => fails(ErrorKind::Paging, Some(3), ["a", "b"]);
    empty_page_with_a_new_token: pages("an empty page with a new token does not end the list", [
        page(["a"]).next(PAGINATION, "t1"),
        page([]).next(PAGINATION, "t2"),
        page(["b"]),
    ]) => whole(["a", "b"]);
    total_count_is_ignored: pages("totalCount may be that of the page, or wrong", [
        page(["a"]).edit(|page| page["totalCount"] = json!(1)).next(PAGINATION, "t1"),
        page(["b"]).edit(|page| page["totalCount"] = json!(-7)),
    ]) => whole(["a", "b"]);

    last_page_truncated: pages("an empty body without a length may be truncated", [
        page(["a"]).next(PAGINATION, "t1"),
        answer(200, "").unframed(),
        answer(200, "").unframed(),
        page(["b"]),
    ]) => whole(["a", "b"]);

    // Resumed.
    resumed_by_link: |name| list(name, "a saved continuation resumes where its link points", resume(&page([]).next(PAGINATION, "t1")))
        .then(page(["b"]).next(PAGINATION, "t2")).then(page(["c"]))
        => whole(["b", "c"]);
    resumed_by_token: |name| list(name, "a saved token keeps the page size that is set again", resume(&page([]).token("t1")).size(3))
        .then(page(["b"]).token("t2")).then(page(["c"]))
        => whole(["b", "c"]);
    resumed_with_an_expired_token: |name| list(name, "a saved token may have expired: 400 with code 2000 does not end the list",
        resume(&page([]).token("t1")))
        .then(answer(400, r#"{"code":2000,"description":"Invalid continuation"}"#))
        => fails(ErrorKind::Service, Some(1), []);
    resumed_with_no_content: |name| list(name, "204 to a saved continuation does not end the list either", resume(&page([]).token("t1")))
        .then(answer(204, ""))
        => fails(ErrorKind::Decode, Some(1), []);
    resumed_with_a_filter: |name| list(name, "a resumed list keeps the filter that it began with",
        resume(&page([]).token("t1")).filter(CustomerFilter::domain("a")))
        => fails(ErrorKind::Request, None, []);
    resumed_at_another_host: |name| list(name, "a saved link is validated like one from the service",
        resume(&page([]).next("https://evil.example/v1/customers", "t1")))
        => fails(ErrorKind::Request, None, []);

    next_link_blank: pages("a link without content is absent", [
        page(["a"]).next_link(json!({"uri": "", "headers": []})),
    ]) => whole(["a"]);

    // JSON that its grammar allows, but not every reader.
    lone_surrogate_in_a_name: pages("a lone surrogate becomes U+FFFD, and the list continues", [
        page(["Bakery HALF", "b"]).next(PAGINATION, "t1").encode(half_pairs),
        page(["c"]),
    ]) => whole(["Bakery \u{fffd}", "b", "c"]);
    lone_surrogate_in_utf16: pages("the same in UTF-16, where a lone surrogate is not an escape", [
        page(["Bakery HALF"]).next(PAGINATION, "t1").encode(|text| {
            let units = text.split("HALF").map(|part| part.encode_utf16().collect::<Vec<_>>()).collect::<Vec<_>>();
            units.join(&0xD83E).into_iter().flat_map(u16::to_le_bytes).collect()
        }),
        page(["c"]),
    ]) => whole(["Bakery \u{fffd}", "c"]);
    lone_surrogate_anywhere: pages("in names of fields, links, and unknown fields", [
        page(["a", "b"]).next(PAGINATION, "t1").edit(|page| {
            page["HALF"] = json!(["HALF"]);
            page["links"]["HALF"] = json!({"uri": "HALF"});
            page["items"][0]["HALF"] = json!("HALF");
            page["items"][0]["links"] = json!({"self": {"uri": "HALF", "HALF": 1}});
        }).encode(half_pairs),
        page(["c"]),
    ]) => whole(["a", "b", "c"]);
    number_without_bounds: pages("JSON does not limit numbers", [
        page(["a"]).next(PAGINATION, "t1").encode(|text| {
            text.replace(r#""totalCount":1"#, &format!(r#""totalCount":1e999,"n":[-1E+400,{}]"#, "9".repeat(5_000))).into()
        }),
        page(["c"]),
    ]) => whole(["a", "c"]);
    nesting_without_bounds: pages("JSON does not limit nesting", [
        page(["a"]).next(PAGINATION, "t1").encode(|text| {
            let deep = "[".repeat(10_000) + &"]".repeat(10_000);
            text.replace(r#""totalCount":1"#, &format!(r#""totalCount":1,"n":{deep}"#)).into()
        }),
        page(["c"]),
    ]) => whole(["a", "c"]);
    duplicate_page_with_lone_surrogate: pages("a duplicate page is detected in spite of replaced characters", [
        page(["Bakery HALF"]).next(PAGINATION, "t1").encode(half_pairs),
        page(["Bakery HALF"]).next(PAGINATION, "t2").encode(half_pairs),
    ]) => fails(ErrorKind::Paging, Some(3), ["Bakery \u{fffd}", "Bakery \u{fffd}"]);

    // Not the end of a list.
    consumed_token_is_not_the_end: |name| list(name, "400 with code 2000 to a second attempt may mean that the first one consumed the token",
        ListCustomers::new().size(2))
        .then(page(["a"]).next(PAGINATION, "t1")).then(Step::Truncate(page(["b"])))
        .then(answer(400, r#"{"code":2000,"description":"Invalid continuation"}"#))
        => fails(ErrorKind::Service, Some(2), ["a"]);
    accepted_is_not_the_end: pages("202 means to come back later", [
        page(["a"]).next(PAGINATION, "t1"),
        answer(202, ""),
        page(["b"]),
    ]) => whole(["a", "b"]);
    no_content_with_retry_after_is_not_the_end: pages("204 with Retry-After means to come back later", [
        page(["a"]).next(PAGINATION, "t1"),
        answer(204, "").with("Retry-After", "5"),
        page(["b"]),
    ]) => whole(["a", "b"]);
    page_without_items: pages("an object without items may not be a page", [answer(200, r#"{"totalCount":25}"#)])
        => fails(ErrorKind::Decode, Some(1), []);
    page_with_null_items: pages("null is absent, also for a list", [answer(200, r#"{"items":null,"totalCount":0}"#)])
        => whole([]);
    page_with_too_many_items: pages("a few bytes of JSON can become a lot of memory", [
        answer(200, format!(r#"{{"items":[{}{{}}]}}"#, "{},".repeat(100_000))),
    ]) => fails(ErrorKind::Decode, Some(1), []);
    bad_request_with_another_code: pages("only code 2000 ends a list", [
        page(["a"]).next(PAGINATION, "t1"),
        answer(400, r#"{"code":900118,"description":"no"}"#),
    ]) => fails(ErrorKind::Service, Some(2), ["a"]);
    bad_request_on_the_first_page: pages("400 with code 2000 on a first request is an error", [
        answer(400, r#"{"code":2000,"description":"Customer search only allows starts with and equals operation."}"#),
    ]) => fails(ErrorKind::Service, Some(1), []);
    empty_body_on_the_first_page: pages("an empty 200 in place of the first page is not a list", [answer(200, "")])
        => fails(ErrorKind::Decode, Some(1), []);
    error_body_with_status_200: pages("an error body with status 200 is not an empty page", [
        answer(200, r#"{"code":400072,"description":"Something else"}"#),
    ]) => fails(ErrorKind::Service, Some(1), []);
    items_not_an_array: pages("a list without its items would be incomplete", [
        page(["a"]).edit(|page| page["items"] = json!("none")),
    ]) => fails(ErrorKind::Decode, Some(1), []);
    item_null: pages("a null customer would be lost, so the page is invalid", [
        page(["a"]).edit(|page| page["items"][0] = json!(null)),
    ]) => fails(ErrorKind::Decode, Some(1), []);

    // Round in circles.
    duplicate_token: pages("a continuation seen before is an error, not a loop", [
        page(["a"]).next(PAGINATION, "t1"),
        page(["b"]).next(PAGINATION, "t1"),
    ]) => fails(ErrorKind::Paging, Some(3), ["a", "b"]);
    alternating_tokens: pages("a continuation seen before is an error, not a loop", [
        page(["a"]).next(PAGINATION, "t1"),
        page(["b"]).next(PAGINATION, "t2"),
        page(["c"]).next(PAGINATION, "t1"),
    ]) => fails(ErrorKind::Paging, Some(4), ["a", "b", "c"]);
    duplicate_token_in_the_body: pages("the token identifies a page, in a link and in the body", [
        page(["a"]).next(PAGINATION, "t1"),
        page(["b"]).token("t1"),
    ]) => fails(ErrorKind::Paging, Some(3), ["a", "b"]);
    duplicate_page_with_a_new_token: pages("a token that is lost on its way returns the first page again", [
        page(["a"]).next(PAGINATION, "t1"),
        page(["a"]).next(PAGINATION, "t2"),
    ]) => fails(ErrorKind::Paging, Some(3), ["a", "a"]);
    duplicate_page_with_changes: pages("a page with the same customers is a duplicate, whatever has changed in them", [
        identified(["a", "b"], [1, 2]).next(PAGINATION, "t1"),
        identified(["a", "c"], [1, 2]).next(PAGINATION, "t2"),
    ]) => fails(ErrorKind::Paging, Some(3), ["a", "b", "a", "c"]);
    similar_pages_are_not_duplicates: pages("a page with other customers is another page, however similar", [
        identified(["a", "a"], [1, 2]).next(PAGINATION, "t1"),
        identified(["a", "a"], [1, 3]),
    ]) => whole(["a", "a", "a", "a"]);
    identical_ids_are_not_duplicates: pages("IDs that are all the same do not identify a page", [
        identified(["a", "b"], [0, 0]).next(PAGINATION, "t1"),
        identified(["c", "d"], [0, 0]),
    ]) => whole(["a", "b", "c", "d"]);
    next_link_to_the_first_page: pages("the first page counts as seen", [
        page(["a"]).next_link(json!({"uri": "/v1/customers?size=2", "method": "GET", "headers": []})),
    ]) => fails(ErrorKind::Paging, Some(2), ["a"]);
    empty_pages_without_end: |name| (1..=100).fold(
        list(name, "the number of consecutive empty pages is limited", ListCustomers::new().size(2)),
        |talk, number| talk.then(page([]).next(PAGINATION, &format!("t{number}"))),
    ) => fails(ErrorKind::Paging, Some(101), []);

    // Ways that are not taken.
    next_link_to_another_host: no_way_on("the token is sent to the configured origin only", |page| {
        page.next("https://evil.example/v1/customers", "t1")
    }) => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    next_link_to_another_port: no_way_on("another port is another origin", |page| {
        page.next("http://127.0.0.1:1/v1/customers", "t1")
    }) => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    next_link_scheme_relative: no_way_on("//host is another host", |page| page.next("//evil.example/v1/customers", "t1"))
        => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    next_link_with_user_name: no_way_on("http://127.0.0.1@evil.example is evil.example", |page| {
        page.next("{base}@evil.example/v1/customers", "t1")
    }) => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    next_link_with_backslash: no_way_on("URL parsers take \\ for /", |page| page.next(r"/\evil.example/v1/customers", "t1"))
        => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    next_link_with_parent_segment: no_way_on("/v1/../admin is /admin", |page| page.next("/v1/../admin?x=1", "t1"))
        => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    next_link_with_encoded_parent_segment: no_way_on("%2e%2e is ..", |page| page.next("/v1/%2e%2E/admin?x=1", "t1"))
        => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    next_link_with_encoded_slash: no_way_on("some servers take %2f for /", |page| page.next("/v1/customers%2f..%2fadmin", "t1"))
        => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    next_link_to_the_root: no_way_on("the root of the service is not a list", |page| page.next("/v1/?page=2", "t1"))
        => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    next_link_with_too_many_headers: no_way_on("the number of headers is limited", |page| {
        let headers: Vec<_> = (0..17).map(|n| json!({"key": format!("MS-Header-{n}"), "value": "v"})).collect();
        page.next_link(json!({"uri": PAGINATION, "method": "GET", "headers": headers}))
    }) => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    next_link_with_line_break: no_way_on("no header injection through the request line", |page| {
        page.next("/v1/customers HTTP/1.1\r\nX-Evil: 1\r\n", "t1")
    }) => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    next_link_with_another_scheme: no_way_on("only the configured scheme", |page| page.next("file:///etc/passwd", "t1"))
        => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    next_link_with_post_method: no_way_on("only GET", |page| {
        page.next_link(json!({"uri": PAGINATION, "method": "POST", "headers": []}))
    }) => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    next_link_with_authorization_header: no_way_on("a link may set MS-* headers only", |page| {
        page.next_link(json!({"uri": PAGINATION, "method": "GET", "headers": [{"key": "Authorization", "value": "Basic x"}]}))
    }) => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    next_link_with_host_header: no_way_on("a link may set MS-* headers only", |page| {
        page.next_link(json!({"uri": PAGINATION, "method": "GET", "headers": [{"key": "Host", "value": "evil.example"}]}))
    }) => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    next_link_with_line_break_in_a_header: no_way_on("no line break in a header", |page| page.next(PAGINATION, "t1\r\nX-Evil: 1"))
        => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    continuation_token_not_ascii: no_way_on("headers are ASCII; servers differ in how they read anything else", |page| {
        page.next(PAGINATION, "tökén")
    }) => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    next_link_with_duplicate_header: no_way_on("two tokens are ambiguous", |page| {
        page.next_link(json!({"uri": PAGINATION, "method": "GET", "headers": [
            {"key": "MS-ContinuationToken", "value": "t1"}, {"key": "ms-continuationtoken", "value": "t2"}
        ]}))
    }) => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    next_link_of_max_length: two_pages("a link has at most 8 KiB", |page| {
        page.next(&format!("/v1/customers?x={}", "y".repeat(8192 - 16)), "t1")
    }) => whole(["a", "b", "c"]);
    next_link_too_long: no_way_on("a link has at most 8 KiB", |page| {
        page.next(&format!("/v1/customers?x={}", "y".repeat(9000)), "t1")
    }) => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    continuation_token_too_long: no_way_on("a token has at most 16 KiB", |page| page.next(PAGINATION, &"y".repeat(17_000)))
        => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    next_link_not_an_object: no_way_on("a continuation in an unknown format is not the end", |page| {
        page.next_link(json!("/v1/customers?size=2&seekOperation=Next"))
    }) => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    next_link_with_href: no_way_on("a continuation in an unknown format is not the end", |page| {
        page.next_link(json!({"href": PAGINATION, "method": "GET"}))
    }) => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    next_link_in_uppercase: no_way_on("a continuation in an unknown format is not the end", |page| {
        page.next_link(json!({"URI": PAGINATION, "headers": []}))
    }) => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    continuation_token_in_lowercase: no_way_on("a continuation in an unknown format is not the end", |page| {
        page.edit(|page| page["continuationtoken"] = json!("t1"))
    }) => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    next_link_in_an_array: no_way_on("a continuation in an unknown format is not the end", |page| {
        page.edit(|page| page["links"] = json!([{"rel": "next", "href": PAGINATION}]))
    }) => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    next_link_with_headers_as_an_object: no_way_on("a continuation in an unknown format is not the end", |page| {
        page.next_link(json!({"uri": PAGINATION, "method": "GET", "headers": {"MS-ContinuationToken": "t1"}}))
    }) => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    next_link_without_uri: no_way_on("a continuation in an unknown format is not the end", |page| {
        page.next_link(json!({"headers": [{"key": "MS-ContinuationToken", "value": "t1"}]}))
    }) => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    continuation_token_not_a_string: no_way_on("a continuation in an unknown format is not the end", |page| page.token(7))
        => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
}
