//! The tables of operations.

use super::{
    TableConstant,
    columns::{ResponseItems, column_expressions},
    values::{
        constraints_expression, default_expression, format_value_as_sent, link_expression, option_expression,
        type_expression, variant_expression,
    },
};
use crate::{
    dialect::{
        BodyExample, BodyType, Command, ErrorCode, Operation, OperationFacts, OutcomeResponse, Paging, Parameter,
        ParameterLocation, RequestBody, ResultHeader,
    },
    document::Spec,
    generate::samples::string_literal_tokens,
};
use anyhow::{Context as _, Result};
use heck::ToPascalCase as _;
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};
use std::path::Path;

pub(super) fn operation_tables(spec: &Spec, folder: &Path) -> Result<Vec<TableConstant>> {
    let table = |operation: &Operation| {
        let value = operation_table(spec, operation, folder).with_context(|| operation.at.clone())?;
        let (name, area) = (operation.facts.id.clone(), operation.area.clone());
        Ok(TableConstant { name, area, of: quote!(Operation), value })
    };
    spec.operations.iter().map(table).collect()
}

fn operation_table(spec: &Spec, operation: &Operation, folder: &Path) -> Result<TokenStream> {
    let Operation { area, path, method, facts, .. } = operation;
    let OperationFacts { id, summary, description, command, permissions, is_destructive, .. } = facts;
    let replaces_resource = method == "put" || facts.is_replacement();
    let replaced_properties = &facts.replaced_fields;
    let Command { resource, verb } = command;
    let method = format_ident!("{}", method.to_pascal_case());
    let documentation = link_expression(facts.documentation.as_ref());
    let parameters =
        ordered_caller_parameters(operation).into_iter().map(|parameter| parameter_table(parameter, command));
    let body =
        operation.body.as_ref().map(|body| request_body_expression(body, folder)).transpose().context("requestBody")?;
    let body = option_expression(body);
    let responses = operation.responses.iter().map(|response| response_table(response, folder));
    let responses = responses.collect::<Result<Vec<_>>>()?;
    let items = ResponseItems::from_operation(spec, operation)?;
    let columns = column_expressions(spec, operation, items.as_ref())?;
    let items = ResponseItems::path_expression(items.as_ref());
    let paging = option_expression(facts.paging.as_ref().map(paging_expression));
    let authentication = facts.authentication.iter().map(|kind| variant_expression("Authentication", kind));
    let clouds = facts.clouds.iter().map(|cloud| variant_expression("Cloud", cloud));
    let idempotency = variant_expression("Idempotency", facts.idempotency);
    let deprecated = option_expression(facts.deprecated.as_ref());
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
            replaces_resource: #replaces_resource,
            replaced_properties: &[#(#replaced_properties),*],
            deprecated: #deprecated,
            error_codes: &[#(#error_codes),*],
            columns: &[#(#columns),*],
        }
    })
}

/// Returns the parameters that a caller sets: those of the path in its order, then the others.
fn ordered_caller_parameters(operation: &Operation) -> Vec<&Parameter> {
    let mut inputs: Vec<_> = operation.caller_set_parameters().collect();
    inputs.sort_by_key(|parameter| match parameter.location {
        ParameterLocation::Path => operation.path.find(&format!("{{{}}}", parameter.wire)).unwrap_or_default(),
        _ => usize::MAX,
    });
    inputs
}

fn parameter_table(parameter: &Parameter, command: &Command) -> TokenStream {
    let Parameter { wire, flag, required, description, .. } = parameter;
    let schema = parameter.schema.as_ref();
    let is_positional = parameter.is_positional(command);
    let location = variant_expression("Location", parameter.location);
    let style = variant_expression("ParameterStyle", parameter.style);
    let value = type_expression(&parameter.shape);
    let (constraints, default) = (constraints_expression(schema, parameter.sent_minimum), default_expression(schema));
    let deprecated = option_expression(parameter.deprecated.as_ref());
    let example = option_expression(parameter.examples.first().map(format_value_as_sent));
    quote! {
        Parameter {
            name: #wire,
            flag: #flag,
            is_positional: #is_positional,
            location: #location,
            is_required: #required,
            style: #style,
            value: #value,
            constraints: #constraints,
            default: #default,
            deprecated: #deprecated,
            description: #description,
            example: #example,
        }
    }
}

fn request_body_expression(body: &RequestBody, folder: &Path) -> Result<TokenStream> {
    let RequestBody { required, description, .. } = body;
    let (media_type, value) = (media_type_expression(&body.media_type), type_expression(&body.shape));
    let examples = example_expressions(&body.examples, folder)?;
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

fn response_table(response: &OutcomeResponse, folder: &Path) -> Result<TokenStream> {
    let status = Literal::u16_unsuffixed(response.status);
    let outcome = variant_expression("Outcome", response.outcome);
    let description = &response.description;
    let body = option_expression(response.body.as_ref().map(|(format, shape)| {
        let (media_type, value) = (media_type_expression(format), type_expression(shape));
        quote!((#media_type, #value))
    }));
    let headers = response.fields.iter().map(
        |ResultHeader { wire, description, .. }| quote!(ResponseHeader { name: #wire, description: #description }),
    );
    let examples = example_expressions(&response.examples, folder)?;
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

fn media_type_expression(format: &BodyType) -> TokenStream {
    match format {
        BodyType::Json => quote!(MediaType::Json),
        BodyType::Multipart => quote!(MediaType::Multipart),
        BodyType::Text(name) => quote!(MediaType::Text(#name)),
        BodyType::Binary(name) => quote!(MediaType::Binary(#name)),
    }
}

fn example_expressions(examples: &[BodyExample], folder: &Path) -> Result<Vec<TokenStream>> {
    let table = |example: &BodyExample| {
        let BodyExample { name, summary, has_unknown_fields, .. } = example;
        let json =
            string_literal_tokens(&example.load_json_text(folder).with_context(|| format!("the example {name}"))?)?;
        Ok(quote!(Example { name: #name, summary: #summary, json: #json, has_unknown_fields: #has_unknown_fields }))
    };
    examples.iter().map(table).collect()
}

fn paging_expression(paging: &Paging) -> TokenStream {
    let items = &paging.items;
    let seek = option_expression(paging.seek.as_ref().map(|(query, value)| quote!((#query, #value))));
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
        .map(|key| option_expression(key.as_ref()));
    quote! {
        &Paging {
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
