//! The grammar of the command line. The comments of commands and options are their help texts.
//!
//! Options that commands have in common are global: they may stand before or after the command. Each command shows only the
//! few of them that are used most; `partner-center help options` shows all.

mod api;
mod auth;
mod automation;
mod config;
mod doctor;
mod emulator;
mod mcp;
pub(crate) mod operations;
mod verify;

pub(crate) use api::ApiCall;
pub(crate) use auth::{AuthCommand, LoginCommand};
pub(crate) use config::ConfigCommand;
pub(crate) use doctor::DoctorCommand;
pub(crate) use emulator::{EmulatorBehavior, EmulatorCommand};
pub(crate) use mcp::McpCommand;
pub(crate) use verify::VerifyCommand;

use crate::{
    error_format::{self, ErrorDetails},
    settings::SettingsOptions,
};
use clap::{
    Arg, ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum, error::ErrorKind,
    parser::ValueSource,
};
use operations::{CommandLineWords, OperationCall};
use std::{
    env,
    ffi::OsString,
    fmt::Display,
    io::{self, Write},
    path::PathBuf,
    process,
    time::Duration,
};
use uuid::Uuid;

/// A command line: a command and the options that all have in common.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) command: Command,
    pub(crate) options: Options,
}

/// A command.
#[derive(Debug)]
pub(crate) enum Command {
    /// An operation of the service.
    Operation(Box<OperationCall>),
    BuiltIn(BuiltInCommand),
}

/// Manages the customers of a Microsoft partner: the Partner Center API on the command line.
#[derive(Debug, Parser)]
#[command(name = "partner-center", version, after_help = ROOT_COMMAND_AFTER_HELP, after_long_help = ROOT_COMMAND_AFTER_LONG_HELP)]
// The resources have the order 0.
#[command(next_display_order = 1)]
struct BuiltInCommandLine {
    #[command(subcommand)]
    command: BuiltInCommand,
    #[command(flatten)]
    options: Options,
}

const ROOT_COMMAND_AFTER_HELP: &str = "\
Examples:
  partner-center customers list --emulator
  partner-center auth status
  partner-center doctor

`partner-center --help` explains authentication, `partner-center help COMMAND` a command, and `partner-center help \
automation` commands that run every night.";

const ROOT_COMMAND_AFTER_LONG_HELP: &str = "\
Authentication (not needed with --emulator):
  PARTNER_CENTER_TOKEN               an access token; if it is set, the others are ignored
  PARTNER_CENTER_TENANT_ID           the partner's tenant: its ID or a domain
  PARTNER_CENTER_CLIENT_ID           the client ID of the app registration
  PARTNER_CENTER_CLIENT_SECRET       its client secret: sufficient for app-only
  PARTNER_CENTER_REFRESH_TOKEN       the refresh token of a user (App+User)
  PARTNER_CENTER_REFRESH_TOKEN_FILE  a file with the refresh token, where each new one is stored
  PARTNER_CENTER_CLIENT_CERTIFICATE_FILE
                                     a PEM file with a certificate and its key, in place of the secret
  PARTNER_CENTER_FEDERATED_TOKEN_FILE
                                     a file with the token of another identity provider, in place of it
  AZURE_TENANT_ID, AZURE_CLIENT_ID, and AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH or
  AZURE_FEDERATED_TOKEN_FILE         app-only, if none of the above is set
  `partner-center auth login` signs a user in, without any of them but the tenant and the client ID.

Other settings:
  PARTNER_CENTER_PROFILE             as --profile, but the environment takes precedence
  PARTNER_CENTER_TOKEN_CACHE         off: access tokens are not cached between runs
  PARTNER_CENTER_CLOUD               as --cloud: the address, the authority and the audience
  PARTNER_CENTER_BASE_URL, PARTNER_CENTER_AUTHORITY, PARTNER_CENTER_AUDIENCE
                                     each of the three separately
  PARTNER_CENTER_MAX_ATTEMPTS, PARTNER_CENTER_MAX_RETRY_AFTER
                                     as --max-attempts and --max-retry-after

Network:
  HTTPS_PROXY, ALL_PROXY             the proxy for https
  NO_PROXY                           hosts that are reached without it: contoso.com,10.0.0.0/8,127.*
  SSL_CERT_FILE, SSL_CERT_DIR        PEM files of trusted issuers, in place of the system's
                                     (on Unix, but not on macOS)

A token and a client secret may be in files: PARTNER_CENTER_TOKEN_FILE, PARTNER_CENTER_CLIENT_SECRET_FILE. Each of these \
settings may also be in a configuration file, as in client_id = \"...\", or in a profile of it, below [profile.NAME]; the \
environment takes precedence, unless --profile is given. The file is the one that --config or \
PARTNER_CENTER_CONFIG names, or else ~/.config/partner-center/config.toml (or its equivalent on your system).

Exit status:
  0 success, 1 failure, 2 usage error, 3 not found, 4 authentication or permission, 5 throttled, in conflict with another \
change, or a file is in use by another command, 130 interrupted; `emulator` returns 0 when it is interrupted

Commands that run every night: see `partner-center help automation`.

Examples:
  partner-center customers list --emulator
  partner-center customers list --company-name Contoso --output csv > customers.csv
  partner-center customers get b44bb1fb-c595-45b0-9e09-d657365580bf --output json
  partner-center auth status
  partner-center doctor";

/// A command that is not an operation of the service.
#[derive(Debug, Subcommand)]
pub(crate) enum BuiltInCommand {
    /// Send a request to any path of the service, with the same authentication, retries and pages as the other commands
    Api(ApiCall),
    /// Sign in, sign out, and show the configured credential
    #[command(
        subcommand,
        after_help = "\
Examples:
  partner-center auth login --tenant contoso.onmicrosoft.com --client-id 11111111-2222-3333-4444-555555555555
  partner-center auth status"
    )]
    Auth(AuthCommand),
    /// Read and change the configuration file
    #[command(
        subcommand,
        after_help = "\
Examples:
  partner-center config list
  partner-center config set cloud us-government --profile public-sector"
    )]
    Config(ConfigCommand),
    /// Check the connection to the service step by step, and explain what is wrong
    Doctor(DoctorCommand),
    /// Run an emulator of the service on this machine, until interrupted
    Emulator(Box<EmulatorCommand>),
    /// Serve the operations as tools to an assistant, by the Model Context Protocol
    #[command(after_help = mcp::MCP_AFTER_HELP)]
    Mcp(McpCommand),
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
    /// Write manual pages of all commands to a folder
    #[command(
        hide = true,
        after_help = "\
Examples:
  partner-center man ~/.local/share/man/man1"
    )]
    Man {
        /// The folder, which must exist
        folder: PathBuf,
    },
    /// Compare the emulator with the service, and report the differences without any value
    Verify(VerifyCommand),
    #[command(
        hide = true,
        about = automation::AUTOMATION_ABOUT,
        after_help = automation::AUTOMATION_AFTER_HELP,
        help_template = "{about}{after-help}\n"
    )]
    Automation,
    /// All common options
    #[command(
        hide = true,
        override_usage = "partner-center <COMMAND> [OPTIONS]",
        after_help = "\
Options may stand before the command as well as after it.

Examples:
  partner-center customers list --timeout 10 --correlation-id 484e548c-f5f3-4528-93a9-c16c6373cb59
  partner-center doctor --transport ureq
  partner-center auth status --config ./partner-center.toml"
    )]
    Options,
}

/// Options that may stand before the command as well as after it.
#[derive(Args, Debug)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) service: ServiceOptions,
    #[command(flatten)]
    pub(crate) messages: MessageOptions,
}

/// The options of commands that call the service.
#[derive(Args, Debug)]
#[command(next_help_heading = "Common options (all of them: partner-center help options)")]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct ServiceOptions {
    /// Run against an embedded emulator of the service: no account, no network, no configuration
    #[arg(long, global = true)]
    pub(crate) emulator: bool,
    /// Number of customers of the embedded emulator, 0 to 10000000 [default: 25]
    #[arg(long, value_name = "N", global = true, value_parser = parse_customer_count)]
    pub(crate) emulator_customers: Option<u32>,
    /// Behavior of the embedded emulator: an option of `partner-center emulator` without its dashes, such as bom or
    /// fault=503@10%; may be given several times
    #[arg(long, value_name = "NAME[=VALUE]", global = true)]
    pub(crate) emulator_with: Vec<String>,
    /// The parsed values of `emulator_with`.
    #[arg(skip)]
    pub(crate) emulator_behavior: EmulatorBehavior,
    /// File for what the service responds, with every value hidden: statuses, names of headers and fields, types of values;
    /// `partner-center emulator --replay` responds alike
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) record: Option<PathBuf>,
    /// HTTP client, async or blocking; both behave the same
    #[arg(long, value_name = "NAME", global = true, value_enum, default_value_t = TransportName::Reqwest)]
    pub(crate) transport: TransportName,
    /// Output format
    #[arg(short, long, value_name = "FORMAT", global = true, value_enum, default_value_t = OutputFormat::Table)]
    pub(crate) output: OutputFormat,
    /// Write the output to FILE in place of standard output, when the command has succeeded; after an error, FILE stays as it is,
    /// or says what was changed until then
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) output_file: Option<PathBuf>,
    /// Format of errors on standard error [default: json with --output json, else text]
    // It is read before the command line is parsed: see `error_format`.
    #[arg(long, value_name = "FORMAT", global = true, value_enum)]
    pub(crate) error_format: Option<ErrorFormat>,
    /// Sort by the field at PATH, such as companyProfile.companyName, or -PATH for the reverse; the list is printed when it is
    /// complete
    #[arg(long, value_name = "PATH", global = true, allow_hyphen_values = true)]
    pub(crate) sort_by: Option<String>,
    /// Leave out the header of a table, of CSV or of TSV
    #[arg(long, global = true)]
    pub(crate) no_header: bool,
    /// Begin CSV with a byte order mark, for Excel
    #[arg(long, global = true)]
    pub(crate) csv_bom: bool,
    /// Put an apostrophe before the values of CSV that a spreadsheet would take for formulas
    #[arg(long, global = true)]
    pub(crate) csv_escape_formulas: bool,
    /// Configuration file [default: ~/.config/partner-center/config.toml, if it exists]
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) config: Option<PathBuf>,
    /// Profile of the configuration file, below [profile.NAME]; it takes precedence over the environment
    #[arg(long, value_name = "NAME", global = true)]
    pub(crate) profile: Option<String>,
    /// Address of the service: an https URL, or an http one on this machine
    #[arg(long, value_name = "URL", global = true)]
    pub(crate) base_url: Option<String>,
    /// Microsoft cloud of the service; settings of address, authority and audience are then ignored
    #[arg(long, global = true, value_enum)]
    pub(crate) cloud: Option<Cloud>,
    /// Language of texts in responses [default: en-US]
    #[arg(long, value_name = "TAG", global = true)]
    pub(crate) locale: Option<String>,
    /// Name of your application, for Microsoft support (the header `MS-PartnerCenter-Application`)
    #[arg(long, value_name = "NAME", global = true)]
    pub(crate) application_name: Option<String>,
    /// Correlation ID of all requests (the header `MS-CorrelationId`), to find them in logs [default: a random one]
    #[arg(long, value_name = "GUID", global = true, value_parser = parse_guid)]
    pub(crate) correlation_id: Option<Uuid>,
    /// Maximum time of one attempt of a request [default: 60]
    #[arg(long, value_name = "SECONDS", global = true, value_parser = parse_seconds)]
    pub(crate) timeout: Option<Duration>,
    /// Maximum time of the command [default: no limit]
    #[arg(long, value_name = "SECONDS", global = true, value_parser = parse_seconds)]
    pub(crate) deadline: Option<Duration>,
    /// Maximum number of attempts of a request [default: 4]
    #[arg(long, value_name = "N", global = true, value_parser = parse_positive_number)]
    pub(crate) max_attempts: Option<u32>,
    /// Maximum wait before a retry that the service may request (`Retry-After`); if it is longer, the command fails
    /// immediately [default: 60; `customers get` of several: 300]
    #[arg(long, value_name = "SECONDS", global = true, value_parser = parse_seconds)]
    pub(crate) max_retry_after: Option<Duration>,
}

impl ServiceOptions {
    /// Returns the options that say which settings of the configuration file are read.
    pub(crate) fn settings_file_and_profile(&self) -> SettingsOptions<'_> {
        SettingsOptions { file: self.config.as_deref(), profile: self.profile.as_deref() }
    }
}

/// Options of every command.
#[derive(Args, Debug)]
#[command(next_help_heading = "Global options")]
pub(crate) struct MessageOptions {
    /// Log to standard error: warnings, with -vv calls, with -vvv attempts
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Print only errors to standard error
    #[arg(long, global = true)]
    pub(crate) quiet: bool,
}

/// The formats of errors.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ErrorFormat {
    /// What failed, why, and what to do about it
    Text,
    /// One object per line, with the status, the code and the IDs for support
    Json,
}

/// The transports, by name.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum TransportName {
    /// Async, on a Tokio runtime
    Reqwest,
    /// Blocking
    Ureq,
}

/// The output formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// A table for people, as wide as the terminal
    Table,
    /// Everything that the service returns: a list as one array, anything else as one value
    Json,
    /// Everything that the service returns, one item per line
    Jsonl,
    /// The main fields, comma-separated; beware of formulas (--csv-escape-formulas)
    Csv,
    /// The main fields, tab-separated and quoted like CSV
    Tsv,
    /// Everything that the service returns, as YAML
    Yaml,
}

impl OutputFormat {
    /// Whether the format has columns; the others have complete values.
    pub(crate) fn has_columns(self) -> bool {
        matches!(self, Self::Table | Self::Csv | Self::Tsv)
    }
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
    /// Returns the command line with all options of the commands that `words` name.
    pub(crate) fn build_clap_command(words: CommandLineWords<'_>) -> clap::Command {
        let service = Self::clap_args_of_service_options();
        // Each command shows its own options, and a few of the common ones.
        let is_rare = |option: &Arg| {
            service.iter().any(|other| other == option) && !OPTIONS_IN_EVERY_HELP.contains(&option.get_id().as_str())
        };
        let command = Self::build_command_tree(words).mut_args(|option| {
            let is_hidden = is_rare(&option);
            option.hide(is_hidden)
        });
        // Any option may stand before any command; where it is rejected, the help does not show it.
        let hidden: Vec<_> = service.iter().map(|option| option.clone().hide(true)).collect();
        let command = COMMANDS_WITHOUT_SERVICE_CALLS
            .into_iter()
            .fold(command, |command, name| command.mut_subcommand(name, |command| command.args(&hidden)));
        let all = service.iter().map(|option| option.clone().help_heading("Options of commands that call the service"));
        command.mut_subcommand("options", |command| command.args(all))
    }

    /// Returns the command line with what is needed to parse `words`: building all of it would take longer than most commands.
    fn clap_command_for_words(words: &[OsString]) -> clap::Command {
        // The version needs neither commands nor options.
        if let [word] = words
            && (word == "--version" || word == "-V")
        {
            return clap::Command::new(env!("CARGO_BIN_NAME")).version(env!("CARGO_PKG_VERSION"));
        }
        let name = operations::find_command_word(words, &Self::clap_args_of_service_options());
        let command = Self::build_clap_command(CommandLineWords::Some { words, command: name });
        match name {
            Some(_) => command,
            // A help text, the version or a usage error ends the process: no command gets the global options.
            None => command.mut_args(|option| option.global(false)),
        }
    }

    /// Returns the command line that shells complete: each command with the options that it accepts, as far as it is needed to
    /// complete what follows `words`.
    ///
    /// It differs from [`build_clap_command`](Self::build_clap_command), where the service options are global, as they may
    /// stand before any command: there, the commands that reject them have them as well, for the error message.
    pub(crate) fn clap_command_for_completion(words: &[OsString]) -> clap::Command {
        let service = Self::clap_args_of_service_options();
        let is_service = |option: &Arg| service.iter().any(|other| other.get_id() == option.get_id());
        let local: Vec<_> = service.iter().map(|option| option.clone().global(false)).collect();
        let command = operations::find_command_word(words, &service);
        let command = Self::build_command_tree(CommandLineWords::Some { words, command }).mut_args(|option| {
            let is_global = option.is_global_set() && !is_service(&option);
            option.global(is_global)
        });
        let accepts = |name: &str| !COMMANDS_WITHOUT_SERVICE_CALLS.contains(&name) && name != "options";
        command.mut_subcommands(|resource| {
            if !accepts(resource.get_name()) {
                return resource;
            }
            resource.args(&local).mut_subcommands(|verb| verb.args(&local))
        })
    }

    /// Returns the commands of the service's operations, and then the others.
    fn build_command_tree(words: CommandLineWords<'_>) -> clap::Command {
        let command = BuiltInCommandLine::command();
        match words {
            CommandLineWords::Some { command: Some(name), .. } if command.find_subcommand(name).is_some() => command,
            _ => command.subcommands(operations::build_resource_commands(words)),
        }
    }

    /// Parses the command line. A usage error or a help option ends the process here.
    pub(crate) fn parse_command_line() -> Self {
        let mut words: Vec<_> = env::args_os().collect();
        if words.len() < 2 {
            // Without a command, the help is shown; that is not an error.
            words = ["partner-center", "-h"].map(OsString::from).into();
        }
        error_format::set_error_format_from_words(&words[1..]);
        let mut command = Self::clap_command_for_words(&words[1..]);
        let matches = command.try_get_matches_from_mut(words).unwrap_or_else(|error| exit_with_clap_error(&error));
        Self::from_matches(&matches)
            .and_then(|arguments| Self::check_global_options(&command, &matches).map(|()| arguments))
            .and_then(Self::with_parsed_emulator_behavior)
            .unwrap_or_else(|error| exit_with_clap_error(&error.format(&mut command)))
    }

    fn from_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let command = match OperationCall::from_matches(matches)? {
            Some(call) => Command::Operation(Box::new(call)),
            None => Command::BuiltIn(BuiltInCommand::from_arg_matches(matches)?),
        };
        Ok(Self { command, options: Options::from_arg_matches(matches)? })
    }

    fn clap_args_of_service_options() -> Vec<Arg> {
        ServiceOptions::augment_args(clap::Command::default()).get_arguments().cloned().collect()
    }

    /// Checks what clap cannot check of global options: those of subcommands are not known to their parents.
    fn check_global_options(command: &clap::Command, matches: &ArgMatches) -> Result<(), clap::Error> {
        let given = |option: &&Arg| matches.value_source(option.get_id().as_str()) == Some(ValueSource::CommandLine);
        let given: Vec<_> = command.get_arguments().filter(given).collect();
        let find = |id: &str| given.iter().copied().find(|option| option.get_id() == id);
        let conflict = |option: &Arg, other: &dyn Display| {
            let problem = format!("the argument '{option}' cannot be used with '{other}'");
            Err(clap::Error::raw(ErrorKind::ArgumentConflict, problem))
        };

        if matches.subcommand_name().is_some_and(|name| COMMANDS_WITHOUT_SERVICE_CALLS.contains(&name))
            && let Some(option) =
                Self::clap_args_of_service_options().iter().find_map(|option| find(option.get_id().as_str()))
        {
            return conflict(option, &matches.subcommand_name().unwrap_or_default());
        }
        for (one, other) in CONFLICTING_OPTIONS {
            if let (Some(one), Some(other)) = (find(one), find(other)) {
                return conflict(one, other);
            }
        }
        match (find("emulator_customers").or(find("emulator_with")), find("emulator")) {
            (Some(option), None) => {
                let problem = format!("the argument '{option}' requires '--emulator'");
                Err(clap::Error::raw(ErrorKind::MissingRequiredArgument, problem))
            }
            _ => Ok(()),
        }
    }

    fn with_parsed_emulator_behavior(mut self) -> Result<Self, clap::Error> {
        let options = &mut self.options.service;
        options.emulator_behavior = EmulatorBehavior::parse_settings(&options.emulator_with)?;
        Ok(self)
    }
}

/// Ends the process with a help text, the version, or a usage error.
fn exit_with_clap_error(error: &clap::Error) -> ! {
    if let Some(fields) = operations::fields::fields_of_help(error) {
        // A reader that has closed standard output wants no more of it.
        let _ = io::stdout().lock().write_all(fields.as_bytes());
        process::exit(0);
    }
    if !error.use_stderr() || !error_format::is_error_format_json() {
        error.exit();
    }
    let text = error.render().to_string();
    let message = text.split("\n\n").next().unwrap_or_default();
    let message = message.strip_prefix("error: ").unwrap_or(message).trim();
    let advice = "see --help for what is allowed";
    error_format::print_json_error((message, "", advice), Some(2), &ErrorDetails::default());
    process::exit(error.exit_code())
}

/// The commands that do not call the service, so that they reject the service options.
const COMMANDS_WITHOUT_SERVICE_CALLS: [&str; 4] = ["automation", "completions", "emulator", "man"];

/// The service options that the help of every command shows.
const OPTIONS_IN_EVERY_HELP: [&str; 3] = ["emulator", "output", "cloud"];

/// The options that exclude each other.
const CONFLICTING_OPTIONS: [(&str, &str); 6] = [
    ("emulator", "base_url"),
    ("emulator", "cloud"),
    ("emulator", "config"),
    ("emulator", "profile"),
    ("base_url", "cloud"),
    ("quiet", "verbose"),
];

fn parse_customer_count(text: &str) -> Result<u32, &'static str> {
    text.parse().ok().filter(|number| *number <= 10_000_000).ok_or("it must be a whole number from 0 to 10000000")
}

pub(crate) fn parse_guid(text: &str) -> Result<Uuid, &'static str> {
    text.parse().map_err(|_| "it must be a GUID, such as 484e548c-f5f3-4528-93a9-c16c6373cb59")
}

pub(crate) fn parse_positive_number(text: &str) -> Result<u32, &'static str> {
    text.parse().ok().filter(|number| *number > 0).ok_or("it must be a whole number from 1 to 4294967295")
}

/// The maximum duration of an option: one day.
pub(crate) const MAX_OPTION_DURATION: Duration = Duration::from_secs(86_400);

pub(crate) fn parse_seconds(text: &str) -> Result<Duration, &'static str> {
    let duration = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let allowed = Duration::from_millis(1)..=MAX_OPTION_DURATION;
    duration
        .filter(|duration| allowed.contains(duration))
        .ok_or("it must be a number of seconds from 0.001 to 86400, such as 30 or 0.5")
}
