//! `config`, and profiles of the configuration file.

use crate::{
    command::{CommandOutput, command},
    judged_emulator::judged_emulator,
};
use partner_center_emulator::Emulator;
use serde_json::Value;
use std::{fs, io::Write, process::Stdio};
use tempfile::TempDir;

/// A folder with a configuration file.
struct Configuration(TempDir);

impl Configuration {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("config.toml"), text).unwrap();
        Self(folder)
    }

    fn path(&self) -> String {
        self.0.path().join("config.toml").to_str().unwrap().to_owned()
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).unwrap()
    }

    fn run_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> CommandOutput {
        let mut command = command(arguments);
        command.env("PARTNER_CENTER_CONFIG", self.path()).envs(variables.iter().copied());
        command.env_remove("PARTNER_CENTER_TOKEN_CACHE").output().unwrap().into()
    }

    fn run(&self, arguments: &[&str]) -> CommandOutput {
        self.run_with(&[], arguments)
    }
}

#[test]
fn setting_is_changed_and_the_rest_of_the_file_is_kept() {
    let file =
        Configuration::new("# the partner\ntenant_id = 'contoso.com' # main\n\n[profile.emea]\ncloud = 'china'\n");
    let set = |arguments: &[&str]| {
        let ended = file.run(&[&["config", "set"], arguments].concat());
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(0), ""), "{}", ended.stderr);
    };
    set(&["client_id", "c-1"]);
    set(&["tenant_id", "fabrikam.com", "--profile", "emea"]);
    set(&["tenant_id", "tailspin.com", "--profile", "apac"]);
    set(&["cloud", "", "--profile", "emea"]);
    assert_eq!(
        file.text(),
        "# the partner\ntenant_id = 'contoso.com' # main\nclient_id = \"c-1\"\n\n[profile.emea]\ntenant_id = \"fabrikam.com\"\n\n\
         [profile.apac]\ntenant_id = \"tailspin.com\"\n"
    );
    let get = |arguments: &[&str]| file.run(&[&["config", "get", "tenant_id"], arguments].concat()).stdout;
    assert_eq!(get(&[]), "contoso.com\n");
    assert_eq!(get(&["--profile", "emea"]), "fabrikam.com\n");
    assert_eq!(file.run(&["config", "path"]).stdout, format!("{}\n", file.path()));
    let ended = file.run(&["config", "get", "client_id", "--profile", "apac"]);
    assert!(ended.status == Some(1) && ended.stderr.contains("it is not set"), "a profile has its own settings only");
    let ended = file.run(&["config", "set", "tennant_id", "x"]);
    assert!(ended.status == Some(2) && ended.stderr.contains("there is no setting `tennant_id`"), "{}", ended.stderr);
}

#[test]
fn unusable_standard_input_and_query_are_usage_errors() {
    let file = Configuration::new("");
    let too_large = "x".repeat((1 << 20) + 1).into_bytes();
    for (input, why) in [(&b"\xff\xfe\xfd"[..], "UTF"), (&too_large, "larger than 1 MiB")] {
        let mut set = command(&["config", "set", "client_secret", "-"]);
        let set = set.env("PARTNER_CENTER_CONFIG", file.path()).stdin(Stdio::piped()).stderr(Stdio::piped());
        let mut set = set.spawn().unwrap();
        let _ = set.stdin.take().unwrap().write_all(input);
        let ended = set.wait_with_output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert!(ended.status.code() == Some(2) && said.contains(why) && !said.contains("disk"), "{said}");
    }
    let ended = file.run(&["customers", "list", "--emulator", "--query", "sum([].id)"]);
    assert!(ended.status == Some(2) && ended.stderr.contains("the query cannot be evaluated"), "{}", ended.stderr);
}

#[test]
fn secret_is_read_from_standard_input_and_never_printed() {
    let file = Configuration::new("");
    let ended = file.run(&["config", "set", "client_secret", "hush"]);
    assert!(ended.status == Some(2) && !ended.stderr.contains("hush"), "{}", ended.stderr);
    let mut set = command(&["config", "set", "client_secret", "-", "--quiet"]);
    let mut set = set.env("PARTNER_CENTER_CONFIG", file.path()).stdin(Stdio::piped()).spawn().unwrap();
    set.stdin.take().unwrap().write_all(b"hush\n").unwrap();
    assert!(set.wait().unwrap().success());
    assert_eq!(file.text(), "client_secret = \"hush\"\n");
    for arguments in [
        &["config", "get", "client_secret"][..],
        &["config", "list"],
        &["config", "list", "-o", "json"],
        &["config", "list", "-o", "csv"],
    ] {
        let ended = file.run(arguments);
        assert!(!ended.stdout.contains("hush") && !ended.stderr.contains("hush"), "{ended:?}");
    }
    let listed: Value = serde_json::from_str(&file.run(&["config", "list", "-o", "json"]).stdout).unwrap();
    assert_eq!((&listed[0]["setting"], &listed[0]["value"]), (&"client_secret".into(), &"(secret)".into()));
}

#[test]
fn profile_is_chosen_by_an_option_or_a_variable() {
    let server = judged_emulator().customers(3).build().serve("127.0.0.1:0").unwrap();
    let url = server.url();
    let file = Configuration::new(&format!(
        "token = 'of-the-top'\n\n[profile.emea]\nbase_url = '{url}'\nauthority = '{url}'\ntenant_id = 'contoso.com'\n\
         client_id = '{}'\nclient_secret = '{}'\n\n[profile.apac]\ntoken = 'of-apac'\n",
        Emulator::CLIENT_ID,
        Emulator::CLIENT_SECRET
    ));
    let source = |variables: &[(&str, &str)], arguments: &[&str]| {
        let ended = file.run_with(variables, &[&["auth", "status", "-o", "json"], arguments].concat());
        assert_eq!(ended.status, Some(0), "{}", ended.stderr);
        let status: Value = serde_json::from_str(&ended.stdout).unwrap();
        (status["settings"].as_str().unwrap().to_owned(), status["profile"].as_str().map(str::to_owned))
    };
    let (settings, profile) = source(&[], &[]);
    assert!(settings.starts_with("token in ") && profile.is_none(), "{settings}");
    let (settings, profile) = source(&[], &["--profile", "emea"]);
    assert!(settings.starts_with("profile.emea.client_id in "), "{settings}");
    assert_eq!(profile.as_deref(), Some("emea"));
    let (settings, _) = source(&[("PARTNER_CENTER_PROFILE", "apac")], &[]);
    assert!(settings.starts_with("profile.apac.token in "), "{settings}");
    // The environment takes precedence over the file, and an option over the environment.
    let token = ("PARTNER_CENTER_TOKEN", "of-the-environment");
    let (settings, _) = source(&[("PARTNER_CENTER_PROFILE", "apac"), token], &[]);
    assert_eq!(settings, "PARTNER_CENTER_TOKEN");
    let (settings, _) = source(&[token], &["--profile", "emea"]);
    assert!(settings.starts_with("profile.emea.client_id in "), "{settings}");
    let listed = file.run(&["customers", "list", "--profile", "emea", "-o", "jsonl"]);
    assert_eq!((listed.status, listed.stdout.lines().count()), (Some(0), 3), "{}", listed.stderr);
}

#[test]
fn unknown_or_invalid_profile_is_explained() {
    let file = Configuration::new("[profile.emea]\ntenant_id = 'a'\n\n[profile.apac]\n");
    for (name, explanation) in [
        ("amer", "name one of apac, emea"),
        ("a b", "the name of the profile is invalid"),
        ("", "the name of the profile is invalid"),
    ] {
        let ended = file.run(&["auth", "status", "--profile", name]);
        assert!(ended.status == Some(2) && ended.stderr.contains(explanation), "{}", ended.stderr);
    }
    for (text, explanation) in [
        ("[profile.emea]\ntennant = 'hush'\n", "there is no setting `tennant` in [profile.emea]"),
        ("[profiles.emea]\ntenant_id = 'a'\n", "there is no table `profiles`"),
        ("[profile]\nemea = 'hush'\n", "`profile.emea` is not a table"),
    ] {
        let ended = Configuration::new(text).run(&["auth", "status"]);
        let said = ended.stderr.replace("\n       ", " ");
        assert!(ended.status == Some(2) && said.contains(explanation) && !said.contains("hush"), "{said}");
    }
}
