//! The credential that the settings configure: an access token, app-only, or App+User.

mod token_file;

use crate::{
    error::{ErrorReport, UsageError},
    messages::Messages,
    settings::{Setting, SettingSource, Settings},
};
use partner_center::{AppRegistration, Cloud, Credential, Secret, transport::Mode};
use std::{io, path::Path, sync::Arc};
use token_file::TokenFile;

pub(crate) use token_file::{CommandTimeLimits, TokenFileInUse};

/// A configured credential.
pub(crate) enum ConfiguredCredential {
    /// An access token.
    Token { token: Secret, source: SettingSource },
    /// An application (app-only).
    App { app: AppRegistration, sources: Vec<SettingSource> },
    /// An application on behalf of a user (App+User); the last source is that of the refresh token.
    AppUser { app: AppRegistration, sources: Vec<SettingSource>, refresh_token: Secret, file: Option<Arc<TokenFile>> },
}

impl ConfiguredCredential {
    /// Finds the credential: the token, or else the application; but one in the environment before one in the file.
    pub(crate) fn find_credential(settings: &Settings, limits: CommandTimeLimits) -> Result<Self, UsageError> {
        match (settings.get_secret("token")?, settings.get_setting("client_id")?) {
            (Some((_, token)), Some(client_id)) if client_id.source.is_environment() && !token.is_environment() => {
                Self::app_credential(settings, &client_id, limits)
            }
            (Some((token, source)), _) => Ok(Self::Token { token, source }),
            (None, Some(client_id)) => Self::app_credential(settings, &client_id, limits),
            (None, None) => Err(not_configured_error()),
        }
    }

    fn app_credential(settings: &Settings, client_id: &Setting, limits: CommandTimeLimits) -> Result<Self, UsageError> {
        let tenant =
            settings.get_setting("tenant_id")?.ok_or_else(|| missing_setting_error("tenant_id", &client_id.source))?;
        let mut app = AppRegistration::new(tenant.value(), client_id.value());
        let mut sources = vec![client_id.source.clone()];
        let secret = settings.get_secret("client_secret")?;
        let has_secret = secret.is_some();
        if let Some((secret, source)) = secret {
            app = app.secret(secret.expose());
            sources.push(source);
        }
        if let Some((refresh_token, source, file)) = Self::refresh_token_credential(settings, limits)? {
            sources.push(source);
            return Ok(Self::AppUser { app, sources, refresh_token, file: file.map(Arc::new) });
        }
        if has_secret {
            Ok(Self::App { app, sources })
        } else {
            Err(missing_setting_error("client_secret", &client_id.source))
        }
    }

    /// Returns the refresh token that was last stored in its file, or else the initial one.
    fn refresh_token_credential(
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
                    setting.source.sibling_setting_name("refresh_token")
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
                    setting.source.sibling_setting_name("refresh_token")
                ),
            })
        })?;
        Ok(Some((token, source, Some(file))))
    }

    /// Builds the client's credential; `messages` get a note if a new refresh token is not stored.
    pub(crate) fn build_credential<M: Mode>(&self, messages: &Messages) -> Credential<M> {
        match self {
            Self::Token { token, .. } => Credential::token(token.expose()),
            Self::App { app, .. } => Credential::app_only(app.clone()),
            Self::AppUser { app, refresh_token, file, sources } => {
                let credential = Credential::app_user(app.clone(), refresh_token.expose());
                let Some(file) = file.clone() else {
                    let source = sources
                        .last()
                        .map(|source| source.sibling_setting_name("refresh_token_file"))
                        .unwrap_or_default();
                    let messages = messages.clone();
                    return credential.on_rotation(move |_| {
                        messages.print(format_args!(
                            "note: a new refresh token was issued and is not stored; name a file for it with {source}, \
                             since the old one expires"
                        ));
                        M::ready(Ok(()))
                    });
                };
                let (token_file, lease_messages, messages) = (file.clone(), messages.clone(), messages.clone());
                // Waiting for other commands blocks, even in an async client: this command has nothing else to do meanwhile.
                let lease = move || M::ready(file.lease_refresh_token(&lease_messages).map_err(Into::into));
                credential.before_refresh(lease).on_rotation(move |newest| {
                    // The access token of the same response is valid nevertheless.
                    if let Err(error) = token_file.store_token(&newest) {
                        messages.print_error(&token_not_stored_report(token_file.path(), &error));
                    }
                    M::ready(Ok(()))
                })
            }
        }
    }

    /// Returns the name of its kind, as the documentation has it.
    pub(crate) fn kind_name(&self) -> &'static str {
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
    pub(crate) fn refresh_token_file(&self) -> Option<&Path> {
        match self {
            Self::AppUser { file: Some(file), .. } => Some(file.path()),
            _ => None,
        }
    }
}

fn token_not_stored_report(path: &Path, error: &io::Error) -> ErrorReport {
    ErrorReport::new(
        &format!("the new refresh token could not be stored in {}", path.display()),
        error,
        "make that file and its folder writable; this command continues, but the next one has only the old token, which the \
         authority may reject",
    )
}

fn not_configured_error() -> UsageError {
    UsageError(ErrorReport {
        message: "no credentials are configured".to_owned(),
        cause: "neither PARTNER_CENTER_TOKEN nor PARTNER_CENTER_CLIENT_ID is set, nor the equivalent in a configuration file"
            .to_owned(),
        advice: format!(
            "set PARTNER_CENTER_TOKEN to an access token for {} (or for your cloud); or PARTNER_CENTER_TENANT_ID, \
             PARTNER_CENTER_CLIENT_ID and PARTNER_CENTER_CLIENT_SECRET to those of your application; or add --emulator, which \
             needs none",
            Cloud::Global.audience()
        ),
    })
}

/// Reports that the setting `name` is missing next to the one at `source`, by its name in the same place.
fn missing_setting_error(name: &str, source: &SettingSource) -> UsageError {
    let setting = source.sibling_setting_name(name);
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
                "set {setting} (or {}) for app-only, or {} for App+User",
                source.sibling_setting_name("client_secret_file"),
                source.sibling_setting_name("refresh_token_file")
            ),
        },
    })
}
