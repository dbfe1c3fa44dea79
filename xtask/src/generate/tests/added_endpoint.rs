//! Adding an endpoint takes an edit of the specification and `cargo xtask codegen`, but no hand-written Rust: a copy of the
//! workspace gets an endpoint, and a program that calls it in both modes.

use crate::{
    generate::{REFERENCE_FILE, write_generated_files},
    workspace::{SPEC_FILE, is_temporary_file, workspace_root},
};
use std::{
    collections::BTreeMap,
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const PATHS: &str = include_str!("added_endpoint/paths.yaml");
const SCHEMAS: &str = include_str!("added_endpoint/schemas.yaml");
const CALLS: &str = include_str!("added_endpoint/calls.rs");
/// Every construct of an operation.
const OPERATION_PATHS: &str = include_str!("added_endpoint/operation_paths.yaml");
const OPERATION_SCHEMAS: &str = include_str!("added_endpoint/operation_schemas.yaml");
const OPERATION_CALLS: &str = include_str!("added_endpoint/operation_calls.rs");

const MANIFEST: &str = r#"[package]
name = "added-endpoint"
version = "0.0.0"
edition.workspace = true
publish = false

[dependencies]
partner-center-core.workspace = true
partner-center-spec.workspace = true
serde_json.workspace = true
"#;
const MEMBERS: &str = r#"members = ["crates/added-endpoint", "crates/partner-center-core", "crates/partner-center-models", "crates/partner-center-spec"]"#;

#[test]
fn added_endpoint_needs_no_rust() {
    let (original, scratch) = (workspace_root(), scratch_folder());
    // The same path every time, so that only the first run builds everything.
    let mut copy = Copy::at(scratch.join("workspace"));
    for name in [
        "Cargo.lock",
        "crates/partner-center-core",
        "crates/partner-center-models",
        "crates/partner-center-spec",
        "spec",
    ] {
        copy.put_all(&original, Path::new(name));
    }
    let manifest = fs::read_to_string(original.join("Cargo.toml")).unwrap();
    let members = manifest.lines().find(|line| line.starts_with("members = ")).unwrap();
    copy.put("Cargo.toml", manifest.replace(members, MEMBERS));
    copy.put("crates/added-endpoint/Cargo.toml", MANIFEST);
    copy.put("crates/added-endpoint/src/lib.rs", "");
    copy.put("crates/added-endpoint/tests/calls.rs", CALLS);
    copy.put("crates/added-endpoint/tests/operation_calls.rs", OPERATION_CALLS);

    let spec = fs::read_to_string(original.join(SPEC_FILE)).unwrap().replace("\r\n", "\n");
    let spec = insert(&spec, "\ncomponents:\n", &format!("\n{PATHS}\n{OPERATION_PATHS}\ncomponents:\n"));
    let spec = insert(&spec, "\n  schemas:\n", &format!("\n  schemas:\n{SCHEMAS}{OPERATION_SCHEMAS}"));
    copy.put(SPEC_FILE, spec);
    let copy = copy.finish();
    write_generated_files(&copy).unwrap();

    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args(["test", "--offline", "--quiet", "--package", "added-endpoint"])
        .current_dir(&copy)
        .env("CARGO_TARGET_DIR", scratch.join("target"));
    // Settings of the outer build.
    for name in
        ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS", "CARGO_BUILD_TARGET", "LLVM_PROFILE_FILE"]
    {
        cargo.env_remove(name);
    }
    let output = cargo.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{stdout}\n{stderr}");
    assert!(stdout.contains("5 passed") && stdout.contains("2 passed"), "{stdout}\n{stderr}");
    let reference = fs::read_to_string(copy.join(REFERENCE_FILE)).unwrap();
    assert!(reference.contains("| `customer-risk get` | `GetCustomerRisk` | `GET /v1/customers/"), "{reference}");
}

/// Returns a folder below the target folder, in which this program runs.
fn scratch_folder() -> PathBuf {
    let program = env::current_exe().unwrap();
    program.ancestors().find(|folder| folder.ends_with("deps")).unwrap().join("../../added-endpoint")
}

fn insert(spec: &str, at: &str, text: &str) -> String {
    assert_eq!(spec.matches(at).count(), 1, "{at:?} does not occur once");
    spec.replace(at, text)
}

/// A copy of the workspace with the files that were put there and no others.
struct Copy {
    root: PathBuf,
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Copy {
    fn at(root: PathBuf) -> Self {
        Self { root, files: BTreeMap::new() }
    }

    fn put(&mut self, path: impl AsRef<Path>, content: impl Into<Vec<u8>>) {
        self.files.insert(path.as_ref().to_owned(), content.into());
    }

    /// Puts a file or a folder of the original.
    fn put_all(&mut self, original: &Path, path: &Path) {
        let from = original.join(path);
        if from.is_file() {
            return self.put(path, fs::read(from).unwrap());
        }
        for entry in fs::read_dir(from).unwrap() {
            let name = entry.unwrap().file_name();
            if !is_not_copied(&name) {
                self.put_all(original, &path.join(name));
            }
        }
    }

    /// Writes the files that have changed, so that cargo compiles no others, and removes files that were not put here.
    fn finish(self) -> PathBuf {
        self.remove_others(Path::new(""));
        for (path, content) in &self.files {
            let path = self.root.join(path);
            if fs::read(&path).is_ok_and(|old| old == *content) {
                continue;
            }
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        self.root
    }

    fn remove_others(&self, folder: &Path) {
        for entry in fs::read_dir(self.root.join(folder)).into_iter().flatten() {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            if is_not_copied(&entry.file_name()) || self.files.contains_key(&path) {
                continue;
            }
            if entry.file_type().unwrap().is_dir() {
                self.remove_others(&path);
                // Fails if the folder is not empty, which then stays.
                let _ = fs::remove_dir(entry.path());
            } else {
                fs::remove_file(entry.path()).unwrap();
            }
        }
    }
}

/// Whether it is a temporary file of an editor, or generated in the copy itself.
fn is_not_copied(name: &OsStr) -> bool {
    is_temporary_file(name) || name == "generated"
}

#[test]
fn file_removed_from_the_original_is_removed_from_the_copy() {
    let folder = tempfile::tempdir().unwrap();
    let (original, copy) = (folder.path().join("original"), folder.path().join("copy"));
    let put = |path: &str| {
        let path = original.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, b"\xFF").unwrap();
    };
    let copied = || {
        let mut copied = Copy::at(copy.clone());
        copied.put_all(&original, Path::new("src"));
        copied.finish();
        ["src/retry.rs", "src/retry/mod.rs", "src/.retry.rs.swp"].map(|path| copy.join(path).exists())
    };
    put("src/retry/mod.rs");
    assert_eq!(copied(), [false, true, false]);
    fs::remove_dir_all(original.join("src/retry")).unwrap();
    put("src/retry.rs");
    put("src/.retry.rs.swp");
    assert_eq!(copied(), [true, false, false]);
    assert!(!copy.join("src/retry").exists());
}
