//! What generated code costs to build, against the types that `progenitor` generates from the same document.
//!
//! Crates are built in one run, one after the other, without incremental compilation, after their dependencies; what counts is
//! the CPU time of cargo and its children, which other programs on the machine disturb little.

mod synthetic_spec;
mod workspaces;

use crate::workspace::{SPEC_FILE, cargo_command, run_successfully, target_folder};
use anyhow::{Context as _, Result, bail, ensure};
use std::{fs, path::Path};
use synthetic_spec::spec_with_synthetic_operations;
use workspaces::{
    ALL_OPERATIONS_PROGRAM_PACKAGE, MODELS_PACKAGE_ALIAS, MeasuredWorkspace, TWO_OPERATIONS_PROGRAM_PACKAGE,
};

/// The number of operations of the document that both are built from.
const SYNTHETIC_OPERATION_COUNT: usize = 100;

/// What is measured and the maximum ratio. Two runs differ by up to a tenth.
const RELEASE_BUILD_TIME_RATIO_BUDGET: CostRatioBudget = CostRatioBudget { name: "release build", maximum: 0.42 };
const DEBUG_BUILD_TIME_RATIO_BUDGET: CostRatioBudget = CostRatioBudget { name: "debug build", maximum: 0.35 };
const RELEASE_LIBRARY_SIZE_RATIO_BUDGET: CostRatioBudget = CostRatioBudget { name: "release library", maximum: 0.38 };
const RELEASE_BUILD_WITH_PROGRAM_TIME_RATIO_BUDGET: CostRatioBudget =
    CostRatioBudget { name: "release build with a program that reads and writes every body", maximum: 0.4 };
const BUILD_TIME_GROWTH_BUDGET: CostRatioBudget =
    CostRatioBudget { name: "release build of 300 operations, against 30", maximum: 10.5 };
const UNUSED_OPERATIONS_SIZE_RATIO_BUDGET: CostRatioBudget =
    CostRatioBudget { name: "program of two operations, with 100 unused besides", maximum: 1.01 };

struct CostRatioBudget {
    name: &'static str,
    maximum: f64,
}

impl CostRatioBudget {
    /// Prints a measurement, and adds a problem if the ratio is above its maximum.
    #[expect(clippy::print_stderr, reason = "a check reports what it has measured")]
    fn print_and_check_ratio(&self, measured: f64, reference: f64, problems: &mut Vec<String>) {
        let Self { name, maximum } = self;
        let ratio = measured / reference;
        eprintln!("    {name}: {measured:.2} / {reference:.2} = {ratio:.3} (at most {maximum})");
        if ratio > *maximum {
            problems.push(format!("{name}: {ratio:.3}, more than {maximum}"));
        }
    }
}

/// Measures what the models cost, and fails if that exceeds a budget.
pub(super) fn check_build_cost(root: &Path) -> Result<()> {
    let folder = target_folder(root).join("build-cost");
    let root_spec = fs::read_to_string(root.join(SPEC_FILE))?;
    let ours_of = |operations: usize| {
        let document = spec_with_synthetic_operations(&root_spec, operations)?;
        MeasuredWorkspace::create_with_models_crate(root, &folder.join(format!("ours-{operations}")), &document)
    };
    let ours = ours_of(SYNTHETIC_OPERATION_COUNT)?;
    let document = spec_with_synthetic_operations(&root_spec, SYNTHETIC_OPERATION_COUNT)?;
    let progenitors = MeasuredWorkspace::create_with_progenitor_types(root, &folder.join("progenitor"), &document)?;

    let mut problems = Vec::new();
    let [our_release, their_release] = [
        ours.measure_build_time(MODELS_PACKAGE_ALIAS, true)?,
        progenitors.measure_build_time(MODELS_PACKAGE_ALIAS, true)?,
    ];
    RELEASE_BUILD_TIME_RATIO_BUDGET.print_and_check_ratio(our_release, their_release, &mut problems);
    RELEASE_LIBRARY_SIZE_RATIO_BUDGET.print_and_check_ratio(
        ours.library_size_in_megabytes()?,
        progenitors.library_size_in_megabytes()?,
        &mut problems,
    );
    let [our_program, their_program] = [
        ours.measure_build_time(ALL_OPERATIONS_PROGRAM_PACKAGE, true)?,
        progenitors.measure_build_time(ALL_OPERATIONS_PROGRAM_PACKAGE, true)?,
    ];
    RELEASE_BUILD_WITH_PROGRAM_TIME_RATIO_BUDGET.print_and_check_ratio(
        our_release + our_program,
        their_release + their_program,
        &mut problems,
    );
    DEBUG_BUILD_TIME_RATIO_BUDGET.print_and_check_ratio(
        ours.measure_build_time(MODELS_PACKAGE_ALIAS, false)?,
        progenitors.measure_build_time(MODELS_PACKAGE_ALIAS, false)?,
        &mut problems,
    );
    BUILD_TIME_GROWTH_BUDGET.print_and_check_ratio(
        ours_of(300)?.measure_build_time(MODELS_PACKAGE_ALIAS, true)?,
        ours_of(30)?.measure_build_time(MODELS_PACKAGE_ALIAS, true)?,
        &mut problems,
    );
    let [with_unused, alone] = [&ours, &ours_of(0)?]
        .map(|workspace| workspace.build_program_and_measure_megabytes(TWO_OPERATIONS_PROGRAM_PACKAGE));
    UNUSED_OPERATIONS_SIZE_RATIO_BUDGET.print_and_check_ratio(with_unused?, alone?, &mut problems);
    ensure!(problems.is_empty(), "{}", problems.join("\n"));
    Ok(())
}

impl MeasuredWorkspace {
    fn build_package(&self, package: &str, is_release: bool) -> Result<()> {
        let profile = if is_release { "--release" } else { "" };
        let arguments =
            format!("build --quiet --all-features {profile} --package {}", self.resolve_package_name(package));
        let mut cargo = cargo_command(&self.folder, &arguments);
        cargo.arg("--target-dir").arg(self.folder.join("target"));
        cargo.env("CARGO_INCREMENTAL", "0").env("CARGO_PROFILE_RELEASE_STRIP", "true");
        // What is measured are the profiles of the manifest.
        cargo.env_remove("CARGO_PROFILE_DEV_DEBUG");
        run_successfully(&mut cargo)
    }

    /// Returns the CPU time, in seconds, of building a package when its dependencies are built.
    fn measure_build_time(&self, package: &str, is_release: bool) -> Result<f64> {
        self.build_package(package, is_release)?;
        let source = self.source_file_of_package(package);
        let text = fs::read(&source)?;
        fs::write(&source, text)?;
        let before = cpu_time_of_children()?;
        self.build_package(package, is_release)?;
        Ok(cpu_time_of_children()? - before)
    }

    /// Returns the size of the library as it is built for release, in megabytes.
    fn library_size_in_megabytes(&self) -> Result<f64> {
        file_size_in_megabytes(
            &self
                .release_folder()
                .join(format!("lib{}.rlib", self.resolve_package_name(MODELS_PACKAGE_ALIAS).replace('-', "_"))),
        )
    }

    /// Returns the size of a program as it is built for release, without symbols, in megabytes.
    fn build_program_and_measure_megabytes(&self, package: &str) -> Result<f64> {
        self.build_package(package, true)?;
        file_size_in_megabytes(&self.release_folder().join(package))
    }
}

fn file_size_in_megabytes(file: &Path) -> Result<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a size of some megabytes")]
    Ok(fs::metadata(file).with_context(|| file.display().to_string())?.len() as f64 / 1e6)
}

/// Returns the CPU time, in seconds, of all children of this process that have ended.
fn cpu_time_of_children() -> Result<f64> {
    // Linux counts in hundredths of a second here, on all architectures that matter (proc_pid_stat(5): USER_HZ).
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat").context("the CPU time of a build is measured on Linux only")?;
    let fields: Vec<_> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let [.., user, system] = fields.get(..15).unwrap_or_default() else {
        bail!("/proc/self/stat is not as documented")
    };
    Ok((user.parse::<f64>()? + system.parse::<f64>()?) / TICKS_PER_SECOND)
}
