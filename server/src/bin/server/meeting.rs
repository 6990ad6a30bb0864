//! `server HOST PORT [N]`: nodes that look for others.

use std::num::NonZeroU32;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use quorate_fault::grammar;
use quorate_gather::MOST_NODES;
use quorate_node::gather::{GatherConfig, Join, Mdns, Pass};
use quorate_server::gather::{
    bind, invitation, resolve, run_one, run_several, secret, somebody_listens, status_of,
};
use quorate_server::logging::Logging;
use quorate_server::options::usual_view_timeout;
use quorate_service::gathering::{Name, Offer, Wish};

use crate::options::{Gather, Options};

/// How many nodes the cluster has if nothing was said.
const USUAL_NODES: u32 = 4;

/// What the node offers if nothing was said.
const USUAL_OFFER: &str = "auction";

/// Where to start nodes, and how many.
pub(crate) struct Meeting<'a> {
    host: &'a str,
    port: u16,
    /// `None`: one node, at this very port.
    joining: Option<u32>,
}

impl<'a> Meeting<'a> {
    /// The meeting that the command line asks for, if it asks for one.
    pub(crate) fn of(options: &'a Options) -> Option<Self> {
        Some(Self {
            host: options.meeting_host.as_ref()?,
            port: options.meeting_port?,
            joining: options.joining,
        })
    }

    /// Runs the nodes until they are told to stop, or end by themselves.
    pub(crate) async fn run(self, options: &Options, logging: Logging) -> anyhow::Result<ExitCode> {
        let mut signals = options.output.stop_signals().context("signal handlers")?;
        let stopped = async move {
            signals.received().await;
        };
        let passes = passes(&options.gather, self.joining.unwrap_or(1))?;
        let mut config = config(options, &passes)?;
        if options.gather.lan && resolve(self.host, 0)?.ip().is_loopback() {
            bail!(
                "--lan: {} is on loopback, and others cannot call it: give the address of this machine in its network",
                self.host
            );
        }
        let status = match self.joining {
            None => {
                let (listener, address) = bind(self.host, self.port)?;
                config.address = address;
                status_of(run_one(config, listener, false, stopped).await?)
            }
            Some(_) => {
                let there = resolve(self.host, self.port)?;
                somebody_listens(there)?;
                let first = Join {
                    address: there,
                    id: None,
                };
                config.join.insert(0, first);
                run_several(&config, self.host, passes, logging, stopped).await?
            }
        };
        Ok(ExitCode::from(status))
    }
}

/// What lets each of so many nodes in.
fn passes(gather: &Gather, count: u32) -> anyhow::Result<Vec<Pass>> {
    if let Some(path) = &gather.secret_file {
        return Ok(vec![secret(path)?; count as usize]);
    }
    let invited = gather.invitation.len();
    if invited == 0 {
        return Ok(vec![Pass::Open; count as usize]);
    }
    if invited != count as usize {
        bail!(
            "{invited} invitations for {count} nodes: give --invitation once for each node that is started"
        );
    }
    gather
        .invitation
        .iter()
        .map(|path| invitation(path))
        .collect()
}

/// How many nodes the cluster will have: as many as it has seats, if seats are made for it.
fn nodes(gather: &Gather, passes: &[Pass]) -> anyhow::Result<NonZeroU32> {
    let seats = match passes.first() {
        Some(Pass::Invited { seats, .. }) => u32::try_from(seats.len()).ok(),
        _ => None,
    };
    let nodes = gather.expect.or(seats).unwrap_or(USUAL_NODES);
    NonZeroU32::new(nodes)
        .filter(|nodes| (2..=MOST_NODES).contains(&nodes.get()))
        .with_context(|| {
            format!("a cluster has 2 to {MOST_NODES} nodes, not {nodes} (--expect, or the number of seats)")
        })
}

/// The configuration of a node. Its address is still to come.
fn config(options: &Options, passes: &[Pass]) -> anyhow::Result<GatherConfig> {
    let Options {
        cluster, gather, ..
    } = options;
    let nodes = nodes(gather, passes)?;
    let view_timeout = cluster
        .view_timeout
        .unwrap_or_else(|| usual_view_timeout(nodes.get()));
    Ok(GatherConfig {
        address: ([127, 0, 0, 1], 0).into(),
        group: gather.group.clone().unwrap_or_default(),
        nodes: nodes.get(),
        entry: passes.first().cloned().unwrap_or(Pass::Open),
        join: gather.join.clone(),
        mdns: mdns(gather),
        offer: offer(gather)?,
        without: without(&gather.constraint)?,
        bids: bids(&gather.bid)?,
        data_dir: options.places.data_dir.clone(),
        once: gather.once,
        wait_ms: gather.wait.map(milliseconds),
        fault: fault(&cluster.faulty, nodes)?,
        seed: cluster.seed,
        default_decision: cluster.default_decision.clone(),
        view_timeout_ms: milliseconds(view_timeout),
        batch_limit: cluster.batch_limit,
        decision_timeout_ms: milliseconds(cluster.decision_timeout),
        trace: cluster.trace,
        allowed_hosts: options.places.allowed_host.clone(),
    })
}

const fn mdns(gather: &Gather) -> Mdns {
    match (gather.no_mdns, gather.lan) {
        (true, _) => Mdns::Off,
        (false, true) => Mdns::Lan,
        (false, false) => Mdns::Loopback,
    }
}

fn milliseconds(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// How the nodes misbehave. Their places in the cluster are not known yet.
fn fault(faulty: &[String], nodes: NonZeroU32) -> anyhow::Result<Option<String>> {
    let words = match faulty {
        [] => return Ok(None),
        [words] if words == "none" => return Ok(None),
        [words] => words,
        _ => bail!(
            "--faulty: with HOST and PORT write one behaviour, which all nodes of this start have"
        ),
    };
    grammar::parse_before_founding(words, nodes).with_context(|| {
        format!(
            "--faulty {words}: with HOST and PORT write a behaviour without the name of a process"
        )
    })?;
    Ok(Some(words.clone()))
}

/// The offer, from its options.
fn offer(gather: &Gather) -> anyhow::Result<Offer> {
    let services = gather.offer.as_deref().unwrap_or(USUAL_OFFER);
    let mut words = vec![services.to_owned()];
    let can = numbers(gather.capability.iter().map(String::as_str), "--capability")?;
    words.extend((!can.is_empty()).then(|| format!("can={can}")));
    let is_term = |term: &&str| {
        let name = term.split_once('=').map_or(*term, |(name, _)| name);
        ["least", "most", "deadline"].contains(&name)
    };
    let constraints = gather.constraint.iter().map(String::as_str);
    let constraints = constraints.filter(|term| !term.starts_with(WITHOUT));
    let (terms, needs): (Vec<_>, Vec<_>) = constraints.partition(is_term);
    let needs = numbers(needs.into_iter(), "--constraint")?;
    words.extend((!needs.is_empty()).then(|| format!("needs={needs}")));
    words.extend(terms.into_iter().map(str::to_owned));
    words.extend(gather.prefer.iter().map(|order| format!("prefer={order}")));
    Offer::parse(&words.join(" "))
        .context("the offer that --offer, --capability, --constraint and --prefer make")
}

/// The term that excludes nodes.
const WITHOUT: &str = "without=";

/// The first digits of the ids of excluded nodes, as lines show them.
fn without(constraints: &[String]) -> anyhow::Result<Vec<String>> {
    let lists = constraints
        .iter()
        .filter_map(|term| term.strip_prefix(WITHOUT));
    let ids = lists.flat_map(|list| list.split(',')).map(|id| {
        let is_digit = |digit: u8| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit);
        if (8..=64).contains(&id.len()) && id.bytes().all(is_digit) {
            Ok(id.to_owned())
        } else {
            bail!("--constraint {WITHOUT}{id}: write the id of a node, its first 8 digits or more, as its lines show it")
        }
    });
    ids.collect()
}

/// `NAME=NUMBER` of the command line as an offer has it: `NAME:NUMBER,...`.
fn numbers<'a>(texts: impl Iterator<Item = &'a str>, option: &str) -> anyhow::Result<String> {
    let pairs = texts.map(|text| match text.split_once('=') {
        Some((name, number)) => Ok(format!("{name}:{number}")),
        None => bail!("{option} {text}: write NAME=NUMBER, such as cores=4"),
    });
    Ok(pairs.collect::<anyhow::Result<Vec<_>>>()?.join(","))
}

/// The lots and amounts of `--bid`. A second bid for a lot would make the node contradict itself.
fn bids(texts: &[String]) -> anyhow::Result<Vec<(Name, u64)>> {
    let mut bids: Vec<(Name, u64)> = Vec::new();
    for text in texts {
        let bid = text
            .split_once('=')
            .and_then(|(lot, amount)| Some((lot.parse().ok()?, amount.parse().ok()?)));
        let (lot, amount): (Name, u64) =
            bid.with_context(|| format!("--bid {text}: write LOT=AMOUNT, such as lamp=75"))?;
        let checked = Wish::Bid(lot.clone(), amount).check();
        checked.with_context(|| format!("--bid {text}"))?;
        if bids.iter().any(|(other, _)| *other == lot) {
            bail!("--bid {text}: a node bids once for a lot, and '{lot}' has a bid already");
        }
        bids.push((lot, amount));
    }
    Ok(bids)
}
