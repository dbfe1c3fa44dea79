use crate::{EXAMPLES, emulator, example, example_text, get, get_with, items};
use partner_center_emulator::{Emulator, LinkStyle};
use serde_json::Value;
use std::{collections::BTreeSet, path::Path};

/// The positions of the documented customers in a list.
const DOCUMENTED: std::ops::Range<usize> = 10..15;

/// Whether every field of `part` is in `whole`, with the same value or one that has the same fields and more.
fn agrees(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => {
            part.iter().all(|(name, value)| whole.get(name).is_some_and(|other| agrees(value, other)))
        }
        _ => part == whole,
    }
}

fn names(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn whoever_is_listed_can_be_had() {
    let emulator = emulator(1500);
    for brief in items(&emulator, "/v1/customers") {
        let id = brief["id"].as_str().unwrap();
        for id in [id.to_owned(), id.to_uppercase()] {
            let (status, full) = get(&emulator, &format!("/v1/customers/{id}"));
            assert_eq!(status, 200);
            assert!(agrees(&brief, &full), "{brief} is not in {full}");
        }
    }
}

#[test]
fn generated_customers_have_the_shape_of_the_service() {
    let emulator = emulator(1500);
    let mut listed = items(&emulator, "/v1/customers");
    listed.drain(DOCUMENTED);
    for brief in listed {
        assert_eq!(names(&brief), ["attributes", "companyProfile", "id", "links", "relationshipToPartner"].into());
        assert_eq!(
            names(&brief["companyProfile"]),
            ["attributes", "companyName", "domain", "links", "tenantId"].into()
        );
        assert_eq!(brief["companyProfile"]["tenantId"], brief["id"]);

        let (_, full) = get(&emulator, &format!("/v1/customers/{}", brief["id"].as_str().unwrap()));
        let profile = &full["companyProfile"];
        if full["allowDelegatedAccess"] == false {
            let hidden = [&profile["address"], &profile["email"], &full["customDomains"]];
            assert_eq!(hidden, [&Value::Null; 3]);
        } else {
            assert!(profile["address"].is_object() && full["customDomains"].is_array(), "{full}");
            assert!(profile["address"].get("state").is_none());
        }
        if let Some(billing) = full.get("billingProfile") {
            assert!(billing["attributes"]["etag"].as_str().unwrap().parse::<i64>().is_ok());
            assert!(billing["defaultAddress"].get("region").is_none());
        }
        assert!(!full.to_string().contains("null"));
    }
}

#[test]
fn generated_customers_are_of_every_kind() {
    let emulator = Emulator::builder().customers(2000).seed(7).rare_values(true).build();
    let full: Vec<Value> = items(&emulator, "/v1/customers")
        .iter()
        .map(|brief| get(&emulator, &format!("/v1/customers/{}", brief["id"].as_str().unwrap())).1)
        .collect();
    let kinds = |pointer: &str| -> BTreeSet<String> {
        full.iter().map(|customer| customer.pointer(pointer).map_or("absent".to_owned(), Value::to_string)).collect()
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
fn the_same_seed_gives_the_same_customers() {
    let list = |customers, seed| items(&Emulator::builder().customers(customers).seed(seed).build(), "/v1/customers");
    assert_eq!(list(600, 1), list(600, 1));
    assert_eq!(list(600, 1)[..300], list(300, 1));
    assert_ne!(list(600, 1), list(600, 2));
    assert_eq!(list(600, 1)[DOCUMENTED], list(600, 2)[DOCUMENTED]);
}

#[test]
fn rare_values_are_there_on_request() {
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
fn first_customers_look_like_companies() {
    for seed in 0..50 {
        let emulator = Emulator::builder().customers(25).seed(seed).build();
        let listed = items(&emulator, "/v1/customers");
        let placeholders = ["companyName", "1kl as kjk"].map(Value::from);
        let positions: Vec<_> = (0..25)
            .filter(|position| placeholders.contains(&listed[*position]["companyProfile"]["companyName"]))
            .collect();
        assert_eq!(positions, [10, 11, 14], "seed {seed}");
    }
}

#[test]
fn documented_customers_are_found_however_short_the_list_is() {
    for count in [0, 3, 10, 1000] {
        let emulator = emulator(count);
        let (status, customer) = get(&emulator, "/v1/customers/aaaabbbb-0000-cccc-1111-dddd2222eeee");
        assert_eq!((status, &customer["companyProfile"]["companyName"]), (http::StatusCode::OK, &"1kl as kjk".into()));
        assert_eq!(items(&emulator, "/v1/customers").len(), count as usize);
    }
}

#[test]
fn the_documents_are_answered_as_they_are_printed() {
    if !Path::new(EXAMPLES).exists() {
        return;
    }
    for name in ["get-a-list-of-customers", "get-customers-of-an-indirect-reseller", "get-a-customer-by-id"] {
        assert!(
            include_str!("../../src/fixtures.rs").contains(example_text(name).trim_end()),
            "{name}.response.json is not in src/fixtures.rs: run `cargo xtask codegen` and commit what it writes"
        );
    }
    // They come after ten others, and their page prints the version in its links.
    let twelve = Emulator::builder().customers(12).link_style(LinkStyle::V1).build();
    let (_, first) = get(&twelve, "/v1/customers?size=10");
    let token = [("MS-ContinuationToken", first["links"]["next"]["headers"][0]["value"].as_str().unwrap())];
    let (status, _, second) = get_with(&twelve, "/v1/customers?size=40&seekOperation=Next", &token);
    assert_eq!((status, second), (http::StatusCode::OK, example("get-a-list-of-customers")));

    let fifteen = emulator(15);
    let by_id = example("get-a-customer-by-id");
    assert_eq!(get(&fifteen, "/v1/customers/aaaabbbb-0000-cccc-1111-dddd2222eeee"), (http::StatusCode::OK, by_id));

    let filter = "%7B%22Field%22%3A%22IndirectReseller%22%2C%22Value%22%3A%22484e548c-f5f3-4528-93a9-c16c6373cb59%22\
                  %2C%22Operator%22%3A%22starts_with%22%7D";
    let (_, page) = get(&fifteen, &format!("/v1/customers?size=0?filter={filter}"));
    let of_reseller = example("get-customers-of-an-indirect-reseller");
    for field in ["totalCount", "items", "attributes"] {
        assert_eq!(page[field], of_reseller[field]);
    }
}
