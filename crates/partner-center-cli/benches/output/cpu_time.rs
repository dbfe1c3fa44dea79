//! The CPU time of child processes.

use nix::sys::resource::{UsageWho, getrusage};
use std::{
    process::{Command, Stdio},
    time::Duration,
};

/// Runs a command, which must succeed, and returns its CPU time; its output goes to a file that nobody reads.
pub(crate) fn cpu_time_of_command(command: &mut Command) -> Duration {
    let before = children_cpu_time();
    let status = command.stdin(Stdio::null()).stdout(tempfile::tempfile().unwrap()).status().unwrap();
    assert!(status.success(), "{command:?}");
    children_cpu_time().saturating_sub(before)
}

fn children_cpu_time() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    let times = [usage.user_time(), usage.system_time()];
    times
        .iter()
        .map(|time| Duration::from_micros(u64::try_from(time.tv_sec() * 1_000_000 + time.tv_usec()).unwrap()))
        .sum()
}

/// Pins this process, and all that it starts from now on, to one core, if the system allows it.
#[cfg(target_os = "linux")]
pub(crate) fn pin_to_one_core() -> Option<()> {
    use nix::{
        sched::{CpuSet, sched_getaffinity, sched_setaffinity},
        unistd::Pid,
    };
    let this_process = Pid::from_raw(0);
    let allowed = sched_getaffinity(this_process).ok()?;
    // The last core: the first one handles most interrupts.
    let core = (0..CpuSet::count()).rfind(|core| allowed.is_set(*core) == Ok(true))?;
    let mut one = CpuSet::new();
    one.set(core).ok()?;
    sched_setaffinity(this_process, &one).ok()
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn pin_to_one_core() -> Option<()> {
    None
}
