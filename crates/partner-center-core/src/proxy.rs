use crate::{Request, TransportError};
use std::{env, fmt, sync::Arc};

/// What the environment says of proxies, read by one rule for every transport.
///
/// The proxy for https is what the first of `HTTPS_PROXY`, `https_proxy`, `ALL_PROXY` and `all_proxy` names that is not
/// empty: an http or https URL. `NO_PROXY` (or `no_proxy`) lists the hosts that are reached without it, separated by
/// commas: `example.com` with all that is below it, `*` for all. Plain http goes to this machine only, and no proxy
/// stands between a machine and itself.
#[derive(Clone, Default)]
pub struct EnvironmentProxy {
    url: Option<String>,
    exempt: Vec<String>,
    problem: Option<Arc<str>>,
}

impl EnvironmentProxy {
    /// Reads the environment. A value that cannot be used is no error yet: it is one for the requests it is meant for.
    #[must_use]
    pub fn read() -> Self {
        Self::from_variables(|name| env::var(name).ok())
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let first = |names: &[&'static str]| {
            let set = names.iter().map(|name| (*name, variable(name).unwrap_or_default().trim().to_owned()));
            set.into_iter().find(|(_, value)| !value.is_empty())
        };
        let Some((name, value)) = first(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]) else {
            return Self::default();
        };
        let exempt = first(&["NO_PROXY", "no_proxy"]).map_or_else(Vec::new, |(_, hosts)| {
            hosts
                .split(',')
                .map(|host| host.trim().trim_start_matches('.').to_owned())
                .filter(|host| !host.is_empty())
                .collect()
        });
        let url = if value.contains("://") { value } else { format!("http://{value}") };
        let parsed: Option<http::Uri> = url.parse().ok();
        match parsed.as_ref().map(|url| (url.scheme_str(), url.host())) {
            Some((Some("http" | "https"), Some(host))) if !host.is_empty() => {
                Self { url: Some(url), exempt, problem: None }
            }
            // The value may hold a password, so it is not repeated.
            _ => Self {
                problem: Some(format!("{name} does not hold the URL of an http or https proxy").into()),
                ..Self::default()
            },
        }
    }

    /// The URL of the proxy for https, if there is one.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }

    /// The hosts that are reached without it, with all that is below them; `*` is every host.
    pub fn exempt(&self) -> impl Iterator<Item = &str> {
        self.exempt.iter().map(String::as_str)
    }

    /// The URL of the proxy that https requests to `host` go through, if they go through one.
    #[must_use]
    pub fn for_host(&self, host: &str) -> Option<&str> {
        let host = host.to_ascii_lowercase();
        let is_exempt = |exempt: &str| {
            let exempt = exempt.to_ascii_lowercase();
            exempt == "*" || host.strip_suffix(&exempt).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        self.url().filter(|_| !self.exempt().any(is_exempt))
    }

    /// Fails if the proxy that `request` is meant to go through cannot be used. To go around it would be worse.
    pub fn check(&self, request: &Request) -> Result<(), TransportError> {
        match &self.problem {
            Some(problem) if request.uri().scheme_str() == Some("https") => Err(TransportError::new(&**problem)),
            _ => Ok(()),
        }
    }
}

/// The URL may hold a password.
impl fmt::Debug for EnvironmentProxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("EnvironmentProxy").field("exempt", &self.exempt).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_rule_for_every_variable() {
        for (variables, expected) in [
            (&[][..], Ok(None)),
            (&[("HTTP_PROXY", "http://a:1")], Ok(None)),
            (&[("HTTPS_PROXY", ""), ("https_proxy", "http://b:1")], Ok(Some("http://b:1"))),
            (&[("ALL_PROXY", "http://c:1"), ("HTTPS_PROXY", "http://a:1")], Ok(Some("http://a:1"))),
            (&[("all_proxy", "user:secret@d:1")], Ok(Some("http://user:secret@d:1"))),
            (&[("ALL_PROXY", "socks5://secret@e:1")], Err("ALL_PROXY does not hold the URL of an http or https proxy")),
            (&[("HTTPS_PROXY", "not a url::")], Err("HTTPS_PROXY does not hold the URL of an http or https proxy")),
        ] {
            let find =
                |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            let proxy = EnvironmentProxy::from_variables(find);
            assert_eq!(proxy.problem.as_deref().map_or(Ok(proxy.url()), Err), expected, "{variables:?}");
        }
    }

    #[test]
    fn hosts_can_be_exempt() {
        let proxy = EnvironmentProxy::from_variables(|name| match name {
            "HTTPS_PROXY" => Some("http://a:1".to_owned()),
            "NO_PROXY" => Some(" example.com, .example.net,,10.0.0.1".to_owned()),
            _ => None,
        });
        assert_eq!(proxy.exempt().collect::<Vec<_>>(), ["example.com", "example.net", "10.0.0.1"]);
        for (host, is_exempt) in [
            ("example.com", true),
            ("API.Example.com", true),
            ("notexample.com", false),
            ("10.0.0.1", true),
            ("10.0.0.10", false),
            ("example.org", false),
        ] {
            assert_eq!(proxy.for_host(host).is_none(), is_exempt, "{host}");
        }
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_not_gone_around() {
        let proxy = EnvironmentProxy::from_variables(|name| (name == "ALL_PROXY").then(|| "socks5://a:1".to_owned()));
        let request = |uri: &str| http::Request::get(uri).body(Vec::new()).unwrap();
        assert!(proxy.check(&request("https://example.com")).is_err());
        assert!(proxy.check(&request("http://127.0.0.1:1")).is_ok());
    }
}
