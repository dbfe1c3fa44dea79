//! The authority's part in the sign-in of a user: device codes, authorization codes, consent, and the second factor.

use http::header::LOCATION;
use partner_center_core::{Blocking, Client, Credential, GetCustomer, Transport};
use partner_center_emulator::Emulator;
use serde_json::Value;
use std::{thread, time::Duration};
use uuid::Uuid;

const API_SCOPE: &str = "scope=offline_access+https%3A%2F%2Fapi.partnercenter.microsoft.com%2F.default";
const DEVICE_GRANT: &str = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code";

/// Sends a request and returns status, location and body of the response.
fn send(emulator: &Emulator, method: &str, path: &str, form: &str) -> (u16, String, String) {
    let request = http::Request::builder().method(method).uri(format!("http://localhost:8080{path}"));
    let request = request.body(form.as_bytes().to_vec()).unwrap();
    let response = emulator.transport::<Blocking>().send(request).unwrap();
    let location = response.headers().get(LOCATION).map_or("", |location| location.to_str().unwrap()).to_owned();
    (response.status().as_u16(), location, String::from_utf8(response.body().to_vec()).unwrap())
}

fn post(emulator: &Emulator, path: &str, form: &str) -> (u16, Value) {
    let (status, _, body) = send(emulator, "POST", path, &format!("client_id={}&{form}", Emulator::CLIENT_ID));
    (status, serde_json::from_str(&body).unwrap())
}

fn begin(emulator: &Emulator) -> Value {
    let (status, codes) = post(emulator, "/contoso.com/oauth2/v2.0/devicecode", API_SCOPE);
    assert_eq!(status, 200, "{codes}");
    codes
}

fn poll(emulator: &Emulator, codes: &Value) -> (u16, Value) {
    let form = format!("{DEVICE_GRANT}&{API_SCOPE}&device_code={}", codes["device_code"].as_str().unwrap());
    post(emulator, "/contoso.com/oauth2/v2.0/token", &form)
}

fn enter_code(emulator: &Emulator, codes: &Value, rest: &str) -> u16 {
    let form = format!("user_code={}&{rest}", codes["user_code"].as_str().unwrap());
    send(emulator, "POST", "/devicelogin", &form).0
}

/// Returns the status of the service for a token.
fn status_with(emulator: &Emulator, tokens: &Value) -> Option<String> {
    let token = Credential::token(tokens["access_token"].as_str().unwrap());
    let client = Client::builder(emulator.transport::<Blocking>(), token).build().unwrap();
    let error = client.call(GetCustomer::new(Uuid::nil())).unwrap_err();
    error.service_error().unwrap().code.as_ref().map(ToString::to_string)
}

#[test]
fn device_code_gets_tokens_once_its_user_has_signed_in() {
    let emulator = Emulator::builder().require_mfa(true).device_code_interval(Duration::from_secs(1)).build();
    let codes = begin(&emulator);
    assert_eq!((&codes["interval"], &codes["expires_in"]), (&1.into(), &900.into()));
    assert_eq!(codes["verification_uri"], "http://localhost:8080/devicelogin");
    assert!(codes["message"].as_str().unwrap().contains(codes["user_code"].as_str().unwrap()));
    let (status, error) = poll(&emulator, &codes);
    assert_eq!(
        (status, &error["error"], &error["error_codes"][0]),
        (400, &"authorization_pending".into(), &70_016.into())
    );
    let (_, _, page) = send(&emulator, "GET", "/devicelogin", "");
    assert!(page.contains("name=\"user_code\"") && page.contains("checked"), "{page}");
    assert_eq!(send(&emulator, "POST", "/devicelogin", "user_code=WRONG&decision=accept").0, 400);
    assert_eq!(enter_code(&emulator, &codes, "second_factor=yes&decision=accept"), 200);
    let (status, tokens) = poll(&emulator, &codes);
    assert_eq!(status, 200, "{tokens}");
    assert!(tokens["refresh_token"].is_string());
    assert_ne!(status_with(&emulator, &tokens).as_deref(), Some("900421"));
    let (status, error) = poll(&emulator, &codes);
    assert_eq!((status, &error["error"]), (400, &"bad_verification_code".into()));
}

#[test]
fn first_version_of_the_device_flow_has_its_own_names() {
    let emulator = Emulator::default();
    let resource = "resource=https%3A%2F%2Fapi.partnercenter.microsoft.com";
    let (status, codes) = post(&emulator, "/contoso.com/oauth2/devicecode", resource);
    assert_eq!((status, &codes["expires_in"], &codes["interval"]), (200, &"900".into(), &"5".into()));
    assert!(codes["verification_url"].is_string());
    enter_code(&emulator, &codes, "decision=accept");
    let code = codes["device_code"].as_str().unwrap();
    let form = format!("grant_type=device_code&code={code}&{resource}");
    assert_eq!(post(&emulator, "/contoso.com/oauth2/token", &form).0, 200);
}

#[test]
fn user_without_a_second_factor_gets_a_token_that_the_service_rejects() {
    let emulator = Emulator::builder().require_mfa(true).build();
    let codes = begin(&emulator);
    enter_code(&emulator, &codes, "decision=accept");
    let tokens = poll(&emulator, &codes).1;
    assert_eq!(status_with(&emulator, &tokens).as_deref(), Some("900421"));
    // To refresh it does not help.
    let refresh =
        format!("grant_type=refresh_token&{API_SCOPE}&refresh_token={}", tokens["refresh_token"].as_str().unwrap());
    let refreshed = post(&emulator, "/contoso.com/oauth2/v2.0/token", &refresh).1;
    assert_eq!(status_with(&emulator, &refreshed).as_deref(), Some("900421"));
}

#[test]
fn sign_in_ends_when_it_is_declined_or_expires() {
    let emulator = Emulator::default();
    let declined = begin(&emulator);
    enter_code(&emulator, &declined, "decision=decline");
    assert_eq!(poll(&emulator, &declined).1["error"], "authorization_declined");
    let emulator = Emulator::builder().device_code_lifetime(Duration::from_millis(1)).build();
    let expired = begin(&emulator);
    thread::sleep(Duration::from_millis(20));
    assert_eq!(enter_code(&emulator, &expired, "decision=accept"), 400);
    assert_eq!(poll(&emulator, &expired).1["error_codes"][0], 70_020);
}

#[test]
fn consent_is_required_until_somebody_gives_it() {
    let refresh = format!("grant_type=refresh_token&{API_SCOPE}&refresh_token={}", Emulator::REFRESH_TOKEN);
    let path = "/contoso.com/oauth2/v2.0/token";
    let by_user = Emulator::builder().require_consent(true).build();
    assert_eq!(post(&by_user, path, &refresh).1["error_codes"][0], 65_001);
    enter_code(&by_user, &begin(&by_user), "decision=accept");
    assert_eq!(post(&by_user, path, &refresh).0, 200);

    let by_admin = Emulator::builder().require_consent(true).build();
    let query = format!("/contoso.com/adminconsent?client_id={}&state=7", Emulator::CLIENT_ID);
    assert_eq!(send(&by_admin, "GET", &query, "").0, 200);
    assert_eq!(post(&by_admin, path, &refresh).0, 400, "a page that is shown is not a decision");
    let query = format!("{query}&redirect_uri=http%3A%2F%2Flocalhost%3A4711");
    let (status, location, _) = send(&by_admin, "POST", &query, "decision=accept");
    assert_eq!(status, 302);
    assert!(location.starts_with("http://localhost:4711?admin_consent=True&tenant="), "{location}");
    assert!(location.ends_with("&state=7"), "{location}");
    assert_eq!(post(&by_admin, path, &refresh).0, 200);
}

const AUTHORIZE: &str = "/contoso.com/oauth2/v2.0/authorize?response_type=code&scope=openid&state=a%2Bb\
    &code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

#[test]
fn authorization_code_gets_tokens_for_its_code_verifier() {
    let emulator = Emulator::default();
    let query = format!("{AUTHORIZE}&client_id={}&redirect_uri=http%3A%2F%2Flocalhost%3A4711%2F", Emulator::CLIENT_ID);
    let (status, _, page) = send(&emulator, "GET", &query, "");
    assert!(status == 200 && page.contains("<form"), "{page}");
    let (status, location, _) = send(&emulator, "POST", &query, "decision=accept&second_factor=yes");
    assert_eq!(status, 302);
    let code = location.strip_prefix("http://localhost:4711/?code=").and_then(|rest| rest.strip_suffix("&state=a%2Bb"));
    let code = code.unwrap_or_else(|| panic!("{location}"));
    let redeem = |verifier: &str| {
        let redirect = "redirect_uri=http%3A%2F%2Flocalhost%3A4711%2F";
        let form = format!("grant_type=authorization_code&code={code}&{redirect}&code_verifier={verifier}&{API_SCOPE}");
        post(&emulator, "/contoso.com/oauth2/v2.0/token", &form)
    };
    assert_eq!(redeem("wrong").1["error_codes"][0], 501_481);
    let (status, tokens) = redeem("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    assert!(status == 200 && tokens["refresh_token"].is_string(), "{tokens}");
    assert_eq!(redeem("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").1["error_codes"][0], 54_005);
    let (_, location, _) = send(&emulator, "POST", &query, "decision=decline");
    assert!(location.contains("error=access_denied&error_description=AADSTS65004%3A"), "{location}");
}

#[test]
fn redirect_uri_has_to_be_registered() {
    let emulator = Emulator::default();
    for (uri, status) in [
        ("http%3A%2F%2Flocalhost%3A1", 302),
        ("http%3A%2F%2Flocalhost%3A2%2F", 302),
        ("http%3A%2F%2Flocalhost%3A3%2Fcallback", 400),
        ("http%3A%2F%2F127.0.0.1%3A4", 400),
        ("https%3A%2F%2Fevil.example", 400),
        ("http%3A%2F%2Flocalhost%3A5%2F%0D%0AX%3A%201", 400),
        ("", 400),
    ] {
        let query = format!("{AUTHORIZE}&client_id={}&redirect_uri={uri}", Emulator::CLIENT_ID);
        assert_eq!(send(&emulator, "POST", &query, "decision=accept").0, status, "{uri}");
    }
    let (status, _, page) = send(&emulator, "GET", &format!("{AUTHORIZE}&client_id=other"), "");
    assert!(status == 400 && page.contains("AADSTS700016"), "{page}");
}

#[test]
fn page_shows_no_markup_of_the_request() {
    let (_, _, page) = send(&Emulator::default(), "GET", "/devicelogin?user_code=%22%3E%3Cscript%3E", "");
    assert!(!page.contains("<script>") && page.contains("&quot;&gt;&lt;script&gt;"), "{page}");
}
