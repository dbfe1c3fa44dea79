//! What the specification cannot say but every user would write.

use crate::{Address, Customer, CustomerFilter, CustomerSearchField, FilterOperator};
use uuid::Uuid;

impl CustomerFilter {
    /// The customers of one indirect reseller, by the reseller's tenant ID.
    ///
    /// The service answers this to App+User credentials only.
    #[must_use]
    pub fn indirect_reseller(tenant_id: Uuid) -> Self {
        Self::starts_with(CustomerSearchField::IndirectReseller, tenant_id.to_string())
    }

    /// The customers whose company name begins with `prefix`, in any case.
    pub fn company_name(prefix: impl Into<String>) -> Self {
        Self::starts_with(CustomerSearchField::CompanyName, prefix)
    }

    /// The customers whose default domain begins with `prefix`, in any case. Custom domains are not searched.
    pub fn domain(prefix: impl Into<String>) -> Self {
        Self::starts_with(CustomerSearchField::Domain, prefix)
    }

    fn starts_with(field: CustomerSearchField, value: impl Into<String>) -> Self {
        Self::new(field, value, FilterOperator::StartsWith)
    }
}

impl Customer {
    /// The company's name, from the company profile.
    #[must_use]
    pub fn company_name(&self) -> Option<&str> {
        self.company_profile.as_ref()?.company_name.as_deref()
    }

    /// The default domain, from the company profile.
    #[must_use]
    pub fn domain(&self) -> Option<&str> {
        self.company_profile.as_ref()?.domain.as_deref()
    }
}

impl Address {
    /// The state, province or region: billing addresses have it as `state`, company addresses as `region`.
    #[must_use]
    pub fn state_or_region(&self) -> Option<&str> {
        self.state.as_deref().or(self.region.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use crate::{Address, Customer};
    use serde_json::json;

    #[test]
    fn what_is_asked_for_is_found_where_the_service_has_it() {
        let customer: Customer =
            serde_json::from_value(json!({"companyProfile": {"domain": "contoso.com", "companyName": "Contoso"}}))
                .unwrap();
        assert_eq!((customer.domain(), customer.company_name()), (Some("contoso.com"), Some("Contoso")));
        assert_eq!((Customer::default().domain(), Customer::default().company_name()), (None, None));
        for (address, expected) in [
            (json!({"state": "WA"}), Some("WA")),
            (json!({"region": "wa"}), Some("wa")),
            (json!({"state": "WA", "region": "west"}), Some("WA")),
            (json!({"city": "Redmond"}), None),
        ] {
            let address: Address = serde_json::from_value(address).unwrap();
            assert_eq!(address.state_or_region(), expected);
        }
    }
}
