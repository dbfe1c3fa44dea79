use crate::{
    auth::{
        AppRegistration, TokenError,
        grants::{Grant, scope_with_offline_access},
    },
    base_url::BaseUrl,
    error::BoxError,
    request::percent_encode,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use http::{Response, StatusCode, Uri};
use partner_center_models::Secret;
use percent_encoding::percent_decode_str;
use serde_json::json;
use std::fmt;
use uuid::Uuid;

/// A request for the authorization of a user, who grants it in a browser; see
/// [`SignIn::begin_authorization`](super::SignIn::begin_authorization).
///
/// It has a proof key ([RFC 7636](https://www.rfc-editor.org/rfc/rfc7636)): a program that intercepts the code cannot redeem it.
pub struct AuthorizationRequest {
    url: String,
    redirect_uri: String,
    /// The value that the response returns: it shows that it is a response to this request.
    state: String,
    code_verifier: Secret,
}

impl AuthorizationRequest {
    /// Returns the URL that the user opens in a browser.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether `query`, of a request to the redirect URI, is the response to this request. Browsers and other programs may send
    /// others, which are to be ignored.
    #[must_use]
    pub fn is_response(&self, query: &str) -> bool {
        let has = |name| find_query_parameter(query, name).is_some();
        find_query_parameter(query, "state").as_deref() == Some(&self.state) && (has("code") || has("error"))
    }

    pub(super) fn new(
        app: &AppRegistration,
        authority: &BaseUrl,
        scope: &str,
        redirect_uri: &str,
    ) -> Result<Self, BoxError> {
        let uri: Uri = redirect_uri.parse().map_err(|_| "the redirect URI is not a URL")?;
        if uri.scheme().is_none() || uri.host().is_none() || uri.query().is_some() || redirect_uri.contains('#') {
            return Err(
                "the redirect URI must be a URL without query and fragment, such as http://localhost:8400".into()
            );
        }
        let state = Uuid::new_v4().simple().to_string();
        // 64 characters with 244 random bits.
        let code_verifier = Secret::new(format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple()));
        let scope = scope_with_offline_access(scope);
        let code_challenge = code_challenge(&code_verifier);
        let parameters = [
            ("client_id", app.client_id.as_str()),
            ("response_type", "code"),
            ("redirect_uri", redirect_uri),
            ("response_mode", "query"),
            ("scope", &scope),
            ("state", &state),
            ("code_challenge", &code_challenge),
            ("code_challenge_method", "S256"),
            // Otherwise the account that the browser knows is taken, which may be one of a customer.
            ("prompt", "select_account"),
        ];
        let query: Vec<_> =
            parameters.iter().map(|(name, value)| format!("{name}={}", percent_encode(value))).collect();
        let target = format!("/{}/oauth2/v2.0/authorize?{}", app.tenant, query.join("&"));
        let url = authority.join_target(&target)?.to_string();
        Ok(Self { url, redirect_uri: redirect_uri.to_owned(), state, code_verifier })
    }

    /// Returns the grant of an authorization code.
    pub(super) fn authorization_code_grant<'a>(&'a self, code: &'a Secret) -> Grant<'a> {
        Grant::AuthorizationCode { code, redirect_uri: &self.redirect_uri, code_verifier: &self.code_verifier }
    }

    /// Reads the authorization code of the response, or the error of the authority.
    pub(super) fn authorization_code_from_redirect_query(
        &self,
        query: &str,
    ) -> Result<Result<Secret, TokenError>, BoxError> {
        if !self.is_response(query) {
            return Err("the browser brought back a response to another sign-in".into());
        }
        if let Some(code) = find_query_parameter(query, "code").filter(|code| !code.is_empty()) {
            return Ok(Ok(Secret::new(code)));
        }
        let fields = json!({
            "error": find_query_parameter(query, "error"),
            "error_description": find_query_parameter(query, "error_description"),
        });
        let mut response = Response::new(fields.to_string().into());
        *response.status_mut() = StatusCode::BAD_REQUEST;
        Ok(Err(TokenError::from_response(&response, &[&self.state])))
    }
}

impl fmt::Debug for AuthorizationRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AuthorizationRequest").field("redirect_uri", &self.redirect_uri).finish_non_exhaustive()
    }
}

fn code_challenge(code_verifier: &Secret) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(hmac_sha256::Hash::hash(code_verifier.expose().as_bytes()))
}

/// Returns the decoded value of a parameter.
fn find_query_parameter(query: &str, name: &str) -> Option<String> {
    let value = query.split('&').find_map(|parameter| parameter.strip_prefix(name)?.strip_prefix('='))?;
    Some(percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> AuthorizationRequest {
        let app = AppRegistration::new("contoso.com", "app");
        let authority = BaseUrl::parse("https://login.example").unwrap();
        let scope = "https://api.example/.default";
        AuthorizationRequest::new(&app, &authority, scope, "http://localhost:8400").unwrap()
    }

    #[test]
    fn url_has_the_proof_key_and_not_its_verifier() {
        let request = request();
        let query = request.url().strip_prefix("https://login.example/contoso.com/oauth2/v2.0/authorize?").unwrap();
        let value = |name| find_query_parameter(query, name).unwrap();
        assert_eq!(value("redirect_uri"), "http://localhost:8400");
        assert_eq!(value("scope"), "https://api.example/.default offline_access");
        assert_eq!(value("code_challenge").len(), 43);
        assert!(!request.url().contains(request.code_verifier.expose()));
        assert_ne!(self::request().state, request.state);
        // RFC 7636, appendix B.
        let verifier = Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(code_challenge(&verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn response_has_to_be_to_this_request() {
        let request = request();
        let state = &request.state;
        let read = |query: &str| request.authorization_code_from_redirect_query(query);
        assert_eq!(read(&format!("code=0.a%2Bb&state={state}")).unwrap().unwrap().expose(), "0.a+b");
        for other in
            ["code=0.a&state=other", "code=0.a", "", &format!("state={state}"), &format!("xcode=1&state={state}")]
        {
            assert!(!request.is_response(other) && read(other).is_err(), "{other}");
        }
        let declined = "error=access_denied&error_description=AADSTS65004%3A+User+declined.%0d%0aTrace";
        let error = read(&format!("{declined}&state={state}")).unwrap().unwrap_err();
        assert_eq!((error.error.as_deref(), &error.codes[..]), (Some("access_denied"), &[65_004][..]));
        assert_eq!(error.description.as_deref(), Some("AADSTS65004: User declined. Trace"));
    }

    #[test]
    fn redirect_uri_is_checked() {
        let app = AppRegistration::new("contoso.com", "app");
        let authority = BaseUrl::parse("https://login.example").unwrap();
        for uri in ["", "localhost", "http://localhost?x=1", "http://localhost#x", "a b"] {
            assert!(AuthorizationRequest::new(&app, &authority, "s", uri).is_err(), "{uri}");
        }
    }
}
