use crate::{
    request_handler::RequestHandler,
    scheduled_response::{DRIP_CHUNK_SIZE, ResponseDelivery, ScheduledResponse},
    steering::Delivery,
};
use partner_center_core::{Limits, Mode, Output, Request, Response, Transport, TransportError};
use std::{
    fmt, io,
    marker::PhantomData,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

/// A transport that hands every request to an [`Emulator`](crate::Emulator) in memory, whatever its host.
///
/// Nothing waits, neither [`sleep`](Transport::sleep) nor a delayed response: the emulator's clock is advanced instead. So a
/// response that would take longer than the request's [`Limits`] allow is a timeout all the same, and a
/// [rate limit](crate::EmulatorBuilder::rate_limit) counts the time that would have passed.
pub struct EmulatorTransport<M> {
    handler: Arc<RequestHandler>,
    mode: PhantomData<fn() -> M>,
}

impl<M> EmulatorTransport<M> {
    pub(crate) fn new(handler: Arc<RequestHandler>) -> Self {
        Self { handler, mode: PhantomData }
    }

    fn exchange(&self, request: &Request) -> Result<Response, TransportError> {
        let limits = Limits::of(request);
        // Never cancelled: the caller waits for the response.
        let number = self.handler.log_received_request(request);
        let ScheduledResponse { delay, delivery } = self.handler.respond(number, request, &AtomicBool::new(false));
        let outcome_of_delivery = delivery.delivery_outcome();
        // A client that opened no connection has sent nothing.
        let is_received = !matches!(delivery, ResponseDelivery::Unreachable);
        let (duration, outcome) = match delivery {
            ResponseDelivery::Complete(response) => (delay, Ok(response)),
            ResponseDelivery::Drip(response, pause) => {
                let chunks = u32::try_from(response.body().len().div_ceil(DRIP_CHUNK_SIZE)).unwrap_or(u32::MAX);
                (delay.saturating_add(pause.saturating_mul(chunks)), Ok(response))
            }
            ResponseDelivery::Truncated(_) => (delay, Err(io::ErrorKind::UnexpectedEof)),
            ResponseDelivery::Reset => (delay, Err(io::ErrorKind::ConnectionReset)),
            ResponseDelivery::Unreachable => (delay, Err(io::ErrorKind::ConnectionRefused)),
            ResponseDelivery::Hang => (Duration::MAX, Err(io::ErrorKind::TimedOut)),
        };
        self.handler.clock.advance_simulated_time(duration.min(limits.timeout));
        let is_in_time = duration <= limits.timeout;
        self.handler.record_delivery(
            number,
            if is_in_time { outcome_of_delivery } else { Delivery::NotSent },
            is_received,
        );
        if !is_in_time {
            return Err(TransportError::timeout("a fault of the emulator takes longer than the timeout"));
        }
        let response = outcome.map_err(|kind| {
            let error = TransportError::new(io::Error::from(kind));
            if kind == io::ErrorKind::ConnectionRefused { error.before_sending() } else { error }
        })?;
        if response.body().len() > limits.body { Err(TransportError::too_large()) } else { Ok(response) }
    }
}

impl<M: Mode> Transport for EmulatorTransport<M> {
    type Mode = M;

    fn send(&self, request: Request) -> Output<'_, Self, Result<Response, TransportError>> {
        M::ready(self.exchange(&request))
    }

    fn sleep(&self, delay: Duration) -> Output<'_, Self, ()> {
        self.handler.clock.advance_simulated_time(delay);
        M::ready(())
    }
}

impl<M> Clone for EmulatorTransport<M> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.handler))
    }
}

impl<M> fmt::Debug for EmulatorTransport<M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("EmulatorTransport").field(&self.handler).finish()
    }
}
