#!/usr/bin/env bash
# Subject: azure_identity, a token request that Entra refuses with a description in which JSON has to escape something
# Guess:   the error has the description, and its source the HTTP status and Entra's error code, whatever the description contains
# Truth:   with a line break, a quotation mark or any other escape in it the error is "invalid type: string .., expected a borrowed
#          string", and its source is of the kind DataConversion, without the status and the code
# Matters: a wrong secret reads as an answer that could not be understood, and a program that tells refusals apart by their
#          code, such as a secret that has expired, misses it
# Versions: azure_identity 1.0.0, azure_core 1.1.0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cargo init --quiet --vcs none --name finding --edition 2021
cargo add --quiet azure_identity@=1.0.0 azure_core@=1.1.0 --no-default-features
cargo add --quiet async-trait@0.1 futures@0.3
cat > src/main.rs <<'RUST'
use azure_core::{
    credentials::{Secret, TokenCredential},
    error::ErrorKind,
    http::{headers::Headers, AsyncRawResponse, ClientOptions, HttpClient, Request, StatusCode, Transport},
    Bytes,
};
use azure_identity::{ClientSecretCredential, ClientSecretCredentialOptions};
use std::{error::Error, sync::Arc};

/// An HTTP client that answers by itself.
#[derive(Debug)]
struct Refusal(&'static str);

#[async_trait::async_trait]
impl HttpClient for Refusal {
    async fn execute_request(&self, _: &Request) -> azure_core::Result<AsyncRawResponse> {
        let body = format!(r#"{{"error": "invalid_client", "error_codes": [7000215], "error_description": "{}"}}"#, self.0);
        Ok(AsyncRawResponse::from_bytes(StatusCode::Unauthorized, Headers::new(), Bytes::from(body)))
    }
}

fn main() {
    let tenant = "5f0b3c1e-8a54-4b7e-9d53-2c7f6e1a9b40";
    for description in [
        "AADSTS7000215: the secret is wrong. Trace: 1",
        r"AADSTS7000215: the secret is wrong.\r\nTrace: 1",
        r#"AADSTS7000215: the secret of \"Contoso\" is wrong. Trace: 1"#,
        r"AADSTS7000215: the secret of \u0027Contoso\u0027 is wrong. Trace: 1",
    ] {
        let transport = Some(Transport::new(Arc::new(Refusal(description))));
        let options = ClientSecretCredentialOptions { client_options: ClientOptions { transport, ..Default::default() } };
        let credential =
            ClientSecretCredential::new(tenant, "client".to_owned(), Secret::new("secret"), Some(options)).unwrap();
        let error = futures::executor::block_on(credential.get_token(&["https://api.contoso.example/.default"], None)).unwrap_err();
        let source = error.source().and_then(|source| source.downcast_ref::<azure_core::Error>());
        let kind = match source.map(azure_core::Error::kind) {
            Some(ErrorKind::HttpResponse { status, error_code, .. }) => format!("status {status}, code {error_code:?}"),
            other => format!("{other:?}"),
        };
        println!("{description}\n  error: {}\n  source: {kind}", error.to_string().lines().next().unwrap());
    }
}
RUST
cargo tree --quiet --depth 1
output=$(cargo run --quiet)
echo "$output"
expected='  source: status 401, code Some("7000215")
  source: Some(DataConversion)
  source: Some(DataConversion)
  source: Some(DataConversion)'
[ "$(grep '^  source: ' <<< "$output")" = "$expected" ] || { echo "the behavior has changed"; exit 1; }
[ "$(grep -c 'expected a borrowed string' <<< "$output")" = 3 ] || { echo "the behavior has changed"; exit 1; }
