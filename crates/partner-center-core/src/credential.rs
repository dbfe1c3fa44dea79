//! Who asks: from what the user has to the token that a request carries.

mod access_token;
mod grant;
mod held;
mod token_error;
mod token_source;

pub use access_token::AccessToken;
pub use grant::AppRegistration;
pub use token_error::{TokenError, TokenErrorReason};
pub use token_source::TokenSource;

pub(crate) use grant::{Issued, TokenRequest, issued};
pub(crate) use held::{Failed, Held, Tokens, Turn, Want};

use crate::{Mode, error::BoxError};
use partner_center_models::Secret;
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
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
/// let app = AppRegistration::new("contoso.onmicrosoft.com", "11111111-2222-3333-4444-555555555555").secret("...");
/// let credential: Credential<Blocking> = Credential::app_only(app.clone());
///
/// // App+User: the application acts for a user who has signed in before.
/// let credential: Credential<Blocking> = Credential::app_user(app, "0.AAAA...").on_rotation(|refresh_token| {
///     std::fs::write("/dev/null", refresh_token.expose())?; // where the next run finds it, and nobody else
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
    refresh_token: Arc<Mutex<Secret>>,
    on_rotation: Option<Arc<OnRotation<M>>>,
}

type OnRotation<M> = dyn Fn(Secret) -> <M as Mode>::Output<'static, Result<(), BoxError>> + Send + Sync;

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
        let refresh_token = Arc::new(Mutex::new(Secret::new(refresh_token)));
        Self { kind: Kind::Grant(Grant { app, user: Some(User { refresh_token, on_rotation: None }) }) }
    }

    /// Tokens from elsewhere: a managed identity, a vault, a service of one's own.
    pub fn source(source: impl TokenSource<Mode = M>) -> Self {
        Self { kind: Kind::Source(Arc::new(source)) }
    }

    /// What to do with each new refresh token: keep it where the next run of the program finds it.
    ///
    /// `keep` gives back a `Result`, for an async client a boxed future of one. The call that needed the token goes on once
    /// that is `Ok`. An error fails it: what it says may end up in a log. The new refresh token is used all the same, so
    /// that the next call hands over another one. Without effect on any other credential than
    /// [`app_user`](Self::app_user).
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

    pub(crate) fn into_kind(self) -> Kind<M> {
        self.kind
    }
}

impl<M: Mode> Grant<M> {
    /// What is wrong with it.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        self.app.check(self.user.is_none())?;
        match &self.user {
            Some(user) if user.refresh_token().expose().trim().is_empty() => Err("the refresh token is empty"),
            _ => Ok(()),
        }
    }
}

impl<M: Mode> User<M> {
    /// The newest refresh token.
    pub(crate) fn refresh_token(&self) -> Secret {
        self.refresh_token.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes `refresh_token` into use, and hands it over; `None` if nobody wants it.
    pub(crate) fn rotate(&self, refresh_token: Secret) -> Option<M::Output<'static, Result<(), BoxError>>> {
        self.refresh_token.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&refresh_token);
        self.on_rotation.as_ref().map(|keep| keep(refresh_token))
    }
}

impl<M: Mode> Clone for Credential<M> {
    fn clone(&self) -> Self {
        let kind = match &self.kind {
            Kind::Token(token) => Kind::Token(token.clone()),
            Kind::Grant(Grant { app, user }) => Kind::Grant(Grant {
                app: app.clone(),
                user: user.as_ref().map(|User { refresh_token, on_rotation }| User {
                    refresh_token: refresh_token.clone(),
                    on_rotation: on_rotation.clone(),
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
    use super::Secret;

    #[test]
    fn secrets_are_overwritten_when_they_are_dropped() {
        fn is_overwritten<T: zeroize::ZeroizeOnDrop>() {}
        is_overwritten::<Secret>();
    }
}
