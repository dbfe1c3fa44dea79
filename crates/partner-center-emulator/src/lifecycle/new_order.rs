use super::INTERNAL_FIELDS_PROPERTY;
use crate::{
    catalog::{find_catalog_item, get_currency_code_and_symbol},
    json_fields::without_null_fields,
    resource::ResourceLink,
    timestamp::Timestamp,
};
use serde_json::{Value, json};
use uuid::Uuid;

/// An order as it is placed.
pub(crate) struct NewOrder<'a> {
    pub(crate) customer_id: &'a str,
    pub(crate) country: &'a str,
    pub(crate) id: &'a str,
    pub(crate) billing_cycle: &'a str,
    pub(crate) line_items: Vec<NewOrderLine>,
    pub(crate) created: Timestamp,
    /// The moment from which it is completed; until then it is pending.
    pub(crate) provisioned: Timestamp,
}

/// A line item of a new order.
pub(crate) struct NewOrderLine {
    pub(crate) offer_id: String,
    pub(crate) friendly_name: String,
    pub(crate) quantity: i64,
    pub(crate) subscription_id: Option<Uuid>,
    /// The price of all of it, in cents.
    pub(crate) price: i64,
    /// What the request said of it, such as `promotionId`, and the order has as well.
    pub(crate) details: Value,
}

impl NewOrder<'_> {
    /// Returns the order as it is stored.
    pub(crate) fn to_record(&self) -> Value {
        let Self { customer_id, country, id, .. } = *self;
        let (currency, symbol) = get_currency_code_and_symbol(country);
        let path = format!("/customers/{customer_id}/orders/{id}");
        let link = |suffix: &str| ResourceLink::new(format!("{path}{suffix}"));
        let subscriptions: Vec<_> = self.line_items.iter().map(|line_item| line_item.subscription_id).collect();
        let total: i64 = self.line_items.iter().map(|line_item| line_item.price).sum();
        let line_items: Vec<_> = self
            .line_items
            .iter()
            .zip(0..)
            .map(|(line_item, number)| line_item.to_json(number, country, &path))
            .collect();
        json!({
            "id": id,
            "alternateId": id,
            "referenceCustomerId": customer_id,
            "billingCycle": self.billing_cycle,
            "currencyCode": currency,
            "currencySymbol": symbol,
            "lineItems": line_items,
            "creationDate": self.created.to_string_in_microseconds(),
            "status": "pending",
            "transactionType": "UserPurchase",
            "totalPrice": amount_of_cents(total),
            "links": {
                "self": link(""),
                "provisioningStatus": link("/provisioningstatus"),
                "patchOperation": json!({ "uri": path, "method": "PATCH", "headers": [] }),
            },
            "client": {},
            "attributes": { "objectType": "Order" },
            INTERNAL_FIELDS_PROPERTY: {
                "provisionedAt": self.provisioned.to_string_in_microseconds(),
                "subscriptions": subscriptions,
            },
        })
    }
}

impl NewOrderLine {
    fn to_json(&self, number: i64, country: &str, order_path: &str) -> Value {
        let activation_links = ResourceLink::new(format!("{order_path}/lineitems/{number}/activationlinks"));
        let links = match find_catalog_item(&self.offer_id) {
            Some(item) => {
                let product = format!("/products/{}", item.product.id);
                let sku = format!("{product}/skus/{}", item.sku.id);
                let availability = format!("{sku}/availabilities/{}", item.availability.id);
                let link = |path: &str| ResourceLink::new(format!("{path}?country={country}"));
                json!({
                    "product": link(&product),
                    "sku": link(&sku),
                    "availability": link(&availability),
                    "activationLinks": activation_links,
                })
            }
            None => json!({}),
        };
        let quantity = self.quantity.max(1);
        let mut line_item = json!({
            "lineItemNumber": number,
            "offerId": self.offer_id,
            "transactionType": "New",
            "friendlyName": self.friendly_name,
            "quantity": self.quantity,
            "pricing": line_item_pricing(self.price / quantity, self.price / quantity, quantity),
            "links": links,
        });
        crate::json_fields::merge_fields(&mut line_item, without_null_fields(self.details.clone()));
        line_item
    }
}

/// Returns the prices of a line item, from the list price and the price to pay of one, in cents.
pub(crate) fn line_item_pricing(list_price: i64, price: i64, quantity: i64) -> Value {
    json!({
        "listPrice": amount_of_cents(list_price),
        "discountedPrice": amount_of_cents(price),
        "proratedPrice": amount_of_cents(price),
        "price": amount_of_cents(price),
        "extendedPrice": amount_of_cents(price * quantity),
    })
}

/// Returns an amount of cents as the service writes money.
#[expect(clippy::cast_precision_loss, reason = "amounts of this catalog are far below 2^53 cents")]
fn amount_of_cents(cents: i64) -> f64 {
    cents as f64 / 100.0
}
