//! Responses deserialized into the caller's types: parsing five fields takes a third of the time of fifty.
//!
//! A page must still be followed, whatever type its items have. So [`PageAs`] reads a page by its [`Pagination`] alone: it takes
//! the items out for the caller's type, keeps the link, the token and the total, and skips the rest. The fingerprint of the page
//! is made of the raw JSON of its first items. The client uses the same to read pages that no operation describes
//! ([`DynamicList`]), and to find the continuation at the end of a page that is not parsed yet.

use crate::{
    ContinuationToken, FromResponse, Idempotency, InvalidContinuationToken, InvalidParameter, JsonValue, Link, Method,
    Operation, PageFingerprint, PagePosition, Paginated, Pagination, Parameters, ResponseReader, Secret,
    SingleResponse, reader::check_item_limit,
};
use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeOwned, DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
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

impl<O: Operation, T: FromResponse> Operation for ResponseAs<O, T> {
    type Response = T;
    const ID: &'static str = O::ID;
    const METHOD: Method = O::METHOD;
    const PATH: &'static str = O::PATH;
    const IDEMPOTENCY: Idempotency = O::IDEMPOTENCY;
    const OUTCOMES: &'static [u16] = O::OUTCOMES;
    fn parameters(&self) -> Result<Parameters, InvalidParameter> {
        self.operation.parameters()
    }
}

impl<O: SingleResponse, T: FromResponse> SingleResponse for ResponseAs<O, T> {}

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
    fn locate(page: &mut Self::Response, position: PagePosition) {
        page.locate(&O::PAGINATION, &position);
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
        let mut page = response.json(|json| PageAs::parse_page(json, pagination, true))?;
        page.locate(pagination, &PagePosition::from_response(response, pagination));
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
    continuation: Result<Option<ContinuationToken>, InvalidContinuationToken>,
    operation: PhantomData<fn() -> O>,
}

impl<O, T: DeserializeOwned> PageAs<O, T> {
    /// Parses a page; where `is_array_accepted`, a page that is a bare array is its items, whatever [`Pagination::items`] says.
    fn parse_page(json: &str, pagination: &Pagination, is_array_accepted: bool) -> serde_json::Result<Self> {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let page = Self::deserialize_page(&mut deserializer, pagination, is_array_accepted)?;
        deserializer.end()?;
        Ok(page)
    }

    fn deserialize_page<'de, D: Deserializer<'de>>(
        deserializer: D,
        pagination: &Pagination,
        is_array_accepted: bool,
    ) -> Result<Self, D::Error> {
        let mut parts = PageParts { list: None, link: None, token: None, total: None, is_misspelled: false };
        let fields = PageFieldPaths::from_pagination(pagination);
        let is_array = pagination.items.is_empty();
        deserializer.deserialize_any(PageVisitor {
            parts: &mut parts,
            fields,
            is_object_accepted: !is_array,
            is_array_accepted: is_array || is_array_accepted,
        })?;
        let continuation = parts.continuation().map_err(de::Error::custom)?;
        let PageItemList { items, first_items } = parts.list.ok_or_else(|| {
            de::Error::custom(format_args!("the list of items of the page (`{}`) is missing", pagination.items))
        })?;
        let fingerprint = (!items.is_empty()).then(|| PageFingerprint::new(first_items, items.len()));
        Ok(Self { items, total_count: parts.total, fingerprint, continuation, operation: PhantomData })
    }

    /// Continues the list by what the page itself does not say.
    fn locate(&mut self, pagination: &Pagination, position: &PagePosition) {
        if let Ok(in_body) = &mut self.continuation {
            let total = self.total_count.filter(|_| pagination.total.is_some());
            self.continuation = position.continuation(pagination, in_body.take(), self.items.len(), total);
        }
    }
}

/// Returns the continuation in `json`, a page by `pagination`; `None` if it has none, or is not a page. For the client.
#[doc(hidden)]
#[must_use]
#[inline]
pub fn find_continuation(json: &str, pagination: &Pagination) -> Option<ContinuationToken> {
    PageAs::<DynamicList, IgnoredAny>::parse_page(json, pagination, false).ok()?.continuation.ok()?
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
        Self::deserialize_page(deserializer, &O::PAGINATION, false)
    }
}

/// The parts of a page that are read.
struct PageParts<T> {
    list: Option<PageItemList<T>>,
    link: Option<Box<RawValue>>,
    token: Option<Box<RawValue>>,
    total: Option<i64>,
    /// Whether the way to a link or a token is not as described: of another type, or in capitals.
    is_misspelled: bool,
}

impl<T> PageParts<T> {
    /// Returns the continuation in the page. The outer error is that of JSON that is to be repaired.
    fn continuation(&self) -> Result<Result<Option<ContinuationToken>, InvalidContinuationToken>, serde_json::Error> {
        let mut is_invalid = self.is_misspelled;
        let token = parse_or_mark_invalid::<Secret>(self.token.as_deref(), &mut is_invalid)?;
        let is_object = self.link.as_ref().is_some_and(|link| link.get().starts_with('{'));
        if is_object {
            let link = parse_or_mark_invalid::<Link>(self.link.as_deref(), &mut is_invalid)?;
            return Ok(ContinuationToken::read(link.as_ref(), token.as_ref(), is_invalid));
        }
        let uri = parse_or_mark_invalid::<String>(self.link.as_deref(), &mut is_invalid)?;
        Ok(ContinuationToken::read_uri(uri.as_deref(), token.as_ref(), is_invalid))
    }
}

/// Parses a value that may be null or absent, and sets `is_invalid` if it is of another type.
fn parse_or_mark_invalid<T: DeserializeOwned>(
    json: Option<&RawValue>,
    is_invalid: &mut bool,
) -> Result<Option<T>, serde_json::Error> {
    match json.map_or(Ok(None), |json| serde_json::from_str(json.get())) {
        Err(error) if error.is_data() => {
            *is_invalid = true;
            Ok(None)
        }
        parsed => parsed,
    }
}

/// The paths of the fields that are read, from the object at which the reader is.
#[derive(Clone, Copy, Default)]
struct PageFieldPaths<'a> {
    items: Option<&'a str>,
    link: Option<&'a str>,
    token: Option<&'a str>,
    total: Option<&'a str>,
}

/// What is read of a field.
enum PageField<'a> {
    Items,
    Link,
    Token,
    Total,
    /// Fields of the object in this field.
    Inside(PageFieldPaths<'a>),
    /// Whether it has a value, as it may be a misspelled link or token.
    Presence,
    Nothing,
}

impl<'a> PageFieldPaths<'a> {
    #[inline]
    fn from_pagination(pagination: &'a Pagination) -> Self {
        Self {
            items: Some(pagination.items).filter(|path| !path.is_empty()),
            link: pagination.next_link,
            token: pagination.continuation_token,
            total: pagination.total.or(Some("totalCount")),
        }
    }

    #[inline]
    fn is_empty(self) -> bool {
        [self.items, self.link, self.token, self.total].iter().all(Option::is_none)
    }

    #[inline]
    fn field_named(self, name: &str) -> PageField<'a> {
        // A name may have a dot, such as `@odata.nextLink`.
        let is = |path: Option<&str>| path.is_some_and(|path| is_name_or_capitalized(name, path));
        if is(self.items) {
            return PageField::Items;
        }
        if is(self.link) {
            return PageField::Link;
        }
        if is(self.token) {
            return PageField::Token;
        }
        if is(self.total) {
            return PageField::Total;
        }
        let inside = |path: Option<&'a str>| {
            let (first, rest) = path?.split_once('.')?;
            is_name_or_capitalized(name, first).then_some(rest)
        };
        let fields = Self {
            items: inside(self.items),
            link: inside(self.link),
            token: inside(self.token),
            total: inside(self.total),
        };
        if !fields.is_empty() {
            return PageField::Inside(fields);
        }
        let resembles = |path: Option<&str>| {
            path.is_some_and(|path| {
                let first = path.split('.').next().unwrap_or_default();
                name.eq_ignore_ascii_case(path) || name.eq_ignore_ascii_case(first)
            })
        };
        if resembles(self.link) || resembles(self.token) { PageField::Presence } else { PageField::Nothing }
    }
}

/// Whether `found` is `name`, or `name` with a capital initial: the two spellings that the service uses.
#[inline]
fn is_name_or_capitalized(found: &str, name: &str) -> bool {
    found.len() == name.len() && found.eq_ignore_ascii_case(name) && found.get(1..) == name.get(1..)
}

/// Reads an object of a page, or the page itself.
struct PageVisitor<'a, T> {
    parts: &'a mut PageParts<T>,
    fields: PageFieldPaths<'a>,
    is_object_accepted: bool,
    is_array_accepted: bool,
}

impl<'de, T: DeserializeOwned> Visitor<'de> for PageVisitor<'_, T> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.is_object_accepted {
            "an object that is a page"
        } else {
            "an array that is a page"
        })
    }
    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        if !self.is_object_accepted {
            return Err(de::Error::invalid_type(de::Unexpected::Map, &self));
        }
        let parts = self.parts;
        while let Some(name) = object.next_key::<String>()? {
            match self.fields.field_named(&name) {
                PageField::Items => parts.list = Some(object.next_value::<Option<_>>()?.unwrap_or_default()),
                PageField::Link => parts.link = Some(object.next_value()?),
                PageField::Token => parts.token = Some(object.next_value()?),
                PageField::Total => {
                    parts.total = serde_json::from_str(object.next_value::<Box<RawValue>>()?.get()).ok();
                }
                PageField::Inside(fields) => object.next_value_seed(NestedPageObject { parts, fields })?,
                PageField::Presence => parts.is_misspelled |= object.next_value::<Option<IgnoredAny>>()?.is_some(),
                PageField::Nothing => {
                    object.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<(), A::Error> {
        if !self.is_array_accepted {
            return Err(de::Error::invalid_type(de::Unexpected::Seq, &self));
        }
        self.parts.list = Some(PageItemListVisitor(PhantomData).visit_seq(list)?);
        Ok(())
    }
}

/// An object within a page. A value of another type has none of the fields.
struct NestedPageObject<'a, T> {
    parts: &'a mut PageParts<T>,
    fields: PageFieldPaths<'a>,
}

impl<'de, T: DeserializeOwned> DeserializeSeed<'de> for NestedPageObject<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: DeserializeOwned> Visitor<'de> for NestedPageObject<'_, T> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }
    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<(), A::Error> {
        let Self { parts, fields } = self;
        PageVisitor { parts, fields, is_object_accepted: true, is_array_accepted: false }.visit_map(object)
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        self.record_type_mismatch()
    }
    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.record_type_mismatch()
    }
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.record_type_mismatch()
    }
    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        self.record_type_mismatch()
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.record_type_mismatch()
    }
    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        self.record_type_mismatch()
    }
}

impl<T> NestedPageObject<'_, T> {
    /// Notes that a value is not an object, though a link or a token is expected in it.
    #[expect(clippy::unnecessary_wraps, reason = "the result of a visitor")]
    fn record_type_mismatch<E>(self) -> Result<(), E> {
        self.parts.is_misspelled |= self.fields.link.is_some() || self.fields.token.is_some();
        Ok(())
    }
}

/// The number of items at the beginning of a page that its fingerprint consists of.
const FINGERPRINT_ITEMS: usize = 4;

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
        Ok(PageItemList { items, first_items })
    }
}
