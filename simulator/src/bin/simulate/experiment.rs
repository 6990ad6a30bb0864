//! Experiments, and the report of them.

use std::collections::BTreeMap;

use quorate_report::{Again, Folder, Machine, Report};
use quorate_simulator::experiment::{ALL, Case, Experiment as Known, Played, Size, find};
use quorate_simulator::plan::PlanError;

use crate::options::Experiment;
use crate::out::{complain, say};
use crate::runs;
use crate::seeds::{self, Manner, Seeds};
use crate::stop::Stop;
use crate::{BROKEN, progress};

/// One run: of which experiment, which case, and the seed.
type Turn<'a> = (usize, &'a Case, u64);

/// Plays the experiments and writes the report; the exit status.
pub(crate) fn command(options: &Experiment, stop: &Stop) -> anyhow::Result<u8> {
    let size = if options.quick {
        Size::Quick
    } else {
        Size::Full
    };
    let wanted: Vec<Known> = match find(&options.name) {
        Some(one) => vec![*one],
        None => ALL.to_vec(),
    };
    let folder = Folder::make(&options.out)?;
    let command = command_of(options);
    let machine = Machine {
        engine: Some(runs::engine()?),
        ..Machine::this(format!("{command} {}", options.out.display()))
    };
    let cases: Vec<Vec<Case>> = wanted.iter().map(|one| one.cases(size)).collect();
    let turns = cases.iter().enumerate().flat_map(|(place, cases)| {
        let turns = move |case: &'_ Case| (0..case.seeds).map(move |seed| (place, seed));
        let of_each = move |case| turns(case).map(move |(place, seed)| (place, case, seed));
        cases.iter().flat_map(of_each)
    });
    let turns: Vec<Turn<'_>> = turns.collect();
    let mut played: Vec<Vec<Played>> = vec![Vec::new(); wanted.len()];
    play(&turns, &wanted, options.jobs, stop, &mut played)?;
    let (mut sections, mut skipped) = (Vec::new(), Vec::new());
    let mut files = BTreeMap::new();
    for ((experiment, cases), played) in wanted.iter().zip(&cases).zip(played) {
        if played.is_empty() {
            skipped.push(experiment.name);
            continue;
        }
        files.extend(
            cases
                .iter()
                .map(|case| (experiment.file(case), case.plan.to_text())),
        );
        sections.push(experiment.section(cases, played));
    }
    let report = Report {
        title: "Experiments, simulated".to_owned(),
        sections,
        skipped,
        machine,
        again: Again {
            command,
            is_exact: true,
        },
        files,
    };
    folder.write(&report)?;
    Ok(tell(&report, options, stop))
}

/// Plays all turns, and hands each result to its experiment, in the order of the turns.
fn play(
    turns: &[Turn<'_>],
    wanted: &[Known],
    jobs: u16,
    stop: &Stop,
    played: &mut [Vec<Played>],
) -> Result<(), PlanError> {
    let announced = format!("Playing {} runs on {jobs} threads", turns.len());
    let bar = progress::bar(turns.len() as u64, "runs", &announced);
    let manner = Manner {
        jobs,
        stop,
        until: None,
    };
    let at = |turn: u64| turns[usize::try_from(turn).unwrap_or_default()];
    let all = Seeds::all((0, turns.len() as u64));
    let one = |turn| {
        let (place, case, seed) = at(turn);
        wanted[place].play(case, seed, &|| stop.is_asked())
    };
    seeds::play_with(&bar, &all, &manner, one, |bar, turn, result| {
        let place = at(turn).0;
        bar.set_message(format!(", {}", wanted[place].name));
        played[place].extend(result);
    })
}

/// The command, up to the name of the folder.
fn command_of(options: &Experiment) -> String {
    let quick = if options.quick { " --quick" } else { "" };
    format!("simulate experiment {}{quick} --out", options.name)
}

/// Says what came of it; the exit status.
fn tell(report: &Report, options: &Experiment, stop: &Stop) -> u8 {
    for line in report.summary() {
        say(&line);
    }
    say(&format!(
        "written: {}",
        options.out.join("index.html").display()
    ));
    match stop.status() {
        Some(status) => {
            complain(&format!(
                "stopped by {} before the end; not whole: {}",
                stop.reason(),
                report.not_whole().join(", ")
            ));
            status
        }
        None if report.holds() => 0,
        None => BROKEN,
    }
}
