//! The columns of tables.

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

/// A column of a table of results.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Column {
    /// The heading, in capitals.
    pub(crate) title: String,
    /// The path of the value within an item, such as `companyProfile.companyName`; empty if the item itself is the value.
    pub(crate) path: String,
}

/// Reads the extension `x-pc-columns`.
pub(super) fn read_columns(extension: &Value) -> Result<Vec<Column>> {
    let list = extension.as_array().filter(|list| !list.is_empty());
    let list = list.context("not a list: write `[{title: ID, path: id}]`")?;
    let columns = list.iter().map(|column| {
        let text = |key: &str| column.get(key).and_then(Value::as_str);
        let (Some(title), Some(path), Some(2)) =
            (text("title"), text("path"), column.as_object().map(serde_json::Map::len))
        else {
            bail!("{column} is not a column: write `{{title: ID, path: id}}`")
        };
        ensure!(
            !title.is_empty() && title == title.to_uppercase(),
            "the title `{title}` is not in capitals: write `{}`",
            title.to_uppercase()
        );
        Ok(Column { title: title.to_owned(), path: path.to_owned() })
    });
    columns.collect()
}
