//! The certificate of the service: who has issued it, for whom, and whether it has signed a body.

use super::{MAX_CERTIFICATE_SIZE, WebhookError, WebhookErrorKind};
use rustls_pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime, pem::PemObject as _};
use std::time::Duration;
use webpki::{
    ALL_VERIFICATION_ALGS, CertRevocationList, EndEntityCert, ExpirationPolicy, ExtendedKeyUsageValidator,
    KeyPurposeIdIter, OwnedCertRevocationList, RevocationCheckDepth, RevocationOptionsBuilder,
    anchor_from_trusted_cert, ring,
};

/// What a certificate must have to be taken for that of the service.
#[derive(Clone, Debug)]
pub(super) struct CertificateVerifier {
    authorities: Vec<TrustAnchor<'static>>,
    intermediates: Vec<CertificateDer<'static>>,
    revocation_lists: Vec<OwnedCertRevocationList>,
    /// The name that it is for.
    pub(super) signer: String,
    /// The organization that it is for.
    pub(super) organization: String,
}

impl CertificateVerifier {
    pub(super) fn new<C: AsRef<[u8]>>(
        authorities: impl IntoIterator<Item = C>,
        signer: &str,
        organization: &str,
    ) -> Result<Self, WebhookError> {
        let anchor = |certificate: C| {
            let certificate = read_certificate(certificate.as_ref())?;
            let anchor = anchor_from_trusted_cert(&certificate);
            anchor
                .map(|anchor| anchor.to_owned())
                .map_err(|error| invalid_certificate_error(format!("an authority is invalid: {error}")))
        };
        Ok(Self {
            authorities: authorities.into_iter().map(anchor).collect::<Result<_, _>>()?,
            intermediates: Vec::new(),
            revocation_lists: Vec::new(),
            signer: signer.to_owned(),
            organization: organization.to_owned(),
        })
    }

    pub(super) fn add_intermediate_certificate(&mut self, certificate: &[u8]) -> Result<(), WebhookError> {
        let certificate = read_certificate(certificate)?;
        EndEntityCert::try_from(&certificate)
            .map_err(|error| invalid_certificate_error(format!("an authority is invalid: {error}")))?;
        self.intermediates.push(certificate);
        Ok(())
    }

    pub(super) fn add_revocation_list(&mut self, list: &[u8]) -> Result<(), WebhookError> {
        let list = OwnedCertRevocationList::from_der(list);
        self.revocation_lists
            .push(list.map_err(|error| invalid_certificate_error(format!("the revocation list is invalid: {error}")))?);
        Ok(())
    }

    /// Checks that a certificate is that of the service at `now`, the time since 1970, and that it has signed `body`.
    pub(super) fn verify_signature(
        &self,
        certificate: &[u8],
        body: &[u8],
        signature: &[u8],
        now: Duration,
    ) -> Result<(), WebhookError> {
        let certificate = read_certificate(certificate)?;
        let certificate = EndEntityCert::try_from(&certificate)
            .map_err(|error| invalid_certificate_error(format!("the certificate is invalid: {error}")))?;
        let lists: Vec<_> = self.revocation_lists.iter().cloned().map(CertRevocationList::from).collect();
        let lists: Vec<_> = lists.iter().collect();
        let revocation = RevocationOptionsBuilder::new(&lists).ok();
        // Nobody but the authority of the service itself says which of its certificates are revoked.
        let revocation = revocation.map(|options| options.with_depth(RevocationCheckDepth::EndEntity));
        // A list that has expired says nothing of what was revoked since; by default it is taken all the same.
        let revocation = revocation.map(|options| options.with_expiration_policy(ExpirationPolicy::Enforce).build());
        certificate
            .verify_for_usage(
                ALL_VERIFICATION_ALGS,
                &self.authorities,
                &self.intermediates,
                UnixTime::since_unix_epoch(now),
                AnyExtendedKeyUsage,
                revocation,
                None,
            )
            .map_err(|error| invalid_certificate_error(format!("the certificate is not trusted: {error}")))?;
        self.check_subject_names(&certificate)?;
        certificate
            .verify_signature(ring::RSA_PKCS1_2048_8192_SHA256, body, signature)
            .map_err(|_| WebhookError::new(WebhookErrorKind::Signature, "the signature is not that of the body"))
    }

    /// Checks for whom a certificate is: who has issued it says little, as Microsoft issues many.
    fn check_subject_names(&self, certificate: &EndEntityCert<'_>) -> Result<(), WebhookError> {
        let has = |oid, value: &str| subject_attribute_values(certificate.subject(), oid).contains(&value.as_bytes());
        let is_alternative_name = || {
            let name = ServerName::try_from(self.signer.as_str());
            name.is_ok_and(|name| certificate.verify_is_valid_for_subject_name(&name).is_ok())
        };
        if !has(ORGANIZATION_OID, &self.organization) {
            return Err(invalid_certificate_error(format!(
                "the certificate is not for the organization {}",
                self.organization
            )));
        }
        if !has(COMMON_NAME_OID, &self.signer) && !is_alternative_name() {
            return Err(invalid_certificate_error(format!("the certificate is not for {}", self.signer)));
        }
        Ok(())
    }
}

/// The service does not say what its certificate is for, beside its name.
struct AnyExtendedKeyUsage;

impl ExtendedKeyUsageValidator for AnyExtendedKeyUsage {
    fn validate(&self, _: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        Ok(())
    }
}

fn invalid_certificate_error(problem: impl Into<String>) -> WebhookError {
    WebhookError::new(WebhookErrorKind::Certificate, problem)
}

/// Reads a certificate in DER or PEM. A `.cer` may be either.
fn read_certificate(certificate: &[u8]) -> Result<CertificateDer<'static>, WebhookError> {
    if certificate.len() > MAX_CERTIFICATE_SIZE {
        return Err(WebhookError::new(WebhookErrorKind::TooLarge, "the certificate is too large"));
    }
    if certificate.trim_ascii_start().starts_with(b"-----BEGIN") {
        return CertificateDer::from_pem_slice(certificate)
            .map_err(|_| invalid_certificate_error("the certificate is not valid PEM"));
    }
    Ok(CertificateDer::from(certificate.to_vec()))
}

/// The identifiers of attributes of a name (X.520), in DER: 2.5.4.3 and 2.5.4.10.
const COMMON_NAME_OID: &[u8] = &[0x55, 0x04, 0x03];
const ORGANIZATION_OID: &[u8] = &[0x55, 0x04, 0x0A];

const DER_SEQUENCE_TAG: u8 = 0x30;
const DER_SET_TAG: u8 = 0x31;
const DER_OBJECT_IDENTIFIER_TAG: u8 = 0x06;
const DER_UTF8_STRING_TAG: u8 = 0x0C;
const DER_PRINTABLE_STRING_TAG: u8 = 0x13;

/// Returns the values of an attribute in a name: `SEQUENCE OF SET OF SEQUENCE { OBJECT IDENTIFIER, value }`, without the outer
/// `SEQUENCE`. What is malformed has none. (`webpki` leaves names to its callers.)
pub(super) fn subject_attribute_values<'a>(subject: &'a [u8], oid: &[u8]) -> Vec<&'a [u8]> {
    let sets = der_elements(subject).filter(|(tag, _)| *tag == DER_SET_TAG);
    let attributes = sets.flat_map(|(_, set)| der_elements(set)).filter(|(tag, _)| *tag == DER_SEQUENCE_TAG);
    let value = |attribute: &'a [u8]| {
        let mut parts = der_elements(attribute);
        let is_wanted = parts.next()? == (DER_OBJECT_IDENTIFIER_TAG, oid);
        let (tag, value) = parts.next()?;
        (is_wanted && matches!(tag, DER_UTF8_STRING_TAG | DER_PRINTABLE_STRING_TAG)).then_some(value)
    };
    attributes.filter_map(|(_, attribute)| value(attribute)).collect()
}

/// Returns the tags and the contents of elements that follow each other, as far as they are well-formed.
fn der_elements(mut rest: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (&tag, after_tag) = rest.split_first()?;
        let (&first, after_first) = after_tag.split_first()?;
        let (length, content) = match first {
            0..=0x7F => (usize::from(first), after_first),
            0x81 => {
                let (&length, content) = after_first.split_first()?;
                (usize::from(length), content)
            }
            0x82 => {
                let (length, content) = after_first.split_first_chunk::<2>()?;
                (usize::from(u16::from_be_bytes(*length)), content)
            }
            _ => return None,
        };
        let (content, after) = content.split_at_checked(length)?;
        rest = after;
        Some((tag, content))
    })
}
