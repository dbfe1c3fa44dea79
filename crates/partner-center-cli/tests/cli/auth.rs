//! Authentication: settings, `auth status`, and each kind of credential.

use crate::{
    command::{CommandOutput, command},
    judged_emulator::{judged_emulator, judged_emulator_that_allows},
    server::serve_responses,
    snapshot::{assert_snapshot, transcript},
};
use partner_center_emulator::{Emulator, EmulatorBuilder, Misbehavior, Server};
use serde_json::Value;
use std::{collections::BTreeSet, fs, path::Path, process::Stdio, thread, time::Duration};
use tempfile::TempDir;

/// The settings of app-only authentication.
const APP: [(&str, &str); 3] = [
    ("PARTNER_CENTER_TENANT_ID", "contoso.com"),
    ("PARTNER_CENTER_CLIENT_ID", Emulator::CLIENT_ID),
    ("PARTNER_CENTER_CLIENT_SECRET", Emulator::CLIENT_SECRET),
];
const USER: (&str, &str) = ("PARTNER_CENTER_REFRESH_TOKEN", Emulator::REFRESH_TOKEN);

fn served() -> (Emulator, Server) {
    serve(judged_emulator())
}

fn serve(builder: EmulatorBuilder) -> (Emulator, Server) {
    let emulator = builder.customers(30).build();
    let server = emulator.serve("127.0.0.1:0").unwrap();
    (emulator, server)
}

/// Runs the command with these settings in its environment.
fn run_with<'a>(settings: impl IntoIterator<Item = (&'a str, &'a str)>, arguments: &[&str]) -> CommandOutput {
    command(arguments).envs(settings).output().unwrap().into()
}

/// The settings of both addresses.
fn at(server: &Server) -> [(&'static str, String); 2] {
    [("PARTNER_CENTER_BASE_URL", server.url()), ("PARTNER_CENTER_AUTHORITY", server.url())]
}

fn with<'a>(place: &'a [(&'static str, String)], settings: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    place.iter().map(|(name, value)| (*name, value.as_str())).chain(settings.iter().copied()).collect()
}

#[test]
fn credentials_of_each_kind_are_checked_and_work() {
    let (_, server) = served();
    let place = at(&server);
    for (name, settings) in [
        ("token", vec![("PARTNER_CENTER_TOKEN", Emulator::TOKEN)]),
        ("app_only", APP.to_vec()),
        ("app_user", [&APP[..], &[USER]].concat()),
        ("native_app_user", [&APP[..2], &[USER]].concat()),
    ] {
        let settings = with(&place, &settings);
        for transport in ["reqwest", "ureq"] {
            let ended = run_with(settings.clone(), &["auth", "status", "--transport", transport]);
            assert_eq!(ended.status, Some(0), "{}", ended.stderr);
            assert_snapshot(&format!("auth_{name}"), &transcript(&["auth", "status"], &ended));
            let listed =
                run_with(settings.clone(), &["customers", "list", "--output", "jsonl", "--transport", transport]);
            assert_eq!((listed.status, listed.stdout.lines().count()), (Some(0), 30), "{}", listed.stderr);
            let doctor = run_with(settings.clone(), &["doctor", "--output", "json", "--transport", transport]);
            assert_eq!(doctor.status, Some(0), "{}", doctor.stdout);
        }
    }
}

#[test]
fn formats_have_the_same_content() {
    let (_, server) = served();
    let place = at(&server);
    let stdout = |form| {
        let ended = run_with(with(&place, &APP), &["auth", "status", "--output", form]);
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
        ended.stdout
    };
    let object: Value = serde_json::from_str(&stdout("json")).unwrap();
    assert_eq!(object["credential"], "app-only");
    assert_eq!((&object["token"], &object["cloud"]), (&"issued".into(), &"global".into()));
    assert!((3590..=3600).contains(&object["lives_for_seconds"].as_u64().unwrap()));
    let line: Value = serde_json::from_str(&stdout("jsonl")).unwrap();
    assert_eq!(line["authority"], object["authority"]);
    assert!(stdout("csv").starts_with("credential,settings,cloud,base_url,authority,refresh_token_file,token,"));
}

#[test]
fn app_only_is_told_when_a_user_is_required() {
    let (emulator, server) = serve(judged_emulator_that_allows(&[Misbehavior::MissingPermission]));
    let reseller = emulator.indirect_resellers()[0].to_string();
    let ended = run_with(with(&at(&server), &APP), &["customers", "list", "--indirect-reseller", &reseller]);
    assert_snapshot("auth_needs_user", &transcript(&["customers", "list", "--indirect-reseller", "[guid]"], &ended));
}

#[test]
fn error_of_the_authority_is_explained() {
    let mut said = String::new();
    for fault in ["invalid-client", "invalid-grant", "consent-required", "multifactor-required", "unknown-tenant"] {
        let server = judged_emulator().fault(fault.parse().unwrap()).build().serve("127.0.0.1:0").unwrap();
        let ended = ["reqwest", "ureq"].map(|transport| {
            let ended = run_with(with(&at(&server), &APP), &["auth", "status", "--transport", transport]);
            transcript(&["auth", "status"], &ended)
        });
        // Except for the correlation ID, they are the same.
        assert_eq!(ended[0].len(), ended[1].len());
        said += &ended[0];
    }
    assert_snapshot("auth_rejected", &said);
}

#[test]
fn missing_setting_is_named() {
    let mut said = String::new();
    for settings in [&[][..], &APP[..1], &APP[1..2], &APP[..2], &APP[1..], &[("PARTNER_CENTER_CLOUD", "mars")]] {
        let ended = run_with(settings.iter().copied(), &["auth", "status"]);
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""));
        let names: Vec<_> = settings.iter().map(|(name, _)| *name).collect();
        said.extend([names.join(" "), "\n".to_owned(), transcript(&["auth", "status"], &ended)]);
    }
    assert_snapshot("auth_missing", &said);
}

#[test]
fn rejected_credential_ends_the_command() {
    let emulator = judged_emulator().fault("invalid-client".parse().unwrap()).build();
    let server = emulator.serve("127.0.0.1:0").unwrap();
    for transport in ["reqwest", "ureq"] {
        let before = emulator.requests().len();
        let ids = ["484e548c-f5f3-4528-93a9-c16c6373cb59"; 5];
        let ended =
            run_with(with(&at(&server), &APP), &[&["customers", "get", "--transport", transport], &ids[..]].concat());
        assert_eq!((ended.status, emulator.requests().len()), (Some(4), before + 1), "{}", ended.stderr);
        assert!(ended.stderr.contains("and the 4 IDs after it were not requested"), "{}", ended.stderr);
    }
}

#[test]
fn advice_distinguishes_the_authority_from_the_settings() {
    for (fault, remedy) in [
        ("503", "the authority has an internal error"),
        ("garbage", "check that the authority"),
        ("reset", "check that the authority"),
    ] {
        let server = judged_emulator().fault(fault.parse().unwrap()).build().serve("127.0.0.1:0").unwrap();
        let ended = run_with(with(&at(&server), &APP), &["auth", "status", "--max-attempts", "1"]);
        assert!(ended.status == Some(1) && ended.stderr.contains(remedy), "{fault}: {}", ended.stderr);
    }
}

/// A folder with a configuration file, and the arguments that name it.
fn configured(text: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn settings_can_be_in_a_file_and_the_environment_takes_precedence() {
    let (_, server) = served();
    let url = server.url();
    let secrets = tempfile::tempdir().unwrap();
    let secret = secrets.path().join("secret");
    fs::write(&secret, format!("{}\n", Emulator::CLIENT_SECRET)).unwrap();
    let (_folder, config) = configured(&format!(
        "base_url = '{url}'\nauthority = '{url}'\ntenant_id = 'contoso.com'\nclient_id = '{}'\nclient_secret_file = '{}'\n",
        Emulator::CLIENT_ID,
        secret.display(),
    ));
    let credential = |settings: &[(&str, &str)], arguments: &[&str]| {
        let arguments = [&["auth", "status", "--output", "json"], arguments].concat();
        let ended = run_with(settings.iter().copied(), &arguments);
        assert_eq!(ended.status, Some(0), "{}", ended.stderr);
        serde_json::from_str::<Value>(&ended.stdout).unwrap()["credential"].as_str().unwrap().to_owned()
    };
    assert_eq!(credential(&[], &["--config", &config]), "app-only");
    assert_eq!(credential(&[("PARTNER_CENTER_CONFIG", &config)], &[]), "app-only");
    assert_eq!(credential(&[("PARTNER_CENTER_CONFIG", &config), USER], &[]), "app+user");
    assert_eq!(credential(&[("PARTNER_CENTER_TOKEN", "token")], &["--config", &config]), "access token");
    // As a secret and as the name of its file.
    let (_folder, stale) = configured("token = 'stale'\nclient_secret = 'stale'\n");
    let place = at(&server);
    let settings =
        with(&place, &[&APP[..2], &[("PARTNER_CENTER_CLIENT_SECRET_FILE", secret.to_str().unwrap())]].concat());
    assert_eq!(credential(&settings, &["--config", &stale]), "app-only");
    // The default configuration file.
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("partner-center")).unwrap();
    fs::copy(&config, home.path().join("partner-center/config.toml")).unwrap();
    if cfg!(unix) {
        assert_eq!(credential(&[("XDG_CONFIG_HOME", home.path().to_str().unwrap())], &[]), "app-only");
    }
}

#[test]
fn invalid_file_is_explained_without_its_secrets() {
    for (text, explanation) in [
        ("client_id = 'a'\nclient_secret = 'hush\n", "line 2 is neither `name = \"string\"` nor `name = number`"),
        ("client_id = true\n", "line 1 is neither `name = \"string\"` nor `name = number`"),
        ("client_sekret = 'hush'\n", "there is no setting `client_sekret`"),
        ("client_id = 'a'\ntenant_id = 'b'\nclient_secret_file = '/does/not/exist'\n", "No such file"),
        ("client_id = 'a'\ntenant_id = 'b'\nrefresh_token_file = '/does/not/exist'\n", "does not exist"),
    ] {
        let (_folder, config) = configured(text);
        let ended = run_with([], &["auth", "status", "--config", &config]);
        assert_eq!(ended.status, Some(2));
        let said = ended.stderr.replace("\n       ", " ");
        assert!(said.contains(explanation) && !said.contains("hush"), "{text}: {said}");
    }
    // An audience that the service no longer accepts.
    let retired = [&APP[..], &[("PARTNER_CENTER_AUDIENCE", "https://graph.windows.net")]].concat();
    let ended = run_with(retired, &["auth", "status"]);
    assert!(ended.status == Some(2) && ended.stderr.contains("is retired"), "{}", ended.stderr);
    let ended = run_with([], &["auth", "status", "--config", "/does/not/exist"]);
    assert_eq!(ended.status, Some(2));
}

/// A text in the encodings and with the line ends of editors and shells.
fn spellings(text: &str) -> Vec<Vec<u8>> {
    let marked = format!("\u{feff}{text}\r\n");
    vec![
        text.into(),
        format!("{text}\n").into(),
        format!(" {text}\u{85}").into(),
        marked.clone().into(),
        marked.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        marked.encode_utf16().flat_map(u16::to_be_bytes).collect(),
    ]
}

#[test]
fn files_are_read_as_editors_and_shells_write_them() {
    let (_, server) = served();
    let place = at(&server);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    let path = file.to_str().unwrap();
    let tenant_and_client = &APP[..2];
    for (name, secret) in [
        ("PARTNER_CENTER_TOKEN_FILE", Emulator::TOKEN),
        ("PARTNER_CENTER_CLIENT_SECRET_FILE", Emulator::CLIENT_SECRET),
        ("PARTNER_CENTER_REFRESH_TOKEN_FILE", Emulator::REFRESH_TOKEN),
    ] {
        for (number, spelling) in spellings(secret).into_iter().enumerate() {
            for transport in ["reqwest", "ureq"] {
                fs::write(&file, &spelling).unwrap();
                let settings = with(&place, &[tenant_and_client, &[(name, path)]].concat());
                let ended = run_with(settings, &["customers", "list", "--output", "jsonl", "--transport", transport]);
                assert_eq!(
                    (ended.status, ended.stdout.lines().count()),
                    (Some(0), 30),
                    "{name} {number}: {}",
                    ended.stderr
                );
            }
        }
    }
    let url = server.url();
    for spelling in spellings(&format!("base_url = '{url}'\r\ntoken = '{}'", Emulator::TOKEN)) {
        fs::write(&file, &spelling).unwrap();
        let ended = run_with([], &["customers", "list", "--config", path]);
        assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    }
}

#[test]
fn invalid_secret_is_explained_and_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    let path = file.to_str().unwrap();
    let utf16: Vec<u8> = "hush\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (bytes, why) in [
        (&b""[..], "empty"),
        (b"\xef\xbb\xbf\r\n", "empty"),
        (&utf16, "UTF-16 without a byte order mark"),
        (b"hush\xe9", "save it as UTF-8"),
        (b"\x7fELF\x01\0\0hush\xff\xfe", "binary"),
        (b"Bearer hush\n", "`Bearer`"),
        (b"'hush'\n", "quotation marks"),
        (b"{\"access_token\": \"hush\"}", "JSON"),
        (b"hush\nhush\n", "several lines"),
        (b"hush\xe2\x80\x8b", "U+200B"),
    ] {
        fs::write(&file, bytes).unwrap();
        for name in ["TOKEN_FILE", "CLIENT_SECRET_FILE", "REFRESH_TOKEN_FILE"] {
            let name = format!("PARTNER_CENTER_{name}");
            let ended = run_with([APP[0], APP[1], (name.as_str(), path)], &["auth", "status"]);
            assert_eq!(ended.status, Some(2), "{name} {bytes:?}: {}", ended.stderr);
            assert!(ended.stderr.contains(why) && ended.stderr.contains(&name), "{name} {bytes:?}: {}", ended.stderr);
            assert!(!ended.stderr.contains("hush"), "{}", ended.stderr);
        }
    }
    for (name, value, why) in [
        ("PARTNER_CENTER_TOKEN", "Bearer hush", "`Bearer`"),
        ("PARTNER_CENTER_TOKEN", "\"hush\"", "quotation marks"),
        ("PARTNER_CENTER_CLIENT_SECRET", "\"hush\"", "quotation marks"),
        ("PARTNER_CENTER_REFRESH_TOKEN", "'hush'", "quotation marks"),
        ("PARTNER_CENTER_BASE_URL", "\"https://hush.example\"", "quotation marks"),
    ] {
        let ended = run_with([APP[0], APP[1], (name, value)], &["auth", "status"]);
        assert_eq!(ended.status, Some(2), "{name}: {}", ended.stderr);
        assert!(ended.stderr.contains(why) && ended.stderr.contains(name), "{}", ended.stderr);
        assert!(!ended.stderr.contains("hush"), "{}", ended.stderr);
    }
}

#[test]
fn advice_about_settings_of_a_file_names_the_file() {
    for (text, wanted) in [
        ("client_id = 'a'\n", "tenant_id in "),
        ("client_id = 'a'\ntenant_id = 'b'\n", "client_secret in "),
        ("client_id = 'a'\ntenant_id = 'b'\nrefresh_token_file = '/does/not/exist'\n", "refresh_token in "),
    ] {
        let (_folder, config) = configured(text);
        let ended = run_with([], &["auth", "status", "--config", &config]);
        let wanted = format!("{wanted}{config}");
        assert!(ended.status == Some(2) && ended.stderr.contains(&wanted), "{wanted}: {}", ended.stderr);
        assert!(!ended.stderr.contains("PARTNER_CENTER_"), "{}", ended.stderr);
    }
    let (_, server) = served();
    let (url, refresh_token, client_id) = (server.url(), Emulator::REFRESH_TOKEN, Emulator::CLIENT_ID);
    let (_folder, config) = configured(&format!(
        "base_url = '{url}'\nauthority = '{url}'\ntenant_id = 'b'\nclient_id = '{client_id}'\nrefresh_token = '{refresh_token}'\n"
    ));
    let ended = run_with([], &["auth", "status", "--config", &config]);
    let wanted = format!("name a file for it with refresh_token_file in {config}");
    assert!(ended.status == Some(0) && ended.stderr.contains(&wanted), "{}", ended.stderr);
}

#[test]
fn advice_about_addresses_names_their_source() {
    let nowhere = "http://127.0.0.1:9";
    for transport in ["reqwest", "ureq"] {
        let list = ["customers", "list", "--max-attempts", "1", "--transport", transport];
        let (_folder, config) = configured(&format!("base_url = '{nowhere}'\ntoken = 'token'\n"));
        let app = "tenant_id = 'a'\nclient_id = 'b'\nclient_secret = 'c'\n";
        let (_other_folder, of_authority) = configured(&format!("authority = '{nowhere}'\n{app}"));
        let token = ("PARTNER_CENTER_TOKEN", "token");
        let url = ("PARTNER_CENTER_BASE_URL", nowhere);
        for (settings, options, places) in [
            (&[][..], &["--config", &config][..], format!("(--base-url, base_url in {config})")),
            (&[token, url], &[], "(--base-url, PARTNER_CENTER_BASE_URL)".to_owned()),
            (&[token], &["--base-url", nowhere], "(--base-url)".to_owned()),
            (&[], &["--config", &of_authority], format!("(--cloud, authority in {of_authority})")),
            (
                &[APP[0], APP[1], APP[2], ("PARTNER_CENTER_AUTHORITY", nowhere)],
                &[],
                "(--cloud, PARTNER_CENTER_AUTHORITY)".to_owned(),
            ),
        ] {
            let ended = run_with(settings.iter().copied(), &[&list, options].concat());
            assert!(ended.status == Some(1) && ended.stderr.contains(&places), "{places}: {}", ended.stderr);
        }
        // The same for a response that is not from the service.
        let (url, _requests) = serve_responses(vec![(404, String::new())]);
        let (_folder, config) = configured(&format!("base_url = '{url}'\ntoken = 'token'\n"));
        let ended = run_with([], &[&list[..], &["--config", &config]].concat());
        assert!(ended.stderr.contains(&format!("(--base-url, base_url in {config}) is the")), "{}", ended.stderr);
    }
}

#[test]
fn secrets_are_not_logged_at_any_level() {
    let emulator =
        judged_emulator().customers(3).fault("503@2".parse().unwrap()).fault("401@4".parse().unwrap()).build();
    let server = emulator.serve("127.0.0.1:0").unwrap();
    let place = at(&server);
    let settings = with(&place, &[&APP[..], &[USER]].concat());
    for transport in ["reqwest", "ureq"] {
        for command in [&["customers", "list", "--page-size", "1"][..], &["auth", "status"], &["doctor"]] {
            let ended = run_with(settings.clone(), &[command, &["-vvvv", "--transport", transport]].concat());
            let told = ended.stdout + &ended.stderr;
            assert!(told.contains("attempt"), "{told}");
            for secret in [Emulator::CLIENT_SECRET, Emulator::REFRESH_TOKEN, "Bearer", "access_token"] {
                assert!(!told.contains(secret), "{secret}: {told}");
            }
        }
    }
}

#[test]
fn new_refresh_token_is_stored_in_its_file() {
    let (emulator, server) = served();
    let place = at(&server);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("refresh-token");
    let named = ("PARTNER_CENTER_REFRESH_TOKEN_FILE", file.to_str().unwrap());
    // The first token is in a variable; then the file has the newest.
    let check = |settings: &[(&str, &str)]| run_with(with(&place, settings), &["auth", "status"]);
    assert_eq!(check(&[&APP[..], &[USER, named]].concat()).status, Some(0));
    let first = kept(&file);
    assert_eq!(check(&[&APP[..], &[named]].concat()).status, Some(0));
    let second = kept(&file);
    assert!(![Emulator::REFRESH_TOKEN, &second].contains(&first.as_str()));
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::MetadataExt::mode(&fs::metadata(&file).unwrap()) & 0o777, 0o600);

    // Without a file, there is a note.
    let ended = check(&[&APP[..], &[USER]].concat());
    assert_eq!(ended.status, Some(0));
    assert!(ended.stderr.starts_with("note: a new refresh token was issued and is not stored"), "{}", ended.stderr);

    // A token that cannot be stored is reported, and the command continues: its access token is valid.
    let lost = folder.path().join("missing/refresh-token");
    let lost = ("PARTNER_CENTER_REFRESH_TOKEN_FILE", lost.to_str().unwrap());
    for transport in ["reqwest", "ureq"] {
        let arguments = ["customers", "list", "--output", "jsonl", "--quiet", "--transport", transport];
        let ended = run_with(with(&place, &[&APP[..], &[USER, lost]].concat()), &arguments);
        assert_eq!((ended.status, ended.stdout.lines().count()), (Some(0), 30), "{}", ended.stderr);
        assert!(ended.stderr.starts_with("error: the new refresh token could not be stored in "), "{}", ended.stderr);
        let missing = format!("the folder {} does not exist", folder.path().join("missing").display());
        assert!(ended.stderr.contains(&missing) && !ended.stderr.contains(".partner-center-"), "{}", ended.stderr);
    }
    assert!(emulator.requests().len() > 4);
}

fn kept(file: &Path) -> String {
    fs::read_to_string(file).unwrap().trim().to_owned()
}

/// A process may end at any moment. Every other page needs a new token, as the service rejects every third request, so that
/// many processes are killed during a rotation.
#[test]
fn killed_process_leaves_a_valid_refresh_token() {
    let emulator = judged_emulator().customers(200).fault("401@every:3@/v1/".parse().unwrap());
    // A token becomes invalid when a newer one is used.
    let emulator = emulator.strict_refresh_tokens(true).build();
    let server = emulator.serve("127.0.0.1:0").unwrap();
    let place = at(&server);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("refresh-token");
    fs::write(&file, Emulator::REFRESH_TOKEN).unwrap();
    let named = ("PARTNER_CENTER_REFRESH_TOKEN_FILE", file.to_str().unwrap());
    let mut seen = BTreeSet::new();
    for kill in 0..60_u64 {
        let transport = ["reqwest", "ureq"][usize::from(kill % 2 == 0)];
        let mut list =
            command(&["customers", "list", "--page-size", "1", "--output", "jsonl", "--transport", transport]);
        let list = list.envs(with(&place, &[&APP[..], &[named]].concat())).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = list.spawn().unwrap();
        // Different moments, also within a millisecond.
        thread::sleep(Duration::from_micros(20_000 + kill * 3_137));
        child.kill().unwrap();
        child.wait().unwrap();
        let token = kept(&file);
        let form = format!(
            "grant_type=refresh_token&client_id={}&refresh_token={token}&scope=https://api.partnercenter.microsoft.com/.default",
            Emulator::CLIENT_ID
        );
        let next = refreshed(&emulator, form).unwrap_or_else(|| panic!("after {kill} kills there is {token:?}"));
        fs::write(&file, next).unwrap();
        seen.insert(token);
    }
    assert!(seen.len() > 10, "only {} tokens were ever kept: nothing was killed around a rotation", seen.len());
}

/// Returns the next refresh token, if the one in the form is valid.
fn refreshed(emulator: &Emulator, form: String) -> Option<String> {
    use partner_center::{
        Transport,
        transport::{Blocking, http},
    };
    let request = http::Request::post("/contoso.com/oauth2/v2.0/token").body(form.into_bytes()).unwrap();
    let response = emulator.transport::<Blocking>().send(request).unwrap();
    let body: Value = serde_json::from_slice(response.body()).unwrap();
    body["refresh_token"].as_str().map(str::to_owned)
}
