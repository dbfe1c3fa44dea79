//! `partner-center completions`

use crate::{arguments::Arguments, error::CommandError};
use clap::ValueEnum;
use clap_complete::Shell;
use std::io::{self, Write};

/// Prints the script that completes commands and options in `shell`.
pub(crate) fn print_completion_script(shell: Shell) -> Result<(), CommandError> {
    let script = match shell {
        Shell::Bash => bash_script(),
        Shell::Fish => fish_script(),
        _ => generate_completion_script(shell, PROGRAM_NAME),
    };
    let mut stdout = io::stdout().lock();
    stdout.write_all(&script)?;
    Ok(stdout.flush()?)
}

const PROGRAM_NAME: &str = "partner-center";

/// Returns the script for bash. `clap_complete` 4.6.11 generates it wrongly for a command with a hyphen: the function stores
/// its state as `partner__center__subcmd__customers`, and compares it with `partner__subcmd__center__subcmd__customers`.
///
/// So it is generated for a command without a hyphen; the name matters only where the function is registered.
fn bash_script() -> Vec<u8> {
    const PROGRAM_NAME_WITHOUT_HYPHEN: &str = "partner_center";
    let script =
        String::from_utf8_lossy(&generate_completion_script(Shell::Bash, PROGRAM_NAME_WITHOUT_HYPHEN)).into_owned();
    let (plain, registered) =
        (format!(" -o default {PROGRAM_NAME_WITHOUT_HYPHEN}\n"), format!(" -o default {PROGRAM_NAME}\n"));
    script.replace(&plain, &registered).into_bytes()
}

/// Returns the script for fish. `clap_complete` 4.6.11 completes only the values of options there, not those of other
/// arguments; and nothing after `help`, as its condition requires that the word `help` was not typed.
fn fish_script() -> Vec<u8> {
    let script = String::from_utf8_lossy(&generate_completion_script(Shell::Fish, PROGRAM_NAME)).into_owned();
    let is_condition_of_help = |line: &str| line.contains("using_subcommand help; and not __fish_seen_subcommand_from");
    let lines = script.lines().map(|line| match line.split_once(" help\"") {
        Some((condition, rest)) if is_condition_of_help(condition) => format!("{condition}\"{rest}\n"),
        _ => format!("{line}\n"),
    });
    let mut script = lines.collect::<String>().into_bytes();
    let shells: Vec<_> = Shell::value_variants().iter().map(ToString::to_string).collect();
    let line = format!(
        "complete -c {PROGRAM_NAME} -n \"__fish_partner_center_using_subcommand completions\" -f -a \"{}\"\n",
        shells.join(" ")
    );
    script.extend(line.into_bytes());
    script
}

/// Generates the script in memory, as `clap_complete` panics when it writes to a closed pipe.
fn generate_completion_script(shell: Shell, name: &str) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::completion_command(), name, &mut script);
    script
}
