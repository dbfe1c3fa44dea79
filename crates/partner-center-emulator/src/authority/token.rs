//! Self-contained tokens: each has its kind, number and expiry with a checksum, so that the authority stores none.

use super::Caller;
use crate::random::keyed_hash;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct IssuedToken {
    pub(super) kind: TokenKind,
    /// The number of the response that issued it, from 1.
    pub(super) number: u64,
    /// The expiry, as the time since the start of the emulator.
    pub(super) expires: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    Access(Caller),
    /// Of a user who has given a second factor.
    Refresh,
    /// Of a user who has not.
    RefreshWithoutSecondFactor,
}

impl TokenKind {
    const ALL_TOKEN_KINDS: [Self; 6] = [
        Self::Access(Caller::Application),
        Self::Access(Caller::User),
        Self::Access(Caller::UnsupportedAudience),
        Self::Refresh,
        Self::Access(Caller::UserWithoutSecondFactor),
        Self::RefreshWithoutSecondFactor,
    ];
}

impl IssuedToken {
    /// Writes the token as an opaque string.
    pub(super) fn write_opaque(self, seed: u64) -> String {
        let kind =
            (0_u8..).zip(TokenKind::ALL_TOKEN_KINDS).find(|(_, kind)| *kind == self.kind).map_or(0, |(kind, _)| kind);
        let expires = u64::try_from(self.expires.as_millis()).unwrap_or(u64::MAX);
        let content = [&[kind][..], &self.number.to_be_bytes(), &expires.to_be_bytes()].concat();
        BASE64_URL_SAFE_NO_PAD.encode([&content[..], &keyed_hash(seed, &content).to_be_bytes()].concat())
    }

    /// Reads an opaque string. Returns `None` unless it was written with this seed.
    pub(super) fn read_opaque(token: &str, seed: u64) -> Option<Self> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).ok()?;
        let (content, checksum) = bytes.split_last_chunk()?;
        if keyed_hash(seed, content) != u64::from_be_bytes(*checksum) {
            return None;
        }
        let (kind, content) = content.split_first()?;
        let (number, content) = content.split_first_chunk()?;
        let expires = <[u8; 8]>::try_from(content).ok()?;
        Some(Self {
            kind: *TokenKind::ALL_TOKEN_KINDS.get(usize::from(*kind))?,
            number: u64::from_be_bytes(*number),
            expires: Duration::from_millis(u64::from_be_bytes(expires)),
        })
    }

    /// Writes the token as a JWT with these `claims`. The opaque string is the claim `uti`, which is an opaque identifier with Entra,
    /// too.
    pub(super) fn write_as_jwt(self, mut claims: Value, seed: u64) -> String {
        claims["uti"] = self.write_opaque(seed).into();
        write_claims_as_jwt(&claims, seed)
    }

    /// Reads a JWT. Returns `None` unless it was written with this seed.
    pub(super) fn read_jwt(jwt: &str, seed: u64) -> Option<Self> {
        let (content, signature) = jwt.rsplit_once('.')?;
        let (_, claims) = content.split_once('.')?;
        if signature != checksum_signature(content, seed) {
            return None;
        }
        let claims: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
        Self::read_opaque(claims["uti"].as_str()?, seed)
    }
}

/// Writes `claims` as a JWT. It names an algorithm and a key as with Entra, but its signature is a checksum that only the emulator
/// can verify.
pub(super) fn write_claims_as_jwt(claims: &Value, seed: u64) -> String {
    let header = json!({ "alg": "RS256", "kid": SIGNING_KEY_ID, "typ": "JWT", "x5t": SIGNING_KEY_ID });
    let [header, claims] = [&header, claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part.to_string()));
    let content = format!("{header}.{claims}");
    let signature = checksum_signature(&content, seed);
    format!("{content}.{signature}")
}

fn checksum_signature(content: &str, seed: u64) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(keyed_hash(seed, content.as_bytes()).to_be_bytes())
}

const SIGNING_KEY_ID: &str = "emulator";

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens() -> impl Iterator<Item = IssuedToken> {
        TokenKind::ALL_TOKEN_KINDS.into_iter().map(|kind| IssuedToken {
            kind,
            number: 7,
            expires: Duration::from_millis(1234),
        })
    }

    #[test]
    fn token_is_read_as_it_was_written() {
        for token in tokens() {
            assert_eq!(IssuedToken::read_opaque(&token.write_opaque(1), 1), Some(token));
            assert_eq!(IssuedToken::read_opaque(&token.write_opaque(1), 2), None);
            let jwt = token.write_as_jwt(json!({ "aud": "api" }), 1);
            assert_eq!(IssuedToken::read_jwt(&jwt, 1), Some(token));
            assert_eq!(IssuedToken::read_jwt(&jwt, 2), None);
        }
        for invalid in ["", "emulator-token", "AAAA", "a.b.c", ".."] {
            assert_eq!(IssuedToken::read_opaque(invalid, 1), None);
            assert_eq!(IssuedToken::read_jwt(invalid, 1), None);
        }
    }

    #[test]
    fn damaged_jwt_is_not_read() {
        let jwt = tokens().next().unwrap().write_as_jwt(json!({ "aud": "api" }), 1);
        for position in 0..jwt.len() {
            let mut damaged = jwt.clone().into_bytes();
            damaged[position] = if damaged[position] == b'A' { b'B' } else { b'A' };
            assert_eq!(IssuedToken::read_jwt(&String::from_utf8(damaged).unwrap(), 1), None, "{position}");
            assert_eq!(IssuedToken::read_jwt(&jwt[..position], 1), None, "{position}");
        }
    }
}
