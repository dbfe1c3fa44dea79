//! The pagination of operations that return one page at a time. Its paths and parameters were checked when the document was read.

use super::response::rust_type;
use crate::{
    dialect::{Definition, DefinitionKind, Object, Operation, Paging, Property, Shape},
    document::Spec,
};
use anyhow::{Context as _, Result, bail, ensure};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Ident;

/// The extension `x-pc-paging`, with the Rust types of its operation.
pub(super) struct TypedPaging<'a> {
    paging: &'a Paging,
    /// The type of the body of a page.
    body: TokenStream,
    /// The fields of a page that lead to its items; none if it is the list of items.
    items: Vec<Ident>,
    item: TokenStream,
    /// The field with the identifier of an item, and whether it is optional.
    item_id: Option<(Ident, bool)>,
    next_link: Option<FieldAccess>,
    /// The conversion of a link that is a string to `&str`; `None` for one that is an object.
    link_as_str: Option<TokenStream>,
    continuation_token: Option<FieldAccess>,
    total: Option<FieldAccess>,
}

/// The access to an optional field at a path, from the body of a page.
struct FieldAccess {
    /// An expression of the type `Option<&T>`.
    value: TokenStream,
    /// Expressions of whether something else is in the place of a field on the path.
    misfits: Vec<TokenStream>,
    is_int64: bool,
}

impl<'a> TypedPaging<'a> {
    /// Reads the pagination of an operation; `None` if it has none.
    pub(super) fn read(spec: &Spec, operation: &'a Operation) -> Result<Option<Self>> {
        let Some(paging) = &operation.facts.paging else { return Ok(None) };
        let page = operation.responses.iter().find_map(|response| response.body.as_ref());
        let (_, page) = page.context("there is no page: write a JSON body in the success")?;
        let (items, item) = items_field_path(spec, page, &paging.items)?;
        ensure!(
            operation.method == "get" || (paging.offset_query.is_none() && paging.token_query.is_none()),
            "x-pc-paging: a list that continues by its query is a GET: write next-link or token-header"
        );
        let next_link = paging.next_link.as_ref().map(|path| FieldAccess::read(spec, page, path)).transpose()?;
        Ok(Some(Self {
            body: rust_type(page)?,
            items,
            item: rust_type(item)?,
            item_id: item_id_field(spec, item)?,
            link_as_str: next_link.as_ref().map_or(Ok(None), |(_, shape)| link_to_str_conversion(shape))?,
            next_link: next_link.map(|(access, _)| access),
            continuation_token: FieldAccess::from_optional_path(spec, page, paging.continuation_token.as_ref())?,
            total: FieldAccess::from_optional_path(spec, page, paging.total.as_ref())?,
            paging,
        }))
    }

    /// Whether a page alone does not say where the list continues: its position does.
    pub(super) fn needs_page_position(&self) -> bool {
        let Paging { response_header, token_query, offset_query, .. } = self.paging;
        response_header.is_some() || token_query.is_some() || offset_query.is_some()
    }

    pub(super) fn page_type(&self) -> TokenStream {
        let body = &self.body;
        if self.needs_page_position() { quote!(PositionedPage<#body>) } else { body.clone() }
    }

    /// Returns the implementation of `Paginated` for the operation `name`.
    pub(super) fn paginated_implementation(&self, name: &Ident, allow: Option<&TokenStream>) -> TokenStream {
        let (page, item, items, pagination) = (self.page_type(), &self.item, &self.items, self.pagination_expression());
        let body = if self.needs_page_position() { quote!(page.body) } else { quote!(page) };
        let items = quote!(#body #(.#items)*);
        let fingerprint = match &self.item_id {
            Some((id, true)) => quote!(PageFingerprint::by_id(&#items, |item| item.#id.as_ref())),
            Some((id, false)) => quote!(PageFingerprint::by_id(&#items, |item| Some(&item.#id))),
            None => quote!(PageFingerprint::of(&#items)),
        };
        let continuation = self.continuation_expression();
        let set_page_position = self.needs_page_position().then(|| {
            quote! {
                fn set_page_position(page: &mut Self::Response, position: PagePosition) {
                    page.position = position;
                }
            }
        });
        quote! {
            #allow
            impl Paginated for #name {
                type Item = #item;
                const PAGINATION: Pagination = #pagination;
                fn items(page: #page) -> Vec<#item> {
                    #items
                }
                fn fingerprint(page: &#page) -> Option<PageFingerprint> {
                    #fingerprint
                }
                fn continuation(page: &#page) -> Result<Option<ContinuationToken>, InvalidContinuationToken> {
                    #continuation
                }
                #set_page_position
            }
        }
    }

    fn pagination_expression(&self) -> TokenStream {
        let paging = self.paging;
        let call = |(method, name): (&str, &Option<String>)| {
            let (method, name) = (format_ident!("{method}"), name.as_ref()?);
            Some(quote!(.#method(#name)))
        };
        let token = [
            ("next_link", &paging.next_link),
            ("continuation_token", &paging.continuation_token),
            ("response_header", &paging.response_header),
            ("token_header", &paging.token_header),
            ("token_query", &paging.token_query),
        ];
        let seek = paging.seek.as_ref().map(|(name, value)| quote!(.seek(#name, #value)));
        let offset = [("size", &paging.size_query), ("offset", &paging.offset_query), ("total", &paging.total)];
        let (token, offset) = (token.into_iter().filter_map(call), offset.into_iter().filter_map(call));
        let items = &paging.items;
        quote!(Pagination::new(#items) #(#token)* #seek #(#offset)*)
    }

    fn continuation_expression(&self) -> TokenStream {
        let accesses = || self.next_link.iter().chain(&self.continuation_token);
        let mut misfits: Vec<_> = Vec::new();
        for misfit in accesses().flat_map(|access| &access.misfits) {
            if !misfits.iter().any(|known: &&TokenStream| known.to_string() == misfit.to_string()) {
                misfits.push(misfit);
            }
        }
        let value =
            |access: &Option<FieldAccess>| access.as_ref().map_or_else(|| quote!(None), |access| access.value.clone());
        let (link, token) = (value(&self.next_link), value(&self.continuation_token));
        let read = if let Some(as_str) = &self.link_as_str {
            quote!(ContinuationToken::from_uri_and_token(#link.map(#as_str), #token, #(#misfits)||*))
        } else {
            quote!(ContinuationToken::read(#link, #token, #(#misfits)||*))
        };
        if !self.needs_page_position() {
            return read;
        }
        let in_body = if accesses().next().is_some() { quote!(#read?) } else { quote!(None) };
        let total = match &self.total {
            None => quote!(None),
            Some(FieldAccess { value, is_int64: true, .. }) => quote!(#value.copied()),
            Some(FieldAccess { value, .. }) => quote!(#value.copied().map(i64::from)),
        };
        let items = &self.items;
        quote! {
            let PositionedPage { body: page, position } = page;
            position.continuation(&Self::PAGINATION, #in_body, page #(.#items)*.len(), #total)
        }
    }
}

/// Returns the conversion of a link that is a string; `None` for one that is an object, which must be a `Link`.
fn link_to_str_conversion(shape: &Shape) -> Result<Option<TokenStream>> {
    Ok(match shape {
        Shape::Named(name) if name == "Link" => None,
        Shape::Secret | Shape::Password => Some(quote!(Secret::expose)),
        Shape::Text => Some(quote!(String::as_str)),
        _ => bail!("x-pc-paging: next-link: the link is neither a Link nor a string: write one of them"),
    })
}

/// Returns the fields that lead to the items of a page, and the shape of an item.
fn items_field_path<'a>(spec: &'a Spec, page: &'a Shape, path: &str) -> Result<(Vec<Ident>, &'a Shape)> {
    let (mut shape, mut fields) = (page, Vec::new());
    for wire in path.split('.').filter(|wire| !wire.is_empty()) {
        let property = find_property(spec, shape, wire)?;
        ensure!(
            property.required && !property.nullable && !property.read_only && !property.write_only,
            "x-pc-paging: items: `{wire}` is not required: make it so, so that a page without it is an error"
        );
        fields.push(format_ident!("{}", property.field));
        shape = &property.shape;
    }
    match shape {
        Shape::List(item) => Ok((fields, item)),
        _ => bail!("x-pc-paging: items: `{path}` is not a list: write the path of one"),
    }
}

/// Returns the field by which items are told apart, and whether it is optional.
fn item_id_field(spec: &Spec, item: &Shape) -> Result<Option<(Ident, bool)>> {
    let Shape::Named(name) = item else { return Ok(None) };
    let id = spec.definition(name)?.properties().iter().find(|property| property.wire == "id");
    let id = id.filter(|id| matches!(id.shape, Shape::Uuid | Shape::Text) && !id.nullable);
    Ok(id.map(|id| (format_ident!("{}", id.field), !id.required || id.read_only || id.write_only)))
}

impl FieldAccess {
    fn from_optional_path(spec: &Spec, page: &Shape, path: Option<&String>) -> Result<Option<Self>> {
        path.map(|path| Self::read(spec, page, path).map(|(access, _)| access)).transpose()
    }

    /// Reads the access to the field at `path`, and returns its shape.
    fn read<'a>(spec: &'a Spec, page: &'a Shape, path: &str) -> Result<(Self, &'a Shape)> {
        // A name may have a dot, such as `@odata.nextLink`.
        let whole = find_property(spec, page, path).is_ok();
        let wires: Vec<_> = if whole { vec![path] } else { path.split('.').collect() };
        let (mut shape, mut value, mut misfits) = (page, None::<TokenStream>, Vec::new());
        for wire in wires {
            let property = find_property(spec, shape, wire).with_context(|| format!("x-pc-paging: {path}"))?;
            let field = format_ident!("{}", property.field);
            let boxed = property.shape.schema_name().map(|name| spec.definition(name)).transpose()?;
            let is_boxed = boxed.is_some_and(|target| target.boxed) && matches!(property.shape, Shape::Named(_));
            let is_optional = !property.required || property.read_only || property.write_only;
            ensure!(!property.nullable, "x-pc-paging: `{wire}` is nullable: leave that out");
            let borrowed = match (is_optional, is_boxed) {
                (true, true) => quote!(as_deref()),
                (true, false) => quote!(as_ref()),
                (false, _) => quote!(),
            };
            (value, shape) = match value {
                None => {
                    misfits.push(quote!(page.unknown_fields.contains_like(#wire)));
                    let value = if is_optional { quote!(page.#field.#borrowed) } else { quote!(Some(&page.#field)) };
                    (Some(value), &property.shape)
                }
                Some(owner) => {
                    misfits.push(quote!(#owner.is_some_and(|value| value.unknown_fields.contains_like(#wire))));
                    let value = if is_optional {
                        quote!(#owner.and_then(|value| value.#field.#borrowed))
                    } else {
                        quote!(#owner.map(|value| &value.#field))
                    };
                    (Some(value), &property.shape)
                }
            };
        }
        let value = value.context("x-pc-paging: the path is empty: write that of a property")?;
        Ok((Self { value, misfits, is_int64: *shape == Shape::Int64 }, shape))
    }
}

fn find_property<'a>(spec: &'a Spec, owner: &Shape, wire: &str) -> Result<&'a Property> {
    let Shape::Named(name) = owner else { bail!("x-pc-paging: `{wire}` is not within an object: write another path") };
    let definition: &Definition = spec.definition(name)?;
    let found = definition.properties().iter().find(|property| property.wire == wire);
    found.with_context(|| format!("{name} has no property `{wire}`: write the path of one"))
}

/// Returns a warning if an operation without pagination seems to have pages.
pub(super) fn pagination_warning(spec: &Spec, operation: &Operation) -> Result<Option<String>> {
    let bodies = operation.responses.iter().filter_map(|response| response.body.as_ref());
    for (_, shape) in bodies {
        if let Shape::Named(name) = shape
            && let Some(field) = next_page_field(spec, name)?
        {
            return Ok(Some(format!(
                "{}: the response {name} has `{field}`, which points to a next page, but the operation has no x-pc-paging: a \
                 response with a next page will be an error",
                operation.at
            )));
        }
    }
    Ok(None)
}

/// Returns the property of the schema `name` by which a response points to a next page; `None` if it has none.
///
/// Any resource may have the links that pages have. It is a page only if it has a list of objects, or a required list.
fn next_page_field(spec: &Spec, name: &str) -> Result<Option<String>> {
    let DefinitionKind::Object(Object { properties, .. }) = &spec.definition(name)?.kind else { return Ok(None) };
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
            && let DefinitionKind::Object(Object { properties: targets, .. }) = &spec.definition(target)?.kind
            && let Some(next) = targets.iter().find(|property| is(property, &["next"]))
        {
            return Ok(Some(format!("{}.{}", links.wire, next.wire)));
        }
    }
    Ok(None)
}
