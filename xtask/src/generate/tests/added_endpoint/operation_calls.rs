//! Every construct of an operation: what it sends, and what it makes of the responses.

use partner_center_core::{
    Async, Blocking, Bytes, BuildGadgets, CheckGadget, Client, Completion, CopyGadget, Credential, Error, FindGadget,
    Gadget, GetGadgetPicture, GetGadgetPrices, Idempotency, ListGadgets, ListGadgetsByOffset, ListGadgetsByToken, Mode,
    Operation as _, Output, Paginated, Request, Response, SearchGadgets, StartGadget, Transport, TransportError,
    UploadFile, UploadGadgetPicture,
};
use std::{
    collections::VecDeque,
    future::Future,
    marker::PhantomData,
    pin::pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
    time::Duration,
};

type Step = (u16, &'static str, &'static [(&'static str, &'static str)]);

/// A transport that returns one response after the other, and records the requests.
struct Script<M> {
    steps: Mutex<VecDeque<Step>>,
    requests: Mutex<Vec<String>>,
    mode: PhantomData<fn() -> M>,
}

impl<M: Mode> Transport for Script<M> {
    type Mode = M;

    fn send(&self, request: Request) -> Output<'_, Self, Result<Response, TransportError>> {
        let target = request.uri().path_and_query().unwrap();
        let mut line = format!("{} {target}", request.method());
        for name in ["accept", "if-match", "ms-continuationtoken", "content-length", "content-type"] {
            let value = request.headers().get(name).filter(|value| *value != "application/json");
            if let Some(value) = value {
                line += &format!(" [{name}: {}]", value.to_str().unwrap());
            }
        }
        line += &format!(" {}", String::from_utf8_lossy(request.body()));
        self.requests.lock().unwrap().push(line.trim_end().to_owned());
        let (status, body, headers) = self.steps.lock().unwrap().pop_front().unwrap();
        let mut response = Response::new(Bytes::from_static(body.as_bytes()));
        *response.status_mut() = status.try_into().unwrap();
        response.headers_mut().insert("content-length", body.len().into());
        // The service's own header: without it, a 404 may be that of another server.
        response.headers_mut().insert("ms-requestid", "7d0b1f3e".parse().unwrap());
        for (name, value) in headers {
            response.headers_mut().insert(*name, value.parse().unwrap());
        }
        M::ready(Ok(response))
    }

    fn sleep(&self, _: Duration) -> Output<'_, Self, ()> {
        M::ready(())
    }
}

/// Runs `action` with a client over a script, and returns its value and the requests.
fn run<M: Mode, T>(steps: &[Step], action: impl FnOnce(&Client<Arc<Script<M>>>) -> T) -> (T, Vec<String>) {
    let steps = Mutex::new(steps.iter().copied().collect());
    let script = Arc::new(Script::<M> { steps, requests: Mutex::default(), mode: PhantomData });
    let client = Client::builder(Arc::clone(&script), Credential::token("secret")).build().unwrap();
    let value = action(&client);
    let requests = script.requests.lock().unwrap().clone();
    (value, requests)
}

macro_rules! call {
    ($mode:ident, $operation:expr, $steps:expr) => {
        run::<$mode, _>($steps, |client| finish($mode::into_future(client.call($operation))))
    };
}

macro_rules! list {
    ($mode:ident, $operation:expr, $steps:expr) => {
        run::<$mode, _>($steps, |client| {
            let items: Result<Vec<_>, Error> =
                finish($mode::into_future(client.items($operation).prefetch().try_collect()));
            items.unwrap()
        })
    };
}

fn gadget(id: &str) -> Gadget {
    Gadget::default().id(id)
}

fn every_response_is_read<M: Mode>() {
    let (found, requests) = call!(M, CheckGadget::new("a"), &[(200, "", &[])]);
    assert_eq!((found.unwrap(), requests[0].as_str()), (true, "HEAD /v1/gadgets/a/exists"));
    assert!(!call!(M, CheckGadget::new("a"), &[(404, "", &[])]).0.unwrap());
    assert!(call!(M, CheckGadget::new("abcdef"), &[]).0.unwrap_err().to_string().contains("cannot be built"));
    assert_eq!(call!(M, FindGadget::new("a"), &[(404, "{}", &[])]).0.unwrap(), None);
    assert_eq!(call!(M, FindGadget::new("a"), &[(200, r#"{"id":"a"}"#, &[])]).0.unwrap(), Some(gadget("a")));
    assert!(call!(M, FindGadget::new("a"), &[(403, "{}", &[])]).0.is_err());

    let location: &[(&str, &str)] = &[("location", "/v1/jobs/7"), ("retry-after", "10")];
    let (built, requests) = call!(M, BuildGadgets::new(vec![gadget("a")]), &[(202, "", location)]);
    let Completion::Accepted(accepted) = built.unwrap() else { panic!("it is not completed") };
    assert_eq!((accepted.location.as_deref(), accepted.retry_after), (Some("/v1/jobs/7"), Some(Duration::from_secs(10))));
    assert_eq!(requests, [r#"POST /v1/gadgets [{"id":"a"}]"#]);
    let (built, _) = call!(M, BuildGadgets::new(vec![]), &[(200, r#"["a"]"#, &[])]);
    assert_eq!(built.unwrap(), Completion::Completed(vec!["a".to_owned()]));
    assert_eq!((BuildGadgets::IDEMPOTENCY, BuildGadgets::ADDITIONAL_RESULT_STATUSES), (Idempotency::RequestId, &[202][..]));

    let (started, requests) = call!(M, StartGadget::new(7), &[(202, "", location)]);
    assert_eq!(started.unwrap(), accepted);
    assert_eq!(requests, ["POST /v1/gadgets/7/start [content-length: 0]"]);

    let (copied, _) = call!(M, CopyGadget::new(), &[(201, "", location)]);
    assert_eq!(copied.unwrap().location.as_deref(), Some("/v1/jobs/7"));

    #[allow(deprecated)]
    let replace = partner_center_core::ReplaceGadget::new("a", "7", gadget("a"));
    let (replaced, requests) = call!(M, replace, &[(200, r#"{"id":"a"}"#, &[("etag", "\"8\"")])]);
    let replaced = replaced.unwrap();
    assert_eq!((replaced.body, replaced.etag.as_deref()), (gadget("a"), Some("\"8\"")));
    assert_eq!(requests, [r#"PUT /v1/gadgets/a [if-match: "7"] {"id":"a"}"#]);

    let (prices, requests) = call!(M, GetGadgetPrices::new(), &[(200, "a,b", &[])]);
    assert_eq!(prices.unwrap().text, "a,b");
    assert!(requests[0].contains("[accept: text/*"), "{requests:?}");
    let headers: &[(&str, &str)] = &[("content-type", "application/pdf"), ("content-disposition", "inline; filename=a.pdf")];
    let (picture, _) = call!(M, GetGadgetPicture::new(), &[(200, "%PDF", headers)]);
    let picture = picture.unwrap();
    assert_eq!((&picture.bytes[..], picture.file_name.as_deref()), (&b"%PDF"[..], Some("a.pdf")));

    let file = UploadFile::new("a.pdf", "application/pdf", *b"%PDF");
    let upload = UploadGadgetPicture::new(gadget("a"), file.clone()).others(vec![file]);
    let (uploaded, requests) = call!(M, upload, &[(204, "", &[])]);
    uploaded.unwrap();
    assert!(requests[0].starts_with("POST /v1/gadgets/picture [content-type: multipart/form-data; boundary="));
    assert_eq!(requests[0].matches("filename=\"a.pdf\"").count(), 2, "{requests:?}");
    assert!(requests[0].contains("name=\"gadget\"\r\nContent-Type: application/json\r\n\r\n{\"id\":\"a\"}"), "{requests:?}");
}

fn every_list_is_followed<M: Mode>() {
    let since = "2026-01-02T03:04:05".parse().unwrap();
    let operation = ListGadgets::new().kinds(vec!["a".to_owned(), "b".to_owned()]).ids(vec![1, 2]);
    let operation = operation.show_expired(true).since(since);
    let token: &[(&str, &str)] = &[("ms-continuationtoken", "t1")];
    let (items, requests) = list!(M, operation, &[(200, r#"[{"id":"a"}]"#, token), (200, r#"[{"id":"b"}]"#, &[])]);
    assert_eq!(items, [gadget("a"), gadget("b")]);
    assert_eq!(
        requests,
        [
            "GET /v1/gadgets?kinds=a&kinds=b&showExpired=True&since=2026-01-02T03%3A04%3A05&ids=1,2",
            "GET /v1/gadgets?kinds=a&kinds=b&showExpired=True&since=2026-01-02T03%3A04%3A05&ids=1,2 [ms-continuationtoken: t1]",
        ]
    );
    let link = r#"{"value":[{"id":"a"}],"@odata.nextLink":"/v1.0/gadgets/search?x=1"}"#;
    let (items, requests) = list!(M, SearchGadgets::new(gadget("")), &[(200, link, &[]), (200, r#"{"value":[{"id":"b"}]}"#, &[])]);
    assert_eq!(items, [gadget("a"), gadget("b")]);
    assert_eq!(requests, [r#"POST /v1.0/gadgets/search {"id":""}"#, "GET /v1.0/gadgets/search?x=1"]);

    let pages: [Step; 2] =
        [(200, r#"{"data":{"items":["a","b"],"total":3}}"#, &[]), (200, r#"{"data":{"items":["c"],"total":3}}"#, &[])];
    let (items, requests) = list!(M, ListGadgetsByOffset::new().size(2), &pages);
    assert_eq!(items, ["a", "b", "c"]);
    assert_eq!(requests, ["GET /v1/gadgets/by-offset?size=2", "GET /v1/gadgets/by-offset?size=2&offset=2"]);
    let (items, _) = list!(M, ListGadgetsByOffset::new().with_item_type::<String>(), &pages);
    assert_eq!(items, ["a", "b", "c"]);

    let pages: [Step; 2] = [(200, r#"{"value":[{"id":"a"}],"token":"t/1"}"#, &[]), (200, r#"{"value":[{"id":"b"}]}"#, &[])];
    let (items, requests) = list!(M, ListGadgetsByToken::new(), &pages);
    assert_eq!(items, [gadget("a"), gadget("b")]);
    assert_eq!(requests, ["GET /v1/gadgets/by-token", "GET /v1/gadgets/by-token?token=t%2F1"]);
}

#[test]
fn every_response_is_read_in_both_modes() {
    every_response_is_read::<Blocking>();
    every_response_is_read::<Async>();
}

#[test]
fn every_list_is_followed_in_both_modes() {
    every_list_is_followed::<Blocking>();
    every_list_is_followed::<Async>();
}

/// Returns the result of a future that is ready, perhaps after it has let others run.
fn finish<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
    }
}
