//! Passwords in responses, such as that of a new customer's administrator. They are shown only on request, since what is printed
//! ends in logs, and may be written to a file that its owner alone can read.

use super::{
    json_tree::JsonTree,
    response::{ReceivedBody, ReceivedResponse, parse_own_json},
};
use crate::{
    arguments::{
        OutputFormat,
        operations::{
            PasswordOptions,
            tables::{has_password, result_item_type},
        },
    },
    error::CommandError,
    messages::Messages,
    terminal::replace_control_characters,
};
use partner_center_spec::{Operation, Type};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::Path,
};

/// The file for the password of a response. It is created before the request is sent, so that no password is lost because the
/// file cannot be written, and removed if no password comes.
pub(super) struct PasswordFile<'a> {
    file: File,
    path: &'a Path,
    is_written: bool,
}

impl<'a> PasswordFile<'a> {
    /// Creates the file, which must not be there.
    pub(super) fn create(path: &'a Path) -> Result<Self, CommandError> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(path) {
            Ok(file) => Ok(Self { file, path, is_written: false }),
            Err(error) => Err(CommandError::new(
                &format!("the file {} for the password cannot be created; nothing was sent", path.display()),
                &error,
                "name a file that is not there yet, in a folder that you can write to",
            )),
        }
    }

    fn write_password(&mut self, password: &str) -> io::Result<()> {
        self.file.write_all(format!("{password}\n").as_bytes())?;
        self.file.sync_all()?;
        self.is_written = true;
        Ok(())
    }
}

impl Drop for PasswordFile<'_> {
    fn drop(&mut self) {
        if !self.is_written {
            // It is empty, and ours.
            let _ = fs::remove_file(self.path);
        }
    }
}

/// Takes the passwords out of a response unless they are to be shown, and writes the first to the file.
pub(super) fn apply_password_options(
    response: &mut ReceivedResponse,
    operation: &Operation,
    options: &PasswordOptions,
    file: Option<PasswordFile<'_>>,
    format: OutputFormat,
    messages: &Messages,
) -> Result<(), CommandError> {
    let Some(of) = result_item_type(operation).filter(|of| has_password(*of)) else { return Ok(()) };
    let ReceivedBody::Json(value) = &mut response.body else { return Ok(()) };
    let mut tree = JsonTree::Value(value.clone());
    let mut passwords = Vec::new();
    take_passwords(&mut tree, of, options.is_shown, &mut passwords);
    let Some(password) = passwords.first() else { return Ok(()) };
    if let Some(mut file) = file {
        file.write_password(password)?;
        messages.print(format_args!("note: the password is in {}", file.path.display()));
    } else if options.is_shown && format.has_columns() {
        // It is in no column.
        messages.print(replace_control_characters(&format!("password: {password}")));
    } else if !options.is_shown {
        messages.print(
            "note: the password is not shown; --show-password prints it, and --password-file writes it to a file",
        );
    }
    if !options.is_shown {
        *value = parse_own_json(&tree.to_json());
    }
    Ok(())
}

/// Collects the passwords in a value of the type `of`, and removes them unless they are `kept`.
fn take_passwords(value: &mut JsonTree, of: Type, kept: bool, passwords: &mut Vec<String>) {
    match value.expand_one_level() {
        JsonTree::List(items) => {
            if let Type::List(item) = of {
                for value in items {
                    take_passwords(value, *item, kept, passwords);
                }
            }
        }
        JsonTree::Object(fields) => {
            let Some(object) = of.object() else { return };
            fields.retain(|name, value| {
                let property = object.properties.iter().find(|property| property.name.eq_ignore_ascii_case(name));
                let Some(property) = property else { return true };
                if property.value != Type::Password {
                    take_passwords(value, property.value, kept, passwords);
                    return true;
                }
                let JsonTree::Value(json) = &*value else { return true };
                passwords.extend(json.as_str().map(std::borrow::Cow::into_owned));
                kept || json.json() == "null"
            });
        }
        JsonTree::Value(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::{JsonTree, has_password, take_passwords};
    use partner_center_spec::Type;

    #[test]
    fn passwords_are_taken_out_and_all_else_stays() {
        let json = r#"{"Id":"1","UserCredentials":{"userName":"admin","Password":"Sample-1"},"n":1.500,"companyProfile":{"password":"x"}}"#;
        for (kept, expected) in [
            (true, json),
            (false, r#"{"Id":"1","UserCredentials":{"userName":"admin"},"n":1.500,"companyProfile":{"password":"x"}}"#),
        ] {
            let (mut tree, mut passwords) = (JsonTree::parse(json).unwrap(), Vec::new());
            take_passwords(&mut tree, Type::Schema("Customer"), kept, &mut passwords);
            assert_eq!((tree.to_json().as_str(), passwords), (expected, vec!["Sample-1".to_owned()]));
        }
        assert!(has_password(Type::Schema("CustomerUser")) && !has_password(Type::Schema("Subscription")));
    }
}
