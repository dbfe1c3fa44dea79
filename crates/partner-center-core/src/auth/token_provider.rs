//! How the client comes to the token that a call is made with.

use super::{
    credential::{Grant, User},
    grants::{GrantRequest, Issued, issued},
    token_cache::{Failed, Held, Tokens, Turn, Want},
};
use crate::{
    Error, ErrorKind, Mode, Output, RefreshTokenLease, Request, Response, RetryPolicy, TokenError, TokenErrorReason,
    TokenRequest, TokenSource, Transport,
    base_url::BaseUrl,
    engine::{Engine, Exchange, rate_limiter::RateLimit},
    error::{BoxError, Context},
    retry::{Attempt, Failure},
    transport::{
        mode::{Overdue, Threads, in_time, wait_on},
        shared_state::Monitor,
    },
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
    /// Where a blocking [`TokenSource`] runs.
    source_threads: Threads,
    /// Where a new refresh token is kept, if that blocks: one after the other.
    rotation_threads: Threads,
    /// Where a lease on the refresh token is waited for, if that blocks.
    lease_threads: Threads,
}

impl<M: Mode> Renewal<M> {
    pub(crate) fn new(origin: Origin<M>, scope: String) -> Self {
        Self {
            origin,
            scope,
            tokens: Monitor::default(),
            source_threads: Threads::new(MAX_SOURCE_THREADS),
            rotation_threads: Threads::new(1),
            lease_threads: Threads::new(1),
        }
    }
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

/// How many calls of a blocking token source may run at a time, of which all but one have timed out.
const MAX_SOURCE_THREADS: usize = 8;

/// What the client's own work takes at most, between what it waits for.
const GRACE: Duration = Duration::from_secs(5);

impl<M: Mode> Authorization<M> {
    /// The token that a call would use at once.
    pub(crate) fn at_hand(&self, now: Instant) -> Option<Arc<Held>> {
        match self {
            Self::Fixed(token) => Some(token.clone()),
            Self::Renewed(renewal) => renewal.tokens.change(|tokens| tokens.at_hand(now)),
        }
    }
}

impl<X: Transport> Engine<X> {
    /// A token that is not the one `refused`.
    pub(crate) async fn token(
        &self,
        operation: &'static str,
        context: &mut Context,
        until: Option<Instant>,
        refused: Option<Arc<Held>>,
    ) -> Result<Arc<Held>, Error> {
        let renewal = match &self.authorization {
            Authorization::Fixed(token) => return Ok(token.clone()),
            Authorization::Renewed(renewal) => renewal,
        };
        let was_refused = refused.is_some();
        let patience = self.limits.timeout.saturating_add(GRACE);
        let mut want = Want { refused, pending: None, until, patience };
        let look = move |tokens: &mut Tokens| tokens.turn(&mut want, Instant::now());
        let sleep = |delay| self.transport.sleep(delay);
        match X::Mode::into_future(wait_on::<X::Mode, _, _>(&renewal.tokens, look, sleep)).await {
            Turn::Use(token) => Ok(token),
            Turn::Fail(failed) => Err(Error::no_token(operation, failed)),
            Turn::OutOfTime => Err(Error::out_of_time(operation, None)),
            Turn::Fetch(number, fallback) => {
                let fetch = Fetch { tokens: &renewal.tokens, number, operation, was_refused };
                let span = tracing::info_span!("token");
                match fallback {
                    Some(token) => Ok(self.replaced(renewal, &fetch, token, context, until).instrument(span).await?),
                    None => self.fetched(renewal, &fetch, context, until).instrument(span).await,
                }
            }
        }
    }

    /// Fetches a token for all.
    async fn fetched(
        &self,
        renewal: &Renewal<X::Mode>,
        fetch: &Fetch<'_>,
        context: &mut Context,
        until: Option<Instant>,
    ) -> Result<Arc<Held>, Error> {
        match self.fetch(renewal, fetch, &self.retry, context, until).await {
            Ok(held) => Ok(fetch.lands(held)),
            // This call has no more time; the others may have.
            Err(Unfetched::Failed(failed)) if failed.is_out_of_time => Err(Error::no_token(fetch.operation, failed)),
            Err(Unfetched::Failed(failed) | Unfetched::NotKept(failed)) => Err(fetch.fails(failed)),
        }
    }

    /// Fetches a token in the place of one that still lives, and makes do with that one if it has to.
    async fn replaced(
        &self,
        renewal: &Renewal<X::Mode>,
        fetch: &Fetch<'_>,
        token: Arc<Held>,
        context: &mut Context,
        until: Option<Instant>,
    ) -> Result<Arc<Held>, Error> {
        let until = [Some(Instant::now() + LONGEST_LEISURE), until].into_iter().flatten().min();
        match self.fetch(renewal, fetch, &RetryPolicy::none(), context, until).await {
            Ok(held) => Ok(fetch.lands(held)),
            // Whoever goes on has the one refresh token that is good, and nobody keeps it.
            Err(Unfetched::NotKept(failed)) => Err(fetch.fails(failed)),
            Err(Unfetched::Failed(failed)) => {
                fetch.tokens.change(|tokens| tokens.postpone(fetch.number, Instant::now()));
                let error = Error::no_token(fetch.operation, failed);
                tracing::warn!(%error, "the token could not be replaced ahead of its end");
                Ok(token)
            }
        }
    }

    async fn fetch(
        &self,
        renewal: &Renewal<X::Mode>,
        fetch: &Fetch<'_>,
        retry: &RetryPolicy,
        context: &mut Context,
        until: Option<Instant>,
    ) -> Result<Held, Unfetched> {
        let token = match &renewal.origin {
            Origin::Source(source) => {
                let (source, scope, refused) = (source.clone(), renewal.scope.clone(), fetch.was_refused);
                let request = move || {
                    X::Mode::block_or_box(async move {
                        X::Mode::into_future(source.token(TokenRequest { scope: &scope, refused })).await
                    })
                };
                let given = self.custom(fetch, &renewal.source_threads, request, until).await;
                let given = given.map_err(|unfinished| fetch.unfinished(unfinished, "the token source"))?;
                given.map_err(|error| Unfetched::Failed(fetch.error(error).into_failed(None)))?
            }
            Origin::Grant(grant, authority) => {
                self.keep(renewal, grant, fetch, until).await?;
                let mut rejected = None;
                loop {
                    // Held until the next refresh token is kept.
                    let lease = self.lease(renewal, grant, fetch, until).await?;
                    let refresh_token = grant.user.as_ref().map(User::refresh_token);
                    if let Some((_, error)) = rejected.take_if(|(token, _)| *token == refresh_token) {
                        return Err(Unfetched::of(error, authority));
                    }
                    let request = GrantRequest {
                        app: &grant.app,
                        refresh_token: refresh_token.as_ref(),
                        authority,
                        scope: &renewal.scope,
                    };
                    let exchange = TokenExchange { request, fetch, user_agent: self.headers.get(header::USER_AGENT) };
                    let mut own = Context { correlation_id: context.correlation_id, ..Context::default() };
                    let error = match self.attempts(&exchange, retry, &mut own, until, None).await {
                        Ok(issued) => {
                            if let (Some(user), Some(replacement)) = (&grant.user, issued.refresh_token) {
                                user.rotate(replacement);
                            }
                            self.keep(renewal, grant, fetch, until).await?;
                            break issued.access_token;
                        }
                        Err(error) => error,
                    };
                    context.attempts += own.attempts;
                    let is_rejected =
                        error.token_error().and_then(TokenError::reason) == Some(TokenErrorReason::InvalidGrant);
                    if !is_rejected || lease.is_none() || rejected.is_some() {
                        return Err(Unfetched::of(error, authority));
                    }
                    // A process that does not know of leases may have exchanged it meanwhile.
                    rejected = Some((refresh_token, error));
                }
            }
        };
        let unusable = || Unfetched::Failed(fetch.error(NOT_A_TOKEN).into_failed(None));
        Held::new(&token, fetch.number).ok_or_else(unusable)
    }

    /// Waits for the lease on the refresh token, if there is such a thing, and takes the token that it names into use.
    async fn lease(
        &self,
        renewal: &Renewal<X::Mode>,
        grant: &Grant<X::Mode>,
        fetch: &Fetch<'_>,
        until: Option<Instant>,
    ) -> Result<Option<RefreshTokenLease>, Unfetched> {
        let Some(user) = &grant.user else { return Ok(None) };
        let Some(before_refresh) = user.before_refresh() else { return Ok(None) };
        let lease = self.custom(fetch, &renewal.lease_threads, before_refresh, until).await;
        let lease = lease.map_err(|unfinished| fetch.unfinished(unfinished, "the lease of the refresh token"))?;
        let mut lease = lease.map_err(|error| Unfetched::Failed(fetch.error(error).into_failed(None)))?;
        if let Some(refresh_token) = lease.refresh_token.take() {
            user.adopt(refresh_token);
        }
        Ok(Some(lease))
    }

    /// Has the newest refresh token kept, unless it was.
    async fn keep(
        &self,
        renewal: &Renewal<X::Mode>,
        grant: &Grant<X::Mode>,
        fetch: &Fetch<'_>,
        until: Option<Instant>,
    ) -> Result<(), Unfetched> {
        let Some(user) = &grant.user else { return Ok(()) };
        let Some((refresh_token, keep)) = user.keep() else { return Ok(()) };
        let kept = match self.custom(fetch, &renewal.rotation_threads, keep, until).await {
            Ok(kept) => kept,
            Err(Unfinished::Overran(overrun)) => Err(overrun.into()),
            Err(Unfinished::DeadlineExceeded) => return Err(fetch.out_of_time()),
        };
        match kept {
            Ok(()) => user.kept(&refresh_token),
            Err(error) => return Err(Unfetched::NotKept(fetch.error(NotKept(error)).into_failed(None))),
        }
        Ok(())
    }

    /// Runs a user's own code, as long as the timeout of an attempt and the deadline of the call allow.
    async fn custom<T: Send + 'static>(
        &self,
        fetch: &Fetch<'_>,
        threads: &Threads,
        code: impl FnOnce() -> Output<'static, X, T> + Send + 'static,
        deadline: Option<Instant>,
    ) -> Result<T, Unfinished> {
        let timeout = self.limits.timeout;
        fetch.will_be_silent(timeout);
        let overrun = Instant::now().checked_add(timeout);
        let until = [deadline, overrun].into_iter().flatten().min();
        let sleep = |delay| self.transport.sleep(delay);
        X::Mode::into_future(in_time::<X::Mode, _>(threads, code, until, sleep)).await.map_err(
            |overdue| match overdue {
                Overdue::TimedOut if until == deadline => Unfinished::DeadlineExceeded,
                Overdue::TimedOut => Unfinished::Overran(Overrun::Timeout(timeout)),
                Overdue::NotStarted => Unfinished::Overran(Overrun::StillRunning),
            },
        )
    }
}

/// Why code of a user's own was not waited for.
enum Unfinished {
    /// The call has no more time.
    DeadlineExceeded,
    /// The code took more time than it has.
    Overran(Overrun),
}

/// How code of a user's own took more time than it has.
#[derive(Debug)]
enum Overrun {
    Timeout(Duration),
    StillRunning,
}

impl fmt::Display for Overrun {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout(timeout) => write!(formatter, "it took longer than the timeout of {timeout:?} allows"),
            Self::StillRunning => formatter.write_str("earlier calls of it, which have timed out, are still running"),
        }
    }
}

impl StdError for Overrun {}

/// Why a fetch brought no token.
enum Unfetched {
    /// None was issued.
    Failed(Failed),
    /// One was issued, but the refresh token that came with it was not kept.
    NotKept(Failed),
}

impl Unfetched {
    fn of(error: Error, authority: &BaseUrl) -> Self {
        Self::Failed(error.into_failed(Some(authority.to_string())))
    }
}

const NOT_A_TOKEN: &str = "the token that was issued is empty or holds a character that no token has";

/// A fetch under way. When it is dropped, whoever waits for it takes over, unless there was an outcome.
struct Fetch<'a> {
    tokens: &'a Monitor<Tokens>,
    number: u64,
    /// For which operation it is made.
    operation: &'static str,
    /// Whether the service refused the token before.
    was_refused: bool,
}

impl Fetch<'_> {
    fn lands(&self, held: Held) -> Arc<Held> {
        self.tokens.change(|tokens| tokens.land(held))
    }

    /// Tells all who wait.
    fn fails(&self, failed: Failed) -> Error {
        self.tokens.change(|tokens| tokens.fail(self.number, failed.clone()));
        Error::no_token(self.operation, failed)
    }

    fn will_be_silent(&self, time: Duration) {
        let patience = time.saturating_add(GRACE);
        self.tokens.change(|tokens| tokens.prolong(self.number, patience, Instant::now()));
    }

    fn error(&self, source: impl Into<BoxError>) -> Error {
        Error::new(ErrorKind::Credential, self.operation, source)
    }

    /// Custom code, which `from` names, was not waited for.
    fn unfinished(&self, unfinished: Unfinished, from: &str) -> Unfetched {
        match unfinished {
            Unfinished::DeadlineExceeded => self.out_of_time(),
            Unfinished::Overran(overrun) => {
                let error = Error::new(ErrorKind::Timeout, self.operation, overrun);
                Unfetched::Failed(error.into_failed(Some(from.to_owned())))
            }
        }
    }

    fn out_of_time(&self) -> Unfetched {
        Unfetched::Failed(Error::out_of_time(self.operation, None).into_failed(None))
    }
}

impl Drop for Fetch<'_> {
    fn drop(&mut self) {
        self.tokens.change(|tokens| tokens.abandon(self.number));
    }
}

/// A request for a token, as something that may be sent any number of times.
struct TokenExchange<'a> {
    request: GrantRequest<'a>,
    fetch: &'a Fetch<'a>,
    user_agent: Option<&'a HeaderValue>,
}

/// A token is a few kilobytes.
const LARGEST_ANSWER: usize = 1 << 20;

impl<X: Transport> Exchange<X> for TokenExchange<'_> {
    type Value = Issued;

    fn operation(&self) -> &'static str {
        self.fetch.operation
    }

    /// To be issued two tokens does no harm.
    fn is_idempotent(&self) -> bool {
        true
    }

    fn rate_limit(&self) -> Option<&RateLimit> {
        None
    }

    fn max_response_size(&self) -> usize {
        LARGEST_ANSWER
    }

    fn will_be_silent(&self, time: Duration) {
        self.fetch.will_be_silent(time);
    }

    fn request(&self, context: &Context) -> Result<Request, http::Error> {
        let mut request = self.request.build(context.correlation_id)?;
        request.headers_mut().extend(self.user_agent.map(|name| (header::USER_AGENT, name.clone())));
        Ok(request)
    }

    fn read(&self, response: Response) -> Result<Issued, Attempt> {
        let rejected = |refusal| Attempt {
            failure: Failure::of_refusal(&refusal),
            error: Error::refused_token(self.fetch.operation, refusal),
            answered: true,
        };
        let outcome = if response.status().is_success() {
            issued(&response).map_err(|error| match self.request.refusal_under_success(&response) {
                Some(refusal) => rejected(refusal),
                None => Attempt { failure: Failure::Permanent, error: self.fetch.error(error), answered: true },
            })
        } else {
            Err(rejected(self.request.refusal(&response)))
        };
        // The transport may share it with its own buffers, which are its own affair.
        if let Ok(mut body) = response.into_body().try_into_mut() {
            body.zeroize();
        }
        outcome
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
