//! No secret in any output: not in an error, not in a `Debug`, not in a log line of any level or of any crate.
//!
//! A test binary of its own, for it listens to the logs of the whole process.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "to panic is how a test fails")]

use partner_center::*;
use partner_center_tests::{Answer, Server, Step, answer, finish, page};
use std::{
    error::Error as StdError,
    io::{self, Write},
    sync::{Arc, Mutex},
    time::Duration,
};
use uuid::Uuid;

const TOKEN: &str = "ZmlyZSBhbmQgd2F0ZXIgZG8gbm90IG1peA";
const CONTINUATION: &str = "bm90aGluZyBsYXN0cyBmb3IgZXZlciBoZXJl";
const FILTER: &str = "the-filter-0123456789";
const CLIENT_SECRET: &str = "c2VjcmV0cyBhcmUgbm90IGZvciBzYWxl";
const REFRESH_TOKEN: &str = "YWdhaW4gYW5kIGFnYWluIGFuZCBhZ2Fpbg";
const NEXT_REFRESH_TOKEN: &str = "b25jZSBtb3JlIHVudG8gdGhlIGJyZWFjaA";
const SECRETS: [&str; 6] = [TOKEN, CONTINUATION, FILTER, CLIENT_SECRET, REFRESH_TOKEN, NEXT_REFRESH_TOKEN];
/// What is in no log of anybody's; a URI, and with it the filter, is for the HTTP clients to log.
const UNSPEAKABLE: [&str; 5] = [TOKEN, CONTINUATION, CLIENT_SECRET, REFRESH_TOKEN, NEXT_REFRESH_TOKEN];

/// Everything that was logged.
#[derive(Clone, Default)]
struct Logs(Arc<Mutex<Vec<u8>>>);

impl Write for Logs {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn nothing_gives_a_secret_away() {
    let logs = Logs::default();
    let writer = logs.clone();
    // With the `log` records of crates that do not trace.
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();

    let mut told = Vec::new();
    for steps in [
        vec![next().into(), answer(401, "").into()],
        vec![next().into(), Step::Hangup],
        vec![next().into(), Step::Silence],
        vec![next().into(), answer(503, "").into(), answer(302, "").with("Location", "/elsewhere").into()],
        vec![next().into(), page(["b"]).next("https://evil.example/v1/customers", CONTINUATION).into()],
        vec![next().into(), page(["b"]).next("/v1/customers\r\n", CONTINUATION).into()],
        vec![next().into(), page(["b"]).next("/v1/customers", &format!("{CONTINUATION}\r\n")).into()],
        vec![answer(200, format!(r#"{{"items": "{CONTINUATION}"}}"#)).into()],
        vec![answer(200, format!(r#"{{"items": [{{"id": {CONTINUATION}"#)).into()],
        vec![answer(403, format!("<html>{CONTINUATION}</html>")).into()],
        vec![next().into(), answer(403, format!("No: {CONTINUATION}, Bearer {TOKEN}")).into()],
        vec![
            next().into(),
            answer(400, format!(r#"{{"code":"{TOKEN}","description":"{CONTINUATION} is no token"}}"#)).into(),
        ],
    ] {
        told.extend(over(Ureq::new().unwrap(), Credential::token(TOKEN), steps.clone()));
        told.extend(over(Reqwest::new().unwrap(), Credential::token(TOKEN), steps));
    }
    // What was sent, told back.
    let told_back = |status, refresh_token| {
        let description = format!("{refresh_token} {CLIENT_SECRET}");
        answer(
            status,
            format!(
                r#"{{"error":"{CLIENT_SECRET}","error_description":"{description}","trace_id":"{refresh_token}"}}"#
            ),
        )
    };
    for steps in [
        vec![issued().into(), next().into(), answer(401, "").into(), issued().into(), page(["b"]).into()],
        vec![issued().into(), answer(401, "").into(), told_back(400, NEXT_REFRESH_TOKEN).into()],
        vec![told_back(503, REFRESH_TOKEN).into(), told_back(503, REFRESH_TOKEN).into()],
        vec![Step::Truncate(issued()), Step::Drip(issued())],
        vec![answer(200, format!(r#"{{"access_token":7,"refresh_token":"{NEXT_REFRESH_TOKEN}""#)).into()],
        vec![answer(200, format!(r#"{{"access_token":"{TOKEN}\n","refresh_token":"{NEXT_REFRESH_TOKEN}"}}"#)).into()],
        vec![answer(200, format!("<html>{CLIENT_SECRET}{REFRESH_TOKEN}</html>")).into()],
    ] {
        told.extend(over(Ureq::new().unwrap(), app_user(), steps.clone()));
        told.extend(over(Reqwest::new().unwrap(), app_user(), steps));
    }
    told.push(format!("{:?} {:?}", AccessToken::new(TOKEN), AppRegistration::new("t", "c").secret(CLIENT_SECRET)));
    let error =
        Client::builder(Ureq::new().unwrap(), Credential::token(format!("{TOKEN}\n{TOKEN}"))).build().unwrap_err();
    told.extend(chain(&error));

    for told in told {
        assert!(SECRETS.iter().all(|secret| !told.contains(secret)), "{told}");
    }
    let logs = String::from_utf8(logs.0.lock().unwrap().clone()).unwrap();
    // `ureq_proto::util` says nothing, but writes the bytes of each request and answer to the log, sixteen to a line. That is
    // what the feature caps the log for; without it, as much must be kept out and no more.
    let (dumped, lines): (Vec<_>, Vec<_>) = logs.lines().partition(|line| line.contains(" ureq_proto::util: "));
    assert_eq!(dumped.is_empty(), cfg!(feature = "no-wire-log"));
    for line in &lines {
        assert!(UNSPEAKABLE.iter().all(|secret| !line.contains(secret)), "{line}");
        // The URI is the business of the HTTP clients' own logs; ours say which operation it is.
        assert!(!line.contains("partner_center") || !line.contains(FILTER), "{line}");
    }
    // Nor in pieces, one to a line.
    let pieces = |secret: &str| {
        secret.as_bytes().chunks(8).map(|piece| String::from_utf8_lossy(piece).into_owned()).collect::<Vec<_>>()
    };
    for piece in UNSPEAKABLE.iter().flat_map(|secret| pieces(secret)).filter(|piece| piece.len() == 8) {
        let line = lines.iter().find(|line| line.contains(&piece));
        assert_eq!(line, None, "{piece} is a piece of a secret");
    }
    // A caller can see that calls are repeated, and why.
    assert!(logs.contains("will be retried attempts=1") && logs.contains("attempted status=503"));
    for crate_name in ["partner_center_core", "hyper_util", "ureq"] {
        assert!(logs.contains(crate_name), "{crate_name} was not listened to");
    }
}

/// An application that acts for a user.
fn app_user<M: Mode>() -> Credential<M> {
    let app = AppRegistration::new("contoso.com", "the-app").secret(CLIENT_SECRET);
    Credential::app_user(app, REFRESH_TOKEN).on_rotation(|_| M::ready(Ok(())))
}

fn issued() -> Answer {
    let body = format!(
        r#"{{"token_type":"Bearer","expires_in":3599,"access_token":"{TOKEN}","refresh_token":"{NEXT_REFRESH_TOKEN}"}}"#
    );
    answer(200, body).chunked()
}

/// A first page that leads on.
fn next() -> Answer {
    page(["a"]).next("/v1/customers?seekOperation=Next", CONTINUATION).token(CONTINUATION)
}

/// All that a conversation over `transport` tells: every error with its causes, and the `Debug` of all that takes part.
fn over<X: Transport + std::fmt::Debug>(
    transport: X,
    credential: Credential<X::Mode>,
    steps: Vec<Step>,
) -> Vec<String> {
    let server = Server::start();
    server.script(steps);
    let mut told = vec![format!("{transport:?} {credential:?}")];
    let builder = Client::builder(transport, credential)
        .base_url(server.url())
        .authority(server.url())
        .attempt_timeout(Duration::from_millis(200))
        .retry(RetryPolicy::default().max_attempts(2).initial_backoff(Duration::from_millis(1)));
    told.push(format!("{builder:?}"));
    let client = builder.build().unwrap();
    told.push(format!("{client:?}"));

    let mut pages = client.pages(ListCustomers::new().filter(CustomerFilter::company_name(FILTER)));
    loop {
        told.push(format!("{pages:?}"));
        match finish::<X::Mode, _>(pages.next_page()) {
            Some(Ok(page)) => told.push(format!("{page:?} {:?}", ListCustomers::continuation(&page))),
            Some(Err(error)) => told.extend(chain(&error)),
            None => break,
        }
    }
    if let Err(error) = finish::<X::Mode, _>(client.call(GetCustomer::new(Uuid::nil()))) {
        told.extend(chain(&error));
    }
    told
}

fn chain(error: &Error) -> Vec<String> {
    let mut told = vec![format!("{error:?}"), format!("{error:#?}")];
    let mut cause: Option<&dyn StdError> = Some(error);
    while let Some(error) = cause {
        told.push(format!("{error} {error:?}"));
        cause = error.source();
    }
    told
}
