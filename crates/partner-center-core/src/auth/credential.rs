//! The credential of a client: what the user has, and what tokens are obtained with.

use super::{AccessToken, AppRegistration, RefreshTokenLease, TokenSource, app_registration::trimmed_secret};
use crate::{Mode, error::BoxError};
use partner_center_models::Secret;
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The credential that a client authenticates with: an access token, an app registration (app-only or App+User), or a custom
/// [`TokenSource`].
///
/// Calls obtain and refresh tokens by themselves; clones of a client share them. Clones of a credential share the
/// refresh token: one that was replaced is replaced for all of them. `M` is the mode of the client,
/// [`Blocking`](crate::Blocking) or [`Async`](crate::Async), which the compiler infers.
///
/// Which calls need App+User, and how an app is registered, is described on the page
/// [Partner Center authentication](https://learn.microsoft.com/partner-center/developer/partner-center-authentication).
///
/// ```
/// use partner_center_core::{AppRegistration, Client, Credential, GetCustomer};
/// use uuid::Uuid;
///
/// // App-only: the application acts for itself (OAuth 2.0 client credentials).
/// let app = AppRegistration::new("contoso.com", "11111111-2222-3333-4444-555555555555").secret("client-secret");
/// let app_only = Credential::app_only(app.clone());
///
/// // App+User: the application acts for a user who has signed in before (secure application model).
/// let folder = std::env::temp_dir();
/// let file = folder.join("partner-center-refresh-token");
/// # let refresh_token_file = file.clone();
/// let app_user = Credential::app_user(app, "0.AAAA...").on_rotation(move |refresh_token| {
///     // Where only this program can read it, and finds it when it runs again.
///     std::fs::write(&file, refresh_token.expose())?;
///     Ok(())
/// });
///
/// // An access token that was obtained by other means, and is not refreshed.
/// let token = Credential::token("eyJ0eXAi...");
///
/// for credential in [app_only, app_user, token] {
///     # let transport = Stub;
///     let client = Client::builder(transport, credential).build()?;
///     client.call(GetCustomer::new(Uuid::nil()))?;
/// }
/// # assert_eq!(std::fs::read_to_string(&refresh_token_file)?, "0.BBBB...");
/// # std::fs::remove_file(refresh_token_file)?;
/// # use partner_center_core::{Blocking, Request, Response, Transport, TransportError};
/// # struct Stub;
/// # impl Transport for Stub {
/// #     type Mode = Blocking;
/// #     fn send(&self, request: Request) -> Result<Response, TransportError> {
/// #         let is_token_request = request.uri().path().ends_with("/oauth2/v2.0/token");
/// #         let is_app_user = String::from_utf8_lossy(request.body()).contains("grant_type=refresh_token");
/// #         Ok(Response::new(match (is_token_request, is_app_user) {
/// #             (true, true) => r#"{"access_token": "a", "expires_in": 3600, "refresh_token": "0.BBBB..."}"#.into(),
/// #             (true, false) => r#"{"access_token": "a", "expires_in": 3600}"#.into(),
/// #             (false, _) => r#"{"id": "00000000-0000-0000-0000-000000000000"}"#.into(),
/// #         }))
/// #     }
/// #     fn sleep(&self, _: std::time::Duration) {}
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Credential<M: Mode> {
    kind: CredentialKind<M>,
}

pub(crate) enum CredentialKind<M: Mode> {
    Token(AccessToken),
    OAuthGrant(Box<OAuthGrant<M>>),
    Source(Arc<dyn TokenSource<Mode = M>>),
}

/// The OAuth 2.0 grant that tokens are requested with: `client_credentials` without a user, else `refresh_token`.
pub(crate) struct OAuthGrant<M: Mode> {
    pub(crate) app: AppRegistration,
    pub(crate) user: Option<UserRefreshToken<M>>,
    /// A token that was issued before, which is used first.
    pub(crate) initial_token: Option<AccessToken>,
    pub(crate) on_token: Option<Arc<OnTokenCallback>>,
}

pub(crate) type OnTokenCallback = dyn Fn(&AccessToken) + Send + Sync;

/// The refresh token of the user for whom an application acts.
pub(crate) struct UserRefreshToken<M: Mode> {
    newest: Arc<Mutex<NewestRefreshToken>>,
    on_rotation: Option<Arc<OnRotationCallback<M>>>,
    before_refresh: Option<Arc<BeforeRefreshCallback<M>>>,
}

/// The newest refresh token, which clones of a credential share.
struct NewestRefreshToken {
    refresh_token: Secret,
    /// Whether the authority issued it and nothing has stored it: [`Credential::on_rotation`] has not yet, or is not set.
    is_unstored: bool,
}

type OnRotationCallback<M> = dyn Fn(Secret) -> OnRotationOutput<M> + Send + Sync;

type BeforeRefreshCallback<M> = dyn Fn() -> BeforeRefreshOutput<M> + Send + Sync;

type OnRotationOutput<M> = <M as Mode>::Output<'static, Result<(), BoxError>>;

type BeforeRefreshOutput<M> = <M as Mode>::Output<'static, Result<RefreshTokenLease, BoxError>>;

impl<M: Mode> Credential<M> {
    /// Creates a credential from an access token: one of Entra for the audience
    /// `https://api.partnercenter.microsoft.com` (or that of the [`Cloud`](crate::Cloud)). It is valid for about an
    /// hour, and is not refreshed.
    pub fn token(token: impl Into<String>) -> Self {
        Self { kind: CredentialKind::Token(AccessToken::new(token)) }
    }

    /// Creates an app-only credential: tokens for the application itself, by its client secret (OAuth 2.0 grant
    /// `client_credentials`).
    ///
    /// Some resources need [`app_user`](Self::app_user), such as the customers of an indirect reseller; see
    /// [`Error::needs_app_and_user`](crate::Error::needs_app_and_user).
    #[must_use]
    pub fn app_only(app: AppRegistration) -> Self {
        Self { kind: CredentialKind::OAuthGrant(Box::new(OAuthGrant::new(app, None))) }
    }

    /// Creates an App+User credential: tokens for the application on behalf of a user, by the refresh token from the
    /// user's sign-in (OAuth 2.0 grant `refresh_token`), as the [secure application
    /// model](https://learn.microsoft.com/partner-center/developer/enable-secure-app-model) requires.
    ///
    /// The authority may issue a new refresh token with each access token, and a refresh token expires after 90 days:
    /// store the newest one with [`on_rotation`](Self::on_rotation).
    #[must_use]
    pub fn app_user(app: AppRegistration, refresh_token: impl Into<String>) -> Self {
        let newest = NewestRefreshToken { refresh_token: trimmed_secret(refresh_token), is_unstored: false };
        let user = UserRefreshToken { newest: Arc::new(Mutex::new(newest)), on_rotation: None, before_refresh: None };
        Self { kind: CredentialKind::OAuthGrant(Box::new(OAuthGrant::new(app, Some(user)))) }
    }

    /// Creates a credential from a custom source of tokens, such as a managed identity, a vault, or a service;
    /// [`TokenSource`] has examples. The feature `azure_core` of `partner-center` has a source for the credentials of
    /// `azure_identity`.
    pub fn source(source: impl TokenSource<Mode = M>) -> Self {
        Self { kind: CredentialKind::Source(Arc::new(source)) }
    }

    /// Sets the function that stores each new refresh token where the next run of the program finds it.
    ///
    /// `store` returns a `Result`, or for an async client a boxed future of one:
    ///
    /// ```text
    /// Blocking: Fn(Secret) -> Result<(), Box<dyn Error + Send + Sync>>
    /// Async:    Fn(Secret) -> Pin<Box<dyn Future<Output = Result<(), Box<dyn Error + Send + Sync>>> + Send>>
    /// ```
    ///
    /// The call that needed the token continues once that is `Ok`. An error fails the call: its message may end up in a
    /// log. A refresh token that was not stored is passed to `store` again before it is used. `store` may take as long
    /// as the [timeout of an attempt](crate::ClientBuilder::attempt_timeout) and the deadline of the call allow; in
    /// blocking mode it then continues in its own thread, in async mode its future is dropped. The
    /// [lease](Self::before_refresh) on the refresh token lasts until then.
    ///
    /// In blocking mode `store` runs in a separate thread; see [`TokenSource`] for the context that this thread has.
    ///
    /// One client, with its clones, stores one token after the other. Two clients made from clones of this credential
    /// may do so at the same time.
    ///
    /// Has no effect on any credential but [`app_user`](Self::app_user).
    #[must_use]
    pub fn on_rotation(
        mut self,
        store: impl Fn(Secret) -> M::Output<'static, Result<(), Box<dyn std::error::Error + Send + Sync>>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        if let CredentialKind::OAuthGrant(grant) = &mut self.kind
            && let Some(user) = &mut grant.user
        {
            user.on_rotation = Some(Arc::new(store));
        }
        self
    }

    /// Sets the function that is called before the refresh token is sent to the authority: it keeps out other processes
    /// that use the same refresh token, and reads the newest one.
    ///
    /// ```text
    /// Blocking: Fn() -> Result<RefreshTokenLease, Box<dyn Error + Send + Sync>>
    /// Async:    Fn() -> Pin<Box<dyn Future<Output = Result<RefreshTokenLease, Box<dyn Error + Send + Sync>>> + Send>>
    /// ```
    ///
    /// An authority may accept each refresh token only once, so processes that share one have to exchange it one after
    /// the other: `lease` waits until no other process does, and returns a [`RefreshTokenLease`], with the refresh
    /// token that another process has stored, if there is one. The lease is dropped when the exchange has failed, or
    /// when [`on_rotation`](Self::on_rotation) has stored the next refresh token. An error fails the call: its message
    /// may end up in a log.
    ///
    /// `lease` may take as long as the [timeout of an attempt](crate::ClientBuilder::attempt_timeout) and the deadline
    /// of the call allow. In async mode it must not block the thread, as [`File::lock`](std::fs::File::lock) does:
    /// nothing can interrupt it then, and other tasks of the thread have to wait as well. Use the blocking tasks of the
    /// runtime, or try and sleep in turns. Once the deadline has passed nothing is sent, however late the lease is.
    ///
    /// In blocking mode `lease` runs in a separate thread; see [`TokenSource`] for the context that this thread has.
    ///
    /// Set [`on_rotation`](Self::on_rotation) as well: a refresh token that was issued and never stored is newer than any that
    /// comes with a lease, so it stays in use.
    ///
    /// If the authority rejects the refresh token as invalid
    /// ([`TokenErrorReason::InvalidGrant`](crate::TokenErrorReason::InvalidGrant)), `lease` is called once more, and a
    /// token other than the rejected one is tried.
    ///
    /// Has no effect on any credential but [`app_user`](Self::app_user).
    #[must_use]
    pub fn before_refresh(
        mut self,
        lease: impl Fn() -> M::Output<'static, Result<RefreshTokenLease, Box<dyn std::error::Error + Send + Sync>>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        if let CredentialKind::OAuthGrant(grant) = &mut self.kind
            && let Some(user) = &mut grant.user
        {
            user.before_refresh = Some(Arc::new(lease));
        }
        self
    }

    /// Sets an access token that was issued for the same application and user before, as in an earlier run of the program: it is
    /// used until it expires or is rejected. See [`on_token`](Self::on_token).
    ///
    /// Has no effect on any credential but [`app_only`](Self::app_only) and [`app_user`](Self::app_user).
    #[must_use]
    pub fn initial_token(mut self, token: AccessToken) -> Self {
        if let CredentialKind::OAuthGrant(grant) = &mut self.kind {
            grant.initial_token = Some(token);
        }
        self
    }

    /// Sets the function that is called with each access token that the authority issues, as to store it for the next run of the
    /// program: a short program that runs often requests fewer tokens then. It must not block for long, and whatever comes of it,
    /// the call continues.
    ///
    /// Has no effect on any credential but [`app_only`](Self::app_only) and [`app_user`](Self::app_user).
    #[must_use]
    pub fn on_token(mut self, store: impl Fn(&AccessToken) + Send + Sync + 'static) -> Self {
        if let CredentialKind::OAuthGrant(grant) = &mut self.kind {
            grant.on_token = Some(Arc::new(store));
        }
        self
    }

    pub(crate) fn into_credential_kind(self) -> CredentialKind<M> {
        self.kind
    }
}

impl<M: Mode> OAuthGrant<M> {
    fn new(app: AppRegistration, user: Option<UserRefreshToken<M>>) -> Self {
        Self { app, user, initial_token: None, on_token: None }
    }

    /// Checks that it can be used; the error is the problem.
    pub(crate) fn ensure_usable(&self) -> Result<(), &'static str> {
        self.app.ensure_usable(self.user.is_none())?;
        match &self.user {
            Some(user) if user.newest_refresh_token().expose().is_empty() => Err("the refresh token is empty"),
            _ => Ok(()),
        }
    }
}

impl<M: Mode> UserRefreshToken<M> {
    /// Returns the newest refresh token.
    pub(crate) fn newest_refresh_token(&self) -> Secret {
        self.lock_newest_refresh_token().refresh_token.clone()
    }

    /// Replaces the refresh token by one that the authority has issued.
    pub(crate) fn replace_by_issued_token(&self, refresh_token: Secret) {
        let mut newest = self.lock_newest_refresh_token();
        if newest.refresh_token != refresh_token {
            *newest = NewestRefreshToken { refresh_token, is_unstored: true };
        }
    }

    /// Returns the code that acquires the lease on the refresh token, if there is any.
    pub(crate) fn before_refresh_callback(&self) -> Option<impl FnOnce() -> BeforeRefreshOutput<M> + Send + use<M>> {
        let before_refresh = self.before_refresh.clone()?;
        Some(move || before_refresh())
    }

    /// Replaces the refresh token by one that another process has stored, unless it is one that nothing has stored: that is
    /// newer.
    pub(crate) fn adopt_stored_refresh_token(&self, refresh_token: Secret) {
        let mut newest = self.lock_newest_refresh_token();
        if !newest.is_unstored {
            newest.refresh_token = refresh_token;
        }
    }

    /// Returns the newest refresh token and the code that stores it, unless it is stored already.
    pub(crate) fn unstored_refresh_token_and_store_callback(
        &self,
    ) -> Option<(Secret, impl FnOnce() -> OnRotationOutput<M> + Send + use<M>)> {
        let token = Some(self.lock_newest_refresh_token())
            .filter(|newest| newest.is_unstored)
            .map(|newest| newest.refresh_token.clone())?;
        let (on_rotation, argument) = (self.on_rotation.clone()?, token.clone());
        Some((token, move || on_rotation(argument)))
    }

    /// Marks `refresh_token` as stored, unless a newer one has replaced it.
    pub(crate) fn mark_refresh_token_stored(&self, refresh_token: &Secret) {
        let mut newest = self.lock_newest_refresh_token();
        newest.is_unstored &= newest.refresh_token != *refresh_token;
    }

    fn lock_newest_refresh_token(&self) -> MutexGuard<'_, NewestRefreshToken> {
        // A panic cannot leave a token half written.
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<M: Mode> Clone for Credential<M> {
    fn clone(&self) -> Self {
        let kind = match &self.kind {
            CredentialKind::Token(token) => CredentialKind::Token(token.clone()),
            CredentialKind::OAuthGrant(grant) => CredentialKind::OAuthGrant(Box::new(OAuthGrant {
                app: grant.app.clone(),
                user: grant.user.as_ref().map(|UserRefreshToken { newest, on_rotation, before_refresh }| {
                    UserRefreshToken {
                        newest: newest.clone(),
                        on_rotation: on_rotation.clone(),
                        before_refresh: before_refresh.clone(),
                    }
                }),
                initial_token: grant.initial_token.clone(),
                on_token: grant.on_token.clone(),
            })),
            CredentialKind::Source(source) => CredentialKind::Source(source.clone()),
        };
        Self { kind }
    }
}

impl<M: Mode> fmt::Debug for Credential<M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match &self.kind {
            CredentialKind::Token(_) => "Credential(token)",
            CredentialKind::OAuthGrant(grant) if grant.user.is_none() => "Credential(app-only)",
            CredentialKind::OAuthGrant(_) => "Credential(app+user)",
            CredentialKind::Source(_) => "Credential(source)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{AppRegistration, Credential, Secret, TokenSource};
    use crate::{
        AccessToken, Blocking, Client, Limits, Request, Response, TokenRequest, Transport, TransportError,
        error::BoxError,
    };
    use std::time::Duration;

    struct Unused;

    impl Transport for Unused {
        type Mode = Blocking;

        fn send(&self, request: Request) -> Result<Response, TransportError> {
            Err(TransportError::new(format!("{:?}", Limits::of(&request))))
        }
        fn sleep(&self, _: Duration) {}
    }

    impl TokenSource for Unused {
        type Mode = Blocking;

        fn token(&self, _: TokenRequest<'_>) -> Result<AccessToken, BoxError> {
            Err("none".into())
        }
    }

    #[test]
    fn debug_output_shows_the_kind_of_a_credential_only() {
        let app = || AppRegistration::new("contoso.com", "app").secret("hush");
        for (credential, shown) in [
            (Credential::token("hush"), "Credential(token)"),
            (Credential::app_only(app()), "Credential(app-only)"),
            (Credential::app_user(app(), "hush"), "Credential(app+user)"),
            (Credential::source(Unused), "Credential(source)"),
        ] {
            assert_eq!(format!("{credential:?}"), shown);
            assert_eq!(format!("{:?}", credential.clone()), shown);
        }
    }

    #[test]
    fn invalid_credential_is_rejected_by_the_builder() {
        let app = AppRegistration::new("contoso.com", "app");
        for (credential, problem) in [
            (Credential::token(""), "the token is empty"),
            (Credential::app_only(app.clone()), "needs a client secret"),
            (Credential::app_user(app.clone(), " \n"), "the refresh token is empty"),
            (Credential::app_user(AppRegistration::new("a b", "app"), "token"), "the tenant must be"),
        ] {
            let error = Client::builder(Unused, credential).build().unwrap_err();
            assert!(std::error::Error::source(&error).unwrap().to_string().contains(problem), "{error:?}");
        }
        assert!(Client::builder(Unused, Credential::app_user(app, "token")).build().is_ok());
    }

    #[test]
    fn secrets_are_overwritten_when_they_are_dropped() {
        fn assert_overwritten<T: zeroize::ZeroizeOnDrop>() {}
        assert_overwritten::<Secret>();
    }
}
