//! Many calls over one client: how close they come to the bound of the latency, and to the limit of the service.
//!
//! The emulator runs in a process of its own, which is this program once more. Its connections are counted by the sockets that it
//! has open, the requests that it rejects by what the client sees: `cargo bench -p partner-center --all-features --bench fan_out`, about five minutes, on a
//! machine that does nothing else; `-- latency` or `-- limit` measures one of the two. A figure that misses its bar ends it
//! with a failure.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "to panic is how a benchmark fails")]
#![allow(clippy::cast_precision_loss, reason = "counts of requests are small")]
#![allow(clippy::print_stdout, reason = "the figures are the output")]

use partner_center::{
    AsyncClient, Client, ClientBuilder, Credential, GetCustomer, ListCustomers, Reqwest, SyncClient, Transport, Ureq,
};
use partner_center_emulator::Emulator;
use std::{
    env, fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::{Child, ChildStdout, Command, ExitCode, Stdio},
    thread,
    time::{Duration, Instant},
};
use uuid::Uuid;

const CALLS: usize = 3000;
const LATENCY: Duration = Duration::from_millis(20);
const RUNS: usize = 5;
/// The limit: 500 in ten seconds, which is 500 a minute, six times as fast.
const LIMIT: u32 = 500;
const PERIOD: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [first, latency, limit] = &arguments[..]
        && first == "serve"
    {
        serve(latency.parse().unwrap(), limit.parse().unwrap());
        return ExitCode::SUCCESS;
    }
    let wanted = |name: &str| arguments.is_empty() || arguments.iter().any(|argument| name.contains(argument.as_str()));
    let mut is_met = true;
    if wanted("latency") {
        for concurrency in [8, 32] {
            is_met &= measure_unlimited("ureq", concurrency, Ureq::new, run_blocking);
            is_met &= measure_unlimited("reqwest", concurrency, Reqwest::new, run_async);
        }
    }
    if wanted("limit") {
        for concurrency in [8, 16, 32] {
            is_met &= measure_limited("ureq", concurrency, Ureq::new, run_blocking);
            is_met &= measure_limited("reqwest", concurrency, Reqwest::new, run_async);
        }
    }
    if is_met { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The emulator in a child process, which is killed in the end.
struct Service {
    process: Child,
    url: String,
    _stdout: BufReader<ChildStdout>,
}

impl Service {
    fn start(latency: Duration, limit: u32) -> Self {
        let arguments = ["serve".to_owned(), latency.as_millis().to_string(), limit.to_string()];
        let mut command = Command::new(env::current_exe().unwrap());
        let mut process = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let mut url = String::new();
        stdout.read_line(&mut url).unwrap();
        Self { process, url: url.trim().to_owned(), _stdout: stdout }
    }

    fn client<X: Transport>(&self, transport: X) -> ClientBuilder<X> {
        Client::builder(transport, Credential::token(Emulator::TOKEN)).base_url(&self.url)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// Serves the emulator; `latency` is in milliseconds, and a limit of zero is none.
fn serve(latency: u64, limit: u32) {
    let mut emulator = Emulator::builder().customers(1000);
    if latency > 0 {
        emulator = emulator.fault(format!("delay:{latency}ms").parse().unwrap());
    }
    if let Ok(limit) = limit.try_into() {
        emulator = emulator.rate_limit(limit).rate_limit_period(PERIOD);
    }
    let server = emulator.build().serve("127.0.0.1:0").unwrap();
    println!("{}", server.url());
    server.wait();
}

/// Prints the time of a fan-out over its bound, which is `latency * calls / concurrency`: with the latency that is configured, and
/// with that of a request written to a socket by hand, which the service delays by a timer that counts in milliseconds.
fn measure_unlimited<X: Transport>(
    name: &str,
    concurrency: usize,
    transport: impl Fn() -> Result<X, partner_center::transport::TransportError>,
    run: impl Fn(&Client<X>, Vec<Uuid>, usize) -> Vec<Instant> + Sync,
) -> bool
where
    Client<X>: Sync,
{
    let service = Service::start(LATENCY, 0);
    let ids = ids(&service);
    let [mut single, mut ratios] = [Vec::new(), Vec::new()];
    for _ in 0..RUNS {
        let client = service.client(transport().unwrap()).build().unwrap();
        run(&client, ids[..concurrency].to_vec(), concurrency);
        single.push(handwritten_latency(&service, &ids[..50]));
        let start = Instant::now();
        assert_eq!(run(&client, ids.clone(), concurrency).len(), CALLS);
        let waves = CALLS.div_ceil(concurrency);
        ratios.push(start.elapsed().as_secs_f64() / waves as f64);
    }
    let (single, wave) = (median(single), median(ratios));
    let (of_latency, of_single) = (wave / LATENCY.as_secs_f64(), wave / single);
    let connections = max_connections(concurrency, transport, run);
    println!(
        "latency, {name}, {concurrency} at once: {of_latency:.3} of the bound for 20 ms, {of_single:.3} of that for a \
         handwritten request ({:.2} ms); {} connections",
        single * 1000.0,
        connections.map_or("?".to_owned(), |count| count.to_string())
    );
    of_single <= 1.05 && connections.is_none_or(|count| count <= concurrency)
}

/// Returns the maximum number of connections that a client has open during a fan-out, where the system tells the sockets of the
/// service. They are looked at all the time, which is why this run is not measured.
fn max_connections<X: Transport>(
    concurrency: usize,
    transport: impl Fn() -> Result<X, partner_center::transport::TransportError>,
    run: impl Fn(&Client<X>, Vec<Uuid>, usize) -> Vec<Instant> + Sync,
) -> Option<usize>
where
    Client<X>: Sync,
{
    let service = Service::start(LATENCY, 0);
    let client = service.client(transport().unwrap()).build().unwrap();
    // The socket that listens: no other client has ever called this service.
    let (idle, mut max) = (open_sockets(&service)?, 0);
    let calls: Vec<_> = (0..20 * concurrency as u128).map(Uuid::from_u128).collect();
    thread::scope(|scope| {
        let run = scope.spawn(|| run(&client, calls, concurrency));
        while !run.is_finished() {
            max = max.max(open_sockets(&service).unwrap().saturating_sub(idle));
            thread::sleep(Duration::from_millis(1));
        }
        run.join().unwrap();
    });
    Some(max)
}

/// Returns the number of sockets that the service has open, where the system tells.
fn open_sockets(service: &Service) -> Option<usize> {
    let files = fs::read_dir(format!("/proc/{}/fd", service.process.id())).ok()?;
    let is_socket = |path: PathBuf| path.to_string_lossy().starts_with("socket:");
    Some(files.flatten().filter(|file| fs::read_link(file.path()).is_ok_and(is_socket)).count())
}

/// Returns the mean time of a request that is written to a connection, and of reading its response.
fn handwritten_latency(service: &Service, ids: &[Uuid]) -> f64 {
    let address = service.url.trim_start_matches("http://");
    let mut connection = BufReader::new(TcpStream::connect(address).unwrap());
    connection.get_ref().set_nodelay(true).unwrap();
    let mut get = |id: &Uuid| {
        let head = format!(
            "GET /v1/customers/{id} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\r\n",
            Emulator::TOKEN
        );
        connection.get_mut().write_all(head.as_bytes()).unwrap();
        let mut body_size = 0;
        loop {
            let mut line = String::new();
            connection.read_line(&mut line).unwrap();
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(size) = line.strip_prefix("content-length: ") {
                body_size = size.parse().unwrap();
            }
        }
        connection.read_exact(&mut vec![0; body_size]).unwrap();
    };
    get(&ids[0]);
    let start = Instant::now();
    ids.iter().for_each(&mut get);
    start.elapsed().as_secs_f64() / ids.len() as f64
}

/// Prints the part of the allowed rate that is used, and the part of the requests that are rejected, of a fan-out with two
/// neighbors on the same client, without a configured rate. The burst at the beginning, which all of the first window's quota is
/// sent in, could hide that little is used later; so the rate is also judged from the first response of the second window on.
fn measure_limited<X: Transport>(
    name: &str,
    concurrency: usize,
    transport: impl Fn() -> Result<X, partner_center::transport::TransportError>,
    run: impl Fn(&Client<X>, Vec<Uuid>, usize) -> Vec<Instant> + Sync,
) -> bool
where
    Client<X>: Sync,
{
    let service = Service::start(LATENCY, LIMIT);
    let client = service.client(transport().unwrap()).build().unwrap();
    let parts = [CALLS - 2 * 150, 150, 150];
    let start = Instant::now();
    let ends: Vec<_> = thread::scope(|scope| {
        let runs = parts.map(|calls| {
            let (client, run) = (client.clone(), &run);
            let concurrency = if calls == 150 { 1 } else { concurrency };
            scope.spawn(move || run(&client, (0..calls as u128).map(Uuid::from_u128).collect(), concurrency))
        });
        runs.into_iter().flat_map(|run| run.join().unwrap()).collect()
    });
    assert_eq!(ends.len(), CALLS);
    let used_since = |begin: Instant| {
        let times = ends.iter().filter_map(|end| end.checked_duration_since(begin)).filter(|time| !time.is_zero());
        let allowed = f64::from(LIMIT) * times.clone().max().unwrap().as_secs_f64() / PERIOD.as_secs_f64();
        times.count() as f64 / allowed
    };
    let first_of_second_window = *ends.iter().filter(|end| **end > start + PERIOD).min().unwrap();
    let (used, used_later) = (used_since(start), used_since(first_of_second_window));
    let rejected = client.rate_limit_status().throttled_responses as f64;
    let rejected = rejected / (CALLS as f64 + rejected);
    println!(
        "limit, {name}, {concurrency} at once and two neighbors: {used:.3} of the allowed rate, {used_later:.3} after the \
         burst, {:.2} % rejected",
        rejected * 100.0
    );
    used >= 0.98 && used_later >= 0.98 && rejected < 0.01
}

/// Performs a call for each ID, and returns the times at which they ended. An ID that is not found is a response as well.
fn run_blocking(client: &SyncClient, ids: Vec<Uuid>, concurrency: usize) -> Vec<Instant> {
    let outcomes = client.for_each(ids, concurrency, |client, id| client.call(GetCustomer::new(*id)));
    outcomes.map(|outcome| assert_response(outcome.result.err())).collect()
}

fn run_async(client: &AsyncClient, ids: Vec<Uuid>, concurrency: usize) -> Vec<Instant> {
    thread_local! {
        // Of this thread, so that its connections outlive a run.
        static RUNTIME: tokio::runtime::Runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    }
    RUNTIME.with(|runtime| {
        runtime.block_on(async {
            let mut outcomes = client.for_each(ids, concurrency, |client, id| client.call(GetCustomer::new(*id)));
            let mut ends = Vec::new();
            while let Some(outcome) = outcomes.next().await {
                ends.push(assert_response(outcome.result.err()));
            }
            ends
        })
    })
}

fn assert_response(error: Option<partner_center::Error>) -> Instant {
    if let Some(error) = error.filter(|error| !error.is_not_found()) {
        panic!("{error}");
    }
    Instant::now()
}

/// Returns the IDs of customers, one for each call.
fn ids(service: &Service) -> Vec<Uuid> {
    let client: Client<Ureq> = service.client(Ureq::new().unwrap()).build().unwrap();
    let ids: Vec<_> = client.items(ListCustomers::new()).map(|customer| customer.unwrap().id.unwrap()).collect();
    ids.into_iter().cycle().take(CALLS).collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
