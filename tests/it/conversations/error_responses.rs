//! Error responses in all the formats of the service and what stands before it, under an error status or a success status.

use super::{conversations, error_response, get_customer};
use partner_center::{ErrorKind, ListCustomers};
use partner_center_tests::{Step, get, list, page, response};
use std::time::Duration;

conversations! {
    // With an error status.
    error_code_as_a_number: get_customer("the code is a number", [
        response(403, r#"{"code":20002,"description":"No relationship.","data":[],"source":"PartnerFD"}"#)
            .with("MS-RequestId", "theirs").with("MS-CorrelationId", "theirs too").into(),
    ]) => fails_with(ErrorKind::Service, None, []);
    error_code_as_a_string: get_customer("the code is a string", [
        response(401, r#"{"code":"900420","description":"The audience is invalid."}"#).into(),
    ]) => fails_with(ErrorKind::Service, None, []);
    error_body_of_newer_services: get_customer("newer services send message and errorName", [
        response(400, r#"{"code":600061,"message":"Agreement exists.","errorName":"X","isRetryable":false,"parameters":{}}"#).into(),
    ]) => fails_with(ErrorKind::Service, None, []);
    error_body_of_the_gateway: get_customer("the gateway sends statusCode and message", [
        response(429, r#"{ "statusCode": 429, "message": "Rate limit is exceeded. Try again in 57 seconds." }"#)
            .with("Retry-After", "570").into(),
    ]) => fails_with(ErrorKind::Service, None, []);
    error_body_with_unusual_data: get_customer("data is not always a list", [
        response(409, r#"{"code":1,"description":"Odd.","data":{"a":"b"},"source":7}"#).into(),
    ]) => fails_with(ErrorKind::Service, None, []);
    error_body_that_stalls: |name| get(name, "the status of an error response is enough")
        .then(Step::Drip(response(403, " ".repeat(500)))).timeout(Duration::from_millis(400))
        => fails_with(ErrorKind::Service, None, []);
    error_body_echoing_the_token: get_customer("the token is in no error, even if the service echoes it", [
        response(403, "No: Authorization: Bearer the-token").into(),
    ]) => fails_with(ErrorKind::Service, None, []);
    error_body_wrapped: get_customer("neighboring services wrap it", [
        response(409, r#"{"error":{"code":"conflict","message":"It is there."}}"#).into(),
    ]) => fails_with(ErrorKind::Service, None, []);
    error_body_in_two_strings: get_customer("so does the check of the token, in two strings", [
        response(401, r#"{"error":"invalid_token","error_description":"AADSTS1: bad"}"#).into(),
    ]) => fails_with(ErrorKind::Service, None, []);
    error_body_as_a_json_string: get_customer("prose may be quoted", [
        response(403, r#""The supplied role does not have the rights""#).into(),
    ]) => fails_with(ErrorKind::Service, None, []);
    error_body_truncated:
        get_customer("the status of an error response is enough", [Step::Truncate(error_response(403))])
            => fails_with(ErrorKind::Service, None, []);
    error_body_too_large:
        |name| get(name, "the status of an error response is enough").then(error_response(403)).max_response_size(10)
            => fails_with(ErrorKind::Service, None, []);
    error_code_with_control_characters: get_customer("a code is escaped onto one line, and shortened", [
        response(403, format!(r#"{{"code":"line 1\nline 2\u001b[2J{}"}}"#, "x".repeat(5000))).into(),
    ]) => fails_with(ErrorKind::Service, None, []);
    error_body_empty: get_customer("401 and 403 may have no body", [response(403, "").into()])
        => fails_with(ErrorKind::Service, None, []);
    error_body_in_prose: get_customer("403 may be plain text", [
        response(403, "The supplied role does not have\r\nthe rights\u{1b}[31m to perform the requested operation").into(),
    ]) => fails_with(ErrorKind::Service, None, []);
    error_body_in_html: get_customer("HTML is not shown", [response(403, "<html>secret</html>").into()])
        => fails_with(ErrorKind::Service, None, []);
    error_body_with_lone_surrogate: get_customer("an invalid character does not hide the error", [
        response(400, r#"{"code":900118,"description":"No customer \ud83e","data":1e999}"#).into(),
    ]) => fails_with(ErrorKind::Service, None, []);

    // With a success status.
    error_body_in_place_of_a_customer:
        get_customer("an error body with a success status is an error, with its code and description", [
            response(200, r#"{"code":400072,"description":"Something else"}"#).into(),
        ]) => fails_with(ErrorKind::Service, None, []);
    error_body_in_place_of_a_page:
        |name| list(name, "the same in place of a page; the pages before it are kept", ListCustomers::new())
            .then(page(["a"]).next("/v1/customers?seekOperation=Next", "t1"))
            .then(response(200, r#"{"code":"400072","description":"Something else","data":[],"source":"PartnerFD"}"#))
            => fails_with(ErrorKind::Service, Some(2), ["a"]);
    error_body_wrapped_with_status_202: get_customer("the same for an error body in a wrapper", [
        response(202, r#"{"error":{"code":"conflict","message":"It is there."}}"#).into(),
    ]) => fails_with(ErrorKind::Service, None, []);
    error_body_in_two_strings_with_status_200: get_customer("the same for an error body of two strings", [
        response(200, r#"{"error":"invalid_token","error_description":"AADSTS1: bad"}"#).into(),
    ]) => fails_with(ErrorKind::Service, None, []);
}
