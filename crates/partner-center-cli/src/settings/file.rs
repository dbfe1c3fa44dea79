//! The configuration file: settings at its top, and those of profiles below `[profile.NAME]`.

use super::SETTING_NAMES;
use crate::{
    error::{ErrorReport, UsageError},
    text,
};
use partner_center::Secret;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use std::{
    collections::BTreeMap,
    error::Error as StdError,
    fmt,
    path::{Path, PathBuf},
};

/// The name of the table with the profiles.
pub(super) const PROFILES_TABLE_NAME: &str = "profile";

/// A configuration file that was read.
pub(super) struct ConfigurationFile {
    pub(super) path: PathBuf,
    values: BTreeMap<String, Secret>,
    profiles: BTreeMap<String, BTreeMap<String, Secret>>,
}

impl ConfigurationFile {
    /// Reads the file at `path`.
    pub(super) fn read_file(path: &Path) -> Result<Self, UsageError> {
        let unusable = |why: &dyn StdError| {
            UsageError(ErrorReport {
                message: format!("the configuration file {} cannot be used", path.display()),
                cause: why.to_string().trim_end().to_owned(),
                advice: format!(
                    "write it as TOML, with strings or numbers for any of {}; at the top, or below [profile.NAME]",
                    SETTING_NAMES.join(", ")
                ),
            })
        };
        let text = text::read_small_text_file(path).map_err(|error| unusable(&error))?;
        // The error of the parser shows the line, which may contain a secret.
        let entries: BTreeMap<String, ConfigurationFileEntry> = toml::from_str(text.expose().trim_end())
            .map_err(|error| unusable(&InvalidFileError::at_position(text.expose(), &error)))?;
        let mut file = Self { path: path.to_owned(), values: BTreeMap::new(), profiles: BTreeMap::new() };
        for (name, entry) in entries {
            match entry {
                ConfigurationFileEntry::Value(value) => drop(file.values.insert(name, value)),
                ConfigurationFileEntry::Table(profiles) if name == PROFILES_TABLE_NAME => {
                    for (profile, entry) in profiles {
                        file.profiles.insert(profile.clone(), read_profile(&profile, entry).map_err(|e| unusable(&e))?);
                    }
                }
                ConfigurationFileEntry::Table(_) => {
                    return Err(unusable(&InvalidFileError(format!("there is no table `{name}`"))));
                }
            }
        }
        match file.values.keys().find(|name| !SETTING_NAMES.contains(&name.as_str())) {
            Some(name) => Err(unusable(&InvalidFileError(format!("there is no setting `{name}`")))),
            None => Ok(file),
        }
    }

    /// Returns the names of the profiles.
    pub(super) fn profile_names(&self) -> impl Iterator<Item = &str> {
        self.profiles.keys().map(String::as_str)
    }

    /// Returns the settings at the top of the file, or those of a profile if there is one with that name.
    pub(super) fn settings_of_profile_or_top_level(&self, profile: Option<&str>) -> Option<&BTreeMap<String, Secret>> {
        match profile {
            Some(name) => self.profiles.get(name),
            None => Some(&self.values),
        }
    }
}

fn read_profile(profile: &str, entry: ConfigurationFileEntry) -> Result<BTreeMap<String, Secret>, InvalidFileError> {
    let ConfigurationFileEntry::Table(entries) = entry else {
        return Err(InvalidFileError(format!(
            "`{PROFILES_TABLE_NAME}.{profile}` is not a table, as in [{PROFILES_TABLE_NAME}.{profile}]"
        )));
    };
    let values = entries.into_iter().map(|(name, entry)| match entry {
        ConfigurationFileEntry::Value(value) if SETTING_NAMES.contains(&name.as_str()) => Ok((name, value)),
        _ => Err(InvalidFileError(format!("there is no setting `{name}` in [{PROFILES_TABLE_NAME}.{profile}]"))),
    });
    values.collect()
}

/// An entry of the configuration file: a string, a number converted to a string, or a table.
enum ConfigurationFileEntry {
    Value(Secret),
    Table(BTreeMap<String, ConfigurationFileEntry>),
}

impl<'de> Deserialize<'de> for ConfigurationFileEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ConfigurationFileEntryVisitor;

        impl<'de> Visitor<'de> for ConfigurationFileEntryVisitor {
            type Value = ConfigurationFileEntry;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string, a number or a table")
            }
            fn visit_str<E>(self, value: &str) -> Result<ConfigurationFileEntry, E> {
                Ok(ConfigurationFileEntry::Value(Secret::new(value)))
            }
            fn visit_i64<E>(self, value: i64) -> Result<ConfigurationFileEntry, E> {
                Ok(ConfigurationFileEntry::Value(Secret::new(value.to_string())))
            }
            fn visit_f64<E>(self, value: f64) -> Result<ConfigurationFileEntry, E> {
                Ok(ConfigurationFileEntry::Value(Secret::new(value.to_string())))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ConfigurationFileEntry, A::Error> {
                let mut table = BTreeMap::new();
                while let Some((name, entry)) = map.next_entry()? {
                    table.insert(name, entry);
                }
                Ok(ConfigurationFileEntry::Table(table))
            }
        }

        deserializer.deserialize_any(ConfigurationFileEntryVisitor)
    }
}

/// Why the configuration file is invalid, without its content.
#[derive(Debug)]
struct InvalidFileError(String);

impl InvalidFileError {
    fn at_position(text: &str, error: &toml::de::Error) -> Self {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        Self(format!("line {} is neither `name = \"string\"` nor `name = number`", before.matches('\n').count() + 1))
    }
}

impl fmt::Display for InvalidFileError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl StdError for InvalidFileError {}
