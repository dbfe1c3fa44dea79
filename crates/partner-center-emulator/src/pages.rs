//! The pages of all lists but that of the customers. As there, the position of a page is in its continuation token alone: the
//! emulator keeps no state between two pages.

use crate::{
    behaviors::OperationCall,
    customer_list::{
        INVALID_CONTINUATION_TOKEN_ERROR, INVALID_PAGE_SIZE_ERROR, INVALID_SEEK_OPERATION_ERROR, MAX_PAGE_SIZE,
        parse_page_size,
    },
    error_response::ErrorResponse,
    query::FILTER_PARAMETER_NAME,
    quirks::{ContinuationIn, ListEnd, Quirks, TotalCount},
    random::keyed_hash,
    resource::ResourceLink,
    resource_path::escape_uri_component,
    service_response::{ResourceKind, ResponseContent, ServiceResponse},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderName, HeaderValue, StatusCode};
use partner_center_spec::{Operation, Outcome, Paging, Response, Type};
use serde_json::{Map, Value, json};

/// A page as a request describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PageRequest {
    /// The minimum number of its items; each item of a list has one, which stays the same.
    start: u64,
    /// The number of items before the page, for a list that is read by numbers.
    offset: usize,
    /// The maximum number of items.
    size: u32,
    /// The filter of the list, or what else decides on its items; or an empty string. Its token has it, too.
    pub(crate) filter: String,
}

/// The start of a page after the last item, which exists only with a quirk of the list's end.
const START_AFTER_LAST_ITEM: u64 = u64::MAX;

/// Returns the type of the items of the list that an operation responds with, if it does.
pub(crate) fn list_item_type(operation: &Operation) -> Option<Type> {
    let response = operation.responses.iter().find(|response| response.outcome == Outcome::Done)?;
    let (_, of) = response.body?;
    let items = operation
        .items?
        .split('.')
        .filter(|name| !name.is_empty())
        .try_fold(of, |of, name| Some(of.object()?.property(name)?.value))?;
    if let Type::List(item) = items { Some(*item) } else { None }
}

/// Returns the query parameter with the token of a page. A list whose documentation has links alone has the position in them.
pub(crate) fn page_token_parameter(paging: &Paging) -> Option<&'static str> {
    let has_links_alone = paging.next_link.is_some() && paging.token_header.is_none() && paging.offset_query.is_none();
    paging.token_query.or(has_links_alone.then_some("continuationToken"))
}

/// Whether the service documents how to request another page than the first. Any other list comes in one page by default.
fn is_documented_as_paged(paging: &Paging) -> bool {
    let Paging { token_header, token_query, size_query, offset_query, .. } = paging;
    [token_header, token_query, size_query, offset_query].into_iter().any(Option::is_some)
}

/// Whether a page can say where the next one is; otherwise the list is not cut.
fn can_point_to_next_page(paging: &Paging, quirks: &Quirks) -> bool {
    let Paging { continuation_token, response_header, offset_query, .. } = paging;
    let has_link = paging.next_link.is_some() && !quirks.without_links;
    has_link || [continuation_token, response_header, offset_query].into_iter().any(Option::is_some)
}

/// Returns the maximum size of a page: that of the parameter, which is the size without it as well, or that of customers.
fn documented_max_size(operation: &Operation, paging: &Paging) -> u16 {
    let size = paging.size_query.and_then(|name| operation.parameters.iter().find(|parameter| parameter.name == name));
    let max = size.and_then(|parameter| parameter.constraints.maximum);
    max.and_then(|max| u16::try_from(max).ok()).unwrap_or(MAX_PAGE_SIZE)
}

impl PageRequest {
    /// Reads what page `call` requests. A list that is not paged has one, with all items.
    pub(crate) fn from_call(call: &OperationCall<'_>) -> Result<Self, ErrorResponse> {
        let filter = call.query.first_value("filter").unwrap_or_default().to_owned();
        let first = Self { start: 0, offset: 0, size: u32::MAX, filter };
        let Some(paging) = call.operation.paging else { return Ok(first) };
        let get = |name: Option<&str>| name.and_then(|name| call.query.first_value(name));
        let max_size = documented_max_size(call.operation, paging);
        let size = get(paging.size_query).map(|size| parse_page_size(size, max_size).ok_or(INVALID_PAGE_SIZE_ERROR));
        let size = size.transpose()?;
        let offset =
            get(paging.offset_query).map(|offset| offset.parse().map_err(|_| INVALID_OFFSET_ERROR)).transpose()?;
        let seek = paging.seek.and_then(|(name, _)| call.query.first_value(name)).map(str::to_ascii_lowercase);
        let header = paging.token_header.and_then(|name| call.request.headers().get(name)).map(HeaderValue::as_bytes);
        let token = header.or_else(|| get(page_token_parameter(paging)).map(str::as_bytes));
        let decode = |token| Self::decode_continuation_token(token, call).ok_or(INVALID_CONTINUATION_TOKEN_ERROR);
        let mut page = match (seek.as_deref(), token) {
            (None | Some("first"), None) => first,
            (Some("first"), Some(token)) => Self { start: 0, ..decode(token)? },
            (None | Some("next"), Some(token)) => decode(token)?,
            (Some("next"), None) => return Err(INVALID_CONTINUATION_TOKEN_ERROR),
            (Some(_), _) => return Err(INVALID_SEEK_OPERATION_ERROR),
        };
        // Some clients send 0 to leave the size to the service.
        page.size = size.filter(|size| *size > 0).map_or(page.size, u32::from);
        if can_point_to_next_page(paging, call.quirks) {
            let max_size = if is_documented_as_paged(paging) { max_size.into() } else { u32::MAX };
            page.size = page.size.min(call.quirks.page_cap.map_or(max_size, |cap| cap.get().into()));
        }
        page.offset = offset.unwrap_or(0);
        Ok(page)
    }

    /// Returns the page of `items`, which are in order and are those that its filter matches.
    pub(crate) fn respond_with_page(
        &self,
        call: &OperationCall<'_>,
        response: &'static Response,
        items: Vec<(u64, Value)>,
    ) -> Result<ServiceResponse, ErrorResponse> {
        let Self { start, offset, size, .. } = *self;
        let quirks = call.quirks;
        let paging = call.operation.paging.filter(|paging| can_point_to_next_page(paging, quirks));
        let list_count = items.len();
        let is_past_end = start == START_AFTER_LAST_ITEM
            || (quirks.list_end != ListEnd::NoToken && offset > 0 && offset >= list_count);
        match quirks.list_end {
            ListEnd::ErrorResponse if is_past_end => return Err(INVALID_CONTINUATION_TOKEN_ERROR),
            ListEnd::NoContent if is_past_end => {
                return Ok(ServiceResponse::new(StatusCode::NO_CONTENT, ResponseContent::Empty));
            }
            _ => {}
        }
        let mut rest = items.into_iter().filter(|(number, _)| *number >= start).skip(offset).peekable();
        let page: Vec<Value> =
            rest.by_ref().take(usize::try_from(size).unwrap_or(usize::MAX)).map(|(_, item)| item).collect();
        let has_trailing_token = quirks.list_end != ListEnd::NoToken && !is_past_end && list_count > 0;
        let next_start = rest.peek().map(|(number, _)| *number).or(has_trailing_token.then_some(START_AFTER_LAST_ITEM));
        let token = next_start
            .filter(|_| paging.is_some())
            .map(|start| Self { start, offset: 0, ..self.clone() }.encode_continuation_token(call));
        let total_count = match quirks.total_count {
            // By the number of all items a client knows where a list that is read by numbers ends.
            TotalCount::Page if paging.is_none_or(|paging| paging.total.is_none()) => page.len(),
            TotalCount::Page | TotalCount::List => list_count,
        };

        let mut links = json!({ "self": ResourceLink::new(self.page_link_uri(call, &[])) });
        let mut fields = Map::new();
        let mut headers = Vec::new();
        if let (Some(paging), Some(token)) = (paging, token) {
            let place = if quirks.without_links { ContinuationIn::Body } else { quirks.continuation_in };
            let is_in_body_only = place == ContinuationIn::Body && paging.continuation_token.is_some();
            let has_link = paging.next_link.is_some() && !quirks.without_links && !is_in_body_only;
            if has_link {
                let position = match (paging.token_header, paging.offset_query, page_token_parameter(paging)) {
                    (Some(_), ..) | (None, None, None) => None,
                    (None, Some(name), _) => Some((name, (offset + page.len()).to_string())),
                    (None, None, Some(name)) => Some((name, token.clone())),
                };
                let seek = paging.seek.map(|(name, value)| (name, value.to_owned()));
                let parameters: Vec<_> = position.into_iter().chain(seek).collect();
                let link = ResourceLink::new(self.page_link_uri(call, &parameters));
                links["next"] = json!(match paging.token_header {
                    Some(name) => link.with_header(name, token.clone()),
                    None => link,
                });
            }
            if let Some(name) = paging.continuation_token
                && (place != ContinuationIn::Link || !has_link)
            {
                insert_at_path(&mut fields, name, token.clone().into());
            }
            headers.extend(paging.response_header.map(|name| (name, token)));
        }
        let (_, of) = response.body.ok_or(ErrorResponse::NotFound)?;
        let value = match of {
            Type::List(_) => Value::Array(page),
            _ => page_object_around_items(
                response,
                of,
                call.operation.items.unwrap_or_default(),
                (page, total_count),
                links,
                fields,
            ),
        };
        let mut response =
            ServiceResponse::new(StatusCode::OK, ResponseContent::Resource(value, ResourceKind::Other, of));
        for (name, value) in headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                response = response.with_header(name, value);
            }
        }
        Ok(response)
    }

    /// Returns the target of a link to a page of the list: that of the request, with `position` in place of its own position.
    fn page_link_uri(&self, call: &OperationCall<'_>, position: &[(&'static str, String)]) -> String {
        let paging = call.operation.paging;
        let size_query = paging.and_then(|paging| paging.size_query);
        let seek = paging.and_then(|paging| paging.seek).map(|(name, _)| name);
        let is_replaced = |name: &str| {
            let mut replaced = position.iter().map(|(name, _)| *name).chain(size_query).chain(seek);
            replaced.any(|replaced| replaced.eq_ignore_ascii_case(name))
        };
        let size = size_query.map(|name| (name, self.size.to_string()));
        let mut parameters: Vec<_> = size.iter().map(|(name, size)| (*name, size.as_str())).collect();
        parameters.extend(call.query.iter().filter(|(name, _)| !is_replaced(name)));
        // The token alone may have it.
        let has_filter = call.operation.parameters.iter().any(|known| known.name == FILTER_PARAMETER_NAME);
        if has_filter && !self.filter.is_empty() && call.query.first_value(FILTER_PARAMETER_NAME).is_none() {
            parameters.push((FILTER_PARAMETER_NAME, &self.filter));
        }
        parameters.extend(position.iter().map(|(name, value)| (*name, value.as_str())));
        let separator = if call.quirks.double_question_mark { "?" } else { "&" };
        let query: Vec<_> = parameters
            .into_iter()
            .map(|(name, value)| format!("{}={}", escape_uri_component(name), escape_uri_component(value)))
            .collect();
        let question_mark = if query.is_empty() { "" } else { "?" };
        format!("{}{question_mark}{}", call.route.link_path(), query.join(separator))
    }

    /// Encodes a checksum, the list, both numbers and the filter in Base64.
    fn encode_continuation_token(&self, call: &OperationCall<'_>) -> String {
        let list = keyed_hash(0, call.path.to_string().as_bytes());
        let content =
            [&list.to_be_bytes()[..], &self.start.to_be_bytes(), &self.size.to_be_bytes(), self.filter.as_bytes()]
                .concat();
        let checksum = keyed_hash(call.state.population.seed, &content).to_be_bytes();
        BASE64_STANDARD.encode([&checksum, content.as_slice()].concat())
    }

    /// Decodes a token of the list that `call` requests.
    fn decode_continuation_token(token: &[u8], call: &OperationCall<'_>) -> Option<Self> {
        let bytes = BASE64_STANDARD.decode(token).ok()?;
        let (checksum, content) = bytes.split_first_chunk()?;
        if keyed_hash(call.state.population.seed, content) != u64::from_be_bytes(*checksum) {
            return None;
        }
        let (list, content) = content.split_first_chunk()?;
        let (start, content) = content.split_first_chunk()?;
        let (size, filter) = content.split_first_chunk()?;
        let is_same_list = u64::from_be_bytes(*list) == keyed_hash(0, call.path.to_string().as_bytes());
        is_same_list.then_some(Self {
            start: u64::from_be_bytes(*start),
            offset: 0,
            size: u32::from_be_bytes(*size),
            filter: String::from_utf8(filter.to_vec()).ok()?,
        })
    }
}

/// Returns a page as an object with those of the usual fields that its documented example has, or its type if there is none.
fn page_object_around_items(
    response: &Response,
    of: Type,
    items: &str,
    (page, total_count): (Vec<Value>, usize),
    links: Value,
    mut fields: Map<String, Value>,
) -> Value {
    let example = response.examples.first().and_then(|example| serde_json::from_str::<Value>(example.json).ok());
    let has = |name: &str| {
        of.object().is_some_and(|object| object.property(name).is_some())
            && example.as_ref().is_none_or(|example| example.get(name).is_some())
    };
    if has("totalCount") {
        fields.insert("totalCount".to_owned(), total_count.into());
    }
    if has("links") || links.get("next").is_some() {
        fields.insert("links".to_owned(), links);
    }
    if has("attributes") {
        fields.insert("attributes".to_owned(), json!({ "objectType": "Collection" }));
    }
    insert_at_path(&mut fields, items, page.into());
    fields.into()
}

/// Puts `value` where `path` points to, names with dots between them.
fn insert_at_path(fields: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            fields.insert(path.to_owned(), value);
        }
        Some((name, rest)) => {
            if let Value::Object(inner) = fields.entry(name).or_insert_with(|| Map::new().into()) {
                insert_at_path(inner, rest, value);
            }
        }
    }
}

const INVALID_OFFSET_ERROR: ErrorResponse =
    ErrorResponse::InvalidSearch("The offset must be a number that is not negative.");
