//! The qualifications of a customer for special offers, most of which are vetted for some days.

use super::{OperationCall, ResponseWithChanges, documented::all_documented_items, stored};
use crate::{
    error_response::ErrorResponse,
    json_fields::string_at_path,
    pages::PageRequest,
    resource_path::ResourcePath,
    service_response::ResourceKind,
    store::{StateChange, items_with_writes},
    timestamp::ONE_DAY,
};
use partner_center_spec::operation;
use serde_json::{Value, json};

/// The number of days that the vetting of a qualification takes.
const QUALIFICATION_VETTING_DAYS: u32 = 3;

/// Applies for a qualification. In the end a school is approved if it gave its website, and an agency if its code was valid.
pub(super) fn create_qualification(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let text = |name| string_at_path(&call.body, &[name]).unwrap_or_default();
    let qualification = text("qualification");
    let mut changes = Vec::new();
    let (is_vetted, rejection) = match qualification {
        "Education" => {
            if text("educationSegment").is_empty() {
                return Err(ErrorResponse::invalid_property_error(
                    "The educationSegment is required: K12 or HigherEducation.",
                ));
            }
            (true, text("website").is_empty().then_some("The website of the institution is not known"))
        }
        "GovernmentCommunityCloud" => {
            changes.push(build_validation_code_use_change(call, text("validationCode"))?);
            (true, None)
        }
        "StateOwnedEntity" => (false, None),
        other => {
            return Err(ErrorResponse::invalid_property_error(format!("The qualification {other:?} cannot be set.")));
        }
    };
    let is_open = |(_, known): &(u64, Value)| {
        known["qualification"] == qualification && string_at_path(known, &["vettingStatus"]) != Some("Denied")
    };
    if stored::collection_items(call).iter().any(is_open) {
        return Err(ErrorResponse::invalid_property_error(format!(
            "The customer has the qualification {qualification}, or it is in review."
        )));
    }
    let mut entry = json!({ "qualification": qualification });
    if is_vetted {
        entry["vettingStatus"] = "InReview".into();
        entry["vettingCreateDate"] = call.now.to_string_in_seconds().into();
    }
    let path = call.path.child_path(&call.state.random_for_next_change("created").random_guid().to_string());
    changes.push(StateChange::Put(path.clone(), entry.clone()));
    if is_vetted {
        let mut vetted = entry.clone();
        vetted["vettingStatus"] = if rejection.is_some() { "Denied" } else { "Approved" }.into();
        if let Some(reason) = rejection {
            vetted["vettingReason"] = reason.into();
        }
        changes.push(StateChange::PutLater(path, vetted, call.now + ONE_DAY * QUALIFICATION_VETTING_DAYS));
    }
    Ok(ResponseWithChanges { response: call.respond_with_resource(entry, ResourceKind::Other, true), changes })
}

/// Lists the validation codes of the partner, which prove that a customer is an agency.
pub(super) fn list_validation_codes(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let response = call.find_specified_success_response(false).ok_or(ErrorResponse::NotFound)?;
    PageRequest::from_call(call)?
        .respond_with_page(call, response, validation_codes(call))
        .map(ResponseWithChanges::without_changes)
}

/// Returns the change that counts the use of a validation code of the partner.
fn build_validation_code_use_change(call: &OperationCall<'_>, code: &str) -> Result<StateChange, ErrorResponse> {
    let mut known = validation_codes(call).into_iter().map(|(_, known)| known);
    let Some(mut known) = known.find(|known| string_at_path(known, &["validationId"]) == Some(code)) else {
        return Err(ErrorResponse::invalid_property_error(
            "The validationCode must be one of the validation codes of the partner.",
        ));
    };
    if let Some(remaining) = known["remainingCreates"].as_i64() {
        if remaining < 1 {
            return Err(ErrorResponse::invalid_property_error(
                "The validationCode has been used as often as it may be.",
            ));
        }
        known["remainingCreates"] = (remaining - 1).into();
    }
    Ok(StateChange::Put(validation_codes_path().child_path(code), known))
}

/// Returns the validation codes of the partner, with what is left of each.
fn validation_codes(call: &OperationCall<'_>) -> Vec<(u64, Value)> {
    let documented = operation("listValidationCodes").map(all_documented_items).unwrap_or_default();
    items_with_writes(call.state, &validation_codes_path(), "validationId", documented, call.now)
}

fn validation_codes_path() -> ResourcePath {
    ResourcePath::from_segments(["v1", "customers", "all", "validations"])
}
