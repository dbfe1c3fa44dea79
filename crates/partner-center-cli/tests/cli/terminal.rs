//! The command in a terminal.
#![cfg(unix)]

use crate::{
    command::UNSET,
    server::{last_page, page, serve_responses},
};
use pty_process::{
    Size,
    blocking::{Command, Pty, open},
};
use std::{
    fs::File,
    io::{Read, Write},
    process::Child,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// A pseudo-terminal with a running command.
pub(crate) struct Terminal {
    pty: Pty,
    child: Child,
    written: mpsc::Receiver<Vec<u8>>,
    screen: vt100::Parser,
}

const ROWS: u16 = 24;

impl Terminal {
    pub(crate) fn run(columns: u16, url: &str, arguments: &[&str], configure: impl FnOnce(Command) -> Command) -> Self {
        let (pty, pts) = open().unwrap();
        pty.resize(Size::new(ROWS, columns)).unwrap();
        let command = UNSET.iter().fold(Command::new(env!("CARGO_BIN_EXE_partner-center")), Command::env_remove);
        let command = command
            .args(arguments)
            .env("PARTNER_CENTER_TOKEN", "token")
            .env("PARTNER_CENTER_BASE_URL", url)
            .env("TERM", "xterm");
        let child = configure(command).spawn(pts).unwrap();
        let (sender, written) = mpsc::channel();
        let mut output = File::from(std::os::fd::AsFd::as_fd(&pty).try_clone_to_owned().unwrap());
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            // On Linux, the end of a pseudo-terminal is an error.
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                let _ = sender.send(bytes[..count].to_vec());
            }
        });
        Self { pty, child, written, screen: vt100::Parser::new(ROWS, columns, 0) }
    }

    /// Waits until `shown` is on the screen.
    pub(crate) fn wait_for(&mut self, shown: &str) -> String {
        let until = Instant::now() + Duration::from_secs(20);
        while !self.text().contains(shown) {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(bytes) = self.written.recv_timeout(left) else {
                panic!("{shown:?} is not on the screen: {}", self.text())
            };
            self.screen.process(&bytes);
        }
        self.text()
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.pty.write_all(keys.as_bytes()).unwrap();
    }

    /// Returns the exit status and the content of the screen.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let status = self.child.wait().unwrap();
        // The output ends when the process ends.
        while let Ok(bytes) = self.written.recv() {
            self.screen.process(&bytes);
        }
        (status.code(), self.text())
    }

    fn text(&self) -> String {
        self.screen.screen().contents()
    }
}

const CUSTOMER: &str = r#"{"id": "484e548c-f5f3-4528-93a9-c16c6373cb59"}"#;

fn list(transport: &'static str) -> [&'static str; 6] {
    ["customers", "list", "--output", "jsonl", "--transport", transport]
}

#[test]
fn progress_is_shown_and_taken_back() {
    for transport in ["reqwest", "ureq"] {
        // There is no response for the second page.
        let (url, _requests) = serve_responses(vec![(200, page(CUSTOMER))]);
        let nowhere = || File::create("/dev/null").unwrap();
        let mut terminal = Terminal::run(80, &url, &list(transport), |command| command.stdout(nowhere()));
        terminal.wait_for("1 customer · 1 page · ");
        let waiting = terminal.wait_for("waiting");
        assert_eq!(waiting.lines().count(), 1, "{waiting}");
        terminal.press("\u{3}");
        let (status, left) = terminal.end();
        assert_eq!((status, left.as_str()), (Some(130), ""), "{transport}");
    }
}

#[test]
fn error_clears_the_progress_line() {
    let (url, _requests) = serve_responses(vec![(200, page(CUSTOMER)), (404, String::new())]);
    let nowhere = File::create("/dev/null").unwrap();
    let (status, left) = Terminal::run(80, &url, &list("reqwest"), |command| command.stdout(nowhere)).end();
    assert_eq!(status, Some(3));
    assert!(left.starts_with("error: the list ended early after one customer") && !left.contains('·'), "{left}");
    // Lines are wrapped between words, and indented.
    assert!(left.lines().all(|line| ["error: ", "why:   ", "try:   ", "       "].contains(&&line[..7])), "{left}");
    assert!(left.lines().count() > 3, "{left}");
}

#[test]
fn progress_does_not_mix_with_rows() {
    let (url, _requests) = serve_responses(vec![(200, page(CUSTOMER))]);
    let mut terminal = Terminal::run(80, &url, &list("ureq"), |command| command);
    terminal.wait_for("1 customer · ");
    let both = terminal.wait_for("waiting");
    let lines: Vec<_> = both.lines().collect();
    assert!(matches!(lines[..], [row, line] if row.starts_with('{') && line.starts_with("1 customer · ")), "{both}");
    terminal.press("\u{3}");
    let (status, left) = terminal.end();
    assert_eq!((status, left.lines().map(str::trim_end).collect::<Vec<_>>()), (Some(130), vec![lines[0]]));
}

#[test]
fn some_want_no_progress() {
    for (arguments, term) in [(&["--quiet"][..], "xterm"), (&["-v"], "xterm"), (&[], "dumb")] {
        let (url, _requests) = serve_responses(vec![(200, last_page(CUSTOMER))]);
        let arguments = [&list("reqwest"), arguments].concat();
        let mut terminal = Terminal::run(80, &url, &arguments, |command| command.env("TERM", term));
        terminal.wait_for("}");
        while let Ok(bytes) = terminal.written.recv_timeout(Duration::from_millis(500)) {
            assert!(!bytes.contains(&0x1b), "{arguments:?}: {}", String::from_utf8_lossy(&bytes));
        }
        assert_eq!(terminal.end().0, Some(0));
    }
}

#[test]
fn table_is_as_wide_as_the_terminal() {
    for columns in [80, 160] {
        let customer = |name: &str, domain: &str| {
            format!(
                r#"{{"id": "484e548c-f5f3-4528-93a9-c16c6373cb59", "relationshipToPartner": "reseller",
                    "companyProfile": {{"companyName": "{name}", "domain": "{domain}.onmicrosoft.com"}}}}"#
            )
        };
        let customers = [
            customer("Contoso and Sons, the Best Grocers of All the Towns on the River", "contosoandsons"),
            customer("フジヤマソフトウェア株式会社", "fujiyama"),
            customer("مؤسسة النخيل للتقنية", "alnakheel"),
            customer("Hòa Bình Thương mại", "hoabinh"),
        ];
        let (url, _requests) = serve_responses(vec![(200, last_page(&customers.join(",")))]);
        let arguments = ["customers", "list"];
        let (status, table) = Terminal::run(columns, &url, &arguments, |command| command).end();
        assert_eq!(status, Some(0));
        insta::assert_snapshot!(format!("table_of_{columns}_columns"), table);
    }
}

#[test]
fn ids_are_typed_without_progress_in_between() {
    let (url, _requests) = serve_responses(vec![(200, CUSTOMER.to_owned())]);
    let arguments = ["customers", "get", "-", "--output", "jsonl"];
    let mut terminal = Terminal::run(80, &url, &arguments, |command| command);
    terminal.wait_for("type the IDs");
    terminal.press("484e548c-f5f3-4528-93a9-c16c6373cb59\n");
    terminal.wait_for(r#"{"id":"#);
    terminal.press("\u{4}");
    let (status, left) = terminal.end();
    assert_eq!(status, Some(0), "{left}");
    assert_eq!(left.lines().count(), 3, "{left}");
}

#[test]
fn destructive_request_is_asked_about() {
    for (typed, status, request_count) in [("y\n", 0, 1), ("yes\n", 0, 1), ("n\n", 1, 0), ("\n", 1, 0), ("\u{4}", 1, 0)]
    {
        let (url, requests) = serve_responses(vec![(204, String::new())]);
        let arguments = ["api", "DELETE", "/v1/customers/1"];
        let mut terminal = Terminal::run(80, &url, &arguments, |command| command);
        terminal.wait_for("DELETE /v1/customers/1. Continue? [y/N]");
        terminal.press(typed);
        let (ended, left) = terminal.end();
        assert_eq!((ended, requests.try_iter().count()), (Some(status), request_count), "{typed:?}: {left}");
        assert_eq!(left.contains("error: nothing was sent"), status == 1, "{left}");
    }
    let (url, requests) = serve_responses(vec![(204, String::new())]);
    let mut terminal = Terminal::run(80, &url, &["api", "DELETE", "/v1/customers/1"], |command| command);
    terminal.wait_for("Continue? [y/N]");
    terminal.pty.write_all(b"\xff\n").unwrap();
    let (ended, left) = terminal.end();
    assert_eq!((ended, requests.try_iter().count()), (Some(1), 0), "{left}");
    assert!(left.contains("error: the confirmation cannot be read; nothing was sent"), "{left}");
    let (url, requests) = serve_responses(vec![(204, String::new())]);
    let arguments = ["api", "DELETE", "/v1/customers/1", "--yes"];
    let (ended, left) = Terminal::run(80, &url, &arguments, |command| command).end();
    assert_eq!((ended, left.as_str(), requests.try_iter().count()), (Some(0), "", 1));
}
