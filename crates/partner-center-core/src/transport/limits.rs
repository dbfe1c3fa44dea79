use super::Request;
use std::time::Duration;

/// The limits of one exchange, in the extensions of a [`Request`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The maximum duration of the exchange, from connecting to the last byte received. Default: 60 s.
    pub timeout: Duration,
    /// The maximum size of the decompressed response body, in bytes. Default: 64 MiB.
    pub body: usize,
}

impl Limits {
    /// Returns the limits of `request`; the default ones if it has none.
    #[must_use]
    pub fn of(request: &Request) -> Self {
        let limits: Self = request.extensions().get().copied().unwrap_or_default();
        // `Duration::MAX` overflows when it is added to an `Instant`.
        Self { timeout: limits.timeout.min(Duration::from_secs(u32::MAX.into())), ..limits }
    }

    /// Returns the limits with a timeout of `remaining` at most.
    pub(crate) fn with_timeout_at_most(self, remaining: Option<Duration>) -> Self {
        Self { timeout: remaining.map_or(self.timeout, |remaining| remaining.min(self.timeout)), ..self }
    }

    /// Returns how many bytes to allocate for a body with this `Content-Length`: at most the limit of the body, and at
    /// most 1 MiB, as an announced length is not to be trusted. A longer body grows as it is received.
    #[must_use]
    pub fn initial_capacity(&self, content_length: Option<u64>) -> usize {
        let content_length = content_length.and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
        content_length.min(self.body).min(MAX_INITIAL_CAPACITY)
    }
}

/// The maximum allocation for an announced length, in bytes: more than the usual page has.
const MAX_INITIAL_CAPACITY: usize = 1 << 20;

impl Default for Limits {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(60), body: 64 << 20 }
    }
}
