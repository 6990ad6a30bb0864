//! The commands of the README for PBFT over HTTP/JSON, as a user pastes them into a shell, but on free ports.
#![allow(clippy::unwrap_used)]

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of the binaries, if `server` is among them: it is built with the whole workspace.
fn binaries() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_BIN_EXE_client")).parent().unwrap();
    if folder.join("server").exists() {
        return Some(folder.to_owned());
    }
    assert!(
        std::env::var_os("QUORATE_ALL_TESTS").is_none(),
        "there is no server"
    );
    eprintln!("skipped: build the whole workspace first, for the binary `server`");
    None
}

/// The commands of a section, one a line.
fn commands(section: &str) -> Vec<String> {
    let readme = include_str!("../../README.md");
    let (_, section) = readme.split_once(section).unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let lines: Vec<&str> = section
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .collect();
    let lines = lines.join("\n").replace("\\\n", " ");
    lines.lines().map(str::to_owned).collect()
}

/// Ports from `first` on, as many as are needed and free.
fn free_ports() -> Vec<u16> {
    let start = 32_100 + u16::try_from(std::process::id() % 500).unwrap();
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    (start..).filter(free).take(6).collect()
}

#[test]
fn the_commands_for_http_work_as_they_stand() {
    let Some(binaries) = binaries() else {
        return;
    };
    let folder = std::env::temp_dir().join(format!("quorate-readme-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("web")).unwrap();
    let mut yaml = include_str!("../../web/pbft.yaml").to_owned();
    let mut commands = commands("## PBFT over HTTP/JSON").join("\n");
    let known = ["30000", "30001", "30002", "30003", "20001", "20002"];
    for (port, free) in known.into_iter().zip(free_ports()) {
        yaml = yaml.replace(port, &free.to_string());
        commands = commands.replace(port, &free.to_string());
    }
    std::fs::write(folder.join("web/pbft.yaml"), yaml).unwrap();
    assert!(
        commands.starts_with("cargo build --release\n"),
        "{commands}"
    );
    let commands = commands
        .replace("cargo build --release\n", "")
        .replace("target/release", &binaries.display().to_string())
        // The nodes listen before they say so.
        .replace(
            "done\n",
            "done > said\nuntil [ \"$(grep -c running said)\" = 4 ]; do sleep 0.05; done\n",
        );
    let script = format!("set -e\ntrap 'kill $(jobs -p)' EXIT\n{commands}\n");
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(&folder)
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{script}{printed}{complained}");
    assert!(printed.contains("succeeded       │ 5"), "{printed}");
    assert!(printed.contains(r#"{"id":[1,0]}"#), "{printed}");
    assert!(
        complained.contains("307 Temporary Redirect"),
        "{complained}"
    );
    std::fs::remove_dir_all(&folder).unwrap();
}
