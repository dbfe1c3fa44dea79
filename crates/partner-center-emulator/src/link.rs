use http::{header::HOST, uri::Authority};
use partner_center_core::Request;
use serde::Serialize;

/// A link as the service writes it. Fields are in the order of their names, here and in all that is written.
#[derive(Serialize)]
pub(crate) struct Link {
    /// Those to send when the link is followed.
    headers: Vec<Header>,
    method: &'static str,
    uri: String,
}

#[derive(Serialize)]
struct Header {
    key: &'static str,
    value: String,
}

/// An extension of requests that came over TLS.
#[derive(Clone, Copy)]
pub(crate) struct OverTls;

/// Returns scheme, host and port that `request` was sent to.
pub(crate) fn origin(request: &Request) -> String {
    let of_connection = if request.extensions().get::<OverTls>().is_some() { "https" } else { "http" };
    let scheme = request.uri().scheme_str().unwrap_or(of_connection);
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let host = request.uri().authority().map(Authority::as_str).or(host).unwrap_or("localhost");
    format!("{scheme}://{host}")
}

/// The links of a resource to itself.
#[derive(Serialize)]
pub(crate) struct ToItself {
    #[serde(rename = "self")]
    itself: Link,
}

impl Link {
    pub(crate) fn to(uri: String) -> Self {
        Self { headers: Vec::new(), method: "GET", uri }
    }

    pub(crate) fn with(mut self, key: &'static str, value: String) -> Self {
        self.headers.push(Header { key, value });
        self
    }
}

impl ToItself {
    pub(crate) fn at(uri: String) -> Self {
        Self { itself: Link::to(uri) }
    }
}
