//! A list that ends without an error is complete, whatever failures come before it: random lists with random next-page
//! links, failures and last pages.

use partner_center::{
    transport::{Async, Blocking, Mode, Output, Request, Response, TransportError},
    *,
};
use partner_center_tests::{MockResponse, ScriptedTransport, Step, block_on, customer, response};
use proptest::prelude::*;
use serde_json::json;
use std::{collections::VecDeque, marker::PhantomData, sync::Mutex, time::Duration};

/// The continuation of a page.
#[derive(Clone, Copy, Debug)]
enum Continuation {
    WithVersion,
    WithoutVersion,
    WithoutSlash,
    Absolute,
    TwoQuestionMarks,
    TokenInBody,
    TokenInBoth,
    LinkWithTokenInBody,
    // Those that a client must not follow.
    AnotherHost,
    FirstPage,
    TokenOfTheFirstPage,
    Invalid,
}

/// The last response of a list.
#[derive(Clone, Copy, Debug)]
enum LastResponse {
    NotRequested,
    EmptyPage,
    NoContent,
    EmptyBody,
    TrailingToken,
}

/// A failure before a page is returned.
#[derive(Clone, Copy, Debug)]
enum Failure {
    Close,
    Hang,
    Truncate,
    TruncateJson,
    Busy,
    Throttled,
    Html,
    ErrorWithStatus200,
    Forbidden,
    NotFound,
    /// 400 with code 2000: the token was consumed by an earlier attempt.
    ConsumedToken,
}

fn continuation() -> impl Strategy<Value = Continuation> {
    prop_oneof![
        8 => prop::sample::select(&[
            Continuation::WithVersion,
            Continuation::WithoutVersion,
            Continuation::WithoutSlash,
            Continuation::Absolute,
            Continuation::TwoQuestionMarks,
            Continuation::TokenInBody,
            Continuation::TokenInBoth,
            Continuation::LinkWithTokenInBody,
        ][..]),
        1 => prop::sample::select(&[
            Continuation::AnotherHost,
            Continuation::FirstPage,
            Continuation::TokenOfTheFirstPage,
            Continuation::Invalid,
        ][..]),
    ]
}

fn last_response() -> impl Strategy<Value = LastResponse> {
    prop::sample::select(
        &[
            LastResponse::NotRequested,
            LastResponse::EmptyPage,
            LastResponse::NoContent,
            LastResponse::EmptyBody,
            LastResponse::TrailingToken,
        ][..],
    )
}

fn failures() -> impl Strategy<Value = Vec<Failure>> {
    let transient =
        [Failure::Close, Failure::Hang, Failure::Truncate, Failure::TruncateJson, Failure::Busy, Failure::Throttled];
    let permanent = [Failure::Html, Failure::ErrorWithStatus200, Failure::Forbidden, Failure::NotFound];
    // To a first attempt, 400 with code 2000 would be the end of the list.
    let consumed = vec![Failure::Truncate, Failure::ConsumedToken];
    prop_oneof![
        6 => Just(Vec::new()),
        3 => prop::collection::vec(prop::sample::select(transient.to_vec()), 1..5),
        1 => prop::collection::vec(prop::sample::select(permanent.to_vec()), 1..2),
        1 => Just(consumed),
    ]
}

fn page(names: &[String]) -> MockResponse {
    let items: Vec<_> = names.iter().map(|name| customer(name)).collect();
    response(200, json!({"totalCount": names.len(), "items": items}).to_string())
}

fn continued(page: MockResponse, continuation: Continuation, number: usize) -> MockResponse {
    let token = format!("t{number}");
    let uri = "customers?size=3&seekOperation=Next";
    match continuation {
        Continuation::WithVersion => page.next(&format!("/v1/{uri}"), &token),
        Continuation::WithoutVersion => page.next(&format!("/{uri}"), &token),
        Continuation::WithoutSlash => page.next(uri, &token),
        Continuation::Absolute => page.next(&format!("http://127.0.0.1:9/v1/{uri}"), &token),
        Continuation::TwoQuestionMarks => page.next("/v1/customers?size=3?seekOperation=Next", &token),
        Continuation::TokenInBody => page.token(token),
        Continuation::TokenInBoth => page.next(uri, &token).token(token),
        Continuation::LinkWithTokenInBody => page.next_link(json!({"uri": uri, "headers": []})).token(token),
        Continuation::AnotherHost => page.next(&format!("https://evil.example/v1/{uri}"), &token),
        Continuation::TokenOfTheFirstPage => page.next(uri, "t0").token("t0"),
        Continuation::FirstPage => {
            page.next_link(json!({"uri": "/v1/customers?size=3", "method": "GET", "headers": []}))
        }
        Continuation::Invalid => page.next_link(json!([uri, token])),
    }
}

fn step(failure: Failure, page: &MockResponse) -> Step {
    match failure {
        Failure::Close => Step::Close,
        Failure::Hang => Step::Hang,
        Failure::Truncate => Step::Truncate(page.clone()),
        Failure::TruncateJson => response(200, &page.body()[..page.body().len() / 2]).into(),
        Failure::Busy => response(503, "<html>busy</html>").into(),
        Failure::Throttled => response(429, "").with("Retry-After", "1").into(),
        Failure::Html => response(200, "<html>Log in</html>").into(),
        Failure::ErrorWithStatus200 => response(200, r#"{"code":400072,"description":"no"}"#).into(),
        Failure::Forbidden => response(403, "").into(),
        Failure::NotFound => response(404, "").into(),
        Failure::ConsumedToken => response(400, r#"{"code":2000,"description":"Invalid continuation"}"#).into(),
    }
}

/// A service that identifies a page by the continuation token alone: without one, it returns the first page.
struct Service<M> {
    /// The steps for each page; the last one is performed again for all further requests.
    pages: Vec<Mutex<VecDeque<Step>>>,
    mode: PhantomData<fn() -> M>,
}

impl<M: Mode> Service<M> {
    fn new(
        pages: &[Vec<String>],
        continuations: &[Continuation],
        failures: &[Vec<Failure>],
        last_response: LastResponse,
    ) -> Self {
        let mut script = Vec::new();
        for (number, names) in pages.iter().enumerate() {
            let mut response = page(names);
            if number + 1 < pages.len() {
                response = continued(response, continuations[number], number);
            } else if !matches!(last_response, LastResponse::NotRequested) {
                response = continued(response, Continuation::WithVersion, number);
            }
            let mut steps: VecDeque<_> = failures[number].iter().map(|failure| step(*failure, &response)).collect();
            steps.push_back(response.into());
            script.push(steps);
        }
        script.push(VecDeque::from([match last_response {
            // A page without a continuation is the last one.
            LastResponse::NotRequested => response(500, "").into(),
            LastResponse::EmptyPage => page(&[]).into(),
            LastResponse::NoContent => response(204, "").into(),
            LastResponse::EmptyBody => response(200, "").into(),
            LastResponse::TrailingToken => response(400, r#"{"code":"2000","description":"No more."}"#).into(),
        }]));
        Self { pages: script.into_iter().map(Mutex::new).collect(), mode: PhantomData }
    }
}

impl<M: Mode> Transport for Service<M> {
    type Mode = M;

    fn send(&self, request: Request) -> Output<'_, Self, Result<Response, TransportError>> {
        let token = request.headers().get("MS-ContinuationToken").map(|token| token.to_str().unwrap());
        let page = token.map_or(0, |token| token.trim_start_matches('t').parse::<usize>().unwrap() + 1);
        let mut steps = self.pages[page].lock().unwrap();
        let step = if steps.len() > 1 { steps.pop_front().unwrap() } else { steps[0].clone() };
        M::ready(ScriptedTransport::<Blocking>::new([step]).send(request))
    }

    fn sleep(&self, _delay: Duration) -> Output<'_, Self, ()> {
        M::ready(())
    }
}

/// Returns the names in the list, and the kind and page of the error that ended it.
fn list<M: Mode>(service: Service<M>) -> (Vec<String>, Option<(ErrorKind, Option<u64>)>) {
    let client = Client::builder(service, Credential::token("token")).base_url("http://127.0.0.1:9").build().unwrap();
    let mut pages = client.pages(ListCustomers::new().size(3));
    let mut names = Vec::new();
    loop {
        match block_on::<M, _>(pages.next_page()) {
            None => return (names, None),
            Some(Err(error)) => return (names, Some((error.kind(), error.page()))),
            Some(Ok(page)) => {
                names.extend(page.items.iter().map(|customer| customer.company_name().unwrap().to_owned()));
            }
        }
    }
}

proptest! {
    #[test]
    fn list_is_complete_or_an_error(
        sizes in prop::collection::vec(0_usize..4, 1..8),
        continuations in prop::collection::vec(continuation(), 8),
        failures in prop::collection::vec(failures(), 8),
        last_response in last_response(),
    ) {
        let mut next = 0..;
        let pages: Vec<Vec<String>> =
            sizes.iter().map(|size| next.by_ref().take(*size).map(|number| format!("c{number}")).collect()).collect();
        // An empty page with the token that was sent ends the list: the missing pages cannot be noticed.
        let is_token_of_the_first_page =
            |continuation: &Continuation| matches!(continuation, Continuation::TokenOfTheFirstPage);
        prop_assume!(!(pages.len() > 2 && pages[1].is_empty() && is_token_of_the_first_page(&continuations[1])));
        let complete = pages.concat();
        let (names, error) = list(Service::<Blocking>::new(&pages, &continuations, &failures, last_response));
        let in_async_mode = list(Service::<Async>::new(&pages, &continuations, &failures, last_response));
        prop_assert_eq!(&in_async_mode, &(names.clone(), error));
        match error {
            None => prop_assert_eq!(&names, &complete),
            // The pages before an error are valid, except for a duplicate page, which is what the error reports.
            Some((_, page)) => {
                prop_assert!(page.is_some(), "the error does not say on which page");
                let before = &names[..names.len().min(complete.len())];
                prop_assert!(complete.starts_with(before) || continuations.iter().any(is_token_of_the_first_page));
            }
        }
        // Only a permanent failure, too many failures or an invalid continuation is an error.
        let has_permanent_failure = failures[..pages.len()].iter().flatten().any(|failure| {
            matches!(
                failure,
                Failure::Html
                    | Failure::ErrorWithStatus200
                    | Failure::Forbidden
                    | Failure::NotFound
                    | Failure::ConsumedToken
            )
        });
        let is_exhausted = failures[..pages.len()].iter().any(|failures| failures.len() >= 4);
        let is_invalid = |(number, continuation): (usize, &Continuation)| match continuation {
            Continuation::AnotherHost | Continuation::FirstPage | Continuation::Invalid => true,
            // On the first page, its own token is the right one.
            Continuation::TokenOfTheFirstPage => number > 0,
            _ => false,
        };
        let has_invalid_continuation = continuations[..pages.len() - 1].iter().enumerate().any(is_invalid);
        prop_assert_eq!(error.is_some(), has_permanent_failure || is_exhausted || has_invalid_continuation);
    }
}
