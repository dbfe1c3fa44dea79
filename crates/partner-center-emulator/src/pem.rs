use base64::{Engine, prelude::BASE64_STANDARD};

/// Encodes a certificate in PEM (RFC 7468).
pub(crate) fn encode_certificate_pem(certificate: &[u8]) -> String {
    let encoded = BASE64_STANDARD.encode(certificate);
    let mut lines = vec!["-----BEGIN CERTIFICATE-----"];
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, following) = rest.split_at(rest.len().min(64));
        lines.push(line);
        rest = following;
    }
    lines.extend(["-----END CERTIFICATE-----", ""]);
    lines.join("\n")
}
