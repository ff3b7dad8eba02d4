//! What the documents name is there: files behind links, commands, folders of the map.

use aria_array_tests::{read, root};
use std::path::Path;

const DOCUMENTS: [&str; 6] =
    ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "spec/README.md", "spec/bridge.md"];

/// What stands between `open` and `close`, each time.
fn between<'a>(text: &'a str, open: &'a str, close: char) -> impl Iterator<Item = &'a str> {
    text.split(open).skip(1).filter_map(move |rest| rest.split_once(close)).map(|(inside, _)| inside)
}

#[test]
fn links_within_the_repository_lead_to_a_file() {
    for document in DOCUMENTS {
        let folder = root().join(Path::new(document).parent().unwrap());
        for link in between(&read(document), "](", ')').filter(|link| !link.contains("://")) {
            let file = link.split('#').next().unwrap();
            assert!(folder.join(file).exists(), "{document} links to {link}");
        }
    }
}

#[test]
fn commands_that_are_named_exist() {
    let list = read("xtask/src/main.rs");
    for document in DOCUMENTS {
        for rest in read(document).split("cargo xtask ").skip(1) {
            let command: String = rest.chars().take_while(char::is_ascii_lowercase).collect();
            let named = list.contains(&format!("name: \"{command}\""));
            // "`cargo xtask` lists them" and the like name none.
            assert!(named || command.is_empty(), "{document} names `cargo xtask {command}`");
        }
    }
}

#[test]
fn folders_and_crates_of_the_map_are_there() {
    let readme = read("README.md");
    let (_, map) = readme.split_once("| folder | crate | subject |").unwrap();
    for row in map.lines().skip(2).take_while(|line| line.starts_with('|')) {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        for folder in between(cells[1], "`", '`').filter(|folder| folder.ends_with('/')) {
            assert!(root().join(folder).is_dir(), "{folder} is no folder");
            if let Some(name) = between(cells[2], "`", '`').next() {
                let manifest = read(&format!("{folder}Cargo.toml"));
                assert!(manifest.contains(&format!("name = \"{name}\"")), "{folder} is not {name}");
            }
        }
    }
}
