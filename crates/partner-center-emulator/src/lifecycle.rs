//! What time alone makes of a resource: terms end, windows close, orders are provisioned, carts expire. The store holds a resource
//! as it was written; whoever reads it gets it as it is by then. So nothing runs in the background, and generated resources, which
//! are not stored, age like the others.

mod carts;
mod device_batches;
mod migrations;
mod new_order;
mod new_subscription;
mod orders;
mod subscriptions;
mod term;
mod transitions;
mod validation_events;

pub(crate) use device_batches::is_batch_finished;
pub(crate) use migrations::{MIGRATION_DURATION, migration_events, start_migration};
pub(crate) use new_order::{NewOrder, NewOrderLine, line_item_pricing};
pub(crate) use new_subscription::NewSubscription;
pub(crate) use orders::ORDER_PROVISIONING_DURATION;
pub(crate) use subscriptions::{
    RENEWAL_DELAY_AFTER_TERM, SubscriptionKind, is_azure_plan, is_legacy_azure, open_cancellation_window,
    renewal_moment, set_last_day_of_term, set_product_of_subscription, subscription_kind,
};
pub(crate) use term::{Term, last_day_of_subscription};
pub(crate) use validation_events::{
    FAILED_VALIDATION_STATUS, PENDING_VALIDATION_STATUS, VALIDATION_EVENT_CREATED_FIELD,
};

use crate::{resource_path::ResourcePath, timestamp::Timestamp};
use serde_json::Value;

/// The field of a stored resource that the emulator needs and the service does not send.
const INTERNAL_FIELDS_PROPERTY: &str = "emulatorInternal";

/// The internal field with the moment at which something happens because of a resource.
pub(crate) const DUE_FIELD: &str = "dueAt";

/// Returns the resource that was written at `path` as it is `now`, with its [internal fields](get_internal_field); `None` if it is no
/// longer there.
pub(crate) fn resource_at_time(path: &ResourcePath, mut resource: Value, now: Timestamp) -> Option<Value> {
    match path.segments()[..] {
        ["v1", "customers", _, "subscriptions", _] => subscriptions::advance(&mut resource, now),
        ["v1", "customers", _, "subscriptions", _, "transitions", _] => transitions::advance(&mut resource, now),
        ["v1", "customers", _, "orders", _] => orders::advance(&mut resource, now),
        ["v1", "customers", _, "carts", _] if !carts::is_cart_present(&resource, now) => return None,
        ["v1", "customers", _, "migrations", "newcommerce", _] => migrations::advance(&mut resource, now),
        ["v1", "customers", _, "devicebatches" | "batchjobstatus", _] => device_batches::advance(&mut resource, now),
        ["webhooks", "v1", "registration", "validationevents", _] => {
            if !validation_events::is_validation_event_present(&resource, now) {
                return None;
            }
            validation_events::advance(&mut resource, now);
        }
        _ => {}
    }
    Some(resource)
}

/// Returns an internal field of a resource.
pub(crate) fn get_internal_field<'a>(resource: &'a Value, name: &str) -> Option<&'a Value> {
    resource.get(INTERNAL_FIELDS_PROPERTY)?.get(name)
}

/// Returns the moment in an internal field of a resource.
pub(crate) fn internal_moment(resource: &Value, name: &str) -> Option<Timestamp> {
    get_internal_field(resource, name)?.as_str().and_then(Timestamp::parse)
}

pub(crate) fn set_internal_field(resource: &mut Value, name: &str, value: impl Into<Value>) {
    resource[INTERNAL_FIELDS_PROPERTY][name] = value.into();
}

/// Returns a resource as the service sends it.
pub(crate) fn without_internal_fields(mut resource: Value) -> Value {
    if let Some(fields) = resource.as_object_mut() {
        fields.remove(INTERNAL_FIELDS_PROPERTY);
    }
    resource
}
