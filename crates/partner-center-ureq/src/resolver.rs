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

/// The time for which addresses are cached: short enough that a retry does not go to an address that has failed.
const ADDRESS_CACHE_LIFETIME: Duration = Duration::from_secs(2);

/// A resolver that caches the addresses of a host for [`ADDRESS_CACHE_LIFETIME`].
///
/// ureq resolves the host before each request, even if it then reuses a connection; and since a request has a timeout, it
/// starts a thread to do so. That more than doubles the CPU time of a call.
#[derive(Default)]
pub(crate) struct CachingResolver {
    resolver: DefaultResolver,
    cache: Mutex<HashMap<SchemeAndAuthority, (Instant, Vec<SocketAddr>)>>,
}

type SchemeAndAuthority = (Option<Scheme>, Option<Authority>);

impl Resolver for CachingResolver {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let host = (uri.scheme().cloned(), uri.authority().cloned());
        if let Some(addresses) = self.cached_addresses(&host) {
            return Ok(addresses);
        }
        let addresses = self.resolver.resolve(uri, config, timeout)?;
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.retain(|_, (since, _)| since.elapsed() < ADDRESS_CACHE_LIFETIME);
        cache.insert(host, (Instant::now(), addresses.to_vec()));
        Ok(addresses)
    }
}

impl CachingResolver {
    fn cached_addresses(&self, host: &SchemeAndAuthority) -> Option<ResolvedSocketAddrs> {
        let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, addresses) = cache.get(host).filter(|(since, _)| since.elapsed() < ADDRESS_CACHE_LIFETIME)?;
        let mut resolved = self.resolver.empty();
        for address in addresses {
            resolved.push(*address);
        }
        Some(resolved)
    }
}

impl fmt::Debug for CachingResolver {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("CachingResolver").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_is_resolved_again_after_the_cache_lifetime() {
        let resolver = CachingResolver::default();
        let timeouts = || NextTimeout { after: Duration::from_secs(5).into(), ..NextTimeout::default() };
        let resolve = |uri: &'static str| {
            let addresses = resolver.resolve(&Uri::from_static(uri), &Config::default(), timeouts());
            addresses.map(|addresses| addresses.to_vec())
        };
        assert_eq!(resolve("http://127.0.0.1/a").unwrap(), ["127.0.0.1:80".parse().unwrap()]);
        assert_eq!(resolve("https://127.0.0.1/a").unwrap(), ["127.0.0.1:443".parse().unwrap()]);
        assert_eq!(resolve("http://127.0.0.1:81/a").unwrap(), ["127.0.0.1:81".parse().unwrap()]);
        // Replace the cached addresses of the first host.
        let other: SocketAddr = "127.0.0.2:80".parse().unwrap();
        for (_, addresses) in resolver.cache.lock().unwrap().values_mut() {
            *addresses = vec![other];
        }
        assert_eq!(resolve("http://127.0.0.1/b").unwrap(), [other]);
        // After its lifetime, an entry is resolved again, and the expired ones are removed.
        for (since, _) in resolver.cache.lock().unwrap().values_mut() {
            *since = Instant::now().checked_sub(ADDRESS_CACHE_LIFETIME).unwrap();
        }
        assert_eq!(resolve("http://127.0.0.1/c").unwrap(), ["127.0.0.1:80".parse().unwrap()]);
        assert_eq!(resolver.cache.lock().unwrap().len(), 1);
    }
}
