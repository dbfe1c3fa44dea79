//! A cart expires seven days after its creation.

use crate::{json_fields::string_at_path, timestamp::Timestamp};
use serde_json::Value;

/// Whether a cart is still there: one that was checked out stays.
pub(super) fn is_cart_present(cart: &Value, now: Timestamp) -> bool {
    let expiration = string_at_path(cart, &["expirationTimestamp"]).and_then(Timestamp::parse);
    cart["status"] == "Ordered" || expiration.is_none_or(|expiration| now < expiration)
}
