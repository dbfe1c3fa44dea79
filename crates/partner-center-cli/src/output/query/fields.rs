//! The fields that an expression is about.

use super::compile_expression;
use jmespath::ast::Ast;

/// The fields that an expression names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct QueryFields {
    /// The dotted paths, each from the value that its part of the expression is about.
    pub(crate) paths: Vec<String>,
    /// The names in double quotes that are compared with something: often meant to be a string.
    pub(crate) compared_quoted_names: Vec<String>,
}

impl QueryFields {
    /// Returns the fields of an expression; none if it is not valid.
    pub(crate) fn of_expression(text: &str) -> Self {
        let mut fields = Self::default();
        if let Ok(expression) = compile_expression(text) {
            fields.add_fields(expression.as_ast(), text);
        }
        fields
    }

    fn add_fields(&mut self, expression: &Ast, text: &str) {
        if let Some(path) = dotted_path(expression) {
            return self.paths.push(path);
        }
        if let Ast::Comparison { lhs, rhs, .. } = expression {
            for operand in [lhs, rhs] {
                if let Ast::Field { name, offset } = &**operand
                    && text.get(*offset..).is_some_and(|text| text.starts_with('"'))
                {
                    self.compared_quoted_names.push(name.clone());
                }
            }
        }
        for part in parts(expression) {
            self.add_fields(part, text);
        }
    }
}

/// Returns the path if an expression is one, such as `companyProfile.domain`.
fn dotted_path(expression: &Ast) -> Option<String> {
    match expression {
        Ast::Field { name, .. } => Some(name.clone()),
        Ast::Subexpr { lhs, rhs, .. } => Some(format!("{}.{}", dotted_path(lhs)?, dotted_path(rhs)?)),
        _ => None,
    }
}

/// Returns the expressions that an expression is made of.
pub(super) fn parts(expression: &Ast) -> Vec<&Ast> {
    match expression {
        Ast::Comparison { lhs, rhs, .. }
        | Ast::And { lhs, rhs, .. }
        | Ast::Or { lhs, rhs, .. }
        | Ast::Projection { lhs, rhs, .. }
        | Ast::Subexpr { lhs, rhs, .. } => vec![lhs, rhs],
        Ast::Condition { predicate, then, .. } => vec![predicate, then],
        Ast::Expref { ast: node, .. }
        | Ast::Flatten { node, .. }
        | Ast::Not { node, .. }
        | Ast::ObjectValues { node, .. } => vec![node],
        Ast::Function { args: elements, .. } | Ast::MultiList { elements, .. } => elements.iter().collect(),
        Ast::MultiHash { elements, .. } => elements.iter().map(|element| &element.value).collect(),
        Ast::Field { .. } | Ast::Identity { .. } | Ast::Index { .. } | Ast::Literal { .. } | Ast::Slice { .. } => {
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::QueryFields;

    #[test]
    fn fields_of_an_expression_are_found() {
        let fields = QueryFields::of_expression(
            r#"[?companyProfile.address.country=="DE" && "a b" != 'x'].{n: billingProfile.email, l: length(tags[])} | [0]"#,
        );
        let paths = ["companyProfile.address.country", "DE", "a b", "billingProfile.email", "tags"];
        assert_eq!(fields.paths, paths);
        assert_eq!(fields.compared_quoted_names, ["DE", "a b"]);
        assert_eq!(QueryFields::of_expression("["), QueryFields::default());
    }
}
