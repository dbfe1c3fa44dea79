//! Secrets appear in no output: no error, no `Debug` output, no log line of any level and any crate.
//!
//! It is a separate test binary, because it captures the logs of the process.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "to panic is how a test fails")]

use partner_center::{auth::AccessToken, transport::Mode, *};
use partner_center_tests::{CapturedLog, MockResponse, Server, Step, block_on, page, response};
use std::{error::Error as StdError, time::Duration};
use uuid::Uuid;

const TOKEN: &str = "ZmlyZSBhbmQgd2F0ZXIgZG8gbm90IG1peA";
const CONTINUATION: &str = "bm90aGluZyBsYXN0cyBmb3IgZXZlciBoZXJl";
const FILTER: &str = "the-filter-0123456789";
const CLIENT_SECRET: &str = "c2VjcmV0cyBhcmUgbm90IGZvciBzYWxl";
const REFRESH_TOKEN: &str = "YWdhaW4gYW5kIGFnYWluIGFuZCBhZ2Fpbg";
const NEXT_REFRESH_TOKEN: &str = "b25jZSBtb3JlIHVudG8gdGhlIGJyZWFjaA";
const SECRETS: [&str; 6] = [TOKEN, CONTINUATION, FILTER, CLIENT_SECRET, REFRESH_TOKEN, NEXT_REFRESH_TOKEN];
/// Secrets that no crate may log. The filter is part of the URI, which the HTTP clients log.
const NEVER_LOGGED: [&str; 5] = [TOKEN, CONTINUATION, CLIENT_SECRET, REFRESH_TOKEN, NEXT_REFRESH_TOKEN];

#[test]
fn secrets_appear_in_no_output() {
    let logs = CapturedLog::default();
    let writer = logs.clone();
    // This includes the `log` records of crates that do not use `tracing`.
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();

    let mut output = Vec::new();
    for steps in [
        vec![first_page().into(), response(401, "").into()],
        vec![first_page().into(), Step::Close],
        vec![first_page().into(), Step::Hang],
        vec![first_page().into(), response(503, "").into(), response(302, "").with("Location", "/elsewhere").into()],
        vec![first_page().into(), page(["b"]).next("https://evil.example/v1/customers", CONTINUATION).into()],
        vec![first_page().into(), page(["b"]).next("/v1/customers\r\n", CONTINUATION).into()],
        vec![first_page().into(), page(["b"]).next("/v1/customers", &format!("{CONTINUATION}\r\n")).into()],
        vec![response(200, format!(r#"{{"items": "{CONTINUATION}"}}"#)).into()],
        vec![response(200, format!(r#"{{"items": [{{"id": {CONTINUATION}"#)).into()],
        vec![response(403, format!("<html>{CONTINUATION}</html>")).into()],
        vec![first_page().into(), response(403, format!("No: {CONTINUATION}, Bearer {TOKEN}")).into()],
        vec![
            first_page().into(),
            response(400, format!(r#"{{"code":"{TOKEN}","description":"{CONTINUATION} is no token"}}"#)).into(),
        ],
    ] {
        output.extend(output_over(Ureq::new().unwrap(), Credential::token(TOKEN), steps.clone()));
        output.extend(output_over(Reqwest::new().unwrap(), Credential::token(TOKEN), steps));
    }
    // An authority that echoes what it was sent.
    let echo = |status, refresh_token| {
        let description = format!("{refresh_token} {CLIENT_SECRET}");
        response(
            status,
            format!(
                r#"{{"error":"{CLIENT_SECRET}","error_description":"{description}","trace_id":"{refresh_token}"}}"#
            ),
        )
    };
    for steps in [
        vec![
            token_response().into(),
            first_page().into(),
            response(401, "").into(),
            token_response().into(),
            page(["b"]).into(),
        ],
        vec![token_response().into(), response(401, "").into(), echo(400, NEXT_REFRESH_TOKEN).into()],
        vec![echo(503, REFRESH_TOKEN).into(), echo(503, REFRESH_TOKEN).into()],
        vec![Step::Truncate(token_response()), Step::Drip(token_response())],
        vec![response(200, format!(r#"{{"access_token":7,"refresh_token":"{NEXT_REFRESH_TOKEN}""#)).into()],
        vec![response(200, format!(r#"{{"access_token":"{TOKEN}\n","refresh_token":"{NEXT_REFRESH_TOKEN}"}}"#)).into()],
        vec![response(200, format!("<html>{CLIENT_SECRET}{REFRESH_TOKEN}</html>")).into()],
    ] {
        output.extend(output_over(Ureq::new().unwrap(), app_user(), steps.clone()));
        output.extend(output_over(Reqwest::new().unwrap(), app_user(), steps));
    }
    output.push(format!("{:?} {:?}", AccessToken::new(TOKEN), AppRegistration::new("t", "c").secret(CLIENT_SECRET)));
    let error =
        Client::builder(Ureq::new().unwrap(), Credential::token(format!("{TOKEN}\n{TOKEN}"))).build().unwrap_err();
    output.extend(messages(&error));

    for text in output {
        assert!(SECRETS.iter().all(|secret| !text.contains(secret)), "{text}");
    }
    let logs = logs.text();
    // `ureq_proto::util` logs only the bytes of each request and response, sixteen to a line. The feature caps the log to exclude
    // them. Without the feature they are excluded here, and nothing else.
    let (dumped, lines): (Vec<_>, Vec<_>) = logs.lines().partition(|line| line.contains(" ureq_proto::util: "));
    assert_eq!(dumped.is_empty(), cfg!(feature = "no-wire-log"));
    for line in &lines {
        assert!(NEVER_LOGGED.iter().all(|secret| !line.contains(secret)), "{line}");
        // Only the HTTP clients log the URI. Our logs name the operation.
        assert!(!line.contains("partner_center") || !line.contains(FILTER), "{line}");
    }
    // No line has a part of a secret either.
    let parts = |secret: &str| {
        secret.as_bytes().chunks(8).map(|part| String::from_utf8_lossy(part).into_owned()).collect::<Vec<_>>()
    };
    for part in NEVER_LOGGED.iter().flat_map(|secret| parts(secret)).filter(|part| part.len() == 8) {
        let line = lines.iter().find(|line| line.contains(&part));
        assert_eq!(line, None, "{part} is part of a secret");
    }
    // The logs show that calls are retried, and why.
    assert!(logs.contains("will be retried attempts=1") && logs.contains("attempted status=503"));
    for crate_name in ["partner_center_core", "hyper_util", "ureq"] {
        assert!(logs.contains(crate_name), "the logs of {crate_name} are missing");
    }
}

/// Returns the credential of an application for a user.
fn app_user<M: Mode>() -> Credential<M> {
    let app = AppRegistration::new("contoso.com", "the-app").secret(CLIENT_SECRET);
    Credential::app_user(app, REFRESH_TOKEN).on_rotation(|_| M::ready(Ok(())))
}

fn token_response() -> MockResponse {
    let body = format!(
        r#"{{"token_type":"Bearer","expires_in":3599,"access_token":"{TOKEN}","refresh_token":"{NEXT_REFRESH_TOKEN}"}}"#
    );
    response(200, body).chunked()
}

/// Returns a first page that has a next page.
fn first_page() -> MockResponse {
    page(["a"]).next("/v1/customers?seekOperation=Next", CONTINUATION).token(CONTINUATION)
}

/// Lists and fetches customers over `transport`, and returns all output: every error with its sources, and the `Debug` output
/// of every value.
fn output_over<X: Transport + std::fmt::Debug>(
    transport: X,
    credential: Credential<X::Mode>,
    steps: Vec<Step>,
) -> Vec<String> {
    let server = Server::start();
    server.script(steps);
    let mut output = vec![format!("{transport:?} {credential:?}")];
    let builder = Client::builder(transport, credential)
        .base_url(server.url())
        .authority(server.url())
        .attempt_timeout(Duration::from_millis(200))
        .retry(RetryPolicy::default().max_attempts(2).initial_backoff(Duration::from_millis(1)));
    output.push(format!("{builder:?}"));
    let client = builder.build().unwrap();
    output.push(format!("{client:?}"));

    let mut pages = client.pages(ListCustomers::new().filter(CustomerFilter::company_name(FILTER)));
    loop {
        output.push(format!("{pages:?}"));
        match block_on::<X::Mode, _>(pages.next_page()) {
            Some(Ok(page)) => output.push(format!("{page:?} {:?}", ListCustomers::continuation(&page))),
            Some(Err(error)) => output.extend(messages(&error)),
            None => break,
        }
    }
    if let Err(error) = block_on::<X::Mode, _>(client.call(GetCustomer::new(Uuid::nil()))) {
        output.extend(messages(&error));
    }
    output
}

fn messages(error: &Error) -> Vec<String> {
    let mut output = vec![format!("{error:?}"), format!("{error:#?}")];
    let mut cause: Option<&dyn StdError> = Some(error);
    while let Some(error) = cause {
        output.push(format!("{error} {error:?}"));
        cause = error.source();
    }
    output
}
