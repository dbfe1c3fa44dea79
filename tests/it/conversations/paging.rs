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
    link_with_the_version: two_pages("next links since 2021: /v1/customers?..", |page| page.next(PAGINATION, "t1"))
        => whole(["a", "b", "c"]);
    link_without_the_version: two_pages("links of resources: /customers?..", |page| {
        page.next("/customers?size=2&seekOperation=Next", "t1")
    }) => whole(["a", "b", "c"]);
    link_without_a_slash: two_pages("next links before 2021: customers?..", |page| {
        page.next("customers?size=2&seekOperation=Next", "t1")
    }) => whole(["a", "b", "c"]);
    link_that_is_absolute: two_pages("absolute on the same origin", |page| page.next(&format!("{{base}}{PAGINATION}"), "t1"))
        => whole(["a", "b", "c"]);
    link_with_the_version_twice: two_pages("/v1//v1/.. is what the archived clients make of it", |page| {
        page.next("/v1//v1/customers?size=2&seekOperation=Next", "t1")
    }) => whole(["a", "b", "c"]);
    link_with_the_version_in_capitals: two_pages("/V1/..: the .NET SDK compares without case", |page| {
        page.next("/V1/customers?size=2&seekOperation=Next", "t1")
    }) => whole(["a", "b", "c"]);
    link_with_two_question_marks: two_pages("a second ? is an &", |page| {
        page.next("/v1/customers?size=2?seekOperation=Next", "t1")
    }) => whole(["a", "b", "c"]);
    link_with_a_raw_filter: two_pages("what may not stand in a URI is encoded, what is encoded stays", |page| {
        page.next(r#"/customers?size=2&filter={"Field":"CompanyName","Value":"a%20b'c d"}&seekOperation=Next"#, "t1")
    }) => whole(["a", "b", "c"]);
    link_without_a_method: two_pages("a link without a method is a GET", |page| {
        page.next_link(json!({"uri": PAGINATION, "headers": [{"key": "MS-ContinuationToken", "value": "t1"}]}))
    }) => whole(["a", "b", "c"]);
    link_without_headers: two_pages("absent headers are empty headers", |page| {
        page.next_link(json!({"uri": "/v1/customers?page=2", "method": "GET"}))
    }) => whole(["a", "b", "c"]);
    link_with_null_headers: two_pages("null is absent", |page| {
        page.next_link(json!({"uri": "/v1/customers?page=2", "method": "get", "headers": null}))
    }) => whole(["a", "b", "c"]);
    link_with_another_header_of_the_service: two_pages("MS-* headers travel", |page| {
        page.next_link(json!({"uri": PAGINATION, "method": "GET", "headers": [
            {"key": "ms-continuationtoken", "value": "t1"}, {"key": "MS-Shard", "value": "7"}
        ]}))
    }) => whole(["a", "b", "c"]);

    // The forms of a token.
    token_in_the_body: two_pages("a body continuationToken is asked for by seekOperation", |page| page.token("t1"))
        => whole(["a", "b", "c"]);
    token_in_link_and_body: two_pages("the link and its headers are preferred", |page| {
        page.next(PAGINATION, "from the link").token("from the body")
    }) => whole(["a", "b", "c"]);
    token_in_the_body_beside_a_bare_link: two_pages("a link without a token takes the body's", |page| {
        page.next_link(json!({"uri": PAGINATION, "method": "GET", "headers": []})).token("t1")
    }) => whole(["a", "b", "c"]);
    token_in_the_body_beside_a_blank_one: two_pages("a blank value of a header is none", |page| {
        page.next(PAGINATION, "").token("t1")
    }) => whole(["a", "b", "c"]);
    token_with_every_character: two_pages("tokens are opaque: , / + = survive byte for byte", |page| {
        page.next(PAGINATION, "AQ,AA/A+==~ x")
    }) => whole(["a", "b", "c"]);
    token_that_is_blank: pages("a blank token is none", [page(["a", "b"]).token("  ")]) => whole(["a", "b"]);

    // The end of a list.
    no_links_at_all: pages("links may be missing altogether", [page(["a"])]) => whole(["a"]);
    last_page_empty: pages("an empty last page yields nothing", [page(["a"]).next(PAGINATION, "t1"), page([])]) => whole(["a"]);
    first_page_204: pages("no content is no customers", [answer(204, "")]) => whole([]);
    last_page_204: pages("an empty 2xx on a continuation is the end", [page(["a"]).next(PAGINATION, "t1"), answer(204, "")])
        => whole(["a"]);
    last_page_200_without_a_body: pages("an empty 2xx on a continuation is the end", [
        page(["a"]).next(PAGINATION, "t1"),
        answer(200, ""),
    ]) => whole(["a"]);
    trailing_token: pages("the last page still carries a token; 400 with code 2000 is the end", [
        page(["a"]).next(PAGINATION, "t1"),
        answer(400, r#"{"code":2000,"description":"Invalid continuation","data":[],"source":"PartnerFD"}"#),
    ]) => whole(["a"]);
    trailing_token_with_a_code_in_text: pages("codes are numbers or texts", [
        page(["a"]).token("t1"),
        answer(400, r#"{"code":"2000","description":"Invalid continuation"}"#),
    ]) => whole(["a"]);
    empty_page_with_its_own_token: pages("nothing came, and the token is the one we came with: the end", [
        page(["a"]).next(PAGINATION, "t1"),
        page([]).next(PAGINATION, "t1"),
    ]) => whole(["a"]);
    same_token_by_another_link: |name| list(name, "where there is a token, the token is the place: not how the link is written", ListCustomers::new())
        .then(page(["a"]).next("/v1/customers?seekOperation=Next", "t1"))
        .then(page(["b"]).next("/v1/customers?size=2&seekOperation=Next", "t1"))
        => fails(ErrorKind::Paging, Some(3), ["a", "b"]);
    empty_page_in_the_middle: pages("an empty page with a new token is not the end", [
        page(["a"]).next(PAGINATION, "t1"),
        page([]).next(PAGINATION, "t2"),
        page(["b"]),
    ]) => whole(["a", "b"]);
    total_count_is_not_trusted: pages("totalCount is at times that of the page, at times a lie", [
        page(["a"]).edit(|page| page["totalCount"] = json!(1)).next(PAGINATION, "t1"),
        page(["b"]).edit(|page| page["totalCount"] = json!(-7)),
    ]) => whole(["a", "b"]);

    last_page_200_cut_short: pages("an empty body that nothing says is empty may have been cut short", [
        page(["a"]).next(PAGINATION, "t1"),
        answer(200, "").unframed(),
        answer(200, "").unframed(),
        page(["b"]),
    ]) => whole(["a", "b"]);

    // Resumed.
    resumed_by_link: |name| list(name, "a saved continuation goes on where it points", resume(&page([]).next(PAGINATION, "t1")))
        .then(page(["b"]).next(PAGINATION, "t2")).then(page(["c"]))
        => whole(["b", "c"]);
    resumed_by_token: |name| list(name, "a saved token keeps the size that is set again", resume(&page([]).token("t1")).size(3))
        .then(page(["b"]).token("t2")).then(page(["c"]))
        => whole(["b", "c"]);
    resumed_too_late: |name| list(name, "a token that was saved may have expired: 400 with code 2000 is no end there",
        resume(&page([]).token("t1")))
        .then(answer(400, r#"{"code":2000,"description":"Invalid continuation"}"#))
        => fails(ErrorKind::Service, Some(1), []);
    resumed_at_nothing: |name| list(name, "204 to a saved continuation is no end either", resume(&page([]).token("t1")))
        .then(answer(204, ""))
        => fails(ErrorKind::Decode, Some(1), []);
    resumed_with_a_filter: |name| list(name, "a resumed listing keeps the filter that it began with",
        resume(&page([]).token("t1")).filter(CustomerFilter::domain("a")))
        => fails(ErrorKind::Request, None, []);
    resumed_elsewhere: |name| list(name, "a saved link is trusted no more than one from the wire",
        resume(&page([]).next("https://evil.example/v1/customers", "t1")))
        => fails(ErrorKind::Request, None, []);

    next_link_that_is_blank: pages("a link that holds nothing leads nowhere", [
        page(["a"]).next_link(json!({"uri": "", "headers": []})),
    ]) => whole(["a"]);

    // JSON that its grammar allows, but not every reader.
    name_cut_within_a_pair: pages("half a surrogate pair is U+FFFD, and the list goes on", [
        page(["Bakery HALF", "b"]).next(PAGINATION, "t1").encode(half_pairs),
        page(["c"]),
    ]) => whole(["Bakery \u{fffd}", "b", "c"]);
    name_cut_within_a_pair_of_utf16: pages("the same in UTF-16, where a half is no escape", [
        page(["Bakery HALF"]).next(PAGINATION, "t1").encode(|text| {
            let units = text.split("HALF").map(|part| part.encode_utf16().collect::<Vec<_>>()).collect::<Vec<_>>();
            units.join(&0xD83E).into_iter().flat_map(u16::to_le_bytes).collect()
        }),
        page(["c"]),
    ]) => whole(["Bakery \u{fffd}", "c"]);
    half_a_pair_anywhere: pages("in names of fields, links, and what is unknown", [
        page(["a", "b"]).next(PAGINATION, "t1").edit(|page| {
            page["HALF"] = json!(["HALF"]);
            page["links"]["HALF"] = json!({"uri": "HALF"});
            page["items"][0]["HALF"] = json!("HALF");
            page["items"][0]["links"] = json!({"self": {"uri": "HALF", "HALF": 1}});
        }).encode(half_pairs),
        page(["c"]),
    ]) => whole(["a", "b", "c"]);
    numbers_without_bounds: pages("a number is whatever its grammar allows", [
        page(["a"]).next(PAGINATION, "t1").encode(|text| {
            text.replace(r#""totalCount":1"#, &format!(r#""totalCount":1e999,"n":[-1E+400,{}]"#, "9".repeat(5_000))).into()
        }),
        page(["c"]),
    ]) => whole(["a", "c"]);
    nesting_without_bounds: pages("so is nesting", [
        page(["a"]).next(PAGINATION, "t1").encode(|text| {
            let deep = "[".repeat(10_000) + &"]".repeat(10_000);
            text.replace(r#""totalCount":1"#, &format!(r#""totalCount":1,"n":{deep}"#)).into()
        }),
        page(["c"]),
    ]) => whole(["a", "c"]);
    page_repeated_with_half_a_pair: pages("a page that was sent before is noticed, however it is written", [
        page(["Bakery HALF"]).next(PAGINATION, "t1").encode(half_pairs),
        page(["Bakery HALF"]).next(PAGINATION, "t2").encode(half_pairs),
    ]) => fails(ErrorKind::Paging, Some(3), ["Bakery \u{fffd}", "Bakery \u{fffd}"]);

    // Not the end of a list.
    token_used_up_by_a_lost_page: |name| list(name, "400 with code 2000 to a second attempt may mean that the first used the token up",
        ListCustomers::new().size(2))
        .then(page(["a"]).next(PAGINATION, "t1")).then(Step::Truncate(page(["b"])))
        .then(answer(400, r#"{"code":2000,"description":"Invalid continuation"}"#))
        => fails(ErrorKind::Service, Some(2), ["a"]);
    accepted_is_not_the_end: pages("202 says to come back later", [
        page(["a"]).next(PAGINATION, "t1"),
        answer(202, ""),
        page(["b"]),
    ]) => whole(["a", "b"]);
    no_content_yet: pages("204 with Retry-After says to come back later", [
        page(["a"]).next(PAGINATION, "t1"),
        answer(204, "").with("Retry-After", "5"),
        page(["b"]),
    ]) => whole(["a", "b"]);
    page_without_items: pages("an object without items is perhaps no page", [answer(200, r#"{"totalCount":25}"#)])
        => fails(ErrorKind::Decode, Some(1), []);
    page_with_null_items: pages("null is absent, also for a list", [answer(200, r#"{"items":null,"totalCount":0}"#)])
        => whole([]);
    page_with_too_many_items: pages("a few bytes of JSON become many of memory", [
        answer(200, format!(r#"{{"items":[{}{{}}]}}"#, "{},".repeat(100_000))),
    ]) => fails(ErrorKind::Decode, Some(1), []);
    bad_request_with_another_code: pages("only code 2000 ends a list", [
        page(["a"]).next(PAGINATION, "t1"),
        answer(400, r#"{"code":900118,"description":"no"}"#),
    ]) => fails(ErrorKind::Service, Some(2), ["a"]);
    bad_request_at_once: pages("400 with code 2000 on a first request is an error", [
        answer(400, r#"{"code":2000,"description":"Customer search only allows starts with and equals operation."}"#),
    ]) => fails(ErrorKind::Service, Some(1), []);
    empty_answer_at_once: pages("an empty 200 where a first page is due is no list", [answer(200, "")])
        => fails(ErrorKind::Decode, Some(1), []);
    fault_with_status_200: pages("error tables show a fault under 200: not an empty page", [
        answer(200, r#"{"code":400072,"description":"Something else"}"#),
    ]) => fails(ErrorKind::Service, Some(1), []);
    items_that_are_no_list: pages("half a list would be a lie", [
        page(["a"]).edit(|page| page["items"] = json!("none")),
    ]) => fails(ErrorKind::Decode, Some(1), []);
    item_that_is_null: pages("a customer that is null is lost, so the page is no page", [
        page(["a"]).edit(|page| page["items"][0] = json!(null)),
    ]) => fails(ErrorKind::Decode, Some(1), []);

    // Round in circles.
    token_repeated: pages("a continuation seen before is an error, not a loop", [
        page(["a"]).next(PAGINATION, "t1"),
        page(["b"]).next(PAGINATION, "t1"),
    ]) => fails(ErrorKind::Paging, Some(3), ["a", "b"]);
    tokens_alternating: pages("a continuation seen before is an error, not a loop", [
        page(["a"]).next(PAGINATION, "t1"),
        page(["b"]).next(PAGINATION, "t2"),
        page(["c"]).next(PAGINATION, "t1"),
    ]) => fails(ErrorKind::Paging, Some(4), ["a", "b", "c"]);
    token_repeated_by_another_way: pages("the token says where a continuation leads, however it is given", [
        page(["a"]).next(PAGINATION, "t1"),
        page(["b"]).token("t1"),
    ]) => fails(ErrorKind::Paging, Some(3), ["a", "b"]);
    page_repeated_under_another_token: pages("a token that is lost on its way brings the first page again", [
        page(["a"]).next(PAGINATION, "t1"),
        page(["a"]).next(PAGINATION, "t2"),
    ]) => fails(ErrorKind::Paging, Some(3), ["a", "a"]);
    page_repeated_with_news: pages("a page with the same customers is the same, whatever has changed with them", [
        identified(["a", "b"], [1, 2]).next(PAGINATION, "t1"),
        identified(["a", "c"], [1, 2]).next(PAGINATION, "t2"),
    ]) => fails(ErrorKind::Paging, Some(3), ["a", "b", "a", "c"]);
    pages_that_begin_alike: pages("a page with other customers is another, however alike they look", [
        identified(["a", "a"], [1, 2]).next(PAGINATION, "t1"),
        identified(["a", "a"], [1, 3]),
    ]) => whole(["a", "a", "a", "a"]);
    identifiers_that_tell_nothing: pages("identifiers that are all the same do not tell pages apart", [
        identified(["a", "b"], [0, 0]).next(PAGINATION, "t1"),
        identified(["c", "d"], [0, 0]),
    ]) => whole(["a", "b", "c", "d"]);
    link_back_to_the_first_page: pages("the first page counts as seen", [
        page(["a"]).next_link(json!({"uri": "/v1/customers?size=2", "method": "GET", "headers": []})),
    ]) => fails(ErrorKind::Paging, Some(2), ["a"]);
    nothing_for_ever: |name| (1..=100).fold(
        list(name, "a list of empty pages does not go on for ever", ListCustomers::new().size(2)),
        |talk, number| talk.then(page([]).next(PAGINATION, &format!("t{number}"))),
    ) => fails(ErrorKind::Paging, Some(101), []);

    // Ways that are not taken.
    link_to_another_host: no_way_on("the token goes to the configured origin only", |page| {
        page.next("https://evil.example/v1/customers", "t1")
    }) => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    link_to_another_port: no_way_on("another port is another origin", |page| {
        page.next("http://127.0.0.1:1/v1/customers", "t1")
    }) => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    link_relative_to_the_scheme: no_way_on("//host is another host", |page| page.next("//evil.example/v1/customers", "t1"))
        => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    link_with_a_user_name: no_way_on("http://127.0.0.1@evil.example is evil.example", |page| {
        page.next("{base}@evil.example/v1/customers", "t1")
    }) => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    link_with_a_backslash: no_way_on("URL parsers take \\ for /", |page| page.next(r"/\evil.example/v1/customers", "t1"))
        => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    link_that_climbs: no_way_on("/v1/../admin is /admin", |page| page.next("/v1/../admin?x=1", "t1"))
        => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    link_that_climbs_encoded: no_way_on("%2e%2e is ..", |page| page.next("/v1/%2e%2E/admin?x=1", "t1"))
        => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    link_with_an_encoded_slash: no_way_on("%2f is / to some", |page| page.next("/v1/customers%2f..%2fadmin", "t1"))
        => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    link_to_nothing: no_way_on("the service's root is no list", |page| page.next("/v1/?page=2", "t1"))
        => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    link_with_too_many_headers: no_way_on("headers are bounded", |page| {
        let headers: Vec<_> = (0..17).map(|n| json!({"key": format!("MS-Header-{n}"), "value": "v"})).collect();
        page.next_link(json!({"uri": PAGINATION, "method": "GET", "headers": headers}))
    }) => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    link_with_a_line_break: no_way_on("no header injection through the request line", |page| {
        page.next("/v1/customers HTTP/1.1\r\nX-Evil: 1\r\n", "t1")
    }) => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    link_with_another_scheme: no_way_on("only the configured scheme", |page| page.next("file:///etc/passwd", "t1"))
        => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    link_that_posts: no_way_on("only GET", |page| {
        page.next_link(json!({"uri": PAGINATION, "method": "POST", "headers": []}))
    }) => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    link_that_sets_authorization: no_way_on("a link may ask for MS-* headers only", |page| {
        page.next_link(json!({"uri": PAGINATION, "method": "GET", "headers": [{"key": "Authorization", "value": "Basic x"}]}))
    }) => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    link_that_sets_the_host: no_way_on("a link may ask for MS-* headers only", |page| {
        page.next_link(json!({"uri": PAGINATION, "method": "GET", "headers": [{"key": "Host", "value": "evil.example"}]}))
    }) => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    link_that_injects_a_header: no_way_on("no line break in a header", |page| page.next(PAGINATION, "t1\r\nX-Evil: 1"))
        => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    token_beyond_ascii: no_way_on("headers are ASCII; anything else each server reads its own way", |page| {
        page.next(PAGINATION, "tökén")
    }) => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    link_with_a_header_twice: no_way_on("which of two tokens is meant?", |page| {
        page.next_link(json!({"uri": PAGINATION, "method": "GET", "headers": [
            {"key": "MS-ContinuationToken", "value": "t1"}, {"key": "ms-continuationtoken", "value": "t2"}
        ]}))
    }) => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    link_as_long_as_may_be: two_pages("a link has at most 8 KiB", |page| {
        page.next(&format!("/v1/customers?x={}", "y".repeat(8192 - 16)), "t1")
    }) => whole(["a", "b", "c"]);
    link_that_is_endless: no_way_on("a link has at most 8 KiB", |page| {
        page.next(&format!("/v1/customers?x={}", "y".repeat(9000)), "t1")
    }) => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    token_that_is_endless: no_way_on("a token has at most 16 KiB", |page| page.next(PAGINATION, &"y".repeat(17_000)))
        => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    link_that_is_no_link: no_way_on("what says that the list goes on, but not how, is not the end", |page| {
        page.next_link(json!("/v1/customers?size=2&seekOperation=Next"))
    }) => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    link_of_another_kind: no_way_on("what says that the list goes on, but not how, is not the end", |page| {
        page.next_link(json!({"href": PAGINATION, "method": "GET"}))
    }) => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    link_in_capitals: no_way_on("what says that the list goes on, but not how, is not the end", |page| {
        page.next_link(json!({"URI": PAGINATION, "headers": []}))
    }) => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    token_in_lower_case: no_way_on("what says that the list goes on, but not how, is not the end", |page| {
        page.edit(|page| page["continuationtoken"] = json!("t1"))
    }) => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    links_that_are_no_links: no_way_on("what says that the list goes on, but not how, is not the end", |page| {
        page.edit(|page| page["links"] = json!([{"rel": "next", "href": PAGINATION}]))
    }) => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    link_with_headers_of_another_shape: no_way_on("what says that the list goes on, but not how, is not the end", |page| {
        page.next_link(json!({"uri": PAGINATION, "method": "GET", "headers": {"MS-ContinuationToken": "t1"}}))
    }) => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    link_with_headers_but_no_uri: no_way_on("what says that the list goes on, but not how, is not the end", |page| {
        page.next_link(json!({"headers": [{"key": "MS-ContinuationToken", "value": "t1"}]}))
    }) => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
    token_that_is_a_number: no_way_on("what says that the list goes on, but not how, is not the end", |page| page.token(7))
        => fails(ErrorKind::Paging, Some(2), ["a", "b"]);
}
