//! Links, which all resources of the service have. The fields of each type are in alphabetical order,
//! here and in all other JSON that the emulator writes.

use serde::Serialize;

/// A link of a resource.
#[derive(Serialize)]
pub(crate) struct ResourceLink {
    /// The headers to send when the link is followed.
    headers: Vec<LinkHeader>,
    method: &'static str,
    uri: String,
}

#[derive(Serialize)]
struct LinkHeader {
    key: &'static str,
    value: String,
}

/// The links of a resource that has only the one to itself.
#[derive(Serialize)]
pub(crate) struct SelfLinks {
    #[serde(rename = "self")]
    self_link: ResourceLink,
}

impl ResourceLink {
    pub(crate) fn new(uri: String) -> Self {
        Self { headers: Vec::new(), method: "GET", uri }
    }

    pub(crate) fn with_header(mut self, key: &'static str, value: String) -> Self {
        self.headers.push(LinkHeader { key, value });
        self
    }
}

impl SelfLinks {
    pub(crate) fn new(uri: String) -> Self {
        Self { self_link: ResourceLink::new(uri) }
    }
}
