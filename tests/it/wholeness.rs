//! A list that ends without an error is the whole list, whatever happens on the way.

use partner_center::*;
use partner_center_tests::{Answer, Script, Step, answer, customer, finish};
use proptest::prelude::*;
use serde_json::json;

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
}

fn way() -> impl Strategy<Value = Way> {
    prop_oneof![
        8 => prop::sample::select(&[
            Way::WithVersion, Way::WithoutVersion, Way::WithoutSlash, Way::Absolute, Way::TwoQuestionMarks,
            Way::TokenInBody, Way::TokenInBoth, Way::LinkWithTokenInBody,
        ][..]),
        1 => prop::sample::select(&[Way::Elsewhere, Way::Again, Way::Unreadable][..]),
    ]
}

fn end() -> impl Strategy<Value = End> {
    prop::sample::select(&[End::Nothing, End::EmptyPage, End::NoContent, End::EmptyBody, End::TrailingToken][..])
}

fn troubles() -> impl Strategy<Value = Vec<Trouble>> {
    let mild =
        [Trouble::Hangup, Trouble::Silence, Trouble::Truncate, Trouble::CutJson, Trouble::Busy, Trouble::Throttled];
    let grave = [Trouble::Html, Trouble::Fault, Trouble::Forbidden, Trouble::Gone];
    prop_oneof![
        6 => Just(Vec::new()),
        3 => prop::collection::vec(prop::sample::select(mild.to_vec()), 1..5),
        1 => prop::collection::vec(prop::sample::select(grave.to_vec()), 1..2),
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
    }
}

fn script(pages: &[Vec<String>], ways: &[Way], troubles: &[Vec<Trouble>], end: End) -> Vec<Step> {
    let mut steps = Vec::new();
    for (number, names) in pages.iter().enumerate() {
        let mut answer = page(names);
        let is_last = number + 1 == pages.len();
        if !is_last {
            answer = going_on(answer, ways[number], number);
        } else if !matches!(end, End::Nothing) {
            answer = going_on(answer, Way::WithVersion, number);
        }
        steps.extend(troubles[number].iter().map(|trouble| step(*trouble, &answer)));
        steps.push(answer.into());
    }
    steps.extend(match end {
        End::Nothing => None,
        End::EmptyPage => Some(page(&[]).into()),
        End::NoContent => Some(answer(204, "").into()),
        End::EmptyBody => Some(answer(200, "").into()),
        End::TrailingToken => Some(answer(400, r#"{"code":"2000","description":"No more."}"#).into()),
    });
    // Whoever asks for more than there is gets this.
    steps.extend(vec![answer(500, "").into(); 8]);
    steps
}

/// The names that came, and the error that ended the list.
fn list<M: Mode>(steps: Vec<Step>) -> (Vec<String>, Option<ErrorKind>) {
    let client = Client::builder(Script::<M>::new(steps), Credential::token("token"));
    let client = client.base_url("http://127.0.0.1:9").build().unwrap();
    let mut pages = client.pages(ListCustomers::new().size(3));
    let mut names = Vec::new();
    loop {
        match finish::<M, _>(pages.next_page()) {
            None => return (names, None),
            Some(Err(error)) => return (names, Some(error.kind())),
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
        let whole = pages.concat();
        let steps = script(&pages, &ways, &troubles, end);
        let (names, error) = list::<Blocking>(steps.clone());
        prop_assert_eq!(&list::<Async>(steps), &(names.clone(), error));
        prop_assert!(whole.starts_with(&names), "{:?} are not the first of {:?}", names, whole);
        if error.is_none() {
            prop_assert_eq!(&names, &whole);
        }
        // And what can be overcome is: an error needs a reason.
        let grave = troubles[..pages.len()].iter().flatten().any(|trouble| {
            matches!(trouble, Trouble::Html | Trouble::Fault | Trouble::Forbidden | Trouble::Gone)
        });
        let exhausted = troubles[..pages.len()].iter().any(|troubles| troubles.len() >= 4);
        let astray = ways[..pages.len() - 1].iter().any(|way| matches!(way, Way::Elsewhere | Way::Again | Way::Unreadable));
        prop_assert_eq!(error.is_some(), grave || exhausted || astray);
    }
}
