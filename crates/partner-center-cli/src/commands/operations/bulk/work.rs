//! What is done for one target: the request is made, sent, and its response is read.

use super::{
    super::{
        list,
        passwords::apply_password_options,
        planned_request::PlannedFormat,
        read_change_write,
        request::{self, PlannedRequest, RequestBody, TargetIds},
        response::{self, ReceivedBody, ReceivedResponse},
        send_request,
    },
    customers::find_customer,
    target::{Customer, Target},
};
use crate::{
    arguments::{
        OutputFormat,
        operations::{
            OperationCall,
            tables::{ResultShape, is_read_only},
        },
    },
    error::LocalError,
    messages::Messages,
};
use partner_center::{Client, Error, Transport, journal::Journal, models::JsonValue, transport::Mode};
use partner_center_spec::{Operation, Outcome};
use serde::{Deserialize, Serialize};

/// An operation that is performed many times.
pub(super) struct Work {
    pub(super) call: OperationCall,
    /// The body of each request, unless that is a change of what is read before.
    pub(super) body: Option<RequestBody>,
    pub(super) base_url: String,
    pub(super) output: OutputFormat,
    pub(super) messages: Messages,
    pub(super) journal: Option<Journal>,
}

/// What has come of the work for a target.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct TargetOutput {
    /// The customer, if it is printed with each item.
    #[serde(default)]
    pub(super) customer: Option<Customer>,
    /// The items, as they were received.
    #[serde(default)]
    pub(super) items: Vec<JsonValue>,
    /// What to say on standard error before.
    #[serde(skip)]
    pub(super) notes: Vec<String>,
    /// The request, if it is printed in place of being sent.
    #[serde(skip)]
    pub(super) planned: Option<String>,
}

impl Work {
    /// Does the work for a target. With a journal, its output is kept there.
    pub(super) async fn perform<X: Transport>(
        &self,
        client: &Client<X>,
        target: &Target,
    ) -> Result<TargetOutput, Error> {
        let customer = match &target.customer {
            Some(customer) => Some(find_customer(client, customer).await?),
            None => None,
        };
        // The ID itself may be that of a customer.
        let found = match &target.id {
            Some(id) if request::is_customer_domain(self.call.operation, id) => {
                Some(find_customer(client, &Customer::with_id(id.clone())).await?)
            }
            _ => None,
        };
        let customer_id = found.as_ref().or(customer.as_ref()).map(|customer| customer.id.as_str());
        let ids = TargetIds { customer: customer_id, id: target.id.as_deref() };
        let mut output = self.call_service(client, ids).await?;
        output.customer = customer;
        if let Some(journal) = &self.journal {
            let json = serde_json::to_string(&output).map_err(Error::custom)?;
            let kept = journal.keep_output(target, json);
            if is_read_only(self.call.operation) {
                kept.map_err(Error::custom)?;
            } else if kept.is_err() {
                // The change was made all the same. This text is short enough to be kept.
                let _ = journal.keep_output(target, r#"{"items":[{"outcome":"done"}]}"#.to_owned());
            }
        }
        Ok(output)
    }

    async fn call_service<X: Transport>(&self, client: &Client<X>, ids: TargetIds<'_>) -> Result<TargetOutput, Error> {
        let operation = self.call.operation;
        let mut request = request::plan_request_without_body(&self.call, ids).map_err(LocalError::wrap_usage_error)?;
        let mut output = TargetOutput::default();
        if let Some(reader) = read_change_write::reading_operation_of_call(&self.call) {
            let change =
                read_change_write::read_and_change(client, reader, &self.call, &request, &self.messages).await?;
            output.notes = change.differences;
            if output.notes.is_empty() {
                output.items.push(response::parse_own_json(r#"{"outcome":"unchanged"}"#));
                return Ok(output);
            }
            request.body = Some(change.body);
        } else {
            request.body.clone_from(&self.body);
        }
        request.set_etag_from_body(operation).map_err(LocalError::wrap_usage_error)?;
        if let Some(format) = PlannedFormat::of_call(&self.call.options) {
            output.planned = Some(format.format_request(&request, &self.base_url));
            return Ok(output);
        }
        output.items = self.send(client, request, operation).await?;
        Ok(output)
    }

    /// Sends the request, or those for all pages, and returns the items.
    async fn send<X: Transport>(
        &self,
        client: &Client<X>,
        request: PlannedRequest,
        operation: &'static Operation,
    ) -> Result<Vec<JsonValue>, Error> {
        if let Some(pagination) = request::pagination_of_operation(operation) {
            let mut pages = client.request_raw_pages(request.into_raw_request_of_operation(operation), pagination);
            let mut items = Vec::new();
            while let Some(page) = X::Mode::into_future(pages.next_page()).await {
                items.extend(page?.items().map(response::parse_own_json));
            }
            return Ok(items);
        }
        let mut response = send_request(client, request, operation).await?;
        let password = &self.call.options.password;
        apply_password_options(&mut response, operation, password, None, self.output, &self.messages)
            .map_err(LocalError::wrap_command_error)?;
        items_of_response(response, operation)
    }
}

/// Returns what a response says as items of a list.
fn items_of_response(response: ReceivedResponse, operation: &'static Operation) -> Result<Vec<JsonValue>, Error> {
    let shape = ResultShape::of_operation(operation);
    let item = match (response.response_outcome(operation), response.body) {
        (Outcome::Absent, _) if shape == ResultShape::Presence => response::boolean_json_value(false),
        (Outcome::Absent, _) => response::null_json_value(),
        (Outcome::Accepted, ReceivedBody::None) => {
            response.accepted.unwrap_or_else(|| response::parse_own_json(r#"{"outcome":"accepted"}"#))
        }
        (_, ReceivedBody::None) if shape == ResultShape::Presence => response::boolean_json_value(true),
        (_, ReceivedBody::Json(value)) => match shape {
            ResultShape::List { items } => {
                return list::items_of_complete_list(&value, items)
                    .ok_or_else(|| Error::custom("the response has no list"));
            }
            ResultShape::Nothing => response::parse_own_json(r#"{"outcome":"done"}"#),
            _ => value,
        },
        (_, ReceivedBody::None | ReceivedBody::Bytes(_)) => response::parse_own_json(r#"{"outcome":"done"}"#),
    };
    Ok(vec![item])
}
