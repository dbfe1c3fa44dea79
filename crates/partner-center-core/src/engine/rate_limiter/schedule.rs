//! The schedule of a rate limiter: which request is sent when.

use std::{
    collections::BTreeMap,
    ops::Bound,
    time::{Duration, Instant},
};

/// The slots of requests at a rate, one after the other. A slot that is not used can be given back.
#[derive(Debug, Default)]
pub(super) struct RequestSchedule {
    /// The end of the last slot.
    end: Option<Instant>,
    /// The slots before it that were given back, by their ends.
    free: BTreeMap<Instant, ReservedSlot>,
    resets: u64,
}

/// A reserved slot.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReservedSlot {
    begin: Instant,
    end: Instant,
    /// The end of the schedule without it.
    previous_end: Option<Instant>,
    /// The number of resets before the reservation.
    resets: u64,
}

impl RequestSchedule {
    /// Returns the earliest moment from `from` on that is in no reserved slot.
    pub(super) fn earliest_free_moment(&self, from: Instant) -> Instant {
        let begin = self.free_slot_after(from).map(|slot| slot.begin).or(self.end);
        begin.map_or(from, |begin| begin.max(from))
    }

    /// Reserves the slot of `moment`, which is in no reserved slot.
    pub(super) fn reserve_slot(&mut self, moment: Instant, interval: Duration) -> ReservedSlot {
        if let Some(slot) = self.free_slot_after(moment).copied() {
            self.free.remove(&slot.end);
            return slot;
        }
        let slot = ReservedSlot { begin: moment, end: moment + interval, previous_end: self.end, resets: self.resets };
        self.end = Some(slot.end);
        slot
    }

    /// Gives back a slot that is not used.
    pub(super) fn cancel_reservation(&mut self, slot: ReservedSlot) {
        if slot.resets != self.resets {
            return;
        }
        self.free.insert(slot.end, slot);
        while let Some(last) = self.end.and_then(|end| self.free.remove(&end)) {
            self.end = last.previous_end;
        }
    }

    /// Forgets the slots before `now`.
    pub(super) fn forget_slots_before(&mut self, now: Instant) {
        while let Some(slot) = self.free.first_entry().filter(|slot| *slot.key() <= now) {
            slot.remove();
        }
    }

    /// Makes all reservations void.
    pub(super) fn void_reservations(&mut self) {
        *self = Self { resets: self.resets + 1, ..Self::default() };
    }

    /// Whether a reservation is not void.
    pub(super) fn has_reservation(&self, slot: &ReservedSlot) -> bool {
        slot.resets == self.resets
    }

    fn free_slot_after(&self, moment: Instant) -> Option<&ReservedSlot> {
        self.free.range((Bound::Excluded(moment), Bound::Unbounded)).next().map(|(_, slot)| slot)
    }
}
