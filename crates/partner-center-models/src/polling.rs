use crate::{Completion, Operation, SingleResponse, update::find_field_ignoring_case};
use serde::Serialize;
use serde_json::{Map, Value, json};

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
    fn expected_properties(&self) -> Map<String, Value> {
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
    pub fn expected_properties<B: Serialize>(&self, body: &B) -> Map<String, Value> {
        let Ok(body) = serde_json::to_value(body) else { return Map::new() };
        let value =
            |name: &&str| find_field_ignoring_case(&body, name).map(|value| ((*name).to_owned(), value.clone()));
        self.shown.iter().filter_map(value).filter(|(_, value)| !value.is_null()).collect()
    }

    /// Returns the names of the properties of `response` that do not show yet that the operation is completed, which was to bring
    /// about the `expected` values. Without any, it is completed.
    #[must_use]
    #[inline]
    pub fn pending(&self, response: &Value, expected: &Map<String, Value>) -> Vec<String> {
        let shown = |name: &str| find_field_ignoring_case(response, name).unwrap_or(&Value::Null);
        let is_completed =
            |state: &&str| self.completed.iter().any(|completed| is_same_value(shown(state), &json!(completed)));
        let state = self.state.filter(|state| !is_completed(state)).map(str::to_owned);
        let values = expected.iter().filter(|(name, value)| !is_same_value(shown(name), value));
        state.into_iter().chain(values.map(|(name, _)| name.clone())).collect()
    }

    /// Leaves out of `expected` what `previous`, the resource before the change, has shown already.
    pub fn retain_changed<B: Serialize>(expected: &mut Map<String, Value>, previous: &B) {
        let previous = serde_json::to_value(previous).unwrap_or_default();
        expected.retain(|name, value| {
            !find_field_ignoring_case(&previous, name).is_some_and(|shown| is_same_value(shown, value))
        });
    }
}

/// Whether two values mean the same: the service writes 7 as 7.0, and a state in several spellings.
#[inline]
fn is_same_value(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(_), Value::Number(_)) => {
            let integers = one.as_i64().zip(other.as_i64());
            integers.map_or_else(|| one.as_f64() == other.as_f64(), |(one, other)| one == other)
        }
        (Value::String(one), Value::String(other)) => is_same_state(one, other),
        _ => one == other,
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
            assert_eq!(UPLOAD.pending(&response, &Map::new()).is_empty(), expected, "{response}");
        }
        assert!(Polling::by_status().pending(&json!({}), &Map::new()).is_empty());
    }

    #[test]
    fn change_is_completed_once_it_is_shown() {
        const CHANGE: Polling = Polling::by_status().shown(&["quantity", "status"]);
        let expected = CHANGE.expected_properties(&json!({"quantity": 7, "status": null, "id": 1}));
        assert_eq!(Value::Object(expected.clone()), json!({"quantity": 7}));
        for (response, is_completed) in [
            (json!({"quantity": 7}), true),
            (json!({"quantity": 7.0}), true),
            (json!({"Quantity": 7, "id": 2}), true),
            (json!({"quantity": 6}), false),
            (json!({"quantity": 7.5}), false),
            (json!({"quantity": "7"}), false),
        ] {
            assert_eq!(CHANGE.pending(&response, &expected).is_empty(), is_completed, "{response}");
        }
        let expected = CHANGE.expected_properties(&json!({"quantity": 7, "status": "suspended"}));
        assert!(CHANGE.pending(&json!({"quantity": 7, "status": "Suspended"}), &expected).is_empty());
        assert_eq!(CHANGE.pending(&json!({"quantity": 7, "status": "active"}), &expected), ["status"]);
        assert_eq!(CHANGE.pending(&json!([]), &expected), ["quantity", "status"]);
    }

    #[test]
    fn what_is_not_changed_is_not_expected() {
        const CHANGE: Polling = Polling::by_status().shown(&["quantity", "status", "autoRenewEnabled"]);
        let mut expected =
            CHANGE.expected_properties(&json!({"quantity": 7, "status": "active", "autoRenewEnabled": true}));
        Polling::retain_changed(&mut expected, &json!({"Quantity": 6, "status": "Active"}));
        assert_eq!(Value::Object(expected), json!({"quantity": 7, "autoRenewEnabled": true}));
    }
}
