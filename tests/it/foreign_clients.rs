//! Other clients of the service work with the emulator: each sends requests as in its source code, and follows pages in its
//! way. All must get the same customers.

use partner_center_emulator::{ContinuationIn, Emulator, EmulatorBuilder, Encoding, LinkStyle, ListEnd, Server};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    io::{Read, Write},
    net::TcpStream,
};

type Headers = Vec<(String, String)>;

/// The requests of a client.
struct Client {
    name: &'static str,
    /// The configuration of the emulator under which it works.
    service: fn(EmulatorBuilder) -> EmulatorBuilder,
    headers: &'static [(&'static str, &'static str)],
    /// The path and query of a list, without a filter.
    list: &'static str,
    /// The filter for company names with a prefix.
    filter: fn(&str) -> String,
    /// The path, query and headers of the request for the next page.
    next: fn(&Value) -> Option<(String, Headers)>,
}

const REQUEST_ID: &str = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";
const CORRELATION_ID: &str = "3f2504e0-4f89-41d3-9a0c-0305e82c3302";

const CLIENTS: [Client; 10] = [
    Client {
        name: "the .NET SDK",
        service: |service| service.byte_order_mark(true),
        headers: &[
            ("Accept", "application/json"),
            ("MS-RequestId", REQUEST_ID),
            ("MS-CorrelationId", CORRELATION_ID),
            ("X-Locale", "en-US"),
            ("MS-PartnerCenter-Client", "Partner Center .NET SDK"),
            ("MS-PartnerCenter-Application", ""),
            ("MS-SdkVersion", "3.4.0"),
        ],
        list: "/v1/customers?size=3",
        filter: |prefix| with_plus(&json!({ "Field": "CompanyName", "Value": prefix, "Operator": "starts_with" })),
        next: dotnet_next,
    },
    Client {
        name: "the .NET SDK, with links that have two question marks",
        service: |service| service.double_question_mark(true),
        headers: &[("Accept", "application/json"), ("MS-RequestId", REQUEST_ID)],
        list: "/v1/customers?size=3",
        filter: |prefix| with_plus(&json!({ "Field": "CompanyName", "Value": prefix, "Operator": "starts_with" })),
        next: dotnet_next,
    },
    Client {
        name: "the open .NET SDK and PowerShell module",
        service: |service| service,
        headers: &[("MS-RequestId", REQUEST_ID), ("MS-PartnerCenter-Client", "Partner Center Open .NET SDK")],
        list: "/v1//customers?size=3",
        filter: |prefix| encoded(&json!({ "Field": "CompanyName", "Value": prefix, "Operator": "StartsWith" })),
        next: |page| link(page).map(|(uri, headers)| (format!("/v1/{uri}"), headers)),
    },
    Client {
        name: "the Java SDK",
        service: |service| service,
        headers: &[
            ("MS-Contract-Version", "v1"),
            ("MS-RequestId", REQUEST_ID),
            ("MS-PartnerCenter-Application", ""),
            ("MS-PartnerCenter-Client", "Partner Center Java SDK"),
        ],
        list: "/v1/customers?size=3",
        filter: |prefix| {
            with_plus(
                &json!({ "value": prefix, "field": "CompanyName", "fieldType": "String", "operator": "StartsWith" }),
            )
        },
        next: |page| link(page).map(|(uri, headers)| (format!("/v1/{uri}"), headers)),
    },
    Client {
        name: "the Java SDK, with its own seek operation",
        service: |service| service.page_cap(7.try_into().unwrap()),
        headers: &[("MS-RequestId", REQUEST_ID)],
        list: "/v1/customers?size=0",
        filter: |prefix| with_plus(&json!({ "operator": "StartsWith", "value": prefix, "field": "CompanyName" })),
        next: |page| link(page).map(|(_, headers)| ("/v1/customers?seekOperation=Next".to_owned(), headers)),
    },
    Client {
        name: "the bulk migration sample",
        service: |service| {
            service
                .continuation_in(ContinuationIn::Body)
                .list_end(ListEnd::ErrorResponse)
                .page_cap(11.try_into().unwrap())
        },
        headers: &[("Accept", "application/json")],
        list: "/v1/customers?size=500",
        filter: |prefix| encoded(&json!({ "Field": "CompanyName", "Value": prefix, "Operator": "starts_with" })),
        next: |page| Some(("/v1/customers?size=500&seekOperation=next".to_owned(), vec![token(page)?])),
    },
    Client {
        name: "the older samples",
        service: |service| {
            service.link_style(LinkStyle::Bare).encoding(Encoding::Utf16Le).page_cap(7.try_into().unwrap())
        },
        headers: &[],
        list: "/v1/customers",
        filter: |prefix| encoded(&json!({ "field": "companyname", "value": prefix, "operator": "starts_with" })),
        next: |page| link(page).map(|(uri, headers)| (format!("/v1/{uri}"), headers)),
    },
    Client {
        name: "the Python client of AutoRest",
        service: |service| service,
        headers: &[("Accept", "application/json"), ("User-Agent", "python/3.7 msrest/0.6.10"), ("X-Locale", "en-US")],
        list: "/v1/customers?&size=3",
        filter: |prefix| encoded(&json!({ "Field": "CompanyName", "Value": prefix, "Operator": "starts_with" })),
        next: |page| link(page).map(|(_, headers)| ("/v1/customers?&size=3&seekOperation=next".to_owned(), headers)),
    },
    Client {
        name: "Spring Social",
        service: |service| service,
        headers: &[("Accept", "application/json, application/*+json"), ("MS-CorrelationId", CORRELATION_ID)],
        list: "/v1/customers?size=3",
        filter: |prefix| encoded(&json!({ "Field": "CompanyName", "Value": prefix, "Operator": 9 })),
        next: |page| link(page).map(|(_, headers)| ("/v1/customers?seekOperation=next&size=3".to_owned(), headers)),
    },
    Client {
        name: "the documentation, copied",
        service: |service| {
            let service = service.link_style(LinkStyle::V1).double_question_mark(true);
            service.total_count(partner_center_emulator::TotalCount::List)
        },
        headers: &[("MS-Contract-Version", "v1")],
        list: "/v1/customers?size=3",
        // `?size={size}?filter={filter}`
        filter: |prefix| {
            encoded(&json!({ "Field": "CompanyName", "Value": prefix, "Operator": "starts_with" })).replace('&', "?")
        },
        next: |page| link(page),
    },
];

/// Follows a link like the .NET SDK, which adds a missing version and ignores what follows a second `?`.
fn dotnet_next(page: &Value) -> Option<(String, Headers)> {
    let (uri, headers) = link(page)?;
    let mut parts = uri.trim_start_matches('/').split('?');
    let (path, query) = (parts.next()?, parts.next()?);
    let versioned = path.to_lowercase().starts_with("v1");
    Some((format!("/{}{path}?{query}", if versioned { "" } else { "v1/" }), headers))
}

fn link(page: &Value) -> Option<(String, Headers)> {
    let next = page["links"].get("next")?;
    let headers = next["headers"].as_array()?.iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Some((text(&next["uri"]), headers.map(|header| (text(&header["key"]), text(&header["value"]))).collect()))
}

fn token(page: &Value) -> Option<(String, String)> {
    let token = page["continuationToken"].as_str().filter(|token| !token.trim().is_empty())?;
    let is_empty = page["items"].as_array().is_none_or(Vec::is_empty);
    (!is_empty).then(|| ("MS-ContinuationToken".to_owned(), token.to_owned()))
}

fn encoded(filter: &Value) -> String {
    let unreserved = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    let encode = |byte: u8| if unreserved(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    format!("&filter={}", filter.to_string().bytes().map(encode).collect::<String>())
}

/// Encodes a filter like a form.
fn with_plus(filter: &Value) -> String {
    encoded(filter).replace("%20", "+")
}

fn send(server: &Server, client: &Client, target: &str, extra: &Headers) -> (u16, Value) {
    let authorization = format!("Bearer {}", Emulator::TOKEN);
    let common =
        [("Host", server.address().to_string()), ("Connection", "close".to_owned()), ("Authorization", authorization)];
    let common = common.iter().map(|(name, value)| (*name, value.as_str()));
    let extra = extra.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let headers = common.chain(client.headers.iter().copied()).chain(extra);
    let headers = headers.map(|(name, value)| format!("{name}: {value}\r\n")).collect::<Vec<_>>().concat();
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(format!("GET {target} HTTP/1.1\r\n{headers}\r\n").as_bytes()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let status = std::str::from_utf8(&bytes[9..12]).unwrap().parse().unwrap();
    let text = match &bytes[head + 4..] {
        [b'{', 0, ..] => {
            let (units, _) = bytes[head + 4..].as_chunks();
            String::from_utf16(&units.iter().map(|unit| u16::from_le_bytes(*unit)).collect::<Vec<_>>()).unwrap()
        }
        body => String::from_utf8(body.to_vec()).unwrap(),
    };
    (status, serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap())
}

/// Returns the IDs of all customers in the list at `target`, which has no duplicates, and the number of its pages.
fn list(server: &Server, client: &Client, target: &str) -> (BTreeSet<String>, usize) {
    let (mut ids, mut pages) = (BTreeSet::new(), 0);
    let mut next = Some((target.to_owned(), Headers::new()));
    while let Some((target, headers)) = next {
        let (status, page) = send(server, client, &target, &headers);
        if status == 400 && page["code"] == "2000" && pages > 0 {
            break;
        }
        assert_eq!(status, 200, "{} at {target}: {page}", client.name);
        for item in page["items"].as_array().unwrap() {
            assert!(ids.insert(item["id"].as_str().unwrap().to_owned()), "{} gets {item} twice", client.name);
        }
        pages += 1;
        next = (client.next)(&page);
    }
    (ids, pages)
}

#[test]
fn every_client_gets_all_customers() {
    let prefix = "wingtip toys";
    let expected = |prefix: &str| {
        let page = Emulator::builder().customers(400).build().serve("127.0.0.1:0").unwrap();
        let (_, page) = send(&page, &CLIENTS[8], "/v1/customers", &Headers::new());
        let items = page["items"].as_array().unwrap().iter();
        let name = |item: &Value| item["companyProfile"]["companyName"].as_str().unwrap_or_default().to_lowercase();
        let found = items.filter(|item| name(item).starts_with(prefix));
        found.map(|item| item["id"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    let (all, named) = (expected(""), expected(prefix));
    assert_eq!(all.len(), 400);
    assert!(!named.is_empty());
    for client in &CLIENTS {
        let service = (client.service)(Emulator::builder().customers(400));
        let server = service.build().serve("127.0.0.1:0").unwrap();
        let (ids, pages) = list(&server, client, client.list);
        assert_eq!(ids, all, "{}", client.name);
        assert!(pages > 30, "{} gets {pages} pages", client.name);

        let mut target = client.list.to_owned() + &(client.filter)(prefix);
        if !target.contains('?') {
            target = target.replacen('&', "?", 1);
        }
        assert_eq!(list(&server, client, &target).0, named, "{} at {target}", client.name);

        for path in ["/v1/customers/", "/v1//customers/"] {
            let id = all.first().unwrap();
            let (status, customer) = send(&server, client, &format!("{path}{id}"), &Headers::new());
            assert_eq!((status, &customer["id"]), (200, &id.as_str().into()), "{}", client.name);
        }
    }
}
