use crate::{Completion, Operation, SingleResponse, update::field};
use serde::Serialize;
use serde_json::{Map, Value};

/// An operation that the service may complete later (202), and whose state another operation shows.
///
/// Generated for each operation with an `x-pc-polling` in the specification. The method `start` of a client performs it and
/// returns a `Poller`, which gets the state until the operation is completed.
pub trait LongRunning: SingleResponse {
    /// The operation that gets the state. Its response is the result.
    type Poll: SingleResponse<Response: Serialize>;

    /// How its response shows that the operation is completed.
    const POLLING: Polling;

    /// Returns the operation that gets the state, for a 202 that does not say where the state is; `None` if only the service
    /// knows it.
    fn poll(&self) -> Option<Self::Poll>;

    /// Returns the values that the response shows once the operation is completed; see [`Polling::shown`].
    fn expected(&self) -> Map<String, Value> {
        Map::new()
    }

    /// Returns the result of the operation, or that it is completed later.
    fn completion(response: Self::Response) -> Completion<<Self::Poll as Operation>::Response>;
}

/// How the response to a poll shows that an operation is completed. A response with the status 202 never does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Polling {
    /// The property with the state.
    pub state: Option<&'static str>,
    /// The values of that property that mean that the operation is completed, successfully or not.
    pub completed: &'static [&'static str],
    /// The properties of the request that the response shows once the operation is completed.
    pub shown: &'static [&'static str],
}

impl Polling {
    /// Returns the polling whose end is shown by any status but 202.
    #[must_use]
    #[inline]
    pub const fn by_status() -> Self {
        Self { state: None, completed: &[], shown: &[] }
    }

    /// Sets the property with the state, and its values that mean that the operation is completed.
    #[must_use]
    #[inline]
    pub const fn state(mut self, state: &'static str, completed: &'static [&'static str]) -> Self {
        (self.state, self.completed) = (Some(state), completed);
        self
    }

    /// Sets the properties of the request that the response shows once the operation is completed.
    #[must_use]
    #[inline]
    pub const fn shown(mut self, shown: &'static [&'static str]) -> Self {
        self.shown = shown;
        self
    }

    /// Returns the [`shown`](Self::shown) properties of the body of a request.
    #[must_use]
    pub fn expected<B: Serialize>(&self, body: &B) -> Map<String, Value> {
        let Ok(body) = serde_json::to_value(body) else { return Map::new() };
        let value = |name: &&str| field(&body, name).map(|value| ((*name).to_owned(), value.clone()));
        self.shown.iter().filter_map(value).filter(|(_, value)| !value.is_null()).collect()
    }

    /// Whether `response` shows that the operation is completed, which was to bring about the `expected` values.
    #[must_use]
    #[inline]
    pub fn is_completed(&self, response: &Value, expected: &Map<String, Value>) -> bool {
        let has_state = self.state.is_none_or(|state| {
            let state = field(response, state).and_then(Value::as_str);
            state.is_some_and(|state| self.completed.iter().any(|completed| is_same_state(state, completed)))
        });
        has_state && expected.iter().all(|(name, value)| field(response, name) == Some(value))
    }
}

/// Whether two names of a state are the same: the service writes them in several cases, with and without underscores.
#[inline]
fn is_same_state(one: &str, other: &str) -> bool {
    let letters = |name: &str| {
        let letters = name.chars().filter(|character| !matches!(character, '_' | '-' | ' '));
        letters.flat_map(char::to_lowercase).collect::<String>()
    };
    letters(one) == letters(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn state_is_recognized_in_any_spelling() {
        const UPLOAD: Polling = Polling::by_status().state("status", &["finished", "finished_with_errors"]);
        for (response, expected) in [
            (json!({"status": "finished"}), true),
            (json!({"Status": "FinishedWithErrors"}), true),
            (json!({"status": "processing"}), false),
            (json!({"status": "a_state_of_the_future"}), false),
            (json!({"status": null}), false),
            (json!({}), false),
        ] {
            assert_eq!(UPLOAD.is_completed(&response, &Map::new()), expected, "{response}");
        }
        assert!(Polling::by_status().is_completed(&json!({}), &Map::new()));
    }

    #[test]
    fn change_is_completed_once_it_is_shown() {
        const CHANGE: Polling = Polling::by_status().shown(&["quantity", "status"]);
        let expected = CHANGE.expected(&json!({"quantity": 7, "status": null, "id": 1}));
        assert_eq!(Value::Object(expected.clone()), json!({"quantity": 7}));
        for (response, is_completed) in
            [(json!({"quantity": 7}), true), (json!({"Quantity": 7, "id": 2}), true), (json!({"quantity": 6}), false)]
        {
            assert_eq!(CHANGE.is_completed(&response, &expected), is_completed, "{response}");
        }
    }
}
