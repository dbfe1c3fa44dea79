use crate::error::BoxError;
use partner_center_models::Secret;
use std::{fmt, sync::Arc};

/// An application as it is registered with Microsoft Entra ID: tenant, client ID, and what it authenticates with: a client secret,
/// a client assertion (of a certificate or of a federated identity), or nothing, if it is a native application.
///
/// For each grant see the [Partner Center
/// authentication](https://learn.microsoft.com/partner-center/developer/partner-center-authentication) page of the
/// service.
///
/// ```
/// use partner_center_core::AppRegistration;
///
/// let app = AppRegistration::new("contoso.onmicrosoft.com", "11111111-2222-3333-4444-555555555555").secret("...");
/// ```
#[derive(Clone)]
#[must_use]
pub struct AppRegistration {
    pub(super) tenant: String,
    pub(super) client_id: String,
    pub(super) secret: Option<Secret>,
    client_assertion: Option<Arc<ClientAssertionCallback>>,
}

type ClientAssertionCallback = dyn Fn(&str) -> Result<Secret, BoxError> + Send + Sync;

impl AppRegistration {
    /// Creates the registration with this client ID in the partner's `tenant`, which is the ID or a domain of that tenant.
    pub fn new(tenant: impl Into<String>, client_id: impl Into<String>) -> Self {
        Self { tenant: tenant.into(), client_id: client_id.into(), secret: None, client_assertion: None }
    }

    /// Sets the client secret: its value, not its ID. Web applications have one; native applications have none, and can
    /// only act for a user.
    pub fn secret(mut self, secret: impl Into<String>) -> Self {
        self.secret = Some(trimmed_secret(secret));
        self
    }

    /// Sets the function that makes a client assertion, in place of the client secret: a JWT that the application's certificate
    /// signs, or one that another identity provider has issued to it (workload identity federation). See [certificate
    /// credentials](https://learn.microsoft.com/entra/identity-platform/certificate-credentials).
    ///
    /// `assertion` is called for each request for tokens, with the URL of the token endpoint, which is the audience of an
    /// assertion that is signed by a certificate. It must not block for long. Its error fails the call, and its message may end
    /// up in a log.
    ///
    /// ```
    /// use partner_center_core::{AppRegistration, Secret};
    ///
    /// // On Kubernetes, the file is written again before the token in it expires.
    /// let file = std::env::var("AZURE_FEDERATED_TOKEN_FILE").unwrap_or_default();
    /// let app = AppRegistration::new("contoso.onmicrosoft.com", "11111111-2222-3333-4444-555555555555")
    ///     .assertion(move |_token_endpoint| Ok(Secret::new(std::fs::read_to_string(&file)?.trim())));
    /// ```
    pub fn assertion(
        mut self,
        assertion: impl Fn(&str) -> Result<Secret, Box<dyn std::error::Error + Send + Sync>> + Send + Sync + 'static,
    ) -> Self {
        self.client_assertion = Some(Arc::new(assertion));
        self
    }

    /// Makes the client assertion for a request to the `authority`, if the application has one.
    pub(super) fn make_client_assertion(&self, authority: impl fmt::Display) -> Result<Option<Secret>, BoxError> {
        let Some(assertion) = &self.client_assertion else { return Ok(None) };
        let authority = authority.to_string();
        assertion(&format!("{}/{}/oauth2/v2.0/token", authority.trim_end_matches('/'), self.tenant)).map(Some)
    }

    /// Checks that it can be used; the error is the problem. `is_app_only` is whether no user is involved.
    pub(super) fn ensure_usable(&self, is_app_only: bool) -> Result<(), &'static str> {
        let is_host_like = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
        let is_named = self.tenant.bytes().any(|byte| byte.is_ascii_alphanumeric()) && !self.tenant.contains("..");
        if !is_named || !self.tenant.bytes().all(is_host_like) {
            return Err("the tenant must be the ID or a domain of the partner's tenant");
        }
        if self.client_id.is_empty() || !self.client_id.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("the client ID must be that of an application, a GUID");
        }
        match &self.secret {
            Some(secret) if secret.expose().is_empty() => Err("the client secret is empty"),
            None if is_app_only && self.client_assertion.is_none() => {
                Err("an application that acts by itself needs a client secret or a client assertion")
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for AppRegistration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut app = formatter.debug_struct("AppRegistration");
        app.field("tenant", &self.tenant).field("client_id", &self.client_id).field("secret", &self.secret);
        if self.client_assertion.is_some() {
            app.field("client_assertion", &format_args!("(a function)"));
        }
        app.finish()
    }
}

/// Returns `secret` without surrounding white space: one that is pasted, or read from a file, often ends with a line break.
pub(super) fn trimmed_secret(secret: impl Into<String>) -> Secret {
    Secret::new(Secret::new(secret).expose().trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registration_is_validated() {
        let app = |tenant, client_id| AppRegistration::new(tenant, client_id);
        for (app, is_app_only, is_valid) in [
            (app("contoso.com", "c").secret("s"), true, true),
            (app("contoso.com", "c"), false, true),
            (app("contoso.com", "c"), true, false),
            (app("contoso.com", "c").assertion(|_| Ok(Secret::new("a"))), true, true),
            (app("contoso.com", "c").secret(" "), false, false),
            (app("", "c").secret("s"), true, false),
            (app(".", "c").secret("s"), true, false),
            (app("-", "c").secret("s"), true, false),
            (app("../x", "c").secret("s"), true, false),
            (app("a/b", "c").secret("s"), true, false),
            (app("..", "c").secret("s"), true, false),
            (app("contoso.com", "").secret("s"), true, false),
            (app("contoso.com", "c d").secret("s"), true, false),
        ] {
            assert_eq!(app.ensure_usable(is_app_only).is_ok(), is_valid, "{app:?}");
        }
    }
    #[test]
    fn client_assertion_is_made_for_the_token_endpoint() {
        let app = AppRegistration::new("contoso.com", "c");
        assert!(app.make_client_assertion("https://login.example").unwrap().is_none());
        let app = app.assertion(|endpoint| Ok(Secret::new(endpoint)));
        let assertion = app.make_client_assertion("https://login.example/").unwrap().unwrap();
        assert_eq!(assertion.expose(), "https://login.example/contoso.com/oauth2/v2.0/token");
        assert!(format!("{app:?}").ends_with("client_assertion: (a function) }"));
    }
}
