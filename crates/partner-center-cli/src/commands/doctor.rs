//! `partner-center doctor`: checks the connection to the service step by step.

mod connection;
mod customer;
mod report;

use crate::{
    arguments::DoctorCommand,
    error::{CommandError, ErrorReport, UsageError, connection_advice},
    messages::Messages,
    session::Session,
    settings::{AddressSources, SettingSource},
};
use partner_center::{
    Client, Credential, GetCustomer, ListCustomers, Transport,
    transport::{Limits, Mode, Request, http::Uri},
};
use report::{CheckOutcome, DoctorReport};
use std::sync::Arc;

/// Makes the checks in their order; returns an error if one of them failed.
pub(crate) async fn run_doctor<X: Transport>(
    command: &DoctorCommand,
    transport: X,
    session: &Session<'_>,
    messages: &Messages,
) -> Result<(), CommandError> {
    let transport = Arc::new(transport);
    let mut report = DoctorReport::new(session.options.output, command.customer.is_some());
    let uri = session.base_url.trim().parse();
    report.add_and_print_check_outcome("address", check_client_settings(&transport, session, messages))?;
    let (Ok(uri), false) = (uri, report.has_blocking_failure()) else {
        report.skip_remaining_checks()?;
        return report.finish_report();
    };
    report.run_check("connection", async { connection::check_connection(&uri, session) }).await?;
    report.run_check("tls", check_tls(&uri, &*transport, session)).await?;

    // The token is checked even if the service cannot be reached.
    let client = session
        .configured_credential()
        .and_then(|configured| session.build_client(transport, configured.build_credential(messages), messages));
    let (client, outcome) = match client {
        Ok(client) => {
            let outcome = check_token(&client, &session.sources).await;
            (Some(client), outcome)
        }
        Err(UsageError(error_report)) => (None, CheckOutcome::Failed(error_report)),
    };
    report.add_and_print_check_outcome("token", outcome)?;
    match client.filter(|_| !report.has_blocking_failure()) {
        Some(client) => check_service(&client, command.customer.as_deref(), &session.sources, &mut report).await?,
        None => report.skip_remaining_checks()?,
    }
    report.finish_report()
}

/// Checks whether a token is configured or can be obtained.
async fn check_token<X: Transport>(client: &Client<X>, sources: &AddressSources) -> CheckOutcome {
    match X::Mode::into_future(client.authenticate()).await {
        Ok(None) => CheckOutcome::Passed("given, not checked yet".to_owned()),
        Ok(Some(_)) => CheckOutcome::Passed("issued, not checked yet".to_owned()),
        Err(error) => CheckOutcome::Failed(ErrorReport::from_client_error("no token can be obtained", &error, sources)),
    }
}

/// Makes the checks of a reachable service: whether it accepts the token, a list of one customer, and that customer or the one that
/// is named.
async fn check_service<X: Transport>(
    client: &Client<Arc<X>>,
    customer: Option<&str>,
    sources: &AddressSources,
    report: &mut DoctorReport,
) -> Result<(), CommandError> {
    let page = X::Mode::into_future(client.page(ListCustomers::new().size(1))).await;
    let is_accepted = match &page {
        Ok(_) => CheckOutcome::Passed("the service accepts the token".to_owned()),
        Err(error) if error.is_unauthorized() => {
            CheckOutcome::Failed(ErrorReport::from_client_error("the service rejects the token", error, sources))
        }
        // The status 403 means that the token itself was accepted.
        Err(error) if error.status().is_some_and(|status| status == 403) => {
            CheckOutcome::Passed("the service accepts the token, without the permission for this call".to_owned())
        }
        Err(_) => CheckOutcome::Skipped("unknown without a response; see the next check".to_owned()),
    };
    report.add_and_print_check_outcome("acceptance", is_accepted)?;

    let listed = match page {
        Ok(page) => {
            let first = page.items.into_iter().next();
            let came = if first.is_some() { "one customer was returned" } else { "the list is empty" };
            report.run_check("list", async { CheckOutcome::Passed(came.to_owned()) }).await?;
            first
        }
        Err(error) => {
            let wrong =
                CheckOutcome::Failed(ErrorReport::from_client_error("the customers cannot be listed", &error, sources));
            report.run_check("list", async { wrong }).await?;
            None
        }
    };
    if let Some(customer) = customer {
        return customer::check_customer(client, customer, sources, report).await;
    }
    let got = async {
        let Some(id) = listed.and_then(|customer| customer.id) else {
            return CheckOutcome::Skipped("there is no customer to get".to_owned());
        };
        match X::Mode::into_future(client.call(GetCustomer::new(id))).await {
            Ok(_) => CheckOutcome::Passed(format!("customer {id} was returned")),
            Err(error) => CheckOutcome::Failed(ErrorReport::from_client_error(
                &format!("customer {id} cannot be fetched"),
                &error,
                sources,
            )),
        }
    };
    Ok(report.run_check("get", got).await?)
}

/// Checks the settings by building a client with a placeholder token: the configured one is checked later.
fn check_client_settings<X: Transport>(transport: &Arc<X>, session: &Session<'_>, messages: &Messages) -> CheckOutcome {
    match session.build_client(transport.clone(), Credential::token("placeholder"), messages) {
        Ok(_) => {
            let source = match &session.sources.base_url {
                SettingSource::Emulator => "the embedded emulator".to_owned(),
                SettingSource::Default => SettingSource::Default.to_string(),
                source => format!("from {source}"),
            };
            CheckOutcome::Passed(format!("{} ({source})", session.base_url.trim()))
        }
        Err(UsageError(error_report)) => CheckOutcome::Failed(error_report),
    }
}

/// Checks TLS by a request without a token: any response means that the server's certificate is trusted.
async fn check_tls<X: Transport>(uri: &Uri, transport: &X, session: &Session<'_>) -> CheckOutcome {
    if uri.scheme_str() != Some("https") {
        return CheckOutcome::Skipped("plain http, on this machine only".to_owned());
    }
    let host = uri.host().unwrap_or_default().to_owned();
    let mut request = Request::new(Vec::new());
    *request.uri_mut() = uri.clone();
    let mut limits = Limits::default();
    limits.timeout = session.attempt_timeout_within_deadline(limits.timeout);
    request.extensions_mut().insert(limits);
    match X::Mode::into_future(transport.send(request)).await {
        Ok(_) => CheckOutcome::Passed(format!("the certificate of {host} is trusted")),
        Err(error) => {
            let advice = connection_advice(&error).unwrap_or_else(|| {
                "if its certificate is not trusted, add its issuer (or that of a proxy that inspects traffic) to those that the operating \
                 system trusts; if the server does not use TLS, or a proxy is in between, correct the address or HTTPS_PROXY"
                    .to_owned()
            });
            CheckOutcome::Failed(ErrorReport::new(
                &format!("there is no trusted connection to {host}"),
                &error,
                &advice,
            ))
        }
    }
}
