//! The modules of every crate can be read one after the other: none needs another that needs it.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Circles that may stay, and why.
const ALLOWED: [(&str, &[&str]); 1] = [
    // A member answers its node, and the node plays its member.
    ("maelstrom/src", &["member", "node"]),
];

/// The modules directly in a folder of sources, each with the texts of all its files.
type Modules = BTreeMap<String, Vec<String>>;

#[test]
fn no_module_needs_another_that_needs_it() {
    let mut circles = Vec::new();
    for sources in folders_of_sources() {
        let modules = modules(&sources);
        assert!(!modules.is_empty(), "{}", sources.display());
        for circle in circles_of(&modules) {
            let is_allowed = |(folder, names): &(&str, &[&str])| {
                sources.ends_with(folder)
                    && circle.iter().all(|name| names.contains(&name.as_str()))
            };
            if !ALLOWED.iter().any(is_allowed) {
                circles.push(format!(
                    "{}: {}",
                    sources.display(),
                    Vec::from_iter(circle).join(", ")
                ));
            }
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
    let module = |text: &str| vec![text.to_owned()];
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

/// `src` of every crate, and the folders of binaries in it.
fn folders_of_sources() -> Vec<PathBuf> {
    let house = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let sources = entries(&house).into_iter().map(|folder| folder.join("src"));
    let sources: Vec<_> = sources.filter(|folder| folder.is_dir()).collect();
    let binaries = sources
        .iter()
        .map(|folder| folder.join("bin"))
        .filter(|bin| bin.is_dir());
    let binaries: Vec<_> = binaries
        .flat_map(|bin| entries(&bin))
        .filter(|bin| bin.is_dir())
        .collect();
    [sources, binaries].concat()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn modules(sources: &Path) -> Modules {
    let mut modules = Modules::new();
    for entry in entries(sources)
        .into_iter()
        .filter(|entry| !entry.ends_with("bin"))
    {
        let name = entry.file_stem().unwrap().to_string_lossy().into_owned();
        modules.entry(name).or_default().extend(texts(&entry));
    }
    modules
}

fn texts(entry: &Path) -> Vec<String> {
    if entry.is_dir() {
        entries(entry).iter().flat_map(|one| texts(one)).collect()
    } else {
        vec![fs::read_to_string(entry).unwrap()]
    }
}

/// The modules that reach each other, in groups.
fn circles_of(modules: &Modules) -> BTreeSet<BTreeSet<String>> {
    let mut reached: BTreeMap<&str, BTreeSet<String>> = modules
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "lib" | "main"))
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

/// The modules that these texts name.
fn needed(modules: &Modules, texts: &[String]) -> BTreeSet<String> {
    let exported = exported(modules);
    let paths = texts.iter().flat_map(|text| heads(&code(text), "crate::"));
    let names = paths.filter_map(|head| match exported.get(&head) {
        Some(module) => Some(module.clone()),
        None => modules.contains_key(&head).then_some(head),
    });
    names.collect()
}

/// The names that the crate's root takes from its modules, each with its module.
fn exported(modules: &Modules) -> BTreeMap<String, String> {
    let root = modules.get("lib").or_else(|| modules.get("main"));
    let root = code(
        root.and_then(|texts| texts.first())
            .map_or("", String::as_str),
    );
    let uses = root
        .split("pub use ")
        .skip(1)
        .filter_map(|rest| rest.split_once(';'));
    let uses = uses.filter_map(|(path, _)| path.split_once("::"));
    uses.flat_map(|(module, _)| {
        let names = heads(&root, &format!("use {module}::"));
        names.into_iter().map(|name| (name, module.to_owned()))
    })
    .collect()
}

/// The code without its remarks and its tests.
fn code(text: &str) -> String {
    let text = text
        .split("#[cfg(test)]\nmod tests")
        .next()
        .unwrap_or_default();
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
