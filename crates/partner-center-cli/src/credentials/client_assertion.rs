//! Client assertions in place of a client secret: signed by a certificate of the application, or issued by another identity
//! provider (workload identity federation).

use crate::{
    error::{ErrorReport, UsageError},
    settings::{Setting, SettingSource},
    text,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use partner_center::Secret;
use ring::{
    digest,
    rand::SystemRandom,
    signature::{RSA_PSS_SHA256, RsaKeyPair},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use serde_json::json;
use std::{
    error::Error as StdError,
    path::{Path, PathBuf},
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};
use uuid::Uuid;

type BoxError = Box<dyn StdError + Send + Sync>;

/// Makes an assertion for a token endpoint.
pub(super) type ClientAssertion = Box<dyn Fn(&str) -> Result<Secret, BoxError> + Send + Sync>;

/// How long an assertion is valid; Entra's documentation advises five to ten minutes.
const ASSERTION_LIFETIME_SECONDS: u64 = 600;

/// Returns assertions that the certificate in a PEM file signs, which has the private key as well.
pub(super) fn certificate_assertion_maker(
    file: &Setting,
    client_id: &str,
) -> Result<(ClientAssertion, SettingSource), UsageError> {
    let signer = AssertionSigner::read_file(Path::new(file.value())).map_err(|error| {
        UsageError(ErrorReport::new(
            &format!("the certificate in {} cannot be used, which {} names", file.value(), file.source),
            &*error,
            "name a PEM file with the certificate and its RSA private key (PKCS #8, without a passphrase), as `openssl pkcs12 \
             -in certificate.pfx -noenc` prints it",
        ))
    })?;
    let client_id = client_id.to_owned();
    let assertion = move |token_endpoint: &str| signer.sign_assertion(&client_id, token_endpoint);
    Ok((Box::new(assertion), file.source.clone()))
}

/// Returns the assertions in a file, which another program replaces before they expire.
pub(super) fn federated_assertion_maker(file: &Setting) -> (ClientAssertion, SettingSource) {
    let path = PathBuf::from(file.value());
    let assertion = move |_: &str| -> Result<Secret, BoxError> {
        let token = text::read_small_text_file(&path).and_then(|text| Ok(text::trim_and_check_single_value(&text)?));
        token.map_err(|error| format!("the federated token cannot be read from {}: {error}", path.display()).into())
    };
    (Box::new(assertion), file.source.clone())
}

/// A certificate with its private key.
struct AssertionSigner {
    key: Arc<RsaKeyPair>,
    /// The SHA-256 of the certificate, in base64url.
    thumbprint: String,
}

impl AssertionSigner {
    fn read_file(path: &Path) -> Result<Self, BoxError> {
        let pem = text::read_small_text_file(path)?;
        let pem = pem.expose().as_bytes();
        let certificate = CertificateDer::from_pem_slice(pem).map_err(|_| "it has no certificate in PEM")?;
        let key = match PrivateKeyDer::from_pem_slice(pem).map_err(|_| "it has no private key in PEM")? {
            PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
            _ => return Err("its private key is not an RSA key".into()),
        };
        let key = Arc::new(key.map_err(|error| format!("its private key is not a usable RSA key: {error}"))?);
        let thumbprint = BASE64_URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, &certificate));
        Ok(Self { key, thumbprint })
    }

    fn sign_assertion(&self, client_id: &str, token_endpoint: &str) -> Result<Secret, BoxError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let header = json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": self.thumbprint });
        let claims = json!({
            "aud": token_endpoint,
            "exp": now + ASSERTION_LIFETIME_SECONDS,
            "iat": now,
            "iss": client_id,
            "jti": Uuid::new_v4().to_string(),
            "nbf": now,
            "sub": client_id,
        });
        let [header, claims] = [header, claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part.to_string()));
        let content = format!("{header}.{claims}");
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&RSA_PSS_SHA256, &SystemRandom::new(), content.as_bytes(), &mut signature)
            .map_err(|_| "the assertion cannot be signed with the private key of the certificate")?;
        Ok(Secret::new(format!("{content}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{KeyPair, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
    use serde_json::Value;

    #[test]
    fn assertion_is_signed_by_the_key_of_the_certificate() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/certificate.pem");
        let signer = AssertionSigner::read_file(&path).unwrap();
        let endpoint = "https://login.example/t/oauth2/v2.0/token";
        let assertion = signer.sign_assertion("the-client", endpoint).unwrap();
        let (content, signature) = assertion.expose().rsplit_once('.').unwrap();
        let key = UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, signer.key.public_key().as_ref());
        key.verify(content.as_bytes(), &BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
        let part = |index: usize| -> Value {
            let part = content.split('.').nth(index).unwrap();
            serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
        };
        let (header, claims) = (part(0), part(1));
        assert_eq!((&header["alg"], header["x5t#S256"].as_str().unwrap().len()), (&"PS256".into(), 43));
        assert_eq!(
            (&claims["iss"], &claims["sub"], &claims["aud"]),
            (&"the-client".into(), &"the-client".into(), &endpoint.into())
        );
        assert_eq!(claims["exp"].as_u64().unwrap() - claims["nbf"].as_u64().unwrap(), ASSERTION_LIFETIME_SECONDS);
    }
}
