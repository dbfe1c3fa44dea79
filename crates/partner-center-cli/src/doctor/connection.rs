//! Whether there is a way to the service's address at all.

use super::report::Finding;
use crate::{
    failure::{Explanation, PROXY_SETTING},
    session::Session,
};
use partner_center::{EnvironmentProxy, http::Uri};
use std::{
    io,
    net::{SocketAddr, TcpStream, ToSocketAddrs},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// How long a connection may take, unless `--timeout` says so.
const PATIENCE: Duration = Duration::from_secs(10);

/// Looks the name up and connects.
pub(super) fn check(uri: &Uri, session: &Session<'_>) -> Finding {
    let default_port = |uri: &Uri| if uri.scheme_str() == Some("https") { 443 } else { 80 };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = uri.port_u16().unwrap_or(default_port(uri));
    let patience = session.time_for_attempt(PATIENCE);
    let environment = EnvironmentProxy::read();
    let proxy = match environment.for_uri(uri) {
        Ok(proxy) => proxy,
        Err(error) => return Finding::Wrong(Explanation::new("the proxy cannot be used", &error, PROXY_SETTING)),
    };
    // A proxy connects in our place: it is the one that must be there.
    if let Some((proxy, address)) = proxy.and_then(|proxy| Some((proxy, proxy.origin().parse::<Uri>().ok()?))) {
        let host = address.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = address.port_u16().unwrap_or(default_port(&address));
        return match connect(host.clone(), port, patience) {
            Ok(address) => Finding::Fine(format!("the proxy at {address} answers")),
            Err(Obstacle::Name(error) | Obstacle::Way(error)) => Finding::Wrong(Explanation::new(
                &format!("the proxy at {host}, port {port} cannot be reached"),
                &error,
                &format!("correct or unset {}, or name the service's host in NO_PROXY", proxy.variable()),
            )),
        };
    }
    match connect(host.clone(), port, patience) {
        Ok(address) => Finding::Fine(format!("{address} answers")),
        Err(Obstacle::Name(error)) => Finding::Wrong(Explanation::new(
            &format!("the name {host} cannot be looked up"),
            &error,
            "check the spelling of the address, and that this machine is online and its name server works",
        )),
        Err(Obstacle::Way(error)) => Finding::Wrong(Explanation::new(
            &format!("nothing can be reached at {host}, port {port}"),
            &error,
            "check the address, and that no firewall is in the way; if there is a proxy to go through, set HTTPS_PROXY",
        )),
    }
}

/// What stands in the way.
enum Obstacle {
    /// The name is not known.
    Name(io::Error),
    /// Nobody answers there.
    Way(io::Error),
}

fn connect(host: String, port: u16, patience: Duration) -> Result<SocketAddr, Obstacle> {
    let (sender, resolved) = mpsc::channel();
    // A look-up cannot be called off: a thread waits for it, and is left to itself if it takes too long.
    thread::spawn(move || sender.send((host.as_str(), port).to_socket_addrs()));
    let until = Instant::now() + patience;
    let took_too_long = || io::Error::new(io::ErrorKind::TimedOut, "it took too long");
    let addresses = resolved.recv_timeout(patience).unwrap_or_else(|_| Err(took_too_long())).map_err(Obstacle::Name)?;
    connect_to_any(addresses, until).map_err(|error| Obstacle::Way(error.unwrap_or_else(took_too_long)))
}

/// The first of the addresses that answers; otherwise the last error, if there was one before time was up. All of them are
/// tried at once: the transports do not wait long for a dead one either.
fn connect_to_any(
    addresses: impl Iterator<Item = SocketAddr>,
    until: Instant,
) -> Result<SocketAddr, Option<io::Error>> {
    let left = || until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
    let (sender, outcomes) = mpsc::channel();
    for address in addresses {
        let (sender, patience) = (sender.clone(), left());
        thread::spawn(move || sender.send(TcpStream::connect_timeout(&address, patience).map(|_| address)));
    }
    drop(sender);
    let mut obstacle = None;
    while let Ok(outcome) = outcomes.recv_timeout(left()) {
        match outcome {
            Ok(address) => return Ok(address),
            Err(error) => obstacle = Some(error),
        }
    }
    Err(obstacle)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn dead_address_does_not_hide_a_live_one() {
        let [dead, live] = ["127.0.0.2:0", "127.0.0.1:0"].map(|address| TcpListener::bind(address).unwrap());
        let [dead, live] = [&dead, &live].map(|listener| listener.local_addr().unwrap());
        // Once its backlog is full, nobody answers there.
        let open = || TcpStream::connect_timeout(&dead, Duration::from_millis(300)).ok();
        let backlog: Vec<_> = std::iter::from_fn(open).take(10_000).collect();
        assert!(backlog.len() < 10_000);
        let start = Instant::now();
        let until = start + Duration::from_secs(5);
        assert_eq!(connect_to_any([dead, live].into_iter(), until).unwrap(), live);
        assert!(start.elapsed() < Duration::from_secs(1));
        assert!(connect_to_any([dead].into_iter(), start + Duration::from_millis(700)).is_err());
    }
}
