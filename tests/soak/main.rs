//! Many concurrent clients of an emulator with random faults. It is a separate test binary with one test, because it counts the
//! threads, sockets and memory of the process.
//!
//! It takes a few seconds, or as many as `SOAK_SECONDS` says.

#![cfg(target_os = "linux")]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "to panic is how a test fails")]

use partner_center::{
    Client, Credential, Error, ErrorKind, ListCustomers, Reqwest, RetryPolicy, Transport, Ureq, transport::Mode,
};
use partner_center_emulator::{Emulator, EmulatorBuilder, Fault, Server};
use partner_center_tests::judged_emulator;
use std::{
    env, fs,
    io::Write,
    net::{SocketAddr, TcpStream},
    panic,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};
use uuid::Uuid;

/// The number of clients over each of the two transports.
const CLIENTS: usize = 32;
/// The resources in use are compared after each round.
const ROUNDS: u32 = 4;
const CUSTOMERS: u32 = 120;
const MEBIBYTE: u64 = 1 << 20;

const FAULTS: [&str; 12] = [
    "503@2%",
    "500:empty@1%",
    "429:retry-after=0@2%",
    "401@0.5%",
    "403:text@0.5%",
    "reset@2%",
    "truncate@2%",
    "drip:1ms@2%",
    "hang@0.3%",
    "garbage@0.2%",
    "delay:30ms@3%",
    "delay:5s@0.2%",
];

#[derive(Default)]
struct Tally {
    complete: AtomicUsize,
    failed: AtomicUsize,
}

#[test]
fn lists_are_complete_or_errors_and_nothing_leaks() {
    let panics = count_panics();
    let seconds: u64 = env::var("SOAK_SECONDS").map_or(4, |seconds| seconds.parse().expect("SOAK_SECONDS: a number"));
    let (mut complete, mut failed, mut usages) = (0, 0, vec![Usage::now()]);
    for _ in 0..ROUNDS {
        let tally = run(Duration::from_secs(seconds) / ROUNDS);
        complete += tally.complete.load(Ordering::Relaxed);
        failed += tally.failed.load(Ordering::Relaxed);
        usages.push(Usage::now());
    }
    #[expect(clippy::print_stdout, reason = "shown with `--nocapture`")]
    {
        println!("{complete} complete lists, {failed} errors, {usages:#?}");
    }

    assert_eq!(panics.load(Ordering::Relaxed), 0);
    assert!(complete > CLIENTS && failed > 0);
    let [before, .., middle, _, after] = &usages[..] else { panic!("{ROUNDS} rounds") };
    assert_eq!((after.threads, after.files), (before.threads, before.files), "threads and sockets");
    assert!(after.memory < middle.memory + 16 * MEBIBYTE, "memory grows from round to round");
}

/// Runs all clients against a new emulator for some time.
fn run(time: Duration) -> Arc<Tally> {
    let tally = Arc::new(Tally::default());
    let faults = FAULTS.map(|fault| fault.parse::<Fault>().unwrap());
    let emulator = faults.into_iter().fold(judged_emulator().customers(CUSTOMERS), EmulatorBuilder::fault);
    let server = emulator.build().serve("127.0.0.1:0").unwrap();
    let idle = Usage::now();
    let until = Instant::now() + time;
    let expected: Arc<[Uuid]> = expected_ids().into();

    let pipelining = server.address();
    let pipelining = thread::spawn(move || {
        while Instant::now() < until {
            send_and_close(pipelining);
        }
    });
    let blocking: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (client, tally, expected) = (client(Ureq::new().unwrap(), &server), tally.clone(), expected.clone());
            thread::spawn(move || {
                while Instant::now() < until {
                    tally.count(list(&client), &expected);
                }
            })
        })
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let all = (0..CLIENTS).map(|_| {
        let (client, tally, expected) = (client(Reqwest::new().unwrap(), &server), tally.clone(), expected.clone());
        async move {
            while Instant::now() < until {
                tally.count(list(&client).await, &expected);
            }
        }
    });
    runtime.block_on(futures_util::future::join_all(all));
    for thread in blocking {
        thread.join().unwrap();
    }
    pipelining.join().unwrap();
    drop(runtime);
    assert_eq!(Usage::now().files, idle.files, "sockets of closed connections");

    let start = Instant::now();
    server.shutdown();
    assert!(start.elapsed() < Duration::from_secs(3), "shutting down took {:?}", start.elapsed());
    tally
}

/// Sends many requests and closes the connection, which leaves unread requests if one of them hangs.
fn send_and_close(address: SocketAddr) {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET /v1/customers HTTP/1.1\r\nAuthorization: Bearer {}\r\n\r\n", Emulator::TOKEN);
    // A fault may already have closed the connection.
    let _ = stream.write_all(request.repeat(20).as_bytes());
    thread::sleep(Duration::from_millis(20));
}

fn client<X: Transport>(transport: X, server: &Server) -> Client<X> {
    let retry = RetryPolicy::default().initial_backoff(Duration::from_millis(1)).max_backoff(Duration::from_millis(20));
    let builder = Client::builder(transport, Credential::token(Emulator::TOKEN)).base_url(server.url());
    builder.retry(retry.max_attempts(3)).attempt_timeout(Duration::from_secs(1)).build().unwrap()
}

/// Lists the IDs of all customers.
fn list<X: Transport>(client: &Client<X>) -> partner_center::transport::Output<'static, X, Result<Vec<Uuid>, Error>> {
    let mut pages = client.pages(ListCustomers::new().size(20));
    X::Mode::block_or_box(async move {
        let mut ids = Vec::new();
        while let Some(page) = X::Mode::into_future(pages.next_page()).await {
            ids.extend(page?.items.iter().filter_map(|customer| customer.id));
        }
        Ok(ids)
    })
}

/// Returns the IDs of a list without faults.
fn expected_ids() -> Vec<Uuid> {
    let emulator = judged_emulator().customers(CUSTOMERS).build();
    let transport = emulator.transport::<partner_center::transport::Blocking>();
    list(&Client::builder(transport, Credential::token(Emulator::TOKEN)).build().unwrap()).unwrap()
}

impl Tally {
    fn count(&self, outcome: Result<Vec<Uuid>, Error>, expected: &[Uuid]) {
        match outcome {
            Ok(ids) => {
                assert_eq!(ids, expected);
                self.complete.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => {
                let kinds = [ErrorKind::Service, ErrorKind::Transport, ErrorKind::Timeout, ErrorKind::Decode];
                assert!(kinds.contains(&error.kind()), "{error}");
                self.failed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// Starts to count the panics of all threads.
fn count_panics() -> Arc<AtomicUsize> {
    let panics = Arc::new(AtomicUsize::new(0));
    let (counter, report) = (panics.clone(), panic::take_hook());
    panic::set_hook(Box::new(move |panic| {
        counter.fetch_add(1, Ordering::Relaxed);
        report(panic);
    }));
    panics
}

/// The resources that the process uses.
#[derive(Debug)]
struct Usage {
    threads: u64,
    files: usize,
    /// In bytes.
    memory: u64,
}

impl Usage {
    fn now() -> Self {
        // Threads and connections that are about to end need a moment.
        thread::sleep(Duration::from_millis(500));
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let field = |name: &str| -> u64 {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.split_whitespace().next().unwrap().parse().unwrap()
        };
        let files = fs::read_dir("/proc/self/fd").unwrap().count();
        Self { threads: field("Threads:"), files, memory: field("VmRSS:") * 1024 }
    }
}
