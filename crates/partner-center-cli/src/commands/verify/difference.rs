use partner_center_emulator::{JsonType, RecordedExchange};
use partner_center_spec::Operation;
use serde::Serialize;
use std::collections::BTreeMap;

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
    fields: BTreeMap<String, Sides<Vec<JsonType>>>,
}

/// What both have.
#[derive(Serialize)]
struct Sides<T> {
    service: T,
    emulator: T,
}

impl Difference {
    /// Returns `None` if there is none.
    pub(super) fn between(
        operation: &'static Operation,
        service: &RecordedExchange,
        emulator: &RecordedExchange,
    ) -> Option<Self> {
        let only = |one: &RecordedExchange, other: &RecordedExchange| {
            one.headers.difference(&other.headers).cloned().collect::<Vec<_>>()
        };
        let headers = Sides { service: only(service, emulator), emulator: only(emulator, service) };
        let status =
            (service.status != emulator.status).then_some(Sides { service: service.status, emulator: emulator.status });
        let (none, mut fields) = (BTreeMap::new(), BTreeMap::new());
        let (ours, theirs) = (emulator.body.as_ref().unwrap_or(&none), service.body.as_ref().unwrap_or(&none));
        for name in ours.keys().chain(theirs.keys()) {
            let types =
                |shape: &BTreeMap<_, _>| shape.get(name).into_iter().flatten().copied().collect::<Vec<JsonType>>();
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
