//! The error numbers of Entra, `AADSTS…`, and what to do about each. Decisions are made by the error code of OAuth 2.0; the
//! numbers are for advice alone, as Microsoft may change them:
//! <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>.

/// Returns what to do about the error with this number, in one sentence, if it says more than the reason of the error does.
pub(super) fn entra_code_hint(code: u64) -> Option<&'static str> {
    ENTRA_CODE_HINTS.iter().find(|(codes, _)| codes.contains(&code)).map(|(_, hint)| *hint)
}

const ENTRA_CODE_HINTS: [(&[u64], &str); 34] = [
    (
        &[16_000, 50_020, 50_177],
        "sign in with an account of the partner's tenant: this one is not there, or a guest only",
    ),
    (
        &[50_011],
        "register the redirect URI http://localhost in the application, under the platform \"Mobile and desktop applications\"",
    ),
    (
        &[50_012, 50_013, 700_027],
        "upload the certificate to the application, and name that one here; after a rotation, wait some minutes",
    ),
    (&[50_048, 50_027], "report it: the client assertion is invalid"),
    (&[50_034, 50_059, 50_128], "give the tenant by its ID or a domain: it cannot be told from the account"),
    (
        &[50_053, 50_055, 50_057, 50_126],
        "have the account checked: it is locked or disabled, or its password is wrong or has expired",
    ),
    (&[50_072, 50_079, 53_004], "have the user register a second factor at https://aka.ms/mfasetup, and sign in again"),
    (
        &[50_132, 50_133, 50_173],
        "sign in again: the user's sessions were revoked, as by a change of password or by an administrator",
    ),
    (&[50_158, 50_161], "have the federated identity provider issue the claim of its second factor"),
    (&[50_194], "give the tenant's ID in place of `common`: the application is registered for one tenant only"),
    (&[50_196], "wait a minute: the same request was sent too often; keep tokens between runs"),
    (
        &[530_034],
        "ask the security contact of the partner: delegated administration is blocked for suspicious activity",
    ),
    (&[54_005], "sign in again: the authorization code was used before"),
    (&[65_002], "register an application of your own: this one of Microsoft's is not authorized for Partner Center"),
    (&[65_004], "sign in again, and accept what the application asks for: the user declined"),
    (
        &[65_005, 650_056, 650_057],
        "add the delegated permission `user_impersonation` of \"Microsoft Partner Center\" to the application, and consent to it",
    ),
    (&[650_051], "wait half a minute and try again: the service principal of the application is being created"),
    (&[70_000, 70_008, 700_084], "sign in again: the refresh token or code is invalid or has expired"),
    (&[70_001, 7_000_112, 700_011], "check the client ID: the application is disabled or unknown in this tenant"),
    (&[7_000_222], "create a new client secret, better a certificate: this secret has expired"),
    (
        &[7_000_218],
        "for a sign-in without a secret, set \"Allow public client flows\" of the application to Yes, and register http://localhost \
         under \"Mobile and desktop applications\"; otherwise configure its client secret or certificate",
    ),
    (&[700_025], "remove the client secret or certificate from the settings: the application is a public client"),
    (&[7_000_229], "consent to the application in this tenant first: it has no service principal there"),
    (&[70_011, 28_002, 28_003, 700_022, 700_023, 1_002_012], "check the audience: one resource only can be requested"),
    (&[70_018], "sign in again: the device code is unknown to the authority"),
    (&[70_016, 70_019, 70_020], "sign in again, and enter the new code before it expires"),
    (
        &[70_021],
        "check issuer, subject and audience of the federated credential against the token; a new one takes some minutes to work",
    ),
    (&[70_043], "sign in again: a policy limits how long a sign-in lasts"),
    (&[90_013, 9_002_313], "check the refresh token: it may be empty, or damaged by copying; otherwise sign in again"),
    (&[90_038, 900_382, 900_432, 1_000_104], "name the cloud of the tenant: it is not in the one that was asked"),
    (&[90_072], "sign in with a member account of the tenant: an external one cannot satisfy its second factor"),
    (&[90_094, 90_095], "have an administrator of the tenant consent to the application"),
    (&[90_099], "have the application consented in the customer's tenant, by Partner Center's application consents"),
    (&[9_001_023, 90_124, 90_130], "give the tenant by its ID or a domain: `common` is not possible here"),
];

#[cfg(test)]
mod tests {
    use super::{ENTRA_CODE_HINTS, entra_code_hint};

    #[test]
    fn each_number_has_one_hint() {
        let mut numbers: Vec<_> = ENTRA_CODE_HINTS.iter().flat_map(|(codes, _)| codes.iter().copied()).collect();
        let count = numbers.len();
        numbers.sort_unstable();
        numbers.dedup();
        assert!(numbers.len() == count && count > 60, "{count}");
        assert!(ENTRA_CODE_HINTS.iter().all(|(_, hint)| !hint.ends_with('.') && hint.starts_with(char::is_lowercase)));
        assert!(entra_code_hint(7_000_222).is_some_and(|hint| hint.contains("expired")));
        assert_eq!(entra_code_hint(1), None);
    }
}
