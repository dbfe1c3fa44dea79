//! Steering requests that wait: they end with their client and with the server, and hold up nothing else.

use crate::emulator;
use partner_center_emulator::Server;
use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

/// More than may wait at the same time.
const CONNECTIONS: usize = 200;

/// Sends a request that waits for a request that never comes.
fn wait_at(server: &Server, seconds: u64) -> TcpStream {
    let mut connection = TcpStream::connect(server.address()).unwrap();
    let uri = format!("/_emulator/requests?wait={seconds}&path=/never");
    write!(connection, "GET {uri} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    connection
}

/// Returns the status of a request that waits for a second.
fn status_of_a_wait(server: &Server) -> String {
    let mut response = String::new();
    wait_at(server, 1).read_to_string(&mut response).unwrap();
    response.get(9..12).unwrap().to_owned()
}

/// Repeats `step` until a request that waits gets this status.
fn repeat_until_status(server: &Server, status: &str, mut step: impl FnMut()) {
    let start = Instant::now();
    while status_of_a_wait(server) != status {
        assert!(start.elapsed() < Duration::from_secs(60), "{status} never comes");
        step();
    }
}

/// Fills all places of requests that wait at a server, and checks that its `end` frees them: a request that waits at another server
/// of the same emulator finds a place, while one that waits for half as long still waits.
fn check_that_waits_end(end: impl Fn(Server, Vec<TcpStream>) -> Option<Server>) {
    // On a machine that is too slow for this, the shorter one may be over.
    for _ in 0..5 {
        let emulator = emulator(3);
        let [other, server] = ["127.0.0.1:0"; 2].map(|address| emulator.serve(address).unwrap());
        let mut shorter = wait_at(&other, 30);
        let mut connections: Vec<_> = (0..CONNECTIONS).map(|_| wait_at(&server, 60)).collect();
        // The request that finds out may have taken the place of one of them.
        repeat_until_status(&other, "503", || connections.push(wait_at(&server, 60)));
        let server = end(server, connections);
        repeat_until_status(&other, "200", || thread::sleep(Duration::from_millis(20)));
        shorter.set_nonblocking(true).unwrap();
        let is_conclusive = shorter.read(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
        drop(server);
        if is_conclusive {
            return;
        }
    }
    panic!("the places are free only when the requests have waited to their end");
}

#[test]
fn waiting_ends_with_the_client() {
    check_that_waits_end(|server, connections| {
        drop(connections);
        Some(server)
    });
}

#[test]
fn waiting_ends_with_the_server() {
    check_that_waits_end(|server, connections| {
        server.shutdown();
        for mut connection in connections {
            let mut response = Vec::new();
            let _ = connection.read_to_end(&mut response);
            let response = String::from_utf8_lossy(&response);
            assert!(!response.starts_with("HTTP/1.1 200 "), "the end of the connection, or no place: {response}");
        }
        None
    });
}

#[test]
fn requests_that_wait_do_not_hold_up_a_write() {
    let emulator = emulator(3);
    let server = emulator.serve("127.0.0.1:0").unwrap();
    let mut connections: Vec<_> = (0..CONNECTIONS).map(|_| wait_at(&server, 60)).collect();
    repeat_until_status(&server, "503", || connections.push(wait_at(&server, 60)));
    let customer = crate::state::new_customer("held.onmicrosoft.com").to_string();
    let mut connection = TcpStream::connect(server.address()).unwrap();
    let headers = format!("Authorization: {}\r\nContent-Length: {}", crate::authorization(), customer.len());
    write!(
        connection,
        "POST /v1/customers HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n\r\n{customer}"
    )
    .unwrap();
    let mut response = String::new();
    connection.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 201 "), "a write is not held up: {response}");
}
