//! `experiment`: measures live processes, and writes a report of what came out.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use clap::builder::{PossibleValue, PossibleValuesParser};
use quorate_cli::console::{complain, print};
use quorate_cli::{arguments, progress};
use quorate_experiment::{ALL, Ended, Runs, Size, find};
use quorate_report::{Again, Folder, Machine, Report};
use quorate_server::signals::StopSignals;

/// The exit status where something is not as theory says.
const BROKEN: u8 = 1;
/// The exit status where something cannot be read or written.
const FAILED: u8 = 2;

/// Measures live processes that it starts itself, and writes a report: pictures, raw data, and what theory says of them.
///
/// What can be simulated, `simulate experiment` plays. Exit status: 0 all is as theory says; 1 something is not; 2 usage, or something cannot
/// be started or written; 3 processes do not answer; 130, 143 and 129: stopped by Ctrl-C, SIGTERM and SIGHUP. What was measured until then is in
/// the report.
#[derive(Parser)]
#[command(name = "experiment", version)]
struct Options {
    /// Which experiment, or all
    #[arg(value_parser = PossibleValuesParser::new(experiments()))]
    name: String,
    /// The folder of the report, which must not be there yet, or be empty
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Measure fewer points, each three times in place of ten
    #[arg(long)]
    quick: bool,
}

impl Options {
    const fn size(&self) -> Size {
        if self.quick { Size::Quick } else { Size::Full }
    }

    /// The command, up to the name of the folder.
    fn command(&self) -> String {
        let quick = if self.quick { " --quick" } else { "" };
        format!("experiment {}{quick} --out", self.name)
    }
}

/// What an experiment may be called, for help.
fn experiments() -> Vec<PossibleValue> {
    let all = PossibleValue::new("all").help("All of them");
    let known = ALL.iter();
    let known = known.map(|one| PossibleValue::new(one.name).help(one.question));
    std::iter::once(all).chain(known).collect()
}

fn main() -> ExitCode {
    if let Some(child) = quorate_server::child_call() {
        return child();
    }
    let options: Options = arguments::read(&[]);
    let status = command(&options).unwrap_or_else(|error| {
        complain(format_args!("error: {error:#}"));
        FAILED
    });
    ExitCode::from(status)
}

/// Measures, and writes the report; the exit status.
fn command(options: &Options) -> anyhow::Result<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    // Before the folder is made: who sees it may stop the program.
    let mut signals = {
        let _inside = runtime.enter();
        StopSignals::listen()?
    };
    let folder = Folder::make(&options.out)?;
    let wanted = find(&options.name).map_or_else(|| ALL.to_vec(), |one| vec![one]);
    let size = options.size();
    let wanted = wanted.into_iter().map(|one| (one, one.cases(size)));
    let mut runs = Runs::new(wanted.collect(), size.turns(), &options.out);
    let bar = progress::bar(runs.count(), "measurements");
    bar.println(format!(
        "Measuring {} times. Ctrl-C ends it and writes what is known.",
        runs.count()
    ));
    let ended = runtime.block_on(async {
        tokio::select! {
            biased;
            status = signals.received() => Err(Stopped::BySignal(status)),
            taken = runs.take(&folder, &bar) => taken.map_err(Stopped::ByItself),
        }
    });
    bar.finish_and_clear();
    // With it end the processes that a measurement has left.
    drop(runtime);
    let removed = runs.remove_data();
    let found = runs.found()?;
    let command = options.command();
    let report = Report {
        title: "Experiments, measured".to_owned(),
        sections: found.sections,
        skipped: found.skipped,
        machine: Machine::this(format!("{command} {}", options.out.display())),
        again: Again {
            command,
            is_exact: false,
        },
        files: found.files,
    };
    folder.write(&report)?;
    let mut text = report.summary().join("\n");
    text += &format!("\nwritten: {}\n", options.out.join("index.html").display());
    print(text.trim_start())?;
    removed?;
    Ok(match ended {
        Ok(()) if report.holds() => 0,
        Ok(()) => BROKEN,
        Err(stopped) => stopped.tell(&report),
    })
}

/// Why not all was measured.
enum Stopped {
    /// A signal came, with this exit status.
    BySignal(u8),
    /// There was no use in going on.
    ByItself(Ended),
}

impl Stopped {
    /// Says why, and what is missing; the exit status.
    fn tell(self, report: &Report) -> u8 {
        let (why, status) = match self {
            Self::BySignal(status) => {
                let name = match status {
                    143 => "SIGTERM",
                    129 => "SIGHUP",
                    _ => "Ctrl-C",
                };
                (format!("stopped by {name} before the end"), status)
            }
            Self::ByItself(Ended::Failing(last)) => (
                format!("error: measurements fail one after the other; the last: {last}"),
                last.exit_status,
            ),
            Self::ByItself(Ended::Unkept(error)) => (format!("error: {error:#}"), FAILED),
        };
        complain(format_args!(
            "{why}; not whole: {}",
            report.not_whole().join(", ")
        ));
        status
    }
}
