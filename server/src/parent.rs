//! What a child gets from its parent: its configuration, its listener, and the end of its life.

use std::io::{self, BufRead, Read};
use std::net::TcpListener;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};
use listenfd::ListenFd;
use quorate_cli::console::complain;
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

use crate::child::Role;

/// How long a child may take to end once its parent has ended. After that it ends at once.
const GRACE: Duration = Duration::from_millis(1500);

/// What a child got from its parent: its configuration and its listener. Complains and gives the exit status if it got nothing.
pub(crate) fn inherited<T: DeserializeOwned>(role: Role) -> Result<(T, TcpListener), ExitCode> {
    wake_when_the_parent_ends();
    let inherited = take_listener().and_then(|listener| Ok((read_config()?, listener)));
    inherited.map_err(|error| {
        let role = role.argument();
        complain(format_args!(
            "error: {error:#}; `{role}` is for `server` itself: run `server` instead"
        ));
        ExitCode::from(2)
    })
}

/// A child that is paused does not see that its standard input has ended. So the kernel lets it go on when its parent ends, in
/// whatever way. Only Linux does that; elsewhere a child that is paused outlives a parent that was killed.
fn wake_when_the_parent_ends() {
    #[cfg(target_os = "linux")]
    if let Err(error) = nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGCONT) {
        complain(format_args!(
            "warning: this process stays behind if it is paused when its server is killed: {error}"
        ));
    }
}

fn take_listener() -> anyhow::Result<TcpListener> {
    let Some(listener) = ListenFd::from_env()
        .take_tcp_listener(0)
        .context("the inherited listener")?
    else {
        bail!("no listener was inherited");
    };
    listener
        .set_nonblocking(true)
        .context("the inherited listener")?;
    Ok(listener)
}

fn read_config<T: DeserializeOwned>() -> anyhow::Result<T> {
    let mut line = String::new();
    io::stdin()
        .lock()
        .read_line(&mut line)
        .context("standard input")?;
    // The cause is left out: it could quote the line, which holds a secret key.
    serde_json::from_str(&line)
        .map_err(|_| anyhow::anyhow!("standard input holds no configuration"))
}

/// Completes when the parent closes its end of standard input, or has ended in whatever way.
pub(crate) fn parent_gone() -> io::Result<impl Future<Output = ()> + Send> {
    let (gone, told) = oneshot::channel();
    when_input_ends(move || {
        let _ = gone.send(());
        thread::sleep(GRACE);
        std::process::exit(0);
    })?;
    Ok(async {
        let _ = told.await;
    })
}

/// Does something, in a thread of its own, when standard input ends. What comes from there until then is not looked at.
pub(crate) fn when_input_ends(act: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new()
        .name("lifeline".into())
        .spawn(move || {
            wait_for_end_of_input();
            act();
        })?;
    Ok(())
}

fn wait_for_end_of_input() {
    let mut scratch = [0; 64];
    let mut input = io::stdin().lock();
    loop {
        match input.read(&mut scratch) {
            Ok(0) => return,
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return,
            _ => {}
        }
    }
}
