use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use partner_center::Secret;
use serde_json::Value;

/// What an access token shows of its user, its tenant and its permissions. It is for messages alone: a token is opaque to clients,
/// and may be encrypted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TokenClaims {
    pub(super) user: Option<String>,
    /// Whether the user has given a second factor, which Partner Center requires.
    pub(super) has_second_factor: Option<bool>,
    /// The ID of the tenant that issued it.
    pub(super) tenant: Option<String>,
    /// The delegated permissions of the application (`scp`), and its own or the user's roles (`roles`).
    pub(super) permissions: Vec<String>,
}

/// The maximum length of a name, in characters.
const MAX_NAME_LENGTH: usize = 256;
/// The maximum number of permissions that are shown.
const MAX_PERMISSIONS: usize = 100;

impl TokenClaims {
    /// Reads the claims of a token; those of anything but a JWT are unknown.
    pub(super) fn from_access_token(token: &Secret) -> Self {
        let claims = token.expose().split('.').nth(1).and_then(|part| BASE64_URL_SAFE_NO_PAD.decode(part).ok());
        let Some(claims) = claims.and_then(|claims| serde_json::from_slice::<Value>(&claims).ok()) else {
            return Self::default();
        };
        let name = ["upn", "unique_name", "preferred_username"].into_iter().find_map(|name| claims[name].as_str());
        let methods = claims["amr"].as_array();
        let is_short = |name: &&str| name.chars().count() <= MAX_NAME_LENGTH;
        let delegated = claims["scp"].as_str().unwrap_or_default().split_whitespace();
        let roles = claims["roles"].as_array().into_iter().flatten().filter_map(Value::as_str);
        Self {
            user: name.filter(is_short).map(str::to_owned),
            has_second_factor: methods.map(|methods| methods.iter().any(|method| method == "mfa")),
            tenant: claims["tid"].as_str().filter(is_short).map(str::to_owned),
            permissions: delegated.chain(roles).filter(is_short).take(MAX_PERMISSIONS).map(str::to_owned).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_read_with_tolerance() {
        let token = |claims: &str| Secret::new(format!("e30.{}.sig", BASE64_URL_SAFE_NO_PAD.encode(claims)));
        let read = |claims: &str| TokenClaims::from_access_token(&token(claims));
        let claims = read(r#"{"upn":"agent@contoso.example","amr":["pwd","mfa"]}"#);
        assert_eq!((claims.user.as_deref(), claims.has_second_factor), (Some("agent@contoso.example"), Some(true)));
        assert_eq!(read(r#"{"amr":["pwd"]}"#).has_second_factor, Some(false));
        let claims = read(r#"{"tid":"f3a1","scp":"user_impersonation a.b","roles":["Reports.Read.All",7]}"#);
        assert_eq!(claims.tenant.as_deref(), Some("f3a1"));
        assert_eq!(claims.permissions, ["user_impersonation", "a.b", "Reports.Read.All"]);
        for other in ["[]", "", r#"{"upn":7,"amr":"mfa","tid":{},"scp":[],"roles":"x"}"#] {
            assert_eq!(read(other), TokenClaims::default(), "{other}");
        }
        assert_eq!(TokenClaims::from_access_token(&Secret::new("opaque")), TokenClaims::default());
    }
}
