//! The proxy variables of the environment, over both transports.
//!
//! A process cannot change its environment without `unsafe`, so each case runs in a process of its own: this test once more, with
//! the variable set.

use partner_center::{
    Client, Credential, ErrorKind, GetCustomer, Reqwest, RetryPolicy, Transport, Ureq,
    transport::{Async, TransportError, TransportErrorKind},
};
use partner_center_tests::block_on;
use std::{env, error::Error as _, process::Command, time::Duration};
use uuid::Uuid;

/// Set in the processes that run a case, to the variable that is invalid.
const INVALID_VARIABLE: &str = "PARTNER_CENTER_TESTS_INVALID_VARIABLE";

#[test]
fn invalid_proxy_variable_is_an_error_of_its_own_and_not_retried() {
    const NAME: &str = "proxy_settings::invalid_proxy_variable_is_an_error_of_its_own_and_not_retried";
    if let Ok(variable) = env::var(INVALID_VARIABLE) {
        assert_rejected(Ureq::new().unwrap(), &variable);
        assert_rejected(Reqwest::new().unwrap(), &variable);
        return;
    }
    for (variable, value) in [
        ("HTTPS_PROXY", "socks5://user:hush@127.0.0.1:9"),
        ("HTTPS_PROXY", "http://user:hush@[bad"),
        ("HTTPS_PROXY", "http://user:hush@127.0.0.1:99999"),
        ("all_proxy", "hush hush"),
    ] {
        assert_passes_with(NAME, variable, value);
    }
}

#[test]
fn invalid_proxy_variable_does_not_matter_without_the_proxy_of_the_environment() {
    const NAME: &str = "proxy_settings::invalid_proxy_variable_does_not_matter_without_the_proxy_of_the_environment";
    if env::var(INVALID_VARIABLE).is_err() {
        return assert_passes_with(NAME, "HTTPS_PROXY", "ftp://proxy.contoso.invalid");
    }
    let transport = Reqwest::configured(|builder| builder.no_proxy().connect_timeout(Duration::from_secs(5))).unwrap();
    let client = Client::builder(transport, Credential::token("token")).base_url("https://127.0.0.1:1");
    let client = client.retry(RetryPolicy::none()).build().unwrap();
    let error = block_on::<Async, _>(client.call(GetCustomer::new(Uuid::nil()))).unwrap_err();
    assert_eq!(error.transport_error().unwrap().kind(), TransportErrorKind::Connect, "{error:?}");
    assert!(!format!("{error:?}").contains("HTTPS_PROXY"), "{error:?}");
}

/// Asserts that the test of this name passes in a process in which `variable` is invalid.
fn assert_passes_with(name: &str, variable: &str, value: &str) {
    let mut command = Command::new(env::current_exe().unwrap());
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"] {
        command.env_remove(name);
    }
    command.args(["--exact", name]).env(variable, value).env(INVALID_VARIABLE, variable);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{variable}={value}: {}", String::from_utf8_lossy(&output.stdout));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
}

fn assert_rejected<X: Transport>(transport: X, variable: &str) {
    let client = Client::builder(transport, Credential::token("token"));
    let client = client.base_url("https://partner-center.invalid").build().unwrap();
    let error = block_on::<X::Mode, _>(client.call(GetCustomer::new(Uuid::nil()))).unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Transport, 1), "{error:?}");
    let cause = error.transport_error().unwrap();
    assert_eq!(cause.kind(), TransportErrorKind::ProxySetting);
    assert!(!cause.source().unwrap().is::<TransportError>());
    let message = cause.source().unwrap().to_string();
    assert!(message.contains(variable), "{message}");
    assert!(!format!("{error:?} {error} {cause} {message}").contains("hush"), "{error:?}");
}
