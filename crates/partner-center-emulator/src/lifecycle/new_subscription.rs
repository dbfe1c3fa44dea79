use super::{
    INTERNAL_FIELDS_PROPERTY, open_cancellation_window, set_last_day_of_term,
    subscriptions::set_product_of_subscription, term::Term,
};
use crate::{
    catalog::{CatalogItem, ProductKind},
    json_fields::without_null_fields,
    resource::SelfLinks,
    timestamp::Timestamp,
};
use serde_json::{Value, json};
use time::Date;
use uuid::Uuid;

/// A subscription of new commerce as it is bought.
pub(crate) struct NewSubscription<'a> {
    pub(crate) customer_id: &'a str,
    pub(crate) country: &'a str,
    pub(crate) id: Uuid,
    pub(crate) order_id: &'a str,
    pub(crate) item: CatalogItem,
    pub(crate) friendly_name: &'a str,
    pub(crate) quantity: i64,
    pub(crate) term_duration: &'a str,
    pub(crate) billing_cycle: &'a str,
    /// The last day of the first term, if it was chosen.
    pub(crate) custom_last_day: Option<Date>,
    pub(crate) partner_id: &'a str,
    pub(crate) promotion_id: Option<&'a str>,
    pub(crate) renews: bool,
    pub(crate) created: Timestamp,
    /// The moment from which it is active; until then it is pending.
    pub(crate) provisioned: Timestamp,
}

impl NewSubscription<'_> {
    /// Returns the subscription as it is stored.
    pub(crate) fn to_record(&self) -> Value {
        let Self { customer_id, id, quantity, created, .. } = *self;
        let kind = self.item.product.kind;
        let is_azure = kind == ProductKind::AzurePlan;
        let mut subscription = without_null_fields(json!({
            "id": id,
            "friendlyName": self.friendly_name,
            "quantity": quantity,
            "unitType": if is_azure { "Usage-based" } else { "Licenses" },
            "hasPurchasableAddons": false,
            "creationDate": created.to_string_in_microseconds(),
            "effectiveStartDate": created.to_string_in_microseconds(),
            "status": "pending",
            "autoRenewEnabled": self.renews,
            "isTrial": self.item.sku.is_trial,
            "billingType": if is_azure { "usage" } else { "license" },
            "billingCycle": self.billing_cycle.to_ascii_lowercase(),
            "termDuration": self.term_duration,
            "renewalTermDuration": "",
            "isMicrosoftProduct": kind != ProductKind::Marketplace,
            "partnerId": self.partner_id,
            "promotionId": self.promotion_id,
            "attentionNeeded": false,
            "actionTaken": false,
            "contractType": "subscription",
            "publisherName": "Microsoft Corporation",
            "refundableQuantity": { "totalQuantity": 0, "details": [] },
            "orderId": self.order_id,
            "links": SelfLinks::new(format!("/customers/{customer_id}/subscriptions/{id}")),
            "attributes": { "objectType": "Subscription" },
            INTERNAL_FIELDS_PROPERTY: { "country": self.country, "provisionedAt": self.provisioned.to_string_in_microseconds() },
        }));
        set_product_of_subscription(&mut subscription, self.item);
        if !is_azure {
            set_last_day_of_term(
                &mut subscription,
                Term::new(created.date(), self.term_duration, self.custom_last_day),
            );
        }
        open_cancellation_window(&mut subscription, created);
        subscription
    }
}
