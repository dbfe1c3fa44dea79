//! `auth login`, `auth token` and `auth logout`, at the emulator's authority: the test plays the user in the browser.

use crate::{
    command::{CommandOutput, command},
    judged_emulator::judged_emulator,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use partner_center_emulator::{Emulator, EmulatorBuilder, Server};
use serde_json::Value;
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;

/// The options that name the application.
pub(crate) const APP: [&str; 4] = ["--tenant", "contoso.com", "--client-id", Emulator::CLIENT_ID];

/// A user with an empty home folder, and an authority where the user may sign in.
pub(crate) struct User {
    pub(crate) emulator: Emulator,
    pub(crate) server: Server,
    pub(crate) home: TempDir,
}

impl User {
    pub(crate) fn new(configure: impl FnOnce(EmulatorBuilder) -> EmulatorBuilder) -> Self {
        let builder = judged_emulator().customers(30).require_mfa(true);
        let emulator = configure(builder.device_code_interval(Duration::from_secs(1))).build();
        let server = emulator.serve("127.0.0.1:0").unwrap();
        Self { emulator, server, home: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command(arguments);
        command.env("HOME", self.home.path()).env_remove("PARTNER_CENTER_TOKEN_CACHE");
        // No browser is started.
        command.env("PATH", "").env("PARTNER_CENTER_BASE_URL", self.server.url());
        command.env("PARTNER_CENTER_AUTHORITY", self.server.url());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> CommandOutput {
        self.command(arguments).output().unwrap().into()
    }

    /// Runs `auth login`, enters the code with this decision, and returns the output.
    pub(crate) fn sign_in(&self, arguments: &[&str], decision: &str) -> CommandOutput {
        let mut login = Login::start(self.command(&[&["auth", "login"], arguments].concat()));
        let message = login.read_until("enter the code ");
        let code = message.split_once("enter the code ").unwrap().1.split(' ').next().unwrap();
        let page = post_form(&self.server, "/devicelogin", &format!("user_code={code}&{decision}"));
        assert!(page.starts_with("HTTP/1.1 200"), "{page}");
        login.end()
    }

    /// Returns all files below the home folder.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { walk(&path, files) } else { files.push(path) }
            }
        }
        let mut files = Vec::new();
        walk(self.home.path(), &mut files);
        files
    }

    /// Returns all files but the configuration and the locks, which stay, as other commands may wait for them. A lock is empty.
    pub(crate) fn token_files(&self) -> Vec<PathBuf> {
        let is_lock = |path: &Path| {
            path.extension().is_some_and(|extension| extension == "lock") && fs::read(path).unwrap().is_empty()
        };
        self.files().into_iter().filter(|path| !path.ends_with("config.toml") && !is_lock(path)).collect()
    }

    fn token_requests(&self) -> usize {
        self.emulator.requests().iter().filter(|request| request.uri().path().ends_with("/token")).count()
    }
}

pub(crate) const ACCEPT: &str = "decision=accept&second_factor=yes";

/// A running `auth login`.
struct Login {
    child: Child,
    stderr: BufReader<std::process::ChildStderr>,
    said: String,
}

impl Login {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Self { child, stderr, said: String::new() }
    }

    /// Reads standard error up to the line that has `text`, and returns that line.
    fn read_until(&mut self, text: &str) -> String {
        loop {
            let mut line = String::new();
            assert!(self.stderr.read_line(&mut line).unwrap() > 0, "{text:?} is missing: {}", self.said);
            self.said += &line;
            if line.contains(text) {
                return line;
            }
        }
    }

    fn end(mut self) -> CommandOutput {
        self.stderr.read_to_string(&mut self.said).unwrap();
        let output: CommandOutput = self.child.wait_with_output().unwrap().into();
        CommandOutput { stderr: self.said, ..output }
    }
}

/// Sends a request as a browser does, and returns the response.
fn send(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

pub(crate) fn post_form(server: &Server, path: &str, form: &str) -> String {
    let (address, length) = (server.address().to_string(), form.len());
    let head = format!("POST {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {length}");
    send(&address, &format!("{head}\r\n\r\n{form}"))
}

/// From nothing to the first list, with a second factor and consent.
#[cfg(unix)]
#[test]
fn four_commands_lead_from_nothing_to_the_first_list() {
    use crate::terminal::Terminal;

    let user = User::new(|builder| builder.require_consent(true));
    let url = user.server.url();
    let start = |arguments: &[&str]| {
        Terminal::run(200, "unused", arguments, |command| {
            let command = command.env("HOME", user.home.path()).env("PATH", "");
            command.env_remove("PARTNER_CENTER_TOKEN").env_remove("PARTNER_CENTER_BASE_URL")
        })
    };
    assert_eq!(start(&["config", "set", "base_url", &url]).end().0, Some(0));
    assert_eq!(start(&["config", "set", "authority", &url]).end().0, Some(0));
    let mut login = start(&[&["auth", "login"], &APP[..]].concat());
    let screen = login.wait_for("Ctrl-C ends it");
    let code = screen.split_once("enter the code ").unwrap().1.split(' ').next().unwrap();
    post_form(&user.server, "/devicelogin", &format!("user_code={code}&{ACCEPT}"));
    let (status, screen) = login.end();
    assert_eq!(status, Some(0), "{screen}");
    assert!(screen.contains("signed in as admin.agent@contoso.example, in the tenant contoso.com"), "{screen}");
    let (status, screen) = start(&["customers", "list", "--output", "table"]).end();
    assert_eq!(status, Some(0), "{screen}");
    assert!(screen.contains("onmicrosoft.com"), "{screen}");
}

#[test]
fn tokens_are_kept_between_runs_and_renewed() {
    let user = User::new(|builder| builder.strict_refresh_tokens(true));
    let ended = user.sign_in(&APP, ACCEPT);
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(0), ""), "{}", ended.stderr);
    let requested = user.token_requests();
    for transport in ["reqwest", "ureq"] {
        let listed = user.run(&["customers", "list", "--output", "jsonl", "--transport", transport]);
        assert_eq!((listed.status, listed.stdout.lines().count()), (Some(0), 30), "{}", listed.stderr);
    }
    assert_eq!(user.token_requests(), requested, "the access token of the sign-in is used");
    // Twice: the second time with the refresh token that the first one has stored, as the older one is invalid by then.
    for renewed in 1..=2 {
        user.emulator.revoke_access_tokens();
        let listed = user.run(&["customers", "list", "--output", "jsonl"]);
        assert_eq!((listed.status, listed.stdout.lines().count()), (Some(0), 30), "{}", listed.stderr);
        assert_eq!(user.token_requests(), requested + renewed);
    }
    // The application is known: it need not be named again.
    assert_eq!(user.sign_in(&[], ACCEPT).status, Some(0));
}

#[test]
fn browser_comes_back_to_the_command() {
    let user = User::new(|builder| builder);
    for transport in ["reqwest", "ureq"] {
        let arguments = [&["auth", "login", "--browser", "--transport", transport], &APP[..]].concat();
        let mut login = Login::start(user.command(&arguments));
        let url = login.read_until("/oauth2/v2.0/authorize?");
        let page = post_form(&user.server, url.trim().strip_prefix(&user.server.url()).unwrap(), ACCEPT);
        let location = page.lines().find_map(|line| line.strip_prefix("location: http://localhost:")).unwrap();
        let (port, query) = location.split_once('?').unwrap();
        let address = format!("127.0.0.1:{port}");
        let forged = send(&address, "GET /?code=forged&state=forged HTTP/1.1\r\n\r\n");
        assert!(forged.starts_with("HTTP/1.1 404"), "{forged}");
        let page = send(&address, &format!("GET /?{query} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        assert!(page.starts_with("HTTP/1.1 200"), "{page}");
        let ended = login.end();
        assert_eq!(ended.status, Some(0), "{}", ended.stderr);
        assert!(ended.stderr.contains("signed in as admin.agent@contoso.example"), "{}", ended.stderr);
    }
    assert_eq!(user.run(&["customers", "list"]).status, Some(0));
}

#[test]
fn sign_in_without_a_second_factor_is_warned_of_and_explained() {
    let user = User::new(|builder| builder);
    let ended = user.sign_in(&APP, "decision=accept");
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("warning: this sign-in had no second factor"), "{}", ended.stderr);
    let listed = user.run(&["customers", "list"]);
    assert_eq!(listed.status, Some(4));
    assert!(listed.stderr.contains("900421") && listed.stderr.contains("multifactor"), "{}", listed.stderr);
    let status = user.run(&["auth", "status"]);
    assert!(status.stdout.contains("without a second factor"), "{}", status.stdout);
}

#[test]
fn failed_sign_in_says_what_to_do_and_stores_nothing() {
    let user = User::new(|builder| builder);
    let ended = user.sign_in(&APP, "decision=decline");
    assert_eq!(ended.status, Some(4), "{}", ended.stderr);
    assert!(ended.stderr.contains("try:   sign in again, and accept"), "{}", ended.stderr);
    assert!(user.files().is_empty());
    for (fault, status, advice) in [
        ("missing-secret@/contoso.com/oauth2/v2.0/token", 4, "Allow public client flows"),
        ("expired-token", 4, "enter the new code before it expires"),
        ("conditional-access", 4, "Conditional Access"),
    ] {
        let user = User::new(|builder| builder.fault(fault.parse().unwrap()));
        let ended = user.run(&[&["auth", "login"], &APP[..]].concat());
        assert!(ended.status == Some(status) && ended.stderr.contains(advice), "{fault}: {}", ended.stderr);
        assert!(user.files().is_empty());
    }
    let ended = user.run(&["auth", "login"]);
    assert!(ended.status == Some(2) && ended.stderr.contains("the tenant is missing"), "{}", ended.stderr);
    let ended = user.run(&[&["auth", "login"], &APP[..2], &["--client-id", "other"]].concat());
    assert!(ended.status == Some(4) && ended.stderr.contains("AADSTS700016"), "{}", ended.stderr);
    let ended = command(&["auth", "login", "--emulator"]).output().unwrap();
    assert_eq!(ended.status.code(), Some(2));
}

#[test]
fn token_is_printed_and_sign_out_deletes_it() {
    let user = User::new(|builder| builder);
    user.sign_in(&APP, ACCEPT);
    let token = user.run(&["auth", "token"]);
    assert_eq!((token.status, token.stderr.as_str()), (Some(0), ""));
    assert_eq!(token.stdout.trim().split('.').count(), 3, "a JWT");
    let status = user.run(&["auth", "status", "--output", "json"]);
    let status: Value = serde_json::from_str(&status.stdout).unwrap();
    assert_eq!((&status["credential"], &status["user"]), (&"app+user".into(), &"admin.agent@contoso.example".into()));
    assert_eq!((&status["second_factor"], &status["token"]), (&true.into(), &"issued".into()));
    let ended = user.run(&["auth", "logout"]);
    assert!(ended.status == Some(0) && ended.stderr.starts_with("signed out"), "{}", ended.stderr);
    assert_eq!(user.token_files(), [] as [PathBuf; 0]);
    let ended = user.run(&["customers", "list"]);
    assert!(ended.status == Some(2) && ended.stderr.contains("`partner-center auth login`"), "{}", ended.stderr);
    assert!(user.run(&["auth", "logout"]).stderr.starts_with("nobody was signed in"));
}

#[test]
fn sign_out_waits_for_a_command_that_uses_the_refresh_token() {
    let user = User::new(|builder| builder);
    user.sign_in(&APP, ACCEPT);
    let is_lock = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "lock");
    let lock = user.files().into_iter().find(is_lock).unwrap();
    let lock = fs::OpenOptions::new().write(true).open(lock).unwrap();
    lock.lock().unwrap();
    let ended = user.run(&["auth", "logout", "--timeout", "0.5"]);
    assert_eq!(ended.status, Some(5), "{}", ended.stderr);
    assert!(ended.stderr.contains("the sign-in cannot be changed"), "{}", ended.stderr);
    drop(lock);
    assert_eq!(user.run(&["auth", "logout"]).status, Some(0));
}

#[test]
fn sign_out_deletes_the_tokens_of_every_setting() {
    let user = User::new(|builder| builder);
    for cache in ["off", "sometimes"] {
        user.sign_in(&APP, ACCEPT);
        assert_eq!(user.token_files().len(), 3, "the record, the refresh token and the access token");
        let mut command = user.command(&["auth", "logout"]);
        let ended: CommandOutput = command.env("PARTNER_CENTER_TOKEN_CACHE", cache).output().unwrap().into();
        assert!(ended.status == Some(0) && ended.stderr.starts_with("signed out"), "{}", ended.stderr);
        assert_eq!(user.token_files(), [] as [PathBuf; 0]);
    }
    // The application of Azure's variables has no sign-in, but a token.
    let run = |arguments: &[&str]| -> CommandOutput {
        let mut command = user.command(arguments);
        command.args(["--config", "/dev/null"]).envs([
            ("AZURE_TENANT_ID", "contoso.com"),
            ("AZURE_CLIENT_ID", Emulator::CLIENT_ID),
            ("AZURE_CLIENT_SECRET", Emulator::CLIENT_SECRET),
        ]);
        command.output().unwrap().into()
    };
    assert_eq!(run(&["auth", "token"]).status, Some(0));
    assert_eq!(user.token_files().len(), 1);
    let ended = run(&["auth", "logout"]);
    assert!(ended.stderr.starts_with("nobody was signed in; the access token"), "{}", ended.stderr);
    assert_eq!(user.token_files(), [] as [PathBuf; 0]);
}

#[test]
fn sign_in_takes_the_place_of_an_earlier_one() {
    let user = User::new(|builder| builder);
    user.sign_in(&APP, "decision=accept");
    assert_eq!(user.run(&["customers", "list"]).status, Some(4), "without a second factor");
    // Without the cache, nothing but the sign-in itself takes the cached token away.
    let mut login = Login::start({
        let mut command = user.command(&["auth", "login"]);
        command.env("PARTNER_CENTER_TOKEN_CACHE", "off");
        command
    });
    let message = login.read_until("enter the code ");
    let code = message.split_once("enter the code ").unwrap().1.split(' ').next().unwrap().to_owned();
    post_form(&user.server, "/devicelogin", &format!("user_code={code}&{ACCEPT}"));
    assert_eq!(login.end().status, Some(0));
    let listed = user.run(&["customers", "list"]);
    assert_eq!(listed.status, Some(0), "{}", listed.stderr);
    // Not even a token of an earlier sign-in that comes back is used.
    let access_token = user.token_files().into_iter().find(|path| path.to_string_lossy().contains("_user")).unwrap();
    let mut stored: Value = serde_json::from_str(&fs::read_to_string(&access_token).unwrap()).unwrap();
    stored["sign_in"] = "another".into();
    fs::write(&access_token, stored.to_string()).unwrap();
    let requested = user.token_requests();
    assert_eq!(user.run(&["customers", "list"]).status, Some(0));
    assert_eq!(user.token_requests(), requested + 1);
}

/// A command that runs while the user signs out, or in again, stores no token, and does not go on as the other user.
#[test]
fn running_command_does_not_undo_a_sign_out() {
    for (signs_in_again, transport) in [(false, "reqwest"), (true, "ureq")] {
        let user = User::new(|builder| builder.strict_refresh_tokens(true));
        user.sign_in(&APP, ACCEPT);
        let listed = user.run(&["customers", "list", "--output", "jsonl"]);
        let customer: Value = serde_json::from_str(listed.stdout.lines().next().unwrap()).unwrap();
        let id = customer["id"].as_str().unwrap();
        let mut command = user.command(&["customers", "get", "-", "--output", "jsonl", "--transport", transport]);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut running = command.spawn().unwrap();
        let mut ids = running.stdin.take().unwrap();
        let mut stdout = BufReader::new(running.stdout.take().unwrap());
        writeln!(ids, "{id}").unwrap();
        stdout.read_line(&mut String::new()).unwrap();
        user.emulator.revoke_access_tokens();
        let ended = user.run(&["auth", "logout"]);
        assert!(ended.stderr.starts_with("signed out"), "{}", ended.stderr);
        if signs_in_again {
            assert_eq!(user.sign_in(&[], ACCEPT).status, Some(0));
        }
        let files = user.token_files();
        writeln!(ids, "{id}").unwrap();
        drop(ids);
        let ended: CommandOutput = running.wait_with_output().unwrap().into();
        let said = ended.stderr.replace('\n', " ");
        assert!(ended.status == Some(1) && said.contains("that this command began with has ended"), "{}", ended.stderr);
        assert_eq!((user.token_files(), files.is_empty()), (files, !signs_in_again));
        let listed = user.run(&["customers", "list"]);
        assert_eq!(listed.status, Some(if signs_in_again { 0 } else { 2 }), "{}", listed.stderr);
    }
}

#[test]
fn secret_of_a_lower_place_is_not_combined_with_the_application_of_a_profile() {
    let user = User::new(|builder| builder);
    let file = user.home.path().join("settings.toml");
    fs::write(&file, format!("[profile.emea]\ntenant_id = 'contoso.com'\nclient_id = '{}'\n", Emulator::CLIENT_ID))
        .unwrap();
    let run = |arguments: &[&str]| -> CommandOutput {
        let mut command = user.command(arguments);
        command.args(["--config", file.to_str().unwrap()]).envs([
            ("PARTNER_CENTER_CLIENT_SECRET", Emulator::CLIENT_SECRET),
            ("PARTNER_CENTER_REFRESH_TOKEN", Emulator::REFRESH_TOKEN),
        ]);
        command.output().unwrap().into()
    };
    let ended = run(&["auth", "status", "--profile", "emea"]);
    assert!(ended.status == Some(2) && ended.stderr.contains("neither a secret nor"), "{}", ended.stderr);
    // Of the profile that a variable names, the environment is above.
    let ended: CommandOutput = user
        .command(&["auth", "status", "--config", file.to_str().unwrap()])
        .envs([("PARTNER_CENTER_PROFILE", "emea"), ("PARTNER_CENTER_CLIENT_SECRET", Emulator::CLIENT_SECRET)])
        .output()
        .unwrap()
        .into();
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
}

#[test]
fn sign_in_that_other_settings_shadow_is_warned_of() {
    let user = User::new(|builder| builder);
    let ended = user.sign_in(&APP, ACCEPT);
    assert!(!ended.stderr.contains("warning"), "{}", ended.stderr);
    for (variable, value, warning) in [
        (
            "PARTNER_CENTER_TOKEN",
            "token",
            "another credential than this sign-in: access token, from PARTNER_CENTER_TOKEN",
        ),
        ("PARTNER_CENTER_REFRESH_TOKEN", "refresh", "app+user, from client_id in "),
        ("PARTNER_CENTER_CLIENT_ID", "other", "PARTNER_CENTER_CLIENT_ID takes precedence over the client_id that was"),
    ] {
        let mut command = user.command(&[&["auth", "login"], &APP[..]].concat());
        command.env(variable, value);
        let mut login = Login::start(command);
        let message = login.read_until("enter the code ");
        let code = message.split_once("enter the code ").unwrap().1.split(' ').next().unwrap().to_owned();
        post_form(&user.server, "/devicelogin", &format!("user_code={code}&{ACCEPT}"));
        let ended = login.end();
        let said = ended.stderr.replace('\n', " ");
        assert!(ended.status == Some(0) && said.contains(warning), "{}", ended.stderr);
    }
}

#[test]
fn secrets_of_a_sign_in_are_in_private_files_and_in_no_output() {
    let user = User::new(|builder| builder);
    let mut outputs = vec![user.sign_in(&[&APP[..], &["-vvvv"]].concat(), ACCEPT)];
    let secret_files = user.token_files();
    let mut secrets = Vec::new();
    for path in &secret_files {
        let text = fs::read_to_string(path).unwrap();
        if path.extension().is_some_and(|extension| extension == "refresh-token") {
            secrets.push(text.trim().to_owned());
        }
        if let Some(token) = serde_json::from_str::<Value>(&text)
            .ok()
            .and_then(|value| value["access_token"].as_str().map(str::to_owned))
        {
            secrets.push(token);
        }
    }
    assert_eq!(secrets.len(), 2, "{secret_files:?}");
    #[cfg(unix)]
    for path in user.files() {
        use std::os::unix::fs::MetadataExt;
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o077, 0, "{}", path.display());
        if !path.ends_with("config.toml") {
            assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().mode() & 0o077, 0, "{}", path.display());
        }
    }
    for arguments in [
        &["auth", "status", "-vvvv"][..],
        &["auth", "status", "--output", "json"],
        &["config", "list", "--output", "json"],
        &["customers", "list", "-vvvv"],
        &["customers", "list", "-vvvv", "--transport", "ureq"],
        &["doctor", "-vvvv"],
        &["auth", "logout", "-vvvv"],
    ] {
        outputs.push(user.run(arguments));
    }
    for output in outputs {
        assert_eq!(output.status, Some(0), "{}", output.stderr);
        for secret in &secrets {
            assert!(!output.stdout.contains(secret) && !output.stderr.contains(secret), "{output:?}");
        }
    }
}

#[test]
fn variables_of_azure_are_heeded_below_those_of_the_command() {
    let user = User::new(|builder| builder);
    let azure = [
        ("AZURE_TENANT_ID", "contoso.com"),
        ("AZURE_CLIENT_ID", Emulator::CLIENT_ID),
        ("AZURE_CLIENT_SECRET", Emulator::CLIENT_SECRET),
    ];
    let status = |ours: &[(&str, &str)]| -> CommandOutput {
        let mut command = user.command(&["auth", "status"]);
        command.envs(azure).envs(ours.iter().copied()).output().unwrap().into()
    };
    let ended = status(&[]);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(ended.stdout.contains("app-only, from AZURE_CLIENT_ID, AZURE_CLIENT_SECRET"), "{}", ended.stdout);
    assert!(status(&[("PARTNER_CENTER_TOKEN", "token")]).stdout.contains("PARTNER_CENTER_TOKEN"));
    // A secret of another application is not sent for ours.
    let ended = status(&[("PARTNER_CENTER_CLIENT_ID", "mine"), ("PARTNER_CENTER_TENANT_ID", "contoso.com")]);
    assert!(ended.status == Some(2) && ended.stderr.contains("neither a secret nor"), "{}", ended.stderr);
}

#[test]
fn certificate_or_federated_token_stands_in_for_the_secret() {
    let user = User::new(|builder| builder);
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let certificate = file("certificate.pem", include_str!("certificate.pem"));
    let claims =
        r#"{"aud":"api://AzureADTokenExchange","iss":"https://cluster.example","sub":"job","exp":99999999999}"#;
    let federated = file("federated", &format!("e30.{}.c2ln\n", BASE64_URL_SAFE_NO_PAD.encode(claims)));
    let tenant = ("PARTNER_CENTER_TENANT_ID", "contoso.com");
    let client = ("PARTNER_CENTER_CLIENT_ID", Emulator::CLIENT_ID);
    let azure = [("AZURE_TENANT_ID", "contoso.com"), ("AZURE_CLIENT_ID", Emulator::CLIENT_ID)];
    for settings in [
        [tenant, client, ("PARTNER_CENTER_CLIENT_CERTIFICATE_FILE", certificate.as_str())],
        [tenant, client, ("PARTNER_CENTER_FEDERATED_TOKEN_FILE", &federated)],
        [azure[0], azure[1], ("AZURE_CLIENT_CERTIFICATE_PATH", &certificate)],
        [azure[0], azure[1], ("AZURE_FEDERATED_TOKEN_FILE", &federated)],
    ] {
        for transport in ["reqwest", "ureq"] {
            let mut command = user.command(&["auth", "status", "--transport", transport, "-vvvv"]);
            let ended: CommandOutput = command.envs(settings).output().unwrap().into();
            assert_eq!(ended.status, Some(0), "{settings:?}: {}", ended.stderr);
            assert!(ended.stdout.starts_with("credential  app-only"), "{}", ended.stdout);
            assert!(!ended.stderr.contains("PRIVATE KEY") && !ended.stderr.contains("c2ln"), "{}", ended.stderr);
        }
    }
    for (text, why) in [
        ("hush", "it has no certificate in PEM"),
        (include_str!("certificate.pem").split("-----BEGIN PRIVATE").next().unwrap(), "it has no private key in PEM"),
    ] {
        let path = file("invalid.pem", text);
        let mut command = user.command(&["auth", "status"]);
        command.envs([tenant, client, ("PARTNER_CENTER_CLIENT_CERTIFICATE_FILE", path.as_str())]);
        let ended: CommandOutput = command.output().unwrap().into();
        assert_eq!(ended.status, Some(2), "{}", ended.stderr);
        assert!(ended.stderr.contains(why) && !ended.stderr.contains("hush"), "{}", ended.stderr);
    }
}
