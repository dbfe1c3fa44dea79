use super::{TokenRefusal, form::Form};
use crate::parameters::form_decoded;
use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderMap, header::AUTHORIZATION};

/// The application that requests a token, as it says itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ClientCredentials {
    pub(super) id: String,
    pub(super) secret: Option<String>,
}

impl ClientCredentials {
    /// Reads them from the form or from `Authorization: Basic` (RFC 6749, section 2.3.1).
    pub(super) fn read(headers: &HeaderMap, form: &Form) -> Result<Self, TokenRefusal> {
        let of_form = |name| form.get(name).map(str::to_owned);
        let (id, secret) = (of_form("client_id"), of_form("client_secret"));
        let Some(basic) = basic(headers) else {
            return Ok(Self { id: id.unwrap_or_default(), secret });
        };
        let basic = Self::of_basic(basic).ok_or(TokenRefusal::InvalidClient)?;
        // The standard allows one way of authentication at a time; the identifier alone is none.
        if secret.is_some() || id.is_some_and(|id| id != basic.id) {
            return Err(TokenRefusal::InvalidRequest);
        }
        Ok(basic)
    }

    fn of_basic(credentials: &str) -> Option<Self> {
        let credentials = String::from_utf8(BASE64_STANDARD.decode(credentials).ok()?).ok()?;
        let (id, secret) = credentials.split_once(':')?;
        Some(Self { id: form_decoded(id), secret: Some(form_decoded(secret)) })
    }
}

/// Returns what follows `Basic` in `Authorization`.
pub(super) fn basic(headers: &HeaderMap) -> Option<&str> {
    let (scheme, credentials) = headers.get(AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("basic").then(|| credentials.trim())
}

#[cfg(test)]
mod tests {
    use super::{ClientCredentials, Form, TokenRefusal};
    use base64::{Engine, prelude::BASE64_STANDARD};
    use http::{HeaderMap, header::AUTHORIZATION};

    fn read(basic: Option<&str>, form: &str) -> Result<ClientCredentials, TokenRefusal> {
        let value = basic.map(|text| format!("Basic {}", BASE64_STANDARD.encode(text)).parse().unwrap());
        let headers: HeaderMap = value.map(|value| (AUTHORIZATION, value)).into_iter().collect();
        ClientCredentials::read(&headers, &Form::parse(form.as_bytes()))
    }

    fn credentials(id: &str, secret: Option<&str>) -> ClientCredentials {
        ClientCredentials { id: id.to_owned(), secret: secret.map(str::to_owned) }
    }

    #[test]
    fn credentials_are_in_the_form_or_in_the_header() {
        assert_eq!(read(None, "client_id=a&client_secret=b%2B+c"), Ok(credentials("a", Some("b+ c"))));
        assert_eq!(read(None, "client_id=a"), Ok(credentials("a", None)));
        assert_eq!(read(Some("a:b%2B+c%3A"), "client_id=a"), Ok(credentials("a", Some("b+ c:"))));
        assert_eq!(read(Some("a:b:c"), ""), Ok(credentials("a", Some("b:c"))));
    }

    #[test]
    fn credentials_are_rejected_where_they_are_ambiguous_or_malformed() {
        assert_eq!(read(Some("a:b"), "client_secret=b"), Err(TokenRefusal::InvalidRequest));
        assert_eq!(read(Some("a:b"), "client_id=other"), Err(TokenRefusal::InvalidRequest));
        assert_eq!(read(Some("a"), ""), Err(TokenRefusal::InvalidClient));
        let headers = HeaderMap::from_iter([(AUTHORIZATION, "basic %%%".parse().unwrap())]);
        assert_eq!(ClientCredentials::read(&headers, &Form::parse(b"")), Err(TokenRefusal::InvalidClient));
    }
}
