//! Generated customers with all their fields. Their types are serialized directly, as a tree of JSON values takes five times as
//! long to make and to write. The fields are in alphabetical order.

use super::{
    SearchableFields,
    countries::City,
    generated::{DOMAIN_SUFFIX, GeneratedCustomer},
    partner_id_of_reseller,
};
use crate::{random::RandomGenerator, resource::SelfLinks};
use serde::Serialize;
use std::borrow::Cow;
use uuid::Uuid;

/// A customer as a request by its identifier gets it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CustomerDetails {
    allow_delegated_access: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    associated_partner_id: Option<String>,
    attributes: ResourceAttributes,
    #[serde(skip_serializing_if = "Option::is_none")]
    billing_profile: Option<BillingProfile>,
    commerce_id: Uuid,
    company_profile: CompanyProfile,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_domains: Option<Vec<String>>,
    id: Uuid,
    links: SelfLinks,
    relationship_to_partner: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<Cow<'static, str>>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CompanyProfile {
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<Address>,
    attributes: ResourceAttributes,
    company_name: String,
    domain: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    links: SelfLinks,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_registration_number: Option<String>,
    tenant_id: Uuid,
}

/// The billing profile of a customer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BillingProfile {
    attributes: ResourceAttributes,
    company_name: String,
    culture: &'static str,
    default_address: Address,
    email: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<&'static str>,
    id: Uuid,
    language: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<&'static str>,
    links: SelfLinks,
}

/// An address. That of a company profile has `region` where that of a billing profile has `state`.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the names are those of the service")]
struct Address {
    address_line1: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    address_line2: Option<&'static str>,
    city: &'static str,
    country: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    postal_code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResourceAttributes {
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    object_type: &'static str,
}

impl ResourceAttributes {
    fn new(object_type: &'static str) -> Self {
        Self { etag: None, object_type }
    }
}

impl GeneratedCustomer {
    /// Returns the customer as a request by its identifier gets it.
    pub(crate) fn details(&self) -> CustomerDetails {
        let random = &mut RandomGenerator::for_purpose(self.sequences.seed, "details", self.index);
        let (id, domain_prefix) = (self.customer_id(), self.domain_prefix());
        let SearchableFields { company_name, domain, indirect_reseller } = self.searchable_fields();
        // The random numbers are drawn in this order.
        let allow_delegated_access = !random.true_once_in(4);
        let has_email = !random.true_once_in(8);
        let organization_registration_number = self.country.registers_organizations.then(|| random_digits(random, 8));
        let address = allow_delegated_access.then(|| self.generate_company_address(random));
        let commerce_id = random.random_guid();
        let billing_profile = (!random.true_once_in(50)).then(|| self.generate_billing_profile(random));
        let custom_domains = allow_delegated_access.then(|| self.generate_custom_domains(random));
        let tags = random.true_once_in(3).then(|| self.generate_tags(random));
        CustomerDetails {
            allow_delegated_access,
            associated_partner_id: indirect_reseller.map(partner_id_of_reseller),
            attributes: ResourceAttributes::new("Customer"),
            billing_profile,
            commerce_id,
            custom_domains,
            id,
            links: SelfLinks::new(format!("/customers/{id}")),
            relationship_to_partner: self.relationship_to_partner(),
            tags,
            company_profile: CompanyProfile {
                address,
                attributes: ResourceAttributes::new("CustomerCompanyProfile"),
                email: (allow_delegated_access && has_email).then(|| format!("info@{domain_prefix}.example")),
                company_name,
                domain,
                links: SelfLinks::new(format!("/customers/{id}/profiles/company")),
                organization_registration_number,
                tenant_id: id,
            },
        }
    }

    /// Returns a billing profile for a customer whose details have none.
    pub(crate) fn generate_fallback_billing_profile(&self) -> BillingProfile {
        let seed = self.sequences.seed;
        self.generate_billing_profile(&mut RandomGenerator::for_purpose(seed, "billing profile", self.index))
    }

    fn generate_company_address(&self, random: &mut RandomGenerator) -> Address {
        let city = random.pick_one(self.country.cities);
        Address { region: none_if_empty(city.state), ..self.generate_address(random, city) }
    }

    fn generate_billing_profile(&self, random: &mut RandomGenerator) -> BillingProfile {
        let city = random.pick_one(self.country.cities);
        let (language, _) = self.country.culture.split_once('-').unwrap_or((self.country.culture, ""));
        let person = (!random.true_once_in(6))
            .then(|| (random.pick_one(self.country.given_names), random.pick_one(self.country.family_names)));
        let (first_name, last_name) = person.unzip();
        let default_address =
            Address { state: none_if_empty(city.state), first_name, last_name, ..self.generate_address(random, city) };
        let id = random.random_guid();
        let etag = random.next_u64().cast_signed().to_string();
        BillingProfile {
            attributes: ResourceAttributes { etag: Some(etag), ..ResourceAttributes::new("CustomerBillingProfile") },
            company_name: self.company.name.clone(),
            culture: self.country.culture,
            default_address,
            email: format!("billing@{}.example", self.domain_prefix()),
            first_name,
            id,
            language,
            last_name,
            links: SelfLinks::new(format!("/customers/{}/profiles/billing", self.customer_id())),
        }
    }

    fn generate_address(&self, random: &mut RandomGenerator, city: City) -> Address {
        let street = random.pick_one(self.country.streets);
        Address {
            address_line1: format!("{street} {}", 1 + random.number_below(199)),
            address_line2: random.true_once_in(8).then_some(""),
            postal_code: (!random.true_once_in(16)).then_some(city.postal_code),
            phone_number: match random.number_below(8) {
                0 => None,
                1 => Some(String::new()),
                _ => Some([self.country.dialing_code, &random_digits(random, 9)].concat()),
            },
            city: city.name,
            country: self.country.code,
            ..Address::default()
        }
    }

    fn generate_custom_domains(&self, random: &mut RandomGenerator) -> Vec<String> {
        let prefix = self.domain_prefix();
        let mut domains = vec![format!("{prefix}{DOMAIN_SUFFIX}")];
        if random.true_once_in(3) {
            domains.push(format!("{prefix}.example"));
        }
        domains
    }

    fn generate_tags(&self, random: &mut RandomGenerator) -> Vec<Cow<'static, str>> {
        let of_country = || Cow::Owned([self.country.code, "Customer"].concat());
        match random.number_below(4) {
            0 => Vec::new(),
            1 => vec![Cow::Borrowed("TestCustomer"), of_country()],
            _ => vec![of_country()],
        }
    }
}

/// Returns `value`, or `None` if it is empty.
fn none_if_empty(value: &'static str) -> Option<&'static str> {
    (!value.is_empty()).then_some(value)
}

fn random_digits(random: &mut RandomGenerator, count: usize) -> String {
    (0..count).map(|_| random.pick_one(b"0123456789") as char).collect()
}
