//! What is set up once and not on every command line: in the environment, or in a file.
//!
//! Each setting has one name: `client_id` in the file is `PARTNER_CENTER_CLIENT_ID` in the environment, which counts more.

use crate::{
    failure::{Explanation, WrongUsage},
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

/// The names of all settings. Of those that are secret, each can be in a file of its own, named by `..._file`.
const NAMES: [&str; 14] = [
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
const CONFIG: &str = "PARTNER_CENTER_CONFIG";

pub(crate) struct Settings {
    /// The file and what it says, if there is one.
    file: Option<(PathBuf, BTreeMap<String, Secret>)>,
}

/// A setting, and where it was found.
#[derive(Clone)]
pub(crate) struct Setting {
    value: Secret,
    pub(crate) place: Place,
}

/// Where a value comes from.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// An environment variable.
    Variable(String),
    /// A key of the configuration file.
    File { key: String, path: PathBuf },
    /// An option of the command line.
    Option(&'static str),
    /// The embedded emulator, where there is nothing to set.
    Emulator,
    /// The public cloud, as nothing is set.
    Default,
}

/// Where the addresses come from, for advice that names what to correct.
pub(crate) struct AddressSources {
    pub(crate) base_url: Place,
    pub(crate) authority: Place,
}

impl AddressSources {
    /// The option and the setting that decide where the service is.
    pub(crate) fn base_url(&self) -> String {
        self.base_url.with_option("--base-url", "base_url")
    }

    /// The option and the setting that decide where tokens are issued.
    pub(crate) fn authority(&self) -> String {
        self.authority.with_option("--cloud", "authority")
    }
}

impl Settings {
    /// Reads the file that `option` names, or the variable, or else the usual one if it exists.
    pub(crate) fn read(option: Option<&Path>) -> Result<Self, WrongUsage> {
        let named = match option {
            Some(path) => Some(path.to_owned()),
            None => variable(CONFIG)?.map(PathBuf::from),
        };
        let path = match named {
            Some(path) => Some(path),
            None => usual_path().filter(|path| path.exists()),
        };
        let Some(path) = path else { return Ok(Self { file: None }) };
        let unusable = |why: &dyn StdError| {
            WrongUsage(Explanation {
                what: format!("the configuration file {} cannot be used", path.display()),
                why: why.to_string().trim_end().to_owned(),
                remedy: format!("it is TOML, with strings or numbers for any of {}", NAMES.join(", ")),
            })
        };
        let text = text::read_file(&path).map_err(|error| unusable(&error))?;
        // The error of the parser shows the line, and there may be a secret in it.
        let values: BTreeMap<String, SettingValue> = toml::from_str(text.expose().trim_end())
            .map_err(|error| unusable(&NotUnderstood::at(text.expose(), &error)))?;
        if let Some(unknown) = values.keys().find(|key| !NAMES.contains(&key.as_str())) {
            return Err(unusable(&NotUnderstood(format!("there is no setting `{unknown}`"))));
        }
        let values = values.into_iter().map(|(name, SettingValue(value))| (name, value)).collect();
        Ok(Self { file: Some((path, values)) })
    }

    /// The settings of the environment alone.
    pub(crate) fn of_environment() -> Self {
        Self { file: None }
    }

    /// A setting; to be empty is to be absent.
    pub(crate) fn get(&self, name: &str) -> Result<Option<Setting>, WrongUsage> {
        Ok(match Self::in_environment(name)? {
            Some(setting) => Some(setting),
            None => self.in_file(name)?,
        })
    }

    /// A secret: the setting itself, or what is in the file that `..._file` names.
    pub(crate) fn secret(&self, name: &str) -> Result<Option<(Secret, Place)>, WrongUsage> {
        let by_file = format!("{name}_file");
        if let Some(setting) = Self::in_environment(name)? {
            return Ok(Some((setting.value, setting.place)));
        }
        if let Some(setting) = Self::in_environment(&by_file)? {
            return setting.read().map(Some);
        }
        match (self.in_file(name)?, self.in_file(&by_file)?) {
            (Some(setting), _) => Ok(Some((setting.value, setting.place))),
            (None, Some(setting)) => setting.read().map(Some),
            (None, None) => Ok(None),
        }
    }

    fn in_environment(name: &str) -> Result<Option<Setting>, WrongUsage> {
        let name = variable_name(name);
        let value = variable(&name)?.map(Secret::new);
        value.map(|value| Setting::new(&value, Place::Variable(name))).transpose()
    }

    fn in_file(&self, name: &str) -> Result<Option<Setting>, WrongUsage> {
        let Some((path, values)) = &self.file else { return Ok(None) };
        let value = values.get(name).filter(|value| !value.expose().trim().is_empty());
        let place = || Place::File { key: name.to_owned(), path: path.clone() };
        value.map(|value| Setting::new(value, place())).transpose()
    }
}

impl Setting {
    fn new(value: &Secret, place: Place) -> Result<Self, WrongUsage> {
        match text::value(value) {
            Ok(value) => Ok(Self { value, place }),
            Err(error) => Err(WrongUsage(Explanation::new(
                &format!("the value of {place} cannot be used"),
                &error,
                "set it to the value alone",
            ))),
        }
    }

    pub(crate) fn text(&self) -> &str {
        self.value.expose()
    }

    /// The secret in the file that the setting names.
    fn read(self) -> Result<(Secret, Place), WrongUsage> {
        let secret = text::read_file(Path::new(self.text())).and_then(|text| Ok(text::value(&text)?));
        match secret {
            Ok(secret) => Ok((secret, self.place)),
            Err(error) => Err(WrongUsage(Explanation::new(
                &format!("the file {} cannot be used, which {} names", self.text(), self.place),
                &error,
                "name a file that holds the secret, and nothing else",
            ))),
        }
    }
}

impl Place {
    /// Whether it counts more than a file.
    pub(crate) fn is_environment(&self) -> bool {
        matches!(self, Self::Variable(_))
    }

    /// What the setting `name` is called in the same place.
    pub(crate) fn beside(&self, name: &str) -> String {
        match self {
            Self::File { path, .. } => Self::File { key: name.to_owned(), path: path.clone() }.to_string(),
            Self::Variable(_) | Self::Option(_) | Self::Emulator | Self::Default => variable_name(name),
        }
    }

    /// This place and the `option` that counts more; for a default, the variable of the setting `name` in its place.
    fn with_option(&self, option: &str, name: &str) -> String {
        match self {
            Self::Variable(_) | Self::File { .. } => format!("{option}, {self}"),
            Self::Default => format!("{option}, {}", variable_name(name)),
            Self::Option(_) | Self::Emulator => self.to_string(),
        }
    }
}

impl fmt::Display for Place {
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

/// What a setting is called in the environment.
fn variable_name(name: &str) -> String {
    format!("PARTNER_CENTER_{}", name.to_ascii_uppercase())
}

/// Such as `~/.config/partner-center/config.toml`.
pub(crate) fn usual_path() -> Option<PathBuf> {
    let names = AppStrategyArgs {
        top_level_domain: String::new(),
        author: String::new(),
        app_name: "partner-center".to_owned(),
    };
    choose_app_strategy(names).ok().map(|folders| folders.in_config_dir("config.toml"))
}

fn variable(name: &str) -> Result<Option<String>, WrongUsage> {
    match env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.trim().is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(WrongUsage(Explanation {
            what: format!("the environment variable {name} cannot be read"),
            why: "it holds something else than text".to_owned(),
            remedy: "set it again".to_owned(),
        })),
    }
}

/// A value in the configuration file: a string, or a number as a string.
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

/// Where a file goes wrong, without what stands there.
#[derive(Debug)]
struct NotUnderstood(String);

impl NotUnderstood {
    fn at(text: &str, error: &toml::de::Error) -> Self {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        Self(format!("line {} is neither `name = \"text\"` nor `name = number`", before.matches('\n').count() + 1))
    }
}

impl fmt::Display for NotUnderstood {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl StdError for NotUnderstood {}
