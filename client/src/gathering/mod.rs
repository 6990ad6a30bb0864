//! The gathering: what its members offer, agreed on and do, and what a process shall do in it.

mod sheet;
mod views;

use quorate_service::gathering::report::Agreement as Agreed;
use quorate_service::gathering::{Name, Price};
use quorate_wire::method::{
    Agreement, Auction, Ballot, Bid, Happenings, Members, NextEpoch, Offers, OpenAuction, OpenVote,
    OpenWork, Vote, Work,
};
use quorate_wire::{CallError, Fault, Method, View};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ask::{Whom, ask};
use crate::exit::{Exit, Failure, no_answer};
use crate::options::{
    AgreementOptions, AuctionOptions, BidOptions, HappeningsOptions, OffersOptions, SheetFormat,
    Shown, VoteOptions, WorkOptions,
};
use crate::render::{json, write_out};
use crate::target::Target;

use sheet::Sheet;

/// `client members`.
pub(crate) async fn members(target: &Target, shown: &Shown) -> anyhow::Result<Exit> {
    show(target, Members, shown, views::members).await
}

/// `client offers`.
pub(crate) async fn offers(target: &Target, options: &OffersOptions) -> anyhow::Result<Exit> {
    let member = options.member.clone();
    show(target, Offers { member }, &options.shown, views::offers).await
}

/// `client agreement`. Without a common activity, the exit status says so.
pub(crate) async fn agreement(target: &Target, options: &AgreementOptions) -> anyhow::Result<Exit> {
    let shown = &options.shown;
    if options.next_epoch {
        return act(target, NextEpoch, shown).await;
    }
    let view: Agreed = view(target, Agreement).await?;
    print(&view, shown.format, views::agreement)?;
    Ok(Exit::if_done(view.chosen.is_some()))
}

/// `client auction`.
pub(crate) async fn auction(target: &Target, options: &AuctionOptions) -> anyhow::Result<Exit> {
    let shown = &options.shown;
    match &options.lot {
        None => show(target, Auction::default(), shown, views::auctions).await,
        Some(lot) if options.open => {
            let price = Price::of(lot).to_string();
            let lot = lot.to_string();
            act(target, OpenAuction { lot, price }, shown).await
        }
        Some(lot) => {
            let lot = Some(lot.to_string());
            show(target, Auction { lot }, shown, views::auction).await
        }
    }
}

/// `client bid`.
pub(crate) async fn bid(target: &Target, options: &BidOptions) -> anyhow::Result<Exit> {
    let (lot, amount) = (options.lot.to_string(), options.amount);
    act(target, Bid { lot, amount }, &options.shown).await
}

/// `client vote`.
pub(crate) async fn vote(target: &Target, options: &VoteOptions) -> anyhow::Result<Exit> {
    let shown = &options.shown;
    let Some(question) = options.question.as_ref().map(Name::to_string) else {
        return show(target, Vote::default(), shown, views::votes).await;
    };
    let choices: Vec<_> = options.choices.iter().map(Name::to_string).collect();
    match options.ask {
        Some(counting) => {
            let open = OpenVote {
                question,
                rule: counting.rule().to_string(),
                options: choices,
            };
            act(target, open, shown).await
        }
        None if choices.is_empty() => {
            let question = Some(question);
            show(target, Vote { question }, shown, views::vote).await
        }
        None => {
            let options = choices;
            act(target, Ballot { question, options }, shown).await
        }
    }
}

/// `client work`.
pub(crate) async fn work(target: &Target, options: &WorkOptions) -> anyhow::Result<Exit> {
    let shown = &options.shown;
    let job = options.job.as_ref().map(Name::to_string);
    match (job, options.from, options.to, options.parts) {
        (Some(job), Some(from), Some(to), Some(parts)) => {
            let open = OpenWork {
                job,
                from,
                to,
                parts,
            };
            act(target, open, shown).await
        }
        (None, ..) => show(target, Work::default(), shown, views::jobs).await,
        (job, ..) => show(target, Work { job }, shown, views::job).await,
    }
}

/// `client happenings`.
pub(crate) async fn happenings(
    target: &Target,
    options: &HappeningsOptions,
) -> anyhow::Result<Exit> {
    let from = Some(options.from);
    show(
        target,
        Happenings { from },
        &options.shown,
        views::happenings,
    )
    .await
}

/// Prints a view.
async fn show<T: DeserializeOwned + Serialize>(
    target: &Target,
    method: impl Method<Answer = View> + Clone,
    shown: &Shown,
    sheet: impl Fn(&T) -> Sheet,
) -> anyhow::Result<Exit> {
    print(&view(target, method).await?, shown.format, sheet)?;
    Ok(Exit::Agree)
}

fn print<T: Serialize>(
    view: &T,
    format: SheetFormat,
    sheet: impl Fn(&T) -> Sheet,
) -> anyhow::Result<()> {
    write_out(&match format {
        // The view has its own version.
        SheetFormat::Json => serde_json::to_string_pretty(view)? + "\n",
        SheetFormat::Lines | SheetFormat::Table => sheet(view).text(format),
    })
}

/// A view, which a quorum of processes gives.
async fn view<T: DeserializeOwned, M: Method<Answer = View> + Clone>(
    target: &Target,
    method: M,
) -> anyhow::Result<T> {
    let (process, answer) = ask(target, method, Whom::Any).await?;
    let bad = |cause| CallError::BadAnswer {
        address: process.address.to_string(),
        method: M::NAME.to_owned(),
        cause,
    };
    let view = answer.and_then(|view| view.read().map_err(bad));
    view.map_err(|error| unanswered(&process.name, error))
}

#[derive(Serialize)]
struct Object<'a> {
    process: &'a str,
    result: &'a str,
}

/// Has the process that is asked do something, and prints what it says.
async fn act(
    target: &Target,
    method: impl Method<Answer = String> + Clone,
    shown: &Shown,
) -> anyhow::Result<Exit> {
    let (process, answer) = ask(target, method, Whom::One).await?;
    let result = &answer.map_err(|error| unanswered(&process.name, error))?;
    let process = &process.name;
    write_out(&match shown.format {
        SheetFormat::Json => json::text(&Object { process, result })?,
        SheetFormat::Lines | SheetFormat::Table => format!("{result}\n"),
    })?;
    Ok(Exit::Agree)
}

/// Why there is no answer. What the gathering refuses has the exit status of what the store did not do.
fn unanswered(process: &str, error: CallError) -> anyhow::Error {
    match error {
        CallError::Fault(fault) if fault.code() == Fault::GATHERING => {
            Failure::new(Exit::NotDone, fault.message().to_owned()).into()
        }
        error => no_answer(process, error),
    }
}
