//! Objects of several kinds, which a property tells apart.

/// Implements reading and writing of a generated enum with an object in each variant but the last one, `Unknown`.
///
/// `object_union!(Type by "property" { Variant = "value" | "another value", })`, where a variant has the name of its object's type.
#[allow(unused_macros, reason = "not every specification has a union")]
macro_rules! object_union {
    ($type:ident by $discriminator:literal { $($variant:ident = $value:literal $(| $other:literal)*,)* }) => {
        impl $crate::value::Union for $type {
            #[inline]
            fn discriminator(&self) -> &'static str {
                $discriminator
            }
            #[inline]
            fn get(&self) -> $crate::value::UnionRef<'_> {
                match self {
                    $(Self::$variant(object) => $crate::value::UnionRef::Variant($value, &**object),)*
                    Self::Unknown(json) => $crate::value::UnionRef::Unknown(json),
                }
            }
            #[inline]
            fn set_variant(&mut self, value: &str) -> Option<&mut dyn $crate::object::Object> {
                *self = match value {
                    $($value $(| $other)* => Self::$variant($crate::value::Value::empty()),)*
                    _ => return None,
                };
                match self {
                    $(Self::$variant(object) => Some(&mut **object),)*
                    Self::Unknown(_) => None,
                }
            }
            #[inline]
            fn set_unknown(&mut self, json: $crate::JsonValue) {
                *self = Self::Unknown(json);
            }
        }

        impl $crate::value::Value for $type {
            #[inline]
            fn empty() -> Self {
                Self::Unknown($crate::JsonValue::placeholder())
            }
            #[inline]
            fn as_untyped_ref(&self) -> $crate::value::ValueRef<'_> {
                $crate::value::ValueRef::Union(self)
            }
            #[inline]
            fn as_untyped_mut(&mut self) -> $crate::value::ValueMut<'_> {
                $crate::value::ValueMut::Union(self)
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serde::Serialize::serialize(&$crate::writer::SerializedValue($crate::value::ValueRef::Union(self)), serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let mut value = None::<Self>;
                $crate::reader::read_value(deserializer, $crate::value::ValueMut::Optional(&mut value))?;
                value.ok_or_else(|| serde::de::Error::custom(concat!("not an object that is a ", stringify!($type))))
            }
        }

        $(
            impl From<$variant> for $type {
                #[inline]
                fn from(object: $variant) -> Self {
                    Self::$variant(Box::new(object))
                }
            }
        )*
    };
}
#[allow(unused_imports, reason = "not every specification has a union")]
pub(crate) use object_union;
