use crate::{
    Async, Blocking, CallOutput, Error, ErrorKind, Mode, Output, Transport,
    base_url::BaseUrl,
    body::{Answer, Malformed},
    call::{Call, Listing},
    engine::{CallContext, CallInput, CallOutcome, Engine, HeadStart, Lookahead},
    error::{self, BoxError},
};
#[cfg(feature = "stream")]
use futures_core::Stream;
use http::StatusCode;
use partner_center_models::{ErrorCode, Operation, Paginated};
#[cfg(feature = "stream")]
use std::pin::Pin;
use std::{
    collections::HashSet,
    fmt,
    future::{Future, poll_fn},
    hash::{BuildHasher, RandomState},
    sync::Arc,
    task::{Context, Poll, ready},
    vec,
};

/// So many pages without an item, one after another, are taken for a list that never ends.
const MOST_EMPTY_PAGES: u32 = 100;

/// The pages of a [`Paginated`] operation: an `Iterator` over a blocking transport, a `Stream` over an async one.
///
/// Made by [`Client::pages`](crate::Client::pages). It ends after the last page or the first error; there is no way in which a
/// part of the list passes for the whole. (But [`Iterator::count`] counts an error as a page.)
///
/// A page says how the list goes on, so that another run of a program can begin where this one ended:
///
/// ```
/// use partner_center_core::{Blocking, Client, ContinuationToken, Customer};
/// use partner_center_core::{ListCustomers, Paginated, Transport};
/// use std::error::Error;
///
/// /// Hands over one page after the other, each with where to go on after it.
/// fn copy(
///     client: &Client<impl Transport<Mode = Blocking>>,
///     begun: Option<ContinuationToken>,
///     mut keep: impl FnMut(Vec<Customer>, Option<ContinuationToken>),
/// ) -> Result<(), Box<dyn Error>> {
///     let operation = begun.map_or_else(ListCustomers::new, ListCustomers::resume);
///     for page in client.pages(operation) {
///         let page = page?;
///         let next = ListCustomers::continuation(&page)?;
///         keep(page.items, next);
///     }
///     Ok(())
/// }
/// ```
#[must_use = "pages are fetched only when asked for"]
pub struct Pages<X: Transport, O: Paginated> {
    engine: Arc<Engine<X>>,
    scope: CallContext,
    cursor: Option<Result<Cursor, Error>>,
    /// How the page after the one at hand is asked for early, if it is.
    lookahead: Option<Arc<Lookahead<X::Mode>>>,
    /// The page at the cursor, if it was asked for early.
    head_start: Option<HeadStart<X>>,
    /// The page under way, in async mode; kept here so that a poll that is dropped loses nothing.
    fetching: Option<Output<'static, X, Fetched<X, O>>>,
}

/// What came of asking for a page.
type Fetched<X, O> = Result<Arrived<X, <O as Operation>::Response>, Error>;

/// A page that has come.
struct Arrived<X: Transport, T> {
    performed: CallOutcome<X, T>,
    /// Whether a request that was none of the next call has been sent with its token.
    is_next_doubtful: bool,
}

/// Where a listing stands: before the page that `call` asks for.
struct Cursor {
    listing: Arc<Listing>,
    call: Call,
    /// The number of that page, counted from 1.
    page: u64,
    /// Whether its token was sent before, to where a wrong guess led, and is perhaps used up.
    is_doubtful: bool,
    /// The calls and the pages so far, as hashes: a few bytes a page, whatever the length of the list.
    seen: HashSet<u64>,
    hasher: RandomState,
    empty_pages: u32,
}

impl<X: Transport, O: Paginated> Pages<X, O> {
    pub(crate) fn new(engine: Arc<Engine<X>>, scope: CallContext, listing: Result<Listing, BoxError>) -> Self {
        let cursor = listing
            .and_then(|listing| Cursor::new(listing, &engine.base_url))
            .map_err(|error| Error::new(ErrorKind::Request, O::ID, error));
        Self { engine, scope, cursor: Some(cursor), lookahead: None, head_start: None, fetching: None }
    }

    /// Asks for the next page as soon as a page has arrived, before that is read and handed over: the service is at work
    /// while the program is.
    ///
    /// One page ahead, never more; what comes, and in which order, stays the same. Stopping early costs the one request
    /// that was under way. A list then takes up to half the time, if the program spends as much on a page as the service
    /// does. A page that waits is held in memory.
    ///
    /// Over a blocking transport the requests are sent by another thread. Over an async one the request is sent, over the
    /// connection that is there, and the answer is waiting when it is asked for, as far as buffers go; a new connection, or a
    /// place in the row of [`requests_per_minute`](crate::ClientBuilder::requests_per_minute), is not waited for ahead of time. A
    /// program that leaves a page alone for longer than a second may have its request sent once more.
    pub fn prefetch(mut self) -> Self {
        if let Some(Ok(cursor)) = &self.cursor {
            self.lookahead = Some(Arc::new(Lookahead::new::<O>(cursor.listing.clone())));
        }
        self
    }

    /// The next page, in whichever mode the transport has; `None` after the last. For code that is to work in both.
    pub fn next_page(&mut self) -> Output<'_, X, Option<Result<O::Response, Error>>> {
        X::Mode::block_or_box(async move {
            let fetched = X::Mode::into_future(self.fetch()?).await;
            self.advance(fetched)
        })
    }

    /// Asks for the page at the cursor; `None` when the list is over.
    fn fetch(&mut self) -> Option<Output<'static, X, Fetched<X, O>>> {
        // Were an abandoned request to come to an end now, its page would be taken for the next one.
        self.fetching = None;
        if let Some(Err(error)) = self.cursor.take_if(|cursor| cursor.is_err()) {
            return Some(X::Mode::ready(Err(error)));
        }
        let cursor = self.cursor.as_ref()?.as_ref().ok()?;
        let (engine, scope) = (self.engine.clone(), self.scope);
        let (call, page) = (cursor.call.clone(), cursor.page);
        let head_start = self.head_start.take();
        let lookahead = self.lookahead.clone();
        Some(X::Mode::block_or_box(async move {
            let task =
                CallInput { call: &call, page: Some(page), prefetched: head_start, prefetcher: lookahead.as_deref() };
            let mut performed = engine.perform(task, scope).await?;
            let mut is_next_doubtful = false;
            if let Some(lookahead) = &lookahead {
                let next = match &performed.answer {
                    Answer::Value(page) => lookahead.after::<O>(page, &engine.base_url),
                    Answer::Empty(_) => None,
                };
                let guessed = performed.next.take();
                is_next_doubtful = guessed.as_ref().is_some_and(|guessed| Some(&guessed.call) != next.as_ref());
                // The way that we came leads nowhere.
                if let Some(next) = next.filter(|next| *next != call) {
                    performed.next = HeadStart::of(next, guessed, lookahead, &engine, scope).await;
                }
            }
            Ok(Arrived { performed, is_next_doubtful })
        }))
    }

    /// Takes what came of the page at the cursor, and moves the cursor on. Everything paging means is in here.
    fn advance(&mut self, fetched: Fetched<X, O>) -> Option<Result<O::Response, Error>> {
        let Some(Ok(mut cursor)) = self.cursor.take() else {
            // The listing stood at an error, and that is what was fetched.
            return fetched.err().map(Err);
        };
        let Arrived { performed: CallOutcome { answer, context, next }, is_next_doubtful } = match fetched {
            Ok(arrived) => arrived,
            // On a second attempt it could as well mean that the first one has used the token up.
            Err(error)
                if cursor.was_led_here() && error.attempts() == 1 && !cursor.is_doubtful && is_end_of_list(&error) =>
            {
                return None;
            }
            Err(error) => return Some(Err(error)),
        };
        let page = match answer {
            Answer::Value(page) => page,
            Answer::Empty(_) if cursor.was_led_here() => return None,
            Answer::Empty(StatusCode::NO_CONTENT) if !cursor.listing.is_resumed() => return None,
            Answer::Empty(_) => {
                return Some(Err(Error::new(ErrorKind::Decode, O::ID, Malformed::Empty).within(context)));
            }
        };
        match cursor.follow::<O>(&page, &self.engine.base_url) {
            Ok(true) => {
                self.head_start = next.filter(|next| next.call == cursor.call);
                cursor.is_doubtful = is_next_doubtful;
                self.cursor = Some(Ok(cursor));
            }
            Ok(false) => {}
            // The page itself is good; what lies behind it cannot be had.
            Err(error) => {
                // Nothing was sent for it: the ids are those of the page that led nowhere.
                let context = error::Context { page: Some(cursor.page + 1), attempts: 0, ..context };
                self.cursor = Some(Err(Error::new(ErrorKind::Paging, O::ID, error).within(context)));
            }
        }
        Some(Ok(page))
    }
}

impl Cursor {
    fn new(listing: Listing, base_url: &BaseUrl) -> Result<Self, BoxError> {
        let mut cursor = Self {
            call: listing.first(base_url)?,
            listing: Arc::new(listing),
            page: 1,
            is_doubtful: false,
            seen: HashSet::new(),
            hasher: RandomState::new(),
            empty_pages: 0,
        };
        cursor.seen.insert(cursor.fingerprint(&cursor.call));
        Ok(cursor)
    }

    /// Whether the page before led here, so that the service may say here that there was no more. Of a continuation that
    /// was saved for later that could as well mean that it is no longer honoured.
    fn was_led_here(&self) -> bool {
        self.page > 1
    }

    /// Moves on to the page after `page`; false if that was the last.
    fn follow<O: Paginated>(&mut self, page: &O::Response, base_url: &BaseUrl) -> Result<bool, BoxError> {
        let mark = O::mark(page);
        // The same customers under another token: a token that is lost on its way, say.
        if mark.as_ref().is_some_and(|mark| !self.seen.insert(self.hasher.hash_one(mark))) {
            return Err("the service sends a page that it has sent before".into());
        }
        let Some(continuation) = O::continuation(page)? else {
            return Ok(false);
        };
        let call = self.listing.follow(&continuation, base_url)?;
        let is_empty = mark.is_none();
        if is_empty && self.was_led_here() && self.fingerprint(&call) == self.fingerprint(&self.call) {
            // Nothing came, and the way on is the way we came: the end, said clumsily.
            return Ok(false);
        }
        if !self.seen.insert(self.fingerprint(&call)) {
            return Err("the service sends the listing back to a page it has been on".into());
        }
        self.empty_pages = if is_empty { self.empty_pages + 1 } else { 0 };
        if self.empty_pages == MOST_EMPTY_PAGES {
            return Err(format!("{MOST_EMPTY_PAGES} pages in a row hold nothing, and still the list goes on").into());
        }
        self.call = call;
        self.page += 1;
        Ok(true)
    }

    /// The place in the list that a call leads to: where there is a token, the token says it.
    fn fingerprint(&self, call: &Call) -> u64 {
        if let Some(token) = self.listing.token(call) {
            return self.hasher.hash_one(token.as_bytes());
        }
        let headers: Vec<_> = call.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        self.hasher.hash_one((&call.target, headers))
    }
}

/// A page without items, and without a next page.
pub(crate) fn empty_page<O: Paginated>() -> Result<O::Response, Error> {
    let page = format!("{{\"{}\":[]}}", O::ITEMS);
    serde_json::from_str(&page).map_err(|_| Error::new(ErrorKind::Decode, O::ID, Malformed::Empty))
}

/// What the service answers to a token that leads nowhere: the list was over with the page before.
fn is_end_of_list(error: &Error) -> bool {
    error.service_error().is_some_and(|api| {
        api.status == StatusCode::BAD_REQUEST && api.code.as_ref().and_then(ErrorCode::number) == Some(2000)
    })
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
    /// The next page; `None` after the last. The same as `StreamExt::next`, without the import.
    ///
    /// Dropping the future and asking again loses nothing.
    #[expect(clippy::should_implement_trait, reason = "the async counterpart of Iterator::next, which streams lack")]
    pub fn next(&mut self) -> impl Future<Output = Option<Result<O::Response, Error>>> + Send {
        poll_fn(|context| self.poll_page(context))
    }

    fn poll_page(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<O::Response, Error>>> {
        let mut fetching = match self.fetching.take() {
            Some(fetching) => fetching,
            None => match self.fetch() {
                Some(fetching) => fetching,
                None => return Poll::Ready(None),
            },
        };
        match fetching.as_mut().poll(context) {
            Poll::Ready(fetched) => Poll::Ready(self.advance(fetched)),
            Poll::Pending => {
                self.fetching = Some(fetching);
                Poll::Pending
            }
        }
    }
}

/// The items of all [`Pages`], one by one: an `Iterator` over a blocking transport, a `Stream` over an async one.
///
/// Made by [`Client::items`](crate::Client::items). It ends after the last item or the first error. Memory is that of one page,
/// of two with [`prefetch`](Self::prefetch).
///
/// [`count`](Self::count) and [`try_collect`](Self::try_collect) read all of them, or say why that cannot be. Beware of adapters
/// that make an error look like the end: `flatten()` and `filter_map(Result::ok)` drop it.
///
/// ```
/// use partner_center_core::{Async, Client, Error, ListCustomers, Transport};
///
/// async fn print_names(client: &Client<impl Transport<Mode = Async>>) -> Result<(), Error> {
///     let mut customers = client.items(ListCustomers::new()).prefetch();
///     while let Some(customer) = customers.next().await {
///         println!("{}", customer?.company_name().unwrap_or_default());
///     }
///     Ok(())
/// }
/// ```
#[must_use = "items are fetched only when asked for"]
pub struct Items<X: Transport, O: Paginated> {
    pages: Pages<X, O>,
    items: vec::IntoIter<O::Item>,
}

impl<X: Transport, O: Paginated> Items<X, O> {
    pub(crate) fn new(pages: Pages<X, O>) -> Self {
        Self { pages, items: Vec::new().into_iter() }
    }

    /// Asks for the next page while the items of one are consumed; see [`Pages::prefetch`].
    pub fn prefetch(mut self) -> Self {
        self.pages = self.pages.prefetch();
        self
    }

    /// Counts the items that are left, of this page and of all further ones: a `Result` if `X` blocks, a future of one if it
    /// does not.
    ///
    /// It takes the place of [`Iterator::count`], and of that of streams, which would count an error as an item: with a wrong
    /// token, a list of thousands would have one.
    ///
    /// ```
    /// use partner_center_core::{Blocking, Client, CustomerFilter, Error, ListCustomers, Transport};
    ///
    /// fn is_popular(client: &Client<impl Transport<Mode = Blocking>>) -> Result<bool, Error> {
    ///     let named = ListCustomers::new().filter(CustomerFilter::company_name("Contoso"));
    ///     Ok(client.items(named).count()? > 10)
    /// }
    /// ```
    ///
    /// There is no number that could be mistaken for the right one:
    ///
    /// ```compile_fail,E0308
    /// # use partner_center_core::{Blocking, Client, ListCustomers, Transport};
    /// fn blocking(client: &Client<impl Transport<Mode = Blocking>>) -> usize {
    ///     client.items(ListCustomers::new()).count()
    /// }
    /// ```
    pub fn count(self) -> CallOutput<X, usize>
    where
        O: 'static,
    {
        self.fold(0, |count, items| *count += items.len())
    }

    /// Collects the items that are left into a `Vec`, or any other collection: a `Result` if `X` blocks, a future of one if it
    /// does not. After an error there is no collection; a loop has what came before it.
    ///
    /// ```
    /// use partner_center_core::{Async, Client, Customer, Error, ListCustomers, Transport};
    ///
    /// async fn all(client: &Client<impl Transport<Mode = Async>>) -> Result<Vec<Customer>, Error> {
    ///     client.items(ListCustomers::new()).try_collect().await
    /// }
    /// ```
    pub fn try_collect<C: Default + Extend<O::Item> + Send + 'static>(self) -> CallOutput<X, C>
    where
        O: 'static,
    {
        self.fold(C::default(), Extend::extend)
    }

    /// Adds what is left to `value`, page by page.
    fn fold<T: Send + 'static>(self, mut value: T, add: fn(&mut T, vec::IntoIter<O::Item>)) -> CallOutput<X, T>
    where
        O: 'static,
    {
        let Self { mut pages, items } = self;
        X::Mode::block_or_box(async move {
            add(&mut value, items);
            while let Some(page) = X::Mode::into_future(pages.next_page()).await {
                add(&mut value, O::items(page?).into_iter());
            }
            Ok(value)
        })
    }
}

impl<X: Transport<Mode = Blocking>, O: Paginated> Iterator for Items<X, O> {
    type Item = Result<O::Item, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.items.next() {
                return Some(Ok(item));
            }
            match self.pages.next()? {
                Ok(page) => self.items = O::items(page).into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

#[cfg(feature = "stream")]
impl<X: Transport<Mode = Async>, O: Paginated> Stream for Items<X, O> {
    type Item = Result<O::Item, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_item(context)
    }
}

impl<X: Transport<Mode = Async>, O: Paginated> Items<X, O> {
    /// The next item; `None` after the last. The same as `StreamExt::next`, without the import.
    ///
    /// Dropping the future and asking again loses nothing.
    #[expect(clippy::should_implement_trait, reason = "the async counterpart of Iterator::next, which streams lack")]
    pub fn next(&mut self) -> impl Future<Output = Option<Result<O::Item, Error>>> + Send {
        poll_fn(|context| self.poll_item(context))
    }

    fn poll_item(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<O::Item, Error>>> {
        loop {
            if let Some(item) = self.items.next() {
                return Poll::Ready(Some(Ok(item)));
            }
            match ready!(self.pages.poll_page(context)) {
                Some(Ok(page)) => self.items = O::items(page).into_iter(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

// Nothing in them is ever pinned: the page under way is boxed.
impl<X: Transport, O: Paginated> Unpin for Pages<X, O> {}
impl<X: Transport, O: Paginated> Unpin for Items<X, O> {}

impl<X: Transport, O: Paginated> fmt::Debug for Pages<X, O> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let page = self.cursor.as_ref().and_then(|cursor| cursor.as_ref().ok()).map(|cursor| cursor.page);
        formatter.debug_struct("Pages").field("operation", &O::ID).field("page", &page).finish_non_exhaustive()
    }
}

impl<X: Transport, O: Paginated> fmt::Debug for Items<X, O> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Items").field("pages", &self.pages).finish_non_exhaustive()
    }
}
