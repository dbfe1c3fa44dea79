use crate::{Emulator, Fault, Quirks};
use std::{num::NonZeroU32, sync::PoisonError};

impl Emulator {
    /// Returns the faults with their identifiers.
    #[must_use]
    pub fn faults(&self) -> Vec<(u64, Fault)> {
        self.handler().settings().faults.faults().map(|(id, fault)| (id, fault.clone())).collect()
    }

    /// Adds a fault, which counts requests from now on: `503@3` is for the third from now. Returns its identifier.
    ///
    /// ```
    /// use partner_center_emulator::Emulator;
    ///
    /// let emulator = Emulator::default();
    /// let fault = emulator.add_fault("503@3".parse()?);
    /// assert!(emulator.remove_fault(fault));
    /// # Ok::<(), partner_center_emulator::ParseFaultError>(())
    /// ```
    #[expect(clippy::must_use_candidate, reason = "not everybody needs what it returns")]
    pub fn add_fault(&self, fault: Fault) -> u64 {
        let previous_requests = self.handler().lock_log().request_count();
        self.handler().change_settings(|_, faults| faults.add_fault(fault, previous_requests))
    }

    /// Removes a fault by its identifier. Returns whether it was there.
    #[expect(clippy::must_use_candidate, reason = "not everybody needs what it returns")]
    pub fn remove_fault(&self, id: u64) -> bool {
        self.handler().change_settings(|_, faults| faults.remove_fault(id))
    }

    /// Removes all faults, also those of the builder.
    pub fn clear_faults(&self) {
        self.handler().change_settings(|_, faults| faults.remove_all_faults());
    }

    /// Returns the quirks.
    #[must_use]
    pub fn quirks(&self) -> Quirks {
        self.handler().settings().quirks.clone()
    }

    /// Sets the quirks for all requests from now on.
    ///
    /// ```
    /// use partner_center_emulator::{Emulator, LinkStyle};
    ///
    /// let emulator = Emulator::default();
    /// let mut quirks = emulator.quirks();
    /// quirks.link_style = LinkStyle::Absolute;
    /// emulator.set_quirks(quirks);
    /// ```
    pub fn set_quirks(&self, quirks: Quirks) {
        self.handler().change_settings(|current, _| *current = quirks);
    }

    /// Returns the maximum number of requests in a minute, or `None` without a limit.
    #[must_use]
    pub fn rate_limit(&self) -> Option<NonZeroU32> {
        self.handler().rate_limit.lock().unwrap_or_else(PoisonError::into_inner).requests_per_period()
    }

    /// Sets the maximum number of requests in a minute, which begins with the next of them; `None` is no limit.
    pub fn set_rate_limit(&self, per_minute: Option<NonZeroU32>) {
        let mut limit = self.handler().rate_limit.lock().unwrap_or_else(PoisonError::into_inner);
        limit.set_requests_per_period(per_minute);
    }
}
