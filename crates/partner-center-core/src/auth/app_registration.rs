use partner_center_models::Secret;

/// An application as it is registered with Microsoft Entra ID: tenant, client ID, and a client secret if it has one.
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
#[derive(Clone, Debug)]
#[must_use]
pub struct AppRegistration {
    pub(super) tenant: String,
    pub(super) client_id: String,
    pub(super) secret: Option<Secret>,
}

impl AppRegistration {
    /// Creates the registration with this client ID in the partner's `tenant`, which is the ID or a domain of that tenant.
    pub fn new(tenant: impl Into<String>, client_id: impl Into<String>) -> Self {
        Self { tenant: tenant.into(), client_id: client_id.into(), secret: None }
    }

    /// Sets the client secret: its value, not its ID. Web applications have one; native applications have none, and can
    /// only act for a user.
    pub fn secret(mut self, secret: impl Into<String>) -> Self {
        self.secret = Some(trimmed_secret(secret));
        self
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
            None if is_app_only => Err("an application that acts by itself needs a client secret"),
            _ => Ok(()),
        }
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
}
