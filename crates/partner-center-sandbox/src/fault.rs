use http::StatusCode;
use serde_json::{Value, json};

/// What the service answers instead of a resource.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The token is missing, or not the one that is accepted.
    AccessDenied,
    /// The identifier of a customer is no GUID.
    InvalidCustomerId,
    /// The query of a list cannot be understood, for this reason.
    InvalidSearch(&'static str),
    /// There is no such customer, or no such resource.
    NotFound,
    /// The resource can only be read.
    MethodNotAllowed,
}

impl Fault {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::AccessDenied => StatusCode::UNAUTHORIZED,
            Self::InvalidCustomerId | Self::InvalidSearch(_) => StatusCode::BAD_REQUEST,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        }
    }

    /// The body as published. Its `code` is a number from the front door and a text from services behind it.
    pub(crate) fn body(&self) -> Value {
        let (code, description, source) = match self {
            Self::AccessDenied => (json!(400), "Access denied", "PartnerFD"),
            Self::InvalidCustomerId => (json!(900_118), "Invalid customer id", "PartnerFD"),
            Self::InvalidSearch(reason) => (json!("2000"), *reason, "PartnerApiServiceControllers"),
            Self::NotFound => (json!(1000), "Not found", "PartnerFD"),
            // No body is published for this one; it is the form in which the service's web framework puts it.
            Self::MethodNotAllowed => {
                return json!({ "message": "The requested resource does not support this HTTP method." });
            }
        };
        json!({ "code": code, "description": description, "data": [], "source": source })
    }
}
