use azure_core::{credentials::TokenCredential, time::OffsetDateTime};
use partner_center_core::{AccessToken, Async, Mode, TokenRequest, TokenSource};
use std::{error::Error, sync::Arc, time::Duration};

/// A source of tokens over a credential of `azure_identity`, or any other type that implements the trait `TokenCredential` of
/// `azure_core`: managed identity, workload identity, client certificate, developer tools.
///
/// The credentials of `azure_identity` cache a token until shortly before it expires, and have no way to discard it: if the
/// service rejects a token (401), calls fail until that token is replaced.
///
/// ```
/// use azure_core::credentials::TokenCredential;
/// use partner_center::{AsyncClient, Credential, Error, auth::AzureCredential};
/// use std::sync::Arc;
///
/// // For example, azure_identity::ManagedIdentityCredential::new(None)?
/// fn client(credential: Arc<dyn TokenCredential>) -> Result<AsyncClient, Error> {
///     AsyncClient::new(Credential::source(AzureCredential::new(credential)))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct AzureCredential(Arc<dyn TokenCredential>);

impl AzureCredential {
    /// Creates a source that requests tokens from `credential`, with the scope of the client's cloud.
    pub fn new(credential: Arc<dyn TokenCredential>) -> Self {
        Self(credential)
    }
}

impl TokenSource for AzureCredential {
    type Mode = Async;

    fn token<'a>(
        &'a self,
        request: TokenRequest<'a>,
    ) -> <Async as Mode>::Output<'a, Result<AccessToken, Box<dyn Error + Send + Sync>>> {
        Box::pin(async move {
            let token = self.0.get_token(&[request.scope], None).await?;
            let lifetime = Duration::try_from(token.expires_on - OffsetDateTime::now_utc()).unwrap_or_default();
            Ok(AccessToken::new(token.token.secret()).expires_in(lifetime))
        })
    }
}
