//! The subscriptions of a customer, for what depends on them: licenses, usage, costs and the end of the relationship.

use super::stored::items_with_writes;
use crate::{
    resource_path::ResourcePath,
    store::{State, population::generated_collection_items},
    timestamp::Timestamp,
};
use serde_json::Value;

/// Returns all subscriptions of the customer at `customer`.
pub(super) fn subscriptions_of_customer(state: &State, customer: &ResourcePath, now: Timestamp) -> Vec<Value> {
    let collection = customer.child_path("subscriptions");
    let generated = generated_collection_items(state, &collection, now).unwrap_or_default();
    let subscriptions = items_with_writes(state, &collection, "id", generated, now);
    subscriptions.into_iter().map(|(_, subscription)| subscription).collect()
}
