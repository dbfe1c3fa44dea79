//! Tokens, from the sandbox's authority to its service.

use partner_center_core::{
    AppRegistration, Blocking, Client, Credential, CustomerFilter, ErrorKind, GetCustomer, ListCustomers, Reason,
    TokenErrorReason, Transport,
};
use partner_center_sandbox::{Builder, Sandbox, SandboxTransport};
use serde_json::Value;
use std::{thread, time::Duration};
use uuid::Uuid;

fn app() -> AppRegistration {
    AppRegistration::new("contoso.com", Sandbox::CLIENT_ID).secret(Sandbox::CLIENT_SECRET)
}

fn client(sandbox: &Sandbox, credential: Credential<Blocking>) -> Client<SandboxTransport<Blocking>> {
    Client::builder(sandbox.transport(), credential).build().unwrap()
}

/// The answer to a form.
fn asked(sandbox: &Sandbox, path: &str, form: &str) -> (u16, Value) {
    let request = http::Request::post(path).body(form.as_bytes().to_vec()).unwrap();
    let response = sandbox.transport::<Blocking>().send(request).unwrap();
    (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap())
}

fn form(more: &str) -> String {
    format!("client_id={}&client_secret={}&{more}", Sandbox::CLIENT_ID, Sandbox::CLIENT_SECRET)
}

const SCOPE: &str = "scope=https%3A%2F%2Fapi.partnercenter.microsoft.com%2F.default";

#[test]
fn both_grants_lead_to_customers() {
    let sandbox = Sandbox::builder().customers(3).build();
    for credential in [
        Credential::app_only(app()),
        Credential::app_user(app(), Sandbox::REFRESH_TOKEN),
        Credential::app_user(AppRegistration::new("common", Sandbox::CLIENT_ID), Sandbox::REFRESH_TOKEN),
    ] {
        assert_eq!(client(&sandbox, credential).items(ListCustomers::new()).count().unwrap(), 3);
    }
}

#[test]
fn an_application_alone_sees_no_customers_of_indirect_resellers() {
    let sandbox = Sandbox::builder().customers(100).build();
    let reseller = sandbox.indirect_resellers()[0];
    let listed = |credential| {
        let filter = CustomerFilter::indirect_reseller(reseller);
        client(&sandbox, credential).pages(ListCustomers::new().filter(filter)).next().unwrap()
    };
    let error = listed(Credential::app_only(app())).unwrap_err();
    assert!(error.needs_app_and_user(), "{error}");
    assert!(!listed(Credential::app_user(app(), Sandbox::REFRESH_TOKEN)).unwrap().items.is_empty());
    assert!(!listed(Credential::token(Sandbox::TOKEN)).unwrap().items.is_empty());
}

#[test]
fn tokens_end_and_can_be_revoked() {
    let sandbox = Sandbox::builder().token_lifetime(Duration::from_millis(2500)).build();
    let (status, body) =
        asked(&sandbox, "/t/oauth2/v2.0/token", &form(&format!("grant_type=client_credentials&{SCOPE}")));
    assert_eq!((status, &body["expires_in"]), (200, &Value::from(2.5)));
    let once = client(&sandbox, Credential::token(body["access_token"].as_str().unwrap()));
    assert!(once.call(GetCustomer::new(Uuid::nil())).unwrap_err().is_not_found());
    thread::sleep(Duration::from_millis(2600));
    assert!(once.call(GetCustomer::new(Uuid::nil())).unwrap_err().is_unauthorized());

    let sandbox = Sandbox::builder().customers(1).build();
    let client = client(&sandbox, Credential::app_user(app(), Sandbox::REFRESH_TOKEN));
    assert_eq!(client.items(ListCustomers::new()).count().unwrap(), 1);
    sandbox.revoke_access_tokens();
    assert_eq!(client.items(ListCustomers::new()).count().unwrap(), 1);
    sandbox.revoke_access_tokens();
    sandbox.revoke_refresh_tokens();
    let error = client.pages(ListCustomers::new()).next().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credential);
    assert_eq!(error.token_error().unwrap().reason(), Some(TokenErrorReason::InvalidGrant));
    assert_eq!(sandbox.requests().len(), 2 + 3 + 2);
}

#[test]
fn an_old_refresh_token_goes_on_being_good() {
    let sandbox = Sandbox::default();
    let mut token = Sandbox::REFRESH_TOKEN.to_owned();
    let mut seen = vec![token.clone()];
    for _ in 0..3 {
        let fields = format!("grant_type=refresh_token&refresh_token={token}&{SCOPE}");
        token = asked(&sandbox, "/t/oauth2/v2.0/token", &form(&fields)).1["refresh_token"].as_str().unwrap().to_owned();
        assert!(!seen.contains(&token));
        seen.push(token.clone());
    }
    for token in seen {
        let fields = format!("grant_type=refresh_token&refresh_token={token}&{SCOPE}");
        assert_eq!(asked(&sandbox, "/t/oauth2/v2.0/token", &form(&fields)).0, 200);
    }
}

#[test]
fn a_strict_authority_forgets_old_refresh_tokens_once_a_newer_one_is_used() {
    let sandbox = Sandbox::builder().strict_refresh_tokens(true).build();
    let used = |token: &str| {
        let (status, body) = asked(
            &sandbox,
            "/t/oauth2/v2.0/token",
            &form(&format!("grant_type=refresh_token&refresh_token={token}&{SCOPE}")),
        );
        (status, body["refresh_token"].as_str().unwrap_or_default().to_owned())
    };
    let (_, second) = used(Sandbox::REFRESH_TOKEN);
    assert_eq!(used(Sandbox::REFRESH_TOKEN).0, 200, "nobody has used the second one yet");
    assert_eq!(used(&second).0, 200);
    assert_eq!(used(Sandbox::REFRESH_TOKEN).0, 400);
    assert_eq!(used(&second).0, 200);
}

#[test]
fn the_first_version_of_the_protocol_writes_numbers_as_text() {
    let resource = "resource=https://api.partnercenter.microsoft.com";
    let fields = form(&format!("grant_type=client_credentials&{resource}"));
    let (status, body) = asked(&Sandbox::default(), "/t/oauth2/token", &fields);
    assert_eq!((status, &body["expires_in"]), (200, &Value::from("3600")));
}

#[test]
fn what_is_wrong_is_refused_as_entra_does() {
    let sandbox = Sandbox::default();
    for (fields, status, error, code) in [
        (form(&format!("grant_type=password&{SCOPE}")), 400, "unsupported_grant_type", 70_003),
        (form("grant_type=client_credentials&scope=openid"), 400, "invalid_resource", 500_011),
        (form(&format!("grant_type=refresh_token&refresh_token=other&{SCOPE}")), 400, "invalid_grant", 700_082),
        (format!("client_id=other&grant_type=client_credentials&{SCOPE}"), 400, "unauthorized_client", 700_016),
        (
            format!("client_id={}&client_secret=other&grant_type=client_credentials&{SCOPE}", Sandbox::CLIENT_ID),
            401,
            "invalid_client",
            7_000_215,
        ),
    ] {
        let (got, body) = asked(&sandbox, "/t/oauth2/v2.0/token", &fields);
        assert_eq!((got, &body["error"], &body["error_codes"][0]), (status, &error.into(), &code.into()), "{fields}");
    }
    let request = http::Request::get("/t/oauth2/v2.0/token").body(Vec::new()).unwrap();
    assert_eq!(sandbox.transport::<Blocking>().send(request).unwrap().status(), 405);
}

#[test]
fn a_retired_audience_gets_a_token_that_the_service_refuses() {
    let sandbox = Sandbox::default();
    let fields = form("grant_type=client_credentials&scope=https://graph.windows.net/.default");
    let (_, body) = asked(&sandbox, "/t/oauth2/v2.0/token", &fields);
    let client = client(&sandbox, Credential::token(body["access_token"].as_str().unwrap()));
    assert!(client.call(GetCustomer::new(Uuid::nil())).unwrap_err().is_audience_retired());
}

#[test]
fn each_refusal_can_be_had() {
    let with = |fault: &str| -> Builder { Sandbox::builder().fault(fault.parse().unwrap()) };
    for (fault, reason) in [
        ("invalid-client", TokenErrorReason::InvalidClient),
        ("invalid-grant", TokenErrorReason::InvalidGrant),
        ("consent-required", TokenErrorReason::ConsentRequired),
        ("multifactor-required", TokenErrorReason::MultifactorRequired),
        ("conditional-access", TokenErrorReason::ConditionalAccess),
        ("unknown-tenant", TokenErrorReason::UnknownTenant),
        ("unknown-audience", TokenErrorReason::UnknownAudience),
    ] {
        let sandbox = with(fault).build();
        let error = client(&sandbox, Credential::app_only(app())).authenticate().unwrap_err();
        assert_eq!(error.token_error().unwrap().reason(), Some(reason), "{fault}");
        // Whoever has a token is not concerned.
        let error =
            client(&sandbox, Credential::token(Sandbox::TOKEN)).call(GetCustomer::new(Uuid::nil())).unwrap_err();
        assert_eq!(error.reason(), Some(Reason::NotFound), "{fault}");
    }
}
