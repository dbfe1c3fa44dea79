use super::SIGN_IN_OPERATION_NAME;
use crate::{
    AttemptDescription, CallMetadata, Error, ErrorKind, Request, Response, Transport,
    auth::{
        AppRegistration, TokenError,
        grants::{build_form_request, parse_seconds, scope_with_offline_access},
        token_exchange::{MAX_TOKEN_RESPONSE_SIZE, authority_rejection_error},
    },
    base_url::BaseUrl,
    body,
    engine::{rate_limiter::Ticket, request_sender::RetryableRequest, tracing_fields::attempt_span},
    error,
    retry::{AttemptError, Retryability},
};
use http::{HeaderValue, Method, Uri, header};
use partner_center_models::Secret;
use serde_json::{Map, Value};
use std::{
    fmt,
    time::{Duration, Instant},
};
use tracing::Span;

/// A code that a user enters in a browser to sign in; see [`SignIn::request_device_code`](super::SignIn::request_device_code).
///
/// `Debug` shows no code.
pub struct DeviceCode {
    /// The code of the device, by which the authority knows the sign-in.
    secret: Secret,
    user_code: String,
    verification_uri: String,
    message: String,
    expires_at: Instant,
    interval: Duration,
}

/// The lifetime of a code when the response has none, and its maximum.
const DEFAULT_CODE_LIFETIME: Duration = Duration::from_secs(15 * 60);
const MAX_CODE_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// The interval when the response has none (RFC 8628, section 3.2), and its bounds.
const DEFAULT_POLL_INTERVAL: Duration = Duration::from_secs(5);
const MIN_POLL_INTERVAL: Duration = Duration::from_secs(1);

/// The maximum length of a user code, in characters: Entra's have nine.
const MAX_USER_CODE_LENGTH: usize = 64;

impl DeviceCode {
    /// Returns the code that the user enters.
    #[must_use]
    pub fn user_code(&self) -> &str {
        &self.user_code
    }

    /// Returns the address where the user enters it.
    #[must_use]
    pub fn verification_uri(&self) -> &str {
        &self.verification_uri
    }

    /// Returns the authority's instructions for the user, on one line, with address and code.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the time until it expires.
    #[must_use]
    pub fn lifetime(&self) -> Duration {
        self.remaining_lifetime(Instant::now())
    }

    pub(super) fn remaining_lifetime(&self, now: Instant) -> Duration {
        self.expires_at.saturating_duration_since(now)
    }

    pub(super) fn poll_interval(&self) -> Duration {
        self.interval
    }

    pub(super) fn secret_device_code(&self) -> &Secret {
        &self.secret
    }

    /// Reads a success response. Numbers may be strings, and the address has another name at the first version of the endpoint.
    fn from_response(response: &Response) -> Option<Self> {
        let fields: Map<String, Value> = body::parse_json_or_none(&body::decode_body_as_string(response).ok()?)?;
        let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
        let seconds = |name: &str| fields.get(name).and_then(parse_seconds);
        let user_code = error::sanitize_message(text("user_code")?, &[]);
        let verification_uri = text("verification_uri").or_else(|| text("verification_url"))?;
        let uri: Uri = verification_uri.parse().ok()?;
        let is_web_address = matches!(uri.scheme_str(), Some("https" | "http")) && uri.host().is_some();
        if user_code.chars().count() > MAX_USER_CODE_LENGTH || !is_web_address {
            return None;
        }
        let message = text("message").map(|message| error::sanitize_message(message, &[]));
        let lifetime = seconds("expires_in").unwrap_or(DEFAULT_CODE_LIFETIME).min(MAX_CODE_LIFETIME);
        Some(Self {
            secret: Secret::new(text("device_code")?),
            // The instructions may be missing, or in a language that lacks one of the two.
            message: message
                .filter(|message| message.contains(&user_code) && message.contains(verification_uri))
                .unwrap_or_else(|| format!("To sign in, open {verification_uri} and enter the code {user_code}.")),
            user_code,
            verification_uri: verification_uri.to_owned(),
            expires_at: Instant::now() + lifetime,
            interval: seconds("interval")
                .unwrap_or(DEFAULT_POLL_INTERVAL)
                .clamp(MIN_POLL_INTERVAL, super::MAX_POLL_INTERVAL),
        })
    }
}

impl fmt::Debug for DeviceCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("DeviceCode").field("verification_uri", &self.verification_uri).finish_non_exhaustive()
    }
}

/// A request for a device code. To be issued a second one does no harm.
pub(super) struct DeviceCodeExchange<'a> {
    pub(super) app: &'a AppRegistration,
    pub(super) authority: &'a BaseUrl,
    pub(super) scope: &'a str,
    pub(super) user_agent: &'a HeaderValue,
}

impl<X: Transport> RetryableRequest<X> for DeviceCodeExchange<'_> {
    type Value = DeviceCode;

    fn operation_name(&self) -> &'static str {
        SIGN_IN_OPERATION_NAME
    }

    fn rate_limit_ticket(&self) -> Option<Ticket<'_>> {
        None
    }

    fn max_response_size(&self) -> usize {
        MAX_TOKEN_RESPONSE_SIZE
    }

    fn extend_refresh_claim(&self, _: Duration) {}

    fn attempt_span(&self, attempt: &AttemptDescription) -> Span {
        attempt_span(&Method::POST, None, self.authority, attempt)
    }

    fn build_http_request(&self, metadata: &CallMetadata) -> Result<Request, http::Error> {
        let scope = scope_with_offline_access(self.scope);
        let form = [("client_id", self.app.client_id.as_str()), ("scope", &scope)];
        let target = format!("/{}/oauth2/v2.0/devicecode", self.app.tenant);
        let mut request = build_form_request(self.authority, &target, &form, metadata.correlation_id)?;
        request.headers_mut().insert(header::USER_AGENT, self.user_agent.clone());
        Ok(request)
    }

    fn decode_response_value(&self, response: &mut Response) -> Result<DeviceCode, AttemptError> {
        if !response.status().is_success() {
            return Err(authority_rejection_error(SIGN_IN_OPERATION_NAME, TokenError::from_response(response, &[])));
        }
        DeviceCode::from_response(response).ok_or_else(|| AttemptError {
            retryability: Retryability::Permanent,
            error: Error::new(ErrorKind::Credential, SIGN_IN_OPERATION_NAME, NO_DEVICE_CODE_MESSAGE),
            has_response: true,
        })
    }
}

const NO_DEVICE_CODE_MESSAGE: &str =
    "the authority's response holds no device code: a proxy may have responded in its place";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Option<DeviceCode> {
        DeviceCode::from_response(&Response::new(body.to_owned().into()))
    }

    #[test]
    fn device_code_is_read_from_both_versions_of_the_endpoint() {
        let code = read(
            r#"{"user_code":"BCDF2345G","device_code":"hush","verification_uri":"https://microsoft.com/devicelogin",
                "expires_in":900,"interval":5,"message":"Open https://microsoft.com/devicelogin:\r\n\u001b[1mBCDF2345G"}"#,
        )
        .unwrap();
        assert_eq!((code.user_code(), code.poll_interval()), ("BCDF2345G", Duration::from_secs(5)));
        assert_eq!(code.message(), "Open https://microsoft.com/devicelogin: [1mBCDF2345G");
        assert!((895..=900).contains(&code.lifetime().as_secs()));
        assert!(!format!("{code:?}").contains("hush"));
        let code = read(
            r#"{"user_code":"BCDF2345G","device_code":"hush","verification_url":"https://microsoft.com/devicelogin",
                "expires_in":"60","interval":"0"}"#,
        )
        .unwrap();
        assert_eq!(code.poll_interval(), MIN_POLL_INTERVAL);
        assert_eq!(code.message(), "To sign in, open https://microsoft.com/devicelogin and enter the code BCDF2345G.");
    }

    #[test]
    fn response_without_a_device_code_is_an_error() {
        let complete = r#"{"user_code":"C","device_code":"d","verification_uri":"https://a.example"}"#;
        assert!(read(complete).is_some());
        for invalid in [
            "",
            "<html>",
            "[]",
            r#"{"user_code":"C","device_code":"","verification_uri":"https://a.example"}"#,
            r#"{"user_code":"C","device_code":"d","verification_uri":"file:///etc/passwd"}"#,
            r#"{"user_code":"C","device_code":"d","verification_uri":"calc.exe"}"#,
            &complete.replace("\"C\"", &format!("\"{}\"", "C".repeat(65))),
        ] {
            assert!(read(invalid).is_none(), "{invalid}");
        }
    }
}
