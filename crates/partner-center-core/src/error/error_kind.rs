/// The kinds of [`Error`](crate::Error), by what can be done about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The client cannot be built from its configuration: fix the setting that the source names.
    Configuration,
    /// The request could not be built, and nothing was sent: fix the argument that the source names.
    Request,
    /// No response was received, or only a part of one, after every retry: check the address, the proxy and the network, or
    /// try again later. [`Error::transport_error`](crate::Error::transport_error) says whether the server's certificate is the
    /// cause, and through which proxy the request went.
    Transport,
    /// A timeout or deadline was exceeded: that of one attempt
    /// ([`ClientBuilder::attempt_timeout`](crate::ClientBuilder::attempt_timeout)) or of the complete call
    /// ([`ClientBuilder::call_timeout`](crate::ClientBuilder::call_timeout),
    /// [`Client::with_deadline`](crate::Client::with_deadline)), while waiting for a server or for a
    /// [`TokenSource`](crate::TokenSource). The source says which one.
    Timeout,
    /// No token was obtained: see [`Error::token_error`](crate::Error::token_error) for the error of the authority, or the
    /// source for that of a [`TokenSource`](crate::TokenSource).
    Credential,
    /// The service returned an error: see [`Error::reason`](crate::Error::reason) for its meaning, where it is known, and
    /// [`Error::service_error`](crate::Error::service_error) for all of it.
    Service,
    /// The response could not be decoded. Possible causes: a proxy that changed the response, a custom type that does not
    /// match it ([`SingleResponse::with_response_type`](crate::SingleResponse::with_response_type)), a body larger than
    /// [`ClientBuilder::max_response_size`](crate::ClientBuilder::max_response_size), or a bug to report.
    Decode,
    /// The link to the next page cannot be followed, or an operation that is not paginated has a next page. The list is
    /// incomplete; the pages before are valid.
    Paging,
}
