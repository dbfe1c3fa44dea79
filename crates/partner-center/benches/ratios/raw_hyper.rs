//! A loop on hyper alone, with the types and the parser that come to mind first.

use crate::{
    handwritten::{CONSTANT_REQUEST_HEADERS, authorization_header_value},
    model::{Page, plain},
};
use http_body_util::{BodyExt, Empty};
use hyper::{
    Request,
    body::Bytes,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use std::{cell::RefCell, hint::black_box};
use tokio::{net::TcpStream, runtime::Runtime};
use uuid::Uuid;

/// A connection to a service, on a single-threaded runtime.
pub(crate) struct RawHyperLoop<'a> {
    sender: RefCell<SendRequest<Empty<Bytes>>>,
    address: &'a str,
    runtime: &'a Runtime,
}

impl<'a> RawHyperLoop<'a> {
    pub(crate) fn new(base: &'a str, runtime: &'a Runtime) -> Self {
        let address = base.trim_start_matches("http://");
        let sender = runtime.block_on(async {
            let stream = TcpStream::connect(address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
            tokio::spawn(connection);
            sender
        });
        Self { sender: RefCell::new(sender), address, runtime }
    }

    /// Lists all customers as plain types, by `from_slice`.
    pub(crate) fn list(&self, size: i32) -> usize {
        let mut next = Some((format!("/v1/customers?size={size}"), Vec::new()));
        let (mut count, correlation_id) = (0, Uuid::new_v4());
        while let Some((target, headers)) = next {
            let page: plain::Page = serde_json::from_slice(&self.get(&target, &headers, correlation_id)).unwrap();
            count += page.count();
            next = page.next();
            black_box(page);
        }
        count
    }

    fn get(&self, target: &str, headers: &[(String, String)], correlation_id: Uuid) -> Bytes {
        let mut request = Request::get(target)
            .header("Host", self.address)
            .header("Authorization", authorization_header_value())
            .header("MS-RequestId", Uuid::new_v4().to_string())
            .header("MS-CorrelationId", correlation_id.to_string());
        for (name, value) in CONSTANT_REQUEST_HEADERS {
            // Nothing would decompress the body.
            if name != "Accept-Encoding" {
                request = request.header(name, value);
            }
        }
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = request.body(Empty::new()).unwrap();
        let response = self.sender.borrow_mut().send_request(request);
        self.runtime.block_on(async { response.await.unwrap().into_body().collect().await.unwrap().to_bytes() })
    }
}
