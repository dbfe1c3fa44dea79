//! Values as the specification describes them: what a program that reads the output may rely on.

use super::{
    json_cursor::{JsonCursor, ReceivedValue},
    shapes::{FoundField, KnownFields, Shape, ShapeIndex, Shapes},
};
use partner_center_spec::Type;
use std::ops::Range;

/// Writes values of a type with their documented fields first, in the order of the specification and under their documented
/// names, which some servers begin with a capital. `null` is left out where it means the same as absence. All else stays as it
/// was received, without white space: fields that are not documented, values of other types, and the digits of numbers.
///
/// A value is read once, and written while it is read; only an object whose fields came in another order is written again.
pub(super) struct Normalizer {
    shapes: Shapes,
    root: ShapeIndex,
    writer: NormalizedWriter,
}

/// The maximum depth to which values are written as the specification describes them, so that a value within itself cannot
/// exhaust the stack. No documented value is nested as deep.
const MAX_NORMALIZED_DEPTH: usize = 64;

impl Normalizer {
    /// Returns a writer of values of a type; without one, nothing is known of them.
    pub(super) fn new(value: Option<Type>) -> Self {
        let (shapes, root) = Shapes::of_type(value);
        Self { shapes, root, writer: NormalizedWriter::default() }
    }

    /// Returns what [`append_value`](Self::append_value) appends.
    pub(super) fn normalize_value(&mut self, json: &str) -> String {
        let mut text = Vec::with_capacity(json.len());
        self.append_value(json, &mut text);
        // What is made of a string is one.
        String::from_utf8(text).unwrap_or_default()
    }

    /// Appends a value, which is valid JSON, to `text`.
    pub(super) fn append_value(&mut self, json: &str, text: &mut Vec<u8>) {
        let place = Place { shapes: &self.shapes, depth: 0 };
        self.writer.append_value(place, self.root, &mut JsonCursor::new(json), text);
    }
}

/// Where a value is.
#[derive(Clone, Copy)]
struct Place<'a> {
    shapes: &'a Shapes,
    depth: usize,
}

/// What the writer remembers of the objects that it is in.
#[derive(Default)]
struct NormalizedWriter {
    fields: Vec<WrittenField>,
    /// An object in the right order; kept for its allocation.
    reordered: Vec<u8>,
}

/// A field of an object that is being written.
struct WrittenField {
    /// Its place among the documented fields.
    order: usize,
    /// Whether its name is spelled as in the specification.
    is_exact: bool,
    /// Its position in the JSON that was received.
    position: usize,
    /// Where it was written, with a comma behind it; empty if it was left out.
    written: Range<usize>,
}

/// The order of fields that are not documented.
const UNDOCUMENTED: usize = usize::MAX;

impl NormalizedWriter {
    fn append_value(&mut self, place: Place<'_>, shape: ShapeIndex, cursor: &mut JsonCursor<'_>, text: &mut Vec<u8>) {
        let shape = place.shapes.get_shape(if place.depth < MAX_NORMALIZED_DEPTH { shape } else { Shapes::ANY });
        let place = Place { depth: place.depth + 1, ..place };
        match (shape, cursor.peek_byte()) {
            (Shape::List(item), Some(b'[')) => {
                text.push(b'[');
                while cursor.move_to_item() {
                    self.append_value(place, *item, cursor, text);
                    text.push(b',');
                }
                end_container(b']', text);
            }
            (Shape::Map(item), Some(b'{')) => {
                text.push(b'{');
                while let Some(name) = cursor.read_field_name() {
                    name.append_to(text);
                    text.push(b':');
                    self.append_value(place, *item, cursor, text);
                    text.push(b',');
                }
                end_container(b'}', text);
            }
            (Shape::Object(known), Some(b'{')) => self.append_object(place, known, cursor, text),
            (Shape::Union { discriminator, variants }, Some(b'{')) => {
                let value = cursor.find_field(discriminator).and_then(|value| value.as_str());
                let variant = variants.iter().find(|(known, _)| value.as_deref() == Some(*known));
                self.append_value(place, variant.map_or(Shapes::ANY, |(_, shape)| *shape), cursor, text);
            }
            _ => cursor.read_value().append_to(text),
        }
    }

    fn append_object(
        &mut self,
        place: Place<'_>,
        known: &KnownFields,
        cursor: &mut JsonCursor<'_>,
        text: &mut Vec<u8>,
    ) {
        text.push(b'{');
        let (first_field, start) = (self.fields.len(), text.len());
        let (mut previous, mut is_in_order) = (None, true);
        loop {
            let (position, written_start) = (cursor.position(), text.len());
            let Some(name) = cursor.read_field_name() else { break };
            let previous_order = self.fields.get(first_field..).and_then(<[_]>::last).map(|field| field.order);
            let found = name.as_str().and_then(|name| known.find_field(&name, previous));
            let (order, is_exact) = match found {
                Some(FoundField { index, is_exact }) => {
                    let field = known.get_field(index);
                    text.extend_from_slice(field.label.as_bytes());
                    let value_start = text.len();
                    self.append_value(place, field.shape, cursor, text);
                    text.push(b',');
                    if !field.is_nullable && text[value_start..] == *b"null," {
                        text.truncate(written_start);
                    }
                    previous = Some(index);
                    (index, is_exact)
                }
                None => {
                    append_received_field(name, cursor, text);
                    (UNDOCUMENTED, true)
                }
            };
            is_in_order &= previous_order < Some(order) || order == UNDOCUMENTED;
            self.fields.push(WrittenField { order, is_exact, position, written: written_start..text.len() });
        }
        if !is_in_order {
            self.reorder_fields(first_field, cursor, start, text);
        }
        self.fields.truncate(first_field);
        end_container(b'}', text);
    }

    /// Writes the fields from `first_field` on again, which begin at `start` of `text`, in their order.
    fn reorder_fields(&mut self, first_field: usize, cursor: &JsonCursor<'_>, start: usize, text: &mut Vec<u8>) {
        let fields = &mut self.fields[first_field..];
        fields.sort_unstable_by_key(|field| (field.order, field.position));
        let mut has_several = false;
        for same in fields.chunk_by_mut(|one, other| one.order == other.order && one.order != UNDOCUMENTED) {
            // Of several fields with the same name the last one counts, and one that is spelled as documented before others.
            let counting = same.iter().rposition(|field| field.is_exact).unwrap_or(same.len() - 1);
            for (_, field) in same.iter_mut().enumerate().filter(|(index, _)| *index != counting) {
                let (mut cursor, written_start) = (cursor.at_position(field.position), text.len());
                if let Some(name) = cursor.read_field_name() {
                    append_received_field(name, &mut cursor, text);
                }
                (field.order, field.written) = (UNDOCUMENTED, written_start..text.len());
                has_several = true;
            }
        }
        if has_several {
            fields.sort_unstable_by_key(|field| (field.order, field.position));
        }
        self.reordered.clear();
        fields.iter().for_each(|field| self.reordered.extend_from_slice(&text[field.written.clone()]));
        text.truncate(start);
        text.extend_from_slice(&self.reordered);
    }
}

/// Appends the field to whose value the cursor has moved, with a comma behind it.
fn append_received_field(name: ReceivedValue<'_>, cursor: &mut JsonCursor<'_>, text: &mut Vec<u8>) {
    name.append_to(text);
    text.push(b':');
    cursor.read_value().append_to(text);
    text.push(b',');
}

/// Ends an array or an object, whose last part has a comma behind it.
fn end_container(end: u8, text: &mut Vec<u8>) {
    if text.last() == Some(&b',') {
        text.pop();
    }
    text.push(end);
}

#[cfg(test)]
mod tests {
    use super::{MAX_NORMALIZED_DEPTH, Normalizer};
    use partner_center_spec::Type;

    fn normalize(json: &str, value: Type) -> String {
        let mut normalizer = Normalizer::new(Some(value));
        let first = normalizer.normalize_value(json);
        // What is remembered of a value does not change the next one.
        assert_eq!(normalizer.normalize_value(json), first);
        first
    }

    #[test]
    fn documented_fields_come_first_under_their_names() {
        let customer = Type::Schema("Customer");
        for (received, printed) in [
            (
                r#"{"x":1.10,"Id":"1","companyProfile":{"y":[],"Domain":"d"}}"#,
                r#"{"id":"1","companyProfile":{"domain":"d","y":[]},"x":1.10}"#,
            ),
            (
                "{ \"tags\" : [ \"a\\u0062\" ] ,\n\"i\\u0064\" : \"1\" , \"x y\" : { \"\\u0061\" : 1.0 } }",
                r#"{"id":"1","tags":["ab"],"x y":{"a":1.0}}"#,
            ),
            (r#"{"id":"1","ID":"2"}"#, r#"{"id":"1","ID":"2"}"#),
            (r#"{"ID":"2","x":0,"id":"1"}"#, r#"{"id":"1","ID":"2","x":0}"#),
            (r#"{"x":0,"ID":"2","Id":null,"iD":"3"}"#, r#"{"id":"3","x":0,"ID":"2","Id":null}"#),
            (r#"{"id":"1","id":"2","x":1,"x":2}"#, r#"{"id":"2","id":"1","x":1,"x":2}"#),
            (
                r#"{"companyProfile":{"b":1,"domain":"d"},"companyProfile":{}}"#,
                r#"{"companyProfile":{},"companyProfile":{"b":1,"domain":"d"}}"#,
            ),
            (r#"{"id":null,"x":null}"#, r#"{"x":null}"#),
            (r#"{"id":"null","tags":null}"#, r#"{"id":"null"}"#),
            (r#"{"companyProfile":7,"tags":["a"]}"#, r#"{"companyProfile":7,"tags":["a"]}"#),
            ("{}", "{}"),
            ("{ }", "{}"),
            ("[1, 2 ]", "[1,2]"),
            ("null", "null"),
        ] {
            assert_eq!(normalize(received, customer), printed);
        }
        assert_eq!(normalize(r#"[ {"Id":"1"} , [] ]"#, Type::List(&Type::Schema("Customer"))), r#"[{"id":"1"},[]]"#);
        assert_eq!(normalize("[ ]", Type::List(&Type::String)), "[]");
        assert_eq!(normalize(r#"{"a b": {"Id":"1"}}"#, Type::Map(&Type::Schema("Customer"))), r#"{"a b":{"id":"1"}}"#);
        assert_eq!(normalize(r#"{"b": 1, "id": 1e5}"#, Type::Any), r#"{"b":1,"id":1e5}"#);
    }

    #[test]
    fn order_is_that_of_each_object() {
        let customers: String =
            ["{\"tags\":[],\"id\":\"1\"}", "{\"id\":\"2\",\"tags\":[]}", "{\"tags\":[]}", "{\"z\":1,\"id\":\"4\"}"]
                .join(",");
        assert_eq!(
            normalize(&format!("[{customers}]"), Type::List(&Type::Schema("Customer"))),
            r#"[{"id":"1","tags":[]},{"id":"2","tags":[]},{"tags":[]},{"id":"4","z":1}]"#
        );
    }

    #[test]
    fn nesting_is_bounded() {
        const DEEP: usize = 100_000;
        let json = "[".repeat(DEEP) + &"]".repeat(DEEP);
        assert_eq!(normalize(&json, Type::Schema("Customer")), json);
        let lists: &Type =
            (0..2 * MAX_NORMALIZED_DEPTH).fold(&Type::Any, |inner, _| Box::leak(Box::new(Type::List(inner))));
        assert_eq!(normalize(&json, *lists), json);
    }
}
