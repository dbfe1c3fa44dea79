//! Items of many customers: each is printed with its customer.

use super::{columns::Column, normalize::Normalizer};

/// The field of an item with its customer.
pub(super) const CUSTOMER_FIELD: &str = "customer";

/// The columns of the customer: path, heading and name in CSV.
const CUSTOMER_COLUMNS: [(&str, &str, &str); 2] =
    [("customer.id", "CUSTOMER", "customer_id"), ("customer.companyName", "COMPANY", "customer_company_name")];

/// Returns an item with its customer as its first field. What is not an object becomes the field `value` of one.
pub(super) fn item_with_customer(customer: &str, item: &str, normalizer: &mut Normalizer) -> String {
    let item = normalizer.normalize_value(item);
    match item.strip_prefix('{').map(str::trim_start) {
        Some("}") => format!(r#"{{"{CUSTOMER_FIELD}":{customer}}}"#),
        Some(fields) => format!(r#"{{"{CUSTOMER_FIELD}":{customer},{fields}"#),
        None => format!(r#"{{"{CUSTOMER_FIELD}":{customer},"value":{item}}}"#),
    }
}

/// Puts the columns of the customer before those of the item.
pub(super) fn columns_with_customer(mut columns: Vec<Column>) -> Vec<Column> {
    for column in &mut columns {
        if column.path.is_empty() {
            "value".clone_into(&mut column.path);
        }
        // A name is that of one column.
        if CUSTOMER_COLUMNS.iter().any(|(_, _, name)| *name == column.name) {
            column.name.insert_str(0, "item_");
        }
    }
    let customer = CUSTOMER_COLUMNS.map(|(path, title, name)| Column {
        path: path.to_owned(),
        title: title.to_owned(),
        name: name.to_owned(),
        is_shrinkable: path != "customer.id",
    });
    customer.into_iter().chain(columns).collect()
}

#[cfg(test)]
mod tests {
    use super::{Normalizer, item_with_customer};
    use partner_center_spec::Type;

    #[test]
    fn customer_comes_first() {
        let mut normalizer = Normalizer::new(Some(Type::Schema("Customer")));
        let customer = r#"{"id":"7"}"#;
        for (item, expected) in [
            (r#"{"x":1,"Id":"1"}"#, r#"{"customer":{"id":"7"},"id":"1","x":1}"#),
            ("{ }", r#"{"customer":{"id":"7"}}"#),
            ("true", r#"{"customer":{"id":"7"},"value":true}"#),
            ("null", r#"{"customer":{"id":"7"},"value":null}"#),
            ("[1]", r#"{"customer":{"id":"7"},"value":[1]}"#),
        ] {
            assert_eq!(item_with_customer(customer, item, &mut normalizer), expected);
        }
    }
}
