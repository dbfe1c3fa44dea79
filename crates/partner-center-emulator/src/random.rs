use uuid::{Builder, Uuid};

/// Numbers that look random and are the same in every release and on every machine (`SplitMix64`).
pub(crate) struct Random(u64);

impl Random {
    /// The sequence that belongs to `index` under `seed`; each `purpose` has a sequence of its own.
    pub(crate) fn new(seed: u64, purpose: &str, index: impl Into<u64>) -> Self {
        Self(mix(hash(seed, purpose.as_bytes()) ^ index.into()))
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number from 0 to `limit` - 1.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.number() >> 32) as usize % limit
    }

    pub(crate) fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// A GUID of version 4.
    pub(crate) fn guid(&mut self) -> Uuid {
        let bytes = u128::from(self.number()) << 64 | u128::from(self.number());
        Builder::from_random_bytes(bytes.to_be_bytes()).into_uuid()
    }
}

/// A hash of `bytes` that differs from `key` to `key`. It finds damage; it withstands no attack.
pub(crate) fn hash(key: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(mix(key), |state, byte| mix(state ^ u64::from(*byte)))
}

/// A permutation of all numbers in which neighbours end up far apart.
fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
