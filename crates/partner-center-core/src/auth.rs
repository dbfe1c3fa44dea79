//! Authentication: from the [`Credential`] that the user has to the token that a request carries.
//!
//! `token_provider` decides when a token is fetched and fetches it; `token_cache` holds the current one and decides which of the
//! calls that need the next one fetches it, and which wait.

mod access_token;
mod credential;
mod grants;
mod refresh_token_lease;
mod token_cache;
mod token_error;
mod token_provider;
mod token_source;

pub use access_token::AccessToken;
pub use credential::Credential;
pub use grants::AppRegistration;
pub use refresh_token_lease::RefreshTokenLease;
pub use token_error::{TokenError, TokenErrorReason};
pub use token_source::{TokenRequest, TokenSource};

pub(crate) use credential::Kind;
pub(crate) use token_cache::{Failed, Held};
pub(crate) use token_provider::{Authorization, Origin, Renewal};
