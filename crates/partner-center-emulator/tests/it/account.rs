//! The account of a customer: relationship, qualifications, users, their licenses and roles.

use crate::{call, emulator, get, post};
use http::{Method, StatusCode};
use partner_center_emulator::Emulator;
use serde_json::{Value, json};
use std::time::Duration;

/// Returns the path of a customer that is not one of the documentation.
fn customer(emulator: &Emulator) -> String {
    let (_, page) = get(emulator, "/v1/customers");
    format!("/v1/customers/{}", page["items"][0]["id"].as_str().unwrap())
}

fn send(emulator: &Emulator, method: &Method, uri: &str, body: &Value) -> (StatusCode, Value) {
    let (status, _, body) = call(emulator, method, uri, &[], body);
    (status, body)
}

fn new_user(emulator: &Emulator, customer: &str, name: &str) -> Value {
    let (_, domains) = get(emulator, &format!("{customer}/users"));
    let (_, domain) = domains["items"][0]["userPrincipalName"].as_str().unwrap().split_once('@').unwrap();
    json!({
        "userPrincipalName": format!("{name}@{domain}"),
        "displayName": "Nora Falk",
        "firstName": "Nora",
        "lastName": "Falk",
        "usageLocation": "DE",
        "passwordProfile": { "password": "Sample-4hT7-only", "forceChangePassword": true },
    })
}

fn assert_code((status, error): (StatusCode, Value), expected: (StatusCode, u32)) {
    assert_eq!((status, error["code"].to_string()), (expected.0, expected.1.to_string()), "{error}");
}

#[test]
fn user_is_deleted_and_restored() {
    let emulator = emulator(20);
    let customer = customer(&emulator);
    let users = format!("{customer}/users");
    let body = new_user(&emulator, &customer, "nora.falk");
    let (status, created) = post(&emulator, &users, &body);
    assert_eq!((status, &created["state"]), (StatusCode::OK, &json!("active")), "{created}");
    assert_eq!(created["passwordProfile"]["password"], "Sample-4hT7-only");
    assert_code(post(&emulator, &users, &body), (StatusCode::BAD_REQUEST, 3000));
    for (name, value) in [
        ("userPrincipalName", json!("nora@elsewhere.example")),
        ("displayName", json!("")),
        ("usageLocation", json!("Germany")),
        ("passwordProfile", json!({ "password": "weak" })),
        ("passwordProfile", Value::Null),
    ] {
        let mut wrong = new_user(&emulator, &customer, "other");
        wrong[name] = value;
        assert_code(post(&emulator, &users, &wrong), (StatusCode::BAD_REQUEST, 3000));
    }

    let user = format!("{users}/{}", created["id"].as_str().unwrap());
    assert_eq!(send(&emulator, &Method::DELETE, &user, &Value::Null).0, StatusCode::NO_CONTENT);
    let not_found = (StatusCode::NOT_FOUND, 60_002);
    assert_code(get(&emulator, &user), not_found);
    assert_code(send(&emulator, &Method::DELETE, &user, &Value::Null), not_found);
    assert_code(send(&emulator, &Method::PATCH, &user, &json!({ "displayName": "N" })), not_found);
    let inactive = format!(
        "{users}?size=500&filter=%7B%22Field%22%3A%22UserState%22%2C%22Value%22%3A%22Inactive%22%2C%22Operator%22%3A%22equals%22%7D"
    );
    let has = |uri: &str| {
        let (_, page) = get(&emulator, uri);
        page["items"].as_array().unwrap().iter().any(|user| user["id"] == created["id"])
    };
    assert!(has(&inactive) && !has(&format!("{users}?size=500")));

    let restore = json!({ "state": "active", "attributes": { "objectType": "CustomerUser" } });
    let (status, restored) = send(&emulator, &Method::PATCH, &user, &restore);
    assert_eq!((status, &restored["displayName"]), (StatusCode::OK, &json!("Nora Falk")));
    assert!(restored.get("softDeletionTime").is_none() && has(&users) && !has(&inactive));

    let reset = json!({ "passwordProfile": { "password": "Sample-8kW2-only", "forceChangePassword": false } });
    let (status, reset) = send(&emulator, &Method::PATCH, &format!("{user}/resetpassword"), &reset);
    assert_eq!((status, &reset["passwordProfile"]["password"]), (StatusCode::OK, &json!("Sample-8kW2-only")));
    assert!(!get(&emulator, &user).1.to_string().contains("Sample-"));

    send(&emulator, &Method::DELETE, &user, &Value::Null);
    emulator.advance_clock(Duration::from_secs(31 * 24 * 60 * 60));
    assert_code(send(&emulator, &Method::PATCH, &user, &restore), not_found);
    assert!(!has(&inactive));
}

#[test]
fn licenses_are_those_of_the_subscriptions() {
    let emulator = emulator(20);
    let customer = customer(&emulator);
    let skus = || get(&emulator, &format!("{customer}/subscribedskus")).1["items"].as_array().unwrap().clone();
    let (_, subscriptions) = get(&emulator, &format!("{customer}/subscriptions"));
    let names: Vec<_> = subscriptions["items"].as_array().unwrap().iter().map(|item| &item["offerName"]).collect();
    let before = skus();
    assert!(!before.is_empty() && before.iter().all(|sku| names.contains(&&sku["productSku"]["name"])));
    let sku = before[0].clone();
    let id = sku["productSku"]["id"].as_str().unwrap();
    let [total, consumed, available] =
        ["totalUnits", "consumedUnits", "availableUnits"].map(|name| sku[name].as_i64().unwrap());
    assert_eq!(available, total - consumed);

    let assign = json!({ "licensesToAssign": [{ "skuId": id, "excludedPlans": null }], "licensesToRemove": null });
    let mut users = Vec::new();
    for number in 0..=available {
        let body = new_user(&emulator, &customer, &format!("license{number}"));
        let (_, user) = post(&emulator, &format!("{customer}/users"), &body);
        let user = format!("{customer}/users/{}", user["id"].as_str().unwrap());
        let (status, update) = post(&emulator, &format!("{user}/licenseupdates"), &assign);
        if number < available {
            assert_eq!(status, StatusCode::CREATED, "{update}");
        } else {
            assert_eq!(update["data"], json!([id]));
            assert_code((status, update), (StatusCode::BAD_REQUEST, 60_012));
        }
        users.push(user);
    }
    assert_eq!(skus()[0]["availableUnits"], 0);
    let last = users.last().unwrap();
    assert_eq!(get(&emulator, &format!("{last}/licenses")).1["items"], json!([]));
    if let Some(first) = users.first().filter(|first| *first != last) {
        let (_, licenses) = get(&emulator, &format!("{first}/licenses"));
        assert_eq!(licenses["items"][0]["productSku"]["id"], id);
        // A deleted user has no license, and a restored one has it again.
        send(&emulator, &Method::DELETE, first, &Value::Null);
        assert_eq!(skus()[0]["availableUnits"], 1);
        send(&emulator, &Method::PATCH, first, &json!({ "state": "active" }));
        assert_eq!(skus()[0]["availableUnits"], 0);
        let remove = json!({ "licensesToRemove": [id] });
        assert_eq!(post(&emulator, &format!("{first}/licenseupdates"), &remove).0, StatusCode::CREATED);
        assert_eq!(get(&emulator, &format!("{first}/licenses")).1["items"], json!([]));
        assert_eq!(skus()[0]["availableUnits"], 1);
    }
}

#[test]
fn documented_customer_has_the_documented_licenses() {
    let emulator = emulator(60);
    let customer = "/v1/customers/aaaabbbb-0000-cccc-1111-dddd2222eeee";
    let user = format!("{customer}/users/5c161fb0-af28-4fa5-bf1f-2a4937acfe07");
    let names = |uri: &str| -> Vec<Value> {
        let items = get(&emulator, uri).1["items"].as_array().unwrap().clone();
        items.iter().map(|item| item["productSku"]["skuPartNumber"].clone()).collect()
    };
    for list in [format!("{customer}/subscribedskus"), format!("{user}/licenses")] {
        assert_eq!(names(&list), ["CONTOSO_SUITE_PREMIUM"], "{list}");
        assert!(!names(&format!("{list}?licenseGroupIds=Group2")).contains(&"CONTOSO_SUITE_PREMIUM".into()));
        assert!(!names(&format!("{list}?licenseGroupIds=Group1&licenseGroupIds=Group2")).is_empty());
    }
}

#[test]
fn role_is_given_and_taken() {
    let emulator = emulator(20);
    let customer = customer(&emulator);
    let (_, roles) = get(&emulator, &format!("{customer}/directoryroles"));
    let role = roles["items"][1]["id"].as_str().unwrap();
    let members = format!("{customer}/directoryroles/{role}/usermembers");
    let (_, user) = post(&emulator, &format!("{customer}/users"), &new_user(&emulator, &customer, "role"));
    let id = user["id"].as_str().unwrap();
    let body = json!({
        "id": id,
        "displayName": user["displayName"],
        "userPrincipalName": user["userPrincipalName"],
        "attributes": { "objectType": "UserMember" },
    });
    let (status, member) = post(&emulator, &members, &body);
    assert_eq!((status, &member["roleId"]), (StatusCode::CREATED, &json!(role)), "{member}");
    let of_user = || get(&emulator, &format!("{customer}/users/{id}/directoryroles")).1["items"].clone();
    assert_eq!(of_user()[0]["id"], role);
    assert_eq!(get(&emulator, &members).1["items"].as_array().unwrap().len(), 1);
    let mut unknown = body;
    unknown["id"] = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d".into();
    assert_code(post(&emulator, &members, &unknown), (StatusCode::NOT_FOUND, 60_002));
    for expected in [StatusCode::NO_CONTENT, StatusCode::NOT_FOUND] {
        assert_eq!(send(&emulator, &Method::DELETE, &format!("{members}/{id}"), &Value::Null).0, expected);
    }
    assert_eq!(of_user(), json!([]));
}

#[test]
fn qualification_is_vetted_for_some_days() {
    let emulator = emulator(20);
    let customers = get(&emulator, "/v1/customers").1["items"].as_array().unwrap().clone();
    let customers: Vec<_> =
        customers.iter().map(|item| format!("/v1/customers/{}", item["id"].as_str().unwrap())).collect();
    let unqualified: Vec<_> = customers
        .iter()
        .filter(|customer| get(&emulator, &format!("{customer}/qualifications")).1 == json!([]))
        .collect();
    let [school, other, agency, ..] = unqualified[..] else { panic!("most customers have no qualification") };
    let apply = |customer: &str, body: Value| post(&emulator, &format!("{customer}/qualifications"), &body);
    let education = json!({ "qualification": "Education", "educationSegment": "K12", "website": "school.example" });
    let (status, entry) = apply(school, education.clone());
    assert_eq!((status, &entry["vettingStatus"]), (StatusCode::CREATED, &json!("InReview")), "{entry}");
    assert_code(apply(school, education), (StatusCode::BAD_REQUEST, 3000));
    assert_eq!(apply(other, json!({ "qualification": "education", "educationSegment": "k12" })).0, StatusCode::CREATED);
    for wrong in [
        json!({ "qualification": "Education" }),
        json!({ "qualification": "Nonprofit" }),
        json!({ "qualification": "GovernmentCommunityCloud" }),
        json!({ "qualification": "GovernmentCommunityCloud", "validationCode": "1" }),
    ] {
        assert_code(apply(agency, wrong), (StatusCode::BAD_REQUEST, 3000));
    }
    let (_, codes) = get(&emulator, "/v1/customers/all/validations");
    let code = codes[0]["validationId"].as_str().unwrap();
    let remaining = codes[0]["remainingCreates"].as_i64().unwrap();
    let gcc = json!({ "qualification": "GovernmentCommunityCloud", "validationCode": code });
    assert_eq!(apply(agency, gcc).0, StatusCode::CREATED);
    assert_eq!(get(&emulator, "/v1/customers/all/validations").1[0]["remainingCreates"], remaining - 1);

    let status = |customer: &str| get(&emulator, &format!("{customer}/qualifications")).1[0]["vettingStatus"].clone();
    assert_eq!(status(school), "InReview");
    emulator.advance_clock(Duration::from_secs(4 * 24 * 60 * 60));
    assert_eq!([school, other, agency].map(|customer| status(customer)), ["Approved", "Denied", "Approved"]);
    assert!(get(&emulator, &format!("{other}/qualifications")).1[0]["vettingReason"].is_string());
}

#[test]
fn relationship_ends_without_active_subscriptions() {
    let emulator = emulator(20);
    let customers = get(&emulator, "/v1/customers").1["items"].as_array().unwrap().clone();
    let reseller = customers.iter().find(|item| item["relationshipToPartner"] == "reseller").unwrap();
    let customer = format!("/v1/customers/{}", reseller["id"].as_str().unwrap());
    let end = json!({ "relationshipToPartner": "none", "attributes": { "objectType": "Customer" } });
    assert_code(send(&emulator, &Method::PATCH, &customer, &end), (StatusCode::BAD_REQUEST, 3000));
    let (_, subscriptions) = get(&emulator, &format!("{customer}/subscriptions"));
    for subscription in subscriptions["items"].as_array().unwrap() {
        if subscription["status"] == "active" {
            let mut suspended = subscription.clone();
            suspended["status"] = "suspended".into();
            let uri = format!("{customer}/subscriptions/{}", subscription["id"].as_str().unwrap());
            let (status, body) = send(&emulator, &Method::PATCH, &uri, &suspended);
            assert!(status.is_success(), "{body}");
        }
    }
    let (status, changed) = send(&emulator, &Method::PATCH, &customer, &end);
    assert_eq!((status, &changed["RelationshipToPartner"]), (StatusCode::OK, &json!("none")), "{changed}");
    assert_eq!(get(&emulator, &customer).1["relationshipToPartner"], "none");
    for again in
        [end, json!({ "allowDelegatedAccess": true }), json!({ "relationshipToPartner": "reseller" }), json!({})]
    {
        assert_code(send(&emulator, &Method::PATCH, &customer, &again), (StatusCode::BAD_REQUEST, 3000));
    }
    assert_eq!(send(&emulator, &Method::DELETE, &customer, &Value::Null).0, StatusCode::NO_CONTENT);
    assert_eq!(get(&emulator, &customer).0, StatusCode::NOT_FOUND);
}

/// Returns the paths of the customers of the first page, which are not those of the documentation.
fn customers(emulator: &Emulator) -> Vec<String> {
    let (_, page) = get(emulator, "/v1/customers");
    let items = page["items"].as_array().unwrap();
    items.iter().map(|item| format!("/v1/customers/{}", item["id"].as_str().unwrap())).collect()
}

#[test]
fn usage_and_costs_are_those_of_the_subscriptions() {
    let emulator = emulator(20);
    let mut azure = 0;
    for customer in customers(&emulator) {
        let (_, subscriptions) = get(&emulator, &format!("{customer}/subscriptions"));
        let subscriptions = subscriptions["items"].as_array().unwrap();
        let ids = |billing: &str| -> Vec<String> {
            let of_type = subscriptions.iter().filter(|subscription| subscription["billingType"] == billing);
            of_type.map(|subscription| subscription["id"].as_str().unwrap().to_lowercase()).collect()
        };
        let (_, records) = get(&emulator, &format!("{customer}/subscriptions/usagerecords"));
        let records = records["items"].as_array().unwrap();
        let sum: f64 = records.iter().map(|record| record["totalCost"].as_f64().unwrap()).sum();
        let recorded: Vec<_> = records.iter().map(|record| record["id"].as_str().unwrap().to_lowercase()).collect();
        assert_eq!(recorded, ids("usage"));
        let (_, summary) = get(&emulator, &format!("{customer}/usagesummary"));
        assert!((summary["totalCost"].as_f64().unwrap() - sum).abs() < 0.001, "{summary}");
        for record in records {
            let uri = format!("{customer}/subscriptions/{}", record["id"].as_str().unwrap());
            let (_, summary) = get(&emulator, &format!("{uri}/usagesummary"));
            assert_eq!(summary["totalCost"], record["totalCost"]);
            let (_, meters) = get(&emulator, &format!("{uri}/meterusagerecords"));
            let of_meters =
                meters["items"].as_array().unwrap().iter().map(|meter| meter["totalCost"].as_f64().unwrap());
            assert!((of_meters.sum::<f64>() - record["totalCost"].as_f64().unwrap()).abs() < 0.001);
            azure += 1;
        }
        let (_, lines) = get(&emulator, &format!("{customer}/servicecosts/mostrecent/lineitems"));
        let lines = lines["items"].as_array().unwrap();
        assert!(
            lines
                .iter()
                .all(|line| { ids("license").contains(&line["subscriptionId"].as_str().unwrap().to_lowercase()) })
        );
        let (_, costs) = get(&emulator, &format!("{customer}/servicecosts/mostrecent"));
        let total: f64 = lines.iter().map(|line| line["afterTaxTotal"].as_f64().unwrap()).sum();
        assert!((costs["details"][0]["summary"]["afterTaxTotal"].as_f64().unwrap() - total).abs() < 0.01, "{costs}");
    }
    assert!(azure > 0);
}

#[test]
fn budget_is_set_and_shown_with_the_usage() {
    let emulator = emulator(20);
    let customer = customer(&emulator);
    let budget = format!("{customer}/usagebudget");
    assert!(get(&emulator, &budget).1.get("amount").is_none());
    let amount = |amount: Value| json!({ "amount": amount, "attributes": { "objectType": "SpendingBudget" } });
    assert_code(send(&emulator, &Method::PATCH, &budget, &amount(json!(-1))), (StatusCode::BAD_REQUEST, 3000));
    assert_eq!(send(&emulator, &Method::PATCH, &budget, &amount(json!(525.5))).1["usageSpendingBudget"], 525.5);
    assert_eq!(get(&emulator, &format!("{customer}/usagesummary")).1["budget"]["amount"], 525.5);
    let (_, records) = get(&emulator, "/v1/customers/usagerecords");
    let id = customer.rsplit('/').next().unwrap();
    let record = records["items"].as_array().unwrap().iter().find(|record| record["id"] == id).unwrap();
    let used = record["totalCost"].as_f64().unwrap() / 525.5 * 100.0;
    assert!((record["percentUsed"].as_f64().unwrap() - used).abs() < 0.01, "{record}");
    assert!(send(&emulator, &Method::PATCH, &budget, &amount(Value::Null)).1.get("amount").is_none());
}

#[test]
fn write_leaves_an_audit_record() {
    let emulator = emulator(20);
    let customer = customer(&emulator);
    let id = customer.rsplit('/').next().unwrap();
    let correlation = "2b1c9d3e-4f5a-4b6c-8d7e-9f0a1b2c3d4e";
    let body = new_user(&emulator, &customer, "audited");
    let headers = [("MS-CorrelationId", correlation)];
    let (_, _, user) = call(&emulator, &Method::POST, &format!("{customer}/users"), &headers, &body);
    let user = format!("{customer}/users/{}", user["id"].as_str().unwrap());
    emulator.advance_clock(Duration::from_secs(60));
    send(&emulator, &Method::DELETE, &user, &Value::Null);
    let records = |query: &str| {
        let (status, page) = get(&emulator, &format!("/v1/auditrecords{query}"));
        assert_eq!(status, StatusCode::OK, "{page}");
        page["items"].as_array().unwrap().clone()
    };
    let all = records("");
    let types: Vec<_> = all.iter().map(|record| record["operationType"].as_str().unwrap()).collect();
    assert_eq!(types, ["delete_customer_user", "create_customer_user"], "the newest is first");
    assert_eq!((&all[1]["customerId"], &all[1]["originalCorrelationId"]), (&json!(id), &json!(correlation)));
    assert!(!all.iter().any(|record| record.to_string().contains("Sample-")));
    let uri = format!("/auditactivity/v1/auditrecords/{}", all[1]["id"].as_str().unwrap());
    assert_eq!(get(&emulator, &uri), (StatusCode::OK, all[1].clone()));
    let filter = |field: &str, value: &str| {
        let filter = json!({ "Field": field, "Value": value, "Operator": "equals" }).to_string();
        records(&format!("?filter={}", filter.replace('{', "%7B").replace('}', "%7D").replace('"', "%22"))).len()
    };
    assert_eq!((filter("CustomerId", id), filter("ResourceType", "Customer_User")), (2, 2));
    assert_eq!(filter("CustomerId", "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"), 0);
    assert_eq!(records("?size=1").len(), 1);
    emulator.advance_clock(Duration::from_secs(31 * 24 * 60 * 60));
    assert!(records("").is_empty());
    assert_eq!(get(&emulator, "/v1/auditrecords?startDate=2020-01-01").0, StatusCode::BAD_REQUEST);
}

#[test]
fn domain_joins_those_of_the_customer() {
    let emulator = emulator(20);
    let all = customers(&emulator);
    let body = |name: &str| {
        json!({
            "verifiedDomainName": name,
            "domain": {
                "authenticationType": "Managed",
                "capability": "Email",
                "name": name,
                "status": "Verified",
                "verificationMethod": "DnsRecord",
            },
        })
    };
    let add = |customer: &str, name: &str| post(&emulator, &format!("{customer}/verifieddomain"), &body(name));
    let (status, domain) = add(&all[0], "northwind.example");
    assert_eq!((status, &domain["name"]), (StatusCode::CREATED, &json!("northwind.example")), "{domain}");
    assert_code(add(&all[1], "Northwind.example"), (StatusCode::BAD_REQUEST, 3000));
    let domains = get(&emulator, &format!("{}/customDomains", all[0])).1;
    assert!(domains.as_array().unwrap().contains(&json!("northwind.example")), "{domains}");
    let (_, resellers) = get(&emulator, "/v1/relationships?relationship_type=IsIndirectCloudSolutionProviderOf");
    assert_eq!(resellers["items"].as_array().unwrap().len(), emulator.indirect_resellers().len());
}
