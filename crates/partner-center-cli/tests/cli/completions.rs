//! The scripts of `partner-center completions`, run in their shells.
#![cfg(unix)]

use crate::{
    command::{CommandOutput, stdout},
    sign_in::User,
};
use partner_center_emulator::Emulator;
use serde_json::Value;
use std::{
    env, fs,
    io::{self, Write},
    iter,
    os::unix::fs::MetadataExt,
    path::Path,
    process::{Command, Stdio},
};

/// Runs `script` in `shell`; returns `None` if that is not installed, which is an error for bash only.
fn run(shell: &str, arguments: &[&str], script: &str) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("script");
    fs::write(&path, script).unwrap();
    // The script calls the command.
    let binary = Path::new(env!("CARGO_BIN_EXE_partner-center"));
    let path_variable = env::join_paths(
        iter::once(binary.parent().unwrap().to_owned()).chain(env::split_paths(&env::var_os("PATH").unwrap())),
    );
    let mut command = Command::new(shell);
    command.env("PATH", path_variable.unwrap());
    let command = command.args(arguments).arg(&path).stdin(Stdio::null()).env("HOME", folder.path());
    match command.output() {
        Ok(output) => {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            Some(String::from_utf8(output.stdout).unwrap())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let _ = writeln!(io::stderr(), "there is no {shell} on this machine");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// The typed text, and words that must and must not be among its completions.
const CASES: [(&str, &[&str], &[&str]); 20] = [
    ("", &["customers", "auth", "doctor", "completions"], &["list"]),
    ("cust", &["customers"], &["auth", "list"]),
    ("customers ", &["list", "get"], &["doctor", "status"]),
    ("customers l", &["list"], &["get"]),
    (
        "customers list --",
        &["--page-size", "--limit", "--company-name", "--output", "--base-url", "--quiet"],
        &["--port"],
    ),
    ("customers list --output ", &["table", "json", "jsonl", "csv"], &["--page-size", "list"]),
    ("customers list --output js", &["json", "jsonl"], &["csv"]),
    ("--transport ureq customers list --company", &["--company-name"], &["--page-size"]),
    ("auth ", &["status"], &["list"]),
    ("auth status --cloud ", &["global", "china", "us-government", "germany"], &["--output"]),
    ("completions ", &["bash", "zsh", "fish", "powershell", "elvish"], &["list"]),
    ("help customers ", &["list", "get"], &["doctor"]),
    ("help ", &["customers", "auth", "doctor", "completions"], &["list"]),
    // Rejected options are not completed.
    ("completions --", &["--quiet", "--help"], &["--emulator", "--timeout", "--output"]),
    ("emulator --", &["--port", "--token", "--token-lifetime", "--quiet"], &["--emulator", "--timeout", "--transport"]),
    ("emulator --t", &["--token", "--tls"], &["--timeout", "--transport"]),
    ("--", &["--emulator", "--timeout", "--output", "--quiet"], &["--port"]),
    ("customers --", &["--emulator", "--timeout"], &["--port"]),
    ("doctor --", &["--emulator", "--timeout", "--output", "--transport"], &["--port"]),
    ("auth status --", &["--emulator", "--timeout", "--output", "--config"], &["--port"]),
];

fn assert_completed(shell: &str, typed: &str, completions: &str, wanted: &[&str], unwanted: &[&str]) {
    let completions: Vec<_> =
        completions.lines().map(|line| line.split('\t').next().unwrap_or_default().trim()).collect();
    for word in wanted {
        assert!(completions.contains(word), "{shell} does not complete `{typed}` with {word}: {completions:?}");
    }
    for word in unwanted {
        assert!(!completions.contains(word), "{shell} completes `{typed}` with {word}: {completions:?}");
    }
}

#[test]
fn bash_completes_at_every_level() {
    let script = stdout(&["completions", "bash"]);
    for (typed, wanted, unwanted) in CASES {
        // As bash calls it: with the words up to the cursor, the command, the current word, and the previous one.
        let test = format!(
            r#"
            line='partner-center {typed}'
            read -ra COMP_WORDS <<< "$line"
            [[ "$line" == *' ' ]] && COMP_WORDS+=('')
            COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
            function_name=$(complete -p partner-center | sed 's/.*-F \([^ ]*\).*/\1/')
            "$function_name" partner-center "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD - 1]}}"
            printf '%s\n' "${{COMPREPLY[@]}}"
            "#
        );
        let completions = run("bash", &["--norc", "--noprofile"], &format!("{script}{test}")).unwrap();
        assert_completed("bash", typed, &completions, wanted, unwanted);
    }
}

#[test]
fn fish_completes_at_every_level() {
    let script = stdout(&["completions", "fish"]);
    for (typed, wanted, unwanted) in CASES {
        let test = format!("\ncomplete --do-complete 'partner-center {typed}'\n");
        let Some(completions) = run("fish", &["--no-config"], &format!("{script}{test}")) else { return };
        assert_completed("fish", typed, &completions, wanted, unwanted);
    }
}

/// Scripts for elvish complete commands and options, not their values. A script has no editor, so it is replaced.
#[test]
fn elvish_completes_commands_and_options() {
    const EDITOR: &str = "
        fn candidate {|text &display='' &code-suffix=''| put $text }
        var edit: = (ns [&complex-candidate~=$candidate~ &completion:=(ns [&arg-completer=[&]])])
    ";
    let script = stdout(&["completions", "elvish"]);
    for (typed, wanted, unwanted) in CASES {
        let (words, last) = typed.rsplit_once(' ').unwrap_or(("", typed));
        if words.contains("--") || words == "completions" {
            continue;
        }
        let test =
            format!("\n$edit:completion:arg-completer[partner-center] partner-center {words} '{last}' | to-lines\n");
        let Some(completions) = run("elvish", &["-norc"], &format!("{EDITOR}{script}{test}")) else { return };
        let matching: Vec<_> = completions.lines().filter(|line| line.starts_with(last)).collect();
        assert_completed("elvish", typed, &matching.join("\n"), wanted, unwanted);
    }
}

/// The text is typed into a shell in a pseudo-terminal, as the completions of zsh need its line editor.
#[test]
fn zsh_completes_at_every_level() {
    const STARTUP: &str = r#"
        fpath=(FOLDER $fpath)
        autoload -U compinit; compinit -u -D
        # What would be listed is written down, too.
        compadd() {
            if [[ ${@[(I)-[OAD]]} -gt 0 ]]; then builtin compadd "$@"; return; fi
            local -a words
            builtin compadd -O words "$@"
            print -rl -- $words >> FOLDER/completions
            builtin compadd "$@"
        }
        finish() { zle complete-word; print > FOLDER/done; }
        zle -N finish; bindkey '^T' finish
        print > FOLDER/ready
    "#;
    const TEST: &str = r"
        zmodload zsh/zpty
        wait_for() { repeat 400; do [[ -e FOLDER/$1 ]] && return; zpty -r -t terminal ignored; sleep 0.05; done; exit 3 }
        zpty terminal 'TERM=dumb ZDOTDIR=FOLDER zsh -d -i'
        wait_for ready
        zpty -w -n terminal $'partner-center TYPED\x14'
        wait_for done
        cat FOLDER/completions
    ";
    let script = stdout(&["completions", "zsh"]);
    for (typed, wanted, unwanted) in CASES {
        let folder = tempfile::tempdir().unwrap();
        let folder_name = folder.path().to_str().unwrap();
        fs::write(folder.path().join("_partner-center"), &script).unwrap();
        fs::write(folder.path().join(".zshrc"), STARTUP.replace("FOLDER", folder_name)).unwrap();
        let test = TEST.replace("FOLDER", folder_name).replace("TYPED", typed);
        let Some(completions) = run("zsh", &["-f"], &test) else { return };
        assert_completed("zsh", typed, &completions, wanted, unwanted);
    }
}

/// Completes what is typed as fish does, in the home of a user.
fn complete(user: &User, typed: &[&str]) -> String {
    let mut command = user.command(&[&["--", "partner-center"], typed].concat());
    let ended: CommandOutput = command.env("PARTNER_CENTER_COMPLETE", "fish").output().unwrap().into();
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
    ended.stdout
}

#[test]
fn customers_that_were_listed_are_completed() {
    let user = User::new(|builder| builder);
    let list = |arguments: &[&str]| -> CommandOutput {
        let mut command = user.command(&[&["customers", "list", "-o", "jsonl"], arguments].concat());
        command.env("PARTNER_CENTER_TOKEN", Emulator::TOKEN).output().unwrap().into()
    };
    let completed = |typed: &[&str]| {
        let is_customer = |line: &&str| line.split('\t').next().unwrap_or_default().len() == 36;
        complete(&user, typed).lines().filter(is_customer).count()
    };
    // Nothing was listed yet; and a part of the list is none.
    assert_eq!(list(&["--limit", "3"]).status, Some(0));
    assert_eq!(completed(&["users", "list", "--customer", ""]), 0);

    let listed = list(&[]);
    let customer: Value = serde_json::from_str(listed.stdout.lines().nth(7).unwrap()).unwrap();
    let id = customer["id"].as_str().unwrap();
    for typed in [&["users", "list", "--customer", ""][..], &["subscriptions", "get", "--customer", ""]] {
        assert_eq!(completed(typed), 30, "{typed:?}");
    }
    let line = format!("{id}\t{}\n", customer["companyProfile"]["companyName"].as_str().unwrap());
    assert_eq!(complete(&user, &["customers", "get", &id[..6]]), line);
    assert_eq!(complete(&user, &["users", "list", "--customer", &id[..6].to_uppercase()]), line);
    // Another profile has other customers.
    assert_eq!(completed(&["--profile", "emea", "users", "list", "--customer", ""]), 0);
    assert_eq!(completed(&["--profile=emea", "users", "list", "--customer", ""]), 0);

    let file = user.files().into_iter().find(|path| path.ends_with("customers/customers.tsv")).unwrap();
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o077, 0);
    assert_eq!(fs::metadata(file.parent().unwrap()).unwrap().mode() & 0o077, 0);
    assert!(!fs::read_to_string(&file).unwrap().contains(Emulator::TOKEN));
    // What is not to be kept between runs is not kept.
    fs::remove_file(&file).unwrap();
    let mut command = user.command(&["customers", "list"]);
    let command = command.env("PARTNER_CENTER_TOKEN", Emulator::TOKEN).env("PARTNER_CENTER_TOKEN_CACHE", "off");
    assert!(command.output().unwrap().status.success() && !file.exists());
}
