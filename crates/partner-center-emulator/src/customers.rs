//! The customers of the emulated partner. The [`CustomerStore`] has them by index, which are either [`documented`] or
//! [`generated`].

mod countries;
mod customer_id;
mod details;
mod documented;
mod generated;
mod indirect_reseller;
mod searchable_fields;
mod store;

pub(crate) use countries::{City, Country, WEIGHTED_COUNTRIES};
pub(crate) use customer_id::parse_guid;
pub(crate) use details::CustomerDetails;
pub(crate) use generated::CustomerSequences;
pub(crate) use indirect_reseller::{
    INDIRECT_RESELLER_COUNT, find_indirect_reseller_by_partner_id, indirect_provider_id, indirect_reseller_id,
    partner_id_of_reseller,
};
pub(crate) use searchable_fields::SearchableFields;
pub(crate) use store::{
    CustomerStore, FIRST_CREATED_INDEX, append_summary_of_stored_customer, customer_has_domain, is_documented_customer,
    searchable_fields_of_stored_customer,
};
