//! The quirks for which an answer is taken apart, value by value. Plain answers do not pay for it.

use super::{ErrorCodes, Quirks};
use serde::Serialize;
use serde_json::{Map, Value, json};

impl Quirks {
    pub(super) fn leave_values_alone(&self) -> bool {
        !(self.without_links || self.without_delegated_access || self.nulls || self.unknown_values || self.pascal_case)
            && self.error_codes == ErrorCodes::Mixed
    }

    /// The text of `value`, a `name`, made odd.
    pub(super) fn of_tree(&self, value: &impl Serialize, name: &str) -> serde_json::Result<String> {
        let mut tree = serde_json::to_value(value)?;
        self.change(&mut tree, name);
        serde_json::to_string(&tree)
    }

    /// Changes `value`, which is that of `name`, and what it holds.
    fn change(&self, value: &mut Value, name: &str) {
        match value {
            Value::Object(fields) => {
                for (name, value) in &mut *fields {
                    self.change(value, name);
                }
                self.change_fields(fields, name);
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.change(item, name)),
            _ => {}
        }
    }

    /// Inner objects come before outer ones, and new names in Pascal case last.
    fn change_fields(&self, fields: &mut Map<String, Value>, name: &str) {
        if self.without_links {
            fields.remove("links");
        }
        if self.without_delegated_access {
            let of_profile = name == "companyProfile";
            fields
                .retain(|name, _| name != "customDomains" && !(of_profile && ["address", "email"].contains(&&**name)));
            if let Some(allowed) = fields.get_mut("allowDelegatedAccess") {
                *allowed = false.into();
            }
        }
        if self.unknown_values {
            add_what_nobody_knows(fields, name);
        }
        if self.nulls {
            for absent in known_fields(name) {
                fields.entry(*absent).or_insert(Value::Null);
            }
        }
        if let Some(code) = fields.get_mut("code") {
            match (self.error_codes, &*code) {
                (ErrorCodes::Texts, Value::Number(number)) => *code = number.to_string().into(),
                (ErrorCodes::Numbers, Value::String(text)) => {
                    *code = text.parse::<u64>().map_or_else(|_| json!(text), Value::from);
                }
                _ => {}
            }
        }
        if self.pascal_case {
            *fields = std::mem::take(fields).into_iter().map(|(name, value)| (pascal_case(&name), value)).collect();
        }
    }
}

/// What may be absent from the object that is the value of `name`.
fn known_fields(name: &str) -> &'static [&'static str] {
    match name {
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

/// Fields and values that came after the documentation.
fn add_what_nobody_knows(fields: &mut Map<String, Value>, name: &str) {
    if ["items", "customer"].contains(&name) {
        fields.insert("loyalty".to_owned(), json!({ "tier": "platinum", "since": [2031, 4, null] }));
        // Some customers only: those whose identifier begins with a letter.
        let changes = fields.get("id").and_then(Value::as_str).is_some_and(|id| id.starts_with(char::is_alphabetic));
        if changes && let Some(relationship) = fields.get_mut("relationshipToPartner") {
            *relationship = "co_steward".into();
        }
    }
    if name == "attributes" {
        fields.insert("revision".to_owned(), json!(7.5));
    }
    if name.ends_with("Profile") {
        fields.insert("verifiedBy".to_owned(), json!("registry"));
    }
}

fn pascal_case(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
