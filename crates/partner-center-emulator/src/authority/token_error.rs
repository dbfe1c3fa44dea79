use http::StatusCode;
use serde_json::{Value, json};

/// An error that the authority returns instead of a token or a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenError {
    /// The application is unknown.
    UnknownClient,
    /// The client secret is wrong.
    InvalidClient,
    /// The refresh token is unknown, has expired or is revoked.
    InvalidGrant,
    ConsentRequired,
    MultifactorRequired,
    ConditionalAccess,
    UnknownTenant,
    /// The requested resource or scope is unknown.
    UnknownAudience,
    UnsupportedGrantType,
    /// The user has not signed in yet.
    AuthorizationPending,
    /// The user has declined.
    AuthorizationDeclined,
    /// The client asks for the outcome of a sign-in too often.
    SlowDown,
    /// The device code has expired.
    ExpiredToken,
    /// The device code is unknown or used.
    BadVerificationCode,
    /// The authorization code is used.
    UsedCode,
    /// The code is of another tenant.
    OtherTenant,
    /// The redirect URI is not one of the application.
    UnregisteredRedirectUri,
    /// The code verifier of PKCE is missing or wrong.
    WrongCodeVerifier,
    /// The application is not allowed as a public client, and has sent no secret.
    MissingSecret,
    /// The client secret has expired.
    ExpiredSecret,
    /// The certificate of a client assertion is not one of the application.
    UnknownCertificate,
    /// The user's sessions were revoked.
    RevokedGrant,
    /// The request is contradictory or malformed.
    InvalidRequest,
    /// The authority is overloaded or fails.
    Unavailable,
    MethodNotAllowed,
    /// Entra has an endpoint at this path, but the emulator does not.
    MissingEndpoint,
}

impl TokenError {
    /// The errors that a fault can select, with their names.
    pub(crate) const ERRORS_BY_FAULT_NAME: [(&str, Self); 16] = [
        ("invalid-client", Self::InvalidClient),
        ("invalid-grant", Self::InvalidGrant),
        ("consent-required", Self::ConsentRequired),
        ("multifactor-required", Self::MultifactorRequired),
        ("conditional-access", Self::ConditionalAccess),
        ("unknown-tenant", Self::UnknownTenant),
        ("unknown-audience", Self::UnknownAudience),
        ("authorization-pending", Self::AuthorizationPending),
        ("authorization-declined", Self::AuthorizationDeclined),
        ("slow-down", Self::SlowDown),
        ("expired-token", Self::ExpiredToken),
        ("bad-verification-code", Self::BadVerificationCode),
        ("missing-secret", Self::MissingSecret),
        ("expired-secret", Self::ExpiredSecret),
        ("unknown-certificate", Self::UnknownCertificate),
        ("revoked-grant", Self::RevokedGrant),
    ];

    /// Returns the error with this name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ERRORS_BY_FAULT_NAME.iter().find(|(known, _)| *known == name).map(|(_, error)| *error)
    }

    /// Returns the name of an error that a fault has selected.
    pub(crate) fn fault_name(self) -> &'static str {
        Self::ERRORS_BY_FAULT_NAME.iter().find(|(_, known)| *known == self).map_or("", |(name, _)| name)
    }

    pub(crate) fn status_code(self) -> StatusCode {
        match self {
            Self::InvalidClient | Self::MissingSecret | Self::ExpiredSecret | Self::UnknownCertificate => {
                StatusCode::UNAUTHORIZED
            }
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::MissingEndpoint => StatusCode::NOT_FOUND,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// Returns the body, in the format and words of Entra.
    pub(crate) fn json_body(self, correlation_id: &str) -> Value {
        let EntraErrorText { error, code, message } = self.entra_error_text();
        json!({
            "error": error,
            "error_description": format!("AADSTS{code}: {message} Trace ID: {TRACE_ID} Correlation ID: {correlation_id}"),
            "error_codes": [code],
            "timestamp": "2026-01-01 00:00:00Z",
            "trace_id": TRACE_ID,
            "correlation_id": correlation_id,
            "error_uri": format!("https://login.microsoftonline.com/error?code={code}"),
        })
    }

    /// Returns the text of the error.
    pub(super) fn entra_error_text(self) -> EntraErrorText {
        let (error, code, message) = match self {
            Self::UnknownClient => {
                ("unauthorized_client", 700_016, "Application with this identifier was not found in the directory.")
            }
            Self::InvalidClient => (
                "invalid_client",
                7_000_215,
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, \
                 not the client secret ID.",
            ),
            Self::MissingSecret => (
                "invalid_client",
                7_000_218,
                "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
            ),
            Self::ExpiredSecret => ("invalid_client", 7_000_222, "The provided client secret keys are expired."),
            Self::UnknownCertificate => {
                ("invalid_client", 700_027, "The certificate used to sign the client assertion is not registered.")
            }
            Self::InvalidGrant => ("invalid_grant", 700_082, "The refresh token has expired due to inactivity."),
            Self::RevokedGrant => ("invalid_grant", 50_173, "The provided grant has expired due to it being revoked."),
            Self::AuthorizationPending => {
                ("authorization_pending", 70_016, "Authorization is pending. Continue polling.")
            }
            Self::AuthorizationDeclined => {
                ("authorization_declined", 65_004, "The user declined to sign in or to consent.")
            }
            Self::SlowDown => ("slow_down", 90_033, "The client polls too often."),
            Self::ExpiredToken => ("expired_token", 70_020, "The provided value for the device code has expired."),
            Self::BadVerificationCode => {
                ("bad_verification_code", 70_018, "The device code is unknown, of another tenant, or used already.")
            }
            Self::UsedCode => ("invalid_grant", 54_005, "The authorization code was already redeemed."),
            Self::OtherTenant => ("invalid_grant", 700_005, "The code was issued for another tenant."),
            Self::UnregisteredRedirectUri => {
                ("invalid_request", 50_011, "The redirect URI does not match those of the application.")
            }
            Self::WrongCodeVerifier => {
                ("invalid_grant", 501_481, "The code verifier does not match the code challenge.")
            }
            Self::ConsentRequired => (
                "invalid_grant",
                65_001,
                "The user or administrator has not consented to use the application with this ID.",
            ),
            Self::MultifactorRequired => {
                ("interaction_required", 50_076, "You must use multi-factor authentication to access this resource.")
            }
            Self::ConditionalAccess => {
                ("interaction_required", 53_003, "Access has been blocked by Conditional Access policies.")
            }
            Self::UnknownTenant => {
                ("invalid_request", 90_002, "Tenant not found. Check to make sure you have the correct tenant ID.")
            }
            Self::UnknownAudience => {
                ("invalid_resource", 500_011, "The resource principal was not found in the tenant.")
            }
            Self::UnsupportedGrantType => ("unsupported_grant_type", 70_003, "The grant type is not supported."),
            Self::InvalidRequest => ("invalid_request", 90_013, "Invalid input received from the user."),
            Self::Unavailable => {
                ("temporarily_unavailable", 90_033, "A transient error has occurred. Please try again.")
            }
            Self::MethodNotAllowed => {
                ("invalid_request", 900_561, "The endpoint accepts only requests of the method that Allow names.")
            }
            Self::MissingEndpoint => ("invalid_request", 90_013, "The emulator does not have this endpoint."),
        };
        EntraErrorText { error, code, message }
    }
}

/// What Entra says about an error.
pub(super) struct EntraErrorText {
    /// The error code of OAuth 2.0.
    pub(super) error: &'static str,
    /// The number behind `AADSTS`.
    pub(super) code: u64,
    pub(super) message: &'static str,
}

/// The trace ID of every response: the emulator traces nothing.
const TRACE_ID: &str = "00000000-0000-0000-0000-000000000000";
