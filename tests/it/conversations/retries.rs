//! Retries: which failures are retried, how long the client waits before, and when it stops.

use super::{conversations, customer_response, error_response, get_customer};
use partner_center::{ErrorKind, ListCustomers, RetryPolicy};
use partner_center_tests::{Step, get, list, page, response};
use std::time::Duration;

conversations! {
    // Failures that are retried.
    status_408_is_retried: get_customer("408 is retried", [error_response(408).into(), customer_response().into()])
        => returns(["a"]);
    status_429_is_retried: get_customer("429 is retried", [error_response(429).into(), customer_response().into()])
        => returns(["a"]);
    status_500_is_retried: get_customer("500 is retried", [error_response(500).into(), customer_response().into()])
        => returns(["a"]);
    status_502_is_retried:
        get_customer("502 is retried", [response(502, "<html>bad gateway</html>").into(), customer_response().into()])
            => returns(["a"]);
    status_503_is_retried: get_customer("503 is retried", [error_response(503).into(), customer_response().into()])
        => returns(["a"]);
    status_504_is_retried: get_customer("504 is retried", [error_response(504).into(), customer_response().into()])
        => returns(["a"]);
    closed_connection_is_retried:
        get_customer("a closed connection is retried, under the same request id", [Step::Close, customer_response().into()])
            => returns(["a"]);
    truncated_body_is_retried:
        get_customer("a truncated body is retried", [Step::Truncate(customer_response()), customer_response().into()])
            => returns(["a"]);
    truncated_chunked_body_is_retried: get_customer("a chunked body without its last chunk is retried", [
        Step::Truncate(customer_response().chunked()),
        customer_response().into(),
    ]) => returns(["a"]);
    truncated_json_is_retried: get_customer("a body that ends in the middle of a value is retried", [
        response(200, r#"{"companyProfile": {"compa"#).into(),
        customer_response().into(),
    ]) => returns(["a"]);
    timeout_is_retried:
        |name| get(name, "a timeout is retried").then(Step::Hang).then(customer_response()).timeout(Duration::from_millis(300))
            => returns(["a"]);
    slow_body_is_a_timeout: |name| get(name, "the timeout covers the body, however slowly it arrives")
        .then(Step::Drip(customer_response())).then(customer_response()).timeout(Duration::from_millis(300))
        => returns(["a"]);
    incomplete_head_is_a_timeout: |name| get(name, "a response head that does not end is a timeout")
        .then(Step::HangInHead).then(customer_response()).timeout(Duration::from_millis(300))
        => returns(["a"]);
    failed_page_is_retried:
        |name| list(name, "a page is requested again as before, and returned once", ListCustomers::new())
            .then(page(["a"]).next("/v1/customers?seekOperation=Next", "t1"))
            .then(error_response(503))
            .then(Step::Close)
            .then(page(["b"]))
            => returns(["a", "b"]);
    reset_connection_is_retried:
        get_customer("a connection that is reset is retried, under the same request id", [Step::Reset, customer_response().into()])
            => returns(["a"]);

    // Waits before a retry.
    retries_are_limited: get_customer("four attempts, waiting 0.5 s, 1 s, 2 s", vec![error_response(503).into(); 4])
        => fails_with(ErrorKind::Service, None, []);
    retry_after_seconds:
        get_customer("Retry-After is respected", [error_response(429).with("Retry-After", "7").into(), customer_response().into()])
            => returns(["a"]);
    retry_after_past_date: get_customer("Retry-After may be a date; a past one means immediately", [
        error_response(503).with("Retry-After", "Fri, 20 Nov 2015 01:08:23 GMT").into(),
        customer_response().into(),
    ]) => returns(["a"]);
    retry_after_date: get_customer("a date is read by the service's own clock", [
        error_response(503).with("Date", "Fri, 20 Nov 2015 01:08:23 GMT").with("Retry-After", "Fri, 20 Nov 2015 01:08:43 GMT").into(),
        customer_response().into(),
    ]) => returns(["a"]);
    retry_after_zero: get_customer("a wait of zero counts as no wait given", [
        error_response(503).with("Retry-After", "0").into(),
        customer_response().into(),
    ]) => returns(["a"]);
    retry_after_in_prose: get_customer("the gateway's message is respected where there is no Retry-After", [
        response(429, r#"{ "statusCode": 429, "message": "Rate limit is exceeded. Try again in 57 seconds." }"#).into(),
        customer_response().into(),
    ]) => returns(["a"]);
    retry_after_in_prose_too_long: get_customer("a wait in a message beyond the limit is ignored, and the call is retried", [
        response(429, r#"{ "statusCode": 429, "message": "Rate limit is exceeded. Try again in 57000 seconds." }"#).into(),
        customer_response().into(),
    ]) => returns(["a"]);
    retry_after_in_prose_of_several_units: get_customer("the parts of a wait are added", [
        response(503, r#"{"code":1,"description":"Busy: retry after 0 minutes and 41 seconds."}"#).into(),
        customer_response().into(),
    ]) => returns(["a"]);
    number_in_prose_is_not_a_wait: get_customer("other numbers in a message are not a wait", [
        response(429, r#"{"code":1,"description":"Please retry. You are allowed 10 requests per 20 seconds."}"#).into(),
        customer_response().into(),
    ]) => returns(["a"]);
    retry_after_in_prose_of_another_status: get_customer("a wait in a message is ignored under other statuses", [
        response(500, r#"{"code":1,"description":"Try again in 57 seconds."}"#).into(),
        customer_response().into(),
    ]) => returns(["a"]);
    throttling_without_retry_after:
        get_customer("after a 429 without a wait, retries wait longer than after a lost connection", vec![error_response(429).into(); 4])
            => fails_with(ErrorKind::Service, None, []);
    retry_after_too_long: get_customer("a Retry-After beyond the limit fails immediately, with its value", [
        error_response(429).with("Retry-After", "3600").into(),
    ]) => fails_with(ErrorKind::Service, None, []);
    retry_after_overflow: get_customer("a Retry-After that overflows fails immediately, too", [
        error_response(429).with("Retry-After", "99999999999999999999999").into(),
    ]) => fails_with(ErrorKind::Service, None, []);
    retry_after_distant_date: get_customer("a date beyond the limit fails immediately", [
        error_response(503).with("Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT").into(),
    ]) => fails_with(ErrorKind::Service, None, []);
    retry_after_negative: get_customer("a negative number is ignored", [
        error_response(503).with("Retry-After", "-5").into(),
        customer_response().into(),
    ]) => returns(["a"]);
    retry_after_invalid: get_customer("a value that is neither a number nor a date is ignored", [
        error_response(429).with("Retry-After", "soon").into(),
        customer_response().into(),
    ]) => returns(["a"]);
    retries_can_be_disabled:
        |name| get(name, "retries can be disabled").then(error_response(503)).retry(RetryPolicy::none())
            => fails_with(ErrorKind::Service, None, []);

    // The end of retries.
    deadline_before_the_next_attempt: |name| get(name, "a wait beyond the deadline is not started")
        .then(error_response(503).with("Retry-After", "50")).deadline(Duration::from_secs(20))
        => fails_with(ErrorKind::Timeout, None, []);
    deadline_during_an_attempt: |name| get(name, "the deadline ends the current attempt")
        .then(Step::Hang).deadline(Duration::from_millis(300))
        => fails_with(ErrorKind::Timeout, None, []);
    timeout_of_every_attempt: |name| get(name, "the error says which limit was exceeded")
        .then_times(2, Step::Hang).timeout(Duration::from_millis(200)).retry(RetryPolicy::default().max_attempts(2))
        => fails_with(ErrorKind::Timeout, None, []);
    closed_connection_of_every_attempt:
        get_customer("four attempts under one request id, then the error", vec![Step::Close; 4])
            => fails_with(ErrorKind::Transport, None, []);
    truncated_body_of_every_attempt:
        get_customer("a truncated body is never taken for a complete one", vec![Step::Truncate(customer_response()); 4])
            => fails_with(ErrorKind::Transport, None, []);

    // Failures that are not retried.
    status_400_is_final: get_customer("400 is not retried", [error_response(400).into()])
        => fails_with(ErrorKind::Service, None, []);
    status_401_is_final: get_customer("a fixed token is not sent again", [error_response(401).into()])
        => fails_with(ErrorKind::Service, None, []);
    status_403_is_final: get_customer("403 is not retried", [error_response(403).into()])
        => fails_with(ErrorKind::Service, None, []);
    status_404_is_final: get_customer("404 is not retried", [error_response(404).into()])
        => fails_with(ErrorKind::Service, None, []);
    status_409_is_final: get_customer("409 is not retried", [error_response(409).into()])
        => fails_with(ErrorKind::Service, None, []);
    status_501_is_final: get_customer("501 is not retried", [error_response(501).into()])
        => fails_with(ErrorKind::Service, None, []);
    redirect_is_not_followed: get_customer("redirects are not followed: they would get the token", [
        response(302, "").with("Location", "{base}/elsewhere").into(),
    ]) => fails_with(ErrorKind::Service, None, []);
    invalid_head_is_final: get_customer("an invalid response head is named, and not retried", [Step::InvalidHead])
        => fails_with(ErrorKind::Decode, None, []);
}
