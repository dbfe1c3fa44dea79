//! Authentication: credentials, custom sources of tokens, and the cloud in which they are valid.
//!
//! A [`Credential`] is an access token, an app registration alone ("app-only"), an app registration with the refresh token of a
//! user ("app+user", the Secure Application Model), or a custom [`TokenSource`]. The client caches access tokens, refreshes them
//! before they expire, and shares them between its clones.

#[cfg(feature = "azure_core")]
mod azure;

#[cfg(feature = "azure_core")]
pub use azure::AzureCredential;
#[doc(inline)]
pub use partner_center_core::{
    AccessToken, AppRegistration, Cloud, Credential, RefreshTokenLease, TokenError, TokenErrorReason, TokenRequest,
    TokenSource,
};
#[cfg(feature = "sign-in")]
#[cfg_attr(docsrs, doc(cfg(feature = "sign-in")))]
#[doc(inline)]
pub use partner_center_core::{AuthorizationRequest, DeviceCode, SignIn, SignInBuilder, SignedIn};
