//! Settings from environment variables and the configuration file.
//!
//! Each setting has one name: `client_id` in the file is `PARTNER_CENTER_CLIENT_ID` in the environment, which takes precedence
//! unless the command line names a profile of the file.

pub(crate) mod edit;
mod file;

use crate::{
    error::{ErrorReport, UsageError},
    text,
};
use etcetera::{AppStrategy, AppStrategyArgs, choose_app_strategy};
use file::{ConfigurationFile, PROFILES_TABLE_NAME};
use partner_center::Secret;
use std::{
    env::{self, VarError},
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

/// The names of all settings. A secret can also be in a separate file, which `..._file` names.
pub(crate) const SETTING_NAMES: [&str; 17] = [
    "audience",
    "authority",
    "base_url",
    "client_certificate_file",
    "client_id",
    "client_secret",
    "client_secret_file",
    "cloud",
    "federated_token_file",
    "max_attempts",
    "max_retry_after",
    "refresh_token",
    "refresh_token_file",
    "tenant_id",
    "token",
    "token_cache",
    "token_file",
];

/// The settings that are secrets.
pub(crate) const SECRET_SETTING_NAMES: [&str; 3] = ["client_secret", "refresh_token", "token"];

/// The variable that names the file.
const CONFIG_PATH_VARIABLE: &str = "PARTNER_CENTER_CONFIG";

/// The variable that names the profile.
pub(crate) const PROFILE_VARIABLE: &str = "PARTNER_CENTER_PROFILE";

#[derive(Clone)]
pub(crate) struct Settings {
    /// The configuration file, if there is one.
    file: Option<Arc<ConfigurationFile>>,
    profile: Option<SelectedProfile>,
    /// The last place that is read, if it is not the last one that there is.
    last_place: Option<SettingPlace>,
}

/// The profile whose settings are read from the file.
#[derive(Clone, Debug)]
pub(crate) struct SelectedProfile {
    pub(crate) name: String,
    /// Whether an option names it: its settings then take precedence over the environment.
    is_option: bool,
}

/// The options that say which settings of the file are read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SettingsOptions<'a> {
    /// `--config`.
    pub(crate) file: Option<&'a Path>,
    /// `--profile`.
    pub(crate) profile: Option<&'a str>,
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
    /// `partner-center auth login`.
    SignIn,
    /// The default: the public cloud.
    Default,
}

/// The sources of the addresses, for advice that names what to correct.
#[derive(Clone)]
pub(crate) struct AddressSources {
    pub(crate) base_url: SettingSource,
    pub(crate) authority: SettingSource,
}

impl AddressSources {
    /// Names the option and the setting of the service's address.
    pub(crate) fn describe_base_url_sources(&self) -> String {
        self.base_url.name_with_overriding_option("--base-url", "base_url")
    }

    /// Names the option and the setting of the authority's address.
    pub(crate) fn describe_authority_sources(&self) -> String {
        self.authority.name_with_overriding_option("--cloud", "authority")
    }
}

impl Settings {
    /// Reads the file that the options name, or the variable, or else the default one if it exists.
    pub(crate) fn read_settings(options: SettingsOptions<'_>) -> Result<Self, UsageError> {
        let settings = Self::read_existing_settings(options, false)?;
        let Some(profile) = &settings.profile else { return Ok(settings) };
        let names: Vec<_> = settings.profile_names().collect();
        if names.contains(&profile.name.as_str()) {
            return Ok(settings);
        }
        let path = settings_file_path(options)?.map_or_else(String::new, |path| format!(" {}", path.display()));
        Err(UsageError(ErrorReport {
            message: format!("there is no profile `{}`", profile.name),
            cause: format!("the configuration file{path} has no table [{PROFILES_TABLE_NAME}.{}]", profile.name),
            advice: match &names[..] {
                [] => format!(
                    "sign in with it, as in `partner-center auth login --profile {}`, or set its settings with `partner-center \
                     config set`",
                    profile.name
                ),
                names => format!("name one of {}", names.join(", ")),
            },
        }))
    }

    /// Reads settings like [`read_settings`](Self::read_settings); but the file and the profile may be missing, as they may be
    /// created.
    pub(crate) fn read_settings_for_new_profile(options: SettingsOptions<'_>) -> Result<Self, UsageError> {
        Self::read_existing_settings(options, true)
    }

    fn read_existing_settings(options: SettingsOptions<'_>, may_be_created: bool) -> Result<Self, UsageError> {
        let profile = match options.profile {
            Some(name) => Some(SelectedProfile { name: name.to_owned(), is_option: true }),
            None => read_environment_variable(PROFILE_VARIABLE)?.map(|name| SelectedProfile { name, is_option: false }),
        };
        if let Some(profile) = &profile {
            check_profile_name(&profile.name)?;
        }
        let is_default = options.file.is_none() && read_environment_variable(CONFIG_PATH_VARIABLE)?.is_none();
        let may_be_missing = is_default || may_be_created;
        let path = settings_file_path(options)?.filter(|path| !may_be_missing || path.exists());
        let file = path.map(|path| ConfigurationFile::read_file(&path).map(Arc::new)).transpose()?;
        Ok(Self { file, profile, last_place: None })
    }

    /// Returns the profile.
    pub(crate) fn profile_name(&self) -> Option<&str> {
        self.profile.as_ref().map(|profile| profile.name.as_str())
    }

    /// Returns the names of all profiles of the file.
    pub(crate) fn profile_names(&self) -> impl Iterator<Item = &str> {
        self.file.iter().flat_map(|file| file.profile_names())
    }

    /// Returns the settings of the environment alone.
    pub(crate) fn without_file() -> Self {
        Self { file: None, profile: None, last_place: None }
    }

    /// Returns the settings without the places below that of `source`.
    ///
    /// What an application authenticates with is read from them: a secret in a lower place is that of another application.
    pub(crate) fn limited_to_places_down_to(&self, source: &SettingSource) -> Self {
        Self { last_place: Some(source.place()), ..self.clone() }
    }

    /// Returns a setting; an empty one is absent.
    pub(crate) fn get_setting(&self, name: &str) -> Result<Option<Setting>, UsageError> {
        for place in self.places_by_precedence() {
            if let Some(setting) = self.setting_in_place(place, name)? {
                return Ok(Some(setting));
            }
        }
        Ok(None)
    }

    /// Returns a secret: the setting itself, or the content of the file that `..._file` names.
    pub(crate) fn get_secret(&self, name: &str) -> Result<Option<(Secret, SettingSource)>, UsageError> {
        let by_file = format!("{name}_file");
        for place in self.places_by_precedence() {
            if let Some(setting) = self.setting_in_place(place, name)? {
                return Ok(Some((setting.value, setting.source)));
            }
            if let Some(setting) = self.setting_in_place(place, &by_file)? {
                return setting.read_secret_file().map(Some);
            }
        }
        Ok(None)
    }

    /// Whether a source of a credential takes precedence over another one, which was found as well.
    pub(crate) fn takes_precedence_over(&self, one: &SettingSource, other: &SettingSource) -> bool {
        let rank = |source: &SettingSource| self.places_by_precedence().position(|place| place == source.place());
        rank(one) < rank(other)
    }

    /// Returns the places of settings, the one that takes precedence first.
    fn places_by_precedence(&self) -> impl Iterator<Item = SettingPlace> + use<> {
        let places = if self.profile.as_ref().is_some_and(|profile| profile.is_option) {
            [SettingPlace::File, SettingPlace::Environment]
        } else {
            [SettingPlace::Environment, SettingPlace::File]
        };
        let last = places.iter().position(|place| self.last_place == Some(*place));
        places.into_iter().take(last.map_or(places.len(), |last| last + 1))
    }

    fn setting_in_place(&self, place: SettingPlace, name: &str) -> Result<Option<Setting>, UsageError> {
        match place {
            SettingPlace::Environment => setting_of_environment_variable(&environment_variable_name(name)),
            SettingPlace::File => self.setting_in_file(name),
        }
    }

    fn setting_in_file(&self, name: &str) -> Result<Option<Setting>, UsageError> {
        let Some(file) = &self.file else { return Ok(None) };
        let values = file.settings_of_profile_or_top_level(self.profile_name());
        let value = values.and_then(|values| values.get(name)).filter(|value| !value.expose().trim().is_empty());
        let key = match &self.profile {
            Some(profile) => format!("{PROFILES_TABLE_NAME}.{}.{name}", profile.name),
            None => name.to_owned(),
        };
        let source = || SettingSource::File { key, path: file.path.clone() };
        value.map(|value| Setting::new(value, source())).transpose()
    }
}

/// A place of settings.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SettingPlace {
    Environment,
    File,
}

/// Returns the setting in an environment variable; an empty one is absent.
pub(crate) fn setting_of_environment_variable(variable: &str) -> Result<Option<Setting>, UsageError> {
    let value = read_environment_variable(variable)?.map(Secret::new);
    value.map(|value| Setting::new(&value, SettingSource::Variable(variable.to_owned()))).transpose()
}

/// Returns the path of the configuration file, whether it exists or not; `None` if there is no folder for it.
pub(crate) fn settings_file_path(options: SettingsOptions<'_>) -> Result<Option<PathBuf>, UsageError> {
    Ok(match options.file {
        Some(path) => Some(path.to_owned()),
        None => {
            read_environment_variable(CONFIG_PATH_VARIABLE)?.map(PathBuf::from).or_else(default_configuration_file_path)
        }
    })
}

/// Checks that a profile can have this name.
fn check_profile_name(name: &str) -> Result<(), UsageError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !name.is_empty() && name.len() <= 64 && name.bytes().all(is_plain) {
        return Ok(());
    }
    Err(UsageError(ErrorReport {
        message: "the name of the profile is invalid".to_owned(),
        cause: "it has other characters than letters, digits, - and _, or more than 64 of them".to_owned(),
        advice: "name it as in --profile emea".to_owned(),
    }))
}

impl Setting {
    fn new(value: &Secret, source: SettingSource) -> Result<Self, UsageError> {
        match text::trim_and_check_single_value(value) {
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
        let secret = text::read_small_text_file(Path::new(self.value()))
            .and_then(|text| Ok(text::trim_and_check_single_value(&text)?));
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
    /// Returns its place; that of a value from anywhere else is the file, where such values are kept.
    fn place(&self) -> SettingPlace {
        if matches!(self, Self::Variable(_)) { SettingPlace::Environment } else { SettingPlace::File }
    }

    /// Returns the full name of the setting `name` from the same source.
    pub(crate) fn setting_name_in_same_source(&self, name: &str) -> String {
        match self {
            Self::File { key, path } => {
                let table = key.rfind('.').map_or("", |end| &key[..=end]);
                Self::File { key: format!("{table}{name}"), path: path.clone() }.to_string()
            }
            Self::Variable(_) | Self::Option(_) | Self::Emulator | Self::SignIn | Self::Default => {
                environment_variable_name(name)
            }
        }
    }

    /// Names this source after the `option` that overrides it; a default is represented by the variable of the setting `name`.
    fn name_with_overriding_option(&self, option: &str, name: &str) -> String {
        match self {
            Self::Variable(_) | Self::File { .. } => format!("{option}, {self}"),
            Self::Default => format!("{option}, {}", environment_variable_name(name)),
            Self::Option(_) | Self::Emulator | Self::SignIn => self.to_string(),
        }
    }
}

impl fmt::Display for SettingSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => formatter.write_str(name),
            Self::Option(name) => formatter.write_str(name),
            Self::Emulator => formatter.write_str("--emulator"),
            Self::SignIn => formatter.write_str("`partner-center auth login`"),
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
pub(crate) fn default_configuration_file_path() -> Option<PathBuf> {
    application_folder(ApplicationFolder::Configuration).map(|folder| folder.join("config.toml"))
}

/// A folder of the command.
#[derive(Clone, Copy)]
pub(crate) enum ApplicationFolder {
    Configuration,
    Data,
    Cache,
}

/// Returns a folder of the command, whether it exists or not, such as `~/.config/partner-center`.
pub(crate) fn application_folder(folder: ApplicationFolder) -> Option<PathBuf> {
    let names = AppStrategyArgs {
        top_level_domain: String::new(),
        author: String::new(),
        app_name: "partner-center".to_owned(),
    };
    let folders = choose_app_strategy(names).ok()?;
    Some(match folder {
        ApplicationFolder::Configuration => folders.config_dir(),
        // On Windows, the other one roams: the refresh token would be on every machine of the user.
        ApplicationFolder::Data => {
            if cfg!(windows) {
                folders.cache_dir().with_file_name("data")
            } else {
                folders.data_dir()
            }
        }
        ApplicationFolder::Cache => folders.cache_dir(),
    })
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
