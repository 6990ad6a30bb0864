//! One run.

use anyhow::{Context, ensure};
use quorate_simulator::trace::Hash;
use quorate_simulator::{Outcome, Plan, Trace, Verdict, Watch, run_with, shrink_until};

use crate::drawing::Canvas;
use crate::options::{Format, Play, Replay, Run};
use crate::out::{complain, say};
use crate::pages;
use crate::report::{self, Row};
use crate::stop::Stop;
use crate::universes;

/// Plays the plan of a seed; the exit status.
pub(crate) fn seed(run: &Run, stop: &Stop) -> anyhow::Result<u8> {
    let universe = run.universe.chosen();
    let plan = Plan::generate(run.seed, &universe.choice()?);
    play(plan, &run.play, universe.command(run.seed), stop)
}

/// Plays the plan of a file; the exit status.
pub(crate) fn file(replay: &Replay, stop: &Stop) -> anyhow::Result<u8> {
    let mut plan = universes::read(&replay.file)?;
    plan.seed = replay.seed.unwrap_or(plan.seed);
    let command = universes::replay(&replay.file, replay.seed);
    play(plan, &replay.play, command, stop)
}

fn play(mut plan: Plan, play: &Play, mut command: String, stop: &Stop) -> anyhow::Result<u8> {
    if let Some(faulty) = &play.branch {
        plan.faulty.push(faulty.clone());
        plan.check().context("--branch")?;
        command += &format!(" --branch {}", shell_words::quote(faulty));
    }
    let plan = &plan;
    if play.plan {
        say(plan.to_text().trim_end());
        return Ok(0);
    }
    let json = play.format == Format::Json;
    let prints = matches!(play.trace, Some(None));
    ensure!(
        !(prints && json),
        "--trace prints lines for people and --format json does not: write the trace to a file with --trace FILE, or leave out one of the two"
    );
    if let Some(warning) = plan.bound()?.warning() {
        complain(&format!("warning: {warning}"));
    }
    let trace = if prints {
        Trace::Lines(Hash::default(), say)
    } else {
        Trace::Digest(Hash::default())
    };
    let canvas = Canvas::new(&play.drawing)?;
    let file = play.trace.iter().flatten().next();
    let watch = Watch {
        trace,
        frame: play.drawing.frame(),
        events: file.is_some() || play.html.is_some(),
        measures: false,
    };
    let mut outcome = run_with(plan, watch, &|| stop.is_asked())?;
    if let Some(mut trace) = outcome.take_trace(plan, &format!("{command} --trace FILE")) {
        if let Some(file) = file {
            trace
                .save(file)
                .with_context(|| format!("the trace cannot be written to {}", file.display()))?;
        }
        if let Some(file) = &play.html {
            trace.header.command = format!("{command} --html FILE");
            pages::write(&trace, file)?;
        }
    }
    if let Some((canvas, picture)) = canvas.zip(outcome.picture.as_ref()) {
        canvas.write(&picture.draw(&caption(plan, &outcome, &command)))?;
    }
    let found = outcome.violation.is_some();
    let shrinks = found && !play.no_shrink && !stop.is_asked();
    let shrunk = || shrinks.then(|| shrink_until(plan, &|| stop.is_asked()));
    if json {
        let row = Row::new(plan, &outcome, command);
        let row = match shrunk() {
            Some(smallest) => row.with_smallest(&smallest),
            None => row,
        };
        say(&row.line());
    } else {
        tell(plan, &outcome, &command, stop);
        if let Some(smallest) = shrunk() {
            say(&report::smallest(&smallest.to_text()));
        }
    }
    Ok(stop
        .status()
        .unwrap_or_else(|| report::status(outcome.verdict())))
}

fn caption(plan: &Plan, outcome: &Outcome, command: &str) -> String {
    let counts = outcome.counts;
    format!(
        "{command}; processes: {}, messages: {}, operations: {}",
        plan.processes, counts.messages, counts.executed
    )
}

fn tell(plan: &Plan, outcome: &Outcome, command: &str, stop: &Stop) {
    say(&report::summary(plan, outcome));
    if let Some(finding) = report::finding(outcome) {
        say(&format!("{finding}\n  again: {command}"));
    } else if outcome.verdict() == Verdict::Stopped {
        say(&format!(
            "stopped by {} before the end: no rule was broken until then",
            stop.reason()
        ));
    } else {
        say("no rule was broken");
    }
}
