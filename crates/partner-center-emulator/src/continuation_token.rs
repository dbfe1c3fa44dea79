//! The continuation token of the customer list. It has the complete position in the list: the emulator keeps no state between two
//! pages, and a token stays valid after a restart with the same seed.

use crate::{
    filter::{CustomerFilter, FilterField, FilterOperator},
    random::keyed_hash,
};
use base64::{Engine, prelude::BASE64_STANDARD};

/// A position in a list: the content of a continuation token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ContinuationToken {
    /// The index of the first customer of the next page.
    pub(crate) start: u32,
    /// The size of the previous page.
    pub(crate) size: u16,
    pub(crate) filter: Option<CustomerFilter>,
}

impl ContinuationToken {
    /// Encodes a checksum, both numbers, and the filter if there is one, in Base64.
    pub(crate) fn encode(&self, seed: u64) -> String {
        let mut content = Vec::from(self.start.to_be_bytes());
        content.extend(self.size.to_be_bytes());
        if let Some(CustomerFilter { field, operator, value }) = &self.filter {
            content.extend([*field as u8, *operator as u8]);
            content.extend(value.as_bytes());
        }
        let checksum = keyed_hash(seed, &content).to_be_bytes();
        BASE64_STANDARD.encode([&checksum, content.as_slice()].concat())
    }

    /// Decodes `token`. Returns `None` unless it is, byte for byte, one that [`encode`](Self::encode) returned for this seed.
    pub(crate) fn decode(token: &[u8], seed: u64) -> Option<Self> {
        let bytes = BASE64_STANDARD.decode(token).ok()?;
        let (checksum, content) = bytes.split_first_chunk()?;
        if keyed_hash(seed, content) != u64::from_be_bytes(*checksum) {
            return None;
        }
        let (start, content) = content.split_first_chunk()?;
        let (size, content) = content.split_first_chunk()?;
        let filter = match content {
            [] => None,
            [field, operator, value @ ..] => Some(CustomerFilter {
                field: *FilterField::ALL_FILTER_FIELDS.get(usize::from(*field))?,
                operator: *FilterOperator::ALL_FILTER_OPERATORS.get(usize::from(*operator))?,
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
    use crate::filter::{CustomerFilter, FilterField, FilterOperator};
    use std::collections::BTreeSet;

    fn positions() -> Vec<ContinuationToken> {
        let mut filters = vec![None];
        for field in FilterField::ALL_FILTER_FIELDS {
            for operator in FilterOperator::ALL_FILTER_OPERATORS {
                filters.extend(
                    ["", "c", "größe", "日本"]
                        .map(|value| Some(CustomerFilter { field, operator, value: value.into() })),
                );
            }
        }
        let starts_and_sizes = [(1, 1), (40, 40), (999_999, 500), (u32::MAX, u16::MAX)];
        filters
            .into_iter()
            .flat_map(|filter| {
                starts_and_sizes.map(|(start, size)| ContinuationToken { start, size, filter: filter.clone() })
            })
            .collect()
    }

    #[test]
    fn token_has_the_complete_position() {
        for position in positions() {
            assert_eq!(ContinuationToken::decode(position.encode(7).as_bytes(), 7), Some(position));
        }
    }

    #[test]
    fn tokens_have_characters_that_clients_must_escape() {
        let characters: BTreeSet<char> =
            positions().iter().flat_map(|position| position.encode(7).chars().collect::<Vec<_>>()).collect();
        assert!(['+', '/', '='].iter().all(|character| characters.contains(character)));
    }

    #[test]
    fn damaged_token_is_not_decoded() {
        for position in positions() {
            let token = position.encode(7);
            assert_eq!(ContinuationToken::decode(token.as_bytes(), 8), None);
            for index in 0..token.len() {
                let mut damaged = token.clone().into_bytes();
                damaged[index] = if damaged[index] == b'A' { b'B' } else { b'A' };
                assert_eq!(ContinuationToken::decode(&damaged, 7), None);
                assert_eq!(ContinuationToken::decode(&token.as_bytes()[..index], 7), None);
            }
        }
    }
}
