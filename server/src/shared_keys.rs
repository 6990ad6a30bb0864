//! Keys for nodes on several machines. One file holds the public keys of all nodes; anybody may read it. Each secret key has a
//! file of its own, which is taken to the machine of its node.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use quorate_cli::console::complain;
use quorate_node::durable::{self, NotWritten};
use quorate_web::PbftYaml;
use quorate_wire::hex;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::StartError;
use crate::keys::Keys;

/// The files with the keys of one node.
#[derive(Clone, Debug)]
pub struct KeyFiles {
    /// The public keys of all nodes.
    pub public: PathBuf,
    /// The secret key of the node.
    pub secret: PathBuf,
}

/// The version of both files.
const VERSION: u32 = 1;

/// What a file of any version begins with.
#[derive(Deserialize)]
struct Version {
    v: u32,
}

#[derive(Serialize, Deserialize)]
struct PublicFile {
    v: u32,
    cluster: Hex,
    nodes: Vec<PublicKey>,
}

#[derive(Serialize, Deserialize)]
struct PublicKey {
    /// The node's address in the `pbft.yaml`.
    node: String,
    public_key: Hex,
}

#[derive(Serialize, Deserialize)]
struct SecretFile {
    v: u32,
    cluster: Hex,
    index: usize,
    node: String,
    secret_key: Hex,
}

/// Makes the keys of a new cluster of these nodes, and writes `keys.json` and each `secret-INDEX.json` to `folder`. Makes the
/// folder if it does not exist. Returns the paths of the files, `keys.json` first.
///
/// # Errors
/// A file exists already, or cannot be written.
pub fn generate(yaml: &PbftYaml, folder: &Path) -> Result<Vec<PathBuf>, StartError> {
    let count = u32::try_from(yaml.nodes.len()).unwrap_or(u32::MAX);
    let keys = Keys::generate(count)?;
    let cluster = Hex(keys.cluster);
    let nodes = yaml.nodes.iter().map(ToString::to_string);
    let public = PublicFile {
        v: VERSION,
        cluster,
        nodes: nodes
            .clone()
            .zip(&keys.public)
            .map(|(node, key)| PublicKey {
                node,
                public_key: Hex(*key),
            })
            .collect(),
    };
    durable::create_folder(folder).map_err(not_written)?;
    let mut written = Written::default();
    let path = folder.join("keys.json");
    written.add(&path, 0o644, &public).map_err(not_written)?;
    for (index, node) in nodes.enumerate() {
        let path = folder.join(format!("secret-{index}.json"));
        let secret = SecretFile {
            v: VERSION,
            cluster,
            index,
            node,
            secret_key: Hex(keys.secret_of(index)),
        };
        written.add(&path, 0o600, &secret).map_err(not_written)?;
    }
    Ok(written.keep())
}

fn not_written(NotWritten { path, cause }: NotWritten) -> StartError {
    StartError::KeysNotWritten { path, cause }
}

/// Files that are new. They are removed again when this is dropped: keys of some nodes only are of no use, and would be taken
/// for those of the next cluster.
#[derive(Default)]
struct Written(Vec<PathBuf>);

impl Written {
    fn add(&mut self, path: &Path, mode: u32, contents: &impl Serialize) -> Result<(), NotWritten> {
        let mut json = serde_json::to_vec_pretty(contents).map_err(|error| NotWritten {
            path: path.to_owned(),
            cause: error.into(),
        })?;
        json.push(b'\n');
        let created = durable::create(path, mode, &json);
        let is_another = |error: &NotWritten| error.cause.kind() == io::ErrorKind::AlreadyExists;
        if !created.as_ref().is_err_and(is_another) {
            self.0.push(path.to_owned());
        }
        created
    }

    /// All are written: they stay.
    fn keep(mut self) -> Vec<PathBuf> {
        std::mem::take(&mut self.0)
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        for path in &self.0 {
            if let Err(error) = fs::remove_file(path)
                && error.kind() != io::ErrorKind::NotFound
            {
                complain(format_args!(
                    "error: {}: {error}: remove it",
                    path.display()
                ));
            }
        }
    }
}

/// Reads the keys of node `index` of a `pbft.yaml`.
///
/// # Errors
/// A file cannot be read, is damaged, or belongs to other nodes.
pub(crate) fn read(files: &KeyFiles, yaml: &PbftYaml, index: usize) -> Result<Keys, StartError> {
    let public: PublicFile = read_file(&files.public, "keys.json")?;
    let listed: Vec<&str> = public.nodes.iter().map(|one| one.node.as_str()).collect();
    let nodes: Vec<String> = yaml.nodes.iter().map(ToString::to_string).collect();
    if listed != nodes {
        return Err(bad(
            &files.public,
            &format!(
                "these are the keys of {}, and {} lists {}",
                listed.join(", "),
                yaml.path().display(),
                nodes.join(", ")
            ),
        ));
    }
    let secret: SecretFile = read_file(&files.secret, "secret-INDEX.json")?;
    if secret.index != index {
        return Err(bad(
            &files.secret,
            &format!(
                "this is the secret key of node {}, not of node {index}",
                secret.index
            ),
        ));
    }
    let all = public.nodes.iter().map(|one| one.public_key.0).collect();
    let keys = Keys::of_one(public.cluster.0, all, index, secret.secret_key.0);
    if secret.cluster != public.cluster || !keys.fits(index) {
        return Err(bad(
            &files.secret,
            &format!(
                "this secret key does not belong to the public keys in {}",
                files.public.display()
            ),
        ));
    }
    warn_if_readable(&files.secret, "this secret key");
    Ok(keys)
}

fn bad(path: &Path, what: &str) -> StartError {
    StartError::BadKeyFile {
        path: path.to_owned(),
        what: what.to_owned(),
    }
}

fn read_file<T: DeserializeOwned>(path: &Path, name: &str) -> Result<T, StartError> {
    let bytes = fs::read(path).map_err(|cause| bad(path, &cause.to_string()))?;
    // The cause is left out: it would quote the file, which may hold a secret key.
    let damaged = |error: serde_json::Error| {
        let line = error.line();
        bad(
            path,
            &format!("it is damaged, or is not a {name} (line {line})"),
        )
    };
    let Version { v } = serde_json::from_slice(&bytes).map_err(damaged)?;
    if v != VERSION {
        let what = format!("it has version {v}, and this program reads version {VERSION}");
        return Err(bad(path, &what));
    }
    serde_json::from_slice(&bytes).map_err(damaged)
}

/// Warns of a secret file that others can read. `what`: what it holds.
pub(crate) fn warn_if_readable(path: &Path, what: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let others = 0o077;
    if fs::metadata(path).is_ok_and(|file| file.permissions().mode() & others != 0) {
        tracing::warn!(
            "{}: others can read {what}: run `chmod 600 {}`",
            path.display(),
            path.display()
        );
    }
}

/// 32 bytes, in JSON as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Hex([u8; 32]);

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::of(&self.0))
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let digits = String::deserialize(deserializer)?;
        let bytes = hex::read(&digits);
        bytes
            .map(Self)
            .ok_or_else(|| D::Error::custom("expected 64 hexadecimal digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_digits_give_the_bytes_back() {
        let bytes = Hex(std::array::from_fn(|index| {
            u8::try_from(index * 8).unwrap()
        }));
        let json = serde_json::to_string(&bytes).unwrap();
        assert_eq!(json.len(), 66);
        assert!(serde_json::from_str::<Hex>(&json).unwrap() == bytes);
        for bad in [
            "\"\"",
            "\"00\"",
            "7",
            &json.replace("08", "0g"),
            &json.replace("08", "8"),
            &json.replace("08", "0808"),
            &json.replace("08", "\u{e9}"),
        ] {
            assert!(serde_json::from_str::<Hex>(bad).is_err(), "{bad}");
        }
    }
}
