//! What an operation is performed for, many times: an ID, a customer, or both.

use crate::{arguments::operations::naming::ResourceNoun, terminal::escape_control_characters};
use partner_center::models;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A customer, as far as it is known before the operation is performed.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Customer {
    /// The ID; or a domain, until it is looked up.
    pub(crate) id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) company_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) domain: Option<String>,
}

impl Customer {
    /// Returns a customer of which the ID or a domain is known.
    pub(crate) fn with_id(id: String) -> Self {
        Self { id, ..Self::default() }
    }

    /// Returns a customer of a list; `None` if it has no ID.
    pub(crate) fn from_list(customer: &models::Customer) -> Option<Self> {
        Some(Self {
            id: customer.id?.to_string(),
            company_name: customer.company_name().map(str::to_owned),
            domain: customer.domain().map(str::to_owned),
        })
    }
}

/// What an operation is performed for once.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// Its place in the output.
    pub(super) index: usize,
    /// Its name in the journal, where no other target has it.
    pub(super) key: String,
    pub(super) customer: Option<Customer>,
    /// The ID by position, if the command takes several.
    pub(super) id: Option<String>,
}

impl Target {
    /// Returns how messages name it, such as `customer 4f0c... (Contoso)`.
    pub(super) fn label(&self, noun: ResourceNoun) -> String {
        let name = match (&self.customer, &self.id) {
            (Some(Customer { id, company_name: Some(name), .. }), _) => format!("customer {id} ({name})"),
            (Some(Customer { id, .. }), _) => format!("customer {id}"),
            (None, id) => format!("{} {}", noun.singular(), id.as_deref().unwrap_or_default()),
        };
        escape_control_characters(&name)
    }
}

/// In the journal.
impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.key)
    }
}
