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
    pub(crate) const NAMED_ERRORS: [(&str, Self); 7] = [
        ("invalid-client", Self::InvalidClient),
        ("invalid-grant", Self::InvalidGrant),
        ("consent-required", Self::ConsentRequired),
        ("multifactor-required", Self::MultifactorRequired),
        ("conditional-access", Self::ConditionalAccess),
        ("unknown-tenant", Self::UnknownTenant),
        ("unknown-audience", Self::UnknownAudience),
    ];

    /// Returns the error with this name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::NAMED_ERRORS.iter().find(|(known, _)| *known == name).map(|(_, error)| *error)
    }

    /// Returns the name of an error that a fault has selected.
    pub(crate) fn error_name(self) -> &'static str {
        Self::NAMED_ERRORS.iter().find(|(_, known)| *known == self).map_or("", |(name, _)| name)
    }

    pub(crate) fn status_code(self) -> StatusCode {
        match self {
            Self::InvalidClient => StatusCode::UNAUTHORIZED,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::MissingEndpoint => StatusCode::NOT_FOUND,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// Returns the body, in the format and words of Entra.
    pub(crate) fn json_body(self, correlation_id: &str) -> Value {
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
            Self::InvalidGrant => ("invalid_grant", 700_082, "The refresh token has expired due to inactivity."),
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
}

/// The trace ID of every response: the emulator traces nothing.
const TRACE_ID: &str = "00000000-0000-0000-0000-000000000000";
