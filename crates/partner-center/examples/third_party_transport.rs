//! A transport of one's own: here over hyper, in async mode.
//!
//! `cargo run --example third_party_transport --features async`; who wants no other transport besides depends on
//! `partner-center-core` instead of `partner-center`, and finds the same names there.
//!
//! A transport moves one request and brings back one answer. Signing in, retries, paging and errors are the client's.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_util::{
    client::legacy::{Client as Hyper, connect::HttpConnector},
    rt::TokioExecutor,
};
use partner_center::{
    Async, Client, Credential, Limits, ListCustomers, Output, Request, Response, Transport, TransportError,
};
use partner_center_emulator::Emulator;
use std::{error::Error as _, io::Cursor, time::Duration};

/// Connections are kept by hyper. It speaks plain http; for the service, its connector would be that of `hyper-rustls`.
struct OverHyper(Hyper<HttpConnector, Full<Cursor<Vec<u8>>>>);

impl Transport for OverHyper {
    type Mode = Async;

    fn send(&self, request: Request) -> Output<'_, Self, Result<Response, TransportError>> {
        let limits = Limits::of(&request);
        let exchange = async move {
            // Redirects are not followed, which suits: they would carry the token along.
            let request = request.map(|body| Full::new(Cursor::new(body)));
            let (parts, body) = self.0.request(request).await.map_err(failure)?.into_parts();
            // A body that ends early is an error, and so is one that is too large.
            let body = Limited::new(body, limits.body).collect().await.map_err(|error| {
                if error.is::<LengthLimitError>() { TransportError::too_large() } else { TransportError::new(error) }
            })?;
            // Whatever its status is: every answer is an `Ok`.
            Ok(Response::from_parts(parts, body.to_bytes()))
        };
        // Around all of it, so that neither a slow answer nor a slow body takes longer.
        Box::pin(async move {
            tokio::time::timeout(limits.timeout, exchange).await.map_err(TransportError::timeout).and_then(|done| done)
        })
    }

    fn sleep(&self, delay: Duration) -> Output<'_, Self, ()> {
        Box::pin(tokio::time::sleep(delay))
    }
}

/// A response head that is not HTTP is told from a connection that was lost, as only the latter is worth a retry.
fn failure(error: hyper_util::client::legacy::Error) -> TransportError {
    let source = error.source().and_then(|source| source.downcast_ref());
    if source.is_some_and(hyper::Error::is_parse) {
        TransportError::invalid_response(error)
    } else {
        TransportError::new(error)
    }
}

fn over_hyper() -> OverHyper {
    // By itself, hyper takes 100 headers.
    OverHyper(Hyper::builder(TokioExecutor::new()).http1_max_headers(512).build_http())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let service = Emulator::builder().customers(1200).build().serve("127.0.0.1:0")?;
    let client = Client::builder(over_hyper(), Credential::token(Emulator::TOKEN)).base_url(service.url()).build()?;

    let mut customers = client.items(ListCustomers::new());
    let mut count = 0;
    while let Some(customer) = customers.next().await {
        customer?;
        count += 1;
    }
    println!("{count} customers came over hyper");
    assert_eq!(count, 1200);

    // The limits hold here, too.
    let narrow = Client::builder(over_hyper(), Credential::token(Emulator::TOKEN)).base_url(service.url());
    let page = narrow.max_response_size(1000).build()?.pages(ListCustomers::new()).next_page().await;
    assert!(page.is_some_and(|page| page.is_err()));
    Ok(())
}

/// Whether it keeps every requirement of a transport; each is a test.
#[cfg(test)]
mod conformance {
    partner_center_conformance::suite!(#[tokio::test] async super::over_hyper());
}
