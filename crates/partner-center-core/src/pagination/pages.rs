//! The pages of a list, as an iterator or a stream.

use super::{
    ListRequest, PagesWithMetadata, PrefetchedPage, Prefetcher, cursor::ListCursor, prefetch::build_page_json_prefix,
};
use crate::{
    Async, Blocking, CallMetadata, Error, ErrorKind, Mode, Output, Response, Transport,
    body::{BodyReader, DecodeError, DecodedOrEmpty},
    engine::{CallInput, CallOutcome, Engine, PageInput, UnitOfWorkContext},
    error::BoxError,
};
#[cfg(feature = "stream")]
use futures_core::Stream;
use partner_center_models::{Operation, Paginated};
#[cfg(feature = "stream")]
use std::pin::Pin;
use std::{
    fmt,
    future::{Future, poll_fn},
    sync::Arc,
    task::{Context, Poll},
};

/// The pages of a [`Paginated`] operation: an `Iterator` over a blocking transport, a `Stream` over an async one.
///
/// Returned by [`Client::pages`](crate::Client::pages). It ends after the last page or the first error, so that an incomplete
/// list never passes for a complete one. (Beware of [`Iterator::count`], which counts an error as a page.)
///
/// Each page has the continuation of the list, so that another run of a program can resume where this one stopped:
///
/// ```
/// use partner_center_core::{Blocking, Client, ContinuationToken, Customer};
/// use partner_center_core::{ListCustomers, Paginated, Transport};
/// use std::error::Error;
///
/// /// Stores one page after the other, each with the continuation behind it.
/// fn copy(
///     client: &Client<impl Transport<Mode = Blocking>>,
///     resume: Option<ContinuationToken>,
///     mut store: impl FnMut(Vec<Customer>, Option<ContinuationToken>),
/// ) -> Result<(), Box<dyn Error>> {
///     let operation = resume.map_or_else(ListCustomers::new, ListCustomers::resume);
///     for page in client.pages(operation) {
///         let page = page?;
///         let continuation = ListCustomers::continuation(&page)?;
///         store(page.items, continuation);
///     }
///     Ok(())
/// }
/// # use partner_center_core::{Credential, Request, Response, TransportError};
/// # struct TwoPages;
/// # impl Transport for TwoPages {
/// #     type Mode = Blocking;
/// #     fn send(&self, request: Request) -> Result<Response, TransportError> {
/// #         let is_second = request.uri().path().ends_with("/next");
/// #         let links = if is_second { "{}" } else { r#"{"next": {"uri": "/customers/next", "method": "GET"}}"# };
/// #         let id = if is_second { 2 } else { 1 };
/// #         let customer = format!(r#"{{"id": "00000000-0000-0000-0000-00000000000{id}"}}"#);
/// #         Ok(Response::new(format!(r#"{{"items": [{customer}], "links": {links}}}"#).into()))
/// #     }
/// #     fn sleep(&self, _: std::time::Duration) {}
/// # }
/// # let client = Client::builder(TwoPages, Credential::token("secret")).build()?;
/// # let mut stored = Vec::new();
/// # copy(&client, None, |customers, continuation| stored.push((customers, continuation)))?;
/// # assert!(stored.len() == 2 && stored[0].1.is_some() && stored[1].1.is_none());
/// # copy(&client, stored.remove(0).1, |customers, _| assert_eq!(customers, stored[0].0))?;
/// # Ok::<(), Box<dyn Error>>(())
/// ```
#[must_use = "pages are fetched only when requested"]
pub struct Pages<X: Transport, O: Paginated> {
    operation: &'static str,
    engine: Arc<Engine<X>>,
    call_context: UnitOfWorkContext,
    /// The position in the list; `None` after its end.
    cursor: Option<Result<ListCursor, Error>>,
    /// Sends the request for the next page early, if prefetching is on.
    prefetcher: Option<Arc<Prefetcher<X::Mode>>>,
    /// The page at the cursor, if it was requested early.
    prefetched_page: Option<PrefetchedPage<X>>,
    /// Whether the metadata of a page is kept, with the headers of its response.
    keeps_metadata: bool,
    /// The metadata of the last page, if it is kept.
    metadata: CallMetadata,
    /// The page being fetched, in async mode; kept here so that dropping a future of [`next`](Self::next) loses nothing.
    fetching: Option<Output<'static, X, FetchResult<X, O>>>,
}

type FetchResult<X, O> = Result<FetchedPage<X, <O as Operation>::Response>, Error>;

struct FetchedPage<X: Transport, T> {
    performed: CallOutcome<X, T>,
    /// See [`ListCursor::token_may_be_consumed`], for the next page.
    next_token_may_be_consumed: bool,
}

impl<X: Transport, O: Paginated> Pages<X, O> {
    pub(crate) fn new(
        engine: Arc<Engine<X>>,
        call_context: UnitOfWorkContext,
        operation: &'static str,
        list_request: Result<ListRequest, BoxError>,
    ) -> Self {
        let cursor = list_request
            .and_then(|list_request| ListCursor::new(list_request, &engine.base_url))
            .map_err(|error| Error::new(ErrorKind::Request, operation, error));
        Self {
            operation,
            engine,
            call_context,
            cursor: Some(cursor),
            prefetcher: None,
            prefetched_page: None,
            keeps_metadata: false,
            metadata: CallMetadata::default(),
            fetching: None,
        }
    }

    /// Requests the next page as soon as a page has arrived, before that is parsed and returned, so that the service and the
    /// program work at the same time. Default: off.
    ///
    /// At most one page is prefetched; the pages and their order stay the same. A list then takes up to half the time, if the
    /// program spends as much time on a page as the service does. Its costs: a prefetched page is held in memory, and a
    /// program that stops early has sent one request too many.
    ///
    /// Over a blocking transport the requests are sent by another thread. Over an async one the request is written to an open
    /// connection, and the response is buffered there until it is awaited; neither a new connection nor a free slot of
    /// [`requests_per_minute`](crate::ClientBuilder::requests_per_minute) is waited for. If a program takes longer than a
    /// second for a page, the request for the next one may be sent a second time.
    pub fn prefetch(mut self) -> Self {
        if let Some(Ok(cursor)) = &self.cursor {
            self.prefetcher = Some(Arc::new(Prefetcher::new(cursor.list_request.clone())));
        }
        self
    }

    /// Returns the pages with the [`CallMetadata`] of each: its status, its headers, and the ids.
    pub fn with_metadata(mut self) -> PagesWithMetadata<X, O> {
        self.keeps_metadata = true;
        PagesWithMetadata::new(self)
    }

    /// Returns the metadata of the page that was fetched last.
    pub(super) fn take_metadata(&mut self) -> CallMetadata {
        std::mem::take(&mut self.metadata)
    }

    /// Fetches the next page; `None` after the last. For code that works in both modes.
    ///
    /// ```text
    /// blocking: Option<Result<O::Response, Error>>
    /// async:    Pin<Box<dyn Future<Output = Option<Result<O::Response, Error>>> + Send + '_>>
    /// ```
    pub fn next_page(&mut self) -> Output<'_, X, Option<Result<O::Response, Error>>> {
        X::Mode::block_or_box(async move {
            let fetched = X::Mode::into_future(self.fetch_next_page()?).await;
            self.advance_to_fetched_page(fetched)
        })
    }

    /// Fetches the page at the cursor; `None` when the list has ended.
    fn fetch_next_page(&mut self) -> Option<Output<'static, X, FetchResult<X, O>>> {
        // If an abandoned fetch were resumed now, its page would be taken for the next one.
        self.fetching = None;
        if let Some(Err(error)) = self.cursor.take_if(|cursor| cursor.is_err()) {
            return Some(X::Mode::ready(Err(error)));
        }
        let cursor = self.cursor.as_ref()?.as_ref().ok()?;
        let (engine, call_context) = (self.engine.clone(), self.call_context.clone());
        let (request, page) = (cursor.request.clone(), cursor.page);
        let list_request = cursor.list_request.clone();
        let prefetched_page = self.prefetched_page.take();
        let (prefetcher, keeps_metadata) = (self.prefetcher.clone(), self.keeps_metadata);
        Some(X::Mode::block_or_box(async move {
            let task = CallInput {
                call: &request,
                read: &|response| O::read_page(response, list_request.pagination()),
                page: Some(PageInput {
                    number: page,
                    is_empty: |page| O::fingerprint(page).is_none(),
                    is_last: |page| O::PAGINATION.offset_query.is_none() && matches!(O::continuation(page), Ok(None)),
                }),
                prefetched_page,
                prefetcher: prefetcher.as_deref(),
                keeps_metadata,
            };
            let mut performed = engine.perform_call(task, &call_context).await?;
            let mut next_token_may_be_consumed = false;
            if let Some(prefetcher) = &prefetcher {
                let next = match &performed.body {
                    DecodedOrEmpty::Value(page) => {
                        prefetcher.next_request_from_parsed_page::<O>(page, &engine.base_url)
                    }
                    DecodedOrEmpty::Empty(_) => None,
                };
                let guessed = performed.next.take();
                next_token_may_be_consumed =
                    guessed.as_ref().is_some_and(|guessed| Some(&guessed.request) != next.as_ref());
                // A page that points to itself ends the list, or is an error: there is nothing to prefetch.
                if let Some(next) = next.filter(|next| !next.is_same_page(&request)) {
                    performed.next = PrefetchedPage::use_right_guess_or_send_if_none(
                        next,
                        guessed,
                        prefetcher,
                        &engine,
                        &call_context,
                    )
                    .await;
                }
            }
            Ok(FetchedPage { performed, next_token_may_be_consumed })
        }))
    }

    /// Takes the outcome for the page at the cursor, and advances the cursor.
    fn advance_to_fetched_page(&mut self, fetched: FetchResult<X, O>) -> Option<Result<O::Response, Error>> {
        let Some(Ok(mut cursor)) = self.cursor.take() else {
            // The cursor was an error, which is what was fetched.
            return fetched.err().map(Err);
        };
        let FetchedPage { performed: CallOutcome { body, metadata, next }, next_token_may_be_consumed } = match fetched
        {
            Ok(fetched) => fetched,
            Err(error) if cursor.is_end_by_error(&error) => return None,
            Err(error) => return Some(Err(error)),
        };
        let page = match body {
            DecodedOrEmpty::Value(page) => page,
            DecodedOrEmpty::Empty(status) if cursor.is_end_by_empty_response(status) => return None,
            DecodedOrEmpty::Empty(_) => {
                return Some(Err(
                    Error::new(ErrorKind::Decode, self.operation, DecodeError::Empty).with_metadata(metadata)
                ));
            }
        };
        match cursor.advance_past_page::<O>(&page, &self.engine.base_url) {
            Ok(true) => {
                self.prefetched_page = next.filter(|next| next.request == cursor.request);
                cursor.token_may_be_consumed = next_token_may_be_consumed;
                self.cursor = Some(Ok(cursor));
            }
            Ok(false) => {}
            // The page itself is valid; the error is that of the next one.
            Err(error) => {
                // Nothing was sent for the next page: the ids are those of the page whose link is invalid.
                let metadata = CallMetadata { page: Some(cursor.page + 1), attempts: 0, ..metadata.clone() };
                self.cursor = Some(Err(Error::new(ErrorKind::Paging, self.operation, error).with_metadata(metadata)));
            }
        }
        if self.keeps_metadata {
            self.metadata = metadata;
        }
        Some(Ok(page))
    }
}

/// Returns a page without items and without a next page.
pub(crate) fn empty_page<O: Paginated>() -> Result<O::Response, Error> {
    let page = match build_page_json_prefix(&O::PAGINATION) {
        Some(head) => format!("{head}[]{}", "}".repeat(O::PAGINATION.items.split('.').count())),
        None => "[]".to_owned(),
    };
    let response = Response::new(page.into());
    let mut reader = BodyReader::new(&response, "", &|_| {});
    O::read_page(&mut reader, &O::PAGINATION).map_err(|error| Error::new(ErrorKind::Decode, O::ID, error))
}

impl<X: Transport<Mode = Blocking>, O: Paginated> Iterator for Pages<X, O> {
    type Item = Result<O::Response, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_page()
    }
}

#[cfg(feature = "stream")]
impl<X: Transport<Mode = Async>, O: Paginated> Stream for Pages<X, O> {
    type Item = Result<O::Response, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_page(context)
    }
}

impl<X: Transport<Mode = Async>, O: Paginated> Pages<X, O> {
    /// Fetches the next page; `None` after the last. The same as `StreamExt::next`, without the import.
    ///
    /// Cancel safe: a future that is dropped loses no page.
    #[expect(clippy::should_implement_trait, reason = "the async counterpart of Iterator::next, which streams lack")]
    pub fn next(&mut self) -> impl Future<Output = Option<Result<O::Response, Error>>> + Send {
        poll_fn(|context| self.poll_page(context))
    }

    pub(super) fn poll_page(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<O::Response, Error>>> {
        let mut fetching = match self.fetching.take() {
            Some(fetching) => fetching,
            None => match self.fetch_next_page() {
                Some(fetching) => fetching,
                None => return Poll::Ready(None),
            },
        };
        match fetching.as_mut().poll(context) {
            Poll::Ready(fetched) => Poll::Ready(self.advance_to_fetched_page(fetched)),
            Poll::Pending => {
                self.fetching = Some(fetching);
                Poll::Pending
            }
        }
    }
}

// Nothing in it is ever pinned: the fetch in progress is boxed.
impl<X: Transport, O: Paginated> Unpin for Pages<X, O> {}

impl<X: Transport, O: Paginated> fmt::Debug for Pages<X, O> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let page = self.cursor.as_ref().and_then(|cursor| cursor.as_ref().ok()).map(|cursor| cursor.page);
        formatter.debug_struct("Pages").field("operation", &self.operation).field("page", &page).finish_non_exhaustive()
    }
}
