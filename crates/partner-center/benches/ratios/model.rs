//! Handwritten types of the response.

use partner_center::{ListCustomers, Paginated, models::CustomerCollection};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use uuid::Uuid;

/// A page, as a handwritten loop needs it.
pub(crate) trait Page: DeserializeOwned {
    fn count(&self) -> usize;
    /// Returns the URI of the next page and the headers to send with it.
    fn next(&self) -> Option<(String, Vec<(String, String)>)>;
}

/// Returns the target of a link, which comes with `/v1` and without it.
pub(crate) fn link_target(uri: &str) -> String {
    format!("/v1{}", uri.strip_prefix("/v1").unwrap_or(uri))
}

/// The model of this library.
impl Page for CustomerCollection {
    fn count(&self) -> usize {
        self.items.len()
    }
    fn next(&self) -> Option<(String, Vec<(String, String)>)> {
        let next = ListCustomers::continuation(self).unwrap()?;
        let headers = next.headers().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Some((link_target(next.uri()?), headers.collect()))
    }
}

/// Types with every documented field and nothing boxed; unknown fields are dropped.
macro_rules! plain_types {
    ($module:ident: $id:ty, $object_type:ty, $relationship:ty, $method:ty) => {
        pub(crate) mod $module {
            use super::*;

            plain_types! {
                struct Customer {
                    id: $id,
                    commerce_id: $id,
                    company_profile: CompanyProfile,
                    billing_profile: BillingProfile,
                    relationship_to_partner: $relationship,
                    allow_delegated_access: bool,
                    custom_domains: Vec<String>,
                    tags: Vec<String>,
                    user_credentials: UserCredentials,
                    associated_partner_id: String,
                    enable_gdap_by_default: bool,
                    links: Links<$method>,
                    attributes: Attributes,
                }
                struct CompanyProfile {
                    tenant_id: $id,
                    domain: String,
                    company_name: String,
                    organization_registration_number: String,
                    address: Address,
                    email: String,
                    links: Links<$method>,
                    attributes: Attributes,
                }
                struct BillingProfile {
                    id: $id,
                    first_name: String,
                    last_name: String,
                    email: String,
                    culture: String,
                    language: String,
                    company_name: String,
                    organization_registration_id: String,
                    default_address: Address,
                    links: Links<$method>,
                    attributes: Attributes,
                }
                struct Address {
                    id: String,
                    country: String,
                    region: String,
                    city: String,
                    state: String,
                    district: String,
                    address_line1: String,
                    address_line2: String,
                    address_line3: String,
                    postal_code: String,
                    first_name: String,
                    middle_name: String,
                    last_name: String,
                    phone_number: String,
                    email_address: String,
                }
                struct UserCredentials {
                    user_name: String,
                    password: String,
                }
                struct Attributes {
                    object_type: $object_type,
                    etag: String,
                }
            }

            #[derive(Serialize, Deserialize)]
            #[serde(rename_all = "camelCase")]
            pub(crate) struct Page {
                pub(crate) total_count: Option<i32>,
                pub(crate) items: Vec<Customer>,
                pub(crate) links: Option<Links<$method>>,
                pub(crate) continuation_token: Option<String>,
                pub(crate) attributes: Option<Attributes>,
            }

            impl super::Page for Page {
                fn count(&self) -> usize {
                    self.items.len()
                }
                fn next(&self) -> Option<(String, Vec<(String, String)>)> {
                    self.links.as_ref()?.next()
                }
            }
        }
    };
    ($(struct $name:ident { $($field:ident: $type:ty,)* })*) => { $(
        #[derive(Serialize, Deserialize)]
        #[serde(rename_all = "camelCase")]
        #[allow(clippy::struct_field_names, reason = "the names are those of the service")]
        pub(crate) struct $name { $(pub(crate) $field: Option<$type>,)* }
    )* };
}

// Strings for identifiers and enums, as most generators generate them.
plain_types!(plain: String, String, String, String);
// `Uuid`s and enums.
plain_types!(typed: Uuid, ObjectType, Relationship, Method);

#[derive(Serialize, Deserialize)]
pub(crate) enum ObjectType {
    Collection,
    Customer,
    CustomerCompanyProfile,
    CustomerBillingProfile,
    RelationshipRequest,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Relationship {
    Unknown,
    Reseller,
    Advisor,
    Syndication,
    MicrosoftSupport,
    None,
}

/// Types with five fields only.
#[allow(dead_code, reason = "the fields are only deserialized")]
pub(crate) mod lean {
    use super::{Deserialize, Links};

    #[derive(Deserialize)]
    pub(crate) struct Page {
        pub(crate) items: Vec<Customer>,
        links: Option<Links<String>>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub(crate) struct Customer {
        pub(crate) id: String,
        pub(crate) relationship_to_partner: String,
        pub(crate) company_profile: CompanyProfile,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub(crate) struct CompanyProfile {
        pub(crate) tenant_id: String,
        pub(crate) domain: String,
        pub(crate) company_name: String,
    }

    impl super::Page for Page {
        fn count(&self) -> usize {
            self.items.len()
        }
        fn next(&self) -> Option<(String, Vec<(String, String)>)> {
            self.links.as_ref()?.next()
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Links<M> {
    #[serde(rename = "self")]
    self_link: Option<Link<M>>,
    next: Option<Link<M>>,
    previous: Option<Link<M>>,
}

#[derive(Serialize, Deserialize)]
struct Link<M> {
    uri: Option<String>,
    method: Option<M>,
    headers: Option<Vec<Header>>,
    body: Option<serde_json::Value>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
    Head,
}

#[derive(Serialize, Deserialize)]
struct Header {
    key: Option<String>,
    value: Option<String>,
}

impl<M> Links<M> {
    fn next(&self) -> Option<(String, Vec<(String, String)>)> {
        let next = self.next.as_ref()?;
        let headers = next.headers.iter().flatten();
        Some((
            link_target(next.uri.as_deref()?),
            headers.filter_map(|header| Some((header.key.clone()?, header.value.clone()?))).collect(),
        ))
    }
}
