use crate::*;
pub(crate) static OPERATIONS: &[Operation] = &[];
pub(crate) static SCHEMAS: &[Schema] = &[];
