//! Concurrent exchanges, and exchanges that are over but might continue in the background.

use crate::harness::{
    CheckResult, SERVER_TIMEOUT, SHORT_REQUEST_TIMEOUT, TIMEOUT_TOLERANCE, TRANSPORT_SETTLE_TIME, ensure, expect_body,
    get_request, incompressible_bytes, pause_for_transport_background_work, raw_response, response_with_content_length,
    run_all_concurrently, send_and_cancel, send_expecting_response, send_request, start_keep_alive_server,
    with_timeout,
};
use crate::{Connection, Server};
use partner_center_core::{Mode, Transport};
use std::{
    io,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

const CONCURRENT_REQUEST_COUNT: usize = 16;

pub(crate) async fn requests_run_concurrently<X: Transport>(transport: &X) -> CheckResult {
    let server = start_barrier_server()?;
    let started = Instant::now();
    send_concurrently_expecting_own_responses(transport, &server).await?;
    ensure!(
        started.elapsed() < TIMEOUT_TOLERANCE,
        "of {CONCURRENT_REQUEST_COUNT} concurrent requests, some were sent only after the responses to others"
    );
    Ok(())
}

pub(crate) async fn concurrent_connections_are_reused<X: Transport>(transport: &X) -> CheckResult {
    // On a busy machine, connections may return to the pool late.
    if expect_connection_reuse(transport, TRANSPORT_SETTLE_TIME).await.is_ok() {
        Ok(())
    } else {
        expect_connection_reuse(transport, SHORT_REQUEST_TIMEOUT).await
    }
}

async fn expect_connection_reuse<X: Transport>(transport: &X, between: Duration) -> CheckResult {
    let server = start_barrier_server()?;
    for round in ["once", "twice", "three times"] {
        send_concurrently_expecting_own_responses(transport, &server).await?;
        let count = server.connections();
        ensure!(
            count <= CONCURRENT_REQUEST_COUNT,
            "{count} connections for {CONCURRENT_REQUEST_COUNT} concurrent requests, {round}"
        );
        pause_for_transport_background_work(transport, between).await;
    }
    Ok(())
}

pub(crate) async fn timed_out_exchanges_stop<X: Transport>(transport: &X) -> CheckResult {
    for target in UnfinishedResponseServer::UNFINISHED_RESPONSE_TARGETS {
        let stream = UnfinishedResponseServer::start_with_unfinished_target(target)?;
        let sent =
            send_request(transport, with_timeout(stream.request_to_unfinished_response(), SHORT_REQUEST_TIMEOUT)).await;
        ensure!(sent.is_err(), "a response instead of an error to {target}");
        stream.expect_connection_closed(transport, TIMEOUT_TOLERANCE).await?;
    }
    Ok(())
}

pub(crate) async fn cancelled_exchanges_stop<X: Transport>(transport: &X) -> CheckResult {
    for target in UnfinishedResponseServer::UNFINISHED_RESPONSE_TARGETS {
        let stream = UnfinishedResponseServer::start_with_unfinished_target(target)?;
        send_and_cancel(
            transport,
            with_timeout(stream.request_to_unfinished_response(), TIMEOUT_TOLERANCE),
            SHORT_REQUEST_TIMEOUT,
        )
        .await;
        // The limit is below the timeout, which would end the exchange as well.
        stream.expect_connection_closed(transport, TIMEOUT_TOLERANCE / 2).await?;
    }
    Ok(())
}

pub(crate) async fn sleeps_last_long_enough<X: Transport>(transport: &X) -> CheckResult {
    for delay in [0, 1, 20, 300].map(Duration::from_millis) {
        let started = Instant::now();
        X::Mode::into_future(transport.sleep(delay)).await;
        let elapsed = started.elapsed();
        ensure!(elapsed >= delay, "{elapsed:?} instead of {delay:?}");
        ensure!(elapsed < delay + TIMEOUT_TOLERANCE, "{elapsed:?} instead of {delay:?}");
    }
    Ok(())
}

pub(crate) async fn sleeps_run_concurrently<X: Transport>(transport: &X) -> CheckResult {
    let delay = Duration::from_millis(300);
    let started = Instant::now();
    let sleeps =
        (0..CONCURRENT_REQUEST_COUNT).map(|_| async move { X::Mode::into_future(transport.sleep(delay)).await });
    run_all_concurrently::<X, ()>(sleeps.collect()).await;
    let elapsed = started.elapsed();
    ensure!(elapsed < delay * 8, "{CONCURRENT_REQUEST_COUNT} concurrent sleeps of {delay:?} took {elapsed:?}");
    Ok(())
}

/// Starts a server that sends no response before it has received [`CONCURRENT_REQUEST_COUNT`] requests.
fn start_barrier_server() -> io::Result<Server> {
    #[derive(Default)]
    struct BarrierState {
        count: usize,
        is_abandoned: bool,
    }
    let gate = Arc::new((Mutex::new(BarrierState::default()), Condvar::new()));
    start_keep_alive_server(move |request| {
        let (gate, changed) = &*gate;
        let mut gate = gate.lock().unwrap_or_else(PoisonError::into_inner);
        let round = gate.count / CONCURRENT_REQUEST_COUNT;
        gate.count += 1;
        changed.notify_all();
        let waited = changed.wait_timeout_while(gate, TIMEOUT_TOLERANCE, |gate| {
            gate.count / CONCURRENT_REQUEST_COUNT == round && !gate.is_abandoned
        });
        let (mut gate, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        // After one timeout, no other request waits.
        gate.is_abandoned |= waited.timed_out();
        changed.notify_all();
        response_with_content_length("200 OK", request.uri().path())
    })
}

/// Sends [`CONCURRENT_REQUEST_COUNT`] requests concurrently, and expects the matching response to each.
async fn send_concurrently_expecting_own_responses<X: Transport>(transport: &X, server: &Server) -> CheckResult {
    let work = (0..CONCURRENT_REQUEST_COUNT).map(|number| {
        let target = format!("/{number}");
        let request = get_request(server, &target);
        async move {
            let case = format!("one of {CONCURRENT_REQUEST_COUNT} concurrent requests");
            let response = send_expecting_response(transport, request, &case).await?;
            expect_body(&response, target.as_bytes(), case)
        }
    });
    run_all_concurrently::<X, CheckResult>(work.collect()).await.into_iter().collect()
}

/// A server with a response that does not end while the client keeps the connection open.
struct UnfinishedResponseServer {
    server: Server,
    target: &'static str,
    /// The number of such responses being sent.
    open: Arc<AtomicUsize>,
}

impl UnfinishedResponseServer {
    /// A response whose body never ends, and one that never begins.
    const UNFINISHED_RESPONSE_TARGETS: [&'static str; 2] = ["/stream", "/silence"];

    fn start_with_unfinished_target(target: &'static str) -> io::Result<Self> {
        let open = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&open);
        let server = Server::start(move |connection| {
            while let Some(request) = connection.request()? {
                if request.uri() == target {
                    count.fetch_add(1, Ordering::Relaxed);
                    let ended = if target == "/stream" {
                        Self::send_endless_body(connection)
                    } else {
                        connection.pause(SERVER_TIMEOUT)
                    };
                    count.fetch_sub(1, Ordering::Relaxed);
                    return ended;
                }
                connection.send(&response_with_content_length("200 OK", request.uri().path()))?;
            }
            Ok(())
        })?;
        Ok(Self { server, target, open })
    }

    /// Sends an endless body, slowly enough for any client and fast enough to fill any buffer soon.
    fn send_endless_body(connection: &mut Connection) -> io::Result<()> {
        connection.send(&raw_response("200 OK", ""))?;
        let started = Instant::now();
        while started.elapsed() < SERVER_TIMEOUT {
            connection.send(&incompressible_bytes(1 << 16))?;
            connection.pause(Duration::from_millis(5))?;
        }
        Ok(())
    }

    fn request_to_unfinished_response(&self) -> partner_center_core::Request {
        get_request(&self.server, self.target)
    }

    /// Expects the client to have closed the connection within `limit`, and the next exchange to work.
    async fn expect_connection_closed<X: Transport>(&self, transport: &X, limit: Duration) -> CheckResult {
        let response =
            send_expecting_response(transport, get_request(&self.server, "/next"), "the next request").await?;
        expect_body(&response, b"/next", "the next request")?;
        let send_and_cancel = Instant::now();
        while self.open.load(Ordering::Relaxed) > 0 {
            let elapsed = send_and_cancel.elapsed();
            ensure!(elapsed < limit, "{elapsed:?} after the end of the exchange, its connection is still open");
            pause_for_transport_background_work(transport, TRANSPORT_SETTLE_TIME).await;
        }
        let count = self.server.requests().iter().filter(|request| request.uri() == self.target).count();
        ensure!(count == 1, "it was sent {count} times");
        Ok(())
    }
}
