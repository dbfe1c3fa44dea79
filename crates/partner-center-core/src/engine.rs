//! The engine of a client: what all calls share, and how a call is performed, written once for both modes.
//!
//! A call reads from top to bottom: `call` obtains a token and sends the request with it, `service_call` says how that
//! request is built and decoded, `request_sender` sends it until there is a usable response. The code is `async`, and
//! awaits nothing but [`Mode::into_future`](crate::Mode::into_future), so that it runs to its end without a runtime in
//! blocking mode.

mod call;
pub(crate) mod rate_limiter;
pub(crate) mod request_sender;
mod service_call;
pub(crate) mod tracing_fields;

pub(crate) use call::{CallInput, CallOutcome, PageInput, ReadResponseFn};

use crate::{
    CallMetadata, CallOptions, Error, ErrorKind, Hooks, RequestIds, RetryPolicy, Transport, WriteOutcome,
    auth::TokenProvider, base_url::BaseUrl, request::PreparedRequest, request_ids::RequestIdSource,
};
use http::HeaderMap;
use partner_center_models::Replacement;
use rate_limiter::RateLimiter;
use request_sender::RequestSender;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tracing::Instrument;
use uuid::Uuid;

/// The context that the calls of one unit of work share.
#[derive(Clone, Debug)]
pub(crate) struct UnitOfWorkContext {
    pub(crate) correlation_id: Uuid,
    /// The deadline of the unit of work, however many calls it takes.
    pub(crate) deadline: Option<Instant>,
    /// The settings that override those of the client.
    pub(crate) options: Option<Arc<CallOptions>>,
    /// The source of the request ids of writes, if they are not random.
    pub(crate) request_ids: Option<RequestIdSource>,
}

impl UnitOfWorkContext {
    /// Returns the time until the deadline of the unit of work, if it has one.
    pub(crate) fn time_until_deadline(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// Returns the id of the next request of a call, whose last id is `completed`: the service has responded to it.
    pub(crate) fn next_request_id(&self, call: &PreparedRequest, completed: Option<Uuid>) -> Result<Uuid, Error> {
        let Some(request_ids) = self.request_id_source_of_write(call) else { return Ok(Uuid::new_v4()) };
        let request_id = request_ids.next_request_id(&format!("{} {}", call.method, call.path()), completed);
        request_id.map_err(|error| Error::new(ErrorKind::Request, call.operation, error))
    }

    /// Tells the source of request ids that a call has failed, if its write was not performed.
    pub(crate) fn report_unperformed_write_to_request_ids(&self, call: &PreparedRequest, metadata: &CallMetadata) {
        let request_ids = self.request_id_source_of_write(call).zip(metadata.request_id);
        if let Some((request_ids, request_id)) = request_ids
            && metadata.write_outcome == WriteOutcome::NotPerformed
        {
            request_ids.record_not_performed(request_id);
        }
    }

    /// A read has no effect, so that it does not matter what has come of it.
    fn request_id_source_of_write(&self, call: &PreparedRequest) -> Option<&dyn RequestIds> {
        self.request_ids.as_ref().filter(|_| call.may_have_effect()).map(|RequestIdSource(request_ids)| &**request_ids)
    }

    /// Returns the setting that `of` selects, if the calls have one of their own.
    fn select_call_option<'a, T>(&'a self, of: impl FnOnce(&'a CallOptions) -> Option<T>) -> Option<T> {
        self.options.as_deref().and_then(of)
    }
}

/// The state that all calls of a client and its clones share.
pub(crate) struct Engine<X: Transport> {
    pub(crate) sender: RequestSender<X>,
    pub(crate) base_url: BaseUrl,
    pub(crate) token_provider: TokenProvider<X::Mode>,
    /// The headers of every request to the service: accepted types, and what the client says of itself.
    pub(crate) headers: HeaderMap,
    pub(crate) call_timeout: Option<Duration>,
    pub(crate) rate_limiter: Arc<RateLimiter>,
    /// Called for each value that had to be replaced in a response of the service.
    pub(crate) on_replacement: Option<Box<OnReplacementCallback>>,
    /// Called before and after each call and attempt.
    pub(crate) hooks: Vec<Box<dyn Hooks>>,
    /// Returns the trace that the requests belong to.
    pub(crate) traceparent: Option<Box<TraceparentCallback>>,
}

pub(crate) type TraceparentCallback = dyn Fn() -> Option<String> + Send + Sync;
pub(crate) type OnReplacementCallback = dyn Fn(&Replacement) + Send + Sync;

impl<X: Transport> Engine<X> {
    /// Obtains a token, and returns the time until it expires, if that is known.
    pub(crate) async fn obtain_token_and_return_lifetime(
        &self,
        call_context: &UnitOfWorkContext,
    ) -> Result<Option<Duration>, Error> {
        const AUTHENTICATE_OPERATION_ID: &str = "authenticate";
        let correlation_id = call_context.correlation_id;
        let span = tracing::info_span!("call", operation = AUTHENTICATE_OPERATION_ID, %correlation_id);
        let started_at = Instant::now();
        let mut metadata = CallMetadata { correlation_id: Some(correlation_id), ..CallMetadata::default() };
        let (provider, deadline) = (&self.token_provider, self.call_deadline(call_context));
        let (sender, id) = (&self.sender, AUTHENTICATE_OPERATION_ID);
        let token = provider.obtain_current_token(sender, id, &mut metadata, deadline, None).instrument(span).await;
        metadata.elapsed = started_at.elapsed();
        Ok(token.map_err(|error| error.with_metadata(metadata))?.remaining_lifetime(Instant::now()))
    }

    /// Reports a value of a response that had to be replaced.
    fn report_replaced_value(&self, replacement: &Replacement) {
        tracing::warn!(id = replacement.id, path = replacement.path, "{}", replacement.kind);
        if let Some(on_replacement) = &self.on_replacement {
            on_replacement(replacement);
        }
    }

    /// Returns the deadline of a call that begins now: that of its unit of work, or its own if that is earlier.
    pub(crate) fn call_deadline(&self, call_context: &UnitOfWorkContext) -> Option<Instant> {
        let call_timeout = call_context.select_call_option(|options| options.call_timeout).or(self.call_timeout);
        let of_this_call = call_timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        [of_this_call, call_context.deadline].into_iter().flatten().min()
    }

    /// Returns the retry policy of a call.
    pub(crate) fn retry_policy<'a>(&'a self, call_context: &'a UnitOfWorkContext) -> &'a RetryPolicy {
        call_context.select_call_option(|options| options.retry_policy.as_ref()).unwrap_or(&self.sender.retry_policy)
    }

    /// Returns the timeout of an attempt of a call.
    pub(crate) fn attempt_timeout(&self, call_context: &UnitOfWorkContext) -> Duration {
        call_context.select_call_option(|options| options.attempt_timeout).unwrap_or(self.sender.limits.timeout)
    }
}
