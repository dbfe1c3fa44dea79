//! How the client comes to the token that a call is made with.

use super::{Engine, Exchange, Scope};
use crate::{
    Error, ErrorKind, Mode, Request, Response, Retry, TokenError, TokenSource, Transport,
    base_url::BaseUrl,
    credential::{Failed, Grant, Held, Issued, TokenRequest, Tokens, Turn, User, Want, issued},
    error::{BoxError, Context},
    mode::wait_on,
    monitor::Monitor,
    pace::Pace,
    retry::{Attempt, Failure},
};
use http::{HeaderValue, header};
use std::{
    error::Error as StdError,
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};
use tracing::Instrument;
use zeroize::Zeroize;

/// The client's way to a token.
pub(crate) enum Authorization<M: Mode> {
    /// The one that was given.
    Fixed(Arc<Held>),
    /// One after the other.
    Renewed(Box<Renewal<M>>),
}

pub(crate) struct Renewal<M: Mode> {
    pub(crate) origin: Origin<M>,
    /// What tokens are asked for: the audience, in the form of a scope.
    pub(crate) scope: String,
    pub(crate) tokens: Monitor<Tokens>,
}

/// Where tokens come from.
pub(crate) enum Origin<M: Mode> {
    /// The authority.
    Grant(Grant<M>, BaseUrl),
    /// The user's own code.
    Source(Arc<dyn TokenSource<Mode = M>>),
}

/// How long it may take to replace a token that still lives: the call at hand can do without.
const LONGEST_LEISURE: Duration = Duration::from_secs(10);

impl<M: Mode> Authorization<M> {
    /// Whether there may be another token when one is refused.
    pub(super) fn is_renewed(&self) -> bool {
        matches!(self, Self::Renewed(_))
    }
}

impl<X: Transport> Engine<X> {
    /// A token that is not the one `refused`.
    pub(super) async fn token(
        &self,
        operation: &'static str,
        scope: Scope,
        until: Option<Instant>,
        refused: Option<Arc<Held>>,
    ) -> Result<Arc<Held>, Error> {
        let renewal = match &self.authorization {
            Authorization::Fixed(token) => return Ok(token.clone()),
            Authorization::Renewed(renewal) => renewal,
        };
        let mut want = Want { refused, pending: None, until, longest_fetch: self.longest_fetch() };
        let look = move |tokens: &mut Tokens| tokens.turn(&mut want, Instant::now());
        let sleep = |delay| self.transport.sleep(delay);
        match X::Mode::wait(wait_on::<X::Mode, _, _>(&renewal.tokens, look, sleep)).await {
            Turn::Use(token) => Ok(token),
            Turn::Fail(failed) => Err(Error::no_token(operation, failed)),
            Turn::OutOfTime => Err(Error::out_of_time(operation, None)),
            Turn::Fetch(number, fallback) => {
                let fetch = Fetch { tokens: &renewal.tokens, number };
                let span = tracing::info_span!("token");
                self.fetched(renewal, &fetch, fallback, operation, scope, until).instrument(span).await
            }
        }
    }

    /// Fetches a token for all; if that fails, the `fallback` will do.
    async fn fetched(
        &self,
        renewal: &Renewal<X::Mode>,
        fetch: &Fetch<'_>,
        fallback: Option<Arc<Held>>,
        operation: &'static str,
        scope: Scope,
        until: Option<Instant>,
    ) -> Result<Arc<Held>, Error> {
        let leisure = fallback.is_some().then(|| Instant::now() + LONGEST_LEISURE);
        let retry = if fallback.is_some() { &Retry::never() } else { &self.retry };
        let bound = [leisure, until].into_iter().flatten().min();
        let error = match self.fetch(renewal, retry, operation, scope, bound).await {
            Ok(token) => match Held::new(&token, fetch.number, Instant::now()) {
                Some(held) => return Ok(renewal.tokens.change(|tokens| tokens.land(held))),
                None => Error::new(ErrorKind::Credential, operation, NOT_A_TOKEN),
            },
            Err(error) => error,
        };
        if fallback.is_none() && bound.is_some_and(|bound| bound <= Instant::now()) {
            // This call has no more time; the others may have.
            return Err(error);
        }
        let failed = error.into_failed();
        renewal.tokens.change(|tokens| tokens.fail(fetch.number, failed.clone(), Instant::now()));
        match fallback {
            Some(token) => {
                tracing::warn!("the token could not be replaced ahead of time");
                Ok(token)
            }
            None => Err(Error::no_token(operation, failed)),
        }
    }

    async fn fetch(
        &self,
        renewal: &Renewal<X::Mode>,
        retry: &Retry,
        operation: &'static str,
        scope: Scope,
        until: Option<Instant>,
    ) -> Result<crate::AccessToken, Error> {
        let failed = |error: BoxError| Error::new(ErrorKind::Credential, operation, error);
        let (grant, authority) = match &renewal.origin {
            Origin::Source(source) => {
                return X::Mode::wait(source.token(&renewal.scope)).await.map_err(failed);
            }
            Origin::Grant(grant, authority) => (grant, authority),
        };
        let refresh_token = grant.user.as_ref().map(User::refresh_token);
        let request =
            TokenRequest { app: &grant.app, refresh_token: refresh_token.as_ref(), authority, scope: &renewal.scope };
        let exchange = TokenExchange { request, operation, user_agent: self.headers.get(header::USER_AGENT) };
        let mut context = Context { correlation_id: Some(scope.correlation_id), ..Context::default() };
        let answer = self.attempts(&exchange, retry, &mut context, until).await;
        let issued = answer.map_err(|error| unissued(error, operation, authority))?;
        let replacement = issued.refresh_token.filter(|new| Some(new) != refresh_token.as_ref());
        if let (Some(user), Some(replacement)) = (&grant.user, replacement)
            && let Some(kept) = user.rotate(replacement)
        {
            X::Mode::wait(kept).await.map_err(|error| failed(Box::new(NotKept(error))))?;
        }
        Ok(issued.access_token)
    }

    /// How long a fetch takes at most, with every attempt and every wait.
    fn longest_fetch(&self) -> Duration {
        let Retry { max_attempts, longest_delay, longest_retry_after, .. } = self.retry;
        self.limits.timeout.saturating_add(longest_delay.max(longest_retry_after)).saturating_mul(max_attempts)
    }
}

const NOT_A_TOKEN: &str = "the token that was issued is empty or holds a character that no token has";

/// A fetch under way. When it is dropped, whoever waits for it takes over, unless there was an outcome.
struct Fetch<'a> {
    tokens: &'a Monitor<Tokens>,
    number: u64,
}

impl Drop for Fetch<'_> {
    fn drop(&mut self) {
        self.tokens.change(|tokens| tokens.abandon(self.number));
    }
}

/// A request for a token, as something that may be sent any number of times.
struct TokenExchange<'a> {
    request: TokenRequest<'a>,
    operation: &'static str,
    user_agent: Option<&'a HeaderValue>,
}

/// A token is a few kilobytes.
const LARGEST_ANSWER: usize = 1 << 20;

impl Exchange for TokenExchange<'_> {
    type Value = Issued;

    fn operation(&self) -> &'static str {
        self.operation
    }

    /// To be issued two tokens does no harm.
    fn is_idempotent(&self) -> bool {
        true
    }

    fn pace(&self) -> Option<&Pace> {
        None
    }

    fn body_limit(&self) -> usize {
        LARGEST_ANSWER
    }

    fn request(&self, context: &Context) -> Result<Request, http::Error> {
        let mut request = self.request.build(context.correlation_id)?;
        request.headers_mut().extend(self.user_agent.map(|name| (header::USER_AGENT, name.clone())));
        Ok(request)
    }

    fn read(&self, mut response: Response) -> Result<Issued, Attempt> {
        let outcome = if response.status().is_success() {
            issued(&response).map_err(|error| Attempt {
                failure: Failure::Permanent,
                error: Error::new(ErrorKind::Credential, self.operation, error),
                answered: true,
            })
        } else {
            let refusal = self.request.refusal(&response);
            let failure = Failure::of_refusal(&refusal);
            Err(Attempt { failure, error: refused(self.operation, refusal), answered: true })
        };
        response.body_mut().zeroize();
        outcome
    }
}

fn refused(operation: &'static str, refusal: TokenError) -> Error {
    let failed = Failed { kind: ErrorKind::Credential, token: Some(Arc::new(refusal)), source: None };
    Error::no_token(operation, failed)
}

/// Says who did not answer, where nobody did.
fn unissued(error: Error, operation: &'static str, authority: &BaseUrl) -> Error {
    let mut failed = error.into_failed();
    if failed.token.is_none() && failed.kind != ErrorKind::Credential {
        failed.source = Some(Arc::new(NoToken { authority: authority.to_string(), source: failed.source }));
    }
    Error::no_token(operation, failed)
}

/// The authority gave no answer that could be understood.
#[derive(Debug)]
struct NoToken {
    authority: String,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl fmt::Display for NoToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "no token could be had from {}", self.authority)
    }
}

impl StdError for NoToken {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// The new refresh token could not be kept.
#[derive(Debug)]
struct NotKept(BoxError);

impl fmt::Display for NotKept {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the new refresh token could not be kept")
    }
}

impl StdError for NotKept {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.0)
    }
}
