//! Customers that are generated from the seed and their index, without any other state. Each group of values has a separate
//! sequence of random numbers, so that a list, which needs few of them, generates no others.

use super::{
    INDIRECT_RESELLERS, SearchableFields,
    countries::{COUNTRIES, City, Country},
    customer_id, indirect_reseller,
    indirect_reseller::partner_id,
};
use crate::{
    random::Random,
    resource::{Attributes, SelfLinks},
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// A customer as a list has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CustomerSummary {
    attributes: Attributes,
    company_profile: CompanyProfile,
    id: Uuid,
    links: SelfLinks,
    relationship_to_partner: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CompanyProfile {
    attributes: Attributes,
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
        let mut random = Random::new(seed, "searchable", index);
        let country = random.pick(COUNTRIES);
        let (company, trade, legal_form) =
            (random.pick(country.companies), random.pick(country.trades), random.pick(country.legal_forms));
        let before_legal_form = if legal_form.is_empty() { "" } else { country.separator };
        let domain_prefix = format!("{}{}{index}", company.latin, trade.latin);
        Self {
            seed,
            index,
            rare_values,
            country,
            searchable: SearchableFields {
                company_name: [company.native, country.separator, trade.native, before_legal_form, legal_form].concat(),
                domain: if random.one_in(64) { String::new() } else { format!("{domain_prefix}.onmicrosoft.com") },
                indirect_reseller: match random.below(20) {
                    0 => Some(indirect_reseller(seed, 0)),
                    1 | 2 => Some(indirect_reseller(seed, 1 + random.below(INDIRECT_RESELLERS - 1))),
                    _ => None,
                },
            },
            domain_prefix,
        }
    }

    /// Returns the customer as a list has it.
    pub(crate) fn summary(self) -> CustomerSummary {
        let id = customer_id::id_of(self.seed, self.index);
        let relationship_to_partner = self.relationship();
        let SearchableFields { company_name, domain, .. } = self.searchable;
        CustomerSummary {
            attributes: Attributes { object_type: "Customer" },
            company_profile: CompanyProfile {
                attributes: Attributes { object_type: "CustomerCompanyProfile" },
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
        let random = &mut Random::new(self.seed, "details", self.index);
        let has_delegated_access = !random.one_in(4);
        let has_email = !random.one_in(8);
        let country = self.country;
        let profile = present([
            ("organizationRegistrationNumber", country.registers_organizations.then(|| digits(random, 8).into())),
            ("address", has_delegated_access.then(|| self.company_address(random).into())),
            (
                "email",
                (has_delegated_access && has_email).then(|| format!("info@{}.example", self.domain_prefix).into()),
            ),
        ]);
        let customer = present([
            ("commerceId", Some(json!(random.guid()))),
            ("billingProfile", (!random.one_in(50)).then(|| self.billing_profile(random).into())),
            ("allowDelegatedAccess", Some(has_delegated_access.into())),
            ("customDomains", has_delegated_access.then(|| self.custom_domains(random))),
            ("tags", random.one_in(3).then(|| self.tags(random))),
            ("associatedPartnerId", self.searchable.indirect_reseller.map(|reseller| partner_id(reseller).into())),
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
        self.billing_profile(&mut Random::new(self.seed, "billing profile", self.index)).into()
    }

    fn relationship(&self) -> &'static str {
        let mut random = Random::new(self.seed, "relationship", self.index);
        if !random.one_in(12) {
            return "reseller";
        }
        match random.pick(&["unknown", "advisor", "syndication", RARE_RELATIONSHIP, "none"]) {
            RARE_RELATIONSHIP if !self.rare_values => "reseller",
            relationship => relationship,
        }
    }

    /// Returns an address of a company profile. It has `region` where an address of a billing profile has `state`.
    fn company_address(&self, random: &mut Random) -> Map<String, Value> {
        let city = random.pick(self.country.cities);
        let mut address = self.address(random, city);
        address.extend(present([("region", non_empty(city.state))]));
        address
    }

    fn billing_profile(&self, random: &mut Random) -> Map<String, Value> {
        let id = customer_id::id_of(self.seed, self.index);
        let city = random.pick(self.country.cities);
        let (language, _) = self.country.culture.split_once('-').unwrap_or((self.country.culture, ""));
        let person = (!random.one_in(6))
            .then(|| (random.pick(self.country.given_names), random.pick(self.country.family_names)));
        let [given, family] = [person.map(|(given, _)| given.into()), person.map(|(_, family)| family.into())];
        let mut address = self.address(random, city);
        address.extend(present([
            ("state", non_empty(city.state)),
            ("firstName", given.clone()),
            ("lastName", family.clone()),
        ]));
        present([
            ("id", Some(json!(random.guid()))),
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

    fn address(&self, random: &mut Random, city: City) -> Map<String, Value> {
        present([
            ("country", Some(self.country.code.into())),
            ("city", Some(city.name.into())),
            ("addressLine1", Some(format!("{} {}", random.pick(self.country.streets), 1 + random.below(199)).into())),
            ("addressLine2", random.one_in(8).then(|| "".into())),
            ("postalCode", (!random.one_in(16)).then(|| city.postal_code.into())),
            (
                "phoneNumber",
                match random.below(8) {
                    0 => None,
                    1 => Some("".into()),
                    _ => Some(format!("{}{}", self.country.dialing_code, digits(random, 9)).into()),
                },
            ),
        ])
    }

    fn custom_domains(&self, random: &mut Random) -> Value {
        let mut domains = vec![format!("{}.onmicrosoft.com", self.domain_prefix)];
        if random.one_in(3) {
            domains.push(format!("{}.example", self.domain_prefix));
        }
        domains.into()
    }

    fn tags(&self, random: &mut Random) -> Value {
        match random.below(4) {
            0 => json!([]),
            1 => json!(["TestCustomer", format!("{}Customer", self.country.code)]),
            _ => json!([format!("{}Customer", self.country.code)]),
        }
    }
}

/// A documented relationship at which the Java SDK stops reading a list, as it expects `microsoftSupport`.
const RARE_RELATIONSHIP: &str = "microsoft_support";

/// Returns the fields that have a value.
fn present<const N: usize>(fields: [(&str, Option<Value>); N]) -> Map<String, Value> {
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// Returns `value`, or `None` if it is empty.
fn non_empty(value: &str) -> Option<Value> {
    (!value.is_empty()).then(|| value.into())
}

fn digits(random: &mut Random, count: usize) -> String {
    (0..count).map(|_| random.pick(b"0123456789") as char).collect()
}
