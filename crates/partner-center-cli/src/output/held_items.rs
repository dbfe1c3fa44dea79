//! The items that a query or a sorted list holds until the list is complete, and how much of them.

use std::{error::Error, fmt, io};

/// The maximum size of the items in bytes, that of some 400,000 customers. A query takes several times as much memory.
const MAX_HELD_SIZE: usize = 256 << 20;

/// The items that are held.
pub(super) struct HeldItems<T> {
    items: Vec<T>,
    size: usize,
    max_size: usize,
}

impl<T> Default for HeldItems<T> {
    fn default() -> Self {
        Self::with_max_size(MAX_HELD_SIZE)
    }
}

impl<T> HeldItems<T> {
    fn with_max_size(max_size: usize) -> Self {
        Self { items: Vec::new(), size: 0, max_size }
    }

    /// Holds an item, whose JSON has `size` bytes; fails if that would be too much.
    pub(super) fn push(&mut self, item: T, size: usize) -> io::Result<()> {
        self.size = self.size.saturating_add(size);
        if self.size > self.max_size {
            let (item_count, max_size) = (self.items.len(), self.max_size);
            return Err(io::Error::other(TooManyHeldItems { item_count, max_size }));
        }
        self.items.push(item);
        Ok(())
    }

    /// Returns the items, of which none is held any more.
    pub(super) fn take(&mut self) -> Vec<T> {
        std::mem::take(&mut self.items)
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
    use super::HeldItems;
    use crate::error::CommandError;

    #[test]
    fn held_items_are_bounded_by_their_size() {
        let mut held = HeldItems::with_max_size(10);
        held.push("[1,2]", 5).unwrap();
        held.push("[3,4]", 5).unwrap();
        let error = CommandError::from(held.push("5", 1).unwrap_err()).to_json();
        assert!(error.contains("after 2 they exceed 10 bytes") && error.contains("with --output jsonl"), "{error}");
    }
}
