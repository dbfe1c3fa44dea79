//! Customer identifiers that contain the index of their customer.
//!
//! The first 32 bits of an identifier are the customer's index, permuted; the rest is random, from the seed and the index. So a
//! customer is found by its identifier without a table: invert the permutation, and compare the rest.

use crate::random::RandomGenerator;
use uuid::{Uuid, fmt::Hyphenated};

/// Parses a GUID in the only format that the service accepts: 36 characters, of which four are hyphens.
pub(crate) fn parse_guid(guid: &str) -> Option<Uuid> {
    guid.parse().map(Hyphenated::into_uuid).ok()
}

/// Returns the identifier of the customer at `index`, a GUID of version 4.
pub(crate) fn customer_id_of_index(seed: u64, index: u32) -> Uuid {
    let mut bytes = RandomGenerator::for_purpose(seed, "identifier", index).random_guid().into_bytes();
    bytes[..4].copy_from_slice(&permute_index(seed, index).to_be_bytes());
    Uuid::from_bytes(bytes)
}

/// Returns the index of the customer with this identifier, or `None` unless [`customer_id_of_index`] returned it for this seed.
pub(crate) fn index_of_customer_id(seed: u64, id: Uuid) -> Option<u32> {
    let [a, b, c, d, ..] = id.into_bytes();
    let index = invert_permutation(seed, u32::from_be_bytes([a, b, c, d]));
    (customer_id_of_index(seed, index) == id).then_some(index)
}

/// Permutes all indexes with a Feistel network: [`invert_permutation`] reverses its rounds one by one, whatever `scramble` returns.
fn permute_index(seed: u64, index: u32) -> u32 {
    (0..FEISTEL_ROUNDS).fold(index, |number, round| {
        let (left, right) = split_halves(number);
        join_halves(right, left ^ feistel_round(seed, round, right))
    })
}

fn invert_permutation(seed: u64, number: u32) -> u32 {
    (0..FEISTEL_ROUNDS).rev().fold(number, |number, round| {
        let (left, right) = split_halves(number);
        join_halves(right ^ feistel_round(seed, round, left), left)
    })
}

const FEISTEL_ROUNDS: u32 = 4;

fn feistel_round(seed: u64, round: u32, half: u16) -> u16 {
    let [high, low, ..] =
        RandomGenerator::for_purpose(seed, "permutation", round << 16 | u32::from(half)).next_u64().to_be_bytes();
    u16::from_be_bytes([high, low])
}

fn split_halves(number: u32) -> (u16, u16) {
    let [a, b, c, d] = number.to_be_bytes();
    (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]))
}

fn join_halves(left: u16, right: u16) -> u32 {
    u32::from(left) << 16 | u32::from(right)
}

#[cfg(test)]
mod tests {
    use super::{customer_id_of_index, index_of_customer_id};
    use uuid::{Uuid, Variant};

    #[test]
    fn identifier_contains_its_index() {
        for index in (0..10_000).chain([u32::MAX - 1, u32::MAX]) {
            let id = customer_id_of_index(7, index);
            assert_eq!(index_of_customer_id(7, id), Some(index));
            assert_eq!((id.get_version_num(), id.get_variant()), (4, Variant::RFC4122));
        }
    }

    #[test]
    fn foreign_identifier_has_no_index() {
        assert_eq!(index_of_customer_id(7, Uuid::nil()), None);
        assert_eq!(index_of_customer_id(7, customer_id_of_index(8, 0)), None);
        let flipped = Uuid::from_u128(customer_id_of_index(7, 0).as_u128() ^ 1);
        assert_eq!(index_of_customer_id(7, flipped), None);
    }
}
