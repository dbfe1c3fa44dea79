//! The list of customers, page by page. The position of a page is in its continuation token alone, so the emulator keeps no
//! state between two pages.

use crate::{
    authority::Caller,
    continuation_token::ContinuationToken,
    customers::indirect_provider_id,
    error_response::ErrorResponse,
    filter::CustomerFilter,
    query::{FILTER_PARAMETER_NAME, QueryParameters},
    quirks::{ContinuationIn, LinkStyle, ListEnd, Quirks, TotalCount},
    rendered_pages::{PageKey, PagePosition, RenderedPages},
    resource::ResourceLink,
    service_response::{ResponseContent, ServiceResponse},
    store::State,
};
use http::StatusCode;
use partner_center_core::Request;
use serde::Serialize;
use serde_json::{Value, json};
use std::{
    num::NonZeroU16,
    sync::atomic::{AtomicBool, Ordering},
};

/// The header of a continuation token.
const CONTINUATION_TOKEN_HEADER: &str = "MS-ContinuationToken";

/// The maximum number of customers in a page, and the default of a request without a size.
pub(crate) const MAX_PAGE_SIZE: u16 = 500;

/// The size of a customer in a page, in bytes, rather more than less.
const ESTIMATED_CUSTOMER_JSON_SIZE: usize = 640;

/// The list of the customers in `state` as one `caller` sees it.
pub(crate) struct CustomerList<'a> {
    pub(crate) state: &'a State,
    pub(crate) quirks: &'a Quirks,
    pub(crate) rendered_pages: &'a RenderedPages,
    pub(crate) caller: Caller,
    /// Set once nobody waits for the page any more. A search, which may take long, then ends with an incomplete page.
    pub(crate) cancelled: &'a AtomicBool,
}

impl CustomerList<'_> {
    /// Returns the page that the query `parameters` of `request` and the token among its headers describe.
    pub(crate) fn respond_with_requested_page(
        &self,
        parameters: &QueryParameters,
        request: &Request,
    ) -> Result<ServiceResponse, ErrorResponse> {
        let position = self.requested_position(parameters, request)?;
        let ContinuationToken { start, size, ref filter } = position;
        let (seed, end, quirks) = (self.state.population.seed, self.state.end_of_customer_indexes(), self.quirks);
        if self.caller == Caller::Application && filter.as_ref().is_some_and(CustomerFilter::requires_user) {
            return Err(ErrorResponse::NeedsUser);
        }
        // Such a token exists only with a quirk of the list's end.
        let is_past_end = start == end && end > 0;
        match quirks.list_end {
            ListEnd::ErrorResponse if is_past_end => return Err(INVALID_CONTINUATION_TOKEN_ERROR),
            ListEnd::NoContent if is_past_end => {
                return Ok(ServiceResponse::new(StatusCode::NO_CONTENT, ResponseContent::Empty));
            }
            _ => {}
        }
        // The links of a page may begin with the address that the request was sent to.
        let is_kept = filter.is_none() && quirks.link_style != LinkStyle::Absolute;
        let key = PageKey { version: self.state.version(), position: PagePosition { start, size } };
        if let Some(body) = self.rendered_pages.get_cached_page(key).filter(|_| is_kept) {
            return Ok(ServiceResponse::new(StatusCode::OK, ResponseContent::RenderedPage(body)));
        }

        let mut matching = self.matching_indexes(start, filter.as_ref());
        let indexes: Vec<u32> = matching.by_ref().take(size.into()).collect();
        // The next match decides whether there is a next page: the last page has no token, even if it is full.
        let has_trailing_token = quirks.list_end != ListEnd::NoToken && !is_past_end && end > 0;
        let next_start = matching.next().or(has_trailing_token.then_some(end));
        let token = next_start.map(|start| ContinuationToken { start, ..position.clone() }.encode(seed));
        let total_count = match quirks.total_count {
            TotalCount::Page => indexes.len(),
            TotalCount::List => self.matching_indexes(0, filter.as_ref()).count(),
        };

        let uri = format!("/customers?size={size}");
        let separator = if quirks.double_question_mark { '?' } else { '&' };
        let filter_parameter =
            filter.as_ref().map(|filter| format!("{separator}{}", filter.to_query_parameter())).unwrap_or_default();
        let next_link = |token| {
            ResourceLink::new(format!("{uri}{separator}seekOperation=Next"))
                .with_header(CONTINUATION_TOKEN_HEADER, token)
        };
        let token_place = if quirks.without_links { ContinuationIn::Body } else { quirks.continuation_in };
        let token_in_body = token.clone().filter(|_| token_place != ContinuationIn::Link);
        let links = PageLinks {
            next: token.filter(|_| token_place != ContinuationIn::Body).map(next_link),
            self_link: ResourceLink::new(format!("{uri}{filter_parameter}")),
        };
        let page = self.write_page(token_in_body, &indexes, &links, total_count);
        // A page whose making was cancelled is incomplete.
        let key = Some(key).filter(|_| is_kept && !self.cancelled.load(Ordering::Relaxed));
        Ok(ServiceResponse::new(StatusCode::OK, ResponseContent::CustomerPage(page, key)))
    }

    /// Writes the page with the customers at `indexes`, its fields in alphabetical order. All is written into one buffer.
    fn write_page(
        &self,
        continuation_token: Option<String>,
        indexes: &[u32],
        links: &PageLinks,
        total_count: usize,
    ) -> Vec<u8> {
        let mut json = Vec::with_capacity((indexes.len() + 1) * ESTIMATED_CUSTOMER_JSON_SIZE);
        json.extend_from_slice(br#"{"attributes":{"objectType":"Collection"},"#);
        if let Some(token) = continuation_token {
            json.extend_from_slice(format!(r#""continuationToken":{},"#, Value::from(token)).as_bytes());
        }
        json.extend_from_slice(br#""items":["#);
        for (position, index) in indexes.iter().enumerate() {
            if position > 0 {
                json.push(b',');
            }
            self.state.append_customer_summary(*index, &mut json);
        }
        json.extend_from_slice(format!(r#"],"links":{},"totalCount":{total_count}}}"#, json!(links)).as_bytes());
        json
    }

    /// Returns the indexes, from `start` on, of the customers that match `filter`.
    fn matching_indexes(&self, start: u32, filter: Option<&CustomerFilter>) -> impl Iterator<Item = u32> {
        let Self { state, cancelled, .. } = *self;
        let provider = indirect_provider_id(state.population.seed);
        let indexes = state.customer_indexes(start).take_while(|_| !cancelled.load(Ordering::Relaxed));
        indexes.filter(move |index| {
            filter.is_none_or(|filter| filter.matches_customer(&state.customer_searchable_fields(*index), provider))
        })
    }

    /// Returns the position of the requested page. A first page is one that continues from the start.
    fn requested_position(
        &self,
        parameters: &QueryParameters,
        request: &Request,
    ) -> Result<ContinuationToken, ErrorResponse> {
        let size = parameters
            .first_value("size")
            .map(|size| parse_page_size(size, MAX_PAGE_SIZE).ok_or(INVALID_PAGE_SIZE_ERROR))
            .transpose()?;
        // Some clients send 0 to leave the size to the service.
        let size = size.filter(|size| *size > 0);
        let first_page = || -> Result<_, ErrorResponse> {
            let filter = parameters.first_value(FILTER_PARAMETER_NAME).map(CustomerFilter::parse_filter).transpose()?;
            Ok(ContinuationToken { start: 0, size: MAX_PAGE_SIZE, filter })
        };
        let seek_operation = parameters.first_value("seekOperation").map(str::to_ascii_lowercase);
        let token = request.headers().get(CONTINUATION_TOKEN_HEADER);
        let mut position = match (seek_operation.as_deref(), token) {
            (None | Some("first"), None) => first_page()?,
            (Some("first"), Some(token)) => {
                ContinuationToken { start: 0, ..self.decode_continuation_token(token.as_bytes())? }
            }
            // A token continues its list also without a seek operation: the service's .NET SDK drops the operation from links
            // with two question marks, which the service's documentation prints.
            (None | Some("next"), Some(token)) => self.decode_continuation_token(token.as_bytes())?,
            (Some("next"), None) => return Err(INVALID_CONTINUATION_TOKEN_ERROR),
            (Some(_), _) => return Err(INVALID_SEEK_OPERATION_ERROR),
        };
        if let Some(size) = size {
            position.size = size;
        }
        position.size = position.size.min(self.quirks.page_cap.map_or(MAX_PAGE_SIZE, NonZeroU16::get));
        Ok(position)
    }

    fn decode_continuation_token(&self, token: &[u8]) -> Result<ContinuationToken, ErrorResponse> {
        let past_end = u32::from(self.quirks.list_end != ListEnd::NoToken);
        ContinuationToken::decode(token, self.state.population.seed)
            .filter(|position| position.start < self.state.end_of_customer_indexes().saturating_add(past_end))
            .ok_or(INVALID_CONTINUATION_TOKEN_ERROR)
    }
}

#[derive(Serialize)]
struct PageLinks {
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<ResourceLink>,
    #[serde(rename = "self")]
    self_link: ResourceLink,
}

/// Whether customers are searched for the page that `request` describes, which may take long.
pub(crate) fn requires_customer_search(quirks: &Quirks, seed: u64, request: &Request) -> bool {
    let token = request.headers().get(CONTINUATION_TOKEN_HEADER);
    quirks.total_count == TotalCount::List
        || QueryParameters::parse(request.uri()).first_value(FILTER_PARAMETER_NAME).is_some()
        || token.is_some_and(|token| {
            ContinuationToken::decode(token.as_bytes(), seed).is_none_or(|position| position.filter.is_some())
        })
}

/// Parses a page size up to `max`. It has digits only; `u16::from_str` alone would accept a plus sign.
pub(crate) fn parse_page_size(size: &str, max: u16) -> Option<u16> {
    let has_digits_only = size.bytes().all(|byte| byte.is_ascii_digit());
    size.parse().ok().filter(|size| has_digits_only && *size <= max)
}

pub(crate) const INVALID_PAGE_SIZE_ERROR: ErrorResponse =
    ErrorResponse::InvalidSearch("The size must be a number from 0 to 500.");
pub(crate) const INVALID_SEEK_OPERATION_ERROR: ErrorResponse =
    ErrorResponse::InvalidSearch("The seek operation must be Next or First.");
pub(crate) const INVALID_CONTINUATION_TOKEN_ERROR: ErrorResponse = ErrorResponse::InvalidSearch(
    "The continuation token is missing or invalid; send the token of the previous page unchanged.",
);

#[cfg(test)]
mod tests {
    use super::{CONTINUATION_TOKEN_HEADER, ContinuationToken, CustomerList};
    use crate::{
        authority::Caller,
        customers::{CustomerSequences, CustomerStore},
        query::QueryParameters,
        quirks::Quirks,
        rendered_pages::RenderedPages,
        service_response::ResponseContent,
        store::ResourceStore,
    };
    use serde_json::Value;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn last_page_of_a_million_is_made_without_the_previous_ones() {
        let customers = CustomerStore { seed: 7, count: 1_000_000, rare_values: false };
        assert_eq!(size_of_val(&customers), 16, "customers take no memory");
        let state = ResourceStore::new(customers).state_snapshot();
        let token = ContinuationToken { start: 999_501, size: 500, filter: None }.encode(7);
        let request =
            http::Request::get("/v1/customers?size=500&seekOperation=Next").header(CONTINUATION_TOKEN_HEADER, token);
        let (quirks, rendered_pages) = (Quirks::default(), RenderedPages::default());
        let cancelled = AtomicBool::new(false);
        let customer_list = CustomerList {
            state: &state,
            quirks: &quirks,
            rendered_pages: &rendered_pages,
            caller: Caller::User,
            cancelled: &cancelled,
        };
        let request = request.body(Vec::new()).unwrap();
        let response =
            customer_list.respond_with_requested_page(&QueryParameters::parse(request.uri()), &request).unwrap();
        let ResponseContent::CustomerPage(page, _) = response.content else { panic!("a page was requested") };
        let json: Value = serde_json::from_slice(&page).unwrap();
        assert_eq!(json["totalCount"], 499);
        assert!(json["links"]["next"].is_null());
        let items = json["items"].as_array().unwrap();
        assert_eq!(items.len(), 499);
        let mut expected = Vec::new();
        customers.append_customer_summary(CustomerSequences::new(7), 999_999, &mut expected);
        assert_eq!(items[498], serde_json::from_slice::<Value>(&expected).unwrap());
    }
}
