//! Errors inside successful responses: of the line items of a cart, and of the orders of a checkout.

use crate::{Cart, CartCheckoutResult, CartLineItem, Order, OrderError};

/// What has become of a checkout, whose status is 201 also if nothing was bought.
///
/// Get it from [`CartCheckoutResult::into_outcome`], the only way to the orders. They are within the variants, so that a program
/// says what it does when some of them failed. Neither of these compiles:
///
/// ```compile_fail,E0616
/// # fn place(result: partner_center_models::CartCheckoutResult) -> Option<Vec<partner_center_models::Order>> {
/// result.orders
/// # }
/// ```
///
/// ```compile_fail,E0609
/// # fn place(result: partner_center_models::CartCheckoutResult) -> Vec<partner_center_models::Order> {
/// result.into_outcome().orders
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "some orders may have failed"]
pub enum CheckoutOutcome {
    /// Everything was ordered.
    Complete {
        /// The orders.
        orders: Vec<Order>,
    },
    /// Some of it was ordered.
    Partial {
        /// The orders that were placed.
        orders: Vec<Order>,
        /// The errors of those that were not.
        errors: Vec<OrderError>,
    },
    /// Nothing was ordered.
    Nothing {
        /// The errors. A cart that had nothing in it has none.
        errors: Vec<OrderError>,
    },
}

/// What of a cart can be bought, whose status is 201 also if nothing of it can.
///
/// Get it from [`Cart::outcome`], the only way to the line items but [`Cart::line_items_mut`], which is there to change them. This
/// does not compile:
///
/// ```compile_fail,E0616
/// # fn count(cart: partner_center_models::Cart) -> usize {
/// cart.line_items.map_or(0, |line_items| line_items.len())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "some line items may have errors"]
pub enum CartOutcome<'a> {
    /// Every line item can be bought.
    Complete {
        /// The line items.
        line_items: Vec<&'a CartLineItem>,
    },
    /// Some line items can be bought.
    Partial {
        /// The line items that can be bought.
        line_items: Vec<&'a CartLineItem>,
        /// Those that have an error.
        faulty: Vec<&'a CartLineItem>,
    },
    /// Nothing can be bought.
    Nothing {
        /// The line items, all of which have an error.
        faulty: Vec<&'a CartLineItem>,
    },
}

impl CartCheckoutResult {
    /// Returns whether everything, some or nothing was ordered, with the orders and the errors.
    ///
    /// ```
    /// use partner_center_models::{CartCheckoutResult, CheckoutOutcome};
    ///
    /// let result: CartCheckoutResult = serde_json::from_str(
    ///     r#"{
    ///         "orders": [{"id": "61d8f03c9ab7"}],
    ///         "orderErrors": [{"orderGroupId": "1", "code": 800013, "description": "Not enabled."}]
    ///     }"#,
    /// )?;
    /// match result.into_outcome() {
    ///     CheckoutOutcome::Complete { orders } => println!("{} orders", orders.len()),
    ///     CheckoutOutcome::Partial { errors, .. } | CheckoutOutcome::Nothing { errors } => {
    ///         assert_eq!(errors[0].code, Some(800013));
    ///     }
    /// }
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[inline]
    pub fn into_outcome(self) -> CheckoutOutcome {
        let orders = self.orders.unwrap_or_default();
        let errors = self.order_errors.unwrap_or_default();
        match (orders.is_empty(), errors.is_empty()) {
            (true, _) => CheckoutOutcome::Nothing { errors },
            (false, true) => CheckoutOutcome::Complete { orders },
            (false, false) => CheckoutOutcome::Partial { orders, errors },
        }
    }
}

impl CheckoutOutcome {
    /// Returns the orders if everything was ordered, and the outcome as an error otherwise, for `?`.
    ///
    /// # Errors
    /// Some or all of it was not ordered.
    #[inline]
    pub fn into_complete(self) -> Result<Vec<Order>, Self> {
        match self {
            Self::Complete { orders } => Ok(orders),
            other => Err(other),
        }
    }
}

impl Cart {
    /// Returns whether everything, some or nothing of the cart can be bought. An add-on with an error counts for its line item.
    ///
    /// ```
    /// use partner_center_models::{Cart, CartOutcome};
    ///
    /// let cart: Cart = serde_json::from_str(
    ///     r#"{"lineItems": [
    ///         {"id": 0, "quantity": 12},
    ///         {"id": 1, "error": {"errorCode": 10001, "errorDescription": "Not valid."}}
    ///     ]}"#,
    /// )?;
    /// let CartOutcome::Partial { faulty, .. } = cart.outcome() else { panic!("one has an error") };
    /// assert_eq!(faulty[0].id, Some(1));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[inline]
    pub fn outcome(&self) -> CartOutcome<'_> {
        let line_items = self.line_items.as_deref().unwrap_or_default();
        let (faulty, line_items): (Vec<_>, Vec<_>) = line_items.iter().partition(|line_item| line_item.has_error());
        match (line_items.is_empty(), faulty.is_empty()) {
            (true, _) => CartOutcome::Nothing { faulty },
            (false, true) => CartOutcome::Complete { line_items },
            (false, false) => CartOutcome::Partial { line_items, faulty },
        }
    }

    /// Returns the line items, those with an error as well, to change them before the cart is written.
    ///
    /// ```
    /// use partner_center_models::{Cart, CartOutcome};
    ///
    /// let mut cart: Cart = serde_json::from_str(r#"{"lineItems": [{"id": 0, "quantity": 12}]}"#)?;
    /// for line_item in cart.line_items_mut() {
    ///     line_item.quantity = Some(15);
    /// }
    /// assert!(matches!(cart.outcome(), CartOutcome::Complete { line_items } if line_items[0].quantity == Some(15)));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[inline]
    pub fn line_items_mut(&mut self) -> &mut Vec<CartLineItem> {
        self.line_items.get_or_insert_default()
    }
}

impl CartLineItem {
    /// Whether the line item, or one of its add-ons, cannot be bought.
    #[must_use]
    #[inline]
    pub fn has_error(&self) -> bool {
        self.error.is_some() || self.addon_items.as_deref().unwrap_or_default().iter().any(Self::has_error)
    }
}

impl std::fmt::Display for CheckoutOutcome {
    #[inline]
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (placed, errors) = match self {
            Self::Complete { orders } => return write!(formatter, "all {} orders were placed", orders.len()),
            Self::Partial { orders, errors } => (orders.len(), errors),
            Self::Nothing { errors } => (0, errors),
        };
        write!(formatter, "{placed} orders were placed, {} were not", errors.len())?;
        errors.iter().try_for_each(|error| {
            let (code, description) =
                (error.code.unwrap_or_default(), error.description.as_deref().unwrap_or_default());
            write!(formatter, "; {code}: {description}")
        })
    }
}

impl std::error::Error for CheckoutOutcome {}

#[cfg(test)]
mod tests {
    use super::{CartOutcome, CheckoutOutcome};
    use crate::{Cart, CartCheckoutResult};
    use serde_json::{Value, json};

    #[test]
    fn checkout_is_complete_partial_or_nothing() {
        let outcome = |orders: usize, errors: usize| {
            let orders: Vec<Value> = (0..orders).map(|id| json!({ "id": id.to_string() })).collect();
            let errors: Vec<Value> = (0..errors).map(|_| json!({ "code": 800_013, "description": "No." })).collect();
            let result: CartCheckoutResult =
                serde_json::from_value(json!({ "orders": orders, "orderErrors": errors })).unwrap();
            result.into_outcome()
        };
        assert!(matches!(outcome(2, 0), CheckoutOutcome::Complete { orders } if orders.len() == 2));
        assert!(matches!(outcome(1, 1), CheckoutOutcome::Partial { .. }));
        assert!(matches!(outcome(0, 1), CheckoutOutcome::Nothing { errors } if errors.len() == 1));
        assert!(matches!(outcome(0, 0), CheckoutOutcome::Nothing { .. }));
        assert!(outcome(1, 0).into_complete().is_ok());
        let error = outcome(1, 1).into_complete().unwrap_err();
        assert_eq!(error.to_string(), "1 orders were placed, 1 were not; 800013: No.");
    }

    #[test]
    fn cart_tells_what_cannot_be_bought() {
        let cart = |line_items: Value| -> Cart { serde_json::from_value(json!({ "lineItems": line_items })).unwrap() };
        let error = json!({ "errorCode": 10_001 });
        assert!(
            matches!(cart(json!([{}, {}])).outcome(), CartOutcome::Complete { line_items } if line_items.len() == 2)
        );
        assert!(matches!(cart(json!([{ "error": error }])).outcome(), CartOutcome::Nothing { .. }));
        assert!(matches!(cart(json!([])).outcome(), CartOutcome::Nothing { .. }));
        let with_add_on = cart(json!([{}, { "addonItems": [{ "error": error }] }]));
        assert!(matches!(with_add_on.outcome(), CartOutcome::Partial { faulty, .. } if faulty.len() == 1));
    }
}
