use crate::writer::undescribed_paths;
use serde::{Serialize, de::DeserializeOwned};

/// An object of the API: one of the generated structs. Sealed.
pub trait Resource: Serialize + DeserializeOwned + sealed::Sealed {
    /// Returns the paths of everything in this object that the specification does not describe: unknown fields, fields with a
    /// value of a type other than documented, and strings that an enum has no variant for.
    ///
    /// All of these are kept and serialized as received. A program that logs the paths notices when the service has changed.
    ///
    /// ```
    /// use partner_center_models::{Customer, Resource};
    ///
    /// let customer: Customer = serde_json::from_str(r#"{
    ///     "companyProfile": {"companyName": "Contoso", "motto": "Ever onward"},
    ///     "relationshipToPartner": "distributor",
    ///     "commerceId": 42
    /// }"#)?;
    /// assert_eq!(
    ///     customer.undescribed_paths(),
    ///     ["companyProfile.motto", "relationshipToPartner", "commerceId"]
    /// );
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    fn undescribed_paths(&self) -> Vec<String>;
}

impl<T: Serialize + DeserializeOwned + sealed::Sealed> Resource for T {
    #[inline]
    fn undescribed_paths(&self) -> Vec<String> {
        undescribed_paths(self)
    }
}

pub(crate) mod sealed {
    use crate::{object::Object, value::Value};

    pub trait Sealed: Object + Value + 'static {}
}

/// Implements what [`Resource`] needs for a generated struct, and `Serialize`, `Deserialize` and `Debug`, so that nothing of its JSON
/// object is lost.
///
/// `resource!(Type: Clone PartialEq Default { ... })` implements those traits as well, by the table of the fields.
///
/// Each field is `index presence kind field = "name" | "another name"`, where the presence is one of
/// [`Presence`](crate::object::Presence) and the kind one of [`ValueMut`](crate::value::ValueMut). With `additional field`, that
/// field is a map of the properties with any other name.
///
/// All functions are `#[inline]` or have a type parameter: that way they are compiled for those types only that a program uses.
macro_rules! resource {
    ($type:ident $(: $($trait:ident)+)? {
        $($index:literal $presence:ident $kind:ident $field:ident = $name:literal $(| $spelling:literal)*,)*
    } $(additional $additional:ident)?) => {
        impl $crate::object::Object for $type {
            #[inline]
            fn schema(&self) -> &'static $crate::object::ObjectSchema {
                static SCHEMA: $crate::object::ObjectSchema = $crate::object::ObjectSchema::new(
                    stringify!($type),
                    &[$($name),*],
                    &[$(stringify!($field)),*],
                    &[$($crate::object::Presence::$presence),*],
                    &[$($(($index, $spelling),)*)*],
                );
                &SCHEMA
            }
            #[inline]
            fn field(&self, index: usize) -> $crate::value::ValueRef<'_> {
                match index {
                    $($index => resource!(@value $kind &self.$field),)*
                    _ => $crate::object::no_such_field(),
                }
            }
            #[inline]
            fn field_mut(&mut self, index: usize) -> $crate::value::ValueMut<'_> {
                match index {
                    $($index => $crate::value::ValueMut::$kind(&mut self.$field),)*
                    _ => $crate::object::no_such_field(),
                }
            }
            #[inline]
            fn unknown_fields(&self) -> &$crate::UnknownFields {
                &self.unknown_fields
            }
            #[inline]
            fn unknown_fields_mut(&mut self) -> &mut $crate::UnknownFields {
                &mut self.unknown_fields
            }
            $(
                #[inline]
                fn additional_properties(&self) -> Option<&dyn $crate::value::Map> {
                    Some(&self.$additional)
                }
                #[inline]
                fn additional_properties_mut(&mut self) -> Option<&mut dyn $crate::value::Map> {
                    Some(&mut self.$additional)
                }
            )?
        }

        impl $crate::value::Value for $type {
            #[inline]
            fn empty() -> Self {
                Self {
                    $($field: resource!(@empty $presence),)*
                    $($additional: std::collections::BTreeMap::new(),)?
                    unknown_fields: $crate::UnknownFields::default(),
                }
            }
            #[inline]
            fn as_untyped_ref(&self) -> $crate::value::ValueRef<'_> {
                $crate::value::ValueRef::Object(self)
            }
            #[inline]
            fn as_untyped_mut(&mut self) -> $crate::value::ValueMut<'_> {
                $crate::value::ValueMut::Object(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let mut value = <Self as $crate::value::Value>::empty();
                $crate::reader::read_resource(deserializer, &mut value)?;
                Ok(value)
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::writer::write_object(self, serializer)
            }
        }

        impl std::fmt::Debug for $type {
            #[inline]
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                $crate::writer::debug_object(self, formatter)
            }
        }

        impl $crate::resource::sealed::Sealed for $type {}

        $($(resource!(@implement $trait $type);)+)?
    };
    (@implement Clone $type:ident) => {
        impl Clone for $type {
            #[inline]
            fn clone(&self) -> Self {
                let mut copy = <Self as $crate::value::Value>::empty();
                $crate::copy::copy_object(self, &mut copy);
                copy
            }
        }
    };
    (@implement PartialEq $type:ident) => {
        impl PartialEq for $type {
            #[inline]
            fn eq(&self, other: &Self) -> bool {
                $crate::copy::are_objects_equal(self, other)
            }
        }
    };
    (@implement Default $type:ident) => {
        impl Default for $type {
            #[inline]
            fn default() -> Self {
                <Self as $crate::value::Value>::empty()
            }
        }
    };
    (@value Decimal $field:expr) => { $crate::value::ValueRef::Scalar($field) };
    (@value $kind:ident $field:expr) => { $crate::value::ValueRef::$kind($field) };
    (@empty Optional) => { None };
    (@empty Nullable) => { None };
    (@empty $presence:ident) => { $crate::value::Value::empty() };
}
pub(crate) use resource;
