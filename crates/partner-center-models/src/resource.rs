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
    pub trait Sealed {}
}

/// Gives a generated struct its one meaning: the JSON object it stands for, nothing lost.
///
/// `kind field = "name" | "AnotherSpelling"`, where the kind is
/// `optional` (an `Option`, absent when `None`), `list` (a `Vec`, always written) or `required`.
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
                    while let Some(name) = object.next_key()? {
                        match name {
                            $($crate::described::Name::Field(Field::$field) => {
                                $field = $crate::described::read_field(&mut object, $name, &mut unknown_fields)?;
                            })*
                            $crate::described::Name::Unknown(name) => {
                                unknown_fields.insert(name, object.next_value()?);
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
                            match $crate::described::Described::from_object(object)? {
                                $crate::described::Reading::Described(value) => Ok(value),
                                $crate::described::Reading::Other(_) => {
                                    Err(serde::de::Error::custom("a number where an object is due"))
                                }
                            }
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
                        serde::ser::SerializeMap::serialize_entry(&mut object, name, value)?;
                    }
                    serde::ser::SerializeMap::end(object)
                }
            }

            impl $crate::resource::sealed::Sealed for $type {}

            impl $crate::Resource for $type {
                fn undescribed(&self) -> Vec<String> {
                    let mut found = Vec::new();
                    $crate::described::Described::undescribed(self, "", &mut found);
                    found
                }
            }
        };
    };
    (@read optional $value:ident, $name:literal, $unknown:expr) => { $value };
    (@read list $value:ident, $name:literal, $unknown:expr) => {
        $crate::described::list($value, $name, $unknown)?
    };
    (@read required $value:ident, $name:literal, $unknown:expr) => {
        $crate::described::required($value, $name, $unknown)?
    };
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
