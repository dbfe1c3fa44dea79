//! The credential of a client: what the user has, and what tokens are obtained with.

use super::{AccessToken, AppRegistration, RefreshTokenLease, TokenSource, app_registration::trimmed};
use crate::{Mode, error::BoxError};
use partner_center_models::Secret;
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// What proves to the service who is asking.
///
/// Clones share what they have: a refresh token that was replaced is replaced for all of them. `M` is the mode of the
/// client that it is for, [`Blocking`](crate::Blocking) or [`Async`](crate::Async); the compiler finds it out.
///
/// ```
/// use partner_center_core::{AppRegistration, Blocking, Credential};
///
/// // A token that was had elsewhere; it is not replaced.
/// let credential: Credential<Blocking> = Credential::token("eyJ0eXAi...");
///
/// // App-only: the application acts by itself.
/// let app = AppRegistration::new("contoso.com", "11111111-2222-3333-4444-555555555555").secret("...");
/// let credential: Credential<Blocking> = Credential::app_only(app.clone());
///
/// // App+User: the application acts for a user who has signed in before.
/// let credential: Credential<Blocking> = Credential::app_user(app, "0.AAAA...").on_rotation(|newest| {
///     // Where the next run finds it, and nobody else.
///     std::fs::write("/dev/null", newest.expose())?;
///     Ok(())
/// });
/// ```
pub struct Credential<M: Mode> {
    kind: Kind<M>,
}

pub(crate) enum Kind<M: Mode> {
    Token(AccessToken),
    Grant(Grant<M>),
    Source(Arc<dyn TokenSource<Mode = M>>),
}

/// The OAuth 2.0 grant that tokens are requested with: `client_credentials` without a user, else `refresh_token`.
pub(crate) struct Grant<M: Mode> {
    pub(crate) app: AppRegistration,
    pub(crate) user: Option<User<M>>,
}

/// The user for whom an application acts.
pub(crate) struct User<M: Mode> {
    newest: Arc<Mutex<NewestRefreshToken>>,
    on_rotation: Option<Arc<OnRotation<M>>>,
    before_refresh: Option<Arc<BeforeRefresh<M>>>,
}

/// The newest refresh token, which clones of a credential share.
struct NewestRefreshToken {
    refresh_token: Secret,
    /// Whether the authority issued it and [`Credential::on_rotation`] has not stored it yet.
    is_unstored: bool,
}

type OnRotation<M> = dyn Fn(Secret) -> StoreOutput<M> + Send + Sync;

type BeforeRefresh<M> = dyn Fn() -> LeaseOutput<M> + Send + Sync;

type StoreOutput<M> = <M as Mode>::Output<'static, Result<(), BoxError>>;

type LeaseOutput<M> = <M as Mode>::Output<'static, Result<RefreshTokenLease, BoxError>>;

impl<M: Mode> Credential<M> {
    /// A bearer token that is valid already: an Entra access token for the audience
    /// `https://api.partnercenter.microsoft.com` (or that of the cloud). It lives for about an hour and is not replaced.
    pub fn token(token: impl Into<String>) -> Self {
        Self { kind: Kind::Token(AccessToken::new(token)) }
    }

    /// App-only: tokens for the application itself, by its client secret (the grant `client_credentials`).
    ///
    /// Not everything is open to an application alone: customers of an indirect reseller are not.
    #[must_use]
    pub fn app_only(app: AppRegistration) -> Self {
        Self { kind: Kind::Grant(Grant { app, user: None }) }
    }

    /// App+User: tokens for the application on behalf of a user, by the refresh token that the user's signing in left
    /// behind (the secure application model; the grant `refresh_token`).
    ///
    /// Each time a token is issued the authority may replace the refresh token, and the old one dies after 90 days: keep
    /// the newest with [`on_rotation`](Self::on_rotation).
    #[must_use]
    pub fn app_user(app: AppRegistration, refresh_token: impl Into<String>) -> Self {
        let newest = NewestRefreshToken { refresh_token: trimmed(refresh_token), is_unstored: false };
        let user = User { newest: Arc::new(Mutex::new(newest)), on_rotation: None, before_refresh: None };
        Self { kind: Kind::Grant(Grant { app, user: Some(user) }) }
    }

    /// Tokens from elsewhere: a managed identity, a vault, a service of one's own; [`TokenSource`] has examples. The feature
    /// `azure_core` of `partner-center` has one for the credentials of `azure_identity`.
    pub fn source(source: impl TokenSource<Mode = M>) -> Self {
        Self { kind: Kind::Source(Arc::new(source)) }
    }

    /// What to do with each new refresh token: keep it where the next run of the program finds it.
    ///
    /// `keep` gives back a `Result`, for an async client a boxed future of one. The call that needed the token goes on once
    /// that is `Ok`. An error fails it: what it says may end up in a log. A token that was not kept is handed over again
    /// before it is used. For an async client, a deadline ends the wait, but not what was begun.
    ///
    /// One client, with its clones, hands over one token after the other. Two clients that were made from clones of this
    /// credential may do so at the same time.
    ///
    /// Without effect on any other credential than [`app_user`](Self::app_user).
    #[must_use]
    pub fn on_rotation(
        mut self,
        keep: impl Fn(Secret) -> M::Output<'static, Result<(), Box<dyn std::error::Error + Send + Sync>>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        if let Kind::Grant(Grant { user: Some(user), .. }) = &mut self.kind {
            user.on_rotation = Some(Arc::new(keep));
        }
        self
    }

    /// Sets what happens before the refresh token is sent to the authority: other processes that use the same one are kept
    /// out, and the newest one is read.
    ///
    /// An authority may take each refresh token only once. Processes that share one then exchange it one after the other:
    /// `lease` waits for its turn, and returns a [`RefreshTokenLease`] with the token that another process has kept, if there
    /// is one. The lease is dropped when the exchange has failed, or when [`on_rotation`](Self::on_rotation) has kept the next
    /// token. An error fails the call: what it says may end up in a log.
    ///
    /// If the authority rejects the refresh token as invalid ([`TokenErrorReason::InvalidGrant`]), `lease` is called once more,
    /// and another token than the rejected one is tried.
    ///
    /// Has no effect on any other credential than [`app_user`](Self::app_user).
    #[must_use]
    pub fn before_refresh(
        mut self,
        lease: impl Fn() -> M::Output<'static, Result<RefreshTokenLease, Box<dyn std::error::Error + Send + Sync>>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        if let Kind::Grant(Grant { user: Some(user), .. }) = &mut self.kind {
            user.before_refresh = Some(Arc::new(lease));
        }
        self
    }

    pub(crate) fn into_kind(self) -> Kind<M> {
        self.kind
    }
}

impl<M: Mode> Grant<M> {
    /// Checks that it can be used; the error is the problem.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        self.app.check(self.user.is_none())?;
        match &self.user {
            Some(user) if user.refresh_token().expose().is_empty() => Err("the refresh token is empty"),
            _ => Ok(()),
        }
    }
}

impl<M: Mode> User<M> {
    /// Returns the newest refresh token.
    pub(crate) fn refresh_token(&self) -> Secret {
        self.newest().refresh_token.clone()
    }

    /// Replaces the refresh token by one that the authority has issued.
    pub(crate) fn rotate(&self, refresh_token: Secret) {
        let mut newest = self.newest();
        if newest.refresh_token != refresh_token {
            *newest = NewestRefreshToken { refresh_token, is_unstored: self.on_rotation.is_some() };
        }
    }

    /// Returns the code that acquires the lease on the refresh token, if there is any.
    pub(crate) fn before_refresh(&self) -> Option<impl FnOnce() -> LeaseOutput<M> + Send + use<M>> {
        let before_refresh = self.before_refresh.clone()?;
        Some(move || before_refresh())
    }

    /// Replaces the refresh token by one that another process has issued and stored.
    pub(crate) fn adopt(&self, refresh_token: Secret) {
        *self.newest() = NewestRefreshToken { refresh_token, is_unstored: false };
    }

    /// Returns the newest refresh token and the code that stores it, unless it is stored already.
    pub(crate) fn unstored(&self) -> Option<(Secret, impl FnOnce() -> StoreOutput<M> + Send + use<M>)> {
        let token =
            Some(self.newest()).filter(|newest| newest.is_unstored).map(|newest| newest.refresh_token.clone())?;
        let (on_rotation, argument) = (self.on_rotation.clone()?, token.clone());
        Some((token, move || on_rotation(argument)))
    }

    /// Marks `refresh_token` as stored, unless a newer one has replaced it.
    pub(crate) fn mark_stored(&self, refresh_token: &Secret) {
        let mut newest = self.newest();
        newest.is_unstored &= newest.refresh_token != *refresh_token;
    }

    fn newest(&self) -> MutexGuard<'_, NewestRefreshToken> {
        // A panic cannot leave a token half written.
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<M: Mode> Clone for Credential<M> {
    fn clone(&self) -> Self {
        let kind = match &self.kind {
            Kind::Token(token) => Kind::Token(token.clone()),
            Kind::Grant(Grant { app, user }) => Kind::Grant(Grant {
                app: app.clone(),
                user: user.as_ref().map(|User { newest, on_rotation, before_refresh }| User {
                    newest: newest.clone(),
                    on_rotation: on_rotation.clone(),
                    before_refresh: before_refresh.clone(),
                }),
            }),
            Kind::Source(source) => Kind::Source(source.clone()),
        };
        Self { kind }
    }
}

impl<M: Mode> fmt::Debug for Credential<M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match &self.kind {
            Kind::Token(_) => "Credential(token)",
            Kind::Grant(Grant { user: None, .. }) => "Credential(app-only)",
            Kind::Grant(Grant { user: Some(_), .. }) => "Credential(app+user)",
            Kind::Source(_) => "Credential(source)",
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
