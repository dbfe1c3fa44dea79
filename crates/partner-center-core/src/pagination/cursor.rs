//! The position in a list, and the decision on its next page.
//!
//! A list either ends or fails; it never loops and is never silently truncated. So the cursor remembers a hash of each
//! request and of each page's items: a page or a link that comes a second time is an error, and so is a long run of empty
//! pages. Only three things end a list: a page without a continuation, an empty page whose link points to itself, and, for a
//! page that an earlier page pointed to, an empty response or the error that the service returns for a token behind the last
//! page.

use super::ListRequest;
use crate::{Error, base_url::BaseUrl, error::BoxError, request::PreparedRequest};
use http::StatusCode;
use partner_center_models::{ErrorCode, Paginated};
use std::{
    collections::HashSet,
    hash::{BuildHasher, RandomState},
    sync::Arc,
};

/// Maximum number of pages without an item in a row; more are taken for a list that never ends.
const MAX_EMPTY_PAGES: u32 = 100;

/// The position in a list: before the page that `request` fetches.
pub(crate) struct ListCursor {
    pub(super) list_request: Arc<ListRequest>,
    /// The request for the page at the cursor.
    pub(super) request: PreparedRequest,
    /// The number of that page, counted from 1.
    pub(super) page: u64,
    /// Whether the token of the request was sent before, to a wrongly guessed address, so that the service may have
    /// consumed it.
    pub(super) token_may_be_consumed: bool,
    /// Hashes of the requests and pages so far: a few bytes a page, whatever the length of the list.
    seen: HashSet<u64>,
    hasher: RandomState,
    empty_pages: u32,
}

impl ListCursor {
    pub(super) fn new(list_request: ListRequest, base_url: &BaseUrl) -> Result<Self, BoxError> {
        let mut cursor = Self {
            request: list_request.first_page_request(base_url)?,
            list_request: Arc::new(list_request),
            page: 1,
            token_may_be_consumed: false,
            seen: HashSet::new(),
            hasher: RandomState::new(),
            empty_pages: 0,
        };
        cursor.seen.insert(cursor.position_fingerprint(&cursor.request));
        Ok(cursor)
    }

    /// Moves on to the page after `page`; returns false if `page` was the last.
    pub(super) fn advance_past_page<O: Paginated>(
        &mut self,
        page: &O::Response,
        base_url: &BaseUrl,
    ) -> Result<bool, BoxError> {
        let fingerprint = O::fingerprint(page);
        // The same items under another token happen, for example, when a token is lost on its way.
        if fingerprint.as_ref().is_some_and(|fingerprint| !self.seen.insert(self.hasher.hash_one(fingerprint))) {
            return Err("the service sent a page that it had sent before".into());
        }
        let Some(continuation) = O::continuation(page)? else {
            return Ok(false);
        };
        let request = self.list_request.next_page_request(&continuation, base_url)?;
        let is_empty = fingerprint.is_none();
        if is_empty
            && self.has_previous_page()
            && self.position_fingerprint(&request) == self.position_fingerprint(&self.request)
        {
            // An empty page that points to itself is a clumsy way to end the list.
            return Ok(false);
        }
        if !self.seen.insert(self.position_fingerprint(&request)) {
            return Err("the service links back to a page that was already listed".into());
        }
        self.empty_pages = if is_empty { self.empty_pages + 1 } else { 0 };
        if self.empty_pages == MAX_EMPTY_PAGES {
            return Err(format!("{MAX_EMPTY_PAGES} pages in a row are empty, and still the list continues").into());
        }
        self.request = request;
        self.page += 1;
        Ok(true)
    }

    /// Whether an empty response with `status`, at the cursor, means that the list has ended.
    pub(super) fn is_end_by_empty_response(&self, status: StatusCode) -> bool {
        self.has_previous_page() || (status == StatusCode::NO_CONTENT && !self.list_request.is_resumed())
    }

    /// Whether `error`, at the cursor, is how the service says that the list ended with the page before: 400 with code 2000.
    ///
    /// After a retry, or if the token was sent before, the error may as well mean that the token is consumed.
    pub(super) fn is_end_by_error(&self, error: &Error) -> bool {
        let is_invalid_token = error.service_error().is_some_and(|error| {
            error.status == StatusCode::BAD_REQUEST && error.code.as_ref().and_then(ErrorCode::number) == Some(2000)
        });
        is_invalid_token && self.has_previous_page() && error.attempts() == 1 && !self.token_may_be_consumed
    }

    /// Whether a page of this run pointed here, so that the service may say here that there was no further page. For a
    /// continuation from an earlier run, the same response could mean that it has expired.
    fn has_previous_page(&self) -> bool {
        self.page > 1
    }

    /// Returns a hash of the position in the list that `request` fetches: of the token, if there is one.
    fn position_fingerprint(&self, request: &PreparedRequest) -> u64 {
        if let Some(token) = self.list_request.continuation_token_of_request(request) {
            return self.hasher.hash_one(token.as_bytes());
        }
        let headers: Vec<_> = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        self.hasher.hash_one((&request.method, request.comparable_target(), headers))
    }
}
