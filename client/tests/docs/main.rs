//! README.md and the pages of `docs/` are true: their commands run as they stand, and print what the page shows.
//!
//! A page is typed into one shell from top to bottom, as a reader would do it. Only two things differ: ports are free ones,
//! and the few lines of [`stand_ins::STAND_INS`] are replaced. `QUORATE_PAGE=faults` runs the pages with that in their path.
#![allow(clippy::unwrap_used)]

mod links;
mod output;
mod page;
mod ports;
mod shell;
mod stand_ins;

use std::collections::BTreeSet;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread::{available_parallelism, scope};

use page::Page;

/// The folder of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// README.md and the pages of `docs/`, as paths in the repository.
fn pages() -> Vec<String> {
    let mut pages = vec!["README.md".to_owned()];
    for entry in std::fs::read_dir(root().join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".md") {
            pages.push(format!("docs/{name}"));
        }
    }
    pages.sort();
    pages
}

#[test]
fn every_command_of_the_documents_runs_as_it_stands_and_prints_what_the_page_shows() {
    let Some(programs) = shell::programs() else {
        return;
    };
    let wanted = std::env::var("QUORATE_PAGE").unwrap_or_default();
    let pages: Vec<_> = pages()
        .into_iter()
        .filter(|page| page.contains(&wanted))
        .collect();
    assert!(!pages.is_empty(), "no page has '{wanted}' in its path");
    let waiting = Mutex::new(pages);
    let failures = Mutex::new(Vec::new());
    scope(|scope| {
        for _ in 0..available_parallelism().map_or(2, NonZero::get) {
            scope.spawn(|| {
                while let Some(path) = take(&waiting) {
                    let page = Page::read(&path);
                    if let Err(failure) = page.and_then(|page| shell::type_in(&page, &programs)) {
                        failures.lock().unwrap().push(failure);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "\n{}", failures.join("\n\n"));
}

/// The next page, whose place in the queue is free again at once.
fn take(waiting: &Mutex<Vec<String>>) -> Option<String> {
    waiting.lock().unwrap().pop()
}

#[test]
fn every_line_that_is_replaced_stands_on_a_page() {
    let all: String = pages()
        .iter()
        .map(|page| std::fs::read_to_string(root().join(page)).unwrap())
        .collect();
    for stand_in in stand_ins::STAND_INS {
        let stands = all.lines().any(|line| line == stand_in.written);
        assert!(stands, "no page has the line: {}", stand_in.written);
    }
}

#[test]
fn the_readme_stays_short() {
    let lines = std::fs::read_to_string(root().join("README.md")).unwrap();
    let many = lines.lines().count();
    assert!(
        many <= 130,
        "README.md has {many} lines: move some to a page of docs/"
    );
}

#[test]
fn every_page_is_reached_from_the_readme() {
    let mut reached = BTreeSet::new();
    let mut waiting = vec!["README.md".to_owned()];
    while let Some(page) = waiting.pop() {
        if reached.insert(page.clone()) {
            let links = links::of(&page);
            waiting.extend(links.into_iter().filter(|link| link.ends_with(".md")));
        }
    }
    let decisions = std::fs::read_dir(root().join("docs/adr")).unwrap();
    let decisions = decisions.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let lost: Vec<_> = pages()
        .into_iter()
        .chain(decisions.map(|name| format!("docs/adr/{name}")))
        .filter(|page| !reached.contains(page))
        .collect();
    assert!(lost.is_empty(), "no link leads to {lost:?}");
}

#[test]
fn every_local_link_leads_to_a_file_and_a_heading() {
    let others = ["ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(str::to_owned);
    let broken: Vec<_> = pages()
        .into_iter()
        .chain(others)
        .flat_map(|page| links::broken(&page))
        .collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
