//! What the account of a customer is rejected with: each code of the service's documentation comes from a story that leads to it, and
//! those that depend on the partner from a fault. Over HTTP.

#![allow(deprecated, reason = "agreements are still confirmed in this way")]

use super::{
    account::new_customer,
    commerce::{code, parse},
};
use partner_center::{error::ServiceError, models::*, operations::*, *};
use partner_center_emulator::{Emulator, Server};
use partner_center_tests::judged_emulator;
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    time::{Duration, UNIX_EPOCH},
};
use uuid::{Uuid, uuid};

/// 2026-06-01T09:00:00Z.
const START: Duration = Duration::from_secs(1_780_304_400);

/// 2022-06-01T09:00:00Z.
const BEFORE_2023: Duration = Duration::from_secs(1_654_074_000);

const DOMAIN: &str = "northwindtraders.onmicrosoft.com";
const NOBODY: Uuid = uuid!("0d5c3b1e-9d5c-4f8e-8f0e-5f2f6a1b7c11");

/// A partner with a new customer.
struct Partner {
    client: Client<Ureq>,
    customer: Uuid,
    emulator: Emulator,
    _server: Server,
}

type Outcome = Result<(), Error>;

impl Partner {
    fn new(start: Duration, fault: Option<&str>) -> Self {
        let builder = judged_emulator().customers(3).start_time(UNIX_EPOCH + start);
        let builder = fault.into_iter().fold(builder, |builder, fault| builder.fault(fault.parse().unwrap()));
        let emulator = builder.build();
        let server = emulator.serve("127.0.0.1:0").unwrap();
        let client = Client::builder(Ureq::new().unwrap(), Credential::token(Emulator::TOKEN)).base_url(server.url());
        let client = client.retry(RetryPolicy::none()).build().unwrap();
        let customer = client.call(CreateCustomer::new(new_customer(DOMAIN)));
        // With a fault there is none.
        let customer = customer.ok().and_then(|customer| customer.id).unwrap_or(NOBODY);
        Self { client, customer, emulator, _server: server }
    }

    /// Creates a customer with a registration number and a telephone number in a country.
    fn create_in(&self, country: &str, number: &str, phone: &str) -> Outcome {
        let mut customer = serde_json::to_value(new_customer("elsewhere.onmicrosoft.com")).unwrap();
        customer["companyProfile"]["organizationRegistrationNumber"] = number.into();
        let address = &mut customer["billingProfile"]["defaultAddress"];
        (address["country"], address["phoneNumber"]) = (country.into(), phone.into());
        self.create(customer)
    }

    /// Creates a customer of an indirect reseller.
    fn create_for(&self, partner_id: &str) -> Outcome {
        let mut customer = serde_json::to_value(new_customer("reseller.onmicrosoft.com")).unwrap();
        customer["associatedPartnerId"] = partner_id.into();
        self.create(customer)
    }

    fn create(&self, customer: Value) -> Outcome {
        self.client.call(CreateCustomer::new(parse(customer))).map(drop)
    }

    fn change_customer(&self, change: Value) -> Outcome {
        self.client.call(UpdateCustomer::new(self.customer, parse(change))).map(drop)
    }

    fn users(&self) -> Outcome {
        self.client.items(ListUsers::new(self.customer)).collect::<Result<Vec<_>, _>>().map(drop)
    }

    fn confirm_agreement(&self) -> Outcome {
        let agreement = json!({
            "primaryContact": { "firstName": "Nora", "lastName": "Winther", "email": "nora@northwindtraders.example" },
            "templateId": "117a77b0-9360-443b-8795-c6dedc750cf9",
            "dateAgreed": "2026-05-30T00:00:00Z",
            "type": "MicrosoftCustomerAgreement",
        });
        self.client.call(CreateCustomerAgreement::new(self.customer, parse(agreement))).map(drop)
    }
}

/// A status, a code, and what leads to them.
type Rejection = (u16, i64, fn(&Partner) -> Outcome);

const REJECTIONS: &[Rejection] = &[
    (400, 2007, |partner| {
        let mut customer = serde_json::to_value(new_customer("nowhere.onmicrosoft.com")).unwrap();
        customer["billingProfile"]["defaultAddress"]["city"] = "".into();
        partner.create(customer)
    }),
    (400, 2055, |partner| {
        let profile = partner.client.call(GetCustomerBillingProfile::new(partner.customer))?;
        let update = |profile| UpdateCustomerBillingProfile::new(partner.customer, "4242", profile);
        partner.client.call(update(profile)).map(drop)
    }),
    (400, 3000, |partner| partner.create(serde_json::to_value(new_customer(DOMAIN)).unwrap())),
    (400, 600_049, |partner| partner.create_in("PL", "", "+48 22 555 0143")),
    (400, 600_050, |partner| partner.create_in("PL", "number 7, ask Ewa", "+48 22 555 0143")),
    (400, 600_051, |partner| partner.create_in("PL", "522 104 68 30", "")),
    (400, 600_061, |partner| {
        partner.confirm_agreement()?;
        partner.confirm_agreement()
    }),
    (400, 900_154, |partner| partner.create_for("0000001")),
    (403, 20_002, |partner| {
        partner.change_customer(json!({ "relationshipToPartner": "none" }))?;
        partner.users()
    }),
    (403, 900_308, |partner| {
        partner.change_customer(json!({ "allowDelegatedAccess": false }))?;
        partner.users()
    }),
    (404, 60_002, |partner| partner.client.call(GetUser::new(partner.customer, NOBODY)).map(drop)),
    (404, 60_003, |partner| partner.client.call(GetCustomerCompanyProfile::new(NOBODY)).map(drop)),
    (404, 600_074, |partner| {
        let kind = CustomerValidationType::Account;
        partner.client.call(GetCustomerValidationStatus::new(partner.customer, kind)).map(drop)
    }),
];

/// What depends on the partner, and on what has been agreed with the customer elsewhere: only a fault makes it.
const FAULTS: &[Rejection] = &[
    (400, 900_316, |partner| {
        partner.client.items(ListSubscribedSkus::new(partner.customer)).collect::<Result<Vec<_>, _>>().map(drop)
    }),
    (403, 1002, |partner| {
        partner.client.items(ListCustomerRelationships::new(partner.customer)).collect::<Result<Vec<_>, _>>().map(drop)
    }),
    (403, 2030, |partner| partner.create_for("4847383")),
    (403, 90_000, Partner::users),
    (403, 600_006, |partner| partner.create_for("4847383")),
    (403, 900_123, |partner| partner.create_for("4847383")),
    (403, 900_124, |partner| partner.create_for("4847383")),
    (403, 900_309, Partner::users),
];

#[test]
fn account_is_rejected_with_each_documented_code() {
    let mut rejected = BTreeSet::new();
    for (status, code, story) in REJECTIONS {
        let error = story(&Partner::new(START, None)).expect_err(&code.to_string());
        assert_rejected(&error, *status, *code);
        assert!(rejected.insert(*code), "{code} is there twice");
    }
    for (status, code, story) in FAULTS {
        let fault = format!("{status}:code={code}@/v1/customers");
        let error = story(&Partner::new(START, Some(&fault))).expect_err(&fault);
        let service_error = assert_rejected(&error, *status, *code);
        let mut documented = partner_center_spec::OPERATIONS.iter().flat_map(|operation| operation.error_codes);
        let documented = documented.find(|error| error.status == *status && error.code == code.to_string()).unwrap();
        assert!(
            [documented.description, "Authorization Failed"].contains(&service_error.description.as_deref().unwrap()),
            "{service_error:?}"
        );
        assert!(rejected.insert(*code), "{code} is there twice");
    }
    for id in ["createCustomer", "updateCustomer", "updateCustomerBillingProfile", "getCustomerValidationStatus"] {
        let documented = partner_center_spec::operation(id).unwrap().error_codes.iter();
        let documented = documented.map(|error| error.code.parse().unwrap());
        let missing: Vec<i64> = documented.filter(|code| !rejected.contains(code) && !OTHERS.contains(code)).collect();
        assert!(missing.is_empty(), "{id}: {missing:?}");
    }
}

/// Codes with tests of their own: an identifier that is no GUID, a token without a user, and a number that was not supported before
/// 2023.
const OTHERS: &[i64] = &[900_118, 900_329, 600_002];

fn assert_rejected(error: &Error, status: u16, code: i64) -> &ServiceError {
    let service_error = error.service_error().unwrap_or_else(|| panic!("{code}: {error}"));
    let actual = service_error.code.as_ref().and_then(ErrorCode::number);
    assert_eq!((service_error.status.as_u16(), actual), (status, Some(code)), "{error}");
    service_error
}

#[test]
fn registration_number_was_not_supported_everywhere_before_2023() {
    let partner = Partner::new(BEFORE_2023, None);
    assert_eq!(code(partner.create_in("US", "318 442 907", "")), 600_002);
    partner.create_in("US", "", "").unwrap();
    let partner = Partner::new(START, None);
    partner.create_in("US", "318 442 907", "").unwrap();
}

#[test]
fn customer_is_kept_while_software_or_a_reservation_is_in_force() {
    const SOFTWARE: &str = "DG7GMGF0SUB1:0001:DG7GMGF0SUA1";
    const PERPETUAL_SOFTWARE: &str = "DG7GMGF0THXD:0003:DG7GMGF0F128";
    const RESERVATION: &str = "DZH318Z0NF44:0047:DZH318Z0T44W";
    for (item, term) in [(SOFTWARE, "P1Y"), (PERPETUAL_SOFTWARE, ""), (RESERVATION, "P1Y")] {
        let partner = Partner::new(START, None);
        let Partner { client, customer, .. } = &partner;
        partner.confirm_agreement().unwrap();
        let mut line_item = json!({ "lineItemNumber": 0, "offerId": item, "quantity": 1, "attestationAccepted": true });
        if !term.is_empty() {
            line_item["termDuration"] = term.into();
        }
        if item == RESERVATION {
            line_item["provisioningContext"] = json!({ "subscriptionId": NOBODY });
        }
        let order = client.call(CreateOrder::new(*customer, parse(json!({ "lineItems": [line_item] })))).unwrap();
        partner.emulator.advance_clock(Duration::from_secs(10));
        let delete = || client.call(DeleteCustomer::new(*customer));
        let error = delete().unwrap_err();
        let id = order.id.unwrap();
        assert!(error.to_string().contains(&id), "{error}");
        assert_eq!(code(delete()), 3000);
        let end = || partner.change_customer(json!({ "relationshipToPartner": "none" }));
        if item == RESERVATION {
            assert_eq!(code(end()), 3000);
            partner.emulator.advance_clock(Duration::from_secs(366 * 24 * 60 * 60));
            end().unwrap();
        } else {
            let cancel = parse(json!({ "id": id, "status": "cancelled" }));
            client.call(UpdateOrder::new(*customer, &*id, cancel)).unwrap();
        }
        delete().unwrap();
        assert!(client.call(GetCustomer::new(*customer)).unwrap_err().is_not_found());
    }
}
