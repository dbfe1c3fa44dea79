//! The Rust names of fields and variants, and the steps of pointers and references.

use super::extensions::{X_PC_ENUM_NAMES, X_PC_NAME};
use crate::problems::ProblemAlreadyReported;
use anyhow::{Context as _, Error, Result, bail, ensure};
use heck::{ToPascalCase as _, ToSnakeCase as _};
use serde_json::Value;
use syn::Ident;

/// Methods of objects that generated code, its users or a derived trait call: a setter must not hide them.
const RESERVED_OBJECT_METHODS: &[&str] = &[
    "borrow",
    "borrow_mut",
    "clone",
    "clone_from",
    "default",
    "eq",
    "fmt",
    "ne",
    "new",
    "to_owned",
    "type_id",
    "undescribed_paths",
    "unknown_fields",
];

/// Methods that only operations have.
const OPERATION_ONLY_METHODS: &[&str] =
    &["continuation", "parameters", "resume", "with_item_type", "with_response_type"];

/// Returns the name of the Rust field for a property, by its name on the wire or its extension `x-pc-name`.
///
/// A keyword and the name of a method get an underscore, as `progenitor` gives it to keywords.
pub(crate) fn rust_field_name(wire: &str, own: Option<&Value>) -> Result<String> {
    rust_name_avoiding_methods(RESERVED_OBJECT_METHODS, wire, own)
}

/// Returns the name of the Rust field and argument for a parameter or a body, like [`rust_field_name`].
pub(crate) fn rust_argument_name(wire: &str, own: Option<&Value>) -> Result<String> {
    rust_name_avoiding_methods(&[RESERVED_OBJECT_METHODS, OPERATION_ONLY_METHODS].concat(), wire, own)
}

fn rust_name_avoiding_methods(methods: &[&str], wire: &str, own: Option<&Value>) -> Result<String> {
    let escaped = |wire: &str| {
        let name = wire.to_snake_case();
        ensure!(
            is_rust_identifier(&format!("{name}_")),
            "`{wire}` makes no name in Rust: give it one with {X_PC_NAME}"
        );
        let is_free = is_rust_identifier(&name) && !methods.contains(&name.as_str());
        Ok(if is_free { name } else { format!("{name}_") })
    };
    let Some(own) = own else { return escaped(wire) };
    let own = own.as_str().with_context(|| format!("{X_PC_NAME} is not a string: write a name in snake_case"))?;
    let name = escaped(own).ok().filter(|name| name == own);
    name.with_context(|| format!("{X_PC_NAME}: `{own}` is not a free name in Rust: write another one in snake_case"))
}

/// Returns the name of the Rust variant for a value of an enum.
pub(crate) fn rust_variant_name(wire: &str) -> Result<String> {
    let name = match wire.to_pascal_case() {
        _ if wire.is_empty() => "Empty".to_owned(),
        name if name.starts_with(|first: char| first.is_ascii_digit()) => format!("Value{name}"),
        name => name,
    };
    ensure!(is_rust_identifier(&name), "`{wire}` makes no name of a variant: name all values with {X_PC_ENUM_NAMES}");
    Ok(name)
}

/// Rejects a name of a variant that is not in `PascalCase`.
pub(crate) fn ensure_pascal_case_variant_name(name: &str) -> Result<()> {
    if is_rust_identifier(name) && name == name.to_pascal_case() {
        return Ok(());
    }
    bail!("{X_PC_ENUM_NAMES}: `{name}` is not a name of a variant: write it in PascalCase")
}

/// Whether a name can be used in Rust as it is.
pub(crate) fn is_rust_identifier(name: &str) -> bool {
    // `syn` parses the keywords of an older edition.
    name != "gen" && syn::parse_str::<Ident>(name).is_ok()
}

/// Escapes a key as a step of a JSON pointer (RFC 6901).
pub(crate) fn escape_pointer_step(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Returns the name of the component that a `$ref` points to. One that points to no component is reported already.
pub(crate) fn component_name_of_reference<'a>(reference: &'a str, folder: &str) -> Result<&'a str> {
    let rest = reference.strip_prefix("#/components/").ok_or_else(|| Error::new(ProblemAlreadyReported))?;
    let name = rest.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
    name.with_context(|| format!("the $ref {reference} does not lead to #/components/{folder}: refer to one of these"))
}

#[cfg(test)]
mod tests {
    use super::{rust_argument_name, rust_field_name, rust_variant_name};
    use serde_json::json;

    #[test]
    fn field_name_is_no_keyword_and_no_method() {
        for (wire, expected) in [
            ("companyName", "company_name"),
            ("type", "type_"),
            ("gen", "gen_"),
            ("default", "default_"),
            ("clone", "clone_"),
            ("parameters", "parameters"),
            ("@odata.type", "odata_type"),
        ] {
            assert_eq!(rust_field_name(wire, None).unwrap(), expected);
        }
        assert_eq!(rust_argument_name("parameters", None).unwrap(), "parameters_");
        assert!(rust_field_name("3dModel", None).unwrap_err().to_string().contains("x-pc-name"));
        assert_eq!(rust_field_name("3dModel", Some(&json!("model_3d"))).unwrap(), "model_3d");
        for own in [json!(3), json!("3d"), json!("Model"), json!("new"), json!("gen")] {
            let message = rust_field_name("3dModel", Some(&own)).unwrap_err().to_string();
            assert!(message.contains("x-pc-name"), "{message}");
        }
    }

    #[test]
    fn variant_name_is_made_of_any_words() {
        for (wire, expected) in
            [("in_review", "InReview"), ("Not Ready", "NotReady"), ("1Year", "Value1year"), ("", "Empty")]
        {
            assert_eq!(rust_variant_name(wire).unwrap(), expected);
        }
        assert!(rust_variant_name("+").unwrap_err().to_string().contains("x-pc-enum-names"));
    }
}
