//! `partner-center auth token` and `auth logout`.

use crate::{
    credentials::{AccessTokenCache, ConfiguredCredential, SignInStore},
    customer_names::CustomerNamesFile,
    error::{CommandError, ErrorReport, UsageError},
    messages::Messages,
    output::write_to_stdout,
    session::Session,
};
use partner_center::{Secret, Transport, auth::AccessToken, transport::Mode};
use std::{
    fs::File,
    io,
    sync::{Arc, Mutex, PoisonError},
};

/// Prints an access token, of an earlier run if one is valid.
pub(crate) async fn print_token<X: Transport>(
    transport: X,
    session: &Session<'_>,
    messages: &Messages,
) -> Result<(), CommandError> {
    let configured = session.configured_credential()?;
    let cached = match &configured {
        ConfiguredCredential::Token { token, .. } => Some(token.clone()),
        other => other.cache().and_then(AccessTokenCache::read_token).map(|token| token.secret().clone()),
    };
    let token = match cached {
        Some(token) => token,
        None => request_token(&configured, transport, session, messages).await?,
    };
    let line = Secret::new(format!("{}\n", token.expose()));
    Ok(write_to_stdout(line.expose().as_bytes(), messages)?)
}

/// The token that a credential has obtained last.
#[derive(Clone, Default)]
pub(super) struct IssuedToken(Arc<Mutex<Option<Secret>>>);

impl IssuedToken {
    pub(super) fn set(&self, token: &AccessToken) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.secret().clone());
    }

    pub(super) fn take(&self) -> Option<Secret> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

async fn request_token<X: Transport>(
    configured: &ConfiguredCredential,
    transport: X,
    session: &Session<'_>,
    messages: &Messages,
) -> Result<Secret, CommandError> {
    let issued = IssuedToken::default();
    let store = issued.clone();
    let credential = configured.build_credential_without_cached_token(messages, move |token| {
        store.set(token);
    });
    let client = session.build_client(transport, credential, messages)?;
    let outcome = X::Mode::into_future(client.authenticate()).await;
    outcome.map_err(|error| CommandError::from_client_error("no token can be obtained", &error, &session.sources))?;
    issued.take().ok_or_else(|| {
        CommandError::from(ErrorReport {
            message: "no token can be obtained".to_owned(),
            cause: "the authority issued none".to_owned(),
            advice: "run it again".to_owned(),
        })
    })
}

/// Deletes the tokens of the sign-in for the configured application.
pub(crate) fn sign_out(session: &Session<'_>, messages: &Messages) -> Result<(), CommandError> {
    let Some((tenant, client_id)) = ConfiguredCredential::find_app_ids(&session.settings)? else {
        return Err(UsageError(ErrorReport {
            message: "there is no sign-in".to_owned(),
            cause: "no application is configured: the settings tenant_id and client_id".to_owned(),
            advice: "name its profile with --profile, or its configuration file with --config".to_owned(),
        })
        .into());
    };
    let key = session.token_request_context().token_store_key(tenant.value(), client_id.value());
    let not_deleted =
        |error: io::Error| CommandError::new("the tokens cannot be deleted", &error, "delete the file yourself");
    let mut was_signed_in = false;
    if let Some(store) = SignInStore::new(&key) {
        // A command that renews the refresh token would store it again.
        let _locks = lock_refresh_token_of_sign_in(&store, session, messages)?;
        was_signed_in = store.delete_sign_in().map_err(not_deleted)?;
    }
    // Also with `token_cache` off: they may be those of runs with another setting.
    if let Some(customers) = CustomerNamesFile::of_profile(session.settings.profile_name()) {
        customers.delete().map_err(not_deleted)?;
    }
    let had_tokens = AccessTokenCache::delete_tokens(&key).map_err(not_deleted)?;
    messages.print(match (was_signed_in, had_tokens) {
        (true, _) => "signed out: the tokens are deleted from this machine",
        (false, true) => "nobody was signed in; the access token of the application is deleted from this machine",
        (false, false) => "nobody was signed in",
    });
    Ok(())
}

/// Keeps other commands from using the refresh token of a sign-in, until the locks are dropped.
pub(super) fn lock_refresh_token_of_sign_in(
    store: &SignInStore,
    session: &Session<'_>,
    messages: &Messages,
) -> Result<Vec<File>, CommandError> {
    store.refresh_token_file(session.token_request_context().limits).acquire_locks(messages).map_err(|error| {
        let advice = "wait until the other command has ended, or give this one more time with --timeout or --deadline";
        CommandError::of_other_command(ErrorReport::new("the sign-in cannot be changed", &error, advice))
    })
}
