//! The access token of an earlier run, in a file that only its owner may read.

use super::{sign_in_store::StoredSignIn, token_store_key::TokenStoreKey};
use crate::{private_file, text};
use partner_center::{Secret, auth::AccessToken};
use serde::Deserialize;
use serde_json::json;
use std::{
    io,
    path::PathBuf,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// The file of the access token of one application, or of its user.
#[derive(Clone, Debug)]
pub(crate) struct AccessTokenCache {
    path: PathBuf,
    key: TokenStoreKey,
    /// The sign-in of the user; `None` for the application's own tokens.
    sign_in: Option<StoredSignIn>,
}

#[derive(Deserialize)]
struct StoredAccessToken {
    access_token: Secret,
    /// In Unix seconds.
    expires_at: u64,
    app: TokenStoreKey,
    /// The ID of the user's sign-in.
    sign_in: Option<String>,
}

/// A token that is valid for less than this is not used again: it would expire on the way.
const MIN_REMAINING_LIFETIME: Duration = Duration::from_secs(60);

impl AccessTokenCache {
    /// Returns the cache of an application's own tokens; `None` if this user has no folder for it.
    pub(crate) fn of_app(key: &TokenStoreKey) -> Option<Self> {
        Self::of_kind(key, "app", None)
    }

    /// Returns the cache of the tokens for the user of a sign-in.
    pub(crate) fn of_sign_in(key: &TokenStoreKey, sign_in: StoredSignIn) -> Option<Self> {
        Self::of_kind(key, "user", Some(sign_in))
    }

    fn of_kind(key: &TokenStoreKey, kind: &str, sign_in: Option<StoredSignIn>) -> Option<Self> {
        let folder = crate::settings::application_folder(crate::settings::ApplicationFolder::Cache)?;
        let path = folder.join("access-tokens").join(format!("{}_{kind}.json", key.file_name()));
        Some(Self { path, key: key.clone(), sign_in })
    }

    /// Deletes all tokens for an application, of its own and for any user of it; returns whether there were some.
    pub(crate) fn delete_tokens(key: &TokenStoreKey) -> io::Result<bool> {
        let caches = ["app", "user"].map(|kind| Self::of_kind(key, kind, None));
        let deleted = caches.map(|cache| cache.map_or(Ok(false), |cache| private_file::delete_file(&cache.path)));
        let [of_app, of_user] = deleted;
        Ok(of_app? | of_user?)
    }

    /// Returns the token of an earlier run if it is valid for some time yet.
    pub(crate) fn read_token(&self) -> Option<AccessToken> {
        let text = text::read_small_text_file(&self.path).ok()?;
        let StoredAccessToken { access_token, expires_at, app, sign_in } = serde_json::from_str(text.expose()).ok()?;
        let remaining = Duration::from_secs(expires_at).checked_sub(unix_time())?;
        let is_ours = app == self.key && sign_in.as_deref() == self.sign_in_id();
        (is_ours && remaining >= MIN_REMAINING_LIFETIME)
            .then(|| AccessToken::new(access_token.expose()).expires_in(remaining))
    }

    /// Stores a token for the next run, unless the sign-in has ended. If that is not possible, the next run requests another one.
    pub(crate) fn store_token(&self, token: &AccessToken) {
        let Some(remaining) = token.remaining_lifetime().filter(|remaining| *remaining >= MIN_REMAINING_LIFETIME)
        else {
            return;
        };
        if !self.is_sign_in_current() {
            return;
        }
        let stored = self.write_file(token, unix_time().saturating_add(remaining).as_secs());
        if let Err(error) = stored {
            tracing::debug!(%error, "the access token is not kept for the next run");
        }
        // The user may have signed out meanwhile, and this file was not there yet to be deleted.
        if !self.is_sign_in_current() {
            let _ = private_file::delete_file(&self.path);
        }
    }

    fn is_sign_in_current(&self) -> bool {
        self.sign_in.as_ref().is_none_or(StoredSignIn::is_sign_in_current)
    }

    fn sign_in_id(&self) -> Option<&str> {
        self.sign_in.as_ref().map(|sign_in| &*sign_in.record.id)
    }

    fn write_file(&self, token: &AccessToken, expires_at: u64) -> io::Result<()> {
        let content = Secret::new(format!(
            "{{\"access_token\":{},\"expires_at\":{expires_at},\"app\":{},\"sign_in\":{}}}\n",
            json!(token.secret().expose()),
            json!(self.key),
            json!(self.sign_in_id())
        ));
        if let Some(folder) = self.path.parent() {
            private_file::create_folder(folder)?;
        }
        private_file::replace_file(&self.path, content.expose().as_bytes())
    }
}

fn unix_time() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
