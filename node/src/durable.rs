//! Files and folders that outlive a crash of the machine. A new name is on disk only once the folder that holds it is, so every
//! function here syncs the folder too.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// A file or a folder could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {cause}", path.display())]
pub struct NotWritten {
    /// The file or folder: of [`replace`] also the neighbour to which it writes first.
    pub path: PathBuf,
    /// The error of the operating system.
    pub cause: io::Error,
}

/// Writes a file whole or not at all, with these permissions. The file may exist before.
///
/// # Errors
/// The file, its neighbour with the ending `new` or the folder cannot be written.
pub fn replace(path: &Path, mode: u32, contents: &[u8]) -> Result<(), NotWritten> {
    let new = new_neighbour(path);
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).mode(mode);
    write(&mut options, &new, contents)?;
    rename(&new, path)
}

/// Writes a file that must not exist before, with these permissions. If it fails, part of the file may be left.
///
/// # Errors
/// The file exists, or it or its folder cannot be written.
pub fn create(path: &Path, mode: u32, contents: &[u8]) -> Result<(), NotWritten> {
    write(
        OpenOptions::new().create_new(true).mode(mode),
        path,
        contents,
    )?;
    sync_folder_of(path)
}

/// Gives another name in the same folder to a file whose contents are on disk. A file that has the name is replaced.
///
/// # Errors
/// The folder cannot be written.
pub fn rename(from: &Path, to: &Path) -> Result<(), NotWritten> {
    fs::rename(from, to).map_err(of(to))?;
    sync_folder_of(to)
}

/// Makes a folder for its owner alone, and the folders above it, unless they exist.
///
/// # Errors
/// A folder cannot be made, or something else has its name.
pub fn create_folder(path: &Path) -> Result<(), NotWritten> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
        create_folder(above)?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        // Another process made it meanwhile.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        made => made.map_err(of(path)),
    }?;
    sync_folder_of(path)
}

/// The name under which a file is written before it gets its own name: the ending is `new`.
#[must_use]
pub fn new_neighbour(path: &Path) -> PathBuf {
    path.with_extension("new")
}

fn write(options: &mut OpenOptions, path: &Path, contents: &[u8]) -> Result<(), NotWritten> {
    let written = options.write(true).open(path).and_then(|mut file| {
        file.write_all(contents)?;
        file.sync_all()
    });
    written.map_err(of(path))
}

fn sync_folder_of(path: &Path) -> Result<(), NotWritten> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(of(folder))
}

fn of(path: &Path) -> impl Fn(io::Error) -> NotWritten {
    let path = path.to_owned();
    move |cause| NotWritten {
        path: path.clone(),
        cause,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;

    use super::{create, create_folder, replace};

    fn folder(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("quorate-durable-{name}-{}", std::process::id()))
    }

    #[test]
    fn a_file_is_replaced_whole_with_its_permissions_and_leaves_no_neighbour() {
        let folder = folder("replace");
        create_folder(&folder.join("a/b")).unwrap();
        let path = folder.join("a/b/0.starts");
        replace(&path, 0o600, b"1\n").unwrap();
        replace(&path, 0o600, b"2\n").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"2\n");
        let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(path), 0o600);
        assert_eq!(mode(folder.join("a")), 0o700);
        assert_eq!(fs::read_dir(folder.join("a/b")).unwrap().count(), 1);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_cannot_be_written_is_named() {
        let folder = folder("named");
        create_folder(&folder).unwrap();
        let path = folder.join("keys.json");
        create(&path, 0o644, b"{}").unwrap();
        let error = create(&path, 0o644, b"[]").unwrap_err();
        assert_eq!(error.path, path);
        assert_eq!(fs::read(&path).unwrap(), b"{}", "it is as it was");
        assert_eq!(create_folder(&path.join("more")).unwrap_err().path, path);
        fs::create_dir(folder.join("keys.new")).unwrap();
        let error = replace(&path, 0o644, b"[]").unwrap_err();
        assert_eq!(error.path, folder.join("keys.new"));
        fs::remove_dir_all(folder).unwrap();
    }
}
