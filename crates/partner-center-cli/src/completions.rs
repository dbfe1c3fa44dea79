//! `partner-center completions`

use crate::{arguments::Arguments, failure::Failure};
use clap::ValueEnum;
use clap_complete::Shell;
use std::io::{self, Write};

/// Prints the script that completes commands and options in `shell`.
pub(crate) fn print(shell: Shell) -> Result<(), Failure> {
    let script = match shell {
        Shell::Bash => for_bash(),
        Shell::Fish => for_fish(),
        _ => generated(shell, NAME),
    };
    let mut stdout = io::stdout().lock();
    stdout.write_all(&script)?;
    Ok(stdout.flush()?)
}

const NAME: &str = "partner-center";

/// The script for bash, which `clap_complete` 4.6.11 generates wrongly for a command with a hyphen: the function keeps what
/// it has read in a variable as `partner__center__subcmd__customers`, and looks for `partner__subcmd__center__subcmd__customers`.
///
/// So it is generated for a command without one; only where the function is registered does the name matter.
fn for_bash() -> Vec<u8> {
    const PLAIN_NAME: &str = "partner_center";
    let script = String::from_utf8_lossy(&generated(Shell::Bash, PLAIN_NAME)).into_owned();
    let (plain, registered) = (format!(" -o default {PLAIN_NAME}\n"), format!(" -o default {NAME}\n"));
    script.replace(&plain, &registered).into_bytes()
}

/// The script for fish, in which `clap_complete` 4.6.11 completes no values of arguments other than options; and after `help`
/// nothing, as it looks for commands only where the word `help` is not there.
fn for_fish() -> Vec<u8> {
    let script = String::from_utf8_lossy(&generated(Shell::Fish, NAME)).into_owned();
    let is_condition_of_help = |line: &str| line.contains("using_subcommand help; and not __fish_seen_subcommand_from");
    let lines = script.lines().map(|line| match line.split_once(" help\"") {
        Some((condition, rest)) if is_condition_of_help(condition) => format!("{condition}\"{rest}\n"),
        _ => format!("{line}\n"),
    });
    let mut script = lines.collect::<String>().into_bytes();
    let shells: Vec<_> = Shell::value_variants().iter().map(ToString::to_string).collect();
    let line = format!(
        "complete -c {NAME} -n \"__fish_partner_center_using_subcommand completions\" -f -a \"{}\"\n",
        shells.join(" ")
    );
    script.extend(line.into_bytes());
    script
}

/// By way of memory: written straight to a pipe that is closed, it would panic.
fn generated(shell: Shell, name: &str) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::completion_grammar(), name, &mut script);
    script
}
