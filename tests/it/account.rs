//! The account of a customer over every transport: its life from creation to deletion, and a day of its administrator.

#![allow(deprecated, reason = "agreements are still confirmed in this way")]

use super::commerce::{E3, code, seats};
use partner_center::{
    models::{BillingCycle, NewCart, NewCartLineItem, SubscriptionStatus},
    operations::*,
    transport::{Async, Blocking, Mode},
    *,
};
use partner_center_emulator::Emulator;
use partner_center_tests::{block_on, judged_emulator};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::time::{Duration, UNIX_EPOCH};
use uuid::Uuid;

/// 2026-06-01T09:00:00Z.
const START: Duration = Duration::from_secs(1_780_304_400);

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

const DOMAIN: &str = "northwindtraders.onmicrosoft.com";

/// Runs `test` over every transport, each against a new emulator: in memory in both modes, and over sockets with both HTTP clients.
macro_rules! over_every_transport {
    ($test:ident) => {
        let emulator = new_emulator();
        $test(&client(emulator.transport::<Blocking>(), None), &emulator);
        let emulator = new_emulator();
        $test(&client(emulator.transport::<Async>(), None), &emulator);
        let emulator = new_emulator();
        let server = emulator.serve("127.0.0.1:0").unwrap();
        $test(&client(Ureq::new().unwrap(), Some(&server.url())), &emulator);
        let emulator = new_emulator();
        let server = emulator.serve("127.0.0.1:0").unwrap();
        $test(&client(Reqwest::new().unwrap(), Some(&server.url())), &emulator);
    };
}

fn new_emulator() -> Emulator {
    judged_emulator().start_time(UNIX_EPOCH + START).build()
}

fn client<X: Transport>(transport: X, url: Option<&str>) -> Client<X> {
    let builder = Client::builder(transport, Credential::token(Emulator::TOKEN));
    url.into_iter().fold(builder, ClientBuilder::base_url).build().unwrap()
}

fn call<X: Transport, O: SingleResponse>(client: &Client<X>, operation: O) -> Result<O::Response, Error>
where
    O::Response: Send + 'static,
{
    block_on::<X::Mode, _>(client.call(operation))
}

/// Performs an operation and returns its response as JSON.
fn json_of<X: Transport, O: SingleResponse>(client: &Client<X>, operation: O) -> Value
where
    O::Response: Send + Serialize + 'static,
{
    serde_json::to_value(call(client, operation).unwrap()).unwrap()
}

/// Returns all items of a list as JSON.
fn items<X: Transport, O>(client: &Client<X>, list: O) -> Vec<Value>
where
    O: Paginated + Send + 'static,
    O::Response: Serialize + Send + 'static,
{
    let mut pages = client.pages(list);
    block_on::<X::Mode, _>(X::Mode::block_or_box(async move {
        let mut items = Vec::new();
        while let Some(page) = X::Mode::into_future(pages.next_page()).await {
            let page = serde_json::to_value(page.unwrap()).unwrap();
            items.extend(page["items"].as_array().unwrap().iter().cloned());
        }
        items
    }))
}

fn read<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

pub(super) fn new_customer(domain: &str) -> Customer {
    read(json!({
        "companyProfile": { "domain": domain },
        "billingProfile": {
            "culture": "en-US",
            "language": "en",
            "email": "billing@northwindtraders.example",
            "companyName": "Northwind Traders",
            "defaultAddress": address(),
        },
    }))
}

fn address() -> Value {
    json!({
        "addressLine1": "2100 Harbor Avenue",
        "city": "Seattle",
        "state": "WA",
        "postalCode": "98126",
        "country": "US",
    })
}

fn id_of(resource: &Value) -> Uuid {
    resource["id"].as_str().unwrap().parse().unwrap()
}

#[test]
fn customer_is_created_found_changed_and_deleted() {
    fn test<X: Transport>(client: &Client<X>, _: &Emulator) {
        let customer = call(client, CreateCustomer::new(new_customer(DOMAIN))).unwrap();
        let id = customer.id.unwrap();
        let listed = items(client, ListCustomers::new());
        assert!(listed.iter().any(|listed| id_of(listed) == id));

        let profile = call(client, GetCustomerBillingProfile::new(id)).unwrap();
        let mut changed = serde_json::to_value(&profile).unwrap();
        let etag = changed["attributes"]["etag"].as_str().unwrap().to_owned();
        changed["email"] = "accounts@northwindtraders.example".into();
        let update = || UpdateCustomerBillingProfile::new(id, etag.as_str(), read(changed.clone()));
        let updated = json_of(client, update());
        assert_eq!(updated["email"], "accounts@northwindtraders.example");
        assert_ne!(updated["attributes"]["etag"], etag);
        let stale = call(client, update()).unwrap_err();
        assert!(stale.is_etag_mismatch(), "{stale}");

        call(client, DeleteCustomer::new(id)).unwrap();
        assert!(call(client, GetCustomer::new(id)).unwrap_err().is_not_found());
        assert!(!items(client, ListCustomers::new()).iter().any(|listed| id_of(listed) == id));
    }
    over_every_transport!(test);
}

#[test]
fn day_of_an_administrator() {
    fn test<X: Transport>(client: &Client<X>, emulator: &Emulator) {
        assert_eq!(json_of(client, ValidateAddress::new(read(address())))["status"], "VerifiedShippable");
        assert!(!call(client, CheckDomain::new(DOMAIN)).unwrap());
        let created = json_of(client, CreateCustomer::new(new_customer(DOMAIN)));
        let id = id_of(&created);
        assert!(call(client, CheckDomain::new(DOMAIN)).unwrap());
        let taken = call(client, CreateCustomer::new(new_customer(DOMAIN))).unwrap_err();
        assert_eq!(taken.status().map(|status| status.as_u16()), Some(400), "{taken}");
        let taken = taken.service_error().unwrap().description.clone().unwrap_or_default();
        assert!(taken.contains(DOMAIN) && taken.contains("another customer"), "{taken}");
        let created_customers = items(client, ListCustomers::new())
            .into_iter()
            .filter(|listed| listed["companyProfile"]["domain"] == DOMAIN);
        assert_eq!(created_customers.count(), 1, "the second was not created");

        let profile = json_of(client, GetCustomerCompanyProfile::new(id));
        assert_eq!((&profile["domain"], &profile["companyName"]), (&json!(DOMAIN), &json!("Northwind Traders")));
        let address = &profile["address"];
        assert_eq!(
            (&address["city"], &address["region"], &address["country"]),
            (&json!("Seattle"), &json!("WA"), &json!("US"))
        );
        assert_eq!(json_of(client, GetDirectSignedAgreementStatus::new(id))["isSigned"], false);
        assert_eq!(items(client, ListUsers::new(id)).len(), 1, "the administrator");
        let school = json!({ "qualification": "Education", "educationSegment": "K12", "website": "school.example" });
        let qualification = json_of(client, CreateCustomerQualification::new(id, read(school)));
        assert_eq!(qualification["vettingStatus"], "InReview");
        let qualifications = json_of(client, ListCustomerQualifications::new(id));
        assert_eq!(qualifications.as_array().map(Vec::len), Some(1));
        assert_eq!(
            (&qualifications[0]["qualification"], &qualifications[0]["vettingStatus"]),
            (&json!("Education"), &json!("InReview"))
        );

        let users: Vec<Value> =
            ["mila", "otto"].into_iter().map(|name| create_user(client, id, name, DOMAIN)).collect();
        let otto = id_of(&users[1]);
        assign_role(client, id, &users[0]);
        let seats = buy_seats_and_azure(client, emulator, id);
        assign_licenses(client, id, &users);

        let budget = read(json!({ "amount": 250, "attributes": { "objectType": "SpendingBudget" } }));
        assert_eq!(json_of(client, UpdateUsageBudget::new(id, budget))["amount"], 250);
        assert_eq!(json_of(client, GetUsageBudget::new(id))["amount"], 250);
        check_usage(client, emulator, id);

        let password =
            read(json!({ "passwordProfile": { "password": "Sample-7hJ4-only", "forceChangePassword": true } }));
        let reset = call(client, ResetUserPassword::new(id, otto, password)).unwrap();
        assert_eq!(reset.id, Some(otto));
        assert!(!format!("{reset:?}").contains("Sample-7hJ4-only"));
        call(client, DeleteUser::new(id, otto)).unwrap();
        assert_eq!(items(client, ListUsers::new(id)).len(), 2, "the administrator and one user");
        assert!(call(client, GetUser::new(id, otto)).unwrap_err().is_not_found());
        let restored = json_of(client, UpdateUser::new(id, otto, read(json!({ "state": "active" }))));
        assert_eq!(restored["displayName"], "otto");
        assert_eq!(items(client, ListUserLicenses::new(id, otto)).len(), 1, "it has its license again");

        let end = || read(json!({ "relationshipToPartner": "none", "attributes": { "objectType": "Customer" } }));
        assert_eq!(code(call(client, UpdateCustomer::new(id, end()))), 3000, "subscriptions are active");
        suspend(client, id, seats);
        assert_eq!(json_of(client, UpdateCustomer::new(id, end()))["RelationshipToPartner"], "none");
        let hidden = call(client, GetCustomerCompanyProfile::new(id)).unwrap_err();
        assert!(hidden.is_relationship_missing(), "{hidden}");
        call(client, DeleteCustomer::new(id)).unwrap();
        assert!(call(client, GetCustomer::new(id)).unwrap_err().is_not_found());
        assert!(!call(client, CheckDomain::new(DOMAIN)).unwrap());
    }
    over_every_transport!(test);
}

fn create_user<X: Transport>(client: &Client<X>, customer: Uuid, name: &str, domain: &str) -> Value {
    let user = json!({
        "userPrincipalName": format!("{name}@{domain}"),
        "displayName": name,
        "firstName": name,
        "lastName": "Example",
        "usageLocation": "US",
        "passwordProfile": { "password": "Sample-3kD9-only", "forceChangePassword": true },
    });
    json_of(client, CreateUser::new(customer, read(user)))
}

/// Confirms the agreement, and buys two seats and an Azure plan in a cart. Returns the subscription of the seats.
fn buy_seats_and_azure<X: Transport>(client: &Client<X>, emulator: &Emulator, customer: Uuid) -> Uuid {
    let agreement = read(json!({
        "primaryContact": { "firstName": "Nora", "lastName": "Winther", "email": "nora@northwindtraders.example" },
        "templateId": "117a77b0-9360-443b-8795-c6dedc750cf9",
        "dateAgreed": "2026-05-30T00:00:00Z",
        "type": "MicrosoftCustomerAgreement",
    }));
    call(client, CreateCustomerAgreement::new(customer, agreement)).unwrap();
    let azure = NewCartLineItem::new("DZH318Z0AZP1:0001:DZH318Z0AZA1", 1).billing_cycle(BillingCycle::Monthly);
    let cart = NewCart::new(vec![seats(E3, 2, "P1Y"), azure]);
    let cart = call(client, CreateCart::new(customer, cart)).unwrap();
    let checkout = call(client, CheckoutCart::new(customer, cart.id.unwrap())).unwrap();
    assert!(checkout.into_outcome().into_complete().is_ok());
    emulator.advance_clock(Duration::from_secs(10));
    let subscriptions = items(client, ListSubscriptions::new(customer));
    assert!(subscriptions.iter().all(|subscription| subscription["status"] == "active"), "{subscriptions:?}");
    assert_eq!(subscriptions.len(), 2);
    id_of(subscriptions.iter().find(|subscription| subscription["quantity"] == 2).unwrap())
}

/// Assigns the licenses of the customer to its two users, and none to its administrator.
fn assign_licenses<X: Transport>(client: &Client<X>, customer: Uuid, users: &[Value]) {
    let units = || {
        let sku = items(client, ListSubscribedSkus::new(customer)).remove(0);
        (sku["totalUnits"].as_i64().unwrap(), sku["availableUnits"].as_i64().unwrap())
    };
    assert_eq!(units(), (2, 2));
    let sku = items(client, ListSubscribedSkus::new(customer)).remove(0)["productSku"]["id"].clone();
    let assign = |user: Uuid| {
        let licenses = read(json!({ "licensesToAssign": [{ "skuId": sku }] }));
        call(client, UpdateUserLicenses::new(customer, user, licenses))
    };
    for user in users.iter().map(id_of) {
        assign(user).unwrap();
        assert_eq!(items(client, ListUserLicenses::new(customer, user)).len(), 1);
    }
    assert_eq!(units(), (2, 0));
    let all = items(client, ListUsers::new(customer));
    let administrator = all.iter().map(id_of).find(|id| users.iter().all(|user| id_of(user) != *id)).unwrap();
    assert_eq!(code(assign(administrator)), 60_012);
    let deployment = items(client, ListLicenseDeployment::new(customer)).remove(0);
    assert_eq!((&deployment["licensesSold"], &deployment["licensesDeployed"]), (&json!(2), &json!(2)));
    let usage = items(client, ListLicenseUsage::new(customer));
    assert!(usage.iter().all(|workload| workload["licensesQualified"] == 2), "{usage:?}");
    call(client, DeleteUser::new(customer, id_of(&users[1]))).unwrap();
    assert_eq!(units(), (2, 1));
    call(client, UpdateUser::new(customer, id_of(&users[1]), read(json!({ "state": "active" })))).unwrap();
    assert_eq!(units(), (2, 0), "the user has its license again");
}

/// Checks that the usage costs the same every day, and is shown with the budget.
fn check_usage<X: Transport>(client: &Client<X>, emulator: &Emulator, customer: Uuid) {
    let total_cost = || {
        let usage = json_of(client, GetCustomerUsageSummary::new(customer));
        assert_eq!(usage["budget"]["amount"], 250, "{usage}");
        let records = items(client, ListSubscriptionUsageRecords::new(customer));
        assert_eq!((records.len(), &records[0]["totalCost"]), (1, &usage["totalCost"]));
        usage["totalCost"].as_f64().unwrap()
    };
    let of_first_day = total_cost();
    assert!(of_first_day > 0.0);
    emulator.advance_clock(DAY * 2);
    let of_three_days = total_cost();
    assert!((of_three_days - of_first_day * 3.0).abs() < 0.001, "{of_three_days} are not 3 times {of_first_day}");
    let records = items(client, ListCustomerUsageRecords::new());
    let record = records.iter().find(|record| id_of(record) == customer).unwrap();
    let percent = of_three_days / 250.0 * 100.0;
    assert!((record["percentUsed"].as_f64().unwrap() - percent).abs() < 0.01, "{record}");
}

/// Suspends the subscription of the seats, and cancels the Azure plan, which cannot be suspended.
fn suspend<X: Transport>(client: &Client<X>, customer: Uuid, seats: Uuid) {
    for id in items(client, ListSubscriptions::new(customer)).iter().map(id_of) {
        let mut subscription = call(client, GetSubscription::new(customer, id)).unwrap();
        let status = if id == seats { SubscriptionStatus::Suspended } else { SubscriptionStatus::Deleted };
        subscription.status = Some(status);
        call(client, UpdateSubscription::new(customer, id, subscription)).unwrap();
    }
}

fn assign_role<X: Transport>(client: &Client<X>, customer: Uuid, user: &Value) {
    let roles = items(client, ListDirectoryRoles::new(customer));
    let role = roles.iter().find(|role| role["name"] == "User Administrator").unwrap();
    let member = json!({
        "id": user["id"],
        "displayName": user["displayName"],
        "userPrincipalName": user["userPrincipalName"],
        "attributes": { "objectType": "UserMember" },
    });
    let member = json_of(client, AddDirectoryRoleMember::new(customer, id_of(role), read(member)));
    assert_eq!(member["roleId"], role["id"]);
    let roles = items(client, ListUserDirectoryRoles::new(customer, id_of(user)));
    assert_eq!((roles.len(), &roles[0]["id"]), (1, &role["id"]));
}
