//! A page, typed into a shell.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::output::is_shown;
use crate::page::{Block, Kind, Page};
use crate::ports::{self, Ports};
use crate::root;
use crate::stand_ins::STAND_INS;

/// What the shell does around the page's own lines.
const PRELUDE: &str = include_str!("prelude.bash");
/// `server` and `client` on the page's ports.
const SERVER: &str = include_str!("server.sh");
const CLIENT: &str = include_str!("client.sh");
/// What the commands of the pages name.
const FOLDERS: [&str; 5] = [
    "examples",
    "simulator/scenarios",
    "simulator/plans",
    "simulator/tests/nodes",
    "web",
];
const PROGRAMS: [&str; 4] = ["server", "client", "simulate", "maelstrom-node"];
/// What a machine may lack.
const TOOLS: [&str; 4] = ["curl", "python3", "pytest", "xmlrpc"];
/// Far more than any page takes, even on a machine that is busy building.
const PATIENCE: Duration = Duration::from_secs(600);

/// The folder of the programs, if they are there: they are built with the whole workspace.
pub(crate) fn programs() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_BIN_EXE_client")).parent().unwrap();
    let missing = PROGRAMS.iter().find(|name| !folder.join(name).exists());
    let Some(missing) = missing else {
        return Some(folder.to_owned());
    };
    assert!(
        std::env::var_os("QUORATE_ALL_TESTS").is_none(),
        "there is no {missing}"
    );
    eprintln!("skipped: build the whole workspace first, for the program '{missing}'");
    None
}

/// Types a page into a shell, from top to bottom.
///
/// # Errors
/// A line ended otherwise than the page says, or printed something else; the text says which.
pub(crate) fn type_in(page: &Page, programs: &Path) -> Result<(), String> {
    if let Some(tool) = missing_tool(page) {
        assert!(
            std::env::var_os("QUORATE_ALL_TESTS").is_none(),
            "there is no {tool}"
        );
        eprintln!("skipped: {}: there is no {tool}", page.path);
        return Ok(());
    }
    let desk = Desk::set_up(page, programs);
    let script = desk.script(page)?;
    desk.run(page, &script)
}

/// A tool that a page's commands begin with and that is not here.
fn missing_tool(page: &Page) -> Option<&'static str> {
    let text: String = page
        .blocks
        .iter()
        .filter(|block| block.kind == Kind::Shell)
        .map(|block| &*block.text)
        .collect();
    let named = |tool: &&str| text.split_whitespace().any(|word| word == *tool);
    TOOLS.into_iter().filter(named).find(|tool| !is_here(tool))
}

fn is_here(tool: &str) -> bool {
    let mut command = match tool {
        "pytest" => {
            let mut python = Command::new(python());
            python.args(["-m", "pytest"]);
            python
        }
        other => Command::new(other),
    };
    let output = command.arg("--version").output();
    output.is_ok_and(|output| output.status.success())
}

/// The path of the interpreter: its name stands for a script of the page's own folder.
fn python() -> String {
    let wanted = std::env::var("QUORATE_PYTHON").unwrap_or_else(|_| "python3".into());
    let itself = Command::new(&wanted)
        .args(["-c", "import sys; print(sys.executable)"])
        .output();
    itself.map_or(wanted, |output| {
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    })
}

/// A folder in which a page's commands find what they name.
struct Desk {
    folder: PathBuf,
    ports: Ports,
}

impl Drop for Desk {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.folder).unwrap();
    }
}

impl Desk {
    fn set_up(page: &Page, programs: &Path) -> Self {
        let name = page.path.replace(['/', '.'], "-");
        let folder = std::env::temp_dir().join(format!("quorate-{name}-{}", std::process::id()));
        let desk = Self {
            folder,
            ports: Ports::free(),
        };
        for part in FOLDERS {
            desk.copy(&root().join(part), &desk.work().join(part));
        }
        fs::create_dir_all(desk.bin()).unwrap();
        for program in PROGRAMS {
            match program {
                "server" => desk.script_file(program, SERVER, programs),
                "client" => desk.script_file(program, CLIENT, programs),
                other => symlink(programs.join(other), desk.bin().join(other)).unwrap(),
            }
        }
        desk.script_file(
            "python3",
            &format!("#!/bin/sh\nexec '{}' \"$@\"\n", python()),
            programs,
        );
        desk.script_file(
            "pytest",
            "#!/bin/sh\nexec python3 -m pytest \"$@\"\n",
            programs,
        );
        desk
    }

    /// Where the page's commands run.
    fn work(&self) -> PathBuf {
        self.folder.join("work")
    }

    /// Where the programs are.
    fn bin(&self) -> PathBuf {
        self.folder.join("bin")
    }

    /// Copies the texts of a folder, with free ports.
    fn copy(&self, from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                continue;
            }
            if let Ok(text) = fs::read_to_string(entry.path()) {
                fs::write(
                    to.join(entry.file_name()),
                    self.ports.free_for_written(&text),
                )
                .unwrap();
            }
        }
    }

    fn script_file(&self, name: &str, text: &str, programs: &Path) {
        let path = self.bin().join(name);
        let text = text
            .replace("PROGRAMS", programs.to_str().unwrap())
            .replace("BASE_PORT", &self.ports.base().to_string());
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// What the shell runs.
    fn script(&self, page: &Page) -> Result<String, String> {
        let mut script = PRELUDE.to_owned();
        for block in &page.blocks {
            let typed = match block.kind {
                Kind::Shell => commands(&block.text),
                Kind::Python => {
                    let name = format!("block-{}.py", block.line);
                    fs::write(
                        self.folder.join(&name),
                        self.ports.free_for_written(&block.text),
                    )
                    .unwrap();
                    format!("python3 ../{name}\n")
                }
                Kind::Excerpt | Kind::Output => continue,
            };
            if let Some(port) = ports::unknown(&block.text) {
                return Err(format!(
                    "{}:{}: port {port} is none that the tests replace",
                    page.path, block.line
                ));
            }
            let end_jobs = if starts_a_server(&block.text) {
                "end_jobs\n"
            } else {
                ""
            };
            let typed = self.ports.free_for_written(&typed);
            script += &format!("{end_jobs}at {}\n{typed}", block.line);
        }
        Ok(script + "at end\n")
    }

    fn run(&self, page: &Page, script: &str) -> Result<(), String> {
        let path = self.folder.join("page.bash");
        fs::write(&path, script).unwrap();
        let search = std::env::var("PATH").unwrap_or_default();
        let shell = Command::new("bash")
            .arg(&path)
            .current_dir(self.work())
            .env("PATH", format!("{}:{search}", self.bin().display()))
            .env("RUN", &self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let status = ended(shell);
        let at = fs::read_to_string(self.folder.join("at")).unwrap_or_default();
        let at = at.trim();
        if status != Some(0) {
            return Err(format!(
                "{}:{at}: a line of this block ended with {}:\n{}{}",
                page.path,
                status.map_or("no status in time".into(), |status| format!(
                    "exit status {status}"
                )),
                self.printed(at),
                self.logs(),
            ));
        }
        self.compare(page)
    }

    /// Compares what was printed with what the page shows.
    fn compare(&self, page: &Page) -> Result<(), String> {
        let mut last: Option<&Block> = None;
        for block in &page.blocks {
            let place = format!("{}:{}", page.path, block.line);
            match block.kind {
                Kind::Output => {}
                Kind::Excerpt if self.is_in_an_example(&block.text) => continue,
                Kind::Excerpt => {
                    return Err(format!("{place}: this stands in no file of examples/"));
                }
                Kind::Shell | Kind::Python => {
                    last = Some(block);
                    continue;
                }
            }
            let last = last.ok_or_else(|| format!("{place}: no block before it prints this"))?;
            let printed = self.printed(&last.line.to_string());
            if !is_shown(&block.text, &printed) {
                return Err(format!(
                    "{place}: the page shows\n{}\nand the block before it printed\n{printed}",
                    block.text
                ));
            }
        }
        Ok(())
    }

    fn is_in_an_example(&self, text: &str) -> bool {
        let mut files = fs::read_dir(self.work().join("examples")).unwrap();
        files.any(|file| {
            fs::read_to_string(file.unwrap().path()).is_ok_and(|file| file.contains(text))
        })
    }

    /// What the page's servers logged.
    fn logs(&self) -> String {
        let files = fs::read_dir(&self.folder)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let logs =
            files.filter(|path| path.extension().is_some_and(|extension| extension == "log"));
        logs.map(|path| {
            format!(
                "{}:\n{}",
                path.display(),
                fs::read_to_string(&path).unwrap()
            )
        })
        .collect()
    }

    /// What the block at this line printed.
    fn printed(&self, line: &str) -> String {
        let output = fs::read(self.folder.join(format!("{line}.out"))).unwrap_or_default();
        self.ports
            .written_for_free(&String::from_utf8_lossy(&output))
    }
}

/// Whether a block has a server in the background. Those of the blocks before are stopped first: their ports are needed.
fn starts_a_server(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim);
    lines.any(|line| line.contains("server") && (line.ends_with('&') || line.ends_with("& done")))
}

/// A block's lines: replaced where a test cannot run them, and with the exit status that the page says.
fn commands(text: &str) -> String {
    let text = text.replace("\\\n", " ");
    text.lines()
        .map(command)
        .map(|line| format!("{line}\n"))
        .collect()
}

fn command(line: &str) -> String {
    if let Some(stand_in) = STAND_INS.iter().find(|stand_in| stand_in.written == line) {
        return stand_in.run.to_owned();
    }
    match line.rsplit_once("# exit ") {
        Some((command, status)) => format!(
            "ended=0; {} || ended=$?; expect {status} $ended",
            command.trim_end()
        ),
        None => line.to_owned(),
    }
}

/// The exit status of a shell. A shell that does not end in time is killed with all that it started.
fn ended(mut shell: Child) -> Option<i32> {
    let started = Instant::now();
    loop {
        if let Some(status) = shell.try_wait().unwrap() {
            return status.code();
        }
        if started.elapsed() > PATIENCE {
            let group = format!("-{}", shell.id());
            Command::new("kill")
                .args(["-KILL", "--", &group])
                .status()
                .unwrap();
            shell.wait().unwrap();
            return None;
        }
        sleep(Duration::from_millis(20));
    }
}
