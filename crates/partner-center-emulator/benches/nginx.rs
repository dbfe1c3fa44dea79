//! The CPU time that the emulator's server takes for a response, relative to nginx with the same bytes in a file.
//!
//! `cargo bench -p partner-center-emulator --bench nginx` prints a table, and fails if a ratio exceeds its limit. It needs Linux,
//! which tells the CPU time of a process while it runs, and nginx (`apt-get install nginx-light`, say); without either it only
//! says so.
//!
//! Both servers are processes with one connection, over which this one sends requests, one after the other. They take turns, and
//! a ratio is the median over the rounds.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark prints, and panics if it fails"
)]

use partner_center_emulator::Emulator;
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, Stdio},
    thread,
    time::Duration,
};

/// The argument of the process that serves the emulator.
const SERVE: &str = "serve";

const ROUNDS: usize = 9;

/// What is requested: the targets in a round, how often each, and the limit of the ratio.
struct Case {
    name: &'static str,
    targets: fn(round: usize) -> Vec<String>,
    repetitions: usize,
    limit: Option<f64>,
}

const CASES: [Case; 3] = [
    Case {
        name: "a page of 500 that was requested before",
        targets: |_| vec!["/v1/customers?size=500".to_owned()],
        repetitions: 400,
        limit: Some(3.0),
    },
    Case {
        name: "pages of 428 to 499 that are new",
        targets: |round| (0..8).map(|index| format!("/v1/customers?size={}", 499 - round * 8 - index)).collect(),
        repetitions: 1,
        limit: None,
    },
    Case {
        name: "a customer by its ID",
        targets: |_| vec!["/v1/customers/a39715f8-c3f1-4c44-a74f-a31a62f51d69".to_owned()],
        repetitions: 4000,
        limit: Some(2.5),
    },
];

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(SERVE) {
        let server = Emulator::builder().customers(1_000_000).build().serve("127.0.0.1:0").unwrap();
        println!("{}", server.address());
        server.wait();
        return ExitCode::SUCCESS;
    }
    if !cfg!(target_os = "linux") || Command::new("nginx").arg("-v").stderr(Stdio::null()).status().is_err() {
        println!("this benchmark needs Linux and nginx");
        return ExitCode::SUCCESS;
    }
    let (mut emulator, mut nginx) = (MeasuredServer::start_emulator(), MeasuredServer::start_nginx());
    println!("| response | emulator, µs | nginx, µs | ratio | limit | |\n|---|---|---|---|---|---|");
    let mut meets_limits = true;
    for Case { name, targets, repetitions, limit } in CASES {
        let mut rows = Vec::new();
        for round in 0..ROUNDS {
            let targets = targets(round);
            let of_emulator = emulator.cpu_time_of_requests(&targets, repetitions);
            let files: Vec<_> = targets.iter().map(|target| nginx.add_file(&emulator.get(target))).collect();
            rows.push((of_emulator, nginx.cpu_time_of_requests(&files, repetitions)));
        }
        let [emulator_time, nginx_time] = [median(rows.iter().map(|row| row.0)), median(rows.iter().map(|row| row.1))];
        let ratio = median(rows.iter().map(|(emulator, nginx)| emulator / nginx));
        let is_met = limit.is_none_or(|limit| ratio <= limit);
        meets_limits &= is_met;
        let limit = limit.map(|limit| format!("at most {limit}")).unwrap_or_default();
        let verdict = if is_met { "" } else { "MISSED" };
        println!("| {name} | {emulator_time:.1} | {nginx_time:.1} | {ratio:.2} | {limit} | {verdict} |");
    }
    if meets_limits { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A server, with a connection to it.
struct MeasuredServer {
    process: Child,
    connection: BufReader<TcpStream>,
    /// Where the files of nginx are.
    folder: PathBuf,
    files: usize,
    body: Vec<u8>,
}

impl MeasuredServer {
    fn start_emulator() -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let mut process = command.arg(SERVE).stdout(Stdio::piped()).spawn().unwrap();
        let mut address = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut address).unwrap();
        Self::connect(process, address.trim(), PathBuf::new())
    }

    fn start_nginx() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("nginx");
        fs::create_dir_all(folder.join("files")).unwrap();
        // A port that was free a moment ago.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let files = folder.join("files");
        let configuration = format!(
            "daemon off; master_process off; error_log stderr error; pid nginx.pid; events {{}}
             http {{
                 access_log off; sendfile on; tcp_nodelay on; keepalive_requests 1000000;
                 default_type application/json;
                 server {{ listen {address}; root {}; }}
             }}",
            files.display()
        );
        fs::write(folder.join("nginx.conf"), configuration).unwrap();
        let mut command = Command::new("nginx");
        let process = command.arg("-p").arg(&folder).args(["-c", "nginx.conf"]).spawn().unwrap();
        Self::connect(process, &address, files)
    }

    fn connect(process: Child, address: &str, folder: PathBuf) -> Self {
        let stream = loop {
            match TcpStream::connect(address) {
                Ok(stream) => break stream,
                Err(_) => thread::sleep(Duration::from_millis(10)),
            }
        };
        stream.set_nodelay(true).unwrap();
        Self { process, connection: BufReader::with_capacity(1 << 20, stream), folder, files: 0, body: Vec::new() }
    }

    /// Adds a file with this content, and returns the target of a request for it.
    fn add_file(&mut self, content: &[u8]) -> String {
        self.files += 1;
        fs::write(self.folder.join(self.files.to_string()), content).unwrap();
        format!("/{}", self.files)
    }

    /// Returns the CPU time of the server for a request, in microseconds.
    fn cpu_time_of_requests(&mut self, targets: &[String], repetitions: usize) -> f64 {
        let before = self.cpu_time();
        for _ in 0..repetitions {
            for target in targets {
                self.get(target);
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let requests = (repetitions * targets.len()) as f64;
        self.cpu_time().saturating_sub(before).as_secs_f64() * 1e6 / requests
    }

    /// Requests `target`, and returns the body of the response.
    fn get(&mut self, target: &str) -> Vec<u8> {
        let request =
            format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n", Emulator::TOKEN);
        self.connection.get_mut().write_all(request.as_bytes()).unwrap();
        let (mut line, mut length) = (String::new(), 0);
        self.connection.read_line(&mut line).unwrap();
        assert!(line.contains(" 200 "), "{target}: {line}");
        while line != "\r\n" {
            line.clear();
            self.connection.read_line(&mut line).unwrap();
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        self.body.resize(length, 0);
        self.connection.read_exact(&mut self.body).unwrap();
        self.body.clone()
    }

    /// Returns the CPU time that the threads of the server have taken, in nanoseconds in the first field of `schedstat`.
    fn cpu_time(&self) -> Duration {
        // The work for the last response may go on for a moment after it was received.
        thread::sleep(Duration::from_millis(2));
        let threads = fs::read_dir(format!("/proc/{}/task", self.process.id())).unwrap();
        let time_of = |thread: fs::DirEntry| -> u64 {
            let time = fs::read_to_string(thread.path().join("schedstat")).unwrap();
            time.split(' ').next().unwrap().parse().unwrap()
        };
        Duration::from_nanos(threads.map(|thread| time_of(thread.unwrap())).sum())
    }
}

impl Drop for MeasuredServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
