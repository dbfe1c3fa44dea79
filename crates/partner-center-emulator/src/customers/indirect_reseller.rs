//! The indirect resellers of the partner's customers, and their indirect provider.

use crate::random::RandomGenerator;
use uuid::{Uuid, uuid};

/// The number of indirect resellers.
pub(crate) const INDIRECT_RESELLER_COUNT: usize = 4;

/// Returns the identifier of an indirect reseller. The first is the documented one.
pub(crate) fn indirect_reseller_id(seed: u64, number: usize) -> Uuid {
    if number == 0 {
        return uuid!("484e548c-f5f3-4528-93a9-c16c6373cb59");
    }
    RandomGenerator::for_purpose(seed, "indirect reseller", number as u64).random_guid()
}

/// Returns the identifier of the indirect provider of all customers that have an indirect reseller.
pub(crate) fn indirect_provider_id(seed: u64) -> Uuid {
    RandomGenerator::for_purpose(seed, "indirect provider", 0u8).random_guid()
}

/// Returns the partner ID of an indirect reseller, which has seven digits.
pub(crate) fn partner_id_of_reseller(reseller: Uuid) -> String {
    (1_000_000 + reseller.as_u128() % 9_000_000).to_string()
}

/// Returns the indirect reseller with this partner ID.
pub(crate) fn find_indirect_reseller_by_partner_id(seed: u64, id: &str) -> Option<Uuid> {
    (0..INDIRECT_RESELLER_COUNT)
        .map(|number| indirect_reseller_id(seed, number))
        .find(|reseller| partner_id_of_reseller(*reseller) == id)
}
