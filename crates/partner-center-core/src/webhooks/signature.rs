//! The signature of an event, as the headers of its request have it.

use super::{WebhookError, WebhookErrorKind};
use crate::base_url::BaseUrl;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, header::AUTHORIZATION};
use std::fmt;

/// The header with the signature, if the registration says so; otherwise it is in `Authorization`.
const SIGNATURE_HEADER: HeaderName = HeaderName::from_static("x-ms-signature");
const ALGORITHM_HEADER: HeaderName = HeaderName::from_static("x-ms-signature-algorithm");
const CERTIFICATE_URL_HEADER: HeaderName = HeaderName::from_static("x-ms-certificate-url");

/// The scheme of the signature, which `x-ms-signature` may lack.
const SIGNATURE_SCHEME: &str = "Signature";

/// The maximum length of a signature in base64: that of a key of 8,192 bits.
const MAX_SIGNATURE_LENGTH: usize = 1368;

/// The signature of an event, and the place of its certificate; see [`EventVerifier::signature`](super::EventVerifier::signature).
#[derive(Clone, PartialEq, Eq)]
pub struct EventSignature {
    pub(super) bytes: Vec<u8>,
    certificate_url: String,
}

impl EventSignature {
    /// Returns the URL of the certificate, which is in the folder of the service: it is safe to fetch, without following redirects.
    #[must_use]
    pub fn certificate_url(&self) -> &str {
        &self.certificate_url
    }

    pub(super) fn from_headers(headers: &HeaderMap, location: &BaseUrl) -> Result<Self, WebhookError> {
        let signature = base64_signature(headers)?;
        let algorithm = required_header_value(headers, &ALGORITHM_HEADER)?;
        // The service's own sample would take SHA-1, too.
        if !algorithm.eq_ignore_ascii_case("rsa-sha256") {
            return Err(WebhookError::new(
                WebhookErrorKind::Algorithm,
                "the signature is not RSA with SHA-256 (`rsa-sha256`)",
            ));
        }
        let invalid =
            || WebhookError::new(WebhookErrorKind::Header, "the signature is not base64 of a few hundred bytes");
        let signature =
            Some(signature).filter(|signature| signature.len() <= MAX_SIGNATURE_LENGTH).ok_or_else(invalid)?;
        let bytes = STANDARD.decode(signature).map_err(|_| invalid())?;
        let url = required_header_value(headers, &CERTIFICATE_URL_HEADER)?;
        let elsewhere = || {
            let problem = format!("the certificate is not a `.cer` in {location}, from where alone it is fetched");
            WebhookError::new(WebhookErrorKind::CertificateUrl, problem)
        };
        let name = location.strip_base_url(url).and_then(|path| path.strip_prefix('/')).ok_or_else(elsewhere)?;
        let is_file = name.len() <= 256
            && name.to_ascii_lowercase().ends_with(".cer")
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
            && !name.starts_with('.');
        if !is_file {
            return Err(elsewhere());
        }
        Ok(Self { bytes, certificate_url: format!("{location}/{name}") })
    }
}

impl fmt::Debug for EventSignature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("EventSignature").field("certificate_url", &self.certificate_url).finish_non_exhaustive()
    }
}

/// Returns the signature in base64. An `Authorization` of another scheme is that of a gateway, and no signature.
fn base64_signature(headers: &HeaderMap) -> Result<&str, WebhookError> {
    let authorization = single_header_value(headers, &AUTHORIZATION)?.and_then(strip_signature_scheme);
    let own =
        single_header_value(headers, &SIGNATURE_HEADER)?.map(|value| strip_signature_scheme(value).unwrap_or(value));
    match (authorization, own) {
        (Some(one), Some(other)) if one != other => {
            Err(WebhookError::new(WebhookErrorKind::Header, "the request has two signatures"))
        }
        (Some(signature), _) | (None, Some(signature)) if !signature.is_empty() => Ok(signature),
        _ => Err(WebhookError::new(WebhookErrorKind::Unsigned, "the request has no signature")),
    }
}

/// Returns what follows the scheme, if that is the one of a signature.
fn strip_signature_scheme(value: &str) -> Option<&str> {
    let (scheme, rest) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case(SIGNATURE_SCHEME).then(|| rest.trim())
}

fn required_header_value<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<&'a str, WebhookError> {
    let value = single_header_value(headers, name)?.filter(|value| !value.is_empty());
    value.ok_or_else(|| WebhookError::new(WebhookErrorKind::Header, format!("the header {name} is missing")))
}

/// Returns the value of a header that comes once at most: of two values, another program may check the other one.
fn single_header_value<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, WebhookError> {
    let invalid = |problem| WebhookError::new(WebhookErrorKind::Header, format!("the header {name} {problem}"));
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(invalid("comes twice"));
    }
    value.to_str().map(|value| Some(value.trim())).map_err(|_| invalid("is not ASCII"))
}
