use crate::schema;

/// A named schema.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Schema {
    /// The name, such as `Customer`.
    pub name: &'static str,
    /// The area whose file has it, such as `account`.
    pub area: &'static str,
    /// What it is, in Markdown.
    pub description: &'static str,
    /// The page of the service's documentation.
    pub documentation: Option<&'static Link>,
    /// Its kind.
    pub kind: SchemaKind,
}

/// The kind of a named schema.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum SchemaKind {
    /// An object.
    Object(Object),
    /// A string of which some values are known; others may occur.
    StringEnum(&'static [EnumValue]),
    /// An integer of which some values are known; others may occur.
    IntegerEnum(&'static [EnumValue]),
    /// One of several objects, which a property tells apart.
    Union(Union),
    /// A string or an integer.
    StringOrInteger,
}

/// The properties of an object.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Object {
    /// The properties, in the order of the specification.
    pub properties: &'static [Property],
    /// The type of properties with any other name; `None` if they are not described.
    pub additional: Option<Type>,
}

/// A property of an object.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "each is a keyword of OpenAPI, and they are independent")]
pub struct Property {
    /// The name on the wire, such as `companyProfile`.
    pub name: &'static str,
    /// Other names that responses have instead.
    pub spellings: &'static [&'static str],
    /// The type of its value.
    pub value: Type,
    /// Whether it must be present.
    pub is_required: bool,
    /// Whether `null` is sent on purpose: it clears the value.
    pub is_nullable: bool,
    /// Whether the service sets it, so that requests leave it out.
    pub is_read_only: bool,
    /// Whether only requests have it.
    pub is_write_only: bool,
    /// Why it is deprecated, and by what it is replaced.
    pub deprecated: Option<&'static str>,
    /// What its value must comply with.
    pub constraints: &'static Constraints,
    /// The value that the service assumes where it is absent.
    pub default: Option<&'static str>,
    /// What it is, in Markdown.
    pub description: &'static str,
}

/// What a value must comply with. The service checks it; a client need not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Constraints {
    /// The minimum of an integer that the service accepts.
    pub minimum: Option<i64>,
    /// The minimum that a client sends, if that is above the one that the service accepts.
    pub sent_minimum: Option<i64>,
    /// The maximum of an integer.
    pub maximum: Option<i64>,
    /// The minimum length of a string, in characters.
    pub min_length: Option<usize>,
    /// The maximum length of a string, in characters.
    pub max_length: Option<usize>,
    /// The maximum number of items of a list.
    pub max_items: Option<usize>,
    /// The regular expression that a string matches, as in JavaScript.
    pub pattern: Option<&'static str>,
}

impl Constraints {
    /// No constraints.
    pub const NONE: Self = Self {
        minimum: None,
        sent_minimum: None,
        maximum: None,
        min_length: None,
        max_length: None,
        max_items: None,
        pattern: None,
    };

    /// Returns the minimum of an integer that a client sends.
    #[must_use]
    pub fn client_minimum(&self) -> Option<i64> {
        self.sent_minimum.or(self.minimum)
    }
}

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Type {
    /// A string.
    String,
    /// A string that is a secret.
    Secret,
    /// A string that is a password, which people sign in with.
    Password,
    /// A GUID, as a string.
    Uuid,
    /// A point in time, as a string with a date and a time.
    DateTime,
    /// A date, as a string.
    Date,
    /// A boolean.
    Bool,
    /// An integer of 32 bits.
    Int32,
    /// An integer of 64 bits.
    Int64,
    /// A floating-point number.
    Double,
    /// A decimal number, of which every digit counts.
    Decimal,
    /// Bytes.
    Binary,
    /// Any JSON.
    Any,
    /// A value of a named schema.
    Schema(&'static str),
    /// A list.
    List(&'static Type),
    /// An object whose properties have any name and values of one type.
    Map(&'static Type),
}

impl Type {
    /// Returns the kind of the schema that this type names; `None` for a type that is not a named schema.
    ///
    /// ```
    /// use partner_center_spec::{SchemaKind, Type};
    ///
    /// assert!(matches!(Type::Schema("Customer").schema_kind(), Some(SchemaKind::Object(_))));
    /// assert!(Type::String.schema_kind().is_none());
    /// ```
    #[must_use]
    pub fn schema_kind(self) -> Option<&'static SchemaKind> {
        match self {
            Self::Schema(name) => schema(name).map(|schema| &schema.kind),
            _ => None,
        }
    }

    /// Whether values of this type are secrets, such as passwords.
    #[must_use]
    pub fn is_secret(self) -> bool {
        matches!(self, Self::Secret | Self::Password)
    }

    /// Returns the object that this type names; `None` for any other type.
    #[must_use]
    pub fn object(self) -> Option<&'static Object> {
        match self.schema_kind()? {
            SchemaKind::Object(object) => Some(object),
            _ => None,
        }
    }
}

impl Object {
    /// Returns the property with this name on the wire.
    ///
    /// ```
    /// use partner_center_spec::Type;
    ///
    /// let customer = Type::Schema("Customer").object().unwrap();
    /// assert_eq!(customer.property("companyProfile").unwrap().value, Type::Schema("CustomerCompanyProfile"));
    /// assert!(customer.property("CompanyProfile").is_none());
    /// ```
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&'static Property> {
        self.properties.iter().find(|property| property.name == name)
    }
}

/// A value of an enum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EnumValue {
    /// The value on the wire; of an integer, its digits.
    pub value: &'static str,
    /// What it means, in Markdown.
    pub description: &'static str,
}

/// The objects of a union.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Union {
    /// The property that tells them apart.
    pub discriminator: &'static str,
    /// The known objects.
    pub variants: &'static [UnionVariant],
}

/// An object of a union.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnionVariant {
    /// The value of the discriminator.
    pub value: &'static str,
    /// The name of the schema.
    pub schema: &'static str,
}

/// A link to a page of documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Link {
    /// The title of the page.
    pub title: &'static str,
    /// Its address.
    pub url: &'static str,
}
