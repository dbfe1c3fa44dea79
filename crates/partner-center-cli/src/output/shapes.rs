//! What the specification says of the values that are printed, looked up once for all items of a list.

use partner_center_spec::{Object, SchemaKind, Type};
use std::{cell::Cell, collections::HashMap};

/// The shapes of a value and of all values within it. They refer to each other by their index, as objects may contain themselves.
pub(super) struct Shapes {
    all: Vec<Shape>,
    /// The number of templates of values.
    templates: usize,
    of_schemas: HashMap<&'static str, ShapeIndex>,
}

/// The index of a shape.
pub(super) type ShapeIndex = usize;

/// What is known of a value.
pub(super) enum Shape {
    /// Nothing that matters for its form.
    Any,
    List(ShapeIndex),
    Map(ShapeIndex),
    Object(KnownFields),
    Union {
        discriminator: &'static str,
        /// The values of the discriminator.
        variants: Vec<(&'static str, ShapeIndex)>,
    },
}

/// The fields of an object that the specification describes, in its order.
pub(super) struct KnownFields {
    fields: Vec<KnownField>,
    /// The field that tends to come first.
    first: Cell<usize>,
}

/// A field that the specification describes.
pub(super) struct KnownField {
    pub(super) name: &'static str,
    /// The name as JSON, with the colon behind it.
    pub(super) label: String,
    /// Whether `null` means something else than absence.
    pub(super) is_nullable: bool,
    pub(super) shape: ShapeIndex,
    /// The index of the template of its values.
    pub(super) template: usize,
    /// The field that tends to come next.
    next: Cell<usize>,
}

/// The maximum number of fields that are compared with the next one before it is looked up by its name.
const MAX_GUESSES: usize = 4;

/// A known field that was found by its name.
pub(super) struct FoundField {
    pub(super) index: usize,
    /// Whether the name is spelled as in the specification.
    pub(super) is_exact: bool,
}

impl Shapes {
    /// The shape of which nothing is known.
    pub(super) const ANY_SHAPE: ShapeIndex = 0;
    /// The index of the template of the whole value.
    pub(super) const ROOT_TEMPLATE: usize = 0;

    /// Returns the shapes of values of a type, and the index of that of the type itself.
    pub(super) fn of_type(value: Option<Type>) -> (Self, ShapeIndex) {
        let mut shapes = Self { all: vec![Shape::Any], templates: Self::ROOT_TEMPLATE + 1, of_schemas: HashMap::new() };
        let index = value.map_or(Self::ANY_SHAPE, |value| shapes.add_type(value));
        (shapes, index)
    }

    /// Returns the number of templates: that of the whole value, and one for each field. Where the form of a value depends on a
    /// string in it, there are none.
    pub(super) fn template_count(&self) -> usize {
        let has_union = self.all.iter().any(|shape| matches!(shape, Shape::Union { .. }));
        if has_union { 0 } else { self.templates }
    }

    pub(super) fn get_shape(&self, index: ShapeIndex) -> &Shape {
        &self.all[index]
    }

    fn add_type(&mut self, value: Type) -> ShapeIndex {
        match value {
            Type::List(item) => match self.add_type(*item) {
                Self::ANY_SHAPE => Self::ANY_SHAPE,
                item => self.push_shape(Shape::List(item)),
            },
            Type::Map(item) => match self.add_type(*item) {
                Self::ANY_SHAPE => Self::ANY_SHAPE,
                item => self.push_shape(Shape::Map(item)),
            },
            Type::Schema(name) => self.add_schema(name, value.schema_kind()),
            _ => Self::ANY_SHAPE,
        }
    }

    fn add_schema(&mut self, name: &'static str, kind: Option<&'static SchemaKind>) -> ShapeIndex {
        if !matches!(kind, Some(SchemaKind::Object(_) | SchemaKind::Union(_))) {
            return Self::ANY_SHAPE;
        }
        if let Some(index) = self.of_schemas.get(name) {
            return *index;
        }
        // It has its index before its fields are looked up, which may be of the same type.
        let index = self.push_shape(Shape::Any);
        self.of_schemas.insert(name, index);
        let shape = match kind {
            Some(SchemaKind::Object(object)) => Shape::Object(self.known_fields_of_object(object)),
            Some(SchemaKind::Union(union)) => {
                let variants = union.variants.iter();
                let variants =
                    variants.map(|variant| (variant.value, self.add_type(Type::Schema(variant.schema)))).collect();
                Shape::Union { discriminator: union.discriminator, variants }
            }
            _ => Shape::Any,
        };
        self.all[index] = shape;
        index
    }

    fn known_fields_of_object(&mut self, object: &Object) -> KnownFields {
        let fields = object.properties.iter().enumerate().map(|(index, property)| KnownField {
            name: property.name,
            label: serde_json::Value::from(property.name).to_string() + ":",
            is_nullable: property.is_nullable,
            shape: self.add_type(property.value),
            template: self.add_template(),
            next: Cell::new(index + 1),
        });
        KnownFields { fields: fields.collect(), first: Cell::new(0) }
    }

    fn add_template(&mut self) -> usize {
        self.templates += 1;
        self.templates - 1
    }

    fn push_shape(&mut self, shape: Shape) -> ShapeIndex {
        self.all.push(shape);
        self.all.len() - 1
    }
}

impl KnownFields {
    pub(super) fn get_field(&self, index: usize) -> &KnownField {
        &self.fields[index]
    }

    /// Finds the field whose label `is_next`, among those that tend to come next behind the known field `previous`. Those in
    /// between may be absent.
    #[inline]
    pub(super) fn find_next_field(
        &self,
        previous: Option<usize>,
        mut is_next: impl FnMut(&str) -> bool,
    ) -> Option<usize> {
        let mut index = previous.map_or(&self.first, |previous| &self.fields[previous].next).get();
        for _ in 0..MAX_GUESSES {
            let field = self.fields.get(index)?;
            if is_next(&field.label) {
                return Some(index);
            }
            index = field.next.get();
        }
        None
    }

    /// Finds the field with this name, which may have other capitals, in an object in which it comes behind the known field
    /// `previous`. From then on it is one of those that [tend to come next](Self::find_next_field).
    pub(super) fn find_field_and_learn_order(&self, name: &str, previous: Option<usize>) -> Option<FoundField> {
        let find = |is_named: &dyn Fn(&str) -> bool| self.fields.iter().position(|field| is_named(field.name));
        let exact = find(&|known| known == name);
        let index = exact.or_else(|| find(&|known| known.eq_ignore_ascii_case(name)))?;
        let next = previous.map_or(&self.first, |previous| &self.fields[previous].next);
        self.fields[index].next.set(next.replace(index));
        Some(FoundField { index, is_exact: exact.is_some() })
    }
}
