//! The credential of a client: what the user has, and what tokens are obtained with.

use super::{AccessToken, AppRegistration, RefreshTokenLease, TokenSource, grants::trimmed};
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

/// What tokens are asked for with.
pub(crate) struct Grant<M: Mode> {
    pub(crate) app: AppRegistration,
    pub(crate) user: Option<User<M>>,
}

/// The user that an application acts for.
pub(crate) struct User<M: Mode> {
    newest: Arc<Mutex<Newest>>,
    on_rotation: Option<Arc<OnRotation<M>>>,
    before_refresh: Option<Arc<BeforeRefresh<M>>>,
}

/// The newest refresh token.
struct Newest {
    refresh_token: Secret,
    /// Whether it came from the authority, and nobody has kept it yet.
    is_unkept: bool,
}

type OnRotation<M> = dyn Fn(Secret) -> Kept<M> + Send + Sync;

pub(crate) type BeforeRefresh<M> = dyn Fn() -> Leased<M> + Send + Sync;

/// A lease on the refresh token, now or later.
pub(crate) type Leased<M> = <M as Mode>::Output<'static, Result<RefreshTokenLease, BoxError>>;

/// Whether a refresh token was kept, now or later.
pub(crate) type Kept<M> = <M as Mode>::Output<'static, Result<(), BoxError>>;

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
        let newest = Newest { refresh_token: trimmed(refresh_token), is_unkept: false };
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
    /// What is wrong with it.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        self.app.check(self.user.is_none())?;
        match &self.user {
            Some(user) if user.refresh_token().expose().is_empty() => Err("the refresh token is empty"),
            _ => Ok(()),
        }
    }
}

impl<M: Mode> User<M> {
    /// The newest refresh token.
    pub(crate) fn refresh_token(&self) -> Secret {
        self.newest().refresh_token.clone()
    }

    /// Takes `refresh_token` into use.
    pub(crate) fn rotate(&self, refresh_token: Secret) {
        let mut newest = self.newest();
        if newest.refresh_token != refresh_token {
            *newest = Newest { refresh_token, is_unkept: self.on_rotation.is_some() };
        }
    }

    /// What requests a lease, if other processes use the refresh token as well.
    pub(crate) fn before_refresh(&self) -> Option<impl FnOnce() -> Leased<M> + Send + use<M>> {
        let before_refresh = self.before_refresh.clone()?;
        Some(move || before_refresh())
    }

    /// Takes `refresh_token` into use, which somebody else has kept.
    pub(crate) fn adopt(&self, refresh_token: Secret) {
        *self.newest() = Newest { refresh_token, is_unkept: false };
    }

    /// The newest refresh token, and how it is handed over, if nobody has kept it yet.
    pub(crate) fn keep(&self) -> Option<(Secret, impl FnOnce() -> Kept<M> + Send + use<M>)> {
        let token = Some(self.newest()).filter(|newest| newest.is_unkept).map(|newest| newest.refresh_token.clone())?;
        let (keep, handed_over) = (self.on_rotation.clone()?, token.clone());
        Some((token, move || keep(handed_over)))
    }

    /// Takes note that `refresh_token` was kept.
    pub(crate) fn kept(&self, refresh_token: &Secret) {
        let mut newest = self.newest();
        newest.is_unkept &= newest.refresh_token != *refresh_token;
    }

    fn newest(&self) -> MutexGuard<'_, Newest> {
        // Whatever panicked, a token is whole.
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

    struct Nothing;

    impl Transport for Nothing {
        type Mode = Blocking;

        fn send(&self, request: Request) -> Result<Response, TransportError> {
            Err(TransportError::new(format!("{:?}", Limits::of(&request))))
        }
        fn sleep(&self, _: Duration) {}
    }

    impl TokenSource for Nothing {
        type Mode = Blocking;

        fn token(&self, _: TokenRequest<'_>) -> Result<AccessToken, BoxError> {
            Err("none".into())
        }
    }

    #[test]
    fn a_credential_says_of_what_kind_it_is_and_no_more() {
        let app = || AppRegistration::new("contoso.com", "app").secret("hush");
        for (credential, shown) in [
            (Credential::token("hush"), "Credential(token)"),
            (Credential::app_only(app()), "Credential(app-only)"),
            (Credential::app_user(app(), "hush"), "Credential(app+user)"),
            (Credential::source(Nothing), "Credential(source)"),
        ] {
            assert_eq!(format!("{credential:?}"), shown);
            assert_eq!(format!("{:?}", credential.clone()), shown);
        }
    }

    #[test]
    fn a_credential_that_cannot_be_one_makes_no_client() {
        let app = AppRegistration::new("contoso.com", "app");
        for (credential, problem) in [
            (Credential::token(""), "the token is empty"),
            (Credential::app_only(app.clone()), "needs a client secret"),
            (Credential::app_user(app.clone(), " \n"), "the refresh token is empty"),
            (Credential::app_user(AppRegistration::new("a b", "app"), "token"), "the tenant must be"),
        ] {
            let error = Client::builder(Nothing, credential).build().unwrap_err();
            assert!(std::error::Error::source(&error).unwrap().to_string().contains(problem), "{error:?}");
        }
        assert!(Client::builder(Nothing, Credential::app_user(app, "token")).build().is_ok());
    }

    #[test]
    fn secrets_are_overwritten_when_they_are_dropped() {
        fn is_overwritten<T: zeroize::ZeroizeOnDrop>() {}
        is_overwritten::<Secret>();
    }
}
