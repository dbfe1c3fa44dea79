//! Groups that are measured by processes of their own.

use crate::{GROUPS, Group, measure::Table};
use std::process::{Command, Stdio};

/// Has as many processes as the group wants measure it.
pub(crate) fn measure(group: &Group) -> Table {
    let one = |_| serde_json::from_str(&said_by_child(&["group", group.name])).unwrap();
    (0..group.processes).map(one).reduce(Table::and).unwrap()
}

/// Whether this process is one of them; then it has done its work.
pub(crate) fn is_child(arguments: &[String]) -> bool {
    let [first, name] = arguments else { return false };
    let Some(group) = GROUPS.into_iter().find(|group| first == "group" && name == group.name) else { return false };
    if group.on_one_core && stay_on_one_core().is_none() {
        eprintln!("{name}: client and service cannot be kept on one core here");
    }
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let mut table = Table::default();
    (group.run)(&mut table);
    println!("{}", serde_json::to_string(&table).unwrap());
    true
}

/// What this program prints in a process of its own.
pub(crate) fn said_by_child(arguments: &[&str]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let output = command.args(arguments).stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Keeps this thread, and all that it begins from now on, on one core, if the system lets it.
#[cfg(target_os = "linux")]
fn stay_on_one_core() -> Option<()> {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
    let allowed = sched_getaffinity(None).ok()?;
    // The first one has most of the interrupts.
    let core = (0..CpuSet::MAX_CPU).rfind(|core| allowed.is_set(*core))?;
    let mut one = CpuSet::new();
    one.set(core);
    sched_setaffinity(None, &one).ok()
}

#[cfg(not(target_os = "linux"))]
fn stay_on_one_core() -> Option<()> {
    None
}
