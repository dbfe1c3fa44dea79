//! Read, change, write: a resource is replaced by what it was with a change, and nobody else's change is lost.

use super::Client;
use crate::{Error, ErrorKind, Mode, Operation, Output, Transport, Updatable, error::BoxError};
use std::convert::Infallible;

impl<X: Transport> Client<X> {
    /// Gets a resource, lets `change` alter it, and replaces it with the result.
    ///
    /// ```text
    /// blocking: Result<<O::Update as Operation>::Response, Error>
    /// async:    Pin<Box<dyn Future<Output = Result<<O::Update as Operation>::Response, Error>> + Send + '_>>
    /// ```
    ///
    /// All of the resource is sent back, with the fields that the specification does not describe. Where it has an etag, it is
    /// sent, too, in `If-Match`: if somebody else has changed the resource meanwhile, it is read again and `change` is called
    /// again, up to [`RetryPolicy::max_conflicts`](crate::RetryPolicy::max_conflicts) times. So `change` describes what is to be
    /// different, and does nothing else. A resource without an etag, such as a subscription of new commerce, is replaced as it
    /// was read a moment before: a change that somebody else makes in that moment is lost.
    ///
    /// ```
    /// use partner_center_core::{Blocking, Client, Error, GetCustomerBillingProfile, Transport};
    /// use uuid::Uuid;
    ///
    /// /// Changes the contact of the invoices of a customer.
    /// fn set_email(client: &Client<impl Transport<Mode = Blocking>>, customer: Uuid, email: &str) -> Result<(), Error> {
    ///     client.update(GetCustomerBillingProfile::new(customer), |profile| profile.email = Some(email.to_owned()))?;
    ///     Ok(())
    /// }
    /// # use partner_center_core::{Credential, Request, Response, TransportError, http::Method};
    /// # struct Profile;
    /// # impl Transport for Profile {
    /// #     type Mode = Blocking;
    /// #     fn send(&self, request: Request) -> Result<Response, TransportError> {
    /// #         if request.method() == Method::PUT {
    /// #             assert_eq!(request.headers()["if-match"], "\"7\"");
    /// #             let body = str::from_utf8(request.body()).unwrap();
    /// #             assert!(body.contains(r#""email":"ada@contoso.example""#) && body.contains(r#""mood":"sunny""#));
    /// #         }
    /// #         Ok(Response::new(r#"{"lastName": "Lovelace", "mood": "sunny", "attributes": {"etag": "7"}}"#.into()))
    /// #     }
    /// #     fn sleep(&self, _: std::time::Duration) {}
    /// # }
    /// # let client = Client::builder(Profile, Credential::token("secret")).build()?;
    /// # set_email(&client, Uuid::nil(), "ada@contoso.example")?;
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// A subscription, whose PATCH deletes what it is not sent, has no other way to be sent than as it was read:
    ///
    /// ```compile_fail,E0599
    /// # use partner_center_core::{Subscription, UpdateSubscription};
    /// # use uuid::Uuid;
    /// let part = Subscription::default();
    /// UpdateSubscription::new(Uuid::nil(), Uuid::nil(), part);
    /// ```
    ///
    /// ```compile_fail,E0599
    /// # use partner_center_core::{Subscription, UpdateSubscription};
    /// # use uuid::Uuid;
    /// let part = Subscription::new().quantity(12);
    /// UpdateSubscription::new(Uuid::nil(), Uuid::nil(), part);
    /// ```
    ///
    /// ```compile_fail,E0639
    /// # use partner_center_core::{Subscription, UnknownFields};
    /// let part = Subscription { quantity: Some(12), unknown_fields: UnknownFields::default() };
    /// ```
    ///
    /// An operation that changes only what it is sent needs no resource that was read, and is not accepted:
    ///
    /// ```compile_fail,E0277
    /// # use partner_center_core::{Blocking, Client, GetCustomer, Transport};
    /// # use uuid::Uuid;
    /// fn blocking(client: &Client<impl Transport<Mode = Blocking>>) {
    ///     let customer = client.update(GetCustomer::new(Uuid::nil()), |customer| customer.commerce_id = None);
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// - Those of [`call`](Self::call), for either of the two operations; [`Error::operation`] says which.
    /// - [`Error::is_etag_mismatch`]: others have changed the resource each time. If [`Error::is_outcome_unknown`] is true as well,
    ///   the response to an earlier attempt was lost, and the conflict may be with this very change: look before making it again.
    /// - [`ErrorKind::Request`]: the resource has no etag, and the service requires one.
    #[must_use = "a resource is changed once the outcome is used"]
    pub fn update<'a, O>(
        &'a self,
        operation: O,
        mut change: impl FnMut(&mut O::Response) + Send + 'a,
    ) -> Output<'a, X, Result<<O::Update as Operation>::Response, Error>>
    where
        O: Updatable + Send + 'a,
    {
        self.try_update(operation, move |resource| {
            change(resource);
            Ok::<(), Infallible>(())
        })
    }

    /// Replaces a resource as [`update`](Self::update) does, unless `change` returns an error: then nothing is sent.
    ///
    /// ```
    /// use partner_center_core::{Blocking, Client, Error, GetCustomerBillingProfile, Transport};
    /// use uuid::Uuid;
    ///
    /// /// Moves a customer to another street, unless it has no address.
    /// fn move_to(client: &Client<impl Transport<Mode = Blocking>>, customer: Uuid, street: &str) -> Result<(), Error> {
    ///     client.try_update(GetCustomerBillingProfile::new(customer), |profile| {
    ///         let address = profile.default_address.as_mut().ok_or("the customer has no address")?;
    ///         address.address_line1 = Some(street.to_owned());
    ///         Ok::<(), &str>(())
    ///     })?;
    ///     Ok(())
    /// }
    /// # use partner_center_core::{Credential, Request, Response, TransportError};
    /// # struct Profile;
    /// # impl Transport for Profile {
    /// #     type Mode = Blocking;
    /// #     fn send(&self, _: Request) -> Result<Response, TransportError> {
    /// #         Ok(Response::new(r#"{"lastName": "Lovelace", "attributes": {"etag": "7"}}"#.into()))
    /// #     }
    /// #     fn sleep(&self, _: std::time::Duration) {}
    /// # }
    /// # let client = Client::builder(Profile, Credential::token("secret")).build()?;
    /// # let error = move_to(&client, Uuid::nil(), "1 Main Street").unwrap_err();
    /// # assert!(error.to_string().contains("the customer has no address"), "{error}");
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`update`](Self::update), and [`ErrorKind::Request`] with the error of `change` as its source.
    #[must_use = "a resource is changed once the outcome is used"]
    pub fn try_update<'a, O, E>(
        &'a self,
        operation: O,
        mut change: impl FnMut(&mut O::Response) -> Result<(), E> + Send + 'a,
    ) -> Output<'a, X, Result<<O::Update as Operation>::Response, Error>>
    where
        O: Updatable + Send + 'a,
        E: Into<BoxError>,
    {
        X::Mode::block_or_box(async move {
            let retry_policy = self.engine.retry_policy(&self.scope);
            let mut conflicts = 0;
            loop {
                let mut resource = X::Mode::into_future(self.call(operation.clone())).await?;
                let invalid = |error: BoxError| Error::new(ErrorKind::Request, O::Update::ID, error);
                change(&mut resource).map_err(|error| invalid(error.into()))?;
                let update = operation.update(resource).map_err(|error| invalid(error.into()))?;
                let error = match X::Mode::into_future(self.call(update)).await {
                    // What this very call has done, and whose response was lost, must not be done a second time.
                    Err(error) if error.is_etag_mismatch() && !error.is_outcome_unknown() => error,
                    outcome => return outcome,
                };
                conflicts += 1;
                if conflicts > retry_policy.max_conflicts {
                    return Err(error);
                }
                let delay = retry_policy.backoff(conflicts, false, fastrand::f64());
                if self.scope.time_until_deadline().is_some_and(|remaining| remaining <= delay) {
                    return Err(Error::new_deadline_exceeded(O::Update::ID, Some(error)));
                }
                tracing::info!(
                    conflicts = i64::from(conflicts),
                    ?delay,
                    operation = O::Update::ID,
                    "the resource has changed, and is read again"
                );
                X::Mode::into_future(self.engine.sender.transport.sleep(delay)).await;
            }
        })
    }
}
