//! Secrets are in no output of a command or of a server for assistants, at any verbosity, nor in a file that others can read. What concerns a
//! sign-in is in `sign_in.rs`.

use crate::{
    command::{CommandOutput, DOCUMENTED, command},
    judged_emulator::judged_emulator,
    mcp::Assistant,
    sign_in::{ACCEPT, APP, User},
};
use partner_center_emulator::Emulator;
use serde_json::{Value, json};
use std::{fs, io::Write, path::PathBuf, process::Stdio};

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

/// Each customer gets a user with a password: a change that succeeds, one that the service rejects, and ones that are not sent.
#[test]
fn change_for_many_customers_shows_no_secret_of_its_body() {
    let emulator = judged_emulator().customers(1).build();
    let server = emulator.serve("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let user = json!({
        "usageLocation": "US", "userPrincipalName": "ana@adatumlogistics0.onmicrosoft.com", "firstName": "Ana", "lastName": "Pires",
        "displayName": "Ana Pires", "passwordProfile": { "password": PASSWORD, "forceChangePassword": true },
    });
    let complete = file("user.json", &user.to_string());
    let mut incomplete = user;
    incomplete["passwordProfile"]["password"] = json!([PASSWORD]);
    let incomplete = file("incomplete.json", &incomplete.to_string());
    let password = format!("passwordProfile.password={}", file("password.txt", PASSWORD));
    let journal = folder.path().join("users.journal");
    let mut succeeded = 0;
    for (number, (body, more)) in [
        (&complete, &[][..]),
        (&complete, &["--set-file", &password, "--transport", "ureq", "-o", "table"]),
        // By now the name is taken.
        (&complete, &["--error-format", "json", "-o", "csv"]),
        (&incomplete, &["-o", "yaml"]),
        (&complete, &["--dry-run"]),
        (&complete, &["--curl"]),
    ]
    .into_iter()
    .enumerate()
    {
        let create = ["users", "create", "--all-customers", "--yes", "-vvvv", "-o", "jsonl", "--body", body];
        let create = create.into_iter().filter(|word| !more.contains(&"-o") || !["-o", "jsonl"].contains(word));
        let mut command = command(&create.chain(more.iter().copied()).collect::<Vec<_>>());
        command.env("PARTNER_CENTER_BASE_URL", server.url()).env("PARTNER_CENTER_TOKEN", Emulator::TOKEN);
        if number < 3 {
            command.arg("--journal").arg(&journal);
        }
        let ended = CommandOutput::from(command.output().unwrap());
        succeeded += usize::from(ended.status == Some(0));
        let kept = fs::read_to_string(&journal).unwrap();
        let _ = fs::remove_file(&journal).and_then(|()| fs::write(&journal, ""));
        for text in [&ended.stdout, &ended.stderr, &kept] {
            for secret in [PASSWORD, Emulator::TOKEN, "Bearer "] {
                // The command of curl reads the token from a variable.
                let text = text.replace("Bearer $PARTNER_CENTER_TOKEN", "");
                assert!(!text.contains(secret), "{more:?}: {text}");
            }
        }
        assert!(number > 2 || kept.contains("users create"), "{kept}");
    }
    assert_eq!(succeeded, 3, "one change, and two that were only printed");
}

#[test]
fn secret_that_is_configured_is_shown_by_no_command() {
    const SECRET: &str = "Never-Seen-8~Client.Secret";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let run = |arguments: &[&str], input: &str| -> CommandOutput {
        let mut command = command(&[arguments, &["-vvvv"]].concat());
        let command = command.env("PARTNER_CENTER_CONFIG", &path).stdin(Stdio::piped());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A command that does not read it has closed it.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap().into()
    };
    for name in ["client_secret", "refresh_token", "token"] {
        for (arguments, input, status) in [
            (&["config", "set", name, SECRET][..], "", 2),
            (&["config", "set", name, "-"], "two\nlines Never-Seen-8~Client.Secret", 2),
            (&["config", "set", name, "-"], SECRET, 0),
            (&["config", "get", name], "", 1),
            (&["config", "list"], "", 0),
            (&["config", "list", "-o", "json"], "", 0),
            (&["config", "set", name, ""], "", 0),
        ] {
            let ended = run(arguments, input);
            assert_eq!(ended.status, Some(status), "{arguments:?}: {}", ended.stderr);
            for text in [&ended.stdout, &ended.stderr] {
                assert!(!text.contains("Never-Seen-8"), "{arguments:?}: {text}");
            }
            #[cfg(unix)]
            if path.exists() {
                use std::os::unix::fs::MetadataExt;
                assert_eq!(fs::metadata(&path).unwrap().mode() & 0o077, 0);
            }
        }
    }
}
