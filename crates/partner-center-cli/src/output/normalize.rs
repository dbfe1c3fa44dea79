//! Values as the specification describes them: what a program that reads the output may rely on.

use super::{
    json_cursor::{JsonCursor, ReceivedValue},
    shapes::{KnownField, KnownFields, Shape, ShapeIndex, Shapes},
    template::{FieldTemplates, Template},
};
use partner_center_spec::Type;
use std::{mem, ops::Range};

/// Writes values of a type with their documented fields first, in the order of the specification and under their documented
/// names, which some servers begin with a capital. `null` is left out where it means the same as absence. All else stays as it
/// was received, without white space: fields that are not documented, values of other types, and the digits of numbers.
///
/// A value that has the same fields in the same order as others before it is written as they were, by its [template]. Any other
/// one is read once, and most of its fields are copied as they are.
///
/// [template]: super::template::Template
pub(super) struct Normalizer {
    shapes: Shapes,
    root: ShapeIndex,
    reader: ValueReader,
}

/// The maximum depth to which values are written as the specification describes them, so that a value within itself cannot
/// exhaust the stack. No documented value is nested as deep.
const MAX_NORMALIZED_DEPTH: usize = 64;

/// The maximum depth at which values have templates, whose own depth is limited as well, so that the depth to which values are
/// written as described does not matter to what is learned.
const MAX_TEMPLATE_DEPTH: usize = 16;

impl Normalizer {
    /// Returns a writer of values of a type; without one, nothing is known of them.
    pub(super) fn new(value: Option<Type>) -> Self {
        let (shapes, root) = Shapes::of_type(value);
        let templates = (0..shapes.template_count()).map(|_| FieldTemplates::default()).collect();
        Self { shapes, root, reader: ValueReader { templates, ..ValueReader::default() } }
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
        let (mut cursor, place) = (JsonCursor::new(json), ShapesAndDepth { shapes: &self.shapes, depth: 0 });
        let value = self.reader.read_value_by_template_or_shape(place, self.root, Shapes::ROOT_TEMPLATE, &mut cursor);
        text.extend_from_slice(match value {
            ReadValue::Received(range) => cursor.bytes_between(range),
            ReadValue::Changed(range) => &self.reader.changed[range],
        });
        self.reader.changed.clear();
    }
}

/// Where a value is.
#[derive(Clone, Copy)]
struct ShapesAndDepth<'a> {
    shapes: &'a Shapes,
    depth: usize,
}

/// A value that has been read, as it will be written.
enum ReadValue {
    /// As it was received, at this place in the JSON.
    Received(Range<usize>),
    /// As it is at this place in [`ValueReader::changed`].
    Changed(Range<usize>),
}

/// Reads values, and remembers the parts of those that it is in.
#[derive(Default)]
struct ValueReader {
    /// The text of what is not written as it was received.
    changed: Vec<u8>,
    /// The parts of the arrays and objects that are being read. Each is written when all of its parts are read.
    parts: Vec<Part>,
    /// The templates of fields, by their index; none while one is made.
    templates: Vec<FieldTemplates>,
    /// The strings of the value that was recognized last; kept for its allocation.
    strings: Vec<Range<usize>>,
}

/// An item of an array, or a field of an object.
struct Part {
    /// The place of a field among those that are documented.
    order: usize,
    /// Whether the name of a field is spelled as in the specification.
    is_exact: bool,
    /// The position in the JSON that was received.
    position: usize,
    form: PartForm,
}

/// An item, or the name and the value of a field, as it will be written.
enum PartForm {
    /// As it was received, at this place in the JSON.
    Received(Range<usize>),
    /// As it is at this place in [`ValueReader::changed`].
    Changed(Range<usize>),
    /// The documented name, and the value at this place in [`ValueReader::changed`].
    Named(Range<usize>),
    /// Left out.
    LeftOut,
}

/// An array or an object that is being read.
#[derive(Clone, Copy)]
struct Container {
    start: usize,
    /// Its first part among [`ValueReader::parts`].
    first_part: usize,
    /// Where the next part begins if there is no white space before it.
    next: usize,
    /// Whether it is to be written in another way than it was received.
    is_changed: bool,
}

/// The order of fields that are not documented.
const UNDOCUMENTED_FIELD_ORDER: usize = usize::MAX;

impl ValueReader {
    /// Reads a value, as others with this template were read if it has the same fields as they have.
    fn read_value_by_template_or_shape(
        &mut self,
        place: ShapesAndDepth<'_>,
        shape: ShapeIndex,
        template: usize,
        cursor: &mut JsonCursor<'_>,
    ) -> ReadValue {
        let (start, written) = (cursor.position(), self.changed.len());
        let is_useful = |known: &&mut FieldTemplates| {
            known.are_useful() && shape != Shapes::ANY_SHAPE && place.depth <= MAX_TEMPLATE_DEPTH
        };
        let Some(known) = self.templates.get_mut(template).filter(is_useful) else {
            return self.read_value(place, shape, cursor);
        };
        if let Some(value) = known.recognize_and_append_value(cursor.rest(), &mut self.strings, &mut self.changed) {
            cursor.skip_bytes(value.length);
            return if value.is_changed {
                ReadValue::Changed(written..self.changed.len())
            } else {
                ReadValue::Received(start..cursor.position())
            };
        }
        let needs_template = known.need_template();
        let value = self.read_value(place, shape, cursor);
        if needs_template {
            let templates = mem::take(&mut self.templates);
            let received = cursor.json_between(start..cursor.position());
            let learned = Template::try_from_value(received, |json| self.normalize_value_to_string(place, shape, json));
            self.templates = templates;
            self.templates[template].add_template(learned);
        }
        value
    }

    /// Returns what is written for a value.
    fn normalize_value_to_string(&mut self, place: ShapesAndDepth<'_>, shape: ShapeIndex, json: &str) -> String {
        let (written, mut cursor) = (self.changed.len(), JsonCursor::new(json));
        let text = match self.read_value(place, shape, &mut cursor) {
            ReadValue::Received(range) => cursor.bytes_between(range).to_vec(),
            ReadValue::Changed(range) => self.changed[range].to_vec(),
        };
        self.changed.truncate(written);
        // It is UTF-8, as all its parts are strings.
        String::from_utf8(text).unwrap_or_default()
    }

    fn read_value(&mut self, place: ShapesAndDepth<'_>, shape: ShapeIndex, cursor: &mut JsonCursor<'_>) -> ReadValue {
        let shape = place.shapes.get_shape(if place.depth < MAX_NORMALIZED_DEPTH { shape } else { Shapes::ANY_SHAPE });
        let place = ShapesAndDepth { depth: place.depth + 1, ..place };
        match (shape, cursor.peek_byte_after_white_space()) {
            (Shape::Object(known), Some(b'{')) => self.read_object(place, known, cursor),
            (Shape::List(item), Some(b'[')) => self.read_list(place, *item, cursor),
            (Shape::Map(item), Some(b'{')) => self.read_map(place, *item, cursor),
            (Shape::Union { discriminator, variants }, Some(b'{')) => {
                let value = cursor.find_field(discriminator).and_then(|value| value.decode_string());
                let variant = variants.iter().find(|(known, _)| value.as_deref() == Some(*known));
                self.read_value(place, variant.map_or(Shapes::ANY_SHAPE, |(_, shape)| *shape), cursor)
            }
            _ => {
                let start = cursor.position();
                let value = cursor.read_value();
                if value.is_compact {
                    return ReadValue::Received(start..cursor.position());
                }
                ReadValue::Changed(
                    self.append_changed_text_returning_range(|changed| value.append_compact_json_to(changed)),
                )
            }
        }
    }

    fn read_list(&mut self, place: ShapesAndDepth<'_>, item: ShapeIndex, cursor: &mut JsonCursor<'_>) -> ReadValue {
        let mut list = self.new_container_at_cursor(cursor);
        while cursor.move_to_next_item() {
            let position = cursor.position();
            let form = match self.read_value(place, item, cursor) {
                ReadValue::Received(range) => PartForm::Received(range),
                ReadValue::Changed(range) => PartForm::Changed(range),
            };
            self.push_container_part(
                Part { order: UNDOCUMENTED_FIELD_ORDER, is_exact: true, position, form },
                &mut list,
                cursor,
            );
        }
        self.write_container(list, *b"[]", None, cursor)
    }

    fn read_map(&mut self, place: ShapesAndDepth<'_>, item: ShapeIndex, cursor: &mut JsonCursor<'_>) -> ReadValue {
        let mut map = self.new_container_at_cursor(cursor);
        while cursor.move_to_next_field() {
            let position = cursor.position();
            let Some(name) = cursor.read_name_of_current_field() else { break };
            let value = self.read_value(place, item, cursor);
            let form = PartForm::Changed(self.append_changed_text_returning_range(|changed| {
                name.append_compact_json_to(changed);
                changed.push(b':');
                match value {
                    ReadValue::Received(range) => changed.extend_from_slice(cursor.bytes_between(range)),
                    ReadValue::Changed(range) => changed.extend_from_within(range),
                }
            }));
            self.push_container_part(
                Part { order: UNDOCUMENTED_FIELD_ORDER, is_exact: true, position, form },
                &mut map,
                cursor,
            );
        }
        self.write_container(map, *b"{}", None, cursor)
    }

    fn read_object(
        &mut self,
        place: ShapesAndDepth<'_>,
        known: &KnownFields,
        cursor: &mut JsonCursor<'_>,
    ) -> ReadValue {
        let mut object = self.new_container_at_cursor(cursor);
        let (mut previous, mut previous_order, mut is_in_order) = (None, None, true);
        while cursor.move_to_next_field() {
            let position = cursor.position();
            // In most objects of a list, the same fields follow each other.
            let mut name = FieldName { position, received: None, is_as_written: true, is_exact: true };
            let order = known.find_next_field(previous, |label| cursor.skip_text(label));
            let order = if let Some(order) = order {
                order
            } else {
                let Some(received) = cursor.read_name_of_current_field() else { break };
                let found = received.decode_string().and_then(|name| known.find_field_and_learn_order(&name, previous));
                name.received = Some(received);
                name.is_exact = found.as_ref().is_none_or(|found| found.is_exact);
                name.is_as_written =
                    name.is_exact && received.is_compact && cursor.position() == position + received.json.len() + 1;
                found.map_or(UNDOCUMENTED_FIELD_ORDER, |found| found.index)
            };
            let field = (order != UNDOCUMENTED_FIELD_ORDER).then(|| known.get_field(order));
            let form = self.read_field(place, name, field, cursor);
            previous = if field.is_some() { Some(order) } else { previous };
            is_in_order &= previous_order < Some(order) || order == UNDOCUMENTED_FIELD_ORDER;
            previous_order = Some(order);
            self.push_container_part(Part { order, is_exact: name.is_exact, position, form }, &mut object, cursor);
        }
        if !is_in_order {
            object.is_changed = true;
            self.sort_buffered_fields(object.first_part, cursor);
        }
        self.write_container(object, *b"{}", Some(known), cursor)
    }

    /// Reads the value of a field, which is `known` if it is documented, and returns how the field will be written.
    fn read_field(
        &mut self,
        place: ShapesAndDepth<'_>,
        name: FieldName<'_>,
        known: Option<&KnownField>,
        cursor: &mut JsonCursor<'_>,
    ) -> PartForm {
        let start = cursor.position();
        if let Some(known) = known
            && known.shape != Shapes::ANY_SHAPE
            && matches!(cursor.peek_byte_after_white_space(), Some(b'{' | b'['))
        {
            return match self.read_value_by_template_or_shape(place, known.shape, known.template, cursor) {
                ReadValue::Received(range) if name.is_as_written && range.start == start => {
                    PartForm::Received(name.position..range.end)
                }
                ReadValue::Received(range) => PartForm::Named(self.append_changed_text_returning_range(|changed| {
                    changed.extend_from_slice(cursor.bytes_between(range));
                })),
                ReadValue::Changed(range) => PartForm::Named(range),
            };
        }
        let value = cursor.read_value();
        if value.json == "null" && known.is_some_and(|known| !known.is_nullable) {
            return PartForm::LeftOut;
        }
        if name.is_as_written && value.is_compact && cursor.position() == start + value.json.len() {
            return PartForm::Received(name.position..cursor.position());
        }
        match name.received.filter(|_| known.is_none()) {
            Some(name) => PartForm::Changed(
                self.append_changed_text_returning_range(|changed| append_field(name, value, changed)),
            ),
            None => PartForm::Named(
                self.append_changed_text_returning_range(|changed| value.append_compact_json_to(changed)),
            ),
        }
    }

    /// Puts the fields from `first` on into their order.
    fn sort_buffered_fields(&mut self, first: usize, cursor: &JsonCursor<'_>) {
        let fields = &mut self.parts[first..];
        fields.sort_unstable_by_key(|field| (field.order, field.position));
        let is_same = |one: &Part, other: &Part| one.order == other.order && one.order != UNDOCUMENTED_FIELD_ORDER;
        if !fields.is_sorted_by(|one, other| !is_same(one, other)) {
            for same in fields.chunk_by_mut(is_same) {
                // Of several fields with the same name the last one counts, and one that is spelled as documented before others.
                let counting = same.iter().rposition(|field| field.is_exact).unwrap_or(same.len() - 1);
                for (_, field) in same.iter_mut().enumerate().filter(|(index, _)| *index != counting) {
                    let (mut cursor, start) = (cursor.at_position(field.position), self.changed.len());
                    if let Some(name) = cursor.read_name_of_current_field() {
                        append_field(name, cursor.read_value(), &mut self.changed);
                    }
                    (field.order, field.form) =
                        (UNDOCUMENTED_FIELD_ORDER, PartForm::Changed(start..self.changed.len()));
                }
            }
            fields.sort_unstable_by_key(|field| (field.order, field.position));
        }
    }

    fn new_container_at_cursor(&self, cursor: &JsonCursor<'_>) -> Container {
        let start = cursor.position();
        Container { start, first_part: self.parts.len(), next: start + 1, is_changed: false }
    }

    /// Adds the part of a container that was read last.
    fn push_container_part(&mut self, part: Part, container: &mut Container, cursor: &JsonCursor<'_>) {
        container.is_changed |= part.position != container.next || !matches!(part.form, PartForm::Received(_));
        container.next = cursor.position() + 1;
        self.parts.push(part);
    }

    /// Writes an array or an object whose parts have been read, unless it is the same as it was received.
    fn write_container(
        &mut self,
        container: Container,
        [begin, end]: [u8; 2],
        known: Option<&KnownFields>,
        cursor: &JsonCursor<'_>,
    ) -> ReadValue {
        let Container { start, first_part, next, is_changed } = container;
        let has_white_space_at_end = cursor.position() > next.max(start + 2);
        if !is_changed && !has_white_space_at_end {
            self.parts.truncate(first_part);
            return ReadValue::Received(start..cursor.position());
        }
        let (written, changed) = (self.changed.len(), &mut self.changed);
        changed.push(begin);
        for part in self.parts.drain(first_part..) {
            match part.form {
                PartForm::Received(range) => changed.extend_from_slice(cursor.bytes_between(range)),
                PartForm::Changed(range) => changed.extend_from_within(range),
                PartForm::Named(range) => {
                    let label = known.map(|known| known.get_field(part.order).label.as_bytes());
                    changed.extend_from_slice(label.unwrap_or_default());
                    changed.extend_from_within(range);
                }
                PartForm::LeftOut => continue,
            }
            changed.push(b',');
        }
        if changed.last() == Some(&b',') {
            changed.pop();
        }
        changed.push(end);
        ReadValue::Changed(written..changed.len())
    }

    /// Lets `append` append to the text of what is changed, and returns the place of what it appended.
    fn append_changed_text_returning_range(&mut self, append: impl FnOnce(&mut Vec<u8>)) -> Range<usize> {
        let start = self.changed.len();
        append(&mut self.changed);
        start..self.changed.len()
    }
}

/// The name of a field, which has been read.
#[derive(Clone, Copy)]
struct FieldName<'a> {
    position: usize,
    /// `None` if it is the documented name, directly before the value.
    received: Option<ReceivedValue<'a>>,
    /// Whether it is written as it was received.
    is_as_written: bool,
    /// Whether it is spelled as in the specification.
    is_exact: bool,
}

/// Appends a field that is not documented.
fn append_field(name: ReceivedValue<'_>, value: ReceivedValue<'_>, text: &mut Vec<u8>) {
    name.append_compact_json_to(text);
    text.push(b':');
    value.append_compact_json_to(text);
}

#[cfg(test)]
mod tests {
    use super::{FieldTemplates, MAX_NORMALIZED_DEPTH, Normalizer};
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

    /// A sequence of numbers, the same in each run.
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, limit: usize) -> usize {
            // Constants of Knuth's MMIX.
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from((self.0 >> 33) % u64::try_from(limit).unwrap()).unwrap()
        }

        fn is_one_in(&mut self, count: usize) -> bool {
            self.below(count) == 0
        }

        fn choose<'a>(&mut self, texts: &[&'a str]) -> &'a str {
            texts[self.below(texts.len())]
        }

        fn scalar(&mut self) -> String {
            let texts = [
                "\"a\"",
                "\"reseller\"",
                "\"\"",
                "\"b \\\"c\\\" \\\\\"",
                "\"\\u00e9\\/\"",
                "\"é 🥐 {}[],:\"",
                "\"null\"",
                "null",
                "true",
                "1",
                "12",
                "-1.10e5",
                "[]",
                "{}",
                "[\"x\",\"y\"]",
                "{\"z\":[1,{\"y\":\"x\"}]}",
            ];
            // Most are strings, as most values of the service are.
            if self.is_one_in(3) { self.choose(&texts).to_owned() } else { format!("\"{}\"", self.below(1_000)) }
        }

        /// Returns an object with most of the fields, in their order or, rarely, in another one.
        fn object(&mut self, fields: &[(&str, String)]) -> String {
            let mut fields: Vec<_> = fields.iter().filter(|_| !self.is_one_in(8)).cloned().collect();
            if self.is_one_in(8) && !fields.is_empty() {
                let (one, other) = (self.below(fields.len()), self.below(fields.len()));
                fields.swap(one, other);
                let again = fields[self.below(fields.len())].clone();
                fields.insert(other, again);
            }
            let space = if self.is_one_in(16) { " " } else { "" };
            let fields: Vec<_> = fields
                .into_iter()
                .map(|(name, value)| {
                    let name = if self.is_one_in(32) { name.to_uppercase() } else { name.to_owned() };
                    let value = if self.is_one_in(32) { "null".to_owned() } else { value };
                    format!("{space}\"{name}\"{space}:{value}{space}")
                })
                .collect();
            format!("{{{}}}", fields.join(","))
        }

        fn customer(&mut self) -> String {
            let link = [("headers", "[]".to_owned()), ("method", "\"GET\"".to_owned()), ("uri", self.scalar())];
            let links = [("self", self.object(&link))];
            let links = self.object(&links);
            let attributes = self.object(&[("objectType", "\"Customer\"".to_owned()), ("etag", "\"1\"".to_owned())]);
            let address = [("city", self.scalar()), ("addressLine1", self.scalar()), ("other", self.scalar())];
            let profile = [
                ("address", self.object(&address)),
                ("attributes", attributes.clone()),
                ("companyName", self.scalar()),
                ("domain", self.scalar()),
                ("links", links.clone()),
            ];
            let customer = [
                ("attributes", attributes),
                ("companyProfile", self.object(&profile)),
                ("customDomains", "[\"a.example\",\"b.example\"]".to_owned()),
                ("id", self.scalar()),
                ("new", self.scalar()),
                ("links", links),
                ("relationshipToPartner", self.scalar()),
            ];
            self.object(&customer)
        }
    }

    #[test]
    fn templates_write_what_is_written_without_them() {
        for seed in 0..16 {
            let (mut numbers, mut normalizer) = (Numbers(seed), Normalizer::new(Some(Type::Schema("Customer"))));
            let mut plain = Normalizer::new(Some(Type::Schema("Customer")));
            plain.reader.templates.clear();
            // Some have the same fields for long.
            let mut customer = numbers.customer();
            for _ in 0..200 {
                if numbers.is_one_in(3) {
                    customer = numbers.customer();
                }
                let digits = format!("\"{}\"", numbers.below(1_000));
                let json = customer.replace("\"1", &digits[..2]);
                assert_eq!(normalizer.normalize_value(&json), plain.normalize_value(&json), "{json}");
            }
            let recognized: usize = normalizer.reader.templates.iter().map(FieldTemplates::recognized_count).sum();
            assert!(recognized > 100, "{recognized}");
        }
    }

    #[test]
    fn number_in_a_template_is_not_the_beginning_of_another_one() {
        let mut normalizer = Normalizer::new(Some(Type::Schema("Customer")));
        for value in ["12", "123", "\"1\"", "{\"id\":1}", "{\"id\":12}", "{\"id\":1,\"x\":2}", "{\"id\":1}"] {
            assert_eq!(normalizer.normalize_value(value), value);
        }
    }

    #[test]
    fn form_of_a_union_is_that_of_its_discriminator() {
        let operation = |value| format!(r#"{{"b":"1","a":"{value}"}}"#);
        let union = partner_center_spec::SCHEMAS.iter().find_map(|schema| match &schema.kind {
            partner_center_spec::SchemaKind::Union(_) => Some(Type::Schema(schema.name)),
            _ => None,
        });
        let mut normalizer = Normalizer::new(union);
        assert!(normalizer.reader.templates.is_empty());
        assert_eq!(normalizer.normalize_value(&operation("x")), operation("x"));
    }
}
