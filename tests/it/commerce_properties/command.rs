//! What a partner does with the commerce of a customer, and what the service documents that it may be rejected with.

use super::invariants::{is_past, seats_that_can_be_removed};
use partner_center::models::{BillingCycle, CartErrorCode, SubscriptionStatus};
use proptest::prelude::*;
use serde_json::Value;

/// A command. The numbers of subscriptions and orders are those of the list, counted in a circle.
#[derive(Clone, Debug)]
pub(super) enum Command {
    /// Buys seats of an item for a term, by a cart.
    Buy(usize, i32, usize),
    Seats(usize, i32),
    Status(usize, SubscriptionStatus),
    AutoRenew(usize, bool),
    Rename(usize),
    /// Schedules another product and another number of seats for the next term.
    Schedule(usize, usize, i32),
    /// Schedules the same in the newer form.
    ScheduleAction(usize, usize, i32),
    /// Schedules another billing cycle for the next charge.
    ScheduleCharge(usize, BillingCycle),
    /// Moves some seats to another product.
    Move(usize, usize, i32),
    /// Moves some seats to another product, in another subscription.
    MoveInto(usize, usize, usize, i32),
    CancelOrder(usize),
}

pub(super) const ITEMS: [&str; 8] = [
    "CFQ7TTC069GL:0001:CFQ7TTC0G225",
    "CFQ7TTC0X301:0001:CFQ7TTC0K5DG",
    "CFQ7TTC0T5K5:0001:CFQ7TTC0K83V",
    "CFQ7TTC0EE50:0001:CFQ7TTC0PE9F",
    "CFQ7TTC0X301:0007:CFQ7TTC0TR1L",
    "DZH318Z0MKT1:0001:DZH318Z0MKA1",
    "DG7GMGF0SUB1:0001:DG7GMGF0SUA1",
    PERPETUAL_SOFTWARE,
];

/// The item that has no term.
pub(super) const PERPETUAL_SOFTWARE: &str = "DG7GMGF0THXD:0003:DG7GMGF0F128";

pub(super) const TERMS: [&str; 3] = ["P1M", "P1Y", "P3Y"];

pub(super) fn command() -> impl Strategy<Value = Command> {
    let which = || 0..8_usize;
    let item = || 0..ITEMS.len();
    let status = prop::sample::select(vec![
        SubscriptionStatus::Active,
        SubscriptionStatus::Suspended,
        SubscriptionStatus::Deleted,
        SubscriptionStatus::Expired,
    ]);
    let billing_cycle = prop::sample::select(vec![BillingCycle::Monthly, BillingCycle::Annual]);
    prop_oneof![
        3 => (item(), 1..60_i32, 0..TERMS.len()).prop_map(|(item, seats, term)| Command::Buy(item, seats, term)),
        4 => (which(), 0..400_i32).prop_map(|(which, seats)| Command::Seats(which, seats)),
        1 => which().prop_map(|which| Command::Status(which, SubscriptionStatus::Suspended)),
        2 => (which(), status).prop_map(|(which, status)| Command::Status(which, status)),
        2 => (which(), any::<bool>()).prop_map(|(which, renews)| Command::AutoRenew(which, renews)),
        1 => which().prop_map(Command::Rename),
        2 => (which(), item(), 1..80_i32).prop_map(|(which, item, seats)| Command::Schedule(which, item, seats)),
        1 => (which(), item(), 1..80_i32).prop_map(|(which, item, seats)| Command::ScheduleAction(which, item, seats)),
        1 => (which(), billing_cycle).prop_map(|(which, billing_cycle)| Command::ScheduleCharge(which, billing_cycle)),
        2 => (which(), item(), 1..80_i32).prop_map(|(which, item, seats)| Command::Move(which, item, seats)),
        1 => (which(), which(), item(), 1..80_i32)
            .prop_map(|(which, target, item, seats)| Command::MoveInto(which, target, item, seats)),
        1 => which().prop_map(Command::CancelOrder),
    ]
}

impl Command {
    /// Returns the operation that rejects the command, if any does.
    pub(super) fn operation(&self) -> &'static str {
        match self {
            Self::Buy(..) => "checkoutCart",
            Self::Move(..) | Self::MoveInto(..) => "createTransition",
            Self::CancelOrder(_) => "updateOrder",
            _ => "updateSubscription",
        }
    }

    /// Returns the codes that the command may be rejected with, for its `subject`: a subscription, or an order.
    pub(super) fn possible_codes(&self, subject: &Value, now: i64) -> Vec<i64> {
        match self {
            // What cannot be bought is an outcome of the cart and its checkout.
            Self::Buy(..) => return Vec::new(),
            Self::CancelOrder(_) => return vec![800_014, 800_019, 800_061, 800_063, 800_077],
            _ => {}
        }
        let is_trial = subject["isTrial"] == true;
        let is_legacy = is_legacy(subject);
        if is_legacy && self.operation() == "createTransition" {
            return vec![900_263];
        }
        let mut codes = match subject["status"].as_str().unwrap() {
            "deleted" => return vec![2011],
            "expired" | "disabled" => return vec![900_279],
            // The hour in which its term ends.
            "suspended" if is_legacy => vec![2001, 800_091],
            "suspended" => vec![900_277, 800_091],
            // Seconds after its purchase, a pending one is active.
            "pending" => vec![800_081, 800_082],
            _ => vec![900_277, 900_278, 900_280, 800_081],
        };
        let mut may_be = |is_possible: bool, added: &[i64]| {
            codes.extend(added.iter().filter(|_| is_possible));
        };
        match self {
            Self::Seats(_, seats) => {
                let removed = subject["quantity"].as_i64().unwrap() - i64::from(*seats);
                may_be(*seats < 1, &[2002]);
                may_be(!is_legacy, &[900_275]);
                may_be(is_trial, &[800_027]);
                may_be(removed < 0 && !is_legacy, &[800_088]);
                may_be(removed > seats_that_can_be_removed(subject, now), &[800_090, 800_095, 900_214, 900_257]);
                // Those of software cannot be removed within the window either.
                may_be(removed > 0, &[800_095]);
            }
            Self::Status(_, SubscriptionStatus::Deleted) => {
                let is_over = is_past(subject, "cancellationAllowedUntilDate", now).unwrap_or(true);
                may_be(is_legacy, &[800_096]);
                may_be(is_over && !is_legacy, &[900_117, 900_213]);
            }
            Self::Status(_, SubscriptionStatus::Expired) => may_be(true, &[800_040]),
            Self::Status(..) | Self::Rename(_) | Self::Buy(..) | Self::CancelOrder(_) => {}
            Self::AutoRenew(..) => may_be(is_trial, &[800_093]),
            Self::Schedule(..) | Self::ScheduleAction(..) => {
                may_be(is_trial, &[800_093, 800_121, 800_122]);
                may_be(!is_trial, &[3000]);
                may_be(true, &[800_097, 900_275]);
            }
            Self::ScheduleCharge(..) => may_be(true, &[800_097]),
            Self::Move(..) => may_be(true, &[3000, 800_002, 900_267, 900_268, 900_269, 900_270]),
            Self::MoveInto(..) => {
                may_be(true, &[3000, 800_002, 900_236, 900_258, 900_259, 900_260, 900_261]);
                may_be(true, &[900_267, 900_268, 900_269, 900_270]);
            }
        }
        codes
    }

    /// Whether a command that was performed could be, by what is documented of the `subject` before it.
    pub(super) fn is_possible(&self, subject: &Value, now: i64) -> bool {
        // Seconds after its purchase, a pending one is active.
        let is_active = matches!(subject["status"].as_str(), Some("active" | "pending"));
        let is_live = is_active || subject["status"] == "suspended";
        match self {
            Self::CancelOrder(_) => true,
            Self::Seats(_, seats) => {
                let removed = subject["quantity"].as_i64().unwrap() - i64::from(*seats);
                let is_removable = is_legacy(subject) || removed <= seats_that_can_be_removed(subject, now);
                is_live && *seats >= 1 && (removed <= 0 || is_removable)
            }
            Self::Status(_, SubscriptionStatus::Deleted) => {
                is_live && is_past(subject, "cancellationAllowedUntilDate", now) == Some(false)
            }
            Self::Status(_, SubscriptionStatus::Expired) => false,
            Self::Move(..) | Self::MoveInto(..) => is_active && !is_legacy(subject),
            _ => is_live,
        }
    }
}

/// The errors that a line item of a cart may have: a term or a billing cycle that the item does not have, or too many seats.
pub(super) const POSSIBLE_CART_ERRORS: [CartErrorCode; 3] = [
    CartErrorCode::InvalidInput,
    CartErrorCode::BillingPlanNotSupported,
    CartErrorCode::MaxAllowedSeatsPerSubscriptionExceeded,
];

/// Whether a subscription was bought before new commerce.
pub(super) fn is_legacy(subscription: &Value) -> bool {
    !subscription["attributes"]["etag"].is_null()
}
