//! The operations of the document: each by itself, and all of them together.

use super::{Spec, lint::BrokenObjects, paging};
use crate::{
    dialect::{
        Operation, OperationFacts, OutcomeResponse, Parameter, ParameterLocation, RequestBody, ResponseOutcome,
        X_PC_COMMAND, X_PC_PAGING, component_name_of_reference, escape_pointer_step, reserved,
    },
    problems::Problems,
};
use anyhow::{Context as _, Result, bail, ensure};
use heck::ToPascalCase as _;
use openapiv3::{Header, Link, LinkOperation, PathItem, ReferenceOr};
use serde_json::Value;
use std::collections::BTreeMap;

/// Reads all operations, in the order of the document. Those that have problems are left out.
pub(super) fn read_operations(spec: &Spec, broken: &BrokenObjects, problems: &mut Problems) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, item) in spec.document.paths.iter() {
        let at = format!("#/paths/{}", escape_pointer_step(path));
        let ReferenceOr::Item(item) = item else {
            problems.add_problem(&at, "a path that is a $ref to this file is not understood: write it out");
            continue;
        };
        if broken.is_broken_at(&at) {
            continue;
        }
        if !item.servers.is_empty() {
            problems.add_problem(
                format!("{at}/servers"),
                "a path with servers of its own is not understood: leave them out",
            );
        }
        problems.value_or_add_error(&at, ensure_plain_path(path));
        for (method, operation) in item.iter() {
            let at = format!("{at}/{method}");
            if !broken.is_broken_at(&at) {
                let reader = OperationReader { spec, broken, at, path, method, item, operation };
                operations.extend(reader.read(problems));
            }
        }
    }
    check_operation_names(spec, problems);
    operations
}

/// The reader of one operation.
struct OperationReader<'a> {
    spec: &'a Spec,
    broken: &'a BrokenObjects,
    at: String,
    path: &'a str,
    method: &'a str,
    item: &'a PathItem,
    operation: &'a openapiv3::Operation,
}

impl OperationReader<'_> {
    fn read(self, problems: &mut Problems) -> Option<Operation> {
        let Self { spec, at, path, method, operation, .. } = &self;
        let definitions = &spec.definitions;
        // What is missing then may be what is misspelled.
        let is_complete = !problems.has_problem_within(at);
        let facts = OperationFacts::read(at, method, operation, problems);
        let parameters = self.read_parameters(problems);
        let body = match &operation.request_body {
            None => Some(None),
            Some(body) => {
                let place = self.pointer_of_item_or_component(body, "requestBodies", "requestBody");
                let body = spec
                    .resolve_reference(body, "requestBodies", |components, name| components.request_bodies.get(name));
                let body = problems.value_or_add_error(&place, body).filter(|_| !self.broken.is_broken_within(&place));
                body.and_then(|body| RequestBody::read(&place, body, definitions, problems)).map(Some)
            }
        };
        if body.is_some() && operation.request_body.is_some() && ["get", "head", "delete"].contains(method) {
            problems.add_problem(at, format!("a {} has no body: leave `requestBody` out", method.to_uppercase()));
        }
        let responses = self.read_responses(problems);
        let (parameters, body, responses, facts) = (parameters?, body?, responses?, facts.filter(|_| is_complete)?);
        let mut fields = BTreeMap::new();
        let inputs = parameters.iter().filter(|parameter| !parameter.is_context);
        let names =
            inputs.map(|input| (&input.field, &input.wire)).chain(body.iter().map(|body| (&body.field, &body.field)));
        for (field, wire) in names {
            if let Some(other) = fields.insert(field, wire) {
                problems.add_problem(
                    at,
                    format!("`{wire}` and `{other}`: the name `{field}` is taken: give one another with x-pc-name"),
                );
            }
        }
        let paging = facts.paging.as_ref().map(|paging| {
            let checked = paging::check_paging(paging, definitions, &parameters, &responses);
            problems.value_or_add_error(at, checked.context(X_PC_PAGING))
        });
        // Those of broken paging may be meant.
        if paging != Some(None) {
            check_client_set_parameters(at, &parameters, &facts, problems);
        }
        Some(Operation {
            at: at.clone(),
            area: spec.origins.area_of_pointer(at).to_owned(),
            path: (*path).to_owned(),
            method: (*method).to_owned(),
            parameters,
            body,
            responses,
            facts,
        })
    }

    /// Returns the place of an item, or that of the component that it refers to.
    fn pointer_of_item_or_component<T>(&self, item: &ReferenceOr<T>, folder: &str, own: &str) -> String {
        match item {
            ReferenceOr::Reference { reference } if component_name_of_reference(reference, folder).is_ok() => {
                reference.clone()
            }
            _ => format!("{}/{own}", self.at),
        }
    }

    /// Returns the parameters, those of the path first; `None` if one has problems.
    fn read_parameters(&self, problems: &mut Problems) -> Option<Vec<Parameter>> {
        let of_path =
            self.item.parameters.iter().enumerate().map(|(index, item)| (format!("../parameters/{index}"), item));
        let of_operation = self.operation.parameters.iter().enumerate();
        let of_operation = of_operation.map(|(index, item)| (format!("parameters/{index}"), item));
        let mut parameters: Vec<Parameter> = Vec::new();
        let mut is_complete = true;
        for (own, item) in of_path.chain(of_operation) {
            let place = match own.strip_prefix("../") {
                Some(own) => format!("#/paths/{}/{own}", escape_pointer_step(self.path)),
                None => self.pointer_of_item_or_component(item, "parameters", &own),
            };
            let parameter =
                self.spec.resolve_reference(item, "parameters", |components, name| components.parameters.get(name));
            let parameter =
                problems.value_or_add_error(&place, parameter).filter(|_| !self.broken.is_broken_within(&place));
            let parameter =
                parameter.and_then(|parameter| Parameter::read(&place, parameter, &self.spec.definitions, problems));
            let Some(parameter) = parameter else {
                is_complete = false;
                continue;
            };
            let is_same = |other: &&Parameter| other.wire == parameter.wire && other.location == parameter.location;
            if parameters.iter().any(|other| is_same(&other)) {
                problems.add_problem(&self.at, format!("the parameter {} comes twice: leave one out", parameter.wire));
                continue;
            }
            parameters.push(parameter);
        }
        if is_complete {
            let in_path = parameters.iter().filter(|parameter| parameter.location == ParameterLocation::Path);
            let in_path: Vec<_> = in_path.map(|parameter| parameter.wire.as_str()).collect();
            problems.value_or_add_error(&self.at, ensure_path_parameters(self.path, &in_path))?;
        }
        is_complete.then_some(parameters)
    }

    /// Returns the responses that are outcomes; `None` if one has problems.
    fn read_responses(&self, problems: &mut Problems) -> Option<Vec<OutcomeResponse>> {
        let Self { spec, at, method, operation, .. } = self;
        let mut responses = Vec::new();
        let mut is_complete = true;
        for (status, item) in &operation.responses.responses {
            let own = format!("responses/{status}");
            let place = self.pointer_of_item_or_component(item, "responses", &own);
            let response = spec.resolve_reference(item, "responses", |components, name| components.responses.get(name));
            let Some(response) =
                problems.value_or_add_error(&place, response).filter(|_| !self.broken.is_broken_within(&place))
            else {
                is_complete = false;
                continue;
            };
            let context = || format!("responses/{status}");
            problems.value_or_add_error(at, self.ensure_links_exist(response).with_context(context));
            let headers = self.resolve_headers(response, problems);
            let read = OutcomeResponse::read(status, response, &headers, &spec.definitions).with_context(context);
            match problems.value_or_add_error(if place.starts_with("#/components") { &place } else { at }, read) {
                Some(outcome) => responses.extend(outcome),
                None => is_complete = false,
            }
        }
        // A response without a status is a problem of its own.
        if !is_complete || operation.responses.default.is_some() {
            return None;
        }
        problems.value_or_add_error(
            at,
            ensure_outcomes_have_common_type(method, &responses, operation.responses.responses.is_empty()),
        )?;
        Some(responses)
    }

    fn resolve_headers<'r>(
        &self,
        response: &'r openapiv3::Response,
        problems: &mut Problems,
    ) -> Vec<(String, &'r Header)>
    where
        Self: 'r,
    {
        let mut headers = Vec::new();
        for (name, header) in &response.headers {
            let header =
                self.spec.resolve_reference(header, "headers", |components, name| components.headers.get(name));
            headers.extend(problems.value_or_add_error(&self.at, header).map(|header| (name.clone(), header)));
        }
        headers
    }

    /// Rejects links to operations and parameters that do not exist. The links are for testing tools; no code is generated for
    /// them.
    fn ensure_links_exist(&self, response: &openapiv3::Response) -> Result<()> {
        for (name, link) in &response.links {
            let at = || format!("links/{name}");
            let Some(Link { operation: LinkOperation::OperationId(id), parameters, .. }) = link.as_item() else {
                return Err(anyhow::anyhow!("a link has an `operationId`: write it out")).with_context(at);
            };
            let items = self.spec.document.paths.iter().filter_map(|(_, item)| item.as_item());
            let mut all = items.flat_map(|item| item.iter().map(move |(_, operation)| (item, operation)));
            let target = all.find(|(_, operation)| operation.operation_id.as_ref() == Some(id));
            let missing = || format!("there is no operation {id}: write the operationId of one");
            let (item, operation) = target.with_context(missing).with_context(at)?;
            for name in parameters.keys() {
                let all = item.parameters.iter().chain(&operation.parameters);
                let resolve = |item| {
                    self.spec.resolve_reference(item, "parameters", |components, name| components.parameters.get(name))
                };
                let mut all = all.filter_map(|item| resolve(item).ok());
                let found = all.any(|parameter| parameter.parameter_data_ref().name == *name);
                ensure!(found, "{}: {id} has no parameter `{name}`: write the name of one", at());
            }
        }
        Ok(())
    }
}

/// Rejects responses that have no common type.
fn ensure_outcomes_have_common_type(method: &str, responses: &[OutcomeResponse], is_empty: bool) -> Result<()> {
    let successes: Vec<_> = responses.iter().filter(|response| response.outcome != ResponseOutcome::Absent).collect();
    // Nothing but what could not be read.
    ensure!(!successes.is_empty() || is_empty, "responses: there is no 2xx: write the success");
    ensure!(!is_empty, "responses: there is none: write the success");
    let mut bodies: Vec<_> = successes.iter().filter_map(|response| response.body.as_ref()).collect();
    ensure!(
        method != "head" || bodies.is_empty(),
        "responses: a HEAD has no body: leave `content` out, or write a GET"
    );
    bodies.dedup();
    ensure!(
        bodies.len() <= 1,
        "responses: one schema for all 2xx, not {}: write the schema that all have, or none for those that may be empty",
        bodies.iter().map(|(_, shape)| format!("{shape:?}")).collect::<Vec<_>>().join(" and ")
    );
    Ok(())
}

/// Reports parameters that are marked as set by the client, and are not.
fn check_client_set_parameters(at: &str, parameters: &[Parameter], facts: &OperationFacts, problems: &mut Problems) {
    for parameter in parameters.iter().filter(|parameter| parameter.is_context) {
        let by_client = parameter.location == ParameterLocation::Header
            && reserved::contains_header(reserved::SERVICE_HEADERS_SET_BY_CLIENT, &parameter.wire);
        if !by_client
            && !facts.paging.as_ref().is_some_and(|paging| paging::is_parameter_set_by_paging(paging, parameter))
        {
            problems.add_problem(
                at,
                format!(
                    "the parameter {}: x-pc-context: the client does not set it by itself: leave the extension out, or name the \
                     parameter in {X_PC_PAGING}",
                    parameter.wire
                ),
            );
        }
    }
}

/// Reports names that several operations have, or an operation and a schema, and paths that differ by names only.
fn check_operation_names(spec: &Spec, problems: &mut Problems) {
    let schemas = spec.document.components.iter().flat_map(|components| components.schemas.keys());
    let mut types: BTreeMap<String, &str> = schemas.map(|name| (name.to_lowercase(), "a schema")).collect();
    let mut commands: BTreeMap<&str, &str> = BTreeMap::new();
    let mut routes: BTreeMap<String, &str> = BTreeMap::new();
    for (path, item) in spec.document.paths.iter() {
        for (method, operation) in item.as_item().into_iter().flat_map(PathItem::iter) {
            let at = format!("#/paths/{}/{method}", escape_pointer_step(path));
            let id = operation.operation_id.as_deref().unwrap_or_default();
            let name = id.to_pascal_case();
            let other = if id.is_empty() { None } else { types.insert(name.to_lowercase(), "another operation") };
            let other =
                other.or_else(|| reserved::RESERVED_TYPE_NAMES.contains(&&*name).then_some("a type of the crates"));
            if let Some(other) = other {
                problems.add_problem(
                    format!("{at}/operationId"),
                    format!("the name {name} is taken by {other}: write another one"),
                );
            }
            if let Some(command) = operation.extensions.get(X_PC_COMMAND).and_then(Value::as_str)
                && let Some(other) = commands.insert(command, id)
            {
                problems.add_problem(
                    &at,
                    format!("{X_PC_COMMAND}: `{command}` is that of {other} already: write another one"),
                );
            }
            let without_names = path.split('{').map(|part| part.split_once('}').map_or(part, |(_, rest)| rest));
            let route = format!("{method} {}", without_names.collect::<Vec<_>>().join("{}"));
            if let Some(other) = routes.insert(route, path) {
                problems.add_problem(
                    at,
                    format!("the path is that of {other}, but for the names of parameters: write it once"),
                );
            }
        }
    }
}

/// Rejects a path with a query or a fragment, and one that servers may interpret in different ways.
fn ensure_plain_path(path: &str) -> Result<()> {
    let segments = path.strip_prefix('/').context("a path begins with a slash: write one, such as `/v1/customers`")?;
    ensure!(
        !segments.split('/').any(str::is_empty),
        "a path has no empty segment, and no slash at its end: leave the slash out"
    );
    ensure!(
        !segments.split('/').any(|segment| matches!(segment, "." | "..")),
        "a path has no dot segment: leave it out"
    );
    let illegal = |character: char| !character.is_ascii_graphic() || "?#%\\".contains(character);
    if let Some(character) = segments.chars().find(|character| illegal(*character)) {
        bail!("a path has no {character:?}: leave it out; a query is written as parameters");
    }
    Ok(())
}

/// Rejects a path whose `{name}`s are not exactly its path parameters.
fn ensure_path_parameters(path: &str, parameters: &[&str]) -> Result<()> {
    let names = path.split('{').skip(1).map(|rest| rest.split_once('}').map(|(name, _)| name));
    let names = names.collect::<Option<Vec<_>>>().context("the path has a brace that is not closed: close it")?;
    for name in &names {
        ensure!(
            parameters.contains(name),
            "the path has {{{name}}}, but there is no such parameter: write it with `in: path`"
        );
    }
    for name in parameters {
        ensure!(
            names.contains(name),
            "the path has no {{{name}}}, but there is such a parameter: write it into the path, or leave the parameter out"
        );
    }
    Ok(())
}
