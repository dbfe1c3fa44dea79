//! The list of customers: pages, continuation tokens and filters.

use crate::{emulator, get, get_with, items, pages, target};
use partner_center_emulator::Emulator;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Returns the URI of a list with this filter.
fn filtered(filter: &Value) -> String {
    format!("/v1/customers?filter={}", utf8_percent_encode(&filter.to_string(), NON_ALPHANUMERIC))
}

fn company_name(customer: &Value) -> &str {
    customer["companyProfile"]["companyName"].as_str().unwrap()
}

#[test]
fn list_is_the_same_for_every_page_size() {
    let emulator = emulator(2500);
    let all = items(&emulator, "/v1/customers");
    let ids: BTreeSet<_> = all.iter().map(|customer| customer["id"].as_str().unwrap()).collect();
    assert_eq!((all.len(), ids.len()), (2500, 2500));
    for (query, last) in [("?size=1", 1), ("?size=7", 1), ("?size=500", 500), ("?size=0", 500), ("?size=499", 5)] {
        let pages = pages(&emulator, &format!("/v1/customers{query}"));
        assert_eq!(pages.last().unwrap()["totalCount"], last, "{query}");
        let items: Vec<_> = pages.iter().flat_map(|page| page["items"].as_array().unwrap().clone()).collect();
        assert!(items == all, "{query} gives another list");
    }
}

#[test]
fn page_has_the_format_of_the_service() {
    let (_, page) = get(&emulator(100), "/v1/customers?size=40");
    let token = &page["links"]["next"]["headers"][0]["value"];
    assert_eq!(
        page["links"],
        json!({
            "self": { "uri": "/customers?size=40", "method": "GET", "headers": [] },
            "next": {
                "uri": "/customers?size=40&seekOperation=Next",
                "method": "GET",
                "headers": [{ "key": "MS-ContinuationToken", "value": token }],
            },
        })
    );
    assert_eq!((&page["totalCount"], &page["attributes"]), (&json!(40), &json!({ "objectType": "Collection" })));
}

#[test]
fn self_link_of_filtered_page_has_the_filter() {
    let filter =
        json!({ "Operator": "StartsWith", "Value": "Größe & co", "fieldType": "String", "Field": "CompanyName" });
    let (_, page) = get(&emulator(100), &format!("{}&size=40", filtered(&filter)));
    assert_eq!(
        page["links"]["self"]["uri"],
        "/customers?size=40&filter=%7B%22Field%22%3A%22CompanyName%22%2C%22Value%22%3A%22gr%C3%B6%C3%9Fe%20%26%20co%22\
         %2C%22Operator%22%3A%22starts_with%22%7D"
    );

    let filter = json!({ "Field": "Domain", "Value": "", "Operator": "starts_with" });
    let emulators = [emulator(100), Emulator::builder().customers(100).double_question_mark(true).build()];
    for emulator in emulators {
        let (_, page) = get(&emulator, &format!("{}&size=40", filtered(&filter)));
        let self_link = page["links"]["self"]["uri"].as_str().unwrap();
        assert!(self_link.contains("filter="), "{self_link}");
        assert_eq!(get(&emulator, &target(self_link)).1, page, "{self_link}");
        let next = page["links"]["next"]["uri"].as_str().unwrap();
        assert!(!next.contains("filter="), "the token has it");
    }
}

#[test]
fn list_without_customers_has_one_empty_page() {
    let (_, page) = get(&emulator(0), "/v1/customers");
    assert_eq!((&page["totalCount"], &page["items"], page["links"].get("next")), (&json!(0), &json!([]), None));
}

#[test]
fn continuation_token_is_accepted_as_clients_send_it() {
    let emulator = emulator(100);
    let filter = json!({ "Field": "Domain", "Value": "", "Operator": "starts_with" });
    let (_, first) = get(&emulator, &format!("{}&size=40", filtered(&filter)));
    let token = [("ms-continuationtoken", first["links"]["next"]["headers"][0]["value"].as_str().unwrap())];
    let page = |query: &str| get_with(&emulator, &format!("/v1/customers?{query}"), &token).2;

    let second = page("size=40&seekOperation=Next");
    assert_eq!(second["totalCount"], 40);
    assert!(second["items"] != first["items"]);
    for same in ["seekOperation=next", "seekOperation=NEXT&size=40", "seekoperation=Next?size=40&other=1"] {
        assert!(page(same) == second, "{same} is not the second page");
    }
    assert_eq!(page("seekOperation=Next&size=100")["totalCount"], 60);
    for start in ["seekOperation=First", "seekOperation=first&size=40"] {
        assert!(page(start) == first, "{start} is not the first page");
    }
    // As the .NET SDK follows `?size=40?seekOperation=Next`: the token, and the filter in it, say where the list continues.
    assert!(page("size=40") == second);
    assert!(page("") == second);
    let invalid = [("MS-ContinuationToken", "invalid")];
    for query in ["", "size=40"] {
        let (status, _, error) = get_with(&emulator, &format!("/v1/customers?{query}"), &invalid);
        assert_eq!((status.as_u16(), &error["code"]), (400, &json!("2000")), "{query}");
    }
    let (_, unfiltered) = get(&emulator, "/v1/customers?size=40");
    assert!(get(&emulator, "/v1/customers?seekOperation=First&size=40").1 == unfiltered);
}

#[test]
fn uris_are_parsed_leniently() {
    let emulator = emulator(100);
    let (_, expected) = get(&emulator, "/v1/customers?size=3");
    for uri in
        ["/v1//customers?size=3", "//v1/customers/?size=3", "/V1/Customers?unknown&Size=3", "/v1/customers??size=3"]
    {
        assert_eq!(get(&emulator, uri).1, expected, "{uri}");
    }
    assert_eq!(get(&emulator, "https://api.partnercenter.microsoft.com/v1/customers?size=3").1, expected);
}

#[test]
fn filter_by_prefix_ignores_case() {
    let emulator = emulator(2500);
    let all = items(&emulator, "/v1/customers");
    for value in
        ["cont", "CONTOSO T", "größer", "GRÖßER B", "żółw", "Ήλιος", "їжак", "東", "フジ", "شركة", "सू", "İNCİ", "x"]
    {
        let filter = json!({ "Field": "CompanyName", "Value": value, "Operator": "starts_with" });
        let expected: Vec<_> = all
            .iter()
            .filter(|customer| company_name(customer).to_lowercase().starts_with(&value.to_lowercase()))
            .cloned()
            .collect();
        assert_eq!(expected.is_empty(), ["x", "東"].contains(&value), "{value}");
        for size in [1, 7, 500] {
            assert!(items(&emulator, &format!("{}&size={size}", filtered(&filter))) == expected, "{value}");
        }
    }
}

#[test]
fn filter_by_equality_finds_one_domain() {
    let emulator = emulator(500);
    let all = items(&emulator, "/v1/customers");
    let customer = &all[321];
    let domain = customer["companyProfile"]["domain"].as_str().unwrap().to_uppercase();
    let find = |operator: Value, value: &str| {
        items(&emulator, &filtered(&json!({ "Field": "Domain", "Value": value, "Operator": operator })))
    };
    assert_eq!(find(json!("equals"), &domain), std::slice::from_ref(customer));
    assert_eq!(find(json!(0), &domain), std::slice::from_ref(customer));
    assert_eq!(find(json!("Equals"), &domain[..5]), [] as [Value; 0]);
    assert!(find(json!(9), &domain[..5]).contains(customer));
}

#[test]
fn spaces_in_a_filter_have_two_encodings() {
    let emulator = emulator(2500);
    let find = |space: &str| {
        let filter = r#"{"Field":"CompanyName","Value":"Wingtip Toys","Operator":"starts_with"}"#;
        let filter = utf8_percent_encode(filter, NON_ALPHANUMERIC).to_string().replace("%20", space);
        items(&emulator, &format!("/v1/customers?size=500?filter={filter}"))
    };
    assert_eq!(find("+"), find("%20"));
    assert!(find("+").len() > 1);
}

#[test]
fn indirect_resellers_share_the_customers_of_their_provider() {
    let emulator = emulator(2500);
    let of = |field: &str, id: uuid::Uuid| {
        let filter = json!({ "Field": field, "Value": id.to_string().to_uppercase(), "Operator": "StartsWith" });
        items(&emulator, &filtered(&filter)).len()
    };
    let of_resellers: Vec<_> =
        emulator.indirect_resellers().into_iter().map(|reseller| of("IndirectReseller", reseller)).collect();
    assert!(matches!(of_resellers[..], [75..180, 50..120, 50..120, 50..120]), "{of_resellers:?}");
    let of_provider = of("IndirectCloudSolutionProvider", emulator.indirect_provider());
    assert_eq!(of_provider, of_resellers.iter().sum::<usize>());
    assert_eq!(of("IndirectReseller", uuid::Uuid::nil()), 0);
}

#[test]
fn size_has_digits_only_and_identifier_is_a_hyphenated_guid() {
    let emulator = Emulator::default();
    for (target, locale, status, response_locale) in [
        ("/v1/customers?size=5", "de-DE", 200, "de-DE"),
        ("/v1/customers?size=%2B5", "", 400, "en-US"),
        ("/v1/customers?size=-5", " ", 400, "en-US"),
        ("/v1/customers/aaaabbbb-0000-cccc-1111-dddd2222eeee", "fr", 200, "fr"),
        ("/v1/customers/AAAABBBB-0000-cccc-1111-dddd2222eeee", "fr", 200, "fr"),
        ("/v1/customers/%7Baaaabbbb-0000-cccc-1111-dddd2222eeee%7D", "fr", 400, "fr"),
        ("/v1/customers/aaaabbbb0000cccc1111dddd2222eeee", "fr", 400, "fr"),
        ("/v1/customers/urn:uuid:aaaabbbb-0000-cccc-1111-dddd2222eeee", "fr", 400, "fr"),
    ] {
        let (code, headers, _) = get_with(&emulator, target, &[("X-Locale", locale)]);
        assert_eq!((code.as_u16(), headers["X-Locale"].to_str().unwrap()), (status, response_locale), "{target}");
    }
}
