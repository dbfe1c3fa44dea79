//! Names that are derived from those of the tables: flags, columns and nouns.

/// Returns a wire name in kebab case, for a flag: `companyName` is `company-name`.
pub(crate) fn to_kebab_case(name: &str) -> String {
    separate_words(name, '-')
}

/// Returns a wire name in snake case, for a column of CSV.
pub(crate) fn to_snake_case(name: &str) -> String {
    separate_words(name, '_')
}

/// Separates the words of a name in camel or Pascal case, in lower case; an abbreviation is one word.
fn separate_words(name: &str, separator: char) -> String {
    let characters: Vec<char> = name.chars().collect();
    let mut words = String::with_capacity(name.len() + 4);
    for (index, &character) in characters.iter().enumerate() {
        if !character.is_alphanumeric() {
            if !words.is_empty() && !words.ends_with(separator) {
                words.push(separator);
            }
            continue;
        }
        let follows = |of: fn(&char) -> bool| index > 0 && characters.get(index - 1).is_some_and(of);
        let begins_word = character.is_uppercase()
            && (follows(|last| last.is_lowercase() || last.is_ascii_digit())
                || (follows(|last| last.is_uppercase())
                    && characters.get(index + 1).is_some_and(|next| next.is_lowercase())));
        if begins_word && !words.ends_with(separator) {
            words.push(separator);
        }
        words.extend(character.to_lowercase());
    }
    words.trim_end_matches(separator).to_owned()
}

/// The words for the things that a command returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ResourceNoun {
    /// The resource of the command, such as `billing-profile`.
    resource: &'static str,
}

impl ResourceNoun {
    /// Creates the noun of a resource.
    pub(crate) const fn new(resource: &'static str) -> Self {
        Self { resource }
    }

    /// Returns the word for one: `customer`, or `item` if the resource is not a plural.
    pub(crate) fn singular(self) -> String {
        let words = self.resource.replace('-', " ");
        if let Some(stem) = words.strip_suffix("ies") {
            return format!("{stem}y");
        }
        let is_plural_with_e = ["sses", "xes", "ches", "shes"].iter().any(|end| words.ends_with(end));
        match words.strip_suffix(if is_plural_with_e { "es" } else { "s" }) {
            Some(stem) if self.is_plural() => stem.to_owned(),
            _ => "item".to_owned(),
        }
    }

    /// Returns the word for several: `customers`, or `items` if the resource is not a plural.
    pub(crate) fn plural(self) -> String {
        if self.is_plural() { self.resource.replace('-', " ") } else { "items".to_owned() }
    }

    /// Returns `one` of them, or a count of several.
    pub(crate) fn with_count(self, count: u64) -> String {
        match count {
            1 => format!("one {}", self.singular()),
            _ => format!("{count} {}", self.plural()),
        }
    }

    fn is_plural(self) -> bool {
        self.resource.ends_with('s') && !["ss", "us", "is"].iter().any(|end| self.resource.ends_with(end))
    }
}

/// The flags that have a meaning for every operation, now or soon: a field of a body has none of these names.
pub(super) const RESERVED_FLAGS: [&str; 48] = [
    "all-customers",
    "application-name",
    "base-url",
    "body",
    "clear",
    "cloud",
    "columns",
    "concurrency",
    "config",
    "correlation-id",
    "curl",
    "customers",
    "deadline",
    "dry-run",
    "emulator",
    "emulator-customers",
    "emulator-with",
    "error-format",
    "example-body",
    "help",
    "if-match",
    "journal",
    "limit",
    "locale",
    "max-attempts",
    "max-retry-after",
    "output",
    "output-file",
    "page-size",
    "password-file",
    "profile",
    "query",
    "quiet",
    "record",
    "request-id",
    "resume",
    "set",
    "set-file",
    "show-password",
    "sort",
    "template",
    "time",
    "timeout",
    "transport",
    "verbose",
    "version",
    "wait",
    "yes",
];

#[cfg(test)]
mod tests {
    use super::{ResourceNoun, to_kebab_case, to_snake_case};

    #[test]
    fn words_are_separated() {
        for (name, kebab) in [
            ("companyName", "company-name"),
            ("id", "id"),
            ("MFAEnabled", "mfa-enabled"),
            ("addressLine1", "address-line1"),
            ("isMSATenant", "is-msa-tenant"),
            ("e_tag", "e-tag"),
            ("@odata.etag", "odata-etag"),
        ] {
            assert_eq!(to_kebab_case(name), kebab);
        }
        assert_eq!(to_snake_case("relationshipToPartner"), "relationship_to_partner");
    }

    #[test]
    fn nouns_follow_the_resource() {
        for (resource, singular, plural) in [
            ("customers", "customer", "customers"),
            ("addresses", "address", "addresses"),
            ("directory-roles", "directory role", "directory roles"),
            ("policies", "policy", "policies"),
            ("usage", "item", "items"),
            ("status", "item", "items"),
        ] {
            let noun = ResourceNoun::new(resource);
            assert_eq!((noun.singular().as_str(), noun.plural().as_str()), (singular, plural));
        }
        assert_eq!(ResourceNoun::new("customers").with_count(1), "one customer");
        assert_eq!(ResourceNoun::new("customers").with_count(2), "2 customers");
    }
}
