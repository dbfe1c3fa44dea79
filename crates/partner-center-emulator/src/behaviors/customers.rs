//! The list of customers, and a customer by its identifier.

use super::{OperationCall, ResponseWithChanges};
use crate::{
    customer_list::CustomerList,
    error_response::ErrorResponse,
    service_response::{ResponseContent, ServiceResponse},
};
use http::StatusCode;

pub(super) fn list_customers(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let OperationCall { state, quirks, rendered_pages, caller, cancelled, .. } = *call;
    CustomerList { state, quirks, rendered_pages, caller, cancelled }
        .requested_page(call.query, call.request)
        .map(ResponseWithChanges::without_changes)
}

pub(super) fn get_customer(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let (_, customer) = call.customer_in_path()?;
    Ok(ResponseWithChanges::without_changes(ServiceResponse::new(StatusCode::OK, ResponseContent::Customer(customer))))
}
