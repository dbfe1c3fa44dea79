//! The catalog: what customers can buy. It is small, the same for every customer, and has the products of the examples of the
//! specification.

mod products;

pub(crate) use products::{AZURE_PLAN_CATALOG_ITEM_ID, PRODUCTS};

use crate::timestamp::ONE_DAY;
use std::time::Duration;

/// A product with its SKUs.
pub(crate) struct Product {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) description: &'static str,
    pub(crate) kind: ProductKind,
    pub(crate) skus: &'static [Sku],
}

/// What a product is, which decides how it is bought, changed and cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProductKind {
    /// Seats of an online service, for a term.
    OnlineServices,
    /// A subscription of the marketplace, which is activated before it is used.
    Marketplace,
    /// Software for a term.
    SoftwareSubscription,
    /// Software that is bought once and for all. It makes no subscription.
    PerpetualSoftware,
    /// Computing power of Azure that is paid in advance. It makes no subscription.
    Reservation,
    /// What Azure subscriptions are below. It has neither seats nor a term: what they use is billed.
    AzurePlan,
}

/// A variant of a product.
pub(crate) struct Sku {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    /// The minimum and the maximum of the quantity of one subscription.
    pub(crate) quantities: (i64, i64),
    /// The maximum number of seats that a customer may have in all subscriptions of the SKU.
    pub(crate) max_per_customer: Option<i64>,
    pub(crate) is_trial: bool,
    pub(crate) needs_attestation: bool,
    /// The products of which the customer must have one, as the SKU is an add-on to them.
    pub(crate) base_products: &'static [&'static str],
    /// The catalog items that a subscription can be moved to.
    pub(crate) transition_targets: &'static [&'static str],
    pub(crate) availabilities: &'static [Availability],
}

/// What a SKU is sold as: terms with their prices.
pub(crate) struct Availability {
    pub(crate) id: &'static str,
    pub(crate) terms: &'static [Term],
}

/// A term that something is sold for.
pub(crate) struct Term {
    /// The length, such as `P1Y`. It is empty if there is no term.
    pub(crate) duration: &'static str,
    pub(crate) billing_cycles: &'static [&'static str],
    /// The price of one seat for one month, or of one piece, in cents.
    pub(crate) price: i64,
}

/// One thing to buy: an availability, with its SKU and its product.
#[derive(Clone, Copy)]
pub(crate) struct CatalogItem {
    pub(crate) product: &'static Product,
    pub(crate) sku: &'static Sku,
    pub(crate) availability: &'static Availability,
}

/// The time within which something can be cancelled, or seats be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CancellationWindow {
    pub(crate) length: Duration,
    /// Whether the service counts it in hours, and its errors say so.
    pub(crate) is_in_hours: bool,
}

/// Returns the item with an identifier such as `CFQ7TTC069GL:0001:CFQ7TTC0G225`, in any case.
pub(crate) fn find_catalog_item(id: &str) -> Option<CatalogItem> {
    let mut parts = id.split(':');
    let (product, sku, availability) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let (product, sku) = find_product_and_sku(product, sku)?;
    let availability = sku.availabilities.iter().find(|known| known.id.eq_ignore_ascii_case(availability))?;
    Some(CatalogItem { product, sku, availability })
}

pub(crate) fn find_product(id: &str) -> Option<&'static Product> {
    PRODUCTS.iter().find(|product| product.id.eq_ignore_ascii_case(id))
}

pub(crate) fn find_product_and_sku(product: &str, sku: &str) -> Option<(&'static Product, &'static Sku)> {
    let product = find_product(product)?;
    Some((product, product.skus.iter().find(|known| known.id.eq_ignore_ascii_case(sku))?))
}

impl CatalogItem {
    pub(crate) fn id(&self) -> String {
        format!("{}:{}:{}", self.product.id, self.sku.id, self.availability.id)
    }

    /// Returns the term with this length.
    pub(crate) fn term(&self, duration: &str) -> Option<&'static Term> {
        self.availability.terms.iter().find(|term| term.duration.eq_ignore_ascii_case(duration))
    }

    /// Returns the window within which a purchase can be undone: that of online services is a week, of perpetual software a month;
    /// that of the marketplace is counted in hours. What is sold for Azure has none.
    pub(crate) fn cancellation_window(&self) -> Option<CancellationWindow> {
        match self.product.kind {
            ProductKind::OnlineServices | ProductKind::SoftwareSubscription => {
                Some(CancellationWindow { length: ONE_DAY * 7, is_in_hours: false })
            }
            ProductKind::PerpetualSoftware => Some(CancellationWindow { length: ONE_DAY * 30, is_in_hours: false }),
            ProductKind::Marketplace => Some(CancellationWindow { length: ONE_DAY * 3, is_in_hours: true }),
            ProductKind::Reservation | ProductKind::AzurePlan => None,
        }
    }
}

impl ProductKind {
    /// Returns the type as the service names it, with the one below it.
    pub(crate) fn get_type_and_subtype_names(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::OnlineServices => ("OnlineServicesNCE", None),
            Self::Marketplace => ("SaaS", None),
            Self::SoftwareSubscription | Self::PerpetualSoftware => ("Software", None),
            Self::Reservation => ("Azure", Some("VirtualMachines")),
            Self::AzurePlan => ("Azure", Some("AzurePlan")),
        }
    }

    pub(crate) fn makes_subscription(self) -> bool {
        !matches!(self, Self::PerpetualSoftware | Self::Reservation)
    }
}

/// Returns the months of a term such as `P1Y`, or `None` for any other text.
pub(crate) fn months_of_term(duration: &str) -> Option<u32> {
    match duration.to_ascii_uppercase().as_str() {
        "P1M" => Some(1),
        "P1Y" => Some(12),
        "P3Y" => Some(36),
        "P5Y" => Some(60),
        _ => None,
    }
}

/// Returns the months of a billing cycle, or `None` for one that does not recur.
pub(crate) fn months_of_billing_cycle(billing_cycle: &str) -> Option<u32> {
    match billing_cycle.to_ascii_lowercase().as_str() {
        "monthly" => Some(1),
        "annual" => Some(12),
        "triennial" => Some(36),
        _ => None,
    }
}

/// Returns code and symbol of the currency that a partner pays in for customers of a country.
pub(crate) fn get_currency_code_and_symbol(country: &str) -> (&'static str, &'static str) {
    match country.to_ascii_uppercase().as_str() {
        "DE" | "FR" | "GR" => ("EUR", "€"),
        "JP" => ("JPY", "¥"),
        "IN" => ("INR", "₹"),
        "BR" => ("BRL", "R$"),
        _ => ("USD", "$"),
    }
}

#[cfg(test)]
mod tests {
    use super::{PRODUCTS, find_catalog_item, months_of_billing_cycle, months_of_term};

    #[test]
    fn catalog_refers_to_what_it_has() {
        for product in PRODUCTS {
            for sku in product.skus {
                assert!(sku.quantities.0 >= 1 && sku.quantities.0 <= sku.quantities.1, "{}", sku.title);
                for target in sku.transition_targets {
                    assert!(find_catalog_item(target).is_some(), "{target}");
                }
                for base in sku.base_products {
                    assert!(super::find_product(base).is_some(), "{base}");
                }
                for term in sku.availabilities.iter().flat_map(|availability| availability.terms) {
                    assert!(term.duration.is_empty() || months_of_term(term.duration).is_some());
                    let is_known = |cycle: &&str| *cycle == "one_time" || months_of_billing_cycle(cycle).is_some();
                    assert!(term.billing_cycles.iter().all(is_known), "{}", sku.title);
                }
            }
        }
    }

    #[test]
    fn catalog_item_is_found_by_all_of_its_identifier() {
        let item = find_catalog_item("cfq7ttc069gl:0001:cfq7ttc0g225").unwrap();
        assert_eq!(item.id(), "CFQ7TTC069GL:0001:CFQ7TTC0G225");
        for other in
            ["", "CFQ7TTC069GL", "CFQ7TTC069GL:0001", "CFQ7TTC069GL:0001:x", "CFQ7TTC069GL:0001:CFQ7TTC0G225:1"]
        {
            assert!(find_catalog_item(other).is_none(), "{other}");
        }
    }
}
