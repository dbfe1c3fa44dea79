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
    app_only: listed(Who::AppOnly, "app-only: one token for the whole list", [
        token("a1"), first().into(), page(["b"]).into(),
    ]) => whole(["a", "b"]);
    app_user: listed(Who::AppUser, "app+user: the new refresh token is kept before the call goes on", [
        issued(r#""expires_in":"3599","access_token":"u1","refresh_token":"r1""#), first().into(), page(["b"]).into(),
    ]) => whole(["a", "b"]);
    rotation_goes_on: asked(Who::AppUser, "the newest refresh token is the one that is used", [
        issued(r#""expires_in":3599,"access_token":"u1","refresh_token":"r1""#),
        unauthorized(),
        issued(r#""expires_in":3599,"access_token":"u2","refresh_token":"r2""#),
        found(),
    ]) => whole(["a"]);
    no_rotation: asked(Who::AppUser, "a refresh token that is not replaced goes on being used", [
        issued(r#""access_token":"u1","refresh_token":"r0""#), unauthorized(), token("u2"), found(),
    ]) => whole(["a"]);
    rotation_not_kept: asked(Who::CarelessAppUser, "a call does not go on before the new refresh token is kept", [
        issued(r#""access_token":"u1","refresh_token":"r1""#),
    ]) => fails(ErrorKind::Credential, None, []);
    kept_before_it_is_used: |name| list(name, "a refresh token that was not kept is handed over again before it is used", ListCustomers::new())
        .who(Who::CarelessAppUser).again()
        .then(issued(r#""access_token":"u1","refresh_token":"r1""#))
        => fails(ErrorKind::Credential, Some(1), []);
    source: listed(Who::Source, "one's own source is asked once", [
        first().into(), page(["b"]).into(),
    ]) => whole(["a", "b"]);
    source_fails: asked(Who::EmptySource, "why a source has no token is told", []) => fails(ErrorKind::Credential, None, []);

    // What is refused.
    refused_once: listed(Who::AppOnly, "a refused token is replaced, once", [
        token("a1"), first().into(), unauthorized(), token("a2"), page(["b"]).into(),
    ]) => whole(["a", "b"]);
    refused_twice: asked(Who::AppOnly, "a second refusal is the caller's", [
        token("a1"), unauthorized(), token("a2"), unauthorized(),
    ]) => fails(ErrorKind::Service, None, []);
    refused_between_failures: asked(Who::AppOnly, "attempts are counted for each token anew", [
        token("a1"), answer(503, "").into(), Step::Hangup, unauthorized(), token("a2"),
        answer(503, "").into(), answer(503, "").into(), answer(503, "").into(), found(),
    ]) => whole(["a"]);
    audience_retired: asked(Who::AppOnly, "a token for a retired audience is not asked for again", [
        token("a1"), answer(401, r#"{"code":"900420","description":"Invalid audience."}"#).into(),
    ]) => fails(ErrorKind::Service, None, []);
    source_refused: asked(Who::Source, "a source is asked for another one", [unauthorized(), found()]) => whole(["a"]);
    source_without_another: asked(Who::StubbornSource, "the same token is not sent again", [unauthorized()])
        => fails(ErrorKind::Service, None, []);
    forbidden: asked(Who::AppOnly, "403 is not about the token", [
        token("a1"), answer(403, r#"{"code":900329,"description":"App-only is not supported."}"#).into(),
    ]) => fails(ErrorKind::Service, None, []);
    refused_refresh: asked(Who::AppOnly, "no other token, no other try", [
        token("a1"), unauthorized(), refused("invalid_client", "7000222"),
    ]) => fails(ErrorKind::Credential, None, []);

    // How long a token lives.
    lifetime_of_none: listed(Who::AppOnly, "a lifetime of nothing: a token for each page", [
        issued(r#""expires_in":0,"access_token":"a1""#), first().into(),
        issued(r#""expires_in":"0","access_token":"a2""#), page(["b"]).into(),
    ]) => whole(["a", "b"]);
    lifetime_negative: listed(Who::AppOnly, "a negative lifetime: a token for each page", [
        issued(r#""expires_in":-3599,"access_token":"a1""#), first().into(),
        issued(r#""expires_in":"-1","access_token":"a2""#), page(["b"]).into(),
    ]) => whole(["a", "b"]);
    lifetime_as_text: listed(Who::AppOnly, "v1 endpoints write numbers as text", [
        issued(r#""expires_in":"3599","expires_on":"1546469802","access_token":"a1""#), first().into(), page(["b"]).into(),
    ]) => whole(["a", "b"]);
    lifetime_missing: listed(Who::AppOnly, "without a lifetime, the usual one", [
        issued(r#""access_token":"a1""#), first().into(), page(["b"]).into(),
    ]) => whole(["a", "b"]);
    lifetime_absurd: listed(Who::AppOnly, "no lifetime is too long", [
        issued(r#""expires_in":1e300,"access_token":"a1""#), first().into(), page(["b"]).into(),
    ]) => whole(["a", "b"]);
    lifetime_is_no_number: listed(Who::AppOnly, "what is no lifetime is none", [
        issued(r#""expires_in":"soon","access_token":"a1""#), first().into(), page(["b"]).into(),
    ]) => whole(["a", "b"]);
    skewed_clock: listed(Who::AppOnly, "the clocks of the authority do not matter", [
        Answer::into(answer(200, r#"{"expires_in":3599,"expires_on":1,"not_before":9999999999,"access_token":"a1"}"#)
            .with("Date", "Thu, 01 Jan 1970 00:00:00 GMT")),
        first().into(), page(["b"]).into(),
    ]) => whole(["a", "b"]);
    replaced_ahead_of_time: |name| listed(Who::AppOnly, "a token is replaced ahead of its end", [
        issued(r#""expires_in":6,"access_token":"a1""#), first().into(), token("a2"), page(["b"]).into(),
    ])(name).pause(Duration::from_millis(5600)) => whole(["a", "b"]);
    old_token_outlasts_failure: |name| listed(Who::AppOnly, "a token that still lives outlasts a failure to replace it", [
        issued(r#""expires_in":6,"access_token":"a1""#), first().into(), answer(500, "").into(), page(["b"]).into(),
    ])(name).pause(Duration::from_millis(5600)) => whole(["a", "b"]);

    // When none is issued.
    invalid_client: asked(Who::AppOnly, "a wrong secret is final", [refused("invalid_client", "7000215")])
        => fails(ErrorKind::Credential, None, []);
    invalid_grant: asked(Who::AppUser, "a dead refresh token is final", [refused("invalid_grant", "700082")])
        => fails(ErrorKind::Credential, None, []);
    consent: asked(Who::AppOnly, "missing consent is final", [refused("invalid_grant", "65001")])
        => fails(ErrorKind::Credential, None, []);
    multifactor: asked(Who::AppUser, "a missing second factor is final", [refused("interaction_required", "50076")])
        => fails(ErrorKind::Credential, None, []);
    conditional_access: asked(Who::AppUser, "Conditional Access is final", [refused("interaction_required", "53003")])
        => fails(ErrorKind::Credential, None, []);
    unknown_tenant: asked(Who::AppOnly, "a tenant of another cloud is final", [refused("invalid_request", "90002")])
        => fails(ErrorKind::Credential, None, []);
    unknown_audience: asked(Who::AppOnly, "an audience of another cloud is final", [refused("invalid_resource", "500011")])
        => fails(ErrorKind::Credential, None, []);
    unknown_refusal: asked(Who::AppOnly, "any other refusal is final", [answer(418, "a teapot").into()])
        => fails(ErrorKind::Credential, None, []);
    on_a_later_page: listed(Who::AppOnly, "without a token for it, a page is an error", [
        issued(r#""expires_in":0,"access_token":"a1""#), first().into(), refused("invalid_client", "7000222"),
    ]) => fails(ErrorKind::Credential, Some(2), ["a"]);

    // When the authority is not well.
    authority_throttles: asked(Who::AppOnly, "the authority's Retry-After is obeyed", [
        Answer::into(answer(429, "").with("Retry-After", "7")), token("a1"), found(),
    ]) => whole(["a"]);
    authority_is_down: asked(Who::AppOnly, "a broken authority is asked again like any service", [
        answer(503, "").into(), Step::Hangup, answer(500, "").into(), token("a1"), found(),
    ]) => whole(["a"]);
    authority_is_busy: asked(Who::AppOnly, "temporarily_unavailable is not final", [
        refused("temporarily_unavailable", "90033"), token("a1"), found(),
    ]) => whole(["a"]);
    authority_stays_down: asked(Who::AppOnly, "but not for ever", vec![answer(503, "").into(); 4])
        => fails(ErrorKind::Credential, None, []);
    authority_hangs_up: asked(Who::AppOnly, "who gave no answer is told", vec![Step::Hangup; 4])
        => fails(ErrorKind::Transport, None, []);
    authority_is_silent: |name| asked(Who::AppOnly, "the timeout holds for the authority, too", vec![Step::Silence; 4])(name)
        .timeout(Duration::from_millis(100)) => fails(ErrorKind::Timeout, None, []);
    authority_truncates: asked(Who::AppOnly, "half a token is none", [
        Step::Truncate(answer(200, r#"{"access_token":"a1"}"#)), token("a1"), found(),
    ]) => whole(["a"]);
    authority_redirects: asked(Who::AppOnly, "a secret goes nowhere else", [
        Answer::into(answer(307, "").with("Location", "/elsewhere")),
    ]) => fails(ErrorKind::Credential, None, []);
    authority_throttles_in_words: asked(Who::AppOnly, "so is its text", [
        answer(429, r#"{"error":"throttled","error_description":"Try again in 7 seconds."}"#).into(), token("a1"), found(),
    ]) => whole(["a"]);
    authority_throttles_for_long: asked(Who::AppOnly, "a wait beyond the cap fails at once, with the value", [
        Answer::into(answer(429, "").with("Retry-After", "90")),
    ]) => fails(ErrorKind::Credential, None, []);
    refused_under_200: asked(Who::AppUser, "an error under a status of success is one", [
        answer(200, r#"{"error":"invalid_grant","error_description":"AADSTS50173: Expired.","error_codes":[50173]}"#).into(),
    ]) => fails(ErrorKind::Credential, None, []);
    busy_under_200: asked(Who::AppOnly, "and retried if that may help", [
        answer(200, r#"{"error":"temporarily_unavailable"}"#).into(), token("a1"), found(),
    ]) => whole(["a"]);
    authority_is_a_proxy: asked(Who::AppOnly, "HTML is no token", [
        Answer::into(answer(200, "<html>Sign in</html>").with("Content-Type", "text/html")),
    ]) => fails(ErrorKind::Credential, None, []);
    authority_says_nothing: asked(Who::AppOnly, "nothing is no token", [answer(200, "").into()])
        => fails(ErrorKind::Credential, None, []);
    authority_says_too_much: asked(Who::AppOnly, "a token is not that long", [
        answer(200, format!(r#"{{"access_token":"{}"}}"#, "a".repeat(2 << 20))).into(),
    ]) => fails(ErrorKind::Decode, None, []);
    token_of_two_lines: asked(Who::AppOnly, "what cannot stand in a header is no token", [token(r"a\r\nX-Evil: 1")])
        => fails(ErrorKind::Credential, None, []);
    authority_tells_secrets: asked(Who::AppOnly, "a secret that comes back is struck out", [
        answer(400, r#"{"error":"invalid_client","error_description":"the-secret is wrong"}"#).into(),
    ]) => fails(ErrorKind::Credential, None, []);
    authority_writes_half_a_pair: asked(Who::AppOnly, "what is said beside the token does not matter", [
        answer(200, r#"{"access_token":"a1","note":"\ud83e","more":1e999}"#).into(),
        found(),
    ]) => whole(["a"]);
    authority_writes_half_a_pair_in_an_error: asked(Who::AppOnly, "an error is told all the same", [
        answer(400, r#"{"error":"invalid_client","error_description":"No app \ud83e"}"#).into(),
    ]) => fails(ErrorKind::Credential, None, []);
    authority_writes_utf16: asked(Who::AppOnly, "the authority is read in every encoding, too", [
        answer(200, r#"{"access_token":"a1"}"#).encode(|text| {
            b"\xFF\xFE".iter().copied().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
        }).into(),
        found(),
    ]) => whole(["a"]);
}
