//! Connecting to the first address that works: "Happy Eyeballs" (RFC 8305).
//!
//! By itself, ureq tries one address after the other, and waits for the first of two for two thirds of the timeout, for each
//! new connection. Here, attempts overlap. A blocking attempt cannot be cancelled, so each runs on its own thread, for
//! [`MAX_CONNECTION_ATTEMPT_TIMEOUT`] at most; if another attempt has won, its connection is closed. To keep the number of such threads
//! small, an address that was slower than another one is tried last for [`SLOW_ADDRESS_LIFETIME`]. If no thread is available,
//! the thread of the caller makes short attempts, whose timeout doubles each time.

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};
use ureq::{
    Error,
    unversioned::{
        resolver::{DefaultResolver, Resolver},
        transport::{ConnectionDetails, Connector, NextTimeout, TcpConnector, Transport},
    },
};

/// The "Connection Attempt Delay": the time between the starts of two attempts (RFC 8305, section 8).
const CONNECTION_ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// The time for which an address is tried last after another one was faster.
const SLOW_ADDRESS_LIFETIME: Duration = Duration::from_secs(10 * 60);

/// The maximum timeout of an attempt, and so the time for which an attempt that is no longer needed occupies its thread.
const MAX_CONNECTION_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// The maximum number of connecting threads, including those whose connection is no longer needed. At this number, the thread
/// of the caller connects.
const MAX_CONNECTING_THREADS: usize = 64;

/// A connector that tries the addresses of a host, IPv6 and IPv4 in turns, and returns the first connection.
///
/// An attempt starts [`CONNECTION_ATTEMPT_DELAY`] after the previous one, or as soon as that has failed.
#[derive(Debug, Default)]
pub(crate) struct HappyEyeballsConnector {
    tcp: TcpConnector,
    slow_addresses: Mutex<HashMap<SocketAddr, Instant>>,
    threads: Arc<AtomicUsize>,
}

impl<In: Transport> Connector<In> for HappyEyeballsConnector {
    type Out = <TcpConnector as Connector<In>>::Out;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Self::Out>, Error> {
        let addresses = self.order_addresses(&details.addrs);
        if chained.is_some() || addresses.len() < 2 {
            return self.tcp.connect(details, chained);
        }
        let RaceOutcome { outcome, slow } =
            race_addresses(addresses, *details.timeout.after, &self.threads, single_address_connect_function(details));
        match outcome {
            Ok(connection) => {
                self.mark_addresses_slow(slow);
                Ok(connection)
            }
            Err(Some(error)) => Err(error),
            Err(None) => Err(Error::Timeout(details.timeout.reason)),
        }
    }
}

impl HappyEyeballsConnector {
    /// Orders the addresses: IPv6 and IPv4 in turns, beginning with the family of the first, and slow addresses last.
    fn order_addresses(&self, addresses: &[SocketAddr]) -> Vec<SocketAddr> {
        let Some(first) = addresses.first() else { return Vec::new() };
        let (mut preferred, mut other): (VecDeque<_>, VecDeque<_>) =
            addresses.iter().copied().partition(|address| address.is_ipv6() == first.is_ipv6());
        let mut ordered = Vec::with_capacity(addresses.len());
        while !(preferred.is_empty() && other.is_empty()) {
            ordered.extend(preferred.pop_front());
            ordered.extend(other.pop_front());
        }
        let slow = self.slow_addresses.lock().unwrap_or_else(PoisonError::into_inner);
        ordered.sort_by_key(|address| slow.get(address).is_some_and(|since| since.elapsed() < SLOW_ADDRESS_LIFETIME));
        ordered
    }

    fn mark_addresses_slow(&self, addresses: Vec<SocketAddr>) {
        if addresses.is_empty() {
            return;
        }
        let mut slow = self.slow_addresses.lock().unwrap_or_else(PoisonError::into_inner);
        slow.retain(|_, since| since.elapsed() < SLOW_ADDRESS_LIFETIME);
        slow.extend(addresses.into_iter().map(|address| (address, Instant::now())));
    }
}

/// The outcome of attempts to connect to several addresses.
struct RaceOutcome<T> {
    /// The value of the first successful attempt; otherwise the last error, or none if the timeout passed.
    outcome: Result<T, Option<Error>>,
    /// The addresses whose attempts had not succeeded by then.
    slow: Vec<SocketAddr>,
}

/// Calls `connect` with one address after the other, each on a thread while fewer than [`MAX_CONNECTING_THREADS`] run.
fn race_addresses<T: Send + 'static>(
    addresses: Vec<SocketAddr>,
    timeout: Duration,
    threads: &Arc<AtomicUsize>,
    connect: impl Fn(SocketAddr, Duration) -> Result<T, Error> + Send + Sync + 'static,
) -> RaceOutcome<T> {
    let start = Instant::now();
    let remaining = || timeout.saturating_sub(start.elapsed());
    let connect = Arc::new(connect);
    let (sender, outcomes) = mpsc::channel();
    let mut waiting = VecDeque::from(addresses);
    // Attempts on other threads, and those on the thread of the caller.
    let (mut pending, mut timed_out) = (Vec::new(), Vec::new());
    let mut last_error = None;
    let mut caller_timeout = CONNECTION_ATTEMPT_DELAY;
    loop {
        if let Some(address) = waiting.pop_front() {
            let attempt = {
                let (connect, sender, timeout) =
                    (connect.clone(), sender.clone(), remaining().min(MAX_CONNECTION_ATTEMPT_TIMEOUT));
                // Fails if another attempt has won, which is fine.
                move || drop(sender.send((address, connect(address, timeout))))
            };
            if try_spawn_connection_attempt(threads, attempt) {
                pending.push(address);
            } else {
                let (attempt_start, timeout) = (Instant::now(), remaining().min(caller_timeout));
                match connect(address, timeout) {
                    Ok(value) => {
                        pending.append(&mut timed_out);
                        return RaceOutcome { outcome: Ok(value), slow: pending };
                    }
                    Err(_) if attempt_start.elapsed() >= timeout => {
                        timed_out.push(address);
                        waiting.push_back(address);
                        caller_timeout = caller_timeout.saturating_mul(2).min(MAX_CONNECTION_ATTEMPT_TIMEOUT);
                    }
                    Err(error) => last_error = Some(error),
                }
            }
        }
        if pending.is_empty() && waiting.is_empty() {
            return RaceOutcome { outcome: Err(last_error), slow: timed_out };
        }
        let wait = match (pending.is_empty(), waiting.is_empty()) {
            (true, _) => Duration::ZERO,
            (false, false) => remaining().min(CONNECTION_ATTEMPT_DELAY),
            (false, true) => remaining(),
        };
        match outcomes.recv_timeout(wait) {
            Ok((address, outcome)) => {
                pending.retain(|other| *other != address);
                match outcome {
                    Ok(value) => {
                        pending.append(&mut timed_out);
                        return RaceOutcome { outcome: Ok(value), slow: pending };
                    }
                    Err(error) => last_error = Some(error),
                }
            }
            Err(RecvTimeoutError::Timeout) if !remaining().is_zero() => {}
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                return RaceOutcome { outcome: Err(None), slow: pending };
            }
        }
    }
}

/// Runs `attempt` on a new thread, if one is available; returns whether it is.
fn try_spawn_connection_attempt(threads: &Arc<AtomicUsize>, attempt: impl FnOnce() + Send + 'static) -> bool {
    let increment = |count| (count < MAX_CONNECTING_THREADS).then_some(count + 1);
    if threads.fetch_update(Ordering::Relaxed, Ordering::Relaxed, increment).is_err() {
        return false;
    }
    let guard = ThreadCountGuard(threads.clone());
    let thread = thread::Builder::new().name("partner-center-connect".to_owned());
    let attempt = move || {
        let _guard = guard;
        attempt();
    };
    thread.spawn(attempt).is_ok()
}

/// Returns a function that connects to a single address through [`TcpConnector`], on any thread.
fn single_address_connect_function<In: Transport>(
    details: &ConnectionDetails<'_>,
) -> impl Fn(SocketAddr, Duration) -> Result<Option<<TcpConnector as Connector<In>>::Out>, Error> + Send + Sync + 'static
{
    let (uri, config) = (details.uri.clone(), details.config.clone());
    let (request_level, now, next_timeout) = (details.request_level, details.now, details.timeout);
    let current_time = details.current_time.clone();
    let (run_connector, register_shutdown) = (details.run_connector.clone(), details.register_shutdown.clone());
    move |address, timeout: Duration| {
        let resolver = DefaultResolver::default();
        let mut addrs = resolver.empty();
        addrs.push(address);
        let details = ConnectionDetails {
            uri: &uri,
            addrs,
            config: &config,
            request_level,
            resolver: &resolver,
            now,
            timeout: NextTimeout { after: timeout.into(), ..next_timeout },
            current_time: current_time.clone(),
            run_connector: run_connector.clone(),
            register_shutdown: register_shutdown.clone(),
        };
        TcpConnector::default().connect(&details, None::<In>)
    }
}

/// A guard that counts a thread while it runs.
struct ThreadCountGuard(Arc<AtomicUsize>);

impl Drop for ThreadCountGuard {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use partner_center_core::http::Uri;
    use std::{
        io::{self, BufRead, BufReader, Write},
        net::{TcpListener, TcpStream},
    };
    use ureq::{config::Config, unversioned::resolver::ResolvedSocketAddrs};

    const UNRESPONSIVE: &str = "[2001:db8::1]:443";
    const CLOSED: &str = "[2001:db8::2]:443";
    const LIVE: &str = "192.0.2.1:443";
    const OTHER: &str = "192.0.2.2:443";

    fn addresses(addresses: &[&str]) -> Vec<SocketAddr> {
        addresses.iter().map(|address| address.parse().unwrap()).collect()
    }

    /// Simulates the network.
    fn connect(address: SocketAddr, timeout: Duration) -> Result<SocketAddr, Error> {
        match address.to_string().as_str() {
            UNRESPONSIVE => {
                thread::sleep(timeout);
                Err(Error::Timeout(ureq::Timeout::Connect))
            }
            CLOSED => Err(io::Error::from(io::ErrorKind::ConnectionRefused).into()),
            _ => Ok(address),
        }
    }

    fn race_of(order: &[&str], timeout: Duration) -> (RaceOutcome<SocketAddr>, Duration) {
        let start = Instant::now();
        (race_addresses(addresses(order), timeout, &Arc::default(), connect), start.elapsed())
    }

    #[test]
    fn unresponsive_address_costs_a_quarter_of_a_second() {
        let (race, elapsed) = race_of(&[UNRESPONSIVE, LIVE], Duration::from_secs(3));
        assert_eq!(race.outcome.unwrap(), LIVE.parse().unwrap());
        assert_eq!(race.slow, addresses(&[UNRESPONSIVE]));
        assert!((CONNECTION_ATTEMPT_DELAY..Duration::from_secs(1)).contains(&elapsed), "{elapsed:?}");
    }

    #[test]
    fn failed_address_costs_nothing() {
        let (race, elapsed) = race_of(&[CLOSED, LIVE], Duration::from_secs(3));
        assert_eq!(race.outcome.unwrap(), LIVE.parse().unwrap());
        assert!(race.slow.is_empty() && elapsed < CONNECTION_ATTEMPT_DELAY, "{elapsed:?}");
    }

    #[test]
    fn first_address_is_preferred() {
        let (race, _) = race_of(&[OTHER, LIVE], Duration::from_secs(3));
        assert_eq!(race.outcome.unwrap(), OTHER.parse().unwrap());
    }

    #[test]
    fn race_without_a_winner_ends_with_the_last_error_or_the_timeout() {
        let (race, elapsed) = race_of(&[CLOSED, CLOSED], Duration::from_secs(3));
        assert!(matches!(race.outcome, Err(Some(Error::Io(_)))) && elapsed < CONNECTION_ATTEMPT_DELAY);
        for order in [&[UNRESPONSIVE, CLOSED][..], &[CLOSED, UNRESPONSIVE], &[UNRESPONSIVE, UNRESPONSIVE]] {
            let (race, elapsed) = race_of(order, Duration::from_millis(400));
            assert!(matches!(race.outcome, Err(None | Some(Error::Timeout(_)))), "{order:?}");
            assert!((400..900).contains(&elapsed.as_millis()), "{order:?}: {elapsed:?}");
        }
    }

    /// More callers at once than there are threads, and a first address that never responds.
    #[test]
    fn burst_of_connections_is_not_held_up() {
        let threads = Arc::default();
        let slowest = thread::scope(|scope| {
            let callers: Vec<_> = (0..3 * MAX_CONNECTING_THREADS)
                .map(|_| {
                    scope.spawn(|| {
                        let start = Instant::now();
                        let race =
                            race_addresses(addresses(&[UNRESPONSIVE, LIVE]), Duration::from_secs(6), &threads, connect);
                        assert_eq!(race.outcome.unwrap(), LIVE.parse().unwrap());
                        assert_eq!(race.slow, addresses(&[UNRESPONSIVE]));
                        start.elapsed()
                    })
                })
                .collect();
            callers.into_iter().map(|caller| caller.join().unwrap()).max().unwrap()
        });
        assert!(slowest < Duration::from_secs(3), "{slowest:?}");
        assert!(threads.load(Ordering::Relaxed) <= MAX_CONNECTING_THREADS);
    }

    #[test]
    fn caller_connects_by_itself_where_there_is_no_thread() {
        let race_of = |order: &[&str], timeout| {
            let start = Instant::now();
            (
                race_addresses(addresses(order), timeout, &Arc::new(AtomicUsize::new(MAX_CONNECTING_THREADS)), connect),
                start.elapsed(),
            )
        };
        let (race, elapsed) = race_of(&[UNRESPONSIVE, LIVE], Duration::from_secs(3));
        assert_eq!((race.outcome.unwrap(), race.slow), (LIVE.parse().unwrap(), addresses(&[UNRESPONSIVE])));
        assert!((CONNECTION_ATTEMPT_DELAY..Duration::from_secs(1)).contains(&elapsed), "{elapsed:?}");
        let (race, _) = race_of(&[CLOSED, CLOSED], Duration::from_secs(3));
        assert!(matches!(race.outcome, Err(Some(Error::Io(_)))));
        let (race, elapsed) = race_of(&[UNRESPONSIVE, CLOSED, UNRESPONSIVE], Duration::from_millis(600));
        assert!(matches!(race.outcome, Err(None)), "{:?}", race.outcome);
        assert!((600..1200).contains(&elapsed.as_millis()), "{elapsed:?}");
    }

    #[test]
    fn address_families_alternate_and_slow_addresses_come_last() {
        let connector = HappyEyeballsConnector::default();
        let given = addresses(&[UNRESPONSIVE, CLOSED, LIVE, OTHER]);
        assert_eq!(connector.order_addresses(&given), addresses(&[UNRESPONSIVE, LIVE, CLOSED, OTHER]));
        connector.mark_addresses_slow(addresses(&[UNRESPONSIVE]));
        assert_eq!(connector.order_addresses(&given), addresses(&[LIVE, CLOSED, OTHER, UNRESPONSIVE]));
        for since in connector.slow_addresses.lock().unwrap().values_mut() {
            *since = Instant::now().checked_sub(SLOW_ADDRESS_LIFETIME).unwrap();
        }
        assert_eq!(connector.order_addresses(&given), addresses(&[UNRESPONSIVE, LIVE, CLOSED, OTHER]));
    }

    /// A resolver that returns the same addresses for any name.
    #[derive(Debug)]
    struct FixedResolver(Vec<SocketAddr>);

    impl Resolver for FixedResolver {
        fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
            let mut addresses = self.empty();
            self.0.iter().for_each(|address| addresses.push(*address));
            Ok(addresses)
        }
    }

    /// Runs all of ureq over real sockets. Linux does not respond to connection requests while the backlog of a listener is full.
    #[cfg(target_os = "linux")]
    #[test]
    fn request_succeeds_despite_an_unresponsive_address() {
        let unresponsive = TcpListener::bind("127.0.0.2:0").unwrap();
        let unresponsive_address = unresponsive.local_addr().unwrap();
        let open = || TcpStream::connect_timeout(&unresponsive_address, Duration::from_millis(300)).ok();
        let backlog: Vec<_> = std::iter::from_fn(open).take(10_000).collect();
        assert!(backlog.len() < 10_000, "the backlog does not fill up");

        let live = TcpListener::bind("127.0.0.1:0").unwrap();
        let addresses = vec![unresponsive_address, live.local_addr().unwrap()];
        thread::spawn(move || {
            for stream in live.incoming() {
                let mut stream = stream.unwrap();
                let request = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
                request.take_while(|line| !line.is_empty()).for_each(drop);
                stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").unwrap();
            }
        });
        let config = Config::builder().timeout_global(Some(Duration::from_secs(2))).build();
        let connector = HappyEyeballsConnector::default();
        let threads = connector.threads.clone();
        let agent = ureq::Agent::with_parts(config, ().chain(connector), FixedResolver(addresses));
        let call = || {
            let start = Instant::now();
            agent.get("http://contoso.invalid/").call().unwrap();
            start.elapsed()
        };
        let first = call();
        assert!((CONNECTION_ATTEMPT_DELAY..Duration::from_secs(1)).contains(&first), "{first:?}");
        // From now on the unresponsive address is tried last, and no more threads wait for it.
        for _ in 0..10 {
            let next = call();
            assert!(next < CONNECTION_ATTEMPT_DELAY, "{next:?}");
        }
        assert!(threads.load(Ordering::SeqCst) <= 1);
        // The first thread ends with the timeout of its request.
        thread::sleep(Duration::from_millis(2500));
        assert_eq!(threads.load(Ordering::SeqCst), 0);
        drop(backlog);
    }
}
