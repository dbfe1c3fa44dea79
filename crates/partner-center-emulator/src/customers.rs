//! The customers of the emulated partner. The [`CustomerStore`] has them by index, which are either [`documented`] or
//! [`generated`].

mod countries;
mod customer_id;
mod documented;
mod generated;
mod indirect_reseller;
mod searchable_fields;
mod store;

pub(crate) use countries::{COUNTRIES, Country};
pub(crate) use customer_id::parse_guid;
pub(crate) use indirect_reseller::{
    INDIRECT_RESELLERS, indirect_provider, indirect_reseller, indirect_reseller_with_partner_id, partner_id,
};
pub(crate) use searchable_fields::SearchableFields;
pub(crate) use store::{CustomerStore, FIRST_CREATED, ListedCustomer, has_domain, is_documented, stored_searchable};
