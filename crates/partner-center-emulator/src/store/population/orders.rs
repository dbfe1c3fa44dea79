use super::{CustomerTenant, subscriptions::all_subscriptions};
use crate::{
    json_fields::{string_at_path, without_null_fields},
    lifecycle::{NewOrder, NewOrderLine},
    timestamp::{ONE_DAY, Timestamp},
};
use serde_json::{Value, json};

/// Returns the orders that the subscriptions of a customer were bought with, and those of what makes no subscription.
pub(super) fn all_orders(tenant: &CustomerTenant<'_>, now: Timestamp) -> Vec<Value> {
    let mut orders: Vec<(String, Vec<Value>)> = Vec::new();
    for subscription in all_subscriptions(tenant) {
        let id = string_at_path(&subscription, &["orderId"]).unwrap_or_default().to_owned();
        match orders.iter_mut().find(|(known, _)| *known == id) {
            Some((_, subscriptions)) => subscriptions.push(subscription),
            None => orders.push((id, vec![subscription])),
        }
    }
    let mut orders: Vec<_> =
        orders.iter().map(|(id, subscriptions)| order_of_subscriptions(tenant, id, subscriptions)).collect();
    if tenant.is_documented {
        orders.push(documented_software_order(tenant, now));
    }
    orders
}

pub(super) fn get_order(tenant: &CustomerTenant<'_>, id: &str, now: Timestamp) -> Option<Value> {
    let has_id = |order: &Value| order["id"].as_str().is_some_and(|known| known.eq_ignore_ascii_case(id));
    all_orders(tenant, now).into_iter().find(has_id)
}

fn order_of_subscriptions(tenant: &CustomerTenant<'_>, id: &str, subscriptions: &[Value]) -> Value {
    let text = |name: &'static str| subscriptions.first().and_then(|first| string_at_path(first, &[name]));
    let created = text("creationDate").and_then(Timestamp::parse).unwrap_or_default();
    let line_item = |subscription: &Value| {
        let text = |name: &str| string_at_path(subscription, &[name]).unwrap_or_default().to_owned();
        NewOrderLine {
            offer_id: text("offerId"),
            friendly_name: text("friendlyName"),
            quantity: subscription["quantity"].as_i64().unwrap_or_default(),
            subscription_id: text("id").parse().ok(),
            price: 0,
            details: without_null_fields(json!({ "termDuration": subscription.get("termDuration") })),
        }
    };
    let order = NewOrder {
        customer_id: tenant.id,
        country: tenant.country.code,
        id,
        billing_cycle: text("billingCycle").unwrap_or("monthly"),
        line_items: subscriptions.iter().map(line_item).collect(),
        created,
        provisioned: created,
    };
    order.to_record()
}

/// Returns the order of software in the examples of the specification. It is always ten days old, so that it can be cancelled.
fn documented_software_order(tenant: &CustomerTenant<'_>, now: Timestamp) -> Value {
    let created = Timestamp::start_of_date(now.date()) - ONE_DAY * 10;
    let software = NewOrderLine {
        offer_id: "DG7GMGF0THXD:0003:DG7GMGF0F128".to_owned(),
        friendly_name: "Contoso Bakery file server".to_owned(),
        quantity: 2,
        subscription_id: None,
        price: 213_800,
        details: json!({}),
    };
    let order = NewOrder {
        customer_id: tenant.id,
        country: tenant.country.code,
        id: "Tq9_rPkzHbYdMVxcuoWnLJeA4s5fGgi21",
        billing_cycle: "one_time",
        line_items: vec![software],
        created,
        provisioned: created,
    };
    order.to_record()
}
