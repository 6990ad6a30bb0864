//! Nodes that look for others, as a user starts them.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use super::{command, eventually, signal};

/// One `server HOST PORT ...` of a meeting, with one node or several.
pub struct Party {
    child: Child,
    folder: PathBuf,
    name: String,
}

/// The servers of one test. They are in a group of their own, so parallel tests do not found clusters with each other.
pub struct Meeting {
    pub group: String,
    pub folder: PathBuf,
    started: u32,
}

impl Meeting {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let group = format!("test-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(format!("quorate-meeting-{group}"));
        fs::create_dir_all(&folder).unwrap();
        Self {
            group,
            folder,
            started: 0,
        }
    }

    /// Starts a server in the group.
    pub fn start(&mut self, arguments: &[&str]) -> Party {
        let group = self.group.clone();
        self.start_in(&group, arguments)
    }

    /// Starts a server in another group.
    pub fn start_in(&mut self, group: &str, arguments: &[&str]) -> Party {
        let output = self.file("out").into();
        self.spawn(group, arguments, output)
    }

    /// Starts a server in the group whose lines go there. It has said nothing as far as its party knows.
    pub fn start_onto(&mut self, output: impl Into<Stdio>, arguments: &[&str]) -> Party {
        self.file("out");
        self.spawn(&self.group.clone(), arguments, output.into())
    }

    /// A file of the server that is started next.
    fn file(&self, kind: &str) -> fs::File {
        fs::File::create(self.folder.join(format!("{}.{kind}", self.started))).unwrap()
    }

    fn spawn(&mut self, group: &str, arguments: &[&str], output: Stdio) -> Party {
        let child = command(arguments)
            .args(["--group", group])
            .stdout(output)
            .stderr(self.file("err"))
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let name = self.started.to_string();
        self.started += 1;
        Party {
            child,
            folder: self.folder.clone(),
            name,
        }
    }
}

impl Drop for Meeting {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Party {
    /// Everything that it has printed.
    pub fn said(&self) -> String {
        self.read("out")
    }

    /// Everything that it has complained of.
    pub fn complained(&self) -> String {
        self.read("err")
    }

    fn read(&self, kind: &str) -> String {
        fs::read_to_string(self.folder.join(format!("{}.{kind}", self.name))).unwrap()
    }

    /// The lines that it has printed which contain this, without the names and stages before.
    pub fn lines_with(&self, part: &str) -> Vec<String> {
        let said = self.said();
        let lines = said.lines().filter(|line| line.contains(part));
        lines.map(str::to_owned).collect()
    }

    /// The id of its only node.
    pub fn id(&self) -> String {
        self.full_id().chars().take(8).collect()
    }

    /// All digits of the id of its only node.
    pub fn full_id(&self) -> String {
        self.says("others join with --join ", 1);
        let line = self.lines_with("others join with --join ").remove(0);
        let (_, id) = line.split_once("--join ").unwrap();
        id.split_once('@').unwrap().0.to_owned()
    }

    /// Waits until it has said who it is, and compares the id with that of another.
    pub fn has_id_of(&self, other: &Self) -> bool {
        self.id() == other.id()
    }

    /// Waits until so many lines contain this.
    pub fn says(&self, part: &str, times: usize) {
        let what = format!("'{part}' is said {times} times by server {}", self.name);
        eventually(&what, || {
            let ended = self.has_ended();
            let enough = self.lines_with(part).len() >= times;
            assert!(
                enough || !ended,
                "{what}: it ended\n{}\n{}",
                self.said(),
                self.complained()
            );
            enough
        });
    }

    fn has_ended(&self) -> bool {
        let state = fs::read_to_string(format!("/proc/{}/stat", self.child.id()));
        state.map_or(true, |state| state.contains(") Z "))
    }

    pub fn pid(&self) -> u64 {
        self.child.id().into()
    }

    /// Ends it as Ctrl-C does, and gives its exit status.
    pub fn stop(mut self) -> ExitStatus {
        signal(self.pid(), "INT");
        self.wait()
    }

    /// Waits until it has ended.
    pub fn wait(&mut self) -> ExitStatus {
        let mut status = None;
        let child = &mut self.child;
        eventually("the server ends", || {
            status = child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }

    /// Kills it at once.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Party {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
