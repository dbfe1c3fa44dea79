//! The client of all calls, which has the connections, the limiter and the token.

use crate::{error::CommandError, messages::Messages, session::Session};
use partner_center::{Client, Reqwest, concurrency::RateLimitScope, transport::DefaultTransport};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The client, which the first call builds, with the credential that is configured then.
#[derive(Default)]
pub(super) struct SharedClient {
    client: Mutex<Option<Client<Reqwest>>>,
    /// What the service has said of its limits is true of the next client as well.
    limiter: RateLimitScope,
}

impl SharedClient {
    /// Returns the client for a call of `session`, with its deadline.
    pub(super) fn client_for_call(
        &self,
        session: &Session<'_>,
        messages: &Messages,
    ) -> Result<Client<Reqwest>, CommandError> {
        let mut shared = self.lock();
        let client = if let Some(client) = &*shared {
            client.clone()
        } else {
            let transport =
                Reqwest::with_defaults().map_err(|error| CommandError::from_transport_setup_error(&error))?;
            // The next calls have deadlines of their own.
            let session = session.without_deadline();
            let credential = session.configured_credential()?.build_credential(messages);
            shared.insert(session.build_client_with_limiter(&self.limiter, transport, credential, messages)?).clone()
        };
        Ok(match session.deadline {
            Some(deadline) => client.with_deadline(deadline),
            None => client,
        })
    }

    /// Lets the next call look for the credential again, as the user may sign in now.
    pub(super) fn forget_credential(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> MutexGuard<'_, Option<Client<Reqwest>>> {
        self.client.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
