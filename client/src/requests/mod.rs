//! `client requests`: a client of PBFT over HTTP/JSON. It listens on its address in `pbft.yaml`, sends its requests one after
//! the other, and takes a request for done once f+1 nodes have posted the same reply.

mod receiver;
mod sender;
mod summary;

use std::num::NonZeroU32;

use anyhow::{Context as _, bail, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use quorate_protocol::Quorum;
use quorate_web::PbftYaml;
use quorate_web::config::Address;

use crate::exit::Exit;
use crate::options::RequestsOptions;
use crate::render::write_out;
use receiver::Receiver;
use sender::Sender;
use summary::Summary;

/// Sends the requests and prints the summary.
pub(crate) async fn command(options: &RequestsOptions) -> anyhow::Result<Exit> {
    let config = PbftYaml::read(&options.config)?;
    for warning in &config.warnings {
        eprintln!("warning: {warning}");
    }
    let own = own_address(&config, options.id)?;
    let nodes = u32::try_from(config.nodes.len())
        .ok()
        .and_then(NonZeroU32::new);
    let quorum = Quorum::of(nodes.context("there must be at least one node")?);
    let receiver = Receiver::start(&own, quorum).await?;
    let mut sender = Sender::new(&config, options.id, &own, quorum, receiver);
    let progress = progress_bar(options.messages)?;
    let mut summary = Summary::default();
    let mut exit = Exit::NoDecision;
    for seq in 0..options.messages {
        let data = options.data.replace("{}", &seq.to_string());
        let outcome = sender.request(seq, data).await?;
        summary.add(&outcome)?;
        progress.inc(1);
        progress.set_message(format!("{} retried", summary.retried));
        if outcome.refused {
            exit = Exit::Usage;
            break;
        }
    }
    progress.finish_and_clear();
    write_out(&summary.render(options.format)?)?;
    if summary.succeeded == options.messages {
        return Ok(Exit::Agree);
    }
    if let Some(why) = &summary.why {
        eprintln!("error: {why}");
    }
    Ok(exit)
}

/// Where this client listens.
fn own_address(config: &PbftYaml, id: u64) -> anyhow::Result<Address> {
    let count = config.clients.len();
    ensure!(
        count > 0,
        "the file lists no clients: add one under `clients`"
    );
    match usize::try_from(id)
        .ok()
        .and_then(|id| config.clients.get(id))
    {
        Some(address) => Ok(address.clone()),
        None => bail!("--id {id}: the file lists clients 0 to {}", count - 1),
    }
}

/// On standard error, and only where somebody sees it.
fn progress_bar(messages: u64) -> anyhow::Result<ProgressBar> {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}")
        .context("the progress bar's template")?;
    Ok(ProgressBar::new(messages).with_style(style))
}
