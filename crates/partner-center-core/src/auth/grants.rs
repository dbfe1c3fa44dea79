//! The OAuth 2.0 grants that partners use, as data: the token requests for `client_credentials` (app-only), `refresh_token`
//! (App+User), and those that begin with the sign-in of a user; and how the response of the authority is read.

use super::{AccessToken, AppRegistration, TokenError};
use crate::{Request, Response, base_url::BaseUrl, body, error::BoxError, request::percent_encode};
use http::{HeaderValue, Method, header};
use partner_center_models::Secret;
use serde_json::{Map, Value};
use std::{error::Error as StdError, fmt, time::Duration};
use uuid::Uuid;
use zeroize::Zeroizing;

/// The grant that tokens are requested with.
#[derive(Clone, Copy)]
pub(crate) enum Grant<'a> {
    /// The application itself (app-only).
    ClientCredentials,
    /// The refresh token of a user (App+User).
    RefreshToken(&'a Secret),
    /// The device code with which a user has signed in on another device.
    #[cfg(feature = "sign-in")]
    DeviceCode(&'a Secret),
    /// The code that the browser of a user who has signed in brought back, and the verifier of PKCE.
    #[cfg(feature = "sign-in")]
    AuthorizationCode { code: &'a Secret, redirect_uri: &'a str, code_verifier: &'a Secret },
}

/// The parameters of a token request.
pub(crate) struct GrantRequest<'a> {
    pub(crate) app: &'a AppRegistration,
    /// A client assertion in place of the client secret.
    pub(crate) client_assertion: Option<&'a Secret>,
    pub(crate) grant: Grant<'a>,
    pub(crate) authority: &'a BaseUrl,
    pub(crate) scope: &'a str,
}

/// The tokens that the authority issued.
pub(crate) struct IssuedTokens {
    pub(crate) access_token: AccessToken,
    /// The refresh token that replaces the one that was sent.
    pub(crate) refresh_token: Option<Secret>,
}

impl GrantRequest<'_> {
    /// Builds the HTTP request; `correlation_id` is the ID that Entra logs it under.
    pub(crate) fn build_token_request(&self, correlation_id: Option<Uuid>) -> Result<Request, http::Error> {
        let AppRegistration { tenant, client_id, secret, .. } = self.app;
        let scope = if matches!(self.grant, Grant::ClientCredentials) {
            self.scope.to_owned()
        } else {
            scope_with_offline_access(self.scope)
        };
        let mut form = vec![("grant_type", self.grant.grant_type()), ("client_id", client_id)];
        match (self.client_assertion, secret) {
            (Some(assertion), _) => form.extend([
                ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                ("client_assertion", assertion.expose()),
            ]),
            (None, Some(secret)) => form.push(("client_secret", secret.expose())),
            (None, None) => {}
        }
        match self.grant {
            Grant::ClientCredentials => {}
            Grant::RefreshToken(refresh_token) => form.push(("refresh_token", refresh_token.expose())),
            #[cfg(feature = "sign-in")]
            Grant::DeviceCode(device_code) => form.push(("device_code", device_code.expose())),
            #[cfg(feature = "sign-in")]
            Grant::AuthorizationCode { code, redirect_uri, code_verifier } => form.extend([
                ("code", code.expose()),
                ("redirect_uri", redirect_uri),
                ("code_verifier", code_verifier.expose()),
            ]),
        }
        form.push(("scope", &scope));
        let target = format!("/{tenant}/oauth2/v2.0/token");
        build_form_request(self.authority, &target, &form, correlation_id)
    }

    /// Reads the error response of the authority, without the secrets that were sent, in whatever encoding it echoes them.
    pub(crate) fn read_token_error(&self, response: &Response) -> TokenError {
        self.call_with_exposed_secrets(|secrets| TokenError::from_response(response, secrets))
    }

    /// Reads the error in a response that has a success status and no token; `None` if there is no error in it.
    pub(crate) fn token_error_in_success_response(&self, response: &Response) -> Option<TokenError> {
        self.call_with_exposed_secrets(|secrets| TokenError::from_success_response(response, secrets))
    }

    fn call_with_exposed_secrets<T>(&self, read: impl FnOnce(&[&str]) -> T) -> T {
        let granted = match self.grant {
            Grant::ClientCredentials => [None; 2],
            Grant::RefreshToken(refresh_token) => [Some(refresh_token), None],
            #[cfg(feature = "sign-in")]
            Grant::DeviceCode(device_code) => [Some(device_code), None],
            #[cfg(feature = "sign-in")]
            Grant::AuthorizationCode { code, code_verifier, .. } => [Some(code), Some(code_verifier)],
        };
        let secrets = || {
            let of_app = [self.app.secret.as_ref(), self.client_assertion];
            of_app.into_iter().chain(granted).flatten().map(Secret::expose)
        };
        let sent: Vec<_> = secrets().map(|secret| Secret::new(percent_encode(secret).to_string())).collect();
        read(&secrets().chain(sent.iter().map(Secret::expose)).collect::<Vec<_>>())
    }
}

impl Grant<'_> {
    /// Returns the name of the grant.
    fn grant_type(self) -> &'static str {
        match self {
            Self::ClientCredentials => "client_credentials",
            Self::RefreshToken(_) => "refresh_token",
            #[cfg(feature = "sign-in")]
            Self::DeviceCode(_) => "urn:ietf:params:oauth:grant-type:device_code",
            #[cfg(feature = "sign-in")]
            Self::AuthorizationCode { .. } => "authorization_code",
        }
    }
}

/// Builds a request with this `form` for the authority; `correlation_id` is the ID that Entra logs it under.
pub(crate) fn build_form_request(
    authority: &BaseUrl,
    target: &str,
    form: &[(&str, &str)],
    correlation_id: Option<Uuid>,
) -> Result<Request, http::Error> {
    let fields = || form.iter().map(|(name, value)| (name, percent_encode(value)));
    // Allocated once: a reallocation would leave a copy of the secret in freed memory.
    let length = fields().map(|(name, value)| name.len() + 2 + value.map(str::len).sum::<usize>()).sum();
    let mut body = String::with_capacity(length);
    for (name, value) in fields() {
        let separator = if body.is_empty() { "" } else { "&" };
        body.extend([separator, name, "="]);
        body.extend(value);
    }
    let mut request = Request::new(body.into_bytes());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = authority.join_target(target)?;
    let headers = request.headers_mut();
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    if let Some(id) = correlation_id {
        headers.insert("client-request-id", HeaderValue::try_from(id.to_string())?);
    }
    Ok(request)
}

/// Reads a success response. Nothing of an invalid one is shown in the error, as there may be a token in it.
pub(crate) fn parse_issued_tokens(response: &Response) -> Result<IssuedTokens, BoxError> {
    let body = Zeroizing::new(body::decode_body_as_string(response)?.into_owned());
    let mut fields: Map<String, Value> = body::parse_json_or_none(&body).ok_or(ResponseNotFromAuthority)?;
    let mut take = |name: &str| match fields.remove(name) {
        Some(Value::String(token)) if !token.trim().is_empty() => Some(Secret::new(token)),
        _ => None,
    };
    let (access_token, refresh_token) = (take("access_token").ok_or(NO_TOKEN_MESSAGE)?, take("refresh_token"));
    if is_damaged_token(&access_token) {
        return Err(NO_TOKEN_MESSAGE.into());
    }
    let refresh_token = refresh_token.filter(|refresh_token| {
        let is_damaged = is_damaged_token(refresh_token);
        if is_damaged {
            tracing::warn!("the authority issued a refresh token that cannot be read; the previous one stays in use");
        }
        !is_damaged
    });
    if fields
        .get("token_type")
        .is_some_and(|kind| !kind.as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("bearer")))
    {
        return Err("the authority issued a token of another type than `Bearer`".into());
    }
    let lifetime = fields.get("expires_in").and_then(parse_seconds).unwrap_or(DEFAULT_TOKEN_LIFETIME);
    Ok(IssuedTokens { access_token: AccessToken::new(access_token.expose()).expires_in(lifetime), refresh_token })
}

/// Whether a part of the token could not be decoded: such parts are read as U+FFFD, which no token contains.
fn is_damaged_token(token: &Secret) -> bool {
    token.expose().contains(char::REPLACEMENT_CHARACTER)
}

const NO_TOKEN_MESSAGE: &str =
    "the authority's response holds no access token: a proxy may have responded in its place";

/// Why a success response that is no JSON object holds no token: something else has responded, perhaps only for a while.
#[derive(Debug)]
pub(crate) struct ResponseNotFromAuthority;

impl fmt::Display for ResponseNotFromAuthority {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(NO_TOKEN_MESSAGE)
    }
}

impl StdError for ResponseNotFromAuthority {}

/// The lifetime of a token when the response has none: Entra's tokens are valid for 60 to 90 minutes. One that expires
/// earlier is rejected by the service, and then replaced.
const DEFAULT_TOKEN_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// Reads a number of seconds, written as a number or a string; a negative one counts as 0.
pub(crate) fn parse_seconds(value: &Value) -> Option<Duration> {
    let seconds = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    if seconds.is_nan() {
        return None;
    }
    Some(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX))
}

/// Returns the scope of tokens for a user. Without `offline_access` the authority need not issue a refresh token.
pub(crate) fn scope_with_offline_access(scope: &str) -> String {
    format!("{scope} offline_access")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn read(body: &str) -> Result<IssuedTokens, BoxError> {
        parse_issued_tokens(&Response::new(body.to_owned().into()))
    }

    #[test]
    fn lifetime_of_any_value_is_read() {
        for (expires_in, expected) in [
            ("3599", Duration::from_secs(3599)),
            (r#""3600""#, Duration::from_secs(3600)),
            (r#"" 60 ""#, Duration::from_secs(60)),
            ("1.5", Duration::from_millis(1500)),
            ("0", Duration::ZERO),
            ("-5", Duration::ZERO),
            (r#""-5""#, Duration::ZERO),
            ("1e300", DAY),
            ("99999999999999999999999999", DAY),
            (r#""inf""#, DAY),
            ("null", DEFAULT_TOKEN_LIFETIME),
            (r#""soon""#, DEFAULT_TOKEN_LIFETIME),
            (r#""NaN""#, DEFAULT_TOKEN_LIFETIME),
            ("{}", DEFAULT_TOKEN_LIFETIME),
        ] {
            let body = format!(r#"{{"access_token":"t","expires_in":{expires_in}}}"#);
            let (lifetime, _) = read(&body).unwrap().access_token.lifetime.unwrap();
            assert_eq!(lifetime, expected, "{expires_in}");
        }
        let (lifetime, _) = read(r#"{"access_token":"t"}"#).unwrap().access_token.lifetime.unwrap();
        assert_eq!(lifetime, Duration::from_secs(3600));
    }

    #[test]
    fn response_without_a_token_is_an_error_that_does_not_show_it() {
        for body in ["", "<html>", "[]", "{}", r#"{"access_token":""}"#, r#"{"access_token":7,"refresh_token":"hush"}"#]
        {
            let error = read(body).err().expect(body).to_string();
            assert!(error.starts_with("the authority's response holds no access token") && !error.contains("hush"));
        }
    }

    #[test]
    fn damaged_token_is_not_issued() {
        for (damage, is_damaged) in [(r"\ud83e", true), (r"\ufffd", true), ("\u{fffd}", true), (r"\u0061", false)] {
            let access = read(&format!(r#"{{"access_token":"t{damage}"}}"#));
            assert_eq!(access.is_err(), is_damaged, "{damage}");
            let refresh = read(&format!(r#"{{"access_token":"t","refresh_token":"r{damage}"}}"#)).unwrap();
            assert_eq!(refresh.refresh_token.is_none(), is_damaged, "{damage}");
        }
    }

    #[test]
    fn token_of_another_type_is_an_error() {
        for (token_type, is_valid) in [(r#""Bearer""#, true), (r#""bearer""#, true), (r#""pop""#, false), ("7", false)]
        {
            let body = format!(r#"{{"access_token":"t","token_type":{token_type}}}"#);
            assert_eq!(read(&body).is_ok(), is_valid, "{token_type}");
        }
    }

    #[test]
    fn token_request_of_each_grant_is_as_specified() {
        let app = AppRegistration::new("contoso.com", "app").secret(" a+b&c=d é\n");
        let authority = BaseUrl::parse("https://login.example").unwrap();
        let scope = "https://api.example/.default";
        let refresh_token = Secret::new("r/1");
        let request = GrantRequest {
            app: &app,
            client_assertion: None,
            grant: Grant::ClientCredentials,
            authority: &authority,
            scope,
        };
        let built = request.build_token_request(Some(Uuid::nil())).unwrap();
        assert_eq!(built.uri(), "https://login.example/contoso.com/oauth2/v2.0/token");
        assert_eq!(built.headers()["client-request-id"], "00000000-0000-0000-0000-000000000000");
        assert_eq!(
            String::from_utf8_lossy(built.body()),
            "grant_type=client_credentials&client_id=app&client_secret=a%2Bb%26c%3Dd%20%C3%A9\
             &scope=https%3A%2F%2Fapi.example%2F.default"
        );
        assert_eq!(built.body().capacity(), built.body().len() + 1, "it grew, or is larger than it need be");
        let native = AppRegistration::new("contoso.com", "app");
        let request = GrantRequest { app: &native, grant: Grant::RefreshToken(&refresh_token), ..request };
        assert_eq!(
            String::from_utf8_lossy(request.build_token_request(None).unwrap().body()),
            "grant_type=refresh_token&client_id=app&refresh_token=r%2F1\
             &scope=https%3A%2F%2Fapi.example%2F.default%20offline_access"
        );
        let assertion = Secret::new("a.b.c");
        let request = GrantRequest { app: &app, client_assertion: Some(&assertion), ..request };
        assert_eq!(
            String::from_utf8_lossy(request.build_token_request(None).unwrap().body()),
            "grant_type=refresh_token&client_id=app\
             &client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer\
             &client_assertion=a.b.c&refresh_token=r%2F1\
             &scope=https%3A%2F%2Fapi.example%2F.default%20offline_access"
        );
    }
}
