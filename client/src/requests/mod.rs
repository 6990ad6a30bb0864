//! `client requests`: a client of PBFT over HTTP/JSON. It listens on its address in `pbft.yaml`, sends its requests one after
//! the other, and accepts a result once f+1 nodes have posted the same reply.

mod receiver;
mod sender;
mod summary;

use std::num::NonZeroU32;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail, ensure};
use quorate_cli::console::complain;
use quorate_cli::progress::bar;
use quorate_protocol::Quorum;
use quorate_web::PbftYaml;
use quorate_web::config::Address;

use crate::exit::Exit;
use crate::options::RequestsOptions;
use crate::render::write_out;
use receiver::Receiver;
use sender::{End, Sender};
use summary::Summary;

/// Sends the requests and prints the summary.
pub(crate) async fn command(options: &RequestsOptions) -> anyhow::Result<Exit> {
    let config = PbftYaml::read(&options.config)?;
    for warning in &config.warnings {
        complain(format_args!("warning: {warning}"));
    }
    let own = own_address(&config, options.id)?;
    let nodes = u32::try_from(config.nodes.len())
        .ok()
        .and_then(NonZeroU32::new);
    let quorum = Quorum::of(nodes.context("there must be at least one node")?);
    let receiver = Receiver::start(&config, usize::try_from(options.id)?, &own, quorum).await?;
    let progress = bar(options.messages, "requests");
    let mut sender = Sender::new(
        &config,
        options.id,
        &own,
        quorum,
        receiver,
        progress.clone(),
    );
    let first = first_seq()?;
    let mut summary = Summary::default();
    let mut exit = Exit::NoDecision;
    for number in 0..options.messages {
        let data = options.data.replace("{}", &number.to_string());
        let outcome = sender.request(number, first + number, data).await?;
        summary.add(&outcome)?;
        progress.inc(1);
        progress.set_message(format!(", {} retried", summary.retried));
        match outcome.end {
            None => {}
            Some(End::NobodyThere) => {
                progress.finish_and_clear();
                let file = options.config.display();
                bail!(
                    "{}: start the nodes with `server --config {file}`",
                    outcome.error.unwrap_or_default()
                );
            }
            Some(End::Refused) => {
                exit = Exit::Usage;
                break;
            }
            Some(End::NobodyLeft) => break,
            Some(End::Broken) => {
                exit = Exit::Broken;
                break;
            }
        }
    }
    progress.finish_and_clear();
    if summary.succeeded == options.messages {
        exit = Exit::Agree;
    }
    write_out(&summary.render(options.format, exit)?)?;
    if exit != Exit::Agree
        && let Some(why) = &summary.why
    {
        complain(format_args!("error: {why}"));
    }
    Ok(exit)
}

/// The `seq_id` of a run's first request. The same id is the same request to the nodes, so no two runs may share one: the
/// microseconds since 1970, of which a request takes many.
fn first_seq() -> anyhow::Result<u64> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.context("the clock stands before 1970")?;
    Ok(u64::try_from(now.as_micros())?)
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
