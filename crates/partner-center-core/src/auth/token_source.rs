//! Tokens that the program obtains itself.

use crate::{AccessToken, Mode};
use std::error::Error as StdError;

/// A custom source of tokens that the client cannot obtain itself: a managed identity, a vault, a service.
///
/// The client caches each token, requests the next one shortly before it expires, and requests another one when the
/// service rejects a token; it never makes two requests at the same time. So a source needs no cache and no retries of
/// its own. One that caches all the same must not return a token again that the service rejected
/// ([`TokenRequest::rejected`]).
///
/// The client waits for as long as its [`attempt_timeout`](crate::ClientBuilder::attempt_timeout) (60 s by default) and
/// its deadline allow, and then fails with an error of the kind [`Timeout`](crate::ErrorKind::Timeout) that names the
/// token source. The future of an async source is dropped then. A blocking source, which nothing can interrupt, runs in
/// a separate thread and continues there unattended; while eight such calls have not returned, it is not called again.
///
/// That thread has the `tracing` subscriber and the span of the caller, and nothing else of its thread-local context: for
/// instance, `tokio::runtime::Handle::current()` panics there. Capture a `Handle` when the source is created.
///
/// For a blocking client:
///
/// ```
/// use partner_center_core::{AccessToken, Blocking, Credential, TokenRequest, TokenSource};
/// use std::{error::Error, fs, time::Duration};
///
/// /// A token that another program stores in a file.
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
/// For an async client, the same with a boxed future:
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
    /// The mode of the client: [`Blocking`](crate::Blocking) or [`Async`](crate::Async).
    type Mode: Mode;

    /// Returns a token for `request`:
    ///
    /// ```text
    /// Blocking: Result<AccessToken, Box<dyn Error + Send + Sync>>
    /// Async:    Pin<Box<dyn Future<Output = Result<AccessToken, Box<dyn Error + Send + Sync>>> + Send + 'a>>
    /// ```
    ///
    /// # Errors
    ///
    /// Any error fails the call, without a retry, with the kind [`Credential`](crate::ErrorKind::Credential). Its
    /// message may end up in a log.
    fn token<'a>(
        &'a self,
        request: TokenRequest<'a>,
    ) -> <Self::Mode as Mode>::Output<'a, Result<AccessToken, Box<dyn StdError + Send + Sync>>>;
}

/// A request for a token to a [`TokenSource`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct TokenRequest<'a> {
    /// The OAuth 2.0 scope of the token: that of the client's cloud, such as
    /// `https://api.partnercenter.microsoft.com/.default`.
    pub scope: &'a str,
    /// Whether the service has just rejected the last token, so that another one is needed.
    pub rejected: bool,
}
