//! The lease on a refresh token, which keeps other processes from exchanging the same one.

use partner_center_models::Secret;
use std::{any::Any, fmt};

/// The right to send a refresh token to the authority while no other process does; see
/// [`Credential::before_refresh`](crate::Credential::before_refresh).
///
/// ```
/// use partner_center_core::RefreshTokenLease;
/// use std::fs::{self, File};
///
/// fn lease() -> Result<RefreshTokenLease, Box<dyn std::error::Error + Send + Sync>> {
///     let lock = File::create("/run/partner-center/token.lock")?;
///     lock.lock()?;
///     let newest = fs::read_to_string("/run/partner-center/token")?;
///     Ok(RefreshTokenLease::new(lock).refresh_token(newest))
/// }
/// ```
#[must_use]
pub struct RefreshTokenLease {
    pub(super) refresh_token: Option<Secret>,
    _guard: Box<dyn Any + Send + Sync>,
}

impl RefreshTokenLease {
    /// Returns a lease that ends when `guard` is dropped, such as a locked file.
    pub fn new(guard: impl Any + Send + Sync) -> Self {
        Self { refresh_token: None, _guard: Box::new(guard) }
    }

    /// Sets the newest refresh token. Default: the one that the credential has.
    pub fn refresh_token(mut self, refresh_token: impl Into<String>) -> Self {
        self.refresh_token = Some(super::app_registration::trimmed_secret(refresh_token));
        self
    }
}

impl fmt::Debug for RefreshTokenLease {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RefreshTokenLease").field("refresh_token", &self.refresh_token).finish_non_exhaustive()
    }
}
