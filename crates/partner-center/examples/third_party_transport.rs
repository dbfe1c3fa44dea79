//! A custom transport: here an async one over hyper.
//!
//! `cargo run --example third_party_transport --features async`; a program that uses no other
//! transport can depend on `partner-center-core` instead of `partner-center`, which has the same items at its root.
//!
//! A transport sends one request and returns its response. Authentication, retries, pagination and errors are up to the client.

#![expect(clippy::print_stdout, reason = "an example prints its results")]

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_util::{
    client::legacy::{Client as Hyper, connect::HttpConnector},
    rt::TokioExecutor,
};
use partner_center::{
    Client, Credential, ListCustomers, Transport,
    transport::{Async, Limits, Output, Request, Response, TransportError},
};
use partner_center_emulator::Emulator;
use std::{
    error::Error,
    io::{self, Cursor},
    time::Duration,
};

/// A transport over hyper, which reuses connections. It supports plain http only; for the service, use the connector of
/// `hyper-rustls`.
struct HyperTransport(Hyper<HttpConnector, Full<Cursor<Vec<u8>>>>);

impl Transport for HyperTransport {
    type Mode = Async;

    fn send(&self, request: Request) -> Output<'_, Self, Result<Response, TransportError>> {
        let limits = Limits::of(&request);
        let exchange = async move {
            // hyper follows no redirects, as required: they would send the token to another address.
            let request = request.map(|body| Full::new(Cursor::new(body)));
            let (parts, body) = self.0.request(request).await.map_err(transport_error)?.into_parts();
            // A truncated body is an error, and so is one that is too large.
            let body = Limited::new(body, limits.body).collect().await.map_err(|error| {
                if error.is::<LengthLimitError>() { TransportError::too_large() } else { TransportError::new(error) }
            })?;
            // Every response is an `Ok`, whatever its status.
            Ok(Response::from_parts(parts, body.to_bytes()))
        };
        // The timeout covers the complete exchange: connection, head and body.
        Box::pin(async move {
            tokio::time::timeout(limits.timeout, exchange)
                .await
                .map_err(TransportError::timeout)
                .and_then(|result| result)
        })
    }

    fn sleep(&self, delay: Duration) -> Output<'_, Self, ()> {
        Box::pin(tokio::time::sleep(delay))
    }
}

/// Distinguishes a response head that is not HTTP from a lost connection, as only the latter is retried; and a connection that
/// was never opened from both, since a write is retried only then.
fn transport_error(error: hyper_util::client::legacy::Error) -> TransportError {
    let source = error.source().and_then(|source| source.downcast_ref());
    // A URL that hyper cannot connect to is an error of its connector as well, but not one of I/O.
    let mut sources = std::iter::successors(error.source(), |&error| error.source());
    if error.is_connect() && sources.any(<dyn Error>::is::<io::Error>) {
        TransportError::new(error).before_sending()
    } else if source.is_some_and(hyper::Error::is_parse) {
        TransportError::invalid_response(error)
    } else {
        TransportError::new(error)
    }
}

fn hyper_transport() -> HyperTransport {
    // The default of hyper is at most 100 headers.
    HyperTransport(Hyper::builder(TokioExecutor::new()).http1_max_headers(512).build_http())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let emulator = Emulator::builder().customers(1200).build().serve("127.0.0.1:0")?;
    let client =
        Client::builder(hyper_transport(), Credential::token(Emulator::TOKEN)).base_url(emulator.url()).build()?;

    let mut customers = client.items(ListCustomers::new());
    let mut count = 0;
    while let Some(customer) = customers.next().await {
        customer?;
        count += 1;
    }
    println!("{count} customers were received over hyper");
    assert_eq!(count, 1200);

    // The limits of the client apply.
    let limited = Client::builder(hyper_transport(), Credential::token(Emulator::TOKEN)).base_url(emulator.url());
    let page = limited.max_response_size(1000).build()?.pages(ListCustomers::new()).next_page().await;
    assert!(page.is_some_and(|page| page.is_err()));
    Ok(())
}

/// One test for each requirement of the trait `Transport`.
#[cfg(test)]
mod conformance {
    partner_center_conformance::suite!(#[tokio::test] async super::hyper_transport());
}
