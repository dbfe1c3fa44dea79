use std::{
    io::{self, ErrorKind},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, Interest, ReadBuf},
    net::TcpStream,
    time::sleep,
};

/// A connection that can be told to end with a reset, and that knows whether the other side has gone.
///
/// Clones are the same connection, which ends with the last of them.
#[derive(Clone)]
pub(super) struct Socket(Arc<Connection>);

struct Connection {
    stream: TcpStream,
    reset: AtomicBool,
}

impl Socket {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self(Arc::new(Connection { stream, reset: AtomicBool::new(false) }))
    }

    /// Has the connection end with a reset instead of in order.
    pub(super) fn reset(&self) {
        self.0.reset.store(true, Ordering::Relaxed);
    }

    /// Returns once the other side has closed the connection, even if what it sent before has not been read, which is
    /// when reading would not tell. It returns a little later, for the other side may have closed its sending half alone,
    /// which looks the same.
    pub(super) async fn gone(&self) {
        while self.0.stream.ready(Interest::READABLE).await.is_ok_and(|ready| !ready.is_read_closed()) {
            // It stays ready while there is something to read, so its end cannot be awaited.
            sleep(CHECK).await;
        }
        sleep(GRACE).await;
    }
}

/// How often a connection with bytes to read is checked for its end.
const CHECK: Duration = Duration::from_millis(50);

/// How long whoever sends no more may still wait for an answer.
const GRACE: Duration = Duration::from_millis(250);

impl Drop for Connection {
    fn drop(&mut self) {
        if *self.reset.get_mut() {
            // If the system refuses, the connection ends in order, and still without an answer.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let stream = &self.0.stream;
        loop {
            ready!(stream.poll_read_ready(context))?;
            match stream.try_read(buffer.initialize_unfilled()) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                read => return Poll::Ready(read.map(|count| buffer.advance(count))),
            }
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[io::IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let stream = &self.0.stream;
        loop {
            ready!(stream.poll_write_ready(context))?;
            match stream.try_write_vectored(slices) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                written => return Poll::Ready(written),
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// The connection is dropped next, which closes it.
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
