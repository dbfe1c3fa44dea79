//! The configuration of a client.

use super::Client;
use crate::{
    Cloud, Credential, Error, ErrorKind, Hooks, Limits, RetryPolicy, Transport,
    auth::TokenProvider,
    base_url::BaseUrl,
    engine::{
        Engine, OnReplacementCallback, TraceparentCallback, UnitOfWorkContext,
        rate_limiter::{RateLimitScope, RateLimiter},
        request_sender::RequestSender,
    },
    request::parse_header_value,
    retry::RetryBudget,
};
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use partner_center_models::Replacement;
use std::{fmt, sync::Arc, time::Duration};
use uuid::Uuid;

/// The configuration of a [`Client`], returned by [`Client::builder`]. Each setting has a default; an invalid one is reported
/// by [`build`](Self::build).
///
/// ```
/// use partner_center_core::{ClientBuilder, Client, Cloud, Error, RetryPolicy, Transport};
/// use std::time::Duration;
///
/// fn patient<X: Transport>(builder: ClientBuilder<X>) -> Result<Client<X>, Error> {
///     builder
///         .cloud(Cloud::China)
///         .attempt_timeout(Duration::from_secs(120))
///         .retry(RetryPolicy::default().max_attempts(10))
///         .requests_per_minute(500)
///         .application("Contoso Billing")
///         .build()
/// }
/// # use partner_center_core::{Blocking, Credential, ErrorKind, Request, Response, TransportError};
/// # struct Offline;
/// # impl Transport for Offline {
/// #     type Mode = Blocking;
/// #     fn send(&self, _: Request) -> Result<Response, TransportError> {
/// #         Err(TransportError::new("offline"))
/// #     }
/// #     fn sleep(&self, _: Duration) {}
/// # }
/// # patient(Client::builder(Offline, Credential::token("secret")))?;
/// # let error = patient(Client::builder(Offline, Credential::token("secret")).locale("ž")).unwrap_err();
/// # assert_eq!(error.kind(), ErrorKind::Configuration);
/// # Ok::<(), Error>(())
/// ```
#[must_use = "a builder does nothing until it is built"]
pub struct ClientBuilder<X: Transport> {
    transport: X,
    credential: Credential<X::Mode>,
    cloud: Cloud,
    base_url: Option<String>,
    authority: Option<String>,
    audience: Option<String>,
    retry: RetryPolicy,
    limits: Limits,
    call_timeout: Option<Duration>,
    requests_per_minute: Option<u32>,
    rate_limit_scope: RateLimitScope,
    shared_rate_limiter: Option<Arc<RateLimiter>>,
    correlation_id: Option<Uuid>,
    locale: Option<String>,
    application: Option<String>,
    on_replacement: Option<Box<OnReplacementCallback>>,
    hooks: Vec<Box<dyn Hooks>>,
    traceparent: Option<Box<TraceparentCallback>>,
}

impl<X: Transport> ClientBuilder<X> {
    pub(super) fn new(transport: X, credential: Credential<X::Mode>) -> Self {
        Self {
            transport,
            credential,
            cloud: Cloud::default(),
            base_url: None,
            authority: None,
            audience: None,
            retry: RetryPolicy::default(),
            limits: Limits::default(),
            call_timeout: None,
            requests_per_minute: None,
            rate_limit_scope: RateLimitScope::default(),
            shared_rate_limiter: None,
            correlation_id: None,
            locale: None,
            application: None,
            on_replacement: None,
            hooks: Vec::new(),
            traceparent: None,
        }
    }

    /// Sets the Microsoft cloud of the partner: it determines the base URL, the authority and the audience. Default:
    /// [`Cloud::Global`].
    pub fn cloud(mut self, cloud: Cloud) -> Self {
        self.cloud = cloud;
        self
    }

    /// Sets the base URL of the service. It must be https; for tests, http is accepted with a loopback address. Default:
    /// [`Cloud::base_url`].
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Sets the base URL of the authority, which issues the tokens of [`Credential::app_only`] and [`Credential::app_user`].
    /// It must be https; for tests, http is accepted with a loopback address. Default: [`Cloud::authority`].
    pub fn authority(mut self, url: impl Into<String>) -> Self {
        self.authority = Some(url.into());
        self
    }

    /// Sets the audience that tokens are requested for, as a URL. The audience `https://graph.windows.net` of older clients is
    /// invalid: the service no longer accepts it. Default: [`Cloud::audience`].
    pub fn audience(mut self, url: impl Into<String>) -> Self {
        self.audience = Some(url.into());
        self
    }

    /// Sets the conditions under which a call is retried. Default: [`RetryPolicy::default`], up to 4 attempts.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// Sets the timeout of one attempt, from connecting to the last byte of the body. It is also the timeout of a
    /// [`TokenSource`](crate::TokenSource), and of the function that stores a new refresh token
    /// ([`Credential::on_rotation`]). Default: 60 s.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.limits.timeout = timeout;
        self
    }

    /// Sets the timeout of one call, with all attempts and waits; in a list, each page is a call (for the complete list see
    /// [`Client::with_deadline`]). Default: none, so that only the attempts are limited.
    pub fn call_timeout(mut self, timeout: Duration) -> Self {
        self.call_timeout = Some(timeout);
        self
    }

    /// Sets a function that is called for each character of a response that no string can hold and that was replaced: half
    /// of a surrogate pair in a company's name, say (see [`from_json`](crate::from_json)). Default: none; a warning is logged
    /// in any case.
    ///
    /// It is called before the response is returned, for up to 16 replacements of a response; if the request is retried, it is
    /// called again.
    pub fn on_replacement(mut self, report: impl Fn(&Replacement) + Send + Sync + 'static) -> Self {
        self.on_replacement = Some(Box::new(report));
        self
    }

    /// Adds custom code that sees every call and every attempt; [`Hooks`] has an example. Several are called one after the other.
    /// Default: none.
    pub fn hooks(mut self, hooks: impl Hooks) -> Self {
        self.hooks.push(Box::new(hooks));
        self
    }

    /// Sets a function that returns the W3C `traceparent` of the trace that the caller is in, as
    /// `00-8a3c60f7d188f8fa79d48a391a778fa6-53995c3f42cd8ad8-01`; every request to the service carries it. It is called in the
    /// `tracing` span of the attempt. An invalid value is not sent. Default: none.
    pub fn traceparent(mut self, current: impl Fn() -> Option<String> + Send + Sync + 'static) -> Self {
        self.traceparent = Some(Box::new(current));
        self
    }

    /// Sets the maximum number of requests that this client and its clones send per minute, at least 1, spread evenly; excess
    /// requests wait. The service documents 500 for each tenant, and returns 429 above. Default: no limit until there is a 429.
    ///
    /// In any case a 429 makes all requests of this client and its clones wait as long as the service requests. The client then
    /// sends as many per minute as the service has accepted, and slowly more; see [`Client::rate_limit_status`].
    pub fn requests_per_minute(mut self, requests: u32) -> Self {
        self.requests_per_minute = Some(requests);
        self
    }

    /// Sets which requests a 429 slows down. Default: all of the client.
    pub fn rate_limit_scope(mut self, scope: RateLimitScope) -> Self {
        self.rate_limit_scope = scope;
        self
    }

    /// Shares the rate limiter of `other`, with its settings, in place of those of this builder: for a client of the same partner with
    /// another credential, whose requests the service counts together.
    pub fn share_rate_limiter(mut self, other: &Client<X>) -> Self {
        self.shared_rate_limiter = Some(other.engine.rate_limiter.clone());
        self
    }

    /// Sets the maximum size of a decompressed response body, in bytes. Default: 64 MiB.
    pub fn max_response_size(mut self, bytes: usize) -> Self {
        self.limits.body = bytes;
        self
    }

    /// Sets the `MS-CorrelationId` of every request. Default: a random one for this client.
    pub fn correlation_id(mut self, id: Uuid) -> Self {
        self.correlation_id = Some(id);
        self
    }

    /// Sets the language of localized strings (`X-Locale`). Default: `en-US`.
    pub fn locale(mut self, tag: impl Into<String>) -> Self {
        self.locale = Some(tag.into());
        self
    }

    /// Sets the name of your application (`MS-PartnerCenter-Application`), which helps the service's support. Default: none.
    pub fn application(mut self, name: impl Into<String>) -> Self {
        self.application = Some(name.into());
        self
    }

    /// Builds the client. Nothing is sent yet: [`Client::authenticate`] says early whether a credential is valid.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Configuration`]: a setting is invalid; the source names it.
    pub fn build(self) -> Result<Client<X>, Error> {
        let invalid = |problem: String| Error::new(ErrorKind::Configuration, "client", problem);
        let base_url = self.base_url.as_deref().unwrap_or(self.cloud.base_url());
        let base_url = BaseUrl::parse(base_url).map_err(|problem| invalid(format!("the base URL {problem}")))?;
        let authority = resolve_authority_url(self.authority.as_deref(), self.cloud).map_err(invalid)?;
        let audience = self.audience.as_deref().unwrap_or(self.cloud.audience());
        let token_scope = token_scope_of_audience(audience, self.cloud).map_err(invalid)?;
        let user_agent = user_agent_header_value();
        let token_provider =
            TokenProvider::new(self.credential, authority, token_scope, user_agent.clone()).map_err(invalid)?;
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::USER_AGENT, user_agent);
        let service_headers = [
            ("ms-contract-version", Some("v1".to_owned())),
            ("x-locale", Some(self.locale.unwrap_or_else(|| "en-US".to_owned()))),
            ("ms-partnercenter-application", self.application),
            ("ms-partnercenter-client", Some("partner-center for Rust".to_owned())),
            ("ms-sdkversion", Some(env!("CARGO_PKG_VERSION").to_owned())),
        ];
        for (name, value) in service_headers {
            if let Some(value) = value {
                let value = parse_header_value(name, &value).map_err(invalid)?;
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        Ok(Client {
            engine: Arc::new(Engine {
                sender: RequestSender {
                    transport: self.transport,
                    retry_policy: self.retry,
                    limits: self.limits,
                    retry_budget: RetryBudget::default(),
                },
                base_url,
                token_provider,
                headers,
                call_timeout: self.call_timeout,
                rate_limiter: self
                    .shared_rate_limiter
                    .unwrap_or_else(|| Arc::new(RateLimiter::new(self.requests_per_minute, self.rate_limit_scope))),
                on_replacement: self.on_replacement,
                hooks: self.hooks,
                traceparent: self.traceparent,
            }),
            scope: UnitOfWorkContext {
                correlation_id: self.correlation_id.unwrap_or_else(Uuid::new_v4),
                deadline: None,
                options: None,
                request_ids: None,
            },
        })
    }
}

impl<X: Transport> fmt::Debug for ClientBuilder<X> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ClientBuilder")
            .field("retry", &self.retry)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// Returns the base URL of the authority: the one that was set, or that of the cloud.
pub(crate) fn resolve_authority_url(url: Option<&str>, cloud: Cloud) -> Result<BaseUrl, String> {
    BaseUrl::parse(url.unwrap_or(cloud.authority())).map_err(|problem| format!("the authority's URL {problem}"))
}

/// Returns the value of `User-Agent`.
pub(crate) fn user_agent_header_value() -> HeaderValue {
    HeaderValue::from_static(concat!("partner-center/", env!("CARGO_PKG_VERSION")))
}

/// Returns the OAuth scope of all permissions that the application was granted for `audience`, which is often written as such a
/// scope, too.
pub(crate) fn token_scope_of_audience(audience: &str, cloud: Cloud) -> Result<String, String> {
    const RETIRED_AUDIENCES: [&str; 3] = ["graph.windows.net", "graph.chinacloudapi.cn", "graph.cloudapi.de"];
    let resource = audience.trim().trim_end_matches('/');
    let resource = resource.strip_suffix("/.default").unwrap_or(resource).trim_end_matches('/');
    let uri: Uri = resource.parse().map_err(|_| "the audience is not a URL")?;
    let host = uri.host().filter(|_| uri.scheme_str() == Some("https")).ok_or("the audience must be an https URL")?;
    if RETIRED_AUDIENCES.iter().any(|retired| host.trim_end_matches('.').eq_ignore_ascii_case(retired)) {
        return Err(format!(
            "the audience https://{host} is retired: the service rejects its tokens (401, code 900420); leave the \
             audience to the cloud, or name {}",
            cloud.audience()
        ));
    }
    if uri.path() != "/" || uri.query().is_some() || resource.contains(['#', '@']) {
        return Err(format!("the audience must be a resource without a path, such as {}", cloud.audience()));
    }
    Ok(format!("{resource}/.default"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audience_is_a_resource_that_is_not_retired() {
        for (audience, expected) in [
            ("https://api.partnercenter.microsoft.com", Ok("https://api.partnercenter.microsoft.com/.default")),
            (" https://api.example.com/ ", Ok("https://api.example.com/.default")),
            ("https://api.example.com/.default", Ok("https://api.example.com/.default")),
            ("https://graph.windows.net", Err("is retired")),
            ("https://GRAPH.windows.net./.default", Err("is retired")),
            ("https://graph.chinacloudapi.cn", Err("name https://partner.partnercenterapi.microsoftonline.cn")),
            ("https://api.example.com/user_impersonation", Err("without a path")),
            ("https://api.example.com?x=1", Err("without a path")),
            ("https://me@api.example.com", Err("without a path")),
            ("http://api.example.com", Err("must be an https URL")),
            ("api.example.com", Err("must be an https URL")),
            ("", Err("is not a URL")),
        ] {
            match (token_scope_of_audience(audience, Cloud::China), expected) {
                (Ok(scope), expected) => assert_eq!(Ok(scope.as_str()), expected),
                (Err(problem), Err(expected)) => assert!(problem.contains(expected), "{audience}: {problem}"),
                (Err(problem), Ok(_)) => panic!("{audience}: {problem}"),
            }
        }
    }
}
