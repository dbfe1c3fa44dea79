//! A service with prebuilt pages: it serves what the emulator cannot, and takes almost no CPU time.

use crate::model::link_target;
use flate2::{Compression, write::GzEncoder};
use partner_center::{
    Transport,
    transport::{Blocking, Request},
};
use partner_center_emulator::Emulator;
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Result, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// The framing of a body.
#[derive(Clone, Copy)]
pub(crate) enum BodyFraming {
    Length,
    Chunked,
    Gzip,
}

/// The fields of the customers: those of a list, or all of them.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum CustomerFields {
    Brief,
    Full,
}

/// Builds the pages of a list of that many customers.
pub(crate) fn build_pages(customers: u32, size: usize, fields: CustomerFields) -> Vec<Vec<u8>> {
    let emulator = Emulator::builder().customers(customers).build();
    let mut items: Vec<Value> = Vec::new();
    let transport = emulator.transport::<Blocking>();
    let get = |uri: &str, token: &str| -> Value {
        let request = partner_center::transport::http::Request::get(format!("http://127.0.0.1{uri}"));
        let mut request = request.header("Authorization", format!("Bearer {}", Emulator::TOKEN));
        if !token.is_empty() {
            request = request.header("MS-ContinuationToken", token);
        }
        let request: Request = request.body(Vec::new()).unwrap();
        serde_json::from_slice(transport.send(request).unwrap().body()).unwrap()
    };
    let (mut uri, mut token) = ("/v1/customers?size=500".to_owned(), String::new());
    loop {
        let mut page = get(&uri, &token);
        items.append(page["items"].as_array_mut().unwrap());
        let next = &page["links"]["next"];
        let Some(link) = next["uri"].as_str() else { break };
        (uri, token) = (link_target(link), next["headers"][0]["value"].as_str().unwrap().to_owned());
    }
    if fields == CustomerFields::Full {
        for item in &mut items {
            *item = get(&format!("/v1/customers/{}", item["id"].as_str().unwrap()), "");
        }
    }
    let last = items.len().div_ceil(size) - 1;
    let page = |(number, items): (usize, &[Value])| {
        let own = json!({"uri": format!("/v1/customers?page={number}"), "method": "GET", "headers": []});
        let mut links = json!({"self": own});
        if number < last {
            let token = json!({"key": "MS-ContinuationToken", "value": format!("token-{}", number + 1)});
            let uri = format!("/v1/customers?page={}", number + 1);
            links["next"] = json!({"uri": uri, "method": "GET", "headers": [token]});
        }
        let page = json!({"items": items, "links": links, "totalCount": items.len()});
        serde_json::to_vec(&page).unwrap()
    };
    items.chunks(size).enumerate().map(page).collect()
}

/// A server of prebuilt responses.
pub(crate) struct PrebuiltService {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl PrebuiltService {
    pub(crate) fn start(pages: &[Vec<u8>], framing: BodyFraming, latency: Duration) -> Self {
        let responses: Arc<[Vec<u8>]> = pages.iter().map(|page| http_response(page, framing)).collect();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = connections.clone();
        // The thread ends with the process.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::Relaxed);
                let responses = responses.clone();
                thread::spawn(move || serve(stream, &responses, latency));
            }
        });
        Self { address, connections }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

fn serve(mut stream: TcpStream, responses: &[Vec<u8>], latency: Duration) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    let mut page = 0;
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if let Some((_, rest)) = line.split_once("?page=") {
            page = rest.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0);
        } else if line.starts_with("GET ") {
            page = 0;
        } else if line == "\r\n" {
            thread::sleep(latency);
            stream.write_all(&responses[page])?;
        }
    }
}

fn http_response(page: &[u8], framing: BodyFraming) -> Vec<u8> {
    let mut response = b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n".to_vec();
    match framing {
        BodyFraming::Length => {
            write!(response, "Content-Length: {}\r\n\r\n", page.len()).unwrap();
            response.extend(page);
        }
        BodyFraming::Chunked => {
            response.extend(b"Transfer-Encoding: chunked\r\n\r\n");
            for chunk in page.chunks(16 << 10) {
                write!(response, "{:x}\r\n", chunk.len()).unwrap();
                response.extend(chunk);
                response.extend(b"\r\n");
            }
            response.extend(b"0\r\n\r\n");
        }
        BodyFraming::Gzip => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(page).unwrap();
            let page = encoder.finish().unwrap();
            write!(response, "Content-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", page.len()).unwrap();
            response.extend(page);
        }
    }
    response
}
