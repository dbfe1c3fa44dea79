//! Responses deserialized into the caller's types: parsing five fields takes a third of the time of fifty.
//!
//! A page must still be followed, whatever type its items have. So [`PageAs`] reads a page by its [`Pagination`] alone: it takes
//! the items out for the caller's type, keeps the link, the token and the total, and skips the rest. The fingerprint of the page
//! is made of the raw JSON of its first items. The client uses the same to read pages that no operation describes
//! ([`DynamicList`]), and to find the continuation at the end of a page that is not parsed yet.

use crate::{
    ContinuationToken, FromResponse, Idempotency, InvalidContinuationToken, InvalidParameter, JsonValue, Method,
    Operation, PageFingerprint, PagePosition, Paginated, Pagination, Parameters, ResponseReader, SingleResponse,
    read_page::{PageContinuation, ReadPage, continue_from_page_position},
    reader::check_item_limit,
};
use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeOwned, IgnoredAny, SeqAccess, Visitor},
};
use serde_json::value::RawValue;
use std::{fmt, marker::PhantomData};

/// An operation whose response is deserialized as a `T`; created by [`SingleResponse::with_response_type`].
///
/// Everything else is that of the operation `O`. A response that is not a `T` is an error.
#[derive(Clone, Debug)]
#[must_use = "an operation does nothing until a client performs it"]
pub struct ResponseAs<O, T> {
    operation: O,
    response: PhantomData<fn() -> T>,
}

impl<O, T> ResponseAs<O, T> {
    pub(crate) fn new(operation: O) -> Self {
        Self { operation, response: PhantomData }
    }
}

impl<O: Operation, T: FromResponse> Operation for ResponseAs<O, T> {
    type Response = T;
    const ID: &'static str = O::ID;
    const METHOD: Method = O::METHOD;
    const PATH: &'static str = O::PATH;
    const IDEMPOTENCY: Idempotency = O::IDEMPOTENCY;
    const ADDITIONAL_RESULT_STATUSES: &'static [u16] = O::ADDITIONAL_RESULT_STATUSES;
    fn parameters(&self) -> Result<Parameters, InvalidParameter> {
        self.operation.parameters()
    }
}

impl<O: SingleResponse, T: FromResponse> SingleResponse for ResponseAs<O, T> {}

/// An operation whose items are deserialized as `T`s; created by [`Paginated::with_item_type`].
///
/// Everything else is that of the operation `O`; a page is a [`PageAs`]. An item that is not a `T` is an error.
#[derive(Clone, Debug)]
#[must_use = "an operation does nothing until a client performs it"]
pub struct ItemsAs<O, T> {
    operation: O,
    item: PhantomData<fn() -> T>,
}

impl<O, T> ItemsAs<O, T> {
    pub(crate) fn new(operation: O) -> Self {
        Self { operation, item: PhantomData }
    }
}

impl<O: Paginated + 'static, T: DeserializeOwned + Send + 'static> Operation for ItemsAs<O, T> {
    type Response = PageAs<O, T>;
    const ID: &'static str = O::ID;
    const METHOD: Method = O::METHOD;
    const PATH: &'static str = O::PATH;
    const IDEMPOTENCY: Idempotency = O::IDEMPOTENCY;
    fn parameters(&self) -> Result<Parameters, InvalidParameter> {
        self.operation.parameters()
    }
}

impl<O: Paginated + 'static, T: DeserializeOwned + Send + 'static> Paginated for ItemsAs<O, T> {
    type Item = T;
    const PAGINATION: Pagination = O::PAGINATION;
    fn items(page: Self::Response) -> Vec<T> {
        page.items
    }
    fn fingerprint(page: &Self::Response) -> Option<PageFingerprint> {
        page.fingerprint.clone()
    }
    fn continuation(page: &Self::Response) -> Result<Option<ContinuationToken>, InvalidContinuationToken> {
        page.continuation.clone()
    }
    fn set_page_position(page: &mut Self::Response, position: PagePosition) {
        page.set_page_position(&O::PAGINATION, &position);
    }
}

/// The list of a request that is no operation of the specification, whose items are any JSON: what `Client::request_pages` of the
/// client returns the pages of. It has no values.
#[derive(Clone, Copy, Debug)]
pub enum DynamicList {}

impl Operation for DynamicList {
    type Response = PageAs<Self, JsonValue>;
    const ID: &'static str = "request";
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/";
    #[inline]
    fn parameters(&self) -> Result<Parameters, InvalidParameter> {
        match *self {}
    }
}

impl Paginated for DynamicList {
    type Item = JsonValue;
    const PAGINATION: Pagination = Pagination::new("");
    #[inline]
    fn items(page: Self::Response) -> Vec<JsonValue> {
        page.items
    }
    #[inline]
    fn fingerprint(page: &Self::Response) -> Option<PageFingerprint> {
        page.fingerprint.clone()
    }
    #[inline]
    fn continuation(page: &Self::Response) -> Result<Option<ContinuationToken>, InvalidContinuationToken> {
        page.continuation.clone()
    }
    fn read_page<R: ResponseReader>(response: &mut R, pagination: &Pagination) -> Result<Self::Response, R::Error> {
        let read = |json: &str| ReadPage::parse_page(json, pagination, true).map(PageAs::from_read_page);
        let mut page = response.json(read)?;
        page.set_page_position(pagination, &PagePosition::from_response(response, pagination));
        Ok(page)
    }
}

/// A page whose items are `T`s: the response of [`ItemsAs`], and a page of a [`DynamicList`].
///
/// ```
/// use partner_center_models::{ListCustomers, PageAs};
/// use serde::Deserialize;
/// use uuid::Uuid;
///
/// #[derive(Deserialize)]
/// struct Brief {
///     id: Uuid,
/// }
///
/// let page = r#"{"totalCount": 1, "items": [{"id": "53eb21cb-6b2d-4ee5-9e92-27dfc927e93c", "tags": []}]}"#;
/// let page: PageAs<ListCustomers, Brief> = serde_json::from_str(page)?;
/// assert_eq!(page.items[0].id.get_version_num(), 4);
/// assert_eq!(page.total_count, Some(1));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[non_exhaustive]
pub struct PageAs<O, T> {
    /// The items, in the order of the service.
    pub items: Vec<T>,
    /// The total number of items, if the page has it ([`Pagination::total`], or else `totalCount`). Of the service's lists, many
    /// have that of the page in its place.
    pub total_count: Option<i64>,
    fingerprint: Option<PageFingerprint>,
    continuation: PageContinuation,
    operation: PhantomData<fn() -> O>,
}

impl<O, T> PageAs<O, T> {
    fn from_read_page(page: ReadPage<PageItemList<T>>) -> Self {
        let ReadPage { list: PageItemList { items, first_items }, total_count, continuation } = page;
        let fingerprint = (!items.is_empty()).then(|| PageFingerprint::new(first_items, items.len()));
        Self { items, total_count, fingerprint, continuation, operation: PhantomData }
    }

    fn set_page_position(&mut self, pagination: &Pagination, position: &PagePosition) {
        continue_from_page_position(&mut self.continuation, pagination, position, self.items.len(), self.total_count);
    }
}

/// Returns the continuation in `json`, a page by `pagination`; `None` if it has none, or is not a page. For the client.
#[doc(hidden)]
#[must_use]
#[inline]
pub fn find_continuation(json: &str, pagination: &Pagination) -> Option<ContinuationToken> {
    ReadPage::<PageItemList<IgnoredAny>>::parse_page(json, pagination, false).ok()?.continuation.ok()?
}

impl<O, T: fmt::Debug> fmt::Debug for PageAs<O, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { items, total_count, .. } = self;
        let mut page = formatter.debug_struct("PageAs");
        page.field("items", items).field("total_count", total_count).finish_non_exhaustive()
    }
}

impl<'de, O: Paginated, T: DeserializeOwned> Deserialize<'de> for PageAs<O, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        ReadPage::deserialize_page(deserializer, &O::PAGINATION, false).map(Self::from_read_page)
    }
}

/// The number of items at the beginning of a page that its fingerprint consists of.
pub(crate) const FINGERPRINTED_ITEM_COUNT: usize = 4;

struct PageItemList<T> {
    items: Vec<T>,
    /// The raw JSON of the first items.
    first_items: String,
}

impl<T> Default for PageItemList<T> {
    fn default() -> Self {
        Self { items: Vec::new(), first_items: String::new() }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for PageItemList<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(PageItemListVisitor(PhantomData))
    }
}

struct PageItemListVisitor<T>(PhantomData<T>);

impl<'de, T: DeserializeOwned> Visitor<'de> for PageItemListVisitor<T> {
    type Value = PageItemList<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let (mut items, mut first_items) = (Vec::new(), String::new());
        while items.len() < FINGERPRINTED_ITEM_COUNT
            && let Some(item) = list.next_element::<Box<RawValue>>()?
        {
            items.push(serde_json::from_str(item.get()).map_err(de::Error::custom)?);
            first_items.push_str(item.get());
        }
        while let Some(item) = list.next_element()? {
            check_item_limit(items.len())?;
            items.push(item);
        }
        Ok(PageItemList { items, first_items })
    }
}
