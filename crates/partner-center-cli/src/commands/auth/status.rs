//! `partner-center auth status`: the configured credential, and whether it gets a token.

use crate::{
    arguments::OutputFormat,
    credentials::ConfiguredCredential,
    error::CommandError,
    messages::Messages,
    output::{output_width, serialize_records, write_to_stdout},
    session::Session,
    terminal::wrap_paragraph,
};
use partner_center::{Transport, transport::Mode};
use serde::Serialize;
use std::time::Duration;

/// The status in JSON and CSV. Names and order are part of the command line contract: add fields at the end only.
#[derive(Serialize)]
struct AuthReport {
    credential: &'static str,
    /// The settings that the credential was read from.
    settings: String,
    cloud: &'static str,
    base_url: String,
    authority: Option<String>,
    refresh_token_file: Option<String>,
    /// `issued`, `given` or `none`.
    token: &'static str,
    lives_for_seconds: Option<u64>,
    profile: Option<String>,
    /// The user of the sign-in.
    user: Option<String>,
    /// Whether the user has given a second factor.
    second_factor: Option<bool>,
}

/// Prints the kind of the configured credential, its cloud, and whether a token can be obtained. The token is not shown.
pub(crate) async fn print_status<X: Transport>(
    transport: X,
    session: &Session<'_>,
    messages: &Messages,
) -> Result<(), CommandError> {
    let configured = session.configured_credential()?;
    let client = session.build_client(
        transport,
        configured.build_credential_without_cached_token(messages, |_| ()),
        messages,
    )?;
    let is_given = matches!(configured, ConfiguredCredential::Token { .. });
    let outcome = X::Mode::into_future(client.authenticate()).await;
    let lifetime = outcome.as_ref().ok().copied().flatten();
    let report = AuthReport {
        credential: configured.credential_kind_name(),
        settings: configured.used_setting_sources().iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        cloud: session.cloud_name(),
        base_url: session.base_url.clone(),
        authority: (!is_given).then(|| session.authority.clone()),
        refresh_token_file: configured.refresh_token_file_path().map(|path| path.display().to_string()),
        token: match outcome {
            Ok(_) if is_given => "given",
            Ok(_) => "issued",
            Err(_) => "none",
        },
        lives_for_seconds: lifetime.as_ref().map(Duration::as_secs),
        profile: session.settings.profile_name().map(str::to_owned),
        user: configured.sign_in().and_then(|sign_in| sign_in.user.clone()),
        second_factor: configured.sign_in().and_then(|sign_in| sign_in.has_second_factor),
    };
    write_auth_status(&report, session.options.output, messages)?;
    match outcome {
        Ok(_) => Ok(()),
        Err(error) => Err(CommandError::from_client_error("no token can be obtained", &error, &session.sources)),
    }
}

fn write_auth_status(report: &AuthReport, format: OutputFormat, messages: &Messages) -> Result<(), CommandError> {
    let text = match format {
        OutputFormat::Table => format_auth_status_lines(report, output_width()).into_bytes(),
        format => serialize_records(format, &[report], true)?,
    };
    Ok(write_to_stdout(&text, messages)?)
}

/// Formats the status for people.
fn format_auth_status_lines(report: &AuthReport, width: Option<usize>) -> String {
    let token = match (report.token, report.lives_for_seconds) {
        ("issued", Some(seconds)) => format!("issued, valid for {}", format_token_lifetime(seconds)),
        ("issued", None) => "issued".to_owned(),
        ("given", _) => "given; `partner-center doctor` checks whether the service accepts it".to_owned(),
        _ => "not available".to_owned(),
    };
    let lines = [
        ("credential", Some(format!("{}, from {}", report.credential, report.settings))),
        ("profile", report.profile.clone()),
        (
            "user",
            report.user.as_ref().map(|user| format!("{user}{}", format_second_factor_suffix(report.second_factor))),
        ),
        ("cloud", Some(report.cloud.to_owned())),
        ("service", Some(report.base_url.clone())),
        ("authority", report.authority.clone()),
        (
            "refresh",
            report.refresh_token_file.as_ref().map(|path| format!("the newest refresh token is kept in {path}")),
        ),
        ("token", Some(token)),
    ];
    let lines = lines.into_iter().filter_map(|(name, value)| Some((name, value?)));
    lines.map(|(name, value)| wrap_paragraph(&format!("{name:<12}"), &value, width)).collect()
}

fn format_second_factor_suffix(second_factor: Option<bool>) -> &'static str {
    match second_factor {
        Some(true) => ", with a second factor",
        Some(false) => ", without a second factor, which Partner Center rejects: sign in again",
        None => "",
    }
}

fn format_token_lifetime(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        _ => format!("{} min", seconds / 60),
    }
}
