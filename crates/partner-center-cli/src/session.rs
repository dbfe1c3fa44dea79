//! From options and environment to a client: where the service is, and what proves who is asking.

use crate::{
    arguments::ServiceOptions,
    failure::{Explanation, Failure, WrongUsage},
};
use partner_center::{Client, Cloud, Credential, Mode, Retry, Transport};
use partner_center_sandbox::{Sandbox, Server};
use std::{
    env::{self, VarError},
    net::Ipv4Addr,
    time::{Duration, Instant},
};

const TOKEN: &str = "PARTNER_CENTER_TOKEN";
const BASE_URL_VARIABLE: &str = "PARTNER_CENTER_BASE_URL";

/// The embedded sandbox, if the options ask for it; it serves as long as it lives.
pub(crate) fn sandbox(options: &ServiceOptions) -> Result<Option<Server>, Failure> {
    if !options.sandbox {
        return Ok(None);
    }
    let sandbox = Sandbox::builder().customers(options.sandbox_customers.unwrap_or(25));
    options.sandbox_behaviour.apply(sandbox).build().serve((Ipv4Addr::LOCALHOST, 0)).map(Some).map_err(|error| {
        Failure::new("the sandbox cannot be started", &error, "this machine must let programs listen on 127.0.0.1")
    })
}

/// A place where the service is, and how to work with it.
pub(crate) struct Session<'a> {
    pub(crate) options: &'a ServiceOptions,
    pub(crate) base_url: String,
    /// Who said that it is there.
    pub(crate) source: &'static str,
    /// The end of the whole command.
    pub(crate) until: Option<Instant>,
    is_sandbox: bool,
}

impl<'a> Session<'a> {
    /// Finds the place, which is `sandbox` if there is one.
    pub(crate) fn open(options: &'a ServiceOptions, sandbox: Option<&Server>) -> Result<Self, WrongUsage> {
        let until = options.deadline.map(|deadline| Instant::now() + deadline);
        if let Some(server) = sandbox {
            let source = "the embedded sandbox";
            return Ok(Self { options, base_url: server.url(), source, until, is_sandbox: true });
        }
        let (base_url, source) = match (&options.base_url, options.cloud, variable(BASE_URL_VARIABLE)?) {
            (Some(url), ..) => (url.clone(), "from --base-url"),
            (None, Some(cloud), _) => (Cloud::from(cloud).base_url().to_owned(), "from --cloud"),
            (None, None, Some(url)) => (url, "from PARTNER_CENTER_BASE_URL"),
            (None, None, None) => (Cloud::Global.base_url().to_owned(), "the public cloud"),
        };
        Ok(Self { options, base_url, source, until, is_sandbox: false })
    }

    /// How long one attempt may take from now on: as the options say, or else `default`.
    pub(crate) fn time_for_attempt(&self, default: Duration) -> Duration {
        let left = self.until.map_or(Duration::MAX, |until| until.saturating_duration_since(Instant::now()));
        self.options.timeout.unwrap_or(default).min(left)
    }

    /// What proves who is asking.
    pub(crate) fn credential<M: Mode>(&self) -> Result<Credential<M>, WrongUsage> {
        if self.is_sandbox {
            return Ok(Credential::token(Sandbox::TOKEN));
        }
        let token = variable(TOKEN)?.ok_or_else(|| {
            WrongUsage(Explanation {
                what: "there is no token to sign in with".to_owned(),
                why: format!("the environment variable {TOKEN} is not set"),
                remedy: format!(
                    "set {TOKEN} to an access token for {} (or for your cloud), \
                     or add --sandbox, which needs none",
                    Cloud::Global.audience()
                ),
            })
        })?;
        Ok(Credential::token(token))
    }

    /// A client over `transport`, as the options have it, that signs in with `credential`.
    pub(crate) fn client<X: Transport>(
        &self,
        transport: X,
        credential: Credential<X::Mode>,
    ) -> Result<Client<X>, WrongUsage> {
        let mut builder = Client::builder(transport, credential).base_url(&self.base_url);
        let ServiceOptions { locale, application, correlation_id, timeout, max_attempts, .. } = self.options;
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
            builder = builder.timeout(timeout);
        }
        if let Some(attempts) = *max_attempts {
            builder = builder.retry(Retry::default().max_attempts(attempts));
        }
        let unusable = |error| WrongUsage(Explanation::of_call("the settings cannot be used", &error));
        let client = builder.build().map_err(unusable)?;
        Ok(match self.until {
            Some(until) => client.with_deadline(until),
            None => client,
        })
    }
}

/// An environment variable; to be empty is to be absent.
fn variable(name: &str) -> Result<Option<String>, WrongUsage> {
    match env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(WrongUsage(Explanation {
            what: format!("the environment variable {name} cannot be read"),
            why: "it holds something else than text".to_owned(),
            remedy: "set it again".to_owned(),
        })),
    }
}
