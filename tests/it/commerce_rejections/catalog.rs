//! The catalog.

use super::{CUSTOMER, Rejection};
use partner_center::{models::*, operations::*};

/// What requests for the catalog are rejected with.
pub(super) const CATALOG: &[Rejection] = &[
    (404, 400_013, |partner| partner.client.call(GetProduct::new("CFQ7TTC0GONE", "US")).map(drop)),
    (404, 400_018, |partner| partner.client.call(GetCustomerSku::new(CUSTOMER, "CFQ7TTC0T5K5", "0099")).map(drop)),
    (403, 400_030, |partner| {
        let skus = ListSkus::new("CFQ7TTC0T5K5", "US").target_segment(TargetSegment::Government);
        partner.client.page(skus).map(drop)
    }),
    (403, 400_036, |partner| partner.client.page(ListProducts::new("US", TargetView::SpecializedOffers)).map(drop)),
];
