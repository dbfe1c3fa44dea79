//! What `partner-center auth login` has stored: for each application, who has signed in, and the refresh token.

use super::{CommandTimeLimits, TokenFile, TokenStoreKey};
use crate::{
    private_file,
    settings::{self, ApplicationFolder},
    text,
};
use serde::{Deserialize, Serialize};
use std::{io, path::PathBuf};

/// The sign-in of a user for one application.
#[derive(Clone, Debug)]
pub(crate) struct SignInStore {
    folder: PathBuf,
    name: String,
}

/// What is known of a sign-in. It is not secret.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct SignInRecord {
    /// Tells it from every other sign-in, also of the same user.
    pub(crate) id: String,
    #[serde(flatten)]
    pub(crate) app: TokenStoreKey,
    /// The name of the user, if the access token shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    /// Whether the user has given a second factor, if the access token shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) has_second_factor: Option<bool>,
}

/// A sign-in, and where it is stored.
#[derive(Clone, Debug)]
pub(crate) struct StoredSignIn {
    pub(crate) store: SignInStore,
    pub(crate) record: SignInRecord,
}

impl StoredSignIn {
    /// Whether the user has neither signed out since, nor signed in again.
    pub(crate) fn is_sign_in_current(&self) -> bool {
        self.store.read_record(&self.record.app).is_some_and(|record| record.id == self.record.id)
    }

    /// Returns the file of the refresh token, for as long as the sign-in lasts.
    pub(crate) fn refresh_token_file(&self, limits: CommandTimeLimits) -> TokenFile {
        TokenFile::new(&self.store.refresh_token_path(), limits).of_sign_in(self.clone())
    }
}

impl SignInStore {
    /// Returns the store for an application; `None` if this user has no folder for data.
    pub(crate) fn new(key: &TokenStoreKey) -> Option<Self> {
        let folder = settings::application_folder(ApplicationFolder::Data)?.join("sign-ins");
        Some(Self { folder, name: key.file_name() })
    }

    /// Returns the record of the sign-in, if somebody has signed in.
    pub(crate) fn read_record(&self, key: &TokenStoreKey) -> Option<SignInRecord> {
        let text = text::read_small_text_file(&self.record_path()).ok()?;
        serde_json::from_str(text.expose()).ok().filter(|record: &SignInRecord| record.app == *key)
    }

    /// Returns the file of the refresh token, whoever has signed in: its lock is held while the sign-in changes.
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

    /// Deletes the sign-in; returns whether there was one. The record is deleted first: a command that still runs looks at it
    /// before it stores a token. The lock stays, as others may hold it or wait for it.
    pub(crate) fn delete_sign_in(&self) -> io::Result<bool> {
        let record = private_file::delete_file(&self.record_path());
        let refresh_token = private_file::delete_file(&self.refresh_token_path());
        Ok(record? | refresh_token?)
    }

    fn record_path(&self) -> PathBuf {
        self.folder.join(format!("{}.json", self.name))
    }
}
