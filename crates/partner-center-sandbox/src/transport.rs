use crate::Sandbox;
use partner_center_core::{Limits, Mode, Output, Request, Response, Transport, TransportError};
use std::{fmt, marker::PhantomData, sync::atomic::AtomicBool, time::Duration};

/// A transport that hands every request to a [`Sandbox`] in memory, whatever host it is meant for.
///
/// It observes the body limit; as no time passes, not even in [`sleep`](Transport::sleep), nothing takes too long.
pub struct SandboxTransport<M> {
    sandbox: Sandbox,
    mode: PhantomData<fn() -> M>,
}

impl<M> SandboxTransport<M> {
    pub(crate) fn new(sandbox: Sandbox) -> Self {
        Self { sandbox, mode: PhantomData }
    }
}

impl<M: Mode> Transport for SandboxTransport<M> {
    type Mode = M;

    fn send(&self, request: Request) -> Output<'_, Self, Result<Response, TransportError>> {
        // Whoever asks waits until the answer is there.
        let response = self.sandbox.respond(&request, &AtomicBool::new(false));
        let fits = response.body().len() <= Limits::of(&request).body;
        M::ready(if fits { Ok(response) } else { Err(TransportError::too_large()) })
    }

    fn sleep(&self, _: Duration) -> Output<'_, Self, ()> {
        M::ready(())
    }
}

impl<M> Clone for SandboxTransport<M> {
    fn clone(&self) -> Self {
        Self::new(self.sandbox.clone())
    }
}

impl<M> fmt::Debug for SandboxTransport<M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("SandboxTransport").field(&self.sandbox).finish()
    }
}
