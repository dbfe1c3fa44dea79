//! Lists that the service returns in pages.
//!
//! `Client::items` returns the items of all pages as `Items`, and `Client::pages` the pages as `Pages`. With a blocking client,
//! both are iterators; with an async client, both are streams. `prefetch` requests the next page while the program works on the
//! current one. A [`ContinuationToken`] of a page can be saved, to resume the list later.

#[cfg(any(feature = "async", feature = "sync"))]
#[doc(inline)]
pub use partner_center_core::{Items, Pages, PagesWithMetadata};
#[doc(inline)]
pub use partner_center_models::{
    ContinuationToken, DynamicList, InvalidContinuationToken, ItemsAs, PageAs, PageFingerprint, PagePosition,
    Paginated, Pagination, PositionedPage, RawList, RawPage,
};
