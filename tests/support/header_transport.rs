use partner_center::{
    Transport,
    transport::{Output, Request, Response, TransportError},
};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

/// The values of a header, one for each request; `None` where it was not sent.
type SentValues = Arc<Mutex<Vec<Option<String>>>>;

/// A transport that keeps one header of each request.
pub struct HeaderTransport<X> {
    transport: X,
    name: &'static str,
    values: SentValues,
}

impl<X: Transport> HeaderTransport<X> {
    /// Sends over `transport`, and keeps the values of the header.
    pub fn new(name: &'static str, transport: X) -> (Self, SentValues) {
        let values = SentValues::default();
        (Self { transport, name, values: Arc::clone(&values) }, values)
    }
}

impl<X: Transport> Transport for HeaderTransport<X> {
    type Mode = X::Mode;

    fn send(&self, request: Request) -> Output<'_, Self, Result<Response, TransportError>> {
        let value = request.headers().get(self.name).map(|value| value.to_str().expect("a string").to_owned());
        self.values.lock().unwrap().push(value);
        self.transport.send(request)
    }

    fn sleep(&self, delay: Duration) -> Output<'_, Self, ()> {
        self.transport.sleep(delay)
    }
}
