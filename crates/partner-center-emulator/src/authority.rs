//! The authority: the endpoints of Microsoft Entra that partners use to fetch tokens. It stores no tokens. Each token has its
//! number, and to revoke tokens is to raise the number below which none is accepted.

mod client_credentials;
mod discovery;
mod endpoint;
mod form;
mod token;
mod token_error;

pub(crate) use endpoint::AuthorityEndpoint;
pub(crate) use token_error::TokenError;

use crate::{clock::Clock, origin::request_origin, test_credentials};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use client_credentials::ClientCredentials;
use discovery::{resolve_tenant_id, v1_issuer_url, v2_issuer_url};
use endpoint::EndpointVersion;
use form::{TokenAudience, TokenRequestForm};
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
use token::{IssuedToken, TokenKind};

pub(crate) struct Authority {
    seed: u64,
    /// The time for which an access token is valid.
    token_lifetime: Duration,
    /// The number of token responses so far, which is the number of the newest tokens.
    issued: AtomicU64,
    /// The number of the newest access token that is revoked, or 0.
    last_revoked_access: AtomicU64,
    /// The number of the oldest refresh token that is valid. [`test_credentials::REFRESH_TOKEN`] has number 0.
    first_valid_refresh: AtomicU64,
    /// Whether the use of a refresh token invalidates all older ones.
    strict_refresh_tokens: bool,
}

/// The caller that an access token was issued to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// An application without a user (app-only).
    Application,
    /// An application on behalf of a user (app+user).
    User,
    /// Either of them, with a token for an audience that the service no longer accepts.
    UnsupportedAudience,
}

impl Authority {
    pub(crate) fn new(seed: u64, token_lifetime: Duration, strict_refresh_tokens: bool) -> Self {
        Self {
            seed,
            token_lifetime,
            issued: AtomicU64::new(0),
            last_revoked_access: AtomicU64::new(0),
            first_valid_refresh: AtomicU64::new(0),
            strict_refresh_tokens,
        }
    }

    /// Revokes all access tokens issued so far.
    pub(crate) fn revoke_access_tokens(&self) {
        self.last_revoked_access.store(self.issued.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    /// Revokes all refresh tokens issued so far, and the initial one.
    pub(crate) fn revoke_refresh_tokens(&self) {
        self.first_valid_refresh.store(self.issued.load(Ordering::SeqCst) + 1, Ordering::SeqCst);
    }

    /// Returns the caller that the access token `token` was issued to, if it is valid `now`, as the time since the start.
    pub(crate) fn caller_of_access_token(&self, token: &str, now: Duration) -> Option<Caller> {
        let IssuedToken { kind, number, expires } = IssuedToken::read_jwt(token, self.seed)?;
        let TokenKind::Access(caller) = kind else { return None };
        (number > self.last_revoked_access.load(Ordering::SeqCst) && now < expires).then_some(caller)
    }

    /// Returns the response to `request`, which is for the `endpoint` of a `tenant`. With a `token_error`, the token endpoint
    /// returns this error.
    pub(crate) fn respond_to_request(
        &self,
        request: &Request,
        (tenant, endpoint): (&str, AuthorityEndpoint),
        token_error: Option<TokenError>,
        clock: &Clock,
    ) -> Response {
        let allowed = if let AuthorityEndpoint::Token(_) = endpoint { Method::POST } else { Method::GET };
        let origin = || request_origin(request);
        let outcome = match (endpoint, token_error) {
            (AuthorityEndpoint::Missing, _) => Err(TokenError::MissingEndpoint),
            _ if request.method() != allowed => Err(TokenError::MethodNotAllowed),
            (AuthorityEndpoint::Token(_), Some(error)) => Err(error),
            (AuthorityEndpoint::Token(version), None) => self.issue_tokens(request, tenant, version, clock),
            (AuthorityEndpoint::Configuration(version), _) => {
                Ok(discovery::openid_configuration_document(&origin(), tenant, version))
            }
            (AuthorityEndpoint::Instances, _) => Ok(discovery::instance_discovery_document(&origin(), request.uri())),
            // No keys: only the emulator can verify its tokens.
            (AuthorityEndpoint::Keys, _) => Ok(json!({ "keys": [] })),
        };
        match outcome {
            Ok(body) => json_response(StatusCode::OK, &body, HeaderMap::new()),
            Err(TokenError::MethodNotAllowed) => {
                let allow = HeaderValue::from_str(allowed.as_str()).map(|allowed| (ALLOW, allowed));
                token_error_response(request, TokenError::MethodNotAllowed, None, allow.into_iter().collect())
            }
            Err(TokenError::InvalidClient)
                if client_credentials::encoded_basic_credentials(request.headers()).is_some() =>
            {
                // A client that authenticates with the header gets the challenge in a header, too (RFC 6749, section 5.2).
                let challenge = (WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"emulator\""));
                token_error_response(request, TokenError::InvalidClient, None, HeaderMap::from_iter([challenge]))
            }
            Err(error) => token_error_response(request, error, None, HeaderMap::new()),
        }
    }

    fn issue_tokens(
        &self,
        request: &Request,
        tenant: &str,
        version: EndpointVersion,
        clock: &Clock,
    ) -> Result<Value, TokenError> {
        let form = TokenRequestForm::parse(request.body());
        let audience = form.requested_audience(version)?;
        let client = ClientCredentials::from_headers_or_form(request.headers(), &form)?;
        if client.id != test_credentials::CLIENT_ID {
            return Err(TokenError::UnknownClient);
        }
        let has_valid_secret = client.secret.as_deref() == Some(test_credentials::CLIENT_SECRET);
        let is_user = match form.get_field("grant_type") {
            Some("client_credentials") if has_valid_secret => false,
            // A native application has no secret, but one that is sent must be valid.
            Some("refresh_token") if has_valid_secret || client.secret.is_none() => {
                let is_valid = form.get_field("refresh_token").is_some_and(|token| self.accepts_refresh_token(token));
                if !is_valid {
                    return Err(TokenError::InvalidGrant);
                }
                true
            }
            Some("client_credentials" | "refresh_token") => return Err(TokenError::InvalidClient),
            _ => return Err(TokenError::UnsupportedGrantType),
        };
        let number = self.issued.fetch_add(1, Ordering::SeqCst) + 1;
        let caller = match (audience.is_unsupported, is_user) {
            (true, _) => Caller::UnsupportedAudience,
            (false, true) => Caller::User,
            (false, false) => Caller::Application,
        };
        let now = clock.real_elapsed();
        let expires = now.saturating_add(self.token_lifetime);
        let times = TokenTimes { issued: clock.to_unix_seconds(now), expires: clock.to_unix_seconds(expires) };
        let tenant = resolve_tenant_id(tenant);
        let claims = access_token_claims(&audience, &tenant, times, is_user, client.secret.is_some());
        let token = |kind, expires| IssuedToken { kind, number, expires };
        let mut body = json!({
            "token_type": "Bearer",
            "expires_in": self.token_lifetime.as_secs_f64(),
            "access_token": token(TokenKind::Access(caller), expires).write_as_jwt(claims, self.seed),
        });
        if self.token_lifetime.subsec_nanos() == 0 {
            body["expires_in"] = self.token_lifetime.as_secs().into();
        }
        body["ext_expires_in"] = body["expires_in"].clone();
        if version == EndpointVersion::V1 {
            body["expires_on"] = times.expires.into();
            body["not_before"] = times.issued.into();
            for name in ["expires_in", "ext_expires_in", "expires_on", "not_before"] {
                body[name] = body[name].to_string().into();
            }
            body["resource"] = audience.resource.as_str().into();
        }
        if is_user {
            body["refresh_token"] = token(TokenKind::Refresh, Duration::MAX).write_opaque(self.seed).into();
            body["scope"] = match version {
                EndpointVersion::V1 => DELEGATED_PERMISSION.into(),
                EndpointVersion::V2 => {
                    // With `.default` if it was requested: MSAL looks for the requested scope in its cache.
                    let default_scope = format!("{}/.default", audience.resource);
                    let granted = format!("{}/{DELEGATED_PERMISSION}", audience.resource);
                    if form.has_scope(&default_scope) {
                        format!("{granted} {default_scope}").into()
                    } else {
                        granted.into()
                    }
                }
            };
            if form.has_scope("openid") {
                let claims = id_token_claims(&v2_issuer_url(&request_origin(request), &tenant), &tenant, times);
                body["id_token"] = token::write_claims_as_jwt(&claims, self.seed).into();
            }
            if form.get_field("client_info") == Some("1") {
                let info = json!({ "uid": SIGNED_IN_USER_ID, "utid": tenant });
                body["client_info"] = BASE64_URL_SAFE_NO_PAD.encode(info.to_string()).into();
            }
        }
        Ok(body)
    }

    /// Whether `token` is a valid refresh token; if it is and the authority is strict, this use invalidates all older ones.
    /// Otherwise an old token stays valid when a new one is issued or used, as with Entra.
    fn accepts_refresh_token(&self, token: &str) -> bool {
        let number = match IssuedToken::read_opaque(token, self.seed) {
            Some(IssuedToken { kind: TokenKind::Refresh, number, .. }) => number,
            _ if token == test_credentials::REFRESH_TOKEN => 0,
            _ => return false,
        };
        let first_valid = self.first_valid_refresh.load(Ordering::SeqCst);
        if self.strict_refresh_tokens {
            self.first_valid_refresh.fetch_max(number, Ordering::SeqCst);
        }
        number >= first_valid
    }
}

/// The times of a token, in Unix seconds.
#[derive(Clone, Copy)]
struct TokenTimes {
    issued: u64,
    expires: u64,
}

/// Returns the claims of an access token. Tokens for the Partner Center API are of version 1 at both endpoints, as the API chooses
/// the version.
fn access_token_claims(
    audience: &TokenAudience,
    tenant: &str,
    times: TokenTimes,
    is_user: bool,
    has_secret: bool,
) -> Value {
    let id = if is_user { SIGNED_IN_USER_ID } else { SERVICE_PRINCIPAL_ID };
    let mut claims = json!({
        "appid": test_credentials::CLIENT_ID,
        "appidacr": if has_secret { "1" } else { "0" },
        "aud": audience.resource,
        "exp": times.expires,
        "iat": times.issued,
        "iss": v1_issuer_url(tenant),
        "nbf": times.issued,
        "oid": id,
        "sub": id,
        "tid": tenant,
        "ver": "1.0",
    });
    if is_user {
        claims["acr"] = "1".into();
        claims["amr"] = json!(["pwd", "mfa"]);
        claims["scp"] = DELEGATED_PERMISSION.into();
        claims["unique_name"] = SIGNED_IN_USER_NAME.into();
        claims["upn"] = SIGNED_IN_USER_NAME.into();
    }
    claims
}

fn id_token_claims(issuer: &str, tenant: &str, times: TokenTimes) -> Value {
    json!({
        "aud": test_credentials::CLIENT_ID,
        "exp": times.expires,
        "iat": times.issued,
        "iss": issuer,
        "nbf": times.issued,
        "oid": SIGNED_IN_USER_ID,
        "preferred_username": SIGNED_IN_USER_NAME,
        "sub": SIGNED_IN_USER_ID,
        "tid": tenant,
        "ver": "2.0",
    })
}

/// Returns the response with this `error` in the format of OAuth 2.0. Its `status` is by default that of the error.
pub(crate) fn token_error_response(
    request: &Request,
    error: TokenError,
    status: Option<StatusCode>,
    headers: HeaderMap,
) -> Response {
    let correlation_id = request.headers().get("client-request-id").and_then(|id| id.to_str().ok());
    let body = error.json_body(correlation_id.unwrap_or("00000000-0000-0000-0000-000000000000"));
    json_response(status.unwrap_or_else(|| error.status_code()), &body, headers)
}

fn json_response(status: StatusCode, body: &Value, headers: HeaderMap) -> Response {
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

/// The permission that the user has delegated to the application.
const DELEGATED_PERMISSION: &str = "user_impersonation";

/// The user of all refresh tokens.
const SIGNED_IN_USER_ID: &str = "22222222-3333-4444-5555-666666666666";
const SIGNED_IN_USER_NAME: &str = "admin.agent@contoso.example";

/// The service principal of the application in the partner's tenant.
const SERVICE_PRINCIPAL_ID: &str = "33333333-4444-5555-6666-777777777777";
