//! The program that drains pages: it requests them over hyper, and drops what it receives.

use http_body_util::{BodyExt, Empty};
use hyper::{Request, body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use std::hint::black_box;
use tokio::net::TcpStream;

/// The first argument of the process that drains.
pub(crate) const ARGUMENT: &str = "drain";

/// Requests that many pages, one after the other, over one connection.
pub(crate) fn drain_pages(address: &str, pages: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let stream = TcpStream::connect(address).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        for page in 0..pages {
            let request = Request::get(format!("/v1/customers?page={page}")).header("Host", address);
            let response = sender.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
            let mut body = response.into_body();
            while let Some(frame) = body.frame().await {
                black_box(frame.unwrap());
            }
        }
    });
}
