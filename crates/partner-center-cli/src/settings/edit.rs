//! Changes of the configuration file, which keep its comments and its order.

use super::{SETTING_NAMES, file::PROFILES_TABLE_NAME};
use crate::{
    error::{CommandError, ErrorReport, UsageError},
    private_file, text,
};
use std::{fs, io, path::Path};
use toml_edit::{DocumentMut, Item, Table, value};

/// Sets settings in the file at `path`, which is created if there is none: at its top, or in a profile.
pub(crate) fn set_settings(path: &Path, profile: Option<&str>, settings: &[(&str, &str)]) -> Result<(), CommandError> {
    edit_settings_table(path, profile, |table| {
        for (name, text) in settings {
            table[*name] = value(*text);
        }
    })
}

/// Removes a setting of the file at `path`, if it is there.
pub(crate) fn unset_setting(path: &Path, profile: Option<&str>, name: &str) -> Result<(), CommandError> {
    edit_settings_table(path, profile, |table| drop(table.remove(name)))
}

/// Checks that there is a setting with this name.
pub(crate) fn check_setting_name(name: &str) -> Result<(), UsageError> {
    if SETTING_NAMES.contains(&name) {
        return Ok(());
    }
    Err(UsageError(ErrorReport {
        message: format!("there is no setting `{name}`"),
        cause: "it is not one of the settings of this command".to_owned(),
        advice: format!("name one of {}", SETTING_NAMES.join(", ")),
    }))
}

fn edit_settings_table(
    path: &Path,
    profile: Option<&str>,
    change: impl FnOnce(&mut Table),
) -> Result<(), CommandError> {
    let unusable = |error: &(dyn std::error::Error + 'static)| {
        let message = format!("the configuration file {} cannot be changed", path.display());
        CommandError::new(&message, error, "make the file and its folder writable, and write it as TOML")
    };
    let text = match text::read_small_text_file(path) {
        Ok(text) => text.expose().to_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(unusable(&error)),
    };
    // The error of the parser shows the line, which may contain a secret.
    let document = text.parse::<DocumentMut>();
    let mut document = document.map_err(|_| unusable(&io::Error::from(io::ErrorKind::InvalidData)))?;
    let table = match profile {
        None => document.as_table_mut(),
        Some(profile) => {
            let mut profiles = Table::new();
            profiles.set_implicit(true);
            let profiles = document.entry(PROFILES_TABLE_NAME).or_insert(Item::Table(profiles)).as_table_mut();
            let table = profiles.map(|profiles| profiles.entry(profile).or_insert(Item::Table(Table::new())));
            table.and_then(Item::as_table_mut).ok_or_else(|| unusable(&io::Error::from(io::ErrorKind::InvalidData)))?
        }
    };
    change(table);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| unusable(&error))?;
    }
    private_file::replace_file(path, document.to_string().as_bytes()).map_err(|error| unusable(&error))
}
