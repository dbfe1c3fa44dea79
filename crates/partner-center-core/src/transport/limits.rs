use super::Request;
use std::time::Duration;

/// The bounds of one exchange, among the extensions of a [`Request`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// How long the exchange may take, from connecting to the last byte received. Default: 60 s.
    pub timeout: Duration,
    /// How many bytes the body of the answer may have once decompressed. Default: 64 MiB.
    pub body: usize,
}

impl Limits {
    /// The limits of `request`; the default ones if it has none.
    #[must_use]
    pub fn of(request: &Request) -> Self {
        let limits: Self = request.extensions().get().copied().unwrap_or_default();
        // No clock runs as far as the longest duration.
        Self { timeout: limits.timeout.min(Duration::from_secs(u32::MAX.into())), ..limits }
    }

    /// How many bytes to make room for when a body says how long it is: no more than it may have, and no more than 1 MiB, as
    /// an announced length is not to be believed. What is longer grows as it comes.
    #[must_use]
    pub fn initial_capacity(&self, announced: Option<u64>) -> usize {
        let announced = announced.and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
        announced.min(self.body).min(MOST_BELIEVED)
    }
}

/// How much memory is made ready because of a length that is announced: more than any page has.
const MOST_BELIEVED: usize = 1 << 20;

impl Default for Limits {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(60), body: 64 << 20 }
    }
}
