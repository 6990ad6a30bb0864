//! Pictures, into files.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use quorate_diagram::Diagram;

use crate::options::Drawing;

/// A file for a picture. It is made before anything is played: a run whose picture cannot be written is a run in vain.
pub(crate) struct Canvas {
    pub(crate) path: PathBuf,
    file: File,
}

impl Canvas {
    /// The file, if a picture is wanted.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn new(drawing: &Drawing) -> anyhow::Result<Option<Self>> {
        drawing.diagram.as_deref().map(Self::create).transpose()
    }

    fn create(path: &Path) -> anyhow::Result<Self> {
        let file = File::create(path);
        Ok(Self {
            file: file.with_context(|| format!("cannot write {}", path.display()))?,
            path: path.to_owned(),
        })
    }

    /// Another file: FILE-2.svg beside FILE.svg.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn beside(&self, number: usize) -> anyhow::Result<Self> {
        let stem = self.path.file_stem().unwrap_or_default().to_string_lossy();
        let end = self.path.extension().map(|end| end.to_string_lossy());
        let end = end.map(|end| format!(".{end}")).unwrap_or_default();
        Self::create(&self.path.with_file_name(format!("{stem}-{number}{end}")))
    }

    /// Writes the picture.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn write(self, diagram: &Diagram) -> anyhow::Result<()> {
        let written = diagram.write(BufWriter::new(self.file));
        written.with_context(|| format!("cannot write {}", self.path.display()))
    }
}
