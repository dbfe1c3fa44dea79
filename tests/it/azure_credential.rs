//! `AzureCredential`, the adapter for credentials of `azure_core`.

use azure_core::{
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    time::{Duration, OffsetDateTime},
};
use partner_center::{Client, Cloud, Credential, GetCustomer, auth::AzureCredential, transport::Async};
use partner_center_tests::{RecordingTransport, ScriptedTransport, block_on, customer, response};
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};
use uuid::Uuid;

/// Returns the tokens `n1`, `n2` and so on, valid for `lifetime` seconds; the third one is an error.
#[derive(Debug, Default)]
struct NumberedTokens {
    calls: AtomicI64,
    lifetime: i64,
}

#[async_trait::async_trait]
impl TokenCredential for NumberedTokens {
    async fn get_token(&self, scopes: &[&str], _: Option<TokenRequestOptions<'_>>) -> azure_core::Result<AccessToken> {
        assert_eq!(scopes, ["https://partner.partnercenterapi.microsoftonline.cn/.default"]);
        let number = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        if number == 3 {
            return Err(azure_core::Error::with_message(azure_core::error::ErrorKind::Credential, "no identity here"));
        }
        let expires_on = OffsetDateTime::now_utc() + Duration::seconds(self.lifetime);
        Ok(AccessToken::new(format!("n{number}"), expires_on))
    }
}

/// Returns the tokens that three calls send, and the outcome of the third one.
fn sent_tokens(lifetime: i64) -> (String, Result<(), String>) {
    let customer_response = || response(200, customer("a").to_string()).into();
    let (transport, recording) = RecordingTransport::new(ScriptedTransport::<Async>::new([
        customer_response(),
        customer_response(),
        customer_response(),
    ]));
    let credential = AzureCredential::new(Arc::new(NumberedTokens { lifetime, ..NumberedTokens::default() }));
    let client = Client::builder(transport, Credential::source(credential)).cloud(Cloud::China).build().unwrap();
    let mut last = Ok(());
    for _ in 0..3 {
        last = block_on::<Async, _>(client.call(GetCustomer::new(Uuid::nil()))).map(drop).map_err(|error| {
            let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            format!("{:?}: {source}", error.kind())
        });
    }
    let requests = recording.to_text("https://partner.partnercenterapi.microsoftonline.cn");
    (requests.lines().map(|line| line.rsplit(' ').next().unwrap()).collect::<Vec<_>>().join(" "), last)
}

#[test]
fn valid_token_is_reused() {
    assert_eq!(sent_tokens(3600), ("n1 n1 n1".to_owned(), Ok(())));
}

#[test]
fn expired_token_is_replaced_and_failure_is_reported() {
    assert_eq!(sent_tokens(-1), ("n1 n2".to_owned(), Err("Credential: no identity here".to_owned())));
}
