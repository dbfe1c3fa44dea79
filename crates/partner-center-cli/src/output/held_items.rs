//! The items that a query or a sorted list holds until the list is complete, and how much of them.

use std::{error::Error, fmt, io};

/// The maximum size of the items in bytes, that of some 400,000 customers. A query takes several times as much memory.
const MAX_HELD_SIZE: usize = 256 << 20;

/// The size of the items that are held.
pub(super) struct HeldSize {
    size: usize,
    item_count: usize,
    max_size: usize,
}

impl Default for HeldSize {
    fn default() -> Self {
        Self::with_max_size(MAX_HELD_SIZE)
    }
}

impl HeldSize {
    fn with_max_size(max_size: usize) -> Self {
        Self { size: 0, item_count: 0, max_size }
    }

    /// Counts an item before it is held; fails if that would be too much.
    pub(super) fn add_item(&mut self, item: &str) -> io::Result<()> {
        self.size = self.size.saturating_add(item.len());
        if self.size > self.max_size {
            let Self { item_count, max_size, .. } = *self;
            return Err(io::Error::other(TooManyHeldItems { item_count, max_size }));
        }
        self.item_count += 1;
        Ok(())
    }
}

/// Why a list is neither sorted nor queried, in an [`io::Error`].
#[derive(Debug)]
pub(crate) struct TooManyHeldItems {
    item_count: usize,
    max_size: usize,
}

impl fmt::Display for TooManyHeldItems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { item_count, max_size } = self;
        write!(
            formatter,
            "all items are held until the list is complete, and after {item_count} they exceed {max_size} bytes"
        )
    }
}

impl Error for TooManyHeldItems {}

#[cfg(test)]
mod tests {
    use super::HeldSize;
    use crate::error::CommandError;

    #[test]
    fn held_items_are_bounded_by_their_size() {
        let mut held = HeldSize::with_max_size(10);
        held.add_item("[1,2]").unwrap();
        held.add_item("[3,4]").unwrap();
        let error = CommandError::from(held.add_item("5").unwrap_err()).to_json();
        assert!(error.contains("after 2 they exceed 10 bytes") && error.contains("with --output jsonl"), "{error}");
    }
}
