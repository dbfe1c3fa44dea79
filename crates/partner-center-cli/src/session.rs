//! From options and environment to a client: where the service is, and what proves who is asking.

use crate::{arguments::CustomersOptions, failure::Failure};
use partner_center::{Client, Cloud, Credential, Retry, Transport};
use partner_center_sandbox::{Sandbox, Server};
use std::{
    env::{self, VarError},
    net::Ipv4Addr,
    time::Instant,
};

const TOKEN: &str = "PARTNER_CENTER_TOKEN";
const BASE_URL_VARIABLE: &str = "PARTNER_CENTER_BASE_URL";

/// A place where the service is, and access to it.
pub(crate) struct Session<'a> {
    options: &'a CustomersOptions,
    base_url: String,
    token: String,
    /// The end of the whole command.
    until: Option<Instant>,
    /// The embedded sandbox, which serves as long as this lives.
    _sandbox: Option<Server>,
}

impl<'a> Session<'a> {
    /// Finds both, and starts the embedded sandbox if that is where the service is to be.
    pub(crate) fn open(options: &'a CustomersOptions) -> Result<Self, Failure> {
        let until = options.deadline.map(|deadline| Instant::now() + deadline);
        if options.sandbox {
            let server = sandbox(options)?;
            let token = Sandbox::TOKEN.to_owned();
            return Ok(Self { options, base_url: server.url(), token, until, _sandbox: Some(server) });
        }
        let base_url = match (&options.base_url, options.cloud) {
            (Some(url), _) => url.clone(),
            (None, Some(cloud)) => Cloud::from(cloud).base_url().to_owned(),
            (None, None) => variable(BASE_URL_VARIABLE)?.unwrap_or_else(|| Cloud::Global.base_url().to_owned()),
        };
        let token = variable(TOKEN)?.ok_or_else(|| {
            Failure::usage(
                "there is no token to sign in with",
                &format!("the environment variable {TOKEN} is not set"),
                &format!(
                    "set {TOKEN} to an access token for {} (or for your cloud), \
                     or add --sandbox, which needs none",
                    Cloud::Global.audience()
                ),
            )
        })?;
        Ok(Self { options, base_url, token, until, _sandbox: None })
    }

    /// A client over `transport`, as the options have it.
    pub(crate) fn client<X: Transport>(&self, transport: X) -> Result<Client<X>, Failure> {
        let mut builder = Client::builder(transport, Credential::token(&self.token)).base_url(&self.base_url);
        let CustomersOptions { locale, application, correlation_id, timeout, max_attempts, .. } = self.options;
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
        let client = builder.build().map_err(|error| Failure::of_call("the settings cannot be used", &error))?;
        Ok(match self.until {
            Some(until) => client.with_deadline(until),
            None => client,
        })
    }
}

fn sandbox(options: &CustomersOptions) -> Result<Server, Failure> {
    let sandbox = Sandbox::builder().customers(options.sandbox_customers.unwrap_or(25));
    options.sandbox_behaviour.apply(sandbox).build().serve((Ipv4Addr::LOCALHOST, 0)).map_err(|error| {
        Failure::new("the sandbox cannot be started", &error, "this machine must let programs listen on 127.0.0.1")
    })
}

/// An environment variable; to be empty is to be absent.
fn variable(name: &str) -> Result<Option<String>, Failure> {
    match env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(Failure::usage(
            &format!("the environment variable {name} cannot be read"),
            "it holds something else than text",
            "set it again",
        )),
    }
}
