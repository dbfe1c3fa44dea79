//! Authentication: from the [`Credential`] of the user to the token that a request carries.
//!
//! `token_provider` returns the token of each call and refreshes it, `token_cache` holds it and decides which call
//! refreshes it and which calls wait, and `grants` builds token requests and reads the responses to them.

mod access_token;
mod app_registration;
mod credential;
mod entra_codes;
mod grants;
mod refresh_token_lease;
#[cfg(feature = "sign-in")]
mod sign_in;
mod token_cache;
mod token_error;
mod token_exchange;
mod token_provider;
mod token_source;

pub use access_token::AccessToken;
pub use app_registration::AppRegistration;
pub use credential::Credential;
pub use refresh_token_lease::RefreshTokenLease;
#[cfg(feature = "sign-in")]
pub use sign_in::{AuthorizationRequest, DeviceCode, SignIn, SignInBuilder, SignedIn};
pub use token_error::{TokenError, TokenErrorReason};
pub use token_source::{TokenRequest, TokenSource};

pub(crate) use token_cache::CachedToken;
pub(crate) use token_provider::TokenProvider;
