//! The columns of tables and CSV.

use super::customers::CUSTOMER_FIELD;
use crate::arguments::operations::{
    naming::to_snake_case,
    tables::{result_item_type, type_at_path},
};
use partner_center_spec::{Operation, Type};

/// A column: where its values are, and what it is called.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    /// The path of the value within an item, such as `companyProfile.companyName`; empty if the item itself is the value.
    pub(super) path: String,
    /// The heading in a table.
    pub(super) title: String,
    /// The name in CSV.
    pub(super) name: String,
    /// Whether values may be shortened to fit a terminal; an ID is useful only when it is complete.
    pub(super) is_shrinkable: bool,
}

/// The names of the columns of `customers get` in CSV, and their paths. Names and order are part of the command line contract:
/// add columns at the end only.
const GET_CUSTOMER_CSV_COLUMNS: [(&str, &str); 9] = [
    ("id", "id"),
    ("company_name", "companyProfile.companyName"),
    ("domain", "companyProfile.domain"),
    ("relationship_to_partner", "relationshipToPartner"),
    ("country", "companyProfile.address.country"),
    ("email", "companyProfile.email"),
    ("allow_delegated_access", "allowDelegatedAccess"),
    ("custom_domains", "customDomains"),
    ("tags", "tags"),
];

/// Returns the columns of a table of what `operation` returns: those with the paths `selected`, or else those of the
/// specification.
pub(crate) fn table_columns(operation: &Operation, selected: &[String]) -> Vec<Column> {
    let of_table: Vec<_> =
        operation.columns.iter().map(|column| (column.title.to_owned(), column.path.to_owned())).collect();
    let item = result_item_type(operation);
    if selected.is_empty() {
        return build_columns(item, of_table);
    }
    let titled = selected.iter().map(|path| {
        let known = of_table.iter().find(|(_, known)| known == path);
        (known.map_or_else(|| title_of_path(path), |(title, _)| title.clone()), path.clone())
    });
    build_columns(item, titled.collect())
}

/// Returns the columns of CSV: as those of a table, except that a single customer has more of them.
pub(crate) fn csv_columns(operation: &Operation, selected: &[String]) -> Vec<Column> {
    if operation.id == "getCustomer" && selected.is_empty() {
        let column = |(name, path): (&str, &str)| Column {
            path: path.to_owned(),
            title: title_of_path(path),
            name: name.to_owned(),
            is_shrinkable: false,
        };
        return GET_CUSTOMER_CSV_COLUMNS.map(column).into();
    }
    table_columns(operation, selected)
}

/// Returns the columns of values that the specification does not describe.
pub(super) fn result_columns(paths: &[String]) -> Vec<Column> {
    build_columns(None, paths.iter().map(|path| (title_of_path(path), path.clone())).collect())
}

/// Returns those of the selected paths that the specification does not know.
pub(crate) fn undocumented_selected_paths<'a>(operation: &Operation, selected: &'a [String]) -> Vec<&'a str> {
    let Some(item) = result_item_type(operation) else { return Vec::new() };
    let is_customer = |path: &str| path.split('.').next() == Some(CUSTOMER_FIELD);
    let is_undocumented = |path: &&str| type_at_path(item, path).is_none() && !is_customer(path);
    selected.iter().map(String::as_str).filter(is_undocumented).collect()
}

fn build_columns(item: Option<Type>, mut titles: Vec<(String, String)>) -> Vec<Column> {
    if titles.is_empty() {
        titles.push(("VALUE".to_owned(), String::new()));
    }
    let last_names: Vec<_> = titles.iter().map(|(_, path)| to_snake_case(last_path_segment(path))).collect();
    let of_column = |((title, path), last_name): ((String, String), &String)| {
        let is_unique = last_names.iter().filter(|name| *name == last_name).count() == 1;
        let name = match path.as_str() {
            "" => "value".to_owned(),
            _ if is_unique => last_name.clone(),
            path => path.split('.').map(to_snake_case).collect::<Vec<_>>().join("_"),
        };
        let value = item.and_then(|item| type_at_path(item, &path));
        let is_id = last_name == "id" || last_name.ends_with("_id");
        Column { is_shrinkable: value == Some(Type::String) && !is_id, path, title, name }
    };
    titles.iter().cloned().zip(&last_names).map(of_column).collect()
}

/// Returns the heading of a column that the specification has none for: `COMPANY NAME` of `companyProfile.companyName`.
fn title_of_path(path: &str) -> String {
    to_snake_case(last_path_segment(path)).replace('_', " ").to_uppercase()
}

fn last_path_segment(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::{build_columns, title_of_path};

    #[test]
    fn names_are_unique() {
        let titles = ["id", "billing.city", "shipping.city", "billing.postalCode"]
            .map(|path| (title_of_path(path), path.to_owned()));
        let columns = build_columns(None, titles.to_vec());
        let names: Vec<_> = columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["id", "billing_city", "shipping_city", "postal_code"]);
        assert_eq!(columns[3].title, "POSTAL CODE");
    }
}
