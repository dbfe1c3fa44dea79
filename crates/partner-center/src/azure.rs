use azure_core::{credentials::TokenCredential, time::OffsetDateTime};
use partner_center_core::{AccessToken, Async, Mode, TokenRequest, TokenSource};
use std::{error::Error, sync::Arc, time::Duration};

/// Any credential of `azure_identity`, or of others that implement `azure_core`'s `TokenCredential`, as a source of tokens:
/// managed and workload identities, client certificates, developers' tools.
///
/// Those of `azure_identity` keep their tokens until shortly before their end, and cannot be told to give another one: if the
/// service refuses a token (401), so it will until then.
///
/// ```
/// use azure_core::credentials::TokenCredential;
/// use partner_center::{AsyncClient, AzureCredential, Credential, Error};
/// use std::sync::Arc;
///
/// // azure_identity::ManagedIdentityCredential::new(None)?, for one.
/// fn client(credential: Arc<dyn TokenCredential>) -> Result<AsyncClient, Error> {
///     AsyncClient::new(Credential::source(AzureCredential::new(credential)))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct AzureCredential(Arc<dyn TokenCredential>);

impl AzureCredential {
    /// Tokens from `credential`, asked for with the scope of the client's cloud.
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
