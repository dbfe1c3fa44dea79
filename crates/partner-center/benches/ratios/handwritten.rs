//! Handwritten loops on the same HTTP libraries, with the same requests.

use crate::model::Page;
use partner_center_emulator::Emulator;
use serde::de::DeserializeOwned;
use std::{hint::black_box, time::Duration};
use tokio::runtime::Runtime;
use ureq::{Agent, Body};
use uuid::Uuid;

/// The constant headers that the client of this library sends.
pub(crate) const CONSTANT_REQUEST_HEADERS: [(&str, &str); 7] = [
    ("Accept", "application/json"),
    ("Accept-Encoding", "gzip"),
    ("MS-Contract-Version", "v1"),
    ("X-Locale", "en-US"),
    ("MS-PartnerCenter-Client", "handwritten"),
    ("MS-SdkVersion", "0.1.0"),
    ("User-Agent", "handwritten/0.1.0"),
];

pub(crate) fn authorization_header_value() -> String {
    format!("Bearer {}", Emulator::TOKEN)
}

/// Parses JSON by way of a string, the fastest way of `serde_json`.
pub(crate) fn parse_as_str<T: DeserializeOwned>(bytes: &[u8]) -> T {
    serde_json::from_str(std::str::from_utf8(bytes).unwrap()).unwrap()
}

/// A client over ureq.
pub(crate) struct UreqLoop {
    agent: Agent,
    base: String,
}

impl UreqLoop {
    pub(crate) fn new(base: &str) -> Self {
        Self { agent: Agent::new_with_defaults(), base: base.to_owned() }
    }

    /// Creates the client with a timeout for each call.
    pub(crate) fn with_timeout(base: &str) -> Self {
        let config = Agent::config_builder().timeout_global(Some(Duration::from_secs(60)));
        Self { agent: config.build().into(), base: base.to_owned() }
    }

    /// Decodes JSON with ureq.
    pub(crate) fn json<T: DeserializeOwned>(body: Body) -> T {
        body.into_with_config().limit(u64::MAX).read_json().unwrap()
    }

    pub(crate) fn string<T: DeserializeOwned>(body: Body) -> T {
        parse_as_str(&Self::bytes(body))
    }

    fn bytes(body: Body) -> Vec<u8> {
        body.into_with_config().limit(u64::MAX).read_to_vec().unwrap()
    }

    pub(crate) fn list<P: Page>(&self, size: i32, read: impl Fn(Body) -> P) -> usize {
        let mut count = 0;
        self.each_page(size, read, |page| count += black_box(page).count());
        count
    }

    pub(crate) fn each_page<P: Page>(&self, size: i32, read: impl Fn(Body) -> P, mut each: impl FnMut(P)) {
        let mut next = Some((format!("/v1/customers?size={size}"), Vec::new()));
        let correlation_id = Uuid::new_v4();
        while let Some((uri, headers)) = next {
            let page = read(self.get(&uri, &headers, correlation_id));
            next = page.next();
            each(page);
        }
    }

    /// Requests all pages without parsing them.
    pub(crate) fn drain(&self, pages: usize) {
        (0..pages).for_each(|page| {
            black_box(Self::bytes(self.get(&format!("/v1/customers?page={page}"), &[], Uuid::nil())));
        });
    }

    pub(crate) fn get(&self, uri: &str, headers: &[(String, String)], correlation_id: Uuid) -> Body {
        let mut request = self
            .agent
            .get(format!("{}{uri}", self.base))
            .header("Authorization", authorization_header_value())
            .header("MS-RequestId", Uuid::new_v4().to_string())
            .header("MS-CorrelationId", correlation_id.to_string());
        for (name, value) in CONSTANT_REQUEST_HEADERS {
            request = request.header(name, value);
        }
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request.call().unwrap().into_body()
    }
}

/// A client over reqwest, on a single-threaded runtime.
pub(crate) struct ReqwestLoop<'a> {
    client: reqwest::Client,
    base: String,
    runtime: &'a Runtime,
}

impl<'a> ReqwestLoop<'a> {
    pub(crate) fn new(base: &str, runtime: &'a Runtime) -> Self {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { client, base: base.to_owned(), runtime }
    }

    /// Decodes JSON with reqwest.
    pub(crate) async fn json<T: DeserializeOwned>(response: reqwest::Response) -> T {
        response.json().await.unwrap()
    }

    pub(crate) async fn string<T: DeserializeOwned>(response: reqwest::Response) -> T {
        parse_as_str(&response.bytes().await.unwrap())
    }

    pub(crate) fn list<P: Page>(&self, size: i32, read: impl AsyncFn(reqwest::Response) -> P) -> usize {
        self.runtime.block_on(async {
            let mut next = Some((format!("/v1/customers?size={size}"), Vec::new()));
            let (mut count, correlation_id) = (0, Uuid::new_v4());
            while let Some((uri, headers)) = next {
                let page = read(self.send(&uri, &headers, correlation_id).await).await;
                count += page.count();
                next = page.next();
                black_box(page);
            }
            count
        })
    }

    /// Requests all pages without parsing them.
    pub(crate) fn drain(&self, pages: usize) {
        self.runtime.block_on(async {
            for page in 0..pages {
                let response = self.send(&format!("/v1/customers?page={page}"), &[], Uuid::nil()).await;
                black_box(response.bytes().await.unwrap());
            }
        });
    }

    pub(crate) fn get<T: DeserializeOwned>(&self, uri: &str, correlation_id: Uuid) -> T {
        self.runtime.block_on(async { Self::string(self.send(uri, &[], correlation_id).await).await })
    }

    async fn send(&self, uri: &str, headers: &[(String, String)], correlation_id: Uuid) -> reqwest::Response {
        let mut request = self
            .client
            .get(format!("{}{uri}", self.base))
            .header("Authorization", authorization_header_value())
            .header("MS-RequestId", Uuid::new_v4().to_string())
            .header("MS-CorrelationId", correlation_id.to_string());
        for (name, value) in CONSTANT_REQUEST_HEADERS {
            request = request.header(name, value);
        }
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request.send().await.unwrap()
    }
}
