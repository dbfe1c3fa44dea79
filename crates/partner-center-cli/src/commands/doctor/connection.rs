//! The check whether the address of the service, or of the proxy, accepts connections.

use super::report::CheckOutcome;
use crate::{
    error::{ErrorReport, PROXY_SETTING_ADVICE},
    session::Session,
};
use partner_center::transport::{EnvironmentProxy, http::Uri};
use std::{
    io,
    net::{SocketAddr, TcpStream, ToSocketAddrs},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// The default time limit of a connection, without `--timeout`.
const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Resolves the host and connects to it, or to the proxy.
pub(super) fn check_connection(uri: &Uri, session: &Session<'_>) -> CheckOutcome {
    let default_port = |uri: &Uri| if uri.scheme_str() == Some("https") { 443 } else { 80 };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = uri.port_u16().unwrap_or(default_port(uri));
    let timeout = session.attempt_timeout_within_deadline(DEFAULT_CONNECT_TIMEOUT);
    let environment = EnvironmentProxy::read();
    let proxy = match environment.for_uri(uri) {
        Ok(proxy) => proxy,
        Err(error) => {
            return CheckOutcome::Failed(ErrorReport::new("the proxy cannot be used", &error, PROXY_SETTING_ADVICE));
        }
    };
    // Requests go to the proxy, which connects to the service: only the proxy has to be reachable.
    if let Some((proxy, address)) = proxy.and_then(|proxy| Some((proxy, proxy.origin().parse::<Uri>().ok()?))) {
        let host = address.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = address.port_u16().unwrap_or(default_port(&address));
        return match resolve_and_connect(host.clone(), port, timeout) {
            Ok(address) => CheckOutcome::Passed(format!("the proxy at {address} accepts connections")),
            Err(ConnectError::Lookup(error) | ConnectError::Connection(error)) => {
                CheckOutcome::Failed(ErrorReport::new(
                    &format!("the proxy at {host}, port {port} cannot be reached"),
                    &error,
                    &format!("correct or unset {}, or name the service's host in NO_PROXY", proxy.variable()),
                ))
            }
        };
    }
    match resolve_and_connect(host.clone(), port, timeout) {
        Ok(address) => CheckOutcome::Passed(format!("{address} accepts connections")),
        Err(ConnectError::Lookup(error)) => CheckOutcome::Failed(ErrorReport::new(
            &format!("the host {host} cannot be resolved"),
            &error,
            "check the spelling of the address, and that this machine is online and its DNS server works",
        )),
        Err(ConnectError::Connection(error)) => CheckOutcome::Failed(ErrorReport::new(
            &format!("{host}, port {port} cannot be reached"),
            &error,
            "check the address, and that no firewall blocks it; if this machine needs a proxy, set HTTPS_PROXY",
        )),
    }
}

/// Why there is no connection.
enum ConnectError {
    /// The host cannot be resolved.
    Lookup(io::Error),
    /// No address accepts the connection.
    Connection(io::Error),
}

fn resolve_and_connect(host: String, port: u16, timeout: Duration) -> Result<SocketAddr, ConnectError> {
    let (sender, resolved) = mpsc::channel();
    // A lookup cannot be canceled: a thread waits for it, and is abandoned after the timeout.
    thread::spawn(move || sender.send((host.as_str(), port).to_socket_addrs()));
    let deadline = Instant::now() + timeout;
    let took_too_long = || io::Error::new(io::ErrorKind::TimedOut, "it took longer than the timeout");
    let addresses =
        resolved.recv_timeout(timeout).unwrap_or_else(|_| Err(took_too_long())).map_err(ConnectError::Lookup)?;
    connect_to_any_address(addresses, deadline)
        .map_err(|error| ConnectError::Connection(error.unwrap_or_else(took_too_long)))
}

/// Returns the first address that accepts a connection; otherwise the last error, if there was one before the deadline. All
/// addresses are tried in parallel, as the transports do not wait long for an unreachable one either (Happy Eyeballs).
fn connect_to_any_address(
    addresses: impl Iterator<Item = SocketAddr>,
    deadline: Instant,
) -> Result<SocketAddr, Option<io::Error>> {
    let left = || deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
    let (sender, outcomes) = mpsc::channel();
    for address in addresses {
        let (sender, timeout) = (sender.clone(), left());
        thread::spawn(move || sender.send(TcpStream::connect_timeout(&address, timeout).map(|_| address)));
    }
    drop(sender);
    let mut last_error = None;
    while let Ok(outcome) = outcomes.recv_timeout(left()) {
        match outcome {
            Ok(address) => return Ok(address),
            Err(error) => last_error = Some(error),
        }
    }
    Err(last_error)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn dead_address_does_not_hide_a_live_one() {
        let [dead, live] = ["127.0.0.2:0", "127.0.0.1:0"].map(|address| TcpListener::bind(address).unwrap());
        let [dead, live] = [&dead, &live].map(|listener| listener.local_addr().unwrap());
        // Once its backlog is full, the listener accepts no connection.
        let open = || TcpStream::connect_timeout(&dead, Duration::from_millis(300)).ok();
        let backlog: Vec<_> = std::iter::from_fn(open).take(10_000).collect();
        assert!(backlog.len() < 10_000);
        let start = Instant::now();
        let deadline = start + Duration::from_secs(5);
        assert_eq!(connect_to_any_address([dead, live].into_iter(), deadline).unwrap(), live);
        assert!(start.elapsed() < Duration::from_secs(1));
        assert!(connect_to_any_address([dead].into_iter(), start + Duration::from_millis(700)).is_err());
    }
}
