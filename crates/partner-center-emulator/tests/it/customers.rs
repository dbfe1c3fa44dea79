//! The customers: generated ones and those of the documentation.

use crate::{EXAMPLES, emulator, example, get, get_with, items};
use partner_center_emulator::{Emulator, LinkStyle};
use serde_json::Value;
use std::{collections::BTreeSet, path::Path};

/// The positions of the documented customers in a list.
const DOCUMENTED: std::ops::Range<usize> = 25..30;

/// Whether `whole` has every field of `part`, with the same value or with an object that has the same fields and more.
fn is_part_of(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => {
            part.iter().all(|(name, value)| whole.get(name).is_some_and(|other| is_part_of(value, other)))
        }
        _ => part == whole,
    }
}

fn names(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn listed_customer_is_found_by_its_identifier() {
    let emulator = emulator(1500);
    for summary in items(&emulator, "/v1/customers") {
        let id = summary["id"].as_str().unwrap();
        for id in [id.to_owned(), id.to_uppercase()] {
            let (status, details) = get(&emulator, &format!("/v1/customers/{id}"));
            assert_eq!(status, 200);
            assert!(is_part_of(&summary, &details), "{summary} is not in {details}");
        }
    }
}

#[test]
fn generated_customer_has_the_fields_of_the_service() {
    let emulator = emulator(1500);
    let mut listed = items(&emulator, "/v1/customers");
    listed.drain(DOCUMENTED);
    for summary in listed {
        assert_eq!(names(&summary), ["attributes", "companyProfile", "id", "links", "relationshipToPartner"].into());
        assert_eq!(
            names(&summary["companyProfile"]),
            ["attributes", "companyName", "domain", "links", "tenantId"].into()
        );
        assert_eq!(summary["companyProfile"]["tenantId"], summary["id"]);

        let (_, details) = get(&emulator, &format!("/v1/customers/{}", summary["id"].as_str().unwrap()));
        let profile = &details["companyProfile"];
        if details["allowDelegatedAccess"] == false {
            let hidden = [&profile["address"], &profile["email"], &details["customDomains"]];
            assert_eq!(hidden, [&Value::Null; 3]);
        } else {
            assert!(profile["address"].is_object() && details["customDomains"].is_array(), "{details}");
            assert!(profile["address"].get("state").is_none());
        }
        if let Some(billing) = details.get("billingProfile") {
            assert!(billing["attributes"]["etag"].as_str().unwrap().parse::<i64>().is_ok());
            assert!(billing["defaultAddress"].get("region").is_none());
        }
        assert!(!details.to_string().contains("null"));
    }
}

#[test]
fn generated_customers_have_every_kind_of_value() {
    let emulator = Emulator::builder().customers(2000).seed(7).rare_values(true).build();
    let details: Vec<Value> = items(&emulator, "/v1/customers")
        .iter()
        .map(|summary| get(&emulator, &format!("/v1/customers/{}", summary["id"].as_str().unwrap())).1)
        .collect();
    let kinds = |pointer: &str| -> BTreeSet<String> {
        details.iter().map(|customer| customer.pointer(pointer).map_or("absent".to_owned(), Value::to_string)).collect()
    };
    assert_eq!(
        kinds("/relationshipToPartner").into_iter().collect::<Vec<_>>().concat(),
        r#""advisor""microsoft_support""none""reseller""syndication""unknown""#
    );
    assert_eq!(kinds("/allowDelegatedAccess").len(), 3);
    assert_eq!(kinds("/billingProfile/culture").len(), 14);
    for sometimes_absent in [
        "/billingProfile",
        "/companyProfile/email",
        "/companyProfile/organizationRegistrationNumber",
        "/tags",
        "/associatedPartnerId",
        "/billingProfile/defaultAddress/postalCode",
    ] {
        let kinds = kinds(sometimes_absent);
        assert!(kinds.len() > 1 && kinds.contains("absent"), "{sometimes_absent}: {kinds:?}");
    }
    for sometimes_empty in ["/companyProfile/domain", "/billingProfile/defaultAddress/phoneNumber"] {
        assert!(kinds(sometimes_empty).contains("\"\""), "{sometimes_empty}");
    }
    assert!(kinds("/tags").contains("[]"));
    let names = kinds("/companyProfile/companyName").into_iter().collect::<Vec<_>>().concat();
    for letter in ['ß', 'é', 'Ż', 'İ', 'ở', 'Ή', 'Ї', '东', '髙', 'さ', 'フ', 'ش', 'स'] {
        assert!(names.contains(letter), "{letter} is in no name");
    }
}

#[test]
fn same_seed_gives_the_same_customers() {
    let list = |customers, seed| items(&Emulator::builder().customers(customers).seed(seed).build(), "/v1/customers");
    assert_eq!(list(600, 1), list(600, 1));
    assert_eq!(list(600, 1)[..300], list(300, 1));
    assert_ne!(list(600, 1), list(600, 2));
    assert_eq!(list(600, 1)[DOCUMENTED], list(600, 2)[DOCUMENTED]);
}

#[test]
fn rare_values_are_generated_if_configured() {
    let relationships = |rare: bool| -> Vec<Value> {
        let emulator = Emulator::builder().customers(2000).rare_values(rare).build();
        items(&emulator, "/v1/customers").iter().map(|customer| customer["relationshipToPartner"].clone()).collect()
    };
    let (ordinary, rare) = (relationships(false), relationships(true));
    assert!(!ordinary.contains(&"microsoft_support".into()));
    assert!(rare.contains(&"microsoft_support".into()));
    // Nothing else changes, and all that every client knows is there.
    for (ordinary, rare) in ordinary.iter().zip(&rare) {
        assert_eq!(ordinary, if rare == "microsoft_support" { "reseller" } else { rare.as_str().unwrap() });
    }
    for known in ["unknown", "reseller", "advisor", "syndication", "none"] {
        assert!(ordinary.contains(&known.into()), "{known}");
    }
}

#[test]
fn first_customers_have_no_placeholder_names() {
    for seed in 0..50 {
        let emulator = Emulator::builder().customers(40).seed(seed).build();
        let listed = items(&emulator, "/v1/customers");
        let placeholders = ["companyName", "1kl as kjk"].map(Value::from);
        let positions: Vec<_> = (0..40)
            .filter(|position| placeholders.contains(&listed[*position]["companyProfile"]["companyName"]))
            .collect();
        assert_eq!(positions, [25, 26, 29], "seed {seed}");
    }
}

#[test]
fn documented_customer_is_found_also_in_a_short_list() {
    for count in [0, 3, 10, 25, 1000] {
        let emulator = emulator(count);
        let (status, customer) = get(&emulator, "/v1/customers/aaaabbbb-0000-cccc-1111-dddd2222eeee");
        assert_eq!((status, &customer["companyProfile"]["companyName"]), (http::StatusCode::OK, &"1kl as kjk".into()));
        assert_eq!(items(&emulator, "/v1/customers").len(), count as usize);
    }
}

#[test]
fn documented_responses_are_returned_as_printed() {
    if !Path::new(EXAMPLES).exists() {
        return;
    }
    // They come after 25 others, and their page has the version in its links.
    let twenty_seven = Emulator::builder().customers(27).link_style(LinkStyle::V1).build();
    let (_, first) = get(&twenty_seven, "/v1/customers?size=25");
    let token = [("MS-ContinuationToken", first["links"]["next"]["headers"][0]["value"].as_str().unwrap())];
    let (status, _, second) = get_with(&twenty_seven, "/v1/customers?size=40&seekOperation=Next", &token);
    assert_eq!((status, second), (http::StatusCode::OK, example("get-a-list-of-customers")));

    let thirty = emulator(30);
    let by_id = example("get-a-customer-by-id");
    assert_eq!(get(&thirty, "/v1/customers/aaaabbbb-0000-cccc-1111-dddd2222eeee"), (http::StatusCode::OK, by_id));

    let filter = "%7B%22Field%22%3A%22IndirectReseller%22%2C%22Value%22%3A%22484e548c-f5f3-4528-93a9-c16c6373cb59%22\
                  %2C%22Operator%22%3A%22starts_with%22%7D";
    let (_, page) = get(&thirty, &format!("/v1/customers?size=0?filter={filter}"));
    let of_reseller = example("get-customers-of-an-indirect-reseller");
    for field in ["totalCount", "items", "attributes"] {
        assert_eq!(page[field], of_reseller[field]);
    }
}
