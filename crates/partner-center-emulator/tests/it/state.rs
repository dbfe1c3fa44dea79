//! The operations with a behavior of their own, and the state that all requests share.

use crate::{authorization, call, emulator, get, pages, post, request, send};
use http::{Method, StatusCode};
use partner_center_core::{Blocking, Transport};
use partner_center_emulator::{ContinuationIn, Emulator, EmulatorBuilder, LinkStyle, ListEnd, TotalCount};
use serde_json::{Value, json};
use std::{collections::HashSet, time::Duration};

/// Returns the path of the customer at an index of the list.
fn customer(emulator: &Emulator, index: usize) -> String {
    let (_, page) = get(emulator, "/v1/customers");
    format!("/v1/customers/{}", page["items"][index]["id"].as_str().unwrap())
}

pub(crate) fn new_customer(domain: &str) -> Value {
    json!({
        "companyProfile": { "domain": domain },
        "billingProfile": {
            "culture": "de-DE",
            "email": "billing@fabrikam.example",
            "language": "de",
            "companyName": "Fabrikam Backwaren",
            "defaultAddress": {
                "firstName": "Anke",
                "lastName": "Vogt",
                "addressLine1": "Lindenallee 7",
                "city": "Köln",
                "state": "NW",
                "postalCode": "50667",
                "country": "DE",
            },
        },
    })
}

/// Returns `value` with the names of all fields in Pascal case, as the service's SDKs send them.
fn pascal_case(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (format!("{}{}", name[..1].to_uppercase(), &name[1..]), pascal_case(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Array(items) => items.into_iter().map(pascal_case).collect(),
        value => value,
    }
}

#[test]
fn customer_is_created_found_changed_and_deleted() {
    for spelled in [|value| value, pascal_case] {
        let emulator = emulator(30);
        let (status, created) =
            post(&emulator, "/v1/customers", &spelled(new_customer("fabrikambackwaren.onmicrosoft.com")));
        assert_eq!(status, StatusCode::CREATED, "{created}");
        assert!(created["userCredentials"]["password"].as_str().is_some_and(|password| password.len() >= 8));
        let id = created["id"].as_str().unwrap();
        let uri = format!("/v1/customers/{id}");

        let filter = "%7B%22Field%22%3A%22CompanyName%22%2C%22Value%22%3A%22fabrikam%20back%22%2C%22Operator%22%3A%22starts_with%22%7D";
        for list in ["/v1/customers".to_owned(), format!("/v1/customers?filter={filter}")] {
            let items: Vec<Value> =
                pages(&emulator, &list).iter().flat_map(|page| page["items"].as_array().unwrap().clone()).collect();
            let last = items.last().unwrap();
            assert_eq!(
                (&last["id"], &last["companyProfile"]["domain"]),
                (&json!(id), &json!("fabrikambackwaren.onmicrosoft.com"))
            );
            assert!(last.get("billingProfile").is_none() && last.get("userCredentials").is_none());
        }
        let (_, read) = get(&emulator, &uri);
        assert!(read.get("userCredentials").is_none(), "the password is sent once");
        assert_eq!(read["billingProfile"]["companyName"], "Fabrikam Backwaren");

        let profile_uri = format!("{uri}/profiles/billing");
        let (status, mut profile) = get(&emulator, &profile_uri);
        assert_eq!((status, &profile), (StatusCode::OK, &read["billingProfile"]));
        let etag = format!("\"{}\"", profile["attributes"]["etag"].as_str().unwrap());
        profile["firstName"] = "Björn".into();
        let change = spelled(profile);
        let (status, _, changed) = call(&emulator, &Method::PUT, &profile_uri, &[("If-Match", &etag)], &change);
        assert_eq!((status, &changed["firstName"]), (StatusCode::OK, &json!("Björn")), "{changed}");
        assert_ne!(format!("\"{}\"", changed["attributes"]["etag"].as_str().unwrap()), etag);
        assert_eq!(get(&emulator, &uri).1["billingProfile"], changed);
        let (status, _, error) = call(&emulator, &Method::PUT, &profile_uri, &[("If-Match", &etag)], &change);
        assert_eq!((status, &error["code"]), (StatusCode::BAD_REQUEST, &json!(2055)));
        // Without the header, the etag in the body counts: the service's SDKs send no other.
        let (status, _, error) = call(&emulator, &Method::PUT, &profile_uri, &[], &change);
        assert_eq!((status, &error["code"]), (StatusCode::BAD_REQUEST, &json!(2055)));

        let (status, _, body) = call(&emulator, &Method::DELETE, &uri, &[], &Value::Null);
        assert_eq!((status, body), (StatusCode::NO_CONTENT, Value::Null));
        for (uri, code) in [(uri.clone(), 1000), (profile_uri, 60_003), (format!("{uri}/users"), 60_003)] {
            let (status, error) = get(&emulator, &uri);
            assert_eq!((status, &error["code"]), (StatusCode::NOT_FOUND, &json!(code)), "{uri}");
        }
        assert_eq!(get(&emulator, "/v1/customers").1["totalCount"], 30);
    }
}

#[test]
fn request_sent_again_is_done_once() {
    let emulator = emulator(3);
    let id = "5b2c7c1e-0d5f-4a1f-9a51-6f0b9b1a2c3d";
    let create = |emulator: &Emulator, id: &str, domain: &str| {
        call(emulator, &Method::POST, "/v1/customers", &[("MS-RequestId", id)], &new_customer(domain))
    };
    let (status, _, first) = create(&emulator, id, "again.onmicrosoft.com");
    assert_eq!(status, StatusCode::CREATED);
    let (status, _, second) = create(&emulator, &id.to_uppercase(), "again.onmicrosoft.com");
    assert_eq!((status, second), (StatusCode::CREATED, first));
    assert_eq!(get(&emulator, "/v1/customers").1["totalCount"], 4);
    let (status, _, error) = create(&emulator, "6b2c7c1e-0d5f-4a1f-9a51-6f0b9b1a2c3d", "again.onmicrosoft.com");
    assert_eq!((status, &error["code"]), (StatusCode::BAD_REQUEST, &json!(3000)), "the domain is taken");

    let uri = customer(&emulator, 3);
    for expected in [StatusCode::NO_CONTENT, StatusCode::NO_CONTENT] {
        let (status, ..) = call(&emulator, &Method::DELETE, &uri, &[("MS-RequestId", id)], &Value::Null);
        assert_eq!(status, expected);
    }
    assert_eq!(call(&emulator, &Method::DELETE, &uri, &[], &Value::Null).0, StatusCode::NOT_FOUND);
}

#[test]
fn list_that_began_before_a_write_stays_consistent() {
    let emulator = emulator(60);
    let (_, first) = get(&emulator, "/v1/customers?size=20");
    let link = &first["links"]["next"];
    let token = link["headers"][0]["value"].as_str().unwrap();
    let deleted = [customer(&emulator, 5), customer(&emulator, 40)];
    let all: Vec<Value> = get(&emulator, "/v1/customers").1["items"].as_array().unwrap().clone();
    for uri in &deleted {
        assert_eq!(call(&emulator, &Method::DELETE, uri, &[], &Value::Null).0, StatusCode::NO_CONTENT);
    }
    let (_, created) = post(&emulator, "/v1/customers", &new_customer("new.onmicrosoft.com"));

    let mut listed: Vec<String> = ids(&first);
    let mut token = Some(token.to_owned());
    while let Some(next) = token {
        let uri = "/v1/customers?size=20&seekOperation=Next";
        let (_, _, page) = call(&emulator, &Method::GET, uri, &[("MS-ContinuationToken", &next)], &Value::Null);
        listed.extend(ids(&page));
        token = page["links"]["next"]["headers"][0]["value"].as_str().map(str::to_owned);
    }
    assert_eq!(listed.iter().collect::<HashSet<_>>().len(), listed.len(), "none is there twice");
    let kept = all.iter().map(|item| item["id"].as_str().unwrap()).filter(|id| !deleted[1].ends_with(id));
    let expected: Vec<&str> = kept.chain([created["id"].as_str().unwrap()]).collect();
    assert_eq!(listed, expected);
}

fn ids(page: &Value) -> Vec<String> {
    page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn invalid_customer_is_rejected_with_the_documented_code() {
    let emulator = emulator(60);
    let reseller_customer = |partner: &str| {
        let mut customer = new_customer("new.onmicrosoft.com");
        customer["associatedPartnerId"] = partner.into();
        customer
    };
    let changed = |pointer: &str, value: Value| {
        let mut customer = new_customer("new.onmicrosoft.com");
        *customer.pointer_mut(pointer).unwrap() = value;
        customer
    };
    let (_, taken) = get(&emulator, &customer(&emulator, 0));
    let taken = taken["companyProfile"]["domain"].as_str().unwrap().to_uppercase();
    for (body, code) in [
        (Value::Null, 800_002),
        (json!([]), 3000),
        (json!({}), 3000),
        (changed("/companyProfile/domain", json!("contoso")), 3000),
        (changed("/companyProfile/domain", json!(taken)), 3000),
        (changed("/billingProfile/email", json!(7)), 3000),
        (changed("/billingProfile/defaultAddress/city", json!("")), 2007),
        (changed("/billingProfile/defaultAddress/country", json!("Germany")), 2007),
        (changed("/billingProfile/defaultAddress/country", json!("BR")), 600_049),
        (reseller_customer("1"), 900_154),
    ] {
        let (status, error) = post(&emulator, "/v1/customers", &body);
        assert_eq!((status, &error["code"]), (StatusCode::BAD_REQUEST, &json!(code)), "{body}: {error}");
    }
    let text = [("Authorization", authorization()), ("Content-Type", "text/plain".to_owned())];
    let text: Vec<_> = text.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut request = request(Method::POST, "/v1/customers", &text);
    *request.body_mut() = b"customer".to_vec();
    assert_eq!(send(&emulator, request).status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(get(&emulator, "/v1/customers").1["totalCount"], 60);
}

#[test]
fn customer_of_an_indirect_reseller_is_found_by_it() {
    let emulator = emulator(30);
    let (_, customers) = get(&emulator, "/v1/customers");
    let partner = customers["items"].as_array().unwrap().iter().find_map(|item| {
        let (_, customer) = get(&emulator, &format!("/v1/customers/{}", item["id"].as_str().unwrap()));
        customer["associatedPartnerId"].as_str().map(str::to_owned)
    });
    let mut customer = new_customer("new.onmicrosoft.com");
    customer["associatedPartnerId"] = partner.unwrap().into();
    let (status, created) = post(&emulator, "/v1/customers", &customer);
    assert_eq!(status, StatusCode::CREATED, "{created}");
    let found = emulator.indirect_resellers().into_iter().any(|reseller| {
        let filter = json!({ "Field": "IndirectReseller", "Value": reseller, "Operator": "starts_with" }).to_string();
        let uri = http::Uri::try_from(format!(
            "/v1/customers?filter={}",
            filter.replace('{', "%7B").replace('}', "%7D").replace('"', "%22")
        ));
        ids(&get(&emulator, &uri.unwrap().to_string()).1).contains(&created["id"].as_str().unwrap().to_owned())
    });
    assert!(found);
}

#[test]
fn etag_must_be_sent_in_quotation_marks() {
    let emulator = emulator(3);
    let uri = format!("{}/profiles/billing", customer(&emulator, 0));
    let (_, mut profile) = get(&emulator, &uri);
    let etag = profile["attributes"]["etag"].as_str().unwrap().to_owned();
    profile.as_object_mut().unwrap().remove("attributes");
    for (headers, code) in
        [(&[][..], 800_002), (&[("If-Match", etag.as_str())], 800_002), (&[("If-Match", "\"1\"")], 2055)]
    {
        let (status, _, error) = call(&emulator, &Method::PUT, &uri, headers, &profile);
        assert_eq!((status, &error["code"]), (StatusCode::BAD_REQUEST, &json!(code)), "{headers:?}");
    }
    for header in [format!("\"{etag}\""), "*".to_owned()] {
        assert_eq!(call(&emulator, &Method::PUT, &uri, &[("If-Match", &header)], &profile).0, StatusCode::OK);
    }
}

#[test]
fn domain_is_taken_or_free() {
    let emulator = emulator(60);
    let check = |domain: &str| {
        let request = request(Method::HEAD, &format!("/v1/domains/{domain}"), &[("Authorization", &authorization())]);
        let response = send(&emulator, request);
        assert!(response.body().is_empty());
        assert_eq!(response.headers()["Content-Length"], "0");
        response.status()
    };
    let uri = customer(&emulator, 3);
    let (_, customer) = get(&emulator, &uri);
    let domain = customer["companyProfile"]["domain"].as_str().unwrap();
    assert_eq!(check(domain), StatusCode::OK);
    assert_eq!(check(&domain.to_uppercase()), StatusCode::OK);
    assert_eq!(check("neverseen.onmicrosoft.com"), StatusCode::NOT_FOUND);
    assert_eq!(check("neverseen7.onmicrosoft.com"), StatusCode::NOT_FOUND);
    call(&emulator, &Method::DELETE, &uri, &[], &Value::Null);
    assert_eq!(check(domain), StatusCode::NOT_FOUND);
    post(&emulator, "/v1/customers", &new_customer("new.onmicrosoft.com"));
    assert_eq!(check("new.onmicrosoft.com"), StatusCode::OK);
}

#[test]
fn every_customer_has_profiles() {
    let emulator = emulator(200);
    for id in ids(&get(&emulator, "/v1/customers").1) {
        let uri = format!("/v1/customers/{id}");
        let (_, customer) = get(&emulator, &uri);
        let (status, company) = get(&emulator, &format!("{uri}/profiles/company"));
        assert_eq!((status, &company), (StatusCode::OK, &customer["companyProfile"]));
        let (status, billing) = get(&emulator, &format!("{uri}/profiles/billing"));
        assert_eq!(status, StatusCode::OK, "{uri}");
        match customer.get("billingProfile") {
            Some(profile) => assert_eq!(billing, *profile),
            None => assert_eq!(billing["companyName"], company["companyName"]),
        }
    }
}

#[test]
fn address_is_validated_without_an_error() {
    let emulator = emulator(1);
    let address = json!({
        "AddressLine1": "One Microsoft Way 1", "City": "redmond", "State": "WA", "PostalCode": "98052", "Country": "US",
    });
    let (status, result) = post(&emulator, "/v1/validations/address", &address);
    assert_eq!((status, &result["status"]), (StatusCode::OK, &json!("VerifiedShippable")), "{result}");
    assert_eq!(result["suggestedAddresses"][0]["city"], "Redmond");
    assert_eq!(result["originalAddress"]["city"], "redmond");
    assert!(result.get("validationMessage").is_none());
}

#[test]
fn users_are_listed_page_by_page_and_by_state() {
    let emulator = emulator(300);
    let (large, page) = ids(&get(&emulator, "/v1/customers").1)
        .iter()
        .map(|id| format!("/v1/customers/{id}/users"))
        .map(|uri| (uri.clone(), get(&emulator, &uri).1))
        .find(|(_, page)| page["links"].get("next").is_some())
        .unwrap();
    assert_eq!(page["totalCount"], 500);
    let all: Vec<String> = pages(&emulator, &large).iter().flat_map(ids).collect();
    let by_small_pages: Vec<String> = pages(&emulator, &format!("{large}?size=100")).iter().flat_map(ids).collect();
    assert!(all.len() > 500);
    assert_eq!(all, by_small_pages);
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());

    let filter = |state: &str| {
        let filter = format!("%7B%22Field%22:%22UserState%22,%22Value%22:%22{state}%22,%22Operator%22:%22equals%22%7D");
        let pages = pages(&emulator, &format!("{large}?size=50&filter={filter}"));
        pages.iter().flat_map(ids).collect::<Vec<_>>()
    };
    assert_eq!(filter("Active"), all);
    let inactive = filter("inactive");
    assert!(!inactive.is_empty() && inactive.iter().all(|id| !all.contains(id)));
    for query in ["size=501", "seekOperation=Next", "filter=%7B%7D", "seekOperation=Last"] {
        let (status, error) = get(&emulator, &format!("{large}?{query}"));
        assert_eq!((status, &error["code"]), (StatusCode::BAD_REQUEST, &json!("2000")), "{query}");
    }
    // The token of one list does not continue another.
    let token = page["links"]["next"]["headers"][0]["value"].as_str().unwrap();
    let other = format!("{}/users?seekOperation=Next", customer(&emulator, 299));
    let (status, ..) = call(&emulator, &Method::GET, &other, &[("MS-ContinuationToken", token)], &Value::Null);
    assert!(status == StatusCode::BAD_REQUEST || other.starts_with(&large));
}

#[test]
fn subscription_is_changed_as_it_is_sent() {
    let emulator = emulator(60);
    let subscriptions = format!("{}/subscriptions", customer(&emulator, 1));
    let (_, list) = get(&emulator, &subscriptions);
    let subscription =
        list["items"].as_array().unwrap().iter().find(|item| item["attributes"].get("etag").is_none()).unwrap();
    let uri = format!("{subscriptions}/{}", subscription["id"].as_str().unwrap().to_uppercase());
    assert_eq!(get(&emulator, &uri), (StatusCode::OK, subscription.clone()));
    let patch = |body: &Value| {
        let (status, headers, body) = call(&emulator, &Method::PATCH, &uri, &[], body);
        (status, headers.get("Location").map(|location| location.to_str().unwrap().to_owned()), body)
    };

    let quantity = subscription["quantity"].as_i64().unwrap();
    let mut change = subscription.clone();
    change["quantity"] = (quantity + 2).into();
    change["autoRenewEnabled"] = true.into();
    change["scheduledNextTermInstructions"] = json!({ "quantity": 3 });
    change["offerName"] = "Mine".into();
    let (status, _, changed) = patch(&pascal_case(change));
    assert_eq!((status, &changed["quantity"]), (StatusCode::OK, &json!(quantity + 2)), "{changed}");
    assert_eq!((&changed["offerName"], &changed["autoRenewEnabled"]), (&subscription["offerName"], &json!(true)));
    assert_eq!(changed["scheduledNextTermInstructions"]["quantity"], 3);
    assert_eq!(get(&emulator, &uri).1, changed);

    let (_, _, changed) = patch(&json!({ "friendlyName": "Seats" }));
    assert_eq!((&changed["friendlyName"], &changed["autoRenewEnabled"]), (&json!("Seats"), &json!(false)));
    assert!(changed.get("scheduledNextTermInstructions").is_none(), "what is left out is deleted");

    // Two seats could still be removed, but not three.
    let (status, _, error) = patch(&json!({ "quantity": quantity - 1 }));
    assert_eq!((status, &error["code"]), (StatusCode::BAD_REQUEST, &json!(900_257)));
    let (status, location, body) = patch(&json!({ "quantity": quantity + 500 }));
    assert_eq!((status, body), (StatusCode::ACCEPTED, Value::Null));
    let location = location.unwrap();
    assert!(location.starts_with("/customers/"), "{location}");
    assert_eq!(get(&emulator, &format!("/v1{location}")).1["quantity"], quantity + 2, "not yet");
    assert_eq!(patch(&json!({})).0, StatusCode::CONFLICT);
    emulator.transport::<Blocking>().sleep(Duration::from_secs(10));
    assert_eq!(get(&emulator, &uri).1["quantity"], quantity + 500);

    let (status, error) = get(&emulator, &format!("{subscriptions}/aaaabbbb-0000-cccc-1111-dddd2222eeee"));
    assert_eq!((status, &error["code"]), (StatusCode::NOT_FOUND, &json!(20003)));
}

#[test]
fn subscription_of_before_has_an_etag() {
    let emulator = emulator(60);
    let (uri, subscription) = ids(&get(&emulator, "/v1/customers").1)
        .iter()
        .flat_map(|id| {
            let uri = format!("/v1/customers/{id}/subscriptions");
            let list = get(&emulator, &uri).1;
            list["items"].as_array().unwrap().iter().map(|item| (uri.clone(), item.clone())).collect::<Vec<_>>()
        })
        .find(|(_, item)| item["attributes"].get("etag").is_some() && item["status"] == "active")
        .unwrap();
    let uri = format!("{uri}/{}", subscription["id"].as_str().unwrap());
    let mut suspended = subscription.clone();
    suspended["status"] = "suspended".into();
    let (status, _, changed) = call(&emulator, &Method::PATCH, &uri, &[], &suspended);
    assert_eq!((status, &changed["status"]), (StatusCode::OK, &json!("suspended")), "{changed}");
    assert_ne!(changed["attributes"]["etag"], subscription["attributes"]["etag"]);
    let (status, _, error) = call(&emulator, &Method::PATCH, &uri, &[], &suspended);
    assert_eq!((status, &error["code"]), (StatusCode::BAD_REQUEST, &json!(2055)));
    let order = subscription["orderId"].as_str().unwrap().to_lowercase();
    let list = uri.rsplit_once('/').unwrap().0;
    assert_eq!(ids(&get(&emulator, &format!("{list}?order_id={order}")).1), [subscription["id"].as_str().unwrap()]);
}

#[test]
fn pages_of_users_have_the_quirks_of_lists() {
    let builder = || Emulator::builder().customers(60).seed(7);
    let uri = {
        let emulator = builder().build();
        let ids = ids(&get(&emulator, "/v1/customers").1);
        let uris = ids.iter().map(|id| format!("/v1/customers/{id}/users"));
        uris.into_iter().find(|uri| ids_of(&emulator, uri).len() > 12).unwrap()
    };
    let plain = ids_of(&builder().build(), &uri);
    let cap = std::num::NonZeroU16::new(5).unwrap();
    for configure in [
        |builder: EmulatorBuilder| builder.continuation_in(ContinuationIn::Body),
        |builder: EmulatorBuilder| builder.continuation_in(ContinuationIn::Both),
        |builder: EmulatorBuilder| builder.without_links(true),
        |builder: EmulatorBuilder| builder.link_style(LinkStyle::V1).double_question_mark(true),
        |builder: EmulatorBuilder| builder.list_end(ListEnd::NoContent),
        |builder: EmulatorBuilder| builder.list_end(ListEnd::ErrorResponse),
        |builder: EmulatorBuilder| builder.list_end(ListEnd::EmptyPage).total_count(TotalCount::List),
    ] {
        let emulator = configure(builder()).page_cap(cap).build();
        let (_, mut page) = get(&emulator, &uri);
        let mut listed = ids(&page);
        assert_eq!(listed.len(), 5);
        loop {
            let in_body = page["continuationToken"].as_str();
            let in_link = page["links"]["next"]["headers"][0]["value"].as_str();
            let Some(token) = in_body.or(in_link).map(str::to_owned) else { break };
            let next = format!("{uri}?seekOperation=Next");
            let (status, _, body) =
                call(&emulator, &Method::GET, &next, &[("MS-ContinuationToken", &token)], &Value::Null);
            if status != StatusCode::OK {
                assert!([StatusCode::NO_CONTENT, StatusCode::BAD_REQUEST].contains(&status), "{status}");
                break;
            }
            listed.extend(ids(&body));
            page = body;
        }
        assert_eq!(listed, plain);
    }
}

fn ids_of(emulator: &Emulator, uri: &str) -> Vec<String> {
    pages(emulator, uri).iter().flat_map(ids).collect()
}
