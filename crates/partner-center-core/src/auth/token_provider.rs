//! The token provider: returns the token that a call is made with, and refreshes it when the token cache says so.
//!
//! Calls begin in [`TokenProvider::obtain_current_token`]. There the token cache decides: the call uses the current token, waits for
//! the refresh of another call, or refreshes the token itself ([`TokenRefresh::obtain_token`]), with the grant of the credential
//! or the user's [`TokenSource`]. A refresh with a refresh token runs in this order: lease (other processes are kept
//! out), token request, rotation (the new refresh token is stored by the user's code), and only then is the lease
//! dropped. Everything that the user provides (token source, lease, rotation) is bounded by the timeout of an attempt
//! and the deadline of the call.

use super::{
    AccessToken, Credential, RefreshTokenLease, TokenError, TokenErrorReason, TokenRequest, TokenSource,
    credential::{CredentialKind, OAuthGrant, UserRefreshToken},
    grants::{Grant, GrantRequest},
    token_cache::{CachedToken, TokenAction, TokenCache, TokenQuery},
    token_exchange::TokenExchange,
};
use crate::{
    CallMetadata, Error, ErrorKind, Mode, Output, RetryPolicy, Transport,
    base_url::BaseUrl,
    engine::request_sender::RequestSender,
    error::{BoxError, RefreshFailure},
    transport::{
        mode::{BoundedThreads, Incomplete, wait_for, with_deadline},
        shared_state::SharedState,
    },
};
use http::HeaderValue;
use std::{
    error::Error as StdError,
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};
use tracing::Instrument;

/// The maximum time for refreshing a token that is still valid: the call can do without.
const EARLY_REFRESH_TIMEOUT: Duration = Duration::from_secs(10);

/// The maximum number of calls of a blocking token source that run at the same time; all but one of them have timed out.
const MAX_TOKEN_SOURCE_THREADS: usize = 8;

/// The time that a refresh has, beyond its timeouts, before it counts as abandoned.
const REFRESH_CLAIM_GRACE: Duration = Duration::from_secs(5);

const INVALID_TOKEN_MESSAGE: &str = "the token that was issued is empty or has a character that is invalid in a token";

/// The tokens of a client and its clones.
pub(crate) enum TokenProvider<M: Mode> {
    /// A token that the user has obtained, and that is not refreshed.
    Fixed(Arc<CachedToken>),
    Refreshing(Box<RefreshingToken<M>>),
}

/// A token that is refreshed.
pub(crate) struct RefreshingToken<M: Mode> {
    origin: TokenOrigin<M>,
    /// The audience of the tokens, as a scope.
    scope: String,
    /// The `User-Agent` of token requests.
    user_agent: HeaderValue,
    cache: SharedState<TokenCache>,
    /// The threads for a blocking [`TokenSource`].
    source_threads: BoundedThreads,
    /// The thread for a blocking [`Credential::on_rotation`]: one new refresh token after the other is stored.
    rotation_threads: BoundedThreads,
    /// The thread for a blocking [`Credential::before_refresh`].
    lease_threads: BoundedThreads,
}

/// The issuer of the tokens.
enum TokenOrigin<M: Mode> {
    Authority(Box<OAuthGrant<M>>, BaseUrl),
    /// Custom code of the user.
    Source(Arc<dyn TokenSource<Mode = M>>),
}

impl<M: Mode> TokenProvider<M> {
    /// Whether the tokens are certainly those of an application without a user. A fixed token and a custom source may be of
    /// either kind.
    pub(crate) fn is_app_only(&self) -> bool {
        match self {
            Self::Refreshing(refreshing) => {
                matches!(&refreshing.origin, TokenOrigin::Authority(grant, _) if grant.user.is_none())
            }
            Self::Fixed(_) => false,
        }
    }

    /// Creates the provider of tokens for `scope`. The error is what is wrong with `credential`.
    pub(crate) fn new(
        credential: Credential<M>,
        authority: BaseUrl,
        scope: String,
        user_agent: HeaderValue,
    ) -> Result<Self, String> {
        let mut initial_token = None;
        let origin = match credential.into_credential_kind() {
            CredentialKind::Token(token) => {
                let token = CachedToken::new(&token, 0).ok_or(
                    "the token is empty or has a character that is invalid in a token; is it complete and on one line?",
                )?;
                return Ok(Self::Fixed(Arc::new(token)));
            }
            CredentialKind::OAuthGrant(grant) => {
                grant.ensure_usable()?;
                initial_token = grant.initial_token.as_ref().and_then(|token| CachedToken::new(token, 0));
                TokenOrigin::Authority(grant, authority)
            }
            CredentialKind::Source(source) => TokenOrigin::Source(source),
        };
        Ok(Self::Refreshing(Box::new(RefreshingToken {
            origin,
            scope,
            user_agent,
            cache: SharedState::new(TokenCache::with_initial_token(initial_token)),
            source_threads: BoundedThreads::new(MAX_TOKEN_SOURCE_THREADS),
            rotation_threads: BoundedThreads::new(1),
            lease_threads: BoundedThreads::new(1),
        })))
    }

    /// Returns the current token if it need not be refreshed yet, without waiting.
    pub(crate) fn fresh_token(&self, now: Instant) -> Option<Arc<CachedToken>> {
        match self {
            Self::Fixed(token) => Some(token.clone()),
            Self::Refreshing(refreshing) => refreshing.cache.update(|cache| cache.fresh_token(now)),
        }
    }

    /// Returns a token other than the one that the service `rejected`; the same one only if it is fixed.
    pub(crate) async fn obtain_current_token<X: Transport<Mode = M>>(
        &self,
        sender: &RequestSender<X>,
        operation: &'static str,
        metadata: &mut CallMetadata,
        deadline: Option<Instant>,
        rejected: Option<Arc<CachedToken>>,
    ) -> Result<Arc<CachedToken>, Error> {
        let refreshing = match self {
            Self::Fixed(token) => return Ok(token.clone()),
            Self::Refreshing(refreshing) => refreshing,
        };
        let is_rejected = rejected.is_some();
        let claim = sender.limits.timeout.saturating_add(REFRESH_CLAIM_GRACE);
        let mut query = TokenQuery { rejected, pending_refresh: None, deadline, claim };
        let next_action = move |cache: &mut TokenCache| cache.next_action(&mut query, Instant::now());
        let sleep = |delay| sender.transport.sleep(delay);
        match X::Mode::into_future(wait_for::<M, _, _>(&refreshing.cache, next_action, sleep)).await {
            TokenAction::Use(token) => Ok(token),
            TokenAction::Fail(error) => Err(Error::from_refresh_failure(operation, error)),
            TokenAction::DeadlineExceeded => Err(Error::new_deadline_exceeded(operation, None)),
            TokenAction::Refresh(number, fallback) => {
                let guard = RefreshGuard { cache: &refreshing.cache, number };
                let refresh = TokenRefresh { refreshing, sender, guard, operation, is_rejected, deadline };
                let span = tracing::info_span!("token");
                match fallback {
                    Some(token) => refresh.perform_early_refresh(token, metadata).instrument(span).await,
                    None => refresh.perform_required_refresh(metadata).instrument(span).await,
                }
            }
        }
    }
}

/// A refresh in progress. When it is dropped without an outcome, one of the calls that wait for it takes over.
struct RefreshGuard<'a> {
    cache: &'a SharedState<TokenCache>,
    number: u64,
}

impl RefreshGuard<'_> {
    fn store_token(&self, token: CachedToken) -> Arc<CachedToken> {
        self.cache.update(|cache| cache.store_token(token))
    }

    fn store_refresh_failure(&self, error: RefreshFailure) {
        self.cache.update(|cache| cache.store_refresh_failure(self.number, error));
    }

    fn defer_refresh(&self) {
        self.cache.update(|cache| cache.defer_refresh(self.number, Instant::now()));
    }

    /// Reports that nothing may happen for `duration`.
    fn extend_refresh_claim(&self, duration: Duration) {
        let claim = duration.saturating_add(REFRESH_CLAIM_GRACE);
        self.cache.update(|cache| cache.extend_refresh_claim(self.number, claim, Instant::now()));
    }
}

impl Drop for RefreshGuard<'_> {
    fn drop(&mut self) {
        self.cache.update(|cache| cache.release_refresh_claim(self.number));
    }
}

/// A refresh, on behalf of the call that makes it and of those that wait for it.
struct TokenRefresh<'a, X: Transport> {
    refreshing: &'a RefreshingToken<X::Mode>,
    sender: &'a RequestSender<X>,
    guard: RefreshGuard<'a>,
    /// The operation that the token is for.
    operation: &'static str,
    /// Whether the service rejected the token before.
    is_rejected: bool,
    /// The deadline of the call.
    deadline: Option<Instant>,
}

impl<X: Transport> TokenRefresh<'_, X> {
    /// Refreshes a token that has expired or was rejected. The calls that wait share the outcome.
    async fn perform_required_refresh(&self, metadata: &mut CallMetadata) -> Result<Arc<CachedToken>, Error> {
        match self.obtain_token(&self.sender.retry_policy, self.deadline, metadata).await {
            Ok(token) => Ok(self.guard.store_token(token)),
            // The deadline is that of this call; the others may have more time.
            Err(RefreshError::NotIssued(error) | RefreshError::NotStored(error)) if error.is_deadline_exceeded => {
                Err(Error::from_refresh_failure(self.operation, error))
            }
            Err(RefreshError::NotIssued(error) | RefreshError::NotStored(error)) => {
                Err(self.share_refresh_failure(error))
            }
        }
    }

    /// Refreshes a token that is still valid, and falls back to it.
    async fn perform_early_refresh(
        &self,
        token: Arc<CachedToken>,
        metadata: &mut CallMetadata,
    ) -> Result<Arc<CachedToken>, Error> {
        let deadline = [Some(Instant::now() + EARLY_REFRESH_TIMEOUT), self.deadline].into_iter().flatten().min();
        match self.obtain_token(&RetryPolicy::none(), deadline, metadata).await {
            Ok(token) => Ok(self.guard.store_token(token)),
            Err(RefreshError::NotStored(error)) if error.is_deadline_exceeded => {
                Err(Error::from_refresh_failure(self.operation, error))
            }
            // To continue would risk the only valid refresh token, which nobody has stored.
            Err(RefreshError::NotStored(error)) => Err(self.share_refresh_failure(error)),
            Err(RefreshError::NotIssued(error)) => {
                self.guard.defer_refresh();
                let error = Error::from_refresh_failure(self.operation, error);
                tracing::warn!(%error, "the token could not be refreshed before it expires");
                Ok(token)
            }
        }
    }

    /// Obtains a token from the authority or from the custom token source.
    async fn obtain_token(
        &self,
        retry_policy: &RetryPolicy,
        deadline: Option<Instant>,
        metadata: &mut CallMetadata,
    ) -> Result<CachedToken, RefreshError> {
        let token = match &self.refreshing.origin {
            TokenOrigin::Source(source) => self.call_token_source(source.clone(), deadline).await?,
            TokenOrigin::Authority(grant, authority) => {
                self.request_granted_tokens(grant, authority, retry_policy, deadline, metadata).await?
            }
        };
        let cached = CachedToken::new(&token, self.guard.number);
        let cached = cached.ok_or_else(|| self.token_not_issued_error(INVALID_TOKEN_MESSAGE))?;
        if let TokenOrigin::Authority(grant, _) = &self.refreshing.origin
            && let Some(on_token) = &grant.on_token
        {
            on_token(&token);
        }
        Ok(cached)
    }

    async fn call_token_source(
        &self,
        source: Arc<dyn TokenSource<Mode = X::Mode>>,
        deadline: Option<Instant>,
    ) -> Result<AccessToken, RefreshError> {
        let (scope, rejected) = (self.refreshing.scope.clone(), self.is_rejected);
        let request = move || {
            X::Mode::block_or_box(async move {
                X::Mode::into_future(source.token(TokenRequest { scope: &scope, rejected })).await
            })
        };
        let token = self.run_custom_code(&self.refreshing.source_threads, request, deadline).await;
        let token = token.map_err(|unfinished| self.custom_code_timeout_error(unfinished, "the token source"))?;
        token.map_err(|error| self.token_not_issued_error(error))
    }

    /// Exchanges the grant for tokens.
    async fn request_granted_tokens(
        &self,
        grant: &OAuthGrant<X::Mode>,
        authority: &BaseUrl,
        retry_policy: &RetryPolicy,
        deadline: Option<Instant>,
        metadata: &mut CallMetadata,
    ) -> Result<AccessToken, RefreshError> {
        let mut rejected = None;
        loop {
            // Held until the next refresh token is stored, even by code that is no longer waited for.
            let lease = self.acquire_refresh_token_lease(grant, deadline).await?.map(Arc::new);
            self.store_refresh_token(grant, lease.clone()).await?;
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                // Code that blocks in async mode is not interrupted. To send the refresh token now could use it up, and the
                // response with the next one would come too late.
                return Err(self.deadline_exceeded_error());
            }
            let refresh_token = grant.user.as_ref().map(UserRefreshToken::newest_refresh_token);
            if let Some((_, error)) = rejected.take_if(|(token, _)| *token == refresh_token) {
                return Err(RefreshError::from_authority_error(error, authority));
            }
            let client_assertion = grant.app.make_client_assertion(authority);
            let client_assertion = client_assertion.map_err(|error| self.token_not_issued_error(error))?;
            let exchange = TokenExchange {
                request: GrantRequest {
                    app: &grant.app,
                    client_assertion: client_assertion.as_ref(),
                    grant: refresh_token.as_ref().map_or(Grant::ClientCredentials, Grant::RefreshToken),
                    authority,
                    scope: &self.refreshing.scope,
                },
                user_agent: &self.refreshing.user_agent,
                operation: self.operation,
                extend_refresh_claim: &|duration| self.guard.extend_refresh_claim(duration),
            };
            let mut of_request = CallMetadata { correlation_id: metadata.correlation_id, ..CallMetadata::default() };
            let error = match self.sender.send(&exchange, retry_policy, &mut of_request, deadline, None).await {
                Ok(issued) => {
                    if let (Some(user), Some(replacement)) = (&grant.user, issued.refresh_token) {
                        user.replace_by_issued_token(replacement);
                    }
                    self.store_refresh_token(grant, lease).await?;
                    return Ok(issued.access_token);
                }
                Err(error) => error,
            };
            metadata.attempts += of_request.attempts;
            let is_rejected = error.token_error().and_then(TokenError::reason) == Some(TokenErrorReason::InvalidGrant);
            if !is_rejected || lease.is_none() || rejected.is_some() {
                return Err(RefreshError::from_authority_error(error, authority));
            }
            // A process that does not take the lease may have exchanged the refresh token meanwhile.
            rejected = Some((refresh_token, error));
        }
    }

    /// Waits for the lease on the refresh token, if the credential has one, and adopts the refresh token that comes with it.
    async fn acquire_refresh_token_lease(
        &self,
        grant: &OAuthGrant<X::Mode>,
        deadline: Option<Instant>,
    ) -> Result<Option<RefreshTokenLease>, RefreshError> {
        let Some(user) = &grant.user else { return Ok(None) };
        let Some(before_refresh) = user.before_refresh_callback() else { return Ok(None) };
        let lease = self.run_custom_code(&self.refreshing.lease_threads, before_refresh, deadline).await;
        let lease =
            lease.map_err(|unfinished| self.custom_code_timeout_error(unfinished, "the lease of the refresh token"))?;
        let mut lease = lease.map_err(|error| self.token_not_issued_error(error))?;
        if let Some(refresh_token) = lease.refresh_token.take() {
            user.adopt_stored_refresh_token(refresh_token);
        }
        Ok(Some(lease))
    }

    /// Has the newest refresh token stored by the user's code, unless it was stored before. The `lease` is held until that
    /// code has ended, whether it is waited for or not. The deadline is that of the call, also in an early refresh: a refresh
    /// token that was issued must not get lost.
    async fn store_refresh_token(
        &self,
        grant: &OAuthGrant<X::Mode>,
        lease: Option<Arc<RefreshTokenLease>>,
    ) -> Result<(), RefreshError> {
        let Some(user) = &grant.user else { return Ok(()) };
        let Some((refresh_token, store)) = user.unstored_refresh_token_and_store_callback() else { return Ok(()) };
        let store = move || {
            X::Mode::block_or_box(async move {
                let outcome = X::Mode::into_future(store()).await;
                drop(lease);
                outcome
            })
        };
        let outcome = match self.run_custom_code(&self.refreshing.rotation_threads, store, self.deadline).await {
            Ok(outcome) => outcome,
            Err(CustomCodeIncomplete::TimedOut(limit)) => Err(limit.into()),
            Err(CustomCodeIncomplete::DeadlineExceeded) => {
                let error = Error::new_deadline_exceeded(self.operation, None);
                return Err(RefreshError::NotStored(error.into_refresh_failure(None)));
            }
        };
        match outcome {
            Ok(()) => user.mark_refresh_token_stored(&refresh_token),
            Err(error) => {
                let error = Error::new(ErrorKind::Credential, self.operation, NotStored(error));
                return Err(RefreshError::NotStored(error.into_refresh_failure(None)));
            }
        }
        Ok(())
    }

    /// Runs custom code, for no longer than the timeout of an attempt and `deadline` allow.
    async fn run_custom_code<T: Send + 'static>(
        &self,
        threads: &BoundedThreads,
        code: impl FnOnce() -> Output<'static, X, T> + Send + 'static,
        deadline: Option<Instant>,
    ) -> Result<T, CustomCodeIncomplete> {
        let timeout = self.sender.limits.timeout;
        self.guard.extend_refresh_claim(timeout);
        let end_of_timeout = Instant::now().checked_add(timeout);
        let end = [deadline, end_of_timeout].into_iter().flatten().min();
        let sleep = |delay| self.sender.transport.sleep(delay);
        let outcome = X::Mode::into_future(with_deadline::<X::Mode, _>(threads, code, end, sleep)).await;
        outcome.map_err(|incomplete| match incomplete {
            Incomplete::TimedOut if end == deadline => CustomCodeIncomplete::DeadlineExceeded,
            Incomplete::TimedOut => CustomCodeIncomplete::TimedOut(CustomCodeTimeoutReason::Timeout(timeout)),
            Incomplete::StillRunning => CustomCodeIncomplete::TimedOut(CustomCodeTimeoutReason::StillRunning),
            Incomplete::NoThread => CustomCodeIncomplete::TimedOut(CustomCodeTimeoutReason::NoThread),
        })
    }

    /// Shares `error` with the calls that wait, and returns it.
    fn share_refresh_failure(&self, error: RefreshFailure) -> Error {
        self.guard.store_refresh_failure(error.clone());
        Error::from_refresh_failure(self.operation, error)
    }

    fn token_not_issued_error(&self, source: impl Into<BoxError>) -> RefreshError {
        RefreshError::NotIssued(Error::new(ErrorKind::Credential, self.operation, source).into_refresh_failure(None))
    }

    /// Returns the error for custom code, named by `name`, that has not finished.
    fn custom_code_timeout_error(&self, unfinished: CustomCodeIncomplete, name: &str) -> RefreshError {
        match unfinished {
            CustomCodeIncomplete::DeadlineExceeded => self.deadline_exceeded_error(),
            CustomCodeIncomplete::TimedOut(limit) => {
                let error = Error::new(ErrorKind::Timeout, self.operation, limit);
                RefreshError::NotIssued(error.into_refresh_failure(Some(name.to_owned())))
            }
        }
    }

    fn deadline_exceeded_error(&self) -> RefreshError {
        RefreshError::NotIssued(Error::new_deadline_exceeded(self.operation, None).into_refresh_failure(None))
    }
}

/// The failure of a refresh.
enum RefreshError {
    /// No token was issued.
    NotIssued(RefreshFailure),
    /// A token was issued, but the refresh token that came with it was not stored.
    NotStored(RefreshFailure),
}

impl RefreshError {
    fn from_authority_error(error: Error, authority: &BaseUrl) -> Self {
        Self::NotIssued(error.into_refresh_failure(Some(authority.to_string())))
    }
}

/// The reason for which custom code was no longer waited for.
enum CustomCodeIncomplete {
    /// The deadline of the call has passed.
    DeadlineExceeded,
    TimedOut(CustomCodeTimeoutReason),
}

/// Custom code has exceeded its own timeout.
#[derive(Debug)]
enum CustomCodeTimeoutReason {
    Timeout(Duration),
    StillRunning,
    NoThread,
}

impl fmt::Display for CustomCodeTimeoutReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout(timeout) => write!(formatter, "it took longer than the timeout of {timeout:?} allows"),
            Self::StillRunning => formatter.write_str("earlier calls of it, which have timed out, are still running"),
            Self::NoThread => formatter.write_str(
                "the operating system has no thread to run it in: check how many threads the process may have",
            ),
        }
    }
}

impl StdError for CustomCodeTimeoutReason {}

/// The new refresh token could not be stored.
#[derive(Debug)]
struct NotStored(BoxError);

impl fmt::Display for NotStored {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the new refresh token could not be kept")
    }
}

impl StdError for NotStored {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.0)
    }
}
