//! A real `server` for tests. It runs on free ports, is found through its ready file, and is gone at the end.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]

pub mod http;
pub mod meeting;
pub mod nodes;
pub mod takeover;

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

/// Far more than anything here takes, even on a machine that is busy building.
const PATIENCE: Duration = Duration::from_secs(40);

/// A running server whose processes all answer.
pub struct Server {
    child: Child,
    folder: PathBuf,
    pub processes: Vec<Started>,
}

/// A process, as the ready file describes it.
#[derive(Clone, Debug)]
pub struct Started {
    pub name: String,
    pub port: u16,
    pub pid: u64,
}

impl Server {
    /// Starts a server on free ports with these additional arguments.
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_with(arguments, &[])
    }

    /// As [`Server::start`], with these environment variables.
    pub fn start_with(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = command(arguments);
        command.envs(variables.iter().copied());
        Self::start_as(command)
    }

    /// As [`Server::start`], with a standard input that ends when [`Server::end_input`] ends it.
    pub fn start_with_input(arguments: &[&str]) -> Self {
        let mut command = command(arguments);
        command.stdin(Stdio::piped());
        Self::start_as(command)
    }

    /// As [`Server::start`], by a command that becomes the program which its last arguments name.
    pub fn start_by(wrapper: &[&str], arguments: &[&str]) -> Self {
        let server = command(arguments);
        let mut command = Command::new(wrapper[0]);
        command.args(&wrapper[1..]).stdin(Stdio::null());
        command.arg(server.get_program()).args(server.get_args());
        Self::start_as(command)
    }

    fn start_as(mut command: Command) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder =
            std::env::temp_dir().join(format!("quorate-server-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let ready_file = folder.join("ready.json");
        let child = command
            .args(["--base-port", "0", "--ready-file"])
            .arg(&ready_file)
            .stdout(Stdio::piped())
            .stderr(fs::File::create(folder.join("stderr")).unwrap())
            .spawn()
            .unwrap();
        let mut server = Self {
            child,
            folder,
            processes: Vec::new(),
        };
        eventually("the ready file appears", || {
            if let Some(status) = server.child.try_wait().unwrap() {
                let said = fs::read_to_string(server.folder.join("stderr")).unwrap();
                panic!("the server ended ({status}) before it was ready: {said}");
            }
            ready_file.exists()
        });
        server.processes = read_ready_file(&ready_file);
        server
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Writes to the server's standard input.
    pub fn write_input(&mut self, text: &str) {
        let input = self.child.stdin.as_mut().unwrap();
        input.write_all(text.as_bytes()).unwrap();
    }

    /// Ends the server's standard input.
    pub fn end_input(&mut self) {
        drop(self.child.stdin.take().unwrap());
    }

    /// Sends a signal to the server itself.
    pub fn signal(&self, name: &str) {
        signal(u64::from(self.child.id()), name);
    }

    /// Ends the server and its processes in order.
    pub fn stop(mut self) {
        self.signal("INT");
        self.wait();
    }

    /// Waits until the server has ended.
    pub fn wait(&mut self) -> ExitStatus {
        let mut status = None;
        eventually("the server ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }

    /// The address of the page of a server with `--page`.
    pub fn page(&mut self) -> String {
        let lines = BufReader::new(self.child.stdout.take().unwrap()).lines();
        let mut lines = lines.map(Result::unwrap);
        let page = lines.find_map(|line| line.strip_prefix("Page: ").map(str::to_owned));
        page.unwrap()
    }

    /// Everything that the server has printed. Call it after the server has ended.
    pub fn output(&mut self) -> String {
        let mut text = String::new();
        self.child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        text
    }

    /// Everything that the server has logged.
    pub fn complaints(&self) -> String {
        fs::read_to_string(self.folder.join("stderr")).unwrap()
    }

    /// The path of the server's ready file.
    pub fn ready_file(&self) -> PathBuf {
        self.folder.join("ready.json")
    }

    /// Asserts that no process is left and no port is taken.
    pub fn assert_nothing_is_left(&self) {
        for process in &self.processes {
            eventually(&format!("process {} is gone", process.name), || {
                !is_alive(process.pid)
            });
            assert!(
                connect(process.port).is_err(),
                "port {} is still taken",
                process.port
            );
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The children end with their parent.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The `server` binary with these arguments.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_server"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Runs a `server` that must refuse its arguments, and returns its output. A server that does not refuse is ended.
pub fn run(arguments: &[&str]) -> Output {
    let mut child = command(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() && started.elapsed() < PATIENCE {
        sleep(Duration::from_millis(10));
    }
    // Killing fails only if it has already ended.
    let _ = child.kill();
    child.wait_with_output().unwrap()
}

/// Sends a signal to a process.
pub fn signal(pid: u64, name: &str) {
    let status = Command::new("kill")
        .args([format!("-{name}"), pid.to_string()])
        .status()
        .unwrap();
    assert!(status.success(), "kill -{name} {pid}");
}

/// Whether a process exists and is not a zombie.
pub fn is_alive(pid: u64) -> bool {
    let state = ps(pid, "stat=");
    !state.is_empty() && !state.starts_with('Z')
}

/// Whether a signal is pending at a process.
pub fn is_pending(pid: u64, signal: u32) -> bool {
    let mask = ps(pid, "pending=");
    !mask.is_empty() && u64::from_str_radix(&mask, 16).unwrap() & (1 << (signal - 1)) != 0
}

/// Whether a process handles a signal itself.
pub fn catches(pid: u32, signal: u32) -> bool {
    let mask = ps(pid.into(), "caught=");
    u64::from_str_radix(&mask, 16).is_ok_and(|mask| mask & (1 << (signal - 1)) != 0)
}

/// The memory of a process that is not on disk, in bytes.
pub fn memory(pid: u64) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib: u64 = line
        .unwrap()
        .split_whitespace()
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    kib * 1024
}

/// The processor time that a process has used, to 10 ms.
pub fn cpu_time(pid: u64) -> Duration {
    /// Linux shows processor time in units of this many milliseconds.
    const TICK_MS: u64 = 10;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    // The name in parentheses may contain spaces. After it stand the state and, from the twelfth field on, user and system time.
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let ticks = fields.split_whitespace().skip(11).take(2);
    Duration::from_millis(
        ticks
            .map(|ticks| ticks.parse::<u64>().unwrap())
            .sum::<u64>()
            * TICK_MS,
    )
}

fn ps(pid: u64, column: &str) -> String {
    let output = Command::new("ps")
        .args(["-o", column, "-p", &pid.to_string()])
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Whether a process answers on a port. A successful connection alone proves little, because the operating system makes
/// it.
pub fn answers(port: u16) -> bool {
    get(port, "localhost").is_ok_and(|answer| answer.starts_with("HTTP/1.1 200 "))
}

/// What a process answers to `GET /` of this host.
pub fn get(port: u16, host: &str) -> io::Result<String> {
    let mut stream = connect(port)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(
        stream,
        "GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn connect(port: u16) -> io::Result<TcpStream> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    TcpStream::connect_timeout(&address, Duration::from_secs(2))
}

/// Polls until the condition holds.
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "in vain: {what}");
        sleep(Duration::from_millis(20));
    }
}

fn read_ready_file(path: &Path) -> Vec<Started> {
    let ready: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let processes = ready["processes"].as_array().unwrap().iter();
    let started = processes.map(|process| Started {
        name: process["process"].as_str().unwrap().to_owned(),
        port: process["port"].as_u64().unwrap().try_into().unwrap(),
        pid: process["pid"].as_u64().unwrap(),
    });
    started.collect()
}
