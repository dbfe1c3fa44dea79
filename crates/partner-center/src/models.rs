//! The objects of the service, generated from its specification, and what they are made of.
//!
//! All of them read and write JSON with serde, and lose nothing on the way: fields that this version does not know are kept in
//! [`UnknownFields`], values of an enum in [`UnknownVariant`]. Every field that the service may omit is an `Option`. Read saved
//! responses with [`from_json`].

#[doc(inline)]
pub use partner_center_models::schemas::*;
#[doc(inline)]
pub use partner_center_models::{
    CivilDateTime, Date, DateTime, Decimal, ErrorCode, InvalidValue, JsonValue, Nullable, ParsedJson, RawJson,
    Replacement, ReplacementKind, Resource, Secret, UnknownFields, UnknownInteger, UnknownVariant, from_json,
};
// In signatures of this crate, so that programs need not match its version.
#[doc(no_inline)]
pub use partner_center_models::uuid;
#[cfg(feature = "commerce")]
#[cfg_attr(docsrs, doc(cfg(feature = "commerce")))]
#[doc(inline)]
pub use partner_center_models::{CartOutcome, CheckoutOutcome};
