use super::{TokenError, form::TokenRequestForm};
use crate::query::decode_form_value;
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use http::{HeaderMap, header::AUTHORIZATION};
use serde_json::Value;

/// The identifier and the secret that a client sends with a token request, not yet verified.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ClientCredentials {
    pub(super) id: String,
    pub(super) secret: Option<String>,
    /// A client assertion in place of a secret.
    pub(super) assertion: Option<String>,
}

impl ClientCredentials {
    /// Reads the credentials from the form or from `Authorization: Basic` (RFC 6749, section 2.3.1).
    pub(super) fn from_headers_or_form(headers: &HeaderMap, form: &TokenRequestForm) -> Result<Self, TokenError> {
        let field = |name| form.get_field(name).map(str::to_owned);
        let (id, secret, assertion) = (field("client_id"), field("client_secret"), field("client_assertion"));
        let Some(basic) = base64_of_basic_authorization(headers) else {
            return Ok(Self { id: id.unwrap_or_default(), secret, assertion });
        };
        let basic = Self::parse_basic_credentials(basic).ok_or(TokenError::InvalidClient)?;
        // The standard allows one method of authentication per request; `client_id` alone is not one.
        if secret.is_some() || id.is_some_and(|id| id != basic.id) {
            return Err(TokenError::InvalidRequest);
        }
        Ok(basic)
    }

    fn parse_basic_credentials(credentials: &str) -> Option<Self> {
        let credentials = String::from_utf8(BASE64_STANDARD.decode(credentials).ok()?).ok()?;
        let (id, secret) = credentials.split_once(':')?;
        Some(Self { id: decode_form_value(id), secret: Some(decode_form_value(secret)), assertion: None })
    }
}

/// Whether `assertion` is a client assertion for this client (RFC 7523): a JWT that names the client and the token endpoint, or the
/// audience of a federated identity. The emulator knows no keys, so that any signature is right.
pub(super) fn is_valid_client_assertion(assertion: &str, client_id: &str, now: u64) -> bool {
    let parts: Vec<_> = assertion.split('.').collect();
    let [_, claims, signature] = parts[..] else { return false };
    let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).ok().and_then(|claims| serde_json::from_slice(&claims).ok());
    let Some(claims): Option<Value> = claims else { return false };
    let audience = claims["aud"].as_str().unwrap_or_default();
    let is_own = claims["iss"] == client_id && claims["sub"] == client_id && audience.ends_with("/token");
    let is_valid_now = claims["exp"].as_u64().is_some_and(|expires| expires > now);
    !signature.is_empty() && is_valid_now && (is_own || audience == "api://AzureADTokenExchange")
}

/// Returns the credentials after `Basic` in `Authorization`.
pub(super) fn base64_of_basic_authorization(headers: &HeaderMap) -> Option<&str> {
    let (scheme, credentials) = headers.get(AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("basic").then(|| credentials.trim())
}

#[cfg(test)]
mod tests {
    use super::{ClientCredentials, TokenError, TokenRequestForm};
    use base64::{Engine, prelude::BASE64_STANDARD};
    use http::{HeaderMap, header::AUTHORIZATION};

    fn read(basic: Option<&str>, form: &str) -> Result<ClientCredentials, TokenError> {
        let value = basic.map(|credentials| format!("Basic {}", BASE64_STANDARD.encode(credentials)).parse().unwrap());
        let headers: HeaderMap = value.map(|value| (AUTHORIZATION, value)).into_iter().collect();
        ClientCredentials::from_headers_or_form(&headers, &TokenRequestForm::parse(form.as_bytes()))
    }

    fn credentials(id: &str, secret: Option<&str>) -> ClientCredentials {
        ClientCredentials { id: id.to_owned(), secret: secret.map(str::to_owned), assertion: None }
    }

    #[test]
    fn credentials_are_read_from_the_form_or_the_header() {
        assert_eq!(read(None, "client_id=a&client_secret=b%2B+c"), Ok(credentials("a", Some("b+ c"))));
        assert_eq!(read(None, "client_id=a"), Ok(credentials("a", None)));
        assert_eq!(read(Some("a:b%2B+c%3A"), "client_id=a"), Ok(credentials("a", Some("b+ c:"))));
        assert_eq!(read(Some("a:b:c"), ""), Ok(credentials("a", Some("b:c"))));
    }

    #[test]
    fn credentials_are_rejected_if_ambiguous_or_malformed() {
        assert_eq!(read(Some("a:b"), "client_secret=b"), Err(TokenError::InvalidRequest));
        assert_eq!(read(Some("a:b"), "client_id=other"), Err(TokenError::InvalidRequest));
        assert_eq!(read(Some("a"), ""), Err(TokenError::InvalidClient));
        let headers = HeaderMap::from_iter([(AUTHORIZATION, "basic %%%".parse().unwrap())]);
        assert_eq!(
            ClientCredentials::from_headers_or_form(&headers, &TokenRequestForm::parse(b"")),
            Err(TokenError::InvalidClient)
        );
    }
}
