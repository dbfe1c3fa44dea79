//! The client of all calls, which has the connections, the limiter and the token.

use super::calls_under_way::SentChanges;
use crate::{error::CommandError, messages::Messages, session::Session};
use partner_center::{Client, Reqwest, transport::DefaultTransport};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The client, which the first call builds, with the credential that is configured then.
#[derive(Default)]
pub(super) struct SharedClient(Mutex<ClientState>);

#[derive(Default)]
struct ClientState {
    client: Option<Client<Reqwest>>,
    /// Whether the next call looks for the credential again.
    is_outdated: bool,
}

impl SharedClient {
    /// Returns the client for a call of `session`, with its deadline.
    pub(super) fn client_for_call(
        &self,
        session: &Session<'_>,
        messages: &Messages,
    ) -> Result<Client<Reqwest>, CommandError> {
        let mut state = self.lock();
        let client = match &state.client {
            Some(client) if !state.is_outdated => client.clone(),
            earlier => {
                let transport =
                    Reqwest::with_defaults().map_err(|error| CommandError::from_transport_setup_error(&error))?;
                // The next calls have deadlines of their own.
                let session = session.without_deadline();
                let credential = session.configured_credential()?.build_credential(messages);
                // The service counts the requests of both together.
                let earlier = earlier.as_ref();
                let client =
                    session.build_client_sharing_rate_limiter(earlier, transport, credential, SentChanges, messages)?;
                *state = ClientState { client: Some(client.clone()), is_outdated: false };
                client
            }
        };
        Ok(match session.deadline {
            Some(deadline) => client.with_deadline(deadline),
            None => client,
        })
    }

    /// Lets the next call look for the credential again, as the user may sign in now.
    pub(super) fn forget_credential(&self) {
        self.lock().is_outdated = true;
    }

    fn lock(&self) -> MutexGuard<'_, ClientState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
