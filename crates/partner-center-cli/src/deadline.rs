//! `--deadline`: a time limit for the whole command, whatever number of calls it takes.

use partner_center::{Limits, Mode, Output, Request, Response, Transport, TransportError};
use std::{
    error::Error,
    fmt,
    time::{Duration, Instant},
};

/// A transport that has until a certain moment for all requests together.
pub(crate) struct Deadline<X> {
    transport: X,
    until: Option<Instant>,
}

impl<X> Deadline<X> {
    /// Without an `until` it changes nothing.
    pub(crate) fn new(transport: X, until: Option<Instant>) -> Self {
        Self { transport, until }
    }

    fn cut(&self, duration: Duration) -> Duration {
        self.until.map_or(duration, |until| duration.min(until.saturating_duration_since(Instant::now())))
    }
}

impl<X: Transport> Transport for Deadline<X> {
    type Mode = X::Mode;

    fn send(&self, mut request: Request) -> Output<'_, Self, Result<Response, TransportError>> {
        let mut limits = Limits::of(&request);
        limits.timeout = self.cut(limits.timeout);
        if limits.timeout.is_zero() {
            return X::Mode::ready(Err(TransportError::timeout(DeadlinePassed)));
        }
        request.extensions_mut().insert(limits);
        self.transport.send(request)
    }

    fn sleep(&self, delay: Duration) -> Output<'_, Self, ()> {
        self.transport.sleep(self.cut(delay))
    }
}

/// Nothing was sent, for the time was up.
#[derive(Debug)]
struct DeadlinePassed;

impl fmt::Display for DeadlinePassed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the deadline of the whole command has passed")
    }
}

impl Error for DeadlinePassed {}
