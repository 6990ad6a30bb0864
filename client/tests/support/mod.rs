//! A real cluster for tests, whose processes are the `client` binary itself, and calls of that binary.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use quorate_server::logging::{LogFormat, Logging};
use quorate_server::{
    Cluster, ClusterConfig, FaultPlan, LinkRules, Process, Restart, Scene, since_1970,
};
use tokio::runtime::Runtime;

/// Far more than anything here takes, even on a machine that is busy building.
const PATIENCE: Duration = Duration::from_secs(120);

/// The lines that the issue shows, for the default fault.
pub const SEED_LINES: &str = "\
Process P denied communication to Q
Process P denied communication to R
Process P denied communication to S
Process Q sent decision 'attack' to P
Process Q sent decision 'attack' to R
Process Q sent decision 'attack' to S
Process R sent decision 'attack' to P
Process R sent decision 'attack' to Q
Process R sent decision 'attack' to S
Process S sent decision 'attack' to P
Process S sent decision 'attack' to Q
Process S sent decision 'attack' to R
Process P finalized decision: faulty
Process Q finalized decision: attack
Process R finalized decision: attack
Process S finalized decision: attack
";

/// Processes on free ports, killed when dropped.
pub struct Processes {
    cluster: Option<Cluster>,
    runtime: Runtime,
}

impl Processes {
    pub fn start(processes: u32, faulty: &str) -> Self {
        Self::start_with_decision_timeout(processes, faulty, Duration::from_secs(10))
    }

    pub fn start_with_decision_timeout(
        processes: u32,
        faulty: &str,
        decision_timeout: Duration,
    ) -> Self {
        let mut config = config(processes, faulty);
        config.decision_timeout = decision_timeout;
        Self::start_as(config)
    }

    /// Four processes that keep a trace.
    pub fn start_traced(faulty: &str, links: LinkRules) -> Self {
        Self::start_traced_with(faulty, |config| config.links = links)
    }

    /// Four processes that keep a trace, with further settings.
    pub fn start_traced_with(faulty: &str, set: impl FnOnce(&mut ClusterConfig)) -> Self {
        let mut config = config(4, faulty);
        config.trace = true;
        set(&mut config);
        Self::start_as(config)
    }

    /// Four correct processes that keep their state in a folder.
    pub fn start_in(folder: &Path) -> Self {
        let mut config = config(4, "none");
        config.data_dir = Some(folder.to_owned());
        Self::start_as(config)
    }

    /// Four correct processes between which these rules hold.
    pub fn start_with_links(links: LinkRules, decision_timeout: Duration) -> Self {
        let mut config = config(4, "none");
        config.links = links;
        config.decision_timeout = decision_timeout;
        Self::start_as(config)
    }

    fn start_as(config: ClusterConfig) -> Self {
        let runtime = Runtime::new().unwrap();
        let cluster = runtime.block_on(Cluster::start(config));
        Self {
            cluster: Some(cluster.unwrap()),
            runtime,
        }
    }

    pub fn all(&self) -> &[Process] {
        self.cluster.as_ref().unwrap().processes()
    }

    pub fn ports(&self) -> Vec<String> {
        self.all()
            .iter()
            .map(|process| process.address.port().to_string())
            .collect()
    }

    /// Where all processes answer, as `--endpoint` takes it.
    pub fn endpoints(&self) -> String {
        let addresses = self.all().iter().map(|process| process.address.to_string());
        addresses.collect::<Vec<_>>().join(",")
    }

    /// Kills one process.
    pub fn kill(&self, name: &str) {
        let process = self.signal(name, "KILL");
        eventually("the process ends", || process.ended().is_some());
    }

    /// Sends one process a signal.
    pub fn signal(&self, name: &str, signal: &str) -> &Process {
        let named = |process: &&Process| process.name == name;
        let process = self.all().iter().find(named).unwrap();
        send_signal(process.pid().unwrap(), signal);
        process
    }

    /// Runs `client` against these processes.
    pub fn client(&self, arguments: &[&str]) -> Output {
        client(&[arguments, &["--endpoint", &self.endpoints()]].concat())
    }
}

/// Processes on free ports, whose binary is `client`.
fn config(processes: u32, faulty: &str) -> ClusterConfig {
    ClusterConfig {
        web: None,
        data_dir: None,
        processes,
        host: "127.0.0.1".into(),
        allowed_hosts: Vec::new(),
        base_port: None,
        faults: FaultPlan::parse(faulty, processes, Scene::Order).unwrap(),
        links: LinkRules::default(),
        started_us: since_1970(),
        default_decision: "retreat".into(),
        view_timeout: Duration::from_millis(500),
        seed: None,
        batch_limit: 256,
        decision_timeout: Duration::from_secs(10),
        trace: false,
        checkpoint_interval: None,
        status_interval: None,
        restart: Restart::Never,
        control: true,
        logging: Logging {
            format: LogFormat::Text,
            level: "error",
        },
        executable: Some(env!("CARGO_BIN_EXE_client").into()),
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        if let Some(cluster) = self.cluster.take() {
            self.runtime.block_on(cluster.shutdown());
        }
    }
}

/// A folder for the files of a test, removed when dropped.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("quorate-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A file with the key of a client, removed when dropped.
pub struct KeyFile(PathBuf);

impl KeyFile {
    pub fn new(name: &str, contents: &str) -> Self {
        let file = format!("quorate-{name}-{}.key", std::process::id());
        let path = std::env::temp_dir().join(file);
        std::fs::write(&path, contents).unwrap();
        set_mode(&path, 0o600);
        Self(path)
    }

    pub fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }

    /// Lets everybody read it.
    pub fn expose(&self) {
        set_mode(&self.0, 0o644);
    }
}

impl Drop for KeyFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Runs `client` to its end.
pub fn client(arguments: &[&str]) -> Output {
    let mut client = Command::new(env!("CARGO_BIN_EXE_client"));
    client.args(arguments);
    run(client)
}

/// Runs a program to its end, which must come.
pub fn run(mut program: Command) -> Output {
    let child = program
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = child.id();
    let (ended, end) = mpsc::channel();
    spawn(move || ended.send(child.wait_with_output()));
    end.recv_timeout(PATIENCE)
        .unwrap_or_else(|_| {
            send_signal(pid, "KILL");
            panic!("{program:?} does not end")
        })
        .unwrap()
}

/// Sends a signal to a process.
pub fn send_signal(pid: u32, signal: &str) {
    let status = Command::new("kill")
        .args([format!("-{signal}"), pid.to_string()])
        .status()
        .unwrap();
    assert!(status.success(), "kill -{signal} {pid}");
}

/// Whether a process has a handler of its own for a signal.
pub fn catches(pid: u32, signal: u32) -> bool {
    let mut ps = Command::new("ps");
    ps.args(["-o", "caught=", "-p", &pid.to_string()]);
    let mask = printed(&run(ps));
    u64::from_str_radix(mask.trim(), 16).is_ok_and(|mask| mask & (1 << (signal - 1)) != 0)
}

/// Polls until something holds.
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "in vain: {what}");
        sleep(Duration::from_millis(20));
    }
}

/// What a program printed.
pub fn printed(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What a program complained about.
pub fn complained(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Asserts that each of these processes finalized this decision, and that the client says that they agree.
pub fn assert_decided(output: &Output, processes: &[&str], decision: &str) {
    let printed = printed(output);
    for process in processes {
        let line = format!("Process {process} finalized decision: {decision}\n");
        assert!(
            printed.contains(&line),
            "'{line}' is missing in:\n{printed}{}",
            complained(output)
        );
    }
    assert_eq!(
        output.status.code(),
        Some(0),
        "{printed}{}",
        complained(output)
    );
}

/// Asserts that `client` refuses this, prints nothing, and says what to do instead.
pub fn assert_refused(arguments: &[&str], advice: &str) {
    let output = client(arguments);
    let message = complained(&output);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    assert!(output.stdout.is_empty(), "{arguments:?} printed something");
    assert!(
        message.contains(advice),
        "{arguments:?}: '{advice}' is missing in: {message}"
    );
}
