//! The program `client`, and its measurements for other programs.
//!
//! * [`main`]: the program. [`measure`](fn@measure): what `client bench` does, without printing.
//! * `options`: the command line. `target`: the processes to talk to, found or started. `ask`: a call that
//!   any correct process may answer. `grace`: waiting for many processes at once.
//! * `exchange`: the exchange, which makes a `transcript`; `page` shows it. `verdict`: agreement, validity and the bound.
//! * `gathering`: what the members of a gathering offer, agreed on and do.
//! * `render`: lines, table, JSON and failures. `submit`, `read`, `status`, `fault`, `link`, `processes`,
//!   `trace`, `evidence`, `audit`, `bench` and `requests`: the other commands. `html`: a trace as a page.

// They panic where nobody reads; `quorate_cli::console` does not.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod ask;
mod audit;
mod bench;
mod decisions;
mod endpoint;
mod evidence;
mod exchange;
mod exit;
mod fault;
mod gathering;
mod grace;
mod html;
mod key;
mod link;
mod options;
mod page;
mod processes;
mod read;
mod render;
mod requests;
mod status;
mod submit;
mod target;
mod trace;
mod transcript;
mod verdict;

use std::env;
use std::process::ExitCode;

use clap::CommandFactory as _;
use quorate_cli::papers;
use quorate_server::Page;
use quorate_server::signals::StopSignals;

pub use crate::bench::{Measured, Unmeasured, bench_command, measure};

use crate::exit::{Exit, Failure};
use crate::options::{CheckedExchange, Command, ExchangeOptions, Options, ProcessCommand, Purpose};
use crate::render::failure::Output;
use crate::render::write_out;
use crate::target::Target;

/// Runs the program `client` with the arguments of this process; the exit status.
#[must_use]
pub fn main() -> ExitCode {
    if let Some(child) = quorate_server::child_call() {
        return child();
    }
    let output = Output::of(env::args_os());
    let ended = match Options::read(env::args_os()) {
        Ok(options) => start(&options),
        Err(refusal) => return output.refuse(&refusal).into(),
    };
    output.end(ended).into()
}

fn start(options: &Options) -> anyhow::Result<Exit> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(run(options))
}

async fn run(options: &Options) -> anyhow::Result<Exit> {
    let mut signals = StopSignals::listen()?;
    let exchange = options.exchange.checked()?;
    tokio::select! {
        // A command that stops by itself at a signal has the first word.
        biased;
        exit = async {
            match &options.command {
                None => on_exchange(&options.exchange, &exchange).await,
                Some(Command::Processes(command)) => on_processes(command).await,
                Some(Command::Requests(options)) => requests::command(options).await,
                Some(Command::Verify(options)) => audit::verify(options),
                Some(Command::Completions(completions)) => print_paper(&completions.of(Options::command())),
                Some(Command::Man) => print_paper(&papers::man(Options::command())?),
            }
        } => exit,
        // Dropping the command stops the processes that it started.
        status = signals.received() => Err(Failure::stopped(status, "before the end").into()),
    }
}

/// Prints completions or the manual page.
fn print_paper(text: &str) -> anyhow::Result<Exit> {
    write_out(text)?;
    Ok(Exit::Agree)
}

async fn on_exchange(
    options: &ExchangeOptions,
    exchange: &CheckedExchange,
) -> anyhow::Result<Exit> {
    let page = options.page.map(Page::bind).transpose()?;
    let places = &options.target.places;
    let target = Target::find(places, options.spawned(), Purpose::Exchange).await?;
    let exit = match page {
        None => exchange::command(&target, exchange, None).await,
        Some(page) => page::show(page, &target, exchange).await,
    };
    end(target, exit).await
}

async fn on_processes(command: &ProcessCommand) -> anyhow::Result<Exit> {
    let mut target = Target::find(command.places(), command.spawned(), command.purpose()).await?;
    let exit = match command {
        ProcessCommand::Submit(options) => submit::command(&target, options).await,
        ProcessCommand::Read(options) => read::command(&target, options).await,
        ProcessCommand::Status(options) => status::command(&mut target, options).await,
        ProcessCommand::Fault(options) => fault::set(&target, options).await,
        ProcessCommand::Link(options) => link::command(&target, options).await,
        ProcessCommand::Heal(options) => fault::heal(&target, options).await,
        ProcessCommand::Kill(options) => processes::kill(&target, options).await,
        ProcessCommand::Restart(options) => processes::restart(&target, options).await,
        ProcessCommand::Pause(options) => processes::pause(&target, options).await,
        ProcessCommand::Resume(options) => processes::resume(&target, options).await,
        ProcessCommand::Stop(options) => processes::stop(&target, options).await,
        ProcessCommand::Trace(options) => trace::command(&target, options).await,
        ProcessCommand::Evidence(options) => evidence::command(&target, options).await,
        ProcessCommand::Audit(options) => audit::command(&target, options).await,
        ProcessCommand::Keys(_) => audit::keys::command(&target).await,
        ProcessCommand::Members(shown) => gathering::members(&target, shown).await,
        ProcessCommand::Offers(options) => gathering::offers(&target, options).await,
        ProcessCommand::Agreement(options) => gathering::agreement(&target, options).await,
        ProcessCommand::Auction(options) => gathering::auction(&target, options).await,
        ProcessCommand::Bid(options) => gathering::bid(&target, options).await,
        ProcessCommand::Vote(options) => gathering::vote(&target, options).await,
        ProcessCommand::Work(options) => gathering::work(&target, options).await,
        ProcessCommand::Happenings(options) => gathering::happenings(&target, options).await,
        ProcessCommand::Bench(options) => bench::command(&target, options).await,
    };
    end(target, exit).await
}

/// Stops the processes if they were started for this command. One that was stopped does not wait until they have ended: dropping them
/// kills them.
async fn end(target: Target, exit: anyhow::Result<Exit>) -> anyhow::Result<Exit> {
    let ended = exit.as_ref().map_or_else(Exit::of, |exit| *exit);
    if !matches!(ended, Exit::Stopped(_)) {
        target.release().await;
    }
    exit
}
