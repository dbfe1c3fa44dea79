//! Which customers there are: generated ones, and among them those of the documentation. None is kept; each is made when
//! it is requested.

use crate::{
    customer::{Brief, Generated, Searchable, indirect_reseller},
    customer_id, fixtures,
};
use serde::Serialize;
use serde_json::Value;
use std::sync::LazyLock;
use uuid::Uuid;

/// The customers of the partner, by index.
#[derive(Clone, Copy)]
pub(crate) struct CustomerStore {
    pub(crate) seed: u64,
    pub(crate) count: u32,
    /// Whether generated customers have values that are documented but hardly ever sent.
    pub(crate) rare_values: bool,
}

/// The index of the first documented customer. Their names are placeholders (`companyName`), which a list that begins with
/// them would be mistaken for a bug.
const FIRST_DOCUMENTED: u32 = 10;

impl CustomerStore {
    /// The customer as a list has it.
    pub(crate) fn brief(&self, index: u32) -> Listed {
        match Documented::at(index) {
            Some(customer) => Listed::Documented(&customer.brief),
            None => Listed::Generated(self.generated(index).brief()),
        }
    }

    /// The customer as it is when requested by its identifier.
    pub(crate) fn full(&self, index: u32) -> Value {
        match Documented::at(index) {
            Some(customer) => customer.document.clone(),
            None => self.generated(index).full(),
        }
    }

    pub(crate) fn searchable(&self, index: u32) -> Searchable {
        match Documented::at(index) {
            Some(customer) => customer.searchable(self.seed),
            None => self.generated(index).searchable,
        }
    }

    /// Returns the index of the customer with this identifier. A documented customer has one even if the list is too short
    /// for it.
    pub(crate) fn find(&self, id: Uuid) -> Option<u32> {
        let documented = (FIRST_DOCUMENTED..).zip(DOCUMENTED.iter()).find(|(_, customer)| customer.id() == Some(id));
        let generated = || {
            let index = customer_id::index_of(self.seed, id)?;
            (index < self.count && Documented::at(index).is_none()).then_some(index)
        };
        documented.map(|(index, _)| index).or_else(generated)
    }

    fn generated(&self, index: u32) -> Generated {
        Generated::new(self.seed, index, self.rare_values)
    }
}

/// A customer as a list has it.
#[derive(Serialize)]
#[serde(untagged)]
#[expect(clippy::large_enum_variant, reason = "there are hardly any of the small one")]
pub(crate) enum Listed {
    Documented(&'static Value),
    Generated(Brief),
}

/// A customer out of a document.
struct Documented {
    document: Value,
    /// The document without what lists do not have.
    brief: Value,
    of_indirect_reseller: bool,
}

static DOCUMENTED: LazyLock<Vec<Documented>> = LazyLock::new(|| {
    let list = read(fixtures::GET_A_LIST_OF_CUSTOMERS);
    let of_reseller = read(fixtures::GET_CUSTOMERS_OF_AN_INDIRECT_RESELLER);
    let by_id = read(fixtures::GET_A_CUSTOMER_BY_ID);
    let customer = |document: &Value, of_indirect_reseller| Documented {
        document: document.clone(),
        brief: brief(document.clone()),
        of_indirect_reseller,
    };
    let items = |list: &Value, of_reseller| -> Vec<_> {
        list["items"].as_array().into_iter().flatten().map(|item| customer(item, of_reseller)).collect()
    };
    [items(&list, false), items(&of_reseller, true), vec![customer(&by_id, false)]].into_iter().flatten().collect()
});

#[expect(clippy::expect_used, reason = "constants of this crate, read by every test")]
fn read(document: &str) -> Value {
    serde_json::from_str(document).expect("the documented responses are JSON")
}

fn brief(mut customer: Value) -> Value {
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

impl Documented {
    fn at(index: u32) -> Option<&'static Self> {
        DOCUMENTED.get(index.checked_sub(FIRST_DOCUMENTED)? as usize)
    }

    fn id(&self) -> Option<Uuid> {
        self.document["id"].as_str().and_then(|id| id.parse().ok())
    }

    fn searchable(&self, seed: u64) -> Searchable {
        let profile = &self.document["companyProfile"];
        let text = |field: &str| profile[field].as_str().unwrap_or_default().to_owned();
        Searchable {
            company_name: text("companyName"),
            domain: text("domain"),
            indirect_reseller: self.of_indirect_reseller.then(|| indirect_reseller(seed, 0)),
        }
    }
}
