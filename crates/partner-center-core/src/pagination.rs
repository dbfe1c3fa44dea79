//! Lists: from an operation to its pages, one after the other.
//!
//! [`Pages`] fetches a page through the engine and hands it to the [`ListCursor`], which decides on the next page: it reads the
//! page's continuation, detects loops and the end of the list, and has [`ListRequest`] build the next request. [`Items`]
//! yields the items of the pages. With prefetching, a [`Prefetcher`] sends the next request before the page is parsed.
//! [`UndeclaredNextPage`] guards operations that are *not* paginated: their response must not be one page of a list.

mod cursor;
mod items;
mod list_request;
mod pages;
mod pages_with_metadata;
mod prefetch;
mod undeclared_next_page;

pub use items::Items;
pub(crate) use list_request::ListRequest;
pub use pages::Pages;
pub(crate) use pages::empty_page;
pub use pages_with_metadata::PagesWithMetadata;
pub(crate) use prefetch::{PrefetchedPage, Prefetcher};
pub(crate) use undeclared_next_page::UndeclaredNextPage;
