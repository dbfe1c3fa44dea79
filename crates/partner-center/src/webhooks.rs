//! Events that the service sends to an address of the partner.
//!
//! An `EventVerifier` checks that one is from the service, and returns it. The operations that register the address are those of the
//! area `webhooks`.

#[doc(inline)]
pub use partner_center_core::webhooks::*;
