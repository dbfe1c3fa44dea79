//! The grants of OAuth 2.0 that partners use, as data: what to ask the authority, and how to read what it says.

use super::{AccessToken, TokenError};
use crate::{Request, Response, base_url::BaseUrl, body, call::encoded, error::BoxError};
use http::{HeaderValue, Method, header};
use partner_center_models::Secret;
use serde_json::{Map, Value};
use std::time::Duration;
use uuid::Uuid;
use zeroize::Zeroizing;

/// An application as it is registered with Entra: who asks for tokens.
///
/// ```
/// use partner_center_core::AppRegistration;
///
/// let app = AppRegistration::new("contoso.onmicrosoft.com", "11111111-2222-3333-4444-555555555555").secret("...");
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct AppRegistration {
    tenant: String,
    client_id: String,
    secret: Option<Secret>,
}

impl AppRegistration {
    /// The application with this client ID in the partner's tenant, which is named by its ID or by a domain of it.
    pub fn new(tenant: impl Into<String>, client_id: impl Into<String>) -> Self {
        Self { tenant: tenant.into(), client_id: client_id.into(), secret: None }
    }

    /// The client secret: its value, not its ID. Web applications have one; native ones have none, and can only act for a
    /// user.
    pub fn secret(mut self, secret: impl Into<String>) -> Self {
        self.secret = Some(trimmed(secret));
        self
    }

    /// What is wrong with it, whoever it acts for.
    pub(super) fn check(&self, is_alone: bool) -> Result<(), &'static str> {
        let is_host_like = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
        let is_named = self.tenant.bytes().any(|byte| byte.is_ascii_alphanumeric()) && !self.tenant.contains("..");
        if !is_named || !self.tenant.bytes().all(is_host_like) {
            return Err("the tenant must be the ID or a domain of the partner's tenant");
        }
        if self.client_id.is_empty() || !self.client_id.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("the client ID must be that of an application, a GUID");
        }
        match &self.secret {
            Some(secret) if secret.expose().is_empty() => Err("the client secret is empty"),
            None if is_alone => Err("an application that acts by itself needs a client secret"),
            _ => Ok(()),
        }
    }
}

/// What is pasted, or read from a file, often ends with a line break.
pub(super) fn trimmed(secret: impl Into<String>) -> Secret {
    Secret::new(Secret::new(secret).expose().trim())
}

/// A request for a token, and the answer to it.
pub(crate) struct GrantRequest<'a> {
    pub(crate) app: &'a AppRegistration,
    /// For App+User.
    pub(crate) refresh_token: Option<&'a Secret>,
    pub(crate) authority: &'a BaseUrl,
    pub(crate) scope: &'a str,
}

/// What the authority issued.
pub(crate) struct Issued {
    pub(crate) access_token: AccessToken,
    /// The refresh token that takes the place of the one that was sent.
    pub(crate) refresh_token: Option<Secret>,
}

impl GrantRequest<'_> {
    /// The request; `correlation_id` is what Entra logs it under.
    pub(crate) fn build(&self, correlation_id: Option<Uuid>) -> Result<Request, http::Error> {
        let AppRegistration { tenant, client_id, secret } = self.app;
        let scope = match self.refresh_token {
            // Without it no further refresh token need be issued.
            Some(_) => format!("{} offline_access", self.scope),
            None => self.scope.to_owned(),
        };
        let grant_type = if self.refresh_token.is_some() { "refresh_token" } else { "client_credentials" };
        let form = [
            ("grant_type", Some(grant_type)),
            ("client_id", Some(client_id)),
            ("client_secret", secret.as_ref().map(Secret::expose)),
            ("refresh_token", self.refresh_token.map(Secret::expose)),
            ("scope", Some(&scope)),
        ];
        let fields = || form.iter().filter_map(|(name, value)| value.map(|value| (name, encoded(value))));
        // Never moved while it grows: that would leave a secret behind.
        let length = fields().map(|(name, value)| name.len() + 2 + value.map(str::len).sum::<usize>()).sum();
        let mut body = String::with_capacity(length);
        for (name, value) in fields() {
            let separator = if body.is_empty() { "" } else { "&" };
            body.extend([separator, name, "="]);
            body.extend(value);
        }
        let mut request = Request::new(body.into_bytes());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.authority.join(&format!("/{tenant}/oauth2/v2.0/token"))?;
        let headers = request.headers_mut();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        if let Some(id) = correlation_id {
            headers.insert("client-request-id", HeaderValue::try_from(id.to_string())?);
        }
        Ok(request)
    }

    /// Reads what the authority says when it refuses, but for the secrets, in whatever form it tells them back.
    pub(crate) fn refusal(&self, response: &Response) -> TokenError {
        self.with_secrets(|secrets| TokenError::read(response, secrets))
    }

    /// The same of a response whose status is a success and that holds no token, if it says why.
    pub(crate) fn refusal_under_success(&self, response: &Response) -> Option<TokenError> {
        self.with_secrets(|secrets| TokenError::read_under_success(response, secrets))
    }

    fn with_secrets<T>(&self, read: impl FnOnce(&[&str]) -> T) -> T {
        let secrets = || [self.app.secret.as_ref(), self.refresh_token].into_iter().flatten().map(Secret::expose);
        let sent: Vec<_> = secrets().map(|secret| Secret::new(encoded(secret).to_string())).collect();
        read(&secrets().chain(sent.iter().map(Secret::expose)).collect::<Vec<_>>())
    }
}

/// Reads a success. Of an answer that makes no sense nothing is shown: there may be a token in it.
pub(crate) fn issued(response: &Response) -> Result<Issued, BoxError> {
    let text = Zeroizing::new(body::text(response)?.into_owned());
    let mut fields: Map<String, Value> = body::lenient(&text).ok_or(NO_TOKEN)?;
    let mut take = |name: &str| match fields.remove(name) {
        Some(Value::String(token)) if !token.trim().is_empty() => Some(Secret::new(token)),
        _ => None,
    };
    let (access_token, refresh_token) = (take("access_token").ok_or(NO_TOKEN)?, take("refresh_token"));
    if fields
        .get("token_type")
        .is_some_and(|kind| !kind.as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("bearer")))
    {
        return Err("the authority issued a token of another type than `Bearer`".into());
    }
    let lifetime = fields.get("expires_in").and_then(lifetime).unwrap_or(USUAL_LIFETIME);
    Ok(Issued { access_token: AccessToken::new(access_token.expose()).expires_in(lifetime), refresh_token })
}

const NO_TOKEN: &str = "the authority's answer holds no access token: a proxy may have answered in its place";

/// Entra's tokens live between 60 and 90 minutes. One that turns out to be dead is refused, and then replaced.
const USUAL_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// A number of seconds, written as a number or as a text; a negative one is none.
fn lifetime(value: &Value) -> Option<Duration> {
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

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn read(body: &str) -> Result<Issued, BoxError> {
        issued(&Response::new(body.to_owned().into()))
    }

    #[test]
    fn absurd_lifetimes_are_survived() {
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
            ("null", USUAL_LIFETIME),
            (r#""soon""#, USUAL_LIFETIME),
            (r#""NaN""#, USUAL_LIFETIME),
            ("{}", USUAL_LIFETIME),
        ] {
            let body = format!(r#"{{"access_token":"t","expires_in":{expires_in}}}"#);
            let (lifetime, _) = read(&body).unwrap().access_token.lifetime.unwrap();
            assert_eq!(lifetime, expected, "{expires_in}");
        }
        let (lifetime, _) = read(r#"{"access_token":"t"}"#).unwrap().access_token.lifetime.unwrap();
        assert_eq!(lifetime, Duration::from_secs(3600));
    }

    #[test]
    fn an_answer_without_a_token_is_named_and_not_shown() {
        for body in ["", "<html>", "[]", "{}", r#"{"access_token":""}"#, r#"{"access_token":7,"refresh_token":"hush"}"#]
        {
            let error = read(body).err().expect(body).to_string();
            assert!(error.starts_with("the authority's answer holds no access token") && !error.contains("hush"));
        }
    }

    #[test]
    fn another_type_of_token_is_none() {
        for (token_type, is_fine) in [(r#""Bearer""#, true), (r#""bearer""#, true), (r#""pop""#, false), ("7", false)] {
            let body = format!(r#"{{"access_token":"t","token_type":{token_type}}}"#);
            assert_eq!(read(&body).is_ok(), is_fine, "{token_type}");
        }
    }

    #[test]
    fn both_grants_are_as_specified() {
        let app = AppRegistration::new("contoso.com", "app").secret(" a+b&c=d é\n");
        let authority = BaseUrl::parse("https://login.example").unwrap();
        let scope = "https://api.example/.default";
        let refresh_token = Secret::new("r/1");
        let request = GrantRequest { app: &app, refresh_token: None, authority: &authority, scope };
        let built = request.build(Some(Uuid::nil())).unwrap();
        assert_eq!(built.uri(), "https://login.example/contoso.com/oauth2/v2.0/token");
        assert_eq!(built.headers()["client-request-id"], "00000000-0000-0000-0000-000000000000");
        assert_eq!(
            String::from_utf8_lossy(built.body()),
            "grant_type=client_credentials&client_id=app&client_secret=a%2Bb%26c%3Dd%20%C3%A9\
             &scope=https%3A%2F%2Fapi.example%2F.default"
        );
        assert_eq!(built.body().capacity(), built.body().len() + 1, "it grew, or is larger than it need be");
        let native = AppRegistration::new("contoso.com", "app");
        let request = GrantRequest { app: &native, refresh_token: Some(&refresh_token), ..request };
        assert_eq!(
            String::from_utf8_lossy(request.build(None).unwrap().body()),
            "grant_type=refresh_token&client_id=app&refresh_token=r%2F1\
             &scope=https%3A%2F%2Fapi.example%2F.default%20offline_access"
        );
    }

    #[test]
    fn a_registration_that_cannot_be_meant_is_refused() {
        let app = |tenant, client_id| AppRegistration::new(tenant, client_id);
        for (app, is_alone, is_fine) in [
            (app("contoso.com", "c").secret("s"), true, true),
            (app("contoso.com", "c"), false, true),
            (app("contoso.com", "c"), true, false),
            (app("contoso.com", "c").secret(" "), false, false),
            (app("", "c").secret("s"), true, false),
            (app(".", "c").secret("s"), true, false),
            (app("-", "c").secret("s"), true, false),
            (app("../x", "c").secret("s"), true, false),
            (app("a/b", "c").secret("s"), true, false),
            (app("..", "c").secret("s"), true, false),
            (app("contoso.com", "").secret("s"), true, false),
            (app("contoso.com", "c d").secret("s"), true, false),
        ] {
            assert_eq!(app.check(is_alone).is_ok(), is_fine, "{app:?}");
        }
    }
}
