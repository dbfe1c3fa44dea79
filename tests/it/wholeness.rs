//! A list that ends without an error is the whole list, whatever happens on the way.

use partner_center::{
    transport::{Async, Blocking, Mode, Output, Request, Response, TransportError},
    *,
};
use partner_center_tests::{Answer, Script, Step, answer, customer, finish};
use proptest::prelude::*;
use serde_json::json;
use std::{collections::VecDeque, marker::PhantomData, sync::Mutex, time::Duration};

/// How a page says that the list goes on.
#[derive(Clone, Copy, Debug)]
enum Way {
    WithVersion,
    WithoutVersion,
    WithoutSlash,
    Absolute,
    TwoQuestionMarks,
    TokenInBody,
    TokenInBoth,
    LinkWithTokenInBody,
    // Ways that no client may take.
    Elsewhere,
    Again,
    TokenOfAnotherPage,
    Unreadable,
}

/// How the last page says that the list is over.
#[derive(Clone, Copy, Debug)]
enum End {
    Nothing,
    EmptyPage,
    NoContent,
    EmptyBody,
    TrailingToken,
}

/// What happens before a page comes.
#[derive(Clone, Copy, Debug)]
enum Trouble {
    Hangup,
    Silence,
    Truncate,
    CutJson,
    Busy,
    Throttled,
    Html,
    Fault,
    Forbidden,
    Gone,
    /// A token that is used up: 400 with code 2000.
    UsedUp,
}

fn way() -> impl Strategy<Value = Way> {
    prop_oneof![
        8 => prop::sample::select(&[
            Way::WithVersion, Way::WithoutVersion, Way::WithoutSlash, Way::Absolute, Way::TwoQuestionMarks,
            Way::TokenInBody, Way::TokenInBoth, Way::LinkWithTokenInBody,
        ][..]),
        1 => prop::sample::select(&[Way::Elsewhere, Way::Again, Way::TokenOfAnotherPage, Way::Unreadable][..]),
    ]
}

fn end() -> impl Strategy<Value = End> {
    prop::sample::select(&[End::Nothing, End::EmptyPage, End::NoContent, End::EmptyBody, End::TrailingToken][..])
}

fn troubles() -> impl Strategy<Value = Vec<Trouble>> {
    let mild =
        [Trouble::Hangup, Trouble::Silence, Trouble::Truncate, Trouble::CutJson, Trouble::Busy, Trouble::Throttled];
    let grave = [Trouble::Html, Trouble::Fault, Trouble::Forbidden, Trouble::Gone];
    // On a first attempt this is how the service says that a list is over.
    let used_up = vec![Trouble::Truncate, Trouble::UsedUp];
    prop_oneof![
        6 => Just(Vec::new()),
        3 => prop::collection::vec(prop::sample::select(mild.to_vec()), 1..5),
        1 => prop::collection::vec(prop::sample::select(grave.to_vec()), 1..2),
        1 => Just(used_up),
    ]
}

fn page(names: &[String]) -> Answer {
    let items: Vec<_> = names.iter().map(|name| customer(name)).collect();
    answer(200, json!({"totalCount": names.len(), "items": items}).to_string())
}

fn going_on(page: Answer, way: Way, number: usize) -> Answer {
    let token = format!("t{number}");
    let uri = "customers?size=3&seekOperation=Next";
    match way {
        Way::WithVersion => page.next(&format!("/v1/{uri}"), &token),
        Way::WithoutVersion => page.next(&format!("/{uri}"), &token),
        Way::WithoutSlash => page.next(uri, &token),
        Way::Absolute => page.next(&format!("http://127.0.0.1:9/v1/{uri}"), &token),
        Way::TwoQuestionMarks => page.next("/v1/customers?size=3?seekOperation=Next", &token),
        Way::TokenInBody => page.token(token),
        Way::TokenInBoth => page.next(uri, &token).token(token),
        Way::LinkWithTokenInBody => page.next_link(json!({"uri": uri, "headers": []})).token(token),
        Way::Elsewhere => page.next(&format!("https://evil.example/v1/{uri}"), &token),
        Way::TokenOfAnotherPage => page.next(uri, "t0").token("t0"),
        Way::Again => page.next_link(json!({"uri": "/v1/customers?size=3", "method": "GET", "headers": []})),
        Way::Unreadable => page.next_link(json!([uri, token])),
    }
}

fn step(trouble: Trouble, page: &Answer) -> Step {
    match trouble {
        Trouble::Hangup => Step::Hangup,
        Trouble::Silence => Step::Silence,
        Trouble::Truncate => Step::Truncate(page.clone()),
        Trouble::CutJson => answer(200, &page.body()[..page.body().len() / 2]).into(),
        Trouble::Busy => answer(503, "<html>busy</html>").into(),
        Trouble::Throttled => answer(429, "").with("Retry-After", "1").into(),
        Trouble::Html => answer(200, "<html>Log in</html>").into(),
        Trouble::Fault => answer(200, r#"{"code":400072,"description":"no"}"#).into(),
        Trouble::Forbidden => answer(403, "").into(),
        Trouble::Gone => answer(404, "").into(),
        Trouble::UsedUp => answer(400, r#"{"code":2000,"description":"Invalid continuation"}"#).into(),
    }
}

/// A service that knows where it is by the token alone: whoever loses it gets the first page again.
struct Service<M> {
    /// What it answers to each request for a page, the last one to all further ones.
    pages: Vec<Mutex<VecDeque<Step>>>,
    mode: PhantomData<fn() -> M>,
}

impl<M: Mode> Service<M> {
    fn new(pages: &[Vec<String>], ways: &[Way], troubles: &[Vec<Trouble>], end: End) -> Self {
        let mut answers = Vec::new();
        for (number, names) in pages.iter().enumerate() {
            let mut answer = page(names);
            if number + 1 < pages.len() {
                answer = going_on(answer, ways[number], number);
            } else if !matches!(end, End::Nothing) {
                answer = going_on(answer, Way::WithVersion, number);
            }
            let mut steps: VecDeque<_> = troubles[number].iter().map(|trouble| step(*trouble, &answer)).collect();
            steps.push_back(answer.into());
            answers.push(steps);
        }
        answers.push(VecDeque::from([match end {
            // Nobody has a reason to ask.
            End::Nothing => answer(500, "").into(),
            End::EmptyPage => page(&[]).into(),
            End::NoContent => answer(204, "").into(),
            End::EmptyBody => answer(200, "").into(),
            End::TrailingToken => answer(400, r#"{"code":"2000","description":"No more."}"#).into(),
        }]));
        Self { pages: answers.into_iter().map(Mutex::new).collect(), mode: PhantomData }
    }
}

impl<M: Mode> Transport for Service<M> {
    type Mode = M;

    fn send(&self, request: Request) -> Output<'_, Self, Result<Response, TransportError>> {
        let token = request.headers().get("MS-ContinuationToken").map(|token| token.to_str().unwrap());
        let page = token.map_or(0, |token| token.trim_start_matches('t').parse::<usize>().unwrap() + 1);
        let mut steps = self.pages[page].lock().unwrap();
        let step = if steps.len() > 1 { steps.pop_front().unwrap() } else { steps[0].clone() };
        M::ready(Script::<Blocking>::new([step]).send(request))
    }

    fn sleep(&self, _delay: Duration) -> Output<'_, Self, ()> {
        M::ready(())
    }
}

/// The names that came, and the error that ended the list, with the page that it names.
fn list<M: Mode>(service: Service<M>) -> (Vec<String>, Option<(ErrorKind, Option<u64>)>) {
    let client = Client::builder(service, Credential::token("token")).base_url("http://127.0.0.1:9").build().unwrap();
    let mut pages = client.pages(ListCustomers::new().size(3));
    let mut names = Vec::new();
    loop {
        match finish::<M, _>(pages.next_page()) {
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
    fn a_list_is_whole_or_an_error(
        sizes in prop::collection::vec(0_usize..4, 1..8),
        ways in prop::collection::vec(way(), 8),
        troubles in prop::collection::vec(troubles(), 8),
        end in end(),
    ) {
        let mut next = 0..;
        let pages: Vec<Vec<String>> =
            sizes.iter().map(|size| next.by_ref().take(*size).map(|number| format!("c{number}")).collect()).collect();
        // An empty page with the token that led to it says that the list is over: there is nothing to notice.
        prop_assume!(!(pages.len() > 2 && pages[1].is_empty() && matches!(ways[1], Way::TokenOfAnotherPage)));
        let whole = pages.concat();
        let (names, error) = list(Service::<Blocking>::new(&pages, &ways, &troubles, end));
        let in_async_mode = list(Service::<Async>::new(&pages, &ways, &troubles, end));
        prop_assert_eq!(&in_async_mode, &(names.clone(), error));
        match error {
            None => prop_assert_eq!(&names, &whole),
            // What came before is valid, but for a page that was sent twice: whoever sees the error knows.
            Some((_, page)) => {
                prop_assert!(page.is_some(), "the error does not say on which page");
                let once = &names[..names.len().min(whole.len())];
                prop_assert!(whole.starts_with(once) || ways.iter().any(|way| matches!(way, Way::TokenOfAnotherPage)));
            }
        }
        // And what can be overcome is: an error needs a reason.
        let grave = troubles[..pages.len()].iter().flatten().any(|trouble| {
            matches!(
                trouble,
                Trouble::Html | Trouble::Fault | Trouble::Forbidden | Trouble::Gone | Trouble::UsedUp
            )
        });
        let exhausted = troubles[..pages.len()].iter().any(|troubles| troubles.len() >= 4);
        let astray = ways[..pages.len() - 1].iter().enumerate().any(|(number, way)| match way {
            Way::Elsewhere | Way::Again | Way::Unreadable => true,
            // The first page's own token is the right one there.
            Way::TokenOfAnotherPage => number > 0,
            _ => false,
        });
        prop_assert_eq!(error.is_some(), grave || exhausted || astray);
    }
}
