//! The same over real connections, with both transports.

use super::{
    Run,
    counting_service::{CountingService, Fault, Reaction},
    runs, verify, write_over,
};
use http::Uri;
use partner_center::{
    Reqwest, Transport, Ureq,
    transport::{Output, Request, Response, TransportError},
};
use partner_center_conformance::{Connection, Server};
use partner_center_tests::{MockResponse, block_on};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use std::{io, net::TcpListener, sync::Arc, time::Duration};

/// The timeout of an attempt: short, since each late response takes as long.
pub(super) const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(400);

/// The number of runs over each transport, each with a server of its own.
const RUNS: usize = 60;

/// A transport that opens no connection where the service says so, and does not wait before a retry.
struct UnreliableTransport<X> {
    transport: X,
    service: Arc<CountingService>,
    /// An address at which nothing listens.
    nowhere: String,
}

impl<X: Transport> Transport for UnreliableTransport<X> {
    type Mode = X::Mode;

    fn send(&self, mut request: Request) -> Output<'_, Self, Result<Response, TransportError>> {
        let is_token_request = request.uri().path().contains("/oauth2/");
        if !is_token_request && self.service.next_fault() == Fault::NoConnection {
            self.service.react(&request);
            *request.uri_mut() = Uri::try_from(format!("{}{}", self.nowhere, request.uri().path())).unwrap();
        }
        self.transport.send(request)
    }

    fn sleep(&self, _: Duration) -> Output<'_, Self, ()> {
        self.transport.sleep(Duration::ZERO)
    }
}

fn serve(connection: &mut Connection, service: &CountingService) -> io::Result<()> {
    while let Some(request) = connection.request()? {
        match service.react(&request) {
            Reaction::Respond(response) => connection.send(&bytes(&response, response.body().len()))?,
            Reaction::Truncate(response) => {
                let length = response.body().len();
                return connection.send(&bytes(&response, length)[..bytes(&response, length).len() - length / 2]);
            }
            Reaction::Lose | Reaction::NoConnection => return Ok(()),
            Reaction::Delay => return connection.pause(ATTEMPT_TIMEOUT * 3),
            Reaction::InvalidHead => return connection.send(b"HTTP/1.1 200 OK\r\nContent-Length 2\r\n\r\n{}"),
        }
    }
    Ok(())
}

/// Returns the bytes of a response with this length.
fn bytes(response: &MockResponse, length: usize) -> Vec<u8> {
    let http = response.to_http();
    let mut bytes = format!("HTTP/1.1 {}\r\n", http.status());
    for (name, value) in http.headers().iter().filter(|(name, _)| *name != "content-length") {
        bytes += &format!("{name}: {}\r\n", value.to_str().unwrap());
    }
    bytes += &format!("Content-Length: {length}\r\n\r\n");
    [bytes.as_bytes(), response.body()].concat()
}

fn verify_over<X: Transport>(new_transport: impl Fn() -> X, run: &Run) {
    let service = Arc::new(CountingService::new(run.idempotency, run.faults.clone()));
    let of_server = service.clone();
    let server = Server::start(move |connection| serve(connection, &of_server)).unwrap();
    let nowhere = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let transport = UnreliableTransport {
        transport: new_transport(),
        service: service.clone(),
        nowhere: format!("http://{nowhere}"),
    };
    let result = block_on::<X::Mode, _>(write_over(transport, &server.url(), run));
    if let Err(failure) = verify(run, &result, &service) {
        panic!("{run:?}: {failure}: {result:?}");
    }
}

/// Verifies runs over a transport, always the same ones, beginning with each fault alone.
fn verify_runs_over<X: Transport>(new_transport: impl Fn() -> X) {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config { failure_persistence: None, ..Config::default() }, rng);
    let alone = Fault::ALL.into_iter().flat_map(|fault| {
        let run = move |idempotency| Run { idempotency, faults: vec![fault], max_attempts: 3 };
        use partner_center::request::Idempotency::{Natural, None, RequestId};
        [run(Natural), run(RequestId), run(None)]
    });
    let random: Vec<_> = (0..RUNS).map(|_| runs().new_tree(&mut runner).unwrap().current()).collect();
    alone.chain(random).for_each(|run| verify_over(&new_transport, &run));
}

#[test]
fn write_over_ureq_is_done_once_at_most_and_reported_truly() {
    let transport = Ureq::new().unwrap();
    verify_runs_over(|| transport.clone());
}

#[test]
fn write_over_reqwest_is_done_once_at_most_and_reported_truly() {
    // Each run has a runtime of its own, which a connection does not outlive.
    verify_runs_over(|| Reqwest::new().unwrap());
}
