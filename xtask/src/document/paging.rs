//! The extension `x-pc-paging`, checked against the parameters and the schemas of its operation.

use crate::dialect::{
    Definition, DefinitionKind, OutcomeResponse, Paging, Parameter, ParameterLocation, Property, Shape, X_PC_RAW,
};
use anyhow::{Context as _, Result, bail, ensure};

/// Rejects paging whose parameters or paths do not exist, or do not fit.
pub(super) fn check_paging(
    paging: &Paging,
    definitions: &[Definition],
    parameters: &[Parameter],
    responses: &[OutcomeResponse],
) -> Result<()> {
    let page = responses.iter().find_map(|response| response.body.as_ref());
    let (_, page) = page.context("there is no page: write a JSON body in the success")?;
    if paging.items.is_empty() {
        ensure!(
            matches!(page, Shape::List(_)),
            "items: a page without it is a list: write the path of the list, such as `items: items`"
        );
        ensure!(
            paging.next_link.is_none() && paging.continuation_token.is_none(),
            "a page that is a list has no next-link and no continuation-token: write response-header or offset-query"
        );
    } else {
        ensure!(matches!(page, Shape::Named(_)), "a page is an object: leave `items` out for one that is a list");
        let items = property_at_path(definitions, page, &paging.items).context("items")?;
        ensure!(
            matches!(items.shape, Shape::List(_)) && items.required,
            "items: `{}` is not a required list: make it one, so that a page without it is an error",
            paging.items
        );
    }
    if let Some(path) = &paging.next_link {
        check_next_link(definitions, page, path).context("next-link")?;
    }
    if let Some(path) = &paging.continuation_token {
        let token =
            ensure_optional_property(property_at_path(definitions, page, path)).context("continuation-token")?;
        ensure!(
            token.shape == Shape::Secret,
            "continuation-token: `{path}` is not an optional string with x-pc-secret: make it one"
        );
    }
    if let Some(path) = &paging.total {
        let total = property_at_path(definitions, page, path).context("total")?;
        ensure!(
            matches!(total.shape, Shape::Int32 | Shape::Int64),
            "total: `{path}` is not an integer: write the path of one"
        );
    }
    check_paging_parameters(paging, definitions, parameters)
}

/// Whether the client sets the parameter when it follows pages.
pub(super) fn is_parameter_set_by_paging(paging: &Paging, parameter: &Parameter) -> bool {
    let is = |name: Option<&String>| name == Some(&parameter.wire);
    match parameter.location {
        ParameterLocation::Header => is(paging.token_header.as_ref()),
        ParameterLocation::Query => {
            let seek = paging.seek.as_ref().map(|(query, _)| query);
            is(paging.token_query.as_ref()) || is(seek) || is(paging.offset_query.as_ref())
        }
        ParameterLocation::Path => false,
    }
}

/// Returns the property at a path within a shape, such as `companyProfile.companyName`.
pub(super) fn property_at_path<'a>(definitions: &'a [Definition], shape: &Shape, path: &str) -> Result<&'a Property> {
    let mut shape = shape;
    let mut found = None;
    let mut rest = Some(path).filter(|path| !path.is_empty());
    while let Some(path_here) = rest {
        let Shape::Named(name) = shape else {
            bail!("`{path}`: there is no property `{path_here}`: write the path of a property, with dots")
        };
        let definition = Definition::find_by_name(definitions, name)?;
        let property = |wire: &str| definition.properties().iter().find(|property| property.wire == wire);
        // A name may have a dot, such as `@odata.nextLink`.
        let (wire, tail) = match (property(path_here), path_here.split_once('.')) {
            (None, Some((wire, tail))) => (wire, Some(tail)),
            _ => (path_here, None),
        };
        let property =
            property(wire).with_context(|| format!("{name} has no property `{wire}`: write the path of a property"))?;
        shape = &property.shape;
        found = Some(property);
        rest = tail;
    }
    found.context("the path is empty: write that of a property")
}

fn check_next_link(definitions: &[Definition], page: &Shape, path: &str) -> Result<()> {
    let mut prefixes = path.match_indices('.').map(|(end, _)| &path[..end]).chain([path]);
    prefixes.try_for_each(|prefix| {
        // Of a name with a dot, the first part is no property.
        if prefix != path && property_at_path(definitions, page, prefix).is_err() {
            return property_at_path(definitions, page, path).map(drop);
        }
        let property = ensure_optional_property(property_at_path(definitions, page, prefix))?;
        ensure!(
            !property.raw,
            "`{}` is read for each page, and so cannot have {X_PC_RAW}: leave it out there",
            property.wire
        );
        Ok(())
    })?;
    let is_link = match &property_at_path(definitions, page, path)?.shape {
        Shape::Text | Shape::Secret => true,
        Shape::Named(name) => {
            let target = Definition::find_by_name(definitions, name)?;
            matches!(target.kind, DefinitionKind::Object(_))
                && target.properties().iter().any(|property| property.wire == "uri")
        }
        _ => false,
    };
    ensure!(is_link, "`{path}` is neither an object with a `uri` nor a string: write the path of one");
    Ok(())
}

fn ensure_optional_property(property: Result<&Property>) -> Result<&Property> {
    let property = property?;
    ensure!(!property.required, "`{}` is required: make it optional, as the last page lacks it", property.wire);
    Ok(property)
}

fn check_paging_parameters(paging: &Paging, definitions: &[Definition], parameters: &[Parameter]) -> Result<()> {
    let find = |location: ParameterLocation, name: &str, is_context: bool| {
        let is = |parameter: &&Parameter| {
            parameter.location == location && parameter.wire == name && parameter.is_context == is_context
        };
        parameters.iter().find(is)
    };
    if let Some(name) = &paging.token_header {
        let found = find(ParameterLocation::Header, name, true);
        found.with_context(|| {
            format!("token-header: there is no header {name} with x-pc-context: write that parameter")
        })?;
    }
    if let Some(name) = &paging.token_query {
        let found = find(ParameterLocation::Query, name, true);
        found.with_context(|| {
            format!("token-query: there is no {name} in the query with x-pc-context: write that parameter")
        })?;
    }
    if let Some((name, value)) = &paging.seek {
        let seek = find(ParameterLocation::Query, name, true);
        let seek = seek.with_context(|| {
            format!("seek-query: there is no {name} in the query with x-pc-context: write that parameter")
        })?;
        ensure!(
            seek.accepts_example(definitions, value),
            "seek-value: {name} does not accept {value}: write a value of its enum"
        );
    }
    for (key, name) in [("size-query", &paging.size_query), ("offset-query", &paging.offset_query)] {
        let Some(name) = name else { continue };
        let missing = || format!("{key}: there is no {name} in the query without x-pc-context: write that parameter");
        let parameter = find(ParameterLocation::Query, name, false).with_context(missing)?;
        ensure!(
            matches!(parameter.shape, Shape::Int32 | Shape::Int64),
            "{key}: {name} is not an integer: write `type: integer`"
        );
    }
    Ok(())
}
