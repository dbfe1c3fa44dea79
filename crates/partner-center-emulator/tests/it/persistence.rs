//! An emulator that keeps its state in a file.

use crate::{call, get, post};
use http::{Method, StatusCode};
use partner_center_emulator::{DataFileErrorKind, Emulator, EmulatorBuilder};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    net::TcpStream,
    path::Path,
    time::{Duration, UNIX_EPOCH},
};

fn open(path: &Path) -> Emulator {
    Emulator::builder().build_with_data_file(path).unwrap()
}

fn error_kind(builder: EmulatorBuilder, path: &Path) -> DataFileErrorKind {
    let error = builder.build_with_data_file(path).unwrap_err();
    assert!(error.to_string().contains(&*path.to_string_lossy()), "{error}");
    error.kind()
}

fn new_customer(domain: &str) -> Value {
    json!({
        "companyProfile": { "domain": domain },
        "billingProfile": {
            "culture": "en-US",
            "email": "accounts@litware.example",
            "language": "en",
            "companyName": "Litware Tools",
            "defaultAddress": {
                "firstName": "Mara",
                "lastName": "Quist",
                "addressLine1": "12 Harbor Street",
                "city": "Seattle",
                "state": "WA",
                "postalCode": "98101",
                "country": "US",
            },
        },
    })
}

/// Returns everything that is kept, but the time.
fn state(emulator: &Emulator) -> Value {
    let mut snapshot: Value = serde_json::from_str(&emulator.snapshot().to_json()).unwrap();
    snapshot["time"].take();
    snapshot
}

#[test]
fn state_is_there_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("emulator.data");
    let id = "0c9f5a52-6a5b-4a0e-8d6a-5f3a0c1d2e3f";
    let create = |emulator: &Emulator| {
        call(
            emulator,
            &Method::POST,
            "/v1/customers",
            &[("MS-RequestId", id)],
            &new_customer("litware.onmicrosoft.com"),
        )
    };
    let emulator = Emulator::builder().customers(40).seed(3).build_with_data_file(&path).unwrap();
    let (status, _, created) = create(&emulator);
    assert_eq!(status, StatusCode::CREATED);
    let customer = format!("/v1/customers/{}", created["id"].as_str().unwrap());
    let (_, profile) = get(&emulator, &format!("{customer}/profiles/billing"));
    let (_, first) = get(&emulator, "/v1/customers?size=1");
    let deleted = format!("/v1/customers/{}", first["items"][0]["id"].as_str().unwrap());
    assert_eq!(call(&emulator, &Method::DELETE, &deleted, &[], &Value::Null).0, StatusCode::NO_CONTENT);
    let saved = state(&emulator);
    drop(emulator);

    for _ in 0..2 {
        let emulator = open(&path);
        assert_eq!(state(&emulator), saved);
        assert_eq!(get(&emulator, &format!("{customer}/profiles/billing")).1, profile);
        assert_eq!(get(&emulator, &deleted).0, StatusCode::NOT_FOUND);
        assert_eq!(get(&emulator, "/v1/customers").1["totalCount"], 40);
        assert_eq!(create(&emulator).2, created, "a write that is sent again is done once");
    }
}

#[test]
fn clock_goes_on_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("emulator.data");
    let start = UNIX_EPOCH + Duration::from_secs(1_780_304_400);
    let emulator = Emulator::builder().start_time(start).build_with_data_file(&path).unwrap();
    emulator.advance_clock(Duration::from_secs(40 * 24 * 60 * 60));
    drop(emulator);
    let snapshot: Value = serde_json::from_str(&open(&path).snapshot().to_json()).unwrap();
    let time = snapshot["time"].as_str().unwrap();
    assert!(time.starts_with("2026-07-11"), "{time}");
}

#[test]
fn restored_snapshot_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("emulator.data");
    let other = Emulator::builder().customers(5).seed(9).build();
    post(&other, "/v1/customers", &new_customer("elsewhere.onmicrosoft.com"));
    let emulator = open(&path);
    post(&emulator, "/v1/customers", &new_customer("gone.onmicrosoft.com"));
    emulator.restore(&other.snapshot());
    post(&emulator, "/v1/customers", &new_customer("afterwards.onmicrosoft.com"));
    let saved = state(&emulator);
    drop(emulator);
    let emulator = open(&path);
    assert_eq!(state(&emulator), saved);
    assert_eq!(get(&emulator, "/v1/customers").1["totalCount"], 7);
}

#[test]
fn reset_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("emulator.data");
    let emulator = open(&path);
    emulator.advance_clock(Duration::from_secs(40 * 24 * 60 * 60));
    drop(emulator);
    let emulator = open(&path);
    emulator.reset();
    drop(emulator);
    let time = |emulator: &Emulator| -> String {
        let snapshot: Value = serde_json::from_str(&emulator.snapshot().to_json()).unwrap();
        snapshot["time"].as_str().unwrap().to_owned()
    };
    let in_twenty_days = Emulator::default();
    in_twenty_days.advance_clock(Duration::from_secs(20 * 24 * 60 * 60));
    assert!(time(&open(&path)) < time(&in_twenty_days));
}

#[test]
fn revoked_tokens_stay_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("emulator.data");
    let refresh = |emulator: &Emulator| {
        let form = format!(
            "grant_type=refresh_token&client_id={}&client_secret={}&refresh_token={}&resource=https://graph.windows.net",
            Emulator::CLIENT_ID,
            Emulator::CLIENT_SECRET,
            Emulator::REFRESH_TOKEN
        );
        let uri = format!("/{}/oauth2/token", Emulator::TENANT_ID);
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        let mut request = crate::request(Method::POST, &uri, &headers);
        *request.body_mut() = form.into_bytes();
        crate::send(emulator, request).status()
    };
    let emulator = open(&path);
    assert_eq!(refresh(&emulator), StatusCode::OK);
    emulator.revoke_refresh_tokens();
    drop(emulator);
    assert_eq!(refresh(&open(&path)), StatusCode::BAD_REQUEST);
}

#[test]
fn generated_customers_take_no_room_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("emulator.data");
    let emulator = Emulator::builder().customers(10_000_000).build_with_data_file(&path).unwrap();
    assert_eq!(post(&emulator, "/v1/customers", &new_customer("one.onmicrosoft.com")).0, StatusCode::CREATED);
    drop(emulator);
    assert!(fs::metadata(&path).unwrap().len() < 4 << 20);
    let emulator = open(&path);
    assert_eq!(state(&emulator)["state"]["customerCount"], 10_000_000);
    assert_eq!(state(&emulator)["state"]["customers"].as_array().unwrap().len(), 1);
}

#[test]
fn file_is_for_one_emulator_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("emulator.data");
    let emulator = open(&path);
    assert_eq!(error_kind(Emulator::builder(), &path), DataFileErrorKind::InUse);
    drop(emulator);
    drop(open(&path));
}

#[test]
fn file_can_be_opened_after_its_server_has_shut_down() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("emulator.data");
    for _ in 0..5 {
        let server = open(&path).serve("127.0.0.1:0").unwrap();
        let mut connection = TcpStream::connect(server.address()).unwrap();
        write!(connection, "GET /_emulator/requests?wait=60 HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        server.shutdown();
    }
}

#[test]
fn file_keeps_its_settings() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("emulator.data");
    drop(Emulator::builder().seed(5).customers(7).build_with_data_file(&path).unwrap());
    for other in [Emulator::builder().seed(6), Emulator::builder().customers(8), Emulator::builder().rare_values(true)]
    {
        assert_eq!(error_kind(other, &path), DataFileErrorKind::OtherSettings);
    }
    drop(Emulator::builder().seed(5).customers(7).rare_values(false).build_with_data_file(&path).unwrap());
    assert_eq!(get(&open(&path), "/v1/customers").1["totalCount"], 7);
}

#[test]
fn damaged_file_is_an_error_or_complete() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("emulator.data");
    let emulator = open(&path);
    for number in 0..5 {
        post(&emulator, "/v1/customers", &new_customer(&format!("n{number}.onmicrosoft.com")));
    }
    let saved = state(&emulator);
    drop(emulator);
    let intact = fs::read(&path).unwrap();

    let damaged = folder.path().join("damaged.data");
    // The damage is an error, or it does no harm: the state is the same, and the file goes on keeping it.
    let is_rejected = |content: &[u8], damage: &str| {
        fs::write(&damaged, content).unwrap();
        let emulator = match Emulator::builder().build_with_data_file(&damaged) {
            Ok(emulator) => emulator,
            Err(error) => {
                let kinds = [DataFileErrorKind::Damaged, DataFileErrorKind::OtherVersion];
                assert!(kinds.contains(&error.kind()), "{damage}: {error}");
                return true;
            }
        };
        assert_eq!(state(&emulator), saved, "nothing is lost without a word: {damage}");
        let (status, _) = post(&emulator, "/v1/customers", &new_customer("afterwards.onmicrosoft.com"));
        assert_eq!(status, StatusCode::CREATED, "{damage}");
        let written = state(&emulator);
        drop(emulator);
        assert_eq!(state(&open(&damaged)), written, "{damage}");
        false
    };
    assert!(is_rejected(b"{\"customers\": []}", "it is JSON"));
    for length in [5, 100, 4096, intact.len() / 2, intact.len() - 4096] {
        let damage = format!("it is cut off at {length}");
        assert!(is_rejected(&intact[..length], &damage), "{damage}");
    }
    let mut rejected = 0;
    let used: Vec<_> = (0..intact.len()).filter(|place| intact[*place] != 0).collect();
    for place in used.iter().step_by(used.len() / 40) {
        let mut content = intact.clone();
        content[*place] ^= 0x55;
        rejected += usize::from(is_rejected(&content, &format!("byte {place} is another")));
    }
    assert!(rejected > 0);
    // A disk loses whole sectors.
    for sector in used.iter().map(|place| place / 512).collect::<BTreeSet<_>>().into_iter().step_by(5) {
        let mut content = intact.clone();
        content[sector * 512..][..512].fill(0);
        is_rejected(&content, &format!("sector {sector} is empty"));
    }
    is_rejected(&[&intact[..], &[0x55; 5000]].concat(), "there is something behind it");
}

#[test]
fn file_that_cannot_be_made_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(error_kind(Emulator::builder(), &folder.path().join("no/such/folder")), DataFileErrorKind::Io);
    assert_eq!(error_kind(Emulator::builder(), folder.path()), DataFileErrorKind::Io);
    // An empty one, as of `mktemp`, is a new one.
    let empty = folder.path().join("empty");
    fs::write(&empty, []).unwrap();
    drop(open(&empty));
    assert!(fs::metadata(&empty).unwrap().len() > 0);
}
