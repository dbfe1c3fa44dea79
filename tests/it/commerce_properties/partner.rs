//! A partner that performs the commands, and compares what its client reads with what the emulator sends.

use super::{
    command::{Command, ITEMS, PERPETUAL_SOFTWARE, POSSIBLE_CART_ERRORS, TERMS, is_legacy},
    invariants::{check_subscription, is_documented_change, live_seats},
};
use crate::commerce::product_term;
use partner_center::{
    models::*,
    operations::*,
    transport::{Blocking, Mode, Output},
    *,
};
use partner_center_emulator::Emulator;
use partner_center_tests::judged_emulator;
use proptest::{prelude::*, test_runner::TestCaseResult};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    time::{Duration, UNIX_EPOCH},
};
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

/// 2026-01-05T10:00:00Z.
const START: Duration = Duration::from_secs(1_767_607_200);

pub(super) fn emulator() -> Emulator {
    judged_emulator().customers(3).start_time(UNIX_EPOCH + START).stop_clock().build()
}

pub(super) struct Partner<X: Transport> {
    emulator: Emulator,
    client: Client<X>,
    /// The one that all async calls of the client are made in.
    runtime: Runtime,
    customer: Uuid,
    /// A subscription for a year, which no command is for.
    kept: String,
    /// The subscriptions as the emulator sends them, by their identifiers, in their order.
    subscriptions: BTreeMap<String, Value>,
    /// The time that has passed.
    pub(super) minutes: u64,
}

impl<X: Transport> Partner<X> {
    pub(super) fn new(transport: X, url: &str, emulator: Emulator) -> Self {
        let client = Client::builder(transport, Credential::token(Emulator::TOKEN)).base_url(url).build().unwrap();
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let customers = runtime.block_on(X::Mode::into_future(client.page(ListCustomers::new()))).unwrap().items;
        let mut partner = Self {
            emulator,
            client,
            runtime,
            customer: customers[1].id.unwrap(),
            kept: String::new(),
            subscriptions: BTreeMap::new(),
            minutes: 0,
        };
        let line_item = json!({ "lineItemNumber": 0, "offerId": ITEMS[2], "quantity": 7, "termDuration": "P1Y" });
        let order: NewOrder = serde_json::from_value(json!({ "lineItems": [line_item] })).unwrap();
        let order = partner.call(CreateOrder::new(partner.customer, order)).unwrap().id.unwrap();
        partner.emulator.advance_clock(Duration::from_secs(60));
        partner.minutes = 1;
        let order = partner.call(GetOrder::new(partner.customer, order)).unwrap();
        partner.kept = order.line_items.unwrap()[0].subscription_id.unwrap().to_string();
        partner.subscriptions = partner.sent_subscriptions();
        partner
    }

    fn block_on<T: Send>(&self, output: Output<'_, X, T>) -> T {
        self.runtime.block_on(X::Mode::into_future(output))
    }

    fn call<O: SingleResponse>(&self, operation: O) -> Result<O::Response, Error>
    where
        O::Response: Send,
    {
        self.block_on(self.client.call(operation))
    }

    /// Returns the moment by the emulator's clock, which runs on while the test does, in seconds. What is over by a part of a second
    /// is over.
    fn now(&self) -> i64 {
        let now = self.emulator.time().duration_since(UNIX_EPOCH).unwrap();
        i64::try_from(now.as_secs()).unwrap() + i64::from(now.subsec_nanos() > 0)
    }

    /// Returns the items of a list as the emulator sends them.
    fn sent_items(&self, list: &str) -> Vec<Value> {
        let uri = format!("/v1/customers/{}/{list}", self.customer);
        let request = http::Request::get(uri).header("Authorization", format!("Bearer {}", Emulator::TOKEN));
        let response = self.emulator.transport::<Blocking>().send(request.body(Vec::new()).unwrap()).unwrap();
        let mut page: Value = serde_json::from_slice(response.body()).unwrap();
        serde_json::from_value(page["items"].take()).unwrap()
    }

    fn sent_subscriptions(&self) -> BTreeMap<String, Value> {
        let items = self.sent_items("subscriptions").into_iter();
        items.map(|item| (item["id"].as_str().unwrap().to_owned(), item)).collect()
    }

    /// Lets time pass, and checks what it has made.
    pub(super) fn wait(&mut self, minutes: u64) -> TestCaseResult {
        self.minutes += minutes;
        self.emulator.advance_clock(Duration::from_secs(minutes * 60));
        self.check(&format!("{minutes} minutes"))
    }

    /// Performs a command, and checks that it is rejected only as documented, and performed only where it can be.
    pub(super) fn perform(&mut self, command: &Command) -> TestCaseResult {
        let subject = self.subject_of_command(command);
        let seats = live_seats(self.subscriptions.values());
        match self.perform_for(command, &subject) {
            Ok(()) => prop_assert!(command.is_possible(&subject, self.now()), "{command:?} of {subject}"),
            Err(error) => {
                let error = error.service_error().unwrap_or_else(|| panic!("{command:?}: {error}"));
                let code = error.code.as_ref().and_then(ErrorCode::number).unwrap_or_default();
                let possible = command.possible_codes(&subject, self.now());
                prop_assert!(possible.contains(&code), "{command:?} of {subject}: {error:?}");
                let mut documented = partner_center_spec::operation(command.operation()).unwrap().error_codes.iter();
                let status = error.status.as_u16();
                let is_documented = documented.any(|known| known.status == status && known.code.parse() == Ok(code));
                // These are for any operation.
                let is_general = status == 400 && [3000, 800_002].contains(&code);
                prop_assert!(is_documented || is_general || is_of_changes(code), "{command:?}: {error:?}");
            }
        }
        self.check(&format!("{command:?}"))?;
        if let Command::Move(..) | Command::MoveInto(..) = command {
            prop_assert_eq!(live_seats(self.subscriptions.values()), seats, "{:?} keeps the number of seats", command);
        }
        Ok(())
    }

    /// Returns the subscription, or the order, that a command is for.
    fn subject_of_command(&self, command: &Command) -> Value {
        match command {
            Command::Buy(..) => json!({ "status": "active" }),
            Command::CancelOrder(which) => {
                let orders = self.sent_items("orders");
                orders[which % orders.len()].clone()
            }
            Command::Seats(which, _)
            | Command::Status(which, _)
            | Command::AutoRenew(which, _)
            | Command::Rename(which)
            | Command::Schedule(which, ..)
            | Command::ScheduleAction(which, ..)
            | Command::ScheduleCharge(which, _)
            | Command::Move(which, ..)
            | Command::MoveInto(which, ..) => self.nth_subscription(*which).clone(),
        }
    }

    fn nth_subscription(&self, which: usize) -> &Value {
        let others: Vec<_> = self.subscriptions.iter().filter(|(id, _)| **id != self.kept).collect();
        others[which % others.len()].1
    }

    fn change(&self, subject: &Value, change: impl FnOnce(&mut Subscription)) -> Result<(), Error> {
        let id = uuid_of(subject);
        let mut subscription = self.call(GetSubscription::new(self.customer, id))?;
        change(&mut subscription);
        self.call(UpdateSubscription::new(self.customer, id, subscription)).map(drop)
    }

    fn perform_for(&self, command: &Command, subject: &Value) -> Result<(), Error> {
        match command {
            Command::Buy(item, seats, term) => self.buy(ITEMS[*item], *seats, TERMS[*term]),
            Command::Seats(_, seats) => self.change(subject, |it| it.quantity = Some(*seats)),
            Command::Status(_, status) => self.change(subject, |it| it.status = Some(status.clone())),
            Command::AutoRenew(_, renews) => self.change(subject, |it| it.auto_renew_enabled = Some(*renews)),
            Command::Rename(_) => self.change(subject, |it| it.friendly_name = Some("Seats".into())),
            Command::Schedule(_, item, seats) => self.change(subject, |it| {
                it.auto_renew_enabled = Some(true);
                it.scheduled_next_term_instructions = Some(instructions(ITEMS[*item], *seats));
            }),
            Command::ScheduleAction(_, item, seats) => self.change(subject, |it| {
                it.auto_renew_enabled = Some(true);
                let action = ScheduledAction::new()
                    .scheduled_type(ScheduledActionTime::TermEnd)
                    .action_type(ScheduledActionType::RenewToNewTerm)
                    .instructions(instructions(ITEMS[*item], *seats));
                it.scheduled_actions = Some(vec![action]);
            }),
            Command::ScheduleCharge(_, billing_cycle) => self.change(subject, |it| {
                let product = ProductTerm::new().billing_cycle(billing_cycle.clone());
                it.next_charge_instructions = Some(TermInstructions::new().product(product));
            }),
            Command::Move(_, item, seats) => {
                let transition = NewTransition::new(ITEMS[*item], *seats, TransitionType::TransitionOnly);
                self.call(CreateTransition::new(self.customer, uuid_of(subject), transition)).map(drop)
            }
            Command::MoveInto(_, target, item, seats) => {
                let transition = NewTransition::new(ITEMS[*item], *seats, TransitionType::TransitionOnly)
                    .to_subscription_id(uuid_of(self.nth_subscription(*target)));
                self.call(CreateTransition::new(self.customer, uuid_of(subject), transition)).map(drop)
            }
            Command::CancelOrder(_) => {
                let id = subject["id"].as_str().unwrap();
                let change = serde_json::from_value(json!({ "id": id, "status": "cancelled" })).unwrap();
                self.call(UpdateOrder::new(self.customer, id, change)).map(drop)
            }
        }
    }

    fn buy(&self, item: &str, seats: i32, term: &str) -> Result<(), Error> {
        let mut line_item = NewCartLineItem::new(item, seats).attestation_accepted(true);
        if item != PERPETUAL_SOFTWARE {
            line_item = line_item.billing_cycle(BillingCycle::Monthly).term_duration(term);
        }
        let cart = self.call(CreateCart::new(self.customer, NewCart::new(vec![line_item])))?;
        let result = self.call(CheckoutCart::new(self.customer, cart.id.unwrap()))?;
        match (cart.outcome(), result.into_outcome()) {
            (CartOutcome::Complete { .. }, CheckoutOutcome::Complete { .. }) => {}
            (CartOutcome::Nothing { faulty }, CheckoutOutcome::Nothing { .. }) => {
                let code = faulty[0].error.as_ref().unwrap().error_code.as_ref().unwrap();
                assert!(POSSIBLE_CART_ERRORS.contains(code), "{code:?} of {seats} seats of {item} for {term}");
            }
            (cart, checkout) => panic!("{cart:?} became {checkout:?}"),
        }
        Ok(())
    }

    /// Checks all subscriptions, how they have changed, and that the client reads them, and the orders, as they are sent.
    fn check(&mut self, cause: &str) -> TestCaseResult {
        let (after, now) = self.compare_with_client(cause)?;
        for (id, sent) in &after {
            check_subscription(sent, now);
            if let Some(before) = self.subscriptions.get(id).filter(|_| !is_legacy(sent)) {
                let [before, status] = [before, sent].map(|it| it["status"].as_str().unwrap());
                prop_assert!(is_documented_change(before, status), "{cause}: {before} to {status}");
            }
        }
        prop_assert!(self.subscriptions.keys().all(|id| after.contains_key(id)), "none disappears");
        self.subscriptions = after;
        Ok(())
    }

    /// Compares what the client reads with what the emulator sends. Returns the subscriptions that were sent, and the moment.
    fn compare_with_client(&self, cause: &str) -> Result<(BTreeMap<String, Value>, i64), TestCaseError> {
        loop {
            let now = self.now();
            let (sent, sent_orders) = (self.sent_subscriptions(), self.sent_items("orders"));
            if sent == self.subscriptions {
                return Ok((sent, now));
            }
            let changed = sent.iter().filter(|(id, subscription)| self.subscriptions.get(*id) != Some(subscription));
            let read: Vec<_> = changed
                .map(|(id, sent)| (self.call(GetSubscription::new(self.customer, id.parse().unwrap())).unwrap(), sent))
                .collect();
            let listed = self.block_on(self.client.page(ListSubscriptions::new(self.customer))).unwrap().items;
            let orders = self.block_on(self.client.page(ListOrders::new(self.customer))).unwrap().items;
            // An order is provisioned after seconds, which may be over in between.
            if sent != self.sent_subscriptions() || sent_orders != self.sent_items("orders") {
                continue;
            }
            for (read, sent) in read {
                prop_assert_eq!(serde_json::to_value(&read).unwrap(), with_small_ids(sent.clone()), "{}", cause);
            }
            let listed: BTreeMap<_, _> = listed.iter().map(|it| (it.id, serde_json::to_value(it).unwrap())).collect();
            let expected = sent.values().map(|it| (Some(uuid_of(it)), with_small_ids(it.clone()))).collect();
            prop_assert_eq!(listed, expected, "{}", cause);
            let expected: Vec<Order> = serde_json::from_value(Value::Array(sent_orders)).unwrap();
            prop_assert_eq!(orders, expected, "{}", cause);
            return Ok((sent, now));
        }
    }

    /// Checks that what was bought for a year, and then left alone, has begun another one.
    pub(super) fn check_renewal_of_kept_subscription(&self) -> TestCaseResult {
        let kept = &self.subscriptions[&self.kept];
        prop_assert_eq!(&kept["status"], "active");
        prop_assert_eq!(&kept["quantity"], 7);
        prop_assert_eq!(&kept["effectiveStartDate"], "2027-01-05T00:00:00Z");
        prop_assert_eq!(&kept["commitmentEndDate"], "2028-01-04T00:00:00Z");
        Ok(())
    }
}

fn uuid_of(subscription: &Value) -> Uuid {
    subscription["id"].as_str().unwrap().parse().unwrap()
}

fn instructions(item: &str, seats: i32) -> TermInstructions {
    TermInstructions::new().product(product_term(item)).quantity(seats)
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

/// Whether a code is one of those that `updateSubscription` documents for a subscription that cannot change now. Transitions, whose
/// documentation has no errors of the source, are rejected with the same.
fn is_of_changes(code: i64) -> bool {
    [2011, 800_082, 900_277, 900_278, 900_279, 900_280, 900_263].contains(&code)
}
