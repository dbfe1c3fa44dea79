//! Pages of the customer list as they were sent, for clients that read a list several times: making a page of 500 customers takes
//! longer than sending it.

use crate::store::StateVersion;
use hyper::body::Bytes;
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// The bodies of pages, of one state of the emulator. They take a bounded amount of memory, whatever is requested.
#[derive(Default)]
pub(crate) struct RenderedPages(Mutex<CachedPagesOfState>);

#[derive(Default)]
struct CachedPagesOfState {
    version: StateVersion,
    bodies: HashMap<PagePosition, Bytes>,
    /// The size of all bodies.
    bytes: usize,
}

/// What determines the body of a page without a filter, beside the settings of the emulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PageKey {
    pub(crate) version: StateVersion,
    pub(crate) position: PagePosition,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PagePosition {
    pub(crate) start: u32,
    pub(crate) size: u16,
}

/// The maximum size of all bodies together, in bytes: those of some 15,000 customers.
const MAX_CACHED_PAGE_BYTES: usize = 8 << 20;

impl RenderedPages {
    /// Returns the body of a page that was made before.
    pub(crate) fn get_cached_page(&self, key: PageKey) -> Option<Bytes> {
        let pages = self.lock_pages();
        pages.bodies.get(&key.position).filter(|_| pages.version == key.version).cloned()
    }

    /// Keeps the body of a page, and drops others where there is no room, and those of an older state.
    pub(crate) fn cache_page(&self, key: PageKey, body: &Bytes) {
        let mut pages = self.lock_pages();
        if pages.version < key.version {
            *pages = CachedPagesOfState { version: key.version, ..CachedPagesOfState::default() };
        }
        if pages.version > key.version || body.len() > MAX_CACHED_PAGE_BYTES {
            return;
        }
        while pages.bytes + body.len() > MAX_CACHED_PAGE_BYTES {
            // Any: of a list that has no room, the same pages stay, so that at least these need not be made again.
            let Some(position) = pages.bodies.keys().next().copied() else { break };
            pages.remove_cached_page(position);
        }
        pages.remove_cached_page(key.position);
        pages.bytes += body.len();
        pages.bodies.insert(key.position, body.clone());
    }

    fn lock_pages(&self) -> MutexGuard<'_, CachedPagesOfState> {
        // Poisoned pages are usable: the worst is a wrong sum of sizes.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CachedPagesOfState {
    fn remove_cached_page(&mut self, position: PagePosition) {
        self.bytes -= self.bodies.remove(&position).map_or(0, |body| body.len());
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_CACHED_PAGE_BYTES, PageKey, PagePosition, RenderedPages, StateVersion};
    use hyper::body::Bytes;

    fn key(changes: u64, start: u32) -> PageKey {
        let version = StateVersion { changes, ..StateVersion::default() };
        PageKey { version, position: PagePosition { start, size: 500 } }
    }

    #[test]
    fn page_of_another_state_is_not_returned() {
        let pages = RenderedPages::default();
        let body = Bytes::from_static(b"{}");
        pages.cache_page(key(1, 0), &body);
        assert_eq!(pages.get_cached_page(key(1, 0)), Some(body.clone()));
        for other in [key(0, 0), key(2, 0), key(1, 500)] {
            assert_eq!(pages.get_cached_page(other), None);
        }
        pages.cache_page(key(3, 500), &body);
        pages.cache_page(key(1, 0), &body);
        assert_eq!((pages.get_cached_page(key(1, 0)), pages.get_cached_page(key(3, 0))), (None, None));
        assert_eq!(pages.get_cached_page(key(3, 500)), Some(body));
    }

    #[test]
    fn rendered_pages_take_a_bounded_amount_of_memory() {
        let pages = RenderedPages::default();
        let body = Bytes::from(vec![b' '; MAX_CACHED_PAGE_BYTES / 10]);
        for start in 0..100 {
            pages.cache_page(key(0, start), &body);
            pages.cache_page(key(0, start), &body);
            assert_eq!(pages.get_cached_page(key(0, start)), Some(body.clone()), "the newest is kept");
        }
        let kept = (0..100).filter(|start| pages.get_cached_page(key(0, *start)).is_some()).count();
        assert_eq!((kept, pages.lock_pages().bytes), (10, 10 * body.len()));
        let too_large = Bytes::from(vec![b' '; MAX_CACHED_PAGE_BYTES + 1]);
        pages.cache_page(key(0, 1000), &too_large);
        assert_eq!(pages.get_cached_page(key(0, 1000)), None);
    }
}
