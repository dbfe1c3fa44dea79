use super::{TokenError, endpoint::EndpointVersion};
use crate::query::decode_form_value;

/// The decoded fields of a token request (`application/x-www-form-urlencoded`).
pub(super) struct TokenRequestForm(Vec<(String, String)>);

/// The audience of a token.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TokenAudience {
    /// As the client wrote it.
    pub(super) resource: String,
    /// Whether the API no longer accepts tokens for it.
    pub(super) is_unsupported: bool,
}

impl TokenRequestForm {
    pub(super) fn parse(body: &[u8]) -> Self {
        let body = String::from_utf8_lossy(body);
        let fields = body.split('&').filter_map(|field| field.split_once('='));
        Self(fields.map(|(name, value)| (decode_form_value(name), decode_form_value(value))).collect())
    }

    pub(super) fn get_field(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether the field `scope` has this scope.
    pub(super) fn has_requested_scope(&self, scope: &str) -> bool {
        self.get_field("scope").is_some_and(|scopes| scopes.split(' ').any(|known| known == scope))
    }

    /// Returns the audience of the token: the field `resource` in version 1, and in version 2 the resource of the first scope that
    /// is not one of `OpenID` Connect.
    pub(super) fn requested_audience(&self, version: EndpointVersion) -> Result<TokenAudience, TokenError> {
        let resource = match version {
            EndpointVersion::V1 => self.get_field("resource").unwrap_or_default(),
            EndpointVersion::V2 => {
                let mut scopes = self.get_field("scope").unwrap_or_default().split(' ');
                let scope =
                    scopes.find(|scope| !scope.is_empty() && !OPENID_SCOPES.contains(scope)).unwrap_or_default();
                scope.rsplit_once('/').map_or(scope, |(resource, _)| resource)
            }
        };
        let is_unsupported = match resource.trim_end_matches('/') {
            "https://api.partnercenter.microsoft.com" | "https://partner.partnercenterapi.microsoftonline.cn" => false,
            "https://graph.windows.net" => true,
            _ => return Err(TokenError::UnknownAudience),
        };
        Ok(TokenAudience { resource: resource.to_owned(), is_unsupported })
    }
}

/// The scopes of `OpenID` Connect, which have no resource. Clients send them in any order.
const OPENID_SCOPES: [&str; 4] = ["openid", "profile", "email", "offline_access"];

#[cfg(test)]
mod tests {
    use super::{EndpointVersion, TokenError, TokenRequestForm};

    #[test]
    fn audience_is_that_of_the_first_scope_with_a_resource() {
        let api = "https://api.partnercenter.microsoft.com";
        for form in [
            format!("scope={api}/.default"),
            format!("scope=offline_access+openid+{api}/user_impersonation+profile"),
            format!("scope=openid%20{api}/.default%20https://graph.microsoft.com/.default"),
        ] {
            let audience = TokenRequestForm::parse(form.as_bytes()).requested_audience(EndpointVersion::V2).unwrap();
            assert_eq!((audience.resource.as_str(), audience.is_unsupported), (api, false), "{form}");
        }
        for form in ["scope=openid", "", "scope=https://graph.microsoft.com/.default"] {
            assert_eq!(
                TokenRequestForm::parse(form.as_bytes()).requested_audience(EndpointVersion::V2),
                Err(TokenError::UnknownAudience),
                "{form}"
            );
        }
    }
}
