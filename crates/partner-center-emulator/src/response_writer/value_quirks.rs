//! The quirks that change values and fields. They need the response as a tree of JSON values, which costs time and memory, so
//! responses without such a quirk are serialized directly.
//!
//! What is changed depends on the kind of an object, which is the name of the field that it is in.

use crate::{
    quirks::{ErrorCodes, LinkStyle, Quirks},
    service_response::ResourceKind,
};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// The kind of an object: the name of the field that has it, or one of the constants for a complete response.
#[derive(Clone, Copy)]
pub(super) struct ObjectKind<'a>(&'a str);

impl ObjectKind<'static> {
    pub(super) const PAGE_OBJECT: Self = Self("page");
    pub(super) const CUSTOMER_OBJECT: Self = Self("customer");
    pub(super) const ERROR_RESPONSE_KIND: Self = Self("error");
}

impl From<ResourceKind> for ObjectKind<'static> {
    fn from(kind: ResourceKind) -> Self {
        match kind {
            ResourceKind::CompanyProfile => Self("companyProfile"),
            ResourceKind::BillingProfile => Self("billingProfile"),
            ResourceKind::Other => Self("resource"),
        }
    }
}

/// Whether any quirk changes values, so that [`serialize_with_value_quirks`] is necessary.
pub(super) fn has_value_quirks(quirks: &Quirks) -> bool {
    quirks.link_style != LinkStyle::Plain
        || quirks.without_links
        || quirks.without_delegated_access
        || quirks.nulls
        || quirks.unknown_values
        || quirks.pascal_case
        || quirks.error_codes != ErrorCodes::Mixed
}

/// Serializes `value` with the quirks applied. The links of `value` itself begin with
/// `link_prefix` in place of `/` or `/v1/`; those of what it contains stay as they are.
pub(super) fn serialize_with_value_quirks(
    quirks: &Quirks,
    link_prefix: &str,
    value: &impl Serialize,
    kind: ObjectKind<'_>,
) -> serde_json::Result<Vec<u8>> {
    let mut tree = serde_json::to_value(value)?;
    if quirks.link_style != LinkStyle::Plain
        && let Some(Value::Object(links)) = tree.get_mut("links")
    {
        links.values_mut().for_each(|link| replace_link_prefix(link_prefix, link));
    }
    apply_value_quirks(quirks, &mut tree, kind);
    serde_json::to_vec(&tree)
}

/// Changes `value` and all that it contains. Inner objects come first.
fn apply_value_quirks(quirks: &Quirks, value: &mut Value, kind: ObjectKind<'_>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in &mut *fields {
                // The items of a page are customers, unless it is one of other resources.
                let kind = if kind.0 == "resource" && name == "items" { kind } else { ObjectKind(name) };
                apply_value_quirks(quirks, value, kind);
            }
            apply_field_quirks(quirks, fields, kind);
        }
        Value::Array(items) => items.iter_mut().for_each(|item| apply_value_quirks(quirks, item, kind)),
        _ => {}
    }
}

/// Changes the fields of one object. Pascal case comes last, as the other quirks look for the usual names.
fn apply_field_quirks(quirks: &Quirks, fields: &mut Map<String, Value>, kind: ObjectKind<'_>) {
    if quirks.without_links {
        fields.remove("links");
    }
    if quirks.without_delegated_access {
        let is_profile = kind.0 == "companyProfile";
        fields.retain(|name, _| name != "customDomains" && !(is_profile && ["address", "email"].contains(&&**name)));
        if let Some(allowed) = fields.get_mut("allowDelegatedAccess") {
            *allowed = false.into();
        }
    }
    if quirks.unknown_values {
        add_unknown_values(fields, kind);
    }
    if quirks.nulls {
        for absent in optional_field_names(kind) {
            fields.entry(*absent).or_insert(Value::Null);
        }
    }
    if let Some(code) = fields.get_mut("code") {
        match (quirks.error_codes, &*code) {
            (ErrorCodes::Strings, Value::Number(number)) => *code = number.to_string().into(),
            (ErrorCodes::Numbers, Value::String(string)) => {
                *code = string.parse::<u64>().map_or_else(|_| json!(string), Value::from);
            }
            _ => {}
        }
    }
    if quirks.pascal_case {
        *fields = std::mem::take(fields).into_iter().map(|(name, value)| (to_pascal_case(&name), value)).collect();
    }
}

/// Changes a link, unless it leads out of the service.
fn replace_link_prefix(link_prefix: &str, link: &mut Value) {
    if let Some(Value::String(uri)) = link.get_mut("uri")
        && let Some(path) = uri.strip_prefix("/v1/").or_else(|| uri.strip_prefix('/'))
    {
        *uri = format!("{link_prefix}{path}");
    }
}

/// Returns the names of the fields that an object of this kind may lack.
fn optional_field_names(kind: ObjectKind<'_>) -> &'static [&'static str] {
    match kind.0 {
        "page" => &["continuationToken"],
        "items" | "customer" => &[
            "allowDelegatedAccess",
            "associatedPartnerId",
            "billingProfile",
            "commerceId",
            "customDomains",
            "tags",
            "userCredentials",
        ],
        "companyProfile" => &["address", "email", "organizationRegistrationNumber"],
        "billingProfile" => &["firstName", "lastName", "organizationRegistrationId"],
        "address" | "defaultAddress" => &["addressLine2", "middleName", "phoneNumber", "postalCode", "region", "state"],
        "links" => &["next", "previous"],
        "self" | "next" => &["body"],
        "attributes" => &["etag"],
        _ => &[],
    }
}

/// Adds fields and values that are in no version of the documentation, as a later version of the service might.
fn add_unknown_values(fields: &mut Map<String, Value>, kind: ObjectKind<'_>) {
    if ["items", "customer"].contains(&kind.0) {
        fields.insert("loyalty".to_owned(), json!({ "tier": "platinum", "since": [2031, 4, null] }));
        // Some customers only, so that known and unknown relationships are mixed: those whose identifier begins with a letter.
        let changes = fields.get("id").and_then(Value::as_str).is_some_and(|id| id.starts_with(char::is_alphabetic));
        if changes && let Some(relationship) = fields.get_mut("relationshipToPartner") {
            *relationship = "co_steward".into();
        }
    }
    if kind.0 == "attributes" {
        fields.insert("revision".to_owned(), json!(7.5));
    }
    if kind.0.ends_with("Profile") {
        fields.insert("verifiedBy".to_owned(), json!("registry"));
    }
}

fn to_pascal_case(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
