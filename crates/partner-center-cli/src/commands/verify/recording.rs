use partner_center::{
    Transport,
    transport::{Mode, Output, Request, Response, TransportError},
};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// A transport that remembers the last response.
pub(super) struct RecordingTransport<X> {
    transport: X,
    last: LastResponse,
}

/// The last response, whichever request it was to.
#[derive(Clone, Default)]
pub(super) struct LastResponse(Arc<Mutex<Option<Response>>>);

impl<X: Transport> RecordingTransport<X> {
    pub(super) fn new(transport: X) -> (Self, LastResponse) {
        let last = LastResponse::default();
        (Self { transport, last: last.clone() }, last)
    }
}

impl<X: Transport> Transport for RecordingTransport<X> {
    type Mode = X::Mode;

    fn send(&self, mut request: Request) -> Output<'_, Self, Result<Response, TransportError>> {
        // What is compressed would have to be decompressed here as well.
        request.headers_mut().remove("Accept-Encoding");
        X::Mode::block_or_box(async move {
            let response = X::Mode::into_future(self.transport.send(request)).await?;
            *self.last.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(response.clone());
            Ok(response)
        })
    }

    fn sleep(&self, delay: Duration) -> Output<'_, Self, ()> {
        self.transport.sleep(delay)
    }
}

impl LastResponse {
    pub(super) fn clear(&self) {
        self.take();
    }

    pub(super) fn take(&self) -> Option<Response> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
