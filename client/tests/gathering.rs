//! The gathering, as callers take part in it: over XML-RPC, and with the commands of `client`.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use quorate_protocol::{ClusterId, ReplicaId};
use quorate_service::gathering::{Price, commitment, report};
use quorate_wire::method::{
    Agreement, Auction, Bid, Happenings, Members, NextEpoch, Offers, Submit, Vote, Work,
};
use quorate_wire::{CallError, Caller, Fault, Method, View, hex};
use serde::de::DeserializeOwned;
use support::{Processes, complained, printed};
use tokio::runtime::Runtime;

const SALT: [u8; 32] = [0x0c; 32];

/// Four processes that do not act by themselves. The test speaks for each of them.
struct Plain {
    processes: Processes,
    runtime: Runtime,
}

impl Plain {
    fn start() -> Self {
        Self {
            processes: Processes::start(4, "none"),
            runtime: Runtime::new().unwrap(),
        }
    }

    fn call<M: Method>(&self, process: usize, method: M) -> Result<M::Answer, CallError> {
        let address = self.processes.all()[process].address;
        let caller = Caller::new(address, Duration::from_secs(60));
        self.runtime.block_on(caller.call(method))
    }

    /// Has a process order a command, and gives the result.
    fn submit(&self, process: usize, command: &str) -> (bool, String) {
        let submit = Submit {
            operation: command.to_owned(),
            request: None,
        };
        let submitted = self.call(process, submit).unwrap();
        (submitted.done, submitted.result)
    }

    #[track_caller]
    fn say(&self, process: usize, command: &str) {
        assert_eq!(
            self.submit(process, command),
            (true, "ok".into()),
            "{command}"
        );
    }

    fn close(&self, phase: &str) {
        for process in [0, 1] {
            self.say(process, &format!("1 close {phase}"));
        }
    }

    fn view<T: DeserializeOwned>(&self, method: impl Method<Answer = View>) -> T {
        self.call(3, method).unwrap().read().unwrap()
    }

    fn cluster(&self) -> ClusterId {
        let members: report::Members = self.view(Members);
        ClusterId(hex::read(&members.cluster).unwrap())
    }

    /// A founded cluster that has agreed on this.
    fn agreed(activity: &str) -> Self {
        let plain = Self::start();
        let cluster = hex::of(&plain.cluster().0);
        plain.say(0, &format!("found {cluster} P,Q,R,S"));
        for process in 0..4 {
            plain.say(
                process,
                &format!("1 offer {activity} can=cores:{}", process + 1),
            );
        }
        plain.close("offers");
        plain
    }
}

fn code(error: CallError) -> i32 {
    match error {
        CallError::Fault(fault) => fault.code(),
        other => panic!("{other}"),
    }
}

#[test]
fn an_auction_is_held_over_xml_rpc_and_each_view_shows_it() {
    let plain = Plain::agreed("auction");
    let members: report::Members = plain.view(Members);
    assert_eq!((members.epoch, members.n, members.f), (1, 4, 1));
    let offers: report::Offers = plain.view(Offers::default());
    assert_eq!(offers.offers.len(), 4);
    let one: report::Offers = plain.view(Offers {
        member: Some("R".into()),
    });
    assert_eq!(one.offers[0].can.values().collect::<Vec<_>>(), [&3]);
    let agreement: report::Agreement = plain.view(Agreement);
    assert_eq!(agreement.members, ["P", "Q", "R", "S"]);
    plain.say(0, "1 auction lamp second");
    let lot = "lamp".parse().unwrap();
    let seal = |bidder, amount| {
        let sealed = commitment(plain.cluster(), 1, &lot, ReplicaId(bidder), amount, &SALT);
        hex::of(&sealed)
    };
    for (bidder, amount) in [(0, 1_000_000_000_000_000), (1, 75)] {
        let sealed = seal(bidder, amount);
        plain.say(bidder as usize, &format!("1 bid lamp {sealed}"));
    }
    plain.close("bids lamp");
    let (done, result) = plain.submit(1, &format!("1 bid lamp {}", seal(1, 80)));
    assert!(
        !done && result.starts_with("refused: the member has said something else"),
        "{result}"
    );
    for (bidder, amount) in [(0, 1_000_000_000_000_000u64), (1, 75)] {
        plain.say(
            bidder,
            &format!("1 reveal lamp {amount} {}", hex::of(&SALT)),
        );
    }
    plain.close("reveals lamp");
    let auction: report::Auction = plain.view(Auction {
        lot: Some("lamp".into()),
    });
    assert_eq!(auction.auction.winner.as_deref(), Some("P"));
    assert_eq!(
        (auction.auction.price, auction.auction.pays),
        (Price::Second, Some(75))
    );
    assert_eq!(auction.bids[0].amount, Some(1_000_000_000_000_000));
    let all: report::Auctions = plain.view(Auction::default());
    assert_eq!(all.auctions, [auction.auction]);
    let told: report::Happenings = plain.view(Happenings { from: Some(5) });
    assert_eq!(told.happenings[0].number, 5);
    let malicious = told
        .happenings
        .iter()
        .find(|line| line.stage == "malicious");
    assert!(
        malicious
            .unwrap()
            .text
            .starts_with("Q changed its bid for 'lamp' after the close"),
        "{malicious:?}"
    );
}

#[test]
fn a_vote_and_a_job_are_views_too() {
    let plain = Plain::agreed("vote");
    plain.say(1, "1 question lunch borda soup,rice");
    plain.say(2, "1 ballot lunch rice,soup");
    let vote: report::Vote = plain.view(Vote {
        question: Some("lunch".into()),
    });
    assert_eq!((vote.vote.by.as_str(), vote.vote.ballots), ("Q", 1));
    let all: report::Votes = plain.view(Vote::default());
    assert_eq!(all.votes, [vote.vote]);
    let plain = Plain::agreed("work");
    plain.say(3, "1 work count primes 0 100 1");
    for process in 0..2 {
        plain.say(process, "1 result count 1 25");
    }
    let job: report::JobReport = plain.view(Work {
        job: Some("count".into()),
    });
    assert_eq!(job.job.total, Some(25));
    let all: report::Jobs = plain.view(Work::default());
    assert_eq!(all.jobs, [job.job]);
}

#[test]
fn a_process_that_does_not_act_by_itself_says_so_and_what_is_not_there_is_refused() {
    let plain = Plain::start();
    for refused in [
        plain.call(
            0,
            Bid {
                lot: "lamp".into(),
                amount: 75,
            },
        ),
        plain.call(0, NextEpoch),
    ] {
        let CallError::Fault(fault) = refused.unwrap_err() else {
            panic!("it is no fault");
        };
        assert_eq!(fault.code(), Fault::GATHERING);
        let message = fault.message();
        assert!(
            message.contains("does not act in the gathering by itself"),
            "{message}"
        );
        assert!(message.ends_with("'1 bid LOT COMMITMENT'"), "{message}");
    }
    let none = plain.call(
        0,
        Auction {
            lot: Some("lamp".into()),
        },
    );
    assert_eq!(code(none.unwrap_err()), Fault::GATHERING);
    let wrong = plain.call(
        0,
        Bid {
            lot: "two words".into(),
            amount: 75,
        },
    );
    assert_eq!(code(wrong.unwrap_err()), Fault::GATHERING);
    let bad = Submit {
        operation: "1 sing".into(),
        request: None,
    };
    assert_eq!(code(plain.call(0, bad).unwrap_err()), Fault::BAD_OPERATION);
}

#[test]
fn the_commands_show_each_view_as_a_table_or_as_lines() {
    let plain = Plain::agreed("auction");
    let shown = |arguments: &[&str]| {
        let output = plain.processes.client(arguments);
        (output.status.code(), printed(&output))
    };
    let lines = |arguments: &[&str]| shown(&[arguments, &["--format", "lines"]].concat());
    let (status, members) = lines(&["members"]);
    assert_eq!(status, Some(0));
    assert!(
        members
            .contains(" 4 members, 1 may lie: founded in slot 1; epoch 1.\nP\tP\tyes\tyes\t-\t0\n"),
        "{members}"
    );
    assert!(
        lines(&["offers"])
            .1
            .contains("R\t4\tauction\tcores 3\t-\t-\n")
    );
    let (_, agreement) = lines(&["agreement"]);
    let told = "The members agreed on auction, by P, Q, R, S (slot 7).\nA correct member has at least cores 3.\n";
    assert!(agreement.starts_with(told), "{agreement}");
    assert_eq!(
        lines(&["auction"]).1,
        "No lot is up for auction in this epoch.\n"
    );
    plain.say(0, "1 auction lamp second");
    plain.say(1, &format!("1 bid lamp {}", "ab".repeat(32)));
    let (_, table) = shown(&["auction"]);
    assert!(
        table.starts_with('╭') && table.contains("│ lamp │ P         │ second │ bidding │ 1 "),
        "{table}"
    );
    let (_, lot) = lines(&["auction", "lamp"]);
    assert_eq!(
        lot,
        "Lot 'lamp', put up by P in slot 8 (second price): sealed bids are taken.\nQ\t9\tsealed\n"
    );
    let (_, told) = lines(&["happenings", "7"]);
    assert_eq!(
        told,
        "7\tact\tP puts 'lamp' up for auction (second price) (slot 8)\n"
    );
}

#[test]
fn what_the_gathering_refuses_or_does_not_have_ends_with_1_and_says_why() {
    let plain = Plain::start();
    for (arguments, why) in [
        (
            &["bid", "lamp", "75"][..],
            "this process does not act in the gathering by itself",
        ),
        (&["auction", "lamp"], "nothing is called 'lamp' here"),
    ] {
        let output = plain.processes.client(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(complained(&output).contains(why), "{}", complained(&output));
    }
    for (arguments, why) in [
        (&["bid", "two words", "75"][..], "a name is 1 to 32 letters"),
        (&["auction", "--open"], "<LOT>"),
        (&["work", "count", "0"], "<PARTS>"),
    ] {
        let output = plain.processes.client(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(complained(&output).contains(why), "{}", complained(&output));
    }
    // The view of an agreement that is still to come is an answer, and no complaint.
    let output = plain.processes.client(&["agreement"]);
    assert_eq!(output.status.code(), Some(1));
    let told = printed(&output);
    assert!(
        told.contains("The members have not agreed yet: offers are taken."),
        "{told}"
    );
    assert_eq!(complained(&output), "");
}
