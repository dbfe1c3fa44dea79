//! TLS with a certificate that is generated at the start of a server, so that no key is stored anywhere.

use crate::pem::encode_certificate_pem;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use std::{
    io,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

/// A server certificate for loopback, and the certificate authority that issued it.
pub(super) struct ServerIdentity {
    pub(super) acceptor: TlsAcceptor,
    /// The certificate of the certificate authority in PEM. Its key is dropped once the server certificate is signed.
    pub(super) authority: String,
}

impl ServerIdentity {
    pub(super) fn generate_identity() -> io::Result<Self> {
        let (authority, issuer) = generate_certificate_authority().map_err(io::Error::other)?;
        let (certificate, key) = issue_server_certificate(&issuer).map_err(io::Error::other)?;
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().map_err(io::Error::other)?.with_no_client_auth();
        let mut config = config.with_single_cert(vec![certificate], key).map_err(io::Error::other)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), authority: encode_certificate_pem(&authority) })
    }
}

/// Generates a certificate authority.
fn generate_certificate_authority() -> Result<(CertificateDer<'static>, Issuer<'static, KeyPair>), rcgen::Error> {
    // Not the name of the server certificate, which OpenSSL would then consider self-signed.
    let mut parameters = certificate_parameters([], "Partner Center emulator CA")?;
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    // Required by Python 3.13 and newer.
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate()?;
    let certificate = parameters.self_signed(&key)?;
    Ok((certificate.der().clone(), Issuer::new(parameters, key)))
}

fn issue_server_certificate(
    issuer: &Issuer<'_, KeyPair>,
) -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), rcgen::Error> {
    let mut parameters =
        certificate_parameters(["localhost", "127.0.0.1", "::1"].map(str::to_owned), "Partner Center emulator")?;
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // Required by Python 3.13 and newer.
    parameters.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let certificate = parameters.signed_by(&key, issuer)?;
    Ok((certificate.der().clone(), PrivatePkcs8KeyDer::from(key.serialize_der()).into()))
}

/// Returns the parameters of both certificates: a name and a validity of one year. Apple's systems reject more than 825 days.
fn certificate_parameters<const N: usize>(hosts: [String; N], name: &str) -> Result<CertificateParams, rcgen::Error> {
    let mut parameters = CertificateParams::new(hosts)?;
    parameters.distinguished_name = DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, name);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let date = |since_1970: Duration| date_time_ymd(1970, 1, 1).checked_add(since_1970.try_into().ok()?);
    if let (Some(not_before), Some(not_after)) =
        (date(now.saturating_sub(ONE_DAY)), date(now.saturating_add(365 * ONE_DAY)))
    {
        (parameters.not_before, parameters.not_after) = (not_before, not_after);
    }
    Ok(parameters)
}

const ONE_DAY: Duration = Duration::from_secs(24 * 60 * 60);
