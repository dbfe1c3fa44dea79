//! The exchange of a grant for tokens, as a request that may be retried.

use super::{
    TokenError,
    grants::{GrantRequest, IssuedTokens, parse_issued_tokens},
};
use crate::{
    AttemptDescription, CallMetadata, Error, ErrorKind, Request, Response, Transport,
    engine::{rate_limiter::Ticket, request_sender::RetryableRequest, tracing_fields::attempt_span},
    retry::{AttemptError, Retryability},
};
use http::{HeaderValue, Method, header};
use std::time::Duration;
use tracing::Span;
use zeroize::Zeroize;

/// The maximum size of a response of the authority: a token has a few kilobytes.
pub(crate) const MAX_TOKEN_RESPONSE_SIZE: usize = 1 << 20;

/// A token request to the authority.
pub(crate) struct TokenExchange<'a> {
    pub(crate) request: GrantRequest<'a>,
    pub(crate) user_agent: &'a HeaderValue,
    /// The operation that the token is for.
    pub(crate) operation: &'static str,
    /// Told that nothing may happen for a while.
    pub(crate) extend_refresh_claim: &'a (dyn Fn(Duration) + Sync),
}

impl<X: Transport> RetryableRequest<X> for TokenExchange<'_> {
    type Value = IssuedTokens;

    fn operation_name(&self) -> &'static str {
        self.operation
    }

    fn rate_limit_ticket(&self) -> Option<Ticket<'_>> {
        None
    }

    fn max_response_size(&self) -> usize {
        MAX_TOKEN_RESPONSE_SIZE
    }

    fn extend_refresh_claim(&self, duration: Duration) {
        (self.extend_refresh_claim)(duration);
    }

    fn attempt_span(&self, attempt: &AttemptDescription) -> Span {
        attempt_span(&Method::POST, None, self.request.authority, attempt)
    }

    fn build_http_request(&self, metadata: &CallMetadata) -> Result<Request, http::Error> {
        let mut request = self.request.build_token_request(metadata.correlation_id)?;
        request.headers_mut().insert(header::USER_AGENT, self.user_agent.clone());
        Ok(request)
    }

    fn decode_response_value(&self, response: &mut Response) -> Result<IssuedTokens, AttemptError> {
        let rejected = |error| authority_rejection_error(self.operation, error);
        let outcome = if response.status().is_success() {
            parse_issued_tokens(response).map_err(|error| {
                match self.request.token_error_in_success_response(response) {
                    Some(token_error) => rejected(token_error),
                    None => AttemptError {
                        retryability: Retryability::Permanent,
                        error: Error::new(ErrorKind::Credential, self.operation, error),
                        has_response: true,
                    },
                }
            })
        } else {
            Err(rejected(self.request.read_token_error(response)))
        };
        // The body holds tokens. A transport that shares its buffer overwrites it itself.
        if let Ok(mut body) = std::mem::take(response.body_mut()).try_into_mut() {
            body.zeroize();
        }
        outcome
    }
}

/// Returns the failure of an attempt that the authority rejected.
pub(crate) fn authority_rejection_error(operation: &'static str, error: TokenError) -> AttemptError {
    AttemptError {
        retryability: Retryability::from_token_error(&error),
        error: Error::authority_rejection_error(operation, error),
        has_response: true,
    }
}
