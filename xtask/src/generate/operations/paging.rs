//! The pagination of operations that return one page at a time.

use crate::{
    dialect::{CONTEXT, Definition, Enum, Kind, Object, PAGING, Property, RAW, Shape},
    document::{Endpoint, Spec, parameter_shape},
};
use anyhow::{Context as _, Result, bail, ensure};
use openapiv3::Parameter;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Ident;

/// The extension `x-pc-paging`, verified against the operation and its schemas.
pub(super) struct Paging<'a> {
    page: Ident,
    items: Ident,
    items_wire: &'a str,
    item: Ident,
    mark: TokenStream,
    next_link: Option<NextLink<'a>>,
    continuation_token: Option<(&'a str, Ident)>,
    token_header: &'a str,
    seek: (&'a str, &'a str),
    size_query: Option<&'a str>,
}

/// Returns the property of the schema `name` by which a response points to a next page; `None` if it has none.
///
/// Any resource may have the links that pages have. It is a page only if it has a list of objects, or a required list.
pub(super) fn next_page_field(spec: &Spec, name: &str) -> Result<Option<String>> {
    let Kind::Object(Object { properties, .. }) = &spec.definition(name)?.kind else { return Ok(None) };
    let is = |property: &Property, names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(&property.wire));
    let tokens = ["continuationToken", "nextLink", "@odata.nextLink"];
    if let Some(token) = properties.iter().find(|property| is(property, &tokens)) {
        return Ok(Some(token.wire.clone()));
    }
    let is_list = |property: &Property| match &property.shape {
        Shape::List(item) => property.required || matches!(**item, Shape::Named(_)),
        _ => false,
    };
    if !properties.iter().any(is_list) {
        return Ok(None);
    }
    for links in properties.iter().filter(|property| is(property, &["links"])) {
        if let Shape::Named(target) = &links.shape
            && let Kind::Object(Object { properties: targets, .. }) = &spec.definition(target)?.kind
            && let Some(next) = targets.iter().find(|property| is(property, &["next"]))
        {
            return Ok(Some(format!("{}.{}", links.wire, next.wire)));
        }
    }
    Ok(None)
}

/// The property of the page that holds its links, and the link to the next page.
struct NextLink<'a> {
    links: OptionalProperty<'a>,
    next: OptionalProperty<'a>,
}

struct OptionalProperty<'a> {
    wire: &'a str,
    field: Ident,
    boxed: bool,
}

impl<'a> Paging<'a> {
    /// Reads the extension of an operation whose response is the object `page`; `None` if it has none.
    pub(super) fn read(spec: &Spec, endpoint: &Endpoint<'a>, page: Option<&str>) -> Result<Option<Self>> {
        let Some(extension) = endpoint.operation.extensions.get(PAGING) else { return Ok(None) };
        let keys =
            ["items", "next-link", "continuation-token", "token-header", "seek-query", "seek-value", "size-query"];
        let read = || {
            let object = extension.as_object().context("not an object")?;
            if let Some(unknown) = object.keys().find(|key| !keys.contains(&key.as_str())) {
                bail!("the key {unknown} is not known");
            }
            let text = |key: &str| match object.get(key) {
                None => Ok(None),
                Some(value) => value.as_str().map(Some).with_context(|| format!("{key}: not a string")),
            };
            let required = |key: &str| text(key)?.with_context(|| format!("{key} is missing"));

            let page = spec.definition(page.context("a page is an object")?)?;
            let wire = required("items")?;
            let items = page_property(page, wire).context("items")?;
            let item = match &items.shape {
                Shape::List(item) if items.required => Some(&**item),
                _ => None,
            };
            let Some(Shape::Named(item)) = item else { bail!("items: `{wire}` is not a required list of a schema") };
            let items_field = format_ident!("{}", items.field);
            let next_link =
                text("next-link")?.map(|path| NextLink::read(spec, page, path).context("next-link")).transpose()?;
            let continuation_token = text("continuation-token")?.map(|wire| {
                let token = page_property(page, wire)?;
                ensure!(
                    token.shape == Shape::Secret && !token.required,
                    "`{wire}` is not an optional string with x-pc-secret"
                );
                Ok((wire, format_ident!("{}", token.field)))
            });
            let continuation_token = continuation_token.transpose().context("continuation-token")?;
            ensure!(next_link.is_some() || continuation_token.is_some(), "neither next-link nor continuation-token");

            let token_header = required("token-header")?;
            ensure!(
                endpoint.parameters.iter().any(|parameter| is_context(parameter)
                    && matches!(parameter, Parameter::Header { parameter_data, .. } if parameter_data.name == token_header)),
                "token-header: there is no header {token_header} with {CONTEXT}"
            );
            let seek = (required("seek-query")?, required("seek-value")?);
            let parameter = query_parameter(endpoint, seek.0).filter(|parameter| is_context(parameter));
            let parameter =
                parameter.with_context(|| format!("seek-query: there is no {} in the query with {CONTEXT}", seek.0))?;
            ensure!(accepts_value(spec, parameter, seek.1)?, "seek-value: {} does not accept {}", seek.0, seek.1);
            let size_query = text("size-query")?;
            if let Some(size) = size_query {
                query_parameter(endpoint, size)
                    .filter(|parameter| !is_context(parameter))
                    .with_context(|| format!("size-query: there is no {size} in the query"))?;
            }
            Ok(Self {
                page: format_ident!("{}", page.name),
                mark: fingerprint_expression(&items_field, spec.definition(item)?),
                items: items_field,
                items_wire: wire,
                item: format_ident!("{item}"),
                next_link,
                continuation_token,
                token_header,
                seek,
                size_query,
            })
        };
        read().context(PAGING).map(Some)
    }

    /// Whether the client sets the parameter when it follows pages.
    pub(super) fn sets(&self, parameter: &Parameter) -> bool {
        match parameter {
            Parameter::Header { parameter_data, .. } => parameter_data.name == self.token_header,
            Parameter::Query { parameter_data, .. } => parameter_data.name == self.seek.0,
            _ => false,
        }
    }

    /// Returns the implementation of `Paginated` for the operation `name`.
    pub(super) fn implementation(&self, name: &Ident) -> TokenStream {
        let Self { page, items, items_wire, item, mark, token_header, seek: (seek, value), .. } = self;
        let size = self.size_query.map(|size| quote!(.size(#size)));
        let next_link = self.next_link.as_ref().map(|NextLink { links, next }| {
            let path = format!("{}.{}", links.wire, next.wire);
            quote!(.next_link(#path))
        });
        let continuation_token = self.continuation_token.as_ref().map(|(wire, _)| quote!(.continuation_token(#wire)));
        let (mut link, mut token) = (quote!(None), quote!(None));
        let mut links_binding = None;
        let mut invalid_fields = Vec::new();
        if let Some((wire, field)) = &self.continuation_token {
            token = quote!(page.#field.as_ref());
            invalid_fields.push(quote!(page.unknown_fields.contains_like(#wire)));
        }
        if let Some(NextLink { links, next }) = &self.next_link {
            let (borrowed_links, borrowed_next) = (links.borrowed(), next.borrowed());
            let (links, next) = (links.wire, next.wire);
            links_binding = Some(quote!(let links = page.#borrowed_links;));
            link = quote!(links.and_then(|links| links.#borrowed_next));
            invalid_fields.push(quote!(page.unknown_fields.contains_like(#links)));
            invalid_fields.push(quote!(links.is_some_and(|links| links.unknown_fields.contains_like(#next))));
        }
        quote! {
            impl Paginated for #name {
                type Item = #item;
                const PAGINATION: Pagination = Pagination::new(#items_wire) #next_link #continuation_token
                    .token_header(#token_header).seek(#seek, #value) #size;
                fn items(page: #page) -> Vec<#item> {
                    page.#items
                }
                fn fingerprint(page: &#page) -> Option<PageFingerprint> {
                    #mark
                }
                fn continuation(page: &#page) -> Result<Option<ContinuationToken>, InvalidContinuationToken> {
                    #links_binding
                    ContinuationToken::read(#link, #token, #(#invalid_fields)||*)
                }
            }
        }
    }
}

impl<'a> NextLink<'a> {
    fn read(spec: &Spec, page: &Definition, path: &'a str) -> Result<Self> {
        let (links, next) = path.split_once('.').context("it has the form `links.next`")?;
        let (links, holder) = OptionalProperty::read(spec, page, links)?;
        let (next, target) = OptionalProperty::read(spec, holder, next)?;
        ensure!(target.name == "Link", "`{path}` is not a Link");
        Ok(Self { links, next })
    }
}

impl<'a> OptionalProperty<'a> {
    /// Reads the property, and returns the schema that it points to.
    fn read<'s>(spec: &'s Spec, owner: &Definition, wire: &'a str) -> Result<(Self, &'s Definition)> {
        let property = page_property(owner, wire)?;
        let (Shape::Named(name), false) = (&property.shape, property.required) else {
            bail!("`{wire}` is not an optional object");
        };
        ensure!(!property.raw, "`{wire}` is read for each page, and so cannot have {RAW}");
        let target = spec.definition(name)?;
        Ok((Self { wire, field: format_ident!("{}", property.field), boxed: target.boxed }, target))
    }

    fn borrowed(&self) -> TokenStream {
        let field = &self.field;
        if self.boxed { quote!(#field.as_deref()) } else { quote!(#field.as_ref()) }
    }
}

/// Returns the expression of a page's fingerprint: by the `id` of its items, or else by the items.
fn fingerprint_expression(items: &Ident, item: &Definition) -> TokenStream {
    let is_identifier = |id: &&Property| matches!(id.shape, Shape::Uuid | Shape::Text);
    match page_property(item, "id").ok().filter(is_identifier) {
        Some(Property { required: false, .. }) => quote!(PageFingerprint::by_id(&page.#items, |item| item.id.as_ref())),
        Some(_) => quote!(PageFingerprint::by_id(&page.#items, |item| Some(&item.id))),
        None => quote!(PageFingerprint::of(&page.#items)),
    }
}

fn page_property<'a>(owner: &'a Definition, wire: &str) -> Result<&'a Property> {
    let Kind::Object(Object { properties, .. }) = &owner.kind else { bail!("{} is not an object", owner.name) };
    let found = properties.iter().find(|property| property.wire == wire);
    found.with_context(|| format!("{} has no property `{wire}`", owner.name))
}

fn query_parameter<'a>(endpoint: &Endpoint<'a>, name: &str) -> Option<&'a Parameter> {
    endpoint
        .parameters
        .iter()
        .copied()
        .find(|parameter| matches!(parameter, Parameter::Query { parameter_data, .. } if parameter_data.name == name))
}

fn is_context(parameter: &Parameter) -> bool {
    parameter.parameter_data_ref().extensions.contains_key(CONTEXT)
}

/// Whether a parameter may have the value.
fn accepts_value(spec: &Spec, parameter: &Parameter, value: &str) -> Result<bool> {
    Ok(match parameter_shape(parameter)? {
        Some(Shape::Text) => true,
        Some(Shape::Named(name)) => match &spec.definition(&name)?.kind {
            Kind::Enum(Enum { variants, .. }) => variants.iter().any(|variant| variant.wire == value),
            _ => false,
        },
        _ => false,
    })
}
