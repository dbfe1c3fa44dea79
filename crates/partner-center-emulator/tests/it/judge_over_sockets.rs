//! The judge over sockets, where a client may give up before it has a response: what it has seen is then not certain.

use crate::emulator;
use partner_center_emulator::{Delivery, Emulator, Misbehavior, Server};
use std::{
    io::{Read, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

const FIRST: &str = "6b1c5f0e-8a53-4b8f-9a57-0d6c1e2f3a4b";
const SECOND: &str = "7c2d6a1f-9b64-4c90-8b68-1e7d2f3a4b5c";

/// Sends a request with a request id, and does not read the response.
fn send(server: &Server, method: &str, id: &str) -> TcpStream {
    let mut connection = TcpStream::connect(server.address()).unwrap();
    let (authorization, correlation) = (crate::authorization(), "0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9");
    let headers = format!(
        "Host: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nAuthorization: {authorization}\r\n\
         MS-CorrelationId: {correlation}\r\nMS-RequestId: {id}\r\nContent-Length: 2"
    );
    write!(connection, "{method} /v1/customers HTTP/1.1\r\n{headers}\r\n\r\n{{}}").unwrap();
    connection
}

fn receive(mut connection: TcpStream) {
    let mut response = String::new();
    connection.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 "), "{response}");
}

/// Waits until it is clear what became of the response to the first request.
fn delivery_of_first(emulator: &Emulator) -> Delivery {
    let start = Instant::now();
    loop {
        let exchanges = emulator.exchanges();
        if let Some(exchange) = exchanges.first()
            && exchange.delivery != Delivery::Pending
        {
            return exchange.delivery;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "nothing becomes of it");
        thread::sleep(Duration::from_millis(5));
    }
}

fn found(emulator: &Emulator) -> Vec<Misbehavior> {
    emulator.verdicts().iter().map(|verdict| verdict.misbehavior).collect()
}

/// Lets a client go away before it has the response, which a fault holds back, and send the request again with the id `second`.
fn give_up_and_retry(fault: &str, method: &str, second: &str) -> Vec<Misbehavior> {
    let emulator = emulator(3);
    emulator.add_fault(fault.parse().unwrap());
    let server = emulator.serve("127.0.0.1:0").unwrap();
    let first = send(&server, method, FIRST);
    assert!(emulator.wait_for_request(0, Duration::from_secs(60), |_| true).is_some());
    drop(first);
    assert_ne!(delivery_of_first(&emulator), Delivery::Pending);
    receive(send(&server, method, second));
    found(&emulator)
}

#[test]
fn response_that_was_received_ends_a_request_id() {
    let emulator = emulator(3);
    let server = emulator.serve("127.0.0.1:0").unwrap();
    for id in [FIRST, SECOND] {
        receive(send(&server, "POST", id));
    }
    assert_eq!(found(&emulator), []);
    receive(send(&server, "POST", FIRST));
    assert_eq!(found(&emulator), [Misbehavior::ReusedRequestId]);
}

#[test]
fn client_that_gives_up_keeps_its_request_id() {
    for fault in ["delay:600s@1", "hang@1", "drip:200ms@1"] {
        assert_eq!(give_up_and_retry(fault, "POST", FIRST), [], "{fault}");
        assert_eq!(give_up_and_retry(fault, "GET", SECOND), [], "{fault}: reading twice does no harm");
    }
    for fault in ["delay:600s@1", "hang@1"] {
        let found = give_up_and_retry(fault, "POST", SECOND);
        assert_eq!(found, [Misbehavior::ChangedRequestId], "{fault}: the write may be done twice");
    }
}

#[test]
fn response_that_comes_late_or_in_drops_leads_to_no_verdict() {
    // The client may have given up just before the end of it.
    for fault in ["delay:20ms@1", "drip:1ms@1"] {
        for second in [FIRST, SECOND] {
            let emulator = emulator(3);
            emulator.add_fault(fault.parse().unwrap());
            let server = emulator.serve("127.0.0.1:0").unwrap();
            receive(send(&server, "POST", FIRST));
            assert_eq!(delivery_of_first(&emulator), Delivery::Sent);
            receive(send(&server, "POST", second));
            assert_eq!(found(&emulator), [], "{fault}");
        }
    }
}
