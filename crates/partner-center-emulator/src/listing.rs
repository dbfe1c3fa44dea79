use crate::{
    answer::{Answer, Content},
    authority::Holder,
    continuation::ContinuationToken,
    customer::{Attributes, indirect_provider},
    customer_store::{CustomerStore, Listed},
    error_response::ErrorResponse,
    filter::Filter,
    link::{Link, origin},
    parameters::{FILTER, Parameters},
    quirks::{ContinuationIn, LinkStyle, ListEnd, Quirks, TotalCount},
};
use http::StatusCode;
use partner_center_core::Request;
use serde::Serialize;
use std::{
    num::NonZeroU16,
    sync::atomic::{AtomicBool, Ordering},
};

/// The header that a continuation token travels in.
const TOKEN_HEADER: &str = "MS-ContinuationToken";

/// The greatest number of customers in a page, which is also the one that a request without a size gets.
const GREATEST_SIZE: u16 = 500;

/// A page of customers as it is written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Page {
    attributes: Attributes,
    #[serde(skip_serializing_if = "Option::is_none")]
    continuation_token: Option<String>,
    items: Vec<Listed>,
    links: PageLinks,
    total_count: usize,
}

#[derive(Serialize)]
struct PageLinks {
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Link>,
    #[serde(rename = "self")]
    itself: Link,
}

/// The list of `customers`, in pages.
pub(crate) struct Listing<'a> {
    pub(crate) customers: &'a CustomerStore,
    pub(crate) quirks: &'a Quirks,
    pub(crate) reject_unknown_parameters: bool,
    pub(crate) holder: Holder,
    /// A search may be long. It ends once it is given up: the page is then a part, for nobody.
    pub(crate) given_up: &'a AtomicBool,
}

impl Listing<'_> {
    /// The page that `request` asks for, by its query and by the token among its headers.
    pub(crate) fn page(&self, request: &Request) -> Result<Answer, ErrorResponse> {
        let position = self.asked_for(request)?;
        let ContinuationToken { start, size, ref filter } = position;
        let (CustomerStore { count, seed, .. }, quirks) = (*self.customers, self.quirks);
        if self.holder == Holder::Application && filter.as_ref().is_some_and(Filter::is_for_users) {
            return Err(ErrorResponse::NeedsUser);
        }
        // Such a token is given only if the list is to end in an odd way.
        let is_over = start == count && count > 0;
        match quirks.list_end {
            ListEnd::ErrorResponse if is_over => return Err(INVALID_TOKEN),
            ListEnd::NoContent if is_over => return Ok(Answer::new(StatusCode::NO_CONTENT, Content::Nothing)),
            _ => {}
        }

        let mut matching = self.matching(start, filter.as_ref());
        let items: Vec<_> = matching.by_ref().take(size.into()).map(|index| self.customers.brief(index)).collect();
        // One match ahead: the last page has no next link, even if it is full.
        let trails = quirks.list_end != ListEnd::NoToken && !is_over && count > 0;
        let next = matching.next().or(trails.then_some(count));
        let token = next.map(|start| ContinuationToken { start, ..position.clone() }.token(seed));
        let total_count = match quirks.total_count {
            TotalCount::Page => items.len(),
            TotalCount::List => self.matching(0, filter.as_ref()).count(),
        };

        let address = format!("{}customers?size={size}", link_prefix(quirks.link_style, request));
        let and = if quirks.double_question_mark { '?' } else { '&' };
        let filtered = filter.as_ref().map(|filter| format!("{and}{}", filter.parameter())).unwrap_or_default();
        let next_page = |token| Link::to(format!("{address}{and}seekOperation=Next")).with(TOKEN_HEADER, token);
        let continuation = if quirks.without_links { ContinuationIn::Body } else { quirks.continuation };
        let page = Page {
            attributes: Attributes { object_type: "Collection" },
            continuation_token: token.clone().filter(|_| continuation != ContinuationIn::Link),
            items,
            links: PageLinks {
                next: token.filter(|_| continuation != ContinuationIn::Body).map(next_page),
                itself: Link::to(format!("{address}{filtered}")),
            },
            total_count,
        };
        Ok(Answer::new(StatusCode::OK, Content::Page(page)))
    }

    /// The indexes of the customers that match `filter`, from `start` on.
    fn matching(&self, start: u32, filter: Option<&Filter>) -> impl Iterator<Item = u32> {
        let Self { customers, given_up, .. } = *self;
        let provider = indirect_provider(customers.seed);
        (start..customers.count)
            .take_while(|_| !given_up.load(Ordering::Relaxed))
            .filter(move |index| filter.is_none_or(|filter| filter.matches(&customers.searchable(*index), provider)))
    }

    /// Where to go on. A first page is one that continues from the start.
    fn asked_for(&self, request: &Request) -> Result<ContinuationToken, ErrorResponse> {
        let parameters = Parameters::of(request.uri());
        parameters.check(&["size", FILTER, "seekOperation"], self.reject_unknown_parameters)?;
        let size = parameters.get("size").map(|size| page_size(size).ok_or(INVALID_SIZE)).transpose()?;
        // 0 is what some clients send to leave the size to the service.
        let size = size.filter(|size| *size > 0);
        let first = || -> Result<_, ErrorResponse> {
            let filter = parameters.get(FILTER).map(Filter::parse).transpose()?;
            Ok(ContinuationToken { start: 0, size: GREATEST_SIZE, filter })
        };
        let seek = parameters.get("seekOperation").map(str::to_ascii_lowercase);
        let token = request.headers().get(TOKEN_HEADER);
        let mut continuation = match (seek.as_deref(), token) {
            (None | Some("first"), None) => first()?,
            (Some("first"), Some(token)) => ContinuationToken { start: 0, ..self.continued(token.as_bytes())? },
            // A token continues its list without a seek operation, too: the service's own .NET SDK drops the operation
            // from the links with two question marks that the service's documentation prints.
            (None | Some("next"), Some(token)) => self.continued(token.as_bytes())?,
            (Some("next"), None) => return Err(INVALID_TOKEN),
            (Some(_), _) => return Err(INVALID_SEEK),
        };
        if let Some(size) = size {
            continuation.size = size;
        }
        continuation.size = continuation.size.min(self.quirks.page_cap.map_or(GREATEST_SIZE, NonZeroU16::get));
        Ok(continuation)
    }

    fn continued(&self, token: &[u8]) -> Result<ContinuationToken, ErrorResponse> {
        let end = u32::from(self.quirks.list_end != ListEnd::NoToken);
        ContinuationToken::read(token, self.customers.seed)
            .filter(|continuation| continuation.start < self.customers.count.saturating_add(end))
            .ok_or(INVALID_TOKEN)
    }
}

/// What stands before `customers` in the links of pages.
fn link_prefix(style: LinkStyle, request: &Request) -> String {
    match style {
        LinkStyle::V1 => "/v1/".to_owned(),
        LinkStyle::Plain => "/".to_owned(),
        LinkStyle::Bare => String::new(),
        LinkStyle::Absolute => {
            format!("{}/v1/", origin(request))
        }
    }
}

/// The size that `text` is, in digits alone: parsing would let it have a sign.
fn page_size(text: &str) -> Option<u16> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|size| is_number && *size <= GREATEST_SIZE)
}

const INVALID_SIZE: ErrorResponse = ErrorResponse::InvalidSearch("The size must be a number from 1 to 500.");
const INVALID_SEEK: ErrorResponse = ErrorResponse::InvalidSearch("The seek operation must be Next or First.");
const INVALID_TOKEN: ErrorResponse = ErrorResponse::InvalidSearch(
    "The continuation token is missing or invalid; send the one of the page before unchanged.",
);

#[cfg(test)]
mod tests {
    use super::{ContinuationToken, Listing, TOKEN_HEADER};
    use crate::{answer::Content, authority::Holder, customer_store::CustomerStore, quirks::Quirks};
    use std::sync::atomic::AtomicBool;

    #[test]
    fn the_last_page_of_a_million_comes_without_those_before() {
        let customers = CustomerStore { seed: 7, count: 1_000_000, rare_values: false };
        assert_eq!(size_of_val(&customers), 16, "nothing is kept for a customer");
        let token = ContinuationToken { start: 999_501, size: 500, filter: None }.token(7);
        let request = http::Request::get("/v1/customers?size=500&seekOperation=Next").header(TOKEN_HEADER, token);
        let (quirks, given_up) = (Quirks::default(), AtomicBool::new(false));
        let listing = Listing {
            customers: &customers,
            quirks: &quirks,
            reject_unknown_parameters: false,
            holder: Holder::User,
            given_up: &given_up,
        };
        let answer = listing.page(&request.body(Vec::new()).unwrap()).unwrap();
        let Content::Page(page) = answer.content else { panic!("a page was asked for") };
        assert_eq!((page.total_count, page.items.len()), (499, 499));
        let [last, expected] =
            [&page.items[498], &customers.brief(999_999)].map(|item| serde_json::to_value(item).unwrap());
        assert_eq!(last, expected);
        assert!(page.links.next.is_none());
    }
}
