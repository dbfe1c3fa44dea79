//! Customers that are generated from the seed and their index, without any other state. Each group of values has a separate
//! sequence of random numbers, so that a list, which needs few of them, generates no others.

use super::{
    INDIRECT_RESELLER_COUNT, SearchableFields,
    countries::{City, Country, WEIGHTED_COUNTRIES},
    customer_id::CustomerIds,
    indirect_reseller_id, partner_id_of_reseller,
};
use crate::{
    random::{RandomGenerator, RandomSequence},
    resource::SelfLinks,
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// The random numbers of which the customers of a list are made.
#[derive(Clone, Copy)]
pub(crate) struct CustomerSequences {
    seed: u64,
    pub(super) ids: CustomerIds,
    searchable: RandomSequence,
    relationship: RandomSequence,
}

impl CustomerSequences {
    pub(crate) fn new(seed: u64) -> Self {
        let [searchable, relationship] =
            ["searchable", "relationship"].map(|purpose| RandomSequence::for_purpose(seed, purpose));
        Self { seed, ids: CustomerIds::new(seed), searchable, relationship }
    }
}

pub(crate) struct GeneratedCustomer {
    sequences: CustomerSequences,
    index: u32,
    rare_values: bool,
    pub(crate) country: &'static Country,
    /// The domain without its suffix, such as `contosotoys42`.
    domain_prefix: String,
    pub(crate) searchable: SearchableFields,
}

impl GeneratedCustomer {
    pub(crate) fn new(sequences: CustomerSequences, index: u32, rare_values: bool) -> Self {
        let seed = sequences.seed;
        let mut random = sequences.searchable.generator_at(index);
        let country = random.pick_one(WEIGHTED_COUNTRIES);
        let (company, trade, legal_form) =
            (random.pick_one(country.companies), random.pick_one(country.trades), random.pick_one(country.legal_forms));
        let before_legal_form = if legal_form.is_empty() { "" } else { country.separator };
        let domain_prefix = [company.latin, trade.latin, &index.to_string()].concat();
        Self {
            sequences,
            index,
            rare_values,
            country,
            searchable: SearchableFields {
                company_name: [company.native, country.separator, trade.native, before_legal_form, legal_form].concat(),
                domain: if random.true_once_in(64) {
                    String::new()
                } else {
                    [&domain_prefix, ".onmicrosoft.com"].concat()
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

    /// Appends the customer to `json` as a list has it. It is written by hand, as pages consist of it.
    pub(crate) fn append_summary(&self, json: &mut String) {
        let mut buffer = Uuid::encode_buffer();
        let id = &*self.customer_id().hyphenated().encode_lower(&mut buffer);
        let SearchableFields { company_name, domain, .. } = &self.searchable;
        json.push_str(
            r#"{"attributes":{"objectType":"Customer"},"companyProfile":{"attributes":{"objectType":"CustomerCompanyProfile"},"#,
        );
        json.push_str(r#""companyName":"#);
        append_json_string(company_name, json);
        json.push_str(r#","domain":"#);
        append_json_string(domain, json);
        for part in [
            r#","links":{"self":{"headers":[],"method":"GET","uri":"/customers/"#,
            id,
            r#"/profiles/company"}},"tenantId":""#,
            id,
            r#""},"id":""#,
            id,
            r#"","links":{"self":{"headers":[],"method":"GET","uri":"/customers/"#,
            id,
            r#""}},"relationshipToPartner":""#,
            self.relationship_to_partner(),
            r#""}"#,
        ] {
            json.push_str(part);
        }
    }

    /// Returns the customer as a request by its identifier gets it.
    pub(crate) fn details(self) -> Value {
        let random = &mut RandomGenerator::for_purpose(self.sequences.seed, "details", self.index);
        let has_delegated_access = !random.true_once_in(4);
        let has_email = !random.true_once_in(8);
        let (country, relationship_to_partner) = (self.country, self.relationship_to_partner());
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
        let id = self.customer_id();
        let mut company_profile = only_present_fields([
            ("attributes", Some(json!({ "objectType": "CustomerCompanyProfile" }))),
            ("companyName", Some(self.searchable.company_name.into())),
            ("domain", Some(self.searchable.domain.into())),
            ("links", Some(json!(SelfLinks::new(format!("/customers/{id}/profiles/company"))))),
            ("tenantId", Some(json!(id))),
        ]);
        company_profile.extend(profile);
        let mut details = only_present_fields([
            ("attributes", Some(json!({ "objectType": "Customer" }))),
            ("companyProfile", Some(company_profile.into())),
            ("id", Some(json!(id))),
            ("links", Some(json!(SelfLinks::new(format!("/customers/{id}"))))),
            ("relationshipToPartner", Some(relationship_to_partner.into())),
        ]);
        details.extend(customer);
        details.into()
    }

    /// Returns a billing profile for a customer whose details have none.
    pub(crate) fn separate_billing_profile(&self) -> Value {
        self.generate_billing_profile(&mut RandomGenerator::for_purpose(
            self.sequences.seed,
            "billing profile",
            self.index,
        ))
        .into()
    }

    fn customer_id(&self) -> Uuid {
        self.sequences.ids.id_of_index(self.index)
    }

    fn relationship_to_partner(&self) -> &'static str {
        let mut random = self.sequences.relationship.generator_at(self.index);
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
        let id = self.customer_id();
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

/// Appends `text` to `json` as a string.
fn append_json_string(text: &str, json: &mut String) {
    if text.bytes().any(|byte| matches!(byte, 0..b' ' | b'"' | b'\\')) {
        json.push_str(&Value::from(text).to_string());
    } else {
        json.push('"');
        json.push_str(text);
        json.push('"');
    }
}

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

#[cfg(test)]
mod tests {
    use super::{CustomerSequences, GeneratedCustomer, append_json_string};
    use serde_json::{Value, json};

    #[test]
    fn summary_is_a_part_of_the_details() {
        for rare_values in [false, true] {
            for index in 0..2000 {
                let customer = || GeneratedCustomer::new(CustomerSequences::new(7), index, rare_values);
                let mut json = String::new();
                customer().append_summary(&mut json);
                let (summary, details): (Value, _) = (serde_json::from_str(&json).unwrap(), customer().details());
                assert_eq!(summary.to_string(), json, "the fields are in alphabetical order, without white space");
                for (name, value) in summary.as_object().unwrap() {
                    if name == "companyProfile" {
                        let fields = value.as_object().unwrap();
                        assert_eq!(fields.len(), 5);
                        assert!(fields.iter().all(|(name, value)| details["companyProfile"][name] == *value));
                    } else {
                        assert_eq!(details[name], *value);
                    }
                }
                assert_eq!(summary.as_object().unwrap().len(), 5);
            }
        }
    }

    #[test]
    fn text_is_escaped_in_json() {
        for text in ["a b é", "a\"b", "a\\b", "a\nb", ""] {
            let mut json = String::new();
            append_json_string(text, &mut json);
            assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), json!(text));
        }
    }
}
