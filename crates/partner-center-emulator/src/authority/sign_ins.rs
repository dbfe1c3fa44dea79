//! The sign-ins of users that have begun and are not complete: device codes that wait for their user, and authorization codes that
//! wait for their client. Pure over the time that is passed in.

use super::{TokenError, pkce::is_code_challenge_of};
use crate::random::RandomGenerator;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use std::{collections::VecDeque, time::Duration};

/// The sign-ins that are in progress. The oldest are forgotten when there are too many.
#[derive(Default)]
pub(super) struct SignIns {
    device_codes: VecDeque<DeviceSignIn>,
    authorization_codes: VecDeque<IssuedAuthorizationCode>,
    /// The number of codes so far.
    issued: u64,
}

/// A sign-in with a device code.
struct DeviceSignIn {
    device_code: String,
    user_code: String,
    tenant: String,
    expires: Duration,
    state: DeviceSignInState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DeviceSignInState {
    Pending,
    Accepted(User),
    Declined,
    /// The tokens have been issued.
    Complete,
}

/// A sign-in that has an authorization code.
struct IssuedAuthorizationCode {
    code: String,
    expires: Duration,
    is_redeemed: bool,
    authorization: AuthorizationCodeGrant,
}

/// What a user has authorized in the browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AuthorizationCodeGrant {
    pub(super) tenant: String,
    pub(super) redirect_uri: String,
    /// The challenge of PKCE (RFC 7636), by its SHA-256, if the client sent one.
    pub(super) code_challenge: Option<String>,
    pub(super) user: User,
}

/// A user who has signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct User {
    /// Whether the user has given a second factor.
    pub(super) has_second_factor: bool,
}

/// The codes of a new sign-in with a device code.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct DeviceCodes {
    pub(super) device_code: String,
    pub(super) user_code: String,
}

/// The maximum number of sign-ins of each kind.
const MAX_SIGN_INS: usize = 1000;

/// The time for which an authorization code is valid.
const AUTHORIZATION_CODE_LIFETIME: Duration = Duration::from_secs(10 * 60);

/// The characters of a user code: those that are hard to confuse, and that form no word.
const USER_CODE_CHARACTERS: [char; 24] = [
    'B', 'C', 'D', 'F', 'G', 'H', 'J', 'K', 'L', 'M', 'N', 'P', 'Q', 'R', 'S', 'T', 'V', 'W', 'X', 'Z', '2', '3', '4',
    '5',
];

impl SignIns {
    /// Begins a sign-in with a device code.
    pub(super) fn begin_device_sign_in(&mut self, seed: u64, tenant: String, expires: Duration) -> DeviceCodes {
        let mut random = self.next_random_generator(seed);
        let device_code = format!("DAQ{}", random_secret_code(&mut random));
        let user_code: String = (0..9).map(|_| random.pick_one(&USER_CODE_CHARACTERS)).collect();
        let codes = DeviceCodes { device_code: device_code.clone(), user_code: user_code.clone() };
        let sign_in = DeviceSignIn { device_code, user_code, tenant, expires, state: DeviceSignInState::Pending };
        push_and_drop_oldest(&mut self.device_codes, sign_in);
        codes
    }

    /// Whether the user may enter this user code now.
    pub(super) fn is_pending_user_code(&self, user_code: &str, now: Duration) -> bool {
        let is_it = |sign_in: &DeviceSignIn| sign_in.is_waiting_for_user_code(user_code, now);
        self.device_codes.iter().any(is_it)
    }

    /// Completes the user's part of a sign-in with a device code: `user` is `None` if it was declined. Returns whether there is a
    /// sign-in with this user code.
    pub(super) fn decide_device_sign_in(&mut self, user_code: &str, user: Option<User>, now: Duration) -> bool {
        let Some(sign_in) =
            self.device_codes.iter_mut().find(|sign_in| sign_in.is_waiting_for_user_code(user_code, now))
        else {
            return false;
        };
        sign_in.state = user.map_or(DeviceSignInState::Declined, DeviceSignInState::Accepted);
        true
    }

    /// Redeems a device code once its user has signed in. It works once, and in the tenant where it was requested.
    pub(super) fn redeem_device_code(
        &mut self,
        device_code: &str,
        tenant: &str,
        now: Duration,
    ) -> Result<User, TokenError> {
        let is_it = |sign_in: &&mut DeviceSignIn| sign_in.device_code == device_code && sign_in.tenant == tenant;
        let sign_in = self.device_codes.iter_mut().find(is_it).ok_or(TokenError::BadVerificationCode)?;
        match sign_in.state {
            DeviceSignInState::Complete => Err(TokenError::BadVerificationCode),
            DeviceSignInState::Declined => Err(TokenError::AuthorizationDeclined),
            _ if now >= sign_in.expires => Err(TokenError::ExpiredToken),
            DeviceSignInState::Pending => Err(TokenError::AuthorizationPending),
            DeviceSignInState::Accepted(user) => {
                sign_in.state = DeviceSignInState::Complete;
                Ok(user)
            }
        }
    }

    /// Issues the authorization code of a sign-in in the browser.
    pub(super) fn issue_authorization_code(
        &mut self,
        seed: u64,
        authorization: AuthorizationCodeGrant,
        now: Duration,
    ) -> String {
        let code = format!("0.{}", random_secret_code(&mut self.next_random_generator(seed)));
        let expires = now.saturating_add(AUTHORIZATION_CODE_LIFETIME);
        let sign_in = IssuedAuthorizationCode { code: code.clone(), expires, is_redeemed: false, authorization };
        push_and_drop_oldest(&mut self.authorization_codes, sign_in);
        code
    }

    /// Redeems an authorization code. It works once, with the redirect URI and in the tenant where it was issued.
    pub(super) fn redeem_authorization_code(
        &mut self,
        (code, redirect_uri, code_verifier): (&str, &str, Option<&str>),
        tenant: &str,
        now: Duration,
    ) -> Result<User, TokenError> {
        let sign_in = self.authorization_codes.iter_mut().find(|sign_in| sign_in.code == code);
        let sign_in = sign_in.ok_or(TokenError::InvalidGrant)?;
        let authorization = &sign_in.authorization;
        if sign_in.is_redeemed {
            return Err(TokenError::UsedCode);
        }
        if now >= sign_in.expires {
            return Err(TokenError::InvalidGrant);
        }
        if authorization.tenant != tenant {
            return Err(TokenError::OtherTenant);
        }
        if authorization.redirect_uri != redirect_uri {
            return Err(TokenError::UnregisteredRedirectUri);
        }
        let challenge = authorization.code_challenge.as_deref();
        if !challenge.is_none_or(|challenge| code_verifier.is_some_and(|it| is_code_challenge_of(challenge, it))) {
            return Err(TokenError::WrongCodeVerifier);
        }
        sign_in.is_redeemed = true;
        Ok(authorization.user)
    }

    fn next_random_generator(&mut self, seed: u64) -> RandomGenerator {
        self.issued += 1;
        RandomGenerator::for_purpose(seed, "sign-in", self.issued)
    }
}

impl DeviceSignIn {
    /// Whether it waits for the user with this code, which may be written in lower case and with blanks around it.
    fn is_waiting_for_user_code(&self, user_code: &str, now: Duration) -> bool {
        self.user_code.eq_ignore_ascii_case(user_code.trim())
            && self.state == DeviceSignInState::Pending
            && now < self.expires
    }
}

fn random_secret_code(random: &mut RandomGenerator) -> String {
    let bytes: Vec<u8> = (0..4).flat_map(|_| random.next_u64().to_be_bytes()).collect();
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn push_and_drop_oldest<T>(queue: &mut VecDeque<T>, item: T) {
    if queue.len() == MAX_SIGN_INS {
        queue.pop_front();
    }
    queue.push_back(item);
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: User = User { has_second_factor: true };
    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn device_code_is_redeemed_once_after_its_user_has_signed_in() {
        let mut sign_ins = SignIns::default();
        let codes = sign_ins.begin_device_sign_in(1, "t".to_owned(), MINUTE);
        let redeem = |sign_ins: &mut SignIns, tenant, now| sign_ins.redeem_device_code(&codes.device_code, tenant, now);
        assert_eq!(redeem(&mut sign_ins, "t", Duration::ZERO), Err(TokenError::AuthorizationPending));
        assert_eq!(redeem(&mut sign_ins, "other", Duration::ZERO), Err(TokenError::BadVerificationCode));
        assert_eq!(redeem(&mut sign_ins, "t", MINUTE), Err(TokenError::ExpiredToken));
        assert!(!sign_ins.decide_device_sign_in(&codes.user_code, Some(USER), MINUTE), "expired");
        let typed = format!(" {} ", codes.user_code.to_lowercase());
        assert!(sign_ins.is_pending_user_code(&typed, Duration::ZERO));
        assert!(sign_ins.decide_device_sign_in(&typed, Some(USER), Duration::ZERO));
        assert!(!sign_ins.decide_device_sign_in(&typed, Some(USER), Duration::ZERO), "decided already");
        assert_eq!(redeem(&mut sign_ins, "t", Duration::ZERO), Ok(USER));
        assert_eq!(redeem(&mut sign_ins, "t", Duration::ZERO), Err(TokenError::BadVerificationCode));

        let declined = sign_ins.begin_device_sign_in(1, "t".to_owned(), MINUTE);
        assert_ne!(declined, codes);
        assert!(sign_ins.decide_device_sign_in(&declined.user_code, None, Duration::ZERO));
        let outcome = sign_ins.redeem_device_code(&declined.device_code, "t", Duration::ZERO);
        assert_eq!(outcome, Err(TokenError::AuthorizationDeclined));
    }

    #[test]
    fn authorization_code_is_redeemed_once_by_its_client() {
        let mut sign_ins = SignIns::default();
        let verifier = "a-code-verifier-of-at-least-forty-three-characters";
        let authorization = AuthorizationCodeGrant {
            tenant: "t".to_owned(),
            redirect_uri: "http://localhost:4711/".to_owned(),
            code_challenge: Some(super::super::pkce::code_challenge(verifier)),
            user: USER,
        };
        let code = sign_ins.issue_authorization_code(1, authorization, Duration::ZERO);
        let mut redeem = |code: &str, uri, verifier, tenant, now| {
            sign_ins.redeem_authorization_code((code, uri, verifier), tenant, now)
        };
        let uri = "http://localhost:4711/";
        assert_eq!(redeem("0.other", uri, Some(verifier), "t", MINUTE), Err(TokenError::InvalidGrant));
        assert_eq!(redeem(&code, uri, None, "t", MINUTE), Err(TokenError::WrongCodeVerifier));
        assert_eq!(redeem(&code, uri, Some("other"), "t", MINUTE), Err(TokenError::WrongCodeVerifier));
        assert_eq!(redeem(&code, uri, Some(verifier), "u", MINUTE), Err(TokenError::OtherTenant));
        let other_uri = "http://localhost:4712/";
        assert_eq!(redeem(&code, other_uri, Some(verifier), "t", MINUTE), Err(TokenError::UnregisteredRedirectUri));
        assert_eq!(redeem(&code, uri, Some(verifier), "t", MINUTE * 10), Err(TokenError::InvalidGrant));
        assert_eq!(redeem(&code, uri, Some(verifier), "t", MINUTE), Ok(USER));
        assert_eq!(redeem(&code, uri, Some(verifier), "t", MINUTE), Err(TokenError::UsedCode));
    }

    #[test]
    fn number_of_sign_ins_is_bounded() {
        let mut sign_ins = SignIns::default();
        let first = sign_ins.begin_device_sign_in(1, "t".to_owned(), MINUTE);
        for _ in 0..MAX_SIGN_INS {
            sign_ins.begin_device_sign_in(1, "t".to_owned(), MINUTE);
        }
        assert_eq!(sign_ins.device_codes.len(), MAX_SIGN_INS);
        assert!(!sign_ins.is_pending_user_code(&first.user_code, Duration::ZERO));
    }
}
