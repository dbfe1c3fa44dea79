//! The guide: its chapters are listed and tested, its links lead somewhere, and the commands and operations that it names exist.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide")
}

/// Returns the names of the chapters, and their texts.
fn chapters() -> Vec<(String, String)> {
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let chapters = files.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    chapters
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(&path).unwrap()))
        .collect()
}

#[test]
fn chapters_are_listed_and_their_programs_are_tested() {
    let index = fs::read_to_string(folder().join("README.md")).unwrap();
    let tested = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("support/lib.rs")).unwrap();
    let chapters = chapters();
    assert!(chapters.len() > 10, "{}", chapters.len());
    for (name, _) in chapters.iter().filter(|(name, _)| name != "README.md") {
        assert!(index.contains(&format!("]({name})")), "README.md does not list {name}");
        assert!(tested.contains(&format!("/docs/guide/{name}\")")), "the programs of {name} are not tested");
    }
}

#[test]
fn links_lead_to_files() {
    for (name, text) in chapters() {
        let links = text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
        for link in links.filter(|link| !link.starts_with("https://")) {
            let (path, section) = link.split_once('#').unwrap_or((link, ""));
            let target =
                fs::read_to_string(folder().join(path)).unwrap_or_else(|error| panic!("{name}: {link}: {error}"));
            let slug = |line: &str| line.trim_start_matches(['#', ' ']).to_lowercase().replace(' ', "-");
            let mut sections = target.lines().filter(|line| line.starts_with('#')).map(slug);
            assert!(section.is_empty() || sections.any(|other| other == section), "{name}: {link}");
        }
    }
}

#[test]
fn commands_of_the_archived_clients_have_their_counterparts() {
    let text = fs::read_to_string(folder().join("from-the-archived-clients.md")).unwrap();
    let known: BTreeSet<_> = partner_center_spec::OPERATIONS
        .iter()
        .map(|operation| {
            let command = &operation.command;
            let (first, rest) = operation.id.split_at(1);
            (format!("{} {}", command.resource, command.verb), format!("{}{rest}", first.to_uppercase()))
        })
        .collect();
    let mut count = 0;
    for row in text.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<_> = row.trim_matches('|').split(" | ").map(|cell| cell.trim().trim_matches('`')).collect();
        if let [_, _, command, operation] = cells[..]
            && !["command", "here"].contains(&command)
        {
            assert!(known.contains(&(command.to_owned(), operation.to_owned())), "{row}");
            count += 1;
        }
    }
    assert!(count >= 80, "{count} rows");
}
