//! The items of a list, one by one.

use super::Pages;
use crate::{Async, Blocking, CallOutput, Error, Mode, Transport};
#[cfg(feature = "stream")]
use futures_core::Stream;
use partner_center_models::Paginated;
#[cfg(feature = "stream")]
use std::pin::Pin;
use std::{
    fmt,
    future::{Future, poll_fn},
    task::{Context, Poll, ready},
    vec,
};

/// The items of all [`Pages`], one by one: an `Iterator` over a blocking transport, a `Stream` over an async one.
///
/// Returned by [`Client::items`](crate::Client::items). It ends after the last item or the first error. Memory is bounded by
/// one page; by two with [`prefetch`](Self::prefetch).
///
/// [`count`](Self::count) and [`try_collect`](Self::try_collect) return all of them or an error. Beware of adapters that make
/// an error look like the end of the list: `flatten()` and `filter_map(Result::ok)` drop it.
///
/// Over a blocking transport:
///
/// ```
/// use partner_center_core::{Blocking, Client, Error, ListCustomers, Transport};
///
/// fn print_names(client: &Client<impl Transport<Mode = Blocking>>) -> Result<(), Error> {
///     for customer in client.items(ListCustomers::new()) {
///         println!("{}", customer?.company_name().unwrap_or_default());
///     }
///     Ok(())
/// }
/// # use partner_center_core::{Credential, Request, Response, TransportError};
/// # struct OneCustomer;
/// # impl Transport for OneCustomer {
/// #     type Mode = Blocking;
/// #     fn send(&self, _: Request) -> Result<Response, TransportError> {
/// #         Ok(Response::new(r#"{"items": [{"companyProfile": {"companyName": "Contoso"}}]}"#.into()))
/// #     }
/// #     fn sleep(&self, _: std::time::Duration) {}
/// # }
/// # let client = Client::builder(OneCustomer, Credential::token("secret")).build()?;
/// # print_names(&client)?;
/// # assert_eq!(client.items(ListCustomers::new()).count()?, 1);
/// # Ok::<(), Error>(())
/// ```
///
/// Over an async one:
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
#[must_use = "items are fetched only when requested"]
pub struct Items<X: Transport, O: Paginated> {
    pages: Pages<X, O>,
    items: vec::IntoIter<O::Item>,
}

impl<X: Transport, O: Paginated> Items<X, O> {
    pub(crate) fn new(pages: Pages<X, O>) -> Self {
        Self { pages, items: Vec::new().into_iter() }
    }

    /// Requests the next page while the items of the current one are consumed; see [`Pages::prefetch`].
    pub fn prefetch(mut self) -> Self {
        self.pages = self.pages.prefetch();
        self
    }

    /// Counts the remaining items, of this page and of all further ones.
    ///
    /// ```text
    /// blocking: Result<usize, Error>
    /// async:    Pin<Box<dyn Future<Output = Result<usize, Error>> + Send>>
    /// ```
    ///
    /// It replaces [`Iterator::count`], and that of streams, which would count an error as an item: with an invalid token, a
    /// list of thousands would have one.
    ///
    /// ```
    /// use partner_center_core::{Blocking, Client, CustomerFilter, Error, ListCustomers, Transport};
    ///
    /// fn has_many(client: &Client<impl Transport<Mode = Blocking>>) -> Result<bool, Error> {
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
        self.fold_items(0, |count, items| *count += items.len())
    }

    /// Collects the remaining items into a `Vec`, or any other collection. On an error there is no collection; use a loop to
    /// keep the items before it.
    ///
    /// ```text
    /// blocking: Result<C, Error>
    /// async:    Pin<Box<dyn Future<Output = Result<C, Error>> + Send>>
    /// ```
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
        self.fold_items(C::default(), Extend::extend)
    }

    /// Adds the remaining items to `value`, page by page.
    fn fold_items<T: Send + 'static>(self, mut value: T, add: fn(&mut T, vec::IntoIter<O::Item>)) -> CallOutput<X, T>
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
    /// Returns the next item; `None` after the last. The same as `StreamExt::next`, without the import.
    ///
    /// Cancel safe: a future that is dropped loses no item.
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

// Nothing in it is ever pinned; see `Pages`.
impl<X: Transport, O: Paginated> Unpin for Items<X, O> {}

impl<X: Transport, O: Paginated> fmt::Debug for Items<X, O> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Items").field("pages", &self.pages).finish_non_exhaustive()
    }
}
