use uuid::{Builder, Uuid};

/// A generator of pseudo-random numbers that are the same in every release and on every machine (`SplitMix64`). It is not for
/// secrets.
pub(crate) struct RandomGenerator(u64);

/// The generators for one purpose under one seed: the part of them that is the same for each index, which takes most of the time.
#[derive(Clone, Copy)]
pub(crate) struct RandomSequence(u64);

impl RandomSequence {
    pub(crate) fn for_purpose(seed: u64, purpose: &str) -> Self {
        Self(keyed_hash(seed, purpose.as_bytes()))
    }

    /// Returns the generator for `index`.
    pub(crate) fn generator_for_index(self, index: impl Into<u64>) -> RandomGenerator {
        RandomGenerator(mix_bits(self.0 ^ index.into()))
    }
}

impl RandomGenerator {
    /// Returns the generator for `index` under `seed`. Each `purpose` has a separate sequence, so that a new use of random numbers
    /// changes no other.
    pub(crate) fn for_purpose(seed: u64, purpose: &str, index: impl Into<u64>) -> Self {
        RandomSequence::for_purpose(seed, purpose).generator_for_index(index)
    }

    pub(crate) fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix_bits(self.0)
    }

    /// Returns a number from 0 to `limit` - 1.
    pub(crate) fn number_below(&mut self, limit: usize) -> usize {
        (self.next_u64() >> 32) as usize % limit
    }

    /// Returns `true` once in `chances` times, on average.
    pub(crate) fn true_once_in(&mut self, chances: usize) -> bool {
        self.number_below(chances) == 0
    }

    pub(crate) fn pick_one<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.number_below(choices.len())]
    }

    /// Returns a GUID of version 4.
    pub(crate) fn random_guid(&mut self) -> Uuid {
        let bytes = u128::from(self.next_u64()) << 64 | u128::from(self.next_u64());
        Builder::from_random_bytes(bytes.to_be_bytes()).into_uuid()
    }
}

/// Returns a hash of `bytes` that depends on `key`. It detects damage but does not resist an attacker.
pub(crate) fn keyed_hash(key: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(mix_bits(key), |state, byte| mix_bits(state ^ u64::from(*byte)))
}

/// Maps each number to another one, so that similar numbers become very different (the finalizer of `SplitMix64`).
fn mix_bits(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
