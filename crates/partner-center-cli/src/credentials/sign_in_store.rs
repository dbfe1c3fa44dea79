//! What `partner-center auth login` has stored: for each application, who has signed in, and the refresh token.

use super::{AppKey, CommandTimeLimits, TokenFile};
use crate::{
    private_file,
    settings::{self, Folder},
    text,
};
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The sign-in of a user for one application.
pub(crate) struct SignInStore {
    folder: PathBuf,
    name: String,
}

/// What is known of a sign-in. It is no secret.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct SignInRecord {
    pub(crate) authority: String,
    pub(crate) audience: String,
    pub(crate) tenant: String,
    pub(crate) client_id: String,
    /// The name of the user, if the access token shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    /// Whether the user has given a second factor, if the access token shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) has_second_factor: Option<bool>,
}

impl SignInRecord {
    fn is_for(&self, key: &AppKey) -> bool {
        let Self { authority, audience, tenant, client_id, .. } = self;
        [authority, audience, tenant, client_id] == [&key.authority, &key.audience, &key.tenant, &key.client_id]
    }
}

impl SignInStore {
    /// Returns the store for an application; `None` if this user has no folder for data.
    pub(crate) fn new(key: &AppKey) -> Option<Self> {
        let folder = settings::application_folder(Folder::Data)?.join("sign-ins");
        Some(Self { folder, name: key.file_name() })
    }

    /// Returns the record of the sign-in, if somebody has signed in.
    pub(crate) fn read_record(&self, key: &AppKey) -> Option<SignInRecord> {
        let text = text::read_small_file(&self.record_path()).ok()?;
        serde_json::from_str(text.expose()).ok().filter(|record: &SignInRecord| record.is_for(key))
    }

    /// Returns the file of the refresh token.
    pub(crate) fn refresh_token_file(&self, limits: CommandTimeLimits) -> TokenFile {
        TokenFile::new(&self.refresh_token_path(), limits)
    }

    /// Returns the path of the refresh token.
    pub(crate) fn refresh_token_path(&self) -> PathBuf {
        self.folder.join(format!("{}.refresh-token", self.name))
    }

    /// Stores the record, once the refresh token is stored.
    pub(crate) fn store_record(&self, record: &SignInRecord) -> io::Result<()> {
        private_file::replace_file(&self.record_path(), serde_json::to_string_pretty(record)?.as_bytes())
    }

    /// Creates the folder, which only its owner may look into.
    pub(crate) fn create_folder(&self) -> io::Result<()> {
        private_file::create_folder(&self.folder)
    }

    /// Deletes the sign-in; returns whether there was one.
    pub(crate) fn delete_sign_in(&self) -> io::Result<bool> {
        let lock = self.folder.join(format!("{}.refresh-token.lock", self.name));
        let deleted = [self.refresh_token_path(), self.record_path(), lock].map(|path| delete_file(&path));
        let [refresh_token, record, _] = deleted;
        Ok(refresh_token? | record?)
    }

    fn record_path(&self) -> PathBuf {
        self.folder.join(format!("{}.json", self.name))
    }
}

/// Deletes a file; returns whether there was one.
fn delete_file(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
