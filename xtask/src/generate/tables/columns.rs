//! The columns of a table of results: those of the operation, of the schema of its items, or the first scalar properties.

use super::{Extensions, schema_of};
use crate::{
    dialect::{COLUMNS, JSON, Kind, Object, PAGING, Property, Shape},
    document::{Endpoint, Spec},
};
use anyhow::{Context as _, Result, bail, ensure};
use heck::ToTitleCase as _;
use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value;

/// The maximum number of columns that are made of properties.
const MAX_DEFAULT_COLUMNS: usize = 5;

/// The items of a response.
pub(super) struct Items {
    /// The path of the list in the body; `None` if the body is one item.
    pub(super) path: Option<String>,
    item: Shape,
}

/// Returns the items of the response; `None` if it has no JSON.
pub(super) fn items(spec: &Spec, endpoint: &Endpoint<'_>) -> Result<Option<Items>> {
    let media = endpoint.successes().find_map(|response| response.content.get(JSON)?.schema.as_ref());
    let Some(body) = media.map(Shape::of).transpose()? else { return Ok(None) };
    let paging = endpoint.operation.extensions.get(PAGING);
    let path = match (&body, paging) {
        (_, Some(paging)) => paging.get("items").and_then(Value::as_str).unwrap_or_default(),
        (Shape::List(_), None) => "",
        (Shape::Named(name), None) if is_collection(spec, name) => "items",
        _ => return Ok(Some(Items { path: None, item: body })),
    };
    match shape_at(spec, body, path)? {
        Shape::List(item) => Ok(Some(Items { path: Some(path.to_owned()), item: *item })),
        _ => bail!("`{path}` is not a list"),
    }
}

pub(super) fn columns(spec: &Spec, endpoint: &Endpoint<'_>, items: Option<&Items>) -> Result<Vec<TokenStream>> {
    let own = Extensions::of(&endpoint.operation.extensions).get(COLUMNS);
    let Some(Items { item, .. }) = items else {
        ensure!(own.is_none(), "{COLUMNS}: the operation returns no JSON");
        return Ok(Vec::new());
    };
    let of_schema = match item {
        Shape::Named(name) => Extensions::of(&schema_of(spec, name)?.schema_data.extensions).get(COLUMNS),
        _ => None,
    };
    match own.or(of_schema) {
        Some(columns) => declared_columns(spec, item, columns).context(COLUMNS),
        None => default_columns(spec, item),
    }
}

fn declared_columns(spec: &Spec, item: &Shape, columns: &Value) -> Result<Vec<TokenStream>> {
    let columns = columns.as_array().context("not a list")?.iter().map(|column| {
        let text = |key: &str| column[key].as_str().with_context(|| format!("`{key}` is missing"));
        let (title, path) = (text("title")?, text("path")?);
        ensure!(title == title.to_uppercase() && !title.is_empty(), "the title `{title}` is in capitals");
        shape_at(spec, item.clone(), path)?;
        Ok(quote!(Column { title: #title, path: #path }))
    });
    columns.collect()
}

fn default_columns(spec: &Spec, item: &Shape) -> Result<Vec<TokenStream>> {
    let properties = match item {
        Shape::Named(name) => match &spec.definition(name)?.kind {
            Kind::Object(Object { properties, .. }) => properties,
            _ => return Ok(vec![quote!(Column { title: "VALUE", path: "" })]),
        },
        _ => return Ok(vec![quote!(Column { title: "VALUE", path: "" })]),
    };
    let mut columns = Vec::new();
    for Property { wire, shape, .. } in properties {
        if columns.len() < MAX_DEFAULT_COLUMNS && is_scalar(spec, shape)? {
            let title = wire.to_title_case().to_uppercase();
            columns.push(quote!(Column { title: #title, path: #wire }));
        }
    }
    Ok(columns)
}

/// Whether a value of the shape fits into a cell.
fn is_scalar(spec: &Spec, shape: &Shape) -> Result<bool> {
    Ok(match shape {
        Shape::Named(name) => !matches!(spec.definition(name)?.kind, Kind::Object(_) | Kind::Union(_)),
        Shape::Secret => false,
        shape => shape.is_scalar(),
    })
}

/// Whether the schema is an object around a list, such as that of a list that is not paged.
fn is_collection(spec: &Spec, name: &str) -> bool {
    property(spec, name, "items").is_ok_and(|items| matches!(items.shape, Shape::List(_)))
}

/// Returns the shape at a path of property names.
fn shape_at(spec: &Spec, shape: Shape, path: &str) -> Result<Shape> {
    path.split('.').filter(|name| !name.is_empty()).try_fold(shape, |shape, name| match shape {
        Shape::Named(schema) => Ok(property(spec, &schema, name)?.shape.clone()),
        _ => bail!("`{path}`: there is no property `{name}`, as its owner is not an object"),
    })
}

fn property<'a>(spec: &'a Spec, schema: &str, name: &str) -> Result<&'a Property> {
    let Kind::Object(Object { properties, .. }) = &spec.definition(schema)?.kind else {
        bail!("{schema} is not an object")
    };
    let found = properties.iter().find(|property| property.wire == name);
    found.with_context(|| format!("{schema} has no property `{name}`"))
}
