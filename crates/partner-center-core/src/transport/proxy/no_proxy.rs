//! The hosts that are reached without a proxy.

use http::Uri;
use ipnet::IpNet;
use std::{
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

/// The entries of `NO_PROXY`; [`EnvironmentProxy`](crate::EnvironmentProxy) describes them.
#[derive(Clone, Debug, Default)]
pub(super) struct NoProxy(Arc<[NoProxyEntry]>);

#[derive(Debug, PartialEq, Eq)]
struct NoProxyEntry {
    hosts: HostPattern,
    /// The port that the entry is limited to, if it is.
    port: Option<u16>,
}

#[derive(Debug, PartialEq, Eq)]
enum HostPattern {
    /// The addresses of a network, or a single address.
    Network(IpNet),
    /// A name, and every name below it.
    Domain(String),
    /// Names and addresses, with `*` for any characters.
    Pattern(String),
}

impl NoProxy {
    pub(super) fn parse(list: &str) -> Self {
        let entries = list.split(|character: char| character == ',' || character.is_whitespace());
        let parsed = entries.filter(|entry| !entry.is_empty()).filter_map(|entry| {
            let parsed = NoProxyEntry::parse_entry(&entry.to_ascii_lowercase());
            if parsed.is_none() {
                tracing::warn!(entry, "NO_PROXY has an entry that is not a host, a network or a pattern");
            }
            parsed
        });
        Self(parsed.collect())
    }

    /// Whether the host of `uri`, which is that of an https server, is one of these.
    pub(super) fn contains_uri(&self, uri: &Uri) -> bool {
        const HTTPS_PORT: u16 = 443;
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_ascii_lowercase();
        let host = host.trim_end_matches('.');
        let address = host.parse().ok().map(|address: IpAddr| address.to_canonical());
        let port = uri.port_u16().unwrap_or(HTTPS_PORT);
        self.0.iter().any(|entry| entry.port.is_none_or(|only| only == port) && entry.hosts.matches_host(host, address))
    }
}

impl NoProxyEntry {
    /// Parses an entry in lower case; `None` if it is invalid.
    fn parse_entry(entry: &str) -> Option<Self> {
        if let Some(network) = parse_network(entry) {
            return Some(Self { hosts: HostPattern::Network(network), port: None });
        }
        let (hosts, port) = match entry.rsplit_once(':') {
            Some((hosts, port)) => (hosts, Some(port.parse().ok()?)),
            None => (entry, None),
        };
        let hosts = match parse_network(hosts) {
            Some(network) => HostPattern::Network(network),
            None => HostPattern::from_host_name(hosts)?,
        };
        Some(Self { hosts, port })
    }
}

impl HostPattern {
    fn from_host_name(name: &str) -> Option<Self> {
        let domain = name.strip_prefix("*.").or(name.strip_prefix('.')).unwrap_or(name).trim_end_matches('.');
        if !domain.is_empty() && domain.chars().all(is_name_character) {
            return Some(Self::Domain(domain.to_owned()));
        }
        let name = name.trim_end_matches('.');
        let is_pattern =
            name.contains('*') && name.chars().all(|character| character == '*' || is_name_character(character));
        is_pattern.then(|| Self::Pattern(name.to_owned()))
    }

    fn matches_host(&self, host: &str, address: Option<IpAddr>) -> bool {
        match self {
            Self::Network(network) => address.is_some_and(|address| network.contains(&address)),
            // Addresses have no subdomains: `0.0.1` is not the parent of `10.0.0.1`.
            Self::Domain(_) if address.is_some() => false,
            Self::Domain(domain) => {
                host.strip_suffix(domain.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
            Self::Pattern(pattern) => matches_wildcard_pattern(pattern, host),
        }
    }
}

/// Whether a character is valid in the name of a host in a URL; names in other scripts are encoded as `xn--...`.
fn is_name_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.')
}

/// Parses a network or an address; an IPv6 address may be in brackets (`[fd00::1]`, `[fd00::]/8`).
fn parse_network(entry: &str) -> Option<IpNet> {
    let bare = match entry.strip_prefix('[') {
        Some(bracketed) => {
            let (address, mask) =
                bracketed.split_once(']').filter(|(_, mask)| mask.is_empty() || mask.starts_with('/'))?;
            format!("{}{mask}", address.parse::<Ipv6Addr>().ok()?)
        }
        None => entry.to_owned(),
    };
    let address = |address: IpAddr| IpNet::from(address.to_canonical());
    bare.parse().ok().or_else(|| bare.parse().ok().map(address))
}

/// Whether `host` matches `pattern`, in which `*` stands for any number of characters.
fn matches_wildcard_pattern(pattern: &str, host: &str) -> bool {
    let mut parts = pattern.split('*');
    let (Some(first), Some(last)) = (parts.next(), parts.next_back()) else { return pattern == host };
    // The rest between the first and the last part, in which the other parts are found one after the other, each as early as possible.
    let middle = host.strip_prefix(first).and_then(|rest| rest.strip_suffix(last));
    let found = middle.and_then(|rest| parts.try_fold(rest, |rest, part| Some(rest.split_once(part)?.1)));
    found.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The table that the tests of the transports and of `doctor` use as well: entries, URL, and whether the host is
    /// reached without the proxy.
    const TABLE: &str = include_str!("no_proxy.txt");

    fn is_direct(list: &str, url: &str) -> bool {
        NoProxy::parse(list).contains_uri(&url.parse().unwrap())
    }

    #[test]
    fn entries_of_each_kind_match_their_hosts() {
        for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
            let [list, url, expected] = line.split('|').map(str::trim).collect::<Vec<_>>()[..] else {
                panic!("{line}")
            };
            assert_eq!(is_direct(list, url), expected == "direct", "{line}");
        }
    }

    #[test]
    fn networks_match_their_addresses_only() {
        for (list, url, expected) in [
            ("10.0.0.0/8", "https://10.255.255.255", true),
            ("10.1.2.3/8", "https://10.9.9.9", true),
            ("10.0.0.0/8", "https://11.0.0.0", false),
            ("192.168.1.0/25", "https://192.168.1.127", true),
            ("192.168.1.0/25", "https://192.168.1.128", false),
            ("0.0.0.0/0", "https://203.0.113.7", true),
            ("0.0.0.0/0", "https://[2001:db8::1]", false),
            ("2001:db8::/32", "https://[2001:db8:ffff::1]", true),
            ("2001:db8::/32", "https://[2001:db9::1]", false),
            ("10.0.0.0/8", "https://[::ffff:10.1.2.3]", true),
            ("::ffff:10.1.2.3", "https://10.1.2.3", true),
            ("10.0.0.0/33", "https://10.0.0.0", false),
            ("10.0.0.0/8", "https://10.example.com", false),
            ("0.0.1", "https://10.0.0.1", false),
            ("*.0.0.1", "https://10.0.0.1", false),
        ] {
            assert_eq!(is_direct(list, url), expected, "{list} {url}");
        }
    }

    #[test]
    fn invalid_entries_are_rejected() {
        for entry in
            ["a b:c", "[10.0.0.1]", "[fd00::1", "fd00::1]", "host:port", "host:70000", "http://example.com", ":1", ""]
        {
            assert!(NoProxyEntry::parse_entry(entry).is_none(), "{entry}");
        }
    }

    proptest! {
        #[test]
        fn any_list_and_host_is_accepted_without_a_panic(list in "[*.:/\\[\\]a1, -]{0,20}", host in "[a1.-]{1,12}") {
            if let Ok(uri) = format!("https://{host}").parse::<Uri>() {
                NoProxy::parse(&list).contains_uri(&uri);
            }
        }

        #[test]
        fn pattern_matches_a_host_made_of_its_parts(parts in prop::collection::vec("[ab.]{0,3}", 1..5), fill in "[ab.]{0,3}") {
            prop_assert!(matches_wildcard_pattern(&parts.join("*"), &parts.join(&fill)) || parts.len() == 1 && fill.is_empty());
        }

        #[test]
        fn network_matches_as_its_mask_does(address: u32, other: u32, length in 0u8..=32) {
            let (address, other) = (std::net::Ipv4Addr::from_bits(address), std::net::Ipv4Addr::from_bits(other));
            let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
            let expected = address.to_bits() & mask == other.to_bits() & mask;
            prop_assert_eq!(is_direct(&format!("{address}/{length}"), &format!("https://{other}")), expected);
        }

        #[test]
        fn domain_matches_its_subdomains_only(label in "[a-z]{1,8}", domain in "[a-z]{1,8}\\.example") {
            let below = format!("https://{label}.{domain}");
            let beside = format!("https://{label}{domain}");
            for entry in [domain.clone(), format!(".{domain}"), format!("*.{domain}"), format!("{}.", domain.to_uppercase())] {
                prop_assert!(is_direct(&entry, &below) && !is_direct(&entry, &beside), "{}", entry);
            }
        }
    }
}
