//! Steering over HTTP, which calls the methods of Rust programs.

use crate::emulator;
use http::Method;
use partner_center_emulator::{Emulator, Server};
use serde_json::{Value, json};
use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    sync::mpsc,
    thread,
    time::Duration,
};

/// Sends a request with these header lines, and returns the status and the body of the response.
fn send_with(server: &Server, method: &str, path: &str, headers: &str, body: &str) -> (u16, String) {
    let mut connection = TcpStream::connect(server.address()).unwrap();
    let (host, length) = (server.address(), body.len());
    write!(
        connection,
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    )
    .unwrap();
    let mut response = String::new();
    connection.read_to_string(&mut response).unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// Steers, and returns the status and the JSON of the response.
fn steer(server: &Server, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let headers = "Content-Type: application/json\r\n";
    let (status, body) = send_with(server, method, &format!("/_emulator/{path}"), headers, &body);
    (status, serde_json::from_str(&body).unwrap())
}

/// Makes a request to the service, and returns its status.
fn call(server: &Server, path: &str) -> u16 {
    send_with(server, "GET", path, &format!("Authorization: Bearer {}\r\n", Emulator::TOKEN), "").0
}

#[test]
fn faults_are_added_and_removed_while_it_runs() {
    let server = emulator(3).serve("127.0.0.1:0").unwrap();
    assert_eq!(call(&server, "/v1/customers"), 200);
    let (status, fault) = steer(&server, "POST", "faults", &json!({ "fault": "503@2" }));
    assert_eq!((status, &fault), (201, &json!({ "id": 1, "fault": "503@2" })));
    assert_eq!([(); 3].map(|()| call(&server, "/v1/customers")), [200, 503, 200], "counted from now on");
    assert_eq!(steer(&server, "POST", "faults", &json!({ "fault": "400" })).0, 201);
    assert_eq!(steer(&server, "GET", "faults", &Value::Null).1["faults"].as_array().unwrap().len(), 2);
    assert_eq!(call(&server, "/v1/customers"), 400);
    assert_eq!(steer(&server, "DELETE", "faults/2", &Value::Null).0, 200);
    assert_eq!(steer(&server, "DELETE", "faults/2", &Value::Null).0, 404);
    assert_eq!(call(&server, "/v1/customers"), 200);
    let (status, error) = steer(&server, "POST", "faults", &json!({ "fault": "boom" }));
    assert!(status == 400 && error["error"].as_str().unwrap().contains("'boom' is not a fault"), "{error}");
    assert_eq!(steer(&server, "DELETE", "faults", &Value::Null).1, json!({ "faults": [] }));
}

#[test]
fn quirks_and_the_rate_limit_are_set_while_it_runs() {
    let server = emulator(3).serve("127.0.0.1:0").unwrap();
    let body = |server: &Server| {
        let token = format!("Authorization: Bearer {}\r\n", Emulator::TOKEN);
        send_with(server, "GET", "/v1/customers", &token, "").1
    };
    assert!(body(&server).contains("\"items\""));
    let (_, quirks) = steer(&server, "PATCH", "quirks", &json!({ "pascalCase": true, "linkStyle": "v1" }));
    assert_eq!(
        (&quirks["pascalCase"], &quirks["linkStyle"], &quirks["encoding"]),
        (&json!(true), &json!("v1"), &json!("utf-8"))
    );
    assert!(body(&server).contains("\"Items\""), "also not as a page that was kept");
    assert_eq!(steer(&server, "PATCH", "quirks", &json!({ "pascalCase": false })).1["linkStyle"], "v1");
    assert!(body(&server).contains("\"items\"") && body(&server).contains("/v1/customers?"));
    for invalid in [json!({ "linkStyle": "curly" }), json!({ "color": "red" }), json!([])] {
        assert_eq!(steer(&server, "PATCH", "quirks", &invalid).0, 400, "{invalid}");
    }
    assert_eq!(steer(&server, "PUT", "rate-limit", &json!({ "requestsPerMinute": 2 })).0, 200);
    assert_eq!([(); 3].map(|()| call(&server, "/v1/customers")), [200, 200, 429]);
    assert_eq!(steer(&server, "PUT", "rate-limit", &json!({})).1, json!({ "requestsPerMinute": null }));
    assert_eq!(call(&server, "/v1/customers"), 200);
}

#[test]
fn clock_goes_forward_only() {
    let server = emulator(3).serve("127.0.0.1:0").unwrap();
    let time = |body: &Value| body["time"].as_str().unwrap()[..16].to_owned();
    assert_eq!(time(&steer(&server, "GET", "clock", &Value::Null).1), "2026-06-01T09:00");
    assert_eq!(time(&steer(&server, "POST", "clock", &json!({ "advanceSeconds": 3600 })).1), "2026-06-01T10:00");
    let (status, body) = steer(&server, "POST", "clock", &json!({ "time": "2027-01-01T00:00:00Z" }));
    assert_eq!((status, time(&body).as_str()), (200, "2027-01-01T00:00"));
    for back in [json!({ "time": "2026-01-01T00:00:00Z" }), json!({ "advanceSeconds": -1 })] {
        let (status, error) = steer(&server, "POST", "clock", &back);
        assert!(status == 409 && error["error"].as_str().unwrap().contains("snapshot"), "{error}");
    }
    for invalid in [json!({}), json!({ "advanceSeconds": 1e300 }), json!({ "time": "soon" })] {
        assert_eq!(steer(&server, "POST", "clock", &invalid).0, 400, "{invalid}");
    }
}

#[test]
fn snapshot_is_taken_downloaded_uploaded_and_restored() {
    let server = emulator(3).serve("127.0.0.1:0").unwrap();
    let customers = |server: &Server| steer(server, "GET", "status", &Value::Null).1["customers"].clone();
    assert_eq!(steer(&server, "POST", "snapshots", &json!({ "name": "start" })).0, 201);
    let id = "0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9";
    let customer = json!({
        "path": format!("/v1/customers/{id}"),
        "value": { "companyProfile": { "companyName": "Tailwind Toys", "domain": "tailwindtoys.onmicrosoft.com" } },
    });
    assert_eq!(
        steer(&server, "POST", "resources", &json!({ "resources": [customer] })),
        (200, json!({ "changed": 1 }))
    );
    assert_eq!(customers(&server), 4);
    let (_, customer) = steer(&server, "GET", &format!("resources/v1/customers/{id}"), &Value::Null);
    assert_eq!((&customer["id"], &customer["companyProfile"]["companyName"]), (&json!(id), &json!("Tailwind Toys")));
    assert_eq!(steer(&server, "POST", "snapshots", &json!({ "name": "more" })).0, 201);
    let (_, more) = steer(&server, "GET", "snapshots/more", &Value::Null);
    assert_eq!(steer(&server, "POST", "snapshots/start/restore", &Value::Null).0, 200);
    assert_eq!(customers(&server), 3);

    let other = Emulator::builder().customers(0).build().serve("127.0.0.1:0").unwrap();
    assert_eq!(steer(&other, "PUT", "snapshots/copy", &more), (200, json!({ "snapshots": ["copy"] })));
    assert_eq!(steer(&other, "POST", "snapshots/copy/restore", &Value::Null).0, 200);
    assert_eq!(customers(&other), 4);
    assert_eq!(steer(&other, "PUT", "snapshots/copy", &json!({ "format": "x" })).0, 400);
    assert_eq!(steer(&other, "DELETE", "snapshots/copy", &Value::Null), (200, json!({ "snapshots": [] })));
    for (method, path, body, expected) in [
        ("GET", "snapshots/copy", Value::Null, 404),
        ("POST", "snapshots/copy/restore", Value::Null, 404),
        ("POST", "snapshots", json!({ "name": "../x" }), 400),
        ("POST", "snapshots", json!({}), 400),
    ] {
        assert_eq!(steer(&other, method, path, &body).0, expected, "{method} {path}");
    }
}

#[test]
fn reset_makes_everything_as_at_the_start() {
    let emulator = Emulator::builder().customers(3).fault("503@2".parse().unwrap()).build();
    let server = emulator.serve("127.0.0.1:0").unwrap();
    assert_eq!([call(&server, "/v1/customers"), call(&server, "/v1/customers")], [200, 503]);
    steer(&server, "PATCH", "quirks", &json!({ "nulls": true }));
    steer(&server, "POST", "clock", &json!({ "advanceSeconds": 1e6 }));
    steer(&server, "POST", "tokens/revoke", &json!({ "access": true, "refresh": true }));
    let (_, status) = steer(&server, "POST", "reset", &json!({ "customers": 5, "seed": 9 }));
    assert_eq!((&status["customers"], &status["seed"], &status["changes"]), (&json!(5), &json!(9), &json!(0)));
    assert_eq!(steer(&server, "GET", "requests", &Value::Null).1["requests"], json!([]));
    assert_eq!(steer(&server, "GET", "quirks", &Value::Null).1["nulls"], false);
    assert_eq!([call(&server, "/v1/customers"), call(&server, "/v1/customers")], [200, 503], "the fault counts again");
    assert_eq!(steer(&server, "POST", "reset", &Value::Null).1["customers"], 3);
    assert_eq!(steer(&server, "POST", "reset", &json!({ "customers": 10_000_001 })).0, 400);
    assert_eq!(steer(&server, "POST", "tokens/revoke", &json!({})).0, 400);
}

#[test]
fn requests_are_listed_with_bodies_and_without_secrets() {
    let server = emulator(3).serve("127.0.0.1:0").unwrap();
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}&scope=https%3A%2F%2Fapi.partnercenter.microsoft.com%2F.default",
        Emulator::CLIENT_ID,
        Emulator::CLIENT_SECRET
    );
    let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
    let (_, response) = send_with(&server, "POST", "/contoso.com/oauth2/v2.0/token", headers, &form);
    let token = serde_json::from_str::<Value>(&response).unwrap()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(call(&server, "/v1/customers?size=1"), 200);
    let (_, body) = steer(&server, "GET", "requests", &Value::Null);
    let [sign_in, list] = &body["requests"].as_array().unwrap()[..] else { panic!("{body}") };
    assert_eq!((&sign_in["number"], &list["number"], &body["count"]), (&json!(1), &json!(2), &json!(2)));
    assert!(sign_in["body"].as_str().unwrap().contains("client_secret=(hidden)"), "{sign_in}");
    assert!(sign_in["response"]["body"].as_str().unwrap().contains("\"access_token\":\"(hidden)\""), "{sign_in}");
    assert!(list["response"]["body"].as_str().unwrap().contains("companyProfile"), "{list}");
    assert_eq!(
        (&list["uri"], &list["response"]["status"], &list["delivery"]),
        (&json!("/v1/customers?size=1"), &json!(200), &json!("sent"))
    );
    for secret in [Emulator::CLIENT_SECRET, Emulator::TOKEN, &token] {
        assert!(!body.to_string().contains(secret), "{secret}");
    }
    let (_, found) = steer(&server, "GET", "requests?method=get&path=/v1/", &Value::Null);
    assert_eq!(found["requests"].as_array().unwrap().len(), 1);
    assert_eq!(steer(&server, "GET", "requests?limit=1", &Value::Null).1["requests"][0]["number"], 1);
    assert_eq!(steer(&server, "GET", "requests?after=1", &Value::Null).1["requests"][0]["number"], 2);
    for invalid in ["requests?after=x", "requests?wait=61", "requests?color=red"] {
        assert_eq!(steer(&server, "GET", invalid, &Value::Null).0, 400, "{invalid}");
    }
    assert_eq!(steer(&server, "DELETE", "requests", &Value::Null).0, 200);
    assert_eq!(steer(&server, "GET", "requests", &Value::Null).1, json!({ "requests": [], "count": 2 }));
}

#[test]
fn request_is_waited_for() {
    let server = emulator(3).serve("127.0.0.1:0").unwrap();
    assert_eq!(call(&server, "/v1/customers"), 200);
    let (_, none) = steer(&server, "GET", "requests?after=1&wait=0", &Value::Null);
    assert_eq!(none["requests"], json!([]));
    thread::scope(|scope| {
        let waiting = scope.spawn(|| steer(&server, "GET", "requests?after=1&wait=60&path=/v1/nothing", &Value::Null));
        assert_eq!(call(&server, "/v1/customers"), 200);
        assert_eq!(call(&server, "/v1/nothing"), 404);
        let (_, found) = waiting.join().unwrap();
        assert_eq!(found["requests"][0]["uri"], "/v1/nothing");
    });
}

#[test]
fn steering_is_not_reached_by_clients_of_the_service() {
    let emulator = emulator(3);
    let server = emulator.serve("127.0.0.1:0").unwrap();
    assert_eq!(call(&server, "/_emulator/requests"), 400, "with a token");
    assert_eq!(call(&server, "//_emulator/requests"), 404);
    assert_eq!(call(&server, "/v1/_emulator/requests"), 404);
    let logged = emulator.requests();
    assert_eq!(logged.len(), 2, "those that were not for steering");
    let (status, _) = send_with(&server, "POST", "/_emulator/reset", "Content-Type: text/plain\r\n", "{}");
    assert_eq!(status, 415);
    let json = "Content-Type: application/json\r\n";
    assert_eq!(
        send_with(&server, "POST", "/_emulator/reset", &format!("{json}Origin: https://example.com\r\n"), "{}").0,
        403
    );
    let head = "PUT /_emulator/snapshots/huge HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500000000\r\n\r\n{";
    let mut connection = TcpStream::connect(server.address()).unwrap();
    connection.write_all(head.as_bytes()).unwrap();
    let mut response = String::new();
    connection.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 415 "), "a body that is rejected is not waited for: {response}");
    let large = format!("{{\"seed\": 1{}}}", " ".repeat(1 << 20));
    assert_eq!(send_with(&server, "POST", "/_emulator/reset", json, &large).0, 413);
    assert_eq!(send_with(&server, "GET", "/_emulator/requests?after=18446744073709551615", "", "").0, 200);
    assert_eq!(send_with(&server, "GET", "/_emulator", "", "").0, 308);
    assert_eq!(send_with(&server, "PUT", "/_emulator/reset", json, "{}").0, 405);
    assert_eq!(send_with(&server, "GET", "/_emulator/v1/customers", "", "").0, 404);
    let (status, _) = crate::get(&emulator, "/_emulator/status");
    assert_eq!(status, 404, "in memory there is no steering over HTTP");
}

#[test]
fn delivery_tells_what_a_fault_made_of_a_response() {
    let server = emulator(3).serve("127.0.0.1:0").unwrap();
    for fault in ["truncate@/v1/customers", "reset@/v1/invoices"] {
        steer(&server, "POST", "faults", &json!({ "fault": fault }));
    }
    for path in ["/v1/customers", "/v1/invoices/summaries", "/v1/products?country=US&targetView=Azure"] {
        let mut connection = TcpStream::connect(server.address()).unwrap();
        let host = server.address();
        write!(
            connection,
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\r\n",
            Emulator::TOKEN
        )
        .unwrap();
        let _ = connection.read_to_end(&mut Vec::new());
    }
    let (_, body) = steer(&server, "GET", "requests", &Value::Null);
    let deliveries: Vec<_> = body["requests"].as_array().unwrap().iter().map(|request| &request["delivery"]).collect();
    assert_eq!(deliveries, ["truncated", "not-sent", "sent"]);
    assert_eq!(body["requests"][1]["response"], Value::Null);
}

#[test]
fn resource_of_a_customer_that_the_same_request_deletes_is_not_put() {
    let server = emulator(3).serve("127.0.0.1:0").unwrap();
    let customer = "/v1/customers/0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9";
    let user = "3f6a0c52-8b1d-4c7e-9a40-5d2e1f0b9c83";
    let put = |path: String, value: Value| json!({ "path": path, "value": value });
    let customer_put = || put(customer.to_owned(), json!({ "companyProfile": { "companyName": "Tailwind Toys" } }));
    let user_put = || put(format!("{customer}/users/{user}"), json!({ "id": user }));
    let deletion = || put(customer.to_owned(), Value::Null);
    for (resources, status) in [
        (json!([deletion(), user_put()]), 404),
        (json!([customer_put(), deletion(), user_put()]), 404),
        (json!([user_put(), customer_put()]), 404),
        (json!([customer_put(), user_put()]), 200),
        (json!([deletion(), user_put()]), 404),
        (json!([deletion(), customer_put(), user_put()]), 200),
    ] {
        let response = steer(&server, "POST", "resources", &json!({ "resources": resources }));
        assert_eq!(response.0, status, "{resources}: {}", response.1);
    }
}

#[test]
fn resource_without_a_value_is_not_deleted() {
    let emulator = emulator(3);
    let server = emulator.serve("127.0.0.1:0").unwrap();
    let path = "/v1/customers/0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9";
    emulator.put_resource(path, r#"{"companyProfile":{"companyName":"Tailwind Toys"}}"#).unwrap();
    let change = |resource: Value| steer(&server, "POST", "resources", &json!({ "resources": [resource] }));
    let (status, error) = change(json!({ "path": path }));
    assert!(status == 400 && error["error"].as_str().unwrap().contains("missing field `value`"), "{error}");
    assert!(emulator.resource(path).is_ok());
    assert_eq!(change(json!({ "path": path, "value": null })).0, 200);
    assert!(emulator.resource(path).is_err());
}

#[test]
fn downloaded_snapshot_has_no_password() {
    let emulator = emulator(3);
    let server = emulator.serve("127.0.0.1:0").unwrap();
    let customer = crate::state::new_customer("tailwindtoys.onmicrosoft.com");
    let id = [("MS-RequestId", "6b1c5f0e-8a53-4b8f-9a57-0d6c1e2f3a4b")];
    let create = || crate::call(&emulator, &Method::POST, "/v1/customers", &id, &customer).2;
    let password = create()["userCredentials"]["password"].as_str().unwrap().to_owned();
    steer(&server, "POST", "snapshots", &json!({ "name": "created" }));
    let (_, snapshot) = steer(&server, "GET", "snapshots/created", &Value::Null);
    assert!(snapshot.to_string().contains("tailwindtoys") && !snapshot.to_string().contains(&password), "{snapshot}");
    steer(&server, "POST", "snapshots/created/restore", &Value::Null);
    assert_eq!(create()["userCredentials"]["password"], json!(password), "what was not downloaded has it");
    assert_eq!(steer(&server, "PUT", "snapshots/downloaded", &snapshot).0, 200);
    assert_eq!(steer(&server, "POST", "snapshots/downloaded/restore", &Value::Null).0, 200);
    assert_eq!(create()["userCredentials"]["password"], "(hidden)");
}

#[test]
fn log_is_not_locked_while_it_is_read() {
    let emulator = emulator(3);
    crate::get(&emulator, "/v1/customers");
    let (sender, receiver) = mpsc::channel();
    // In another thread, as a lock that is taken twice would never end.
    thread::spawn(move || {
        let found = emulator.wait_for_request(0, Duration::ZERO, |_| emulator.requests().len() == 1);
        let _ = sender.send(found.map(|exchange| exchange.number));
    });
    assert_eq!(receiver.recv_timeout(Duration::from_secs(60)), Ok(Some(1)), "the log is locked");
}

/// Begins to upload a snapshot of this size, whose body the server asks for once it reads it.
fn begin_upload(server: &Server, name: &str, size: usize) -> TcpStream {
    let mut connection = TcpStream::connect(server.address()).unwrap();
    let headers = "Host: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nConnection: close";
    let head = format!("PUT /_emulator/snapshots/{name} HTTP/1.1\r\n{headers}\r\nContent-Length: {size}\r\n\r\n");
    connection.write_all(head.as_bytes()).unwrap();
    connection
}

/// Returns whether the server asks for the body within this time.
fn is_asked_for_body(connection: &mut TcpStream, time: Duration) -> bool {
    const CONTINUE: &str = "HTTP/1.1 100 Continue\r\n\r\n";
    connection.set_read_timeout(Some(time)).unwrap();
    let mut response = vec![0; CONTINUE.len()];
    match connection.read_exact(&mut response) {
        Ok(()) => {
            assert_eq!(String::from_utf8_lossy(&response), CONTINUE);
            true
        }
        Err(error) => {
            assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
            false
        }
    }
}

#[test]
fn large_body_waits_for_the_one_before_and_holds_up_nothing_else() {
    const LONG: Duration = Duration::from_secs(60);
    let server = emulator(3).serve("127.0.0.1:0").unwrap();
    let (_, snapshot) = {
        steer(&server, "POST", "snapshots", &json!({ "name": "start" }));
        steer(&server, "GET", "snapshots/start", &Value::Null)
    };
    let large = format!("{}{snapshot}", " ".repeat(2 << 20));
    let mut stalled = begin_upload(&server, "stalled", 2_000_000);
    assert!(is_asked_for_body(&mut stalled, LONG));
    stalled.write_all(b"{").unwrap();
    let mut upload = begin_upload(&server, "large", large.len());
    assert!(!is_asked_for_body(&mut upload, Duration::from_millis(300)), "two large bodies are read at the same time");
    assert_eq!(steer(&server, "PUT", "snapshots/small", &snapshot).0, 200);
    assert_eq!(call(&server, "/v1/customers"), 200);
    drop(stalled);
    assert!(is_asked_for_body(&mut upload, LONG));
    upload.write_all(large.as_bytes()).unwrap();
    let mut response = String::new();
    upload.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
}

#[test]
fn downloaded_snapshot_has_no_password_that_was_put() {
    let emulator = emulator(3);
    let server = emulator.serve("127.0.0.1:0").unwrap();
    let (_, page) = crate::get(&emulator, "/v1/customers");
    let customer = page["items"][0]["id"].as_str().unwrap();
    let user = "3f6a0c52-8b1d-4c7e-9a40-5d2e1f0b9c83";
    let path = format!("/v1/customers/{customer}/users/{user}");
    let profile = json!({ "password": "Put-By-Steering-7", "forceChangePassword": true });
    let value = json!({ "id": user, "displayName": "Ana Pires", "passwordProfile": profile });
    let put = json!({ "resources": [{ "path": path, "value": value }] });
    let (status, response) = steer(&server, "POST", "resources", &put);
    assert_eq!(status, 200, "{response}");
    steer(&server, "POST", "snapshots", &json!({ "name": "put" }));
    let (_, snapshot) = steer(&server, "GET", "snapshots/put", &Value::Null);
    assert!(snapshot.to_string().contains("Ana Pires"), "{snapshot}");
    assert!(!snapshot.to_string().contains("Put-By-Steering-7"), "{snapshot}");
}

#[test]
fn resource_that_is_not_as_specified_is_not_put() {
    let emulator = emulator(3);
    let (_, page) = crate::get(&emulator, "/v1/customers");
    let customer = format!("/v1/customers/{}", page["items"][0]["id"].as_str().unwrap());
    for (path, json, reason) in [
        ("/v1/customers", "{}", "not the path of a resource"),
        ("/v1/nothing/x", "{}", "not the path of a resource"),
        (&customer, "{", "not JSON"),
        (&customer, r#"{"companyProfile":{"domain":7}}"#, "must be a string"),
        (&customer, r#"{"color":"red"}"#, "the specification does not have it"),
        ("/v1/customers/nobody", "{}", "not a GUID"),
        (
            "/v1/customers/0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9/users/0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9",
            r#"{"id":"0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9"}"#,
            "there is no customer",
        ),
    ] {
        let error = emulator.put_resource(path, json).unwrap_err().to_string();
        assert!(error.contains(reason), "{path} {json}: {error}");
    }
    emulator.delete_resource(&customer).unwrap();
    assert!(emulator.resource(&customer).is_err());
    assert_eq!(emulator.wait_for_request(1, Duration::ZERO, |_| true).map(|exchange| exchange.number), None);
}
