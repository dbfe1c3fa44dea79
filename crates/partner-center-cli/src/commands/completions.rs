//! `partner-center completions`: a script for a shell, which calls this command for the completions of what is typed.

use crate::{arguments::Arguments, error::CommandError};
use clap_complete::{CompleteEnv, Shell, env::Shells};
use std::{
    env,
    ffi::OsString,
    io::{self, Write},
};

const PROGRAM_NAME: &str = "partner-center";

/// The variable that has the name of the shell when its script calls this command.
const SHELL_VARIABLE: &str = "PARTNER_CENTER_COMPLETE";

/// Prints the script that completes commands, options and values in `shell`.
pub(crate) fn print_completion_script(shell: Shell) -> Result<(), CommandError> {
    let mut script = Vec::new();
    let name = shell.to_string();
    if let Some(completer) = Shells::builtins().completer(&name) {
        completer.write_registration(SHELL_VARIABLE, PROGRAM_NAME, PROGRAM_NAME, PROGRAM_NAME, &mut script)?;
    }
    if shell == Shell::Zsh {
        // As a file of `fpath`, it is called for the first completion once it is loaded.
        script.extend_from_slice(ZSH_FIRST_CALL.as_bytes());
    }
    let mut stdout = io::stdout().lock();
    stdout.write_all(&script)?;
    Ok(stdout.flush()?)
}

const ZSH_FIRST_CALL: &str = "\
if [ \"$funcstack[1]\" = \"_partner-center\" ]; then
    _clap_dynamic_completer_partner_center \"$@\"
fi
";

/// Prints the completions of the words that a shell has typed, if one calls this command for them.
pub(crate) fn print_requested_completions() -> bool {
    if env::var_os(SHELL_VARIABLE).is_none() {
        return false;
    }
    let words: Vec<_> = env::args_os().skip_while(|word| word != "--").skip(2).collect();
    let command = || Arguments::clap_command_for_completion(words_before_last(&words));
    let environment = CompleteEnv::with_factory(command).var(SHELL_VARIABLE).bin(PROGRAM_NAME);
    // An error would be shown in the middle of what is typed.
    environment.try_complete(env::args_os(), env::current_dir().ok().as_deref()).unwrap_or(true)
}

/// Returns the words before the last one, which is about to be completed.
fn words_before_last(words: &[OsString]) -> &[OsString] {
    words.split_last().map_or(&[], |(_, typed)| typed)
}
