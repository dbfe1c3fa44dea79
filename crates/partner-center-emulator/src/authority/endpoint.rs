/// A version of the endpoints of Entra.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    V1,
    V2,
}

/// An endpoint of the authority. The path of each begins with a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Token(Version),
    /// The `OpenID` configuration.
    Configuration(Version),
    /// Instance discovery: the document with the aliases of an authority.
    Instances,
    /// The keys for the verification of tokens.
    Keys,
    /// An endpoint of Entra that the emulator does not have.
    Missing,
}

impl Endpoint {
    /// Returns the tenant and the endpoint at `path`, if it is one of the authority and not of the API.
    pub(crate) fn of(path: &str) -> Option<(&str, Self)> {
        let segments: Vec<_> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        let (tenant, endpoint) = segments.split_first()?;
        let endpoint = match endpoint {
            ["oauth2", "token"] => Self::Token(Version::V1),
            ["oauth2", "v2.0", "token"] => Self::Token(Version::V2),
            [".well-known", "openid-configuration"] => Self::Configuration(Version::V1),
            ["v2.0", ".well-known", "openid-configuration"] => Self::Configuration(Version::V2),
            ["discovery", "instance"] => Self::Instances,
            ["discovery", "keys"] | ["discovery", "v2.0", "keys"] => Self::Keys,
            ["oauth2" | "discovery", ..] => Self::Missing,
            _ => return None,
        };
        Some((tenant, endpoint))
    }

    /// Whether tokens are issued at `path`.
    pub(crate) fn is_token(path: &str) -> bool {
        matches!(Self::of(path), Some((_, Self::Token(_))))
    }
}

#[cfg(test)]
mod tests {
    use super::{Endpoint, Version};

    #[test]
    fn endpoint_is_found_below_any_tenant() {
        for (path, expected) in [
            ("/contoso.com/oauth2/v2.0/token", Some(("contoso.com", Endpoint::Token(Version::V2)))),
            ("/common//oauth2/token/", Some(("common", Endpoint::Token(Version::V1)))),
            ("/t/v2.0/.well-known/openid-configuration", Some(("t", Endpoint::Configuration(Version::V2)))),
            ("/t/.well-known/openid-configuration", Some(("t", Endpoint::Configuration(Version::V1)))),
            ("/common/discovery/instance", Some(("common", Endpoint::Instances))),
            ("/t/discovery/v2.0/keys", Some(("t", Endpoint::Keys))),
            ("/t/oauth2/v2.0/devicecode", Some(("t", Endpoint::Missing))),
            ("/contoso.com/oauth2/v2.0/token/more", Some(("contoso.com", Endpoint::Missing))),
            ("/oauth2/v2.0/token", None),
            ("/v1/customers", None),
            ("/v1/customers/11111111-2222-3333-4444-555555555555", None),
            ("/", None),
        ] {
            assert_eq!(Endpoint::of(path), expected, "{path}");
            assert_eq!(Endpoint::is_token(path), matches!(expected, Some((_, Endpoint::Token(_)))), "{path}");
        }
    }
}
