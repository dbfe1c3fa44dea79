//! The list of customers, and a customer by its identifier.

use super::{Call, Reply};
use crate::{
    customer_list::CustomerList,
    error_response::ErrorResponse,
    service_response::{Content, ServiceResponse},
};
use http::StatusCode;

pub(super) fn list(call: &Call<'_>) -> Result<Reply, ErrorResponse> {
    let Call { state, quirks, caller, cancelled, .. } = *call;
    CustomerList { state, quirks, caller, cancelled }.page(call.query, call.request).map(Reply::unchanged)
}

pub(super) fn get(call: &Call<'_>) -> Result<Reply, ErrorResponse> {
    let (_, customer) = call.customer()?;
    Ok(Reply::unchanged(ServiceResponse::new(StatusCode::OK, Content::Customer(customer))))
}
