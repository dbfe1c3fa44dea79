//! Values as the specification describes them: what a program that reads the output may rely on.

use super::{
    json_cursor::{JsonCursor, ReceivedValue},
    shapes::{KnownField, KnownFields, Shape, ShapeIndex, Shapes},
};
use partner_center_spec::Type;
use std::ops::Range;

/// Writes values of a type with their documented fields first, in the order of the specification and under their documented
/// names, which some servers begin with a capital. `null` is left out where it means the same as absence. All else stays as it
/// was received, without white space: fields that are not documented, values of other types, and the digits of numbers.
///
/// A value is read once, and most of its fields are copied as they are.
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
        // It is UTF-8, as all its parts are strings.
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
    fields: Vec<ReadField>,
}

/// A field of an object that is being read. The object is written when all of them are.
struct ReadField {
    /// Its place among the documented fields.
    order: usize,
    /// Whether its name is spelled as in the specification.
    is_exact: bool,
    /// Its position in the JSON that was received.
    position: usize,
    form: FieldForm,
}

/// The name and the value of a field, as they will be written.
enum FieldForm {
    /// As they are at this place in the JSON that was received.
    Received(Range<usize>),
    /// Written already, at this place in the text, from which the object copies it.
    Written(Range<usize>),
    /// Left out.
    LeftOut,
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
        let (first_field, start) = (self.fields.len(), text.len());
        let (mut previous, mut previous_order, mut is_in_order) = (None, None, true);
        while cursor.move_to_field() {
            let position = cursor.position();
            let Some(name) = cursor.read_name() else { break };
            let found = name.as_str().and_then(|name| known.find_field(&name, previous));
            let (order, is_exact) = found.map_or((UNDOCUMENTED, true), |found| (found.index, found.is_exact));
            let field = (order != UNDOCUMENTED).then(|| known.get_field(order));
            let form = self.read_field(place, (position, name, is_exact), field, cursor, text);
            previous = if field.is_some() { Some(order) } else { previous };
            is_in_order &= previous_order < Some(order) || order == UNDOCUMENTED;
            previous_order = Some(order);
            self.fields.push(ReadField { order, is_exact, position, form });
        }
        if !is_in_order {
            self.order_fields(first_field, cursor, text);
        }
        let end_of_written = text.len();
        text.push(b'{');
        for field in &self.fields[first_field..] {
            match &field.form {
                FieldForm::Received(range) => {
                    text.extend_from_slice(cursor.json_between(range.clone()).as_bytes());
                }
                FieldForm::Written(range) => text.extend_from_within(range.clone()),
                FieldForm::LeftOut => continue,
            }
            text.push(b',');
        }
        end_container(b'}', text);
        self.fields.truncate(first_field);
        if end_of_written > start {
            text.drain(start..end_of_written);
        }
    }

    /// Reads the value of a field, which is `known` if it is documented, and returns how it will be written.
    fn read_field(
        &mut self,
        place: Place<'_>,
        (position, name, is_exact): (usize, ReceivedValue<'_>, bool),
        known: Option<&KnownField>,
        cursor: &mut JsonCursor<'_>,
        text: &mut Vec<u8>,
    ) -> FieldForm {
        let shape = known.map_or(Shapes::ANY, |known| known.shape);
        let written_start = text.len();
        if let Some(known) = known
            && shape != Shapes::ANY
            && matches!(cursor.peek_byte(), Some(b'{' | b'['))
        {
            text.extend_from_slice(known.label.as_bytes());
            self.append_value(place, shape, cursor, text);
            return FieldForm::Written(written_start..text.len());
        }
        let value = cursor.read_value();
        if value.json == "null" && known.is_some_and(|known| !known.is_nullable) {
            return FieldForm::LeftOut;
        }
        let received = position..cursor.position();
        let is_compact =
            name.is_compact && value.is_compact && received.len() == name.json.len() + 1 + value.json.len();
        if is_compact && is_exact {
            return FieldForm::Received(received);
        }
        append_field(known, name, value, text);
        FieldForm::Written(written_start..text.len())
    }

    /// Puts the fields from `first_field` on into their order.
    fn order_fields(&mut self, first_field: usize, cursor: &JsonCursor<'_>, text: &mut Vec<u8>) {
        let fields = &mut self.fields[first_field..];
        fields.sort_unstable_by_key(|field| (field.order, field.position));
        let is_same = |one: &ReadField, other: &ReadField| one.order == other.order && one.order != UNDOCUMENTED;
        if !fields.is_sorted_by(|one, other| !is_same(one, other)) {
            for same in fields.chunk_by_mut(is_same) {
                // Of several fields with the same name the last one counts, and one that is spelled as documented before others.
                let counting = same.iter().rposition(|field| field.is_exact).unwrap_or(same.len() - 1);
                for (_, field) in same.iter_mut().enumerate().filter(|(index, _)| *index != counting) {
                    let (mut cursor, written_start) = (cursor.at_position(field.position), text.len());
                    if let Some(name) = cursor.read_name() {
                        append_field(None, name, cursor.read_value(), text);
                    }
                    (field.order, field.form) = (UNDOCUMENTED, FieldForm::Written(written_start..text.len()));
                }
            }
            fields.sort_unstable_by_key(|field| (field.order, field.position));
        }
    }
}

/// Appends a field, under its documented name if it is `known`.
fn append_field(known: Option<&KnownField>, name: ReceivedValue<'_>, value: ReceivedValue<'_>, text: &mut Vec<u8>) {
    if let Some(known) = known {
        text.extend_from_slice(known.label.as_bytes());
    } else {
        name.append_to(text);
        text.push(b':');
    }
    value.append_to(text);
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
