//! Who asks: how tokens are had, replaced and refused.

use super::conversations;
use partner_center::{ErrorKind, ListCustomers};
use partner_center_tests::{Answer, Conversation, Step, Who, answer, customer, get, list, page};
use std::time::Duration;

fn asked(
    who: Who,
    rule: &'static str,
    steps: impl IntoIterator<Item = Step>,
) -> impl FnOnce(&'static str) -> Conversation {
    let steps: Vec<_> = steps.into_iter().collect();
    move |name| steps.into_iter().fold(get(name, rule).who(who), Conversation::then)
}

/// Two pages, so that there is a request after the first.
fn listed(
    who: Who,
    rule: &'static str,
    steps: impl IntoIterator<Item = Step>,
) -> impl FnOnce(&'static str) -> Conversation {
    let steps: Vec<_> = steps.into_iter().collect();
    move |name| steps.into_iter().fold(list(name, rule, ListCustomers::new()).who(who), Conversation::then)
}

fn issued(fields: &str) -> Step {
    answer(200, format!(r#"{{"token_type":"Bearer",{fields}}}"#)).into()
}

/// A token that lives for an hour.
fn token(name: &str) -> Step {
    issued(&format!(r#""expires_in":3599,"access_token":"{name}""#))
}

fn refused(error: &str, codes: &str) -> Step {
    let body = format!(
        r#"{{"error":"{error}","error_description":"AADSTS: No.\r\nTrace ID: t-1","error_codes":[{codes}],
            "timestamp":"2026-01-02 03:04:05Z","trace_id":"t-1","correlation_id":"c-1"}}"#
    );
    answer(400, body).into()
}

fn found() -> Step {
    answer(200, customer("a").to_string()).into()
}

fn unauthorized() -> Step {
    answer(401, r#"{"code":400,"description":"Access denied","data":[],"source":"PartnerFD"}"#).into()
}

fn first() -> Answer {
    page(["a"]).next("/v1/customers?seekOperation=Next", "t1")
}

conversations! {
    // Where a token comes from.
    app_only_token_is_reused: listed(Who::AppOnly, "app-only: one token serves the complete list", [
        token("a1"), first().into(), page(["b"]).into(),
    ]) => whole(["a", "b"]);
    rotated_refresh_token_is_stored_first: listed(Who::AppUser, "app+user: the new refresh token is stored before the call continues", [
        issued(r#""expires_in":"3599","access_token":"u1","refresh_token":"r1""#), first().into(), page(["b"]).into(),
    ]) => whole(["a", "b"]);
    latest_refresh_token_is_used: asked(Who::AppUser, "the latest refresh token is the one that is sent", [
        issued(r#""expires_in":3599,"access_token":"u1","refresh_token":"r1""#),
        unauthorized(),
        issued(r#""expires_in":3599,"access_token":"u2","refresh_token":"r2""#),
        found(),
    ]) => whole(["a"]);
    unrotated_refresh_token_stays_in_use: asked(Who::AppUser, "a refresh token that is not replaced stays in use", [
        issued(r#""access_token":"u1","refresh_token":"r0""#), unauthorized(), token("u2"), found(),
    ]) => whole(["a"]);
    unstored_refresh_token_fails_the_call: asked(Who::CarelessAppUser, "a call fails if the new refresh token cannot be stored", [
        issued(r#""access_token":"u1","refresh_token":"r1""#),
    ]) => fails(ErrorKind::Credential, None, []);
    unstored_refresh_token_is_handed_over_again: |name| list(name, "a refresh token that was not stored is handed over again before it is used", ListCustomers::new())
        .who(Who::CarelessAppUser).again()
        .then(issued(r#""access_token":"u1","refresh_token":"r1""#))
        => fails(ErrorKind::Credential, Some(1), []);
    token_source_is_called_once: listed(Who::Source, "a custom token source is called once", [
        first().into(), page(["b"]).into(),
    ]) => whole(["a", "b"]);
    token_source_error_is_reported: asked(Who::EmptySource, "the reason why a token source has no token is reported", []) => fails(ErrorKind::Credential, None, []);

    // What is refused.
    rejected_token_is_replaced_once: listed(Who::AppOnly, "a rejected token is replaced, once", [
        token("a1"), first().into(), unauthorized(), token("a2"), page(["b"]).into(),
    ]) => whole(["a", "b"]);
    second_rejection_is_returned: asked(Who::AppOnly, "a second 401 is returned to the caller", [
        token("a1"), unauthorized(), token("a2"), unauthorized(),
    ]) => fails(ErrorKind::Service, None, []);
    attempts_restart_with_a_new_token: asked(Who::AppOnly, "attempts are counted anew for each token", [
        token("a1"), answer(503, "").into(), Step::Hangup, unauthorized(), token("a2"),
        answer(503, "").into(), answer(503, "").into(), answer(503, "").into(), found(),
    ]) => whole(["a"]);
    unsupported_audience_is_final: asked(Who::AppOnly, "no new token is requested for an unsupported audience", [
        token("a1"), answer(401, r#"{"code":"900420","description":"Invalid audience."}"#).into(),
    ]) => fails(ErrorKind::Service, None, []);
    rejected_token_of_a_source_is_replaced: asked(Who::Source, "a token source is called again after a 401", [unauthorized(), found()]) => whole(["a"]);
    unchanged_token_is_not_sent_again: asked(Who::StubbornSource, "a token that has been rejected is not sent again", [unauthorized()])
        => fails(ErrorKind::Service, None, []);
    forbidden_does_not_replace_the_token: asked(Who::AppOnly, "403 is not about the token", [
        token("a1"), answer(403, r#"{"code":900329,"description":"App-only is not supported."}"#).into(),
    ]) => fails(ErrorKind::Service, None, []);
    failed_refresh_ends_the_call: asked(Who::AppOnly, "without a new token, a rejected call is not retried", [
        token("a1"), unauthorized(), refused("invalid_client", "7000222"),
    ]) => fails(ErrorKind::Credential, None, []);

    // How long a token lives.
    token_lifetime_zero: listed(Who::AppOnly, "with a lifetime of zero, each page gets its own token", [
        issued(r#""expires_in":0,"access_token":"a1""#), first().into(),
        issued(r#""expires_in":"0","access_token":"a2""#), page(["b"]).into(),
    ]) => whole(["a", "b"]);
    token_lifetime_negative: listed(Who::AppOnly, "with a negative lifetime, each page gets its own token", [
        issued(r#""expires_in":-3599,"access_token":"a1""#), first().into(),
        issued(r#""expires_in":"-1","access_token":"a2""#), page(["b"]).into(),
    ]) => whole(["a", "b"]);
    token_lifetime_as_a_string: listed(Who::AppOnly, "v1 endpoints write numbers as strings", [
        issued(r#""expires_in":"3599","expires_on":"1546469802","access_token":"a1""#), first().into(), page(["b"]).into(),
    ]) => whole(["a", "b"]);
    token_lifetime_missing: listed(Who::AppOnly, "the default lifetime applies", [
        issued(r#""access_token":"a1""#), first().into(), page(["b"]).into(),
    ]) => whole(["a", "b"]);
    token_lifetime_unbounded: listed(Who::AppOnly, "no lifetime is too long", [
        issued(r#""expires_in":1e300,"access_token":"a1""#), first().into(), page(["b"]).into(),
    ]) => whole(["a", "b"]);
    token_lifetime_not_a_number: listed(Who::AppOnly, "an invalid lifetime is ignored", [
        issued(r#""expires_in":"soon","access_token":"a1""#), first().into(), page(["b"]).into(),
    ]) => whole(["a", "b"]);
    authority_clock_is_ignored: listed(Who::AppOnly, "the clock of the authority does not matter", [
        Answer::into(answer(200, r#"{"expires_in":3599,"expires_on":1,"not_before":9999999999,"access_token":"a1"}"#)
            .with("Date", "Thu, 01 Jan 1970 00:00:00 GMT")),
        first().into(), page(["b"]).into(),
    ]) => whole(["a", "b"]);
    token_is_replaced_before_it_expires: |name| listed(Who::AppOnly, "a token is replaced before it expires", [
        issued(r#""expires_in":6,"access_token":"a1""#), first().into(), token("a2"), page(["b"]).into(),
    ])(name).pause(Duration::from_millis(5600)) => whole(["a", "b"]);
    valid_token_survives_a_failed_refresh: |name| listed(Who::AppOnly, "a token that is still valid is used when its early refresh fails", [
        issued(r#""expires_in":6,"access_token":"a1""#), first().into(), answer(500, "").into(), page(["b"]).into(),
    ])(name).pause(Duration::from_millis(5600)) => whole(["a", "b"]);

    // When none is issued.
    invalid_client_is_final: asked(Who::AppOnly, "a wrong secret is final", [refused("invalid_client", "7000215")])
        => fails(ErrorKind::Credential, None, []);
    expired_refresh_token_is_final: asked(Who::AppUser, "an expired refresh token is final", [refused("invalid_grant", "700082")])
        => fails(ErrorKind::Credential, None, []);
    missing_consent_is_final: asked(Who::AppOnly, "missing consent is final", [refused("invalid_grant", "65001")])
        => fails(ErrorKind::Credential, None, []);
    missing_second_factor_is_final: asked(Who::AppUser, "a missing second factor is final", [refused("interaction_required", "50076")])
        => fails(ErrorKind::Credential, None, []);
    conditional_access_is_final: asked(Who::AppUser, "Conditional Access is final", [refused("interaction_required", "53003")])
        => fails(ErrorKind::Credential, None, []);
    unknown_tenant_is_final: asked(Who::AppOnly, "a tenant of another cloud is final", [refused("invalid_request", "90002")])
        => fails(ErrorKind::Credential, None, []);
    unknown_audience_is_final: asked(Who::AppOnly, "an audience of another cloud is final", [refused("invalid_resource", "500011")])
        => fails(ErrorKind::Credential, None, []);
    unknown_token_error_is_final: asked(Who::AppOnly, "any other token error is final", [answer(418, "a teapot").into()])
        => fails(ErrorKind::Credential, None, []);
    token_error_on_a_later_page: listed(Who::AppOnly, "a page whose token cannot be fetched is an error", [
        issued(r#""expires_in":0,"access_token":"a1""#), first().into(), refused("invalid_client", "7000222"),
    ]) => fails(ErrorKind::Credential, Some(2), ["a"]);

    // When the authority is not well.
    authority_retry_after: asked(Who::AppOnly, "the authority's Retry-After is respected", [
        Answer::into(answer(429, "").with("Retry-After", "7")), token("a1"), found(),
    ]) => whole(["a"]);
    authority_outage_is_retried: asked(Who::AppOnly, "failures of the authority are retried like those of the service", [
        answer(503, "").into(), Step::Hangup, answer(500, "").into(), token("a1"), found(),
    ]) => whole(["a"]);
    authority_temporarily_unavailable_is_retried: asked(Who::AppOnly, "temporarily_unavailable is not final", [
        refused("temporarily_unavailable", "90033"), token("a1"), found(),
    ]) => whole(["a"]);
    authority_outage_of_every_attempt: asked(Who::AppOnly, "retries of a token request are limited", vec![answer(503, "").into(); 4])
        => fails(ErrorKind::Credential, None, []);
    authority_closed_connection_of_every_attempt: asked(Who::AppOnly, "the error names the authority", vec![Step::Hangup; 4])
        => fails(ErrorKind::Transport, None, []);
    authority_timeout_of_every_attempt: |name| asked(Who::AppOnly, "the attempt timeout applies to the authority, too", vec![Step::Silence; 4])(name)
        .timeout(Duration::from_millis(100)) => fails(ErrorKind::Timeout, None, []);
    authority_truncated_response_is_retried: asked(Who::AppOnly, "a truncated response is not a token", [
        Step::Truncate(answer(200, r#"{"access_token":"a1"}"#)), token("a1"), found(),
    ]) => whole(["a"]);
    authority_redirect_is_not_followed: asked(Who::AppOnly, "a secret is not sent to another address", [
        Answer::into(answer(307, "").with("Location", "/elsewhere")),
    ]) => fails(ErrorKind::Credential, None, []);
    authority_wait_in_prose: asked(Who::AppOnly, "a wait in the authority's message is respected", [
        answer(429, r#"{"error":"throttled","error_description":"Try again in 7 seconds."}"#).into(), token("a1"), found(),
    ]) => whole(["a"]);
    authority_retry_after_too_long: asked(Who::AppOnly, "a wait beyond the limit fails immediately, with its value", [
        Answer::into(answer(429, "").with("Retry-After", "90")),
    ]) => fails(ErrorKind::Credential, None, []);
    authority_error_with_status_200: asked(Who::AppUser, "an error with a success status is an error", [
        answer(200, r#"{"error":"invalid_grant","error_description":"AADSTS50173: Expired.","error_codes":[50173]}"#).into(),
    ]) => fails(ErrorKind::Credential, None, []);
    authority_temporarily_unavailable_with_status_200: asked(Who::AppOnly, "a transient error with a success status is retried", [
        answer(200, r#"{"error":"temporarily_unavailable"}"#).into(), token("a1"), found(),
    ]) => whole(["a"]);
    authority_html_response: asked(Who::AppOnly, "HTML is not a token", [
        Answer::into(answer(200, "<html>Sign in</html>").with("Content-Type", "text/html")),
    ]) => fails(ErrorKind::Credential, None, []);
    authority_empty_response: asked(Who::AppOnly, "an empty body is not a token", [answer(200, "").into()])
        => fails(ErrorKind::Credential, None, []);
    authority_response_too_large: asked(Who::AppOnly, "the size of a token is limited", [
        answer(200, format!(r#"{{"access_token":"{}"}}"#, "a".repeat(2 << 20))).into(),
    ]) => fails(ErrorKind::Decode, None, []);
    token_with_a_line_break: asked(Who::AppOnly, "a string that is invalid in a header is not a token", [token(r"a\r\nX-Evil: 1")])
        => fails(ErrorKind::Credential, None, []);
    authority_echoing_a_secret: asked(Who::AppOnly, "a secret in the authority's response is redacted", [
        answer(400, r#"{"error":"invalid_client","error_description":"the-secret is wrong"}"#).into(),
    ]) => fails(ErrorKind::Credential, None, []);
    authority_lone_surrogate_beside_a_token: asked(Who::AppOnly, "fields beside the token do not matter", [
        answer(200, r#"{"access_token":"a1","note":"\ud83e","more":1e999}"#).into(),
        found(),
    ]) => whole(["a"]);
    authority_lone_surrogate_in_an_error: asked(Who::AppOnly, "an invalid character does not hide the error", [
        answer(400, r#"{"error":"invalid_client","error_description":"No app \ud83e"}"#).into(),
    ]) => fails(ErrorKind::Credential, None, []);
    authority_utf16_response: asked(Who::AppOnly, "token responses are read in every encoding, too", [
        answer(200, r#"{"access_token":"a1"}"#).encode(|text| {
            b"\xFF\xFE".iter().copied().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
        }).into(),
        found(),
    ]) => whole(["a"]);
}
