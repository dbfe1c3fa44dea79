//! The customers of the partner: generated ones, and among them those of the service's documentation. None is stored; each is
//! generated from the seed and its index when it is requested, so a million customers take no memory.

use super::{
    SearchableFields,
    countries::Country,
    customer_id,
    documented::{DOCUMENTED_CUSTOMERS, DocumentedCustomer},
    generated::{CustomerSummary, GeneratedCustomer},
    indirect_reseller_with_partner_id,
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

/// The minimum index of a customer that a request creates, above those of all documented customers.
pub(crate) const FIRST_CREATED: u32 = 100;

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

    /// Returns the index of the customer that a domain belongs to.
    pub(crate) fn find_domain(&self, domain: &str) -> Option<u32> {
        let documented = DOCUMENTED_CUSTOMERS.iter().position(|customer| has_domain(&customer.details, domain));
        if let Some(position) = documented {
            return u32::try_from(position).ok()?.checked_add(FIRST_DOCUMENTED).filter(|index| *index < self.count);
        }
        // The domain of a generated customer ends with its index.
        let (prefix, _) = domain.split_once('.')?;
        let digits = prefix.trim_start_matches(|character: char| !character.is_ascii_digit());
        let index =
            digits.parse().ok().filter(|index| *index < self.count && documented_customers(*index).is_none())?;
        has_domain(&self.details(index), domain).then_some(index)
    }

    /// Returns a billing profile for a customer whose details have none.
    pub(crate) fn separate_billing_profile(&self, index: u32) -> Value {
        self.generated(index).separate_billing_profile()
    }

    /// Returns the country of the customer's billing address.
    pub(crate) fn country(&self, index: u32) -> &'static Country {
        self.generated(index).country
    }

    fn generated(&self, index: u32) -> GeneratedCustomer {
        GeneratedCustomer::new(self.seed, index, self.rare_values)
    }
}

/// Whether the customer at `index` is in the service's documentation.
pub(crate) fn is_documented(index: u32) -> bool {
    documented_customers(index).is_some()
}

fn documented_customers(index: u32) -> Option<&'static DocumentedCustomer> {
    DOCUMENTED_CUSTOMERS.get(index.checked_sub(FIRST_DOCUMENTED)? as usize)
}

/// Whether `domain` is that of the customer, or one of its custom domains.
pub(crate) fn has_domain(customer: &Value, domain: &str) -> bool {
    let custom_domains = customer["customDomains"].as_array().into_iter().flatten();
    let mut domains = custom_domains.chain([&customer["companyProfile"]["domain"]]).filter_map(Value::as_str);
    domains.any(|existing| existing.eq_ignore_ascii_case(domain))
}

/// Returns the values that a filter compares of a stored `customer`. One that was there before has its indirect reseller still.
pub(crate) fn stored_searchable(seed: u64, customer: &Value, before: Option<SearchableFields>) -> SearchableFields {
    let profile = &customer["companyProfile"];
    let field = |name: &str| profile[name].as_str().unwrap_or_default().to_owned();
    let partner = customer["associatedPartnerId"].as_str();
    SearchableFields {
        company_name: field("companyName"),
        domain: field("domain"),
        indirect_reseller: partner
            .and_then(|partner| indirect_reseller_with_partner_id(seed, partner))
            .or_else(|| before.and_then(|fields| fields.indirect_reseller)),
    }
}

/// A customer as a list has it.
#[derive(Serialize)]
#[serde(untagged)]
#[expect(clippy::large_enum_variant, reason = "only a few customers of a list are of the small variant")]
pub(crate) enum ListedCustomer {
    Documented(&'static Value),
    Generated(CustomerSummary),
    Stored(Value),
}

impl ListedCustomer {
    /// Returns a stored `customer` without the fields that lists do not have.
    pub(crate) fn stored(customer: &Value) -> Self {
        let fields = |value: &Value, names: &[&str]| -> Value {
            let present = names.iter().filter_map(|name| Some(((*name).to_owned(), value.get(name)?.clone())));
            Value::Object(present.collect())
        };
        let mut summary = fields(customer, &["attributes", "id", "links", "relationshipToPartner"]);
        let profile = &customer["companyProfile"];
        summary["companyProfile"] = fields(profile, &["attributes", "companyName", "domain", "links", "tenantId"]);
        Self::Stored(summary)
    }
}
