use uuid::Uuid;

/// The values of a customer that a filter compares.
pub(crate) struct SearchableFields {
    pub(crate) company_name: String,
    pub(crate) domain: String,
    pub(crate) indirect_reseller: Option<Uuid>,
}
