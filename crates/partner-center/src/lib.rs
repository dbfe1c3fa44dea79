// The examples need both transports, and the links what they bring.
#![cfg_attr(all(feature = "async", feature = "sync"), doc = include_str!("../README.md"))]
#![cfg_attr(
    not(all(feature = "async", feature = "sync")),
    doc = "A client of the Partner Center customers API, blocking or async; documented in full with both features on."
)]
// So that docs.rs says which feature an item needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "azure_core")]
mod azure;

// Before the core, which has them too: rustdoc would take them for items that need a backend.
pub use partner_center_models::*;

#[cfg(feature = "azure_core")]
pub use azure::AzureCredential;
#[cfg(any(feature = "async", feature = "sync"))]
pub use partner_center_core::*;

#[cfg(feature = "async")]
pub use partner_center_reqwest::Reqwest;
#[cfg(feature = "sync")]
pub use partner_center_ureq::Ureq;

/// A client whose calls return futures and whose lists are streams, over [`Reqwest`].
#[cfg(feature = "async")]
pub type AsyncClient = Client<Reqwest>;

/// A client whose calls return results and whose lists are iterators, over [`Ureq`].
#[cfg(feature = "sync")]
pub type SyncClient = Client<Ureq>;
