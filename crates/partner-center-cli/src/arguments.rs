//! What can be asked on the command line. The comments are the help texts.

mod customers;
mod emulator;

pub(crate) use customers::{CustomersCommand, Filter, List, Wanted};
pub(crate) use emulator::{EmulatorBehaviour, EmulatorCommand};

use clap::{
    Arg, ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum, error::ErrorKind,
    parser::ValueSource,
};
use std::{env, ffi::OsString, fmt::Display, path::PathBuf, time::Duration};
use uuid::Uuid;

/// Lists and looks up the customers of a Microsoft partner.
#[derive(Debug, Parser)]
#[command(name = "partner-center", version, after_help = ABOUT_BRIEFLY, after_long_help = ABOUT)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) options: Options,
}

const ABOUT_BRIEFLY: &str = "\
Examples:
  partner-center customers list --emulator
  partner-center auth check
  partner-center doctor

`partner-center --help` tells how to sign in, and `partner-center help COMMAND` what a command takes.";

const ABOUT: &str = "\
Signing in (--emulator needs none of it):
  PARTNER_CENTER_TOKEN               an access token; if it is set, the others do not matter
  PARTNER_CENTER_TENANT_ID           the partner's tenant: its ID or a domain
  PARTNER_CENTER_CLIENT_ID           the application that signs in
  PARTNER_CENTER_CLIENT_SECRET       its secret: enough for the application by itself (app-only)
  PARTNER_CENTER_REFRESH_TOKEN       the refresh token of a user, to act for (app+user)
  PARTNER_CENTER_REFRESH_TOKEN_FILE  where the newest refresh token is, and each new one is kept

Other settings:
  PARTNER_CENTER_CLOUD               as --cloud: where the service is, who issues tokens, and for whom
  PARTNER_CENTER_BASE_URL, PARTNER_CENTER_AUTHORITY, PARTNER_CENTER_AUDIENCE
                                     each of the three by itself
  PARTNER_CENTER_MAX_ATTEMPTS, PARTNER_CENTER_MAX_RETRY_AFTER
                                     as --max-attempts and --max-retry-after

The network:
  HTTPS_PROXY, ALL_PROXY             the proxy for https
  NO_PROXY                           hosts to reach without it: contoso.com,10.0.0.0/8,127.*
  SSL_CERT_FILE, SSL_CERT_DIR        PEM files of issuers to trust, in place of the system's
                                     (on Unix, but not on macOS)

A token and a client secret may be in files: PARTNER_CENTER_TOKEN_FILE, PARTNER_CENTER_CLIENT_SECRET_FILE. Each of these \
settings may also be in a configuration file, as in client_id = \"...\"; the environment counts more. The file is named by \
--config or PARTNER_CENTER_CONFIG; or else it is ~/.config/partner-center/config.toml, or where such files are on your system.

Exit status:
  0 done, 1 failed, 2 wrong usage, 130 interrupted; `emulator` is done when it is interrupted

Examples:
  partner-center customers list --emulator
  partner-center customers list --company-name Contoso --output csv > customers.csv
  partner-center customers get b44bb1fb-c595-45b0-9e09-d657365580bf --output json
  partner-center auth check
  partner-center doctor";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List customers, or get some of them
    #[command(
        subcommand,
        after_help = "\
Examples:
  partner-center customers list --emulator
  partner-center customers get b44bb1fb-c595-45b0-9e09-d657365580bf --emulator"
    )]
    Customers(CustomersCommand),
    /// See what there is to sign in with
    #[command(
        subcommand,
        after_help = "\
Examples:
  partner-center auth check"
    )]
    Auth(AuthCommand),
    /// Check the way to the service step by step, and explain what is wrong with it
    #[command(after_help = "\
The checks, in this order: the address, a connection to it, TLS, whether there is a token, whether the service accepts \
it, a list of one customer, and getting that customer. What cannot be checked because an earlier check failed is \
skipped. The token is never shown.

The exit status is 0 if no check failed, and 1 otherwise.

Examples:
  partner-center doctor
  partner-center doctor --cloud china --transport ureq
  partner-center doctor --output json
  partner-center doctor --emulator")]
    Doctor,
    /// Run an imitation of the service on this machine, until interrupted
    Emulator(EmulatorCommand),
    /// Print a script that completes commands and options in your shell
    #[command(after_help = "\
Examples:
  partner-center completions bash > ~/.local/share/bash-completion/completions/partner-center
  partner-center completions fish > ~/.config/fish/completions/partner-center.fish
  partner-center completions powershell >> $PROFILE")]
    Completions {
        /// The shell to complete in
        shell: clap_complete::Shell,
    },
    /// The options that commands have in common, all of them
    #[command(
        hide = true,
        after_help = "\
Options may stand before the command as well as after it.

Examples:
  partner-center customers list --timeout 10 --correlation-id 484e548c-f5f3-4528-93a9-c16c6373cb59
  partner-center doctor --transport ureq
  partner-center auth check --config ./partner-center.toml"
    )]
    Options,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuthCommand {
    /// Say what is configured, for which cloud, and whether a token can be had
    #[command(after_help = "\
The token is not shown. Of a token that was given, only the service knows whether it is any good: `partner-center doctor` \
asks it.

Examples:
  partner-center auth check
  partner-center auth check --cloud us-government
  partner-center auth check --output json")]
    Check,
}

/// Options that may stand before the command as well as after it.
#[derive(Args, Debug)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) service: ServiceOptions,
    #[command(flatten)]
    pub(crate) notes: NotesOptions,
}

/// Options of the commands that ask the service, and of no others.
#[derive(Args, Debug)]
#[command(next_help_heading = "Common options (all of them: partner-center help options)")]
pub(crate) struct ServiceOptions {
    /// Run against an emulator of the service instead: no account, no network, no set-up
    #[arg(long, global = true)]
    pub(crate) emulator: bool,
    /// How many customers that emulator has, up to 10000000 [default: 25]
    #[arg(long, value_name = "N", global = true, value_parser = customers)]
    pub(crate) emulator_customers: Option<u32>,
    /// How that emulator is to behave: an option of `partner-center emulator` without its dashes, such as bom or
    /// fault=503@10%; may be given several times
    #[arg(long, value_name = "NAME[=VALUE]", global = true)]
    pub(crate) emulator_with: Vec<String>,
    /// What `emulator_with` says.
    #[arg(skip)]
    pub(crate) emulator_behaviour: EmulatorBehaviour,
    /// The HTTP client to use, async or blocking; both do the same
    #[arg(long, value_name = "NAME", global = true, value_enum, default_value_t = TransportName::Reqwest)]
    pub(crate) transport: TransportName,
    /// How to print customers, or checks
    #[arg(long, value_name = "FORM", global = true, value_enum, default_value_t = Form::Table)]
    pub(crate) output: Form,
    /// A file with settings [default: ~/.config/partner-center/config.toml, if it exists]
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) config: Option<PathBuf>,
    /// Where the service is: an https URL, or an http one on this machine
    #[arg(long, value_name = "URL", global = true)]
    pub(crate) base_url: Option<String>,
    /// Which of Microsoft's clouds the service is in; settings of address, authority and audience then do not matter
    #[arg(long, global = true, value_enum)]
    pub(crate) cloud: Option<Cloud>,
    /// The language of texts [default: en-US]
    #[arg(long, value_name = "TAG", global = true)]
    pub(crate) locale: Option<String>,
    /// The name of your application, for Microsoft's support
    #[arg(long, value_name = "NAME", global = true)]
    pub(crate) application: Option<String>,
    /// What all requests carry as `MS-CorrelationId`, to be found by in logs [default: a random one]
    #[arg(long, value_name = "GUID", global = true, value_parser = guid)]
    pub(crate) correlation_id: Option<Uuid>,
    /// How long one attempt of a request may take [default: 60]
    #[arg(long, value_name = "SECONDS", global = true, value_parser = seconds)]
    pub(crate) timeout: Option<Duration>,
    /// How long the whole command may take [default: no limit]
    #[arg(long, value_name = "SECONDS", global = true, value_parser = seconds)]
    pub(crate) deadline: Option<Duration>,
    /// How often a request is sent before it counts as failed [default: 4]
    #[arg(long, value_name = "N", global = true, value_parser = from_one)]
    pub(crate) max_attempts: Option<u32>,
    /// How long the service may have the command wait before a retry; asked for more, it fails immediately [default: 60]
    #[arg(long, value_name = "SECONDS", global = true, value_parser = seconds)]
    pub(crate) max_retry_after: Option<Duration>,
}

/// Options of every command.
#[derive(Args, Debug)]
#[command(next_help_heading = "Global options")]
pub(crate) struct NotesOptions {
    /// Say on standard error what is going on: warnings, with -vv calls, with -vvv attempts
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Say nothing on standard error but errors
    #[arg(long, global = true)]
    pub(crate) quiet: bool,
}

/// The transports, by name.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum TransportName {
    /// Async, on a Tokio runtime
    Reqwest,
    /// Blocking
    Ureq,
}

/// The forms that customers can be printed in.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Form {
    /// Lines to read, as wide as the terminal
    Table,
    /// All that the service says, as one array (of one `get` ID: as one object)
    Json,
    /// All that the service says, one customer a line
    Jsonl,
    /// The main fields as comma-separated values, as they are: mind formulas in spreadsheets
    Csv,
}

/// Microsoft's clouds.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Cloud {
    /// The public cloud
    Global,
    /// The one that 21Vianet operates
    China,
    /// The one for the government of the United States
    UsGovernment,
    /// The German one, closed in 2021
    Germany,
}

impl From<Cloud> for partner_center::Cloud {
    fn from(cloud: Cloud) -> Self {
        match cloud {
            Cloud::Global => Self::Global,
            Cloud::China => Self::China,
            Cloud::UsGovernment => Self::UsGovernment,
            Cloud::Germany => Self::Germany,
        }
    }
}

impl Arguments {
    /// All that is understood.
    pub(crate) fn grammar() -> clap::Command {
        let service = Self::service_options();
        // Each command shows what it has of its own, and few of the others.
        let is_rare =
            |option: &Arg| service.iter().any(|other| other == option) && !COMMON.contains(&option.get_id().as_str());
        let command = Self::command().mut_args(|option| {
            let is_hidden = is_rare(&option);
            option.hide(is_hidden)
        });
        // Any option may stand before any command; where it is refused, the help does not show it.
        let hidden: Vec<_> = service.iter().map(|option| option.clone().hide(true)).collect();
        let command = ["emulator", "completions"]
            .into_iter()
            .fold(command, |command, name| command.mut_subcommand(name, |command| command.args(&hidden)));
        let all = service.iter().map(|option| option.clone().help_heading("Options of customers, auth and doctor"));
        command.mut_subcommand("options", |command| command.args(all))
    }

    /// What the shells complete: each command with the options that it accepts, and no others.
    ///
    /// In the grammar the service options are global, as they may stand before any command, and the commands that reject
    /// them know them as well, to say so.
    pub(crate) fn completion_grammar() -> clap::Command {
        let service = Self::service_options();
        let is_service = |option: &Arg| service.iter().any(|other| other.get_id() == option.get_id());
        let local: Vec<_> = service.iter().map(|option| option.clone().global(false)).collect();
        let command = Self::command().mut_args(|option| {
            let is_global = option.is_global_set() && !is_service(&option);
            option.global(is_global)
        });
        let command = command.mut_subcommand("doctor", |command| command.args(&local));
        ["customers", "auth"].into_iter().fold(command, |command, name| {
            command.mut_subcommand(name, |area| area.args(&local).mut_subcommands(|verb| verb.args(&local)))
        })
    }

    /// What was asked for. Wrong usage, and the wish for help, end the process here.
    pub(crate) fn read() -> Self {
        let mut command = Self::grammar();
        let mut words: Vec<_> = env::args_os().collect();
        if words.len() < 2 {
            // Whoever gives nothing to do wants to know what there is: that is no error.
            words = ["partner-center", "-h"].map(OsString::from).into();
        }
        let matches = command.try_get_matches_from_mut(words).unwrap_or_else(|error| error.exit());
        Self::from_arg_matches(&matches)
            .and_then(|arguments| arguments.check(&command, &matches).map(|()| arguments))
            .and_then(Self::with_behaviour)
            .unwrap_or_else(|error| error.format(&mut command).exit())
    }

    fn service_options() -> Vec<Arg> {
        ServiceOptions::augment_args(clap::Command::default()).get_arguments().cloned().collect()
    }

    /// What clap cannot check of options that stand before the command or after it.
    fn check(&self, command: &clap::Command, matches: &ArgMatches) -> Result<(), clap::Error> {
        let given = |option: &&Arg| matches.value_source(option.get_id().as_str()) == Some(ValueSource::CommandLine);
        let given: Vec<_> = command.get_arguments().filter(given).collect();
        let find = |id: &str| given.iter().copied().find(|option| option.get_id() == id);
        let conflict = |option: &Arg, other: &dyn Display| {
            let problem = format!("the argument '{option}' cannot be used with '{other}'");
            Err(clap::Error::raw(ErrorKind::ArgumentConflict, problem))
        };

        if let Command::Emulator(_) | Command::Completions { .. } = self.command
            && let Some(option) = Self::service_options().iter().find_map(|option| find(option.get_id().as_str()))
        {
            return conflict(option, &matches.subcommand_name().unwrap_or_default());
        }
        for (one, other) in CONFLICTS {
            if let (Some(one), Some(other)) = (find(one), find(other)) {
                return conflict(one, other);
            }
        }
        if let Command::Customers(customers) = &self.command
            && customers.inputs() > 1
        {
            let problem = "the argument '-' cannot be used multiple times: there is one standard input";
            return Err(clap::Error::raw(ErrorKind::ArgumentConflict, problem));
        }
        match (find("emulator_customers").or(find("emulator_with")), find("emulator")) {
            (Some(option), None) => {
                let problem = format!("the argument '{option}' requires '--emulator'");
                Err(clap::Error::raw(ErrorKind::MissingRequiredArgument, problem))
            }
            _ => Ok(()),
        }
    }

    fn with_behaviour(mut self) -> Result<Self, clap::Error> {
        let options = &mut self.options.service;
        options.emulator_behaviour = EmulatorBehaviour::of(&options.emulator_with)?;
        Ok(self)
    }
}

/// The service options that every command shows.
const COMMON: [&str; 3] = ["emulator", "output", "cloud"];

/// Options that contradict each other.
const CONFLICTS: [(&str, &str); 5] = [
    ("emulator", "base_url"),
    ("emulator", "cloud"),
    ("emulator", "config"),
    ("base_url", "cloud"),
    ("quiet", "verbose"),
];

fn customers(text: &str) -> Result<u32, &'static str> {
    text.parse().ok().filter(|number| *number <= 10_000_000).ok_or("it must be a whole number from 0 to 10000000")
}

fn guid(text: &str) -> Result<Uuid, &'static str> {
    text.parse().map_err(|_| "it must be a GUID, such as 484e548c-f5f3-4528-93a9-c16c6373cb59")
}

pub(crate) fn from_one(text: &str) -> Result<u32, &'static str> {
    text.parse().ok().filter(|number| *number > 0).ok_or("it must be a whole number from 1 to 4294967295")
}

/// The longest time that an option may name: a day.
pub(crate) const MAX_SECONDS: Duration = Duration::from_secs(86_400);

pub(crate) fn seconds(text: &str) -> Result<Duration, &'static str> {
    let duration = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let allowed = Duration::from_millis(1)..=MAX_SECONDS;
    duration
        .filter(|duration| allowed.contains(duration))
        .ok_or("it must be a number of seconds from 0.001 to 86400, such as 30 or 0.5")
}
