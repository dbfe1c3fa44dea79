use partner_center_models::Secret;
use std::{
    fmt,
    time::{Duration, Instant},
};

/// A bearer token for the service, and how long it lives.
///
/// `Debug` does not show the token, and its memory is overwritten when it is dropped.
#[derive(Clone)]
pub struct AccessToken {
    pub(crate) token: Secret,
    /// How long it lives, and from when on.
    pub(crate) lifetime: Option<(Duration, Instant)>,
}

impl AccessToken {
    /// A token that is used until the service refuses it, unless [`expires_in`](Self::expires_in) says more.
    pub fn new(token: impl Into<String>) -> Self {
        Self { token: Secret::new(token), lifetime: None }
    }

    /// How long the token lives, from now on. It is replaced some time before that: two minutes, or a tenth of the
    /// lifetime if that is less. More than a day counts as a day.
    #[must_use]
    pub fn expires_in(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some((lifetime.min(LONGEST_LIFETIME), Instant::now()));
        self
    }
}

/// No authority issues tokens for longer, and no clock runs as far as some numbers would have it.
const LONGEST_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

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
    fn a_day_is_the_longest_life_and_the_token_is_not_shown() {
        let token = |lifetime| AccessToken::new("secret").expires_in(Duration::from_secs(lifetime));
        assert_eq!(format!("{:?}", token(86_401)), "AccessToken { lifetime: Some(86400s), .. }");
        assert_eq!(format!("{:?}", token(86_399)), "AccessToken { lifetime: Some(86399s), .. }");
        assert_eq!(format!("{:?}", AccessToken::new("secret")), "AccessToken { lifetime: None, .. }");
    }
}
