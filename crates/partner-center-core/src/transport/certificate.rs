//! Why the certificate of a server is not accepted, and what to do about it.

use std::{error::Error, fmt, io};

/// The problem with the certificate of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CertificateProblem {
    /// This machine does not trust its issuer: it is self-signed, or issued by a proxy that inspects traffic, for example.
    UnknownIssuer,
    /// It has expired, by the clock of this machine.
    Expired,
    /// It is not valid yet, by the clock of this machine.
    NotYetValid,
    /// It is for other host names.
    OtherHost,
    /// It could not be verified, as this machine has no trusted root certificates.
    NoTrustedIssuers,
    /// Any other problem; the source of the error describes it.
    Invalid,
}

impl CertificateProblem {
    /// Returns the problem if `error` or one of its sources is an error of rustls about a certificate; errors of
    /// [`std::io`] and others may wrap it. Always `None` without the feature `rustls`.
    #[must_use]
    pub fn find(error: &(dyn Error + 'static)) -> Option<Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            #[cfg(feature = "rustls")]
            match error.downcast_ref() {
                Some(rustls::Error::InvalidCertificate(error)) => return Some(Self::from_rustls_error(error)),
                // rustls-platform-verifier has no error variant for this.
                Some(rustls::Error::General(text)) if text.starts_with("No CA certificates were loaded") => {
                    return Some(Self::NoTrustedIssuers);
                }
                _ => {}
            }
            // `io::Error::source` returns the source of the wrapped error, not the wrapped error itself.
            next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
                Some(wrapped) => Some(wrapped),
                None => error.source(),
            };
        }
        None
    }

    #[cfg(feature = "rustls")]
    fn from_rustls_error(error: &rustls::CertificateError) -> Self {
        use rustls::CertificateError;
        match error {
            CertificateError::UnknownIssuer => Self::UnknownIssuer,
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Self::NotYetValid,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Self::OtherHost,
            _ => Self::Invalid,
        }
    }

    /// Returns what to do about it, in one sentence.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::UnknownIssuer => {
                "have this machine trust the issuer (of a proxy that inspects traffic, the proxy's own): add the issuer's \
                 certificate to those that the operating system trusts, or, on Linux and other Unix systems but macOS, name \
                 a PEM file with SSL_CERT_FILE, which counts in place of the system's certificates"
            }
            Self::Expired => {
                "check the clock of this machine; if it is right, the server's certificate is to be renewed by whoever runs \
                 the server, or the proxy that inspects traffic"
            }
            Self::NotYetValid => {
                "check the clock of this machine: the server's certificate is not valid before a later time"
            }
            Self::OtherHost => {
                "check the host name in the address: the server there, or a proxy in between, has a certificate for the \
                 names above only"
            }
            Self::NoTrustedIssuers => {
                "install the certificates of the issuers that the operating system trusts (in many Linux distributions the \
                 package ca-certificates), or correct SSL_CERT_FILE or SSL_CERT_DIR if one of them is set"
            }
            Self::Invalid => {
                "have whoever runs the server, or the proxy that inspects traffic, replace the certificate; the cause above \
                 says what is wrong with it"
            }
        }
    }
}

impl fmt::Display for CertificateProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::UnknownIssuer => "nobody whom this machine trusts has issued the server's certificate",
            Self::Expired => "the server's certificate has expired",
            Self::NotYetValid => "the server's certificate is not valid yet",
            Self::OtherHost => "the server's certificate is for another host",
            Self::NoTrustedIssuers => "this machine trusts no issuer of certificates",
            Self::Invalid => "the server's certificate is invalid",
        })
    }
}

#[cfg(all(test, feature = "rustls"))]
mod tests {
    use super::CertificateProblem as Problem;
    use rustls::{CertificateError, Error};
    use std::io;

    #[test]
    fn problem_is_found_in_wrapped_errors() {
        let unknown = || Error::InvalidCertificate(CertificateError::UnknownIssuer);
        assert_eq!(Problem::find(&unknown()), Some(Problem::UnknownIssuer));
        let wrapped = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, unknown()));
        assert_eq!(Problem::find(&wrapped), Some(Problem::UnknownIssuer));
        for error in
            [io::Error::other("certificate"), io::Error::other(Error::DecryptError), io::Error::from_raw_os_error(1)]
        {
            assert_eq!(Problem::find(&error), None);
        }
        let expired = Error::InvalidCertificate(CertificateError::Expired);
        let untrusting = Error::General("No CA certificates were loaded from the system".to_owned());
        assert_eq!(Problem::find(&untrusting), Some(Problem::NoTrustedIssuers));
        let revoked = Error::InvalidCertificate(CertificateError::Revoked);
        assert_eq!(
            [Problem::find(&expired), Problem::find(&revoked)],
            [Some(Problem::Expired), Some(Problem::Invalid)]
        );
    }
}
