//! Lists of many customers that are stopped or fail for some: they continue, and a later night reads everything again.

use crate::command::{CommandOutput, command, stdout};
use partner_center_emulator::{Emulator, Server};
use std::{
    fs,
    path::PathBuf,
    process::Command,
    time::{SystemTime, UNIX_EPOCH},
};
use tempfile::TempDir;

/// A customer that there is not, so that each run fails for it.
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// A folder with a list of customers and a journal.
struct Night {
    folder: TempDir,
    emulator: Emulator,
    server: Server,
}

impl Night {
    fn new(fault: Option<&str>) -> Self {
        let builder = Emulator::builder().customers(3);
        let builder = match fault {
            Some(fault) => builder.fault(fault.parse().unwrap()),
            None => builder,
        };
        let emulator = builder.build();
        let server = emulator.serve("127.0.0.1:0").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let list = ["customers", "list", "--emulator", "--emulator-customers", "3", "-o", "csv", "--no-header"];
        let ids = stdout(&[&list[..], &["--columns", "id"]].concat());
        fs::write(folder.path().join("customers.txt"), ids + NOBODY).unwrap();
        Self { folder, emulator, server }
    }

    fn journal(&self) -> PathBuf {
        self.folder.path().join("nightly.journal")
    }

    /// Returns a command for all customers of the list, with the journal.
    fn command(&self, words: &[&str]) -> Command {
        let mut command = command(words);
        command.arg("--customers").arg(self.folder.path().join("customers.txt")).args(["-o", "jsonl"]);
        command.env("PARTNER_CENTER_TOKEN", Emulator::TOKEN).env("PARTNER_CENTER_BASE_URL", self.server.url());
        command
    }

    fn run(&self, words: &[&str]) -> CommandOutput {
        self.command(words).arg("--journal").arg(self.journal()).output().unwrap().into()
    }

    /// Makes the journal one that was begun some hours ago.
    fn make_journal_older(&self, hours: u64) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let text = fs::read_to_string(self.journal()).unwrap();
        let (_, rest) = text.split_once(',').unwrap();
        fs::write(self.journal(), format!(r#"{{"at":{},{rest}"#, now - hours * 3600)).unwrap();
    }

    fn count_requests(&self, end: &str) -> usize {
        self.emulator.requests().iter().filter(|request| request.uri().path().ends_with(end)).count()
    }
}

#[test]
fn old_journal_of_reads_begins_anew() {
    for transport in ["reqwest", "ureq"] {
        let night = Night::new(None);
        let list = ["subscriptions", "list", "--transport", transport];
        let first = night.run(&list);
        assert!(first.status == Some(1) && night.journal().exists(), "{}", first.stderr);
        let of_one_run = night.count_requests("/subscriptions");
        night.make_journal_older(11);
        let same_night = night.run(&list);
        assert_eq!(same_night.stdout, first.stdout);
        assert!(same_night.stderr.contains("; 3 are of an earlier run, of 20"), "{}", same_night.stderr);
        assert_eq!(night.count_requests("/subscriptions"), of_one_run + 1);
        night.make_journal_older(13);
        let next_night = night.run(&list);
        assert_eq!(next_night.stdout, first.stdout);
        assert!(next_night.stderr.starts_with("note: the journal of 20"), "{}", next_night.stderr);
        assert!(
            next_night.stderr.contains(" is older than 12 hours: everything is read again\n"),
            "{}",
            next_night.stderr
        );
        assert!(!next_night.stderr.contains("earlier run"), "{}", next_night.stderr);
        assert_eq!(night.count_requests("/subscriptions"), 2 * of_one_run + 1);
        // It has begun anew: the run after it continues.
        assert!(night.run(&list).stderr.contains("; 3 are of an earlier run"));
    }
}

#[test]
fn old_journal_of_changes_continues() {
    let night = Night::new(None);
    let update = ["billing-profile", "update", "--yes", "--set", "email=ana@contoso.example"];
    let first = night.run(&update);
    assert_eq!(first.status, Some(1), "{}", first.stderr);
    let requests = night.count_requests("/billing");
    night.make_journal_older(13);
    let later = night.run(&update);
    assert!(later.stderr.contains("3 were done in an earlier run"), "{}", later.stderr);
    assert!(!later.stderr.contains("anew") && !later.stderr.contains("again\n"), "{}", later.stderr);
    // What failed alone is tried again.
    assert_eq!(night.count_requests("/billing"), requests + 1);
}

/// The request of the third customer gets no response.
#[cfg(unix)]
#[test]
fn interrupted_list_of_many_customers_says_how_to_continue() {
    use std::{
        process::Stdio,
        thread,
        time::{Duration, Instant},
    };
    for (signal, has_journal, quiet) in [("INT", true, false), ("TERM", false, false), ("INT", true, true)] {
        let night = Night::new(Some("hang@3"));
        let mut command = night.command(&["subscriptions", "list", "--concurrency", "1"]);
        if has_journal {
            command.arg("--journal").arg(night.journal());
        }
        command.args(quiet.then_some("--quiet"));
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let started = Instant::now();
        while night.emulator.requests().len() < 3 {
            assert!(started.elapsed() < Duration::from_secs(60), "{} requests", night.emulator.requests().len());
            thread::sleep(Duration::from_millis(5));
        }
        assert!(Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap().success());
        let ended = CommandOutput::from(child.wait_with_output().unwrap());
        let again = if has_journal {
            format!("the same command continues where this one ended ({})", night.journal().display())
        } else {
            "with --journal FILE, a run can be continued".to_owned()
        };
        let expected = if quiet { String::new() } else { format!("interrupted: 2 of 4 customers done; {again}\n") };
        assert_eq!((ended.status, ended.stderr), (Some(130), expected), "{signal}");
    }
}
