//! The extension `x-pc-polling`: how to see whether an operation that the service completes later is completed.

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

/// The keys of the extension. Whether the operation and its property exist is checked when the code is generated.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Polling {
    /// The `operationId` of the GET whose response shows the state.
    pub(crate) operation: String,
    /// The property of that response with the state, and its values that mean that the operation is completed. Without it, the
    /// operation is completed once the status is another than 202.
    pub(crate) state: Option<(String, Vec<String>)>,
    /// The properties of the request that the response shows once the operation is completed.
    pub(crate) shows: Vec<String>,
}

const POLLING_KEYS: [&str; 4] = ["operation", "state", "completed", "shows"];

impl Polling {
    pub(super) fn read(extension: &Value) -> Result<Self> {
        let Some(object) = extension.as_object() else {
            bail!("not an object: write its keys, such as `operation: getThing`")
        };
        if let Some(unknown) = object.keys().find(|key| !POLLING_KEYS.contains(&key.as_str())) {
            bail!("the key {unknown} is not known: write one of {}", POLLING_KEYS.join(", "));
        }
        let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let texts = |values: &Value| values.as_array()?.iter().map(text).collect::<Option<Vec<_>>>();
        let operation = object.get("operation").and_then(text);
        let operation = operation.context("operation is missing: write the operationId of a GET")?;
        let state = match (object.get("state"), object.get("completed")) {
            (None, None) => None,
            (Some(state), Some(completed)) => {
                let state = text(state).context("state: not a string: write the name of a property")?;
                let values = texts(completed).context("completed: not a list of strings: write the final values")?;
                ensure!(!values.is_empty(), "completed: no value: write the final values");
                Some((state, values))
            }
            _ => bail!("state and completed go together: write both"),
        };
        let shows =
            object.get("shows").map(|shows| texts(shows).context("shows: not a list: write names of properties"));
        Ok(Self { operation, state, shows: shows.transpose()?.unwrap_or_default() })
    }
}

#[cfg(test)]
mod tests {
    use super::Polling;
    use serde_json::json;

    #[test]
    fn polling_needs_an_operation_and_the_meaning_of_its_state() {
        for (extension, expected) in [
            (json!([]), "not an object"),
            (json!({"operation": "getThing", "status": "done"}), "the key status is not known"),
            (json!({}), "operation is missing"),
            (json!({"operation": "getThing", "state": "status"}), "go together"),
            (json!({"operation": "getThing", "state": 1, "completed": ["done"]}), "state: not a string"),
            (json!({"operation": "getThing", "state": "status", "completed": "done"}), "completed: not a list"),
            (json!({"operation": "getThing", "state": "status", "completed": []}), "completed: no value"),
            (json!({"operation": "getThing", "shows": "status"}), "shows: not a list"),
        ] {
            let message = Polling::read(&extension).unwrap_err().to_string();
            assert!(message.contains(expected) && message.contains(": write"), "{message}");
        }
        let polling = Polling::read(&json!({"operation": "getThing", "state": "status", "completed": ["done"]}));
        assert_eq!(polling.unwrap().state, Some(("status".to_owned(), vec!["done".to_owned()])));
    }
}
