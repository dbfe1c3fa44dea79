//! The pages of a list with the metadata of each, as an iterator or a stream.

use super::Pages;
use crate::{Async, Blocking, Error, Mode, Output, Transport, WithMetadata};
#[cfg(feature = "stream")]
use futures_core::Stream;
use partner_center_models::Paginated;
#[cfg(feature = "stream")]
use std::pin::Pin;
use std::{
    fmt,
    future::{Future, poll_fn},
    task::{Context, Poll},
};

/// The pages of a list, each with the [`CallMetadata`](crate::CallMetadata) of its call. Returned by [`Pages::with_metadata`]; all
/// else is as in [`Pages`].
///
/// ```
/// use partner_center_core::{Blocking, Client, Error, ListCustomers, Transport};
///
/// /// The request id of each page.
/// fn request_ids(client: &Client<impl Transport<Mode = Blocking>>) -> Result<Vec<uuid::Uuid>, Error> {
///     let pages = client.pages(ListCustomers::new()).with_metadata();
///     pages.map(|page| Ok(page?.metadata.request_id.unwrap_or_default())).collect()
/// }
/// # use partner_center_core::{Credential, Request, Response, TransportError};
/// # struct OnePage;
/// # impl Transport for OnePage {
/// #     type Mode = Blocking;
/// #     fn send(&self, _: Request) -> Result<Response, TransportError> {
/// #         Ok(Response::new(r#"{"items": []}"#.into()))
/// #     }
/// #     fn sleep(&self, _: std::time::Duration) {}
/// # }
/// # let client = Client::builder(OnePage, Credential::token("secret")).build()?;
/// # assert!(matches!(request_ids(&client)?[..], [id] if !id.is_nil()));
/// # Ok::<(), Error>(())
/// ```
#[must_use = "pages are fetched only when requested"]
pub struct PagesWithMetadata<X: Transport, O: Paginated> {
    pages: Pages<X, O>,
}

type Page<O> = Result<WithMetadata<<O as partner_center_models::Operation>::Response>, Error>;

impl<X: Transport, O: Paginated> PagesWithMetadata<X, O> {
    pub(super) fn new(pages: Pages<X, O>) -> Self {
        Self { pages }
    }

    /// Fetches the next page; `None` after the last. For code that works in both modes.
    ///
    /// ```text
    /// blocking: Option<Result<WithMetadata<O::Response>, Error>>
    /// async:    Pin<Box<dyn Future<Output = Option<Result<WithMetadata<O::Response>, Error>>> + Send + '_>>
    /// ```
    pub fn next_page(&mut self) -> Output<'_, X, Option<Page<O>>> {
        X::Mode::block_or_box(async move {
            let page = X::Mode::into_future(self.pages.next_page()).await;
            self.add_metadata(page)
        })
    }

    fn add_metadata(&mut self, page: Option<Result<O::Response, Error>>) -> Option<Page<O>> {
        page.map(|page| page.map(|value| WithMetadata { value, metadata: self.pages.take_metadata() }))
    }
}

impl<X: Transport<Mode = Blocking>, O: Paginated> Iterator for PagesWithMetadata<X, O> {
    type Item = Page<O>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_page()
    }
}

#[cfg(feature = "stream")]
impl<X: Transport<Mode = Async>, O: Paginated> Stream for PagesWithMetadata<X, O> {
    type Item = Page<O>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_page(context)
    }
}

impl<X: Transport<Mode = Async>, O: Paginated> PagesWithMetadata<X, O> {
    /// Fetches the next page; `None` after the last. The same as `StreamExt::next`, without the import.
    ///
    /// Cancel safe: a future that is dropped loses no page.
    #[expect(clippy::should_implement_trait, reason = "the async counterpart of Iterator::next, which streams lack")]
    pub fn next(&mut self) -> impl Future<Output = Option<Page<O>>> + Send {
        poll_fn(|context| self.poll_page(context))
    }

    fn poll_page(&mut self, context: &mut Context<'_>) -> Poll<Option<Page<O>>> {
        self.pages.poll_page(context).map(|page| self.add_metadata(page))
    }
}

// Nothing in it is ever pinned.
impl<X: Transport, O: Paginated> Unpin for PagesWithMetadata<X, O> {}

impl<X: Transport, O: Paginated> fmt::Debug for PagesWithMetadata<X, O> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("PagesWithMetadata").field(&self.pages).finish()
    }
}
