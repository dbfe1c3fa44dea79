//! Timeouts of sockets, rounded up so that they change less often.
//!
//! ureq passes the remaining time of a request to each read and write, and the socket option is set whenever that time differs
//! from the last one, which is always. Rounded, it stays the same for a while, and two system calls for each request are saved.

use std::time::Duration;
use ureq::{
    Error,
    unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport, time},
};

/// A connector whose connections round their timeouts up.
#[derive(Debug)]
pub(crate) struct RoundedTimeoutConnector;

impl<T: Transport> Connector<T> for RoundedTimeoutConnector {
    type Out = RoundedTimeoutTransport<T>;

    fn connect(
        &self,
        _: &ConnectionDetails<'_>,
        connected: Option<T>,
    ) -> Result<Option<RoundedTimeoutTransport<T>>, Error> {
        Ok(connected.map(RoundedTimeoutTransport))
    }
}

/// A transport that passes rounded timeouts to the one within.
#[derive(Debug)]
pub(crate) struct RoundedTimeoutTransport<T>(T);

impl<T: Transport> Transport for RoundedTimeoutTransport<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.0.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.0.transmit_output(amount, round_timeout(timeout))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.0.await_input(round_timeout(timeout))
    }

    fn is_open(&mut self) -> bool {
        self.0.is_open()
    }

    fn is_tls(&self) -> bool {
        self.0.is_tls()
    }
}

fn round_timeout(timeout: NextTimeout) -> NextTimeout {
    let time::Duration::Exact(after) = timeout.after else { return timeout };
    NextTimeout { after: round_up_duration(after).into(), ..timeout }
}

/// Rounds up to a multiple of a power of two of milliseconds, by at most 1/32: a request times out that much later at most.
/// Durations below a millisecond stay as they are, as zero means that no time remains.
fn round_up_duration(timeout: Duration) -> Duration {
    let Some(exponent) = timeout.as_millis().checked_ilog2() else { return timeout };
    let step = 1 << exponent.saturating_sub(5);
    u64::try_from(timeout.as_nanos().div_ceil(1_000_000 * step) * step).map_or(timeout, Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounded_timeout_stays_the_same_for_a_while() {
        let remaining = |micros| round_up_duration(Duration::from_micros(micros));
        assert_eq!(remaining(59_999_900), remaining(59_400_000));
        assert_eq!(remaining(59_999_900), Duration::from_millis(60_416));
        assert_eq!(remaining(0), Duration::ZERO);
        assert_eq!(remaining(999), Duration::from_micros(999));
        assert_eq!(remaining(1_001), Duration::from_millis(2));
        assert_eq!(round_up_duration(Duration::MAX), Duration::MAX);
    }

    #[test]
    fn rounded_timeout_is_never_shorter_and_little_longer() {
        let mut timeout = Duration::from_nanos(1);
        while timeout < Duration::from_secs(1 << 40) {
            let max = timeout + (timeout / 32).max(Duration::from_millis(1));
            assert!((timeout..=max).contains(&round_up_duration(timeout)), "{timeout:?}");
            timeout = timeout.mul_f64(1.001) + Duration::from_nanos(1);
        }
    }
}
