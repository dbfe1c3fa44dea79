//! The seats of a subscription: how many it may have, and which can be removed again.

use super::{bad_request_error, forbidden_error};
use crate::{
    behaviors::OperationCall,
    catalog::{CancellationWindow, ProductKind, find_catalog_item},
    error_response::ErrorResponse,
    json_fields::string_at_path,
    lifecycle::{SubscriptionKind, subscription_kind},
    store::generated_and_written_collection_items,
    timestamp::{ONE_DAY, Timestamp},
};
use serde_json::{Value, json};

/// The maximum number of seats of one subscription, whatever its product.
pub(super) const MAX_SEATS_OF_SUBSCRIPTION: i64 = 10_000;

pub(super) fn quantity_of_subscription(subscription: &Value) -> i64 {
    subscription["quantity"].as_i64().unwrap_or_default()
}

/// Checks the quantity and keeps account of the seats that can be removed again. Returns the number of seats added.
pub(super) fn check_seat_change_and_update_refundable(
    current: &Value,
    next: &mut Value,
    now: Timestamp,
) -> Result<i64, ErrorResponse> {
    let added = quantity_of_subscription(next) - quantity_of_subscription(current);
    if added == 0 {
        return Ok(0);
    }
    let kind = subscription_kind(current);
    let is_too_many = quantity_of_subscription(next) > MAX_SEATS_OF_SUBSCRIPTION;
    if quantity_of_subscription(next) < 1 || (is_too_many && kind == SubscriptionKind::Legacy) {
        return Err(bad_request_error(2002, format!("The quantity must be from 1 to {MAX_SEATS_OF_SUBSCRIPTION}.")));
    }
    let SubscriptionKind::NewCommerce(kind) = kind else { return Ok(added) };
    if is_too_many {
        return Err(forbidden_error(800_067, format!("A subscription may have {MAX_SEATS_OF_SUBSCRIPTION} seats.")));
    }
    let item = string_at_path(current, &["offerId"]).and_then(find_catalog_item);
    let (min, max) = item.map_or((1, MAX_SEATS_OF_SUBSCRIPTION), |item| item.sku.quantities);
    if min == max {
        return Err(forbidden_error(800_027, "The product does not let seats be added or removed."));
    }
    if !(min..=max).contains(&quantity_of_subscription(next)) {
        return Err(bad_request_error(900_275, format!("The quantity must be from {min} to {max} for this product.")));
    }
    if added < 0 && kind == ProductKind::SoftwareSubscription {
        return Err(bad_request_error(
            800_095,
            "Seats of software are not removed. Cancel the subscription and buy again.",
        ));
    }
    let window = item.and_then(|item| item.cancellation_window()).unwrap_or(DEFAULT_CANCELLATION_WINDOW);
    let details = current.pointer("/refundableQuantity/details").and_then(Value::as_array);
    let until = |detail: &Value| string_at_path(detail, &["allowedUntilDateTime"]).and_then(Timestamp::parse);
    let mut details: Vec<Value> = details
        .into_iter()
        .flatten()
        .filter(|detail| until(detail).is_some_and(|until| now <= until))
        .cloned()
        .collect();
    if added > 0 {
        let until = (now + window.length).to_string_in_microseconds();
        details.push(json!({ "quantity": added, "allowedUntilDateTime": until }));
    } else {
        let is_open = !details.is_empty();
        details = without_newest_removable_seats(details, -added)
            .ok_or_else(|| cancellation_window_over_error(window, is_open))?;
    }
    let total: i64 = details.iter().map(quantity_of_subscription).sum();
    next["refundableQuantity"] = json!({ "totalQuantity": total, "details": details });
    Ok(added)
}

/// The window of what is not in the catalog: a week, as that of online services.
const DEFAULT_CANCELLATION_WINDOW: CancellationWindow =
    CancellationWindow { length: ONE_DAY.saturating_mul(7), is_in_hours: false };

/// Returns what is left of the seats that can be removed, of which the newest are removed first; `None` if there are too few.
fn without_newest_removable_seats(mut details: Vec<Value>, mut removed: i64) -> Option<Vec<Value>> {
    while removed > 0 {
        let mut detail = details.pop()?;
        let seats = quantity_of_subscription(&detail);
        if seats > removed {
            detail["quantity"] = (seats - removed).into();
            details.push(detail);
        }
        removed -= seats;
    }
    Some(details)
}

/// Returns the error of seats whose window has passed; `is_open` tells whether that of fewer seats has not.
fn cancellation_window_over_error(window: CancellationWindow, is_open: bool) -> ErrorResponse {
    if window.is_in_hours {
        let hours = window.length.as_secs() / 3600;
        return bad_request_error(900_214, format!("The {hours}-hour window for removing seats has passed."));
    }
    if is_open {
        let days = window.length.as_secs() / ONE_DAY.as_secs();
        let description = format!("The {days}-day window for removing that many seats has passed.");
        return bad_request_error(900_257, description);
    }
    bad_request_error(800_090, "Subscription quantity cannot be decreased.")
}

/// Checks that the customer has no more seats of the product than its limit, in all subscriptions together.
pub(super) fn check_seat_limit_of_customer(call: &OperationCall<'_>, next: &Value) -> Result<(), ErrorResponse> {
    let Some((collection, id)) = call.path.split_last_segment() else { return Ok(()) };
    let item = string_at_path(next, &["offerId"]).and_then(find_catalog_item);
    let Some((item, max)) = item.and_then(|item| Some((item, item.sku.max_per_customer?))) else { return Ok(()) };
    let others = generated_and_written_collection_items(call.state, &collection, call.now);
    let others =
        others.iter().filter(|other| !other["id"].as_str().is_some_and(|other| other.eq_ignore_ascii_case(id)));
    let others: i64 =
        others.filter(|other| uses_seats_of_product(other, item.product.id)).map(quantity_of_subscription).sum();
    if others + quantity_of_subscription(next) > max {
        let left = (max - others).max(0);
        let description =
            format!("A customer may have {max} seats of this product; {left} are left for this subscription.");
        return Err(forbidden_error(800_088, description));
    }
    Ok(())
}

/// Whether a subscription has seats of a product that count.
pub(super) fn uses_seats_of_product(subscription: &Value, product_id: &str) -> bool {
    let is_live = matches!(string_at_path(subscription, &["status"]), Some("active" | "pending" | "suspended"));
    is_live && string_at_path(subscription, &["offerId"]).and_then(|offer| offer.split(':').next()) == Some(product_id)
}

#[cfg(test)]
mod tests {
    use super::check_seat_change_and_update_refundable;
    use crate::{
        behaviors::commerce::tests::code,
        timestamp::{ONE_DAY, Timestamp},
    };
    use serde_json::{Value, json};
    use std::time::Duration;

    #[test]
    fn added_seats_can_be_removed_for_a_week() {
        let now = Timestamp::parse("2026-03-01T00:00:00Z").unwrap();
        let seats = |subscription: &Value, quantity: i64, now| {
            let mut next = subscription.clone();
            next["quantity"] = quantity.into();
            check_seat_change_and_update_refundable(subscription, &mut next, now).map(|_| next)
        };
        let old = json!({ "quantity": 10 });
        assert_eq!(code(seats(&old, 9, now)), 800_090);
        assert_eq!(code(seats(&old, 0, now)), 2002);
        let more = seats(&seats(&old, 13, now).unwrap(), 15, now).unwrap();
        assert_eq!(more["refundableQuantity"]["totalQuantity"], 5);
        let fewer = seats(&more, 12, now).unwrap();
        assert_eq!(fewer["refundableQuantity"]["totalQuantity"], 2);
        assert_eq!(code(seats(&more, 9, now)), 900_257);
        assert_eq!(code(seats(&fewer, 10, now)), 0);
        // As long as a subscription can be canceled.
        assert_eq!(code(seats(&fewer, 11, now + ONE_DAY * 7)), 0);
        assert_eq!(code(seats(&fewer, 11, now + ONE_DAY * 7 + Duration::from_secs(1))), 800_090);
        let legacy = json!({ "quantity": 10, "attributes": { "etag": "x" } });
        assert_eq!(code(seats(&legacy, 1, now)), 0);
    }

    #[test]
    fn product_decides_how_many_seats_there_may_be() {
        let now = Timestamp::parse("2026-03-01T00:00:00Z").unwrap();
        for (offer, from, to, expected) in [
            ("CFQ7TTC069GL:0001:CFQ7TTC0G225", 10, 301, 900_275),
            ("CFQ7TTC0X301:0007:CFQ7TTC0TR1L", 25, 26, 800_027),
            ("DG7GMGF0SUB1:0001:DG7GMGF0SUA1", 10, 9, 800_095),
            ("DZH318Z0MKT1:0001:DZH318Z0MKA1", 10, 9, 900_214),
            ("CFQ7TTC0T5K5:0001:CFQ7TTC0K83V", 10, 10_001, 800_067),
            ("CFQ7TTC0T5K5:0001:CFQ7TTC0K83V", 10, 0, 2002),
        ] {
            let current = json!({ "offerId": offer, "quantity": from });
            let mut next = json!({ "offerId": offer, "quantity": to });
            assert_eq!(
                code(check_seat_change_and_update_refundable(&current, &mut next, now)),
                expected,
                "{offer}: {from} to {to}"
            );
        }
    }
}
