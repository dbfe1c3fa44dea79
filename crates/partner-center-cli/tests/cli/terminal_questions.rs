//! What a terminal shows of changes and of work for many customers.
#![cfg(unix)]

use crate::{
    command::DOCUMENTED,
    judged_emulator::judged_emulator,
    server::{last_page, serve_responses},
    terminal::Terminal,
};
use partner_center_emulator::Emulator;
use std::fs::File;

const SUBSCRIPTION: &str = "9e3258d1-19e2-4b05-bb0b-ffad62f208b8";

#[test]
fn update_shows_the_difference_and_asks() {
    for (typed, status, is_changed) in [("n\n", 1, false), ("y\n", 0, true)] {
        let emulator = judged_emulator().build();
        let server = emulator.serve("127.0.0.1:0").unwrap();
        let update = ["subscriptions", "update", SUBSCRIPTION, "--customer", DOCUMENTED, "--quantity", "15"];
        let mut terminal =
            Terminal::run(200, &server.url(), &update, |command| command.env("PARTNER_CENTER_TOKEN", Emulator::TOKEN));
        let shown = terminal.wait_for("Continue? [y/N]");
        assert!(shown.contains("quantity: ") && shown.contains(" -> 15"), "{shown}");
        terminal.press(typed);
        let (ended, left) = terminal.end();
        assert_eq!(ended, Some(status), "{left}");
        assert_eq!(emulator.requests().iter().any(|request| request.method() == "PATCH"), is_changed, "{left}");
    }
}

#[test]
fn progress_of_many_customers_has_the_rate_and_the_time_left() {
    let emulator = judged_emulator().customers(30).fault("delay:100ms".parse().unwrap()).build();
    let server = emulator.serve("127.0.0.1:0").unwrap();
    let list = ["subscriptions", "list", "--all-customers", "--concurrency", "1", "-o", "jsonl"];
    let mut terminal = Terminal::run(100, &server.url(), &list, |command| {
        command.env("PARTNER_CENTER_TOKEN", Emulator::TOKEN).stdout(File::create("/dev/null").unwrap())
    });
    let shown = terminal.wait_for(" left");
    assert!(shown.contains(" of 30 customers") && shown.contains("/s · "), "{shown}");
    assert_eq!(terminal.end().0, Some(0));
}

#[test]
fn table_fits_a_narrow_terminal() {
    let customer = r#"{"id": "484e548c-f5f3-4528-93a9-c16c6373cb59", "relationshipToPartner": "reseller", "companyProfile":
        {"companyName": "Contoso and Sons, the Best Grocers of All the Towns", "domain": "contosoandsons.onmicrosoft.com"}}"#;
    for columns in [40, 60] {
        let (url, _requests) = serve_responses(vec![(200, last_page(&[customer; 3].join(",")))]);
        let (status, table) = Terminal::run(columns, &url, &["customers", "list"], |command| command).end();
        assert_eq!(status, Some(0), "{table}");
        // A row that did not fit would be on two lines.
        let rows = table.lines().filter(|line| line.starts_with("484e")).count();
        assert!(rows == 3 && table.lines().count() <= 5, "{columns}: {table}");
    }
}
