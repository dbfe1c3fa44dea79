//! `--query`: a `JMESPath` expression over the complete output.
//!
//! The library computes with binary floating point. What the service returned keeps its digits nevertheless: a number of the result
//! is written as it was received. Numbers that differ in digits that floating point cannot tell apart are strings to the
//! expression, so that none is taken for another, and become numbers again in the output.

mod nesting;

use super::{
    FormatStyle, OutputFormatter,
    columns::{Column, result_columns},
    held_items::HeldItems,
    json_cursor::{JsonCursor, json_tokens},
    normalize::Normalizer,
};
use jmespath::{
    Variable,
    ast::{Ast, Comparator},
};
use std::{
    collections::{HashMap, HashSet},
    error::Error as StdError,
    fmt, io,
};

/// The maximum length of an expression in bytes, and how deep it may be nested. What people write is far below both; the library,
/// which has no limits, needs a few kilobytes of stack for each level.
const MAX_QUERY_LENGTH: usize = 16 << 10;
const MAX_QUERY_NESTING: usize = 100;

/// Checks that an expression is valid, that it can be evaluated, and that it does not order texts, which would select nothing.
pub(crate) fn check_query(text: &str) -> Result<String, String> {
    let expression = compile_expression(text)?;
    if orders_texts(expression.as_ast()) {
        return Err("< and > compare numbers only, and not texts such as dates; write \
                    starts_with(commitmentEndDate || '', '2026-12')"
            .to_owned());
    }
    Ok(text.to_owned())
}

/// Compiles an expression within the limits: the only place that calls the parser.
fn compile_expression(text: &str) -> Result<jmespath::Expression<'static>, String> {
    if text.len() > MAX_QUERY_LENGTH {
        return Err(format!(
            "the expression has more than {MAX_QUERY_LENGTH} bytes: shorten it, or process the complete output in another program"
        ));
    }
    if nesting::max_nesting(text) > MAX_QUERY_NESTING {
        return Err(format!(
            "the expression is nested deeper than {MAX_QUERY_NESTING} levels: simplify it, or process the complete output in \
             another program"
        ));
    }
    jmespath::compile(text).map_err(|error| format!("it is not a JMESPath expression: {}", error.reason))
}

/// Whether a part of an expression compares a text by `<`, `<=`, `>` or `>=`, which is null by the specification of the language.
fn orders_texts(expression: &Ast) -> bool {
    let is_text = |operand: &Ast| matches!(operand, Ast::Literal { value, .. } if value.is_string());
    match expression {
        Ast::Comparison { comparator, lhs, rhs, .. } => {
            let is_order = !matches!(comparator, Comparator::Equal | Comparator::NotEqual);
            is_order && (is_text(lhs) || is_text(rhs)) || orders_texts(lhs) || orders_texts(rhs)
        }
        Ast::And { lhs, rhs, .. }
        | Ast::Or { lhs, rhs, .. }
        | Ast::Projection { lhs, rhs, .. }
        | Ast::Subexpr { lhs, rhs, .. } => orders_texts(lhs) || orders_texts(rhs),
        Ast::Condition { predicate, then, .. } => orders_texts(predicate) || orders_texts(then),
        Ast::Expref { ast: node, .. }
        | Ast::Flatten { node, .. }
        | Ast::Not { node, .. }
        | Ast::ObjectValues { node, .. } => orders_texts(node),
        Ast::Function { args: elements, .. } | Ast::MultiList { elements, .. } => elements.iter().any(orders_texts),
        Ast::MultiHash { elements, .. } => elements.iter().any(|element| orders_texts(&element.value)),
        Ast::Field { .. } | Ast::Identity { .. } | Ast::Index { .. } | Ast::Literal { .. } | Ast::Slice { .. } => false,
    }
}

/// Whether the result of an expression is some of the items, as they are: it filters or sorts them. `@` alone shows all there is.
fn filters_items(expression: &Ast) -> bool {
    !matches!(expression, Ast::Identity { .. }) && keeps_items(expression)
}

fn keeps_items(expression: &Ast) -> bool {
    match expression {
        Ast::Identity { .. } | Ast::Index { .. } | Ast::Slice { .. } => true,
        Ast::Condition { then: node, .. } | Ast::Flatten { node, .. } => keeps_items(node),
        Ast::Projection { lhs, rhs, .. } | Ast::Subexpr { lhs, rhs, .. } => keeps_items(lhs) && keeps_items(rhs),
        Ast::Function { name, args, .. } => {
            ["sort_by", "reverse", "max_by", "min_by"].contains(&name.as_str()) && args.first().is_some_and(keeps_items)
        }
        _ => false,
    }
}

/// Why an expression has no result for the output, in an [`io::Error`].
#[derive(Debug)]
pub(crate) struct QueryEvaluationError(String);

impl fmt::Display for QueryEvaluationError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl StdError for QueryEvaluationError {}

/// Keeps all items until the list is complete, and passes on what the expression makes of them.
pub(super) struct QueryFormatter {
    pub(super) expression: String,
    pub(super) style: FormatStyle,
    /// The columns of the result; if there are none, those of the items that it selects, or else of its first object.
    pub(super) selected: Vec<String>,
    pub(super) item_columns: Vec<Column>,
    pub(super) items: HeldItems<String>,
}

impl QueryFormatter {
    fn append_result(&self, json: &str, text: &mut Vec<u8>) -> io::Result<Option<String>> {
        let result = evaluate_expression(&self.expression, json)?;
        let mut normalizer = Normalizer::new(None);
        let mut cursor = JsonCursor::new(&result);
        if cursor.peek_byte_after_white_space() != Some(b'[') {
            let mut formatter = self.style.build_output_formatter(self.columns_of_result(&result), &self.selected);
            return formatter.append_value(&result, &mut normalizer, text).map(|()| None);
        }
        let mut items = Vec::new();
        while cursor.move_to_next_item() {
            items.push(cursor.read_value().json);
        }
        let columns = self.columns_of_result(items.first().copied().unwrap_or_default());
        let mut formatter = self.style.build_output_formatter(columns, &self.selected);
        formatter.append_page(&items, &mut normalizer, text)?;
        formatter.append_list_end_returning_note(&mut normalizer, text)
    }

    fn columns_of_result(&self, first: &str) -> Vec<Column> {
        if !self.selected.is_empty() {
            return result_columns(&self.selected);
        }
        if compile_expression(&self.expression).is_ok_and(|expression| filters_items(expression.as_ast())) {
            return self.item_columns.clone();
        }
        let mut cursor = JsonCursor::new(first);
        let mut names = Vec::new();
        if cursor.peek_byte_after_white_space() == Some(b'{') {
            while let Some(name) = cursor.read_next_field_name() {
                names.push(name.decode_string().unwrap_or_default().into_owned());
                cursor.read_value();
            }
        }
        result_columns(&names)
    }
}

impl OutputFormatter for QueryFormatter {
    fn append_page(&mut self, items: &[&str], normalizer: &mut Normalizer, _: &mut Vec<u8>) -> io::Result<()> {
        for item in items {
            let item = normalizer.normalize_value(item);
            let size = item.len();
            self.items.push(item, size)?;
        }
        Ok(())
    }

    fn append_list_end_returning_note(&mut self, _: &mut Normalizer, text: &mut Vec<u8>) -> io::Result<Option<String>> {
        let json = format!("[{}]", self.items.take().join(","));
        self.append_result(&json, text)
    }

    fn append_value(&mut self, value: &str, normalizer: &mut Normalizer, text: &mut Vec<u8>) -> io::Result<()> {
        let value = normalizer.normalize_value(value);
        self.append_result(&value, text).map(drop)
    }
}

/// Returns the result of an expression, as JSON.
fn evaluate_expression(expression: &str, json: &str) -> io::Result<String> {
    let failed = |error: jmespath::JmespathError| io::Error::other(QueryEvaluationError(error.reason.to_string()));
    let numbers = NumberTable::from_numbers_in_json(json);
    let input = Variable::from_json(&numbers.quote_ambiguous_numbers(json));
    let input = input.map_err(|error| io::Error::other(QueryEvaluationError(error)))?;
    let expression = compile_expression(expression).map_err(|error| io::Error::other(QueryEvaluationError(error)))?;
    let result = expression.search(input).map_err(failed)?;
    let mut text = String::new();
    numbers.append_query_value(&result, &mut text);
    Ok(text)
}

/// The numbers of a document, by what floating point makes of them.
#[derive(Default)]
struct NumberTable {
    tokens: HashMap<u64, String>,
    /// Those that stand for numbers of different values.
    ambiguous: HashSet<u64>,
}

/// The beginning of a string that is a number: no string of the service begins with a control character.
const NUMBER_STRING_PREFIX: &str = "\u{1}number:";

impl NumberTable {
    fn from_numbers_in_json(json: &str) -> Self {
        let mut table = Self::default();
        for token in json_tokens(json).filter(|token| is_number(token)) {
            let Some(key) = number_as_float_bits(token) else { continue };
            match table.tokens.get(&key) {
                Some(known) if known != token && significant_digits(known) != significant_digits(token) => {
                    table.ambiguous.insert(key);
                }
                Some(_) => {}
                None => drop(table.tokens.insert(key, token.to_owned())),
            }
        }
        table
    }

    fn quote_ambiguous_numbers(&self, json: &str) -> String {
        let mut text = String::with_capacity(json.len());
        for token in json_tokens(json) {
            if is_number(token) && number_as_float_bits(token).is_none_or(|key| self.ambiguous.contains(&key)) {
                text.push_str(&serde_json::Value::from(format!("{NUMBER_STRING_PREFIX}{token}")).to_string());
            } else {
                text.push_str(token);
            }
        }
        text
    }

    fn append_query_value(&self, variable: &Variable, text: &mut String) {
        match variable {
            Variable::Null | Variable::Expref(_) => text.push_str("null"),
            Variable::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
            Variable::String(string) => {
                match string.strip_prefix(NUMBER_STRING_PREFIX).filter(|token| is_number(token)) {
                    Some(token) => text.push_str(token),
                    None => text.push_str(&serde_json::Value::from(string.as_str()).to_string()),
                }
            }
            Variable::Number(number) => {
                let value = number.as_f64().unwrap_or_default();
                match self.tokens.get(&value.to_bits()) {
                    Some(token) => text.push_str(token),
                    // What was computed: 3 and not 3.0.
                    None if value.fract() == 0.0 && value.abs() < 1e15 => *text += &format_whole_number(value),
                    None => text.push_str(&number.to_string()),
                }
            }
            Variable::Array(items) => {
                text.push('[');
                for (index, item) in items.iter().enumerate() {
                    text.push_str(if index > 0 { "," } else { "" });
                    self.append_query_value(item, text);
                }
                text.push(']');
            }
            Variable::Object(fields) => {
                text.push('{');
                for (index, (name, value)) in fields.iter().enumerate() {
                    text.push_str(if index > 0 { "," } else { "" });
                    text.push_str(&serde_json::Value::from(name.as_str()).to_string());
                    text.push(':');
                    self.append_query_value(value, text);
                }
                text.push('}');
            }
        }
    }
}

fn format_whole_number(value: f64) -> String {
    format!("{value:.0}")
}

fn is_number(token: &str) -> bool {
    token.starts_with(['-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
}

/// Returns what floating point makes of a number; `None` if it is too large. A negative zero is zero.
fn number_as_float_bits(token: &str) -> Option<u64> {
    let value: f64 = token.parse().ok().filter(|value: &f64| value.is_finite())?;
    Some(if value == 0.0 { 0 } else { value.to_bits() })
}

/// Returns the digits of a number without those that do not count: 1.10 and 1.1 have the same.
fn significant_digits(token: &str) -> String {
    let mantissa = token.split(['e', 'E']).next().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::{
        MAX_QUERY_LENGTH, MAX_QUERY_NESTING, check_query, compile_expression, evaluate_expression, filters_items,
    };

    fn query(expression: &str, json: &str) -> String {
        evaluate_expression(expression, json).unwrap()
    }

    #[test]
    fn digits_survive_and_can_be_compared() {
        let json = r#"[{"n":1.10},{"n":2.50},{"n":12345678901234567890},{"n":0.1000000000000000055511151231257827}]"#;
        assert_eq!(query("[?n > `2`].n", json), "[2.50,12345678901234567890]");
        assert_eq!(query("[].n", json), "[1.10,2.50,12345678901234567890,0.1000000000000000055511151231257827]");
        assert_eq!(query("sort_by(@, &n)[0].n", r#"[{"n":3},{"n":2.0}]"#), "2.0");
        // Floating point takes both for the same.
        let json = "[9007199254740992,9007199254740993,1.10,1.1,1e999]";
        assert_eq!(query("@", json), "[9007199254740992,9007199254740993,1.10,1.10,1e999]");
        assert_eq!(query("[0] == [1]", json), "false");
        assert_eq!(query("sum(@)", "[1,2]"), "3");
    }

    #[test]
    fn expression_that_orders_texts_is_rejected() {
        for expression in [
            "[?commitmentEndDate >= '2026-12-01' && commitmentEndDate < '2027-01-01'].id",
            "[?!(a < 'b')]",
            "[].{late: '2026' > end}",
            "sort_by([?max_by(@, &to_number(n)) != n], &n)[?[a <= '1']]",
            "a.b[*].c[?d > 'e']",
            "items[].[quantity, end >= '2026'][]",
        ] {
            assert!(check_query(expression).unwrap_err().contains("starts_with("), "{expression}");
        }
        for expression in ["[?n > `2`]", "[?a == 'b' || a != 'c']", "[?a > b]", "sort_by(@, &'x')[?n <= `1`].{n: n}"] {
            assert_eq!(check_query(expression).as_deref(), Ok(expression));
        }
    }

    #[test]
    fn other_values_survive() {
        let json = r#"{"s":"\u0001number:x \"q\" \ud83d\ude00","b":[true,null,{}],"n":-0}"#;
        assert_eq!(query("s", json), serde_json::Value::from("\u{1}number:x \"q\" 😀").to_string());
        assert_eq!(query("b", json), "[true,null,{}]");
        assert_eq!(query("n", json), "-0");
        assert_eq!(query("missing", json), "null");
    }

    #[test]
    fn invalid_expression_is_explained() {
        assert!(check_query("[?a == ").is_err() && check_query("[].id").is_ok());
        assert!(
            evaluate_expression("sum(@)", r#"["a"]"#)
                .unwrap_err()
                .get_ref()
                .unwrap()
                .is::<super::QueryEvaluationError>()
        );
    }

    #[test]
    fn filter_is_told_from_a_computation() {
        for expression in [
            "[?quantity > `2`]",
            "[]",
            "[:5]",
            "[0]",
            "sort_by(@, &n)[-1]",
            "[?a == 'b'] | sort_by(@, &n) | [:2]",
            "reverse(@)",
        ] {
            assert!(filters_items(compile_expression(expression).unwrap().as_ast()), "{expression}");
        }
        for expression in ["@", "[].name", "[?a == 'b'].{n: name}", "length(@)", "[].[a, b]", "a.b", "items[?a]"] {
            assert!(!filters_items(compile_expression(expression).unwrap().as_ast()), "{expression}");
        }
    }

    /// Each of these would overflow the stack of the library's parser, or that of its evaluation, if it were long enough.
    #[test]
    fn nested_expression_is_evaluated_or_rejected() {
        let nested: [fn(usize) -> String; 7] = [
            |depth| format!("{}a{}", "(".repeat(depth), ")".repeat(depth)),
            |depth| format!("{}a{}", "[".repeat(depth), "]".repeat(depth)),
            |depth| format!("{}a{}", "{a:".repeat(depth), "}".repeat(depth)),
            |depth| "!".repeat(depth) + "a",
            |depth| "a.".repeat(depth) + "a",
            |depth| "a|".repeat(depth) + "a",
            |depth| "a".to_owned() + &"[*]".repeat(depth),
        ];
        for expression in nested {
            let deepest = expression(MAX_QUERY_NESTING);
            assert_eq!(check_query(&deepest).unwrap(), deepest);
            evaluate_expression(&deepest, "[1]").unwrap();
            for depth in [MAX_QUERY_NESTING + 1, 4_000] {
                let error = check_query(&expression(depth)).unwrap_err();
                assert!(error.contains("nested deeper than 100 levels: simplify it"), "{error}");
            }
            let error = check_query(&expression(200_000)).unwrap_err();
            assert!(error.contains("more than 16384 bytes: shorten it"), "{error}");
        }
        // A wide expression is not a deep one.
        let columns: Vec<_> = (0..500).map(|number| format!("c{number}: a.b[0]")).collect();
        let wide = format!("[].{{{}}}", columns.join(", "));
        assert!(wide.len() < MAX_QUERY_LENGTH);
        check_query(&wide).unwrap();
    }
}
