//! Replies as they go out: at once, late, in pieces, or not at all.

use super::socket::Socket;
use crate::reply::{Delivery, PIECE, Reply};
use futures_util::{future::select, stream};
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Bytes, Frame};
use std::{convert::Infallible, io, pin::pin, time::Duration};
use tokio::{
    io::{copy, sink},
    sync::watch,
    time::timeout,
};

pub(super) type Body = UnsyncBoxBody<Bytes, io::Error>;

/// How a reply is delivered on one connection.
#[derive(Clone)]
pub(super) struct Deliverer {
    /// Never changed, only closed, when the server stops.
    pub(super) stopped: watch::Receiver<()>,
    pub(super) socket: Socket,
}

impl Deliverer {
    /// The response; an error ends the connection without one.
    pub(super) async fn deliver(mut self, Reply { delay, delivery }: Reply) -> io::Result<http::Response<Body>> {
        if !delay.is_zero() {
            self.wait(delay).await?;
        }
        match delivery {
            Delivery::Whole(response) => {
                Ok(response.map(|body| Full::from(body).map_err(|never: Infallible| match never {}).boxed_unsync()))
            }
            Delivery::Dripping(response, pause) => Ok(response.map(|body| self.in_pieces(body, PIECE, pause, None))),
            Delivery::Truncated(response) => Ok(response.map(|body| {
                let end = io::ErrorKind::UnexpectedEof;
                self.in_pieces(body.slice(..body.len() / 2), body.len(), SHORTLY, Some(end))
            })),
            Delivery::Reset => {
                self.socket.reset();
                Err(io::ErrorKind::ConnectionReset.into())
            }
            Delivery::Never => {
                // Whatever else the client sends is read: behind too much of it, its end would never arrive.
                select(pin!(self.stopped.changed()), pin!(copy(&mut self.socket, &mut sink()))).await;
                Err(io::ErrorKind::ConnectionAborted.into())
            }
        }
    }

    /// Lets `time` pass, unless the answer is not worth waiting for: the server stops, or the client has gone.
    async fn wait(&mut self, time: Duration) -> io::Result<()> {
        match timeout(time, select(pin!(self.stopped.changed()), pin!(self.socket.gone()))).await {
            Err(_elapsed) => Ok(()),
            Ok(_) => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }

    /// `body` in pieces of `size` bytes, with a `pause` before each, and perhaps with an error at the `end`.
    fn in_pieces(self, body: Bytes, size: usize, pause: Duration, end: Option<io::ErrorKind>) -> Body {
        let pieces = stream::try_unfold((self, body), move |(mut deliverer, mut rest)| async move {
            // Meanwhile the piece before goes out, which an error would keep from it.
            deliverer.wait(pause).await?;
            match end {
                Some(end) if rest.is_empty() => Err(io::Error::from(end)),
                _ if rest.is_empty() => Ok(None),
                _ => {
                    let piece = rest.split_to(size.min(rest.len()));
                    Ok(Some((Frame::data(piece), (deliverer, rest))))
                }
            }
        });
        StreamBody::new(pieces).boxed_unsync()
    }
}

/// Long enough for bytes to go out.
const SHORTLY: Duration = Duration::from_millis(20);
