//! Rounds of the exchange: votes, finalizing, and what a faulty process says instead.

use std::sync::Arc;

use quorate_fault::Say;
use quorate_fault::scope::Scope;
use quorate_protocol::{ReplicaId, Signed, Time};
use quorate_service::exchange::{Command, Vote};

use super::perform::damaged;
use super::{Deed, Packet, Process};

impl Process {
    /// The process's user wants it to send its decision of a round to all others, and to finalize the round.
    pub(crate) fn play_round(&mut self, now: Time, round: u64, decision: &str) -> Vec<Deed> {
        let own = self.own;
        // A round that is decided, or too far ahead, takes no votes, so no vote is sent.
        let heard = self
            .participant
            .hear(self.service.exchange(), round, own, decision.to_owned());
        if heard.is_ok() {
            for recipient in (0..self.config.quorum.n())
                .map(ReplicaId)
                .filter(|r| *r != own)
            {
                self.tell(now, round, recipient, decision);
            }
            self.participant.close(self.service.exchange(), round);
        }
        self.settle(now)
    }

    fn tell(&mut self, now: Time, round: u64, recipient: ReplicaId, decision: &str) {
        let (decision, late) = match self.replica.say(now, recipient, decision) {
            Say::Deny | Say::Nothing => return,
            Say::Decision(decision) => (decision, None),
            Say::Late(decision, late) => (decision, Some(late)),
        };
        let vote = Vote {
            round,
            recipient,
            decision,
        };
        let vote = self.keys.sign(vote).into_signed();
        let packet = Arc::new(match self.replica.damage(Scope::default()) {
            None => Packet::Vote(vote),
            Some(damage) => damaged(&vote, damage).map_or(Packet::Garbage, Packet::Vote),
        });
        self.deeds.push(match late {
            None => Deed::Send(recipient, packet),
            Some(late) => Deed::SendLate(recipient, packet, late),
        });
    }

    pub(super) fn on_vote(&mut self, now: Time, vote: &Signed<Vote>) {
        let Vote {
            round,
            recipient,
            decision,
        } = vote.value().clone();
        let sender = vote.signer();
        let hears = self.replica.hears(now, sender);
        if hears && recipient == self.own && self.keys.verify(vote.clone()).is_ok() {
            // A vote for a round that is over is ignored.
            let _ = self
                .participant
                .hear(self.service.exchange(), round, sender, decision);
        }
    }

    /// A liar's ballot says what it wants everyone to have voted.
    pub(super) fn misreport(&mut self, command: Command) -> Command {
        match (command, self.replica.ballot()) {
            (Command::Ballot { round, .. }, Some(value)) => {
                let votes = (0..self.config.quorum.n())
                    .map(|i| (ReplicaId(i), value.clone()))
                    .collect();
                Command::Ballot { round, votes }
            }
            (command, _) => command,
        }
    }
}
