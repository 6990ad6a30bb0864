//! The sheet of each view.

use quorate_service::gathering::report::{
    Agreement, Auction, AuctionLine, AuctionStage, Auctions, Happenings, JobLine, JobReport, Jobs,
    Members, Offered, Offers, Standing, Vote, VoteLine, Votes,
};

use super::sheet::{Sheet, list, or_dash};

pub(super) fn members(view: &Members) -> Sheet {
    let state = match view.founded {
        Some(slot) => format!("founded in slot {slot}; epoch {}", view.epoch),
        None => "not founded yet".to_owned(),
    };
    let rows = view.members.iter().map(|one| {
        vec![
            one.member.clone(),
            one.name.clone(),
            yes(one.offered),
            yes(one.takes_part),
            or_dash(one.must_reveal.as_ref()),
            one.misdeeds.to_string(),
        ]
    });
    Sheet {
        sentences: vec![format!(
            "Cluster {}, {} members, {} may lie: {state}.",
            view.cluster, view.n, view.f
        )],
        header: vec![
            "member",
            "name",
            "offered",
            "takes part",
            "must reveal",
            "misdeeds",
        ],
        rows: rows.collect(),
    }
}

pub(super) fn offers(view: &Offers) -> Sheet {
    let contradictions = view.contradictions.iter().map(|one| {
        format!(
            "{} signed two offers: '{}' in slot {}, which counts, and '{}' in slot {}.",
            one.member, one.first, one.first_slot, one.second, one.second_slot
        )
    });
    Sheet {
        sentences: contradictions.collect(),
        header: vec!["member", "slot", "offers", "has", "terms", "prefers"],
        rows: view.offers.iter().map(offer).collect(),
    }
}

fn offer(one: &Offered) -> Vec<String> {
    let numbers = one
        .can
        .iter()
        .map(|(name, value)| format!("{name} {value}"));
    let needs = one
        .needs
        .iter()
        .map(|(name, value)| format!("needs {name} {value}"));
    let terms = [
        one.least.map(|least| format!("at least {least}")),
        one.most.map(|most| format!("at most {most}")),
        (!one.without.is_empty()).then(|| format!("without {}", list(&one.without))),
        one.deadline_slots
            .map(|slots| format!("within {slots} slots")),
    ];
    vec![
        one.member.clone(),
        one.slot.to_string(),
        list(&one.services),
        list(numbers),
        list(needs.chain(terms.into_iter().flatten())),
        list(&one.prefers),
    ]
}

pub(super) fn agreement(view: &Agreement) -> Sheet {
    let told = match (view.slot, view.chosen) {
        (None, _) => "The members have not agreed yet: offers are taken.".to_owned(),
        (Some(slot), None) => format!("No common activity (slot {slot})."),
        (Some(slot), Some(chosen)) => {
            format!(
                "The members agreed on {chosen}, by {} (slot {slot}).",
                list(&view.members)
            )
        }
    };
    let numbers = view
        .numbers
        .iter()
        .map(|(name, value)| format!("{name} {value}"));
    let numbers = (!view.numbers.is_empty())
        .then(|| format!("A correct member has at least {}.", list(numbers)));
    Sheet {
        sentences: [told].into_iter().chain(numbers).collect(),
        header: vec![
            "activity",
            "offered by",
            "terms hold for",
            "feasible",
            "Borda count",
        ],
        rows: view.standings.iter().map(standing).collect(),
    }
}

fn standing(one: &Standing) -> Vec<String> {
    vec![
        one.activity.to_string(),
        list(&one.offered_by),
        list(&one.members),
        yes(one.feasible),
        or_dash(one.points),
    ]
}

pub(super) fn auctions(view: &Auctions) -> Sheet {
    Sheet {
        sentences: only_if(
            view.auctions.is_empty(),
            "No lot is up for auction in this epoch.",
        ),
        header: vec![
            "lot",
            "put up by",
            "price",
            "stage",
            "bids",
            "winner",
            "pays",
        ],
        rows: view.auctions.iter().map(auction_line).collect(),
    }
}

fn auction_line(one: &AuctionLine) -> Vec<String> {
    vec![
        one.lot.to_string(),
        one.by.clone(),
        one.price.to_string(),
        stage(one.stage).to_owned(),
        one.bids.to_string(),
        or_dash(one.winner.as_ref()),
        or_dash(one.pays),
    ]
}

const fn stage(stage: AuctionStage) -> &'static str {
    match stage {
        AuctionStage::Bidding => "bidding",
        AuctionStage::Revealing => "revealing",
        AuctionStage::Ended => "ended",
    }
}

pub(super) fn auction(view: &Auction) -> Sheet {
    let AuctionLine {
        lot,
        by,
        price,
        winner,
        pays,
        ..
    } = &view.auction;
    let end = match (view.auction.stage, winner, pays) {
        (AuctionStage::Bidding, ..) => "sealed bids are taken".to_owned(),
        (AuctionStage::Revealing, ..) => "the bids are being revealed".to_owned(),
        (AuctionStage::Ended, Some(winner), Some(pays)) => format!("{winner} wins and pays {pays}"),
        (AuctionStage::Ended, ..) => "nobody wins".to_owned(),
    };
    let rows = view.bids.iter().map(|bid| {
        let void = view.void.contains(&bid.bidder).then(|| "void".to_owned());
        let amount = bid.amount.map(|amount| amount.to_string());
        vec![
            bid.bidder.clone(),
            bid.slot.to_string(),
            amount.or(void).unwrap_or_else(|| "sealed".to_owned()),
        ]
    });
    Sheet {
        sentences: vec![format!(
            "Lot '{lot}', put up by {by} in slot {} ({price} price): {end}.",
            view.slot
        )],
        header: vec!["bidder", "slot", "amount"],
        rows: rows.collect(),
    }
}

pub(super) fn votes(view: &Votes) -> Sheet {
    Sheet {
        sentences: only_if(view.votes.is_empty(), "No question is asked in this epoch."),
        header: vec!["question", "asked by", "rule", "ballots", "ended", "winner"],
        rows: view.votes.iter().map(vote_line).collect(),
    }
}

fn vote_line(one: &VoteLine) -> Vec<String> {
    vec![
        one.question.to_string(),
        one.by.clone(),
        one.rule.to_string(),
        one.ballots.to_string(),
        yes(one.ended),
        or_dash(one.winner.as_ref()),
    ]
}

pub(super) fn vote(view: &Vote) -> Sheet {
    let VoteLine {
        question,
        by,
        rule,
        winner,
        ..
    } = &view.vote;
    let end = match (view.vote.ended, winner) {
        (false, _) => "ballots are taken".to_owned(),
        (true, Some(winner)) => format!("{winner} wins"),
        (true, None) => "nobody has voted".to_owned(),
    };
    let points = view
        .tally
        .iter()
        .map(|one| format!("{} {}", one.option, one.points));
    let rows = view
        .ballots
        .iter()
        .map(|one| vec![one.member.clone(), one.slot.to_string(), list(&one.options)]);
    Sheet {
        sentences: vec![format!(
            "Question '{question}', asked by {by} in slot {} ({rule}): {}; {end}.",
            view.slot,
            list(points)
        )],
        header: vec!["member", "slot", "votes for"],
        rows: rows.collect(),
    }
}

pub(super) fn jobs(view: &Jobs) -> Sheet {
    Sheet {
        sentences: only_if(view.jobs.is_empty(), "No job is given in this epoch."),
        header: vec![
            "job",
            "given by",
            "counts primes",
            "parts done",
            "ended",
            "total",
        ],
        rows: view.jobs.iter().map(job_line).collect(),
    }
}

fn job_line(one: &JobLine) -> Vec<String> {
    vec![
        one.job.to_string(),
        one.by.clone(),
        format!("from {} to before {}", one.task.from, one.task.to),
        format!("{} of {}", one.done, one.task.parts),
        yes(one.ended),
        or_dash(one.total),
    ]
}

pub(super) fn job(view: &JobReport) -> Sheet {
    let JobLine {
        job,
        by,
        task,
        total,
        ended,
        ..
    } = &view.job;
    let end = match (total, ended) {
        (Some(total), _) => format!("there are {total}"),
        (None, true) => "ended unfinished".to_owned(),
        (None, false) => "results are taken".to_owned(),
    };
    let rows = view.parts.iter().map(|one| {
        let results = one
            .results
            .iter()
            .map(|(who, result)| format!("{who} {result}"));
        vec![
            one.part.to_string(),
            format!("{} to before {}", one.from, one.to),
            list(&one.assigned),
            list(results),
            or_dash(one.value),
        ]
    });
    Sheet {
        sentences: vec![format!(
            "Job '{job}', given by {by} in slot {}: primes from {} to before {}; {end}.",
            view.slot, task.from, task.to
        )],
        header: vec!["part", "numbers", "done by", "results", "counts"],
        rows: rows.collect(),
    }
}

pub(super) fn happenings(view: &Happenings) -> Sheet {
    let rows = view
        .happenings
        .iter()
        .map(|one| vec![one.number.to_string(), one.stage.clone(), one.text.clone()]);
    let more = format!("There are more: client happenings {}", view.next);
    Sheet {
        sentences: only_if(view.more, &more),
        header: vec!["number", "stage", "what happened"],
        rows: rows.collect(),
    }
}

fn yes(is_so: bool) -> String {
    if is_so { "yes" } else { "no" }.to_owned()
}

/// A sentence that is said only if this is so.
fn only_if(is_so: bool, sentence: &str) -> Vec<String> {
    is_so.then(|| sentence.to_owned()).into_iter().collect()
}
