use super::shape::{BodyShape, shape_of_json};
use partner_center::transport::Response;
use partner_center_spec::{Operation, Type};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A response without its values.
pub(super) struct ResponseShape {
    status: u16,
    headers: BTreeSet<String>,
    /// `None` if it is not JSON.
    body: Option<BodyShape>,
}

/// In what the emulator differs from the service, for one operation. The names are part of the command line contract.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Difference {
    operation: &'static str,
    path: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Sides<u16>>,
    headers: Sides<Vec<String>>,
    /// The types of the values of each field; none if it is absent there.
    fields: BTreeMap<String, Sides<Vec<&'static str>>>,
}

/// What both have.
#[derive(Serialize)]
struct Sides<T> {
    service: T,
    emulator: T,
}

impl ResponseShape {
    pub(super) fn of_response(operation: &Operation, response: &Response) -> Self {
        let status = response.status().as_u16();
        let described = operation.responses.iter().find(|described| described.status == status);
        let of = described.and_then(|described| described.body).map_or(Type::Any, |(_, of)| of);
        let bytes = response.body().strip_prefix(b"\xEF\xBB\xBF".as_slice()).unwrap_or(response.body());
        Self {
            status,
            headers: response
                .headers()
                .keys()
                .map(|name| name.as_str().to_owned())
                .filter(|name| !CONNECTION_HEADERS.contains(&name.as_str()))
                .collect(),
            body: serde_json::from_slice(bytes).ok().map(|json| shape_of_json(of, &json)),
        }
    }
}

/// Headers of the connection, which the emulator has only as a server.
const CONNECTION_HEADERS: [&str; 5] = ["connection", "content-length", "date", "keep-alive", "transfer-encoding"];

impl Difference {
    /// Returns `None` if there is none.
    pub(super) fn between(
        operation: &'static Operation,
        service: &ResponseShape,
        emulator: &ResponseShape,
    ) -> Option<Self> {
        let only = |one: &ResponseShape, other: &ResponseShape| {
            one.headers.difference(&other.headers).cloned().collect::<Vec<_>>()
        };
        let headers = Sides { service: only(service, emulator), emulator: only(emulator, service) };
        let status =
            (service.status != emulator.status).then_some(Sides { service: service.status, emulator: emulator.status });
        let (none, mut fields) = (BodyShape::new(), BTreeMap::new());
        let (ours, theirs) = (emulator.body.as_ref().unwrap_or(&none), service.body.as_ref().unwrap_or(&none));
        for name in ours.keys().chain(theirs.keys()) {
            let types = |shape: &BodyShape| shape.get(name).into_iter().flatten().copied().collect::<Vec<_>>();
            let sides = Sides { service: types(theirs), emulator: types(ours) };
            if sides.service != sides.emulator {
                fields.insert(name.clone(), sides);
            }
        }
        let is_same =
            status.is_none() && headers.service.is_empty() && headers.emulator.is_empty() && fields.is_empty();
        (!is_same).then_some(Self { operation: operation.id, path: operation.path, status, headers, fields })
    }
}
