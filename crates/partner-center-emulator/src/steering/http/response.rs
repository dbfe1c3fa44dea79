use crate::steering::{SteeringError, SteeringErrorKind};
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
};
use hyper::body::Bytes;
use partner_center_core::Response;
use serde::Serialize;
use serde_json::{Value, json};

/// Returns a response with a body of this media type.
pub(super) fn respond_with(status: StatusCode, media_type: &'static str, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let length = response.body().len();
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, length.into());
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CROSS_ORIGIN_RESOURCE_POLICY_HEADER, HeaderValue::from_static("same-origin"));
    response
}

/// Returns a response with a JSON body.
pub(super) fn json_response(status: StatusCode, body: &impl Serialize) -> Response {
    respond_with(status, "application/json", json!(body).to_string())
}

/// Returns a response that something was done.
pub(super) fn ok_json_response(body: &Value) -> Response {
    json_response(StatusCode::OK, body)
}

pub(super) fn error_response(status: StatusCode, message: &str) -> Response {
    json_response(status, &json!({ "error": message }))
}

pub(super) fn status_code_of_error(error: &SteeringError) -> StatusCode {
    match error.kind() {
        SteeringErrorKind::Invalid => StatusCode::BAD_REQUEST,
        SteeringErrorKind::NotFound => StatusCode::NOT_FOUND,
        SteeringErrorKind::Conflict => StatusCode::CONFLICT,
    }
}

/// Keeps pages of other sites from showing what is here.
const CROSS_ORIGIN_RESOURCE_POLICY_HEADER: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
