use http::{header::HOST, uri::Authority};
use partner_center_core::Request;

/// A mark among the extensions of a request that was received over TLS.
#[derive(Clone, Copy)]
pub(crate) struct ReceivedOverTls;

/// Returns the scheme, host and port that `request` was sent to, as in `https://localhost:8443`.
pub(crate) fn request_origin(request: &Request) -> String {
    let connection_scheme = if request.extensions().get::<ReceivedOverTls>().is_some() { "https" } else { "http" };
    let scheme = request.uri().scheme_str().unwrap_or(connection_scheme);
    let host_header = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let host = request.uri().authority().map(Authority::as_str).or(host_header).unwrap_or("localhost");
    format!("{scheme}://{host}")
}
