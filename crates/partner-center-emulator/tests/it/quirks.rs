//! The quirks of the service, one by one.

use crate::{authorization, emulator, get, get_with, items, request, send};
use http::{Method, StatusCode};
use partner_center_core::Response;
use partner_center_emulator::{
    ContinuationIn, Emulator, EmulatorBuilder, Encoding, ErrorCodes, Fault, LinkStyle, ListEnd, TotalCount,
};
use serde_json::{Value, json};

const DOCUMENTED: &str = "/v1/customers/aaaabbbb-0000-cccc-1111-dddd2222eeee";

/// Returns an emulator of 100 customers with quirks.
fn quirky(configure: impl FnOnce(EmulatorBuilder) -> EmulatorBuilder) -> Emulator {
    configure(Emulator::builder().customers(100).seed(7)).build()
}

/// Returns the page after `token`.
fn next_page(emulator: &Emulator, token: &str) -> Response {
    let headers = [("Authorization", &*authorization()), ("MS-ContinuationToken", token)];
    send(emulator, request(Method::GET, "/v1/customers?seekOperation=Next", &headers))
}

/// Returns the values of all fields with this name, at any depth.
fn all<'a>(value: &'a Value, name: &str) -> Vec<&'a Value> {
    match value {
        Value::Object(fields) => {
            fields.get(name).into_iter().chain(fields.values().flat_map(|value| all(value, name))).collect()
        }
        Value::Array(items) => items.iter().flat_map(|item| all(item, name)).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn json_has_every_encoding() {
    let plain = get(&emulator(100), "/v1/customers").1;
    for (encoding, mark) in [(Encoding::Utf8, "\u{feff}"), (Encoding::Utf16Le, "\u{feff}"), (Encoding::Utf16Be, "")] {
        let emulator = quirky(|emulator| emulator.encoding(encoding).byte_order_mark(!mark.is_empty()));
        for path in ["/v1/customers", "/nowhere"] {
            let response = send(&emulator, request(Method::GET, path, &[("Authorization", &authorization())]));
            assert_eq!(response.headers()["Content-Length"], response.body().len().to_string().as_str());
            let (units, _) = response.body().as_chunks::<2>();
            let text = match encoding {
                Encoding::Utf16Le => {
                    String::from_utf16(&units.iter().copied().map(u16::from_le_bytes).collect::<Vec<_>>())
                }
                Encoding::Utf16Be => {
                    String::from_utf16(&units.iter().copied().map(u16::from_be_bytes).collect::<Vec<_>>())
                }
                _ => Ok(String::from_utf8(response.body().to_vec()).unwrap()),
            };
            let text = text.unwrap();
            let value: Value = serde_json::from_str(text.strip_prefix(mark).unwrap()).unwrap();
            assert_eq!(value == plain, path == "/v1/customers");
        }
    }
}

#[test]
fn links_have_every_style() {
    for (style, next) in [
        (LinkStyle::V1, "/v1/customers?size=40&seekOperation=Next"),
        (LinkStyle::Plain, "/customers?size=40&seekOperation=Next"),
        (LinkStyle::Bare, "customers?size=40&seekOperation=Next"),
        (LinkStyle::Absolute, "https://api.example/v1/customers?size=40&seekOperation=Next"),
    ] {
        let emulator = quirky(|emulator| emulator.link_style(style));
        let page = get(&emulator, "https://api.example/v1/customers?size=40").1;
        assert_eq!(page["links"]["next"]["uri"], next);
        assert_eq!(page["links"]["self"]["uri"], next.replace("&seekOperation=Next", ""));
    }
    let absolute = quirky(|emulator| emulator.link_style(LinkStyle::Absolute));
    let (_, _, page) = get_with(&absolute, "/v1/customers?size=40", &[("Host", "127.0.0.1:80")]);
    assert_eq!(page["links"]["self"]["uri"], "http://127.0.0.1:80/v1/customers?size=40");

    let doubled = quirky(|emulator| emulator.double_question_mark(true));
    let page = get(&doubled, "/v1/customers?size=40").1;
    assert_eq!(page["links"]["next"]["uri"], "/customers?size=40?seekOperation=Next");
    assert_eq!(items(&doubled, "/v1/customers?size=40").len(), 100);
}

#[test]
fn continuation_token_is_in_the_configured_place() {
    let page = |place| get(&quirky(|emulator| emulator.continuation_in(place)), "/v1/customers?size=40").1;
    let in_link = |page: &Value| page["links"]["next"]["headers"][0]["value"].clone();
    let link = page(ContinuationIn::Link);
    assert_eq!(link.get("continuationToken"), None);
    let both = page(ContinuationIn::Both);
    assert_eq!((&both["continuationToken"], &in_link(&both)), (&in_link(&link), &in_link(&link)));
    let body = page(ContinuationIn::Body);
    assert_eq!((&body["continuationToken"], body["links"].get("next")), (&in_link(&link), None));

    let without_links = quirky(|emulator| emulator.without_links(true));
    let page = get(&without_links, "/v1/customers?size=40").1;
    assert_eq!((all(&page, "links"), &page["continuationToken"]), (vec![], &in_link(&link)));
    assert_eq!(all(&get(&without_links, DOCUMENTED).1, "links"), [] as [&Value; 0]);
}

#[test]
fn list_ends_in_every_way() {
    let last_token = |emulator: &Emulator, filter: &str| {
        let mut page = get(emulator, &format!("/v1/customers?size=40{filter}")).1;
        let mut count = 0;
        loop {
            let items = page["items"].as_array().unwrap().len();
            count += items;
            let token = page["continuationToken"].as_str().map(str::to_owned);
            let Some(token) = token.clone().filter(|_| items == 40) else { return (count, token) };
            page = serde_json::from_slice(next_page(emulator, &token).body()).unwrap();
        }
    };
    let prefix = "%7B%22Field%22:%22Domain%22,%22Value%22:%22c%22,%22Operator%22:%22starts_with%22%7D";
    for filter in [String::new(), format!("&filter={prefix}")] {
        let expected = items(&emulator(100), &format!("/v1/customers?size=40{filter}")).len();
        assert!(expected > 0);
        for (end, status) in [(ListEnd::ErrorResponse, 400), (ListEnd::NoContent, 204), (ListEnd::EmptyPage, 200)] {
            let emulator = quirky(|emulator| emulator.continuation_in(ContinuationIn::Body).list_end(end));
            let (count, token) = last_token(&emulator, &filter);
            assert_eq!(count, expected);
            let response = next_page(&emulator, &token.unwrap());
            assert_eq!(response.status(), status, "{end:?}");
            let body: Value = serde_json::from_slice(response.body()).unwrap_or_default();
            match end {
                ListEnd::ErrorResponse => assert_eq!(body["code"], "2000"),
                ListEnd::NoContent => {
                    assert!(response.body().is_empty() && response.headers().get("Content-Type").is_none());
                }
                _ => assert_eq!((&body["items"], body.get("continuationToken")), (&json!([]), None)),
            }
        }
        let plain = quirky(|emulator| emulator.continuation_in(ContinuationIn::Body));
        assert_eq!(last_token(&plain, &filter), (expected, None));
    }
    // A list without customers has one page, not a position past its end.
    for end in [ListEnd::NoContent, ListEnd::EmptyPage] {
        let (status, page) = get(&Emulator::builder().customers(0).list_end(end).build(), "/v1/customers");
        assert_eq!((status, page["links"].get("next")), (StatusCode::OK, None));
    }
}

#[test]
fn total_count_is_that_of_the_list_if_configured() {
    let emulator = quirky(|emulator| emulator.total_count(TotalCount::List));
    assert_eq!(get(&emulator, "/v1/customers?size=40").1["totalCount"], 100);
}

#[test]
fn page_cap_limits_every_requested_size() {
    let emulator = quirky(|emulator| emulator.page_cap(7.try_into().unwrap()));
    for (query, size) in [("", 7), ("?size=500", 7), ("?size=0", 7), ("?size=3", 3)] {
        assert_eq!(get(&emulator, &format!("/v1/customers{query}")).1["totalCount"], size, "{query}");
    }
    assert_eq!(items(&emulator, "/v1/customers").len(), 100);
}

#[test]
fn values_are_null_unknown_or_hidden_and_names_in_pascal_case() {
    let nulls = quirky(|emulator| emulator.nulls(true));
    let customer = get(&nulls, DOCUMENTED).1;
    assert_eq!(customer.get("userCredentials"), Some(&Value::Null));
    let page = get(&nulls, "/v1/customers").1;
    assert_eq!((page.get("continuationToken"), page["links"].get("next")), (Some(&Value::Null), Some(&Value::Null)));
    assert_eq!(page["items"][0].get("billingProfile"), Some(&Value::Null));

    let unknown = get(&quirky(|emulator| emulator.unknown_values(true)), "/v1/customers").1;
    assert_eq!(all(&unknown, "loyalty").len(), 100);
    let stewards = all(&unknown, "relationshipToPartner").into_iter().filter(|value| *value == "co_steward").count();
    assert!((10..90).contains(&stewards), "{stewards}");

    let hidden = quirky(|emulator| emulator.without_delegated_access(true));
    let customer = get(&hidden, DOCUMENTED).1;
    assert_eq!(customer["allowDelegatedAccess"], false);
    for name in ["customDomains", "address"] {
        assert_eq!(all(&customer, name), [] as [&Value; 0], "{name}");
    }
    assert_eq!(all(&customer, "defaultAddress").len(), 1);
    assert!(customer["companyProfile"].get("email").is_none() && customer["billingProfile"]["email"].is_string());

    let capitals = get(&quirky(|emulator| emulator.pascal_case(true)), DOCUMENTED).1;
    assert_eq!(capitals["CompanyProfile"]["Attributes"]["ObjectType"], "CustomerCompanyProfile");
    assert!(!capitals.to_string().contains("\"companyProfile\""));
}

#[test]
fn error_codes_are_numbers_or_strings() {
    let codes = |codes| {
        let emulator = quirky(|emulator| emulator.error_codes(codes));
        ["/v1/customers?size=501", "/nowhere"].map(|path| get(&emulator, path).1["code"].clone())
    };
    assert_eq!(codes(ErrorCodes::Mixed), [json!("2000"), json!(1000)]);
    assert_eq!(codes(ErrorCodes::Numbers), [json!(2000), json!(1000)]);
    assert_eq!(codes(ErrorCodes::Strings), [json!("2000"), json!("1000")]);
}

#[test]
fn headers_are_duplicated_or_foreign() {
    let ours = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";
    let sent = [("MS-RequestId", ours), ("MS-CorrelationId", ours), ("X-Locale", "de-DE")];
    let (_, headers, _) = get_with(&quirky(|emulator| emulator.duplicate_locale(true)), "/v1/customers", &sent);
    assert_eq!(headers.get_all("X-Locale").iter().collect::<Vec<_>>(), ["de-DE", "de-DE"]);
    let (_, headers, _) = get_with(&quirky(|emulator| emulator.foreign_request_ids(true)), "/v1/customers", &sent);
    assert!(headers["MS-RequestId"] != ours && headers["MS-CorrelationId"] == ours);
}

#[test]
fn quirks_apply_to_injected_responses() {
    let fault: Fault = "500".parse().unwrap();
    let emulator = quirky(|emulator| emulator.fault(fault).pascal_case(true).error_codes(ErrorCodes::Strings));
    assert_eq!(get(&emulator, "/v1/customers").1["Code"], "800003");
}
