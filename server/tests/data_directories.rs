//! A data directory that is damaged, or is not this cluster's, is told from a good one, and refused with what to do. Nothing in it
//! changes, so what was damaged can be put back.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use support::http::Connection;
use support::{Server, command, eventually, signal};

/// A folder of this test, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = format!("quorate-data-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Makes a data directory, or goes on with it: a cluster runs in it, orders something, and ends.
fn use_once(data: &Path) {
    let server = Server::start(&["--faulty", "none", "--data-dir", text(data)]);
    let mut process = Connection::to(server.processes[0].port);
    process.submit("set x=42").unwrap();
    drop(process);
    server.stop();
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

fn names(of: &Path) -> Vec<String> {
    let entries = fs::read_dir(of).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// Starts a server that must refuse the directory: it says so, ends with 2, and has started nothing.
fn refusal(arguments: &[&str]) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = support::run(&[&["--base-port", "0"], arguments].concat());
    let said = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(2), "{said}");
    assert!(stdout.is_empty(), "{}", String::from_utf8_lossy(&stdout));
    said
}

fn turn_bits(path: &Path, from: usize, count: usize) {
    let mut bytes = fs::read(path).unwrap();
    for byte in &mut bytes[from..from + count] {
        *byte ^= 0xff;
    }
    fs::write(path, bytes).unwrap();
}

fn exchange(one: &Path, other: &Path) {
    let (first, second) = (fs::read(one).unwrap(), fs::read(other).unwrap());
    fs::write(one, second).unwrap();
    fs::write(other, first).unwrap();
}

#[test]
fn what_is_damaged_or_of_another_cluster_is_refused_by_its_name_and_kept() {
    let folder = Folder::new("kinds");
    let (good, older, strange) = (
        folder.path("good"),
        folder.path("older"),
        folder.path("strange"),
    );
    use_once(&good);
    copy(&good, &older);
    use_once(&good);
    use_once(&strange);
    let put = |from: &Path, name: &str, into: &Path| {
        fs::copy(from.join(name), into.join(name)).unwrap();
    };
    type Spoil<'a> = &'a dyn Fn(&Path);
    let spoilt: [(&str, Spoil<'_>, &[&str], [&str; 2]); 12] = [
        (
            "cut",
            &|data| {
                let bytes = fs::read(data.join("Q.redb")).unwrap();
                fs::write(data.join("Q.redb"), &bytes[..bytes.len() / 2]).unwrap();
            },
            &[],
            ["Q.redb", "it is damaged; move it away"],
        ),
        (
            "empty",
            &|data| fs::write(data.join("Q.redb"), "").unwrap(),
            &[],
            ["Q.redb", "it is damaged; move it away"],
        ),
        (
            "bits of its head",
            &|data| turn_bits(&data.join("Q.redb"), 0, 64),
            &[],
            ["Q.redb", "it is damaged; move it away"],
        ),
        (
            "bits of all its pages",
            &|data| {
                for page in 1..8 {
                    turn_bits(&data.join("Q.redb"), page * 4096 + 20, 200);
                }
            },
            &[],
            ["Q.redb", "it is damaged; move it away"],
        ),
        (
            "another process's records",
            &|data| exchange(&data.join("Q.redb"), &data.join("R.redb")),
            &[],
            ["holds the records of process", "put each file back"],
        ),
        (
            "another cluster's records",
            &|data| put(&strange, "Q.redb", data),
            &[],
            [
                "it holds the records of process Q in cluster",
                "put each file back",
            ],
        ),
        (
            "another cluster's keys",
            &|data| put(&strange, "keys.json", data),
            &[],
            ["holds the records of process", "put each file back"],
        ),
        (
            "an old copy",
            &|data| put(&older, "Q.redb", data),
            &[],
            ["Q.redb", "it is an old copy"],
        ),
        (
            "another version",
            &|data| {
                let path = data.join("keys.json");
                let keys = fs::read_to_string(&path).unwrap();
                assert!(
                    keys.contains("\"v\": 7") || keys.contains("\"v\":7"),
                    "{keys}"
                );
                let other = keys
                    .replace("\"v\": 7", "\"v\": 6")
                    .replace("\"v\":7", "\"v\":6");
                fs::write(&path, other).unwrap();
            },
            &[],
            ["version", "choose another --data-dir"],
        ),
        (
            "more processes",
            &|_| {},
            &["--processes", "7"],
            [
                "holds the keys of other nodes, P, Q, R, S",
                "choose another --data-dir",
            ],
        ),
        (
            "fewer processes",
            &|_| {},
            &["--processes", "3"],
            [
                "holds the keys of other nodes, P, Q, R, S",
                "choose another --data-dir",
            ],
        ),
        (
            "other rules",
            &|_| {},
            &["--default-decision", "attack"],
            ["default decision", "retreat"],
        ),
    ];
    for (what, spoil, arguments, words) in spoilt {
        let data = folder.path("spoilt");
        copy(&good, &data);
        spoil(&data);
        let touched: Vec<_> = names(&good)
            .into_iter()
            .filter(|name| fs::read(good.join(name)).ok() != fs::read(data.join(name)).ok())
            .collect();
        let in_it = ["--data-dir", text(&data)];
        let said = refusal(&[&in_it, arguments].concat());
        for words in words {
            assert!(said.contains(words), "{what}: {said}");
        }
        // What was spoilt is put back. All else is as it was, or counts one start more.
        for name in touched {
            put(&good, &name, &data);
        }
        let server = Server::start(&[&in_it[..], &["--faulty", "none"]].concat());
        let answer = Connection::to(server.processes[1].port).submit("get x");
        assert!(answer.unwrap().contains("42"), "{what}");
        server.stop();
        fs::remove_dir_all(&data).unwrap();
    }
}

/// A shell that limits what a server can write, and then becomes that server. Nothing if this machine does not allow it.
fn limited(limit: &str, arguments: &[&str]) -> Option<Output> {
    let shell = |words: &str| {
        let mut shell = Command::new("unshare");
        shell.args(["--mount", "sh", "-c", words, "sh"]);
        shell
    };
    let allowed = shell(limit).output();
    if !allowed.is_ok_and(|allowed| allowed.status.success()) {
        return None;
    }
    let server = command(arguments);
    let mut limited = shell(&format!("{limit} && exec \"$@\""));
    Some(
        limited
            .arg(server.get_program())
            .args(server.get_args())
            .output()
            .unwrap(),
    )
}

/// A directory that cannot be written is named, whether it was used before or not.
#[test]
fn a_directory_that_can_only_be_read_is_refused_and_still_good() {
    let folder = Folder::new("read-only");
    let (used, new) = (folder.path("used"), folder.path("new"));
    use_once(&used);
    let place = text(&folder.0);
    let limit = format!("mount --bind '{place}' '{place}' && mount -o remount,bind,ro '{place}'");
    for data in [&used, &new] {
        let arguments = ["--base-port", "0", "--data-dir", text(data)];
        let Some(output) = limited(&limit, &arguments) else {
            println!("skipped: this user may not mount a folder read-only here");
            return;
        };
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(text(data)), "{said}");
        assert!(said.contains("Read-only file system"), "{said}");
    }
    use_once(&used);
}

/// In units of 512 bytes: no room for the keys, for half of them, for the records of a process, for half of these.
#[test]
fn a_new_directory_on_a_full_disk_is_named_and_good_once_there_is_room() {
    let folder = Folder::new("no-room");
    for blocks in [0, 1, 8, 1024] {
        let data = folder.path(&blocks.to_string());
        let server = command(&["--base-port", "0", "--data-dir", text(&data)]);
        let limit = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
        let mut limited = Command::new("sh");
        limited.args(["-c", &limit, "sh"]);
        limited.arg(server.get_program()).args(server.get_args());
        let output = limited.stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{blocks}: {said}");
        assert!(said.contains(text(&data)), "{blocks}: {said}");
        assert!(said.contains("File too large"), "{blocks}: {said}");
        use_once(&data);
        use_once(&data);
    }
}

/// A store that was not closed is repaired when it is opened.
fn was_closed(store: &Path) -> bool {
    let repaired = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&repaired);
    let opened = redb::Builder::new()
        .set_repair_callback(move |_| told.store(true, Ordering::Relaxed))
        .open(store);
    drop(opened.unwrap());
    !repaired.load(Ordering::Relaxed)
}

#[test]
fn a_server_that_ends_while_it_works_has_closed_the_store_of_each_process() {
    let folder = Folder::new("closed");
    for (end, is_closed) in [("TERM", true), ("INT", true), ("KILL", false)] {
        let data = folder.path(end);
        let mut server = Server::start(&["--faulty", "none", "--data-dir", text(&data)]);
        let ports: Vec<_> = server
            .processes
            .iter()
            .map(|process| process.port)
            .collect();
        let (busy, is_busy) = mpsc::channel();
        let callers = ports.into_iter().map(|port| {
            let busy = busy.clone();
            thread::spawn(move || {
                let mut process = Connection::to(port);
                for number in 0.. {
                    if process.submit(&format!("set {port}={number}")).is_err() {
                        return;
                    }
                    // Nobody listens any more once the server was told to end.
                    let _ = busy.send(());
                }
            })
        });
        let callers: Vec<_> = callers.collect();
        for _ in 0..50 {
            is_busy.recv().unwrap();
        }
        if end == "KILL" {
            // Those that lose their server close their stores.
            server.processes.iter().for_each(|one| signal(one.pid, end));
        }
        server.signal(end);
        server.wait();
        callers
            .into_iter()
            .for_each(|caller| caller.join().unwrap());
        for name in ["P", "Q", "R", "S"] {
            let store = data.join(format!("{name}.redb"));
            assert_eq!(was_closed(&store), is_closed, "{end}: {name}");
        }
    }
}

/// The limit stands for the disk: a write beyond it fails as one to a full disk does, and changes nothing.
#[test]
fn a_disk_that_gets_full_ends_a_process_and_what_was_acknowledged_is_there_when_it_has_room() {
    let folder = Folder::new("full");
    let data = folder.path("data");
    use_once(&data);
    // In units of 512 bytes: 3 MiB. A file has 1 MiB at most when it is opened, and doubles whenever it has no room.
    let blocks = 3 * 2048;
    let limit = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
    let server = Server::start_by(
        &["sh", "-c", &limit, "sh"],
        &["--faulty", "none", "--data-dir", text(&data)],
    );
    let mut process = Connection::to(server.processes[0].port);
    let mut acknowledged = 0;
    let refused = loop {
        match process.submit(&format!("set n{acknowledged}={}", "v".repeat(4000))) {
            Ok(_) => acknowledged += 1,
            Err(error) => break error,
        }
        assert!(acknowledged < 10_000, "the limit is never reached");
    };
    assert!(acknowledged > 0, "{refused}: {}", server.complaints());
    // Their files do not grow alike: one process ends first, and with two gone the others write no more.
    eventually("a process ends for want of room", || {
        let said = server.complaints();
        said.contains("File too large") && said.contains("ended on its own")
    });
    server.stop();
    let server = Server::start(&["--faulty", "none", "--data-dir", text(&data)]);
    let mut process = Connection::to(server.processes[0].port);
    for number in 0..acknowledged {
        let answer = process.submit(&format!("get n{number}")).unwrap();
        assert!(
            answer.contains("vvvv"),
            "n{number} of {acknowledged} is lost: {answer}"
        );
    }
    server.stop();
}
