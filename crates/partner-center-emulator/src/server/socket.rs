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

/// A TCP connection that can be closed with a reset, and that notices when its peer has closed it.
///
/// Clones share the connection, which is closed when the last of them is dropped.
#[derive(Clone)]
pub(super) struct ResettableSocket(Arc<SocketConnection>);

struct SocketConnection {
    stream: TcpStream,
    reset: AtomicBool,
}

impl ResettableSocket {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self(Arc::new(SocketConnection { stream, reset: AtomicBool::new(false) }))
    }

    /// Makes the connection end with a reset instead of an orderly close.
    pub(super) fn reset_on_close(&self) {
        self.0.reset.store(true, Ordering::Relaxed);
    }

    /// Waits until the peer has closed the connection, even while bytes that it sent before are unread, when a read would not show
    /// it. Then waits for [`HALF_CLOSE_TIMEOUT`]: a peer that has closed only its sending half looks the same, and may still read
    /// a response.
    pub(super) async fn wait_until_closed_by_peer(&self) {
        while self.0.stream.ready(Interest::READABLE).await.is_ok_and(|ready| !ready.is_read_closed()) {
            // Polled: the socket stays readable while bytes are unread, so its end cannot be awaited.
            sleep(CLOSE_POLL_INTERVAL).await;
        }
        sleep(HALF_CLOSE_TIMEOUT).await;
    }
}

/// The interval in which a connection with unread bytes is checked for its end.
const CLOSE_POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The time for a response to a peer that has closed its sending half.
const HALF_CLOSE_TIMEOUT: Duration = Duration::from_millis(250);

impl Drop for SocketConnection {
    fn drop(&mut self) {
        if *self.reset.get_mut() {
            // If this fails, the connection is closed in order, but still without a response.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for ResettableSocket {
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

impl AsyncWrite for ResettableSocket {
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

    /// Does nothing: the connection is dropped next, which closes it.
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
