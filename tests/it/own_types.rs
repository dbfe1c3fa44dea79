//! Answers read into types of the caller's own, through the same client and paging.

use partner_center::*;
use partner_center_emulator::Emulator;
use partner_center_tests::{Script, answer, finish, page};
use serde::Deserialize;
use uuid::Uuid;

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Brief {
    id: Uuid,
    company_profile: Company,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Company {
    company_name: String,
    domain: String,
}

/// What may stand in a name, a number that no `f64` can be, a field twice, and who hears of it.
#[test]
fn json_that_serde_json_rejects_ends_no_list_of_custom_types() {
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Odd {
        id: Uuid,
        company_name: String,
        size: Option<f64>,
    }
    const ID: &str = "53eb21cb-6b2d-4ee5-9e92-27dfc927e93c";
    fn test<M: Mode>() -> (Vec<Odd>, Vec<Replacement>) {
        let odd = format!(r#"{{"companyName":"\ud83e","id":"{ID}","size":1e999}}"#);
        let twice = format!(r#"{{"companyName":"a","companyName":"b","id":"{ID}"}}"#);
        let body = format!(r#"{{"items":[{odd},{}]}}"#, [twice.as_str(); 9].join(","));
        let script = Script::<M>::new([answer(200, body).into()]);
        let heard = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let hears = heard.clone();
        let client = Client::builder(script, Credential::token("secret"))
            .on_replacement(move |replacement| hears.lock().unwrap().push(replacement.clone()));
        let items = all(client.build().unwrap().pages(ListCustomers::new().items_as::<Odd>())).unwrap();
        let heard = heard.lock().unwrap().clone();
        (items, heard)
    }
    for (items, heard) in [test::<Blocking>(), test::<Async>()] {
        assert_eq!((&*items[0].company_name, items[0].size), ("\u{fffd}", Some(f64::MAX)));
        assert_eq!((items.len(), &*items[9].company_name), (10, "b"));
        let told: Vec<_> = heard.iter().map(|heard| (&*heard.path, heard.id.as_deref(), heard.kind)).collect();
        let expected = [
            ("items[0].companyName", Some(ID), ReplacementKind::HalfPair),
            ("items[0].size", Some(ID), ReplacementKind::Number),
        ];
        assert_eq!(told, expected);
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Named {
    company_profile: Option<Profile>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    company_name: Option<String>,
}

fn in_brief(customer: &Customer) -> Brief {
    let company_name = customer.company_name().unwrap().to_owned();
    let domain = customer.domain().unwrap().to_owned();
    Brief { id: customer.id.unwrap(), company_profile: Company { company_name, domain } }
}

fn all<X: Transport, O: Paginated>(mut pages: Pages<X, O>) -> Result<Vec<O::Item>, Error> {
    finish::<X::Mode, _>(X::Mode::block_or_box(async move {
        let mut items = Vec::new();
        while let Some(page) = X::Mode::into_future(pages.next_page()).await {
            items.extend(O::items(page?));
        }
        Ok(items)
    }))
}

#[test]
fn a_list_and_a_customer_are_the_same_in_brief() {
    fn test<X: Transport>(transport: X) {
        let emulator = Emulator::builder().customers(1200).build();
        let server = emulator.serve("127.0.0.1:0").unwrap();
        let client = Client::builder(transport, Credential::token(Emulator::TOKEN)).base_url(server.url());
        let client = client.build().unwrap();
        let customers = all(client.pages(ListCustomers::new())).unwrap();
        let expected: Vec<_> = customers.iter().map(in_brief).collect();
        assert_eq!(all(client.pages(ListCustomers::new().items_as::<Brief>())).unwrap(), expected);
        assert_eq!(all(client.pages(ListCustomers::new().size(40).items_as::<Brief>()).prefetch()).unwrap(), expected);
        let id = expected[1000].id;
        let customer: Brief = finish::<X::Mode, _>(client.call(GetCustomer::new(id).response_as())).unwrap();
        assert_eq!(customer, expected[1000]);
    }
    test(Ureq::new().unwrap());
    test(Reqwest::new().unwrap());
}

/// What comes of a scripted list of `Named`s in both modes.
fn scripted(steps: impl Fn() -> Vec<partner_center_tests::Step>) -> Result<Vec<Option<String>>, (ErrorKind, String)> {
    fn test<M: Mode>(script: Script<M>) -> Result<Vec<Option<String>>, (ErrorKind, String)> {
        let client = Client::builder(script, Credential::token("token")).retry(RetryPolicy::none()).build().unwrap();
        let named = all(client.pages(ListCustomers::new().items_as::<Named>()));
        let companies = |all: Vec<Named>| all.into_iter().map(|named| named.company_profile?.company_name).collect();
        let source = |error: &Error| std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
        named.map(companies).map_err(|error| (error.kind(), source(&error)))
    }
    let blocking = test(Script::<Blocking>::new(steps()));
    assert_eq!(test(Script::<Async>::new(steps())), blocking);
    blocking
}

#[test]
fn pages_go_on_as_ever() {
    let link = "/v1/customers?x=1";
    let names = |names: &[&str]| Ok(names.iter().map(|name| Some((*name).to_owned())).collect());
    let both = || vec![page(["a", "b"]).next(link, "t1").into(), page(["c"]).into()];
    assert_eq!(scripted(both), names(&["a", "b", "c"]));
    let by_token = || vec![page(["a"]).token("t1").into(), page([]).token("t2").into(), page(["b"]).into()];
    assert_eq!(scripted(by_token), names(&["a", "b"]));
    // A page that was there before, a page without items, and one whose items are null.
    let again = || vec![page(["a", "b"]).next(link, "t1").into(), page(["a", "b"]).next(link, "t2").into()];
    let sent_before = "the service sent a page that it had sent before".to_owned();
    assert_eq!(scripted(again), Err((ErrorKind::Paging, sent_before)));
    assert_eq!(scripted(|| vec![answer(200, r#"{"totalCount": 0}"#).into()]).unwrap_err().0, ErrorKind::Decode);
    assert_eq!(scripted(|| vec![answer(200, r#"{"items": null}"#).into()]), names(&[]));
    assert_eq!(scripted(|| vec![answer(200, r#"{"Items": [{}], "new": 1}"#).into()]), Ok(vec![None]));
    // Another page may begin with the same customer, and another field may have nearly the same name.
    let alike = || vec![page(["a", "b"]).next(link, "t1").into(), page(["a", "c"]).into()];
    assert_eq!(scripted(alike), names(&["a", "b", "a", "c"]));
    assert_eq!(scripted(|| vec![answer(200, r#"{"items": [{}], "ITEMS": 7}"#).into()]), Ok(vec![None]));
}

#[test]
fn what_does_not_fit_is_an_error() {
    for body in [
        r#"{"items": [{"companyProfile": 7}]}"#,
        r#"{"items": [{}, {"companyProfile": 7}]}"#,
        r#"{"items": {}}"#,
        r#"{"items": [{}"#,
        "[]",
    ] {
        assert_eq!(scripted(|| vec![answer(200, body).into()]).unwrap_err().0, ErrorKind::Decode, "{body}");
    }
}
