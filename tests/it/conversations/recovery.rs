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
    status_408_is_retried: asked("408 is retried", [refused(408).into(), found().into()]) => whole(["a"]);
    status_429_is_retried: asked("429 is retried", [refused(429).into(), found().into()]) => whole(["a"]);
    status_500_is_retried: asked("500 is retried", [refused(500).into(), found().into()]) => whole(["a"]);
    status_502_is_retried: asked("502 is retried", [answer(502, "<html>bad gateway</html>").into(), found().into()]) => whole(["a"]);
    status_503_is_retried: asked("503 is retried", [refused(503).into(), found().into()]) => whole(["a"]);
    status_504_is_retried: asked("504 is retried", [refused(504).into(), found().into()]) => whole(["a"]);
    closed_connection_is_retried: asked("a closed connection is retried, under the same request id", [Step::Hangup, found().into()]) => whole(["a"]);
    truncated_body_is_retried: asked("a truncated body is retried", [Step::Truncate(found()), found().into()]) => whole(["a"]);
    truncated_chunked_body_is_retried: asked("a chunked body without its last chunk is retried", [
        Step::Truncate(found().chunked()),
        found().into(),
    ]) => whole(["a"]);
    truncated_json_is_retried: asked("a body that ends in the middle of a value is retried", [
        answer(200, r#"{"companyProfile": {"compa"#).into(),
        found().into(),
    ]) => whole(["a"]);
    timeout_is_retried: |name| get(name, "a timeout is retried").then(Step::Silence).then(found()).timeout(Duration::from_millis(300))
        => whole(["a"]);
    slow_body_is_a_timeout: |name| get(name, "the timeout covers the body, however slowly it arrives")
        .then(Step::Drip(found())).then(found()).timeout(Duration::from_millis(300))
        => whole(["a"]);
    incomplete_head_is_a_timeout: |name| get(name, "a response head that does not end is a timeout")
        .then(Step::Stall).then(found()).timeout(Duration::from_millis(300))
        => whole(["a"]);
    failed_page_is_retried: |name| list(name, "a page is requested again as before, and returned once", ListCustomers::new())
        .then(page(["a"]).next("/v1/customers?seekOperation=Next", "t1"))
        .then(refused(503))
        .then(Step::Hangup)
        .then(page(["b"]))
        => whole(["a", "b"]);

    // How long it waits.
    retries_are_limited: asked("four attempts, waiting 0.5 s, 1 s, 2 s", vec![refused(503).into(); 4])
        => fails(ErrorKind::Service, None, []);
    retry_after_seconds: asked("Retry-After is respected", [refused(429).with("Retry-After", "7").into(), found().into()])
        => whole(["a"]);
    retry_after_past_date: asked("Retry-After may be a date; a past one means immediately", [
        refused(503).with("Retry-After", "Fri, 20 Nov 2015 01:08:23 GMT").into(),
        found().into(),
    ]) => whole(["a"]);
    retry_after_date: asked("a date is read by the service's own clock", [
        refused(503).with("Date", "Fri, 20 Nov 2015 01:08:23 GMT").with("Retry-After", "Fri, 20 Nov 2015 01:08:43 GMT").into(),
        found().into(),
    ]) => whole(["a"]);
    retry_after_zero: asked("a wait of zero counts as no wait given", [
        refused(503).with("Retry-After", "0").into(),
        found().into(),
    ]) => whole(["a"]);
    retry_after_in_prose: asked("the gateway's message is respected where there is no Retry-After", [
        answer(429, r#"{ "statusCode": 429, "message": "Rate limit is exceeded. Try again in 57 seconds." }"#).into(),
        found().into(),
    ]) => whole(["a"]);
    retry_after_in_prose_too_long: asked("a wait in a message is limited, too", [
        answer(429, r#"{ "statusCode": 429, "message": "Rate limit is exceeded. Try again in 57000 seconds." }"#).into(),
    ]) => fails(ErrorKind::Service, None, []);
    retry_after_in_prose_of_another_status: asked("a wait in a message is ignored under other statuses", [
        answer(500, r#"{"code":1,"description":"Try again in 57 seconds."}"#).into(),
        found().into(),
    ]) => whole(["a"]);
    throttling_without_retry_after: asked("after a 429 without a wait, retries wait longer than after a lost connection", vec![refused(429).into(); 4])
        => fails(ErrorKind::Service, None, []);
    retry_after_too_long: asked("a Retry-After beyond the limit fails immediately, with its value", [
        refused(429).with("Retry-After", "3600").into(),
    ]) => fails(ErrorKind::Service, None, []);
    retry_after_overflow: asked("a Retry-After that overflows fails immediately, too", [
        refused(429).with("Retry-After", "99999999999999999999999").into(),
    ]) => fails(ErrorKind::Service, None, []);
    retry_after_distant_date: asked("a date beyond the limit fails immediately", [
        refused(503).with("Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT").into(),
    ]) => fails(ErrorKind::Service, None, []);
    retry_after_negative: asked("a negative number is ignored", [
        refused(503).with("Retry-After", "-5").into(),
        found().into(),
    ]) => whole(["a"]);
    retry_after_invalid: asked("a value that is neither a number nor a date is ignored", [
        refused(429).with("Retry-After", "soon").into(),
        found().into(),
    ]) => whole(["a"]);
    retries_can_be_disabled: |name| get(name, "retries can be disabled").then(refused(503)).retry(RetryPolicy::none())
        => fails(ErrorKind::Service, None, []);
    deadline_before_the_next_attempt: |name| get(name, "a wait beyond the deadline is not started")
        .then(refused(503).with("Retry-After", "50")).deadline(Duration::from_secs(20))
        => fails(ErrorKind::Timeout, None, []);

    deadline_during_an_attempt: |name| get(name, "the deadline ends the current attempt")
        .then(Step::Silence).deadline(Duration::from_millis(300))
        => fails(ErrorKind::Timeout, None, []);
    timeout_of_every_attempt: |name| get(name, "the error says which limit was exceeded")
        .then_times(2, Step::Silence).timeout(Duration::from_millis(200)).retry(RetryPolicy::default().max_attempts(2))
        => fails(ErrorKind::Timeout, None, []);
    closed_connection_of_every_attempt: asked("four attempts under one request id, then the error", vec![Step::Hangup; 4])
        => fails(ErrorKind::Transport, None, []);
    truncated_body_of_every_attempt: asked("a truncated body is never taken for a complete one", vec![Step::Truncate(found()); 4])
        => fails(ErrorKind::Transport, None, []);

    // What is not repeated.
    status_400_is_final: asked("400 is not retried", [refused(400).into()]) => fails(ErrorKind::Service, None, []);
    status_401_is_final: asked("a fixed token is not sent again", [refused(401).into()]) => fails(ErrorKind::Service, None, []);
    status_403_is_final: asked("403 is not retried", [refused(403).into()]) => fails(ErrorKind::Service, None, []);
    status_404_is_final: asked("404 is not retried", [refused(404).into()]) => fails(ErrorKind::Service, None, []);
    error_body_with_lone_surrogate: asked("an invalid character does not hide the error", [
        answer(400, r#"{"code":900118,"description":"No customer \ud83e","data":1e999}"#).into(),
    ]) => fails(ErrorKind::Service, None, []);
    status_409_is_final: asked("409 is not retried", [refused(409).into()]) => fails(ErrorKind::Service, None, []);
    status_501_is_final: asked("501 is not retried", [refused(501).into()]) => fails(ErrorKind::Service, None, []);
    redirect_is_not_followed: asked("redirects are not followed: they would get the token", [
        answer(302, "").with("Location", "{base}/elsewhere").into(),
    ]) => fails(ErrorKind::Service, None, []);
    body_too_large: |name| get(name, "the limit is enforced while the body is read").then(found()).max_response_size(20)
        => fails(ErrorKind::Decode, None, []);
    chunked_body_too_large: |name| get(name, "the limit does not need a Content-Length").then(found().chunked()).max_response_size(20)
        => fails(ErrorKind::Decode, None, []);

    body_of_max_size: |name| get(name, "a body of exactly the limit is accepted").then(found()).max_response_size(38)
        => whole(["a"]);
    chunked_body_of_max_size: |name| get(name, "a body of exactly the limit is accepted").then(found().chunked()).max_response_size(38)
        => whole(["a"]);
    body_one_byte_too_large: |name| get(name, "one byte more is too large").then(found()).max_response_size(37)
        => fails(ErrorKind::Decode, None, []);
    compressed_body: asked("gzip is requested and decompressed", [found().gzip().into()]) => whole(["a"]);
    compressed_chunked_body: asked("gzip is requested and decompressed", [found().gzip().chunked().into()]) => whole(["a"]);
    compressed_truncated_body: asked("a truncated compressed body is retried", [
        Step::Truncate(found().gzip().chunked()),
        found().into(),
    ]) => whole(["a"]);
    decompression_bomb: |name| get(name, "the limit applies to the decompressed size")
        .then(answer(200, " ".repeat(10_000_000)).gzip()).max_response_size(1_000_000)
        => fails(ErrorKind::Decode, None, []);

    content_encoding_identity: asked("identity beside gzip changes nothing", [
        found().gzip().with("Content-Encoding", "identity").into(),
    ]) => whole(["a"]);
    content_encoding_unsupported: asked("an encoding that was not requested is named, and not retried", [
        answer(200, *b"\x8b\x00\x80{\x03").with("Content-Encoding", "br").into(),
    ]) => fails(ErrorKind::Decode, None, []);
    content_encoding_invalid: asked("a label that is not an encoding is ignored", [
        found().with("Content-Encoding", "utf-8").into(),
    ]) => whole(["a"]);
    compressed_empty_body: asked("an empty body labeled gzip is empty", [
        answer(404, "").with("Content-Encoding", "gzip").into(),
    ]) => fails(ErrorKind::Service, None, []);

    content_length_too_small: asked("surplus bytes do not become the next response", [
        found().announced(20).into(),
        found().into(),
    ]) => whole(["a"]);
    content_length_too_large: asked("a body shorter than announced is truncated", [
        found().announced(100).into(),
        found().into(),
    ]) => whole(["a"]);
    many_headers: asked("128 headers are accepted", [
        (0..126).fold(found(), |answer, number| answer.with(&format!("X-{number}"), "1")).into(),
    ]) => whole(["a"]);
    invalid_head_is_final: asked("an invalid response head is named, and not retried", [Step::InvalidHead])
        => fails(ErrorKind::Decode, None, []);
    reset_connection_is_retried: asked("a connection that is reset is retried, under the same request id", [Step::Reset, found().into()])
        => whole(["a"]);

    // Bodies of all kinds.
    chunked_body: asked("chunked bodies are complete bodies", [found().chunked().into()]) => whole(["a"]);
    byte_order_mark: asked("success bodies start with a UTF-8 byte order mark", [
        found().encode(|text| [b"\xEF\xBB\xBF", text.as_bytes()].concat()).into(),
    ]) => whole(["a"]);
    utf16_little_endian: asked("UTF-16 has been observed", [
        found().encode(|text| [&b"\xFF\xFE"[..], &utf16(text, u16::to_le_bytes)].concat()).into(),
    ]) => whole(["a"]);
    utf16_big_endian: asked("UTF-16 in the other byte order", [
        found().encode(|text| [&b"\xFE\xFF"[..], &utf16(text, u16::to_be_bytes)].concat()).into(),
    ]) => whole(["a"]);
    utf16_by_charset: asked("the charset parameter is respected", [
        found().encode(|text| utf16(text, u16::to_le_bytes)).with("Content-Type", "application/json;charset=utf-16LE").into(),
    ]) => whole(["a"]);
    content_type_is_ignored: asked("the content type is not trusted", [found().with("Content-Type", "text/plain").into()])
        => whole(["a"]);
    html_with_status_200: asked("HTML with status 200 is not a customer", [answer(200, "<html>Log in</html>").into()])
        => fails(ErrorKind::Decode, None, []);
    invalid_utf8: asked("invalid UTF-8 is not a customer", [answer(200, *b"{\"id\": \"\xC3\x28\"}").into()])
        => fails(ErrorKind::Decode, None, []);
    body_without_length: asked("a body may end where the connection does", [found().unframed().into()])
        => whole(["a"]);
    truncated_body_without_length: asked("incomplete JSON shows that the connection closed too early", [
        answer(200, &found().body()[..20]).unframed().into(),
        found().into(),
    ]) => whole(["a"]);
    truncated_utf16_unit: asked("a body that ends within a character is truncated", [
        answer(200, [&b"\xFF\xFE"[..], &utf16("{\"a\":1", u16::to_le_bytes), b"\x7D"].concat()).into(),
        found().into(),
    ]) => whole(["a"]);
    truncated_utf8_character: asked("a body that ends within a character is truncated", [
        answer(200, *b"{\"companyProfile\": {\"companyName\": \"\xC3").into(),
        found().into(),
    ]) => whole(["a"]);
    error_body_in_place_of_a_customer: asked("an error body with a success status is an error, with its code and description", [
        answer(200, r#"{"code":400072,"description":"Something else"}"#).into(),
    ]) => fails(ErrorKind::Service, None, []);
    error_body_in_place_of_a_page: |name| list(name, "the same in place of a page; the pages before it are kept", ListCustomers::new())
        .then(page(["a"]).next("/v1/customers?seekOperation=Next", "t1"))
        .then(answer(200, r#"{"code":"400072","description":"Something else","data":[],"source":"PartnerFD"}"#))
        => fails(ErrorKind::Service, Some(2), ["a"]);
    error_body_wrapped_with_status_202: asked("the same for an error body in a wrapper", [
        answer(202, r#"{"error":{"code":"conflict","message":"It is there."}}"#).into(),
    ]) => fails(ErrorKind::Service, None, []);
    object_without_an_error_code: asked("an object of another kind is not a customer", [
        answer(200, r#"{"description":"Something else"}"#).into(),
    ]) => fails(ErrorKind::Decode, None, []);
    customer_with_an_error_code: asked("a customer that also has a code is a customer", [
        answer(200, r#"{"id":"00000000-0000-0000-0000-000000000007","code":7,"description":"Dear","companyProfile":{"companyName":"a"}}"#).into(),
    ]) => whole(["a"]);
    empty_body: asked("an empty body is not a customer", [answer(200, "").into()]) => fails(ErrorKind::Decode, None, []);
    nesting_of_arrays_is_limited: asked("nesting is limited", [answer(200, "[".repeat(100_000)).into()])
        => fails(ErrorKind::Decode, None, []);

    // Faults of all shapes.
    error_code_as_a_number: asked("the code is a number", [
        answer(403, r#"{"code":20002,"description":"No relationship.","data":[],"source":"PartnerFD"}"#)
            .with("MS-RequestId", "theirs").with("MS-CorrelationId", "theirs too").into(),
    ]) => fails(ErrorKind::Service, None, []);
    error_code_as_a_string: asked("the code is a string", [
        answer(401, r#"{"code":"900420","description":"The audience is invalid."}"#).into(),
    ]) => fails(ErrorKind::Service, None, []);
    error_body_of_newer_services: asked("newer services send message and errorName", [
        answer(400, r#"{"code":600061,"message":"Agreement exists.","errorName":"X","isRetryable":false,"parameters":{}}"#).into(),
    ]) => fails(ErrorKind::Service, None, []);
    error_body_of_the_gateway: asked("the gateway sends statusCode and message", [
        answer(429, r#"{ "statusCode": 429, "message": "Rate limit is exceeded. Try again in 57 seconds." }"#)
            .with("Retry-After", "570").into(),
    ]) => fails(ErrorKind::Service, None, []);
    error_body_with_unusual_data: asked("data is not always a list", [
        answer(409, r#"{"code":1,"description":"Odd.","data":{"a":"b"},"source":7}"#).into(),
    ]) => fails(ErrorKind::Service, None, []);
    error_body_that_stalls: |name| get(name, "the status of an error response is enough")
        .then(Step::Drip(answer(403, " ".repeat(500)))).timeout(Duration::from_millis(400))
        => fails(ErrorKind::Service, None, []);
    error_body_echoing_the_token: asked("the token is in no error, even if the service echoes it", [
        answer(403, "No: Authorization: Bearer the-token").into(),
    ]) => fails(ErrorKind::Service, None, []);
    error_body_wrapped: asked("neighboring services wrap it", [
        answer(409, r#"{"error":{"code":"conflict","message":"It is there."}}"#).into(),
    ]) => fails(ErrorKind::Service, None, []);
    error_body_as_a_json_string: asked("prose may be quoted", [
        answer(403, r#""The supplied role does not have the rights""#).into(),
    ]) => fails(ErrorKind::Service, None, []);
    error_body_truncated: asked("the status of an error response is enough", [Step::Truncate(refused(403))])
        => fails(ErrorKind::Service, None, []);
    error_body_too_large: |name| get(name, "the status of an error response is enough").then(refused(403)).max_response_size(10)
        => fails(ErrorKind::Service, None, []);
    error_code_with_control_characters: asked("a code is escaped onto one line, and shortened", [
        answer(403, format!(r#"{{"code":"line 1\nline 2\u001b[2J{}"}}"#, "x".repeat(5000))).into(),
    ]) => fails(ErrorKind::Service, None, []);
    error_body_empty: asked("401 and 403 may have no body", [answer(403, "").into()])
        => fails(ErrorKind::Service, None, []);
    error_body_in_prose: asked("403 may be plain text", [
        answer(403, "The supplied role does not have\r\nthe rights\u{1b}[31m to perform the requested operation").into(),
    ]) => fails(ErrorKind::Service, None, []);
    error_body_in_html: asked("HTML is not shown", [answer(403, "<html>secret</html>").into()])
        => fails(ErrorKind::Service, None, []);
}
