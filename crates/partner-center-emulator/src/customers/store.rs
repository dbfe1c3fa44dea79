//! The customers of the partner: generated ones, and among them those of the service's documentation. None is stored; each is
//! generated from the seed and its index when it is requested, so a million customers take no memory.

use super::{
    SearchableFields, customer_id,
    documented::{DOCUMENTED_CUSTOMERS, DocumentedCustomer},
    generated::{CustomerSummary, GeneratedCustomer},
};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

/// The customers of the partner, by index.
#[derive(Clone, Copy)]
pub(crate) struct CustomerStore {
    pub(crate) seed: u64,
    pub(crate) count: u32,
    /// Whether generated customers have values that are documented but rare.
    pub(crate) rare_values: bool,
}

/// The index of the first documented customer. These have placeholders for names (`companyName`), which a reader of the first
/// page, 25 rows of `customers list --emulator`, would mistake for a bug.
const FIRST_DOCUMENTED: u32 = 25;

impl CustomerStore {
    /// Returns the customer as a list has it.
    pub(crate) fn summary(&self, index: u32) -> ListedCustomer {
        match documented_customers(index) {
            Some(customer) => ListedCustomer::Documented(&customer.summary),
            None => ListedCustomer::Generated(self.generated(index).summary()),
        }
    }

    /// Returns the customer as a request by its identifier gets it.
    pub(crate) fn details(&self, index: u32) -> Value {
        match documented_customers(index) {
            Some(customer) => customer.details.clone(),
            None => self.generated(index).details(),
        }
    }

    pub(crate) fn searchable(&self, index: u32) -> SearchableFields {
        match documented_customers(index) {
            Some(customer) => customer.searchable(self.seed),
            None => self.generated(index).searchable,
        }
    }

    /// Returns the index of the customer with this identifier. A documented customer has one even if the list is too short
    /// for it.
    pub(crate) fn find(&self, id: Uuid) -> Option<u32> {
        let mut all_documented = (FIRST_DOCUMENTED..).zip(DOCUMENTED_CUSTOMERS.iter());
        let documented_index = all_documented.find(|(_, customer)| customer.id() == Some(id)).map(|(index, _)| index);
        documented_index.or_else(|| {
            let index = customer_id::index_of(self.seed, id)?;
            (index < self.count && documented_customers(index).is_none()).then_some(index)
        })
    }

    fn generated(&self, index: u32) -> GeneratedCustomer {
        GeneratedCustomer::new(self.seed, index, self.rare_values)
    }
}

fn documented_customers(index: u32) -> Option<&'static DocumentedCustomer> {
    DOCUMENTED_CUSTOMERS.get(index.checked_sub(FIRST_DOCUMENTED)? as usize)
}

/// A customer as a list has it.
#[derive(Serialize)]
#[serde(untagged)]
#[expect(clippy::large_enum_variant, reason = "only a few customers of a list are of the small variant")]
pub(crate) enum ListedCustomer {
    Documented(&'static Value),
    Generated(CustomerSummary),
}
