//! Adding an endpoint is an edit of the specification and `cargo xtask codegen`, and no Rust by hand: a copy of the
//! workspace gets one, and a program that uses it, in both modes.

use crate::codegen::{SPEC, workspace_root, write};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

const PATHS: &str = include_str!("added_endpoint/paths.yaml");
const SCHEMAS: &str = include_str!("added_endpoint/schemas.yaml");
const CONVERSATION: &str = include_str!("added_endpoint/conversation.rs");

const MANIFEST: &str = r#"[package]
name = "added-endpoint"
version = "0.0.0"
edition.workspace = true
publish = false

[dependencies]
partner-center-core.workspace = true
"#;
const MEMBERS: &str =
    r#"members = ["crates/added-endpoint", "crates/partner-center-core", "crates/partner-center-models"]"#;

#[test]
fn an_added_endpoint_needs_no_rust() {
    let (original, scratch) = (workspace_root(), scratch_folder());
    // The same path every time, so that only the first run builds everything.
    let copy = scratch.join("workspace");
    for name in ["Cargo.lock", "crates/partner-center-core", "crates/partner-center-models", "spec"] {
        copy_changed(&original.join(name), &copy.join(name));
    }
    let manifest = fs::read_to_string(original.join("Cargo.toml")).unwrap();
    let members = manifest.lines().find(|line| line.starts_with("members = ")).unwrap();
    write_changed(&copy.join("Cargo.toml"), &manifest.replace(members, MEMBERS));
    write_changed(&copy.join("crates/added-endpoint/Cargo.toml"), MANIFEST);
    write_changed(&copy.join("crates/added-endpoint/src/lib.rs"), "");
    write_changed(&copy.join("crates/added-endpoint/tests/conversation.rs"), CONVERSATION);

    let spec = fs::read_to_string(original.join(SPEC)).unwrap().replace("\r\n", "\n");
    let spec = insert(&spec, "\ncomponents:\n", &format!("\n{PATHS}\ncomponents:\n"));
    let spec = insert(&spec, "\n  schemas:\n", &format!("\n  schemas:\n{SCHEMAS}"));
    write_changed(&copy.join(SPEC), &spec);
    write(&copy).unwrap();

    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args(["test", "--offline", "--quiet", "--package", "added-endpoint"])
        .current_dir(&copy)
        .env("CARGO_TARGET_DIR", scratch.join("target"));
    // What was meant for the outer build.
    for name in
        ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS", "CARGO_BUILD_TARGET", "LLVM_PROFILE_FILE"]
    {
        cargo.env_remove(name);
    }
    let output = cargo.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{stdout}\n{stderr}");
    assert!(stdout.contains("2 passed"), "{stdout}\n{stderr}");
}

/// A folder below the target folder, which is where this program runs.
fn scratch_folder() -> PathBuf {
    let program = env::current_exe().unwrap();
    program.ancestors().find(|folder| folder.ends_with("deps")).unwrap().join("../../added-endpoint")
}

fn insert(spec: &str, at: &str, text: &str) -> String {
    assert_eq!(spec.matches(at).count(), 1, "{at:?} is not there once");
    spec.replace(at, text)
}

fn copy_changed(from: &Path, to: &Path) {
    if from.is_file() {
        return write_changed(to, &fs::read_to_string(from).unwrap());
    }
    for entry in fs::read_dir(from).unwrap() {
        let name = entry.unwrap().file_name();
        // Generated code is generated there.
        if name != "generated" {
            copy_changed(&from.join(&name), &to.join(&name));
        }
    }
}

/// A file that stays as it is does not make cargo build anything.
fn write_changed(path: &Path, content: &str) {
    if fs::read_to_string(path).is_ok_and(|old| old == content) {
        return;
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}
