//! From options and environment to a client: where the service is, and what proves who is asking.

use crate::{
    arguments::{self, ServiceOptions},
    failure::{Explanation, Failure, WrongUsage},
    identity::{Identity, TimeLimits},
    notes::Notes,
    settings::{AddressSources, Place, Setting, Settings},
    terminal::escape_control,
};
use clap::ValueEnum;
use partner_center::{Client, Cloud, Credential, Limits, RetryPolicy, Secret, Transport};
use partner_center_emulator::{Emulator, Server};
use std::{
    net::Ipv4Addr,
    time::{Duration, Instant},
};

/// The embedded emulator, if the options ask for it; it serves as long as it lives.
pub(crate) fn emulator(options: &ServiceOptions) -> Result<Option<Server>, Failure> {
    if !options.emulator {
        return Ok(None);
    }
    let emulator = Emulator::builder().customers(options.emulator_customers.unwrap_or(25));
    options.emulator_behaviour.apply(emulator).build().serve((Ipv4Addr::LOCALHOST, 0)).map(Some).map_err(|error| {
        Failure::new("the emulator cannot be started", &error, "this machine must let programs listen on 127.0.0.1")
    })
}

/// A place where the service is, and how to work with it.
pub(crate) struct Session<'a> {
    pub(crate) options: &'a ServiceOptions,
    pub(crate) base_url: String,
    /// Where tokens are issued.
    pub(crate) authority: String,
    /// Where both addresses come from.
    pub(crate) sources: AddressSources,
    audience: Option<String>,
    cloud: Cloud,
    /// The end of the whole command.
    pub(crate) until: Option<Instant>,
    /// Those of the environment if the service is an embedded emulator.
    settings: Settings,
}

impl<'a> Session<'a> {
    /// Finds the place, which is `emulator` if there is one.
    pub(crate) fn open(options: &'a ServiceOptions, emulator: Option<&Server>) -> Result<Self, WrongUsage> {
        let until = options.deadline.map(|deadline| Instant::now() + deadline);
        let cloud = Cloud::Global;
        if let Some(server) = emulator {
            let sources = AddressSources { base_url: Place::Emulator, authority: Place::Emulator };
            let (base_url, authority, audience) = (server.url(), server.url(), None);
            let settings = Settings::of_environment();
            return Ok(Self { options, base_url, authority, sources, audience, cloud, until, settings });
        }
        let settings = Settings::read(options.config.as_deref())?;
        let (cloud, source) = match (options.cloud, settings.get("cloud")?) {
            // What is said on the command line counts more than any setting, and a cloud is all of it.
            (Some(cloud), _) => (cloud.into(), Place::Option("--cloud")),
            (None, Some(setting)) => (cloud_of(&setting)?, setting.place),
            (None, None) => (cloud, Place::Default),
        };
        let (mut base_url, mut authority) = (cloud.base_url().to_owned(), cloud.authority().to_owned());
        let mut sources = AddressSources { base_url: source.clone(), authority: source };
        let mut audience = None;
        if options.cloud.is_none() {
            if let Some(setting) = settings.get("base_url")? {
                (base_url, sources.base_url) = (setting.text().to_owned(), setting.place);
            }
            if let Some(setting) = settings.get("authority")? {
                (authority, sources.authority) = (setting.text().to_owned(), setting.place);
            }
            audience = settings.get("audience")?.map(|setting| setting.text().to_owned());
        }
        if let Some(url) = &options.base_url {
            (base_url, sources.base_url) = (url.clone(), Place::Option("--base-url"));
        }
        Ok(Self { options, base_url, authority, sources, audience, cloud, until, settings })
    }

    /// How long one attempt may take from now on: as the options say, or else `default`.
    pub(crate) fn time_for_attempt(&self, default: Duration) -> Duration {
        let left = self.until.map_or(Duration::MAX, |until| until.saturating_duration_since(Instant::now()));
        self.options.timeout.unwrap_or(default).min(left)
    }

    /// What there is to sign in with.
    pub(crate) fn identity(&self) -> Result<Identity, WrongUsage> {
        if self.options.emulator {
            return Ok(Identity::Token { token: Secret::new(Emulator::TOKEN), place: Place::Emulator });
        }
        let attempt = self.options.timeout.unwrap_or(Limits::default().timeout);
        Identity::find(&self.settings, TimeLimits { attempt, deadline: self.until })
    }

    /// The cloud as the options name it.
    pub(crate) fn cloud_name(&self) -> &'static str {
        match self.cloud {
            Cloud::China => "china",
            Cloud::UsGovernment => "us-government",
            Cloud::Germany => "germany",
            _ => "global",
        }
    }

    /// A client over `transport`, as the options have it, that signs in with `credential`.
    pub(crate) fn client<X: Transport>(
        &self,
        transport: X,
        credential: Credential<X::Mode>,
        notes: &Notes,
    ) -> Result<Client<X>, WrongUsage> {
        self.client_with(RetryPolicy::default(), transport, credential, notes)
    }

    /// The same with another policy where neither options nor settings decide.
    pub(crate) fn client_with<X: Transport>(
        &self,
        retry: RetryPolicy,
        transport: X,
        credential: Credential<X::Mode>,
        notes: &Notes,
    ) -> Result<Client<X>, WrongUsage> {
        let notes = notes.clone();
        let mut builder = Client::builder(transport, credential)
            .on_replacement(move |replacement| notes.say(escape_control(&format!("note: {replacement}"))))
            .cloud(self.cloud)
            .base_url(&self.base_url)
            .authority(&self.authority);
        if let Some(audience) = &self.audience {
            builder = builder.audience(audience);
        }
        let ServiceOptions { locale, application, correlation_id, timeout, .. } = self.options;
        if let Some(tag) = locale {
            builder = builder.locale(tag);
        }
        if let Some(name) = application {
            builder = builder.application(name);
        }
        if let Some(id) = *correlation_id {
            builder = builder.correlation_id(id);
        }
        if let Some(timeout) = *timeout {
            builder = builder.attempt_timeout(timeout);
        }
        builder = builder.retry(self.retry(retry)?);
        let unusable = |error| WrongUsage(Explanation::of_call("the settings cannot be used", &error, &self.sources));
        let client = builder.build().map_err(unusable)?;
        Ok(match self.until {
            Some(until) => client.with_deadline(until),
            None => client,
        })
    }

    /// When requests are sent again.
    fn retry(&self, mut retry: RetryPolicy) -> Result<RetryPolicy, WrongUsage> {
        let ServiceOptions { max_attempts, max_retry_after, .. } = *self.options;
        if let Some(attempts) = self.given(max_attempts, "max_attempts", arguments::from_one)? {
            retry = retry.max_attempts(attempts);
        }
        if let Some(wait) = self.given(max_retry_after, "max_retry_after", arguments::seconds)? {
            retry = retry.max_retry_after(wait);
        }
        Ok(retry)
    }

    /// What an option says, or else the setting of that name, which is read as the option would be.
    fn given<T>(
        &self,
        option: Option<T>,
        name: &str,
        parse: fn(&str) -> Result<T, &'static str>,
    ) -> Result<Option<T>, WrongUsage> {
        if option.is_some() {
            return Ok(option);
        }
        let Some(setting) = self.settings.get(name)? else { return Ok(None) };
        parse(setting.text()).map(Some).map_err(|why| {
            WrongUsage(Explanation {
                what: format!("`{}` cannot be used, which {} says", setting.text(), setting.place),
                why: why.to_owned(),
                remedy: format!("correct it, or give --{} on the command line", name.replace('_', "-")),
            })
        })
    }
}

fn cloud_of(setting: &Setting) -> Result<Cloud, WrongUsage> {
    let (value, place) = (setting.text(), &setting.place);
    let names = || arguments::Cloud::value_variants().iter().filter_map(ValueEnum::to_possible_value);
    arguments::Cloud::from_str(value, true).map(Cloud::from).map_err(|_| {
        WrongUsage(Explanation {
            what: format!("there is no cloud `{value}`, which {place} names"),
            why: "it is not one of Microsoft's clouds".to_owned(),
            remedy: format!(
                "name one of {}",
                names().map(|name| name.get_name().to_owned()).collect::<Vec<_>>().join(", ")
            ),
        })
    })
}
