//! Actions of a client, performed over every transport.

use crate::{RecordingTransport, ScriptedTransport, Server, Step, block_on};
use partner_center::{
    Client, Credential, Error, ErrorKind, Paginated, Reqwest, RetryPolicy, SingleResponse, Transport, Ureq,
    models::JsonValue,
    pagination::Pagination,
    request::RawRequest,
    transport::{Async, Blocking, Mode, Output},
};
use std::{error::Error as _, fmt::Debug, marker::PhantomData, thread};

/// The base URL of scripted transports. Nothing listens there.
const SCRIPTED_URL: &str = "http://127.0.0.1:9";

/// Something that a client does, over any transport. (A closure cannot be generic.)
pub trait Action: Sync {
    /// Performs the action, and returns what came of it.
    fn perform<'a, X: Transport>(&'a self, client: &'a Client<X>) -> Output<'a, X, Result<String, Error>>;

    /// Performs the action in four ways, in memory and over sockets, blocking and async, and verifies that the requests and the
    /// outcome are the same. Returns the requests and the outcome.
    #[track_caller]
    fn run(&self, steps: impl IntoIterator<Item = Step>) -> String {
        let steps: Vec<_> = steps.into_iter().collect();
        let script = |base_url: &str| -> Vec<_> {
            steps.iter().map(|step| step.clone().map_response(|response| response.with_base_url(base_url))).collect()
        };
        let over_sockets = |over: &dyn Fn(&str) -> String| {
            let server = Server::start();
            server.script(script(&server.url()));
            over(&server.url())
        };
        thread::scope(|scope| {
            let blocking =
                scope.spawn(|| over(self, ScriptedTransport::<Blocking>::new(script(SCRIPTED_URL)), SCRIPTED_URL));
            let others = [
                scope.spawn(|| over(self, ScriptedTransport::<Async>::new(script(SCRIPTED_URL)), SCRIPTED_URL)),
                scope.spawn(|| over_sockets(&|url| over(self, Ureq::new().unwrap(), url))),
                scope.spawn(|| over_sockets(&|url| over(self, Reqwest::new().unwrap(), url))),
            ];
            let blocking = blocking.join().unwrap();
            for (other, way) in others.into_iter().zip(["async", "over ureq", "over reqwest"]) {
                assert_eq!(blocking, other.join().unwrap(), "another outcome {way}");
            }
            blocking
        })
    }
}

fn over<X: Transport>(action: &(impl Action + ?Sized), transport: X, base_url: &str) -> String {
    let (transport, recording) = RecordingTransport::new(transport);
    let client = Client::builder(transport, Credential::token("the-token")).base_url(base_url);
    let client = client.retry(RetryPolicy::default().jitter(false)).build().unwrap();
    let outcome = block_on::<X::Mode, _>(action.perform(&client));
    let outcome = outcome.unwrap_or_else(|error| {
        let cause = match (error.kind(), error.status()) {
            (_, Some(status)) => status.as_u16().to_string(),
            // The causes of the HTTP clients differ.
            (ErrorKind::Transport, _) => String::new(),
            _ => error.source().map(ToString::to_string).unwrap_or_default(),
        };
        format!("{:?} ({}): {cause}", error.kind(), error.operation()).replace(base_url, "{base}")
    });
    format!("{}=> {outcome}", recording.to_text(base_url).replace(base_url, "{base}"))
}

/// Sends a request, and returns the status and the body.
pub struct Send(pub RawRequest);

impl Action for Send {
    fn perform<'a, X: Transport>(&'a self, client: &'a Client<X>) -> Output<'a, X, Result<String, Error>> {
        X::Mode::block_or_box(async move {
            let response = X::Mode::into_future(client.request(self.0.clone())).await?;
            Ok(format!("{} {}", response.status().as_u16(), String::from_utf8_lossy(response.body())))
        })
    }
}

/// Sends a request, and returns the response as a `T`.
pub struct SendAs<T>(pub RawRequest, PhantomData<fn() -> T>);

impl<T> SendAs<T> {
    /// Creates the action.
    pub fn new(request: RawRequest) -> Self {
        Self(request, PhantomData)
    }
}

impl<T: partner_center::request::FromResponse + Debug> Action for SendAs<T> {
    fn perform<'a, X: Transport>(&'a self, client: &'a Client<X>) -> Output<'a, X, Result<String, Error>> {
        X::Mode::block_or_box(async move {
            let value: T = X::Mode::into_future(client.request_as(self.0.clone())).await?;
            Ok(format!("{value:?}"))
        })
    }
}

/// Performs an operation, and returns the response.
pub struct Call<O>(pub O);

impl<O: SingleResponse<Response: Debug> + Clone + Sync> Action for Call<O> {
    fn perform<'a, X: Transport>(&'a self, client: &'a Client<X>) -> Output<'a, X, Result<String, Error>> {
        X::Mode::block_or_box(async move {
            let value = X::Mode::into_future(client.call(self.0.clone())).await?;
            Ok(format!("{value:?}"))
        })
    }
}

/// Lists what no operation describes, and returns the items, page by page, and the error that ended the list.
pub struct List {
    /// The first request.
    pub request: RawRequest,
    /// How a page leads to the next one.
    pub pagination: Pagination,
    /// Whether pages are prefetched.
    pub prefetch: bool,
}

impl Action for List {
    fn perform<'a, X: Transport>(&'a self, client: &'a Client<X>) -> Output<'a, X, Result<String, Error>> {
        X::Mode::block_or_box(async move {
            let mut pages = client.request_pages(self.request.clone(), self.pagination);
            if self.prefetch {
                pages = pages.prefetch();
            }
            collect_pages(pages, |item| item.json().to_owned()).await
        })
    }
}

/// Lists an operation, like [`List`].
pub struct ListOperation<O>(pub O);

impl<O: Paginated<Item: Debug> + Clone + Sync + 'static> Action for ListOperation<O> {
    fn perform<'a, X: Transport>(&'a self, client: &'a Client<X>) -> Output<'a, X, Result<String, Error>> {
        let pages = client.pages(self.0.clone());
        X::Mode::block_or_box(async move { collect_pages(pages, |item| format!("{item:?}")).await })
    }
}

/// Lists as [`List`] does, with items that stay JSON text, which is shown as values are.
pub struct RawList(pub List);

impl Action for RawList {
    fn perform<'a, X: Transport>(&'a self, client: &'a Client<X>) -> Output<'a, X, Result<String, Error>> {
        let Self(List { request, pagination, prefetch }) = self;
        X::Mode::block_or_box(async move {
            let mut pages = client.request_raw_pages(request.clone(), *pagination);
            if *prefetch {
                pages = pages.prefetch();
            }
            collect_pages(pages, |item| serde_json::from_str::<JsonValue>(item).unwrap().json().to_owned()).await
        })
    }
}

async fn collect_pages<X: Transport, O: Paginated>(
    mut pages: partner_center::Pages<X, O>,
    show: impl Fn(&O::Item) -> String,
) -> Result<String, Error> {
    let mut shown = Vec::new();
    while let Some(page) = X::Mode::into_future(pages.next_page()).await {
        match page {
            Ok(page) => shown.push(O::items(page).iter().map(&show).collect::<Vec<_>>().join(" ")),
            Err(error) => {
                let source = error.source().map(ToString::to_string).unwrap_or_default();
                shown.push(format!("{:?} on page {}: {source}", error.kind(), error.page().unwrap_or_default()));
                assert!(X::Mode::into_future(pages.next_page()).await.is_none(), "a list continues after its error");
            }
        }
    }
    Ok(shown.join(" | "))
}
