//! `client --spawn --page`: the processes as a page, which stays after the exchange.

use std::convert::Infallible;
use std::future::pending;

use anyhow::Context as _;
use quorate_cli::console::complain;
use quorate_server::Page;
use quorate_server::signals::StopSignals;

use crate::exchange;
use crate::exit::Exit;
use crate::options::CheckedExchange;
use crate::target::Target;

/// Shows the page until the command is stopped. The exchange begins when somebody looks, so that nobody misses it.
pub(crate) async fn show(
    page: Page,
    target: &Target,
    exchange: &CheckedExchange,
) -> anyhow::Result<Exit> {
    exchange::check(target, exchange)?;
    let mut signals = StopSignals::listen()?;
    complain(format_args!(
        "Page: {}\nOpen it in a browser of this machine: the exchange begins then. Ctrl-C ends it all.",
        page.url()
    ));
    let shown = page.of(target.started().to_vec());
    let onlookers = shown.onlookers();
    let exchanged = async {
        onlookers.first().await;
        let exchanged = exchange::command(target, exchange, Some(&onlookers)).await;
        onlookers.round_ends();
        if let Err(error) = exchanged {
            complain(format_args!("error: {error:#}"));
        }
        pending::<Infallible>().await
    };
    tokio::select! {
        status = signals.received() => Ok(Exit::Stopped(status)),
        Err(error) = shown.serve() => Err(error).context("the page"),
        never = exchanged => match never {},
    }
}
