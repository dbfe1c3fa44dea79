/// What identifies the tokens of an application: whose they are, and where they are valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AppKey {
    pub(crate) authority: String,
    pub(crate) audience: String,
    pub(crate) tenant: String,
    pub(crate) client_id: String,
}

/// The maximum length of a part of a file name.
const MAX_PART_LENGTH: usize = 64;

impl AppKey {
    /// Returns the name of the files of these tokens, which has no separators of folders.
    pub(crate) fn file_name(&self) -> String {
        let authority = self.authority.split_once("://").map_or(&*self.authority, |(_, host)| host);
        let audience = self.audience.split_once("://").map_or(&*self.audience, |(_, host)| host);
        [&self.tenant, &self.client_id, authority, audience].map(escape_part).join("_")
    }
}

/// Replaces all characters that are not usual in the names of hosts.
fn escape_part(part: &str) -> String {
    let part = part.trim_end_matches('/').chars().take(MAX_PART_LENGTH);
    let escape = |character: char| match character {
        'A'..='Z' | 'a'..='z' | '0'..='9' | '-' | '.' => character.to_ascii_lowercase(),
        _ => '-',
    };
    part.map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::AppKey;

    #[test]
    fn file_name_has_no_separators() {
        let key = AppKey {
            authority: "http://127.0.0.1:8080/".to_owned(),
            audience: "https://api.partnercenter.microsoft.com".to_owned(),
            tenant: "Contoso.com".to_owned(),
            client_id: "../../etc/passwd".to_owned(),
        };
        assert_eq!(key.file_name(), "contoso.com_..-..-etc-passwd_127.0.0.1-8080_api.partnercenter.microsoft.com");
    }
}
