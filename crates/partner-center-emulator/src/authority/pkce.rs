//! Proof key for code exchange (RFC 7636), by SHA-256.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

/// Whether `challenge` is the code challenge of `verifier`.
pub(super) fn is_code_challenge_of(challenge: &str, verifier: &str) -> bool {
    challenge == code_challenge(verifier)
}

/// Returns the code challenge of `verifier`.
pub(super) fn code_challenge(verifier: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(hmac_sha256::Hash::hash(verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::{code_challenge, is_code_challenge_of};

    #[test]
    fn code_challenge_is_that_of_the_standard() {
        // RFC 7636, appendix B.
        let (verifier, challenge) =
            ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert_eq!(code_challenge(verifier), challenge);
        assert!(is_code_challenge_of(challenge, verifier) && !is_code_challenge_of("", verifier));
    }
}
