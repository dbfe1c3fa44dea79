//! The token that a client holds, and whose turn it is to fetch the next one.
//!
//! Clones of a client, in whatever threads and tasks, share one token. At most one of them fetches at a time; the others
//! go on with the old one while it lives, and then wait. What is fetched, or why it failed, is for all who waited.

use super::{AccessToken, TokenError};
use crate::{ErrorKind, transport::shared_state::Look};
use bytes::Bytes;
use http::HeaderValue;
use partner_center_models::Secret;
use std::{
    error::Error as StdError,
    sync::Arc,
    time::{Duration, Instant},
};

/// A token ready for use.
#[derive(Debug)]
pub(crate) struct Held {
    /// The value of the `Authorization` header, marked sensitive; its memory is overwritten when the last request that
    /// carries it is gone.
    pub(crate) authorization: HeaderValue,
    /// By which fetch it came.
    fetch: u64,
    expires: Option<Instant>,
    /// From when on it is replaced ahead of time.
    stale: Option<Instant>,
}

/// A token is replaced this long before it expires, but not before nine tenths of its life.
const LONGEST_LEAD: Duration = Duration::from_secs(120);

/// How long a token that still lives is left alone after it could not be replaced.
const PAUSE: Duration = Duration::from_secs(10);

impl Held {
    /// Holds `token`; `None` if it cannot stand in a header.
    pub(crate) fn new(token: &AccessToken, fetch: u64) -> Option<Self> {
        let text = token.token.expose().trim();
        let visible = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        let value = Bytes::from_owner(Bearer(Secret::new(format!("Bearer {text}"))));
        let mut authorization = HeaderValue::from_maybe_shared(value).ok().filter(|_| visible)?;
        authorization.set_sensitive(true);
        let lead = |lifetime: Duration| LONGEST_LEAD.min(lifetime / 10);
        Some(Self {
            authorization,
            fetch,
            expires: token.lifetime.map(|(lifetime, from)| from + lifetime),
            stale: token.lifetime.map(|(lifetime, from)| from + lifetime.saturating_sub(lead(lifetime))),
        })
    }

    /// How long it lives, if that is known.
    pub(crate) fn remaining(&self, now: Instant) -> Option<Duration> {
        self.expires.map(|expires| expires.saturating_duration_since(now))
    }

    fn is_past(moment: Option<Instant>, now: Instant) -> bool {
        moment.is_some_and(|moment| moment <= now)
    }
}

/// Lends its bytes to a header.
struct Bearer(Secret);

impl AsRef<[u8]> for Bearer {
    fn as_ref(&self) -> &[u8] {
        self.0.expose().as_bytes()
    }
}

/// Why there is no token, for all who waited for one.
#[derive(Clone, Debug)]
pub(crate) struct Failed {
    pub(crate) kind: ErrorKind,
    pub(crate) token: Option<Arc<TokenError>>,
    pub(crate) source: Option<Arc<dyn StdError + Send + Sync>>,
    /// The authority that did not answer, if that is why.
    pub(crate) authority: Option<String>,
    /// The wait that the authority asked for, if it is longer than is allowed.
    pub(crate) refused_wait: Option<Duration>,
    /// Whether it was the deadline of the call that fetched.
    pub(crate) is_out_of_time: bool,
}

/// What a client knows about its tokens.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    held: Option<Arc<Held>>,
    /// How many fetches were begun.
    fetches: u64,
    /// The fetch that is under way, and when it counts as abandoned: its task may not be driven any more.
    fetching: Option<(u64, Instant)>,
    /// The last fetch that failed, unless another one has succeeded since.
    failed: Option<(u64, Failed)>,
    /// Until when a token that still lives is not replaced ahead of time.
    paused: Option<Instant>,
}

/// What a call wants.
#[derive(Debug)]
pub(crate) struct Want {
    /// A token that the service refused: any but that.
    pub(crate) refused: Option<Arc<Held>>,
    /// The fetch whose outcome is waited for.
    pub(crate) pending: Option<u64>,
    /// When the call must be done.
    pub(crate) until: Option<Instant>,
    /// How long a fetch may be silent before it counts as abandoned.
    pub(crate) patience: Duration,
}

/// What a call is to do.
#[derive(Debug)]
pub(crate) enum Turn {
    /// Use this one.
    Use(Arc<Held>),
    /// Fetch one, under this number; if that fails, there may be one that still lives.
    Fetch(u64, Option<Arc<Held>>),
    /// Fail as the one did who fetched.
    Fail(Failed),
    /// Fail, for time is up.
    OutOfTime,
}

impl Tokens {
    /// Whose turn it is. A function of the state and the clock, to be asked again when either has moved on.
    pub(crate) fn turn(&mut self, want: &mut Want, now: Instant) -> Look<Turn> {
        if let Some(pending) = want.pending {
            // Whatever its lifetime is: whoever waited for it may use it.
            if let Some(held) = self.held.as_ref().filter(|held| held.fetch >= pending) {
                return Look::Done(Turn::Use(held.clone()));
            }
            if let Some((_, failed)) = self.failed.as_ref().filter(|(fetch, _)| *fetch >= pending) {
                return Look::Done(Turn::Fail(failed.clone()));
            }
        }
        let fetching = self.fetching.filter(|(_, abandoned)| *abandoned > now);
        let refused = want.refused.as_ref().map(|refused| refused.fetch);
        let alive =
            |held: &&Arc<Held>| refused.is_none_or(|refused| held.fetch > refused) && !Held::is_past(held.expires, now);
        let held = self.held.as_ref().filter(alive);
        if let Some(held) = held
            && (!Held::is_past(held.stale, now) || fetching.is_some() || self.paused.is_some_and(|until| until > now))
        {
            return Look::Done(Turn::Use(held.clone()));
        }
        if Held::is_past(want.until, now) {
            return Look::Done(Turn::OutOfTime);
        }
        if let Some((fetch, abandoned)) = fetching {
            want.pending.get_or_insert(fetch);
            return Look::Until(want.until.map_or(abandoned, |until| until.min(abandoned)));
        }
        self.fetches += 1;
        self.fetching = Some((self.fetches, later(now, want.patience)));
        Look::Done(Turn::Fetch(self.fetches, held.cloned()))
    }

    /// The token that a call would use at once.
    pub(crate) fn at_hand(&self, now: Instant) -> Option<Arc<Held>> {
        let fresh = |held: &&Arc<Held>| !Held::is_past(held.stale, now);
        self.held.as_ref().filter(fresh).cloned()
    }

    /// Takes what a fetch brought.
    pub(crate) fn land(&mut self, held: Held) -> Arc<Held> {
        let held = Arc::new(held);
        self.abandon(held.fetch);
        if self.held.as_ref().is_none_or(|other| other.fetch < held.fetch) {
            self.held = Some(held.clone());
            self.failed = None;
            self.paused = None;
        }
        held
    }

    /// Takes note that a fetch is under way, and may be silent for so long.
    pub(crate) fn prolong(&mut self, fetch: u64, patience: Duration, now: Instant) {
        if let Some((_, abandoned)) = self.fetching.as_mut().filter(|(other, _)| *other == fetch) {
            *abandoned = later(now, patience);
        }
    }

    /// Takes note that a fetch failed, for all who waited for it.
    pub(crate) fn fail(&mut self, fetch: u64, failed: Failed) {
        self.abandon(fetch);
        self.failed = Some((fetch, failed));
    }

    /// Takes note that a token was not replaced ahead of its end, which is no reason for anyone to fail: whoever needs
    /// another one at once takes over.
    pub(crate) fn postpone(&mut self, fetch: u64, now: Instant) {
        self.abandon(fetch);
        self.paused = Some(now + PAUSE);
    }

    /// Takes note that a fetch ended without an outcome: whoever waits for it takes over.
    pub(crate) fn abandon(&mut self, fetch: u64) {
        self.fetching.take_if(|(other, _)| *other == fetch);
    }
}

/// A moment after `now`; no clock runs as far as the longest duration.
fn later(now: Instant, patience: Duration) -> Instant {
    now + patience.min(Duration::from_secs(365 * 24 * 60 * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(1000);

    fn held(fetch: u64, lifetime: Option<u64>, now: Instant) -> Held {
        let mut token = AccessToken::new(format!("token-{fetch}"));
        token.lifetime = lifetime.map(|lifetime| (Duration::from_secs(lifetime), now));
        Held::new(&token, fetch).unwrap()
    }

    fn want() -> Want {
        Want { refused: None, pending: None, until: None, patience: PATIENCE }
    }

    /// What the turn is, in short.
    fn look(tokens: &mut Tokens, want: &mut Want, now: Instant) -> String {
        match tokens.turn(want, now) {
            Look::Done(Turn::Use(held)) => format!("use {}", held.fetch),
            Look::Done(Turn::Fetch(fetch, None)) => format!("fetch {fetch}"),
            Look::Done(Turn::Fetch(fetch, Some(held))) => format!("fetch {fetch} or use {}", held.fetch),
            Look::Done(Turn::Fail(_)) => "fail".to_owned(),
            Look::Done(Turn::OutOfTime) => "out of time".to_owned(),
            Look::Until(moment) => format!("wait {}", (moment - now).as_secs()),
        }
    }

    fn failed() -> Failed {
        Failed {
            kind: ErrorKind::Credential,
            token: None,
            source: None,
            authority: None,
            refused_wait: None,
            is_out_of_time: false,
        }
    }

    #[test]
    fn one_fetches_and_the_others_wait_for_it() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut tokens = Tokens::default();
        let (mut second, mut third) = (want(), want());
        assert_eq!(look(&mut tokens, &mut want(), at(0)), "fetch 1");
        assert_eq!(look(&mut tokens, &mut second, at(1)), "wait 999");
        third.until = Some(at(10));
        assert_eq!(look(&mut tokens, &mut third, at(1)), "wait 9");
        assert_eq!(look(&mut tokens, &mut third, at(10)), "out of time");
        tokens.land(held(1, Some(0), at(11)));
        // It is dead at once, and yet for whoever waited.
        assert_eq!(look(&mut tokens, &mut second, at(12)), "use 1");
        assert_eq!(look(&mut tokens, &mut want(), at(12)), "fetch 2");
    }

    #[test]
    fn a_token_is_replaced_ahead_of_time() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        for (lifetime, lead) in [(3600, 120), (1200, 120), (1000, 100), (10, 1)] {
            let mut tokens = Tokens { fetches: 1, ..Tokens::default() };
            tokens.land(held(1, Some(lifetime), start));
            assert_eq!(look(&mut tokens, &mut want(), at(lifetime - lead - 1)), "use 1");
            assert_eq!(look(&mut tokens, &mut want(), at(lifetime - lead)), "fetch 2 or use 1");
            // Meanwhile the others go on, as long as it lives.
            assert_eq!(look(&mut tokens, &mut want(), at(lifetime - lead)), "use 1");
            assert_eq!(look(&mut tokens, &mut want(), at(lifetime)), format!("wait {}", 1000 - lead));
        }
        let mut tokens = Tokens::default();
        tokens.land(held(1, None, start));
        assert_eq!(look(&mut tokens, &mut want(), at(1_000_000)), "use 1");
    }

    #[test]
    fn a_failure_is_for_those_who_waited_and_a_living_token_outlasts_it() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut tokens = Tokens::default();
        let mut waiting = want();
        assert_eq!(look(&mut tokens, &mut want(), at(0)), "fetch 1");
        assert_eq!(look(&mut tokens, &mut waiting, at(0)), "wait 1000");
        tokens.fail(1, failed());
        assert_eq!(look(&mut tokens, &mut waiting, at(1)), "fail");
        assert_eq!(look(&mut tokens, &mut want(), at(1)), "fetch 2");
        tokens.land(held(2, Some(100), at(1)));
        assert_eq!(look(&mut tokens, &mut want(), at(95)), "fetch 3 or use 2");
        tokens.postpone(3, at(95));
        // It is left alone for a while, but no longer than it lives.
        assert_eq!(look(&mut tokens, &mut want(), at(96)), "use 2");
        assert_eq!(look(&mut tokens, &mut want(), at(101)), "fetch 4");
        tokens.land(held(4, Some(1000), at(101)));
        assert_eq!(look(&mut tokens, &mut want(), at(1009)), "fetch 5 or use 4");
        tokens.postpone(5, at(1010));
        assert_eq!(look(&mut tokens, &mut want(), at(1019)), "use 4");
        assert_eq!(look(&mut tokens, &mut want(), at(1020)), "fetch 6 or use 4");
    }

    /// Nobody is worse off for waiting for a fetch that was made at leisure.
    #[test]
    fn who_needs_a_token_at_once_takes_over_from_who_did_not() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut tokens = Tokens { fetches: 1, ..Tokens::default() };
        tokens.land(held(1, Some(100), at(0)));
        assert_eq!(look(&mut tokens, &mut want(), at(95)), "fetch 2 or use 1");
        let mut late = want();
        assert_eq!(look(&mut tokens, &mut late, at(101)), "wait 994");
        tokens.postpone(2, at(102));
        assert_eq!(look(&mut tokens, &mut late, at(102)), "fetch 3");
    }

    #[test]
    fn only_the_refused_token_is_dropped() {
        let now = Instant::now();
        let mut tokens = Tokens { fetches: 1, ..Tokens::default() };
        let first = tokens.land(held(1, None, now));
        let refused = || Want { refused: Some(first.clone()), ..want() };
        let mut late = refused();
        assert_eq!(look(&mut tokens, &mut refused(), now), "fetch 2");
        assert_eq!(look(&mut tokens, &mut late, now), "wait 1000");
        tokens.land(held(2, None, now));
        assert_eq!(look(&mut tokens, &mut late, now), "use 2");
        // Another call that was refused the first one needs no third.
        assert_eq!(look(&mut tokens, &mut refused(), now), "use 2");
    }

    #[test]
    fn a_fetch_that_is_not_driven_holds_nobody_up_for_ever() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut tokens = Tokens::default();
        let mut waiting = want();
        assert_eq!(look(&mut tokens, &mut want(), at(0)), "fetch 1");
        assert_eq!(look(&mut tokens, &mut waiting, at(0)), "wait 1000");
        tokens.prolong(1, Duration::from_secs(5), at(999));
        tokens.prolong(7, Duration::from_secs(500), at(999));
        assert_eq!(look(&mut tokens, &mut waiting, at(1000)), "wait 4");
        assert_eq!(look(&mut tokens, &mut waiting, at(1004)), "fetch 2");
        tokens.land(held(2, None, at(1005)));
        // Late, and welcome to its own call alone.
        tokens.land(held(1, None, at(1006)));
        assert_eq!(look(&mut tokens, &mut want(), at(1007)), "use 2");

        let mut tokens = Tokens::default();
        let (mut waiting, mut other) = (want(), want());
        assert_eq!(look(&mut tokens, &mut want(), at(0)), "fetch 1");
        assert_eq!(look(&mut tokens, &mut waiting, at(0)), "wait 1000");
        assert_eq!(look(&mut tokens, &mut other, at(0)), "wait 1000");
        tokens.abandon(1);
        assert_eq!(look(&mut tokens, &mut waiting, at(1)), "fetch 2");
        tokens.land(held(2, None, at(2)));
        assert_eq!(look(&mut tokens, &mut other, at(2)), "use 2");
        assert_eq!(later(start, Duration::MAX), at(365 * 24 * 60 * 60));
        let endless = &mut Want { patience: Duration::MAX, ..want() };
        assert!(look(&mut Tokens::default(), endless, at(0)).starts_with("fetch"));
    }

    #[test]
    fn a_token_that_cannot_stand_in_a_header_is_none() {
        let now = Instant::now();
        for (token, is_one) in
            [("a.b-c_d", true), (" a \n", true), ("", false), (" ", false), ("a b", false), ("é", false)]
        {
            assert_eq!(Held::new(&AccessToken::new(token), 0).is_some(), is_one, "{token:?}");
        }
        let held = held(7, None, now);
        assert_eq!(held.authorization, "Bearer token-7");
        assert!(held.authorization.is_sensitive() && !format!("{held:?}").contains("token-7"));
    }
}
