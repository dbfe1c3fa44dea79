use partner_center_core::http::{
    Uri,
    uri::{Authority, Scheme},
};
use std::{
    collections::HashMap,
    fmt,
    net::SocketAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};
use ureq::{
    Error,
    config::Config,
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::NextTimeout,
    },
};

/// How long the addresses of a host are good for: not so long that all attempts of a call go to one that has died.
const MEMORY: Duration = Duration::from_secs(2);

/// Knows the addresses of a host for a while.
///
/// ureq asks for them before each request, also where a connection is kept; and since a request has a time limit, it asks in a
/// new thread each time. That more than doubles what a call costs.
#[derive(Default)]
pub(crate) struct Remembering {
    resolver: DefaultResolver,
    known: Mutex<HashMap<Host, (Instant, Vec<SocketAddr>)>>,
}

type Host = (Option<Scheme>, Option<Authority>);

impl Resolver for Remembering {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let host = (uri.scheme().cloned(), uri.authority().cloned());
        if let Some(addresses) = self.recall(&host) {
            return Ok(addresses);
        }
        let addresses = self.resolver.resolve(uri, config, timeout)?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (since, _)| since.elapsed() < MEMORY);
        known.insert(host, (Instant::now(), addresses.to_vec()));
        Ok(addresses)
    }
}

impl Remembering {
    fn recall(&self, host: &Host) -> Option<ResolvedSocketAddrs> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, addresses) = known.get(host).filter(|(since, _)| since.elapsed() < MEMORY)?;
        let mut recalled = self.resolver.empty();
        for address in addresses {
            recalled.push(*address);
        }
        Some(recalled)
    }
}

impl fmt::Debug for Remembering {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Remembering").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_looked_up_once_in_a_while() {
        let resolver = Remembering::default();
        let timeouts = || NextTimeout { after: Duration::from_secs(5).into(), ..NextTimeout::default() };
        let resolve = |uri: &'static str| {
            let addresses = resolver.resolve(&Uri::from_static(uri), &Config::default(), timeouts());
            addresses.map(|addresses| addresses.to_vec())
        };
        assert_eq!(resolve("http://127.0.0.1/a").unwrap(), ["127.0.0.1:80".parse().unwrap()]);
        assert_eq!(resolve("https://127.0.0.1/a").unwrap(), ["127.0.0.1:443".parse().unwrap()]);
        assert_eq!(resolve("http://127.0.0.1:81/a").unwrap(), ["127.0.0.1:81".parse().unwrap()]);
        // From now on another address stands for the first.
        let other: SocketAddr = "127.0.0.2:80".parse().unwrap();
        for (_, addresses) in resolver.known.lock().unwrap().values_mut() {
            *addresses = vec![other];
        }
        assert_eq!(resolve("http://127.0.0.1/b").unwrap(), [other]);
        // When its time is over, it is looked up again.
        for (since, _) in resolver.known.lock().unwrap().values_mut() {
            *since = Instant::now().checked_sub(MEMORY).unwrap();
        }
        assert_eq!(resolve("http://127.0.0.1/c").unwrap(), ["127.0.0.1:80".parse().unwrap()]);
        assert_eq!(resolver.known.lock().unwrap().len(), 1);
    }
}
