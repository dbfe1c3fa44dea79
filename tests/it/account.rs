//! The account of a customer over every transport: its life from creation to deletion, and a day of its administrator.

use partner_center::{
    operations::*,
    transport::{Async, Blocking, Mode},
    *,
};
use partner_center_emulator::Emulator;
use partner_center_tests::{block_on, judged_emulator};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use uuid::Uuid;

/// Runs `test` over every transport, each against a new emulator: in memory in both modes, and over sockets with both HTTP clients.
macro_rules! over_every_transport {
    ($test:ident) => {
        $test(&client(judged_emulator().build().transport::<Blocking>(), None));
        $test(&client(judged_emulator().build().transport::<Async>(), None));
        let server = judged_emulator().build().serve("127.0.0.1:0").unwrap();
        $test(&client(Ureq::new().unwrap(), Some(&server.url())));
        let server = judged_emulator().build().serve("127.0.0.1:0").unwrap();
        $test(&client(Reqwest::new().unwrap(), Some(&server.url())));
    };
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

fn new_customer(domain: &str) -> Customer {
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
    fn test<X: Transport>(client: &Client<X>) {
        let customer = call(client, CreateCustomer::new(new_customer("northwindtraders.onmicrosoft.com"))).unwrap();
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
    fn test<X: Transport>(client: &Client<X>) {
        const DOMAIN: &str = "northwindtraders.onmicrosoft.com";
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
        assign_licenses(client);

        let budget = read(json!({ "amount": 250, "attributes": { "objectType": "SpendingBudget" } }));
        assert_eq!(json_of(client, UpdateUsageBudget::new(id, budget))["amount"], 250);
        assert_eq!(json_of(client, GetUsageBudget::new(id))["amount"], 250);
        let usage = json_of(client, GetCustomerUsageSummary::new(id));
        assert_eq!((&usage["budget"]["amount"], usage["totalCost"].as_f64()), (&json!(250), Some(0.0)), "{usage}");

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

        let end = read(json!({ "relationshipToPartner": "none", "attributes": { "objectType": "Customer" } }));
        assert_eq!(json_of(client, UpdateCustomer::new(id, end))["RelationshipToPartner"], "none");
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

/// Assigns licenses to two users of the customer of the documentation, who has some.
fn assign_licenses<X: Transport>(client: &Client<X>) {
    let customer: Uuid = "aaaabbbb-0000-cccc-1111-dddd2222eeee".parse().unwrap();
    let sku = || items(client, ListSubscribedSkus::new(customer)).remove(0);
    let before = sku();
    let license = || read(json!({ "licensesToAssign": [{ "skuId": before["productSku"]["id"] }] }));
    let users = ["mila", "otto"].map(|name| id_of(&create_user(client, customer, name, "contoso.example")));
    for user in users {
        call(client, UpdateUserLicenses::new(customer, user, license())).unwrap();
        assert_eq!(items(client, ListUserLicenses::new(customer, user)).len(), 1);
    }
    let available = |sku: &Value| sku["availableUnits"].as_i64().unwrap();
    assert_eq!(available(&sku()), available(&before) - 2);
    call(client, DeleteUser::new(customer, users[1])).unwrap();
    assert_eq!(available(&sku()), available(&before) - 1);
    call(client, UpdateUser::new(customer, users[1], read(json!({ "state": "active" })))).unwrap();
    assert_eq!(items(client, ListUserLicenses::new(customer, users[1])).len(), 1, "it has its license again");
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
