//! The compared servers, each in a process of its own.

use std::fmt;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use clap::ValueEnum as _;

use crate::abyss;
use crate::load::Figures;
use crate::serve::Server;

/// The processors on which servers and load run.
pub(crate) enum Pinning {
    /// The server on the first processor, the load on the second.
    Apart,
    /// The operating system chooses. The text says why.
    Nowhere(&'static str),
}

impl Pinning {
    pub(crate) fn find() -> Self {
        let tried = Command::new("taskset")
            .args(["--cpu-list", "0,1", "true"])
            .output();
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        match tried {
            _ if processors < 2 => Self::Nowhere("there is one processor"),
            Err(_) => Self::Nowhere("taskset is not installed"),
            Ok(output) if !output.status.success() => {
                Self::Nowhere("processors cannot be chosen here")
            }
            Ok(_) => Self::Apart,
        }
    }

    fn command(&self, processor: &str, program: &Path) -> Command {
        match self {
            Self::Apart => {
                let mut command = Command::new("taskset");
                command.args(["--cpu-list", processor]).arg(program);
                command
            }
            Self::Nowhere(_) => Command::new(program),
        }
    }

    fn server(&self, program: &Path) -> Command {
        self.command("0", program)
    }

    fn load(&self, program: &Path) -> Command {
        self.command("1", program)
    }
}

impl fmt::Display for Pinning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Apart => write!(f, "each server on processor 0, the load on processor 1"),
            Self::Nowhere(why) => write!(f, "servers and load on any processor: {why}"),
        }
    }
}

/// A running server.
pub(crate) struct Contender {
    pub(crate) name: String,
    port: String,
    path: &'static str,
    process: Child,
}

impl Contender {
    fn start(mut command: Command, path: &'static str) -> Self {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let output = process.stdout.as_mut().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        let (port, name) = line.trim().split_once(' ').unwrap();
        Self {
            name: name.to_owned(),
            port: port.to_owned(),
            path,
            process,
        }
    }

    /// Makes the load call this server for a while.
    pub(crate) fn measure(
        &mut self,
        pinning: &Pinning,
        connections: usize,
        seconds: f64,
    ) -> Figures {
        let mut load = pinning.load(&std::env::current_exe().unwrap());
        load.args(["load", &self.port, self.path])
            .args([connections.to_string(), seconds.to_string()]);
        let output = load.stderr(Stdio::inherit()).output().unwrap();
        assert!(output.status.success(), "the load failed");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

impl Drop for Contender {
    fn drop(&mut self) {
        // A server ends when its standard input ends.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// Starts all servers, the endpoint first.
pub(crate) fn start(pinning: &Pinning) -> Vec<Contender> {
    let own = std::env::current_exe().unwrap();
    let ours = [Server::Quorate, Server::Dxr, Server::Hyper].map(|server| {
        let mut command = pinning.server(&own);
        command.args(["serve", server.to_possible_value().unwrap().get_name()]);
        Contender::start(command, "/")
    });
    let mut all = Vec::from(ours);
    let servers = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers");
    if Command::new("python3").arg("--version").output().is_ok() {
        let mut command = pinning.server(Path::new("python3"));
        command.arg(servers.join("python.py"));
        all.push(Contender::start(command, "/"));
    } else {
        println!("left out: Python's server: python3 is not installed");
    }
    match abyss(&servers.join("xmlrpc-c.c")) {
        Ok(program) => all.push(Contender::start(pinning.server(&program), "/RPC2")),
        Err(why) => println!("left out: xmlrpc-c's Abyss: {why}"),
    }
    all
}

/// Compiles the server of xmlrpc-c.
fn abyss(source: &Path) -> Result<PathBuf, String> {
    if !Path::new("/usr/include/xmlrpc-c/server_abyss.h").exists() {
        return Err("xmlrpc-c is not installed".to_owned());
    }
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("speed-abyss");
    let mut command = Command::new("cc");
    command
        .arg("-O2")
        .arg(source)
        .arg("-o")
        .arg(&program)
        .args(abyss::LIBRARIES);
    let output = command.output().map_err(|error| format!("cc: {error}"))?;
    if output.status.success() {
        Ok(program)
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}
