use crate::{MockResponse, Step};
use partner_center::{
    Transport,
    transport::{Limits, Mode, Output, Request, Response, TransportError},
};
use std::{collections::VecDeque, marker::PhantomData, sync::Mutex, time::Duration};

/// A transport of either mode that performs one [`Step`] for each request, in memory.
pub struct ScriptedTransport<M> {
    steps: Mutex<VecDeque<Step>>,
    is_lenient: bool,
    mode: PhantomData<fn() -> M>,
}

impl<M: Mode> ScriptedTransport<M> {
    /// Takes the steps, one for each request. A request after the last step panics.
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self { steps: Mutex::new(steps.into_iter().collect()), is_lenient: false, mode: PhantomData }
    }

    /// Fails requests after the last step with an error, in place of a panic.
    #[must_use]
    pub fn lenient(self) -> Self {
        Self { is_lenient: true, ..self }
    }
}

impl<M: Mode> Transport for ScriptedTransport<M> {
    type Mode = M;

    fn send(&self, request: Request) -> Output<'_, Self, Result<Response, TransportError>> {
        let step = self.steps.lock().unwrap().pop_front();
        let step = step.or(self.is_lenient.then_some(Step::Close)).expect("the script has a step for each request");
        let max_body_size = Limits::of(&request).body;
        M::ready(match step {
            Step::Respond(response) if response.announced_length.is_some_and(|length| length > response.body.len()) => {
                Err(TransportError::new("the connection was closed"))
            }
            Step::Respond(mut response) if response.announced_length.is_some() => {
                response.body.truncate(response.announced_length.unwrap_or_default());
                Ok(response.to_http())
            }
            Step::Respond(response) if response.body.len() <= max_body_size => Ok(response.to_http()),
            // The status of an error response is enough: its body may be missing.
            Step::Respond(response) | Step::Truncate(response) | Step::Drip(response) if response.status >= 300 => {
                Ok(MockResponse { body: Vec::new(), ..response }.to_http())
            }
            Step::Respond(_) => Err(TransportError::too_large()),
            Step::Close | Step::Reset | Step::Truncate(_) => Err(TransportError::new("the connection was closed")),
            Step::InvalidHead => Err(TransportError::invalid_response("a header without a colon")),
            Step::Hang | Step::HangInHead | Step::Drip(_) => Err(TransportError::timeout("too slow")),
        })
    }

    fn sleep(&self, _delay: Duration) -> Output<'_, Self, ()> {
        M::ready(())
    }
}
