//! Customer identifiers that contain the index of their customer.
//!
//! The first 32 bits of an identifier are the customer's index, permuted; the rest is random, from the seed and the index. So a
//! customer is found by its identifier without a table: invert the permutation, and compare the rest.

use crate::random::RandomSequence;
use uuid::{Uuid, fmt::Hyphenated};

/// Parses a GUID in the only format that the service accepts: 36 characters, of which four are hyphens.
pub(crate) fn parse_guid(guid: &str) -> Option<Uuid> {
    guid.parse().map(Hyphenated::into_uuid).ok()
}

/// The identifiers of all customers under one seed.
#[derive(Clone, Copy)]
pub(crate) struct CustomerIds {
    identifiers: RandomSequence,
    permutation: RandomSequence,
}

impl CustomerIds {
    pub(crate) fn new(seed: u64) -> Self {
        let [identifiers, permutation] =
            ["identifier", "permutation"].map(|purpose| RandomSequence::for_purpose(seed, purpose));
        Self { identifiers, permutation }
    }

    /// Returns the identifier of the customer at `index`, a GUID of version 4.
    pub(crate) fn id_of_index(self, index: u32) -> Uuid {
        let mut bytes = self.identifiers.generator_for_index(index).random_guid().into_bytes();
        bytes[..4].copy_from_slice(&self.permute_index(index).to_be_bytes());
        Uuid::from_bytes(bytes)
    }

    /// Returns the index of the customer with this identifier, or `None` unless [`id_of_index`](Self::id_of_index) returned it.
    pub(crate) fn index_of_id(self, id: Uuid) -> Option<u32> {
        let [a, b, c, d, ..] = id.into_bytes();
        let index = self.invert_permutation(u32::from_be_bytes([a, b, c, d]));
        (self.id_of_index(index) == id).then_some(index)
    }

    /// Permutes all indexes with a Feistel network: [`invert_permutation`](Self::invert_permutation) reverses its rounds one by
    /// one, whatever [`feistel_round`](Self::feistel_round) returns.
    fn permute_index(self, index: u32) -> u32 {
        (0..FEISTEL_ROUNDS).fold(index, |number, round| {
            let (left, right) = split_halves(number);
            join_halves(right, left ^ self.feistel_round(round, right))
        })
    }

    fn invert_permutation(self, number: u32) -> u32 {
        (0..FEISTEL_ROUNDS).rev().fold(number, |number, round| {
            let (left, right) = split_halves(number);
            join_halves(right ^ self.feistel_round(round, left), left)
        })
    }

    fn feistel_round(self, round: u32, half: u16) -> u16 {
        let [high, low, ..] =
            self.permutation.generator_for_index(round << 16 | u32::from(half)).next_u64().to_be_bytes();
        u16::from_be_bytes([high, low])
    }
}

const FEISTEL_ROUNDS: u32 = 4;

fn split_halves(number: u32) -> (u16, u16) {
    let [a, b, c, d] = number.to_be_bytes();
    (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]))
}

fn join_halves(left: u16, right: u16) -> u32 {
    u32::from(left) << 16 | u32::from(right)
}

#[cfg(test)]
mod tests {
    use super::CustomerIds;
    use uuid::{Uuid, Variant};

    #[test]
    fn identifier_contains_its_index() {
        for index in (0..10_000).chain([u32::MAX - 1, u32::MAX]) {
            let id = CustomerIds::new(7).id_of_index(index);
            assert_eq!(CustomerIds::new(7).index_of_id(id), Some(index));
            assert_eq!((id.get_version_num(), id.get_variant()), (4, Variant::RFC4122));
        }
    }

    #[test]
    fn foreign_identifier_has_no_index() {
        let ids = CustomerIds::new(7);
        assert_eq!(ids.index_of_id(Uuid::nil()), None);
        assert_eq!(ids.index_of_id(CustomerIds::new(8).id_of_index(0)), None);
        let flipped = Uuid::from_u128(ids.id_of_index(0).as_u128() ^ 1);
        assert_eq!(ids.index_of_id(flipped), None);
    }
}
