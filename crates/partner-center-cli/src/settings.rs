//! Settings from environment variables and the configuration file.
//!
//! Each setting has one name: `client_id` in the file is `PARTNER_CENTER_CLIENT_ID` in the environment, which takes precedence.

use crate::{
    error::{ErrorReport, UsageError},
    text,
};
use etcetera::{AppStrategy, AppStrategyArgs, choose_app_strategy};
use partner_center::Secret;
use serde::{Deserialize, Deserializer, de::Visitor};
use std::{
    collections::BTreeMap,
    env::{self, VarError},
    error::Error as StdError,
    fmt,
    path::{Path, PathBuf},
};

/// The names of all settings. A secret can also be in a separate file, which `..._file` names.
const SETTING_NAMES: [&str; 14] = [
    "audience",
    "authority",
    "base_url",
    "client_id",
    "client_secret",
    "client_secret_file",
    "cloud",
    "max_attempts",
    "max_retry_after",
    "refresh_token",
    "refresh_token_file",
    "tenant_id",
    "token",
    "token_file",
];

/// The variable that names the file.
const CONFIG_PATH_VARIABLE: &str = "PARTNER_CENTER_CONFIG";

pub(crate) struct Settings {
    /// The configuration file and its values, if there is one.
    file: Option<(PathBuf, BTreeMap<String, Secret>)>,
}

/// The value of a setting, and its source.
#[derive(Clone)]
pub(crate) struct Setting {
    value: Secret,
    pub(crate) source: SettingSource,
}

/// The source of a value.
#[derive(Clone, Debug)]
pub(crate) enum SettingSource {
    /// An environment variable.
    Variable(String),
    /// A key of the configuration file.
    File { key: String, path: PathBuf },
    /// An option of the command line.
    Option(&'static str),
    /// The embedded emulator.
    Emulator,
    /// The default: the public cloud.
    Default,
}

/// The sources of the addresses, for advice that names what to correct.
pub(crate) struct AddressSources {
    pub(crate) base_url: SettingSource,
    pub(crate) authority: SettingSource,
}

impl AddressSources {
    /// Names the option and the setting of the service's address.
    pub(crate) fn base_url_sources(&self) -> String {
        self.base_url.name_with_override("--base-url", "base_url")
    }

    /// Names the option and the setting of the authority's address.
    pub(crate) fn authority_sources(&self) -> String {
        self.authority.name_with_override("--cloud", "authority")
    }
}

impl Settings {
    /// Reads the file that `option` names, or the variable, or else the default one if it exists.
    pub(crate) fn read_settings(option: Option<&Path>) -> Result<Self, UsageError> {
        let named = match option {
            Some(path) => Some(path.to_owned()),
            None => read_environment_variable(CONFIG_PATH_VARIABLE)?.map(PathBuf::from),
        };
        let path = match named {
            Some(path) => Some(path),
            None => default_file_path().filter(|path| path.exists()),
        };
        let Some(path) = path else { return Ok(Self { file: None }) };
        let unusable = |why: &dyn StdError| {
            UsageError(ErrorReport {
                message: format!("the configuration file {} cannot be used", path.display()),
                cause: why.to_string().trim_end().to_owned(),
                advice: format!("write it as TOML, with strings or numbers for any of {}", SETTING_NAMES.join(", ")),
            })
        };
        let text = text::read_small_file(&path).map_err(|error| unusable(&error))?;
        // The error of the parser shows the line, which may contain a secret.
        let values: BTreeMap<String, SettingValue> = toml::from_str(text.expose().trim_end())
            .map_err(|error| unusable(&InvalidFileError::at_position(text.expose(), &error)))?;
        if let Some(unknown) = values.keys().find(|key| !SETTING_NAMES.contains(&key.as_str())) {
            return Err(unusable(&InvalidFileError(format!("there is no setting `{unknown}`"))));
        }
        let values = values.into_iter().map(|(name, SettingValue(value))| (name, value)).collect();
        Ok(Self { file: Some((path, values)) })
    }

    /// Returns the settings of the environment alone.
    pub(crate) fn without_file() -> Self {
        Self { file: None }
    }

    /// Returns a setting; an empty one is absent.
    pub(crate) fn get_setting(&self, name: &str) -> Result<Option<Setting>, UsageError> {
        Ok(match Self::setting_in_environment(name)? {
            Some(setting) => Some(setting),
            None => self.setting_in_file(name)?,
        })
    }

    /// Returns a secret: the setting itself, or the content of the file that `..._file` names.
    pub(crate) fn get_secret(&self, name: &str) -> Result<Option<(Secret, SettingSource)>, UsageError> {
        let by_file = format!("{name}_file");
        if let Some(setting) = Self::setting_in_environment(name)? {
            return Ok(Some((setting.value, setting.source)));
        }
        if let Some(setting) = Self::setting_in_environment(&by_file)? {
            return setting.read_secret_file().map(Some);
        }
        match (self.setting_in_file(name)?, self.setting_in_file(&by_file)?) {
            (Some(setting), _) => Ok(Some((setting.value, setting.source))),
            (None, Some(setting)) => setting.read_secret_file().map(Some),
            (None, None) => Ok(None),
        }
    }

    fn setting_in_environment(name: &str) -> Result<Option<Setting>, UsageError> {
        let name = environment_variable_name(name);
        let value = read_environment_variable(&name)?.map(Secret::new);
        value.map(|value| Setting::new(&value, SettingSource::Variable(name))).transpose()
    }

    fn setting_in_file(&self, name: &str) -> Result<Option<Setting>, UsageError> {
        let Some((path, values)) = &self.file else { return Ok(None) };
        let value = values.get(name).filter(|value| !value.expose().trim().is_empty());
        let source = || SettingSource::File { key: name.to_owned(), path: path.clone() };
        value.map(|value| Setting::new(value, source())).transpose()
    }
}

impl Setting {
    fn new(value: &Secret, source: SettingSource) -> Result<Self, UsageError> {
        match text::check_single_value(value) {
            Ok(value) => Ok(Self { value, source }),
            Err(error) => Err(UsageError(ErrorReport::new(
                &format!("the value of {source} cannot be used"),
                &error,
                "set it to the value alone",
            ))),
        }
    }

    pub(crate) fn value(&self) -> &str {
        self.value.expose()
    }

    /// Reads the secret in the file that the setting names.
    fn read_secret_file(self) -> Result<(Secret, SettingSource), UsageError> {
        let secret =
            text::read_small_file(Path::new(self.value())).and_then(|text| Ok(text::check_single_value(&text)?));
        match secret {
            Ok(secret) => Ok((secret, self.source)),
            Err(error) => Err(UsageError(ErrorReport::new(
                &format!("the file {} cannot be used, which {} names", self.value(), self.source),
                &error,
                "name a file that contains only the secret",
            ))),
        }
    }
}

impl SettingSource {
    /// Whether it is an environment variable.
    pub(crate) fn is_environment(&self) -> bool {
        matches!(self, Self::Variable(_))
    }

    /// Returns the full name of the setting `name` from the same source.
    pub(crate) fn sibling_setting_name(&self, name: &str) -> String {
        match self {
            Self::File { path, .. } => Self::File { key: name.to_owned(), path: path.clone() }.to_string(),
            Self::Variable(_) | Self::Option(_) | Self::Emulator | Self::Default => environment_variable_name(name),
        }
    }

    /// Names this source after the `option` that overrides it; a default is represented by the variable of the setting `name`.
    fn name_with_override(&self, option: &str, name: &str) -> String {
        match self {
            Self::Variable(_) | Self::File { .. } => format!("{option}, {self}"),
            Self::Default => format!("{option}, {}", environment_variable_name(name)),
            Self::Option(_) | Self::Emulator => self.to_string(),
        }
    }
}

impl fmt::Display for SettingSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => formatter.write_str(name),
            Self::Option(name) => formatter.write_str(name),
            Self::Emulator => formatter.write_str("--emulator"),
            Self::Default => formatter.write_str("the public cloud"),
            Self::File { key, path } => write!(formatter, "{key} in {}", path.display()),
        }
    }
}

/// Returns the name of the environment variable of a setting.
fn environment_variable_name(name: &str) -> String {
    format!("PARTNER_CENTER_{}", name.to_ascii_uppercase())
}

/// Returns the default path of the configuration file, such as `~/.config/partner-center/config.toml`.
pub(crate) fn default_file_path() -> Option<PathBuf> {
    let names = AppStrategyArgs {
        top_level_domain: String::new(),
        author: String::new(),
        app_name: "partner-center".to_owned(),
    };
    choose_app_strategy(names).ok().map(|folders| folders.in_config_dir("config.toml"))
}

fn read_environment_variable(name: &str) -> Result<Option<String>, UsageError> {
    match env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.trim().is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(UsageError(ErrorReport {
            message: format!("the environment variable {name} cannot be read"),
            cause: "its value is not valid Unicode".to_owned(),
            advice: "set it to a valid value".to_owned(),
        })),
    }
}

/// A value in the configuration file: a string, or a number converted to a string.
struct SettingValue(Secret);

impl<'de> Deserialize<'de> for SettingValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SettingVisitor;

        impl Visitor<'_> for SettingVisitor {
            type Value = SettingValue;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string or a number")
            }
            fn visit_str<E>(self, value: &str) -> Result<SettingValue, E> {
                Ok(SettingValue(Secret::new(value)))
            }
            fn visit_i64<E>(self, value: i64) -> Result<SettingValue, E> {
                Ok(SettingValue(Secret::new(value.to_string())))
            }
            fn visit_f64<E>(self, value: f64) -> Result<SettingValue, E> {
                Ok(SettingValue(Secret::new(value.to_string())))
            }
        }

        deserializer.deserialize_any(SettingVisitor)
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
