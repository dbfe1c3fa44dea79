//! What an operation is performed for, many times: an ID, a customer, or both.

use crate::{arguments::operations::naming::ResourceNoun, terminal::replace_control_characters};
use partner_center::models;
use serde::{Deserialize, Serialize, de};
use std::fmt;
use uuid::Uuid;

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

    /// Reads a customer of a list; nothing but its ID and its names needs to be as the specification says.
    pub(super) fn from_listed_json(json: &str) -> serde_json::Result<Self> {
        let ListedCustomer { id, company } = serde_json::from_str(json)?;
        let id = Uuid::try_parse(&id).map_err(|error| de::Error::custom(format_args!("its ID: {error}")))?;
        let ListedCompany { name, domain } = company.unwrap_or_default();
        Ok(Self { id: id.to_string(), company_name: name, domain })
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

/// What is read of a customer of a list.
#[derive(Deserialize)]
struct ListedCustomer {
    #[serde(alias = "Id")]
    id: String,
    #[serde(default, rename = "companyProfile", alias = "CompanyProfile")]
    company: Option<ListedCompany>,
}

#[derive(Default, Deserialize)]
struct ListedCompany {
    #[serde(default, rename = "companyName", alias = "CompanyName")]
    name: Option<String>,
    #[serde(default, alias = "Domain")]
    domain: Option<String>,
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
        replace_control_characters(&name)
    }
}

/// In the journal.
impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::Customer;

    #[test]
    fn listed_customer_needs_nothing_but_its_id() {
        let id = "3f0a1c52-7d1e-4a6b-9d1f-52c1f8e07a11";
        let read = |json: &str| Customer::from_listed_json(&json.replace("ID", id));
        let names = r#"{"id":"ID","companyProfile":{"companyName":"Contoso","domain":null,"tenantId":7},"tags":"one"}"#;
        let customer = read(names).unwrap();
        assert_eq!((customer.id.as_str(), customer.company_name.as_deref()), (id, Some("Contoso")));
        assert_eq!(read(r#"{"Id":"ID"}"#).unwrap(), Customer::with_id(id.to_owned()));
        for json in ["{}", r#"{"id":null}"#, r#"{"id":""}"#, r#"{"id":"contoso.example"}"#, "[]"] {
            read(json).unwrap_err();
        }
    }
}
