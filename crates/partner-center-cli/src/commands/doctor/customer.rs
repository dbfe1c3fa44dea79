//! The checks of one customer: what the partner may do for it, and what is missing.

use super::report::{CheckOutcome, DoctorReport};
use crate::{
    arguments::operations::help::markdown_to_plain_text,
    commands::operations::find_customer_by_id_or_domain,
    error::{CommandError, ErrorReport},
    settings::AddressSources,
};
use partner_center::{
    Client, Error, GetCustomer, Transport,
    models::{Customer, RelationshipToPartner},
    operations::ListUsers,
    transport::Mode,
};
use uuid::Uuid;

/// Checks whether the customer with this ID or domain can be fetched, its relationship with the partner, and delegated
/// administration.
pub(super) async fn check_customer<X: Transport>(
    client: &Client<X>,
    customer: &str,
    sources: &AddressSources,
    report: &mut DoctorReport,
) -> Result<(), CommandError> {
    let mut found = None;
    let got = async {
        match get_customer(client, customer).await {
            Ok((id, customer)) => {
                found = Some((id, customer));
                CheckOutcome::Passed(format!("customer {id} was returned"))
            }
            Err(error) => failed(&format!("customer {customer} cannot be fetched"), &error, sources),
        }
    };
    report.run_check("get", got).await?;
    let Some((id, customer)) = found else { return Ok(report.skip_remaining_checks()?) };
    report.add_and_print_check_outcome("relationship", check_relationship(&customer))?;
    // A former relationship does not exclude that the roles are still there.
    report.add_and_print_check_outcome("delegation", check_delegation(client, id, sources).await)?;
    Ok(())
}

async fn get_customer<X: Transport>(client: &Client<X>, customer: &str) -> Result<(Uuid, Customer), Error> {
    let id = find_customer_by_id_or_domain(client, customer).await?;
    let id = Uuid::try_parse(&id).map_err(Error::custom)?;
    Ok((id, X::Mode::into_future(client.call(GetCustomer::new(id))).await?))
}

fn check_relationship(customer: &Customer) -> CheckOutcome {
    let Some(relationship) = &customer.relationship_to_partner else {
        return CheckOutcome::Skipped("the service does not say which one it is".to_owned());
    };
    if *relationship == RelationshipToPartner::None {
        return CheckOutcome::Failed(ErrorReport {
            message: "the customer has no relationship with the partner".to_owned(),
            cause: "its relationship is `none`: it was removed, or never accepted".to_owned(),
            advice:
                "let an administrator of the customer accept the invitation that `partner-center relationship-request \
                     get` prints"
                    .to_owned(),
        });
    }
    let delegated = match customer.allow_delegated_access {
        Some(true) => "; it allows delegated access (DAP)",
        Some(false) => "; it does not allow delegated access (DAP), so that roles of GDAP are needed to administer it",
        None => "",
    };
    CheckOutcome::Passed(format!("the customer is one of the partner (`{relationship}`){delegated}"))
}

/// Reads a user of the customer, which takes a role in its tenant.
async fn check_delegation<X: Transport>(client: &Client<X>, id: Uuid, sources: &AddressSources) -> CheckOutcome {
    match X::Mode::into_future(client.page(ListUsers::new(id).size(1))).await {
        Ok(_) => CheckOutcome::Passed("the partner may read the users of the customer".to_owned()),
        Err(error) if error.needs_app_and_user() => CheckOutcome::Skipped(
            "the roles are those of a user: see them with a sign-in (`partner-center auth login`)".to_owned(),
        ),
        Err(error) if error.status().is_some_and(|status| status == 403) => {
            let mut report =
                ErrorReport::from_client_error("the users of the customer cannot be read", &error, sources);
            let permissions = partner_center_spec::operation("listUsers").map_or("", |users| users.permissions);
            report.advice = format!(
                "{}; this takes: {} The customer approves a GDAP relationship with such a role, and the signed-in user is in the \
                 security group that has it, and an admin agent",
                report.advice,
                markdown_to_plain_text(permissions)
            );
            CheckOutcome::Failed(report)
        }
        Err(error) => failed("the users of the customer cannot be read", &error, sources),
    }
}

fn failed(message: &str, error: &Error, sources: &AddressSources) -> CheckOutcome {
    CheckOutcome::Failed(ErrorReport::from_client_error(message, error, sources))
}
