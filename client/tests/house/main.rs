//! The modules of every crate can be read one after the other: none needs another that needs it. That holds among the modules
//! of a crate, and again among those of each folder in it. [`errors`]: none says its cause twice.
#![allow(clippy::unwrap_used)]

mod errors;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The modules directly in a folder, each with all its files.
type Modules = BTreeMap<String, Vec<File>>;

/// A file's text, and how it begins the paths to the modules of the folder that is looked at.
#[derive(Clone)]
struct File {
    text: String,
    starts: Vec<String>,
}

#[test]
fn no_module_needs_another_that_needs_it() {
    let mut circles = Vec::new();
    for sources in folders_of_sources() {
        let modules = modules(&sources);
        assert!(!modules.is_empty(), "{}", sources.display());
        for circle in circles_of(&modules) {
            circles.push(format!(
                "{}: {}",
                sources.display(),
                Vec::from_iter(circle).join(", ")
            ));
        }
    }
    assert!(
        circles.is_empty(),
        "move what they share to a module below:\n{}",
        circles.join("\n")
    );
}

#[test]
fn a_circle_is_found_through_names_that_the_crate_exports_too() {
    let module = |text: &str| {
        let (text, starts) = (text.to_owned(), vec!["crate::".to_owned()]);
        vec![File { text, starts }]
    };
    let modules = Modules::from([
        ("lib".to_owned(), module("pub use plan::{Plan, Setting};")),
        (
            "plan".to_owned(),
            module("use crate::dice::Dice;\nuse crate::{Behaviour, trigger::{self, Trigger}};"),
        ),
        (
            "trigger".to_owned(),
            module("fn of(setting: crate::Setting) {}"),
        ),
        (
            "dice".to_owned(),
            module("// use crate::plan;\n#[cfg(test)]\nmod tests { use crate::plan; }"),
        ),
    ]);
    let circle = BTreeSet::from(["plan".to_owned(), "trigger".to_owned()]);
    assert_eq!(circles_of(&modules), BTreeSet::from([circle]));
}

#[test]
fn a_circle_within_a_folder_is_found_too() {
    let file = |text: &str, starts: &[&str]| File {
        text: text.to_owned(),
        starts: starts.iter().map(|start| (*start).to_owned()).collect(),
    };
    let modules = Modules::from([
        (
            "mod".to_owned(),
            vec![file("mod log;\nuse log::Slot;", &[])],
        ),
        (
            "log".to_owned(),
            vec![file("use super::vote::Vote;", &["super::"])],
        ),
        (
            "vote".to_owned(),
            vec![file(
                "fn of(slot: super::super::Slot) {}",
                &["super::super::"],
            )],
        ),
    ]);
    let circle = BTreeSet::from(["log".to_owned(), "vote".to_owned()]);
    assert_eq!(circles_of(&modules), BTreeSet::from([circle]));
}

/// `src` of every crate, the folders of binaries in it, and all folders of modules below.
fn folders_of_sources() -> Vec<PathBuf> {
    let house = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let sources = entries(&house).into_iter().map(|folder| folder.join("src"));
    let sources = sources.filter(|folder| folder.is_dir());
    let below = sources.flat_map(|folder| with_folders_below(&folder));
    below.filter(|folder| !folder.ends_with("bin")).collect()
}

fn with_folders_below(folder: &Path) -> Vec<PathBuf> {
    let below = entries(folder).into_iter().filter(|entry| entry.is_dir());
    let below = below.flat_map(|below| with_folders_below(&below));
    std::iter::once(folder.to_owned()).chain(below).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn modules(sources: &Path) -> Modules {
    let mut modules = Modules::new();
    let mut starts = vec!["crate::".to_owned()];
    if !["lib.rs", "main.rs"]
        .iter()
        .any(|root| sources.join(root).is_file())
    {
        let name = sources.file_name().unwrap().to_string_lossy();
        starts = vec![format!("::{name}::"), "super::".to_owned()];
    }
    for entry in entries(sources)
        .into_iter()
        .filter(|entry| !entry.ends_with("bin"))
    {
        let name = entry.file_stem().unwrap().to_string_lossy().into_owned();
        modules
            .entry(name)
            .or_default()
            .extend(files(&entry, &starts));
    }
    modules
}

fn files(entry: &Path, starts: &[String]) -> Vec<File> {
    if !entry.is_dir() {
        let (text, starts) = (fs::read_to_string(entry).unwrap(), starts.to_vec());
        return vec![File { text, starts }];
    }
    let deeper = |start: &String| match start.as_str() {
        relative if relative.starts_with("super::") => format!("super::{relative}"),
        absolute => absolute.to_owned(),
    };
    let starts_below: Vec<_> = starts.iter().map(deeper).collect();
    let is_root = |one: &PathBuf| one.ends_with("mod.rs");
    let below = entries(entry)
        .into_iter()
        .flat_map(|one| files(&one, if is_root(&one) { starts } else { &starts_below }));
    below.collect()
}

/// The modules that reach each other, in groups.
fn circles_of(modules: &Modules) -> BTreeSet<BTreeSet<String>> {
    let mut reached: BTreeMap<&str, BTreeSet<String>> = modules
        .iter()
        .filter(|(name, _)| !ROOTS.contains(&name.as_str()))
        .map(|(name, texts)| (name.as_str(), needed(modules, texts)))
        .collect();
    for _ in modules {
        let before = reached.clone();
        for further in reached.values_mut() {
            let new: Vec<_> = further
                .iter()
                .filter_map(|name| before.get(name.as_str()))
                .flatten()
                .cloned()
                .collect();
            further.extend(new);
        }
    }
    let both = |name: &str| {
        let others = reached[name]
            .iter()
            .filter(|other| reached[other.as_str()].contains(name));
        others.cloned().collect::<BTreeSet<_>>()
    };
    let circles = reached.keys().map(|name| both(name));
    circles.filter(|circle| circle.len() > 1).collect()
}

/// The files that only bring the modules of a folder together.
const ROOTS: [&str; 3] = ["lib", "main", "mod"];

/// The modules that these files name.
fn needed(modules: &Modules, files: &[File]) -> BTreeSet<String> {
    let exported = exported(modules);
    let paths = files.iter().flat_map(|file| {
        let code = code(&file.text);
        let heads = file.starts.iter().flat_map(|start| heads(&code, start));
        heads.collect::<Vec<_>>()
    });
    let names = paths.filter_map(|head| match exported.get(&head) {
        Some(module) => Some(module.clone()),
        None => modules.contains_key(&head).then_some(head),
    });
    names
        .filter(|name| !ROOTS.contains(&name.as_str()))
        .collect()
}

/// The names that the root takes from its modules, each with its module.
fn exported(modules: &Modules) -> BTreeMap<String, String> {
    let root = ROOTS.iter().find_map(|root| modules.get(*root)?.first());
    let root = root.map_or_else(String::new, |root| code(&root.text));
    let root = root.replace("use self::", "use ");
    let uses = root
        .split("use ")
        .skip(1)
        .filter_map(|rest| rest.split_once(';'));
    let uses = uses.filter_map(|(path, _)| path.split_once("::"));
    uses.filter(|(module, _)| modules.contains_key(*module))
        .flat_map(|(module, _)| {
            let names = heads(&root, &format!("use {module}::"));
            names.into_iter().map(|name| (name, module.to_owned()))
        })
        .collect()
}

/// The code without its remarks and its tests.
fn code(text: &str) -> String {
    let tests = [
        "#[cfg(test)]\nmod tests",
        "#[cfg(test)]\npub(crate) mod tests",
    ];
    let text = tests.iter().fold(text, |text, tests| {
        text.split(tests).next().unwrap_or_default()
    });
    let lines = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join(" ")
}

/// What stands first behind each `start`: `a` in `crate::a::B`, and `a` and `C` in `crate::{a::B, C}`.
fn heads(code: &str, start: &str) -> Vec<String> {
    code.split(start).skip(1).flat_map(heads_of_tree).collect()
}

fn heads_of_tree(rest: &str) -> Vec<String> {
    let word = |text: &str| -> String {
        let is_part = |letter: &char| letter.is_alphanumeric() || *letter == '_';
        text.trim_start().chars().take_while(is_part).collect()
    };
    let Some(list) = rest.strip_prefix('{') else {
        return vec![word(rest)];
    };
    let mut depth = 0;
    let mut heads = vec![word(list)];
    for (place, letter) in list.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => heads.push(word(&list[place + 1..])),
            _ => {}
        }
    }
    heads
}
