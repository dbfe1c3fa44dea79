//! Random commands over 400 virtual days: no subscription of the emulator comes into a state that the service documents as
//! impossible, what is performed and what is rejected is as documented for the command and the state, and what the client reads is
//! what the emulator sends.

mod command;
mod invariants;
mod partner;

use command::{Command, command};
use partner::Partner;
use partner_center::{Reqwest, Transport, Ureq, transport::*};
use partner_center_emulator::Emulator;
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

/// The length of each case, which has a renewal of what is bought for a year.
const DAYS: u64 = 400;
const MINUTES: u64 = DAYS * 24 * 60;

/// Commands, each with the minutes that pass after it.
fn commands() -> impl Strategy<Value = Vec<(Command, u64)>> {
    let pause = prop_oneof![3 => Just(0_u64), 1 => 0..120_u64, 4 => 0..(30 * 24 * 60_u64)];
    prop::collection::vec((command(), pause), 10..40)
}

/// Runs cases, always the same ones, over the transport that `connect` makes; each begins with an emulator of its own.
fn run_cases<X: Transport>(cases: u32, connect: impl Fn(&Emulator, &str) -> X) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let case = |commands: Vec<(Command, u64)>| {
        let emulator = partner::emulator();
        let server = emulator.serve("127.0.0.1:0").unwrap();
        live_through(&mut Partner::new(connect(&emulator, &server.url()), &server.url(), emulator.clone()), &commands)
    };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    runner.run(&commands(), case).unwrap_or_else(|failure| panic!("{failure}"));
}

/// Performs the commands again and again until the last day.
fn live_through<X: Transport>(partner: &mut Partner<X>, commands: &[(Command, u64)]) -> Result<(), TestCaseError> {
    loop {
        for (command, pause) in commands {
            partner.perform(command)?;
            partner.wait((*pause).min(MINUTES - partner.minutes))?;
        }
        // However short the pauses are, the last day comes.
        partner.wait((15 * 24 * 60).min(MINUTES - partner.minutes))?;
        if partner.minutes == MINUTES {
            return partner.check_renewal_of_kept_subscription();
        }
    }
}

#[test]
fn commands_keep_subscriptions_in_documented_states() {
    run_cases(5, |emulator, _| emulator.transport::<Blocking>());
}

#[test]
fn async_commands_keep_subscriptions_in_documented_states() {
    run_cases(4, |emulator, _| emulator.transport::<Async>());
}

#[test]
fn commands_over_http_keep_subscriptions_in_documented_states() {
    run_cases(2, |_, _| Ureq::new().unwrap());
}

#[test]
fn async_commands_over_http_keep_subscriptions_in_documented_states() {
    run_cases(2, |_, _| Reqwest::new().unwrap());
}
