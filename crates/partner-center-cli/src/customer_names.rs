//! The IDs and the names of the customers that were listed last, for the completion of shells: in a file for each profile, which
//! only its owner may read.

use crate::{
    arguments::operations::{OperationCall, bulk::is_customer_list},
    credentials::is_token_cache_enabled,
    private_file,
    session::Session,
    settings::{ApplicationFolder, PROFILE_VARIABLE, application_folder},
};
use clap_complete::CompletionCandidate;
use serde::Deserialize;
use std::{
    borrow::Cow,
    env,
    ffi::OsStr,
    fs::File,
    io::{self, Read},
    path::PathBuf,
};

/// The maximum number of customers that are kept: a shell lists no more, and a list of a million is none the slower.
const MAX_CUSTOMERS: usize = 5_000;

/// The maximum number of bytes that are read of a file.
const MAX_FILE_SIZE: u64 = 4 << 20;

/// The file of a profile.
pub(crate) struct CustomerNamesFile {
    path: PathBuf,
}

impl CustomerNamesFile {
    /// Returns the file of the profile, or of no profile; `None` if this user has no folder for it.
    pub(crate) fn of_profile(profile: Option<&str>) -> Option<Self> {
        let folder = application_folder(ApplicationFolder::Cache)?.join("customers");
        // The names of profiles have no other characters than letters, digits, - and _.
        let name = profile.map_or_else(|| "customers.tsv".to_owned(), |profile| format!("customers@{profile}.tsv"));
        Some(Self { path: folder.join(name) })
    }

    /// Reads the IDs and names; none if there is no file.
    pub(crate) fn read_customers(&self) -> Vec<(String, String)> {
        let mut text = String::new();
        // What cannot be read is not completed.
        let _ = File::open(&self.path).and_then(|file| file.take(MAX_FILE_SIZE).read_to_string(&mut text));
        text.lines()
            .filter_map(|line| line.split_once('\t'))
            .map(|(id, name)| (id.to_owned(), name.to_owned()))
            .collect()
    }

    /// Deletes the file, if there is one.
    pub(crate) fn delete(&self) -> io::Result<bool> {
        private_file::delete_file(&self.path)
    }

    fn write_lines(&self, lines: &str) -> io::Result<()> {
        if let Some(folder) = self.path.parent() {
            private_file::create_folder(folder)?;
        }
        private_file::replace_file(&self.path, lines.as_bytes())
    }
}

/// Returns the customers whose ID begins with `typed`, of the profile that is typed or in the environment.
pub(crate) fn complete_customer(typed: &OsStr) -> Vec<CompletionCandidate> {
    let Some(file) = CustomerNamesFile::of_profile(typed_or_environment_profile().as_deref()) else {
        return Vec::new();
    };
    let typed = typed.to_string_lossy().to_ascii_lowercase();
    let customers = file.read_customers().into_iter().filter(|(id, _)| id.to_ascii_lowercase().starts_with(&typed));
    customers.map(|(id, name)| CompletionCandidate::new(id).help(Some(name.into()))).collect()
}

fn typed_or_environment_profile() -> Option<String> {
    let words: Vec<_> = env::args_os().map(|word| word.into_string().unwrap_or_default()).collect();
    let option = words.iter().enumerate().find_map(|(position, word)| match word.strip_prefix("--profile") {
        Some("") => words.get(position + 1).cloned(),
        Some(value) => value.strip_prefix('=').map(str::to_owned),
        None => None,
    });
    let profile = option.or_else(|| env::var(PROFILE_VARIABLE).ok()).filter(|name| !name.is_empty());
    profile.filter(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')))
}

/// Collects the customers of a list.
pub(crate) struct CustomerNamesCollector {
    file: CustomerNamesFile,
    lines: String,
    count: usize,
}

#[derive(Deserialize)]
struct ListedCustomer<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(default, borrow, rename = "companyProfile")]
    company: Option<ListedCompany<'a>>,
}

#[derive(Deserialize)]
struct ListedCompany<'a> {
    #[serde(default, borrow, rename = "companyName")]
    name: Option<Cow<'a, str>>,
}

impl CustomerNamesCollector {
    /// Returns a collector if the call lists all customers of the profile.
    pub(crate) fn of_call(call: &OperationCall, session: &Session<'_>) -> Option<Self> {
        let lists_all = is_customer_list(call.operation) && call.parameters.is_empty() && call.options.limit.is_none();
        // The customers of an emulator are not the user's; and what is not to be kept between runs is not kept.
        if !lists_all || session.options.emulator || !is_token_cache_enabled(&session.settings).unwrap_or_default() {
            return None;
        }
        let file = CustomerNamesFile::of_profile(session.settings.profile_name())?;
        Some(Self { file, lines: String::new(), count: 0 })
    }

    /// Adds the customers of a page.
    pub(crate) fn add_items(&mut self, items: &[&str]) {
        let left = MAX_CUSTOMERS.saturating_sub(self.count);
        for customer in items.iter().take(left).filter_map(|item| serde_json::from_str::<ListedCustomer>(item).ok()) {
            self.count += 1;
            let name = customer.company.and_then(|company| company.name).unwrap_or_default();
            // A name with the end of a line would be another customer.
            let name: String = name.chars().filter(|character| !character.is_control()).collect();
            if customer.id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
                self.lines.extend([&*customer.id, "\t", &name, "\n"]);
            }
        }
    }

    /// Stores the customers of a complete list. If that is not possible, those of an earlier one are completed.
    pub(crate) fn store(self) {
        if let Err(error) = self.file.write_lines(&self.lines) {
            tracing::debug!(%error, "the IDs of the customers are not kept for completions");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn customers_are_collected_up_to_a_maximum() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("customers").join("customers.tsv");
        let file = || CustomerNamesFile { path: path.clone() };
        let mut collector = CustomerNamesCollector { file: file(), lines: String::new(), count: 0 };
        collector.add_items(&[
            r#"{"id":"1-a","companyProfile":{"companyName":"Contoso\nFabrikam \"GmbH\"","x":[]},"y":1.50}"#,
            r#"{"id":"$(x)","companyProfile":null}"#,
            r#"{"id":"2","companyProfile":{}}"#,
            r#"{"name":"no ID"}"#,
        ]);
        let many: Vec<_> = (0..MAX_CUSTOMERS).map(|id| format!(r#"{{"id":"{id}"}}"#)).collect();
        collector.add_items(&many.iter().map(String::as_str).collect::<Vec<_>>());
        collector.store();
        let customers = file().read_customers();
        assert_eq!(customers[0], ("1-a".to_owned(), "ContosoFabrikam \"GmbH\"".to_owned()));
        assert_eq!(customers[1], ("2".to_owned(), String::new()));
        // One was counted that is no ID.
        assert_eq!(customers.len(), MAX_CUSTOMERS - 1);
        assert!(file().delete().unwrap() && file().read_customers().is_empty());
    }
}
