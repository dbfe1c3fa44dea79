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

/// How long an address has for itself before the next one is tried as well (RFC 8305, section 8).
const STAGGER: Duration = Duration::from_millis(250);

/// How long an address comes last after another one was faster.
const MEMORY: Duration = Duration::from_secs(10 * 60);

/// How many threads may connect at a time, those included whose connection is no longer wanted. Beyond that, addresses are
/// tried one after the other.
const MAX_THREADS: usize = 64;

/// Connects to the addresses of a host by "Happy Eyeballs" (RFC 8305): to one after the other, in turns of IPv6 and IPv4,
/// each a quarter of a second after the one before or as soon as that has failed; the first connection is the one that counts.
///
/// By itself, ureq waits for the first of two addresses for two thirds of the timeout, and does so for each connection.
///
/// An attempt to connect cannot be cancelled, so each has a thread of its own. One whose connection is no longer wanted ends
/// when its address answers or the time limit of the request has passed, and closes the connection. So that they do not
/// pile up, an address that was slower than another one comes last for a while.
#[derive(Debug, Default)]
pub(crate) struct HappyEyeballs {
    tcp: TcpConnector,
    slow: Mutex<HashMap<SocketAddr, Instant>>,
    threads: Arc<AtomicUsize>,
}

impl<In: Transport> Connector<In> for HappyEyeballs {
    type Out = <TcpConnector as Connector<In>>::Out;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Self::Out>, Error> {
        let addresses = self.in_order(&details.addrs);
        if chained.is_some() || addresses.len() < 2 || self.threads.load(Ordering::Relaxed) >= MAX_THREADS {
            return self.tcp.connect(details, chained);
        }
        let (connect, threads) = (connection(details), self.threads.clone());
        let connect = move |address, timeout| {
            let _count = Count::of(&threads);
            connect(address, timeout)
        };
        match race(addresses, *details.timeout.after, connect) {
            Some(Race { outcome: Ok(connection), silent }) => {
                self.remember(silent);
                Ok(connection)
            }
            Some(Race { outcome: Err(Some(error)), .. }) => Err(error),
            Some(Race { outcome: Err(None), .. }) => Err(Error::Timeout(details.timeout.reason)),
            // There are no more threads in this process.
            None => self.tcp.connect(details, chained),
        }
    }
}

impl HappyEyeballs {
    /// The addresses in turns of their families, beginning with that of the first; those that were slow come last.
    fn in_order(&self, addresses: &[SocketAddr]) -> Vec<SocketAddr> {
        let Some(first) = addresses.first() else { return Vec::new() };
        let (mut preferred, mut other): (VecDeque<_>, VecDeque<_>) =
            addresses.iter().copied().partition(|address| address.is_ipv6() == first.is_ipv6());
        let mut ordered = Vec::with_capacity(addresses.len());
        while !(preferred.is_empty() && other.is_empty()) {
            ordered.extend(preferred.pop_front());
            ordered.extend(other.pop_front());
        }
        let slow = self.slow.lock().unwrap_or_else(PoisonError::into_inner);
        ordered.sort_by_key(|address| slow.get(address).is_some_and(|since| since.elapsed() < MEMORY));
        ordered
    }

    fn remember(&self, silent: Vec<SocketAddr>) {
        if silent.is_empty() {
            return;
        }
        let mut slow = self.slow.lock().unwrap_or_else(PoisonError::into_inner);
        slow.retain(|_, since| since.elapsed() < MEMORY);
        slow.extend(silent.into_iter().map(|address| (address, Instant::now())));
    }
}

/// What came of a race.
struct Race<T> {
    /// What the first successful attempt returned; otherwise the last error, or none if time ran out.
    outcome: Result<T, Option<Error>>,
    /// The addresses that had not answered by then.
    silent: Vec<SocketAddr>,
}

/// Has `connect` try one address after the other, each in a thread; `None` if there is no thread to be had at all.
fn race<T: Send + 'static>(
    addresses: Vec<SocketAddr>,
    timeout: Duration,
    connect: impl Fn(SocketAddr, Duration) -> Result<T, Error> + Send + Sync + 'static,
) -> Option<Race<T>> {
    let start = Instant::now();
    let left = || timeout.saturating_sub(start.elapsed());
    let connect = Arc::new(connect);
    let (sender, outcomes) = mpsc::channel();
    let mut waiting = VecDeque::from(addresses);
    let mut silent = Vec::new();
    let mut last_error = None;
    loop {
        if let Some(address) = waiting.pop_front() {
            let (connect, sender, timeout) = (connect.clone(), sender.clone(), left());
            let thread = thread::Builder::new().name("partner-center-connect".to_owned());
            // Whoever has won meanwhile does not miss it.
            let attempt = move || drop(sender.send((address, connect(address, timeout))));
            match thread.spawn(attempt) {
                Ok(_) => silent.push(address),
                Err(_) if silent.is_empty() && last_error.is_none() => return None,
                Err(error) => last_error = Some(error.into()),
            }
        }
        if silent.is_empty() && waiting.is_empty() {
            return Some(Race { outcome: Err(last_error), silent });
        }
        let patience = if waiting.is_empty() { left() } else { left().min(STAGGER) };
        match outcomes.recv_timeout(patience) {
            Ok((address, outcome)) => {
                silent.retain(|other| *other != address);
                match outcome {
                    Ok(value) => return Some(Race { outcome: Ok(value), silent }),
                    Err(error) => last_error = Some(error),
                }
            }
            Err(RecvTimeoutError::Timeout) if !left().is_zero() => {}
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                return Some(Race { outcome: Err(None), silent });
            }
        }
    }
}

/// Has [`TcpConnector`] connect to one address, in any thread.
fn connection<In: Transport>(
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

impl Count {
    fn of(threads: &Arc<AtomicUsize>) -> Self {
        threads.fetch_add(1, Ordering::Relaxed);
        Self(threads.clone())
    }
}

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
        (race(addresses(order), timeout, connect).unwrap(), start.elapsed())
    }

    #[test]
    fn silent_address_costs_a_quarter_of_a_second() {
        let (race, elapsed) = race_of(&[DEAD, LIVE], Duration::from_secs(3));
        assert_eq!(race.outcome.unwrap(), LIVE.parse().unwrap());
        assert_eq!(race.silent, addresses(&[DEAD]));
        assert!((STAGGER..Duration::from_secs(1)).contains(&elapsed), "{elapsed:?}");
    }

    #[test]
    fn failed_address_costs_nothing() {
        let (race, elapsed) = race_of(&[REFUSED, LIVE], Duration::from_secs(3));
        assert_eq!(race.outcome.unwrap(), LIVE.parse().unwrap());
        assert!(race.silent.is_empty() && elapsed < STAGGER, "{elapsed:?}");
    }

    #[test]
    fn first_address_is_preferred() {
        let (race, _) = race_of(&[OTHER, LIVE], Duration::from_secs(3));
        assert_eq!(race.outcome.unwrap(), OTHER.parse().unwrap());
    }

    #[test]
    fn race_without_a_winner_ends_with_the_last_error_or_in_time() {
        let (race, elapsed) = race_of(&[REFUSED, REFUSED], Duration::from_secs(3));
        assert!(matches!(race.outcome, Err(Some(Error::Io(_)))) && elapsed < STAGGER);
        for order in [&[DEAD, REFUSED][..], &[REFUSED, DEAD], &[DEAD, DEAD]] {
            let (race, elapsed) = race_of(order, Duration::from_millis(400));
            assert!(matches!(race.outcome, Err(None | Some(Error::Timeout(_)))), "{order:?}");
            assert!((400..900).contains(&elapsed.as_millis()), "{order:?}: {elapsed:?}");
        }
    }

    #[test]
    fn families_take_turns_and_slow_addresses_come_last() {
        let connector = HappyEyeballs::default();
        let given = addresses(&[DEAD, REFUSED, LIVE, OTHER]);
        assert_eq!(connector.in_order(&given), addresses(&[DEAD, LIVE, REFUSED, OTHER]));
        connector.remember(addresses(&[DEAD]));
        assert_eq!(connector.in_order(&given), addresses(&[LIVE, REFUSED, OTHER, DEAD]));
        for since in connector.slow.lock().unwrap().values_mut() {
            *since = Instant::now().checked_sub(MEMORY).unwrap();
        }
        assert_eq!(connector.in_order(&given), addresses(&[DEAD, LIVE, REFUSED, OTHER]));
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
        assert!((STAGGER..Duration::from_secs(1)).contains(&first), "{first:?}");
        // From now on the dead address comes last, and no more threads wait for it.
        for _ in 0..10 {
            let next = call();
            assert!(next < STAGGER, "{next:?}");
        }
        assert!(threads.load(Ordering::SeqCst) <= 1);
        // The one that does ends with the time limit of its request.
        thread::sleep(Duration::from_millis(2500));
        assert_eq!(threads.load(Ordering::SeqCst), 0);
        drop(backlog);
    }
}
