use crate::{
    continuation::Continuation, customer::indirect_provider, fault::Fault, filter::Filter, link::link,
    population::Population,
};
use http::HeaderMap;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};

/// The header that a continuation token travels in.
const TOKEN_HEADER: &str = "MS-ContinuationToken";

/// The greatest number of customers in a page, which is also the one that a request without a size gets.
const GREATEST_SIZE: u16 = 500;

/// The page of `customers` that the query and the token among `headers` ask for.
///
/// The search for what matches may be long. It ends when it is `given_up`: the page is then a part, for nobody.
pub(crate) fn page(
    customers: &Population,
    query: &str,
    headers: &HeaderMap,
    given_up: &AtomicBool,
) -> Result<Value, Fault> {
    let Continuation { start, size, filter } = asked_for(customers, query, headers)?;
    let provider = indirect_provider(customers.seed);
    let mut matching = (start..customers.count)
        .take_while(|_| !given_up.load(Ordering::Relaxed))
        .filter(|index| filter.as_ref().is_none_or(|filter| filter.matches(&customers.searchable(*index), provider)));
    let items: Vec<_> = matching.by_ref().take(size.into()).map(|index| customers.brief(index)).collect();

    let uri = format!("/v1/customers?size={size}");
    let mut links = json!({ "self": link(&uri, []) });
    // One match ahead: the last page has no next link, even if it is full.
    if let Some(start) = matching.next() {
        let token = Continuation { start, size, filter: filter.clone() }.token(customers.seed);
        links["next"] = link(&format!("{uri}&seekOperation=Next"), [(TOKEN_HEADER, token)]);
    }
    Ok(json!({
        "totalCount": items.len(),
        "items": items,
        "links": links,
        "attributes": { "objectType": "Collection" },
    }))
}

/// A first page is one that continues from the start.
fn asked_for(customers: &Population, query: &str, headers: &HeaderMap) -> Result<Continuation, Fault> {
    let size = match parameter(query, "size") {
        Some(size) => Some(size.parse().ok().filter(|size| *size <= GREATEST_SIZE).ok_or(INVALID_SIZE)?),
        None => None,
    };
    // 0 is what some clients send to leave the size to the service.
    let size = size.filter(|size| *size > 0);
    let first = || -> Result<_, Fault> {
        let filter = parameter(query, "filter").map(|json| Filter::parse(&json)).transpose()?;
        Ok(Continuation { start: 0, size: GREATEST_SIZE, filter })
    };
    let seek = parameter(query, "seekOperation").map(|seek| seek.to_ascii_lowercase());
    let token = headers.get(TOKEN_HEADER);
    let mut continuation = match (seek.as_deref(), token) {
        // Without a seek operation a token means nothing.
        (None, _) | (Some("first"), None) => first()?,
        (Some("first"), Some(token)) => Continuation { start: 0, ..continued(customers, token.as_bytes())? },
        (Some("next"), Some(token)) => continued(customers, token.as_bytes())?,
        (Some("next"), None) => return Err(INVALID_TOKEN),
        (Some(_), _) => return Err(INVALID_SEEK),
    };
    if let Some(size) = size {
        continuation.size = size;
    }
    Ok(continuation)
}

fn continued(customers: &Population, token: &[u8]) -> Result<Continuation, Fault> {
    Continuation::read(token, customers.seed)
        .filter(|continuation| continuation.start < customers.count)
        .ok_or(INVALID_TOKEN)
}

/// The first value of a parameter. Clients are known to begin the second parameter with `?` once more.
fn parameter(query: &str, name: &str) -> Option<String> {
    let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    query
        .split(['&', '?'])
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(key, _)| decoded(key).eq_ignore_ascii_case(name))
        .map(|(_, value)| decoded(value))
}

const INVALID_SIZE: Fault = Fault::InvalidSearch("The size must be a number from 1 to 500.");
const INVALID_SEEK: Fault = Fault::InvalidSearch("The seek operation must be Next or First.");
const INVALID_TOKEN: Fault =
    Fault::InvalidSearch("The continuation token is missing or invalid; send the one of the page before unchanged.");

#[cfg(test)]
mod tests {
    use super::{Continuation, TOKEN_HEADER, page, parameter};
    use crate::population::Population;
    use http::HeaderMap;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn the_last_page_of_a_million_comes_without_those_before() {
        let customers = Population { seed: 7, count: 1_000_000 };
        assert_eq!(size_of_val(&customers), 16, "nothing is kept for a customer");
        let token = Continuation { start: 999_501, size: 500, filter: None }.token(7);
        let headers = HeaderMap::from_iter([(TOKEN_HEADER.parse().unwrap(), token.parse().unwrap())]);
        let page = page(&customers, "size=500&seekOperation=Next", &headers, &AtomicBool::new(false)).unwrap();
        assert_eq!(page["totalCount"], 499);
        assert_eq!(page["items"][498], customers.brief(999_999));
        assert!(page["links"].get("next").is_none());
    }

    #[test]
    fn parameters_are_found_as_clients_write_them() {
        for query in
            ["size=1&filter=a%20b", "size=1?filter=a+b", "&?size=1&&FILTER=a%20b&filter=c", "filter=a b&size=1"]
        {
            assert_eq!(parameter(query, "size").as_deref(), Some("1"), "{query}");
            assert_eq!(parameter(query, "filter").as_deref(), Some("a b"), "{query}");
            assert_eq!(parameter(query, "seekOperation"), None, "{query}");
        }
    }
}
