//! Hand-written methods of generated types: shortcuts that every caller would write and the specification cannot express.

#[cfg(feature = "commerce")]
mod purchases;
#[cfg(feature = "commerce")]
mod subscriptions;

#[cfg(feature = "commerce")]
pub use purchases::{CartOutcome, CheckoutOutcome};

use crate::{Address, Customer, CustomerFilter, CustomerSearchField, FilterOperator};
use uuid::Uuid;

impl CustomerFilter {
    /// Matches the customers of one indirect reseller, by the tenant ID of the reseller.
    ///
    /// Needs App+User credentials; with others the service returns 403. See
    /// [Get customers of an indirect reseller](https://learn.microsoft.com/partner-center/developer/get-customers-of-an-indirect-reseller).
    ///
    /// ```
    /// use partner_center_models::{CustomerFilter, ListCustomers, uuid::Uuid};
    ///
    /// let reseller = Uuid::parse_str("3b33ffb1-6d6d-4bde-8f3a-6a6dd9d4c2b5")?;
    /// let operation = ListCustomers::new().filter(CustomerFilter::indirect_reseller(reseller));
    /// # Ok::<(), partner_center_models::uuid::Error>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn indirect_reseller(tenant_id: Uuid) -> Self {
        Self::new_starts_with(CustomerSearchField::IndirectReseller, tenant_id.to_string())
    }

    /// Matches the customers whose company name begins with `prefix`, in any case.
    ///
    /// ```
    /// use partner_center_models::{CustomerFilter, FilterOperator};
    ///
    /// let filter = CustomerFilter::company_name("Contoso");
    /// assert_eq!((filter.value.as_str(), filter.operator), ("Contoso", FilterOperator::StartsWith));
    /// ```
    pub fn company_name(prefix: impl Into<String>) -> Self {
        Self::new_starts_with(CustomerSearchField::CompanyName, prefix)
    }

    /// Matches the customers whose default domain begins with `prefix`, in any case. Custom domains are not searched.
    pub fn domain(prefix: impl Into<String>) -> Self {
        Self::new_starts_with(CustomerSearchField::Domain, prefix)
    }

    fn new_starts_with(field: CustomerSearchField, value: impl Into<String>) -> Self {
        Self::new(field, value, FilterOperator::StartsWith)
    }
}

impl Customer {
    /// Returns the company name, from the company profile.
    ///
    /// ```
    /// use partner_center_models::Customer;
    ///
    /// let customer: Customer = serde_json::from_str(
    ///     r#"{"companyProfile": {"companyName": "Contoso", "domain": "contoso.onmicrosoft.com"}}"#,
    /// )?;
    /// assert_eq!(customer.company_name(), Some("Contoso"));
    /// assert_eq!(customer.domain(), Some("contoso.onmicrosoft.com"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn company_name(&self) -> Option<&str> {
        self.company_profile.as_ref()?.company_name.as_deref()
    }

    /// Returns the default domain, from the company profile.
    #[must_use]
    #[inline]
    pub fn domain(&self) -> Option<&str> {
        self.company_profile.as_ref()?.domain.as_deref()
    }
}

impl Address {
    /// Returns the state, province or region: billing addresses name it `state`, company addresses `region`.
    ///
    /// ```
    /// use partner_center_models::Address;
    ///
    /// let address: Address = serde_json::from_str(r#"{"city": "Redmond", "region": "WA"}"#)?;
    /// assert_eq!(address.state_or_region(), Some("WA"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn state_or_region(&self) -> Option<&str> {
        self.state.as_deref().or(self.region.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use crate::{Address, Customer};
    use serde_json::json;

    #[test]
    fn shortcuts_read_the_field_that_the_service_fills() {
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
