//! The tested endpoint, in a process of its own.

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use quorate_wire::Limits;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::common::validator::EchoStruct;
use crate::common::{Heap, Wait, call, echo, post};
use crate::http::{Answer, Connection};
use crate::{ALLOCATOR, NEAR};

/// The argument that makes this program the endpoint.
pub(crate) const COMMAND: &str = "endpoint";
/// The endpoint's time-out for headers, for bodies and for callers to take answers.
pub(crate) const PATIENCE: Duration = Duration::from_secs(3);
/// How long a case waits for an answer before it fails, on a busy machine.
const ANSWER_TIME: Duration = Duration::from_secs(100);
/// The memory for a connection, in KiB.
const FOR_EACH_CONNECTION: usize = 24;
/// Open files beside connections.
const OTHER_FILES: u64 = 200;

/// Raises the soft limit of open files to the hard one. Endpoints that start later inherit it.
pub(crate) fn raise_the_limit_of_files() {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).unwrap();
}

/// The wished number of connections, or fewer if the limit of open files is lower.
pub(crate) fn as_many_as(wished: usize) -> usize {
    let (soft, _) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    let allowed = usize::try_from(soft.saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX);
    if allowed < wished {
        println!("{allowed} connections instead of {wished}: a process may have {soft} files open");
    }
    wished.min(allowed)
}

/// Serves until standard input ends. The arguments are the number of connections and, if it differs from this
/// process's, the number of open files.
pub(crate) fn serve() -> ExitCode {
    let mut numbers = std::env::args()
        .skip(2)
        .map(|number| number.parse::<usize>().unwrap());
    let connections = numbers.next().unwrap();
    if let Some(files) = numbers.next() {
        let files = files.try_into().unwrap();
        setrlimit(Resource::RLIMIT_NOFILE, files, files).unwrap();
    }
    let limits = Limits {
        connections,
        header_time: PATIENCE,
        body_time: PATIENCE,
        call: 4 * PATIENCE,
        ..Limits::default()
    };
    std::panic::set_hook(Box::new(|panic| {
        // Do not print the panics of the method that panics on purpose. There are many.
        if panic.payload().downcast_ref() != Some(&"as the test wants") {
            eprintln!("{panic}");
        }
    }));
    let counts = Arc::new((AtomicU64::new(0), AtomicU64::new(0)));
    let endpoint = echo()
        .method(|EchoStruct(mut params)| async move { Ok(params.remove(0)) })
        .method(move |Wait(text)| {
            let counts = Arc::clone(&counts);
            async move {
                let (began, ended) = &*counts;
                if let Ok(time) = text.parse() {
                    began.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(time)).await;
                    ended.fetch_add(1, Ordering::Relaxed);
                }
                let [began, ended] = [began, ended].map(|count| count.load(Ordering::Relaxed));
                Ok(format!("{began} {ended}"))
            }
        })
        .method(|Heap(text)| async move {
            if text == "reset" {
                ALLOCATOR.reset_peak_usage();
            }
            let [used, peak] = [ALLOCATOR.current_usage(), ALLOCATOR.peak_usage()];
            Ok(format!("{} {}", used / 1024, peak / 1024))
        })
        .limits(limits);
    // The same runtime as the processes use.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let served = runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?.port());
        let (ending, input_ended) = oneshot::channel::<()>();
        std::thread::spawn(move || {
            // Also ends at an error of standard input.
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
            drop(ending);
        });
        endpoint
            .serve(listener, async {
                let _ = input_ended.await;
            })
            .await
    });
    served.map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS)
}

/// The memory of a process in KiB: in use, and resident. Resident memory includes some that the allocator keeps for
/// later.
pub(crate) struct Memory {
    pub(crate) used: usize,
    pub(crate) used_peak: usize,
    pub(crate) resident: usize,
    pub(crate) resident_peak: usize,
}

/// A running endpoint. It ends with this process.
pub(crate) struct Process {
    pub(crate) address: SocketAddr,
    connections: usize,
    child: Child,
    _input: ChildStdin,
}

impl Process {
    pub(crate) fn start(connections: usize, files: Option<usize>) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg(COMMAND)
            .arg(connections.to_string())
            .args(files.map(|files| files.to_string()))
            // Looking up the lines of a panic would take memory and keep it.
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut port)
            .unwrap();
        Self {
            address: ([127, 0, 0, 1], port.trim().parse().unwrap()).into(),
            connections,
            _input: child.stdin.take().unwrap(),
            child,
        }
    }

    pub(crate) fn connect(&self) -> Connection {
        let stream = TcpStream::connect(self.address).unwrap();
        // A call without an answer fails its case instead of hanging it.
        stream.set_read_timeout(Some(ANSWER_TIME)).unwrap();
        stream.set_nodelay(true).unwrap();
        Connection::new(stream)
    }

    /// Sends bytes on a new connection and reads the one answer.
    pub(crate) fn send(&self, request: impl AsRef<[u8]>) -> Answer {
        let mut connection = self.connect();
        connection.write(request);
        connection.answer().expect("an answer")
    }

    /// Posts a body on a new connection.
    pub(crate) fn post(&self, body: impl AsRef<[u8]>) -> Answer {
        self.send(post("/RPC2", "Content-Type: text/xml\r\n", body))
    }

    /// Calls on a new connection, which the endpoint may refuse.
    pub(crate) fn try_to_echo(&self, text: &str) -> Option<()> {
        let mut connection = self.connect();
        connection.write(post("/RPC2", "", call("echo", text)));
        let answer = connection.answer()?;
        (answer.status != 503).then(|| answer.is_text(text))
    }

    /// How long a normal call takes, with its connection.
    pub(crate) fn call_normally(&self) -> Duration {
        let began = Instant::now();
        self.post(call("echo", "normal")).is_text("normal");
        began.elapsed()
    }

    pub(crate) fn memory(&self) -> Memory {
        let [used, used_peak] = self.post(call("heap", "")).numbers();
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).unwrap();
        let number = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.unwrap().trim().strip_suffix(" kB").unwrap();
            number.parse().unwrap()
        };
        Memory {
            used,
            used_peak,
            resident: number("VmRSS:"),
            resident_peak: number("VmHWM:"),
        }
    }

    /// Whether memory has come back near to what it was before.
    pub(crate) fn is_near(&self, before: &Memory, after: &Memory) -> bool {
        let kept = self.connections * FOR_EACH_CONNECTION + Limits::default().bodies / 1024;
        after.used <= before.used + NEAR && after.resident <= before.resident + kept
    }

    /// Resets the peaks, so that they cover only what follows.
    pub(crate) fn forget_the_peaks(&self) {
        self.post(call("heap", "reset")).is_status(200);
        std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5").unwrap();
    }
}
