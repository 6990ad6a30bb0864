//! A process that is ready to run: its runtime, its endpoint and its listener.

use std::sync::Arc;

use anyhow::Context as _;
use quorate_wire::Endpoint;
use tokio::net::TcpListener;

use crate::config::NodeConfig;
use crate::herald::Gathered;
use crate::question;
use crate::rpc::Handle;
use crate::runtime::Runtime;
use crate::task::Task;
use crate::{Ending, limits, metrics, rpc, web};

/// A process that nothing can keep from answering.
pub(crate) struct Ready {
    runtime: Runtime,
    endpoint: Endpoint,
    listener: TcpListener,
    handle: Handle,
}

impl Ready {
    /// `gathered`: how it takes part in a gathering. `endpoint`: what it serves beside its own methods.
    pub(crate) fn new(
        config: &NodeConfig,
        listener: std::net::TcpListener,
        gathered: Option<Gathered>,
        endpoint: Endpoint,
    ) -> anyhow::Result<Self> {
        let listener = listening(listener)?;
        let ip = listener
            .local_addr()
            .context("the listener cannot be used")?
            .ip();
        let (to_runtime, at_runtime) = question::ways(config.addresses.len());
        let mut runtime = Runtime::new(config, gathered, ip.is_loopback(), at_runtime)?;
        let reception = runtime.reception(config, to_runtime.batches.clone());
        let handle = Handle::new(config, ip.is_loopback(), to_runtime);
        let endpoint = rpc::register(endpoint, &handle)
            .links(Arc::new(reception))
            .routes(metrics::routes(config, handle.clone()))
            .limits(limits(config, ip));
        let endpoint = match &config.web {
            Some(web) => endpoint.routes(web::routes(web, handle.clone())),
            None => endpoint,
        };
        Ok(Self {
            runtime,
            endpoint,
            listener,
            handle,
        })
    }

    /// What its methods need.
    pub(crate) const fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Runs until `shutdown` completes, or until the process crashes as configured.
    pub(crate) async fn run(
        self,
        shutdown: impl Future<Output = ()> + Send,
    ) -> anyhow::Result<Ending> {
        // Nobody may ask once the endpoint has ended: the runtime ends then.
        drop(self.handle);
        let mut crashed = Task::spawn(self.runtime.run());
        let (stop_endpoint, stopped) = tokio::sync::oneshot::channel::<()>();
        let serving = self.endpoint.serve(self.listener, async move {
            let _ = stopped.await;
        });
        tokio::pin!(serving);
        tokio::pin!(shutdown);
        tokio::select! {
            result = &mut serving => result.context("the endpoint failed").map(|()| Ending::ShutDown),
            ending = &mut crashed => ending.context("the runtime failed"),
            () = &mut shutdown => {
                drop(stop_endpoint);
                // End the runtime first. Callers that wait for it then get an error while the endpoint can still send it.
                drop(crashed);
                serving.await.context("the endpoint failed").map(|()| Ending::ShutDown)
            }
        }
    }
}

/// The listener, for tokio.
pub(crate) fn listening(listener: std::net::TcpListener) -> anyhow::Result<TcpListener> {
    listener
        .set_nonblocking(true)
        .context("the listener cannot be used")?;
    TcpListener::from_std(listener).context("the listener cannot be used")
}
