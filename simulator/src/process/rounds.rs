//! Rounds of the exchange: votes, finalizing, and what a faulty process says instead.

use std::sync::Arc;

use quorate_fault::Say;
use quorate_protocol::{ReplicaId, Signed, Time};
use quorate_service::exchange::{Command, Vote};

use super::{Deed, Packet, Process};

impl Process {
    /// Its user wants it to tell all others its decision in a round, and to finalize the round.
    pub(crate) fn play_round(&mut self, now: Time, round: u64, decision: &str) -> Vec<Deed> {
        let own = self.own;
        // A round that is decided, or too far away, takes no votes: there is nothing to tell then.
        let heard = self
            .participant
            .hear(self.service.exchange(), round, own, decision.to_owned());
        if heard.is_ok() {
            for recipient in (0..self.config.quorum.n())
                .map(ReplicaId)
                .filter(|r| *r != own)
            {
                self.tell(round, recipient, decision);
            }
            self.participant.close(self.service.exchange(), round);
        }
        self.settle(now)
    }

    fn tell(&mut self, round: u64, recipient: ReplicaId, decision: &str) {
        let say = match self.replica.behaviour() {
            Some(behaviour) => behaviour.say(recipient, decision),
            None => Say::Decision(decision.to_owned()),
        };
        if let Say::Decision(decision) = say {
            let vote = Vote {
                round,
                recipient,
                decision,
            };
            let packet = Packet::Vote(self.keys.sign(vote).into_signed());
            self.deeds.push(Deed::Send(recipient, Arc::new(packet)));
        }
    }

    pub(super) fn on_vote(&mut self, vote: &Signed<Vote>) {
        let Vote {
            round,
            recipient,
            decision,
        } = vote.value().clone();
        let sender = vote.signer();
        let hears = self
            .replica
            .behaviour()
            .is_none_or(|behaviour| behaviour.hears(sender));
        if hears && recipient == self.own && self.keys.verify(vote.clone()).is_ok() {
            // A vote for a round that is over is no use to anyone.
            let _ = self
                .participant
                .hear(self.service.exchange(), round, sender, decision);
        }
    }

    /// A liar's ballot says what it wants everyone to have voted.
    pub(super) fn misreport(&mut self, command: Command) -> Command {
        let lie = self
            .replica
            .behaviour()
            .and_then(|behaviour| behaviour.ballot());
        match (command, lie) {
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
