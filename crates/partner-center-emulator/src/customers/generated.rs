//! Customers that are generated from the seed and their index, without any other state. Each group of values has a separate
//! sequence of random numbers, so that a list, which needs few of them, generates no others.

use super::{
    INDIRECT_RESELLER_COUNT, SearchableFields,
    countries::{City, Country, WEIGHTED_COUNTRIES},
    customer_id, indirect_reseller_id, partner_id_of_reseller,
};
use crate::{
    random::RandomGenerator,
    resource::{ResourceAttributes, SelfLinks},
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// A customer as a list has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CustomerSummary {
    attributes: ResourceAttributes,
    company_profile: CompanyProfile,
    id: Uuid,
    links: SelfLinks,
    relationship_to_partner: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CompanyProfile {
    attributes: ResourceAttributes,
    company_name: String,
    domain: String,
    links: SelfLinks,
    tenant_id: Uuid,
}

pub(crate) struct GeneratedCustomer {
    seed: u64,
    index: u32,
    rare_values: bool,
    pub(crate) country: &'static Country,
    /// The domain without its suffix, such as `contosotoys42`.
    domain_prefix: String,
    pub(crate) searchable: SearchableFields,
}

impl GeneratedCustomer {
    pub(crate) fn new(seed: u64, index: u32, rare_values: bool) -> Self {
        let mut random = RandomGenerator::for_purpose(seed, "searchable", index);
        let country = random.pick_one(WEIGHTED_COUNTRIES);
        let (company, trade, legal_form) =
            (random.pick_one(country.companies), random.pick_one(country.trades), random.pick_one(country.legal_forms));
        let before_legal_form = if legal_form.is_empty() { "" } else { country.separator };
        let domain_prefix = format!("{}{}{index}", company.latin, trade.latin);
        Self {
            seed,
            index,
            rare_values,
            country,
            searchable: SearchableFields {
                company_name: [company.native, country.separator, trade.native, before_legal_form, legal_form].concat(),
                domain: if random.true_once_in(64) {
                    String::new()
                } else {
                    format!("{domain_prefix}.onmicrosoft.com")
                },
                indirect_reseller: match random.number_below(20) {
                    0 => Some(indirect_reseller_id(seed, 0)),
                    1 | 2 => Some(indirect_reseller_id(seed, 1 + random.number_below(INDIRECT_RESELLER_COUNT - 1))),
                    _ => None,
                },
            },
            domain_prefix,
        }
    }

    /// Returns the customer as a list has it.
    pub(crate) fn summary(self) -> CustomerSummary {
        let id = customer_id::customer_id_of_index(self.seed, self.index);
        let relationship_to_partner = self.relationship_to_partner();
        let SearchableFields { company_name, domain, .. } = self.searchable;
        CustomerSummary {
            attributes: ResourceAttributes { object_type: "Customer" },
            company_profile: CompanyProfile {
                attributes: ResourceAttributes { object_type: "CustomerCompanyProfile" },
                company_name,
                domain,
                links: SelfLinks::new(format!("/customers/{id}/profiles/company")),
                tenant_id: id,
            },
            id,
            links: SelfLinks::new(format!("/customers/{id}")),
            relationship_to_partner,
        }
    }

    /// Returns the customer as a request by its identifier gets it.
    pub(crate) fn details(self) -> Value {
        let random = &mut RandomGenerator::for_purpose(self.seed, "details", self.index);
        let has_delegated_access = !random.true_once_in(4);
        let has_email = !random.true_once_in(8);
        let country = self.country;
        let profile = only_present_fields([
            (
                "organizationRegistrationNumber",
                country.registers_organizations.then(|| random_digits(random, 8).into()),
            ),
            ("address", has_delegated_access.then(|| self.generate_company_address(random).into())),
            (
                "email",
                (has_delegated_access && has_email).then(|| format!("info@{}.example", self.domain_prefix).into()),
            ),
        ]);
        let customer = only_present_fields([
            ("commerceId", Some(json!(random.random_guid()))),
            ("billingProfile", (!random.true_once_in(50)).then(|| self.generate_billing_profile(random).into())),
            ("allowDelegatedAccess", Some(has_delegated_access.into())),
            ("customDomains", has_delegated_access.then(|| self.generate_custom_domains(random))),
            ("tags", random.true_once_in(3).then(|| self.generate_tags(random))),
            (
                "associatedPartnerId",
                self.searchable.indirect_reseller.map(|reseller| partner_id_of_reseller(reseller).into()),
            ),
        ]);
        let mut details = json!(self.summary());
        if let Some(fields) = details["companyProfile"].as_object_mut() {
            fields.extend(profile);
        }
        if let Some(fields) = details.as_object_mut() {
            fields.extend(customer);
        }
        details
    }

    /// Returns a billing profile for a customer whose details have none.
    pub(crate) fn separate_billing_profile(&self) -> Value {
        self.generate_billing_profile(&mut RandomGenerator::for_purpose(self.seed, "billing profile", self.index))
            .into()
    }

    fn relationship_to_partner(&self) -> &'static str {
        let mut random = RandomGenerator::for_purpose(self.seed, "relationship", self.index);
        if !random.true_once_in(12) {
            return "reseller";
        }
        match random.pick_one(&["unknown", "advisor", "syndication", MICROSOFT_SUPPORT_RELATIONSHIP, "none"]) {
            MICROSOFT_SUPPORT_RELATIONSHIP if !self.rare_values => "reseller",
            relationship => relationship,
        }
    }

    /// Returns an address of a company profile. It has `region` where an address of a billing profile has `state`.
    fn generate_company_address(&self, random: &mut RandomGenerator) -> Map<String, Value> {
        let city = random.pick_one(self.country.cities);
        let mut address = self.generate_address(random, city);
        address.extend(only_present_fields([("region", none_if_empty(city.state))]));
        address
    }

    fn generate_billing_profile(&self, random: &mut RandomGenerator) -> Map<String, Value> {
        let id = customer_id::customer_id_of_index(self.seed, self.index);
        let city = random.pick_one(self.country.cities);
        let (language, _) = self.country.culture.split_once('-').unwrap_or((self.country.culture, ""));
        let person = (!random.true_once_in(6))
            .then(|| (random.pick_one(self.country.given_names), random.pick_one(self.country.family_names)));
        let [given, family] = [person.map(|(given, _)| given.into()), person.map(|(_, family)| family.into())];
        let mut address = self.generate_address(random, city);
        address.extend(only_present_fields([
            ("state", none_if_empty(city.state)),
            ("firstName", given.clone()),
            ("lastName", family.clone()),
        ]));
        only_present_fields([
            ("id", Some(json!(random.random_guid()))),
            ("firstName", given),
            ("lastName", family),
            ("email", Some(format!("billing@{}.example", self.domain_prefix).into())),
            ("culture", Some(self.country.culture.into())),
            ("language", Some(language.into())),
            ("companyName", Some(self.searchable.company_name.as_str().into())),
            ("defaultAddress", Some(address.into())),
            ("links", Some(json!(SelfLinks::new(format!("/customers/{id}/profiles/billing"))))),
            (
                "attributes",
                Some(json!({
                    "etag": random.next_u64().cast_signed().to_string(),
                    "objectType": "CustomerBillingProfile",
                })),
            ),
        ])
    }

    fn generate_address(&self, random: &mut RandomGenerator, city: City) -> Map<String, Value> {
        only_present_fields([
            ("country", Some(self.country.code.into())),
            ("city", Some(city.name.into())),
            (
                "addressLine1",
                Some(format!("{} {}", random.pick_one(self.country.streets), 1 + random.number_below(199)).into()),
            ),
            ("addressLine2", random.true_once_in(8).then(|| "".into())),
            ("postalCode", (!random.true_once_in(16)).then(|| city.postal_code.into())),
            (
                "phoneNumber",
                match random.number_below(8) {
                    0 => None,
                    1 => Some("".into()),
                    _ => Some(format!("{}{}", self.country.dialing_code, random_digits(random, 9)).into()),
                },
            ),
        ])
    }

    fn generate_custom_domains(&self, random: &mut RandomGenerator) -> Value {
        let mut domains = vec![format!("{}.onmicrosoft.com", self.domain_prefix)];
        if random.true_once_in(3) {
            domains.push(format!("{}.example", self.domain_prefix));
        }
        domains.into()
    }

    fn generate_tags(&self, random: &mut RandomGenerator) -> Value {
        match random.number_below(4) {
            0 => json!([]),
            1 => json!(["TestCustomer", format!("{}Customer", self.country.code)]),
            _ => json!([format!("{}Customer", self.country.code)]),
        }
    }
}

/// A documented relationship at which the Java SDK stops reading a list, as it expects `microsoftSupport`.
const MICROSOFT_SUPPORT_RELATIONSHIP: &str = "microsoft_support";

/// Returns the fields that have a value.
fn only_present_fields<const N: usize>(fields: [(&str, Option<Value>); N]) -> Map<String, Value> {
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// Returns `value`, or `None` if it is empty.
fn none_if_empty(value: &str) -> Option<Value> {
    (!value.is_empty()).then(|| value.into())
}

fn random_digits(random: &mut RandomGenerator, count: usize) -> String {
    (0..count).map(|_| random.pick_one(b"0123456789") as char).collect()
}
