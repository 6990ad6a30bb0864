//! The links of a page.

use std::path::Path;

use crate::root;

/// The files of the repository that a page links to, as paths in it.
pub(crate) fn of(page: &str) -> Vec<String> {
    targets(page).into_iter().map(|(file, _)| file).collect()
}

/// The links that lead nowhere, in words.
pub(crate) fn broken(page: &str) -> Vec<String> {
    let leads_nowhere = |(file, heading): (String, Option<String>)| {
        let path = root().join(&file);
        if !path.exists() {
            return Some(format!("{page}: there is no {file}"));
        }
        let heading = heading?;
        let text = std::fs::read_to_string(path).unwrap();
        (!headings(&text).contains(&heading))
            .then(|| format!("{page}: {file} has no heading #{heading}"))
    };
    targets(page)
        .into_iter()
        .filter_map(leads_nowhere)
        .collect()
}

/// File and heading of each local link.
fn targets(page: &str) -> Vec<(String, Option<String>)> {
    let text = std::fs::read_to_string(root().join(page)).unwrap();
    let folder = Path::new(page).parent().unwrap();
    let linked = text
        .split("](")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once(')')?.0));
    let local = linked.filter(|link| !link.contains("://"));
    local
        .map(|link| {
            let (file, heading) = match link.split_once('#') {
                Some((file, heading)) => (file, Some(heading.to_owned())),
                None => (link, None),
            };
            let file = if file.is_empty() {
                page.to_owned()
            } else {
                inside(folder, file)
            };
            (file, heading)
        })
        .collect()
}

/// A path in the repository, without `..`.
fn inside(folder: &Path, file: &str) -> String {
    let mut path = folder.to_owned();
    for part in file.split('/') {
        if part == ".." {
            path.pop();
        } else {
            path.push(part);
        }
    }
    path.to_str().unwrap().to_owned()
}

/// The headings of a page, as a link names them.
fn headings(text: &str) -> Vec<String> {
    let headings = text.lines().filter_map(|line| line.strip_prefix('#'));
    headings
        .map(|heading| {
            let heading = heading.trim_start_matches('#').trim().to_lowercase();
            let kept = heading
                .chars()
                .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}
