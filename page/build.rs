//! Packs the files of the page: a program that has them in itself should not grow by their whole length.

use std::env;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

/// A script that defines a global name. As a module it must export it.
const SCRIPT: &str = "uPlot.iife.min.js";

fn main() -> io::Result<()> {
    let to = env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    for folder in ["assets", "assets/vendor"] {
        println!("cargo::rerun-if-changed={folder}");
        for file in fs::read_dir(folder)? {
            let path = file?.path();
            if path
                .extension()
                .is_some_and(|ending| ending == "js" || ending == "css")
            {
                pack(&path, Path::new(&to))?;
            }
        }
    }
    Ok(())
}

fn pack(path: &Path, to: &Path) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".gz");
    let mut packed = GzEncoder::new(File::create(to.join(name))?, Compression::best());
    io::copy(&mut File::open(path)?, &mut packed)?;
    if path.ends_with(SCRIPT) {
        packed.write_all(b"\nexport default uPlot;\n")?;
    }
    packed.finish()?;
    Ok(())
}
