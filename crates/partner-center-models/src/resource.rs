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
    ///     customer.unknown_paths(),
    ///     ["companyProfile.motto", "relationshipToPartner", "commerceId"]
    /// );
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    fn unknown_paths(&self) -> Vec<String>;
}

pub(crate) mod sealed {
    pub trait Sealed: Sized {
        /// Parses `json` as leniently as a field of another object; `None` if a required field is missing.
        fn from_json(json: &str) -> Option<Self>;
    }
}

/// Implements `Serialize`, `Deserialize` and [`Resource`] for a generated struct, so that nothing of its JSON object is lost.
///
/// Each field is `kind field = "name" | "AnotherSpelling"`, where the kind is `optional` (an `Option`, absent when `None`),
/// `list` (a `Vec`, which must be present but may be null) or `required`.
macro_rules! resource {
    ($type:ident { $($kind:ident $field:ident = $name:literal $(| $spelling:literal)*,)* }) => {
        const _: () = {
            #[allow(non_camel_case_types, reason = "the variants have the names of the fields")]
            enum Field { $($field),* }

            impl $crate::lenient::KnownField for Field {
                fn find(name: &str) -> Option<Self> {
                    match name {
                        $($name $(| $spelling)* => Some(Self::$field),)*
                        _ => None,
                    }
                }
            }

            impl $crate::lenient::SchemaValue for $type {
                fn from_object<'de, A: serde::de::MapAccess<'de>>(
                    mut object: A,
                ) -> Result<$crate::lenient::Parsed<Self>, A::Error> {
                    $(let mut $field = None;)*
                    let mut unknown_fields = $crate::UnknownFields::default();
                    let is_exact = $crate::loss_mode::is_exact();
                    while let Some(name) = object.next_key()? {
                        match name {
                            $($crate::lenient::FieldKey::Field(Field::$field) => {
                                $field = Some($crate::lenient::read_field(&mut object, $name, &mut unknown_fields, is_exact)?);
                            })*
                            $crate::lenient::FieldKey::Unknown(name) => {
                                unknown_fields.insert(name, object.next_value::<$crate::JsonValue>()?);
                            }
                        }
                    }
                    if let Some(number) = $crate::lenient::private_number_of_fields(&unknown_fields)
                        $(&& $field.is_none())*
                    {
                        return Ok($crate::lenient::Parsed::Raw(number));
                    }
                    Ok($crate::lenient::Parsed::Typed(Self {
                        $($field: resource!(@read $kind $field, $name, &unknown_fields),)*
                        unknown_fields,
                    }))
                }
                fn unknown_paths(&self, at: &str, paths: &mut Vec<String>) {
                    $($crate::lenient::SchemaValue::unknown_paths(
                        &self.$field,
                        &$crate::lenient::field_path(at, $name),
                        paths,
                    );)*
                    paths.extend(self.unknown_fields.iter().map(|(name, _)| $crate::lenient::field_path(at, name)));
                }
            }

            impl<'de> serde::Deserialize<'de> for $type {
                fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    struct Object;
                    impl<'de> serde::de::Visitor<'de> for Object {
                        type Value = $type;
                        fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                            formatter.write_str(concat!("an object that is a ", stringify!($type)))
                        }
                        fn visit_map<A: serde::de::MapAccess<'de>>(self, object: A) -> Result<$type, A::Error> {
                            let value: $type = match $crate::lenient::SchemaValue::from_object(object)? {
                                $crate::lenient::Parsed::Typed(value) => value,
                                $crate::lenient::Parsed::Raw(_) => {
                                    return Err(serde::de::Error::custom("a number where an object was expected"));
                                }
                            };
                            // An object of another kind, such as an error body with the status 200.
                            if value.has_no_known_field() && !value.unknown_fields.is_empty() {
                                return Err(serde::de::Error::custom(concat!("an object that is not a ", stringify!($type))));
                            }
                            Ok(value)
                        }
                    }
                    deserializer.deserialize_map(Object)
                }
            }

            impl serde::Serialize for $type {
                fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    let mut object = serializer.serialize_map(None)?;
                    $(resource!(@write $kind object, $name, &self.$field);)*
                    for (name, value) in self.unknown_fields.iter() {
                        // A field that was set replaces the raw value that was kept for it.
                        let is_free = match $crate::lenient::KnownField::find(name) {
                            $(Some(Field::$field) => resource!(@is_free $kind &self.$field),)*
                            None => true,
                        };
                        if is_free {
                            serde::ser::SerializeMap::serialize_entry(&mut object, name, value)?;
                        }
                    }
                    serde::ser::SerializeMap::end(object)
                }
            }

            impl $type {
                /// Whether no field that the specification describes was present.
                fn has_no_known_field(&self) -> bool {
                    $(resource!(@is_free $kind &self.$field)
                        && !self.unknown_fields.contains($name) &&)* true
                }
            }

            impl $crate::resource::sealed::Sealed for $type {
                fn from_json(json: &str) -> Option<Self> {
                    $crate::lenient::parse_typed(json)
                }
            }

            impl $crate::Resource for $type {
                fn unknown_paths(&self) -> Vec<String> {
                    let mut paths = Vec::new();
                    $crate::lenient::SchemaValue::unknown_paths(self, "", &mut paths);
                    paths
                }
            }
        };
    };
    (@read optional $value:ident, $name:literal, $unknown:expr) => { $value.flatten() };
    (@read list $value:ident, $name:literal, $unknown:expr) => {
        $crate::lenient::required_list($value, $name, $unknown)?
    };
    (@read required $value:ident, $name:literal, $unknown:expr) => {
        $crate::lenient::required_field($value.flatten(), $name, $unknown)?
    };
    (@is_free optional $value:expr) => { $value.is_none() };
    (@is_free $kind:ident $value:expr) => { false };
    (@write optional $object:ident, $name:literal, $value:expr) => {
        if let Some(value) = $value {
            serde::ser::SerializeMap::serialize_entry(&mut $object, $name, value)?;
        }
    };
    (@write $kind:ident $object:ident, $name:literal, $value:expr) => {
        serde::ser::SerializeMap::serialize_entry(&mut $object, $name, $value)?;
    };
}
pub(crate) use resource;
