//! Plays scenarios from texts, and compares them with what is recorded there or records it anew.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use quorate_simulator::picture::Picture;
use quorate_simulator::transcript::{difference, is_recorded, play_in};

use crate::BROKEN;
use crate::drawing::Canvas;
use crate::options::Transcript;
use crate::out::{complain, say};
use crate::universes::Source;

/// Where the scenarios are, from the root of the project.
const FOLDER: &str = "simulator/scenarios";

/// Plays the texts; the exit status.
pub(crate) fn command(transcript: &Transcript) -> anyhow::Result<u8> {
    let files = if transcript.files.is_empty() {
        all(Path::new(FOLDER))?
    } else {
        transcript.files.clone()
    };
    let drawing = &transcript.drawing;
    ensure!(
        drawing.diagram.is_none() || files.len() == 1,
        "--diagram draws one text: name one, as in simulate transcript FILE --diagram FILE.svg"
    );
    let canvas = Canvas::new(drawing)?;
    let frame = drawing.frame();
    let mut pictures = Vec::new();
    let mut count = Count::default();
    for file in &files {
        let source = Source::of(file);
        ensure!(
            !transcript.rewrite || matches!(source, Source::File(_)),
            "--rewrite writes into files: standard input is none"
        );
        let old = source.read()?;
        let played = play_in(&old, frame.as_ref());
        let played = played.with_context(|| format!("cannot play {source}"))?;
        let new = played.text;
        pictures = played.pictures;
        if transcript.play {
            say(new.trim_end());
        } else if transcript.rewrite {
            rewrite(file, &old, &new, &mut count)?;
        } else {
            compare(&source, &old, &new, &mut count);
        }
    }
    if let Some(canvas) = canvas {
        draw(canvas, &files[0], &pictures)?;
    }
    if !transcript.play {
        say(&count.told(files.len()));
    }
    Ok(if count.differ > 0 { BROKEN } else { 0 })
}

/// Draws the clusters of a text: the first into the file that was asked for, the others beside it.
fn draw(canvas: Canvas, file: &Path, pictures: &[Picture]) -> anyhow::Result<()> {
    let name = file.file_stem().unwrap_or(file.as_os_str());
    let name = name.to_string_lossy();
    let caption = |number: usize| match pictures.len() {
        1 => format!("{name}: each message is drawn to take 1 ms"),
        all => format!("{name}, cluster {number} of {all}: each message is drawn to take 1 ms"),
    };
    for (number, picture) in (2..).zip(pictures.iter().skip(1)) {
        let further = canvas.beside(number)?;
        complain(&format!(
            "cluster {number} of the text: {}",
            further.path.display()
        ));
        further.write(&picture.draw(&caption(number)))?;
    }
    match pictures.first() {
        Some(picture) => canvas.write(&picture.draw(&caption(1))),
        None => bail!("{} starts no cluster: nothing can be drawn", file.display()),
    }
}

/// How many scenarios were not as they are recorded.
#[derive(Default)]
struct Count {
    differ: usize,
    fresh: usize,
    rewritten: usize,
}

impl Count {
    fn told(&self, all: usize) -> String {
        let scenarios = if all == 1 { "scenario" } else { "scenarios" };
        let found = match (self.differ, self.rewritten) {
            (0, 0) => "no difference".to_owned(),
            (0, rewritten) => format!("{rewritten} rewritten"),
            (differ, _) => {
                format!("{differ} with a difference (--rewrite records what happens now)")
            }
        };
        let fresh = match self.fresh {
            0 => String::new(),
            fresh => format!(", {fresh} without recorded output (--rewrite records it)"),
        };
        format!("{all} {scenarios}, {found}{fresh}")
    }
}

fn rewrite(file: &Path, old: &str, new: &str, count: &mut Count) -> anyhow::Result<()> {
    if difference(old, new).is_some() {
        let name = file.display();
        fs::write(file, new).with_context(|| format!("cannot write {name}"))?;
        say(&format!("rewritten: {name}"));
        count.rewritten += 1;
    }
    Ok(())
}

fn compare(source: &Source, old: &str, new: &str, count: &mut Count) {
    let Some(difference) = difference(old, new) else {
        return;
    };
    if is_recorded(old) {
        count.differ += 1;
        say(&format!(
            "--- {source}\n+++ {source}, as it plays now\n{difference}"
        ));
    } else {
        count.fresh += 1;
        complain(&format!(
            "{source} has no recorded output. This is what happens:"
        ));
        say(new.trim_end());
    }
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
    ensure!(
        !files.is_empty(),
        "{} has no texts: name the texts",
        folder.display()
    );
    Ok(files)
}
