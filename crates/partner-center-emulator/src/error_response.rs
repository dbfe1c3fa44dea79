use crate::answer::{Answer, Content};
use http::{
    HeaderValue, StatusCode,
    header::{ALLOW, WWW_AUTHENTICATE},
};
use serde_json::{Value, json};

/// What the service answers by itself instead of a resource.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ErrorResponse {
    /// The token is missing, or not the one that is accepted.
    AccessDenied,
    /// The token is for an audience that is no longer accepted.
    AudienceRetired,
    /// An application asks for what only a user may have.
    NeedsUser,
    /// `MS-RequestId` or `MS-CorrelationId` is no GUID.
    InvalidHeader,
    /// The identifier of a customer is no GUID.
    InvalidCustomerId,
    /// The query of a list cannot be understood, for this reason.
    InvalidSearch(&'static str),
    /// The query has this parameter, which the resource does not have.
    UnknownParameter(String),
    /// There is no such customer, or no such resource.
    NotFound,
    /// The resource can only be read.
    MethodNotAllowed,
    /// The client accepts no JSON.
    NotAcceptable,
}

impl ErrorResponse {
    fn status(&self) -> StatusCode {
        match self {
            Self::AccessDenied | Self::AudienceRetired => StatusCode::UNAUTHORIZED,
            Self::NeedsUser => StatusCode::FORBIDDEN,
            Self::InvalidHeader | Self::InvalidCustomerId | Self::InvalidSearch(_) | Self::UnknownParameter(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
        }
    }

    /// The body as published. Its `code` is a number from the front door and a text from services behind it.
    fn body(&self) -> Value {
        let unknown;
        let (code, description, source) = match self {
            Self::AccessDenied => (json!(400), "Access denied", "PartnerFD"),
            Self::AudienceRetired => (json!("900420"), "The audience of the token is not valid.", "PartnerFD"),
            Self::NeedsUser => (json!(900_329), "This resource does not support App-only authentication.", "PartnerFD"),
            Self::InvalidHeader => (json!(800_002), "MS-RequestId and MS-CorrelationId must be GUIDs", "PartnerFD"),
            Self::InvalidCustomerId => (json!(900_118), "Invalid customer id", "PartnerFD"),
            Self::InvalidSearch(reason) => (json!("2000"), *reason, "PartnerApiServiceControllers"),
            Self::NotFound => (json!(1000), "Not found", "PartnerFD"),
            Self::UnknownParameter(name) => {
                unknown = format!("The resource has no query parameter {name:?}.");
                (json!("2000"), unknown.as_str(), "PartnerApiServiceControllers")
            }
            // No body is published for these two; it is the form in which the service's web framework puts them.
            Self::MethodNotAllowed => {
                return json!({ "message": "The requested resource does not support this HTTP method." });
            }
            Self::NotAcceptable => {
                return json!({ "message": "The requested resource is available as application/json only." });
            }
        };
        json!({ "code": code, "description": description, "data": [], "source": source })
    }
}

impl From<ErrorResponse> for Answer {
    fn from(refusal: ErrorResponse) -> Self {
        let answer = Self::new(refusal.status(), Content::Fault(refusal.body()));
        match refusal {
            ErrorResponse::AccessDenied | ErrorResponse::AudienceRetired | ErrorResponse::NeedsUser => {
                answer.with(WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE))
            }
            ErrorResponse::MethodNotAllowed => answer.with(ALLOW, HeaderValue::from_static("GET")),
            _ => answer,
        }
    }
}

pub(crate) const CHALLENGE: &str = "OAuth realm=urn:cpsvc:cpid:00000000-0000-0000-0000-000000000000";
