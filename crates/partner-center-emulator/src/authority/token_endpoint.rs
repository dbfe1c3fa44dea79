//! The token endpoint: from a grant to tokens and their claims.

use super::{
    Authority, Caller, TokenError,
    client_credentials::{ClientCredentials, is_valid_client_assertion},
    discovery::{resolve_tenant_id, v1_issuer_url, v2_issuer_url},
    endpoint::EndpointVersion,
    form::{TokenAudience, TokenRequestForm},
    sign_ins::User,
    token::{self, IssuedToken, TokenKind},
};
use crate::{clock::Clock, origin::request_origin, test_credentials};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use partner_center_core::Request;
use serde_json::{Value, json};
use std::{sync::atomic::Ordering, time::Duration};

impl Authority {
    /// Returns the tokens for the grant of a token request.
    pub(super) fn issue_tokens(
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
        let now = clock.real_elapsed();
        let is_authenticated = match &client.assertion {
            Some(assertion) if is_valid_client_assertion(assertion, &client.id, clock.elapsed_to_unix_seconds(now)) => {
                true
            }
            Some(_) => return Err(TokenError::UnknownCertificate),
            None => client.secret.as_deref() == Some(test_credentials::CLIENT_SECRET),
        };
        // A native application has no secret, but one that is sent must be valid.
        let is_public = client.secret.is_none() && client.assertion.is_none();
        let tenant = resolve_tenant_id(tenant);
        let user = match form.get_field("grant_type") {
            Some("client_credentials") if is_authenticated => None,
            Some("refresh_token") if is_authenticated || is_public => {
                let user = form.get_field("refresh_token").and_then(|token| self.redeem_refresh_token(token));
                let user = user.ok_or(TokenError::InvalidGrant)?;
                self.check_application_consent()?;
                Some(user)
            }
            // The names of the standard, of some clients, and of the first version.
            Some("urn:ietf:params:oauth:grant-type:device_code" | "device_code") if is_authenticated || is_public => {
                let code = form.get_field("device_code").or_else(|| form.get_field("code")).unwrap_or_default();
                Some(self.lock_sign_ins().redeem_device_code(code, &tenant, now)?)
            }
            Some("authorization_code") if is_authenticated || is_public => {
                let field = |name| form.get_field(name).unwrap_or_default();
                let code = (field("code"), field("redirect_uri"), form.get_field("code_verifier"));
                Some(self.lock_sign_ins().redeem_authorization_code(code, &tenant, now)?)
            }
            Some(
                "client_credentials"
                | "refresh_token"
                | "urn:ietf:params:oauth:grant-type:device_code"
                | "device_code"
                | "authorization_code",
            ) => return Err(TokenError::InvalidClient),
            _ => return Err(TokenError::UnsupportedGrantType),
        };
        let number = self.issued.fetch_add(1, Ordering::SeqCst) + 1;
        let caller = match user {
            _ if audience.is_unsupported => Caller::UnsupportedAudience,
            Some(User { has_second_factor: true }) => Caller::User,
            Some(User { has_second_factor: false }) => Caller::UserWithoutSecondFactor,
            None => Caller::Application,
        };
        let token_lifetime = self.settings.token_lifetime;
        let expires = now.saturating_add(token_lifetime);
        let times = TokenValidityTimes {
            issued: clock.elapsed_to_unix_seconds(now),
            expires: clock.elapsed_to_unix_seconds(expires),
        };
        let claims = access_token_claims(&audience, &tenant, times, user, is_public);
        let token = |kind, expires| IssuedToken { kind, number, expires };
        let mut body = json!({
            "token_type": "Bearer",
            "expires_in": token_lifetime.as_secs_f64(),
            "access_token": token(TokenKind::Access(caller), expires).write_as_jwt(claims, self.seed),
        });
        if token_lifetime.subsec_nanos() == 0 {
            body["expires_in"] = token_lifetime.as_secs().into();
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
        if let Some(User { has_second_factor }) = user {
            let kind = if has_second_factor { TokenKind::Refresh } else { TokenKind::RefreshWithoutSecondFactor };
            body["refresh_token"] = token(kind, Duration::MAX).write_opaque(self.seed).into();
            body["scope"] = match version {
                EndpointVersion::V1 => DELEGATED_PERMISSION.into(),
                EndpointVersion::V2 => {
                    // With `.default` if it was requested: MSAL looks for the requested scope in its cache.
                    let default_scope = format!("{}/.default", audience.resource);
                    let granted = format!("{}/{DELEGATED_PERMISSION}", audience.resource);
                    if form.has_requested_scope(&default_scope) {
                        format!("{granted} {default_scope}").into()
                    } else {
                        granted.into()
                    }
                }
            };
            if form.has_requested_scope("openid") {
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
}

/// The times of a token, in Unix seconds.
#[derive(Clone, Copy)]
struct TokenValidityTimes {
    issued: u64,
    expires: u64,
}

/// Returns the claims of an access token. Tokens for the Partner Center API are of version 1 at both endpoints, as the API chooses
/// the version.
fn access_token_claims(
    audience: &TokenAudience,
    tenant: &str,
    times: TokenValidityTimes,
    user: Option<User>,
    is_public: bool,
) -> Value {
    let id = if user.is_some() { SIGNED_IN_USER_ID } else { SERVICE_PRINCIPAL_ID };
    let mut claims = json!({
        "appid": test_credentials::CLIENT_ID,
        "appidacr": if is_public { "0" } else { "1" },
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
    if let Some(User { has_second_factor }) = user {
        claims["acr"] = "1".into();
        claims["amr"] = if has_second_factor { json!(["pwd", "mfa"]) } else { json!(["pwd"]) };
        claims["scp"] = DELEGATED_PERMISSION.into();
        claims["unique_name"] = SIGNED_IN_USER_NAME.into();
        claims["upn"] = SIGNED_IN_USER_NAME.into();
    }
    claims
}

fn id_token_claims(issuer: &str, tenant: &str, times: TokenValidityTimes) -> Value {
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

/// The permission that the user has delegated to the application.
const DELEGATED_PERMISSION: &str = "user_impersonation";

/// The user of all refresh tokens.
const SIGNED_IN_USER_ID: &str = "22222222-3333-4444-5555-666666666666";
pub(super) const SIGNED_IN_USER_NAME: &str = "admin.agent@contoso.example";

/// The service principal of the application in the partner's tenant.
const SERVICE_PRINCIPAL_ID: &str = "33333333-4444-5555-6666-777777777777";
