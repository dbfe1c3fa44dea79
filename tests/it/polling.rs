//! Operations that the service completes later: their state is polled, at the intervals and from the addresses that it names, and
//! only there.

use partner_center::{
    models::Subscription,
    operations::{
        CreateDeviceBatch, GetSubscription, LongRunning, ReactivateAzureEntitlement, RegisterSubscription,
        UpdateSubscription,
    },
    request::{PollState, PollToken, Poller},
    transport::{Mode, Output},
    *,
};
use partner_center_emulator::Emulator;
use partner_center_tests::{
    MockResponse, ScriptedTransport, Step, action::Action, block_on, judged_emulator, response,
};
use serde_json::json;
use std::{error::Error as _, time::Duration};
use uuid::Uuid;

/// Starts an operation, and waits until it is completed.
struct Wait<O>(O);

impl<O: LongRunning + Clone + Sync + Send + 'static> Action for Wait<O> {
    fn perform<'a, X: Transport>(&'a self, client: &'a Client<X>) -> Output<'a, X, Result<String, Error>> {
        X::Mode::block_or_box(async move {
            let mut poller = X::Mode::into_future(client.start(self.0.clone())).await?;
            Ok(serde_json::to_string(&X::Mode::into_future(poller.wait()).await?).unwrap())
        })
    }
}

/// Starts an operation, saves the poller as text after each step, and goes on from that text.
struct SaveAndResume<O>(O);

impl<O: LongRunning + Clone + Sync + Send + 'static> Action for SaveAndResume<O> {
    fn perform<'a, X: Transport>(&'a self, client: &'a Client<X>) -> Output<'a, X, Result<String, Error>> {
        X::Mode::block_or_box(async move {
            let mut poller = X::Mode::into_future(client.start(self.0.clone())).await?;
            let mut states = Vec::new();
            loop {
                let text = poller.token().map(ToString::to_string).unwrap_or_default();
                let token: PollToken = text.parse().unwrap();
                assert_eq!(format!("{token} {token:?}"), format!("{text} PollToken(..)"));
                let mut resumed: Poller<X, O> = client.resume_poller(token)?;
                match X::Mode::into_future(resumed.poll()).await? {
                    PollState::Pending(wait) => states.push(format!("{wait:?}")),
                    PollState::Completed(result) => {
                        return Ok(format!("{} {}", states.join(" "), serde_json::to_string(&result).unwrap()));
                    }
                }
                poller = resumed;
            }
        })
    }
}

const ID: Uuid = Uuid::from_u128(7);
const SUBSCRIPTION: &str =
    "/v1/customers/00000000-0000-0000-0000-000000000007/subscriptions/00000000-0000-0000-0000-000000000007";

fn accepted(location: &str) -> MockResponse {
    response(202, "").with("Location", location)
}

fn status(status: &str) -> Step {
    response(200, json!({ "status": status }).to_string()).into()
}

fn batch() -> CreateDeviceBatch {
    CreateDeviceBatch::new(ID, serde_json::from_value(json!({"batchId": "b", "devices": []})).unwrap())
}

fn registration() -> RegisterSubscription {
    RegisterSubscription::new(ID, ID)
}

/// The transcript without the request that starts the operation.
fn polls(transcript: &str) -> &str {
    transcript.split_once('\n').unwrap().1
}

#[test]
fn state_is_polled_until_the_operation_is_completed() {
    let steps = [
        accepted("/customers/c/batchJobStatus/j?x=1").into(),
        status("queued"),
        status("a_state_of_the_future"),
        status("in-progress"),
        status("FinishedWithErrors"),
    ];
    let transcript = Wait(batch()).run(steps);
    let get = "GET /v1/customers/c/batchJobStatus/j?x=1\n";
    let expected = format!(
        "  sleep 1s\nb {get}  sleep 2s\nc {get}  sleep 4s\nd {get}  sleep 8s\ne {get}=> \
         {{\"status\":\"FinishedWithErrors\"}}"
    );
    assert_eq!(polls(&transcript), expected);
}

#[test]
fn requested_interval_is_obeyed_within_bounds() {
    let steps = [
        accepted("customers/c/batchJobStatus/j").with("Retry-After", "7").into(),
        response(202, "").with("Retry-After", "3600").into(),
        response(202, r#"{"status": "finished"}"#).with("Retry-After", "0").into(),
        response(202, "not JSON").with("Retry-After", "soon").into(),
        response(200, r#"{"status": "processing"}"#)
            .with("Date", "Fri, 20 Nov 2015 01:08:23 GMT")
            .with("Retry-After", "Fri, 20 Nov 2015 01:08:43 GMT")
            .into(),
        status("finished"),
    ];
    let transcript = Wait(batch()).run(steps);
    let sleeps: Vec<_> = transcript.lines().filter_map(|line| line.strip_prefix("  sleep ")).collect();
    assert_eq!(sleeps, ["7s", "600s", "1s", "2s", "20s"], "{transcript}");
    assert!(transcript.ends_with("=> {\"status\":\"finished\"}"), "{transcript}");
}

#[test]
fn state_without_a_location_is_that_of_the_resource() {
    let transcript = Wait(ReactivateAzureEntitlement::new(ID, ID, ID)).run([
        response(202, "").into(),
        status("inactive"),
        status("active"),
    ]);
    let get = format!("GET {SUBSCRIPTION}/azureEntitlements/{ID}\n");
    let expected = format!("  sleep 1s\nb {get}  sleep 2s\nc {get}=> {{\"status\":\"active\"}}");
    assert_eq!(polls(&transcript), expected);
    // An upload has an id that only the service knows.
    let transcript = Wait(batch()).run([response(202, "").into()]);
    assert!(transcript.ends_with("=> Decode (createDeviceBatch): the response does not say where the state is"));
}

#[test]
fn poller_goes_on_from_its_text() {
    let steps = [
        accepted("{base}/v1/customers/c/subscriptions/s/registrationstatus").with("Retry-After", "5").into(),
        accepted("/customers/c/elsewhere").into(),
        response(200, r#"{"status": "Registering"}"#).with("Retry-After", "9").into(),
        response(200, r#"{"status": "registered"}"#).into(),
    ];
    let transcript = SaveAndResume(registration()).run(steps);
    let expected = "b GET /v1/customers/c/subscriptions/s/registrationstatus\nc GET /v1/customers/c/elsewhere\n\
                    d GET /v1/customers/c/elsewhere\n=> 2s 9s {\"status\":\"registered\"}";
    assert_eq!(polls(&transcript), expected);
}

#[test]
fn token_is_sent_to_the_service_only() {
    for location in [
        "https://evil.example/v1/customers",
        "//evil.example/v1/customers",
        "http://127.0.0.1:9@evil.example/v1/customers",
        "{base}.evil.example/v1",
        "/customers/../../admin",
        "/customers/%2e%2e/admin",
        "/customers\\..",
        "/v1/",
        "",
    ] {
        for steps in
            [vec![accepted(location).into()], vec![accepted("/customers/c/x").into(), accepted(location).into()]]
        {
            // The recording fails for a request to another server.
            let transcript = Wait(registration()).run(steps);
            let (_, outcome) = transcript.split_once("=> ").unwrap();
            assert!(outcome.starts_with("Decode ("), "{location}: {transcript}");
            assert!(outcome.contains("the operation is accepted, but its `Location` "), "{location}: {transcript}");
        }
    }
}

#[test]
fn operation_that_cannot_be_polled_is_accepted_all_the_same() {
    let steps = [accepted("https://evil.example/v1/customers").into()];
    let transport = ScriptedTransport::<transport::Blocking>::new(steps);
    let client = Client::builder(transport, Credential::token("the-token")).build().unwrap();
    let error = client.start(registration()).unwrap_err();
    assert_eq!(error.write_outcome(), Some(error::WriteOutcome::Performed));
    assert!(error.to_string().contains("do not send it again"), "{error}");
}

#[test]
fn token_of_a_poller_is_not_trusted() {
    let emulator = judged_emulator().build();
    let client = Client::builder(emulator.transport::<transport::Blocking>(), Credential::token(Emulator::TOKEN));
    let client = client.build().unwrap();
    let resumed = |target: &str, operation: &str| {
        let text = json!({"operation": operation, "target": target, "expected": {}}).to_string();
        client.resume_poller::<RegisterSubscription>(text.parse().unwrap()).map_err(|error| error.to_string())
    };
    assert!(resumed("/v1/customers/c/x", "registerSubscription").is_ok());
    for (target, operation, expected) in [
        ("/v1/customers/c/x", "createCustomer", "the token is that of the operation `createCustomer`"),
        ("https://evil.example/v1/x", "registerSubscription", "the token's path points to another server"),
        ("/v1/customers/../x", "registerSubscription", "the token's path leaves the service's path"),
    ] {
        let error = resumed(target, operation).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
    let long = json!({"operation": "x", "target": "a".repeat(70_000), "expected": {}}).to_string();
    for text in ["", "{}", "[]", "{\"operation\": 1, \"target\": \"/\", \"expected\": {}}", &long] {
        let error = text.parse::<PollToken>().unwrap_err().to_string();
        assert!(error.starts_with("the text is not the token of a poller"), "{error}");
    }
}

#[test]
fn error_of_a_poll_does_not_end_the_poller() {
    struct Persist;
    impl Action for Persist {
        fn perform<'a, X: Transport>(&'a self, client: &'a Client<X>) -> Output<'a, X, Result<String, Error>> {
            X::Mode::block_or_box(async move {
                let mut poller = X::Mode::into_future(client.start(registration())).await?;
                let error = X::Mode::into_future(poller.wait()).await.unwrap_err();
                let status = X::Mode::into_future(poller.wait()).await?;
                let again = X::Mode::into_future(poller.poll()).await?;
                let is_completed = matches!(again, PollState::Completed(_));
                Ok(format!("{:?} {:?} {is_completed}", error.kind(), status.status))
            })
        }
    }
    let error = || response(403, r#"{"code":1002,"description":"No."}"#).into();
    let steps = [accepted("/customers/c/x").into(), error(), status("registered"), status("registered")];
    let transcript = Persist.run(steps);
    assert!(transcript.ends_with("=> Service Some(Registered) true"), "{transcript}");
}

#[test]
fn wait_is_bounded() {
    struct Bounded;
    impl Action for Bounded {
        fn perform<'a, X: Transport>(&'a self, client: &'a Client<X>) -> Output<'a, X, Result<String, Error>> {
            X::Mode::block_or_box(async move {
                let poller = X::Mode::into_future(client.start(registration())).await?;
                let mut poller = poller.timeout(Duration::from_secs(100)).max_interval(Duration::from_secs(40));
                let error = X::Mode::into_future(poller.wait()).await.unwrap_err();
                assert!(error.is_timeout() && poller.token().is_some());
                assert_eq!(
                    format!("{poller:?}"),
                    "Poller { operation: \"registerSubscription\", is_completed: false, .. }"
                );
                Err(error)
            })
        }
    }
    let busy = || response(202, "").with("Retry-After", "50").into();
    let transcript = Bounded.run([accepted("/customers/c/x").into(), busy(), busy(), busy()]);
    let sleeps: Vec<_> = transcript.lines().filter_map(|line| line.strip_prefix("  sleep ")).collect();
    assert_eq!(sleeps, ["1s", "40s", "40s"], "{transcript}");
    assert!(transcript.contains("=> Timeout (registerSubscription)"), "{transcript}");
}

/// Returns a subscription as the service sends it, as far as it matters.
fn subscription(quantity: i32, status: &str, renews: bool) -> serde_json::Value {
    json!({
        "id": ID, "creationDate": "2026-01-05T10:00:00Z", "quantity": quantity, "status": status,
        "autoRenewEnabled": renews, "attributes": {"objectType": "Subscription"},
    })
}

/// What the service never shows as it was sent does not go unnoticed, and what was not changed is not waited for.
#[test]
fn value_that_is_never_shown_is_named() {
    struct Change {
        compares: bool,
    }
    impl Action for Change {
        fn perform<'a, X: Transport>(&'a self, client: &'a Client<X>) -> Output<'a, X, Result<String, Error>> {
            X::Mode::block_or_box(async move {
                let subscription = X::Mode::into_future(client.call(GetSubscription::new(ID, ID))).await?;
                let mut changed = subscription.clone();
                changed.quantity = Some(7);
                let poller = X::Mode::into_future(client.start(UpdateSubscription::new(ID, ID, changed))).await?;
                let poller = poller.timeout(Duration::from_secs(5));
                let mut poller = if self.compares { poller.changed_from(&subscription) } else { poller };
                let changed = X::Mode::into_future(poller.wait()).await.inspect_err(|error| {
                    let problem = error.source().and_then(|source| source.source()).map(ToString::to_string);
                    assert_eq!(problem.as_deref(), Some("not shown yet as expected: autoRenewEnabled"));
                })?;
                Ok(format!("{:?}", changed.quantity))
            })
        }
    }
    let shown = |quantity, status, renews| response(200, subscription(quantity, status, renews).to_string()).into();
    let steps =
        || [shown(5, "active", true), response(202, "").into(), shown(5, "active", true), shown(7, "Active", false)];
    let transcript = Change { compares: false }.run(steps());
    assert!(transcript.contains("=> Timeout (updateSubscription)"), "{transcript}");
    let transcript = Change { compares: true }.run(steps());
    assert!(transcript.ends_with("=> Some(7)"), "{transcript}");
}

#[test]
fn operation_that_is_completed_immediately_is_not_polled() {
    struct Immediate;
    impl Action for Immediate {
        fn perform<'a, X: Transport>(&'a self, client: &'a Client<X>) -> Output<'a, X, Result<String, Error>> {
            X::Mode::block_or_box(async move {
                let body: Subscription = serde_json::from_value(subscription(5, "active", true)).unwrap();
                let operation = UpdateSubscription::new(ID, ID, body);
                let mut poller = X::Mode::into_future(client.start(operation)).await?;
                assert!(poller.token().is_none());
                let subscription = X::Mode::into_future(poller.wait()).await?;
                Ok(format!("{:?}", subscription.quantity))
            })
        }
    }
    let transcript = Immediate.run([response(200, r#"{"quantity": 5}"#).into()]);
    assert_eq!(polls(&transcript), "=> Some(5)");
}

/// The service completes the change of many seats later, and the subscription shows the old number until then.
#[test]
fn change_of_a_subscription_is_completed_once_it_shows() {
    fn change<X: Transport>(client: &Client<X>, customer: Uuid, subscription: Uuid) {
        let outcome = block_on::<X::Mode, _>(X::Mode::block_or_box(async move {
            let get = GetSubscription::new(customer, subscription);
            let mut subscription = X::Mode::into_future(client.call(get.clone())).await?;
            let seats = subscription.quantity.unwrap_or_default() + 150;
            subscription.quantity = Some(seats);
            let operation = UpdateSubscription::new(customer, subscription.id.unwrap_or_default(), subscription);
            let poller = X::Mode::into_future(client.start(operation)).await?;
            let mut poller = poller.max_interval(Duration::from_secs(1));
            let first = X::Mode::into_future(poller.poll()).await?;
            assert!(matches!(first, PollState::Pending(_)), "{first:?}");
            let token = poller.token().unwrap().to_string();
            let mut poller: Poller<X, UpdateSubscription> = client.resume_poller(token.parse().unwrap())?;
            let changed = X::Mode::into_future(poller.wait()).await?;
            assert_eq!(changed.quantity, Some(seats));
            Ok::<(), Error>(())
        }));
        outcome.unwrap();
    }
    let emulator = judged_emulator().customers(4).build();
    let server = emulator.serve("127.0.0.1:0").unwrap();
    let client = Client::builder(Ureq::new().unwrap(), Credential::token(Emulator::TOKEN)).base_url(server.url());
    let client = client.build().unwrap();
    let subscriptions = client.items(ListCustomers::new()).find_map(|customer| {
        let customer = customer.unwrap().id?;
        let subscriptions = client.items(operations::ListSubscriptions::new(customer)).map(|item| item.unwrap());
        let active = subscriptions.filter(|subscription| {
            subscription.status == Some(models::SubscriptionStatus::Active) && subscription.quantity.is_some()
        });
        let ids: Vec<_> = active.filter_map(|subscription| subscription.id).collect();
        (ids.len() > 1).then_some((customer, ids))
    });
    let (customer, ids) = subscriptions.unwrap();
    change(&client, customer, ids[0]);
    let client = Client::builder(Reqwest::new().unwrap(), Credential::token(Emulator::TOKEN)).base_url(server.url());
    change(&client.build().unwrap(), customer, ids[1]);
}
