//! A customer as it is generated from the seed and its index, without any other state.

use crate::{
    customer_id,
    link::ToItself,
    names::{COUNTRIES, City, Country},
    random::Random,
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::{Uuid, uuid};

/// What customers can be searched by.
pub(crate) struct Searchable {
    pub(crate) company_name: String,
    pub(crate) domain: String,
    pub(crate) indirect_reseller: Option<Uuid>,
}

/// How many indirect resellers there are.
pub(crate) const INDIRECT_RESELLERS: usize = 4;

/// The identifier of an indirect reseller; the first is the documented one.
pub(crate) fn indirect_reseller(seed: u64, number: usize) -> Uuid {
    if number == 0 {
        return uuid!("484e548c-f5f3-4528-93a9-c16c6373cb59");
    }
    Random::new(seed, "indirect reseller", number as u64).guid()
}

/// The identifier of the indirect provider of all customers that have an indirect reseller.
pub(crate) fn indirect_provider(seed: u64) -> Uuid {
    Random::new(seed, "indirect provider", 0u8).guid()
}

/// A customer as a list has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Brief {
    attributes: Attributes,
    company_profile: CompanyProfile,
    id: Uuid,
    links: ToItself,
    relationship_to_partner: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CompanyProfile {
    attributes: Attributes,
    company_name: String,
    domain: String,
    links: ToItself,
    tenant_id: Uuid,
}

/// What the service says of a resource itself.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Attributes {
    pub(crate) object_type: &'static str,
}

/// A customer that is in no document.
pub(crate) struct Generated {
    seed: u64,
    index: u32,
    rare_values: bool,
    country: &'static Country,
    /// The domain as far as it does not say whose it is: `contosotoys42`.
    domain_prefix: String,
    pub(crate) searchable: Searchable,
}

impl Generated {
    pub(crate) fn new(seed: u64, index: u32, rare_values: bool) -> Self {
        let mut random = Random::new(seed, "searchable", index);
        let country = random.pick(COUNTRIES);
        let (company, trade, form) =
            (random.pick(country.companies), random.pick(country.trades), random.pick(country.forms));
        let form_follows = if form.is_empty() { "" } else { country.between };
        let domain_prefix = format!("{}{}{index}", company.latin, trade.latin);
        Self {
            seed,
            index,
            rare_values,
            country,
            searchable: Searchable {
                company_name: [company.native, country.between, trade.native, form_follows, form].concat(),
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

    /// The customer as a list has it.
    pub(crate) fn brief(self) -> Brief {
        let id = customer_id::id_of(self.seed, self.index);
        let relationship_to_partner = self.relationship();
        let Searchable { company_name, domain, .. } = self.searchable;
        Brief {
            attributes: Attributes { object_type: "Customer" },
            company_profile: CompanyProfile {
                attributes: Attributes { object_type: "CustomerCompanyProfile" },
                company_name,
                domain,
                links: ToItself::at(format!("/customers/{id}/profiles/company")),
                tenant_id: id,
            },
            id,
            links: ToItself::at(format!("/customers/{id}")),
            relationship_to_partner,
        }
    }

    /// The customer as it is when requested by its identifier.
    pub(crate) fn full(self) -> Value {
        let random = &mut Random::new(self.seed, "details", self.index);
        let seen = !random.one_in(4);
        let has_email = !random.one_in(8);
        let country = self.country;
        let profile = present([
            ("organizationRegistrationNumber", country.registers_organizations.then(|| digits(random, 8).into())),
            ("address", seen.then(|| self.company_address(random).into())),
            ("email", (seen && has_email).then(|| format!("info@{}.example", self.domain_prefix).into())),
        ]);
        let customer = present([
            ("commerceId", Some(json!(random.guid()))),
            ("billingProfile", (!random.one_in(50)).then(|| self.billing_profile(random).into())),
            ("allowDelegatedAccess", Some(seen.into())),
            ("customDomains", seen.then(|| self.custom_domains(random))),
            ("tags", random.one_in(3).then(|| self.tags(random))),
            ("associatedPartnerId", self.searchable.indirect_reseller.map(|reseller| partner_id(reseller).into())),
        ]);
        let mut whole = json!(self.brief());
        if let Some(fields) = whole["companyProfile"].as_object_mut() {
            fields.extend(profile);
        }
        if let Some(fields) = whole.as_object_mut() {
            fields.extend(customer);
        }
        whole
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

    /// Company profiles have `region`, billing profiles have `state`.
    fn company_address(&self, random: &mut Random) -> Map<String, Value> {
        let city = random.pick(self.country.cities);
        let mut address = self.address(random, city);
        address.extend(present([("region", named(city.state))]));
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
            ("state", named(city.state)),
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
            ("links", Some(json!(ToItself::at(format!("/customers/{id}/profiles/billing"))))),
            (
                "attributes",
                Some(json!({
                    "etag": random.number().cast_signed().to_string(),
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
                    _ => Some(format!("{}{}", self.country.dialling, digits(random, 9)).into()),
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

/// A documented relationship that ends the list of the Java SDK, which calls it `microsoftSupport`.
const RARE_RELATIONSHIP: &str = "microsoft_support";

/// The fields that have a value.
fn present<const N: usize>(fields: [(&str, Option<Value>); N]) -> Map<String, Value> {
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// A text, unless it is empty.
fn named(text: &str) -> Option<Value> {
    (!text.is_empty()).then(|| text.into())
}

fn digits(random: &mut Random, count: usize) -> String {
    (0..count).map(|_| random.pick(b"0123456789") as char).collect()
}

/// The partner ID of an indirect reseller, of seven digits.
fn partner_id(reseller: Uuid) -> String {
    (1_000_000 + reseller.as_u128() % 9_000_000).to_string()
}
