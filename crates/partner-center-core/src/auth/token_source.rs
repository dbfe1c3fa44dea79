use crate::{AccessToken, Mode};
use std::error::Error as StdError;

/// Where tokens come from that the client cannot get by itself: a managed identity, a vault, a service of one's own.
///
/// The client keeps a token as long as it lives, asks for the next one a little ahead, and asks once more when the service
/// refuses one; while it waits for an answer it does not ask again. So a source need not cache or repeat anything. One that
/// caches all the same must not give a token again that was [`refused`](TokenRequest::refused).
///
/// The client waits for a token no longer than its [`timeout`](crate::ClientBuilder::attempt_timeout) for one attempt (60 s by default) and
/// its deadline allow, and then fails with an error of the kind [`Timeout`](crate::ErrorKind::Timeout) that names the token
/// source. The future of an async source is dropped then. A blocking source runs in a thread of its own, as nothing can
/// interrupt it, and is left to itself; as long as eight such calls have not returned, it is not called again.
///
/// For a blocking client:
///
/// ```
/// use partner_center_core::{AccessToken, Blocking, Credential, TokenRequest, TokenSource};
/// use std::{error::Error, fs, time::Duration};
///
/// /// A token that another program keeps fresh in a file.
/// struct TokenFile;
///
/// impl TokenSource for TokenFile {
///     type Mode = Blocking;
///
///     fn token(&self, _: TokenRequest<'_>) -> Result<AccessToken, Box<dyn Error + Send + Sync>> {
///         let token = fs::read_to_string("/run/partner-center/token")?;
///         Ok(AccessToken::new(token).expires_in(Duration::from_secs(300)))
///     }
/// }
///
/// let credential = Credential::source(TokenFile);
/// ```
///
/// For an async one, the same with a boxed future:
///
/// ```
/// use partner_center_core::{AccessToken, Async, Credential, Mode, TokenRequest, TokenSource};
/// use std::error::Error;
///
/// struct Vault;
///
/// impl Vault {
///     async fn fetch(&self, scope: &str) -> Result<String, Box<dyn Error + Send + Sync>> {
///         Ok(format!("a token for {scope}"))
///     }
/// }
///
/// impl TokenSource for Vault {
///     type Mode = Async;
///
///     fn token<'a>(
///         &'a self,
///         request: TokenRequest<'a>,
///     ) -> <Async as Mode>::Output<'a, Result<AccessToken, Box<dyn Error + Send + Sync>>> {
///         Box::pin(async move { Ok(AccessToken::new(self.fetch(request.scope).await?)) })
///     }
/// }
///
/// let credential = Credential::source(Vault);
/// ```
pub trait TokenSource: Send + Sync + 'static {
    /// [`Blocking`](crate::Blocking) or [`Async`](crate::Async), as the transport of the client.
    type Mode: Mode;

    /// A token as `request` has it.
    ///
    /// What the error says may end up in a log. It is not asked again for the call at hand: what is worth repeating is for
    /// the source to repeat.
    fn token<'a>(
        &'a self,
        request: TokenRequest<'a>,
    ) -> <Self::Mode as Mode>::Output<'a, Result<AccessToken, Box<dyn StdError + Send + Sync>>>;
}

/// What a [`TokenSource`] is asked for.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct TokenRequest<'a> {
    /// What the token is to be for: that of the client's cloud, such as `https://api.partnercenter.microsoft.com/.default`.
    pub scope: &'a str,
    /// Whether the service has just refused the token that came last, so that it is to be another one.
    pub refused: bool,
}
