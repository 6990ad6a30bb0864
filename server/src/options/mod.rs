//! The command-line options of every binary that starts processes.

use std::num::NonZeroU32;
use std::time::Duration;

use clap::Args;
use quorate_fault::link::{self, LinkError, Rules};
use quorate_fault::{FaultPlan, Scene, grammar};
use quorate_node::since_1970;
use quorate_protocol::{Config, Quorum};
use quorate_service::exchange::{BadDecision, check_decision};
use quorate_web::config::MOST_NODES;

use crate::logging::{self, Logging};
use crate::{ClusterConfig, Restart, WebPlan};

/// The most processes that one start may have: as many as a `pbft.yaml` may list.
pub const MOST_PROCESSES: u32 = MOST_NODES;

/// The text below the options in the long help of every binary that has these options.
#[must_use]
pub fn help() -> String {
    format!("{}\n\n{}", grammar::help(), logging::HELP)
}

/// The same for binaries that have [`LinkOptions`] too.
#[must_use]
pub fn help_with_links() -> String {
    format!("{}\n\n{}", link::help(), help())
}

/// The text below the options in the short help. It names the command that lists the behaviours.
#[must_use]
pub fn brief_help(command: &str) -> String {
    format!("`{command}` lists the behaviours and triggers of a fault.")
}

/// The options for faults and times.
#[derive(Args, Clone, Debug)]
pub struct ClusterOptions {
    #[allow(
        rustdoc::broken_intra_doc_links,
        reason = "brackets of the help are no links"
    )]
    /// Which processes are faulty: NAME[=BEHAVIOUR[:ARGUMENT][@TRIGGER]...],... or none [default: P, or none with a pbft.yaml]
    ///
    /// A name alone is `deny`: P refuses everyone its decision. `P=lie,Q=delay:200ms@after=2s` makes two processes faulty. The
    /// behaviours and triggers are listed below.
    #[arg(long, value_name = "FAULTS")]
    pub faulty: Vec<String>,
    /// The seed of random faults [default: drawn at each start]
    ///
    /// What faulty processes do at random comes from this number. `client status --format json` shows it.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// What a tie decides
    #[arg(long, value_name = "DECISION", default_value = "retreat", value_parser = parse_decision)]
    pub default_decision: String,
    /// How long backups wait for the primary [default: 500ms or more]
    ///
    /// After that time a backup asks for the next view. The default is longer with more than 6 processes, and with a
    /// pbft.yaml it is the file's network_timeout.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub view_timeout: Option<Duration>,
    /// The most requests in one slot
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=65536))]
    pub batch_limit: u32,
    /// How long a round may take to be decided
    ///
    /// `finalize_decision` waits so long.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_time)]
    pub decision_timeout: Duration,
    /// Keep a trace of what each process does (docs/trace.md)
    ///
    /// The method trace() reads it. Each process keeps its latest 50,000 events.
    #[arg(long, hide_short_help = true)]
    pub trace: bool,
}

/// The options for the links between processes.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Links")]
pub struct LinkOptions {
    #[allow(
        rustdoc::broken_intra_doc_links,
        reason = "brackets of the help are no links"
    )]
    /// What happens to messages on their way, repeatable: 'P->Q: delay 10ms±5ms', '*->S commit: loss 5% @2s-6s'
    ///
    /// FROM->TO[ KINDS]: EFFECT,...[ @FROM-TO]; `<->` is both directions, `*` all processes. The first rule that fits a message decides.
    /// Times count from the start of the server. The effects are listed below.
    #[arg(long, value_name = "RULE")]
    pub link: Vec<String>,
    /// Which processes cannot reach each other, repeatable: P+Q/R+S@2s-6s
    ///
    /// These are cuts in both directions, and come before the rules of --link. Without @ they last until `client heal`.
    #[arg(long, value_name = "SIDES")]
    pub partition: Vec<String>,
}

impl LinkOptions {
    /// The rules for so many processes.
    ///
    /// # Errors
    /// A text is no rule or no partition, or there are too many.
    pub fn rules(&self, processes: u32) -> Result<Rules, LinkError> {
        Rules::with_partitions(&self.partition, &self.link, processes)
    }
}

impl ClusterOptions {
    /// The configuration for this many processes on `host`, from `base_port` on or on any free ports.
    ///
    /// # Errors
    /// `--faulty` names an unknown process, behaviour or trigger.
    pub fn cluster_config(
        &self,
        processes: u32,
        host: &str,
        base_port: Option<u16>,
        logging: Logging,
    ) -> Result<ClusterConfig, quorate_fault::ParseError> {
        self.config_of(processes, host, base_port, None, logging)
    }

    /// The configuration for the nodes of a `pbft.yaml`.
    ///
    /// # Errors
    /// As [`ClusterOptions::cluster_config`].
    pub fn web_config(
        &self,
        web: WebPlan,
        logging: Logging,
    ) -> Result<ClusterConfig, quorate_fault::ParseError> {
        let processes = u32::try_from(web.yaml.nodes.len()).unwrap_or(u32::MAX);
        self.config_of(processes, "localhost", None, Some(web), logging)
    }

    fn config_of(
        &self,
        processes: u32,
        host: &str,
        base_port: Option<u16>,
        web: Option<WebPlan>,
        logging: Logging,
    ) -> Result<ClusterConfig, quorate_fault::ParseError> {
        let usual_fault = if web.is_some() { "none" } else { "P" };
        let faulty = if self.faulty.is_empty() {
            usual_fault.to_owned()
        } else {
            self.faulty.join(",")
        };
        let usual_timeout = web.as_ref().map_or_else(
            || usual_view_timeout(processes),
            |web| web.yaml.network_timeout,
        );
        Ok(ClusterConfig {
            processes,
            host: host.to_owned(),
            allowed_hosts: Vec::new(),
            base_port,
            faults: FaultPlan::parse(&faulty, processes, Scene::Order)?,
            links: Rules::default(),
            started_us: since_1970(),
            seed: self.seed,
            default_decision: self.default_decision.clone(),
            view_timeout: self.view_timeout.unwrap_or(usual_timeout),
            batch_limit: self.batch_limit,
            decision_timeout: self.decision_timeout,
            trace: self.trace,
            data_dir: None,
            checkpoint_interval: web.as_ref().map(|web| web.yaml.checkpoint_interval),
            status_interval: web.as_ref().map(|web| web.yaml.sync_interval),
            web,
            restart: Restart::Never,
            control: false,
            logging,
            executable: None,
        })
    }
}

/// The view timeout of so many processes, if nothing was said.
#[must_use]
pub fn usual_view_timeout(processes: u32) -> Duration {
    let n = NonZeroU32::new(processes).unwrap_or(NonZeroU32::MIN);
    Duration::from_micros(Config::usual_view_timeout(Quorum::of(n)).0)
}

/// Reads a number of processes.
///
/// # Errors
/// The text is not such a number. The error says what to write instead.
pub fn parse_processes(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(0) => {
            Err("there must be at least one process; use 4 or more to survive a faulty one".into())
        }
        Ok(processes @ 1..=MOST_PROCESSES) => Ok(processes),
        _ => Err(format!(
            "use a number from 1 to {MOST_PROCESSES}, such as 4 or 7: each slot takes n*n votes, and more processes on one machine do not decide in time"
        )),
    }
}

fn parse_decision(text: &str) -> Result<String, BadDecision> {
    check_decision(text).map(|()| text.to_owned())
}

/// The processes count time in milliseconds, so a shorter time would count as 0.
const SHORTEST: Duration = Duration::from_millis(1);

/// Reads a time such as `500ms` or `10s`, which must be at least a millisecond.
///
/// # Errors
/// The text is not such a time. The error says what to write instead.
pub fn parse_time(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(time) if time < SHORTEST => Err("a time must be at least 1ms, such as 500ms".into()),
        Ok(time) => Ok(time),
        Err(error) => Err(format!("{error}; write a time such as 500ms or 10s")),
    }
}
