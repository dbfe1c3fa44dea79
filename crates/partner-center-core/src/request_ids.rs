use std::{error::Error as StdError, fmt, sync::Arc};
use uuid::Uuid;

/// A source of the `MS-RequestId` of writes, for [`Client::with_request_ids`](crate::Client::with_request_ids): it may record
/// an id before the request is sent, and return one that was recorded before a crash. The service does a write once for each id,
/// so that such a request is safe to send again. Reads are safe anyway, and have random ids.
pub trait RequestIds: Send + Sync + 'static {
    /// Returns the id of the write that is sent next. An id is used until the service responds to it, so that a call has one id
    /// however often it is retried after lost connections, and another one after each response.
    ///
    /// `call` is the method and the path, such as `POST /v1/customers`. `completed` is the earlier id of the same call; `None` for
    /// its first request.
    ///
    /// # Errors
    ///
    /// The request is not sent, and the call fails with [`ErrorKind::Request`](crate::ErrorKind::Request).
    fn next_request_id(&self, call: &str, completed: Option<Uuid>) -> Result<Uuid, Box<dyn StdError + Send + Sync>>;

    /// Records that a call has failed and its write was not performed, with this id or an earlier one of the call: it was not
    /// sent, or was rejected. By default, does nothing.
    fn record_not_performed(&self, _request_id: Uuid) {}
}

/// A source that a client has.
#[derive(Clone)]
pub(crate) struct RequestIdSource(pub(crate) Arc<dyn RequestIds>);

impl fmt::Debug for RequestIdSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RequestIdSource")
    }
}
