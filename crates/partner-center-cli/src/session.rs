//! Builds the client from options and settings: addresses, credential, time limits and retries.

use crate::{
    arguments::{self, ServiceOptions},
    credentials::{CommandTimeLimits, ConfiguredCredential, TokenScopeAndLimits},
    error::{CommandError, ErrorReport, UsageError},
    messages::Messages,
    settings::{AddressSources, Setting, SettingSource, Settings},
    terminal::replace_control_characters,
};
use clap::ValueEnum;
use partner_center::{
    AppRegistration, Client, ClientBuilder, Cloud, Credential, Error, RetryPolicy, Secret, Transport, auth::SignIn,
    request::Hooks, transport::Limits,
};
use partner_center_emulator::{Emulator, Server};
use std::{
    net::Ipv4Addr,
    time::{Duration, Instant},
};

/// Starts the embedded emulator, if the options request it; it serves until it is dropped. What is wrong with a request of the
/// command, such as one of `api`, is a message.
pub(crate) fn start_emulator_if_requested(
    options: &ServiceOptions,
    messages: &Messages,
) -> Result<Option<Server>, CommandError> {
    if !options.emulator {
        return Ok(None);
    }
    let messages = messages.clone();
    let emulator = Emulator::builder()
        .customers(options.emulator_customers.unwrap_or(25))
        .on_verdict(move |verdict| messages.print(format_args!("note: the emulator's verdict is {verdict}")));
    options.emulator_behavior.apply_to_builder(emulator).build().serve((Ipv4Addr::LOCALHOST, 0)).map(Some).map_err(
        |error| CommandError::new("the emulator cannot be started", &error, "allow programs to listen on 127.0.0.1"),
    )
}

/// The service to call, and the settings of calls.
#[derive(Clone)]
pub(crate) struct Session<'a> {
    pub(crate) options: &'a ServiceOptions,
    pub(crate) base_url: String,
    /// The URL of the authority, which issues tokens.
    pub(crate) authority: String,
    /// The sources of both addresses.
    pub(crate) sources: AddressSources,
    audience: Option<String>,
    cloud: Cloud,
    /// The deadline of the command.
    pub(crate) deadline: Option<Instant>,
    /// Only those of the environment if the service is an embedded emulator.
    pub(crate) settings: Settings,
}

impl<'a> Session<'a> {
    /// Reads the settings of a service, which is `emulator` if there is one.
    ///
    /// The profile that the options name has to exist, unless the command `creates_profile`.
    pub(crate) fn open(
        options: &'a ServiceOptions,
        emulator: Option<&Server>,
        creates_profile: bool,
    ) -> Result<Self, UsageError> {
        let deadline = options.deadline.map(|timeout| Instant::now() + timeout);
        if let Some(server) = emulator {
            let cloud = Cloud::Global;
            let sources = AddressSources { base_url: SettingSource::Emulator, authority: SettingSource::Emulator };
            let (base_url, authority, audience) = (server.url(), server.url(), None);
            let settings = Settings::without_file();
            return Ok(Self { options, base_url, authority, sources, audience, cloud, deadline, settings });
        }
        let settings = if creates_profile {
            Settings::read_settings_for_new_profile(options.settings_file_and_profile())?
        } else {
            Settings::read_settings(options.settings_file_and_profile())?
        };
        Self::from_settings(options, options.cloud, settings, deadline)
    }

    /// Returns the session of a later command without `--cloud`, with the settings that are stored now.
    pub(crate) fn reread_without_cloud_option(&self) -> Result<Self, UsageError> {
        let settings = Settings::read_settings_for_new_profile(self.options.settings_file_and_profile())?;
        Self::from_settings(self.options, None, settings, self.deadline)
    }

    fn from_settings(
        options: &'a ServiceOptions,
        cloud_option: Option<arguments::Cloud>,
        settings: Settings,
        deadline: Option<Instant>,
    ) -> Result<Self, UsageError> {
        let (cloud, source) = match (cloud_option, settings.get_setting("cloud")?) {
            // Options take precedence over settings, and a cloud decides both addresses and the audience.
            (Some(cloud), _) => (cloud.into(), SettingSource::Option("--cloud")),
            (None, Some(setting)) => (parse_cloud(&setting)?, setting.source),
            (None, None) => (Cloud::Global, SettingSource::Default),
        };
        let (mut base_url, mut authority) = (cloud.base_url().to_owned(), cloud.authority().to_owned());
        let mut sources = AddressSources { base_url: source.clone(), authority: source };
        let mut audience = None;
        if cloud_option.is_none() {
            if let Some(setting) = settings.get_setting("base_url")? {
                (base_url, sources.base_url) = (setting.value().to_owned(), setting.source);
            }
            if let Some(setting) = settings.get_setting("authority")? {
                (authority, sources.authority) = (setting.value().to_owned(), setting.source);
            }
            audience = settings.get_setting("audience")?.map(|setting| setting.value().to_owned());
        }
        if let Some(url) = &options.base_url {
            (base_url, sources.base_url) = (url.clone(), SettingSource::Option("--base-url"));
        }
        Ok(Self { options, base_url, authority, sources, audience, cloud, deadline, settings })
    }

    /// Returns the session without the deadline of one call.
    pub(crate) fn without_deadline(&self) -> Self {
        Self { deadline: None, ..self.clone() }
    }

    /// Returns the time limit of an attempt that begins now: that of the options, or else `default`.
    pub(crate) fn attempt_timeout_within_deadline(&self, default: Duration) -> Duration {
        let left = self.deadline.map_or(Duration::MAX, |deadline| deadline.saturating_duration_since(Instant::now()));
        self.options.timeout.unwrap_or(default).min(left)
    }

    /// Returns the configured credential.
    pub(crate) fn configured_credential(&self) -> Result<ConfiguredCredential, UsageError> {
        if self.options.emulator {
            return Ok(ConfiguredCredential::Token {
                token: Secret::new(Emulator::TOKEN),
                source: SettingSource::Emulator,
            });
        }
        ConfiguredCredential::find_credential(&self.settings, self.token_request_context())
    }

    /// Returns where the tokens of an application are valid.
    pub(crate) fn token_request_context(&self) -> TokenScopeAndLimits<'_> {
        let attempt = self.options.timeout.unwrap_or(Limits::default().timeout);
        TokenScopeAndLimits {
            authority: &self.authority,
            audience: self.audience.as_deref().unwrap_or(self.cloud.audience()),
            limits: CommandTimeLimits { attempt, deadline: self.deadline },
        }
    }

    /// Returns the name of the cloud, as `--cloud` takes it.
    pub(crate) fn cloud_name(&self) -> &'static str {
        match self.cloud {
            Cloud::China => "china",
            Cloud::UsGovernment => "us-government",
            Cloud::Germany => "germany",
            _ => "global",
        }
    }

    /// Builds a client with the settings of the options.
    pub(crate) fn build_client<X: Transport>(
        &self,
        transport: X,
        credential: Credential<X::Mode>,
        messages: &Messages,
    ) -> Result<Client<X>, UsageError> {
        self.build_client_with_retry_policy(RetryPolicy::default(), transport, credential, messages)
    }

    /// Builds a client whose default retry policy is `retry`.
    pub(crate) fn build_client_with_retry_policy<X: Transport>(
        &self,
        retry: RetryPolicy,
        transport: X,
        credential: Credential<X::Mode>,
        messages: &Messages,
    ) -> Result<Client<X>, UsageError> {
        self.finish_client(self.client_builder(retry, transport, credential, messages)?)
    }

    /// Builds a client with `hooks` that takes the place of an `earlier` one, whose rate limiter it shares.
    pub(crate) fn build_client_sharing_rate_limiter<X: Transport>(
        &self,
        earlier: Option<&Client<X>>,
        transport: X,
        credential: Credential<X::Mode>,
        hooks: impl Hooks,
        messages: &Messages,
    ) -> Result<Client<X>, UsageError> {
        let builder = self.client_builder(RetryPolicy::default(), transport, credential, messages)?.hooks(hooks);
        self.finish_client(match earlier {
            Some(client) => builder.share_rate_limiter(client),
            None => builder,
        })
    }

    fn client_builder<X: Transport>(
        &self,
        retry: RetryPolicy,
        transport: X,
        credential: Credential<X::Mode>,
        messages: &Messages,
    ) -> Result<ClientBuilder<X>, UsageError> {
        let messages = messages.clone();
        let mut builder = Client::builder(transport, credential)
            .on_replacement(move |replacement| {
                messages.print(replace_control_characters(&format!("note: {replacement}")));
            })
            .cloud(self.cloud)
            .base_url(&self.base_url)
            .authority(&self.authority);
        if let Some(audience) = &self.audience {
            builder = builder.audience(audience);
        }
        let ServiceOptions { locale, application_name, correlation_id, timeout, .. } = self.options;
        if let Some(tag) = locale {
            builder = builder.locale(tag);
        }
        if let Some(name) = application_name {
            builder = builder.application(name);
        }
        if let Some(id) = *correlation_id {
            builder = builder.correlation_id(id);
        }
        if let Some(timeout) = *timeout {
            builder = builder.attempt_timeout(timeout);
        }
        Ok(builder.retry(self.apply_options_and_settings_to_retry_policy(retry)?))
    }

    fn finish_client<X: Transport>(&self, builder: ClientBuilder<X>) -> Result<Client<X>, UsageError> {
        let client = builder.build().map_err(|error| self.unusable_settings_error(&error))?;
        Ok(match self.deadline {
            Some(deadline) => client.with_deadline(deadline),
            None => client,
        })
    }

    /// Builds the sign-in of a user for `app`.
    pub(crate) fn build_user_sign_in<X: Transport>(
        &self,
        transport: X,
        app: AppRegistration,
    ) -> Result<SignIn<X>, UsageError> {
        let TokenScopeAndLimits { authority, audience, limits } = self.token_request_context();
        let mut builder = SignIn::builder(transport, app)
            .cloud(self.cloud)
            .authority(authority)
            .audience(audience)
            .attempt_timeout(limits.attempt);
        if let Some(deadline) = self.deadline {
            builder = builder.deadline(deadline);
        }
        builder.build().map_err(|error| self.unusable_settings_error(&error))
    }

    fn unusable_settings_error(&self, error: &Error) -> UsageError {
        UsageError(ErrorReport::from_client_error("the settings cannot be used", error, &self.sources))
    }

    /// Returns `retry` with the changes of options and settings.
    fn apply_options_and_settings_to_retry_policy(&self, mut retry: RetryPolicy) -> Result<RetryPolicy, UsageError> {
        let ServiceOptions { max_attempts, max_retry_after, .. } = *self.options;
        if let Some(attempts) =
            self.option_or_setting(max_attempts, "max_attempts", arguments::parse_positive_number)?
        {
            retry = retry.max_attempts(attempts);
        }
        if let Some(wait) = self.option_or_setting(max_retry_after, "max_retry_after", arguments::parse_seconds)? {
            retry = retry.max_retry_after(wait);
        }
        Ok(retry)
    }

    /// Returns the value of an option, or else of the setting with that name, in the same format.
    fn option_or_setting<T>(
        &self,
        option: Option<T>,
        name: &str,
        parse: fn(&str) -> Result<T, &'static str>,
    ) -> Result<Option<T>, UsageError> {
        if option.is_some() {
            return Ok(option);
        }
        let Some(setting) = self.settings.get_setting(name)? else { return Ok(None) };
        parse(setting.value()).map(Some).map_err(|why| {
            UsageError(ErrorReport {
                message: format!("the value `{}` of {} is invalid", setting.value(), setting.source),
                cause: why.to_owned(),
                advice: format!("correct it, or give --{} on the command line", name.replace('_', "-")),
            })
        })
    }
}

fn parse_cloud(setting: &Setting) -> Result<Cloud, UsageError> {
    let (value, source) = (setting.value(), &setting.source);
    let names = || arguments::Cloud::value_variants().iter().filter_map(ValueEnum::to_possible_value);
    arguments::Cloud::from_str(value, true).map(Cloud::from).map_err(|_| {
        UsageError(ErrorReport {
            message: format!("the cloud `{value}` of {source} does not exist"),
            cause: "it is not one of Microsoft's clouds".to_owned(),
            advice: format!(
                "name one of {}",
                names().map(|name| name.get_name().to_owned()).collect::<Vec<_>>().join(", ")
            ),
        })
    })
}
