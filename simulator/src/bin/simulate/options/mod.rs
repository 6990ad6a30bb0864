//! The command line.

mod language;
mod maelstrom;

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use quorate_cli::arguments::{Need, try_read};
use quorate_protocol::Time;
use quorate_simulator::experiment::ALL;
use quorate_simulator::picture::{self, Frame};
use quorate_simulator::{story, universe};
use quorate_trace::Form;

use crate::shard::Shard;

pub(crate) use maelstrom::Maelstrom;

/// Plays hostile runs of the engine under a virtual clock, and checks after every step that no rule is broken
///
/// Exit status: 0 no rule was broken and no text differs; 1 a rule was broken or a text differs; 2 usage, or something cannot be
/// read or written; 130 stopped by Ctrl-C; 143 by SIGTERM; 129 by SIGHUP.
#[derive(Parser)]
#[command(name = "simulate", version)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Plays one run, drawn from a seed
    Run(Run),
    /// Plays a run for each of many seeds, and lists those that break a rule
    Sweep(Sweep),
    /// Makes one file of the parts of a sweep
    Merge(Merge),
    /// Plays one run from a plan in a file
    Replay(Replay),
    /// Plays scenarios, and shows what differs from what is recorded in them
    Transcript(Transcript),
    /// Orders many requests, and shows that the memory of the replicas does not grow
    Soak(Soak),
    Maelstrom(Box<Maelstrom>),
    /// Plays foundings: nodes that do not know each other find each other and found one cluster
    Gather(Gather),
    /// Asks what theory has an answer to, and writes a report: pictures, raw data, and what came out
    Experiment(Experiment),
    /// Writes a trace in the form of another tool: Perfetto, ShiViz or Mermaid
    Export(Export),
    /// Tells a run to newcomers, step by step, and asks what will happen; lists the stories without a name
    Story(Story),
    /// Plays engines with a known bug, each until a rule catches it
    #[cfg(feature = "mutants")]
    Mutants(Mutants),
}

/// Options that mean something only beside another one.
const NEEDS: [Need; 6] = [
    Need::of("resume", &["out"]),
    Need::of("faulty", &["processes"]),
    Need::of("twins", &["processes"]),
    Need::of("from", &["diagram"]),
    Need::of("only", &["diagram"]),
    Need::of("arrows", &["diagram"]),
];

impl Options {
    /// Reads the command line.
    ///
    /// # Errors
    /// It is wrong, or asks for help or the version.
    pub(crate) fn read() -> Result<Self, clap::Error> {
        try_read(env::args_os(), &NEEDS)
    }
}

impl Command {
    /// Whether standard output is for scripts.
    pub(crate) const fn is_json(&self) -> bool {
        let format = match self {
            Self::Run(run) => run.play.format,
            Self::Replay(replay) => replay.play.format,
            Self::Sweep(sweep) => sweep.format,
            Self::Soak(soak) => soak.format,
            #[cfg(feature = "mutants")]
            Self::Mutants(mutants) => mutants.format,
            Self::Maelstrom(maelstrom) => maelstrom.format,
            Self::Gather(gather) => gather.format,
            Self::Transcript(_)
            | Self::Export(_)
            | Self::Merge(_)
            | Self::Experiment(_)
            | Self::Story(_) => Format::Text,
        };
        matches!(format, Format::Json)
    }
}

/// What standard output is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Lines for people
    #[default]
    Text,
    /// One JSON object a line
    Json,
}

#[cfg(feature = "mutants")]
#[derive(Args)]
pub(crate) struct Mutants {
    /// The seeds from A up to B, B excluded: 0..500
    #[arg(long, value_name = "A..B", value_parser = parse_seeds, default_value = "0..10000")]
    pub(crate) seeds: (u64, u64),
    /// How many threads play; the result is the same with any number
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: u16,
    /// Play only these mutants
    #[arg(long = "only", value_name = "NAMES", value_delimiter = ',')]
    pub(crate) names: Option<Vec<String>>,
    /// Print the smallest plan found that catches each mutant
    #[arg(long)]
    pub(crate) plans: bool,
    /// Text for people, or one JSON object a line for scripts
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Args)]
pub(crate) struct Run {
    /// The seed, from which all chance of the run comes
    #[arg(long)]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) universe: Universe,
    #[command(flatten)]
    pub(crate) play: Play,
}

#[derive(Args)]
pub(crate) struct Sweep {
    /// The seeds from A up to B, B excluded: 0..500
    #[arg(long, value_name = "A..B", value_parser = parse_seeds)]
    pub(crate) seeds: (u64, u64),
    /// How many threads play; the result is the same with any number
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: u16,
    /// Play this plan with each seed in place of its own; '-' reads standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["processes", "faulty", "twins", "gathering"])]
    pub(crate) plan: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) universe: Universe,
    /// Text for people, or one JSON object a line for scripts
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    /// Keep a row for each seed in this file, which must not be there yet
    #[arg(long, value_name = "FILE", help_heading = "Many machines")]
    pub(crate) out: Option<PathBuf>,
    /// Go on with the file where an earlier sweep ended, if it is there
    #[arg(long, help_heading = "Many machines")]
    pub(crate) resume: bool,
    /// Play only part I of N, from 0: 2/7. 'auto' asks Slurm, 'auto/N' Slurm or Kubernetes
    #[arg(long, value_name = "I/N", help_heading = "Many machines")]
    pub(crate) shard: Option<Shard>,
    /// Write a page of each broken run into this folder, of the first 100 (docs/page.md)
    #[arg(long, value_name = "DIR")]
    pub(crate) html_dir: Option<PathBuf>,
    /// Begin no seed after this time: 10m
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, help_heading = "Many machines")]
    pub(crate) budget: Option<Duration>,
}

#[derive(Args)]
pub(crate) struct Merge {
    /// The files of all parts, as `simulate sweep --shard I/N --out FILE` writes them
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Where the whole sweep goes; standard output without it
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Replay {
    /// The plan (docs/plans.md), as `simulate run --plan` prints one, or a trace of a run; '-' reads standard input
    pub(crate) file: PathBuf,
    /// Play the plan with this seed in place of its own
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    #[command(flatten)]
    pub(crate) play: Play,
}

#[derive(Args)]
#[command(after_long_help = language::language())]
pub(crate) struct Transcript {
    /// The scenarios, '-' for standard input; all of simulator/scenarios if none is named
    pub(crate) files: Vec<PathBuf>,
    /// Print what happens at each command, and compare with nothing
    #[arg(long, requires = "files", conflicts_with = "rewrite")]
    pub(crate) play: bool,
    /// Record in the files what happens now
    #[arg(long)]
    pub(crate) rewrite: bool,
    #[command(flatten)]
    pub(crate) drawing: Drawing,
}

#[derive(Args)]
pub(crate) struct Export {
    /// The trace (docs/trace.md), as `simulate run --trace FILE` writes one; compressed if its name ends in .gz
    pub(crate) file: PathBuf,
    /// jsonl: as it is; perfetto: for ui.perfetto.dev; shiviz: a log with vector clocks; mermaid: a sequence diagram
    #[arg(long, value_name = "FORM")]
    pub(crate) to: Form,
    /// The file to write; standard output without it
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Story {
    /// Which story; all are listed without it
    #[arg(value_parser = PossibleValuesParser::new(story::names()))]
    pub(crate) name: Option<String>,
    /// Write the story with its run as a page into this file (docs/stories.md), in place of telling it here
    #[arg(long, value_name = "FILE", requires = "name")]
    pub(crate) html: Option<PathBuf>,
    /// Print the plan of its run (docs/plans.md), and tell nothing
    #[arg(long, requires = "name", conflicts_with = "html")]
    pub(crate) plan: bool,
}

/// Exit status: 0 all is as theory says; 1 something is not; 2 usage, or something cannot be written; 130, 143 and 129: stopped, and what
/// was played until then is in the report.
#[derive(Args)]
pub(crate) struct Experiment {
    /// Which experiment, or all
    #[arg(value_parser = PossibleValuesParser::new(experiments()))]
    pub(crate) name: String,
    /// The folder of the report, which must not be there yet, or be empty
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Play ten seeds for each point, in place of thirty, and fewer points
    #[arg(long)]
    pub(crate) quick: bool,
    /// How many threads play; the result is the same with any number
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: u16,
}

/// What an experiment may be called, for help.
fn experiments() -> Vec<PossibleValue> {
    let all = PossibleValue::new("all").help("All of them");
    let known = ALL.iter();
    let known = known.map(|one| PossibleValue::new(one.name).help(one.question));
    std::iter::once(all).chain(known).collect()
}

#[derive(Args)]
pub(crate) struct Soak {
    /// How many requests are ordered
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) requests: u64,
    /// How many processes there are
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) processes: u32,
    /// How many requests lie between two lines of output
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) every: u64,
    /// Text for people, or one JSON object a line for scripts
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Args)]
pub(crate) struct Gather {
    /// The seeds from A up to B, B excluded; 0..1000 without it
    #[arg(long, value_name = "A..B", value_parser = parse_seeds, conflicts_with_all = ["seed", "trace"])]
    pub(crate) seeds: Option<(u64, u64)>,
    /// One seed alone
    #[arg(long, group = "one")]
    pub(crate) seed: Option<u64>,
    /// Play the plan of a file; '-' is standard input
    #[arg(long, value_name = "FILE", group = "one", conflicts_with = "seeds")]
    pub(crate) plan: Option<PathBuf>,
    /// Print every event of the run
    #[arg(long, requires = "one")]
    pub(crate) trace: bool,
    /// Do not look for a smaller plan that breaks the same rule
    #[arg(long, requires = "one")]
    pub(crate) no_shrink: bool,
    /// How many threads play; the result is the same with any number
    #[arg(long, conflicts_with_all = ["seed", "plan", "trace"], value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: Option<u16>,
    /// Text for people, or one JSON object a line for scripts
    #[arg(long, value_enum, default_value_t, conflicts_with = "trace")]
    pub(crate) format: Format,
}

#[derive(Args)]
pub(crate) struct Play {
    /// Print every event of the run; with a file, write its trace there (docs/trace.md)
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    pub(crate) trace: Option<Option<PathBuf>>,
    /// Write the run as a page into this file: all that happened, forward and back (docs/page.md)
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Make this process faulty too: Q=lie@after=417ms. Until then the run stays as it is, but no client outside calls Q
    #[arg(long, value_name = "PLAN")]
    pub(crate) branch: Option<String>,
    /// Print the plan, and do not play it
    #[arg(long, conflicts_with_all = ["trace", "html", "no_shrink", "format", "diagram"])]
    pub(crate) plan: bool,
    /// Do not look for a smaller plan that breaks the same rule
    #[arg(long)]
    pub(crate) no_shrink: bool,
    /// Text for people, or one JSON object for scripts
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) drawing: Drawing,
}

/// Who sends what to whom, as a picture.
#[derive(Args)]
#[command(next_help_heading = "Picture")]
pub(crate) struct Drawing {
    /// Draw who sent what to whom into this SVG file
    #[arg(long, value_name = "FILE")]
    pub(crate) diagram: Option<PathBuf>,
    /// Leave out messages sent before this simulated time: 1.5s
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) from: Option<Time>,
    /// Draw only these kinds of messages: pre-prepare,commit,new-view
    #[arg(long, value_name = "KINDS", value_delimiter = ',', value_parser = picture::kind)]
    pub(crate) only: Option<Vec<&'static str>>,
    /// How many messages are drawn at most; 300 without it
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub(crate) arrows: Option<u16>,
}

/// How many messages a picture shows unless it is told.
const ARROWS: u16 = 300;

impl Drawing {
    /// What the picture shows, if one is wanted.
    pub(crate) fn frame(&self) -> Option<Frame> {
        self.diagram.as_ref().map(|_| Frame {
            from: self.from.unwrap_or_default(),
            only: self.only.clone().unwrap_or_default(),
            most: self.arrows.unwrap_or(ARROWS).into(),
        })
    }
}

fn parse_time(text: &str) -> Result<Time, String> {
    let time = humantime::parse_duration(text);
    let time = time.map_err(|_| format!("'{text}' is no time such as 500ms or 1.5s"))?;
    Ok(Time(u64::try_from(time.as_micros()).unwrap_or(u64::MAX)))
}

/// What is not left to the seed.
#[derive(Args)]
pub(crate) struct Universe {
    /// How many processes there are
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100))]
    processes: Option<u32>,
    /// Who misbehaves and how (docs/faults.md): P=equivocate@after=2s,Q=deny:R+S, or none
    #[arg(long, value_name = "PLAN")]
    faulty: Option<String>,
    /// Who runs twice under one key, each copy talking to some of the others: P,Q
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    twins: Option<Vec<String>>,
    /// The processes gather: they make offers, agree on an activity and do it, and most liars lie in that
    #[arg(long)]
    gathering: bool,
}

impl Universe {
    /// What is chosen, whatever the command line looks like.
    pub(crate) fn chosen(&self) -> universe::Universe {
        universe::Universe {
            processes: self.processes,
            faulty: self.faulty.clone(),
            twins: self.twins.clone(),
            gathering: self.gathering,
        }
    }
}

fn parse_seeds(text: &str) -> Result<(u64, u64), String> {
    let wrong = || {
        "write the first seed and the one behind the last, as in 0..1000 for 0 to 999".to_owned()
    };
    let (first, end) = text.split_once("..").ok_or_else(wrong)?;
    let (first, end) = (
        first.parse().map_err(|_| wrong())?,
        end.parse().map_err(|_| wrong())?,
    );
    if first < end {
        Ok((first, end))
    } else {
        Err(wrong())
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;
    use quorate_cli::pairs::{Together, complaints};

    use super::{NEEDS, Options};

    /// All options that mean something together. What depends on their values is in `tests/router/usage.rs`.
    const TOGETHER: &[Together] = &[
        Together {
            subcommand: "run",
            required: &["--seed", "1"],
            sets: &[
                &[
                    "seed",
                    "processes",
                    "faulty",
                    "twins",
                    "gathering",
                    "branch",
                    "plan",
                ],
                &[
                    "seed",
                    "processes",
                    "faulty",
                    "twins",
                    "gathering",
                    "branch",
                    "trace",
                    "html",
                    "no-shrink",
                    "format",
                    "diagram",
                    "from",
                    "only",
                    "arrows",
                ],
            ],
        },
        Together {
            subcommand: "replay",
            required: &["FILE"],
            sets: &[
                &["seed", "branch", "plan"],
                &[
                    "seed",
                    "branch",
                    "trace",
                    "html",
                    "no-shrink",
                    "format",
                    "diagram",
                    "from",
                    "only",
                    "arrows",
                ],
            ],
        },
        Together {
            subcommand: "sweep",
            required: &["--seeds", "0..9"],
            sets: &[
                &[
                    "seeds", "jobs", "plan", "format", "html-dir", "out", "resume", "shard",
                    "budget",
                ],
                &[
                    "seeds",
                    "jobs",
                    "html-dir",
                    "out",
                    "resume",
                    "shard",
                    "budget",
                    "processes",
                    "faulty",
                    "twins",
                    "gathering",
                    "format",
                ],
            ],
        },
        Together {
            subcommand: "merge",
            required: &["FILE"],
            sets: &[&["out"]],
        },
        Together {
            subcommand: "transcript",
            required: &["FILE"],
            sets: &[
                &["play", "diagram", "from", "only", "arrows"],
                &["rewrite", "diagram", "from", "only", "arrows"],
            ],
        },
        Together {
            subcommand: "export",
            required: &["FILE", "--to", "perfetto"],
            sets: &[&["to", "out"]],
        },
        Together {
            subcommand: "story",
            required: &["liar"],
            sets: &[&["html"], &["plan"]],
        },
        Together {
            subcommand: "experiment",
            required: &["all", "--out", "DIR"],
            sets: &[&["out", "quick", "jobs"]],
        },
        Together {
            subcommand: "soak",
            required: &[],
            sets: &[&["requests", "processes", "every", "format"]],
        },
        Together {
            subcommand: "maelstrom",
            required: &["--bin", "node"],
            sets: &[&[
                "bin",
                "node",
                "workload",
                "requests",
                "clients",
                "seed",
                "latency",
                "loss",
                "partition",
                "silent",
                "liar",
                "timeout",
                "state-transfer",
                "batches",
                "retransmit",
                "diagram",
                "from",
                "only",
                "arrows",
                "log",
                "format",
            ]],
        },
        Together {
            subcommand: "gather",
            required: &[],
            sets: &[
                &["seeds", "jobs", "format"],
                &["seed", "trace"],
                &["seed", "no-shrink"],
                &["seed", "format"],
                &["plan", "trace"],
                &["plan", "no-shrink"],
                &["plan", "format"],
            ],
        },
        #[cfg(feature = "mutants")]
        Together {
            subcommand: "mutants",
            required: &[],
            sets: &[&["seeds", "jobs", "only", "plans", "format"]],
        },
    ];

    #[test]
    fn the_command_line_is_consistent() {
        Options::command().debug_assert();
    }

    #[test]
    fn two_options_mean_something_together_or_are_refused() {
        let value_of = |option: &str| match option {
            "seeds" => "0..9",
            "faulty" | "branch" => "S=lie",
            "twins" => "P,Q",
            "format" => "json",
            "from" | "timeout" | "budget" => "2s",
            "shard" => "0/2",
            "only" => "commit",
            "to" => "shiviz",
            _ => "7",
        };
        let complaints = complaints::<Options>(&NEEDS, TOGETHER, value_of);
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    }
}
