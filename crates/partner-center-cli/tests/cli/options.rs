//! Each option does the same on both transports.

use crate::{
    command::{CommandOutput, command, run, run_at},
    server::{last_page, page, serve_responses, serve_responses_with_headers},
};
use std::time::{Duration, Instant};

const TRANSPORTS: [&str; 2] = ["reqwest", "ureq"];
const RESELLER: &str = "484e548c-f5f3-4528-93a9-c16c6373cb59";

/// Returns the outcome of `run`, which must be the same over both transports.
fn on_both<T: std::fmt::Debug + PartialEq>(mut run: impl FnMut(&'static str) -> T) -> T {
    let [one, other] = TRANSPORTS.map(&mut run);
    assert_eq!(one, other);
    one
}

#[test]
fn list_options_select_customers() {
    let list = |options: &[&str]| {
        on_both(|transport| {
            let emulator = ["customers", "list", "--emulator", "--transport", transport];
            let CommandOutput { status, stdout, stderr } = run(&[&emulator, options].concat());
            (status, stdout, stderr)
        })
    };
    let lines = |options: &[&str]| {
        let (status, stdout, stderr) = list(&[options, &["--output", "jsonl"]].concat());
        assert_eq!((status, stderr.as_str()), (Some(0), ""), "{options:?}");
        stdout.lines().count()
    };
    for (options, expected) in [
        (&[][..], 25),
        (&["--emulator-customers", "60"], 60),
        (&["--page-size", "7"], 25),
        (&["--limit", "13"], 13),
        (&["--page-size", "7", "--limit", "13"], 13),
        (&["--company-name", "1KL as", "--emulator-customers", "30"], 1),
        (&["--domain", "abcdefgh", "--emulator-customers", "30"], 1),
        (&["--indirect-reseller", RESELLER, "--emulator-customers", "5"], 2),
        (&["--quiet"], 25),
        (&["-v"], 25),
    ] {
        assert_eq!(lines(options), expected, "{options:?}");
    }
    for (form, begins) in [("table", "ID  "), ("json", "[\n{"), ("jsonl", "{\"id\""), ("csv", "id,")] {
        assert!(list(&["--output", form]).1.starts_with(begins), "{form}");
    }
}

/// Returns the request line and the headers that do not depend on the request or the HTTP client.
fn meaning(head: &str) -> Vec<String> {
    let mut lines = head.lines();
    let mut meaning = vec![lines.next().unwrap_or_default().to_owned()];
    let headers = lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_lowercase(), value));
    let random = ["ms-requestid", "ms-correlationid", "host", "user-agent", "accept-encoding", "connection"];
    meaning.extend(
        headers
            .filter(|(name, value)| !random.contains(&name.as_str()) || *value == RESELLER)
            .map(|(name, value)| format!("{name}: {value}")),
    );
    meaning[1..].sort();
    meaning
}

#[test]
fn options_change_the_request() {
    for (options, expected) in [
        (&[][..], "GET /v1/customers HTTP/1.1"),
        (&["--page-size", "7"], "GET /v1/customers?size=7 HTTP/1.1"),
        (
            &["--company-name", "a b&c"],
            "GET /v1/customers?filter=%7B%22Field%22%3A%22CompanyName%22%2C%22Value%22%3A%22a%20b%26c%22%2C\
             %22Operator%22%3A%22starts_with%22%7D HTTP/1.1",
        ),
        (&["--locale", "de-DE"], "x-locale: de-DE"),
        (&[], "x-locale: en-US"),
        (&["--application-name", "billing"], "ms-partnercenter-application: billing"),
        (&["--correlation-id", RESELLER], "ms-correlationid: 484e548c-f5f3-4528-93a9-c16c6373cb59"),
        (&[], "authorization: Bearer token"),
    ] {
        let asked = on_both(|transport| {
            let (url, requests) = serve_responses(vec![(200, last_page("{}"))]);
            let ended = run_at(&url, &[&["customers", "list", "--transport", transport], options].concat());
            assert_eq!(ended.status, Some(0), "{}", ended.stderr);
            meaning(&requests.try_iter().next().unwrap())
        });
        assert!(asked.iter().any(|line| line == expected), "{expected} in {asked:?}");
    }
}

#[test]
fn cloud_decides_the_host() {
    for (cloud, host) in [
        ("global", "api.partnercenter.microsoft.com"),
        ("china", "partner.partnercenterapi.microsoftonline.cn"),
        ("us-government", "api.partnercenter.microsoft.com"),
        ("germany", "api.partnercenter.microsoft.com"),
    ] {
        let asked = on_both(|transport| {
            // The proxy gets the host, and nothing leaves this machine.
            let (proxy, requests) = serve_responses(vec![(502, String::new())]);
            let mut list =
                command(&["customers", "list", "--max-attempts", "1", "--cloud", cloud, "--transport", transport]);
            let output = list.env("PARTNER_CENTER_TOKEN", "token").env("HTTPS_PROXY", proxy).output().unwrap();
            assert_eq!(output.status.code(), Some(1));
            requests.try_iter().next().unwrap().lines().next().unwrap().to_owned()
        });
        assert_eq!(asked, format!("CONNECT {host}:443 HTTP/1.1"));
    }
}

#[test]
fn time_limits_and_attempts_are_respected() {
    let first_line = |ended: &CommandOutput| ended.stderr.lines().next().unwrap_or_default().to_owned();
    for (options, expected) in [
        (&["--timeout", "0.2", "--max-attempts", "1"][..], (1, 1)),
        (&["--timeout", "0.2", "--max-attempts", "2"], (2, 1)),
        (&["--deadline", "0.5", "--max-attempts", "9"], (1, 1)),
    ] {
        let started = Instant::now();
        let (line, count) = on_both(|transport| {
            let (url, requests) = serve_responses(Vec::new());
            let ended = run_at(&url, &[&["customers", "list", "--transport", transport], options].concat());
            assert_eq!(ended.status, Some(1));
            assert!(ended.stderr.contains("timed out"), "{}", ended.stderr);
            (first_line(&ended), requests.try_iter().count())
        });
        assert_eq!((line.as_str(), count), ("error: the customers could not be listed", expected.0), "{options:?}");
        assert!(started.elapsed() < Duration::from_secs(8));
    }
    // Exactly one more attempt.
    for (attempts, status, asked) in [("1", Some(1), 1), ("2", Some(0), 2)] {
        let ended = on_both(|transport| {
            let (url, requests) = serve_responses(vec![(503, String::new()), (200, last_page("{}"))]);
            let list = ["customers", "list", "--max-attempts", attempts, "--transport", transport, "--output", "jsonl"];
            let ended = run_at(&url, &list);
            (ended.status, first_line(&ended), requests.try_iter().count())
        });
        assert_eq!((ended.0, ended.2), (status, asked), "{ended:?}");
    }
}

#[test]
fn max_retry_after_is_an_option_a_variable_and_a_setting() {
    let run = |bound: &str, place: &str| {
        on_both(|transport| {
            let throttled = (429, "Retry-After: 2\r\n".to_owned(), String::new());
            let (url, requests) = serve_responses_with_headers(vec![throttled, (200, String::new(), last_page("{}"))]);
            let file = tempfile::NamedTempFile::new().unwrap();
            let mut list = command(&["customers", "list", "--transport", transport, "--output", "jsonl"]);
            list.env("PARTNER_CENTER_TOKEN", "token").env("PARTNER_CENTER_BASE_URL", url);
            match place {
                "option" => list.args(["--max-retry-after", bound]).env("PARTNER_CENTER_MAX_RETRY_AFTER", "soon"),
                "variable" => list.env("PARTNER_CENTER_MAX_RETRY_AFTER", bound),
                _ => {
                    std::fs::write(file.path(), format!("max_retry_after = '{bound}'\nmax_attempts = '2'")).unwrap();
                    list.arg("--config").arg(file.path())
                }
            };
            let ended = CommandOutput::from(list.output().unwrap());
            (ended.status, requests.try_iter().count())
        })
    };
    for place in ["option", "variable", "file"] {
        assert_eq!(run("1.5", place), (Some(5), 1), "{place}");
        assert_eq!(run("2", place), (Some(0), 2), "{place}");
        assert_eq!(run("soon", place), (Some(2), 0), "{place}");
    }
}

#[test]
fn configuration_file_may_have_numbers() {
    for (line, outcome) in [
        ("max_attempts = 1", (Some(5), 1)),
        ("max_attempts = 2", (Some(0), 2)),
        ("max_retry_after = 2.5", (Some(0), 2)),
        ("max_retry_after = 1.5", (Some(5), 1)),
        ("max_retry_after = 1", (Some(5), 1)),
        ("max_attempts = 2.5", (Some(2), 0)),
        ("max_attempts = -1", (Some(2), 0)),
        ("max_attempts = true", (Some(2), 0)),
        ("max_attempts = [2]", (Some(2), 0)),
    ] {
        let came = on_both(|transport| {
            let throttled = (429, "Retry-After: 2\r\n".to_owned(), String::new());
            let (url, requests) = serve_responses_with_headers(vec![throttled, (200, String::new(), last_page("{}"))]);
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), format!("base_url = '{url}'\ntoken = 'token'\n{line}\n")).unwrap();
            let mut list = command(&["customers", "list", "--transport", transport, "--output", "jsonl", "--config"]);
            let ended = CommandOutput::from(list.arg(file.path()).output().unwrap());
            (ended.status, requests.try_iter().count())
        });
        assert_eq!(came, outcome, "{line}");
    }
}

#[test]
fn emulator_respects_the_variables_of_retries() {
    for (settings, status) in [
        (&[][..], Some(0)),
        (&[("PARTNER_CENTER_MAX_ATTEMPTS", "1")], Some(5)),
        (&[("PARTNER_CENTER_MAX_RETRY_AFTER", "0.5")], Some(5)),
        (&[("PARTNER_CENTER_MAX_ATTEMPTS", "many")], Some(2)),
        // Other settings do not apply to it.
        (&[("PARTNER_CENTER_BASE_URL", "nowhere"), ("PARTNER_CENTER_CLOUD", "mars")], Some(0)),
    ] {
        let found = on_both(|transport| {
            let list = ["customers", "list", "--emulator", "--transport", transport];
            let mut list = command(&[&list[..], &["--emulator-with", "fault=429:retry-after=1@1"]].concat());
            CommandOutput::from(list.envs(settings.iter().copied()).output().unwrap()).status
        });
        assert_eq!(found, status, "{settings:?}");
    }
}

#[test]
fn setting_that_is_not_a_number_is_named() {
    for (name, value, why) in [
        ("PARTNER_CENTER_MAX_RETRY_AFTER", "0", "a number of seconds from 0.001 to 86400"),
        ("PARTNER_CENTER_MAX_ATTEMPTS", "0", "a whole number from 1"),
    ] {
        let mut list = command(&["customers", "list", "--base-url", "http://127.0.0.1:9"]);
        let ended = CommandOutput::from(list.env("PARTNER_CENTER_TOKEN", "token").env(name, value).output().unwrap());
        assert_eq!(ended.status, Some(2), "{}", ended.stderr);
        assert!(ended.stderr.contains(name) && ended.stderr.contains(why), "{}", ended.stderr);
    }
}

#[test]
fn verbose_and_quiet_change_the_log_only() {
    let said = |options: &[&str]| {
        on_both(|transport| {
            let (url, _requests) = serve_responses(vec![(503, String::new()), (200, page("{}")), (404, String::new())]);
            let list = ["customers", "list", "--output", "jsonl", "--transport", transport];
            let ended = run_at(&url, &[&list, options].concat());
            assert_eq!(ended.status, Some(3));
            let of_trace = |line: &&str| line.contains(" WARN ") || line.contains(" INFO ") || line.contains("DEBUG ");
            let trace: Vec<_> = ended.stderr.lines().filter(of_trace).collect();
            // The times in the log are different.
            (
                ended.stderr.lines().count() - trace.len(),
                trace.len(),
                trace.iter().any(|line| line.contains("will be retried")),
            )
        })
    };
    assert_eq!(said(&[]), (3, 0, false));
    assert_eq!(said(&["--quiet"]), (3, 0, false));
    let (errors, warnings, has_retry) = said(&["-v"]);
    assert!(errors == 3 && warnings > 0 && has_retry);
    assert!(said(&["-vvv"]).1 > said(&["-vv"]).1 && said(&["-vv"]).1 > warnings);
}
