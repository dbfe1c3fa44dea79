use crate::{Emulator, customers::CustomerStore, store::State, timestamp::Timestamp};
use std::{
    sync::PoisonError,
    time::{SystemTime, UNIX_EPOCH},
};

impl Emulator {
    /// Makes everything as it was when the emulator was built: the customers, the clock, faults, quirks, the rate limit, and the
    /// authority, whose tokens all become valid again. The log and the list of verdicts are empty; their numbers go on. Snapshots
    /// stay, and a recording is replayed anew.
    ///
    /// ```
    /// use partner_center_emulator::Emulator;
    ///
    /// let emulator = Emulator::default();
    /// // After each test:
    /// emulator.reset();
    /// ```
    pub fn reset(&self) {
        let CustomerStore { seed, count, .. } = self.handler().start.population;
        self.reset_with(seed, count);
    }

    /// Resets the emulator as [`reset`](Self::reset) does, to other customers: as many as this, generated from this `seed`.
    pub fn reset_with(&self, seed: u64, customers: u32) {
        let handler = self.handler();
        let start = &handler.start;
        let population = CustomerStore { seed, count: customers, ..start.population };
        let time = start.time.unwrap_or_else(SystemTime::now).duration_since(UNIX_EPOCH).unwrap_or_default();
        handler.clock.set_timestamp(Timestamp::from_unix_time(time));
        handler.service.authority.reset_to_start();
        handler.replace_state(State::new(population));
        *handler.rate_limit.lock().unwrap_or_else(PoisonError::into_inner) = start.rate_limit.clone();
        handler.judge.forget_all();
        if let Some(replay) = &handler.replay {
            replay.reset();
        }
        let previous_requests = {
            let mut log = handler.lock_log();
            log.clear();
            log.request_count()
        };
        handler.change_settings(|quirks, faults| {
            *quirks = start.quirks.clone();
            faults.remove_all_faults();
            for fault in &start.faults {
                faults.add_fault(fault.clone(), previous_requests);
            }
        });
    }
}
