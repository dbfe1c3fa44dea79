//! The authority: token requests, discovery, and the service's view of its tokens.

use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use partner_center_core::{
    AppRegistration, Blocking, Client, Credential, Customer, CustomerFilter, ErrorKind, ErrorReason, GetCustomer,
    ListCustomers, Method, RawRequest, TokenErrorReason, Transport, UpdateCustomer,
};
use partner_center_emulator::{Emulator, EmulatorBuilder, EmulatorTransport};
use serde_json::{Value, json};
use std::{
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use uuid::Uuid;

fn app() -> AppRegistration {
    AppRegistration::new("contoso.com", Emulator::CLIENT_ID).secret(Emulator::CLIENT_SECRET)
}

fn client(emulator: &Emulator, credential: Credential<Blocking>) -> Client<EmulatorTransport<Blocking>> {
    Client::builder(emulator.transport(), credential).build().unwrap()
}

/// Sends a form and returns status and body of the response.
fn post_form(emulator: &Emulator, path: &str, form: &str) -> (u16, Value) {
    let request = http::Request::post(path).body(form.as_bytes().to_vec()).unwrap();
    let response = emulator.transport::<Blocking>().send(request).unwrap();
    (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap())
}

fn form(more: &str) -> String {
    format!("client_id={}&client_secret={}&{more}", Emulator::CLIENT_ID, Emulator::CLIENT_SECRET)
}

const SCOPE: &str = "scope=https%3A%2F%2Fapi.partnercenter.microsoft.com%2F.default";

#[test]
fn both_grants_authorize_a_list() {
    let emulator = Emulator::builder().customers(3).build();
    for credential in [
        Credential::app_only(app()),
        Credential::app_user(app(), Emulator::REFRESH_TOKEN),
        Credential::app_user(AppRegistration::new("common", Emulator::CLIENT_ID), Emulator::REFRESH_TOKEN),
    ] {
        assert_eq!(client(&emulator, credential).items(ListCustomers::new()).count().unwrap(), 3);
    }
}

#[test]
fn application_without_a_user_gets_no_customers_of_indirect_resellers() {
    let emulator = Emulator::builder().customers(100).build();
    let reseller = emulator.indirect_resellers()[0];
    let listed = |credential| {
        let filter = CustomerFilter::indirect_reseller(reseller);
        client(&emulator, credential).pages(ListCustomers::new().filter(filter)).next().unwrap()
    };
    let error = listed(Credential::app_only(app())).unwrap_err();
    assert!(error.needs_app_and_user(), "{error}");
    assert!(!listed(Credential::app_user(app(), Emulator::REFRESH_TOKEN)).unwrap().items.is_empty());
    assert!(!listed(Credential::token(Emulator::TOKEN)).unwrap().items.is_empty());
}

#[test]
fn operation_for_users_is_not_sent_with_an_app_only_credential() {
    let emulator = Emulator::builder().customers(3).build();
    let id = "5b2c7c1e-0d5f-4a1f-9a51-6f0b9b1a2c3d".parse().unwrap();
    let change: Customer = serde_json::from_str("{}").unwrap();
    let update = |credential| client(&emulator, credential).call(UpdateCustomer::new(id, change.clone())).unwrap_err();
    let error = update(Credential::app_only(app()));
    assert!(error.kind() == ErrorKind::Request && error.needs_app_and_user(), "{error}");
    assert!(error.to_string().contains("App+User"), "{error}");
    let request = RawRequest::new(Method::Get, "/v1/agreements").needs_user(true);
    let error = client(&emulator, Credential::app_only(app())).request(request).unwrap_err();
    assert!(error.needs_app_and_user(), "{error}");
    assert_eq!(emulator.requests().len(), 0, "no token was requested, either");
    let error = update(Credential::app_user(app(), Emulator::REFRESH_TOKEN));
    assert!(error.is_not_found(), "{error}");
}

#[test]
fn tokens_expire_and_can_be_revoked() {
    let emulator = Emulator::builder().token_lifetime(Duration::from_millis(3_600_500)).build();
    let (status, body) =
        post_form(&emulator, "/t/oauth2/v2.0/token", &form(&format!("grant_type=client_credentials&{SCOPE}")));
    assert_eq!((status, &body["expires_in"]), (200, &Value::from(3600.5)));
    let once = client(&emulator, Credential::token(body["access_token"].as_str().unwrap()));
    assert!(once.call(GetCustomer::new(Uuid::nil())).unwrap_err().is_not_found());

    let emulator = Emulator::builder().token_lifetime(Duration::from_millis(1)).build();
    let (_, body) =
        post_form(&emulator, "/t/oauth2/v2.0/token", &form(&format!("grant_type=client_credentials&{SCOPE}")));
    let once = client(&emulator, Credential::token(body["access_token"].as_str().unwrap()));
    thread::sleep(Duration::from_millis(20));
    assert!(once.call(GetCustomer::new(Uuid::nil())).unwrap_err().is_unauthorized());

    let emulator = Emulator::builder().customers(1).build();
    let client = client(&emulator, Credential::app_user(app(), Emulator::REFRESH_TOKEN));
    assert_eq!(client.items(ListCustomers::new()).count().unwrap(), 1);
    emulator.revoke_access_tokens();
    assert_eq!(client.items(ListCustomers::new()).count().unwrap(), 1);
    emulator.revoke_access_tokens();
    emulator.revoke_refresh_tokens();
    let error = client.pages(ListCustomers::new()).next().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credential);
    assert_eq!(error.token_error().unwrap().reason(), Some(TokenErrorReason::InvalidGrant));
    assert_eq!(emulator.requests().len(), 2 + 3 + 2);
}

#[test]
fn old_refresh_token_stays_valid() {
    let emulator = Emulator::default();
    let mut token = Emulator::REFRESH_TOKEN.to_owned();
    let mut seen = vec![token.clone()];
    for _ in 0..3 {
        let fields = format!("grant_type=refresh_token&refresh_token={token}&{SCOPE}");
        token = post_form(&emulator, "/t/oauth2/v2.0/token", &form(&fields)).1["refresh_token"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(!seen.contains(&token));
        seen.push(token.clone());
    }
    for token in seen {
        let fields = format!("grant_type=refresh_token&refresh_token={token}&{SCOPE}");
        assert_eq!(post_form(&emulator, "/t/oauth2/v2.0/token", &form(&fields)).0, 200);
    }
}

#[test]
fn strict_authority_invalidates_old_refresh_tokens_when_a_newer_one_is_used() {
    let emulator = Emulator::builder().strict_refresh_tokens(true).build();
    let refresh = |token: &str| {
        let (status, body) = post_form(
            &emulator,
            "/t/oauth2/v2.0/token",
            &form(&format!("grant_type=refresh_token&refresh_token={token}&{SCOPE}")),
        );
        (status, body["refresh_token"].as_str().unwrap_or_default().to_owned())
    };
    let (_, second) = refresh(Emulator::REFRESH_TOKEN);
    assert_eq!(refresh(Emulator::REFRESH_TOKEN).0, 200, "nobody has used the second one yet");
    assert_eq!(refresh(&second).0, 200);
    assert_eq!(refresh(Emulator::REFRESH_TOKEN).0, 400);
    assert_eq!(refresh(&second).0, 200);
}

#[test]
fn version_1_token_response_has_numbers_as_strings() {
    let resource = "resource=https://api.partnercenter.microsoft.com";
    let fields = form(&format!("grant_type=client_credentials&{resource}"));
    let (status, body) = post_form(&Emulator::default(), "/t/oauth2/token", &fields);
    assert_eq!((status, &body["expires_in"]), (200, &Value::from("3600")));
    assert_eq!(body["resource"], "https://api.partnercenter.microsoft.com");
    let [expires, begins] = ["expires_on", "not_before"].map(|name| body[name].as_str().unwrap().parse::<u64>());
    assert_eq!(expires.unwrap() - begins.unwrap(), 3600);
}

#[test]
fn invalid_token_request_gets_the_error_of_entra() {
    let emulator = Emulator::default();
    for (fields, status, error, code) in [
        (form(&format!("grant_type=password&{SCOPE}")), 400, "unsupported_grant_type", 70_003),
        (form("grant_type=client_credentials&scope=openid"), 400, "invalid_resource", 500_011),
        (form(&format!("grant_type=refresh_token&refresh_token=other&{SCOPE}")), 400, "invalid_grant", 700_082),
        (format!("client_id=other&grant_type=client_credentials&{SCOPE}"), 400, "unauthorized_client", 700_016),
        (
            format!("client_id={}&client_secret=other&grant_type=client_credentials&{SCOPE}", Emulator::CLIENT_ID),
            401,
            "invalid_client",
            7_000_215,
        ),
    ] {
        let (got, body) = post_form(&emulator, "/t/oauth2/v2.0/token", &fields);
        assert_eq!((got, &body["error"], &body["error_codes"][0]), (status, &error.into(), &code.into()), "{fields}");
    }
    let request = http::Request::get("/t/oauth2/v2.0/token").body(Vec::new()).unwrap();
    assert_eq!(emulator.transport::<Blocking>().send(request).unwrap().status(), 405);
}

/// Sends a request without a token and returns status, headers and body of the response.
fn send(emulator: &Emulator, request: http::Request<Vec<u8>>) -> (u16, http::HeaderMap, Value) {
    let (head, body) = emulator.transport::<Blocking>().send(request).unwrap().into_parts();
    (head.status.as_u16(), head.headers, serde_json::from_slice(&body).unwrap())
}

/// Returns a document of the authority.
fn document(path: &str) -> Value {
    let request = http::Request::get(format!("https://localhost:8443{path}")).body(Vec::new()).unwrap();
    let (status, _, document) = send(&Emulator::default(), request);
    assert_eq!(status, 200, "{path}: {document}");
    document
}

/// Returns the claims of a JWT.
fn claims(jwt: &Value) -> Value {
    let parts: Vec<_> = jwt.as_str().unwrap().split('.').collect();
    let [header, claims, signature] = parts[..] else { panic!("{jwt} is not a JWT") };
    let read = |part: &str| -> Value { serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap() };
    assert_eq!((&read(header)["typ"], &read(header)["alg"]), (&json!("JWT"), &json!("RS256")));
    assert!(!signature.is_empty());
    read(claims)
}

#[test]
fn authority_describes_itself() {
    let id = Emulator::TENANT_ID;
    for (tenant, segment, issuer) in [
        ("contoso.com", id, format!("https://localhost:8443/{id}/v2.0")),
        (id, id, format!("https://localhost:8443/{id}/v2.0")),
        ("common", "common", "https://localhost:8443/{tenantid}/v2.0".to_owned()),
    ] {
        let v2 = document(&format!("/{tenant}/v2.0/.well-known/openid-configuration"));
        let authority = format!("https://localhost:8443/{segment}");
        assert_eq!(v2["token_endpoint"], format!("{authority}/oauth2/v2.0/token"));
        assert_eq!(v2["authorization_endpoint"], format!("{authority}/oauth2/v2.0/authorize"));
        assert_eq!(v2["jwks_uri"], format!("{authority}/discovery/v2.0/keys"));
        assert_eq!(v2["issuer"], issuer);
        let v1 = document(&format!("/{tenant}/.well-known/openid-configuration"));
        assert_eq!(v1["token_endpoint"], format!("{authority}/oauth2/token"));
        assert_eq!(document(&format!("/{tenant}/discovery/v2.0/keys")), json!({ "keys": [] }));
    }
    let query = "/common/discovery/instance?api-version=1.1\
                 &authorization_endpoint=https%3A%2F%2Flocalhost%3A8443%2Fcontoso.com%2Foauth2%2Fv2.0%2Fauthorize";
    let instances = document(query);
    assert_eq!(
        instances["tenant_discovery_endpoint"],
        "https://localhost:8443/contoso.com/v2.0/.well-known/openid-configuration"
    );
    assert_eq!(instances["metadata"][0]["aliases"], json!(["localhost:8443"]));
    assert_eq!(document("/common/discovery/instance")["api-version"], "1.1");
}

#[test]
fn errors_of_the_authority_are_json_with_an_error() {
    let emulator = Emulator::default();
    for (method, path, status) in [
        ("GET", "/t/oauth2/v2.0/token", 405),
        ("POST", "/t/v2.0/.well-known/openid-configuration", 405),
        ("POST", "/common/discovery/instance", 405),
        ("GET", "/t/oauth2/v2.0/logout", 404),
        ("GET", "/t/oauth2/v2.0/devicecode", 405),
        ("POST", "/t/oauth2/v2.0/devicecode", 400),
        ("POST", "/t/oauth2/v2.0/token", 400),
    ] {
        let request = http::Request::builder().method(method).uri(path).body(Vec::new()).unwrap();
        let (got, headers, body) = send(&emulator, request);
        assert_eq!(got, status, "{method} {path}");
        assert!(body["error"].is_string() && body["error_description"].is_string(), "{method} {path}: {body}");
        assert_eq!(headers.contains_key("Allow"), status == 405, "{method} {path}");
    }
    for (fault, status, error) in [
        ("503:retry-after=7", 503, "temporarily_unavailable"),
        ("429", 429, "temporarily_unavailable"),
        ("401", 401, "invalid_client"),
        ("400", 400, "invalid_request"),
    ] {
        let emulator = Emulator::builder().fault(fault.parse().unwrap()).build();
        let (got, body) = post_form(&emulator, "/t/oauth2/v2.0/token", "");
        assert_eq!((got, &body["error"]), (status, &json!(error)), "{fault}");
    }
    let limited = Emulator::builder().rate_limit(1.try_into().unwrap()).build();
    let statuses = ["", ""].map(|_| post_form(&limited, "/t/oauth2/v2.0/token", "").0);
    assert_eq!(statuses, [400, 429]);
    let html = Emulator::builder().fault("503:html".parse().unwrap()).build();
    let request = http::Request::post("/t/oauth2/v2.0/token").body(Vec::new()).unwrap();
    assert!(html.transport::<Blocking>().send(request).unwrap().body().starts_with(b"<html>"));
}

#[test]
fn client_authenticates_by_form_or_by_header() {
    let emulator = Emulator::default();
    let fields = format!("grant_type=client_credentials&{SCOPE}");
    let by_header = |credentials: &str, fields: &str| {
        let authorization = format!("Basic {}", BASE64_STANDARD.encode(credentials));
        let request = http::Request::post("/t/oauth2/v2.0/token").header("Authorization", authorization);
        send(&emulator, request.body(fields.as_bytes().to_vec()).unwrap())
    };
    // Form-encoded, as RFC 6749 requires.
    let encoded = format!("{}:{}", Emulator::CLIENT_ID, Emulator::CLIENT_SECRET.replace('-', "%2D"));
    for credentials in [&encoded, &format!("{}:{}", Emulator::CLIENT_ID, Emulator::CLIENT_SECRET)] {
        let (status, headers, body) = by_header(credentials, &fields);
        assert_eq!(status, 200, "{body}");
        assert!(headers["Cache-Control"].to_str().unwrap().contains("no-store"));
        let client = client(&emulator, Credential::token(body["access_token"].as_str().unwrap()));
        assert!(client.call(GetCustomer::new(Uuid::nil())).unwrap_err().is_not_found());
    }
    let (status, headers, body) = by_header(&format!("{}:wrong", Emulator::CLIENT_ID), &fields);
    assert_eq!((status, &body["error"]), (401, &json!("invalid_client")));
    assert!(headers["WWW-Authenticate"].to_str().unwrap().starts_with("Basic realm="));
    let (status, _, body) = by_header(&encoded, &form(&fields));
    assert_eq!((status, &body["error"]), (400, &json!("invalid_request")), "one way at a time");
}

#[test]
fn access_token_is_a_jwt_of_the_application_or_of_its_user() {
    let emulator = Emulator::default();
    let before = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let path = "/contoso.com/oauth2/v2.0/token";
    let (_, of_app) = post_form(&emulator, path, &form(&format!("grant_type=client_credentials&{SCOPE}")));
    let app = claims(&of_app["access_token"]);
    let issued = app["iat"].as_u64().unwrap();
    assert!((before..before + 60).contains(&issued));
    assert_eq!((&app["nbf"], &app["exp"]), (&issued.into(), &(issued + 3600).into()));
    assert_eq!(app["aud"], "https://api.partnercenter.microsoft.com");
    assert_eq!(app["iss"], format!("https://sts.windows.net/{}/", Emulator::TENANT_ID));
    assert_eq!((&app["tid"], &app["appid"]), (&Emulator::TENANT_ID.into(), &Emulator::CLIENT_ID.into()));
    assert_eq!(app["appidacr"], "1");
    assert_eq!((app.get("scp"), app.get("upn")), (None, None));
    assert_eq!(of_app.get("refresh_token"), None);

    let refresh = format!("grant_type=refresh_token&refresh_token={}", Emulator::REFRESH_TOKEN);
    let scope = "scope=offline_access+openid+https%3A%2F%2Fapi.partnercenter.microsoft.com%2F.default+profile";
    let (status, of_user) = post_form(&emulator, path, &form(&format!("{refresh}&client_info=1&{scope}")));
    assert_eq!(status, 200, "{of_user}");
    let user = claims(&of_user["access_token"]);
    assert_eq!((&user["scp"], &user["amr"]), (&json!("user_impersonation"), &json!(["pwd", "mfa"])));
    assert!(user["oid"] != app["oid"] && user["upn"].is_string());
    let api = "https://api.partnercenter.microsoft.com";
    assert_eq!(of_user["scope"], format!("{api}/user_impersonation {api}/.default"));
    let identity = claims(&of_user["id_token"]);
    assert_eq!((&identity["aud"], &identity["oid"]), (&Emulator::CLIENT_ID.into(), &user["oid"]));
    let info = BASE64_URL_SAFE_NO_PAD.decode(of_user["client_info"].as_str().unwrap()).unwrap();
    let info: Value = serde_json::from_slice(&info).unwrap();
    assert_eq!(info, json!({ "uid": user["oid"], "utid": Emulator::TENANT_ID }));

    // A tenant that is named by its identifier stays that tenant.
    let tenant = "5d0c1a52-6f4b-4e0e-9a58-3b7c2f9d1e60";
    let native = format!("client_id={}&{refresh}&{SCOPE}", Emulator::CLIENT_ID);
    let (_, of_native) = post_form(&emulator, &format!("/{tenant}/oauth2/v2.0/token"), &native);
    let native = claims(&of_native["access_token"]);
    assert_eq!((&native["tid"], &native["appidacr"]), (&tenant.into(), &"0".into()));
    assert_eq!((of_native.get("id_token"), of_native.get("client_info")), (None, None));
}

#[test]
fn damaged_access_token_is_rejected() {
    let emulator = Emulator::default();
    let fields = form(&format!("grant_type=client_credentials&{SCOPE}"));
    let (_, body) = post_form(&emulator, "/t/oauth2/v2.0/token", &fields);
    let token = body["access_token"].as_str().unwrap();
    let parts: Vec<_> = token.split('.').collect();
    let uti = claims(&body["access_token"])["uti"].as_str().unwrap().to_owned();
    let unsigned = format!("{}.{}.", parts[0], parts[1]);
    for wrong in [&token[..token.len() - 1], &unsigned, parts[1], &uti] {
        let client = client(&emulator, Credential::token(wrong));
        assert!(client.call(GetCustomer::new(Uuid::nil())).unwrap_err().is_unauthorized(), "{wrong}");
    }
}

#[test]
fn token_for_unsupported_audience_is_issued_but_rejected_by_the_service() {
    let emulator = Emulator::default();
    let fields = form("grant_type=client_credentials&scope=https://graph.windows.net/.default");
    let (_, body) = post_form(&emulator, "/t/oauth2/v2.0/token", &fields);
    let client = client(&emulator, Credential::token(body["access_token"].as_str().unwrap()));
    assert!(client.call(GetCustomer::new(Uuid::nil())).unwrap_err().is_unsupported_audience());
}

#[test]
fn token_error_is_returned_for_each_name() {
    let with = |fault: &str| -> EmulatorBuilder { Emulator::builder().fault(fault.parse().unwrap()) };
    for (fault, reason) in [
        ("invalid-client", TokenErrorReason::InvalidClient),
        ("invalid-grant", TokenErrorReason::InvalidGrant),
        ("consent-required", TokenErrorReason::ConsentRequired),
        ("multifactor-required", TokenErrorReason::MultifactorRequired),
        ("conditional-access", TokenErrorReason::ConditionalAccess),
        ("unknown-tenant", TokenErrorReason::UnknownTenant),
        ("unknown-audience", TokenErrorReason::UnknownAudience),
    ] {
        let emulator = with(fault).build();
        let error = client(&emulator, Credential::app_only(app())).authenticate().unwrap_err();
        assert_eq!(error.token_error().unwrap().reason(), Some(reason), "{fault}");
        // A client that has a token is unaffected.
        let error =
            client(&emulator, Credential::token(Emulator::TOKEN)).call(GetCustomer::new(Uuid::nil())).unwrap_err();
        assert_eq!(error.reason(), Some(ErrorReason::NotFound), "{fault}");
    }
}
