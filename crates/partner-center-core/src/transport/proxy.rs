//! The proxy settings of the environment: which proxy a request goes through.

mod no_proxy;
mod proxy_server;

pub use proxy_server::ProxyServer;

use crate::TransportError;
use http::Uri;
use no_proxy::NoProxy;
use std::{env, fmt, sync::Arc};

/// The proxy that the environment names, and the hosts that are reached without it: the same rules for every transport.
///
/// # The proxy
///
/// The proxy for https is that of the first of `HTTPS_PROXY`, `https_proxy`, `ALL_PROXY` and `all_proxy` that is not
/// empty: the URL of an http or https proxy (`http://` may be omitted), with a user and a password if the proxy
/// requires them (`http://user:password@proxy.example:8080`). Plain http is for loopback addresses only, which are
/// reached without a proxy.
///
/// # The hosts that are reached without it
///
/// `NO_PROXY`, or `no_proxy` if that is empty, lists them, separated by commas or spaces. Case does not matter, nor
/// does a dot at the end of a name. An entry is one of:
///
/// | entry | hosts |
/// |---|---|
/// | `*` | every host |
/// | `contoso.com`, `.contoso.com`, `*.contoso.com` | `contoso.com` and every name below it |
/// | `10.1.2.3`, `fd00::1`, `[fd00::1]` | that address |
/// | `10.0.0.0/8`, `fd00::/8` | every address of that network |
/// | `10.*`, `api-*.contoso.com` | names and addresses of that pattern; `*` stands for any characters, or none |
///
/// An entry with a port at its end (`contoso.com:8443`, `10.0.0.0/8:8443`, `[fd00::1]:8443`, `*:8443`) holds for that
/// port only; an https URL without a port has the port 443. Addresses and networks are compared with the host as it is
/// in the URL: no name is resolved. An entry that is none of these is logged as a warning and ignored.
#[derive(Clone, Default)]
pub struct EnvironmentProxy {
    proxy: Option<Result<ProxyServer, Arc<str>>>,
    no_proxy: NoProxy,
}

impl EnvironmentProxy {
    /// Reads the environment. An invalid value is not an error yet, but one of each request that would go through the proxy.
    #[must_use]
    pub fn read() -> Self {
        Self::from_environment_variables(|name| env::var(name).ok())
    }

    /// Returns the proxy that a request to `uri` goes through, or `None` if it is sent directly.
    ///
    /// # Errors
    ///
    /// [`TransportErrorKind::ProxySetting`](crate::TransportErrorKind::ProxySetting) if the value of the variable is
    /// invalid: to send the request without the proxy could expose it to a network that it must not use.
    pub fn for_uri(&self, uri: &Uri) -> Result<Option<&ProxyServer>, TransportError> {
        if uri.scheme_str() != Some("https") || self.no_proxy.contains_uri(uri) {
            return Ok(None);
        }
        match &self.proxy {
            Some(Err(problem)) => Err(TransportError::proxy_setting(&**problem)),
            Some(Ok(proxy)) => Ok(Some(proxy)),
            None => Ok(None),
        }
    }

    /// Whether the environment names a proxy, valid or not.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.proxy.is_some()
    }

    /// Returns the proxy of the environment, whichever hosts are reached without it; `None` if there is none, or its
    /// URL is invalid.
    #[must_use]
    pub fn server(&self) -> Option<&ProxyServer> {
        self.proxy.as_ref()?.as_ref().ok()
    }

    fn from_environment_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let first = |names: &[&'static str]| {
            let set = names.iter().map(|name| (*name, variable(name).unwrap_or_default().trim().to_owned()));
            set.into_iter().find(|(_, value)| !value.is_empty())
        };
        let proxy = first(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]).map(|(variable, value)| {
            // The value may hold a password, so it is not shown.
            let problem = || format!("{variable} does not hold the URL of an http or https proxy").into();
            ProxyServer::parse(variable, &value).ok_or_else(problem)
        });
        let no_proxy =
            first(&["NO_PROXY", "no_proxy"]).map_or_else(NoProxy::default, |(_, list)| NoProxy::parse(&list));
        Self { proxy, no_proxy }
    }
}

impl fmt::Debug for EnvironmentProxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { proxy, no_proxy } = self;
        formatter.debug_struct("EnvironmentProxy").field("proxy", proxy).field("no_proxy", no_proxy).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the proxy for `uri`, with the name of the variable.
    fn route(variables: &[(&str, &str)], uri: &str) -> Result<Option<(String, &'static str)>, String> {
        let find =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let proxy = EnvironmentProxy::from_environment_variables(find);
        let proxy = proxy.for_uri(&uri.parse().unwrap());
        proxy
            .map(|proxy| proxy.map(|proxy| (proxy.url().to_owned(), proxy.variable())))
            .map_err(|error| std::error::Error::source(&error).unwrap().to_string())
    }

    #[test]
    fn variables_are_read_in_order() {
        for (variables, expected) in [
            (&[][..], Ok(None)),
            (&[("HTTP_PROXY", "http://a:1")], Ok(None)),
            (&[("HTTPS_PROXY", " "), ("https_proxy", "http://b:1")], Ok(Some(("http://b:1", "https_proxy")))),
            (&[("https_proxy", "http://b:1"), ("HTTPS_PROXY", "http://a:1")], Ok(Some(("http://a:1", "HTTPS_PROXY")))),
            (&[("ALL_PROXY", "http://c:1"), ("https_proxy", "http://b:1")], Ok(Some(("http://b:1", "https_proxy")))),
            (&[("all_proxy", "user:secret@d:1")], Ok(Some(("http://user:secret@d:1", "all_proxy")))),
            (&[("all_proxy", "http://d:1"), ("ALL_PROXY", "http://c:1")], Ok(Some(("http://c:1", "ALL_PROXY")))),
            (&[("ALL_PROXY", "socks5://secret@e:1")], Err("ALL_PROXY does not hold the URL of an http or https proxy")),
            (&[("HTTPS_PROXY", "not a url::")], Err("HTTPS_PROXY does not hold the URL of an http or https proxy")),
            (
                &[("HTTPS_PROXY", "http://user:hush@[bad")],
                Err("HTTPS_PROXY does not hold the URL of an http or https proxy"),
            ),
            (&[("HTTPS_PROXY", "http://a:99999")], Err("HTTPS_PROXY does not hold the URL of an http or https proxy")),
            (&[("HTTPS_PROXY", "http://[::1]x")], Err("HTTPS_PROXY does not hold the URL of an http or https proxy")),
            (&[("HTTPS_PROXY", "http://[::1]:8080")], Ok(Some(("http://[::1]:8080", "HTTPS_PROXY")))),
            (&[("HTTPS_PROXY", "http://a:1"), ("no_proxy", "example.com")], Ok(None)),
            (
                &[("HTTPS_PROXY", "http://a:1"), ("NO_PROXY", "example.net"), ("no_proxy", "example.com")],
                Ok(Some(("http://a:1", "HTTPS_PROXY"))),
            ),
            (&[("HTTPS_PROXY", "http://a:1"), ("NO_PROXY", ""), ("no_proxy", "example.com")], Ok(None)),
        ] {
            let expected = expected
                .map(|proxy| proxy.map(|(url, variable): (&str, _)| (url.to_owned(), variable)))
                .map_err(str::to_owned);
            assert_eq!(route(variables, "https://example.com"), expected, "{variables:?}");
        }
    }

    #[test]
    fn invalid_proxy_is_set() {
        for (value, is_set) in [("socks5://a:1", true), ("http://a:1", true), (" ", false)] {
            let proxy =
                EnvironmentProxy::from_environment_variables(|name| (name == "ALL_PROXY").then(|| value.to_owned()));
            assert_eq!(proxy.is_set(), is_set, "{value}");
        }
    }

    #[test]
    fn invalid_proxy_is_not_bypassed() {
        let variables = [("ALL_PROXY", "socks5://a:1"), ("NO_PROXY", "example.net")];
        assert!(route(&variables, "https://example.com").is_err());
        assert_eq!(route(&variables, "https://example.net"), Ok(None));
        assert_eq!(route(&variables, "http://127.0.0.1:1"), Ok(None));
    }

    #[test]
    fn password_of_a_proxy_is_not_shown() {
        for value in ["http://user:hush@proxy.example:8080", "user:hush@proxy.example:8080"] {
            let proxy =
                EnvironmentProxy::from_environment_variables(|name| (name == "HTTPS_PROXY").then(|| value.to_owned()));
            let server = proxy.server().unwrap();
            assert_eq!(server.to_string(), "the proxy http://proxy.example:8080 that HTTPS_PROXY names");
            assert!(server.url().contains("hush") && !format!("{proxy:?} {server:?}").contains("hush"));
        }
    }
}
