//! `mcp`: several calls at the same time, their credential, and calls whose assistant is gone.

use crate::{
    command::{DOCUMENTED, command},
    judged_emulator::judged_emulator,
    mcp::Assistant,
    server::{last_page, page, serve_responses},
};
use partner_center_emulator::{Emulator, EmulatorBuilder, Server};
use serde_json::json;
use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    path::Path,
    process::Command,
    sync::mpsc,
    thread,
};

/// Connects to a server of the service at `url`.
fn connect_to_service(url: &str, arguments: &[&str]) -> Assistant {
    let mut command = command(&[&["mcp"], arguments].concat());
    command.env("PARTNER_CENTER_BASE_URL", url).env("PARTNER_CENTER_TOKEN", "token");
    Assistant::connect_to(command)
}

/// The service responds to none of the calls before it has received all.
#[test]
fn calls_may_be_under_way_at_the_same_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let received: Vec<_> = listener
            .incoming()
            .take(8)
            .map(|stream| {
                let stream = stream.unwrap();
                let lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
                assert!(lines.take_while(|line| !line.is_empty()).count() > 0);
                stream
            })
            .collect();
        let body = last_page("");
        for mut stream in received {
            let length = body.len();
            let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
            stream.write_all((head + &body).as_bytes()).unwrap();
        }
    });
    let mut assistant = connect_to_service(&url, &[]);
    for id in 100..108 {
        assistant.begin_call(id, "customers_list", json!({ "query": "length(@)" }));
    }
    let mut ids: Vec<_> = (100..108)
        .map(|_| {
            let response = assistant.next_response();
            assert_eq!(response["result"]["content"][0]["text"].as_str().unwrap().trim(), "0", "{response}");
            response["id"].as_u64().unwrap()
        })
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, (100..108).collect::<Vec<_>>());
    assert_eq!(assistant.disconnect(), (Some(0), String::new()));
}

#[test]
fn cancelled_list_is_not_continued() {
    // There is no response for the second page.
    let (url, requests) = serve_responses(vec![(200, page("{}"))]);
    let mut assistant = connect_to_service(&url, &[]);
    let mut stderr = assistant.stderr_lines();
    assistant.begin_call(100, "customers_list", json!({}));
    assert_eq!(requests.iter().nth(1).unwrap(), "one too many");
    assistant.send(&json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 100 } }));
    assert!(stderr.next().unwrap().starts_with("note: `customers_list` was cut off"));
    // There is no response, and the server continues.
    assert_eq!(assistant.request("ping", json!({}))["result"], json!({}));
    assert_eq!(assistant.disconnect().0, Some(0));
    assert_eq!(stderr.next(), None);
}

/// The assistant disconnects while the service works on a change: the server ends when that is known.
#[test]
fn change_under_way_is_completed_at_the_end_of_input() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (received, is_received) = mpsc::channel();
    let (release, is_released) = mpsc::channel::<()>();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
        received.send(lines.take_while(|line| !line.is_empty()).next().unwrap()).unwrap();
        is_released.recv().unwrap();
        stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").unwrap();
    });
    let mut assistant = connect_to_service(&url, &["--allow-writes"]);
    let mut stderr = assistant.stderr_lines();
    assistant.begin_call(100, "customers_delete", json!({ "customer": DOCUMENTED, "confirm": DOCUMENTED }));
    assert!(is_received.recv().unwrap().starts_with("DELETE "));
    let server = thread::spawn(move || assistant.disconnect().0);
    assert_eq!(stderr.next().unwrap(), "note: waiting for changes that are under way: customers_delete");
    release.send(()).unwrap();
    let outcome = stderr.next().unwrap();
    assert!(outcome.starts_with("note: `customers_delete` was done after the assistant has"), "{outcome}");
    assert_eq!((stderr.next(), server.join().unwrap()), (None, Some(0)));
}

/// A change is cancelled while what it changes is read, and another one while the token is waited for: neither is sent.
#[test]
fn cancelled_change_that_was_not_sent_is_not_sent() {
    let cancel = |assistant: &mut Assistant, id: u64| {
        let parameters = json!({ "requestId": id });
        assistant.send(&json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": parameters }));
    };
    let unsent = |name: &str| format!("note: `{name}` was not sent: the assistant has cancelled it or disconnected");

    let (url, requests) = serve_responses(Vec::new());
    let mut assistant = connect_to_service(&url, &["--allow-writes"]);
    let mut stderr = assistant.stderr_lines();
    let change = json!({ "customer": DOCUMENTED, "confirm": DOCUMENTED, "set": { "email": "a@contoso.example" } });
    assistant.begin_call(100, "billing_profile_update", change);
    assert!(requests.recv().unwrap().starts_with("one too many"));
    cancel(&mut assistant, 100);
    assert_eq!(stderr.next().unwrap(), unsent("billing_profile_update"));
    assert_eq!(assistant.request("ping", json!({}))["result"], json!({}));
    assert_eq!(assistant.disconnect().0, Some(0));
    assert_eq!((requests.try_recv().is_err(), stderr.next()), (true, None));

    let emulator = judged_emulator().customers(25).build();
    let server = emulator.serve("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    let (mut command, lock) = command_with_locked_token(&server, &token);
    command.arg("--allow-writes");
    let mut assistant = Assistant::connect_to(command);
    let mut stderr = assistant.stderr_lines();
    assistant.begin_call(100, "customers_delete", json!({ "customer": DOCUMENTED, "confirm": DOCUMENTED }));
    assert!(stderr.next().unwrap().starts_with("note: waiting for another command that uses "));
    cancel(&mut assistant, 100);
    assert_eq!(stderr.next().unwrap(), unsent("customers_delete"));
    drop(lock);
    assert_eq!(assistant.call("customers_list", json!({ "query": "length(@)" }))[0].trim(), "25");
    assert_eq!(assistant.disconnect().0, Some(0));
    assert!(emulator.requests().iter().all(|request| request.method() != "DELETE"));
}

/// The permission of one call says nothing about the token, which another 401 replaces.
#[test]
fn token_is_kept_after_an_error_of_permission() {
    let fault = |builder: EmulatorBuilder, text: &str| builder.fault(text.parse().unwrap());
    let emulator = fault(fault(judged_emulator().customers(25), "403:code=1002@2"), "401@/v1/customers/").build();
    let server = emulator.serve("127.0.0.1:0").unwrap();
    let mut command = command(&["mcp"]);
    command
        .env("PARTNER_CENTER_BASE_URL", server.url())
        .env("PARTNER_CENTER_AUTHORITY", server.url())
        .env("PARTNER_CENTER_TENANT_ID", "contoso.com")
        .env("PARTNER_CENTER_CLIENT_ID", Emulator::CLIENT_ID)
        .env("PARTNER_CENTER_CLIENT_SECRET", Emulator::CLIENT_SECRET);
    let mut assistant = Assistant::connect_to(command);
    let tokens = || emulator.requests().iter().filter(|request| request.uri().path().ends_with("/token")).count();
    let list = json!({ "query": "length(@)" });
    assert_eq!(assistant.call_in_vain("customers_list", list.clone())["status"], 403);
    assert_eq!(assistant.call("customers_list", list.clone())[0].trim(), "25");
    assert_eq!(tokens(), 1);
    // The client itself tries another token; after that, the credential is looked for again.
    assert_eq!(assistant.call_in_vain("customers_get", json!({ "customer": DOCUMENTED }))["status"], 401);
    let before = tokens();
    assert_eq!(assistant.call("customers_list", list)[0].trim(), "25");
    assert_eq!(tokens(), before + 1);
    assert_eq!(assistant.disconnect(), (Some(0), String::new()));
}

/// Returns a server of tools with a refresh token, and the lock of that, which another process has.
fn command_with_locked_token(server: &Server, token: &Path) -> (Command, File) {
    fs::write(token, Emulator::REFRESH_TOKEN).unwrap();
    let lock = File::create(token.with_extension("lock")).unwrap();
    lock.lock().unwrap();
    let mut command = command(&["mcp"]);
    command
        .env("PARTNER_CENTER_BASE_URL", server.url())
        .env("PARTNER_CENTER_AUTHORITY", server.url())
        .env("PARTNER_CENTER_TENANT_ID", "contoso.com")
        .env("PARTNER_CENTER_CLIENT_ID", Emulator::CLIENT_ID)
        .env("PARTNER_CENTER_CLIENT_SECRET", Emulator::CLIENT_SECRET)
        .env("PARTNER_CENTER_REFRESH_TOKEN_FILE", token);
    (command, lock)
}

/// Another process holds the lock of the refresh token, for which a call waits; the server responds to others meanwhile.
#[test]
fn wait_for_the_refresh_token_does_not_stop_the_server() {
    let emulator = judged_emulator().customers(25).build();
    let server = emulator.serve("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    let (command, lock) = command_with_locked_token(&server, &token);
    let mut assistant = Assistant::connect_to(command);
    let mut stderr = assistant.stderr_lines();
    assistant.begin_call(100, "customers_list", json!({ "query": "length(@)" }));
    assert!(stderr.next().unwrap().starts_with("note: waiting for another command that uses "));
    assert_eq!(assistant.request("ping", json!({}))["result"], json!({}));
    assert!(emulator.requests().is_empty(), "the lock was not waited for");
    drop(lock);
    assert_eq!(assistant.next_response()["result"]["content"][0]["text"].as_str().unwrap().trim(), "25");
    assert_eq!(assistant.disconnect().0, Some(0));
}
