//! `partner-center sandbox`: an imitation of the service, to try things out against.

use crate::{arguments::SandboxCommand, failure::Failure, interruption, notes::Notes};
use partner_center_sandbox::Sandbox;
use std::{
    borrow::Cow,
    io::{self, Write},
};

/// Serves until interrupted, which is how it is meant to end.
pub(crate) fn serve(command: SandboxCommand, notes: &Notes) -> Result<(), Failure> {
    let interrupted = interruption::arrives()?;
    let SandboxCommand { port, customers, token, behaviour } = command;
    let sandbox = behaviour.apply(Sandbox::builder().customers(customers).token(&token)).build();
    let server = sandbox.serve((std::net::Ipv4Addr::LOCALHOST, port)).map_err(|error| {
        Failure::new(
            &format!("the sandbox cannot listen on 127.0.0.1:{port}"),
            &error,
            "choose another --port, or leave it out to have a free one found",
        )
    })?;
    let url = server.url();
    {
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "listening on {url}")?;
        stdout.flush()?;
    }
    notes.say(format_args!(
        "in another terminal: PARTNER_CENTER_TOKEN={} partner-center --base-url {url} customers list",
        quoted(&token)
    ));
    notes.say("Ctrl-C ends it");
    // An error would mean that no interruption can come any more: no reason to stay either.
    let _ = interrupted.recv();
    Ok(())
}

/// `text` as a shell takes it literally.
fn quoted(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._+/=".contains(&byte)) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(format!("'{}'", text.replace('\'', r"'\''")))
    }
}
