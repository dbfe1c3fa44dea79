//! Credentials of `azure_core`, through the adapter.

use azure_core::{
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    time::{Duration, OffsetDateTime},
};
use partner_center::{Client, Cloud, Credential, GetCustomer, auth::AzureCredential, transport::Async};
use partner_center_tests::{Recorder, Script, answer, customer, finish};
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};
use uuid::Uuid;

/// Gives tokens named after the scope and their number, which live as many seconds as it says.
#[derive(Debug, Default)]
struct Numbered {
    given: AtomicI64,
    lifetime: i64,
}

#[async_trait::async_trait]
impl TokenCredential for Numbered {
    async fn get_token(&self, scopes: &[&str], _: Option<TokenRequestOptions<'_>>) -> azure_core::Result<AccessToken> {
        assert_eq!(scopes, ["https://partner.partnercenterapi.microsoftonline.cn/.default"]);
        let number = self.given.fetch_add(1, Ordering::Relaxed) + 1;
        if number == 3 {
            return Err(azure_core::Error::with_message(azure_core::error::ErrorKind::Credential, "no identity here"));
        }
        let expires_on = OffsetDateTime::now_utc() + Duration::seconds(self.lifetime);
        Ok(AccessToken::new(format!("n{number}"), expires_on))
    }
}

/// What is asked in three calls with tokens that live that long, and how the third one ends.
fn asked(lifetime: i64) -> (String, Result<(), String>) {
    let found = || answer(200, customer("a").to_string()).into();
    let (recorder, log) = Recorder::new(Script::<Async>::new([found(), found(), found()]));
    let credential = AzureCredential::new(Arc::new(Numbered { lifetime, ..Numbered::default() }));
    let client = Client::builder(recorder, Credential::source(credential)).cloud(Cloud::China).build().unwrap();
    let mut last = Ok(());
    for _ in 0..3 {
        last = finish::<Async, _>(client.call(GetCustomer::new(Uuid::nil()))).map(drop).map_err(|error| {
            let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            format!("{:?}: {source}", error.kind())
        });
    }
    let trace = log.trace("https://partner.partnercenterapi.microsoftonline.cn");
    (trace.lines().map(|line| line.rsplit(' ').next().unwrap()).collect::<Vec<_>>().join(" "), last)
}

#[test]
fn tokens_are_kept_as_long_as_they_live() {
    assert_eq!(asked(3600), ("n1 n1 n1".to_owned(), Ok(())));
}

#[test]
fn dead_tokens_are_replaced_and_failures_told() {
    assert_eq!(asked(-1), ("n1 n2".to_owned(), Err("Credential: no identity here".to_owned())));
}
