//! The dialect of OpenAPI that the generator understands: the extensions, the schemas, and the names that are reserved.

mod extensions;
pub(crate) mod reserved;
mod schema;

pub(crate) use extensions::*;
pub(crate) use schema::{
    Definition, Kind, Property, Shape, Variant, escape_pointer_step, field_name, local_name, required_description,
};
