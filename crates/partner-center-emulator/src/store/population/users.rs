use super::CustomerTenant;
use crate::{
    random::RandomGenerator,
    resource::SelfLinks,
    timestamp::{ONE_DAY, Timestamp},
};
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) const USER_STATE_ACTIVE: &str = "active";
pub(crate) const USER_STATE_INACTIVE: &str = "inactive";

/// Returns all users of a customer.
pub(super) fn all_users(tenant: &CustomerTenant<'_>, now: Timestamp) -> Vec<Value> {
    (0..user_count(tenant)).map(|number| generate_user(tenant, number, now)).collect()
}

pub(super) fn get_user(tenant: &CustomerTenant<'_>, id: &str, now: Timestamp) -> Option<Value> {
    let id: Uuid = id.parse().ok()?;
    let number = (0..user_count(tenant)).find(|number| user_id(tenant, *number) == id)?;
    Some(generate_user(tenant, number, now))
}

/// Returns the number of users. Some customers have more than a page of 500.
fn user_count(tenant: &CustomerTenant<'_>) -> u32 {
    if tenant.is_created {
        return 1;
    }
    let mut random = RandomGenerator::for_purpose(tenant.seed, "user count", tenant.index);
    let count = if random.true_once_in(50) { 501 + random.number_below(1000) } else { 1 + random.number_below(25) };
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn user_id(tenant: &CustomerTenant<'_>, number: u32) -> Uuid {
    tenant.generated_resource_id("user", "user-id", number)
}

/// Returns a user. The first is the administrator, who is always active.
pub(super) fn generate_user(tenant: &CustomerTenant<'_>, number: u32, now: Timestamp) -> Value {
    let id = user_id(tenant, number);
    let mut random = RandomGenerator::for_purpose(tenant.seed, "user details", tenant.random_key_of_resource(number));
    let (first, last) = (random.pick_one(tenant.country.given_names), random.pick_one(tenant.country.family_names));
    let (name, display_name) = match number {
        0 => ("admin".to_owned(), "Administrator".to_owned()),
        _ => (format!("user{number}"), format!("{first} {last}")),
    };
    let mut user = json!({
        "id": id,
        "userPrincipalName": format!("{name}@{}", tenant.domain),
        "firstName": first,
        "lastName": last,
        "displayName": display_name,
        "userDomainType": "none",
        "state": USER_STATE_ACTIVE,
        "links": SelfLinks::new(format!("/customers/{}/users/{id}", tenant.id)),
        "attributes": { "objectType": "CustomerUser" },
    });
    // Without it no license can be assigned, and some users have none.
    if !random.true_once_in(8) {
        user["usageLocation"] = tenant.country.code.into();
    }
    if number > 0 && random.true_once_in(10) {
        user["state"] = USER_STATE_INACTIVE.into();
        // It is there for thirty days.
        let days = u32::try_from(1 + random.number_below(28)).unwrap_or_default();
        user["softDeletionTime"] = (now - ONE_DAY * days).to_string_in_seconds().into();
    }
    user
}
