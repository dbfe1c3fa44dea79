//! How deep an expression is nested. The parser, the evaluation and the removal of an expression are recursive in the library, so
//! that one that is nested deeply enough would end the process.

/// The operators after which a part of an expression contains what is before or after it.
const NESTING_OPERATORS: &[u8] = b".|&!<>=[({";

/// What is known of the brackets that are open, or of the complete expression.
#[derive(Default)]
struct Level {
    /// The operators since the bracket or the last comma.
    operators: usize,
    /// The maximum nesting of the brackets since then.
    deepest_bracket: usize,
    /// The maximum nesting of what is before the last comma.
    before_comma: usize,
}

impl Level {
    fn nesting(&self) -> usize {
        self.before_comma.max(self.operators + self.deepest_bracket)
    }
}

/// Returns a nesting that the syntax tree of a valid `JMESPath` expression does not exceed: each operator takes what is beside it
/// one level down, and a comma begins at the level of its bracket again.
pub(super) fn max_nesting(expression: &str) -> usize {
    let mut levels = vec![Level::default()];
    let mut quote = None;
    let mut is_escaped = false;
    let mut previous = 0;
    for byte in expression.bytes() {
        // An operator of two characters is one.
        let is_second = matches!((previous, byte), (b'|', b'|') | (b'&', b'&') | (b'=' | b'!' | b'<' | b'>', b'='));
        let begins_operator = NESTING_OPERATORS.contains(&byte) && !is_second;
        previous = if begins_operator { byte } else { 0 };
        if let Some(end) = quote {
            quote = if byte == end && !is_escaped { None } else { Some(end) };
            is_escaped = byte == b'\\' && !is_escaped;
            continue;
        }
        let Some(level) = levels.last_mut() else { break };
        level.operators += usize::from(begins_operator);
        match byte {
            b'\'' | b'"' | b'`' => quote = Some(byte),
            b'(' | b'[' | b'{' => levels.push(Level::default()),
            b',' => *level = Level { before_comma: level.nesting(), ..Level::default() },
            b')' | b']' | b'}' if levels.len() > 1 => {
                let nesting = levels.pop().map_or(0, |level| level.nesting());
                if let Some(parent) = levels.last_mut() {
                    parent.deepest_bracket = parent.deepest_bracket.max(nesting);
                }
            }
            _ => {}
        }
    }
    // Brackets that are not closed are within each other.
    levels.iter().rev().fold(0, |inner, level| level.nesting().max(level.operators + inner))
}

#[cfg(test)]
mod tests {
    use super::max_nesting;

    #[test]
    fn nesting_counts_what_contains_each_other() {
        for (expression, nesting) in [
            ("", 0),
            ("name", 0),
            ("a.b.c", 2),
            ("'a.b.c((('", 0),
            (r#""a\"((" . b"#, 1),
            (r"'a\'((' | `[[[\`[` ", 1),
            ("{a: a.b, c: c.d, e: e.f.g}", 3),
            ("[?a == 'x'].b", 3),
            ("[?a == 'x' || a == 'y' && !(b <= c)]", 8),
            ("a || b || c | d", 3),
            ("((a))", 2),
            ("((((", 4),
            ("!!a", 2),
            ("f(a.b).c", 3),
        ] {
            assert_eq!(max_nesting(expression), nesting, "{expression}");
        }
        assert_eq!(max_nesting(&format!("{{{}}}", vec!["a: a.b"; 500].join(", "))), 2);
    }
}
