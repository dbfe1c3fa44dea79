//! The options of commands whose response has a password.

use super::{argument_values, is_flag_set, tables::responds_with_password};
use clap::{Arg, ArgAction, ArgMatches};
use partner_center_spec::Operation;
use std::path::PathBuf;

/// What is done with the password of a response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PasswordOptions {
    /// Whether it is printed.
    pub(crate) is_shown: bool,
    /// The file that it is written to.
    pub(crate) file: Option<PathBuf>,
}

const SHOW_PASSWORD_ARG: &str = "show-password";
const PASSWORD_FILE_ARG: &str = "password-file";

/// Returns the options of an operation, if its response may have a password.
pub(super) fn build_password_options(operation: &Operation) -> Vec<Arg> {
    if !responds_with_password(operation) {
        return Vec::new();
    }
    vec![
        Arg::new(SHOW_PASSWORD_ARG)
            .long(SHOW_PASSWORD_ARG)
            .action(ArgAction::SetTrue)
            .help("Print the password of the response, which is left out otherwise"),
        Arg::new(PASSWORD_FILE_ARG)
            .long(PASSWORD_FILE_ARG)
            .value_name("FILE")
            .value_parser(clap::value_parser!(PathBuf))
            .help("Write the password of the response to a new file that its owner alone can read"),
    ]
}

impl PasswordOptions {
    pub(super) fn from_matches(matches: &ArgMatches) -> Self {
        Self {
            is_shown: is_flag_set(matches, SHOW_PASSWORD_ARG),
            file: argument_values(matches, PASSWORD_FILE_ARG).pop(),
        }
    }
}
