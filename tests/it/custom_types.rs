//! Custom types: `with_response_type` and `with_item_type` decode responses into them, with the same client and the same
//! pagination.

use partner_center::{
    models::{Replacement, ReplacementKind},
    transport::{Async, Blocking, Mode},
    *,
};
use partner_center_emulator::Emulator;
use partner_center_tests::{ScriptedTransport, block_on, judged_emulator, page, response};
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

/// A lone surrogate, a number beyond the range of `f64` and a duplicate field; the first two are reported to the callback.
#[test]
fn custom_types_accept_json_that_serde_json_rejects() {
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Lenient {
        id: Uuid,
        company_name: String,
        size: Option<f64>,
    }
    const ID: &str = "53eb21cb-6b2d-4ee5-9e92-27dfc927e93c";
    fn test<M: Mode>() -> (Vec<Lenient>, Vec<Replacement>) {
        let invalid = format!(r#"{{"companyName":"\ud83e","id":"{ID}","size":1e999}}"#);
        let twice = format!(r#"{{"companyName":"a","companyName":"b","id":"{ID}"}}"#);
        let body = format!(r#"{{"items":[{invalid},{}]}}"#, [twice.as_str(); 9].join(","));
        let script = ScriptedTransport::<M>::new([response(200, body).into()]);
        let replacements = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let storage = replacements.clone();
        let client = Client::builder(script, Credential::token("secret"))
            .on_replacement(move |replacement| storage.lock().unwrap().push(replacement.clone()));
        let items = all(client.build().unwrap().pages(ListCustomers::new().with_item_type::<Lenient>())).unwrap();
        let replacements = replacements.lock().unwrap().clone();
        (items, replacements)
    }
    for (items, replacements) in [test::<Blocking>(), test::<Async>()] {
        assert_eq!((&*items[0].company_name, items[0].size), ("\u{fffd}", Some(f64::MAX)));
        assert_eq!((items.len(), &*items[9].company_name), (10, "b"));
        let replacements: Vec<_> =
            replacements.iter().map(|found| (&*found.path, found.id.as_deref(), found.kind)).collect();
        let expected = [
            ("items[0].companyName", Some(ID), ReplacementKind::UnpairedSurrogate),
            ("items[0].size", Some(ID), ReplacementKind::Number),
        ];
        assert_eq!(replacements, expected);
    }
}

/// A custom type whose fields are all optional accepts any object.
#[test]
fn error_body_with_success_status_is_not_a_value_of_a_custom_type() {
    #[derive(Debug, Deserialize)]
    struct Id {
        id: Option<Uuid>,
    }
    fn test<M: Mode>(body: &str) -> Result<Option<Uuid>, Error> {
        let transport = ScriptedTransport::<M>::new([response(200, body).into()]);
        let client = Client::builder(transport, Credential::token("secret")).build().unwrap();
        block_on::<M, _>(client.call(GetCustomer::new(Uuid::nil()).with_response_type::<Id>())).map(|id| id.id)
    }
    for body in
        [r#"{"code":400072,"description":"Something else"}"#, r#"{"error":{"code":400072,"message":"Something else"}}"#]
    {
        for outcome in [test::<Blocking>(body), test::<Async>(body)] {
            let error = outcome.unwrap_err();
            let code = error.service_error().and_then(|error| error.code.as_ref()?.number());
            assert_eq!((error.kind(), code), (ErrorKind::Service, Some(400_072)), "{error}");
            assert!(error.to_string().contains("Something else"), "{error}");
        }
    }
    let customer = r#"{"code":400072,"description":"A customer","id":"53eb21cb-6b2d-4ee5-9e92-27dfc927e93c"}"#;
    assert!(test::<Blocking>(customer).unwrap().is_some() && test::<Async>(customer).unwrap().is_some());
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

fn to_brief(customer: &Customer) -> Brief {
    let company_name = customer.company_name().unwrap().to_owned();
    let domain = customer.domain().unwrap().to_owned();
    Brief { id: customer.id.unwrap(), company_profile: Company { company_name, domain } }
}

fn all<X: Transport, O: Paginated>(mut pages: Pages<X, O>) -> Result<Vec<O::Item>, Error> {
    block_on::<X::Mode, _>(X::Mode::block_or_box(async move {
        let mut items = Vec::new();
        while let Some(page) = X::Mode::into_future(pages.next_page()).await {
            items.extend(O::items(page?));
        }
        Ok(items)
    }))
}

#[test]
fn custom_types_have_the_same_values() {
    fn test<X: Transport>(transport: X) {
        let emulator = judged_emulator().customers(1200).build();
        let server = emulator.serve("127.0.0.1:0").unwrap();
        let client = Client::builder(transport, Credential::token(Emulator::TOKEN)).base_url(server.url());
        let client = client.build().unwrap();
        let customers = all(client.pages(ListCustomers::new())).unwrap();
        let expected: Vec<_> = customers.iter().map(to_brief).collect();
        assert_eq!(all(client.pages(ListCustomers::new().with_item_type::<Brief>())).unwrap(), expected);
        assert_eq!(
            all(client.pages(ListCustomers::new().size(40).with_item_type::<Brief>()).prefetch()).unwrap(),
            expected
        );
        let id = expected[1000].id;
        let customer: Brief = block_on::<X::Mode, _>(client.call(GetCustomer::new(id).with_response_type())).unwrap();
        assert_eq!(customer, expected[1000]);
    }
    test(Ureq::new().unwrap());
    test(Reqwest::new().unwrap());
}

/// Returns the company names of a scripted list of `Named`, the same in both modes, or the error.
fn list_scripted(
    steps: impl Fn() -> Vec<partner_center_tests::Step>,
) -> Result<Vec<Option<String>>, (ErrorKind, String)> {
    fn test<M: Mode>(script: ScriptedTransport<M>) -> Result<Vec<Option<String>>, (ErrorKind, String)> {
        let client = Client::builder(script, Credential::token("token")).retry(RetryPolicy::none()).build().unwrap();
        let named = all(client.pages(ListCustomers::new().with_item_type::<Named>()));
        let companies = |all: Vec<Named>| all.into_iter().map(|named| named.company_profile?.company_name).collect();
        let source = |error: &Error| std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
        named.map(companies).map_err(|error| (error.kind(), source(&error)))
    }
    let blocking = test(ScriptedTransport::<Blocking>::new(steps()));
    assert_eq!(test(ScriptedTransport::<Async>::new(steps())), blocking);
    blocking
}

#[test]
fn custom_types_are_paginated_alike() {
    let link = "/v1/customers?x=1";
    let names = |names: &[&str]| Ok(names.iter().map(|name| Some((*name).to_owned())).collect());
    let by_link = || vec![page(["a", "b"]).next(link, "t1").into(), page(["c"]).into()];
    assert_eq!(list_scripted(by_link), names(&["a", "b", "c"]));
    let by_token = || vec![page(["a"]).token("t1").into(), page([]).token("t2").into(), page(["b"]).into()];
    assert_eq!(list_scripted(by_token), names(&["a", "b"]));
    // A duplicate page, a page without items, and a page whose items are null.
    let duplicate_page = || vec![page(["a", "b"]).next(link, "t1").into(), page(["a", "b"]).next(link, "t2").into()];
    let sent_before = "the service sent a page that it had sent before".to_owned();
    assert_eq!(list_scripted(duplicate_page), Err((ErrorKind::Paging, sent_before)));
    assert_eq!(list_scripted(|| vec![response(200, r#"{"totalCount": 0}"#).into()]).unwrap_err().0, ErrorKind::Decode);
    assert_eq!(list_scripted(|| vec![response(200, r#"{"items": null}"#).into()]), names(&[]));
    assert_eq!(list_scripted(|| vec![response(200, r#"{"Items": [{}], "new": 1}"#).into()]), Ok(vec![None]));
    // A different page may begin with the same customer, and a different field may have a similar name.
    let similar_pages = || vec![page(["a", "b"]).next(link, "t1").into(), page(["a", "c"]).into()];
    assert_eq!(list_scripted(similar_pages), names(&["a", "b", "a", "c"]));
    assert_eq!(list_scripted(|| vec![response(200, r#"{"items": [{}], "ITEMS": 7}"#).into()]), Ok(vec![None]));
}

#[test]
fn mismatched_type_is_an_error() {
    for body in [
        r#"{"items": [{"companyProfile": 7}]}"#,
        r#"{"items": [{}, {"companyProfile": 7}]}"#,
        r#"{"items": {}}"#,
        r#"{"items": [{}"#,
        "[]",
    ] {
        assert_eq!(list_scripted(|| vec![response(200, body).into()]).unwrap_err().0, ErrorKind::Decode, "{body}");
    }
}
