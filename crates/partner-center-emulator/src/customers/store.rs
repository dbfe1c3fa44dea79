//! The customers of the partner: generated ones, and among them those of the service's documentation. None is stored; each is
//! generated from the seed and its index when it is requested, so a million customers take no memory.

use super::{
    SearchableFields,
    countries::Country,
    customer_id::CustomerIds,
    details::CustomerDetails,
    documented::{DOCUMENTED_CUSTOMERS, DocumentedCustomer},
    find_indirect_reseller_by_partner_id,
    generated::{CustomerSequences, GeneratedCustomer},
};
use serde_json::{Value, json};
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
const FIRST_DOCUMENTED_INDEX: u32 = 25;

/// The minimum index of a customer that a request creates, above those of all documented customers.
pub(crate) const FIRST_CREATED_INDEX: u32 = 100;

impl CustomerStore {
    pub(crate) const DEFAULT_SEED: u64 = 0;
    pub(crate) const DEFAULT_COUNT: u32 = 1000;

    /// Appends the customer to `json` as a list has it. The `sequences` are those of the seed.
    pub(crate) fn append_customer_summary(&self, sequences: CustomerSequences, index: u32, json: &mut Vec<u8>) {
        match documented_customer_at(index) {
            Some(customer) => append_json(&customer.summary, json),
            None => GeneratedCustomer::new(sequences, index, self.rare_values).append_summary(json),
        }
    }

    /// Returns the customer as a request by its identifier gets it.
    pub(crate) fn customer_details(&self, index: u32) -> Value {
        match documented_customer_at(index) {
            Some(customer) => customer.details.clone(),
            None => json!(self.generated_customer(index).details()),
        }
    }

    /// Returns the customer as a request by its identifier gets it, if it is a generated one.
    pub(crate) fn get_details_if_generated(&self, index: u32) -> Option<CustomerDetails> {
        documented_customer_at(index).is_none().then(|| self.generated_customer(index).details())
    }

    /// Returns the values that a filter compares. The `sequences` are those of the seed.
    pub(crate) fn searchable_fields(&self, sequences: CustomerSequences, index: u32) -> SearchableFields {
        match documented_customer_at(index) {
            Some(customer) => customer.searchable_fields(self.seed),
            None => GeneratedCustomer::new(sequences, index, self.rare_values).searchable_fields(),
        }
    }

    /// Returns the index of the customer with this identifier. A documented customer has one even if the list is too short
    /// for it.
    pub(crate) fn find_index_by_id(&self, id: Uuid) -> Option<u32> {
        let mut all_documented = (FIRST_DOCUMENTED_INDEX..).zip(DOCUMENTED_CUSTOMERS.iter());
        let documented_index =
            all_documented.find(|(_, customer)| customer.customer_id() == Some(id)).map(|(index, _)| index);
        documented_index.or_else(|| {
            let index = CustomerIds::new(self.seed).index_of_id(id)?;
            (index < self.count && documented_customer_at(index).is_none()).then_some(index)
        })
    }

    /// Returns the index of the customer that a domain belongs to.
    pub(crate) fn find_index_by_domain(&self, domain: &str) -> Option<u32> {
        let documented =
            DOCUMENTED_CUSTOMERS.iter().position(|customer| customer_has_domain(&customer.details, domain));
        if let Some(position) = documented {
            return u32::try_from(position)
                .ok()?
                .checked_add(FIRST_DOCUMENTED_INDEX)
                .filter(|index| *index < self.count);
        }
        // The domain of a generated customer ends with its index.
        let (prefix, _) = domain.split_once('.')?;
        let digits = prefix.trim_start_matches(|character: char| !character.is_ascii_digit());
        let index =
            digits.parse().ok().filter(|index| *index < self.count && documented_customer_at(*index).is_none())?;
        customer_has_domain(&self.customer_details(index), domain).then_some(index)
    }

    /// Returns a billing profile for a customer whose details have none.
    pub(crate) fn generate_fallback_billing_profile(&self, index: u32) -> Value {
        json!(self.generated_customer(index).generate_fallback_billing_profile())
    }

    /// Returns the country of the customer's billing address.
    pub(crate) fn generated_country_at(&self, index: u32) -> &'static Country {
        self.generated_customer(index).country
    }

    fn generated_customer(&self, index: u32) -> GeneratedCustomer {
        GeneratedCustomer::new(CustomerSequences::new(self.seed), index, self.rare_values)
    }
}

/// Whether the customer at `index` is in the service's documentation.
pub(crate) fn is_documented_customer(index: u32) -> bool {
    documented_customer_at(index).is_some()
}

fn documented_customer_at(index: u32) -> Option<&'static DocumentedCustomer> {
    DOCUMENTED_CUSTOMERS.get(index.checked_sub(FIRST_DOCUMENTED_INDEX)? as usize)
}

/// Whether `domain` is that of the customer, or one of its custom domains.
pub(crate) fn customer_has_domain(customer: &Value, domain: &str) -> bool {
    let custom_domains = customer["customDomains"].as_array().into_iter().flatten();
    let mut domains = custom_domains.chain([&customer["companyProfile"]["domain"]]).filter_map(Value::as_str);
    domains.any(|existing| existing.eq_ignore_ascii_case(domain))
}

/// Returns the values that a filter compares of a stored `customer`. One that was there before has its indirect reseller still.
pub(crate) fn searchable_fields_of_stored_customer(
    seed: u64,
    customer: &Value,
    before: Option<SearchableFields>,
) -> SearchableFields {
    let profile = &customer["companyProfile"];
    let field = |name: &str| profile[name].as_str().unwrap_or_default().to_owned();
    let partner = customer["associatedPartnerId"].as_str();
    SearchableFields {
        company_name: field("companyName"),
        domain: field("domain"),
        indirect_reseller: partner
            .and_then(|partner| find_indirect_reseller_by_partner_id(seed, partner))
            .or_else(|| before.and_then(|fields| fields.indirect_reseller)),
    }
}

/// Appends a stored `customer` to `json` without the fields that lists do not have.
pub(crate) fn append_summary_of_stored_customer(customer: &Value, json: &mut Vec<u8>) {
    let fields = |value: &Value, names: &[&str]| -> Value {
        let present = names.iter().filter_map(|name| Some(((*name).to_owned(), value.get(name)?.clone())));
        Value::Object(present.collect())
    };
    let mut summary = fields(customer, &["attributes", "id", "links", "relationshipToPartner"]);
    let profile = &customer["companyProfile"];
    summary["companyProfile"] = fields(profile, &["attributes", "companyName", "domain", "links", "tenantId"]);
    append_json(&summary, json);
}

fn append_json(value: &Value, json: &mut Vec<u8>) {
    json.extend_from_slice(value.to_string().as_bytes());
}
