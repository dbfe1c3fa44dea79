use crate::{
    behaviors::{TEST_EVENT, address_of_registration, registration_path},
    json_fields::string_at_path,
    origin::request_origin,
    resource_path::ResourcePath,
    store::{State, StateChange},
    timestamp::Timestamp,
};
use partner_center_core::Request;
use serde::Serialize;
use serde_json::Value;

/// An event, and where it is sent to.
#[derive(Clone)]
pub(crate) struct Event {
    pub(crate) name: &'static str,
    pub(super) resource_name: &'static str,
    pub(super) resource_uri: Option<String>,
    pub(super) audit_uri: Option<String>,
    pub(super) changed: Timestamp,
    /// The address that is registered. It may have a secret in its query.
    pub(super) receiver: String,
    /// Whether the signature is in `x-ms-signature`.
    pub(super) signature_in_own_header: bool,
    /// The scheme, host and port of the emulator, where the certificate is.
    pub(super) origin: String,
    /// Where the validation event is that it is sent for.
    pub(super) validation_path: Option<ResourcePath>,
}

/// What an event says of a write.
struct Notice {
    name: &'static str,
    resource_name: &'static str,
    resource_path: Option<String>,
    audit_record_id: Option<String>,
}

/// The body of a request, in the spelling and the order of the service.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct EventBody<'a> {
    event_name: &'a str,
    resource_uri: Option<&'a str>,
    resource_name: &'a str,
    audit_uri: Option<&'a str>,
    resource_change_utc_date: String,
}

impl Event {
    /// Returns the body, without a byte order mark.
    pub(super) fn to_json(&self, changed: Timestamp) -> String {
        let body = EventBody {
            event_name: self.name,
            resource_uri: self.resource_uri.as_deref(),
            resource_name: self.resource_name,
            audit_uri: self.audit_uri.as_deref(),
            resource_change_utc_date: format!("{}+00:00", changed.to_string_in_ticks()),
        };
        #[expect(clippy::expect_used, reason = "a struct of strings, whose `Serialize` cannot fail")]
        serde_json::to_string(&body).expect("an event can be written as JSON")
    }
}

/// Returns the event of a write that makes `changes`, if the partner has registered for it.
pub(crate) fn event_of_write(
    state: &State,
    now: Timestamp,
    request: &Request,
    changes: &[StateChange],
) -> Option<Event> {
    let registration = state.get_resource(&registration_path(), now)?;
    let (notice, validation_path) = changes.iter().find_map(|change| match change {
        StateChange::Put(path, record) if is_audit_record(path) => Some((notice_of_record(record, request)?, None)),
        StateChange::Put(path, event) if is_validation_event(path) => {
            Some((notice_of_validation(event)?, Some(path.clone())))
        }
        _ => None,
    })?;
    let names = registration["webhookEvents"].as_array()?;
    names.iter().filter_map(Value::as_str).find(|registered| registered.eq_ignore_ascii_case(notice.name))?;
    let receiver = address_of_registration(&registration)?;
    let origin = request_origin(request);
    Some(Event {
        name: notice.name,
        resource_name: notice.resource_name,
        resource_uri: notice.resource_path.map(|path| format!("{origin}{path}")),
        audit_uri: notice.audit_record_id.map(|id| format!("{origin}/auditactivity/v1/auditrecords/{id}")),
        changed: now,
        receiver: receiver.to_owned(),
        signature_in_own_header: registration["signatureTokenToMsSignatureHeader"] == true,
        origin,
        validation_path,
    })
}

/// Returns the notice of a write that has left an audit record.
fn notice_of_record(record: &Value, request: &Request) -> Option<Notice> {
    let segments: Vec<_> = request.uri().path().split('/').filter(|segment| !segment.is_empty()).collect();
    let customer_id = string_at_path(record, &["customerId"])?;
    let (name, resource_name, resource_path) = match (string_at_path(record, &["operationType"])?, &segments[..]) {
        ("add_customer", _) => {
            let path = format!("/v1/customers/{customer_id}");
            ("reseller-relationship-accepted-by-customer", "customer", Some(path))
        }
        ("remove_partner_customer_relationship", _) => {
            ("dap-admin-relationship-terminated", "PartnerCustomerDap", None)
        }
        // A path that the API does not have, as the service sends it.
        (
            "update_subscription" | "upgrade_subscription" | "convert_trial_subscription",
            [_, _, _, _, subscription_id, ..],
        ) => {
            let path = format!("/webhooks/v1/customers/{customer_id}/subscriptions/{subscription_id}");
            ("subscription-updated", "subscription", Some(path))
        }
        _ => return None,
    };
    let audit_record_id = Some(string_at_path(record, &["id"])?.to_owned());
    Some(Notice { name, resource_name, resource_path, audit_record_id })
}

/// Returns the notice of a validation event, which leaves no audit record.
fn notice_of_validation(event: &Value) -> Option<Notice> {
    let id = string_at_path(event, &["correlationId"])?;
    Some(Notice {
        name: TEST_EVENT,
        resource_name: "test",
        resource_path: Some(format!("/webhooks/v1/registration/validationEvents/{id}")),
        audit_record_id: None,
    })
}

fn is_audit_record(path: &ResourcePath) -> bool {
    matches!(path.segments()[..], ["auditactivity", "v1", "auditrecords", _])
}

fn is_validation_event(path: &ResourcePath) -> bool {
    matches!(path.segments()[..], ["webhooks", "v1", "registration", "validationevents", _])
}
