use clap::{ArgAction, Args, FromArgMatches, error::ErrorKind};
use partner_center_emulator::{
    ContinuationIn, Emulator, EmulatorBuilder, Encoding, ErrorCodes, Fault, LinkStyle, ListEnd, Recording, TotalCount,
    WebhookFault,
};
use std::{
    fs::File,
    io::Read,
    net::{IpAddr, Ipv4Addr},
    num::{NonZeroU16, NonZeroU32},
    path::PathBuf,
    time::Duration,
};

#[derive(Args, Debug)]
#[command(after_help = "\
The first line of standard output is the address, and with --tls the second is the file of its certificate authority. \
With -vv each request is logged to standard error. There are generated customers and those of Microsoft's documentation. \
Nothing leaves this machine. It runs until it is interrupted (Ctrl-C); the exit status is then 0, or with --strict 1 if a caller \
misbehaved.

Tests steer it over HTTP at /_emulator/: reset, clock, faults, snapshots, requests, verdicts. /_emulator/openapi.yaml documents \
that, and a browser shows it at the same address.

Its authority issues tokens at the same address, in any tenant: to the client ID 11111111-2222-3333-4444-555555555555 with \
the client secret emulator-secret, and for a user with the refresh token emulator-refresh-token, or who signs in on its pages \
without a password.

A fault is WHAT goes wrong, and for WHICH requests; without WHICH for all:
  STATUS[:BODY][:code=N][:retry-after=SECONDS | :retry-after-date=SECONDS]
      this response; STATUS is 200 to 599, BODY is front-door, string-code,
      newer-service, gateway, text, html or empty
  delay:TIME, drip, drip:TIME, truncate, reset, unreachable, hang, garbage
      TIME is such as 200ms or 2s
  @3, @every:5, @10%, @/v1/customers/
      the third, every fifth, one in ten (random by the seed), by path

Examples:
  partner-center emulator --port 8080
  PARTNER_CENTER_TOKEN=emulator-token partner-center --base-url http://127.0.0.1:8080 customers list
  partner-center emulator --port 8443 --tls --ca-file ca.pem
  partner-center emulator --link-style v1 --bom --list-end error-response
  partner-center emulator --replay recording.json
  partner-center emulator --fault 503@10% --fault 429:retry-after=2@every:7 --strict
  partner-center customers list --emulator --emulator-with fault=reset@2")]
pub(crate) struct EmulatorCommand {
    /// Address to listen on. Nothing is encrypted without --tls, and its tokens are known to everybody: 0.0.0.0 is for containers
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub(crate) address: IpAddr,
    /// Port to listen on; 0 chooses a free one
    #[arg(long, value_name = "P", default_value_t = 0)]
    pub(crate) port: u16,
    /// File to keep the state in, so that it is there again at the next start; made if there is none. Nothing is lost that a
    /// response has shown, whatever ends the emulator [default: the state is in memory alone]
    #[arg(long, value_name = "FILE")]
    pub(crate) data: Option<PathBuf>,
    /// Number of customers, 0 to 10000000 [default: 1000, or as in the --data file]
    #[arg(long, value_name = "N", value_parser = super::parse_customer_count)]
    pub(crate) customers: Option<u32>,
    /// Access token to accept: any visible ASCII characters without blanks; not a secret
    #[arg(long, value_name = "T", default_value = Emulator::TOKEN, value_parser = parse_access_token)]
    pub(crate) token: String,
    /// Serve over TLS, with a certificate for localhost from a new certificate authority: MSAL and azure-identity require it
    #[arg(long)]
    pub(crate) tls: bool,
    /// File for the certificate authority that clients must trust, in PEM [default: a temporary file, which standard output
    /// names]
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Print what callers do that the service asks them not to do, such as a retry before Retry-After has passed, and exit with
    /// status 1 if there was any
    #[arg(long)]
    pub(crate) strict: bool,
    /// What is wrong with the events that are sent to the registered address; may be given several times
    #[arg(long, value_name = "NAME", value_enum, action = ArgAction::Append)]
    pub(crate) webhook_fault: Vec<WebhookFault>,
    #[command(flatten)]
    pub(crate) behavior: EmulatorBehavior,
}

/// The behavior of an emulator, served or embedded.
#[derive(Args, Debug, Default)]
pub(crate) struct EmulatorBehavior {
    /// Seed of the generated customers: the same seed generates the same customers [default: 0, or as in the --data file]
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Lifetime of the access tokens that its authority issues
    #[arg(long, value_name = "SECONDS", default_value = "3600", value_parser = super::parse_seconds)]
    token_lifetime: Duration,
    /// Invalidate a refresh token when a newer one is used
    #[arg(long)]
    strict_refresh_tokens: bool,
    /// Reject query parameters that a resource does not have; without this, `-v` warns of them
    #[arg(long)]
    reject_unknown_parameters: bool,
    /// Recording, as --record of the other commands writes it: an operation in it gets the recorded responses in their order, with
    /// values of the documentation, and in the end always the last one; all other operations are served as usual
    #[arg(long, value_name = "FILE", value_parser = read_recording)]
    replay: Option<Recording>,
    #[command(flatten)]
    sign_in: SignInBehaviorOptions,
    #[command(flatten)]
    faults: FaultBehaviorOptions,
    #[command(flatten)]
    lists: ListBehaviorOptions,
    #[command(flatten)]
    responses: ResponseBehaviorOptions,
}

#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Sign-in of users")]
struct SignInBehaviorOptions {
    /// Reject tokens of users who have given no second factor
    #[arg(long)]
    require_mfa: bool,
    /// Issue tokens for a user only when somebody has consented, on the page of a sign-in or of an administrator
    #[arg(long)]
    require_consent: bool,
    /// Lifetime of the device codes with which users sign in
    #[arg(long, value_name = "SECONDS", default_value = "900", value_parser = super::parse_seconds)]
    device_code_lifetime: Duration,
    /// Interval at which clients poll whether the user has signed in
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = super::parse_seconds)]
    device_code_interval: Duration,
}

#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Faults")]
struct FaultBehaviorOptions {
    /// Fault, such as 503@10% or reset@3; may be given several times
    #[arg(long, value_name = "WHAT[@WHICH]", action = ArgAction::Append)]
    fault: Vec<Fault>,
    /// Maximum number of requests per minute; any more get 429 [default: no limit]
    #[arg(long, value_name = "N")]
    rate_limit: Option<NonZeroU32>,
}

#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Pagination")]
struct ListBehaviorOptions {
    /// Maximum number of customers per page, whatever size is requested [default: 500]
    #[arg(long, value_name = "N", value_parser = parse_max_page_size)]
    page_cap: Option<NonZeroU16>,
    /// Style of the links between pages
    #[arg(long, value_name = "STYLE", value_enum, default_value_t)]
    link_style: LinkStyle,
    /// Separate the parameters of a next-page link by a second `?`
    #[arg(long)]
    double_question_mark: bool,
    /// Place of the continuation token in a page
    #[arg(long, value_name = "PLACE", value_enum, default_value_t)]
    continuation_in: ContinuationIn,
    /// Omit all links; the continuation token is then in the body
    #[arg(long)]
    without_links: bool,
    /// End of a list
    #[arg(long, value_name = "WAY", value_enum, default_value_t)]
    list_end: ListEnd,
    /// Meaning of `totalCount`
    #[arg(long, value_name = "WHAT", value_enum, default_value_t)]
    total_count: TotalCount,
}

#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Responses")]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
struct ResponseBehaviorOptions {
    /// Encoding of JSON
    #[arg(long, value_name = "NAME", value_enum, default_value_t)]
    encoding: Encoding,
    /// Begin JSON with a byte order mark
    #[arg(long)]
    bom: bool,
    /// Write null where a value is absent
    #[arg(long)]
    nulls: bool,
    /// Begin the names of fields with a capital letter
    #[arg(long)]
    pascal_case: bool,
    /// Add fields and values that are not documented
    #[arg(long)]
    unknown_values: bool,
    /// Give some customers values that are documented but rare, such as the relationship `microsoft_support`, which the Java
    /// SDK cannot read
    #[arg(long)]
    rare_values: bool,
    /// Let no customer allow delegated access, which hides addresses and domains
    #[arg(long)]
    without_delegated_access: bool,
    /// Type of error codes
    #[arg(long, value_name = "TYPE", value_enum, default_value_t)]
    error_codes: ErrorCodes,
    /// Send the header `X-Locale` twice
    #[arg(long)]
    duplicate_locale: bool,
    /// Send a different `MS-RequestId` than that of the request
    #[arg(long)]
    foreign_request_ids: bool,
}

impl EmulatorBehavior {
    /// Parses `settings`, which are options of `partner-center emulator` without their dashes.
    pub(super) fn parse_settings(settings: &[String]) -> Result<Self, clap::Error> {
        let command = clap::Command::new("emulator").no_binary_name(true).disable_help_flag(true);
        let command = Self::augment_args(command);
        let names: Vec<_> = command.get_arguments().filter_map(|option| option.get_long()).collect();
        let is_wrong = |setting: &&String| !names.contains(&setting.split('=').next().unwrap_or_default());
        if let Some(setting) = settings.iter().find(is_wrong) {
            let problem = format!(
                "invalid value '{setting}' for '--emulator-with <NAME[=VALUE]>': it must be an option of \
                 `partner-center emulator` without its dashes: {}",
                names.join(", ")
            );
            return Err(clap::Error::raw(ErrorKind::InvalidValue, problem));
        }
        let options: Vec<_> = settings.iter().map(|setting| format!("--{setting}")).collect();
        Self::from_arg_matches(&command.try_get_matches_from(options)?)
    }

    /// Applies the behavior to `builder`.
    pub(crate) fn apply_to_builder(&self, builder: EmulatorBuilder) -> EmulatorBuilder {
        let Self { seed, token_lifetime, strict_refresh_tokens, sign_in, faults, lists, responses, .. } = self;
        let mut builder = builder
            .token_lifetime(*token_lifetime)
            .strict_refresh_tokens(*strict_refresh_tokens)
            .require_mfa(sign_in.require_mfa)
            .require_consent(sign_in.require_consent)
            .device_code_lifetime(sign_in.device_code_lifetime)
            .device_code_interval(sign_in.device_code_interval)
            .reject_unknown_parameters(self.reject_unknown_parameters)
            .link_style(lists.link_style)
            .double_question_mark(lists.double_question_mark)
            .continuation_in(lists.continuation_in)
            .without_links(lists.without_links)
            .list_end(lists.list_end)
            .total_count(lists.total_count)
            .encoding(responses.encoding)
            .byte_order_mark(responses.bom)
            .nulls(responses.nulls)
            .pascal_case(responses.pascal_case)
            .unknown_values(responses.unknown_values)
            .without_delegated_access(responses.without_delegated_access)
            .error_codes(responses.error_codes)
            .duplicate_locale(responses.duplicate_locale)
            .foreign_request_ids(responses.foreign_request_ids);
        if let Some(seed) = seed {
            builder = builder.seed(*seed);
        }
        if let Some(recording) = &self.replay {
            builder = builder.replay(recording.clone());
        }
        if responses.rare_values {
            builder = builder.rare_values(true);
        }
        if let Some(cap) = lists.page_cap {
            builder = builder.page_cap(cap);
        }
        if let Some(per_minute) = faults.rate_limit {
            builder = builder.rate_limit(per_minute);
        }
        faults.fault.iter().cloned().fold(builder, EmulatorBuilder::fault)
    }
}

fn read_recording(path: &str) -> Result<Recording, String> {
    let mut json = String::new();
    let file = File::open(path).map_err(|error| error.to_string())?;
    file.take(MAX_RECORDING_SIZE).read_to_string(&mut json).map_err(|error| error.to_string())?;
    Recording::from_json(&json).map_err(|error| error.to_string())
}

/// The maximum size of a recording that is read, in bytes.
const MAX_RECORDING_SIZE: u64 = 256 << 20;

fn parse_access_token(text: &str) -> Result<String, &'static str> {
    let can_be_sent = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    can_be_sent.then(|| text.to_owned()).ok_or("it must consist of visible ASCII characters, without blanks")
}

fn parse_max_page_size(text: &str) -> Result<NonZeroU16, &'static str> {
    text.parse().ok().filter(|cap: &NonZeroU16| cap.get() <= 500).ok_or("it must be a whole number from 1 to 500")
}
