//! What a customer buys, in a cart or in an order: each line item is checked against the catalog, and becomes a line item of an
//! order and, mostly, a subscription.

use super::{
    country_of_query_or_customer, customer_path,
    promotions::{is_promotion_granted, percent_of_price_to_pay},
    scheduled_changes::is_aligned_date,
    seats::{quantity_of_subscription, uses_seats_of_product},
};
use crate::{
    behaviors::OperationCall,
    catalog::{
        CatalogItem, ProductKind, Term, find_catalog_item, get_currency_code_and_symbol, months_of_billing_cycle,
    },
    json_fields::string_at_path,
    lifecycle::{NewOrder, NewOrderLine, NewSubscription, ORDER_PROVISIONING_DURATION, set_internal_field},
    random::RandomGenerator,
    store::StateChange,
    timestamp::Timestamp,
};
use serde_json::{Value, json};
use time::Date;
use uuid::Uuid;

/// A line item that can be bought.
pub(super) struct Purchase<'a> {
    pub(super) item: CatalogItem,
    pub(super) quantity: i64,
    pub(super) billing_cycle: String,
    pub(super) term: &'static Term,
    custom_last_day: Option<Date>,
    /// The line item as it was sent.
    line_item: &'a Value,
}

/// Why a line item cannot be bought, with the code that the documentation lists for carts.
pub(super) struct PurchaseError {
    pub(super) code: u32,
    pub(super) description: String,
    pub(super) additional_information: Option<Value>,
}

/// What a purchase depends on: the customer's country and what it has.
pub(super) struct BuyerContext {
    pub(super) country: String,
    pub(super) subscriptions: Vec<Value>,
}

impl BuyerContext {
    pub(super) fn from_call(call: &OperationCall<'_>) -> Self {
        Self {
            country: country_of_query_or_customer(call),
            subscriptions: super::subscriptions_of_customer_in_path(call),
        }
    }

    pub(super) fn currency(&self) -> (&'static str, &'static str) {
        get_currency_code_and_symbol(&self.country)
    }
}

impl PurchaseError {
    fn new(code: u32, description: impl Into<String>) -> Self {
        Self { code, description: description.into(), additional_information: None }
    }

    /// Returns the code that the same error has outside carts.
    pub(super) fn error_code_outside_carts(&self) -> u32 {
        match self.code {
            INVALID_CATALOG_ITEM_CODE => 400_019,
            LEGACY_OFFER_CODE => 2100,
            TOO_MANY_SEATS_CODE => 900_275,
            INVALID_BILLING_PLAN_CODE => 800_085,
            MISSING_ATTESTATION_CODE => 900_203,
            SUBSCRIPTION_NOT_VALID_CODE | SUBSCRIPTION_NOT_REGISTERED_CODE => 800_030,
            _ => 800_002,
        }
    }
}

pub(super) const INVALID_CATALOG_ITEM_CODE: u32 = 10_001;
const CURRENCY_CODE_OF_ERROR: u32 = 10_000;
const SUBSCRIPTION_NOT_VALID_CODE: u32 = 10_007;
const INVALID_INPUT_CODE: u32 = 10_010;
const SUBSCRIPTION_NOT_REGISTERED_CODE: u32 = 10_011;
const MISSING_ATTESTATION_CODE: u32 = 10_012;
const INVALID_BILLING_PLAN_CODE: u32 = 10_013;
const INVALID_PROMOTION_CODE: u32 = 10_014;
const TOO_MANY_SEATS_CODE: u32 = 10_015;
const CUSTOM_END_UNSUPPORTED_CODE: u32 = 10_016;
const INVALID_CUSTOM_END_CODE: u32 = 10_017;
const MISSING_BASE_PRODUCT_CODE: u32 = 400_041;
const LEGACY_OFFER_CODE: u32 = 500_600;

impl<'a> Purchase<'a> {
    /// Checks a line item of a cart, or of an order, where the catalog item is the `offerId`. `with` are the catalog items that are
    /// bought together with it.
    pub(super) fn check_line_item(
        call: &OperationCall<'_>,
        buyer: &BuyerContext,
        line_item: &'a Value,
        with: &[String],
    ) -> Result<Self, PurchaseError> {
        let text = |name: &str| string_at_path(line_item, &[name]).filter(|text| !text.is_empty());
        let id = text("catalogItemId").or_else(|| text("offerId")).unwrap_or_default();
        let Some(item) = find_catalog_item(id) else {
            let is_legacy = id.parse::<Uuid>().is_ok();
            let (code, description) = if is_legacy {
                (LEGACY_OFFER_CODE, "Legacy offers can no longer be bought. Use the new catalog.")
            } else {
                (INVALID_CATALOG_ITEM_CODE, "The catalog item is not valid. Get it from the catalog again.")
            };
            return Err(PurchaseError::new(code, description));
        };
        let (currency, _) = buyer.currency();
        if text("currencyCode").is_some_and(|sent| !sent.eq_ignore_ascii_case(currency)) {
            return Err(PurchaseError::new(
                CURRENCY_CODE_OF_ERROR,
                format!("The currency of this customer is {currency}."),
            ));
        }
        let first_term = item.availability.terms.first().map_or("", |term| term.duration);
        let duration = text("termDuration").unwrap_or(first_term);
        let Some(term) = item.term(duration) else {
            let known: Vec<_> = item.availability.terms.iter().map(|term| term.duration).collect();
            let description = format!("The term {duration:?} is not one of {known:?}.");
            return Err(PurchaseError::new(INVALID_INPUT_CODE, description));
        };
        let sent = text("billingCycle").map(str::to_ascii_lowercase);
        let billing_cycle = sent.unwrap_or_else(|| term.billing_cycles.first().copied().unwrap_or("none").to_owned());
        if !term.billing_cycles.contains(&billing_cycle.as_str()) {
            let description = format!("The billing cycle {billing_cycle:?} is not one of {:?}.", term.billing_cycles);
            return Err(PurchaseError::new(INVALID_BILLING_PLAN_CODE, description));
        }
        let quantity = quantity_of_subscription(line_item);
        check_quantity(buyer, item, quantity)?;
        if item.sku.needs_attestation && line_item["attestationAccepted"] != true {
            return Err(PurchaseError::new(
                MISSING_ATTESTATION_CODE,
                "The attestation of the product has to be accepted.",
            ));
        }
        let has_base = |base: &&&str| {
            with.iter().any(|other| other.split(':').next() == Some(**base))
                || buyer.subscriptions.iter().any(|subscription| uses_seats_of_product(subscription, base))
        };
        if !item.sku.base_products.is_empty() && !item.sku.base_products.iter().any(|base| has_base(&base)) {
            let description = "The customer lacks the product that this one is added to.";
            return Err(PurchaseError::new(MISSING_BASE_PRODUCT_CODE, description));
        }
        if item.product.kind == ProductKind::Reservation {
            check_azure_subscription(call, line_item)?;
        }
        let promotion = text("promotionId");
        if promotion.is_some_and(|id| !is_promotion_granted(id, item, duration, quantity, &buyer.subscriptions)) {
            return Err(PurchaseError::new(INVALID_PROMOTION_CODE, "The promotion is not for this purchase."));
        }
        let custom_last_day = custom_last_day(call, buyer, item, term, line_item)?;
        Ok(Self { item, quantity, billing_cycle, term, custom_last_day, line_item })
    }

    /// Returns the list price and the price to pay of one, in cents, for one billing cycle.
    pub(super) fn list_price_and_price_to_pay(&self) -> (i64, i64) {
        let months = months_of_billing_cycle(&self.billing_cycle).map_or(1, i64::from);
        let list_price = self.term.price * months;
        (list_price, list_price * percent_of_price_to_pay(string_at_path(self.line_item, &["promotionId"])) / 100)
    }

    fn friendly_name(&self) -> &str {
        let name = string_at_path(self.line_item, &["friendlyName"]).filter(|name| !name.is_empty());
        name.unwrap_or(self.item.sku.title)
    }

    /// Returns the partner ID of the reseller that sells it.
    fn partner_id(&self) -> &str {
        let participants = self.line_item["participants"].as_array().into_iter().flatten();
        let mut resellers = participants.filter(|participant| participant["key"] == "transaction_reseller");
        let reseller = resellers.next().and_then(|participant| string_at_path(participant, &["value"]));
        string_at_path(self.line_item, &["partnerIdOnRecord"]).or(reseller).unwrap_or_default()
    }
}

/// Checks the quantity against what a subscription and a customer may have.
fn check_quantity(buyer: &BuyerContext, item: CatalogItem, quantity: i64) -> Result<(), PurchaseError> {
    let (min, max) = item.sku.quantities;
    let owned: i64 = buyer
        .subscriptions
        .iter()
        .filter(|subscription| uses_seats_of_product(subscription, item.product.id))
        .map(quantity_of_subscription)
        .sum();
    let left = item.sku.max_per_customer.map_or(max, |limit| max.min(limit - owned)).max(0);
    if quantity < min {
        return Err(PurchaseError::new(INVALID_INPUT_CODE, format!("The quantity must be at least {min}.")));
    }
    if quantity > left {
        let mut error = PurchaseError::new(TOO_MANY_SEATS_CODE, format!("At most {left} seats can be bought."));
        error.additional_information = Some(json!({ "availableQuantity": left, "purchasedQuantity": owned }));
        return Err(error);
    }
    Ok(())
}

/// Checks that a reservation is for an Azure subscription that was registered for it.
fn check_azure_subscription(call: &OperationCall<'_>, line_item: &Value) -> Result<(), PurchaseError> {
    let Some(id) = string_at_path(line_item, &["provisioningContext", "subscriptionId"]) else {
        let description = "A reservation needs the SubscriptionId of an Azure subscription in its provisioningContext.";
        return Err(PurchaseError::new(SUBSCRIPTION_NOT_VALID_CODE, description));
    };
    let path = customer_path(call).child_path("subscriptions").child_path(id).child_path("registrationstatus");
    let registration = call.state.get_resource(&path, call.now);
    // Azure subscriptions below a plan are not in the list of subscriptions, and count as registered.
    let is_plan =
        call.state.get_resource(&customer_path(call).child_path("subscriptions").child_path(id), call.now).is_some();
    if is_plan && registration.is_none_or(|registration| registration["status"] != "registered") {
        let description = "The subscription is not registered for reservations.";
        return Err(PurchaseError::new(SUBSCRIPTION_NOT_REGISTERED_CODE, description));
    }
    Ok(())
}

/// Returns the last day of the first term, if the line item chooses one.
fn custom_last_day(
    call: &OperationCall<'_>,
    buyer: &BuyerContext,
    item: CatalogItem,
    term: &Term,
    line_item: &Value,
) -> Result<Option<Date>, PurchaseError> {
    let Some(text) = string_at_path(line_item, &["customTermEndDate"]).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    if item.product.kind != ProductKind::OnlineServices || item.sku.is_trial {
        let description = "The term of this product cannot end on a chosen date.";
        return Err(PurchaseError::new(CUSTOM_END_UNSUPPORTED_CODE, description));
    }
    let day = Timestamp::parse_with_or_without_zone(text).map(Timestamp::date);
    let whole = crate::lifecycle::Term::new(call.now.date(), term.duration, None);
    match day {
        Some(day)
            if (whole.first_day..=whole.last_day).contains(&day) && is_aligned_date(&buyer.subscriptions, day) =>
        {
            Ok(Some(day))
        }
        _ => {
            let description = "The date must be in the first term, and the end of a month or of another subscription.";
            Err(PurchaseError::new(INVALID_CUSTOM_END_CODE, description))
        }
    }
}

/// Places an order of some line items. Returns the order, and the changes that make it and its subscriptions.
pub(super) fn place_order(
    call: &OperationCall<'_>,
    buyer: &BuyerContext,
    purchases: &[Purchase<'_>],
    random: &mut RandomGenerator,
) -> (Value, Vec<StateChange>) {
    let customer = customer_path(call);
    let customer_id = customer.segments().last().copied().unwrap_or_default().to_owned();
    let order_id: String = random.random_guid().simple().to_string().chars().take(12).collect();
    let provisioned = call.now + ORDER_PROVISIONING_DURATION;
    let mut changes = Vec::new();
    let mut line_items = Vec::new();
    for purchase in purchases {
        let id = purchase.item.product.kind.makes_subscription().then(|| random.random_guid());
        if let Some(id) = id {
            let mut subscription = NewSubscription {
                customer_id: &customer_id,
                country: &buyer.country,
                id,
                order_id: &order_id,
                item: purchase.item,
                friendly_name: purchase.friendly_name(),
                quantity: purchase.quantity,
                term_duration: purchase.term.duration,
                billing_cycle: &purchase.billing_cycle,
                custom_last_day: purchase.custom_last_day,
                partner_id: purchase.partner_id(),
                promotion_id: string_at_path(purchase.line_item, &["promotionId"]),
                renews: !purchase.item.sku.is_trial,
                created: call.now,
                provisioned,
            }
            .to_record();
            if purchase.item.product.kind == ProductKind::Marketplace {
                set_internal_field(&mut subscription, "activated", false);
            }
            let path = customer.child_path("subscriptions").child_path(&id.to_string());
            changes.push(StateChange::Put(path, subscription));
        }
        let mut details = purchase.line_item.clone();
        if let Some(fields) = details.as_object_mut() {
            fields.retain(|name, _| LINE_ITEM_FIELDS_REPEATED_IN_ORDER.contains(&name.as_str()));
        }
        let (_, price) = purchase.list_price_and_price_to_pay();
        line_items.push(NewOrderLine {
            offer_id: purchase.item.id(),
            friendly_name: purchase.friendly_name().to_owned(),
            quantity: purchase.quantity,
            subscription_id: id,
            price: price * purchase.quantity,
            details,
        });
    }
    let billing_cycle = purchases.first().map_or("monthly", |purchase| purchase.billing_cycle.as_str());
    let order = NewOrder {
        customer_id: &customer_id,
        country: &buyer.country,
        id: &order_id,
        billing_cycle,
        line_items,
        created: call.now,
        provisioned,
    }
    .to_record();
    changes.push(StateChange::Put(customer.child_path("orders").child_path(&order_id), order.clone()));
    (order, changes)
}

/// The fields of a line item that its order has as well.
const LINE_ITEM_FIELDS_REPEATED_IN_ORDER: [&str; 8] = [
    "additionalPartnerIdsOnRecord",
    "attestationAccepted",
    "customTermEndDate",
    "partnerIdOnRecord",
    "promotionId",
    "provisioningContext",
    "renewsTo",
    "termDuration",
];
