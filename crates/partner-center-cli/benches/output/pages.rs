//! A service with the prebuilt pages of a list of customers, which takes almost no CPU time.

use partner_center::transport::{Blocking, Request, Transport, http};
use partner_center_emulator::Emulator;
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Result, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    thread,
};

/// The fields of the customers: those of a list, or all of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum CustomerFields {
    Brief,
    Full,
}

const PAGE_SIZE: usize = 500;

/// A service with the pages of a list.
pub(crate) struct PageService {
    pub(crate) address: SocketAddr,
    pub(crate) pages: usize,
    /// The number of customers in all pages.
    pub(crate) customers: usize,
    /// The size of all bodies together.
    pub(crate) bytes: usize,
}

impl PageService {
    /// Starts a service, whose thread ends with the process.
    pub(crate) fn start(customers: u32, fields: CustomerFields) -> Self {
        let items = generate_customers(customers, fields);
        let pages = build_pages(&items);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (bytes, count) = (pages.iter().map(Vec::len).sum(), pages.len());
        let responses: Arc<[Vec<u8>]> = pages.iter().map(|page| http_response(page)).collect();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let responses = responses.clone();
                thread::spawn(move || serve_connection(stream, &responses));
            }
        });
        Self { address, pages: count, customers: items.len(), bytes }
    }
}

fn generate_customers(count: u32, fields: CustomerFields) -> Vec<Value> {
    let transport = Emulator::builder().customers(count).build().transport::<Blocking>();
    let get = |target: &str, token: &str| -> Value {
        let mut request = http::Request::get(format!("http://127.0.0.1{target}"))
            .header("Authorization", format!("Bearer {}", Emulator::TOKEN));
        if !token.is_empty() {
            request = request.header("MS-ContinuationToken", token);
        }
        let request: Request = request.body(Vec::new()).unwrap();
        serde_json::from_slice(transport.send(request).unwrap().body()).unwrap()
    };
    let (mut items, mut token) = (Vec::new(), String::new());
    loop {
        let mut page = get("/v1/customers?size=500", &token);
        items.append(page["items"].as_array_mut().unwrap());
        let Some(next) = page["links"]["next"]["headers"][0]["value"].as_str() else { break };
        next.clone_into(&mut token);
    }
    if fields == CustomerFields::Full {
        for item in &mut items {
            *item = get(&format!("/v1/customers/{}", item["id"].as_str().unwrap()), "");
        }
    }
    items
}

fn build_pages(items: &[Value]) -> Vec<Vec<u8>> {
    let chunks: Vec<_> = items.chunks(PAGE_SIZE).collect();
    let link = |page: usize| format!("/v1/customers?page={page}");
    let page = |(number, items): (usize, &&[Value])| {
        let mut links = json!({ "self": { "uri": link(number), "method": "GET", "headers": [] } });
        if number + 1 < chunks.len() {
            let token = json!({ "key": "MS-ContinuationToken", "value": format!("token-{}", number + 1) });
            links["next"] = json!({ "uri": link(number + 1), "method": "GET", "headers": [token] });
        }
        serde_json::to_vec(&json!({ "items": items, "links": links, "totalCount": items.len() })).unwrap()
    };
    chunks.iter().enumerate().map(page).collect()
}

fn http_response(page: &[u8]) -> Vec<u8> {
    let length = page.len();
    let mut response =
        format!("HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: {length}\r\n\r\n")
            .into_bytes();
    response.extend(page);
    response
}

fn serve_connection(mut stream: TcpStream, responses: &[Vec<u8>]) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut line, mut page) = (String::new(), 0);
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if let Some((_, rest)) = line.split_once("?page=") {
            page = rest.split([' ', '&']).next().and_then(|number| number.parse().ok()).unwrap_or(0);
        } else if line.starts_with("GET ") {
            page = 0;
        } else if line == "\r\n" {
            stream.write_all(&responses[page])?;
        }
    }
}
