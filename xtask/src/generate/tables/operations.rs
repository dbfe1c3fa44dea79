//! The tables of operations.

use super::{
    Table,
    columns::{Items, columns},
    values::{constraints, default_of, link, option, plain_text, range, type_of, variant},
};
use crate::{
    dialect::{
        BodyExample, BodyType, Command, ErrorCode, HeaderField, Location, Operation, OperationFacts, Paging, Parameter,
        RequestBody, Response,
    },
    document::Spec,
    generate::samples::raw_string,
};
use anyhow::{Context as _, Result};
use heck::ToPascalCase as _;
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};
use std::path::Path;

pub(super) fn operation_tables(spec: &Spec, folder: &Path) -> Result<Vec<Table>> {
    let table = |operation: &Operation| {
        let value = operation_table(spec, operation, folder).with_context(|| operation.at.clone())?;
        let (name, area) = (operation.facts.id.clone(), operation.area.clone());
        Ok(Table { name, area, of: quote!(Operation), value })
    };
    spec.operations.iter().map(table).collect()
}

fn operation_table(spec: &Spec, operation: &Operation, folder: &Path) -> Result<TokenStream> {
    let Operation { area, path, method, facts, .. } = operation;
    let OperationFacts { id, summary, description, command, permissions, is_destructive, .. } = facts;
    let Command { resource, verb } = command;
    let method = format_ident!("{}", method.to_pascal_case());
    let documentation = link(facts.documentation.as_ref());
    let parameters = ordered_inputs(operation).into_iter().map(|parameter| parameter_table(parameter, command));
    let body = operation.body.as_ref().map(|body| request_body(body, folder)).transpose().context("requestBody")?;
    let body = option(body);
    let responses = operation.responses.iter().map(|response| response_table(response, folder));
    let responses = responses.collect::<Result<Vec<_>>>()?;
    let items = Items::of(spec, operation)?;
    let columns = columns(spec, operation, items.as_ref())?;
    let items = Items::path(items.as_ref());
    let paging = option(facts.paging.as_ref().map(paging));
    let authentication = facts.authentication.iter().map(|kind| variant("Authentication", kind));
    let clouds = facts.clouds.iter().map(|cloud| variant("Cloud", cloud));
    let idempotency = variant("Idempotency", facts.idempotency);
    let deprecated = option(facts.deprecated.as_ref());
    let error_codes = facts.error_codes.iter().map(|ErrorCode { status, code, description }| {
        let status = Literal::u16_unsuffixed(*status);
        quote!(ErrorCode { status: #status, code: #code, description: #description })
    });
    Ok(quote! {
        Operation {
            id: #id,
            area: #area,
            command: Command { resource: #resource, verb: #verb },
            method: Method::#method,
            path: #path,
            summary: #summary,
            description: #description,
            documentation: #documentation,
            parameters: &[#(#parameters),*],
            body: #body,
            responses: &[#(#responses),*],
            items: #items,
            paging: #paging,
            authentication: &[#(#authentication),*],
            clouds: &[#(#clouds),*],
            permissions: #permissions,
            idempotency: #idempotency,
            is_destructive: #is_destructive,
            deprecated: #deprecated,
            error_codes: &[#(#error_codes),*],
            columns: &[#(#columns),*],
        }
    })
}

/// Returns the parameters that a caller sets: those of the path in its order, then the others.
fn ordered_inputs(operation: &Operation) -> Vec<&Parameter> {
    let mut inputs: Vec<_> = operation.inputs().collect();
    inputs.sort_by_key(|parameter| match parameter.location {
        Location::Path => operation.path.find(&format!("{{{}}}", parameter.wire)).unwrap_or_default(),
        _ => usize::MAX,
    });
    inputs
}

fn parameter_table(parameter: &Parameter, command: &Command) -> TokenStream {
    let Parameter { wire, flag, required, description, .. } = parameter;
    let schema = parameter.schema.as_ref();
    let is_positional = parameter.is_positional(command);
    let location = variant("Location", parameter.location);
    let style = variant("ParameterStyle", parameter.style);
    let value = type_of(&parameter.shape);
    let (minimum, maximum) = range(schema);
    let sent_minimum = option(parameter.sent_minimum.map(Literal::i64_unsuffixed));
    let (constraints, default) = (constraints(schema), default_of(schema));
    let deprecated = option(parameter.deprecated.as_ref());
    let example = option(parameter.examples.first().map(plain_text));
    quote! {
        Parameter {
            name: #wire,
            flag: #flag,
            is_positional: #is_positional,
            location: #location,
            is_required: #required,
            style: #style,
            value: #value,
            minimum: #minimum,
            sent_minimum: #sent_minimum,
            maximum: #maximum,
            constraints: #constraints,
            default: #default,
            deprecated: #deprecated,
            description: #description,
            example: #example,
        }
    }
}

fn request_body(body: &RequestBody, folder: &Path) -> Result<TokenStream> {
    let RequestBody { required, description, .. } = body;
    let (media_type, value) = (media_type(&body.media_type), type_of(&body.shape));
    let examples = examples(&body.examples, folder)?;
    Ok(quote! {
        RequestBody {
            is_required: #required,
            description: #description,
            media_type: #media_type,
            value: #value,
            examples: &[#(#examples),*],
        }
    })
}

fn response_table(response: &Response, folder: &Path) -> Result<TokenStream> {
    let status = Literal::u16_unsuffixed(response.status);
    let outcome = variant("Outcome", response.outcome);
    let description = &response.description;
    let body = option(response.body.as_ref().map(|(format, shape)| {
        let (media_type, value) = (media_type(format), type_of(shape));
        quote!((#media_type, #value))
    }));
    let headers = response
        .fields
        .iter()
        .map(|HeaderField { wire, description, .. }| quote!(ResponseHeader { name: #wire, description: #description }));
    let examples = examples(&response.examples, folder)?;
    Ok(quote! {
        Response {
            status: #status,
            outcome: #outcome,
            description: #description,
            body: #body,
            headers: &[#(#headers),*],
            examples: &[#(#examples),*],
        }
    })
}

fn media_type(format: &BodyType) -> TokenStream {
    match format {
        BodyType::Json => quote!(MediaType::Json),
        BodyType::Multipart => quote!(MediaType::Multipart),
        BodyType::Text(name) => quote!(MediaType::Text(#name)),
        BodyType::Binary(name) => quote!(MediaType::Binary(#name)),
    }
}

fn examples(examples: &[BodyExample], folder: &Path) -> Result<Vec<TokenStream>> {
    let table = |example: &BodyExample| {
        let BodyExample { name, summary, has_unknown_fields, .. } = example;
        let json = raw_string(&example.json(folder).with_context(|| format!("the example {name}"))?)?;
        Ok(quote!(Example { name: #name, summary: #summary, json: #json, has_unknown_fields: #has_unknown_fields }))
    };
    examples.iter().map(table).collect()
}

fn paging(paging: &Paging) -> TokenStream {
    let items = &paging.items;
    let seek = option(paging.seek.as_ref().map(|(query, value)| quote!((#query, #value))));
    let [next_link, continuation_token, response_header, token_header, token_query, size_query, offset_query, total] =
        [
            &paging.next_link,
            &paging.continuation_token,
            &paging.response_header,
            &paging.token_header,
            &paging.token_query,
            &paging.size_query,
            &paging.offset_query,
            &paging.total,
        ]
        .map(|key| option(key.as_ref()));
    quote! {
        Paging {
            items: #items,
            next_link: #next_link,
            continuation_token: #continuation_token,
            response_header: #response_header,
            token_header: #token_header,
            token_query: #token_query,
            seek: #seek,
            size_query: #size_query,
            offset_query: #offset_query,
            total: #total,
        }
    }
}
