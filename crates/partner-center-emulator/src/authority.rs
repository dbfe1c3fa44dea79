//! The authority that issues tokens, emulated: the endpoints of Entra, as far as partners use them.

mod client;
mod discovery;
mod endpoint;
mod error_response;
mod form;
mod token;

pub(crate) use endpoint::Endpoint;
pub(crate) use error_response::TokenRefusal;

use crate::{Emulator, clock::Clock, link::origin};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use client::ClientCredentials;
use discovery::{tenant_id, v1_issuer, v2_issuer};
use endpoint::Version;
use form::{Audience, Form};
use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, PRAGMA, WWW_AUTHENTICATE},
};
use partner_center_core::{Request, Response};
use serde_json::{Value, json};
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use token::{Kind, Token};

/// Issues tokens, and describes itself.
pub(crate) struct Authority {
    seed: u64,
    /// How long access tokens live.
    lifetime: Duration,
    /// How many answers with tokens there were.
    issued: AtomicU64,
    /// Of how many the access tokens, and the refresh tokens, are no longer good.
    revoked: AtomicU64,
    refresh_revoked: AtomicU64,
    /// Whether a refresh token dies when one that came after it is used.
    is_strict: bool,
}

/// Whom an access token was issued to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    /// An application on its own.
    Application,
    /// An application on behalf of a user.
    User,
    /// Either, for an audience that the service no longer accepts.
    OfRetiredAudience,
}

impl Authority {
    pub(crate) fn new(seed: u64, lifetime: Duration, is_strict: bool) -> Self {
        Self {
            seed,
            lifetime,
            issued: AtomicU64::new(0),
            revoked: AtomicU64::new(0),
            refresh_revoked: AtomicU64::new(0),
            is_strict,
        }
    }

    /// Access tokens that were issued are not accepted any more.
    pub(crate) fn revoke_access_tokens(&self) {
        self.revoked.store(self.issued.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    /// Refresh tokens that were issued are not accepted any more, nor is the first one.
    pub(crate) fn revoke_refresh_tokens(&self) {
        // The first one has the number 0, the next to be issued the one after all so far.
        self.refresh_revoked.store(self.issued.load(Ordering::SeqCst) + 1, Ordering::SeqCst);
    }

    /// Whom `token` was issued to, if it lives `now`, a time since the emulator was made.
    pub(crate) fn holder(&self, token: &str, now: Duration) -> Option<Holder> {
        let Token { kind, number, expires } = Token::read_jwt(token, self.seed)?;
        let Kind::Access(holder) = kind else { return None };
        (number > self.revoked.load(Ordering::SeqCst) && now < expires).then_some(holder)
    }

    /// Returns the response to `request`, which is for the `endpoint` of a `tenant`; with a `refusal`, no token is issued.
    pub(crate) fn respond(
        &self,
        request: &Request,
        (tenant, endpoint): (&str, Endpoint),
        refusal: Option<TokenRefusal>,
        clock: &Clock,
    ) -> Response {
        let allowed = if let Endpoint::Token(_) = endpoint { Method::POST } else { Method::GET };
        let origin = || origin(request);
        let outcome = match (endpoint, refusal) {
            (Endpoint::Missing, _) => Err(TokenRefusal::MissingEndpoint),
            _ if request.method() != allowed => Err(TokenRefusal::MethodNotAllowed),
            (Endpoint::Token(_), Some(refusal)) => Err(refusal),
            (Endpoint::Token(version), None) => self.issue(request, tenant, version, clock),
            (Endpoint::Configuration(version), _) => Ok(discovery::configuration(&origin(), tenant, version)),
            (Endpoint::Instances, _) => Ok(discovery::instances(&origin(), request.uri())),
            // Nobody but the emulator can verify its tokens.
            (Endpoint::Keys, _) => Ok(json!({ "keys": [] })),
        };
        match outcome {
            Ok(body) => response(StatusCode::OK, &body, HeaderMap::new()),
            Err(TokenRefusal::MethodNotAllowed) => {
                let allow = HeaderValue::from_str(allowed.as_str()).map(|allowed| (ALLOW, allowed));
                refused(request, TokenRefusal::MethodNotAllowed, None, allow.into_iter().collect())
            }
            Err(TokenRefusal::InvalidClient) if client::basic(request.headers()).is_some() => {
                // Whoever authenticates by the header is told so by a header (RFC 6749, section 5.2).
                let challenge = (WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"emulator\""));
                refused(request, TokenRefusal::InvalidClient, None, HeaderMap::from_iter([challenge]))
            }
            Err(refusal) => refused(request, refusal, None, HeaderMap::new()),
        }
    }

    fn issue(&self, request: &Request, tenant: &str, version: Version, clock: &Clock) -> Result<Value, TokenRefusal> {
        let form = Form::parse(request.body());
        let audience = form.audience(version)?;
        let client = ClientCredentials::read(request.headers(), &form)?;
        if client.id != Emulator::CLIENT_ID {
            return Err(TokenRefusal::UnknownClient);
        }
        let is_right = client.secret.as_deref() == Some(Emulator::CLIENT_SECRET);
        let is_user = match form.get("grant_type") {
            Some("client_credentials") if is_right => false,
            // A native application has no secret, but whoever sends one must know it.
            Some("refresh_token") if is_right || client.secret.is_none() => {
                let known = form.get("refresh_token").is_some_and(|token| self.is_refresh_token(token));
                if !known {
                    return Err(TokenRefusal::InvalidGrant);
                }
                true
            }
            Some("client_credentials" | "refresh_token") => return Err(TokenRefusal::InvalidClient),
            _ => return Err(TokenRefusal::UnsupportedGrantType),
        };
        let number = self.issued.fetch_add(1, Ordering::SeqCst) + 1;
        let holder = match (audience.is_retired, is_user) {
            (true, _) => Holder::OfRetiredAudience,
            (false, true) => Holder::User,
            (false, false) => Holder::Application,
        };
        let now = clock.elapsed();
        let expires = now.saturating_add(self.lifetime);
        let times = Times { issued: clock.unix(now), expires: clock.unix(expires) };
        let tenant = tenant_id(tenant);
        let claims = access_claims(&audience, &tenant, times, is_user, client.secret.is_some());
        let token = |kind, expires| Token { kind, number, expires };
        let mut body = json!({
            "token_type": "Bearer",
            "expires_in": self.lifetime.as_secs_f64(),
            "access_token": token(Kind::Access(holder), expires).write_jwt(claims, self.seed),
        });
        if self.lifetime.subsec_nanos() == 0 {
            body["expires_in"] = self.lifetime.as_secs().into();
        }
        body["ext_expires_in"] = body["expires_in"].clone();
        if version == Version::V1 {
            body["expires_on"] = times.expires.into();
            body["not_before"] = times.issued.into();
            for name in ["expires_in", "ext_expires_in", "expires_on", "not_before"] {
                body[name] = body[name].to_string().into();
            }
            body["resource"] = audience.resource.as_str().into();
        }
        if is_user {
            body["refresh_token"] = token(Kind::Refresh, Duration::MAX).write(self.seed).into();
            body["scope"] = match version {
                Version::V1 => PERMISSION.into(),
                Version::V2 => {
                    // With `.default` as it was requested: MSAL looks for it in its cache.
                    let all = format!("{}/.default", audience.resource);
                    let granted = format!("{}/{PERMISSION}", audience.resource);
                    if form.has_scope(&all) { format!("{granted} {all}").into() } else { granted.into() }
                }
            };
            if form.has_scope("openid") {
                let claims = identity_claims(&v2_issuer(&origin(request), &tenant), &tenant, times);
                body["id_token"] = token::write_jwt(&claims, self.seed).into();
            }
            if form.get("client_info") == Some("1") {
                let info = json!({ "uid": USER_ID, "utid": tenant });
                body["client_info"] = BASE64_URL_SAFE_NO_PAD.encode(info.to_string()).into();
            }
        }
        Ok(body)
    }

    /// Whether `token` is good. As with Entra, an old one goes on being good when a new one is issued, and unless this is
    /// strict, even when that is used.
    fn is_refresh_token(&self, token: &str) -> bool {
        let number = match Token::read(token, self.seed) {
            Some(Token { kind: Kind::Refresh, number, .. }) => number,
            _ if token == Emulator::REFRESH_TOKEN => 0,
            _ => return false,
        };
        let least = self.refresh_revoked.load(Ordering::SeqCst);
        if self.is_strict {
            self.refresh_revoked.fetch_max(number, Ordering::SeqCst);
        }
        number >= least
    }
}

/// When a token is issued and expires, in Unix seconds.
#[derive(Clone, Copy)]
struct Times {
    issued: u64,
    expires: u64,
}

/// Returns the claims of an access token as the API has them, which chooses the first version at both endpoints.
fn access_claims(audience: &Audience, tenant: &str, times: Times, is_user: bool, has_secret: bool) -> Value {
    let id = if is_user { USER_ID } else { SERVICE_PRINCIPAL_ID };
    let mut claims = json!({
        "appid": Emulator::CLIENT_ID,
        "appidacr": if has_secret { "1" } else { "0" },
        "aud": audience.resource,
        "exp": times.expires,
        "iat": times.issued,
        "iss": v1_issuer(tenant),
        "nbf": times.issued,
        "oid": id,
        "sub": id,
        "tid": tenant,
        "ver": "1.0",
    });
    if is_user {
        claims["acr"] = "1".into();
        claims["amr"] = json!(["pwd", "mfa"]);
        claims["scp"] = PERMISSION.into();
        claims["unique_name"] = USER_NAME.into();
        claims["upn"] = USER_NAME.into();
    }
    claims
}

fn identity_claims(issuer: &str, tenant: &str, times: Times) -> Value {
    json!({
        "aud": Emulator::CLIENT_ID,
        "exp": times.expires,
        "iat": times.issued,
        "iss": issuer,
        "nbf": times.issued,
        "oid": USER_ID,
        "preferred_username": USER_NAME,
        "sub": USER_ID,
        "tid": tenant,
        "ver": "2.0",
    })
}

/// Returns the response that issues no token, or has no document, for a reason.
pub(crate) fn refused(
    request: &Request,
    refusal: TokenRefusal,
    status: Option<StatusCode>,
    headers: HeaderMap,
) -> Response {
    let correlation_id = request.headers().get("client-request-id").and_then(|id| id.to_str().ok());
    let body = refusal.body(correlation_id.unwrap_or("00000000-0000-0000-0000-000000000000"));
    response(status.unwrap_or_else(|| refusal.status()), &body, headers)
}

fn response(status: StatusCode, body: &Value, headers: HeaderMap) -> Response {
    let mut response = Response::new(body.to_string().into());
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    let length = response.body().len();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    headers.insert(CONTENT_LENGTH, length.into());
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store, no-cache"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// The permission that a user delegates to the application.
const PERMISSION: &str = "user_impersonation";

/// The user whose tokens the refresh tokens give.
const USER_ID: &str = "22222222-3333-4444-5555-666666666666";
const USER_NAME: &str = "admin.agent@contoso.example";

/// What the application is in the partner's tenant.
const SERVICE_PRINCIPAL_ID: &str = "33333333-4444-5555-6666-777777777777";
