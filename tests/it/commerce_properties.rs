//! Random commands over 400 virtual days: no subscription of the emulator comes into a state that the service documents as
//! impossible, each rejection has a documented code, and what the client reads is what the emulator sends.

use partner_center::{models::*, operations::*, transport::Blocking, *};
use partner_center_emulator::Emulator;
use proptest::prelude::*;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    time::{Duration, UNIX_EPOCH},
};
use uuid::Uuid;

/// 2026-01-05T10:00:00Z.
const START: Duration = Duration::from_secs(1_767_607_200);

const DAYS: u64 = 400;

#[derive(Clone, Debug)]
enum Command {
    Buy(usize, i32, usize),
    Seats(usize, i32),
    Status(usize, SubscriptionStatus),
    AutoRenew(usize, bool),
    Rename(usize),
    /// Schedules another product and another number of seats for the next term.
    Schedule(usize, usize, i32),
    /// Moves some seats to another product.
    Move(usize, usize, i32),
    Wait(u64),
}

const ITEMS: [&str; 6] = [
    "CFQ7TTC069GL:0001:CFQ7TTC0G225",
    "CFQ7TTC0X301:0001:CFQ7TTC0K5DG",
    "CFQ7TTC0T5K5:0001:CFQ7TTC0K83V",
    "CFQ7TTC0EE50:0001:CFQ7TTC0PE9F",
    "CFQ7TTC0X301:0007:CFQ7TTC0TR1L",
    "DZH318Z0MKT1:0001:DZH318Z0MKA1",
];

const TERMS: [&str; 3] = ["P1M", "P1Y", "P3Y"];

fn command() -> impl Strategy<Value = Command> {
    let which = 0..5_usize;
    let status = prop::sample::select(vec![
        SubscriptionStatus::Active,
        SubscriptionStatus::Suspended,
        SubscriptionStatus::Deleted,
        SubscriptionStatus::Expired,
    ]);
    prop_oneof![
        2 => (0..ITEMS.len(), 1..60_i32, 0..TERMS.len()).prop_map(|(item, seats, term)| Command::Buy(item, seats, term)),
        4 => (which.clone(), 0..400_i32).prop_map(|(which, seats)| Command::Seats(which, seats)),
        3 => (which.clone(), status).prop_map(|(which, status)| Command::Status(which, status)),
        2 => (which.clone(), any::<bool>()).prop_map(|(which, renews)| Command::AutoRenew(which, renews)),
        1 => which.clone().prop_map(Command::Rename),
        2 => (which.clone(), 0..ITEMS.len(), 1..80_i32)
            .prop_map(|(which, item, seats)| Command::Schedule(which, item, seats)),
        2 => (which, 0..ITEMS.len(), 1..80_i32).prop_map(|(which, item, seats)| Command::Move(which, item, seats)),
        5 => (0..(30 * 24 * 60_u64)).prop_map(Command::Wait),
    ]
}

struct World {
    emulator: Emulator,
    client: Client<partner_center_emulator::EmulatorTransport<Blocking>>,
    customer: Uuid,
    minutes: u64,
}

impl World {
    fn new() -> Self {
        let emulator = Emulator::builder().customers(3).start_time(UNIX_EPOCH + START).build();
        let transport = emulator.transport::<Blocking>();
        let client = Client::builder(transport, Credential::token(Emulator::TOKEN)).build().unwrap();
        let customers: Vec<_> = client.items(ListCustomers::new()).collect::<Result<_, _>>().unwrap();
        Self { emulator, client, customer: customers[1].id.unwrap(), minutes: 0 }
    }

    /// Returns the subscriptions as the emulator sends them, by their identifiers.
    fn sent(&self) -> BTreeMap<String, Value> {
        let uri = format!("/v1/customers/{}/subscriptions", self.customer);
        let request = http::Request::get(uri).header("Authorization", format!("Bearer {}", Emulator::TOKEN));
        let response = self.emulator.transport::<Blocking>().send(request.body(Vec::new()).unwrap()).unwrap();
        let page: Value = serde_json::from_slice(response.body()).unwrap();
        let items = page["items"].as_array().unwrap().iter();
        items.map(|item| (item["id"].as_str().unwrap().to_owned(), item.clone())).collect()
    }

    fn nth(&self, which: usize) -> Subscription {
        let all: Vec<_> = self.client.items(ListSubscriptions::new(self.customer)).collect::<Result<_, _>>().unwrap();
        all[which % all.len()].clone()
    }

    fn change(&self, which: usize, change: impl FnOnce(&mut Subscription)) -> Result<(), Error> {
        let mut subscription = self.nth(which);
        let id = subscription.id.unwrap();
        change(&mut subscription);
        self.client.call(UpdateSubscription::new(self.customer, id, subscription)).map(drop)
    }

    fn perform(&mut self, command: &Command) -> Result<(), Error> {
        match command {
            Command::Buy(item, seats, term) => {
                let line_item = NewCartLineItem::new(ITEMS[*item], *seats)
                    .billing_cycle(BillingCycle::Monthly)
                    .term_duration(TERMS[*term])
                    .attestation_accepted(true);
                let cart = self.client.call(CreateCart::new(self.customer, NewCart::new(vec![line_item])))?;
                let result = self.client.call(CheckoutCart::new(self.customer, cart.id.unwrap()))?;
                match (cart.outcome(), result.into_outcome()) {
                    (CartOutcome::Complete { .. }, CheckoutOutcome::Complete { .. })
                    | (CartOutcome::Nothing { .. }, CheckoutOutcome::Nothing { .. }) => Ok(()),
                    (cart, checkout) => panic!("{cart:?} became {checkout:?}"),
                }
            }
            Command::Seats(which, seats) => self.change(*which, |subscription| subscription.quantity = Some(*seats)),
            Command::Status(which, status) => {
                self.change(*which, |subscription| subscription.status = Some(status.clone()))
            }
            Command::AutoRenew(which, renews) => {
                self.change(*which, |subscription| subscription.auto_renew_enabled = Some(*renews))
            }
            Command::Rename(which) => {
                self.change(*which, |subscription| subscription.friendly_name = Some("Seats".into()))
            }
            Command::Schedule(which, item, seats) => {
                let [product, sku, availability] = ITEMS[*item].split(':').collect::<Vec<_>>()[..] else { panic!() };
                let product = ProductTerm::new().product_id(product).sku_id(sku).availability_id(availability);
                let instructions = TermInstructions::new().product(product).quantity(*seats);
                self.change(*which, |subscription| {
                    subscription.auto_renew_enabled = Some(true);
                    subscription.scheduled_next_term_instructions = Some(instructions);
                })
            }
            Command::Move(which, item, seats) => {
                let id = self.nth(*which).id.unwrap();
                let transition = NewTransition::new(ITEMS[*item], *seats, TransitionType::TransitionOnly);
                self.client.call(CreateTransition::new(self.customer, id, transition)).map(drop)
            }
            Command::Wait(minutes) => {
                let minutes = (*minutes).min(DAYS * 24 * 60 - self.minutes);
                self.minutes += minutes;
                self.emulator.advance_clock(Duration::from_secs(minutes * 60));
                Ok(())
            }
        }
    }

    /// Checks what holds for every subscription at any time.
    fn check_subscription(&self, sent: &Value) {
        let status = sent["status"].as_str().unwrap();
        let quantity = sent["quantity"].as_i64().unwrap();
        let refundable = sent["refundableQuantity"]["totalQuantity"].as_i64().unwrap_or_default();
        let is_new_commerce = sent["attributes"]["etag"].is_null();
        assert!(quantity >= 1, "{sent}");
        assert!((0..=quantity).contains(&refundable), "{sent}");
        assert!(sent.get("emulatorInternal").is_none(), "{sent}");
        let now = (UNIX_EPOCH + START + Duration::from_secs(self.minutes * 60)).duration_since(UNIX_EPOCH).unwrap();
        let now = i64::try_from(now.as_secs()).unwrap();
        let moment = |name: &str| sent[name].as_str().map(|text| text.parse::<DateTime>().unwrap().unix_seconds());
        if is_new_commerce && matches!(status, "active" | "suspended") {
            // The service takes an hour here, and up to a day in truth, to renew.
            assert!(moment("commitmentEndDateTime").unwrap() + 24 * 60 * 60 >= now, "{sent}");
            assert!(moment("effectiveStartDate").unwrap() <= now + 60, "{sent}");
        }
        if let Some(until) = moment("cancellationAllowedUntilDate") {
            assert!(until >= now && matches!(status, "active" | "suspended" | "pending"), "{sent}");
        }
        if sent.get("scheduledNextTermInstructions").is_some() {
            assert!(status == "active" && sent["autoRenewEnabled"] == true, "{sent}");
        }
        if matches!(status, "expired" | "disabled" | "deleted") && is_new_commerce {
            assert_eq!(sent["autoRenewEnabled"], false, "{sent}");
        }
    }
}

/// Returns a subscription with the GUIDs of legacy ones in small letters, as the client writes all of them.
fn with_small_ids(mut subscription: Value) -> Value {
    for name in ["id", "entitlementId", "parentSubscriptionId"] {
        if let Some(id) = subscription.get(name).and_then(Value::as_str).map(str::to_lowercase) {
            subscription[name] = id.into();
        }
    }
    subscription
}

/// Whether the service documents that a subscription goes from one status to another, directly or with others between, as time may
/// have passed.
fn is_documented_change(from: &str, to: &str) -> bool {
    let order = |status: &str| {
        ["pending", "active", "suspended", "expired", "disabled", "deleted"].iter().position(|known| *known == status)
    };
    match (from, to) {
        (from, to) if from == to => true,
        ("active" | "suspended", "active" | "suspended") => true,
        // A suspended one is not renewed, and does not expire: it is disabled.
        ("suspended", "expired") | (_, "pending") => false,
        (from, to) => order(from) < order(to),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn commands_keep_subscriptions_in_documented_states(commands in prop::collection::vec(command(), 1..50)) {
        let mut world = World::new();
        let mut before = world.sent();
        for command in commands {
            if let Err(error) = world.perform(&command) {
                let error = error.service_error().unwrap_or_else(|| panic!("{command:?}: {error}"));
                let code = error.code.as_ref().and_then(ErrorCode::number).unwrap_or_default();
                let documented = ["updateSubscription", "listTransitions", "createTransition", "checkoutCart", "createCart"];
                let mut documented = documented.iter().flat_map(|id| partner_center_spec::operation(id).unwrap().error_codes);
                let is_documented = documented.any(|known| known.code.parse() == Ok(code));
                // These two are for any operation.
                prop_assert!(is_documented || [3000, 800_002].contains(&code), "{command:?}: {error:?}");
                prop_assert!(matches!(u16::from(error.status), 400 | 403 | 409), "{command:?}: {error:?}");
            }
            let after = world.sent();
            for (id, sent) in &after {
                world.check_subscription(sent);
                let status = sent["status"].as_str().unwrap();
                if let Some(earlier) = before.get(id) {
                    let earlier = earlier["status"].as_str().unwrap();
                    let is_legacy = !sent["attributes"]["etag"].is_null();
                    prop_assert!(is_legacy || is_documented_change(earlier, status), "{command:?}: {earlier} to {status}");
                }
                let read = world.client.call(GetSubscription::new(world.customer, id.parse().unwrap())).unwrap();
                prop_assert_eq!(serde_json::to_value(&read).unwrap(), with_small_ids(sent.clone()), "{:?}", command);
            }
            prop_assert!(before.keys().all(|id| after.contains_key(id)), "none disappears");
            before = after;
        }
    }
}
