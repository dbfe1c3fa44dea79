//! The dialect of OpenAPI that the generator understands: the extensions, the schemas, the operations, and the names that are
//! reserved.

mod body;
mod columns;
mod extensions;
mod names;
mod operation;
mod paging;
mod parameter;
mod polling;
pub(crate) mod reserved;
mod schema;
mod shape;

pub(crate) use body::{
    BodyExample, BodyType, ERROR_BODY_SCHEMA, ExampleSource, OutcomeResponse, RequestBody, ResponseOutcome,
    ResultHeader, read_example_file,
};
pub(crate) use columns::Column;
pub(crate) use extensions::*;
pub(crate) use names::{component_name_of_reference, escape_pointer_step};
pub(crate) use operation::{Authentication, Cloud, Command, ErrorCode, Idempotency, Operation, OperationFacts};
pub(crate) use paging::Paging;
pub(crate) use parameter::{Parameter, ParameterLocation, ParameterStyle};
pub(crate) use polling::Polling;
pub(crate) use schema::{Definition, DefinitionKind, Enum, EnumValues, Object, Property, Union, UnionVariant, Variant};
pub(crate) use shape::Shape;
