//! Any history.

use proptest::collection::vec;
use proptest::prelude::*;
use quorate_protocol::{Part, ReplicaId};
use quorate_service::gathering::{Command, Gathering, Lot};

use crate::{Run, SALT, hex, membership, sealed};

/// What any member may say at any time.
fn command() -> impl Strategy<Value = (u32, String)> {
    let activity = || prop_oneof![3 => Just("auction"), 1 => Just("work"), 1 => Just("vote"), 1 => Just("auction,work")];
    let lot = || prop_oneof![Just("lamp"), Just("chair.first")];
    let phase = || {
        let some = [
            "offers",
            "offers",
            "offers",
            "bids lamp",
            "bids chair.first",
            "reveals lamp",
            "ballots colour",
            "results job",
        ];
        proptest::sample::select(some.to_vec())
    };
    let text = prop_oneof![
        4 => activity().prop_map(|one| format!("1 offer {one}")),
        1 => (activity(), 1..9u64).prop_map(|(one, cores)| format!("1 offer {one} can=cores:{cores} least=2")),
        5 => phase().prop_map(|phase| format!("1 close {phase}")),
        2 => prop_oneof![Just("1 auction lamp second"), Just("1 auction chair.first first")].prop_map(str::to_owned),
        4 => (lot(), 0..4u32, 0..4u64).prop_map(|(lot, of, amount)| format!("1 bid {lot} {}", sealed(of, lot, amount))),
        4 => (lot(), 0..4u64).prop_map(|(lot, amount)| format!("1 reveal {lot} {amount} {}", hex(&SALT))),
        1 => Just("1 question colour borda red,blue".to_owned()),
        1 => Just("1 ballot colour blue,red".to_owned()),
        1 => Just("1 ballot colour red".to_owned()),
        1 => Just("1 work job primes 0 1000 3".to_owned()),
        2 => (1..5u32, 0..3u64).prop_map(|(part, value)| format!("1 result job {part} {value}")),
        1 => Just("1 close epoch".to_owned()),
        1 => "[ -~]{0,40}",
    ];
    (0..4u32, text)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Parts that were made on the way leave no trace, a restored state is the same state, and it goes on alike.
    #[test]
    fn snapshots_give_the_state_back(said in vec((command(), any::<bool>()), 0..120)) {
        let mut once = Run::new(4);
        let mut often = once.clone();
        for ((member, text), looks) in &said {
            prop_assert_eq!(once.say(*member, text), often.say(*member, text));
            if *looks {
                let parts = often.state.snapshot();
                often.state = Gathering::restored(membership(4), &parts).unwrap();
            }
        }
        let parts = once.state.snapshot();
        prop_assert_eq!(&parts, &often.state.snapshot());
        prop_assert_eq!(&once.state, &often.state);
        prop_assert!(parts.iter().all(|part| part.len() <= 64 * 1024));
        for place in 0..parts.len() {
            let mut fewer = parts.clone();
            fewer.remove(place);
            prop_assert!(fewer.is_empty() || Gathering::restored(membership(4), &fewer).is_err());
        }
    }

    /// In any history: at most one founding and one choice an epoch; a phase is closed by f+1 distinct members; what counts is the
    /// first that its member said in time; nobody must reveal but one that bid and did not.
    #[test]
    fn what_counts_is_first_and_in_time(said in vec(command(), 0..120)) {
        let mut run = Run::new(4);
        for (member, text) in &said {
            let before = run.state.clone();
            run.say(*member, text);
            let after = &run.state;
            if before.epoch() != after.epoch() {
                continue;
            }
            for member in (0..4).map(ReplicaId) {
                let offer = |state: &Gathering| state.record(member).and_then(|record| record.offer.clone());
                if before.choice().is_some() || offer(&before).is_some() {
                    prop_assert_eq!(offer(&before), offer(after));
                }
                if let Some(unrevealed) = after.unrevealed(member) {
                    let lot = after.lots().iter().find(|lot| lot.name == *unrevealed).unwrap();
                    prop_assert_eq!(lot.what.bids[&member].what.amount, None);
                    prop_assert!(lot.what.reveals_closing.at().is_some());
                }
            }
            if before.choice().is_some() {
                prop_assert_eq!(before.choice(), after.choice());
            }
            for (old, new) in before.lots().iter().zip(after.lots()) {
                for (bidder, bid) in &old.what.bids {
                    prop_assert_eq!(bid.what.commitment, new.what.bids[bidder].what.commitment);
                }
                if old.what.bids_closing.at().is_some() {
                    prop_assert_eq!(old.what.bids.len(), new.what.bids.len());
                    prop_assert!(new.what.bids_closing.asked().len() >= 2);
                }
                if old.what.reveals_closing.at().is_some() {
                    let amounts = |lot: &Lot| Vec::from_iter(lot.bids.values().map(|bid| bid.what.amount));
                    prop_assert_eq!(amounts(&old.what), amounts(&new.what));
                }
            }
        }
    }

    #[test]
    fn any_text_gets_an_answer(member in 0..9u32, text in "\\PC{0,80}") {
        let mut run = Run::new(4);
        let answer = run.say(member, &text);
        prop_assert!(answer.to_string().len() < 400);
        if let Ok(command) = Command::parse(&text) {
            prop_assert_eq!(command.to_string(), text);
        }
    }

    #[test]
    fn any_parts_are_either_refused_or_restored_exactly(parts in vec(vec(any::<u8>(), 0..40), 0..4)) {
        let parts: Vec<Part> = parts.into_iter().map(Part::from).collect();
        if let Ok(state) = Gathering::restored(membership(4), &parts) {
            prop_assert_eq!(state.snapshot(), parts);
        }
    }
}
