//! The credential that the settings configure: an access token, app-only, or App+User.

mod access_token_cache;
mod client_assertion;
mod sign_in_store;
mod token_file;
mod token_store_key;

use crate::{
    error::{ErrorReport, UsageError},
    error_format::ErrorDetails,
    messages::Messages,
    settings::{self, Setting, SettingSource, Settings},
};
use partner_center::{AppRegistration, Cloud, Credential, Secret, auth::AccessToken, transport::Mode};
use std::{io, path::Path, sync::Arc};
use token_file::TokenFile;

pub(crate) use access_token_cache::AccessTokenCache;
pub(crate) use sign_in_store::{SignInRecord, SignInStore, StoredSignIn};
pub(crate) use token_file::{CommandTimeLimits, SignInEnded, TokenFileInUse};
pub(crate) use token_store_key::TokenStoreKey;

/// A configured credential.
pub(crate) enum ConfiguredCredential {
    /// An access token.
    Token { token: Secret, source: SettingSource },
    /// An application (app-only).
    App { app: AppRegistration, sources: Vec<SettingSource>, cache: Option<AccessTokenCache> },
    /// An application on behalf of a user (App+User); the last source is that of the refresh token.
    AppUser {
        app: AppRegistration,
        sources: Vec<SettingSource>,
        refresh_token: Secret,
        file: Option<Arc<TokenFile>>,
        /// The sign-in that the refresh token comes from.
        sign_in: Option<SignInRecord>,
        cache: Option<AccessTokenCache>,
    },
}

/// An application, and the settings of what it authenticates with: nothing, if it is a native application.
pub(crate) struct ConfiguredApp {
    pub(crate) app: AppRegistration,
    pub(crate) sources: Vec<SettingSource>,
}

impl ConfiguredApp {
    /// Returns the application with the client secret, the certificate or the federated identity of the settings.
    pub(crate) fn from_settings_of_app(settings: &Settings, tenant: &str, client_id: &str) -> Result<Self, UsageError> {
        let app = AppRegistration::new(tenant, client_id);
        if let Some((secret, source)) = settings.get_secret("client_secret")? {
            return Ok(Self { app: app.secret(secret.expose()), sources: vec![source] });
        }
        let assertion = if let Some(file) = settings.get_setting("client_certificate_file")? {
            client_assertion::certificate_assertion_maker(&file, client_id)?
        } else if let Some(file) = settings.get_setting("federated_token_file")? {
            client_assertion::federated_assertion_maker(&file)
        } else {
            return Ok(Self { app, sources: Vec::new() });
        };
        let (assertion, source) = assertion;
        Ok(Self { app: app.assertion(assertion), sources: vec![source] })
    }
}

/// Where the tokens of an application are valid, and how long a command may wait for them.
#[derive(Clone, Copy)]
pub(crate) struct TokenScopeAndLimits<'a> {
    pub(crate) authority: &'a str,
    pub(crate) audience: &'a str,
    pub(crate) limits: CommandTimeLimits,
}

impl TokenScopeAndLimits<'_> {
    /// Returns the key of the tokens of an application.
    pub(crate) fn token_store_key(&self, tenant: &str, client_id: &str) -> TokenStoreKey {
        TokenStoreKey::new(self.authority, self.audience, tenant, client_id)
    }
}

impl ConfiguredCredential {
    /// Finds the credential: the token, or else the application; but one in the environment before one in the file, or after it if
    /// an option names a profile of the file. Without either, it is the application that `AZURE_CLIENT_ID` names.
    pub(crate) fn find_credential(settings: &Settings, scope: TokenScopeAndLimits<'_>) -> Result<Self, UsageError> {
        match (settings.get_secret("token")?, settings.get_setting("client_id")?) {
            (Some((_, token)), Some(client_id)) if settings.takes_precedence_over(&client_id.source, &token) => {
                Self::app_credential(settings, &client_id, scope)
            }
            (Some((token, source)), _) => Ok(Self::Token { token, source }),
            (None, Some(client_id)) => Self::app_credential(settings, &client_id, scope),
            (None, None) => {
                Self::credential_of_azure_variables(settings, scope)?.ok_or_else(no_credentials_configured_error)
            }
        }
    }

    fn app_credential(
        settings: &Settings,
        client_id: &Setting,
        scope: TokenScopeAndLimits<'_>,
    ) -> Result<Self, UsageError> {
        let tenant =
            settings.get_setting("tenant_id")?.ok_or_else(|| missing_setting_error("tenant_id", &client_id.source))?;
        let of_place = settings.limited_to_places_down_to(&client_id.source);
        let ConfiguredApp { app, sources: of_app } =
            ConfiguredApp::from_settings_of_app(&of_place, tenant.value(), client_id.value())?;
        let is_confidential = !of_app.is_empty();
        let mut sources = [vec![client_id.source.clone()], of_app].concat();
        if let Some((refresh_token, source, file)) = Self::find_refresh_token(&of_place, scope.limits)? {
            sources.push(source);
            let file = file.map(Arc::new);
            return Ok(Self::AppUser { app, sources, refresh_token, file, sign_in: None, cache: None });
        }
        let key = scope.token_store_key(tenant.value(), client_id.value());
        let is_cached = is_token_cache_enabled(settings)?;
        if let Some(sign_in) = Self::read_stored_sign_in(&key, scope.limits)? {
            let (sign_in, refresh_token, file) = sign_in;
            sources.push(SettingSource::SignIn);
            let cache = AccessTokenCache::of_sign_in(&key, sign_in.clone()).filter(|_| is_cached);
            let (file, sign_in) = (Some(Arc::new(file)), Some(sign_in.record));
            return Ok(Self::AppUser { app, sources, refresh_token, file, sign_in, cache });
        }
        if is_confidential {
            let cache = AccessTokenCache::of_app(&key).filter(|_| is_cached);
            Ok(Self::App { app, sources, cache })
        } else {
            Err(missing_setting_error("client_secret", &client_id.source))
        }
    }

    /// Returns the tenant and the client ID of the application that a sign-in or a secret is for: that of the settings, or else
    /// that of the variables of Azure's tools.
    pub(crate) fn find_app_ids(settings: &Settings) -> Result<Option<(Setting, Setting)>, UsageError> {
        let (tenant, client_id) = match settings.get_setting("client_id")? {
            Some(client_id) => (settings.get_setting("tenant_id")?, Some(client_id)),
            None => (
                settings::setting_of_environment_variable("AZURE_TENANT_ID")?,
                settings::setting_of_environment_variable("AZURE_CLIENT_ID")?,
            ),
        };
        Ok(tenant.zip(client_id))
    }

    /// Returns the application that the variables of Azure's tools name, of which none is combined with a setting of this command.
    fn credential_of_azure_variables(
        settings: &Settings,
        scope: TokenScopeAndLimits<'_>,
    ) -> Result<Option<Self>, UsageError> {
        let Some(client_id) = settings::setting_of_environment_variable("AZURE_CLIENT_ID")? else { return Ok(None) };
        let Some(tenant) = settings::setting_of_environment_variable("AZURE_TENANT_ID")? else { return Ok(None) };
        let mut app = AppRegistration::new(tenant.value(), client_id.value());
        let source = if let Some(secret) = settings::setting_of_environment_variable("AZURE_CLIENT_SECRET")? {
            app = app.secret(secret.value());
            secret.source
        } else if let Some(file) = settings::setting_of_environment_variable("AZURE_CLIENT_CERTIFICATE_PATH")? {
            let (assertion, source) = client_assertion::certificate_assertion_maker(&file, client_id.value())?;
            app = app.assertion(assertion);
            source
        } else if let Some(file) = settings::setting_of_environment_variable("AZURE_FEDERATED_TOKEN_FILE")? {
            let (assertion, source) = client_assertion::federated_assertion_maker(&file);
            app = app.assertion(assertion);
            source
        } else {
            return Ok(None);
        };
        let is_cached = is_token_cache_enabled(settings)?;
        let key = scope.token_store_key(tenant.value(), client_id.value());
        let cache = AccessTokenCache::of_app(&key).filter(|_| is_cached);
        Ok(Some(Self::App { app, sources: vec![client_id.source, source], cache }))
    }

    /// Returns what `auth login` has stored for an application.
    fn read_stored_sign_in(
        key: &TokenStoreKey,
        limits: CommandTimeLimits,
    ) -> Result<Option<(StoredSignIn, Secret, TokenFile)>, UsageError> {
        let Some(store) = SignInStore::new(key) else { return Ok(None) };
        let Some(record) = store.read_record(key) else { return Ok(None) };
        let sign_in = StoredSignIn { store, record };
        let file = sign_in.refresh_token_file(limits);
        let token = file.read_token().map_err(|error| {
            UsageError(ErrorReport::new(
                &format!("the refresh token of the sign-in cannot be read from {}", file.path().display()),
                &error,
                "sign in again with `partner-center auth login`",
            ))
        })?;
        Ok(token.map(|token| (sign_in, token, file)))
    }

    /// Returns the refresh token that was last stored in its file, or else the initial one.
    fn find_refresh_token(
        settings: &Settings,
        limits: CommandTimeLimits,
    ) -> Result<Option<(Secret, SettingSource, Option<TokenFile>)>, UsageError> {
        let initial =
            settings.get_setting("refresh_token")?.map(|setting| (Secret::new(setting.value()), setting.source));
        let Some(setting) = settings.get_setting("refresh_token_file")? else {
            return Ok(initial.map(|(token, source)| (token, source, None)));
        };
        let file = TokenFile::new(Path::new(setting.value()), limits);
        let stored = file.read_token().map_err(|error| {
            UsageError(ErrorReport::new(
                &format!("the file {} cannot be used, which {} names", setting.value(), setting.source),
                &error,
                &format!(
                    "name a file that contains a refresh token; or one that does not exist yet, and give the first token with {}",
                    setting.source.setting_name_in_same_source("refresh_token")
                ),
            ))
        })?;
        if let Some(token) = stored {
            return Ok(Some((token, setting.source, Some(file))));
        }
        let (token, source) = initial.ok_or_else(|| {
            UsageError(ErrorReport {
                message: "no refresh token is configured".to_owned(),
                cause: format!(
                    "the file {} is empty or does not exist, which {} names",
                    setting.value(),
                    setting.source
                ),
                advice: format!(
                    "give the first refresh token with {}; each new one is then stored in the file",
                    setting.source.setting_name_in_same_source("refresh_token")
                ),
            })
        })?;
        Ok(Some((token, source, Some(file))))
    }

    /// Builds the client's credential; `messages` get a note if a new refresh token is not stored.
    pub(crate) fn build_credential<M: Mode>(&self, messages: &Messages) -> Credential<M> {
        let credential = self.build_credential_without_cached_token(messages, |_| ());
        match self.cache().and_then(AccessTokenCache::read_token) {
            Some(token) => credential.initial_token(token),
            None => credential,
        }
    }

    /// Returns the cache of the access token, if the token is cached between runs.
    pub(crate) fn cache(&self) -> Option<&AccessTokenCache> {
        match self {
            Self::Token { .. } => None,
            Self::App { cache, .. } | Self::AppUser { cache, .. } => cache.as_ref(),
        }
    }

    /// Builds the client's credential without the access token of an earlier run; `on_token` is called with each new one.
    pub(crate) fn build_credential_without_cached_token<M: Mode>(
        &self,
        messages: &Messages,
        on_token: impl Fn(&AccessToken) + Send + Sync + 'static,
    ) -> Credential<M> {
        let credential = match self {
            Self::Token { token, .. } => return Credential::token(token.expose()),
            Self::App { app, .. } => Credential::app_only(app.clone()),
            Self::AppUser { app, refresh_token, file, sources, .. } => {
                let credential = Credential::app_user(app.clone(), refresh_token.expose());
                match file {
                    Some(file) => with_rotated_token_stored(credential, file, messages),
                    None => with_rotated_token_reported(credential, sources.last(), messages),
                }
            }
        };
        let cache = self.cache().cloned();
        credential.on_token(move |token| {
            on_token(token);
            if let Some(cache) = &cache {
                cache.store_token(token);
            }
        })
    }

    /// Returns the sign-in of `auth login` that it comes from.
    pub(crate) fn sign_in(&self) -> Option<&SignInRecord> {
        match self {
            Self::AppUser { sign_in, .. } => sign_in.as_ref(),
            _ => None,
        }
    }

    /// Returns the name of its kind, as the documentation has it.
    pub(crate) fn credential_kind_name(&self) -> &'static str {
        match self {
            Self::Token { .. } => "access token",
            Self::App { .. } => "app-only",
            Self::AppUser { .. } => "app+user",
        }
    }

    /// Returns the settings that it was read from.
    pub(crate) fn used_setting_sources(&self) -> &[SettingSource] {
        match self {
            Self::Token { source, .. } => std::slice::from_ref(source),
            Self::App { sources, .. } | Self::AppUser { sources, .. } => sources,
        }
    }

    /// Returns the file where new refresh tokens are stored.
    pub(crate) fn refresh_token_file_path(&self) -> Option<&Path> {
        match self {
            Self::AppUser { file: Some(file), .. } => Some(file.path()),
            _ => None,
        }
    }
}

/// Whether access tokens are cached between runs: unless the setting `token_cache` is `off`.
pub(crate) fn is_token_cache_enabled(settings: &Settings) -> Result<bool, UsageError> {
    let Some(setting) = settings.get_setting("token_cache")? else { return Ok(true) };
    match setting.value() {
        "on" => Ok(true),
        "off" => Ok(false),
        value => Err(UsageError(ErrorReport {
            message: format!("the value `{value}` of {} is invalid", setting.source),
            cause: "access tokens are cached between runs, or they are not".to_owned(),
            advice: "set it to on or off".to_owned(),
        })),
    }
}

/// Lets the credential store each new refresh token in its file, while no other command uses it.
fn with_rotated_token_stored<M: Mode>(
    credential: Credential<M>,
    file: &Arc<TokenFile>,
    messages: &Messages,
) -> Credential<M> {
    let (token_file, lease_messages, messages) = (file.clone(), messages.clone(), messages.clone());
    let file = file.clone();
    let lease = move || {
        let (file, messages) = (file.clone(), lease_messages.clone());
        M::block_or_box(async move { run_blocking(move || file.lease_refresh_token(&messages)).await? })
    };
    credential.before_refresh(lease).on_rotation(move |newest| {
        // The access token of the same response is valid nevertheless.
        if let Err(error) = token_file.store_token(&newest) {
            messages.print_error(&refresh_token_not_stored_report(token_file.path(), &error), &ErrorDetails::default());
        }
        M::ready(Ok(()))
    })
}

/// Runs work that waits, such as for other commands: in a thread if there is a runtime, whose other calls continue meanwhile.
async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, tokio::task::JoinError> {
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => runtime.spawn_blocking(work).await,
        // In blocking mode, there is nothing else to do in this thread.
        Err(_) => Ok(work()),
    }
}

/// Lets the credential report a new refresh token, for which there is no file.
fn with_rotated_token_reported<M: Mode>(
    credential: Credential<M>,
    source: Option<&SettingSource>,
    messages: &Messages,
) -> Credential<M> {
    let source = source.map(|source| source.setting_name_in_same_source("refresh_token_file")).unwrap_or_default();
    let messages = messages.clone();
    credential.on_rotation(move |_| {
        messages.print(format_args!(
            "note: a new refresh token was issued and is not stored; name a file for it with {source}, since the old one \
             expires"
        ));
        M::ready(Ok(()))
    })
}

fn refresh_token_not_stored_report(path: &Path, error: &io::Error) -> ErrorReport {
    ErrorReport::new(
        &format!("the new refresh token could not be stored in {}", path.display()),
        error,
        "make that file and its folder writable; this command continues, but the next one has only the old token, which the \
         authority may reject",
    )
}

fn no_credentials_configured_error() -> UsageError {
    UsageError(ErrorReport {
        message: "no credentials are configured".to_owned(),
        cause: "neither PARTNER_CENTER_TOKEN nor PARTNER_CENTER_CLIENT_ID is set, nor the equivalent in a configuration file"
            .to_owned(),
        advice: format!(
            "sign in with `partner-center auth login`, whose help says how to register an application; or set \
             PARTNER_CENTER_TENANT_ID, PARTNER_CENTER_CLIENT_ID and PARTNER_CENTER_CLIENT_SECRET to those of your \
             application, or PARTNER_CENTER_TOKEN to an access token for {} (or for your cloud); or add --emulator, which \
             needs none",
            Cloud::Global.audience()
        ),
    })
}

/// Reports that the setting `name` is missing next to the one at `source`, by its name in the same place.
fn missing_setting_error(name: &str, source: &SettingSource) -> UsageError {
    let setting = source.setting_name_in_same_source(name);
    let message = match name {
        "tenant_id" => "the tenant of the application is missing",
        _ => "the application has neither a secret nor a user's refresh token",
    };
    UsageError(ErrorReport {
        message: message.to_owned(),
        cause: format!("{source} is set, but not {setting}"),
        advice: match name {
            "tenant_id" => format!("set {setting} to the ID or a domain of the partner's tenant"),
            _ => format!(
                "sign in with `partner-center auth login` for App+User; or set {setting} (or {}) for app-only, or {} for \
                 App+User",
                source.setting_name_in_same_source("client_secret_file"),
                source.setting_name_in_same_source("refresh_token_file")
            ),
        },
    })
}
