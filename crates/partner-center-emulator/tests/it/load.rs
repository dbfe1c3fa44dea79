//! Many connections that write and read at the same time, with faults, while hours pass: the emulator has what its clients know.
//!
//! It takes about five seconds, or as many as `EMULATOR_LOAD_SECONDS` says.

use crate::authorization;
use partner_center_emulator::{Emulator, Fault};
use serde_json::{Value, json};
use std::{
    env,
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};
use uuid::Uuid;

const CONNECTIONS: u32 = 64;
const CUSTOMERS: u32 = 30;
/// The number of customers that several connections write.
const SHARED_CUSTOMERS: usize = 16;
/// The time that passes by the clock of the emulator.
const SIMULATED_SECONDS: u32 = 60 * 60;

const FAULTS: [&str; 8] = [
    "503@3%",
    "500:empty@1%",
    "429:retry-after=0@2%",
    "reset@2%",
    "truncate@2%",
    "drip:1ms@1%",
    "garbage@0.5%",
    "delay:20ms@2%",
];

/// A connection, which is opened anew after an error.
struct Connection {
    address: SocketAddr,
    stream: Option<BufReader<TcpStream>>,
    /// Numbers the request ids.
    writes: u128,
    number: u32,
}

impl Connection {
    /// Sends a request until it has a response with the `expected` status, as the same write. A fault is a response, too.
    fn call(&mut self, method: &str, path: &str, etag: Option<&str>, body: &Value, expected: u16) -> Value {
        self.call_for(method, path, etag, body, &[expected]).1
    }

    /// As [`call`](Self::call), with one of the `expected` statuses, which it returns.
    fn call_for(
        &mut self,
        method: &str,
        path: &str,
        etag: Option<&str>,
        body: &Value,
        expected: &[u16],
    ) -> (u16, Value) {
        self.writes += 1;
        let id = Uuid::from_u128((u128::from(self.number) << 64) + self.writes);
        let (authorization, body) = (authorization(), if body.is_null() { String::new() } else { body.to_string() });
        let etag = etag.map(|etag| format!("If-Match: \"{etag}\"\r\n")).unwrap_or_default();
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {authorization}\r\nMS-RequestId: {id}\r\n{etag}\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        for _ in 0..200 {
            match self.exchange(&request) {
                Ok((status, body)) => {
                    let value = if body.is_empty() { Some(Value::Null) } else { serde_json::from_slice(&body).ok() };
                    match value {
                        Some(value) if expected.contains(&status) => return (status, value),
                        // Garbage has the status 200, whatever the request is.
                        None if status == 200 => {}
                        _ if [429, 500, 503].contains(&status) => {}
                        _ => panic!("{method} {path}: {status} {}", String::from_utf8_lossy(&body)),
                    }
                }
                Err(_) => self.stream = None,
            }
        }
        panic!("{method} {path} fails again and again")
    }

    fn exchange(&mut self, request: &str) -> io::Result<(u16, Vec<u8>)> {
        if self.stream.is_none() {
            let stream = TcpStream::connect(self.address)?;
            stream.set_read_timeout(Some(Duration::from_secs(60)))?;
            self.stream = Some(BufReader::new(stream));
        }
        let connection = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        connection.get_mut().write_all(request.as_bytes())?;
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if connection.read_line(&mut head)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let status = head.get(9..12).and_then(|status| status.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
        let head = head.to_lowercase();
        let mut body = Vec::new();
        if let Some(length) = head.lines().find_map(|line| line.strip_prefix("content-length: ")) {
            body.resize(length.parse().unwrap(), 0);
            connection.read_exact(&mut body)?;
        } else if head.contains("transfer-encoding: chunked") {
            loop {
                let mut size = String::new();
                connection.read_line(&mut size)?;
                let size = usize::from_str_radix(size.trim(), 16).map_err(|_| io::ErrorKind::InvalidData)?;
                let mut chunk = vec![0; size + 2];
                connection.read_exact(&mut chunk)?;
                if size == 0 {
                    break;
                }
                body.extend_from_slice(&chunk[..size]);
            }
        }
        Ok((status, body))
    }
}

/// A customer as a client knows it.
struct KnownCustomer {
    path: String,
    id: String,
    profile: Value,
    users: Vec<(String, Value)>,
}

impl KnownCustomer {
    fn create(connection: &mut Connection, domain: &str) -> Self {
        let customer = json!({
            "companyProfile": { "domain": domain },
            "billingProfile": {
                "culture": "en-US",
                "email": "accounts@wingtip.example",
                "language": "en",
                "companyName": "Wingtip Toys",
                "defaultAddress": {
                    "firstName": "Ines",
                    "lastName": "Roth",
                    "addressLine1": "3 Mill Lane",
                    "city": "Seattle",
                    "state": "WA",
                    "postalCode": "98101",
                    "country": "US",
                },
            },
        });
        let created = connection.call("POST", "/v1/customers", None, &customer, 201);
        let id = created["id"].as_str().unwrap().to_owned();
        let path = format!("/v1/customers/{id}");
        Self { path, id, profile: created["billingProfile"].clone(), users: Vec::new() }
    }

    fn update_profile(&mut self, connection: &mut Connection, name: &str) {
        let path = format!("{}/profiles/billing", self.path);
        let etag = self.profile["attributes"]["etag"].as_str().unwrap().to_owned();
        self.profile["firstName"] = name.into();
        self.profile = connection.call("PUT", &path, Some(&etag), &self.profile, 200);
        assert_eq!(self.profile["firstName"], name);
    }

    fn create_user(&mut self, connection: &mut Connection, domain: &str) {
        let user = json!({
            "userPrincipalName": format!("user{}@{domain}", connection.writes),
            "displayName": "Paula Berg",
            "firstName": "Paula",
            "lastName": "Berg",
            "usageLocation": "US",
            "passwordProfile": { "password": "Sample-4hT7-only", "forceChangePassword": true },
        });
        let created = connection.call("POST", &format!("{}/users", self.path), None, &user, 200);
        let path = format!("{}/users/{}", self.path, created["id"].as_str().unwrap());
        let user = connection.call("GET", &path, None, &Value::Null, 200);
        assert_eq!(user["userPrincipalName"], created["userPrincipalName"]);
        self.users.push((path, user));
    }

    fn change_user(&mut self, connection: &mut Connection, name: &str) {
        let Some((path, user)) = self.users.last_mut() else { return };
        user["displayName"] = name.into();
        connection.call("PATCH", path, None, &json!({ "displayName": name }), 200);
        assert_eq!(connection.call("GET", path, None, &Value::Null, 200), *user);
    }

    fn check(&self, get: &mut dyn FnMut(&str) -> Value) {
        assert_eq!(get(&format!("{}/profiles/billing", self.path)), self.profile);
        for (path, user) in &self.users {
            assert_eq!(get(path), *user);
        }
    }
}

/// A customer that several connections write, each of which adds one to the number in its billing profile.
struct SharedCustomer {
    path: String,
    /// How many have been added by all.
    added: AtomicU32,
}

impl SharedCustomer {
    fn create(connection: &mut Connection, number: usize) -> Self {
        let customer = KnownCustomer::create(connection, &format!("shared{number}.onmicrosoft.com"));
        let shared = Self { path: format!("{}/profiles/billing", customer.path), added: AtomicU32::new(0) };
        assert!(shared.try_write(connection, &customer.profile, &json!({ "firstName": "0" })));
        shared
    }

    fn id(&self) -> &str {
        self.path.split('/').nth(3).unwrap()
    }

    /// Adds one, from what is read on for as often as somebody else was faster.
    fn add_one(&self, connection: &mut Connection) {
        let stale = loop {
            let profile = connection.call("GET", &self.path, None, &Value::Null, 200);
            let number: u32 = profile["firstName"].as_str().unwrap().parse().unwrap();
            let change = json!({ "firstName": (number + 1).to_string() });
            if self.try_write(connection, &profile, &change) {
                break profile;
            }
        };
        self.added.fetch_add(1, Ordering::Relaxed);
        // What was read before is not written any more.
        assert!(!self.try_write(connection, &stale, &json!({ "firstName": "0" })), "the change of somebody is lost");
    }

    /// Writes a profile with a change; returns `false` if it is not the newest one.
    fn try_write(&self, connection: &mut Connection, profile: &Value, change: &Value) -> bool {
        let mut profile = profile.clone();
        profile["firstName"] = change["firstName"].clone();
        let etag = profile["attributes"]["etag"].as_str().unwrap().to_owned();
        let (status, response) = connection.call_for("PUT", &self.path, Some(&etag), &profile, &[200, 400]);
        assert!(status == 200 || response["code"] == 2055, "{response}");
        status == 200
    }

    fn check(&self, get: &mut dyn FnMut(&str) -> Value) {
        assert_eq!(get(&self.path)["firstName"], self.added.load(Ordering::Relaxed).to_string(), "{}", self.path);
    }
}

/// Writes and reads until `is_over`, and returns the customers that are there then.
fn work(connection: &mut Connection, shared: &[SharedCustomer], is_over: &AtomicBool) -> Vec<KnownCustomer> {
    let mut customers = Vec::new();
    let mut round = 0;
    while !is_over.load(Ordering::Relaxed) {
        let domain = format!("c{}n{round}.onmicrosoft.com", connection.number);
        let mut customer = KnownCustomer::create(connection, &domain);
        customer.update_profile(connection, &format!("Round {round}"));
        customer.create_user(connection, &domain);
        shared[connection.number as usize % shared.len()].add_one(connection);
        customer.create_user(connection, &domain);
        customer.change_user(connection, "Paula Stein");
        customer.check(&mut |path| connection.call("GET", path, None, &Value::Null, 200));
        if round % 3 == 2 {
            connection.call("DELETE", &customer.path, None, &Value::Null, 204);
            connection.call("GET", &customer.path, None, &Value::Null, 404);
        } else {
            customers.push(customer);
        }
        round += 1;
    }
    customers
}

/// Checks that `emulator` has the generated customers, `known` and `shared`, and nothing else.
fn check_all(emulator: &Emulator, known: &[KnownCustomer], shared: &[SharedCustomer]) {
    let mut get = |path: &str| {
        // A fault hits the check as well.
        (0..200).find_map(|_| crate::try_get(emulator, path)).unwrap()
    };
    for customer in known {
        customer.check(&mut get);
    }
    for customer in shared {
        customer.check(&mut get);
    }
    let snapshot: Value = serde_json::from_str(&emulator.snapshot().to_json()).unwrap();
    let written = snapshot["state"]["customers"].as_array().unwrap();
    let mut written: Vec<_> = written.iter().filter_map(|entry| entry["createdId"].as_str()).collect();
    let known = known.iter().map(|customer| customer.id.as_str());
    let mut expected: Vec<_> = known.chain(shared.iter().map(SharedCustomer::id)).collect();
    written.sort_unstable();
    expected.sort_unstable();
    assert_eq!(written, expected);
}

#[test]
fn state_is_what_the_clients_of_many_connections_know() {
    let seconds = env::var("EMULATOR_LOAD_SECONDS").map_or(4, |seconds| seconds.parse().unwrap());
    #[cfg(feature = "persistence")]
    let folder = tempfile::tempdir().unwrap();
    let builder = || {
        let faults = FAULTS.iter().map(|fault| fault.parse::<Fault>().unwrap());
        faults.fold(Emulator::builder().customers(CUSTOMERS), partner_center_emulator::EmulatorBuilder::fault)
    };
    #[cfg(feature = "persistence")]
    let build = || builder().build_with_data_file(folder.path().join("data")).unwrap();
    #[cfg(not(feature = "persistence"))]
    let build = || builder().build();

    let emulator = build();
    let server = emulator.serve("127.0.0.1:0").unwrap();
    let (address, is_over) = (server.address(), AtomicBool::new(false));
    let mut first = Connection { address, stream: None, writes: 0, number: 0 };
    let shared: Vec<_> = (0..SHARED_CUSTOMERS).map(|number| SharedCustomer::create(&mut first, number)).collect();
    let known: Vec<KnownCustomer> = thread::scope(|scope| {
        let workers: Vec<_> = (1..=CONNECTIONS)
            .map(|number| {
                let (shared, is_over) = (&shared, &is_over);
                scope.spawn(move || work(&mut Connection { address, stream: None, writes: 0, number }, shared, is_over))
            })
            .collect();
        let (start, duration) = (Instant::now(), Duration::from_secs(seconds));
        let mut passed = 0;
        while start.elapsed() < duration && !workers.iter().any(thread::ScopedJoinHandle::is_finished) {
            thread::sleep(duration / 100);
            passed += SIMULATED_SECONDS / 100;
            emulator.advance_clock(Duration::from_secs((SIMULATED_SECONDS / 100).into()));
        }
        emulator.advance_clock(Duration::from_secs(SIMULATED_SECONDS.saturating_sub(passed).into()));
        is_over.store(true, Ordering::Relaxed);
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert!(!known.is_empty());
    check_all(&emulator, &known, &shared);
    server.shutdown();
    #[cfg(feature = "persistence")]
    {
        drop(emulator);
        check_all(&build(), &known, &shared);
    }
}
