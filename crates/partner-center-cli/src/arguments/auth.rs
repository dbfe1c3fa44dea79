use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum AuthCommand {
    /// Sign a user in, and keep the refresh token for the next commands
    #[command(after_help = LOGIN_AFTER_HELP)]
    Login(LoginCommand),
    /// Show the configured credential and its cloud, and check whether a token can be obtained
    #[command(after_help = "\
The token is not shown. Whether the service accepts a given access token is checked by `partner-center doctor`.

Examples:
  partner-center auth status
  partner-center auth status --cloud us-government
  partner-center auth status --output json")]
    Status,
    /// Delete the tokens of a sign-in from this machine
    #[command(after_help = "\
The sign-in of the configured application is deleted, or that of --profile. Tokens that were copied elsewhere stay valid: \
an administrator can revoke the sessions of the user in Entra.

Examples:
  partner-center auth logout
  partner-center auth logout --profile emea")]
    Logout,
    /// Print an access token, for other programs
    #[command(after_help = "\
Whoever has the token may use it until it expires, in about an hour: keep it out of logs and histories.

Examples:
  curl -H \"Authorization: Bearer $(partner-center auth token)\" https://api.partnercenter.microsoft.com/v1/customers")]
    Token,
}

#[derive(Args, Debug)]
pub(crate) struct LoginCommand {
    /// The partner's tenant: its ID or a domain [default: that of the settings]
    #[arg(long, value_name = "TENANT")]
    pub(crate) tenant: Option<String>,
    /// Client ID of the app registration [default: that of the settings]
    #[arg(long, value_name = "GUID")]
    pub(crate) client_id: Option<String>,
    /// Sign in with the browser of this machine, instead of entering a code in any browser
    #[arg(long)]
    pub(crate) browser: bool,
}

const LOGIN_AFTER_HELP: &str = "\
Without --browser, it shows an address and a code: open the address in any browser, also on another device, enter the code, \
and sign in with the second factor that Partner Center requires. With --browser, the browser of this machine opens, and comes \
back to http://localhost.

The tenant and the client ID are kept in the configuration file (in a profile with --profile), so that the next sign-in needs \
no options. The refresh token is kept in a file that only you can read, and renewed by each command that needs it. If it is not \
used for 90 days, sign in again.

To register the application, once:
  1. https://portal.azure.com > Microsoft Entra ID > App registrations > New registration, \"this directory only\"
  2. Authentication > Add a platform > Mobile and desktop applications > http://localhost
  3. Authentication > Allow public client flows: Yes
  4. API permissions > APIs my organization uses > \"Microsoft Partner Center\" > user_impersonation
  5. Grant admin consent. Its overview page has the client ID and the tenant ID.

Examples:
  partner-center auth login --tenant contoso.onmicrosoft.com --client-id 11111111-2222-3333-4444-555555555555
  partner-center auth login
  partner-center auth login --browser --profile emea";
