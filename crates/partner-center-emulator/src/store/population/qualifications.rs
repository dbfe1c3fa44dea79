use super::CustomerTenant;
use crate::random::RandomGenerator;
use serde_json::{Value, json};

/// Returns all qualifications of a customer. Most have none.
pub(super) fn all_qualifications(tenant: &CustomerTenant<'_>) -> Vec<Value> {
    let mut random = RandomGenerator::for_purpose(tenant.seed, "qualifications", tenant.index);
    if tenant.is_created || !random.true_once_in(6) {
        return Vec::new();
    }
    let created =
        format!("2025-{:02}-{:02}T08:15:30.1234567Z", 1 + random.number_below(12), 1 + random.number_below(28));
    match random.number_below(4) {
        0 => vec![json!({ "qualification": "StateOwnedEntity" })],
        1 => vec![json!({
            "qualification": "Education",
            "vettingStatus": "Denied",
            "vettingReason": "Not an educational institution",
            "vettingCreatedDate": created,
        })],
        2 => vec![
            json!({ "qualification": "Education", "vettingStatus": "InReview", "vettingCreatedDate": created }),
            json!({ "qualification": "StateOwnedEntity" }),
        ],
        _ => vec![json!({ "qualification": "Education", "vettingStatus": "Approved", "vettingCreatedDate": created })],
    }
}
