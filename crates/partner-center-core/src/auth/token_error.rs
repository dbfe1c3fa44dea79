use super::entra_codes::entra_code_hint;
use crate::{Response, body, error, retry::RetryAfter};
use http::StatusCode;
use serde_json::{Map, Value};
use std::{fmt, time::Duration};

/// The error response of the authority, when it issues no token.
///
/// It is that of OAuth 2.0 ([RFC 6749, section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)) with the
/// [additions of Entra](https://learn.microsoft.com/entra/identity-platform/reference-error-codes).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenError {
    /// The HTTP status.
    pub status: StatusCode,
    /// The error code of OAuth 2.0, such as `invalid_grant`.
    pub error: Option<String>,
    /// Entra's own codes, the numbers behind `AADSTS`.
    pub codes: Vec<u64>,
    /// Entra's explanation, at most 1,024 characters of it.
    pub description: Option<String>,
    /// Entra's trace ID, for a support request.
    pub trace_id: Option<String>,
    /// Entra's correlation ID, for a support request: as a rule that of the call.
    pub correlation_id: Option<String>,
    /// The wait before a retry that the authority requests.
    pub retry_after: Option<Duration>,
    is_retry_after_from_message: bool,
    /// The target of a redirect (3xx), without user, query and fragment, at most 1,024 characters of it.
    pub location: Option<String>,
}

impl TokenError {
    /// Returns the reason of the error, if it is a known one.
    #[must_use]
    pub fn reason(&self) -> Option<TokenErrorReason> {
        TokenErrorReason::from_oauth_error_and_entra_codes(
            self.status,
            self.error.as_deref().unwrap_or_default(),
            &self.codes,
        )
    }

    /// Returns what to do about it, in one sentence: by the number of Entra's error if that is known, or else by the
    /// [reason](Self::reason).
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        self.codes.iter().find_map(|code| entra_code_hint(*code)).or_else(|| self.reason().map(TokenErrorReason::hint))
    }

    /// Returns the wait that the authority requests, with its origin.
    pub(crate) fn requested_wait(&self) -> Option<RetryAfter> {
        let is_from_message = self.is_retry_after_from_message;
        self.retry_after.map(|delay| RetryAfter { delay, is_from_message })
    }

    /// Reads an error response; every body is accepted, also an invalid one. The `secrets` are removed from it.
    pub(crate) fn from_response(response: &Response, secrets: &[&str]) -> Self {
        let fields = parse_token_error_fields(response).unwrap_or_default();
        // A gateway in front of the authority may return an error object, as most services of Microsoft do.
        let wrapped = fields.get("error").and_then(Value::as_object);
        let field = |name: &str, wrapped_name: &str| match wrapped {
            Some(wrapped) => wrapped.get(wrapped_name).and_then(Value::as_str),
            None => fields.get(name).and_then(Value::as_str),
        };
        let shown = |text: Option<&str>| {
            text.map(|text| error::sanitize_message(text, secrets)).filter(|text| !text.is_empty())
        };
        let text_of = |name| shown(fields.get(name).and_then(Value::as_str));
        let explanation = field("error_description", "message");
        let wait = RetryAfter::from_response(response, explanation);
        let description = shown(explanation);
        let codes = fields.get("error_codes").and_then(Value::as_array);
        let mut codes: Vec<u64> = codes.into_iter().flatten().filter_map(Value::as_u64).collect();
        if codes.is_empty() {
            codes.extend(description.as_deref().and_then(leading_entra_code));
        }
        codes.truncate(MAX_ERROR_CODES);
        Self {
            status: response.status(),
            error: shown(field("error", "code")).map(|error| error.chars().take(MAX_ERROR_CODE_LENGTH).collect()),
            codes,
            description,
            trace_id: text_of("trace_id"),
            correlation_id: text_of("correlation_id"),
            retry_after: wait.map(|wait| wait.delay),
            is_retry_after_from_message: wait.is_some_and(|wait| wait.is_from_message),
            location: error::redirect_location_without_secrets(response, secrets),
        }
    }

    /// Reads the error in a response with a success status; `None` if there is none. A response that may have a token
    /// as well is not read, as its fields would be shown.
    pub(crate) fn from_success_response(response: &Response, secrets: &[&str]) -> Option<Self> {
        let fields = parse_token_error_fields(response)?;
        let has_token = fields.keys().any(|name| name.ends_with("_token"));
        let error = Some(Self::from_response(response, secrets)).filter(|_| !has_token)?;
        (error.error.is_some() || !error.codes.is_empty()).then_some(error)
    }
}

fn parse_token_error_fields(response: &Response) -> Option<Map<String, Value>> {
    body::parse_json_or_none(&body::decode_body_as_string(response).ok()?)
}

/// The maximum number of codes that are kept of a response.
const MAX_ERROR_CODES: usize = 8;
/// The maximum length of the OAuth 2.0 error code, in characters.
const MAX_ERROR_CODE_LENGTH: usize = 64;

/// Reads the number in `AADSTS50076: Due to a configuration change ...`.
fn leading_entra_code(description: &str) -> Option<u64> {
    let digits = description.strip_prefix("AADSTS")?;
    digits.split(|character: char| !character.is_ascii_digit()).next()?.parse().ok()
}

impl fmt::Display for TokenError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.status)?;
        if let Some(location) = &self.location {
            write!(formatter, " to {location}")?;
        }
        if let Some(error) = &self.error {
            write!(formatter, ", {error}")?;
        }
        let is_described = |text: &str| self.description.as_ref().is_some_and(|description| description.contains(text));
        for code in self.codes.iter().map(|code| format!("AADSTS{code}")).filter(|code| !is_described(code)) {
            write!(formatter, ", {code}")?;
        }
        if let Some(description) = &self.description {
            write!(formatter, ": {description}")?;
        }
        if let Some(delay) = self.retry_after {
            write!(formatter, " (retry after {} s)", delay.as_secs())?;
        }
        for (name, id) in [("trace id", &self.trace_id), ("correlation id", &self.correlation_id)] {
            // The description of Entra usually has them already.
            if let Some(id) = id.as_ref().filter(|id| !is_described(id)) {
                write!(formatter, " [the authority's {name} {id}]")?;
            }
        }
        if let Some(hint) = self.hint().filter(|_| !formatter.alternate()) {
            write!(formatter, " (hint: {hint})")?;
        }
        Ok(())
    }
}

/// The known reasons of a [`TokenError`], by what can be done about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenErrorReason {
    /// The application is not known, or its secret is wrong or has expired (`invalid_client`, `unauthorized_client`).
    InvalidClient,
    /// The refresh token has expired or was revoked (`invalid_grant` without a closer reason).
    InvalidGrant,
    /// Nobody has consented to the permissions that the application requests (AADSTS65001 and the like).
    ConsentRequired,
    /// The user must prove who they are with a second factor (AADSTS50076 and the like).
    MultifactorRequired,
    /// The user must sign in once more, for an unknown reason (`interaction_required`).
    InteractionRequired,
    /// The user is not assigned to the application (AADSTS50105).
    NotAssigned,
    /// A Conditional Access policy blocks the application, the user or the location (AADSTS53003 and the like).
    ConditionalAccess,
    /// There is no such tenant in this cloud (AADSTS90002 and the like).
    UnknownTenant,
    /// The audience is not known in this tenant or cloud (AADSTS500011 and the like).
    UnknownAudience,
    /// Too many requests (429).
    Throttled,
}

impl TokenErrorReason {
    fn from_oauth_error_and_entra_codes(status: StatusCode, error: &str, codes: &[u64]) -> Option<Self> {
        codes.iter().find_map(|code| Self::from_entra_code(*code)).or(match error {
            "invalid_client" | "unauthorized_client" => Some(Self::InvalidClient),
            "consent_required" => Some(Self::ConsentRequired),
            "interaction_required" => Some(Self::InteractionRequired),
            "invalid_grant" => Some(Self::InvalidGrant),
            "invalid_resource" => Some(Self::UnknownAudience),
            _ if status == StatusCode::TOO_MANY_REQUESTS => Some(Self::Throttled),
            _ => None,
        })
    }

    fn from_entra_code(code: u64) -> Option<Self> {
        Some(match code {
            700_016 | 7_000_215 | 7_000_218 | 7_000_222 => Self::InvalidClient,
            65_001 | 65_004 | 90_094 => Self::ConsentRequired,
            50_072 | 50_074 | 50_076 | 50_078 | 50_079 => Self::MultifactorRequired,
            50_105 => Self::NotAssigned,
            50_005 | 50_097 | 50_131 | 50_158 | 53_000..=53_011 | 530_002 | 530_003 | 530_032 | 530_035 => {
                Self::ConditionalAccess
            }
            90_002 | 900_023 => Self::UnknownTenant,
            50_001 | 500_011 | 650_052 => Self::UnknownAudience,
            _ => return None,
        })
    }

    /// Returns what to do about it, in one sentence.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::InvalidClient => {
                "check the client ID and the client secret (its value, not its ID), whether the secret has expired, and \
                 whether the application is registered in this tenant"
            }
            Self::InvalidGrant => {
                "have the user sign in again and store the new refresh token: the old one has expired or was revoked, as by \
                 a change of password"
            }
            Self::ConsentRequired => {
                "have an administrator of the tenant consent to the application's permissions for Partner Center"
            }
            Self::MultifactorRequired => {
                "have the user sign in again with multifactor authentication and store the new refresh token"
            }
            Self::InteractionRequired => "have the user sign in again and store the new refresh token",
            Self::NotAssigned => "have an administrator of the tenant assign the user to the application",
            Self::ConditionalAccess => {
                "have an administrator see which Conditional Access policy blocks it, in the sign-in log of Entra, and let it admit \
                 this application, user and place; where it forbids device codes, sign in in the browser"
            }
            Self::UnknownTenant => "check the tenant's ID or domain, and whether it is a tenant of this cloud",
            Self::UnknownAudience => {
                "check the cloud and the audience, and whether the tenant is that of a partner: others do not know Partner Center; \
                 in a new one, an administrator has to sign in to https://partner.microsoft.com once"
            }
            Self::Throttled => "wait as long as the authority asks, and share one client instead of making many",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token_error(status: u16, body: &str) -> TokenError {
        let response = http::Response::builder().status(status).body(body.to_owned().into()).unwrap();
        TokenError::from_response(&response, &["the-client-secret"])
    }

    #[test]
    fn every_reason_is_found_and_has_its_own_hint() {
        let mut hints = std::collections::HashSet::new();
        for (status, body, reason) in [
            (401, r#"{"error":"invalid_client","error_codes":[7000215]}"#, TokenErrorReason::InvalidClient),
            (400, r#"{"error":"unauthorized_client","error_codes":[1]}"#, TokenErrorReason::InvalidClient),
            (400, r#"{"error":"invalid_grant","error_codes":[700082]}"#, TokenErrorReason::InvalidGrant),
            (400, r#"{"error":"invalid_grant","error_codes":[50076]}"#, TokenErrorReason::MultifactorRequired),
            (400, r#"{"error":"invalid_grant","error_codes":[65001]}"#, TokenErrorReason::ConsentRequired),
            (400, r#"{"error":"consent_required"}"#, TokenErrorReason::ConsentRequired),
            (400, r#"{"error":"interaction_required","error_codes":[53003]}"#, TokenErrorReason::ConditionalAccess),
            (400, r#"{"error":"interaction_required"}"#, TokenErrorReason::InteractionRequired),
            (400, r#"{"error":"invalid_grant","error_codes":[50105]}"#, TokenErrorReason::NotAssigned),
            (400, r#"{"error":"invalid_request","error_codes":[90002]}"#, TokenErrorReason::UnknownTenant),
            (400, r#"{"error":"invalid_resource","error_codes":[500011]}"#, TokenErrorReason::UnknownAudience),
            (400, r#"{"error":"invalid_resource"}"#, TokenErrorReason::UnknownAudience),
            (400, r#"{"error":"odd","error_codes":[7,700016]}"#, TokenErrorReason::InvalidClient),
            (400, r#"{"error":"odd","error_codes":[500011]}"#, TokenErrorReason::UnknownAudience),
            // Where the codes are missing, the explanation begins with one.
            (
                400,
                r#"{"error":"invalid_grant","error_description":"AADSTS53003: Blocked"}"#,
                TokenErrorReason::ConditionalAccess,
            ),
            (429, "", TokenErrorReason::Throttled),
        ] {
            let error = token_error(status, body);
            assert_eq!(error.reason(), Some(reason), "{body}");
            hints.insert(reason.hint());
            assert!(error.to_string().contains(reason.hint()) && !format!("{error:#}").contains(reason.hint()));
        }
        assert_eq!(hints.len(), 10);
        assert_eq!(token_error(400, r#"{"error":"invalid_scope"}"#).reason(), None);
    }

    #[test]
    fn error_under_success_is_distinguished_from_a_token() {
        for (body, is_error) in [
            (r#"{"error":"invalid_grant","error_description":"AADSTS50173: Expired.","error_codes":[50173]}"#, true),
            (r#"{"error":{"code":"invalid_request","message":"No."}}"#, true),
            (r#"{"error_description":"AADSTS50173: Expired."}"#, true),
            (r#"{"error":"odd","access_token":"hush"}"#, false),
            (r#"{"error":"odd","id_token":7}"#, false),
            (r#"{"error":null}"#, false),
            ("{}", false),
            ("[]", false),
            ("", false),
        ] {
            let response = http::Response::new(body.to_owned().into());
            assert_eq!(TokenError::from_success_response(&response, &[]).is_some(), is_error, "{body}");
        }
    }

    #[test]
    fn requested_wait_of_the_authority_is_read() {
        let error = token_error(429, r#"{"error":"throttled","error_description":"Try again in 57 seconds."}"#);
        assert_eq!(error.retry_after, Some(Duration::from_secs(57)));
    }

    #[test]
    fn any_response_is_displayed_on_one_line_without_secrets() {
        for (status, body, expected) in [
            (400, "", "400 Bad Request"),
            (502, "<html>", "502 Bad Gateway"),
            (400, r#"{"error":7,"error_codes":["7"],"trace_id":{}}"#, "400 Bad Request"),
            (
                400,
                r#"{"error":"odd","error_description":"No:\r\n the-client-secret","trace_id":"t-1","correlation_id":"c-1"}"#,
                "400 Bad Request, odd: No: [redacted] [the authority's trace id t-1] [the authority's correlation id c-1]",
            ),
            (
                400,
                r#"{"error":"odd","error_codes":[7],"error_description":"AADSTS7: No."}"#,
                "400 Bad Request, odd: AADSTS7: No.",
            ),
            (
                400,
                r#"{"error":"odd","error_codes":[1,2],"error_description":"Trace ID: t1","trace_id":"t1"}"#,
                "400 Bad Request, odd, AADSTS1, AADSTS2: Trace ID: t1",
            ),
        ] {
            assert_eq!(token_error(status, body).to_string(), expected);
        }
        let wrapped = r#"{"error":{"code":"odd","message":"AADSTS7: No."}}"#;
        assert_eq!(token_error(400, wrapped).to_string(), "400 Bad Request, odd: AADSTS7: No.");
        let long = token_error(400, &format!(r#"{{"error":"{}"}}"#, "e".repeat(9999)));
        assert_eq!(long.error.map(|error| error.len()), Some(MAX_ERROR_CODE_LENGTH));
    }

    #[test]
    fn redirect_target_is_displayed_without_its_query() {
        let response = http::Response::builder().status(302).header("Location", "https://portal.example/?token=hush");
        let error = TokenError::from_response(&response.body("".into()).unwrap(), &[]);
        assert_eq!(error.to_string(), "302 Found to https://portal.example/");
    }
}
