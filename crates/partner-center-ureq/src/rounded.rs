use std::time::Duration;
use ureq::{
    Error,
    unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport, time},
};

/// Makes connections whose timeouts are [`rounded`].
///
/// A socket is told how long it may take before each write and each read, if that has changed, and the time that is left of
/// a request is another one each time. Rounded, it stays the same for a while, and two calls of the operating system for
/// each request are spared.
#[derive(Debug)]
pub(crate) struct RoundedTimeouts;

impl<T: Transport> Connector<T> for RoundedTimeouts {
    type Out = Rounded<T>;

    fn connect(&self, _: &ConnectionDetails<'_>, connected: Option<T>) -> Result<Option<Rounded<T>>, Error> {
        Ok(connected.map(Rounded))
    }
}

#[derive(Debug)]
pub(crate) struct Rounded<T>(T);

impl<T: Transport> Transport for Rounded<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.0.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.0.transmit_output(amount, coarse(timeout))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.0.await_input(coarse(timeout))
    }

    fn is_open(&mut self) -> bool {
        self.0.is_open()
    }

    fn is_tls(&self) -> bool {
        self.0.is_tls()
    }
}

fn coarse(timeout: NextTimeout) -> NextTimeout {
    let time::Duration::Exact(after) = timeout.after else { return timeout };
    NextTimeout { after: rounded(after).into(), ..timeout }
}

/// Rounded up, by a thirty-second at most: what takes too long is given up that much later. Nothing stays nothing.
fn rounded(timeout: Duration) -> Duration {
    let Some(exponent) = timeout.as_millis().checked_ilog2() else { return timeout };
    let step = 1 << exponent.saturating_sub(5);
    u64::try_from(timeout.as_nanos().div_ceil(1_000_000 * step) * step).map_or(timeout, Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_stays_the_same_for_a_while() {
        let left = |left| rounded(Duration::from_micros(left));
        assert_eq!(left(59_999_900), left(59_400_000));
        assert_eq!(left(59_999_900), Duration::from_millis(60_416));
        assert_eq!(left(0), Duration::ZERO);
        assert_eq!(left(999), Duration::from_micros(999));
        assert_eq!(left(1_001), Duration::from_millis(2));
        assert_eq!(rounded(Duration::MAX), Duration::MAX);
    }

    #[test]
    fn no_time_is_taken_away_and_little_is_added() {
        let mut timeout = Duration::from_nanos(1);
        while timeout < Duration::from_secs(1 << 40) {
            let most = timeout + (timeout / 32).max(Duration::from_millis(1));
            assert!((timeout..=most).contains(&rounded(timeout)), "{timeout:?}");
            timeout = timeout.mul_f64(1.001) + Duration::from_nanos(1);
        }
    }
}
