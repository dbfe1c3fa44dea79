//! The sign-in of a user, over every transport: at the emulator's authority, whose pages a thread fills in, and at one that
//! misbehaves.

use partner_center::{
    AppRegistration, Client, Credential, Error, ErrorKind, ListCustomers, Reqwest, Transport, Ureq,
    auth::{SignIn, SignedIn},
    transport::{Async, Blocking, Mode, Output, Request, Response, TransportError},
};
use partner_center_emulator::{Emulator, Server as EmulatorServer};
use partner_center_tests::{MockResponse, ScriptedTransport, Step, block_on, judged_emulator, response};
use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

fn served(require_mfa: bool) -> EmulatorServer {
    let interval = Duration::from_secs(1);
    let emulator = judged_emulator().customers(3).require_mfa(require_mfa).device_code_interval(interval).build();
    emulator.serve("127.0.0.1:0").unwrap()
}

fn app() -> AppRegistration {
    AppRegistration::new("contoso.com", Emulator::CLIENT_ID)
}

/// Posts a form as a browser does, and returns the response head and body.
fn post_form(server: &EmulatorServer, path: &str, form: &str) -> String {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{form}",
        server.address(),
        form.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

fn with_device_code<X: Transport>(transport: X, server: &EmulatorServer, decision: &str) -> Result<SignedIn, Error> {
    let sign_in = SignIn::builder(transport, app()).authority(server.url()).build().unwrap();
    let code = block_on::<X::Mode, _>(sign_in.request_device_code())?;
    assert!(code.message().contains(code.user_code()) && code.verification_uri().ends_with("/devicelogin"));
    let form = format!("user_code={}&{decision}", code.user_code());
    assert!(post_form(server, "/devicelogin", &form).starts_with("HTTP/1.1 200"));
    block_on::<X::Mode, _>(sign_in.wait_for_user(&code))
}

/// Lists the customers with the refresh token of a sign-in.
fn count_customers(server: &EmulatorServer, signed_in: &SignedIn) -> Result<usize, Error> {
    let credential = Credential::app_user(app(), signed_in.refresh_token.expose());
    let client = Client::builder(Ureq::new().unwrap(), credential);
    client.base_url(server.url()).authority(server.url()).build()?.items(ListCustomers::new()).count()
}

#[test]
fn device_code_leads_to_a_list() {
    let server = served(true);
    let accept = "decision=accept&second_factor=yes";
    let reqwest = with_device_code(Reqwest::new().unwrap(), &server, accept).unwrap();
    let ureq = with_device_code(Ureq::new().unwrap(), &server, accept).unwrap();
    for signed_in in [reqwest, ureq] {
        assert!(signed_in.access_token.remaining_lifetime().is_some_and(|left| left > Duration::from_secs(3000)));
        assert_eq!(count_customers(&server, &signed_in).unwrap(), 3);
        // Both tokens are kept out of it.
        let text = format!("{signed_in:?}");
        let secrets = [signed_in.refresh_token.expose(), signed_in.access_token.secret().expose()];
        assert!(secrets.iter().all(|secret| secret.len() > 20 && !text.contains(secret)), "{text}");
    }
    // A refresh token of another sign-in, or none, leads nowhere.
    let credential = Credential::app_user(app(), "no-token");
    let client = Client::builder(Ureq::new().unwrap(), credential).base_url(server.url()).authority(server.url());
    let error = client.build().unwrap().items(ListCustomers::new()).count().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credential, "{error}");
}

#[test]
fn sign_in_without_a_second_factor_is_told_from_an_expired_token() {
    let interval = Duration::from_secs(1);
    let emulator = judged_emulator().customers(3).require_mfa(true).device_code_interval(interval).build();
    let server = emulator.serve("127.0.0.1:0").unwrap();
    let signed_in = with_device_code(Ureq::new().unwrap(), &server, "decision=accept").unwrap();
    let requests_before = emulator.requests().len();
    let error = count_customers(&server, &signed_in).unwrap_err();
    assert_eq!(error.reason(), Some(partner_center::error::ErrorReason::MultifactorRequired));
    // Another token would be rejected as well: after that of the refresh token, none was requested.
    assert_eq!(error.attempts(), 1, "{error}");
    let requests = emulator.requests().split_off(requests_before);
    let paths: Vec<_> =
        requests.iter().map(|request| request.uri().path().rsplit('/').next().unwrap_or_default()).collect();
    assert_eq!(paths, ["token", "customers"]);
}

#[test]
fn declined_sign_in_is_an_error_of_the_credential() {
    let server = served(false);
    for outcome in [
        with_device_code(Reqwest::new().unwrap(), &server, "decision=decline"),
        with_device_code(Ureq::new().unwrap(), &server, "decision=decline"),
    ] {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Credential);
        assert_eq!(error.token_error().unwrap().error.as_deref(), Some("authorization_declined"));
    }
}

fn in_browser<X: Transport>(transport: X, server: &EmulatorServer, decision: &str) -> Result<SignedIn, Error> {
    let sign_in = SignIn::builder(transport, app()).authority(server.url()).build().unwrap();
    let request = sign_in.begin_authorization("http://localhost:4711").unwrap();
    let path = request.url().strip_prefix(&server.url()).unwrap();
    let page = post_form(server, path, decision);
    let location = page.lines().find_map(|line| line.strip_prefix("location: ")).unwrap_or_else(|| panic!("{page}"));
    let query = location.strip_prefix("http://localhost:4711?").unwrap();
    assert!(request.is_response(query));
    block_on::<X::Mode, _>(sign_in.complete_authorization(&request, query))
}

#[test]
fn authorization_code_leads_to_a_list() {
    let server = served(true);
    let accept = "decision=accept&second_factor=yes";
    for signed_in in [
        in_browser(Reqwest::new().unwrap(), &server, accept).unwrap(),
        in_browser(Ureq::new().unwrap(), &server, accept).unwrap(),
    ] {
        assert_eq!(count_customers(&server, &signed_in).unwrap(), 3);
    }
    let error = in_browser(Ureq::new().unwrap(), &server, "decision=decline").unwrap_err();
    assert_eq!(error.token_error().unwrap().codes, [65_004]);
}

/// A transport that takes note of how long it is to sleep, and does not sleep.
struct SleepRecorder<M>(ScriptedTransport<M>, Arc<Mutex<Vec<u128>>>);

impl<M: Mode> Transport for SleepRecorder<M> {
    type Mode = M;

    fn send(&self, request: Request) -> Output<'_, Self, Result<Response, TransportError>> {
        self.0.send(request)
    }

    fn sleep(&self, delay: Duration) -> Output<'_, Self, ()> {
        // What is left of a lifetime is a little less than the lifetime.
        self.1.lock().unwrap().push(delay.as_millis().div_ceil(100).div_ceil(10));
        M::ready(())
    }
}

const CODE: &str = r#"{"user_code":"BCDF2345G","device_code":"hush","expires_in":900,"interval":"5",
    "verification_uri":"https://microsoft.com/devicelogin"}"#;
const TOKENS: &str = r#"{"access_token":"t","refresh_token":"r","expires_in":"3599"}"#;

fn error(code: &str) -> MockResponse {
    response(400, format!(r#"{{"error":"{code}"}}"#))
}

/// Signs in at an authority that responds with `steps`, and returns the outcome and the waits in seconds.
fn scripted<M: Mode>(steps: Vec<Step>) -> (Result<SignedIn, Error>, Vec<u128>) {
    let sleeps = Arc::default();
    let steps = [vec![response(200, CODE).into()], steps].concat();
    let transport = SleepRecorder::<M>(ScriptedTransport::new(steps), Arc::clone(&sleeps));
    let sign_in = SignIn::builder(transport, app()).build().unwrap();
    let code = block_on::<M, _>(sign_in.request_device_code()).unwrap();
    let outcome = block_on::<M, _>(sign_in.wait_for_user(&code));
    let sleeps = sleeps.lock().unwrap().clone();
    (outcome, sleeps)
}

#[test]
fn authority_is_polled_less_often_when_it_says_so_or_does_not_respond() {
    fn over<M: Mode>() {
        let (outcome, sleeps) = scripted::<M>(vec![
            error("authorization_pending").into(),
            error("slow_down").into(),
            error("authorization_pending").into(),
            error("slow_down").into(),
            Step::Close,
            response(503, "<html>").into(),
            response(408, "{}").into(),
            error("authorization_pending").into(),
            response(200, TOKENS).into(),
        ]);
        assert_eq!(outcome.unwrap().refresh_token.expose(), "r");
        assert_eq!(sleeps, [5, 5, 10, 10, 15, 30, 60, 60, 60]);
    }
    over::<Blocking>();
    over::<Async>();
}

#[test]
fn sign_in_survives_a_proxy_and_waits_as_long_as_the_authority_asks() {
    let throttled = response(429, "{}").with("retry-after", "100");
    let (outcome, sleeps) = scripted::<Blocking>(vec![
        response(200, "<html>").into(),
        throttled.into(),
        error("authorization_pending").into(),
        response(200, TOKENS).into(),
    ]);
    assert_eq!(outcome.unwrap().refresh_token.expose(), "r");
    assert_eq!(sleeps, [5, 10, 100, 20]);
}

#[test]
fn sign_in_ends_at_an_error_that_no_wait_cures() {
    for (code, expected) in [
        (error("expired_token"), "expired_token"),
        (error("access_denied"), "access_denied"),
        (error("bad_verification_code"), "bad_verification_code"),
        (response(401, r#"{"error":"invalid_client","error_codes":[7000218]}"#), "invalid_client"),
        (response(400, r#"{"error":"invalid_grant","error_codes":[53003]}"#), "invalid_grant"),
    ] {
        let (outcome, sleeps) = scripted::<Blocking>(vec![error("authorization_pending").into(), code.into()]);
        assert_eq!(outcome.unwrap_err().token_error().unwrap().error.as_deref(), Some(expected));
        assert_eq!(sleeps.len(), 2);
    }
    // Tokens that are none.
    for body in ["{}", r#"{"access_token":"","refresh_token":"r"}"#, r#"{"access_token":"t"}"#] {
        let (outcome, _) = scripted::<Blocking>(vec![response(200, body).into()]);
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Credential, "{body}");
    }
}

#[test]
fn deadline_ends_the_wait_for_the_user() {
    let steps = [response(200, CODE).into()];
    let sign_in = SignIn::builder(ScriptedTransport::<Blocking>::new(steps), app());
    let sign_in = sign_in.deadline(Instant::now() + Duration::from_secs(3)).build().unwrap();
    let code = sign_in.request_device_code().unwrap();
    assert!(sign_in.wait_for_user(&code).unwrap_err().is_timeout());
}

#[test]
fn expired_code_is_polled_once_more() {
    let code = CODE.replace("900", "0");
    let steps = [response(200, code).into(), error("authorization_pending").into()];
    let sign_in = SignIn::builder(ScriptedTransport::<Blocking>::new(steps), app()).build().unwrap();
    let code = sign_in.request_device_code().unwrap();
    let error = sign_in.wait_for_user(&code).unwrap_err();
    assert_eq!(error.token_error().unwrap().error.as_deref(), Some("authorization_pending"));
}

#[test]
fn access_token_of_an_earlier_run_is_used_and_new_ones_are_passed_on() {
    let emulator = judged_emulator().customers(3).build();
    let server = emulator.serve("127.0.0.1:0").unwrap();
    let passed_on = Arc::<Mutex<Vec<String>>>::default();
    let app = app().secret(Emulator::CLIENT_SECRET);
    let run = |initial: Option<String>| {
        let tokens = Arc::clone(&passed_on);
        let mut credential = Credential::app_only(app.clone())
            .on_token(move |token| tokens.lock().unwrap().push(token.secret().expose().to_owned()));
        if let Some(token) = initial {
            credential = credential
                .initial_token(partner_center::auth::AccessToken::new(token).expires_in(Duration::from_secs(1000)));
        }
        let client = Client::builder(Ureq::new().unwrap(), credential).base_url(server.url()).authority(server.url());
        assert_eq!(client.build().unwrap().items(ListCustomers::new()).count().unwrap(), 3);
        (emulator.requests().len(), passed_on.lock().unwrap().clone())
    };
    let (requests, tokens) = run(None);
    assert_eq!((requests, tokens.len()), (2, 1));
    let (requests, tokens) = run(tokens.last().cloned());
    assert_eq!((requests, tokens.len()), (3, 1), "no token was requested");
    // One that the service rejects is replaced.
    emulator.revoke_access_tokens();
    let (requests, tokens) = run(tokens.last().cloned());
    assert_eq!((requests, tokens.len()), (6, 2));
}
