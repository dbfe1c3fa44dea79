//! Prefetching: the request for the next page is sent before the current page is parsed.
//!
//! Parsing a page of 500 customers takes milliseconds, and the program then works on it; the service could prepare the next
//! page meanwhile. But the continuation to that page is in the body that is not parsed yet. So it is *peeked*: a page usually
//! ends with its continuation (`.., "links": {..}}`), after the list of items. The tail of the body is searched backwards for
//! the `]` that closes that list; with `{"items": null` put in front, the rest is a small page of its own, which is parsed in
//! microseconds. If the tail has no continuation, because it is before the items or too long, the next request is sent when
//! the page is parsed: later, but still before the program works on it.
//!
//! A peek is a guess, and the parsed page decides. A wrong guess costs one request whose response is dropped; the right
//! request is then sent without prefetching, no further guess is made in this list, and since the wrong request may have
//! consumed the continuation token, an error for that token no longer counts as the end of the list
//! (`ListCursor::token_may_be_consumed`).

use super::ListRequest;
use crate::{
    Limits, Mode, Response, Transport, TransportError,
    auth::CachedToken,
    base_url::BaseUrl,
    engine::{Engine, UnitOfWorkContext},
    request::PreparedRequest,
    transport::mode::{Spawned, Worker, join, spawn},
};
use partner_center_models::{ContinuationToken, Paginated, Pagination, find_continuation};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use uuid::Uuid;

/// Finds the request for the next page and sends it early.
pub(crate) struct Prefetcher<M: Mode> {
    list_request: Arc<ListRequest>,
    worker: Worker<M>,
    /// Whether continuations are peeked: true until a guess was wrong.
    is_peeking: AtomicBool,
}

impl<M: Mode> Prefetcher<M> {
    /// Returns a prefetcher for the pages of a list.
    pub(crate) fn new(list_request: Arc<ListRequest>) -> Self {
        Self { list_request, worker: Worker::<M>::default(), is_peeking: AtomicBool::new(true) }
    }

    /// Returns a guess at the request for the page after the one in `body`, which is not parsed yet.
    pub(crate) fn peek_next_request(&self, body: &[u8], base_url: &BaseUrl) -> Option<PreparedRequest> {
        if !self.is_peeking.load(Ordering::Relaxed) {
            return None;
        }
        let pagination = self.list_request.pagination();
        let continuation = peek_continuation(body, pagination)?;
        let request = self.list_request.next_page_request(&continuation, base_url).ok()?;
        // A link may need a token that stands before the items, and the other way round: a guess has both.
        let has_token =
            pagination.token_header.is_none() || self.list_request.continuation_token_of_request(&request).is_some();
        (continuation.uri().is_some() && has_token).then_some(request)
    }

    /// Returns the request for the page after `page`.
    pub(super) fn next_request_from_parsed_page<O: Paginated>(
        &self,
        page: &O::Response,
        base_url: &BaseUrl,
    ) -> Option<PreparedRequest> {
        self.list_request.next_page_request(&O::continuation(page).ok()??, base_url).ok()
    }
}

/// Maximum length of a body's tail that is searched, in bytes: twice that of a continuation.
const MAX_SEARCHED_TAIL_LENGTH: usize = 48 << 10;
/// Maximum number of ends of lists that are tried in the tail: those of the headers in a link, and of the items.
const MAX_LIST_ENDS_TRIED: usize = 16;

/// Returns the continuation at the end of a page, if it is behind the items.
///
/// After the end of the items follows the rest of the page object. The end of any other list, deeper in the page, is followed
/// by a brace too many, so that the rest is not valid JSON.
fn peek_continuation(body: &[u8], pagination: &Pagination) -> Option<ContinuationToken> {
    let head = build_page_json_prefix(pagination)?;
    // Behind the list there are more fields, or the end of the object that it is in.
    let may_follow: &[char] = if pagination.items.contains('.') { &[',', '}'] } else { &[','] };
    let tail = &body[body.len().saturating_sub(MAX_SEARCHED_TAIL_LENGTH)..];
    let ends_of_lists = (0..tail.len()).rev().filter(|index| tail[*index] == b']');
    ends_of_lists.take(MAX_LIST_ENDS_TRIED).find_map(|index| {
        let rest = std::str::from_utf8(&tail[index + 1..]).ok()?;
        let page = rest.trim_ascii_start().starts_with(may_follow).then(|| format!("{head}null{rest}"))?;
        find_continuation(&page, pagination)
    })
}

/// Returns the beginning of a page, up to its list of items: `{"items":`. `None` if a page is only that list.
pub(super) fn build_page_json_prefix(pagination: &Pagination) -> Option<String> {
    let names: Vec<_> = Some(pagination.items).filter(|path| !path.is_empty())?.split('.').collect();
    Some(format!("{{\"{}\":", names.join("\":{\"")))
}

/// Maximum time that a response may wait to be read: longer, and the server, or the HTTP client, may close the connection.
const MAX_UNREAD_RESPONSE_TIME: Duration = Duration::from_secs(1);

/// A page whose first request was sent early.
pub(crate) struct PrefetchedPage<X: Transport> {
    pub(crate) request: PreparedRequest,
    pub(crate) token: Arc<CachedToken>,
    pub(crate) request_id: Uuid,
    pub(crate) in_flight: InFlightRequest<X>,
}

/// A request that was sent, and its pending response.
pub(crate) struct InFlightRequest<X: Transport> {
    sent_at: Instant,
    /// Maximum time that the response may wait to be read.
    max_unread_time: Duration,
    response: Spawned<X::Mode, Result<Response, TransportError>>,
}

impl<X: Transport> PrefetchedPage<X> {
    /// Returns the page that was `guessed`, if the guess equals `request`; sends `request`, if there was no guess. After a
    /// wrong guess nothing is sent, and no further guess is made.
    pub(super) async fn use_right_guess_or_send_if_none(
        request: PreparedRequest,
        guessed: Option<Self>,
        prefetcher: &Prefetcher<X::Mode>,
        engine: &Arc<Engine<X>>,
        call_context: &UnitOfWorkContext,
    ) -> Option<Self> {
        match guessed {
            Some(guessed) if guessed.request == request => Some(guessed),
            Some(_) => {
                prefetcher.is_peeking.store(false, Ordering::Relaxed);
                None
            }
            None => Self::try_send_early(request, prefetcher, engine, call_context).await,
        }
    }

    /// Sends `request`; `None` if it would have to wait, for a token or the rate limit, or cannot be sent.
    pub(crate) async fn try_send_early(
        request: PreparedRequest,
        prefetcher: &Prefetcher<X::Mode>,
        engine: &Arc<Engine<X>>,
        call_context: &UnitOfWorkContext,
    ) -> Option<Self> {
        let token = engine.token_provider.fresh_token(Instant::now())?;
        let until = engine.call_deadline(call_context);
        let remaining = until.map(|until| until.saturating_duration_since(Instant::now()));
        let request_id = Uuid::new_v4();
        // A request that cannot be built is reported when the page is fetched.
        let mut http_request = engine.build_service_request(&request, &token, Some(request_id), call_context).ok()?;
        let limits = Limits { timeout: engine.attempt_timeout(call_context), body: engine.sender.limits.body };
        http_request.extensions_mut().insert(limits.with_timeout_at_most(remaining));
        if !engine.rate_limiter.ticket(&request.target).try_admit(engine.rate_limiter.now()) {
            return None;
        }
        let sent_at = Instant::now();
        let max_unread_time = Limits::of(&http_request).timeout.min(MAX_UNREAD_RESPONSE_TIME);
        let engine = engine.clone();
        let send = move || {
            X::Mode::block_or_box(async move { X::Mode::into_future(engine.sender.transport.send(http_request)).await })
        };
        let response = X::Mode::into_future(spawn::<X::Mode, _>(&prefetcher.worker, send)).await?;
        Some(Self { request, token, request_id, in_flight: InFlightRequest { sent_at, max_unread_time, response } })
    }
}

impl<X: Transport> InFlightRequest<X> {
    /// Waits for the response, and returns it with the time when the request was sent.
    ///
    /// Returns `None` if there is only an error and the response was left unread for too long: then the error is of this
    /// program's making, and the request is sent once more.
    pub(crate) async fn wait_for_response(self) -> Option<(Instant, Result<Response, TransportError>)> {
        let is_late = self.sent_at.elapsed() >= self.max_unread_time;
        let lost = || Err(TransportError::new("the thread that sent the request ended without a response"));
        let response = X::Mode::into_future(join::<X::Mode, _>(self.response, lost)).await;
        (!is_late || response.is_ok()).then_some((self.sent_at, response))
    }
}
