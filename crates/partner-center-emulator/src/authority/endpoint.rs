use http::Method;

/// The path of the page on which a user enters the code of a device.
pub(super) const DEVICE_LOGIN_PATH: &str = "devicelogin";

/// A version of the endpoints of Entra.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndpointVersion {
    V1,
    V2,
}

/// An endpoint of the authority. The path of each begins with a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AuthorityEndpoint {
    Token(EndpointVersion),
    /// Device codes, with which a user signs in on another device.
    DeviceCode(EndpointVersion),
    /// The page on which a user enters the code of a device. As with Entra, it is below no tenant.
    DeviceLogin,
    /// The page on which a user signs in for an application, which gets an authorization code.
    Authorize(EndpointVersion),
    /// The page on which an administrator consents for the tenant.
    AdminConsent,
    /// The `OpenID` configuration.
    Configuration(EndpointVersion),
    /// Instance discovery: the document with the aliases of an authority.
    Instances,
    /// The keys for the verification of tokens.
    Keys,
    /// An endpoint of Entra that the emulator does not have.
    Missing,
}

impl AuthorityEndpoint {
    /// Returns the tenant and the endpoint at `path`, if it is one of the authority and not of the API.
    pub(crate) fn tenant_and_endpoint_of_path(path: &str) -> Option<(&str, Self)> {
        let segments: Vec<_> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        let (tenant, endpoint) = segments.split_first()?;
        let endpoint = match endpoint {
            ["oauth2", "token"] => Self::Token(EndpointVersion::V1),
            ["oauth2", "v2.0", "token"] => Self::Token(EndpointVersion::V2),
            ["oauth2", "devicecode"] => Self::DeviceCode(EndpointVersion::V1),
            ["oauth2", "v2.0", "devicecode"] => Self::DeviceCode(EndpointVersion::V2),
            ["oauth2", "authorize"] => Self::Authorize(EndpointVersion::V1),
            ["oauth2", "v2.0", "authorize"] => Self::Authorize(EndpointVersion::V2),
            ["adminconsent"] => Self::AdminConsent,
            [] if *tenant == DEVICE_LOGIN_PATH => Self::DeviceLogin,
            [".well-known", "openid-configuration"] => Self::Configuration(EndpointVersion::V1),
            ["v2.0", ".well-known", "openid-configuration"] => Self::Configuration(EndpointVersion::V2),
            ["discovery", "instance"] => Self::Instances,
            ["discovery", "keys"] | ["discovery", "v2.0", "keys"] => Self::Keys,
            ["oauth2" | "discovery", ..] => Self::Missing,
            _ => return None,
        };
        Some((tenant, endpoint))
    }

    /// Returns the methods that the endpoint supports.
    pub(super) fn allowed_methods(self) -> &'static [Method] {
        match self {
            Self::Token(_) | Self::DeviceCode(_) => &[Method::POST],
            Self::DeviceLogin | Self::Authorize(_) | Self::AdminConsent => &[Method::GET, Method::POST],
            Self::Configuration(_) | Self::Instances | Self::Keys | Self::Missing => &[Method::GET],
        }
    }

    /// Whether tokens are issued at `path`.
    pub(crate) fn is_token_endpoint_path(path: &str) -> bool {
        matches!(Self::tenant_and_endpoint_of_path(path), Some((_, Self::Token(_))))
    }
}

#[cfg(test)]
mod tests {
    use super::{AuthorityEndpoint, EndpointVersion};

    #[test]
    fn endpoint_is_found_below_any_tenant() {
        for (path, expected) in [
            ("/contoso.com/oauth2/v2.0/token", Some(("contoso.com", AuthorityEndpoint::Token(EndpointVersion::V2)))),
            ("/common//oauth2/token/", Some(("common", AuthorityEndpoint::Token(EndpointVersion::V1)))),
            (
                "/t/v2.0/.well-known/openid-configuration",
                Some(("t", AuthorityEndpoint::Configuration(EndpointVersion::V2))),
            ),
            ("/t/.well-known/openid-configuration", Some(("t", AuthorityEndpoint::Configuration(EndpointVersion::V1)))),
            ("/common/discovery/instance", Some(("common", AuthorityEndpoint::Instances))),
            ("/t/discovery/v2.0/keys", Some(("t", AuthorityEndpoint::Keys))),
            ("/t/oauth2/v2.0/devicecode", Some(("t", AuthorityEndpoint::DeviceCode(EndpointVersion::V2)))),
            ("/t/oauth2/devicecode", Some(("t", AuthorityEndpoint::DeviceCode(EndpointVersion::V1)))),
            ("/t/oauth2/v2.0/authorize", Some(("t", AuthorityEndpoint::Authorize(EndpointVersion::V2)))),
            ("/t/oauth2/authorize", Some(("t", AuthorityEndpoint::Authorize(EndpointVersion::V1)))),
            ("/t/adminconsent", Some(("t", AuthorityEndpoint::AdminConsent))),
            ("/devicelogin", Some(("devicelogin", AuthorityEndpoint::DeviceLogin))),
            ("/t/oauth2/v2.0/logout", Some(("t", AuthorityEndpoint::Missing))),
            ("/contoso.com/oauth2/v2.0/token/more", Some(("contoso.com", AuthorityEndpoint::Missing))),
            ("/oauth2/v2.0/token", None),
            ("/v1/customers", None),
            ("/v1/customers/11111111-2222-3333-4444-555555555555", None),
            ("/", None),
        ] {
            assert_eq!(AuthorityEndpoint::tenant_and_endpoint_of_path(path), expected, "{path}");
            assert_eq!(
                AuthorityEndpoint::is_token_endpoint_path(path),
                matches!(expected, Some((_, AuthorityEndpoint::Token(_)))),
                "{path}"
            );
        }
    }
}
