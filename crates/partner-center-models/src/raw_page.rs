//! Pages whose items stay JSON text, for programs that pass them on: that takes a third of the time of values.

use crate::{
    ContinuationToken, FromResponse, InvalidContinuationToken, InvalidParameter, Method, Operation, PageFingerprint,
    PagePosition, Paginated, Pagination, Parameters, ResponseReader,
    json::{find_compact_items, has_unpaired_surrogate},
    loss_mode,
    projection::FINGERPRINTED_ITEM_COUNT,
    read_page::{PageContinuation, ReadPage, continue_from_page_position},
    reader::check_item_limit,
};
use serde::{
    Deserialize, Deserializer,
    de::{SeqAccess, Visitor},
};
use serde_json::value::RawValue;
use std::{fmt, ops::Range};

/// The list of a request that is no operation of the specification, whose items stay JSON text: what
/// `Client::request_raw_pages` of the client returns the pages of. It has no values.
#[derive(Clone, Copy, Debug)]
pub enum RawList {}

/// A page whose items stay JSON text, as the service sent it: a page of a [`RawList`].
///
/// An unpaired surrogate is replaced and reported, as in all JSON that a client receives.
#[non_exhaustive]
pub struct RawPage {
    /// The total number of items, if the page has it, as in [`PageAs::total_count`](crate::PageAs::total_count).
    pub total_count: Option<i64>,
    json: Box<str>,
    /// Where the items are in the JSON.
    items: Vec<Range<usize>>,
    fingerprint: Option<PageFingerprint>,
    continuation: PageContinuation,
}

impl RawPage {
    /// Returns the items, in the order of the service: each is valid JSON, with the white space that it was sent with.
    #[must_use]
    #[inline]
    pub fn items(&self) -> impl ExactSizeIterator<Item = &str> {
        self.items.iter().map(|item| &self.json[item.clone()])
    }

    #[inline]
    fn parse_page(json: &str, pagination: &Pagination) -> serde_json::Result<Self> {
        let parts = match RawPageParts::find_in_compact_page(json, pagination) {
            Some(parts) => parts,
            None => RawPageParts::parse(json, pagination)?,
        };
        let RawPageParts { items, total_count, continuation } = parts;
        let first_items: String = items.iter().take(FINGERPRINTED_ITEM_COUNT).map(|item| &json[item.clone()]).collect();
        let fingerprint = (!items.is_empty()).then(|| PageFingerprint::new(first_items, items.len()));
        Ok(Self { total_count, json: json.into(), items, fingerprint, continuation })
    }
}

/// What is read of a page.
struct RawPageParts {
    /// Where the items are in the JSON.
    items: Vec<Range<usize>>,
    total_count: Option<i64>,
    continuation: PageContinuation,
}

impl RawPageParts {
    #[inline]
    fn parse(json: &str, pagination: &Pagination) -> serde_json::Result<Self> {
        let ReadPage { list: RawItemList(items), total_count, continuation } =
            ReadPage::parse_page(json, pagination, true)?;
        if items.iter().any(|item| has_unpaired_surrogate(item.get())) {
            loss_mode::report_loss();
        }
        Ok(Self { items: items.iter().map(|item| place_of(item, json)).collect(), total_count, continuation })
    }

    /// Finds what [`parse`](Self::parse) reads, in a page whose items are compact JSON. `None` if it is not certain to be the
    /// same.
    #[inline]
    fn find_in_compact_page(json: &str, pagination: &Pagination) -> Option<Self> {
        // The rest of the page is parsed with one item in place of all of them. Whether this was the list shows then.
        const SUBSTITUTE: &str = "[0]";
        let start = if json.starts_with('[') {
            0
        } else {
            let name = format!("\"{}\":[", pagination.items.rsplit('.').next()?);
            memchr::memmem::find(json.as_bytes(), name.as_bytes())? + name.len() - 1
        };
        let (list, items) = find_compact_items(json, start)?;
        check_item_limit::<serde_json::Error>(items.len().checked_sub(1)?).ok()?;
        let rest = [json.get(..start)?, SUBSTITUTE, json.get(list.end..)?].concat();
        let ReadPage { list: RawItemList(found), total_count, continuation } =
            ReadPage::parse_page(&rest, pagination, true).ok()?;
        let is_list = matches!(&found[..], [item] if place_of(item, &rest).start == start + 1);
        is_list.then_some(Self { items, total_count, continuation })
    }
}

/// Returns the place of an item that is borrowed from JSON.
#[inline]
fn place_of(item: &RawValue, json: &str) -> Range<usize> {
    let start = item.get().as_ptr().addr() - json.as_ptr().addr();
    start..start + item.get().len()
}

impl fmt::Debug for RawPage {
    #[inline]
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { items, total_count, .. } = self;
        let mut page = formatter.debug_struct("RawPage");
        page.field("items", &items.len()).field("total_count", total_count).finish_non_exhaustive()
    }
}

impl FromResponse for RawPage {
    fn from_response<R: ResponseReader>(response: &mut R) -> Result<Self, R::Error> {
        response.json(|json| Self::parse_page(json, &RawList::PAGINATION))
    }
}

impl Operation for RawList {
    type Response = RawPage;
    const ID: &'static str = "request";
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/";
    #[inline]
    fn parameters(&self) -> Result<Parameters, InvalidParameter> {
        match *self {}
    }
}

impl Paginated for RawList {
    type Item = String;
    const PAGINATION: Pagination = Pagination::new("");
    #[inline]
    fn items(page: RawPage) -> Vec<String> {
        page.items().map(str::to_owned).collect()
    }
    #[inline]
    fn fingerprint(page: &RawPage) -> Option<PageFingerprint> {
        page.fingerprint.clone()
    }
    #[inline]
    fn continuation(page: &RawPage) -> Result<Option<ContinuationToken>, InvalidContinuationToken> {
        page.continuation.clone()
    }
    fn read_page<R: ResponseReader>(response: &mut R, pagination: &Pagination) -> Result<RawPage, R::Error> {
        let mut page = response.json(|json| RawPage::parse_page(json, pagination))?;
        let position = PagePosition::from_response(response, pagination);
        continue_from_page_position(&mut page.continuation, pagination, &position, page.items.len(), page.total_count);
        Ok(page)
    }
}

/// The items of a page, borrowed from it.
#[derive(Default)]
struct RawItemList<'a>(Vec<&'a RawValue>);

impl<'de> Deserialize<'de> for RawItemList<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(RawItemListVisitor)
    }
}

struct RawItemListVisitor;

impl<'de> Visitor<'de> for RawItemListVisitor {
    type Value = RawItemList<'de>;

    #[inline]
    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<RawItemList<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            check_item_limit(items.len())?;
            items.push(item);
        }
        Ok(RawItemList(items))
    }
}

#[cfg(test)]
mod tests {
    use super::{RawPage, RawPageParts};
    use crate::Paginated as _;
    use crate::{JsonValue, Pagination, RawList, ReplacementKind, from_json_with};

    fn parse(json: &str) -> serde_json::Result<(Vec<String>, Option<i64>)> {
        let page = RawPage::parse_page(json, &Pagination::default())?;
        Ok((page.items().map(str::to_owned).collect(), page.total_count))
    }

    #[test]
    fn item_of_a_raw_page_is_its_text() {
        let items = [r#"{"id": 1.10, "a\u0062": [ ]}"#, "null", r#""a""#, "1e999"];
        let page = format!(r#" {{"totalCount": 7, "items": [{}], "links": {{}}}}"#, items.join(" ,\n"));
        assert_eq!(parse(&page).unwrap(), (items.map(str::to_owned).to_vec(), Some(7)));
        assert_eq!(parse("[1, [2]]").unwrap().0, ["1", "[2]"], "a bare array");
        assert_eq!(parse(r#"{"items": null}"#).unwrap(), (Vec::new(), None));
    }

    #[test]
    fn compact_page_is_found_as_it_is_parsed() {
        let next = r#"{"next":{"uri":"/customers?page=2","method":"GET"}}"#;
        let paged = Pagination::default();
        for (page, is_found) in [
            (format!(r#"{{"totalCount":7,"items":[{{"id":"1","a":[1.10,null]}},2],"links":{next}}}"#), true),
            (format!(r#"{{ "links" : {next}, "items":["é \" \u00e9",[]] }}"#), true),
            (r#"[{"a":1},[]]"#.to_owned(), true),
            // Another list of the same name, before, behind and within the list of the page.
            (r#"{"links":{"items":[1]},"items":[2,3]}"#.to_owned(), false),
            (r#"{"items":[1],"items":[2,3]}"#.to_owned(), false),
            (r#"{"items":[{"items":[1]}],"other":{"items":[2]}}"#.to_owned(), true),
            (r#"{"a":"\"items\":[1]","items":[2]}"#.to_owned(), true),
            (r#"{"items":[1, 2]}"#.to_owned(), false),
            (r#"{"items":[]}"#.to_owned(), false),
            (r#"{"Items":[1]}"#.to_owned(), false),
            (r#"{"items":[1]"#.to_owned(), false),
            (r#"{"items":[1],}"#.to_owned(), false),
            (r#"{"items":["\ud83e"]}"#.to_owned(), false),
        ] {
            let Some(found) = RawPageParts::find_in_compact_page(&page, &paged) else {
                assert!(!is_found, "{page}");
                continue;
            };
            assert!(is_found, "{page}");
            let parsed = RawPageParts::parse(&page, &paged).unwrap();
            assert_eq!((found.items, found.total_count), (parsed.items, parsed.total_count), "{page}");
            assert_eq!(format!("{:?}", found.continuation), format!("{:?}", parsed.continuation));
        }
    }

    #[test]
    fn raw_page_is_checked_as_every_page() {
        for json in [
            r#"{"totalCount": 1}"#,
            r#"{"items": {}}"#,
            r#"{"items": [{"id": 1,}]}"#,
            r#"{"items": [{"id": "\q"}]}"#,
            r#"{"items": [01]}"#,
            r#"{"items": []} x"#,
            r#"{"items": [{"#,
            "{\"items\": [\"\u{1}\"]}",
        ] {
            assert!(parse(json).is_err(), "{json}");
        }
        let page = r#"{"items": [1], "links": {"next": {"uri": "/customers?page=2", "method": "GET"}}}"#;
        let page = RawPage::parse_page(page, &Pagination::default()).unwrap();
        assert!(RawList::continuation(&page).unwrap().is_some());
        let [one, other] = [r#"{"items": [1, 2]}"#, r#"{"items": [1,2], "totalCount": 2}"#]
            .map(|page| RawList::fingerprint(&RawPage::parse_page(page, &Pagination::default()).unwrap()));
        assert!(one.is_some() && one == other);
    }

    #[test]
    fn unpaired_surrogate_of_a_raw_page_is_replaced_and_reported() {
        let page = r#"{"items": [{"id": "7", "name": "B\ud83e"}, {"name": "\ud83e\udd50 \\ud83e"}]}"#;
        let parsed = from_json_with(page, |json| RawPage::parse_page(json, &Pagination::default())).unwrap();
        let items: Vec<_> = parsed.value.items().collect();
        assert_eq!(items, [r#"{"id": "7", "name": "B\ufffd"}"#, r#"{"name": "\ud83e\udd50 \\ud83e"}"#]);
        let [replacement] = &parsed.replacements[..] else { panic!("{:?}", parsed.replacements) };
        assert_eq!(
            (replacement.kind, replacement.path.as_str()),
            (ReplacementKind::UnpairedSurrogate, "items[0].name")
        );
        // As in values.
        assert_eq!(
            serde_json::from_str::<JsonValue>(items[0]).unwrap().json(),
            "{\"id\":\"7\",\"name\":\"B\u{fffd}\"}"
        );
    }
}
