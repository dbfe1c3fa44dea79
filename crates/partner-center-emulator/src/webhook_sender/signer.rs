use super::{Event, WebhookFault};
use crate::timestamp::ONE_DAY;
use base64::{Engine, prelude::BASE64_STANDARD};
use http::{
    HeaderName, HeaderValue,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_RSA_SHA256, SigningKey, date_time_ymd,
};
use std::time::{SystemTime, UNIX_EPOCH};

/// The paths of the certificate of the signer, as the service names it, and of the authority that has issued it.
pub(super) const CERTIFICATE_PATHS: [&str; 2] =
    ["/cert/pcnotifications-dispatch.microsoft.com.cer", "/cert/certificate-authority.pem"];

/// An RSA key in PKCS #8. It proves nothing, as everybody has it; the authority, which is new at each start, does. It is here because
/// to generate one takes long, and `ring` does not do it.
const SIGNING_KEY: &[u8] = include_bytes!("signing_key.pk8");

pub(super) struct EventSigner {
    key: KeyPair,
    /// The certificate in DER.
    pub(super) certificate: Vec<u8>,
    /// The certificate of the authority in PEM.
    pub(super) authority_pem: String,
}

impl EventSigner {
    pub(super) fn generate() -> Result<Self, rcgen::Error> {
        let mut parameters = certificate_parameters("Partner Center emulator webhook CA");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let authority = CertifiedIssuer::self_signed(parameters, KeyPair::generate()?)?;
        let key = KeyPair::from_pkcs8_der_and_sign_algo(&SIGNING_KEY.into(), &PKCS_RSA_SHA256)?;
        let mut parameters = certificate_parameters("pcnotifications-dispatch.microsoft.com");
        parameters.distinguished_name.push(DnType::OrganizationName, "Microsoft Corporation");
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.use_authority_key_identifier_extension = true;
        let certificate = parameters.signed_by(&key, &authority)?.der().to_vec();
        Ok(Self { key, certificate, authority_pem: crate::pem::encode_certificate_pem(authority.der()) })
    }

    /// Returns the request that tells the receiver of `event`.
    pub(super) fn signed_request(
        &self,
        event: &Event,
        faults: &[WebhookFault],
    ) -> Result<http::Request<Vec<u8>>, String> {
        let has = |fault| faults.contains(&fault);
        let changed = if has(WebhookFault::OldDate) { event.changed - ONE_DAY * 10 } else { event.changed };
        let body = event.to_json(changed);
        let signed = if has(WebhookFault::WrongSignature) { format!("{body} ") } else { body.clone() };
        let signature = self.key.sign(signed.as_bytes()).map_err(|error| error.to_string())?;
        let signature = format!("Signature {}", BASE64_STANDARD.encode(signature));
        let body = if has(WebhookFault::ReformattedBody) { body.replace("\":", "\": ") } else { body };
        let [certificate_path, _] = CERTIFICATE_PATHS;
        let origin = if has(WebhookFault::ForeignCertificateUrl) { "https://elsewhere.example" } else { &event.origin };
        let algorithm = if has(WebhookFault::Sha1) { "rsa-sha1" } else { "rsa-sha256" };
        let signature_header = if event.signature_in_own_header { SIGNATURE_HEADER } else { AUTHORIZATION };
        let mut request = http::Request::post(&event.receiver)
            .header(CONTENT_TYPE, "application/json")
            .header(CERTIFICATE_URL_HEADER, format!("{origin}{certificate_path}"))
            .header(ALGORITHM_HEADER, algorithm)
            .body(body.into_bytes())
            .map_err(|error| error.to_string())?;
        if !has(WebhookFault::MissingSignature) {
            let signature = HeaderValue::try_from(signature).map_err(|error| error.to_string())?;
            request.headers_mut().insert(signature_header, signature);
        }
        Ok(request)
    }
}

const SIGNATURE_HEADER: HeaderName = HeaderName::from_static("x-ms-signature");
const ALGORITHM_HEADER: HeaderName = HeaderName::from_static("x-ms-signature-algorithm");
const CERTIFICATE_URL_HEADER: HeaderName = HeaderName::from_static("x-ms-certificate-url");

/// Returns the parameters of both certificates: a name, and a validity of ten years around now, as the emulator's clock may go far
/// ahead.
fn certificate_parameters(name: &str) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, name);
    let days = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() / ONE_DAY.as_secs();
    let year = 1970 + i32::try_from(days / 365).unwrap_or_default();
    (parameters.not_before, parameters.not_after) = (date_time_ymd(year - 1, 1, 1), date_time_ymd(year + 10, 1, 1));
    parameters
}
