//! Customers that are generated from the seed and their index, without any other state. Each group of values has a separate
//! sequence of random numbers, so that a list, which needs few of them, generates no others.

use super::{
    INDIRECT_RESELLER_COUNT, SearchableFields,
    countries::{Country, WEIGHTED_COUNTRIES},
    customer_id::CustomerIds,
    indirect_reseller_id,
};
use crate::random::RandomSequence;
use serde_json::Value;
use uuid::Uuid;

/// The random numbers of which the customers of a list are made.
#[derive(Clone, Copy)]
pub(crate) struct CustomerSequences {
    pub(super) seed: u64,
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
    pub(super) sequences: CustomerSequences,
    pub(super) index: u32,
    rare_values: bool,
    pub(crate) country: &'static Country,
    /// The domain without its suffix, such as `contosotoys42`.
    pub(super) domain_prefix: String,
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

    pub(super) fn customer_id(&self) -> Uuid {
        self.sequences.ids.id_of_index(self.index)
    }

    pub(super) fn relationship_to_partner(&self) -> &'static str {
        let mut random = self.sequences.relationship.generator_at(self.index);
        if !random.true_once_in(12) {
            return "reseller";
        }
        match random.pick_one(&["unknown", "advisor", "syndication", MICROSOFT_SUPPORT_RELATIONSHIP, "none"]) {
            MICROSOFT_SUPPORT_RELATIONSHIP if !self.rare_values => "reseller",
            relationship => relationship,
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
                let summary: Value = serde_json::from_str(&json).unwrap();
                assert_eq!(summary.to_string(), json, "the fields are in alphabetical order, without white space");
                let (json, details) = (json!(customer().details()), serde_json::to_string(&customer().details()));
                assert_eq!(json.to_string(), details.unwrap(), "so are those of the details");
                let details = json;
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
