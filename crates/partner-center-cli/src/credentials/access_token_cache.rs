//! The access token of an earlier run, in a file that only its owner may read.

use super::app_key::AppKey;
use crate::{private_file, text};
use partner_center::{Secret, auth::AccessToken};
use serde::Deserialize;
use std::{
    fs, io,
    path::PathBuf,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// The file of the access token of one application, or of its user.
#[derive(Clone, Debug)]
pub(crate) struct AccessTokenCache {
    path: PathBuf,
}

#[derive(Deserialize)]
struct StoredToken {
    access_token: Secret,
    /// In Unix seconds.
    expires_at: u64,
}

/// A token that is valid for less than this is not used again: it would expire on the way.
const MIN_LIFETIME: Duration = Duration::from_secs(60);

impl AccessTokenCache {
    /// Returns the cache for an application: of its own tokens, or of those for its user.
    pub(crate) fn new(key: &AppKey, is_user: bool) -> Option<Self> {
        let kind = if is_user { "user" } else { "app" };
        let folder = crate::settings::application_folder(crate::settings::Folder::Cache)?;
        Some(Self { path: folder.join("access-tokens").join(format!("{}_{kind}.json", key.file_name())) })
    }

    /// Returns the token of an earlier run if it is valid for some time yet.
    pub(crate) fn read_token(&self) -> Option<AccessToken> {
        let text = text::read_small_file(&self.path).ok()?;
        let StoredToken { access_token, expires_at } = serde_json::from_str(text.expose()).ok()?;
        let remaining = Duration::from_secs(expires_at).checked_sub(unix_time())?;
        (remaining >= MIN_LIFETIME).then(|| AccessToken::new(access_token.expose()).expires_in(remaining))
    }

    /// Stores a token for the next run. If that is not possible, the next run requests another one.
    pub(crate) fn store_token(&self, token: &AccessToken) {
        let Some(remaining) = token.remaining_lifetime().filter(|remaining| *remaining >= MIN_LIFETIME) else { return };
        let expires_at = unix_time().saturating_add(remaining).as_secs();
        let content = Secret::new(format!(
            "{{\"access_token\":{},\"expires_at\":{expires_at}}}\n",
            serde_json::Value::from(token.secret().expose())
        ));
        if let Err(error) = self.write_file(&content) {
            tracing::debug!(%error, "the access token is not kept for the next run");
        }
    }

    /// Deletes the token.
    pub(crate) fn delete_token(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn write_file(&self, content: &Secret) -> io::Result<()> {
        if let Some(folder) = self.path.parent() {
            private_file::create_folder(folder)?;
        }
        private_file::replace_file(&self.path, content.expose().as_bytes())
    }
}

fn unix_time() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
