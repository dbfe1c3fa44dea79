//! Reading a page by its [`Pagination`] alone: the items in the form that the caller wants, and what leads to the next page.

use crate::{ContinuationToken, InvalidContinuationToken, Link, PagePosition, Pagination, Secret};
use serde::{
    Deserialize, Deserializer,
    de::{
        self, DeserializeOwned, DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor,
        value::SeqAccessDeserializer,
    },
};
use serde_json::value::RawValue;
use std::fmt;

/// A page whose list of items was read as an `L`.
pub(crate) struct ReadPage<L> {
    pub(crate) list: L,
    pub(crate) total_count: Option<i64>,
    pub(crate) continuation: PageContinuation,
}

/// The continuation of a list behind a page; `None` behind the last page.
pub(crate) type PageContinuation = Result<Option<ContinuationToken>, InvalidContinuationToken>;

impl<'de, L: Deserialize<'de> + Default> ReadPage<L> {
    /// Parses a page; where `is_array_accepted`, a page that is a bare array is its items, whatever [`Pagination::items`] says.
    pub(crate) fn parse_page(
        json: &'de str,
        pagination: &Pagination,
        is_array_accepted: bool,
    ) -> serde_json::Result<Self> {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let page = Self::deserialize_page(&mut deserializer, pagination, is_array_accepted)?;
        deserializer.end()?;
        Ok(page)
    }

    /// Does what [`parse_page`](Self::parse_page) does, with any deserializer.
    pub(crate) fn deserialize_page<D: Deserializer<'de>>(
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
        let list = parts.list.ok_or_else(|| {
            de::Error::custom(format_args!("the list of items of the page (`{}`) is missing", pagination.items))
        })?;
        Ok(Self { list, total_count: parts.total, continuation })
    }
}

/// Continues the list behind a page of `count` items by what the page itself does not say.
#[inline]
pub(crate) fn continue_from_page_position(
    continuation: &mut PageContinuation,
    pagination: &Pagination,
    position: &PagePosition,
    count: usize,
    total_count: Option<i64>,
) {
    if let Ok(in_body) = continuation {
        let total = total_count.filter(|_| pagination.total.is_some());
        *continuation = position.continuation(pagination, in_body.take(), count, total);
    }
}

/// The parts of a page that are read so far.
struct PageParts<L> {
    list: Option<L>,
    link: Option<Box<RawValue>>,
    token: Option<Box<RawValue>>,
    total: Option<i64>,
    /// Whether the way to a link or a token is not as described: of another type, or in capitals.
    is_misspelled: bool,
}

impl<L> PageParts<L> {
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
        Ok(ContinuationToken::from_uri_and_token(uri.as_deref(), token.as_ref(), is_invalid))
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
struct PageVisitor<'a, L> {
    parts: &'a mut PageParts<L>,
    fields: PageFieldPaths<'a>,
    is_object_accepted: bool,
    is_array_accepted: bool,
}

impl<'de, L: Deserialize<'de> + Default> Visitor<'de> for PageVisitor<'_, L> {
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
        self.parts.list = Some(L::deserialize(SeqAccessDeserializer::new(list))?);
        Ok(())
    }
}

/// An object within a page. A value of another type has none of the fields.
struct NestedPageObject<'a, L> {
    parts: &'a mut PageParts<L>,
    fields: PageFieldPaths<'a>,
}

impl<'de, L: Deserialize<'de> + Default> DeserializeSeed<'de> for NestedPageObject<'_, L> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, L: Deserialize<'de> + Default> Visitor<'de> for NestedPageObject<'_, L> {
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

impl<L> NestedPageObject<'_, L> {
    /// Notes that a value is not an object, though a link or a token is expected in it.
    #[expect(clippy::unnecessary_wraps, reason = "the result of a visitor")]
    fn record_type_mismatch<E>(self) -> Result<(), E> {
        self.parts.is_misspelled |= self.fields.link.is_some() || self.fields.token.is_some();
        Ok(())
    }
}
