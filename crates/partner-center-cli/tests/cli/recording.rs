//! The recording `docs/first-list.cast`: from nothing to the first list of customers, with a second factor. `cargo xtask record`
//! writes it; here it is compared, so that it shows what the commands do.
#![cfg(unix)]

use crate::{
    sign_in::{ACCEPT, APP, User, post_form},
    terminal::Terminal,
};
use serde_json::json;
use std::{env, fmt::Write, fs, path::Path};

const COLUMNS: u16 = 120;

/// What stands in the recording for what changes with each run.
const ADDRESS: &str = "http://127.0.0.1:49152";
const CODE: &str = "B7KQ2M9XT";
const HOME: &str = "/home/ana";
const SIGN_IN: &str = "contoso.com_11111111-2222-3333-4444-555555555555";

/// Returns a screen without what changes with each run.
fn replace_changing(screen: &str, user: &User) -> String {
    let screen = screen.replace(&user.server.url(), ADDRESS).replace(user.home.path().to_str().unwrap(), HOME);
    let code = screen.split_once("enter the code ").and_then(|(_, rest)| rest.split_once(' '));
    let sign_in = screen.split_once("sign-ins/").and_then(|(_, rest)| rest.split_once(".refresh-token"));
    match (code, sign_in) {
        (Some((code, _)), _) => screen.replace(code, CODE),
        (None, Some((name, _))) => screen.replace(name, SIGN_IN),
        (None, None) => screen,
    }
}

/// A recording in the format of asciinema, version 2. Its times are made up: programs are fast, and people read.
struct Recording {
    text: String,
    seconds: f64,
}

impl Recording {
    fn new() -> Self {
        let title = "partner-center: from nothing to the first list";
        let header = json!({ "version": 2, "width": COLUMNS, "height": 30, "title": title });
        Self { text: format!("{header}\n"), seconds: 0.0 }
    }

    fn show(&mut self, wait: f64, shown: &str) {
        self.seconds += wait;
        let event = json!([self.seconds, "o", shown.replace('\n', "\r\n")]);
        writeln!(self.text, "{event}").unwrap();
    }

    fn show_screen(&mut self, wait: f64, screen: &str) {
        let lines: Vec<_> = screen.trim().lines().map(str::trim_end).collect();
        self.show(wait, &(lines.join("\n") + "\n"));
    }

    fn type_command(&mut self, arguments: &[&str]) {
        self.show(1.0, "$ ");
        self.show(1.0, &format!("partner-center {}\n", arguments.join(" ")));
    }

    /// Types the command, runs it, and shows what is then on the screen.
    fn run(&mut self, user: &User, arguments: &[&str]) {
        let (status, screen) = start(user, arguments).end();
        assert_eq!(status, Some(0), "{screen}");
        let shown: Vec<_> = arguments.iter().map(|word| replace_changing(word, user)).collect();
        self.type_command(&shown.iter().map(String::as_str).collect::<Vec<_>>());
        self.show_screen(0.5, &replace_changing(&screen, user));
    }
}

fn start(user: &User, arguments: &[&str]) -> Terminal {
    Terminal::run(COLUMNS, "unused", arguments, |command| {
        let command = command.env("HOME", user.home.path()).env("PATH", "");
        command.env_remove("PARTNER_CENTER_TOKEN").env_remove("PARTNER_CENTER_BASE_URL")
    })
}

#[test]
fn recording_of_the_first_list_is_up_to_date() {
    let user = User::new(|builder| builder.require_consent(true).customers(12));
    let url = user.server.url();
    let mut recording = Recording::new();
    recording.run(&user, &["config", "set", "base_url", &url]);
    recording.run(&user, &["config", "set", "authority", &url]);

    let login = [&["auth", "login"], &APP[..]].concat();
    recording.type_command(&login);
    let mut terminal = start(&user, &login);
    let asked = terminal.wait_for("Ctrl-C ends it");
    let code = asked.split_once("enter the code ").unwrap().1.split(' ').next().unwrap().to_owned();
    recording.show_screen(0.5, &replace_changing(&asked, &user));
    // Meanwhile, the user signs in in the browser.
    post_form(&user.server, "/devicelogin", &format!("user_code={code}&{ACCEPT}"));
    let (status, screen) = terminal.end();
    assert_eq!(status, Some(0), "{screen}");
    recording.show_screen(5.0, &replace_changing(screen.strip_prefix(asked.trim_end()).unwrap(), &user));

    recording.run(&user, &["customers", "list"]);
    recording.show(3.0, "$ ");
    assert!(recording.text.contains("onmicrosoft.com"), "{}", recording.text);
    assert_eq!(recording.text.matches("partner-center ").count(), 4, "{}", recording.text);

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/first-list.cast");
    if env::var_os("PARTNER_CENTER_RECORD").is_some() {
        return fs::write(path, recording.text).unwrap();
    }
    // The packaged crate has no documentation beside it.
    let Ok(recorded) = fs::read_to_string(path) else { return };
    assert_eq!(recording.text, recorded, "run `cargo xtask record`");
}
