use crate::{
    filter::{Field, Filter, Operator},
    random::hash,
};
use base64::{Engine, prelude::BASE64_STANDARD};

/// Where a list goes on. All of it travels in the token, so the service keeps nothing between two pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ContinuationToken {
    /// The index of the next page's first customer.
    pub(crate) start: u32,
    /// The size of the page before.
    pub(crate) size: u16,
    pub(crate) filter: Option<Filter>,
}

impl ContinuationToken {
    /// The token: a checksum, the numbers, and the filter if there is one, in Base64.
    pub(crate) fn token(&self, seed: u64) -> String {
        let mut content = Vec::from(self.start.to_be_bytes());
        content.extend(self.size.to_be_bytes());
        if let Some(Filter { field, operator, value }) = &self.filter {
            content.extend([*field as u8, *operator as u8]);
            content.extend(value.as_bytes());
        }
        let checksum = hash(seed, &content).to_be_bytes();
        BASE64_STANDARD.encode([&checksum, content.as_slice()].concat())
    }

    /// What `token` says; nothing unless it is, byte for byte, one that [`token`](Self::token) gave under this seed.
    pub(crate) fn read(token: &[u8], seed: u64) -> Option<Self> {
        let bytes = BASE64_STANDARD.decode(token).ok()?;
        let (checksum, content) = bytes.split_first_chunk()?;
        if hash(seed, content) != u64::from_be_bytes(*checksum) {
            return None;
        }
        let (start, content) = content.split_first_chunk()?;
        let (size, content) = content.split_first_chunk()?;
        let filter = match content {
            [] => None,
            [field, operator, value @ ..] => Some(Filter {
                field: *Field::ALL.get(usize::from(*field))?,
                operator: *Operator::ALL.get(usize::from(*operator))?,
                value: String::from_utf8(value.to_vec()).ok()?,
            }),
            [_] => return None,
        };
        Some(Self { start: u32::from_be_bytes(*start), size: u16::from_be_bytes(*size), filter })
    }
}

#[cfg(test)]
mod tests {
    use super::ContinuationToken;
    use crate::filter::{Field, Filter, Operator};
    use std::collections::BTreeSet;

    fn continuations() -> Vec<ContinuationToken> {
        let mut filters = vec![None];
        for field in Field::ALL {
            for operator in Operator::ALL {
                filters.extend(
                    ["", "c", "größe", "日本"].map(|value| Some(Filter { field, operator, value: value.into() })),
                );
            }
        }
        let positions = [(1, 1), (40, 40), (999_999, 500), (u32::MAX, u16::MAX)];
        filters
            .into_iter()
            .flat_map(|filter| positions.map(|(start, size)| ContinuationToken { start, size, filter: filter.clone() }))
            .collect()
    }

    #[test]
    fn a_token_holds_all_of_it() {
        for continuation in continuations() {
            assert_eq!(ContinuationToken::read(continuation.token(7).as_bytes(), 7), Some(continuation));
        }
    }

    #[test]
    fn tokens_use_the_characters_that_clients_stumble_over() {
        let characters: BTreeSet<char> =
            continuations().iter().flat_map(|one| one.token(7).chars().collect::<Vec<_>>()).collect();
        assert!(['+', '/', '='].iter().all(|character| characters.contains(character)));
    }

    #[test]
    fn a_damaged_token_says_nothing() {
        for continuation in continuations() {
            let token = continuation.token(7);
            assert_eq!(ContinuationToken::read(token.as_bytes(), 8), None);
            for position in 0..token.len() {
                let mut damaged = token.clone().into_bytes();
                damaged[position] = if damaged[position] == b'A' { b'B' } else { b'A' };
                assert_eq!(ContinuationToken::read(&damaged, 7), None);
                assert_eq!(ContinuationToken::read(&token.as_bytes()[..position], 7), None);
            }
        }
    }
}
