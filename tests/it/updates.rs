//! Read, change, write: no update is lost, and nothing of a resource is.

use partner_center::{
    models::{CustomerBillingProfile, Subscription},
    operations::{
        GetCart, GetConfigurationPolicy, GetCustomerBillingProfile, GetMigrationSchedule, GetSubscription,
        Operation as _, Updatable,
    },
    transport::{Mode, Output},
    *,
};
use partner_center_emulator::Emulator;
use partner_center_tests::{Step, action::Action, block_on, judged_emulator, response};
use serde_json::json;
use std::{thread, time::Duration};
use uuid::Uuid;

/// Sets the last name in a billing profile, or the seats of a subscription, and returns the response and the number of changes.
enum Change {
    LastName(&'static str),
    Nothing(&'static str),
    Seats(i32),
    /// Of a cart, which has no etag.
    Cart,
}

impl Action for Change {
    fn perform<'a, X: Transport>(&'a self, client: &'a Client<X>) -> Output<'a, X, Result<String, Error>> {
        X::Mode::block_or_box(async move {
            let mut calls = 0;
            let get = GetCustomerBillingProfile::new(Uuid::nil());
            let outcome = match self {
                Self::LastName(name) => {
                    let change = |profile: &mut CustomerBillingProfile| {
                        calls += 1;
                        profile.last_name = Some((*name).to_owned());
                    };
                    let profile = X::Mode::into_future(client.update(get, change)).await?;
                    profile.last_name.unwrap_or_default()
                }
                Self::Nothing(reason) => {
                    let change = |_: &mut CustomerBillingProfile| Err(*reason);
                    let profile = X::Mode::into_future(client.try_update(get, change)).await?;
                    profile.last_name.unwrap_or_default()
                }
                Self::Seats(seats) => {
                    let change = |subscription: &mut Subscription| subscription.quantity = Some(*seats);
                    let get = GetSubscription::new(Uuid::nil(), Uuid::nil());
                    format!("{:?}", X::Mode::into_future(client.update(get, change)).await?)
                }
                Self::Cart => {
                    let get = GetCart::new(Uuid::nil(), Uuid::nil());
                    let cart = X::Mode::into_future(client.update(get, |_| calls += 1)).await?;
                    cart.id.map(|id| id.to_string()).unwrap_or_default()
                }
            };
            Ok(format!("{outcome}, {calls}"))
        })
    }
}

const CUSTOMER: &str = "/v1/customers/00000000-0000-0000-0000-000000000000";

fn profile(etag: &str, last_name: &str) -> Step {
    // The service says more than the specification does.
    let profile = json!({"firstName": "Ada", "lastName": last_name, "mood": {"x": 1.10}, "attributes": {"etag": etag}});
    response(200, profile.to_string()).into()
}

fn conflict() -> Step {
    response(400, r#"{"code":2055,"description":"Stale.","data":[],"source":"PartnerFD"}"#).into()
}

fn put(letter: char, etag: &str, last_name: &str) -> String {
    format!(
        "{letter} PUT {CUSTOMER}/profiles/billing [content-type: application/json] [if-match: \"{etag}\"] \
         {{\"firstName\":\"Ada\",\"lastName\":\"{last_name}\",\"attributes\":{{\"etag\":\"{etag}\"}},\"mood\":{{\"x\":1.1}}}}\n"
    )
}

fn got(letter: char) -> String {
    format!("{letter} GET {CUSTOMER}/profiles/billing\n")
}

#[test]
fn complete_resource_is_sent_with_its_etag() {
    let transcript = Change::LastName("King").run([profile("-7", "Byron"), profile("8", "King")]);
    assert_eq!(transcript, format!("{}{}=> King, 1", got('a'), put('b', "-7", "King")));
}

#[test]
fn conflict_is_resolved_with_the_resource_as_it_is_now() {
    let changed = response(412, "").into();
    let steps =
        [profile("1", "Byron"), conflict(), profile("2", "Lovelace"), changed, profile("3", "B"), profile("4", "King")];
    let expected = [
        got('a'),
        put('b', "1", "King"),
        "  sleep 500ms\n".to_owned(),
        got('c'),
        put('d', "2", "King"),
        "  sleep 1s\n".to_owned(),
        got('e'),
        put('f', "3", "King"),
        "=> King, 3".to_owned(),
    ];
    assert_eq!(Change::LastName("King").run(steps), expected.concat());
}

#[test]
fn conflicts_are_limited() {
    let steps = (0..11).flat_map(|etag| [profile(&etag.to_string(), "B"), conflict()]);
    let transcript = Change::LastName("King").run(steps);
    assert_eq!(transcript.matches(" PUT ").count(), 11, "{transcript}");
    assert!(transcript.ends_with("=> Service (updateCustomerBillingProfile): 400"), "{transcript}");
}

/// The conflict may be with the very change whose response was lost: to make it again could make it twice.
#[test]
fn conflict_after_a_lost_response_is_reported() {
    let transcript = Change::LastName("King").run([profile("1", "B"), Step::Close, conflict()]);
    let put = put('b', "1", "King");
    let expected = format!("{}{put}  sleep 500ms\n{put}=> Service (updateCustomerBillingProfile): 400", got('a'));
    assert_eq!(transcript, expected);
}

#[test]
fn error_of_the_change_sends_nothing() {
    let transcript = Change::Nothing("the customer has moved").run([profile("1", "B")]);
    let error = "=> Request (updateCustomerBillingProfile): the customer has moved";
    assert_eq!(transcript, format!("{}{error}", got('a')));
}

#[test]
fn other_errors_are_not_conflicts() {
    let invalid = response(400, r#"{"code":2007,"description":"No such address."}"#).into();
    let transcript = Change::LastName("King").run([profile("1", "B"), invalid]);
    assert!(transcript.ends_with("=> Service (updateCustomerBillingProfile): 400"), "{transcript}");
}

#[test]
fn missing_etag_is_reported_where_the_service_requires_one() {
    let transcript = Change::LastName("King").run([response(200, r#"{"lastName": "B"}"#).into()]);
    let error = "`If-Match` needs the etag of the resource, which has none (`attributes.etag`)";
    assert_eq!(transcript, format!("{}=> Request (updateCustomerBillingProfile): {error}", got('a')));
}

/// A PATCH of a subscription deletes what it is not sent.
#[test]
fn complete_subscription_is_sent() {
    let subscription = |etag: &str| {
        let subscription = json!({
            "id": Uuid::nil(), "quantity": 5, "status": "active", "creationDate": "2026-01-05T10:00:00Z", "autoRenewEnabled": true,
            "scheduledNextTermInstructions": {"quantity": 7, "a": [1]}, "attributes": {"etag": etag},
        });
        response(200, subscription.to_string())
    };
    for (etag, header) in [("x=", "[if-match: \"x=\"] "), ("", "")] {
        let transcript = Change::Seats(6).run([subscription(etag).into(), response(202, "").into()]);
        let expected = format!(
            "b PATCH {CUSTOMER}/subscriptions/{} [content-type: application/json] {header}{{\"id\":\"{}\",\"quantity\":6,",
            Uuid::nil(),
            Uuid::nil()
        );
        assert!(transcript.contains(&expected), "{transcript}");
        for kept in ["\"autoRenewEnabled\":true", "\"scheduledNextTermInstructions\":{\"quantity\":7,\"a\":[1]}"] {
            assert!(transcript.contains(kept), "{transcript}");
        }
        assert!(transcript.ends_with("=> Accepted(Accepted { location: None, retry_after: None }), 0"), "{transcript}");
    }
}

#[test]
fn resource_without_an_etag_is_replaced_unconditionally() {
    let cart = || response(200, json!({"id": Uuid::nil()}).to_string()).into();
    let transcript = Change::Cart.run([cart(), cart()]);
    let put = format!("b PUT {CUSTOMER}/carts/{0} [content-type: application/json] {{\"id\":\"{0}\"}}", Uuid::nil());
    assert!(transcript.contains(&put), "{transcript}");
}

/// Two writers count in one billing profile: each adds one to a number that both write, and to a number of its own.
fn write_twice_200<X: Transport>(transport: impl Fn() -> X + Sync, url: &str, customer: Uuid) {
    const ROUNDS: u32 = 200;
    let retry_policy = || {
        let fast = Duration::from_millis(4);
        RetryPolicy::default().initial_backoff(fast).max_backoff(fast * 8).max_conflicts(1000)
    };
    let client = || {
        let client = Client::builder(transport(), Credential::token(Emulator::TOKEN)).base_url(url);
        client.retry(retry_policy()).build().unwrap()
    };
    let count = |text: &mut Option<String>| {
        let counted = text.as_deref().and_then(|text| text.strip_prefix("Round ")?.parse().ok()).unwrap_or(0_u32);
        *text = Some(format!("Round {}", counted + 1));
    };
    let write = |change: &(dyn Fn(&mut CustomerBillingProfile) + Sync)| {
        let client = client();
        for _ in 0..ROUNDS {
            let update = client.update(GetCustomerBillingProfile::new(customer), change);
            block_on::<X::Mode, _>(update).unwrap();
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            write(&|profile| {
                count(&mut profile.company_name);
                count(&mut profile.first_name);
            });
        });
        scope.spawn(|| {
            write(&|profile| {
                count(&mut profile.company_name);
                count(&mut profile.last_name);
            });
        });
    });
    let client = client();
    let profile = block_on::<X::Mode, _>(client.call(GetCustomerBillingProfile::new(customer))).unwrap();
    let counted = [profile.company_name, profile.first_name, profile.last_name].map(Option::unwrap_or_default);
    assert_eq!(counted, ["Round 400", "Round 200", "Round 200"], "an update is lost");
}

#[test]
fn update_is_never_lost_by_two_writers() {
    let emulator = judged_emulator().customers(4).build();
    let server = emulator.serve("127.0.0.1:0").unwrap();
    let client = Client::builder(Ureq::new().unwrap(), Credential::token(Emulator::TOKEN)).base_url(server.url());
    let client = client.build().unwrap();
    let customers: Vec<_> =
        client.items(ListCustomers::new()).take(2).map(|customer| customer.unwrap().id.unwrap()).collect();
    write_twice_200(|| Ureq::new().unwrap(), &server.url(), customers[0]);
    write_twice_200(|| Reqwest::new().unwrap(), &server.url(), customers[1]);
}

#[test]
fn every_replaceable_resource_is_paired() {
    fn ids<O: Updatable>() -> [&'static str; 2] {
        [O::ID, O::Update::ID]
    }
    assert_eq!(ids::<GetCustomerBillingProfile>(), ["getCustomerBillingProfile", "updateCustomerBillingProfile"]);
    assert_eq!(ids::<GetSubscription>(), ["getSubscription", "updateSubscription"]);
    assert_eq!(ids::<GetCart>(), ["getCart", "updateCart"]);
    assert_eq!(ids::<GetConfigurationPolicy>(), ["getConfigurationPolicy", "updateConfigurationPolicy"]);
    assert_eq!(ids::<GetMigrationSchedule>(), ["getMigrationSchedule", "updateMigrationSchedule"]);
}
