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
