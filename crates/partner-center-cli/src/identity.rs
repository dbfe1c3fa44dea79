//! Who asks: what the settings have to sign in with.

mod token_file;

use crate::{
    failure::{Explanation, WrongUsage},
    notes::Notes,
    settings::{Place, Setting, Settings},
};
use partner_center::{AppRegistration, Cloud, Credential, Mode, Secret};
use std::{io, path::Path, sync::Arc};
use token_file::TokenFile;

pub(crate) use token_file::{TimeLimits, TokenFileInUse};

/// What there is to sign in with.
pub(crate) enum Identity {
    /// An access token.
    Token { token: Secret, place: Place },
    /// An application by itself.
    App { app: AppRegistration, places: Vec<Place> },
    /// An application for a user; the last of the places is that of the refresh token.
    AppUser { app: AppRegistration, places: Vec<Place>, refresh_token: Secret, file: Option<Arc<TokenFile>> },
}

impl Identity {
    /// The token, if there is one, or else the application; but what is in the environment before what is in a file.
    pub(crate) fn find(settings: &Settings, limits: TimeLimits) -> Result<Self, WrongUsage> {
        match (settings.secret("token")?, settings.get("client_id")?) {
            (Some((_, token)), Some(client_id)) if client_id.place.is_environment() && !token.is_environment() => {
                Self::app(settings, &client_id, limits)
            }
            (Some((token, place)), _) => Ok(Self::Token { token, place }),
            (None, Some(client_id)) => Self::app(settings, &client_id, limits),
            (None, None) => Err(nothing_to_sign_in_with()),
        }
    }

    fn app(settings: &Settings, client_id: &Setting, limits: TimeLimits) -> Result<Self, WrongUsage> {
        let tenant = settings.get("tenant_id")?.ok_or_else(|| missing("tenant_id", &client_id.place))?;
        let mut app = AppRegistration::new(tenant.text(), client_id.text());
        let mut places = vec![client_id.place.clone()];
        let secret = settings.secret("client_secret")?;
        let has_secret = secret.is_some();
        if let Some((secret, place)) = secret {
            app = app.secret(secret.expose());
            places.push(place);
        }
        if let Some((refresh_token, place, file)) = Self::refresh_token(settings, limits)? {
            places.push(place);
            return Ok(Self::AppUser { app, places, refresh_token, file: file.map(Arc::new) });
        }
        if has_secret { Ok(Self::App { app, places }) } else { Err(missing("client_secret", &client_id.place)) }
    }

    /// The refresh token that was kept last; or the one to begin with.
    fn refresh_token(
        settings: &Settings,
        limits: TimeLimits,
    ) -> Result<Option<(Secret, Place, Option<TokenFile>)>, WrongUsage> {
        let first = settings.get("refresh_token")?.map(|setting| (Secret::new(setting.text()), setting.place));
        let Some(setting) = settings.get("refresh_token_file")? else {
            return Ok(first.map(|(token, place)| (token, place, None)));
        };
        let file = TokenFile::new(Path::new(setting.text()), limits);
        let kept = file.read().map_err(|error| {
            WrongUsage(Explanation::new(
                &format!("the file {} cannot be used, which {} names", setting.text(), setting.place),
                &error,
                &format!(
                    "name a file that holds a refresh token; or one that does not exist yet, and give the first token with {}",
                    setting.place.beside("refresh_token")
                ),
            ))
        })?;
        if let Some(token) = kept {
            return Ok(Some((token, setting.place, Some(file))));
        }
        let (token, place) = first.ok_or_else(|| {
            WrongUsage(Explanation {
                what: "there is no refresh token to sign in with".to_owned(),
                why: format!("the file {} is empty or does not exist, which {} names", setting.text(), setting.place),
                remedy: format!(
                    "give the first refresh token with {}: it is then kept in the file, and each new one after it",
                    setting.place.beside("refresh_token")
                ),
            })
        })?;
        Ok(Some((token, place, Some(file))))
    }

    /// The credential; `notes` is where it is said if a new refresh token is not kept.
    pub(crate) fn credential<M: Mode>(&self, notes: &Notes) -> Credential<M> {
        match self {
            Self::Token { token, .. } => Credential::token(token.expose()),
            Self::App { app, .. } => Credential::app_only(app.clone()),
            Self::AppUser { app, refresh_token, file, places } => {
                let credential = Credential::app_user(app.clone(), refresh_token.expose());
                let Some(file) = file.clone() else {
                    let place = places.last().map(|place| place.beside("refresh_token_file")).unwrap_or_default();
                    let notes = notes.clone();
                    return credential.on_rotation(move |_| {
                        notes.say(format_args!(
                            "note: a new refresh token was issued and is not kept; name a file for it with {place}, \
                             since the old one expires"
                        ));
                        M::ready(Ok(()))
                    });
                };
                let (kept_in, lease_notes, notes) = (file.clone(), notes.clone(), notes.clone());
                // Waiting for other commands blocks, even in an async client: this command has nothing else to do meanwhile.
                let lease = move || M::ready(file.lease(&lease_notes).map_err(Into::into));
                credential.before_refresh(lease).on_rotation(move |newest| {
                    // The access token that came with it is good all the same.
                    if let Err(error) = kept_in.keep(&newest) {
                        notes.report(&not_kept(kept_in.path(), &error));
                    }
                    M::ready(Ok(()))
                })
            }
        }
    }

    /// What it is, in the words of the documentation.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Token { .. } => "access token",
            Self::App { .. } => "app-only",
            Self::AppUser { .. } => "app+user",
        }
    }

    /// Which settings say so.
    pub(crate) fn places(&self) -> &[Place] {
        match self {
            Self::Token { place, .. } => std::slice::from_ref(place),
            Self::App { places, .. } | Self::AppUser { places, .. } => places,
        }
    }

    /// Where new refresh tokens are kept.
    pub(crate) fn refresh_token_file(&self) -> Option<&Path> {
        match self {
            Self::AppUser { file: Some(file), .. } => Some(file.path()),
            _ => None,
        }
    }
}

fn not_kept(path: &Path, error: &io::Error) -> Explanation {
    Explanation::new(
        &format!("the new refresh token could not be kept in {}", path.display()),
        error,
        "make that file and its folder writable; the command goes on, but the next one has the old token only, which the \
         authority may not take again",
    )
}

fn nothing_to_sign_in_with() -> WrongUsage {
    WrongUsage(Explanation {
        what: "there is nothing to sign in with".to_owned(),
        why: "neither PARTNER_CENTER_TOKEN nor PARTNER_CENTER_CLIENT_ID is set, nor the like in a configuration file"
            .to_owned(),
        remedy: format!(
            "set PARTNER_CENTER_TOKEN to an access token for {} (or for your cloud); or PARTNER_CENTER_TENANT_ID, \
             PARTNER_CENTER_CLIENT_ID and PARTNER_CENTER_CLIENT_SECRET to those of your application; or add --emulator, which \
             needs none",
            Cloud::Global.audience()
        ),
    })
}

/// What is missing beside the setting at `place`, called as it would be there.
fn missing(name: &str, place: &Place) -> WrongUsage {
    let setting = place.beside(name);
    let what = match name {
        "tenant_id" => "the tenant of the application is missing",
        _ => "the application has neither a secret nor a user's refresh token",
    };
    WrongUsage(Explanation {
        what: what.to_owned(),
        why: format!("{place} is set, but not {setting}"),
        remedy: match name {
            "tenant_id" => format!("set {setting} to the ID or a domain of the partner's tenant"),
            _ => format!(
                "set {setting} (or {}) for the application by itself, or {} to act for a user",
                place.beside("client_secret_file"),
                place.beside("refresh_token_file")
            ),
        },
    })
}
