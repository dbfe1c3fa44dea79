//! `partner-center auth login`: signs a user in, and keeps the refresh token.

use super::{loopback::LoopbackListener, token::lock_refresh_token_of_sign_in, token_claims::TokenClaims};
use crate::{
    arguments::LoginCommand,
    credentials::{
        AccessTokenCache, ConfiguredApp, SignInRecord, SignInStore, StoredSignIn, TokenStoreKey, is_token_cache_enabled,
    },
    error::{CommandError, ErrorReport, UsageError},
    messages::Messages,
    session::Session,
    settings::{self, SettingSource},
    terminal::replace_control_characters,
};
use partner_center::{
    Transport,
    auth::{SignIn, SignedIn},
    transport::Mode,
};
use std::{
    fmt::Display,
    io::{self, Write},
    process::{Command, Stdio},
    time::{Duration, Instant},
};
use uuid::Uuid;

/// The time that a user has for a sign-in in the browser.
const BROWSER_TIMEOUT: Duration = Duration::from_secs(15 * 60);

/// Signs a user in for the application of the options or the settings.
pub(crate) async fn sign_in<X: Transport>(
    command: LoginCommand,
    transport: X,
    session: &Session<'_>,
    messages: &Messages,
) -> Result<(), CommandError> {
    if session.options.emulator {
        return Err(no_sign_in_needed_error().into());
    }
    let LoginCommand { tenant, client_id, browser } = &command;
    let (tenant, tenant_source) = option_or_setting_with_source(tenant.as_deref(), "tenant_id", session)?;
    let (client_id, client_source) = option_or_setting_with_source(client_id.as_deref(), "client_id", session)?;
    let app = ConfiguredApp::from_settings_of_app(
        &session.settings.limited_to_places_down_to(&client_source),
        &tenant,
        &client_id,
    )?
    .app;
    // An invalid setting is an error before the user signs in.
    let is_cached = is_token_cache_enabled(&session.settings)?;
    let sign_in = session.build_user_sign_in(transport, app)?;
    let signed_in = if *browser {
        sign_in_in_browser(&sign_in, session, messages).await?
    } else {
        sign_in_with_device_code(&sign_in, session).await?
    };
    let key = session.token_request_context().token_store_key(&tenant, &client_id);
    let record = store_sign_in(&key, &signed_in, is_cached, session, messages)?;
    let mut kept = Vec::new();
    kept.extend(is_from_command_line_option(&tenant_source).then_some(("tenant_id", tenant.as_str())));
    kept.extend(is_from_command_line_option(&client_source).then_some(("client_id", client_id.as_str())));
    if session.options.cloud.is_some() {
        let (_, source) = option_or_setting_with_source(Some(session.cloud_name()), "cloud", session)?;
        kept.extend(is_from_command_line_option(&source).then_some(("cloud", session.cloud_name())));
    }
    if !kept.is_empty()
        && let Some(path) = settings::settings_file_path(session.options.settings_file_and_profile())?
    {
        settings::edit::set_settings(&path, session.settings.profile_name(), &kept)?;
        let names = kept.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        messages.print(format_args!("{names} of this sign-in: kept in {}", escaped_for_display(path.display())));
    }
    warn_if_sign_in_unused(&record, &kept, session, messages);
    Ok(())
}

/// Warns if the next commands would not use the sign-in, as other settings take precedence.
fn warn_if_sign_in_unused(record: &SignInRecord, kept: &[(&str, &str)], session: &Session<'_>, messages: &Messages) {
    let Ok(next) = session.reread_without_cloud_option() else { return };
    for (name, value) in kept {
        if let Ok(Some(setting)) = next.settings.get_setting(name)
            && setting.value() != *value
        {
            let source = escaped_for_display(setting.source);
            messages.print(format_args!("warning: {source} takes precedence over the {name} that was just kept"));
        }
    }
    match next.configured_credential() {
        Ok(credential) if credential.sign_in().is_some_and(|sign_in| sign_in.id == record.id) => {}
        Ok(other) => {
            let sources = other.used_setting_sources().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let kind = other.credential_kind_name();
            messages.print(format_args!(
                "warning: the next commands use another credential than this sign-in: {kind}, from {}",
                escaped_for_display(sources)
            ));
        }
        Err(UsageError(error_report)) => messages.print(format_args!(
            "warning: the next commands do not find this sign-in with their settings: {}",
            escaped_for_display(error_report.cause)
        )),
    }
}

async fn sign_in_with_device_code<X: Transport>(
    sign_in: &SignIn<X>,
    session: &Session<'_>,
) -> Result<SignedIn, CommandError> {
    let failed = |error| CommandError::from_client_error("the sign-in failed", &error, &session.sources);
    let code = X::Mode::into_future(sign_in.request_device_code()).await.map_err(failed)?;
    // Also with --quiet: without it, nobody can sign in.
    print_even_if_quiet(&escaped_for_display(code.message()));
    print_even_if_quiet(&format!("waiting for up to {} min; Ctrl-C ends it", code.lifetime().as_secs().div_ceil(60)));
    X::Mode::into_future(sign_in.wait_for_user(&code)).await.map_err(failed)
}

async fn sign_in_in_browser<X: Transport>(
    sign_in: &SignIn<X>,
    session: &Session<'_>,
    messages: &Messages,
) -> Result<SignedIn, CommandError> {
    let failed = |error| CommandError::from_client_error("the sign-in failed", &error, &session.sources);
    let not_listening = |error: io::Error| {
        let advice = "allow programs to listen on 127.0.0.1, or sign in without --browser";
        CommandError::new("the browser cannot come back to this command", &error, advice)
    };
    let listener = LoopbackListener::bind().map_err(not_listening)?;
    let request = sign_in.begin_authorization(&listener.redirect_uri()).map_err(failed)?;
    print_even_if_quiet(&format!(
        "open this address in the browser of this machine, and sign in there:\n{}",
        request.url()
    ));
    if open_browser(request.url()).is_err() {
        messages.print("note: no browser could be started");
    }
    let deadline = [session.deadline, Instant::now().checked_add(BROWSER_TIMEOUT)].into_iter().flatten().min();
    let deadline = deadline.unwrap_or_else(Instant::now);
    // This blocks, even in an async client: the command has nothing else to do meanwhile.
    let query = listener.wait_for_response(|query| request.is_response(query), deadline);
    let query = query.ok_or_else(|| {
        CommandError::from(ErrorReport {
            message: "the sign-in failed".to_owned(),
            cause: "the browser has not come back before the deadline".to_owned(),
            advice: "sign in again, on this machine; or without --browser, in a browser on any device".to_owned(),
        })
    })?;
    X::Mode::into_future(sign_in.complete_authorization(&request, &query)).await.map_err(failed)
}

/// Stores the tokens where only this user can read them, in place of those of an earlier sign-in, and says where.
fn store_sign_in(
    key: &TokenStoreKey,
    signed_in: &SignedIn,
    is_cached: bool,
    session: &Session<'_>,
    messages: &Messages,
) -> Result<SignInRecord, CommandError> {
    let not_stored = |error: &io::Error| {
        let advice = "make the folder of your data writable (on Unix: XDG_DATA_HOME, or ~/.local/share)";
        CommandError::new("the refresh token cannot be stored", error, advice)
    };
    let store = SignInStore::new(key).ok_or_else(|| not_stored(&io::ErrorKind::NotFound.into()))?;
    let TokenClaims { user, has_second_factor } = TokenClaims::from_access_token(signed_in.access_token.secret());
    let record = SignInRecord { id: Uuid::new_v4().to_string(), app: key.clone(), user, has_second_factor };
    store.create_folder().map_err(|error| not_stored(&error))?;
    // A command that renews the refresh token of an earlier sign-in would store it in place of this one.
    let locks = lock_refresh_token_of_sign_in(&store, session, messages)?;
    let stored = store.delete_sign_in().and_then(|_| {
        AccessTokenCache::delete_tokens(key)?;
        store.refresh_token_file(session.token_request_context().limits).store_token(&signed_in.refresh_token)?;
        store.store_record(&record)
    });
    stored.map_err(|error| not_stored(&error))?;
    drop(locks);
    if is_cached
        && let Some(cache) =
            AccessTokenCache::of_sign_in(key, StoredSignIn { store: store.clone(), record: record.clone() })
    {
        cache.store_token(&signed_in.access_token);
    }
    let user = record.user.as_deref().map_or_else(String::new, |user| format!(" as {}", escaped_for_display(user)));
    messages.print(format_args!("signed in{user}, in the tenant {}", escaped_for_display(key.tenant())));
    // On Windows, the file has the permissions of its folder.
    let kept_in = if cfg!(unix) { "a file that only you can read" } else { "a file in the folder of your data" };
    messages.print(format_args!(
        "the refresh token is kept in {kept_in}: {}",
        escaped_for_display(store.refresh_token_path().display())
    ));
    if has_second_factor == Some(false) {
        messages.print(
            "warning: this sign-in had no second factor, and Partner Center rejects it (401, code 900421): have the administrator \
             require multifactor authentication for the user, then sign in again",
        );
    }
    Ok(record)
}

/// Returns the value of an option, or else that of the setting; its source is an option only if no setting has the same value.
fn option_or_setting_with_source(
    option: Option<&str>,
    name: &str,
    session: &Session<'_>,
) -> Result<(String, SettingSource), UsageError> {
    let setting = session.settings.get_setting(name)?;
    match (option, setting) {
        (Some(value), Some(setting)) if setting.value() == value => Ok((value.to_owned(), setting.source)),
        (Some(value), _) => Ok((value.to_owned(), SettingSource::Option("auth login"))),
        (None, Some(setting)) => Ok((setting.value().to_owned(), setting.source)),
        (None, None) => Err(UsageError(ErrorReport {
            message: format!("the {} is missing", if name == "tenant_id" { "tenant" } else { "client ID" }),
            cause: format!("neither an option nor the setting {name} names it"),
            advice: "name both once, as in `partner-center auth login --tenant contoso.onmicrosoft.com --client-id \
                     11111111-2222-3333-4444-555555555555`; the help of the command says how to register an application"
                .to_owned(),
        })),
    }
}

/// Whether a value came from the command line, so that it is to be kept.
fn is_from_command_line_option(source: &SettingSource) -> bool {
    matches!(source, SettingSource::Option(_))
}

fn no_sign_in_needed_error() -> UsageError {
    UsageError(ErrorReport {
        message: "the embedded emulator needs no sign-in".to_owned(),
        cause: "its credential is built in".to_owned(),
        advice: "run `partner-center emulator`, and sign in at its address: set authority and base_url".to_owned(),
    })
}

/// Starts the browser of this machine, if it can be found.
fn open_browser(url: &str) -> io::Result<()> {
    let mut command = if cfg!(target_os = "macos") {
        Command::new("open")
    } else if cfg!(windows) {
        // `start` of cmd.exe would take the `&` of the URL for its own.
        let mut command = Command::new("rundll32");
        command.arg("url.dll,FileProtocolHandler");
        command
    } else {
        Command::new("xdg-open")
    };
    command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().map(drop)
}

/// Prints a message even with `--quiet`.
fn print_even_if_quiet(message: &str) {
    // A closed standard error is not a reason to stop.
    let _ = writeln!(io::stderr().lock(), "{message}");
}

fn escaped_for_display(text: impl Display) -> String {
    replace_control_characters(&text.to_string())
}
