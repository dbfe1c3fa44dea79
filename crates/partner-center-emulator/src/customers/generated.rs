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
use std::sync::LazyLock;
use uuid::{Uuid, fmt::Hyphenated};

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
    pub(super) company: &'static Company,
    has_domain: bool,
    /// The number of the indirect reseller, if there is one.
    indirect_reseller: Option<usize>,
}

/// A company that customers are generated from.
pub(super) struct Company {
    pub(super) name: String,
    /// The name as a string of JSON.
    name_in_json: String,
    /// The beginning of its domain.
    domain: String,
}

/// All companies of each of the [`WEIGHTED_COUNTRIES`]: each combination of a name, a trade and a legal form.
static COMPANIES: LazyLock<Vec<Vec<Company>>> = LazyLock::new(|| {
    let companies_of = |country: &Country| {
        let mut companies = Vec::new();
        for company in country.companies {
            for trade in country.trades {
                for legal_form in country.legal_forms {
                    let before_legal_form = if legal_form.is_empty() { "" } else { country.separator };
                    let name =
                        [company.native, country.separator, trade.native, before_legal_form, legal_form].concat();
                    let domain = [company.latin, trade.latin].concat();
                    companies.push(Company { name_in_json: Value::from(&*name).to_string(), name, domain });
                }
            }
        }
        companies
    };
    WEIGHTED_COUNTRIES.iter().map(|country| companies_of(country)).collect()
});

impl GeneratedCustomer {
    pub(crate) fn new(sequences: CustomerSequences, index: u32, rare_values: bool) -> Self {
        // The random numbers are drawn in this order.
        let mut random = sequences.searchable.generator_for_index(index);
        let country_number = random.number_below(WEIGHTED_COUNTRIES.len());
        let country = WEIGHTED_COUNTRIES[country_number];
        let [company, trade, legal_form] = [country.companies.len(), country.trades.len(), country.legal_forms.len()]
            .map(|count| random.number_below(count));
        let company = (company * country.trades.len() + trade) * country.legal_forms.len() + legal_form;
        Self {
            sequences,
            index,
            rare_values,
            country,
            company: &COMPANIES[country_number][company],
            has_domain: !random.true_once_in(64),
            indirect_reseller: match random.number_below(20) {
                0 => Some(0),
                1 | 2 => Some(1 + random.number_below(INDIRECT_RESELLER_COUNT - 1)),
                _ => None,
            },
        }
    }

    pub(crate) fn searchable_fields(&self) -> SearchableFields {
        let seed = self.sequences.seed;
        SearchableFields {
            company_name: self.company.name.clone(),
            domain: if self.has_domain { format!("{}{DOMAIN_SUFFIX}", self.domain_prefix()) } else { String::new() },
            indirect_reseller: self.indirect_reseller.map(|number| indirect_reseller_id(seed, number)),
        }
    }

    /// Returns the domain without its suffix, such as `contosotoys42`.
    pub(super) fn domain_prefix(&self) -> String {
        format!("{}{}", self.company.domain, self.index)
    }

    /// Appends the customer to `json` as a list has it. Pages consist of it, so it is written part by part, without a string
    /// for each field.
    pub(crate) fn append_summary(&self, json: &mut Vec<u8>) {
        json.extend_from_slice(SUMMARY_BEFORE_COMPANY_NAME.as_bytes());
        json.extend_from_slice(self.company.name_in_json.as_bytes());
        json.extend_from_slice(br#","domain":""#);
        if self.has_domain {
            json.extend_from_slice(self.company.domain.as_bytes());
            json.extend_from_slice(itoa::Buffer::new().format(self.index).as_bytes());
            json.extend_from_slice(DOMAIN_SUFFIX.as_bytes());
        }
        let start = json.len();
        json.extend_from_slice(SUMMARY_BEHIND_DOMAIN.as_bytes());
        let mut buffer = Uuid::encode_buffer();
        let id = self.customer_id().hyphenated().encode_lower(&mut buffer).as_bytes();
        for position in POSITIONS_OF_ID {
            json[start + position..][..Hyphenated::LENGTH].copy_from_slice(id);
        }
        json.extend_from_slice(self.relationship_to_partner().as_bytes());
        json.extend_from_slice(br#""}"#);
    }

    pub(super) fn customer_id(&self) -> Uuid {
        self.sequences.ids.id_of_index(self.index)
    }

    pub(super) fn relationship_to_partner(&self) -> &'static str {
        let mut random = self.sequences.relationship.generator_for_index(self.index);
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

pub(super) const DOMAIN_SUFFIX: &str = ".onmicrosoft.com";

const SUMMARY_BEFORE_COMPANY_NAME: &str = concat!(
    r#"{"attributes":{"objectType":"Customer"},"#,
    r#""companyProfile":{"attributes":{"objectType":"CustomerCompanyProfile"},"companyName":"#,
);

/// The customer from its domain to its relationship, with another GUID in place of its identifier.
const SUMMARY_BEHIND_DOMAIN: &str = concat!(
    r#"","links":{"self":{"headers":[],"method":"GET","#,
    r#""uri":"/customers/00000000-0000-0000-0000-000000000000/profiles/company"}},"#,
    r#""tenantId":"00000000-0000-0000-0000-000000000000"},"id":"00000000-0000-0000-0000-000000000000","#,
    r#""links":{"self":{"headers":[],"method":"GET","uri":"/customers/00000000-0000-0000-0000-000000000000"}},"#,
    r#""relationshipToPartner":""#,
);

/// The positions of the identifier in [`SUMMARY_BEHIND_DOMAIN`], which has `0` nowhere else.
const POSITIONS_OF_ID: [usize; 4] = {
    let bytes = SUMMARY_BEHIND_DOMAIN.as_bytes();
    let (mut positions, mut count, mut position) = ([0; 4], 0, 0);
    while position < bytes.len() {
        if bytes[position] == b'0' {
            positions[count] = position;
            count += 1;
            position += Hyphenated::LENGTH;
        } else {
            position += 1;
        }
    }
    positions
};

#[cfg(test)]
mod tests {
    use super::{COMPANIES, CustomerSequences, GeneratedCustomer};
    use serde_json::{Value, json};

    #[test]
    fn summary_is_a_part_of_the_details() {
        for rare_values in [false, true] {
            for index in 0..2000 {
                let customer = || GeneratedCustomer::new(CustomerSequences::new(7), index, rare_values);
                let mut json = Vec::new();
                customer().append_summary(&mut json);
                let json = String::from_utf8(json).unwrap();
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
    fn company_name_is_escaped_in_json() {
        let companies: Vec<_> = COMPANIES.iter().flatten().collect();
        assert!(companies.iter().any(|company| company.name.contains('"')));
        for company in companies {
            assert_eq!(serde_json::from_str::<Value>(&company.name_in_json).unwrap(), json!(company.name));
        }
    }
}
