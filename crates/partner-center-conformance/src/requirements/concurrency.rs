//! What happens beside an exchange, and after it.

use crate::exchange::{
    Held, NEAR, PATIENCE, SHORTLY, TIMEOUT, answer, answered, answering, at_once, bytes, ensure, get, given_up,
    has_body, pause, raw, send, within,
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

const MANY: usize = 16;

pub(crate) async fn many_are_sent_at_once<X: Transport>(transport: &X) -> Held {
    let server = answering_together()?;
    let started = Instant::now();
    send_together(transport, &server).await?;
    ensure!(started.elapsed() < NEAR, "of {MANY} requests at once, some were sent when others had been answered");
    Ok(())
}

pub(crate) async fn many_connections_are_kept<X: Transport>(transport: &X) -> Held {
    // On a busy machine it may be a while before all connections are taken back.
    if are_kept(transport, SHORTLY).await.is_ok() { Ok(()) } else { are_kept(transport, TIMEOUT).await }
}

async fn are_kept<X: Transport>(transport: &X, between: Duration) -> Held {
    let server = answering_together()?;
    for round in ["once", "twice", "three times"] {
        send_together(transport, &server).await?;
        let count = server.connections();
        ensure!(count <= MANY, "{count} connections for {MANY} requests at once, {round}");
        pause(transport, between).await;
    }
    Ok(())
}

pub(crate) async fn timed_out_exchanges_end<X: Transport>(transport: &X) -> Held {
    for target in Stream::TARGETS {
        let stream = Stream::start(target)?;
        let sent = send(transport, within(stream.request(), TIMEOUT)).await;
        ensure!(sent.is_err(), "no error but an answer to {target}");
        stream.ends(transport, NEAR).await?;
    }
    Ok(())
}

pub(crate) async fn dropped_exchanges_end<X: Transport>(transport: &X) -> Held {
    for target in Stream::TARGETS {
        let stream = Stream::start(target)?;
        given_up(transport, within(stream.request(), NEAR), TIMEOUT).await;
        // Before the timeout could end it.
        stream.ends(transport, NEAR / 2).await?;
    }
    Ok(())
}

pub(crate) async fn sleeps_are_long_enough<X: Transport>(transport: &X) -> Held {
    for delay in [0, 1, 20, 300].map(Duration::from_millis) {
        let started = Instant::now();
        X::Mode::into_future(transport.sleep(delay)).await;
        let elapsed = started.elapsed();
        ensure!(elapsed >= delay, "{elapsed:?} where {delay:?} were asked for");
        ensure!(elapsed < delay + NEAR, "{elapsed:?} where {delay:?} were asked for");
    }
    Ok(())
}

pub(crate) async fn sleeps_pass_at_once<X: Transport>(transport: &X) -> Held {
    let delay = Duration::from_millis(300);
    let started = Instant::now();
    let sleeps = (0..MANY).map(|_| async move { X::Mode::into_future(transport.sleep(delay)).await });
    at_once::<X, ()>(sleeps.collect()).await;
    let elapsed = started.elapsed();
    ensure!(elapsed < delay * 8, "{MANY} sleeps of {delay:?} at once took {elapsed:?}");
    Ok(())
}

/// A server that answers nobody before [`MANY`] have asked.
fn answering_together() -> io::Result<Server> {
    #[derive(Default)]
    struct Gate {
        count: usize,
        is_given_up: bool,
    }
    let gate = Arc::new((Mutex::new(Gate::default()), Condvar::new()));
    answering(move |request| {
        let (gate, changed) = &*gate;
        let mut gate = gate.lock().unwrap_or_else(PoisonError::into_inner);
        let round = gate.count / MANY;
        gate.count += 1;
        changed.notify_all();
        let waited = changed.wait_timeout_while(gate, NEAR, |gate| gate.count / MANY == round && !gate.is_given_up);
        let (mut gate, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        // Who waited in vain lets all others pass.
        gate.is_given_up |= waited.timed_out();
        changed.notify_all();
        answer("200 OK", request.uri().path())
    })
}

/// Sends [`MANY`] requests at once, and insists on an answer of its own to each.
async fn send_together<X: Transport>(transport: &X, server: &Server) -> Held {
    let work = (0..MANY).map(|number| {
        let target = format!("/{number}");
        let request = get(server, &target);
        async move {
            let case = format!("one of {MANY} at once");
            let response = answered(transport, request, &case).await?;
            has_body(&response, target.as_bytes(), case)
        }
    });
    at_once::<X, Held>(work.collect()).await.into_iter().collect()
}

/// A server with an answer that does not come to an end for as long as somebody waits for it.
struct Stream {
    server: Server,
    target: &'static str,
    /// How many are being sent.
    open: Arc<AtomicUsize>,
}

impl Stream {
    /// One whose body goes on and on, and one that never begins.
    const TARGETS: [&'static str; 2] = ["/stream", "/silence"];

    fn start(target: &'static str) -> io::Result<Self> {
        let open = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&open);
        let server = Server::start(move |connection| {
            while let Some(request) = connection.request()? {
                if request.uri() == target {
                    count.fetch_add(1, Ordering::Relaxed);
                    let ended = if target == "/stream" { Self::stream(connection) } else { connection.pause(PATIENCE) };
                    count.fetch_sub(1, Ordering::Relaxed);
                    return ended;
                }
                connection.send(&answer("200 OK", request.uri().path()))?;
            }
            Ok(())
        })?;
        Ok(Self { server, target, open })
    }

    /// At a pace that a transport keeps up with, and no buffer takes for long.
    fn stream(connection: &mut Connection) -> io::Result<()> {
        connection.send(&raw("200 OK", ""))?;
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            connection.send(&bytes(1 << 16))?;
            connection.pause(Duration::from_millis(5))?;
        }
        Ok(())
    }

    fn request(&self) -> partner_center_core::Request {
        get(&self.server, self.target)
    }

    /// Insists that nobody takes the body any more, and that the next exchange is as good as any.
    async fn ends<X: Transport>(&self, transport: &X, soon: Duration) -> Held {
        let response = answered(transport, get(&self.server, "/next"), "the next request").await?;
        has_body(&response, b"/next", "the next request")?;
        let given_up = Instant::now();
        while self.open.load(Ordering::Relaxed) > 0 {
            let elapsed = given_up.elapsed();
            ensure!(elapsed < soon, "{elapsed:?} after the exchange was given up, its connection is still open");
            pause(transport, SHORTLY).await;
        }
        let count = self.server.requests().iter().filter(|request| request.uri() == self.target).count();
        ensure!(count == 1, "it was sent {count} times");
        Ok(())
    }
}
