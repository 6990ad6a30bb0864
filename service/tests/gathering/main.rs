//! The gathering: what members may order, what counts, who is named, and what everybody sees.
#![allow(clippy::unwrap_used)]

mod auctions;
mod bounds;
mod histories;
mod largest;
mod negotiation;
mod views;
mod votes;
mod work;

use std::num::NonZeroU32;

use quorate_protocol::{ClientId, ClusterId, Quorum, ReplicaId, Sequence};
use quorate_service::gathering::{Answer, Gathering, Membership, Name, Refusal, commitment};

const CLUSTER: ClusterId = ClusterId([0x5b; 32]);
const SALT: [u8; 32] = [0x0c; 32];
const P: u32 = 0;
const Q: u32 = 1;
const R: u32 = 2;
const S: u32 = 3;

/// A gathering, and the next slot.
#[derive(Clone)]
struct Run {
    state: Gathering,
    slot: u64,
}

fn membership(n: u32) -> Membership {
    Membership::plain(CLUSTER, Quorum::of(NonZeroU32::new(n).unwrap()))
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Run {
    fn unfounded(n: u32) -> Self {
        Self {
            state: Gathering::new(membership(n)),
            slot: 1,
        }
    }

    /// A cluster that is founded.
    fn new(n: u32) -> Self {
        let mut run = Self::unfounded(n);
        let founding = run.founding();
        assert_eq!(run.say(P, &founding), Answer::Counted);
        run
    }

    fn founding(&self) -> String {
        let members = self.state.membership();
        let names: Vec<_> = members.names().iter().map(Name::to_string).collect();
        format!("found {} {}", hex(&CLUSTER.0), names.join(","))
    }

    /// Four members that have agreed on this activity.
    fn agreed(activity: &str) -> Self {
        let mut run = Self::new(4);
        for member in [P, Q, R, S] {
            assert_eq!(
                run.say(member, &format!("1 offer {activity}")),
                Answer::Counted
            );
        }
        run.close("offers");
        assert_eq!(
            run.state.choice().unwrap().chosen,
            Some(activity.parse().unwrap())
        );
        run
    }

    fn as_client(&mut self, client: ClientId, text: &str) -> Answer {
        let slot = Sequence(self.slot);
        self.slot += 1;
        self.state.execute(slot, client, text)
    }

    fn say(&mut self, member: u32, text: &str) -> Answer {
        self.as_client(ClientId::session(ReplicaId(member), 7), text)
    }

    /// P and Q close a phase, as f+1 = 2 members do.
    fn close(&mut self, phase: &str) {
        for member in [P, Q] {
            let answer = self.say(member, &format!("1 close {phase}"));
            assert_eq!(answer, Answer::Counted, "{phase}");
        }
    }

    fn bid(&mut self, member: u32, lot: &str, amount: u64) -> Answer {
        let sealed = sealed(member, lot, amount);
        self.say(member, &format!("1 bid {lot} {sealed}"))
    }

    fn reveal(&mut self, member: u32, lot: &str, amount: u64) -> Answer {
        self.say(member, &format!("1 reveal {lot} {amount} {}", hex(&SALT)))
    }

    fn refused(&mut self, member: u32, text: &str) -> Refusal {
        match self.say(member, text) {
            Answer::Refused(refusal) => refusal,
            other => panic!("{text}: {other}"),
        }
    }

    /// The lines that a node prints, from this number on.
    fn lines(&self, from: u64) -> Vec<String> {
        let log = self.state.log().from(from);
        log.map(|one| format!("{} {one}", one.happening.stage()))
            .collect()
    }

    /// The lines since this copy was made.
    fn since(&self, before: &Self) -> Vec<String> {
        self.lines(before.state.log().next())
    }

    fn view<T: serde::de::DeserializeOwned>(&self, question: &str) -> T {
        match self.state.query(question) {
            Some(Answer::View(json)) => {
                assert!(json.starts_with(r#"{"v":1,"#), "{json}");
                assert!(json.len() < 64 * 1024);
                serde_json::from_str(&json).unwrap()
            }
            other => panic!("{question}: {other:?}"),
        }
    }
}

fn sealed(member: u32, lot: &str, amount: u64) -> String {
    hex(&commitment(
        CLUSTER,
        1,
        &name(lot),
        ReplicaId(member),
        amount,
        &SALT,
    ))
}
