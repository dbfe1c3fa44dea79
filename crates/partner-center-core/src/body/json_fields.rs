//! The few fields of a JSON object that are of interest, whatever the others are.

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;
use std::{fmt, marker::PhantomData};

/// The names of the fields that are of interest, in any combination of upper and lower case.
pub(crate) trait FieldNames {
    const NAMES: &'static [&'static str];
}

/// The fields of an object that have one of these names, each as unparsed JSON, in their order.
///
/// The values of all other fields are skipped: they take no memory, and need not fit any type.
pub(crate) struct NamedJsonFields<N>(Vec<(String, Box<RawValue>)>, PhantomData<N>);

impl<N> NamedJsonFields<N> {
    /// Returns the values of the field `name`, which may occur more than once, and in more than one spelling.
    pub(crate) fn values_of_field(&self, name: &str) -> impl DoubleEndedIterator<Item = &str> {
        self.0.iter().filter(move |(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.get())
    }
}

impl<'de, N: FieldNames> Deserialize<'de> for NamedJsonFields<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor<N>(PhantomData<N>);
        impl<'de, N: FieldNames> Visitor<'de> for FieldsVisitor<N> {
            type Value = NamedJsonFields<N>;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<NamedJsonFields<N>, A::Error> {
                let mut fields = Vec::new();
                while let Some(name) = object.next_key::<String>()? {
                    if N::NAMES.iter().any(|known| known.eq_ignore_ascii_case(&name)) {
                        fields.push((name, object.next_value()?));
                    } else {
                        object.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(NamedJsonFields(fields, PhantomData))
            }
        }
        deserializer.deserialize_map(FieldsVisitor(PhantomData))
    }
}
