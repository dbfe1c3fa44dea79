//! Promotions, and whether a customer gets one.

use super::{respond_with_list, subscriptions_of_customer_in_path};
use crate::{
    behaviors::{OperationCall, ResponseWithChanges, stored::not_found_response},
    catalog::{CatalogItem, find_catalog_item},
    error_response::ErrorResponse,
    json_fields::{string_at_path, without_null_fields},
    service_response::ResourceKind,
};
use serde_json::{Value, json};

struct Promotion {
    id: &'static str,
    name: &'static str,
    product: &'static str,
    sku: &'static str,
    term: &'static str,
    /// The part of the price that is taken off, in percent.
    percent: u32,
    max_seats: Option<i64>,
}

const PROMOTIONS: &[Promotion] = &[
    Promotion {
        id: "39NFJQT1CXL6:000H:39NFJQT1L9D5",
        name: "Business Basic promotion",
        product: "CFQ7TTC069GL",
        sku: "0001",
        term: "P1Y",
        percent: 5,
        max_seats: None,
    },
    Promotion {
        id: "39NFJQT1MW6G:0005:39NFJQT1HSC9",
        name: "Business Standard promotion for small companies",
        product: "CFQ7TTC0X301",
        sku: "0001",
        term: "P1Y",
        percent: 10,
        max_seats: Some(200),
    },
];

impl Promotion {
    fn applies_to_item(&self, item: &CatalogItem) -> bool {
        self.product == item.product.id && self.sku == item.sku.id
    }

    fn to_json(&self) -> Value {
        let constraints = self
            .max_seats
            .map(|max| json!({ "seatConstraints": [{ "minSeats": 1, "maxSeats": max, "type": "SeatCount" }] }));
        without_null_fields(json!({
            "id": self.id,
            "name": self.name,
            "description": format!("{} percent off a term of {}", self.percent, self.term),
            "startDate": "2026-01-01T00:00:00+00:00",
            "endDate": "9999-01-01T00:00:00+00:00",
            "properties": { "isAutoApplicable": true },
            "requiredProducts": [{
                "productId": self.product,
                "skuId": self.sku,
                "term": { "duration": self.term, "billingCycle": "Annual" },
                "pricingPolicies": [{ "policyType": "PercentDiscount", "value": format!("0.{:02}", self.percent) }],
            }],
            "promotionConstraints": constraints,
        }))
    }

    /// Returns why a customer with these subscriptions does not get the promotion for a purchase.
    fn eligibility_errors(&self, purchase: &Purchase<'_>, subscriptions: &[Value]) -> Vec<Value> {
        let mut errors = Vec::new();
        if !self.applies_to_item(&purchase.item) {
            errors.push(json!({ "type": "InvalidPromotion", "description": "The promotion is for another product." }));
            return errors;
        }
        if let Some(max) = self.max_seats.filter(|max| purchase.quantity > *max) {
            errors.push(json!({
                "type": "SeatCount",
                "description": "The purchase has too many seats.",
                "minimumRequiredSeats": 1,
                "maximumRequiredSeats": max,
                "availableSeats": max,
            }));
        }
        if !self.term.eq_ignore_ascii_case(purchase.term) {
            errors.push(json!({
                "type": "Term",
                "description": format!("The promotion is for a term of {}.", self.term),
                "eligibleTerms": [{ "billingCycle": "Annual", "duration": self.term }],
            }));
        }
        if subscriptions.iter().any(|subscription| subscription["promotionId"] == self.id) {
            errors.push(json!({
                "type": "RedemptionLimit",
                "description": "The customer has got the promotion already.",
                "maxPromotionRedemptionCount": 1,
                "remainingPromotionRedemptionCount": 0,
            }));
        }
        errors
    }
}

struct Purchase<'a> {
    item: CatalogItem,
    quantity: i64,
    term: &'a str,
}

pub(super) fn list_promotions(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    respond_with_list(call, PROMOTIONS.iter().map(Promotion::to_json).collect())
}

pub(super) fn get_promotion(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let id = call.route.path_parameter("promotion-id").unwrap_or_default();
    let Some(promotion) = find_promotion(id) else { return not_found_response(call) };
    let response = call.respond_with_resource(promotion.to_json(), ResourceKind::Other, false);
    Ok(ResponseWithChanges::without_changes(response))
}

/// Says for each item of a request whether the customer gets its promotion, or which promotions there are for it.
pub(super) fn check_promotion_eligibilities(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let subscriptions = subscriptions_of_customer_in_path(call);
    let items = call.body["items"].as_array().into_iter().flatten().zip(0..);
    let items = items.map(|(item, number): (&Value, i64)| {
        let id = string_at_path(item, &["id"]).and_then(|id| id.parse().ok()).unwrap_or(number);
        let text = |name: &str| string_at_path(item, &[name]).unwrap_or_default();
        json!({
            "id": id,
            "catalogItemId": text("catalogItemId"),
            "quantity": item["quantity"],
            "billingCycle": text("billingCycle").to_ascii_lowercase(),
            "termDuration": text("termDuration"),
            "eligibilities": promotion_eligibilities_of_item(item, &subscriptions),
            "attributes": { "objectType": "PromotionEligibilities" },
        })
    });
    respond_with_list(call, items.collect())
}

fn promotion_eligibilities_of_item(item: &Value, subscriptions: &[Value]) -> Vec<Value> {
    let text = |name: &str| string_at_path(item, &[name]).unwrap_or_default();
    let wanted = text("promotionId");
    let Some(catalog_item) = find_catalog_item(text("catalogItemId")) else {
        let description = "There is no such catalog item.";
        return vec![ineligibility_as_json(wanted, "InvalidCatalogItemId", description)];
    };
    let purchase = Purchase {
        item: catalog_item,
        quantity: item["quantity"].as_i64().unwrap_or_default(),
        term: text("termDuration"),
    };
    let promotions: Vec<_> = match (wanted, find_promotion(wanted)) {
        ("", _) => PROMOTIONS.iter().filter(|promotion| promotion.applies_to_item(&catalog_item)).collect(),
        (_, Some(promotion)) => vec![promotion],
        (_, None) => return vec![ineligibility_as_json(wanted, "InvalidPromotion", "There is no such promotion.")],
    };
    if promotions.is_empty() {
        return vec![ineligibility_as_json("", "NoPromotionsAvailable", "The product has no promotions.")];
    }
    let eligibility = |promotion: &&Promotion| {
        let errors = promotion.eligibility_errors(&purchase, subscriptions);
        let is_eligible = errors.is_empty();
        let errors = (!is_eligible).then_some(errors);
        without_null_fields(json!({ "promotionId": promotion.id, "isEligible": is_eligible, "errors": errors }))
    };
    promotions.iter().map(eligibility).collect()
}

fn ineligibility_as_json(promotion: &str, error: &str, description: &str) -> Value {
    let promotion = (!promotion.is_empty()).then_some(promotion);
    let errors = json!([{ "type": error, "description": description }]);
    without_null_fields(json!({ "promotionId": promotion, "isEligible": false, "errors": errors }))
}

/// Whether a purchase gets a promotion.
pub(super) fn is_promotion_granted(id: &str, item: CatalogItem, term: &str, quantity: i64, owned: &[Value]) -> bool {
    let purchase = Purchase { item, quantity, term };
    find_promotion(id).is_some_and(|promotion| promotion.eligibility_errors(&purchase, owned).is_empty())
}

/// Returns the part of a price that a promotion leaves, in percent.
pub(super) fn percent_of_price_to_pay(promotion: Option<&str>) -> i64 {
    let percent = promotion.and_then(find_promotion).map_or(0, |promotion| promotion.percent);
    100 - i64::from(percent)
}

fn find_promotion(id: &str) -> Option<&'static Promotion> {
    PROMOTIONS.iter().find(|promotion| promotion.id.eq_ignore_ascii_case(id))
}
