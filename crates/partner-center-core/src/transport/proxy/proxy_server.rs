use http::Uri;
use std::{fmt, sync::Arc};

/// A proxy server, and the variable that names it. `Display` and `Debug` omit its user and password, which only
/// [`url`](Self::url) returns.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyServer {
    url: Arc<str>,
    origin: Arc<str>,
    variable: &'static str,
}

impl ProxyServer {
    /// Parses the value of a variable; `None` if it is not the URL of an http or https proxy.
    pub(super) fn parse(variable: &'static str, value: &str) -> Option<Self> {
        let url = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
        let parsed: Uri = url.parse().ok()?;
        let scheme = parsed.scheme_str().filter(|scheme| matches!(*scheme, "http" | "https"))?;
        let host = parsed.host().filter(|host| !host.is_empty())?;
        let authority = parsed.authority()?.as_str();
        let host_and_port = authority.rsplit_once('@').map_or(authority, |(_, host_and_port)| host_and_port);
        // `http` accepts an invalid port, and characters after the bracket of an IPv6 address, and leaves them out.
        let is_complete =
            host_and_port == host || parsed.port_u16().is_some_and(|port| host_and_port == format!("{host}:{port}"));
        is_complete.then(|| Self { origin: format!("{scheme}://{host_and_port}").into(), url: url.into(), variable })
    }

    /// Returns the URL of the proxy, with its user and password if it has them.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the URL of the proxy without user and password, which may be shown.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Returns the name of the environment variable that names the proxy.
    #[must_use]
    pub fn variable(&self) -> &'static str {
        self.variable
    }
}

impl fmt::Display for ProxyServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the proxy {} that {} names", self.origin, self.variable)
    }
}

impl fmt::Debug for ProxyServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin, variable, .. } = self;
        formatter
            .debug_struct("ProxyServer")
            .field("origin", origin)
            .field("variable", variable)
            .finish_non_exhaustive()
    }
}
