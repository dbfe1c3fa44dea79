//! The columns of a table of results: those of the operation, of the schema of its items, or the first properties, scalar if there are any.

use super::values::option_expression;
use crate::{
    dialect::{BodyType, Column, Definition, DefinitionKind, Operation, Property, Shape, X_PC_COLUMNS},
    document::Spec,
};
use anyhow::{Context as _, Result, bail, ensure};
use heck::ToTitleCase as _;
use proc_macro2::TokenStream;
use quote::quote;

/// The maximum number of columns that are made of properties.
const MAX_DEFAULT_COLUMNS: usize = 5;

/// The items of a response.
pub(super) struct ResponseItems {
    /// The path of the list in the body; `None` if the body is one item.
    pub(super) path: Option<String>,
    item: Shape,
}

impl ResponseItems {
    /// Returns the items of the responses; `None` if there is no JSON.
    pub(super) fn from_operation(spec: &Spec, operation: &Operation) -> Result<Option<Self>> {
        let bodies = operation.responses.iter().filter_map(|response| response.body.as_ref());
        let Some((_, body)) = bodies.into_iter().find(|(format, _)| *format == BodyType::Json) else { return Ok(None) };
        let path = match (body, &operation.facts.paging) {
            (_, Some(paging)) => &paging.items,
            (Shape::List(_), None) => "",
            (Shape::Named(name), None) if is_collection_schema(spec, name) => "items",
            _ => return Ok(Some(Self { path: None, item: body.clone() })),
        };
        match shape_at_path(spec, body, path)? {
            Shape::List(item) => Ok(Some(Self { path: Some(path.to_owned()), item: *item })),
            _ => bail!("`{path}` is not a list"),
        }
    }

    /// Returns the path of the list, as code.
    pub(super) fn path_expression(items: Option<&Self>) -> TokenStream {
        option_expression(items.and_then(|items| items.path.as_ref()))
    }
}

pub(super) fn column_expressions(
    spec: &Spec,
    operation: &Operation,
    items: Option<&ResponseItems>,
) -> Result<Vec<TokenStream>> {
    let own = operation.facts.columns.as_ref();
    let Some(ResponseItems { item, .. }) = items else {
        ensure!(own.is_none(), "{X_PC_COLUMNS}: the operation returns no JSON: leave it out");
        return Ok(Vec::new());
    };
    let definition = match item {
        Shape::Named(name) => Some(spec.definition(name)?),
        _ => None,
    };
    let declared = own.or_else(|| definition?.columns.as_ref());
    let columns = match declared {
        Some(columns) => columns.clone(),
        None => default_columns(spec, definition)?,
    };
    let column = |Column { title, path }: &Column| {
        shape_at_path(spec, item, path).context(X_PC_COLUMNS)?;
        Ok(quote!(Column { title: #title, path: #path }))
    };
    columns.iter().map(column).collect()
}

fn default_columns(spec: &Spec, definition: Option<&Definition>) -> Result<Vec<Column>> {
    let properties = match definition.map(|definition| &definition.kind) {
        Some(DefinitionKind::Object(object)) => &object.properties,
        _ => return Ok(vec![Column { title: "VALUE".to_owned(), path: String::new() }]),
    };
    let mut scalars = Vec::new();
    for property in properties {
        if fits_table_cell(spec, &property.shape)? {
            scalars.push(property);
        }
    }
    if scalars.is_empty() {
        // A result of lists alone is printed with as much of them as fits.
        scalars.extend(properties.iter().filter(|property| !property.raw));
    }
    let column =
        |Property { wire, .. }: &Property| Column { title: wire.to_title_case().to_uppercase(), path: wire.clone() };
    Ok(scalars.into_iter().take(MAX_DEFAULT_COLUMNS).map(column).collect())
}

fn fits_table_cell(spec: &Spec, shape: &Shape) -> Result<bool> {
    Ok(match shape {
        Shape::Named(name) => {
            matches!(spec.definition(name)?.kind, DefinitionKind::Enum(_) | DefinitionKind::HandWritten(_))
        }
        Shape::Secret | Shape::Password => false,
        shape => shape.is_scalar(),
    })
}

/// Whether the schema is an object around a list, such as that of a list that is not paged.
fn is_collection_schema(spec: &Spec, name: &str) -> bool {
    find_property(spec, name, "items").is_ok_and(|items| matches!(items.shape, Shape::List(_)))
}

/// Returns the shape at a path of property names.
fn shape_at_path(spec: &Spec, shape: &Shape, path: &str) -> Result<Shape> {
    path.split('.').filter(|name| !name.is_empty()).try_fold(shape.clone(), |shape, name| match shape {
        Shape::Named(schema) => Ok(find_property(spec, &schema, name)?.shape.clone()),
        _ => bail!("`{path}`: there is no property `{name}`, as its owner is not an object"),
    })
}

fn find_property<'a>(spec: &'a Spec, schema: &str, name: &str) -> Result<&'a Property> {
    let DefinitionKind::Object(object) = &spec.definition(schema)?.kind else { bail!("{schema} is not an object") };
    let found = object.properties.iter().find(|property| property.wire == name);
    found.with_context(|| format!("{schema} has no property `{name}`: write one that it has"))
}
