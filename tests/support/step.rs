use crate::MockResponse;

/// The reaction of a scripted server to one request.
#[derive(Clone, Debug)]
pub enum Step {
    /// Sends the response.
    Respond(MockResponse),
    /// Closes the connection without a response.
    Close,
    /// Resets the connection without reading the request.
    Reset,
    /// Sends half of the announced body, then closes the connection.
    Truncate(MockResponse),
    /// Sends nothing for longer than any timeout.
    Hang,
    /// Sends half of a response head, then nothing for longer than any timeout.
    HangInHead,
    /// Sends a head that is not HTTP, as old proxies do.
    InvalidHead,
    /// Sends the body so slowly that only a timeout of the complete attempt ends it.
    Drip(MockResponse),
}

impl From<MockResponse> for Step {
    fn from(response: MockResponse) -> Self {
        Self::Respond(response)
    }
}

impl Step {
    /// Returns the step with its response, if it has one, edited.
    pub(crate) fn map_response(self, edit: impl FnOnce(MockResponse) -> MockResponse) -> Self {
        match self {
            Self::Respond(response) => Self::Respond(edit(response)),
            Self::Truncate(response) => Self::Truncate(edit(response)),
            Self::Drip(response) => Self::Drip(edit(response)),
            Self::Close | Self::Reset | Self::Hang | Self::HangInHead | Self::InvalidHead => self,
        }
    }
}
