// The examples need both transports, and the links need the items of both features.
#![cfg_attr(all(feature = "async", feature = "sync"), doc = include_str!("../README.md"))]
#![cfg_attr(
    not(all(feature = "async", feature = "sync")),
    doc = "A client of the Microsoft Partner Center REST API, blocking or async. Build the documentation with both features for all of it."
)]
// docs.rs shows which feature an item needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(any(feature = "async", feature = "sync"))]
pub mod auth;
#[cfg(any(feature = "async", feature = "sync"))]
pub mod concurrency;
#[cfg(any(feature = "async", feature = "sync"))]
pub mod error;
#[cfg(all(feature = "journal", any(feature = "async", feature = "sync")))]
#[cfg_attr(docsrs, doc(cfg(feature = "journal")))]
pub mod journal;
pub mod models;
pub mod operations;
pub mod pagination;
pub mod request;
#[cfg(any(feature = "async", feature = "sync"))]
pub mod transport;
#[cfg(feature = "webhook-events")]
#[cfg_attr(docsrs, doc(cfg(feature = "webhook-events")))]
pub mod webhooks;

// The root has the names that most programs use; the modules have all of them.
#[doc(no_inline)]
pub use models::{Customer, CustomerFilter, Secret};
#[doc(no_inline)]
pub use operations::{GetCustomer, ListCustomers, SingleResponse};
#[doc(no_inline)]
pub use pagination::{ContinuationToken, Paginated};

#[cfg(any(feature = "async", feature = "sync"))]
#[doc(no_inline)]
pub use {
    auth::{AppRegistration, Cloud, Credential, TokenSource},
    error::{Error, ErrorKind},
    pagination::{Items, Pages},
    transport::Transport,
};

#[cfg(any(feature = "async", feature = "sync"))]
#[doc(inline)]
pub use partner_center_core::{Client, ClientBuilder, RetryPolicy};

#[cfg(feature = "async")]
#[doc(no_inline)]
pub use transport::Reqwest;
#[cfg(feature = "sync")]
#[doc(no_inline)]
pub use transport::Ureq;

/// A client whose calls return futures and whose lists are streams, over [`Reqwest`].
///
/// Calls must be made inside a Tokio runtime. [`Client`] has the methods, [`ClientBuilder`] the settings.
///
/// ```
/// use partner_center::{AsyncClient, Credential, GetCustomer, ListCustomers, Reqwest};
/// use partner_center_emulator::Emulator;
///
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() -> Result<(), Box<dyn std::error::Error>> {
///     // With the real service: AsyncClient::new(credential)?
///     let emulator = Emulator::builder().customers(120).build().serve("127.0.0.1:0")?;
///     let client = AsyncClient::builder(Reqwest::new()?, Credential::token(Emulator::TOKEN))
///         .base_url(emulator.url())
///         .build()?;
///
///     let mut first_id = None;
///     let mut customers = client.items(ListCustomers::new().size(40));
///     while let Some(customer) = customers.next().await {
///         first_id = first_id.or(customer?.id);
///     }
///     let id = first_id.ok_or("the partner has no customers")?;
///     let customer = client.call(GetCustomer::new(id)).await?;
///     assert_eq!(customer.id, Some(id));
///     Ok(())
/// }
/// ```
#[cfg(feature = "async")]
pub type AsyncClient = Client<Reqwest>;

/// A client whose calls return results and whose lists are iterators, over [`Ureq`].
///
/// It needs no async runtime. [`Client`] has the methods, [`ClientBuilder`] the settings.
///
/// ```
/// use partner_center::{Credential, GetCustomer, ListCustomers, SyncClient, Ureq};
/// use partner_center_emulator::Emulator;
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     // With the real service: SyncClient::new(credential)?
///     let emulator = Emulator::builder().customers(120).build().serve("127.0.0.1:0")?;
///     let client = SyncClient::builder(Ureq::new()?, Credential::token(Emulator::TOKEN))
///         .base_url(emulator.url())
///         .build()?;
///
///     let mut first_id = None;
///     for customer in client.items(ListCustomers::new().size(40)) {
///         first_id = first_id.or(customer?.id);
///     }
///     let id = first_id.ok_or("the partner has no customers")?;
///     let customer = client.call(GetCustomer::new(id))?;
///     assert_eq!(customer.id, Some(id));
///     Ok(())
/// }
/// ```
#[cfg(feature = "sync")]
pub type SyncClient = Client<Ureq>;
