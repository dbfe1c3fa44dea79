use partner_center_models::Secret;
use std::{
    fmt,
    time::{Duration, Instant},
};

/// A bearer token for the service, and its lifetime.
///
/// `Debug` does not show the token, and its memory is overwritten when it is dropped.
#[derive(Clone)]
pub struct AccessToken {
    pub(crate) token: Secret,
    /// The lifetime, and the time when it began.
    pub(crate) lifetime: Option<(Duration, Instant)>,
}

impl AccessToken {
    /// Creates a token that is used until the service rejects it, unless [`expires_in`](Self::expires_in) sets its lifetime.
    pub fn new(token: impl Into<String>) -> Self {
        Self { token: Secret::new(token), lifetime: None }
    }

    /// Sets the lifetime of the token, from now on. It is refreshed before it expires, by two minutes or a tenth of the
    /// lifetime, whichever is less. Maximum: one day. Default: unknown, so that it is refreshed only when the service
    /// rejects it.
    #[must_use]
    pub fn expires_in(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some((lifetime.min(MAX_TOKEN_LIFETIME), Instant::now()));
        self
    }

    /// Returns the token. Take care where it goes: whoever has it may use it until it expires.
    #[must_use]
    pub fn secret(&self) -> &Secret {
        &self.token
    }

    /// Returns the time until it expires, if that is known.
    #[must_use]
    pub fn remaining_lifetime(&self) -> Option<Duration> {
        self.lifetime.map(|(lifetime, issued_at)| lifetime.saturating_sub(issued_at.elapsed()))
    }
}

/// Longer than any lifetime that Entra issues, and short enough not to overflow an `Instant`.
const MAX_TOKEN_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

impl fmt::Debug for AccessToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lifetime = self.lifetime.map(|(lifetime, _)| lifetime);
        formatter.debug_struct("AccessToken").field("lifetime", &lifetime).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetime_is_at_most_a_day_and_debug_output_hides_the_token() {
        let token = |lifetime| AccessToken::new("secret").expires_in(Duration::from_secs(lifetime));
        assert_eq!(format!("{:?}", token(86_401)), "AccessToken { lifetime: Some(86400s), .. }");
        assert_eq!(format!("{:?}", token(86_399)), "AccessToken { lifetime: Some(86399s), .. }");
        assert_eq!(format!("{:?}", AccessToken::new("secret")), "AccessToken { lifetime: None, .. }");
    }
}
