//! Base URLs: validation, and which URLs are below one.

use http::{
    Uri,
    uri::{Authority, Scheme},
};
use std::{fmt, net::IpAddr};

/// The base URL of the service or of the authority: an origin, and an optional path prefix.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct BaseUrl {
    scheme: Scheme,
    /// The host in lower case, and the port unless it is the default one.
    authority: Authority,
    /// The path prefix: empty, or one that begins with `/` and does not end with it.
    path: String,
}

impl BaseUrl {
    /// Parses a base URL. Tokens must not be sent unencrypted, so plain http is accepted for loopback addresses only.
    pub(crate) fn parse(url: &str) -> Result<Self, &'static str> {
        let uri: Uri = url.trim().parse().map_err(|_| "is not a URL")?;
        let (Some(scheme), Some(host)) = (uri.scheme().cloned(), uri.host()) else {
            return Err("is not a complete URL, such as https://api.partnercenter.microsoft.com");
        };
        if uri.query().is_some() || url.contains(['#', '\\']) {
            return Err("must have neither query nor fragment");
        }
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        if authority.contains('@') {
            return Err("must not hold a user name");
        }
        // `http` accepts an invalid port, and characters after the bracket of an IPv6 address, and leaves them out.
        let is_plain = authority == host || uri.port_u16().is_some_and(|port| authority == format!("{host}:{port}"));
        if host.is_empty() || !is_plain {
            return Err("has no valid host and port");
        }
        let host = host.to_ascii_lowercase();
        let default_port = match scheme.as_str() {
            "https" => 443,
            "http" if is_loopback_host(&host) => 80,
            "http" => {
                return Err("must be https; plain http is allowed to this machine (loopback) only");
            }
            _ => return Err("must be an https URL"),
        };
        let path = uri.path().trim_end_matches('/');
        // The version is a part of the paths of the operations.
        let path = path.strip_suffix("/v1").unwrap_or(path).trim_end_matches('/');
        if has_dot_segment(path) {
            return Err("must not hold the path segments `.` or `..`");
        }
        let authority = match uri.port_u16().filter(|port| *port != default_port) {
            None => host,
            Some(port) => format!("{host}:{port}"),
        };
        let authority = authority.try_into().map_err(|_| "has no valid host and port")?;
        Ok(Self { scheme, authority, path: path.to_owned() })
    }

    /// Returns the host, in lower case.
    pub(crate) fn host(&self) -> &str {
        self.authority.host()
    }

    /// Returns the port, which is that of the scheme if the URL has none.
    pub(crate) fn port(&self) -> u16 {
        self.authority.port_u16().unwrap_or(if self.scheme == Scheme::HTTP { 80 } else { 443 })
    }

    /// Returns the URI of `target`, a path and query that begin with `/`.
    pub(crate) fn join_target(&self, target: &str) -> Result<Uri, http::Error> {
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(format!("{}{target}", self.path))
            .build()
    }

    /// Returns the part of an absolute `uri` that is below this URL, or `None` if it is elsewhere.
    pub(crate) fn strip_base_url<'a>(&self, uri: &'a str) -> Option<&'a str> {
        let (scheme, rest) = uri.split_once("://")?;
        let (authority, target) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let other = Self::parse(&format!("{scheme}://{authority}")).ok()?;
        if (&other.scheme, &other.authority) != (&self.scheme, &self.authority) {
            return None;
        }
        self.strip_base_path(target)
    }

    /// Returns the part of a path that is below the path of this URL.
    pub(crate) fn strip_base_path<'a>(&self, path: &'a str) -> Option<&'a str> {
        let below = path.strip_prefix(&self.path)?;
        (below.is_empty() || below.starts_with(['/', '?'])).then_some(below)
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}{}", self.scheme, self.authority, self.path)
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// Whether a path has a segment that URL parsers resolve: `.` or `..`, percent-encoded or not.
pub(crate) fn has_dot_segment(path: &str) -> bool {
    path.split('/').any(|segment| {
        let decoded = percent_encoding::percent_decode_str(segment).decode_utf8_lossy();
        decoded == "." || decoded == ".."
    })
}

fn is_loopback_host(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_validated() {
        for (text, expected) in [
            ("https://api.partnercenter.microsoft.com", Ok("https://api.partnercenter.microsoft.com")),
            ("HTTPS://API.Example.com:443/v1/", Ok("https://api.example.com")),
            ("https://example.com:8443/gateway/", Ok("https://example.com:8443/gateway")),
            ("http://127.0.0.1:8080", Ok("http://127.0.0.1:8080")),
            ("http://[::1]:8080", Ok("http://[::1]:8080")),
            ("http://localhost", Ok("http://localhost")),
            ("http://example.com", Err("must be https; plain http is allowed to this machine (loopback) only")),
            (
                "http://127.0.0.1.example.com",
                Err("must be https; plain http is allowed to this machine (loopback) only"),
            ),
            ("https://example.com:99999", Err("has no valid host and port")),
            ("https://[::1]x", Err("has no valid host and port")),
            ("https://:443", Err("has no valid host and port")),
            ("ftp://example.com", Err("must be an https URL")),
            ("https://user:secret@example.com", Err("must not hold a user name")),
            ("https://example.com?x=1", Err("must have neither query nor fragment")),
            ("https://example.com/a/../b", Err("must not hold the path segments `.` or `..`")),
            ("example.com", Err("is not a complete URL, such as https://api.partnercenter.microsoft.com")),
            ("", Err("is not a URL")),
        ] {
            let parsed = BaseUrl::parse(text).map(|url| url.to_string());
            assert_eq!(parsed.as_deref().map_err(|problem| *problem), expected, "{text}");
            assert_eq!(BaseUrl::parse(text).map(|url| format!("{url:?}")).ok(), parsed.ok());
        }
    }

    #[test]
    fn only_urls_below_the_base_url_are_stripped() {
        let base = BaseUrl::parse("https://example.com/gateway").unwrap();
        for (uri, expected) in [
            ("https://example.com/gateway/v1/customers", Some("/v1/customers")),
            ("https://EXAMPLE.com:443/gateway?a", Some("?a")),
            ("https://example.com/gatewayv1", None),
            ("https://example.com/other/v1/customers", None),
            ("https://example.com:444/gateway/v1/customers", None),
            ("http://example.com/gateway/v1/customers", None),
            ("https://example.com.evil.net/gateway/v1/customers", None),
            ("https://example.com@evil.net/gateway/v1/customers", None),
            ("https://user@example.com/gateway/v1/customers", None),
        ] {
            assert_eq!(base.strip_base_url(uri), expected, "{uri}");
        }
    }
}
