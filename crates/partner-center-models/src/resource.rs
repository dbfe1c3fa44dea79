use serde::{Serialize, de::DeserializeOwned};

/// An object of the API: one of the generated structs.
///
/// Sealed: the specification says which there are.
pub trait Resource: Serialize + DeserializeOwned + sealed::Sealed {
    /// The paths of everything in this object that the specification does not describe: unknown fields, fields with a
    /// value of another type than documented, and texts that no enum has a name for.
    ///
    /// All of it is kept and written back; this is how a program notices that the service has moved on.
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
    ///     customer.undescribed(),
    ///     ["companyProfile.motto", "relationshipToPartner", "commerceId"]
    /// );
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    fn undescribed(&self) -> Vec<String>;
}

pub(crate) mod sealed {
    pub trait Sealed: Sized {
        /// The object that `json` is, as far as it can be read as a part of another one.
        fn from_json(json: &str) -> Option<Self>;
    }
}

/// Gives a generated struct its one meaning: the JSON object it stands for, nothing lost.
///
/// `kind field = "name" | "AnotherSpelling"`, where the kind is
/// `optional` (an `Option`, absent when `None`), `list` (a `Vec`, which must be there but may be null) or `required`.
macro_rules! resource {
    ($type:ident { $($kind:ident $field:ident = $name:literal $(| $spelling:literal)*,)* }) => {
        const _: () = {
            #[allow(non_camel_case_types, reason = "named as the fields are")]
            enum Field { $($field),* }

            impl $crate::described::FieldName for Field {
                fn find(name: &str) -> Option<Self> {
                    match name {
                        $($name $(| $spelling)* => Some(Self::$field),)*
                        _ => None,
                    }
                }
            }

            impl $crate::described::Described for $type {
                fn from_object<'de, A: serde::de::MapAccess<'de>>(
                    mut object: A,
                ) -> Result<$crate::described::Reading<Self>, A::Error> {
                    $(let mut $field = None;)*
                    let mut unknown_fields = $crate::UnknownFields::default();
                    let is_exact = $crate::reading::is_exact();
                    while let Some(name) = object.next_key()? {
                        match name {
                            $($crate::described::Name::Field(Field::$field) => {
                                $field = Some($crate::described::read_field(&mut object, $name, &mut unknown_fields, is_exact)?);
                            })*
                            $crate::described::Name::Unknown(name) => {
                                if let Some(number) = $crate::described::number_in_disguise(&name, &mut object)? {
                                    return Ok($crate::described::Reading::Other(number));
                                }
                                unknown_fields.insert(name, object.next_value::<$crate::JsonValue>()?);
                            }
                        }
                    }
                    Ok($crate::described::Reading::Described(Self {
                        $($field: resource!(@read $kind $field, $name, &unknown_fields),)*
                        unknown_fields,
                    }))
                }
                fn undescribed(&self, at: &str, found: &mut Vec<String>) {
                    $($crate::described::Described::undescribed(
                        &self.$field,
                        &$crate::described::path(at, $name),
                        found,
                    );)*
                    found.extend(self.unknown_fields.iter().map(|(name, _)| $crate::described::path(at, name)));
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
                            let value: $type = match $crate::described::Described::from_object(object)? {
                                $crate::described::Reading::Described(value) => value,
                                $crate::described::Reading::Other(_) => {
                                    return Err(serde::de::Error::custom("a number where an object is due"));
                                }
                            };
                            // A fault under a status of success, say: an object, but of another kind.
                            if value.has_nothing_described() && !value.unknown_fields.is_empty() {
                                return Err(serde::de::Error::custom(concat!("an object that is no ", stringify!($type))));
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
                        // What is set counts more than what was kept in its place.
                        let is_free = match $crate::described::FieldName::find(name) {
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
                /// Whether none of the fields that the specification describes was there.
                fn has_nothing_described(&self) -> bool {
                    $(resource!(@is_free $kind &self.$field)
                        && !self.unknown_fields.contains($name) &&)* true
                }
            }

            impl $crate::resource::sealed::Sealed for $type {
                fn from_json(json: &str) -> Option<Self> {
                    $crate::described::described(json)
                }
            }

            impl $crate::Resource for $type {
                fn undescribed(&self) -> Vec<String> {
                    let mut found = Vec::new();
                    $crate::described::Described::undescribed(self, "", &mut found);
                    found
                }
            }
        };
    };
    (@read optional $value:ident, $name:literal, $unknown:expr) => { $value.flatten() };
    (@read list $value:ident, $name:literal, $unknown:expr) => {
        $crate::described::list($value, $name, $unknown)?
    };
    (@read required $value:ident, $name:literal, $unknown:expr) => {
        $crate::described::required($value.flatten(), $name, $unknown)?
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
