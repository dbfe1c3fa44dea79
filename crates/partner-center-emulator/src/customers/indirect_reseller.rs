//! The indirect resellers of the partner's customers, and their indirect provider.

use crate::random::Random;
use uuid::{Uuid, uuid};

/// The number of indirect resellers.
pub(crate) const INDIRECT_RESELLERS: usize = 4;

/// Returns the identifier of an indirect reseller. The first is the documented one.
pub(crate) fn indirect_reseller(seed: u64, number: usize) -> Uuid {
    if number == 0 {
        return uuid!("484e548c-f5f3-4528-93a9-c16c6373cb59");
    }
    Random::new(seed, "indirect reseller", number as u64).guid()
}

/// Returns the identifier of the indirect provider of all customers that have an indirect reseller.
pub(crate) fn indirect_provider(seed: u64) -> Uuid {
    Random::new(seed, "indirect provider", 0u8).guid()
}

/// Returns the partner ID of an indirect reseller, which has seven digits.
pub(crate) fn partner_id(reseller: Uuid) -> String {
    (1_000_000 + reseller.as_u128() % 9_000_000).to_string()
}

/// Returns the indirect reseller with this partner ID.
pub(crate) fn indirect_reseller_with_partner_id(seed: u64, id: &str) -> Option<Uuid> {
    (0..INDIRECT_RESELLERS).map(|number| indirect_reseller(seed, number)).find(|reseller| partner_id(*reseller) == id)
}
