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

/// The maximum time of an attempt. One whose connection is no longer wanted holds its thread for that long at most.
const MAX_ATTEMPT_TIME: Duration = Duration::from_secs(10);

/// The maximum number of connecting threads, including those whose connection is no longer needed. Beyond that, the thread of the
/// caller connects.
const MAX_THREADS: usize = 64;

/// Connects to the addresses of a host by "Happy Eyeballs" (RFC 8305): to one after the other, in turns of IPv6 and IPv4,
/// each a quarter of a second after the one before or as soon as that has failed; the first connection is the one that counts.
///
/// By itself, ureq waits for the first of two addresses for two thirds of the timeout, and does so for each connection.
///
/// An attempt to connect cannot be cancelled, so each has a separate thread. One whose connection is no longer wanted ends
/// after [`MAX_ATTEMPT_TIME`] and closes the connection. So that they do not pile up, an address that was slower than another one
/// comes last for a while. Where no thread is available, the caller's thread makes short attempts that become longer.
#[derive(Debug, Default)]
pub(crate) struct HappyEyeballs {
    tcp: TcpConnector,
    slow_addresses: Mutex<HashMap<SocketAddr, Instant>>,
    threads: Arc<AtomicUsize>,
}

impl<In: Transport> Connector<In> for HappyEyeballs {
    type Out = <TcpConnector as Connector<In>>::Out;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Self::Out>, Error> {
        let addresses = self.ordered(&details.addrs);
        if chained.is_some() || addresses.len() < 2 {
            return self.tcp.connect(details, chained);
        }
        let Race { outcome, slow } = race(addresses, *details.timeout.after, &self.threads, connect_single(details));
        match outcome {
            Ok(connection) => {
                self.mark_slow(slow);
                Ok(connection)
            }
            Err(Some(error)) => Err(error),
            Err(None) => Err(Error::Timeout(details.timeout.reason)),
        }
    }
}

impl HappyEyeballs {
    /// The addresses in turns of their families, beginning with that of the first; those that were slow come last.
    fn ordered(&self, addresses: &[SocketAddr]) -> Vec<SocketAddr> {
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

    fn mark_slow(&self, addresses: Vec<SocketAddr>) {
        if addresses.is_empty() {
            return;
        }
        let mut slow = self.slow_addresses.lock().unwrap_or_else(PoisonError::into_inner);
        slow.retain(|_, since| since.elapsed() < SLOW_ADDRESS_LIFETIME);
        slow.extend(addresses.into_iter().map(|address| (address, Instant::now())));
    }
}

/// The result of a race.
struct Race<T> {
    /// The value of the first successful attempt; otherwise the last error, or none if time ran out.
    outcome: Result<T, Option<Error>>,
    /// The addresses from which nothing had come by then.
    slow: Vec<SocketAddr>,
}

/// Connects to one address after the other with `connect`, each in a thread as long as fewer than [`MAX_THREADS`] run.
fn race<T: Send + 'static>(
    addresses: Vec<SocketAddr>,
    timeout: Duration,
    threads: &Arc<AtomicUsize>,
    connect: impl Fn(SocketAddr, Duration) -> Result<T, Error> + Send + Sync + 'static,
) -> Race<T> {
    let start = Instant::now();
    let remaining = || timeout.saturating_sub(start.elapsed());
    let connect = Arc::new(connect);
    let (sender, outcomes) = mpsc::channel();
    let mut waiting = VecDeque::from(addresses);
    // In threads, and in the caller's own.
    let (mut pending, mut timed_out) = (Vec::new(), Vec::new());
    let mut last_error = None;
    let mut inline_timeout = CONNECTION_ATTEMPT_DELAY;
    loop {
        if let Some(address) = waiting.pop_front() {
            let attempt = {
                let (connect, sender, timeout) = (connect.clone(), sender.clone(), remaining().min(MAX_ATTEMPT_TIME));
                // Whoever has won meanwhile does not miss it.
                move || drop(sender.send((address, connect(address, timeout))))
            };
            if spawn(threads, attempt) {
                pending.push(address);
            } else {
                let (begun, timeout) = (Instant::now(), remaining().min(inline_timeout));
                match connect(address, timeout) {
                    Ok(value) => {
                        pending.append(&mut timed_out);
                        return Race { outcome: Ok(value), slow: pending };
                    }
                    Err(_) if begun.elapsed() >= timeout => {
                        timed_out.push(address);
                        waiting.push_back(address);
                        inline_timeout = inline_timeout.saturating_mul(2).min(MAX_ATTEMPT_TIME);
                    }
                    Err(error) => last_error = Some(error),
                }
            }
        }
        if pending.is_empty() && waiting.is_empty() {
            return Race { outcome: Err(last_error), slow: timed_out };
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
                        return Race { outcome: Ok(value), slow: pending };
                    }
                    Err(error) => last_error = Some(error),
                }
            }
            Err(RecvTimeoutError::Timeout) if !remaining().is_zero() => {}
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                return Race { outcome: Err(None), slow: pending };
            }
        }
    }
}

/// Runs `attempt` in a new thread, if there is one to spare; returns whether there is.
fn spawn(threads: &Arc<AtomicUsize>, attempt: impl FnOnce() + Send + 'static) -> bool {
    let one_more = |count| (count < MAX_THREADS).then_some(count + 1);
    if threads.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_err() {
        return false;
    }
    let count = Count(threads.clone());
    let thread = thread::Builder::new().name("partner-center-connect".to_owned());
    let attempt = move || {
        let _count = count;
        attempt();
    };
    thread.spawn(attempt).is_ok()
}

/// Has [`TcpConnector`] connect to one address, in any thread.
fn connect_single<In: Transport>(
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

/// Counts a thread for as long as it runs.
struct Count(Arc<AtomicUsize>);

impl Drop for Count {
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

    const DEAD: &str = "[2001:db8::1]:443";
    const REFUSED: &str = "[2001:db8::2]:443";
    const LIVE: &str = "192.0.2.1:443";
    const OTHER: &str = "192.0.2.2:443";

    fn addresses(addresses: &[&str]) -> Vec<SocketAddr> {
        addresses.iter().map(|address| address.parse().unwrap()).collect()
    }

    /// As the network would behave with these addresses.
    fn connect(address: SocketAddr, timeout: Duration) -> Result<SocketAddr, Error> {
        match address.to_string().as_str() {
            DEAD => {
                thread::sleep(timeout);
                Err(Error::Timeout(ureq::Timeout::Connect))
            }
            REFUSED => Err(io::Error::from(io::ErrorKind::ConnectionRefused).into()),
            _ => Ok(address),
        }
    }

    fn race_of(order: &[&str], timeout: Duration) -> (Race<SocketAddr>, Duration) {
        let start = Instant::now();
        (race(addresses(order), timeout, &Arc::default(), connect), start.elapsed())
    }

    #[test]
    fn silent_address_costs_a_quarter_of_a_second() {
        let (race, elapsed) = race_of(&[DEAD, LIVE], Duration::from_secs(3));
        assert_eq!(race.outcome.unwrap(), LIVE.parse().unwrap());
        assert_eq!(race.slow, addresses(&[DEAD]));
        assert!((CONNECTION_ATTEMPT_DELAY..Duration::from_secs(1)).contains(&elapsed), "{elapsed:?}");
    }

    #[test]
    fn failed_address_costs_nothing() {
        let (race, elapsed) = race_of(&[REFUSED, LIVE], Duration::from_secs(3));
        assert_eq!(race.outcome.unwrap(), LIVE.parse().unwrap());
        assert!(race.slow.is_empty() && elapsed < CONNECTION_ATTEMPT_DELAY, "{elapsed:?}");
    }

    #[test]
    fn first_address_is_preferred() {
        let (race, _) = race_of(&[OTHER, LIVE], Duration::from_secs(3));
        assert_eq!(race.outcome.unwrap(), OTHER.parse().unwrap());
    }

    #[test]
    fn race_without_a_winner_ends_with_the_last_error_or_in_time() {
        let (race, elapsed) = race_of(&[REFUSED, REFUSED], Duration::from_secs(3));
        assert!(matches!(race.outcome, Err(Some(Error::Io(_)))) && elapsed < CONNECTION_ATTEMPT_DELAY);
        for order in [&[DEAD, REFUSED][..], &[REFUSED, DEAD], &[DEAD, DEAD]] {
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
            let callers: Vec<_> = (0..3 * MAX_THREADS)
                .map(|_| {
                    scope.spawn(|| {
                        let start = Instant::now();
                        let race = race(addresses(&[DEAD, LIVE]), Duration::from_secs(6), &threads, connect);
                        assert_eq!(race.outcome.unwrap(), LIVE.parse().unwrap());
                        assert_eq!(race.slow, addresses(&[DEAD]));
                        start.elapsed()
                    })
                })
                .collect();
            callers.into_iter().map(|caller| caller.join().unwrap()).max().unwrap()
        });
        assert!(slowest < Duration::from_secs(3), "{slowest:?}");
        assert!(threads.load(Ordering::Relaxed) <= MAX_THREADS);
    }

    #[test]
    fn caller_connects_by_itself_where_there_is_no_thread() {
        let race_of = |order: &[&str], timeout| {
            let start = Instant::now();
            (race(addresses(order), timeout, &Arc::new(AtomicUsize::new(MAX_THREADS)), connect), start.elapsed())
        };
        let (race, elapsed) = race_of(&[DEAD, LIVE], Duration::from_secs(3));
        assert_eq!((race.outcome.unwrap(), race.slow), (LIVE.parse().unwrap(), addresses(&[DEAD])));
        assert!((CONNECTION_ATTEMPT_DELAY..Duration::from_secs(1)).contains(&elapsed), "{elapsed:?}");
        let (race, _) = race_of(&[REFUSED, REFUSED], Duration::from_secs(3));
        assert!(matches!(race.outcome, Err(Some(Error::Io(_)))));
        let (race, elapsed) = race_of(&[DEAD, REFUSED, DEAD], Duration::from_millis(600));
        assert!(matches!(race.outcome, Err(None)), "{:?}", race.outcome);
        assert!((600..1200).contains(&elapsed.as_millis()), "{elapsed:?}");
    }

    #[test]
    fn families_take_turns_and_slow_addresses_come_last() {
        let connector = HappyEyeballs::default();
        let given = addresses(&[DEAD, REFUSED, LIVE, OTHER]);
        assert_eq!(connector.ordered(&given), addresses(&[DEAD, LIVE, REFUSED, OTHER]));
        connector.mark_slow(addresses(&[DEAD]));
        assert_eq!(connector.ordered(&given), addresses(&[LIVE, REFUSED, OTHER, DEAD]));
        for since in connector.slow_addresses.lock().unwrap().values_mut() {
            *since = Instant::now().checked_sub(SLOW_ADDRESS_LIFETIME).unwrap();
        }
        assert_eq!(connector.ordered(&given), addresses(&[DEAD, LIVE, REFUSED, OTHER]));
    }

    /// Finds the same addresses whatever the name.
    #[derive(Debug)]
    struct Fixed(Vec<SocketAddr>);

    impl Resolver for Fixed {
        fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
            let mut addresses = self.empty();
            self.0.iter().for_each(|address| addresses.push(*address));
            Ok(addresses)
        }
    }

    /// Through all of ureq, with real sockets: where the backlog of a listener is full, Linux answers no more.
    #[cfg(target_os = "linux")]
    #[test]
    fn real_connection_is_made_around_a_dead_address() {
        let dead = TcpListener::bind("127.0.0.2:0").unwrap();
        let dead_address = dead.local_addr().unwrap();
        let open = || TcpStream::connect_timeout(&dead_address, Duration::from_millis(300)).ok();
        let backlog: Vec<_> = std::iter::from_fn(open).take(10_000).collect();
        assert!(backlog.len() < 10_000, "the backlog has no end");

        let live = TcpListener::bind("127.0.0.1:0").unwrap();
        let addresses = vec![dead_address, live.local_addr().unwrap()];
        thread::spawn(move || {
            for stream in live.incoming() {
                let mut stream = stream.unwrap();
                let request = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
                request.take_while(|line| !line.is_empty()).for_each(drop);
                stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").unwrap();
            }
        });
        let config = Config::builder().timeout_global(Some(Duration::from_secs(2))).build();
        let connector = HappyEyeballs::default();
        let threads = connector.threads.clone();
        let agent = ureq::Agent::with_parts(config, ().chain(connector), Fixed(addresses));
        let call = || {
            let start = Instant::now();
            agent.get("http://contoso.invalid/").call().unwrap();
            start.elapsed()
        };
        let first = call();
        assert!((CONNECTION_ATTEMPT_DELAY..Duration::from_secs(1)).contains(&first), "{first:?}");
        // From now on the dead address comes last, and no more threads wait for it.
        for _ in 0..10 {
            let next = call();
            assert!(next < CONNECTION_ATTEMPT_DELAY, "{next:?}");
        }
        assert!(threads.load(Ordering::SeqCst) <= 1);
        // The one that does ends with the time limit of its request.
        thread::sleep(Duration::from_millis(2500));
        assert_eq!(threads.load(Ordering::SeqCst), 0);
        drop(backlog);
    }
}
