//! The token cache: the current token of a client, and the decision which call fetches the next one and which calls wait.
//!
//! Clones of a client, in whatever threads and tasks, share one cache. Each call asks [`TokenCache::next_action`] what
//! to do. A fresh token is used. From shortly before it expires, one call refreshes it while the others still use it;
//! once it has expired, the others wait for that one refresh, and share its token or its error. The call that refreshes
//! holds a claim, which it extends before each wait: a task that is no longer polled, or that was dropped, loses it,
//! and one of the waiting calls takes over. The cache does no I/O and reads no clock, so every sequence of events can
//! be tested; `token_provider` does the work.

use super::AccessToken;
use crate::{error::RefreshFailure, transport::shared_state::Step};
use bytes::Bytes;
use http::HeaderValue;
use partner_center_models::Secret;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// The period before a token expires in which it is refreshed while it is still used; a tenth of its lifetime if that
/// is less.
const REFRESH_LEEWAY: Duration = Duration::from_secs(120);

/// The time after a failed early refresh in which there is no other one.
const REFRESH_COOLDOWN: Duration = Duration::from_secs(10);

/// The token of a client and the state of its refresh.
#[derive(Debug, Default)]
pub(crate) struct TokenCache {
    token: Option<Arc<CachedToken>>,
    /// The number of refreshes so far; the latest one has this number.
    refreshes: u64,
    /// The number of the refresh that is in progress, and the end of its claim.
    refreshing: Option<(u64, Instant)>,
    /// The last refresh that failed, unless a later one has succeeded.
    failure: Option<(u64, RefreshFailure)>,
    /// The end of the cooldown after a failed early refresh.
    cooldown_end: Option<Instant>,
}

/// The needs of a call, and the refresh that it waits for.
#[derive(Debug)]
pub(crate) struct TokenQuery {
    /// A token that the service rejected: only a later one is of use.
    pub(crate) rejected: Option<Arc<CachedToken>>,
    /// The number of the refresh whose outcome the call waits for.
    pub(crate) pending_refresh: Option<u64>,
    /// The deadline of the call.
    pub(crate) deadline: Option<Instant>,
    /// The first claim of a refresh, should this call begin one.
    pub(crate) claim: Duration,
}

/// The next action of a call.
#[derive(Debug)]
pub(crate) enum TokenAction {
    /// Use this token.
    Use(Arc<CachedToken>),
    /// Refresh the token, under this number. The token is there if it has not expired yet, as a fallback.
    Refresh(u64, Option<Arc<CachedToken>>),
    /// Fail with the error of the refresh that was waited for.
    Fail(RefreshFailure),
    /// Fail because the deadline has passed.
    DeadlineExceeded,
}

impl TokenCache {
    /// Creates a cache with a token that was issued before, if there is one.
    pub(crate) fn with_initial_token(token: Option<CachedToken>) -> Self {
        Self { token: token.map(Arc::new), ..Self::default() }
    }

    /// Decides what a call does, or until when it waits. To be called again when the cache has changed or that time has
    /// come.
    pub(crate) fn next_action(&mut self, query: &mut TokenQuery, now: Instant) -> Step<TokenAction> {
        if let Some(awaited) = query.pending_refresh {
            // Even one that has expired meanwhile: a call that waits must not wait forever for tokens with a short lifetime.
            if let Some(token) = self.token.as_ref().filter(|token| token.refresh >= awaited) {
                return Step::Ready(TokenAction::Use(token.clone()));
            }
            if let Some((_, error)) = self.failure.as_ref().filter(|(refresh, _)| *refresh >= awaited) {
                return Step::Ready(TokenAction::Fail(error.clone()));
            }
        }
        let refreshing = self.refreshing.filter(|(_, claim_end)| *claim_end > now);
        let rejected = query.rejected.as_ref().map(|rejected| rejected.refresh);
        let is_valid = |token: &&Arc<CachedToken>| {
            rejected.is_none_or(|rejected| token.refresh > rejected) && !has_moment_passed(token.expires_at, now)
        };
        let token = self.token.as_ref().filter(is_valid);
        if let Some(token) = token
            && (!has_moment_passed(token.refresh_at, now)
                || refreshing.is_some()
                || self.cooldown_end.is_some_and(|end| end > now))
        {
            return Step::Ready(TokenAction::Use(token.clone()));
        }
        if has_moment_passed(query.deadline, now) {
            return Step::Ready(TokenAction::DeadlineExceeded);
        }
        if let Some((refresh, claim_end)) = refreshing {
            query.pending_refresh.get_or_insert(refresh);
            return Step::WaitUntil(query.deadline.map_or(claim_end, |deadline| deadline.min(claim_end)));
        }
        self.refreshes += 1;
        self.refreshing = Some((self.refreshes, end_of_refresh_claim(now, query.claim)));
        Step::Ready(TokenAction::Refresh(self.refreshes, token.cloned()))
    }

    /// Returns the token if it need not be refreshed yet.
    pub(crate) fn fresh_token(&self, now: Instant) -> Option<Arc<CachedToken>> {
        self.token.as_ref().filter(|token| !has_moment_passed(token.refresh_at, now)).cloned()
    }

    /// Stores the token of a refresh that succeeded, for all calls.
    pub(crate) fn store_token(&mut self, token: CachedToken) -> Arc<CachedToken> {
        let token = Arc::new(token);
        self.release_refresh_claim(token.refresh);
        // A refresh that lost its claim may end after the one that took over.
        if self.token.as_ref().is_none_or(|other| other.refresh < token.refresh) {
            self.token = Some(token.clone());
            self.failure = None;
            self.cooldown_end = None;
        }
        token
    }

    /// Lets the claim of a refresh end no earlier than `claim` from `now`.
    pub(crate) fn extend_refresh_claim(&mut self, refresh: u64, claim: Duration, now: Instant) {
        if let Some((_, claim_end)) = self.refreshing.as_mut().filter(|(other, _)| *other == refresh) {
            *claim_end = end_of_refresh_claim(now, claim);
        }
    }

    /// Stores the error of a refresh, for all calls that wait for it.
    pub(crate) fn store_refresh_failure(&mut self, refresh: u64, error: RefreshFailure) {
        self.release_refresh_claim(refresh);
        self.failure = Some((refresh, error));
    }

    /// Ends an early refresh that failed, and begins the cooldown. The error is for no other call, as the token is
    /// still valid; a call that needs a new one now takes over.
    pub(crate) fn defer_refresh(&mut self, refresh: u64, now: Instant) {
        self.release_refresh_claim(refresh);
        self.cooldown_end = Some(now + REFRESH_COOLDOWN);
    }

    /// Ends a refresh without an outcome: one of the calls that wait for it takes over.
    pub(crate) fn release_refresh_claim(&mut self, refresh: u64) {
        self.refreshing.take_if(|(other, _)| *other == refresh);
    }
}

/// A token as requests carry it.
#[derive(Debug)]
pub(crate) struct CachedToken {
    /// The value of the `Authorization` header, marked sensitive; its memory is overwritten when the last request that
    /// carries it is dropped.
    pub(crate) authorization: HeaderValue,
    /// The number of the refresh that it comes from.
    refresh: u64,
    expires_at: Option<Instant>,
    /// The time from which it is refreshed, although it is still valid.
    refresh_at: Option<Instant>,
}

impl CachedToken {
    /// Creates the cached form of `token`; `None` if it is not valid in a header.
    pub(crate) fn new(token: &AccessToken, refresh: u64) -> Option<Self> {
        let value = token.token.expose().trim();
        let is_valid = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic());
        let bearer = Bytes::from_owner(BearerHeaderValue(Secret::new(format!("Bearer {value}"))));
        let mut authorization = HeaderValue::from_maybe_shared(bearer).ok().filter(|_| is_valid)?;
        authorization.set_sensitive(true);
        let leeway = |lifetime: Duration| REFRESH_LEEWAY.min(lifetime / 10);
        Some(Self {
            authorization,
            refresh,
            expires_at: token.lifetime.map(|(lifetime, issued_at)| issued_at + lifetime),
            refresh_at: token
                .lifetime
                .map(|(lifetime, issued_at)| issued_at + lifetime.saturating_sub(leeway(lifetime))),
        })
    }

    /// Returns the time until it expires, if that is known.
    pub(crate) fn remaining_lifetime(&self, now: Instant) -> Option<Duration> {
        self.expires_at.map(|expires_at| expires_at.saturating_duration_since(now))
    }
}

/// The owner of the bytes of a header value, which overwrites them when it is dropped.
struct BearerHeaderValue(Secret);

impl AsRef<[u8]> for BearerHeaderValue {
    fn as_ref(&self) -> &[u8] {
        self.0.expose().as_bytes()
    }
}

fn has_moment_passed(moment: Option<Instant>, now: Instant) -> bool {
    moment.is_some_and(|moment| moment <= now)
}

/// Returns the end of a claim, at most a year from now: adding the maximum duration to an instant would overflow.
fn end_of_refresh_claim(now: Instant, claim: Duration) -> Instant {
    now + claim.min(Duration::from_secs(365 * 24 * 60 * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLAIM: Duration = Duration::from_secs(1000);

    fn token(refresh: u64, lifetime: Option<u64>, now: Instant) -> CachedToken {
        let mut access_token = AccessToken::new(format!("token-{refresh}"));
        access_token.lifetime = lifetime.map(|lifetime| (Duration::from_secs(lifetime), now));
        CachedToken::new(&access_token, refresh).unwrap()
    }

    fn query() -> TokenQuery {
        TokenQuery { rejected: None, pending_refresh: None, deadline: None, claim: CLAIM }
    }

    /// Returns the action as a string.
    fn action(cache: &mut TokenCache, query: &mut TokenQuery, now: Instant) -> String {
        match cache.next_action(query, now) {
            Step::Ready(TokenAction::Use(token)) => format!("use {}", token.refresh),
            Step::Ready(TokenAction::Refresh(refresh, None)) => format!("refresh {refresh}"),
            Step::Ready(TokenAction::Refresh(refresh, Some(token))) => {
                format!("refresh {refresh} or use {}", token.refresh)
            }
            Step::Ready(TokenAction::Fail(_)) => "fail".to_owned(),
            Step::Ready(TokenAction::DeadlineExceeded) => "deadline exceeded".to_owned(),
            Step::WaitUntil(moment) => format!("wait {}", (moment - now).as_secs()),
        }
    }

    fn error() -> RefreshFailure {
        RefreshFailure {
            kind: crate::ErrorKind::Credential,
            token_error: None,
            source: None,
            authority: None,
            excessive_wait: None,
            is_deadline_exceeded: false,
        }
    }

    #[test]
    fn initial_token_is_used_until_it_expires_or_is_rejected() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let cached = |lifetime| TokenCache::with_initial_token(Some(token(0, lifetime, start)));
        let mut cache = cached(Some(100));
        assert_eq!(action(&mut cache, &mut query(), at(80)), "use 0");
        assert_eq!(action(&mut cache, &mut query(), at(95)), "refresh 1 or use 0");
        assert_eq!(action(&mut cached(Some(100)), &mut query(), at(100)), "refresh 1");
        let mut rejected = TokenQuery { rejected: cache.token.clone(), ..query() };
        assert_eq!(action(&mut cached(None), &mut rejected, at(1)), "refresh 1");
    }

    #[test]
    fn one_call_refreshes_and_the_others_wait_for_it() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut cache = TokenCache::default();
        let (mut second, mut third) = (query(), query());
        assert_eq!(action(&mut cache, &mut query(), at(0)), "refresh 1");
        assert_eq!(action(&mut cache, &mut second, at(1)), "wait 999");
        third.deadline = Some(at(10));
        assert_eq!(action(&mut cache, &mut third, at(1)), "wait 9");
        assert_eq!(action(&mut cache, &mut third, at(10)), "deadline exceeded");
        cache.store_token(token(1, Some(0), at(11)));
        // It has expired already, and is still for the calls that waited.
        assert_eq!(action(&mut cache, &mut second, at(12)), "use 1");
        assert_eq!(action(&mut cache, &mut query(), at(12)), "refresh 2");
    }

    #[test]
    fn token_is_refreshed_before_it_expires() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        for (lifetime, leeway) in [(3600, 120), (1200, 120), (1000, 100), (10, 1)] {
            let mut cache = TokenCache { refreshes: 1, ..TokenCache::default() };
            cache.store_token(token(1, Some(lifetime), start));
            assert_eq!(action(&mut cache, &mut query(), at(lifetime - leeway - 1)), "use 1");
            assert_eq!(action(&mut cache, &mut query(), at(lifetime - leeway)), "refresh 2 or use 1");
            // Meanwhile the others use it, as long as it is valid.
            assert_eq!(action(&mut cache, &mut query(), at(lifetime - leeway)), "use 1");
            assert_eq!(action(&mut cache, &mut query(), at(lifetime)), format!("wait {}", 1000 - leeway));
        }
        let mut cache = TokenCache::default();
        cache.store_token(token(1, None, start));
        assert_eq!(action(&mut cache, &mut query(), at(1_000_000)), "use 1");
    }

    #[test]
    fn failure_is_shared_by_calls_that_waited_and_a_valid_token_outlasts_it() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut cache = TokenCache::default();
        let mut waiting = query();
        assert_eq!(action(&mut cache, &mut query(), at(0)), "refresh 1");
        assert_eq!(action(&mut cache, &mut waiting, at(0)), "wait 1000");
        cache.store_refresh_failure(1, error());
        assert_eq!(action(&mut cache, &mut waiting, at(1)), "fail");
        assert_eq!(action(&mut cache, &mut query(), at(1)), "refresh 2");
        cache.store_token(token(2, Some(100), at(1)));
        assert_eq!(action(&mut cache, &mut query(), at(95)), "refresh 3 or use 2");
        cache.defer_refresh(3, at(95));
        // It is not refreshed for a while, unless it expires.
        assert_eq!(action(&mut cache, &mut query(), at(96)), "use 2");
        assert_eq!(action(&mut cache, &mut query(), at(101)), "refresh 4");
        cache.store_token(token(4, Some(1000), at(101)));
        assert_eq!(action(&mut cache, &mut query(), at(1009)), "refresh 5 or use 4");
        cache.defer_refresh(5, at(1010));
        assert_eq!(action(&mut cache, &mut query(), at(1019)), "use 4");
        assert_eq!(action(&mut cache, &mut query(), at(1020)), "refresh 6 or use 4");
    }

    #[test]
    fn failed_early_refresh_is_taken_over_by_calls_that_need_a_token() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut cache = TokenCache { refreshes: 1, ..TokenCache::default() };
        cache.store_token(token(1, Some(100), at(0)));
        assert_eq!(action(&mut cache, &mut query(), at(95)), "refresh 2 or use 1");
        let mut late = query();
        assert_eq!(action(&mut cache, &mut late, at(101)), "wait 994");
        cache.defer_refresh(2, at(102));
        assert_eq!(action(&mut cache, &mut late, at(102)), "refresh 3");
    }

    #[test]
    fn only_the_rejected_token_is_replaced() {
        let now = Instant::now();
        let mut cache = TokenCache { refreshes: 1, ..TokenCache::default() };
        let first = cache.store_token(token(1, None, now));
        let with_rejected = || TokenQuery { rejected: Some(first.clone()), ..query() };
        let mut late = with_rejected();
        assert_eq!(action(&mut cache, &mut with_rejected(), now), "refresh 2");
        assert_eq!(action(&mut cache, &mut late, now), "wait 1000");
        cache.store_token(token(2, None, now));
        assert_eq!(action(&mut cache, &mut late, now), "use 2");
        // Another call whose first token was rejected needs no third one.
        assert_eq!(action(&mut cache, &mut with_rejected(), now), "use 2");
    }

    #[test]
    fn abandoned_refresh_is_taken_over() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut cache = TokenCache::default();
        let mut waiting = query();
        assert_eq!(action(&mut cache, &mut query(), at(0)), "refresh 1");
        assert_eq!(action(&mut cache, &mut waiting, at(0)), "wait 1000");
        cache.extend_refresh_claim(1, Duration::from_secs(5), at(999));
        cache.extend_refresh_claim(7, Duration::from_secs(500), at(999));
        assert_eq!(action(&mut cache, &mut waiting, at(1000)), "wait 4");
        assert_eq!(action(&mut cache, &mut waiting, at(1004)), "refresh 2");
        cache.store_token(token(2, None, at(1005)));
        // It is late, and only its own call uses it.
        cache.store_token(token(1, None, at(1006)));
        assert_eq!(action(&mut cache, &mut query(), at(1007)), "use 2");

        let mut cache = TokenCache::default();
        let (mut waiting, mut other) = (query(), query());
        assert_eq!(action(&mut cache, &mut query(), at(0)), "refresh 1");
        assert_eq!(action(&mut cache, &mut waiting, at(0)), "wait 1000");
        assert_eq!(action(&mut cache, &mut other, at(0)), "wait 1000");
        cache.release_refresh_claim(1);
        assert_eq!(action(&mut cache, &mut waiting, at(1)), "refresh 2");
        cache.store_token(token(2, None, at(2)));
        assert_eq!(action(&mut cache, &mut other, at(2)), "use 2");
        assert_eq!(end_of_refresh_claim(start, Duration::MAX), at(365 * 24 * 60 * 60));
        let endless = &mut TokenQuery { claim: Duration::MAX, ..query() };
        assert!(action(&mut TokenCache::default(), endless, at(0)).starts_with("refresh"));
    }

    #[test]
    fn token_that_is_invalid_in_a_header_is_not_cached() {
        let now = Instant::now();
        for (token, is_valid) in
            [("a.b-c_d", true), (" a \n", true), ("", false), (" ", false), ("a b", false), ("é", false)]
        {
            assert_eq!(CachedToken::new(&AccessToken::new(token), 0).is_some(), is_valid, "{token:?}");
        }
        let token = token(7, None, now);
        assert_eq!(token.authorization, "Bearer token-7");
        assert!(token.authorization.is_sensitive() && !format!("{token:?}").contains("token-7"));
    }
}
