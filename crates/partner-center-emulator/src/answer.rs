use crate::listing::Page;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

/// What is answered, before it is written: [`Quirks::write`](crate::quirks::Quirks::write) does that.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// Those that belong to this answer; the ones that every answer has come when it is written.
    pub(crate) headers: HeaderMap,
    pub(crate) content: Content,
}

pub(crate) enum Content {
    Page(Page),
    Customer(Value),
    Fault(Value),
    Text(&'static str),
    Html(&'static str),
    /// What passes for JSON by its type alone.
    Garbage,
    Nothing,
}

impl Answer {
    pub(crate) fn new(status: StatusCode, content: Content) -> Self {
        Self { status, headers: HeaderMap::new(), content }
    }

    pub(crate) fn with(mut self, name: HeaderName, value: impl Into<HeaderValue>) -> Self {
        self.headers.insert(name, value.into());
        self
    }
}
