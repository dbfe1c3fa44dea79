use crate::{fault::FaultInjector, quirks::Quirks, rendered_pages::RenderedPages};

/// What can be changed while the emulator runs. A request is served with the settings that it found.
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) quirks: Quirks,
    pub(crate) faults: FaultInjector,
    /// The pages that were made with these quirks.
    pub(crate) rendered_pages: RenderedPages,
}

impl Settings {
    pub(crate) fn new(quirks: Quirks, faults: FaultInjector) -> Self {
        Self { quirks, faults, rendered_pages: RenderedPages::default() }
    }
}
