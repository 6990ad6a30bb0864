//! The pages of runs that break a rule.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::support::{end, file, objects, program, simulate};

/// Two of four run twice. Of these seeds 23 and 25 break agreement.
const BROKEN: &str = "sweep --seeds 23..26 --processes 4 --twins P,Q";

/// A folder that is not there.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("pages-{name}"));
    let _ = fs::remove_dir_all(&path);
    path
}

fn pages(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).expect("it is there");
    let names = names.map(|entry| entry.expect("it can be read").file_name());
    let mut names: Vec<_> = names.filter_map(|name| name.into_string().ok()).collect();
    names.sort();
    names
}

/// What a sweep says of each page: the words behind `page: `.
fn said(printed: &str) -> Vec<&str> {
    let lines = printed.lines();
    lines
        .filter_map(|line| line.trim().strip_prefix("page: "))
        .collect()
}

/// Runs a command that the program has printed, but for the name of the page.
fn page_by(command: &str, page: &Path) -> Vec<u8> {
    let command = command
        .strip_suffix("run.html")
        .expect("it names a page")
        .strip_prefix("simulate ")
        .expect("it is of this program");
    let mut words = shell_words::split(command).expect("a shell reads it");
    words.extend([page.display().to_string(), "--no-shrink".to_owned()]);
    let ended = end(program("").args(words));
    assert_eq!(ended.status, Some(1), "the run breaks a rule: {ended:?}");
    fs::read(page).expect("the page is written")
}

/// The command that a sweep prints for its first broken run makes the page that `--html-dir` makes.
fn assert_told_and_made(sweep: &str, name: &str) {
    let folder = folder(name);
    let told = simulate(sweep);
    assert_eq!(told.status, Some(1), "{told:?}");
    let made = simulate(&format!("{sweep} --html-dir {}", folder.display()));
    assert_eq!(made.status, Some(1), "{made:?}");
    let (commands, files) = (said(&told.printed), said(&made.printed));
    assert!(!files.is_empty() && files.len() == commands.len());
    assert_eq!(files.len(), pages(&folder).len());
    let page = page_by(commands[0], &folder.join("again.html"));
    assert!(page.starts_with(b"<!doctype html>"));
    assert!(
        page == fs::read(files[0]).expect("it is there"),
        "{}",
        commands[0]
    );
}

#[test]
fn a_broken_run_of_a_sweep_is_told_with_the_command_that_makes_its_page() {
    assert_told_and_made(BROKEN, "drawn");
}

#[test]
fn so_is_one_of_a_plan_in_a_file() {
    let plan = simulate("run --seed 25 --processes 4 --twins P,Q --plan").printed;
    let plan = file("twins-of-pages.toml", &plan);
    let sweep = format!("sweep --seeds 25..26 --plan {}", plan.display());
    assert_told_and_made(&sweep, "plan");
}

#[test]
fn pages_leave_what_scripts_read_as_it_is() {
    let folder = folder("json");
    let rows = simulate(&format!("{BROKEN} --format json"));
    let with_pages = simulate(&format!(
        "{BROKEN} --format json --html-dir {}",
        folder.display()
    ));
    assert_eq!(with_pages.status, Some(1));
    assert_eq!(objects(&rows.printed), objects(&with_pages.printed));
    let told = format!("pages in {}", folder.display());
    assert!(
        with_pages.complained.contains(&told),
        "{}",
        with_pages.complained
    );
    assert_eq!(pages(&folder), ["seed-23.html", "seed-25.html"]);
}

#[test]
fn a_sweep_that_breaks_nothing_makes_an_empty_folder() {
    let folder = folder("good");
    let ended = simulate(&format!(
        "sweep --seeds 0..3 --html-dir {}",
        folder.display()
    ));
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(ended.printed.contains("; 0 pages in"), "{}", ended.printed);
    assert_eq!(pages(&folder), [""; 0]);
}

#[test]
fn a_page_that_cannot_be_written_ends_the_sweep_with_2_and_the_reason() {
    let folder = folder("full");
    fs::create_dir_all(&folder).expect("it can be made");
    symlink("/dev/full", folder.join("seed-25.html")).expect("it can be made");
    let ended = simulate(&format!("{BROKEN} --html-dir {}", folder.display()));
    assert_eq!(ended.status, Some(2), "{ended:?}");
    for part in ["seed-25.html", "No space left on device"] {
        assert!(ended.complained.contains(part), "{}", ended.complained);
    }
    let ended = simulate(&format!("{BROKEN} --html-dir /dev/full/pages"));
    assert_eq!(ended.status, Some(2), "{ended:?}");
    let reason = "the folder /dev/full/pages cannot be made";
    assert!(ended.complained.contains(reason), "{}", ended.complained);
}

#[test]
fn foundings_have_no_page_and_the_option_is_refused() {
    let ended = simulate("gather --seeds 0..2 --html-dir pages");
    assert_eq!(ended.status, Some(2));
    assert!(
        ended.complained.contains("'--html-dir'"),
        "{}",
        ended.complained
    );
}
