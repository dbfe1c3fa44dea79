//! The pages of all lists but that of the customers.

use crate::{START_TIME, call, emulator, get, operations::example_request, post};
use http::{Method, StatusCode};
use partner_center_core::{Blocking, Client, Credential, Pagination, RawRequest};
use partner_center_emulator::{ContinuationIn, Emulator, EmulatorBuilder, LinkStyle, ListEnd};
use partner_center_spec::{OPERATIONS, Operation};
use serde_json::{Value, json};
use std::{num::NonZeroU16, time::UNIX_EPOCH};

const CUSTOMER: &str = "/v1/customers/aaaabbbb-0000-cccc-1111-dddd2222eeee";

type Configure = fn(EmulatorBuilder) -> EmulatorBuilder;

fn build(configure: impl FnOnce(EmulatorBuilder) -> EmulatorBuilder) -> Emulator {
    configure(Emulator::builder().customers(60).seed(7).start_time(UNIX_EPOCH + START_TIME)).build()
}

fn one() -> NonZeroU16 {
    NonZeroU16::new(1).unwrap()
}

/// Returns the items of all pages of a list, as a client reads them, or its error; `None` if the operation is no list in pages.
fn listed(emulator: &Emulator, operation: &Operation) -> Option<Result<Vec<Value>, String>> {
    let paging = operation.paging?;
    let mut pagination = Pagination::new(paging.items);
    pagination.next_link = paging.next_link;
    pagination.continuation_token = paging.continuation_token;
    pagination.response_header = paging.response_header;
    pagination.token_header = paging.token_header;
    pagination.token_query = paging.token_query;
    pagination.seek = paging.seek;
    pagination.size_query = paging.size_query;
    pagination.offset_query = paging.offset_query;
    pagination.total = paging.total;
    let (method, uri, headers) = example_request(operation);
    let (path, query) = uri.split_once('?').unwrap_or((&uri, ""));
    let mut request = RawRequest::new(method.as_str().parse().unwrap(), path);
    if let Some(example) = operation.body.and_then(|body| body.examples.first()) {
        request = request.json(example.json);
    }
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        let value = percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned();
        request = request.query(name, &value);
    }
    for (name, value) in headers {
        request = request.header(&name, &value);
    }
    let transport = emulator.transport::<Blocking>();
    let client = Client::builder(transport, Credential::token(Emulator::TOKEN)).build().unwrap();
    let items: Result<Vec<_>, _> = client.request_items(request, pagination).collect();
    Some(
        items
            .map(|items| items.iter().map(|item| serde_json::to_value(item).unwrap()).collect())
            .map_err(|error: partner_center_core::Error| format!("{error:?}")),
    )
}

#[test]
fn every_list_is_complete_with_every_quirk_of_pages() {
    let plain = emulator(60);
    let configurations: [(&str, Configure); 9] = [
        ("page cap", |emulator| emulator.page_cap(one())),
        ("empty page", |emulator| emulator.list_end(ListEnd::EmptyPage)),
        ("no content", |emulator| emulator.list_end(ListEnd::NoContent)),
        ("error response", |emulator| emulator.list_end(ListEnd::ErrorResponse)),
        ("capped, empty page", |emulator| emulator.page_cap(one()).list_end(ListEnd::EmptyPage)),
        ("capped, in body", |emulator| emulator.page_cap(one()).continuation_in(ContinuationIn::Body)),
        ("capped, in both", |emulator| emulator.page_cap(one()).continuation_in(ContinuationIn::Both)),
        ("capped, without links", |emulator| emulator.page_cap(one()).without_links(true)),
        ("capped, two question marks", |emulator| emulator.page_cap(one()).double_question_mark(true)),
    ];
    let mut problems = Vec::new();
    for (name, configure) in configurations {
        let quirky = build(|emulator| configure(emulator).reject_unknown_parameters(true));
        for operation in OPERATIONS {
            let Some(expected) = listed(&plain, operation) else { continue };
            let expected: Vec<_> = expected.unwrap().into_iter().map(without_links).collect();
            match listed(&quirky, operation).unwrap() {
                Ok(items) => {
                    let items: Vec<_> = items.into_iter().map(without_links).collect();
                    if items != expected {
                        problems.push(format!("{name}: {} has {} of {}", operation.id, items.len(), expected.len()));
                    }
                }
                Err(error) => problems.push(format!("{name}: {}: {error}", operation.id)),
            }
        }
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

/// Returns `value` without its links, which quirks change.
fn without_links(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(name, _)| name != "links")
            .map(|(name, value)| (name, without_links(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Array(items) => items.into_iter().map(without_links).collect(),
        value => value,
    }
}

#[test]
fn list_without_documented_pages_comes_whole() {
    let emulator = emulator(60);
    let uri = format!("{CUSTOMER}/orders");
    let before = get(&emulator, &uri).1["items"].as_array().unwrap().len();
    for _ in 0..505 {
        let line_item = json!({ "lineItemNumber": 0, "offerId": "DG7GMGF0THXD:0003:DG7GMGF0F128", "quantity": 1 });
        let (status, order) = post(&emulator, &uri, &json!({ "billingCycle": "one_time", "lineItems": [line_item] }));
        assert_eq!(status, StatusCode::CREATED, "{order}");
    }
    let (_, page) = get(&emulator, &uri);
    assert_eq!(page["items"].as_array().unwrap().len(), before + 505);
    assert!(page["links"]["next"].is_null(), "{}", page["links"]);
}

#[test]
fn next_link_keeps_the_case_of_the_path_and_the_query() {
    let emulator = build(|emulator| emulator.page_cap(one()));
    let mut checked = 0;
    for operation in OPERATIONS {
        let Some(paging) = operation.paging.filter(|paging| paging.next_link.is_some()) else { continue };
        let (_, uri, _) = example_request(operation);
        let (path, query) = uri.split_once('?').unwrap_or((&uri, ""));
        let (_, page) = get(&emulator, &uri);
        let Some(next) = page["links"]["next"]["uri"].as_str() else { continue };
        let (next_path, next_query) = next.split_once('?').unwrap_or((next, ""));
        assert_eq!(format!("/v1{next_path}"), path.replace("%2D", "-").replace("%5F", "_"), "{}", operation.id);
        let next_names: Vec<_> = next_query.split('&').filter_map(|pair| pair.split('=').next()).collect();
        for name in query.split('&').filter_map(|pair| pair.split('=').next()).filter(|name| !name.is_empty()) {
            assert!(next_names.contains(&name), "{}: {next} lacks {name}", operation.id);
        }
        assert!(paging.token_header.is_some() || next != page["links"]["self"]["uri"], "{}", operation.id);
        checked += 1;
    }
    assert!(checked > 10, "{checked}");
}

#[test]
fn secret_of_a_stored_resource_is_not_returned() {
    let emulator = emulator(60);
    let user = json!({
        "userPrincipalName": "kim@contoso.example",
        "displayName": "Kim",
        "firstName": "Kim",
        "lastName": "Abercrombie",
        "usageLocation": "US",
        "passwordProfile": { "password": "Pa55word-to-hide", "forceChangePassword": true },
    });
    let (status, created) = post(&emulator, &format!("{CUSTOMER}/users"), &user);
    assert_eq!(status, StatusCode::OK, "{created}");
    assert_eq!(created["passwordProfile"]["password"], "Pa55word-to-hide", "this response alone has it");
    let uri = format!("{CUSTOMER}/users/{}", created["id"].as_str().unwrap());
    let change = json!({ "passwordProfile": { "password": "Pa55word-to-hide" }, "attributes": { "objectType": "CustomerUser" } });
    let bodies = [
        get(&emulator, &uri).1,
        call(&emulator, &Method::PATCH, &uri, &[], &change).2,
        get(&emulator, &uri).1,
        get(&emulator, &format!("{CUSTOMER}/users")).1,
    ];
    for body in bodies {
        assert!(!body.to_string().contains("Pa55word-to-hide"), "{body}");
    }
    assert_eq!(get(&emulator, &uri).1["passwordProfile"]["forceChangePassword"], true);
}

#[test]
fn self_link_has_the_style_before_and_after_a_write() {
    for (style, prefix) in [
        (LinkStyle::V1, "/v1/"),
        (LinkStyle::Plain, "/"),
        (LinkStyle::Bare, ""),
        (LinkStyle::Absolute, "http://localhost/v1/"),
    ] {
        let emulator = build(|emulator| emulator.link_style(style));
        let line_item = json!({ "catalogItemId": "DG7GMGF0THXD:0003:DG7GMGF0F128", "quantity": 1 });
        let (_, cart) = post(&emulator, &format!("{CUSTOMER}/carts"), &json!({ "lineItems": [line_item] }));
        let uri = format!("{CUSTOMER}/carts/{}", cart["id"].as_str().unwrap());
        let expected = format!("{prefix}{}", uri.strip_prefix("/v1/").unwrap());
        assert_eq!(cart["links"]["self"]["uri"], expected);
        for operation in OPERATIONS.iter().filter(|operation| operation.method.as_str() == "GET") {
            let (_, uri, headers) = example_request(operation);
            if operation.responses.iter().any(
                |response| matches!(response.body, Some((media, _)) if media != partner_center_spec::MediaType::Json),
            ) {
                continue;
            }
            let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let (_, _, resource) = call(&emulator, &Method::GET, &uri, &headers, &Value::Null);
            if let Some(link) = resource["links"]["self"]["uri"].as_str() {
                let has_style = match style {
                    LinkStyle::Plain => link.starts_with('/') && !link.starts_with("/v1/"),
                    LinkStyle::Bare => !link.starts_with('/') && !link.contains(':'),
                    _ => link.starts_with(prefix),
                };
                assert!(has_style, "{}: {link}", operation.id);
            }
        }
    }
}

#[test]
fn missing_fields_of_a_customer_are_named() {
    let (status, error) = post(&emulator(60), "/v1/customers", &json!({}));
    assert_eq!((status, &error["code"]), (StatusCode::BAD_REQUEST, &json!(3000)));
    let description = error["description"].as_str().unwrap();
    for name in ["companyProfile.domain", "billingProfile.defaultAddress"] {
        assert!(description.contains(name), "{description}");
    }
}
