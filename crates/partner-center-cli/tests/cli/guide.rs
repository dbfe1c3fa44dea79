//! The commands of the guide succeed.

use crate::{command::UNSET, judged_emulator::judged_emulator};
use partner_center_emulator::Emulator;
use std::{env, fs, path::Path, process::Command};

/// Runs each `console` block of each chapter in a shell, in a folder of the chapter, where its scripts are.
#[test]
#[cfg(unix)]
fn commands_of_the_guide_succeed() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide");
    // The package alone has no guide.
    let Ok(chapters) = fs::read_dir(guide) else { return };
    let binary = Path::new(env!("CARGO_BIN_EXE_partner-center")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), env::var("PATH").unwrap());
    let mut count = 0;
    for chapter in chapters.map(|entry| entry.unwrap().path()) {
        let text = fs::read_to_string(&chapter).unwrap();
        let server = judged_emulator().customers(30).build().serve("127.0.0.1:0").unwrap();
        let folder = tempfile::tempdir().unwrap();
        write_scripts(&text, folder.path());
        for block in text.split("```console\n").skip(1).map(|rest| rest.split("```").next().unwrap()) {
            for line in block.lines() {
                let line = line.strip_prefix("$ ").unwrap_or_else(|| panic!("{}: {line}", chapter.display()));
                let mut shell = Command::new("sh");
                shell.args(["-c", line]).current_dir(&folder);
                for name in UNSET {
                    shell.env_remove(name);
                }
                shell.env("PATH", &path).env("HOME", folder.path()).env("PARTNER_CENTER_TOKEN_CACHE", "off");
                if !line.contains("--emulator") {
                    shell.env("PARTNER_CENTER_TOKEN", Emulator::TOKEN).env("PARTNER_CENTER_BASE_URL", server.url());
                }
                let output = shell.output().unwrap();
                let stderr = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "{}: {line}: {stderr}", chapter.display());
                count += 1;
            }
        }
    }
    assert!(count > 40, "{count} commands");
}

/// Writes each script of a chapter, a `sh` block whose second line is a comment with its name, to a file in the folder.
#[cfg(unix)]
fn write_scripts(chapter: &str, folder: &Path) {
    for script in chapter.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap()) {
        let name = script.lines().nth(1).and_then(|line| line.strip_prefix("# ")?.split(' ').next());
        fs::write(folder.join(name.unwrap_or_else(|| panic!("a script without a name: {script}"))), script).unwrap();
    }
}
