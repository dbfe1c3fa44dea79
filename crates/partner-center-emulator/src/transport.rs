use crate::{
    Emulator,
    reply::{Delivery, PIECE, Reply},
};
use partner_center_core::{Limits, Mode, Output, Request, Response, Transport, TransportError};
use std::{fmt, io, marker::PhantomData, sync::atomic::AtomicBool, time::Duration};

/// A transport that hands every request to an [`Emulator`] in memory, whatever host it is meant for.
///
/// No time passes, neither in [`sleep`](Transport::sleep) nor in a delay. What takes longer than the request's
/// [`Limits`] allow is a timeout all the same, and the emulator's [rate limit](crate::EmulatorBuilder::rate_limit) counts the time
/// that would have passed.
pub struct EmulatorTransport<M> {
    emulator: Emulator,
    mode: PhantomData<fn() -> M>,
}

impl<M> EmulatorTransport<M> {
    pub(crate) fn new(emulator: Emulator) -> Self {
        Self { emulator, mode: PhantomData }
    }

    fn exchange(&self, request: &Request) -> Result<Response, TransportError> {
        let limits = Limits::of(request);
        // Whoever asks waits until the answer is there.
        let Reply { delay, delivery } = self.emulator.respond(request, &AtomicBool::new(false));
        let (took, outcome) = match delivery {
            Delivery::Whole(response) => (delay, Ok(response)),
            Delivery::Dripping(response, pause) => {
                let pieces = u32::try_from(response.body().len().div_ceil(PIECE)).unwrap_or(u32::MAX);
                (delay.saturating_add(pause.saturating_mul(pieces)), Ok(response))
            }
            Delivery::Truncated(_) => (delay, Err(io::ErrorKind::UnexpectedEof)),
            Delivery::Reset => (delay, Err(io::ErrorKind::ConnectionReset)),
            Delivery::Never => (Duration::MAX, Err(io::ErrorKind::TimedOut)),
        };
        self.emulator.clock().skip(took.min(limits.timeout));
        if took > limits.timeout {
            return Err(TransportError::timeout("the emulator takes longer on purpose"));
        }
        let response = outcome.map_err(|kind| TransportError::new(io::Error::from(kind)))?;
        if response.body().len() > limits.body { Err(TransportError::too_large()) } else { Ok(response) }
    }
}

impl<M: Mode> Transport for EmulatorTransport<M> {
    type Mode = M;

    fn send(&self, request: Request) -> Output<'_, Self, Result<Response, TransportError>> {
        M::ready(self.exchange(&request))
    }

    fn sleep(&self, delay: Duration) -> Output<'_, Self, ()> {
        self.emulator.clock().skip(delay);
        M::ready(())
    }
}

impl<M> Clone for EmulatorTransport<M> {
    fn clone(&self) -> Self {
        Self::new(self.emulator.clone())
    }
}

impl<M> fmt::Debug for EmulatorTransport<M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("EmulatorTransport").field(&self.emulator).finish()
    }
}
