//! Plays scenarios from texts, and compares them with what stands there or writes them anew.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use quorate_simulator::transcript::{difference, play};

use crate::options::Transcript;
use crate::say;

/// Where the scenarios are, from the root of the project.
const FOLDER: &str = "simulator/scenarios";

/// Plays the texts; whether one differs and was not rewritten.
pub(crate) fn command(transcript: &Transcript) -> anyhow::Result<bool> {
    let files = if transcript.files.is_empty() {
        all(Path::new(FOLDER))?
    } else {
        transcript.files.clone()
    };
    let mut differs = false;
    for file in &files {
        let name = file.display();
        let old = fs::read_to_string(file).with_context(|| format!("cannot read {name}"))?;
        ensure!(
            old.lines().any(|line| line.starts_with("> cluster ")),
            "{name} is no scenario: one has a line '> cluster 4', and commands after it"
        );
        let new = play(&old).with_context(|| format!("cannot play {name}"))?;
        let Some(difference) = difference(&old, &new) else {
            continue;
        };
        if transcript.rewrite {
            fs::write(file, new).with_context(|| format!("cannot write {name}"))?;
            say(&format!("rewritten: {name}"));
        } else {
            differs = true;
            say(&format!(
                "--- {name}\n+++ {name}, as it plays now\n{difference}"
            ));
        }
    }
    Ok(differs)
}

/// The texts of a folder, in the order of their names.
fn all(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)
        .with_context(|| format!("cannot read {}: name the texts", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == "txt") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
