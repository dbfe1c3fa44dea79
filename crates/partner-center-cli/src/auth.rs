//! `partner-center auth`: what there is to sign in with, and whether it is any good.

use crate::{
    arguments::Form,
    failure::{Explanation, Failure},
    identity::Identity,
    notes::Notes,
    session::Session,
    terminal::{paragraph, width},
};
use console::Term;
use partner_center::{Mode, Transport};
use serde::Serialize;
use std::{
    io::{self, Write},
    time::Duration,
};

/// What there is to sign in with, as programs read it. They rely on names and order: add at the end only.
#[derive(Serialize)]
struct Found {
    credential: &'static str,
    /// Which settings say so.
    settings: String,
    cloud: &'static str,
    base_url: String,
    authority: Option<String>,
    refresh_token_file: Option<String>,
    /// `issued`, `given` or `none`.
    token: &'static str,
    lives_for_seconds: Option<u64>,
}

/// Says what kind of credential is configured, for which cloud, and whether a token can be had. The token is not shown.
pub(crate) async fn check<X: Transport>(transport: X, session: &Session<'_>, notes: &Notes) -> Result<(), Failure> {
    let identity = session.identity()?;
    let client = session.client(transport, identity.credential(notes), notes)?;
    let is_given = matches!(identity, Identity::Token { .. });
    let outcome = X::Mode::into_future(client.authenticate()).await;
    let lifetime = outcome.as_ref().ok().copied().flatten();
    let found = Found {
        credential: identity.kind(),
        settings: identity.places().iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        cloud: session.cloud_name(),
        base_url: session.base_url.clone(),
        authority: (!is_given).then(|| session.authority.clone()),
        refresh_token_file: identity.refresh_token_file().map(|path| path.display().to_string()),
        token: match outcome {
            Ok(_) if is_given => "given",
            Ok(_) => "issued",
            Err(_) => "none",
        },
        lives_for_seconds: lifetime.as_ref().map(Duration::as_secs),
    };
    print(&found, session.options.output)?;
    match outcome {
        Ok(_) => Ok(()),
        Err(error) => Err(Explanation::of_call("no token can be had", &error, &session.sources).into()),
    }
}

fn print(found: &Found, form: Form) -> Result<(), Failure> {
    let mut text = Vec::new();
    match form {
        Form::Table => text.extend(lines(found, width(&Term::stdout())).into_bytes()),
        Form::Json => serde_json::to_writer_pretty(&mut text, found).map_err(io::Error::from)?,
        Form::Jsonl => serde_json::to_writer(&mut text, found).map_err(io::Error::from)?,
        Form::Csv => {
            let mut csv = csv::Writer::from_writer(&mut text);
            csv.serialize(found).map_err(io::Error::from)?;
            csv.flush()?;
        }
    }
    if let Form::Json | Form::Jsonl = form {
        text.push(b'\n');
    }
    let mut stdout = io::stdout().lock();
    stdout.write_all(&text)?;
    Ok(stdout.flush()?)
}

/// What people read.
fn lines(found: &Found, width: Option<usize>) -> String {
    let token = match (found.token, found.lives_for_seconds) {
        ("issued", Some(seconds)) => format!("one was issued, which lives for {}", in_words(seconds)),
        ("issued", None) => "one was issued".to_owned(),
        ("given", _) => "it was given; whether the service accepts it, `partner-center doctor` tells".to_owned(),
        _ => "none can be had".to_owned(),
    };
    let lines = [
        ("credential", Some(format!("{}, by {}", found.credential, found.settings))),
        ("cloud", Some(found.cloud.to_owned())),
        ("service", Some(found.base_url.clone())),
        ("authority", found.authority.clone()),
        (
            "refresh",
            found.refresh_token_file.as_ref().map(|path| format!("the newest refresh token is kept in {path}")),
        ),
        ("token", Some(token)),
    ];
    let lines = lines.into_iter().filter_map(|(name, value)| Some((name, value?)));
    lines.map(|(name, value)| paragraph(&format!("{name:<12}"), &value, width)).collect()
}

fn in_words(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        _ => format!("{} min", seconds / 60),
    }
}
