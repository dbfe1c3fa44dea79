use crate::service_response::{Content, ServiceResponse};
use http::{
    HeaderValue, StatusCode,
    header::{ALLOW, WWW_AUTHENTICATE},
};
use serde_json::{Value, json};

/// A request that the service rejects, by reason.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ErrorResponse {
    /// The access token is missing or not accepted.
    AccessDenied,
    /// The access token is for an audience that the service no longer accepts.
    UnsupportedAudience,
    /// The resource is for app+user credentials, and the token is of an application alone.
    NeedsUser,
    /// `MS-RequestId` or `MS-CorrelationId` is not a GUID.
    InvalidHeader,
    /// The identifier of a customer is not a GUID.
    InvalidCustomerId,
    /// The query of a list is invalid, for this reason.
    InvalidSearch(&'static str),
    /// The query has this parameter, which the resource does not have.
    UnknownParameter(String),
    /// There is no such customer, or no such resource.
    NotFound,
    /// The resource supports no other method than GET.
    MethodNotAllowed,
    /// The client does not accept JSON.
    NotAcceptable,
}

impl ErrorResponse {
    fn status(&self) -> StatusCode {
        match self {
            Self::AccessDenied | Self::UnsupportedAudience => StatusCode::UNAUTHORIZED,
            Self::NeedsUser => StatusCode::FORBIDDEN,
            Self::InvalidHeader | Self::InvalidCustomerId | Self::InvalidSearch(_) | Self::UnknownParameter(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
        }
    }

    /// Returns the body as published. Its `code` is a number if the front door (`PartnerFD`) sends it, and a string if a
    /// service behind it does.
    fn body(&self) -> Value {
        let unknown_parameter;
        let (code, description, source) = match self {
            Self::AccessDenied => (json!(400), "Access denied", "PartnerFD"),
            Self::UnsupportedAudience => (json!("900420"), "The audience of the token is not valid.", "PartnerFD"),
            Self::NeedsUser => (json!(900_329), "This resource does not support App-only authentication.", "PartnerFD"),
            Self::InvalidHeader => (json!(800_002), "MS-RequestId and MS-CorrelationId must be GUIDs", "PartnerFD"),
            Self::InvalidCustomerId => (json!(900_118), "Invalid customer id", "PartnerFD"),
            Self::InvalidSearch(reason) => (json!("2000"), *reason, "PartnerApiServiceControllers"),
            Self::NotFound => (json!(1000), "Not found", "PartnerFD"),
            Self::UnknownParameter(name) => {
                unknown_parameter = format!("The resource has no query parameter {name:?}.");
                (json!("2000"), unknown_parameter.as_str(), "PartnerApiServiceControllers")
            }
            // No body is published for these two: this is the default of the service's web framework.
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

impl From<ErrorResponse> for ServiceResponse {
    fn from(error: ErrorResponse) -> Self {
        let response = Self::new(error.status(), Content::Error(error.body()));
        match error {
            ErrorResponse::AccessDenied | ErrorResponse::UnsupportedAudience | ErrorResponse::NeedsUser => {
                response.with_header(WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE))
            }
            ErrorResponse::MethodNotAllowed => response.with_header(ALLOW, HeaderValue::from_static("GET")),
            _ => response,
        }
    }
}

/// The value of `WWW-Authenticate` of the service.
pub(crate) const CHALLENGE: &str = "OAuth realm=urn:cpsvc:cpid:00000000-0000-0000-0000-000000000000";
