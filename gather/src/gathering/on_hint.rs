//! Addresses to try.

use std::net::SocketAddr;

use quorate_protocol::Time;

use super::{FLOOD, Gathering, Outcome};
use crate::event::Event;
use crate::hints::{Giver, Hint, Source, Unanswered};
use crate::mutant::Mutant;
use crate::roster::Roster;
use crate::settings::is_reachable;

impl Gathering {
    pub(super) fn on_hint(&mut self, now: Time, hint: &Hint) {
        let (giver, expected) = match hint.source {
            Source::Join => (Giver::User, hint.id),
            Source::Mdns if self.is_mutant(Mutant::HintsBind) => (Giver::User, hint.id),
            // Whoever is on the network can say anything here, so the id binds nobody.
            Source::Mdns | Source::Relayed | Source::Called => (Giver::Mdns, None),
        };
        if hint.id != Some(self.id()) {
            self.add_hint(now, hint.address, giver, expected);
        }
    }

    pub(super) fn add_hint(
        &mut self,
        now: Time,
        address: SocketAddr,
        giver: Giver,
        expected: Option<crate::NodeId>,
    ) {
        if is_reachable(&address) && !self.addresses.contains(&address) {
            self.hints.add(now, address, giver, expected);
        }
    }

    /// Where the members of a roster are reached is worth a call.
    pub(super) fn call_members(&mut self, now: Time, roster: &Roster) {
        let own = self.judge.own();
        for hello in roster.hellos().iter().filter(|hello| hello.key != own) {
            for address in &hello.value.addresses {
                self.add_hint(now, *address, Giver::Node(hello.key), None);
            }
        }
    }

    /// Calls the addresses that are due.
    pub(super) fn call(&mut self, now: Time) {
        let mut hints = std::mem::take(&mut self.hints);
        let (due, unanswered) = hints.take_due(now, &self.pace, |address, giver| {
            self.is_wanted(address, giver)
        });
        self.hints = hints;
        for one in unanswered {
            self.tell_unanswered(now, &one);
        }
        for address in due {
            self.speak_to_stranger(now, address, None);
        }
    }

    /// The user hears of each own address. Others can name any number of addresses, so of those one in a second is told.
    pub(super) fn tell_unanswered(&mut self, now: Time, one: &Unanswered) {
        let is_own = self.hints.source(&one.address) == Source::Join;
        if !is_own && now < self.told.unanswered {
            return;
        }
        if !is_own {
            self.told.unanswered = now + FLOOD;
        }
        self.say(Event::Unanswered {
            address: one.address,
            tries: one.tries,
            next: one.next,
        });
    }

    /// Whether somebody at an address is still to be met.
    pub(super) fn is_wanted(&self, address: &SocketAddr, giver: Giver) -> bool {
        if self.peers.at(address).is_some() {
            return false;
        }
        match &self.outcome {
            Outcome::Seeking => true,
            Outcome::Watching(_) => false,
            Outcome::Member(founded) => {
                let mut missing = founded.members.iter().filter(|member| {
                    !self.content.contains(&member.key) && member.key != self.judge.own()
                });
                // Whoever is missing may be reached elsewhere by now, and the user or multicast DNS may know where.
                let is_told = matches!(giver, Giver::User | Giver::Mdns);
                missing.any(|member| is_told || member.addresses.contains(address))
            }
        }
    }
}
