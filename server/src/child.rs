//! One child process. It starts with its listener and its configuration, is watched until it ends, and is stopped by
//! closing its standard input.

use std::ffi::OsStr;
use std::io;
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use command_fds::{CommandFdExt, FdMapping};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::Serialize;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::logging::Logging;
use crate::state::words;

/// The first descriptor after standard error, where `listenfd` looks.
const LISTENER_DESCRIPTOR: i32 = 3;

/// How long a child may take to end after its standard input is closed.
const GRACE: Duration = Duration::from_secs(2);

/// The wait status of a child that ends with exit status 1.
pub(crate) const FAILED: i32 = 1 << 8;

/// What a child runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A process of a cluster whose nodes know each other. It prints nothing.
    Replica,
    /// A node that looks for others. It prints what it does.
    Gatherer,
}

impl Role {
    const ALL: [Self; 2] = [Self::Replica, Self::Gatherer];

    /// The hidden argument with which a binary starts itself again.
    pub(crate) const fn argument(self) -> &'static str {
        match self {
            Self::Replica => "replica",
            Self::Gatherer => "gatherer",
        }
    }

    /// The role with this hidden argument.
    pub(crate) fn with_argument(argument: &OsStr) -> Option<Self> {
        let mut roles = Self::ALL.into_iter();
        roles.find(|role| role.argument() == argument)
    }

    fn output(self) -> Stdio {
        match self {
            Self::Replica => Stdio::null(),
            Self::Gatherer => Stdio::inherit(),
        }
    }
}

/// A running child. It ends when this end of its standard input is closed.
pub(crate) struct RunningChild {
    child: Child,
    lifeline: ChildStdin,
}

impl RunningChild {
    /// Starts `executable` as one process. This process's copy of the listener is closed on return.
    pub(crate) async fn start(
        executable: &Path,
        role: Role,
        config: &impl Serialize,
        listener: TcpListener,
        logging: Logging,
    ) -> io::Result<Self> {
        let mut child =
            tokio::process::Command::from(command(executable, role, listener, logging)?)
                .kill_on_drop(true)
                .spawn()?;
        let mut lifeline = child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut line = serde_json::to_vec(config)?;
        line.push(b'\n');
        lifeline.write_all(&line).await?;
        Ok(Self { child, lifeline })
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits until the child has ended. If that cannot be seen, it counts as failed.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        self.child.wait().await.unwrap_or_else(|error| {
            tracing::error!("it cannot be seen how a child ended ({error}): it counts as failed");
            ExitStatus::from_raw(FAILED)
        })
    }

    /// Ends the child at once.
    pub(crate) async fn kill(&mut self) -> ExitStatus {
        // Killing fails only if the child has already ended.
        let _ = self.child.start_kill();
        self.ended().await
    }

    /// Holds the child up.
    pub(crate) fn pause(&self) -> io::Result<()> {
        self.signal(Signal::SIGSTOP)
    }

    /// Lets a child that is held up go on.
    pub(crate) fn resume(&self) -> io::Result<()> {
        self.signal(Signal::SIGCONT)
    }

    fn signal(&self, signal: Signal) -> io::Result<()> {
        // A child that has ended keeps its number until it is waited for, and then has none.
        let pid = self.child.id().and_then(|pid| i32::try_from(pid).ok());
        let pid = pid.ok_or(io::ErrorKind::NotFound)?;
        Ok(kill(Pid::from_raw(pid), signal)?)
    }

    /// Lets the child end in order, also one that is held up, and kills it if it takes too long.
    pub(crate) async fn end(mut self) {
        // It fails only if the child has already ended.
        let _ = self.resume();
        drop(self.lifeline);
        if timeout(GRACE, self.child.wait()).await.is_err() {
            // Killing fails only if the child has already ended.
            let _ = self.child.kill().await;
        }
    }

    /// Watches a node that looks for others until it ends by itself, or until `stop` becomes true. Reports an end through `ended`,
    /// and a failure through the log. The node may end because its work is done.
    pub(crate) async fn watch(
        mut self,
        name: String,
        ended: watch::Sender<Option<ExitStatus>>,
        mut stop: watch::Receiver<bool>,
    ) {
        let status = tokio::select! {
            status = self.ended() => status,
            () = told(&mut stop) => return self.end().await,
        };
        if !status.success() {
            tracing::warn!(
                process = name,
                "process {name} ended on its own ({})",
                words(status)
            );
        }
        ended.send_replace(Some(status));
    }
}

/// Completes when `stop` becomes true, or when its sender is gone.
pub(crate) async fn told(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

fn command(
    executable: &Path,
    role: Role,
    listener: TcpListener,
    logging: Logging,
) -> io::Result<Command> {
    let mut command = Command::new(executable);
    command
        .arg(role.argument())
        .env("LISTEN_FDS", "1")
        .env_remove("LISTEN_PID")
        .env_remove("LISTEN_FDS_FIRST_FD")
        .stdin(Stdio::piped())
        .stdout(role.output());
    logging.hand_to(&mut command);
    command
        .fd_mappings(vec![FdMapping {
            parent_fd: listener.into(),
            child_fd: LISTENER_DESCRIPTOR,
        }])
        .map_err(io::Error::other)?;
    Ok(command)
}
