use std::fmt;

/// The error of a request that is not taken for an event of the service.
///
/// It shows nothing of the signature and of the body but the date of the event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookError {
    kind: WebhookErrorKind,
    problem: String,
}

/// What is wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WebhookErrorKind {
    /// It has no signature.
    Unsigned,
    /// A header is missing, comes twice or is invalid.
    Header,
    /// The signature has another algorithm than RSA with SHA-256.
    Algorithm,
    /// The certificate is elsewhere than in the folder of the service.
    CertificateUrl,
    /// The certificate is not that of the service.
    Certificate,
    /// The body is another than what was signed.
    Signature,
    /// The body or the certificate exceeds its maximum size.
    TooLarge,
    /// What is signed is not an event.
    Body,
    /// The event is too old.
    Age,
}

impl WebhookError {
    pub(super) fn new(kind: WebhookErrorKind, problem: impl Into<String>) -> Self {
        Self { kind, problem: problem.into() }
    }

    /// Returns the kind.
    #[must_use]
    pub fn kind(&self) -> WebhookErrorKind {
        self.kind
    }

    /// Returns the HTTP status to respond with.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self.kind {
            WebhookErrorKind::Unsigned | WebhookErrorKind::Certificate | WebhookErrorKind::Signature => 401,
            WebhookErrorKind::TooLarge => 413,
            WebhookErrorKind::Header
            | WebhookErrorKind::Algorithm
            | WebhookErrorKind::CertificateUrl
            | WebhookErrorKind::Body
            | WebhookErrorKind::Age => 400,
        }
    }
}

impl fmt::Display for WebhookError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.problem)
    }
}

impl std::error::Error for WebhookError {}
