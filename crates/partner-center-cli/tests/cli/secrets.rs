//! Secrets are in no output of a server for assistants, at any verbosity, nor in a file that others can read. What concerns a
//! sign-in is in `sign_in.rs`.

use crate::{
    command::{DOCUMENTED, command},
    judged_emulator::judged_emulator,
    mcp::Assistant,
    sign_in::{ACCEPT, APP, User},
};
use partner_center_emulator::Emulator;
use serde_json::{Value, json};
use std::{fs, path::PathBuf};

/// A password that an assistant sends.
const PASSWORD: &str = "Never-Seen-7-Again";

fn new_customer(domain: &str) -> Value {
    json!({
        "companyProfile": { "domain": format!("{domain}.onmicrosoft.com") },
        "billingProfile": {
            "email": "ana@tailspintoys.example", "culture": "en-US", "language": "en", "companyName": "Tailspin Toys",
            "defaultAddress": {
                "country": "US", "city": "Seattle", "state": "WA", "addressLine1": "1 Pine St", "postalCode": "98101",
                "firstName": "Ana", "lastName": "Pires", "phoneNumber": "2065550100",
            },
        },
    })
}

/// Calls tools whose requests or responses have secrets, and tools that fail; returns all that the assistant has seen, and what
/// the server has written to standard error.
fn call_tools_with_secrets(mut assistant: Assistant) -> Vec<String> {
    let mut seen = assistant.call("customers_create", json!({ "body": new_customer("tailspintoys") }));
    let created: Value = serde_json::from_str(&seen[0]).unwrap();
    assert_eq!(created["userCredentials"]["password"], "[secret]");
    let arguments = json!({ "body": new_customer("tailspintoys2"), "query": "userCredentials.password" });
    assert_eq!(assistant.call("customers_create", arguments)[0].trim(), "\"[secret]\"");
    let arguments = json!({ "body": new_customer("tailspintoys3"), "fields": ["userCredentials.password"] });
    assert!(assistant.call("customers_create", arguments)[0].contains("[secret]"));
    let user = json!({
        "usageLocation": "US", "userPrincipalName": "ana@abcdefgh1234.onmicrosoft.com", "firstName": "Ana", "lastName": "Pires",
        "displayName": "Ana Pires", "passwordProfile": { "password": PASSWORD, "forceChangePassword": true },
    });
    seen.extend(assistant.call("users_create", json!({ "customer": DOCUMENTED, "body": user })));
    let wrong = json!({ "usageLocation": "US", "passwordProfile": { "password": [PASSWORD] } });
    seen.push(assistant.call_in_vain("users_create", json!({ "customer": DOCUMENTED, "body": wrong })).to_string());
    seen.extend(assistant.call("customers_list", json!({})));
    let nobody = "00000000-0000-0000-0000-000000000001";
    seen.push(assistant.call_in_vain("customers_get", json!({ "customer": nobody })).to_string());
    let (status, stderr) = assistant.disconnect();
    assert_eq!(status, Some(0), "{stderr}");
    assert!(stderr.contains("partner_center"), "{stderr}");
    seen.push(stderr);
    seen
}

const MCP: [&str; 3] = ["mcp", "--allow-writes", "-vvvv"];

#[test]
fn assistant_sees_no_secret_of_a_configured_credential() {
    let user = User::new(|builder| builder.require_mfa(false));
    let mut server = command(&MCP);
    server.env("PARTNER_CENTER_BASE_URL", user.server.url()).env("PARTNER_CENTER_TOKEN", Emulator::TOKEN);
    for text in call_tools_with_secrets(Assistant::connect_to(server)) {
        for secret in [Emulator::TOKEN, PASSWORD, "Bearer "] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

#[test]
fn assistant_sees_no_secret_of_a_sign_in() {
    let user = User::new(|builder| builder);
    assert_eq!(user.sign_in(&APP, ACCEPT).status, Some(0));
    let stored: Vec<_> = user.token_files().iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    let access_token = |text: &String| {
        let value: Value = serde_json::from_str(text).ok()?;
        value["access_token"].as_str().map(str::to_owned)
    };
    let access_token = stored.iter().find_map(access_token).unwrap();
    let refresh_token = stored.iter().find(|text| !text.starts_with('{')).unwrap().trim();
    let server = user.command(&MCP);
    for text in call_tools_with_secrets(Assistant::connect_to(server)) {
        for secret in [&access_token, refresh_token, PASSWORD, "Bearer ", "eyJ"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    // The customers were listed.
    let names: Vec<PathBuf> = user.files().into_iter().filter(|path| path.ends_with("customers.tsv")).collect();
    assert_eq!(names.len(), 1);
    assert!(!fs::read_to_string(&names[0]).unwrap().contains("eyJ"));
    #[cfg(unix)]
    for path in user.files() {
        use std::os::unix::fs::MetadataExt;
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o077, 0, "{}", path.display());
    }
}

#[test]
fn no_command_shows_its_token_at_any_verbosity() {
    let emulator = judged_emulator().customers(3).build();
    let server = emulator.serve("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal.jsonl");
    let change = ["billing-profile", "update", "--all-customers", "--yes", "--set", "email=a@b.example", "--journal"];
    let change = [&change[..], &[journal.to_str().unwrap()]].concat();
    for arguments in
        [&change[..], &["subscriptions", "list", "--all-customers"], &["verify"], &["config", "list"], &["doctor"]]
    {
        let mut command = command(&[arguments, &["-vvvv"]].concat());
        command.env("HOME", folder.path()).env("PARTNER_CENTER_BASE_URL", server.url());
        let ended = command.env("PARTNER_CENTER_TOKEN", Emulator::TOKEN).output().unwrap();
        let kept = fs::read(&journal).unwrap();
        assert!(!kept.is_empty());
        let text = [ended.stdout, ended.stderr, kept].concat();
        let text = String::from_utf8(text).unwrap();
        assert!(!text.is_empty(), "{arguments:?}");
        assert!(!text.contains(Emulator::TOKEN) && !text.contains("Bearer "), "{arguments:?}: {text}");
    }
}
