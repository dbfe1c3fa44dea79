use crate::{Emulator, Verdict};

impl Emulator {
    /// Returns what callers did that the service asks callers not to do, the oldest first: the newest 10,000.
    ///
    /// ```
    /// use partner_center_core::{Blocking, Client, Credential, ListCustomers};
    /// use partner_center_emulator::Emulator;
    ///
    /// let emulator = Emulator::builder().customers(1200).fault("429:retry-after=1@2".parse()?).build();
    /// let client = Client::builder(emulator.transport::<Blocking>(), Credential::token(Emulator::TOKEN)).build()?;
    /// assert_eq!(client.items(ListCustomers::new()).count()?, 1200);
    /// assert_eq!(emulator.verdicts(), []);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn verdicts(&self) -> Vec<Verdict> {
        self.handler().judge.verdicts_after(0)
    }

    /// Returns the number of all verdicts so far, also of those that are no longer kept.
    #[must_use]
    pub fn verdict_count(&self) -> u64 {
        self.handler().judge.verdict_count()
    }

    /// Returns the number of all verdicts so far that [`clear_verdicts`](Self::clear_verdicts) has not dropped. A reset empties the
    /// list, but changes nothing here: what a caller did remains done.
    #[must_use]
    pub fn standing_verdict_count(&self) -> u64 {
        self.handler().judge.standing_verdict_count()
    }

    /// Drops all verdicts, and forgets what they would be based on. Their numbers go on.
    pub fn clear_verdicts(&self) {
        self.handler().judge.drop_verdicts();
    }
}
