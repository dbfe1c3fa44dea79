//! The states of a subscription:
//!
//! ```text
//! pending ──> active <──> suspended          by a request
//!               │ term end    │ term end
//!               │             └───────────────────────────────> disabled (120 days) ──> deleted
//!               ├── renews: a new term, with what was scheduled
//!               └── does not: expired (30 days) ──> disabled (90 days) ──> deleted
//! ```
//!
//! A legacy subscription that is suspended is deleted after 90 days.

use super::{
    internal_moment, set_internal_field,
    term::{Term, current_billing_cycle_end, format_end_of_day, format_start_of_day, last_day_of_subscription},
};
use crate::{
    catalog::{CatalogItem, ProductKind, find_catalog_item, months_of_term},
    json_fields::string_at_path,
    resource::ResourceLink,
    timestamp::{ONE_DAY, Timestamp, add_months_to_date, whole_months_between_dates},
};
use serde_json::{Value, json};
use std::time::Duration;

/// How a subscription is bought and ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SubscriptionKind {
    /// Bought before new commerce. These have an etag.
    Legacy,
    NewCommerce(ProductKind),
}

/// The time after the end of a term that the service takes to renew the subscription, or to let it expire. It is documented as up
/// to a day.
pub(crate) const RENEWAL_DELAY_AFTER_TERM: Duration = Duration::from_secs(60 * 60);

/// The time for which a subscription is `expired`.
const EXPIRED_STATUS_DURATION: Duration = ONE_DAY.saturating_mul(30);

/// The time from the end of the last term until a subscription is `deleted`.
const TIME_UNTIL_DELETION: Duration = ONE_DAY.saturating_mul(120);

/// The time after which a suspended legacy subscription is deleted.
const MAX_LEGACY_SUSPENSION: Duration = ONE_DAY.saturating_mul(90);

/// The moment after which nothing ends or begins, a little before the calendar of the service ends: 9990-01-01T00:00:00Z.
const LATEST_LIFECYCLE_TIMESTAMP: Timestamp = Timestamp::from_unix_time(Duration::from_secs(253_086_768_000));

pub(crate) fn subscription_kind(subscription: &Value) -> SubscriptionKind {
    if string_at_path(subscription, &["attributes", "etag"]).is_some_and(|etag| !etag.is_empty()) {
        return SubscriptionKind::Legacy;
    }
    let item = catalog_item_of(subscription);
    SubscriptionKind::NewCommerce(item.map_or(ProductKind::OnlineServices, |item| item.product.kind))
}

/// Whether a subscription is a plan, below which there are Azure subscriptions.
pub(crate) fn is_azure_plan(subscription: &Value) -> bool {
    subscription_kind(subscription) == SubscriptionKind::NewCommerce(ProductKind::AzurePlan)
}

/// Whether a subscription is one of Azure, of before new commerce.
pub(crate) fn is_legacy_azure(subscription: &Value) -> bool {
    string_at_path(subscription, &["offerId"]).is_some_and(|offer| offer.starts_with("MS-AZR-"))
}

fn catalog_item_of(subscription: &Value) -> Option<CatalogItem> {
    find_catalog_item(string_at_path(subscription, &["offerId"])?)
}

fn status_of_subscription(subscription: &Value) -> &str {
    string_at_path(subscription, &["status"]).unwrap_or_default()
}

/// Returns the moment at which a subscription is renewed or expires, which is a while after its last day.
pub(crate) fn renewal_moment(subscription: &Value) -> Timestamp {
    term_end(subscription) + RENEWAL_DELAY_AFTER_TERM
}

/// Returns the first moment after the term.
fn term_end(subscription: &Value) -> Timestamp {
    let last_day = last_day_of_subscription(subscription).and_then(time::Date::next_day);
    last_day.map_or(Timestamp::NEVER, Timestamp::start_of_date)
}

/// Lets a subscription become what it is `now`.
pub(super) fn advance(subscription: &mut Value, now: Timestamp) {
    let now = now.min(LATEST_LIFECYCLE_TIMESTAMP);
    match subscription_kind(subscription) {
        SubscriptionKind::Legacy => advance_legacy_subscription(subscription, now),
        SubscriptionKind::NewCommerce(_) => {
            while advance_by_one_event(subscription, now) {}
            remove_expired_cancellation_windows(subscription, now);
            update_billing_cycle(subscription, now);
        }
    }
}

/// Lets the next event happen if it is due. Terms that end as they began are passed over together, so that there are few events
/// however much time has passed.
fn advance_by_one_event(subscription: &mut Value, now: Timestamp) -> bool {
    let end = term_end(subscription);
    let (due, next_status) = match status_of_subscription(subscription) {
        "pending" => (internal_moment(subscription, "provisionedAt").unwrap_or(Timestamp::NEVER), "active"),
        "active" if is_renewed_automatically(subscription) => {
            let is_due = now >= renewal_moment(subscription);
            if is_due {
                renew_subscription(subscription, now);
            }
            return is_due;
        }
        "active" => (renewal_moment(subscription), "expired"),
        // Suspended ones are not renewed: what was `suspended` at the end stays so for its last 120 days, and is called `disabled`.
        "suspended" => (renewal_moment(subscription), "disabled"),
        "expired" => (end + EXPIRED_STATUS_DURATION, "disabled"),
        "disabled" => (end + TIME_UNTIL_DELETION, "deleted"),
        _ => return false,
    };
    if now < due {
        return false;
    }
    subscription["status"] = next_status.into();
    if next_status != "active"
        && let Some(fields) = subscription.as_object_mut()
    {
        fields.insert("autoRenewEnabled".to_owned(), false.into());
        for name in ["nextChargeInstructions", "scheduledActions", "scheduledNextTermInstructions"] {
            fields.remove(name);
        }
    }
    true
}

/// Whether another term comes. After a trial, one comes if it is scheduled.
fn is_renewed_automatically(subscription: &Value) -> bool {
    let is_trial = subscription["isTrial"] == true;
    subscription["autoRenewEnabled"] == true || (is_trial && scheduled_renewal_instructions(subscription).is_some())
}

/// Begins the next term, with what was scheduled for it.
fn renew_subscription(subscription: &mut Value, now: Timestamp) {
    let first_day = term_end(subscription).date();
    let instructions = scheduled_renewal_instructions(subscription);
    let Some(instructions) = instructions else {
        let duration = string_at_path(subscription, &["termDuration"]).unwrap_or_default().to_owned();
        let months = months_of_term(&duration).unwrap_or(1);
        // A term begins only when the service has renewed: the last hour belongs to the one before.
        let moment = Timestamp::from_unix_time(
            now.duration_since(Timestamp::default()).saturating_sub(RENEWAL_DELAY_AFTER_TERM),
        );
        let complete_terms = whole_months_between_dates(first_day, moment.date()) / months;
        begin_subscription_term(
            subscription,
            Term::new(add_months_to_date(first_day, complete_terms * months), &duration, None),
        );
        return;
    };
    if let Some(fields) = subscription.as_object_mut() {
        fields.remove("scheduledActions");
        fields.remove("scheduledNextTermInstructions");
    }
    // What a trial becomes renews.
    subscription["autoRenewEnabled"] = true.into();
    let product = &instructions["product"];
    let part = |name: &str| string_at_path(product, &[name]).unwrap_or_default().to_owned();
    let offer = format!("{}:{}:{}", part("productId"), part("skuId"), part("availabilityId"));
    if let Some(item) = find_catalog_item(&offer) {
        set_product_of_subscription(subscription, item);
    }
    for name in ["billingCycle", "termDuration", "promotionId"] {
        if !part(name).is_empty() {
            let value = part(name);
            subscription[name] = if name == "billingCycle" { value.to_ascii_lowercase() } else { value }.into();
        }
    }
    if instructions["quantity"].as_i64().is_some_and(|quantity| quantity > 0) {
        subscription["quantity"] = instructions["quantity"].clone();
    }
    let custom_last_day = string_at_path(&instructions, &["customTermEndDate"])
        .and_then(Timestamp::parse_with_or_without_zone)
        .map(Timestamp::date);
    let duration = string_at_path(subscription, &["termDuration"]).unwrap_or_default().to_owned();
    begin_subscription_term(subscription, Term::new(first_day, &duration, custom_last_day));
}

/// Returns what happens at the end of the term: if both are there, the scheduled actions count.
fn scheduled_renewal_instructions(subscription: &Value) -> Option<Value> {
    let actions = subscription.get("scheduledActions").and_then(Value::as_array);
    let action = actions.and_then(|actions| actions.iter().find(|action| action.get("instructions").is_some()));
    let instructions = match action {
        Some(action) => action.get("instructions"),
        None => subscription.get("scheduledNextTermInstructions"),
    };
    instructions.filter(|instructions| instructions.is_object()).cloned()
}

/// Makes a subscription one of another product.
pub(crate) fn set_product_of_subscription(subscription: &mut Value, item: CatalogItem) {
    let (type_name, _) = item.product.kind.get_type_and_subtype_names();
    subscription["offerId"] = item.id().into();
    subscription["offerName"] = item.sku.title.into();
    subscription["productType"] = json!({ "id": type_name, "displayName": type_name });
    subscription["isTrial"] = item.sku.is_trial.into();
    let country = country_of_subscription_links(subscription);
    let product = format!("/products/{}", item.product.id);
    let sku = format!("{product}/skus/{}", item.sku.id);
    let availability = format!("{sku}/availabilities/{}", item.availability.id);
    for (name, path) in [("product", product), ("sku", sku), ("availability", availability)] {
        subscription["links"][name] = json!(ResourceLink::new(format!("{path}?country={country}")));
    }
}

/// Returns the country of the links of a subscription.
fn country_of_subscription_links(subscription: &Value) -> String {
    super::internal_field(subscription, "country").and_then(Value::as_str).unwrap_or("US").to_owned()
}

/// Begins a new term on its first day, and opens the window for cancelling again.
fn begin_subscription_term(subscription: &mut Value, term: Term) {
    let start = Timestamp::start_of_date(term.first_day);
    subscription["effectiveStartDate"] = start.to_string_in_seconds().into();
    set_last_day_of_term(subscription, term);
    open_cancellation_window(subscription, start);
}

/// Sets the last day of the term.
pub(crate) fn set_last_day_of_term(subscription: &mut Value, term: Term) {
    subscription["commitmentEndDate"] = format_start_of_day(term.last_day).into();
    subscription["commitmentEndDateTime"] = format_end_of_day(term.last_day).into();
}

/// Opens the window within which a subscription can be cancelled, and its seats be removed, as far as its product has one.
pub(crate) fn open_cancellation_window(subscription: &mut Value, start: Timestamp) {
    let window = catalog_item_of(subscription).and_then(|item| item.cancellation_window());
    let Some(window) = window.filter(|_| subscription["isTrial"] != true) else {
        return remove_expired_cancellation_windows(subscription, Timestamp::NEVER);
    };
    let until = start + window.length;
    let until_text = if window.is_in_hours {
        until.to_string_in_seconds()
    } else {
        format!("{}T23:59:00Z", super::term::iso_date(until.date()))
    };
    let next_day = Timestamp::start_of_date((start + ONE_DAY).date()).to_string_in_seconds();
    subscription["cancellationAllowedUntilDate"] = until_text.as_str().into();
    subscription["refundOptions"] = json!([
        { "type": "Full", "expiresAt": next_day },
        { "type": "Partial", "expiresAt": until_text },
    ]);
    let quantity = &subscription["quantity"];
    subscription["refundableQuantity"] = json!({
        "totalQuantity": quantity,
        "details": [{ "quantity": quantity, "allowedUntilDateTime": until.to_string_in_microseconds() }],
    });
}

/// Removes what has expired: the date until which a subscription can be cancelled, the refunds, and the seats that could be removed.
fn remove_expired_cancellation_windows(subscription: &mut Value, now: Timestamp) {
    let is_over = |value: &Value, name: &str| {
        string_at_path(value, &[name]).and_then(Timestamp::parse).is_some_and(|until| now > until)
    };
    let has_ended = matches!(status_of_subscription(subscription), "expired" | "disabled");
    let is_cancelled = status_of_subscription(subscription) == "deleted";
    if (has_ended || is_over(subscription, "cancellationAllowedUntilDate"))
        && let Some(fields) = subscription.as_object_mut()
    {
        fields.remove("cancellationAllowedUntilDate");
    }
    // A cancelled subscription still says what was refunded.
    if !is_cancelled && let Some(options) = subscription.get_mut("refundOptions").and_then(Value::as_array_mut) {
        options.retain(|option| !has_ended && !is_over(option, "expiresAt"));
        if options.is_empty()
            && let Some(fields) = subscription.as_object_mut()
        {
            fields.remove("refundOptions");
        }
    }
    if let Some(details) = subscription.pointer_mut("/refundableQuantity/details").and_then(Value::as_array_mut) {
        details.retain(|detail| !has_ended && !is_over(detail, "allowedUntilDateTime"));
        let total: i64 = details.iter().filter_map(|detail| detail["quantity"].as_i64()).sum();
        subscription["refundableQuantity"]["totalQuantity"] = total.into();
    }
}

/// Sets the end of the billing cycle that is running, and what a change of the billing has made of it.
fn update_billing_cycle(subscription: &mut Value, now: Timestamp) {
    let start = string_at_path(subscription, &["effectiveStartDate"]).and_then(Timestamp::parse);
    let Some((start, last_day)) = start.zip(last_day_of_subscription(subscription)) else { return };
    let term = Term { first_day: start.date(), last_day };
    let cycle_end = |subscription: &Value, now| {
        current_billing_cycle_end(term, string_at_path(subscription, &["billingCycle"]).unwrap_or_default(), now)
    };
    // The instructions for the next charge hold from the first one that comes after them.
    if let Some(changed) = internal_moment(subscription, "nextChargeChangedAt")
        && now.date() > cycle_end(subscription, changed)
        && let Some(fields) = subscription.as_object_mut()
        && let Some(instructions) = fields.remove("nextChargeInstructions")
        && let Some(billing_cycle) = string_at_path(&instructions, &["product", "billingCycle"])
    {
        fields.insert("billingCycle".to_owned(), billing_cycle.to_ascii_lowercase().into());
    }
    let end = cycle_end(subscription, now);
    subscription["billingCycleEndDate"] = format_start_of_day(end).into();
    subscription["billingCycleEndDateTime"] = format_end_of_day(end).into();
}

fn advance_legacy_subscription(subscription: &mut Value, now: Timestamp) {
    let moment = |name| string_at_path(subscription, &[name]).and_then(Timestamp::parse);
    // The end of a legacy subscription is the first moment after its term.
    if let Some(end) =
        moment("commitmentEndDate").filter(|end| status_of_subscription(subscription) == "active" && now >= *end)
    {
        if is_renewed_automatically(subscription) {
            let years = whole_months_between_dates(end.date(), now.date()) / 12;
            let start = Timestamp::start_of_date(add_months_to_date(end.date(), years * 12));
            let end = Timestamp::start_of_date(add_months_to_date(start.date(), 12));
            subscription["effectiveStartDate"] = start.to_string_in_seconds().into();
            subscription["commitmentEndDate"] = end.to_string_in_seconds().into();
        } else {
            subscription["status"] = "suspended".into();
            set_internal_field(subscription, "suspendedAt", end.to_string_in_seconds());
        }
    }
    let suspended =
        internal_moment(subscription, "suspendedAt").filter(|_| status_of_subscription(subscription) == "suspended");
    if suspended.is_some_and(|suspended| now >= suspended + MAX_LEGACY_SUSPENSION) {
        subscription["status"] = "deleted".into();
    }
}

#[cfg(test)]
mod tests {
    use super::advance;
    use crate::{
        catalog::find_catalog_item,
        lifecycle::NewSubscription,
        timestamp::{ONE_DAY, Timestamp},
    };
    use serde_json::{Value, json};
    use std::time::Duration;

    fn bought() -> (Value, Timestamp) {
        let created = Timestamp::parse("2026-01-31T10:00:00Z").unwrap();
        let new = NewSubscription {
            customer_id: "c",
            country: "US",
            id: uuid::Uuid::nil(),
            order_id: "o",
            item: find_catalog_item("CFQ7TTC069GL:0001:CFQ7TTC0G225").unwrap(),
            friendly_name: "Seats",
            quantity: 10,
            term_duration: "P1Y",
            billing_cycle: "monthly",
            custom_last_day: None,
            partner_id: "",
            promotion_id: None,
            renews: true,
            created,
            provisioned: created + Duration::from_secs(5),
        };
        (new.to_record(), created)
    }

    fn at(subscription: &Value, now: Timestamp) -> Value {
        let mut advanced = subscription.clone();
        advance(&mut advanced, now);
        advanced
    }

    #[test]
    fn window_and_billing_cycle_close_by_their_dates() {
        let (subscription, created) = bought();
        assert_eq!(at(&subscription, created)["status"], "pending");
        let first = at(&subscription, created + ONE_DAY);
        assert_eq!(
            (&first["status"], &first["billingCycleEndDate"]),
            (&json!("active"), &json!("2026-02-27T00:00:00Z"))
        );
        assert_eq!(first["cancellationAllowedUntilDate"], "2026-02-07T23:59:00Z");
        assert_eq!(first["refundOptions"].as_array().unwrap().len(), 1, "the full refund is over");
        let late = at(&subscription, created + ONE_DAY * 8);
        assert!(late.get("cancellationAllowedUntilDate").is_none() && late.get("refundOptions").is_none());
        assert_eq!(late["refundableQuantity"], json!({ "totalQuantity": 0, "details": [] }));
    }

    #[test]
    fn subscription_ends_as_documented() {
        let (mut subscription, _) = bought();
        let day = |text: &str| Timestamp::parse(&format!("{text}T12:00:00Z")).unwrap();
        subscription["status"] = "active".into();
        assert_eq!(subscription["commitmentEndDateTime"], "2027-01-30T23:59:59Z");
        assert_eq!(at(&subscription, day("2027-01-31"))["effectiveStartDate"], "2027-01-31T00:00:00Z");
        for (status, renews, states) in [
            ("active", false, [("2027-01-31", "expired"), ("2027-03-05", "disabled"), ("2027-06-05", "deleted")]),
            ("suspended", true, [("2027-01-31", "disabled"), ("2027-05-30", "disabled"), ("2027-06-05", "deleted")]),
        ] {
            subscription["status"] = status.into();
            subscription["autoRenewEnabled"] = renews.into();
            for (date, expected) in states {
                assert_eq!(at(&subscription, day(date))["status"], expected, "{status} on {date}");
            }
        }
    }

    #[test]
    fn any_time_may_pass() {
        let (subscription, _) = bought();
        let advanced = at(&subscription, Timestamp::NEVER);
        assert_eq!(advanced["status"], "active");
        assert!(advanced["commitmentEndDate"].as_str().is_some_and(|end| end >= "9989"), "{advanced}");
    }
}
