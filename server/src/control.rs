//! The endpoint at which a server takes commands about its processes. It listens on loopback alone, and refuses foreign hosts and
//! web pages as the processes do.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::time::Duration;

use quorate_wire::method::{
    ProcessKill, ProcessList, ProcessPause, ProcessRestart, ProcessResume, ServerStop, Supervised,
};
use quorate_wire::{Endpoint, Fault};
use tokio::sync::watch;

use crate::supervisor::order::{Order, Refused};
use crate::{Process, starting};

/// Where a server takes commands. Nobody is answered until it serves.
#[derive(Debug)]
pub(crate) struct Control {
    listener: TcpListener,
    pub(crate) address: SocketAddr,
}

impl Control {
    /// Takes any free port of loopback.
    pub(crate) fn bind() -> io::Result<Self> {
        let any: [SocketAddr; 2] = [
            (Ipv4Addr::LOCALHOST, 0).into(),
            (Ipv6Addr::LOCALHOST, 0).into(),
        ];
        let listener = TcpListener::bind(&any[..])?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Serves until `shutdown` completes. `stop` becomes true when somebody asks the server to end.
    pub(crate) async fn serve(
        self,
        processes: Vec<Process>,
        stop: watch::Sender<bool>,
        shutdown: impl Future<Output = ()> + Send,
    ) -> io::Result<()> {
        let listener = tokio::net::TcpListener::from_std(self.listener)?;
        endpoint(processes, stop).serve(listener, shutdown).await
    }
}

fn endpoint(processes: Vec<Process>, stop: watch::Sender<bool>) -> Endpoint {
    let all = processes.clone();
    let order = move |name: String, order: Order| {
        let processes = processes.clone();
        async move {
            let process = find(&processes, &name)?;
            let done = process.order(order).await;
            done.map_err(|refused| fault_of(&refused))?;
            Ok(process)
        }
    };
    let (kill, restart, pause) = (order.clone(), order.clone(), order.clone());
    let resume = order;
    Endpoint::new()
        .method(move |_: ProcessList| {
            let listed = all.iter().map(supervised).collect();
            async { Ok(listed) }
        })
        .method(move |call: ProcessKill| {
            let done = kill(call.process, Order::Kill);
            async { done.await.map(|process| supervised(&process)) }
        })
        .method(move |call: ProcessRestart| {
            let done = restart(call.process, Order::Restart);
            async {
                let process = done.await?;
                let answers = starting::wait_until_it_answers(&process).await;
                answers.map_err(|error| Fault::system(error.to_string()))?;
                Ok(supervised(&process))
            }
        })
        .method(move |call: ProcessPause| {
            let time = call.milliseconds.map(Duration::from_millis);
            let done = pause(call.process, Order::Pause(time));
            async { done.await.map(|process| supervised(&process)) }
        })
        .method(move |call: ProcessResume| {
            let done = resume(call.process, Order::Resume);
            async { done.await.map(|process| supervised(&process)) }
        })
        .method(move |_: ServerStop| {
            stop.send_replace(true);
            async { Ok("the server ends its processes and itself".to_owned()) }
        })
}

fn find(processes: &[Process], name: &str) -> Result<Process, Fault> {
    let found = processes.iter().find(|process| process.name == name);
    found.cloned().ok_or_else(|| {
        let names: Vec<_> = processes.iter().map(|one| one.name.as_str()).collect();
        let name: String = name.chars().take(40).collect();
        Fault::new(
            Fault::UNKNOWN_PROCESS,
            format!(
                "there is no process '{name}' here: name one of {}",
                names.join(", ")
            ),
        )
    })
}

fn fault_of(refused: &Refused) -> Fault {
    match refused {
        Refused::System { .. } => Fault::system(refused.to_string()),
        Refused::Gone { .. } | Refused::NotPaused(_) => {
            Fault::new(Fault::WRONG_STATE, refused.to_string())
        }
    }
}

fn supervised(process: &Process) -> Supervised {
    let state = process.state();
    Supervised {
        process: process.name.clone(),
        port: process.address.port(),
        pid: state.pid().unwrap_or_default().into(),
        state: state.word().to_owned(),
        reason: state.reason(),
        restarts: process.restarts(),
    }
}
