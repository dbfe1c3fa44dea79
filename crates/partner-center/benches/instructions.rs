//! The instructions of a get by ID over a transport in memory, in both modes, without options, hooks or metadata:
//! `cargo bench -p partner-center --features sync --bench instructions`, on Linux.
//!
//! It runs itself under callgrind, the counting tool of valgrind, with two numbers of calls; their difference leaves out what
//! is done once. A count hardly depends on the machine or its load, so that two states of the code are compared on any.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "to panic is how a benchmark fails")]
#![allow(clippy::print_stdout, reason = "the figures are the output")]

use partner_center::{
    Client, Credential, GetCustomer, Transport,
    transport::{Async, Blocking, Bytes, Output, Request, Response, TransportError, http},
};
use std::{
    env, fs,
    hint::black_box,
    pin::pin,
    process::Command,
    task::{Context, Poll, Waker},
    time::Duration,
};
use uuid::Uuid;

/// The numbers of calls: with the first, all that is done once is done.
const CALLS: [u64; 2] = [1_000, 3_000];

/// The response to each call: a customer with the fields that the service returns for one ID.
const CUSTOMER: &str = r#"{"id":"5b7b3a7e-0d0c-4a6e-9f0e-3c8f1d2a6b41","commerceId":"c4a1e0d2-7f35-4c0b-8a52-19e6f0b7d3c8",
"companyProfile":{"tenantId":"5b7b3a7e-0d0c-4a6e-9f0e-3c8f1d2a6b41","domain":"contoso-bakery.example","companyName":"Contoso Bakery",
"links":{"self":{"uri":"/customers/5b7b3a7e-0d0c-4a6e-9f0e-3c8f1d2a6b41/profiles/company","method":"GET","headers":[]}},
"attributes":{"objectType":"CustomerCompanyProfile"}},
"billingProfile":{"id":"9e6d2c1b-4f8a-4d37-b5c0-7a1e3f9d8b26","firstName":"Maya","lastName":"Lindt","email":"maya@contoso-bakery.example",
"culture":"en-US","language":"en","companyName":"Contoso Bakery","defaultAddress":{"country":"US","city":"Tacoma","state":"WA",
"addressLine1":"12 Mill Road","postalCode":"98402","firstName":"Maya","lastName":"Lindt","phoneNumber":"2535550123"},
"links":{"self":{"uri":"/customers/5b7b3a7e-0d0c-4a6e-9f0e-3c8f1d2a6b41/profiles/billing","method":"GET","headers":[]}},
"attributes":{"etag":"\"3188045692\"","objectType":"CustomerBillingProfile"}},
"relationshipToPartner":"reseller","allowDelegatedAccess":true,"userCredentials":null,"customDomains":["contoso-bakery.example"],
"links":{"self":{"uri":"/customers/5b7b3a7e-0d0c-4a6e-9f0e-3c8f1d2a6b41","method":"GET","headers":[]}},
"attributes":{"objectType":"Customer"}}"#;

fn main() {
    let arguments: Vec<_> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [mode, calls] = &arguments[..] {
        let calls = calls.parse().unwrap();
        return if mode == "async" { get_async(calls) } else { get_blocking(calls) };
    }
    for mode in ["blocking", "async"] {
        let [few, many] = CALLS.map(|calls| count_instructions(mode, calls));
        println!("get by ID, {mode}: {} instructions", (many - few) / (CALLS[1] - CALLS[0]));
    }
}

/// Returns the instructions of this program with so many calls.
fn count_instructions(mode: &str, calls: u64) -> u64 {
    let file = env::temp_dir().join(format!("partner-center-{}.callgrind", std::process::id()));
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--log-file=/dev/null"]);
    command.arg(format!("--callgrind-out-file={}", file.display())).arg(env::current_exe().unwrap());
    let status = command.args([mode, &calls.to_string()]).status().expect("valgrind is not installed");
    assert!(status.success(), "valgrind: {status}");
    let profile = fs::read_to_string(&file).unwrap();
    fs::remove_file(file).unwrap();
    let total = profile.lines().find_map(|line| line.strip_prefix("totals: "));
    total.unwrap().parse().unwrap()
}

fn response() -> Response {
    let response = http::Response::builder().header("Content-Type", "application/json; charset=utf-8");
    response.body(Bytes::from_static(CUSTOMER.as_bytes())).unwrap()
}

struct BlockingMemory;

impl Transport for BlockingMemory {
    type Mode = Blocking;
    fn send(&self, _: Request) -> Result<Response, TransportError> {
        Ok(response())
    }
    fn sleep(&self, _: Duration) {}
}

struct AsyncMemory;

impl Transport for AsyncMemory {
    type Mode = Async;
    fn send(&self, _: Request) -> Output<'_, Self, Result<Response, TransportError>> {
        Box::pin(async { Ok(response()) })
    }
    fn sleep(&self, _: Duration) -> Output<'_, Self, ()> {
        Box::pin(async {})
    }
}

fn client<X: Transport>(transport: X) -> Client<X> {
    Client::builder(transport, Credential::token("the-token")).base_url("http://127.0.0.1:9").build().unwrap()
}

fn get_blocking(calls: u64) {
    let client = client(BlockingMemory);
    for call in 0..calls {
        let customer = client.call(GetCustomer::new(Uuid::from_u128(call.into()))).unwrap();
        assert!(black_box(customer).id.is_some());
    }
}

fn get_async(calls: u64) {
    let client = client(AsyncMemory);
    for call in 0..calls {
        let mut call = pin!(client.call(GetCustomer::new(Uuid::from_u128(call.into()))));
        // Memory needs no runtime: a call is ready when it is polled.
        let Poll::Ready(customer) = call.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
            panic!("the transport never waits")
        };
        assert!(black_box(customer.unwrap()).id.is_some());
    }
}
