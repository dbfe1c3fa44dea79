use crate::{InvalidParameter, SingleResponse};
use serde::Serialize;
use serde_json::Value;

/// An operation that gets a resource which another operation replaces.
///
/// Generated for each GET whose path also has a PUT, or a PATCH that works as a PUT, with the same resource as its body. The
/// method `update` of a client reads the resource, lets the caller change it, and sends all of it back, with what the
/// specification does not describe and, where the resource has an etag, on the condition that nobody has changed it meanwhile.
///
/// ```
/// # #[cfg(not(feature = "account"))]
/// # fn main() {}
/// # #[cfg(feature = "account")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use partner_center_models::{CustomerBillingProfile, GetCustomerBillingProfile, Operation, Updatable, uuid::Uuid};
///
/// let get = GetCustomerBillingProfile::new(Uuid::parse_str("aaaabbbb-0000-cccc-1111-dddd2222eeee")?);
/// let profile: CustomerBillingProfile = serde_json::from_str(
///     r#"{"firstName": "Ada", "mood": "sunny", "attributes": {"etag": "-7310482265019384617"}}"#,
/// )?;
/// let parameters = get.update(profile)?.parameters()?;
/// assert_eq!(parameters.headers, [("If-Match", r#""-7310482265019384617""#.to_owned())]);
/// assert!(parameters.body.is_some_and(|body| body.as_str().is_some_and(|json| json.contains(r#""mood":"sunny""#))));
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not get a resource that can be replaced",
    note = "`update` takes the GET of a resource whose path also has a PUT, or a PATCH that works as a PUT",
    note = "a PATCH that changes only what it is sent needs no resource that was read: perform it with `call`"
)]
pub trait Updatable: SingleResponse<Response: Serialize> + Clone {
    /// The operation that replaces the resource.
    type Update: SingleResponse;

    /// Returns the operation that replaces the resource with `resource`, if it still has the etag of `resource`. Without an etag
    /// it is replaced unconditionally.
    ///
    /// # Errors
    ///
    /// The resource has no etag, and the service requires one.
    fn update(&self, resource: Self::Response) -> Result<Self::Update, InvalidParameter>;

    /// Returns the etag of a resource (`attributes.etag`). An empty one, which subscriptions of the marketplace have, is none.
    #[must_use]
    fn etag(resource: &Self::Response) -> Option<String> {
        let resource = serde_json::to_value(resource).ok()?;
        let etag = find_field_ignoring_case(find_field_ignoring_case(&resource, "attributes")?, "etag")?.as_str()?;
        (!etag.is_empty()).then(|| etag.to_owned())
    }

    /// Returns the etag of a resource that cannot be replaced without one.
    ///
    /// # Errors
    ///
    /// The resource has none.
    fn required_etag(resource: &Self::Response) -> Result<String, InvalidParameter> {
        Self::etag(resource).ok_or_else(|| {
            InvalidParameter::new("If-Match", "needs the etag of the resource, which has none (`attributes.etag`)")
        })
    }
}

/// Returns a field by its name, in any case.
#[inline]
pub(crate) fn find_field_ignoring_case<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    object.as_object()?.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Method, Operation, Parameters};
    use serde_json::json;

    #[derive(Clone)]
    struct GetThing;

    impl Operation for GetThing {
        type Response = Value;
        const ID: &'static str = "getThing";
        const METHOD: Method = Method::Get;
        const PATH: &'static str = "/v1/things/7";
        fn parameters(&self) -> Result<Parameters, InvalidParameter> {
            Parameters::new().check()
        }
    }

    impl SingleResponse for GetThing {}

    impl Updatable for GetThing {
        type Update = Self;
        fn update(&self, _: Value) -> Result<Self, InvalidParameter> {
            Ok(Self)
        }
    }

    #[test]
    fn etag_is_that_of_the_attributes() {
        for (resource, expected) in [
            (json!({"attributes": {"etag": "-7"}}), Some("-7")),
            (json!({"Attributes": {"Etag": "7"}}), Some("7")),
            (json!({"attributes": {"etag": ""}}), None),
            (json!({"attributes": {"etag": 7}}), None),
            (json!({"attributes": null, "etag": "7"}), None),
            (json!([]), None),
        ] {
            assert_eq!(GetThing::etag(&resource).as_deref(), expected, "{resource}");
        }
        let missing = GetThing::required_etag(&json!({})).unwrap_err().to_string();
        assert_eq!(missing, "`If-Match` needs the etag of the resource, which has none (`attributes.etag`)");
    }
}
