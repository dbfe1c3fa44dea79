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
        .respond_with_requested_page(call.query, call.request)
        .map(ResponseWithChanges::without_changes)
}

pub(super) fn get_customer(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let index = call.customer_index_in_path().ok_or(ErrorResponse::NotFound)?;
    let content = match call.state.get_unchanged_generated_customer(index) {
        Some(customer) => ResponseContent::GeneratedCustomer(Box::new(customer)),
        None => ResponseContent::Customer(call.state.get_customer(index).ok_or(ErrorResponse::NotFound)?),
    };
    Ok(ResponseWithChanges::without_changes(ServiceResponse::new(StatusCode::OK, content)))
}
