//! One live process.
mod config;
pub use config::NodeConfig;

/// Runs one process until `shutdown` completes.
///
/// # Errors
/// The configuration or the listener cannot be used.
pub async fn run(
    config: NodeConfig,
    listener: std::net::TcpListener,
    shutdown: impl Future<Output = ()> + Send,
) -> anyhow::Result<()> {
    let _ = (config, listener);
    shutdown.await;
    Ok(())
}
