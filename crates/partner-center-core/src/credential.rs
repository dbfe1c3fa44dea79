use http::HeaderValue;
use std::fmt;

/// What proves to the service who is asking.
#[derive(Clone)]
pub struct Credential {
    /// `Bearer ` and the token, checked and marked sensitive when a client is built.
    token: String,
}

impl Credential {
    /// A bearer token that is valid already: an Entra access token for the audience
    /// `https://api.partnercenter.microsoft.com`. It lives for about an hour and is not renewed.
    pub fn token(token: impl Into<String>) -> Self {
        Self { token: token.into() }
    }

    /// The value of the `Authorization` header, unless the token cannot stand in one.
    pub(crate) fn authorization(&self) -> Option<HeaderValue> {
        let token = self.token.trim();
        let visible = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
        let mut value = HeaderValue::try_from(format!("Bearer {token}")).ok().filter(|_| visible)?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Credential(..)")
    }
}
