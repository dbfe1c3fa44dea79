//! `partner-center config`: reads and changes the configuration file.

use crate::{
    arguments::{ConfigCommand, OutputFormat, ServiceOptions},
    error::{CommandError, ErrorReport, UsageError},
    messages::Messages,
    output::{serialize_records, write_to_stdout},
    settings::{self, SECRET_SETTING_NAMES, SETTING_NAMES, Settings, edit},
    terminal::replace_control_characters,
    text,
};
use partner_center::Secret;
use serde::Serialize;
use std::{error::Error as StdError, io, path::PathBuf};

/// A setting in JSON and CSV. Names and order are part of the command line contract: add fields at the end only.
#[derive(Serialize)]
struct ListedSetting {
    setting: &'static str,
    /// `(secret)` if it is a secret.
    value: String,
    source: String,
}

/// Runs a command of `partner-center config`.
pub(crate) fn run_config(
    command: ConfigCommand,
    options: &ServiceOptions,
    messages: &Messages,
) -> Result<(), CommandError> {
    match command {
        ConfigCommand::Path => {
            let path = configuration_file_path(options)?;
            Ok(write_to_stdout(format!("{}\n", path.display()).as_bytes(), messages)?)
        }
        ConfigCommand::Get { name } => print_setting(&name, options, messages),
        ConfigCommand::List => print_all_settings(options, messages),
        ConfigCommand::Set { name, value } => set_setting(&name, &value, options, messages),
    }
}

fn configuration_file_path(options: &ServiceOptions) -> Result<PathBuf, UsageError> {
    settings::settings_file_path(options.settings_file_and_profile())?.ok_or_else(|| {
        UsageError(ErrorReport {
            message: "there is no folder for the configuration file".to_owned(),
            cause: "this user has no home folder".to_owned(),
            advice: "name a file with --config or PARTNER_CENTER_CONFIG".to_owned(),
        })
    })
}

fn print_setting(name: &str, options: &ServiceOptions, messages: &Messages) -> Result<(), CommandError> {
    edit::check_setting_name(name)?;
    let setting = Settings::read_settings(options.settings_file_and_profile())?.get_setting(name)?;
    let report = |cause: String, advice: &str| {
        CommandError::from(ErrorReport {
            message: format!("{name} cannot be printed"),
            cause,
            advice: advice.to_owned(),
        })
    };
    match setting {
        Some(setting) if SECRET_SETTING_NAMES.contains(&name) => {
            Err(report(format!("it is a secret, which is set in {}", setting.source), "look there"))
        }
        Some(setting) => {
            let line = replace_control_characters(setting.value()) + "\n";
            Ok(write_to_stdout(line.as_bytes(), messages)?)
        }
        None => Err(report("it is not set".to_owned(), "`partner-center config list` shows the settings there are")),
    }
}

fn print_all_settings(options: &ServiceOptions, messages: &Messages) -> Result<(), CommandError> {
    let settings = Settings::read_settings(options.settings_file_and_profile())?;
    let mut listed = Vec::new();
    for name in SETTING_NAMES {
        if let Some(setting) = settings.get_setting(name)? {
            let is_secret = SECRET_SETTING_NAMES.contains(&name);
            listed.push(ListedSetting {
                setting: name,
                value: if is_secret { "(secret)".to_owned() } else { setting.value().to_owned() },
                source: setting.source.to_string(),
            });
        }
    }
    let text = match options.output {
        OutputFormat::Table => {
            let width = listed.iter().map(|setting| setting.setting.len()).max().unwrap_or_default();
            let lines = listed.iter().map(|ListedSetting { setting, value, source }| {
                replace_control_characters(&format!("{setting:<width$}  {value}  ({source})")) + "\n"
            });
            lines.collect::<String>().into_bytes()
        }
        format => serialize_records(format, &listed, false)?,
    };
    write_to_stdout(&text, messages)?;
    let profiles: Vec<_> = settings.profile_names().collect();
    if !profiles.is_empty() {
        messages.print(format_args!("profiles: {}", profiles.join(", ")));
    }
    Ok(())
}

fn set_setting(name: &str, value: &str, options: &ServiceOptions, messages: &Messages) -> Result<(), CommandError> {
    edit::check_setting_name(name)?;
    // The file has to be valid before.
    let settings = Settings::read_settings_for_new_profile(options.settings_file_and_profile())?;
    let path = configuration_file_path(options)?;
    let profile = settings.profile_name();
    if value.trim().is_empty() {
        edit::unset_setting(&path, profile, name)?;
    } else {
        let text = match value {
            "-" => {
                text::read_small_text(io::stdin().lock()).map_err(|error| invalid_setting_value_error(name, &error))?
            }
            _ if SECRET_SETTING_NAMES.contains(&name) => {
                return Err(UsageError(ErrorReport {
                    message: format!("{name} is not taken from the command line"),
                    cause: "it is a secret, and your shell keeps a history".to_owned(),
                    advice: format!("pass it on standard input: partner-center config set {name} -"),
                })
                .into());
            }
            value => Secret::new(value),
        };
        let value =
            text::trim_and_check_single_value(&text).map_err(|error| invalid_setting_value_error(name, &error))?;
        edit::set_settings(&path, profile, &[(name, value.expose())])?;
    }
    messages.print(format_args!("changed {}", replace_control_characters(&path.display().to_string())));
    Ok(())
}

fn invalid_setting_value_error(name: &str, error: &dyn StdError) -> UsageError {
    UsageError(ErrorReport::new(&format!("the value of {name} cannot be used"), error, "give the value alone"))
}
