//! Sends responses over a connection: immediately, delayed, in chunks, truncated, or not at all.

use super::socket::ResettableSocket;
use crate::scheduled_response::{DRIP_CHUNK_SIZE, ResponseDelivery, ScheduledResponse};
use futures_util::{future::select, stream};
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Bytes, Frame};
use partner_center_core::Response;
use std::{convert::Infallible, io, pin::pin, time::Duration};
use tokio::{
    io::{copy, sink},
    sync::watch,
    time::timeout,
};

pub(super) type ResponseBody = UnsyncBoxBody<Bytes, io::Error>;

/// The sender of responses on one connection.
#[derive(Clone)]
pub(super) struct ResponseScheduler {
    /// Never changed, only closed, when the server stops.
    pub(super) stopped: watch::Receiver<()>,
    pub(super) socket: ResettableSocket,
}

impl ResponseScheduler {
    /// Returns the response once it is time to send it. An error ends the connection without a response.
    pub(super) async fn response_when_due(
        mut self,
        response: ScheduledResponse,
    ) -> io::Result<http::Response<ResponseBody>> {
        let ScheduledResponse { delay, delivery } = response;
        if !delay.is_zero() {
            self.wait_unless_closed(delay).await?;
        }
        match delivery {
            ResponseDelivery::Complete(response) => Ok(response_with_whole_body(response)),
            ResponseDelivery::Drip(response, pause) => {
                Ok(response.map(|body| self.chunked_body(body, DRIP_CHUNK_SIZE, pause, None)))
            }
            ResponseDelivery::Truncated(response) => Ok(response.map(|body| {
                let end = io::ErrorKind::UnexpectedEof;
                self.chunked_body(body.slice(..body.len() / 2), body.len(), FLUSH_PAUSE, Some(end))
            })),
            // The connection is open by now.
            ResponseDelivery::Reset | ResponseDelivery::Unreachable => {
                self.socket.reset_on_close();
                Err(io::ErrorKind::ConnectionReset.into())
            }
            ResponseDelivery::Hang => {
                // Reads and discards what the client sends: otherwise a full buffer would hide the end of the connection.
                select(pin!(self.stopped.changed()), pin!(copy(&mut self.socket, &mut sink()))).await;
                Err(io::ErrorKind::ConnectionAborted.into())
            }
        }
    }

    /// Waits for `time`. Returns an error earlier if the server stops or the client has gone.
    async fn wait_unless_closed(&mut self, time: Duration) -> io::Result<()> {
        match timeout(time, select(pin!(self.stopped.changed()), pin!(self.socket.wait_until_closed_by_peer()))).await {
            Err(_elapsed) => Ok(()),
            Ok(_) => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }

    /// Returns `body` in chunks of `size` bytes, with a `pause` before each, and with the error `end` after the last one if there is
    /// one.
    fn chunked_body(self, body: Bytes, size: usize, pause: Duration, end: Option<io::ErrorKind>) -> ResponseBody {
        let chunks = stream::try_unfold((self, body), move |(mut sender, mut rest)| async move {
            // The previous chunk is sent meanwhile; an error without a pause would discard it.
            sender.wait_unless_closed(pause).await?;
            match end {
                Some(end) if rest.is_empty() => Err(io::Error::from(end)),
                _ if rest.is_empty() => Ok(None),
                _ => {
                    let chunk = rest.split_to(size.min(rest.len()));
                    Ok(Some((Frame::data(chunk), (sender, rest))))
                }
            }
        });
        StreamBody::new(chunks).boxed_unsync()
    }
}

/// Returns a response whose body is sent in one piece.
pub(super) fn response_with_whole_body(response: Response) -> http::Response<ResponseBody> {
    response.map(|body| Full::from(body).map_err(|never: Infallible| match never {}).boxed_unsync())
}

/// A pause that is long enough for bytes to be sent.
const FLUSH_PAUSE: Duration = Duration::from_millis(20);
