//! `partner-center emulator`: a local emulator of the service.

use crate::{
    arguments::EmulatorCommand,
    error::{CommandError, ErrorReport},
    interruption,
    messages::Messages,
};
use partner_center_emulator::{DataFileErrorKind, Emulator, EmulatorBuilder};
use std::{
    borrow::Cow,
    fs,
    io::{self, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};
use tempfile::NamedTempFile;

/// Serves until it is interrupted, which is its regular end.
pub(crate) fn serve_until_interrupted(command: EmulatorCommand, messages: &Messages) -> Result<(), CommandError> {
    let interrupted = interruption::install_interruption_receiver()?;
    let EmulatorCommand { address, port, data, customers, token, tls, ca_file, strict, webhook_fault, behavior } =
        command;
    let builder = Emulator::builder().token(&token);
    let builder = webhook_fault.into_iter().fold(builder, EmulatorBuilder::webhook_fault);
    let mut builder = behavior.apply_to_builder(match customers {
        Some(customers) => builder.customers(customers),
        None => builder,
    });
    let last_verdict = Arc::<Mutex<String>>::default();
    if strict {
        // Also with --quiet: they are what was asked for.
        let last_verdict = Arc::clone(&last_verdict);
        builder = builder.on_verdict(move |verdict| {
            Messages::new(false).print(verdict);
            *last_verdict.lock().unwrap_or_else(PoisonError::into_inner) = verdict.to_string();
        });
    }
    let emulator = match data {
        Some(path) => builder.build_with_data_file(path).map_err(|error| {
            let advice = "name another file with --data, or leave it out to keep the state in memory";
            let error_report = ErrorReport::new("the emulator cannot use its data file", &error, advice);
            match error.kind() {
                DataFileErrorKind::InUse => CommandError::of_other_command(error_report),
                _ => error_report.into(),
            }
        })?,
        None => builder.build(),
    };
    let address = SocketAddr::new(address, port);
    let server = if tls { emulator.serve_tls(address) } else { emulator.serve(address) };
    let server = server.map_err(|error| {
        CommandError::new(
            &format!("the emulator cannot listen on {address}"),
            &error,
            "choose another --port, or leave it out to have a free one found",
        )
    })?;
    let authority = server
        .certificate_authority()
        .map(|pem| CertificateAuthorityFile::write_certificate(pem, ca_file))
        .transpose()?;
    let authority = authority.as_ref().map(CertificateAuthorityFile::path);
    let url = server.url();
    {
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "listening on {url}")?;
        if let Some(path) = authority {
            writeln!(stdout, "certificate authority in {}", path.display())?;
        }
        stdout.flush()?;
    }
    let trust = authority
        .map(|path| format!("SSL_CERT_FILE={} ", quote_for_shell(&path.to_string_lossy())))
        .unwrap_or_default();
    messages.print(format_args!(
        "in another terminal: {trust}PARTNER_CENTER_TOKEN={} partner-center --base-url {url} customers list",
        quote_for_shell(&token)
    ));
    messages.print(format_args!("an app or a user signs in there with PARTNER_CENTER_AUTHORITY={url} as well"));
    if authority.is_some() {
        messages.print("other clients trust that file by SSL_CERT_FILE, REQUESTS_CA_BUNDLE or NODE_EXTRA_CA_CERTS");
    }
    messages.print("Ctrl-C ends it");
    // An error means that no interruption can be received any more: the emulator ends as well.
    let _ = interrupted.recv();
    // Also those before a reset; only those do not count that a caller has dropped by themselves.
    let count = emulator.standing_verdict_count();
    if !strict || count == 0 {
        return Ok(());
    }
    let last = last_verdict.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Err(CommandError::new(
        &format!("callers did {count} times what the service asks them not to do"),
        &io::Error::other(last),
        "change the callers as the messages above say",
    ))
}

/// The file with the certificate authority that clients must trust.
enum CertificateAuthorityFile {
    Named(PathBuf),
    /// Removed when the command ends.
    Temporary(NamedTempFile),
}

impl CertificateAuthorityFile {
    fn write_certificate(pem: &str, path: Option<PathBuf>) -> Result<Self, CommandError> {
        let file = match path {
            Some(path) => fs::write(&path, pem).map(|()| Self::Named(path)),
            None => {
                tempfile::Builder::new().prefix("partner-center-ca-").suffix(".pem").tempfile().and_then(|mut file| {
                    file.write_all(pem.as_bytes())?;
                    Ok(Self::Temporary(file))
                })
            }
        };
        file.map_err(|error| {
            CommandError::new(
                "the certificate authority cannot be written",
                &error,
                "name a file that can be written with --ca-file",
            )
        })
    }

    fn path(&self) -> &Path {
        match self {
            Self::Named(path) => path,
            Self::Temporary(file) => file.path(),
        }
    }
}

/// Quotes `text` for a shell, if necessary.
fn quote_for_shell(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._+/=".contains(&byte)) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(format!("'{}'", text.replace('\'', r"'\''")))
    }
}
