//! A call, from the first attempt to the last: obtains a token, sends the request, and sends it once more with another
//! token if the service rejects the first one.

use super::{
    Engine, UnitOfWorkContext,
    request_sender::EarlyResponse,
    service_call::{CallWithoutToken, ServiceCall},
};
use crate::{
    CallDescription, CallMetadata, Error, ErrorKind, ErrorReason, Transport,
    body::{BodyReader, DecodeError, DecodedOrEmpty},
    pagination::{PrefetchedPage, Prefetcher},
    request::PreparedRequest,
    retry::may_send_again,
};
use http::StatusCode;
use partner_center_models::Idempotency;
use std::{sync::Arc, time::Instant};
use tracing::Instrument;

/// Reads a response whose status is a result.
pub(crate) type ReadResponseFn<'a, T> = dyn Fn(&mut BodyReader<'_>) -> Result<T, DecodeError> + Send + Sync + 'a;

/// A call to perform, and its place in a list if it has one.
pub(crate) struct CallInput<'a, X: Transport, T> {
    pub(crate) call: &'a PreparedRequest,
    pub(crate) read: &'a ReadResponseFn<'a, T>,
    pub(crate) page: Option<PageInput<T>>,
    /// The first request of the call, if it was sent already.
    pub(crate) prefetched_page: Option<PrefetchedPage<X>>,
    /// Sends the request for the next page as soon as the response tells where that is.
    pub(crate) prefetcher: Option<&'a Prefetcher<X::Mode>>,
    /// Whether the metadata of a value is requested, with the headers of its response.
    pub(crate) keeps_metadata: bool,
}

/// A page of a list, which more pages may follow.
pub(crate) struct PageInput<T> {
    /// The number of the page, counted from 1.
    pub(crate) number: u64,
    /// Whether it has no items.
    pub(crate) is_empty: fn(&T) -> bool,
    /// Whether the response says that it is the last page.
    pub(crate) is_last: fn(&T) -> bool,
}

impl<'a, X: Transport, T> CallInput<'a, X, T> {
    /// Returns the input of a call that is not part of a list.
    pub(crate) fn for_single_response(
        call: &'a PreparedRequest,
        read: &'a ReadResponseFn<'a, T>,
        keeps_metadata: bool,
    ) -> Self {
        Self { call, read, page: None, prefetched_page: None, prefetcher: None, keeps_metadata }
    }
}

/// The outcome of a call that succeeded.
pub(crate) struct CallOutcome<X: Transport, T> {
    pub(crate) body: DecodedOrEmpty<T>,
    /// Without the headers of the response, unless they were requested.
    pub(crate) metadata: CallMetadata,
    /// The request for the next page, if it was sent already.
    pub(crate) next: Option<PrefetchedPage<X>>,
}

impl<X: Transport> Engine<X> {
    /// Performs a call.
    pub(crate) async fn perform_call<T>(
        self: &Arc<Self>,
        input: CallInput<'_, X, T>,
        call_context: &UnitOfWorkContext,
    ) -> Result<CallOutcome<X, T>, Error> {
        let started_at = Instant::now();
        let CallInput { call, read, page, prefetched_page, prefetcher, keeps_metadata } = input;
        if call.needs_user && self.token_provider.is_app_only() {
            return Err(Error::app_user_required_error(call.operation));
        }
        let page_number = page.as_ref().map(|page| page.number);
        let correlation_id = call_context.correlation_id;
        if let Some(problem) = call_context.select_call_option(|options| options.problem.as_ref()) {
            return Err(Error::new(ErrorKind::Request, call.operation, problem.clone()));
        }
        let page_field = page_number.and_then(|number| i64::try_from(number).ok());
        let span = tracing::info_span!("call", operation = call.operation, %correlation_id, page = page_field);
        let mut metadata =
            CallMetadata { correlation_id: Some(correlation_id), page: page_number, ..CallMetadata::default() };
        let description = CallDescription::new(call, correlation_id, page_number);
        let plan = CallWithoutToken { call, read, page, description, call_context, prefetcher, keeps_metadata };
        self.hooks.iter().for_each(|hooks| hooks.before_call(&description));
        let outcome = self.send_with_token(&plan, prefetched_page, &mut metadata).instrument(span).await;
        if outcome.is_err() || plan.keeps_metadata || !self.hooks.is_empty() {
            metadata.elapsed = started_at.elapsed();
        }
        match outcome {
            Ok((body, next)) => {
                self.hooks.iter().for_each(|hooks| hooks.after_call(&description, Ok(&metadata)));
                Ok(CallOutcome { body, metadata, next })
            }
            Err(mut error) => {
                if error.write_outcome().is_none() && call.idempotency != Idempotency::Natural {
                    // It failed before it was sent (again).
                    error = error.with_write_outcome(Some(metadata.write_outcome));
                }
                call_context.report_unperformed_write_to_request_ids(call, &metadata);
                let error = error.with_metadata(metadata);
                self.hooks.iter().for_each(|hooks| hooks.after_call(&description, Err(&error)));
                Err(error)
            }
        }
    }

    /// Sends the request with the current token, and once more with another one if the service rejects the first.
    async fn send_with_token<T>(
        self: &Arc<Self>,
        plan: &CallWithoutToken<'_, X::Mode, T>,
        prefetched_page: Option<PrefetchedPage<X>>,
        metadata: &mut CallMetadata,
    ) -> Result<(DecodedOrEmpty<T>, Option<PrefetchedPage<X>>), Error> {
        let (operation, deadline) = (plan.call.operation, self.call_deadline(plan.call_context));
        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            return Err(Error::new_deadline_exceeded(operation, None));
        }
        let sender = &self.sender;
        let (token, request_id, early_response) = if let Some(PrefetchedPage { token, request_id, in_flight, .. }) =
            prefetched_page
        {
            let early_response = in_flight.wait_for_response().await;
            if early_response.is_none() {
                // It was sent all the same, and may have used up a continuation token.
                metadata.attempts += 1;
            }
            let early_response = early_response.map(|(sent_at, outcome)| EarlyResponse { sent_at, outcome });
            (token, request_id, early_response)
        } else {
            let token = self.token_provider.obtain_current_token(sender, operation, metadata, deadline, None).await?;
            (token, plan.call_context.next_request_id(plan.call, None)?, None)
        };
        metadata.request_id = Some(request_id);
        let service_call = ServiceCall::new(self, plan, &token);
        let retry_policy = self.retry_policy(plan.call_context);
        let rejection = match sender.send(&service_call, retry_policy, metadata, deadline, early_response).await {
            // Not if an earlier attempt may have been performed: another request would have an id of its own.
            Err(error)
                if may_accept_another_token(&error)
                    && may_send_again(plan.call.idempotency, true, metadata.write_outcome) =>
            {
                error
            }
            outcome => return outcome.map(|body| (body, service_call.into_prefetched_page())),
        };
        let rejected = Some(token.clone());
        let replacement =
            self.token_provider.obtain_current_token(sender, operation, metadata, deadline, rejected).await?;
        if replacement.authorization == token.authorization {
            // There is no other.
            return Err(rejection);
        }
        tracing::info!("the service rejected the token, which is replaced");
        metadata.request_id = Some(plan.call_context.next_request_id(plan.call, metadata.request_id)?);
        let service_call = ServiceCall::new(self, plan, &replacement);
        let body = sender.send(&service_call, retry_policy, metadata, deadline, None).await?;
        Ok((body, service_call.into_prefetched_page()))
    }
}

/// Whether another token may be accepted. One for a retired audience would be followed by another such.
fn may_accept_another_token(error: &Error) -> bool {
    error.kind() == ErrorKind::Service
        && error.status() == Some(StatusCode::UNAUTHORIZED)
        && !error.is_unsupported_audience()
        && error.reason() != Some(ErrorReason::MultifactorRequired)
}
