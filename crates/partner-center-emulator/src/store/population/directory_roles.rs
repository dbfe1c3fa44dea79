use super::CustomerTenant;
use crate::timestamp::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

/// The roles that are activated in every tenant.
const DIRECTORY_ROLES: [&str; 4] =
    ["Helpdesk Administrator", "User Administrator", "Global Reader", GLOBAL_ADMINISTRATOR];

/// The role of the first user of a customer.
const GLOBAL_ADMINISTRATOR: &str = "Global Administrator";

/// Returns all directory roles of a customer.
pub(super) fn all_directory_roles(tenant: &CustomerTenant<'_>) -> Vec<Value> {
    let roles = DIRECTORY_ROLES.into_iter().zip(0..);
    roles
        .map(|(name, number)| {
            let id = directory_role_id(tenant, number);
            json!({ "id": id, "name": name, "attributes": { "objectType": "DirectoryRole" } })
        })
        .collect()
}

/// Returns the members of a role, or `None` if there is no such role: the first user is an administrator.
pub(super) fn directory_role_members(tenant: &CustomerTenant<'_>, role: &str) -> Option<Vec<Value>> {
    let role: Uuid = role.parse().ok()?;
    let (name, number) =
        DIRECTORY_ROLES.into_iter().zip(0..).find(|(_, number)| directory_role_id(tenant, *number) == role)?;
    let is_member = name == GLOBAL_ADMINISTRATOR || (tenant.is_documented && number == 0);
    let user = super::users::generate_user(tenant, 0, Timestamp::default());
    let members = is_member.then(|| directory_role_member(&user, &role.to_string()));
    Some(members.into_iter().collect())
}

/// Returns a user as a member of a role.
pub(crate) fn directory_role_member(user: &Value, role: &str) -> Value {
    json!({
        "id": user["id"],
        "displayName": user["displayName"],
        "userPrincipalName": user["userPrincipalName"],
        "roleId": role,
        "attributes": { "objectType": "UserMember" },
    })
}

/// Returns the identifier of a role, which each tenant has its own of.
fn directory_role_id(tenant: &CustomerTenant<'_>, number: u32) -> Uuid {
    tenant.generated_resource_id("directory role", "role-id", number)
}
