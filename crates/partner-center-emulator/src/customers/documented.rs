//! The customers in the example responses of the service's documentation.

use super::{SearchableFields, indirect_reseller_id};
use partner_center_spec::OPERATIONS;
use serde_json::Value;
use std::sync::LazyLock;
use uuid::Uuid;

pub(crate) struct DocumentedCustomer {
    pub(crate) details: Value,
    /// The details without the fields that lists do not have.
    pub(crate) summary: Value,
    has_indirect_reseller: bool,
}

pub(crate) static DOCUMENTED_CUSTOMERS: LazyLock<Vec<DocumentedCustomer>> = LazyLock::new(|| {
    let list = parse_specification_example("get-a-list-of-customers");
    let reseller_list = parse_specification_example("get-customers-of-an-indirect-reseller");
    let customer = parse_specification_example("get-a-customer-by-id");
    let from_list = |list: &Value, has_indirect_reseller| -> Vec<_> {
        let items = list["items"].as_array().into_iter().flatten();
        items.map(|details| DocumentedCustomer::new(details.clone(), has_indirect_reseller)).collect()
    };
    let mut customers = from_list(&list, false);
    customers.extend(from_list(&reseller_list, true));
    customers.push(DocumentedCustomer::new(customer, false));
    customers
});

/// Returns an example of a response of the specification.
#[expect(clippy::expect_used, reason = "constants of the specification, which every test parses")]
fn parse_specification_example(name: &str) -> Value {
    let responses = OPERATIONS.iter().flat_map(|operation| operation.responses);
    let mut examples = responses.flat_map(|response| response.examples);
    let example =
        examples.find(|example| example.name == name).expect("the specification has the documented responses");
    serde_json::from_str(example.json).expect("the documented responses are JSON")
}

impl DocumentedCustomer {
    fn new(details: Value, has_indirect_reseller: bool) -> Self {
        Self { summary: summary_of_customer(details.clone()), details, has_indirect_reseller }
    }

    pub(crate) fn customer_id(&self) -> Option<Uuid> {
        self.details["id"].as_str().and_then(|id| id.parse().ok())
    }

    pub(crate) fn searchable_fields(&self, seed: u64) -> SearchableFields {
        let profile = &self.details["companyProfile"];
        let field = |name: &str| profile[name].as_str().unwrap_or_default().to_owned();
        SearchableFields {
            company_name: field("companyName"),
            domain: field("domain"),
            indirect_reseller: self.has_indirect_reseller.then(|| indirect_reseller_id(seed, 0)),
        }
    }
}

fn summary_of_customer(mut customer: Value) -> Value {
    if let Some(fields) = customer.as_object_mut() {
        for absent in ["commerceId", "billingProfile", "allowDelegatedAccess", "customDomains", "tags"] {
            fields.remove(absent);
        }
    }
    if let Some(fields) = customer["companyProfile"].as_object_mut() {
        fields.remove("address");
        fields.remove("email");
    }
    customer
}
