//! What the operations of commerce are rejected with: each code of the service's documentation comes from a story that leads to it.

mod azure_and_transfers;
mod carts;
mod catalog;
mod changes;
mod migrations;
mod orders;
mod partner;
mod transitions;

use partner::{Outcome, Partner};
use partner_center::models::{ErrorCode, SubscriptionStatus};
use std::collections::BTreeSet;
use uuid::{Uuid, uuid};

const BUSINESS_BASIC: &str = "CFQ7TTC069GL:0001:CFQ7TTC0G225";
const E3: &str = "CFQ7TTC0T5K5:0001:CFQ7TTC0K83V";
const E5: &str = "CFQ7TTC0EE50:0001:CFQ7TTC0PE9F";
const TRIAL: &str = "CFQ7TTC0X301:0007:CFQ7TTC0TR1L";
const MARKETPLACE: &str = "DZH318Z0MKT1:0001:DZH318Z0MKA1";
const SOFTWARE: &str = "DG7GMGF0SUB1:0001:DG7GMGF0SUA1";
const PERPETUAL_SOFTWARE: &str = "DG7GMGF0THXD:0003:DG7GMGF0F128";
const RESERVATION: &str = "DZH318Z0NF44:0047:DZH318Z0T44W";
const AZURE_PLAN_ITEM: &str = "DZH318Z0AZP1:0001:DZH318Z0AZA1";

/// What the customer of the documentation has.
const CUSTOMER: Uuid = uuid!("aaaabbbb-0000-cccc-1111-dddd2222eeee");
const BASIC: Uuid = uuid!("9e3258d1-19e2-4b05-bb0b-ffad62f208b8");
const LEGACY: Uuid = uuid!("a1f46edc-74bc-4201-9476-c0e94f82d106");
const LEGACY_WITH_ADD_ON: Uuid = uuid!("74c86d3e-d504-4ebb-889c-55c9b1a3e0b1");
const LEGACY_ADD_ON: Uuid = uuid!("72192ac0-9458-470d-9f52-c6e416145c2e");
const LEGACY_ORDER: &str = "0C41E2BB-7C8C-47C1-8DDB-8FDE4C3D5D5A";
const AZURE_PLAN: Uuid = uuid!("4d7e01ad-96e0-4e2c-820e-3a3a1b079c7a");
const AZURE_SUBSCRIPTION: Uuid = uuid!("6af44654-8c59-4257-9b7c-f60a719d6697");
const NOWHERE: Uuid = uuid!("0d5c3b1e-9d5c-4f8e-8f0e-5f2f6a1b7c11");

const ACTIVE: SubscriptionStatus = SubscriptionStatus::Active;
const SUSPENDED: SubscriptionStatus = SubscriptionStatus::Suspended;
const DELETED: SubscriptionStatus = SubscriptionStatus::Deleted;

/// A status, a code, and what leads to them.
type Rejection = (u16, i64, fn(&Partner) -> Outcome);

const AREAS: [&[Rejection]; 6] = [
    changes::CHANGES,
    orders::ORDERS,
    transitions::TRANSITIONS,
    migrations::MIGRATIONS,
    azure_and_transfers::AZURE_AND_TRANSFERS,
    catalog::CATALOG,
];

#[test]
fn operation_is_rejected_with_each_documented_code() {
    let (mut rejected, mut problems) = (BTreeSet::new(), Vec::new());
    for (status, code, story) in AREAS.into_iter().flatten() {
        let mut check = |is_right: bool, problem: &str| {
            problems.extend((!is_right).then(|| format!("{status}/{code}: {problem}")));
        };
        check(rejected.insert((*status, code.to_string())), "it is there twice");
        let Err(error) = story(&Partner::new()) else {
            check(false, "nothing is rejected");
            continue;
        };
        let Some(service_error) = error.service_error() else {
            check(false, &error.to_string());
            continue;
        };
        let actual = service_error.code.as_ref().and_then(ErrorCode::number);
        check((service_error.status.as_u16(), actual) == (*status, Some(*code)), &error.to_string());
        let documented = partner_center_spec::operation(error.operation()).unwrap().error_codes;
        let is_documented = documented.iter().any(|known| known.status == *status && known.code == code.to_string());
        let operation = error.operation();
        check(is_documented || WITHOUT_OPERATION.contains(code), &format!("it is not documented for {operation}"));
    }
    assert_eq!(problems, Vec::<String>::new());
    rejected.extend(carts::CHECKOUT_CODES.map(|(status, code)| (status, code.to_string())));
    let reasons: BTreeSet<_> = NEVER.iter().flat_map(|(_, codes)| *codes).copied().collect();
    let operations = partner_center_spec::OPERATIONS.iter();
    let of_commerce = operations.filter(|operation| AREAS_OF_SPECIFICATION.contains(&operation.area));
    let documented: BTreeSet<_> = of_commerce
        .flat_map(|operation| operation.error_codes)
        .map(|documented| (documented.status, documented.code.to_owned()))
        .filter(|(_, code)| !OF_EVERY_CUSTOMER.contains(&code.as_str()))
        .collect();
    let missing: Vec<_> =
        documented.iter().filter(|known| !rejected.contains(*known) && !reasons.contains(known.1.as_str())).collect();
    assert_eq!(missing, Vec::<&(u16, String)>::new(), "nothing leads to these codes");
    let needless: Vec<_> = reasons.iter().filter(|code| rejected.iter().any(|(_, known)| known == *code)).collect();
    assert_eq!(needless, Vec::<&&str>::new(), "these codes have a story and a reason why they have none");
}

/// The areas of the specification that are commerce.
const AREAS_OF_SPECIFICATION: [&str; 5] = ["catalog", "commerce", "devices", "migrations", "usage"];

/// Codes for a customer that is not there, is not one of the partner's, or has no GUID, and for a credential: the tests of the
/// account have them for all operations.
const OF_EVERY_CUSTOMER: [&str; 4] = ["20002", "60003", "900118", "900329"];

/// Codes that the page of all error codes has, and no page of the operation that is rejected.
const WITHOUT_OPERATION: &[i64] = &[800_002, 800_030, 900_126, 900_275];

/// Codes that nothing in the emulator leads to, with the reason.
const NEVER: &[(&str, &[&str])] = &[
    (
        "They are led to by the tests of `commerce_purchases`, which need other customers or thousands of requests.",
        &["2012", "900311"],
    ),
    (
        "The emulated partner has signed its agreement, and may sell and manage all that there is.",
        &["2006", "800114", "900124", "900137", "900223"],
    ),
    (
        "One request is performed after the other, so that none meets another one in progress.",
        &["800060", "800064", "900104"],
    ),
    (
        "They are of Microsoft's integration sandbox, which the emulator is not; it lets subscriptions be activated all the same.",
        &["800018", "900127"],
    ),
    ("They are of failures within the service. Faults that are injected stand for all of them.", &["900103", "900225"]),
    ("It is documented with the words of 800072, and nothing tells when it is which.", &["800080"]),
    ("It is documented with the words of 900292, which took its place.", &["900242"]),
    ("Line items of transfers are subscriptions; Azure subscriptions below a plan are none.", &["900139"]),
];
