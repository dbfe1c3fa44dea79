//! `partner-center doctor`: the way to the service, checked step by step.

mod connection;
mod report;

use crate::{
    failure::{Explanation, Failure, WrongUsage, remedy_of_connection},
    notes::Notes,
    session::Session,
    settings::{AddressSources, Place},
};
use partner_center::{Client, Credential, GetCustomer, Limits, ListCustomers, Mode, Request, Transport, http::Uri};
use report::{Finding, Report};
use std::sync::Arc;

/// Makes the checks in their order; fails if one of them did.
pub(crate) async fn examine<X: Transport>(transport: X, session: &Session<'_>, notes: &Notes) -> Result<(), Failure> {
    let transport = Arc::new(transport);
    let mut report = Report::new(session.options.output);
    let uri = session.base_url.trim().parse();
    report.add("address", address(&transport, session, notes))?;
    let (Ok(uri), false) = (uri, report.is_blocked()) else {
        report.skip_the_rest()?;
        return report.end();
    };
    report.check("connection", async { connection::check(&uri, session) }).await?;
    report.check("tls", tls(&uri, &*transport, session)).await?;

    // Whether there is a token can be told even if the service cannot be reached.
    let client = session.identity().and_then(|identity| session.client(transport, identity.credential(notes), notes));
    let (client, found) = match client {
        Ok(client) => {
            let found = token(&client, &session.sources).await;
            (Some(client), found)
        }
        Err(WrongUsage(explanation)) => (None, Finding::Wrong(explanation)),
    };
    report.add("token", found)?;
    match client.filter(|_| !report.is_blocked()) {
        Some(client) => ask(&client, &session.sources, &mut report).await?,
        None => report.skip_the_rest()?,
    }
    report.end()
}

/// Whether there is a token, or one can be had.
async fn token<X: Transport>(client: &Client<X>, sources: &AddressSources) -> Finding {
    match X::Mode::into_future(client.authenticate()).await {
        Ok(None) => Finding::Fine("there is one, which is yet to be tried".to_owned()),
        Ok(Some(_)) => Finding::Fine("one was issued, which is yet to be tried".to_owned()),
        Err(error) => Finding::Wrong(Explanation::of_call("no token can be had", &error, sources)),
    }
}

/// The checks of a service that can be reached: one list, which the token gets or not, and one customer.
async fn ask<X: Transport>(
    client: &Client<Arc<X>>,
    sources: &AddressSources,
    report: &mut Report,
) -> Result<(), Failure> {
    let page = X::Mode::into_future(client.page(ListCustomers::new().size(1))).await;
    let is_accepted = match &page {
        Ok(_) => Finding::Fine("the service accepts the token".to_owned()),
        Err(error) if error.is_unauthorized() => {
            Finding::Wrong(Explanation::of_call("the service refuses the token", error, sources))
        }
        // Whoever is told that something is forbidden has been recognised.
        Err(error) if error.status().is_some_and(|status| status == 403) => {
            Finding::Fine("the service knows whose token it is".to_owned())
        }
        Err(_) => Finding::Skipped("no answer tells; see the next check".to_owned()),
    };
    report.add("acceptance", is_accepted)?;

    let listed = match page {
        Ok(page) => {
            let first = page.items.into_iter().next();
            let came = if first.is_some() { "a customer came" } else { "the list is empty" };
            report.check("list", async { Finding::Fine(came.to_owned()) }).await?;
            first
        }
        Err(error) => {
            let wrong = Finding::Wrong(Explanation::of_call("the customers cannot be listed", &error, sources));
            report.check("list", async { wrong }).await?;
            None
        }
    };
    let got = async {
        let Some(id) = listed.and_then(|customer| customer.id) else {
            return Finding::Skipped("there is no customer to get".to_owned());
        };
        match X::Mode::into_future(client.call(GetCustomer::new(id))).await {
            Ok(_) => Finding::Fine(format!("customer {id} came")),
            Err(error) => {
                Finding::Wrong(Explanation::of_call(&format!("customer {id} cannot be fetched"), &error, sources))
            }
        }
    };
    Ok(report.check("get", got).await?)
}

/// The settings are tried with a token that is no one's: the user's own has its turn later.
fn address<X: Transport>(transport: &Arc<X>, session: &Session<'_>, notes: &Notes) -> Finding {
    match session.client(transport.clone(), Credential::token("nobody"), notes) {
        Ok(_) => {
            let source = match &session.sources.base_url {
                Place::Emulator => "the embedded emulator".to_owned(),
                Place::Default => Place::Default.to_string(),
                source => format!("from {source}"),
            };
            Finding::Fine(format!("{} ({source})", session.base_url.trim()))
        }
        Err(WrongUsage(explanation)) => Finding::Wrong(explanation),
    }
}

/// Whether a server is there that proves to be who it says it is; what it answers to a request without a token is one.
async fn tls<X: Transport>(uri: &Uri, transport: &X, session: &Session<'_>) -> Finding {
    if uri.scheme_str() != Some("https") {
        return Finding::Skipped("plain http, which does not leave this machine".to_owned());
    }
    let host = uri.host().unwrap_or_default().to_owned();
    let mut request = Request::new(Vec::new());
    *request.uri_mut() = uri.clone();
    let mut limits = Limits::default();
    limits.timeout = session.time_for_attempt(limits.timeout);
    request.extensions_mut().insert(limits);
    match X::Mode::into_future(transport.send(request)).await {
        Ok(_) => Finding::Fine(format!("the certificate of {host} is trusted")),
        Err(error) => {
            let remedy = remedy_of_connection(&error).unwrap_or_else(|| {
                "if its certificate is not trusted, have the operating system trust who issued it (of a proxy that inspects \
                 traffic, its own); if it speaks no TLS, or a proxy is in the way, correct the address or HTTPS_PROXY"
                    .to_owned()
            });
            Finding::Wrong(Explanation::new(&format!("there is no trusted way to talk to {host}"), &error, &remedy))
        }
    }
}
