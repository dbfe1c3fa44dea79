//! The catalog by country and by customer: products, SKUs and availabilities.

use super::{country_of_query_or_customer, forbidden_error, respond_with_list};
use crate::{
    behaviors::{OperationCall, ResponseWithChanges},
    catalog::{
        CatalogItem, PRODUCTS, Product, ProductKind, Sku, find_product, find_product_and_sku,
        get_currency_code_and_symbol,
    },
    error_response::ErrorResponse,
    json_fields::without_null_fields,
    resource::ResourceLink,
    service_response::ResourceKind,
};
use http::StatusCode;
use serde_json::{Value, json};

type Response = Result<ResponseWithChanges, ErrorResponse>;

pub(super) fn list_products(call: &OperationCall<'_>) -> Response {
    let view = call.query.first_value("targetView").unwrap_or_default();
    let kinds = product_kinds_in_view(view)
        .ok_or_else(|| forbidden_error(400_036, format!("The partner may not use the view {view:?}.")))?;
    let has_segment = is_anything_sold_in_segment(call)?;
    let country = country_of_query_or_customer(call);
    let products = PRODUCTS.iter().filter(|product| has_segment && kinds.contains(&product.kind));
    respond_with_list(call, products.map(|product| product_as_json(product, &country)).collect())
}

pub(super) fn get_product(call: &OperationCall<'_>) -> Response {
    Ok(resource_response(call, product_as_json(product_in_path(call)?, &country_of_query_or_customer(call))))
}

pub(super) fn list_skus(call: &OperationCall<'_>) -> Response {
    let product = product_in_path(call)?;
    let country = country_of_query_or_customer(call);
    let has_segment = is_anything_sold_in_segment(call)?;
    let skus = product.skus.iter().filter(|_| has_segment);
    respond_with_list(call, skus.map(|sku| sku_as_json(product, sku, &country)).collect())
}

pub(super) fn get_sku(call: &OperationCall<'_>) -> Response {
    let (product, sku) = sku_in_path(call)?;
    Ok(resource_response(call, sku_as_json(product, sku, &country_of_query_or_customer(call))))
}

pub(super) fn list_availabilities(call: &OperationCall<'_>) -> Response {
    let (product, sku) = sku_in_path(call)?;
    let country = country_of_query_or_customer(call);
    let has_segment = is_anything_sold_in_segment(call)?;
    let availabilities = sku.availabilities.iter().filter(|_| has_segment);
    let items = availabilities.map(|availability| CatalogItem { product, sku, availability });
    respond_with_list(call, items.map(|item| availability_as_json(item, &country)).collect())
}

pub(super) fn get_availability(call: &OperationCall<'_>) -> Response {
    let (product, sku) = sku_in_path(call)?;
    let id = call.route.path_parameter("availability-id").unwrap_or_default();
    let availability = sku.availabilities.iter().find(|known| known.id.eq_ignore_ascii_case(id));
    let availability = availability.ok_or_else(|| not_found_error(400_019, "There is no such availability."))?;
    Ok(resource_response(
        call,
        availability_as_json(CatalogItem { product, sku, availability }, &country_of_query_or_customer(call)),
    ))
}

/// Says of what is requested whether it can be bought now. What the catalog does not have is left out.
pub(super) fn check_inventory(call: &OperationCall<'_>) -> ResponseWithChanges {
    let targets = call.body["targetItems"].as_array().into_iter().flatten();
    let text = |target: &Value, name: &str| target[name].as_str().unwrap_or_default().to_owned();
    let items = targets.flat_map(|target| {
        let (id, sku_id) = (text(target, "productId"), text(target, "skuId"));
        let skus = find_product(&id).map_or(&[][..], |product| product.skus);
        let skus = skus.iter().filter(move |sku| sku_id.is_empty() || sku.id.eq_ignore_ascii_case(&sku_id));
        skus.map(move |sku| json!({ "productId": id, "skuId": sku.id, "isRestricted": false, "restrictions": [] }))
            .collect::<Vec<_>>()
    });
    resource_response(call, items.collect())
}

fn resource_response(call: &OperationCall<'_>, resource: Value) -> ResponseWithChanges {
    ResponseWithChanges::without_changes(call.respond_with_resource(resource, ResourceKind::Other, false))
}

fn not_found_error(code: u32, description: &str) -> ErrorResponse {
    ErrorResponse::documented_error(StatusCode::NOT_FOUND, code, description)
}

fn product_in_path(call: &OperationCall<'_>) -> Result<&'static Product, ErrorResponse> {
    let product = find_product(call.route.path_parameter("product-id").unwrap_or_default());
    product.ok_or_else(|| not_found_error(400_013, "There is no such product."))
}

fn sku_in_path(call: &OperationCall<'_>) -> Result<(&'static Product, &'static Sku), ErrorResponse> {
    let product = product_in_path(call)?;
    let sku = find_product_and_sku(product.id, call.route.path_parameter("sku-id").unwrap_or_default());
    sku.ok_or_else(|| not_found_error(400_018, "There is no such SKU."))
}

/// Returns the kinds of products that a view has, or `None` for what is offered to single partners, of which this one is none.
fn product_kinds_in_view(view: &str) -> Option<&'static [ProductKind]> {
    Some(match view.to_ascii_lowercase().as_str() {
        "onlineservices" => &[ProductKind::OnlineServices],
        "azurereservations" | "azurereservationsvm" => &[ProductKind::Reservation],
        "software" => &[ProductKind::SoftwareSubscription, ProductKind::PerpetualSoftware],
        "softwareperpetual" => &[ProductKind::PerpetualSoftware],
        "softwaresubscriptions" | "softwaresuselinux" => &[ProductKind::SoftwareSubscription],
        "marketplacesaas" => &[ProductKind::Marketplace],
        "azure" | "microsoftazure" => &[ProductKind::AzurePlan],
        "azurereservationssql" | "azurereservationscosmosdb" => &[],
        _ => return None,
    })
}

/// Whether anything is sold in the segment of the request: the catalog has commercial products alone. Governments buy from partners
/// that were authorized for it.
fn is_anything_sold_in_segment(call: &OperationCall<'_>) -> Result<bool, ErrorResponse> {
    match call.query.first_value("targetSegment").map(str::to_ascii_lowercase).as_deref() {
        None | Some("commercial") => Ok(true),
        Some("education" | "nonprofit") => Ok(false),
        Some(other) => Err(forbidden_error(400_030, format!("The partner may not sell to the segment {other:?}."))),
    }
}

fn catalog_link(path: &str, country: &str) -> ResourceLink {
    ResourceLink::new(format!("{path}?country={country}"))
}

fn product_as_json(product: &Product, country: &str) -> Value {
    let (type_name, sub_type) = product.kind.get_type_and_subtype_names();
    let path = format!("/products/{}", product.id);
    without_null_fields(json!({
        "id": product.id,
        "title": product.title,
        "description": product.description,
        "productType": {
            "id": type_name,
            "displayName": if type_name == "OnlineServicesNCE" { "Online Services NCE" } else { type_name },
            "subType": sub_type.map(|id| json!({ "id": id, "displayName": id })),
        },
        "isMicrosoftProduct": product.kind != ProductKind::Marketplace,
        "publisherName": if product.kind == ProductKind::Marketplace { "Tailspin Toys" } else { "Microsoft Corporation" },
        "links": { "skus": catalog_link(&format!("{path}/skus"), country), "self": catalog_link(&path, country) },
    }))
}

fn sku_as_json(product: &Product, sku: &Sku, country: &str) -> Value {
    let is_reservation = product.kind == ProductKind::Reservation;
    let terms = sku.availabilities.iter().flat_map(|availability| availability.terms);
    let mut billing_cycles: Vec<_> = terms.flat_map(|term| term.billing_cycles.iter().copied()).collect();
    billing_cycles.sort_unstable();
    billing_cycles.dedup();
    let prerequisites: &[&str] = match product.kind {
        ProductKind::Reservation => &["InventoryCheck", "AzureSubscriptionRegistration"],
        _ => &["MicrosoftCustomerAgreement"],
    };
    let variables = |names: &'static [&'static str]| if is_reservation { names } else { &[] };
    let path = format!("/products/{}/skus/{}", product.id, sku.id);
    without_null_fields(json!({
        "id": sku.id,
        "productId": product.id,
        "title": sku.title,
        "description": product.description,
        "minimumQuantity": sku.quantities.0,
        "maximumQuantity": sku.quantities.1,
        "isTrial": sku.is_trial,
        "supportedBillingCycles": billing_cycles,
        "purchasePrerequisites": prerequisites,
        "inventoryVariables": variables(&["CustomerId", "AzureSubscriptionId", "ArmRegionName"]),
        "provisioningVariables": variables(&["Scope", "SubscriptionId", "Duration"]),
        "dynamicAttributes": {
            "isMicrosoftProduct": product.kind != ProductKind::Marketplace,
            "isAddon": !sku.base_products.is_empty(),
            "prerequisiteSkus": sku.base_products,
            "upgradeTargetOffers": sku.transition_targets,
        },
        "attestationProperties":
            sku.needs_attestation.then(|| json!([{ "attestationType": "Eligibility", "enforceAttestation": true }])),
        "links": { "availabilities": catalog_link(&format!("{path}/availabilities"), country), "self": catalog_link(&path, country) },
    }))
}

fn availability_as_json(item: CatalogItem, country: &str) -> Value {
    let CatalogItem { product, sku, availability } = item;
    let (code, symbol) = get_currency_code_and_symbol(country);
    let renews = product.kind.makes_subscription() && !sku.is_trial;
    let renewal_options = json!([{ "renewToId": format!("{}:{}", product.id, sku.id), "isAutoRenewable": renews }]);
    let policies = item.cancellation_window().map(|window| {
        let days = window.length.as_secs() / crate::timestamp::ONE_DAY.as_secs();
        json!([{ "refundOptions": [
            { "sequenceId": 0, "type": "Full", "expiresAfter": "P1D" },
            { "sequenceId": 1, "type": "Partial", "expiresAfter": format!("P{days}D") },
        ] }])
    });
    let terms = availability.terms.iter().flat_map(|term| {
        term.billing_cycles.iter().map(|billing_cycle| {
            json!({
                "id": format!("{}-{}-{billing_cycle}", availability.id, term.duration).to_lowercase(),
                "duration": term.duration,
                "description": format!("{}, billed {billing_cycle}", if term.duration.is_empty() { "No term" } else { term.duration }),
                "billingCycle": billing_cycle_in_pascal_case(billing_cycle),
                "renewalOptions": renews.then_some(&renewal_options),
                "cancellationPolicies": policies,
            })
        })
    });
    let path = format!("/products/{}/skus/{}/availabilities/{}", product.id, sku.id, availability.id);
    without_null_fields(json!({
        "id": availability.id,
        "productId": product.id,
        "skuId": sku.id,
        "catalogItemId": item.id(),
        "defaultCurrency": { "code": code, "symbol": symbol },
        "segment": "commercial",
        "country": country,
        "isPurchasable": true,
        "isRenewable": renews,
        "terms": terms.collect::<Vec<_>>(),
        "product": product_as_json(product, country),
        "sku": sku_as_json(product, sku, country),
        "links": { "self": catalog_link(&path, country) },
    }))
}

/// Returns a billing cycle as availabilities have it: `OneTime`.
fn billing_cycle_in_pascal_case(text: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    };
    text.split('_').map(word).collect()
}
