//! When things go wrong: what is repeated, what is given up, and how it is told.

use super::conversations;
use partner_center::{ErrorKind, ListCustomers, RetryPolicy};
use partner_center_tests::{Answer, Conversation, Step, answer, customer, get, list, page};
use std::time::Duration;

fn asked(rule: &'static str, steps: impl IntoIterator<Item = Step>) -> impl FnOnce(&'static str) -> Conversation {
    let steps: Vec<_> = steps.into_iter().collect();
    move |name| steps.into_iter().fold(get(name, rule), Conversation::then)
}

fn found() -> Answer {
    answer(200, customer("a").to_string())
}

fn refused(status: u16) -> Answer {
    answer(status, format!(r#"{{"code":{status}00,"description":"No.","data":[],"source":"PartnerFD"}}"#))
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

conversations! {
    // What is repeated.
    status_408: asked("408 is repeated", [refused(408).into(), found().into()]) => whole(["a"]);
    status_429: asked("429 is repeated", [refused(429).into(), found().into()]) => whole(["a"]);
    status_500: asked("500 is repeated", [refused(500).into(), found().into()]) => whole(["a"]);
    status_502: asked("502 is repeated", [answer(502, "<html>bad gateway</html>").into(), found().into()]) => whole(["a"]);
    status_503: asked("503 is repeated", [refused(503).into(), found().into()]) => whole(["a"]);
    status_504: asked("504 is repeated", [refused(504).into(), found().into()]) => whole(["a"]);
    hangup: asked("no answer is repeated, under the same request id", [Step::Hangup, found().into()]) => whole(["a"]);
    truncated: asked("a short body is repeated", [Step::Truncate(found()), found().into()]) => whole(["a"]);
    truncated_chunks: asked("a body whose chunks do not end is repeated", [
        Step::Truncate(found().chunked()),
        found().into(),
    ]) => whole(["a"]);
    truncated_json: asked("a body that ends in the middle of a value is repeated", [
        answer(200, r#"{"companyProfile": {"compa"#).into(),
        found().into(),
    ]) => whole(["a"]);
    silence: |name| get(name, "a timeout is repeated").then(Step::Silence).then(found()).timeout(Duration::from_millis(300))
        => whole(["a"]);
    drip: |name| get(name, "the timeout covers the body: a dripping server does not hang us")
        .then(Step::Drip(found())).then(found()).timeout(Duration::from_millis(300))
        => whole(["a"]);
    stall: |name| get(name, "a head that does not end is a timeout")
        .then(Step::Stall).then(found()).timeout(Duration::from_millis(300))
        => whole(["a"]);
    page_repeated: |name| list(name, "a page is repeated as it was asked for, and comes once", ListCustomers::new())
        .then(page(["a"]).next("/v1/customers?seekOperation=Next", "t1"))
        .then(refused(503))
        .then(Step::Hangup)
        .then(page(["b"]))
        => whole(["a", "b"]);

    // How long it waits.
    four_attempts: asked("four attempts, waiting 0.5 s, 1 s, 2 s", vec![refused(503).into(); 4])
        => fails(ErrorKind::Service, None, []);
    retry_after_seconds: asked("Retry-After is obeyed", [refused(429).with("Retry-After", "7").into(), found().into()])
        => whole(["a"]);
    retry_after_a_date_gone_by: asked("Retry-After may be a date; one that is past means now", [
        refused(503).with("Retry-After", "Fri, 20 Nov 2015 01:08:23 GMT").into(),
        found().into(),
    ]) => whole(["a"]);
    retry_after_a_date: asked("a date is read by the service's own clock", [
        refused(503).with("Date", "Fri, 20 Nov 2015 01:08:23 GMT").with("Retry-After", "Fri, 20 Nov 2015 01:08:43 GMT").into(),
        found().into(),
    ]) => whole(["a"]);
    retry_after_nothing: asked("to be told to wait no time is to be told nothing", [
        refused(503).with("Retry-After", "0").into(),
        found().into(),
    ]) => whole(["a"]);
    retry_after_in_words: asked("the gateway's text is obeyed where there is no Retry-After", [
        answer(429, r#"{ "statusCode": 429, "message": "Rate limit is exceeded. Try again in 57 seconds." }"#).into(),
        found().into(),
    ]) => whole(["a"]);
    retry_after_in_words_too_long: asked("so is its bound", [
        answer(429, r#"{ "statusCode": 429, "message": "Rate limit is exceeded. Try again in 57000 seconds." }"#).into(),
    ]) => fails(ErrorKind::Service, None, []);
    retry_after_in_words_of_another_status: asked("a text is not believed under any status", [
        answer(500, r#"{"code":1,"description":"Try again in 57 seconds."}"#).into(),
        found().into(),
    ]) => whole(["a"]);
    throttled_without_a_wait: asked("a 429 without a figure is waited for longer than a lost connection", vec![refused(429).into(); 4])
        => fails(ErrorKind::Service, None, []);
    retry_after_too_long: asked("a Retry-After beyond the cap fails at once, with the value", [
        refused(429).with("Retry-After", "3600").into(),
    ]) => fails(ErrorKind::Service, None, []);
    retry_after_absurd: asked("so does one that no number can hold", [
        refused(429).with("Retry-After", "99999999999999999999999").into(),
    ]) => fails(ErrorKind::Service, None, []);
    retry_after_a_date_far_off: asked("a date beyond the cap fails at once", [
        refused(503).with("Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT").into(),
    ]) => fails(ErrorKind::Service, None, []);
    retry_after_negative: asked("a negative number is not there", [
        refused(503).with("Retry-After", "-5").into(),
        found().into(),
    ]) => whole(["a"]);
    retry_after_nonsense: asked("one that is neither number nor date is not there", [
        refused(429).with("Retry-After", "soon").into(),
        found().into(),
    ]) => whole(["a"]);
    retry_never: |name| get(name, "repeating can be switched off").then(refused(503)).retry(RetryPolicy::none())
        => fails(ErrorKind::Service, None, []);
    deadline_before_the_wait: |name| get(name, "a wait that would outlast the deadline is not begun")
        .then(refused(503).with("Retry-After", "50")).deadline(Duration::from_secs(20))
        => fails(ErrorKind::Timeout, None, []);

    deadline_during_an_attempt: |name| get(name, "a deadline cuts the attempt short that it falls into")
        .then(Step::Silence).deadline(Duration::from_millis(300))
        => fails(ErrorKind::Timeout, None, []);
    timeout_every_time: |name| get(name, "the error says which limit ended it")
        .then_times(2, Step::Silence).timeout(Duration::from_millis(200)).retry(RetryPolicy::default().max_attempts(2))
        => fails(ErrorKind::Timeout, None, []);
    hangup_every_time: asked("four attempts under one request id, then the error", vec![Step::Hangup; 4])
        => fails(ErrorKind::Transport, None, []);
    truncated_every_time: asked("a body cut short every time is never taken for a whole one", vec![Step::Truncate(found()); 4])
        => fails(ErrorKind::Transport, None, []);

    // What is not repeated.
    status_400: asked("400 is not repeated", [refused(400).into()]) => fails(ErrorKind::Service, None, []);
    status_401: asked("a fixed token is not tried twice", [refused(401).into()]) => fails(ErrorKind::Service, None, []);
    status_403: asked("403 is not repeated", [refused(403).into()]) => fails(ErrorKind::Service, None, []);
    status_404: asked("404 is not repeated", [refused(404).into()]) => fails(ErrorKind::Service, None, []);
    status_400_with_half_a_pair: asked("what the service says is told all the same", [
        answer(400, r#"{"code":900118,"description":"No customer \ud83e","data":1e999}"#).into(),
    ]) => fails(ErrorKind::Service, None, []);
    status_409: asked("409 is not repeated", [refused(409).into()]) => fails(ErrorKind::Service, None, []);
    status_501: asked("501 is not repeated", [refused(501).into()]) => fails(ErrorKind::Service, None, []);
    redirect: asked("redirects are not followed: the token would go along", [
        answer(302, "").with("Location", "{base}/elsewhere").into(),
    ]) => fails(ErrorKind::Service, None, []);
    body_too_large: |name| get(name, "the body limit is enforced while reading").then(found()).max_response_size(20)
        => fails(ErrorKind::Decode, None, []);
    body_too_large_in_chunks: |name| get(name, "the body limit needs no Content-Length").then(found().chunked()).max_response_size(20)
        => fails(ErrorKind::Decode, None, []);

    body_at_the_limit: |name| get(name, "the limit itself is allowed").then(found()).max_response_size(38)
        => whole(["a"]);
    body_at_the_limit_in_chunks: |name| get(name, "the limit itself is allowed").then(found().chunked()).max_response_size(38)
        => whole(["a"]);
    body_one_over_the_limit: |name| get(name, "one byte more is not").then(found()).max_response_size(37)
        => fails(ErrorKind::Decode, None, []);
    compressed: asked("gzip is asked for and undone", [found().gzip().into()]) => whole(["a"]);
    compressed_in_chunks: asked("gzip is asked for and undone", [found().gzip().chunked().into()]) => whole(["a"]);
    compressed_and_truncated: asked("a compressed body cut short is cut short", [
        Step::Truncate(found().gzip().chunked()),
        found().into(),
    ]) => whole(["a"]);
    compressed_bomb: |name| get(name, "the limit counts what a body has decompressed")
        .then(answer(200, " ".repeat(10_000_000)).gzip()).max_response_size(1_000_000)
        => fails(ErrorKind::Decode, None, []);

    compressed_and_not: asked("identity beside gzip is nothing to undo", [
        found().gzip().with("Content-Encoding", "identity").into(),
    ]) => whole(["a"]);
    compressed_otherwise: asked("a coding that was not requested is named, and not retried", [
        answer(200, *b"\x8b\x00\x80{\x03").with("Content-Encoding", "br").into(),
    ]) => fails(ErrorKind::Decode, None, []);
    compressed_in_words_only: asked("a label that is not true does no harm", [
        found().with("Content-Encoding", "utf-8").into(),
    ]) => whole(["a"]);
    compressed_nothing: asked("an empty body labelled gzip is empty", [
        answer(404, "").with("Content-Encoding", "gzip").into(),
    ]) => fails(ErrorKind::Service, None, []);

    content_length_too_small: asked("surplus bytes are no answer to the next request", [
        found().announced(20).into(),
        found().into(),
    ]) => whole(["a"]);
    content_length_too_large: asked("a body shorter than announced is cut short", [
        found().announced(100).into(),
        found().into(),
    ]) => whole(["a"]);
    many_headers: asked("128 headers are read", [
        (0..126).fold(found(), |answer, number| answer.with(&format!("X-{number}"), "1")).into(),
    ]) => whole(["a"]);
    head_that_is_not_http: asked("a head that cannot be read is named, and not retried", [Step::InvalidHead])
        => fails(ErrorKind::Decode, None, []);
    reset: asked("a connection that is reset is repeated, under the same request id", [Step::Reset, found().into()])
        => whole(["a"]);

    // Bodies of all kinds.
    chunked: asked("chunked bodies are whole bodies", [found().chunked().into()]) => whole(["a"]);
    byte_order_mark: asked("success bodies start with a UTF-8 byte order mark", [
        found().encode(|text| [b"\xEF\xBB\xBF", text.as_bytes()].concat()).into(),
    ]) => whole(["a"]);
    utf16_little_endian: asked("UTF-16 has been observed", [
        found().encode(|text| [&b"\xFF\xFE"[..], &utf16(text, u16::to_le_bytes)].concat()).into(),
    ]) => whole(["a"]);
    utf16_big_endian: asked("UTF-16 in the other order", [
        found().encode(|text| [&b"\xFE\xFF"[..], &utf16(text, u16::to_be_bytes)].concat()).into(),
    ]) => whole(["a"]);
    utf16_by_charset: asked("the charset parameter is honoured", [
        found().encode(|text| utf16(text, u16::to_le_bytes)).with("Content-Type", "application/json;charset=utf-16LE").into(),
    ]) => whole(["a"]);
    another_content_type: asked("the content type is not trusted", [found().with("Content-Type", "text/plain").into()])
        => whole(["a"]);
    html_with_200: asked("HTML with 200 is no customer", [answer(200, "<html>Log in</html>").into()])
        => fails(ErrorKind::Decode, None, []);
    invalid_utf8: asked("text that is none is no customer", [answer(200, *b"{\"id\": \"\xC3\x28\"}").into()])
        => fails(ErrorKind::Decode, None, []);
    until_the_connection_closes: asked("a body may end where the connection does", [found().unframed().into()])
        => whole(["a"]);
    until_the_connection_closes_early: asked("and JSON shows whether that was too early", [
        answer(200, &found().body()[..20]).unframed().into(),
        found().into(),
    ]) => whole(["a"]);
    cut_within_a_utf16_unit: asked("text that ends within a character is cut short", [
        answer(200, [&b"\xFF\xFE"[..], &utf16("{\"a\":1", u16::to_le_bytes), b"\x7D"].concat()).into(),
        found().into(),
    ]) => whole(["a"]);
    cut_within_a_character: asked("text that ends within a character is cut short", [
        answer(200, *b"{\"companyProfile\": {\"companyName\": \"\xC3").into(),
        found().into(),
    ]) => whole(["a"]);
    another_object: asked("a fault under a status of success is a fault, with its code and description", [
        answer(200, r#"{"code":400072,"description":"Something else"}"#).into(),
    ]) => fails(ErrorKind::Service, None, []);
    another_object_on_a_page: |name| list(name, "so is one in place of a page, and what came before is kept", ListCustomers::new())
        .then(page(["a"]).next("/v1/customers?seekOperation=Next", "t1"))
        .then(answer(200, r#"{"code":"400072","description":"Something else","data":[],"source":"PartnerFD"}"#))
        => fails(ErrorKind::Service, Some(2), ["a"]);
    another_object_wrapped: asked("or one that is wrapped", [
        answer(202, r#"{"error":{"code":"conflict","message":"It is there."}}"#).into(),
    ]) => fails(ErrorKind::Service, None, []);
    another_object_without_a_code: asked("an object of another kind is no customer", [
        answer(200, r#"{"description":"Something else"}"#).into(),
    ]) => fails(ErrorKind::Decode, None, []);
    customer_with_a_code: asked("a customer that has a code besides is one", [
        answer(200, r#"{"id":"00000000-0000-0000-0000-000000000007","code":7,"description":"Dear","companyProfile":{"companyName":"a"}}"#).into(),
    ]) => whole(["a"]);
    nothing: asked("an empty body is no customer", [answer(200, "").into()]) => fails(ErrorKind::Decode, None, []);
    too_deep: asked("nesting is bounded", [answer(200, "[".repeat(100_000)).into()])
        => fails(ErrorKind::Decode, None, []);

    // Faults of all shapes.
    fault_with_a_number: asked("the code is a number", [
        answer(403, r#"{"code":20002,"description":"No relationship.","data":[],"source":"PartnerFD"}"#)
            .with("MS-RequestId", "theirs").with("MS-CorrelationId", "theirs too").into(),
    ]) => fails(ErrorKind::Service, None, []);
    fault_with_a_text: asked("the code is a text", [
        answer(401, r#"{"code":"900420","description":"The audience is invalid."}"#).into(),
    ]) => fails(ErrorKind::Service, None, []);
    fault_of_newer_services: asked("newer services say message and errorName", [
        answer(400, r#"{"code":600061,"message":"Agreement exists.","errorName":"X","isRetryable":false,"parameters":{}}"#).into(),
    ]) => fails(ErrorKind::Service, None, []);
    fault_of_the_gateway: asked("the gateway says statusCode and message", [
        answer(429, r#"{ "statusCode": 429, "message": "Rate limit is exceeded. Try again in 57 seconds." }"#)
            .with("Retry-After", "570").into(),
    ]) => fails(ErrorKind::Service, None, []);
    fault_with_odd_data: asked("data is not always a list", [
        answer(409, r#"{"code":1,"description":"Odd.","data":{"a":"b"},"source":7}"#).into(),
    ]) => fails(ErrorKind::Service, None, []);
    fault_that_stalls: |name| get(name, "what counts of a refusal is its status")
        .then(Step::Drip(answer(403, " ".repeat(500)))).timeout(Duration::from_millis(400))
        => fails(ErrorKind::Service, None, []);
    fault_that_tells_what_it_was_sent: asked("the token is in no error, even if the service tells it", [
        answer(403, "No: Authorization: Bearer the-token").into(),
    ]) => fails(ErrorKind::Service, None, []);
    fault_that_is_wrapped: asked("neighbouring services wrap it", [
        answer(409, r#"{"error":{"code":"conflict","message":"It is there."}}"#).into(),
    ]) => fails(ErrorKind::Service, None, []);
    fault_that_is_a_json_string: asked("prose may be quoted", [
        answer(403, r#""The supplied role does not have the rights""#).into(),
    ]) => fails(ErrorKind::Service, None, []);
    fault_cut_short: asked("what counts of a refusal is its status", [Step::Truncate(refused(403))])
        => fails(ErrorKind::Service, None, []);
    fault_too_large: |name| get(name, "what counts of a refusal is its status").then(refused(403)).max_response_size(10)
        => fails(ErrorKind::Service, None, []);
    fault_with_a_code_that_acts: asked("a code in text is printed on one line, and short", [
        answer(403, format!(r#"{{"code":"line 1\nline 2\u001b[2J{}"}}"#, "x".repeat(5000))).into(),
    ]) => fails(ErrorKind::Service, None, []);
    fault_that_is_empty: asked("401 and 403 may have no body", [answer(403, "").into()])
        => fails(ErrorKind::Service, None, []);
    fault_in_prose: asked("403 may be plain text", [
        answer(403, "The supplied role does not have\r\nthe rights\u{1b}[31m to perform the requested operation").into(),
    ]) => fails(ErrorKind::Service, None, []);
    fault_in_html: asked("HTML is not shown", [answer(403, "<html>secret</html>").into()])
        => fails(ErrorKind::Service, None, []);
}
