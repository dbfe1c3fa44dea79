//! Many clients at once against an emulator that goes wrong at random. A test binary of its own, with one test, for it
//! counts the threads, sockets and bytes of the whole process.
//!
//! It takes a few seconds; `SOAK_SECONDS=30` makes it 30.

#![cfg(target_os = "linux")]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "to panic is how a test fails")]

use partner_center::{
    Client, Credential, Error, ErrorKind, ListCustomers, Reqwest, RetryPolicy, Transport, Ureq, transport::Mode,
};
use partner_center_emulator::{Emulator, EmulatorBuilder, Fault, Server};
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

/// Over each of the two transports.
const CLIENTS: usize = 32;
/// What is left behind after one is compared with what is after others.
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
    whole: AtomicUsize,
    failed: AtomicUsize,
}

#[test]
fn lists_are_whole_or_errors_and_nothing_leaks() {
    let panics = count_panics();
    let seconds: u64 = env::var("SOAK_SECONDS").map_or(4, |seconds| seconds.parse().expect("SOAK_SECONDS: a number"));
    let (mut whole, mut failed, mut usages) = (0, 0, vec![Usage::now()]);
    for _ in 0..ROUNDS {
        let tally = run(Duration::from_secs(seconds) / ROUNDS);
        whole += tally.whole.load(Ordering::Relaxed);
        failed += tally.failed.load(Ordering::Relaxed);
        usages.push(Usage::now());
    }
    #[expect(clippy::print_stdout, reason = "shown with `--nocapture`")]
    {
        println!("{whole} whole lists, {failed} errors, {usages:#?}");
    }

    assert_eq!(panics.load(Ordering::Relaxed), 0);
    assert!(whole > CLIENTS && failed > 0);
    let [before, .., middle, _, after] = &usages[..] else { panic!("{ROUNDS} rounds") };
    assert_eq!((after.threads, after.files), (before.threads, before.files), "threads and sockets");
    assert!(after.memory < middle.memory + 16 * MEBIBYTE, "memory grows from round to round");
}

/// Lists from all clients for so long, against an emulator that ends with it.
fn run(time: Duration) -> Arc<Tally> {
    let tally = Arc::new(Tally::default());
    let faults = FAULTS.map(|fault| fault.parse::<Fault>().unwrap());
    let emulator = faults.into_iter().fold(Emulator::builder().customers(CUSTOMERS), EmulatorBuilder::fault);
    let server = emulator.build().serve("127.0.0.1:0").unwrap();
    let idle = Usage::now();
    let until = Instant::now() + time;
    let expected: Arc<[Uuid]> = customers().into();

    let impatient = server.address();
    let impatient = thread::spawn(move || {
        while Instant::now() < until {
            ask_and_leave(impatient);
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
    impatient.join().unwrap();
    drop(runtime);
    assert_eq!(Usage::now().files, idle.files, "sockets of the server, of clients that have gone");

    let stopping = Instant::now();
    server.shutdown();
    assert!(stopping.elapsed() < Duration::from_secs(3), "shutting down took {:?}", stopping.elapsed());
    tally
}

/// Asks for more than it waits for, which leaves requests unread where one of them hangs.
fn ask_and_leave(address: SocketAddr) {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET /v1/customers HTTP/1.1\r\nAuthorization: Bearer {}\r\n\r\n", Emulator::TOKEN);
    // A fault may have ended the connection before.
    let _ = stream.write_all(request.repeat(20).as_bytes());
    thread::sleep(Duration::from_millis(20));
}

fn client<X: Transport>(transport: X, server: &Server) -> Client<X> {
    let retry = RetryPolicy::default().initial_backoff(Duration::from_millis(1)).max_backoff(Duration::from_millis(20));
    let builder = Client::builder(transport, Credential::token(Emulator::TOKEN)).base_url(server.url());
    builder.retry(retry.max_attempts(3)).attempt_timeout(Duration::from_secs(1)).build().unwrap()
}

/// The identifiers of all customers, or the error that ended the list.
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

/// The identifiers as they come when nothing goes wrong.
fn customers() -> Vec<Uuid> {
    let emulator = Emulator::builder().customers(CUSTOMERS).build();
    let transport = emulator.transport::<partner_center::transport::Blocking>();
    list(&Client::builder(transport, Credential::token(Emulator::TOKEN)).build().unwrap()).unwrap()
}

impl Tally {
    fn count(&self, listed: Result<Vec<Uuid>, Error>, expected: &[Uuid]) {
        match listed {
            Ok(ids) => {
                assert_eq!(ids, expected);
                self.whole.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => {
                let kinds = [ErrorKind::Service, ErrorKind::Transport, ErrorKind::Timeout, ErrorKind::Decode];
                assert!(kinds.contains(&error.kind()), "{error}");
                self.failed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// Counts the panics of all threads from now on.
fn count_panics() -> Arc<AtomicUsize> {
    let panics = Arc::new(AtomicUsize::new(0));
    let (counter, report) = (panics.clone(), panic::take_hook());
    panic::set_hook(Box::new(move |panic| {
        counter.fetch_add(1, Ordering::Relaxed);
        report(panic);
    }));
    panics
}

/// What this process uses.
#[derive(Debug)]
struct Usage {
    threads: u64,
    files: usize,
    /// In bytes.
    memory: u64,
}

impl Usage {
    fn now() -> Self {
        // What ends by itself has a moment to.
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
