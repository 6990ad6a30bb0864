//! Nodes of a `pbft.yaml` on free ports, each a process of its own.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};

use serde_json::Value;

use super::{command, eventually};

/// Where ports are looked for: below those that the operating system gives to whoever asks for any.
const FIRST_PORT: u16 = 12_000;
const LAST_PORT: u16 = 32_000;

pub struct Nodes {
    pub folder: PathBuf,
    pub ports: Vec<u16>,
    pub client_ports: Vec<u16>,
    running: Vec<Option<Child>>,
    lasts: bool,
    url_host: &'static str,
}

/// What the file says besides addresses.
#[derive(Clone, Copy)]
pub struct Settings {
    pub loss: u32,
    pub checkpoint_interval: u64,
    pub sync_interval: f64,
    pub network_timeout: f64,
    /// Whether the nodes keep their state in a folder.
    pub lasts: bool,
    /// The host of all nodes and clients, as YAML has it.
    pub host: &'static str,
    /// What stands at the end of the file.
    pub more: &'static str,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            loss: 0,
            checkpoint_interval: 10,
            sync_interval: 0.5,
            network_timeout: 1.0,
            lasts: false,
            host: "localhost",
            more: "",
        }
    }
}

impl Nodes {
    /// Four nodes, started one by one, that all answer.
    pub fn start(settings: Settings) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder =
            std::env::temp_dir().join(format!("quorate-http-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let ports: Vec<u16> = (0..6).map(|_| free_port()).collect();
        let mut nodes = Self {
            folder,
            ports: ports[..4].to_vec(),
            client_ports: ports[4..].to_vec(),
            running: (0..4).map(|_| None).collect(),
            lasts: settings.lasts,
            url_host: if settings.host.contains(':') {
                "[::1]"
            } else {
                settings.host
            },
        };
        fs::write(nodes.config(), nodes.yaml(settings)).unwrap();
        for index in 0..4 {
            nodes.spawn(index);
        }
        for index in 0..4 {
            nodes.wait_for(index);
        }
        nodes
    }

    pub fn config(&self) -> PathBuf {
        self.folder.join("pbft.yaml")
    }

    fn yaml(&self, settings: Settings) -> String {
        let list = |ports: &[u16]| {
            ports
                .iter()
                .map(|port| format!("    - host: {}\n      port: {port}\n", settings.host))
                .collect::<String>()
        };
        let (nodes, clients) = (list(&self.ports), list(&self.client_ports));
        let Settings {
            loss,
            checkpoint_interval,
            sync_interval,
            network_timeout,
            lasts: _,
            host: _,
            more,
        } = settings;
        format!(
            "nodes:\n{nodes}\nclients:\n{clients}\nloss%: {loss}\n\nckpt_interval: {checkpoint_interval}\n\n\
             retry_times_before_view_change: 2\n\nsync_interval: {sync_interval}\n\n\
             misc:\n    network_timeout: {network_timeout}\n{more}"
        )
    }

    pub fn start_again(&mut self, index: usize) {
        self.spawn(index);
        self.wait_for(index);
    }

    fn spawn(&mut self, index: usize) {
        let said = fs::File::options()
            .create(true)
            .append(true)
            .open(self.folder.join(format!("stderr{index}")))
            .unwrap();
        let mut node = command(&["--index", &index.to_string(), "--config"]);
        node.arg(self.config()).arg("--dump-dir").arg(&self.folder);
        if self.lasts {
            node.arg("--data-dir").arg(self.folder.join("data"));
        }
        let child = node.stdout(Stdio::null()).stderr(said).spawn().unwrap();
        self.running[index] = Some(child);
    }

    fn wait_for(&mut self, index: usize) {
        eventually(&format!("node {index} answers"), || {
            let running = self.running[index].as_mut().unwrap();
            let ended = running.try_wait().unwrap();
            assert!(ended.is_none(), "node {index} ended: {}", self.said(index));
            self.status(index).is_some()
        });
    }

    /// What a node has logged.
    pub fn said(&self, index: usize) -> String {
        fs::read_to_string(self.folder.join(format!("stderr{index}"))).unwrap_or_default()
    }

    pub fn pid(&self, index: usize) -> u64 {
        self.running[index].as_ref().unwrap().id().into()
    }

    pub fn kill(&mut self, index: usize) {
        if let Some(mut child) = self.running[index].take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// What `GET /status` of a node says; nothing if it does not answer.
    pub fn status(&self, index: usize) -> Option<Value> {
        self.get(index, "/status")
    }

    /// What `GET /log` of a node says.
    pub fn log(&self, index: usize) -> Vec<Value> {
        let log = self.get(index, "/log").unwrap_or_default();
        log.as_array().cloned().unwrap_or_default()
    }

    pub fn executed(&self, index: usize) -> u64 {
        let status = self.status(index).unwrap_or_default();
        status["executed"].as_u64().unwrap_or_default()
    }

    fn get(&self, index: usize, path: &str) -> Option<Value> {
        let url = format!("http://{}:{}{path}", self.url_host, self.ports[index]);
        let output = curl(&["-g", "-s", "--max-time", "5", &url]);
        serde_json::from_str(&output).ok()
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        for index in 0..self.running.len() {
            self.kill(index);
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A `pbft.yaml` with nodes at these ports and one client, who is nobody.
pub fn yaml_of(ports: &[u16], client: u16) -> String {
    let node = |port: &u16| format!("  - host: localhost\n    port: {port}\n");
    let nodes: String = ports.iter().map(node).collect();
    let client = node(&client);
    format!(
        "nodes:\n{nodes}clients:\n{client}loss%: 0\nckpt_interval: 10\nretry_times_before_view_change: 2\n\
         sync_interval: 0.2\nmisc:\n  network_timeout: 1\n"
    )
}

/// What `curl` prints.
pub fn curl(arguments: &[&str]) -> String {
    let output = Command::new("curl").args(arguments).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let span = LAST_PORT - FIRST_PORT;
    // Test programs that run at the same time begin elsewhere.
    let start = u16::try_from(std::process::id() * 97 % u32::from(span)).unwrap();
    loop {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST_PORT + (start + step) % span;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
