//! What is said of the next step: with other profiles, another authority, or a retry.

use crate::{
    command::{DOCUMENTED, command, run, run_at},
    server::{last_page, serve_responses},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;
use std::fs;

#[test]
fn missing_credentials_name_the_profiles() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.toml");
    let profile = |name: &str| format!("[profile.{name}]\ntoken_file = \"/does/not/exist\"\n");
    fs::write(&config, profile("contoso") + &profile("fabrikam")).unwrap();
    let list = ["customers", "list", "--config", config.to_str().unwrap()];
    let ended = run(&list);
    assert_eq!(ended.status, Some(2));
    assert!(ended.stderr.contains("try:   --profile, one of contoso, fabrikam; or sign in"), "{}", ended.stderr);
    fs::write(&config, "").unwrap();
    let ended = run(&list);
    assert!(ended.status == Some(2) && !ended.stderr.contains("--profile"), "{}", ended.stderr);
}

#[test]
fn status_shows_the_tenant_and_the_permissions_of_the_token() {
    let claims =
        r#"{"tid":"5d0e8b47-91c6-4f3d-a2b8-6e17c4905fd1","scp":"user_impersonation","roles":["Reports.Read"]}"#;
    let token = format!("e30.{}.signature", BASE64_URL_SAFE_NO_PAD.encode(claims));
    let status = |format: &str, token: &str| {
        let mut command = command(&["auth", "status", "--output", format]);
        let output = command.env("PARTNER_CENTER_TOKEN", token).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let table = status("table", &token);
    assert!(table.contains("tenant      5d0e8b47-91c6-4f3d-a2b8-6e17c4905fd1\n"), "{table}");
    assert!(table.contains("permissions user_impersonation, Reports.Read\n"), "{table}");
    assert!(!table.contains(&token) && !table.contains("signature"), "{table}");
    let json: Value = serde_json::from_str(&status("json", &token)).unwrap();
    assert_eq!(json["permissions"], "user_impersonation Reports.Read");
    let table = status("table", "opaque");
    assert!(!table.contains("tenant") && !table.contains("permissions"), "{table}");
}

#[test]
fn sign_in_for_another_service_says_where_it_is() {
    let note = "note: the sign-in is at https://login.microsoftonline.com";
    for (authority, is_noted) in [(None, true), (Some("http://127.0.0.1:9"), false)] {
        // The proxy rejects the request, and nothing leaves this machine.
        let (proxy, _requests) = serve_responses(vec![(502, String::new()); 8]);
        let login = ["auth", "login", "--tenant", "contoso.com", "--client-id", DOCUMENTED, "--deadline", "20"];
        let mut command = command(&login);
        command.env("HTTPS_PROXY", proxy).env("PARTNER_CENTER_BASE_URL", "http://127.0.0.1:9");
        command.envs(authority.map(|authority| ("PARTNER_CENTER_AUTHORITY", authority)));
        let output = command.output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.success(), stderr.contains(note)), (false, is_noted), "{stderr}");
    }
}

#[test]
fn retry_in_the_log_names_its_call() {
    for transport in ["reqwest", "ureq"] {
        let (url, _requests) = serve_responses(vec![(503, String::new()), (200, last_page("{}"))]);
        let ended = run_at(&url, &["customers", "list", "-v", "--transport", transport]);
        let line = ended.stderr.lines().find(|line| line.contains("will be retried")).unwrap();
        for field in ["operation=\"listCustomers\"", "status=503", "error=", "request_id="] {
            assert!(line.contains(field), "{field}: {line}");
        }
        assert!(!ended.stderr.contains("token"), "{}", ended.stderr);
    }
}

#[test]
fn confirmation_is_accepted_by_writes_that_do_not_ask() {
    for command in [["customers", "create"], ["carts", "create"], ["users", "create"]] {
        let ended = run(&[&command[..], &["--yes", "--example-body"]].concat());
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{command:?}");
    }
    let ended = run(&["customers", "get", DOCUMENTED, "--emulator", "--yes"]);
    assert_eq!(ended.status, Some(2), "{}", ended.stderr);
}

#[test]
fn help_of_options_shows_how_they_are_used() {
    let ended = run(&["help", "options"]);
    assert!(ended.stdout.contains("\nUsage: partner-center <COMMAND> [OPTIONS]\n"), "{}", ended.stdout);
}
