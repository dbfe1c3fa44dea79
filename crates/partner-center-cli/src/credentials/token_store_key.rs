use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// What identifies the tokens of an application: whose they are, and where they are valid.
///
/// Its parts are in one spelling, so that the key compares equal however the settings spell them.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct TokenStoreKey {
    authority: String,
    audience: String,
    tenant: String,
    client_id: String,
}

/// The maximum length of a part of a file name: all of them, the digest and an extension are within 255 bytes.
const MAX_FILE_NAME_PART_LENGTH: usize = 40;

/// The number of bytes of the digest in a file name.
const DIGEST_BYTES_IN_FILE_NAME: usize = 8;

impl TokenStoreKey {
    pub(crate) fn new(authority: &str, audience: &str, tenant: &str, client_id: &str) -> Self {
        // Entra compares all of them without regard to case, and ignores a final slash.
        let normalize = |part: &str| part.trim().trim_end_matches('/').to_lowercase();
        Self {
            authority: normalize(authority),
            audience: normalize(audience),
            tenant: normalize(tenant),
            client_id: normalize(client_id),
        }
    }

    pub(crate) fn tenant(&self) -> &str {
        &self.tenant
    }

    /// Returns the name of the files of these tokens, which has no separators of folders. Its parts are for people: they may be
    /// shortened, so a digest tells keys apart.
    pub(crate) fn file_name(&self) -> String {
        let without_scheme = |url: &str| url.split_once("://").map_or(url, |(_, host)| host).to_owned();
        let (authority, audience) = (without_scheme(&self.authority), without_scheme(&self.audience));
        let mut name =
            [&self.tenant, &self.client_id, &authority, &audience].map(|part| escape_file_name_part(part)).join("_");
        let parts = [&*self.tenant, &self.client_id, &self.authority, &self.audience];
        let digest = digest(&SHA256, parts.join("\n").as_bytes());
        name.push('_');
        for byte in &digest.as_ref()[..DIGEST_BYTES_IN_FILE_NAME] {
            let _ = write!(name, "{byte:02x}");
        }
        name
    }
}

/// Replaces all characters that are not usual in the names of hosts.
fn escape_file_name_part(part: &str) -> String {
    let escape = |character: char| match character {
        'a'..='z' | '0'..='9' | '-' | '.' => character,
        _ => '-',
    };
    part.chars().take(MAX_FILE_NAME_PART_LENGTH).map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::TokenStoreKey;

    const AUDIENCE: &str = "https://api.partnercenter.microsoft.com";

    #[test]
    fn file_name_has_no_separators_and_fits() {
        let name =
            TokenStoreKey::new("http://127.0.0.1:8080/", AUDIENCE, "Contoso.com", "../../etc/passwd").file_name();
        let (parts, digest) = name.rsplit_once('_').unwrap();
        assert_eq!(parts, "contoso.com_..-..-etc-passwd_127.0.0.1-8080_api.partnercenter.microsoft.com");
        assert!(digest.len() == 16 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()), "{digest}");
        let long = "x".repeat(300);
        assert!(TokenStoreKey::new(&long, &long, &long, &long).file_name().len() + ".refresh-token.lock".len() <= 255);
    }

    #[test]
    fn file_name_is_that_of_one_key_in_every_spelling() {
        let name = |authority: &str, tenant: &str| TokenStoreKey::new(authority, AUDIENCE, tenant, "app").file_name();
        assert_eq!(name("https://Login.example/", "CONTOSO.com"), name("https://login.example", "contoso.com"));
        let long = "x".repeat(64);
        for (one, other) in [
            (name("http://login.example", "a"), name("https://login.example", "a")),
            (name("https://login.example", "a-b"), name("https://login.example", "a/b")),
            (name("https://login.example", &format!("{long}1")), name("https://login.example", &format!("{long}2"))),
        ] {
            assert_ne!(one, other);
        }
    }
}
