//! The sign-in of a user: from an application and a person at a browser to the first refresh token.
//!
//! `device_code` and `authorization_code` have the two ways as data; here is what they send.

mod authorization_code;
mod device_code;

pub use authorization_code::AuthorizationRequest;
pub use device_code::DeviceCode;

use super::{
    AccessToken, AppRegistration,
    grants::{Grant, GrantRequest, IssuedTokens, ResponseNotFromAuthority},
    token_exchange::TokenExchange,
};
use crate::{
    CallMetadata, Cloud, Error, ErrorKind, Limits, Mode, Output, RetryPolicy, Transport,
    base_url::BaseUrl,
    client::{resolve_authority_url, token_scope_of_audience, user_agent_header_value},
    engine::request_sender::RequestSender,
    error::BoxError,
    retry::{RetryBudget, Retryability},
};
use device_code::DeviceCodeExchange;
use http::HeaderValue;
use partner_center_models::Secret;
use std::{
    error::Error as StdError,
    mem,
    time::{Duration, Instant},
};
use uuid::Uuid;

/// The sign-in of a user for an application: it obtains the first refresh token of
/// [`Credential::app_user`](crate::Credential::app_user).
///
/// There are two ways. Both show the user the pages of the authority, with whatever second factor the tenant requires:
///
/// - With a device code ([`request_device_code`](Self::request_device_code), then [`wait_for_user`](Self::wait_for_user)), the
///   user enters a short code in a browser on any device. It needs no listener, so that it works on a server. The app
///   registration has to allow public client flows.
/// - With an authorization code ([`begin_authorization`](Self::begin_authorization), then
///   [`complete_authorization`](Self::complete_authorization)), the browser is on the same machine, and brings the code to a
///   listener of the program. `http://localhost` has to be registered as a redirect URI of a mobile or desktop application.
///
/// [OAuth 2.0 device authorization grant](https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code) and
/// [OAuth 2.0 authorization code flow](https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow) of Entra's
/// documentation describe them.
///
/// ```no_run
/// use partner_center_core::{AppRegistration, Blocking, Credential, SignIn, Transport};
///
/// fn sign_in(transport: impl Transport<Mode = Blocking>) -> Result<Credential<Blocking>, Box<dyn std::error::Error>> {
///     let app = AppRegistration::new("contoso.onmicrosoft.com", "11111111-2222-3333-4444-555555555555");
///     let sign_in = SignIn::builder(transport, app.clone()).build()?;
///     let code = sign_in.request_device_code()?;
///     println!("{}", code.message());
///     let signed_in = sign_in.wait_for_user(&code)?;
///     // Store it where only this program can read it.
///     let refresh_token = signed_in.refresh_token.expose();
///     Ok(Credential::app_user(app, refresh_token).initial_token(signed_in.access_token))
/// }
/// ```
pub struct SignIn<X: Transport> {
    sender: RequestSender<X>,
    app: AppRegistration,
    authority: BaseUrl,
    scope: String,
    deadline: Option<Instant>,
    user_agent: HeaderValue,
}

/// A builder of a [`SignIn`].
#[must_use = "settings do nothing until `build` is called"]
pub struct SignInBuilder<X: Transport> {
    transport: X,
    app: AppRegistration,
    cloud: Cloud,
    authority: Option<String>,
    audience: Option<String>,
    limits: Limits,
    deadline: Option<Instant>,
}

/// The tokens of a user who has signed in.
#[derive(Debug)]
#[non_exhaustive]
pub struct SignedIn {
    /// The refresh token, to be stored.
    pub refresh_token: Secret,
    /// The first access token.
    pub access_token: AccessToken,
}

/// The name of the operation in errors.
const SIGN_IN_OPERATION_NAME: &str = "signIn";

/// The wait that is added to the interval each time that the authority asks to slow down (RFC 8628, section 3.5).
const SLOW_DOWN_INCREMENT: Duration = Duration::from_secs(5);

/// The maximum interval between two requests for the outcome of a sign-in.
const MAX_POLL_INTERVAL: Duration = Duration::from_secs(60);

impl<X: Transport> SignInBuilder<X> {
    /// Sets the cloud of the application. Default: [`Cloud::Global`].
    pub fn cloud(self, cloud: Cloud) -> Self {
        Self { cloud, ..self }
    }

    /// Sets the base URL of the authority. Default: that of the cloud.
    pub fn authority(self, authority: impl Into<String>) -> Self {
        Self { authority: Some(authority.into()), ..self }
    }

    /// Sets the audience of the tokens. Default: that of the cloud.
    pub fn audience(self, audience: impl Into<String>) -> Self {
        Self { audience: Some(audience.into()), ..self }
    }

    /// Sets the maximum time of one attempt of a request. Default: 60 seconds.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.limits.timeout = timeout;
        self
    }

    /// Sets the deadline of the complete sign-in. Default: none, but a code expires after some minutes.
    pub fn deadline(self, deadline: Instant) -> Self {
        Self { deadline: Some(deadline), ..self }
    }

    /// Builds the sign-in. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Configuration`]: a setting is invalid; the source names it.
    pub fn build(self) -> Result<SignIn<X>, Error> {
        let invalid = |problem: String| Error::new(ErrorKind::Configuration, SIGN_IN_OPERATION_NAME, problem);
        self.app.ensure_usable(false).map_err(|problem| invalid(problem.to_owned()))?;
        let authority = resolve_authority_url(self.authority.as_deref(), self.cloud).map_err(invalid)?;
        let audience = self.audience.as_deref().unwrap_or(self.cloud.audience());
        Ok(SignIn {
            sender: RequestSender {
                transport: self.transport,
                retry_policy: RetryPolicy::default(),
                limits: self.limits,
                retry_budget: RetryBudget::default(),
            },
            app: self.app,
            authority,
            scope: token_scope_of_audience(audience, self.cloud).map_err(invalid)?,
            deadline: self.deadline,
            user_agent: user_agent_header_value(),
        })
    }
}

impl<X: Transport> SignIn<X> {
    /// Returns a builder of the sign-in of a user for `app`.
    pub fn builder(transport: X, app: AppRegistration) -> SignInBuilder<X> {
        SignInBuilder {
            transport,
            app,
            cloud: Cloud::Global,
            authority: None,
            audience: None,
            limits: Limits::default(),
            deadline: None,
        }
    }

    /// Requests a device code, for the user to enter in a browser.
    ///
    /// ```text
    /// blocking: Result<DeviceCode, Error>
    /// async:    Pin<Box<dyn Future<Output = Result<DeviceCode, Error>> + Send>>
    /// ```
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Credential`]: the authority rejects the application.
    /// - [`ErrorKind::Transport`], [`ErrorKind::Timeout`]: the authority did not respond.
    pub fn request_device_code(&self) -> Output<'_, X, Result<DeviceCode, Error>> {
        X::Mode::block_or_box(async move {
            let exchange = DeviceCodeExchange {
                app: &self.app,
                authority: &self.authority,
                scope: &self.scope,
                user_agent: &self.user_agent,
            };
            let retry_policy = &self.sender.retry_policy;
            let outcome =
                self.sender.send(&exchange, retry_policy, &mut new_call_metadata(), self.deadline, None).await;
            outcome.map_err(|error| self.add_authority_name_to_error(error))
        })
    }

    /// Waits until the user has entered the code and has signed in, has declined, or the code has expired. While the authority
    /// cannot be reached, it waits longer and tries again.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Credential`]: the user has declined, the code has expired, or a policy keeps the user out;
    ///   [`Error::token_error`] says which.
    /// - [`ErrorKind::Timeout`]: the deadline has passed.
    pub fn wait_for_user<'a>(&'a self, code: &'a DeviceCode) -> Output<'a, X, Result<SignedIn, Error>> {
        X::Mode::block_or_box(async move {
            let mut interval = code.poll_interval();
            let mut requested_wait = Duration::ZERO;
            loop {
                let now = Instant::now();
                let wait = interval.max(mem::take(&mut requested_wait)).min(code.remaining_lifetime(now));
                if let Some(deadline) = self.deadline.filter(|deadline| now + wait >= *deadline) {
                    X::Mode::into_future(self.sender.transport.sleep(deadline.saturating_duration_since(now))).await;
                    return Err(Error::new_deadline_exceeded(SIGN_IN_OPERATION_NAME, None));
                }
                X::Mode::into_future(self.sender.transport.sleep(wait)).await;
                // After the code has expired, too: the authority says so in its own words.
                let is_last = code.remaining_lifetime(Instant::now()).is_zero();
                let outcome =
                    self.exchange_grant(Grant::DeviceCode(code.secret_device_code()), &RetryPolicy::none()).await;
                match outcome.map_err(|error| (PollFailure::from_error(&error), error)) {
                    Ok(signed_in) => return Ok(signed_in),
                    Err((PollFailure::Final, error)) => return Err(self.add_authority_name_to_error(error)),
                    Err((_, error)) if is_last => return Err(self.add_authority_name_to_error(error)),
                    Err((PollFailure::Pending, _)) => {}
                    Err((PollFailure::SlowDown, _)) => {
                        interval = (interval + SLOW_DOWN_INCREMENT).min(MAX_POLL_INTERVAL);
                    }
                    Err((PollFailure::Transient, error)) => {
                        tracing::warn!(%error, "the authority does not respond; the sign-in continues");
                        interval = (interval * 2).min(MAX_POLL_INTERVAL);
                        requested_wait = error.token_error().and_then(|error| error.retry_after).unwrap_or_default();
                    }
                }
            }
        })
    }

    /// Begins a sign-in in a browser on this machine, which comes back to `redirect_uri` in the end: `http://localhost:PORT`, where
    /// the program listens. The user has to open [`AuthorizationRequest::url`].
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Configuration`]: the redirect URI is invalid.
    pub fn begin_authorization(&self, redirect_uri: &str) -> Result<AuthorizationRequest, Error> {
        AuthorizationRequest::new(&self.app, &self.authority, &self.scope, redirect_uri)
            .map_err(|error| Error::new(ErrorKind::Configuration, SIGN_IN_OPERATION_NAME, error))
    }

    /// Completes a sign-in in a browser: `query` is the query with which the browser came back to the redirect URI.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Credential`]: the response is not to this request, the user has declined, or the authority rejects the code.
    /// - [`ErrorKind::Transport`], [`ErrorKind::Timeout`]: the authority did not respond.
    pub fn complete_authorization<'a>(
        &'a self,
        request: &'a AuthorizationRequest,
        query: &'a str,
    ) -> Output<'a, X, Result<SignedIn, Error>> {
        X::Mode::block_or_box(async move {
            let code = match request.authorization_code_from_redirect_query(query) {
                Ok(Ok(code)) => code,
                Ok(Err(rejected)) => return Err(Error::authority_rejection_error(SIGN_IN_OPERATION_NAME, rejected)),
                Err(error) => return Err(Error::new(ErrorKind::Credential, SIGN_IN_OPERATION_NAME, error)),
            };
            let outcome = self.exchange_grant(request.authorization_code_grant(&code), &self.sender.retry_policy).await;
            outcome.map_err(|error| self.add_authority_name_to_error(error))
        })
    }

    /// Exchanges what the user has granted for tokens.
    async fn exchange_grant(&self, grant: Grant<'_>, retry_policy: &RetryPolicy) -> Result<SignedIn, Error> {
        let failed = |error: BoxError| Error::new(ErrorKind::Credential, SIGN_IN_OPERATION_NAME, error);
        let client_assertion = self.app.make_client_assertion(&self.authority).map_err(failed)?;
        let exchange = TokenExchange {
            request: GrantRequest {
                app: &self.app,
                client_assertion: client_assertion.as_ref(),
                grant,
                authority: &self.authority,
                scope: &self.scope,
            },
            user_agent: &self.user_agent,
            operation: SIGN_IN_OPERATION_NAME,
            extend_refresh_claim: &|_| {},
        };
        let outcome = self.sender.send(&exchange, retry_policy, &mut new_call_metadata(), self.deadline, None).await;
        let IssuedTokens { access_token, refresh_token } = outcome?;
        let refresh_token = refresh_token.ok_or_else(|| failed(NO_REFRESH_TOKEN_MESSAGE.into()))?;
        Ok(SignedIn { refresh_token, access_token })
    }

    /// Adds the name of the authority to an error.
    fn add_authority_name_to_error(&self, error: Error) -> Error {
        Error::from_refresh_failure(
            SIGN_IN_OPERATION_NAME,
            error.into_refresh_failure(Some(self.authority.to_string())),
        )
    }
}

const NO_REFRESH_TOKEN_MESSAGE: &str =
    "the authority issued no refresh token: the application needs the delegated permission `offline_access`";

/// The meaning of a failed request for the outcome of a sign-in.
#[derive(Debug, PartialEq, Eq)]
enum PollFailure {
    /// The user has not signed in yet.
    Pending,
    /// The client polls too often.
    SlowDown,
    /// The authority did not respond, or a proxy in its place, or it is overloaded.
    Transient,
    Final,
}

impl PollFailure {
    fn from_error(error: &Error) -> Self {
        let is_of_proxy = error.source().is_some_and(<dyn StdError>::is::<ResponseNotFromAuthority>);
        let retryability = match (error.token_error(), error.transport_error()) {
            (Some(error), _) => Retryability::from_token_error(error),
            (None, Some(error)) => Retryability::from_transport_error(error.kind()),
            (None, None) => Retryability::Permanent,
        };
        match error.token_error().and_then(|error| error.error.as_deref()) {
            Some("authorization_pending") => Self::Pending,
            Some("slow_down") => Self::SlowDown,
            _ if is_of_proxy || retryability != Retryability::Permanent => Self::Transient,
            _ => Self::Final,
        }
    }
}

fn new_call_metadata() -> CallMetadata {
    CallMetadata { correlation_id: Some(Uuid::new_v4()), ..CallMetadata::default() }
}
