//! Identifiers and secrets that clients of the emulator are configured with. [`Emulator`](crate::Emulator) publishes them.

pub(crate) const ACCESS_TOKEN: &str = "emulator-token";
pub(crate) const TENANT_ID: &str = "99999999-8888-7777-6666-555555555555";
pub(crate) const CLIENT_ID: &str = "11111111-2222-3333-4444-555555555555";
pub(crate) const CLIENT_SECRET: &str = "emulator-secret";
pub(crate) const REFRESH_TOKEN: &str = "emulator-refresh-token";
