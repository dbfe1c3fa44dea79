//! Groups are measured by child processes.

use crate::{BENCHMARK_GROUPS, BenchmarkGroup, measure::MeasurementTable};
use std::process::{Command, Stdio};

/// Measures a group with the number of processes that it requires.
pub(crate) fn measure_in_child_processes(group: &BenchmarkGroup) -> MeasurementTable {
    let measure_once = |_| serde_json::from_str(&output_of_child(&["group", group.name])).unwrap();
    (0..group.processes).map(measure_once).reduce(MeasurementTable::merge).unwrap()
}

/// Measures a group, if the arguments say that this process is a child that does so; returns whether it is.
pub(crate) fn run_as_child(arguments: &[String]) -> bool {
    let [first, name] = arguments else { return false };
    let Some(group) = BENCHMARK_GROUPS.into_iter().find(|group| first == "group" && name == group.name) else {
        return false;
    };
    if group.on_one_core && pin_to_one_core().is_none() {
        eprintln!("{name}: client and service cannot be pinned to one core on this system");
    }
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let mut table = MeasurementTable::default();
    (group.run)(&mut table);
    println!("{}", serde_json::to_string(&table).unwrap());
    true
}

/// Runs this program in a child process and returns its output.
pub(crate) fn output_of_child(arguments: &[&str]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let output = command.args(arguments).stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Pins this thread, and all threads it starts from now on, to one core, if the system allows it.
#[cfg(target_os = "linux")]
fn pin_to_one_core() -> Option<()> {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
    let allowed = sched_getaffinity(None).ok()?;
    // The last core: the first one handles most interrupts.
    let core = (0..CpuSet::MAX_CPU).rfind(|core| allowed.is_set(*core))?;
    let mut one = CpuSet::new();
    one.set(core);
    sched_setaffinity(None, &one).ok()
}

#[cfg(not(target_os = "linux"))]
fn pin_to_one_core() -> Option<()> {
    None
}
