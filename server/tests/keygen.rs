//! Nodes of one `pbft.yaml` on several machines: each machine is a folder with a copy of the file.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use support::nodes::{curl, free_port, yaml_of};
use support::{eventually, run};

/// Two machines, of two nodes each.
struct Machines {
    folder: PathBuf,
    ports: Vec<u16>,
    client: u16,
    running: Vec<Child>,
}

impl Machines {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("quorate-{name}-{}", std::process::id()));
        let ports: Vec<u16> = (0..4).map(|_| free_port()).collect();
        let client = free_port();
        for machine in ["a", "b"] {
            fs::create_dir_all(folder.join(machine)).unwrap();
            fs::write(
                folder.join(machine).join("pbft.yaml"),
                yaml_of(&ports, client),
            )
            .unwrap();
        }
        Self {
            folder,
            ports,
            client,
            running: Vec::new(),
        }
    }

    fn machine_of(&self, index: usize) -> PathBuf {
        self.folder.join(if index < 2 { "a" } else { "b" })
    }

    /// Makes the keys on the first machine, and takes to the second what belongs there.
    fn share_keys(&self) {
        let output = run(&[
            "keygen",
            "--config",
            self.in_a("pbft.yaml").to_str().unwrap(),
        ]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            printed.lines().eq([
                "keys.json",
                "secret-0.json",
                "secret-1.json",
                "secret-2.json",
                "secret-3.json"
            ]
            .map(|file| self
                .in_a(&format!("pbft.yaml.keys/{file}"))
                .display()
                .to_string()))
        );
        for file in ["keys.json", "secret-2.json", "secret-3.json"] {
            let from = self.in_a(&format!("pbft.yaml.keys/{file}"));
            fs::copy(&from, self.folder.join("b").join(file)).unwrap();
            if file.starts_with("secret") {
                assert_eq!(
                    fs::metadata(&from).unwrap().permissions().mode() & 0o777,
                    0o600
                );
                fs::remove_file(from).unwrap();
            }
        }
    }

    fn in_a(&self, file: &str) -> PathBuf {
        self.folder.join("a").join(file)
    }

    fn start(&mut self, shared: bool) {
        for index in 0..4 {
            let machine = self.machine_of(index);
            let mut node =
                support::command(&["--config", "pbft.yaml", "--index", &index.to_string()]);
            if shared {
                let keys = if index < 2 { "pbft.yaml.keys/" } else { "" };
                node.args(["--keys", &format!("{keys}keys.json")]);
                node.args(["--secret-key", &format!("{keys}secret-{index}.json")]);
            }
            let said = fs::File::create(self.folder.join(format!("stderr{index}"))).unwrap();
            let child = node
                .current_dir(machine)
                .stdout(Stdio::null())
                .stderr(said)
                .spawn();
            self.running.push(child.unwrap());
        }
        for index in 0..4 {
            eventually("the node answers", || {
                let output = curl(&["-s", &self.url(index, "/status")]);
                serde_json::from_str::<Value>(&output).is_ok()
            });
        }
    }

    fn url(&self, index: usize, path: &str) -> String {
        format!("http://localhost:{}{path}", self.ports[index])
    }

    fn request(&self) {
        let request = json!({
            "id": [0, 0],
            "client_url": format!("http://localhost:{}/reply", self.client),
            "timestamp": 1.5,
            "data": "x",
        });
        let url = self.url(0, "/request");
        let printed = curl(&["-s", "-L", "--data", &request.to_string(), &url]);
        assert_eq!(printed, "{\"id\":[0,0]}\n");
    }

    fn log(&self, index: usize) -> String {
        curl(&["-s", &self.url(index, "/log")])
    }

    fn said(&self, index: usize) -> String {
        fs::read_to_string(self.folder.join(format!("stderr{index}"))).unwrap()
    }
}

impl Drop for Machines {
    fn drop(&mut self) {
        for node in &mut self.running {
            let _ = node.kill();
            let _ = node.wait();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn with_shared_keys_nodes_on_two_machines_are_one_cluster() {
    let mut machines = Machines::new("shared");
    machines.share_keys();
    machines.start(true);
    machines.request();
    for index in 0..4 {
        eventually("it is decided everywhere", || {
            machines.log(index) == "[[[0, 0], \"x\"]]\n"
        });
        let said = machines.said(index);
        assert!(!said.contains("another cluster"), "{said}");
    }
}

#[test]
fn without_them_each_node_says_once_of_each_peer_elsewhere_what_is_wrong_and_what_to_do() {
    let mut machines = Machines::new("apart");
    machines.start(false);
    let peer_elsewhere = [["R", "S"], ["R", "S"], ["P", "Q"], ["P", "Q"]];
    for (index, peers) in peer_elsewhere.into_iter().enumerate() {
        let sentence =
            |peer: &str| format!("{peer}'s messages are signed under the keys of another cluster");
        for peer in peers {
            eventually("the node says so", || {
                machines.said(index).contains(&sentence(peer))
            });
        }
        // Twenty more of such messages come meanwhile.
        let before = curl(&["-s", &machines.url(index, "/status")]);
        let sent =
            |text: &str| serde_json::from_str::<Value>(text).unwrap()["messages_sent"].as_u64();
        eventually("more is sent", || {
            sent(&curl(&["-s", &machines.url(index, "/status")]))
                > sent(&before).map(|sent| sent + 20)
        });
        let said = machines.said(index);
        for peer in peers {
            assert_eq!(said.matches(&sentence(peer)).count(), 1, "{said}");
        }
        assert!(
            said.contains("run `server keygen --config FILE` once"),
            "{said}"
        );
        assert!(!said.contains("does not hold"), "{said}");
        let refusals = said.matches("the peer refuses what it is sent").count();
        assert!(refusals <= 2, "{said}");
    }
}

/// What `server` says when it refuses these arguments in this folder.
fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_server"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    assert!(output.stdout.is_empty());
    said
}

#[test]
fn keys_that_do_not_belong_together_are_refused_with_the_file_and_what_to_give() {
    let machines = Machines::new("refused");
    machines.share_keys();
    let folder = machines.folder.join("b");
    let start = |keys: &str, secret: &str| {
        let node = ["--config", "pbft.yaml", "--index", "2"];
        refused(
            &folder,
            &[&node[..], &["--keys", keys, "--secret-key", secret]].concat(),
        )
    };
    let advice = "give --keys the keys.json and --secret-key the secret-INDEX.json of one run";
    for (keys, secret, words) in [
        (
            "nowhere.json",
            "secret-2.json",
            "nowhere.json: No such file",
        ),
        ("keys.json", "nowhere.json", "nowhere.json: No such file"),
        (
            "secret-2.json",
            "secret-2.json",
            "secret-2.json: it is damaged, or is not a keys.json",
        ),
        (
            "keys.json",
            "keys.json",
            "keys.json: it is damaged, or is not a secret-INDEX.json",
        ),
        (
            "keys.json",
            "secret-3.json",
            "this is the secret key of node 3, not of node 2",
        ),
    ] {
        let said = start(keys, secret);
        assert!(said.contains(words) && said.contains(advice), "{said}");
    }
    let again = refused(
        &machines.folder.join("a"),
        &["keygen", "--config", "pbft.yaml"],
    );
    assert!(again.contains("keys.json: File exists"), "{again}");
    assert!(
        again.contains("existing keys are never overwritten"),
        "{again}"
    );

    let more = ["keygen", "--config", "pbft.yaml", "--out", "more"];
    let made = support::command(&more)
        .current_dir(&folder)
        .output()
        .unwrap();
    assert_eq!(made.status.code(), Some(0), "{made:?}");
    let said = start("keys.json", "more/secret-2.json");
    assert!(
        said.contains("does not belong to the public keys in keys.json"),
        "{said}"
    );
    let yaml = fs::read_to_string(folder.join("pbft.yaml")).unwrap();
    let other = yaml.replace(&machines.ports[3].to_string(), &free_port().to_string());
    fs::write(folder.join("pbft.yaml"), other).unwrap();
    let said = start("keys.json", "secret-2.json");
    assert!(
        said.contains("keys.json: these are the keys of localhost:"),
        "{said}"
    );
    for (arguments, words) in [
        (
            &[
                "--config",
                "pbft.yaml",
                "--index",
                "2",
                "--keys",
                "keys.json",
            ][..],
            "add '--secret-key'",
        ),
        (
            &["--config", "pbft.yaml", "--keys", "k", "--secret-key", "s"],
            "add '--index'",
        ),
        (&["keygen"], "--config <FILE>"),
        (&["keygen", "--config", "nowhere"], "nowhere: No such file"),
    ] {
        let said = refused(&folder, arguments);
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn keys_that_cannot_all_be_written_leave_nothing_behind_and_what_was_there_stays() {
    let machines = Machines::new("partial");
    let folder = machines.folder.join("a");
    let keys = folder.join("pbft.yaml.keys");
    fs::create_dir(&keys).unwrap();
    fs::write(keys.join("secret-2.json"), "older").unwrap();
    let said = refused(&folder, &["keygen", "--config", "pbft.yaml"]);
    assert!(said.contains("secret-2.json: File exists"), "{said}");
    let left = fs::read_dir(&keys).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["secret-2.json"]);
    assert_eq!(
        fs::read_to_string(keys.join("secret-2.json")).unwrap(),
        "older"
    );
}

#[test]
fn keys_of_another_version_are_refused_with_both_versions() {
    let machines = Machines::new("version");
    machines.share_keys();
    let folder = machines.folder.join("b");
    for file in ["secret-2.json", "keys.json"] {
        let text = fs::read_to_string(folder.join(file)).unwrap();
        fs::write(folder.join(file), text.replace("\"v\": 1", "\"v\": 2")).unwrap();
        let said = refused(
            &folder,
            &[
                "--config",
                "pbft.yaml",
                "--index",
                "2",
                "--keys",
                "keys.json",
                "--secret-key",
                "secret-2.json",
            ],
        );
        let words = format!("{file}: it has version 2, and this program reads version 1");
        assert!(said.contains(&words), "{said}");
    }
}

#[test]
fn a_secret_key_that_others_can_read_is_warned_of_with_what_to_do() {
    let mut machines = Machines::new("readable");
    machines.share_keys();
    let open = |path: &Path| fs::set_permissions(path, fs::Permissions::from_mode(0o640)).unwrap();
    let secret = machines.folder.join("b/secret-2.json");
    open(&secret);
    machines.start(true);
    let warning = "secret-2.json: others can read this secret key: run `chmod 600 secret-2.json`";
    assert!(machines.said(2).contains(warning), "{}", machines.said(2));
    for index in [0, 1, 3] {
        let said = machines.said(index);
        assert!(!said.contains("others can read"), "{said}");
    }
}

#[test]
fn keys_in_a_data_directory_that_others_can_read_are_warned_of() {
    let folder = std::env::temp_dir().join(format!("quorate-readable-keys-{}", std::process::id()));
    let path = folder.to_str().unwrap();
    let start = ["--data-dir", path];
    let server = support::Server::start(&start);
    let said = server.complaints();
    assert!(!said.contains("others can read"), "{said}");
    server.stop();
    let keys = folder.join("keys.json");
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o644)).unwrap();
    let said = support::Server::start(&start).complaints();
    let warning = format!(
        "others can read these secret keys: run `chmod 600 {}`",
        keys.display()
    );
    assert_eq!(said.matches(&warning).count(), 1, "{said}");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn keygen_warns_of_a_key_that_the_file_should_not_have() {
    let machines = Machines::new("warned");
    let file = machines.in_a("pbft.yaml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text + "colour: red\n").unwrap();
    let made = run(&["keygen", "--config", file.to_str().unwrap()]);
    assert_eq!(made.status.code(), Some(0), "{made:?}");
    let said = String::from_utf8_lossy(&made.stderr).into_owned();
    assert!(
        said.starts_with("warning: ") && said.contains("colour"),
        "{said}"
    );
}
