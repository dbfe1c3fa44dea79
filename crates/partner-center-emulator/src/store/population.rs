//! The resources of generated customers other than the customers themselves: users, subscriptions and qualifications. Like those,
//! they are made when they are requested, from the seed and the customer's index.

mod azure_entitlements;
mod directory_roles;
mod documented_subscriptions;
mod orders;
mod qualifications;
mod subscriptions;
mod users;

pub(crate) use directory_roles::directory_role_member;
pub(crate) use subscriptions::{legacy_subscription_etag, version_in_subscription_etag};
pub(crate) use users::{USER_STATE_ACTIVE, USER_STATE_INACTIVE};

use super::State;
use crate::{
    catalog::{find_catalog_item, find_product, find_product_and_sku},
    customers::{Country, WEIGHTED_COUNTRIES, is_documented_customer, parse_guid},
    json_fields::string_at_path,
    lifecycle::{resource_at_time, without_internal_fields},
    random::RandomGenerator,
    resource_path::ResourcePath,
    timestamp::Timestamp,
};
use partner_center_spec::{Location, OPERATIONS};
use serde_json::{Value, json};
use uuid::Uuid;

/// A customer, as far as its other resources depend on it.
struct CustomerTenant<'a> {
    seed: u64,
    /// The identifier, in lower case.
    id: &'a str,
    index: u32,
    domain: String,
    country: &'static Country,
    /// Whether a request created it, so that it has nothing but its first user.
    is_created: bool,
    /// The partner ID of its indirect reseller, or an empty string.
    partner_id: String,
    /// Whether it is in the service's documentation. It then has the resources that the examples of parameters identify.
    is_documented: bool,
}

/// Returns the generated resource at `path` as it was at first, with its internal fields.
pub(super) fn get_generated_resource(state: &State, path: &ResourcePath, now: Timestamp) -> Option<Value> {
    let (collection, id) = path.split_last_segment()?;
    let segments = path.segments();
    if let Some(["products", product, rest @ ..]) = segments_below_version_or_customer(&segments) {
        return catalog_entry_id_json(product, rest);
    }
    let ["v1", "customers", customer, ref kind @ ..] = collection.segments()[..] else { return None };
    let tenant = || CustomerTenant::for_customer_id(state, customer);
    match kind {
        ["users"] => users::get_user(&tenant()?, id, now),
        ["subscriptions"] => subscriptions::get_subscription(&tenant()?, id),
        ["orders"] => orders::get_order(&tenant()?, id, now),
        ["carts"] => tenant().filter(|tenant| tenant.is_documented).and_then(|_| documented_cart(id)),
        ["directoryroles", ..] | ["subscriptions", _, "azureentitlements"] => {
            let items = generated_collection_items(state, &collection, now)?;
            items.into_iter().find(|item| item["id"].as_str().is_some_and(|known| known.eq_ignore_ascii_case(id)))
        }
        _ => None,
    }
}

/// Returns the generated resources directly below `path`, as they are `now`, or `None` if it has none, whatever the customer.
pub(crate) fn generated_collection_items(state: &State, path: &ResourcePath, now: Timestamp) -> Option<Vec<Value>> {
    let segments = path.segments();
    if let Some(["products", ..]) = segments_below_version_or_customer(&segments) {
        // These are listed by operations of the catalog alone.
        return Some(Vec::new());
    }
    let ["v1", "customers", customer, ref kind @ ..] = segments[..] else { return None };
    let tenant = CustomerTenant::for_customer_id(state, customer)?;
    match kind {
        ["users"] => Some(users::all_users(&tenant, now)),
        ["subscriptions"] => Some(advance_generated_resources(path, subscriptions::all_subscriptions(&tenant), now)),
        ["orders"] => Some(advance_generated_resources(path, orders::all_orders(&tenant, now), now)),
        // Carts are not listed.
        ["carts"] => Some(Vec::new()),
        ["qualifications"] => Some(qualifications::all_qualifications(&tenant)),
        ["directoryroles"] => Some(directory_roles::all_directory_roles(&tenant)),
        ["subscriptions", _, "azureentitlements"] => {
            let (plan, _) = path.split_last_segment()?;
            Some(azure_entitlements::azure_entitlements(&tenant, &state.get_resource_with_internal_fields(&plan, now)?))
        }
        ["directoryroles", role, "usermembers"] => directory_roles::directory_role_members(&tenant, role),
        _ => None,
    }
}

/// Returns the segments of a path below the version, or below the customer.
fn segments_below_version_or_customer<'a>(segments: &'a [&'a str]) -> Option<&'a [&'a str]> {
    match segments {
        ["v1", "customers", _, rest @ ..] | ["v1", rest @ ..] => Some(rest),
        _ => None,
    }
}

/// Returns what tells that the catalog has a product, a SKU or an availability. Operations of the catalog tell more.
fn catalog_entry_id_json(product: &str, rest: &[&str]) -> Option<Value> {
    let entry = match rest {
        [] => find_product(product).map(|product| product.id),
        ["skus", sku] => find_product_and_sku(product, sku).map(|(_, sku)| sku.id),
        ["skus", sku, "availabilities", availability] => {
            find_catalog_item(&[product, sku, availability].join(":")).map(|item| item.availability.id)
        }
        _ => None,
    };
    entry.map(|id| json!({ "id": id }))
}

/// Returns generated resources as they are `now`.
fn advance_generated_resources(path: &ResourcePath, resources: Vec<Value>, now: Timestamp) -> Vec<Value> {
    let advanced = resources.into_iter().filter_map(|resource| {
        let id = string_at_path(&resource, &["id"])?.to_owned();
        resource_at_time(&path.child_path(&id), resource, now).map(without_internal_fields)
    });
    advanced.collect()
}

/// Returns the cart of the examples of the specification, if it is the one with this identifier.
fn documented_cart(id: &str) -> Option<Value> {
    let operation = partner_center_spec::operation("createCart")?;
    let example = operation.responses.iter().flat_map(|response| response.examples).next()?;
    let mut cart: Value = serde_json::from_str(example.json).ok()?;
    // It never expires, as it is there to be looked at.
    cart.as_object_mut()?.remove("expirationTimestamp");
    cart["id"].as_str().is_some_and(|known| known.eq_ignore_ascii_case(id)).then_some(cart)
}

impl<'a> CustomerTenant<'a> {
    fn for_customer_id(state: &State, id: &'a str) -> Option<Self> {
        let index = state.find_customer_by_id(parse_guid(id)?)?;
        let is_created = state.is_created_customer(index);
        let fields = state.customer_searchable_fields(index);
        let domain = if fields.domain.is_empty() { format!("tenant{index}.onmicrosoft.com") } else { fields.domain };
        let country = if is_created { WEIGHTED_COUNTRIES[0] } else { state.population.generated_country_at(index) };
        let partner_id = fields.indirect_reseller.map(crate::customers::partner_id_of_reseller).unwrap_or_default();
        let is_documented = is_documented_customer(index);
        Some(Self { seed: state.population.seed, id, index, domain, country, is_created, partner_id, is_documented })
    }

    /// Returns the identifier of a resource. The first of a documented customer is the example of the path parameter `parameter`.
    fn generated_resource_id(&self, purpose: &str, parameter: &str, number: u32) -> Uuid {
        let example = || {
            let mut parameters = OPERATIONS.iter().flat_map(|operation| operation.parameters);
            let parameter = parameters.find(|known| known.name == parameter && known.location == Location::Path)?;
            parse_guid(parameter.example?)
        };
        let documented = if self.is_documented && number == 0 { example() } else { None };
        documented.unwrap_or_else(|| {
            RandomGenerator::for_purpose(self.seed, purpose, self.random_key_of_resource(number)).random_guid()
        })
    }

    /// Returns the key of the random numbers of the resource with this number.
    fn random_key_of_resource(&self, number: u32) -> u64 {
        u64::from(self.index) << 32 | u64::from(number)
    }
}
