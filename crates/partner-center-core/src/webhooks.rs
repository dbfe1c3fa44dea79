//! Events that the service sends to an address of the partner: what proves that one is from the service, and what it says.
//!
//! The signature is the only proof: there is no shared secret, and no address of the sender is documented. [`EventVerifier`] checks
//! it, with the certificate that the request names, and returns the [`WebhookEvent`]; nothing of the body is read before. It does no
//! I/O, so that it fits into any server: the caller receives the request, and gets the certificate.
//!
//! What a receiver does with a request:
//!
//! 1. Reads the body as it is, at most [`MAX_EVENT_SIZE`] bytes. JSON that was parsed and written again does not verify.
//! 2. Reads the signature from the headers: [`EventVerifier::signature`].
//! 3. Gets the certificate at [`EventSignature::certificate_url`], which is pinned to the storage of the service: without following
//!    redirects, at most [`MAX_CERTIFICATE_SIZE`] bytes, and with a timeout. It can be cached for hours; if an event does not verify,
//!    get it again once, as the service renews it.
//! 4. Checks all of it: [`EventVerifier::verify`].
//! 5. Responds with 200 to an event that it has seen already ([`SeenEvents`]), and otherwise after it has stored the event, and works
//!    afterwards: the service tries ten times and then gives up. Responds with [`WebhookError::status`] to what does not verify.
//!
//! ```
//! use partner_center_core::http::HeaderMap;
//! use partner_center_core::webhooks::{EventVerifier, SeenEvents, WebhookError, WebhookEvent};
//! use std::{io, time::SystemTime};
//!
//! /// Stores the event of a request if it is a new one, and returns the status of the response.
//! fn receive(
//!     verifier: &EventVerifier,
//!     seen: &mut SeenEvents,
//!     get_certificate: impl Fn(&str) -> Vec<u8>,
//!     store: impl Fn(&WebhookEvent) -> io::Result<()>,
//!     headers: &HeaderMap,
//!     body: &[u8],
//! ) -> Result<u16, WebhookError> {
//!     let signature = verifier.signature(headers)?;
//!     let certificate = get_certificate(signature.certificate_url());
//!     let event = verifier.verify(&signature, &certificate, body, SystemTime::now())?;
//!     if !seen.contains(&event) {
//!         if store(&event).is_err() {
//!             // The service sends it again, and it is still a new one.
//!             return Ok(503);
//!         }
//!         seen.insert(&event);
//!     }
//!     Ok(200)
//! }
//! # let error = receive(
//! #     &EventVerifier::new::<&[u8]>([])?,
//! #     &mut SeenEvents::new(1000),
//! #     |_| Vec::new(),
//! #     |_| Ok(()),
//! #     &HeaderMap::new(),
//! #     b"{}",
//! # ).unwrap_err();
//! # assert_eq!((error.status(), error.to_string().as_str()), (401, "the request has no signature"));
//! # Ok::<(), WebhookError>(())
//! ```
//!
//! An event says what has changed, not how: get the resource, or the audit record. Its addresses are texts of the service, of which
//! some point to a website and some to `http`: take the path and query of those below the base URL of the service, and send a
//! [`RawRequest`](crate::RawRequest) for them.

mod certificate;
mod seen_events;
mod signature;
#[cfg(test)]
mod tests;
mod webhook_error;

pub use partner_center_models::{WebhookEvent, WebhookEventName};
pub use seen_events::SeenEvents;
pub use signature::EventSignature;
pub use webhook_error::{WebhookError, WebhookErrorKind};

use crate::base_url::BaseUrl;
use certificate::CertificateVerifier;
use http::HeaderMap;
use partner_center_models::from_json;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The maximum size of the body of an event, in bytes. Those of the service have a few hundred.
pub const MAX_EVENT_SIZE: usize = 1 << 20;
/// The maximum size of a certificate, in bytes.
pub const MAX_CERTIFICATE_SIZE: usize = 64 << 10;

/// The folder of the service's certificates.
const CERTIFICATE_LOCATION: &str = "https://3psostorageacct.blob.core.windows.net/cert";
/// The name that the certificate of the service is for.
const SIGNER: &str = "pcnotifications-dispatch.microsoft.com";
/// The organization that the certificate of the service is for.
const ORGANIZATION: &str = "Microsoft Corporation";
/// The default of [`EventVerifier::max_age`]. An event may come 48 hours after the change, and is sent ten times.
const MAX_AGE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What an event must have to be taken for one of the service.
///
/// See the [module](self) for how it is used.
#[derive(Clone, Debug)]
pub struct EventVerifier {
    certificates: CertificateVerifier,
    certificate_location: BaseUrl,
    max_age: Duration,
}

impl EventVerifier {
    /// Creates a verifier that trusts certificates issued by one of `authorities`: certificates in DER or PEM, of the root that
    /// the certificate of the service leads to, or of the authority that has issued it.
    ///
    /// The certificates between a root and that of the service are handed in with [`intermediate`](Self::intermediate).
    ///
    /// # Errors
    ///
    /// - [`WebhookErrorKind::Certificate`]: one of them is not a certificate.
    pub fn new<C: AsRef<[u8]>>(authorities: impl IntoIterator<Item = C>) -> Result<Self, WebhookError> {
        let invalid = |problem: &str| WebhookError::new(WebhookErrorKind::CertificateUrl, problem);
        Ok(Self {
            certificates: CertificateVerifier::new(authorities, SIGNER, ORGANIZATION)?,
            certificate_location: BaseUrl::parse(CERTIFICATE_LOCATION).map_err(invalid)?,
            max_age: MAX_AGE,
        })
    }

    /// Adds the certificate of an authority between a trusted one and the service, in DER or PEM.
    ///
    /// # Errors
    ///
    /// - [`WebhookErrorKind::Certificate`]: it is not a certificate.
    pub fn intermediate(mut self, certificate: &[u8]) -> Result<Self, WebhookError> {
        self.certificates.add_intermediate_certificate(certificate)?;
        Ok(self)
    }

    /// Adds the list of certificates that an authority has revoked (CRL), in DER. With one or more of them, a certificate whose
    /// authority has no list, or one that has expired, is rejected. Default: none, so that revocation is not checked.
    ///
    /// # Errors
    ///
    /// - [`WebhookErrorKind::Certificate`]: it is not such a list.
    pub fn revocation_list(mut self, list: &[u8]) -> Result<Self, WebhookError> {
        self.certificates.add_revocation_list(list)?;
        Ok(self)
    }

    /// Sets the folder of the certificates: an https URL. A certificate at any other place is rejected. Default: that of the
    /// service, `https://3psostorageacct.blob.core.windows.net/cert`.
    ///
    /// # Errors
    ///
    /// - [`WebhookErrorKind::CertificateUrl`]: it is not such a URL.
    pub fn certificate_location(mut self, url: &str) -> Result<Self, WebhookError> {
        let invalid =
            |problem: &str| WebhookError::new(WebhookErrorKind::CertificateUrl, format!("the location {problem}"));
        self.certificate_location = BaseUrl::parse(url).map_err(invalid)?;
        Ok(self)
    }

    /// Sets the name that the certificate must be for. Default: `pcnotifications-dispatch.microsoft.com`.
    #[must_use]
    pub fn signer(mut self, name: impl Into<String>) -> Self {
        self.certificates.signer = name.into();
        self
    }

    /// Sets the organization that the certificate must be for. Default: `Microsoft Corporation`.
    #[must_use]
    pub fn organization(mut self, name: impl Into<String>) -> Self {
        self.certificates.organization = name.into();
        self
    }

    /// Sets the maximum time since the change that an event is about, so that an old request cannot be replayed for ever. (Nothing
    /// that is signed tells two deliveries of an event apart: [`SeenEvents`] does.) Default: 7 days.
    #[must_use]
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = max_age;
        self
    }

    /// Reads the signature and the place of the certificate from the headers of a request.
    ///
    /// # Errors
    ///
    /// - [`WebhookErrorKind::Unsigned`]: there is no signature.
    /// - [`WebhookErrorKind::Header`]: a header is missing, comes twice or is invalid.
    /// - [`WebhookErrorKind::Algorithm`]: the signature is another than RSA with SHA-256.
    /// - [`WebhookErrorKind::CertificateUrl`]: the certificate is elsewhere than in the folder of the service.
    pub fn signature(&self, headers: &HeaderMap) -> Result<EventSignature, WebhookError> {
        EventSignature::from_headers(headers, &self.certificate_location)
    }

    /// Checks that the service has signed a body, and returns the event. `certificate` is what is at
    /// [`EventSignature::certificate_url`], in DER or PEM.
    ///
    /// # Errors
    ///
    /// - [`WebhookErrorKind::TooLarge`]: the body or the certificate exceeds its maximum size.
    /// - [`WebhookErrorKind::Certificate`]: the certificate is not that of the service: issued by another authority, expired, or for
    ///   another name.
    /// - [`WebhookErrorKind::Signature`]: the body is another than what was signed.
    /// - [`WebhookErrorKind::Body`]: the service has signed something that is not an event.
    /// - [`WebhookErrorKind::Age`]: the event is older than [`max_age`](Self::max_age), or has no date.
    pub fn verify(
        &self,
        signature: &EventSignature,
        certificate: &[u8],
        body: &[u8],
        now: SystemTime,
    ) -> Result<WebhookEvent, WebhookError> {
        if body.len() > MAX_EVENT_SIZE {
            return Err(WebhookError::new(WebhookErrorKind::TooLarge, "the body is too large"));
        }
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        self.certificates.verify_signature(certificate, body, &signature.bytes, now)?;
        let event = parse_event(body).map_err(|problem| WebhookError::new(WebhookErrorKind::Body, problem))?;
        self.check_age(&event, now)?;
        Ok(event)
    }

    fn check_age(&self, event: &WebhookEvent, now: Duration) -> Result<(), WebhookError> {
        let date = event
            .resource_change_utc_date
            .as_ref()
            .ok_or("the event has no date")
            .map_err(|problem| WebhookError::new(WebhookErrorKind::Age, problem))?;
        let changed = Duration::from_secs(u64::try_from(date.unix_seconds()).unwrap_or_default());
        if now.saturating_sub(changed) > self.max_age {
            return Err(WebhookError::new(WebhookErrorKind::Age, format!("the event is too old: it is of {date}")));
        }
        Ok(())
    }
}

fn parse_event(body: &[u8]) -> Result<WebhookEvent, String> {
    // The service sends none today, as it does in responses.
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let json = str::from_utf8(body).map_err(|_| "the body is not UTF-8".to_owned())?;
    let event = from_json(json).map_err(|error| format!("the body is not an event, at column {}", error.column()))?;
    Ok(event.value)
}
