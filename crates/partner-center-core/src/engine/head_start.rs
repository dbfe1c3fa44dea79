//! The request for the page after the one at hand, sent before that one is read.

use super::{CallContext, Engine};
use crate::{
    Limits, Mode, Response, Transport, TransportError,
    auth::CachedToken,
    base_url::BaseUrl,
    body,
    call::{Call, Listing},
    error::Context,
    transport::mode::{Spawned, Worker, join, spawn},
};
use partner_center_models::{ContinuationToken, Paginated};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use uuid::Uuid;

/// How long an answer may lie unread before the server gives up on it, or the client does.
const LONGEST_UNREAD: Duration = Duration::from_secs(1);

/// The most of a body that is searched, from its end: twice what a continuation may have.
const TAIL: usize = 48 << 10;
/// The most lists that may end there: in a continuation, and around the items.
const MOST_LISTS: usize = 16;

/// How the call that follows on another one is found in the answer to that, and begun.
pub(crate) struct Lookahead<M: Mode> {
    listing: Arc<Listing>,
    worker: Worker<M>,
    /// Until a guess was wrong.
    guesses: AtomicBool,
    guess: fn(&[u8]) -> Option<ContinuationToken>,
}

impl<M: Mode> Lookahead<M> {
    /// A lookahead for the pages of `O`.
    pub(crate) fn new<O: Paginated>(listing: Arc<Listing>) -> Self {
        Self { listing, worker: Worker::<M>::default(), guesses: AtomicBool::new(true), guess: guess::<O> }
    }

    /// The call that the page in `body` leads to, as far as can be told without reading it all. A guess: the page itself
    /// has the last word.
    pub(super) fn next(&self, body: &[u8], base_url: &BaseUrl) -> Option<Call> {
        if !self.guesses.load(Ordering::Relaxed) {
            return None;
        }
        let continuation = (self.guess)(body)?;
        let call = self.listing.follow(&continuation, base_url).ok()?;
        // To a link there may belong a token that stands before the items, and the other way round.
        (continuation.uri().is_some() && self.listing.token(&call).is_some()).then_some(call)
    }

    /// The call that `page` leads to.
    pub(crate) fn after<O: Paginated>(&self, page: &O::Response, base_url: &BaseUrl) -> Option<Call> {
        self.listing.follow(&O::continuation(page).ok()??, base_url).ok()
    }
}

/// The continuation at the end of a page, if it stands behind the items.
///
/// What follows the list of items is a page itself, but for them. A list within anything else is followed by one brace too
/// many.
fn guess<O: Paginated>(body: &[u8]) -> Option<ContinuationToken> {
    let tail = &body[body.len().saturating_sub(TAIL)..];
    let ends_of_lists = (0..tail.len()).rev().filter(|index| tail[*index] == b']');
    ends_of_lists.take(MOST_LISTS).find_map(|index| {
        let rest = std::str::from_utf8(&tail[index + 1..]).ok()?;
        let page = rest.trim_ascii_start().starts_with(',').then(|| format!("{{\"{}\":null{rest}", O::ITEMS))?;
        O::continuation(&body::lenient(&page)?).ok()?
    })
}

/// A call whose first request is on its way.
pub(crate) struct HeadStart<X: Transport> {
    pub(crate) call: Call,
    pub(super) token: Arc<CachedToken>,
    pub(super) request_id: Uuid,
    pub(super) sent: Sent<X>,
}

/// A request on its way.
pub(super) struct Sent<X: Transport> {
    at: Instant,
    /// How long it may be left alone.
    patience: Duration,
    answer: Spawned<X::Mode, Result<Response, TransportError>>,
}

impl<X: Transport> HeadStart<X> {
    /// A head start for `call`: the one that was `guessed`, if that is right. After a wrong guess there is none, and there are
    /// no more guesses.
    pub(crate) async fn of(
        call: Call,
        guessed: Option<Self>,
        lookahead: &Lookahead<X::Mode>,
        engine: &Arc<Engine<X>>,
        scope: CallContext,
    ) -> Option<Self> {
        match guessed {
            Some(guessed) if guessed.call == call => Some(guessed),
            Some(_) => {
                lookahead.guesses.store(false, Ordering::Relaxed);
                None
            }
            None => Self::begin(call, lookahead, engine, scope).await,
        }
    }

    /// Sends the first request of `call`, unless that had to wait for anything but its turn.
    pub(super) async fn begin(
        call: Call,
        lookahead: &Lookahead<X::Mode>,
        engine: &Arc<Engine<X>>,
        scope: CallContext,
    ) -> Option<Self> {
        let token = engine.token_provider.fresh(Instant::now())?;
        let until = engine.deadline(scope);
        let remaining = until.map(|until| until.saturating_duration_since(Instant::now()));
        let request_id = Uuid::new_v4();
        let context =
            Context { request_id: Some(request_id), correlation_id: Some(scope.correlation_id), ..Context::default() };
        // What cannot be sent early tells why when its turn has come.
        let request = engine.request_of(&call, &token, &context).ok()?;
        let request = engine.sender.with_limits(request, engine.sender.limits.body, remaining);
        if engine.rate_limiter.as_ref().is_some_and(|rate_limiter| !rate_limiter.try_reserve(Instant::now())) {
            return None;
        }
        let (at, patience) = (Instant::now(), Limits::of(&request).timeout.min(LONGEST_UNREAD));
        let engine = engine.clone();
        let send = move || {
            X::Mode::block_or_box(async move { X::Mode::into_future(engine.sender.transport.send(request)).await })
        };
        let answer = X::Mode::into_future(spawn::<X::Mode, _>(&lookahead.worker, send)).await?;
        Some(Self { call, token, request_id, sent: Sent { at, patience, answer } })
    }
}

impl<X: Transport> Sent<X> {
    /// When it was sent, and the answer; `None` if there is none and nobody asked for it for so long that this says nothing about the service.
    pub(super) async fn answer(self) -> Option<(Instant, Result<Response, TransportError>)> {
        let is_late = self.at.elapsed() >= self.patience;
        let lost = || Err(TransportError::new("the thread that sent the request has ended without an answer"));
        let answer = X::Mode::into_future(join::<X::Mode, _>(self.answer, lost)).await;
        (!is_late || answer.is_ok()).then_some((self.at, answer))
    }
}
