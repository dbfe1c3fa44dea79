//! Responses deserialized into the caller's types: parsing five fields takes a third of the time of fifty.
//!
//! A page must still be followed, whatever type its items have. So [`PageAs`] reads the object once: it takes the items out for
//! the caller's type, shows the page's own type `null` in their place, and keeps the rest (links, continuation token). The
//! fingerprint of the page is made of the raw JSON of its first items.

use crate::{
    ContinuationToken, InvalidContinuationToken, InvalidParameter, Method, Operation, PageFingerprint, Paginated,
    Pagination, Parameters, SingleResponse, reader::check_item_limit,
};
use serde::{
    Deserialize, Deserializer,
    de::{
        self, DeserializeOwned, DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, Visitor,
        value::MapAccessDeserializer,
    },
};
use serde_json::value::RawValue;
use std::{fmt, marker::PhantomData};

/// An operation whose response is deserialized as a `T`; created by [`SingleResponse::response_as`].
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

impl<O: Operation, T: DeserializeOwned + Send + 'static> Operation for ResponseAs<O, T> {
    type Response = T;
    const ID: &'static str = O::ID;
    const METHOD: Method = O::METHOD;
    const PATH: &'static str = O::PATH;
    fn parameters(&self) -> Result<Parameters, InvalidParameter> {
        self.operation.parameters()
    }
}

impl<O: SingleResponse, T: DeserializeOwned + Send + 'static> SingleResponse for ResponseAs<O, T> {}

/// An operation whose items are deserialized as `T`s; created by [`Paginated::items_as`].
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
    fn parameters(&self) -> Result<Parameters, InvalidParameter> {
        self.operation.parameters()
    }
}

impl<O: Paginated + 'static, T: DeserializeOwned + Send + 'static> Paginated for ItemsAs<O, T> {
    type Item = T;
    const PAGINATION: Pagination = O::PAGINATION;
    const ITEMS: &'static str = O::ITEMS;
    fn items(page: Self::Response) -> Vec<T> {
        page.items
    }
    fn fingerprint(page: &Self::Response) -> Option<PageFingerprint> {
        page.mark.clone()
    }
    fn continuation(page: &Self::Response) -> Result<Option<ContinuationToken>, InvalidContinuationToken> {
        O::continuation(&page.rest)
    }
}

/// A page whose items are `T`s: the response of [`ItemsAs`].
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
/// assert_eq!(page.rest.total_count, Some(1));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[non_exhaustive]
pub struct PageAs<O: Paginated, T> {
    /// The items, in the order of the service.
    pub items: Vec<T>,
    /// The page without its items: its links, its count, its continuation token.
    pub rest: O::Response,
    mark: Option<PageFingerprint>,
}

impl<O: Paginated<Response: fmt::Debug>, T: fmt::Debug> fmt::Debug for PageAs<O, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("PageAs").field("items", &self.items).field("rest", &self.rest).finish_non_exhaustive()
    }
}

impl<'de, O: Paginated, T: DeserializeOwned> Deserialize<'de> for PageAs<O, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PageVisitor(PhantomData))
    }
}

struct PageVisitor<O, T>(PhantomData<(O, T)>);

impl<'de, O: Paginated, T: DeserializeOwned> Visitor<'de> for PageVisitor<O, T> {
    type Value = PageAs<O, T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object that is a page")
    }
    fn visit_map<A: MapAccess<'de>>(self, page: A) -> Result<Self::Value, A::Error> {
        let mut list = None;
        let rest = WithoutItems { page, name: O::ITEMS, is_at_items: false, list: &mut list };
        let rest = O::Response::deserialize(MapAccessDeserializer::new(rest))?;
        let ItemList { items, first_items } = list.unwrap_or_default();
        let mark = (!items.is_empty()).then(|| PageFingerprint::new(first_items, items.len()));
        Ok(PageAs { items, rest, mark })
    }
}

/// A page that shows `null` in the place of its items, which go to `list`.
struct WithoutItems<'a, A, T> {
    page: A,
    name: &'static str,
    is_at_items: bool,
    list: &'a mut Option<ItemList<T>>,
}

impl<'de, A: MapAccess<'de>, T: DeserializeOwned> MapAccess<'de> for WithoutItems<'_, A, T> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        let Some(name) = self.page.next_key::<String>()? else { return Ok(None) };
        self.is_at_items = is_name_or_capitalized(&name, self.name);
        seed.deserialize(name.into_deserializer()).map(Some)
    }
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        if !self.is_at_items {
            return self.page.next_value_seed(seed);
        }
        *self.list = self.page.next_value()?;
        seed.deserialize(().into_deserializer())
    }
}

/// Whether `found` is `name`, or `name` with a capital initial: the two spellings that the service uses.
fn is_name_or_capitalized(found: &str, name: &str) -> bool {
    found.len() == name.len() && found.eq_ignore_ascii_case(name) && found.get(1..) == name.get(1..)
}

/// The number of items at the beginning of a page that its fingerprint consists of.
const FINGERPRINT_ITEMS: usize = 4;

struct ItemList<T> {
    items: Vec<T>,
    /// The raw JSON of the first items.
    first_items: String,
}

impl<T> Default for ItemList<T> {
    fn default() -> Self {
        Self { items: Vec::new(), first_items: String::new() }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for ItemList<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ItemListVisitor(PhantomData))
    }
}

struct ItemListVisitor<T>(PhantomData<T>);

impl<'de, T: DeserializeOwned> Visitor<'de> for ItemListVisitor<T> {
    type Value = ItemList<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let (mut items, mut first_items) = (Vec::new(), String::new());
        while items.len() < FINGERPRINT_ITEMS
            && let Some(item) = list.next_element::<Box<RawValue>>()?
        {
            items.push(serde_json::from_str(item.get()).map_err(de::Error::custom)?);
            first_items.push_str(item.get());
        }
        while let Some(item) = list.next_element()? {
            check_item_limit(items.len())?;
            items.push(item);
        }
        Ok(ItemList { items, first_items })
    }
}
