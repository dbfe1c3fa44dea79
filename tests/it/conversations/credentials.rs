//! Credentials: how tokens are fetched, stored, reused, replaced and rejected.

use super::{conversations, customer_response};
use partner_center::{ErrorKind, ListCustomers};
use partner_center_tests::{Caller, Conversation, MockResponse, Step, get, list, page, response};
use std::time::Duration;

/// Returns a conversation about one customer.
fn get_customer(
    caller: Caller,
    description: &'static str,
    steps: impl IntoIterator<Item = Step>,
) -> impl FnOnce(&'static str) -> Conversation {
    let steps: Vec<_> = steps.into_iter().collect();
    move |name| steps.into_iter().fold(get(name, description).caller(caller), Conversation::then)
}

/// Returns a conversation about a list of two pages, so that there is a request after the first one.
fn list_two_pages(
    caller: Caller,
    description: &'static str,
    steps: impl IntoIterator<Item = Step>,
) -> impl FnOnce(&'static str) -> Conversation {
    let steps: Vec<_> = steps.into_iter().collect();
    move |name| steps.into_iter().fold(list(name, description, ListCustomers::new()).caller(caller), Conversation::then)
}

/// Returns a token response with these fields.
fn token_response(fields: &str) -> Step {
    response(200, format!(r#"{{"token_type":"Bearer",{fields}}}"#)).into()
}

/// Returns a token that is valid for an hour.
fn token(name: &str) -> Step {
    token_response(&format!(r#""expires_in":3599,"access_token":"{name}""#))
}

/// Returns an error response of the authority with this error and error code.
fn token_error(error: &str, codes: &str) -> Step {
    let body = format!(
        r#"{{"error":"{error}","error_description":"AADSTS: No.\r\nTrace ID: t-1","error_codes":[{codes}],
            "timestamp":"2026-01-02 03:04:05Z","trace_id":"t-1","correlation_id":"c-1"}}"#
    );
    response(400, body).into()
}

fn unauthorized() -> Step {
    response(401, r#"{"code":400,"description":"Access denied","data":[],"source":"PartnerFD"}"#).into()
}

fn first_page() -> MockResponse {
    page(["a"]).next("/v1/customers?seekOperation=Next", "t1")
}

conversations! {
    // Fetching and storing tokens.
    app_only_token_is_reused: list_two_pages(Caller::AppOnly, "app-only: one token serves the complete list", [
        token("a1"), first_page().into(), page(["b"]).into(),
    ]) => returns(["a", "b"]);
    rotated_refresh_token_is_stored_first:
        list_two_pages(Caller::AppUser, "app+user: the new refresh token is stored before the call continues", [
            token_response(r#""expires_in":"3599","access_token":"u1","refresh_token":"r1""#), first_page().into(),
            page(["b"]).into(),
        ]) => returns(["a", "b"]);
    latest_refresh_token_is_used: get_customer(Caller::AppUser, "the latest refresh token is the one that is sent", [
        token_response(r#""expires_in":3599,"access_token":"u1","refresh_token":"r1""#),
        unauthorized(),
        token_response(r#""expires_in":3599,"access_token":"u2","refresh_token":"r2""#),
        customer_response().into(),
    ]) => returns(["a"]);
    unrotated_refresh_token_stays_in_use:
        get_customer(Caller::AppUser, "a refresh token that is not replaced stays in use", [
            token_response(r#""access_token":"u1","refresh_token":"r0""#), unauthorized(), token("u2"),
            customer_response().into(),
        ]) => returns(["a"]);
    damaged_refresh_token_is_ignored:
        get_customer(Caller::AppUser, "a damaged refresh token does not replace the one that works", [
            token_response(r#""access_token":"u1","refresh_token":"r1\ud83e""#), unauthorized(), token("u2"),
            customer_response().into(),
        ]) => returns(["a"]);
    unstored_refresh_token_fails_the_call:
        get_customer(Caller::AppUserWithoutStorage, "a call fails if the new refresh token cannot be stored", [
            token_response(r#""access_token":"u1","refresh_token":"r1""#),
        ]) => fails_with(ErrorKind::Credential, None, []);
    unstored_refresh_token_is_handed_over_again:
        |name| list(name, "a refresh token that was not stored is handed over again before it is used", ListCustomers::new())
            .caller(Caller::AppUserWithoutStorage).after_a_failed_list()
            .then(token_response(r#""access_token":"u1","refresh_token":"r1""#))
            => fails_with(ErrorKind::Credential, Some(1), []);
    token_source_is_called_once: list_two_pages(Caller::Source, "a custom token source is called once", [
        first_page().into(), page(["b"]).into(),
    ]) => returns(["a", "b"]);
    token_source_error_is_reported:
        get_customer(Caller::FailingSource, "the reason why a token source has no token is reported", [])
            => fails_with(ErrorKind::Credential, None, []);

    // Rejected tokens.
    rejected_token_is_replaced_once: list_two_pages(Caller::AppOnly, "a rejected token is replaced, once", [
        token("a1"), first_page().into(), unauthorized(), token("a2"), page(["b"]).into(),
    ]) => returns(["a", "b"]);
    second_rejection_is_returned: get_customer(Caller::AppOnly, "a second 401 is returned to the caller", [
        token("a1"), unauthorized(), token("a2"), unauthorized(),
    ]) => fails_with(ErrorKind::Service, None, []);
    attempts_restart_with_a_new_token: get_customer(Caller::AppOnly, "attempts are counted anew for each token", [
        token("a1"), response(503, "").into(), Step::Close, unauthorized(), token("a2"),
        response(503, "").into(), response(503, "").into(), response(503, "").into(), customer_response().into(),
    ]) => returns(["a"]);
    unsupported_audience_is_final:
        get_customer(Caller::AppOnly, "no new token is requested for an unsupported audience", [
            token("a1"), response(401, r#"{"code":"900420","description":"Invalid audience."}"#).into(),
        ]) => fails_with(ErrorKind::Service, None, []);
    rejected_token_of_a_source_is_replaced:
        get_customer(Caller::Source, "a token source is called again after a 401", [unauthorized(), customer_response().into()])
            => returns(["a"]);
    unchanged_token_is_not_sent_again:
        get_customer(Caller::SourceOfOneToken, "a token that has been rejected is not sent again", [unauthorized()])
            => fails_with(ErrorKind::Service, None, []);
    forbidden_does_not_replace_the_token: get_customer(Caller::AppOnly, "403 is not about the token", [
        token("a1"), response(403, r#"{"code":900329,"description":"App-only is not supported."}"#).into(),
    ]) => fails_with(ErrorKind::Service, None, []);
    failed_refresh_ends_the_call: get_customer(Caller::AppOnly, "without a new token, a rejected call is not retried", [
        token("a1"), unauthorized(), token_error("invalid_client", "7000222"),
    ]) => fails_with(ErrorKind::Credential, None, []);

    // Lifetimes of tokens.
    token_lifetime_zero: list_two_pages(Caller::AppOnly, "with a lifetime of zero, each page gets its own token", [
        token_response(r#""expires_in":0,"access_token":"a1""#), first_page().into(),
        token_response(r#""expires_in":"0","access_token":"a2""#), page(["b"]).into(),
    ]) => returns(["a", "b"]);
    token_lifetime_negative: list_two_pages(Caller::AppOnly, "with a negative lifetime, each page gets its own token", [
        token_response(r#""expires_in":-3599,"access_token":"a1""#), first_page().into(),
        token_response(r#""expires_in":"-1","access_token":"a2""#), page(["b"]).into(),
    ]) => returns(["a", "b"]);
    token_lifetime_as_a_string: list_two_pages(Caller::AppOnly, "v1 endpoints write numbers as strings", [
        token_response(r#""expires_in":"3599","expires_on":"1546469802","access_token":"a1""#), first_page().into(),
        page(["b"]).into(),
    ]) => returns(["a", "b"]);
    token_lifetime_missing: list_two_pages(Caller::AppOnly, "the default lifetime applies", [
        token_response(r#""access_token":"a1""#), first_page().into(), page(["b"]).into(),
    ]) => returns(["a", "b"]);
    token_lifetime_unbounded: list_two_pages(Caller::AppOnly, "no lifetime is too long", [
        token_response(r#""expires_in":1e300,"access_token":"a1""#), first_page().into(), page(["b"]).into(),
    ]) => returns(["a", "b"]);
    token_lifetime_not_a_number: list_two_pages(Caller::AppOnly, "an invalid lifetime is ignored", [
        token_response(r#""expires_in":"soon","access_token":"a1""#), first_page().into(), page(["b"]).into(),
    ]) => returns(["a", "b"]);
    authority_clock_is_ignored: list_two_pages(Caller::AppOnly, "the clock of the authority does not matter", [
        MockResponse::into(response(200, r#"{"expires_in":3599,"expires_on":1,"not_before":9999999999,"access_token":"a1"}"#)
            .with("Date", "Thu, 01 Jan 1970 00:00:00 GMT")),
        first_page().into(), page(["b"]).into(),
    ]) => returns(["a", "b"]);
    token_is_replaced_before_it_expires:
        |name| list_two_pages(Caller::AppOnly, "a token is replaced before it expires", [
            token_response(r#""expires_in":6,"access_token":"a1""#), first_page().into(), token("a2"),
            page(["b"]).into(),
        ])(name).pause(Duration::from_millis(5600)) => returns(["a", "b"]);
    valid_token_survives_a_failed_refresh:
        |name| list_two_pages(Caller::AppOnly, "a token that is still valid is used when its early refresh fails", [
            token_response(r#""expires_in":6,"access_token":"a1""#), first_page().into(), response(500, "").into(),
            page(["b"]).into(),
        ])(name).pause(Duration::from_millis(5600)) => returns(["a", "b"]);

    // Errors of the authority that are final.
    invalid_client_is_final:
        get_customer(Caller::AppOnly, "a wrong secret is final", [token_error("invalid_client", "7000215")])
            => fails_with(ErrorKind::Credential, None, []);
    expired_refresh_token_is_final:
        get_customer(Caller::AppUser, "an expired refresh token is final", [token_error("invalid_grant", "700082")])
            => fails_with(ErrorKind::Credential, None, []);
    missing_consent_is_final:
        get_customer(Caller::AppOnly, "missing consent is final", [token_error("invalid_grant", "65001")])
            => fails_with(ErrorKind::Credential, None, []);
    missing_second_factor_is_final:
        get_customer(Caller::AppUser, "a missing second factor is final", [token_error("interaction_required", "50076")])
            => fails_with(ErrorKind::Credential, None, []);
    conditional_access_is_final:
        get_customer(Caller::AppUser, "Conditional Access is final", [token_error("interaction_required", "53003")])
            => fails_with(ErrorKind::Credential, None, []);
    unknown_tenant_is_final:
        get_customer(Caller::AppOnly, "a tenant of another cloud is final", [token_error("invalid_request", "90002")])
            => fails_with(ErrorKind::Credential, None, []);
    unknown_audience_is_final:
        get_customer(Caller::AppOnly, "an audience of another cloud is final", [token_error("invalid_resource", "500011")])
            => fails_with(ErrorKind::Credential, None, []);
    unknown_token_error_is_final:
        get_customer(Caller::AppOnly, "any other token error is final", [response(418, "a teapot").into()])
            => fails_with(ErrorKind::Credential, None, []);
    token_error_on_a_later_page: list_two_pages(Caller::AppOnly, "a page whose token cannot be fetched is an error", [
        token_response(r#""expires_in":0,"access_token":"a1""#), first_page().into(),
        token_error("invalid_client", "7000222"),
    ]) => fails_with(ErrorKind::Credential, Some(2), ["a"]);

    // Failures of the authority, and invalid responses.
    authority_retry_after: get_customer(Caller::AppOnly, "the authority's Retry-After is respected", [
        MockResponse::into(response(429, "").with("Retry-After", "7")), token("a1"), customer_response().into(),
    ]) => returns(["a"]);
    authority_outage_is_retried:
        get_customer(Caller::AppOnly, "failures of the authority are retried like those of the service", [
            response(503, "").into(), Step::Close, response(500, "").into(), token("a1"), customer_response().into(),
        ]) => returns(["a"]);
    authority_temporarily_unavailable_is_retried:
        get_customer(Caller::AppOnly, "temporarily_unavailable is not final", [
            token_error("temporarily_unavailable", "90033"), token("a1"), customer_response().into(),
        ]) => returns(["a"]);
    authority_outage_of_every_attempt:
        get_customer(Caller::AppOnly, "retries of a token request are limited", vec![response(503, "").into(); 4])
            => fails_with(ErrorKind::Credential, None, []);
    authority_closed_connection_of_every_attempt:
        get_customer(Caller::AppOnly, "the error names the authority", vec![Step::Close; 4])
            => fails_with(ErrorKind::Transport, None, []);
    authority_timeout_of_every_attempt:
        |name| get_customer(Caller::AppOnly, "the attempt timeout applies to the authority, too", vec![Step::Hang; 4])(name)
            .timeout(Duration::from_millis(100)) => fails_with(ErrorKind::Timeout, None, []);
    authority_truncated_response_is_retried: get_customer(Caller::AppOnly, "a truncated response is not a token", [
        Step::Truncate(response(200, r#"{"access_token":"a1"}"#)), token("a1"), customer_response().into(),
    ]) => returns(["a"]);
    authority_redirect_is_not_followed: get_customer(Caller::AppOnly, "a secret is not sent to another address", [
        MockResponse::into(response(307, "").with("Location", "/elsewhere")),
    ]) => fails_with(ErrorKind::Credential, None, []);
    authority_wait_in_prose: get_customer(Caller::AppOnly, "a wait in the authority's message is respected", [
        response(429, r#"{"error":"throttled","error_description":"Try again in 7 seconds."}"#).into(), token("a1"),
        customer_response().into(),
    ]) => returns(["a"]);
    authority_retry_after_too_long:
        get_customer(Caller::AppOnly, "a wait beyond the limit fails immediately, with its value", [
            MockResponse::into(response(429, "").with("Retry-After", "90")),
        ]) => fails_with(ErrorKind::Credential, None, []);
    authority_error_with_status_200: get_customer(Caller::AppUser, "an error with a success status is an error", [
        response(200, r#"{"error":"invalid_grant","error_description":"AADSTS50173: Expired.","error_codes":[50173]}"#).into(),
    ]) => fails_with(ErrorKind::Credential, None, []);
    authority_temporarily_unavailable_with_status_200:
        get_customer(Caller::AppOnly, "a transient error with a success status is retried", [
            response(200, r#"{"error":"temporarily_unavailable"}"#).into(), token("a1"), customer_response().into(),
        ]) => returns(["a"]);
    authority_html_response: get_customer(Caller::AppOnly, "HTML is not a token", [
        MockResponse::into(response(200, "<html>Sign in</html>").with("Content-Type", "text/html")),
    ]) => fails_with(ErrorKind::Credential, None, []);
    authority_empty_response: get_customer(Caller::AppOnly, "an empty body is not a token", [response(200, "").into()])
        => fails_with(ErrorKind::Credential, None, []);
    authority_response_too_large: get_customer(Caller::AppOnly, "the size of a token is limited", [
        response(200, format!(r#"{{"access_token":"{}"}}"#, "a".repeat(2 << 20))).into(),
    ]) => fails_with(ErrorKind::Decode, None, []);
    token_with_a_line_break:
        get_customer(Caller::AppOnly, "a string that is invalid in a header is not a token", [token(r"a\r\nX-Evil: 1")])
            => fails_with(ErrorKind::Credential, None, []);
    authority_echoing_a_secret: get_customer(Caller::AppOnly, "a secret in the authority's response is redacted", [
        response(400, r#"{"error":"invalid_client","error_description":"the-secret is wrong"}"#).into(),
    ]) => fails_with(ErrorKind::Credential, None, []);
    authority_lone_surrogate_beside_a_token: get_customer(Caller::AppOnly, "fields beside the token do not matter", [
        response(200, r#"{"access_token":"a1","note":"\ud83e","more":1e999}"#).into(),
        customer_response().into(),
    ]) => returns(["a"]);
    authority_lone_surrogate_in_an_error:
        get_customer(Caller::AppOnly, "an invalid character does not hide the error", [
            response(400, r#"{"error":"invalid_client","error_description":"No app \ud83e"}"#).into(),
        ]) => fails_with(ErrorKind::Credential, None, []);
    authority_utf16_response: get_customer(Caller::AppOnly, "token responses are read in every encoding, too", [
        response(200, r#"{"access_token":"a1"}"#).encode(|text| {
            b"\xFF\xFE".iter().copied().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
        }).into(),
        customer_response().into(),
    ]) => returns(["a"]);
}
