use crate::{
    service_response::{ResponseContent, ServiceResponse},
    store::StoreFull,
};
use http::{
    HeaderValue, StatusCode,
    header::{ALLOW, WWW_AUTHENTICATE},
};
use partner_center_spec::Method;
use serde_json::{Value, json};

/// A request that the service rejects, by reason.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ErrorResponse {
    /// The access token is missing or not accepted.
    AccessDenied,
    /// The access token is for an audience that the service no longer accepts.
    UnsupportedAudience,
    /// The access token is of a user who has not given a second factor.
    SecondFactorRequired,
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
    /// The resource supports these methods only.
    MethodNotAllowed(Vec<Method>),
    /// The client does not accept JSON.
    NotAcceptable,
    /// The body is in another format than the operation takes.
    UnsupportedMediaType(&'static str),
    /// The front door rejects it with this status, code and description.
    Rejected(StatusCode, u32, String),
    /// A newer service behind the front door rejects it with this status, code, name and description.
    RejectedByNewerService(StatusCode, u32, &'static str, &'static str),
    /// All licenses of the SKU with this identifier are assigned.
    NoLicenseLeft(String),
    /// The emulator has no room for what the request writes.
    StoreFull,
}

impl ErrorResponse {
    /// Returns an error that the documentation lists with this code.
    pub(crate) fn documented_error(status: StatusCode, code: u32, description: impl Into<String>) -> Self {
        Self::Rejected(status, code, description.into())
    }

    /// Returns the error for a request that the service does not understand, for this reason.
    pub(crate) fn invalid_input_error(reason: impl Into<String>) -> Self {
        Self::documented_error(StatusCode::BAD_REQUEST, 800_002, reason)
    }

    /// Returns the error for a property that has a value which the service does not take, for this reason.
    pub(crate) fn invalid_property_error(reason: impl Into<String>) -> Self {
        Self::documented_error(StatusCode::BAD_REQUEST, 3000, reason)
    }

    /// Returns the error for a resource of a customer that is not there.
    pub(crate) fn tenant_not_found_error() -> Self {
        Self::documented_error(StatusCode::NOT_FOUND, 60_003, "The tenant was not found.")
    }

    /// Returns the error for an etag that is no longer that of the resource.
    pub(crate) fn stale_etag_error() -> Self {
        let description =
            "The etag does not match: the resource has changed since it was read. Get it again, and change that.";
        Self::documented_error(StatusCode::BAD_REQUEST, 2055, description)
    }

    fn status_code(&self) -> StatusCode {
        match self {
            Self::AccessDenied | Self::UnsupportedAudience | Self::SecondFactorRequired => StatusCode::UNAUTHORIZED,
            Self::NeedsUser => StatusCode::FORBIDDEN,
            Self::InvalidHeader
            | Self::InvalidCustomerId
            | Self::InvalidSearch(_)
            | Self::UnknownParameter(_)
            | Self::NoLicenseLeft(_) => StatusCode::BAD_REQUEST,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::UnsupportedMediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Rejected(status, ..) | Self::RejectedByNewerService(status, ..) => *status,
            Self::StoreFull => StatusCode::INSUFFICIENT_STORAGE,
        }
    }

    /// Returns the body as published. Its `code` is a number if the front door (`PartnerFD`) sends it, and a string if a
    /// service behind it does.
    fn json_body(&self) -> Value {
        let unknown_parameter;
        let (code, description, source) = match self {
            Self::AccessDenied => (json!(400), "Access denied", "PartnerFD"),
            Self::UnsupportedAudience => (json!("900420"), "The audience of the token is not valid.", "PartnerFD"),
            Self::SecondFactorRequired => {
                (json!("900421"), "The token has no claim of multifactor authentication.", "PartnerFD")
            }
            Self::NeedsUser => (json!(900_329), "This resource does not support App-only authentication.", "PartnerFD"),
            Self::InvalidHeader => (json!(800_002), "MS-RequestId and MS-CorrelationId must be GUIDs", "PartnerFD"),
            Self::InvalidCustomerId => (json!(900_118), "Invalid customer id", "PartnerFD"),
            Self::InvalidSearch(reason) => (json!("2000"), *reason, "PartnerApiServiceControllers"),
            Self::NotFound => (json!(1000), "Not found", "PartnerFD"),
            Self::UnknownParameter(name) => {
                unknown_parameter = format!("The resource has no query parameter {name:?}.");
                (json!("2000"), unknown_parameter.as_str(), "PartnerApiServiceControllers")
            }
            Self::Rejected(_, code, description) => (json!(code), description.as_str(), "PartnerFD"),
            Self::NoLicenseLeft(_) => (json!(60_012), "There are no licenses left of the SKU.", "PartnerFD"),
            Self::StoreFull => {
                (json!(800_003), "The store of the emulator is full. Delete something, or start again.", "PartnerFD")
            }
            Self::RejectedByNewerService(_, code, name, description) => {
                return json!({
                    "code": code,
                    "message": description,
                    "description": description,
                    "errorName": name,
                    "isRetryable": false,
                    "parameters": {},
                    "errorMessageExtended": format!("InternalErrorCode={code}"),
                });
            }
            // No body is published for these: this is the default of the service's web framework.
            Self::MethodNotAllowed(_) => {
                return json!({ "message": "The requested resource does not support this HTTP method." });
            }
            Self::NotAcceptable => {
                return json!({ "message": "The requested resource is available as application/json only." });
            }
            Self::UnsupportedMediaType(expected) => {
                return json!({ "message": format!("The request's body must be {expected}.") });
            }
        };
        let data = if let Self::NoLicenseLeft(sku) = self { json!([sku]) } else { json!([]) };
        json!({ "code": code, "description": description, "data": data, "source": source })
    }
}

impl From<ErrorResponse> for ServiceResponse {
    fn from(error: ErrorResponse) -> Self {
        let response = Self::new(error.status_code(), ResponseContent::Error(error.json_body()));
        match error {
            ErrorResponse::AccessDenied
            | ErrorResponse::UnsupportedAudience
            | ErrorResponse::SecondFactorRequired
            | ErrorResponse::NeedsUser => {
                response.with_header(WWW_AUTHENTICATE, HeaderValue::from_static(WWW_AUTHENTICATE_CHALLENGE))
            }
            ErrorResponse::MethodNotAllowed(methods) => {
                let methods: Vec<_> = methods.into_iter().map(Method::as_str).collect();
                match HeaderValue::try_from(methods.join(", ")) {
                    Ok(methods) => response.with_header(ALLOW, methods),
                    Err(_) => response,
                }
            }
            _ => response,
        }
    }
}

impl From<StoreFull> for ErrorResponse {
    fn from(_: StoreFull) -> Self {
        Self::StoreFull
    }
}

/// The value of `WWW-Authenticate` of the service.
pub(crate) const WWW_AUTHENTICATE_CHALLENGE: &str = "OAuth realm=urn:cpsvc:cpid:00000000-0000-0000-0000-000000000000";
