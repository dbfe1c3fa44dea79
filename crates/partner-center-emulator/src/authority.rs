//! The authority: the endpoints of Microsoft Entra that partners use to fetch tokens and to sign in. It stores no tokens. Each
//! token has its number, and to revoke tokens is to raise the number below which none is accepted. It stores sign-ins until their
//! tokens are fetched.

mod client_credentials;
mod discovery;
mod endpoint;
mod form;
mod pkce;
mod sign_in_pages;
mod sign_ins;
mod token;
mod token_endpoint;
mod token_error;

pub(crate) use endpoint::AuthorityEndpoint;
pub(crate) use token_error::TokenError;

use crate::{clock::Clock, origin::request_origin, store::SavedAuthority, test_credentials};
use endpoint::{DEVICE_LOGIN_PATH, EndpointVersion};
use form::TokenRequestForm;
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, PRAGMA, WWW_AUTHENTICATE},
};
use partner_center_core::{Request, Response};
use serde_json::{Value, json};
use sign_ins::{DeviceCodes, SignIns, User};
use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use token::{IssuedToken, TokenKind};

/// The settings of an authority.
#[derive(Clone, Debug)]
pub(crate) struct AuthoritySettings {
    /// The time for which an access token is valid.
    pub(crate) token_lifetime: Duration,
    /// Whether the use of a refresh token invalidates all older ones.
    pub(crate) strict_refresh_tokens: bool,
    /// Whether the service rejects the tokens of users who have given no second factor.
    pub(crate) require_second_factor: bool,
    /// Whether a user has to consent before tokens are issued.
    pub(crate) require_consent: bool,
    /// The time for which a device code is valid.
    pub(crate) device_code_lifetime: Duration,
    /// The time between two requests for the outcome of a sign-in with a device code.
    pub(crate) device_code_interval: Duration,
}

impl Default for AuthoritySettings {
    fn default() -> Self {
        Self {
            token_lifetime: Duration::from_secs(60 * 60),
            strict_refresh_tokens: false,
            require_second_factor: false,
            require_consent: false,
            device_code_lifetime: Duration::from_secs(15 * 60),
            device_code_interval: Duration::from_secs(5),
        }
    }
}

pub(crate) struct Authority {
    seed: u64,
    settings: AuthoritySettings,
    /// The number of token responses so far, which is the number of the newest tokens.
    issued: AtomicU64,
    /// The number of the newest access token that is revoked, or 0.
    last_revoked_access: AtomicU64,
    /// The number of the oldest refresh token that is valid. [`test_credentials::REFRESH_TOKEN`] has number 0.
    first_valid_refresh: AtomicU64,
    /// Whether a user or an administrator has consented.
    has_consent: AtomicBool,
    sign_ins: Mutex<SignIns>,
}

/// The caller that an access token was issued to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// An application without a user (app-only).
    Application,
    /// An application on behalf of a user (app+user).
    User,
    /// An application on behalf of a user who has given no second factor.
    UserWithoutSecondFactor,
    /// Either of them, with a token for an audience that the service no longer accepts.
    UnsupportedAudience,
}

impl Authority {
    pub(crate) fn new(seed: u64, settings: AuthoritySettings) -> Self {
        Self {
            seed,
            settings,
            issued: AtomicU64::new(0),
            last_revoked_access: AtomicU64::new(0),
            first_valid_refresh: AtomicU64::new(0),
            has_consent: AtomicBool::new(false),
            sign_ins: Mutex::default(),
        }
    }

    /// Goes on where an earlier authority with the same seed was.
    #[cfg(feature = "persistence")]
    pub(crate) fn restore(self, saved: SavedAuthority) -> Self {
        let SavedAuthority { issued, last_revoked_access, first_valid_refresh, has_consent } = saved;
        Self {
            issued: issued.into(),
            last_revoked_access: last_revoked_access.into(),
            first_valid_refresh: first_valid_refresh.into(),
            has_consent: has_consent.into(),
            ..self
        }
    }

    pub(crate) fn saved_authority(&self) -> SavedAuthority {
        SavedAuthority {
            issued: self.issued.load(Ordering::SeqCst),
            last_revoked_access: self.last_revoked_access.load(Ordering::SeqCst),
            first_valid_refresh: self.first_valid_refresh.load(Ordering::SeqCst),
            has_consent: self.has_consent.load(Ordering::SeqCst),
        }
    }

    /// Whether the service rejects the tokens of users who have given no second factor.
    pub(crate) fn requires_second_factor(&self) -> bool {
        self.settings.require_second_factor
    }

    /// Revokes all access tokens issued so far.
    pub(crate) fn revoke_access_tokens(&self) {
        self.last_revoked_access.store(self.issued.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    /// Revokes all refresh tokens issued so far, and the initial one.
    pub(crate) fn revoke_refresh_tokens(&self) {
        self.first_valid_refresh.store(self.issued.load(Ordering::SeqCst) + 1, Ordering::SeqCst);
    }

    /// Makes everything as it was at the start: nothing is revoked, nobody has consented, and no sign-in is in progress. Tokens that
    /// were issued stay valid.
    pub(crate) fn reset_to_start(&self) {
        self.last_revoked_access.store(0, Ordering::SeqCst);
        self.first_valid_refresh.store(0, Ordering::SeqCst);
        self.has_consent.store(false, Ordering::SeqCst);
        *self.lock_sign_ins() = SignIns::default();
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
        let origin = || request_origin(request);
        let now = clock.real_elapsed();
        let outcome = match (endpoint, token_error) {
            (AuthorityEndpoint::Missing, _) => Err(TokenError::MissingEndpoint),
            _ if !endpoint.allowed_methods().contains(request.method()) => Err(TokenError::MethodNotAllowed),
            (AuthorityEndpoint::Token(_), Some(error)) => Err(error),
            (AuthorityEndpoint::Token(version), None) => self.issue_tokens(request, tenant, version, clock),
            (AuthorityEndpoint::DeviceCode(version), _) => self.issue_device_code(request, tenant, version, now),
            (AuthorityEndpoint::DeviceLogin, _) => return self.respond_with_device_login_page(request, now),
            (AuthorityEndpoint::Authorize(_), _) => return self.respond_with_sign_in_page(request, tenant, now),
            (AuthorityEndpoint::AdminConsent, _) => return self.respond_with_consent_page(request, tenant),
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
                let allowed: Vec<_> = endpoint.allowed_methods().iter().map(http::Method::as_str).collect();
                let allow = HeaderValue::try_from(allowed.join(", ")).map(|allowed| (ALLOW, allowed));
                token_error_response(request, TokenError::MethodNotAllowed, None, allow.into_iter().collect())
            }
            Err(TokenError::InvalidClient)
                if client_credentials::base64_of_basic_authorization(request.headers()).is_some() =>
            {
                // A client that authenticates with the header gets the challenge in a header, too (RFC 6749, section 5.2).
                let challenge = (WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"emulator\""));
                token_error_response(request, TokenError::InvalidClient, None, HeaderMap::from_iter([challenge]))
            }
            Err(error) => token_error_response(request, error, None, HeaderMap::new()),
        }
    }

    /// Returns the codes with which a user signs in on another device.
    fn issue_device_code(
        &self,
        request: &Request,
        tenant: &str,
        version: EndpointVersion,
        now: Duration,
    ) -> Result<Value, TokenError> {
        let form = TokenRequestForm::parse(request.body());
        form.requested_audience(version)?;
        if form.get_field("client_id") != Some(test_credentials::CLIENT_ID) {
            return Err(TokenError::UnknownClient);
        }
        let AuthoritySettings { device_code_lifetime, device_code_interval, .. } = self.settings;
        let expires = now.saturating_add(device_code_lifetime);
        let tenant = discovery::resolve_tenant_id(tenant);
        let DeviceCodes { device_code, user_code } =
            self.lock_sign_ins().begin_device_sign_in(self.seed, tenant, expires);
        let page = format!("{}/{DEVICE_LOGIN_PATH}", request_origin(request));
        let message = format!(
            "To sign in, use a web browser to open the page {page} and enter the code {user_code} to authenticate."
        );
        let (lifetime, interval) = (device_code_lifetime.as_secs(), device_code_interval.as_secs());
        Ok(match version {
            EndpointVersion::V1 => json!({
                "user_code": user_code,
                "device_code": device_code,
                "verification_url": page,
                "expires_in": lifetime.to_string(),
                "interval": interval.to_string(),
                "message": message,
            }),
            EndpointVersion::V2 => json!({
                "user_code": user_code,
                "device_code": device_code,
                "verification_uri": page,
                "expires_in": lifetime,
                "interval": interval,
                "message": message,
            }),
        })
    }

    /// Returns the user of the refresh token `token`, if it is valid; if it is and the authority is strict, this use invalidates
    /// all older ones. Otherwise an old token stays valid when a new one is issued or used, as with Entra.
    fn redeem_refresh_token(&self, token: &str) -> Option<User> {
        let (number, has_second_factor) = match IssuedToken::read_opaque(token, self.seed) {
            Some(IssuedToken { kind: TokenKind::Refresh, number, .. }) => (number, true),
            Some(IssuedToken { kind: TokenKind::RefreshWithoutSecondFactor, number, .. }) => (number, false),
            _ if token == test_credentials::REFRESH_TOKEN => (0, true),
            _ => return None,
        };
        let first_valid = self.first_valid_refresh.load(Ordering::SeqCst);
        if self.settings.strict_refresh_tokens {
            self.first_valid_refresh.fetch_max(number, Ordering::SeqCst);
        }
        (number >= first_valid).then_some(User { has_second_factor })
    }

    /// Checks that somebody has consented to the application, if that is required.
    fn check_application_consent(&self) -> Result<(), TokenError> {
        if self.settings.require_consent && !self.has_consent.load(Ordering::SeqCst) {
            return Err(TokenError::ConsentRequired);
        }
        Ok(())
    }

    fn record_application_consent(&self) {
        self.has_consent.store(true, Ordering::SeqCst);
    }

    fn lock_sign_ins(&self) -> MutexGuard<'_, SignIns> {
        // A panic leaves each sign-in either complete or absent.
        self.sign_ins.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
