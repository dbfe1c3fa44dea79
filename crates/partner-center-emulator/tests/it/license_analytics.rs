//! The deployment and the usage of licenses, and the services that are managed for a customer.

use crate::{call, emulator, get, post};
use http::{Method, StatusCode};
use partner_center_emulator::Emulator;
use serde_json::{Value, json};

const ALL_GROUPS: &str = "licenseGroupIds=Group1&licenseGroupIds=Group2";

fn items(emulator: &Emulator, uri: &str) -> Vec<Value> {
    let (status, page) = get(emulator, uri);
    assert_eq!(status, StatusCode::OK, "{page}");
    page["items"].as_array().unwrap().clone()
}

/// Returns the paths of the customers of the first page, which are not those of the documentation.
fn customers(emulator: &Emulator) -> Vec<String> {
    let customers = items(emulator, "/v1/customers");
    customers.iter().map(|customer| format!("/v1/customers/{}", customer["id"].as_str().unwrap())).collect()
}

#[test]
fn license_analytics_are_those_of_the_subscriptions_and_users() {
    let emulator = emulator(20);
    let mut used = 0;
    for customer in customers(&emulator) {
        let skus = items(&emulator, &format!("{customer}/subscribedskus?{ALL_GROUPS}"));
        let deployment = items(&emulator, &format!("{customer}/analytics/licenses/deployment"));
        let usage = items(&emulator, &format!("{customer}/analytics/licenses/usage"));
        assert_eq!((deployment.len(), usage.len()), (skus.len(), skus.len() * 2));
        for (number, (sku, deployed)) in skus.iter().zip(&deployment).enumerate() {
            assert_eq!(deployed["productName"], sku["productSku"]["name"]);
            assert_eq!(customer, format!("/v1/customers/{}", deployed["customerId"].as_str().unwrap()));
            assert_eq!(
                (&deployed["licensesSold"], &deployed["licensesDeployed"]),
                (&sku["totalUnits"], &sku["consumedUnits"])
            );
            for workload in &usage[number * 2..number * 2 + 2] {
                assert_eq!(workload["licensesQualified"], sku["consumedUnits"]);
                let active = workload["licensesActive"].as_i64().unwrap();
                assert!(active <= sku["consumedUnits"].as_i64().unwrap(), "{workload}");
                used += active;
            }
        }
    }
    assert!(used > 0);
}

#[test]
fn assigned_license_is_deployed() {
    let emulator = emulator(20);
    let deployment = |customer: &str| items(&emulator, &format!("{customer}/analytics/licenses/deployment"));
    let has_licenses_left = |customer: &&String| {
        let first = deployment(customer).into_iter().next();
        first.is_some_and(|first| first["licensesDeployed"].as_i64() < first["licensesSold"].as_i64())
    };
    let customers = customers(&emulator);
    let customer = customers.iter().find(has_licenses_left).unwrap();
    let sku = items(&emulator, &format!("{customer}/subscribedskus?{ALL_GROUPS}")).remove(0);
    let users = items(&emulator, &format!("{customer}/users"));
    let (_, domain) = users[0]["userPrincipalName"].as_str().unwrap().split_once('@').unwrap();
    let user = json!({
        "userPrincipalName": format!("deployed@{domain}"),
        "displayName": "Nora Falk",
        "usageLocation": "DE",
        "passwordProfile": { "password": "Sample-4hT7-only", "forceChangePassword": true },
    });
    let (_, user) = post(&emulator, &format!("{customer}/users"), &user);
    let user = format!("{customer}/users/{}", user["id"].as_str().unwrap());
    let before = deployment(customer)[0]["licensesDeployed"].as_i64().unwrap();
    let update = json!({ "licensesToAssign": [{ "skuId": sku["productSku"]["id"] }] });
    assert_eq!(post(&emulator, &format!("{user}/licenseupdates"), &update).0, StatusCode::CREATED);
    let after = deployment(customer).remove(0);
    assert_eq!(after["licensesDeployed"], before + 1);
    #[expect(clippy::cast_precision_loss, reason = "there are few licenses")]
    let percent = (before + 1) as f64 / after["licensesSold"].as_f64().unwrap() * 100.0;
    assert!((after["deploymentPercent"].as_f64().unwrap() - percent).abs() < 0.051, "{after}");
    call(&emulator, &Method::DELETE, &user, &[], &Value::Null);
    assert_eq!(deployment(customer)[0]["licensesDeployed"], before);
}

#[test]
fn services_are_managed_for_customers_with_licenses_and_delegated_access() {
    let emulator = emulator(20);
    let mut managed = 0;
    for customer in customers(&emulator) {
        let services = items(&emulator, &format!("{customer}/managedservices"));
        let skus = items(&emulator, &format!("{customer}/subscribedskus?{ALL_GROUPS}"));
        let is_managed = get(&emulator, &customer).1["allowDelegatedAccess"] == true
            && skus.iter().any(|sku| sku["totalUnits"].as_i64() > Some(0));
        assert_eq!(!services.is_empty(), is_managed, "{customer}");
        let id = customer.rsplit('/').next().unwrap();
        for service in services {
            assert!(service["links"]["adminService"]["uri"].as_str().unwrap().contains(id), "{service}");
            managed += 1;
        }
    }
    assert!(managed > 0);
}
